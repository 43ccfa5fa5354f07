/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/remote.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "remote/state.h"

#define REMOTE_VERSION    1
#define REMOTE_MARK_BYTES ((size_t)4096)

as_remote *as_remote_open(as_workspace *ws, const as_remote_cfg *cfg, const as_progress *progress, as_err *err)
{
    char                  dir[AS_FS_PATH_BYTES];
    const as_remote_kind *kind;
    if (!as_remote_cfg_check(cfg, err) || !as_remote_kind_of(cfg->url, &kind, err))
        return NULL;
    as_remote *remote = calloc(1, sizeof *remote);
    if (!remote) {
        AS_FAIL(err, AS_ENOMEM, "cannot open remote '%s': not enough memory", cfg->name);
        return NULL;
    }
    remote->cfg = *cfg;
    remote->kind = kind;
    remote->ws = ws;
    if (progress)
        remote->progress = *progress;
    bool ok = !ws || (as_remote_dir(ws, cfg->name, dir, err) && as_fs_join(remote->cache, dir, "seen", err));
    if (ok && ws)
        (void)!as_fs_make_dirs(remote->cache, NULL); /* a workspace that may only be read can still be pushed */
    remote->self = ok ? kind->open(cfg, remote->progress.stop, err) : NULL;
    return remote->self ? remote : as_remote_close(remote);
}

as_remote *as_remote_close(as_remote *remote)
{
    if (!remote)
        return NULL;
    remote->kind->close(remote->self);
    as_remote_view_done(&remote->view);
    free(remote);
    return NULL;
}

static bool remote_check_mark(const as_remote *remote, const uint8_t *bytes, size_t n, as_err *err)
{
    int64_t version = 0;
    json_t *object = as_json_parse(bytes, n, AS_REMOTE_MARK, NULL);
    bool    ok = object && as_json_get_i64(object, "assay_remote", &version, NULL);
    json_decref(object);
    if (!ok)
        return AS_FAIL(err, AS_EFORMAT, "the file '%s' in '%s' is not that of a remote of Assay (another folder?)",
                       AS_REMOTE_MARK, remote->cfg.url);
    return version == REMOTE_VERSION ||
           AS_FAIL(err, AS_EUNSUPPORTED, "'%s' has version %lld, and this program knows %d", remote->cfg.url,
                   (long long)version, REMOTE_VERSION);
}

static bool remote_see_nothing(void *ctx, const char *name, uint64_t n_bytes, as_err *err)
{
    (void)ctx, (void)name, (void)n_bytes, (void)err;
    return true;
}

/* .assay/remotes/NAME/met: it was there once. An empty mount point looks as a place that nobody has used yet. */
static bool remote_met_path(const as_remote *remote, char *path, as_err *err)
{
    char dir[AS_FS_PATH_BYTES];
    return as_remote_dir(remote->ws, remote->cfg.name, dir, err) && as_fs_join(path, dir, "met", err);
}

static void remote_meet(const as_remote *remote)
{
    char path[AS_FS_PATH_BYTES];
    if (remote->ws && remote_met_path(remote, path, NULL) && !as_fs_is_file(path))
        (void)!as_fs_write(path, "", 0, NULL); /* a workspace that may only be read can still be pushed */
}

static bool remote_check_new(const as_remote *remote, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    if (!remote->ws)
        return true;
    if (!remote_met_path(remote, path, err))
        return false;
    return !as_fs_is_file(path) ||
           AS_FAIL(
               err, AS_EIO,
               "remote '%s' was in '%s' before, and nothing is there now (is the share mounted? to begin anew: assay "
               "data remote remove %s, and add it again)",
               remote->cfg.name, remote->cfg.url, remote->cfg.name);
}

static bool remote_see_one(void *ctx, const char *name, uint64_t bytes, as_err *err)
{
    (void)bytes;
    if (as_str_starts(name, AS_REMOTE_MARK)) /* another first push is at it */
        return true;
    as_str_copy(ctx, AS_REMOTE_NAME_MAX, name);
    return AS_FAIL(err, AS_EEXIST, "there is one");
}

/* What somebody keeps there already must not be mixed with ours. Where it cannot be listed, putting tells why. */
static bool remote_check_empty(const as_remote *remote, as_err *err)
{
    char     name[AS_REMOTE_NAME_MAX] = "";
    uint8_t *bytes;
    size_t   n;
    if (remote->kind->list(remote->self, "", remote_see_one, name, NULL) || !*name)
        return true;
    /* Another first push has been faster. */
    if (remote->kind->get(remote->self, AS_REMOTE_MARK, REMOTE_MARK_BYTES, &bytes, &n, NULL)) {
        free(bytes);
        return true;
    }
    return AS_FAIL(err, AS_EEXIST, "'%s' has files that are no remote's ('%s'): name a folder of its own",
                   remote->cfg.url, name);
}

