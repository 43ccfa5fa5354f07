/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/parity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lab/backbone.h"
#include "lab/folds.h"
#include "lab/lanes.h"

/* A row while it is compared: its model's file, and how a session of it is opened. */
typedef struct parity_side {
    as_str         model;
    as_session_cfg session;
} parity_side;

typedef struct parity_job {
    as_parity           *parity;
    const as_parity_cfg *cfg;
    const as_progress   *progress;
    const as_precision  *own; /* of the model as it stands */
    parity_side          sides[AS_PARITY_MAX_ROWS];
    size_t               n_outputs;
    double *apart, *largest; /* as_answer_apart(): row x picture x output; picture x output, of the reference */
} parity_job;

/* --- what is compared --- */

static bool parity_read_foreign(parity_job *job, const as_graph *graph, as_err *err)
{
    static const as_trainer_cfg nothing = {0};
    char                        text[AS_TENSOR_MAX_RANK * 24];
    const as_value *in = as_graph_n_inputs(graph) == 1 ? as_graph_value(graph, as_graph_input(graph, 0)) : NULL;
    as_input_spec  *input = &job->parity->info.input;
    if (!in)
        return AS_FAIL(err, AS_EINVAL, "model '%s' has %zu inputs: one picture is needed", job->cfg->name,
                       as_graph_n_inputs(graph));
    const int64_t *dims = in->shape.dims;
    if (!in->has_shape || in->shape.rank != 4 || (in->dtype != AS_DTYPE_F32 && in->dtype != AS_DTYPE_F16) ||
        (dims[1] != 1 && dims[1] != 3) || dims[2] < 1 || dims[3] < 1 || dims[2] > 4096 || dims[3] > 4096)
        return AS_FAIL(
            err, AS_EINVAL,
            "input '%s' of model '%s' is %s %s: a picture N x 3 x H x W (or 1 channel) of f32 or f16 is needed "
            "(where a size is open say it, as: --input NAME=1x3x224x224)",
            in->name, job->cfg->name, as_dtype_name(in->dtype),
            in->has_shape ? as_shape_text(&in->shape, text, sizeof text) : "");
    *input = (as_input_spec){.channels = (uint32_t)dims[1], .height = (uint32_t)dims[2], .width = (uint32_t)dims[3]};
    return as_backbone_input(job->cfg->input ? job->cfg->input : &nothing, graph, input, &job->parity->input_from, err);
}

static bool parity_read_model(parity_job *job, const as_spec *spec, as_err *err)
{
    as_parity *parity = job->parity;
    as_graph  *graph = as_graph_parse(job->cfg->model, job->cfg->n_model, job->cfg->name, err);
    if (!graph)
        return false;
    as_operating_point point;
    bool               ok = true;
    job->own = as_precision_of(graph);
    parity->has_labels = as_graph_meta(graph, "model_type") && as_graph_meta(graph, "labels");
    parity->has_point = parity->has_labels && job->cfg->run;
    if (!parity->has_labels)
        ok = parity_read_foreign(job, graph, err);
    else
        ok = as_model_info_read(graph, &parity->info, err) || as_err_note(err, "model '%s'", job->cfg->name);
    if (ok && parity->has_point) {
        point = (as_operating_point){job->cfg->run->pass_below, job->cfg->run->reject_from};
        ok = isfinite(point.pass_below)
                 ? as_policy_make(spec, &parity->info, &point, &parity->policy, err)
                 : AS_FAIL(err, AS_EINVAL, "run '%s' has no operating point yet (solve it with: assay eval %s)",
                           job->cfg->run->id, job->cfg->run->id);
    }
    as_graph_free(graph);
    return ok;
}

