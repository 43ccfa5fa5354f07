/* SPDX-License-Identifier: Apache-2.0 */
/* A sensor from a file: what its numbers become, and where what is wrong with it stands. */
#include "twin/chip_file.h"

#include <math.h>

#include "twin/imager_table.h"
#include "twin/twin_rig.h"

static as_chip_file parse(const char *text)
{
    as_err       err = AS_ERR_NONE;
    as_chip_file file;
    if (!as_chip_file_parse(text, strlen(text), "mine.yaml", &file, &err))
        fail_msg("%s", err.text);
    return file;
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fabs(b);
}

static void file_stands_over_its_row(void **state)
{
    (void)state;
    as_chip_file f = parse("name: our line\nsensor: imx250\nfull_well: 9800\nqe: 0.7\nhot: 0.001\npitch: 3.5\n");
    assert_string_equal(f.chip.name, "our line");
    assert_string_equal(f.chip.pixel->source, "mine.yaml, over IMX250");
    assert_true(near(f.chip.pixel->pitch_um, 3.5) && f.chip.bits == 12 && f.chip.width == 2448);
    assert_true(near(f.own.full_well_e, 9800) && near(f.own.quantum_ratio, 0.7) && f.own.dark_noise_e < 0);
    f = parse("qe: 0.5\n");
    assert_string_equal(f.chip.name, "mine.yaml");
    assert_true(near(f.chip.pixel->full_well_e, as_chip_of(AS_CHIP_GENERIC)->pixel->full_well_e));
    f = parse("height: 1\nwidth: 6144\nfps: 45000\n");
    assert_true(as_chip_is_line(&f.chip) && f.chip.width == 6144 && near(f.chip.frames_per_s, 45000));
    assert_true(near(f.chip.pixel->pitch_um, as_chip_of(AS_CHIP_LINE4K)->pixel->pitch_um));
    f = parse("sensor: imx250\nshutter: rolling\nfps: 10\nheight: 2000\n");
    assert_true(near(as_chip_line_us(&f.chip), 50));
}

/* Of fewer bits a full well still fills the converter, and black is as dark. */
static void file_has_other_bits(void **state)
{
    (void)state;
    const as_chip_file  f = parse("sensor: imx250\nbits: 10\n");
    const as_imager_cfg ten = as_imager_cfg_own(&f.chip, &f.own, 8, 8),
                        row = as_imager_cfg_of(as_chip_of(AS_CHIP_IMX250), 8, 8);
    assert_true(near(4 * ten.gain_dn_per_e, row.gain_dn_per_e) && near(4 * ten.black_dn, row.black_dn));
    assert_int_equal(ten.bits, 10);
    assert_true(near(parse("sensor: imx250\nbits: 10\nblack: 40\n").chip.pixel->black_dn, 40));
}

/* It is the sensor of a twin, also of one that was retuned after the file is gone; what an address says stands over it. */
static void file_is_the_sensor_of_a_twin(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_chip_file *f = malloc(sizeof *f);
    as_twin_cfg   cfg = as_twin_cfg_default();
    assert_non_null(f);
    const as_chip_file parsed = parse("name: mine\nsensor: imx250\nfull_well: 9800\nqe: 0.7\nbits: 10\n");
    as_chip_file_copy(&parsed, f);
    cfg.chip_file = f;
    cfg.sensor = "mine.yaml";
    cfg.own.quantum_ratio = 0.4;
    as_twin *twin = as_twin_open("cones", &cfg, &err);
    assert_non_null(twin);
    memset(f, 0xff, sizeof *f);
    free(f);
    as_twin_cfg dark = *as_twin_cfg_of(twin);
    dark.light = 0.2;
    as_twin *other = as_twin_retune(twin, &dark, &err);
    assert_non_null(other);
    twin = as_twin_close(twin);
    assert_string_equal(as_twin_sensor_of(other)->name, "mine");
    const as_imager_cfg *imager = as_twin_imager_of(other);
    assert_true(near(imager->full_well_e, 9800) && near(imager->quantum_ratio, 0.4) && imager->bits == 10);
    as_twin_close(other);
}

