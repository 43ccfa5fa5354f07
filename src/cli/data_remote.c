/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/action.h"
#include "cli/remote_say.h"
#include "cli/term.h"

#define DATA_ACCESS_BYTES 1000

static bool data_remote_add(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_remote_cfg cfg = {.name = ""};
    char          access[DATA_ACCESS_BYTES];
    if (!as_str_copy(cfg.name, sizeof cfg.name, as_cli_arg(cli, 2)))
        return AS_FAIL(err, AS_EINVAL, "'%.80s...' is too long for the name of a remote", as_cli_arg(cli, 2));
    if (!as_remote_say_cfg(cli, as_cli_arg(cli, 3), &cfg, err) || !as_remote_add(ws, &cfg, err) ||
        !as_remote_access(&cfg, access, sizeof access, err))
        return false;
    if (cli->json)
        return as_cli_print_json(cli, json_pack("{s:s,s:s}", "name", cfg.name, "url", cfg.url), err);
    as_term_say(cli, "remote '%s' is %s", cfg.name, cfg.url);
    if (access[0])
        as_term_say(cli, "%s", access);
    as_term_say(cli, "next: assay data push %s", cfg.name);
    return true;
}

static bool data_remote_print(as_cli *cli, const as_remote_cfg *all, size_t n, as_err *err)
{
    static const char *const columns[] = {"name", "URL", "endpoint", "region", "credentials", NULL};
    as_table                *table = cli->json ? NULL : as_table_new(columns);
    json_t                  *list = cli->json ? json_array() : NULL;
    for (size_t i = 0; i < n; i++) {
        char access[DATA_ACCESS_BYTES];
        if (!as_remote_access(&all[i], access, sizeof access, NULL))
            as_str_copy(access, sizeof access, "cannot be read");
        if (cli->json) {
            json_array_append_new(list,
                                  json_pack("{s:s,s:s,s:s,s:s,s:s}", "name", all[i].name, "url", all[i].url, "endpoint",
                                            all[i].endpoint, "region", all[i].region, "credentials", access));
            continue;
        }
        as_table_cell(table, AS_STYLE_BOLD, "%s", all[i].name);
        as_table_cell(table, AS_STYLE_NONE, "%s", all[i].url);
        as_table_cell(table, AS_STYLE_NONE, "%s", all[i].endpoint[0] ? all[i].endpoint : "-");
        as_table_cell(table, AS_STYLE_NONE, "%s", all[i].region[0] ? all[i].region : "-");
        as_table_cell(table, AS_STYLE_DIM, "%s", access[0] ? access : "none needed");
    }
    return cli->json ? as_cli_print_json(cli, list, err) : as_table_print(table, cli, err);
}

static bool data_remote_list(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_remote_cfg *all;
    size_t         n;
    if (!as_remote_list(ws, &all, &n, err))
        return false;
    bool ok = true;
    if (n || cli->json)
        ok = data_remote_print(cli, all, n, err);
    else
        fprintf(cli->out, "no remote yet (add one with: assay data remote add origin URL)\n");
    free(all);
    return ok;
}

static bool data_remote_remove(as_cli *cli, as_workspace *ws, as_err *err)
{
    if (!as_remote_forget(ws, as_cli_arg(cli, 2), err))
        return false;
    as_term_say(cli, "remote '%s' is forgotten here; what is in it stays there", as_cli_arg(cli, 2));
    return !cli->json || as_cli_print_json(cli, json_pack("{s:s}", "removed", as_cli_arg(cli, 2)), err);
}

static const struct {
    const char *name;
    size_t      n_args;
    bool (*run)(as_cli *cli, as_workspace *ws, as_err *err);
} data_remote_rows[] = {{"add", 2, data_remote_add}, {"list", 0, data_remote_list}, {"remove", 1, data_remote_remove}};

static int data_remote(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char  *word = as_cli_arg(cli, 1) ? as_cli_arg(cli, 1) : "list";
    const size_t n = as_cli_n_args(cli) > 2 ? as_cli_n_args(cli) - 2 : 0;
    for (size_t i = 0; i < AS_COUNT(data_remote_rows); i++) {
        if (strcmp(data_remote_rows[i].name, word) != 0)
            continue;
        if (data_remote_rows[i].n_args != n) {
            AS_FAIL(err, AS_EINVAL, "'data remote %s' takes %zu word%s and got %zu (see: assay help data)", word,
                    data_remote_rows[i].n_args, data_remote_rows[i].n_args == 1 ? "" : "s", n);
            return AS_VERB_FAILED;
        }
        return data_remote_rows[i].run(cli, ws, err) ? 0 : AS_VERB_FAILED;
    }
    AS_FAIL(err, AS_EINVAL, "'data remote %s' is not known: use add NAME URL, list, or remove NAME", word);
    return AS_VERB_FAILED;
}

const as_action as_data_remote = {
    .name = "remote",
    .usage = "[list | add NAME URL [--endpoint URL] [--region R] | remove NAME]",
    .about = "the places where versions are sent to: a folder, or a bucket (s3://BUCKET/PREFIX)",
    .min_args = 0,
    .max_args = 3,
    .mode = AS_WORKSPACE_READ,
    .run = data_remote,
};
