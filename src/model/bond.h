/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_MODEL_BOND_H
#define PORTD_MODEL_BOND_H 1

/* The words that the kernel's documentation has for the values of a bond's
 * options.  Specs give them, and the model holds them (MODEL_L_BOND); the
 * kernel itself has numbers, and each list is in the order of these, from 0
 * on.  A list ends with NULL. */

extern const char *const model_bond_modes[];
extern const char *const model_bond_lacp_rates[];
extern const char *const model_bond_hash_policies[];

#endif /* src/model/bond.h */
