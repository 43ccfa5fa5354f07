/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/match.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "image/mask.h"

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-12)

static as_finding box_of(const char *label, double x, double y, double w, double h)
{
    return (as_finding){label, AS_OUTLINE_BOX, {x, y, w, h}, "", NAN, ""};
}

static double iou(const as_finding *a, const as_finding *b)
{
    as_err err = AS_ERR_NONE;
    double one = -1, other = -1;
    if (!as_finding_iou(a, b, 100, 80, &one, &err) || !as_finding_iou(b, a, 100, 80, &other, &err))
        fail_msg("%s", err.text);
    assert_true(one == other);
    return one;
}

static void test_boxes(void **state)
{
    (void)state;
    as_finding a = box_of("x", 10, 10, 20, 10), b = box_of("x", 20, 10, 20, 10), far = box_of("x", 60, 60, 5, 5),
               half = box_of("x", 10.5, 10, 20, 10), none = box_of("x", 10, 10, 0, 0);
    NEAR(iou(&a, &a), 1);
    NEAR(iou(&a, &b), 100.0 / 300);
    NEAR(iou(&a, &half), 195.0 / 205); /* not rounded to pixels */
    NEAR(iou(&a, &far), 0);
    NEAR(iou(&none, &none), 0);
}

static void test_shapes(void **state)
{
    (void)state;
    as_err     err = AS_ERR_NONE;
    as_finding a = box_of("x", 10, 10, 20, 10);
    as_finding same = {"x", AS_OUTLINE_POLYGON, {10, 10, 20, 10}, "[[10,10,30,10,30,20,10,20]]", NAN, ""};
    as_finding left = {"x", AS_OUTLINE_POLYGON, {10, 10, 10, 10}, "[[10,10,20,10,20,20,10,20]]", NAN, ""};
    as_finding out = {"x", AS_OUTLINE_POLYGON, {-40, -40, 10, 10}, "[[-40,-40,-30,-40,-30,-30]]", NAN, ""};
    NEAR(iou(&a, &same), 1);
    NEAR(iou(&same, &left), 0.5);
    NEAR(iou(&a, &out), 0);
    /* The mask of the left half. */
    static uint8_t pixels[80 * 100];
    as_str         text;
    as_mask        mask;
    for (size_t y = 10; y < 20; y++)
        memset(pixels + y * 100 + 10, 1, 10);
    as_str_init(&text);
    assert_true(as_mask_from_pixels(pixels, 100, 100, 80, 1, &mask, &err) && as_mask_add_text(&mask, &text, &err));
    as_finding drawn = {"x", AS_OUTLINE_MASK, {10, 10, 10, 10}, text.s, NAN, ""};
    NEAR(iou(&drawn, &drawn), 1);
    NEAR(iou(&drawn, &left), 1);
    NEAR(iou(&drawn, &a), 0.5);
    drawn.geometry = "0"; /* does not sum up to the picture */
    double got;
    assert_false(as_finding_iou(&drawn, &a, 100, 80, &got, &err));
    as_mask_done(&mask);
    as_str_done(&text);
}

static void test_each_outline_once(void **state)
{
    (void)state;
    as_err     err = AS_ERR_NONE;
    as_match   m = {0};
    as_finding a[] = {box_of("x", 0, 0, 10, 10), box_of("x", 50, 50, 10, 10), box_of("y", 20, 20, 10, 10)};
    as_finding b[] = {box_of("x", 2, 0, 10, 10), box_of("x", 1, 0, 10, 10), box_of("x", 20, 20, 10, 10)};
    assert_true(as_match_findings(a, 3, b, 3, 100, 80, &m, &err));
    assert_true(m.n_a == 3 && m.n_b == 3 && m.n_matched == 1); /* the same place and another class is no match */
    NEAR(m.sum_iou, 90.0 / 110);                               /* the nearer of the two, not the first */
    assert_true(as_match_findings(a, 1, NULL, 0, 100, 80, &m, &err));
    assert_true(m.n_a == 4 && m.n_matched == 1);
    as_finding none[AS_MATCH_MOST + 1];
    for (size_t i = 0; i <= AS_MATCH_MOST; i++)
        none[i] = box_of("z", 0, 0, 1, 1);
    assert_false(as_match_findings(none, AS_MATCH_MOST + 1, b, 3, 100, 80, &m, &err));
    assert_int_equal(err.code, AS_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boxes),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_each_outline_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
