/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/drift.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watch/shift.h"

#define DRIFT_MOST_WORDS 128 /* different words of a share; what comes after counts together */

typedef struct drift_job {
    as_profile before, after;
    bool      *is_new; /* of after */
    as_drift   out;
} drift_job;

typedef const char *(*drift_word)(const as_sample *s);

static const char *drift_class(const as_sample *s)
{
    return s->state == AS_LABEL_PROPOSED || !*s->label ? NULL : s->label;
}

static const char *drift_format(const as_sample *s)
{
    return s->format;
}

static const char *drift_camera(const as_sample *s)
{
    return *s->camera ? s->camera : NULL;
}

static bool drift_numbers(drift_job *d, as_trait measured, as_err *err)
{
    const as_trait_info *info = as_trait_info_of(measured);
    as_drift_row        *row = &d->out.at[d->out.n];
    size_t               n, m = 0;
    double              *a = as_profile_column(&d->before, measured, NULL, &n, err);
    double              *b = a ? as_profile_column(&d->after, measured, d->is_new, &m, err) : NULL;
    if (b && n >= AS_DRIFT_LEAST && m >= AS_DRIFT_LEAST) {
        *row = (as_drift_row){
            .name = info->name, .test = "ks", .n_before = n, .n_after = m, .value = as_shift_ks(a, n, b, m)};
        row->p = as_shift_ks_p(row->value, n, m);
        row->psi = as_shift_psi_of(a, n, b, m);
        snprintf(row->text, sizeof row->text, "median %.4g was %.4g, tenths %.4g to %.4g were %.4g to %.4g (%s)",
                 b[m / 2], a[n / 2], b[m / 10], b[m - 1 - m / 10], a[n / 10], a[n - 1 - n / 10], info->what);
        snprintf(row->remedy, sizeof row->remedy, "%s", info->remedy);
        d->out.n++;
    }
    free(a);
    free(b);
    return b != NULL;
}

typedef struct drift_words {
    const char *word[DRIFT_MOST_WORDS];
    uint64_t    before[DRIFT_MOST_WORDS], after[DRIFT_MOST_WORDS];
    size_t      n;
    const char *end; /* characters that end a word: a camera is one whatever its options */
} drift_words;

static size_t drift_place(drift_words *w, const char *word)
{
    size_t i = 0, n = strcspn(word, w->end);
    while (i < w->n && (strncmp(w->word[i], word, n) != 0 || strcspn(w->word[i], w->end) != n))
        i++;
    if (i == w->n && w->n < DRIFT_MOST_WORDS)
        w->word[w->n++] = word;
    return AS_MIN(i, (size_t)DRIFT_MOST_WORDS - 1);
}

/* The word whose share has changed most. */
static void drift_words_text(const drift_words *w, double n, double m, as_drift_row *row)
{
    size_t at = 0;
    double most = -1;
    for (size_t i = 0; i < w->n; i++) {
        double by = fabs((double)w->after[i] / m - (double)w->before[i] / n);
        at = by > most ? i : at;
        most = fmax(most, by);
    }
    snprintf(row->text, sizeof row->text, "'%.*s' is %.1f %% (%llu of %.0f), was %.1f %% (%llu of %.0f)",
             (int)AS_MIN(strcspn(w->word[at], w->end), (size_t)80), w->word[at], 100 * (double)w->after[at] / m,
             (unsigned long long)w->after[at], m, 100 * (double)w->before[at] / n, (unsigned long long)w->before[at],
             n);
}

static void drift_shares(drift_job *d, const char *name, drift_word word, const char *end, const char *remedy)
{
    drift_words   w = {.end = end};
    as_drift_row *row = &d->out.at[d->out.n];
    uint64_t      n = 0, m = 0;
    size_t        df;
    for (size_t i = 0; i < d->before.n; i++) {
        const char *text = word(as_manifest_at(d->before.manifest, i));
        n += text != NULL;
        if (text)
            w.before[drift_place(&w, text)]++;
    }
    for (size_t i = 0; i < d->after.n; i++) {
        const char *text = d->is_new[i] ? word(as_manifest_at(d->after.manifest, i)) : NULL;
        m += text != NULL;
        if (text)
            w.after[drift_place(&w, text)]++;
    }
    if (n < AS_DRIFT_LEAST || m < AS_DRIFT_LEAST)
        return;
    *row = (as_drift_row){
        .name = name, .test = "chi2", .n_before = n, .n_after = m, .value = as_shift_chi2(w.before, w.after, w.n, &df)};
    row->p = as_shift_chi2_p(row->value, df);
    row->psi = as_shift_psi(w.before, w.after, w.n);
    drift_words_text(&w, (double)n, (double)m, row);
    snprintf(row->remedy, sizeof row->remedy, "%s", remedy);
    d->out.n++;
}

