/* SPDX-License-Identifier: Apache-2.0 */
/* Objects out of transfer packs into the store: neighbours in one go, each checked before the store gets it. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "remote/state.h"

#define FETCH_ROUNDS    4           /* others may write packs anew while this one reads */
#define FETCH_TRIES     2           /* what came damaged may have been damaged on the way */
#define FETCH_GAP_BYTES (64u << 10) /* read and thrown away rather than asked for apart */

typedef struct fetch_want {
    as_digest       digest;
    as_remote_place place;
} fetch_want;

typedef struct fetch_span {
    size_t   first, n; /* of wants */
    uint64_t n_bytes;  /* from the first one's begin to the end of whichever ends last */
} fetch_span;

typedef struct fetch {
    as_remote *remote;
    AS_VEC(fetch_want) wants;
    AS_VEC(fetch_span) spans;
    uint64_t              n_bytes;
    as_crew               crew;
    pthread_mutex_t       lock; /* over what follows */
    pthread_mutex_t       large;
    bool                  is_changed; /* a pack was gone */
    uint64_t              n_wrong;
    as_digest             wrong;
    char                  wrong_pack[AS_REMOTE_NAME_MAX];
    atomic_uint_least64_t n_objects_got, n_bytes_got;
} fetch;

static bool fetch_no_memory(as_err *err)
{
    return AS_FAIL(err, AS_ENOMEM, "not enough memory to plan what is to be fetched");
}

static int fetch_compare(const void *a, const void *b)
{
    const as_remote_place *x = &((const fetch_want *)a)->place, *y = &((const fetch_want *)b)->place;
    if (x->pack != y->pack)
        return x->pack < y->pack ? -1 : 1;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return x->n_bytes < y->n_bytes ? -1 : x->n_bytes > y->n_bytes; /* an empty object has its neighbour's offset */
}

static bool fetch_want_one(fetch *f, const as_digest *digest, as_err *err)
{
    char       hex[AS_SHA256_HEX_BYTES];
    fetch_want want = {.digest = *digest};
    uint64_t   n;
    as_err     why = AS_ERR_NONE;
    if (as_store_size(f->remote->ws->store, digest, &n, &why) || why.code == AS_EGONE ||
        as_digests_find(&f->remote->view.erased, digest, NULL))
        return true;
    if (why.code != AS_ENOTFOUND)
        return as_err_set(err, why.code, "%s", why.text);
    if (!as_remote_has(f->remote, digest, &want.place))
        return AS_FAIL(err, AS_ECORRUPT,
                       "remote '%s' lacks object '%s' of its history, or its pack is cut short (mend it from a "
                       "workspace that has it: assay data push --whole)",
                       f->remote->cfg.url, as_digest_hex(digest, hex));
    f->n_bytes += want.place.n_bytes;
    return as_vec_push(&f->wants, want) || fetch_no_memory(err);
}

/* Wants are in order of their places. */
static bool fetch_plan(fetch *f, as_err *err)
{
    if (f->wants.n)
        qsort(f->wants.at, f->wants.n, sizeof f->wants.at[0], fetch_compare);
    for (size_t i = 0; i < f->wants.n;) {
        const as_remote_place *first = &f->wants.at[i].place;
        fetch_span             span = {.first = i, .n = 1};
        uint64_t               end = first->offset + first->n_bytes;
        for (i++; i < f->wants.n; i++, span.n++) {
            const as_remote_place *next = &f->wants.at[i].place;
            if (next->pack != first->pack || next->offset - AS_MIN(end, next->offset) > FETCH_GAP_BYTES ||
                next->offset + next->n_bytes - first->offset > AS_REMOTE_PACK_BYTES)
                break;
            end = AS_MAX(end, next->offset + next->n_bytes);
        }
        span.n_bytes = end - first->offset;
        if (!as_vec_push(&f->spans, span))
            return fetch_no_memory(err);
    }
    return true;
}

static bool fetch_is_inside(const fetch_span *span, uint64_t at, uint64_t n_bytes)
{
    return at <= span->n_bytes && n_bytes <= span->n_bytes - at;
}

/* Each object of the span that is what it should be goes into the store; *ret_wrong is the first that is not. */
static bool fetch_store(fetch *f, const fetch_span *span, const uint8_t *bytes, const fetch_want **ret_wrong,
                        as_err *err)
{
    const uint64_t from = f->wants.at[span->first].place.offset;
    for (size_t i = span->first; i < span->first + span->n; i++) {
        const fetch_want *want = &f->wants.at[i];
        const uint64_t    at = want->place.offset - from;
        as_digest         stored;
        as_err            why = AS_ERR_NONE;
        if (!fetch_is_inside(span, at, want->place.n_bytes)) {
            *ret_wrong = *ret_wrong ? *ret_wrong : want;
            continue;
        }
        const uint8_t  *object = bytes + at;
        const as_digest real = as_sha256_of(object, want->place.n_bytes);
        if (!as_digest_equal(&real, &want->digest)) {
            *ret_wrong = *ret_wrong ? *ret_wrong : want;
            continue;
        }
        /* No picture begins so, and all that versions are made of does. */
        if (f->remote->texts_only && (want->place.n_bytes == 0 || object[0] != '{'))
            continue;
        if (!as_store_put(f->remote->ws->store, object, want->place.n_bytes, &stored, NULL, &why) &&
            why.code != AS_EGONE)
            return as_err_set(err, why.code, "%s", why.text);
        atomic_fetch_add(&f->n_objects_got, 1);
        atomic_fetch_add(&f->n_bytes_got, want->place.n_bytes);
    }
    return true;
}

