/* SPDX-License-Identifier: Apache-2.0 */
/* The nearest row of a bank for each patch of a picture, exactly, against FAISS's exact index: PatchCore's search. */
#include <math.h>

#include "base/rng.h"
#include "bench/child.h"
#include "engine/bank.h"

enum { BANK_ROWS = 10000, BANK_MOST = 200000, BANK_QUERIES = 1024, BANK_SIZE = 384 };

typedef struct bank {
    bench_child child; /* its memory: the bank, the queries, a row and a distance of each */
    as_bank    *bank;
    as_search  *search;
    uint32_t   *found;
    double     *distances;
    size_t      n;
} bank;

/* Features whose variance along the n-th principal axis falls as n^-1.4, as that of SqueezeNet's (fire5 and fire8, pooled) does
 * for photographs; the axes are those of a cosine transform, turned once more. Queries are like the bank's rows, but new.
 * Photographs' features lie nearer to one another than these: a patch has its like beside it. */
static void bank_draw(float *rows, size_t n)
{
    as_rng        rng = as_rng_new(31);
    static double axes[BANK_SIZE][BANK_SIZE];
    double        turn[BANK_SIZE];
    for (size_t i = 0; i < BANK_SIZE; i++)
        turn[i] = as_rng_normal(&rng);
    for (size_t a = 0; a < BANK_SIZE; a++) /* I - 2 u u', of each cosine */
        for (size_t i = 0; i < BANK_SIZE; i++)
            axes[a][i] = cos(M_PI * (double)a * ((double)i + 0.5) / BANK_SIZE) * (a > 0 ? 1 : sqrt(0.5));
    double square = 0;
    for (size_t i = 0; i < BANK_SIZE; i++)
        square += turn[i] * turn[i];
    for (size_t a = 0; a < BANK_SIZE; a++) {
        double dot = 0;
        for (size_t i = 0; i < BANK_SIZE; i++)
            dot += axes[a][i] * turn[i];
        for (size_t i = 0; i < BANK_SIZE; i++)
            axes[a][i] -= 2 * dot / square * turn[i];
    }
    for (size_t r = 0; r < n; r++) {
        double row[BANK_SIZE] = {0};
        for (size_t a = 0; a < BANK_SIZE; a++) {
            double v = as_rng_normal(&rng) * pow((double)(a + 1), -0.7);
            for (size_t i = 0; i < BANK_SIZE; i++)
                row[i] += v * axes[a][i];
        }
        for (size_t i = 0; i < BANK_SIZE; i++)
            rows[r * BANK_SIZE + i] = (float)row[i];
    }
}

static bool bank_start(bank *w, bench_about *about, as_err *err)
{
    const double       numbers[] = {(double)w->n, BANK_QUERIES, BANK_SIZE};
    const bench_python python = {.script = "bank_faiss.py",
                                 .needs = "FAISS",
                                 .package = "python3-faiss",
                                 .numbers = numbers,
                                 .n_numbers = AS_COUNT(numbers)};
    const char        *more;
    if (!bench_child_python(&w->child, &python, about, &more, err))
        return false;
    snprintf(
        about->note, sizeof about->note,
        "%d queries, %zu rows of %d f32, one thread; the nearest of each; variances fall as n^-1.4; our kernel: %s, %u "
        "and %u axes%.60s",
        BANK_QUERIES, w->n, BANK_SIZE, as_bank_kernel_name(w->bank), as_bank_n_axes(w->bank, 0),
        as_bank_n_axes(w->bank, 1), more);
    return true;
}

static bool bank_open(void *priv, bench_about *about, as_err *err)
{
    bank *w = priv;
    if (!bench_size(BANK_ROWS, BANK_MOST, &w->n, err) ||
        !bench_child_init(&w->child, ((w->n + BANK_QUERIES) * BANK_SIZE + 2 * BANK_QUERIES) * sizeof(float), err))
        return false;
    bank_draw(w->child.memory, w->n + BANK_QUERIES);
    w->found = calloc(BANK_QUERIES, sizeof *w->found);
    w->distances = calloc(BANK_QUERIES, sizeof *w->distances);
    if (!w->found || !w->distances)
        return AS_FAIL(err, AS_ENOMEM, "no memory for what is found");
    w->bank = as_bank_new(w->child.memory, w->n, BANK_SIZE, err);
    w->search = w->bank ? as_search_new(w->bank, 1, err) : NULL;
    about->n_inputs = 1;
    about->calls = 3;
    about->tolerance = 1e-3; /* of a distance: FAISS takes squares apart in f32 */
    about->flop_per_call = 2.0 * BANK_QUERIES * BANK_SIZE * (double)w->n;
    return w->search && bank_start(w, about, err);
}

static bool bank_ours(void *priv, size_t input, as_err *err)
{
    bank *w = priv;
    (void)input;
    return as_search_run(w->search, (const float *)w->child.memory + w->n * BANK_SIZE, BANK_QUERIES, w->found,
                         w->distances, err);
}

/* The largest difference of a distance, as a part of it: of two rows that are as near, either may be the peer's. */
static bool bank_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    bank *w = priv;
    if (!bank_ours(w, input, err) || !bench_child_ask(&w->child, err, "run %zu", input))
        return false;
    const float *peer = (const float *)w->child.memory + (w->n + BANK_QUERIES) * BANK_SIZE;
    double       worst = 0;
    for (size_t i = 0; i < BANK_QUERIES; i++) {
        double off = fabs((double)peer[BANK_QUERIES + i] - w->distances[i]) / w->distances[i];
        if (!(off <= worst))
            worst = off;
    }
    *ret_difference = worst;
    return true;
}

static bool bank_peer_block(void *priv, size_t first, size_t n, double *ret_ns, as_err *err)
{
    bank *w = priv;
    return bench_child_time(&w->child, first, n, ret_ns, err);
}

static void bank_close(void *priv)
{
    bank *w = priv;
    bench_child_stop(&w->child);
    as_search_free(w->search);
    as_bank_free(w->bank);
    free(w->found);
    free(w->distances);
}

const bench_workload bench_bank = {
    .id = "bank",
    .summary = "the nearest row of a bank for each patch, exactly, against FAISS",
    .priv_size = sizeof(bank),
    .open = bank_open,
    .compare = bank_compare,
    .run = {[BENCH_OURS] = bank_ours},
    .block = {[BENCH_PEER] = bank_peer_block},
    .close = bank_close,
};
