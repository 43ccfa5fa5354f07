/* SPDX-License-Identifier: Apache-2.0 */
#include "task/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph/build.h"

static as_graph *graph_of(int64_t channels, int64_t height, int64_t width)
{
    as_err    err = AS_ERR_NONE;
    as_graph *graph = as_graph_new("g", &err);
    assert_non_null(graph);
    assert_true(as_graph_add_input(graph, "input", AS_DTYPE_F32, &(as_shape){4, {-1, channels, height, width}}, &err));
    assert_true(as_graph_add_node(graph, "Relu", "relu", (const char *const[]){"input", NULL},
                                  (const char *const[]){"out", NULL}, NULL, 0, &err));
    assert_true(as_graph_add_output(graph, "out", AS_DTYPE_F32, &(as_shape){4, {-1, channels, height, width}}, &err));
    assert_true(as_graph_finish(graph, &err));
    return graph;
}

static as_model_info info_of(uint32_t channels)
{
    as_model_info info = {.trainer = "cnn",
                          .labels = {"good", "two words", "100 %20\t%"},
                          .n_labels = 3,
                          .input = {.width = 24,
                                    .height = 16,
                                    .channels = channels,
                                    .resize = AS_RESIZE_LETTERBOX,
                                    .pad_value = 114,
                                    .bgr = true,
                                    .mean = {0.1f, 116.28f, 1e-20f},
                                    .scale = {58.395f, 1.0f / 3, 255}}};
    return info;
}

static void check_same(const as_model_info *a, const as_model_info *b)
{
    assert_string_equal(a->trainer, b->trainer);
    assert_int_equal(a->n_labels, b->n_labels);
    for (size_t i = 0; i < a->n_labels; i++)
        assert_string_equal(a->labels[i], b->labels[i]);
    assert_int_equal(a->input.width, b->input.width);
    assert_int_equal(a->input.height, b->input.height);
    assert_int_equal(a->input.channels, b->input.channels);
    assert_int_equal(a->input.resize, b->input.resize);
    assert_int_equal(a->input.pad_value, b->input.pad_value);
    assert_int_equal(a->input.bgr, b->input.bgr);
    for (uint32_t c = 0; c < a->input.channels; c++)
        assert_true(a->input.mean[c] == b->input.mean[c] && a->input.scale[c] == b->input.scale[c]);
}

static void test_reads_what_it_wrote(void **state)
{
    (void)state;
    for (uint32_t channels = 1; channels <= 3; channels += 2) {
        as_err        err = AS_ERR_NONE;
        as_str        bytes;
        as_model_info info = info_of(channels), back;
        as_graph     *graph = graph_of(channels, 16, 24);
        assert_true(as_model_info_write(&info, graph, &err));
        as_str_init(&bytes);
        assert_true(as_graph_write(graph, &bytes, &err));
        as_graph_free(graph);
        graph = as_graph_parse((const uint8_t *)bytes.s, bytes.len, "back", &err);
        assert_non_null(graph);
        assert_string_equal(as_graph_meta(graph, "labels"), "good two%20words 100%20%2520%09%25");
        assert_true(as_model_info_read(graph, &back, &err));
        check_same(&info, &back);
        as_graph_free(graph);
        as_str_done(&bytes);
    }
}

/* OpenVINO reads a picture as BGR: a network that wants RGB has its channels reversed. */
static void test_channel_order_words(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        bool        bgr;
    } table[] = {{"YES", false}, {"true", false}, {"True", false}, {"NO", true}, {"false", true}};
    as_err        err = AS_ERR_NONE;
    as_model_info info = info_of(3), back;
    as_graph     *graph = graph_of(3, 16, 24);
    info.input.bgr = false;
    assert_true(as_model_info_write(&info, graph, &err));
    assert_string_equal(as_graph_meta(graph, "reverse_input_channels"), "YES");
    for (size_t i = 0; i < AS_COUNT(table); i++) {
        assert_true(as_graph_set_meta(graph, "reverse_input_channels", table[i].word, &err));
        assert_true(as_model_info_read(graph, &back, &err));
        assert_int_equal(back.input.bgr, table[i].bgr);
    }
    as_graph_free(graph);
}

static void test_refuses(void **state)
{
    (void)state;
    static const char long_label[] = "good aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const struct {
        const char *key, *value, *text;
    } table[] = {
        {"model_type", "detection", "'detection'"},
        {"labels", "good", "fewer than two"},
        {"labels", "", "fewer than two"},
        {"labels", "good good", "'good' twice"},
        {"labels", "good b%00d", "has a zero"},
        {"labels", long_label, "longer than 63"},
        {"resize_type", "stretchy", "'stretchy'"},
        {"pad_value", "256", "'256'"},
        {"pad_value", "-1", "'-1'"},
        {"mean_values", "1 2", "mean_values"},
        {"mean_values", "1 2 3 4", "mean_values"},
        {"mean_values", "1 2 nan", "mean_values"},
        {"scale_values", "1 2x 3", "scale_values"},
        {"scale_values", "1 0 3", "a zero"},
        {"reverse_input_channels", "maybe", "'maybe'"},
    };
    for (size_t i = 0; i < AS_COUNT(table); i++) {
        as_err        err = AS_ERR_NONE;
        as_model_info info = info_of(3), back = {.n_labels = 77};
        as_graph     *graph = graph_of(3, 16, 24);
        assert_true(as_model_info_write(&info, graph, &err));
        assert_true(as_graph_set_meta(graph, table[i].key, table[i].value, &err));
        assert_false(as_model_info_read(graph, &back, &err));
        if (!strstr(err.text, table[i].text))
            fail_msg("'%s' is not in '%s'", table[i].text, err.text);
        assert_int_equal(back.n_labels, 77);
        as_graph_free(graph);
    }
}

static void test_refuses_shapes(void **state)
{
    (void)state;
    static const int64_t shapes[][3] = {{2, 16, 24}, {3, -1, 24}, {3, 16, 100000}};
    for (size_t i = 0; i < AS_COUNT(shapes); i++) {
        as_err        err = AS_ERR_NONE;
        as_model_info info = info_of(3), back;
        as_graph     *graph = graph_of(shapes[i][0], shapes[i][1], shapes[i][2]);
        assert_true(as_model_info_write(&info, graph, &err));
        assert_false(as_model_info_read(graph, &back, &err));
        assert_non_null(strstr(err.text, "channels x height x width"));
        as_graph_free(graph);
    }
    as_err        err = AS_ERR_NONE;
    as_model_info back, none = {0};
    as_graph     *graph = graph_of(3, 16, 24);
    assert_false(as_model_info_read(graph, &back, &err));
    assert_non_null(strstr(err.text, "model_type"));
    assert_false(as_model_info_write(&none, graph, &err));
    as_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_it_wrote),
        cmocka_unit_test(test_channel_order_words),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_refuses_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
