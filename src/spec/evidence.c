/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/evidence.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool evidence_is_upper(const as_requirement *req)
{
    return !isnan(req->at_most);
}

static double evidence_target(const as_requirement *req)
{
    return evidence_is_upper(req) ? req->at_most : req->at_least;
}

static bool evidence_reaches(const as_requirement *req, double value)
{
    return evidence_is_upper(req) ? value <= req->at_most : value >= req->at_least; /* false for NAN */
}

static as_evidence evidence_new(const as_requirement *req, double value, uint64_t n)
{
    as_evidence evidence = {.value = value, .low = NAN, .high = NAN, .n = n, .per = req->per, .more = UINT64_MAX};
    as_str_copy(evidence.id, sizeof evidence.id, req->id);
    evidence.met = evidence_reaches(req, value);
    return evidence;
}

as_evidence as_evidence_rate(const as_requirement *req, uint64_t k, uint64_t n)
{
    as_evidence evidence = evidence_new(req, n ? (double)k / (double)n : NAN, n);
    double      target = evidence_target(req);
    evidence.k = k;
    if (n > 0) {
        evidence.low = as_interval_rate_low(k, n, req->confidence);
        evidence.high = as_interval_rate_high(k, n, req->confidence);
    }
    evidence.more = as_interval_more_needed(k, n, target, !evidence_is_upper(req), req->confidence);
    evidence.proven = evidence.met && evidence.more == 0;
    return evidence;
}

as_evidence as_evidence_rate_clustered(const as_requirement *req, uint64_t k, uint64_t n, double design_effect)
{
    as_evidence evidence = as_evidence_rate(req, k, n);
    if (n == 0 || !(design_effect > 1))
        return evidence;
    const double tiny = 1e-9;
    bool         upper = evidence_is_upper(req);
    uint64_t     n_worth = (uint64_t)AS_MAX(floor((double)n / design_effect + tiny), 1.0);
    double       worth = (double)n_worth / (double)n;
    uint64_t     bad = (uint64_t)AS_MIN(ceil((double)(n - k) * worth - tiny), (double)n_worth);
    uint64_t     good = (uint64_t)AS_MIN(ceil((double)k * worth - tiny), (double)n_worth);
    evidence.low = as_interval_rate_low(n_worth - bad, n_worth, req->confidence);
    evidence.high = as_interval_rate_high(good, n_worth, req->confidence);
    uint64_t more =
        as_interval_more_needed(upper ? good : n_worth - bad, n_worth, evidence_target(req), !upper, req->confidence);
    evidence.more = more == UINT64_MAX ? more : (uint64_t)ceil((double)more * design_effect - tiny);
    evidence.proven = evidence.met && more == 0;
    return evidence;
}

as_evidence as_evidence_score(const as_requirement *req, double value, double low, double high, uint64_t n)
{
    as_evidence evidence = evidence_new(req, value, n);
    double      target = evidence_target(req);
    evidence.low = low;
    evidence.high = high;
    double bound = evidence_is_upper(req) ? high : low;
    evidence.proven = evidence.met && evidence_reaches(req, bound);
    if (evidence.proven) {
        evidence.more = 0;
    } else if (evidence.met && !isnan(bound) && fabs(value - target) > 0) {
        /* The width of an interval falls with the root of n. */
        double ratio = (value - bound) / (value - target);
        double more = ceil((double)n * (ratio * ratio - 1.0) - 1e-6);
        if (more < 1e12)
            evidence.more = more < 1 ? 1 : (uint64_t)more;
    }
    return evidence;
}

/* "The q-quantile is at most t" and "a share q is at most t" are one statement, so its proof is that of a rate. */
as_evidence as_evidence_quantile(const as_requirement *req, const double *sorted, uint64_t n)
{
    double      q = req->quantile;
    uint64_t    rank = n ? (uint64_t)AS_MIN(AS_MAX(ceil(q * (double)n - 1e-9), 1.0), (double)n) : 0;
    as_evidence evidence = evidence_new(req, rank ? sorted[rank - 1] : NAN, n);
    uint64_t    in_time = 0, high = n;
    while (in_time < high) { /* how many are at most the target */
        uint64_t mid = in_time + (high - in_time) / 2;
        if (sorted[mid] <= req->at_most)
            in_time = mid + 1;
        else
            high = mid;
    }
    uint64_t rank_high = as_interval_quantile_rank(n, q, req->confidence);
    uint64_t rank_low = as_interval_quantile_rank(n, 1.0 - q, req->confidence); /* seen from the other end */
    evidence.k = in_time;
    evidence.high = rank_high ? sorted[rank_high - 1] : NAN;
    evidence.low = rank_low ? sorted[n - rank_low] : NAN;
    evidence.more = as_interval_more_needed(in_time, n, q, true, req->confidence);
    evidence.proven = evidence.met && evidence.more == 0;
    return evidence;
}

