/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "catalog/catalog.h"
#include "cli/term.h"
#include "spec/unit.h"

#define REPORT_MAX_CLASSES 1024
#define REPORT_MAX_LINES   10 /* of one kind, on a terminal; --json has them all */

void as_intake_report_tell(void *ctx, as_check_level level, const char *name, const char *text)
{
    as_intake_report *report = ctx;
    as_told           told = {level, strdup(name), strdup(text)};
    if (told.name && told.text && as_vec_push(&report->told, told))
        return;
    free(told.name);
    free(told.text);
    report->failed = true;
}

void as_intake_report_done(as_intake_report *report)
{
    for (size_t i = 0; i < report->told.n; i++) {
        free(report->told.at[i].name);
        free(report->told.at[i].text);
    }
    as_vec_done(&report->told);
}

static bool counts_get(as_workspace *ws, const as_commit *commit, as_class_count **ret, size_t *ret_n, as_err *err)
{
    as_class_count *counts = calloc(REPORT_MAX_CLASSES, sizeof *counts);
    as_catalog     *catalog = counts ? as_catalog_open(ws, err) : NULL;
    if (!counts)
        AS_FAIL(err, AS_ENOMEM, "out of memory");
    bool ok = catalog && as_catalog_counts(catalog, &commit->id, counts, REPORT_MAX_CLASSES, ret_n, err);
    as_catalog_close(catalog);
    if (ok)
        *ret = counts;
    else
        free(counts);
    return ok;
}

static uint64_t counts_sum(const as_class_count *count)
{
    uint64_t sum = 0;
    for (int s = 0; s < AS_SPLIT_COUNT; s++)
        sum += count->n[s];
    return sum;
}

/* has_none: some samples are in no split. */
static void counts_row(as_table *table, const as_class_count *count, bool has_none, as_style style)
{
    as_table_cell(table, *count->label ? style : AS_STYLE_DIM, "%s", *count->label ? count->label : "(no label)");
    for (int s = AS_SPLIT_TRAIN; s < AS_SPLIT_COUNT; s++)
        as_table_cell(table, style, "%llu", (unsigned long long)count->n[s]);
    as_table_cell(table, style, "%llu", (unsigned long long)counts_sum(count));
    if (has_none)
        as_table_cell(table, style, "%llu", (unsigned long long)count->n[AS_SPLIT_NONE]);
}

bool as_counts_print(as_cli *cli, as_workspace *ws, const as_commit *commit, as_err *err)
{
    const char     *columns[] = {"class", ">train", ">validation", ">test", ">all", ">in no split", NULL};
    as_class_count *counts, total = {.label = "all"};
    size_t          n;
    if (!counts_get(ws, commit, &counts, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        for (int s = 0; s < AS_SPLIT_COUNT; s++)
            total.n[s] += counts[i].n[s];
    const bool has_none = total.n[AS_SPLIT_NONE] > 0;
    if (!has_none)
        columns[5] = NULL;
    as_table *table = as_table_new(columns);
    for (size_t i = 0; i < n; i++)
        counts_row(table, &counts[i], has_none, AS_STYLE_NONE);
    counts_row(table, &total, has_none, AS_STYLE_BOLD);
    free(counts);
    return as_table_print(table, cli, err);
}

json_t *as_counts_json(as_workspace *ws, const as_commit *commit, as_err *err)
{
    as_class_count *counts;
    size_t          n;
    if (!counts_get(ws, commit, &counts, &n, err))
        return NULL;
    json_t *list = json_array();
    for (size_t i = 0; list && i < n; i++) {
        json_t *one = json_object();
        as_json_set(one, "class", json_string(counts[i].label));
        for (int s = AS_SPLIT_NONE; s < AS_SPLIT_COUNT; s++)
            as_json_set(one, as_split_name((as_split)s), json_integer((json_int_t)counts[i].n[s]));
        json_array_append_new(list, one);
    }
    free(counts);
    if (!list)
        AS_FAIL(err, AS_ENOMEM, "out of memory");
    return list;
}

/* What is said next rests on it; when it cannot be told, the next step will say why. */
static bool report_has_labels(as_workspace *ws, const as_commit *commit)
{
    as_class_count *counts = NULL;
    size_t          n = 0;
    as_err          err = AS_ERR_NONE;
    bool            has = !counts_get(ws, commit, &counts, &n, &err) || n == 0;
    for (size_t i = 0; i < n; i++)
        has = has || *counts[i].label;
    free(counts);
    return has;
}

bool as_set_checks_run(as_workspace *ws, const as_commit *commit, as_set_report *ret, as_err *err)
{
    as_spec *spec = as_spec_load(ws->spec_path, err);
    bool     ok = spec && as_set_run_commit(ws, spec, commit, ret, err);
    as_spec_free(spec);
    return ok;
}

void as_set_checks_print(as_cli *cli, const as_set_report *set, bool all)
{
    static const struct {
        const char *word;
        as_style    style;
    } levels[] = {{"", AS_STYLE_NONE}, {"ok", AS_STYLE_GOOD}, {"warn", AS_STYLE_WARN}, {"bad", AS_STYLE_BAD}};
    size_t n_wrong = set->n - as_set_report_count(set, AS_CHECK_OK) + set->n_left_out;
    if (!all && n_wrong == 0)
        return;
    fprintf(cli->out, "\n%s%s%s\n", as_term_style(cli, n_wrong ? AS_STYLE_WARN : AS_STYLE_BOLD),
            "the version as a whole:", as_term_plain(cli));
    for (size_t i = 0; i < set->n; i++) {
        const as_set_finding *f = &set->at[i];
        if (!all && f->level == AS_CHECK_OK)
            continue;
        fprintf(cli->out, "  %s%-4s%s %s: %s\n", as_term_style(cli, levels[f->level].style), levels[f->level].word,
                as_term_plain(cli), f->check, f->text);
        if (*f->remedy)
            fprintf(cli->out, "       %s\n", f->remedy);
    }
    if (set->n_left_out)
        fprintf(cli->out, "  ... and %zu more\n", set->n_left_out);
}

static json_t *report_lines_json(const as_intake_report *report, as_check_level level)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->told.n; i++)
        if (report->told.at[i].level == level)
            json_array_append_new(
                list, json_pack("{s:s, s:s}", "name", report->told.at[i].name, "text", report->told.at[i].text));
    return list;
}