static bool parity_read_data(parity_job *job, as_err *err)
{
    as_parity *parity = job->parity;
    size_t     n = as_dataset_count(parity->dataset);
    parity->samples = calloc(n + 1, sizeof *parity->samples);
    parity->groups = calloc(n + 1, sizeof *parity->groups);
    if (!parity->samples || !parity->groups)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu pictures", n);
    for (size_t i = 0; i < n; i++)
        if (job->cfg->split == AS_SPLIT_NONE || as_dataset_sample(parity->dataset, i)->split == job->cfg->split)
            parity->samples[parity->n++] = (uint32_t)i;
    if (parity->n == 0)
        return AS_FAIL(err, AS_EINVAL, "commit '%s' has no picture%s%s%s", job->cfg->commit,
                       job->cfg->split ? " in its " : "", job->cfg->split ? as_split_name(job->cfg->split) : "",
                       job->cfg->split ? " split (all of them without --split)" : "");
    parity->n_erased = as_dataset_n_erased(parity->dataset);
    if (!as_folds_group(parity->dataset, parity->samples, parity->n, parity->groups, err))
        return false;
    for (size_t i = 0; i < parity->n; i++)
        parity->n_parts += parity->groups[i] == i;
    return true;
}

/* --- the rows --- */

static void parity_add_row(parity_job *job, const char *backend, const as_precision *precision)
{
    as_parity *parity = job->parity;
    if (parity->n_rows < AS_PARITY_MAX_ROWS)
        parity->rows[parity->n_rows++] = (as_parity_row){.backend = backend, .precision = precision};
}

static void parity_add_rows(parity_job *job, const as_precision *precision)
{
    const as_parity_cfg *cfg = job->cfg;
    /* What chooses among the others has no arithmetic of its own. */
    for (size_t i = 0; cfg->n_backends == 0 && as_backend_at(i); i++)
        if (!as_backend_at(i)->chosen)
            parity_add_row(job, as_backend_at(i)->name, precision);
    if (cfg->n_backends == 1 && strcmp(cfg->backends[0], "native") != 0)
        parity_add_row(job, "native", precision);
    for (size_t i = 0; i < cfg->n_backends; i++)
        parity_add_row(job, cfg->backends[i], precision);
}

static bool parity_check_backends(const as_parity_cfg *cfg, as_err *err)
{
    for (size_t i = 0; i < cfg->n_backends; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(cfg->backends[i], cfg->backends[k]) == 0)
                return AS_FAIL(err, AS_EINVAL, "back end '%.100s' is named twice", cfg->backends[i]);
    return true;
}

static as_eye *parity_open(const parity_job *job, size_t row, as_err *err)
{
    const parity_side   *side = &job->sides[row];
    as_eye_cfg           cfg = {.model = (const uint8_t *)side->model.s,
                                .n_model = side->model.len,
                                .name = job->cfg->name,
                                .input = job->parity->has_labels ? NULL : &job->parity->info.input,
                                .session = side->session};
    const as_parity_row *of = &job->parity->rows[row];
    /* What was chosen once is what every thread runs. */
    cfg.session.backend = *of->runs_on && strcmp(of->backend, "auto") == 0 ? of->runs_on : of->backend;
    cfg.session.threads = 1; /* so that sums do not depend on how many there are */
    return as_eye_open(&cfg, err);
}

/* Rows of one precision stand together: its model is made once, and copied. */
static bool parity_make(parity_job *job, size_t row, as_err *err)
{
    as_parity          *parity = job->parity;
    const as_precision *precision = parity->rows[row].precision;
    parity_side        *side = &job->sides[row];
    as_precision_job    make = {.dataset = parity->dataset,
                                .model = job->cfg->model,
                                .n_model = job->cfg->n_model,
                                .name = job->cfg->name,
                                .info = parity->has_labels ? &parity->info : NULL,
                                .input = &parity->info.input,
                                .n_calibrate = job->cfg->calibrate ? job->cfg->calibrate : AS_PRECISION_CALIBRATE,
                                .progress = job->progress};
    if (row && parity->rows[row - 1].precision == precision) {
        if (!job->sides[row - 1].model.len) /* it could not be made */
            return as_err_set(err, parity->rows[row - 1].why.code, "%s", parity->rows[row - 1].why.text);
        side->session = job->sides[row - 1].session;
        as_str_add_bytes(&side->model, job->sides[row - 1].model.s, job->sides[row - 1].model.len);
        return as_str_ok(&side->model) || AS_FAIL(err, AS_ENOMEM, "cannot hold model '%s'", job->cfg->name);
    }
    return precision == job->own ? as_precision_at(0)->make(&make, &side->model, &side->session, err)
                                 : precision->make(&make, &side->model, &side->session, err);
}

