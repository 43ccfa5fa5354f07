/* SPDX-License-Identifier: Apache-2.0 */
#include "store/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fs.h"

enum {
    INDEX_VERSION = 1,
    INDEX_FAN = 256,
    INDEX_SUMS_AT = 64 + INDEX_FAN * 4,
    INDEX_ENTRIES_AT = INDEX_SUMS_AT + INDEX_FAN * 4,
    INDEX_ENTRY_BYTES = 40,
    INDEX_GUESSES = 4,
    INDEX_MISSES = 64,      /* an index gets a filter when it was asked for so many that it has not, */
    INDEX_MISS_SHARE = 64,  /* and for one of so many entries: else it costs more than it saves */
    INDEX_FILTER_BITS = 16, /* an entry: with six words of the hash one of a thousand passes that is not there */
    INDEX_FILTER_WORDS = 6
};

struct as_index {
    const uint8_t     *bytes;
    size_t             n_bytes;
    bool               is_mapped;
    as_pack_id         id;
    uint64_t           pack_bytes;
    uint32_t           n;
    atomic_uchar       checked[INDEX_FAN]; /* the sum of these entries was right */
    atomic_uint        n_misses;
    _Atomic(uint8_t *) filter; /* NULL: none yet */
};

uint64_t as_index_offset(const as_index_entry *entry)
{
    return (uint64_t)entry->slot * AS_PACK_ALIGN;
}

uint64_t as_index_bytes(const as_index_entry *entry)
{
    return entry->n_bytes & ~AS_INDEX_TOMBSTONE;
}

bool as_index_is_tombstone(const as_index_entry *entry)
{
    return (entry->n_bytes & AS_INDEX_TOMBSTONE) != 0;
}

static int index_compare(const void *a, const void *b)
{
    return memcmp(((const as_index_entry *)a)->digest.b, ((const as_index_entry *)b)->digest.b, AS_SHA256_BYTES);
}

bool as_index_write(const char *path, const as_pack_id *id, uint64_t pack_bytes, as_index_entry *entries, size_t n,
                    as_err *err)
{
    const size_t total = INDEX_ENTRIES_AT + n * INDEX_ENTRY_BYTES;
    uint8_t     *bytes = n <= AS_PACK_MAX_RECORDS ? calloc(1, total) : NULL;
    if (!bytes)
        return AS_FAIL(err, AS_ENOMEM, "cannot write '%s': not enough memory", path);
    if (n)
        qsort(entries, n, sizeof entries[0], index_compare);
    size_t at = 0;
    for (size_t first = 0; first < INDEX_FAN; first++) {
        const uint8_t *begin = bytes + INDEX_ENTRIES_AT + at * INDEX_ENTRY_BYTES;
        for (; at < n && entries[at].digest.b[0] == first; at++) {
            uint8_t *entry = bytes + INDEX_ENTRIES_AT + at * INDEX_ENTRY_BYTES;
            memcpy(entry, entries[at].digest.b, AS_SHA256_BYTES);
            as_bytes_put32(entry + 32, entries[at].slot);
            as_bytes_put32(entry + 36, entries[at].n_bytes);
        }
        const uint8_t *end = bytes + INDEX_ENTRIES_AT + at * INDEX_ENTRY_BYTES;
        as_bytes_put32(bytes + 64 + first * 4, (uint32_t)at);
        as_bytes_put32(bytes + INDEX_SUMS_AT + first * 4, as_crc32c(0, begin, (size_t)(end - begin)));
    }
    memcpy(bytes, "ASINDEX\n", 8);
    as_bytes_put32(bytes + 8, INDEX_VERSION);
    as_bytes_put32(bytes + 12, (uint32_t)n);
    as_bytes_put64(bytes + 16, id->number);
    memcpy(bytes + 24, id->salt, sizeof id->salt);
    as_bytes_put64(bytes + 40, pack_bytes);
    as_bytes_put32(bytes + 48, as_crc32c(0, bytes + 64, INDEX_ENTRIES_AT - 64));
    as_bytes_put32(bytes + 60, as_crc32c(0, bytes, 60));
    bool ok = as_fs_write(path, bytes, total, err);
    free(bytes);
    return ok;
}

