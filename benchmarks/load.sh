#!/bin/sh
# Load on the real service over loopback: health, questions and stored samples at 1, 16 and 128 connections, then a mixed load
# with the memory of the process each half minute. JSON lines on standard output.
# usage: load.sh BUILD_DIR LIBRARIES_DIR [SECONDS [MIXED_MINUTES]]     LIBRARIES_DIR: what `make accuracy` has built
dir=$1 libraries=$2 seconds=${3:-5} minutes=${4:-10}
here=$(cd "$(dirname "$0")" && pwd)
data=$(cd "$here/../.." && pwd)/shared/data
if [ ! -d "$data" ] || [ ! -f "$libraries/massbank-msms.h5" ]; then
    echo 'skipped: needs the folder of shared spectra beside the checkout and the libraries of make accuracy'
    exit 0
fi
work=$(mktemp -d)
pid=
trap '[ -n "$pid" ] && kill $pid 2>/dev/null; rm -rf "$work"' EXIT
serve() { # LIBRARY STORE
    "$dir/npswatch" serve --listen 127.0.0.1:0 --library "$1" --data "$work/$2" --demo-accounts yes --rate-limit 0 \
        --rate-limit-anonymous 0 --max-connections 300 >"$work/out" 2>"$work/err" &
    pid=$!
    for i in $(seq 300); do grep -q 'listening on' "$work/out" && break; sleep 0.1; done
    port=$(sed -n 's/.*listening on http:.*:\([0-9]*\)$/\1/p' "$work/out")
    lab=$(sed -n 's/.*lab token, shown this once: //p' "$work/out")
}
stop() { kill $pid; wait $pid; pid=; }
split() { # TECHNIQUE: 200 queries, one a file
    mkdir "$work/$1"
    gzip -dc "$data/$1/queries.msp.gz" | awk -v d="$work/$1" 'BEGIN { RS = ""; ORS = "\n\n" } NR <= 200 { print > (d "/" NR ".msp") }'
}
for technique in ei msms; do
    split $technique
    serve "$libraries/massbank-$technique.h5" $technique
    for n in 1 16 128; do
        [ $technique = ei ] && "$dir/benchmarks/load" $port $n "$seconds" GET /healthz -
        printf '%s ' $technique
        "$dir/benchmarks/load" $port $n "$seconds" POST /v1/identify - "$work/$technique"/*.msp
        printf '%s ' $technique
        "$dir/benchmarks/load" $port $n "$seconds" POST /v1/samples "$lab" "$work/$technique"/*.msp
    done
    [ $technique = msms ] || { stop; continue; }
    "$dir/benchmarks/load" $port 8 $((minutes * 60)) POST /v1/identify - "$work/$technique"/*.msp &
    a=$!
    "$dir/benchmarks/load" $port 4 $((minutes * 60)) POST /v1/samples "$lab" "$work/$technique"/*.msp &
    b=$!
    "$dir/benchmarks/load" $port 4 $((minutes * 60)) GET /healthz - &
    c=$!
    for i in $(seq $((minutes * 2))); do
        printf '{"mixed_s":%d,"rss_kib":%d,"fds":%d,"threads":%d}\n' $(((i - 1) * 30)) \
            "$(awk '/VmRSS/ { print $2 }' /proc/$pid/status)" "$(ls /proc/$pid/fd | wc -l)" "$(awk '/Threads/ { print $2 }' /proc/$pid/status)"
        sleep 30
    done
    wait $a $b $c
    stop
done
