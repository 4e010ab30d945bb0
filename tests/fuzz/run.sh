#!/bin/sh
# Runs each libFuzzer target for a time on a working copy of its corpus, two at a time; prints the executions.
# usage: run.sh FUZZ_BUILD_DIR SECONDS TARGET...
dir=$1 secs=$2
shift 2
status=0
for t in "$@"; do
    work="$dir/work/$t"
    mkdir -p "$work" "$dir/crash"
    "$dir/fuzz_$t" -max_total_time="$secs" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$dir/crash/$t-" "$work" "tests/fuzz/corpus/$t" >"$dir/$t.log" 2>&1 || status=1
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$dir/$t.log")
    cover=$(grep -o 'cov: [0-9]*' "$dir/$t.log" | tail -n 1)
    echo "$t: ${runs:-0} executions, $cover$(grep -qE 'ERROR|runtime error' "$dir/$t.log" && echo ' FAULT FOUND, see' "$dir/$t.log")"
done
exit $status
