#!/bin/sh
# Runs the benchmarks one after the other; JSON lines on standard output.
# usage: run.sh BUILD_DIR PROGRAM...
dir=$1
shift
data=$(cd "$(dirname "$0")/../.." && pwd)/shared/data
work=$dir/bench-work
mkdir -p "$work"
for program in "$@"; do
    "$program" "$data" "$work"
done
rm -rf "$work"
