/* SPDX-License-Identifier: Apache-2.0 */
/* Where the line between pass and reject is drawn.
 *
 * The parts are sorted by reject score; a cut stands between two neighbours and splits them. What a part below the lower
 * cut costs does not depend on the upper one and the other way round, so that a band of unsure parts is solved in one
 * walk. Inside a gap every threshold judges the known parts alike: its middle is as far as can be from both sides. A
 * network that is very sure puts that middle next to 0 or 1, where new parts would fall by rounding alone: it is moved to
 * 0.02 or 0.98 as long as no known part changes sides. Scores nearer than 1e-5 are not told apart, since back ends differ
 * in the last bits.
 */
#include <math.h>
#include <stdlib.h>

#include "lab/measures.h"

#define SOLVE_LEAST_GAP 1e-5
#define SOLVE_LOW       0.02
#define SOLVE_HIGH      0.98
#define SOLVE_SAME_COST 1e-9 /* relative: sums in another order */

/* Outcomes sorted by rising score, with sums over the first j. */
typedef struct solve_side {
    as_outcome *at;
    size_t      n;
    uint64_t *n_bad, *n_good, *n_escaped; /* escaped: bad and neither rejected nor reviewed, were the first j passed */
} solve_side;

typedef struct solve_cut {
    double width, threshold;
    bool   ok, lower_ok, upper_ok; /* a cut at all; meets what depends on passing, on rejecting */
    double below, above;           /* cost of passing all below it; of rejecting all above it */
} solve_cut;

typedef struct solve {
    const as_spec *spec;
    solve_side     part, frame;
    solve_cut     *cuts; /* part.n + 1: cut j has j parts below it */
    double         review;
} solve;

static int solve_order(const void *a, const void *b)
{
    const as_outcome *x = a, *y = b;
    if (x->reject_score != y->reject_score)
        return x->reject_score < y->reject_score ? -1 : 1;
    return x->part != y->part ? (x->part < y->part ? -1 : 1) : x->scored < y->scored ? -1 : x->scored > y->scored;
}

static bool solve_side_make(solve_side *side, as_err *err)
{
    size_t n = side->n;
    side->n_bad = calloc(n + 1, sizeof *side->n_bad);
    side->n_good = calloc(n + 1, sizeof *side->n_good);
    side->n_escaped = calloc(n + 1, sizeof *side->n_escaped);
    if (!side->n_bad || !side->n_good || !side->n_escaped)
        return AS_FAIL(err, AS_ENOMEM, "cannot sort %zu scores", n);
    if (n)
        qsort(side->at, n, sizeof *side->at, solve_order);
    for (size_t j = 0; j < n; j++) {
        const as_outcome *one = &side->at[j];
        bool              bad = one->truth_verdict == AS_VERDICT_REJECT;
        side->n_bad[j + 1] = side->n_bad[j] + bad;
        side->n_good[j + 1] = side->n_good[j] + (one->truth_verdict == AS_VERDICT_PASS);
        side->n_escaped[j + 1] = side->n_escaped[j] + (bad && !one->found_review);
    }
    return true;
}

static void solve_done(solve *s)
{
    solve_side *sides[] = {&s->part, &s->frame};
    for (size_t i = 0; i < AS_COUNT(sides); i++) {
        free(sides[i]->at);
        free(sides[i]->n_bad);
        free(sides[i]->n_good);
        free(sides[i]->n_escaped);
    }
    free(s->cuts);
}

