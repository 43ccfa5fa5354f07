/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "catalog/rewritten.h"
#include "remote/state.h"

typedef struct push {
    as_remote *remote;
    as_commit  commit;
    char       hex[AS_SHA256_HEX_BYTES];
    bool       force, whole;
    as_need    need;
    size_t     n_meta;
    AS_VEC(as_ref) tags; /* that are to be made there */
    as_remote_moved *moved;
} push;

static bool push_fail_history(const push *p, const as_digest *there, bool is_here, as_err *err)
{
    as_need     newer = {.known = {.n_slots = 0}};
    char        hex[AS_SHA256_HEX_BYTES];
    const char *name = p->remote->cfg.name;
    as_digest_hex(there, hex);
    if (!is_here)
        return AS_FAIL(err, AS_EEXIST,
                       "remote '%s' is at version %.12s, which is not here: bring it with: assay data pull %s", name,
                       hex, name);
    bool ok = as_need_skip(&newer, p->remote->ws, there, err);
    bool is_ahead = ok && as_digests_find(&newer.known, &p->commit.id, NULL);
    as_need_done(&newer);
    if (!ok)
        return false;
    if (is_ahead)
        return AS_FAIL(err, AS_EEXIST, "remote '%s' is at version %.12s, which is newer than %.12s already", name, hex,
                       p->hex);
    return AS_FAIL(
        err, AS_EEXIST,
        "both sides have gone on: remote '%s' is at version %.12s, and %.12s does not come from it (fetch the "
        "remote's into a folder of its own with: assay data clone, and import there what is new here; or "
        "replace it, which takes its versions out of the history: --force)",
        name, hex, p->hex);
}

/* What is there must be something that the version comes from. */
static bool push_check_history(push *p, as_err *err)
{
    const char *value = as_remote_ref(p->remote, AS_COMMIT_REF);
    as_digest   there;
    as_commit   version;
    as_need     past = {.known = {.n_slots = 0}};
    if (!value)
        return true;
    if (!as_digest_parse(value, &there))
        return AS_FAIL(err, AS_ECORRUPT, "'%s' in remote '%s' is damaged: it names no version", AS_REMOTE_REF_MAIN,
                       p->remote->cfg.url);
    as_str_copy(p->moved->before, sizeof p->moved->before, value);
    bool ok = as_need_skip(&past, p->remote->ws, &p->commit.id, err);
    bool is_past = ok && as_digests_find(&past.known, &there, NULL);
    as_need_done(&past);
    if (!ok)
        return false;
    const bool is_here = as_commit_read(p->remote->ws, &there, &version, NULL);
    if (!is_past && !p->force)
        return push_fail_history(p, &there, is_here, err);
    return p->whole || !is_here || as_need_skip(&p->need, p->remote->ws, &there, err);
}

static bool push_add_tag(push *p, const as_ref *ref, as_err *err)
{
    char        hex[AS_SHA256_HEX_BYTES];
    as_digest   digest;
    const char *there = as_remote_ref(p->remote, ref->name);
    as_str_copy(hex, sizeof hex, ref->value);
    if (!as_digest_parse(hex, &digest))
        return AS_FAIL(err, AS_ECORRUPT, "ref '%s' is damaged: '%s' names no version", ref->name, ref->value);
    if (there) {
        p->moved->n_tags_left += strcmp(there, ref->value) != 0;
        return true;
    }
    if (!as_vec_push(&p->tags, *ref))
        return AS_FAIL(err, AS_ENOMEM, "not enough memory for the tags");
    return as_need_walk(&p->need, p->remote->ws, &digest, NULL, NULL, err);
}

