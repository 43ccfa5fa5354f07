/* SPDX-License-Identifier: Apache-2.0 */
#include "task/classify.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph/build.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Means of the three channels, then a Gemm of the given matrix (3 x 3) and bias, then perhaps a softmax. */
typedef struct model_cfg {
    float weights[9], bias[3];
    bool  softmax, quantised;     /* quantised: the input becomes i8 or u8 first */
    bool  is_signed, two_readers; /* two_readers: the floats are read by another node too */
} model_cfg;

static void add_constant(as_graph *graph, const char *name, const as_shape *shape, const float *values)
{
    as_tensor t = as_tensor_view(AS_DTYPE_F32, shape, (void *)(uintptr_t)values);
    as_err    err = AS_ERR_NONE;
    assert_true(as_graph_add_constant(graph, name, &t, &err));
}

/* The input's name, or that of what is left of it as whole numbers and back. */
static const char *add_quantised(as_graph *graph, const model_cfg *cfg)
{
    static const float scale = 0.0041f;
    const int8_t       zero = cfg->is_signed ? -120 : 3;
    as_err             err = AS_ERR_NONE;
    as_tensor t = as_tensor_view(cfg->is_signed ? AS_DTYPE_I8 : AS_DTYPE_U8, &(as_shape){0}, (void *)(uintptr_t)&zero);
    if (!cfg->quantised)
        return "input";
    add_constant(graph, "s", &(as_shape){0}, &scale);
    assert_true(as_graph_add_constant(graph, "z", &t, &err));
    assert_true(as_graph_add_node(graph, "QuantizeLinear", "q", NAMES("input", "s", "z"), NAMES("q"), NULL, 0, &err));
    assert_true(as_graph_add_node(graph, "DequantizeLinear", "d", NAMES("q", "s", "z"), NAMES("d"), NULL, 0, &err));
    return "d";
}

static const char *add_reader(as_graph *graph, const model_cfg *cfg)
{
    as_err err = AS_ERR_NONE;
    if (!cfg->two_readers)
        return "gap";
    assert_true(as_graph_add_node(graph, "GlobalAveragePool", "gap2", NAMES("input"), NAMES("gap2"), NULL, 0, &err));
    assert_true(as_graph_add_node(graph, "Add", "both", NAMES("gap", "gap2"), NAMES("both"), NULL, 0, &err));
    return "both";
}

static void build(const model_cfg *cfg, as_str *out)
{
    as_err        err = AS_ERR_NONE;
    as_graph     *graph = as_graph_new("means", &err);
    as_model_info info = {.trainer = "test",
                          .labels = {"good", "red", "blue"},
                          .n_labels = 3,
                          .input = {.channels = 3, .resize = AS_RESIZE_STANDARD, .scale = {255, 255, 255}}};
    as_attr       trans = {.name = "transB", .kind = AS_ATTR_INT, .i = 1},
            axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 1};
    assert_non_null(graph);
    assert_true(as_graph_add_input(graph, "input", AS_DTYPE_F32, &(as_shape){4, {-1, 3, 8, 12}}, &err));
    add_constant(graph, "w", &(as_shape){2, {3, 3}}, cfg->weights);
    add_constant(graph, "b", &(as_shape){1, {3}}, cfg->bias);
    assert_true(as_graph_add_node(graph, "GlobalAveragePool", "gap", NAMES(add_quantised(graph, cfg)), NAMES("gap"),
                                  NULL, 0, &err));
    assert_true(
        as_graph_add_node(graph, "Flatten", "flat", NAMES(add_reader(graph, cfg)), NAMES("flat"), NULL, 0, &err));
    assert_true(as_graph_add_node(graph, "Gemm", "gemm", NAMES("flat", "w", "b"), NAMES("y"), &trans, 1, &err));
    if (cfg->softmax)
        assert_true(as_graph_add_node(graph, "Softmax", "p", NAMES("y"), NAMES("p"), &axis, 1, &err));
    assert_true(as_graph_add_output(graph, cfg->softmax ? "p" : "y", AS_DTYPE_F32, &(as_shape){2, {-1, 3}}, &err));
    assert_true(as_model_info_write(&info, graph, &err));
    assert_true(as_graph_finish(graph, &err));
    as_str_init(out);
    assert_true(as_graph_write(graph, out, &err));
    as_graph_free(graph);
}

