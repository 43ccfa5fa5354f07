/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "intake/import.h"
#include "intake/set.h"
#include "intake/state.h"
#include "intake/test_folder.h"

#define MINUTE_NS ((as_ns)60 * AS_NS_PER_S)

/* A version of 120 pictures of two classes that nothing is wrong with, to be spoiled. */
typedef struct world {
    as_spec       spec;
    as_sample     samples[400];
    char          names[400][64];
    size_t        n;
    as_set_report report;
} world;

static void world_add(world *w, const char *label, as_split split)
{
    static as_rng rng;
    size_t        i = w->n++;
    if (i == 0)
        rng = as_rng_new(99);
    snprintf(w->names[i], sizeof w->names[i], "photos/%s/%03zu.png", label, i);
    as_sample *s = &w->samples[i];
    *s = (as_sample){.name = w->names[i],
                     .part = w->names[i],
                     .label = label,
                     .split = split,
                     .camera = "",
                     .width = 640,
                     .height = 480,
                     .format = "png",
                     .n_bytes = 10000 + as_rng_below(&rng, 5000),
                     .utc = 1000 * AS_NS_PER_S + (as_ns)i,
                     .sharpness = 100 + (double)as_rng_below(&rng, 100),
                     .clipped_ratio = NAN,
                     .severity = NAN,
                     .difference_hash = as_rng_u64(&rng)};
    memcpy(s->image.b, &i, sizeof i);
}

static world *world_new(void)
{
    static const as_split splits[] = {AS_SPLIT_TRAIN, AS_SPLIT_TRAIN, AS_SPLIT_TRAIN, AS_SPLIT_VALIDATION,
                                      AS_SPLIT_TEST};
    world                *w = calloc(1, sizeof *w);
    w->spec = (as_spec){.n_classes = 2, .classes = {{"good", AS_VERDICT_PASS}, {"bad", AS_VERDICT_REJECT}}};
    for (size_t i = 0; i < 120; i++)
        world_add(w, i % 2 ? "bad" : "good", splits[i / 2 % 5]);
    return w;
}

static void world_run(world *w)
{
    as_err       err = AS_ERR_NONE;
    as_manifest *manifest = as_manifest_new(&err);
    for (size_t i = 0; i < w->n; i++)
        assert_true(as_manifest_add(manifest, &w->samples[i], &err));
    as_manifest_sort(manifest);
    assert_true(as_set_run(&w->spec, manifest, &w->report, &err));
    as_manifest_free(manifest);
}

/* Findings of a check that are not OK; the first of them, or the OK one, in *ret. */
static size_t world_found(const world *w, const char *check, const as_set_finding **ret)
{
    size_t n = 0, n_ok = 0;
    *ret = NULL;
    for (size_t i = 0; i < w->report.n; i++) {
        const as_set_finding *f = &w->report.at[i];
        if (strcmp(f->check, check) != 0)
            continue;
        *ret = *ret ? *ret : f;
        n_ok += f->level == AS_CHECK_OK;
        n += f->level != AS_CHECK_OK;
        assert_true(*f->text);
        assert_int_equal(*f->remedy != 0, f->level != AS_CHECK_OK);
    }
    assert_non_null(*ret);
    assert_true(n_ok == 0 || n == 0);
    return n;
}

/* Runs and frees: the check finds exactly this, and no other check finds anything. */
static void expect(world *w, const char *check, as_check_level level, const char *text)
{
    const as_set_finding *f;
    world_run(w);
    for (size_t i = 0; as_set_check_at(i); i++) {
        const char *name = as_set_check_at(i)->name;
        size_t      n = world_found(w, name, &f);
        if (n && (!check || strcmp(name, check) != 0))
            fail_msg("%s: %s", name, f->text);
        if (!check || strcmp(name, check) != 0)
            continue;
        assert_int_equal(n, 1);
        assert_int_equal(f->level, level);
        if (!strstr(f->text, text))
            fail_msg("'%s' is not in '%s'", text, f->text);
    }
    free(w);
}

static void test_rows_and_a_clean_version(void **state)
{
    (void)state;
    world *w = world_new();
    for (size_t i = 0; as_set_check_at(i); i++)
        assert_true(as_set_check_at(i)->name && as_set_check_at(i)->summary && as_set_check_at(i)->run);
    world_run(w);
    assert_int_equal(w->report.n, 8); /* one line each */
    json_t *json = as_set_report_json(&w->report);
    assert_int_equal(json_array_size(json), 8);
    assert_string_equal(json_string_value(json_object_get(json_array_get(json, 0), "level")), "ok");
    json_decref(json);
    expect(w, NULL, AS_CHECK_OK, "");
    for (size_t n = 0; n < 20; n++) { /* so few that nothing can be said: no crash */
        const as_set_finding *f;
        w = world_new();
        w->n = n;
        world_run(w);
        if (n)
            assert_int_equal(world_found(w, "giveaway", &f), 0);
        free(w);
    }
}

