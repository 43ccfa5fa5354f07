/* SPDX-License-Identifier: Apache-2.0 */
#include "page/plot.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "page/test_xml.h"

static void assert_near(double a, double b)
{
    if (!(fabs(a - b) < 1e-9))
        fail_msg("%.12g is not %.12g", a, b);
}

static void test_ticks(void **state)
{
    static const struct {
        double   low, high;
        unsigned want;
        bool     is_log;
        size_t   n;
        double   ticks[8];
    } cases[] = {
        {0, 1, 5, false, 6, {0, 0.2, 0.4, 0.6, 0.8, 1}},
        {0, 7.3, 5, false, 4, {0, 2, 4, 6}},
        {-0.11, 0.11, 4, false, 3, {-0.1, 0, 0.1}},
        {37.4, 78.6, 6, false, 4, {40, 50, 60, 70}},
        {0.002, 0.04, 6, true, 4, {0.002, 0.005, 0.01, 0.02}},
        {0.0001, 0.5, 6, true, 4, {0.0001, 0.001, 0.01, 0.1}},
        {1, 1, 5, false, 0, {0}},
        {2, 1, 5, false, 0, {0}},
        {0, 1, 5, true, 0, {0}},
    };
    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        double ticks[AS_PLOT_MAX_TICKS];
        size_t n = as_plot_ticks(cases[i].low, cases[i].high, cases[i].want, cases[i].is_log, ticks);
        assert_int_equal(n, cases[i].n);
        for (size_t t = 0; t < n && t < 4; t++)
            assert_near(ticks[t], cases[i].ticks[t]);
    }
    double ticks[AS_PLOT_MAX_TICKS];
    assert_int_equal(as_plot_ticks(0, 1, 5, false, ticks), 6);
    assert_false(signbit(ticks[0])); /* "-0" */
    assert_true(as_plot_ticks(1e-300, 1e300, 5, true, ticks) <= AS_PLOT_MAX_TICKS);
    assert_int_equal(as_plot_ticks(0, INFINITY, 5, false, ticks), 0);
    assert_int_equal(as_plot_ticks(NAN, 1, 5, false, ticks), 0);
}

static void test_count(void **state)
{
    static const double   values[] = {0, 0.24, 0.25, 0.99, 1, -7, 9, NAN, INFINITY};
    static const uint64_t want[4] = {3, 1, 0, 4};
    uint64_t              counts[4];
    (void)state;
    as_plot_count(values, AS_COUNT(values), 0, 1, counts, 4);
    assert_memory_equal(counts, want, sizeof want);
}

/* Where a point lies in the drawing, read back from what was written. */
static void test_places(void **state)
{
    (void)state;
    as_str  out;
    as_plot plot = {.out = &out,
                    .title = "t",
                    .width = 200,
                    .height = 100,
                    .x = {.high = 1, .bare = true},
                    .y = {.high = 10, .bare = true}};
    as_str_init(&out);
    as_plot_begin(&plot);
    assert_near(plot.left, 6);
    assert_near(plot.right, 180);
    as_str_clear(&out);
    as_plot_dot(&plot, "s1", 0.5, 10, 3, NULL);
    assert_non_null(strstr(out.s, "cx=\"93.0\" cy=\"12.0\""));
    as_str_clear(&out);
    as_plot_dot(&plot, "s1", 7, -1, 3, NULL); /* outside: at the border */
    assert_non_null(strstr(out.s, "cx=\"180.0\" cy=\"96.0\""));
    as_str_clear(&out);
    as_plot_dot(&plot, "s1", NAN, 1, 3, NULL);
    as_plot_bar(&plot, "s1", 0, 1, 5, 5, "empty");
    as_plot_bar(&plot, "s1", 0, NAN, 0, 5, "nowhere");
    as_plot_mark_x(&plot, "s1", NAN, "nowhere", 0);
    assert_string_equal(out.s, "");
    as_plot_bar(&plot, "s1", 0, 0.5, 0, 10, NULL); /* half of the width, all of the height, less the gap */
    assert_non_null(strstr(out.s, "x=\"6.5\" y=\"12.0\" width=\"86.0\" height=\"84.0\""));
    as_str_done(&out);
}

static size_t count_of(const char *text, const char *word)
{
    size_t n = 0;
    for (const char *p = strstr(text, word); p; p = strstr(p + 1, word))
        n++;
    return n;
}

