#!/bin/sh
# Starts the service for `make run`: prepares a library when it is missing or its sources are newer, then serves.
# usage: run.sh PROGRAM DATA_DIR PORT [LIBRARY_SOURCE...]
set -e
program=$1 data=$2 port=$3
shift 3
mkdir -p "$data"

if [ $# -gt 0 ]; then
    library=$data/library.h5
    # Other sources than last time count as changed too.
    printf '%s\n' "$@" >"$data/sources.now"
    stale=
    [ -f "$library" ] && cmp -s "$data/sources.now" "$data/sources" || stale=yes
    # Of a folder every file counts.
    for f in "$@"; do [ -n "$stale" ] || [ -z "$(find "$f" -newer "$library" -print -quit)" ] || stale=yes; done
    # An older program may have made one of another schema.
    [ -n "$stale" ] || "$program" library info "$library" >/dev/null 2>&1 || stale=yes
    if [ -n "$stale" ]; then
        # Status 1 says that single records were refused (named above); the library is there all the same.
        "$program" library build -o "$library" "$@" || [ "$library" -nt "$data/sources.now" ]
        mv "$data/sources.now" "$data/sources"
    else
        rm "$data/sources.now"
    fi
else
    library=$data/demo.h5
    if [ ! -f "$library" ] || [ "$program" -nt "$library" ]; then
        mkdir -p "$data/samples"
        "$program" library demo -o "$library" --samples "$data/samples"
    fi
    echo "Demonstration library: generated spectra of invented substances, not measured. Samples to try: $data/samples"
fi

echo "Page:  http://127.0.0.1:$port/"
# The demonstration gets a member of every role to try things out with; a library of one's own an admin, who makes the others.
accounts=no
[ "$library" = "$data/demo.h5" ] && accounts=yes
if [ -f "$data/store/npswatch.db" ]; then
    echo "Tokens: shown once at the first start; another, with the service stopped: $program admin token --data $data/store --login lab"
else
    echo "Tokens: follow below, once; keep them (samples are sent with the lab's)"
fi
exec "$program" serve --listen "127.0.0.1:$port" --library "$library" --data "$data/store" --demo-accounts $accounts
