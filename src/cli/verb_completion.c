/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/str.h"
#include "cli/verb.h"

static const char *const completion_shells[] = {"bash", "zsh", "fish", NULL};

static void completion_words(const as_verb *verb, as_str *out)
{
    size_t        n;
    const as_opt *common = as_verb_common_opts(&n);
    for (size_t i = 0; as_verb_word(verb, i); i++)
        as_str_addf(out, "%s ", as_verb_word(verb, i));
    for (size_t i = 0; i < verb->n_opts; i++)
        as_str_addf(out, "--%s ", verb->opts[i].name);
    for (size_t i = 0; i < n; i++)
        as_str_addf(out, "--%s ", common[i].name);
}

static void completion_choices(const as_verb *verb, const as_opt *opt, as_str *out)
{
    if (!opt->choices)
        return;
    as_str_addf(out, "    %s:--%s) words='", verb->name, opt->name);
    for (size_t i = 0; opt->choices[i]; i++)
        as_str_addf(out, "%s ", opt->choices[i]);
    as_str_add(out, "' ;;\n");
}

/* The function finds the verb among the words typed so far, then offers its row. */
static void completion_bash(as_str *out)
{
    const char *name = as_program_name();
    char        id[32];
    as_str_copy(id, sizeof id, name);
    for (char *p = id; *p; p++)
        if (*p == '-')
            *p = '_';
    as_str_addf(
        out, "_%s()\n{\n  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb= words= i\n", id);
    as_str_add(
        out,
        "  for ((i = 1; i < COMP_CWORD; i++)); do\n    case ${COMP_WORDS[i]} in\n      -C) ((i++)) ;;\n      -*) ;;\n"
        "      *) verb=${COMP_WORDS[i]}; break ;;\n    esac\n  done\n  case $verb:$prev in\n");
    for (size_t i = 0; as_verb_at(i); i++)
        for (size_t k = 0; k < as_verb_at(i)->n_opts; k++)
            completion_choices(as_verb_at(i), &as_verb_at(i)->opts[k], out);
    as_str_add(out, "  esac\n  if [ -z \"$words\" ]; then case $verb in\n    '') words='");
    for (size_t i = 0; as_verb_at(i); i++)
        as_str_addf(out, "%s ", as_verb_at(i)->name);
    as_str_add(out, "--version --help' ;;\n");
    for (size_t i = 0; as_verb_at(i); i++) {
        as_str_addf(out, "    %s) words='", as_verb_at(i)->name);
        completion_words(as_verb_at(i), out);
        as_str_add(out, "' ;;\n");
    }
    as_str_addf(out,
                "  esac; fi\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n  [ ${#COMPREPLY[@]} -gt 0 ] || "
                "COMPREPLY=($(compgen -f -- \"$cur\"))\n}\ncomplete -o filenames -F _%s %s\n",
                id, name);
}

static void completion_zsh(as_str *out)
{
    as_str_add(out, "autoload -U +X bashcompinit && bashcompinit\n");
    completion_bash(out);
}

/* Single quotes end a fish string: they become \'. */
static void completion_fish_text(const char *text, as_str *out)
{
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            as_str_add(out, "\\");
        as_str_add_bytes(out, text, 1);
    }
}

static void completion_fish_opt(const as_verb *verb, const as_opt *opt, as_str *out)
{
    as_str_addf(out, "complete -c %s -l %s", as_program_name(), opt->name);
    if (verb)
        as_str_addf(out, " -n '__fish_seen_subcommand_from %s'", verb->name);
    if (opt->letter)
        as_str_addf(out, " -s %c", opt->letter);
    if (opt->arg)
        as_str_add(out, " -r");
    as_str_add(out, " -d '");
    completion_fish_text(opt->help, out);
    as_str_add(out, "'\n");
}

static void completion_fish(as_str *out)
{
    size_t        n;
    const as_opt *common = as_verb_common_opts(&n);
    for (size_t i = 0; as_verb_at(i); i++) {
        as_str_addf(out, "complete -c %s -n __fish_use_subcommand -a %s -d '", as_program_name(), as_verb_at(i)->name);
        completion_fish_text(as_verb_at(i)->summary, out);
        as_str_add(out, "'\n");
        for (size_t k = 0; k < as_verb_at(i)->n_opts; k++)
            completion_fish_opt(as_verb_at(i), &as_verb_at(i)->opts[k], out);
    }
    for (size_t i = 0; i < n; i++)
        completion_fish_opt(NULL, &common[i], out);
}

static int completion_run(as_cli *cli, as_err *err)
{
    const char *shell = as_cli_arg(cli, 0);
    as_str      text;
    if (cli->json) {
        AS_FAIL(err, AS_EINVAL, "a completion script is no JSON (the verbs and options as JSON: %s help --json)",
                as_program_name());
        return AS_VERB_FAILED;
    }
    as_str_init(&text);
    if (strcmp(shell, "bash") == 0)
        completion_bash(&text);
    else if (strcmp(shell, "zsh") == 0)
        completion_zsh(&text);
    else
        completion_fish(&text);
    bool ok = as_str_ok(&text) || AS_FAIL(err, AS_ENOMEM, "out of memory");
    if (ok)
        fputs(text.s, cli->out);
    as_str_done(&text);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_verb as_verb_completion = {
    .name = "completion",
    .summary = "print a shell's completion script",
    .usage = "bash|zsh|fish",
    .about = "Prints a script that lets the shell complete verbs, options and their choices. Load it from the shell's\n"
             "start-up file.",
    .examples = "  source <(assay completion bash)\n  assay completion fish > ~/.config/fish/completions/assay.fish\n",
    .min_args = 1,
    .max_args = 1,
    .actions = completion_shells,
    .run = completion_run,
};
