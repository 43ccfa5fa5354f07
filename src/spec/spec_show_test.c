/* SPDX-License-Identifier: Apache-2.0 */
/* What is shown is what was read: it loads again to the same spec. And the table behind it has no half-filled row. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "spec/schema.h"

#define TOP     "assay: 1\nline: x\ntask: classify\n"
#define CLASSES "classes: {good: pass, bad: reject}\n"
#define RECALL  "requirements: [{id: R1, measure: recall, of: reject, at_least: 0.9}]\n"

static const char *const specs[] = {
    TOP CLASSES RECALL,
    /* every key, away from its default */
    "assay: 1\nline: L-3.b\ngoal: 'it is: \"good\" # really'\nproduct: {name: \"caf\\u00e9 \\\\ \\t x\", size_mm: "
    "[0.1, 33.3], height_mm: 1.5, defect_mm: 0.07, bad_share: 0.02, variants: {red: {where: 'name~\"*red*\"', "
    "at_least: 20}, \"two words\": {where: camera=a}}}\n"
    "station: {camera: \"folder:a b/c\", frame_px: [640, 480], channels: 3, bit_depth: 8, parts_per_minute: 33.3, "
    "deadline_ms: 12.345678, "
    "frames_per_part: 3, belt_mm_per_s: 123.4, scan: line, encoder_per_mm: 12.5, hours_per_day: 7.5}\n"
    "optics: {field_mm: [1.25, 40], distance_mm: 99.5, defect_px: 4.5, max_blur_px: 0.4, exposure_us: 33, light_lx: "
    "1e4, reflectance: 40 %, snr: 12, wavelength_nm: 630, f_number: 5.6, focal_mm: 17.5, sensor: IMX264, max_cameras: "
    "7, tdi_stages: 96}\n"
    "task: classify\nclasses: {good: pass, no: reject, 12: review, 'two words': reject, \"a: b\": pass, '#x': reject, "
    "\"\\u00fc\": pass}\n"
    "requirements:\n"
    "  - {id: R1, text: \"two\\nlines\", measure: recall, of: 'a: b', per: frame, at_least: 0.1234567890123456, "
    "confidence: 0.9}\n"
    "  - {id: 7, measure: latency, quantile: 0.999, at_most: 33.3 ms, confidence: 99 %}\n"
    "  - {id: R3, measure: memory, at_most: 123456789.5 B}\n"
    "  - {id: R4, measure: auroc, at_least: 0.9}\n"
    "  - {id: R6, measure: stored_faces, at_most: 0}\n"
    "  - {id: R5, measure: overkill_rate, at_most: 1.1 %}\n"
    "data: {split: [0.7, 0.1, 0.2], split_by: time, group_by: 'b-*/'}\nintake: {max_clipped_ratio: 0.3, min_sharpness: "
    "17.5, max_noise: 3, metadata: "
    "[part, camera], "
    "reference: main~2, unlike_share: 98 %, max_psi: 0.1, levels: "
    "{near: warn, half: quarantine}}\n"
    "privacy: {faces: redact, detector: m.onnx, sensitivity: 0.9, margin: 0.3, style: pixelate}\n"
    "cost: {escape: 40.01, overkill: 0.1, review: 0.3, currency: CHF}\n"
    "parity: {max_flips: 3}\n"
    "failsafe: {late: review, unsure: reject, fault: fault}\n",
    TOP CLASSES RECALL "goal: yes\nproduct: {name: 12}\nstation: {deadline_ms: 0.001}\n",
    TOP CLASSES RECALL "goal: \" lead\\u2028\\ufeff end \"\n",
};

static as_spec *parse(const char *text, size_t n)
{
    as_err   err = AS_ERR_NONE;
    as_spec *spec = as_spec_parse(text, n, "a", &err);
    if (!spec)
        fail_msg("%s\n%s", err.text, text);
    return spec;
}

static void same_number(double a, double b)
{
    if (isnan(a) ? !isnan(b) : !(a <= b && a >= b))
        fail_msg("%.17g is not %.17g", a, b);
}

static void same_requirement(const as_requirement *a, const as_requirement *b)
{
    assert_string_equal(a->id, b->id);
    assert_string_equal(a->text, b->text);
    assert_int_equal(a->measure, b->measure);
    assert_true(a->of ? b->of && strcmp(a->of, b->of) == 0 : !b->of);
    assert_int_equal(a->per, b->per);
    same_number(a->at_least, b->at_least);
    same_number(a->at_most, b->at_most);
    same_number(a->confidence, b->confidence);
    same_number(a->quantile, b->quantile);
}

