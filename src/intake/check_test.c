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
                .stats = {.mean = 120, .contrast = 100, .laplacian_variance = 100}};
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
    assert_int_equal(n, 18);
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

static void test_schema_of_file(void **state)
{
    (void)state;
    char text[AS_CHECK_TEXT_BYTES];
    seen s;
    seen_make(&s);
    s.info.channels = 1;
    s.info.bit_depth = 16;
    s.spec.camera = "twin:cones?seed=1";
    s.spec.channels = 3;
    assert_int_equal(run_row("schema", &s.in, text), AS_CHECK_QUARANTINE);
    assert_string_equal(text, "has 1 channel, and station.channels says 3");
    s.spec.channels = 1;
    s.spec.bit_depth = 8;
    assert_int_equal(run_row("schema", &s.in, text), AS_CHECK_QUARANTINE);
    assert_string_equal(text, "has 16 bits a channel, and station.bit_depth says 8");
    s.info.bit_depth = 8;
    assert_int_equal(run_row("schema", &s.in, text), AS_CHECK_OK);
    s.spec.metadata = 1u << AS_METADATA_CAMERA | 1u << AS_METADATA_PART;
    assert_int_equal(run_row("schema", &s.in, text), AS_CHECK_QUARANTINE);
    assert_non_null(strstr(text, "which camera took it"));
    s.in.camera = "twin:cone";
    assert_int_equal(run_row("schema", &s.in, text), AS_CHECK_QUARANTINE);
    assert_string_equal(text, "is of camera 'twin:cone', and station.camera is 'twin:cones?seed=1'");
    s.in.camera = "twin:cones?seed=2";
    s.in.part = "a.png"; /* its own name: nobody said */
    assert_int_equal(run_row("schema", &s.in, text), AS_CHECK_QUARANTINE);
    assert_non_null(strstr(text, "which part it shows"));
    s.in.part = "a";
    assert_int_equal(run_row("schema", &s.in, text), AS_CHECK_OK);
}

