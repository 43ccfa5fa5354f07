/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "catalog/erased.h"
#include "catalog/manifest.h"
#include "intake/state.h"

typedef struct restore_job {
    as_workspace         *ws;
    const as_restore_cfg *cfg;
    as_commit             newest;
    as_manifest          *old, *now; /* `old` without what was erased */
    as_manifest          *made;
    as_restore_result     result;
} restore_job;

static bool restore_wants(const restore_job *job, const char *name)
{
    for (size_t i = 0; i < job->cfg->n_names; i++)
        if (strcmp(job->cfg->names[i], name) == 0)
            return true;
    return job->cfg->n_names == 0;
}

/* Each name must be there, or one says what became of it. */
static bool restore_check_names(restore_job *job, const as_manifest *whole, as_err *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < job->cfg->n_names; i++) {
        const char *name = job->cfg->names[i];
        if (as_manifest_find(job->old, name))
            continue;
        if (as_manifest_find(whole, name))
            return AS_FAIL(err, AS_EGONE, "the picture of '%.200s' was erased: it does not come back", name);
        const size_t n = as_manifest_count(whole);
        const char **names = calloc(n + 1, sizeof *names);
        for (size_t k = 0; names && k < n; k++)
            names[k] = as_manifest_at(whole, k)->name;
        const char *near = names ? as_str_nearest(name, names, n) : NULL;
        ok = AS_FAIL(err, AS_ENOTFOUND, "'%.200s' has no sample '%.200s'%s%.200s%s", job->cfg->from, name,
                     near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
        free(names);
    }
    return ok;
}

/* Of two with one name the old one's. */
static bool restore_samples(restore_job *job, as_err *err)
{
    bool ok = true;
    for (size_t i = 0; ok && job->cfg->n_names && i < as_manifest_count(job->now); i++) {
        const as_sample *sample = as_manifest_at(job->now, i);
        if (!restore_wants(job, sample->name))
            ok = as_manifest_add(job->made, sample, err);
    }
    for (size_t i = 0; ok && i < as_manifest_count(job->old); i++) {
        const as_sample *sample = as_manifest_at(job->old, i);
        if (!restore_wants(job, sample->name))
            continue;
        ok = as_manifest_add(job->made, sample, err);
        job->result.n_restored++;
    }
    as_manifest_sort(job->made);
    return ok;
}

static bool restore_labels(restore_job *job, as_err *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < as_manifest_count(job->now); i++) {
        const as_sample *sample = as_manifest_at(job->now, i), *was = as_manifest_find(job->old, sample->name);
        ok = as_manifest_add(job->made, sample, err);
        if (!ok || !was || !restore_wants(job, sample->name) || !as_digest_equal(&was->image, &sample->image))
            continue;
        ok = as_manifest_set_label(job->made, i, was, err);
        job->result.n_restored++;
    }
    return ok;
}

/* Whether the manifest is the newest version's, to the byte. */
static bool restore_is_same(const restore_job *job, bool *ret, as_err *err)
{
    as_str text;
    as_str_init(&text);
    bool      ok = as_manifest_write(job->made, &text, err);
    as_digest manifest = as_sha256_of(text.s, text.len);
    as_str_clear(&text);
    ok = ok && as_labels_write(job->made, &text, err);
    as_digest labels = as_sha256_of(text.s, text.len);
    as_str_done(&text);
    *ret = as_digest_equal(&manifest, &job->newest.manifest) && as_digest_equal(&labels, &job->newest.labels);
    return ok;
}

static bool restore_commit(restore_job *job, as_err *err)
{
    as_commit commit = {.utc = as_clock_utc(), .n_parents = 1, .parents = {job->newest.id}};
    char      hex[AS_SHA256_HEX_BYTES], what[64] = "";
    bool      same = false;
    as_digest_hex(&job->result.from.id, hex);
    if (!restore_is_same(job, &same, err))
        return false;
    if (same)
        return AS_FAIL(err, AS_EINVAL, "nothing would change: the newest version is like that already");
    if (job->cfg->n_names)
        snprintf(what, sizeof what, " of %zu sample%s", job->cfg->n_names, job->cfg->n_names == 1 ? "" : "s");
    snprintf(commit.message, sizeof commit.message, "restore%s%s from %.12s", job->cfg->labels_only ? " labels" : "",
             what, hex);
    as_intake_author(commit.author, sizeof commit.author);
    if (!as_commit_write(job->ws, job->made, &commit, err))
        return false;
    job->result.commit = commit;
    return true;
}

bool as_restore(as_workspace *ws, const as_restore_cfg *cfg, as_restore_result *ret, as_err *err)
{
    restore_job  job = {.ws = ws, .cfg = cfg};
    as_manifest *whole = NULL;
    bool ok = as_commit_find(ws, cfg->from, &job.result.from, err) && as_commit_find(ws, "main", &job.newest, err);
    ok = ok && (whole = as_commit_manifest(ws, &job.result.from, err)) &&
         (job.old = as_manifest_present(ws, whole, &job.result.n_erased, err)) &&
         (job.now = as_commit_manifest(ws, &job.newest, err)) && (job.made = as_manifest_new(err));
    ok = ok && restore_check_names(&job, whole, err) &&
         (cfg->labels_only ? restore_labels : restore_samples)(&job, err) && restore_commit(&job, err);
    as_manifest_free(whole);
    as_manifest_free(job.old);
    as_manifest_free(job.now);
    as_manifest_free(job.made);
    if (ok)
        *ret = job.result;
    return ok;
}
