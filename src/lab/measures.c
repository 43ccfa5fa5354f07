/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/measures.h"

#include <math.h>
#include <stdlib.h>

#include "lab/bootstrap.h"

static bool judged_is(const as_spec *spec, size_t class, as_verdict verdict)
{
    return spec->classes[class].verdict == verdict;
}

/* Of the classes whose own verdict is `truth` (AS_VERDICT_NONE: of all), those that got `verdict` (NONE: any). */
static uint64_t judged_count(const as_judged *judged, const as_spec *spec, as_verdict truth, as_verdict verdict)
{
    uint64_t n = 0;
    for (size_t c = 0; c < spec->n_classes; c++)
        for (int v = 0; v < AS_VERDICT_COUNT; v++)
            if ((truth == AS_VERDICT_NONE || judged_is(spec, c, truth)) &&
                (verdict == AS_VERDICT_NONE || v == (int)verdict))
                n += judged->verdicts[c][v];
    return n;
}

as_count as_judged_recall(const as_judged *judged, const as_spec *spec)
{
    uint64_t bad = judged_count(judged, spec, AS_VERDICT_REJECT, AS_VERDICT_NONE);
    return (as_count){bad - judged_count(judged, spec, AS_VERDICT_REJECT, AS_VERDICT_PASS), bad};
}

as_count as_judged_precision(const as_judged *judged, const as_spec *spec)
{
    return (as_count){judged_count(judged, spec, AS_VERDICT_REJECT, AS_VERDICT_REJECT),
                      judged_count(judged, spec, AS_VERDICT_NONE, AS_VERDICT_REJECT)};
}

as_count as_judged_escapes(const as_judged *judged, const as_spec *spec)
{
    return (as_count){judged_count(judged, spec, AS_VERDICT_REJECT, AS_VERDICT_PASS),
                      judged_count(judged, spec, AS_VERDICT_REJECT, AS_VERDICT_NONE)};
}

as_count as_judged_overkill(const as_judged *judged, const as_spec *spec)
{
    return (as_count){judged_count(judged, spec, AS_VERDICT_PASS, AS_VERDICT_REJECT),
                      judged_count(judged, spec, AS_VERDICT_PASS, AS_VERDICT_NONE)};
}

as_count as_judged_reviews(const as_judged *judged, const as_spec *spec)
{
    return (as_count){judged_count(judged, spec, AS_VERDICT_NONE, AS_VERDICT_REVIEW), judged->n};
}

static void judged_classes(const as_spec *spec, double level, as_judged *judged)
{
    uint64_t right = 0;
    for (size_t c = 0; c < spec->n_classes; c++) {
        uint64_t tp = judged->confusion[c][c], true_n = 0, found_n = 0;
        for (size_t k = 0; k < spec->n_classes; k++) {
            true_n += judged->confusion[c][k];
            found_n += judged->confusion[k][c];
        }
        right += tp;
        judged->recall[c] = as_measured_rate((as_count){tp, true_n}, level);
        judged->precision[c] = as_measured_rate((as_count){tp, found_n}, level);
        judged->f1[c] = as_measured_f1(tp, found_n - tp, true_n - tp, level);
    }
    judged->accuracy = as_measured_rate((as_count){right, judged->n}, level);
}

static void judged_rates(const as_spec *spec, double level, as_judged *judged)
{
    double review = isnan(spec->cost_review) ? 0 : spec->cost_review;
    judged->reject_recall = as_measured_rate(as_judged_recall(judged, spec), level);
    judged->reject_precision = as_measured_rate(as_judged_precision(judged, spec), level);
    judged->escape_rate = as_measured_rate(as_judged_escapes(judged, spec), level);
    judged->overkill_rate = as_measured_rate(as_judged_overkill(judged, spec), level);
    judged->review_rate = as_measured_rate(as_judged_reviews(judged, spec), level);
    double cost = spec->cost_escape * (double)as_judged_escapes(judged, spec).k +
                  spec->cost_overkill * (double)as_judged_overkill(judged, spec).k +
                  review * (double)as_judged_reviews(judged, spec).k;
    judged->cost_per_1000 = judged->n ? 1000 * cost / (double)judged->n : NAN;
}

static bool judged_auroc(const as_outcome *outcomes, size_t n, double level, as_judged *judged, as_err *err)
{
    double *bad = calloc(n + 1, sizeof *bad), *good = calloc(n + 1, sizeof *good);
    size_t  n_bad = 0, n_good = 0;
    for (size_t i = 0; bad && good && i < n; i++) {
        if (outcomes[i].truth_verdict == AS_VERDICT_REJECT)
            bad[n_bad++] = outcomes[i].reject_score;
        else if (outcomes[i].truth_verdict == AS_VERDICT_PASS)
            good[n_good++] = outcomes[i].reject_score;
    }
    bool ok = (bad && good) || AS_FAIL(err, AS_ENOMEM, "cannot sort %zu scores", n);
    if (ok)
        judged->auroc = as_measured_auroc(bad, n_bad, good, n_good, level);
    free(bad);
    free(good);
    return ok;
}

