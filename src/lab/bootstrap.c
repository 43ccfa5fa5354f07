/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/thread.h"

#define BOOTSTRAP_SEED  0x6173736179ULL /* any: what counts is that it is always the same */
#define BOOTSTRAP_BLOCK 50              /* draws one thread does at a time */

/* Everything a draw looks at; only the weights differ between draws. */
typedef struct boot {
    const as_spec    *spec;
    const as_outcome *at;
    size_t            n, n_parts;
    uint32_t         *by_score;                       /* indices by falling reject score */
    uint32_t         *by_confidence;                  /* indices by rising confidence */
    uint32_t         *part;                           /* parts of outcomes, counted from 0 without gaps */
    uint32_t         *stratum;                        /* parts, those of one true class together */
    size_t            first[AS_SPEC_MAX_CLASSES + 1]; /* where a class's parts begin in stratum */
    bool              seen[AS_SPEC_MAX_CLASSES];      /* classes that are true or found at all */
    double (*draws)[AS_DRAWN_COUNT];
} boot;

typedef struct boot_key {
    double   key;
    uint32_t i;
} boot_key;

static int boot_order(const void *a, const void *b)
{
    const boot_key *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->i < y->i ? -1 : x->i > y->i;
}

static void boot_done(boot *b)
{
    free(b->by_score);
    free(b->by_confidence);
    free(b->part);
    free(b->stratum);
    free(b->draws);
}

/* Parts by true class (of their first frame), and outcomes by part. */
static void boot_parts(boot *b, boot_key *keys)
{
    uint32_t last = 0;
    size_t   count[AS_SPEC_MAX_CLASSES + 1] = {0};
    for (size_t i = 0; i < b->n; i++)
        keys[i] = (boot_key){b->at[i].part, (uint32_t)i};
    qsort(keys, b->n, sizeof *keys, boot_order);
    for (size_t i = 0; i < b->n; i++) {
        const as_outcome *one = &b->at[keys[i].i];
        if (i == 0 || one->part != last) {
            b->n_parts++;
            count[one->truth + 1]++;
        }
        last = one->part;
        b->part[keys[i].i] = (uint32_t)(b->n_parts - 1);
    }
    for (size_t c = 0; c < AS_SPEC_MAX_CLASSES; c++)
        count[c + 1] += count[c];
    memcpy(b->first, count, sizeof b->first);
    for (size_t i = 0; i < b->n; i++)
        if (i == 0 || b->part[keys[i].i] != b->part[keys[i - 1].i])
            b->stratum[count[b->at[keys[i].i].truth]++] = b->part[keys[i].i];
}

static bool boot_make(boot *b, const as_spec *spec, const as_outcome *outcomes, size_t n, size_t n_draws, as_err *err)
{
    *b = (boot){.spec = spec, .at = outcomes, .n = n};
    boot_key *keys = calloc(n + 1, sizeof *keys);
    b->by_score = calloc(n + 1, sizeof *b->by_score);
    b->by_confidence = calloc(n + 1, sizeof *b->by_confidence);
    b->part = calloc(n + 1, sizeof *b->part);
    b->stratum = calloc(n + 1, sizeof *b->stratum);
    b->draws = calloc(n_draws + 1, sizeof *b->draws);
    if (!keys || !b->by_score || !b->by_confidence || !b->part || !b->stratum || !b->draws) {
        free(keys);
        boot_done(b);
        return AS_FAIL(err, AS_ENOMEM, "cannot draw from %zu outcomes", n);
    }
    for (size_t i = 0; i < n; i++) {
        keys[i] = (boot_key){-outcomes[i].reject_score, (uint32_t)i};
        b->seen[outcomes[i].truth] = b->seen[outcomes[i].found] = true;
    }
    qsort(keys, n, sizeof *keys, boot_order);
    for (size_t i = 0; i < n; i++)
        b->by_score[i] = keys[i].i;
    for (size_t i = 0; i < n; i++)
        keys[i] = (boot_key){outcomes[i].confidence, (uint32_t)i};
    qsort(keys, n, sizeof *keys, boot_order);
    for (size_t i = 0; i < n; i++)
        b->by_confidence[i] = keys[i].i;
    boot_parts(b, keys);
    free(keys);
    return true;
}

