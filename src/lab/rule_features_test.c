/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/rule_features.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/infer.h"

#define W 50
#define H 38

static const as_rule_feature mean_brightness = {0, AS_RULE_WHOLE, 0};

/* All features of a picture, through the native back end; heap. */
static float *features_of(const as_rule_layout *layout, const float *picture)
{
    as_err    err = AS_ERR_NONE;
    as_str    bytes;
    as_graph *graph = as_rule_graph(layout, W, H, &err);
    as_str_init(&bytes);
    if (!graph || !as_graph_write(graph, &bytes, &err))
        fail_msg("%s", err.text);
    as_session *session = as_session_open((const uint8_t *)bytes.s, bytes.len, "rule", NULL, &err);
    if (!session)
        fail_msg("%s", err.text);
    float *copy = malloc(sizeof(float) * 3 * W * H), *out = malloc(sizeof(float) * as_rule_width(layout));
    memcpy(copy, picture, sizeof(float) * 3 * W * H);
    as_tensor in = as_tensor_view(AS_DTYPE_F32, &(as_shape){4, {1, 3, H, W}}, copy);
    as_tensor to = as_tensor_view(AS_DTYPE_F32, &(as_shape){2, {1, as_rule_width(layout)}}, out);
    if (!as_session_run(session, &in, &to, &err))
        fail_msg("%s", err.text);
    as_session_close(session);
    as_graph_free(graph);
    as_str_done(&bytes);
    free(copy);
    return out;
}

static void paint(float *picture, int x0, int y0, int x1, int y1, float r, float g, float b)
{
    const float rgb[3] = {r, g, b};
    for (int c = 0; c < 3; c++)
        for (int y = y0; y < y1; y++)
            for (int x = x0; x < x1; x++)
                picture[(c * H + y) * W + x] = rgb[c];
}

static float named(const float *features, const char *words)
{
    as_rule_layout all = as_rule_layout_all();
    char           text[128];
    for (uint32_t i = 0; i < as_rule_width(&all); i++) {
        as_rule_feature feature = as_rule_at(&all, i);
        if (strcmp(as_rule_text(&feature, text), words) == 0)
            return features[i];
    }
    fail_msg("no feature is called '%s'", words);
    return NAN;
}

static void near(float have, double want)
{
    if (!(fabs((double)have - want) < 1e-4))
        fail_msg("%g is not %g", (double)have, want);
}

/* A red square of 16 x 12 (one of nine cells) in the middle of grey: each share can be counted by hand. */
static void test_red_square(void **state)
{
    (void)state;
    static float   picture[3 * W * H];
    as_rule_layout all = as_rule_layout_all();
    paint(picture, 0, 0, W, H, 0.5f, 0.5f, 0.5f);
    paint(picture, 17, 13, 33, 25, 0.9f, 0.1f, 0.1f);
    float *f = features_of(&all, picture);
    near(named(f, "share of red pixels"), 1.0 / 9);
    near(named(f, "share of red pixels in the middle"), 1);
    near(named(f, "share of red pixels at the top left"), 0);
    near(named(f, "share of red pixels in the middle third across"), 1.0 / 3);
    near(named(f, "share of red pixels in the middle third down"), 1.0 / 3);
    near(named(f, "share of red pixels in the left third"), 0);
    near(named(f, "share of blue pixels"), 0);
    near(named(f, "share of coloured pixels in the middle"), 1);
    near(named(f, "share of pixels brighter than 45 %"), 8.0 / 9);
    near(named(f, "mean redness"), 0.8 / 9);
    near(named(f, "mean brightness at the top"), 0.5);
    near(named(f, "share of pixels unlike the rim"), 1.0 / 9);
    near(named(f, "height of the object"), 1.0 / 3);
    near(named(f, "width of the object"), 1.0 / 3);
    near(named(f, "share of red pixels on the object"), (1.0 / 9) / (1.0 / 9 + 0.02));
    assert_true(named(f, "share of pixels on faint edges") > 0.05f &&
                named(f, "share of pixels on faint edges") < 0.2f);
    free(f);
}

static void test_part_of_the_layout(void **state)
{
    (void)state;
    static float          picture[3 * W * H];
    static const uint32_t picks[] = {3, 40, 200, 321, 500, 543, 545};
    as_rule_layout        all = as_rule_layout_all();
    for (size_t i = 0; i < AS_COUNT(picture); i++)
        picture[i] = (float)(i * 7919 % 1000) / 1000;
    float *whole = features_of(&all, picture);
    for (size_t n = 1; n <= AS_COUNT(picks); n++) {
        as_rule_feature wanted[AS_COUNT(picks)];
        for (size_t i = 0; i < n; i++)
            wanted[i] = as_rule_at(&all, picks[i]);
        as_rule_layout some = as_rule_layout_of(wanted, n);
        float         *part = features_of(&some, picture);
        for (size_t i = 0; i < n; i++)
            near(part[as_rule_index(&some, &wanted[i])], (double)whole[picks[i]]);
        free(part);
    }
    free(whole);
}

static void test_index_and_back(void **state)
{
    (void)state;
    as_rule_layout all = as_rule_layout_all();
    uint32_t       width = as_rule_width(&all);
    char           a[128], b[128];
    assert_int_equal(width, 17 * AS_RULE_MAP_COUNT + 2);
    for (uint32_t i = 0; i < width; i++) {
        as_rule_feature feature = as_rule_at(&all, i);
        assert_int_equal(as_rule_index(&all, &feature), i);
        for (uint32_t k = 0; k < i; k += 13) { /* no two are called the same */
            as_rule_feature other = as_rule_at(&all, k);
            assert_string_not_equal(as_rule_text(&feature, a), as_rule_text(&other, b));
        }
    }
    as_rule_layout one = as_rule_layout_of(&mean_brightness, 1);
    assert_int_equal(as_rule_width(&one), 1);
}

static void test_refuses_sizes(void **state)
{
    (void)state;
    as_rule_layout all = as_rule_layout_all(), none = {0};
    as_err         err = AS_ERR_NONE;
    assert_null(as_rule_graph(&all, 48, 38, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_null(as_rule_graph(&all, 50, 8, &err));
    assert_null(as_rule_graph(&none, 50, 38, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_red_square),
        cmocka_unit_test(test_part_of_the_layout),
        cmocka_unit_test(test_index_and_back),
        cmocka_unit_test(test_refuses_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
