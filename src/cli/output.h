/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_OUTPUT_H
#define PORTD_CLI_OUTPUT_H 1

/* Output
 * ======
 *
 * Tables: for people aligned, without frames and not wider than a terminal;
 * with -f as OVS's own tools print them.  It knows of objects only that a
 * column called "state" has a colour. */

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "table.h"

#define OUTPUT_MAX_COLUMNS 12

/* Largest width of a line for people. */
#define OUTPUT_WIDTH 100

struct output_cell {
    char *text;
    bool is_integer;            /* Text is a number, and is one in JSON. */
    long long int integer;
};

struct output {
    const char *const *headings; /* Lower case; for people in upper case. */
    size_t n_columns;
    struct output_cell *cells;
    size_t n_cells, allocated_cells;
    /* For people, the last column is free text: it goes to lines of its own
     * where it would make the line too wide.  Other columns are shortened. */
    bool text_last;
    /* In JSON an array of objects, for CI and the like, instead of OVS's
     * table. */
    bool objects;
};

struct output_style {
    const struct table_style *table; /* NULL: for people. */
    bool headings;
    bool color;
    const char *columns;        /* "a,b": only these; or NULL. */
};

/* 'headings' is NULL-terminated and borrowed. */
void output_init(struct output *, const char *const *headings);
void output_destroy(struct output *);

/* Cells are added row by row. */
void output_text(struct output *, const char *text);
void output_integer(struct output *, long long int);

/* Appends the table to 'out'.  Returns NULL, or an error message: 'columns'
 * names one that there is not. */
char *output_format(const struct output *, const struct output_style *,
                    struct ds *out) OVS_WARN_UNUSED_RESULT;

/* Appends 'json', with a line break, as the style's flags say. */
void output_json(const struct json *, const struct output_style *,
                 struct ds *out);

/* Appends 's', in 'color' ("31") if the style has any. */
void output_put_colored(struct ds *out, const struct output_style *,
                        const char *color, const char *s);

/* Appends 's', with control characters, and what is no UTF-8, made visible. */
void output_put_safe(struct ds *out, const char *s);

/* 's' with its middle left out, where it has more than 'width' (at least 3)
 * characters, for the caller to free. */
char *output_shorten(const char *s, size_t width);

/* Appends 'text' at 'column' of a line, folded at blanks so that no line is
 * wider than 'width'; further lines are indented by 'indent'. */
void output_put_folded(struct ds *out, const char *text, size_t column,
                       size_t indent, size_t width);

#endif /* src/cli/output.h */
