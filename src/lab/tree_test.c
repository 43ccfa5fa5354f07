/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/tree.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint32_t rows8[8] = {0, 1, 2, 3, 4, 5, 6, 7};
static const double   ones8[8] = {1, 1, 1, 1, 1, 1, 1, 1};

static void test_one_threshold(void **state)
{
    (void)state;
    /* feature 1 parts the classes at 5 with a wide gap, feature 0 with a narrow one, feature 2 not at all */
    static const float    x[8 * 3] = {0, 1, 3, 1, 2, 4, 2, 3, 3, 3, 4, 4, 3.5f, 6, 3, 5, 7, 4, 6, 8, 3, 7, 9, 4};
    static const uint32_t labels[8] = {0, 0, 0, 0, 1, 1, 1, 1};
    as_tree_data          data = {3, 2, x, labels, ones8, rows8, 8};
    static as_tree        tree;
    as_err                err = AS_ERR_NONE;
    assert_true(as_tree_grow(&data, 3, 1, &tree, &err));
    assert_int_equal(tree.n_nodes, 3);
    assert_int_equal(tree.at[0].feature, 1);
    assert_true(fabsf(tree.at[0].threshold - 5) < 1e-6f && fabsf(tree.at[0].gap - 2) < 1e-6f);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(as_tree_class(&tree, as_tree_leaf(&tree, x + i * 3)), labels[i]);
}

static void test_two_levels(void **state)
{
    (void)state;
    static const float    x[8 * 2] = {0, 0, 0.1f, 1, 1, 0.1f, 1, 1, 0.2f, 0.1f, 0.1f, 0.8f, 0.9f, 0, 0.8f, 0.9f};
    static const uint32_t labels[8] = {0, 0, 0, 1, 0, 0, 0, 1}; /* both high */
    static const double   weights[8] = {1, 1, 1, 2, 1, 1, 1, 2};
    as_tree_data          data = {2, 2, x, labels, weights, rows8, 8};
    static as_tree        tree;
    as_err                err = AS_ERR_NONE;
    assert_true(as_tree_grow(&data, 2, 1, &tree, &err));
    int wrong = 0;
    for (size_t i = 0; i < 8; i++)
        wrong += as_tree_class(&tree, as_tree_leaf(&tree, x + i * 2)) != labels[i];
    assert_int_equal(wrong, 0);
    assert_int_equal(tree.n_nodes, 5);
    assert_true(as_tree_grow(&data, 0, 1, &tree, &err));
    assert_int_equal(tree.n_nodes, 1);
    assert_true(fabs(tree.at[0].mass[0] - 6) < 1e-12 && fabs(tree.at[0].mass[1] - 4) < 1e-12);
}

static void test_min_rows(void **state)
{
    (void)state;
    static const float    x[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    static const uint32_t labels[8] = {1, 0, 0, 0, 0, 0, 0, 0};
    as_tree_data          data = {1, 2, x, labels, ones8, rows8, 8};
    static as_tree        tree;
    as_err                err = AS_ERR_NONE;
    assert_true(as_tree_grow(&data, 3, 3, &tree, &err));
    for (size_t i = 0; i < tree.n_nodes; i++)
        assert_true(tree.at[i].n_rows >= 3);
    assert_true(tree.n_nodes > 1);
    assert_true(as_tree_grow(&data, 3, 5, &tree, &err));
    assert_int_equal(tree.n_nodes, 1);
}

static void test_nothing_to_split(void **state)
{
    (void)state;
    static const float    x[8] = {2, 2, 2, 2, 2, 2, 2, 2};
    static const uint32_t labels[8] = {0, 1, 0, 1, 0, 1, 0, 1};
    as_tree_data          data = {1, 2, x, labels, ones8, rows8, 8};
    static as_tree        tree;
    as_err                err = AS_ERR_NONE;
    assert_true(as_tree_grow(&data, 3, 1, &tree, &err));
    assert_int_equal(tree.n_nodes, 1);
    data.n_rows = 0;
    assert_false(as_tree_grow(&data, 3, 1, &tree, &err));
    assert_int_equal(err.code, AS_EINVAL);
    data.n_rows = 8;
    assert_false(as_tree_grow(&data, AS_TREE_MAX_DEPTH + 1, 1, &tree, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_threshold),
        cmocka_unit_test(test_two_levels),
        cmocka_unit_test(test_min_rows),
        cmocka_unit_test(test_nothing_to_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
