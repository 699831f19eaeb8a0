/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/model/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "src/model/model.h"
#include "util.h"

/* 1..max without leading zeros, or 0 for anything else. */
static unsigned int
parse_prefix(const char *s, unsigned int max)
{
    size_t n = strspn(s, "0123456789");
    unsigned int prefix;

    return (n > 0 && n <= 3 && !s[n] && s[0] != '0'
            && str_to_uint(s, 10, &prefix) && prefix <= max ? prefix : 0);
}

bool
model_address_parse(const char *s, struct model_address *a)
{
    const char *slash = strchr(s, '/');
    char text[INET6_ADDRSTRLEN];

    if (!slash || slash - s >= sizeof text) {
        return false;
    }
    memset(a, 0, sizeof *a);
    memcpy(text, s, slash - s);
    text[slash - s] = '\0';
    if (inet_pton(AF_INET, text, &a->ipv4) == 1) {
        a->family = AF_INET;
        a->prefix = parse_prefix(slash + 1, 32);
    } else if (inet_pton(AF_INET6, text, &a->ipv6) == 1) {
        a->family = AF_INET6;
        a->prefix = parse_prefix(slash + 1, 128);
    }
    return a->prefix != 0;
}

bool
model_address_is_odd(const struct model_address *a)
{
    return (a->family == AF_INET
            ? !a->ipv4.s_addr || IN_MULTICAST(ntohl(a->ipv4.s_addr))
            : (IN6_IS_ADDR_UNSPECIFIED(&a->ipv6)
               || IN6_IS_ADDR_MULTICAST(&a->ipv6)));
}

size_t
model_address_size(const struct model_address *a)
{
    return a->family == AF_INET ? sizeof a->ipv4 : sizeof a->ipv6;
}

char *
model_address_format(const struct model_address *a)
{
    char text[INET6_ADDRSTRLEN];

    inet_ntop(a->family, &a->ipv6, text, sizeof text);
    return xasprintf("%s/%u", text, a->prefix);
}

char *
model_address_field(const char *text)
{
    return xasprintf(MODEL_L_ADDRESS"%s", text);
}

const char *
model_address_of_field(const char *field)
{
    size_t n = strlen(MODEL_L_ADDRESS);

    return !strncmp(field, MODEL_L_ADDRESS, n) ? &field[n] : NULL;
}
