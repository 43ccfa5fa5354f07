/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "cli/backbone_opts.h"
#include "cli/term.h"
#include "lab/learn.h"

#define TRAIN_MAX_EPOCHS  10000
#define TRAIN_MAX_THREADS 256
#define TRAIN_MAX_SIDE    4096

static const char *const train_trainers[] = {"rule", "cnn", "head", "golden", NULL};

static const as_opt train_opts[] = {
    {"trainer", 't', "NAME", "rule, cnn, head or golden (default: cnn; head where a backbone is given)",
     train_trainers},
    {"seed", 's', "N", "what is random follows from it (default: 1)", NULL},
    {"commit", 0, "COMMIT", "which version of the data (default: the newest)", NULL},
    {"epochs", 'e', "N", "cnn: how often each picture is seen (default: chosen by how many there are)", NULL},
    {"size", 0, "WxH", "pixels of the network's input (default: chosen from the pictures)", NULL},
    {"threads", 'j', "N", "threads; the model is the same with any number (default: 2)", NULL},
    AS_CLI_BACKBONE_OPTS("head"),
};

typedef struct train {
    as_cli                 *cli;
    as_workspace           *ws;
    as_spec                *spec;
    const as_trainer       *trainer;
    as_trainer_cfg          cfg;
    as_cli_backbone_numbers backbone;
    as_run                  run, baseline;
    bool                    has_baseline, beaten;
} train;

/* --- the command line --- */

static bool train_size(const as_cli *cli, as_trainer_cfg *cfg, as_err *err)
{
    const char *text = as_cli_opt(cli, "size");
    char        copy[64];
    uint64_t    width = 0, height = 0;
    if (!text)
        return true;
    char *x = as_str_copy(copy, sizeof copy, text) ? strchr(copy, 'x') : NULL;
    if (x)
        *x = 0;
    if (!x || !as_str_to_u64(copy, &width) || !as_str_to_u64(x + 1, &height) || !width || !height ||
        width > TRAIN_MAX_SIDE || height > TRAIN_MAX_SIDE)
        return AS_FAIL(err, AS_EINVAL, "--size '%s' is not WIDTHxHEIGHT in pixels, each up to %d (128x96)", text,
                       TRAIN_MAX_SIDE);
    cfg->width = (uint32_t)width;
    cfg->height = (uint32_t)height;
    return true;
}

/* An option that the trainer would not look at is a mistake, not a wish. */
static bool train_fits(const train *t, as_err *err)
{
    static const char *const of_head[] = {"backbone", "layer", "input-order", "input-mean", "input-scale", "backend"};
    if (as_cli_opt(t->cli, "epochs") && strcmp(t->trainer->name, "cnn") != 0)
        return AS_FAIL(err, AS_EINVAL, "--epochs is for --trainer cnn, not for %s", t->trainer->name);
    for (size_t i = 0; i < AS_COUNT(of_head); i++)
        if (as_cli_opt(t->cli, of_head[i]) && strcmp(t->trainer->name, "head") != 0)
            return AS_FAIL(err, AS_EINVAL, "--%s is for --trainer head, not for %s", of_head[i], t->trainer->name);
    return true;
}

static bool train_options(train *t, as_err *err)
{
    const as_cli *cli = t->cli;
    const char   *name = as_cli_opt(cli, "trainer");
    uint64_t      seed = 1, epochs = 0, threads = 0;
    t->cfg.backbone = as_cli_opt(cli, "backbone");
    t->trainer = as_trainer_find(name ? name : t->cfg.backbone ? "head" : "cnn");
    if (!t->trainer)
        return AS_FAIL(err, AS_ENOTFOUND, "no trainer '%s' (there are rule, cnn, head and golden)", name);
    if (!as_cli_u64(cli, "seed", 0, UINT64_MAX, &seed, err) ||
        !as_cli_u64(cli, "epochs", 1, TRAIN_MAX_EPOCHS, &epochs, err) ||
        !as_cli_u64(cli, "threads", 1, TRAIN_MAX_THREADS, &threads, err) || !train_size(cli, &t->cfg, err) ||
        !as_cli_backbone(cli, &t->backbone, &t->cfg, err) || !train_fits(t, err))
        return false;
    t->cfg.seed = seed;
    t->cfg.epochs = (uint32_t)epochs;
    t->cfg.threads = (uint32_t)threads;
    return true;
}

