/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "store/state.h"

/* Packs whose descriptor is kept; those of more are opened for each read. */
#define SET_MAX_KEPT 192
/* A file system's clock may be this much behind: what changed within it may have the same time. */
#define SET_TICK_NS  (50 * AS_NS_PER_MS)

static atomic_uint set_n_kept;

as_pack *as_pack_ref(as_pack *pack)
{
    atomic_fetch_add_explicit(&pack->refs, 1, memory_order_relaxed);
    return pack;
}

as_pack *as_pack_unref(as_pack *pack)
{
    if (!pack || atomic_fetch_sub_explicit(&pack->refs, 1, memory_order_acq_rel) != 1)
        return NULL;
    int fd = atomic_load(&pack->fd);
    if (fd >= 0) {
        close(fd);
        atomic_fetch_sub(&set_n_kept, 1);
    }
    as_index_close(pack->index);
    as_table_done(&pack->table);
    free(pack);
    return NULL;
}

as_pack *as_pack_make(const as_store *store, uint64_t number)
{
    as_pack *pack = calloc(1, sizeof *pack);
    if (!pack)
        return NULL;
    atomic_init(&pack->refs, 1);
    atomic_init(&pack->fd, -1);
    pack->number = pack->id.number = number;
    pack->resume = pack->end = AS_PACK_HEAD_BYTES;
    as_pack_path(store->packs_dir, number, ".pack", pack->path);
    return pack;
}

int as_pack_fd(as_pack *pack, bool *ret_own, as_err *err)
{
    struct stat st;
    int         none = -1, fd = atomic_load(&pack->fd);
    *ret_own = false;
    if (fd >= 0)
        return fd;
    fd = open(pack->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && (errno == EACCES || errno == EROFS || errno == EPERM))
        fd = open(pack->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        as_err_errno(err, errno, "cannot open '%s'", pack->path);
        return -1;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        AS_FAIL(err, AS_ECORRUPT, "'%s' is no file", pack->path);
        return -1;
    }
    if (atomic_fetch_add(&set_n_kept, 1) < SET_MAX_KEPT) {
        if (atomic_compare_exchange_strong(&pack->fd, &none, fd))
            return fd;
        close(fd);
        atomic_fetch_sub(&set_n_kept, 1);
        return none;
    }
    atomic_fetch_sub(&set_n_kept, 1);
    *ret_own = true;
    return fd;
}

void as_pack_keep(as_pack *pack, int fd)
{
    atomic_fetch_add(&set_n_kept, 1);
    atomic_store(&pack->fd, fd);
}

typedef struct set_scan {
    as_pack *pack;
    uint64_t size;
    uint64_t first_unsure, last_unsure;
    bool     no_memory;
} set_scan;

static bool set_visit(void *ctx, const as_pack_record *record)
{
    set_scan      *scan = ctx;
    as_index_entry lost, entry = {.digest = record->digest,
                                  .slot = (uint32_t)(record->offset / AS_PACK_ALIGN),
                                  .n_bytes = (uint32_t)record->n_bytes};
    scan->pack->n_seen++;
    switch (record->kind) {
    case AS_PACK_TOMBSTONE: entry.n_bytes |= AS_INDEX_TOMBSTONE; break;
    case AS_PACK_OBJECT: break;
    case AS_PACK_MARK:
        if (record->value <= record->offset && scan->first_unsure < record->value)
            scan->first_unsure = scan->last_unsure >= record->value ? record->value : UINT64_MAX;
        return true;
    case AS_PACK_GAP:
    case AS_PACK_PENDING: entry.n_bytes = UINT32_MAX; break;
    default: return true;
    }
    if (entry.n_bytes == UINT32_MAX || as_pack_end(record) > scan->size) {
        scan->first_unsure = AS_MIN(scan->first_unsure, record->offset);
        scan->last_unsure = record->offset;
        return true;
    }
    /* More than a writer puts into one pack: not from a writer. */
    scan->no_memory = scan->pack->table.entries.n >= AS_PACK_MAX_RECORDS ||
                      as_table_add(&scan->pack->table, &entry, &lost) == AS_TABLE_FULL;
    return !scan->no_memory;
}