/* A model without convolutions would be computed in f32, and compared with itself. */
static bool parity_is_had(const parity_job *job, size_t row, const as_eye *eye, as_err *err)
{
    const as_floats asked = job->sides[row].session.precision;
    return asked != AS_FLOATS_BF16 || as_eye_precision(eye) == asked ||
           AS_FAIL(err, AS_EUNSUPPORTED, "nothing of this model is computed in %s",
                   job->parity->rows[row].precision->name);
}

/* A precision that was asked for must have run in one back end, a back end that was named in one precision. */
static bool parity_ran_each(const parity_job *job, as_err *err)
{
    const as_parity *parity = job->parity;
    for (size_t i = 0; i < parity->n_rows; i++) {
        const as_parity_row *row = &parity->rows[i];
        bool                 precision = row->precision == job->own || job->cfg->lenient;
        bool                 backend = job->cfg->n_backends == 0;
        for (size_t k = 0; k < parity->n_rows; k++) {
            const as_parity_row *other = &parity->rows[k];
            precision = precision || (other->precision == row->precision && other->ran);
            backend = backend || (strcmp(other->backend, row->backend) == 0 && other->ran);
        }
        if (!backend)
            return as_err_set(err, row->why.code, "%.100s: %s", row->backend, row->why.text);
        if (!precision)
            return as_err_set(err, row->why.code, "%s: %s", row->precision->name, row->why.text);
    }
    return true;
}

static bool parity_are_two(const as_parity *parity, as_err *err)
{
    size_t n_running = 0;
    for (size_t i = 0; i < parity->n_rows; i++)
        n_running += parity->rows[i].ran;
    if (n_running >= 2)
        return true;
    for (size_t i = 0; i < parity->n_rows; i++)
        if (!parity->rows[i].ran)
            return AS_FAIL(err, parity->rows[i].why.code, "there are not two to compare: %.100s %s cannot run: %s",
                           parity->rows[i].backend, parity->rows[i].precision->name, parity->rows[i].why.text);
    return AS_FAIL(err, AS_EINVAL,
                   "there are not two to compare: %s %s is alone (name another back end, or a precision)",
                   parity->rows[0].backend, parity->rows[0].precision->name);
}

/* Opened once to see whether it runs. */
static void parity_try_row(parity_job *job, size_t i)
{
    as_parity     *parity = job->parity;
    as_parity_row *row = &parity->rows[i];
    as_eye        *eye = NULL;
    row->ran = parity_make(job, i, &row->why) && (eye = parity_open(job, i, &row->why)) &&
               parity_is_had(job, i, eye, &row->why);
    if (row->ran)
        as_str_copy(row->runs_on, sizeof row->runs_on, as_eye_runs_on(eye));
    if (row->ran && parity->reference == SIZE_MAX) {
        job->n_outputs = as_eye_n_outputs(eye);
        parity->reference = i;
    }
    as_eye_close(eye);
}

static bool parity_make_rows(parity_job *job, as_err *err)
{
    as_parity *parity = job->parity;
    if (!parity_check_backends(job->cfg, err))
        return false;
    parity_add_rows(job, job->own);
    if (job->cfg->int8 && job->own != as_precision_find("int8"))
        parity_add_rows(job, as_precision_find("int8"));
    if (job->cfg->bf16)
        parity_add_rows(job, as_precision_find("bf16"));
    parity->reference = SIZE_MAX;
    for (size_t i = 0; i < parity->n_rows; i++) {
        const as_err *why = &parity->rows[i].why;
        parity_try_row(job, i);
        if (why->code == AS_ECANCELLED || why->code == AS_ENOMEM)
            return as_err_set(err, why->code, "%s", why->text);
    }
    return parity_ran_each(job, err) && parity_are_two(parity, err);
}

/* --- judging --- */

typedef struct parity_lane {
    as_eye *eyes[AS_PARITY_MAX_ROWS];
} parity_lane;

static void parity_lane_close(void *ctx, void *tools)
{
    parity_lane *lane = tools;
    (void)ctx;
    for (size_t i = 0; lane && i < AS_PARITY_MAX_ROWS; i++)
        as_eye_close(lane->eyes[i]);
    free(lane);
}

