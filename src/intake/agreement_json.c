/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "intake/agreement.h"

static json_t *agreement_real(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *agreement_kappa(const as_kappa *k)
{
    return json_pack("{s:I,s:o,s:o,s:o,s:o,s:[o,o]}", "n", (json_int_t)k->n, "observed", agreement_real(k->observed),
                     "expected", agreement_real(k->expected), "kappa", agreement_real(k->kappa), "standard_error",
                     agreement_real(k->standard_error), "interval", agreement_real(k->interval.low),
                     agreement_real(k->interval.high));
}

static json_t *agreement_counts_json(const as_agreement *a, const as_agreement_pair *pair)
{
    json_t *list = json_array();
    for (size_t i = 0; i < a->n_classes; i++)
        for (size_t k = 0; k < a->n_classes; k++)
            if (pair->counts[i * a->n_classes + k])
                json_array_append_new(list, json_pack("{s:s,s:s,s:I}", "a", a->classes[i], "b", a->classes[k], "n",
                                                      (json_int_t)pair->counts[i * a->n_classes + k]));
    return list;
}

static json_t *agreement_pair_json(const as_agreement *a, const as_agreement_pair *pair)
{
    const as_match *m = &pair->outlines;
    const double    n = (double)m->n_matched;
    return json_pack("{s:s,s:s,s:o,s:o,s:{s:I,s:I,s:I,s:I,s:I,s:o,s:o}}", "a", a->people[pair->a].by, "b",
                     a->people[pair->b].by, "cohen", agreement_kappa(&pair->kappa), "confusion",
                     agreement_counts_json(a, pair), "outlines", "n_samples", (json_int_t)pair->n_outlined,
                     "n_one_sided", (json_int_t)pair->n_one_sided, "n_a", (json_int_t)m->n_a, "n_b", (json_int_t)m->n_b,
                     "n_matched", (json_int_t)m->n_matched, "mean_iou", agreement_real(n > 0 ? m->sum_iou / n : NAN),
                     "f1", agreement_real(m->n_a + m->n_b ? 2 * n / (double)(m->n_a + m->n_b) : NAN));
}

static json_t *agreement_dispute(const as_sample *s, const as_dispute *dispute)
{
    json_t *said = json_array();
    json_array_append_new(said, json_pack("{s:s,s:s,s:s,s:I}", "by", s->by, "class", s->label, "state",
                                          as_label_state_name(s->state), "n_findings", (json_int_t)s->n_findings));
    for (size_t i = 0; i < s->n_votes; i++)
        json_array_append_new(said, json_pack("{s:s,s:s,s:s,s:I}", "by", s->votes[i].by, "class", s->votes[i].label,
                                              "state", as_label_state_name(s->votes[i].state), "n_findings",
                                              (json_int_t)s->votes[i].n_findings));
    return json_pack("{s:s,s:s,s:o}", "name", s->name, "over", dispute->classes ? "class" : "outlines", "said", said);
}

json_t *as_agreement_json(const as_agreement *a, const as_manifest *manifest)
{
    json_t *people = json_array(), *pairs = json_array(), *disputes = json_array();
    for (size_t i = 0; i < a->n_people; i++)
        json_array_append_new(people, json_pack("{s:s,s:I}", "by", a->people[i].by, "n", (json_int_t)a->people[i].n));
    for (size_t i = 0; i < a->n_pairs; i++)
        json_array_append_new(pairs, agreement_pair_json(a, &a->pairs[i]));
    for (size_t i = 0; i < a->n_disputes; i++)
        json_array_append_new(disputes,
                              agreement_dispute(as_manifest_at(manifest, a->disputes[i].sample), &a->disputes[i]));
    return json_pack("{s:o,s:o,s:o,s:o}", "people", people, "fleiss", agreement_kappa(&a->all), "pairs", pairs,
                     "disputes", disputes);
}
