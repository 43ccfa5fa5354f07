/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/term.h"
#include "spec/spec.h"
#include "spec/unit.h"
#include "store/run.h"

static const char *const runs_actions[] = {"list", "show", "use", NULL};

static const as_opt runs_opts[] = {
    {"best", 0, NULL, "use: whichever is the best on the newest data that has runs, now and later", NULL},
};

typedef struct runs_tested {
    bool   is;
    double macro_f1, accuracy;
} runs_tested;

/* The value at measures.NAME of an evaluation; NAN where there is none. */
static double runs_measure(const json_t *eval, const char *name)
{
    const json_t *value = json_object_get(json_object_get(json_object_get(eval, "measures"), name), "value");
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* A run that was not judged, or whose file cannot be read, is listed all the same. */
static runs_tested runs_test_of(const as_run *run)
{
    runs_tested tested = {.macro_f1 = NAN, .accuracy = NAN};
    json_t     *eval = NULL;
    as_err      err = AS_ERR_NONE;
    if (!as_run_read_json(run, "eval-test.json", &eval, &err)) {
        if (err.code != AS_ENOTFOUND)
            as_log_write(AS_LOG_WARN, "%s", err.text);
        return tested;
    }
    tested = (runs_tested){true, runs_measure(eval, "macro_f1"), runs_measure(eval, "accuracy")};
    json_decref(eval);
    return tested;
}

static double runs_model_bytes(const as_run *run)
{
    char        path[AS_FS_PATH_BYTES];
    struct stat file;
    as_err      err = AS_ERR_NONE;
    if (!as_fs_join(path, run->dir, "model.onnx", &err) || stat(path, &file) != 0)
        return NAN;
    return (double)file.st_size;
}

static json_t *runs_json(const as_run *run, bool current)
{
    runs_tested tested = runs_test_of(run);
    char        when[AS_CLOCK_TEXT_BYTES];
    json_t     *json = json_object();
    as_json_set(json, "id", json_string(run->id));
    as_json_set(json, "trainer", json_string(run->trainer));
    as_json_set(json, "commit", json_string(run->commit));
    as_json_set(json, "spec", json_string(run->spec));
    as_json_set(json, "model", json_string(run->model));
    as_json_set(json, "model_bytes", as_json_number(runs_model_bytes(run)));
    as_json_set(json, "seed", json_integer((json_int_t)run->seed));
    as_json_set(json, "threads", json_integer(run->threads));
    as_json_set(json, "time", json_string(as_clock_text(run->utc, when)));
    as_json_set(json, "seconds", as_json_number(run->seconds));
    as_json_set(json, "pass_below", as_json_number(run->pass_below));
    as_json_set(json, "reject_from", as_json_number(run->reject_from));
    as_json_set(json, "val_cost", as_json_number(run->val_cost));
    as_json_set(json, "val_macro_f1", as_json_number(run->val_macro_f1));
    as_json_set(json, "test_macro_f1", as_json_number(tested.macro_f1));
    as_json_set(json, "test_accuracy", as_json_number(tested.accuracy));
    as_json_set(json, "current", json_boolean(current));
    return json;
}

static void runs_number_cell(as_table *table, double value, double scale, const char *format)
{
    char text[48];
    snprintf(text, sizeof text, strcmp(format, "3") == 0 ? "%.3f" : "%.2f", value * scale);
    as_table_cell(table, isnan(value) ? AS_STYLE_DIM : AS_STYLE_NONE, "%s", isnan(value) ? "-" : text);
}

static void runs_row(as_table *table, const as_run *run, bool current)
{
    char        took[AS_CLOCK_TEXT_BYTES], bytes[AS_UNIT_TEXT_BYTES];
    runs_tested tested = runs_test_of(run);
    as_clock_duration_text((as_ns)(run->seconds * (double)AS_NS_PER_S), took);
    as_table_cell(table, AS_STYLE_GOOD, "%s", current ? "*" : "");
    as_table_cell(table, AS_STYLE_BOLD, "%s", run->id);
    as_table_cell(table, AS_STYLE_NONE, "%s", run->trainer);
    as_table_cell(table, AS_STYLE_NONE, "%.12s", run->commit);
    as_table_cell(table, AS_STYLE_NONE, "%llu", (unsigned long long)run->seed);
    runs_number_cell(table, run->val_macro_f1, 1, "3");
    runs_number_cell(table, run->val_cost, 1000, "2");
    runs_number_cell(table, tested.macro_f1, 1, "3");
    as_table_cell(table, AS_STYLE_NONE, "%s", as_unit_text(runs_model_bytes(run), AS_UNIT_BYTES, bytes));
    as_table_cell(table, AS_STYLE_NONE, "%s", took);
}

/* Why the one with the star has it. */
static void runs_print_why(as_cli *cli, const as_run *current, const as_run_why *why)
{
    fprintf(cli->out, "\n* is what eval, run, check and report take: ");
    if (why->is_chosen) {
        fprintf(cli->out, "chosen (the best instead: assay runs use --best)\n");
        return;
    }
    if (why->n_peers == 1)
        fprintf(cli->out, "the only run on the newest data that has runs (%.12s)", current->commit);
    else
        fprintf(cli->out, "the best on the validation split of the %zu runs on the newest data that has runs (%.12s)",
                why->n_peers, current->commit);
    if (why->n_others)
        fprintf(cli->out, "; %zu on other data or classes do not compare", why->n_others);
    fprintf(cli->out, " (another: assay runs use RUN)\n");
}

static bool runs_list(as_cli *cli, as_workspace *ws, as_err *err)
{
    static const char *const columns[] = {
        "",       "run",   "trainer", "commit", ">seed", ">validation macro F1", ">cost of 1,000", ">test macro F1",
        ">model", ">took", NULL};
    as_run    *runs = NULL, current = {0};
    as_run_why why = {.is_chosen = false};
    size_t     n = 0;
    as_err     none = AS_ERR_NONE;
    json_t    *list = cli->json ? json_array() : NULL;
    if (!as_run_list(ws, &runs, &n, err)) {
        json_decref(list);
        return false;
    }
    as_table *table = cli->json || n == 0 ? NULL : as_table_new(columns);
    if (n && !as_run_current(ws, &current, &why, &none))
        as_log_write(AS_LOG_WARN, "%s", none.text);
    for (size_t i = 0; i < n; i++) {
        bool is_current = strcmp(runs[i].id, current.id) == 0;
        if (cli->json)
            json_array_append_new(list, runs_json(&runs[i], is_current));
        else
            runs_row(table, &runs[i], is_current);
    }
    free(runs);
    if (cli->json) {
        json_t *json = json_object();
        as_json_set(json, "runs", list);
        return as_cli_print_json(cli, json, err);
    }
    if (n == 0) {
        fprintf(cli->out, "no run yet (train one with: assay train)\n");
        return true;
    }
    if (!as_table_print(table, cli, err))
        return false;
    if (current.id[0])
        runs_print_why(cli, &current, &why);
    return true;
}

/* --- show --- */

static const char *const runs_files[] = {"details",    "eval-test",     "eval-validation",
                                         "eval-train", "evidence-eval", "evidence-run"};

static bool runs_read_file(const as_run *run, const char *name, json_t **ret, as_err *err)
{
    char   file[64];
    as_err why = AS_ERR_NONE;
    *ret = NULL;
    snprintf(file, sizeof file, "%s.json", name);
    if (as_run_read_json(run, file, ret, &why) || why.code == AS_ENOTFOUND)
        return true;
    return as_err_set(err, why.code, "%s", why.text);
}

static bool runs_show_json(as_cli *cli, const as_run *run, bool current, as_err *err)
{
    json_t *json = runs_json(run, current), *part;
    as_json_set(json, "dir", json_string(run->dir));
    for (size_t i = 0; i < AS_COUNT(runs_files); i++) {
        if (!runs_read_file(run, runs_files[i], &part, err)) {
            json_decref(json);
            return false;
        }
        if (part)
            as_json_set(json, runs_files[i], part);
    }
    return as_cli_print_json(cli, json, err);
}

static void runs_print_params(as_cli *cli, const json_t *params)
{
    const char   *key;
    const json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)params, key, value) {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
        if (text)
            fprintf(cli->out, "  %s: %.200s%s\n", key, text, strlen(text) > 200 ? "..." : "");
        free(text);
    }
}

