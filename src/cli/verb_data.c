/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "cli/data_checkout.h"
#include "cli/data_verify.h"
#include "cli/intake_report.h"
#include "cli/term.h"
#include "intake/quarantine.h"
#include "spec/spec.h"
#include "spec/unit.h"

#define DATA_DIFF_LINES 20 /* of a kind, as text; --json has them all */

static const char *const data_formats[] = {
#include "intake/format_names.inc"
    NULL};

static const as_opt data_opts[] = {
    {"as", 0, "FORMAT", "checkout: in which format (default: folders)", data_formats},
    {"where", 'w', "QUERY", "ls: only samples that meet it: 'class=broken and sharpness<200 and not reviewed'", NULL},
    {"class", 0, "CLASS", "ls: only samples of this class", NULL},
    {"split", 0, "SPLIT", "ls: only train, validation or test", NULL},
    {"name", 0, "PATTERN", "ls: only names like this; * and ? stand for any", NULL},
    {"sort", 0, "KEY", "ls: by name, sharpness, clipped_ratio, n_bytes, severity or utc; -KEY: the largest first",
     NULL},
    {"limit", 'l', "N", "log, ls: at most N rows (default: all)", NULL},
};

static json_t *data_commit_json(const as_commit *commit)
{
    char    hex[AS_SHA256_HEX_BYTES], when[AS_CLOCK_TEXT_BYTES];
    json_t *json = json_object(), *parents = json_array();
    for (size_t i = 0; i < commit->n_parents; i++)
        json_array_append_new(parents, json_string(as_digest_hex(&commit->parents[i], hex)));
    as_json_set(json, "commit", json_string(as_digest_hex(&commit->id, hex)));
    as_json_set(json, "manifest", json_string(as_digest_hex(&commit->manifest, hex)));
    as_json_set(json, "parents", parents);
    as_json_set(json, "author", json_string(commit->author));
    as_json_set(json, "message", json_string(commit->message));
    as_json_set(json, "time", json_string(as_clock_text(commit->utc, when)));
    as_json_set(json, "n_samples", json_integer((json_int_t)commit->n_samples));
    as_json_set(json, "n_bytes", json_integer((json_int_t)commit->n_bytes));
    as_json_set(json, "n_quarantined", json_integer((json_int_t)commit->n_quarantined));
    return json;
}

static void data_log_row(as_table *table, const as_commit *commit)
{
    char hex[AS_SHA256_HEX_BYTES], when[AS_CLOCK_TEXT_BYTES], bytes[AS_UNIT_TEXT_BYTES];
    as_table_cell(table, AS_STYLE_BOLD, "%.12s", as_digest_hex(&commit->id, hex));
    as_table_cell(table, AS_STYLE_NONE, "%.16s", as_clock_text(commit->utc, when));
    as_table_cell(table, AS_STYLE_NONE, "%s", commit->author);
    as_table_cell(table, AS_STYLE_NONE, "%llu", (unsigned long long)commit->n_samples);
    as_table_cell(table, AS_STYLE_NONE, "%s", as_unit_text((double)commit->n_bytes, AS_UNIT_BYTES, bytes));
    as_table_cell(table, AS_STYLE_NONE, "%llu", (unsigned long long)commit->n_quarantined);
    as_table_cell(table, AS_STYLE_NONE, "%.*s", (int)strcspn(commit->message, "\n"), commit->message);
}

static bool data_log(as_cli *cli, as_workspace *ws, as_err *err)
{
    static const char *const columns[] = {"commit", "time",         "author",  ">samples",
                                          ">size",  ">quarantined", "message", NULL};
    as_commit                commit;
    uint64_t                 limit = UINT64_MAX;
    if (!as_cli_u64(cli, "limit", 1, UINT64_MAX, &limit, err) ||
        !as_commit_find(ws, as_cli_arg(cli, 1) ? as_cli_arg(cli, 1) : "main", &commit, err))
        return false;
    as_table *table = cli->json ? NULL : as_table_new(columns);
    json_t   *list = cli->json ? json_array() : NULL;
    bool      ok = true;
    for (uint64_t i = 0; ok && i < limit; i++) {
        if (cli->json)
            json_array_append_new(list, data_commit_json(&commit));
        else
            data_log_row(table, &commit);
        if (commit.n_parents == 0)
            break;
        as_digest parent = commit.parents[0];
        ok = as_commit_read(ws, &parent, &commit, err);
    }
    if (!cli->json) /* what could be read is shown */
        return as_table_print(table, cli, ok ? err : NULL) && ok;
    if (ok)
        return as_cli_print_json(cli, list, err);
    json_decref(list);
    return false;
}

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
    json_t *json = data_commit_json(commit), *intake = json_object(), *classes = as_counts_json(ws, commit, err);
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

