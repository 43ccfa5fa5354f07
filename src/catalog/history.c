/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "catalog/notes.h"
#include "catalog/rewritten.h"
#include "store/run.h"

static int digests_compare(const void *a, const void *b)
{
    return memcmp(((const as_digest *)a)->b, ((const as_digest *)b)->b, sizeof(as_digest));
}

void as_digest_list_sort(as_digest_list *digests)
{
    size_t n = 0;
    if (digests->n)
        qsort(digests->at, digests->n, sizeof *digests->at, digests_compare);
    for (size_t i = 0; i < digests->n; i++)
        if (n == 0 || !as_digest_equal(&digests->at[n - 1], &digests->at[i]))
            digests->at[n++] = digests->at[i];
    digests->n = n;
}

bool as_digest_list_has(const as_digest_list *sorted, const as_digest *digest)
{
    return sorted->n && bsearch(digest, sorted->at, sorted->n, sizeof *digest, digests_compare);
}

static bool history_push(as_digest_list *digests, const as_digest *digest, as_err *err)
{
    return as_vec_push(digests, *digest) || AS_FAIL(err, AS_ENOMEM, "cannot read the history: not enough memory");
}

/* What refs and runs name: `must` be there, or may be gone. */
typedef struct history_roots {
    as_digest_list must, may;
} history_roots;

static bool history_roots_find(as_workspace *ws, history_roots *roots, as_err *err)
{
    as_ref   *refs = NULL;
    as_run   *runs = NULL;
    size_t    n_refs, n_runs;
    as_digest digest;
    bool      ok = as_store_ref_list(ws->store, "", &refs, &n_refs, err);
    for (size_t i = 0; ok && i < n_refs; i++)
        if (as_digest_parse(refs[i].value, &digest)) /* what is not below data/ may name something else */
            ok = history_push(&roots->must, &digest, err);
        else if (as_str_starts(refs[i].name, "data/"))
            ok = AS_FAIL(err, AS_ECORRUPT, "ref '%s' is damaged: it names no version (see: assay data verify)",
                         refs[i].name);
    ok = ok && as_run_list(ws, &runs, &n_runs, err);
    for (size_t i = 0; runs && ok && i < n_runs; i++)
        if (as_digest_parse(runs[i].commit, &digest))
            ok = history_push(&roots->may, &digest, err);
    free(refs);
    free(runs);
    return ok;
}

static void history_roots_done(history_roots *roots)
{
    as_vec_done(&roots->must);
    as_vec_done(&roots->may);
}

typedef struct history_walk {
    as_workspace *ws;
    bool (*visit)(void *ctx, const as_commit *commit, as_err *err);
    void          *ctx;
    as_digest_list seen; /* sorted: visited ones */
    as_digest_list todo;
} history_walk;

/* Puts it at its place in `seen`; false and *ret_known when it is there. A chain is mostly long: what is new goes far. */
static bool history_see(history_walk *walk, const as_digest *digest, bool *ret_known, as_err *err)
{
    size_t low = 0, high = walk->seen.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(walk->seen.at[middle].b, digest->b, sizeof digest->b) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_known = low < walk->seen.n && as_digest_equal(&walk->seen.at[low], digest);
    if (*ret_known)
        return true;
    if (!history_push(&walk->seen, digest, err))
        return false;
    memmove(walk->seen.at + low + 1, walk->seen.at + low, (walk->seen.n - 1 - low) * sizeof *digest);
    walk->seen.at[low] = *digest;
    return true;
}

/* A ref may name something else than a commit; a parent may not. */
static bool history_read(history_walk *walk, const as_digest *id, bool must, bool may_be_other, as_commit *ret,
                         bool *ret_is, as_err *err)
{
    as_err why = AS_ERR_NONE;
    char   hex[AS_SHA256_HEX_BYTES];
    *ret_is = as_commit_read(walk->ws, id, ret, &why);
    if (*ret_is || (may_be_other && why.code == AS_EFORMAT) || (!must && why.code == AS_ENOTFOUND))
        return true;
    return as_err_set(err, why.code == AS_ENOTFOUND || why.code == AS_EFORMAT ? AS_ECORRUPT : why.code,
                      "history: version '%.12s' cannot be read: %s", as_digest_hex(id, hex), why.text);
}

