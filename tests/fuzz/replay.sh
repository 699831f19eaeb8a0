#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Each fuzz target takes every file of its corpus, and those of the specs'
# corpus that are for it, without a crash.
srcdir=${srcdir-.}
passed=0 failed=0

# replay TARGET DIR...
replay() {
    target=$1
    shift
    n=$(find "$@" -type f | wc -l)
    if test "$n" -gt 0 \
       && find "$@" -type f -exec "tests/fuzz/fuzz-$target" {} + >/dev/null
    then
        passed=$((passed + 1))
        echo "ok   fuzz-$target: $n inputs"
    else
        failed=$((failed + 1))
        echo "FAIL fuzz-$target: $n inputs"
    fi
}

corpus=$srcdir/tests/fuzz/corpus
replay domain "$corpus/domain"
replay rtnl "$corpus/rtnl"
replay spec "$corpus/spec" "$srcdir/tests/data/spec"
replay text "$corpus/text"
replay unixctl "$corpus/unixctl"

echo "$passed passed, $failed failed"
test "$failed" = 0
