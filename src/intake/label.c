/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/label.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/vec.h"
#include "catalog/catalog.h"
#include "intake/state.h"

#define LABEL_MAX_STEPS 100000

typedef struct label_job {
    const as_label_cfg *cfg;
    as_manifest        *manifest;
    AS_VEC(size_t) selected; /* places in the manifest */
    char by[300];
    bool failed;
} label_job;

static bool label_select_name(label_job *job, const char *name, as_err *err)
{
    const as_sample *sample = as_manifest_find(job->manifest, name);
    if (sample) {
        size_t at = (size_t)(sample - as_manifest_at(job->manifest, 0));
        return as_vec_push(&job->selected, at) || AS_FAIL(err, AS_ENOMEM, "not enough memory");
    }
    size_t       n = as_manifest_count(job->manifest);
    const char **names = calloc(n + 1, sizeof *names);
    for (size_t i = 0; names && i < n; i++)
        names[i] = as_manifest_at(job->manifest, i)->name;
    const char *near = names ? as_str_nearest(name, names, n) : NULL;
    AS_FAIL(err, AS_ENOTFOUND, "no sample is called '%.200s'%s%s%s", name, near ? ", did you mean '" : "",
            near ? near : "", near ? "'?" : " (see: assay data ls)");
    free(names);
    return false;
}

static bool label_see(void *ctx, const as_sample *sample)
{
    label_job       *job = ctx;
    const as_sample *found = as_manifest_find(job->manifest, sample->name);
    job->failed = !found || !as_vec_push(&job->selected, (size_t)(found - as_manifest_at(job->manifest, 0)));
    return !job->failed;
}

static bool label_select(label_job *job, as_workspace *ws, const as_commit *commit, as_err *err)
{
    for (size_t i = 0; !job->cfg->where && i < job->cfg->n_names; i++)
        if (!label_select_name(job, job->cfg->names[i], err))
            return false;
    if (!job->cfg->where)
        return true;
    as_catalog     *catalog = as_catalog_open(ws, err);
    as_sample_query query = {.commit = commit->id, .where = job->cfg->where};
    bool            ok = catalog && as_catalog_samples(catalog, &query, label_see, job, err);
    as_catalog_close(catalog);
    return ok && (!job->failed || AS_FAIL(err, AS_ENOMEM, "not enough memory"));
}

static bool label_change(label_job *job, size_t i, uint64_t *n_changed, as_err *err)
{
    size_t           at = job->selected.at[i];
    const as_sample *was = as_manifest_at(job->manifest, at);
    const char      *label = job->cfg->labels ? job->cfg->labels[i] : job->cfg->label ? job->cfg->label : was->label;
    as_label_state   state = *label ? job->cfg->state : AS_LABEL_NONE;
    bool             same_class = strcmp(label, was->label) == 0;
    if (!*label && !job->cfg->label && !job->cfg->labels)
        return AS_FAIL(err, AS_EINVAL, "sample '%.200s' has no label that could be reviewed", was->name);
    if (same_class && state == was->state)
        return true;
    as_sample now = {.label = label, .state = state, .by = *label ? job->by : ""};
    if (same_class) {
        now.findings = was->findings;
        now.n_findings = was->n_findings;
    }
    ++*n_changed;
    return as_manifest_set_label(job->manifest, at, &now, err);
}

static bool label_has_test(const as_manifest *manifest)
{
    for (size_t i = 0; i < as_manifest_count(manifest); i++)
        if (as_manifest_at(manifest, i)->split == AS_SPLIT_TEST)
            return true;
    return false;
}

/* Where there is a test already, all that is new goes to training, but for what shows a part that is elsewhere. */
static bool label_split(label_job *job, as_err *err)
{
    bool fixed = label_has_test(job->manifest);
    bool given[AS_SPLIT_COUNT] = {[AS_SPLIT_VALIDATION] = fixed, [AS_SPLIT_TEST] = fixed};
    return as_split_manifest(job->manifest, job->cfg->spec, given, job->cfg->seed, err);
}

static bool label_commit(as_workspace *ws, const as_manifest *manifest, const as_commit *before, const char *message,
                         as_commit *ret, as_err *err)
{
    as_commit commit = {.utc = as_clock_utc(), .n_parents = 1, .parents = {before->id}};
    as_str_copy(commit.message, sizeof commit.message, message);
    as_intake_author(commit.author, sizeof commit.author);
    if (!as_commit_write(ws, manifest, &commit, err))
        return false;
    *ret = commit;
    return true;
}

