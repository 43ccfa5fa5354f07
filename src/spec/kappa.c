/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/kappa.h"

#include <math.h>

static void kappa_finish(as_kappa *k, double variance, double confidence)
{
    const double far = as_normal_quantile(0.5 + confidence / 2);
    k->standard_error = k->n >= 2 && isfinite(k->kappa) && isfinite(variance) ? sqrt(fmax(variance, 0)) : NAN;
    /* Where one used one class only the formulas give 0, which nobody would believe. */
    if (k->standard_error < 1e-12 && fabs(k->kappa) < 1 - 1e-12)
        k->standard_error = NAN;
    if (isnan(k->standard_error)) {
        k->interval = (as_interval){NAN, NAN};
        return;
    }
    k->interval.low = fmax(k->kappa - far * k->standard_error, -1);
    k->interval.high = fmin(k->kappa + far * k->standard_error, 1);
}

static double kappa_of(double observed, double expected)
{
    return 1 - expected > 1e-12 ? (observed - expected) / (1 - expected) : NAN;
}

/* Shares of class i with either person. */
static void kappa_margins(const uint64_t *counts, size_t n_classes, double n, size_t i, double *ret_row,
                          double *ret_column)
{
    uint64_t row = 0, column = 0;
    for (size_t k = 0; k < n_classes; k++) {
        row += counts[i * n_classes + k];
        column += counts[k * n_classes + i];
    }
    *ret_row = (double)row / n;
    *ret_column = (double)column / n;
}

as_kappa as_kappa_cohen(const uint64_t *counts, size_t n_classes, double confidence)
{
    as_kappa k = {.observed = NAN, .expected = NAN, .kappa = NAN};
    double   row, column, other, sum = 0;
    for (size_t i = 0; i < n_classes * n_classes; i++)
        k.n += counts[i];
    const double n = (double)k.n;
    if (k.n > 0) {
        k.observed = k.expected = 0;
        for (size_t i = 0; i < n_classes; i++) {
            kappa_margins(counts, n_classes, n, i, &row, &column);
            k.observed += (double)counts[i * n_classes + i] / n;
            k.expected += row * column;
        }
        k.kappa = kappa_of(k.observed, k.expected);
    }
    for (size_t i = 0; i < n_classes && isfinite(k.kappa); i++) {
        kappa_margins(counts, n_classes, n, i, &row, &column);
        const double agree = 1 - (row + column) * (1 - k.kappa);
        sum += (double)counts[i * n_classes + i] / n * agree * agree;
        for (size_t j = 0; j < n_classes; j++) {
            double row_j;
            if (j == i || counts[i * n_classes + j] == 0)
                continue;
            kappa_margins(counts, n_classes, n, j, &row_j, &other);
            const double part = (1 - k.kappa) * (column + row_j);
            sum += (double)counts[i * n_classes + j] / n * part * part;
        }
    }
    const double centre = k.kappa - k.expected * (1 - k.kappa);
    kappa_finish(&k, (sum - centre * centre) / ((1 - k.expected) * (1 - k.expected) * n), confidence);
    return k;
}

typedef struct kappa_sums {
    size_t n;
    double agreed;  /* over samples */
    double squares; /* of the sums of shares, over classes */
} kappa_sums;

static uint64_t kappa_labels(const uint32_t *counts, size_t n_classes)
{
    uint64_t n = 0;
    for (size_t c = 0; c < n_classes; c++)
        n += counts[c];
    return n;
}

/* The share of a sample's pairs of labels that agree. */
static double kappa_agreed(const uint32_t *counts, size_t n_classes)
{
    const double n = (double)kappa_labels(counts, n_classes);
    double       pairs = 0;
    for (size_t c = 0; c < n_classes; c++)
        pairs += (double)counts[c] * ((double)counts[c] - 1);
    return pairs / (n * (n - 1));
}

static double kappa_of_sums(const kappa_sums *s)
{
    const double n = (double)s->n;
    return kappa_of(s->agreed / n, s->squares / (n * n));
}

/* Adds a sample's shares of the classes to `shares`, or takes them away again. */
static void kappa_add(kappa_sums *sums, double *shares, const uint32_t *counts, size_t n_classes, int sign)
{
    const double n = (double)kappa_labels(counts, n_classes);
    for (size_t c = 0; c < n_classes; c++) {
        const double was = shares[c];
        if (counts[c] == 0)
            continue;
        shares[c] += sign * (double)counts[c] / n;
        sums->squares += shares[c] * shares[c] - was * was;
    }
    sums->agreed += sign * kappa_agreed(counts, n_classes);
    sums->n += (size_t)sign;
}

/* The jackknife's: (n - 1) / n times the sum of squares of what leaving out each sample changes. */
static double kappa_variance(const kappa_sums *all, double *shares, const uint32_t *counts, size_t n_samples,
                             size_t n_classes)
{
    double mean = 0, squares = 0, n = 0;
    for (size_t s = 0; s < n_samples; s++) {
        const uint32_t *mine = counts + s * n_classes;
        kappa_sums      rest = *all;
        if (kappa_labels(mine, n_classes) < 2)
            continue;
        kappa_add(&rest, shares, mine, n_classes, -1);
        const double kappa = kappa_of_sums(&rest);
        kappa_add(&rest, shares, mine, n_classes, 1);
        n++;
        squares += (kappa - mean) * (kappa - mean) * (n - 1) / n;
        mean += (kappa - mean) / n;
    }
    return squares * (n - 1) / n;
}

as_kappa as_kappa_fleiss(const uint32_t *counts, size_t n_samples, size_t n_classes, double confidence)
{
    as_kappa   k = {.observed = NAN, .expected = NAN, .kappa = NAN};
    kappa_sums all = {0};
    double     shares[AS_KAPPA_MAX_CLASSES] = {0};
    for (size_t s = 0; s < n_samples && n_classes <= AS_KAPPA_MAX_CLASSES; s++)
        if (kappa_labels(counts + s * n_classes, n_classes) >= 2)
            kappa_add(&all, shares, counts + s * n_classes, n_classes, 1);
    k.n = all.n;
    if (all.n > 0) {
        k.observed = all.agreed / (double)all.n;
        k.expected = all.squares / ((double)all.n * (double)all.n);
        k.kappa = kappa_of_sums(&all);
    }
    double variance = all.n >= 2 ? kappa_variance(&all, shares, counts, n_samples, n_classes) : NAN;
    kappa_finish(&k, variance, confidence);
    return k;
}
