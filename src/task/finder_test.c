/* SPDX-License-Identifier: Apache-2.0 */
/* A detector made here, of one convolution, whose answer to a picture is known. */
#include "task/finder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph/build.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

enum { SIDE = 64, CELLS = 8 };

static void add_constant(as_graph *graph, const char *name, as_dtype dtype, const as_shape *shape, const void *values)
{
    as_tensor t = as_tensor_view(dtype, shape, (void *)(uintptr_t)values);
    as_err    err = AS_ERR_NONE;
    assert_true(as_graph_add_constant(graph, name, &t, &err));
}

/* CenterNet's three maps, of one pooling: the heat of a class is how red, or how blue, 8 x 8 pixels are; every thing is one
 * cell wide, and in its middle. */
static void build(bool says, as_str *out)
{
    as_err        err = AS_ERR_NONE;
    as_graph     *graph = as_graph_new("spots", &err);
    const int64_t kernel[] = {8, 8};
    as_attr       pool[] = {{.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = kernel, .n = 2},
                            {.name = "strides", .kind = AS_ATTR_INTS, .ints = kernel, .n = 2}};
    const float   heat[] = {1, 0, 0, 0, 0, 1}, none[6] = {0}, one[] = {1, 1}, half[] = {0.5f, 0.5f}, zero[2] = {0};
    assert_non_null(graph);
    assert_true(as_graph_add_input(graph, "image", AS_DTYPE_F32, &(as_shape){4, {1, 3, SIDE, SIDE}}, &err));
    add_constant(graph, "w", AS_DTYPE_F32, &(as_shape){4, {2, 3, 1, 1}}, heat);
    add_constant(graph, "w0", AS_DTYPE_F32, &(as_shape){4, {2, 3, 1, 1}}, none);
    add_constant(graph, "one", AS_DTYPE_F32, &(as_shape){1, {2}}, one);
    add_constant(graph, "half", AS_DTYPE_F32, &(as_shape){1, {2}}, half);
    add_constant(graph, "zero", AS_DTYPE_F32, &(as_shape){1, {2}}, zero);
    assert_true(as_graph_add_node(graph, "AveragePool", "p", NAMES("image"), NAMES("p"), pool, 2, &err));
    assert_true(as_graph_add_node(graph, "Conv", "hm", NAMES("p", "w", "zero"), NAMES("hm"), NULL, 0, &err));
    assert_true(as_graph_add_node(graph, "Conv", "wh", NAMES("p", "w0", "one"), NAMES("wh"), NULL, 0, &err));
    assert_true(as_graph_add_node(graph, "Conv", "reg", NAMES("p", "w0", "half"), NAMES("reg"), NULL, 0, &err));
    const as_shape map = {4, {1, 2, CELLS, CELLS}};
    assert_true(as_graph_add_output(graph, "hm", AS_DTYPE_F32, &map, &err) &&
                as_graph_add_output(graph, "wh", AS_DTYPE_F32, &map, &err) &&
                as_graph_add_output(graph, "reg", AS_DTYPE_F32, &map, &err));
    if (says)
        assert_true(as_graph_set_meta(graph, "model_type", "centernet", &err) &&
                    as_graph_set_meta(graph, "labels", "red blue%20one", &err) &&
                    as_graph_set_meta(graph, "resize_type", "fit_to_window_letterbox", &err) &&
                    as_graph_set_meta(graph, "scale_values", "255", &err) &&
                    as_graph_set_meta(graph, "confidence_threshold", "0.6", &err));
    assert_true(as_graph_finish(graph, &err));
    as_str_init(out);
    assert_true(as_graph_write(graph, out, &err));
    as_graph_free(graph);
}

