/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/output.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "src/host/safe-text.h"
#include "src/model/model.h"
#include "svec.h"
#include "util.h"

/* A column is not made narrower than that. */
#define COLUMN_MIN 10

void
output_init(struct output *o, const char *const *headings)
{
    memset(o, 0, sizeof *o);
    o->headings = headings;
    while (headings[o->n_columns]) {
        o->n_columns++;
    }
    ovs_assert(o->n_columns <= OUTPUT_MAX_COLUMNS);
}

void
output_destroy(struct output *o)
{
    for (size_t i = 0; i < o->n_cells; i++) {
        free(o->cells[i].text);
    }
    free(o->cells);
}

static struct output_cell *
add_cell(struct output *o, char *text)
{
    if (o->n_cells >= o->allocated_cells) {
        o->cells = x2nrealloc(o->cells, &o->allocated_cells,
                              sizeof *o->cells);
    }

    struct output_cell *cell = &o->cells[o->n_cells++];
    memset(cell, 0, sizeof *cell);
    cell->text = text;
    return cell;
}

void
output_put_safe(struct ds *out, const char *s)
{
    safe_text_put(out, s, false);
}

void
output_put_colored(struct ds *out, const struct output_style *style,
                   const char *color, const char *s)
{
    if (style->color) {
        ds_put_format(out, "\033[%sm%s\033[0m", color, s);
    } else {
        ds_put_cstr(out, s);
    }
}

/* What OVS or a file says must not steer a terminal. */
void
output_text(struct output *o, const char *text)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    output_put_safe(&ds, text);
    add_cell(o, ds_steal_cstr(&ds));
}

void
output_integer(struct output *o, long long int integer)
{
    struct output_cell *cell = add_cell(o, xasprintf("%lld", integer));

    cell->is_integer = true;
    cell->integer = integer;
}

/* The indexes of the columns to print. */
static char *
choose_columns(const struct output *o, const char *columns,
               size_t chosen[OUTPUT_MAX_COLUMNS], size_t *n)
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    char *error = NULL;

    *n = 0;
    if (!columns) {
        while (*n < o->n_columns) {
            chosen[*n] = *n;
            ++*n;
        }
        return NULL;
    }

    char *copy = xstrdup(columns);
    char *save = NULL;
    for (char *name = strtok_r(copy, ", ", &save); name && !error;
         name = strtok_r(NULL, ", ", &save)) {
        size_t i = 0;

        while (i < o->n_columns && strcasecmp(name, o->headings[i])) {
            i++;
        }
        if (i >= o->n_columns) {
            for (i = 0; i < o->n_columns; i++) {
                svec_add(&names, o->headings[i]);
            }
            char *all = svec_join(&names, ",", "");
            error = xasprintf("--columns: there is no column \"%s\"; there "
                              "are %s", name, all);
            free(all);
        } else if (*n < OUTPUT_MAX_COLUMNS) {
            chosen[(*n)++] = i;
        }
    }
    svec_destroy(&names);
    free(copy);
    return error;
}

/* As "\033[...m" has them. */
#define RED "31"
#define GREEN "32"
#define YELLOW "33"
#define CYAN "36"

static const char *
state_color(const char *state)
{
    switch (model_state_from_name(state)) {
    case MODEL_READY:
        return GREEN;
    case MODEL_PAUSED:
    case MODEL_QUARANTINED:
        return CYAN;
    case MODEL_CONFLICT:
    case MODEL_ERROR:
    case MODEL_INVALID:
    case MODEL_DEGRADED:
        return RED;
    case MODEL_N_STATES:        /* Of a file, then. */
        return !strcmp(state, "valid") ? GREEN : YELLOW;
    case MODEL_APPLYING:
    case MODEL_WAITING:
    case MODEL_PENDING:
    case MODEL_IN_USE:
    case MODEL_HELD:
    default:
        return YELLOW;
    }
}

/* The number of characters, not bytes, of 's'. */
static size_t
width_of(const char *s)
{
    size_t n = 0;

    for (; *s; s++) {
        n += ((unsigned char) *s & 0xc0) != 0x80;
    }
    return n;
}