static void *parity_lane_open(void *ctx, as_err *err)
{
    const parity_job *job = ctx;
    parity_lane      *lane = calloc(1, sizeof *lane);
    if (!lane) {
        AS_FAIL(err, AS_ENOMEM, "cannot open model '%s'", job->cfg->name);
        return NULL;
    }
    for (size_t i = 0; i < job->parity->n_rows; i++)
        if (job->parity->rows[i].ran && !(lane->eyes[i] = parity_open(job, i, err))) {
            parity_lane_close(ctx, lane);
            return NULL;
        }
    return lane;
}

/* An answer that is no distribution is a fault on the line, not the end of the comparison. */
static bool parity_look(parity_job *job, as_eye *eye, size_t row, size_t i, const as_image *image, as_answer *ret,
                        bool *ret_fault, as_err *err)
{
    as_parity        *parity = job->parity;
    as_parity_answer *answer = &parity->rows[row].answers[i];
    as_reason         reason;
    as_err            why = AS_ERR_NONE;
    *ret_fault = !as_eye_look(eye, image, ret, &why);
    if (*ret_fault) {
        *answer = (as_parity_answer){.verdict = AS_VERDICT_FAULT, .best = UINT32_MAX, .reject_score = NAN};
        return why.code == AS_EINTERNAL || as_err_set(err, why.code, "%s: %s, picture '%s'", parity->rows[row].backend,
                                                      why.text, as_parity_name(parity, i));
    }
    *answer = (as_parity_answer){.best = ret->best, .reject_score = NAN};
    for (uint32_t k = 0; ret->scores && k < ret->scores->n; k++)
        parity->rows[row].scores[i * parity->info.n_labels + k] = ret->scores->p[k];
    if (!ret->scores || !parity->has_point)
        return true;
    answer->reject_score = as_policy_reject_score(&parity->policy, ret->scores);
    answer->verdict = as_policy_verdict(&parity->policy, ret->scores, &reason);
    return true;
}

static void parity_compare(as_parity_answer *answer, const as_parity_answer *reference)
{
    answer->flipped_verdict = answer->verdict != reference->verdict;
    answer->flipped_class = answer->best != reference->best;
    answer->flipped_numbers =
        isinf(answer->difference) || (reference->best == UINT32_MAX && answer->best == UINT32_MAX &&
                                      answer->verdict == AS_VERDICT_NONE && answer->difference > AS_PARITY_APART);
}

bool as_parity_flipped(const as_parity_answer *answer)
{
    return answer->flipped_verdict || answer->flipped_class || answer->flipped_numbers;
}

static bool parity_one_row(parity_job *job, const parity_lane *lane, size_t row, size_t i, const as_image *image,
                           const as_answer *reference, bool reference_fault, as_err *err)
{
    as_parity *parity = job->parity;
    as_answer  answer;
    bool       fault;
    if (!parity_look(job, lane->eyes[row], row, i, image, &answer, &fault, err))
        return false;
    double *apart = &job->apart[(row * parity->n + i) * job->n_outputs];
    if (fault || reference_fault)
        apart[0] = fault && reference_fault ? 0 : (double)INFINITY;
    else
        as_answer_apart(reference, &answer, apart, &job->largest[i * job->n_outputs]);
    return true;
}

/* When all pictures are looked at: an output is measured by the largest number it ever has, since what a detector that finds
 * nothing answers is nearly nothing. */
static void parity_measure(parity_job *job)
{
    as_parity *parity = job->parity;
    for (size_t k = 0; k < job->n_outputs; k++) {
        double scale = parity->has_labels ? 1 : 1e-30;
        for (size_t i = 0; !parity->has_labels && i < parity->n; i++)
            scale = fmax(scale, job->largest[i * job->n_outputs + k]);
        for (size_t row = 0; row < parity->n_rows; row++)
            for (size_t i = 0; parity->rows[row].ran && i < parity->n; i++) {
                double *difference = &parity->rows[row].answers[i].difference;
                *difference = fmax(*difference, job->apart[(row * parity->n + i) * job->n_outputs + k] / scale);
            }
    }
    for (size_t row = 0; row < parity->n_rows; row++)
        for (size_t i = 0; parity->rows[row].ran && i < parity->n; i++)
            parity_compare(&parity->rows[row].answers[i], &parity->rows[parity->reference].answers[i]);
}

