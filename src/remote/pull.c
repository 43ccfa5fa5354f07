/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "catalog/tag.h"
#include "remote/state.h"

typedef struct pull {
    as_remote *remote;
    as_need    need;
    AS_VEC(as_ref) tags; /* that are to be made here */
    as_remote_moved *moved;
    bool             looked_only;
    as_digests       unlooked;            /* pictures that may not come for that */
    char             first[AS_REF_BYTES]; /* the name of one, or its beginning */
    bool             no_memory;
} pull;

/* Where a version is, its neighbours are that are read next: the whole pack comes. */
static bool pull_fetch_versions(void *ctx, const as_digests *wanted, as_err *err)
{
    pull      *p = ctx;
    as_remote *remote = p->remote;
    as_digests all = {.n_slots = 0};
    bool       ok = true;
    for (size_t i = 0; ok && i < wanted->all.n; i++) {
        const as_digest *digest = &wanted->all.at[i];
        as_remote_place  place;
        uint64_t         n;
        if (as_store_size(remote->ws->store, digest, &n, NULL))
            continue;
        ok = as_digests_add(&all, digest, NULL, NULL);
        const as_transfer *pack = as_remote_has(remote, digest, &place) ? &remote->view.packs.at[place.pack] : NULL;
        for (size_t k = 0; ok && pack && k < pack->n; k++)
            ok = as_digests_add(&all, &pack->at[k].digest, NULL, NULL);
    }
    ok = ok || AS_FAIL(err, AS_ENOMEM, "not enough memory to fetch versions");
    remote->texts_only = p->looked_only;
    ok = ok && (all.all.n == 0 || as_remote_fetch(remote, &all, p->moved, err));
    remote->texts_only = false;
    as_digests_done(&all);
    return ok;
}

/* What stands for versions' parts that were erased there: here before those go here, also of versions that are old. */
static bool pull_rewritten(pull *p, as_err *err)
{
    const as_remote_view *view = &p->remote->view;
    as_digests            wanted = {.n_slots = 0}, there = {.n_slots = 0};
    bool                  ok = as_need_rewritten(view->stones.at, view->stones.n, &wanted, err);
    for (size_t i = 0; ok && i < wanted.all.n; i++)
        if (as_remote_has(p->remote, &wanted.all.at[i], NULL))
            ok = as_digests_add(&there, &wanted.all.at[i], NULL, NULL) ||
                 AS_FAIL(err, AS_ENOMEM, "not enough memory for what was erased");
    ok = ok && as_remote_fetch(p->remote, &there, p->moved, err);
    as_digests_done(&wanted);
    as_digests_done(&there);
    return ok;
}

static void pull_see(void *ctx, const as_sample *sample)
{
    pull        *p = ctx;
    as_store    *store = p->remote->ws->store;
    as_tombstone stone;
    bool         is_new = false;
    if ((sample->privacy && *sample->privacy) || as_store_has(store, &sample->image) ||
        !as_remote_has(p->remote, &sample->image, NULL) || as_store_erased(store, &sample->image, &stone, NULL))
        return;
    if (!as_digests_add(&p->unlooked, &sample->image, NULL, &is_new))
        p->no_memory = true;
    if (is_new && p->unlooked.all.n == 1)
        as_str_copy(p->first, sizeof p->first, sample->name);
}

/* The pictures of what was walked, and whether they may come. */
static bool pull_pictures(pull *p, as_err *err)
{
    as_remote *remote = p->remote;
    p->need.see = p->looked_only ? pull_see : NULL;
    p->need.ctx = p;
    if (!as_need_pictures(&p->need, remote->ws, &remote->progress, err))
        return false;
    if (p->no_memory)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory for the pictures to fetch");
    const size_t n = p->unlooked.all.n;
    return n == 0 ||
           AS_FAIL(err, AS_EACCESS,
                   "%zu picture%s of remote '%s' (as '%.100s') %s taken in without looking for faces, and "
                   "privacy.faces is not keep here: none was fetched (import them here, or bring them as they are: "
                   "--unlooked)",
                   n, n == 1 ? "" : "s", remote->cfg.name, p->first, n == 1 ? "was" : "were");
}

