/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/features.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/nodes.h"
#include "lab/test_pictures.h"

static test_set    set;
static as_dataset *data;

static int setup(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    test_set_make(&set, "features", &(test_set_cfg){32, 24, {4, 1, 1}, -1, 1});
    data = as_dataset_open(set.ws, set.spec, NULL, &err);
    return data ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    data = as_dataset_close(data);
    test_set_done(&set);
    return 0;
}

/* The mean of each channel, after `op` of it; and one number a channel as N x 3, or as a map when flat is false. */
static void make_model(as_str *out, const char *op, bool flat)
{
    as_err        err = AS_ERR_NONE;
    as_graph     *graph = as_graph_new("means", &err);
    as_nodes      nodes = as_nodes_begin(graph, &err);
    const as_attr axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 1};
    nodes.failed = !as_graph_add_input(graph, "picture", AS_DTYPE_F32, &(as_shape){4, {-1, 3, 24, 32}}, &err);
    as_nodes_add(&nodes, "GlobalAveragePool", "mean", "picture", NULL, NULL, NULL);
    as_nodes_add(&nodes, op, "done", "mean", NULL, NULL, NULL);
    as_nodes_add(&nodes, "Flatten", "flat", "done", NULL, NULL, &axis);
    as_shape row = {2, {-1, 3}}, map = {4, {-1, 3, 1, 1}};
    if (!as_nodes_finish(&nodes, flat ? "flat" : "done", flat ? &row : &map) || !as_graph_write(graph, out, &err))
        fail_msg("%s", err.text);
    as_graph_free(graph);
}

static as_features_cfg cfg_of(const as_str *model)
{
    return (as_features_cfg){
        .model = (const uint8_t *)model->s,
        .n_model = model->len,
        .name = "means",
        .input = {.width = 32, .height = 24, .channels = 3, .resize = AS_RESIZE_STANDARD, .scale = {1, 1, 1}}};
}

static void test_rows_are_the_pictures(void **state)
{
    (void)state;
    as_str          model;
    as_err          err = AS_ERR_NONE;
    size_t          n = 0;
    const uint32_t *at = as_dataset_split(data, AS_SPLIT_TRAIN, &n);
    as_str_init(&model);
    make_model(&model, "Identity", true);
    as_features_cfg cfg = cfg_of(&model);
    for (cfg.threads = 0; cfg.threads < 4; cfg.threads++) {
        as_features features = {0};
        if (!as_features_compute(data, at, n, &cfg, NULL, &features, &err))
            fail_msg("%s", err.text);
        assert_true(features.n == 12 && features.width == 3);
        for (size_t i = 0; i < n; i++) {
            as_image image = {0};
            double   sum[3] = {0};
            assert_true(as_dataset_decode(data, at[i], &image, &err));
            for (size_t p = 0; p < 24 * 32; p++)
                for (size_t c = 0; c < 3; c++)
                    sum[c] += image.data[p / 32 * image.stride_bytes + p % 32 * 3 + c];
            for (size_t c = 0; c < 3; c++)
                assert_true(fabs((double)features.at[i * 3 + c] - sum[c] / (24 * 32)) < 1e-2);
            as_image_done(&image);
        }
        as_features_done(&features);
    }
    as_str_done(&model);
}

static void refused(const as_features_cfg *cfg, const char *text)
{
    as_features features = {0};
    as_err      err = AS_ERR_NONE;
    assert_false(as_features_compute(data, (uint32_t[]){0, 1}, 2, cfg, NULL, &features, &err));
    assert_int_equal(err.code, AS_EINVAL);
    if (!strstr(err.text, text))
        fail_msg("'%s' is not in '%s'", text, err.text);
    assert_null(features.at);
}

static void test_refuses(void **state)
{
    (void)state;
    as_str good, map, logs;
    as_str_init(&good);
    as_str_init(&map);
    as_str_init(&logs);
    make_model(&good, "Identity", true);
    make_model(&map, "Identity", false);
    make_model(&logs, "Log", true);
    as_features_cfg cfg = cfg_of(&map);
    refused(&cfg, "one row of f32 is needed");
    cfg = cfg_of(&good);
    cfg.input.width = 31;
    refused(&cfg, "1x3x24x31");
    cfg = cfg_of(&logs);
    cfg.input.mean[1] = 300; /* below zero, and so no logarithm */
    refused(&cfg, "gives what is not finite for picture '");
    as_str_done(&good);
    as_str_done(&map);
    as_str_done(&logs);
}

/* A graph that failed stays failed, with its first error. */
static void test_nodes_fail_once(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_graph *graph = as_graph_new("bad", &err);
    as_nodes  nodes = as_nodes_begin(graph, &err);
    as_nodes_add(&nodes, "Conv2", "a", "picture", NULL, NULL, NULL);
    as_err first = err;
    as_nodes_add(&nodes, "AlsoWrong", "b", "a", NULL, NULL, NULL);
    assert_false(as_nodes_finish(&nodes, "b", &(as_shape){2, {-1, 3}}));
    assert_non_null(strstr(err.text, "Conv2"));
    assert_string_equal(err.text, first.text);
    as_graph_free(graph);
    nodes = as_nodes_begin(NULL, &err);
    assert_true(nodes.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_the_pictures),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_nodes_fail_once),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
