/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help_text.h"

#include <string.h>

#include "build_config.h"
#include "cli/action.h"
#include "cli/help_wrap.h"
#include "cli/term.h"

#define HELP_NAME_COLUMNS 26 /* of an option, before what it does */
#define HELP_OPT_COLUMN   (2 + HELP_NAME_COLUMNS + 1)
#define HELP_USAGE_INDENT 4
#define HELP_PAGE_COLUMNS 120
#define HELP_NARROW       60 /* below it, what an option does stands under its name */

static void help_opt_name(const as_opt *opt, as_str *out)
{
    if (opt->letter)
        as_str_addf(out, "-%c, ", opt->letter);
    as_str_addf(out, "--%s", opt->name);
    if (opt->arg)
        as_str_addf(out, " %s", opt->arg);
}

static void help_add_opts(const as_opt *opts, size_t n, size_t width, as_str *out)
{
    size_t column = width < HELP_NARROW ? 8 : HELP_OPT_COLUMN;
    for (size_t i = 0; i < n; i++) {
        as_str name;
        as_str_init(&name);
        as_str_add(&name, opts[i].letter ? "  " : "      ");
        help_opt_name(&opts[i], &name);
        bool below = name.len + 1 > column;
        as_str_addf(out, "%-*s", (int)(below ? 0 : column), name.s);
        if (below)
            as_str_addf(out, "\n%*s", (int)column, "");
        as_help_wrap(opts[i].help, column, column, width, out);
        as_str_done(&name);
    }
}

/* Is the option among the words of the usage that the row itself gives? */
static bool help_usage_names(const char *usage, const as_opt *opt)
{
    size_t n = strlen(opt->name);
    for (const char *at = strchr(usage, '-'); at; at = strchr(at + 1, '-')) {
        if (at[1] == '-' && strncmp(at + 2, opt->name, n) == 0 && strchr(" ]|.", at[2 + n]))
            return true;
        if (opt->letter && at[1] == opt->letter && strchr(" ]|.", at[2]) && (at == usage || at[-1] != '-'))
            return true;
    }
    return false;
}

void as_help_about(const as_verb *verb, as_str *out)
{
    for (size_t i = 0; verb->rows && verb->rows[i]; i++)
        as_str_addf(out, "%s  %s\n", verb->rows[i]->name, verb->rows[i]->about);
    as_str_addf(out, "%s%s", verb->rows && *verb->about ? "\n" : "", verb->about);
}

/* The options that the words do not name. */
static void help_usage_rest(const as_verb *verb, const char *words, as_str *out)
{
    for (size_t i = 0; i < verb->n_opts; i++) {
        const as_opt *opt = &verb->opts[i];
        if (help_usage_names(words, opt))
            continue;
        as_str_addf(out, " [--%s%s", opt->name, opt->arg ? " " : "");
        for (size_t k = 0; opt->choices && opt->choices[k]; k++)
            as_str_addf(out, "%s%s%s", k ? "|" : "", opt->choices[k], as_str_ends(opt->choices[k], ":") ? "..." : "");
        as_str_addf(out, "%s]", opt->arg && !opt->choices ? opt->arg : "");
    }
}

void as_help_usage(const as_verb *verb, as_str *out)
{
    for (size_t i = 0; verb->rows && verb->rows[i]; i++)
        as_str_addf(out, "%s%s %s %s%s%s", i ? "\n" : "", as_program_name(), verb->name, verb->rows[i]->name,
                    *verb->rows[i]->usage ? " " : "", verb->rows[i]->usage);
    if (verb->rows)
        return;
    as_str_addf(out, "%s %s%s%s", as_program_name(), verb->name, *verb->usage ? " " : "", verb->usage);
    help_usage_rest(verb, verb->usage, out);
}

