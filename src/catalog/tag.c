/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/tag.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* A tag must not look like main, or like the beginning of an id. */
bool as_tag_name_is_fine(const char *name)
{
    const size_t n = strlen(name);
    return n > 0 && n < AS_REF_BYTES - strlen(AS_TAG_REF) && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n && strcmp(name, "main") != 0 &&
           strspn(name, "0123456789abcdef") != n && !strstr(name, ".tmp.");
}

static bool tag_ref(const char *name, char ref[AS_REF_BYTES], as_err *err)
{
    snprintf(ref, AS_REF_BYTES, "%s%.*s", AS_TAG_REF, (int)(AS_REF_BYTES - sizeof AS_TAG_REF), name);
    return as_tag_name_is_fine(name) ||
           AS_FAIL(err, AS_EINVAL,
                   "'%.100s' is no name for a tag: use a-z, 0-9, '.', '_' and '-', not main, and not hexadecimal "
                   "digits alone, which an id could begin with",
                   name);
}

bool as_tag_get(as_workspace *ws, const char *name, as_digest *ret, bool *ret_is, as_err *err)
{
    char   ref[AS_REF_BYTES], value[AS_REF_BYTES];
    as_err why = AS_ERR_NONE;
    *ret_is = false;
    if (!tag_ref(name, ref, NULL))
        return true;
    if (!as_store_ref_get(ws->store, ref, value, &why))
        return why.code == AS_ENOTFOUND || as_err_set(err, why.code, "%s", why.text);
    *ret_is = as_digest_parse(value, ret);
    return *ret_is || AS_FAIL(err, AS_ECORRUPT, "tag '%s' is damaged: '%s' is no SHA-256", name, value);
}

bool as_tag_set(as_workspace *ws, const char *name, const as_digest *commit, as_err *err)
{
    char   ref[AS_REF_BYTES], value[AS_REF_BYTES], hex[AS_SHA256_HEX_BYTES];
    as_err why = AS_ERR_NONE;
    as_digest_hex(commit, hex);
    if (!tag_ref(name, ref, err))
        return false;
    if (as_store_ref_get(ws->store, ref, value, &why))
        return strcmp(value, hex) == 0 ||
               AS_FAIL(err, AS_EEXIST, "tag '%s' is version %.12s already, and a tag does not move (remove it first)",
                       name, value);
    return why.code == AS_ENOTFOUND ? as_store_ref_set(ws->store, ref, hex, err)
                                    : as_err_set(err, why.code, "%s", why.text);
}

bool as_tag_remove(as_workspace *ws, const char *name, as_err *err)
{
    char   ref[AS_REF_BYTES];
    as_err why = AS_ERR_NONE;
    if (!tag_ref(name, ref, err))
        return false;
    if (as_store_ref_remove(ws->store, ref, &why))
        return true;
    if (why.code == AS_ENOTFOUND)
        return AS_FAIL(err, AS_ENOTFOUND, "there is no tag '%s'", name);
    return as_err_set(err, why.code, "%s", why.text);
}
