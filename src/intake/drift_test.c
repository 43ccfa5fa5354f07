/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/drift.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "image/codec.h"
#include "intake/reference.h"
#include "intake/set.h"
#include "intake/test_folder.h"

#define N_OLD 60
#define N_NEW 40

static void picture(uint64_t seed, uint32_t width, uint32_t height, int brighter, as_str *png)
{
    as_err   err = AS_ERR_NONE;
    as_rng   rng = as_rng_new(seed);
    as_image image = {0};
    assert_true(as_image_new(&image, AS_PIXEL_MONO8, width, height, &err));
    int level = 80 + (int)as_rng_below(&rng, 20) + brighter;
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            image.data[y * image.stride_bytes + x] =
                (uint8_t)(level + (int)((x / 8 + y / 8) % 2) * 40 + (int)as_rng_below(&rng, 9));
    assert_true(as_codec_encode_png(&image, 1, png, &err));
    as_image_done(&image);
}

/* Adds n pictures and commits; returns the level the last one got. */
static as_check_level bring(test_space *space, const char *stem, size_t n, uint32_t side, int brighter, char *text)
{
    as_err         err = AS_ERR_NONE;
    as_check_level level = AS_CHECK_NONE;
    as_commit      commit;
    as_intake     *intake = as_intake_open(space->ws, space->spec, &err);
    if (!intake)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < n; i++) {
        char   name[64];
        as_str png;
        as_str_init(&png);
        snprintf(name, sizeof name, "%s/%03zu.png", stem, i);
        picture(i * 7919 + (uint64_t)stem[0] * 1000003, side, 48, brighter, &png);
        as_sample sample = {.name = name, .label = i % 3 ? "good" : "bad", .camera = "", .utc = 1, .severity = NAN};
        if (!as_intake_add(intake, (const uint8_t *)png.s, png.len, &sample, &level, text, &err))
            fail_msg("%s", err.text);
        as_str_done(&png);
    }
    assert_true(as_intake_split(intake, 1, &err));
    if (!as_intake_commit(intake, stem, &commit, &err))
        fail_msg("%s", err.text);
    as_intake_close(intake);
    return level;
}

static const as_drift_row *row(const as_drift *drift, const char *name)
{
    for (size_t i = 0; i < drift->n; i++)
        if (strcmp(drift->at[i].name, name) == 0)
            return &drift->at[i];
    fail_msg("no row '%s'", name);
    return NULL;
}

static as_drift compare(test_space *space, const char *reference, const char *commit)
{
    as_drift drift;
    as_err   err = AS_ERR_NONE;
    if (!as_drift_find(space->ws, space->spec, reference, commit, &drift, &err))
        fail_msg("%s", err.text);
    return drift;
}

static void test_named(void **state)
{
    (void)state;
    test_space space;
    char       text[AS_CHECK_TEXT_BYTES];
    test_space_make(&space, "drift", "");
    bring(&space, "old", N_OLD, 64, 0, text);
    bring(&space, "same", N_NEW, 64, 0, text);
    bring(&space, "light", N_NEW, 64, 25, text);
    as_drift drift = compare(&space, "main~2", "main~1");
    assert_int_equal(drift.n_before, N_OLD);
    assert_int_equal(drift.n_after, N_NEW);
    assert_int_equal(drift.n_changed, 0);
    for (size_t i = 0; i < drift.n; i++)
        assert_true(drift.at[i].p >= AS_DRIFT_ALPHA && drift.at[i].remedy[0] == '\0');
    drift = compare(&space, "main~1", "main"); /* half of what is compared with is as before */
    assert_int_equal(drift.n_before, N_OLD + N_NEW);
    assert_int_equal(drift.n_after, N_NEW); /* and what the reference has is not new */
    const as_drift_row *r = row(&drift, "brightness");
    assert_true(r->changed && r->p < 1e-6 && r->psi > 1 && r->value > 0.9);
    assert_non_null(strstr(r->text, "median 1"));
    assert_non_null(strstr(r->remedy, "exposure"));
    assert_false(row(&drift, "width")->changed);
    assert_false(row(&drift, "class")->changed);
    space.spec->max_psi = 99; /* what does not matter is not told */
    assert_int_equal(compare(&space, "main~1", "main").n_changed, 0);
    test_space_done(&space);
}

