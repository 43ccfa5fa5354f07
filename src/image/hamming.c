/* SPDX-License-Identifier: Apache-2.0 */
#include "image/hamming.h"

#include "base/isa.h"

#define HAMMING_PIECES  4u
#define HAMMING_KEYS    65536u
#define HAMMING_RECENT  1024u /* and a sixteenth: so many are compared one by one before they are sorted in */
#define HAMMING_AT_ONCE ((size_t)1024)
#define HAMMING_CHUNK   ((size_t)64)

struct as_hamming {
    uint64_t *hashes; /* of all, as they came */
    uint32_t *ids;
    size_t    n, cap, n_sorted;
    bool      is_ascending;           /* ids came in order */
    uint64_t *by_key[HAMMING_PIECES]; /* the sorted ones, by the value of each piece */
    uint32_t *at[HAMMING_PIECES];     /* which of all it is */
    uint32_t *first[HAMMING_PIECES];  /* HAMMING_KEYS + 1: where a key's begin */
};

typedef struct hamming_search {
    const as_hamming *index;
    uint64_t          hash;
    uint32_t          bits;
    as_hamming_hit   *ret;
    size_t            cap, n_kept, n; /* n: also those that are not kept */
} hamming_search;

as_hamming *as_hamming_new(as_err *err)
{
    as_hamming *index = calloc(1, sizeof *index);
    bool        ok = index != NULL;
    for (size_t k = 0; ok && k < HAMMING_PIECES; k++)
        ok = (index->first[k] = calloc(HAMMING_KEYS + 1, sizeof *index->first[k])) != NULL;
    if (ok)
        return index;
    AS_FAIL(err, AS_ENOMEM, "no memory for an index of hashes");
    return as_hamming_free(index);
}

as_hamming *as_hamming_free(as_hamming *index)
{
    for (size_t k = 0; index && k < HAMMING_PIECES; k++) {
        free(index->by_key[k]);
        free(index->at[k]);
        free(index->first[k]);
    }
    if (index) {
        free(index->hashes);
        free(index->ids);
    }
    free(index);
    return NULL;
}

size_t as_hamming_count(const as_hamming *index)
{
    return index->n;
}

static uint32_t hamming_key(uint64_t hash, size_t piece)
{
    return (uint32_t)(hash >> (16 * piece)) & (HAMMING_KEYS - 1);
}

/* By counting: the order within a key is that in which they came. */
static void hamming_sort_piece(as_hamming *index, size_t piece)
{
    uint32_t *first = index->first[piece];
    memset(first, 0, (HAMMING_KEYS + 1) * sizeof *first);
    for (size_t i = 0; i < index->n; i++)
        first[hamming_key(index->hashes[i], piece) + 1]++;
    for (size_t key = 0; key < HAMMING_KEYS; key++)
        first[key + 1] += first[key];
    /* Moves each begin to its end, which is the next one's begin: shifted back below. */
    for (size_t i = 0; i < index->n; i++) {
        uint32_t to = first[hamming_key(index->hashes[i], piece)]++;
        index->by_key[piece][to] = index->hashes[i];
        index->at[piece][to] = (uint32_t)i;
    }
    memmove(first + 1, first, HAMMING_KEYS * sizeof *first);
    first[0] = 0;
}

static bool hamming_grow(as_hamming *index, as_err *err)
{
    size_t cap = index->cap ? index->cap * 2 : HAMMING_RECENT;
    void  *hashes = realloc(index->hashes, cap * sizeof *index->hashes);
    index->hashes = hashes ? hashes : index->hashes;
    void *ids = hashes ? realloc(index->ids, cap * sizeof *index->ids) : NULL;
    index->ids = ids ? ids : index->ids;
    bool ok = ids != NULL;
    for (size_t k = 0; ok && k < HAMMING_PIECES; k++) {
        void *keyed = realloc(index->by_key[k], cap * sizeof *index->by_key[k]);
        index->by_key[k] = keyed ? keyed : index->by_key[k];
        void *at = keyed ? realloc(index->at[k], cap * sizeof *index->at[k]) : NULL;
        index->at[k] = at ? at : index->at[k];
        ok = at != NULL;
    }
    if (!ok)
        return AS_FAIL(err, AS_ENOMEM, "no memory for %zu hashes", cap);
    index->cap = cap;
    return true;
}

bool as_hamming_add(as_hamming *index, uint64_t hash, uint32_t id, as_err *err)
{
    if (index->n >= AS_HAMMING_MOST)
        return AS_FAIL(err, AS_ELIMIT, "more than %zu hashes", AS_HAMMING_MOST);
    if (index->n == index->cap && !hamming_grow(index, err))
        return false;
    index->is_ascending = index->n == 0 || (index->is_ascending && id >= index->ids[index->n - 1]);
    index->hashes[index->n] = hash;
    index->ids[index->n++] = id;
    if (index->n - index->n_sorted < HAMMING_RECENT + index->n_sorted / 16)
        return true;
    for (size_t k = 0; k < HAMMING_PIECES; k++)
        hamming_sort_piece(index, k);
    index->n_sorted = index->n;
    return true;
}

static bool hamming_is_before(const as_hamming_hit *a, const as_hamming_hit *b)
{
    return a->bits != b->bits ? a->bits < b->bits : a->id < b->id;
}

