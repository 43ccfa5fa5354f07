/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const as_trait_info profile_infos[] = {
#define X(id, ...) [AS_MEASURED_##id] = {__VA_ARGS__},
#include "intake/measured.def"
#undef X
};

const as_trait_info *as_trait_info_of(as_trait measured)
{
    return &profile_infos[measured];
}

double as_measured_compared(as_trait measured, double value)
{
    const as_trait_info *info = &profile_infos[measured];
    return info->log ? log(fmax(value + info->offset, 1e-9)) : value;
}

static void profile_row(const as_sample *s, const as_note *note, double row[AS_MEASURED_COUNT])
{
    double n_px = (double)s->width * s->height;
    row[AS_MEASURED_SHARPNESS] = s->sharpness;
    row[AS_MEASURED_BLACK] = note ? note->black_ratio : NAN;
    row[AS_MEASURED_WHITE] = note ? note->white_ratio : NAN;
    row[AS_MEASURED_BRIGHTNESS] = note ? note->mean : NAN;
    row[AS_MEASURED_CONTRAST] = note ? note->contrast : NAN;
    row[AS_MEASURED_NOISE] = note ? note->noise : NAN;
    row[AS_MEASURED_MOTION] = note ? note->motion_px : NAN;
    row[AS_MEASURED_WIDTH] = s->width;
    row[AS_MEASURED_HEIGHT] = s->height;
    row[AS_MEASURED_SIZE] = n_px > 0 ? (double)s->n_bytes / n_px : NAN;
}

bool as_profile_read(as_workspace *ws, const char *name, as_profile *ret, as_err *err)
{
    as_profile profile = {.n = 0};
    as_notes  *notes = NULL;
    if (!as_commit_find(ws, name, &profile.commit, err))
        return false;
    profile.manifest = as_commit_manifest(ws, &profile.commit, err);
    bool ok = profile.manifest && (notes = as_notes_read(ws, &profile.commit, profile.manifest, err)) != NULL;
    if (ok) {
        profile.n = as_manifest_count(profile.manifest);
        profile.at = malloc((profile.n + 1) * AS_MEASURED_COUNT * sizeof *profile.at);
        ok = profile.at || AS_FAIL(err, AS_ENOMEM, "cannot hold what was measured of %zu pictures", profile.n);
    }
    for (size_t i = 0; ok && i < profile.n; i++)
        profile_row(as_manifest_at(profile.manifest, i), as_notes_of(notes, i), profile.at + i * AS_MEASURED_COUNT);
    as_notes_free(notes);
    if (ok)
        *ret = profile;
    else
        as_profile_done(&profile);
    return ok;
}

void as_profile_done(as_profile *profile)
{
    as_manifest_free(profile->manifest);
    free(profile->at);
    *profile = (as_profile){.n = 0};
}

static int profile_compare(const void *a, const void *b)
{
    double l = *(const double *)a, r = *(const double *)b;
    return (l > r) - (l < r);
}

double *as_profile_column(const as_profile *profile, as_trait measured, const bool *take, size_t *ret_n, as_err *err)
{
    double *column = malloc((profile->n + 1) * sizeof *column);
    size_t  n = 0;
    if (!column) {
        AS_FAIL(err, AS_ENOMEM, "cannot hold what was measured of %zu pictures", profile->n);
        return NULL;
    }
    for (size_t i = 0; i < profile->n; i++) {
        double value = profile->at[i * AS_MEASURED_COUNT + (size_t)measured];
        if (isfinite(value) && (!take || take[i]))
            column[n++] = value;
    }
    if (n)
        qsort(column, n, sizeof *column, profile_compare);
    *ret_n = n;
    return column;
}
