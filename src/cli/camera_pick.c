/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/camera_pick.h"

#include "base/clock.h"

#define PICK_SLICE_NS (200 * AS_NS_PER_MS) /* how soon Ctrl-C is seen */

as_camera *as_camera_pick(const as_cli *cli, bool idle, as_err *err)
{
    const as_camera_cfg cfg = {.uri = as_cli_arg(cli, 1), .idle = idle, .typed = true};
    return as_camera_open(&cfg, err);
}

as_camera *as_camera_pick_look(const as_cli *cli, as_err *err)
{
    const as_camera_cfg cfg = {.uri = as_cli_arg(cli, 1), .idle = true, .look = true, .typed = true};
    return as_camera_open(&cfg, err);
}

as_frame *as_camera_pick_frame(as_cli *cli, as_camera *cam, as_ns wait, as_err *err)
{
    as_ns begun = as_clock_mono();
    for (;;) {
        as_err why = AS_ERR_NONE;
        if (!as_progress_go_on(&cli->progress, err))
            return NULL;
        as_frame *frame = as_camera_next(cam, as_clock_mono() + AS_MIN(wait, PICK_SLICE_NS), &why);
        if (frame)
            return frame;
        if (why.code == AS_EBUSY || (why.code == AS_ETIMEOUT && as_clock_mono() - begun < wait))
            continue;
        if (err)
            *err = why;
        return NULL;
    }
}

bool as_camera_pick_wish(const char *word, as_setting_wish *ret, as_err *err)
{
    const char *equals = strchr(word, '=');
    size_t      n = equals ? (size_t)(equals - word) : strlen(word);
    memset(ret, 0, sizeof *ret);
    if (n == 0 || n >= sizeof ret->name)
        return AS_FAIL(err, AS_EINVAL, "'%.100s' is not of the form Feature=Value", word);
    memcpy(ret->name, word, n);
    return !equals || as_str_copy(ret->value, sizeof ret->value, equals + 1) ||
           AS_FAIL(err, AS_ELIMIT, "the value of '%s' is longer than %zu bytes", ret->name, sizeof ret->value - 1);
}

static json_t *pick_choices(const as_setting *feature)
{
    json_t *list = json_array();
    for (const char *at = feature->choices; *at; at += strcspn(at, "\n") + 1)
        json_array_append_new(list, json_stringn(at, strcspn(at, "\n")));
    return list;
}

static json_t *pick_value(const as_setting *feature)
{
    int64_t whole;
    double  number;
    if (!feature->readable)
        return json_null();
    if (feature->kind == AS_SETTING_BOOL)
        return json_boolean(strcmp(feature->value, "true") == 0);
    if (feature->kind == AS_SETTING_INT && as_str_to_i64(feature->value, &whole))
        return json_integer((json_int_t)whole);
    if (feature->kind == AS_SETTING_FLOAT && as_str_to_f64(feature->value, &number))
        return as_json_number(number);
    return json_string(feature->value);
}

json_t *as_camera_setting_json(const as_setting *feature)
{
    json_t *json = json_pack("{s:s,s:s,s:s,s:o,s:b,s:b}", "name", feature->name, "category", feature->category, "kind",
                             as_setting_kind_name(feature->kind), "value", pick_value(feature), "readable",
                             (int)feature->readable, "writable", (int)feature->writable);
    if (feature->about[0])
        as_json_set(json, "about", json_string(feature->about));
    if (feature->unit[0])
        as_json_set(json, "unit", json_string(feature->unit));
    if (feature->kind == AS_SETTING_INT || feature->kind == AS_SETTING_FLOAT) {
        as_json_set(json, "least", as_json_number(feature->low));
        as_json_set(json, "most", as_json_number(feature->high));
        as_json_set(json, "step", as_json_number(feature->step));
    }
    if (feature->kind == AS_SETTING_ENUM)
        as_json_set(json, "choices", pick_choices(feature));
    return json;
}
