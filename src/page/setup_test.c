/* SPDX-License-Identifier: Apache-2.0 */
#include "page/setup.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "page/test_xml.h"

static const as_setup bench = {.title = "a <bench> & more",
                               .camera = "IMX264 <5 MP>",
                               .lens = "25 mm at F/4",
                               .light = "1,000 lx",
                               .belt = "400 mm/s",
                               .distance = "500 mm",
                               .depth = "sharp over 40 mm",
                               .field = "200 mm seen",
                               .defect = "2 mm",
                               .distance_mm = 500,
                               .near_mm = 480,
                               .far_mm = 520,
                               .field_mm = {180, 150},
                               .seen_mm = {200, 160},
                               .cameras = {1, 1},
                               .part_mm = {100, 80},
                               .height_mm = 30,
                               .pitch_mm = 150,
                               .defect_mm = 2,
                               .pixel_mm = 0.4,
                               .airy_px = 1.5,
                               .blur_px = 1};

static void draw(const as_setup *setup, bool alone, as_str *out)
{
    as_str_init(out);
    as_setup_add(out, setup, alone);
    assert_true(as_str_ok(out));
    if (!test_xml_is_whole(out->s))
        fail_msg("not well-formed");
    assert_null(strstr(out->s, "nan"));
    assert_null(strstr(out->s, "inf"));
}

/* The i-th dimension line that is drawn: its length. */
static double span(const char *svg, unsigned i)
{
    static const char mark[] = "<line class=\"su-dim\" ";
    double            x0 = 0, y0 = 0, x1 = 0, y1 = 0;
    for (unsigned k = 0; (svg = strstr(svg, mark)); k++, svg++)
        if (k == i &&
            sscanf(svg + sizeof mark - 1, "x1=\"%lf\" y1=\"%lf\" x2=\"%lf\" y2=\"%lf\"", &x0, &y0, &x1, &y1) == 4)
            return hypot(x1 - x0, y1 - y0);
    fail_msg("no dimension line %u", i);
    return 0;
}

static void test_scale(void **state)
{
    (void)state;
    as_str   out;
    as_setup at_rest = bench;
    at_rest.belt = NULL;
    draw(&at_rest, true, &out);
    /* The ruler and its two ends, the distance, the field. */
    double distance = span(out.s, 3), field = span(out.s, 4);
    assert_true(fabs(distance / field - 500.0 / (200.0 * 485 / 500)) < 0.01); /* of the part's top, 485 mm away */
    assert_true(fabs(span(out.s, 0) / distance - 100.0 / 500.0) < 0.01);
    assert_non_null(strstr(out.s, ">100 mm<"));
    assert_non_null(strstr(out.s, "a &lt;bench&gt; &amp; more"));
    assert_non_null(strstr(out.s, "IMX264 &lt;5 MP&gt;"));
    assert_null(strstr(out.s, "var(--"));
    as_str_done(&out);
    draw(&at_rest, false, &out);
    assert_non_null(strstr(out.s, "var(--ink)"));
    as_str_done(&out);
}

/* Whatever the numbers are, what is drawn is whole. */
static void test_extremes(void **state)
{
    (void)state;
    as_str   out;
    as_setup odd[] = {bench, bench, bench, bench, bench, bench, bench, bench};
    odd[0].far_mm = INFINITY;
    odd[1].distance_mm = 50000;
    odd[1].near_mm = 10000;
    odd[2].distance_mm = 8;
    odd[2].near_mm = 7;
    odd[3].cameras[0] = 8;
    odd[3].cameras[1] = 8;
    odd[4].defect_mm = 1e4;
    odd[5].part_mm[0] = odd[5].part_mm[1] = odd[5].height_mm = odd[5].pitch_mm = 0;
    odd[6].blur_px = 400;
    odd[6].airy_px = 90;
    odd[7].pixel_mm = 0; /* nothing to draw: an empty drawing */
    for (size_t i = 0; i < AS_COUNT(odd); i++) {
        draw(&odd[i], true, &out);
        assert_in_range(out.len, 100, 600000);
        assert_int_equal(strstr(out.s, "from the side") != NULL, i != 7);
        as_str_done(&out);
    }
}

/* Two cameras, each of which sees 525 mm of a web of 1,000, from 1,200 mm. */
static void test_web(void **state)
{
    (void)state;
    as_str   out;
    as_setup web = bench;
    web.distance_mm = 1200;
    web.near_mm = 1190;
    web.far_mm = 1210;
    web.height_mm = 1;
    web.field_mm[0] = web.seen_mm[0] = 1;
    web.field_mm[1] = 1000;
    web.seen_mm[1] = 1000 / 1.95;
    web.cameras[1] = 2;
    as_str_init(&out);
    as_setup_web_add(&out, &web, true);
    assert_true(as_str_ok(&out) && test_xml_is_whole(out.s));
    /* The ruler and its two ends, the distance, the width, from camera to camera. */
    double distance = span(out.s, 3), width = span(out.s, 4), step = span(out.s, 5);
    assert_true(fabs(distance / width - 1.2) < 0.01);
    assert_true(fabs(step / width - 0.95 / 1.95) < 0.01);
    assert_non_null(strstr(out.s, "seen along the web, to scale"));
    as_str_done(&out);
    web.cameras[1] = 64;
    web.far_mm = INFINITY;
    as_str_init(&out);
    as_setup_web_add(&out, &web, false);
    assert_true(as_str_ok(&out) && test_xml_is_whole(out.s) && !strstr(out.s, "inf") && !strstr(out.s, "nan"));
    as_str_done(&out);
}

static double covered(double diameter, double blur, double x, double y)
{
    double sum = 0;
    for (int row = 0; row < 20; row++)
        for (int column = 0; column < 20; column++)
            sum += as_setup_cover(diameter, blur, x, y, column, row);
    return sum;
}

static void test_cover(void **state)
{
    (void)state;
    /* All pixels together are the disc's area, wherever it lies and however it moves. */
    assert_true(fabs(covered(6, 0, 10, 10) - M_PI * 9) < 0.3);
    assert_true(fabs(covered(6, 0, 10.3, 9.6) - M_PI * 9) < 0.3);
    assert_true(fabs(covered(6, 4, 10, 10) - M_PI * 9) < 0.3);
    assert_true(as_setup_cover(6, 0, 10, 10, 9, 9) > 0.999);
    assert_true(as_setup_cover(6, 0, 10, 10, 2, 2) <= 0);
    /* Moved by four pixels along the columns it reaches two further there, and no further across. */
    assert_true(as_setup_cover(6, 4, 10, 10, 14, 9) > 0.05);
    assert_true(as_setup_cover(6, 4, 10, 10, 9, 14) <= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_cover),
        cmocka_unit_test(test_web),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
