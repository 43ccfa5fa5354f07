/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"
#include "cli/camera_pick.h"

/* Nothing is written unless every name is one of the camera's. Whether a value is in range may depend on those before it. */
static bool set_look(as_cli *cli, as_camera *cam, as_err *err)
{
    as_setting_wish wish;
    as_setting      is;
    for (size_t i = 2; i < as_cli_n_args(cli); i++) {
        const char *word = as_cli_arg(cli, i);
        if (!as_camera_pick_wish(word, &wish, err) || !as_camera_setting(cam, wish.name, &is, err))
            return false;
        if (is.kind != AS_SETTING_COMMAND && !strchr(word, '='))
            return AS_FAIL(err, AS_EINVAL, "'%s' has a value: write %s=VALUE", wish.name, wish.name);
    }
    return true;
}

/* What was set as it was before, the last one first. A command that was done stays done. */
static void set_restore(as_camera *cam, json_t *list, as_err *err)
{
    for (size_t i = json_array_size(list); i-- > 0;) {
        const json_t *was = json_array_get(list, i);
        const char   *name = json_string_value(json_object_get(was, "name"));
        const char   *before = json_string_value(json_object_get(was, "before"));
        as_setting    now;
        as_err        why = AS_ERR_NONE;
        if (!name || !before || !before[0])
            continue;
        if (!as_camera_set(cam, name, before, &now, &why))
            as_err_note(err, "'%.64s' could not be put back to %.64s (%.120s)", name, before, why.text);
    }
}

static bool set_one(as_cli *cli, as_camera *cam, const char *word, json_t *list, as_err *err)
{
    as_setting_wish wish;
    as_setting      before, now;
    if (!as_camera_pick_wish(word, &wish, err) || !as_camera_setting(cam, wish.name, &before, err))
        return false;
    if (!as_camera_set(cam, wish.name, wish.value, &now, err))
        return false;
    bool    rounded = now.kind != AS_SETTING_COMMAND && now.readable && !as_setting_same(&now, now.value, wish.value);
    json_t *json = as_camera_setting_json(&now);
    as_json_set(json, "before", json_string(before.value));
    if (!cli->json)
        as_json_set(json, "now", json_string(now.value));
    as_json_set(json, "exact", json_boolean(!rounded));
    json_array_append_new(list, json);
    return true;
}

static const char *set_text(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text ? text : "";
}

static void set_say(as_cli *cli, json_t *list)
{
    size_t  i;
    json_t *one;
    json_array_foreach (list, i, one) {
        if (strcmp(set_text(one, "kind"), "command") == 0)
            fprintf(cli->out, "%s: done\n", set_text(one, "name"));
        else
            fprintf(cli->out, "%s: %s -> %s%s%s%s\n", set_text(one, "name"), set_text(one, "before"),
                    set_text(one, "now"), set_text(one, "unit")[0] ? " " : "", set_text(one, "unit"),
                    json_is_true(json_object_get(one, "exact")) ? "" : "  (the camera rounded it)");
    }
}

static int camera_set(as_cli *cli, as_workspace *ws, as_err *err)
{
    json_t    *list = json_array();
    as_camera *cam = as_camera_pick(cli, true, err);
    bool       ok = cam && set_look(cli, cam, err);
    (void)ws;
    for (size_t i = 2; ok && i < as_cli_n_args(cli); i++)
        ok = set_one(cli, cam, as_cli_arg(cli, i), list, err);
    if (cam && !ok)
        set_restore(cam, list, err);
    if (ok && !cli->json)
        set_say(cli, list);
    if (ok && cli->json)
        ok = as_cli_print_json(cli, json_pack("{s:O}", "features", list), err);
    as_camera_close(cam);
    json_decref(list);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_action as_camera_action_set = {
    .name = "set",
    .usage = "URI FEATURE=VALUE...",
    .about =
        "give features values, one after the other, each checked against what the camera allows and read back, all "
        "or none: a name that is not there, or a value that is refused, leaves the others as they were; a command "
        "(TriggerSoftware) is named alone",
    .min_args = 2,
    .max_args = -1,
    .mode = AS_WORKSPACE_NONE,
    .run = camera_set,
};
