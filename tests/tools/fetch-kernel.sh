#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# fetch-kernel.sh FLAVOUR            downloads and unpacks Debian's kernel
# fetch-kernel.sh --where FLAVOUR    prints the directory
#
# FLAVOUR is "cloud-amd64" (guests) or "amd64" (a whole host).  The package is
# unpacked, never installed: the directory has boot/ and lib/modules/, without
# the drivers that no test uses.  It lies outside the tree, keyed by the
# package's name and version.
set -euo pipefail
export LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH

recipe=1
room=700                        # MB, while it is being unpacked.
# shellcheck source=tests/tools/cache-dir.sh
. "$(dirname "$0")/cache-dir.sh"

die() { printf '%s\n' "$@" >&2; exit 1; }

# newest FLAVOUR: the package that the meta-package asks for, as NAME_VERSION;
# without package lists, the newest in the cache.
newest() {
    local name found
    name=$(apt-cache depends "linux-image-$1" 2>/dev/null \
               | sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' \
               | head -n 1)
    if [ -n "$name" ]; then
        printf '%s_%s\n' "$name" "$(apt-cache show --no-all-versions "$name" \
                                        | sed -n 's/^Version: //p')"
        return
    fi
    for found in $(ls -dt "$cache"/kernel-linux-image-[0-9]*"-$recipe" \
                   2>/dev/null); do
        found=${found##*/kernel-}
        found=${found%-"$recipe"}
        # "amd64" is the end of "cloud-amd64", too.
        if [[ ${found%_*} =~ ^linux-image-[0-9.]+-[0-9]+-"$1"$ ]]; then
            printf '%s\n' "$found"
            return
        fi
    done
}

where() {
    local package
    package=$(newest "$1")
    [ -n "$package" ] || return 1
    printf '%s/kernel-%s-%s\n' "$cache" \
           "${package//[^A-Za-z0-9._+-]/-}" "$recipe"
}

advice="The guests' kernels are Debian packages: this machine needs its package
lists ('apt-get update') and a way to a Debian mirror, once."

if [ "${1-}" = --where ]; then
    where "$2" || die "no linux-image-$2 is known. $advice"
    exit
fi
flavour=$1

mkdir -p "$cache"
exec 9>"$cache/lock-kernel"
flock 9
final=$(where "$flavour") || {
    [ "$(id -u)" != 0 ] || apt-get update
    final=$(where "$flavour") || die "no linux-image-$flavour is known. $advice"
}
[ ! -d "$final" ] || exit 0

free=$(df -Pm "$cache" | awk 'NR == 2 { print $4 }')
[ "$free" -ge $room ] \
    || die "$cache has $free MB left; unpacking a kernel takes $room MB." \
           "OVS_PORTD_CACHE=DIR says where else there is room."

tmp=$cache/.kernel
rm -rf "$tmp"
mkdir "$tmp"
trap 'rm -rf "$tmp"' EXIT

# Lists may be older than what the mirror has.
download() { (cd "$tmp" && apt-get download "$1"); }
package=$(newest "$flavour")
package=${package%_*}
download "$package" || {
    [ "$(id -u)" != 0 ] || apt-get update
    final=$(where "$flavour")
    package=$(newest "$flavour")
    package=${package%_*}
    download "$package" || die "$package cannot be downloaded. $advice"
}

mkdir "$tmp/root"
dpkg-deb --fsys-tarfile "$tmp"/*.deb \
    | tar -C "$tmp/root" --no-same-owner -x \
          --exclude='*/drivers/gpu' --exclude='*/drivers/media' \
          --exclude='*/drivers/infiniband' --exclude='*/drivers/scsi' \
          --exclude='*/drivers/usb' --exclude='*/drivers/staging' \
          --exclude='*/drivers/iio' --exclude='*/drivers/hwmon' \
          --exclude='*/drivers/input' --exclude='*/drivers/mtd' \
          --exclude='*/net/wireless' --exclude='*/kernel/sound' \
          --exclude='*/System.map-*' --exclude='*/usr/share'
version=$(ls "$tmp/root/lib/modules")
depmod -b "$tmp/root" "$version"
mv "$tmp/root" "$final"
