/* SPDX-License-Identifier: Apache-2.0 */
/* What was erased in the remote goes here too: pictures as its notes say. A version goes never, and a part of one only when
 * what stands for it is here, or whoever can write a line into the remote could take any version from everybody. */
#include <stdlib.h>
#include <string.h>

#include "catalog/hold.h"
#include "catalog/manifest.h"
#include "catalog/notes.h"
#include "catalog/rewritten.h"
#include "remote/state.h"

#define BURY_MAX_REWRITTEN 1000 /* times in a row */

typedef enum bury_part { BURY_MANIFEST, BURY_LABELS, BURY_NOTES, BURY_PARTS } bury_part;

typedef struct bury {
    as_remote       *remote;
    as_remote_moved *moved;
    AS_VEC(as_digest) digests;
    AS_VEC(as_tombstone) stones;
    as_digest_list held, commits;
    as_digest_list parts[BURY_PARTS]; /* of the versions here, each as it is now */
    bool           is_walked;
} bury;

static bool bury_no_memory(as_err *err)
{
    return AS_FAIL(err, AS_ENOMEM, "not enough memory for what was erased");
}

/* --- what the versions here consist of --- */

static bool bury_add_part(bury *b, bury_part part, const as_digest *object, as_err *err)
{
    as_digest now;
    return as_commit_now(b->remote->ws, object, &now, err) &&
           (as_vec_push(&b->parts[part], now) || bury_no_memory(err));
}

static bool bury_visit(void *ctx, const as_commit *commit, as_err *err)
{
    bury *b = ctx;
    if (!as_vec_push(&b->commits, commit->id))
        return bury_no_memory(err);
    bool ok = as_progress_go_on(&b->remote->progress, err) && bury_add_part(b, BURY_MANIFEST, &commit->manifest, err) &&
              bury_add_part(b, BURY_LABELS, &commit->labels, err);
    for (size_t i = 0; ok && i < commit->n_notes; i++)
        ok = bury_add_part(b, BURY_NOTES, &commit->notes[i], err);
    return ok;
}

/* Once, and only when there is something new to erase. */
static bool bury_walk(bury *b, as_err *err)
{
    if (b->is_walked)
        return true;
    b->is_walked = true;
    if (!as_history_walk(b->remote->ws, bury_visit, b, err))
        return false;
    as_digest_list_sort(&b->commits);
    for (size_t i = 0; i < BURY_PARTS; i++)
        as_digest_list_sort(&b->parts[i]);
    return true;
}

/* --- what is to stand for a part --- */

/* The last one of those that stand for each other: here, and not erased itself. False: there is none. */
static bool bury_last(const bury *b, const as_tombstone *first, as_digest *ret)
{
    const as_remote_view *view = &b->remote->view;
    as_store             *store = b->remote->ws->store;
    as_tombstone          stone = *first;
    for (int i = 0; i < BURY_MAX_REWRITTEN; i++) {
        size_t at;
        if (!as_commit_rewritten_to(stone.reason, ret))
            return false;
        if (as_digests_find(&view->erased, ret, &at))
            stone = view->stones.at[at].stone;
        else if (as_store_has(store, ret))
            return true;
        else if (!as_store_erased(store, ret, &stone, NULL))
            return false;
    }
    return false;
}

static bool bury_see_note(void *ctx, const char *name, const uint8_t image[8], const as_note *note, as_err *err)
{
    (void)ctx, (void)name, (void)image, (void)note, (void)err;
    return true;
}

static bool bury_images(const as_manifest *manifest, as_digest_list *ret, as_err *err)
{
    for (size_t i = 0; i < as_manifest_count(manifest); i++)
        if (!as_vec_push(ret, as_manifest_at(manifest, i)->image))
            return bury_no_memory(err);
    as_digest_list_sort(ret);
    return true;
}

/* Names go out of a manifest; pictures do not. */
static bool bury_manifests_match(const as_manifest *was, const as_manifest *now, bool *ret, as_err *err)
{
    as_digest_list a = {0}, b = {0};
    bool           ok = bury_images(was, &a, err) && bury_images(now, &b, err);
    *ret = ok && as_manifest_count(was) == as_manifest_count(now) && a.n == b.n &&
           (a.n == 0 || memcmp(a.at, b.at, a.n * sizeof a.at[0]) == 0);
    as_vec_done(&a);
    as_vec_done(&b);
    return ok;
}

static as_manifest *bury_manifest(const bury *b, const as_digest *digest, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    if (!as_store_get(b->remote->ws->store, digest, &bytes, &n, err))
        return NULL;
    as_manifest *manifest = as_manifest_parse(bytes, n, err);
    free(bytes);
    return manifest;
}