static void same_sight(const as_spec *a, const as_spec *b)
{
    same_number(a->optics.height_mm, b->optics.height_mm);
    same_number(a->optics.defect_mm, b->optics.defect_mm);
    same_number(a->optics.bad_share, b->optics.bad_share);
    same_number(a->optics.belt_mm_per_s, b->optics.belt_mm_per_s);
    same_number(a->optics.hours_per_day, b->optics.hours_per_day);
    same_number(a->optics.encoder_per_mm, b->optics.encoder_per_mm);
    assert_int_equal(a->optics.scan, b->optics.scan);
    same_number(a->optics.field_mm[0], b->optics.field_mm[0]);
    same_number(a->optics.field_mm[1], b->optics.field_mm[1]);
    same_number(a->optics.distance_mm, b->optics.distance_mm);
    same_number(a->optics.defect_px, b->optics.defect_px);
    same_number(a->optics.max_blur_px, b->optics.max_blur_px);
    same_number(a->optics.exposure_us, b->optics.exposure_us);
    same_number(a->optics.light_lx, b->optics.light_lx);
    same_number(a->optics.reflectance, b->optics.reflectance);
    same_number(a->optics.snr, b->optics.snr);
    same_number(a->optics.wavelength_nm, b->optics.wavelength_nm);
    same_number(a->optics.f_number, b->optics.f_number);
    same_number(a->optics.focal_mm, b->optics.focal_mm);
    assert_int_equal(a->optics.sensor, b->optics.sensor);
    assert_int_equal(a->optics.max_cameras, b->optics.max_cameras);
    assert_int_equal(a->optics.tdi_stages, b->optics.tdi_stages);
}

static void same_spec(const as_spec *a, const as_spec *b)
{
    assert_string_equal(a->line, b->line);
    assert_string_equal(a->goal, b->goal);
    assert_string_equal(a->product, b->product);
    assert_string_equal(a->camera, b->camera);
    assert_string_equal(a->currency, b->currency);
    assert_memory_equal(a->size_mm, b->size_mm, sizeof a->size_mm);
    assert_memory_equal(a->frame_px, b->frame_px, sizeof a->frame_px);
    same_number(a->parts_per_minute, b->parts_per_minute);
    assert_int_equal(a->deadline_ns, b->deadline_ns);
    assert_int_equal(a->frames_per_part, b->frames_per_part);
    assert_int_equal(a->task, b->task);
    assert_int_equal(a->n_classes, b->n_classes);
    for (size_t i = 0; i < a->n_classes; i++) {
        assert_string_equal(a->classes[i].name, b->classes[i].name);
        assert_int_equal(a->classes[i].verdict, b->classes[i].verdict);
    }
    assert_int_equal(a->n_requirements, b->n_requirements);
    for (size_t i = 0; i < a->n_requirements; i++)
        same_requirement(&a->requirements[i], &b->requirements[i]);
    assert_memory_equal(a->split, b->split, sizeof a->split);
    assert_int_equal(a->split_by, b->split_by);
    assert_string_equal(a->group_by, b->group_by);
    same_number(a->max_clipped_ratio, b->max_clipped_ratio);
    same_number(a->min_sharpness, b->min_sharpness);
    assert_int_equal(a->faces, b->faces);
    assert_string_equal(a->face_detector, b->face_detector);
    same_number(a->face_sensitivity, b->face_sensitivity);
    same_number(a->face_margin, b->face_margin);
    assert_int_equal(a->redaction, b->redaction);
    same_number(a->min_contrast, b->min_contrast);
    same_number(a->max_blank_ratio, b->max_blank_ratio);
    same_number(a->max_motion_px, b->max_motion_px);
    same_number(a->max_noise, b->max_noise);
    same_number(a->max_vignetting_ratio, b->max_vignetting_ratio);
    same_number(a->max_dirt_ratio, b->max_dirt_ratio);
    assert_int_equal(a->near_bits, b->near_bits);
    assert_memory_equal(a->levels, b->levels, sizeof a->levels);
    assert_int_equal(a->channels, b->channels);
    assert_int_equal(a->bit_depth, b->bit_depth);
    assert_int_equal(a->metadata, b->metadata);
    assert_string_equal(a->reference, b->reference);
    same_number(a->unlike_share, b->unlike_share);
    same_number(a->max_psi, b->max_psi);
    assert_int_equal(a->n_variants, b->n_variants);
    for (size_t i = 0; i < a->n_variants; i++) {
        assert_string_equal(a->variants[i].name, b->variants[i].name);
        assert_string_equal(a->variants[i].where, b->variants[i].where);
        assert_int_equal(a->variants[i].at_least, b->variants[i].at_least);
    }
    same_sight(a, b);
    same_number(a->cost_escape, b->cost_escape);
    same_number(a->cost_overkill, b->cost_overkill);
    same_number(a->cost_review, b->cost_review);
    assert_int_equal(a->max_flips, b->max_flips);
    assert_int_equal(a->failsafe_late, b->failsafe_late);
    assert_int_equal(a->failsafe_unsure, b->failsafe_unsure);
    assert_int_equal(a->failsafe_fault, b->failsafe_fault);
}

