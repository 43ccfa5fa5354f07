/* SPDX-License-Identifier: Apache-2.0 */
/* Which remotes a workspace has: .assay/remotes/NAME/remote.json. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/vec.h"
#include "remote/state.h"

#define CONFIG_MAX_BYTES ((size_t)65536)

static bool config_name_is_fine(const char *name)
{
    const size_t n = strlen(name);
    return n > 0 && n < AS_REMOTE_NAME_BYTES && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n &&
           name[0] != '.' && name[0] != '-';
}

static bool config_check_name(const char *name, as_err *err)
{
    return config_name_is_fine(name) ||
           AS_FAIL(err, AS_EINVAL,
                   "'%.100s' is no name for a remote: use up to %d of a-z, 0-9, '.', '_' and '-', as in 'origin'", name,
                   AS_REMOTE_NAME_BYTES - 1);
}

bool as_remote_dir(const as_workspace *ws, const char *name, char *dir, as_err *err)
{
    char inside[AS_REMOTE_NAME_BYTES + 16];
    if (!config_check_name(name, err))
        return false;
    snprintf(inside, sizeof inside, "remotes/%s", name);
    return as_fs_join(dir, ws->dir, inside, err);
}

/* "scheme://user:password@..." */
static bool config_has_password(const char *url)
{
    const char *at = strstr(url, "://");
    if (!at)
        return false;
    const size_t n = strcspn(at + 3, "/");
    return memchr(at + 3, '@', n) != NULL;
}

bool as_remote_cfg_check(const as_remote_cfg *cfg, as_err *err)
{
    const as_remote_kind *kind;
    const char *const     words[] = {cfg->url, cfg->endpoint, cfg->region};
    for (size_t i = 0; i < AS_COUNT(words); i++) {
        for (size_t at = 0, step; words[i][at]; at += step)
            if ((step = as_str_char_bytes(words[i] + at, strlen(words[i] + at))) == 0)
                return AS_FAIL(err, AS_EINVAL, "the address of a remote has a byte that is no printable UTF-8");
        /* The text of an error must not have it either. */
        if (config_has_password(words[i]))
            return AS_FAIL(err, AS_EINVAL,
                           "the address of a remote must have no name or password in it: it is kept in a file (give "
                           "them as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or in ~/.aws/credentials)");
    }
    return as_remote_kind_of(cfg->url, &kind, err) && kind->check(cfg, err);
}

bool as_remote_add(const as_workspace *ws, const as_remote_cfg *cfg, as_err *err)
{
    char dir[AS_FS_PATH_BYTES], path[AS_FS_PATH_BYTES];
    if (!as_remote_dir(ws, cfg->name, dir, err) || !as_remote_cfg_check(cfg, err) ||
        !as_fs_join(path, dir, "remote.json", err))
        return false;
    if (as_fs_is_file(path))
        return AS_FAIL(err, AS_EEXIST, "there is a remote '%s' already (remove it first: assay data remote remove %s)",
                       cfg->name, cfg->name);
    json_t *object = json_object();
    bool    ok = as_json_set(object, "url", json_string(cfg->url)) &&
              (!cfg->endpoint[0] || as_json_set(object, "endpoint", json_string(cfg->endpoint))) &&
              (!cfg->region[0] || as_json_set(object, "region", json_string(cfg->region)));
    if (!ok)
        AS_FAIL(err, AS_ENOMEM, "cannot add remote '%s': not enough memory", cfg->name);
    ok = ok && as_fs_make_dirs(dir, err) && as_json_write(path, object, err);
    json_decref(object);
    return ok;
}

static bool config_text(const json_t *object, const char *key, char *text, size_t n, as_err *err)
{
    const json_t *value = json_object_get(object, key);
    if (!value)
        return true;
    return (json_is_string(value) && as_str_copy(text, n, json_string_value(value))) ||
           AS_FAIL(err, AS_EFORMAT, "key '%s' must be a text of less than %zu bytes", key, n);
}

static bool config_read(const as_workspace *ws, const char *name, as_remote_cfg *ret, as_err *err)
{
    char          dir[AS_FS_PATH_BYTES], path[AS_FS_PATH_BYTES];
    as_remote_cfg cfg = {.timeout_s = 0};
    if (!as_remote_dir(ws, name, dir, err) || !as_fs_join(path, dir, "remote.json", err))
        return false;
    as_str_copy(cfg.name, sizeof cfg.name, name);
    json_t *object = as_json_read(path, CONFIG_MAX_BYTES, err);
    bool    ok = object && config_text(object, "url", cfg.url, sizeof cfg.url, err) &&
              config_text(object, "endpoint", cfg.endpoint, sizeof cfg.endpoint, err) &&
              config_text(object, "region", cfg.region, sizeof cfg.region, err) && as_remote_cfg_check(&cfg, err);
    if (object && !ok)
        as_err_note(err, "'%s'", path);
    json_decref(object);
    if (ok)
        *ret = cfg;
    return ok;
}

