/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/eval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lab/learn_record.h"

as_measured as_eval_auroc(const double *bad, size_t n_bad, const double *good, size_t n_good)
{
    return as_measured_auroc(bad, n_bad, good, n_good, AS_MEASURED_LEVEL);
}

/* --- evidence --- */

static as_count eval_class_count(const as_judged *judged, const as_spec *spec, const as_requirement *req)
{
    int class = as_spec_class(spec, req->of);
    as_count count = {0};
    if (class < 0)
        return count;
    count.k = judged->confusion[class][class];
    for (size_t k = 0; k < spec->n_classes; k++)
        count.n += req->measure == AS_MEASURE_RECALL ? judged->confusion[class][k] : judged->confusion[k][class];
    return count;
}

/* False for a measure that pictures alone cannot answer. */
static bool eval_count(const as_judged *judged, const as_spec *spec, const as_requirement *req, as_count *ret)
{
    bool of_reject = req->of && strcmp(req->of, "reject") == 0;
    switch (req->measure) {
    case AS_MEASURE_RECALL:
        *ret = of_reject ? as_judged_recall(judged, spec) : eval_class_count(judged, spec, req);
        return true;
    case AS_MEASURE_PRECISION:
        *ret = of_reject ? as_judged_precision(judged, spec) : eval_class_count(judged, spec, req);
        return true;
    case AS_MEASURE_ESCAPE_RATE: *ret = as_judged_escapes(judged, spec); return true;
    case AS_MEASURE_OVERKILL_RATE: *ret = as_judged_overkill(judged, spec); return true;
    case AS_MEASURE_ACCURACY:
        *ret = (as_count){0, judged->n};
        for (size_t c = 0; c < spec->n_classes; c++)
            ret->k += judged->confusion[c][c];
        return true;
    default: return false;
    }
}

/* Is this one of the n that the requirement's rate is of? */
static bool eval_is_of(const as_spec *spec, const as_requirement *req, const as_outcome *outcome)
{
    bool of_reject = req->of && strcmp(req->of, "reject") == 0;
    int class = req->of && !of_reject ? as_spec_class(spec, req->of) : -1;
    switch (req->measure) {
    case AS_MEASURE_RECALL:
        return of_reject ? outcome->truth_verdict == AS_VERDICT_REJECT : (int)outcome->truth == class;
    case AS_MEASURE_PRECISION: return of_reject ? outcome->verdict == AS_VERDICT_REJECT : (int)outcome->found == class;
    case AS_MEASURE_ESCAPE_RATE: return outcome->truth_verdict == AS_VERDICT_REJECT;
    case AS_MEASURE_OVERKILL_RATE: return outcome->truth_verdict == AS_VERDICT_PASS;
    default: return true;
    }
}

/* 1 + (b - 1) rho with b = sum n_i^2 / sum n_i frames a part (Kish, Survey Sampling, 1965, section 5.4), and rho = 1: the
 * frames of a part all say the same. An estimate of rho from the few errors of a good model would be worth nothing. */
static bool eval_design_effect(const as_spec *spec, const as_requirement *req, const as_outcome *outcomes, size_t n,
                               double *ret, as_err *err)
{
    double   sum = 0, squares = 0;
    uint32_t most = 0;
    for (size_t i = 0; i < n; i++)
        most = AS_MAX(most, outcomes[i].part);
    uint64_t *counts = calloc((size_t)most + 1, sizeof *counts);
    if (!counts)
        return AS_FAIL(err, AS_ENOMEM, "cannot count the frames of %u parts", (unsigned)most + 1);
    for (size_t i = 0; i < n; i++)
        counts[outcomes[i].part] += eval_is_of(spec, req, &outcomes[i]);
    for (size_t i = 0; i <= most; i++) {
        sum += (double)counts[i];
        squares += (double)counts[i] * (double)counts[i];
    }
    free(counts);
    *ret = sum > 0 ? squares / sum : 1;
    return true;
}

/* An interval is as wide as the root of how many frames are worth one; macro F1 is drawn by parts already. */
static as_measured eval_widen(as_measured score, double design_effect)
{
    double wider = sqrt(AS_MAX(design_effect, 1.0));
    score.low = AS_MAX(score.value - (score.value - score.low) * wider, 0.0);
    score.high = AS_MIN(score.value + (score.high - score.value) * wider, 1.0);
    return score;
}

