/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intake/state.h"
#include "intake/test_folder.h"

typedef struct fixture {
    test_space space;
    as_intake *intake;
} fixture;

static void fixture_make(fixture *f, const char *more)
{
    as_err err = AS_ERR_NONE;
    test_space_make(&f->space, "split", more);
    assert_non_null(f->intake = as_intake_open(f->space.ws, f->space.spec, &err));
}

static void fixture_done(fixture *f)
{
    f->intake = as_intake_close(f->intake);
    test_space_done(&f->space);
}

/* Straight into the manifest: no pixels are needed here. image: equal numbers are identical pictures. */
static void put(fixture *f, const char *name, const char *label, const char *part, uint64_t image, as_split split)
{
    as_err    err = AS_ERR_NONE;
    as_sample sample = {.name = name, .label = label, .part = part, .camera = "", .format = "png", .split = split};
    sample.severity = sample.sharpness = sample.clipped_ratio = NAN;
    memcpy(sample.image.b, &image, sizeof image);
    f->intake->given[split] = true;
    assert_true(as_manifest_add(f->intake->manifest, &sample, &err));
}

static void put_many(fixture *f, const char *label, size_t n, as_split split)
{
    static uint64_t image = 1000;
    for (size_t i = 0; i < n; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s/%s/%03zu", as_split_name(split), label, i);
        put(f, name, label, name, image++, split);
    }
}

static void count(const fixture *f, const char *label, size_t n[AS_SPLIT_COUNT])
{
    memset(n, 0, sizeof(size_t) * AS_SPLIT_COUNT);
    for (size_t i = 0; i < as_manifest_count(f->intake->manifest); i++)
        if (strcmp(as_manifest_at(f->intake->manifest, i)->label, label) == 0)
            n[as_manifest_at(f->intake->manifest, i)->split]++;
}

static void expect(fixture *f, uint64_t seed, const char *label, size_t train, size_t validation, size_t test)
{
    size_t n[AS_SPLIT_COUNT];
    as_err err = AS_ERR_NONE;
    assert_true(as_intake_split(f->intake, seed, &err));
    count(f, label, n);
    assert_int_equal(n[AS_SPLIT_TRAIN], train);
    assert_int_equal(n[AS_SPLIT_VALIDATION], validation);
    assert_int_equal(n[AS_SPLIT_TEST], test);
    assert_int_equal(n[AS_SPLIT_NONE], 0);
}

static void test_shares_of_each_class(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f, ""); /* 0.6 0.15 0.25 */
    put_many(&f, "good", 100, AS_SPLIT_NONE);
    put_many(&f, "bad", 11, AS_SPLIT_NONE);
    expect(&f, 1, "good", 60, 15, 25);
    expect(&f, 1, "bad", 6, 2, 3); /* 6.6, 1.65, 2.75: floors 6, 1, 2, and two largest remainders */
    fixture_done(&f);
}

static void test_few(void **state)
{
    (void)state;
    static const size_t want[6][3] = {{0, 0, 0}, {1, 0, 0}, {1, 0, 1}, {1, 1, 1}, {2, 1, 1}, {3, 1, 1}};
    for (size_t n = 1; n < AS_COUNT(want); n++) {
        fixture f;
        fixture_make(&f, "");
        put_many(&f, "bad", n, AS_SPLIT_NONE);
        expect(&f, 1, "bad", want[n][0], want[n][1], want[n][2]);
        fixture_done(&f);
    }
}

static void test_parts_and_twins_stay_together(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f, "");
    for (size_t i = 0; i < 60; i++) {
        char name[64], part[64];
        snprintf(name, sizeof name, "%03zu", i);
        snprintf(part, sizeof part, "part %zu", i / 3);
        /* Every fifth part has a picture in common with the next one: those two parts are one group. */
        put(&f, name, "good", part, i % 15 == 3 ? i - 1 : i, AS_SPLIT_NONE);
    }
    as_err err = AS_ERR_NONE;
    assert_true(as_intake_split(f.intake, 5, &err));
    for (size_t i = 0; i < 60; i++) {
        as_split first = as_manifest_at(f.intake->manifest, i / 3 * 3)->split;
        assert_int_equal(as_manifest_at(f.intake->manifest, i)->split, first);
        if (i % 15 == 3)
            assert_int_equal(as_manifest_at(f.intake->manifest, i - 1)->split, first);
    }
    fixture_done(&f);
}

