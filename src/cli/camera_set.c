/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"
#include "cli/camera_pick.h"

static bool set_one(as_cli *cli, as_camera *cam, const char *word, json_t *list, as_err *err)
{
    as_setting_wish wish;
    as_setting      before, now;
    if (!as_camera_pick_wish(word, &wish, err) || !as_camera_setting(cam, wish.name, &before, err))
        return false;
    if (before.kind != AS_SETTING_COMMAND && !strchr(word, '='))
        return AS_FAIL(err, AS_EINVAL, "'%s' has a value: write %s=VALUE", wish.name, wish.name);
    if (!as_camera_set(cam, wish.name, wish.value, &now, err))
        return false;
    bool    rounded = now.kind != AS_SETTING_COMMAND && now.readable && !as_setting_same(&now, now.value, wish.value);
    json_t *json = as_camera_setting_json(&now);
    as_json_set(json, "before", json_string(before.value));
    as_json_set(json, "exact", json_boolean(!rounded));
    json_array_append_new(list, json);
    if (cli->json)
        return true;
    if (now.kind == AS_SETTING_COMMAND)
        fprintf(cli->out, "%s: done\n", now.name);
    else
        fprintf(cli->out, "%s: %s -> %s%s%s%s\n", now.name, before.value, now.value, now.unit[0] ? " " : "", now.unit,
                rounded ? "  (the camera rounded it)" : "");
    return true;
}

static int camera_set(as_cli *cli, as_workspace *ws, as_err *err)
{
    json_t    *list = json_array();
    as_camera *cam = as_camera_pick(cli, true, err);
    bool       ok = cam != NULL;
    (void)ws;
    for (size_t i = 2; ok && i < as_cli_n_args(cli); i++)
        ok = set_one(cli, cam, as_cli_arg(cli, i), list, err);
    if (ok && cli->json)
        ok = as_cli_print_json(cli, json_pack("{s:O}", "features", list), err);
    as_camera_close(cam);
    json_decref(list);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_action as_camera_action_set = {
    .name = "set",
    .usage = "URI FEATURE=VALUE...",
    .about = "give features values, one after the other, each checked against what the camera allows and read back; a "
             "command (TriggerSoftware) is named alone",
    .min_args = 2,
    .max_args = -1,
    .mode = AS_WORKSPACE_NONE,
    .run = camera_set,
};