bool as_remote_forget(const as_workspace *ws, const char *name, as_err *err)
{
    char          ref[AS_REF_BYTES];
    char          dir[AS_FS_PATH_BYTES];
    as_remote_cfg cfg;
    as_err        why = AS_ERR_NONE;
    if (!as_remote_dir(ws, name, dir, err))
        return false;
    if (!as_fs_is_dir(dir)) /* which names there are */
        return as_remote_find(ws, name, &cfg, &why) || as_err_set(err, why.code, "%s", why.text);
    snprintf(ref, sizeof ref, AS_REMOTE_HERE "%s", name);
    if (!as_store_ref_remove(ws->store, ref, &why) && why.code != AS_ENOTFOUND)
        return as_err_set(err, why.code, "%s", why.text);
    return as_fs_remove_tree(dir, err);
}

/* `remote add` was killed before it wrote the file, or `remote remove` after it took it: there is no such remote. A file that
 * cannot be looked at is one: what it names must not be forgotten. */
static bool config_is_begun(const as_workspace *ws, const char *name)
{
    char        dir[AS_FS_PATH_BYTES], path[AS_FS_PATH_BYTES];
    struct stat st;
    return as_remote_dir(ws, name, dir, NULL) && as_fs_join(path, dir, "remote.json", NULL) && lstat(path, &st) != 0 &&
           (errno == ENOENT || errno == ENOTDIR);
}

static int config_compare(const void *a, const void *b)
{
    return strcmp(((const as_remote_cfg *)a)->name, ((const as_remote_cfg *)b)->name);
}

bool as_remote_list(const as_workspace *ws, as_remote_cfg **ret, size_t *ret_n, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    AS_VEC(as_remote_cfg) found = {0};
    if (!as_fs_join(path, ws->dir, "remotes", err))
        return false;
    DIR *dir = opendir(path);
    if (!dir && errno != ENOENT)
        return as_err_errno(err, errno, "cannot list '%s'", path);
    bool ok = as_vec_reserve(&found, 1) || AS_FAIL(err, AS_ENOMEM, "cannot list remotes: not enough memory");
    for (const struct dirent *entry; ok && dir && (entry = readdir(dir));) {
        as_remote_cfg cfg;
        if (!config_name_is_fine(entry->d_name) || config_is_begun(ws, entry->d_name))
            continue;
        ok = config_read(ws, entry->d_name, &cfg, err);
        if (ok && !as_vec_push(&found, cfg))
            ok = AS_FAIL(err, AS_ENOMEM, "cannot list remotes: not enough memory");
    }
    if (dir)
        closedir(dir);
    if (!ok) {
        as_vec_done(&found);
        return false;
    }
    qsort(found.at, found.n, sizeof found.at[0], config_compare);
    *ret = found.at;
    *ret_n = found.n;
    return true;
}

static bool config_pick(const as_remote_cfg *all, size_t n, const char *name, as_remote_cfg *ret, as_err *err)
{
    as_str names;
    if (!name && n == 1)
        name = all[0].name;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(all[i].name, name ? name : "origin") == 0) {
            *ret = all[i];
            return true;
        }
    }
    if (n == 0)
        return AS_FAIL(err, AS_ENOTFOUND,
                       "this workspace has no remote (add one with: assay data remote add origin URL)");
    as_str_init(&names);
    for (size_t i = 0; i < n; i++)
        as_str_addf(&names, "%s%s", i ? ", " : "", all[i].name);
    if (name)
        AS_FAIL(err, AS_ENOTFOUND, "there is no remote '%.100s' (there are: %s)", name, names.s);
    else
        AS_FAIL(err, AS_EINVAL, "which remote? There are: %s", names.s);
    as_str_done(&names);
    return false;
}

bool as_remote_find(const as_workspace *ws, const char *name, as_remote_cfg *ret, as_err *err)
{
    as_remote_cfg *all;
    size_t         n;
    if (!as_remote_list(ws, &all, &n, err))
        return false;
    bool ok = config_pick(all, n, name, ret, err);
    free(all);
    return ok;
}

bool as_remote_access(const as_remote_cfg *cfg, char *text, size_t n, as_err *err)
{
    const as_remote_kind *kind;
    return as_remote_kind_of(cfg->url, &kind, err) && kind->access(cfg, text, n, err);
}