static uint32_t index_fan(const as_index *index, unsigned first)
{
    return as_bytes_get32(index->bytes + 64 + (size_t)first * 4);
}

static const char *index_fault(as_index *index, uint64_t number)
{
    const uint8_t *b = index->bytes;
    if (index->n_bytes < INDEX_ENTRIES_AT || memcmp(b, "ASINDEX\n", 8) != 0 ||
        as_bytes_get32(b + 60) != as_crc32c(0, b, 60))
        return "its head is damaged";
    index->n = as_bytes_get32(b + 12);
    index->id.number = as_bytes_get64(b + 16);
    memcpy(index->id.salt, b + 24, sizeof index->id.salt);
    index->pack_bytes = as_bytes_get64(b + 40);
    if (index->id.number != number)
        return "it is that of another pack";
    if (index->n > AS_PACK_MAX_RECORDS || index->n_bytes != INDEX_ENTRIES_AT + (size_t)index->n * INDEX_ENTRY_BYTES)
        return "it has another length than it says";
    if (as_bytes_get32(b + 48) != as_crc32c(0, b + 64, INDEX_ENTRIES_AT - 64))
        return "its table is damaged";
    for (unsigned i = 0; i < INDEX_FAN; i++)
        if (index_fan(index, i) > index->n || (i && index_fan(index, i) < index_fan(index, i - 1)))
            return "its table is damaged";
    return index_fan(index, INDEX_FAN - 1) == index->n ? NULL : "its table is damaged";
}

as_index *as_index_parse(const uint8_t *bytes, size_t n, uint64_t number, as_err *err)
{
    as_index *index = calloc(1, sizeof *index);
    if (!index) {
        AS_FAIL(err, AS_ENOMEM, "cannot read an index: not enough memory");
        return NULL;
    }
    index->bytes = bytes;
    index->n_bytes = n;
    const char *fault = index_fault(index, number);
    if (fault && n >= 12 && memcmp(bytes, "ASINDEX\n", 8) == 0 && as_bytes_get32(bytes + 8) > INDEX_VERSION)
        AS_FAIL(err, AS_EUNSUPPORTED, "it was written by a newer version of this program");
    else if (fault)
        AS_FAIL(err, AS_ECORRUPT, "%s", fault);
    return fault ? as_index_close(index) : index;
}

as_index *as_index_open(const char *path, uint64_t number, as_err *err)
{
    const size_t max = INDEX_ENTRIES_AT + (size_t)AS_PACK_MAX_RECORDS * INDEX_ENTRY_BYTES;
    struct stat  st;
    int          fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        as_err_errno(err, errno, "cannot open '%s'", path);
        return NULL;
    }
    void  *bytes = MAP_FAILED;
    size_t n = 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= INDEX_ENTRIES_AT && (uint64_t)st.st_size <= max) {
        n = (size_t)st.st_size;
        bytes = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);
    }
    close(fd);
    if (bytes == MAP_FAILED) {
        AS_FAIL(err, AS_ECORRUPT, "index '%s' is damaged: it cannot be one by its length", path);
        return NULL;
    }
    as_err    why = AS_ERR_NONE;
    as_index *index = as_index_parse(bytes, n, number, &why);
    if (!index) {
        munmap(bytes, n);
        as_err_set(err, why.code, "index '%s' is damaged: %s", path, why.text);
        return NULL;
    }
    index->is_mapped = true;
    return index;
}

as_index *as_index_close(as_index *index)
{
    if (index && index->is_mapped)
        munmap((void *)(uintptr_t)index->bytes, index->n_bytes);
    if (index)
        free(atomic_load(&index->filter));
    free(index);
    return NULL;
}

const as_pack_id *as_index_id(const as_index *index)
{
    return &index->id;
}

uint64_t as_index_pack_bytes(const as_index *index)
{
    return index->pack_bytes;
}

size_t as_index_count(const as_index *index)
{
    return index->n;
}

static const uint8_t *index_entry(const as_index *index, size_t i)
{
    return index->bytes + INDEX_ENTRIES_AT + i * INDEX_ENTRY_BYTES;
}