static json_t *report_checks_json(const as_intake_counts *counts)
{
    json_t *checks = json_object();
    for (size_t i = 0; as_check_at(i); i++)
        if (counts->n_warned_by[i] || counts->n_quarantined_by[i])
            as_json_set(checks, as_check_at(i)->name,
                        json_pack("{s:I, s:I}", "n_warned", (json_int_t)counts->n_warned_by[i], "n_quarantined",
                                  (json_int_t)counts->n_quarantined_by[i]));
    return checks;
}

/* "checks: exposure 2 quarantined; motion 5 warned", where there is anything to say. */
static void report_checks(const as_intake_report *report, const as_intake_counts *counts)
{
    FILE       *out = report->cli->out;
    const char *before = "checks: ";
    for (size_t i = 0; as_check_at(i); i++) {
        unsigned long long warned = counts->n_warned_by[i], refused = counts->n_quarantined_by[i];
        if (!warned && !refused)
            continue;
        fprintf(out, "%s%s", before, as_check_at(i)->name);
        if (refused)
            fprintf(out, " %llu quarantined", refused);
        if (warned)
            fprintf(out, "%s %llu warned", refused ? "," : "", warned);
        before = "; ";
    }
    if (*before == ';')
        fputc('\n', out);
}

static bool report_json(const as_intake_report *report, as_workspace *ws, const as_intake_counts *counts,
                        const as_commit *commit, const as_set_report *set, as_err *err)
{
    char    hex[AS_SHA256_HEX_BYTES];
    json_t *classes = commit ? as_counts_json(ws, commit, err) : json_array();
    if (!classes)
        return false;
    json_t *json = json_object();
    as_json_set(json, "seen", json_integer((json_int_t)counts->n_seen));
    as_json_set(json, "kept", json_integer((json_int_t)counts->n_kept));
    as_json_set(json, "known", json_integer((json_int_t)counts->n_known));
    as_json_set(json, "quarantined", json_integer((json_int_t)counts->n_quarantined));
    as_json_set(json, "warned", json_integer((json_int_t)counts->n_warned));
    as_json_set(json, "checks", report_checks_json(counts));
    as_json_set(json, "n_bytes", json_integer((json_int_t)counts->n_bytes));
    as_json_set(json, "commit", commit ? json_string(as_digest_hex(&commit->id, hex)) : json_null());
    as_json_set(json, "classes", classes);
    as_json_set(json, "refused", report_lines_json(report, AS_CHECK_QUARANTINE));
    as_json_set(json, "warnings", report_lines_json(report, AS_CHECK_WARN));
    as_json_set(json, "left_alone", report_lines_json(report, AS_CHECK_OK));
    as_json_set(json, "set_checks", as_set_report_json(set));
    as_json_set(json, "read_as", report_lines_json(report, AS_CHECK_NONE));
    return as_cli_print_json(report->cli, json, err);
}

static void report_lines(const as_intake_report *report, as_check_level level, as_style style, const char *title,
                         const char *more)
{
    as_cli *cli = report->cli;
    size_t  n = 0;
    for (size_t i = 0; i < report->told.n; i++) {
        const as_told *told = &report->told.at[i];
        if (told->level != level)
            continue;
        if (n == 0)
            fprintf(cli->out, "\n%s%s%s\n", as_term_style(cli, style), title, as_term_plain(cli));
        if (n++ < REPORT_MAX_LINES)
            fprintf(cli->out, "  '%s' %s\n", told->name, told->text);
    }
    if (n > REPORT_MAX_LINES)
        fprintf(cli->out, "  ... and %zu more (%s)\n", n - REPORT_MAX_LINES, more);
}