static void test_text_loads_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(specs); i++) {
        as_err   err = AS_ERR_NONE;
        as_spec *first = parse(specs[i], strlen(specs[i]));
        as_str   text, again;
        as_str_init(&text);
        as_str_init(&again);
        assert_true(as_spec_text(first, &text, &err));
        as_spec *second = parse(text.s, text.len);
        same_spec(first, second);
        assert_true(as_spec_text(second, &again, &err));
        assert_string_equal(text.s, again.s);
        as_str_done(&text);
        as_str_done(&again);
        as_spec_free(first);
        as_spec_free(second);
    }
}

/* JSON is YAML too. */
static void test_json_loads_again(void **state)
{
    (void)state;
    for (size_t i = 0; i + 1 < AS_COUNT(specs); i++) { /* the last holds characters that JSON does not escape */
        as_err   err = AS_ERR_NONE;
        as_spec *first = parse(specs[i], strlen(specs[i]));
        json_t  *json = as_spec_json(first, &err);
        assert_non_null(json);
        char    *text = as_json_text(json);
        as_spec *second = parse(text, strlen(text));
        json_t  *again = as_spec_json(second, &err);
        assert_true(json_equal(json, again));
        free(text);
        json_decref(json);
        json_decref(again);
        as_spec_free(first);
        as_spec_free(second);
    }
}

/* With every default. */
static const char spec_want[] = "assay: 1\n"
                                "line: x\n"
                                "station:\n"
                                "  parts_per_minute: 0\n"
                                "  deadline_ms: 1000\n"
                                "  frames_per_part: 1\n"
                                "  belt_mm_per_s: 0\n"
                                "  encoder_per_mm: 20\n"
                                "  hours_per_day: 24\n"
                                "optics:\n"
                                "  defect_px: 3\n"
                                "  max_blur_px: 1\n"
                                "  reflectance: 0.18\n"
                                "  snr: 40\n"
                                "  wavelength_nm: 555\n"
                                "  max_cameras: 4\n"
                                "  tdi_stages: 1\n"
                                "task: classify\n"
                                "classes:\n"
                                "  good: pass\n"
                                "  bad: reject\n"
                                "requirements:\n"
                                "  - id: R1\n"
                                "    measure: recall\n"
                                "    of: reject\n"
                                "    per: part\n"
                                "    at_least: 0.9\n"
                                "    confidence: 0.95\n"
                                "data:\n"
                                "  split: [0.6, 0.15, 0.25]\n"
                                "  split_by: chance\n"
                                "  group_by: part\n"
                                "intake:\n"
                                "  max_clipped_ratio: 0.5\n"
                                "  min_sharpness: 0\n"
                                "  min_contrast: 10\n"
                                "  max_blank_ratio: 0.25\n"
                                "  max_motion_px: 12\n"
                                "  max_noise: 0\n"
                                "  max_vignetting_ratio: 0.5\n"
                                "  max_dirt_ratio: 0.1\n"
                                "  near_bits: 2\n"
                                "  unlike_share: 0.99\n"
                                "  max_psi: 0.25\n"
                                "  levels:\n"
                                "    exposure: quarantine\n"
                                "    blank: warn\n"
                                "    half: warn\n"
                                "    sharpness: quarantine\n"
                                "    contrast: warn\n"
                                "    motion: warn\n"
                                "    noise: warn\n"
                                "    frozen: warn\n"
                                "    vignetting: warn\n"
                                "    dirt: warn\n"
                                "    near: ok\n"
                                "    unlike: warn\n"
                                "    clock: warn\n"
                                "    missing: warn\n"
                                "privacy:\n"
                                "  faces: keep\n"
                                "  detector: cascade\n"
                                "  sensitivity: 0.5\n"
                                "  margin: 0.2\n"
                                "  style: fill\n"
                                "cost:\n"
                                "  escape: 1\n"
                                "  overkill: 1\n"
                                "failsafe:\n"
                                "  late: reject\n"
                                "  unsure: review\n"
                                "  fault: reject\n";

