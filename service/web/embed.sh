#!/bin/sh
# Writes the files named on the command line as C arrays and one table: what service/assets.c and
# service/control_files.c include.
i=0
for f in "$@"; do
    echo "static const unsigned char asset_$i[] = {"
    od -An -v -tx1 "$f" | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
    echo '};'
    i=$((i + 1))
done
echo 'static const nps_asset assets[] = {'
i=0
for f in "$@"; do
    case $f in
        *.html) type='text/html; charset=utf-8' ;;
        *.css) type='text/css; charset=utf-8' ;;
        *.js) type='text/javascript; charset=utf-8' ;;
        *.json) type='application/json' ;;
        *.svg) type='image/svg+xml' ;;
        *.tsv) type='text/tab-separated-values; charset=utf-8' ;;
        *) echo "embed.sh: no media type for $f" >&2; exit 1 ;;
    esac
    echo "    {\"$(basename "$f")\", \"$type\", asset_$i, sizeof asset_$i},"
    i=$((i + 1))
done
echo '};'
