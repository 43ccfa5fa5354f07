/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/backend_opt.h"
#include "cli/eval_print.h"
#include "cli/term.h"

#define EVAL_MAX_THREADS 256

static const char *const eval_splits[] = {"test", "validation", "train", NULL};

static const as_opt eval_opts[] = {
    {"split", 0, "SPLIT", "test, validation or train (default: test, the only one that is evidence)", eval_splits},
    AS_CLI_BACKEND_OPT("what runs the model (default: native; ort where a model needs it)"),
    {"threads", 'j', "N", "pictures judged at a time; the result is the same (default: all cores)", NULL},
};

/* A foreign backbone may hold an operator that the native back end lacks: unless one was asked for, the other judges. */
static bool eval_judge(as_cli *cli, as_workspace *ws, const as_spec *spec, as_run *run, as_split split,
                       as_session_cfg *cfg, as_eval *ret, as_err *err)
{
    as_err why = AS_ERR_NONE;
    bool   ok = as_eval_run(ws, spec, run, split, cfg, &cli->progress, ret, &why);
    if (!ok && why.code == AS_EUNSUPPORTED && !as_cli_opt(cli, "backend")) {
        as_term_say(cli, "%s: judged with ort", why.text);
        cfg->backend = "ort";
        return as_eval_run(ws, spec, run, split, cfg, &cli->progress, ret, err);
    }
    return ok || as_err_set(err, why.code, "%s", why.text);
}

/* What was written into the run, and whose it is. */
static bool eval_print_json(as_cli *cli, const as_eval *eval, const as_run *run, const char *backend, as_err *err)
{
    char    name[64];
    json_t *json = NULL;
    snprintf(name, sizeof name, "eval-%s.json", as_split_name(eval->split));
    if (!as_run_read_json(run, name, &json, err))
        return false;
    as_json_set(json, "run", json_string(run->id));
    as_json_set(json, "trainer", json_string(run->trainer));
    as_json_set(json, "commit", json_string(run->commit));
    as_json_set(json, "backend", json_string(backend));
    return as_cli_print_json(cli, json, err);
}

static bool eval_workspace(as_cli *cli, as_workspace *ws, as_split split, as_session_cfg *cfg, as_err *err)
{
    as_run   run;
    as_eval  eval = {0};
    as_spec *spec = as_spec_load(ws->spec_path, err);
    bool     ok = spec && as_run_find(ws, as_cli_arg(cli, 0), &run, err) &&
              eval_judge(cli, ws, spec, &run, split, cfg, &eval, err);
    as_term_progress_end(cli);
    const char *backend = cfg->backend ? cfg->backend : "native";
    if (ok)
        ok = cli->json ? eval_print_json(cli, &eval, &run, backend, err)
                       : as_eval_print(cli, &eval, spec, &run, backend, err);
    if (ok && eval.n_erased)
        as_term_say(cli, "%llu sample%s of this version %s erased: judged without %s",
                    (unsigned long long)eval.n_erased, eval.n_erased == 1 ? "" : "s",
                    eval.n_erased == 1 ? "was" : "were", eval.n_erased == 1 ? "it" : "them");
    as_eval_done(&eval);
    as_spec_free(spec);
    return ok;
}

static int eval_run(as_cli *cli, as_err *err)
{
    uint64_t       threads = 0;
    const char    *split = as_cli_opt(cli, "split");
    as_session_cfg cfg = {.backend = as_cli_opt(cli, "backend")};
    if (!as_cli_u64(cli, "threads", 1, EVAL_MAX_THREADS, &threads, err))
        return AS_VERB_FAILED;
    cfg.threads = (uint32_t)threads;
    as_workspace *ws = as_workspace_open(cli->dir, AS_WORKSPACE_WRITE, err);
    bool          ok = ws && eval_workspace(cli, ws, split ? as_split_parse(split) : AS_SPLIT_TEST, &cfg, err);
    as_workspace_close(ws);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_verb as_verb_eval = {
    .name = "eval",
    .summary = "measure how good a run's model is, with intervals",
    .usage = "[RUN]",
    .about =
        "Draws the line between pass and reject on the validation split (among the thresholds that meet the\n"
        "requirements on what is rejected, the one of least cost), then judges the test split with it: confusion\n"
        "matrix, precision, recall and F1 of each class, AUROC, calibration, the expected cost, and each requirement\n"
        "with what is proven. A part's worst frame speaks for it. Recall of reject counts the bad parts that were not\n"
        "passed (a person looks at those under review); precision of reject, of the rejected those that are bad.\n\n"
        "RUN is an id, its number or \"last\"; without it the current one (assay runs). Exit status 0 also when a\n"
        "requirement is missed: assay check judges.\n\n" AS_CLI_BACKEND_ABOUT,
    .examples = "  assay eval\n  assay eval 2-cnn --json\n  assay eval --split validation\n",
    .opts = eval_opts,
    .n_opts = AS_COUNT(eval_opts),
    .max_args = 1,
    .run = eval_run,
};