/* One-sided bounds at a confidence are the ends of the two-sided interval that leaves as much out on either side. */
static bool eval_one(const as_spec *spec, const as_requirement *req, const as_outcome *outcomes, size_t n,
                     as_evidence *ret, bool *ret_has, as_err *err)
{
    as_judged   judged;
    as_count    count;
    as_measured score;
    double      design_effect = 1;
    *ret_has = false;
    if (req->measure == AS_MEASURE_LATENCY || req->measure == AS_MEASURE_MEMORY ||
        req->measure == AS_MEASURE_STORED_FACES)
        return true;
    if (!as_judged_make(spec, outcomes, n, 2 * req->confidence - 1, &judged, err))
        return false;
    if (req->per == AS_PER_FRAME && !eval_design_effect(spec, req, outcomes, n, &design_effect, err))
        return false;
    *ret_has = true;
    if (eval_count(&judged, spec, req, &count)) {
        *ret = as_evidence_rate_clustered(req, count.k, count.n, design_effect);
        return true;
    }
    score = req->measure == AS_MEASURE_MACRO_F1 ? judged.macro_f1 : eval_widen(judged.auroc, design_effect);
    *ret_has = req->measure == AS_MEASURE_MACRO_F1 || req->measure == AS_MEASURE_AUROC;
    *ret = as_evidence_score(req, score.value, score.low, score.high, score.n);
    return true;
}

bool as_eval_evidence(const as_spec *spec, const as_outcome *frames, size_t n_frames, const as_outcome *parts,
                      size_t n_parts, as_evidence **ret, size_t *ret_n, as_err *err)
{
    size_t       n = 0;
    as_evidence *evidence = calloc(spec->n_requirements + 1, sizeof *evidence);
    if (!evidence)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold the evidence for %zu requirements", spec->n_requirements);
    for (size_t i = 0; i < spec->n_requirements; i++) {
        const as_requirement *req = &spec->requirements[i];
        bool                  frame = req->per == AS_PER_FRAME, has = false;
        if (!eval_one(spec, req, frame ? frames : parts, frame ? n_frames : n_parts, &evidence[n], &has, err)) {
            free(evidence);
            return false;
        }
        n += has;
    }
    *ret = evidence;
    *ret_n = n;
    return true;
}

/* --- a run judged --- */

typedef struct eval_job {
    as_workspace         *ws;
    const as_spec        *spec;
    as_run               *run;
    const as_session_cfg *cfg;
    const as_progress    *progress;
    as_dataset           *dataset;
    as_model_info         info;
    uint8_t              *model;
    size_t                n_model;
    as_outcome           *frames;
    size_t                n_frames;
} eval_job;

static bool eval_open(eval_job *job, as_split split, as_err *err)
{
    size_t n;
    job->dataset = as_dataset_open(job->ws, job->spec, job->run->commit, err);
    if (!job->dataset || !as_run_read_model(job->run, &job->model, &job->n_model, err))
        return false;
    as_dataset_split(job->dataset, split, &n);
    if (n == 0)
        return AS_FAIL(err, AS_EINVAL,
                       "commit %.12s, which run '%s' was trained on, has no picture in its %s split (another is "
                       "judged with --split)",
                       job->run->commit, job->run->id, as_split_name(split));
    as_graph *graph = as_graph_parse(job->model, job->n_model, job->run->id, err);
    bool      ok = graph && as_model_info_read(graph, &job->info, err);
    as_graph_free(graph);
    return ok || as_err_note(err, "run '%s'", job->run->id);
}

static bool eval_score(const eval_job *job, as_split split, as_scored **ret, size_t *ret_n, as_err *err)
{
    return as_score_split(job->dataset, split, job->model, job->n_model, job->run->id, job->cfg, job->progress, ret,
                          ret_n, err);
}

/* Only the test split moves the recorded point; another one is judged with the point as it is. */
static void eval_keep_point(const as_run *run, as_split split, as_eval *eval)
{
    if (split == AS_SPLIT_TEST || isnan(run->pass_below) || isnan(run->reject_from))
        return;
    eval->solution.point = (as_operating_point){run->pass_below, run->reject_from};
    eval->solution.cost = run->val_cost;
    eval->solution.macro_f1 = run->val_macro_f1;
    eval->solution.feasible = run->val_feasible;
    eval->solution.counts = run->val_counts;
}

