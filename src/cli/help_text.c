/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help_text.h"

#include <string.h>

#include "build_config.h"
#include "cli/term.h"

static void help_opt_name(const as_opt *opt, as_str *out)
{
    if (opt->letter)
        as_str_addf(out, "-%c, ", opt->letter);
    as_str_addf(out, "--%s", opt->name);
    if (opt->arg)
        as_str_addf(out, " %s", opt->arg);
}

static void help_add_opts(const as_opt *opts, size_t n, as_str *out)
{
    for (size_t i = 0; i < n; i++) {
        as_str name;
        as_str_init(&name);
        if (!opts[i].letter)
            as_str_add(&name, "    ");
        help_opt_name(&opts[i], &name);
        as_str_addf(out, "  %-26s %s%s\n", name.s, name.len > 26 ? "\n                             " : "",
                    opts[i].help);
        as_str_done(&name);
    }
}

void as_help_overview(const as_cli *cli, as_str *out)
{
    const char *bold = as_term_style(cli, AS_STYLE_BOLD), *plain = as_term_plain(cli);
    const char *name = as_program_name();
    as_str_addf(out, "%s%s%s %s - industrial visual inspection, from a written requirement to a running line\n\n", bold,
                name, plain, AS_VERSION);
    as_str_addf(out, "usage: %s [-C DIR] VERB ...\n\n", name);
    for (size_t i = 0; as_verb_at(i); i++)
        as_str_addf(out, "  %s%-12s%s %s\n", bold, as_verb_at(i)->name, plain, as_verb_at(i)->summary);
    as_str_addf(out, "\n%s help VERB tells more. ", name);
    if (as_verb_find("init"))
        as_str_addf(out, "To begin: %s init demo --example cones", name);
    as_str_add(out, "\n");
}

void as_help_verb(const as_cli *cli, const as_verb *verb, as_str *out)
{
    size_t        n_common;
    const as_opt *common = as_verb_common_opts(&n_common);
    const char   *bold = as_term_style(cli, AS_STYLE_BOLD), *plain = as_term_plain(cli);
    as_str_addf(out, "%s%s %s%s - %s\n\nusage: %s %s %s\n\n%s\n", bold, as_program_name(), verb->name, plain,
                verb->summary, as_program_name(), verb->name, verb->usage, verb->about);
    if (verb->n_opts) {
        as_str_addf(out, "\n%soptions%s\n", bold, plain);
        help_add_opts(verb->opts, verb->n_opts, out);
    }
    as_str_addf(out, "\n%severywhere%s\n", bold, plain);
    help_add_opts(common, n_common, out);
    as_str_addf(out, "\n%sexamples%s\n%s", bold, plain, verb->examples);
}

/* Troff takes a backslash, and a dot or quote at the start of a line, for its own. */
static void help_troff(const char *text, as_str *out)
{
    bool start = true;
    for (const char *p = text; *p; p++) {
        if (start && (*p == '.' || *p == '\''))
            as_str_add(out, "\\&");
        if (*p == '\\')
            as_str_add(out, "\\e");
        else if (*p == '-')
            as_str_add(out, "\\-");
        else
            as_str_add_bytes(out, p, 1);
        start = *p == '\n';
    }
}

static void help_man_opts(const as_opt *opts, size_t n, as_str *out)
{
    for (size_t i = 0; i < n; i++) {
        as_str name;
        as_str_init(&name);
        help_opt_name(&opts[i], &name);
        as_str_add(out, ".TP\n.B ");
        help_troff(name.s, out);
        as_str_add(out, "\n");
        help_troff(opts[i].help, out);
        as_str_add(out, "\n");
        as_str_done(&name);
    }
}

static void help_man_program(as_str *out)
{
    const char *name = as_program_name();
    as_str_addf(out, ".TH \"%s\" 1 \"\" \"Assay %s\" \"Assay\"\n.SH NAME\n%s \\- industrial visual inspection\n", name,
                AS_VERSION, name);
    as_str_addf(out, ".SH SYNOPSIS\n.B %s\n[\\-C DIR] VERB ...\n.SH VERBS\n", name);
    for (size_t i = 0; as_verb_at(i); i++) {
        as_str_addf(out, ".TP\n.BR %s\\-%s (1)\n", name, as_verb_at(i)->name);
        help_troff(as_verb_at(i)->summary, out);
        as_str_add(out, "\n");
    }
    as_str_add(out, ".SH EXIT STATUS\n0 done, and all is well; 1 done, and a requirement is not met or a check failed; "
                    "2 wrong use or bad "
                    "input; 3 the outside failed (disk, device, library).\n");
}

void as_help_man(const as_verb *verb, as_str *out)
{
    if (!verb) {
        help_man_program(out);
        return;
    }
    size_t        n_common;
    const as_opt *common = as_verb_common_opts(&n_common);
    const char   *name = as_program_name();
    as_str_addf(out, ".TH \"%s-%s\" 1 \"\" \"Assay %s\" \"Assay\"\n.SH NAME\n%s\\-%s \\- ", name, verb->name,
                AS_VERSION, name, verb->name);
    help_troff(verb->summary, out);
    as_str_addf(out, "\n.SH SYNOPSIS\n.B %s %s\n", name, verb->name);
    help_troff(verb->usage, out);
    as_str_add(out, "\n.SH DESCRIPTION\n");
    help_troff(verb->about, out);
    as_str_add(out, "\n.SH OPTIONS\n");
    help_man_opts(verb->opts, verb->n_opts, out);
    help_man_opts(common, n_common, out);
    as_str_add(out, ".SH EXAMPLES\n.nf\n");
    help_troff(verb->examples, out);
    as_str_add(out, ".fi\n");
}

static void help_markdown_opts(const as_opt *opts, size_t n, as_str *out)
{
    as_str_add(out, "| option | meaning |\n| --- | --- |\n");
    for (size_t i = 0; i < n; i++) {
        as_str_add(out, "| `");
        help_opt_name(&opts[i], out);
        as_str_addf(out, "` | %s |\n", opts[i].help);
    }
}

void as_help_markdown(as_str *out)
{
    size_t        n_common;
    const as_opt *common = as_verb_common_opts(&n_common);
    as_str_addf(out, "# The verbs of %s\n\nEvery verb has these options:\n\n", as_program_name());
    help_markdown_opts(common, n_common, out);
    for (size_t i = 0; as_verb_at(i); i++) {
        const as_verb *verb = as_verb_at(i);
        as_str_addf(out, "\n## %s\n\n`%s %s %s`\n\n%s\n\n", verb->name, as_program_name(), verb->name, verb->usage,
                    verb->about);
        if (verb->n_opts)
            help_markdown_opts(verb->opts, verb->n_opts, out);
        as_str_addf(out, "\n```\n%s```\n", verb->examples);
    }
}