static void help_usage_wrapped(const as_verb *verb, size_t width, as_str *out)
{
    static const char first[] = "usage: ";
    as_str            usage, line;
    as_str_init(&usage);
    as_help_usage(verb, &usage);
    for (const char *at = as_str_ok(&usage) ? usage.s : ""; *at; at += *at == '\n') {
        const size_t n = strcspn(at, "\n"), indent = sizeof first - 1;
        as_str_init(&line);
        as_str_add_bytes(&line, at, n);
        as_str_addf(out, "%*s", (int)indent, at == usage.s ? first : "");
        as_help_wrap(as_str_ok(&line) ? line.s : "", indent, indent + HELP_USAGE_INDENT, width, out);
        as_str_done(&line);
        at += n;
    }
    as_str_done(&usage);
}

/* Words in lines longer than this are hard to read, however wide the screen. */
static size_t help_width(void)
{
    return AS_MIN(AS_MAX(as_term_out_width(), 40U), 100U);
}

static const char help_program_summary[] = "industrial visual inspection, from a written requirement to a running line";

static void help_summary(const as_verb *verb, const char *bold, const char *plain, size_t width, as_str *out)
{
    as_str_addf(out, "  %s%-12s%s ", bold, verb->name, plain);
    as_help_wrap(verb->summary, 15, 15, width, out);
}

void as_help_overview(const as_cli *cli, as_str *out)
{
    const char *bold = as_term_style(cli, AS_STYLE_BOLD), *plain = as_term_plain(cli);
    const char *name = as_program_name();
    size_t      width = help_width();
    as_str_addf(out, "%s%s%s %s - ", bold, name, plain, AS_VERSION);
    as_help_wrap(help_program_summary, strlen(name) + strlen(AS_VERSION) + 4, 2, width, out);
    as_str_add(out, "\n");
    as_str_addf(out, "usage: %s [-C DIR] VERB ...\n\n", name);
    for (size_t i = 0; as_verb_at(i); i++)
        help_summary(as_verb_at(i), bold, plain, width, out);
    as_str_addf(out, "\n%s help VERB tells more.", name);
    if (as_verb_find("init"))
        as_str_addf(out, " To begin: %s init demo --example cones", name);
    as_str_add(out, "\n");
}

void as_help_verb(const as_cli *cli, const as_verb *verb, as_str *out)
{
    size_t        n_common;
    const as_opt *common = as_verb_common_opts(&n_common);
    const char   *bold = as_term_style(cli, AS_STYLE_BOLD), *plain = as_term_plain(cli);
    size_t        width = help_width();
    as_str_addf(out, "%s%s %s%s - ", bold, as_program_name(), verb->name, plain);
    as_help_wrap(verb->summary, strlen(as_program_name()) + strlen(verb->name) + 4, 2, width, out);
    as_str_add(out, "\n");
    help_usage_wrapped(verb, width, out);
    as_str_add(out, "\n");
    as_str about;
    as_str_init(&about);
    as_help_about(verb, &about);
    as_help_wrap_text(as_str_ok(&about) ? about.s : verb->about, width, out);
    as_str_done(&about);
    if (verb->n_opts) {
        as_str_addf(out, "\n%soptions%s\n", bold, plain);
        help_add_opts(verb->opts, verb->n_opts, width, out);
    }
    as_str_addf(out, "\n%severywhere%s\n", bold, plain);
    help_add_opts(common, n_common, width, out);
    as_str_addf(out, "\n%sexamples%s\n%s", bold, plain, verb->examples);
}

/* The lines of the verb's examples that have "VERB NAME". */
static void help_action_examples(const as_verb *verb, const as_action *action, as_str *out)
{
    as_str words;
    as_str_init(&words);
    as_str_addf(&words, " %s %s", verb->name, action->name);
    for (const char *line = verb->examples; *line;) {
        const size_t n = strcspn(line, "\n") + 1;
        const char  *at = as_str_ok(&words) ? memmem(line, n, words.s, words.len) : NULL;
        if (at && strchr(" \n", at[words.len]))
            as_str_add_bytes(out, line, n);
        line += n;
    }
    as_str_done(&words);
}

