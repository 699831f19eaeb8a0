/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "src/store/pending.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/util.h"
#include "src/kernel/kernel.h"
#include "src/store/names.h"
#include "util.h"

/* The record of a pending change, in memory and as text. */

#define HEADER "ovs-portd-pending 1\n"

void
pending_clock_read(struct pending_clock *clock)
{
    char *boot_id = kernel_boot_id();

    ovs_strlcpy(clock->boot_id, boot_id, sizeof clock->boot_id);
    clock->now = kernel_boottime_ms();
    free(boot_id);
}

/* A line of text for the record: nothing may end it too early. */
static char *
one_line(const char *text)
{
    char *line = xstrdup(text);

    for (char *p = line; *p; p++) {
        if ((unsigned char) *p < ' ' || *p == 127) {
            *p = ' ';
        }
    }
    return line;
}

struct pending *
pending_create(const char *spec_dir, const char *who,
               const struct pending_clock *clock, long long int deadline)
{
    struct pending *p = xzalloc(sizeof *p);

    p->spec_dir = xstrdup(spec_dir);
    p->boot_id = xstrdup(clock->boot_id);
    p->deadline = deadline;
    p->who = one_line(who);
    return p;
}

static void
free_file(struct pending_file *file)
{
    free(file->name);
    free(file->before);
}

void
pending_destroy(struct pending *p)
{
    if (p) {
        for (size_t i = 0; i < p->n; i++) {
            free_file(&p->files[i]);
        }
        free(p->files);
        free(p->spec_dir);
        free(p->boot_id);
        free(p->who);
        free(p);
    }
}

static struct pending_file *
add_file(struct pending *p, const char *name, const char *before, size_t len,
         const char *after_sha256)
{
    if (p->n >= p->allocated) {
        p->files = x2nrealloc(p->files, &p->allocated, sizeof *p->files);
    }

    struct pending_file *file = &p->files[p->n++];
    memset(file, 0, sizeof *file);
    file->name = xstrdup(name);
    if (before) {
        file->before = xmemdup0(before, len);
        file->len = len;
        store_sha256(before, len, file->before_sha256);
    }
    ovs_strlcpy(file->after_sha256, after_sha256, sizeof file->after_sha256);
    return file;
}

void
pending_add(struct pending *p, const char *name,
            const struct store_file *before, const char *after_sha256)
{
    bool there = before && before->state == STORE_OK;

    add_file(p, name, there ? before->text : NULL, there ? before->len : 0,
             after_sha256);
}

const struct pending_file *
pending_find(const struct pending *p, const char *name)
{
    for (size_t i = 0; p && i < p->n; i++) {
        if (!strcmp(p->files[i].name, name)) {
            return &p->files[i];
        }
    }
    return NULL;
}

long long int
pending_left(const struct pending *p, const struct pending_clock *clock)
{
    return (strcmp(p->boot_id, clock->boot_id) || clock->now >= p->deadline
            ? 0 : p->deadline - clock->now);
}

char *
pending_describe(const struct pending *p, const struct pending_clock *clock)
{
    long long int left = pending_left(p, clock);

    return (p->stuck
            ? xasprintf("by %s, not to be undone by itself", p->who)
            : left ? xasprintf("by %s, %lld s left", p->who,
                               (left + 999) / 1000)
            : strcmp(p->boot_id, clock->boot_id)
            ? xasprintf("by %s, before the machine was restarted", p->who)
            : xasprintf("by %s, whose time is up", p->who));
}

/* Text. */

char *
pending_format(const struct pending *p, size_t *len)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    char sha256[STORE_SHA256_LEN + 1];

    ds_put_format(&ds, HEADER "dir %s\nboot %s\ndeadline %lld\nwho %s\n",
                  p->spec_dir, p->boot_id, p->deadline, p->who);
    if (p->stuck) {
        ds_put_cstr(&ds, "stuck\n");
    }
    for (size_t i = 0; i < p->n; i++) {
        const struct pending_file *file = &p->files[i];

        ds_put_format(&ds, "file %s %s ", file->name,
                      *file->after_sha256 ? file->after_sha256 : "-");
        if (file->before) {
            ds_put_format(&ds, "%"PRIuSIZE"\n", file->len);
            ds_put_buffer(&ds, file->before, file->len);
            ds_put_char(&ds, '\n');
        } else {
            ds_put_cstr(&ds, "-\n");
        }
    }
    store_sha256(ds_cstr(&ds), ds.length, sha256);
    ds_put_format(&ds, "end %"PRIuSIZE" %s\n", p->n, sha256);
    *len = ds.length;
    return ds_steal_cstr(&ds);
}

