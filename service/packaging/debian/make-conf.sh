#!/bin/sh
# The configuration of the package, from what the program itself says of its keys, so that it cannot drift from it. Only the
# paths of the package are set; every other key is there as a comment with its default.
# usage: make-conf.sh PROGRAM CONFIGURATION
set -e
mkdir -p "$(dirname "$2")"
# search_slots and anonymous_identify are settled by the machine and the address; their written-out values would be those of here.
{
    cat <<'END'
# Configuration of npswatch.service. A line with "#key = value" shows the default; take the "#" away to change it.
# Check a change with: npswatch serve --config /etc/npswatch/npswatch.conf --check-config
# Secrets do not belong here: put them into /etc/credstore and name /run/credentials/npswatch.service/...
# See /usr/share/doc/npswatch/OPERATIONS.md.

END
    "$1" serve --data /var/lib/npswatch/store --library /var/lib/npswatch/library.h5 --print-config |
        sed -e 's/^search_slots = .*/search_slots = 0/' -e 's/^anonymous_identify = .*/anonymous_identify =/' \
            -e '/^#/!{/^\(listen\|data\|library\) =/!s/^/#/}' -e 's/[[:space:]]*$//'
} >"$2"
