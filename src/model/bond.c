/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/model/bond.h"

#include <stddef.h>

const char *const model_bond_modes[] = {
    "balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad",
    "balance-tlb", "balance-alb", NULL
};

const char *const model_bond_lacp_rates[] = { "slow", "fast", NULL };

const char *const model_bond_hash_policies[] = {
    "layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac",
    NULL
};