static void splits_of(const fixture *f, char *out, size_t cap)
{
    size_t n = as_manifest_count(f->intake->manifest);
    assert_true(n < cap);
    for (size_t i = 0; i < n; i++)
        out[i] = (char)('0' + (int)as_manifest_at(f->intake->manifest, i)->split);
    out[n] = '\0';
}

static void test_seed_decides(void **state)
{
    (void)state;
    char                  text[4][64];
    size_t                k = 0;
    static const uint64_t seeds[] = {1, 1, 2};
    as_err                err = AS_ERR_NONE;
    for (; k < AS_COUNT(seeds); k++) {
        fixture f;
        fixture_make(&f, "");
        put_many(&f, "good", 40, AS_SPLIT_NONE);
        assert_true(as_intake_split(f.intake, seeds[k], &err));
        splits_of(&f, text[k], sizeof text[k]);
        fixture_done(&f);
    }
    assert_string_equal(text[0], text[1]);
    assert_string_not_equal(text[0], text[2]);
    /* The order in which samples came in does not matter. */
    fixture f;
    fixture_make(&f, "");
    for (size_t i = 40; i-- > 0;) {
        char name[64];
        snprintf(name, sizeof name, "none/good/%03zu", i);
        put(&f, name, "good", name, 5000 + i, AS_SPLIT_NONE);
    }
    assert_true(as_intake_split(f.intake, 1, &err));
    splits_of(&f, text[3], sizeof text[3]);
    for (size_t i = 0; i < 40; i++)
        assert_int_equal(text[3][i], text[0][39 - i]);
    fixture_done(&f);
}

static void test_own_test_set_is_kept(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f, "data: {split: [0.70, 0.15, 0.15]}\n");
    put_many(&f, "good", 31, AS_SPLIT_NONE);
    put_many(&f, "good", 14, AS_SPLIT_TEST);
    put(&f, "z", "good", "z", 77, AS_SPLIT_NONE); /* also in the test set: it goes there, and is not learnt by heart */
    put(&f, "zz", "good", "zz", 77, AS_SPLIT_TEST);
    expect(&f, 1, "good", 26, 5, 16); /* 31 * 0.15 / 0.85 = 5.47 */
    fixture_done(&f);
    /* Also one that is smaller than the share. */
    fixture_make(&f, "data: {split: [0.70, 0.15, 0.15]}\n");
    put_many(&f, "bad", 34, AS_SPLIT_NONE);
    put_many(&f, "bad", 2, AS_SPLIT_TEST);
    expect(&f, 1, "bad", 28, 6, 2);
    fixture_done(&f);
}

static void test_later_versions_keep_their_splits(void **state)
{
    (void)state;
    fixture f;
    char    before[256], after[256];
    as_err  err = AS_ERR_NONE;
    fixture_make(&f, "");
    put_many(&f, "good", 20, AS_SPLIT_NONE);
    assert_true(as_intake_split(f.intake, 1, &err));
    splits_of(&f, before, sizeof before);
    for (size_t i = 0; i < 20; i++) { /* one after the other, and the shares still come out */
        char name[16];
        snprintf(name, sizeof name, "later %02zu", i);
        put(&f, name, "good", name, 900 + i, AS_SPLIT_NONE);
        assert_true(as_intake_split(f.intake, 1, &err));
        splits_of(&f, after, sizeof after);
        assert_memory_equal(before, after, 20);
    }
    expect(&f, 1, "good", 24, 6, 10);
    fixture_done(&f);
}

static void test_share_of_nothing(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f, "data: {split: [0.7, 0, 0.3]}\n");
    put_many(&f, "good", 10, AS_SPLIT_NONE);
    expect(&f, 1, "good", 7, 0, 3);
    fixture_done(&f);
}

/* A sample of that name, time and camera. */
static void put_at(fixture *f, const char *name, const char *label, as_ns utc, const char *camera)
{
    static uint64_t image = 900000;
    as_err          err = AS_ERR_NONE;
    as_sample sample = {.name = name, .label = label, .part = name, .camera = camera, .format = "png", .utc = utc};
    sample.severity = sample.sharpness = sample.clipped_ratio = NAN;
    image++;
    memcpy(sample.image.b, &image, sizeof image);
    assert_true(as_manifest_add(f->intake->manifest, &sample, &err));
}

