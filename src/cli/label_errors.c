/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/label_errors.h"
#include "cli/action.h"
#include "cli/backbone_opts.h"
#include "cli/term.h"

static json_t *label_errors_doubt_json(const as_dataset *data, const as_spec *spec, const as_label_errors *e,
                                       const as_doubt *doubt)
{
    const as_sample *s = as_dataset_sample(data, e->samples[doubt->row]);
    return json_pack("{s:s,s:s,s:s,s:s,s:f,s:f,s:s}", "name", s->name, "class", spec->classes[doubt->label].name,
                     "likely", spec->classes[doubt->likely].name, "split", as_split_name(s->split), "self_confidence",
                     doubt->p_label, "p_likely", doubt->p_likely, "by", s->by ? s->by : "");
}

static json_t *label_errors_joint_json(const as_spec *spec, const as_label_errors *e)
{
    json_t *joint = json_object();
    for (size_t i = 0; i < e->n_classes; i++) {
        json_t *row = json_object();
        for (size_t j = 0; j < e->n_classes; j++)
            if (e->confident.joint[i * e->n_classes + j] > 0)
                as_json_set(row, spec->classes[j].name, as_json_number(e->confident.joint[i * e->n_classes + j]));
        as_json_set(joint, spec->classes[i].name, row);
    }
    return joint;
}

static bool label_errors_json(as_cli *cli, const as_dataset *data, const as_spec *spec, const as_label_errors *e,
                              size_t limit, as_err *err)
{
    json_t *json = json_object(), *list = json_array(), *unknown = json_array();
    for (size_t i = 0; i < AS_MIN(e->confident.n_doubts, limit); i++)
        json_array_append_new(list, label_errors_doubt_json(data, spec, e, &e->confident.doubts[i]));
    for (size_t c = 0; c < e->n_classes; c++)
        if (!e->known[c])
            json_array_append_new(unknown, json_string(spec->classes[c].name));
    as_json_set(json, "n_samples", json_integer((json_int_t)e->n));
    as_json_set(json, "n_found", json_integer((json_int_t)e->confident.n_doubts));
    as_json_set(json, "n_reviewed", json_integer((json_int_t)e->n_reviewed));
    as_json_set(json, "n_estimated", as_json_number(e->confident.n_wrong));
    as_json_set(json, "accuracy", as_json_number(e->accuracy));
    as_json_set(json, "features", json_string(e->traits));
    as_json_set(json, "too_few", unknown);
    as_json_set(json, "joint", label_errors_joint_json(spec, e));
    as_json_set(json, "errors", list);
    return as_cli_print_json(cli, json, err);
}

static bool label_errors_table(as_cli *cli, const as_dataset *data, const as_spec *spec, const as_label_errors *e,
                               size_t limit, as_err *err)
{
    static const char *const columns[] = {"name", "labelled", "likely", ">p(label)", ">p(likely)", "split", NULL};
    size_t                   n = AS_MIN(e->confident.n_doubts, limit);
    as_term_say(cli, "%zu of %zu labels are in doubt, by %s; models that did not see them agree with %.1f %% of all",
                e->confident.n_doubts, e->n, e->traits, e->accuracy * 100);
    for (size_t c = 0; c < e->n_classes; c++)
        if (!e->known[c])
            as_term_say(cli, "'%s' has too few parts (%zu pictures) to tell its labels", spec->classes[c].name,
                        e->labelled[c]);
    if (e->n_reviewed)
        as_term_say(cli, "%zu more are reviewed, and left at that", e->n_reviewed);
    if (n == 0) {
        fprintf(cli->out, "no label is in doubt\n");
        return true;
    }
    as_table *table = as_table_new(columns);
    for (size_t i = 0; i < n; i++) {
        const as_doubt  *doubt = &e->confident.doubts[i];
        const as_sample *s = as_dataset_sample(data, e->samples[doubt->row]);
        as_table_cell(table, AS_STYLE_NONE, "%s", s->name);
        as_table_cell(table, AS_STYLE_WARN, "%s", spec->classes[doubt->label].name);
        as_table_cell(table, AS_STYLE_NONE, "%s", spec->classes[doubt->likely].name);
        as_table_cell(table, AS_STYLE_NONE, "%.3f", doubt->p_label);
        as_table_cell(table, AS_STYLE_NONE, "%.3f", doubt->p_likely);
        as_table_cell(table, AS_STYLE_NONE, "%s", as_split_name(s->split));
    }
    if (!as_table_print(table, cli, err))
        return false;
    if (n < e->confident.n_doubts)
        as_term_say(cli, "... and %zu more (--limit, --json)", e->confident.n_doubts - n);
    as_term_say(cli, "look at each: assay label set CLASS NAME, or assay label review NAME where it is right");
    return true;
}

static int label_errors_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_cli_backbone_numbers numbers;
    as_trainer_cfg          cfg = {.seed = 1};
    as_label_errors         errors;
    uint64_t                limit = cli->json ? UINT32_MAX : 20;
    if (!as_cli_u64(cli, "limit", 1, UINT32_MAX, &limit, err) ||
        !as_cli_u64(cli, "seed", 0, UINT64_MAX, &cfg.seed, err) || !as_cli_backbone(cli, &numbers, &cfg, err))
        return AS_VERB_FAILED;
    as_spec    *spec = as_spec_load(ws->spec_path, err);
    as_dataset *data = spec ? as_dataset_open(ws, spec, as_cli_arg(cli, 1), err) : NULL;
    bool        ok = data && as_label_errors_find(data, spec, &cfg, &cli->progress, &errors, err);
    if (ok) {
        as_term_progress_end(cli);
        ok = (cli->json ? label_errors_json : label_errors_table)(cli, data, spec, &errors, (size_t)limit, err);
        as_label_errors_done(&errors);
    }
    as_dataset_close(data);
    as_spec_free(spec);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_action as_label_action_errors = {
    .name = "errors",
    .usage = "[COMMIT] [--limit N] [--seed N] [--backbone FILE] [--layer NAME] [--input-order rgb|bgr] "
             "[--input-mean A,B,C] [--input-scale A,B,C] [--backend NAME]",
    .about = "labels that are likely wrong, the likeliest first: models learn from four fifths of the pictures and are "
             "asked about the others (confident learning), by colour and shape unless a backbone is given; a reviewed "
             "label is not doubted again",
    .min_args = 0,
    .max_args = 1,
    .mode = AS_WORKSPACE_READ,
    .run = label_errors_run,
};
