/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/harness.h"

#include <math.h>

#include "base/str.h"

enum { MIN_BESIDE = 5 };

typedef struct harness {
    const bench_workload *workload;
    const bench_cfg      *cfg;
    void                 *priv;
    bench_result         *result;
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

/* Calls `first`, first + 1, ... of one side, and how long each took. */
static bool harness_calls(void *ctx, int side, size_t first, size_t n, double *ret_ns, as_err *err)
{
    harness     *h = ctx;
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

static bool harness_pairs(harness *h, as_err *err)
{
    bench_result      *r = h->result;
    const as_pairs_cfg cfg = {.n_sides = BENCH_SIDES,
                              .pairs = h->cfg->pairs,
                              .block_ns = h->cfg->block_ns,
                              .warm_ns = h->cfg->warm_ns,
                              .calls = r->about.calls,
                              .now = h->cfg->now};
    as_pairs           pairs;
    if (!as_pairs_run(&cfg, harness_calls, h, &pairs, err))
        return false;
    r->pairs = pairs.at;
    r->n_pairs = pairs.n;
    r->calls = pairs.calls;
    r->ratio = pairs.ratio;
    memcpy(r->ns, pairs.ns, sizeof r->ns);
    return true;
}

static bool harness_all(harness *h, as_err *err)
{
    return harness_compare(h, err) && harness_pairs(h, err);
}

static bool harness_beside(harness *h, as_err *err)
{
    bench_result *r = h->result;
    bench_cfg     cfg = *h->cfg;
    bool          ok = true;
    cfg.pairs = cfg.pairs < BENCH_MIN_PAIRS ? 1 : AS_MAX(cfg.pairs / 8, (size_t)MIN_BESIDE);
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
    bench_result result = {.workload = workload, .about = {.n_pairs = cfg->pairs}};
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
