/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>

#include "cli/action.h"
#include "cli/help_wrap.h"
#include "cli/term.h"
#include "twin/twin.h"

enum { LIST_INDENT = 13, LIST_FAULT_INDENT = 17 };

static const char list_dataset[] = "your own pictures, and defects cut from one laid into another";

static json_t *list_words(const char *const *words)
{
    json_t *list = json_array();
    for (size_t i = 0; words[i]; i++)
        json_array_append_new(list, json_string(words[i]));
    return list;
}

static json_t *twin_list_json(void)
{
    json_t *scenes = json_array(), *sensors = json_array(), *faults = json_array();
    json_t *conditions = json_array();
    for (size_t i = 0; as_twin_scene_at(i); i++) {
        const as_twin_scene *one = as_twin_scene_at(i);
        json_array_append_new(scenes,
                              json_pack("{s:s,s:s,s:o,s:o,s:s,s:i,s:i,s:f}", "scene", one->name, "summary",
                                        one->summary, "classes", list_words(one->classes), "recipes",
                                        list_words(one->recipes), "pixel", as_pixel_name(one->pixel), "width",
                                        (int)one->width, "height", (int)one->height, "px_per_mm", one->px_per_mm));
    }
    json_array_append_new(scenes, json_pack("{s:s,s:s,s:[s],s:[s]}", "scene", "dataset:DIR", "summary", list_dataset,
                                            "classes", "good", "recipes", "all"));
    for (unsigned id = AS_CHIP_NONE + 1; id < AS_CHIP_COUNT; id++) {
        const as_chip *one = as_chip_of((as_chip_id)id);
        json_array_append_new(sensors, json_pack("{s:s,s:s,s:s}", "sensor", one->name, "about", one->about, "source",
                                                 one->pixel->source));
    }
    for (size_t i = 0; as_fault_info_of(i); i++) {
        const as_fault_info *one = as_fault_info_of(i);
        json_array_append_new(faults, json_pack("{s:s,s:s,s:f,s:f,s:f}", "fault", one->name, "amount", one->amount,
                                                "least", one->low, "most", one->high, "usual", one->usual));
    }
    for (size_t i = 0; as_condition_info_of(i); i++)
        json_array_append_new(conditions, json_pack("{s:s,s:s}", "condition", as_condition_info_of(i)->name, "about",
                                                    as_condition_info_of(i)->about));
    return json_pack("{s:o,s:o,s:o,s:o}", "scenes", scenes, "sensors", sensors, "faults", faults, "conditions",
                     conditions);
}

/* A name, and what is said of it beside it, in lines as wide as the terminal. */
static void list_say(const as_cli *cli, size_t indent, const char *name, const char *fmt, ...) AS_PRINTF(4, 5);
static void list_say(const as_cli *cli, size_t indent, const char *name, const char *fmt, ...)
{
    as_str  words, text;
    va_list ap;
    as_str_init(&words);
    as_str_init(&text);
    va_start(ap, fmt);
    as_str_addv(&words, fmt, ap);
    va_end(ap);
    size_t n = strlen(name), at = n + 2 > indent ? n + 2 : indent;
    as_help_wrap(as_str_ok(&words) ? words.s : "", at, indent, as_term_out_width(), &text);
    fprintf(cli->out, "%s%s%s%*s%s", as_term_style(cli, AS_STYLE_BOLD), name, as_term_plain(cli), (int)(at - n), "",
            as_str_ok(&text) ? text.s : "\n");
    as_str_done(&words);
    as_str_done(&text);
}

static void list_title(const as_cli *cli, const char *title)
{
    fprintf(cli->out, "\n%s%s%s\n", as_term_style(cli, AS_STYLE_BOLD), title, as_term_plain(cli));
}

static void list_names(const as_cli *cli, const char *what, const char *const *words)
{
    as_str text;
    as_str_init(&text);
    for (size_t k = 0; words[k]; k++)
        as_str_addf(&text, "%s%s", k ? ", " : "", words[k]);
    list_say(cli, LIST_INDENT, "", "%s: %s", what, as_str_ok(&text) ? text.s : "");
    as_str_done(&text);
}

static void list_scenes(const as_cli *cli)
{
    for (size_t i = 0; as_twin_scene_at(i); i++) {
        const as_twin_scene *one = as_twin_scene_at(i);
        list_say(cli, LIST_INDENT, one->name, "%s", one->summary);
        list_names(cli, "classes", one->classes);
        list_names(cli, "recipes", one->recipes);
    }
    list_say(cli, LIST_INDENT, "dataset:DIR", "%s", list_dataset);
    list_say(cli, LIST_INDENT, "", "classes: good, and the folders of DIR");
}

static void list_sensors(const as_cli *cli)
{
    list_title(cli, "sensors, and where their numbers are from");
    for (unsigned id = AS_CHIP_NONE + 1; id < AS_CHIP_COUNT; id++) {
        const as_chip *one = as_chip_of((as_chip_id)id);
        list_say(cli, LIST_INDENT, one->name, "%s; %s", one->about, one->pixel->source);
    }
}

static void list_faults(const as_cli *cli)
{
    list_title(cli, "faults of a script: what the amount is, from least to most (usual)");
    for (size_t i = 0; as_fault_info_of(i); i++) {
        const as_fault_info *one = as_fault_info_of(i);
        list_say(cli, LIST_FAULT_INDENT, one->name, "%s: %g to %g (%g)", one->amount, one->low, one->high, one->usual);
    }
}

static void list_conditions(const as_cli *cli)
{
    list_title(cli, "conditions in the truth, where they differ from how the scene is set up");
    for (size_t i = 0; as_condition_info_of(i); i++)
        list_say(cli, LIST_FAULT_INDENT, as_condition_info_of(i)->name, "%s", as_condition_info_of(i)->about);
}

static int twin_list(as_cli *cli, as_workspace *ws, as_err *err)
{
    (void)ws;
    if (cli->json)
        return as_cli_print_json(cli, twin_list_json(), err) ? 0 : AS_VERB_FAILED;
    list_scenes(cli);
    list_sensors(cli);
    list_faults(cli);
    list_conditions(cli);
    return 0;
}

const as_action as_twin_action_list = {
    .name = "list",
    .usage = "",
    .about = "the scenes with their classes and recipes, the sensors, the faults that a script can name, and the "
             "conditions that the truth tells",
    .mode = AS_WORKSPACE_NONE,
    .run = twin_list,
};
