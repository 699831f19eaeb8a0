/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/spec-private.h"

#include <stdlib.h>
#include <string.h>
#include "util.h"

/* Quantities in words: "1.5Gbit". */

/* Keys that take one, with how many bits (or bit/s) their plain number counts
 * in. */
int64_t
spec_unit(const char *key)
{
    static const struct { const char *key; int64_t unit; } keys[] = {
        { "burst", 1 },
        { "ingress_policing_burst", 1000 },
        { "ingress_policing_rate", 1000 },
        { "max_rate", 1 },
        { "min_rate", 1 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (!strcmp(keys[i].key, key)) {
            return keys[i].unit;
        }
    }
    return 0;
}

/* "bit" or one with a prefix: how many bits that is, or 0. */
static int64_t
prefix_value(const char *s)
{
    static const struct { const char *name; int64_t bits; } prefixes[] = {
        { "bit", 1 },
        { "kbit", 1000 },
        { "Mbit", 1000 * 1000 },
        { "Gbit", 1000 * 1000 * 1000 },
        { "Tbit", INT64_C(1000) * 1000 * 1000 * 1000 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        if (!strcmp(prefixes[i].name, s)) {
            return prefixes[i].bits;
        }
    }
    return 0;
}

/* Reads the digits at '*s' into '*value', and how many there are into '*n'.
 * Returns false if they are too large. */
static bool
read_digits(const char **s, uint64_t *value, size_t *n)
{
    *n = strspn(*s, "0123456789");
    for (size_t i = 0; i < *n; i++) {
        unsigned int digit = (*s)[i] - '0';

        if (*value > (INT64_MAX - digit) / 10) {
            return false;
        }
        *value = *value * 10 + digit;
    }
    *s += *n;
    return true;
}

char *
spec_parse_quantity(const char *text, int64_t unit, int64_t *value)
{
    const char *s = text;
    uint64_t mantissa = 0;
    size_t n, n_fraction = 0;
    bool fits = read_digits(&s, &mantissa, &n);
    bool ok = n > 0;

    if (ok && fits && *s == '.') {
        s++;
        fits = read_digits(&s, &mantissa, &n_fraction);
        ok = n_fraction > 0;
    }
    int64_t prefix = ok && fits ? prefix_value(s) : 0;
    if (ok && !fits) {
        return xasprintf("\"%.40s\" is too large", text);
    } else if (!prefix) {
        char *quoted = spec_quote(text);
        char *error = xasprintf("%s is no quantity: a number and, without a "
                                "blank, bit, kbit, Mbit, Gbit or Tbit, as "
                                "in \"1.5Gbit\"", quoted);
        free(quoted);
        return error;
    }

    /* All in tens: what the fraction divides by, and what is counted in. */
    bool whole = true;
    for (; n_fraction; n_fraction--) {
        if (prefix % 10 == 0) {
            prefix /= 10;
        } else {
            whole = whole && mantissa % 10 == 0;
            mantissa /= 10;
        }
    }
    if (mantissa > INT64_MAX / (uint64_t) prefix) {
        return xasprintf("\"%.40s\" is too large", text);
    }
    mantissa *= prefix;
    if (!whole || mantissa % unit) {
        return xasprintf("\"%.40s\" is not a whole number of %s", text,
                         unit == 1 ? "bit" : "kbit");
    }
    *value = mantissa / unit;
    return NULL;
}