static void test_too_few(void **state)
{
    (void)state;
    test_space space;
    as_drift   drift;
    as_err     err = AS_ERR_NONE;
    char       text[AS_CHECK_TEXT_BYTES];
    test_space_make(&space, "drift_few", "");
    bring(&space, "old", N_OLD, 64, 0, text);
    assert_false(as_drift_find(space.ws, space.spec, "main", "main", &drift, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_false(as_drift_find(space.ws, space.spec, "main~7", "main", &drift, &err));
    test_space_done(&space);
}

/* As a row of the checks on a version. */
static void test_set_row(void **state)
{
    (void)state;
    static as_set_report report;
    test_space           space;
    as_commit            commit;
    as_err               err = AS_ERR_NONE;
    char                 text[AS_CHECK_TEXT_BYTES];
    size_t               n_warned = 0;
    test_space_make(&space, "drift_set", "");
    bring(&space, "old", N_OLD, 64, 0, text);
    bring(&space, "light", N_NEW, 64, 25, text);
    assert_true(as_commit_find(space.ws, "", &commit, &err));
    space.spec->reference = "main~1";
    space.spec->variants[0] = (as_variant){"light", "name~\"light/*\"", N_NEW + 1};
    space.spec->variants[1] = (as_variant){"old", "name~\"old/00*\"", 10};
    space.spec->variants[2] = (as_variant){"odd", "colour=red", 1};
    space.spec->n_variants = 3;
    memset(&report, 0, sizeof report);
    if (!as_set_run_commit(space.ws, space.spec, &commit, &report, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < report.n; i++) {
        const as_set_finding *f = &report.at[i];
        if (strcmp(f->check, "drift") == 0 && strstr(f->text, "brightness is not as in the reference")) {
            assert_int_equal(f->level, AS_CHECK_WARN);
            assert_int_equal(f->n, N_NEW);
            n_warned++;
        }
        if (strcmp(f->check, "variants") != 0)
            continue;
        assert_int_equal(f->level, AS_CHECK_WARN);
        n_warned += strstr(f->text, "variant 'light' has 40 pictures, and product.variants asks for 41") != NULL;
        n_warned += strstr(f->text, "variant 'odd' cannot be looked for: ") != NULL;
        n_warned += strstr(f->text, "50 pictures are of no variant, the first: 'old/010.png'") != NULL;
    }
    assert_int_equal(n_warned, 4);
    test_space_done(&space);
}

/* On the way in: what is of another size than all of the reference is told, what is like it is not. */
static void test_unlike(void **state)
{
    (void)state;
    test_space    space;
    as_reference *reference;
    as_err        err = AS_ERR_NONE;
    char          text[AS_CHECK_TEXT_BYTES];
    test_space_make(&space, "unlike", "");
    space.spec->reference = "main";
    assert_false(as_reference_open(space.ws, space.spec, &reference, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_non_null(strstr(err.text, "intake.reference"));
    space.spec->reference = "";
    bring(&space, "old", N_OLD, 64, 0, text);
    space.spec->reference = "main";
    assert_int_equal(bring(&space, "like", 1, 64, 0, text), AS_CHECK_OK);
    space.spec->reference = "main~1";
    assert_int_equal(bring(&space, "wide", 1, 96, 0, text), AS_CHECK_WARN);
    assert_non_null(strstr(text, "most by width: 96, there 64 to 64"));
    assert_int_equal(bring(&space, "bright", 1, 64, 100, text), AS_CHECK_WARN);
    assert_non_null(strstr(text, "brightness"));
    space.spec->levels[AS_RULE_UNLIKE] = AS_CHECK_OK; /* nobody wants to know */
    assert_int_equal(bring(&space, "tall", 1, 97, 0, text), AS_CHECK_OK);
    space.spec->levels[AS_RULE_UNLIKE] = AS_CHECK_WARN;
    test_space_done(&space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_named),
        cmocka_unit_test(test_too_few),
        cmocka_unit_test(test_set_row),
        cmocka_unit_test(test_unlike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