static as_split split_of(const fixture *f, const char *name)
{
    for (size_t i = 0; i < as_manifest_count(f->intake->manifest); i++)
        if (strcmp(as_manifest_at(f->intake->manifest, i)->name, name) == 0)
            return as_manifest_at(f->intake->manifest, i)->split;
    fail_msg("no '%s'", name);
    return AS_SPLIT_NONE;
}

static void test_the_newest_are_the_test(void **state)
{
    (void)state;
    fixture f;
    as_err  err = AS_ERR_NONE;
    fixture_make(&f, "data: {split_by: time, split: [0.6, 0.2, 0.2]}\n");
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "%02d", (i * 7) % 20); /* names say nothing of the time */
        put_at(&f, name, i % 3 ? "good" : "bad", 1000 + i, "");
    }
    assert_true(as_intake_split(f.intake, 1, &err));
    for (size_t i = 0; i < 20; i++) {
        const as_sample *s = as_manifest_at(f.intake->manifest, i);
        as_split         want = s->utc < 1012 ? AS_SPLIT_TRAIN : s->utc < 1016 ? AS_SPLIT_VALIDATION : AS_SPLIT_TEST;
        assert_int_equal(s->split, want);
    }
    fixture_done(&f);
}

static void test_groups_of_a_camera_or_a_name(void **state)
{
    (void)state;
    static const char *const more[] = {"data: {group_by: camera}\n", "data: {group_by: 'batch-*/'}\n"};
    for (size_t k = 0; k < 2; k++) {
        fixture f;
        as_err  err = AS_ERR_NONE;
        fixture_make(&f, more[k]);
        for (int i = 0; i < 60; i++) {
            char name[32], camera[32];
            snprintf(name, sizeof name, "batch-%d/%d", i % 6, i);
            snprintf(camera, sizeof camera, "twin:%d", i % 6);
            put_at(&f, name, "good", i, k == 0 ? camera : "");
        }
        put_at(&f, "alone-1", "good", 1, ""); /* no camera, no batch: nobody's companion */
        put_at(&f, "alone-2", "good", 1, "");
        assert_true(as_intake_split(f.intake, 3, &err));
        assert_int_equal(f.intake->split.by_key, 54);
        assert_int_equal(f.intake->split.n_groups, 8);
        assert_int_equal(f.intake->split.n_shared, 6);
        size_t n[AS_SPLIT_COUNT];
        count(&f, "good", n);
        assert_true(n[AS_SPLIT_TRAIN] && n[AS_SPLIT_VALIDATION] && n[AS_SPLIT_TEST]);
        for (size_t i = 0; i < 60; i++) {
            char first[32];
            snprintf(first, sizeof first, "batch-%zu/%zu", i % 6, i % 6);
            assert_int_equal(as_manifest_at(f.intake->manifest, i)->split, split_of(&f, first));
        }
        fixture_done(&f);
    }
}

/* What is frozen stays; what shows the same is in no split; and a source cannot add to it. */
static void test_a_frozen_test_refuses_to_leak(void **state)
{
    (void)state;
    fixture f;
    as_err  err = AS_ERR_NONE;
    fixture_make(&f, "");
    put_many(&f, "good", 4, AS_SPLIT_TEST);
    put_many(&f, "good", 10, AS_SPLIT_NONE);
    for (size_t i = 0; i < 4; i++)
        as_manifest_freeze(f.intake->manifest, i, true);
    as_manifest_set_split(f.intake->manifest, 0, AS_SPLIT_TRAIN);
    assert_int_equal(as_manifest_at(f.intake->manifest, 0)->split, AS_SPLIT_TEST);
    put(&f, "same part", "good", as_manifest_at(f.intake->manifest, 1)->part, 77, AS_SPLIT_NONE);
    put(&f, "for the test", "good", "for the test", 78, AS_SPLIT_TEST);
    put(&f, "beside it", "good", "for the test", 79, AS_SPLIT_NONE);
    assert_true(as_intake_split(f.intake, 1, &err));
    size_t n[AS_SPLIT_COUNT];
    count(&f, "good", n);
    assert_int_equal(n[AS_SPLIT_TEST], 4);
    assert_int_equal(n[AS_SPLIT_NONE], 3);
    assert_int_equal(f.intake->split.n_aside, 3);
    assert_int_equal(split_of(&f, "same part"), AS_SPLIT_NONE);
    assert_int_equal(split_of(&f, "for the test"), AS_SPLIT_NONE);
    assert_int_equal(split_of(&f, "beside it"), AS_SPLIT_NONE);
    fixture_done(&f);
}