static void fetch_note_wrong(fetch *f, const fetch_want *want, const char *pack)
{
    pthread_mutex_lock(&f->lock);
    if (f->n_wrong++ == 0) {
        f->wrong = want->digest;
        as_str_copy(f->wrong_pack, sizeof f->wrong_pack, pack);
    }
    pthread_mutex_unlock(&f->lock);
}

static bool fetch_span_bytes(fetch *f, const fetch_span *span, const char *pack, uint64_t offset, size_t n, as_err *err)
{
    const fetch_want *wrong = NULL;
    for (int try = 0; try < FETCH_TRIES; try++) {
        uint8_t *bytes = NULL;
        as_err   why = AS_ERR_NONE;
        wrong = NULL;
        if (n > 0 && !f->remote->kind->range(f->remote->self, pack, offset, n, &bytes, &why)) {
            if (why.code == AS_ECORRUPT) { /* cut short: as bad as wrong */
                wrong = &f->wants.at[span->first];
                continue;
            }
            if (why.code != AS_ENOTFOUND)
                return as_err_set(err, why.code, "%s", why.text);
            pthread_mutex_lock(&f->lock);
            f->is_changed = true;
            pthread_mutex_unlock(&f->lock);
            return true;
        }
        bool ok = fetch_store(f, span, bytes ? bytes : (const uint8_t *)"", &wrong, err);
        free(bytes);
        if (!ok || !wrong)
            return ok;
    }
    fetch_note_wrong(f, wrong, pack);
    return true;
}

static bool fetch_one(void *ctx, size_t i, as_err *err)
{
    fetch                 *f = ctx;
    const fetch_span      *span = &f->spans.at[i];
    const as_remote_place *first = &f->wants.at[span->first].place;
    const size_t           n = (size_t)span->n_bytes;
    char                   pack[AS_REMOTE_NAME_MAX];
    as_transfer_name(&f->remote->view.packs.at[first->pack].name, true, pack);
    const bool is_large = n > AS_REMOTE_PACK_BYTES;
    if (is_large)
        pthread_mutex_lock(&f->large);
    bool ok = fetch_span_bytes(f, span, pack, first->offset, n, err);
    if (is_large)
        pthread_mutex_unlock(&f->large);
    atomic_fetch_add(&f->crew.done, n);
    return ok;
}

static bool fetch_round(fetch *f, const as_digests *objects, as_err *err)
{
    for (size_t i = 0; i < objects->all.n; i++)
        if (!fetch_want_one(f, &objects->all.at[i], err))
            return false;
    if (!fetch_plan(f, err))
        return false;
    f->crew = (as_crew){
        .what = "fetching", .progress = &f->remote->progress, .threads = AS_REMOTE_THREADS, .total = f->n_bytes};
    return as_crew_run(&f->crew, f->spans.n, fetch_one, f, err);
}

static bool fetch_fail_wrong(const fetch *f, as_err *err)
{
    char hex[AS_SHA256_HEX_BYTES];
    return AS_FAIL(err, AS_ECORRUPT,
                   "remote '%s' returns other bytes for object '%s' in '%s'%s: they were not taken, and the versions "
                   "here stay as they were (mend it from a workspace that has it: remove that pack, then: assay data "
                   "push --whole)",
                   f->remote->cfg.url, as_digest_hex(&f->wrong, hex), f->wrong_pack,
                   f->n_wrong > 1 ? " and for others" : "");
}

bool as_remote_fetch(as_remote *remote, const as_digests *objects, as_remote_moved *moved, as_err *err)
{
    for (int round = 0; round < FETCH_ROUNDS; round++) {
        fetch f = {.remote = remote, .lock = PTHREAD_MUTEX_INITIALIZER, .large = PTHREAD_MUTEX_INITIALIZER};
        bool  ok = fetch_round(&f, objects, err);
        moved->n_objects += atomic_load(&f.n_objects_got);
        moved->n_bytes += atomic_load(&f.n_bytes_got);
        if (ok && f.n_wrong)
            ok = fetch_fail_wrong(&f, err);
        const bool is_changed = f.is_changed;
        as_vec_done(&f.wants);
        as_vec_done(&f.spans);
        if (!ok || !is_changed)
            return ok;
        if (!as_remote_look(remote, err))
            return false;
    }
    return AS_FAIL(err, AS_EBUSY, "remote '%s' is written anew as fast as it is read (try again later)",
                   remote->cfg.url);
}
