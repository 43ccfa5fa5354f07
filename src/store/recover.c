/* SPDX-License-Identifier: Apache-2.0 */
/* What a program that was killed, or a power cut, left behind: found and put in order by the next one that writes. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "store/append.h"

#define RECOVER_BUFFER_BYTES ((size_t)1 << 20)

typedef struct recover_job {
    int fd;
    AS_VEC(as_pack_record) bad; /* not whole, or nothing at all */
    uint64_t   good_end;
    uint8_t   *buffer;
    as_sha256 *sha;
    int        e;
} recover_job;

static bool recover_is_whole(recover_job *job, const as_pack_record *record)
{
    as_digest real;
    size_t    n;
    if (record->kind == AS_PACK_OBJECT) {
        int e = as_pack_hash(job->fd, record, job->buffer, RECOVER_BUFFER_BYTES, job->sha, &real);
        return e == 0 && as_digest_equal(&real, &record->digest);
    }
    if (record->kind == AS_PACK_TOMBSTONE)
        return record->n_bytes <= AS_STORE_REASON_BYTES &&
               as_pack_read(job->fd, job->buffer, (size_t)record->n_bytes, record->offset + 64, &n) == 0 &&
               n == record->n_bytes && as_crc32c(0, job->buffer, n) == record->crc;
    return record->kind != AS_PACK_PENDING && record->kind != AS_PACK_GAP;
}

static bool recover_visit(void *ctx, const as_pack_record *record)
{
    recover_job *job = ctx;
    if (recover_is_whole(job, record)) {
        job->good_end = as_pack_end(record);
        return true;
    }
    job->e = as_vec_push(&job->bad, *record) ? 0 : ENOMEM;
    return job->e == 0;
}

/* Bytes that are no record become records that are nothing, so that nobody has to look for the next one again. */
static int recover_cover(const as_pack *pack, int fd, const as_pack_record *gap)
{
    int e = 0;
    for (uint64_t at = gap->offset; e == 0 && at < as_pack_end(gap);) {
        uint64_t       n = AS_MIN(as_pack_end(gap) - at - AS_PACK_ALIGN, (uint64_t)AS_STORE_MAX_OBJECT_BYTES);
        as_pack_record nothing = {.kind = AS_PACK_VOID, .offset = at, .n_bytes = n};
        e = as_pack_rewrite(fd, &pack->id, &nothing, AS_PACK_VOID, 0);
        if (e == 0)
            e = as_pack_wipe(fd, &nothing);
        at = as_pack_end(&nothing);
    }
    return e;
}

static int recover_mend(const as_pack *pack, const recover_job *job)
{
    int e = 0;
    for (size_t i = 0; e == 0 && i < job->bad.n; i++) {
        const as_pack_record *bad = &job->bad.at[i];
        if (bad->offset >= job->good_end)
            continue;
        if (bad->kind == AS_PACK_GAP) {
            e = recover_cover(pack, job->fd, bad);
            continue;
        }
        e = as_pack_rewrite(job->fd, &pack->id, bad, AS_PACK_VOID, 0);
        if (e == 0)
            e = as_pack_wipe(job->fd, bad);
    }
    return e == 0 && ftruncate(job->fd, (off_t)job->good_end) != 0 ? errno : e;
}

static bool recover_scan(as_store *store, as_pack *pack, recover_job *job, as_err *err)
{
    as_pack_span span;
    bool         own;
    /* A pack that had an index was whole when it was sealed: what is wrong in it since is damage, and is to be told. */
    uint64_t from = pack->trouble[0] ? (pack->end + AS_PACK_ALIGN - 1) / AS_PACK_ALIGN * AS_PACK_ALIGN
                                     : AS_MAX(pack->durable, (uint64_t)AS_PACK_HEAD_BYTES);
    job->good_end = from;
    job->buffer = malloc(RECOVER_BUFFER_BYTES);
    job->sha = as_sha256_new(err);
    job->fd = as_pack_fd(pack, &own, err);
    if (job->fd >= 0 && own)
        as_pack_keep(pack, job->fd);
    if (!job->buffer || !job->sha || job->fd < 0)
        return job->fd < 0 || AS_FAIL(err, AS_ENOMEM, "cannot read '%s': not enough memory", pack->path);
    if (!as_pack_scan(job->fd, &pack->id, from, recover_visit, job, &span, err))
        return false;
    if (job->e == 0)
        job->e = recover_mend(pack, job);
    if (job->e)
        return as_err_errno(err, job->e, "cannot put '%s' in order", pack->path);
    /* Also when only the zeros behind the last record were missing. */
    return (job->bad.n == 0 && span.end == job->good_end) || as_set_rescan(store, pack, err);
}

static bool recover_pack(as_store *store, as_pack *pack, as_err *err)
{
    recover_job job = {.fd = -1};
    bool        ok = recover_scan(store, pack, &job, err);
    as_vec_done(&job.bad);
    as_sha256_free(job.sha);
    free(job.buffer);
    return ok;
}

static bool recover_has(const as_pack_list *packs, uint64_t number)
{
    for (size_t i = 0; i < packs->n; i++)
        if (packs->at[i]->number == number)
            return true;
    return false;
}

/* Files that were being written, and indexes whose pack is gone. */
static bool recover_clean(const as_store *store, const as_pack_list *packs, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    DIR *dir = opendir(store->packs_dir);
    if (!dir)
        return as_err_errno(err, errno, "cannot read '%s'", store->packs_dir);
    bool ok = true;
    for (const struct dirent *entry; ok && (entry = readdir(dir));) {
        uint64_t number;
        bool     is_orphan = as_pack_name_parse(entry->d_name, ".idx", &number) && !recover_has(packs, number);
        if (is_orphan || strstr(entry->d_name, ".pack.tmp.") || strstr(entry->d_name, ".idx.tmp."))
            ok = as_fs_join(path, store->packs_dir, entry->d_name, err) && as_fs_remove(path, err);
    }
    closedir(dir);
    return ok;
}

static bool recover_seal(as_store *store, as_pack *pack, as_err *err)
{
    if (fdatasync(atomic_load(&pack->fd)) != 0)
        return as_err_errno(err, errno, "cannot write '%s' to the disk", pack->path);
    if (!as_store_seal_pack(pack, store, err))
        return false;
    pack->trouble[0] = '\0';
    return true;
}

static void recover_open(as_store *store, as_pack *pack)
{
    store->open = as_pack_ref(pack);
    store->end = store->allocated = pack->end;
    store->n_records = pack->n_seen;
    store->is_dirty = pack->durable < pack->end;
}

bool as_store_recover(as_store *store, as_err *err)
{
    as_pack_list packs = {0};
    if (!as_set_refresh(store, true, err) || !as_set_list(store, &packs, err))
        return false;
    bool ok = recover_clean(store, &packs, err);
    for (size_t i = 0; ok && i < packs.n; i++) {
        as_pack *pack = packs.at[i];
        if (pack->index || pack->is_unreadable)
            continue;
        ok = recover_pack(store, pack, err) && as_store_finish_erasures(store, pack, err);
        if (ok && i + 1 == packs.n && !pack->trouble[0])
            recover_open(store, pack);
        else
            ok = ok && recover_seal(store, pack, err);
    }
    as_set_done(&packs);
    return ok;
}
