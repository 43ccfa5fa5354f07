/* SPDX-License-Identifier: Apache-2.0 */
/* What versions consist of: the commits back to the first one, their manifests, labels and notes, and the pictures. */
#include <stdlib.h>
#include <string.h>

#include "catalog/manifest.h"
#include "catalog/rewritten.h"
#include "remote/state.h"

#define NEED_MAX_VERSIONS  ((size_t)1000000)
#define NEED_MAX_REWRITTEN 1000

static bool need_no_memory(as_err *err)
{
    return AS_FAIL(err, AS_ENOMEM, "not enough memory to walk the history");
}

bool as_need_skip(as_need *need, as_workspace *ws, const as_digest *commit, as_err *err)
{
    size_t    at = need->known.all.n;
    as_commit version;
    if (!as_digests_add(&need->known, commit, NULL, NULL))
        return need_no_memory(err);
    for (; at < need->known.all.n && at < NEED_MAX_VERSIONS; at++) {
        const as_digest id = need->known.all.at[at];
        if (!as_commit_read(ws, &id, &version, NULL))
            continue;
        for (size_t i = 0; i < version.n_parents; i++)
            if (!as_digests_add(&need->known, &version.parents[i], NULL, NULL))
                return need_no_memory(err);
    }
    return true;
}

/* The object, and where it was erased what stands for it, to the last: *ret. */
static bool need_object(as_need *need, as_workspace *ws, const as_digest *object, as_digest *ret, as_err *err)
{
    as_digest    now = *object;
    as_tombstone stone;
    for (int i = 0; i < NEED_MAX_REWRITTEN; i++) {
        if (!as_digests_add(&need->objects, &now, NULL, NULL))
            return need_no_memory(err);
        *ret = now;
        if (as_store_has(ws->store, &now) || !as_store_erased(ws->store, &now, &stone, NULL) ||
            !as_commit_rewritten_to(stone.reason, &now))
            return true;
    }
    return AS_FAIL(err, AS_ECORRUPT, "an object of the history was rewritten in a circle");
}

/* One version: what it needs is noted, and its parents come into next. */
static bool need_version(as_need *need, as_workspace *ws, const as_commit *version, as_digests *next, as_err *err)
{
    as_digest labels, manifest, notes;
    if (!as_digests_add(&need->objects, &version->id, NULL, NULL))
        return need_no_memory(err);
    if (!need_object(need, ws, &version->labels, &labels, err) ||
        !need_object(need, ws, &version->manifest, &manifest, err))
        return false;
    for (size_t i = 0; i < version->n_notes; i++)
        if (!need_object(need, ws, &version->notes[i], &notes, err))
            return false;
    bool ok = as_digests_add(&need->manifests, &manifest, NULL, NULL);
    for (size_t i = 0; ok && i < version->n_parents; i++) {
        bool is_new = true;
        if (as_digests_find(&need->known, &version->parents[i], NULL))
            continue;
        ok = as_digests_add(&need->versions, &version->parents[i], NULL, &is_new) &&
             (!is_new || as_digests_add(next, &version->parents[i], NULL, NULL));
    }
    return ok || need_no_memory(err);
}

bool as_need_walk(as_need *need, as_workspace *ws, const as_digest *commit, as_need_fetch *bring, void *ctx,
                  as_err *err)
{
    as_digests level = {.n_slots = 0};
    as_commit  version;
    bool       is_new = true, ok = true;
    if (as_digests_find(&need->known, commit, NULL))
        return true;
    if (!as_digests_add(&need->versions, commit, NULL, &is_new) ||
        (is_new && !as_digests_add(&level, commit, NULL, NULL)))
        ok = need_no_memory(err);
    /* Level by level, so that what a level lacks is fetched in one go. */
    while (ok && level.all.n) {
        as_digests next = {.n_slots = 0};
        if (need->versions.all.n > NEED_MAX_VERSIONS)
            ok = AS_FAIL(err, AS_ELIMIT, "the history has more than %zu versions", NEED_MAX_VERSIONS);
        ok = ok && (!bring || bring(ctx, &level, err));
        for (size_t i = 0; ok && i < level.all.n; i++)
            ok = as_commit_read(ws, &level.all.at[i], &version, err) && need_version(need, ws, &version, &next, err);
        as_digests_done(&level);
        level = next;
    }
    as_digests_done(&level);
    return ok;
}

static bool need_manifest(as_need *need, as_workspace *ws, const as_digest *digest, as_err *err)
{
    uint8_t     *bytes;
    size_t       n;
    as_tombstone stone;
    char         hex[AS_SHA256_HEX_BYTES];
    if (as_store_erased(ws->store, digest, &stone, NULL))
        return true; /* nothing tells any more what it named */
    if (!as_store_get(ws->store, digest, &bytes, &n, err))
        return false;
    as_manifest *manifest = as_manifest_parse(bytes, n, err);
    free(bytes);
    if (!manifest)
        return as_err_note(err, "manifest '%.12s'", as_digest_hex(digest, hex));
    bool ok = true;
    for (size_t i = 0; ok && i < as_manifest_count(manifest); i++) {
        const as_sample *sample = as_manifest_at(manifest, i);
        if (need->see)
            need->see(need->ctx, sample);
        ok = as_digests_add(&need->objects, &sample->image, NULL, NULL) || need_no_memory(err);
    }
    as_manifest_free(manifest);
    return ok;
}

bool as_need_pictures(as_need *need, as_workspace *ws, const as_progress *progress, as_err *err)
{
    for (size_t i = 0; i < need->manifests.all.n; i++) {
        as_progress_step(progress, "looking through versions", i, need->manifests.all.n);
        if (!as_progress_go_on(progress, err) || !need_manifest(need, ws, &need->manifests.all.at[i], err))
            return false;
    }
    return true;
}

void as_need_done(as_need *need)
{
    as_digests_done(&need->known);
    as_digests_done(&need->versions);
    as_digests_done(&need->manifests);
    as_digests_done(&need->objects);
}

bool as_need_rewritten(const as_remote_stone *stones, size_t n, as_digests *ret, as_err *err)
{
    for (size_t i = 0; i < n; i++) {
        as_digest now;
        if (as_commit_rewritten_to(stones[i].stone.reason, &now) && !as_digests_add(ret, &now, NULL, NULL))
            return need_no_memory(err);
    }
    return true;
}
