/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/reference.h"

#include <math.h>
#include <stdlib.h>

#include "watch/unlike.h"

struct as_reference {
    as_unlike *unlike;
    double     limit;
    as_trait   columns[AS_MEASURED_COUNT]; /* that are compared */
    double     low[AS_MEASURED_COUNT], high[AS_MEASURED_COUNT];
    uint32_t   n_columns;
};

static void reference_columns(as_reference *r, double floors[AS_MEASURED_COUNT])
{
    for (int m = 0; m < AS_MEASURED_COUNT; m++) {
        double floor = as_trait_info_of((as_trait)m)->floor;
        r->low[m] = INFINITY;
        r->high[m] = -INFINITY;
        if (floor <= 0)
            continue;
        floors[r->n_columns] = floor;
        r->columns[r->n_columns++] = (as_trait)m;
    }
}

/* Rows without a gap; *ret_n of them. */
static void reference_rows(as_reference *r, const as_profile *profile, double *rows, size_t *ret_n)
{
    size_t n = 0;
    for (size_t i = 0; i < profile->n; i++) {
        const double *at = profile->at + i * AS_MEASURED_COUNT;
        bool          whole = true;
        for (uint32_t c = 0; c < r->n_columns; c++) {
            double value = as_measured_compared(r->columns[c], at[r->columns[c]]);
            rows[n * r->n_columns + c] = value;
            whole = whole && isfinite(value);
        }
        n += whole;
        for (int m = 0; whole && m < AS_MEASURED_COUNT; m++) {
            r->low[m] = fmin(r->low[m], at[m]);
            r->high[m] = fmax(r->high[m], at[m]);
        }
    }
    *ret_n = n;
}

bool as_reference_open(as_workspace *ws, const as_spec *spec, as_reference **ret, as_err *err)
{
    as_profile profile;
    double     floors[AS_MEASURED_COUNT];
    size_t     n = 0;
    *ret = NULL;
    if (!*spec->reference || spec->levels[AS_RULE_UNLIKE] == AS_CHECK_OK)
        return true;
    if (!as_profile_read(ws, spec->reference, &profile, err))
        return as_err_note(err, "intake.reference of '%s'", spec->path);
    as_reference *r = calloc(1, sizeof *r);
    double       *rows = malloc((profile.n + 1) * AS_MEASURED_COUNT * sizeof *rows);
    bool ok = (r && rows) || AS_FAIL(err, AS_ENOMEM, "cannot hold what was measured of %zu pictures", profile.n);
    if (ok) {
        reference_columns(r, floors);
        reference_rows(r, &profile, rows, &n);
        r->unlike = as_unlike_new(rows, n, r->n_columns, floors, err);
        ok = r->unlike || as_err_note(err, "intake.reference '%s' of '%s'", spec->reference, spec->path);
    }
    if (ok)
        r->limit = as_unlike_limit(r->unlike, spec->unlike_share);
    free(rows);
    as_profile_done(&profile);
    if (ok)
        *ret = r;
    else
        as_reference_close(r);
    return ok;
}

as_reference *as_reference_close(as_reference *reference)
{
    if (reference)
        as_unlike_free(reference->unlike);
    free(reference);
    return NULL;
}

as_reference_said as_reference_judge(const as_reference *reference, const as_codec_info *info,
                                     const as_image_stats *stats, size_t n_bytes)
{
    const double at[AS_MEASURED_COUNT] = {
        [AS_MEASURED_SHARPNESS] = stats->laplacian_variance,
        [AS_MEASURED_BLACK] = stats->clipped_low_ratio,
        [AS_MEASURED_WHITE] = stats->clipped_high_ratio,
        [AS_MEASURED_BRIGHTNESS] = stats->mean,
        [AS_MEASURED_CONTRAST] = stats->contrast,
        [AS_MEASURED_NOISE] = stats->noise,
        [AS_MEASURED_WIDTH] = info->width,
        [AS_MEASURED_HEIGHT] = info->height,
        [AS_MEASURED_SIZE] = (double)n_bytes / fmax(1, (double)info->width * info->height),
    };
    double row[AS_MEASURED_COUNT];
    for (uint32_t c = 0; c < reference->n_columns; c++)
        row[c] = as_measured_compared(reference->columns[c], at[reference->columns[c]]);
    as_reference_said said = {.distance = as_unlike_distance(reference->unlike, row), .limit = reference->limit};
    said.measured = reference->columns[as_unlike_column(reference->unlike, row, &said.deviations)];
    said.value = at[said.measured];
    said.low = reference->low[said.measured];
    said.high = reference->high[said.measured];
    return said;
}
