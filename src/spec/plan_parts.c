/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/plan_parts.h"

#include <math.h>
#include <string.h>

#define MOST_PARTS  1000000000ULL
#define MOST_ERRORS 400
#define SURE        0.9

double as_plan_auroc_error(double area, double n_bad, double n_good)
{
    double q1 = area / (2.0 - area), q2 = 2.0 * area * area / (1.0 + area);
    return sqrt((area * (1.0 - area) + (n_bad - 1.0) * (q1 - area * area) + (n_good - 1.0) * (q2 - area * area)) /
                (n_bad * n_good));
}

/* Of each kind, so that an area of `area` proves the target. */
static uint64_t parts_for_area(double area, double target, double confidence)
{
    double   z = as_normal_quantile(confidence);
    uint64_t low = 1, high = 2;
    while (area - z * as_plan_auroc_error(area, (double)high, (double)high) < target) {
        low = high;
        high *= 2;
        if (high > MOST_PARTS)
            return 0;
    }
    while (high - low > 1) {
        uint64_t mid = low + (high - low) / 2;
        if (area - z * as_plan_auroc_error(area, (double)mid, (double)mid) < target)
            low = mid;
        else
            high = mid;
    }
    return high;
}

static as_plan_kind parts_kind(const as_requirement *req)
{
    bool of_reject = !req->of || strcmp(req->of, "reject") == 0;
    switch (req->measure) {
    case AS_MEASURE_RECALL: return of_reject ? AS_PLAN_KIND_BAD : AS_PLAN_KIND_CLASS;
    case AS_MEASURE_PRECISION: return AS_PLAN_KIND_REJECTED;
    case AS_MEASURE_ESCAPE_RATE: return AS_PLAN_KIND_BAD;
    case AS_MEASURE_OVERKILL_RATE: return AS_PLAN_KIND_GOOD;
    case AS_MEASURE_AUROC: return AS_PLAN_KIND_BOTH;
    case AS_MEASURE_ACCURACY:
    case AS_MEASURE_MACRO_F1:
    case AS_MEASURE_LATENCY: return AS_PLAN_KIND_ALL;
    case AS_MEASURE_MEMORY:
    case AS_MEASURE_STORED_FACES:
    case AS_MEASURE_NONE:
    case AS_MEASURE_COUNT: break;
    }
    return AS_PLAN_KIND_NONE;
}

/* At most `errors` in n parts, each of which is one by `rate`: the binomial distribution, by the beta distribution. */
static double parts_chance(uint64_t errors, uint64_t n, double rate)
{
    return errors >= n ? 1.0 : 1.0 - as_beta_cdf(rate, (double)errors + 1.0, (double)(n - errors));
}

/* The fewest parts that prove the limit with so many errors in them. */
static uint64_t parts_with(uint64_t errors, double limit, double confidence)
{
    uint64_t low = errors, high = AS_MAX(2 * errors, 2U);
    while (high < MOST_PARTS && as_interval_rate_high(errors, high, confidence) > limit)
        low = high, high *= 2;
    while (high - low > 1) {
        uint64_t mid = low + (high - low) / 2;
        if (as_interval_rate_high(errors, mid, confidence) > limit)
            low = mid;
        else
            high = mid;
    }
    return high;
}

/* Errors half as often as is allowed, and still as many as chance brings once in ten times. */
static void parts_sure(as_plan_need *need, double limit, double confidence)
{
    need->chance = parts_chance(need->errors, need->likely, limit / 2);
    for (uint64_t errors = need->errors; errors < MOST_ERRORS; errors++) {
        uint64_t n = parts_with(errors, limit, confidence);
        if (n >= MOST_PARTS)
            return;
        if (parts_chance(errors, n, limit / 2) < SURE)
            continue;
        need->sure = n;
        need->sure_errors = errors;
        return;
    }
}

/* A rate whose errors may be `limit` of the parts. */
static void parts_for_rate(as_plan_need *need, double limit, double confidence)
{
    uint64_t clean = as_interval_more_needed(0, 0, limit, false, confidence);
    need->unprovable = !(limit > 0) || clean == UINT64_MAX;
    if (need->unprovable || clean == 0)
        return;
    /* One error in so many parts is half of what is allowed. */
    uint64_t seen = (uint64_t)ceil(2.0 / limit - 1e-9);
    uint64_t more = as_interval_more_needed(1, seen, limit, false, confidence);
    need->clean = clean;
    if (more == UINT64_MAX || more > MOST_PARTS)
        return;
    need->likely = seen + more;
    while (as_interval_more_needed(need->errors + 1, need->likely, limit, false, confidence) == 0)
        need->errors++;
    parts_sure(need, limit, confidence);
}

