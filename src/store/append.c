/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "store/append.h"

/* Room is asked for ahead in steps of an eighth of the pack, at least and at most: */
#define APPEND_MIN_STEP ((uint64_t)256 << 10)
#define APPEND_MAX_STEP ((uint64_t)16 << 20)

static bool append_fail(const as_store *store, int e, as_err *err)
{
    return as_err_errno(err, e, "cannot store an object in '%s'", store->dir);
}

bool as_store_begin(as_store *store, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    if (atomic_load(&store->is_writer))
        return true;
    pthread_mutex_lock(&store->append);
    bool ok = true;
    if (!atomic_load(&store->is_writer)) {
        snprintf(path, sizeof path, "%.*s/objects/packs/lock", AS_STORE_DIR_MAX, store->dir);
        ok = (as_fs_is_dir(store->packs_dir) || as_fs_make_dirs(store->packs_dir, err)) &&
             as_fs_lock(path, &store->lock_fd, err) && as_store_recover(store, err);
        if (ok) {
            atomic_store(&store->is_writer, true);
        } else {
            as_err_note(err, "cannot store an object in '%s'", store->dir);
            as_fs_unlock(store->lock_fd);
            store->lock_fd = -1;
            store->open = as_pack_unref(store->open);
        }
    }
    pthread_mutex_unlock(&store->append);
    return ok;
}

void as_store_drain(as_store *store)
{
    while (store->is_draining)
        pthread_cond_wait(&store->idle, &store->append);
    store->is_draining = true;
    while (store->n_writing)
        pthread_cond_wait(&store->idle, &store->append);
}

void as_store_flow(as_store *store)
{
    store->is_draining = false;
    pthread_cond_broadcast(&store->idle);
}

static bool append_make(as_store *store, as_pack *pack, as_err *err)
{
    uint8_t head[AS_PACK_HEAD_BYTES];
    bool    own;
    size_t  done = 0;
    while (done < sizeof pack->id.salt) {
        ssize_t n = getrandom(pack->id.salt + done, sizeof pack->id.salt - done, 0);
        if (n < 0 && errno != EINTR)
            return append_fail(store, errno, err);
        done += n > 0 ? (size_t)n : 0;
    }
    as_pack_head_write(&pack->id, as_clock_utc(), head);
    if (!as_fs_write(pack->path, head, sizeof head, err))
        return as_err_note(err, "cannot store an object in '%s'", store->dir);
    /* The one that is added to keeps its descriptor, however many there are. */
    int fd = as_pack_fd(pack, &own, err);
    if (fd >= 0 && own)
        as_pack_keep(pack, fd);
    return fd >= 0 && as_set_add(store, as_pack_ref(pack), err);
}

bool as_store_new_pack(as_store *store, as_err *err)
{
    uint64_t last = 0;
    if (store->open)
        return true;
    pthread_rwlock_rdlock(&store->lock);
    if (store->packs.n)
        last = store->packs.at[store->packs.n - 1]->number;
    pthread_rwlock_unlock(&store->lock);
    if (last >= AS_PACK_MAX_NUMBER)
        return AS_FAIL(err, AS_ELIMIT, "cannot store an object in '%s': it has %llu packs", store->dir,
                       (unsigned long long)last);
    as_pack *pack = as_pack_make(store, last + 1);
    if (!pack)
        return append_fail(store, ENOMEM, err);
    if (!append_make(store, pack, err)) {
        as_pack_unref(pack);
        return false;
    }
    store->open = pack;
    store->end = store->allocated = AS_PACK_HEAD_BYTES;
    store->n_records = 0;
    return true;
}

/* Under `append`: what was not known to be on the disk cannot be believed to get there any more. True if there was any. */
static bool append_forget(as_store *store, as_pack *pack)
{
    pthread_rwlock_wrlock(&store->lock);
    const size_t n = pack->table.entries.n;
    as_table_forget(&pack->table, pack->durable);
    const bool any = pack->table.entries.n < n;
    pthread_rwlock_unlock(&store->lock);
    pack->is_left = pack->is_failed = true;
    return any;
}

bool as_store_seal_pack(as_pack *pack, as_store *store, as_err *err)
{
    char            path[AS_FS_PATH_BYTES];
    as_index_entry *entries;
    size_t          n;
    if (!as_set_entries(store, pack, &entries, &n, err))
        return false;
    as_pack_path(store->packs_dir, pack->number, ".idx", path);
    bool      ok = as_index_write(path, &pack->id, pack->end, entries, n, err);
    as_index *index = ok ? as_index_open(path, pack->number, err) : NULL;
    free(entries);
    if (!index)
        return as_err_note(err, "cannot store an object in '%s'", store->dir);
    pthread_rwlock_wrlock(&store->lock);
    as_index_close(pack->index);
    pack->index = index;
    as_table_done(&pack->table);
    pthread_rwlock_unlock(&store->lock);
    return true;
}

