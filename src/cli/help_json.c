/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "build_config.h"
#include "cli/help_text.h"

static json_t *help_json_words(const char *const *words)
{
    json_t *list = json_array();
    for (size_t i = 0; words && words[i]; i++)
        json_array_append_new(list, json_string(words[i]));
    return list;
}

static json_t *help_json_opts(const as_opt *opts, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *one = json_object();
        char    letter[2] = {opts[i].letter, '\0'};
        as_json_set(one, "name", json_string(opts[i].name));
        as_json_set(one, "letter", *letter ? json_string(letter) : json_null());
        as_json_set(one, "arg", opts[i].arg ? json_string(opts[i].arg) : json_null());
        as_json_set(one, "help", json_string(opts[i].help));
        as_json_set(one, "choices", opts[i].choices ? help_json_words(opts[i].choices) : json_null());
        json_array_append_new(list, one);
    }
    return list;
}

/* The lines of the examples, without the blanks they begin with. */
static json_t *help_json_lines(const char *text)
{
    json_t *list = json_array();
    for (size_t n; *text; text += n + (text[n] == '\n')) {
        text += strspn(text, " ");
        n = strcspn(text, "\n");
        json_array_append_new(list, json_stringn(text, n));
    }
    return list;
}

static json_t *help_json_actions(const as_verb *verb)
{
    json_t *list = json_array();
    for (size_t i = 0; as_verb_word(verb, i); i++)
        json_array_append_new(list, json_string(as_verb_word(verb, i)));
    return list;
}

static json_t *help_json_verb(const as_verb *verb)
{
    json_t *json = json_object();
    as_str  usage, about;
    as_str_init(&usage);
    as_str_init(&about);
    as_help_usage(verb, &usage);
    as_help_about(verb, &about);
    as_json_set(json, "name", json_string(verb->name));
    as_json_set(json, "summary", json_string(verb->summary));
    as_json_set(json, "usage", json_string(usage.s));
    as_json_set(json, "about", json_string(about.s));
    as_json_set(json, "examples", help_json_lines(verb->examples));
    as_json_set(json, "options", help_json_opts(verb->opts, verb->n_opts));
    as_json_set(json, "actions", help_json_actions(verb));
    as_str_done(&usage);
    as_str_done(&about);
    return json;
}

json_t *as_help_json(const as_verb *verb)
{
    json_t       *json = json_object(), *verbs = json_array();
    size_t        n_common;
    const as_opt *common = as_verb_common_opts(&n_common);
    for (size_t i = 0; as_verb_at(i); i++)
        if (!verb || verb == as_verb_at(i))
            json_array_append_new(verbs, help_json_verb(as_verb_at(i)));
    as_json_set(json, "program", json_string(as_program_name()));
    as_json_set(json, "version", json_string(AS_VERSION));
    as_json_set(json, "options", help_json_opts(common, n_common));
    return as_json_set(json, "verbs", verbs) ? json : NULL;
}