static as_image flat_image(uint8_t r, uint8_t g, uint8_t b)
{
    as_image image;
    as_err   err = AS_ERR_NONE;
    assert_true(as_image_new(&image, AS_PIXEL_RGB8, 31, 17, &err));
    for (size_t i = 0; i < (size_t)31 * 17; i++) {
        image.data[3 * i] = r;
        image.data[3 * i + 1] = g;
        image.data[3 * i + 2] = b;
    }
    return image;
}

static as_classifier *open_model(const model_cfg *cfg, const char *backend, as_err *err)
{
    as_str bytes;
    build(cfg, &bytes);
    as_classifier *c =
        as_classifier_open((const uint8_t *)bytes.s, bytes.len, "m.onnx", &(as_session_cfg){.backend = backend}, err);
    as_str_done(&bytes);
    return c;
}

static const model_cfg plain = {.weights = {0, 4, 0, 4, 0, 0, 0, 0, 4}, .softmax = true};

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; as_backend_at(i); i++) {
        as_err         err = AS_ERR_NONE;
        as_scores      scores;
        as_image       image = flat_image(255, 0, 51);
        as_classifier *c = open_model(&plain, as_backend_at(i)->name, &err);
        if (!c && err.code == AS_EMISSING) {
            print_message("not run with %s: %s\n", as_backend_at(i)->name, err.text);
            as_image_done(&image);
            continue;
        }
        assert_non_null(c);
        if (!as_backend_at(i)->chosen) /* else: of the one that it took */
            assert_string_equal(as_classifier_backend(c), as_backend_at(i)->name);
        assert_string_equal(as_classifier_info(c)->labels[1], "red");
        assert_true(as_classifier_run(c, &image, &scores, &err));
        double sum = 1 + exp(4) + exp(0.8);
        assert_int_equal(scores.n, 3);
        assert_int_equal(scores.best, 1);
        assert_true(fabs((double)scores.p[0] - 1 / sum) < 1e-5);
        assert_true(fabs((double)scores.p[1] - exp(4) / sum) < 1e-5);
        assert_true(fabs((double)scores.p[2] - exp(0.8) / sum) < 1e-5);
        assert_true(scores.prepare_ns >= 0 && scores.infer_ns >= 0);
        as_classifier_close(c);
        as_image_done(&image);
    }
}

/* What is no distribution is a fault, never a verdict; *ret stays as it was. */
static void test_no_distribution(void **state)
{
    (void)state;
    static const struct {
        model_cfg   cfg;
        const char *text;
    } table[] = {
        {{.bias = {0.5f, 0.5f, 0.5f}}, "sum to 1.5"},        {{.bias = {1.5f, -0.5f, 0}}, "'good' is 1.5"},
        {{.bias = {0.5f, -0.25f, 0.75f}}, "'red' is -0.25"}, {{.bias = {0, 0, NAN}}, "'blue' is nan"},
        {{.bias = {INFINITY, 0, 0}}, "'good' is inf"},
    };
    as_image image = flat_image(0, 0, 0);
    for (size_t i = 0; i < AS_COUNT(table); i++) {
        as_err         err = AS_ERR_NONE;
        as_scores      scores = {.n = 99};
        as_classifier *c = open_model(&table[i].cfg, NULL, &err);
        assert_non_null(c);
        assert_false(as_classifier_run(c, &image, &scores, &err));
        assert_int_equal(err.code, AS_EINTERNAL);
        if (!strstr(err.text, table[i].text))
            fail_msg("'%s' is not in '%s'", table[i].text, err.text);
        assert_int_equal(scores.n, 99);
        as_classifier_close(c);
    }
    as_image_done(&image);
}

static void test_refuses(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_str    bytes;
    as_graph *graph;
    build(&plain, &bytes);
    assert_null(as_classifier_open((const uint8_t *)bytes.s, bytes.len / 2, "half.onnx", NULL, &err));
    assert_non_null(strstr(err.text, "half.onnx"));
    graph = as_graph_parse((const uint8_t *)bytes.s, bytes.len, "m", &err);
    assert_non_null(graph);
    assert_true(as_graph_set_meta(graph, "labels", "good red", &err));
    as_str_clear(&bytes);
    assert_true(as_graph_write(graph, &bytes, &err));
    assert_null(as_classifier_open((const uint8_t *)bytes.s, bytes.len, "two.onnx", NULL, &err));
    assert_string_equal(err.text, "model 'two.onnx' gives f32 1x3, not one f32 for each of its 2 labels");
    assert_true(as_graph_set_meta(graph, "resize_type", "none", &err));
    as_str_clear(&bytes);
    assert_true(as_graph_write(graph, &bytes, &err));
    assert_null(as_classifier_open((const uint8_t *)bytes.s, bytes.len, "none.onnx", NULL, &err));
    assert_non_null(strstr(err.text, "model 'none.onnx': "));
    as_graph_free(graph);
    as_str_done(&bytes);
    assert_null(as_classifier_close(NULL));
}

