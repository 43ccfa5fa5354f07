/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "graph/build.h"
#include "lab/backbone.h"
#include "lab/test_model.h"
#include "lab/test_pictures.h"

static test_set    set;
static as_dataset *data;
static char        fixed[AS_FS_PATH_BYTES], open_size[AS_FS_PATH_BYTES];

static void add(as_graph *graph, const char *op, const char *a, const char *b, const char *to, const as_attr *attr)
{
    const char *in[] = {a, b, NULL}, *out[] = {to, NULL};
    as_err      err = AS_ERR_NONE;
    if (!as_graph_add_node(graph, op, to, in, out, attr, attr != NULL, &err))
        fail_msg("%s", err.text);
}

static void constant(as_graph *graph, const char *name, as_shape shape, as_rng *rng)
{
    as_tensor tensor = {0};
    as_err    err = AS_ERR_NONE;
    assert_true(as_tensor_new(&tensor, AS_DTYPE_F32, &shape, &err));
    for (size_t i = 0; i < as_tensor_count(&tensor); i++)
        ((float *)tensor.data)[i] = (float)as_rng_normal(rng) * 0.3f;
    assert_true(as_graph_add_constant(graph, name, &tensor, &err));
    as_tensor_done(&tensor);
}

/* Random filters, a feature map "map", and a classifier of five classes of its own. side -1: left open. */
static void write_backbone(const char *path, int64_t side, const char *order)
{
    as_rng    rng = as_rng_new(5);
    as_err    err = AS_ERR_NONE;
    as_str    bytes;
    as_graph *graph = as_graph_new("backbone", &err);
    as_attr   axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 1},
            strides = {.name = "strides", .kind = AS_ATTR_INTS, .ints = (int64_t[]){2, 2}, .n = 2};
    as_str_init(&bytes);
    assert_true(as_graph_add_input(graph, "picture", AS_DTYPE_F32, &(as_shape){4, {-1, 3, side, side}}, &err));
    assert_true(as_graph_add_output(graph, "scores", AS_DTYPE_F32, &(as_shape){2, {-1, 5}}, &err));
    constant(graph, "w1", (as_shape){4, {24, 3, 5, 5}}, &rng);
    constant(graph, "w2", (as_shape){2, {24, 5}}, &rng);
    add(graph, "Conv", "picture", "w1", "conv", &strides);
    add(graph, "Relu", "conv", NULL, "map", NULL);
    add(graph, "GlobalAveragePool", "map", NULL, "pool", NULL);
    add(graph, "Flatten", "pool", NULL, "flat", &axis);
    add(graph, "MatMul", "flat", "w2", "scores", NULL);
    if (order)
        assert_true(as_graph_set_meta(graph, "Image.BitmapPixelFormat", order, &err));
    if (!as_graph_finish(graph, &err) || !as_graph_write(graph, &bytes, &err) ||
        !as_fs_write(path, bytes.s, bytes.len, &err))
        fail_msg("%s", err.text);
    as_str_done(&bytes);
    as_graph_free(graph);
}

static int setup(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    test_set_make(&set, "head", &(test_set_cfg){64, 48, {14, 2, 6}, -1, 1});
    data = as_dataset_open(set.ws, set.spec, NULL, &err);
    assert_non_null(data);
    assert_true(as_fs_join(fixed, set.dir, "fixed.onnx", &err) && as_fs_join(open_size, set.dir, "open.onnx", &err));
    write_backbone(fixed, 48, NULL);
    write_backbone(open_size, -1, "Bgr8");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    data = as_dataset_close(data);
    test_set_done(&set);
    return 0;
}

static void test_learns_and_repeats(void **state)
{
    (void)state;
    as_trainer_cfg cfg = {.seed = 3, .backbone = fixed, .backend = "native"};
    as_trained     trained = {0};
    as_str         bytes;
    as_str_init(&bytes);
    test_model_train(data, set.spec, as_trainer_find("head"), &cfg, &trained, &bytes);
    as_features answers = test_model_answers(data, AS_SPLIT_TEST, &bytes, &trained, "native");
    assert_true(test_model_accuracy(data, AS_SPLIT_TEST, &answers) > 0.9);
    as_features_done(&answers);
    assert_true(test_model_parity(data, AS_SPLIT_TEST, &bytes, &trained) < 1e-4);
    assert_string_equal(trained.info.trainer, "head");
    assert_string_equal(trained.info.labels[2], "small");
    assert_string_equal(json_string_value(json_object_get(trained.params, "layer")), "map");
    assert_true(test_model_repeats(data, set.spec, as_trainer_find("head"), &cfg));
    as_trained_done(&trained);
    as_str_done(&bytes);
}

static void test_any_threads_same_bytes(void **state)
{
    (void)state;
    as_trained one = {0}, three = {0};
    as_str     a, b;
    as_str_init(&a);
    as_str_init(&b);
    test_model_train(data, set.spec, as_trainer_find("head"),
                     &(as_trainer_cfg){.seed = 3, .backbone = fixed, .backend = "native", .threads = 1}, &one, &a);
    test_model_train(data, set.spec, as_trainer_find("head"),
                     &(as_trainer_cfg){.seed = 3, .backbone = fixed, .backend = "native", .threads = 3}, &three, &b);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.s, b.s, a.len);
    as_trained_done(&one);
    as_trained_done(&three);
    as_str_done(&a);
    as_str_done(&b);
}

