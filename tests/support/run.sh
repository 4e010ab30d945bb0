#!/bin/sh
# Runs the test programs and totals them: unit tests two at a time, those of the whole program one after the other, as they measure
# time and load. A program that crashes, or runs no test, counts as a failure.
# usage: run.sh BUILD_DIR PROGRAM...
dir=$1
shift
if [ "$1" = --one ]; then
    log=$dir/log/$(basename "$2").log
    start=$(date +%s)
    timeout "${TEST_TIMEOUT:-600}" "$2" >"$log" 2>&1
    echo "$? $(($(date +%s) - start))" >"$log.end"
    exit 0
fi
mkdir -p "$dir/log"
rm -f "$dir"/log/*.end
for t in "$@"; do
    case $t in */integration/*) ;; *) echo "$t" ;; esac
done | xargs -P 2 -n 1 sh "$0" "$dir" --one
passed=0 failed=0 skipped=0 names=
for t in "$@"; do
    name=$(basename "$t")
    log="$dir/log/$name.log"
    [ -f "$log.end" ] || sh "$0" "$dir" --one "$t"
    read -r rc seconds <"$log.end"
    ok=$(grep -c '^\[       OK \]' "$log")
    # cmocka names each failed test twice (when it fails and in the closing list) when its output is complete.
    bad=$(grep '^\[  FAILED  \] [A-Za-z_]' "$log" | sort -u | wc -l)
    skip=$(grep '^\[  SKIPPED \] [A-Za-z_]' "$log" | sort -u | wc -l)
    if [ "$rc" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    if [ "$rc" -eq 0 ] && [ "$ok" -eq 0 ] && [ "$skip" -eq 0 ]; then bad=1; fi
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
    printf '%-32s %4d passed %3d failed %3d skipped  %3d s\n' "$name" "$ok" "$bad" "$skip" "$seconds"
    if [ "$bad" -gt 0 ]; then
        echo "--- $log (exit status $rc)"
        grep -v -e '^\[ RUN' -e '^\[       OK' "$log" | tail -n 60
        names="$names $name"
    fi
    [ "$skip" -gt 0 ] && grep '^skipped: ' "$log" | sort -u
done
# Once more where those look who see only the end of a long log.
for name in $names; do
    echo "FAILED: $name: $(grep -e 'error: Failure' -e '^\[  FAILED' -e 'ERROR: ' -e 'runtime error' -e '^NOT OK' "$dir/log/$name.log" | head -n 4 | tr '\n' ' ')"
done
printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
[ $failed -eq 0 ] && [ $passed -gt 0 ]