static bool pull_see_tags(pull *p, as_err *err)
{
    const as_remote_view *view = &p->remote->view;
    for (size_t i = 0; i < view->refs.n; i++) {
        const as_ref *tag = &view->refs.at[i];
        char          here[AS_REF_BYTES];
        as_digest     digest;
        as_err        why = AS_ERR_NONE;
        if (!as_str_starts(tag->name, AS_TAG_REF))
            continue;
        if (!as_tag_name_is_fine(tag->name + strlen(AS_TAG_REF)) || !as_digest_parse(tag->value, &digest)) {
            p->moved->n_tags_wrong++;
            continue;
        }
        if (as_store_ref_get(p->remote->ws->store, tag->name, here, &why)) {
            p->moved->n_tags_left += strcmp(here, tag->value) != 0;
            continue;
        }
        if (why.code != AS_ENOTFOUND)
            return as_err_set(err, why.code, "%s", why.text);
        if (!as_vec_push(&p->tags, *tag))
            return AS_FAIL(err, AS_ENOMEM, "not enough memory for the tags");
        if (!as_need_walk(&p->need, p->remote->ws, &digest, pull_fetch_versions, p, err))
            return false;
    }
    return true;
}

/* False with AS_ENOTFOUND: there is none. */
static bool pull_here(const as_remote *remote, as_digest *ret, as_err *err)
{
    char value[AS_REF_BYTES];
    if (!as_store_ref_get(remote->ws->store, AS_COMMIT_REF, value, err))
        return false;
    return as_digest_parse(value, ret) ||
           AS_FAIL(err, AS_ECORRUPT, "ref '%s' is damaged: '%s' is no SHA-256", AS_COMMIT_REF, value);
}

static bool pull_is_past(as_workspace *ws, const as_digest *old, const as_digest *newer, bool *ret, as_err *err)
{
    as_need past = {.known = {.n_slots = 0}};
    bool    ok = as_need_skip(&past, ws, newer, err);
    *ret = ok && as_digests_find(&past.known, old, NULL);
    as_need_done(&past);
    return ok;
}

static bool pull_move(pull *p, const as_digest *there, as_err *err)
{
    as_workspace *ws = p->remote->ws;
    as_digest     here;
    bool          is_past = true;
    char          hex[AS_SHA256_HEX_BYTES];
    as_err        why = AS_ERR_NONE;
    as_digest_hex(there, p->moved->commit);
    if (pull_here(p->remote, &here, &why)) {
        as_digest_hex(&here, p->moved->before);
        if (!pull_is_past(ws, there, &here, &is_past, err))
            return false;
        if (is_past) /* the same, or this one is newer */
            return true;
        if (!pull_is_past(ws, &here, there, &is_past, err))
            return false;
    } else if (why.code != AS_ENOTFOUND) {
        return as_err_set(err, why.code, "%s", why.text);
    }
    if (!is_past)
        return AS_FAIL(
            err, AS_EEXIST,
            "both sides have gone on: remote '%s' is at version %.12s, and %.12s here does not come from it. "
            "The remote's versions are here now, and main stays as it was (compare: assay data diff %.12s; "
            "go on from the remote's in a folder of its own: assay data clone)",
            p->remote->cfg.name, p->moved->commit, p->moved->before, p->moved->commit);
    p->moved->is_moved = true;
    return as_store_ref_set(ws->store, AS_COMMIT_REF, as_digest_hex(there, hex), err);
}

static bool pull_set_tags(pull *p, as_err *err)
{
    for (size_t i = 0; i < p->tags.n; i++, p->moved->n_tags++)
        if (!as_store_ref_set(p->remote->ws->store, p->tags.at[i].name, p->tags.at[i].value, err))
            return false;
    return true;
}

