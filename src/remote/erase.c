/* SPDX-License-Identifier: Apache-2.0 */
/* Objects out of a remote. The note of it comes first, and a pack goes before its listing: whatever is cut in between, the
 * listing still says what is to be done, and the next erasure or push does it. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "remote/state.h"

#define ERASE_THREADS 2u /* each holds a pack and what is left of it */

typedef struct erase {
    as_remote *remote;
    AS_VEC(as_transfer *) packs; /* that hold what was erased */
    AS_VEC(bool) whole;          /* and whether there is a pack to read */
    as_crew               crew;
    atomic_uint_least64_t n_objects, n_bytes;
} erase;

static bool erase_no_memory(as_err *err)
{
    return AS_FAIL(err, AS_ENOMEM, "not enough memory to erase in a remote");
}

static bool erase_is_asked(const erase *e, const as_transfer_entry *entry)
{
    return as_digests_find(&e->remote->view.erased, &entry->digest, NULL);
}

/* What stays of the pack, copied behind each other. What is damaged there is no object any more, and does not stay. */
static void erase_gather(erase *e, const as_transfer *old, uint8_t *bytes, as_transfer_entry *kept, size_t *ret_n)
{
    uint64_t end = 0;
    size_t   n = 0;
    for (size_t i = 0; i < old->n; i++) {
        const as_transfer_entry *entry = &old->at[i];
        char                     hex[AS_SHA256_HEX_BYTES];
        if (erase_is_asked(e, entry))
            continue;
        const as_digest real = as_sha256_of(bytes + entry->offset, entry->n_bytes);
        if (!as_digest_equal(&real, &entry->digest)) {
            as_log_write(AS_LOG_WARN, "object '%s' is damaged in remote '%s', and is dropped with its pack",
                         as_digest_hex(&entry->digest, hex), e->remote->cfg.url);
            continue;
        }
        memmove(bytes + end, bytes + entry->offset, entry->n_bytes);
        end += entry->n_bytes;
        kept[n++] = *entry;
    }
    *ret_n = n;
}

static bool erase_put_rest(erase *e, const as_transfer *old, uint8_t *bytes, as_err *err)
{
    as_transfer rest;
    as_str      listing;
    size_t      n;
    /* Freed here: the transfer only borrows them. */
    as_transfer_entry *kept = calloc(old->n + 1, sizeof *kept);
    if (!kept)
        return erase_no_memory(err);
    as_str_init(&listing);
    erase_gather(e, old, bytes, kept, &n);
    bool ok = n == 0 || (as_transfer_write(kept, n, &listing, &rest, err) &&
                         as_remote_put_pack(e->remote, &rest, bytes, &listing, err));
    as_str_done(&listing);
    free(kept);
    return ok;
}

static bool erase_keep_rest(erase *e, const as_transfer *old, as_err *err)
{
    char     name[AS_REMOTE_NAME_MAX];
    uint8_t *bytes;
    size_t   n_left = 0;
    as_err   why = AS_ERR_NONE;
    for (size_t i = 0; i < old->n; i++)
        n_left += !erase_is_asked(e, &old->at[i]) && old->at[i].n_bytes > 0;
    if (n_left == 0)
        return true;
    as_transfer_name(&old->name, true, name);
    if (!e->remote->kind->range(e->remote->self, name, 0, (size_t)old->n_bytes, &bytes, &why)) {
        if (why.code == AS_ENOTFOUND || why.code == AS_ECORRUPT)
            return true;
        return as_err_set(err, why.code, "%s", why.text);
    }
    bool ok = erase_put_rest(e, old, bytes, err);
    free(bytes);
    return ok;
}

static bool erase_remove(as_remote *remote, const as_digest *digest, as_err *err)
{
    char name[AS_REMOTE_NAME_MAX], path[AS_FS_PATH_BYTES];
    as_transfer_name(digest, true, name);
    if (!remote->kind->remove(remote->self, name, err))
        return false;
    as_transfer_name(digest, false, name);
    if (!remote->kind->remove(remote->self, name, err))
        return false;
    return !remote->ws || (as_fs_join(path, remote->cache, strrchr(name, '/') + 1, err) && as_fs_remove(path, err));
}

static bool erase_pack(void *ctx, size_t i, as_err *err)
{
    erase             *e = ctx;
    const as_transfer *old = e->packs.at[i];
    if ((e->whole.at[i] && !erase_keep_rest(e, old, err)) || !erase_remove(e->remote, &old->name, err))
        return false;
    for (size_t k = 0; k < old->n; k++) {
        if (!erase_is_asked(e, &old->at[k]))
            continue;
        atomic_fetch_add(&e->n_objects, e->whole.at[i]);
        atomic_fetch_add(&e->n_bytes, e->whole.at[i] ? old->at[k].n_bytes : 0);
    }
    atomic_fetch_add(&e->crew.done, 1);
    return true;
}

static bool erase_find(erase *e, as_transfer *at, size_t n, bool whole, as_err *err)
{
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < at[i].n && !erase_is_asked(e, &at[i].at[k]))
            k++;
        if (k < at[i].n && (!as_vec_push(&e->packs, &at[i]) || !as_vec_push(&e->whole, whole)))
            return erase_no_memory(err);
    }
    return true;
}

