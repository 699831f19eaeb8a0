#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# build-ovs.sh            builds libopenvswitch from Debian's openvswitch-source
# build-ovs.sh --where    prints the directory: DIR/src and DIR/build
#
# The result is cached outside the tree, by the package's version and by what
# it is built with.  It is built under another name and renamed when complete,
# under a lock.
set -euo pipefail

tarball=/usr/src/openvswitch/openvswitch.tar.gz
options=(--prefix=/usr --localstatedir=/var --sysconfdir=/etc
         --enable-ssl --disable-shared --disable-dependency-tracking)
cflags='-g -O2'
recipe=1

# shellcheck source=tests/tools/cache-dir.sh
. "$(dirname "$0")/cache-dir.sh"

version=$(dpkg-query -W -f '${Version}' openvswitch-source)
flags=$(printf '%s\n' "$recipe" "${options[*]}" "$cflags" \
               "$(gcc -dumpfullversion)" "$(gcc -dumpmachine)" \
            | sha256sum | cut -c 1-12)
final=$cache/openvswitch-${version//[^A-Za-z0-9.+-]/_}-$flags

if [ "${1-}" = --where ]; then
    printf '%s\n' "$final"
    exit
fi
[ -f "$tarball" ] || { echo "$tarball is missing" >&2; exit 1; }

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [ -d "$final" ]; then
    exit
fi

# We have the lock: what lies here, a killed build has left.
tmp=$cache/.building
rm -rf "$tmp"
mkdir "$tmp"
trap 'rm -rf "$tmp"' EXIT

mkdir "$tmp/src" "$tmp/build"
tar -C "$tmp/src" --strip-components=1 --no-same-owner -xf "$tarball"
[ -x "$tmp/src/configure" ] || (cd "$tmp/src" && ./boot.sh)
cd "$tmp/build"
# Debian's Python, whatever comes first on PATH.
../src/configure "${options[@]}" PYTHON3=/usr/bin/python3 \
    CFLAGS="$cflags -ffile-prefix-map=$tmp=$final"
# lib/libopenvswitch.la alone does not make what it includes.
printf 'include Makefile\nbuilt-sources: $(BUILT_SOURCES)\n' > portd.mk
make -j"$(nproc)" -f portd.mk built-sources
make -j"$(nproc)" lib/libopenvswitch.la

# libtool has written down where the libraries lie.
sed -i "s|$tmp|$final|g" lib/*.la
find . -name '*.o' -delete
mv "$tmp" "$final"
