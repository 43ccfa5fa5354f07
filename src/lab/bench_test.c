/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/bench.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/rng.h"
#include "graph/build.h"
#include "image/codec.h"
#include "page/test_xml.h"

enum { SIDE = 16, CHANNELS = 16 };

static const int64_t kernel3[] = {3, 3}, pads1[] = {1, 1, 1, 1}, perm_swap[] = {0, 1, 3, 2};

static void must(bool ok, const as_err *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

static void add_node(as_graph *graph, const char *op, const char *a, const char *b, const char *out,
                     const as_attr *attrs, size_t n_attrs)
{
    const char *inputs[] = {a, b, NULL}, *outputs[] = {out, NULL};
    as_err      err = AS_ERR_NONE;
    must(as_graph_add_node(graph, op, out, inputs, outputs, attrs, n_attrs, &err), &err);
}

/* A convolution, a transposition that no fast path has, and one number a class; its name is one that a page must escape. */
static void make_model(as_str *out)
{
    as_err         err = AS_ERR_NONE;
    as_rng         rng = as_rng_new(3);
    float          weights[CHANNELS * 3 * 9];
    const as_shape in = {4, {-1, 3, SIDE, SIDE}}, shape = {4, {CHANNELS, 3, 3, 3}}, scores = {2, {-1, CHANNELS}};
    const as_attr  conv[] = {{.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = kernel3, .n = 2},
                             {.name = "pads", .kind = AS_ATTR_INTS, .ints = pads1, .n = 4}};
    const as_attr  swap = {.name = "perm", .kind = AS_ATTR_INTS, .ints = perm_swap, .n = 4};
    as_graph      *graph = as_graph_new("test", &err);
    for (size_t i = 0; i < AS_COUNT(weights); i++)
        weights[i] = (float)as_rng_normal(&rng);
    as_tensor t = as_tensor_view(AS_DTYPE_F32, &shape, weights);
    must(graph && as_graph_add_input(graph, "x", AS_DTYPE_F32, &in, &err), &err);
    must(as_graph_add_constant(graph, "w", &t, &err), &err);
    add_node(graph, "Conv", "x", "w", "<conv> & co", conv, 2);
    add_node(graph, "Relu", "<conv> & co", NULL, "relu", NULL, 0);
    add_node(graph, "Transpose", "relu", NULL, "turned", &swap, 1);
    add_node(graph, "GlobalAveragePool", "turned", NULL, "pooled", NULL, 0);
    add_node(graph, "Flatten", "pooled", NULL, "y", NULL, 0);
    must(as_graph_add_output(graph, "y", AS_DTYPE_F32, &scores, &err) && as_graph_finish(graph, &err), &err);
    must(as_graph_write(graph, out, &err), &err);
    as_graph_free(graph);
}

static bool has_ort(void)
{
    as_str about;
    bool   has = false;
    as_str_init(&about);
    for (size_t i = 0; as_backend_at(i); i++)
        if (strcmp(as_backend_at(i)->name, "ort") == 0)
            has = as_backend_at(i)->about(&about, NULL);
    as_str_done(&about);
    return has;
}

static as_bench_cfg quick(const char *a, const char *b)
{
    return (as_bench_cfg){.backends = {a, b}, .batch = 2, .pairs = 3, .seconds = 0.03, .warm_ns = 1000000};
}

static as_bench measure(const as_bench_cfg *cfg)
{
    as_bench bench = {.n_sides = 0};
    as_str   model;
    as_err   err = AS_ERR_NONE;
    as_str_init(&model);
    make_model(&model);
    must(as_bench_run((const uint8_t *)model.s, model.len, "test.onnx", cfg, &bench, &err), &err);
    as_str_done(&model);
    return bench;
}

static const as_bench_step *find_step(const as_bench *bench, const char *op)
{
    for (size_t i = 0; i < bench->n_steps; i++)
        if (strcmp(bench->steps[i].step.op, op) == 0)
            return &bench->steps[i];
    fail_msg("no step '%s'", op);
    return NULL;
}

static void near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%g is not %g", got, want);
}

