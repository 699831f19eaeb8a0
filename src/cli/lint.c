/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/lint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "src/cli/near.h"
#include "src/model/observed.h"
#include "src/spec/text.h"
#include "sset.h"
#include "util.h"

#define HOST_FILE "host.json"

/* Where host.json or a VM's file speaks of object 'id'. */
static char *
pointer_to(const char *id)
{
    static const struct { const char *prefix, *member; } kinds[] = {
        { "bridge:", "/bridges" }, { "bond:", "/bonds" },
        { "link:", "/links" }, { "port:", "/bridges" },
    };
    struct ds ds = DS_EMPTY_INITIALIZER;
    const char *slash = strchr(id, '/');

    if (model_id_is_nic(id)) {
        ds_put_cstr(&ds, "/nics");
        text_pointer_append(&ds, slash + 1);
        return ds_steal_cstr(&ds);
    }
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        size_t len = strlen(kinds[i].prefix);

        if (!strncmp(id, kinds[i].prefix, len)) {
            char *name = xmemdup0(id + len, slash ? slash - id - len
                                  : strlen(id + len));
            ds_put_cstr(&ds, kinds[i].member);
            text_pointer_append(&ds, name);
            free(name);
        }
    }
    if (slash) {
        ds_put_cstr(&ds, "/ports");
        text_pointer_append(&ds, slash + 1);
    }
    return ds_steal_cstr(&ds);
}

/* Adds "FILE:LINE:COLUMN: POINTER: TEXT" for member 'key' (if it is there) of
 * what speaks of 'object'. */
static void
add_message(const struct specs *specs, const struct model_object *object,
            const char *key, const char *text, struct svec *messages)
{
    const struct specs_file *file = specs_get(specs, object->source);
    char *pointer = pointer_to(object->id);
    unsigned int line = 1, column = 1;
    struct text_span span;

    if (file && file->text && key) {
        char *member = xasprintf("%s/%s", pointer, key);

        if (text_find(file->text, file->len, member, &span)) {
            free(pointer);
            pointer = member;
        } else {
            free(member);
        }
    }
    if (file && file->text
        && text_find(file->text, file->len, pointer, &span)) {
        text_position(file->text, file->len, key ? span.start : span.key,
                      &line, &column);
    }
    svec_add_nocopy(messages, xasprintf("%s:%u:%u: %s: %s", object->source,
                                        line, column, pointer, text));
    free(pointer);
}

static void
check_clash(const struct specs *specs, const struct model_wanted *wanted,
            const struct model_observed *nothing,
            const struct model_object *object, struct svec *errors)
{
    char *text = model_wanted_clash(wanted, nothing, object->id);

    if (text) {
        add_message(specs, object, NULL, text, errors);
        free(text);
    }
}

/* What host.json says of bridges. */
struct bridges {
    const struct specs_file *host; /* NULL: nothing is known. */
    bool any;                   /* It lists some. */
    struct sset names;          /* Those that it makes. */
};

static bool
bridges_has(const struct bridges *b, const char *name)
{
    struct ds pointer = DS_EMPTY_INITIALIZER;
    struct text_span span;

    /* In the text: a bridge that is only used is no object. */
    ds_put_cstr(&pointer, "/bridges");
    text_pointer_append(&pointer, name);
    bool has = text_find(b->host->text, b->host->len, ds_cstr(&pointer),
                         &span);
    ds_destroy(&pointer);
    return has;
}

static void
check_bridge(const struct specs *specs, const struct bridges *b,
             const struct model_object *object, const char *bridge,
             struct svec *messages)
{
    if (bridges_has(b, bridge)) {
        return;
    }

    char *near = near_miss(bridge, &b->names);
    char *text = xasprintf("host.json has no bridge \"%s\"; add it, or, if "
                           "somebody else makes it, \"%s\": {\"managed\": "
                           "false}%s", bridge, bridge, near);
    add_message(specs, object, "bridge", text, messages);
    free(text);
    free(near);
}

static void
bridges_init(struct bridges *b, const struct specs *specs,
             const struct model_wanted *wanted)
{
    const struct specs_file *host = specs_get(specs, HOST_FILE);
    struct shash_node *node;
    struct text_span span;

    b->host = host && host->valid && host->text ? host : NULL;
    b->any = b->host && text_find(host->text, host->len, "/bridges", &span);
    sset_init(&b->names);
    SHASH_FOR_EACH (node, &wanted->objects) {
        const struct model_object *object = node->data;
        if (object->bridge) {
            sset_add(&b->names, object->bridge->row.name);
        }
    }
}

void
lint(const struct specs *specs, const struct model_wanted *wanted,
     struct svec *errors, struct svec *notes)
{
    const struct shash_node **nodes = shash_sort(&wanted->objects);
    struct model_observed nothing;
    struct bridges b;

    model_observed_init(&nothing, "", "");
    bridges_init(&b, specs, wanted);
    for (size_t i = 0; i < shash_count(&wanted->objects); i++) {
        const struct model_object *object = nodes[i]->data;

        check_clash(specs, wanted, &nothing, object, errors);
        for (size_t j = 0; b.host && j < object->n_ports; j++) {
            check_bridge(specs, &b, object,
                         model_row_get(&object->ports[j]->row,
                                       MODEL_F_BRIDGE),
                         b.any ? errors : notes);
        }
    }
    if (!specs_get(specs, HOST_FILE)) {
        svec_add(notes, "there is no host.json: whether bridges exist was "
                 "not looked at");
    }
    sset_destroy(&b.names);
    model_observed_destroy(&nothing);
    free(nodes);
}

void
lint_message_parse(struct lint_message *m, const char *file,
                   const char *message)
{
    size_t len = strlen(file);
    const char *p = message;
    int n = 0;

    memset(m, 0, sizeof *m);
    if (!strncmp(p, file, len) && p[len] == ':') {
        p += len;
        if (sscanf(p, ":%u:%u: %n", &m->line, &m->column, &n) == 2 && n) {
            p += n;
        } else {
            m->line = m->column = 0;
            p += 1 + (p[1] == ' ');
        }
    }

    const char *end = *p == '/' ? strstr(p, ": ") : NULL;
    m->pointer = end ? xmemdup0(p, end - p) : xstrdup("");
    m->text = xstrdup(end ? end + 2 : p);
}

void
lint_message_destroy(struct lint_message *m)
{
    free(m->pointer);
    free(m->text);
}
