/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/str.h"

#define CREDENTIALS_PLACE_BYTES 700

void as_credentials_done(as_credentials *credentials)
{
    explicit_bzero(credentials, sizeof *credentials);
}

typedef struct credentials_span {
    const char *p;
    size_t      n;
} credentials_span;

static credentials_span credentials_trim(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    while (end > p && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    return (credentials_span){p, (size_t)(end - p)};
}

static bool credentials_is(credentials_span span, const char *word)
{
    return span.n == strlen(word) && memcmp(span.p, word, span.n) == 0;
}

static bool credentials_take(credentials_span value, char *text, size_t n, const char *key, as_err *err)
{
    if (value.n >= n)
        return AS_FAIL(err, AS_ELIMIT, "the value of '%s' is longer than %zu bytes", key, n - 1);
    for (size_t i = 0; i < value.n; i++)
        if ((unsigned char)value.p[i] <= 0x20 || (unsigned char)value.p[i] >= 0x7f)
            return AS_FAIL(err, AS_EFORMAT, "the value of '%s' has a blank or a byte that no key has", key);
    memcpy(text, value.p, value.n);
    text[value.n] = '\0';
    return true;
}

/* NAME = VALUE */
static bool credentials_line(credentials_span line, as_credentials *c, as_err *err)
{
    const char *equals = memchr(line.p, '=', line.n);
    if (!equals)
        return true;
    credentials_span name = credentials_trim(line.p, equals), value = credentials_trim(equals + 1, line.p + line.n);
    if (credentials_is(name, "aws_access_key_id"))
        return credentials_take(value, c->id, sizeof c->id, "aws_access_key_id", err);
    if (credentials_is(name, "aws_secret_access_key"))
        return credentials_take(value, c->secret, sizeof c->secret, "aws_secret_access_key", err);
    if (credentials_is(name, "aws_session_token"))
        return credentials_take(value, c->token, sizeof c->token, "aws_session_token", err);
    return true;
}

bool as_credentials_parse(const uint8_t *bytes, size_t n, const char *profile, as_credentials *ret, as_err *err)
{
    as_credentials found = {.id = {0}};
    bool           inside = false, ok = n <= AS_CREDENTIALS_MAX_BYTES;
    if (!ok)
        return AS_FAIL(err, AS_ELIMIT, "more than %zu bytes", AS_CREDENTIALS_MAX_BYTES);
    for (const char *p = (const char *)bytes, *end = p + n, *next; ok && p < end; p = next) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        next = newline ? newline + 1 : end;
        credentials_span line = credentials_trim(p, newline ? newline : end);
        if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
            continue;
        if (line.p[0] == '[') {
            const char *close = memchr(line.p, ']', line.n);
            inside = close && credentials_is(credentials_trim(line.p + 1, close), profile);
        } else if (inside) {
            ok = credentials_line(line, &found, err);
        }
    }
    if (ok && (!found.id[0] || !found.secret[0]))
        ok = AS_FAIL(err, AS_ENOTFOUND, "no aws_access_key_id and aws_secret_access_key in a profile '%s'", profile);
    if (ok)
        *ret = found;
    as_credentials_done(&found);
    return ok;
}

static const char *credentials_env(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static bool credentials_from_env(as_credentials *ret, as_err *err)
{
    static const struct {
        const char *name;
        size_t      at, n;
    } parts[] = {{"AWS_ACCESS_KEY_ID", offsetof(as_credentials, id), sizeof ret->id},
                 {"AWS_SECRET_ACCESS_KEY", offsetof(as_credentials, secret), sizeof ret->secret},
                 {"AWS_SESSION_TOKEN", offsetof(as_credentials, token), sizeof ret->token}};
    as_credentials found = {.id = {0}};
    bool           ok = true;
    for (size_t i = 0; ok && i < AS_COUNT(parts); i++) {
        const char *value = credentials_env(parts[i].name);
        if (value)
            ok = credentials_take((credentials_span){value, strlen(value)}, (char *)&found + parts[i].at, parts[i].n,
                                  parts[i].name, err);
    }
    if (ok && (!found.id[0] || !found.secret[0]))
        ok = AS_FAIL(err, AS_EINVAL, "one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set without the other");
    if (ok)
        *ret = found;
    as_credentials_done(&found);
    return ok;
}

bool as_credentials_find(as_credentials *ret, char *where, size_t n, as_err *err)
{
    char        path[AS_FS_PATH_BYTES] = {0};
    uint8_t    *bytes;
    size_t      n_bytes;
    as_err      why = AS_ERR_NONE;
    const char *file = credentials_env("AWS_SHARED_CREDENTIALS_FILE"), *home = credentials_env("HOME"),
               *profile = credentials_env("AWS_PROFILE");
    profile = profile ? profile : "default";
    if (credentials_env("AWS_ACCESS_KEY_ID") || credentials_env("AWS_SECRET_ACCESS_KEY")) {
        snprintf(where, n, "credentials are those of AWS_ACCESS_KEY_ID in the environment");
        return credentials_from_env(ret, err);
    }
    if (!as_fs_join(path, home ? home : ".", file ? file : ".aws/credentials", err))
        return false;
    if (as_fs_read(path, AS_CREDENTIALS_MAX_BYTES, &bytes, &n_bytes, &why)) {
        bool ok = as_credentials_parse(bytes, n_bytes, profile, ret, &why);
        explicit_bzero(bytes, n_bytes);
        free(bytes);
        if (ok) {
            snprintf(where, n, "credentials are those of profile '%.60s' in '%.*s'", profile, CREDENTIALS_PLACE_BYTES,
                     path);
            return true;
        }
        as_err_note(&why, "'%.*s'", CREDENTIALS_PLACE_BYTES, path);
    }
    snprintf(where, n, "no credentials: AWS_ACCESS_KEY_ID is not set in the environment, and %.*s",
             CREDENTIALS_PLACE_BYTES, why.text);
    return AS_FAIL(err, AS_EACCESS,
                   "%.*s (set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them to that file as "
                   "aws_access_key_id and aws_secret_access_key below [%.60s])",
                   CREDENTIALS_PLACE_BYTES, where, profile);
}
