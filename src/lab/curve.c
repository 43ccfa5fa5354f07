/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "lab/measures.h"

static int curve_falling_score(const void *a, const void *b)
{
    const as_outcome *x = *(const as_outcome *const *)a, *y = *(const as_outcome *const *)b;
    return x->reject_score > y->reject_score ? -1 : x->reject_score < y->reject_score;
}

static int curve_rising_confidence(const void *a, const void *b)
{
    const as_outcome *x = *(const as_outcome *const *)a, *y = *(const as_outcome *const *)b;
    if (x->confidence != y->confidence)
        return x->confidence < y->confidence ? -1 : 1;
    return x < y ? -1 : x > y; /* both point into one array */
}

static const as_outcome **curve_sorted(const as_outcome *outcomes, size_t n, int (*order)(const void *, const void *),
                                       as_err *err)
{
    const as_outcome **at = calloc(n + 1, sizeof *at);
    if (!at) {
        AS_FAIL(err, AS_ENOMEM, "cannot sort %zu outcomes", n);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        at[i] = &outcomes[i];
    qsort(at, n, sizeof(as_outcome *), order);
    return at;
}

bool as_outcomes_curve(const as_outcome *outcomes, size_t n, as_curve_point **ret, size_t *ret_n, as_err *err)
{
    const as_outcome **at = curve_sorted(outcomes, n, curve_falling_score, err);
    if (!at)
        return false;
    as_curve_point *curve = calloc(n + 1, sizeof *curve);
    uint64_t        n_bad = 0, n_good = 0, bad = 0, good = 0;
    size_t          n_points = 0;
    for (size_t i = 0; i < n; i++) {
        n_bad += outcomes[i].truth_verdict == AS_VERDICT_REJECT;
        n_good += outcomes[i].truth_verdict == AS_VERDICT_PASS;
    }
    for (size_t i = 0; curve && i < n; i++) {
        bad += at[i]->truth_verdict == AS_VERDICT_REJECT;
        good += at[i]->truth_verdict == AS_VERDICT_PASS;
        if (i + 1 < n && at[i + 1]->reject_score == at[i]->reject_score)
            continue;
        curve[n_points++] = (as_curve_point){.threshold = at[i]->reject_score,
                                             .precision = (double)bad / (double)(i + 1),
                                             .recall = n_bad ? (double)bad / (double)n_bad : NAN,
                                             .false_positive_rate = n_good ? (double)good / (double)n_good : NAN};
    }
    free(at);
    if (!curve)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold a curve of %zu points", n);
    *ret = curve;
    *ret_n = n_points;
    return true;
}

double as_curve_average_precision(const as_curve_point *curve, size_t n)
{
    double area = n ? 0 : NAN, before = 0;
    for (size_t i = 0; i < n; i++) {
        area += (curve[i].recall - before) * curve[i].precision;
        before = curve[i].recall;
    }
    return area;
}

bool as_outcomes_bins(const as_outcome *outcomes, size_t n, as_bin ret[AS_MAX_BINS], size_t *ret_n, as_err *err)
{
    as_bin             bins[AS_MAX_BINS] = {{0}};
    size_t             n_bins = 0;
    const as_outcome **at = curve_sorted(outcomes, n, curve_rising_confidence, err);
    if (!at)
        return false;
    for (size_t i = 0; i < n; i++) {
        as_bin *bin = &bins[i * AS_MAX_BINS / n];
        bin->confidence += at[i]->confidence;
        bin->accuracy += at[i]->found == at[i]->truth ? 1 : 0;
        bin->n++;
    }
    free(at);
    for (size_t k = 0; k < AS_MAX_BINS; k++)
        if (bins[k].n > 0)
            ret[n_bins++] =
                (as_bin){bins[k].confidence / (double)bins[k].n, bins[k].accuracy / (double)bins[k].n, bins[k].n};
    *ret_n = n_bins;
    return true;
}