static void test_balance(void **state)
{
    (void)state;
    world *w = world_new();
    for (size_t i = 0; i < 280; i++) /* 340 to 60 is 5.7 */
        world_add(w, "good", i % 3 ? AS_SPLIT_TRAIN : AS_SPLIT_TEST);
    expect(w, NULL, AS_CHECK_OK, "");
    w = world_new();
    w->n = 0;
    for (size_t i = 0; i < 231; i++) /* 210 to 21 is 10 */
        world_add(w, i % 11 ? "good" : "bad", i % 2 ? AS_SPLIT_TRAIN : AS_SPLIT_TEST);
    expect(w, NULL, AS_CHECK_OK, "");
    w = world_new();
    w->n = 0;
    for (size_t i = 0; i < 240; i++)
        world_add(w, i % 12 ? "good" : "bad", i % 5 ? AS_SPLIT_TRAIN : AS_SPLIT_TEST);
    expect(w, "balance", AS_CHECK_WARN, "11.0 times the smallest ('good' 220, 'bad' 20)");
    w = world_new();
    w->spec.classes[w->spec.n_classes++].name = "dent";
    expect(w, "balance", AS_CHECK_WARN, "'dent' is a class without a picture");
    w = world_new();
    for (size_t i = 0; i < w->n; i++)
        if (i % 2 && w->samples[i].split == AS_SPLIT_TEST)
            w->samples[i].split = AS_SPLIT_TRAIN;
    expect(w, "balance", AS_CHECK_WARN, "'bad' has no picture in the test split");
}

typedef void spoil(as_sample *sample, size_t i);

static void spoil_format(as_sample *s, size_t i)
{
    s->format = i % 2 && i < 60 ? "jpeg" : "png"; /* 30 of 60 bad ones, no good one */
}

static void spoil_size(as_sample *s, size_t i)
{
    s->width = i % 2 ? 640 : 600;
}

static void spoil_bytes(as_sample *s, size_t i)
{
    s->n_bytes = (i % 2 ? 9000 : 14000) + i;
}

static void spoil_camera(as_sample *s, size_t i)
{
    s->camera = i % 2 ? "gige:a" : "gige:b";
}

static void spoil_time(as_sample *s, size_t i)
{
    s->utc += i % 2 ? 31 * MINUTE_NS : 0;
}

static void spoil_name(as_sample *s, size_t i)
{
    static char names[400][64];
    snprintf(names[i], sizeof names[i], "photos/%s/%s_%04zu.png", s->label, i % 2 ? "IMG" : "scan", i);
    s->name = s->part = names[i];
}

static void spoil_source(as_sample *s, size_t i)
{
    static char names[400][64];
    snprintf(names[i], sizeof names[i], "%s/%s/%04zu.png", i % 2 ? "monday" : "tuesday", s->label, i);
    s->name = s->part = names[i];
}

/* What looks the same but says nothing. */
static void fair_camera(as_sample *s, size_t i)
{
    s->camera = i / 2 % 2 ? "gige:a" : "gige:b";
}

static void fair_time(as_sample *s, size_t i)
{
    s->utc += i % 2 ? 20 * MINUTE_NS : 0; /* one session */
}

static void fair_name(as_sample *s, size_t i)
{
    static char names[400][64];
    if (!(i % 2)) /* "Good", "gd": words for the class */
        snprintf(names[i], sizeof names[i], "photos/%s/%s_%04zu.png", s->label, i % 4 ? "gd" : "Good", i);
    else
        snprintf(names[i], sizeof names[i], "photos/%s/%s_%04zu.png", s->label, i % 4 > 1 ? "Bad" : "bd", i);
    s->name = s->part = names[i];
}

static void fair_bytes(as_sample *s, size_t i)
{
    s->n_bytes = 1000 * i; /* each its own: explains all and says nothing */
}

static void test_giveaway(void **state)
{
    (void)state;
    static const struct {
        spoil      *how;
        const char *text;
    } cases[] = {{spoil_format, "the file format gives the class away: all 30 jpeg files are 'bad' (60 pictures, 50 %"},
                 {spoil_size, "the size in pixels gives the class away: all 60 pictures of"},
                 {spoil_bytes, "the size in bytes gives the class away: "},
                 {spoil_camera, "the camera gives the class away: all 60 pictures of camera 'gige:"},
                 {spoil_time, "the time gives the class away: all 60 pictures from 1970"},
                 {spoil_name, "the file's name gives the class away: all 60 pictures with names like '"},
                 {spoil_source, "the source gives the class away: all 60 pictures of '"}};
    for (size_t k = 0; k < AS_COUNT(cases); k++) {
        world *w = world_new();
        for (size_t i = 0; i < w->n; i++)
            cases[k].how(&w->samples[i], i);
        expect(w, "giveaway", AS_CHECK_WARN, cases[k].text);
    }
    static spoil *const fair[] = {fair_camera, fair_time, fair_name, fair_bytes};
    for (size_t k = 0; k < AS_COUNT(fair); k++) {
        world *w = world_new();
        for (size_t i = 0; i < w->n; i++)
            fair[k](&w->samples[i], i);
        expect(w, NULL, AS_CHECK_OK, "");
    }
}

