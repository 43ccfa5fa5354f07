/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/thread.h"
#include "store/state.h"

#define VERIFY_WINDOW_BYTES ((size_t)1 << 20)
#define VERIFY_CHUNK_BYTES  ((uint64_t)16 << 20) /* what one thread reads on end */
#define VERIFY_BATCH_PACKS  16                   /* whose places are in memory at once */
#define VERIFY_PASSES       8                    /* while another program rewrites packs */

typedef struct verify_damage {
    char   hex[AS_SHA256_HEX_BYTES];
    as_err why;
} verify_damage;

typedef struct verify_chunk {
    as_pack              *pack;
    const as_index_entry *entries; /* by offset */
    size_t                n;
} verify_chunk;

typedef struct verify_job {
    as_store          *store;
    const as_progress *progress;
    pthread_t          caller;
    uint64_t           total;
    AS_VEC(verify_chunk) chunks;
    pthread_mutex_t lock; /* over what follows */
    AS_VEC(verify_damage) damage;
    bool                 no_memory;
    atomic_uint_fast64_t n_done, n_objects, n_bytes, n_erased;
    atomic_bool          is_gone; /* a file was: it has been rewritten */
} verify_job;

typedef struct verify_reader {
    int        fd;
    uint8_t   *at;
    uint64_t   from;
    size_t     n;
    as_sha256 *sha;
} verify_reader;

static void verify_add(verify_job *job, const char *hex, const as_err *why)
{
    verify_damage one = {.why = *why};
    as_str_copy(one.hex, sizeof one.hex, hex);
    pthread_mutex_lock(&job->lock);
    if (!as_vec_push(&job->damage, one))
        job->no_memory = true;
    pthread_mutex_unlock(&job->lock);
}

/* The bytes of the file from offset on that are at hand; n of them if the file has so many. */
static const uint8_t *verify_look(verify_reader *reader, uint64_t offset, size_t n, size_t *ret_n, int *ret_e)
{
    if (offset < reader->from || offset + n > reader->from + reader->n) {
        reader->from = offset;
        reader->n = 0;
        *ret_e = as_pack_read(reader->fd, reader->at, VERIFY_WINDOW_BYTES, offset, &reader->n);
        /* A bad place further on is not this object's. */
        if (*ret_e)
            *ret_e = as_pack_read(reader->fd, reader->at, n, offset, &reader->n);
    }
    *ret_n = (size_t)AS_MIN((uint64_t)n, reader->from + reader->n - offset);
    return reader->at + (offset - reader->from);
}

/* 0, an errno value, or EBADMSG: what is there is not the object. */
static int verify_entry(verify_reader *reader, const as_pack *pack, const as_index_entry *entry)
{
    const uint64_t offset = as_index_offset(entry), n_bytes = as_index_bytes(entry);
    const size_t   want = (size_t)AS_MIN(64 + n_bytes, (uint64_t)VERIFY_WINDOW_BYTES);
    as_pack_record record;
    as_digest      real;
    size_t         n = 0;
    int            e = 0;
    const uint8_t *bytes = verify_look(reader, offset, want, &n, &e);
    if (e)
        return e;
    if (n < 64 || !as_pack_record_parse(&pack->id, offset, bytes, &record) || record.n_bytes != n_bytes ||
        !as_digest_equal(&record.digest, &entry->digest) || record.kind != AS_PACK_OBJECT)
        return EBADMSG;
    if (64 + n_bytes <= n) {
        as_sha256_add(reader->sha, bytes + 64, (size_t)n_bytes);
        real = as_sha256_end(reader->sha);
    } else {
        reader->n = 0; /* the window is its buffer */
        e = as_pack_hash(reader->fd, &record, reader->at, VERIFY_WINDOW_BYTES, reader->sha, &real);
    }
    return e ? e : as_digest_equal(&real, &entry->digest) ? 0 : EBADMSG;
}

