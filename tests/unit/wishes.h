/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_TESTS_WISHES_H
#define PORTD_TESTS_WISHES_H 1

/* Random specs for tests of the plan. */

#include <stddef.h>
#include <stdint.h>

struct model_object;

/* xorshift64*: the same on every machine, which rand() is not. */
void rnd_seed(uint64_t);
/* A number below 'n'. */
unsigned int rnd(unsigned int n);

struct wish {
    char source[32];
    struct model_object *object;
};

#define MAX_WISHES 24

/* Fills in 'wishes', of MAX_WISHES members, and returns how many there are;
 * each is the only object of its source. */
size_t random_wishes(struct wish *wishes);

#endif /* tests/unit/wishes.h */
