/* SPDX-License-Identifier: Apache-2.0 */
/* term.h - what a person sees: progress bars, colours, tables.
 *
 * Layer:   cli.
 * Threads: tables one thread; the bar and lines to stderr any: a line is whole, and never mixed with the bar.
 * Memory:  a table owns copies of its cells.
 */
#ifndef AS_CLI_TERM_H
#define AS_CLI_TERM_H

#include "cli/verb.h"

/* Draws "what  [#####.....]  42 %  12.3 s left" on stderr at most ten times a second; ctx is the as_cli. */
void as_term_progress(void *ctx, const char *what, uint64_t done, uint64_t total);
void as_term_progress_end(as_cli *cli); /* clears the line; harmless without a bar */

/* A line to stderr for the person at the terminal: not with -q. Clears the bar first. */
void as_term_say(as_cli *cli, const char *fmt, ...) AS_PRINTF(2, 3);

/* As as_term_say, from any thread while work goes on: the bar is drawn again below it. */
void as_term_log(as_cli *cli, const char *fmt, ...) AS_PRINTF(2, 3);

unsigned as_term_out_width(void); /* columns of the terminal that stdout is; 80 where it is none */

/* True when cli->out is a pipe that nobody reads any more. */
bool as_term_out_is_gone(const as_cli *cli);

typedef enum as_style {
    AS_STYLE_NONE,
    AS_STYLE_BOLD,
    AS_STYLE_DIM,
    AS_STYLE_GOOD,
    AS_STYLE_BAD,
    AS_STYLE_WARN,
    AS_STYLE_COUNT
} as_style;

const char *as_term_style(const as_cli *cli, as_style style); /* escape sequence, or "" without colour */
const char *as_term_plain(const as_cli *cli);                 /* ends a style */

typedef struct as_table as_table;

/* columns: headings ended by NULL; one beginning with '>' is right-aligned. */
AS_CHECK as_table *as_table_new(const char *const *columns);
void               as_table_cell(as_table *table, as_style style, const char *fmt, ...) AS_PRINTF(3, 4);
AS_CHECK bool      as_table_print(as_table *table, as_cli *cli, as_err *err); /* and frees it */

#endif