as_index_entry as_index_at(const as_index *index, size_t i)
{
    const uint8_t *at = index_entry(index, i);
    as_index_entry entry = {.slot = as_bytes_get32(at + 32), .n_bytes = as_bytes_get32(at + 36)};
    memcpy(entry.digest.b, at, sizeof entry.digest.b);
    return entry;
}

static bool index_check_one(as_index *index, unsigned first)
{
    if (atomic_load_explicit(&index->checked[first], memory_order_relaxed))
        return true;
    const uint32_t from = first ? index_fan(index, first - 1) : 0, to = index_fan(index, first);
    if (as_bytes_get32(index->bytes + INDEX_SUMS_AT + (size_t)first * 4) !=
        as_crc32c(0, index_entry(index, from), (size_t)(to - from) * INDEX_ENTRY_BYTES))
        return false;
    atomic_store_explicit(&index->checked[first], 1, memory_order_relaxed);
    return true;
}

/* Where it would be if the bytes behind the first were spread evenly, as those of a hash are. */
static size_t index_guess(const as_digest *digest, size_t low, size_t high)
{
    uint32_t next = (uint32_t)digest->b[1] << 16 | (uint32_t)digest->b[2] << 8 | digest->b[3];
    return low + (size_t)(((uint64_t)(high - low) * next) >> 24);
}