void as_help_action(const as_cli *cli, const as_verb *verb, const as_action *action, as_str *out)
{
    const char *bold = as_term_style(cli, AS_STYLE_BOLD), *plain = as_term_plain(cli);
    size_t      width = help_width();
    as_str      text;
    as_str_init(&text);
    as_str_addf(&text, "%s %s %s%s%s", as_program_name(), verb->name, action->name, *action->usage ? " " : "",
                action->usage);
    as_str_add(out, "usage: ");
    as_help_wrap(as_str_ok(&text) ? text.s : "", 7, 7 + HELP_USAGE_INDENT, width, out);
    as_str_add(out, "\n");
    as_help_wrap(action->about, 0, 0, width, out);
    bool any = false;
    for (size_t i = 0; i < verb->n_opts; i++) {
        if (!help_usage_names(action->usage, &verb->opts[i]))
            continue;
        if (!any)
            as_str_addf(out, "\n%soptions%s\n", bold, plain);
        any = true;
        help_add_opts(&verb->opts[i], 1, width, out);
    }
    as_str_clear(&text);
    help_action_examples(verb, action, &text);
    if (as_str_ok(&text) && text.len)
        as_str_addf(out, "\n%sexamples%s\n%s", bold, plain, text.s);
    as_str_addf(out, "\n%s help %s has the rest\n", as_program_name(), verb->name);
    as_str_done(&text);
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

/* Paragraphs and lists of a verb's words. */
static void help_man_about(const char *about, as_str *out)
{
    as_help_block block;
    as_str        words;
    bool          in_list = false;
    as_str_init(&words);
    while (as_help_block_next(&about, &block, &words)) {
        if (*block.term) {
            as_str_add(out, ".TP\n.B ");
            help_troff(block.term, out);
            as_str_add(out, "\n");
        } else if (block.is_apart || in_list) {
            as_str_add(out, ".PP\n");
        }
        in_list = *block.term;
        help_troff(words.s, out);
        as_str_add(out, "\n");
    }
    as_str_done(&words);
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
    as_str usage;
    as_str_init(&usage);
    as_help_usage(verb, &usage);
    as_str_add(out, "\n.SH SYNOPSIS\n.nh\n");
    for (char *at = usage.s, *next; at; at = next) {
        next = strchr(at, '\n');
        if (next)
            *next++ = '\0';
        help_troff(at, out);
        as_str_add(out, next ? "\n.br\n" : "");
    }
    as_str_done(&usage);
    as_str_add(out, "\n.hy\n.SH DESCRIPTION\n");
    as_str about;
    as_str_init(&about);
    as_help_about(verb, &about);
    help_man_about(as_str_ok(&about) ? about.s : verb->about, out);
    as_str_done(&about);
    as_str_add(out, ".SH OPTIONS\n");
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

static void help_markdown_about(const char *about, as_str *out)
{
    as_help_block block;
    as_str        words;
    bool          in_list = false;
    as_str_init(&words);
    while (as_help_block_next(&about, &block, &words)) {
        if (block.is_apart || (in_list && !*block.term))
            as_str_add(out, "\n");
        if (*block.term)
            as_str_addf(out, "- `%s`: ", block.term);
        in_list = *block.term;
        as_help_wrap(words.s, *block.term ? strlen(block.term) + 6 : 0, *block.term ? 2 : 0, HELP_PAGE_COLUMNS, out);
    }
    as_str_done(&words);
}

void as_help_markdown(as_str *out)
{
    size_t        n_common;
    const as_opt *common = as_verb_common_opts(&n_common);
    as_str_addf(out, "# The verbs of %s\n\nEvery verb has these options:\n\n", as_program_name());
    help_markdown_opts(common, n_common, out);
    for (size_t i = 0; as_verb_at(i); i++) {
        const as_verb *verb = as_verb_at(i);
        as_str_addf(out, "\n## %s\n\n%s", verb->name, verb->rows ? "```\n" : "`");
        as_help_usage(verb, out);
        as_str_addf(out, "%s\n\n", verb->rows ? "\n```" : "`");
        as_str about;
        as_str_init(&about);
        as_help_about(verb, &about);
        help_markdown_about(as_str_ok(&about) ? about.s : verb->about, out);
        as_str_done(&about);
        as_str_add(out, "\n");
        if (verb->n_opts)
            help_markdown_opts(verb->opts, verb->n_opts, out);
        as_str_addf(out, "%s```\n%s```\n", verb->n_opts ? "\n" : "", verb->examples);
    }
}
