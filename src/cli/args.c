/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"

#include <string.h>

#include "base/str.h"

static const char *const color_choices[] = {"auto", "always", "never", NULL};

static const as_opt common_opts[] = {
    {"directory", 'C', "DIR", "work in the folder DIR (default: this one)", NULL},
    {"json", 0, NULL, "print the result as JSON", NULL},
    {"quiet", 'q', NULL, "say nothing but results and errors", NULL},
    {"color", 0, "WHEN", "colours: auto, always or never (default: auto)", color_choices},
    {"help", 'h', NULL, "print this help", NULL},
};

const as_opt *as_verb_common_opts(size_t *ret_n)
{
    *ret_n = AS_COUNT(common_opts);
    return common_opts;
}

/* The i-th option that may be given now: the common ones, then the verb's. */
static const as_opt *args_opt_at(const as_verb *verb, size_t i)
{
    if (i < AS_COUNT(common_opts))
        return &common_opts[i];
    i -= AS_COUNT(common_opts);
    return verb && i < verb->n_opts ? &verb->opts[i] : NULL;
}

static const as_opt *args_find_long(const as_verb *verb, const char *name, size_t n)
{
    for (size_t i = 0; args_opt_at(verb, i); i++) {
        const as_opt *opt = args_opt_at(verb, i);
        if (strlen(opt->name) == n && memcmp(opt->name, name, n) == 0)
            return opt;
    }
    return NULL;
}

static const as_opt *args_find_letter(const as_verb *verb, char letter)
{
    for (size_t i = 0; args_opt_at(verb, i); i++)
        if (args_opt_at(verb, i)->letter == letter)
            return args_opt_at(verb, i);
    return NULL;
}

static bool args_unknown_opt(const as_verb *verb, const char *word, size_t n, as_err *err)
{
    const char *names[64];
    size_t      n_names = 0;
    char        name[128];
    for (size_t i = 0; args_opt_at(verb, i) && n_names < AS_COUNT(names); i++)
        names[n_names++] = args_opt_at(verb, i)->name;
    size_t take = AS_MIN(n, sizeof name - 1);
    memcpy(name, word, take);
    name[take] = '\0';
    const char *near = as_str_nearest(name, names, n_names);
    if (near)
        return AS_FAIL(err, AS_EINVAL, "unknown option '--%s' (did you mean '--%s'?)", name, near);
    return AS_FAIL(err, AS_EINVAL, "unknown option '--%s' (see: %s help%s%s)", name, as_program_name(), verb ? " " : "",
                   verb ? verb->name : "");
}

static bool args_check_choice(const as_opt *opt, const char *value, as_err *err)
{
    if (!opt->choices)
        return true;
    size_t n = 0;
    for (; opt->choices[n]; n++)
        if (strcmp(opt->choices[n], value) == 0
                ? !as_str_ends(value, ":")
                : as_str_ends(opt->choices[n], ":") && as_str_starts(value, opt->choices[n]))
            return true;
    as_str list;
    as_str_init(&list);
    for (size_t i = 0; i < n; i++)
        as_str_addf(&list, "%s%s%s", i ? ", " : "", opt->choices[i], as_str_ends(opt->choices[i], ":") ? "..." : "");
    AS_FAIL(err, AS_EINVAL, "'%s' is none of the choices of --%s: %s", value, opt->name, list.s);
    as_str_done(&list);
    return false;
}

static bool args_give(as_args *args, const as_opt *opt, const char *value, as_err *err)
{
    if (opt->arg && !*value) /* "$NAME" of a script whose variable is not set: never the default in silence */
        return AS_FAIL(err, AS_EINVAL, "the value of --%s is empty (give it %s, or leave the option out)", opt->name,
                       opt->arg);
    if (opt->arg && !args_check_choice(opt, value, err))
        return false;
    if (strcmp(opt->name, "help") == 0)
        args->help = true;
    as_given given = {opt, value};
    if (!as_vec_push(&args->given, given) || !as_vec_push(&args->typed, given))
        return AS_FAIL(err, AS_ENOMEM, "out of memory");
    return true;
}