static void test_clock_and_missing(void **state)
{
    (void)state;
    char text[AS_CHECK_TEXT_BYTES];
    seen s;
    seen_make(&s);
    s.in.name = "cones-1/000012.png";
    s.in.utc = 1000000000 * AS_NS_PER_S;
    s.in.previous_name = "cones-1/000011.png";
    s.in.previous_utc = s.in.utc;
    assert_int_equal(run_row("clock", &s.in, text), AS_CHECK_OK);
    assert_int_equal(run_row("missing", &s.in, text), AS_CHECK_OK);
    s.in.previous_utc += 2 * AS_NS_PER_S;
    assert_int_equal(run_row("clock", &s.in, text), AS_CHECK_WARN);
    assert_non_null(strstr(text, "2001-09-09T01:46:40.000"));
    assert_non_null(strstr(text, "2001-09-09T01:46:42.000"));
    s.in.previous_name = "cones-1/000010.png";
    assert_int_equal(run_row("missing", &s.in, text), AS_CHECK_WARN);
    assert_non_null(strstr(text, "one number is left out before it: 11 to 11"));
    s.in.previous_name = "cones-1/000002.png";
    assert_int_equal(run_row("missing", &s.in, text), AS_CHECK_WARN);
    assert_non_null(strstr(text, "3 to 11"));
    s.in.previous_name = "cones-2/000002.png"; /* of another capture */
    assert_int_equal(run_row("missing", &s.in, text), AS_CHECK_OK);
    s.in.previous_name = "cones-1/000002.jpg";
    assert_int_equal(run_row("missing", &s.in, text), AS_CHECK_OK);
    s.in.previous_name = "cones-1/x.png";
    assert_int_equal(run_row("missing", &s.in, text), AS_CHECK_OK);
    s.in.previous_name = "cones-1/000014.png"; /* back: the clock's business, or nobody's */
    assert_int_equal(run_row("missing", &s.in, text), AS_CHECK_OK);
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

static void test_what_the_pixels_say(void **state)
{
    (void)state;
    char text[AS_CHECK_TEXT_BYTES];
    seen s;
    seen_make(&s);
    s.stats.contrast = 2; /* one level, or noise over black */
    assert_int_equal(run_row("blank", &s.in, text), AS_CHECK_WARN);
    s.stats.contrast = 3;
    assert_int_equal(run_row("blank", &s.in, text), AS_CHECK_OK);
    s.stats.mean = 2;
    assert_int_equal(run_row("blank", &s.in, text), AS_CHECK_WARN);
    assert_non_null(strstr(text, "mean level is 2.0"));
    seen_make(&s);
    s.spec.max_blank_ratio = 0.25;
    s.stats.blank_rows_ratio = 0.25;
    assert_int_equal(run_row("half", &s.in, text), AS_CHECK_OK);
    s.stats.blank_columns_ratio = 0.5;
    assert_int_equal(run_row("half", &s.in, text), AS_CHECK_WARN);
    assert_non_null(strstr(text, "50 % of its columns"));
    s.spec.min_contrast = 100;
    assert_int_equal(run_row("contrast", &s.in, text), AS_CHECK_OK);
    s.spec.min_contrast = 101;
    assert_int_equal(run_row("contrast", &s.in, text), AS_CHECK_WARN);
    s.stats.noise = 5;
    assert_int_equal(run_row("noise", &s.in, text), AS_CHECK_OK); /* not asked for */
    s.spec.max_noise = 4;
    assert_int_equal(run_row("noise", &s.in, text), AS_CHECK_WARN);
    assert_non_null(strstr(text, "5.00 levels"));
    s.spec.max_motion_px = 12;
    s.stats.motion = (as_motion){25, 30, 0.6};
    assert_int_equal(run_row("motion", &s.in, text), AS_CHECK_WARN);
    assert_non_null(strstr(text, "25 px at 30 degrees"));
    s.stats.motion.certainty = 0.49;
    assert_int_equal(run_row("motion", &s.in, text), AS_CHECK_OK);
    s.stats.motion = (as_motion){12, 30, 0.6};
    assert_int_equal(run_row("motion", &s.in, text), AS_CHECK_OK);
    s.stats.motion.length_px = 25;
    s.spec.max_motion_px = 0;
    assert_int_equal(run_row("motion", &s.in, text), AS_CHECK_OK);
}

static void test_against_others(void **state)
{
    (void)state;
    static as_image_map now, before;
    char                text[AS_CHECK_TEXT_BYTES], name[300];
    seen                s;
    seen_make(&s);
    now.across = before.across = 64;
    now.down = before.down = 48;
    s.in.map = &now;
    assert_int_equal(run_row("frozen", &s.in, text), AS_CHECK_OK);
    s.in.previous = &before;
    assert_int_equal(run_row("frozen", &s.in, text), AS_CHECK_WARN);
    now.cells[47][63] = AS_IMAGE_MAP_ONE; /* something small moved */
    assert_int_equal(run_row("frozen", &s.in, text), AS_CHECK_OK);
    now.cells[47][63] = 0;
    for (size_t i = 0; i < AS_COUNT(now.samples); i += 2) /* the same scene, seen anew: noise */
        now.samples[i] = 1;
    assert_int_equal(run_row("frozen", &s.in, text), AS_CHECK_OK);
    assert_int_equal(run_row("near", &s.in, text), AS_CHECK_OK);
    s.in.near_of = "b.png";
    s.in.near_bits = 2;
    assert_int_equal(run_row("near", &s.in, text), AS_CHECK_WARN);
    assert_non_null(strstr(text, "'b.png' (2 of 64"));
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    s.in.near_of = name;
    assert_int_equal(run_row("near", &s.in, text), AS_CHECK_WARN);
    assert_non_null(strstr(text, "another part?"));
}

/* The file's level holds: what it says is ok is not looked at. */
static void test_levels(void **state)
{
    (void)state;
    char        text[AS_CHECK_TEXT_BYTES];
    const char *check = NULL;
    as_look     look = {0};
    seen        s;
    for (unsigned level = AS_CHECK_OK; level <= AS_CHECK_QUARANTINE; level++) {
        seen_make(&s);
        s.stats.contrast = 5;
        s.spec.min_contrast = 20;
        s.spec.levels[AS_RULE_CONTRAST] = level;
        assert_int_equal(as_check_run(&s.in, false, &look, &check, text), level);
        assert_int_equal(strstr(text, "min_contrast") != NULL, level > AS_CHECK_OK);
    }
    /* Several that warn: the first is told, all are counted. */
    as_intake_counts counts = {0};
    uint64_t         n = 0;
    s.spec.levels[AS_RULE_CONTRAST] = AS_CHECK_WARN;
    s.spec.max_blank_ratio = 0.1;
    s.stats.blank_rows_ratio = 0.2;
    look.found = 0;
    assert_int_equal(as_check_run(&s.in, false, &look, &check, text), AS_CHECK_WARN);
    assert_string_equal(check, "half");
    as_check_count(&counts, look.found, NULL, 1);
    as_check_count(&counts, look.found, "exposure", 1);
    for (size_t i = 0; as_check_at(i); i++) {
        n += counts.n_warned_by[i];
        assert_int_equal(counts.n_quarantined_by[i], strcmp(as_check_at(i)->name, "exposure") == 0);
    }
    assert_int_equal(n, 2);
    as_check_count(&counts, look.found, NULL, -1);
    for (size_t i = 0; as_check_at(i); i++)
        assert_int_equal(counts.n_warned_by[i], 0);
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
    as_look     look = {0};
    seen        s;
    seen_make(&s);
    assert_int_equal(as_check_run(&s.in, false, &look, &check, text), AS_CHECK_OK);
    assert_string_equal(text, "");
    assert_null(check);
    /* Too many clipped pixels and too soft: the first of them is told. */
    s.stats.clipped_low_ratio = 0.9;
    s.spec.min_sharpness = 1000;
    assert_int_equal(as_check_run(&s.in, false, &look, &check, text), AS_CHECK_QUARANTINE);
    assert_string_equal(check, "exposure");
    /* Those in order do not run with the others. */
    seen_make(&s);
    s.in.duplicate_of = "b.png";
    s.in.duplicate_label = "bad";
    assert_int_equal(as_check_run(&s.in, false, &look, &check, text), AS_CHECK_OK);
    assert_int_equal(as_check_run(&s.in, true, &look, &check, text), AS_CHECK_QUARANTINE);
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
        cmocka_unit_test(test_schema_of_file),
        cmocka_unit_test(test_clock_and_missing),
        cmocka_unit_test(test_exposure_and_sharpness),
        cmocka_unit_test(test_what_the_pixels_say),
        cmocka_unit_test(test_against_others),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_duplicate),
        cmocka_unit_test(test_run_stops_at_the_worst),
        cmocka_unit_test(test_trim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
