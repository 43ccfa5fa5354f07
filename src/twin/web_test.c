/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/web.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HEIGHT 100

static const as_web_cfg free_run = {100.0, 1000.0, false, 0.1, HEIGHT}; /* 0.1 mm a line */

static as_web web_of(const as_web_cfg *cfg, const char *text)
{
    static as_script script;
    as_err           err = AS_ERR_NONE;
    as_web           web;
    if (text && !as_script_parse(text, strlen(text), "test", &script, &err))
        fail_msg("%s", err.text);
    assert_true(as_web_init(&web, cfg, text ? &script : NULL, &err));
    return web;
}

static double web_mm_of(const as_web *web, double line)
{
    return as_web_mm(as_web_at(web, line), line);
}

static double web_s_of(const as_web *web, double line)
{
    return as_web_s(as_web_at(web, line), line);
}

static void steady_belt(void **state)
{
    as_web web = web_of(&free_run, NULL);
    (void)state;
    assert_int_equal(web.n, 1);
    assert_true(fabs(web_mm_of(&web, 1e9) - 1e8) < 1e-6 && fabs(web_s_of(&web, 1e9) - 1e6) < 1e-6);
    assert_true(fabs(web_mm_of(&web, -50) + 5.0) < 1e-12);
    as_web_done(&web);
}

/* The picture is stretched by a belt that is slow for the lines, and goes on where it was. */
static void free_lines_and_speed(void **state)
{
    as_web web = web_of(&free_run, "faults: [{fault: belt_speed, from: 3, until: 5, amount: 0.5}]");
    (void)state;
    assert_int_equal(web.n, 3);
    assert_true(fabs(web_mm_of(&web, 200) - 20.0) < 1e-9);
    assert_true(fabs(web_mm_of(&web, 300) - 25.0) < 1e-9);
    assert_true(fabs(web_mm_of(&web, 500) - 40.0) < 1e-9);
    assert_true(fabs(web_s_of(&web, 500) - 0.5) < 1e-9);
    as_web_done(&web);
}

/* From 1 to 3 times the speed within 10 parts, by the mean: twice the way. In seconds the same. */
static void ramps(void **state)
{
    const char *texts[] = {"faults: [{fault: belt_speed, from: 11, full: 21, amount: 3}]",
                           "faults: [{fault: belt_speed, from: 1s, full: 2s, amount: 3}]"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        as_web web = web_of(&free_run, texts[i]);
        assert_int_equal(web.n, 34);
        assert_true(fabs(web_mm_of(&web, 1000) - 100.0) < 1e-3);
        assert_true(fabs(web_mm_of(&web, 2000) - 300.0) < 1e-3);
        assert_true(fabs(web_mm_of(&web, 3000) - 600.0) < 1e-3);
        for (size_t k = 1; k < web.n; k++) { /* no gap from one piece to the next */
            assert_true(fabs(as_web_mm(&web.pieces[k - 1], web.pieces[k].line) - web.pieces[k].mm) < 1e-9);
            assert_true(fabs(as_web_s(&web.pieces[k - 1], web.pieces[k].line) - web.pieces[k].s) < 1e-9);
        }
        as_web_done(&web);
    }
}

/* Its pulses give the place; when they come follows the belt. */
static void encoder_and_speed(void **state)
{
    as_web_cfg cfg = free_run;
    cfg.encoder = true;
    cfg.lines_per_s = 4000;
    as_web web = web_of(&cfg, "faults: [{fault: belt_speed, from: 0.1s, until: 0.2s, amount: 0.5}]");
    (void)state;
    assert_true(fabs(web_mm_of(&web, 12345) - 1234.5) < 1e-6);
    assert_true(fabs(web_s_of(&web, 100) - 0.1) < 1e-9);
    assert_true(fabs(web_s_of(&web, 150) - 0.2) < 1e-9);
    assert_true(fabs(web_s_of(&web, 250) - 0.3) < 1e-9);
    as_web_done(&web);
}

/* Pulses that come while the camera is busy are not used: each third at 2.5 times what it can. */
static void encoder_beyond_the_camera(void **state)
{
    as_web_cfg cfg = free_run;
    cfg.encoder = true;
    as_web web = web_of(&cfg, "faults: [{fault: belt_speed, from: 1, amount: 2.5}]");
    (void)state;
    assert_true(fabs(web_mm_of(&web, 1000) - 300.0) < 1e-6);
    assert_true(fabs(web_s_of(&web, 1000) - 3.0 / 2.5) < 1e-9);
    as_web_done(&web);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steady_belt),       cmocka_unit_test(free_lines_and_speed),      cmocka_unit_test(ramps),
        cmocka_unit_test(encoder_and_speed), cmocka_unit_test(encoder_beyond_the_camera),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
