/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/spec-private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "packets.h"
#include "sha1.h"
#include "src/model/address.h"
#include "util.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define HEX DIGITS "abcdefABCDEF"
#define NAME_CHARS LETTERS DIGITS "_.-"

/* True if 's' is 1 to 'max' of 'chars'. */
static bool
consists_of(const char *s, const char *chars, size_t max)
{
    size_t n = strspn(s, chars);

    return n > 0 && n <= max && !s[n];
}

/* Returns "QUOTED-s TEXT". */
static char *
complain(const char *s, const char *text)
{
    char *quoted = spec_quote(s);
    char *error = xasprintf("%s %s", quoted, text);

    free(quoted);
    return error;
}

char *
spec_check_name(const char *name)
{
    return consists_of(name, NAME_CHARS, 63) ? NULL
           : complain(name, "is not a name: 1 to 63 of A-Z a-z 0-9 _ . -");
}

/* The kernel cuts longer names off without a word, and expands "%d". */
char *
spec_check_device_name(const char *name)
{
    return (consists_of(name, NAME_CHARS, 15)
            && strcmp(name, ".") && strcmp(name, "..")) ? NULL
           : complain(name, "is not a device name: 1 to 15 of A-Z a-z 0-9 "
                      "_ . -, but not \".\" or \"..\"");
}

char *
spec_default_ifname(const char *vm, const char *nic)
{
    char *id = xasprintf("%s/%s", vm, nic);
    uint8_t digest[SHA1_DIGEST_SIZE];
    char hex[SHA1_HEX_DIGEST_LEN + 1];

    sha1_bytes(id, strlen(id), digest);
    sha1_to_hex(digest, hex);
    free(id);
    return xasprintf("tap%.11s", hex);
}

/* True if 's' looks like 'form', where "x" is any hex digit. */
static bool
has_form(const char *s, const char *form)
{
    for (; *form; form++, s++) {
        if (*form == 'x' ? !isxdigit((unsigned char) *s) : *s != *form) {
            return false;
        }
    }
    return !*s;
}

char *
spec_check_mac(const char *s)
{
    struct eth_addr ea;

    if (!has_form(s, "xx:xx:xx:xx:xx:xx") || !eth_addr_from_string(s, &ea)) {
        return complain(s, "is not a MAC address like 52:54:00:12:34:56");
    } else if (eth_addr_is_zero(ea)) {
        return complain(s, "is not the MAC address of a NIC");
    } else if (eth_addr_is_multicast(ea)) {
        return complain(s, "is a multicast address; a NIC's has an even "
                        "first byte");
    }
    return NULL;
}

char *
spec_check_uuid(const char *s)
{
    return has_form(s, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") ? NULL
           : complain(s, "is not a UUID like "
                      "123e4567-e89b-12d3-a456-426614174000");
}

char *
spec_check_user(const char *s)
{
    return consists_of(s, NAME_CHARS "@+", 64) ? NULL
           : complain(s, "is not the name or number of a user or group");
}

char *
spec_check_address(const char *s)
{
    struct model_address a;

    if (!model_address_parse(s, &a)) {
        return complain(s, "is not an address with its prefix, like "
                        "192.0.2.10/24 or 2001:db8::10/64");
    } else if (model_address_is_odd(&a)) {
        return complain(s, "is not the address of a device");
    }
    return NULL;
}

char *
spec_check_not_empty(const char *s)
{
    return *s ? NULL : xstrdup("must not be empty");
}

/* ovs-vswitchd would open a "tap" by itself, without IFF_MULTI_QUEUE, and
 * clear its persist flag. */
char *
spec_check_port_type(const char *s)
{
    return strcmp(s, "tap") ? NULL
           : xstrdup("\"tap\" is not for existing devices: leave \"type\" "
                     "out, or make the TAP a NIC in vms.d/");
}

char *
spec_check_link_type(const char *s)
{
    return !strcmp(s, "patch") || !strcmp(s, "veth") ? NULL
           : complain(s, "is not \"patch\" or \"veth\"");
}
