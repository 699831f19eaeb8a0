/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_MODEL_ADDRESS_H
#define PORTD_MODEL_ADDRESS_H 1

/* Addresses
 * =========
 *
 * An IPv4 or IPv6 address with the length of its prefix, and its one
 * canonical text: "192.0.2.10/24", "2001:db8::1/64".  A link has one field
 * for each address, MODEL_L_ADDRESS followed by that text. */

#include <netinet/in.h>
#include <stdbool.h>

struct model_address {
    int family;                 /* AF_INET or AF_INET6. */
    union {
        struct in_addr ipv4;
        struct in6_addr ipv6;
    };
    unsigned int prefix;        /* 1..32 or 1..128. */
};

/* Parses 's', in any text that inet_pton(3) takes, with "/" and the length of
 * the prefix.  Returns false if it is no such thing. */
bool model_address_parse(const char *s, struct model_address *);

/* True if a device cannot have it: unspecified or multicast. */
bool model_address_is_odd(const struct model_address *);

/* The number of bytes of the address itself, which begins at &a->ipv6. */
size_t model_address_size(const struct model_address *);

/* The canonical text, for the caller to free. */
char *model_address_format(const struct model_address *);

/* The field of a link for the address with canonical text 'text', for the
 * caller to free; and the address in a field, or NULL for a field that is no
 * address's. */
char *model_address_field(const char *text);
const char *model_address_of_field(const char *field);

#endif /* src/model/address.h */