static bool parity_one(void *ctx, void *tools, size_t i, as_err *err)
{
    parity_job        *job = ctx;
    const parity_lane *lane = tools;
    as_parity         *parity = job->parity;
    as_image           image = {0};
    as_answer          reference = {0};
    bool               fault = false;
    bool               ok = as_dataset_decode(parity->dataset, parity->samples[i], &image, err) &&
              parity_look(job, lane->eyes[parity->reference], parity->reference, i, &image, &reference, &fault, err);
    for (size_t row = 0; ok && row < parity->n_rows; row++)
        if (row != parity->reference && parity->rows[row].ran)
            ok = parity_one_row(job, lane, row, i, &image, &reference, fault, err);
    as_image_done(&image);
    return ok;
}

static bool parity_judge(parity_job *job, as_err *err)
{
    as_parity *parity = job->parity;
    as_lanes   lanes = {.n = parity->n,
                        .threads = job->cfg->threads,
                        .what = "judging pictures",
                        .ctx = job,
                        .open = parity_lane_open,
                        .item = parity_one,
                        .close = parity_lane_close};
    size_t     n_numbers;
    if (!as_size_mul(parity->n, job->n_outputs, &n_numbers) ||
        !(job->apart = calloc(n_numbers, AS_PARITY_MAX_ROWS * sizeof *job->apart)) ||
        !(job->largest = calloc(n_numbers, sizeof *job->largest)))
        return AS_FAIL(err, AS_ENOMEM, "cannot hold the answers for %zu pictures", parity->n);
    for (size_t i = 0; i < parity->n_rows; i++) {
        size_t         n_scores;
        as_parity_row *row = &parity->rows[i];
        if (!row->ran)
            continue;
        row->answers = calloc(parity->n, sizeof *row->answers);
        if (!row->answers || !as_size_mul(parity->n, AS_MAX(parity->info.n_labels, (size_t)1), &n_scores) ||
            !(row->scores = calloc(n_scores, sizeof *row->scores)))
            return AS_FAIL(err, AS_ENOMEM, "cannot hold the answers for %zu pictures", parity->n);
    }
    if (!as_lanes_run(&lanes, job->progress, err))
        return false;
    parity_measure(job);
    return true;
}

/* --- counting --- */

static int parity_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* A part's worst frame speaks for it; one without an answer is worse than any. */
static double parity_badness(const as_parity_answer *answer)
{
    return answer->verdict == AS_VERDICT_FAULT ? 2 : isnan(answer->reject_score) ? 0 : answer->reject_score;
}

static void parity_worst_frames(const as_parity *parity, const as_parity_row *row, size_t *speaks)
{
    for (size_t i = 0; i < parity->n; i++) {
        size_t *worst = &speaks[parity->groups[i]];
        if (parity->groups[i] == i || parity_badness(&row->answers[i]) > parity_badness(&row->answers[*worst]))
            *worst = i;
    }
}

static void parity_count_parts(const as_parity *parity, as_parity_row *row, size_t *here, size_t *there)
{
    const as_parity_row *reference = &parity->rows[parity->reference];
    parity_worst_frames(parity, row, here);
    parity_worst_frames(parity, reference, there);
    for (size_t i = 0; i < parity->n; i++)
        if (parity->groups[i] == i)
            row->n_flipped_parts += row->answers[here[i]].verdict != reference->answers[there[i]].verdict;
}

/* The smallest of them that at least this share is not above. */
static double parity_quantile(const double *sorted, size_t n, double share)
{
    size_t rank = (size_t)ceil(share * (double)n);
    return sorted[AS_MIN(rank ? rank - 1 : 0, n - 1)];
}