as_plan_need as_plan_need_of(const as_requirement *req, double test_share)
{
    as_plan_need           need = {.req = req, .kind = parts_kind(req)};
    const as_measure_info *info = as_measure_info_of(req->measure);
    if (info && info->kind == AS_MEASURE_KIND_RATE)
        parts_for_rate(&need, isnan(req->at_most) ? 1.0 - req->at_least : req->at_most, req->confidence);
    else if (info && info->kind == AS_MEASURE_KIND_QUANTILE)
        parts_for_rate(&need, 1.0 - req->quantile, req->confidence);
    else if (req->measure == AS_MEASURE_AUROC && req->at_least < 1)
        need.clean = need.likely = parts_for_area((1.0 + req->at_least) / 2.0, req->at_least, req->confidence);
    if (req->measure == AS_MEASURE_AUROC)
        need.unprovable = need.clean == 0;
    /* Time is measured on the line: no picture is collected for it. */
    if (info && info->kind != AS_MEASURE_KIND_QUANTILE && test_share > 0)
        need.collect = (uint64_t)ceil((double)(need.likely ? need.likely : need.clean) / test_share - 1e-9);
    return need;
}

static void parts_raise(uint64_t *most, uint64_t n)
{
    *most = AS_MAX(*most, n);
}

/* Good parts beside so many that are found to be bad. What is wrongly found is good: without good parts precision says
 * nothing, and with fewer of them than the line has it says too much. The mix of the line where that is known; else as many. */
static uint64_t parts_beside(double bad_share, uint64_t found)
{
    if (isnan(bad_share) || !(bad_share > 0))
        return found;
    return (uint64_t)fmin(ceil((double)found * (1.0 - bad_share) / bad_share - 1e-9), (double)MOST_PARTS);
}

static void parts_add(as_plan_parts *parts, const as_plan_need *need, double bad_share)
{
    uint64_t accept = need->likely ? need->likely : need->clean;
    if (need->kind == AS_PLAN_KIND_BAD || need->kind == AS_PLAN_KIND_REJECTED || need->kind == AS_PLAN_KIND_BOTH ||
        need->kind == AS_PLAN_KIND_CLASS) {
        parts_raise(&parts->accept_bad, accept);
        parts_raise(&parts->collect_bad, need->collect);
    }
    if (need->kind == AS_PLAN_KIND_GOOD || need->kind == AS_PLAN_KIND_BOTH) {
        parts_raise(&parts->accept_good, accept);
        parts_raise(&parts->collect_good, need->collect);
    }
    if (need->kind == AS_PLAN_KIND_REJECTED) {
        parts_raise(&parts->accept_good, parts_beside(bad_share, accept));
        parts_raise(&parts->collect_good, parts_beside(bad_share, need->collect));
        parts->mix_counts = true;
    }
}

/* What counts any part is filled with good ones: they are what there is most of. */
static void parts_fill_all(as_plan_parts *parts)
{
    for (size_t i = 0; i < parts->n; i++) {
        const as_plan_need *need = &parts->need[i];
        uint64_t            accept = need->likely ? need->likely : need->clean;
        if (need->kind != AS_PLAN_KIND_ALL)
            continue;
        if (accept > parts->accept_bad)
            parts_raise(&parts->accept_good, accept - parts->accept_bad);
        if (need->collect > parts->collect_bad)
            parts_raise(&parts->collect_good, need->collect - parts->collect_bad);
    }
}

void as_plan_parts_of(const as_spec *spec, as_plan_parts *ret)
{
    *ret = (as_plan_parts){.n = spec->n_requirements, .collect_parts = NAN, .collect_days = NAN};
    for (size_t i = 0; i < ret->n; i++) {
        ret->need[i] = as_plan_need_of(&spec->requirements[i], spec->split[2]);
        parts_add(ret, &ret->need[i], spec->optics.bad_share);
    }
    parts_fill_all(ret);
    if (isnan(spec->optics.bad_share))
        return;
    ret->collect_parts = ceil(fmax((double)ret->collect_bad / spec->optics.bad_share,
                                   (double)ret->collect_good / (1.0 - spec->optics.bad_share)));
    if (spec->parts_per_minute > 0)
        ret->collect_days = ret->collect_parts / (spec->parts_per_minute * 60.0 * spec->optics.hours_per_day);
}

const char *as_plan_kind_text(as_plan_kind kind)
{
    static const char *const texts[] = {[AS_PLAN_KIND_NONE] = "",
                                        [AS_PLAN_KIND_ALL] = "parts",
                                        [AS_PLAN_KIND_GOOD] = "good parts",
                                        [AS_PLAN_KIND_BAD] = "bad parts",
                                        [AS_PLAN_KIND_BOTH] = "bad parts, and as many good",
                                        [AS_PLAN_KIND_CLASS] = "parts of the class",
                                        [AS_PLAN_KIND_REJECTED] = "parts found to be so, among good ones"};
    return texts[kind];
}
