/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/unlike.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"

#define N 400

/* Two kinds far apart; in both, the second number follows the first, and the third is always 7. */
static void fill(double *rows, size_t n, double apart)
{
    as_rng rng = as_rng_new(4);
    for (size_t i = 0; i < n; i++) {
        double a = as_rng_normal(&rng);
        rows[3 * i] = (i % 2 ? apart : 0) + a;
        rows[3 * i + 1] = a + 0.1 * as_rng_normal(&rng);
        rows[3 * i + 2] = 7;
    }
}

static void test_finds(void **state)
{
    (void)state;
    static double rows[3 * N];
    const double  floors[] = {0.1, 0.1, 1};
    as_err        err = AS_ERR_NONE;
    double        z;
    fill(rows, N, 100);
    as_unlike *u = as_unlike_new(rows, N, 3, floors, &err);
    assert_non_null(u);
    double limit = as_unlike_limit(u, 0.995);
    size_t n_far = 0;
    for (size_t i = 0; i < N; i++)
        n_far += as_unlike_distance(u, rows + 3 * i) > limit; /* with itself among the near ones: less than usual */
    assert_true(n_far <= 2);
    assert_true(as_unlike_distance(u, (double[]){0.5, 0.5, 7}) < limit);
    assert_true(as_unlike_distance(u, (double[]){100.5, 0.5, 7}) < limit);
    assert_true(as_unlike_distance(u, (double[]){50, 0, 7}) > limit); /* between the kinds: the mean of all */
    assert_true(as_unlike_distance(u, (double[]){0.5, 0.5, 17}) > limit);
    assert_int_equal(as_unlike_column(u, (double[]){0.5, 0.5, 17}, &z), 2);
    assert_true(fabs(z - 10) < 1e-9);
    assert_true(as_unlike_limit(u, 0.5) < limit && as_unlike_limit(u, 1) >= limit && as_unlike_limit(u, 0) > 0);
    as_unlike_free(u);
}

/* Each number is usual, both together are not. */
static void test_together(void **state)
{
    (void)state;
    static double rows[3 * N];
    as_err        err = AS_ERR_NONE;
    fill(rows, N, 0);
    as_unlike *u = as_unlike_new(rows, N, 3, NULL, &err);
    assert_non_null(u);
    assert_true(as_unlike_distance(u, (double[]){1.2, 1.2, 7}) < as_unlike_limit(u, 0.995));
    assert_true(as_unlike_distance(u, (double[]){1.2, -1.2, 7}) > as_unlike_limit(u, 1));
    as_unlike_free(u);
}

static void test_refuses(void **state)
{
    (void)state;
    static double rows[3 * N];
    as_err        err = AS_ERR_NONE;
    fill(rows, N, 100);
    assert_null(as_unlike_new(rows, AS_UNLIKE_LEAST - 1, 3, NULL, &err));
    assert_int_equal(err.code, AS_EINVAL);
    as_unlike_free(NULL);
}

/* A reference of one and the same picture. */
static void test_constant(void **state)
{
    (void)state;
    double rows[AS_UNLIKE_LEAST] = {0};
    as_err err = AS_ERR_NONE;
    for (size_t i = 0; i < AS_UNLIKE_LEAST; i++)
        rows[i] = 5;
    as_unlike *u = as_unlike_new(rows, AS_UNLIKE_LEAST, 1, (double[]){0.5}, &err);
    assert_non_null(u);
    assert_true(as_unlike_distance(u, (double[]){5}) <= as_unlike_limit(u, 0.99));
    assert_true(as_unlike_distance(u, (double[]){9}) > as_unlike_limit(u, 0.99));
    as_unlike_free(u);
}

static void test_many(void **state)
{
    (void)state;
    size_t  n = AS_UNLIKE_MOST + 501;
    double *rows = calloc(3 * n, sizeof *rows);
    as_err  err = AS_ERR_NONE;
    fill(rows, n, 100);
    as_unlike *u = as_unlike_new(rows, n, 3, NULL, &err);
    assert_non_null(u);
    assert_int_equal(as_unlike_count(u), AS_UNLIKE_MOST);
    as_unlike_free(u);
    free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds),    cmocka_unit_test(test_together), cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_constant), cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