/* 128 x 96: half the size, 8 rows of border above. A red cell of 16 x 16 at (32, 16), a blue one at (80, 64), a paler red one. */
static void draw(as_image *image)
{
    static const struct {
        uint32_t x, y;
        uint8_t  red, blue;
    } spots[] = {{32, 16, 255, 0}, {80, 64, 0, 230}, {96, 16, 140, 0}};
    as_err err = AS_ERR_NONE;
    assert_true(as_image_new(image, AS_PIXEL_RGB8, 128, 96, &err));
    memset(image->data, 0, image->stride_bytes * image->height);
    for (size_t i = 0; i < AS_COUNT(spots); i++)
        for (uint32_t y = 0; y < 16; y++)
            for (uint32_t x = 0; x < 16; x++) {
                uint8_t *p = image->data + (spots[i].y + y) * image->stride_bytes + (spots[i].x + x) * 3;
                p[0] = spots[i].red;
                p[2] = spots[i].blue;
            }
}

static void test_what_the_model_says(void **state)
{
    (void)state;
    as_str      model;
    as_image    image;
    as_findings found;
    as_err      err = AS_ERR_NONE;
    build(true, &model);
    draw(&image);
    as_finder *finder = as_finder_open((const uint8_t *)model.s, model.len, "spots", NULL, &err);
    if (!finder)
        fail_msg("%s", err.text);
    as_finder_about about = as_finder_about_of(finder);
    assert_string_equal(about.head->name, "centernet");
    assert_string_equal(about.head_from, "the model says so");
    assert_string_equal(about.prepare_from, "the model says so");
    for (int round = 0; round < 2; round++) {
        assert_true(as_finder_run(finder, &image, &found, &err));
        assert_int_equal(found.n, 2);
        assert_string_equal(as_finder_label(finder, found.at[0].class), "red");
        assert_string_equal(as_finder_label(finder, found.at[1].class), "blue one");
        assert_true(found.at[0].score == 1 && fabsf(found.at[1].score - 230 / 255.0f) < 1e-5f);
        assert_true(found.at[0].x0 == 32 && found.at[0].y0 == 16 && found.at[0].x1 == 48 && found.at[0].y1 == 32);
        assert_true(found.at[1].x0 == 80 && found.at[1].y0 == 64 && found.at[1].x1 == 96 && found.at[1].y1 == 80);
    }
    as_finder_close(finder);
    as_image_done(&image);
    as_str_done(&model);
}

static void test_what_is_asked_for(void **state)
{
    (void)state;
    as_str        model;
    as_image      image;
    as_findings   found;
    as_err        err = AS_ERR_NONE;
    as_finder_cfg cfg = {.prepare = as_preset_find("unit"), .limits = {.score_min = 0.5f, .n_max = 2}};
    build(false, &model);
    draw(&image);
    as_finder *finder = as_finder_open((const uint8_t *)model.s, model.len, "spots", &cfg, &err);
    assert_non_null(finder);
    assert_string_equal(as_finder_about_of(finder).head_from, "by its shapes");
    assert_string_equal(as_finder_about_of(finder).prepare_from, "asked for");
    assert_true(as_finder_run(finder, &image, &found, &err));
    assert_int_equal(found.n, 2); /* of three */
    assert_string_equal(as_finder_label(finder, 1), "class 1");
    finder = as_finder_close(finder);

    cfg.head = "yolov8";
    assert_null(as_finder_open((const uint8_t *)model.s, model.len, "spots", &cfg, &err));
    assert_non_null(strstr(err.text, "model 'spots'"));
    assert_non_null(strstr(err.text, "'hm' f32 1x2x8x8"));
    cfg.head = NULL;
    as_labels labels = {.names = {0}};
    for (int i = 0; i < 3; i++)
        assert_true(as_vec_push(&labels.names, strdup("x")));
    cfg.labels = &labels; /* one more than there are */
    assert_null(as_finder_open((const uint8_t *)model.s, model.len, "spots", &cfg, &err));
    as_labels_done(&labels);
    as_image_done(&image);
    as_str_done(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_model_says),
        cmocka_unit_test(test_what_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
