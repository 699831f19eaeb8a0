#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Computes, from the libraries at hand, which names would be defined twice in
# our programs, and fails if there is any.  A name of a static library that a
# shared library exports too counts: the program's would be bound in its
# place, also for calls inside the shared library.
#
# 'make check' sets NM, OVSBUILDDIR, SANITIZERS (yes or nothing) and srcdir,
# and runs it in the build tree.
set -u
NM=${NM:-nm}
passed=0 failed=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
LC_ALL=C
export LC_ALL

names() { # names NM-OPTION... FILE...
    $NM "$@" 2>/dev/null \
        | awk 'NF == 3 && $2 ~ /^[TDBRSGVWui]$/ { sub(/@.*/, "", $3)
                                                  print $3 }' \
        | sort -u
}

verdict() { # verdict TEXT: passed if $tmp/clash is empty
    if [ -s "$tmp/clash" ]; then
        failed=$((failed + 1))
        echo "FAIL: $1:"
        sed 's/^/    /' "$tmp/clash"
    else
        passed=$((passed + 1))
        echo "ok: $1"
    fi
}

shared_libs() { # the shared libraries that program $1 loads, one per line
    ldd "$1" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }
                    NF == 2 && $1 ~ /^\// { print $1 }'
}

names -g --defined-only "$OVSBUILDDIR"/lib/.libs/libopenvswitch*.[as]* \
    > "$tmp/ovs"
names -g --defined-only src/spec/libjansson-private.a > "$tmp/jansson"
for list in ovs jansson; do
    test -s "$tmp/$list" || { echo "FAIL: no symbols of $list"; exit 1; }
done

comm -12 "$tmp/jansson" "$tmp/ovs" > "$tmp/clash"
verdict "our jansson and libopenvswitch have no name in common"

grep -v '^portd_' "$tmp/jansson" > "$tmp/clash"
verdict "every global name of our jansson begins with portd_"

# This test is worth something only if the libraries as they come do clash,
# or else the private copy is not needed any more.
sed 's/^portd_//' "$tmp/jansson" | sort -u | comm -12 - "$tmp/ovs" \
    > "$tmp/plain"
echo "(unprefixed, these would clash: $(tr '\n' ' ' < "$tmp/plain"))"

# What our programs define or take from libopenvswitch, and libnl.
for program in controller/ovs-portd src/cli/ovs-portctl \
               tests/unit/test-symbols; do
    test -f "$program" || continue
    for lib in $(shared_libs "$program"); do
        case $lib in *libnl*) names -D --defined-only "$lib" ;; esac
    done | sort -u > "$tmp/nl"
    comm -12 "$tmp/nl" "$tmp/ovs" > "$tmp/both"
    names -g --defined-only "$program" | comm -12 - "$tmp/nl" > "$tmp/clash"
    verdict "$program takes the place of no name of libnl \
($(wc -l < "$tmp/both") in both libraries)"

    # A sanitizer is meant to take the place of malloc() and others.
    test -z "${SANITIZERS-}" || continue
    for lib in $(shared_libs "$program"); do
        names -D --defined-only "$lib"
    done | sort -u > "$tmp/shared"
    # Names with a version are the linker's copies of the library's own data.
    $NM -g --defined-only "$program" \
        | awk 'NF == 3 && $3 !~ /@/ { print $3 }' | sort -u \
        | comm -12 - "$tmp/shared" \
        | grep -vxE '_init|_fini|_end|_edata|__bss_start|_IO_stdin_used' \
        > "$tmp/clash"
    verdict "$program takes the place of no name of a shared library"
done

# The pure rooms neither read nor write nor ask for the time.
impure='f?open(at|64)?|fread|fwrite|fputs?|fprintf|v?printf|puts|read|write'
impure="$impure|socket|connect|bind|send(to|msg)?|recv(from|msg)?|ioctl|poll"
impure="$impure|fcntl|stat|lstat|fstat|unlink|rename|mkdir|opendir|getenv"
impure="$impure|time|gettimeofday|clock_gettime|time_(msec|now|usec|wall.*)"
impure="$impure|rand|random.*|nl_.*|rtnl_.*|ovsdb_.*|ovsrec_.*|poll_.*"
impure="$impure|fork|exec.*|getpw.*|getgr.*|if_nametoindex"
for lib in src/model/.libs/libmodel.a src/spec/.libs/libspec.a \
           src/plan/.libs/libplan.a; do
    test -f "$lib" || { echo "$lib: not there" > "$tmp/clash"
                        verdict "$lib is pure"; continue; }
    $NM -u "$lib" 2>/dev/null | awk '$1 == "U" { sub(/@.*/, "", $2); print $2 }' \
        | sed 's/^__//; s/_chk$//' | grep -xE "$impure" \
        | sort -u > "$tmp/clash"
    verdict "$lib needs nothing that reads, writes or asks the time"
done

echo "$passed passed, $failed failed"
test "$failed" = 0