static bool history_from(history_walk *walk, const as_digest *root, bool must, as_err *err)
{
    bool is_root = true, ok = history_push(&walk->todo, root, err);
    while (ok && walk->todo.n) {
        as_digest id = walk->todo.at[--walk->todo.n];
        as_commit commit;
        bool      known, is;
        ok = history_see(walk, &id, &known, err);
        if (ok && !known) {
            ok = history_read(walk, &id, must || !is_root, is_root, &commit, &is, err);
            for (size_t i = 0; ok && is && i < commit.n_parents; i++)
                ok = history_push(&walk->todo, &commit.parents[i], err);
            ok = ok && (!is || !walk->visit || walk->visit(walk->ctx, &commit, err));
        }
        is_root = false;
    }
    return ok;
}

bool as_history_walk(as_workspace *ws, bool (*visit)(void *ctx, const as_commit *commit, as_err *err), void *ctx,
                     as_err *err)
{
    history_walk  walk = {.ws = ws, .visit = visit, .ctx = ctx};
    history_roots roots = {0};
    bool          ok = history_roots_find(ws, &roots, err);
    for (size_t i = 0; ok && i < roots.must.n; i++)
        ok = history_from(&walk, &roots.must.at[i], true, err);
    for (size_t i = 0; ok && i < roots.may.n; i++)
        ok = history_from(&walk, &roots.may.at[i], false, err);
    history_roots_done(&roots);
    as_vec_done(&walk.seen);
    as_vec_done(&walk.todo);
    return ok;
}

typedef struct reach_job {
    as_workspace      *ws;
    const as_progress *progress;
    as_reach          *reach;
    as_digest_list     read;    /* manifests, sorted */
    size_t             compact; /* sort when so many are there: most are there many times */
} reach_job;

static bool reach_manifest(reach_job *job, const as_commit *commit, as_err *err)
{
    /* The same pictures under other labels: nothing new. */
    for (size_t i = 0; i < job->read.n; i++)
        if (as_digest_equal(&job->read.at[i], &commit->manifest))
            return true;
    as_manifest *manifest = as_commit_manifest(job->ws, commit, err);
    bool         ok = manifest && history_push(&job->read, &commit->manifest, err);
    for (size_t i = 0; ok && i < as_manifest_count(manifest); i++)
        ok = history_push(&job->reach->objects, &as_manifest_at(manifest, i)->image, err);
    as_manifest_free(manifest);
    if (ok && job->reach->objects.n > job->compact) {
        as_digest_list_sort(&job->reach->objects);
        job->compact = 2 * job->reach->objects.n + (1 << 20);
    }
    return ok;
}

bool as_version_objects(as_workspace *ws, const as_commit                                    *commit,
                        bool (*visit)(void *ctx, const as_digest *digest, as_err *err), void *ctx, as_err *err)
{
    as_digest now;
    bool      ok = visit(ctx, &commit->id, err) && as_commit_now(ws, &commit->manifest, &now, err) &&
              visit(ctx, &now, err) && as_commit_now(ws, &commit->labels, &now, err) && visit(ctx, &now, err);
    for (size_t i = 0; ok && i < commit->n_notes; i++)
        ok = as_commit_now(ws, &commit->notes[i], &now, err) && visit(ctx, &now, err);
    return ok;
}

static bool reach_push(void *ctx, const as_digest *digest, as_err *err)
{
    reach_job *job = ctx;
    return history_push(&job->reach->objects, digest, err);
}

static bool reach_visit(void *ctx, const as_commit *commit, as_err *err)
{
    reach_job *job = ctx;
    as_progress_step(job->progress, "reading versions", job->reach->n_commits++, 0);
    return as_progress_go_on(job->progress, err) && as_version_objects(job->ws, commit, reach_push, job, err) &&
           reach_manifest(job, commit, err);
}

bool as_reach_find(as_workspace *ws, const as_progress *progress, as_reach *ret, as_err *err)
{
    as_reach      reach = {.n_commits = 0};
    reach_job     job = {.ws = ws, .progress = progress, .reach = &reach, .compact = 1 << 20};
    history_roots roots = {0};
    bool          ok = history_roots_find(ws, &roots, err) && as_history_walk(ws, reach_visit, &job, err);
    for (size_t i = 0; ok && i < roots.must.n; i++)
        ok = history_push(&reach.objects, &roots.must.at[i], err);
    history_roots_done(&roots);
    as_vec_done(&job.read);
    as_digest_list_sort(&reach.objects);
    if (ok)
        *ret = reach;
    else
        as_reach_done(&reach);
    return ok;
}

void as_reach_done(as_reach *reach)
{
    as_vec_done(&reach->objects);
}
