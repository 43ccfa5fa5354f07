/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "store/state.h"

/* In the value of a tombstone, beside the time: nothing of the object is left. */
#define ERASE_IS_DONE ((uint64_t)1 << 63)

/* False: it is not whole. */
static bool erase_read(int fd, const as_pack *pack, const as_index_entry *entry, as_pack_record *ret, char *reason)
{
    uint8_t slot[64];
    size_t  n = 0;
    if (as_pack_read(fd, slot, sizeof slot, as_index_offset(entry), &n) != 0 || n != sizeof slot ||
        !as_pack_record_parse(&pack->id, as_index_offset(entry), slot, ret) || ret->kind != AS_PACK_TOMBSTONE ||
        !as_digest_equal(&ret->digest, &entry->digest) || ret->n_bytes >= AS_STORE_REASON_BYTES)
        return false;
    memset(reason, 0, AS_STORE_REASON_BYTES);
    return as_pack_read(fd, reason, (size_t)ret->n_bytes, ret->offset + sizeof slot, &n) == 0 && n == ret->n_bytes &&
           as_crc32c(0, reason, n) == ret->crc;
}

bool as_store_tombstone_read(as_pack *pack, const as_index_entry *entry, as_tombstone *ret, as_err *err)
{
    bool           own;
    as_pack_record record;
    as_tombstone   stone;
    char           hex[AS_SHA256_HEX_BYTES];
    int            fd = as_pack_fd(pack, &own, err);
    if (fd < 0)
        return false;
    bool whole = erase_read(fd, pack, entry, &record, stone.reason);
    if (own)
        close(fd);
    if (!whole)
        return AS_FAIL(err, AS_ECORRUPT, "object '%s' was erased, and the note of it in '%s' is damaged",
                       as_digest_hex(&entry->digest, hex), pack->path);
    stone.utc = (as_ns)(record.value & ~ERASE_IS_DONE);
    *ret = stone;
    return true;
}

bool as_store_erased(as_store *store, const as_digest *digest, as_tombstone *ret, as_err *err)
{
    as_place place;
    char     hex[AS_SHA256_HEX_BYTES];
    if (!as_set_locate(store, digest, &place, err))
        return false;
    bool ok = as_index_is_tombstone(&place.entry)
                  ? as_store_tombstone_read(place.pack, &place.entry, ret, err)
                  : AS_FAIL(err, AS_EEXIST, "object '%s' was not erased", as_digest_hex(digest, hex));
    as_pack_unref(place.pack);
    return ok;
}

typedef struct erase_job {
    const as_digest *digest;
    as_pack         *pack;
    int              fd;
    as_ns            utc;
    int              e;
} erase_job;

/* The kind first: who reads meanwhile learns from it why the bytes are not those of the hash. */
static bool erase_visit(void *ctx, const as_pack_record *record)
{
    erase_job *job = ctx;
    if (!as_digest_equal(&record->digest, job->digest) || record->kind == AS_PACK_TOMBSTONE ||
        record->kind == AS_PACK_GAP || record->kind == AS_PACK_MARK)
        return true;
    if (record->kind != AS_PACK_ERASED)
        job->e = as_pack_rewrite(job->fd, &job->pack->id, record,
                                 record->kind == AS_PACK_OBJECT ? AS_PACK_ERASED : AS_PACK_VOID, (uint64_t)job->utc);
    if (job->e == 0)
        job->e = as_pack_wipe(job->fd, record);
    return job->e == 0;
}

/* Every record of it, also those that nothing leads to any more. */
static bool erase_in_pack(as_pack *pack, const as_digest *digest, as_ns utc, as_err *err)
{
    bool         own;
    as_pack_span span;
    erase_job    job = {.digest = digest, .pack = pack, .utc = utc, .fd = as_pack_fd(pack, &own, err)};
    if (job.fd < 0)
        return false;
    bool ok = as_pack_scan(job.fd, &pack->id, AS_PACK_HEAD_BYTES, erase_visit, &job, &span, err);
    if (ok && job.e == 0 && fdatasync(job.fd) != 0)
        job.e = errno;
    if (own)
        close(job.fd);
    return ok && (job.e == 0 || as_err_errno(err, job.e, "cannot erase in '%s'", pack->path));
}

