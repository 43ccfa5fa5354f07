/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/eval_print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define EVAL_MATRIX_CLASSES 10 /* more do not fit a terminal: then the confusions are listed */
#define EVAL_LISTED         20

static const as_style eval_styles[] = {
    [AS_STANDING_NONE] = AS_STYLE_NONE,       [AS_STANDING_OPEN] = AS_STYLE_DIM, [AS_STANDING_NOT_MET] = AS_STYLE_BAD,
    [AS_STANDING_NOT_PROVEN] = AS_STYLE_WARN, [AS_STANDING_MET] = AS_STYLE_GOOD,
};

/* Three digits, more where they would round a value that is not whole to 0 or 1. */
static void eval_number(double value, char text[32])
{
    for (int digits = 3; digits <= 6; digits++) {
        snprintf(text, 32, "%.*f", digits, value);
        double shown = strtod(text, NULL);
        if ((shown >= 1) == (value >= 1) && (shown <= 0) == (value <= 0))
            return;
    }
}

static void eval_value_cell(as_table *table, const as_measured *measured)
{
    char value[32];
    if (isnan(measured->value))
        as_table_cell(table, AS_STYLE_DIM, "-");
    else {
        eval_number(measured->value, value);
        as_table_cell(table, AS_STYLE_NONE, "%s", value);
    }
}

static void eval_interval_cell(as_table *table, const as_measured *measured)
{
    if (isnan(measured->low) || isnan(measured->high))
        as_table_cell(table, AS_STYLE_DIM, "-");
    else
        as_table_cell(table, AS_STYLE_DIM, "%.3f to %.3f", measured->low, measured->high);
}

static void eval_both_cell(as_table *table, const as_measured *measured)
{
    char value[32];
    if (isnan(measured->value)) {
        as_table_cell(table, AS_STYLE_DIM, "-");
        return;
    }
    eval_number(measured->value, value);
    as_table_cell(table, AS_STYLE_NONE, "%s (%.3f to %.3f)", value, measured->low, measured->high);
}

static bool eval_print_matrix(as_cli *cli, const as_eval *eval, const as_spec *spec, as_err *err)
{
    char        headings[EVAL_MATRIX_CLASSES][AS_LABEL_BYTES + 1];
    const char *columns[EVAL_MATRIX_CLASSES + 2] = {"true class"};
    for (size_t c = 0; c < spec->n_classes; c++) {
        snprintf(headings[c], sizeof headings[c], ">%s", spec->classes[c].name);
        columns[c + 1] = headings[c];
    }
    as_table *table = as_table_new(columns);
    for (size_t t = 0; t < spec->n_classes; t++) {
        as_table_cell(table, AS_STYLE_BOLD, "%s", spec->classes[t].name);
        for (size_t f = 0; f < spec->n_classes; f++) {
            uint64_t n = eval->part.confusion[t][f];
            as_table_cell(table,
                          n == 0   ? AS_STYLE_DIM
                          : t == f ? AS_STYLE_GOOD
                                   : AS_STYLE_BAD,
                          "%llu", (unsigned long long)n);
        }
    }
    return as_table_print(table, cli, err);
}

/* The commonest confusions, largest first. */
static bool eval_print_confusions(as_cli *cli, const as_eval *eval, const as_spec *spec, as_err *err)
{
    static const char *const columns[] = {"true class", "found", ">parts", NULL};
    as_table                *table = as_table_new(columns);
    uint64_t                 below = UINT64_MAX;
    for (size_t listed = 0; listed < EVAL_LISTED;) {
        uint64_t most = 0;
        for (size_t t = 0; t < spec->n_classes; t++)
            for (size_t f = 0; f < spec->n_classes; f++)
                if (t != f && eval->part.confusion[t][f] < below)
                    most = AS_MAX(most, eval->part.confusion[t][f]);
        if (most == 0)
            break;
        for (size_t t = 0; t < spec->n_classes; t++)
            for (size_t f = 0; f < spec->n_classes && listed < EVAL_LISTED; f++)
                if (t != f && eval->part.confusion[t][f] == most) {
                    as_table_cell(table, AS_STYLE_NONE, "%s", spec->classes[t].name);
                    as_table_cell(table, AS_STYLE_NONE, "%s", spec->classes[f].name);
                    as_table_cell(table, AS_STYLE_BAD, "%llu", (unsigned long long)most);
                    listed++;
                }
        below = most;
    }
    return as_table_print(table, cli, err);
}

