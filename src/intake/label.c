/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/label.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/vec.h"
#include "catalog/catalog.h"
#include "intake/say.h"
#include "intake/state.h"

typedef struct label_job {
    const as_label_cfg *cfg;
    as_manifest        *manifest;
    AS_VEC(size_t) selected; /* places in the manifest */
    char  by[AS_SAY_BY_BYTES];
    as_ns utc;
    bool  failed;
} label_job;

static bool label_select_name(label_job *job, const char *name, as_err *err)
{
    size_t at;
    return as_say_find(job->manifest, name, &at, err) &&
           (as_vec_push(&job->selected, at) || AS_FAIL(err, AS_ENOMEM, "not enough memory"));
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
    bool             changed;
    if (!*label && !job->cfg->label && !job->cfg->labels)
        return AS_FAIL(err, AS_EINVAL, "sample '%.200s' has no label that could be reviewed", was->name);
    as_sample now = {.label = label, .state = job->cfg->state, .by = job->by, .said_utc = job->utc};
    as_vote   room;
    /* Outlines stay with the class: of a vote those that he drew himself. */
    const as_vote *mine = job->cfg->is_vote && was->state >= AS_LABEL_GIVEN ? as_said_by(was, job->by, &room) : NULL;
    if (mine && strcmp(label, mine->label) == 0) {
        now.findings = mine->findings;
        now.n_findings = mine->n_findings;
    } else if (*label && strcmp(label, was->label) == 0 && (!job->cfg->is_vote || was->state < AS_LABEL_GIVEN)) {
        now.findings = was->findings;
        now.n_findings = was->n_findings;
        if (now.state == was->state && !*was->by) /* nobody else to agree with */
            return true;
    }
    if (!as_say(job->manifest, at, &now, job->cfg->is_vote, &changed, err))
        return false;
    *n_changed += changed;
    return true;
}

bool as_label_apply(as_workspace *ws, const as_label_cfg *cfg, as_label_result *ret, as_err *err)
{
    label_job       job = {.cfg = cfg};
    as_label_result result = {0};
    as_commit       newest;
    char            message[512];
    if (cfg->label && *cfg->label && !as_intake_check_class(cfg->spec, cfg->label, "label", "", err))
        return false;
    as_say_who(cfg->by, job.by);
    job.utc = cfg->utc ? cfg->utc : as_clock_utc();
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
    snprintf(message, sizeof message, "label: %llu sample%s %s%.100s%s by %.200s", (unsigned long long)result.n_changed,
             result.n_changed == 1 ? "" : "s",
             cfg->label ? result.n_changed == 1 ? "is " : "are " : as_label_state_name(cfg->state),
             cfg->label ? *cfg->label ? cfg->label : "nothing" : "", cfg->is_vote ? " (vote)" : "", job.by);
    ok = ok && as_say_commit(ws, cfg->spec, job.manifest, cfg->seed, &newest, NULL, message, &result.commit, err);
    as_manifest_free(job.manifest);
    as_vec_done(&job.selected);
    if (ok)
        *ret = result;
    return ok;
}
