/* SPDX-License-Identifier: Apache-2.0 */
#include "album/quantity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define Q(key, title, axis, unit, side, check, limit, value, caption)  \
    static double quantity_limit_##key(const as_spec *spec)            \
    {                                                                  \
        (void)spec;                                                    \
        return limit;                                                  \
    }                                                                  \
    static double quantity_##key(const as_sample *s, const as_note *n) \
    {                                                                  \
        (void)s;                                                       \
        (void)n;                                                       \
        return value;                                                  \
    }
#include "album/quantity.def"
#undef Q

static const as_quantity quantities[] = {
#define Q(key, title, axis, unit, side, check, limit, value, caption) \
    {#key, title, axis, caption, AS_PLOT_##unit, AS_SIDE_##side, check, quantity_limit_##key, quantity_##key},
#include "album/quantity.def"
#undef Q
};

const as_quantity *as_quantity_at(size_t i)
{
    return i < AS_COUNT(quantities) ? &quantities[i] : NULL;
}

const as_quantity *as_quantity_of_check(const char *check)
{
    for (size_t i = 0; i < AS_COUNT(quantities); i++)
        if (quantities[i].check && strcmp(quantities[i].check, check) == 0)
            return &quantities[i];
    return NULL;
}

/* 0 is how assay.yaml says that nothing is checked, where a limit of 0 would refuse all or nothing. */
double as_quantity_limit(const as_quantity *quantity, const as_spec *spec)
{
    double limit = quantity->limit(spec);
    return limit > 0 ? limit : NAN;
}

double as_quantity_value(const as_quantity *quantity, const as_sample *sample, const as_note *note)
{
    static const as_note unknown = {
        .black_ratio = NAN, .white_ratio = NAN, .mean = NAN, .contrast = NAN, .noise = NAN, .motion_px = NAN};
    return quantity->value(sample, note ? note : &unknown);
}

double as_quantity_badness(const as_quantity *quantity, const as_spec *spec, double value)
{
    double limit = as_quantity_limit(quantity, spec);
    if (isnan(value) || quantity->side == AS_SIDE_NONE)
        return -INFINITY;
    double beyond = isnan(limit) ? value : value - limit;
    return quantity->side == AS_SIDE_LEAST ? -beyond : beyond;
}

static int spread_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bool as_spread_make(as_spread *spread, const double *values, size_t n, as_err *err)
{
    double *kept = calloc(n + 1, sizeof *kept);
    size_t  n_kept = 0;
    if (!kept)
        return AS_FAIL(err, AS_ENOMEM, "cannot sort %zu values", n);
    for (size_t i = 0; i < n; i++)
        if (isfinite(values[i]))
            kept[n_kept++] = values[i];
    qsort(kept, n_kept, sizeof *kept, spread_compare);
    *spread = (as_spread){kept, n_kept};
    return true;
}

void as_spread_done(as_spread *spread)
{
    free(spread->values);
    *spread = (as_spread){0};
}

double as_spread_quantile(const as_spread *spread, double q)
{
    if (spread->n == 0)
        return NAN;
    return spread->values[(size_t)fmin(fmax(q * (double)(spread->n - 1) + 0.5, 0), (double)(spread->n - 1))];
}

/* At most so many of a kind: few values are few bars. */
static size_t bins_count(size_t n)
{
    return (size_t)fmin(AS_BINS_MOST, fmax(8, 2.5 * cbrt((double)n)));
}

/* A bin ends at the limit: none holds what keeps it and what does not. */
static void bins_align(as_bins *bins, double limit)
{
    double width = (bins->high - bins->low) / (double)bins->n;
    if (!(limit > bins->low && limit < bins->high))
        return;
    width = (limit - bins->low) / fmax(round((limit - bins->low) / width), 1);
    double n = fmin(fmax(ceil((bins->high - bins->low) / width - 1e-9), 1), AS_BINS_MOST);
    bins->open = bins->open || n * width < (bins->high - bins->low) * (1 - 1e-9);
    bins->n = (size_t)n;
    bins->high = bins->low + n * width;
}

as_bins as_bins_for(const as_quantity *quantity, const as_spread *spread, double limit)
{
    as_bins bins = {
        .low = as_spread_quantile(spread, 0), .high = as_spread_quantile(spread, 1), .n = bins_count(spread->n)};
    if (spread->n == 0)
        return bins;
    double usual = as_spread_quantile(spread, 0.98) + 0.25 * (as_spread_quantile(spread, 0.98) - bins.low);
    if (quantity->unit == AS_PLOT_PERCENT || quantity->side != AS_SIDE_NONE)
        bins.low = fmin(bins.low, 0);
    if (isfinite(limit)) {
        bins.low = fmin(bins.low, limit);
        usual = fmax(usual, limit * 1.05);
        /* A limit that is far from everything would squeeze it. */
        if (quantity->side == AS_SIDE_LEAST || bins.high <= 0 || limit <= 20 * bins.high)
            bins.high = fmax(bins.high, limit * 1.05);
    }
    bins.open = spread->n > 20 && usual > bins.low && bins.high > 1.5 * usual;
    if (bins.open)
        bins.high = usual;
    if (quantity->unit == AS_PLOT_PERCENT)
        bins.high = fmin(fmax(bins.high, 0.01), 1);
    double least = quantity->unit == AS_PLOT_PERCENT ? 0.01 : 1;
    if (bins.high - bins.low < least * 1e-6) {
        bins.low -= least / 2;
        bins.high += least / 2;
        bins.n = 9;
    }
    bins_align(&bins, limit);
    return bins;
}
