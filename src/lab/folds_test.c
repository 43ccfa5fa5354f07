/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/folds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/test_pictures.h"

#define N 90

static void test_spread_evenly(void **state)
{
    (void)state;
    uint32_t groups[N], labels[N], folds[N], again[N], counts[5][3] = {0};
    as_err   err = AS_ERR_NONE;
    for (uint32_t i = 0; i < N; i++) {
        groups[i] = i - i % 2;
        labels[i] = i < 60 ? 0 : i < 80 ? 1 : 2;
    }
    assert_true(as_folds_deal(groups, labels, N, 3, 5, 7, folds, &err));
    for (uint32_t i = 0; i < N; i++) {
        assert_true(folds[i] < 5);
        assert_int_equal(folds[i], folds[groups[i]]);
        counts[folds[i]][labels[i]]++;
    }
    for (int f = 0; f < 5; f++) {
        assert_int_equal(counts[f][0], 12);
        assert_int_equal(counts[f][1], 4);
        assert_int_equal(counts[f][2], 2);
    }
    assert_true(as_folds_deal(groups, labels, N, 3, 5, 7, again, &err));
    assert_memory_equal(folds, again, sizeof folds);
    assert_true(as_folds_deal(groups, labels, N, 3, 5, 8, again, &err));
    assert_memory_not_equal(folds, again, sizeof folds);
}

static void test_more_folds_than_groups(void **state)
{
    (void)state;
    uint32_t groups[4] = {0, 0, 2, 2}, labels[4] = {0, 0, 1, 1}, folds[4];
    as_err   err = AS_ERR_NONE;
    assert_true(as_folds_deal(groups, labels, 4, 2, 5, 1, folds, &err));
    assert_true(folds[0] == folds[1] && folds[2] == folds[3] && folds[0] != folds[2]);
    assert_false(as_folds_deal(groups, labels, 4, 2, 0, 1, folds, &err));
    assert_int_equal(err.code, AS_EINVAL);
}

static void test_parts_make_groups(void **state)
{
    (void)state;
    test_set set;
    as_err   err = AS_ERR_NONE;
    uint32_t groups[18];
    size_t   n = 0;
    test_set_make(&set, "folds", &(test_set_cfg){16, 16, {6, 1, 1}, -1, 1});
    as_dataset *data = as_dataset_open(set.ws, set.spec, NULL, &err);
    assert_non_null(data);
    const uint32_t *at = as_dataset_split(data, AS_SPLIT_TRAIN, &n);
    assert_int_equal(n, 18);
    assert_true(as_folds_group(data, at, n, groups, &err));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++) {
            bool together = strcmp(as_dataset_sample(data, at[i])->part, as_dataset_sample(data, at[k])->part) == 0;
            assert_int_equal(groups[i] == groups[k], together);
        }
    as_dataset_close(data);
    test_set_done(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spread_evenly),
        cmocka_unit_test(test_more_folds_than_groups),
        cmocka_unit_test(test_parts_make_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
