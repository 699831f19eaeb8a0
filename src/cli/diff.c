/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/diff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "util.h"

#define CONTEXT 3
/* Largest table of the comparison, in cells. */
#define MAX_CELLS (4 * 1024 * 1024)

struct line {
    const char *start;
    size_t len;                 /* Without the line break. */
    bool ends;                  /* It has a line break. */
};

struct lines {
    struct line *lines;
    size_t n, allocated;
};

/* One line of the result: kept, removed or added. */
struct change {
    char sign;                  /* ' ', '-' or '+'. */
    const struct line *line;
};

struct script {
    struct change *changes;
    size_t n, allocated;
};

static void
split(const char *text, struct lines *lines)
{
    memset(lines, 0, sizeof *lines);
    while (text && *text) {
        size_t len = strcspn(text, "\n");

        if (lines->n >= lines->allocated) {
            lines->lines = x2nrealloc(lines->lines, &lines->allocated,
                                      sizeof *lines->lines);
        }
        lines->lines[lines->n++] = (struct line) {
            .start = text, .len = len, .ends = text[len] == '\n'
        };
        text += len + (text[len] == '\n');
    }
}

static bool
same(const struct line *a, const struct line *b)
{
    return (a->len == b->len && a->ends == b->ends
            && !memcmp(a->start, b->start, a->len));
}

static void
add(struct script *s, char sign, const struct line *line)
{
    if (s->n >= s->allocated) {
        s->changes = x2nrealloc(s->changes, &s->allocated,
                                sizeof *s->changes);
    }
    s->changes[s->n++] = (struct change) { .sign = sign, .line = line };
}

/* Compares the 'n' lines at 'a' with the 'm' lines at 'b', by the longest
 * common subsequence. */
static void
compare(const struct line *a, size_t n, const struct line *b, size_t m,
        struct script *s)
{
    size_t width = m + 1;
    size_t i = 0, j = 0;
    uint32_t *common = NULL;

    if (n && m && (n + 1) <= MAX_CELLS / width) {
        common = xcalloc((n + 1) * width, sizeof *common);
        for (i = n; i-- > 0; ) {
            for (j = m; j-- > 0; ) {
                common[i * width + j] = same(&a[i], &b[j])
                    ? common[(i + 1) * width + j + 1] + 1
                    : MAX(common[(i + 1) * width + j],
                          common[i * width + j + 1]);
            }
        }
        i = j = 0;
        while (i < n && j < m) {
            if (same(&a[i], &b[j])) {
                add(s, ' ', &a[i++]);
                j++;
            } else if (common[(i + 1) * width + j]
                       >= common[i * width + j + 1]) {
                add(s, '-', &a[i++]);
            } else {
                add(s, '+', &b[j++]);
            }
        }
        free(common);
    }
    while (i < n) {
        add(s, '-', &a[i++]);
    }
    while (j < m) {
        add(s, '+', &b[j++]);
    }
}

static void
make_script(const struct lines *a, const struct lines *b, struct script *s)
{
    size_t head = 0, tail = 0;

    memset(s, 0, sizeof *s);
    while (head < a->n && head < b->n
           && same(&a->lines[head], &b->lines[head])) {
        add(s, ' ', &a->lines[head++]);
    }
    while (head + tail < a->n && head + tail < b->n
           && same(&a->lines[a->n - tail - 1], &b->lines[b->n - tail - 1])) {
        tail++;
    }
    compare(a->lines + head, a->n - head - tail,
            b->lines + head, b->n - head - tail, s);
    for (size_t i = a->n - tail; i < a->n; i++) {
        add(s, ' ', &a->lines[i]);
    }
}

/* Finds the next hunk at or after change 'i': changes with no more than twice
 * CONTEXT kept lines between them. */
static bool
next_hunk(const struct script *s, size_t i, size_t *start, size_t *end)
{
    while (i < s->n && s->changes[i].sign == ' ') {
        i++;
    }
    if (i >= s->n) {
        return false;
    }
    *start = i > CONTEXT ? i - CONTEXT : 0;

    size_t last = i;
    for (; i < s->n && i - last <= 2 * CONTEXT + 1; i++) {
        if (s->changes[i].sign != ' ') {
            last = i;
        }
    }
    *end = MIN(s->n, last + CONTEXT + 1);
    return true;
}

static size_t
count(const struct script *s, size_t start, size_t end, char but)
{
    size_t n = 0;

    for (size_t i = start; i < end; i++) {
        n += s->changes[i].sign != but;
    }
    return n;
}

static void
put_hunk(const struct script *s, size_t start, size_t end, struct ds *out)
{
    size_t old_n = count(s, start, end, '+');
    size_t new_n = count(s, start, end, '-');
    /* diff gives the line before where there is no line. */
    size_t old_at = count(s, 0, start, '+') + (old_n > 0);
    size_t new_at = count(s, 0, start, '-') + (new_n > 0);

    ds_put_format(out, "@@ -%"PRIuSIZE",%"PRIuSIZE" +%"PRIuSIZE",%"PRIuSIZE
                  " @@\n", old_at, old_n, new_at, new_n);
    for (size_t i = start; i < end; i++) {
        const struct line *line = s->changes[i].line;

        ds_put_char(out, s->changes[i].sign);
        ds_put_buffer(out, line->start, line->len);
        ds_put_cstr(out, line->ends ? "\n"
                    : "\n\\ No newline at end of file\n");
    }
}

void
diff_format(const char *name, const char *old, const char *new,
            struct ds *out)
{
    struct lines a, b;
    struct script s;
    size_t start, end = 0;

    if ((old && new) ? !strcmp(old, new) : old == new) {
        return;
    }
    split(old, &a);
    split(new, &b);
    make_script(&a, &b, &s);
    ds_put_format(out, "--- %s\n+++ %s\n", old ? name : "/dev/null",
                  new ? name : "/dev/null");
    while (next_hunk(&s, end, &start, &end)) {
        put_hunk(&s, start, end, out);
    }
    free(s.changes);
    free(a.lines);
    free(b.lines);
}