/* What has come stays known as the remote's, also where main does not move there: an erasure looks at it, gc keeps it. */
static bool pull_note(const as_remote *remote, const as_digest *there, as_err *err)
{
    char name[AS_REF_BYTES], hex[AS_SHA256_HEX_BYTES];
    snprintf(name, sizeof name, AS_REMOTE_HERE "%s", remote->cfg.name);
    return as_store_ref_set(remote->ws->store, name, as_digest_hex(there, hex), err);
}

/* A copy beside the cache; the one in use is changed by people alone. */
static bool pull_spec(pull *p, as_err *err)
{
    as_remote *remote = p->remote;
    uint8_t   *bytes, *own;
    size_t     n, n_own;
    if (!as_remote_ref(remote, "spec"))
        return true;
    if (!as_remote_spec(remote, &bytes, &n, err))
        return false;
    bool ok = as_fs_read(remote->ws->spec_path, AS_REMOTE_SPEC_MAX, &own, &n_own, err);
    if (ok) {
        p->moved->is_spec_other = n != n_own || memcmp(bytes, own, n) != 0;
        free(own);
        ok = as_fs_join(p->moved->spec_path, remote->cache, "../assay.yaml", err) &&
             as_fs_write(p->moved->spec_path, bytes, n, err);
    }
    free(bytes);
    return ok;
}

static bool pull_objects(pull *p, const as_digest *there, as_err *err)
{
    as_remote    *remote = p->remote;
    as_workspace *ws = remote->ws;
    as_digest     here;
    as_err        why = AS_ERR_NONE;
    if (pull_here(remote, &here, &why) ? !as_need_skip(&p->need, ws, &here, err)
                                       : why.code != AS_ENOTFOUND && !as_err_set(err, why.code, "%s", why.text))
        return false;
    return (!there || as_need_walk(&p->need, ws, there, pull_fetch_versions, p, err)) && pull_see_tags(p, err) &&
           as_remote_fetch(remote, &p->need.objects, p->moved, err) && pull_pictures(p, err) &&
           as_remote_fetch(remote, &p->need.objects, p->moved, err);
}

static bool pull_run(pull *p, as_err *err)
{
    as_remote *remote = p->remote;
    as_digest  there = {.b = {0}};
    as_err     why = AS_ERR_NONE;
    if (!as_remote_greet(remote, false, err) || !as_remote_look(remote, err))
        return false;
    const char *value = as_remote_ref(remote, AS_COMMIT_REF);
    if (value && !as_digest_parse(value, &there))
        return AS_FAIL(err, AS_ECORRUPT, "'%s' in remote '%s' is damaged: it names no version", AS_REMOTE_REF_MAIN,
                       remote->cfg.url);
    /* Before anything else is fetched: what was erased there must not be here either. */
    if (!pull_rewritten(p, err) || !as_remote_bury(remote, p->moved, err))
        return false;
    bool ok = pull_objects(p, value ? &there : NULL, &why);
    /* What came whole stays, also when the rest did not: it is not fetched again. */
    if (!as_store_sync(remote->ws->store, ok ? err : NULL))
        return ok ? false : as_err_set(err, why.code, "%s", why.text);
    if (!ok)
        return as_err_set(err, why.code, "%s", why.text);
    return pull_spec(p, err) && pull_set_tags(p, err) &&
           (!value || (pull_note(remote, &there, err) && pull_move(p, &there, err)));
}

bool as_remote_pull(as_remote *remote, const as_pull_cfg *cfg, as_remote_moved *ret, as_err *err)
{
    as_remote_moved moved = {.is_swap_sure = true};
    pull            p = {.remote = remote, .moved = &moved, .looked_only = cfg->looked_only};
    if (remote->ws->lock_fd < 0)
        return AS_FAIL(err, AS_EINVAL, "cannot pull: workspace '%s' is open for reading only", remote->ws->root);
    bool ok = pull_run(&p, err);
    moved.n_requests_again = remote->kind->n_again(remote->self);
    as_need_done(&p.need);
    as_digests_done(&p.unlooked);
    as_vec_done(&p.tags);
    if (ok)
        *ret = moved;
    return ok;
}
