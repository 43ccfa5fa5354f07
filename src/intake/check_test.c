/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

#include "intake/state.h"

typedef struct seen {
    as_spec        spec;
    as_codec_info  info;
    as_image_stats stats;
    as_check_input in;
} seen;

/* A picture that nothing is wrong with. */
static void seen_make(seen *s)
{
    *s = (seen){.spec = {.max_clipped_ratio = 0.5},
                .info = {.width = 640, .height = 480},
                .stats = {.laplacian_variance = 100}};
    s->in = (as_check_input){
        .spec = &s->spec, .name = "a.png", .n_bytes = 1, .info = &s->info, .stats = &s->stats, .label = "good"};
}

static as_check_level run_row(const char *name, const as_check_input *in, char *text)
{
    memset(text, 0, AS_CHECK_TEXT_BYTES);
    for (size_t i = 0; as_check_at(i); i++)
        if (strcmp(as_check_at(i)->name, name) == 0)
            return as_check_at(i)->run(in, text);
    fail_msg("no check '%s'", name);
    return AS_CHECK_NONE;
}

static void test_rows_are_filled(void **state)
{
    (void)state;
    size_t n = 0;
    char   text[AS_CHECK_TEXT_BYTES];
    seen   s;
    seen_make(&s);
    for (; as_check_at(n); n++) {
        const as_check *row = as_check_at(n);
        assert_true(row->name && *row->name && row->summary && *row->summary && row->run);
        for (size_t k = 0; k < n; k++)
            assert_string_not_equal(row->name, as_check_at(k)->name);
        assert_int_equal(row->run(&s.in, text), AS_CHECK_OK);
    }
    assert_int_equal(n, 6);
}

static void test_whole(void **state)
{
    (void)state;
    char   text[AS_CHECK_TEXT_BYTES];
    as_err why = {AS_ECORRUPT, "ends after 7 of 9 rows"};
    seen   s;
    seen_make(&s);
    s.in.undecodable = &why;
    assert_int_equal(run_row("whole", &s.in, text), AS_CHECK_QUARANTINE);
    assert_string_equal(text, "ends after 7 of 9 rows");
    memset(why.text, 'x', sizeof why.text - 1);
    assert_int_equal(run_row("whole", &s.in, text), AS_CHECK_QUARANTINE);
    assert_int_equal(strlen(text), AS_CHECK_TEXT_BYTES - 1);
}

static void test_schema(void **state)
{
    (void)state;
    char text[AS_CHECK_TEXT_BYTES];
    seen s;
    seen_make(&s);
    s.spec.frame_px[0] = 640;
    s.spec.frame_px[1] = 480;
    assert_int_equal(run_row("schema", &s.in, text), AS_CHECK_OK);
    s.info.width = 641;
    assert_int_equal(run_row("schema", &s.in, text), AS_CHECK_QUARANTINE);
    assert_non_null(strstr(text, "641x480"));
    assert_non_null(strstr(text, "640x480"));
    s.spec.frame_px[0] = s.spec.frame_px[1] = 0;
    assert_int_equal(run_row("schema", &s.in, text), AS_CHECK_OK);
    s.info.n_pages = 3;
    assert_int_equal(run_row("schema", &s.in, text), AS_CHECK_WARN);
    assert_non_null(strstr(text, "has 3 pages"));
    s.info.height = 2;
    assert_int_equal(run_row("schema", &s.in, text), AS_CHECK_QUARANTINE);
}

static void test_exposure_and_sharpness(void **state)
{
    (void)state;
    char text[AS_CHECK_TEXT_BYTES];
    seen s;
    seen_make(&s);
    s.stats.clipped_low_ratio = 0.25;
    s.stats.clipped_high_ratio = 0.25;
    assert_int_equal(run_row("exposure", &s.in, text), AS_CHECK_OK);
    s.stats.clipped_high_ratio = 0.26;
    assert_int_equal(run_row("exposure", &s.in, text), AS_CHECK_QUARANTINE);
    assert_non_null(strstr(text, "25.0 % of its pixels are black and 26.0 % white"));
    assert_non_null(strstr(text, "allows 50 %"));
    s.spec.min_sharpness = 100;
    assert_int_equal(run_row("sharpness", &s.in, text), AS_CHECK_OK);
    s.spec.min_sharpness = 100.5;
    assert_int_equal(run_row("sharpness", &s.in, text), AS_CHECK_QUARANTINE);
    assert_non_null(strstr(text, "100.5"));
}

