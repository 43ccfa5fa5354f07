/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"
#include "cli/backbone_opts.h"
#include "cli/term.h"
#include "lab/outliers.h"

#define OUTLIERS_ROWS 20

static json_t *outliers_json(const as_dataset *data, const as_outliers *o, size_t limit)
{
    json_t *json = json_object(), *list = json_array();
    for (size_t i = 0; i < AS_MIN(limit, o->n); i++)
        json_array_append_new(list, json_pack("{s:s,s:f,s:b}", "name", as_dataset_sample(data, o->at[i].sample)->name,
                                              "distance", o->at[i].distance, "unlike", o->at[i].distance > o->limit));
    as_json_set(json, "n_reference", json_integer((json_int_t)o->n_reference));
    as_json_set(json, "n", json_integer((json_int_t)o->n));
    as_json_set(json, "n_unlike", json_integer((json_int_t)o->n_unlike));
    as_json_set(json, "limit", as_json_number(o->limit));
    as_json_set(json, "features", json_string(o->traits));
    as_json_set(json, "pictures", list);
    return json;
}

static bool outliers_print(as_cli *cli, const as_dataset *data, const as_outliers *o, size_t limit, as_err *err)
{
    static const char *const columns[] = {"name", ">distance", "", NULL};
    as_table                *table = as_table_new(columns);
    as_term_say(cli, "%zu of %zu pictures are further from the reference's %zu than usual (%.3g), by %s", o->n_unlike,
                o->n, o->n_reference, o->limit, o->traits);
    for (size_t i = 0; i < AS_MIN(limit, o->n); i++) {
        bool unlike = o->at[i].distance > o->limit;
        as_table_cell(table, AS_STYLE_NONE, "%s", as_dataset_sample(data, o->at[i].sample)->name);
        as_table_cell(table, AS_STYLE_NONE, "%.3g", o->at[i].distance);
        as_table_cell(table, unlike ? AS_STYLE_WARN : AS_STYLE_GOOD, "%s", unlike ? "unlike" : "ok");
    }
    return as_table_print(table, cli, err);
}

static int outliers_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_cli_backbone_numbers numbers;
    as_trainer_cfg          cfg = {.seed = 1};
    as_outliers             found;
    uint64_t                limit = cli->json ? UINT32_MAX : OUTLIERS_ROWS;
    if (!as_cli_u64(cli, "limit", 1, UINT32_MAX, &limit, err) || !as_cli_backbone(cli, &numbers, &cfg, err))
        return AS_VERB_FAILED;
    as_spec    *spec = as_spec_load(ws->spec_path, err);
    const char *given = as_cli_opt(cli, "reference"), *name = given ? given : spec ? spec->reference : "";
    as_dataset *data = spec ? as_dataset_open(ws, spec, as_cli_arg(cli, 1), err) : NULL;
    as_dataset *reference = data && *name ? as_dataset_open(ws, spec, name, err) : NULL;
    bool        ok = data && (reference || !*name) &&
              as_outliers_find(data, reference, spec->unlike_share, &cfg, &cli->progress, &found, err);
    if (ok) {
        as_term_progress_end(cli);
        ok = cli->json ? as_cli_print_json(cli, outliers_json(data, &found, (size_t)limit), err)
                       : outliers_print(cli, data, &found, (size_t)limit, err);
        as_outliers_done(&found);
    }
    as_dataset_close(reference);
    as_dataset_close(data);
    as_spec_free(spec);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_action as_intake_action_outliers = {
    .name = "outliers",
    .usage = "[COMMIT] [--reference COMMIT] [--limit N] [--backbone FILE] [--layer NAME] [--input-order rgb|bgr] "
             "[--input-mean A,B,C] [--input-scale A,B,C] [--backend NAME]",
    .about = "the pictures that are furthest from the reference's, of those that it has not (without one: from all "
             "others), by colour and shape unless a backbone is given",
    .max_args = 1,
    .mode = AS_WORKSPACE_READ,
    .run = outliers_run,
};
