/* SPDX-License-Identifier: Apache-2.0 */
/* The truth of a frame says all that differs from the station as the scene is set up, in numbers that are those of the picture,
 * and nothing else. */
#include <math.h>

#include "twin/conditions.h"
#include "twin/export.h"
#include "twin/twin_rig.h"

static as_twin_cfg small(const char *sensor)
{
    as_twin_cfg cfg = as_twin_cfg_default();
    cfg.width = 160;
    cfg.height = 120;
    cfg.sensor = sensor;
    return cfg;
}

static as_twin_station station_at(const char *scene, const as_twin_cfg *cfg, uint64_t part)
{
    twin_rig        rig = twin_rig_open(scene, cfg);
    as_twin_station station = twin_rig_look(&rig, part, 0)->station;
    twin_rig_close(&rig);
    return station;
}

static void says(const as_twin_station *station, as_condition which, double value)
{
    const char *name = as_condition_info_of(which)->name;
    if (!((station->differs >> which) & 1u))
        fail_msg("%s is not told", name);
    if (fabs(station->is[which] - value) > 1e-6 * (1.0 + fabs(value)))
        fail_msg("%s is %.9g, told as %.9g", name, value, station->is[which]);
}

static void says_nothing_else(const as_twin_station *station, uint32_t known)
{
    for (size_t i = 0; i < AS_CONDITION_COUNT; i++)
        if (((station->differs & ~known) >> i) & 1u)
            fail_msg("%s is told as %.9g", as_condition_info_of(i)->name, station->is[i]);
}

static void as_set_up_there_is_nothing_to_say(void **state)
{
    static const char *const sensors[] = {NULL, "imx250", "rolling", "worn"};
    as_err                   err = AS_ERR_NONE;
    as_script                late;
    (void)state;
    assert_true(
        as_script_parse("faults: [{fault: haze, from: 9}, {fault: belt_speed, from: 9}]", 62, "late", &late, &err));
    for (size_t i = 0; as_twin_scene_at(i); i++)
        for (size_t k = 0; k < AS_COUNT(sensors); k++)
            for (int line = 0; line < (as_twin_scene_at(i)->web ? 2 : 1); line++) {
                as_twin_cfg cfg = small(sensors[k]);
                cfg.scan = line ? AS_TWIN_SCAN_LINE : AS_TWIN_SCAN_NONE;
                cfg.script = &late;
                as_twin_station station = station_at(as_twin_scene_at(i)->name, &cfg, 7);
                says_nothing_else(&station, 0);
            }
}

/* A key each, and what it makes beside itself. */
static void each_key_is_told(void **state)
{
    (void)state;
    as_twin_cfg cfg = small("imx250");
    const struct {
        double      *field, value;
        as_condition told;
        uint32_t     beside;
    } rows[] = {
        {&cfg.dirt, 0.9, AS_CONDITION_DIRT, 0},
        {&cfg.print, 0.2, AS_CONDITION_PRINT, 0},
        {&cfg.haze, 0.5, AS_CONDITION_HAZE, 0},
        {&cfg.light, 0.3, AS_CONDITION_LIGHT, 0},
        {&cfg.warmth, -0.5, AS_CONDITION_WARMTH, 0},
        {&cfg.ambient, 0.2, AS_CONDITION_AMBIENT, 0},
        {&cfg.flicker, 0.5, AS_CONDITION_FLICKER, 1u << AS_CONDITION_FLICKER_PHASE | 1u << AS_CONDITION_FLICKER_LEVEL},
        {&cfg.off_focus_mm, 80, AS_CONDITION_OFF, 1u << AS_CONDITION_DEFOCUS},
        {&cfg.distortion, -0.2, AS_CONDITION_DISTORTION, 0},
        {&cfg.vignette_ratio, 0.7, AS_CONDITION_VIGNETTE, 0},
        {&cfg.belt_mm_per_s, 3000, AS_CONDITION_BELT, 1u << AS_CONDITION_MOTION},
        {&cfg.exposure_us, 900, AS_CONDITION_EXPOSURE, 1u << AS_CONDITION_MOTION},
        {&cfg.gain_db, 6, AS_CONDITION_DB, 0},
        {&cfg.temperature_c, 61, AS_CONDITION_TEMPERATURE, 0},
        {&cfg.f_number, 2.8, AS_CONDITION_LENS_LIGHT, 0},
    };
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        const double was = *rows[i].field;
        *rows[i].field = rows[i].value;
        as_twin_station station = station_at("metal", &cfg, 3);
        says(&station, rows[i].told, rows[i].told == AS_CONDITION_LENS_LIGHT ? 4.0 : rows[i].value);
        says_nothing_else(&station, 1u << rows[i].told | rows[i].beside);
        *rows[i].field = was;
    }
}

