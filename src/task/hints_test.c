/* SPDX-License-Identifier: Apache-2.0 */
#include "task/hints.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "graph/build.h"

typedef struct pair {
    const char *key, *value;
} pair;

static bool read_hints(const pair *pairs, as_hints *ret, as_err *err)
{
    as_graph *graph = as_graph_new("test", err);
    assert_non_null(graph);
    for (; pairs->key; pairs++)
        assert_true(as_graph_set_meta(graph, pairs->key, pairs->value, err));
    bool ok = as_hints_read(graph, ret, err);
    as_graph_free(graph);
    return ok;
}

static void test_ultralytics(void **state)
{
    (void)state;
    as_hints   h;
    as_err     err = AS_ERR_NONE;
    const pair pairs[] = {{"task", "segment"},
                          {"stride", "32"},
                          {"imgsz", "[640, 640]"},
                          {"names", "{0: 'person', 1: \"driver's seat\", 2: 'a\\'b'}"},
                          {NULL, NULL}};
    assert_true(read_hints(pairs, &h, &err));
    assert_true(h.is_ultralytics && !h.has_mean && !h.has_resize);
    assert_string_equal(h.word, "segment");
    assert_int_equal(h.labels.names.n, 3);
    assert_string_equal(h.labels.names.at[0], "person");
    assert_string_equal(h.labels.names.at[1], "driver's seat");
    assert_string_equal(h.labels.names.at[2], "a'b");
    as_hints_done(&h);
}

static void test_openvino(void **state)
{
    (void)state;
    as_hints   h;
    as_err     err = AS_ERR_NONE;
    const pair pairs[] = {{"model_info model_type", "YOLOX"},
                          {"model_info labels", "good two%20words"},
                          {"model_info mean_values", "1 2,3"},
                          {"model_info scale_values", "255"},
                          {"model_info resize_type", "crop"},
                          {"model_info pad_value", "114"},
                          {"model_info reverse_input_channels", "NO"},
                          {"model_info confidence_threshold", "0.4"},
                          {NULL, NULL}};
    assert_true(read_hints(pairs, &h, &err));
    assert_string_equal(h.word, "YOLOX");
    assert_string_equal(h.labels.names.at[1], "two words");
    assert_true(h.bgr && h.has_order && h.resize == AS_RESIZE_CROP && h.pad_value == 114);
    assert_true(h.mean[0] == 1 && h.mean[2] == 3 && h.scale[1] == 255 && h.score_min == 0.4f && h.iou_max == 0);
    as_hints_done(&h);
}

static void test_what_does_not_read_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *says;
    } bad[] = {
        {"names", "{0: 'a', 2: 'b'}", "label 1 is missing in 'names'"},
        {"names", "{0: 'a', 1: 'b}", "label 1 in 'names'"},
        {"names", "person", "no list"},
        {"mean_values", "1 2", "two numbers"},
        {"mean_values", "1 2 3 4", "'mean_values'"},
        {"scale_values", "1 0 1", "zero"},
        {"scale_values", "nan", "'scale_values'"},
        {"resize_type", "fit", "resize_type 'fit'"},
        {"pad_value", "256", "pad_value '256'"},
        {"confidence_threshold", "2", "'confidence_threshold'"},
    };
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        as_hints   h;
        as_err     err = AS_ERR_NONE;
        const pair pairs[] = {{bad[i].key, bad[i].value}, {NULL, NULL}};
        assert_false(read_hints(pairs, &h, &err));
        if (!strstr(err.text, bad[i].says))
            fail_msg("%s: %s", bad[i].value, err.text);
    }
}

static void test_labels_of_a_file(void **state)
{
    (void)state;
    static const struct {
        const char *text, *first, *last;
        size_t      n;
    } files[] = {{"good\r\nbad one \n\n", "good", "bad one", 2},
                 {"0,tench, a fish\n1,shark", "tench, a fish", "shark", 2},
                 {"0 a\n2 b\n", "0 a", "2 b", 2},
                 {"7 up\ncola\n", "7 up", "cola", 2}};
    char   path[] = "/tmp/assay-labels.XXXXXX";
    int    fd = mkstemp(path);
    as_err err = AS_ERR_NONE;
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < AS_COUNT(files); i++) {
        as_labels labels;
        assert_true(as_fs_write_over(path, files[i].text, strlen(files[i].text), &err));
        assert_true(as_labels_read(path, &labels, &err));
        assert_int_equal(labels.names.n, files[i].n);
        assert_string_equal(labels.names.at[0], files[i].first);
        assert_string_equal(labels.names.at[labels.names.n - 1], files[i].last);
        as_labels_done(&labels);
    }
    as_labels labels;
    assert_true(as_fs_write_over(path, "\n\n", 2, &err));
    assert_false(as_labels_read(path, &labels, &err));
    unlink(path);
}

static void test_presets(void **state)
{
    (void)state;
    for (size_t i = 0; as_preset_at(i); i++) {
        assert_ptr_equal(as_preset_find(as_preset_at(i)->name), as_preset_at(i));
        for (size_t c = 0; c < 3; c++)
            assert_true(as_preset_at(i)->input.scale[c] > 0);
    }
    assert_null(as_preset_find("no"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ultralytics),
        cmocka_unit_test(test_openvino),
        cmocka_unit_test(test_what_does_not_read_is_named),
        cmocka_unit_test(test_labels_of_a_file),
        cmocka_unit_test(test_presets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
