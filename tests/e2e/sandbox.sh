#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sandbox.sh [BIN-DIR]: an interactive shell in the demo's world; it cleans up
# after itself.  'BIN-DIR' has ovs-portd and ovs-portctl.
exec /usr/bin/python3 "$(dirname "$(readlink -f "$0")")/demo.py" \
    --bin "${1:-build/bin}" --shell
