/* SPDX-License-Identifier: Apache-2.0 */
/* csv.h - tables as text, a row at a time: RFC 4180, and what programs write that follow it loosely.
 *
 * Layer:   base.
 * Threads: one thread a reader.
 * Memory:  a reader borrows the text; as_csv_done() frees its row. Bounded: 1000 fields a row, 1 MiB a field.
 */
#ifndef AS_BASE_CSV_H
#define AS_BASE_CSV_H

#include "base/err.h"
#include "base/str.h"

#define AS_CSV_MAX_FIELDS 1000

typedef struct as_csv {
    const char *p, *end, *name;
    char        comma; /* ',' ';' or a tab: what the first line has most of */
    size_t      line;  /* that the row began in, 1-based */
    size_t      next_line;
    as_str      bytes; /* the fields one behind the other, each ended by a zero byte */
    const char *fields[AS_CSV_MAX_FIELDS];
    size_t      n_fields;
} as_csv;

/* name is what errors call the text. A byte order mark is skipped. */
void as_csv_init(as_csv *csv, const void *bytes, size_t n, const char *name);
void as_csv_done(as_csv *csv);

/* The next row that is not empty into fields[0..n_fields), valid until the next call. False at the end with *ret_end set,
 * or on AS_EFORMAT, AS_ELIMIT: "NAME:LINE: ...". */
AS_CHECK bool as_csv_row(as_csv *csv, bool *ret_end, as_err *err);

/* A field as it must stand in a table with commas: quoted where it must be. */
void as_csv_add(as_str *out, const char *field);

#endif
