/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/action.h"
#include "cli/quarantine_pick.h"

#define ACCEPT_MOST_OVERRULED 16

typedef struct accept_job {
    as_cli     *cli;
    as_pick     pick;
    as_decider  who;
    const char *overrule[ACCEPT_MOST_OVERRULED];
    size_t      n_overrule, n_taken;
    bool       *taken;                  /* of each that was picked */
    char (*text)[AS_DECIDE_TEXT_BYTES]; /* why not */
} accept_job;

static bool accept_options(accept_job *job, as_err *err)
{
    char why[AS_DECIDE_TEXT_BYTES];
    for (const char *name; (name = as_cli_opt_at(job->cli, "overrule", job->n_overrule));) {
        if (job->n_overrule == ACCEPT_MOST_OVERRULED)
            return AS_FAIL(err, AS_ELIMIT, "at most %d checks can be overruled", ACCEPT_MOST_OVERRULED);
        if (!as_decide_may_overrule(name, why))
            return AS_FAIL(err, AS_EINVAL, "%s", why);
        job->overrule[job->n_overrule++] = name;
    }
    return true;
}

static bool accept_each(accept_job *job, as_intake *intake, as_err *err)
{
    for (size_t i = 0; i < job->pick.n; i++) {
        if (!as_progress_go_on(&job->cli->progress, err) ||
            !as_decide_accept(intake, job->pick.at[i], &job->who, job->overrule, job->n_overrule, &job->taken[i],
                              job->text[i], err))
            return false;
        job->n_taken += job->taken[i];
        as_progress_step(&job->cli->progress, "accepting", i + 1, job->pick.n);
    }
    as_term_progress_end(job->cli);
    return true;
}

static bool accept_write(accept_job *job, as_workspace *ws, as_intake *intake, as_commit *ret, as_err *err)
{
    char message[sizeof ret->message];
    snprintf(message, sizeof message, "quarantine: %zu picture%s accepted, %.400s", job->n_taken,
             job->n_taken == 1 ? "" : "s", job->who.reason);
    if (!as_intake_split(intake, 1, err) || !as_intake_commit(intake, message, ret, err))
        return false;
    /* The version has them: a record that cannot be written now says so by its hash (kept), and nothing is lost. */
    for (size_t i = 0; i < job->pick.n; i++)
        if (job->taken[i] &&
            !as_decide_accepted(ws, job->pick.at[i], &job->who, job->overrule, job->n_overrule, ret, err))
            return false;
    return as_quarantine_sync(ws, err);
}

static bool accept_print(accept_job *job, const as_commit *commit, as_err *err)
{
    as_cli *cli = job->cli;
    char    hex[AS_SHA256_HEX_BYTES];
    as_digest_hex(&commit->id, hex);
    if (cli->json) {
        json_t *json = json_object(), *accepted = json_array(), *left = json_array();
        for (size_t i = 0; i < job->pick.n; i++) {
            const char *name = as_pick_text(job->pick.at[i], "name");
            if (job->taken[i])
                json_array_append_new(accepted, json_string(name));
            else
                json_array_append_new(left, json_pack("{s:s, s:s}", "name", name, "text", job->text[i]));
        }
        as_json_set(json, "accepted", accepted);
        as_json_set(json, "left", left);
        as_json_set(json, "commit", json_string(hex));
        return as_cli_print_json(cli, json, err);
    }
    for (size_t i = 0; i < job->pick.n; i++) {
        const char *name = as_pick_text(job->pick.at[i], "name");
        if (job->taken[i])
            fprintf(cli->out, "%saccepted%s %s\n", as_term_style(cli, AS_STYLE_GOOD), as_term_plain(cli), name);
        else
            fprintf(cli->out, "%sleft%s     %s: %s\n", as_term_style(cli, AS_STYLE_WARN), as_term_plain(cli), name,
                    job->text[i]);
    }
    fprintf(cli->out, "commit %.12s (%llu samples)\n", hex, (unsigned long long)commit->n_samples);
    return true;
}

static bool accept_picked(accept_job *job, as_workspace *ws, as_err *err)
{
    as_commit commit;
    as_spec  *spec = as_spec_load(ws->spec_path, err);
    job->taken = calloc(job->pick.n + 1, sizeof *job->taken);
    job->text = calloc(job->pick.n + 1, sizeof *job->text);
    bool       ok = spec && ((job->taken && job->text) || AS_FAIL(err, AS_ENOMEM, "out of memory"));
    as_intake *intake = ok ? as_intake_open(ws, spec, err) : NULL;
    ok = intake && accept_each(job, intake, err);
    if (ok && job->n_taken == 0)
        ok = AS_FAIL(err, AS_EINVAL, "'%.200s' was not accepted: %s", as_pick_text(job->pick.at[0], "name"),
                     job->text[0]);
    ok = ok && accept_write(job, ws, intake, &commit, err) && accept_print(job, &commit, err);
    as_intake_close(intake);
    as_spec_free(spec);
    free(job->taken);
    free(job->text);
    return ok;
}

static int quarantine_accept(as_cli *cli, as_workspace *ws, as_err *err)
{
    accept_job job = {.cli = cli};
    char       author[128];
    if (!as_pick_decider(cli, author, sizeof author, &job.who, err) || !accept_options(&job, err) ||
        !as_pick_read(cli, ws, "waiting", true, &job.pick, err))
        return AS_VERB_FAILED;
    bool   ok = accept_picked(&job, ws, err);
    size_t n = job.pick.n;
    as_pick_done(&job.pick);
    return !ok ? AS_VERB_FAILED : job.n_taken == n ? 0 : 1;
}

const as_action as_quarantine_action_accept = {
    .name = "accept",
    .usage = "[NAME]... [--check CHECK] [--where QUERY] --reason TEXT [--overrule CHECK]",
    .about = "brings them in after all, with their labels, as a new version; exit status 1 when some had to stay",
    .min_args = 0,
    .max_args = -1,
    .mode = AS_WORKSPACE_WRITE,
    .run = quarantine_accept,
};