static void test_duplicate(void **state)
{
    (void)state;
    char name[600], text[AS_CHECK_TEXT_BYTES];
    seen s;
    seen_make(&s);
    s.in.duplicate_of = "b.png";
    s.in.duplicate_label = "good";
    assert_int_equal(run_row("duplicate", &s.in, text), AS_CHECK_WARN);
    assert_non_null(strstr(text, "'b.png'"));
    /* WANTED is for what HAS came for: never on both sides. A source's train/ says none when validation is drawn from it. */
    static const struct {
        as_split       wanted, has;
        as_check_level level;
    } cases[] = {{AS_SPLIT_TEST, AS_SPLIT_TRAIN, AS_CHECK_QUARANTINE},
                 {AS_SPLIT_TRAIN, AS_SPLIT_TEST, AS_CHECK_QUARANTINE},
                 {AS_SPLIT_TRAIN, AS_SPLIT_VALIDATION, AS_CHECK_QUARANTINE},
                 {AS_SPLIT_VALIDATION, AS_SPLIT_TEST, AS_CHECK_QUARANTINE},
                 {AS_SPLIT_NONE, AS_SPLIT_TEST, AS_CHECK_QUARANTINE},
                 {AS_SPLIT_NONE, AS_SPLIT_TRAIN, AS_CHECK_WARN},
                 {AS_SPLIT_NONE, AS_SPLIT_NONE, AS_CHECK_WARN},
                 {AS_SPLIT_TEST, AS_SPLIT_TEST, AS_CHECK_WARN}};
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        s.in.split = cases[i].wanted;
        s.in.duplicate_split = cases[i].has;
        assert_int_equal(run_row("duplicate", &s.in, text), cases[i].level);
        assert_int_equal(strstr(text, as_split_name(cases[i].has)) != NULL, cases[i].level == AS_CHECK_QUARANTINE);
    }
    /* A long name, cut in the middle of characters of two bytes at any place, leaves room for the class and is UTF-8. */
    s.in.duplicate_label = "bad";
    s.in.duplicate_of = name;
    for (size_t shift = 0; shift < 4; shift++) {
        memset(name, 0, sizeof name);
        memset(name, 'x', shift);
        for (size_t i = shift; i + 2 < sizeof name - 8; i += 2)
            memcpy(name + i, "\xc3\xa4", 2);
        assert_int_equal(run_row("duplicate", &s.in, text), AS_CHECK_QUARANTINE);
        assert_non_null(strstr(text, "which is 'bad'"));
        for (size_t i = 0, step; text[i]; i += step)
            assert_true((step = as_str_char_bytes(text + i, strlen(text + i))) > 0);
    }
}

static void test_run_stops_at_the_worst(void **state)
{
    (void)state;
    char        text[AS_CHECK_TEXT_BYTES];
    const char *check = NULL;
    seen        s;
    seen_make(&s);
    assert_int_equal(as_check_run(&s.in, false, &check, text), AS_CHECK_OK);
    assert_string_equal(text, "");
    assert_null(check);
    /* Too many clipped pixels and too soft: the first of them is told. */
    s.stats.clipped_low_ratio = 0.9;
    s.spec.min_sharpness = 1000;
    assert_int_equal(as_check_run(&s.in, false, &check, text), AS_CHECK_QUARANTINE);
    assert_string_equal(check, "exposure");
    /* Those in order do not run with the others. */
    seen_make(&s);
    s.in.duplicate_of = "b.png";
    s.in.duplicate_label = "bad";
    assert_int_equal(as_check_run(&s.in, false, &check, text), AS_CHECK_OK);
    assert_int_equal(as_check_run(&s.in, true, &check, text), AS_CHECK_QUARANTINE);
    assert_string_equal(check, "duplicate");
}

static void test_trim(void **state)
{
    (void)state;
    char text[AS_CHECK_TEXT_BYTES + 4];
    memset(text, 'x', sizeof text);
    memcpy(text + AS_CHECK_TEXT_BYTES - 2, "\xe2\x82\xac", 3); /* the first of three bytes fits */
    text[AS_CHECK_TEXT_BYTES - 1] = '\0';
    as_check_trim(text);
    assert_int_equal(strlen(text), AS_CHECK_TEXT_BYTES - 2);
    memcpy(text, "short \xc3\xa4", 9);
    as_check_trim(text);
    assert_string_equal(text, "short \xc3\xa4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_filled),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_schema),
        cmocka_unit_test(test_exposure_and_sharpness),
        cmocka_unit_test(test_duplicate),
        cmocka_unit_test(test_run_stops_at_the_worst),
        cmocka_unit_test(test_trim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
