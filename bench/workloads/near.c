/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a million pictures look like one: hashes of 64 bits of which a few may differ, against a search through all of
 * them by OpenCV. Half of the hashes are in a crowd, as pictures of one scene are. */
#include <math.h>

#include "base/rng.h"
#include "bench/child.h"
#include "bench/picture.h"
#include "image/hamming.h"

enum { NEAR_HASHES = 1000000, NEAR_MOST = 16000000, NEAR_QUERIES = 16, NEAR_BITS = 2, NEAR_HITS = 8 };

typedef struct near {
    bench_child child; /* its memory: the hashes, the queries, a count */
    as_hamming *index;
    size_t      n;
} near;

static bool near_start(near *w, bench_about *about, as_err *err)
{
    const double       numbers[] = {(double)w->n, NEAR_QUERIES, NEAR_BITS};
    const bench_python python = {.script = "near_opencv.py",
                                 .needs = "OpenCV",
                                 .package = "python3-opencv",
                                 .numbers = numbers,
                                 .n_numbers = AS_COUNT(numbers)};
    const char        *more;
    if (!bench_child_python(&w->child, &python, about, &more, err))
        return false;
    snprintf(about->note, sizeof about->note, "%zu hashes, half of them in a crowd; those within %d of 64 bits%.60s",
             w->n, NEAR_BITS, more);
    return true;
}

static bool near_open(void *priv, bench_about *about, as_err *err)
{
    near  *w = priv;
    as_rng rng = as_rng_new(11);
    if (!bench_size(NEAR_HASHES, NEAR_MOST, &w->n, err) ||
        !bench_child_init(&w->child, (w->n + NEAR_QUERIES + 1) * sizeof(uint64_t), err))
        return false;
    uint64_t *hashes = w->child.memory;
    w->index = as_hamming_new(err);
    bool ok = w->index != NULL;
    for (size_t i = 0; ok && i < w->n; i++) {
        hashes[i] = as_rng_u64(&rng);
        if (i % 2)
            hashes[i] &= as_rng_u64(&rng) & as_rng_u64(&rng) & as_rng_u64(&rng);
        ok = as_hamming_add(w->index, hashes[i], (uint32_t)i, err);
    }
    for (size_t i = 0; i < NEAR_QUERIES; i++)
        hashes[w->n + i] = hashes[as_rng_below(&rng, w->n / 2) * 2 % w->n + (w->n > 1 ? i % 2 : 0)] ^ 1u << i;
    about->n_inputs = NEAR_QUERIES;
    return ok && near_start(w, about, err);
}

static size_t near_count(const near *w, size_t input)
{
    as_hamming_hit  hits[NEAR_HITS];
    const uint64_t *hashes = w->child.memory;
    return as_hamming_find(w->index, hashes[w->n + input], NEAR_BITS, hits, NEAR_HITS);
}

static bool near_ours(void *priv, size_t input, as_err *err)
{
    return near_count(priv, input) > 0 || AS_FAIL(err, AS_EINTERNAL, "query %zu finds nothing", input);
}

static bool near_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    near *w = priv;
    if (!bench_child_ask(&w->child, err, "run %zu", input))
        return false;
    const uint64_t *hashes = w->child.memory;
    *ret_difference = fabs((double)near_count(w, input) - (double)hashes[w->n + NEAR_QUERIES]);
    return true;
}

static bool near_peer_block(void *priv, size_t first, size_t n, double *ret_ns, as_err *err)
{
    near *w = priv;
    return bench_child_time(&w->child, first, n, ret_ns, err);
}

static void near_close(void *priv)
{
    near *w = priv;
    bench_child_stop(&w->child);
    as_hamming_free(w->index);
}

const bench_workload bench_near = {
    .id = "near",
    .summary = "a picture that looks alike among a million, against OpenCV",
    .priv_size = sizeof(near),
    .open = near_open,
    .compare = near_compare,
    .run = {[BENCH_OURS] = near_ours},
    .block = {[BENCH_PEER] = near_peer_block},
    .close = near_close,
};