static bool runs_show_text(as_cli *cli, const as_run *run, bool current, as_err *err)
{
    char        took[AS_CLOCK_TEXT_BYTES], when[AS_CLOCK_TEXT_BYTES], bytes[AS_UNIT_TEXT_BYTES];
    runs_tested tested = runs_test_of(run);
    json_t     *details = NULL;
    FILE       *out = cli->out;
    if (!runs_read_file(run, "details", &details, err))
        return false;
    as_clock_duration_text((as_ns)(run->seconds * (double)AS_NS_PER_S), took);
    fprintf(out, "%srun %s%s%s\n", as_term_style(cli, AS_STYLE_BOLD), run->id, as_term_plain(cli),
            current ? " (the current one)" : "");
    fprintf(out, "trained  %s in %s, seed %llu, %u threads\n", as_clock_text(run->utc, when), took,
            (unsigned long long)run->seed, run->threads);
    fprintf(out, "commit   %s\nspec     %s\nmodel    %s (%s)\nfolder   %s\n", run->commit, run->spec, run->model,
            as_unit_text(runs_model_bytes(run), AS_UNIT_BYTES, bytes), run->dir);
    if (isnan(run->reject_from))
        fprintf(out, "operating point: not solved yet (assay eval %s)\n", run->id);
    else
        fprintf(out,
                "operating point: passes below %.6g, rejects from %.6g\nvalidation: macro F1 %.3f, cost of 1,000 parts "
                "%.2f\n",
                run->pass_below, run->reject_from, run->val_macro_f1, 1000 * run->val_cost);
    if (tested.is)
        fprintf(out, "test: macro F1 %.3f, accuracy %.3f (all of it: assay eval %s)\n", tested.macro_f1,
                tested.accuracy, run->id);
    else
        fprintf(out, "test: not judged yet (assay eval %s)\n", run->id);
    const json_t *params = json_object_get(details, "params");
    if (json_is_object(params)) {
        fprintf(out, "parameters:\n");
        runs_print_params(cli, params);
    }
    json_decref(details);
    return true;
}

