/* SPDX-License-Identifier: Apache-2.0 */
/* One sample of many by its name, asked of the catalogue on the disk; against a search in sorted names that numpy has in
 * memory already. */
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "bench/child.h"
#include "bench/samples.h"

enum { LOOKUP_SAMPLES = 50000, LOOKUP_MOST = 10000000, LOOKUP_QUESTIONS = 256 };

typedef struct lookup {
    bench_samples samples;
    bench_child   child; /* its memory: which are asked for, and what was found last */
    size_t        n;
    as_query     *where[LOOKUP_QUESTIONS];
    double        found; /* its number; -1: none */
} lookup;

static void lookup_see(void *ctx, size_t i, const as_sample *sample)
{
    (void)ctx, (void)i, (void)sample;
}

static bool lookup_open(void *priv, bench_about *about, as_err *err)
{
    lookup *w = priv;
    as_rng  rng = as_rng_new(8);
    bool    ok = bench_size(LOOKUP_SAMPLES, LOOKUP_MOST, &w->n, err) &&
              bench_child_init(&w->child, (LOOKUP_QUESTIONS + 1) * sizeof(double), err) &&
              bench_samples_open(&w->samples, w->n, lookup_see, NULL, err);
    const double       numbers[] = {(double)w->n, LOOKUP_QUESTIONS};
    const bench_python python = {.script = "lookup_numpy.py",
                                 .needs = "numpy",
                                 .package = "python3-opencv",
                                 .numbers = numbers,
                                 .n_numbers = AS_COUNT(numbers)};
    const char        *more;
    double            *asked = w->child.memory;
    for (size_t i = 0; ok && i < LOOKUP_QUESTIONS; i++) {
        char name[BENCH_SAMPLE_NAME_BYTES], text[BENCH_SAMPLE_NAME_BYTES + 8];
        asked[i] = (double)as_rng_below(&rng, w->n);
        bench_sample_name((size_t)asked[i], name);
        snprintf(text, sizeof text, "name='%s'", name);
        ok = (w->where[i] = as_query_parse(text, err)) != NULL;
    }
    snprintf(about->note, sizeof about->note, "%zu samples in %zu versions, each asked for by its name", w->n,
             w->samples.n_commits);
    about->n_inputs = LOOKUP_QUESTIONS;
    return ok && bench_child_python(&w->child, &python, about, &more, err);
}

static bool lookup_visit(void *ctx, const as_sample *sample)
{
    lookup *w = ctx;
    w->found = strtod(sample->name, NULL);
    return true;
}

static bool lookup_ours(void *priv, size_t input, as_err *err)
{
    lookup         *w = priv;
    const size_t    version = (size_t)((double *)w->child.memory)[input] / BENCH_SAMPLES_MOST;
    as_sample_query ask = {.commit = w->samples.commits[version].id, .where = w->where[input], .limit = 1};
    w->found = -1;
    return as_catalog_samples(w->samples.catalog, &ask, lookup_visit, w, err);
}

static bool lookup_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    lookup *w = priv;
    if (!lookup_ours(w, input, err) || !bench_child_ask(&w->child, err, "run %zu", input))
        return false;
    *ret_difference = fabs(w->found - ((double *)w->child.memory)[LOOKUP_QUESTIONS]);
    return true;
}

static bool lookup_peer_block(void *priv, size_t first, size_t n, double *ret_ns, as_err *err)
{
    lookup *w = priv;
    return bench_child_time(&w->child, first, n, ret_ns, err);
}

static void lookup_close(void *priv)
{
    lookup *w = priv;
    bench_child_stop(&w->child);
    for (size_t i = 0; i < LOOKUP_QUESTIONS; i++)
        as_query_free(w->where[i]);
    bench_samples_close(&w->samples);
}

const bench_workload bench_lookup = {
    .id = "lookup",
    .summary = "a sample by its name, against numpy in memory",
    .priv_size = sizeof(lookup),
    .open = lookup_open,
    .compare = lookup_compare,
    .run = {[BENCH_OURS] = lookup_ours},
    .block = {[BENCH_PEER] = lookup_peer_block},
    .close = lookup_close,
};