/* Gives back what was asked for ahead. */
static void append_trim(as_store *store, int fd)
{
    if (store->allocated > store->end && ftruncate(fd, (off_t)store->end) == 0)
        store->allocated = store->end;
}

/* A pack that a write to failed is left as it is: the next program that writes looks at what is whole in it. When the
 * disk failed to keep it, a later success proves nothing: what was put since counts as lost. */
static bool append_leave(as_store *store, as_err *err)
{
    as_pack *pack = store->open;
    int      e = !pack->is_failed && fdatasync(atomic_load(&pack->fd)) != 0 ? errno : 0;
    if ((e || pack->is_failed) && append_forget(store, pack))
        store->is_lost = true;
    store->open = as_pack_unref(pack);
    store->is_dirty = false;
    return e == 0 || append_fail(store, e, err);
}

bool as_store_seal(as_store *store, as_err *err)
{
    as_pack *pack = store->open;
    if (!pack)
        return true;
    if (pack->is_left)
        return append_leave(store, err);
    int fd = atomic_load(&pack->fd);
    append_trim(store, fd);
    if (fdatasync(fd) != 0) {
        int e = errno;
        pack->is_failed = true;
        (void)append_leave(store, NULL);
        return append_fail(store, e, err);
    }
    pack->end = pack->durable = store->end;
    store->is_dirty = false;
    if (!as_store_seal_pack(pack, store, err))
        return false;
    store->open = as_pack_unref(pack);
    return true;
}

/* Room for the record, or ENOSPC before a byte of it is written. */
static int append_allocate(as_store *store, uint64_t n)
{
    const uint64_t need = store->end + n;
    int            fd = atomic_load(&store->open->fd);
    if (need <= store->allocated)
        return 0;
    uint64_t step = AS_MIN(AS_MAX(store->end / 8, APPEND_MIN_STEP), APPEND_MAX_STEP);
    uint64_t ask[2] = {need + step, need};
    for (size_t i = 0; i < AS_COUNT(ask); i++) {
        if (fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)store->allocated, (off_t)(ask[i] - store->allocated)) == 0) {
            /* The disk begins on what is there, so that the sync has less to wait for. */
            (void)sync_file_range(fd, 0, (off_t)store->end, SYNC_FILE_RANGE_WRITE);
            store->allocated = ask[i];
            return 0;
        }
        if (errno == EOPNOTSUPP || errno == ENOSYS) {
            store->allocated = need;
            return 0;
        }
        if (errno != ENOSPC && errno != EDQUOT && errno != EFBIG)
            return errno;
    }
    return errno;
}

static bool append_is_full(const as_store *store, uint64_t n)
{
    return store->open && (store->open->is_left || store->n_records >= AS_PACK_MAX_RECORDS - 1 ||
                           (store->end > AS_PACK_HEAD_BYTES && store->end + n > store->seal_bytes));
}

/* Under `append`. */
static bool append_make_room(as_store *store, uint64_t n, as_err *err)
{
    if (append_is_full(store, n)) {
        as_store_drain(store);
        bool ok = !append_is_full(store, n) || as_store_seal(store, err); /* another may have been faster */
        as_store_flow(store);
        if (!ok)
            return false;
    }
    if (!as_store_new_pack(store, err))
        return false;
    int e = append_allocate(store, n);
    return e == 0 || append_fail(store, e, err);
}

static bool append_reserve(as_store *store, as_pack_record *record, as_pack **ret, as_err *err)
{
    const uint64_t n = as_pack_room(record->n_bytes);
    pthread_mutex_lock(&store->append);
    while (store->is_draining)
        pthread_cond_wait(&store->idle, &store->append);
    bool ok = append_make_room(store, n, err);
    if (ok) {
        record->offset = store->end;
        store->end += n;
        store->n_records++;
        store->n_writing++;
        store->is_dirty = true;
        *ret = as_pack_ref(store->open);
    }
    pthread_mutex_unlock(&store->append);
    return ok;
}

static void append_finish(as_store *store, as_pack *pack, bool is_left)
{
    pthread_mutex_lock(&store->append);
    pack->is_left = pack->is_left || is_left;
    if (--store->n_writing == 0)
        pthread_cond_broadcast(&store->idle);
    pthread_mutex_unlock(&store->append);
}

/* The record stays, as nothing: nobody finds it, and its bytes are gone. */
static bool append_void(as_pack *pack, const as_pack_record *record)
{
    int fd = atomic_load(&pack->fd);
    return as_pack_rewrite(fd, &pack->id, record, AS_PACK_VOID, 0) == 0 && as_pack_wipe(fd, record) == 0;
}

