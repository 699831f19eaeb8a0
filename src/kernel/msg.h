/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_KERNEL_MSG_H
#define PORTD_KERNEL_MSG_H 1

/* Netlink messages
 * ================
 *
 * Headers and attributes, taken apart and put together.  What comes in is
 * checked against the lengths that it has; what goes out is bounded, and a
 * message has room for a page, so that only a lack of memory can make it
 * fail. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nl_msg;
struct nlattr;

/* Decoding.  'a' may be NULL, which is an attribute that is not there. */
bool attr_u32(struct nlattr *a, uint32_t *value);
bool attr_u16(struct nlattr *a, uint16_t *value);
bool attr_u8(struct nlattr *a, uint8_t *value);
/* The text in 'a', which may or may not be null-terminated, for the caller to
 * free. */
char *attr_string(struct nlattr *a);
/* The attributes within 'a', up to type 'max'. */
bool attr_nested(struct nlattr *a, struct nlattr **tb, int max);

/* Encoding. */
struct nl_msg *msg_new(int type, int flags, const void *header, size_t size);
void msg_put(struct nl_msg *, int type, const void *data, size_t size);
void msg_put_u32(struct nl_msg *, int type, uint32_t value);
void msg_put_u8(struct nl_msg *, int type, uint8_t value);
/* Begins an attribute that holds others; end it with nla_nest_end(). */
struct nlattr *msg_nest(struct nl_msg *, int type);

#endif /* src/kernel/msg.h */
