/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "intake/state.h"

/* Samples that must not be parted: those of one part, and identical pictures. */
typedef struct split_group {
    const char *name;  /* the least of its samples: the order does not depend on how they came in */
    const char *label; /* of that sample */
    as_split    split; /* AS_SPLIT_NONE: to be chosen */
} split_group;

typedef struct split_job {
    const as_manifest *manifest;
    size_t             n;
    size_t            *parent; /* of each sample: union-find by the least index */
    size_t            *order;  /* scratch */
    split_group       *groups; /* by the index of their root; unused elsewhere */
    size_t            *open;   /* roots of one class that are to be chosen for */
    bool               allowed[AS_SPLIT_COUNT];
    double             share[AS_SPLIT_COUNT]; /* sum to 1 over the allowed */
} split_job;

static size_t split_root(split_job *job, size_t i)
{
    while (job->parent[i] != i) {
        job->parent[i] = job->parent[job->parent[i]];
        i = job->parent[i];
    }
    return i;
}

static void split_join(split_job *job, size_t a, size_t b)
{
    a = split_root(job, a);
    b = split_root(job, b);
    job->parent[AS_MAX(a, b)] = AS_MIN(a, b);
}

static int split_by_image(const void *a, const void *b, void *ctx)
{
    const as_sample *x = as_manifest_at(ctx, *(const size_t *)a), *y = as_manifest_at(ctx, *(const size_t *)b);
    return memcmp(x->image.b, y->image.b, sizeof x->image.b);
}

static int split_by_part(const void *a, const void *b, void *ctx)
{
    const as_sample *x = as_manifest_at(ctx, *(const size_t *)a), *y = as_manifest_at(ctx, *(const size_t *)b);
    return strcmp(x->part, y->part);
}

static void split_join_equal(split_job *job, int (*compare)(const void *, const void *, void *))
{
    void *ctx = (void *)(uintptr_t)job->manifest;
    for (size_t i = 0; i < job->n; i++)
        job->order[i] = i;
    qsort_r(job->order, job->n, sizeof *job->order, compare, ctx);
    for (size_t i = 1; i < job->n; i++)
        if (compare(&job->order[i - 1], &job->order[i], ctx) == 0)
            split_join(job, job->order[i - 1], job->order[i]);
}

static void split_make_groups(split_job *job)
{
    split_join_equal(job, split_by_image);
    split_join_equal(job, split_by_part);
    for (size_t i = 0; i < job->n; i++) {
        const as_sample *sample = as_manifest_at(job->manifest, i);
        split_group     *group = &job->groups[split_root(job, i)];
        if (!group->name || strcmp(sample->name, group->name) < 0) {
            group->name = sample->name;
            group->label = sample->label;
        }
        /* Already in two: into the later, where it can only make the test harder to pass by memory. */
        group->split = AS_MAX(group->split, sample->split);
    }
}

/* Splits that the source brought are not added to; train always is. */
static void split_find_shares(split_job *job, const as_spec *spec, const bool *given)
{
    double sum = 0;
    for (int s = AS_SPLIT_TRAIN; s < AS_SPLIT_COUNT; s++) {
        job->share[s] = spec->split[s - AS_SPLIT_TRAIN];
        job->allowed[s] = s == AS_SPLIT_TRAIN || (!given[s] && job->share[s] > 0);
        sum += job->allowed[s] ? job->share[s] : 0;
    }
    for (int s = AS_SPLIT_TRAIN; s < AS_SPLIT_COUNT; s++)
        job->share[s] = !job->allowed[s] ? 0 : sum > 0 ? job->share[s] / sum : 1;
}

/* How many of n_open go to each split, when has[] are there already, so that all together come nearest to the shares:
 * what each split lacks, by largest remainder (Hare quota). */
static void split_quota(const split_job *job, const size_t *has, size_t n_open, size_t *ret)
{
    double total = (double)n_open, lacks = 0, want[AS_SPLIT_COUNT] = {0};
    size_t given = 0;
    for (int s = AS_SPLIT_TRAIN; s < AS_SPLIT_COUNT; s++)
        total += job->allowed[s] ? (double)has[s] : 0;
    for (int s = AS_SPLIT_TRAIN; s < AS_SPLIT_COUNT; s++) {
        want[s] = AS_MAX(job->share[s] * total - (double)has[s], 0.0);
        lacks += job->allowed[s] ? want[s] : (want[s] = 0);
    }
    for (int s = AS_SPLIT_TRAIN; s < AS_SPLIT_COUNT; s++) {
        want[s] = lacks > 0 ? want[s] * (double)n_open / lacks : 0;
        ret[s] = (size_t)(want[s] + 1e-9);
        want[s] -= (double)ret[s];
        given += ret[s];
    }
    for (; given < n_open; given++) {
        int best = AS_SPLIT_TRAIN;
        for (int s = AS_SPLIT_TRAIN; s < AS_SPLIT_COUNT; s++)
            if (job->allowed[s] && want[s] > want[best] + 1e-9)
                best = s;
        ret[best]++;
        want[best] = -1;
    }
}

