/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/outliers.h"

#include <stdlib.h>
#include <string.h>

#include "watch/unlike.h"

typedef struct outliers_job {
    const as_dataset  *data, *reference;
    as_trainer_cfg    *cfg;
    const as_progress *progress;
    as_unlike         *unlike;
    uint32_t          *indices;
    as_outliers        out;
} outliers_job;

static double *outliers_rows(const as_features *features, as_err *err)
{
    size_t  count = features->n * features->width;
    double *rows = malloc((count + 1) * sizeof *rows);
    if (!rows)
        AS_FAIL(err, AS_ENOMEM, "cannot hold %zu features", count);
    for (size_t i = 0; rows && i < count; i++)
        rows[i] = (double)features->at[i];
    return rows;
}

/* Evenly drawn where there are more than are kept: the others need no look. */
static bool outliers_learn(outliers_job *o, double share, as_err *err)
{
    size_t      n = as_dataset_count(o->reference), keep = AS_MIN(n, (size_t)AS_UNLIKE_MOST);
    as_features features = {0};
    for (size_t i = 0; i < keep; i++)
        o->indices[i] = (uint32_t)(i * n / keep);
    as_traits_fix_size(o->reference, o->indices, keep, o->cfg);
    if (!as_traits_compute(o->reference, o->indices, keep, o->cfg, o->progress, &features, o->out.traits, err))
        return false;
    double *rows = outliers_rows(&features, err);
    o->unlike = rows ? as_unlike_new(rows, keep, features.width, NULL, err) : NULL;
    free(rows);
    as_features_done(&features);
    if (!o->unlike)
        return false;
    o->out.n_reference = n;
    o->out.limit = as_unlike_limit(o->unlike, share);
    return true;
}

static bool outliers_is_new(const outliers_job *o, const as_sample *s)
{
    size_t low = 0, high = as_dataset_count(o->reference);
    while (low < high) { /* in the order of the manifest: by name */
        size_t           middle = (low + high) / 2;
        const as_sample *at = as_dataset_sample(o->reference, middle);
        int              order = strcmp(at->name, s->name);
        if (order == 0)
            return !as_digest_equal(&at->image, &s->image);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return true;
}

static int outliers_compare(const void *a, const void *b)
{
    const as_outlier *x = a, *y = b;
    return x->distance != y->distance ? (x->distance < y->distance) - (x->distance > y->distance)
                                      : (x->sample > y->sample) - (x->sample < y->sample);
}

static bool outliers_judge(outliers_job *o, as_err *err)
{
    size_t      n = 0;
    as_features features = {0};
    for (size_t i = 0; i < as_dataset_count(o->data); i++)
        if (o->reference == o->data || outliers_is_new(o, as_dataset_sample(o->data, i)))
            o->indices[n++] = (uint32_t)i;
    if (n == 0)
        return AS_FAIL(err, AS_EINVAL, "the version has no picture that its reference has not");
    o->out.at = calloc(n + 1, sizeof *o->out.at);
    if (!o->out.at)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu pictures", n);
    if (!as_traits_compute(o->data, o->indices, n, o->cfg, o->progress, &features, NULL, err))
        return false;
    double *rows = outliers_rows(&features, err);
    for (size_t i = 0; rows && i < n; i++) {
        o->out.at[i] = (as_outlier){o->indices[i], as_unlike_distance(o->unlike, rows + i * features.width)};
        o->out.n_unlike += o->out.at[i].distance > o->out.limit;
    }
    o->out.n = n;
    qsort(o->out.at, n, sizeof *o->out.at, outliers_compare);
    as_features_done(&features);
    free(rows);
    return rows != NULL;
}

bool as_outliers_find(const as_dataset *data, const as_dataset *reference, double share, const as_trainer_cfg *cfg,
                      const as_progress *progress, as_outliers *ret, as_err *err)
{
    as_trainer_cfg shape = *cfg;
    outliers_job   o = {.data = data, .reference = reference ? reference : data, .cfg = &shape, .progress = progress};
    size_t         n = AS_MAX(as_dataset_count(data), as_dataset_count(o.reference));
    o.indices = calloc(n + 1, sizeof *o.indices);
    bool ok = o.indices || AS_FAIL(err, AS_ENOMEM, "cannot hold %zu pictures", n);
    ok = ok && outliers_learn(&o, share, err) && outliers_judge(&o, err);
    as_unlike_free(o.unlike);
    free(o.indices);
    if (ok)
        *ret = o.out;
    else
        as_outliers_done(&o.out);
    return ok;
}

void as_outliers_done(as_outliers *outliers)
{
    free(outliers->at);
    *outliers = (as_outliers){0};
}