static void near_twins(world *w, size_t a, size_t b, uint64_t differ)
{
    w->samples[b].difference_hash = w->samples[a].difference_hash ^ differ;
    w->samples[b].sharpness = w->samples[a].sharpness * 1.01;
}

static void test_near(void **state)
{
    (void)state;
    world *w = world_new(); /* 0 is in train, 6 in validation, 8 in test */
    near_twins(w, 0, 8, 0x8001);
    expect(w, "near", AS_CHECK_QUARANTINE,
           "'photos/good/000.png' (train) and 'photos/good/008.png' (test), which differ in 2");
    w = world_new();
    near_twins(w, 0, 2, 1); /* both are in train */
    expect(w, NULL, AS_CHECK_OK, "");
    w = world_new();
    near_twins(w, 0, 8, 0x8301); /* four bits */
    expect(w, NULL, AS_CHECK_OK, "");
    w = world_new();
    near_twins(w, 0, 8, 1);
    w->samples[8].sharpness = w->samples[0].sharpness * 1.2; /* another picture */
    expect(w, NULL, AS_CHECK_OK, "");
    /* Parts that all look alike: many pairs two bits apart, and more at three and four, are chance. */
    w = world_new();
    for (size_t i = 0; i < w->n; i++)
        w->samples[i].difference_hash = 0xffff0000ffff0000 ^ 1ull << i % 60 ^ 1ull << (i * 7 + 3) % 60;
    expect(w, NULL, AS_CHECK_OK, "");
    /* Without hashes nothing is said. */
    w = world_new();
    for (size_t i = 0; i < w->n; i++)
        w->samples[i].difference_hash = 0;
    expect(w, NULL, AS_CHECK_OK, "");
}

static void test_groups(void **state)
{
    (void)state;
    world *w = world_new();
    w->samples[8].part = w->samples[0].part = "part 7";
    expect(w, "groups", AS_CHECK_QUARANTINE,
           "1 of 119 parts is in more than one split (2 pictures), the first: 'part 7' in train, test");
    w = world_new();
    w->samples[2].part = w->samples[0].part = "part 7"; /* both in train */
    expect(w, NULL, AS_CHECK_OK, "");
    w = world_new();
    for (size_t i = 0; i < w->n; i++)
        w->samples[i].camera = "gige:a";
    w->samples[8].utc = w->samples[0].utc;
    expect(w, "groups", AS_CHECK_WARN, "1 time one camera took several pictures at once");
    w = world_new();
    w->samples[8].utc = w->samples[0].utc; /* of files, whose clocks are coarse */
    expect(w, NULL, AS_CHECK_OK, "");
    w = world_new();
    for (size_t i = 0; i < w->n; i++)
        w->samples[i].camera = w->samples[i].split == AS_SPLIT_TEST ? "gige:b" : "gige:a";
    expect(w, "groups", AS_CHECK_WARN, "camera 'gige:b' (24 pictures) is in the test and not in the training");
}

static void test_labels(void **state)
{
    (void)state;
    world *w = world_new(); /* 0 is good, 1 is bad, both in train */
    w->samples[1].image = w->samples[0].image;
    expect(w, "labels", AS_CHECK_QUARANTINE, "the same bytes");
    w = world_new();
    w->samples[2].image = w->samples[0].image;
    expect(w, NULL, AS_CHECK_OK, "");
    w = world_new();
    near_twins(w, 0, 1, 0);
    expect(w, "labels", AS_CHECK_WARN, "'photos/bad/001.png' is 'bad' and 'photos/good/000.png' is 'good'");
    w = world_new();
    near_twins(w, 0, 1, 1); /* one bit apart: another picture */
    expect(w, NULL, AS_CHECK_OK, "");
}

/* What nobody labelled, or only a model, is neither a class of its own nor a contradiction. */
static void test_unlabelled(void **state)
{
    (void)state;
    world *w = world_new();
    for (size_t i = 0; i < 40; i++) {
        world_add(w, i % 2 ? "" : "good", i % 3 ? AS_SPLIT_TRAIN : AS_SPLIT_TEST);
        as_sample *s = &w->samples[w->n - 1];
        s->state = i % 2 ? AS_LABEL_NONE : AS_LABEL_PROPOSED;
        s->format = "jpeg";
        s->image = w->samples[i | 1].image; /* of a bad one */
    }
    expect(w, NULL, AS_CHECK_OK, "");
}

