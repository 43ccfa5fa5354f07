/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/str.h"
#include "intake/near.h"
#include "intake/state.h"

/* Samples that must not be parted: those of one part, and identical pictures. */
typedef struct split_group {
    as_ns    newest;
    uint32_t n;      /* samples; 0: there is no such group */
    uint32_t least;  /* its sample that is first by name: the order does not depend on how they came in */
    uint8_t  split;  /* as_split; AS_SPLIT_NONE: to be chosen */
    bool     frozen; /* has a frozen sample: nothing more of it comes into any split */
} split_group;

typedef struct split_job {
    const as_manifest *manifest;
    const as_spec     *spec;
    as_split_report    report;
    size_t             n;
    uint32_t          *parent; /* of each sample: union-find by the least index */
    uint32_t          *order;  /* scratch */
    split_group       *groups; /* by the index of their root; unused elsewhere */
    uint32_t          *open;   /* roots of one class that are to be chosen for */
    bool               allowed[AS_SPLIT_COUNT];
    double             share[AS_SPLIT_COUNT]; /* sum to 1 over the allowed */
} split_job;

static const as_sample *split_first(const split_job *job, const split_group *group)
{
    return as_manifest_at(job->manifest, group->least);
}

static uint32_t split_root(const split_job *job, uint32_t i)
{
    while (job->parent[i] != i) {
        job->parent[i] = job->parent[job->parent[i]];
        i = job->parent[i];
    }
    return i;
}

/* *count: of what joined them. */
static void split_join(split_job *job, uint32_t a, uint32_t b, uint64_t *count)
{
    a = split_root(job, a);
    b = split_root(job, b);
    *count += a != b;
    job->parent[AS_MAX(a, b)] = AS_MIN(a, b);
}

static int split_by_image(const void *a, const void *b, void *ctx)
{
    const as_sample *x = as_manifest_at(ctx, *(const uint32_t *)a), *y = as_manifest_at(ctx, *(const uint32_t *)b);
    return memcmp(x->image.b, y->image.b, sizeof x->image.b);
}

static int split_by_part(const void *a, const void *b, void *ctx)
{
    const as_sample *x = as_manifest_at(ctx, *(const uint32_t *)a), *y = as_manifest_at(ctx, *(const uint32_t *)b);
    return strcmp(x->part, y->part);
}

static int split_by_camera(const void *a, const void *b, void *ctx)
{
    const as_sample *x = as_manifest_at(ctx, *(const uint32_t *)a), *y = as_manifest_at(ctx, *(const uint32_t *)b);
    return strcmp(x->camera, y->camera);
}

static void split_join_equal(split_job *job, int (*compare)(const void *, const void *, void *), uint64_t *count)
{
    void *ctx = (void *)(uintptr_t)job->manifest;
    for (uint32_t i = 0; i < job->n; i++)
        job->order[i] = i;
    qsort_r(job->order, job->n, sizeof *job->order, compare, ctx);
    for (size_t i = 1; i < job->n; i++)
        if (compare(&job->order[i - 1], &job->order[i], ctx) == 0)
            split_join(job, job->order[i - 1], job->order[i], count);
}

/* What stands in a name where the pattern has its star, up to what follows it; false when the name is not like that. */
static bool split_key(const char *name, const char *pattern, const char **ret, uint32_t *ret_n)
{
    const char *star = strchr(pattern, '*');
    size_t      before = (size_t)(star - pattern);
    if (strncmp(name, pattern, before) != 0)
        return false;
    const char *end = star[1] ? strstr(name + before, star + 1) : name + strlen(name);
    if (!end || end == name + before)
        return false;
    *ret = name + before;
    *ret_n = (uint32_t)(end - *ret);
    return true;
}

typedef struct split_keyed {
    const char *key;
    uint32_t    n, at;
} split_keyed;

static int split_by_key(const void *a, const void *b)
{
    const split_keyed *x = a, *y = b;
    int                order = memcmp(x->key, y->key, AS_MIN(x->n, y->n));
    if (order)
        return order;
    return x->n != y->n ? (x->n > y->n) - (x->n < y->n) : (x->at > y->at) - (x->at < y->at);
}

static bool split_join_keyed(split_job *job, const char *pattern, as_err *err)
{
    size_t       n = 0;
    split_keyed *keyed = calloc(job->n + 1, sizeof *keyed);
    if (!keyed)
        return AS_FAIL(err, AS_ENOMEM, "cannot split %zu samples: not enough memory", job->n);
    for (size_t i = 0; i < job->n; i++)
        if (split_key(as_manifest_at(job->manifest, i)->name, pattern, &keyed[n].key, &keyed[n].n))
            keyed[n++].at = (uint32_t)i;
    qsort(keyed, n, sizeof *keyed, split_by_key);
    for (size_t i = 1; i < n; i++)
        if (keyed[i - 1].n == keyed[i].n && memcmp(keyed[i - 1].key, keyed[i].key, keyed[i].n) == 0)
            split_join(job, keyed[i - 1].at, keyed[i].at, &job->report.by_key);
    free(keyed);
    return true;
}