static bool data_show(as_cli *cli, as_workspace *ws, as_err *err)
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

typedef struct data_list {
    as_table *table; /* or */
    json_t   *json;
} data_list;

static as_table *data_ls_table(void)
{
    static const char *const columns[] = {"name",   "class",      "split",    ">px", ">size",
                                          "format", ">sharpness", ">clipped", NULL};
    return as_table_new(columns);
}

static json_t *data_sample_json(const as_sample *s)
{
    char    hex[AS_SHA256_HEX_BYTES], when[AS_CLOCK_TEXT_BYTES];
    json_t *json = json_object();
    as_json_set(json, "name", json_string(s->name));
    as_json_set(json, "class", json_string(s->label));
    as_json_set(json, "split", json_string(as_split_name(s->split)));
    as_json_set(json, "part", json_string(s->part));
    as_json_set(json, "camera", json_string(s->camera));
    as_json_set(json, "image", json_string(as_digest_hex(&s->image, hex)));
    as_json_set(json, "format", json_string(s->format));
    as_json_set(json, "width_px", json_integer(s->width));
    as_json_set(json, "height_px", json_integer(s->height));
    as_json_set(json, "n_bytes", json_integer((json_int_t)s->n_bytes));
    as_json_set(json, "time", json_string(as_clock_text(s->utc, when)));
    as_json_set(json, "sharpness", as_json_number(s->sharpness));
    as_json_set(json, "clipped_ratio", as_json_number(s->clipped_ratio));
    as_json_set(json, "severity", as_json_number(s->severity));
    return json;
}

static bool data_ls_row(void *ctx, const as_sample *s)
{
    data_list *list = ctx;
    char       bytes[AS_UNIT_TEXT_BYTES];
    if (list->json) {
        json_array_append_new(list->json, data_sample_json(s));
        return true;
    }
    if (!list->table) /* not before the first row: an error has no heading */
        list->table = data_ls_table();
    as_table_cell(list->table, AS_STYLE_NONE, "%s", s->name);
    as_table_cell(list->table, AS_STYLE_NONE, "%s", s->label);
    as_table_cell(list->table, AS_STYLE_NONE, "%s", as_split_name(s->split));
    as_table_cell(list->table, AS_STYLE_NONE, "%ux%u", s->width, s->height);
    as_table_cell(list->table, AS_STYLE_NONE, "%s", as_unit_text((double)s->n_bytes, AS_UNIT_BYTES, bytes));
    as_table_cell(list->table, AS_STYLE_NONE, "%s", s->format);
    as_table_cell(list->table, AS_STYLE_NONE, "%.4g", s->sharpness);
    as_table_cell(list->table, AS_STYLE_NONE, "%.3f", s->clipped_ratio);
    return true;
}

/* A class is one of assay.yaml or one that this version has; anything else is a slip of the pen. */
static bool data_ls_class(as_workspace *ws, const as_commit *commit, const char *label, as_err *err)
{
    const char  *names[AS_SPEC_MAX_CLASSES];
    as_err       why = AS_ERR_NONE;
    as_spec     *spec = as_spec_load(ws->spec_path, &why);
    size_t       n = 0;
    bool         found = spec && as_spec_class(spec, label) >= 0;
    as_manifest *manifest = found ? NULL : as_commit_manifest(ws, commit, err);
    bool         ok = found || manifest;
    for (size_t i = 0; ok && !found && i < as_manifest_count(manifest); i++)
        found = strcmp(as_manifest_at(manifest, i)->label, label) == 0;
    for (; spec && n < spec->n_classes; n++)
        names[n] = spec->classes[n].name;
    if (ok && !found) {
        const char *near = as_str_nearest(label, names, n);
        ok = AS_FAIL(err, AS_EINVAL, "'%.200s' is no class of this version%s%s%s", label,
                     near ? ", did you mean '" : "", near ? near : "", near ? "'?" : " (see: assay data show)");
    }
    as_manifest_free(manifest);
    as_spec_free(spec);
    return ok;
}

