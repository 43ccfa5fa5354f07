/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/weights.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_BYTES ((size_t)2 << 20) /* a huge page of x86-64 and of arm64 with pages of 4 KiB */
enum { BUCKETS = 256, LOOKS = 61 };

struct as_weights {
    void       *data;
    size_t      bytes, n_users;
    uint64_t    key;
    bool        listed;
    as_weights *next; /* of its bucket */
};

static pthread_mutex_t weights_lock = PTHREAD_MUTEX_INITIALIZER;
static as_weights     *weights_table[BUCKETS]; /* those that are shared, or could be */

static bool weights_is_large(size_t bytes)
{
    return bytes >= AS_WEIGHTS_LARGE;
}

/* Pages of their own, there at once: one call is much faster than a fault for each. They are huge ones where the system has
 * them to give: packing and each run are faster with those. */
static void *weights_map(size_t bytes)
{
    const bool huge = bytes >= HUGE_BYTES;
    const int  flags = MAP_PRIVATE | MAP_ANONYMOUS | (huge ? 0 : MAP_POPULATE);
    void      *data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (data == MAP_FAILED)
        return NULL;
    if (huge && madvise(data, bytes, MADV_HUGEPAGE) == 0)
        (void)madvise(data, bytes, MADV_POPULATE_WRITE); /* a hint, as the other is */
    return data;
}

as_weights *as_weights_new(size_t bytes, as_err *err)
{
    const size_t size = (AS_MAX(bytes, 1u) + AS_WEIGHTS_ALIGN - 1) / AS_WEIGHTS_ALIGN * AS_WEIGHTS_ALIGN;
    as_weights  *block = calloc(1, sizeof *block);
    void        *data = NULL;
    if (block && weights_is_large(bytes)) {
        data = weights_map(size);
    } else if (block) {
        data = aligned_alloc(AS_WEIGHTS_ALIGN, size);
        if (data)
            memset(data, 0, size);
    }
    if (!data) {
        free(block);
        AS_FAIL(err, AS_ENOMEM, "out of memory for a constant of %zu bytes", bytes);
        return NULL;
    }
    *block = (as_weights){.data = data, .bytes = bytes, .n_users = 1};
    return block;
}

void *as_weights_data(as_weights *block)
{
    return block->data;
}

size_t as_weights_bytes(const as_weights *block)
{
    return block->bytes;
}

static as_weights *weights_free(as_weights *block)
{
    const size_t size = (block->bytes + AS_WEIGHTS_ALIGN - 1) / AS_WEIGHTS_ALIGN * AS_WEIGHTS_ALIGN;
    if (weights_is_large(block->bytes))
        munmap(block->data, size);
    else
        free(block->data);
    free(block);
    return NULL;
}

/* Of its size and some of its bytes: FNV-1a over words that lie apart. */
static uint64_t weights_key(const as_weights *block)
{
    const size_t words = block->bytes / sizeof(uint64_t), step = AS_MAX(words / LOOKS, 1u);
    uint64_t     key = 0xcbf29ce484222325u ^ block->bytes;
    for (size_t i = 0; i < words; i += step) {
        uint64_t word;
        memcpy(&word, (const char *)block->data + i * sizeof word, sizeof word);
        key = (key ^ word) * 0x100000001b3u;
        key ^= key >> 29;
    }
    return key;
}

static void weights_list(as_weights *block)
{
    as_weights **bucket = &weights_table[block->key % BUCKETS];
    block->listed = true;
    block->next = *bucket;
    *bucket = block;
}

static void weights_unlist(as_weights *block)
{
    as_weights **at = &weights_table[block->key % BUCKETS];
    while (*at != block)
        at = &(*at)->next;
    *at = block->next;
}

/* One of the same bytes, with one user more; NULL: there is none. */
static as_weights *weights_find(const as_weights *block)
{
    for (as_weights *b = weights_table[block->key % BUCKETS]; b; b = b->next)
        if (b->key == block->key && b->bytes == block->bytes && memcmp(b->data, block->data, b->bytes) == 0) {
            b->n_users++;
            return b;
        }
    return NULL;
}

as_weights *as_weights_share(as_weights *block)
{
    if (!weights_is_large(block->bytes))
        return block;
    block->key = weights_key(block);
    pthread_mutex_lock(&weights_lock);
    as_weights *same = weights_find(block);
    if (!same)
        weights_list(block);
    pthread_mutex_unlock(&weights_lock);
    if (same) {
        weights_free(block);
        return same;
    }
    /* what would write there is a defect, and ends the program where it is */
    (void)mprotect(block->data, block->bytes, PROT_READ);
    return block;
}

as_weights *as_weights_unref(as_weights *block)
{
    if (!block)
        return NULL;
    pthread_mutex_lock(&weights_lock);
    const bool last = --block->n_users == 0;
    if (last && block->listed)
        weights_unlist(block);
    pthread_mutex_unlock(&weights_lock);
    if (last)
        weights_free(block);
    return NULL;
}

bool as_weights_is_shared(const as_weights *block)
{
    pthread_mutex_lock(&weights_lock);
    const bool shared = block->n_users > 1;
    pthread_mutex_unlock(&weights_lock);
    return shared;
}

void as_weights_count(size_t *ret_blocks, size_t *ret_bytes)
{
    size_t blocks = 0, bytes = 0;
    pthread_mutex_lock(&weights_lock);
    for (size_t i = 0; i < BUCKETS; i++)
        for (const as_weights *b = weights_table[i]; b; b = b->next) {
            blocks++;
            bytes += b->bytes;
        }
    pthread_mutex_unlock(&weights_lock);
    *ret_blocks = blocks;
    *ret_bytes = bytes;
}