static bool erase_everywhere(as_store *store, const as_digest *digest, as_ns utc, as_err *err)
{
    as_pack_list packs;
    if (!as_set_list(store, &packs, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < packs.n; i++) {
        as_index_entry entry;
        if (as_set_has_entry(store, packs.at[i], digest, &entry))
            ok = erase_in_pack(packs.at[i], digest, utc, err);
    }
    as_set_done(&packs);
    return ok;
}

static bool erase_check_reason(const char *reason, as_err *err)
{
    const size_t n = strlen(reason);
    for (size_t at = 0, step; at < n; at += step) {
        step = as_str_char_bytes(reason + at, n - at);
        if (step == 0)
            return AS_FAIL(err, AS_EINVAL, "cannot erase for this reason: it is not one line of text");
    }
    return (n > 0 && n < AS_STORE_REASON_BYTES) ||
           AS_FAIL(err, AS_EINVAL, "cannot erase for this reason: it must have 1 to %d bytes",
                   AS_STORE_REASON_BYTES - 1);
}

static bool erase_note(as_store *store, const as_digest *digest, const char *reason, as_ns utc, as_err *err)
{
    bool           is_new;
    const size_t   n = strlen(reason);
    as_pack_record stone = {.kind = AS_PACK_TOMBSTONE,
                            .n_bytes = n,
                            .digest = *digest,
                            .value = (uint64_t)utc,
                            .crc = as_crc32c(0, reason, n)};
    return as_store_append(store, &stone, reason, NULL, &is_new, err) && as_store_sync_locked(store, err);
}

/* One that is not done yet; a damaged one is not known by it, and verify names it. */
static bool erase_finish(as_store *store, as_pack *pack, const as_index_entry *entry, as_err *err)
{
    bool           own;
    as_pack_record stone;
    char           reason[AS_STORE_REASON_BYTES];
    int            fd = as_pack_fd(pack, &own, err);
    if (fd < 0)
        return false;
    bool ok = true;
    if (erase_read(fd, pack, entry, &stone, reason) && !(stone.value & ERASE_IS_DONE)) {
        ok = erase_everywhere(store, &entry->digest, (as_ns)stone.value, err);
        int e = ok ? as_pack_rewrite(fd, &pack->id, &stone, AS_PACK_TOMBSTONE, stone.value | ERASE_IS_DONE) : 0;
        ok = ok && (e == 0 || as_err_errno(err, e, "cannot write '%s'", pack->path));
    }
    if (own)
        close(fd);
    return ok;
}

bool as_store_finish_erasures(as_store *store, as_pack *pack, as_err *err)
{
    as_index_entry *entries;
    size_t          n;
    if (!as_set_entries(store, pack, &entries, &n, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        if (as_index_is_tombstone(&entries[i]))
            ok = erase_finish(store, pack, &entries[i], err);
    free(entries);
    return ok;
}

static bool erase_one(as_store *store, const as_digest *digest, const char *reason, as_err *err)
{
    as_place place;
    if (!as_set_locate(store, digest, &place, err))
        return false;
    bool ok = true;
    /* The note first: after a power cut in between, the next program that writes knows what to finish. */
    if (!as_index_is_tombstone(&place.entry)) {
        as_pack_unref(place.pack);
        if (!erase_note(store, digest, reason, as_clock_utc(), err) || !as_set_locate(store, digest, &place, err))
            return false;
    }
    ok = erase_finish(store, place.pack, &place.entry, err);
    as_pack_unref(place.pack);
    return ok;
}

bool as_store_erase(as_store *store, const as_digest *digest, const char *reason, as_err *err)
{
    if (!erase_check_reason(reason, err) || !as_store_begin(store, err))
        return false;
    pthread_mutex_lock(&store->write);
    bool ok = erase_one(store, digest, reason, err);
    pthread_mutex_unlock(&store->write);
    return ok;
}
