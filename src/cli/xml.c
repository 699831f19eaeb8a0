/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/xml.h"

#include <expat.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "util.h"

/* What XML calls white space. */
#define BLANKS " \t\r\n"

struct builder {
    XML_Parser parser;
    struct xml *root;
    struct xml *open;           /* The innermost element that has begun and
                                 * not ended, or NULL. */
    unsigned int depth;
    const char *refusal;        /* Why we stopped the parser, or NULL. */
};

static void
refuse(struct builder *b, const char *why)
{
    b->refusal = why;
    XML_StopParser(b->parser, XML_FALSE);
}

static void
start_element(void *b_, const XML_Char *name, const XML_Char **attributes)
{
    struct builder *b = b_;
    struct xml *xml;

    if (++b->depth > XML_MAX_DEPTH) {
        refuse(b, "elements are nested too deeply");
    }
    if (b->refusal) {
        return;
    }
    xml = xzalloc(sizeof *xml);
    xml->parent = b->open;
    xml->name = xstrdup(name);
    xml->line = XML_GetCurrentLineNumber(b->parser);
    ovs_list_init(&xml->children);
    smap_init(&xml->attributes);
    ds_init(&xml->text);
    for (; attributes[0]; attributes += 2) {
        smap_add(&xml->attributes, attributes[0], attributes[1]);
    }
    if (b->open) {
        ovs_list_push_back(&b->open->children, &xml->node);
    } else {
        ovs_list_init(&xml->node);
        b->root = xml;
    }
    b->open = xml;
}

static void
end_element(void *b_, const XML_Char *name OVS_UNUSED)
{
    struct builder *b = b_;

    b->depth--;
    if (!b->refusal) {
        b->open = b->open->parent;
    }
}

static void
add_text(void *b_, const XML_Char *text, int len)
{
    struct builder *b = b_;

    if (!b->refusal) {
        ds_put_buffer(&b->open->text, text, len);
    }
}

/* Whatever a declaration brings is not wanted, least of all entities. */
static void
stop_at_doctype(void *b_, const XML_Char *name OVS_UNUSED,
                const XML_Char *system OVS_UNUSED,
                const XML_Char *public OVS_UNUSED,
                int has_internal_subset OVS_UNUSED)
{
    refuse(b_, "a document type declaration is refused: it is not for data");
}

/* Why there is no tree, for the caller to free. */
static char *
explain(const struct builder *b)
{
    enum XML_Error code = XML_GetErrorCode(b->parser);

    if (b->refusal) {
        return xstrdup(b->refusal);
    } else if (code == XML_ERROR_NO_ELEMENTS && b->open) {
        /* libexpat says that it has found no element. */
        return xasprintf("the text ends within <%s>, which begins in line %ld",
                         b->open->name, b->open->line);
    } else if (code == XML_ERROR_UNKNOWN_ENCODING) {
        return xstrdup("unknown encoding; convert it to UTF-8");
    }
    return xstrdup(XML_ErrorString(code));
}

struct xml *
xml_parse(const char *text, size_t len, char **error, long int *line)
{
    const XML_Memory_Handling_Suite memory = { xmalloc, xrealloc, free };
    struct builder b = { .parser = XML_ParserCreate_MM(NULL, &memory, NULL) };
    bool ok;

    *error = NULL;
    *line = 1;
    if (len > INT_MAX) {
        XML_ParserFree(b.parser);
        *error = xstrdup("is too long");
        return NULL;
    }
    XML_SetUserData(b.parser, &b);
    XML_SetElementHandler(b.parser, start_element, end_element);
    XML_SetCharacterDataHandler(b.parser, add_text);
    XML_SetStartDoctypeDeclHandler(b.parser, stop_at_doctype);
    ok = XML_Parse(b.parser, text, len, XML_TRUE) == XML_STATUS_OK;
    if (!ok) {
        *error = explain(&b);
        *line = XML_GetCurrentLineNumber(b.parser);
        xml_destroy(b.root);
        b.root = NULL;
    }
    XML_ParserFree(b.parser);
    return b.root;
}

/* No deeper than XML_MAX_DEPTH. */
void
xml_destroy(struct xml *xml)
{
    if (xml) {
        struct xml *child;

        LIST_FOR_EACH_POP (child, node, &xml->children) {
            xml_destroy(child);
        }
        free(xml->name);
        smap_destroy(&xml->attributes);
        ds_destroy(&xml->text);
        free(xml);
    }
}

const struct xml *
xml_child(const struct xml *parent, const char *name)
{
    const struct xml *child;

    if (parent) {
        LIST_FOR_EACH (child, node, &parent->children) {
            if (!strcmp(child->name, name)) {
                return child;
            }
        }
    }
    return NULL;
}

const char *
xml_attribute(const struct xml *xml, const char *name)
{
    return xml ? smap_get(&xml->attributes, name) : NULL;
}

char *
xml_content(const struct xml *xml)
{
    const char *s, *end;

    if (!xml) {
        return NULL;
    }
    s = xml->text.length ? xml->text.string : "";
    s += strspn(s, BLANKS);
    end = s + strlen(s);
    while (end > s && strchr(BLANKS, end[-1])) {
        end--;
    }
    return xmemdup0(s, end - s);
}