static void parity_count_row(const as_parity *parity, as_parity_row *row, double *sorted)
{
    for (size_t i = 0; i < parity->n; i++) {
        const as_parity_answer *a = &row->answers[i];
        sorted[i] = a->difference;
        if (a->difference > row->worst) {
            row->worst = a->difference;
            row->worst_at = i;
        }
        row->n_same += a->difference <= 0;
        row->n_flipped += as_parity_flipped(a);
        row->n_flipped_numbers += a->flipped_numbers;
        row->n_flipped_verdicts += a->flipped_verdict;
        row->n_flipped_classes += a->flipped_class;
        row->n_faults += a->verdict == AS_VERDICT_FAULT;
    }
    qsort(sorted, parity->n, sizeof *sorted, parity_order);
    row->median = parity_quantile(sorted, parity->n, 0.5);
    row->p95 = parity_quantile(sorted, parity->n, 0.95);
    row->p99 = parity_quantile(sorted, parity->n, 0.99);
}

static bool parity_count(as_parity *parity, as_err *err)
{
    double *sorted = calloc(parity->n, sizeof *sorted);
    size_t *here = calloc(parity->n, sizeof *here), *there = calloc(parity->n, sizeof *there);
    bool    ok = (sorted && here && there) || AS_FAIL(err, AS_ENOMEM, "cannot count %zu answers", parity->n);
    for (size_t i = 0; i < parity->n; i++)
        parity->has_classes = parity->has_classes || parity->rows[parity->reference].answers[i].best != UINT32_MAX;
    for (size_t i = 0; ok && i < parity->n_rows; i++)
        if (parity->rows[i].ran) {
            parity_count_row(parity, &parity->rows[i], sorted);
            parity_count_parts(parity, &parity->rows[i], here, there);
        }
    free(sorted);
    free(here);
    free(there);
    return ok;
}

/* --- all of it --- */

bool as_parity_run(as_workspace *ws, const as_spec *spec, const as_parity_cfg *cfg, const as_progress *progress,
                   as_parity *ret, as_err *err)
{
    as_ns       began = as_clock_mono();
    as_parity   parity = {.max_flips = spec->max_flips};
    parity_job *job = calloc(1, sizeof *job);
    if (!job)
        return AS_FAIL(err, AS_ENOMEM, "cannot compare model '%s'", cfg->name);
    job->parity = &parity;
    job->cfg = cfg;
    job->progress = progress;
    for (size_t i = 0; i < AS_PARITY_MAX_ROWS; i++)
        as_str_init(&job->sides[i].model);
    bool ok = (parity.dataset = as_dataset_open(ws, spec, cfg->commit, err)) && parity_read_model(job, spec, err) &&
              parity_read_data(job, err) && parity_make_rows(job, err) && parity_judge(job, err) &&
              parity_count(&parity, err);
    for (size_t i = 0; i < AS_PARITY_MAX_ROWS; i++)
        as_str_done(&job->sides[i].model);
    free(job->apart);
    free(job->largest);
    free(job);
    parity.seconds = (double)(as_clock_mono() - began) / (double)AS_NS_PER_S;
    if (ok)
        *ret = parity;
    else
        as_parity_done(&parity);
    return ok;
}

void as_parity_done(as_parity *parity)
{
    for (size_t i = 0; i < parity->n_rows; i++) {
        free(parity->rows[i].answers);
        free(parity->rows[i].scores);
    }
    free(parity->samples);
    free(parity->groups);
    as_dataset_close(parity->dataset);
    *parity = (as_parity){0};
}

bool as_parity_holds(const as_parity *parity)
{
    for (size_t i = 0; i < parity->n_rows; i++)
        if (parity->rows[i].n_flipped > parity->max_flips)
            return false;
    return true;
}

void as_parity_row_name(const as_parity_row *row, char *text, size_t cap)
{
    const bool chose = row->ran && strcmp(row->backend, "auto") == 0;
    snprintf(text, cap, "%s%s%s%s %s", row->backend, chose ? " (" : "", chose ? row->runs_on : "", chose ? ")" : "",
             row->precision->name);
}

const char *as_parity_name(const as_parity *parity, size_t i)
{
    return as_dataset_sample(parity->dataset, parity->samples[i])->name;
}

const char *as_parity_class(const as_parity *parity, uint32_t best, char text[16])
{
    if (best == UINT32_MAX)
        return "";
    if (parity->has_labels)
        return parity->info.labels[best];
    snprintf(text, 16, "%u", best);
    return text;
}
