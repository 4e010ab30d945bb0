#!/bin/sh
# Accuracy on the shared spectra: builds the libraries, identifies the queries, scores them. Prints two JSON objects a task: the
# scores, and after "reliability" how the stated probabilities and the coverage by group came out.
# usage: accuracy.sh PROGRAM WORK_DIR
program=$1 work=$2
shared=$(cd "$(dirname "$0")/../.." && pwd)/shared
if [ ! -d "$shared/data" ]; then
    echo 'skipped: the folder of shared spectra is not beside the checkout'
    exit 0
fi
data=$shared/data
mkdir -p "$work"
set -e
build() { # NAME FILE...
    name=$1
    shift
    "$program" library build --quiet -o "$work/$name.h5" "$@" >"$work/$name.build" || cat "$work/$name.build"
}
score() { # TASK LIBRARY QUERIES TRUTH [evaluate option...]
    task=$1 library=$2 queries=$3 truth=$4
    shift 4
    "$program" identify --library "$work/$library.h5" --json "$queries" >"$work/$task.jsonl"
    printf '%s ' "$task"
    python3 "$shared/eval/evaluate.py" --truth "$truth" "$@" "$work/$task.jsonl"
    printf '%s reliability ' "$task"
    python3 "$(dirname "$0")/reliability.py" --truth "$truth" --queries "$queries" \
        $([ "$library" = swgdrug ] && echo --classes "$data/ei/swgdrug-3.3-classes.tsv") "$work/$task.jsonl"
}
build swgdrug --classes "$data/ei/swgdrug-3.3-classes.tsv" "$data/ei/swgdrug-3.3.msp"
build massbank-ei "$data/ei/massbank-library.msp.gz"
build massbank-msms "$data/msms/massbank-library.msp.gz"
build ir "$data"/ir/library/*.jdx
score ei massbank-ei "$data/ei/queries.msp.gz" "$data/ei/truth.tsv"
score msms massbank-msms "$data/msms/queries.msp.gz" "$data/msms/truth.tsv"
score drug-replicates swgdrug "$data/ei/drug-replicates.msp" "$data/ei/drug-replicates-truth.tsv"
score timetravel swgdrug "$data/ei/timetravel-queries.msp" "$data/ei/timetravel-truth.tsv" --library-msp "$data/ei/swgdrug-3.3.msp"
cat "$data"/ir/queries/*.jdx >"$work/ir-queries.jdx"
score ir ir "$work/ir-queries.jdx" "$data/ir/truth.tsv"
python3 "$(dirname "$0")/mixture.py" "$program" "$work" "$data" ei ir