/* The byte at which character 'n' of 's' begins. */
static size_t
offset_of(const char *s, size_t n)
{
    size_t i = 0;

    while (s[i] && n) {
        i++;
        n -= ((unsigned char) s[i] & 0xc0) != 0x80;
    }
    return i;
}

char *
output_shorten(const char *s, size_t width)
{
    size_t n = width_of(s);
    size_t head = (width - 1) / 2;

    return (n <= width ? xstrdup(s)
            : xasprintf("%.*s…%s", (int) offset_of(s, head), s,
                        s + offset_of(s, n - (width - 1 - head))));
}

/* Appends 'word', which is wider than a line. */
static size_t
put_broken(struct ds *out, const char *word, size_t column, size_t indent,
           size_t width)
{
    size_t n = width_of(word);

    while (column + n > width) {
        size_t part = offset_of(word, width > column ? width - column : 1);

        ds_put_buffer(out, word, part);
        ds_put_char(out, '\n');
        ds_put_char_multiple(out, ' ', indent);
        word += part;
        n = width_of(word);
        column = indent;
    }
    ds_put_cstr(out, word);
    return column + n;
}

void
output_put_folded(struct ds *out, const char *text, size_t column,
                  size_t indent, size_t width)
{
    char *copy = xstrdup(text);
    char *save = NULL;
    bool first = true;

    for (char *word = strtok_r(copy, " ", &save); word;
         word = strtok_r(NULL, " ", &save)) {
        if (!first && column + 1 + width_of(word) > width) {
            ds_put_char(out, '\n');
            ds_put_char_multiple(out, ' ', indent);
            column = indent;
        } else if (!first) {
            ds_put_char(out, ' ');
            column++;
        }
        column = put_broken(out, word, column, indent, width);
        first = false;
    }
    free(copy);
}

static void
put_upper(struct ds *out, const char *s)
{
    for (; *s; s++) {
        ds_put_char(out, toupper((unsigned char) *s));
    }
}

struct human {
    const struct output *o;
    const struct output_style *style;
    const size_t *chosen;
    size_t n;
    size_t widths[OUTPUT_MAX_COLUMNS];
};

static const char *
cell_at(const struct human *h, size_t row, size_t i)
{
    return h->o->cells[row * h->o->n_columns + h->chosen[i]].text;
}

static void
put_cell(const struct human *h, size_t i, const char *text, struct ds *out)
{
    bool color = !strcmp(h->o->headings[h->chosen[i]], "state");

    if (color) {
        output_put_colored(out, h->style, state_color(text), text);
    } else {
        ds_put_cstr(out, text);
    }
}

static bool
is_free_text(const struct human *h, size_t i)
{
    return h->o->text_last && h->chosen[i] == h->o->n_columns - 1;
}

static void
put_row(const struct human *h, size_t row, struct ds *out)
{
    size_t column = 0, pad = 0;

    for (size_t i = 0; i < h->n; i++) {
        const char *text = cell_at(h, row, i);

        if (is_free_text(h, i)) {
            bool fits = column + pad + width_of(text) <= OUTPUT_WIDTH;

            if (*text) {
                ds_put_cstr(out, fits ? "" : "\n    ");
                ds_put_char_multiple(out, ' ', fits ? pad : 0);
                output_put_folded(out, text, fits ? column + pad : 4, 4,
                                  OUTPUT_WIDTH);
            }
            continue;
        }

        char *cell = output_shorten(text, MAX(h->widths[i], COLUMN_MIN));
        size_t width = width_of(cell);
        if (width) {
            ds_put_char_multiple(out, ' ', pad);
            put_cell(h, i, cell, out);
            column += pad + width;
            pad = 0;
        }
        pad += h->widths[i] - MIN(width, h->widths[i]) + 2;
        free(cell);
    }
    ds_put_char(out, '\n');
}

/* Makes the widest columns narrower until a line is not too wide; the first
 * one, what the line is about, gives up last. */
