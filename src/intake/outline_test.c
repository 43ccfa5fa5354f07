/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/outline.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image/codec.h"
#include "intake/import.h"
#include "intake/test_folder.h"

static test_space space;

static int setup(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_commit     commit;
    as_import_cfg cfg = {.folder = space.photos, .format = "unlabelled"};
    test_space_make(&space, "outline", "");
    assert_int_equal(setenv("ASSAY_AUTHOR", "anna", 1), 0);
    test_put_png(&space, "0.png", 1);
    test_put_png(&space, "1.png", 2);
    as_intake *intake = as_intake_open(space.ws, space.spec, &err);
    assert_true(as_import_folder(intake, space.spec, &cfg, NULL, &err));
    assert_true(as_intake_split(intake, 1, &err) && as_intake_commit(intake, "in", &commit, &err));
    as_intake_close(intake);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_space_done(&space);
    return 0;
}

static as_finding box_of(const char *label, double x, double y, double w, double h)
{
    return (as_finding){label, AS_OUTLINE_BOX, {x, y, w, h}, "", NAN, ""};
}

static bool draw(const as_finding *add, size_t remove, const char *by, bool is_vote, as_err *err)
{
    as_label_result result;
    as_outline_cfg  cfg = {.spec = space.spec,
                           .name = "photos/0.png",
                           .add = add,
                           .remove = remove,
                           .by = by,
                           .is_vote = is_vote,
                           .utc = 7,
                           .seed = 1};
    return as_outline_apply(space.ws, &cfg, &result, err);
}

static void must_draw(const as_finding *add, size_t remove, const char *by, bool is_vote)
{
    as_err err = AS_ERR_NONE;
    if (!draw(add, remove, by, is_vote, &err))
        fail_msg("%s", err.text);
}

static void refused(const as_finding *add, size_t remove, bool is_vote, const char *why)
{
    as_err err = AS_ERR_NONE;
    assert_false(draw(add, remove, NULL, is_vote, &err));
    if (!strstr(err.text, why))
        fail_msg("'%s' does not say '%s'", err.text, why);
}

/* "label by: outlines; voter label: outlines" */
static void expect(const char *want)
{
    as_err       err = AS_ERR_NONE;
    as_commit    commit;
    as_str       text;
    as_manifest *manifest = NULL;
    as_str_init(&text);
    assert_true(as_commit_find(space.ws, "main", &commit, &err));
    assert_non_null(manifest = as_commit_manifest(space.ws, &commit, &err));
    const as_sample *s = as_manifest_find(manifest, "photos/0.png");
    as_str_addf(&text, "%s %s %s:", s->by, s->label, as_label_state_name(s->state));
    for (size_t i = 0; i < s->n_findings; i++)
        as_str_addf(&text, " %s %g", s->findings[i].label, s->findings[i].box[0]);
    for (size_t k = 0; k < s->n_votes; k++) {
        as_str_addf(&text, "; %s %s:", s->votes[k].by, s->votes[k].label);
        for (size_t i = 0; i < s->votes[k].n_findings; i++)
            as_str_addf(&text, " %s %g", s->votes[k].findings[i].label, s->votes[k].findings[i].box[0]);
    }
    assert_string_equal(text.s, want);
    as_str_done(&text);
    as_manifest_free(manifest);
}

static void test_one_at_a_time(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_label_result result;
    as_finding good = box_of("good", 1, 1, 4, 4), bad = box_of("bad", 2, 1, 4, 4), other = box_of("bad", 3, 1, 4, 4);
    must_draw(&good, 0, NULL, false);
    expect("person:anna good given: good 1");
    must_draw(&bad, 0, NULL, false); /* the worst of them is what the picture shows */
    expect("person:anna bad given: good 1 bad 2");
    must_draw(&other, 0, "person:bo", true); /* what he draws begins with nothing */
    expect("person:anna bad given: good 1 bad 2; person:bo bad: bad 3");
    must_draw(NULL, 2, NULL, false);
    expect("person:anna bad given: good 1; person:bo bad: bad 3");
    must_draw(&other, 0, "person:cy", false);
    expect("person:cy bad given: good 1 bad 3; person:bo bad: bad 3; person:anna bad: good 1");
    assert_true(as_label_undo(space.ws, &result, &err) && as_label_undo(space.ws, &result, &err));
    expect("person:anna bad given: good 1 bad 2; person:bo bad: bad 3");
    assert_true(as_label_redo(space.ws, &result, &err));
    expect("person:anna bad given: good 1; person:bo bad: bad 3");
}

