/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/optics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "twin/lens.h"
#include "twin/twin_priv.h"

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

static double optics_mtf(const as_lens *lens, double cycles_px)
{
    double sum = 0;
    for (int i = 0; i < lens->n_y; i++)
        sum += (double)lens->y[i] * cos(6.283185307179586 * cycles_px * (i - lens->n_y / 2));
    return sum;
}

/* What a scene is seen through without a word of its lens has no more contrast than the stop that `twin show` names leaves
 * it, on any sensor's pitch (Goodman, as in lens_test.c); and is the lens that the same stop, asked for, gives. */
static void optics_usual_lens_stays_below_the_limit_of_diffraction(void **state)
{
    (void)state;
    static const char *const sensors[] = {NULL, "imx226", "imx250", "imx287"};
    as_err                   err = AS_ERR_NONE;
    for (size_t i = 0; as_twin_scene_at(i); i++)
        for (size_t k = 0; k < 2 * AS_COUNT(sensors); k++) {
            as_twin_cfg cfg = as_twin_cfg_default();
            cfg.sensor = sensors[k / 2];
            cfg.f_number = k % 2 ? 5.6 : -1;
            as_twin *twin = as_twin_open(as_twin_scene_at(i)->name, &cfg, &err);
            assert_non_null(twin);
            const as_optics   optics = as_twin_optics_of(twin);
            const double      airy = as_optics_airy_px(&optics);
            const as_lens_cfg blur = {
                .width = 64, .height = 64, .spread_px = twin->spread_px, .airy_px = twin->airy_px};
            as_lens lens;
            assert_true(as_lens_init(&lens, &blur, &err));
            assert_true(fabs(optics.f_number - 5.6) < 1e-12);
            for (double f = 0.05; f < 0.5001; f += 0.01) {
                double u = fmin(f * airy, 1.0), limit = 2.0 / 3.14159265 * (acos(u) - u * sqrt(1.0 - u * u));
                double seen = optics_mtf(&lens, f);
                if (seen > limit + 0.01)
                    fail_msg("%s, %s: %.2f cycles a pixel: %.3f, limit %.3f", as_twin_scene_at(i)->name,
                             cfg.sensor ? cfg.sensor : "plain", f, seen, limit);
            }
            as_twin_close(twin);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(optics_follow_the_formulas),
        cmocka_unit_test(optics_refuse_nonsense),
        cmocka_unit_test(optics_usual_lens_stays_below_the_limit_of_diffraction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
