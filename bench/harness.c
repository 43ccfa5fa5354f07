/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/harness.h"

#include <math.h>

#include "base/str.h"

enum { MIN_CALLS = 5, MAX_CALLS = 100000, MIN_BESIDE = 5 };

typedef struct harness {
    const bench_workload *workload;
    const bench_cfg      *cfg;
    void                 *priv;
    bench_result         *result;
    double               *times; /* of the calls of one block */
} harness;

bench_cfg bench_cfg_default(void)
{
    return (bench_cfg){.pairs = 40, .block_ns = 60 * AS_NS_PER_MS, .warm_ns = 300 * AS_NS_PER_MS, .now = as_clock_mono};
}

bool bench_size(size_t preset, size_t most, size_t *ret, as_err *err)
{
    const char *text = getenv("BENCH_SIZE");
    uint64_t    size = preset;
    if (text && *text && (!as_str_to_u64(text, &size) || size < 1 || size > most))
        return AS_FAIL(err, AS_EINVAL, "'BENCH_SIZE' is '%s': a number from 1 to %zu was expected", text, most);
    *ret = (size_t)size;
    return true;
}

static int harness_order(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double harness_quantile_sorted(const double *values, size_t n, double q)
{
    const double at = q * (double)(n - 1);
    const size_t i = (size_t)at;
    return i + 1 < n ? values[i] + (at - (double)i) * (values[i + 1] - values[i]) : values[n - 1];
}

double bench_quantile(double *values, size_t n, double q)
{
    qsort(values, n, sizeof *values, harness_order);
    return harness_quantile_sorted(values, n, q);
}

bench_band bench_band_of(double *values, size_t n)
{
    qsort(values, n, sizeof *values, harness_order);
    return (bench_band){harness_quantile_sorted(values, n, 0.1), harness_quantile_sorted(values, n, 0.5),
                        harness_quantile_sorted(values, n, 0.9)};
}

/* Calls `first`, first + 1, ... of one side, and how long each took. */
static bool harness_calls(harness *h, int side, size_t first, size_t n, double *ret_ns, as_err *err)
{
    const size_t n_inputs = h->result->about.n_inputs;
    bool         ok = true;
    if (h->workload->block[side]) {
        ok = h->workload->block[side](h->priv, first % n_inputs, n, ret_ns, err);
    } else {
        as_ns before = h->cfg->now();
        for (size_t i = 0; ok && i < n; i++) {
            if (h->workload->before) {
                ok = h->workload->before(h->priv, side, err);
                before = h->cfg->now();
            }
            ok = ok && h->workload->run[side](h->priv, (first + i) % n_inputs, err);
            const as_ns after = h->cfg->now();
            ret_ns[i] = (double)(after - before);
            before = after;
        }
    }
    return ok || as_err_note(err, "workload '%s', %s", h->workload->id, side == BENCH_OURS ? "our side" : "peer");
}

static bool harness_compare(harness *h, as_err *err)
{
    bench_result *r = h->result;
    for (size_t i = 0; i < r->about.n_inputs; i++) {
        double difference;
        if (!h->workload->compare(h->priv, i, &difference, err))
            return as_err_note(err, "workload '%s'", h->workload->id);
        if (!(difference <= r->about.tolerance)) /* a NaN does not pass */
            return AS_FAIL(err, AS_EINTERNAL,
                           "workload '%s': outputs of input %zu differ by %g, allowed is %g: nothing was timed",
                           h->workload->id, i, difference, r->about.tolerance);
        r->difference = fmax(r->difference, difference);
    }
    return true;
}

/* Each side for a while, until caches, branch predictors and clocks are as they stay; *ret_ns is its fastest call. */
static bool harness_warm(harness *h, int side, double *ret_ns, as_err *err)
{
    const as_ns  start = h->cfg->now();
    as_ns        now = start;
    double       fastest = INFINITY;
    const size_t least = h->result->about.calls ? 1 : 2;
    for (size_t calls = 0; (now - start < h->cfg->warm_ns || calls < least) && calls < (size_t)MAX_CALLS * 100;
         calls++) {
        double ns;
        if (!harness_calls(h, side, calls, 1, &ns, err))
            return false;
        now = h->cfg->now();
        fastest = fmin(fastest, ns);
    }
    *ret_ns = fastest;
    return true;
}

static bool harness_calibrate(harness *h, as_err *err)
{
    double ours_ns, peer_ns;
    if (!harness_warm(h, BENCH_OURS, &ours_ns, err) || !harness_warm(h, BENCH_PEER, &peer_ns, err))
        return false;
    const double calls = (double)h->cfg->block_ns / fmax(fmax(ours_ns, peer_ns), 1.0);
    h->result->calls =
        h->result->about.calls ? h->result->about.calls : (size_t)fmin(fmax(calls, MIN_CALLS), MAX_CALLS);
    h->times = calloc(h->result->calls, sizeof *h->times);
    return h->times || AS_FAIL(err, AS_ENOMEM, "workload '%s'", h->workload->id);
}

static bool harness_block(harness *h, int side, size_t first, bench_pair *pair, as_err *err)
{
    const size_t calls = h->result->calls;
    double       sum = 0.0;
    if (!harness_calls(h, side, first, calls, h->times, err))
        return false;
    for (size_t i = 0; i < calls; i++)
        sum += h->times[i];
    pair->mean_ns[side] = sum / (double)calls;
    pair->median_ns[side] = bench_quantile(h->times, calls, 0.5);
    pair->worst_ns[side] = h->times[calls - 1];
    return true;
}

static bool harness_pairs(harness *h, as_err *err)
{
    bench_result *r = h->result;
    for (size_t i = 0; i < h->cfg->pairs; i++) {
        bench_pair *pair = &r->pairs[i];
        pair->peer_first = i % 2 == 1;
        for (int k = 0; k < BENCH_SIDES; k++)
            if (!harness_block(h, pair->peer_first ? 1 - k : k, i * r->calls, pair, err))
                return false;
        if (!(pair->median_ns[BENCH_OURS] > 0.0 && pair->median_ns[BENCH_PEER] > 0.0))
            return AS_FAIL(err, AS_EINTERNAL, "workload '%s': a call is too short for the clock", h->workload->id);
        pair->ratio = pair->median_ns[BENCH_PEER] / pair->median_ns[BENCH_OURS];
        r->n_pairs++;
    }
    return true;
}

static bool harness_summary(harness *h, as_err *err)
{
    bench_result *r = h->result;
    double       *values = calloc(r->n_pairs, sizeof *values);
    if (!values)
        return AS_FAIL(err, AS_ENOMEM, "workload '%s'", h->workload->id);
    for (size_t i = 0; i < r->n_pairs; i++)
        values[i] = r->pairs[i].ratio;
    r->ratio = bench_band_of(values, r->n_pairs);
    for (int side = 0; side < BENCH_SIDES; side++) {
        for (size_t i = 0; i < r->n_pairs; i++)
            values[i] = r->pairs[i].median_ns[side];
        r->ns[side] = bench_band_of(values, r->n_pairs);
    }
    free(values);
    return true;
}

static bool harness_all(harness *h, as_err *err)
{
    h->result->pairs = calloc(h->cfg->pairs, sizeof *h->result->pairs);
    if (!h->result->pairs)
        return AS_FAIL(err, AS_ENOMEM, "workload '%s'", h->workload->id);
    const bool ok =
        harness_compare(h, err) && harness_calibrate(h, err) && harness_pairs(h, err) && harness_summary(h, err);
    free(h->times);
    h->times = NULL;
    return ok;
}

static bool harness_beside(harness *h, as_err *err)
{
    bench_result *r = h->result;
    bench_cfg     cfg = *h->cfg;
    bool          ok = true;
    cfg.pairs = AS_MIN(cfg.pairs, AS_MAX(cfg.pairs / 8, (size_t)MIN_BESIDE));
    while (ok && h->workload->beside && r->n_beside < BENCH_MOST_BESIDE) {
        bench_result other = {.workload = h->workload, .about = r->about};
        harness      one = {.workload = h->workload, .cfg = &cfg, .priv = h->priv, .result = &other};
        const char  *name = NULL;
        ok = h->workload->beside(h->priv, r->n_beside, &other.about, &name, err) ||
             as_err_note(err, "workload '%s'", h->workload->id);
        if (!ok || !name)
            break;
        ok = harness_all(&one, err) || as_err_note(err, "%s", name);
        if (ok)
            r->beside[r->n_beside++] =
                (bench_beside){name, other.n_pairs, other.ratio, {other.ns[BENCH_OURS], other.ns[BENCH_PEER]}};
        bench_result_done(&other);
    }
    return ok;
}

bool bench_measure(const bench_workload *workload, const bench_cfg *cfg, bench_result *ret, as_err *err)
{
    if (cfg->pairs < 1 || cfg->pairs > BENCH_MAX_PAIRS)
        return AS_FAIL(err, AS_EINVAL, "%zu pairs: 1 to %d are possible", cfg->pairs, BENCH_MAX_PAIRS);
    bench_result result = {.workload = workload};
    harness      h = {.workload = workload, .cfg = cfg, .result = &result};
    h.priv = calloc(1, workload->priv_size + 1);
    bool ok = h.priv || AS_FAIL(err, AS_ENOMEM, "workload '%s'", workload->id);
    ok = ok && (workload->open(h.priv, &result.about, err) || as_err_note(err, "workload '%s'", workload->id));
    ok = ok && (result.about.n_inputs > 0 || AS_FAIL(err, AS_EINTERNAL, "workload '%s' has no input", workload->id));
    ok = ok && harness_all(&h, err) && harness_beside(&h, err);
    if (h.priv)
        workload->close(h.priv);
    free(h.priv);
    if (ok)
        *ret = result;
    else
        bench_result_done(&result);
    return ok;
}

void bench_result_done(bench_result *result)
{
    free(result->pairs);
    *result = (bench_result){0};
}