static bool push_find_tags(push *p, as_err *err)
{
    as_ref *refs;
    size_t  n;
    if (!as_store_ref_list(p->remote->ws->store, AS_REMOTE_TAGS, &refs, &n, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        ok = push_add_tag(p, &refs[i], err);
    free(refs);
    return ok;
}

static bool push_plan(push *p, as_err *err)
{
    as_workspace *ws = p->remote->ws;
    if (!push_check_history(p, err) || !as_need_walk(&p->need, ws, &p->commit.id, NULL, NULL, err) ||
        !push_find_tags(p, err))
        return false;
    p->n_meta = p->need.objects.all.n;
    return as_need_pictures(&p->need, ws, &p->remote->progress, err);
}

typedef struct push_stones {
    AS_VEC(as_remote_stone) all;
    as_digests seen;
} push_stones;

/* If it was erased here; and where another object stands for it that was erased too, that one as well: who follows the notes
 * must not come to an end halfway. */
static bool push_add_stone(const push *p, const as_digest *digest, push_stones *stones, as_err *err)
{
    as_remote_stone stone = {.digest = *digest};
    uint64_t        n;
    bool            is_new = true;
    for (;;) {
        as_err why = AS_ERR_NONE;
        if (as_store_size(p->remote->ws->store, &stone.digest, &n, &why) || why.code != AS_EGONE)
            return true;
        if (!as_store_erased(p->remote->ws->store, &stone.digest, &stone.stone, err))
            return false;
        if (!as_digests_add(&stones->seen, &stone.digest, NULL, &is_new) ||
            (is_new && !as_vec_push(&stones->all, stone)))
            return AS_FAIL(err, AS_ENOMEM, "not enough memory for what was erased");
        if (!is_new || !as_commit_rewritten_to(stone.stone.reason, &stone.digest))
            return true;
    }
}

/* What was erased here: of that which is there, and of that which the versions name. */
static bool push_find_stones(const push *p, push_stones *stones, as_err *err)
{
    const as_remote_view *view = &p->remote->view;
    for (size_t i = 0; i < view->objects.all.n; i++)
        if (!push_add_stone(p, &view->objects.all.at[i], stones, err))
            return false;
    for (size_t i = 0; i < p->need.objects.all.n; i++)
        if (!as_digests_find(&view->erased, &p->need.objects.all.at[i], NULL) &&
            !push_add_stone(p, &p->need.objects.all.at[i], stones, err))
            return false;
    return true;
}

static bool push_has_erased(const as_remote_view *view)
{
    for (size_t i = 0; i < view->erased.all.n; i++)
        if (as_digests_find(&view->objects, &view->erased.all.at[i], NULL))
            return true;
    return false;
}

static bool push_erase(push *p, as_err *err)
{
    push_stones       stones = {.seen = {.n_slots = 0}};
    as_remote_erasure erased = {0};
    bool              ok = push_find_stones(p, &stones, err);
    if (ok && (stones.all.n || push_has_erased(&p->remote->view)))
        ok = as_remote_erase(p->remote, stones.all.at, stones.all.n, &erased, err);
    else if (ok)
        ok = as_remote_tidy(p->remote, err);
    p->moved->n_erased += erased.n_noted;
    as_vec_done(&stones.all);
    as_digests_done(&stones.seen);
    return ok;
}

/* Moves a ref from what was seen to value. */
static bool push_swap(push *p, const char *inside, const char *value, bool *ret_swapped, as_err *err)
{
    char        name[AS_REF_BYTES + 8];
    bool        sure = true;
    const char *seen = as_remote_ref(p->remote, inside);
    snprintf(name, sizeof name, "refs/%s", inside);
    if (!p->remote->kind->swap(p->remote->self, name, seen, value, ret_swapped, &sure, err))
        return false;
    p->moved->is_swap_sure = p->moved->is_swap_sure && sure;
    return true;
}

static bool push_move(push *p, as_err *err)
{
    const char *seen = as_remote_ref(p->remote, AS_COMMIT_REF);
    bool        swapped = true;
    as_str_copy(p->moved->commit, sizeof p->moved->commit, p->hex);
    /* What was seen first: another push may have moved it while the packs were on their way. */
    if (strcmp(seen ? seen : "", p->moved->before) != 0)
        swapped = seen && strcmp(seen, p->hex) == 0;
    else if (!seen || strcmp(seen, p->hex) != 0) {
        if (!push_swap(p, AS_COMMIT_REF, p->hex, &swapped, err))
            return false;
        p->moved->is_moved = swapped;
    }
    if (swapped)
        return true;
    if (!as_remote_look(p->remote, err))
        return false;
    seen = as_remote_ref(p->remote, AS_COMMIT_REF);
    return (seen && strcmp(seen, p->hex) == 0) ||
           AS_FAIL(err, AS_EEXIST,
                   "another push moved remote '%s' to version %.12s meanwhile (bring it with: assay data pull %s)",
                   p->remote->cfg.name, seen ? seen : "none", p->remote->cfg.name);
}

static bool push_tags(push *p, as_err *err)
{
    for (size_t i = 0; i < p->tags.n; i++) {
        bool swapped;
        if (!push_swap(p, p->tags.at[i].name, p->tags.at[i].value, &swapped, err))
            return false;
        p->moved->n_tags += swapped;
        p->moved->n_tags_left += !swapped;
    }
    return true;
}

/* "://name:password@" before the next blank or slash. */
static bool push_has_password(const char *text)
{
    for (const char *at = text; (at = strstr(at, "://")) != NULL;) {
        at += 3;
        const size_t n = strcspn(at, " \t\r\n/'\"");
        const char  *colon = memchr(at, ':', n);
        if (colon && memchr(colon, '@', n - (size_t)(colon - at)))
            return true;
    }
    return false;
}

static bool push_spec(push *p, as_err *err)
{
    as_remote  *remote = p->remote;
    uint8_t    *bytes;
    size_t      n;
    char        hex[AS_SHA256_HEX_BYTES], name[AS_REMOTE_NAME_MAX];
    const char *seen = as_remote_ref(remote, "spec");
    if (!as_fs_read(remote->ws->spec_path, AS_REMOTE_SPEC_MAX, &bytes, &n, err))
        return false;
    const as_digest digest = as_sha256_of(bytes, n);
    snprintf(name, sizeof name, "specs/%s", as_digest_hex(&digest, hex));
    bool ok = true, swapped = false;
    if (!seen || strcmp(seen, hex) != 0)
        ok = remote->kind->put(remote->self, name, bytes, n, err) && push_swap(p, "spec", hex, &swapped, err);
    free(bytes);
    p->moved->is_spec_sent = swapped;
    return ok;
}

static bool push_check_spec(const as_remote *remote, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    if (!as_fs_read(remote->ws->spec_path, AS_REMOTE_SPEC_MAX, &bytes, &n, err))
        return false;
    const bool has = push_has_password((const char *)bytes);
    free(bytes);
    return !has || AS_FAIL(err, AS_EINVAL,
                           "'%s' has an address with a password in it (NAME:PASSWORD@...), which must not leave this "
                           "machine: take it out, or leave the file out with --no-spec",
                           remote->ws->spec_path);
}

static bool push_run(push *p, bool with_spec, as_err *err)
{
    as_remote *remote = p->remote;
    if ((with_spec && !push_check_spec(remote, err)) || !as_remote_greet(remote, true, err) ||
        !as_remote_look(remote, err) || !push_plan(p, err) || !push_erase(p, err) ||
        !as_remote_send(remote, &p->need.objects, p->n_meta, p->moved, err))
        return false;
    /* Erased by another program while it was on its way; then a pack may also have lost its listing before it came. */
    as_remote_erasure erased = {0};
    if ((push_has_erased(&remote->view) || remote->view.orphans.n) && !as_remote_erase(remote, NULL, 0, &erased, err))
        return false;
    for (size_t i = 0; i < remote->view.erased.all.n; i++)
        p->moved->n_known_erased += as_store_has(remote->ws->store, &remote->view.erased.all.at[i]);
    return push_move(p, err) && push_tags(p, err) && (!with_spec || push_spec(p, err));
}

bool as_remote_push(as_remote *remote, const as_push_cfg *cfg, as_remote_moved *ret, as_err *err)
{
    as_remote_moved moved = {.is_swap_sure = true};
    push            p = {.remote = remote, .force = cfg->force, .whole = cfg->whole, .moved = &moved};
    if (!as_commit_find(remote->ws, cfg->commit ? cfg->commit : "main", &p.commit, err))
        return false;
    as_digest_hex(&p.commit.id, p.hex);
    bool ok = push_run(&p, !cfg->without_spec, err);
    moved.n_requests_again = remote->kind->n_again(remote->self);
    as_need_done(&p.need);
    as_vec_done(&p.tags);
    if (ok)
        *ret = moved;
    return ok;
}
