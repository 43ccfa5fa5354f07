/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/agreement.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/vec.h"

typedef struct agreement_word {
    size_t  person, class;
    as_vote vote;
} agreement_word;

typedef struct agreement_job {
    const as_manifest *manifest;
    const char *const *by; /* may be NULL */
    as_agreement      *out;
    AS_VEC(as_annotator) people;
    AS_VEC(as_dispute) disputes;
    AS_VEC(uint32_t) counts;               /* of each sample with two labels or more: people by class */
    agreement_word words[AS_VOTE_MAX + 1]; /* about one sample */
    size_t         pair_at[AS_AGREEMENT_MOST * AS_AGREEMENT_MOST]; /* 1 + index into pairs; 0: none yet */
} agreement_job;

static bool agreement_counts(const agreement_job *job, const as_vote *v)
{
    if (v->state == AS_LABEL_GIVEN && !job->by)
        return *v->by && !as_str_starts(v->by, "model:") && !as_str_starts(v->by, "import:");
    if (v->state == AS_LABEL_NONE || v->state == AS_LABEL_REVIEWED)
        return false;
    for (size_t i = 0; job->by && job->by[i]; i++)
        if (strcmp(job->by[i], v->by) == 0)
            return true;
    return false;
}

/* What was said of a sample by those who count; 0 where fewer than two of them did. */
static size_t agreement_words(agreement_job *job, const as_sample *s)
{
    const as_vote label = {.by = s->by ? s->by : "",
                           .label = s->label,
                           .state = s->state,
                           .findings = s->findings,
                           .n_findings = s->n_findings};
    size_t        n = 0;
    if (s->n_votes == 0)
        return 0;
    if (agreement_counts(job, &label))
        job->words[n++].vote = label;
    for (size_t i = 0; i < s->n_votes; i++)
        if (agreement_counts(job, &s->votes[i]))
            job->words[n++].vote = s->votes[i];
    return n >= 2 ? n : 0;
}

static size_t agreement_person(const agreement_job *job, const char *by)
{
    size_t i = 0;
    while (i < job->people.n && strcmp(job->people.at[i].by, by) != 0)
        i++;
    return i;
}

static bool agreement_class(as_agreement *out, const char *label, size_t *ret, as_err *err)
{
    size_t i = 0;
    while (i < out->n_classes && strcmp(out->classes[i], label) != 0)
        i++;
    if (i == AS_KAPPA_MAX_CLASSES)
        return AS_FAIL(err, AS_ELIMIT, "people used more than %d classes", AS_KAPPA_MAX_CLASSES);
    if (i == out->n_classes)
        out->classes[out->n_classes++] = label;
    *ret = i;
    return true;
}

static int agreement_by_name(const void *a, const void *b)
{
    return strcmp(((const as_annotator *)a)->by, ((const as_annotator *)b)->by);
}

static bool agreement_none(const agreement_job *job, as_err *err)
{
    for (size_t k = 0; job->by && job->by[k]; k++)
        if (agreement_person(job, job->by[k]) == job->people.n)
            return AS_FAIL(err, AS_ENOTFOUND, "'%s' labelled no sample that another of them labelled too", job->by[k]);
    return job->people.n >= 2 ||
           AS_FAIL(err, AS_ENOTFOUND,
                   "no sample has labels by two people: a second one says what he sees with: assay label vote CLASS "
                   "NAME... --by person:WHO");
}

/* Who and what there is, before anything is counted. */
static bool agreement_meet(agreement_job *job, as_err *err)
{
    for (size_t i = 0; i < as_manifest_count(job->manifest); i++) {
        size_t n = agreement_words(job, as_manifest_at(job->manifest, i));
        for (size_t k = 0; k < n; k++) {
            const as_vote *v = &job->words[k].vote;
            size_t         at = agreement_person(job, v->by);
            if (at == AS_AGREEMENT_MOST)
                return AS_FAIL(err, AS_ELIMIT, "more than %d people labelled: name some of them with --by",
                               AS_AGREEMENT_MOST);
            if (at == job->people.n && !as_vec_push(&job->people, ((as_annotator){.by = v->by})))
                return AS_FAIL(err, AS_ENOMEM, "not enough memory");
            job->people.at[at].n++;
            if (!agreement_class(job->out, v->label, &at, err))
                return false;
        }
    }
    if (!agreement_none(job, err))
        return false;
    qsort(job->people.at, job->people.n, sizeof job->people.at[0], agreement_by_name);
    return true;
}

static as_agreement_pair *agreement_pair(agreement_job *job, size_t a, size_t b)
{
    as_agreement *out = job->out;
    size_t       *at = &job->pair_at[a * AS_AGREEMENT_MOST + b];
    if (!*at) {
        as_agreement_pair *pair = &out->pairs[out->n_pairs];
        pair->counts = calloc(out->n_classes * out->n_classes, sizeof *pair->counts);
        if (!pair->counts)
            return NULL;
        pair->a = a;
        pair->b = b;
        *at = ++out->n_pairs;
    }
    return &out->pairs[*at - 1];
}

