/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/args.h"
#include "cli/help_text.h"

static const char *const help_formats[] = {"text", "man", "markdown", NULL};

static const as_opt help_opts[] = {
    {"format", 0, "FORMAT", "text (the default), man (a man page) or markdown (all verbs)", help_formats},
};

static bool help_print(as_cli *cli, const as_verb *verb, as_err *err)
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
    const as_verb *verb = cli->verb;
    if (verb && strcmp(verb->name, "help") == 0)
        verb = cli->args->help ? verb : NULL;
    if (as_cli_arg(cli, 0) && cli->verb && strcmp(cli->verb->name, "help") == 0) {
        as_args parsed;
        char   *words[] = {(char *)(uintptr_t)as_program_name(), (char *)(uintptr_t)as_cli_arg(cli, 0),
                           (char *)(uintptr_t) "--help"};
        bool    ok = as_args_parse(&parsed, 3, words, err);
        verb = parsed.verb;
        as_args_done(&parsed);
        if (!ok)
            return AS_VERB_FAILED;
    }
    return help_print(cli, verb, err) ? 0 : AS_VERB_FAILED;
}

const as_verb as_verb_help = {
    .name = "help",
    .summary = "tell what the verbs do",
    .usage = "[VERB]",
    .about =
        "Prints the list of verbs, or all about one. The same text makes the man pages and the reference. With --json\n"
        "it prints the verbs with their options and choices, for other programs.",
    .examples = "  assay help\n  assay help train\n  assay help train --format man | man -l -\n"
                "  assay help --json | jq -r '.verbs[].usage'\n",
    .opts = help_opts,
    .n_opts = AS_COUNT(help_opts),
    .max_args = 1,
    .run = help_run,
};