static uint64_t boot_weight(const boot *b, const uint32_t *weights, size_t i)
{
    return weights ? weights[b->part[i]] : 1;
}

static double boot_ratio(double a, double b)
{
    return b > 0 ? a / b : 0;
}

static void boot_macro(const boot *b, const as_confusion confusion, double *ret)
{
    size_t n = 0, n_classes = b->spec->n_classes;
    double f1 = 0, precision = 0, recall = 0;
    for (size_t c = 0; c < n_classes; c++) {
        uint64_t true_n = 0, found_n = 0;
        for (size_t k = 0; k < n_classes; k++) {
            true_n += confusion[c][k];
            found_n += confusion[k][c];
        }
        double right = (double)confusion[c][c];
        n += b->seen[c];
        f1 += boot_ratio(2 * right, (double)(true_n + found_n));
        precision += boot_ratio(right, (double)found_n);
        recall += boot_ratio(right, (double)true_n);
    }
    ret[AS_DRAWN_MACRO_F1] = n ? f1 / (double)n : NAN;
    ret[AS_DRAWN_MACRO_PRECISION] = n ? precision / (double)n : NAN;
    ret[AS_DRAWN_MACRO_RECALL] = n ? recall / (double)n : NAN;
}

static void boot_counts(const boot *b, const uint32_t *weights, double *ret)
{
    as_confusion confusion = {{0}};
    double       brier = 0, total = 0, n_bad = 0, caught = 0, rejected = 0, rejected_bad = 0;
    for (size_t i = 0; i < b->n; i++) {
        const as_outcome *one = &b->at[i];
        uint64_t          w = boot_weight(b, weights, i);
        bool              bad = one->truth_verdict == AS_VERDICT_REJECT, reject = one->verdict == AS_VERDICT_REJECT;
        confusion[one->truth][one->found] += w;
        total += (double)w;
        brier += (double)w * one->brier;
        n_bad += bad ? (double)w : 0;
        caught += bad && one->verdict != AS_VERDICT_PASS ? (double)w : 0;
        rejected += reject ? (double)w : 0;
        rejected_bad += bad && reject ? (double)w : 0;
    }
    double precision = boot_ratio(rejected_bad, rejected), recall = boot_ratio(caught, n_bad);
    boot_macro(b, confusion, ret);
    ret[AS_DRAWN_REJECT_F1] = n_bad > 0 ? boot_ratio(2 * precision * recall, precision + recall) : NAN;
    ret[AS_DRAWN_BRIER] = total > 0 ? brier / total : NAN;
}

/* The sum over falling distinct scores of what recall grew by, times precision there. */
static double boot_average_precision(const boot *b, const uint32_t *weights)
{
    double bad = 0, all = 0, area = 0;
    for (size_t i = 0, end; i < b->n; i = end) {
        double before = bad, score = b->at[b->by_score[i]].reject_score;
        for (end = i; end < b->n && b->at[b->by_score[end]].reject_score == score; end++) {
            double w = (double)boot_weight(b, weights, b->by_score[end]);
            all += w;
            bad += b->at[b->by_score[end]].truth_verdict == AS_VERDICT_REJECT ? w : 0;
        }
        area += boot_ratio((bad - before) * bad, all);
    }
    return bad > 0 ? area / bad : NAN;
}

