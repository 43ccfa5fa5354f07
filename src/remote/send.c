/* SPDX-License-Identifier: Apache-2.0 */
/* Objects out of the store into transfer packs. What a push that was cut had begun is finished under its name. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "remote/state.h"

#define SEND_ROUNDS 4 /* others may erase packs while this one sends */

typedef struct send_job {
    as_transfer_entry *entries;
    size_t             n;
    uint64_t           n_bytes;
} send_job;

typedef struct sending {
    as_remote *remote;
    AS_VEC(send_job) jobs;
    as_digests            planned;
    uint64_t              n_bytes;
    as_crew               crew;
    pthread_mutex_t       large; /* one pack beyond the usual size is in memory at a time */
    atomic_uint_least64_t n_objects_sent, n_bytes_sent;
} sending;

static bool send_no_memory(as_err *err)
{
    return AS_FAIL(err, AS_ENOMEM, "not enough memory to plan what is to be sent");
}

static void send_done(sending *s)
{
    for (size_t i = 0; i < s->jobs.n; i++)
        free(s->jobs.at[i].entries);
    as_vec_done(&s->jobs);
    as_digests_done(&s->planned);
}

static bool send_add_job(sending *s, const as_transfer_entry *entries, size_t n, as_err *err)
{
    send_job job = {.n = n, .entries = malloc((n + 1) * sizeof *entries)};
    if (!job.entries)
        return send_no_memory(err);
    memcpy(job.entries, entries, n * sizeof *entries);
    for (size_t i = 0; i < n; i++)
        job.n_bytes += entries[i].n_bytes;
    s->n_bytes += job.n_bytes;
    if (as_vec_push(&s->jobs, job))
        return true;
    free(job.entries);
    return send_no_memory(err);
}

/* A listing whose pack is not there, when all of it is here and some of it is asked for. */
static bool send_plan_begun(sending *s, const as_digests *objects, const as_transfer *begun, as_err *err)
{
    bool is_asked = false, is_here = true;
    for (size_t i = 0; is_here && i < begun->n; i++) {
        const as_digest *digest = &begun->at[i].digest;
        uint64_t         n;
        is_here = as_store_size(s->remote->ws->store, digest, &n, NULL) && n == begun->at[i].n_bytes &&
                  !as_digests_find(&s->remote->view.erased, digest, NULL);
        is_asked = is_asked || (as_digests_find(objects, digest, NULL) && !as_remote_has(s->remote, digest, NULL) &&
                                !as_digests_find(&s->planned, digest, NULL));
    }
    if (!is_here || !is_asked)
        return true;
    for (size_t i = 0; i < begun->n; i++)
        if (!as_digests_add(&s->planned, &begun->at[i].digest, NULL, NULL))
            return send_no_memory(err);
    return send_add_job(s, begun->at, begun->n, err);
}

typedef struct send_group {
    AS_VEC(as_transfer_entry) entries;
    uint64_t n_bytes;
} send_group;

static bool send_flush(sending *s, send_group *group, as_err *err)
{
    bool ok = group->entries.n == 0 || send_add_job(s, group->entries.at, group->entries.n, err);
    group->entries.n = 0;
    group->n_bytes = 0;
    return ok;
}

static bool send_plan_one(sending *s, send_group *group, const as_digest *digest, as_err *err)
{
    as_transfer_entry entry = {.digest = *digest};
    uint64_t          n_bytes;
    as_err            why = AS_ERR_NONE;
    char              hex[AS_SHA256_HEX_BYTES];
    if (as_remote_has(s->remote, digest, NULL) || as_digests_find(&s->planned, digest, NULL) ||
        as_digests_find(&s->remote->view.erased, digest, NULL))
        return true;
    if (!as_store_size(s->remote->ws->store, digest, &n_bytes, &why)) {
        if (why.code == AS_EGONE)
            return true;
        if (why.code == AS_ENOTFOUND)
            return AS_FAIL(err, AS_ECORRUPT, "object '%s' of the history is missing here (see: assay data verify)",
                           as_digest_hex(digest, hex));
        return as_err_set(err, why.code, "%s", why.text);
    }
    entry.n_bytes = (uint32_t)n_bytes;
    if (group->entries.n &&
        (group->entries.n >= AS_TRANSFER_MAX_OBJECTS || group->n_bytes + entry.n_bytes > AS_REMOTE_PACK_BYTES) &&
        !send_flush(s, group, err))
        return false;
    group->n_bytes += entry.n_bytes;
    return as_vec_push(&group->entries, entry) || send_no_memory(err);
}