as_evidence as_evidence_peak(const as_requirement *req, double value, uint64_t n)
{
    as_evidence evidence = evidence_new(req, value, n);
    evidence.proven = evidence.met;
    evidence.more = evidence.met ? 0 : UINT64_MAX;
    return evidence;
}

as_standing as_evidence_standing(const as_evidence *evidence)
{
    if (!evidence || isnan(evidence->value))
        return AS_STANDING_OPEN;
    if (!evidence->met)
        return AS_STANDING_NOT_MET;
    return evidence->proven ? AS_STANDING_MET : AS_STANDING_NOT_PROVEN;
}

as_standing as_evidence_overall(const as_requirement *req, const as_evidence *evidence, size_t n)
{
    as_standing overall = AS_STANDING_OPEN;
    for (size_t i = 0; i < n; i++) {
        as_standing standing = as_evidence_standing(&evidence[i]);
        if (strcmp(evidence[i].id, req->id) != 0 || standing == AS_STANDING_OPEN)
            continue;
        if (standing == AS_STANDING_NOT_MET)
            return standing;
        overall = AS_MAX(overall, standing); /* the enum ascends from OPEN to MET */
    }
    return overall;
}

char *as_evidence_text(as_standing standing, const as_evidence *evidence, char *text)
{
    const char *noun = evidence && evidence->per == AS_PER_FRAME ? "frame" : "part";
    switch (standing) {
    case AS_STANDING_MET: as_str_copy(text, 96, "met"); break;
    case AS_STANDING_NOT_MET: as_str_copy(text, 96, "not met"); break;
    case AS_STANDING_NOT_PROVEN:
        if (!evidence)
            as_str_copy(text, 96, "met but not proven");
        else if (evidence->more == UINT64_MAX)
            as_str_copy(text, 96, "met but not proven (more of the same would not do)");
        else
            snprintf(text, 96, "met but not proven (%llu more %s%s would do)", (unsigned long long)evidence->more, noun,
                     evidence->more == 1 ? "" : "s");
        break;
    case AS_STANDING_NONE:
    case AS_STANDING_OPEN: as_str_copy(text, 96, "no evidence yet"); break;
    }
    return text;
}

/* Per cent with one digit behind the point, more where the value has them. */
static void evidence_percent_text(double ratio, char *text, size_t cap)
{
    for (int digits = 1; digits <= 12; digits++) {
        snprintf(text, cap, "%.*f %%", digits, ratio * 100.0);
        double shown = strtod(text, NULL);
        if (fabs(shown - ratio * 100.0) <= 1e-12 * AS_MAX(1.0, shown))
            break;
    }
}

char *as_requirement_text(const as_requirement *req, char *text)
{
    const as_measure_info *info = as_measure_info_of(req->measure);
    char                   target[AS_UNIT_TEXT_BYTES], quantile[32] = "";
    if (!info) {
        as_str_copy(text, 160, "nothing");
        return text;
    }
    if (info->kind == AS_MEASURE_KIND_RATE)
        evidence_percent_text(evidence_target(req), target, sizeof target);
    else
        as_unit_exact_text(evidence_target(req), info->unit, target);
    if (info->kind == AS_MEASURE_KIND_QUANTILE) {
        char percent[AS_UNIT_TEXT_BYTES];
        as_unit_number_text(round(req->quantile * 1e10) / 1e8, percent);
        snprintf(quantile, sizeof quantile, "p%.20s ", percent);
    }
    snprintf(text, 160, "%s%s%s%.63s%s %s %s", quantile, info->title, req->of ? " of " : "", req->of ? req->of : "",
             req->per == AS_PER_FRAME ? " per frame" : "", evidence_is_upper(req) ? "<=" : ">=", target);
    return text;
}

/* As few digits as still tell the truth: rounding must not lift a value over its target, or to 100 %. */
static void evidence_share_text(const as_requirement *req, double value, double scale, int digits, const char *unit,
                                char *text)
{
    for (int more = 0; more < 5; more++) {
        snprintf(text, AS_UNIT_TEXT_BYTES, "%.*f%s", digits + more, value * scale, unit);
        double shown = strtod(text, NULL) / scale;
        bool   same_side = evidence_reaches(req, shown) == evidence_reaches(req, value);
        bool   same_end = (shown >= 1) == (value >= 1) && (shown <= 0) == (value <= 0);
        if (same_side && same_end)
            return;
    }
}