static void test_size_left_open(void **state)
{
    (void)state;
    as_backbone backbone = {0};
    as_err      err = AS_ERR_NONE;
    if (!as_backbone_open(&(as_trainer_cfg){.backbone = open_size, .width = 40, .height = 30}, &backbone, &err))
        fail_msg("%s", err.text);
    assert_int_equal(backbone.n_features, 24);
    assert_true(backbone.input.width == 40 && backbone.input.height == 30);
    const as_value *in = as_graph_value(backbone.graph, as_graph_input(backbone.graph, 0));
    assert_true(in->shape.dims[2] == 30 && in->shape.dims[3] == 40);
    as_backbone_done(&backbone);
    assert_true(as_backbone_open(&(as_trainer_cfg){.backbone = open_size, .layer = "conv"}, &backbone, &err));
    assert_int_equal(backbone.input.width, 224);
    assert_string_equal(backbone.layer, "conv");
    as_backbone_done(&backbone);
    as_backbone_done(&backbone);
    assert_false(as_backbone_open(&(as_trainer_cfg){.backbone = fixed, .width = 40, .height = 30}, &backbone, &err));
    assert_non_null(strstr(err.text, "fixed at 48x48"));
}

/* What the pictures become: the options, else the file's own words, else ImageNet's. */
static void test_input_from(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *key2, *value2, *from;
        bool        bgr;
        float       mean0, scale2;
    } table[] = {
        {NULL, NULL, NULL, NULL, "ImageNet", false, 123.675f, 57.375f},
        {"Image.BitmapPixelFormat", "Bgr8", "Image.NominalPixelRange", "NominalRange_0_255", "metadata", true, 0, 1},
        {"Image.BitmapPixelFormat", "Rgb8", "Image.NominalPixelRange", "Normalized_0_1", "metadata", false, 0, 255},
        {"Image.NominalPixelRange", "Normalized_1_1", NULL, NULL, "metadata", false, 127.5f, 127.5f},
        {"mean_values", "[1, 2,3]", "scale_values", "4 5 6", "metadata", true, 1, 6},
        {"reverse_input_channels", "True", "scale_values", "[255.0]", "metadata", false, 0, 255},
    };
    as_err err = AS_ERR_NONE;
    for (size_t i = 0; i < AS_COUNT(table); i++) {
        as_graph     *graph = as_graph_new("g", &err);
        as_input_spec input = {.channels = 3};
        const char   *from = NULL;
        double        mean[3] = {7, 8, 9};
        if (table[i].key)
            assert_true(as_graph_set_meta(graph, table[i].key, table[i].value, &err));
        if (table[i].key2)
            assert_true(as_graph_set_meta(graph, table[i].key2, table[i].value2, &err));
        assert_true(as_backbone_input(&(as_trainer_cfg){0}, graph, &input, &from, &err));
        assert_string_equal(from, table[i].from);
        assert_int_equal(input.bgr, table[i].bgr);
        assert_true(fabsf(input.mean[0] - table[i].mean0) < 1e-4f && fabsf(input.scale[2] - table[i].scale2) < 1e-4f);
        assert_true(
            as_backbone_input(&(as_trainer_cfg){.input_order = "bgr", .input_mean = mean}, graph, &input, &from, &err));
        assert_string_equal(from, "options");
        assert_true(input.bgr && input.mean[2] == 9 && input.scale[0] == 1);
        as_graph_free(graph);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    as_trained        trained = {0};
    as_err            err = AS_ERR_NONE;
    const as_trainer *head = as_trainer_find("head");
    double            zero[3] = {1, 0, 1};
    const struct {
        as_trainer_cfg cfg;
        const char    *text;
    } table[] = {
        {{0}, "--backbone"},
        {{.backbone = "/nowhere.onnx"}, "/nowhere.onnx"},
        {{.backbone = fixed, .layer = "mapp"}, "no value 'mapp'"},
        {{.backbone = fixed, .input_order = "gbr"}, "'gbr'"},
        {{.backbone = fixed, .input_scale = zero}, "scale of 0"},
        {{.backbone = fixed, .backend = "nativ"}, "did you mean 'native'"},
    };
    for (size_t i = 0; i < AS_COUNT(table); i++) {
        err = (as_err)AS_ERR_NONE;
        assert_false(head->train(data, set.spec, &table[i].cfg, NULL, &trained, &err));
        if (!strstr(err.text, table[i].text))
            fail_msg("'%s' is not in '%s'", table[i].text, err.text);
    }
    assert_null(trained.graph);
}

static void test_empty_class(void **state)
{
    (void)state;
    test_set   hollow;
    as_trained trained = {0};
    as_err     err = AS_ERR_NONE;
    test_set_make(&hollow, "hollow", &(test_set_cfg){32, 32, {2, 1, 1}, 1, 1});
    as_dataset *some = as_dataset_open(hollow.ws, hollow.spec, NULL, &err);
    assert_false(
        as_trainer_find("head")->train(some, hollow.spec, &(as_trainer_cfg){.backbone = fixed}, NULL, &trained, &err));
    assert_string_equal(err.text, "class 'red' has no training picture (import some, or remove it from assay.yaml)");
    as_dataset_close(some);
    test_set_done(&hollow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns_and_repeats),
        cmocka_unit_test(test_any_threads_same_bytes),
        cmocka_unit_test(test_size_left_open),
        cmocka_unit_test(test_input_from),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_empty_class),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