static bool data_ls_query(as_cli *cli, as_workspace *ws, as_sample_query *query, as_err *err)
{
    const char *split = as_cli_opt(cli, "split"), *sort = as_cli_opt(cli, "sort");
    as_commit   commit;
    if (!as_commit_find(ws, as_cli_arg(cli, 1) ? as_cli_arg(cli, 1) : "main", &commit, err) ||
        !as_cli_u64(cli, "limit", 1, INT64_MAX, &query->limit, err))
        return false;
    query->commit = commit.id;
    query->label = as_cli_opt(cli, "class");
    query->name_like = as_cli_opt(cli, "name");
    query->descending = sort && sort[0] == '-';
    query->sort = query->descending ? sort + 1 : sort;
    query->split = split ? as_split_parse(split) : AS_SPLIT_NONE;
    if (split && !query->split)
        return AS_FAIL(err, AS_EINVAL, "'%s' is no split: use train, validation or test", split);
    return !query->label || data_ls_class(ws, &commit, query->label, err);
}

static bool data_ls_samples(as_cli *cli, as_workspace *ws, const as_query *where, as_err *err)
{
    as_sample_query query = {.limit = 0, .where = where};
    data_list       list = {0};
    if (!data_ls_query(cli, ws, &query, err))
        return false;
    as_catalog *catalog = as_catalog_open(ws, err);
    if (!catalog)
        return false;
    if (cli->json)
        list.json = json_array();
    bool ok = as_catalog_samples(catalog, &query, data_ls_row, &list, err);
    as_catalog_close(catalog);
    if (!cli->json && (ok || list.table)) /* what could be read is shown */
        return as_table_print(list.table ? list.table : data_ls_table(), cli, ok ? err : NULL) && ok;
    if (ok)
        return as_cli_print_json(cli, list.json, err);
    json_decref(list.json);
    return false;
}

static bool data_ls(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char *where = as_cli_opt(cli, "where");
    as_query   *query = where ? as_query_parse(where, err) : NULL;
    bool        ok = (query || !where) && data_ls_samples(cli, ws, query, err);
    as_query_free(query);
    return ok;
}

typedef struct data_change {
    const as_sample *before, *after; /* one of them may be NULL */
} data_change;

typedef struct data_diff {
    AS_VEC(data_change) added, removed, changed;
} data_diff;

static bool data_same(const as_sample *a, const as_sample *b)
{
    return as_digest_equal(&a->image, &b->image) && strcmp(a->label, b->label) == 0 && a->split == b->split &&
           strcmp(a->part, b->part) == 0;
}

/* Both are sorted by name. */
static bool data_diff_of(const as_manifest *a, const as_manifest *b, data_diff *diff, as_err *err)
{
    size_t i = 0, k = 0;
    bool   ok = true;
    while (ok && (i < as_manifest_count(a) || k < as_manifest_count(b))) {
        data_change change = {as_manifest_at(a, i), as_manifest_at(b, k)};
        int         order = !change.before ? 1 : !change.after ? -1 : strcmp(change.before->name, change.after->name);
        i += order <= 0;
        k += order >= 0;
        if (order < 0)
            ok = as_vec_push(&diff->removed, change);
        else if (order > 0)
            ok = as_vec_push(&diff->added, change);
        else if (!data_same(change.before, change.after))
            ok = as_vec_push(&diff->changed, change);
    }
    return ok || AS_FAIL(err, AS_ENOMEM, "out of memory");
}