/* Whether this is where the object is looked for; another place counts when it was stored again. */
static bool verify_is_current(verify_job *job, const as_pack *pack, const as_index_entry *entry)
{
    as_place place;
    if (!as_set_find(job->store, &entry->digest, &place))
        return false;
    bool same = place.pack == pack && place.entry.slot == entry->slot;
    as_pack_unref(place.pack);
    return same;
}

/* Behind what is known to have been on the disk, of a pack that is still added to. The program that writes has looked at
 * that when it began, and knows what it put itself. */
static bool verify_is_tail(verify_job *job, const as_pack *pack, const as_index_entry *entry)
{
    if (atomic_load(&job->store->is_writer))
        return false;
    pthread_rwlock_rdlock(&job->store->lock);
    bool is = !pack->index && !pack->trouble[0] && as_index_offset(entry) >= pack->durable;
    pthread_rwlock_unlock(&job->store->lock);
    return is;
}

/* Whether a pack before that one has it whole: gc was writing it anew. */
static bool verify_has_older(verify_job *job, const as_digest *digest)
{
    uint8_t *bytes = NULL;
    size_t   n;
    bool     has = as_store_get(job->store, digest, &bytes, &n, NULL);
    free(bytes);
    return has;
}

static bool verify_one(verify_job *job, verify_reader *reader, as_pack *pack, const as_index_entry *entry, as_err *err)
{
    char         hex[AS_SHA256_HEX_BYTES];
    as_err       why = AS_ERR_NONE;
    as_tombstone stone;
    if (!verify_is_current(job, pack, entry))
        return true;
    int  e = 0;
    bool is_tail = false;
    if (as_index_is_tombstone(entry)) {
        atomic_fetch_add(&job->n_erased, 1);
        if (as_store_tombstone_read(pack, entry, &stone, &why))
            return true;
    } else {
        e = verify_entry(reader, pack, entry);
        if (e) { /* erased or rewritten meanwhile? */
            if (!atomic_load(&job->store->is_writer) && !as_set_refresh(job->store, true, err))
                return false;
            if (!verify_is_current(job, pack, entry))
                return true;
        }
        atomic_fetch_add(&job->n_objects, 1);
        atomic_fetch_add(&job->n_bytes, as_index_bytes(entry));
        is_tail = e == EBADMSG && verify_is_tail(job, pack, entry);
        if (e == 0 || (is_tail && verify_has_older(job, &entry->digest)))
            return true;
    }
    as_digest_hex(&entry->digest, hex);
    if (is_tail)
        AS_FAIL(&why, AS_ENOTFOUND, "object '%s' is not finished: its bytes never got to '%s'", hex, pack->path);
    else if (e == EBADMSG)
        AS_FAIL(&why, AS_ECORRUPT, "object '%s' is damaged: its bytes in '%s' do not have this hash", hex, pack->path);
    else if (e)
        as_err_errno(&why, e, "cannot read object '%s' in '%s'", hex, pack->path);
    verify_add(job, hex, &why);
    return true;
}

static bool verify_chunk_of(void *ctx, size_t i, as_err *err)
{
    verify_job         *job = ctx;
    const verify_chunk *chunk = &job->chunks.at[i];
    bool                own, ok = true;
    as_err              why = AS_ERR_NONE;
    verify_reader       reader = {.fd = as_pack_fd(chunk->pack, &own, &why)};
    if (reader.fd < 0) {
        atomic_store(&job->is_gone, true);
        return why.code == AS_ENOTFOUND || as_err_set(err, why.code, "%s", why.text);
    }
    reader.at = malloc(VERIFY_WINDOW_BYTES);
    reader.sha = as_sha256_new(err);
    if (!reader.at || !reader.sha)
        ok = AS_FAIL(err, AS_ENOMEM, "cannot check '%s': not enough memory", chunk->pack->path);
    for (size_t k = 0; ok && k < chunk->n; k++) {
        ok = as_progress_go_on(job->progress, err) && verify_one(job, &reader, chunk->pack, &chunk->entries[k], err);
        uint64_t done = atomic_fetch_add(&job->n_done, 1) + 1;
        if (pthread_equal(pthread_self(), job->caller)) /* progress belongs to one thread */
            as_progress_step(job->progress, "hashing", AS_MIN(done, job->total), job->total);
    }
    as_sha256_free(reader.sha);
    free(reader.at);
    if (own)
        close(reader.fd);
    return ok;
}