static bool eval_print_classes(as_cli *cli, const as_eval *eval, const as_spec *spec, as_err *err)
{
    static const char *const columns[] = {"class", "verdict", ">parts", ">precision", ">recall", ">F1", NULL};
    as_table                *table = as_table_new(columns);
    for (size_t c = 0; c < spec->n_classes; c++) {
        as_table_cell(table, AS_STYLE_BOLD, "%s", spec->classes[c].name);
        as_table_cell(table, AS_STYLE_NONE, "%s", as_verdict_name(spec->classes[c].verdict));
        as_table_cell(table, AS_STYLE_NONE, "%llu", (unsigned long long)eval->part.recall[c].n);
        eval_both_cell(table, &eval->part.precision[c]);
        eval_both_cell(table, &eval->part.recall[c]);
        eval_both_cell(table, &eval->part.f1[c]);
    }
    return as_table_print(table, cli, err);
}

static bool eval_print_measures(as_cli *cli, const as_eval *eval, as_err *err)
{
    static const char *const one[] = {"measure", ">value", ">95 % interval", ">n", NULL};
    static const char *const two[] = {"measure", ">value", ">95 % interval", ">n", ">per frame", ">n", NULL};
    const as_judged         *part = &eval->part, *frame = &eval->frame;
    bool                     frames = frame->n != part->n;
    const struct {
        const char        *name;
        const as_measured *part, *frame;
    } rows[] = {
        {"accuracy", &part->accuracy, &frame->accuracy},
        {"macro F1", &part->macro_f1, &frame->macro_f1},
        {"recall of reject", &part->reject_recall, &frame->reject_recall},
        {"precision of reject", &part->reject_precision, &frame->reject_precision},
        {"F1 of reject", &part->reject_f1, &frame->reject_f1},
        {"escape rate", &part->escape_rate, &frame->escape_rate},
        {"overkill rate", &part->overkill_rate, &frame->overkill_rate},
        {"review rate", &part->review_rate, &frame->review_rate},
        {"AUROC", &part->auroc, &frame->auroc},
        {"average precision", &part->average_precision, &frame->average_precision},
        {"calibration error", &part->calibration_error, &frame->calibration_error},
        {"Brier score", &part->brier, &frame->brier},
    };
    as_table *table = as_table_new(frames ? two : one);
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        as_table_cell(table, AS_STYLE_BOLD, "%s", rows[i].name);
        eval_value_cell(table, rows[i].part);
        eval_interval_cell(table, rows[i].part);
        as_table_cell(table, AS_STYLE_NONE, "%llu", (unsigned long long)rows[i].part->n);
        if (frames) {
            eval_both_cell(table, rows[i].frame);
            as_table_cell(table, AS_STYLE_NONE, "%llu", (unsigned long long)rows[i].frame->n);
        }
    }
    return as_table_print(table, cli, err);
}

static void eval_print_point(as_cli *cli, const as_eval *eval, const as_spec *spec)
{
    char pass[32], reject[32];
    eval_number(eval->point.pass_below, pass);
    eval_number(eval->point.reject_from, reject);
    fprintf(cli->out, "\noperating point: ");
    if (eval->point.pass_below < eval->point.reject_from)
        fprintf(cli->out, "passes below a score of %s, rejects from %s, %s between them\n", pass, reject,
                as_verdict_name(spec->failsafe_unsure));
    else
        fprintf(cli->out, "rejects from a score of %s\n", reject);
    fprintf(cli->out, "  solved on the %llu parts of the validation split: the least cost%s\n",
            (unsigned long long)eval->n_validation,
            eval->point_feasible ? " at which the requirements on what is rejected hold"
                                 : "; no threshold meets the requirements on what is rejected there");
    char warning[AS_POINT_WARNING_BYTES];
    if (*as_point_warning(&eval->solution.counts, eval->point_feasible, warning))
        fprintf(cli->out, "%swarning: %s%s\n", as_term_style(cli, AS_STYLE_BAD), warning, as_term_plain(cli));
    fprintf(cli->out, "expected cost: %.2f%s%s for each 1,000 parts, were as many bad as here (%llu of %llu)\n",
            eval->part.cost_per_1000, *spec->currency ? " " : "", spec->currency,
            (unsigned long long)eval->part.reject_recall.n, (unsigned long long)eval->part.n);
}

