/* SPDX-License-Identifier: Apache-2.0 */
/* str.h - a growing byte string, always ended by a zero byte.
 *
 * Layer:   base.
 * Threads: one thread.
 * Memory:  as_str_init() allocates nothing; as_str_done() frees. When memory runs out the string turns sticky-failed:
 *          appends do nothing and as_str_ok() is false, so a caller checks once at the end.
 */
#ifndef AS_BASE_STR_H
#define AS_BASE_STR_H

#include <stdarg.h>

#include "base/def.h"

typedef struct as_str {
    char  *s; /* never NULL after as_str_init */
    size_t len, cap;
    bool   failed;
} as_str;

void as_str_init(as_str *str);
void as_str_done(as_str *str);
void as_str_clear(as_str *str); /* length 0, keeps the memory */
bool as_str_ok(const as_str *str);
void as_str_add(as_str *str, const char *s);
void as_str_add_bytes(as_str *str, const void *bytes, size_t n);
void as_str_addf(as_str *str, const char *fmt, ...) AS_PRINTF(2, 3);
void as_str_addv(as_str *str, const char *fmt, va_list ap) AS_PRINTF(2, 0);

/* Takes the heap string out (free() it); str is empty afterwards. NULL if it had failed. */
AS_CHECK char *as_str_take(as_str *str);

/* Heap copies; NULL when memory ran out. */
AS_CHECK char *as_strdupf(const char *fmt, ...) AS_PRINTF(1, 2);

/* Copies at most cap-1 bytes and ends with a zero byte. True if all of src fitted. */
bool as_str_copy(char *dst, size_t cap, const char *src);

/* Bytes of the printable UTF-8 character that s[0..n) starts with; 0 if it is invalid, cut short or a control. */
size_t as_str_char_bytes(const char *s, size_t n);

/* A name from outside (a file name of any bytes) made safe to print and to store as UTF-8: invalid UTF-8 bytes and
 * control characters become \xHH, a backslash becomes \\. The result is reversible and unique. */
void as_str_add_escaped(as_str *str, const char *bytes, size_t n);

/* Undoes as_str_add_escaped. False if `text` is no such escape. */
AS_CHECK bool as_str_add_unescaped(as_str *str, const char *text);

bool as_str_starts(const char *s, const char *prefix);
bool as_str_ends(const char *s, const char *suffix);

/* The candidate nearest to `word` by edit distance (Damerau-Levenshtein, at most a third of its length, at least 1), or
 * NULL. */
const char *as_str_nearest(const char *word, const char *const *candidates, size_t n);

/* Whole-string parses; false on anything left over, overflow, NaN. */
AS_CHECK bool as_str_to_i64(const char *s, int64_t *ret);
AS_CHECK bool as_str_to_u64(const char *s, uint64_t *ret);
AS_CHECK bool as_str_to_f64(const char *s, double *ret);

#endif
