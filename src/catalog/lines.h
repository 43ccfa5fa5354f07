/* SPDX-License-Identifier: Apache-2.0 */
/* lines.h - the lines of a text that comes in pieces. For the files of this folder only.
 *
 * Layer:   catalog.
 * Threads: one thread.
 * Memory:  as_lines_done frees what is kept of a line that goes on in the next piece; bounded by n_most.
 */
#ifndef AS_CATALOG_LINES_H
#define AS_CATALOG_LINES_H

#include "base/err.h"
#include "base/text.h"

typedef struct as_lines {
    const char *what;   /* "manifest": for errors */
    size_t      n_most; /* bytes of a line, without its end */
    /* One line; false with why: what is wrong with it, and AS_EFORMAT where it is not the memory. number: from 1. */
    bool (*line)(void *ctx, as_text_cursor *c, size_t number, as_err *why);
    void  *ctx;
    as_str rest; /* as_lines_init makes it */
    size_t n;    /* lines so far */
} as_lines;

void          as_lines_init(as_lines *lines);
AS_CHECK bool as_lines_take(void *lines, const uint8_t *bytes, size_t n, as_err *err);
AS_CHECK bool as_lines_end(const as_lines *lines, as_err *err); /* AS_EFORMAT when the last one has no end */
void          as_lines_done(as_lines *lines);

#endif
