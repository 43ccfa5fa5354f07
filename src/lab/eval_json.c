/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/eval.h"

#define EVAL_JSON_MAX_POINTS   400 /* of a curve: more than a screen has pixels for */
#define EVAL_JSON_MAX_MISTAKES 200

static json_t *eval_json_measured(const as_measured *measured)
{
    json_t *json = json_object();
    as_json_set(json, "value", as_json_number(measured->value));
    as_json_set(json, "low", as_json_number(measured->low));
    as_json_set(json, "high", as_json_number(measured->high));
    as_json_set(json, "n", json_integer((json_int_t)measured->n));
    return json;
}

/* Every measure of the whole, by name. */
static json_t *eval_json_measures(const as_judged *judged)
{
    const struct {
        const char        *name;
        const as_measured *measured;
    } rows[] = {
        {"accuracy", &judged->accuracy},
        {"macro_f1", &judged->macro_f1},
        {"macro_precision", &judged->macro_precision},
        {"macro_recall", &judged->macro_recall},
        {"reject_precision", &judged->reject_precision},
        {"reject_recall", &judged->reject_recall},
        {"reject_f1", &judged->reject_f1},
        {"escape_rate", &judged->escape_rate},
        {"overkill_rate", &judged->overkill_rate},
        {"review_rate", &judged->review_rate},
        {"auroc", &judged->auroc},
        {"average_precision", &judged->average_precision},
        {"brier", &judged->brier},
        {"calibration_error", &judged->calibration_error},
    };
    json_t *json = json_object();
    for (size_t i = 0; i < AS_COUNT(rows); i++)
        as_json_set(json, rows[i].name, eval_json_measured(rows[i].measured));
    return json;
}

static json_t *eval_json_classes(const as_judged *judged, const as_spec *spec)
{
    json_t *classes = json_array();
    for (size_t c = 0; c < spec->n_classes; c++) {
        json_t *one = json_object(), *verdicts = json_object();
        for (int v = AS_VERDICT_PASS; v < AS_VERDICT_COUNT; v++)
            if (judged->verdicts[c][v] || v <= AS_VERDICT_REVIEW)
                as_json_set(verdicts, as_verdict_name((as_verdict)v), json_integer((json_int_t)judged->verdicts[c][v]));
        as_json_set(one, "class", json_string(spec->classes[c].name));
        as_json_set(one, "verdict", json_string(as_verdict_name(spec->classes[c].verdict)));
        as_json_set(one, "precision", eval_json_measured(&judged->precision[c]));
        as_json_set(one, "recall", eval_json_measured(&judged->recall[c]));
        as_json_set(one, "f1", eval_json_measured(&judged->f1[c]));
        as_json_set(one, "verdicts", verdicts);
        json_array_append_new(classes, one);
    }
    return classes;
}

/* {"classes":[names],"counts":[[row of truth]]} */
static json_t *eval_json_confusion(const as_judged *judged, const as_spec *spec)
{
    json_t *json = json_object(), *names = json_array(), *counts = json_array();
    for (size_t t = 0; t < spec->n_classes; t++) {
        json_t *row = json_array();
        for (size_t f = 0; f < spec->n_classes; f++)
            json_array_append_new(row, json_integer((json_int_t)judged->confusion[t][f]));
        json_array_append_new(names, json_string(spec->classes[t].name));
        json_array_append_new(counts, row);
    }
    as_json_set(json, "classes", names);
    as_json_set(json, "counts", counts);
    return json;
}

static json_t *eval_json_judged(const as_judged *judged, const as_spec *spec)
{
    json_t *json = json_object();
    as_json_set(json, "n", json_integer((json_int_t)judged->n));
    as_json_set(json, "measures", eval_json_measures(judged));
    as_json_set(json, "classes", eval_json_classes(judged, spec));
    as_json_set(json, "confusion", eval_json_confusion(judged, spec));
    as_json_set(json, "cost_per_1000", as_json_number(judged->cost_per_1000));
    return json;
}

static json_t *eval_json_requirements(const as_eval *eval, const as_spec *spec)
{
    json_t *list = json_array();
    for (size_t i = 0; i < eval->n_evidence; i++) {
        const as_requirement *req = as_ledger_requirement(spec, eval->evidence[i].id);
        if (req)
            json_array_append_new(list, as_evidence_json(req, &eval->evidence[i]));
    }
    return list;
}

