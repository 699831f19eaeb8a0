/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "src/spec/text.h"
#include "util.h"

const char *
lint_severity_name(enum lint_severity severity)
{
    static const char *const names[LINT_N_SEVERITIES] = {
        [LINT_ERROR] = "error",
        [LINT_WARNING] = "warning",
        [LINT_NOTE] = "note",
    };
    return names[severity];
}

void
lint_init(struct lint *l, const struct specs *specs,
          const struct model_wanted *wanted)
{
    memset(l, 0, sizeof *l);
    l->specs = specs;
    l->wanted = wanted;
}

static void
destroy_finding(struct lint_finding *f)
{
    free(f->file);
    free(f->pointer);
    free(f->text);
}

void
lint_destroy(struct lint *l)
{
    for (size_t i = 0; i < l->n; i++) {
        destroy_finding(&l->findings[i]);
    }
    free(l->findings);
}

void
lint_keep(struct lint *l, const char *file)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n; i++) {
        if (!strcmp(l->findings[i].file, file)) {
            l->findings[n++] = l->findings[i];
        } else {
            destroy_finding(&l->findings[i]);
        }
    }
    l->n = n;
}

static struct lint_finding *
add_finding(struct lint *l, enum lint_severity severity, const char *rule,
            const char *file)
{
    if (l->n >= l->allocated) {
        l->findings = x2nrealloc(l->findings, &l->allocated,
                                 sizeof *l->findings);
    }

    struct lint_finding *f = &l->findings[l->n++];
    memset(f, 0, sizeof *f);
    f->severity = severity;
    f->rule = rule;
    f->file = xstrdup(file);
    return f;
}

void
lint_add_message(struct lint *l, const char *file, const char *message)
{
    struct lint_finding *f = add_finding(l, LINT_ERROR, "spec", file);
    size_t len = strlen(file);
    const char *p = message;
    const char *end = NULL;
    int n = 0;

    if (!strncmp(p, file, len) && p[len] == ':') {
        p += len;
        if (sscanf(p, ":%u:%u: %n", &f->line, &f->column, &n) == 2 && n) {
            p += n;
        } else {
            f->line = f->column = 0;
            p += 1 + (p[1] == ' ');
        }
        /* Else it begins with a path, maybe. */
        end = *p == '/' ? strstr(p, ": ") : NULL;
    }
    f->pointer = end ? xmemdup0(p, end - p) : xstrdup("");
    f->text = xstrdup(end ? end + 2 : p);
}

/* Finds 'pointer' in the text of 'name'; '*file' is that text's. */
static bool
find(const struct lint *l, const char *name, const char *pointer,
     const struct specs_file **file, struct text_span *span)
{
    *file = specs_get(l->specs, name);
    return (*file && (*file)->text
            && text_find((*file)->text, (*file)->len, pointer, span));
}

static void OVS_PRINTF_FORMAT(7, 0)
add_at(struct lint *l, enum lint_severity severity, const char *rule,
       const char *name, char *pointer, bool at_key, const char *format,
       va_list args)
{
    struct lint_finding *f = add_finding(l, severity, rule, name);
    const struct specs_file *file;
    struct text_span span;

    if (find(l, name, pointer, &file, &span)) {
        text_position(file->text, file->len, at_key ? span.key : span.start,
                      &f->line, &f->column);
    }
    f->pointer = pointer;
    f->text = xvasprintf(format, args);
}

void
lint_add(struct lint *l, enum lint_severity severity, const char *rule,
         const char *file, const char *pointer, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_at(l, severity, rule, file, xstrdup(pointer), false, format, args);
    va_end(args);
}

/* Which of a link's two ends 'port' is, or -1. */
static int
end_of(const struct lint *l, const struct model_object *object,
       const char *link_pointer, const struct model_port *port)
{
    struct ds quoted = DS_EMPTY_INITIALIZER;
    int found = -1;

    text_quote(&quoted, port->row.name);
    for (int i = 0; i < 2; i++) {
        char *pointer = xasprintf("%s/ends/%d/port", link_pointer, i);
        const struct specs_file *file;
        struct text_span span;

        if (find(l, object->source, pointer, &file, &span)
            && span.end - span.start == quoted.length
            && !memcmp(&file->text[span.start], ds_cstr(&quoted),
                       quoted.length)) {
            found = i;
        }
        free(pointer);
    }
    ds_destroy(&quoted);
    return found;
}

