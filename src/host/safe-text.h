/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_HOST_SAFE_TEXT_H
#define PORTD_HOST_SAFE_TEXT_H 1

/* Safe text
 * =========
 *
 * What others wrote, an alias of a device for one, may be any bytes.  It must
 * not steer a terminal, and JSON is UTF-8.  Both show what cannot be shown as
 * \xNN. */

#include <stdbool.h>
#include "openvswitch/dynamic-string.h"

struct json;

/* Appends 's' without control characters ('lines': but for line feeds) and
 * without what is no UTF-8. */
void safe_text_put(struct ds *, const char *s, bool lines);
/* The same, for the caller to free. */
char *safe_text(const char *s, bool lines);

/* Like json_to_ds(), and valid whatever the strings in it are. */
void safe_text_put_json(struct ds *, const struct json *, int flags);

#endif /* src/host/safe-text.h */
