/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a remote: its names, its listings, its refs. */
#include <stdlib.h>
#include <string.h>

#include "remote/state.h"

#define VIEW_MAX_PACKS ((size_t)1 << 22)
#define VIEW_MAX_REFS  ((size_t)100000)

typedef struct view_look {
    as_remote *remote;
    as_digests listings, packs, stones; /* names seen */
    AS_VEC(uint64_t) sizes;             /* of packs */
    as_transfer *read;                  /* one for each listing */
    as_crew      crew;
} view_look;

void as_remote_view_done(as_remote_view *view)
{
    for (size_t i = 0; i < view->packs.n; i++)
        as_transfer_done(&view->packs.at[i]);
    for (size_t i = 0; i < view->begun.n; i++)
        as_transfer_done(&view->begun.at[i]);
    as_vec_done(&view->packs);
    as_vec_done(&view->begun);
    as_vec_done(&view->places);
    as_vec_done(&view->stones);
    as_vec_done(&view->orphans);
    as_vec_done(&view->refs);
    as_digests_done(&view->objects);
    as_digests_done(&view->erased);
}

static bool view_no_memory(const as_remote *remote, as_err *err)
{
    return AS_FAIL(err, AS_ENOMEM, "not enough memory for what is in remote '%s'", remote->cfg.url);
}

static bool view_see_pack(void *ctx, const char *name, uint64_t n_bytes, as_err *err)
{
    view_look *look = ctx;
    as_digest  digest;
    bool       is_pack, is_new;
    if (!as_transfer_name_parse(name, &digest, &is_pack))
        return true;
    if (look->listings.all.n >= VIEW_MAX_PACKS)
        return AS_FAIL(err, AS_ELIMIT, "remote '%s' has more than %zu packs", look->remote->cfg.url, VIEW_MAX_PACKS);
    bool ok = as_digests_add(is_pack ? &look->packs : &look->listings, &digest, NULL, &is_new);
    if (ok && is_pack && is_new)
        ok = as_vec_push(&look->sizes, n_bytes);
    return ok || view_no_memory(look->remote, err);
}

static bool view_see_stones(void *ctx, const char *name, uint64_t n_bytes, as_err *err)
{
    view_look *look = ctx;
    as_digest  digest;
    (void)n_bytes;
    if (!as_digest_parse(name + strlen("erased/"), &digest))
        return true;
    return as_digests_add(&look->stones, &digest, NULL, NULL) || view_no_memory(look->remote, err);
}

static bool view_read_listing(void *ctx, size_t i, as_err *err)
{
    view_look *look = ctx;
    uint8_t   *bytes;
    size_t     n;
    char       name[AS_REMOTE_NAME_MAX];
    as_err     why = AS_ERR_NONE;
    as_transfer_name(&look->listings.all.at[i], false, name);
    atomic_fetch_add(&look->crew.done, 1);
    if (!as_remote_get_named(look->remote, name, &look->listings.all.at[i], AS_TRANSFER_MAX_BYTES, &bytes, &n, &why)) {
        if (why.code == AS_ENOTFOUND) /* another program erased something in it meanwhile */
            return true;
        return as_err_set(err, why.code, "%s", why.text);
    }
    bool ok = as_transfer_parse(bytes, n, &look->read[i], &why);
    free(bytes);
    return ok || as_err_set(err, why.code, "'%s' in remote '%s': %s", name, look->remote->cfg.url, why.text);
}

static bool view_add_pack(as_remote *remote, const as_transfer *transfer, as_err *err)
{
    as_remote_view *view = &remote->view;
    for (size_t i = 0; i < transfer->n; i++) {
        const as_transfer_entry *entry = &transfer->at[i];
        as_remote_place place = {.pack = (uint32_t)view->packs.n, .n_bytes = entry->n_bytes, .offset = entry->offset};
        bool            is_new;
        if (!as_digests_add(&view->objects, &entry->digest, NULL, &is_new) ||
            (is_new && !as_vec_push(&view->places, place)))
            return view_no_memory(remote, err);
    }
    return as_vec_push(&view->packs, *transfer) || view_no_memory(remote, err);
}

/* Takes the listings over. */
static bool view_add_packs(view_look *look, as_err *err)
{
    as_remote *remote = look->remote;
    bool       ok = true;
    for (size_t i = 0; ok && i < look->listings.all.n; i++) {
        as_transfer *transfer = &look->read[i];
        size_t       at;
        if (!transfer->at)
            continue;
        if (as_digests_find(&look->packs, &transfer->name, &at) && look->sizes.at[at] == transfer->n_bytes)
            ok = view_add_pack(remote, transfer, err);
        else
            ok = as_vec_push(&remote->view.begun, *transfer) || view_no_memory(remote, err);
        if (ok)
            transfer->at = NULL;
    }
    for (size_t i = 0; ok && i < look->packs.all.n; i++)
        if (!as_digests_find(&look->listings, &look->packs.all.at[i], NULL))
            ok = as_vec_push(&remote->view.orphans, look->packs.all.at[i]) || view_no_memory(remote, err);
    return ok;
}