static void test_text_as_people_see_it(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE;
    as_spec *spec = parse(specs[0], strlen(specs[0]));
    as_str   text;
    as_str_init(&text);
    assert_true(as_spec_text(spec, &text, &err));
    assert_string_equal(text.s, spec_want);
    as_str_done(&text);
    as_spec_free(spec);
}

static json_t *at(json_t *json, const char *a, const char *b, const char *c)
{
    json_t *value = json_object_get(json, a);
    value = b ? json_object_get(value, b) : value;
    return c ? json_object_get(value, c) : value;
}

static void test_schema(void **state)
{
    (void)state;
    as_err  err = AS_ERR_NONE;
    json_t *schema = as_spec_schema(&err), *properties = json_object_get(schema, "properties");
    assert_string_equal(json_string_value(json_object_get(schema, "$schema")),
                        "https://json-schema.org/draft/2020-12/schema");
    assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
    assert_int_equal(json_array_size(json_object_get(schema, "required")), 5);
    json_t *station = at(properties, "station", "properties", NULL);
    assert_true(json_is_false(at(properties, "station", "additionalProperties", NULL)));
    assert_int_equal(json_integer_value(at(station, "deadline_ms", "default", NULL)), 1000);
    assert_int_equal(json_integer_value(at(station, "frame_px", "minItems", NULL)), 2);
    assert_string_equal(json_string_value(at(station, "frame_px", "items", "type")), "integer");
    json_t *requirement = at(properties, "requirements", "items", "properties");
    json_t *measures = at(requirement, "measure", "enum", NULL);
    assert_int_equal(json_array_size(measures), AS_MEASURE_COUNT - 1);
    json_t *late = at(properties, "failsafe", "properties", "late");
    for (size_t i = 0; i < json_array_size(json_object_get(late, "enum")); i++)
        assert_string_not_equal(json_string_value(json_array_get(json_object_get(late, "enum"), i)), "pass");
    json_t *split = at(properties, "data", "properties", "split");
    assert_true(json_real_value(json_array_get(json_object_get(split, "default"), 1)) > 0.149);
    json_decref(schema);
}

/* Each row is whole: documented, reachable, and its default passes its own check. */
static void test_table(void **state)
{
    (void)state;
    as_str page;
    as_err err = AS_ERR_NONE;
    as_str_init(&page);
    assert_true(as_spec_reference(&page, &err));
    for (size_t i = 0; as_schema_at(i); i++) {
        const as_field *field = as_schema_at(i);
        char            cell[80], parent[64];
        assert_true(field->path && field->kind && field->doc && field->doc[0]);
        assert_true(field->kind->name && field->kind->read && field->kind->write && field->kind->describe);
        assert_true(field->kind->size == 0 || field->kind->is_absent);
        assert_true((field->kind == &as_field_choice || field->kind == &as_field_words) == (field->choices != NULL));
        assert_false(field->required && field->def);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(as_schema_at(k)->path, field->path);
        snprintf(cell, sizeof cell, "| `%s` |", as_field_key(field));
        assert_non_null(strstr(page.s, cell));
        json_t *schema = as_field_schema(field);
        assert_non_null(schema);
        assert_int_equal(json_object_get(schema, "default") != NULL, field->def != NULL);
        json_decref(schema);
        const char *dot = strrchr(field->path, '.');
        snprintf(parent, sizeof parent, "%.*s", dot ? (int)(dot - field->path) : 0, field->path);
        size_t from = 0, n = 0;
        while (as_schema_child(parent, &from))
            n++;
        assert_in_range(n, 1, AS_SCHEMA_MOST_KEYS);
    }
    as_str_done(&page);
}

static void test_measures(void **state)
{
    (void)state;
    as_str page;
    as_err err = AS_ERR_NONE;
    as_str_init(&page);
    assert_true(as_spec_reference(&page, &err));
    for (unsigned m = AS_MEASURE_NONE + 1; m < AS_MEASURE_COUNT; m++) {
        const as_measure_info *info = as_measure_info_of((as_measure)m);
        char                   cell[80];
        assert_true(info->name && info->title && info->doc && info->kind && info->better && info->unit);
        assert_int_equal(as_measure_parse(info->name), m);
        snprintf(cell, sizeof cell, "| `%s`", info->name);
        assert_non_null(strstr(page.s, cell));
    }
    assert_null(as_measure_info_of(AS_MEASURE_NONE));
    assert_null(as_measure_info_of(AS_MEASURE_COUNT));
    assert_int_equal(as_measure_parse("speed"), AS_MEASURE_NONE);
    as_str_done(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_loads_again),
        cmocka_unit_test(test_json_loads_again),
        cmocka_unit_test(test_text_as_people_see_it),
        cmocka_unit_test(test_schema),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_measures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