/* Samples without a camera have none in common. */
static void split_join_cameras(split_job *job)
{
    void *ctx = (void *)(uintptr_t)job->manifest;
    for (uint32_t i = 0; i < job->n; i++)
        job->order[i] = i;
    qsort_r(job->order, job->n, sizeof *job->order, split_by_camera, ctx);
    for (size_t i = 1; i < job->n; i++)
        if (*as_manifest_at(job->manifest, job->order[i])->camera &&
            split_by_camera(&job->order[i - 1], &job->order[i], ctx) == 0)
            split_join(job, job->order[i - 1], job->order[i], &job->report.by_key);
}

static bool split_join_near(split_job *job, as_err *err)
{
    as_near_pairs pairs;
    if (!as_near_find(job->manifest, &pairs, err))
        return false;
    for (size_t i = 0; i < pairs.at.n; i++)
        if ((int)pairs.at.at[i].bits <= pairs.most)
            split_join(job, (uint32_t)pairs.at.at[i].a, (uint32_t)pairs.at.at[i].b, &job->report.by_near);
    job->report.near_cut = pairs.cut;
    as_near_done(&pairs);
    return true;
}

static void split_add_to_group(split_job *job, uint32_t i)
{
    const as_sample *sample = as_manifest_at(job->manifest, i);
    split_group     *group = &job->groups[split_root(job, i)];
    if (!group->n || strcmp(sample->name, split_first(job, group)->name) < 0)
        group->least = i;
    /* Already in two: into the later, where it can only make the test harder to pass by memory. */
    group->split = (uint8_t)AS_MAX((as_split)group->split, sample->split);
    group->newest = group->n++ ? AS_MAX(group->newest, sample->utc) : sample->utc;
    group->frozen = group->frozen || sample->is_frozen;
    job->report.n_groups += group->n == 1;
    job->report.n_shared += group->n == 2;
    job->report.n_frozen += sample->is_frozen;
}

static bool split_make_groups(split_job *job, bool near, as_err *err)
{
    const char *by = job->spec->group_by;
    bool        ok = true;
    split_join_equal(job, split_by_image, &job->report.by_image);
    split_join_equal(job, split_by_part, &job->report.by_part);
    if (strcmp(by, "camera") == 0)
        split_join_cameras(job);
    else if (strcmp(by, "part") != 0)
        ok = split_join_keyed(job, by, err);
    ok = ok && (!near || split_join_near(job, err));
    for (uint32_t i = 0; ok && i < job->n; i++)
        split_add_to_group(job, i);
    return ok;
}

/* Splits that the source brought are not added to; train always is. */
static void split_find_shares(split_job *job, const as_spec *spec, const bool *given)
{
    double sum = 0;
    for (int s = AS_SPLIT_TRAIN; s < AS_SPLIT_COUNT; s++) {
        job->share[s] = spec->split[s - AS_SPLIT_TRAIN];
        job->allowed[s] = s == AS_SPLIT_TRAIN || (!(given && given[s]) && job->share[s] > 0);
        if (s == AS_SPLIT_TEST && job->report.n_frozen)
            job->allowed[s] = false;
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
    const split_job *job = ctx;
    return strcmp(split_first(job, &job->groups[*(const uint32_t *)a])->name,
                  split_first(job, &job->groups[*(const uint32_t *)b])->name);
}

static int split_by_time(const void *a, const void *b, void *ctx)
{
    const split_job   *job = ctx;
    const split_group *x = &job->groups[*(const uint32_t *)a], *y = &job->groups[*(const uint32_t *)b];
    return x->newest != y->newest ? (x->newest > y->newest) - (x->newest < y->newest) : split_by_name(a, b, ctx);
}

static void split_shuffle(as_rng *rng, uint32_t *at, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        uint32_t k = (uint32_t)as_rng_below(rng, i), held = at[i - 1];
        at[i - 1] = at[k];
        at[k] = held;
    }
}

