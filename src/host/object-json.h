/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_HOST_OBJECT_JSON_H
#define PORTD_HOST_OBJECT_JSON_H 1

/* How an object stands, as JSON: an element of "objects" in
 * docs/control-protocol.md. */

#include "src/model/model.h"

struct json;
struct model_observed;
struct model_wanted;

/* Object 'id', which is in 'state' because of 'text', for the caller to
 * destroy. */
struct json *object_json(const char *id, const struct model_wanted *,
                         const struct model_observed *, enum model_state,
                         const char *text);

#endif /* src/host/object-json.h */
