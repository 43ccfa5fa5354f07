/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "lab/parity.h"

/* JSON has no infinity: an answer that is missing on one side alone is null. */
static json_t *parity_json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *parity_json_scores(const as_parity *parity, const as_parity_row *row, size_t i)
{
    json_t *scores = json_array();
    for (size_t k = 0; k < parity->info.n_labels; k++)
        json_array_append_new(scores, json_real((double)row->scores[i * parity->info.n_labels + k]));
    return scores;
}

static json_t *parity_json_answer(const as_parity *parity, const as_parity_row *row, size_t i)
{
    const as_parity_answer *answer = &row->answers[i];
    char                    text[16];
    json_t                 *json = json_object();
    as_json_set(json, "verdict", parity->has_point ? json_string(as_verdict_name(answer->verdict)) : json_null());
    as_json_set(json, "class",
                answer->best == UINT32_MAX ? json_null() : json_string(as_parity_class(parity, answer->best, text)));
    as_json_set(json, "reject_score", parity_json_number(answer->reject_score));
    if (parity->has_labels)
        as_json_set(json, "scores", parity_json_scores(parity, row, i));
    return json;
}

static json_t *parity_json_flips(const as_parity *parity, const as_parity_row *row)
{
    json_t *flips = json_array();
    for (size_t i = 0; i < parity->n; i++) {
        const as_parity_answer *answer = &row->answers[i];
        if (!as_parity_flipped(answer))
            continue;
        json_t *json = json_object();
        as_json_set(json, "sample", json_string(as_parity_name(parity, i)));
        as_json_set(json, "part", json_string(as_dataset_sample(parity->dataset, parity->samples[i])->part));
        as_json_set(json, "difference", parity_json_number(answer->difference));
        as_json_set(json, "verdict_flipped", json_boolean(answer->flipped_verdict));
        as_json_set(json, "class_flipped", json_boolean(answer->flipped_class));
        as_json_set(json, "numbers_flipped", json_boolean(answer->flipped_numbers));
        as_json_set(json, "reference", parity_json_answer(parity, &parity->rows[parity->reference], i));
        as_json_set(json, "here", parity_json_answer(parity, row, i));
        json_array_append_new(flips, json);
    }
    return flips;
}

static json_t *parity_json_difference(const as_parity *parity, const as_parity_row *row)
{
    json_t *json = json_object();
    as_json_set(json, "worst", parity_json_number(row->worst));
    as_json_set(json, "worst_sample",
                row->worst > 0 ? json_string(as_parity_name(parity, row->worst_at)) : json_null());
    as_json_set(json, "median", parity_json_number(row->median));
    as_json_set(json, "p95", parity_json_number(row->p95));
    as_json_set(json, "p99", parity_json_number(row->p99));
    as_json_set(json, "n_same", json_integer((json_int_t)row->n_same));
    return json;
}

static json_t *parity_json_row(const as_parity *parity, size_t i)
{
    const as_parity_row *row = &parity->rows[i];
    json_t              *json = json_object();
    as_json_set(json, "backend", json_string(row->backend));
    as_json_set(json, "precision", json_string(row->precision->name));
    as_json_set(json, "runs_on", row->ran ? json_string(row->runs_on) : json_null());
    as_json_set(json, "reference", json_boolean(i == parity->reference));
    as_json_set(json, "ran", json_boolean(row->ran));
    as_json_set(json, "reason", row->ran ? json_null() : json_string(row->why.text));
    if (!row->ran || i == parity->reference)
        return json;
    as_json_set(json, "difference", parity_json_difference(parity, row));
    as_json_set(json, "n_flipped", json_integer((json_int_t)row->n_flipped));
    as_json_set(json, "n_flipped_verdicts", json_integer((json_int_t)row->n_flipped_verdicts));
    as_json_set(json, "n_flipped_classes", json_integer((json_int_t)row->n_flipped_classes));
    as_json_set(json, "n_flipped_numbers", json_integer((json_int_t)row->n_flipped_numbers));
    as_json_set(json, "n_flipped_parts", json_integer((json_int_t)row->n_flipped_parts));
    as_json_set(json, "n_faults", json_integer((json_int_t)row->n_faults));
    as_json_set(json, "flips", parity_json_flips(parity, row));
    return json;
}

