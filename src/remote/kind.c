/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/kind.h"

#include <string.h>

#include "base/str.h"

#define X(name) extern const as_remote_kind as_remote_kind_##name;
#include "remote/kind_list.inc"
#undef X
static const as_remote_kind *const kind_rows[] = {
#define X(name) &as_remote_kind_##name,
#include "remote/kind_list.inc"
#undef X
    NULL};

const as_remote_kind *as_remote_kind_at(size_t i)
{
    return i < AS_COUNT(kind_rows) ? kind_rows[i] : NULL;
}

bool as_remote_kind_of(const char *url, const as_remote_kind **ret, as_err *err)
{
    as_str known;
    for (size_t i = 0; kind_rows[i]; i++) {
        if (kind_rows[i]->takes(url)) {
            *ret = kind_rows[i];
            return true;
        }
    }
    as_str_init(&known);
    for (size_t i = 0; kind_rows[i]; i++)
        as_str_addf(&known, "%s%s", i ? ", or " : "", kind_rows[i]->about);
    AS_FAIL(err, AS_EINVAL, "'%.200s' is no place for a remote: use %s", url, known.s);
    as_str_done(&known);
    return false;
}

bool as_remote_name_is_fine(const char *name)
{
    const size_t n = strlen(name);
    return n > 0 && n < 2 * AS_REF_BYTES && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-/") == n &&
           name[0] != '/' && name[0] != '.' && name[n - 1] != '/' && !strstr(name, "//") && !strstr(name, "/.") &&
           !strstr(name, ".tmp.");
}
