#!/bin/sh
# Runs the benchmarks one after the other; JSON lines on standard output.
# usage: run.sh BUILD_DIR PROGRAM...
dir=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
data=$(cd "$here/../.." && pwd)/shared/data
work=$dir/bench-work
mkdir -p "$work"
for program in "$@"; do
    "$program" "$data" "$work"
done
rm -rf "$work"
# The system's Python: others seldom have a numpy that is linked with the system's BLAS.
python=/usr/bin/python3
[ -x "$python" ] || python=python3
"$python" "$here/openblas.py"
