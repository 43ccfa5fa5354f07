/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/optics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Worked by hand: 16 mm at 416 mm is m = 0.04; 3.45 um: 11.594 px/mm. */
static void optics_follow_the_formulas(void **state)
{
    (void)state;
    as_optics o = {16, 4, 416, 3.45};
    assert_true(fabs(as_optics_magnification(&o) - 0.04) < 1e-9);
    assert_true(fabs(as_optics_px_per_mm(&o) - 11.5942) < 1e-3);
    /* 10 mm beyond: 4 mm of aperture * 0.04 * 10 / 426 = 3.756 um, 1.0886 px */
    assert_true(fabs(as_optics_disc_px(&o, 10) - 1.0886) < 1e-3);
    assert_true(as_optics_disc_px(&o, -10) > as_optics_disc_px(&o, 10));
    double depth = as_optics_depth_mm(&o), k = 0.0215625; /* 0.00345 / (4 * 0.04) */
    assert_true(fabs(depth - 416 * (k / (1 - k) + k / (1 + k))) < 1e-6);
    assert_true(fabs(as_optics_disc_px(&o, 416 * k / (1 - k)) - 1.0) < 1e-9);
    assert_true(fabs(as_optics_disc_px(&o, -416 * k / (1 + k)) - 1.0) < 1e-9);
    assert_true(fabs(as_optics_airy_px(&o) - 0.55 * 4 * 1.04 / 3.45) < 1e-9);
    as_optics closed = o;
    closed.f_number = 8;
    assert_true(fabs(as_optics_light(&o) / as_optics_light(&closed) - 4.0) < 1e-9);
    assert_true(as_optics_depth_mm(&closed) > 1.99 * depth);
}

static void optics_refuse_nonsense(void **state)
{
    (void)state;
    const as_optics bad[] = {{0, 4, 400, 3}, {16, 0, 400, 3}, {16, 4, 1, 3}, {16, 4, 400, NAN}, {50, 4, 50, 3}};
    as_err          err = AS_ERR_NONE;
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        assert_false(as_optics_check(&bad[i], &err));
        assert_int_equal(err.code, AS_EINVAL);
    }
    assert_non_null(strstr(err.text, "move it further off"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(optics_follow_the_formulas),
        cmocka_unit_test(optics_refuse_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