static bool verify_split(verify_job *job, as_pack *pack, const as_index_entry *entries, size_t n, as_err *err)
{
    for (size_t at = 0; at < n;) {
        verify_chunk chunk = {.pack = pack, .entries = entries + at};
        for (uint64_t bytes = 0; at < n && bytes < VERIFY_CHUNK_BYTES; at++, chunk.n++)
            bytes += as_pack_room(as_index_bytes(&entries[at]));
        if (!as_vec_push(&job->chunks, chunk))
            return AS_FAIL(err, AS_ENOMEM, "cannot check '%s': not enough memory", pack->path);
    }
    return true;
}

typedef struct verify_gaps {
    verify_job    *job;
    const as_pack *pack;
    uint64_t       durable;
} verify_gaps;

/* In a pack without index, bytes that are no record and that were on the disk once. */
static bool verify_gap(void *ctx, const as_pack_record *record)
{
    verify_gaps *gaps = ctx;
    as_err       why = AS_ERR_NONE;
    if (record->kind != AS_PACK_GAP || record->offset >= gaps->durable)
        return true;
    AS_FAIL(&why, AS_ECORRUPT, "%llu bytes at %llu of '%s' are damaged: what they were cannot be told",
            (unsigned long long)record->n_bytes, (unsigned long long)record->offset, gaps->pack->path);
    verify_add(gaps->job, "", &why);
    return true;
}

/* Both copies of the head. */
static bool verify_head(const as_pack *pack, int fd, as_err *why)
{
    uint8_t    head[AS_PACK_HEAD_BYTES];
    as_pack_id id;
    bool       whole = true;
    size_t     n = 0;
    int        e = as_pack_read(fd, head, sizeof head, 0, &n);
    if (e)
        return as_err_errno(why, e, "cannot read '%s'", pack->path);
    return (n == sizeof head && as_pack_head_parse(head, pack->number, &id, &whole, NULL) && whole) ||
           AS_FAIL(why, AS_ECORRUPT, "pack '%s' is damaged: a copy of its head is", pack->path);
}

/* What is wrong with the pack beside its objects. */
static bool verify_pack(verify_job *job, as_pack *pack, as_err *err)
{
    bool         own, ok = true;
    as_pack_span span;
    char         trouble[sizeof pack->trouble];
    as_err       why = AS_ERR_NONE;
    verify_gaps  gaps = {.job = job, .pack = pack};
    pthread_rwlock_rdlock(&job->store->lock);
    bool is_indexed = pack->index != NULL, is_unreadable = pack->is_unreadable;
    gaps.durable = pack->durable;
    memcpy(trouble, pack->trouble, sizeof trouble);
    pthread_rwlock_unlock(&job->store->lock);
    if (trouble[0]) {
        AS_FAIL(&why, AS_ECORRUPT, "pack '%s' is damaged: %s", pack->path, trouble);
        verify_add(job, "", &why);
    }
    if (is_unreadable)
        return true;
    why = (as_err)AS_ERR_NONE;
    int fd = as_pack_fd(pack, &own, &why);
    if (fd < 0) {
        atomic_store(&job->is_gone, true);
        return why.code == AS_ENOTFOUND || as_err_set(err, why.code, "%s", why.text);
    }
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    if (!trouble[0] && !verify_head(pack, fd, &why))
        verify_add(job, "", &why);
    if (!is_indexed)
        ok = as_pack_scan(fd, &pack->id, AS_PACK_HEAD_BYTES, verify_gap, &gaps, &span, err);
    if (own)
        close(fd);
    return ok;
}

