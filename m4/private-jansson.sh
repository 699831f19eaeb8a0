#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# private-jansson.sh archive JANSSON.A OUT.A
# private-jansson.sh header JANSSON.A OUT.H
#
# jansson and libopenvswitch both export json_object() and others; in one
# program a call meant for the one would land in the other.  So we link a
# copy of jansson in which every global symbol begins with "portd_" (the
# archive), and compile against a header that renames jansson's functions
# alike.  The names are read from the archive, so that a later jansson or
# Open vSwitch cannot bring the clash back.
#
# Environment: NM, OBJCOPY.
set -e
mode=$1 archive=$2 out=$3
tmp=$out.tmp$$
trap 'rm -f "$tmp" "$tmp.map"' EXIT

symbols() {
    ${NM:-nm} -g --defined-only "$archive" \
        | awk 'NF == 3 { print $3 }' | LC_ALL=C sort -u
}

case $mode in
archive)
    symbols | sed 's/.*/& portd_&/' > "$tmp.map"
    test -s "$tmp.map" || { echo "$archive: no symbols" >&2; exit 1; }
    ${OBJCOPY:-objcopy} --redefine-syms="$tmp.map" "$archive" "$tmp"
    ;;
header)
    {
        echo '/* SPDX-License-Identifier: Apache-2.0'
        echo ' *'
        echo ' * jansson under names that libopenvswitch cannot take, made by'
        echo ' * m4/private-jansson.sh.  The only way to include jansson. */'
        echo '#ifndef SPEC_JANSSON_PRIVATE_H'
        echo '#define SPEC_JANSSON_PRIVATE_H 1'
        symbols | sed -n 's/^\(json\|jansson\)_.*/#define & portd_&/p'
        echo '#include <jansson.h>'
        echo '#endif'
    } > "$tmp"
    grep -q 'define json_object ' "$tmp" \
        || { echo "$archive: no json_object" >&2; exit 1; }
    ;;
*)
    echo "usage: $0 archive|header JANSSON.A OUT" >&2
    exit 1
    ;;
esac
mv "$tmp" "$out"