/* The point is solved on the validation split, whichever split is judged. */
static bool eval_solve(eval_job *job, as_split split, as_eval *eval, as_err *err)
{
    as_scored  *scored = NULL;
    as_outcome *parts = NULL;
    size_t      n = 0, n_parts = 0;
    bool        ok = eval_score(job, AS_SPLIT_VALIDATION, &scored, &n, err) &&
              as_score_solve(job->dataset, job->spec, &job->info, scored, n, &eval->solution, err);
    eval_keep_point(job->run, split, eval);
    ok = ok && as_outcomes_make(job->dataset, job->spec, &job->info, &eval->solution.point, scored, n, AS_PER_PART,
                                &parts, &n_parts, err);
    eval->point = eval->solution.point;
    eval->point_feasible = eval->solution.feasible;
    eval->n_validation = n_parts;
    eval->n_erased = as_dataset_n_erased(job->dataset);
    free(parts);
    if (ok && split == AS_SPLIT_VALIDATION) {
        eval->scored = scored;
        eval->n_scored = n;
        return true;
    }
    free(scored);
    return ok;
}

static bool eval_judge(eval_job *job, as_eval *eval, as_err *err)
{
    const as_spec *spec = job->spec;
    return as_outcomes_make(job->dataset, spec, &job->info, &eval->point, eval->scored, eval->n_scored, AS_PER_FRAME,
                            &job->frames, &job->n_frames, err) &&
           as_outcomes_make(job->dataset, spec, &job->info, &eval->point, eval->scored, eval->n_scored, AS_PER_PART,
                            &eval->parts, &eval->n_parts, err) &&
           as_judged_make(spec, job->frames, job->n_frames, AS_MEASURED_LEVEL, &eval->frame, err) &&
           as_judged_make(spec, eval->parts, eval->n_parts, AS_MEASURED_LEVEL, &eval->part, err) &&
           as_outcomes_curve(eval->parts, eval->n_parts, &eval->pr, &eval->n_pr, err) &&
           as_outcomes_bins(eval->parts, eval->n_parts, eval->bins, &eval->n_bins, err) &&
           as_eval_evidence(spec, job->frames, job->n_frames, eval->parts, eval->n_parts, &eval->evidence,
                            &eval->n_evidence, err);
}

static bool eval_record(const eval_job *job, const as_eval *eval, as_err *err)
{
    char    name[64];
    json_t *json = as_eval_json(eval, job->spec, job->dataset, err);
    if (!json)
        return false;
    snprintf(name, sizeof name, "eval-%s.json", as_split_name(eval->split));
    bool ok = as_run_write_json(job->run, name, json, err) && as_learn_write_known(job->dataset, job->run, err);
    json_decref(json);
    if (!ok || eval->split != AS_SPLIT_TEST)
        return ok;
    /* The point first: evidence rests on it. */
    job->run->pass_below = eval->point.pass_below;
    job->run->reject_from = eval->point.reject_from;
    job->run->val_cost = eval->solution.cost;
    job->run->val_macro_f1 = eval->solution.macro_f1;
    job->run->val_feasible = eval->solution.feasible;
    job->run->val_counts = eval->solution.counts;
    return as_run_update(job->run, err) &&
           as_ledger_write(job->run, job->spec, "eval", eval->evidence, eval->n_evidence, err);
}

bool as_eval_run(as_workspace *ws, const as_spec *spec, as_run *run, as_split split, const as_session_cfg *cfg,
                 const as_progress *progress, as_eval *ret, as_err *err)
{
    as_ns    began = as_clock_mono();
    as_run   updated = *run;
    as_eval  eval = {.split = split};
    eval_job job = {.ws = ws, .spec = spec, .run = &updated, .cfg = cfg, .progress = progress};
    bool     ok = eval_open(&job, split, err) && eval_solve(&job, split, &eval, err);
    if (ok && split != AS_SPLIT_VALIDATION)
        ok = eval_score(&job, split, &eval.scored, &eval.n_scored, err);
    ok = ok && eval_judge(&job, &eval, err);
    eval.seconds = (double)(as_clock_mono() - began) / (double)AS_NS_PER_S;
    ok = ok && eval_record(&job, &eval, err);
    as_dataset_close(job.dataset);
    free(job.model);
    free(job.frames);
    if (ok) {
        *run = updated;
        *ret = eval;
    } else {
        as_eval_done(&eval);
    }
    return ok;
}

void as_eval_done(as_eval *eval)
{
    free(eval->pr);
    free(eval->scored);
    free(eval->parts);
    free(eval->evidence);
    *eval = (as_eval){0};
}