/* Who says the same class has not drawn what another drew. */
static void test_outlines_are_of_who_drew_them(void **state)
{
    (void)state;
    static const char *const names[] = {"photos/0.png"};
    as_err                   err = AS_ERR_NONE;
    as_label_result          result;
    as_finding               box = box_of("bad", 1, 1, 4, 4), his = box_of("bad", 2, 1, 4, 4);
    as_label_cfg cfg = {.spec = space.spec, .names = names, .n_names = 1, .label = "bad", .state = AS_LABEL_GIVEN};
    must_draw(&box, 0, NULL, false);
    cfg.by = "person:bo";
    assert_true(as_label_apply(space.ws, &cfg, &result, &err));
    expect("person:anna bad given: bad 1; person:bo bad:");
    cfg.by = "person:cy";
    cfg.is_vote = true;
    assert_true(as_label_apply(space.ws, &cfg, &result, &err));
    expect("person:anna bad given: bad 1; person:bo bad:; person:cy bad:");
    must_draw(&his, 0, "person:cy", true);
    assert_false(as_label_apply(space.ws, &cfg, &result, &err)); /* the same class again: his outline stays */
    expect("person:anna bad given: bad 1; person:bo bad:; person:cy bad: bad 2");
}

static void test_refuses(void **state)
{
    (void)state;
    as_finding box = box_of("bad", 1, 1, 4, 4), far = box_of("bad", 5000, 1, 4, 4), flat = box_of("bad", 1, 1, 0, 4),
               unknown = box_of("bda", 1, 1, 4, 4);
    as_finding crossed = {"bad", AS_OUTLINE_POLYGON, {1, 1, 9, 9}, "[[1,1,10,10,10,1,1,10]]", NAN, ""};
    refused(NULL, 1, false, "has 0 outlines: there is no number 1");
    must_draw(&box, 0, NULL, false);
    refused(&box, 0, false, "has that box already");
    refused(&far, 0, false, "and the picture is");
    refused(&flat, 0, false, "it shows nothing");
    refused(&unknown, 0, false, "did you mean 'bad'");
    refused(&crossed, 0, false, "crosses itself");
    refused(NULL, 2, false, "has 1 outline: there is no number 2");
    refused(NULL, 0, false, "there is no number 0");
    expect("person:anna bad given: bad 1");
}

static void test_mask_files(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE, small = AS_ERR_NONE, black = AS_ERR_NONE, broken = AS_ERR_NONE;
    as_image image;
    as_str   file, geometry;
    double   box[4];
    as_str_init(&file);
    as_str_init(&geometry);
    assert_true(as_image_new(&image, AS_PIXEL_RGB8, 20, 10, &err));
    memset(image.data, 0, (size_t)image.stride_bytes * 10);
    assert_true(as_codec_encode_png(&image, 1, &file, &err));
    assert_false(as_outline_read_mask((const uint8_t *)file.s, file.len, 20, 10, &geometry, box, &black));
    assert_non_null(strstr(black.text, "is black"));
    for (size_t y = 2; y < 5; y++)
        for (size_t x = 4; x < 9; x++)
            image.data[y * image.stride_bytes + 3 * x + 2] = 1; /* one channel is enough */
    as_str_clear(&file);
    assert_true(as_codec_encode_png(&image, 1, &file, &err));
    assert_true(as_outline_read_mask((const uint8_t *)file.s, file.len, 20, 10, &geometry, box, &err));
    assert_true(box[0] == 4 && box[1] == 2 && box[2] == 5 && box[3] == 3);
    as_finding mask = {"bad", AS_OUTLINE_MASK, {4, 2, 5, 3}, geometry.s, NAN, ""};
    assert_true(as_finding_check(&mask, &err));
    assert_false(as_outline_read_mask((const uint8_t *)file.s, file.len, 21, 10, &geometry, box, &small));
    assert_non_null(strstr(small.text, "20x10 pixels, and the picture 21x10"));
    assert_false(as_outline_read_mask((const uint8_t *)file.s, 30, 20, 10, &geometry, box, &broken));
    as_image_done(&image);
    as_str_done(&file);
    as_str_done(&geometry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_outlines_are_of_who_drew_them, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuses, setup, teardown),
        cmocka_unit_test(test_mask_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
