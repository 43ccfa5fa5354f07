/* SPDX-License-Identifier: Apache-2.0 */
/* The nearest row of a bank for each patch of a picture, exactly, against FAISS's exact index: PatchCore's search. */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "bench/child.h"
#include "engine/bank.h"

enum { BANK_ROWS = 10000, BANK_MOST = 200000, BANK_QUERIES = 1024, BANK_SIZE = 384 };

/* Other sizes, shown beside the figure; the peer takes seconds for a thousand queries of the largest. */
static const struct {
    const char *name;
    size_t      rows, queries;
} bank_others[] = {{"1,000 rows", 1000, BANK_QUERIES},
                   {"200,000 rows, 128 queries", BANK_MOST, 128},
                   {"one picture: 28 x 28 queries", BANK_ROWS, 784}};

typedef struct bank {
    bench_child child; /* its memory: the bank, the queries, a row and a distance of each */
    as_bank    *bank;
    as_search  *search;
    uint32_t   *found;
    double     *distances;
    size_t      n, n_queries;
} bank;

/* Features whose variance along the n-th principal axis falls as n^-1.4, as that of SqueezeNet's (fire5 and fire8, pooled) does
 * for photographs; the axes are those of a cosine transform, turned once more. Queries are like the bank's rows, but new.
 * Photographs' features lie nearer to one another than these: a patch has its like beside it. */
static void bank_draw(float *rows, size_t n)
{
    as_rng        rng = as_rng_new(31);
    static double axes[BANK_SIZE][BANK_SIZE];
    static float  turned[BANK_SIZE][BANK_SIZE];
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
    for (size_t a = 0; a < BANK_SIZE; a++)
        for (size_t i = 0; i < BANK_SIZE; i++)
            turned[a][i] = (float)(axes[a][i] * pow((double)(a + 1), -0.7));
    for (size_t r = 0; r < n; r++) {
        float row[BANK_SIZE] = {0};
        for (size_t a = 0; a < BANK_SIZE; a++) {
            const float v = (float)as_rng_normal(&rng);
            for (size_t i = 0; i < BANK_SIZE; i++)
                row[i] += v * turned[a][i];
        }
        memcpy(rows + r * BANK_SIZE, row, sizeof row);
    }
}

static bool bank_start(bank *w, bench_about *about, as_err *err)
{
    const double       numbers[] = {(double)w->n, (double)w->n_queries, BANK_SIZE};
    const bench_python python = {.script = "bank_faiss.py",
                                 .needs = "FAISS",
                                 .package = "python3-faiss",
                                 .numbers = numbers,
                                 .n_numbers = AS_COUNT(numbers)};
    const char        *more;
    if (!bench_child_python(&w->child, &python, about, &more, err))
        return false;
    snprintf(about->note, sizeof about->note,
             "%zu queries, %zu rows of %d f32, one thread; the nearest of each; variances fall as n^-1.4; our kernel: "
             "%s, %u "
             "and %u axes%.60s",
             w->n_queries, w->n, BANK_SIZE, as_bank_kernel_name(w->bank), as_bank_n_axes(w->bank, 0),
             as_bank_n_axes(w->bank, 1), more);
    return true;
}

static void bank_close(void *priv)
{
    bank *w = priv;
    bench_child_stop(&w->child);
    as_search_free(w->search);
    as_bank_free(w->bank);
    free(w->found);
    free(w->distances);
    *w = (bank){0};
}

static bool bank_make(bank *w, size_t n, size_t n_queries, bench_about *about, as_err *err)
{
    bank_close(w);
    w->n = n;
    w->n_queries = n_queries;
    if (!bench_child_init(&w->child, ((n + n_queries) * BANK_SIZE + 2 * n_queries) * sizeof(float), err))
        return false;
    bank_draw(w->child.memory, n + n_queries);
    w->found = calloc(n_queries, sizeof *w->found);
    w->distances = calloc(n_queries, sizeof *w->distances);
    if (!w->found || !w->distances)
        return AS_FAIL(err, AS_ENOMEM, "no memory for what is found");
    w->bank = as_bank_new(w->child.memory, n, BANK_SIZE, err);
    w->search = w->bank ? as_search_new(w->bank, 1, err) : NULL;
    about->n_inputs = 1;
    about->calls = n * n_queries <= (size_t)BANK_ROWS * BANK_QUERIES ? 3 : 1;
    about->tolerance = 1e-3; /* of a distance: FAISS takes squares apart in f32 */
    about->flop_per_call = 2.0 * (double)n_queries * BANK_SIZE * (double)n;
    return w->search && bank_start(w, about, err);
}

static bool bank_open(void *priv, bench_about *about, as_err *err)
{
    size_t n;
    return bench_size(BANK_ROWS, BANK_MOST, &n, err) && bank_make(priv, n, BANK_QUERIES, about, err);
}

/* Not where BENCH_SIZE asks for one size. */
static bool bank_beside(void *priv, size_t i, bench_about *about, const char **ret_name, as_err *err)
{
    size_t asked = BANK_ROWS;
    if (i < AS_COUNT(bank_others) && !bench_size(BANK_ROWS, BANK_MOST, &asked, err))
        return false;
    if (i >= AS_COUNT(bank_others) || asked != BANK_ROWS)
        return true;
    if (!bank_make(priv, bank_others[i].rows, bank_others[i].queries, about, err))
        return false;
    *ret_name = bank_others[i].name;
    return true;
}

static bool bank_ours(void *priv, size_t input, as_err *err)
{
    bank *w = priv;
    (void)input;
    return as_search_run(w->search, (const float *)w->child.memory + w->n * BANK_SIZE, w->n_queries, w->found,
                         w->distances, err);
}

/* The largest difference of a distance, as a part of it: of two rows that are as near, either may be the peer's. */
static bool bank_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    bank *w = priv;
    if (!bank_ours(w, input, err) || !bench_child_ask(&w->child, err, "run %zu", input))
        return false;
    const float *peer = (const float *)w->child.memory + (w->n + w->n_queries) * BANK_SIZE;
    double       worst = 0;
    for (size_t i = 0; i < w->n_queries; i++) {
        double off = fabs((double)peer[w->n_queries + i] - w->distances[i]) / w->distances[i];
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

const bench_workload bench_bank = {
    .id = "bank",
    .summary = "the nearest row of a bank for each patch, exactly, against FAISS",
    .priv_size = sizeof(bank),
    .open = bank_open,
    .compare = bank_compare,
    .run = {[BENCH_OURS] = bank_ours},
    .block = {[BENCH_PEER] = bank_peer_block},
    .beside = bank_beside,
    .close = bank_close,
};