static bool verify_batch(verify_job *job, as_pack *const *packs, size_t n, as_err *err)
{
    as_index_entry *entries[VERIFY_BATCH_PACKS] = {NULL};
    size_t          n_entries;
    bool            ok = true;
    job->chunks.n = 0;
    for (size_t i = 0; ok && i < n; i++)
        ok = as_set_entries(job->store, packs[i], &entries[i], &n_entries, err) && verify_pack(job, packs[i], err) &&
             verify_split(job, packs[i], entries[i], n_entries, err);
    ok = ok && as_thread_for(job->chunks.n, 0, verify_chunk_of, job, err);
    for (size_t i = 0; i < n; i++)
        free(entries[i]);
    return ok;
}

/* Packs with a number above *done. */
static bool verify_pass(verify_job *job, uint64_t *done, as_err *err)
{
    as_pack_list packs;
    if (!as_set_list(job->store, &packs, err))
        return false;
    bool   ok = true;
    size_t at = 0;
    while (at < packs.n && packs.at[at]->number <= *done)
        at++;
    while (ok && at < packs.n) {
        size_t n = AS_MIN(packs.n - at, (size_t)VERIFY_BATCH_PACKS);
        ok = verify_batch(job, packs.at + at, n, err);
        at += n;
        *done = packs.at[at - 1]->number;
    }
    as_set_done(&packs);
    return ok;
}

static int verify_compare(const void *a, const void *b)
{
    int order = strcmp(((const verify_damage *)a)->hex, ((const verify_damage *)b)->hex);
    return order ? order : strcmp(((const verify_damage *)a)->why.text, ((const verify_damage *)b)->why.text);
}

static void verify_tell(verify_job *job, void (*on_damaged)(void *ctx, const char *hex, const as_err *why), void *ctx,
                        as_store_check *ret)
{
    *ret = (as_store_check){.n_objects = atomic_load(&job->n_objects),
                            .n_bytes = atomic_load(&job->n_bytes),
                            .n_erased = atomic_load(&job->n_erased)};
    if (job->damage.n)
        qsort(job->damage.at, job->damage.n, sizeof job->damage.at[0], verify_compare);
    for (size_t i = 0; i < job->damage.n; i++) {
        const verify_damage *one = &job->damage.at[i];
        if (i && verify_compare(one, one - 1) == 0)
            continue;
        const bool is_damage = one->why.code != AS_ENOTFOUND;
        ret->n_damaged += is_damage;
        ret->n_unfinished += !is_damage;
        if (is_damage && !ret->first_damaged[0])
            as_str_copy(ret->first_damaged, sizeof ret->first_damaged, one->hex);
        if (on_damaged)
            on_damaged(ctx, one->hex, &one->why);
    }
}

bool as_store_verify(as_store *store, void (*on_damaged)(void *ctx, const char *hex, const as_err *why), void *ctx,
                     const as_progress *progress, as_store_check *ret, as_err *err)
{
    verify_job job = {.store = store, .progress = progress, .caller = pthread_self()};
    uint64_t   done = 0;
    bool ok = as_progress_go_on(progress, err) && (atomic_load(&store->is_writer) || as_set_refresh(store, true, err));
    pthread_mutex_init(&job.lock, NULL);
    job.total = as_set_count(store);
    for (int pass = 0; ok && pass < VERIFY_PASSES; pass++) {
        atomic_store(&job.is_gone, false);
        ok = verify_pass(&job, &done, err);
        if (!atomic_load(&job.is_gone) || atomic_load(&store->is_writer))
            break;
        ok = ok && as_set_refresh(store, true, err);
    }
    if (ok && job.no_memory)
        ok = AS_FAIL(err, AS_ENOMEM, "cannot check '%s': not enough memory", store->packs_dir);
    if (ok) {
        as_progress_step(progress, "hashing", job.total, job.total);
        verify_tell(&job, on_damaged, ctx, ret);
    }
    as_vec_done(&job.chunks);
    as_vec_done(&job.damage);
    pthread_mutex_destroy(&job.lock);
    return ok;
}