static bool report_text(const as_intake_report *report, as_workspace *ws, const as_intake_counts *counts,
                        const as_commit *commit, const as_set_report *set, as_err *err)
{
    as_cli *cli = report->cli;
    char    hex[AS_SHA256_HEX_BYTES], bytes[AS_UNIT_TEXT_BYTES];
    as_term_progress_end(cli);
    fprintf(cli->out, "%llu pictures seen, %llu kept (%s), %llu known already, %llu quarantined, %llu with a warning\n",
            (unsigned long long)counts->n_seen, (unsigned long long)counts->n_kept,
            as_unit_text((double)counts->n_bytes, AS_UNIT_BYTES, bytes), (unsigned long long)counts->n_known,
            (unsigned long long)counts->n_quarantined, (unsigned long long)counts->n_warned);
    report_checks(report, counts);
    report_lines(report, AS_CHECK_QUARANTINE, AS_STYLE_BAD, "quarantined:", "see: assay quarantine list");
    report_lines(report, AS_CHECK_WARN, AS_STYLE_WARN, "warnings:", "all of them with --json");
    report_lines(report, AS_CHECK_NONE, AS_STYLE_DIM, "labels:", "");
    report_lines(report, AS_CHECK_OK, AS_STYLE_DIM, "left alone:", "all of them with --json");
    fputc('\n', cli->out);
    if (!commit) {
        fprintf(cli->out, "nothing new: the newest version has all that is to be kept\n");
        return true;
    }
    if (!as_counts_print(cli, ws, commit, err))
        return false;
    as_set_checks_print(cli, set, false);
    fprintf(cli->out, "\ncommit %.12s (%llu samples)\n", as_digest_hex(&commit->id, hex),
            (unsigned long long)commit->n_samples);
    as_term_say(cli, report_has_labels(ws, commit) ? "next: assay train" : "next: assay label set CLASS NAME...");
    return true;
}

/* The person's words, or the counts; what is too long is cut at a character. */
static void report_message(const as_intake_report *report, const as_intake_counts *counts, char *message, size_t cap)
{
    const char *given = as_cli_opt(report->cli, "message");
    as_str      text, safe;
    as_str_init(&text);
    as_str_init(&safe);
    if (given)
        as_str_add(&text, given);
    else
        as_str_addf(&text, "%s %s: %llu pictures", report->what, report->source, (unsigned long long)counts->n_kept);
    for (size_t i = 0, step; i < text.len && safe.len + 4 < cap; i += step) {
        step = as_str_char_bytes(text.s + i, text.len - i);
        as_str_add_bytes(&safe, step ? text.s + i : text.s[i] == '\n' ? "\n" : "?", step ? step : 1);
        step = step ? step : 1;
    }
    as_str_copy(message, cap, safe.s);
    as_str_done(&text);
    as_str_done(&safe);
}

static const as_told *report_first_refused(const as_intake_report *report)
{
    for (size_t i = 0; i < report->told.n; i++)
        if (report->told.at[i].level == AS_CHECK_QUARANTINE)
            return &report->told.at[i];
    return NULL;
}

bool as_intake_report_finish(as_intake_report *report, as_workspace *ws, as_intake *intake, as_err *err)
{
    as_intake_counts counts = as_intake_counts_of(intake);
    const as_told   *refused = report_first_refused(report);
    as_commit        commit;
    char             message[sizeof commit.message];
    uint64_t         seed = 1;
    if (report->failed)
        return AS_FAIL(err, AS_ENOMEM, "out of memory");
    if (counts.n_kept == 0 && counts.n_known == 0)
        return AS_FAIL(err, AS_EINVAL, "nothing was kept: %llu of %llu pictures were refused%s%s%s%s%s",
                       (unsigned long long)counts.n_quarantined, (unsigned long long)counts.n_seen,
                       refused ? ", the first: '" : "", refused ? refused->name : "", refused ? "' " : "",
                       refused ? refused->text : "", refused ? " (see: assay quarantine list)" : "");
    if (!as_cli_u64(report->cli, "split-seed", 0, UINT64_MAX, &seed, err))
        return false;
    bool is_new = counts.n_kept > 0;
    report_message(report, &counts, message, sizeof message);
    if (is_new && (!as_intake_split(intake, seed, err) || !as_intake_commit(intake, message, &commit, err)))
        return false;
    if (is_new && as_intake_n_aside(intake))
        as_term_say(report->cli,
                    "%llu pictures are set aside, in no split: they show what the frozen test shows, or came for it",
                    (unsigned long long)as_intake_n_aside(intake));
    /* Made already: a version that cannot be checked is told of, and stays. */
    as_set_report *set = calloc(1, sizeof *set);
    bool           ok = set || AS_FAIL(err, AS_ENOMEM, "out of memory");
    ok = ok && (!is_new || as_set_checks_run(ws, &commit, set, err)) &&
         (report->cli->json ? report_json : report_text)(report, ws, &counts, is_new ? &commit : NULL, set, err);
    free(set);
    return ok;
}
