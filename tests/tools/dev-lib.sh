# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What ./dev is made of: progress, logs, packages, sums of test results.  It
# writes logs to the directory $logs.
# shellcheck disable=SC2034,SC2154

packages=(
    # to build
    autoconf automake libtool pkg-config gcc libc6-dev make binutils
    openvswitch-source libnl-3-dev libnl-route-3-dev libjansson-dev
    libssl-dev libcap-ng-dev libunbound-dev libexpat1-dev
    # to test and to show
    openvswitch-switch openvswitch-common libcmocka-dev valgrind
    python3 python3-jsonschema iproute2 procps util-linux busybox-static jq
    libcap2-bin graphviz systemd
    # virtual machines; their kernels: fetch-kernel.sh
    qemu-system-x86 ethtool kmod libvirt-daemon libvirt-clients
)

say() { printf '%s\n' "$*"; }

# die TEXT...: one line each on stderr, and out.
die() { printf '%s\n' "$@" >&2; exit 1; }

# as_root COMMAND...: runs it as root, with sudo if need be.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "this needs root, and there is no sudo: run it as root"
    fi
}

# run NAME ADVICE COMMAND...: one line of progress on the terminal, the output
# in $logs/NAME.log.  If COMMAND fails, the end of the log and ADVICE.
run() {
    local name=$1 advice=$2 start=$SECONDS
    shift 2
    mkdir -p "$logs"
    printf '  %-28s' "$name"
    if "$@" >"$logs/$name.log" 2>&1; then
        printf ' ok  %4ds\n' $((SECONDS - start))
        return
    fi
    printf ' FAILED after %ds\n' $((SECONDS - start))
    say "what $logs/$name.log says:"
    if [ "$(wc -l < "$logs/$name.log")" -gt 30 ]; then
        grep -E -m 8 '(error|Error|ERROR|E):|undefined reference' \
            "$logs/$name.log" | sed 's/^/    /' || true
        say "    ..."
    fi
    tail -n 25 "$logs/$name.log" | sed 's/^/    /'
    die "ovs-portd: '$name' failed. $advice"
}

# missing PACKAGE...: those that are not installed, one per line.
missing() {
    local package
    for package; do
        if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" \
                2>/dev/null)" != installed ]; then
            say "$package"
        fi
    done
}

# The distribution starts ovs-vswitchd when openvswitch-switch is installed.
# We want its files only, so for the time of the installation invoke-rc.d is
# told no, unless the machine has its own word on that already.
policy=/usr/sbin/policy-rc.d
policy_mark='# ovs-portd: no services while packages are installed'

policy_off() {
    if grep -qsF "$policy_mark" $policy; then
        rm -f $policy
    fi
}

install_packages() (
    export DEBIAN_FRONTEND=noninteractive
    trap policy_off EXIT
    policy_off
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\n%s\nexit 101\n' "$policy_mark" > $policy
        chmod 755 $policy
    fi
    apt-get update &&
        apt-get install -y --no-install-recommends "$@"
)

# lock FILE COMMAND...: COMMAND while nobody else has FILE locked.
lock() {
    local file=$1 fd
    shift
    mkdir -p "$(dirname "$file")"
    exec {fd}>"$file"
    if ! flock -n "$fd"; then
        say "  waiting for another run ($file)"
        flock "$fd"
    fi
    "$@"
    exec {fd}>&-
}

# Results of the suites of one './dev check'.
total_passed=0 total_failed=0 total_skipped=0

# sum SUITE PASSED FAILED SKIPPED SECONDS
sum() {
    local skipped=''
    [ "$4" = 0 ] || skipped=", $4 skipped"
    printf '%s: %d passed, %d failed%s (%ds)\n' "$1" "$2" "$3" "$skipped" "$5"
    total_passed=$((total_passed + $2))
    total_failed=$((total_failed + $3))
    total_skipped=$((total_skipped + $4))
}

# suite NAME FILE COMMAND...: COMMAND's last line 'N passed, N failed[, N
# skipped]' is the result.  No such line, or an exit status that does not fit
# it, is a failure, and so is it if FILE, which the suite consists in, is not
# there.
suite() {
    local name=$1 file=$2 start=$SECONDS status=0 line passed failed skipped
    local number='\([0-9][0-9]*\)'
    shift 2
    if [ ! -e "$file" ]; then
        sum "$name" 0 1 0 0
        say "    $file is missing"
        return
    fi
    mkdir -p "$logs"
    "$@" >"$logs/$name.log" 2>&1 </dev/null || status=$?
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' \
               "$logs/$name.log" | tail -n 1) || true
    passed=$(sed -n "s/^$number passed.*/\1/p" <<<"$line")
    failed=$(sed -n "s/.* $number failed.*/\1/p" <<<"$line")
    skipped=$(sed -n "s/.* $number skipped.*/\1/p" <<<"$line")
    failed=${failed:-0}
    if [ "$failed" = 0 ]; then
        if [ -z "$line" ] || [ $status != 0 ]; then
            failed=1
            say "    $name: exit status $status, last line: ${line:-none}"
        fi
    fi
    sum "$name" "${passed:-0}" "$failed" "${skipped:-0}" $((SECONDS - start))
    if [ "$failed" != 0 ]; then
        say "    the end of $logs/$name.log:"
        tail -n 40 "$logs/$name.log" | sed 's/^/    /'
    fi
}