static void test_line_breaks(void **state)
{
    static const double x[] = {0, 1, 2, 3, 4, 5}, y[] = {1, 2, NAN, 3, 4, 1};
    (void)state;
    as_str  out;
    as_plot plot = {.out = &out, .title = "t", .x = {.high = 5}, .y = {.high = 5}};
    as_str_init(&out);
    as_plot_begin(&plot);
    as_plot_line(&plot, "s2", x, y, 6, false);
    as_plot_end(&plot);
    assert_int_equal(count_of(out.s, "<path class=\"line s2\""), 2);
    assert_int_equal(count_of(out.s, "L"), 3);
    assert_true(test_xml_is_whole(out.s));
    as_str_done(&out);
}

static void draw_all(as_plot *plot, double scale)
{
    static const double x[] = {0.1, 0.5, 0.9};
    const double        y[] = {0.2 * scale, 0.7 * scale, 0.4 * scale};
    as_plot_begin(plot);
    as_plot_line(plot, "s1", x, y, 3, true);
    as_plot_bar(plot, "bad", 0.2, 0.4, 0, scale, "<b>&\"bar\"</b>");
    as_plot_dot(plot, "good", 0.5, scale / 2, 4, "</title><script>");
    as_plot_whisker(plot, "s1", 0.5, 0, scale);
    as_plot_mark_x(plot, "point", 0.95, "a <label> that is wide", 1);
    as_plot_mark_y(plot, "point", scale / 3, "\xFF");
    as_plot_reference(plot, 0, 0, 1, scale);
    as_plot_end(plot);
}

/* Whatever the texts and ranges, the drawing is whole. */
static void test_whole(void **state)
{
    static const as_plot_axis axes[] = {
        {"<x>", 0, 1, AS_PLOT_NUMBER, false, false},      {"p & q", 0, 1, AS_PLOT_PERCENT, false, false},
        {"ms", 0.001, 1, AS_PLOT_MS, true, false},        {NULL, 0, 0, AS_PLOT_NUMBER, false, true},
        {"far", 0, 1e9, AS_PLOT_NUMBER, false, false},    {"not", NAN, INFINITY, AS_PLOT_NUMBER, true, false},
        {"turned", 5, -5, AS_PLOT_PERCENT, false, false},
    };
    (void)state;
    for (size_t i = 0; i < AS_COUNT(axes); i++)
        for (size_t k = 0; k < AS_COUNT(axes); k++) {
            as_str  out;
            as_plot plot = {.out = &out, .title = "<title> & \"more\"", .x = axes[i], .y = axes[k]};
            as_str_init(&out);
            draw_all(&plot, isfinite(axes[k].high) ? axes[k].high : 1);
            assert_true(as_str_ok(&out) && test_xml_is_whole(out.s));
            assert_null(strstr(out.s, "nan"));
            assert_null(strstr(out.s, "inf"));
            assert_null(strstr(out.s, "<script"));
            as_str_done(&out);
        }
}

static void test_gauge(void **state)
{
    (void)state;
    as_str        out;
    as_plot_gauge gauge = {.title = "<b>",
                           .css = "good",
                           .from = 0.8,
                           .to = 1,
                           .value = 0.95,
                           .low = 0.92,
                           .high = NAN,
                           .target = 0.9,
                           .at_least = true};
    as_str_init(&out);
    as_plot_gauge_add(&out, &gauge);
    assert_true(test_xml_is_whole(out.s));
    assert_non_null(strstr(out.s, "class=\"target\" x1=\"75.0\""));                       /* half of 5 to 145 */
    assert_non_null(strstr(out.s, "class=\"range good\" x=\"89.0\""));                    /* from the low bound */
    assert_non_null(strstr(out.s, "class=\"goal\" x=\"75.0\" y=\"8.0\" width=\"70.0\"")); /* from the target on */
    as_str_clear(&out);
    gauge.at_least = false;
    gauge.value = NAN;
    as_plot_gauge_add(&out, &gauge);
    assert_true(test_xml_is_whole(out.s));
    assert_null(strstr(out.s, "range"));
    assert_non_null(strstr(out.s, "class=\"goal\" x=\"5.0\" y=\"8.0\" width=\"70.0\""));
    as_str_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ticks),       cmocka_unit_test(test_count), cmocka_unit_test(test_places),
        cmocka_unit_test(test_line_breaks), cmocka_unit_test(test_whole), cmocka_unit_test(test_gauge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
