/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"
#include "cli/term.h"
#include "intake/quarantine.h"

static const char *data_text(const json_t *record, const char *key)
{
    const char *text = json_string_value(json_object_get(record, key));
    return text ? text : "";
}

static bool data_quarantine_print(as_cli *cli, as_workspace *ws, as_err *err)
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

static int data_quarantine(as_cli *cli, as_workspace *ws, as_err *err)
{
    return data_quarantine_print(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_data_quarantine = {
    .name = "quarantine",
    .usage = "",
    .about = "the pictures that were refused, with the reasons",
    .min_args = 0,
    .max_args = 0,
    .mode = AS_WORKSPACE_READ,
    .run = data_quarantine,
};