/* The first n_first objects come into packs of their own: who reads the history needs them alone. */
static bool send_plan(sending *s, const as_digests *objects, size_t n_first, as_err *err)
{
    send_group group = {.n_bytes = 0};
    bool       ok = true;
    for (size_t i = 0; ok && i < s->remote->view.begun.n; i++)
        ok = send_plan_begun(s, objects, &s->remote->view.begun.at[i], err);
    for (size_t i = 0; ok && i < objects->all.n; i++) {
        if (i == n_first)
            ok = send_flush(s, &group, err);
        ok = ok && send_plan_one(s, &group, &objects->all.at[i], err);
    }
    ok = ok && send_flush(s, &group, err);
    as_vec_done(&group.entries);
    return ok;
}

bool as_remote_put_pack(as_remote *remote, const as_transfer *transfer, const void *bytes, const as_str *listing,
                        as_err *err)
{
    char name[AS_REMOTE_NAME_MAX];
    as_transfer_name(&transfer->name, false, name);
    /* The listing first: nobody must find a pack and not know what is in it. */
    if (!remote->kind->put(remote->self, name, listing->s, listing->len, err))
        return false;
    as_remote_keep_named(remote, name, listing->s, listing->len);
    as_transfer_name(&transfer->name, true, name);
    return remote->kind->put(remote->self, name, bytes, (size_t)transfer->n_bytes, err);
}

static bool send_fill(const sending *s, const as_transfer *transfer, uint8_t *pack, as_err *err)
{
    for (size_t i = 0; i < transfer->n; i++) {
        uint8_t *bytes;
        size_t   n;
        char     hex[AS_SHA256_HEX_BYTES];
        if (!as_progress_go_on(&s->remote->progress, err) ||
            !as_store_get(s->remote->ws->store, &transfer->at[i].digest, &bytes, &n, err))
            return false;
        bool fits = n == transfer->at[i].n_bytes;
        if (fits)
            memcpy(pack + transfer->at[i].offset, bytes, n);
        free(bytes);
        if (!fits)
            return AS_FAIL(err, AS_ECORRUPT, "object '%s' has another size than its pack says (see: assay data verify)",
                           as_digest_hex(&transfer->at[i].digest, hex));
    }
    return true;
}

static bool send_pack(sending *s, const as_transfer *transfer, const as_str *listing, as_err *err)
{
    uint8_t *pack = malloc((size_t)transfer->n_bytes + 1);
    if (!pack)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory for a transfer pack of %llu bytes",
                       (unsigned long long)transfer->n_bytes);
    bool ok = send_fill(s, transfer, pack, err) && as_remote_put_pack(s->remote, transfer, pack, listing, err);
    free(pack);
    return ok;
}

static bool send_one(void *ctx, size_t i, as_err *err)
{
    sending    *s = ctx;
    send_job   *job = &s->jobs.at[i];
    as_transfer transfer;
    as_str      listing;
    const bool  is_large = job->n_bytes > AS_REMOTE_PACK_BYTES;
    as_str_init(&listing);
    bool ok = as_transfer_write(job->entries, job->n, &listing, &transfer, err);
    if (is_large)
        pthread_mutex_lock(&s->large);
    ok = ok && send_pack(s, &transfer, &listing, err);
    if (is_large)
        pthread_mutex_unlock(&s->large);
    as_str_done(&listing);
    if (ok) {
        atomic_fetch_add(&s->crew.done, job->n_bytes);
        atomic_fetch_add(&s->n_objects_sent, job->n);
        atomic_fetch_add(&s->n_bytes_sent, job->n_bytes);
    }
    return ok;
}

static bool send_round(sending *s, const as_digests *objects, size_t n_first, as_err *err)
{
    if (!send_plan(s, objects, n_first, err))
        return false;
    s->crew = (as_crew){
        .what = "sending", .progress = &s->remote->progress, .threads = AS_REMOTE_THREADS, .total = s->n_bytes};
    return as_crew_run(&s->crew, s->jobs.n, send_one, s, err);
}

bool as_remote_send(as_remote *remote, const as_digests *objects, size_t n_first, as_remote_moved *moved, as_err *err)
{
    for (int round = 0; round < SEND_ROUNDS; round++) {
        sending s = {.remote = remote, .large = PTHREAD_MUTEX_INITIALIZER};
        bool    ok = send_round(&s, objects, n_first, err);
        moved->n_objects += atomic_load(&s.n_objects_sent);
        moved->n_bytes += atomic_load(&s.n_bytes_sent);
        const bool is_done = s.jobs.n == 0;
        send_done(&s);
        if (!ok || is_done)
            return ok;
        /* What was sent is looked for: another program may have erased some of it at the same time. */
        if (!as_remote_look(remote, err))
            return false;
    }
    return AS_FAIL(err, AS_EBUSY,
                   "remote '%s' loses packs as fast as they are sent: others erase in it (try again later)",
                   remote->cfg.url);
}