/* --name, --name=value, --name value; *i moves past what was used. */
static bool args_long(as_args *args, int argc, char **argv, int *i, as_err *err)
{
    const char   *word = argv[*i] + 2;
    const char   *equals = strchr(word, '=');
    size_t        n = equals ? (size_t)(equals - word) : strlen(word);
    const as_opt *opt = args_find_long(args->verb, word, n);
    if (!opt)
        return args_unknown_opt(args->verb, word, n, err);
    if (!opt->arg) {
        if (equals)
            return AS_FAIL(err, AS_EINVAL, "option '--%s' takes no value", opt->name);
        return args_give(args, opt, "", err);
    }
    if (equals)
        return args_give(args, opt, equals + 1, err);
    if (*i + 1 >= argc)
        return AS_FAIL(err, AS_EINVAL, "option '--%s' needs a value: --%s %s", opt->name, opt->name, opt->arg);
    return args_give(args, opt, argv[++*i], err);
}

/* -q, -qh, -C DIR, -CDIR. */
static bool args_letters(as_args *args, int argc, char **argv, int *i, as_err *err)
{
    for (const char *p = argv[*i] + 1; *p; p++) {
        const as_opt *opt = args_find_letter(args->verb, *p);
        if (!opt)
            return AS_FAIL(err, AS_EINVAL, "unknown option '-%c' (see: %s help%s%s)", *p, as_program_name(),
                           args->verb ? " " : "", args->verb ? args->verb->name : "");
        if (!opt->arg) {
            if (!args_give(args, opt, "", err))
                return false;
            continue;
        }
        if (p[1])
            return args_give(args, opt, p + 1, err);
        if (*i + 1 >= argc)
            return AS_FAIL(err, AS_EINVAL, "option '-%c' needs a value: -%c %s", *p, *p, opt->arg);
        return args_give(args, opt, argv[++*i], err);
    }
    return true;
}

static bool args_verb(as_args *args, const char *word, as_err *err)
{
    args->verb = as_verb_find(word);
    if (args->verb)
        return true;
    const char *names[64];
    size_t      n = 0;
    for (size_t i = 0; as_verb_at(i) && n < AS_COUNT(names); i++)
        names[n++] = as_verb_at(i)->name;
    const char *near = as_str_nearest(word, names, n);
    if (near)
        return AS_FAIL(err, AS_EINVAL, "no verb '%s' (did you mean '%s'?)", word, near);
    return AS_FAIL(err, AS_EINVAL, "no verb '%s' (see: %s help)", word, as_program_name());
}

/* "show, schema or reference" */
static void args_list(const as_verb *verb, const char *last, as_str *out)
{
    for (size_t i = 0; as_verb_word(verb, i); i++)
        as_str_addf(out, "%s%s", i == 0 ? "" : as_verb_word(verb, i + 1) ? ", " : last, as_verb_word(verb, i));
}

static bool args_unknown_action(const as_verb *verb, const char *word, as_err *err)
{
    const char *names[64];
    size_t      n = 0;
    as_str      list;
    for (; n < AS_COUNT(names) && as_verb_word(verb, n); n++)
        names[n] = as_verb_word(verb, n);
    const char *near = as_str_nearest(word, names, n);
    as_str_init(&list);
    args_list(verb, " and ", &list);
    if (near)
        AS_FAIL(err, AS_EINVAL, "no '%s %s' (did you mean '%s'? there are %s)", verb->name, word, near, list.s);
    else
        AS_FAIL(err, AS_EINVAL, "no '%s %s' (there are %s; see: %s help %s)", verb->name, word, list.s,
                as_program_name(), verb->name);
    as_str_done(&list);
    return false;
}

static bool args_missing(const as_verb *verb, as_err *err)
{
    as_str list;
    if (!as_verb_word(verb, 0))
        return AS_FAIL(err, AS_EINVAL, "%.*s is missing (see: %s help %s)", (int)strcspn(verb->usage, " "), verb->usage,
                       as_program_name(), verb->name);
    as_str_init(&list);
    args_list(verb, " or ", &list);
    AS_FAIL(err, AS_EINVAL, "a word is missing: %s (see: %s help %s)", list.s, as_program_name(), verb->name);
    as_str_done(&list);
    return false;
}

