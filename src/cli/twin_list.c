/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"
#include "cli/term.h"
#include "twin/twin.h"

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
    for (size_t i = 0; as_twin_scene_at(i); i++) {
        const as_twin_scene *one = as_twin_scene_at(i);
        json_array_append_new(scenes,
                              json_pack("{s:s,s:s,s:o,s:o,s:s,s:i,s:i,s:f}", "scene", one->name, "summary",
                                        one->summary, "classes", list_words(one->classes), "recipes",
                                        list_words(one->recipes), "pixel", as_pixel_name(one->pixel), "width",
                                        (int)one->width, "height", (int)one->height, "px_per_mm", one->px_per_mm));
    }
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
    return json_pack("{s:o,s:o,s:o}", "scenes", scenes, "sensors", sensors, "faults", faults);
}

static void list_words_cell(as_table *table, const char *const *words)
{
    as_str text;
    as_str_init(&text);
    for (size_t k = 0; words[k]; k++)
        as_str_addf(&text, "%s%s", k ? ", " : "", words[k]);
    as_table_cell(table, AS_STYLE_NONE, "%s", text.s);
    as_str_done(&text);
}

static bool list_scenes(as_cli *cli, as_err *err)
{
    static const char *const columns[] = {"scene", "what", "classes", "recipes", NULL};
    as_table                *table = as_table_new(columns);
    for (size_t i = 0; as_twin_scene_at(i); i++) {
        const as_twin_scene *one = as_twin_scene_at(i);
        as_table_cell(table, AS_STYLE_BOLD, "%s", one->name);
        as_table_cell(table, AS_STYLE_NONE, "%s", one->summary);
        list_words_cell(table, one->classes);
        list_words_cell(table, one->recipes);
    }
    as_table_cell(table, AS_STYLE_BOLD, "dataset:DIR");
    as_table_cell(table, AS_STYLE_NONE, "your own pictures, and defects cut from one laid into another");
    as_table_cell(table, AS_STYLE_NONE, "good, and the folders of DIR");
    as_table_cell(table, AS_STYLE_NONE, "all");
    return as_table_print(table, cli, err);
}

static bool list_sensors(as_cli *cli, as_err *err)
{
    static const char *const columns[] = {"sensor", "what", "numbers from", NULL};
    as_table                *table = as_table_new(columns);
    for (unsigned id = AS_CHIP_NONE + 1; id < AS_CHIP_COUNT; id++) {
        const as_chip *one = as_chip_of((as_chip_id)id);
        as_table_cell(table, AS_STYLE_BOLD, "%s", one->name);
        as_table_cell(table, AS_STYLE_NONE, "%s", one->about);
        as_table_cell(table, AS_STYLE_DIM, "%s", one->pixel->source);
    }
    return as_table_print(table, cli, err);
}

static bool list_faults(as_cli *cli, as_err *err)
{
    static const char *const columns[] = {"fault", ">least", ">most", ">usual", "its amount", NULL};
    as_table                *table = as_table_new(columns);
    for (size_t i = 0; as_fault_info_of(i); i++) {
        const as_fault_info *one = as_fault_info_of(i);
        as_table_cell(table, AS_STYLE_BOLD, "%s", one->name);
        as_table_cell(table, AS_STYLE_NONE, "%g", one->low);
        as_table_cell(table, AS_STYLE_NONE, "%g", one->high);
        as_table_cell(table, AS_STYLE_NONE, "%g", one->usual);
        as_table_cell(table, AS_STYLE_NONE, "%s", one->amount);
    }
    return as_table_print(table, cli, err);
}

static int twin_list(as_cli *cli, as_workspace *ws, as_err *err)
{
    (void)ws;
    if (cli->json)
        return as_cli_print_json(cli, twin_list_json(), err) ? 0 : AS_VERB_FAILED;
    if (!list_scenes(cli, err) || fputc('\n', cli->out) == EOF || !list_sensors(cli, err) ||
        fputc('\n', cli->out) == EOF || !list_faults(cli, err))
        return AS_VERB_FAILED;
    return 0;
}

const as_action as_twin_action_list = {
    .name = "list",
    .usage = "",
    .about = "the scenes with their classes and recipes, the sensors, and the faults that a script can name",
    .mode = AS_WORKSPACE_NONE,
    .run = twin_list,
};