/* --- what came of it --- */

/* The best rule on the same data: what every other model must beat. */
static bool train_compare(train *t, as_err *err)
{
    as_run *runs = NULL;
    size_t  n = 0;
    if (!as_run_list(t->ws, &runs, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const as_run *run = &runs[i];
        if (strcmp(run->trainer, "rule") != 0 || strcmp(run->commit, t->run.commit) != 0 ||
            strcmp(run->id, t->run.id) == 0 || !isfinite(run->val_cost))
            continue;
        if (!t->has_baseline || as_run_better(run, &t->baseline))
            t->baseline = *run;
        t->has_baseline = true;
    }
    t->beaten = t->has_baseline && as_run_better(&t->run, &t->baseline);
    free(runs);
    return true;
}

static void train_print_cost(const train *t, const as_run *run)
{
    fprintf(t->cli->out, "macro F1 %.1f %%, expected cost %.3g%s%s a part, %s", 100 * run->val_macro_f1, run->val_cost,
            *t->spec->currency ? " " : "", t->spec->currency,
            run->val_feasible ? "requirements met" : "requirements not met at any threshold");
}

static void train_print_rules(const train *t, const json_t *details)
{
    const json_t *rules = json_object_get(json_object_get(details, "params"), "rules"), *one;
    size_t        i;
    json_array_foreach (rules, i, one)
        fprintf(t->cli->out, "  %s\n", json_string_value(one));
}

static void train_print_baseline(const train *t)
{
    FILE *out = t->cli->out;
    if (strcmp(t->trainer->name, "rule") == 0) {
        fprintf(out, "this is the baseline without learning: every other model must beat it\n");
        return;
    }
    if (!t->has_baseline) {
        fprintf(out,
                "no rule has been tried on this data yet: assay train --trainer rule gives the baseline to beat\n");
        return;
    }
    fprintf(out, "the best rule so far (run %s): ", t->baseline.id);
    train_print_cost(t, &t->baseline);
    fprintf(out, ": %s%s%s\n", as_term_style(t->cli, t->beaten ? AS_STYLE_GOOD : AS_STYLE_BAD),
            t->beaten ? "beaten" : "not beaten (the rule is simpler: prefer it)", as_term_plain(t->cli));
}

static bool train_print(const train *t, as_err *err)
{
    FILE       *out = t->cli->out;
    json_t     *details = NULL;
    char        path[AS_FS_PATH_BYTES], took[AS_CLOCK_TEXT_BYTES];
    struct stat file;
    if (!as_run_read_json(&t->run, "details.json", &details, err) || !as_fs_join(path, t->run.dir, "model.onnx", err)) {
        json_decref(details);
        return false;
    }
    as_clock_duration_text((as_ns)(t->run.seconds * (double)AS_NS_PER_S), took);
    fprintf(out, "%srun %s%s trained in %s: %s (%.0f KB)\n", as_term_style(t->cli, AS_STYLE_BOLD), t->run.id,
            as_term_plain(t->cli), took, path, stat(path, &file) == 0 ? (double)file.st_size / 1000 : 0);
    train_print_rules(t, details);
    const json_t *data = json_object_get(details, "data");
    fprintf(out, "on the %lld pictures of the validation split: ",
            (long long)json_integer_value(json_object_get(data, "validation")));
    train_print_cost(t, &t->run);
    fprintf(out, "\nreject from a score of %.3f on\n", t->run.reject_from);
    char warning[AS_POINT_WARNING_BYTES];
    if (*as_point_warning(&t->run.val_counts, t->run.val_feasible, warning))
        fprintf(out, "%swarning: %s%s\n", as_term_style(t->cli, AS_STYLE_BAD), warning, as_term_plain(t->cli));
    train_print_baseline(t);
    const json_int_t n_erased = json_integer_value(json_object_get(data, "erased"));
    if (n_erased)
        as_term_say(t->cli, "%lld sample%s of this version %s erased: trained without %s", (long long)n_erased,
                    n_erased == 1 ? "" : "s", n_erased == 1 ? "was" : "were", n_erased == 1 ? "it" : "them");
    fprintf(out, "next: assay eval %s\n", t->run.id);
    json_decref(details);
    return true;
}

static bool train_print_json(const train *t, as_err *err)
{
    json_t *json = json_object(), *details = NULL, *baseline = json_null();
    if (!as_run_read_json(&t->run, "details.json", &details, err)) {
        json_decref(json);
        return false;
    }
    if (t->has_baseline) {
        baseline = json_object();
        as_json_set(baseline, "id", json_string(t->baseline.id));
        as_json_set(baseline, "val_cost", as_json_number(t->baseline.val_cost));
        as_json_set(baseline, "val_macro_f1", as_json_number(t->baseline.val_macro_f1));
        as_json_set(baseline, "val_feasible", json_boolean(t->baseline.val_feasible));
        as_json_set(baseline, "beaten", json_boolean(t->beaten));
    }
    as_json_set(json, "id", json_string(t->run.id));
    as_json_set(json, "trainer", json_string(t->run.trainer));
    as_json_set(json, "dir", json_string(t->run.dir));
    as_json_set(json, "commit", json_string(t->run.commit));
    as_json_set(json, "spec", json_string(t->run.spec));
    as_json_set(json, "model", json_string(t->run.model));
    as_json_set(json, "seed", json_integer((json_int_t)t->run.seed));
    as_json_set(json, "threads", json_integer(t->run.threads));
    as_json_set(json, "seconds", as_json_number(t->run.seconds));
    as_json_set(json, "pass_below", as_json_number(t->run.pass_below));
    as_json_set(json, "reject_from", as_json_number(t->run.reject_from));
    as_json_set(json, "val_cost", as_json_number(t->run.val_cost));
    as_json_set(json, "val_macro_f1", as_json_number(t->run.val_macro_f1));
    as_json_set(json, "val_feasible", json_boolean(t->run.val_feasible));
    as_json_set(json, "val_verdicts", as_point_counts_json(&t->run.val_counts));
    as_json_set(json, "warning", as_point_warning_json(&t->run.val_counts, t->run.val_feasible));
    as_json_set(json, "baseline", baseline);
    as_json_set(json, "details", details);
    return as_cli_print_json(t->cli, json, err);
}

static int train_run(as_cli *cli, as_err *err)
{
    train t = {.cli = cli};
    bool  ok = train_options(&t, err) && (t.ws = as_workspace_open(cli->dir, AS_WORKSPACE_WRITE, err)) &&
              (t.spec = as_spec_load(t.ws->spec_path, err)) &&
              as_learn(t.ws, t.spec, as_cli_opt(cli, "commit"), t.trainer, &t.cfg, &cli->progress, &t.run, err) &&
              train_compare(&t, err);
    as_term_progress_end(cli);
    ok = ok && (cli->json ? train_print_json(&t, err) : train_print(&t, err));
    as_spec_free(t.spec);
    as_workspace_close(t.ws);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_verb as_verb_train = {
    .name = "train",
    .summary = "make a model from a version of the data",
    .usage = "",
    .about =
        "rule    thresholds on colour and shape, found on the training split: no learning, and the baseline to beat.\n"
        "cnn     a compact convolutional network from scratch.\n"
        "head    a linear classifier on the features of an ONNX network that somebody else trained.\n"
        "golden  comparison with a golden picture, for parts that all look alike: each picture is laid over the "
        "golden\n"
        "        one of its kind, and what differs by more than good parts do is judged.\n\n"
        "Each gives one ONNX file that runs the same in both back ends, with how a picture becomes its input in its\n"
        "metadata, and a run that records what made it. The operating point (from which score on a part is rejected) "
        "is\n"
        "solved on the validation split. The same seed, data, options and machine give the same bytes.",
    .examples = "  assay train --trainer rule\n  assay train --seed 2\n  assay train --trainer golden\n"
                "  assay train --backbone squeezenet.onnx --input-order bgr --input-mean 104,117,123\n",
    .opts = train_opts,
    .n_opts = AS_COUNT(train_opts),
    .run = train_run,
};