static void data_diff_lines(as_cli *cli, const data_change *at, size_t n, char sign, as_style style)
{
    for (size_t i = 0; i < AS_MIN(n, (size_t)DATA_DIFF_LINES); i++) {
        const as_sample *s = sign == '-' ? at[i].before : at[i].after;
        fprintf(cli->out, "%s%c %s%s  %s, %s", as_term_style(cli, style), sign, s->name, as_term_plain(cli), s->label,
                as_split_name(s->split));
        if (sign == '~')
            fprintf(cli->out, " (was %s, %s%s)", at[i].before->label, as_split_name(at[i].before->split),
                    as_digest_equal(&at[i].before->image, &s->image) ? "" : ", another picture");
        fputc('\n', cli->out);
    }
    if (n > DATA_DIFF_LINES)
        fprintf(cli->out, "%c ... and %zu more (all of them with --json)\n", sign, n - DATA_DIFF_LINES);
}

static json_t *data_diff_json(const data_change *at, size_t n, char sign)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *one = data_sample_json(sign == '-' ? at[i].before : at[i].after);
        if (sign == '~')
            as_json_set(one, "before", data_sample_json(at[i].before));
        json_array_append_new(list, one);
    }
    return list;
}

static bool data_diff_print(as_cli *cli, const as_commit *from, const as_commit *to, const data_diff *diff, as_err *err)
{
    char a[AS_SHA256_HEX_BYTES], b[AS_SHA256_HEX_BYTES];
    as_digest_hex(&from->id, a);
    as_digest_hex(&to->id, b);
    if (cli->json) {
        json_t *json = json_object();
        as_json_set(json, "from", json_string(a));
        as_json_set(json, "to", json_string(b));
        as_json_set(json, "added", data_diff_json(diff->added.at, diff->added.n, '+'));
        as_json_set(json, "removed", data_diff_json(diff->removed.at, diff->removed.n, '-'));
        as_json_set(json, "changed", data_diff_json(diff->changed.at, diff->changed.n, '~'));
        return as_cli_print_json(cli, json, err);
    }
    fprintf(cli->out, "%.12s to %.12s: %zu added, %zu removed, %zu changed\n", a, b, diff->added.n, diff->removed.n,
            diff->changed.n);
    data_diff_lines(cli, diff->added.at, diff->added.n, '+', AS_STYLE_GOOD);
    data_diff_lines(cli, diff->removed.at, diff->removed.n, '-', AS_STYLE_BAD);
    data_diff_lines(cli, diff->changed.at, diff->changed.n, '~', AS_STYLE_WARN);
    return true;
}

static bool data_diff_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char *a = as_cli_arg(cli, 1), *b = as_cli_arg(cli, 2);
    as_commit   from = {.utc = 0}, to;
    data_diff   diff = {0};
    if (!as_commit_find(ws, b ? b : "main", &to, err))
        return false;
    bool is_first = !a && to.n_parents == 0; /* then all of it is new */
    if (!is_first && !as_commit_find(ws, a ? a : "main~1", &from, err))
        return false;
    as_manifest *before = is_first ? as_manifest_new(err) : as_commit_manifest(ws, &from, err);
    as_manifest *after = before ? as_commit_manifest(ws, &to, err) : NULL;
    bool         ok = after && data_diff_of(before, after, &diff, err) && data_diff_print(cli, &from, &to, &diff, err);
    as_vec_done(&diff.added);
    as_vec_done(&diff.removed);
    as_vec_done(&diff.changed);
    as_manifest_free(before);
    as_manifest_free(after);
    return ok;
}

static const char *data_text(const json_t *record, const char *key)
{
    const char *text = json_string_value(json_object_get(record, key));
    return text ? text : "";
}

static bool data_quarantine(as_cli *cli, as_workspace *ws, as_err *err)
{
    static const char *const columns[] = {"name", "check", "time", "reason", "file below .assay/", NULL};
    json_t                  *list;
    size_t                   n_kept = 0;
    if (!as_quarantine_list(ws, true, &list, err))
        return false;
    if (cli->json)
        return as_cli_print_json(cli, list, err);
    for (size_t i = 0; i < json_array_size(list); i++)
        n_kept += json_object_get(json_array_get(list, i), "kept_as") != NULL;
    if (n_kept) /* on stderr: not a row of the table */
        as_term_say(cli, "%zu more %s kept later: all of them with --json", n_kept, n_kept == 1 ? "was" : "were");
    if (json_array_size(list) == n_kept) {
        json_decref(list);
        fprintf(cli->out, "nothing is in quarantine\n");
        return true;
    }
    as_table *table = as_table_new(columns);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *record = json_array_get(list, i);
        if (json_object_get(record, "kept_as"))
            continue;
        as_table_cell(table, AS_STYLE_NONE, "%s", data_text(record, "name"));
        as_table_cell(table, AS_STYLE_WARN, "%s", data_text(record, "check"));
        as_table_cell(table, AS_STYLE_NONE, "%.16s", data_text(record, "time"));
        as_table_cell(table, AS_STYLE_NONE, "%s", data_text(record, "reason"));
        as_table_cell(table, AS_STYLE_DIM, "%s", *data_text(record, "file") ? data_text(record, "file") : "-");
    }
    json_decref(list);
    return as_table_print(table, cli, err);
}