/* A split that would stay empty takes one from the split that has most to give. */
static void split_fill_empty(const split_job *job, const size_t *has, size_t *quota)
{
    for (int s = AS_SPLIT_TRAIN; s < AS_SPLIT_COUNT; s++) {
        int most = s;
        if (!job->allowed[s] || has[s] + quota[s] > 0)
            continue;
        for (int k = AS_SPLIT_TRAIN; k < AS_SPLIT_COUNT; k++)
            if (quota[k] > 0 && has[k] + quota[k] > has[most] + quota[most])
                most = k;
        if (most != s && has[most] + quota[most] > 1) {
            quota[most]--;
            quota[s]++;
        }
    }
}

static int split_by_name(const void *a, const void *b, void *ctx)
{
    const split_group *groups = ctx;
    return strcmp(groups[*(const size_t *)a].name, groups[*(const size_t *)b].name);
}

static void split_shuffle(as_rng *rng, size_t *at, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = (size_t)as_rng_below(rng, i), held = at[i - 1];
        at[i - 1] = at[k];
        at[k] = held;
    }
}

static void split_class(split_job *job, const char *label, as_rng rng)
{
    size_t has[AS_SPLIT_COUNT] = {0}, quota[AS_SPLIT_COUNT] = {0}, n_open = 0, n_all = 0, at = 0;
    for (size_t i = 0; i < job->n; i++) {
        const split_group *group = &job->groups[i];
        if (!group->name || strcmp(group->label, label) != 0)
            continue;
        if (group->split == AS_SPLIT_NONE)
            job->open[n_open++] = i;
        has[group->split]++;
        n_all++;
    }
    if (n_open == 0)
        return;
    qsort_r(job->open, n_open, sizeof *job->open, split_by_name, job->groups);
    split_shuffle(&rng, job->open, n_open);
    split_quota(job, has, n_open, quota);
    if (n_all >= AS_SPLIT_COUNT - AS_SPLIT_TRAIN)
        split_fill_empty(job, has, quota);
    for (int s = AS_SPLIT_TRAIN; s < AS_SPLIT_COUNT; s++)
        for (size_t i = 0; i < quota[s]; i++)
            job->groups[job->open[at++]].split = (as_split)s;
}

bool as_split_manifest(as_manifest *manifest, const as_spec *spec, const bool given[AS_SPLIT_COUNT], uint64_t seed,
                       as_err *err)
{
    size_t    n = as_manifest_count(manifest);
    split_job job = {.manifest = manifest, .n = n};
    job.parent = calloc(n + 1, sizeof *job.parent);
    job.order = calloc(n + 1, sizeof *job.order);
    job.groups = calloc(n + 1, sizeof *job.groups);
    job.open = calloc(n + 1, sizeof *job.open);
    bool ok = job.parent && job.order && job.groups && job.open;
    if (ok) {
        for (size_t i = 0; i < n; i++)
            job.parent[i] = i;
        split_make_groups(&job);
        split_find_shares(&job, spec, given);
        for (size_t c = 0; c < spec->n_classes; c++)
            split_class(&job, spec->classes[c].name, as_rng_stream(seed, c));
        for (size_t i = 0; i < n; i++)
            if (as_manifest_at(manifest, i)->split == AS_SPLIT_NONE)
                as_manifest_set_split(manifest, i, job.groups[split_root(&job, i)].split);
    } else {
        AS_FAIL(err, AS_ENOMEM, "cannot split %zu samples: not enough memory", n);
    }
    free(job.parent);
    free(job.order);
    free(job.groups);
    free(job.open);
    return ok;
}

bool as_intake_split(as_intake *intake, uint64_t seed, as_err *err)
{
    return as_split_manifest(intake->manifest, intake->spec, intake->given, seed, err);
}