/* How many scores are below the threshold. */
static size_t solve_below(const solve_side *side, double threshold)
{
    size_t low = 0, high = side->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (side->at[mid].reject_score < threshold)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool solve_within(const as_requirement *req, uint64_t k, uint64_t n)
{
    double value = n ? (double)k / (double)n : NAN; /* without a case nothing contradicts it */
    return isnan(value) || (isnan(req->at_most) ? value >= req->at_least : value <= req->at_most);
}

static bool solve_of_reject(const as_requirement *req)
{
    return req->of && strcmp(req->of, "reject") == 0;
}

static bool solve_meets(const solve *s, const as_requirement *req, double threshold, bool lower)
{
    const solve_side *side = req->per == AS_PER_FRAME ? &s->frame : &s->part;
    size_t            j = solve_below(side, threshold), n = side->n;
    uint64_t          n_bad = side->n_bad[n], n_good = side->n_good[n];
    if (lower && req->measure == AS_MEASURE_RECALL && solve_of_reject(req))
        return solve_within(req, n_bad - side->n_escaped[j], n_bad);
    if (lower && req->measure == AS_MEASURE_ESCAPE_RATE)
        return solve_within(req, side->n_escaped[j], n_bad);
    if (!lower && req->measure == AS_MEASURE_PRECISION && solve_of_reject(req))
        return solve_within(req, n_bad - side->n_bad[j], n - j);
    if (!lower && req->measure == AS_MEASURE_OVERKILL_RATE)
        return solve_within(req, n_good - side->n_good[j], n_good);
    return true;
}

static bool solve_meets_all(const solve *s, double threshold, bool lower)
{
    for (size_t i = 0; i < s->spec->n_requirements; i++)
        if (!solve_meets(s, &s->spec->requirements[i], threshold, lower))
            return false;
    return true;
}

static double solve_threshold(double low, double high)
{
    double middle = (low + high) / 2, moved = fmin(fmax(middle, SOLVE_LOW), SOLVE_HIGH);
    return moved > low + SOLVE_LEAST_GAP / 4 && moved < high - SOLVE_LEAST_GAP / 4 ? moved : middle;
}

static bool solve_cuts(solve *s, as_err *err)
{
    const as_outcome *at = s->part.at;
    size_t            n = s->part.n;
    s->cuts = calloc(n + 1, sizeof *s->cuts);
    if (!s->cuts)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu cuts", n);
    for (size_t j = 0; j <= n; j++) {
        double     low = j ? at[j - 1].reject_score : 0, high = j < n ? at[j].reject_score : 1;
        solve_cut *cut = &s->cuts[j];
        cut->width = high - low;
        cut->threshold = solve_threshold(low, high);
        cut->ok = j == 0 || cut->width > SOLVE_LEAST_GAP; /* rejecting all is always possible */
        cut->lower_ok = cut->ok && solve_meets_all(s, cut->threshold, true);
        cut->upper_ok = cut->ok && solve_meets_all(s, cut->threshold, false);
        if (j > 0)
            cut->below = s->cuts[j - 1].below + (at[j - 1].found_review                         ? s->review
                                                 : at[j - 1].truth_verdict == AS_VERDICT_REJECT ? s->spec->cost_escape
                                                                                                : 0);
        cut->above = s->spec->cost_overkill * (double)(s->part.n_good[n] - s->part.n_good[j]);
    }
    return true;
}

static bool solve_usable(const solve_cut *cut, bool lower, bool meet)
{
    return cut->ok && (!meet || (lower ? cut->lower_ok : cut->upper_ok));
}

/* The pair of cuts of least cost: the widest gaps among equals. band false: both are the same cut. */
static bool solve_best(const solve *s, bool band, bool meet, size_t *ret_a, size_t *ret_b, double *ret_cost)
{
    double least = INFINITY, lower_least = INFINITY, same;
    size_t n = s->part.n;
    for (size_t pass = 0; pass < 2; pass++) { /* first the least cost, then the widest gap that has it */
        double widest = -1;
        lower_least = INFINITY;
        same = SOLVE_SAME_COST * fmax(1, fabs(least));
        for (size_t j = 0; j <= n; j++) {
            const solve_cut *cut = &s->cuts[j];
            double           lower = cut->below - s->review * (double)j, upper = cut->above + s->review * (double)j;
            if (!band)
                lower_least = INFINITY;
            if (solve_usable(cut, true, meet))
                lower_least = fmin(lower_least, lower);
            if (!solve_usable(cut, false, meet) || isinf(lower_least))
                continue;
            if (pass == 0)
                least = fmin(least, lower_least + upper);
            else if (lower_least + upper <= least + same && cut->width > widest) {
                widest = cut->width;
                *ret_b = j;
            }
        }
    }
    if (isinf(least))
        return false;
    *ret_a = *ret_b;
    double widest = -1, upper = s->cuts[*ret_b].above + s->review * (double)*ret_b;
    for (size_t j = 0; band && j <= *ret_b; j++)
        if (solve_usable(&s->cuts[j], true, meet) && s->cuts[j].width > widest &&
            s->cuts[j].below - s->review * (double)j + upper <= least + same) {
            widest = s->cuts[j].width;
            *ret_a = j;
        }
    *ret_cost = least;
    return true;
}

static bool solve_make(solve *s, const as_dataset *dataset, const as_model_info *info, const as_scored *scored,
                       size_t n, as_err *err)
{
    static const as_operating_point any = {0.5, 0.5}; /* verdicts are not looked at here */
    return as_outcomes_make(dataset, s->spec, info, &any, scored, n, AS_PER_PART, &s->part.at, &s->part.n, err) &&
           as_outcomes_make(dataset, s->spec, info, &any, scored, n, AS_PER_FRAME, &s->frame.at, &s->frame.n, err) &&
           solve_side_make(&s->part, err) && solve_side_make(&s->frame, err) && solve_cuts(s, err);
}

static double solve_macro_f1(const solve *s)
{
    as_confusion confusion = {{0}};
    for (size_t i = 0; i < s->frame.n; i++)
        confusion[s->frame.at[i].truth][s->frame.at[i].found]++;
    return as_confusion_macro_f1(confusion, s->spec->n_classes);
}

/* a, b: the lower and the upper cut. A part whose class is one of review is neither passed nor rejected between the ends. */
static as_point_counts solve_counts(const solve *s, size_t a, size_t b)
{
    size_t          n = s->part.n;
    as_point_counts counts = {
        .n_parts = n, .n_good = s->part.n_good[n], .n_bad = s->part.n_bad[n], .n_rejected = n - b};
    for (size_t j = 0; j < a; j++)
        counts.n_passed += !s->part.at[j].found_review;
    return counts;
}

bool as_score_solve(const as_dataset *dataset, const as_spec *spec, const as_model_info *info, const as_scored *scored,
                    size_t n, as_solution *ret, as_err *err)
{
    solve  s = {.spec = spec, .review = isnan(spec->cost_review) ? 0 : spec->cost_review};
    bool   band = !isnan(spec->cost_review) && spec->failsafe_unsure == AS_VERDICT_REVIEW;
    size_t a = 0, b = 0;
    double cost = 0;
    if (n == 0)
        return AS_FAIL(err, AS_EINVAL,
                       "the validation split is empty: there is nothing to solve the operating point on (bring in more "
                       "pictures with: assay import, or assay capture)");
    bool ok = solve_make(&s, dataset, info, scored, n, err);
    if (ok) {
        bool feasible = solve_best(&s, band, true, &a, &b, &cost);
        if (!feasible) /* rejecting all is a cut without conditions */
            ok = solve_best(&s, band, false, &a, &b, &cost) || AS_FAIL(err, AS_EINTERNAL, "no operating point");
        *ret = (as_solution){.point = {s.cuts[a].threshold, s.cuts[b].threshold},
                             .cost = cost / (double)s.part.n,
                             .feasible = feasible,
                             .macro_f1 = solve_macro_f1(&s),
                             .counts = solve_counts(&s, a, b)};
    }
    solve_done(&s);
    return ok;
}