/* A text that is being read. */
struct cursor {
    const char *at;
    const char *end;
};

/* Takes the next line, for the caller to free; NULL if there is none, or if
 * it holds a NUL. */
static char *
take_line(struct cursor *c)
{
    const char *lf = c->at < c->end ? memchr(c->at, '\n', c->end - c->at)
                                    : NULL;

    if (!lf || memchr(c->at, '\0', lf - c->at)) {
        return NULL;
    }

    char *line = xmemdup0(c->at, lf - c->at);
    c->at = lf + 1;
    return line;
}

/* Takes "WORD TEXT" and returns TEXT, for the caller to free, or NULL. */
static char *
take_field(struct cursor *c, const char *word)
{
    char *line = take_line(c);
    size_t n = strlen(word);
    char *text = NULL;

    if (line && !strncmp(line, word, n) && line[n] == ' ') {
        text = xstrdup(line + n + 1);
    }
    free(line);
    return text;
}

static bool
parse_number(const char *s, long long int *number)
{
    return *s && !s[strspn(s, "0123456789")] && str_to_llong(s, 10, number);
}

/* Takes the bytes of a file after its line "NAME AFTER LENGTH". */
static bool
parse_file(struct cursor *c, char *words, struct pending *p)
{
    char *save_ptr = NULL;
    char *name = strtok_r(words, " ", &save_ptr);
    char *after = strtok_r(NULL, " ", &save_ptr);
    char *length = strtok_r(NULL, "", &save_ptr);
    long long int len;
    char *error;

    if (!name || !after || !length
        || (strcmp(after, "-") && !store_is_sha256(after))) {
        return false;
    }
    /* Whoever can write the record can write the files as well; still, a name
     * that leads out of the directory must never be followed. */
    error = store_name_check(name);
    if (error || pending_find(p, name)) {
        free(error);
        return false;
    }
    if (!strcmp(after, "-")) {
        after = "";
    }
    if (!strcmp(length, "-")) {
        add_file(p, name, NULL, 0, after);
        return true;
    } else if (!parse_number(length, &len) || len > STORE_MAX_BYTES
               || len >= c->end - c->at || c->at[len] != '\n') {
        return false;
    }
    add_file(p, name, c->at, len, after);
    c->at += len + 1;
    return true;
}

/* Takes the lines after the header. */
static bool
parse_body(struct cursor *c, const char *start, struct pending *p)
{
    char *deadline;
    bool ok;

    p->spec_dir = take_field(c, "dir");
    p->boot_id = take_field(c, "boot");
    deadline = take_field(c, "deadline");
    p->who = take_field(c, "who");
    ok = (p->spec_dir && p->boot_id && deadline && p->who
          && parse_number(deadline, &p->deadline));
    free(deadline);

    while (ok) {
        char sha256[STORE_SHA256_LEN + 1];
        const char *above = c->at;
        char *line = take_line(c);

        if (line && !strcmp(line, "stuck") && !p->n) {
            p->stuck = true;
        } else if (line && !strncmp(line, "file ", 5)) {
            ok = parse_file(c, line + 5, p);
        } else {
            store_sha256(start, above - start, sha256);

            char *end = xasprintf("end %"PRIuSIZE" %s", p->n, sha256);
            ok = line && !strcmp(line, end) && c->at == c->end;
            free(end);
            free(line);
            break;
        }
        free(line);
    }
    return ok;
}

struct pending *
pending_parse(const char *text, size_t len)
{
    struct cursor c = { text, text + len };
    struct pending *p = xzalloc(sizeof *p);

    if (len > strlen(HEADER) && !memcmp(text, HEADER, strlen(HEADER))) {
        c.at += strlen(HEADER);
        if (parse_body(&c, text, p)) {
            return p;
        }
    }
    pending_destroy(p);
    return NULL;
}
