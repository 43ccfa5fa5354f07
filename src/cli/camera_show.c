/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "cli/action.h"
#include "cli/camera_pick.h"
#include "cli/stream_say.h"
#include "cli/term.h"

static bool show_wanted(const as_cli *cli, const as_setting *feature)
{
    const char *category = as_cli_opt(cli, "category");
    return !category || strcmp(category, feature->category) == 0;
}

static json_t *camera_show_json(as_cli *cli, as_camera *cam, const as_setting_list *features,
                                const as_camera_stats *stats)
{
    as_camera_geometry g = as_camera_geometry_of(cam);
    json_t            *list = json_array();
    for (size_t i = 0; i < features->all.n; i++)
        if (show_wanted(cli, &features->all.at[i]))
            json_array_append_new(list, as_camera_setting_json(&features->all.at[i]));
    return json_pack("{s:s,s:s?,s:s,s:i,s:i,s:I,s:b,s:o,s:o,s:o}", "uri", as_camera_uri(cam), "held_by",
                     g.held[0] ? g.held : NULL, "pixel", as_pixel_name(g.pixel), "width", (int)g.width, "height",
                     (int)g.height, "n_parts", (json_int_t)g.n_parts, "waits", (int)g.can_wait, "temperature_c",
                     as_json_number(stats->temperature_c), "stream", as_stream_json(&stats->stream), "features", list);
}

static const char *show_access(const as_setting *feature)
{
    if (feature->kind == AS_SETTING_COMMAND)
        return feature->writable ? "command" : "not now";
    if (feature->readable)
        return feature->writable ? "read, write" : "read";
    return feature->writable ? "write" : "not now";
}

static bool show_category(as_cli *cli, const as_setting_list *features, size_t from, size_t to, as_err *err)
{
    static const char *const columns[] = {"feature", ">value", "unit", "allowed", "access", NULL};
    as_table                *table = as_table_new(columns);
    fprintf(cli->out, "\n%s%s%s\n", as_term_style(cli, AS_STYLE_BOLD), features->all.at[from].category,
            as_term_plain(cli));
    for (size_t i = from; i < to; i++) {
        const as_setting *one = &features->all.at[i];
        as_setting        bare = *one;
        as_str            range;
        as_str_init(&range);
        bare.unit[0] = '\0'; /* it has a column of its own */
        if (one->writable)
            as_setting_add_range(&range, &bare);
        as_table_cell(table, one->writable ? AS_STYLE_BOLD : AS_STYLE_NONE, "%s", one->name);
        as_table_cell(table, AS_STYLE_NONE, "%s", one->value);
        as_table_cell(table, AS_STYLE_NONE, "%s", one->unit);
        as_table_cell(table, AS_STYLE_NONE, "%s", strncmp(range.s, "one of ", 7) == 0 ? range.s + 7 : range.s);
        as_table_cell(table, AS_STYLE_DIM, "%s", show_access(one));
        as_str_done(&range);
    }
    return as_table_print(table, cli, err);
}

static bool show_features(as_cli *cli, const as_setting_list *features, as_err *err)
{
    for (size_t from = 0, to; from < features->all.n; from = to) {
        for (to = from + 1; to < features->all.n; to++)
            if (strcmp(features->all.at[from].category, features->all.at[to].category) != 0)
                break;
        if (show_wanted(cli, &features->all.at[from]) && !show_category(cli, features, from, to, err))
            return false;
    }
    return true;
}

static bool show_text(as_cli *cli, as_camera *cam, const as_setting_list *features, const as_camera_stats *stats,
                      as_err *err)
{
    as_camera_geometry g = as_camera_geometry_of(cam);
    fprintf(cli->out, "%s%s%s\n  %u x %u pixels of %s", as_term_style(cli, AS_STYLE_BOLD), as_camera_uri(cam),
            as_term_plain(cli), g.width, g.height, as_pixel_name(g.pixel));
    if (g.n_parts)
        fprintf(cli->out, ", %llu parts", (unsigned long long)g.n_parts);
    fprintf(cli->out, "%s\n", g.can_wait ? ", waits for who looks" : "");
    if (g.held[0])
        fprintf(cli->out, "  held by %s: it can only be looked at\n", g.held);
    if (isfinite(stats->temperature_c))
        fprintf(cli->out, "  %.1f degrees Celsius\n", stats->temperature_c);
    return show_features(cli, features, err);
}

/* By category, each in the camera's order, so that each has one table. */
static void show_gather(as_setting_list *features)
{
    for (size_t i = 0; i < features->all.n; i++) {
        size_t at = i + 1;
        for (size_t k = i + 1; k < features->all.n; k++) {
            if (strcmp(features->all.at[i].category, features->all.at[k].category) != 0)
                continue;
            as_setting one = features->all.at[k];
            memmove(&features->all.at[at + 1], &features->all.at[at], (k - at) * sizeof one);
            features->all.at[at++] = one;
        }
        i = at - 1;
    }
}

static int camera_show(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_setting_list features = {0};
    as_camera_stats stats = {.temperature_c = NAN};
    as_err          why = AS_ERR_NONE;
    (void)ws;
    as_camera *cam = as_camera_pick_look(cli, err);
    bool       ok = cam != NULL;
    /* A driver without settings is shown too. */
    if (ok && !as_cli_flag(cli, "no-features") && !as_camera_settings(cam, &cli->progress, &features, &why) &&
        why.code != AS_EUNSUPPORTED)
        ok = as_err_set(err, why.code, "%s", why.text);
    show_gather(&features);
    if (ok)
        as_camera_stats_of(cam, &stats);
    if (ok && cli->json)
        ok = as_cli_print_json(cli, camera_show_json(cli, cam, &features, &stats), err);
    else if (ok)
        ok = show_text(cli, cam, &features, &stats, err);
    as_setting_list_done(&features);
    as_camera_close(cam);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_action as_camera_action_show = {
    .name = "show",
    .usage = "URI [--category NAME] [--no-features]",
    .about = "what the camera is, the pictures it gives, and its features with value, unit and what is allowed; of a "
             "camera that another program streams from, too",
    .min_args = 1,
    .max_args = 1,
    .mode = AS_WORKSPACE_NONE,
    .run = camera_show,
};