static void test_both_sides_are_measured_and_agree(void **state)
{
    (void)state;
    if (!has_ort())
        skip();
    const as_bench_cfg cfg = quick("native", "ort");
    as_bench           bench = measure(&cfg);
    assert_int_equal(bench.n_sides, 2);
    for (size_t i = 0; i < 2; i++) {
        const as_bench_side *s = &bench.sides[i];
        assert_true(s->runs && *s->about);
        assert_int_equal(s->n_runs, bench.pairs.n * bench.pairs.calls);
        assert_true(s->p50 > 0 && (isnan(s->p90) || s->p50 <= s->p90) && s->mean > 0);
        near(s->per_second * s->mean, 2, 1e-9); /* pictures: the batch is 2 */
        assert_true(s->has_start && s->start_seconds > 0 && s->start_bytes > 0);
    }
    assert_true(bench.pairs.ratio.low <= bench.pairs.ratio.median &&
                bench.pairs.ratio.median <= bench.pairs.ratio.high);
    assert_int_equal(bench.n_outputs, 1);
    assert_true(bench.outputs[0].difference < 1e-4);
    assert_int_equal(bench.outputs[0].n_rows, 2 * AS_BENCH_INPUTS);
    assert_int_equal(bench.outputs[0].n_same_top, bench.outputs[0].n_rows);
    as_bench_done(&bench);
}

static void test_layers_are_held_against_the_roof(void **state)
{
    (void)state;
    const as_bench_cfg cfg = quick("native", NULL);
    as_bench           bench = measure(&cfg);
    double             share = 0, slow = 0;
    assert_true(bench.engine && bench.n_steps > 0);
    for (size_t i = 0; i < bench.n_steps; i++)
        share += bench.steps[i].share;
    near(share, 1, 1e-9);
    const as_bench_step *conv = find_step(&bench, "Conv");
    near(conv->n_ops, 2.0 * 2 * SIDE * SIDE * CHANNELS * 27, 0);
    near(bench.n_ops, conv->n_ops, 0);
    near(conv->intensity * conv->n_bytes, conv->n_ops, 1e-6);
    near(conv->ops_per_s * conv->seconds, conv->n_ops, 1e-3);
    near(conv->of_roof * conv->seconds, as_peak_seconds(&bench.peak, conv->n_ops, conv->n_bytes, false), 1e-12);
    assert_int_equal(find_step(&bench, "Transpose")->step.slow, AS_SLOW_PLAIN);
    for (size_t i = 0; i < bench.n_slow; i++) {
        slow += bench.slow[i].share;
        assert_true(bench.slow[i].n_steps > 0 && bench.slow[i].worst);
        assert_true(i == 0 || bench.slow[i].share <= bench.slow[i - 1].share);
    }
    near(slow + bench.fast_share, 1, 1e-9);
    assert_true(bench.n_slow > 0);
    as_bench_done(&bench);
}

static void test_what_is_missing_is_told_and_the_other_measured(void **state)
{
    (void)state;
    setenv("ASSAY_ORT", "/nowhere/lib.so", 1);
    const as_bench_cfg cfg = quick("native", "ort");
    const bool         was_there = has_ort(); /* opened by a test before: it stays */
    as_bench           bench = measure(&cfg);
    if (!was_there) {
        assert_false(bench.sides[1].runs);
        assert_int_equal(bench.sides[1].why.code, AS_EMISSING);
        assert_true(isnan(bench.pairs.ratio.median));
        assert_int_equal(bench.n_outputs, 0);
    }
    assert_true(bench.sides[0].runs && bench.sides[0].p50 > 0);
    as_bench_done(&bench);
    unsetenv("ASSAY_ORT");
}

