# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Sets $cache: the directory, outside the tree, of what is fetched or built
# once for all trees.
# shellcheck disable=SC2034

if [ "$(id -u)" = 0 ]; then
    cache=/var/cache/ovs-portd
else
    cache=$HOME/.cache/ovs-portd
fi
cache=${OVS_PORTD_CACHE:-$cache}
