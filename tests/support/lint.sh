#!/bin/sh
# Headers alone, include order of the layers, one file for each outside library, cppcheck, clang-tidy.
# usage: lint.sh CC CPPFLAGS BUILD_DIR
cc=$1 cppflags=$2 dir=$3
bad=0
mkdir -p "$dir/lint"

echo 'each header compiles alone'
for h in core/*.h spectra/*.h reference-lib/*.h service/*.h benchmarks/*.h; do
    printf '#include "%s"\nextern int lint_dummy;\n' "$h" >"$dir/lint/one.c"
    $cc -std=gnu11 -Wall -Wextra -Werror $cppflags -fsyntax-only "$dir/lint/one.c" || bad=1
done

echo 'includes go down only: core < spectra < reference-lib < service'
check() { # LAYER FORBIDDEN...
    layer=$1
    shift
    for up in "$@"; do
        grep -nE "#include \"$up/" "$layer"/*.c "$layer"/*.h && { echo "$layer must not include $up"; bad=1; }
    done
}
check core spectra reference-lib service tests benchmarks
check spectra reference-lib service tests benchmarks
check reference-lib service tests benchmarks
check service tests benchmarks

echo 'one outside library, one file'
only() { # HEADER FILE
    grep -lE "#include <$1" core/* spectra/* reference-lib/*.[ch] service/*.[ch] benchmarks/*.[ch] | grep -vFx "$2" && { echo "$1 belongs in $2"; bad=1; }
}
only fftw3.h core/fft.c
only hdf5.h reference-lib/library_h5.c
only microhttpd.h service/http.c
only sqlite3.h service/db_sqlite.c
only libpq-fe.h service/db_pg.c
only jansson.h service/json_read.c
only curl/curl.h service/webhook.c
only zlib.h spectra/gunzip.c
only expat.h spectra/xml.c
only zip.h service/archive.c
only gsl/gsl_spline core/grid.c

echo 'nothing below service prints, logs, exits or reads the environment'
grep -nE '\b(printf|fprintf|puts|perror|exit|getenv|syslog)\(' core/*.c spectra/*.c reference-lib/*.c |
    grep -vE 'core/err.c:.*(fprintf|abort)|_exit\(' && bad=1

echo 'cppcheck'
# memleak: it does not know the cleanup attribute; the leak check of the sanitizer run does.
cppcheck --quiet --enable=warning,performance,portability --std=c11 --inline-suppr --error-exitcode=1 \
    --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches --suppress=memleak --suppress=duplicateAssignExpression -I. -DNPS_VERSION='""' -j 2 \
    core spectra reference-lib service benchmarks || bad=1

echo 'clang-tidy'
# Quotes do not survive the inner shell; any text serves as the version here.
tidyflags=$(echo "$cppflags" | sed 's/-DNPS_VERSION=[^ ]*/-DNPS_VERSION=__FILE__/')
ls core/*.c spectra/*.c reference-lib/*.c service/*.c benchmarks/*.c | xargs -P 2 -n 8 sh -c '
    clang-tidy --quiet --warnings-as-errors="*" \
        --checks="-*,clang-analyzer-security*,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,-clang-analyzer-security.FloatLoopCounter,clang-analyzer-deadcode*,bugprone-*,-bugprone-signed-char-misuse,misc-redundant-expression,misc-static-assert,performance-*,-performance-no-int-to-ptr,portability-*,-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier,-bugprone-narrowing-conversions,-bugprone-implicit-widening-of-multiplication-result,-bugprone-assignment-in-if-condition,-bugprone-suspicious-string-compare,-bugprone-branch-clone,-bugprone-sizeof-expression,-bugprone-macro-parentheses" \
        "$@" -- -std=gnu11 '"$tidyflags"' 2>&1 | grep -vE "warnings? generated|^Suppressed|^Use -header-filter"
    ' tidy >"$dir/lint/tidy.log"
if grep -qE '(error|warning):' "$dir/lint/tidy.log"; then
    cat "$dir/lint/tidy.log"
    bad=1
fi

[ $bad = 0 ] && echo 'lint: good'
exit $bad
