/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/coreset.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

enum { N = 600, SIZE = 21, KEPT = 60 };

static float rows[N * SIZE];

static void draw(void)
{
    as_rng rng = as_rng_new(3);
    for (size_t i = 0; i < AS_COUNT(rows); i++)
        rows[i] = (float)as_rng_normal(&rng);
}

static double distance(size_t a, size_t b)
{
    double sum = 0;
    for (size_t i = 0; i < SIZE; i++)
        sum += pow((double)rows[a * SIZE + i] - (double)rows[b * SIZE + i], 2);
    return sqrt(sum);
}

/* The furthest row from the first `taken`, by the definition. */
static double furthest(const uint32_t *found, size_t taken, size_t *ret_row)
{
    double most = -1;
    for (size_t r = 0; r < N; r++) {
        double least = INFINITY;
        for (size_t i = 0; i < taken; i++)
            least = fmin(least, distance(r, found[i]));
        if (least > most) {
            most = least;
            *ret_row = r;
        }
    }
    return most;
}

static void test_each_is_the_furthest(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_coreset_cfg cfg = {.seed = 5};
    uint32_t       found[KEPT], again[KEPT];
    size_t         n, row;
    double         radius;
    draw();
    assert_true(as_coreset_select(rows, N, SIZE, &cfg, KEPT, found, &n, &radius, &err));
    assert_int_equal(n, KEPT);
    for (size_t i = 1; i < KEPT; i++) {
        furthest(found, i, &row);
        assert_int_equal(found[i], row);
    }
    assert_true(fabs(radius - furthest(found, KEPT, &row)) < 1e-5);
    assert_true(as_coreset_select(rows, N, SIZE, &cfg, KEPT, again, &n, NULL, &err));
    assert_memory_equal(found, again, sizeof found);
    cfg.seed = 6;
    assert_true(as_coreset_select(rows, N, SIZE, &cfg, KEPT, again, &n, NULL, &err));
    assert_memory_not_equal(found, again, sizeof found);
}

/* Projected, it covers nearly as well; at random, it does not. */
static void test_projected(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_coreset_cfg cfg = {.seed = 5, .project = 12};
    uint32_t       found[KEPT];
    size_t         n, row;
    draw();
    assert_true(as_coreset_select(rows, N, SIZE, &cfg, KEPT, found, &n, NULL, &err));
    double         projected = furthest(found, KEPT, &row), exact = 0;
    as_coreset_cfg plain = {.seed = 5};
    assert_true(as_coreset_select(rows, N, SIZE, &plain, KEPT, found, &n, &exact, &err));
    assert_true(projected < 1.5 * exact);
}

static void test_copies_and_limits(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_coreset_cfg cfg = {.seed = 1};
    uint32_t       found[KEPT];
    size_t         n;
    double         radius;
    draw();
    for (size_t r = 3; r < N; r++)
        memcpy(rows + r * SIZE, rows + r % 3 * SIZE, SIZE * sizeof *rows);
    assert_true(as_coreset_select(rows, N, SIZE, &cfg, KEPT, found, &n, &radius, &err));
    assert_int_equal(n, 3);
    assert_true(radius == 0);
    assert_false(as_coreset_select(rows, N, SIZE, &cfg, N + 1, found, &n, NULL, &err));
    rows[SIZE * 7 + 2] = NAN;
    assert_false(as_coreset_select(rows, N, SIZE, &cfg, KEPT, found, &n, NULL, &err));
    assert_non_null(strstr(err.text, "row 7 "));
}

static void test_stops(void **state)
{
    (void)state;
    as_err            err = AS_ERR_NONE;
    const atomic_bool stop = true;
    const as_progress progress = {.stop = &stop};
    as_coreset_cfg    cfg = {.seed = 1, .progress = &progress};
    uint32_t          found[KEPT];
    size_t            n;
    draw();
    assert_false(as_coreset_select(rows, N, SIZE, &cfg, KEPT, found, &n, NULL, &err));
    assert_int_equal(err.code, AS_ECANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_is_the_furthest),
        cmocka_unit_test(test_projected),
        cmocka_unit_test(test_copies_and_limits),
        cmocka_unit_test(test_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