static bool erase_packs(as_remote *remote, as_remote_erasure *ret, as_err *err)
{
    erase           e = {.remote = remote};
    as_remote_view *view = &remote->view;
    bool            ok = erase_find(&e, view->packs.at, view->packs.n, true, err) &&
              erase_find(&e, view->begun.at, view->begun.n, false, err);
    e.crew = (as_crew){
        .what = "erasing in the remote", .progress = &remote->progress, .threads = ERASE_THREADS, .total = e.packs.n};
    ok = ok && as_crew_run(&e.crew, e.packs.n, erase_pack, &e, err);
    ret->n_packs += e.packs.n;
    ret->n_objects += atomic_load(&e.n_objects);
    ret->n_bytes += atomic_load(&e.n_bytes);
    as_vec_done(&e.packs);
    as_vec_done(&e.whole);
    return ok;
}

bool as_remote_tidy(as_remote *remote, as_err *err)
{
    for (size_t i = 0; i < remote->view.orphans.n; i++) {
        char     name[AS_REMOTE_NAME_MAX];
        uint8_t *bytes;
        size_t   n;
        as_err   why = AS_ERR_NONE;
        /* It may have come after the names were listed. */
        as_transfer_name(&remote->view.orphans.at[i], false, name);
        if (remote->kind->get(remote->self, name, AS_TRANSFER_MAX_BYTES, &bytes, &n, &why)) {
            free(bytes);
            continue;
        }
        if (why.code != AS_ENOTFOUND)
            return as_err_set(err, why.code, "%s", why.text);
        if (!erase_remove(remote, &remote->view.orphans.at[i], err))
            return false;
    }
    remote->view.orphans.n = 0;
    return true;
}

static bool erase_note(as_remote *remote, const as_remote_stone *stones, size_t n, as_err *err)
{
    as_str text;
    char   hex[AS_SHA256_HEX_BYTES], name[AS_REMOTE_NAME_MAX];
    as_str_init(&text);
    bool ok = as_stones_write(stones, n, &text, err);
    if (ok) {
        const as_digest digest = as_sha256_of(text.s, text.len);
        snprintf(name, sizeof name, "erased/%s", as_digest_hex(&digest, hex));
        ok = remote->kind->put(remote->self, name, text.s, text.len, err);
    }
    as_str_done(&text);
    return ok;
}

/* Those the remote does not know of yet. */
static bool erase_note_new(as_remote *remote, const as_remote_stone *stones, size_t n, as_remote_erasure *ret,
                           as_err *err)
{
    AS_VEC(as_remote_stone) fresh = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        if (!as_digests_find(&remote->view.erased, &stones[i].digest, NULL) && !as_vec_push(&fresh, stones[i]))
            ok = erase_no_memory(err);
        if (ok && fresh.n && (fresh.n == AS_TRANSFER_MAX_STONES || i + 1 == n)) {
            ok = erase_note(remote, fresh.at, fresh.n, err);
            ret->n_noted += fresh.n;
            fresh.n = 0;
        }
    }
    as_vec_done(&fresh);
    return ok;
}

/* An object that names were taken out of goes when the one is there that stands for it. */
static bool erase_send_rewritten(as_remote *remote, const as_remote_stone *stones, size_t n, as_err *err)
{
    as_digests      wanted = {.n_slots = 0}, here = {.n_slots = 0};
    as_remote_moved moved = {0};
    bool            ok = !remote->ws || as_need_rewritten(stones, n, &wanted, err);
    for (size_t i = 0; ok && i < wanted.all.n; i++)
        if (as_store_has(remote->ws->store, &wanted.all.at[i]))
            ok = as_digests_add(&here, &wanted.all.at[i], NULL, NULL) || erase_no_memory(err);
    ok = ok && (here.all.n == 0 || as_remote_send(remote, &here, here.all.n, &moved, err));
    as_digests_done(&wanted);
    as_digests_done(&here);
    return ok;
}

bool as_remote_erase(as_remote *remote, const as_remote_stone *stones, size_t n, as_remote_erasure *ret, as_err *err)
{
    as_remote_erasure done = {0};
    as_err            why = AS_ERR_NONE;
    if (!as_remote_greet(remote, false, &why)) {
        if (why.code != AS_ENOTFOUND)
            return as_err_set(err, why.code, "%s", why.text);
        *ret = done; /* nothing was ever sent there */
        return true;
    }
    /* Once the note is there, who sends one of these objects finds it in his last look, and erases it himself. */
    if (!as_remote_look(remote, err) || !erase_send_rewritten(remote, stones, n, err) ||
        !erase_note_new(remote, stones, n, &done, err) || (done.n_noted && !as_remote_look(remote, err)) ||
        !erase_packs(remote, &done, err) || !as_remote_tidy(remote, err) ||
        (done.n_packs && !as_remote_look(remote, err)))
        return false;
    *ret = done;
    return true;
}
