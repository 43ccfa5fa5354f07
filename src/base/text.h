/* SPDX-License-Identifier: Apache-2.0 */
/* text.h - JSON written and read by hand, for files of a hundred thousand lines.
 *
 * Layer:   base.
 * Threads: one thread a cursor.
 * Memory:  a cursor borrows the line.
 *
 * A tree of a large file would take ten times its size. With as_text_value such a file is read a value at a time. The
 * grammar is RFC 8259; controls and invalid UTF-8 are the business of who keeps the text.
 */
#ifndef AS_BASE_TEXT_H
#define AS_BASE_TEXT_H

#include "base/str.h"

/* key comes with its punctuation, as in `,"name":"` for a string and `,"n":` for a number. */
void as_text_add_string(as_str *out, const char *key, const char *value); /* closes the quote */
void as_text_add_int(as_str *out, const char *key, int64_t value);
void as_text_add_real(as_str *out, const char *key, double value); /* shortest that reads back; not finite: nothing */

/* A text being read. Each function skips blanks, and on failure leaves the reason in `why`. */
typedef struct as_text_cursor {
    const char *p, *end;
    const char *why;
} as_text_cursor;

bool as_text_fail(as_text_cursor *c, const char *why); /* false */
bool as_text_expect(as_text_cursor *c, char want);
bool as_text_have(as_text_cursor *c, char want); /* takes it if it is next */
bool as_text_string(as_text_cursor *c, as_str *out);
bool as_text_int(as_text_cursor *c, int64_t min, int64_t max, int64_t *ret);
bool as_text_real(as_text_cursor *c, double *ret);
bool as_text_end(as_text_cursor *c); /* nothing but blanks is left */

/* A value of any kind as it stands (not looked into, but balanced and at most 64 deep), its extent in the text. */
bool as_text_value(as_text_cursor *c, const char **ret, size_t *ret_n);

#endif
