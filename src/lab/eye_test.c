/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/eye.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ROWS = 4, WIDTH = 6 };

/* Two corners, a score, a class. */
static const float list[ROWS][WIDTH] = {
    {10, 10, 20, 20, 0.9f, 1}, {30, 10, 44, 20, 0.8000001f, 0}, {50, 50, 60, 60, 0.8f, 1}, {70, 70, 90, 90, 0.5f, 2}};

static double apart(const float other[ROWS][WIDTH])
{
    const as_shape  shape = {.rank = 3, .dims = {1, ROWS, WIDTH}};
    const as_tensor a = as_tensor_view(AS_DTYPE_F32, &shape, (void *)(uintptr_t)list);
    const as_tensor b = as_tensor_view(AS_DTYPE_F32, &shape, (void *)(uintptr_t)other);
    double          ret, largest;
    as_answer_apart(&(as_answer){.outputs = &a, .n_outputs = 1}, &(as_answer){.outputs = &b, .n_outputs = 1}, &ret,
                    &largest);
    assert_true(largest > 89.9 && largest < 90.1);
    return ret;
}

static void test_which_of_two_equals_comes_first_is_no_difference(void **state)
{
    (void)state;
    float other[ROWS][WIDTH];
    memcpy(other, list, sizeof list);
    assert_true(apart(other) <= 0);
    memcpy(other[1], list[2], sizeof list[2]);
    memcpy(other[2], list[1], sizeof list[1]);
    other[2][ROWS] = 0.8f; /* rounded the other way */
    assert_true(apart(other) < 1e-6);
}

static void test_a_box_that_moved_is_one(void **state)
{
    (void)state;
    float other[ROWS][WIDTH];
    memcpy(other, list, sizeof list);
    other[0][2] = 20.25f;
    assert_true(fabs(apart(other) - 0.25) < 1e-6);
}

/* As good as the last that was kept: which of them the cut leaves is no difference; a better one that is gone is. */
static void test_what_the_cut_leaves_out(void **state)
{
    (void)state;
    float other[ROWS][WIDTH] = {{0}};
    memcpy(other, list, sizeof list);
    for (int k = 0; k < 4; k++)
        other[ROWS - 1][k] += 5;
    assert_true(apart(other) < 1e-6);
    memcpy(other, list, sizeof list);
    memcpy(other[0], list[1], 3 * sizeof list[0]); /* the best is gone, another one came behind */
    memcpy(other[3], (const float[]){1, 1, 2, 2, 0.5f, 0}, sizeof other[3]);
    assert_true(apart(other) > 5); /* by where it is, not by its score alone */
}

/* Scores that are all the same tell no order: numbers are compared where they stand. */
static void test_equal_scores_are_no_list(void **state)
{
    (void)state;
    const as_shape  shape = {.rank = 3, .dims = {1, 2, WIDTH}};
    float           rows[2][2][WIDTH] = {{{0, 0, 10, 10, 1, 0}, {5, 5, 9, 9, 1, 1}},
                                         {{900, 900, 910, 910, 1, 0}, {700, 700, 710, 710, 1, 1}}};
    const as_tensor a = as_tensor_view(AS_DTYPE_F32, &shape, rows[0]),
                    b = as_tensor_view(AS_DTYPE_F32, &shape, rows[1]);
    double ret;
    as_answer_apart(&(as_answer){.outputs = &a, .n_outputs = 1}, &(as_answer){.outputs = &b, .n_outputs = 1}, &ret,
                    NULL);
    assert_true(ret > 899);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_of_two_equals_comes_first_is_no_difference),
        cmocka_unit_test(test_a_box_that_moved_is_one),
        cmocka_unit_test(test_what_the_cut_leaves_out),
        cmocka_unit_test(test_equal_scores_are_no_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
