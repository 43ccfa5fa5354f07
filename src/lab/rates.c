/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "lab/measures.h"

static const as_measured rates_none = {NAN, NAN, NAN, 0};

as_measured as_measured_rate(as_count count, double level)
{
    if (count.n == 0)
        return rates_none;
    as_interval interval = as_interval_rate(count.k, count.n, level);
    return (as_measured){(double)count.k / (double)count.n, interval.low, interval.high, count.n};
}

static double rates_f1_of(double jaccard)
{
    return 2 * jaccard / (1 + jaccard);
}

as_measured as_measured_f1(uint64_t tp, uint64_t fp, uint64_t fn, double level)
{
    as_measured jaccard = as_measured_rate((as_count){tp, tp + fp + fn}, level);
    return (as_measured){rates_f1_of(jaccard.value), rates_f1_of(jaccard.low), rates_f1_of(jaccard.high), jaccard.n};
}

double as_confusion_macro_f1(const as_confusion confusion, size_t n_classes)
{
    double sum = 0;
    size_t n = 0;
    for (size_t c = 0; c < n_classes; c++) {
        uint64_t true_n = 0, found_n = 0;
        for (size_t k = 0; k < n_classes; k++) {
            true_n += confusion[c][k];
            found_n += confusion[k][c];
        }
        if (true_n + found_n == 0)
            continue;
        sum += 2 * (double)confusion[c][c] / (double)(true_n + found_n);
        n++;
    }
    return n ? sum / (double)n : NAN;
}

/* --- AUROC --- */

typedef struct rates_ranked {
    double score, all_rank; /* mid-rank among bad and good together, from 1 */
    bool   bad;
} rates_ranked;

static int rates_order(const void *a, const void *b)
{
    const rates_ranked *x = a, *y = b;
    return x->score < y->score ? -1 : x->score > y->score;
}

/* Fills in mid-ranks, and the sum of squares of each side's placement values around their mean (which is the area). */
static void rates_placements(rates_ranked *at, size_t n, size_t n_bad, size_t n_good, double *ret_area,
                             double ret_squares[2])
{
    double rank_sum = 0, squares[2] = {0};
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && at[end].score == at[i].score;)
            end++;
        for (size_t k = i; k < end; k++) {
            at[k].all_rank = (double)(i + 1 + end) / 2;
            rank_sum += at[k].bad ? at[k].all_rank : 0;
        }
    }
    double area = (rank_sum - (double)n_bad * ((double)n_bad + 1) / 2) / ((double)n_bad * (double)n_good);
    size_t seen[2] = {0}; /* of good, of bad, below this score */
    for (size_t i = 0, end; i < n; i = end) {
        size_t tied[2] = {0};
        for (end = i; end < n && at[end].score == at[i].score; end++)
            tied[at[end].bad]++;
        for (size_t k = i; k < end; k++) {
            bool   bad = at[k].bad;
            double own_rank = (double)seen[bad] + ((double)tied[bad] + 1) / 2;
            double others_below = at[k].all_rank - own_rank;
            double placement = bad ? others_below / (double)n_good : 1 - others_below / (double)n_bad;
            squares[bad] += (placement - area) * (placement - area);
        }
        seen[0] += tied[0];
        seen[1] += tied[1];
    }
    *ret_area = area;
    ret_squares[0] = squares[0];
    ret_squares[1] = squares[1];
}

static as_measured rates_auroc(rates_ranked *at, size_t n_bad, size_t n_good, double level)
{
    double area, squares[2], n0 = (double)n_good, n1 = (double)n_bad;
    size_t n = n_bad + n_good;
    qsort(at, n, sizeof *at, rates_order);
    rates_placements(at, n, n_bad, n_good, &area, squares);
    double variance = (n_good > 1 ? squares[0] / (n0 - 1) / n0 : 0) + (n_bad > 1 ? squares[1] / (n1 - 1) / n1 : 0);
    if (variance <= 1e-18 &&
        (area >= 1 || area <= 0)) { /* no two in the wrong order, or all: no spread to estimate from */
        uint64_t    pairs = AS_MIN(n_bad, n_good);
        as_interval interval = as_interval_rate(area >= 1 ? pairs : 0, pairs, level);
        return (as_measured){area, interval.low, interval.high, n};
    }
    if (n_bad < 2 || n_good < 2) /* one case has no spread */
        return (as_measured){area, 0, 1, n};
    double half = as_normal_quantile(0.5 + level / 2) * sqrt(variance);
    return (as_measured){area, fmax(0, area - half), fmin(1, area + half), n};
}

as_measured as_measured_auroc(const double *bad, size_t n_bad, const double *good, size_t n_good, double level)
{
    if (n_bad == 0 || n_good == 0)
        return rates_none;
    rates_ranked *at = calloc(n_bad + n_good, sizeof *at);
    if (!at)
        return rates_none;
    for (size_t i = 0; i < n_bad; i++)
        at[i] = (rates_ranked){bad[i], 0, true};
    for (size_t i = 0; i < n_good; i++)
        at[n_bad + i] = (rates_ranked){good[i], 0, false};
    as_measured measured = rates_auroc(at, n_bad, n_good, level);
    free(at);
    return measured;
}