static bool args_count(const as_args *args, as_err *err)
{
    const as_verb *verb = args->verb;
    if (!verb || args->help)
        return true;
    for (size_t i = 0; i < args->words.n; i++)
        if (!*args->words.at[i])
            return AS_FAIL(err, AS_EINVAL, "word %zu after '%s' is empty (see: %s help %s)", i + 1, verb->name,
                           as_program_name(), verb->name);
    if (args->words.n < (size_t)verb->min_args)
        return args_missing(verb, err);
    if (verb->max_args >= 0 && args->words.n > (size_t)verb->max_args)
        return AS_FAIL(err, AS_EINVAL, "'%s' is one word too many (see: %s help %s)", args->words.at[verb->max_args],
                       as_program_name(), verb->name);
    if (!as_verb_word(verb, 0) || args->words.n == 0)
        return true;
    for (size_t i = 0; as_verb_word(verb, i); i++)
        if (strcmp(as_verb_word(verb, i), args->words.at[0]) == 0)
            return true;
    return args_unknown_action(verb, args->words.at[0], err);
}

static bool args_word(as_args *args, const char *word)
{
    as_given typed = {NULL, word};
    return as_vec_push(&args->words, word) && as_vec_push(&args->typed, typed);
}

bool as_args_parse(as_args *args, int argc, char **argv, as_err *err)
{
    *args = (as_args){0};
    bool options = true;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (options && strcmp(word, "--") == 0) {
            options = false;
        } else if (options && !args->verb && (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)) {
            args->version = true;
        } else if (options && word[0] == '-' && word[1] == '-') {
            if (!args_long(args, argc, argv, &i, err))
                return false;
        } else if (options && word[0] == '-' && word[1]) {
            if (!args_letters(args, argc, argv, &i, err))
                return false;
        } else if (!args->verb) {
            if (!args_verb(args, word, err))
                return false;
        } else if (!args_word(args, word)) {
            return AS_FAIL(err, AS_ENOMEM, "out of memory");
        }
    }
    return args_count(args, err);
}

void as_args_done(as_args *args)
{
    as_vec_done(&args->words);
    as_vec_done(&args->given);
    as_vec_done(&args->typed);
}

size_t as_cli_n_args(const as_cli *cli)
{
    return cli->args->words.n;
}

const char *as_cli_arg(const as_cli *cli, size_t i)
{
    return i < cli->args->words.n ? cli->args->words.at[i] : NULL;
}

const char *as_cli_opt_at(const as_cli *cli, const char *name, size_t i)
{
    for (size_t k = 0; k < cli->args->given.n; k++)
        if (strcmp(cli->args->given.at[k].opt->name, name) == 0 && i-- == 0)
            return cli->args->given.at[k].value;
    return NULL;
}

const char *as_cli_typed(const as_cli *cli, size_t i, const char **ret_name)
{
    if (i >= cli->args->typed.n)
        return NULL;
    const as_given *typed = &cli->args->typed.at[i];
    *ret_name = typed->opt ? typed->opt->name : "";
    return typed->value;
}

const char *as_cli_opt(const as_cli *cli, const char *name)
{
    const char *last = NULL;
    for (size_t i = 0;; i++) {
        const char *value = as_cli_opt_at(cli, name, i);
        if (!value)
            return last;
        last = value;
    }
}

bool as_cli_flag(const as_cli *cli, const char *name)
{
    return as_cli_opt(cli, name) != NULL;
}

bool as_cli_u64(const as_cli *cli, const char *name, uint64_t min, uint64_t max, uint64_t *ret, as_err *err)
{
    const char *text = as_cli_opt(cli, name);
    uint64_t    value;
    if (!text)
        return true;
    if (!as_str_to_u64(text, &value) || value < min || value > max)
        return AS_FAIL(err, AS_EINVAL, "--%s '%s' is no whole number from %llu to %llu", name, text,
                       (unsigned long long)min, (unsigned long long)max);
    *ret = value;
    return true;
}

bool as_cli_f64(const as_cli *cli, const char *name, double min, double max, double *ret, as_err *err)
{
    const char *text = as_cli_opt(cli, name);
    double      value;
    if (!text)
        return true;
    if (!as_str_to_f64(text, &value) || value < min || value > max)
        return AS_FAIL(err, AS_EINVAL, "--%s '%s' is no number from %g to %g", name, text, min, max);
    *ret = value;
    return true;
}