/* Every point, or as many at even distances, the first and the last among them. */
static json_t *eval_json_curve(const as_eval *eval)
{
    json_t *list = json_array();
    size_t  n = AS_MIN(eval->n_pr, (size_t)EVAL_JSON_MAX_POINTS);
    for (size_t i = 0; i < n; i++) {
        const as_curve_point *point = &eval->pr[n < 2 ? i : i * (eval->n_pr - 1) / (n - 1)];
        json_t               *one = json_object();
        as_json_set(one, "threshold", as_json_number(point->threshold));
        as_json_set(one, "precision", as_json_number(point->precision));
        as_json_set(one, "recall", as_json_number(point->recall));
        as_json_set(one, "false_positive_rate", as_json_number(point->false_positive_rate));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *eval_json_bins(const as_eval *eval)
{
    json_t *list = json_array();
    for (size_t i = 0; i < eval->n_bins; i++) {
        json_t *one = json_object();
        as_json_set(one, "confidence", as_json_number(eval->bins[i].confidence));
        as_json_set(one, "accuracy", as_json_number(eval->bins[i].accuracy));
        as_json_set(one, "n", json_integer((json_int_t)eval->bins[i].n));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *eval_json_point(const as_eval *eval)
{
    json_t *json = json_object();
    as_json_set(json, "pass_below", as_json_number(eval->point.pass_below));
    as_json_set(json, "reject_from", as_json_number(eval->point.reject_from));
    as_json_set(json, "feasible", json_boolean(eval->point_feasible));
    as_json_set(json, "solved_on", json_string(as_split_name(AS_SPLIT_VALIDATION)));
    as_json_set(json, "n", json_integer((json_int_t)eval->n_validation));
    as_json_set(json, "cost", as_json_number(eval->solution.cost));
    as_json_set(json, "macro_f1", as_json_number(eval->solution.macro_f1));
    as_json_set(json, "verdicts", as_point_counts_json(&eval->solution.counts));
    as_json_set(json, "warning", as_point_warning_json(&eval->solution.counts, eval->point_feasible));
    return json;
}

/* --- what was judged wrong --- */

/* Escapes before overkill before bad ones left to a person before another class of the same verdict; 0: right. */
static int eval_json_rank(const as_outcome *part)
{
    bool bad = part->truth_verdict == AS_VERDICT_REJECT, good = part->truth_verdict == AS_VERDICT_PASS;
    if (bad && part->verdict == AS_VERDICT_PASS)
        return 4;
    if (good && part->verdict == AS_VERDICT_REJECT)
        return 3;
    if (part->truth_verdict != part->verdict)
        return 2;
    return part->found != part->truth;
}

static int eval_json_dearest(const void *a, const void *b)
{
    const as_outcome *x = *(const as_outcome *const *)a, *y = *(const as_outcome *const *)b;
    int               rank = eval_json_rank(y) - eval_json_rank(x);
    if (rank != 0)
        return rank;
    if (x->confidence != y->confidence) /* the surest mistake first */
        return x->confidence > y->confidence ? -1 : 1;
    return x->part < y->part ? -1 : x->part > y->part;
}

static json_t *eval_json_mistake(const as_eval *eval, const as_spec *spec, const as_dataset *dataset,
                                 const as_outcome *part)
{
    const as_sample *sample = as_dataset_sample(dataset, eval->scored[part->scored].sample);
    json_t          *json = json_object();
    as_json_set(json, "name", json_string(sample->name));
    as_json_set(json, "part", json_string(sample->part));
    as_json_set(json, "truth", json_string(spec->classes[part->truth].name));
    as_json_set(json, "found", json_string(spec->classes[part->found].name));
    as_json_set(json, "verdict", json_string(as_verdict_name(part->verdict)));
    as_json_set(json, "reject_score", as_json_number(part->reject_score));
    as_json_set(json, "confidence", as_json_number(part->confidence));
    return json;
}

static json_t *eval_json_mistakes(const as_eval *eval, const as_spec *spec, const as_dataset *dataset)
{
    size_t             n = 0;
    const as_outcome **wrong = calloc(eval->n_parts + 1, sizeof *wrong);
    json_t            *list = wrong ? json_array() : NULL;
    for (size_t i = 0; wrong && i < eval->n_parts; i++)
        if (eval_json_rank(&eval->parts[i]) > 0)
            wrong[n++] = &eval->parts[i];
    if (n)
        qsort(wrong, n, sizeof(as_outcome *), eval_json_dearest);
    for (size_t i = 0; i < AS_MIN(n, (size_t)EVAL_JSON_MAX_MISTAKES); i++)
        json_array_append_new(list, eval_json_mistake(eval, spec, dataset, wrong[i]));
    free(wrong);
    return list;
}

json_t *as_eval_json(const as_eval *eval, const as_spec *spec, const as_dataset *dataset, as_err *err)
{
    json_t *json = json_object();
    bool    ok = as_json_set(json, "split", json_string(as_split_name(eval->split))) &&
              as_json_set(json, "requirements", eval_json_requirements(eval, spec)) &&
              as_json_set(json, "measures", eval_json_measures(&eval->part)) &&
              as_json_set(json, "part", eval_json_judged(&eval->part, spec)) &&
              as_json_set(json, "frame", eval_json_judged(&eval->frame, spec)) &&
              as_json_set(json, "operating_point", eval_json_point(eval)) &&
              as_json_set(json, "curve", eval_json_curve(eval)) && as_json_set(json, "bins", eval_json_bins(eval)) &&
              as_json_set(json, "currency", json_string(spec->currency ? spec->currency : "")) &&
              as_json_set(json, "seconds", as_json_number(eval->seconds)) &&
              as_json_set(json, "n_erased", json_integer((json_int_t)eval->n_erased)) &&
              (!dataset || as_json_set(json, "mistakes", eval_json_mistakes(eval, spec, dataset)));
    if (ok)
        return json;
    json_decref(json);
    AS_FAIL(err, AS_ENOMEM, "cannot hold what was measured");
    return NULL;
}