static void test_a_page_and_json_have_it_all(void **state)
{
    (void)state;
    const as_bench_cfg cfg = quick("native", has_ort() ? "ort" : NULL);
    as_bench           bench = measure(&cfg);
    as_str             page;
    as_str_init(&page);
    as_bench_page(&bench, "a <model> & more", 1234, &page);
    assert_true(as_str_ok(&page));
    assert_true(test_xml_is_whole(page.s));
    assert_non_null(strstr(page.s, "a &lt;model&gt; &amp; more"));
    assert_non_null(strstr(page.s, "&lt;conv&gt; &amp; co"));
    assert_non_null(strstr(page.s, "Roofline"));
    assert_non_null(strstr(page.s, "3 pairs are no evidence"));
    as_str_done(&page);
    json_t *json = as_bench_json(&bench, "model\xff.onnx", 1234); /* of any bytes */
    assert_non_null(json);
    assert_int_equal(json_array_size(json_object_get(json, "layers")), bench.n_steps);
    assert_string_equal(json_string_value(json_object_get(json, "model")), "model\\xff.onnx");
    assert_true(json_is_false(json_object_get(json, "sound")));
    assert_true(json_number_value(json_object_get(json_object_get(json, "peak"), "f32_operations_per_second")) > 1e8);
    json_decref(json);
    as_bench_done(&bench);
}

static void test_pictures_are_fed(void **state)
{
    (void)state;
    char     dir[] = "/tmp/assay-bench-XXXXXX", path[AS_FS_PATH_BYTES];
    as_err   err = AS_ERR_NONE;
    as_image image = {0};
    as_str   file;
    assert_non_null(mkdtemp(dir));
    as_str_init(&file);
    must(as_image_new(&image, AS_PIXEL_RGB8, 40, 30, &err), &err);
    must(as_codec_encode_png(&image, 1, &file, &err), &err);
    must(as_fs_join(path, dir, "a.png", &err) && as_fs_write(path, file.s, file.len, &err), &err);
    as_bench_cfg cfg = quick("native", NULL);
    cfg.images = dir;
    as_bench bench = measure(&cfg);
    assert_int_equal(bench.n_images, 1);
    as_bench_done(&bench);
    must(as_fs_remove(path, &err), &err);
    as_str model;
    as_str_init(&model);
    make_model(&model);
    assert_false(as_bench_run((const uint8_t *)model.s, model.len, "test.onnx", &cfg, &bench, &err));
    assert_non_null(strstr(err.text, "no picture in"));
    must(as_fs_remove_tree(dir, &err), &err);
    as_str_done(&model);
    as_str_done(&file);
    as_image_done(&image);
}

static void test_wrong_use_is_refused(void **state)
{
    (void)state;
    as_str   model;
    as_bench bench;
    as_err   err = AS_ERR_NONE;
    as_str_init(&model);
    make_model(&model);
    as_bench_cfg cfg = quick("nativ", NULL);
    assert_false(as_bench_run((const uint8_t *)model.s, model.len, "test.onnx", &cfg, &bench, &err));
    assert_non_null(strstr(err.text, "did you mean 'native'"));
    cfg = quick("native", NULL);
    assert_false(as_bench_run((const uint8_t *)model.s, 20, "test.onnx", &cfg, &bench, &err));
    cfg.pairs = AS_PAIRS_MAX + 1;
    assert_false(as_bench_run((const uint8_t *)model.s, model.len, "test.onnx", &cfg, &bench, &err));
    as_str_done(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_missing_is_told_and_the_other_measured),
        cmocka_unit_test(test_both_sides_are_measured_and_agree),
        cmocka_unit_test(test_layers_are_held_against_the_roof),
        cmocka_unit_test(test_a_page_and_json_have_it_all),
        cmocka_unit_test(test_pictures_are_fed),
        cmocka_unit_test(test_wrong_use_is_refused),
    };
    return cmocka_run_group_tests_name("bench", tests, NULL, NULL);
}