/* label NULL: all classes together, the oldest first. */
static void split_class(split_job *job, const char *label, as_rng rng)
{
    size_t has[AS_SPLIT_COUNT] = {0}, quota[AS_SPLIT_COUNT] = {0}, n_open = 0, n_all = 0, at = 0;
    for (uint32_t i = 0; i < job->n; i++) {
        const split_group *group = &job->groups[i];
        const char        *has_label = group->n ? split_first(job, group)->label : "";
        if (!group->n || group->frozen ||
            (label ? strcmp(has_label, label) != 0 : as_spec_class(job->spec, has_label) < 0))
            continue;
        if (group->split == AS_SPLIT_NONE)
            job->open[n_open++] = i;
        has[group->split]++;
        n_all++;
    }
    if (n_open == 0)
        return;
    qsort_r(job->open, n_open, sizeof *job->open, label ? split_by_name : split_by_time, job);
    if (label)
        split_shuffle(&rng, job->open, n_open);
    split_quota(job, has, n_open, quota);
    if (n_all >= AS_SPLIT_COUNT - AS_SPLIT_TRAIN)
        split_fill_empty(job, has, quota);
    for (int s = AS_SPLIT_TRAIN; s < AS_SPLIT_COUNT; s++)
        for (size_t i = 0; i < quota[s]; i++)
            job->groups[job->open[at++]].split = (uint8_t)s;
}

/* What a frozen test cannot take, nor training beside it. */
static void split_set_aside(split_job *job, as_manifest *manifest, size_t i)
{
    as_manifest_set_split(manifest, i, AS_SPLIT_NONE);
    if (job->report.n_aside++ == 0)
        as_str_copy(job->report.aside, sizeof job->report.aside, as_manifest_at(manifest, i)->name);
}

static void split_apply(split_job *job, as_manifest *manifest)
{
    for (uint32_t i = 0; i < job->n; i++) {
        const as_sample   *s = as_manifest_at(manifest, i);
        const split_group *group = &job->groups[split_root(job, i)];
        if (s->is_frozen)
            continue;
        if (job->report.n_frozen &&
            (s->split == AS_SPLIT_TEST || (s->split == AS_SPLIT_NONE && group->split == AS_SPLIT_TEST)))
            split_set_aside(job, manifest, i);
        else if (s->split == AS_SPLIT_NONE)
            as_manifest_set_split(manifest, i, (as_split)group->split);
    }
}

static bool split_any(const as_manifest *manifest, bool (*is)(const as_sample *))
{
    for (size_t i = 0; i < as_manifest_count(manifest); i++)
        if (is(as_manifest_at(manifest, i)))
            return true;
    return false;
}

static bool split_is_open(const as_sample *s)
{
    return s->split == AS_SPLIT_NONE || (s->split == AS_SPLIT_TEST && !s->is_frozen);
}

static bool split_is_frozen(const as_sample *s)
{
    return s->is_frozen;
}

bool as_split_manifest(as_manifest *manifest, const as_spec *spec, const as_split_cfg *cfg, as_split_report *report,
                       as_err *err)
{
    size_t    n = as_manifest_count(manifest);
    split_job job = {.manifest = manifest, .spec = spec, .n = n};
    bool      near = cfg->near || split_any(manifest, split_is_frozen);
    if (!report && !split_any(manifest, split_is_open)) /* nothing to do, and nobody asks why */
        return true;
    if (n >= UINT32_MAX)
        return AS_FAIL(err, AS_ELIMIT, "cannot split %zu samples: at most %u", n, UINT32_MAX - 1);
    job.parent = calloc(n + 1, sizeof *job.parent);
    job.order = calloc(n + 1, sizeof *job.order);
    job.groups = calloc(n + 1, sizeof *job.groups);
    job.open = calloc(n + 1, sizeof *job.open);
    bool ok = (job.parent && job.order && job.groups && job.open) ||
              AS_FAIL(err, AS_ENOMEM, "cannot split %zu samples: not enough memory", n);
    for (uint32_t i = 0; ok && i < n; i++)
        job.parent[i] = i;
    ok = ok && split_make_groups(&job, near, err);
    if (ok) {
        split_find_shares(&job, spec, cfg->given);
        if (spec->split_by == AS_SPLIT_BY_TIME)
            split_class(&job, NULL, as_rng_new(cfg->seed));
        for (size_t c = 0; spec->split_by != AS_SPLIT_BY_TIME && c < spec->n_classes; c++)
            split_class(&job, spec->classes[c].name, as_rng_stream(cfg->seed, c));
        split_apply(&job, manifest);
        if (report)
            *report = job.report;
    }
    free(job.parent);
    free(job.order);
    free(job.groups);
    free(job.open);
    return ok;
}

bool as_intake_split(as_intake *intake, uint64_t seed, as_err *err)
{
    as_split_cfg cfg = {.given = intake->given, .seed = seed};
    as_intake_end(intake);
    return as_split_manifest(intake->manifest, intake->spec, &cfg, &intake->split, err);
}

uint64_t as_intake_n_aside(const as_intake *intake)
{
    return intake->split.n_aside;
}
