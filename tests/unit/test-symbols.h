/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_SYMBOLS_H
#define TEST_SYMBOLS_H 1

/* The jansson side of test-symbols.c, in a file of its own because jansson's
 * and OVS's JSON headers cannot be included together.  Each function checks
 * one of the names that both libraries export; it returns NULL if jansson
 * answered as jansson does, otherwise what is wrong. */

const char *symbols_jansson_array(void);
const char *symbols_jansson_equal(void);
const char *symbols_jansson_integer(void);
const char *symbols_jansson_object(void);
const char *symbols_jansson_real(void);
const char *symbols_jansson_string(void);

#endif /* tests/unit/test-symbols.h */
