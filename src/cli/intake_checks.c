/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"
#include "cli/term.h"
#include "intake/set.h"

static const char *const checks_levels[] = {"by case", "ok", "warn", "quarantine"};

static void checks_add(json_t *list, const char *on, const char *name, const char *level, const char *summary)
{
    json_array_append_new(list,
                          json_pack("{s:s,s:s,s:s,s:s}", "check", name, "on", on, "level", level, "summary", summary));
}

static json_t *checks_list(const as_spec *spec)
{
    json_t *list = json_array();
    for (size_t i = 0; as_check_at(i); i++) {
        const as_check *one = as_check_at(i);
        checks_add(list, "picture", one->name, checks_levels[spec->levels[one->rule]], one->summary);
    }
    for (size_t i = 0; as_set_check_at(i); i++) {
        const as_set_check *one = as_set_check_at(i);
        checks_add(list, "version", one->name, checks_levels[AS_CHECK_NONE], one->summary);
    }
    return list;
}

static bool checks_table(as_cli *cli, const json_t *list, as_err *err)
{
    static const char *const columns[] = {"check", "on", "level", "what is so when it finds nothing", NULL};
    as_table                *table = as_table_new(columns);
    size_t                   i;
    json_t                  *row;
    json_array_foreach (list, i, row) {
        as_table_cell(table, AS_STYLE_BOLD, "%s", json_string_value(json_object_get(row, "check")));
        as_table_cell(table, AS_STYLE_NONE, "%s", json_string_value(json_object_get(row, "on")));
        as_table_cell(table, AS_STYLE_NONE, "%s", json_string_value(json_object_get(row, "level")));
        as_table_cell(table, AS_STYLE_NONE, "%s", json_string_value(json_object_get(row, "summary")));
    }
    return as_table_print(table, cli, err);
}

static int intake_checks(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_spec *spec = as_spec_load(ws->spec_path, err);
    json_t  *list = spec ? checks_list(spec) : NULL;
    bool     ok = spec && (cli->json ? as_cli_print_json(cli, json_incref(list), err) : checks_table(cli, list, err));
    json_decref(list);
    as_spec_free(spec);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_action as_intake_action_checks = {
    .name = "checks",
    .usage = "",
    .about = "the checks on each picture and on a version, and what assay.yaml makes of each",
    .mode = AS_WORKSPACE_READ,
    .run = intake_checks,
};
