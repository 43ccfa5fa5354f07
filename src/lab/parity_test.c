/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/parity.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/engine.h"
#include "graph/build.h"
#include "lab/test_eval.h"
#include "lab/test_pictures.h"
#include "page/test_xml.h"
#include "tensor/half.h"

enum { TRAIN = 4, VALIDATION = 1, TEST = 6, RED = TRAIN + VALIDATION + TEST };

static test_set set;
static as_str   model;
static as_run   run = {.id = "1-test", .pass_below = 0.7, .reject_from = 0.7};

/* Green and blue, which nothing is seen by, get numbers so large that red is less than a step of whole numbers. */
static void make_model(as_str *out, float bias)
{
    as_model_info info = test_eval_info();
    as_err        err = AS_ERR_NONE;
    as_str        plain;
    as_str_init(&plain);
    test_eval_model(&plain, bias);
    info.input.scale[1] = info.input.scale[2] = 0.1f;
    as_graph *graph = as_graph_parse((const uint8_t *)plain.s, plain.len, "redness", &err);
    assert_non_null(graph);
    assert_true(as_model_info_write(&info, graph, &err) && as_graph_write(graph, out, &err));
    as_graph_free(graph);
    as_str_done(&plain);
}

static int setup(void **state)
{
    (void)state;
    test_set_make(&set, "parity", &(test_set_cfg){32, 32, {TRAIN, VALIDATION, TEST}, -1, 5});
    as_str_init(&model);
    make_model(&model, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    as_str_done(&model);
    test_set_done(&set);
    return 0;
}

static as_parity_cfg config(void)
{
    return (as_parity_cfg){.model = (const uint8_t *)model.s,
                           .n_model = model.len,
                           .name = "redness",
                           .run = &run,
                           .commit = "",
                           .int8 = true,
                           .threads = 2};
}

static as_parity compared(const as_parity_cfg *cfg)
{
    as_parity parity;
    as_err    err = AS_ERR_NONE;
    if (!as_parity_run(set.ws, set.spec, cfg, NULL, &parity, &err))
        fail_msg("%s", err.text);
    return parity;
}

static const as_parity_row *row_of(const as_parity *parity, const char *backend, const char *precision)
{
    for (size_t i = 0; i < parity->n_rows; i++)
        if (strcmp(parity->rows[i].backend, backend) == 0 && strcmp(parity->rows[i].precision->name, precision) == 0)
            return &parity->rows[i];
    fail_msg("no row %s %s", backend, precision);
    return NULL;
}

static bool is_red(const as_parity *parity, size_t i)
{
    return strcmp(as_dataset_sample(parity->dataset, parity->samples[i])->label, "red") == 0;
}

/* The same verdicts with floats; with whole numbers that were made badly exactly the red discs flip, each by its name. */
static void test_flips_are_found(void **state)
{
    (void)state;
    as_parity_cfg        cfg = config();
    as_parity            parity = compared(&cfg);
    const as_parity_row *native = row_of(&parity, "native", "f32"), *ort = row_of(&parity, "ort", "f32"),
                        *whole = row_of(&parity, "native", "int8");
    assert_int_equal(parity.n, 3 * RED);
    assert_ptr_equal(native, &parity.rows[parity.reference]);
    if (!ort->ran)
        print_message("without ort: %s\n", ort->why.text);
    else {
        assert_int_equal(ort->n_flipped, 0);
        assert_true(ort->worst < 1e-5);
    }
    assert_true(whole->ran);
    for (size_t i = 0; i < parity.n; i++) {
        assert_int_equal(native->answers[i].verdict, is_red(&parity, i) ? AS_VERDICT_REJECT : AS_VERDICT_PASS);
        if (whole->answers[i].flipped_verdict != is_red(&parity, i))
            fail_msg("'%s' %s", as_parity_name(&parity, i), is_red(&parity, i) ? "did not flip" : "flipped");
    }
    assert_int_equal(whole->n_flipped, RED);
    assert_int_equal(whole->n_flipped_verdicts, whole->n_flipped);
    assert_int_equal(whole->n_flipped_classes, whole->n_flipped);
    assert_int_equal(whole->n_faults, 0);
    assert_true(whole->n_flipped_parts > 0 && whole->n_flipped_parts <= whole->n_flipped);
    assert_true(whole->worst > 0.4 && is_red(&parity, whole->worst_at));
    assert_true(whole->median <= whole->p95 && whole->p95 <= whole->p99 && whole->p99 <= whole->worst);
    assert_false(as_parity_holds(&parity));
    parity.max_flips = RED;
    assert_true(as_parity_holds(&parity));
    as_parity_done(&parity);
}

static void test_split_is_one_of_all(void **state)
{
    (void)state;
    as_parity_cfg cfg = config();
    cfg.split = AS_SPLIT_TRAIN;
    as_parity parity = compared(&cfg);
    assert_int_equal(parity.n, 3 * TRAIN);
    assert_int_equal(row_of(&parity, "native", "int8")->n_flipped, TRAIN);
    as_parity_done(&parity);
}

static void test_json_names_them(void **state)
{
    (void)state;
    as_parity_cfg cfg = config();
    as_parity     parity = compared(&cfg);
    as_err        err = AS_ERR_NONE;
    json_t       *json = as_parity_json(&parity, &cfg, &err);
    const json_t *one, *flip;
    size_t        i, k, n = 0;
    assert_non_null(json);
    assert_true(json_is_false(json_object_get(json, "holds")));
    json_array_foreach (json_object_get(json, "rows"), i, one) {
        const char *precision = json_string_value(json_object_get(one, "precision"));
        json_array_foreach (json_object_get(one, "flips"), k, flip) {
            const json_t *here = json_object_get(flip, "here"), *reference = json_object_get(flip, "reference");
            assert_string_equal(precision, "int8");
            assert_string_equal(json_string_value(json_object_get(reference, "verdict")), "reject");
            assert_string_equal(json_string_value(json_object_get(reference, "class")), "red");
            assert_string_equal(json_string_value(json_object_get(here, "verdict")), "pass");
            assert_non_null(strstr(json_string_value(json_object_get(flip, "sample")), "red"));
            assert_int_equal(json_array_size(json_object_get(here, "scores")), 3);
            n++;
        }
    }
    assert_true(n >= RED);
    json_decref(json);
    as_parity_done(&parity);
}

static void test_page_and_scores(void **state)
{
    (void)state;
    as_parity_cfg cfg = config();
    cfg.name = "<b>&\"'";
    as_parity parity = compared(&cfg);
    as_err    err = AS_ERR_NONE;
    as_str    page, csv;
    as_str_init(&page);
    as_str_init(&csv);
    assert_true(as_parity_html(&parity, set.spec, &cfg, &page, &err));
    assert_true(test_xml_is_whole(page.s));
    assert_non_null(strstr(page.s, "Verdicts flip"));
    assert_non_null(strstr(page.s, "data:image/jpeg;base64,"));
    assert_null(strstr(page.s, "<b>&"));
    assert_true(as_parity_csv(&parity, &csv, &err));
    size_t n_lines = 0, n_ran = 0;
    for (size_t i = 0; i < csv.len; i++)
        n_lines += csv.s[i] == '\n';
    for (size_t i = 0; i < parity.n_rows; i++)
        n_ran += parity.rows[i].ran;
    assert_int_equal(n_lines, 1 + parity.n * n_ran);
    as_str_done(&page);
    as_str_done(&csv);
    as_parity_done(&parity);
}

/* What gives no answer is a fault: where both sides give none, nothing has flipped. */
static void test_no_answer(void **state)
{
    (void)state;
    as_str        broken;
    as_parity_cfg cfg = config();
    as_parity     parity;
    as_err        err = AS_ERR_NONE;
    as_str_init(&broken);
    make_model(&broken, NAN);
    cfg.model = (const uint8_t *)broken.s;
    cfg.n_model = broken.len;
    cfg.int8 = false;
    if (as_parity_run(set.ws, set.spec, &cfg, NULL, &parity, &err)) {
        assert_int_equal(row_of(&parity, "ort", "f32")->n_faults, parity.n);
        assert_int_equal(row_of(&parity, "ort", "f32")->n_flipped, 0);
        as_parity_done(&parity);
    } else
        assert_int_equal(err.code, AS_EMISSING);
    as_str_done(&broken);
}

static void refused(const as_parity_cfg *cfg, as_err_code code, const char *words)
{
    as_parity parity;
    as_err    err = AS_ERR_NONE;
    if (as_parity_run(set.ws, set.spec, cfg, NULL, &parity, &err))
        fail_msg("not refused: %s", words);
    if (err.code != code || !strstr(err.text, words))
        fail_msg("%s: %s", as_err_name(err.code), err.text);
}

static void test_refusals(void **state)
{
    (void)state;
    as_run        unsolved = run;
    as_parity_cfg cfg = config();
    unsolved.pass_below = unsolved.reject_from = NAN;
    cfg.run = &unsolved;
    refused(&cfg, AS_EINVAL, "assay eval 1-test");
    cfg = config();
    cfg.commit = "nothing";
    refused(&cfg, AS_EINVAL, "'nothing' names no commit");
    cfg = config();
    cfg.n_model /= 2;
    refused(&cfg, AS_EFORMAT, "redness");
}

/* A model without an operating point, or that does not describe itself: the best class alone. */
static void test_without_a_point(void **state)
{
    (void)state;
    as_parity_cfg cfg = config();
    cfg.run = NULL;
    as_parity            parity = compared(&cfg);
    const as_parity_row *whole = row_of(&parity, "native", "int8");
    assert_false(parity.has_point);
    assert_int_equal(whole->n_flipped_verdicts, 0);
    assert_int_equal(whole->n_flipped_classes, RED);
    as_parity_done(&parity);
}

/* Two outputs, of which none is a row of classes: red alone, beside a thousand times green and blue, which is all that a step
 * of whole numbers sees. */
static void make_detector(as_str *out)
{
    static float loud[] = {1, 0, 0, 0, 1000, 0, 0, 0, 1000}, red[] = {1, 0, 0};
    as_err       err = AS_ERR_NONE;
    as_shape     wide = {4, {3, 3, 1, 1}}, one = {4, {1, 3, 1, 1}};
    as_tensor    w1 = as_tensor_view(AS_DTYPE_F32, &wide, loud), w2 = as_tensor_view(AS_DTYPE_F32, &one, red);
    as_graph    *g = as_graph_new("detector", &err);
    const char  *none = NULL;
    assert_non_null(g);
    assert_true(as_graph_add_input(g, "x", AS_DTYPE_F32, &(as_shape){4, {1, 3, 32, 32}}, &err) &&
                as_graph_add_constant(g, "w1", &w1, &err) && as_graph_add_constant(g, "w2", &w2, &err));
    assert_true(as_graph_add_node(g, "Conv", "c1", (const char *[]){"x", "w1", none}, (const char *[]){"l", none}, NULL,
                                  0, &err) &&
                as_graph_add_node(g, "Conv", "c2", (const char *[]){"l", "w2", none}, (const char *[]){"map", none},
                                  NULL, 0, &err) &&
                as_graph_add_node(g, "GlobalAveragePool", "p", (const char *[]){"map", none},
                                  (const char *[]){"mean", none}, NULL, 0, &err));
    assert_true(as_graph_add_output(g, "map", AS_DTYPE_F32, &(as_shape){4, {1, 1, 32, 32}}, &err) &&
                as_graph_add_output(g, "mean", AS_DTYPE_F32, &(as_shape){4, {1, 1, 1, 1}}, &err) &&
                as_graph_finish(g, &err) && as_graph_write(g, out, &err));
    as_graph_free(g);
}

static void test_a_model_without_classes_is_held_to_its_numbers(void **state)
{
    (void)state;
    as_str        detector;
    as_parity_cfg cfg = config();
    as_err        err = AS_ERR_NONE;
    as_str_init(&detector);
    make_detector(&detector);
    cfg.model = (const uint8_t *)detector.s;
    cfg.n_model = detector.len;
    cfg.run = NULL;
    as_parity            parity = compared(&cfg);
    const as_parity_row *whole = row_of(&parity, "native", "int8"), *ort = row_of(&parity, "ort", "f32");
    assert_false(parity.has_classes || parity.has_point);
    assert_false(as_parity_holds(&parity));
    assert_int_equal(whole->n_flipped, whole->n_flipped_numbers);
    assert_true(whole->n_flipped > parity.n / 2 && whole->worst > 0.1);
    assert_true(!ort->ran || (ort->n_flipped == 0 && ort->worst < 1e-4));
    json_t *json = as_parity_json(&parity, &cfg, &err), *row;
    size_t  i;
    assert_string_equal(json_string_value(json_object_get(json, "compared")), "numbers");
    json_array_foreach (json_object_get(json, "rows"), i, row)
        if (json_object_get(row, "flips"))
            assert_int_equal(json_array_size(json_object_get(row, "flips")),
                             json_integer_value(json_object_get(row, "n_flipped")));
    json_decref(json);
    as_parity_done(&parity);
    as_str_done(&detector);
}

/* As exporters halve a file: weights, input and output of half floats. */
static void make_half(as_str *out)
{
    static const float sides[] = {1, -0.5f, 0.25f, 0.5f, 1, -1, 0.25f, 0.75f, 1};
    uint16_t           halves[9];
    as_err             err = AS_ERR_NONE;
    as_shape           square = {4, {3, 3, 1, 1}}, picture = {4, {1, 3, 32, 32}}, mean = {4, {1, 3, 1, 1}};
    as_tensor          w = as_tensor_view(AS_DTYPE_F16, &square, halves);
    as_graph          *g = as_graph_new("half", &err);
    const char        *none = NULL;
    for (size_t i = 0; i < 9; i++)
        halves[i] = as_half_from_float(sides[i]);
    assert_true(
        g && as_graph_add_input(g, "x", AS_DTYPE_F16, &picture, &err) && as_graph_add_constant(g, "w", &w, &err) &&
        as_graph_add_node(g, "Conv", "c", (const char *[]){"x", "w", none}, (const char *[]){"c", none}, NULL, 0,
                          &err) &&
        as_graph_add_node(g, "Relu", "r", (const char *[]){"c", none}, (const char *[]){"r", none}, NULL, 0, &err) &&
        as_graph_add_node(g, "GlobalAveragePool", "p", (const char *[]){"r", none}, (const char *[]){"mean", none},
                          NULL, 0, &err) &&
        as_graph_add_output(g, "mean", AS_DTYPE_F16, &mean, &err) && as_graph_finish(g, &err) &&
        as_graph_write(g, out, &err));
    as_graph_free(g);
}

static void test_half_floats_become_whole_numbers(void **state)
{
    (void)state;
    as_str        half;
    as_parity_cfg cfg = config();
    as_str_init(&half);
    make_half(&half);
    cfg.model = (const uint8_t *)half.s;
    cfg.n_model = half.len;
    cfg.run = NULL;
    as_parity            parity = compared(&cfg);
    const as_parity_row *whole = row_of(&parity, "native", "int8"), *ort = row_of(&parity, "ort", "int8");
    if (!whole->ran)
        fail_msg("%s", whole->why.text);
    assert_true(whole->worst > 0 && whole->worst < 0.02);
    assert_true(ort->ran ? ort->worst < 0.02 : ort->why.code == AS_EMISSING);
    as_parity_done(&parity);
    as_str_done(&half);
}

static void test_a_precision_that_nothing_runs_is_refused(void **state)
{
    (void)state;
    as_parity_cfg cfg = config();
    cfg.int8 = false;
    cfg.bf16 = true;
    if (!as_engine_no_bf16()) {
        print_message("skipped: this processor has bf16\n");
        skip();
    }
    refused(&cfg, AS_EUNSUPPORTED, "bf16");
}

/* Each that was named, in that order, the first the reference; `auto` says what it took, and every thread runs that. */
static void test_back_ends_are_those_named(void **state)
{
    (void)state;
    as_parity_cfg cfg = config();
    cfg.backends[0] = "auto";
    cfg.backends[1] = "native";
    cfg.n_backends = 2;
    as_parity parity = compared(&cfg);
    char      text[80];
    assert_int_equal(parity.n_rows, 4);
    assert_int_equal(parity.reference, 0);
    assert_string_equal(parity.rows[0].backend, "auto");
    assert_true(strcmp(parity.rows[0].runs_on, "native") == 0 || strcmp(parity.rows[0].runs_on, "ort") == 0);
    as_parity_row_name(&parity.rows[0], text, sizeof text);
    assert_string_equal(text, strcmp(parity.rows[0].runs_on, "native") == 0 ? "auto (native) f32" : "auto (ort) f32");
    assert_int_equal(row_of(&parity, "native", "f32")->n_flipped, 0);
    as_parity_done(&parity);
    cfg.n_backends = 1;
    parity = compared(&cfg);
    assert_string_equal(parity.rows[0].backend, "native");
    assert_string_equal(parity.rows[1].backend, "auto");
    as_parity_done(&parity);
    cfg.backends[1] = "auto";
    cfg.n_backends = 2;
    refused(&cfg, AS_EINVAL, "named twice");
    cfg.backends[1] = "ort:nothing";
    refused(&cfg, AS_ENOTFOUND, "nothing");
}

/* What this processor lacks is a row that says so, where whatever runs was asked for. */
static void test_a_precision_may_be_told_instead(void **state)
{
    (void)state;
    as_parity_cfg cfg = config();
    cfg.bf16 = cfg.lenient = true;
    as_parity            parity = compared(&cfg);
    const as_parity_row *bf16 = row_of(&parity, "native", "bf16");
    if (!as_engine_no_bf16())
        assert_true(bf16->ran || strstr(bf16->why.text, "nothing of this model"));
    else {
        assert_false(bf16->ran);
        assert_non_null(strstr(bf16->why.text, "AVX512_BF16"));
        assert_non_null(strstr(row_of(&parity, "ort", "bf16")->why.text, "AVX512_BF16"));
    }
    assert_true(row_of(&parity, "native", "int8")->ran);
    as_parity_done(&parity);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flips_are_found),
        cmocka_unit_test(test_split_is_one_of_all),
        cmocka_unit_test(test_json_names_them),
        cmocka_unit_test(test_page_and_scores),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_without_a_point),
        cmocka_unit_test(test_a_model_without_classes_is_held_to_its_numbers),
        cmocka_unit_test(test_half_floats_become_whole_numbers),
        cmocka_unit_test(test_a_precision_that_nothing_runs_is_refused),
        cmocka_unit_test(test_back_ends_are_those_named),
        cmocka_unit_test(test_a_precision_may_be_told_instead),
    };
    return cmocka_run_group_tests_name("lab/parity", tests, setup, teardown);
}