static const struct {
    const char *name;
    size_t      max_args;
    bool (*run)(as_cli *cli, as_workspace *ws, as_err *err);
} data_rows[] = {{"log", 1, data_log},
                 {"show", 1, data_show},
                 {"ls", 1, data_ls},
                 {"diff", 2, data_diff_run},
                 {"verify", 0, NULL},
                 {"quarantine", 0, data_quarantine},
                 {"checkout", 2, as_data_checkout}};

static const char *const data_actions[] = {"log", "show", "ls", "diff", "verify", "quarantine", "checkout", NULL};

static int data_run(as_cli *cli, as_err *err)
{
    size_t at = 0;
    while (strcmp(data_rows[at].name, as_cli_arg(cli, 0)) != 0)
        at++;
    if (as_cli_n_args(cli) > data_rows[at].max_args + 1) {
        AS_FAIL(err, AS_EINVAL, "'%s' is one word too many for 'data %s'", as_cli_arg(cli, data_rows[at].max_args + 1),
                data_rows[at].name);
        return AS_VERB_FAILED;
    }
    as_workspace *ws = as_workspace_open(cli->dir, AS_WORKSPACE_READ, err);
    int           status = AS_VERB_FAILED;
    if (ws && !data_rows[at].run)
        status = as_data_verify(cli, ws, err);
    else if (ws && data_rows[at].run(cli, ws, err))
        status = 0;
    as_workspace_close(ws);
    return status;
}

const as_verb as_verb_data = {
    .name = "data",
    .summary = "look at the versions of the data",
    .usage = "log [COMMIT] [--limit N] | show [COMMIT] | ls [COMMIT] [--class CLASS] [--split SPLIT] [--name PATTERN] "
             "[--sort KEY] [--limit N] | diff [A] [B] | verify | quarantine | "
             "checkout DIR [COMMIT] [--as FORMAT]",
    .about =
        "log          the versions, newest first\n"
        "show         one version: who, when, what, samples by class and split, what intake measured\n"
        "             and what the checks on the whole version found\n"
        "ls           its samples; --where, --class, --split, --name, --sort and --limit choose\n"
        "diff         what B has that A has not, and the other way round (default: the last step)\n"
        "verify       reads every object, every version and the journal of the line again; exit status 1 when "
        "something is\n"
        "             damaged. Whole records cut off the journal's end show by its file head, written when a line ends "
        "and\n"
        "             every 4,096 records: keep a copy of that file elsewhere if somebody might change the folder\n"
        "quarantine   the pictures that were refused, with the reasons\n"
        "checkout     writes a version into a new folder: pictures byte for byte, labels --as folders, coco ...\n\n"
        "QUERY compares FIELD (= != < <= > >= ~) VALUE, or FIELD in (A, B), joined by and, or, not and brackets; ~ "
        "takes a\n"
        "pattern with * and ?. Fields: name class by split part camera format image width height bytes findings\n"
        "sharpness clipped severity time; and labelled, proposed, reviewed stand alone.\n\n"
        "COMMIT is main (the newest), main~2 (two before it), or at least 4 digits of an id.",
    .examples = "  assay data show\n  assay data ls --class broken --split test --sort -clipped_ratio --limit 5\n"
                "  assay data ls --where \"split=test and not (class in (good, broken) or width<640)\"\n"
                "  assay data diff main~1 main\n  assay data verify\n  assay data checkout /tmp/cones --as coco\n",
    .opts = data_opts,
    .n_opts = AS_COUNT(data_opts),
    .min_args = 1,
    .max_args = 3,
    .actions = data_actions,
    .run = data_run,
};