bool as_label_apply(as_workspace *ws, const as_label_cfg *cfg, as_label_result *ret, as_err *err)
{
    label_job       job = {.cfg = cfg};
    as_label_result result = {0};
    as_commit       newest;
    char            message[512], author[128];
    if (cfg->label && *cfg->label && !as_intake_check_class(cfg->spec, cfg->label, "label", "", err))
        return false;
    as_intake_author(author, sizeof author);
    snprintf(job.by, sizeof job.by, "%s%s", cfg->by ? "" : "person:", cfg->by ? cfg->by : author);
    if (!as_commit_find(ws, "main", &newest, err) || !(job.manifest = as_commit_manifest(ws, &newest, err)))
        return false;
    bool ok = label_select(&job, ws, &newest, err);
    result.n_selected = job.selected.n;
    if (ok && job.selected.n == 0)
        ok = AS_FAIL(err, AS_ENOTFOUND, "no sample meets the query");
    for (size_t i = 0; ok && i < job.selected.n; i++)
        ok = label_change(&job, i, &result.n_changed, err);
    if (ok && result.n_changed == 0)
        ok = AS_FAIL(err, AS_EINVAL, "nothing to change: all %zu samples have that label", job.selected.n);
    snprintf(message, sizeof message, "label: %llu samples %s%.100s by %.200s", (unsigned long long)result.n_changed,
             cfg->label ? "are " : as_label_state_name(cfg->state),
             cfg->label ? *cfg->label ? cfg->label : "nothing" : "", job.by);
    ok = ok && label_split(&job, err) && label_commit(ws, job.manifest, &newest, message, &result.commit, err);
    as_manifest_free(job.manifest);
    as_vec_done(&job.selected);
    if (ok)
        *ret = result;
    return ok;
}

/* How many labels differ; false when there is more than labels and splits between the two. */
static bool label_compare(const as_manifest *a, const as_manifest *b, uint64_t *ret_n)
{
    *ret_n = 0;
    if (as_manifest_count(a) != as_manifest_count(b))
        return false;
    for (size_t i = 0; i < as_manifest_count(a); i++) {
        const as_sample *x = as_manifest_at(a, i), *y = as_manifest_at(b, i);
        if (strcmp(x->name, y->name) != 0 || !as_digest_equal(&x->image, &y->image))
            return false;
        *ret_n += strcmp(x->label, y->label) != 0 || x->state != y->state || strcmp(x->by, y->by) != 0 ||
                  x->n_findings != y->n_findings;
    }
    return true;
}

bool as_label_undo(as_workspace *ws, as_label_result *ret, as_err *err)
{
    as_label_result result = {0};
    as_commit       newest, before;
    char            message[128], hex[AS_SHA256_HEX_BYTES];
    if (!as_commit_find(ws, "main", &newest, err))
        return false;
    if (newest.n_parents != 1)
        return AS_FAIL(err, AS_EINVAL, "there is no version before this one: nothing to undo");
    if (!as_commit_read(ws, &newest.parents[0], &before, err))
        return false;
    as_manifest *a = as_commit_manifest(ws, &newest, err), *b = a ? as_commit_manifest(ws, &before, err) : NULL;
    bool         ok = b != NULL;
    if (ok && !label_compare(a, b, &result.n_changed))
        ok = AS_FAIL(err, AS_EINVAL, "the last version brought other pictures, not labels alone: nothing to undo");
    if (ok && result.n_changed == 0)
        ok = AS_FAIL(err, AS_EINVAL, "the last version changed no label: nothing to undo");
    snprintf(message, sizeof message, "label: %llu labels back to those of %.12s", (unsigned long long)result.n_changed,
             as_digest_hex(&before.id, hex));
    ok = ok && label_commit(ws, b, &newest, message, &result.commit, err);
    result.n_selected = result.n_changed;
    as_manifest_free(a);
    as_manifest_free(b);
    if (ok)
        *ret = result;
    return ok;
}

/* What is remembered of a step, until it is known that the one before it said something else. */
typedef struct label_step {
    as_commit    commit;
    as_manifest *manifest;
} label_step;

static bool label_same(const as_sample *a, const as_sample *b)
{
    return a && b && strcmp(a->label, b->label) == 0 && a->state == b->state && strcmp(a->by, b->by) == 0;
}

bool as_label_history(as_workspace *ws, const char                                                     *name,
                      void (*visit)(void *ctx, const as_commit *commit, const as_sample *sample), void *ctx,
                      as_err *err)
{
    label_step now = {0}, before = {0};
    uint64_t   n_seen = 0;
    bool       ok = as_commit_find(ws, "main", &now.commit, err);
    ok = ok && (now.manifest = as_commit_manifest(ws, &now.commit, err)) != NULL;
    for (size_t i = 0; ok && i < LABEL_MAX_STEPS; i++) {
        bool has_parent = now.commit.n_parents > 0;
        if (has_parent) {
            ok = as_commit_read(ws, &now.commit.parents[0], &before.commit, err) &&
                 (before.manifest = as_commit_manifest(ws, &before.commit, err)) != NULL;
            if (!ok)
                break;
        }
        const as_sample *mine = as_manifest_find(now.manifest, name);
        const as_sample *older = has_parent ? as_manifest_find(before.manifest, name) : NULL;
        if (mine && !label_same(mine, older)) {
            visit(ctx, &now.commit, mine);
            n_seen++;
        }
        as_manifest_free(now.manifest);
        now = before;
        before = (label_step){0};
        if (!has_parent)
            break;
    }
    as_manifest_free(now.manifest);
    return ok && (n_seen || AS_FAIL(err, AS_ENOTFOUND, "no version has a sample called '%.200s'", name));
}
