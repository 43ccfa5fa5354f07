/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/learn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lab/learn_record.h"
#include "lab/samples.h"
#include "lab/score.h"

#define LEARN_THREADS 2 /* what trainers take for 0 */

typedef struct learn {
    as_workspace         *ws;
    const as_spec        *spec;
    const as_trainer     *trainer;
    const as_trainer_cfg *cfg;
    const as_progress    *progress;
    as_dataset           *dataset;
    as_run                run;
    as_trained            trained;
    as_str                model;
    as_scored            *scored;
    size_t                n_scored;
    as_solution           solution;
    const char           *backend; /* that scored the validation split */
} learn;

/* What is missing is told before any work. */
static bool learn_has_enough(const learn *l, as_err *err)
{
    size_t     n = 0;
    as_samples train = {0};
    if (!as_samples_open(l->dataset, l->spec, AS_SPLIT_TRAIN, &train, err))
        return false;
    as_samples_done(&train);
    as_dataset_split(l->dataset, AS_SPLIT_VALIDATION, &n);
    if (n)
        return true;
    return AS_FAIL(
        err, AS_EINVAL,
        "the validation split is empty, and the operating point is solved on it (import more pictures: assay "
        "import FOLDER)");
}

/* The draft folder is made before the hours of work: a read-only workspace is told at once. */
static bool learn_begin(learn *l, as_err *err)
{
    uint8_t  *text = NULL;
    size_t    n = 0;
    as_digest digest;
    if (!as_run_begin(l->ws, &l->run, err))
        return false;
    as_str_copy(l->run.trainer, sizeof l->run.trainer, l->trainer->name);
    as_digest_hex(&as_dataset_commit(l->dataset)->id, l->run.commit);
    l->run.commit_utc = as_dataset_commit(l->dataset)->utc;
    l->run.classes = as_spec_classes_crc(l->spec);
    l->run.seed = l->cfg->seed;
    l->run.threads = l->cfg->threads ? l->cfg->threads : LEARN_THREADS;
    if (!as_fs_read(l->ws->spec_path, AS_SPEC_MAX_BYTES, &text, &n, err))
        return false;
    digest = as_sha256_of(text, n);
    as_digest_hex(&digest, l->run.spec);
    bool ok = as_run_write_file(&l->run, "spec.yaml", text, n, err);
    free(text);
    return ok;
}

/* The one file: with what it says of itself. */
static bool learn_model(learn *l, as_err *err)
{
    return as_model_info_write(&l->trained.info, l->trained.graph, err) &&
           as_graph_set_meta(l->trained.graph, "assay.commit", l->run.commit, err) &&
           as_graph_write(l->trained.graph, &l->model, err);
}

static bool learn_score_with(learn *l, const char *backend, as_err *err)
{
    const as_session_cfg cfg = {.backend = backend, .threads = 1};
    l->backend = backend;
    return as_score_split(l->dataset, AS_SPLIT_VALIDATION, (const uint8_t *)l->model.s, l->model.len, "model.onnx",
                          &cfg, l->progress, &l->scored, &l->n_scored, err);
}

/* A foreign backbone may hold an operator that the native back end lacks: then the other one scores. */
static bool learn_score(learn *l, as_err *err)
{
    as_err why = AS_ERR_NONE;
    bool   ok = learn_score_with(l, "native", &why);
    if (!ok && why.code == AS_EUNSUPPORTED)
        ok = learn_score_with(l, "ort", &why);
    if (!ok)
        return as_err_set(err, why.code, "%s", why.text);
    if (!as_score_solve(l->dataset, l->spec, &l->trained.info, l->scored, l->n_scored, &l->solution, err))
        return false;
    l->run.pass_below = l->solution.point.pass_below;
    l->run.reject_from = l->solution.point.reject_from;
    l->run.val_cost = l->solution.cost;
    l->run.val_macro_f1 = l->solution.macro_f1;
    l->run.val_feasible = l->solution.feasible;
    l->run.val_counts = l->solution.counts;
    return true;
}

static bool learn_finish(learn *l, as_err *err)
{
    const as_learn_record record = {.run = &l->run,
                                    .dataset = l->dataset,
                                    .trained = &l->trained,
                                    .scored = l->scored,
                                    .n_scored = l->n_scored,
                                    .solution = &l->solution,
                                    .backend = l->backend};
    json_t               *details = as_learn_details(&record, err);
    bool ok = details && as_learn_write_known(l->dataset, &l->run, err) && as_learn_write_curve(&record, err) &&
              as_learn_write_scores(&record, err) &&
              as_run_finish(l->ws, &l->run, (const uint8_t *)l->model.s, l->model.len, details, err);
    json_decref(details);
    return ok;
}

static bool learn_run(learn *l, const char *commit, as_err *err)
{
    as_ns begin = as_clock_mono();
    l->dataset = as_dataset_open(l->ws, l->spec, commit, err);
    if (!l->dataset || !learn_has_enough(l, err) || !learn_begin(l, err) ||
        !l->trainer->train(l->dataset, l->spec, l->cfg, l->progress, &l->trained, err) || !learn_model(l, err) ||
        !learn_score(l, err))
        return false;
    l->run.seconds = (double)(as_clock_mono() - begin) / (double)AS_NS_PER_S;
    return as_progress_go_on(l->progress, err) && learn_finish(l, err);
}

bool as_learn(as_workspace *ws, const as_spec *spec, const char *commit, const as_trainer *trainer,
              const as_trainer_cfg *cfg, const as_progress *progress, as_run *ret, as_err *err)
{
    learn l = {.ws = ws, .spec = spec, .trainer = trainer, .cfg = cfg, .progress = progress};
    as_str_init(&l.model);
    bool ok = learn_run(&l, commit, err);
    if (ok)
        *ret = l.run;
    else if (l.run.dir[0])
        as_run_drop(&l.run);
    as_trained_done(&l.trained);
    as_str_done(&l.model);
    free(l.scored);
    as_dataset_close(l.dataset);
    return ok;
}