static void
fit_widths(struct human *h)
{
    for (;;) {
        size_t total = 0, widest = 0;

        for (size_t i = 0; i < h->n; i++) {
            total += is_free_text(h, i) ? 0 : h->widths[i] + (i ? 2 : 0);
            if (h->widths[i] > h->widths[widest] / (widest ? 1 : 2)) {
                widest = i;
            }
        }
        if (total <= OUTPUT_WIDTH || h->widths[widest] <= COLUMN_MIN) {
            return;
        }
        h->widths[widest]--;
    }
}

static void
put_headings(const struct human *h, struct ds *out)
{
    size_t pad = 0;

    for (size_t i = 0; i < h->n && !is_free_text(h, i); i++) {
        const char *heading = h->o->headings[h->chosen[i]];

        ds_put_char_multiple(out, ' ', pad);
        put_upper(out, heading);
        pad = h->widths[i] - MIN(strlen(heading), h->widths[i]) + 2;
    }
    ds_put_char(out, '\n');
}

static void
format_human(const struct human *given, struct ds *out)
{
    struct human h = *given;
    size_t n_rows = h.o->n_cells / h.o->n_columns;

    for (size_t i = 0; i < h.n; i++) {
        const char *heading = h.o->headings[h.chosen[i]];

        h.widths[i] = (h.style->headings && !is_free_text(&h, i)
                       ? strlen(heading) : 0);
        for (size_t row = 0; row < n_rows && !is_free_text(&h, i); row++) {
            h.widths[i] = MAX(h.widths[i], width_of(cell_at(&h, row, i)));
        }
    }
    fit_widths(&h);
    if (h.style->headings) {
        put_headings(&h, out);
    }
    for (size_t row = 0; row < n_rows; row++) {
        put_row(&h, row, out);
    }
}

static void
format_table(const struct output *o, const struct table_style *style,
             const size_t chosen[], size_t n, struct ds *out)
{
    struct table table;

    table_init(&table);
    for (size_t i = 0; i < n; i++) {
        table_add_column(&table, "%s", o->headings[chosen[i]]);
    }
    for (size_t row = 0; row < o->n_cells / o->n_columns; row++) {
        table_add_row(&table);
        for (size_t i = 0; i < n; i++) {
            const struct output_cell *from
                = &o->cells[row * o->n_columns + chosen[i]];
            struct cell *cell = table_add_cell(&table);

            /* Only JSON has another form for numbers than text. */
            if (from->is_integer && style->format == TF_JSON) {
                cell->json = json_integer_create(from->integer);
            } else {
                cell->text = xstrdup(from->text);
            }
        }
    }
    table_format(&table, style, out);
    table_destroy(&table);
}

static void
format_objects(const struct output *o, const struct output_style *style,
               const size_t chosen[], size_t n, struct ds *out)
{
    struct json *array = json_array_create_empty();

    for (size_t row = 0; row < o->n_cells / o->n_columns; row++) {
        struct json *object = json_object_create();

        for (size_t i = 0; i < n; i++) {
            const struct output_cell *cell
                = &o->cells[row * o->n_columns + chosen[i]];

            json_object_put(object, o->headings[chosen[i]], cell->is_integer
                            ? json_integer_create(cell->integer)
                            : json_string_create(cell->text));
        }
        json_array_add(array, object);
    }
    output_json(array, style, out);
    json_destroy(array);
}

char *
output_format(const struct output *o, const struct output_style *style,
              struct ds *out)
{
    size_t chosen[OUTPUT_MAX_COLUMNS];
    size_t n;
    char *error = choose_columns(o, style->columns, chosen, &n);

    if (error) {
        return error;
    } else if (style->table && style->table->format == TF_JSON
               && o->objects) {
        format_objects(o, style, chosen, n, out);
    } else if (style->table) {
        format_table(o, style->table, chosen, n, out);
    } else {
        struct human h = {
            .o = o, .style = style, .chosen = chosen, .n = n
        };
        format_human(&h, out);
    }
    return NULL;
}

void
output_json(const struct json *json, const struct output_style *style,
            struct ds *out)
{
    safe_text_put_json(out, json, style->table ? style->table->json_flags
                                  : JSSF_SORT);
    ds_put_char(out, '\n');
}
