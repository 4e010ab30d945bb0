#!/bin/sh
# Builds build/deb/npswatch_VERSION_ARCH.deb from a copy of the sources, so that no debian/ lies in the tree.
# usage: deb.sh VERSION BUILD_DIR PACKAGE_NEEDED_TO_BUILD...
set -e
version=$1 dir=$2
shift 2
packaging=service/packaging
head -n 1 $packaging/debian/changelog | grep -qF "npswatch ($version) " ||
    { echo "deb: $packaging/debian/changelog does not begin with version $version" >&2; exit 1; }
# What the Makefile installs to build is what the package must ask for.
for p in "$@"; do
    case $p in
        gcc | make) ;; # build-essential
        *) grep -q "[ :]$p\(,\|\$\)" $packaging/debian/control ||
            { echo "deb: $packaging/debian/control does not build-depend on $p" >&2; exit 1; } ;;
    esac
done
tree=$dir/npswatch-$version
rm -rf "$tree"
mkdir -p "$tree"
cp -R Makefile README.md LICENSE core spectra reference-lib service "$tree"
cp -R $packaging/debian "$tree/debian"
cp $packaging/npswatch.service $packaging/npswatch.socket "$tree/debian"
cp $packaging/nginx.conf "$tree/debian"
(cd "$tree" && DEB_BUILD_OPTIONS="noautodbgsym parallel=$(nproc) $DEB_BUILD_OPTIONS" dpkg-buildpackage -b -us -uc)
rm -rf "$tree"
ls -l "$dir"/npswatch_"$version"_*.deb
