/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "store/append.h"

/* In the value of a tombstone, beside the time: nothing of the object is left. */
#define ERASE_IS_DONE ((uint64_t)1 << 63)
#define ERASE_BATCH   10000

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

/* An erasure that is not done yet. */
typedef struct erase_todo {
    as_digest digest;
    as_pack  *pack; /* with the note; a reference */
    uint64_t  offset;
    as_ns     utc;
} erase_todo;

typedef AS_VEC(erase_todo) erase_list; /* by digest */

static void erase_list_done(erase_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        as_pack_unref(list->at[i].pack);
    as_vec_done(list);
}

static int erase_compare(const void *a, const void *b)
{
    return memcmp(((const erase_todo *)a)->digest.b, ((const erase_todo *)b)->digest.b, sizeof(as_digest));
}

typedef struct erase_job {
    const erase_list *list;
    as_pack          *pack;
    int               fd;
    int               e;
} erase_job;

/* The kind first: who reads meanwhile learns from it why the bytes are not those of the hash. */
static bool erase_visit(void *ctx, const as_pack_record *record)
{
    erase_job *job = ctx;
    if (record->kind == AS_PACK_TOMBSTONE || record->kind == AS_PACK_GAP || record->kind == AS_PACK_MARK)
        return true;
    erase_todo        key = {.digest = record->digest};
    const erase_todo *todo = bsearch(&key, job->list->at, job->list->n, sizeof key, erase_compare);
    if (!todo)
        return true;
    if (record->kind != AS_PACK_ERASED)
        job->e = as_pack_rewrite(job->fd, &job->pack->id, record,
                                 record->kind == AS_PACK_OBJECT ? AS_PACK_ERASED : AS_PACK_VOID, (uint64_t)todo->utc);
    if (job->e == 0)
        job->e = as_pack_wipe(job->fd, record);
    return job->e == 0;
}

/* What the index knows and the scan did not see, because its head is damaged: the bytes behind it may be whole. */
static int erase_unseen(as_store *store, as_pack *pack, int fd, const erase_list *list)
{
    int e = 0;
    for (size_t i = 0; e == 0 && i < list->n; i++) {
        as_index_entry entry;
        as_pack_record record;
        uint8_t        slot[64];
        size_t         n = 0;
        if (!as_set_has_entry(store, pack, &list->at[i].digest, &entry) || as_index_is_tombstone(&entry))
            continue;
        e = as_pack_read(fd, slot, sizeof slot, as_index_offset(&entry), &n);
        if (e || n < sizeof slot || as_pack_record_parse(&pack->id, as_index_offset(&entry), slot, &record))
            continue;
        record = (as_pack_record){.kind = AS_PACK_VOID,
                                  .offset = as_index_offset(&entry),
                                  .n_bytes = as_index_bytes(&entry),
                                  .digest = entry.digest};
        e = as_pack_rewrite(fd, &pack->id, &record, AS_PACK_ERASED, (uint64_t)list->at[i].utc);
        if (e == 0)
            e = as_pack_wipe(fd, &record);
    }
    return e;
}

/* Every record of them, also those that nothing leads to any more. */
static bool erase_in_pack(as_store *store, as_pack *pack, const erase_list *list, as_err *err)
{
    bool         own;
    as_pack_span span;
    erase_job    job = {.list = list, .pack = pack, .fd = as_pack_fd(pack, &own, err)};
    if (job.fd < 0)
        return false;
    bool ok = as_pack_scan(job.fd, &pack->id, AS_PACK_HEAD_BYTES, erase_visit, &job, &span, err);
    if (ok && job.e == 0)
        job.e = erase_unseen(store, pack, job.fd, list);
    if (ok && job.e == 0 && fdatasync(job.fd) != 0)
        job.e = errno;
    if (own)
        close(job.fd);
    return ok && (job.e == 0 || as_err_errno(err, job.e, "cannot erase in '%s'", pack->path));
}

static bool erase_has_any(as_store *store, as_pack *pack, const erase_list *list)
{
    as_index_entry entry;
    for (size_t i = 0; i < list->n; i++)
        if (as_set_has_entry(store, pack, &list->at[i].digest, &entry))
            return true;
    return false;
}