static bool agreement_outlines(as_agreement_pair *pair, const as_sample *s, const as_vote *a, const as_vote *b,
                               bool *ret_differ, as_err *err)
{
    as_match match = {0};
    pair->n_one_sided += (a->n_findings == 0) != (b->n_findings == 0);
    if (a->n_findings == 0 || b->n_findings == 0)
        return true;
    if (!as_match_findings(a->findings, a->n_findings, b->findings, b->n_findings, s->width, s->height, &match, err)) {
        as_err_note(err, "sample '%.200s'", s->name);
        return false;
    }
    pair->n_outlined++;
    pair->outlines.n_a += match.n_a;
    pair->outlines.n_b += match.n_b;
    pair->outlines.n_matched += match.n_matched;
    pair->outlines.sum_iou += match.sum_iou;
    *ret_differ = *ret_differ || match.n_matched < match.n_a || match.n_matched < match.n_b;
    return true;
}

static bool agreement_compare(agreement_job *job, const as_sample *s, const agreement_word *x, const agreement_word *y,
                              bool *ret_differ, as_err *err)
{
    if (x->person > y->person)
        return agreement_compare(job, s, y, x, ret_differ, err);
    as_agreement_pair *pair = agreement_pair(job, x->person, y->person);
    if (!pair)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    pair->counts[x->class * job->out->n_classes + y->class]++;
    return agreement_outlines(pair, s, &x->vote, &y->vote, ret_differ, err);
}

static bool agreement_sample(agreement_job *job, size_t i, as_err *err)
{
    const as_sample *s = as_manifest_at(job->manifest, i);
    size_t           n = agreement_words(job, s), from = job->counts.n;
    bool             outlines_differ = false, classes_differ = false, ok = true;
    for (size_t k = 0; n && ok && k < job->out->n_classes; k++)
        ok = as_vec_push(&job->counts, 0);
    if (!ok)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    for (size_t k = 0; ok && k < n; k++) {
        agreement_word *w = &job->words[k];
        w->person = agreement_person(job, w->vote.by);
        ok = agreement_class(job->out, w->vote.label, &w->class, err);
        job->counts.at[from + w->class]++;
        classes_differ = classes_differ || w->class != job->words[0].class;
        for (size_t j = 0; ok && j < k; j++)
            ok = agreement_compare(job, s, &job->words[j], w, &outlines_differ, err);
    }
    if (ok && (classes_differ || outlines_differ) &&
        !as_vec_push(&job->disputes, ((as_dispute){.sample = i, .classes = classes_differ})))
        return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    return ok;
}

static int agreement_by_people(const void *a, const void *b)
{
    const as_agreement_pair *x = a, *y = b;
    return x->a != y->a ? (x->a > y->a) - (x->a < y->a) : (x->b > y->b) - (x->b < y->b);
}

static bool agreement_count(agreement_job *job, double confidence, as_err *err)
{
    as_agreement *out = job->out;
    bool          ok = true;
    out->pairs = calloc(job->people.n * job->people.n, sizeof *out->pairs);
    if (!out->pairs)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    for (size_t i = 0; ok && i < as_manifest_count(job->manifest); i++)
        ok = agreement_sample(job, i, err);
    for (size_t i = 0; ok && i < out->n_pairs; i++)
        out->pairs[i].kappa = as_kappa_cohen(out->pairs[i].counts, out->n_classes, confidence);
    if (ok) {
        qsort(out->pairs, out->n_pairs, sizeof *out->pairs, agreement_by_people);
        out->all = as_kappa_fleiss(job->counts.at, job->counts.n / out->n_classes, out->n_classes, confidence);
    }
    return ok;
}

as_agreement *as_agreement_new(const as_manifest *manifest, const as_spec *spec, const char *const *by,
                               double confidence, as_err *err)
{
    agreement_job *job = calloc(1, sizeof *job);
    as_agreement  *out = calloc(1, sizeof *out);
    bool           ok = (job && out) || AS_FAIL(err, AS_ENOMEM, "not enough memory");
    if (ok) {
        job->manifest = manifest;
        job->by = by;
        job->out = out;
        for (size_t i = 0; i < spec->n_classes; i++)
            out->classes[out->n_classes++] = spec->classes[i].name;
        ok = agreement_meet(job, err) && agreement_count(job, confidence, err);
        as_vec_done(&job->counts);
        out->people = job->people.at;
        out->n_people = job->people.n;
        out->disputes = job->disputes.at;
        out->n_disputes = job->disputes.n;
    }
    free(job);
    return ok ? out : as_agreement_free(out);
}

as_agreement *as_agreement_free(as_agreement *agreement)
{
    if (agreement) {
        for (size_t i = 0; i < agreement->n_pairs; i++)
            free(agreement->pairs[i].counts);
        free(agreement->pairs);
        free(agreement->people);
        free(agreement->disputes);
    }
    free(agreement);
    return NULL;
}

const char *as_kappa_word(double kappa)
{
    static const struct {
        double      up_to;
        const char *word;
    } words[] = {{0, "poor"},       {0.2, "slight"},      {0.4, "fair"},
                 {0.6, "moderate"}, {0.8, "substantial"}, {1, "almost perfect"}};
    size_t i = 0;
    if (isnan(kappa))
        return "not to be told";
    while (i + 1 < AS_COUNT(words) && kappa > words[i].up_to)
        i++;
    return words[i].word;
}
