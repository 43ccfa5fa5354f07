/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/feret.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

enum { SIDE = 48 };

/* All pairs of pixels, and all directions, as the words say it. */
static void by_hand(const uint8_t *inside, double *most, double *least)
{
    *most = 0;
    *least = INFINITY;
    for (int i = 0; i < SIDE * SIDE; i++)
        for (int k = i; inside[i] && k < SIDE * SIDE; k++)
            if (inside[k])
                *most = fmax(*most, hypot(i % SIDE - k % SIDE, i / SIDE - k / SIDE));
    for (int turn = 0; turn < 18000; turn++) {
        double c = cos(turn * M_PI / 18000), s = sin(turn * M_PI / 18000), low = INFINITY, high = -INFINITY;
        for (int i = 0; i < SIDE * SIDE; i++)
            if (inside[i]) {
                double at = i % SIDE * c + i / SIDE * s;
                low = fmin(low, at);
                high = fmax(high, at);
            }
        *least = fmin(*least, high - low);
    }
    *most += 1;
    *least += 1;
}

static void is_as_by_hand(const uint8_t *inside, const char *what)
{
    as_feret_point points[2 * SIDE];
    double         most, least, all_most, all_least;
    as_feret_of_mask(inside, SIDE, 0, SIDE, points, &most, &least);
    by_hand(inside, &all_most, &all_least);
    if (fabs(most - all_most) > 1e-9 || fabs(least - all_least) > 0.01)
        fail_msg("%s: %g long and %g broad, not %g and %g", what, all_most, all_least, most, least);
}

static void feret_is_that_of_all_pixels(void **state)
{
    static uint8_t inside[SIDE * SIDE];
    as_rng         rng = as_rng_stream(5, 1);
    (void)state;
    for (int i = 0; i < 12; i++) { /* ellipses with holes, pieces beside them */
        double c = cos(i), s = sin(i), long_ = 4 + as_rng_unit(&rng) * 17, wide = 1 + as_rng_unit(&rng) * 8;
        for (int k = 0; k < SIDE * SIDE; k++) {
            double x = k % SIDE - 23.5, y = k / SIDE - 23.5, u = (x * c + y * s) / long_, v = (y * c - x * s) / wide;
            inside[k] = u * u + v * v <= 1 && as_rng_unit(&rng) < 0.8;
        }
        inside[SIDE * (5 + i) + 3 * i] = 1;
        is_as_by_hand(inside, "an ellipse");
    }
}

static void feret_of_little(void **state)
{
    static uint8_t inside[SIDE * SIDE];
    as_feret_point points[2 * SIDE];
    double         most = 7, least = 7;
    (void)state;
    memset(inside, 0, sizeof inside);
    as_feret_of_mask(inside, SIDE, 0, SIDE, points, &most, &least);
    assert_true(most <= 0 && least <= 0);
    inside[SIDE * 7 + 9] = 1;
    is_as_by_hand(inside, "a pixel");
    for (int x = 9; x < 29; x++)
        inside[SIDE * 7 + x] = 1;
    as_feret_of_mask(inside, SIDE, 0, SIDE, points, &most, &least);
    assert_true(fabs(most - 20) < 1e-9 && fabs(least - 1) < 1e-9);
    memset(inside, 0, sizeof inside);
    for (int i = 3; i < 13; i++)
        inside[SIDE * i + i] = 1;
    as_feret_of_mask(inside, SIDE, 0, SIDE, points, &most, &least);
    assert_true(fabs(most - 1 - 9 * sqrt(2)) < 1e-6 && fabs(least - 1) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(feret_is_that_of_all_pixels),
        cmocka_unit_test(feret_of_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