static bool erase_everywhere(as_store *store, const erase_list *list, const as_progress *progress, as_err *err)
{
    as_pack_list packs;
    if (!as_set_list(store, &packs, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < packs.n; i++) {
        as_progress_step(progress, "erasing", i, packs.n);
        if (erase_has_any(store, packs.at[i], list))
            ok = erase_in_pack(store, packs.at[i], list, err);
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
    return as_store_append(store, &stone, reason, NULL, &is_new, err);
}

/* How many notes surely have room in one pack. */
static size_t erase_batch(const as_store *store)
{
    const uint64_t n = store->seal_bytes / 4 / as_pack_room(AS_STORE_REASON_BYTES);
    return (size_t)AS_MIN(AS_MAX(n, (uint64_t)1), (uint64_t)ERASE_BATCH);
}

/* Adds it to the list when it is not done; a damaged one is not known by it, and verify names it. */
static bool erase_list_add(erase_list *list, as_pack *pack, const as_index_entry *entry, as_err *err)
{
    bool           own;
    as_pack_record stone;
    char           reason[AS_STORE_REASON_BYTES];
    int            fd = as_pack_fd(pack, &own, err);
    if (fd < 0)
        return false;
    bool todo = erase_read(fd, pack, entry, &stone, reason) && !(stone.value & ERASE_IS_DONE);
    if (own)
        close(fd);
    if (!todo)
        return true;
    if (!as_vec_reserve(list, list->n + 1))
        return AS_FAIL(err, AS_ENOMEM, "cannot erase: not enough memory");
    list->at[list->n++] = (erase_todo){.digest = entry->digest,
                                       .pack = as_pack_ref(pack),
                                       .offset = as_index_offset(entry),
                                       .utc = (as_ns)stone.value};
    return true;
}

static bool erase_mark_done(const erase_todo *todo, as_err *err)
{
    bool           own;
    uint8_t        slot[64];
    size_t         n = 0;
    as_pack_record stone;
    int            fd = as_pack_fd(todo->pack, &own, err);
    if (fd < 0)
        return false;
    int e = as_pack_read(fd, slot, sizeof slot, todo->offset, &n);
    if (e == 0 && n == sizeof slot && as_pack_record_parse(&todo->pack->id, todo->offset, slot, &stone))
        e = as_pack_rewrite(fd, &todo->pack->id, &stone, AS_PACK_TOMBSTONE, stone.value | ERASE_IS_DONE);
    if (own)
        close(fd);
    return e == 0 || as_err_errno(err, e, "cannot write '%s'", todo->pack->path);
}

static bool erase_finish(as_store *store, erase_list *list, const as_progress *progress, as_err *err)
{
    if (list->n == 0)
        return true;
    qsort(list->at, list->n, sizeof *list->at, erase_compare);
    bool ok = erase_everywhere(store, list, progress, err);
    for (size_t i = 0; ok && i < list->n; i++)
        ok = erase_mark_done(&list->at[i], err);
    return ok;
}

bool as_store_finish_erasures(as_store *store, as_pack *pack, as_err *err)
{
    as_index_entry *entries;
    size_t          n;
    erase_list      list = {0};
    if (!as_set_entries(store, pack, &entries, &n, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        if (as_index_is_tombstone(&entries[i]))
            ok = erase_list_add(&list, pack, &entries[i], err);
    ok = ok && erase_finish(store, &list, NULL, err);
    erase_list_done(&list);
    free(entries);
    return ok;
}

/* The notes of a batch lie in one pack that is not sealed yet: there the next program that writes looks for what to finish. */
static bool erase_make_room(as_store *store, as_err *err)
{
    const uint64_t n = erase_batch(store) * as_pack_room(AS_STORE_REASON_BYTES);
    pthread_mutex_lock(&store->append);
    as_store_drain(store);
    bool ok =
        !store->open ||
        (store->end + n <= store->seal_bytes && store->n_records + erase_batch(store) < AS_PACK_MAX_RECORDS - 1) ||
        as_store_seal(store, err);
    as_store_flow(store);
    pthread_mutex_unlock(&store->append);
    return ok;
}

/* What is to be erased: either with reasons, and it must be there; or with stones, and it need not. */
typedef struct erase_ask {
    const as_digest    *digests;
    const char *const  *reasons;
    const as_tombstone *stones;
} erase_ask;

static const char *erase_reason(const erase_ask *ask, size_t i)
{
    return ask->stones ? ask->stones[i].reason : ask->reasons[i];
}

static bool erase_note_one(as_store *store, const erase_ask *ask, size_t i, as_err *err)
{
    as_place place = {0};
    as_err   why = AS_ERR_NONE;
    if (!as_set_locate(store, &ask->digests[i], &place, &why) && (why.code != AS_ENOTFOUND || !ask->stones))
        return as_err_set(err, why.code, "%s", why.text);
    const bool is_noted = place.pack && as_index_is_tombstone(&place.entry);
    as_pack_unref(place.pack);
    return is_noted || erase_note(store, &ask->digests[i], erase_reason(ask, i),
                                  ask->stones ? ask->stones[i].utc : as_clock_utc(), err);
}

/* The notes first: after a power cut in between, the next program that writes knows what to finish. */
static bool erase_some(as_store *store, const erase_ask *ask, size_t from, size_t n, const as_progress *progress,
                       as_err *err)
{
    erase_list list = {0};
    as_place   place;
    bool       ok = n == 1 || erase_make_room(store, err);
    for (size_t i = from; ok && i < from + n; i++)
        ok = erase_note_one(store, ask, i, err);
    ok = ok && as_store_sync_locked(store, err);
    for (size_t i = from; ok && i < from + n; i++) {
        ok = as_set_locate(store, &ask->digests[i], &place, err);
        if (ok) {
            ok = erase_list_add(&list, place.pack, &place.entry, err);
            as_pack_unref(place.pack);
        }
    }
    ok = ok && erase_finish(store, &list, progress, err);
    erase_list_done(&list);
    return ok;
}

static bool erase_asked(as_store *store, const erase_ask *ask, size_t n, const as_progress *progress, as_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!erase_check_reason(erase_reason(ask, i), err))
            return false;
    if (!as_store_begin(store, err))
        return false;
    pthread_mutex_lock(&store->write);
    bool ok = true;
    for (size_t i = 0, step; ok && i < n; i += step) {
        step = AS_MIN(n - i, erase_batch(store));
        ok = as_progress_go_on(progress, err) && erase_some(store, ask, i, step, progress, err);
    }
    pthread_mutex_unlock(&store->write);
    return ok;
}

bool as_store_erase_all(as_store *store, const as_digest *digests, const char *const *reasons, size_t n,
                        const as_progress *progress, as_err *err)
{
    return erase_asked(store, &(erase_ask){.digests = digests, .reasons = reasons}, n, progress, err);
}

bool as_store_bury(as_store *store, const as_digest *digests, const as_tombstone *stones, size_t n,
                   const as_progress *progress, as_err *err)
{
    return erase_asked(store, &(erase_ask){.digests = digests, .stones = stones}, n, progress, err);
}

bool as_store_erase(as_store *store, const as_digest *digest, const char *reason, as_err *err)
{
    return as_store_erase_all(store, digest, &reason, 1, NULL, err);
}
