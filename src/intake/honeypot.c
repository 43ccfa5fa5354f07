/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/honeypot.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static bool honeypot_is_asked(const char *const *by, const char *who)
{
    if (!by)
        return *who && !as_str_starts(who, "model:") && !as_str_starts(who, "import:");
    while (*by && strcmp(*by, who) != 0)
        by++;
    return *by != NULL;
}

static as_honeypot_person *honeypot_person(as_honeypot *score, const char *by)
{
    for (size_t i = 0; i < score->people.n; i++)
        if (strcmp(score->people.at[i].by, by) == 0)
            return &score->people.at[i];
    return as_vec_push(&score->people, ((as_honeypot_person){.by = by})) ? &score->people.at[score->people.n - 1]
                                                                         : NULL;
}

static bool honeypot_vote(as_honeypot *score, const as_manifest *manifest, size_t at, const as_vote *vote, as_err *err)
{
    const as_sample    *s = as_manifest_at(manifest, at);
    as_honeypot_person *person = honeypot_person(score, vote->by);
    const bool          right = strcmp(vote->label, s->label) == 0;
    if (!person || (!right && !as_vec_push(&score->misses, ((as_honeypot_miss){at, vote->by, vote->label}))))
        return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    person->n++;
    person->n_right += right;
    return s->n_findings == 0 || vote->n_findings == 0 ||
           as_match_findings(s->findings, s->n_findings, vote->findings, vote->n_findings, s->width, s->height,
                             &person->outlines, err);
}

static int honeypot_by_name(const void *a, const void *b)
{
    return strcmp(((const as_honeypot_person *)a)->by, ((const as_honeypot_person *)b)->by);
}

bool as_honeypot_score(const as_manifest *manifest, const char *const *by, double confidence, as_honeypot *ret,
                       as_err *err)
{
    as_honeypot score = {0};
    bool        ok = true;
    for (size_t i = 0; ok && i < as_manifest_count(manifest); i++) {
        const as_sample *s = as_manifest_at(manifest, i);
        if (s->state != AS_LABEL_REVIEWED)
            continue;
        score.n_known++;
        for (size_t k = 0; ok && k < s->n_votes; k++) {
            const as_vote *v = &s->votes[k];
            /* A model's proposal is asked for by name. */
            if (honeypot_is_asked(by, v->by) && (v->state == AS_LABEL_GIVEN || (by && v->state == AS_LABEL_PROPOSED)))
                ok = honeypot_vote(&score, manifest, i, v, err);
        }
    }
    if (ok && score.people.n == 0)
        ok = AS_FAIL(
            err, AS_ENOTFOUND,
            "nobody%s labelled one of the %llu samples that somebody else reviewed (give some with: assay label "
            "next --by WHO --honeypots N)",
            by ? " asked for" : "", (unsigned long long)score.n_known);
    for (size_t i = 0; i < score.people.n; i++) {
        as_honeypot_person *p = &score.people.at[i];
        p->interval = as_interval_rate(p->n_right, p->n, confidence);
    }
    if (!ok) {
        as_honeypot_done(&score);
        return false;
    }
    qsort(score.people.at, score.people.n, sizeof score.people.at[0], honeypot_by_name);
    *ret = score;
    return true;
}

void as_honeypot_done(as_honeypot *score)
{
    as_vec_done(&score->people);
    as_vec_done(&score->misses);
}