/* The mean's interval from those of its parts, taken as independent: Zou and Donner's "variance estimates recovery"
 * (Statistics in Medicine 27, 2008). Of the classes that f1 has; one without a case for its rate counts 0 in the mean, and
 * may be anything. */
static as_interval judged_mean_interval(const as_measured *rates, const as_measured *f1, size_t n_classes, double mean)
{
    double down = 0, up = 0;
    size_t n = 0;
    for (size_t c = 0; c < n_classes; c++) {
        if (f1[c].n == 0)
            continue;
        bool known = rates[c].n > 0;
        down += known ? pow(rates[c].value - rates[c].low, 2) : 0;
        up += known ? pow(rates[c].high - rates[c].value, 2) : 1;
        n++;
    }
    double k = n ? (double)n : 1;
    return (as_interval){fmax(0, mean - sqrt(down) / k), fmin(1, mean + sqrt(up) / k)};
}

static as_measured judged_widest(double value, as_interval a, as_interval b, uint64_t n)
{
    return (as_measured){value, fmin(value, fmin(a.low, b.low)), fmax(value, fmax(a.high, b.high)), n};
}

static uint64_t judged_bad(const as_judged *judged, const as_spec *spec)
{
    return judged_count(judged, spec, AS_VERDICT_REJECT, AS_VERDICT_NONE);
}

static void judged_drawn(const as_spec *spec, const double *values, const as_interval *drawn, double level,
                         as_judged *judged)
{
    static const as_measured none = {NAN, NAN, NAN, 0};
    size_t                   n_classes = spec->n_classes;
    uint64_t                 n = judged->n, n_bad = judged_bad(judged, spec);
    double                   f1 = values[AS_DRAWN_MACRO_F1], ap = values[AS_DRAWN_AVERAGE_PRECISION];
    as_count                 caught = as_judged_recall(judged, spec), rejected = as_judged_precision(judged, spec);
    judged->macro_f1 =
        judged_widest(f1, drawn[AS_DRAWN_MACRO_F1], judged_mean_interval(judged->f1, judged->f1, n_classes, f1), n);
    judged->macro_precision = judged_widest(
        values[AS_DRAWN_MACRO_PRECISION], drawn[AS_DRAWN_MACRO_PRECISION],
        judged_mean_interval(judged->precision, judged->f1, n_classes, values[AS_DRAWN_MACRO_PRECISION]), n);
    judged->macro_recall =
        judged_widest(values[AS_DRAWN_MACRO_RECALL], drawn[AS_DRAWN_MACRO_RECALL],
                      judged_mean_interval(judged->recall, judged->f1, n_classes, values[AS_DRAWN_MACRO_RECALL]), n);
    judged->brier = judged_widest(values[AS_DRAWN_BRIER], drawn[AS_DRAWN_BRIER], drawn[AS_DRAWN_BRIER], n);
    judged->calibration_error = judged_widest(values[AS_DRAWN_CALIBRATION_ERROR], drawn[AS_DRAWN_CALIBRATION_ERROR],
                                              drawn[AS_DRAWN_CALIBRATION_ERROR], n);
    judged->reject_f1 = judged->average_precision = none;
    if (n_bad == 0)
        return;
    as_measured exact = as_measured_f1(caught.k, rejected.n - rejected.k, caught.n - caught.k, level);
    judged->reject_f1 = judged_widest(values[AS_DRAWN_REJECT_F1], drawn[AS_DRAWN_REJECT_F1],
                                      (as_interval){exact.low, exact.high}, n_bad + rejected.n - rejected.k);
    /* Where every bad one stands above every other, no draw can see them cross: the bound of that many pairs in order. */
    uint64_t    pairs = AS_MIN(n_bad, n - n_bad);
    as_interval drawn_ap = drawn[AS_DRAWN_AVERAGE_PRECISION];
    as_interval all = ap >= 1 && pairs ? as_interval_rate(pairs, pairs, level) : drawn_ap;
    judged->average_precision = judged_widest(ap, drawn_ap, all, n);
}

bool as_judged_make(const as_spec *spec, const as_outcome *outcomes, size_t n, double level, as_judged *ret,
                    as_err *err)
{
    double      values[AS_DRAWN_COUNT];
    as_interval drawn[AS_DRAWN_COUNT];
    as_judged   judged = {.n = n};
    for (size_t i = 0; i < n; i++) {
        judged.confusion[outcomes[i].truth][outcomes[i].found]++;
        judged.verdicts[outcomes[i].truth][outcomes[i].verdict]++;
    }
    if (!judged_auroc(outcomes, n, level, &judged, err) || !as_bootstrap_values(spec, outcomes, n, values, err) ||
        !as_bootstrap_run(spec, outcomes, n, level, drawn, err))
        return false;
    judged_classes(spec, level, &judged);
    judged_rates(spec, level, &judged);
    judged_drawn(spec, values, drawn, level, &judged);
    *ret = judged;
    return true;
}