static void drift_judge(as_drift *out, double max_psi)
{
    double p[AS_COUNT(out->at)];
    for (size_t i = 0; i < out->n; i++)
        p[i] = out->at[i].p;
    as_shift_holm(p, out->n);
    for (size_t i = 0; i < out->n; i++) {
        as_drift_row *row = &out->at[i];
        row->p = p[i];
        row->changed = row->p < AS_DRIFT_ALPHA && row->psi >= max_psi;
        out->n_changed += row->changed;
        if (!row->changed)
            row->remedy[0] = '\0';
    }
}

/* What the reference has, by its bytes, is not new. */
static bool drift_find_new(drift_job *d, as_err *err)
{
    d->is_new = calloc(d->after.n + 1, sizeof *d->is_new);
    if (!d->is_new)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu samples", d->after.n);
    for (size_t i = 0; i < d->after.n; i++) {
        const as_sample *s = as_manifest_at(d->after.manifest, i),
                        *same = as_manifest_find(d->before.manifest, s->name);
        d->is_new[i] = !same || !as_digest_equal(&same->image, &s->image);
        d->out.n_after += d->is_new[i];
    }
    d->out.n_before = d->before.n;
    d->out.reference = d->before.commit;
    d->out.commit = d->after.commit;
    return (d->out.n_before >= AS_DRIFT_LEAST && d->out.n_after >= AS_DRIFT_LEAST) ||
           AS_FAIL(err, AS_EINVAL,
                   "the reference has %zu pictures and %zu came since: each side takes %d to be compared",
                   d->out.n_before, d->out.n_after, AS_DRIFT_LEAST);
}

bool as_drift_find(as_workspace *ws, const as_spec *spec, const char *reference, const char *commit, as_drift *ret,
                   as_err *err)
{
    drift_job d = {.out = {.n = 0}};
    bool      ok = as_profile_read(ws, reference, &d.before, err) && as_profile_read(ws, commit, &d.after, err) &&
              drift_find_new(&d, err);
    for (int m = 0; ok && m < AS_MEASURED_COUNT; m++)
        ok = drift_numbers(&d, (as_trait)m, err);
    if (ok) {
        drift_shares(&d, "class", drift_class, "",
                     "is the process another, or who labels? judge by recall and precision of each class");
        drift_shares(&d, "format", drift_format, "", "take all pictures the same way: a format may give a class away");
        drift_shares(&d, "camera", drift_camera, "?", "judge by camera, and train on what each of them sees");
        drift_judge(&d.out, spec->max_psi);
        *ret = d.out;
    }
    as_profile_done(&d.before);
    as_profile_done(&d.after);
    free(d.is_new);
    return ok;
}

json_t *as_drift_json(const as_drift *drift)
{
    char    hex[AS_SHA256_HEX_BYTES];
    json_t *json = json_object(), *list = json_array();
    for (size_t i = 0; i < drift->n; i++) {
        const as_drift_row *row = &drift->at[i];
        json_array_append_new(list, json_pack("{s:s,s:s,s:f,s:f,s:f,s:I,s:I,s:b,s:s,s:s}", "measure", row->name, "test",
                                              row->test, "statistic", row->value, "p", row->p, "psi", row->psi,
                                              "n_reference", (json_int_t)row->n_before, "n", (json_int_t)row->n_after,
                                              "changed", row->changed, "text", row->text, "remedy", row->remedy));
    }
    as_json_set(json, "reference", json_string(as_digest_hex(&drift->reference.id, hex)));
    as_json_set(json, "commit", json_string(as_digest_hex(&drift->commit.id, hex)));
    as_json_set(json, "n_reference", json_integer((json_int_t)drift->n_before));
    as_json_set(json, "n", json_integer((json_int_t)drift->n_after));
    as_json_set(json, "n_changed", json_integer((json_int_t)drift->n_changed));
    as_json_set(json, "rows", list);
    return json;
}