static const as_evidence *eval_evidence_of(const as_eval *eval, const as_requirement *req)
{
    for (size_t i = 0; i < eval->n_evidence; i++)
        if (strcmp(eval->evidence[i].id, req->id) == 0)
            return &eval->evidence[i];
    return NULL;
}

static void eval_requirement_row(as_table *table, const as_requirement *req, const as_evidence *row)
{
    char        words[160], value[48], bound_text[48], text[96];
    bool        upper = !isnan(req->at_most);
    double      bound = !row ? NAN : upper ? row->high : row->low;
    as_standing standing = row ? as_evidence_standing(row) : AS_STANDING_OPEN;
    as_table_cell(table, AS_STYLE_BOLD, "%s", req->id);
    as_table_cell(table, AS_STYLE_NONE, "%s", as_requirement_text(req, words));
    as_table_cell(table, AS_STYLE_NONE, "%s", row ? as_requirement_value_text(req, row->value, value) : "-");
    as_table_cell(table, AS_STYLE_NONE, "%s%s",
                  isnan(bound) ? ""
                  : upper      ? "<= "
                               : ">= ",
                  isnan(bound) ? "" : as_requirement_value_text(req, bound, bound_text));
    as_table_cell(table, AS_STYLE_NONE, "%llu", row ? (unsigned long long)row->n : 0ULL);
    as_table_cell(table, eval_styles[standing], "%s",
                  row ? as_evidence_text(standing, row, text) : "not from pictures: assay run measures it");
}

static bool eval_print_requirements(as_cli *cli, const as_eval *eval, const as_spec *spec, as_err *err)
{
    static const char *const columns[] = {"id", "requirement", ">measured", ">sure of", ">n", "standing", NULL};
    if (spec->n_requirements == 0) {
        fprintf(cli->out, "assay.yaml has no requirements: nothing says when this is good enough\n");
        return true;
    }
    as_table *table = as_table_new(columns);
    for (size_t i = 0; i < spec->n_requirements; i++)
        eval_requirement_row(table, &spec->requirements[i], eval_evidence_of(eval, &spec->requirements[i]));
    return as_table_print(table, cli, err);
}

static void eval_print_next(as_cli *cli, const as_eval *eval, const as_run *run)
{
    bool missed = false, unproven = false;
    for (size_t i = 0; i < eval->n_evidence; i++) {
        as_standing standing = as_evidence_standing(&eval->evidence[i]);
        missed = missed || standing == AS_STANDING_NOT_MET;
        unproven = unproven || standing == AS_STANDING_NOT_PROVEN || standing == AS_STANDING_OPEN;
    }
    fprintf(cli->out, "\nnext: ");
    if (eval->split != AS_SPLIT_TEST)
        fprintf(cli->out, "assay eval %s (only the test split is evidence)\n", run->id);
    else if (missed)
        fprintf(cli->out,
                "look at the mistakes (assay report %s), then more pictures of what it confuses, or another "
                "trainer (assay train)\n",
                run->id);
    else if (unproven)
        fprintf(cli->out,
                "assay run --run %s --parts N where the truth is known, or more test pictures: the standing "
                "says how many\n",
                run->id);
    else
        fprintf(cli->out, "assay run --run %s, then assay check\n", run->id);
}

bool as_eval_print(as_cli *cli, const as_eval *eval, const as_spec *spec, const as_run *run, const char *backend,
                   as_err *err)
{
    char took[AS_CLOCK_TEXT_BYTES];
    as_clock_duration_text((as_ns)(eval->seconds * (double)AS_NS_PER_S), took);
    fprintf(cli->out, "%srun %s%s on the %s split of commit %.12s: %llu parts in %llu frames (%s, %s)\n\n",
            as_term_style(cli, AS_STYLE_BOLD), run->id, as_term_plain(cli), as_split_name(eval->split), run->commit,
            (unsigned long long)eval->part.n, (unsigned long long)eval->frame.n, backend, took);
    bool ok = spec->n_classes <= EVAL_MATRIX_CLASSES ? eval_print_matrix(cli, eval, spec, err)
                                                     : eval_print_confusions(cli, eval, spec, err);
    fputc('\n', cli->out);
    ok = ok && eval_print_classes(cli, eval, spec, err);
    fputc('\n', cli->out);
    ok = ok && eval_print_measures(cli, eval, err);
    if (!ok)
        return false;
    eval_print_point(cli, eval, spec);
    fputc('\n', cli->out);
    if (!eval_print_requirements(cli, eval, spec, err))
        return false;
    eval_print_next(cli, eval, run);
    return true;
}