/* Makes the record known. AS_TABLE_LEFT: another thread had stored the same meanwhile. */
static as_table_answer append_list(as_store *store, as_pack *pack, const as_pack_record *record,
                                   const as_place *damaged)
{
    as_index_entry lost, has,
        entry = {.digest = record->digest,
                 .slot = (uint32_t)(record->offset / AS_PACK_ALIGN),
                 .n_bytes = (uint32_t)record->n_bytes};
    as_table_answer answer = AS_TABLE_LEFT;
    if (record->kind == AS_PACK_TOMBSTONE)
        entry.n_bytes |= AS_INDEX_TOMBSTONE;
    pthread_rwlock_wrlock(&store->lock);
    /* What was there first stays: it may have been promised to survive already. */
    bool stays = record->kind == AS_PACK_OBJECT && as_table_find(&pack->table, &entry.digest, &has) &&
                 !(damaged && damaged->pack == pack && damaged->entry.slot == has.slot);
    if (!stays)
        answer = as_table_add(&pack->table, &entry, &lost);
    pthread_rwlock_unlock(&store->lock);
    return answer;
}

bool as_store_append_from(as_store *store, as_pack_record *record, const as_append_from *from, const as_place *damaged,
                          bool *ret_new, as_err *err)
{
    as_pack        *pack;
    as_table_answer answer = AS_TABLE_FULL;
    as_err          why = AS_ERR_NONE;
    if (!append_reserve(store, record, &pack, err))
        return false;
    int fd = atomic_load(&pack->fd);
    int e = from->pieces ? as_pack_write_pieces(fd, &pack->id, record, from->pieces, &why)
                         : as_pack_write(fd, &pack->id, record, from->bytes);
    if (e == 0) {
        answer = append_list(store, pack, record, damaged);
        e = answer == AS_TABLE_FULL ? ENOMEM : 0;
    }
    bool is_left = (e != 0 || answer == AS_TABLE_LEFT) && !append_void(pack, record);
    append_finish(store, pack, is_left);
    as_pack_unref(pack);
    if (why.code != AS_OK)
        return as_err_set(err, why.code, "%s", why.text);
    if (e)
        return append_fail(store, e, err);
    *ret_new = answer != AS_TABLE_LEFT;
    return true;
}

bool as_store_append(as_store *store, as_pack_record *record, const void *bytes, const as_place *damaged, bool *ret_new,
                     as_err *err)
{
    return as_store_append_from(store, record, &(as_append_from){.bytes = bytes}, damaged, ret_new, err);
}

/* Says in the pack how far it is on the disk. Lost, it costs the next program that writes some hashing. */
static void append_mark(as_store *store, as_pack *pack)
{
    as_pack_record mark = {.kind = AS_PACK_MARK, .offset = store->end, .value = pack->durable};
    if (store->open != pack || pack->is_left || store->n_records >= AS_PACK_MAX_RECORDS - 1 ||
        append_allocate(store, as_pack_room(0)) != 0)
        return;
    if (as_pack_write(atomic_load(&pack->fd), &pack->id, &mark, NULL) == 0) {
        store->end += as_pack_room(0);
        store->n_records++;
    } else {
        pack->is_left = true;
    }
}

bool as_store_sync_locked(as_store *store, as_err *err)
{
    pthread_mutex_lock(&store->append);
    as_store_drain(store);
    as_pack       *pack = store->is_dirty && store->open ? as_pack_ref(store->open) : NULL;
    const uint64_t end = store->end;
    if (pack)
        store->is_dirty = false;
    as_store_flow(store);
    const bool is_lost = store->is_lost;
    store->is_lost = false;
    pthread_mutex_unlock(&store->append);
    if (is_lost) {
        as_pack_unref(pack);
        return AS_FAIL(err, AS_EIO, "cannot write '%s' to the disk: it failed to keep what was stored", store->dir);
    }
    if (!pack)
        return true;
    int fd = atomic_load(&pack->fd), e = fdatasync(fd) == 0 ? 0 : errno;
    pthread_mutex_lock(&store->append);
    if (e) {
        (void)append_forget(store, pack);
    } else if (pack->durable < end) {
        pack->durable = end;
        append_mark(store, pack);
    }
    pthread_mutex_unlock(&store->append);
    as_pack_unref(pack);
    return e == 0 || as_err_errno(err, e, "cannot write '%s' to the disk", store->dir);
}

bool as_store_sync(as_store *store, as_err *err)
{
    if (!atomic_load(&store->is_writer))
        return true;
    pthread_mutex_lock(&store->write);
    bool ok = as_store_sync_locked(store, err);
    pthread_mutex_unlock(&store->write);
    return ok;
}
