/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/action.h"
#include "cli/data_json.h"
#include "cli/import_report.h"
#include "cli/term.h"
#include "spec/unit.h"

typedef struct data_range {
    const char *name;
    AS_VEC(double) values;
} data_range;

static int data_compare_values(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Least, middle and largest of what is known; false when nothing is. */
static bool data_range_of(data_range *range, double ret[3])
{
    size_t n = range->values.n;
    if (n == 0)
        return false;
    qsort(range->values.at, n, sizeof *range->values.at, data_compare_values);
    ret[0] = range->values.at[0];
    ret[1] = range->values.at[n / 2];
    ret[2] = range->values.at[n - 1];
    return true;
}

static bool data_measure(const as_manifest *manifest, data_range ranges[5], as_err *err)
{
    for (size_t i = 0; i < as_manifest_count(manifest); i++) {
        const as_sample *s = as_manifest_at(manifest, i);
        double           values[5] = {s->width, s->height, (double)s->n_bytes, s->sharpness, s->clipped_ratio};
        for (size_t k = 0; k < 5; k++)
            if (isfinite(values[k]) && !as_vec_push(&ranges[k].values, values[k]))
                return AS_FAIL(err, AS_ENOMEM, "out of memory");
    }
    return true;
}

/* What intake found of people, over a whole version. */
typedef struct data_privacy {
    uint64_t n_looked, n_with, n_faces;
    char     how[64]; /* "yunet 81dbde155e982455 at 0.5, fill" of the last with a face */
} data_privacy;

static data_privacy data_privacy_of(const as_manifest *manifest)
{
    data_privacy p = {0};
    for (size_t i = 0; i < as_manifest_count(manifest); i++) {
        const char *record = as_manifest_at(manifest, i)->privacy, *how;
        uint64_t    n = 0;
        if (!record || !as_str_starts(record, "faces "))
            continue;
        for (const char *c = record + strlen("faces "); *c >= '0' && *c <= '9' && n < 1000000; c++)
            n = 10 * n + (uint64_t)(*c - '0');
        p.n_looked++;
        p.n_with += n > 0;
        p.n_faces += n;
        how = strchr(record, ',');
        if (how && (n || !p.how[0]))
            as_str_copy(p.how, sizeof p.how, how + 2);
    }
    return p;
}

static void data_show_privacy(as_cli *cli, const as_manifest *manifest)
{
    data_privacy p = data_privacy_of(manifest);
    if (p.n_looked)
        fprintf(cli->out, "%llu face%s covered in %llu of %llu pictures that were looked at (%s)\n\n",
                (unsigned long long)p.n_faces, p.n_faces == 1 ? "" : "s", (unsigned long long)p.n_with,
                (unsigned long long)p.n_looked, p.how);
}

static bool data_show_text(as_cli *cli, as_workspace *ws, const as_commit *commit, const as_manifest *manifest,
                           data_range ranges[5], const as_set_report *set, as_err *err)
{
    static const char *const columns[] = {"measure", ">least", ">median", ">largest", NULL};
    char                     hex[AS_SHA256_HEX_BYTES], when[AS_CLOCK_TEXT_BYTES], bytes[AS_UNIT_TEXT_BYTES];
    double                   range[3];
    fprintf(cli->out, "%scommit %s%s\n", as_term_style(cli, AS_STYLE_BOLD), as_digest_hex(&commit->id, hex),
            as_term_plain(cli));
    for (size_t i = 0; i < commit->n_parents; i++)
        fprintf(cli->out, "parent %s\n", as_digest_hex(&commit->parents[i], hex));
    fprintf(cli->out, "author %s\ntime   %s\n\n    %s\n\n", commit->author, as_clock_text(commit->utc, when),
            commit->message);
    fprintf(cli->out, "%llu sample%s, %s, %llu quarantined on the way in\n\n", (unsigned long long)commit->n_samples,
            commit->n_samples == 1 ? "" : "s", as_unit_text((double)commit->n_bytes, AS_UNIT_BYTES, bytes),
            (unsigned long long)commit->n_quarantined);
    data_show_privacy(cli, manifest);
    if (!as_counts_print(cli, ws, commit, err))
        return false;
    fputc('\n', cli->out);
    as_set_checks_print(cli, set, true);
    fputc('\n', cli->out);
    as_table *table = as_table_new(columns);
    for (size_t k = 0; k < 5; k++) {
        if (!data_range_of(&ranges[k], range))
            continue;
        as_table_cell(table, AS_STYLE_NONE, "%s", ranges[k].name);
        for (size_t i = 0; i < 3; i++)
            as_table_cell(table, AS_STYLE_NONE, "%.5g", range[i]);
    }
    return as_table_print(table, cli, err);
}

static bool data_show_json(as_cli *cli, as_workspace *ws, const as_commit *commit, const as_manifest *manifest,
                           data_range ranges[5], const as_set_report *set, as_err *err)
{
    double  range[3];
    json_t *json = as_data_commit_json(commit), *intake = json_object(), *classes = as_counts_json(ws, commit, err);
    for (size_t k = 0; k < 5; k++)
        if (data_range_of(&ranges[k], range))
            as_json_set(intake, ranges[k].name,
                        json_pack("{s:o, s:o, s:o}", "least", as_json_number(range[0]), "median",
                                  as_json_number(range[1]), "largest", as_json_number(range[2])));
    as_json_set(json, "intake", intake);
    if (!classes) {
        json_decref(json);
        return false;
    }
    as_json_set(json, "classes", classes);
    data_privacy p = data_privacy_of(manifest);
    if (p.n_looked)
        as_json_set(json, "privacy",
                    json_pack("{s:I, s:I, s:I}", "n_looked", (json_int_t)p.n_looked, "n_with_faces",
                              (json_int_t)p.n_with, "n_faces", (json_int_t)p.n_faces));
    as_json_set(json, "set_checks", as_set_report_json(set));
    return as_cli_print_json(cli, json, err);
}

static bool data_show_print(as_cli *cli, as_workspace *ws, as_err *err)
{
    data_range ranges[5] = {{.name = "width_px"},
                            {.name = "height_px"},
                            {.name = "n_bytes"},
                            {.name = "sharpness"},
                            {.name = "clipped_ratio"}};
    as_commit  commit;
    if (!as_commit_find(ws, as_cli_arg(cli, 1) ? as_cli_arg(cli, 1) : "main", &commit, err))
        return false;
    as_manifest   *manifest = as_commit_manifest(ws, &commit, err);
    as_set_report *set = calloc(1, sizeof *set);
    bool ok = manifest && data_measure(manifest, ranges, err) && (set || AS_FAIL(err, AS_ENOMEM, "out of memory"));
    ok = ok && as_set_checks_run(ws, &commit, set, err);
    ok = ok && (cli->json ? data_show_json : data_show_text)(cli, ws, &commit, manifest, ranges, set, err);
    free(set);
    for (size_t k = 0; k < AS_COUNT(ranges); k++)
        as_vec_done(&ranges[k].values);
    as_manifest_free(manifest);
    return ok;
}

static int data_show(as_cli *cli, as_workspace *ws, as_err *err)
{
    return data_show_print(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_data_show = {
    .name = "show",
    .usage = "[COMMIT]",
    .about = "one version: who, when, what, samples by class and split, what intake measured and what the checks "
             "on the whole version found",
    .min_args = 0,
    .max_args = 1,
    .mode = AS_WORKSPACE_READ,
    .run = data_show,
};
