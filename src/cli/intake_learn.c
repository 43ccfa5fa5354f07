/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "cli/action.h"
#include "cli/term.h"
#include "intake/profile.h"
#include "spec/spec.h"

#define LEARN_QUANTILE 0.005
#define LEARN_LEAST    20 /* pictures */

/* A limit of assay.yaml and the measure it is on. */
typedef struct learn_limit {
    const char *key;
    as_trait    measured;
    bool        least; /* else most */
    size_t      offset;
    double      low, high; /* of the key, where it means anything */
    bool        zero_is_off;
} learn_limit;

static const learn_limit learn_limits[] = {
    {"min_sharpness", AS_MEASURED_SHARPNESS, true, offsetof(as_spec, min_sharpness), 0, 1e9, true},
    {"min_contrast", AS_MEASURED_CONTRAST, true, offsetof(as_spec, min_contrast), 0, 255, true},
    {"max_noise", AS_MEASURED_NOISE, false, offsetof(as_spec, max_noise), 0.1, 255, true},
    {"max_motion_px", AS_MEASURED_MOTION, false, offsetof(as_spec, max_motion_px), 3, 1000, true},
    {"max_clipped_ratio", AS_MEASURED_COUNT, false, offsetof(as_spec, max_clipped_ratio), 0.001, 1, false},
};

typedef struct learned {
    bool   known;
    double now, limit, low, median, high; /* now: as the file says; the others of the reference */
    size_t n, n_out_now, n_out;           /* pictures it was measured of; that the limits would leave out */
} learned;

/* Three digits, away from the pictures: what is printed never leaves out more than what was found. */
static double learn_round(double value, bool down)
{
    if (value == 0)
        return 0;
    double step = pow(10, floor(log10(fabs(value))) - 2);
    return (down ? floor(value / step + 1e-9) : ceil(value / step - 1e-9)) * step;
}

/* Black and white are one limit: their sum, by sample. */
static double *learn_column(const as_profile *profile, const learn_limit *limit, size_t *ret_n, as_err *err)
{
    if (limit->measured != AS_MEASURED_COUNT)
        return as_profile_column(profile, limit->measured, NULL, ret_n, err);
    as_profile both = *profile;
    both.at = malloc((profile->n + 1) * AS_MEASURED_COUNT * sizeof *both.at);
    if (!both.at) {
        AS_FAIL(err, AS_ENOMEM, "out of memory");
        return NULL;
    }
    for (size_t i = 0; i < profile->n; i++)
        both.at[i * AS_MEASURED_COUNT] = profile->at[i * AS_MEASURED_COUNT + AS_MEASURED_BLACK] +
                                         profile->at[i * AS_MEASURED_COUNT + AS_MEASURED_WHITE];
    double *column = as_profile_column(&both, (as_trait)0, NULL, ret_n, err);
    free(both.at);
    return column;
}

static bool learn_one(const as_profile *profile, const as_spec *spec, const learn_limit *limit, double quantile,
                      learned *ret, as_err *err)
{
    size_t  n;
    double *v = learn_column(profile, limit, &n, err);
    if (!v)
        return false;
    *ret = (learned){.n = n, .now = *(const double *)(const void *)((const char *)spec + limit->offset)};
    ret->known = n >= LEARN_LEAST;
    if (ret->known) {
        size_t out = (size_t)floor(quantile * (double)n);
        double at = limit->least ? v[out] : v[n - 1 - out];
        ret->limit = fmin(fmax(learn_round(at, limit->least), limit->low), limit->high);
        ret->low = v[0];
        ret->median = v[n / 2];
        ret->high = v[n - 1];
        for (size_t i = 0; i < n; i++) {
            ret->n_out += limit->least ? v[i] < ret->limit : v[i] > ret->limit;
            ret->n_out_now += limit->least ? v[i] < ret->now : v[i] > ret->now && (ret->now > 0 || !limit->zero_is_off);
        }
    }
    free(v);
    return true;
}

static void learn_print(as_cli *cli, const as_profile *profile, const learned *rows, double quantile)
{
    char hex[AS_SHA256_HEX_BYTES];
    fprintf(
        cli->out,
        "# Limits that leave out at most %.3g %% of the %zu pictures of %.12s, each. They came in under the limits of\n"
        "# their time, so what those refused is not among them. Paste what you want below intake: of assay.yaml.\n"
        "intake:\n",
        quantile * 100, profile->n, as_digest_hex(&profile->commit.id, hex));
    for (size_t i = 0; i < AS_COUNT(learn_limits); i++) {
        const learned *r = &rows[i];
        if (!r->known)
            fprintf(cli->out, "  # %s: not known, measured of %zu pictures only\n", learn_limits[i].key, r->n);
        else
            fprintf(cli->out,
                    "  %s: %.10g # leaves out %zu; now %.10g leaves out %zu; lowest %.4g, median %.4g, highest %.4g\n",
                    learn_limits[i].key, r->limit, r->n_out, r->now, r->n_out_now, r->low, r->median, r->high);
    }
}

static json_t *learn_json(const as_profile *profile, const learned *rows, double quantile)
{
    char    hex[AS_SHA256_HEX_BYTES];
    json_t *json = json_object(), *list = json_array();
    for (size_t i = 0; i < AS_COUNT(learn_limits); i++)
        if (rows[i].known)
            json_array_append_new(list, json_pack("{s:s,s:f,s:f,s:I,s:I,s:I,s:f,s:f,s:f}", "key", learn_limits[i].key,
                                                  "limit", rows[i].limit, "now", rows[i].now, "n",
                                                  (json_int_t)rows[i].n, "n_out", (json_int_t)rows[i].n_out,
                                                  "n_out_now", (json_int_t)rows[i].n_out_now, "lowest", rows[i].low,
                                                  "median", rows[i].median, "highest", rows[i].high));
    as_json_set(json, "reference", json_string(as_digest_hex(&profile->commit.id, hex)));
    as_json_set(json, "quantile", as_json_number(quantile));
    as_json_set(json, "n", json_integer((json_int_t)profile->n));
    as_json_set(json, "limits", list);
    return json;
}

static int learn_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char *given = as_cli_opt(cli, "reference");
    double      quantile = LEARN_QUANTILE;
    as_profile  profile = {.n = 0};
    learned     rows[AS_COUNT(learn_limits)];
    as_spec    *spec = as_spec_load(ws->spec_path, err);
    bool        ok = spec && as_cli_f64(cli, "quantile", 0, 0.5, &quantile, err) &&
              as_profile_read(ws, given ? given : spec->reference, &profile, err);
    if (ok && profile.n < LEARN_LEAST)
        ok = AS_FAIL(err, AS_EINVAL, "the version has %zu pictures: limits take %d to be learnt from", profile.n,
                     LEARN_LEAST);
    for (size_t i = 0; ok && i < AS_COUNT(learn_limits); i++)
        ok = learn_one(&profile, spec, &learn_limits[i], quantile, &rows[i], err);
    if (ok && cli->json)
        ok = as_cli_print_json(cli, learn_json(&profile, rows, quantile), err);
    else if (ok)
        learn_print(cli, &profile, rows, quantile);
    as_profile_done(&profile);
    as_spec_free(spec);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_action as_intake_action_learn = {
    .name = "learn",
    .usage = "[--reference COMMIT] [--quantile Q]",
    .about = "limits for assay.yaml from what was measured of a version's pictures, as lines to paste: each with how "
             "many pictures it would leave out, and how many the present one does",
    .mode = AS_WORKSPACE_READ,
    .run = learn_run,
};
