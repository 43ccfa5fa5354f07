/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "store/append.h"

typedef struct gc_job {
    as_store *store;
    bool (*keep)(void *ctx, const as_digest *digest);
    void              *ctx;
    double             dead_ratio;
    bool               only_look;
    as_store_gc_result result;
} gc_job;

typedef struct gc_pack {
    as_pack        *pack;
    as_index_entry *entries; /* those that stay come first */
    size_t          n, n_live;
    uint64_t        n_bytes, n_live_bytes; /* of the file; of what stays */
} gc_pack;

static bool gc_is_live(const gc_job *job, const as_pack *pack, const as_index_entry *entry)
{
    as_place place;
    if (!as_set_find(job->store, &entry->digest, &place))
        return false;
    bool here = place.pack == pack && place.entry.slot == entry->slot;
    as_pack_unref(place.pack);
    return here && (as_index_is_tombstone(entry) || job->keep(job->ctx, &entry->digest));
}

/* What of the pack stays, and whether it is worth while to write that anew. */
static bool gc_look(const gc_job *job, gc_pack *own, bool *ret_worth, as_err *err)
{
    struct stat st;
    if (stat(own->pack->path, &st) != 0)
        return as_err_errno(err, errno, "cannot read '%s'", own->pack->path);
    if (!as_set_entries(job->store, own->pack, &own->entries, &own->n, err))
        return false;
    own->n_bytes = (uint64_t)st.st_size;
    for (size_t i = 0; i < own->n; i++) {
        as_index_entry entry = own->entries[i];
        if (!gc_is_live(job, own->pack, &entry))
            continue;
        own->n_live_bytes += as_pack_room(as_index_bytes(&entry));
        own->entries[i] = own->entries[own->n_live];
        own->entries[own->n_live++] = entry;
    }
    const uint64_t room = own->n_bytes > AS_PACK_HEAD_BYTES ? own->n_bytes - AS_PACK_HEAD_BYTES : 0;
    const uint64_t dead = room > own->n_live_bytes ? room - own->n_live_bytes : 0;
    *ret_worth = room > 0 && own->n > 0 && (double)dead > job->dead_ratio * (double)room && own->n_live < own->n;
    return true;
}

/* *ret_whole false: what is there is not the object, and must stay where it is. */
static bool gc_move(const gc_job *job, as_pack *pack, const as_index_entry *entry, bool *ret_whole, as_err *err)
{
    uint8_t        slot[64];
    bool           own, is_new, ok = false;
    size_t         n = 0, n_body = 0;
    as_pack_record record = {0};
    int            fd = as_pack_fd(pack, &own, err);
    if (fd < 0)
        return false;
    *ret_whole = as_pack_read(fd, slot, sizeof slot, as_index_offset(entry), &n) == 0 && n == sizeof slot &&
                 as_pack_record_parse(&pack->id, as_index_offset(entry), slot, &record) &&
                 record.n_bytes == as_index_bytes(entry) && as_digest_equal(&record.digest, &entry->digest);
    uint8_t *bytes = malloc((size_t)as_index_bytes(entry) + 1);
    if (!bytes) {
        AS_FAIL(err, AS_ENOMEM, "cannot clean '%s': not enough memory", pack->path);
    } else if (*ret_whole) {
        int       e = as_pack_read(fd, bytes, (size_t)record.n_bytes, record.offset + 64, &n_body);
        as_digest real = e == 0 && record.kind == AS_PACK_OBJECT ? as_sha256_of(bytes, n_body) : record.digest;
        *ret_whole = e == 0 && n_body == record.n_bytes && as_digest_equal(&real, &record.digest) &&
                     (record.kind == AS_PACK_OBJECT ||
                      (record.kind == AS_PACK_TOMBSTONE && as_crc32c(0, bytes, n_body) == record.crc));
    }
    if (own)
        close(fd);
    if (bytes)
        ok = !*ret_whole || as_store_append(job->store, &record, bytes, NULL, &is_new, err);
    free(bytes);
    return ok;
}

