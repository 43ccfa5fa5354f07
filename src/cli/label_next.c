/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/label_steps.h"
#include "cli/term.h"

static bool label_next_print(as_cli *cli, const as_label_choice *c, as_err *err)
{
    static const char *const columns[] = {"name", "perhaps", ">probability", ">margin", NULL};
    as_table                *table = cli->json ? NULL : as_table_new(columns);
    json_t                  *list = cli->json ? json_array() : NULL;
    for (size_t i = 0; i < c->n; i++) {
        const char *name = as_dataset_sample(c->dataset, c->at[i].sample)->name;
        const char *class = c->spec->classes[c->at[i].class].name;
        if (cli->json) {
            json_array_append_new(list, json_pack("{s:s,s:s,s:f,s:f}", "name", name, "class", class, "probability",
                                                  c->at[i].p, "margin", c->at[i].margin));
            continue;
        }
        as_table_cell(table, AS_STYLE_NONE, "%s", name);
        as_table_cell(table, AS_STYLE_NONE, "%s", class);
        as_table_cell(table, AS_STYLE_NONE, "%.3f", c->at[i].p);
        as_table_cell(table, AS_STYLE_NONE, "%.3f", c->at[i].margin);
    }
    if (cli->json)
        return as_cli_print_json(cli, list, err);
    as_term_say(cli, "%zu of %zu samples without a label, seen by run '%s'", c->n, c->n_candidates, c->run.id);
    return as_table_print(table, cli, err);
}

static bool label_next(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char     *method = as_cli_opt(cli, "method");
    as_label_choice choice = {0};
    bool ok = as_label_choose(cli, ws, method ? as_next_parse(method) : AS_NEXT_UNCERTAIN, 20, &choice, err) &&
              label_next_print(cli, &choice, err);
    as_label_choice_done(&choice);
    return ok;
}

static int label_next_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    return label_next(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_label_action_next = {
    .name = "next",
    .usage = "[--method uncertain|random] [--run RUN] [--limit N] [--seed N]",
    .about = "the samples that a model is least sure of: what to label next",
    .min_args = 0,
    .max_args = 0,
    .mode = AS_WORKSPACE_READ,
    .run = label_next_run,
};
