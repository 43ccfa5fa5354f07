/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"

#include <string.h>

const char *as_verb_word(const as_verb *verb, size_t i)
{
    if (verb->rows)
        return verb->rows[i] ? verb->rows[i]->name : NULL;
    return verb->actions ? verb->actions[i] : NULL;
}

/* The words before the first that may be left out. */
static size_t action_needed(const char *usage)
{
    const char *optional = strstr(usage, " [");
    return optional ? (size_t)(optional - usage) : strlen(usage);
}

static bool action_count(const as_cli *cli, const as_action *action, as_err *err)
{
    const size_t n = as_cli_n_args(cli) - 1;
    const char  *verb = cli->verb->name, *program = as_program_name();
    if (n < (size_t)action->min_args)
        return AS_FAIL(err, AS_EINVAL, "a word is missing: %s %s %s %.*s (see: %s help %s)", program, verb,
                       action->name, (int)action_needed(action->usage), action->usage, program, verb);
    return action->max_args < 0 || n <= (size_t)action->max_args ||
           AS_FAIL(err, AS_EINVAL, "'%s' is one word too many for '%s %s'",
                   as_cli_arg(cli, (size_t)action->max_args + 1), verb, action->name);
}

int as_action_run(as_cli *cli, as_err *err)
{
    const as_action *const *at = cli->verb->rows;
    while (strcmp((*at)->name, as_cli_arg(cli, 0)) != 0)
        at++;
    if (!action_count(cli, *at, err))
        return AS_VERB_FAILED;
    if ((*at)->mode == AS_WORKSPACE_NONE)
        return (*at)->run(cli, NULL, err);
    as_workspace *ws = as_workspace_open(cli->dir, (*at)->mode, err);
    int           status = ws ? (*at)->run(cli, ws, err) : AS_VERB_FAILED;
    as_workspace_close(ws);
    return status;
}