/* Under the lock: reads what came to a pack that has no index. */
static bool set_extend(as_pack *pack, as_err *err)
{
    bool         own;
    struct stat  st;
    as_pack_span span;
    int          fd = as_pack_fd(pack, &own, err);
    if (fd < 0)
        return false;
    set_scan scan = {.pack = pack, .first_unsure = UINT64_MAX};
    bool     ok = fstat(fd, &st) == 0 || as_err_errno(err, errno, "cannot read '%s'", pack->path);
    scan.size = ok ? AS_MIN((uint64_t)st.st_size, AS_PACK_MAX_BYTES) : 0;
    if (ok && scan.size > pack->resume) {
        ok = as_pack_scan(fd, &pack->id, pack->resume, set_visit, &scan, &span, err);
        if (ok && scan.no_memory)
            ok = AS_FAIL(err, AS_ENOMEM, "cannot list '%s': not enough memory", pack->path);
        if (ok) {
            pack->durable = AS_MAX(pack->durable, span.durable);
            pack->end = AS_MAX(pack->end, span.end);
            pack->resume = AS_MIN(scan.first_unsure, span.end);
        }
    }
    if (own)
        close(fd);
    return ok;
}

bool as_set_rescan(as_store *store, as_pack *pack, as_err *err)
{
    pthread_rwlock_wrlock(&store->lock);
    as_table_done(&pack->table);
    pack->resume = pack->end = AS_PACK_HEAD_BYTES;
    pack->durable = 0;
    pack->n_seen = 0;
    bool ok = set_extend(pack, err);
    pthread_rwlock_unlock(&store->lock);
    return ok;
}

/* What cannot be read at all is named by verify, and in nobody's way. */
static void set_unreadable(as_pack *pack, const as_err *why)
{
    snprintf(pack->trouble, sizeof pack->trouble, "%.190s", why->text);
    pack->is_unreadable = true;
}

/* Under the lock: index or head of a pack that is new here. False: its file is gone, or cannot be read now. */
static bool set_load(const as_store *store, as_pack *pack, as_err *err)
{
    char    path[AS_FS_PATH_BYTES];
    uint8_t head[AS_PACK_HEAD_BYTES];
    bool    own = false, whole = true;
    size_t  n = 0;
    as_err  why = AS_ERR_NONE;
    pack->index = as_index_open(as_pack_path(store->packs_dir, pack->number, ".idx", path), pack->number, &why);
    if (pack->index) {
        pack->id = *as_index_id(pack->index);
        return true;
    }
    if (why.code != AS_ENOTFOUND)
        snprintf(pack->trouble, sizeof pack->trouble, "its index '%06llu.idx' is damaged: remove it",
                 (unsigned long long)pack->number);
    why = (as_err)AS_ERR_NONE;
    int fd = as_pack_fd(pack, &own, &why);
    if (fd < 0 && why.code == AS_ENOTFOUND)
        return as_err_set(err, why.code, "%s", why.text);
    int e = fd < 0 ? 0 : as_pack_read(fd, head, sizeof head, 0, &n);
    if (own)
        close(fd);
    if (e)
        as_err_errno(&why, e, "it cannot be read");
    else if (fd >= 0 && n < sizeof head)
        AS_FAIL(&why, AS_ECORRUPT, "its head is cut short");
    if (why.code || !as_pack_head_parse(head, pack->number, &pack->id, &whole, &why))
        set_unreadable(pack, &why);
    return true;
}

static int set_compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

typedef AS_VEC(uint64_t) set_numbers;

static bool set_read_dir(const as_store *store, set_numbers *ret, as_err *err)
{
    DIR *dir = opendir(store->packs_dir);
    if (!dir)
        return errno == ENOENT || as_err_errno(err, errno, "cannot read '%s'", store->packs_dir);
    bool ok = true;
    for (const struct dirent *entry; ok && (entry = readdir(dir));) {
        uint64_t number;
        if (as_pack_name_parse(entry->d_name, ".pack", &number) && !as_vec_push(ret, number))
            ok = AS_FAIL(err, AS_ENOMEM, "cannot list '%s': not enough memory", store->packs_dir);
    }
    closedir(dir);
    if (ret->n)
        qsort(ret->at, ret->n, sizeof ret->at[0], set_compare);
    return ok;
}

static as_pack *set_known(const as_store *store, uint64_t number)
{
    for (size_t i = 0; i < store->packs.n; i++)
        if (store->packs.at[i]->number == number)
            return store->packs.at[i];
    return NULL;
}

/* A pack that was open here and is sealed now: its index takes the table's place. */
static void set_sealed(const as_store *store, as_pack *pack)
{
    char      path[AS_FS_PATH_BYTES];
    as_err    why = AS_ERR_NONE;
    as_index *index = as_index_open(as_pack_path(store->packs_dir, pack->number, ".idx", path), pack->number, &why);
    if (!index || memcmp(as_index_id(index)->salt, pack->id.salt, sizeof pack->id.salt) != 0) {
        as_index_close(index);
        return;
    }
    pack->index = index;
    as_table_done(&pack->table);
}

