/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/retention.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/erased.h"
#include "catalog/hold.h"

#define RETENTION_NS_PER_HOUR (3600.0 * 1e9)

typedef struct retention_picture {
    as_digest image;
    as_ns     utc;
    uint64_t  n_bytes;
    size_t    order;    /* in which it was met: the newest version first */
    int       class_at; /* in the spec; -1 */
    bool      is_frozen, is_held, is_taken;
} retention_picture;

typedef struct retention_job {
    as_workspace      *ws;
    const as_spec     *spec;
    const as_progress *progress;
    AS_VEC(retention_picture) pictures;
    uint64_t n_versions;
} retention_job;

static int retention_by_image(const void *a, const void *b)
{
    const retention_picture *x = a, *y = b;
    int                      order = memcmp(x->image.b, y->image.b, sizeof x->image.b);
    return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* The oldest first. */
static int retention_by_time(const void *a, const void *b)
{
    const retention_picture *x = a, *y = b;
    return x->utc != y->utc ? (x->utc > y->utc) - (x->utc < y->utc) : memcmp(x->image.b, y->image.b, sizeof x->image.b);
}

/* Each once: as it was met first; frozen in any version is frozen. */
static void retention_unique(retention_job *job)
{
    size_t n = 0;
    if (job->pictures.n)
        qsort(job->pictures.at, job->pictures.n, sizeof *job->pictures.at, retention_by_image);
    for (size_t i = 0; i < job->pictures.n; i++) {
        if (n && as_digest_equal(&job->pictures.at[n - 1].image, &job->pictures.at[i].image))
            job->pictures.at[n - 1].is_frozen |= job->pictures.at[i].is_frozen;
        else
            job->pictures.at[n++] = job->pictures.at[i];
    }
    job->pictures.n = n;
}

static bool retention_visit(void *ctx, const as_commit *commit, as_err *err)
{
    retention_job *job = ctx;
    as_manifest   *manifest = as_commit_manifest(job->ws, commit, err);
    bool           ok = manifest != NULL;
    as_progress_step(job->progress, "looking through versions", job->n_versions++, 0);
    for (size_t i = 0; ok && i < as_manifest_count(manifest); i++) {
        const as_sample  *sample = as_manifest_at(manifest, i);
        retention_picture picture = {.image = sample->image,
                                     .utc = sample->utc,
                                     .n_bytes = sample->n_bytes,
                                     .order = job->pictures.n,
                                     .class_at = as_spec_class(job->spec, sample->label),
                                     .is_frozen = sample->is_frozen};
        ok = as_vec_push(&job->pictures, picture) || AS_FAIL(err, AS_ENOMEM, "not enough memory");
    }
    as_manifest_free(manifest);
    return ok && as_progress_go_on(job->progress, err);
}

static bool retention_gather(retention_job *job, as_err *err)
{
    as_digest_list held = {0};
    size_t         n = 0;
    if (!as_history_walk(job->ws, retention_visit, job, err) || !as_hold_images(job->ws, &held, err))
        return false;
    retention_unique(job);
    for (size_t i = 0; i < job->pictures.n; i++) {
        retention_picture picture = job->pictures.at[i];
        if (as_image_is_erased(job->ws, &picture.image))
            continue;
        picture.is_held = as_digest_list_has(&held, &picture.image);
        job->pictures.at[n++] = picture;
    }
    job->pictures.n = n;
    as_vec_done(&held);
    if (n)
        qsort(job->pictures.at, n, sizeof *job->pictures.at, retention_by_time);
    return true;
}

static bool retention_is_of(const retention_job *job, const as_retention *rule, const retention_picture *picture)
{
    return !picture->is_taken &&
           (!*rule->class_name || picture->class_at == as_spec_class(job->spec, rule->class_name));
}

/* The oldest first, until the rule is content. */
static bool retention_apply(retention_job *job, const as_retention *rule, as_ns now, as_retention_part *part,
                            as_err *err)
{
    const double oldest = (double)now - rule->older_than_hours * RETENTION_NS_PER_HOUR;
    double       left = 0;
    part->rule = rule;
    for (size_t i = 0; i < job->pictures.n; i++)
        left += retention_is_of(job, rule, &job->pictures.at[i]) ? (double)job->pictures.at[i].n_bytes : 0;
    for (size_t i = 0; i < job->pictures.n; i++) {
        retention_picture *picture = &job->pictures.at[i];
        bool goes = isnan(rule->older_than_hours) ? left > rule->keep_at_most_bytes : (double)picture->utc < oldest;
        if (!goes)
            break;
        if (!retention_is_of(job, rule, picture))
            continue;
        part->n_held += picture->is_held;
        part->n_frozen += picture->is_frozen && !picture->is_held;
        if (picture->is_held || picture->is_frozen)
            continue;
        picture->is_taken = true;
        left -= (double)picture->n_bytes;
        part->n_bytes += picture->n_bytes;
        part->oldest_utc = part->images.n ? part->oldest_utc : picture->utc;
        if (!as_vec_push(&part->images, picture->image))
            return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    }
    return true;
}

void as_retention_plan_done(as_retention_plan *plan)
{
    for (size_t i = 0; i < plan->n_parts; i++)
        as_vec_done(&plan->parts[i].images);
}

bool as_retention_find(as_workspace *ws, const as_spec *spec, as_ns now, const as_progress *progress,
                       as_retention_plan *ret, as_err *err)
{
    retention_job     job = {.ws = ws, .spec = spec, .progress = progress};
    as_retention_plan plan = {.n_parts = 0};
    if (spec->n_retention == 0)
        return AS_FAIL(err, AS_ENOTFOUND,
                       "%s has no rule of retention (for example retention: [{class: good, older_than: 90 d}])",
                       spec->path);
    bool ok = retention_gather(&job, err);
    for (size_t i = 0; ok && i < spec->n_retention; i++) {
        plan.n_parts = i + 1;
        ok = retention_apply(&job, &spec->retention[i], now, &plan.parts[i], err);
    }
    as_vec_done(&job.pictures);
    if (ok)
        *ret = plan;
    else
        as_retention_plan_done(&plan);
    return ok;
}
