/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/rewritten.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define REWRITTEN_BEGIN "rewritten "
#define REWRITTEN_MOST  10000 /* times that something was taken out of one version */

bool as_commit_rewritten(const as_digest *now, const char *reason, char text[AS_STORE_REASON_BYTES], as_err *err)
{
    char hex[AS_SHA256_HEX_BYTES];
    int  n = snprintf(text, AS_STORE_REASON_BYTES, REWRITTEN_BEGIN "%s: %s", as_digest_hex(now, hex), reason);
    return n < AS_STORE_REASON_BYTES ||
           AS_FAIL(err, AS_EINVAL, "the reason is too long by %d bytes", n - AS_STORE_REASON_BYTES + 1);
}

bool as_commit_rewritten_to(const char *reason, as_digest *ret)
{
    const size_t n = strlen(REWRITTEN_BEGIN);
    char         hex[AS_SHA256_HEX_BYTES];
    if (!as_str_starts(reason, REWRITTEN_BEGIN) || strlen(reason) < n + AS_SHA256_HEX_BYTES ||
        reason[n + AS_SHA256_HEX_BYTES - 1] != ':')
        return false;
    memcpy(hex, reason + n, AS_SHA256_HEX_BYTES - 1);
    hex[AS_SHA256_HEX_BYTES - 1] = '\0';
    return as_digest_parse(hex, ret);
}

bool as_commit_now(as_workspace *ws, const as_digest *object, as_digest *ret, as_err *err)
{
    as_tombstone stone;
    as_digest    now = *object;
    char         hex[AS_SHA256_HEX_BYTES];
    for (int i = 0; i < REWRITTEN_MOST; i++) {
        as_err why = AS_ERR_NONE;
        if (as_store_has(ws->store, &now) || !as_store_erased(ws->store, &now, &stone, &why) ||
            !as_commit_rewritten_to(stone.reason, &now)) {
            *ret = now;
            return why.code == AS_OK || why.code == AS_ENOTFOUND || why.code == AS_EEXIST ||
                   as_err_set(err, why.code, "%s", why.text);
        }
    }
    return AS_FAIL(err, AS_ECORRUPT, "object '%s' was rewritten in a circle", as_digest_hex(object, hex));
}

bool as_commit_object(as_workspace *ws, const as_digest *object, uint8_t **ret_bytes, size_t *ret_n, as_err *err)
{
    as_digest now;
    as_err    why = AS_ERR_NONE;
    if (as_store_get(ws->store, object, ret_bytes, ret_n, &why))
        return true;
    if (why.code == AS_EGONE)
        return as_commit_now(ws, object, &now, err) && as_store_get(ws->store, &now, ret_bytes, ret_n, err);
    return as_err_set(err, why.code, "%s", why.text);
}

bool as_commit_object_read(as_workspace *ws, const as_digest                                          *object,
                           bool (*take)(void *ctx, const uint8_t *bytes, size_t n, as_err *err), void *ctx, as_err *err)
{
    as_digest now;
    as_err    why = AS_ERR_NONE;
    if (as_store_read(ws->store, object, take, ctx, &why))
        return true;
    if (why.code == AS_EGONE)
        return as_commit_now(ws, object, &now, err) && as_store_read(ws->store, &now, take, ctx, err);
    return as_err_set(err, why.code, "%s", why.text);
}
