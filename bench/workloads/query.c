/* SPDX-License-Identifier: Apache-2.0 */
/* Samples of one class and split in a range of sharpness, the first of many by name, asked of the catalogue on the disk;
 * against numpy over columns that are in memory already. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/child.h"
#include "bench/samples.h"

enum { QUERY_SAMPLES = 50000, QUERY_MOST = 1000000 /* of one version */, QUERY_LIMIT = 100, QUERY_QUESTIONS = 2 };

static const char *const query_texts[QUERY_QUESTIONS] = {"sharpness >= 90", "sharpness >= 1000"};
typedef struct query {
    bench_samples samples;
    bench_child   child;
    size_t        n;
    as_query     *where[QUERY_QUESTIONS];
    double        found, sum; /* of the last question */
} query;

static bool query_start(query *w, bench_about *about, as_err *err)
{
    const double       numbers[] = {(double)w->n, QUERY_LIMIT};
    const bench_python python = {.script = "query_numpy.py",
                                 .needs = "numpy",
                                 .package = "python3-opencv",
                                 .numbers = numbers,
                                 .n_numbers = AS_COUNT(numbers)};
    const char        *more;
    return bench_child_python(&w->child, &python, about, &more, err);
}

/* The columns as the peer has them. */
static void query_see(void *ctx, size_t i, const as_sample *sample)
{
    const query *w = ctx;
    double      *sharpness = w->child.memory;
    uint8_t     *label = (uint8_t *)(sharpness + w->n), *split = label + w->n;
    sharpness[i] = sample->sharpness;
    label[i] = strcmp(sample->label, "bad") == 0;
    split[i] = (uint8_t)sample->split;
}

static bool query_open(void *priv, bench_about *about, as_err *err)
{
    query *w = priv;
    bool   ok = bench_size(QUERY_SAMPLES, QUERY_MOST, &w->n, err) &&
              bench_child_init(&w->child, (10 * w->n + 7) / 8 * 8 + 2 * sizeof(double), err) &&
              bench_samples_open(&w->samples, w->n, query_see, w, err);
    for (size_t i = 0; ok && i < QUERY_QUESTIONS; i++)
        ok = (w->where[i] = as_query_parse(query_texts[i], err)) != NULL;
    snprintf(about->note, sizeof about->note,
             "%zu samples; class, split and a range of sharpness, that a tenth has or none; the first %d by name", w->n,
             QUERY_LIMIT);
    about->n_inputs = QUERY_QUESTIONS;
    return ok && query_start(w, about, err);
}

static bool query_visit(void *ctx, const as_sample *sample)
{
    query *w = ctx;
    w->found++;
    w->sum += strtod(sample->name, NULL);
    return true;
}

static bool query_ours(void *priv, size_t input, as_err *err)
{
    query          *w = priv;
    as_sample_query ask = {.commit = w->samples.commits[0].id,
                           .label = "bad",
                           .split = AS_SPLIT_TEST,
                           .where = w->where[input],
                           .limit = QUERY_LIMIT};
    w->found = w->sum = 0;
    return as_catalog_samples(w->samples.catalog, &ask, query_visit, w, err);
}

static bool query_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    query *w = priv;
    double peer[2];
    if (!query_ours(w, input, err) || !bench_child_ask(&w->child, err, "run %zu", input))
        return false;
    memcpy(peer, (uint8_t *)w->child.memory + (10 * w->n + 7) / 8 * 8, sizeof peer);
    *ret_difference = fabs(w->found - peer[0]) + fabs(w->sum - peer[1]);
    return true;
}

static bool query_peer_block(void *priv, size_t first, size_t n, double *ret_ns, as_err *err)
{
    query *w = priv;
    return bench_child_time(&w->child, first, n, ret_ns, err);
}

static void query_close(void *priv)
{
    query *w = priv;
    bench_child_stop(&w->child);
    for (size_t i = 0; i < QUERY_QUESTIONS; i++)
        as_query_free(w->where[i]);
    bench_samples_close(&w->samples);
}

const bench_workload bench_query = {
    .id = "query",
    .summary = "samples by class, split and range, against numpy in memory",
    .priv_size = sizeof(query),
    .open = query_open,
    .compare = query_compare,
    .run = {[BENCH_OURS] = query_ours},
    .block = {[BENCH_PEER] = query_peer_block},
    .close = query_close,
};
