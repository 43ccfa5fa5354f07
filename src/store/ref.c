/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/vec.h"
#include "store/state.h"

/* No part is empty or begins with a dot: nothing leads out of refs/, and temporary names stay free. */
static bool ref_path(const as_store *store, const char *name, char *path, as_err *err)
{
    size_t n = strlen(name);
    bool   ok = n > 0 && n < AS_REF_BYTES && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-/") == n &&
              name[n - 1] != '/' && !strstr(name, "/.") && !strstr(name, "//") && !strstr(name, ".tmp.") &&
              name[0] != '/' && name[0] != '.';
    if (!ok)
        return AS_FAIL(err, AS_EINVAL, "'%s' is no name for a ref: use up to %d of a-z, 0-9, '.', '_', '-' and '/'",
                       name, AS_REF_BYTES - 1);
    snprintf(path, AS_FS_PATH_BYTES, "%.*s/refs/%.*s", AS_STORE_DIR_MAX, store->dir, AS_REF_BYTES, name);
    return true;
}

static bool ref_is_line(const char *value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
            return false;
    return n > 0 && n < AS_REF_BYTES;
}

bool as_store_ref_get(as_store *store, const char *name, char value[AS_REF_BYTES], as_err *err)
{
    char     path[AS_FS_PATH_BYTES];
    uint8_t *bytes;
    size_t   n;
    as_err   why = AS_ERR_NONE;
    if (!ref_path(store, name, path, err))
        return false;
    if (!as_fs_read(path, AS_REF_BYTES, &bytes, &n, &why)) {
        if (why.code == AS_ENOTFOUND)
            return AS_FAIL(err, AS_ENOTFOUND, "no ref '%s' in the store", name);
        if (why.code == AS_ELIMIT)
            return AS_FAIL(err, AS_ECORRUPT, "ref '%s' is damaged: '%s' is longer than a ref", name, path);
        return as_err_set(err, why.code, "cannot read ref '%s': %s", name, why.text);
    }
    bool ok = n > 1 && bytes[n - 1] == '\n' && ref_is_line((const char *)bytes, n - 1);
    if (ok) {
        memcpy(value, bytes, n - 1);
        value[n - 1] = '\0';
    }
    free(bytes);
    return ok || AS_FAIL(err, AS_ECORRUPT, "ref '%s' is damaged: '%s' is not one line", name, path);
}

bool as_store_ref_set(as_store *store, const char *name, const char *value, as_err *err)
{
    char path[AS_FS_PATH_BYTES], folder[AS_FS_PATH_BYTES], line[AS_REF_BYTES + 1];
    if (!ref_path(store, name, path, err))
        return false;
    size_t n = strlen(value);
    if (!ref_is_line(value, n))
        return AS_FAIL(err, AS_EINVAL, "cannot set ref '%s': its value must be one line of 1 to %d bytes", name,
                       AS_REF_BYTES - 1);
    memcpy(line, value, n);
    line[n++] = '\n';
    as_str_copy(folder, sizeof folder, path);
    *strrchr(folder, '/') = '\0';
    if ((!as_fs_is_dir(folder) && !as_fs_make_dirs(folder, err)) || !as_fs_write(path, line, n, err))
        return as_err_note(err, "cannot set ref '%s'", name);
    return true;
}

bool as_store_ref_remove(as_store *store, const char *name, as_err *err)
{
    char path[AS_FS_PATH_BYTES], folder[AS_FS_PATH_BYTES];
    if (!ref_path(store, name, path, err))
        return false;
    if (!as_fs_is_file(path))
        return AS_FAIL(err, AS_ENOTFOUND, "no ref '%s' in the store", name);
    as_str_copy(folder, sizeof folder, path);
    *strrchr(folder, '/') = '\0';
    return (as_fs_remove(path, err) && as_fs_sync_dir(folder, err)) || as_err_note(err, "cannot remove ref '%s'", name);
}

typedef struct ref_list {
    as_store   *store;
    const char *prefix;
    AS_VEC(as_ref) refs;
} ref_list;

static bool ref_visit(void *ctx, const as_fs_entry *entry, as_err *err)
{
    ref_list *list = ctx;
    as_ref    ref;
    char      path[AS_FS_PATH_BYTES];
    /* What has no name of a ref is a temporary file, or somebody else's. */
    if (entry->kind != AS_FS_FILE || !as_str_starts(entry->relative, list->prefix) ||
        !ref_path(list->store, entry->relative, path, NULL))
        return true;
    as_str_copy(ref.name, sizeof ref.name, entry->relative);
    as_err why = AS_ERR_NONE;
    if (!as_store_ref_get(list->store, ref.name, ref.value, &why)) /* removed meanwhile, maybe */
        return why.code == AS_ENOTFOUND || as_err_set(err, why.code, "%s", why.text);
    return as_vec_push(&list->refs, ref) || AS_FAIL(err, AS_ENOMEM, "cannot list refs: not enough memory");
}

bool as_store_ref_list(as_store *store, const char *prefix, as_ref **ret, size_t *ret_n, as_err *err)
{
    char     path[AS_FS_PATH_BYTES];
    ref_list list = {.store = store, .prefix = prefix};
    snprintf(path, sizeof path, "%.*s/refs", AS_STORE_DIR_MAX, store->dir);
    bool ok = as_vec_reserve(&list.refs, 1) || AS_FAIL(err, AS_ENOMEM, "cannot list refs: not enough memory");
    ok = ok && (!as_fs_is_dir(path) || as_fs_walk(path, ref_visit, &list, err));
    if (ok) {
        *ret = list.refs.at;
        *ret_n = list.refs.n;
    } else {
        as_vec_done(&list.refs);
    }
    return ok;
}