bool as_remote_greet(as_remote *remote, bool make, as_err *err)
{
    static const char mark[] = "{\"assay_remote\":1}\n";
    uint8_t          *bytes;
    size_t            n;
    as_err            why = AS_ERR_NONE;
    if (remote->kind->get(remote->self, AS_REMOTE_MARK, REMOTE_MARK_BYTES, &bytes, &n, &why)) {
        bool ok = remote_check_mark(remote, bytes, n, err);
        free(bytes);
        if (ok)
            remote_meet(remote);
        return ok;
    }
    if (why.code != AS_ENOTFOUND)
        return as_err_set(err, why.code, "%s", why.text);
    if (!remote_check_new(remote, err))
        return false;
    /* Asking for its names tells whether there is such a place at all. */
    if (!make)
        return remote->kind->list(remote->self, AS_REMOTE_MARK, remote_see_nothing, NULL, err) &&
               AS_FAIL(err, AS_ENOTFOUND, "there is nothing in '%s' yet (send a version there with: assay data push)",
                       remote->cfg.url);
    if (!remote_check_empty(remote, err))
        return false;
    if (!remote->kind->put(remote->self, AS_REMOTE_MARK, mark, strlen(mark), err))
        return false;
    remote_meet(remote);
    return true;
}

/* "packs/HEX.idx" is kept as HEX.idx. */
static bool remote_cache_path(const as_remote *remote, const char *name, char *path, as_err *err)
{
    return as_fs_join(path, remote->cache, strrchr(name, '/') + 1, err);
}

void as_remote_keep_named(const as_remote *remote, const char *name, const void *bytes, size_t n)
{
    char path[AS_FS_PATH_BYTES];
    if (remote->ws && remote_cache_path(remote, name, path, NULL))
        (void)!as_fs_write_fast(path, bytes, n, NULL); /* what is not kept is fetched again */
}

static bool remote_has_hash(const uint8_t *bytes, size_t n, const as_digest *digest)
{
    const as_digest real = as_sha256_of(bytes, n);
    return as_digest_equal(&real, digest);
}

bool as_remote_get_named(as_remote *remote, const char *name, const as_digest *digest, size_t max_bytes, uint8_t **ret,
                         size_t *ret_n, as_err *err)
{
    char     path[AS_FS_PATH_BYTES];
    uint8_t *bytes;
    size_t   n;
    if (remote->ws) {
        if (!remote_cache_path(remote, name, path, err))
            return false;
        if (as_fs_read(path, max_bytes, &bytes, &n, NULL)) {
            if (remote_has_hash(bytes, n, digest)) {
                *ret = bytes;
                *ret_n = n;
                return true;
            }
            free(bytes); /* a copy that is damaged is fetched again */
        }
    }
    if (!remote->kind->get(remote->self, name, max_bytes, &bytes, &n, err))
        return false;
    bool ok = remote_has_hash(bytes, n, digest) ||
              AS_FAIL(err, AS_ECORRUPT, "'%s' in remote '%s' does not have the bytes that its name promises", name,
                      remote->cfg.url);
    if (!ok) {
        free(bytes);
        return false;
    }
    as_remote_keep_named(remote, name, bytes, n);
    *ret = bytes;
    *ret_n = n;
    return true;
}

/* specs/HEX, as refs/spec names it. */
static bool remote_get_spec(as_remote *remote, const char *value, uint8_t **ret, size_t *ret_n, as_err *err)
{
    as_digest digest;
    char      hex[AS_SHA256_HEX_BYTES], name[AS_REMOTE_NAME_MAX];
    if (!as_digest_parse(value, &digest))
        return AS_FAIL(err, AS_ECORRUPT, "'%s' in remote '%s' is damaged: it names no assay.yaml", AS_REMOTE_REF_SPEC,
                       remote->cfg.url);
    snprintf(name, sizeof name, "specs/%s", as_digest_hex(&digest, hex));
    return as_remote_get_named(remote, name, &digest, AS_REMOTE_SPEC_MAX, ret, ret_n, err);
}

bool as_remote_spec(as_remote *remote, uint8_t **ret, size_t *ret_n, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    as_err   why = AS_ERR_NONE;
    char     value[AS_SHA256_HEX_BYTES] = {0};
    if (!as_remote_greet(remote, false, err))
        return false;
    if (!remote->kind->get(remote->self, AS_REMOTE_REF_SPEC, 2 * AS_REF_BYTES, &bytes, &n, &why)) {
        if (why.code != AS_ENOTFOUND)
            return as_err_set(err, why.code, "%s", why.text);
        return AS_FAIL(err, AS_ENOTFOUND, "there is no assay.yaml in remote '%s'", remote->cfg.url);
    }
    memcpy(value, bytes, AS_MIN(n, sizeof value - 1));
    free(bytes);
    return remote_get_spec(remote, value, ret, ret_n, err);
}
