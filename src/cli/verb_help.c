/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/action.h"
#include "cli/args.h"
#include "cli/help_text.h"

static const char *const help_formats[] = {"text", "man", "markdown", NULL};

static const as_opt help_opts[] = {
    {"format", 0, "FORMAT", "text (the default), man (a man page) or markdown (all verbs)", help_formats},
};

/* NULL and AS_EINVAL when the verb does no such thing. */
static const as_action *help_action(const as_verb *verb, const char *name, as_err *err)
{
    for (size_t i = 0; verb->rows && verb->rows[i]; i++)
        if (strcmp(verb->rows[i]->name, name) == 0)
            return verb->rows[i];
    AS_FAIL(err, AS_EINVAL, "'%s' is nothing that '%s' does (see: %s help %s)", name, verb->name, as_program_name(),
            verb->name);
    return NULL;
}

static bool help_print(as_cli *cli, const as_verb *verb, const as_action *action, as_err *err)
{
    const char *format = as_cli_opt(cli, "format");
    as_str      text;
    if (cli->json && format)
        return AS_FAIL(err, AS_EINVAL, "--format %s and --json do not go together (say one of them)", format);
    if (cli->json)
        return as_cli_print_json(cli, as_help_json(verb), err);
    as_str_init(&text);
    if (format && strcmp(format, "man") == 0)
        as_help_man(verb, &text);
    else if (format && strcmp(format, "markdown") == 0)
        as_help_markdown(&text);
    else if (action)
        as_help_action(cli, verb, action, &text);
    else if (verb)
        as_help_verb(cli, verb, &text);
    else
        as_help_overview(cli, &text);
    bool ok = as_str_ok(&text) || AS_FAIL(err, AS_ENOMEM, "out of memory");
    if (ok)
        fputs(text.s, cli->out);
    as_str_done(&text);
    return ok;
}

/* Also what `assay VERB --help` and `assay` alone run: then the verb is the one that was given. */
static int help_run(as_cli *cli, as_err *err)
{
    const as_verb   *verb = cli->verb;
    const as_action *action = NULL;
    if (verb && strcmp(verb->name, "help") == 0)
        verb = cli->args->help ? verb : NULL;
    if (as_cli_arg(cli, 0) && cli->verb && strcmp(cli->verb->name, "help") == 0) {
        as_args parsed;
        char   *words[] = {(char *)(uintptr_t)as_program_name(), (char *)(uintptr_t)as_cli_arg(cli, 0),
                           (char *)(uintptr_t) "--help"};
        bool    ok = as_args_parse(&parsed, 3, words, err);
        verb = parsed.verb;
        as_args_done(&parsed);
        if (!ok || (as_cli_arg(cli, 1) && !(action = help_action(verb, as_cli_arg(cli, 1), err))))
            return AS_VERB_FAILED;
    } else if (verb && verb->rows && as_cli_arg(cli, 0)) {
        action = help_action(verb, as_cli_arg(cli, 0), NULL); /* data push --help */
    }
    return help_print(cli, verb, action, err) ? 0 : AS_VERB_FAILED;
}

const as_verb as_verb_help = {
    .name = "help",
    .summary = "tell what the verbs do",
    .usage = "[VERB [ACTION]]",
    .about = "Prints the list of verbs, or all about one, or about one thing that it does. The same text makes the man "
             "pages and the reference. With --json\n"
             "it prints the verbs with their options and choices, for other programs.",
    .examples = "  assay help\n  assay help train\n  assay help data push\n  assay help train --format man | man -l -\n"
                "  assay help --json | jq -r '.verbs[].usage'\n",
    .opts = help_opts,
    .n_opts = AS_COUNT(help_opts),
    .max_args = 2,
    .run = help_run,
};