/* Ten bins of equal count by confidence: the mean distance between how sure it was and how often it was right. */
static double boot_calibration_error(const boot *b, const uint32_t *weights)
{
    double   sum[AS_MAX_BINS] = {0};
    uint64_t total = 0, at = 0;
    for (size_t i = 0; i < b->n; i++)
        total += boot_weight(b, weights, i);
    for (size_t i = 0; i < b->n; i++) {
        const as_outcome *one = &b->at[b->by_confidence[i]];
        for (uint64_t w = boot_weight(b, weights, b->by_confidence[i]); w > 0; w--, at++)
            sum[at * AS_MAX_BINS / total] += (one->found == one->truth ? 1 : 0) - one->confidence;
    }
    double error = 0;
    for (size_t k = 0; k < AS_MAX_BINS; k++)
        error += fabs(sum[k]);
    return total ? error / (double)total : NAN;
}

static void boot_measure(const boot *b, const uint32_t *weights, double *ret)
{
    boot_counts(b, weights, ret);
    ret[AS_DRAWN_AVERAGE_PRECISION] = boot_average_precision(b, weights);
    ret[AS_DRAWN_CALIBRATION_ERROR] = boot_calibration_error(b, weights);
}

static bool boot_block(void *ctx, size_t block, as_err *err)
{
    boot     *b = ctx;
    uint32_t *weights = calloc(b->n_parts + 1, sizeof *weights);
    if (!weights)
        return AS_FAIL(err, AS_ENOMEM, "cannot draw from %zu parts", b->n_parts);
    for (size_t d = block * BOOTSTRAP_BLOCK; d < (block + 1) * BOOTSTRAP_BLOCK; d++) {
        as_rng rng = as_rng_stream(BOOTSTRAP_SEED, d);
        memset(weights, 0, b->n_parts * sizeof *weights);
        for (size_t c = 0; c < AS_SPEC_MAX_CLASSES; c++) {
            size_t first = b->first[c], n = b->first[c + 1] - first;
            for (size_t i = 0; i < n; i++)
                weights[b->stratum[first + as_rng_below(&rng, n)]]++;
        }
        boot_measure(b, weights, b->draws[d]);
    }
    free(weights);
    return true;
}

bool as_bootstrap_values(const as_spec *spec, const as_outcome *outcomes, size_t n, double ret[AS_DRAWN_COUNT],
                         as_err *err)
{
    boot b;
    if (!boot_make(&b, spec, outcomes, n, 0, err))
        return false;
    boot_measure(&b, NULL, ret);
    boot_done(&b);
    return true;
}

static int boot_double_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The q-quantile of sorted values, linear between neighbours. */
static double boot_quantile(const double *sorted, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t below = AS_MIN((size_t)at, n - 2);
    return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

static void boot_interval(const boot *b, as_drawn what, double level, as_interval *ret)
{
    double values[AS_BOOTSTRAP_DRAWS], tail = (1 - fmin(fmax(level, 0), 1)) / 2;
    for (size_t d = 0; d < AS_BOOTSTRAP_DRAWS; d++) {
        values[d] = b->draws[d][what];
        if (isnan(values[d])) {
            *ret = (as_interval){NAN, NAN};
            return;
        }
    }
    qsort(values, AS_BOOTSTRAP_DRAWS, sizeof *values, boot_double_order);
    ret->low = boot_quantile(values, AS_BOOTSTRAP_DRAWS, tail);
    ret->high = boot_quantile(values, AS_BOOTSTRAP_DRAWS, 1 - tail);
}

bool as_bootstrap_run(const as_spec *spec, const as_outcome *outcomes, size_t n, double level,
                      as_interval ret[AS_DRAWN_COUNT], as_err *err)
{
    boot b;
    _Static_assert(AS_BOOTSTRAP_DRAWS % BOOTSTRAP_BLOCK == 0, "blocks are whole");
    if (!boot_make(&b, spec, outcomes, n, AS_BOOTSTRAP_DRAWS, err))
        return false;
    bool ok = as_thread_for(AS_BOOTSTRAP_DRAWS / BOOTSTRAP_BLOCK, 0, boot_block, &b, err);
    for (int what = 0; ok && what < AS_DRAWN_COUNT; what++)
        boot_interval(&b, (as_drawn)what, level, &ret[what]);
    boot_done(&b);
    return ok;
}