static bool set_list(as_store *store, as_err *err)
{
    set_numbers  numbers = {0};
    as_pack_list packs = {0};
    bool         ok = set_read_dir(store, &numbers, err);
    for (size_t i = 0; ok && i < numbers.n; i++) {
        as_err   why = AS_ERR_NONE;
        as_pack *pack = set_known(store, numbers.at[i]);
        bool     is_new = !pack;
        if (is_new)
            pack = as_pack_make(store, numbers.at[i]);
        else
            as_pack_ref(pack);
        if (!pack || !as_vec_reserve(&packs, packs.n + 1)) {
            as_pack_unref(pack);
            ok = AS_FAIL(err, AS_ENOMEM, "cannot list '%s': not enough memory", store->packs_dir);
        } else if (is_new && !set_load(store, pack, &why)) {
            as_pack_unref(pack);
            ok = why.code == AS_ENOTFOUND || as_err_set(err, why.code, "%s", why.text);
        } else {
            packs.at[packs.n++] = pack;
            if (!is_new && !pack->index && !pack->trouble[0])
                set_sealed(store, pack);
        }
    }
    as_vec_done(&numbers);
    if (ok) {
        as_pack_list before = store->packs;
        store->packs = packs;
        packs = before;
    }
    as_set_done(&packs);
    return ok;
}

bool as_set_refresh(as_store *store, bool force, as_err *err)
{
    struct stat st = {0};
    bool        ok = true;
    pthread_rwlock_wrlock(&store->lock);
    as_ns now = as_clock_utc();
    bool  is_there = stat(store->packs_dir, &st) == 0;
    as_ns changed = is_there ? st.st_mtim.tv_sec * AS_NS_PER_S + st.st_mtim.tv_nsec : 0;
    if (force || changed != store->dir_ns || (is_there && store->listed_ns < changed + SET_TICK_NS)) {
        ok = set_list(store, err);
        store->dir_ns = ok ? changed : 0;
        store->listed_ns = now;
    }
    for (size_t i = 0; ok && i < store->packs.n; i++) {
        as_pack *pack = store->packs.at[i];
        as_err   why = AS_ERR_NONE;
        if (!pack->index && !pack->is_unreadable && !set_extend(pack, &why))
            ok = why.code == AS_ENOTFOUND || as_err_set(err, why.code, "%s", why.text);
    }
    pthread_rwlock_unlock(&store->lock);
    return ok;
}

bool as_set_add(as_store *store, as_pack *pack, as_err *err)
{
    pthread_rwlock_wrlock(&store->lock);
    bool ok = as_vec_push(&store->packs, pack);
    pthread_rwlock_unlock(&store->lock);
    return ok || AS_FAIL(err, AS_ENOMEM, "cannot list '%s': not enough memory", pack->path);
}

void as_set_remove(as_store *store, const as_pack *pack)
{
    as_pack *out = NULL;
    pthread_rwlock_wrlock(&store->lock);
    for (size_t i = 0; i < store->packs.n; i++) {
        if (out)
            store->packs.at[i - 1] = store->packs.at[i];
        else if (store->packs.at[i] == pack)
            out = store->packs.at[i];
    }
    store->packs.n -= out != NULL;
    pthread_rwlock_unlock(&store->lock);
    as_pack_unref(out);
}

/* A damaged index: its pack is read instead. */
static void set_drop_index(as_store *store, as_pack *pack)
{
    as_err why = AS_ERR_NONE;
    pthread_rwlock_wrlock(&store->lock);
    if (pack->index) {
        pack->index = as_index_close(pack->index);
        pack->resume = AS_PACK_HEAD_BYTES;
        snprintf(pack->trouble, sizeof pack->trouble, "its index '%06llu.idx' is damaged: remove it",
                 (unsigned long long)pack->number);
        if (!set_extend(pack, &why))
            pack->is_unreadable = true;
    }
    pthread_rwlock_unlock(&store->lock);
}

static as_index_answer set_find_in(as_pack *pack, const as_digest *digest, as_index_entry *ret)
{
    if (pack->index)
        return as_index_find(pack->index, digest, ret);
    return as_table_find(&pack->table, digest, ret) ? AS_INDEX_YES : AS_INDEX_NO;
}

