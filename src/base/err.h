/* SPDX-License-Identifier: Apache-2.0 */
/* err.h - what went wrong, in words a person can act on.
 *
 * Layer:   base.
 * Threads: an as_err belongs to one thread; the functions are pure.
 * Memory:  as_err is a plain value of fixed size, never allocated.
 *
 * What can fail returns bool or a pointer and takes `as_err *err` last. *err is untouched on success. The text is
 * lower case, without a full stop, with the subject in quotes and a remedy where there is one.
 */
#ifndef AS_BASE_ERR_H
#define AS_BASE_ERR_H

#include "base/def.h"

typedef enum as_err_code {
    AS_OK = 0,
#define X(name, exit, http, text) name,
#include "base/err.def"
#undef X
    AS_ERR_COUNT
} as_err_code;

typedef struct as_err {
    as_err_code code;
    char        text[1000]; /* UTF-8, printable as it stands */
} as_err;

/* clang-format off */
#define AS_ERR_NONE {AS_OK, {0}}
/* clang-format on */

/* Sets *err (which may be NULL) and evaluates to false: `return AS_FAIL(err, AS_EINVAL, "bad '%s'", s);` */
#define AS_FAIL(err, code, ...) as_err_false(as_err_set((err), (code), __VA_ARGS__))

/* Lets the compiler see that it is false, so that it knows which out-parameters were written. */
static inline bool as_err_false(bool failed)
{
    (void)failed;
    return false;
}

bool as_err_set(as_err *err, as_err_code code, const char *fmt, ...) AS_PRINTF(3, 4);

/* As as_err_set, with code and text chosen from an errno value: ENOSPC, EACCES, EROFS, ENOENT, ... */
bool as_err_errno(as_err *err, int errno_value, const char *fmt, ...) AS_PRINTF(3, 4);

/* Puts "what: " in front of the text already there. Returns false. */
bool as_err_note(as_err *err, const char *fmt, ...) AS_PRINTF(2, 3);

int         as_err_exit_status(as_err_code code); /* 0, 2 (wrong use or bad input), 3 (the outside failed) */
int         as_err_http_status(as_err_code code); /* 200 for AS_OK */
const char *as_err_name(as_err_code code);        /* "AS_EINVAL" */
const char *as_err_default_text(as_err_code code);

#endif