static as_split_result *must_change(test_space *space, as_split_what what, uint64_t seed, const char *reason)
{
    as_err           err = AS_ERR_NONE;
    as_split_result *result = calloc(1, sizeof *result);
    as_split_change  change = {.what = what, .seed = seed, .reason = reason};
    if (!as_split_newest(space->ws, space->spec, &change, result, &err))
        fail_msg("%s", err.text);
    return result;
}

/* Through versions: whoever writes one is held to what the one before has frozen. */
static void test_no_version_thaws_by_itself(void **state)
{
    (void)state;
    fixture   f;
    as_err    err = AS_ERR_NONE, why = AS_ERR_NONE, no_reason = AS_ERR_NONE;
    as_commit commit;
    fixture_make(&f, "");
    put_many(&f, "good", 20, AS_SPLIT_NONE);
    assert_true(as_intake_split(f.intake, 1, &err));
    f.intake->counts.n_kept = 20;
    assert_true(as_intake_commit(f.intake, "in", &commit, &err));
    as_split_result *frozen = must_change(&f.space, AS_SPLIT_FREEZE, 0, NULL);
    assert_int_equal(frozen->commit.n_frozen, 5);
    as_split_result *dealt = must_change(&f.space, AS_SPLIT_DEAL, 5, NULL);
    assert_true(dealt->written && dealt->n_moved > 0);
    assert_int_equal(dealt->commit.n_frozen, 5);
    as_manifest *was = as_commit_manifest(f.space.ws, &frozen->commit, &err),
                *is = as_commit_manifest(f.space.ws, &dealt->commit, &err);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(as_manifest_at(was, i)->is_frozen, as_manifest_at(is, i)->split == AS_SPLIT_TEST);
    /* A writer who forgot: each of the ways to leak is refused, and nothing is written. */
    as_commit next = {.n_parents = 1, .parents = {dealt->commit.id}, .message = "", .author = "a"};
    for (size_t i = 0; i < 20; i++)
        as_manifest_freeze(is, i, false);
    assert_false(as_commit_write(f.space.ws, is, &next, &why));
    assert_non_null(strstr(why.text, "would leave the test split"));
    as_split_change thaw = {.what = AS_SPLIT_THAW}, freeze = {.what = AS_SPLIT_FREEZE};
    assert_false(as_split_newest(f.space.ws, f.space.spec, &thaw, dealt, &no_reason));
    assert_non_null(strstr(no_reason.text, "--reason"));
    assert_false(as_split_newest(f.space.ws, f.space.spec, &freeze, dealt, &err));
    as_split_result *thawed = must_change(&f.space, AS_SPLIT_THAW, 0, "the parts are worn");
    assert_int_equal(thawed->commit.n_frozen, 0);
    assert_string_equal(thawed->commit.message, "split: the test is no longer frozen: the parts are worn");
    as_manifest_free(was);
    as_manifest_free(is);
    free(frozen);
    free(dealt);
    free(thawed);
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_newest_are_the_test),
        cmocka_unit_test(test_groups_of_a_camera_or_a_name),
        cmocka_unit_test(test_a_frozen_test_refuses_to_leak),
        cmocka_unit_test(test_no_version_thaws_by_itself),
        cmocka_unit_test(test_shares_of_each_class),
        cmocka_unit_test(test_few),
        cmocka_unit_test(test_parts_and_twins_stay_together),
        cmocka_unit_test(test_seed_decides),
        cmocka_unit_test(test_own_test_set_is_kept),
        cmocka_unit_test(test_later_versions_keep_their_splits),
        cmocka_unit_test(test_share_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