/* A batch that was asked for is not one picture's: it is one here all the same. */
static void test_one_picture(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_str         bytes;
    as_session_cfg cfg = {.batch = 4};
    build(&plain, &bytes);
    as_classifier *c = as_classifier_open((const uint8_t *)bytes.s, bytes.len, "m", &cfg, &err);
    assert_non_null(c);
    as_classifier_close(c);
    as_str_done(&bytes);
}

/* A model that quantises its input gets bytes, and says to the last bit what it says of floats. */
static void test_bytes_in(void **state)
{
    (void)state;
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        as_err    err = AS_ERR_NONE;
        model_cfg cfg = {.weights = {0, 4, 0, 4, 0, 1, 0.5f, 0, 4}, .softmax = true};
        as_str    bytes;
        as_scores scores;
        as_image  image = flat_image(0, 0, 0);
        cfg.quantised = true;
        cfg.is_signed = is_signed == 1;
        for (size_t i = 0; i < (size_t)31 * 17 * 3; i++)
            image.data[i] = (uint8_t)(i * 7919 % 251);
        build(&cfg, &bytes);
        as_session *given =
            as_session_open((const uint8_t *)bytes.s, bytes.len, "m.onnx", &(as_session_cfg){.bytes_in = true}, &err);
        as_session *floats = as_session_open((const uint8_t *)bytes.s, bytes.len, "m.onnx", NULL, &err);
        assert_non_null(given);
        assert_non_null(floats);
        const as_port *port = as_session_input(given, 0);
        assert_int_equal(port->dtype, AS_DTYPE_U8);
        assert_true(as_shape_equal(&port->shape, &(as_shape){4, {1, 8, 12, 3}}));
        assert_true(port->scale > 0.00409f && port->scale < 0.00411f && port->zero == (is_signed ? 8 : 3));
        assert_int_equal(as_session_input(floats, 0)->dtype, AS_DTYPE_F32);
        assert_true(as_session_input(floats, 0)->scale <= 0);
        as_classifier *c = as_classifier_open((const uint8_t *)bytes.s, bytes.len, "m.onnx", NULL, &err);
        assert_non_null(c);
        assert_true(as_classifier_run(c, &image, &scores, &err));
        as_prepare *prepare = as_prepare_new(&as_classifier_info(c)->input, &err);
        float       in[3 * 8 * 12], want[3];
        as_tensor   input = as_tensor_view(AS_DTYPE_F32, &(as_shape){4, {1, 3, 8, 12}}, in);
        as_tensor   output = as_tensor_view(AS_DTYPE_F32, &(as_shape){2, {1, 3}}, want);
        assert_non_null(prepare);
        assert_true(as_prepare_run(prepare, &image, in, &err));
        assert_true(as_session_run(floats, &input, &output, &err));
        assert_memory_equal(scores.p, want, sizeof want);
        assert_true(scores.p[0] > 0.01f && scores.p[0] < 0.99f);
        as_prepare_free(prepare);
        as_classifier_close(c);
        as_session_close(given);
        as_session_close(floats);
        as_str_done(&bytes);
        as_image_done(&image);
    }
}

/* What another node reads as floats stays floats. */
static void test_bytes_in_of_two_readers(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    model_cfg cfg = plain;
    as_str    bytes;
    cfg.quantised = cfg.two_readers = true;
    build(&cfg, &bytes);
    as_session *s =
        as_session_open((const uint8_t *)bytes.s, bytes.len, "m.onnx", &(as_session_cfg){.bytes_in = true}, &err);
    assert_non_null(s);
    assert_int_equal(as_session_input(s, 0)->dtype, AS_DTYPE_F32);
    as_session_close(s);
    as_str_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_in), cmocka_unit_test(test_bytes_in_of_two_readers),
        cmocka_unit_test(test_answers),  cmocka_unit_test(test_no_distribution),
        cmocka_unit_test(test_refuses),  cmocka_unit_test(test_one_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