char *as_requirement_value_text(const as_requirement *req, double value, char *text)
{
    const as_measure_info *info = as_measure_info_of(req->measure);
    if (!info || isnan(value))
        as_str_copy(text, AS_UNIT_TEXT_BYTES, "-");
    else if (info->kind == AS_MEASURE_KIND_RATE)
        evidence_share_text(req, value, 100.0, 1, " %", text);
    else if (info->kind == AS_MEASURE_KIND_COUNT)
        snprintf(text, AS_UNIT_TEXT_BYTES, "%.0f", value);
    else if (info->unit == AS_UNIT_RATIO)
        evidence_share_text(req, value, 1.0, 3, "", text);
    else
        as_unit_text(value, info->unit, text);
    return text;
}

json_t *as_evidence_json(const as_requirement *req, const as_evidence *evidence)
{
    static const char *const pers[] = {[AS_PER_NONE] = "part", [AS_PER_PART] = "part", [AS_PER_FRAME] = "frame"};
    json_t                  *json = json_object();
    bool                     ok =
        as_json_set(json, "id", json_string(evidence->id)) &&
        as_json_set(json, "measure", json_string(as_measure_name(req->measure))) &&
        (!req->of || as_json_set(json, "of", json_string(req->of))) &&
        as_json_set(json, "per", json_string(pers[evidence->per])) &&
        as_json_set(json, evidence_is_upper(req) ? "at_most" : "at_least", as_json_number(evidence_target(req))) &&
        as_json_set(json, "confidence", as_json_number(req->confidence)) &&
        as_json_set(json, "stage", json_string(evidence->stage)) &&
        as_json_set(json, "source", json_string(evidence->source)) &&
        as_json_set(json, "value", as_json_number(evidence->value)) &&
        as_json_set(json, "low", as_json_number(evidence->low)) &&
        as_json_set(json, "high", as_json_number(evidence->high)) &&
        as_json_set(json, "k", json_integer((json_int_t)AS_MIN(evidence->k, (uint64_t)INT64_MAX))) &&
        as_json_set(json, "n", json_integer((json_int_t)AS_MIN(evidence->n, (uint64_t)INT64_MAX))) &&
        as_json_set(json, "met", json_boolean(evidence->met)) &&
        as_json_set(json, "proven", json_boolean(evidence->proven)) &&
        as_json_set(json, "more",
                    evidence->more > INT64_MAX ? json_null() : json_integer((json_int_t)evidence->more)) &&
        as_json_set(json, "utc_ns", json_integer(evidence->utc));
    if (ok)
        return json;
    json_decref(json);
    return NULL;
}

/* A number, or null for NAN. */
static bool evidence_parse_number(const json_t *json, const char *key, double *ret, as_err *err)
{
    if (json_is_null(json_object_get(json, key))) {
        *ret = NAN;
        return true;
    }
    return as_json_get_f64(json, key, ret, err);
}

static bool evidence_parse_count(const json_t *json, const char *key, uint64_t *ret, as_err *err)
{
    int64_t value;
    if (!as_json_get_i64(json, key, &value, err))
        return false;
    if (value < 0)
        return AS_FAIL(err, AS_EFORMAT, "key '%s' must not be negative", key);
    *ret = (uint64_t)value;
    return true;
}

static bool evidence_parse_text(const json_t *json, const char *key, char *ret, size_t cap, as_err *err)
{
    const char *text;
    if (!as_json_get_str(json, key, &text, err))
        return false;
    return as_str_copy(ret, cap, text) || AS_FAIL(err, AS_ELIMIT, "key '%s' is longer than %zu bytes", key, cap - 1);
}

bool as_evidence_parse(const json_t *json, as_evidence *ret, as_err *err)
{
    as_evidence e = {.more = UINT64_MAX};
    char        per[8];
    if (!evidence_parse_text(json, "id", e.id, sizeof e.id, err) ||
        !evidence_parse_text(json, "stage", e.stage, sizeof e.stage, err) ||
        !evidence_parse_text(json, "source", e.source, sizeof e.source, err) ||
        !evidence_parse_text(json, "per", per, sizeof per, err) ||
        !evidence_parse_number(json, "value", &e.value, err) || !evidence_parse_number(json, "low", &e.low, err) ||
        !evidence_parse_number(json, "high", &e.high, err) || !evidence_parse_count(json, "k", &e.k, err) ||
        !evidence_parse_count(json, "n", &e.n, err) || !as_json_get_bool(json, "met", &e.met, err) ||
        !as_json_get_bool(json, "proven", &e.proven, err) || !as_json_get_i64(json, "utc_ns", &e.utc, err))
        return false;
    if (!json_is_null(json_object_get(json, "more")) && !evidence_parse_count(json, "more", &e.more, err))
        return false;
    e.per = strcmp(per, "frame") == 0 ? AS_PER_FRAME : AS_PER_PART;
    *ret = e;
    return true;
}