static bool view_look_packs(view_look *look, as_err *err)
{
    as_remote *remote = look->remote;
    if (!remote->kind->list(remote->self, "packs/", view_see_pack, look, err))
        return false;
    const size_t n = look->listings.all.n;
    look->read = calloc(n + 1, sizeof *look->read);
    if (!look->read)
        return view_no_memory(remote, err);
    look->crew =
        (as_crew){.what = "reading listings", .progress = &remote->progress, .threads = AS_REMOTE_THREADS, .total = n};
    bool ok = as_crew_run(&look->crew, n, view_read_listing, look, err) && view_add_packs(look, err);
    for (size_t i = 0; i < n; i++)
        as_transfer_done(&look->read[i]);
    free(look->read);
    return ok;
}

static bool view_add_stones(as_remote *remote, const as_digest *digest, as_err *err)
{
    char             hex[AS_SHA256_HEX_BYTES], name[AS_REMOTE_NAME_MAX];
    uint8_t         *bytes;
    size_t           n, n_stones;
    as_remote_stone *stones;
    as_err           why = AS_ERR_NONE;
    snprintf(name, sizeof name, "erased/%s", as_digest_hex(digest, hex));
    if (!as_remote_get_named(remote, name, digest, AS_TRANSFER_STONES_MAX, &bytes, &n, err))
        return false;
    bool ok = as_stones_parse(bytes, n, &stones, &n_stones, &why);
    free(bytes);
    if (!ok)
        return as_err_set(err, why.code, "'%s' in remote '%s': %s", name, remote->cfg.url, why.text);
    for (size_t i = 0; ok && i < n_stones; i++) {
        bool is_new;
        ok = (as_digests_add(&remote->view.erased, &stones[i].digest, NULL, &is_new) &&
              (!is_new || as_vec_push(&remote->view.stones, stones[i]))) ||
             view_no_memory(remote, err);
    }
    free(stones);
    return ok;
}

static bool view_see_ref(void *ctx, const char *name, uint64_t n_bytes, as_err *err)
{
    view_look  *look = ctx;
    as_remote  *remote = look->remote;
    as_ref      ref = {.name = {0}};
    uint8_t    *bytes;
    size_t      n;
    as_err      why = AS_ERR_NONE;
    const char *inside = name + strlen("refs/");
    if (n_bytes >= AS_REF_BYTES || strlen(inside) >= sizeof ref.name)
        return true; /* none of ours */
    if (remote->view.refs.n >= VIEW_MAX_REFS)
        return AS_FAIL(err, AS_ELIMIT, "remote '%s' has more than %zu refs", remote->cfg.url, VIEW_MAX_REFS);
    if (!remote->kind->get(remote->self, name, AS_REF_BYTES, &bytes, &n, &why))
        return why.code == AS_ENOTFOUND || as_err_set(err, why.code, "%s", why.text);
    as_str_copy(ref.name, sizeof ref.name, inside);
    memcpy(ref.value, bytes, AS_MIN(n, sizeof ref.value - 1));
    free(bytes);
    for (char *at = ref.value; *at; at++)
        if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
            return AS_FAIL(err, AS_ECORRUPT, "'%s' in remote '%s' is damaged: it is not one line", name,
                           remote->cfg.url);
    return as_vec_push(&remote->view.refs, ref) || view_no_memory(remote, err);
}

/* Refs before packs: what a ref names was there before it. Erasures last: what is missing in a pack by then is in them. */
bool as_remote_look(as_remote *remote, as_err *err)
{
    view_look look = {.remote = remote};
    as_remote_view_done(&remote->view);
    remote->view = (as_remote_view){.packs = {0}};
    bool ok = remote->kind->list(remote->self, "refs/", view_see_ref, &look, err) && view_look_packs(&look, err) &&
              remote->kind->list(remote->self, "erased/", view_see_stones, &look, err);
    for (size_t i = 0; ok && i < look.stones.all.n; i++)
        ok = as_progress_go_on(&remote->progress, err) && view_add_stones(remote, &look.stones.all.at[i], err);
    as_digests_done(&look.listings);
    as_digests_done(&look.packs);
    as_digests_done(&look.stones);
    as_vec_done(&look.sizes);
    return ok;
}

const char *as_remote_ref(const as_remote *remote, const char *name)
{
    for (size_t i = 0; i < remote->view.refs.n; i++)
        if (strcmp(remote->view.refs.at[i].name, name) == 0)
            return remote->view.refs.at[i].value;
    return NULL;
}

bool as_remote_has(const as_remote *remote, const as_digest *digest, as_remote_place *ret)
{
    size_t at;
    if (!as_digests_find(&remote->view.objects, digest, &at))
        return false;
    if (ret)
        *ret = remote->view.places.at[at];
    return true;
}