static json_t *parity_json_point(const as_parity *parity)
{
    json_t *json = json_object();
    as_json_set(json, "pass_below", json_real(parity->policy.point.pass_below));
    as_json_set(json, "reject_from", json_real(parity->policy.point.reject_from));
    return json;
}

json_t *as_parity_json(const as_parity *parity, const as_parity_cfg *cfg, as_err *err)
{
    char    hex[AS_SHA256_HEX_BYTES];
    json_t *json = json_object(), *rows = json_array(), *labels = json_array();
    for (size_t i = 0; i < parity->n_rows; i++)
        json_array_append_new(rows, parity_json_row(parity, i));
    for (size_t i = 0; i < parity->info.n_labels; i++)
        json_array_append_new(labels, json_string(parity->info.labels[i]));
    as_json_set(json, "model", json_string(cfg->name));
    as_json_set(json, "commit", json_string(as_digest_hex(&as_dataset_commit(parity->dataset)->id, hex)));
    as_json_set(json, "split", cfg->split ? json_string(as_split_name(cfg->split)) : json_null());
    as_json_set(json, "n_samples", json_integer((json_int_t)parity->n));
    as_json_set(json, "n_parts", json_integer((json_int_t)parity->n_parts));
    as_json_set(json, "n_erased", json_integer((json_int_t)parity->n_erased));
    as_json_set(json, "labels", labels);
    as_json_set(json, "difference_of", json_string(parity->has_labels ? "probability" : "share of the largest value"));
    as_json_set(json, "compared",
                json_string(parity->has_point     ? "verdicts"
                            : parity->has_classes ? "classes"
                                                  : "numbers"));
    as_json_set(json, "judged_by", cfg->run ? json_string(cfg->run->id) : json_null());
    as_json_set(json, "operating_point", parity->has_point ? parity_json_point(parity) : json_null());
    as_json_set(json, "max_flips", json_integer((json_int_t)parity->max_flips));
    as_json_set(json, "holds", json_boolean(as_parity_holds(parity)));
    as_json_set(json, "rows", rows);
    as_json_set(json, "seconds", json_real(parity->seconds));
    if (!json)
        AS_FAIL(err, AS_ENOMEM, "cannot hold what was compared");
    return json;
}

/* --- every score --- */

/* RFC 4180: quoted where a comma, a quote or a line's end would part it. */
static void parity_csv_text(as_str *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        as_str_add(out, text);
        return;
    }
    as_str_add(out, "\"");
    for (; *text; text++)
        as_str_addf(out, *text == '"' ? "\"%c" : "%c", *text);
    as_str_add(out, "\"");
}

static void parity_csv_line(const as_parity *parity, const as_parity_row *row, size_t i, as_str *out)
{
    const as_parity_answer *a = &row->answers[i];
    char                    text[16];
    parity_csv_text(out, as_parity_name(parity, i));
    as_str_add(out, ",");
    parity_csv_text(out, as_dataset_sample(parity->dataset, parity->samples[i])->part);
    as_str_add(out, ",");
    parity_csv_text(out, row->backend);
    as_str_addf(out, ",%s,%s,", row->precision->name, parity->has_point ? as_verdict_name(a->verdict) : "");
    parity_csv_text(out, as_parity_class(parity, a->best, text));
    as_str_addf(out, ",%d,%.9g,%.9g", as_parity_flipped(a), a->difference, a->reject_score);
    for (size_t k = 0; k < parity->info.n_labels; k++)
        as_str_addf(out, ",%.9g", (double)row->scores[i * parity->info.n_labels + k]);
    as_str_add(out, "\n");
}

bool as_parity_csv(const as_parity *parity, as_str *out, as_err *err)
{
    as_str_add(out, "sample,part,backend,precision,verdict,class,flipped,difference,reject_score");
    for (size_t k = 0; k < parity->info.n_labels; k++) {
        as_str_add(out, ",");
        parity_csv_text(out, parity->info.labels[k]);
    }
    as_str_add(out, "\n");
    for (size_t i = 0; i < parity->n; i++)
        for (size_t r = 0; r < parity->n_rows; r++)
            if (parity->rows[r].ran)
                parity_csv_line(parity, &parity->rows[r], i, out);
    return as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "cannot hold the scores of %zu pictures", parity->n);
}