static bool runs_show(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_run run, current = {0};
    as_err none = AS_ERR_NONE;
    if (!as_run_find(ws, as_cli_arg(cli, 1), &run, err))
        return false;
    bool is_current = as_run_find(ws, NULL, &current, &none) && strcmp(run.id, current.id) == 0;
    return cli->json ? runs_show_json(cli, &run, is_current, err) : runs_show_text(cli, &run, is_current, err);
}

static bool runs_use(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_run      run;
    bool        best = as_cli_flag(cli, "best");
    const char *name = as_cli_arg(cli, 1);
    if (best == (name != NULL))
        return AS_FAIL(err, AS_EINVAL, "which run? (assay runs use RUN, or assay runs use --best)");
    if (!as_run_use(ws, name, err) || !as_run_find(ws, NULL, &run, err))
        return false;
    if (cli->json)
        return as_cli_print_json(cli, runs_json(&run, true), err);
    fprintf(cli->out, "run %s is the current one%s\n", run.id, best ? ": the best of those on the newest data" : "");
    return true;
}

static int runs_run(as_cli *cli, as_err *err)
{
    const char *action = as_cli_arg(cli, 0) ? as_cli_arg(cli, 0) : "list";
    bool        use = strcmp(action, "use") == 0, list = strcmp(action, "list") == 0;
    if (as_cli_flag(cli, "best") && !use)
        return AS_FAIL(err, AS_EINVAL, "--best is for: assay runs use --best") ? 0 : AS_VERB_FAILED;
    if (list && as_cli_n_args(cli) > 1)
        return AS_FAIL(err, AS_EINVAL, "'%s' is one word too many (one run: assay runs show RUN)", as_cli_arg(cli, 1))
                   ? 0
                   : AS_VERB_FAILED;
    as_workspace *ws = as_workspace_open(cli->dir, use ? AS_WORKSPACE_WRITE : AS_WORKSPACE_READ, err);
    bool          ok = ws && (use ? runs_use(cli, ws, err) : list ? runs_list(cli, ws, err) : runs_show(cli, ws, err));
    as_workspace_close(ws);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_verb as_verb_runs = {
    .name = "runs",
    .summary = "list what was trained, and choose which one is used",
    .usage = "[list] | show [RUN] | use RUN | use --best",
    .about =
        "list   every run: trainer, data, score and cost on the validation split, score on the test split where it "
        "was\n"
        "       judged, size of the model; * marks the current one\n"
        "show   one run: what made it, where it lies, its operating point and parameters\n"
        "use    which run eval, run, check and report take when none is named. Without a choice, and after --best,\n"
        "       it is the best on the validation split (what meets the requirements, then the least expected cost) of\n"
        "       the runs on the newest version of the data that has any, for the classes of the last run there",
    .examples = "  assay runs\n  assay runs show last\n  assay runs use 2-cnn\n  assay runs use --best\n",
    .opts = runs_opts,
    .n_opts = AS_COUNT(runs_opts),
    .max_args = 2,
    .actions = runs_actions,
    .run = runs_run,
};