bool as_set_find(as_store *store, const as_digest *digest, as_place *ret)
{
    return as_set_find_below(store, digest, UINT64_MAX, ret);
}

bool as_set_find_below(as_store *store, const as_digest *digest, uint64_t number, as_place *ret)
{
    as_index_answer answer = AS_INDEX_NO;
    as_place        place = {0};
    do {
        pthread_rwlock_rdlock(&store->lock);
        size_t i = store->packs.n;
        for (answer = AS_INDEX_NO; answer == AS_INDEX_NO && i > 0;) {
            as_pack *pack = store->packs.at[--i];
            if (pack->number < number)
                answer = set_find_in(pack, digest, &place.entry);
        }
        place.pack = answer == AS_INDEX_NO ? NULL : as_pack_ref(store->packs.at[i]);
        pthread_rwlock_unlock(&store->lock);
        if (answer == AS_INDEX_DAMAGED) {
            set_drop_index(store, place.pack);
            as_pack_unref(place.pack);
        }
    } while (answer == AS_INDEX_DAMAGED);
    if (answer == AS_INDEX_YES)
        *ret = place;
    return answer == AS_INDEX_YES;
}

bool as_set_locate(as_store *store, const as_digest *digest, as_place *ret, as_err *err)
{
    char hex[AS_SHA256_HEX_BYTES];
    if (as_set_find(store, digest, ret))
        return true;
    if (!atomic_load(&store->is_writer)) {
        if (!as_set_refresh(store, false, err))
            return false;
        if (as_set_find(store, digest, ret))
            return true;
    }
    return AS_FAIL(err, AS_ENOTFOUND, "no object '%s' in the store", as_digest_hex(digest, hex));
}

bool as_set_list(as_store *store, as_pack_list *ret, as_err *err)
{
    as_pack_list list = {0};
    pthread_rwlock_rdlock(&store->lock);
    bool ok = as_vec_reserve(&list, store->packs.n + 1);
    for (size_t i = 0; ok && i < store->packs.n; i++)
        list.at[list.n++] = as_pack_ref(store->packs.at[i]);
    pthread_rwlock_unlock(&store->lock);
    if (ok)
        *ret = list;
    return ok || AS_FAIL(err, AS_ENOMEM, "cannot list '%s': not enough memory", store->packs_dir);
}

void as_set_done(as_pack_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        as_pack_unref(list->at[i]);
    as_vec_done(list);
}

static int set_by_offset(const void *a, const void *b)
{
    const uint32_t x = ((const as_index_entry *)a)->slot, y = ((const as_index_entry *)b)->slot;
    return (x > y) - (x < y);
}

bool as_set_entries(as_store *store, as_pack *pack, as_index_entry **ret, size_t *ret_n, as_err *err)
{
    pthread_rwlock_rdlock(&store->lock);
    bool damaged = pack->index && !as_index_check(pack->index);
    pthread_rwlock_unlock(&store->lock);
    if (damaged)
        set_drop_index(store, pack);
    pthread_rwlock_rdlock(&store->lock);
    const size_t    n = pack->index ? as_index_count(pack->index) : pack->table.entries.n;
    as_index_entry *entries = calloc(n + 1, sizeof *entries);
    for (size_t i = 0; entries && i < n; i++)
        entries[i] = pack->index ? as_index_at(pack->index, i) : pack->table.entries.at[i];
    pthread_rwlock_unlock(&store->lock);
    if (!entries)
        return AS_FAIL(err, AS_ENOMEM, "cannot list '%s': not enough memory", pack->path);
    if (n)
        qsort(entries, n, sizeof *entries, set_by_offset);
    *ret = entries;
    *ret_n = n;
    return true;
}

bool as_set_has_entry(as_store *store, as_pack *pack, const as_digest *digest, as_index_entry *ret)
{
    pthread_rwlock_rdlock(&store->lock);
    as_index_answer answer = set_find_in(pack, digest, ret);
    pthread_rwlock_unlock(&store->lock);
    if (answer == AS_INDEX_DAMAGED) {
        set_drop_index(store, pack);
        return as_set_has_entry(store, pack, digest, ret);
    }
    return answer == AS_INDEX_YES;
}

uint64_t as_set_count(as_store *store)
{
    uint64_t n = 0;
    pthread_rwlock_rdlock(&store->lock);
    for (size_t i = 0; i < store->packs.n; i++)
        n +=
            store->packs.at[i]->index ? as_index_count(store->packs.at[i]->index) : store->packs.at[i]->table.entries.n;
    pthread_rwlock_unlock(&store->lock);
    return n;
}
