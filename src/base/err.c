/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

typedef struct err_row {
    const char *name;
    int         exit_status, http_status;
    const char *text;
} err_row;

static const err_row err_rows[AS_ERR_COUNT] = {
    [AS_OK] = {"AS_OK", 0, 200, "no error"},
#define X(name, exit, http, text) [name] = {#name, exit, http, text},
#include "base/err.def"
#undef X
};

static const err_row *err_row_of(as_err_code code)
{
    return (unsigned)code < AS_ERR_COUNT ? &err_rows[code] : &err_rows[AS_EINTERNAL];
}

/* A text is printed on terminals and stored in JSON: whatever name was put into it must not end a line, steer the
 * terminal or break the encoding. What as_str_add_escaped leaves alone (UTF-8, a backslash of an escape) stays. */
static void err_make_printable(char *text, size_t cap)
{
    char   clean[sizeof((as_err *)NULL)->text];
    size_t out = 0;
    for (size_t i = 0; text[i];) {
        size_t n = as_str_char_bytes(text + i, strlen(text + i));
        char   hex[8];
        size_t n_out = n ? n : 4;
        if (out + n_out >= AS_MIN(cap, sizeof clean))
            break;
        if (n) {
            memcpy(clean + out, text + i, n);
        } else {
            snprintf(hex, sizeof hex, "\\x%02x", (unsigned char)text[i]);
            memcpy(clean + out, hex, 4);
        }
        out += n_out;
        i += n ? n : 1;
    }
    clean[out] = '\0';
    memcpy(text, clean, out + 1);
}

static void err_setv(as_err *err, as_err_code code, const char *fmt, va_list ap) AS_PRINTF(3, 0);
static void err_setv(as_err *err, as_err_code code, const char *fmt, va_list ap)
{
    char text[sizeof err->text]; /* the arguments may point into *err */
    if (vsnprintf(text, sizeof text, fmt, ap) < 0)
        as_str_copy(text, sizeof text, err_row_of(code)->text);
    err_make_printable(text, sizeof text);
    err->code = code == AS_OK ? AS_EINTERNAL : code;
    memcpy(err->text, text, sizeof text);
}

bool as_err_set(as_err *err, as_err_code code, const char *fmt, ...)
{
    if (!err)
        return false;
    va_list ap;
    va_start(ap, fmt);
    err_setv(err, code, fmt, ap);
    va_end(ap);
    return false;
}

typedef struct err_errno_row {
    int         value;
    as_err_code code;
    const char *text;
} err_errno_row;

static const err_errno_row err_errno_rows[] = {
    {ENOSPC, AS_ENOSPC, "no space left on the disk (free some, or point the workspace elsewhere)"},
    {EDQUOT, AS_ENOSPC, "the disk quota is used up (free some, or point the workspace elsewhere)"},
    {EACCES, AS_EACCESS, "permission denied (change its permissions, or run as its owner)"},
    {EPERM, AS_EACCESS, "not permitted (change its permissions, or run as its owner)"},
    {EROFS, AS_EACCESS, "the file system is read-only (remount it, or point the workspace elsewhere)"},
    {ENOENT, AS_ENOTFOUND, "no such file or folder"},
    {ENXIO, AS_ENOTFOUND, "no such device"},
    {ENODEV, AS_ENOTFOUND, "no such device"},
    {ENOMEM, AS_ENOMEM, "not enough memory"},
    {EEXIST, AS_EEXIST, "exists already"},
    {EBUSY, AS_EBUSY, "in use"},
    {ETXTBSY, AS_EBUSY, "in use as a running program"},
    {EAGAIN, AS_EBUSY, "the system is out of a resource for now (try again)"},
    {ENOTDIR, AS_EINVAL, "it, or a part of its path, is no folder"},
    {EISDIR, AS_EINVAL, "it is a folder"},
    {ELOOP, AS_EINVAL, "too many symbolic links"},
    {EINVAL, AS_EINVAL, "invalid argument"},
    {ENAMETOOLONG, AS_ELIMIT, "the name is too long"},
    {EMFILE, AS_ELIMIT, "too many open files (raise the limit with ulimit -n)"},
    {ENFILE, AS_ELIMIT, "the machine has too many open files"},
    {EFBIG, AS_ELIMIT, "the file would be too large"},
    {ETIMEDOUT, AS_ETIMEOUT, "no answer in time"},
    {ECANCELED, AS_ECANCELLED, "cancelled"},
    {EIO, AS_EIO, "the device reports an input or output error (look into the kernel log)"},
};

static err_errno_row err_of_errno(int value, char *buf, size_t cap)
{
    for (size_t i = 0; i < AS_COUNT(err_errno_rows); i++)
        if (err_errno_rows[i].value == value)
            return err_errno_rows[i];
    const char *name = strerrordesc_np(value); /* not strerror(): it is not thread safe and follows the locale */
    if (name)
        as_str_copy(buf, cap, name);
    else
        snprintf(buf, cap, "system error %d", value);
    return (err_errno_row){value, AS_EIO, buf};
}

bool as_err_errno(as_err *err, int errno_value, const char *fmt, ...)
{
    if (!err)
        return false;
    char          buf[64], subject[sizeof err->text];
    err_errno_row row = err_of_errno(errno_value, buf, sizeof buf);
    va_list       ap;
    va_start(ap, fmt);
    if (vsnprintf(subject, sizeof subject, fmt, ap) < 0)
        subject[0] = '\0';
    va_end(ap);
    /* a subject as long as the text must not push the reason out */
    int max_subject = (int)(sizeof err->text - strlen(row.text) - 8);
    return as_err_set(err, row.code, "%.*s: %s", max_subject, subject, row.text);
}

bool as_err_note(as_err *err, const char *fmt, ...)
{
    if (!err)
        return false;
    char    note[sizeof err->text];
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(note, sizeof note, fmt, ap) < 0)
        note[0] = '\0';
    va_end(ap);
    return as_err_set(err, err->code, "%s: %s", note, err->text);
}

int as_err_exit_status(as_err_code code)
{
    return err_row_of(code)->exit_status;
}

int as_err_http_status(as_err_code code)
{
    return err_row_of(code)->http_status;
}

const char *as_err_name(as_err_code code)
{
    return err_row_of(code)->name;
}

const char *as_err_default_text(as_err_code code)
{
    return err_row_of(code)->text;
}