static bool gc_remove(gc_job *job, const gc_pack *own, as_err *err)
{
    char      path[AS_FS_PATH_BYTES];
    as_store *store = job->store;
    pthread_mutex_lock(&store->append);
    bool ok = as_store_new_pack(store, err); /* no number is used twice, though the last pack should go */
    pthread_mutex_unlock(&store->append);
    as_pack_path(store->packs_dir, own->pack->number, ".idx", path);
    return ok && as_fs_remove(own->pack->path, err) && as_fs_remove(path, err) && as_fs_sync_dir(store->packs_dir, err);
}

static void gc_count(gc_job *job, const gc_pack *own)
{
    job->result.n_packs++;
    job->result.n_moved += own->n_live;
    job->result.n_dropped += own->n - own->n_live;
    job->result.n_bytes_freed += own->n_bytes - AS_MIN(own->n_bytes, own->n_live_bytes);
}

static bool gc_rewrite(gc_job *job, gc_pack *own, as_err *err)
{
    bool whole = true, ok = true;
    /* Nothing may be added to it any more, and what is copied must not land in it. */
    pthread_mutex_lock(&job->store->append);
    as_store_drain(job->store);
    if (job->store->open == own->pack)
        ok = as_store_seal(job->store, err);
    as_store_flow(job->store);
    pthread_mutex_unlock(&job->store->append);
    for (size_t i = 0; ok && whole && i < own->n_live; i++)
        ok = gc_move(job, own->pack, &own->entries[i], &whole, err);
    ok = ok && as_store_sync_locked(job->store, err);
    if (ok && !whole)
        job->result.n_packs_left++;
    if (!ok || !whole)
        return ok;
    ok = gc_remove(job, own, err);
    if (ok) {
        as_set_remove(job->store, own->pack);
        gc_count(job, own);
    }
    return ok;
}

static bool gc_all(gc_job *job, const as_progress *progress, as_err *err)
{
    as_pack_list packs;
    if (!as_set_list(job->store, &packs, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < packs.n; i++) {
        gc_pack own = {.pack = packs.at[i]};
        bool    worth = false;
        as_progress_step(progress, "cleaning", i, packs.n);
        ok = as_progress_go_on(progress, err) &&
             (own.pack->is_unreadable ||
              (gc_look(job, &own, &worth, err) && (!worth || job->only_look || gc_rewrite(job, &own, err))));
        if (ok && worth && job->only_look)
            gc_count(job, &own);
        free(own.entries);
    }
    if (ok)
        as_progress_step(progress, "cleaning", packs.n, packs.n);
    as_set_done(&packs);
    return ok;
}

bool as_store_gc(as_store *store, bool (*keep)(void *ctx, const as_digest *digest), void *ctx, double dead_ratio,
                 const as_progress *progress, as_store_gc_result *ret, as_err *err)
{
    gc_job job = {.store = store, .keep = keep, .ctx = ctx, .dead_ratio = dead_ratio};
    if (!as_store_begin(store, err))
        return false;
    pthread_mutex_lock(&store->write);
    atomic_store(&store->is_collecting, true);
    bool ok = gc_all(&job, progress, err);
    atomic_store(&store->is_collecting, false);
    pthread_mutex_unlock(&store->write);
    if (ok)
        *ret = job.result;
    return ok;
}

bool as_store_gc_look(as_store *store, bool (*keep)(void *ctx, const as_digest *digest), void *ctx, double dead_ratio,
                      const as_progress *progress, as_store_gc_result *ret, as_err *err)
{
    gc_job job = {.store = store, .keep = keep, .ctx = ctx, .dead_ratio = dead_ratio, .only_look = true};
    if ((!atomic_load(&store->is_writer) && !as_set_refresh(store, true, err)) || !gc_all(&job, progress, err))
        return false;
    *ret = job.result;
    return true;
}