static bool bury_is_manifest(const bury *b, const as_digest *was, const as_digest *now, as_err *err)
{
    as_err       why = AS_ERR_NONE;
    as_manifest *old = bury_manifest(b, was, &why), *manifest = bury_manifest(b, now, err);
    bool         match = true; /* one that is damaged here can be compared with nothing */
    bool         ok = manifest && (!old || bury_manifests_match(old, manifest, &match, err));
    as_manifest_free(old);
    as_manifest_free(manifest);
    return ok && (match || AS_FAIL(err, AS_EFORMAT, "it has other pictures"));
}

static bool bury_is_text(const bury *b, bury_part part, const as_digest *now, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    if (!as_store_get(b->remote->ws->store, now, &bytes, &n, err))
        return false;
    as_manifest *none = as_manifest_new(err);
    bool         ok = none && (part == BURY_NOTES ? as_notes_parse(bytes, n, bury_see_note, NULL, err)
                                                  : as_labels_parse_known(bytes, n, none, true, err));
    as_manifest_free(none);
    free(bytes);
    return ok;
}

/* --- which of them go --- */

/* What is here and is asked to go: *ret false when a version would go with it. */
static bool bury_may(bury *b, const as_remote_stone *stone, bool *ret, as_err *err)
{
    as_commit commit;
    as_digest now;
    as_err    why = AS_ERR_NONE;
    *ret = false;
    if (!bury_walk(b, err))
        return false;
    if (as_digest_list_has(&b->commits, &stone->digest) || as_commit_read(b->remote->ws, &stone->digest, &commit, &why))
        return true;
    for (bury_part part = 0; part < BURY_PARTS; part++) {
        if (!as_digest_list_has(&b->parts[part], &stone->digest))
            continue;
        as_err other = AS_ERR_NONE;
        bool   is = bury_last(b, &stone->stone, &now) &&
                  (part == BURY_MANIFEST ? bury_is_manifest(b, &stone->digest, &now, &other)
                                         : bury_is_text(b, part, &now, &other));
        if (!is)
            return other.code != AS_ENOMEM || as_err_set(err, other.code, "%s", other.text);
    }
    *ret = true;
    return true;
}

static bool bury_consider(bury *b, const as_remote_stone *stone, as_err *err)
{
    as_store    *store = b->remote->ws->store;
    as_tombstone known;
    const bool   is_here = as_store_has(store, &stone->digest);
    bool         may = true;
    if (!is_here && as_store_erased(store, &stone->digest, &known, NULL))
        return true;
    if (is_here && as_digest_list_has(&b->held, &stone->digest)) {
        b->moved->n_held++;
        return true;
    }
    if (is_here && !bury_may(b, stone, &may, err))
        return false;
    b->moved->n_kept += !may;
    b->moved->n_erased += is_here && may;
    return !may || (as_vec_push(&b->digests, stone->digest) && as_vec_push(&b->stones, stone->stone)) ||
           bury_no_memory(err);
}

/* The index has names of samples: it is overwritten, and made again. */
static bool bury_forget_index(as_workspace *ws, as_err *err)
{
    static const char *const files[] = {"catalog.db-shm", "catalog.db-wal", "catalog.db"}; /* no names in the first */
    char                     path[AS_FS_PATH_BYTES];
    for (size_t i = 0; i < AS_COUNT(files); i++)
        if (!as_workspace_path(ws, files[i], path, err) || !(i ? as_fs_wipe(path, err) : as_fs_remove(path, err)))
            return false;
    return true;
}

bool as_remote_bury(as_remote *remote, as_remote_moved *moved, as_err *err)
{
    const as_remote_view *view = &remote->view;
    bury                  b = {.remote = remote, .moved = moved};
    bool                  ok = as_hold_images(remote->ws, &b.held, err);
    for (size_t i = 0; ok && i < view->stones.n; i++)
        ok = bury_consider(&b, &view->stones.at[i], err);
    if (ok && b.digests.n)
        ok = bury_forget_index(remote->ws, err) &&
             as_store_bury(remote->ws->store, b.digests.at, b.stones.at, b.digests.n, &remote->progress, err);
    as_vec_done(&b.digests);
    as_vec_done(&b.stones);
    as_vec_done(&b.held);
    as_vec_done(&b.commits);
    for (size_t i = 0; i < BURY_PARTS; i++)
        as_vec_done(&b.parts[i]);
    return ok;
}