/* More than there is room for is counted. */
/* 100 of its pictures are of a camera, numbered from 1, a second apart. */
static world *world_of_camera(void)
{
    world *w = world_new();
    for (size_t i = 0; i < 100; i++) {
        snprintf(w->names[i], sizeof w->names[i], "cam-1/%06zu.png", i + 1);
        w->samples[i].camera = "cam";
        w->samples[i].utc = (as_ns)(i + 1) * 3600 * AS_NS_PER_S;
    }
    return w;
}

static void test_sequence(void **state)
{
    (void)state;
    const as_set_finding *f;
    world                *w = world_of_camera();
    world_run(w);
    assert_int_equal(world_found(w, "sequence", &f), 0);
    assert_non_null(strstr(f->text, "100 numbered pictures of cameras, none left out"));
    free(w);
    w = world_of_camera();
    snprintf(w->names[99], sizeof w->names[99], "cam-1/000104.png"); /* 100 to 103 are not there */
    world_run(w);
    assert_int_equal(world_found(w, "sequence", &f), 1);
    assert_non_null(strstr(f->text, "4 numbers are left out in 1 place, the first between 'cam-1/000099.png' and "
                                    "'cam-1/000104.png'"));
    free(w);
    w = world_of_camera();
    w->samples[49].utc = w->samples[48].utc - AS_NS_PER_S;
    world_run(w);
    assert_int_equal(world_found(w, "sequence", &f), 1);
    assert_non_null(
        strstr(f->text, "the clock goes back 1 time, first at 'cam-1/000050.png' (1970-01-03T00:59:59.000"));
    free(w);
}

static void test_too_many_findings(void **state)
{
    (void)state;
    world      *w = world_new();
    static char names[AS_SPEC_MAX_CLASSES][16];
    for (size_t i = 2; i < AS_SPEC_MAX_CLASSES; i++) {
        snprintf(names[i], sizeof names[i], "class %zu", i);
        w->spec.classes[w->spec.n_classes++].name = names[i];
    }
    world_run(w);
    assert_int_equal(w->report.n, AS_SET_MAX_FINDINGS - 1);
    assert_int_equal(w->report.n + w->report.n_left_out, AS_SPEC_MAX_CLASSES - 2 + 7);
    free(w);
}

/* All PNG files of x-sdd are of one class, and nothing else is told by anything but the pictures. */
static void test_real_photographs(void **state)
{
    (void)state;
    const char   *shared = getenv("ASSAY_SHARED");
    char          folder[AS_FS_PATH_BYTES];
    test_space    space;
    as_err        err = AS_ERR_NONE;
    as_set_report report;
    snprintf(folder, sizeof folder, "%s/data/x-sdd", shared ? shared : "../shared");
    if (!as_fs_is_dir(folder)) {
        print_message("no %s: skipped\n", folder);
        skip();
    }
    static const char *const classes[] = {"finishing roll printing",
                                          "iron sheet ash",
                                          "oxide scale of plate system",
                                          "oxide scale of temperature system",
                                          "red iron",
                                          "slag inclusion",
                                          "surface scratch"};
    test_space_make(&space, "set", "");
    space.spec->n_classes = 0;
    for (size_t i = 0; i < AS_COUNT(classes); i++)
        space.spec->classes[space.spec->n_classes++] = (as_class){classes[i], AS_VERDICT_REJECT};
    as_intake    *intake = as_intake_open(space.ws, space.spec, &err);
    as_import_cfg cfg = {.folder = folder};
    assert_non_null(intake);
    assert_true(as_import_folder(intake, space.spec, &cfg, NULL, &err));
    assert_true(as_intake_split(intake, 1, &err));
    assert_true(as_set_run(space.spec, intake->manifest, &report, &err));
    size_t n_wrong = 0;
    for (size_t i = 0; i < report.n; i++)
        if (report.at[i].level != AS_CHECK_OK) {
            n_wrong++;
            assert_string_equal(report.at[i].check, "giveaway");
            assert_non_null(strstr(report.at[i].text, "all 142 png files are 'finishing roll printing' (203 pictures"));
        }
    assert_int_equal(n_wrong, 1);
    as_intake_close(intake);
    test_space_done(&space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_and_a_clean_version),
        cmocka_unit_test(test_balance),
        cmocka_unit_test(test_giveaway),
        cmocka_unit_test(test_near),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_unlabelled),
        cmocka_unit_test(test_sequence),
        cmocka_unit_test(test_too_many_findings),
        cmocka_unit_test(test_real_photographs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