/* Where host.json or a VM's file speaks of 'object' and its 'port'. */
static char *
pointer_to(const struct lint *l, const struct model_object *object,
           const struct model_port *port)
{
    static const struct { const char *prefix, *member; } kinds[] = {
        { "bridge:", "/bridges" }, { "bond:", "/bonds" },
        { "link:", "/links" }, { "port:", "/bridges" },
    };
    struct ds ds = DS_EMPTY_INITIALIZER;
    const char *id = object->id;
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
    if (port && !strncmp(id, "link:", 5)) {
        int end = end_of(l, object, ds_cstr(&ds), port);

        if (end >= 0) {
            ds_put_format(&ds, "/ends/%d", end);
        }
    }
    return ds_steal_cstr(&ds);
}

/* The pointer to member 'key' of 'object' and its 'port', for the caller to
 * free, or NULL if the text does not give it. */
static char *
member_of(const struct lint *l, const struct model_object *object,
          const struct model_port *port, const char *key,
          const struct specs_file **file, struct text_span *span)
{
    char *pointer = pointer_to(l, object, port);
    char *member = xasprintf("%s/%s", pointer, key);

    free(pointer);
    if (!find(l, object->source, member, file, span)) {
        free(member);
        return NULL;
    }
    return member;
}

void
lint_add_object(struct lint *l, enum lint_severity severity,
                const char *rule, const struct model_object *object,
                const struct model_port *port, const char *key,
                const char *format, ...)
{
    const struct specs_file *file;
    struct text_span span;
    char *pointer = (key ? member_of(l, object, port, key, &file, &span)
                     : NULL);
    bool at_key = !pointer;
    va_list args;

    if (!pointer) {
        pointer = pointer_to(l, object, port);
    }
    va_start(args, format);
    add_at(l, severity, rule, object->source, pointer, at_key, format, args);
    va_end(args);
}

bool
lint_gives(const struct lint *l, const struct model_object *object,
           const struct model_port *port, const char *key, const char *value)
{
    const struct specs_file *file;
    struct text_span span;
    char *pointer = member_of(l, object, port, key, &file, &span);
    bool gives = pointer != NULL;

    if (gives && value) {
        /* Blanks within do not count. */
        for (size_t i = span.start; i < span.end; i++) {
            if (!strchr(" \t\r\n", file->text[i])) {
                gives = gives && *value && *value++ == file->text[i];
            }
        }
        gives = gives && !*value;
    }
    free(pointer);
    return gives;
}

static int
compare(const void *a_, const void *b_)
{
    const struct lint_finding *a = a_;
    const struct lint_finding *b = b_;
    int cmp = strcmp(a->file, b->file);

    if (!cmp) {
        cmp = (a->line != b->line ? (a->line < b->line ? -1 : 1)
               : a->column != b->column ? (a->column < b->column ? -1 : 1)
               : (int) a->severity - (int) b->severity);
    }
    return cmp ? cmp : strcmp(a->text, b->text);
}

void
lint_run(struct lint *l)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &l->specs->files) {
        const struct specs_file *file = node->data;

        for (size_t i = 0; i < file->errors.n; i++) {
            lint_add_message(l, file->name, file->errors.names[i]);
        }
    }
    lint_references(l);
    lint_vlans(l);
    lint_paths(l);
    if (l->n) {
        qsort(l->findings, l->n, sizeof *l->findings, compare);
    }
}

size_t
lint_count(const struct lint *l, enum lint_severity severity,
           const char *file)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n; i++) {
        n += (l->findings[i].severity == severity
              && (!file || !strcmp(file, l->findings[i].file)));
    }
    return n;
}