/* Keeps the best `cap` in order. */
static void hamming_keep(hamming_search *s, size_t at, uint32_t bits)
{
    as_hamming_hit hit = {s->index->ids[at], bits};
    size_t         k = s->n_kept;
    if (k == s->cap && (s->cap == 0 || !hamming_is_before(&hit, &s->ret[s->cap - 1])))
        return;
    s->n_kept = AS_MIN(k + 1, s->cap);
    k = AS_MIN(k, s->cap - 1);
    for (; k > 0 && hamming_is_before(&hit, &s->ret[k - 1]); k--)
        s->ret[k] = s->ret[k - 1];
    s->ret[k] = hit;
}

/* From how many bits on a hash cannot be among the best any more. */
static uint32_t hamming_bound(const hamming_search *s)
{
    if (s->cap == 0)
        return 0;
    if (s->n_kept < s->cap)
        return s->bits + 1;
    return s->ret[s->cap - 1].bits + !s->index->is_ascending; /* of equals, one that came later has a higher id */
}

/* The bits that differ of n hashes, at most HAMMING_AT_ONCE, and the least of each HAMMING_CHUNK. Returns how many differ in
 * at most `bits`. No branch that cannot be foreseen: in a crowd, half of them are. */
AS_ISA_CLONES(size_t, hamming_distances,
              (const uint64_t *restrict hashes, size_t n, uint64_t hash, uint32_t bits, uint8_t *restrict ret,
               uint8_t *restrict least),
              (hashes, n, hash, bits, ret, least))
{
    uint16_t found = 0;
    for (size_t i = 0; i < n; i++)
        ret[i] = (uint8_t)__builtin_popcountll(hashes[i] ^ hash);
    for (size_t i = n; i % HAMMING_CHUNK; i++)
        ret[i] = UINT8_MAX;
    for (size_t from = 0; from < n; from += HAMMING_CHUNK) {
        uint8_t low = UINT8_MAX, near = 0;
        for (size_t i = 0; i < HAMMING_CHUNK; i++) {
            low = AS_MIN(low, ret[from + i]);
            near = (uint8_t)(near + (ret[from + i] <= bits));
        }
        least[from / HAMMING_CHUNK] = low;
        found = (uint16_t)(found + near);
    }
    return found;
}

static void hamming_scan(hamming_search *s, size_t from, size_t to)
{
    uint8_t distances[HAMMING_AT_ONCE], least[HAMMING_AT_ONCE / HAMMING_CHUNK];
    for (; from < to; from += HAMMING_AT_ONCE) {
        size_t n = AS_MIN(to - from, HAMMING_AT_ONCE);
        s->n += hamming_distances(s->index->hashes + from, n, s->hash, s->bits, distances, least);
        for (size_t chunk = 0; chunk * HAMMING_CHUNK < n; chunk++)
            for (size_t i = chunk * HAMMING_CHUNK; least[chunk] < hamming_bound(s) && i < (chunk + 1) * HAMMING_CHUNK;
                 i++)
                if (distances[i] < hamming_bound(s))
                    hamming_keep(s, from + i, distances[i]);
    }
}

/* Those whose piece differs from ours by `flip`. What an earlier piece has found as well is not told again. */
static void hamming_probe(hamming_search *s, size_t piece, uint32_t flip)
{
    const as_hamming *index = s->index;
    uint32_t          key = hamming_key(s->hash, piece) ^ flip, near = s->bits / HAMMING_PIECES;
    for (uint32_t i = index->first[piece][key]; i < index->first[piece][key + 1]; i++) {
        uint64_t differ = index->by_key[piece][i] ^ s->hash;
        uint32_t bits = (uint32_t)__builtin_popcountll(differ);
        bool     told = bits > s->bits;
        for (size_t before = 0; !told && before < piece; before++)
            told = (uint32_t)__builtin_popcount(hamming_key(differ, before)) <= near;
        if (told)
            continue;
        s->n++;
        hamming_keep(s, index->at[piece][i], bits);
    }
}

static uint64_t hamming_size(const hamming_search *s, size_t piece, uint32_t flip)
{
    uint32_t key = hamming_key(s->hash, piece) ^ flip;
    return s->index->first[piece][key + 1] - s->index->first[piece][key];
}

/* Calls for every key that differs from ours in at most `near` (0 to 2) bits. visit: false for the sum of their sizes. */
static uint64_t hamming_keys(hamming_search *s, uint32_t near, bool visit)
{
    uint64_t sum = 0;
    for (size_t piece = 0; piece < HAMMING_PIECES; piece++)
        for (uint32_t a = 0; a <= (near >= 1 ? 16u : 0u); a++)
            for (uint32_t b = 0; b <= (near >= 2 && a ? a - 1 : 0u); b++) {
                /* a, b: the bit above which one is flipped; 0: none. b below a, so that no pair comes twice. */
                uint32_t flip = (a ? 1u << (a - 1) : 0u) | (b ? 1u << (b - 1) : 0u);
                if (visit)
                    hamming_probe(s, piece, flip);
                else
                    sum += hamming_size(s, piece, flip);
            }
    return sum;
}

size_t as_hamming_find(const as_hamming *index, uint64_t hash, uint32_t bits, as_hamming_hit *ret, size_t cap)
{
    hamming_search s = {index, hash, AS_MIN(bits, AS_HAMMING_MOST_BITS), ret, cap, 0, 0};
    uint32_t       near = s.bits / HAMMING_PIECES;
    /* Jumping about costs as much as eight steps in a row. */
    if (index->n_sorted && hamming_keys(&s, near, false) * 8 < index->n_sorted) {
        hamming_keys(&s, near, true);
        hamming_scan(&s, index->n_sorted, index->n);
    } else {
        hamming_scan(&s, 0, index->n);
    }
    return s.n;
}
