#!/bin/sh
# Runs the test programs one after the other and totals them. A program that crashes, or runs no test, counts as a failure.
# usage: run.sh BUILD_DIR PROGRAM...
dir=$1
shift
mkdir -p "$dir/log"
passed=0 failed=0 skipped=0 names=
for t in "$@"; do
    name=$(basename "$t")
    log="$dir/log/$name.log"
    start=$(date +%s)
    timeout "${TEST_TIMEOUT:-600}" "$t" >"$log" 2>&1
    rc=$?
    ok=$(grep -c '^\[       OK \]' "$log")
    # cmocka names each failed test twice (when it fails and in the closing list) when its output is complete.
    bad=$(grep '^\[  FAILED  \] [A-Za-z_]' "$log" | sort -u | wc -l)
    skip=$(grep '^\[  SKIPPED \] [A-Za-z_]' "$log" | sort -u | wc -l)
    if [ $rc -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    if [ $rc -eq 0 ] && [ "$ok" -eq 0 ] && [ "$skip" -eq 0 ]; then bad=1; fi
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
    printf '%-32s %4d passed %3d failed %3d skipped  %3d s\n' "$name" "$ok" "$bad" "$skip" $(($(date +%s) - start))
    if [ "$bad" -gt 0 ]; then
        echo "--- $log (exit status $rc)"
        grep -v -e '^\[ RUN' -e '^\[       OK' "$log" | tail -n 60
        names="$names $name"
    fi
    [ "$skip" -gt 0 ] && grep '^skipped: ' "$log" | sort -u
done
# Once more where those look who see only the end of a long log.
for name in $names; do
    echo "FAILED: $name: $(grep -e 'error: Failure' -e '^\[  FAILED' -e 'ERROR: ' -e 'runtime error' "$dir/log/$name.log" | head -n 4 | tr '\n' ' ')"
done
printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
[ $failed -eq 0 ] && [ $passed -gt 0 ]