size_t as_index_lower(const as_index *index, const as_digest *digest)
{
    size_t low = digest->b[0] ? index_fan(index, digest->b[0] - 1u) : 0, high = index_fan(index, digest->b[0]);
    size_t guess = index_guess(digest, low, high), step = INDEX_GUESSES;
    /* A few steps around the guess mostly do; what is left is halved. */
    if (guess < high && memcmp(index_entry(index, guess), digest->b, AS_SHA256_BYTES) < 0) {
        low = guess + 1;
        for (size_t at = low + step; at < high; at += step, step *= 2) {
            if (memcmp(index_entry(index, at), digest->b, AS_SHA256_BYTES) >= 0) {
                high = at;
                break;
            }
            low = at + 1;
        }
    } else if (guess < high) {
        high = guess;
        for (; high > low + step; high -= step, step *= 2) {
            if (memcmp(index_entry(index, high - step), digest->b, AS_SHA256_BYTES) < 0) {
                low = high - step + 1;
                break;
            }
        }
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(index_entry(index, middle), digest->b, AS_SHA256_BYTES) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A Bloom filter (CACM 13(7), 1970): the words of a hash are as good as hashes of it. */
static uint64_t filter_bit(const as_index *index, const uint8_t *digest, size_t word)
{
    return (uint64_t)as_bytes_get32(digest + 4 + 4 * word) * ((uint64_t)index->n * INDEX_FILTER_BITS) >> 32;
}

static bool filter_passes(const as_index *index, const uint8_t *filter, const as_digest *digest)
{
    for (size_t i = 0; i < INDEX_FILTER_WORDS; i++) {
        const uint64_t bit = filter_bit(index, digest->b, i);
        if (!(filter[bit / 8] >> bit % 8 & 1))
            return false;
    }
    return true;
}

/* Pages that were looked at for nothing: with millions of objects they would all come to be this program's. */
static void index_release(const as_index *index)
{
    if (index->is_mapped)
        (void)madvise((void *)(uintptr_t)index->bytes, index->n_bytes, MADV_DONTNEED);
}

/* Only of entries whose sums are right. Without memory it does without. */
static void index_add_filter(as_index *index)
{
    uint8_t *filter = calloc(1, (size_t)index->n * INDEX_FILTER_BITS / 8 + 1), *none = NULL;
    for (unsigned first = 0; filter && first < INDEX_FAN; first++) {
        if (index_check_one(index, first))
            continue;
        free(filter);
        return;
    }
    for (size_t i = 0; filter && i < index->n; i++)
        for (size_t word = 0; word < INDEX_FILTER_WORDS; word++) {
            const uint64_t bit = filter_bit(index, index_entry(index, i), word);
            filter[bit / 8] |= (uint8_t)(1u << bit % 8);
        }
    if (filter && !atomic_compare_exchange_strong(&index->filter, &none, filter))
        free(filter); /* another thread was faster */
    index_release(index);
}

as_index_answer as_index_find(as_index *index, const as_digest *digest, as_index_entry *ret)
{
    const uint8_t *filter = atomic_load_explicit(&index->filter, memory_order_acquire);
    if (filter && !filter_passes(index, filter, digest))
        return AS_INDEX_NO;
    if (!index_check_one(index, digest->b[0]))
        return AS_INDEX_DAMAGED;
    size_t at = as_index_lower(index, digest);
    if (at >= index->n || memcmp(index_entry(index, at), digest->b, AS_SHA256_BYTES) != 0) {
        if (filter)
            index_release(index);
        else if (atomic_fetch_add_explicit(&index->n_misses, 1, memory_order_relaxed) + 1 ==
                 AS_MAX((unsigned)INDEX_MISSES, index->n / INDEX_MISS_SHARE))
            index_add_filter(index);
        return AS_INDEX_NO;
    }
    *ret = as_index_at(index, at);
    return AS_INDEX_YES;
}

bool as_index_check(as_index *index)
{
    for (unsigned first = 0; first < INDEX_FAN; first++) {
        if (!index_check_one(index, first))
            return false;
        for (size_t i = first ? index_fan(index, first - 1) : 0; i < index_fan(index, first); i++)
            if (index_entry(index, i)[0] != first ||
                (i && memcmp(index_entry(index, i - 1), index_entry(index, i), AS_SHA256_BYTES) >= 0))
                return false;
    }
    return true;
}

static size_t table_slot(const as_table *table, const as_digest *digest)
{
    uint64_t key;
    memcpy(&key, digest->b + 8, sizeof key);
    for (size_t at = (size_t)key & (table->n_slots - 1);; at = (at + 1) & (table->n_slots - 1))
        if (table->slots[at] == 0 || as_digest_equal(&table->entries.at[table->slots[at] - 1].digest, digest))
            return at;
}

static bool table_grow(as_table *table)
{
    const size_t n_slots = table->n_slots ? table->n_slots * 2 : 256;
    uint32_t    *slots = calloc(n_slots, sizeof *slots);
    if (!slots)
        return false;
    free(table->slots);
    table->slots = slots;
    table->n_slots = n_slots;
    for (size_t i = 0; i < table->entries.n; i++)
        slots[table_slot(table, &table->entries.at[i].digest)] = (uint32_t)i + 1;
    return true;
}

as_table_answer as_table_add(as_table *table, const as_index_entry *entry, as_index_entry *ret_lost)
{
    if ((table->entries.n + 1) * 2 > table->n_slots && !table_grow(table))
        return AS_TABLE_FULL;
    const size_t at = table_slot(table, &entry->digest);
    if (table->slots[at] == 0) {
        if (!as_vec_push(&table->entries, *entry))
            return AS_TABLE_FULL;
        table->slots[at] = (uint32_t)table->entries.n;
        return AS_TABLE_ADDED;
    }
    as_index_entry *has = &table->entries.at[table->slots[at] - 1];
    if (has->slot == entry->slot)
        return AS_TABLE_SAME;
    const bool stone = as_index_is_tombstone(has), new_stone = as_index_is_tombstone(entry);
    if (stone != new_stone ? stone : has->slot > entry->slot)
        return AS_TABLE_LEFT;
    *ret_lost = *has;
    *has = *entry;
    return AS_TABLE_TOOK;
}

bool as_table_find(const as_table *table, const as_digest *digest, as_index_entry *ret)
{
    if (!table->n_slots)
        return false;
    const size_t at = table_slot(table, digest);
    if (table->slots[at] == 0)
        return false;
    *ret = table->entries.at[table->slots[at] - 1];
    return true;
}

void as_table_forget(as_table *table, uint64_t from)
{
    size_t n = 0;
    for (size_t i = 0; i < table->entries.n; i++)
        if (as_index_offset(&table->entries.at[i]) < from)
            table->entries.at[n++] = table->entries.at[i];
    table->entries.n = n;
    if (table->n_slots)
        memset(table->slots, 0, table->n_slots * sizeof *table->slots);
    for (size_t i = 0; i < n; i++)
        table->slots[table_slot(table, &table->entries.at[i].digest)] = (uint32_t)i + 1;
}

void as_table_done(as_table *table)
{
    as_vec_done(&table->entries);
    free(table->slots);
    *table = (as_table){0};
}
