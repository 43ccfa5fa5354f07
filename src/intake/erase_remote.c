/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/erase_remote.h"

#include <stdlib.h>

#include "base/vec.h"
#include "remote/remote.h"

typedef AS_VEC(as_remote_stone) remote_stones;

static bool remote_find_stones(as_workspace *ws, const json_t *objects, remote_stones *stones, as_err *err)
{
    for (size_t i = 0; i < json_array_size(objects); i++) {
        const char     *hex = json_string_value(json_object_get(json_array_get(objects, i), "sha256"));
        as_remote_stone stone;
        if (!hex || !as_digest_parse(hex, &stone.digest) ||
            !as_store_erased(ws->store, &stone.digest, &stone.stone, NULL))
            continue;
        if (!as_vec_push(stones, stone))
            return AS_FAIL(err, AS_ENOMEM, "cannot erase in remotes: not enough memory");
    }
    return true;
}

static bool remote_erase_in(as_workspace *ws, const as_remote_cfg *cfg, const remote_stones *stones,
                            const as_progress *progress, json_t *list, as_err *err)
{
    as_err            why = AS_ERR_NONE;
    as_remote_erasure done = {0};
    as_remote        *remote = as_remote_open(ws, cfg, progress, &why);
    bool              ok = remote && as_remote_erase(remote, stones->at, stones->n, &done, &why);
    as_remote_close(remote);
    /* Memory too is that remote's trouble: how much it takes is what the remote says. */
    if (!ok && why.code == AS_ECANCELLED)
        return as_err_set(err, why.code, "%s", why.text);
    json_t *entry = ok ? json_pack("{s:s, s:I, s:I}", "remote", cfg->name, "n_objects", (json_int_t)done.n_objects,
                                   "n_noted", (json_int_t)done.n_noted)
                       : json_pack("{s:s, s:s}", "remote", cfg->name, "error", why.text);
    return json_array_append_new(list, entry) == 0 ||
           AS_FAIL(err, AS_ENOMEM, "cannot erase in remotes: not enough memory");
}

bool as_erase_in_remotes(as_workspace *ws, const json_t *objects, const as_progress *progress, json_t **ret,
                         as_err *err)
{
    remote_stones  stones = {0};
    as_remote_cfg *remotes = NULL;
    size_t         n = 0;
    json_t        *list = json_array();
    bool           ok = list || AS_FAIL(err, AS_ENOMEM, "cannot erase in remotes: not enough memory");
    ok = ok && as_remote_list(ws, &remotes, &n, err) && (n == 0 || remote_find_stones(ws, objects, &stones, err));
    for (size_t i = 0; ok && i < n; i++)
        ok = remote_erase_in(ws, &remotes[i], &stones, progress, list, err);
    free(remotes);
    as_vec_done(&stones);
    if (ok)
        *ret = list;
    else
        json_decref(list);
    return ok;
}
