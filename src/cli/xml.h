/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_XML_H
#define PORTD_CLI_XML_H 1

/* XML
 * ===
 *
 * A text as a tree of elements, read by libexpat.  Nothing is fetched, and a
 * document type declaration, which is where entities come from, is refused
 * unread.  Names are as they are written, with their prefix: an element of
 * somebody else's namespace is not taken for one without. */

#include <stddef.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/list.h"
#include "smap.h"

/* Elements in each other, at most. */
#define XML_MAX_DEPTH 256

struct xml {
    struct ovs_list node;       /* In its parent's 'children'. */
    struct xml *parent;         /* NULL for the root. */
    struct ovs_list children;   /* "struct xml", in order. */
    char *name;
    struct smap attributes;
    struct ds text;             /* What stands in it, but not in an element
                                 * of it. */
    long int line;              /* Where it begins, from 1 on. */
};

/* Parses the 'len' bytes at 'text', of any encoding that libexpat knows.
 * Returns the root element, for the caller to xml_destroy(), or NULL; then
 * '*error', for the caller to free, says why, and '*line' where. */
struct xml *xml_parse(const char *text, size_t len, char **error,
                      long int *line);
void xml_destroy(struct xml *);

/* The first element called 'name' in 'parent', or NULL, as for no parent. */
const struct xml *xml_child(const struct xml *parent, const char *name);

/* The value of an attribute, or NULL, as for no element. */
const char *xml_attribute(const struct xml *, const char *name);

/* The text in an element without the blanks around it, for the caller to
 * free, or NULL for no element. */
char *xml_content(const struct xml *);

#endif /* src/cli/xml.h */