static void what_a_served_camera_was_told_is_in_it(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    as_twin_cfg cfg = small(NULL);
    twin_rig    rig = twin_rig_open("metal", &cfg);
    as_twin    *before = rig.twin;
    cfg = *as_twin_cfg_of(rig.twin);
    cfg.dirt = 0.9;
    cfg.light = 0.3;
    rig.twin = as_twin_retune(before, &cfg, &err);
    assert_non_null(rig.twin);
    const as_twin_station station = twin_rig_look(&rig, 1, 0)->station;
    says(&station, AS_CONDITION_DIRT, 0.9);
    says(&station, AS_CONDITION_LIGHT, 0.3);
    says_nothing_else(&station, 1u << AS_CONDITION_DIRT | 1u << AS_CONDITION_LIGHT);
    json_t *json = as_twin_export_truth(&rig.truth), *told = json_object_get(json, "conditions");
    assert_int_equal(json_object_size(told), 2);
    assert_true(json_real_value(json_object_get(told, "dirt")) >= 0.9);
    assert_int_equal(json_object_size(json_object_get(json, "faults")), 0);
    json_decref(json);
    before = as_twin_close(before);
    twin_rig_close(&rig);
}

/* Keys, age and a script together: the lamp 0.8, a tenth of it lost in 200 hours, half of that by the script. */
static void keys_and_script_add_up(void **state)
{
    const char *text = "faults: [{fault: lamp_dying, from: 2, amount: 0.5}, {fault: haze, from: 1, amount: 0.3},\n"
                       "  {fault: belt_speed, from: 1, amount: 2}, {fault: focus_creep, from: 1, amount: 5},\n"
                       "  {fault: camera_moved, from: 1, amount: 10}, {fault: temperature, from: 1, amount: 70}]\n";
    as_err      err = AS_ERR_NONE;
    as_script   script;
    (void)state;
    assert_true(as_script_parse(text, strlen(text), "s", &script, &err));
    as_twin_cfg cfg = small("imx250");
    cfg.script = &script;
    cfg.light = 0.8;
    cfg.haze = 0.2;
    cfg.ageing = 0.5;
    cfg.age_h = 200;
    cfg.day = 0.4;
    cfg.hour = 12;
    cfg.parts_per_s = 1e4; /* part 2 is about the same moment as part 1 */
    const as_twin_station station = station_at("metal", &cfg, 2);
    says(&station, AS_CONDITION_LIGHT, 0.8 * 0.9 * 0.5);
    says(&station, AS_CONDITION_AGED, 0.1);
    says(&station, AS_CONDITION_HAZE, 0.5);
    says(&station, AS_CONDITION_AMBIENT, 0.4);
    says(&station, AS_CONDITION_BELT, 240);
    says(&station, AS_CONDITION_DEFOCUS, 5);
    says(&station, AS_CONDITION_TURN, 1);
    says(&station, AS_CONDITION_SHIFT_X, 10 * 8.6 * 160 / 640);
    says(&station, AS_CONDITION_TEMPERATURE, 70);
}

static double mean(const as_image *image)
{
    double sum = 0;
    for (size_t i = 0; i < (size_t)image->width * image->height; i++)
        sum += image->data[i];
    return sum / ((double)image->width * image->height);
}

/* The level that is told is the one that the picture has: of a global shutter the whole one. */
static void flicker_is_that_of_the_picture(void **state)
{
    (void)state;
    as_twin_cfg cfg = small("imx250");
    cfg.read_noise_e = 0;
    cfg.own.dark_noise_e = 0;
    cfg.exposure_us = 150;
    twin_rig steady = twin_rig_open("metal", &cfg);
    cfg.flicker = 0.6;
    twin_rig lamp = twin_rig_open("metal", &cfg);
    for (uint64_t part = 1; part <= 8; part++) {
        (void)twin_rig_look(&steady, part, 0);
        const as_twin_station *station = &twin_rig_look(&lamp, part, 0)->station;
        double                 black = 4.0, ratio = (mean(&lamp.image) - black) / (mean(&steady.image) - black);
        if (fabs(ratio - station->is[AS_CONDITION_FLICKER_LEVEL]) > 0.03)
            fail_msg("part %d: the picture has %g times the light, told as %g", (int)part, ratio,
                     station->is[AS_CONDITION_FLICKER_LEVEL]);
    }
    twin_rig_close(&steady);
    twin_rig_close(&lamp);
}

static void a_web_out_of_step_is_told(void **state)
{
    const char *text = "faults: [{fault: belt_speed, from: 2, amount: 2}]\n";
    as_err      err = AS_ERR_NONE;
    as_script   script;
    (void)state;
    assert_true(as_script_parse(text, strlen(text), "s", &script, &err));
    as_twin_cfg cfg = small(NULL);
    cfg.scan = AS_TWIN_SCAN_LINE;
    cfg.script = &script;
    as_twin_station station = station_at("film", &cfg, 3);
    says(&station, AS_CONDITION_ASPECT, 2);
    cfg.encoder = true;
    station = station_at("film", &cfg, 3);
    assert_true((station.differs >> AS_CONDITION_BELT) & 1u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_set_up_there_is_nothing_to_say),      cmocka_unit_test(each_key_is_told),
        cmocka_unit_test(what_a_served_camera_was_told_is_in_it), cmocka_unit_test(keys_and_script_add_up),
        cmocka_unit_test(flicker_is_that_of_the_picture),         cmocka_unit_test(a_web_out_of_step_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