static void line_sensors_see_lines(void **state)
{
    (void)state;
    static const char *const lines[] = {"line2k", "line4k", "line8k"};
    for (size_t i = 0; i < AS_COUNT(lines); i++) {
        as_err      err = AS_ERR_NONE;
        as_twin_cfg cfg = as_twin_cfg_default();
        cfg.sensor = lines[i];
        assert_null(as_twin_open("fabric", &cfg, &err));
        assert_non_null(strstr(err.text, "add scan=line"));
        cfg.scan = AS_TWIN_SCAN_LINE;
        twin_rig r = twin_rig_open("fabric", &cfg);
        (void)twin_rig_look(&r, 3, 0);
        assert_non_null(r.raw);
        assert_true(as_twin_imager_of(r.twin)->height == 1);
        twin_rig_close(&r);
        cfg.line_rate = 90000;
        cfg.exposure_us = 10;
        err = (as_err)AS_ERR_NONE;
        assert_null(as_twin_open("fabric", &cfg, &err));
        assert_non_null(strstr(err.text, "more than the 80000 of 'line"));
        cfg.encoder = true; /* pulses beyond that are left out */
        cfg.line_rate = -1;
        as_twin *twin = as_twin_open("fabric", &cfg, &err);
        assert_non_null(twin);
        assert_true(as_twin_cfg_of(twin)->line_rate <= 80000);
        as_twin_close(twin);
    }
    as_twin_cfg cfg = as_twin_cfg_default();
    assert_string_equal(as_twin_usual_sensor(&cfg), "generic");
    cfg.scan = AS_TWIN_SCAN_LINE;
    assert_string_equal(as_twin_usual_sensor(&cfg), "line4k");
}

static void file_says_where_it_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"- a\n", "mine.yaml:1:1: a sensor is a map"},
        {"qe: 0.5\nfull_wel: 9\n", "mine.yaml:2:1: a sensor has no 'full_wel': did you mean 'full_well'?"},
        {"qe: 1.5\n", "mine.yaml:1:5: '1.5' is not within 0.0001 to 1"},
        {"qe: much\n", "mine.yaml:1:5: here belongs a number"},
        {"qe: nan\n", "mine.yaml:1:5: "},
        {"qe: [1]\n", "mine.yaml:1:5: here belongs a number"},
        {"bits: 9.5\n", "mine.yaml:1:7: '9.5' is no whole number"},
        {"bits: 17\n", "mine.yaml:1:7: '17' is not within 8 to 16"},
        {"sensor: imx25\n", "mine.yaml:1:9: no sensor 'imx25' is known: did you mean"},
        {"sensor: {a: b}\n", "mine.yaml:1:9: here belongs a word"},
        {"shutter: fast\n", "mine.yaml:1:10: 'fast' is no shutter: global and rolling are"},
        {"height: 1\nshutter: rolling\n", "mine.yaml:2:10: a line sensor has no rolling shutter"},
        {"bits: 8\nblack: 200\n", "mine.yaml:2:8: a black level of 200 is more than half of 8 bits"},
        {"zzzzzzzzzzzzzz: 1\n", "mine.yaml:1:1: a sensor has no 'zzzzzzzzzzzzzz'; it has sensor, full_well"},
    };
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        as_err       err = AS_ERR_NONE;
        as_chip_file file;
        assert_false(as_chip_file_parse(rows[i].text, strlen(rows[i].text), "mine.yaml", &file, &err));
        if (strncmp(err.text, rows[i].why, strlen(rows[i].why)) != 0)
            fail_msg("'%s' in place of '%s'", err.text, rows[i].why);
        assert_int_equal(err.code, AS_EFORMAT);
    }
    assert_true(as_chip_file_is("a.yaml") && as_chip_file_is("b/c.yml") && !as_chip_file_is("imx250"));
    assert_false(as_chip_file_is(NULL));
}

/* Every key of a file stands in the schema with its bounds. */
static void schema_has_every_key(void **state)
{
    (void)state;
    json_t *schema = as_chip_file_schema(), *keys = json_object_get(schema, "properties");
    assert_non_null(keys);
    assert_int_equal(json_object_size(keys), 3 + 6 + 10);
    assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
    assert_true(near(json_number_value(json_object_get(json_object_get(keys, "prnu"), "maximum")), 0.25));
    assert_string_equal(json_string_value(json_object_get(json_object_get(keys, "bits"), "type")), "integer");
    json_decref(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_stands_over_its_row),     cmocka_unit_test(file_has_other_bits),
        cmocka_unit_test(file_is_the_sensor_of_a_twin), cmocka_unit_test(line_sensors_see_lines),
        cmocka_unit_test(file_says_where_it_is_wrong),  cmocka_unit_test(schema_has_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
