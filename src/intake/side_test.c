/* SPDX-License-Identifier: Apache-2.0 */
/* Written as any format and read again, a version is what it was; and what another program changed counts. */
#include "intake/side.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/manifest.h"
#include "image/mask.h"
#include "intake/test_format.h"

#define SIDE_N 9

static const as_finding side_rings[] = {
    {.label = "bad",
     .outline = AS_OUTLINE_POLYGON,
     .box = {4, 4, 30.5, 30},
     .geometry = "[[4,4,34.5,4,34.5,34,4,34],[10.25,10,20,10,20,20]]", /* with a hole */
     .score = 0.75,
     .extra = "{\"note\":\"a b\",\"occluded\":\"1\"}"},
    {.label = "bad",
     .outline = AS_OUTLINE_POLYGON,
     .box = {40, 5, 15, 25},
     .geometry = "[[40,5,50,5,45,15],[45,20,55,20,50,30]]", /* in two pieces */
     .score = NAN,
     .extra = ""},
    {.label = "good", .outline = AS_OUTLINE_BOX, .box = {1.5, 2, 3, 4.125}, .geometry = "", .score = NAN, .extra = ""}};

static const as_finding side_boxes[] = {
    {.label = "bad",
     .outline = AS_OUTLINE_BOX,
     .box = {0, 0, 64, 48},
     .geometry = "",
     .score = 0.5,
     .extra = "{\"pose\":\"Left\"}"},
    {.label = "bad", .outline = AS_OUTLINE_BOX, .box = {10, 10, 5.5, 5}, .geometry = "", .score = NAN, .extra = ""}};

static as_finding side_mask;

static const as_vote side_votes[] = {{.by = "person:BO",
                                      .label = "good",
                                      .state = AS_LABEL_GIVEN,
                                      .said_utc = 77,
                                      .findings = side_boxes,
                                      .n_findings = 1}};

static const as_sample side_samples[SIDE_N] = {
    {.name = "a/rings.png",
     .label = "bad",
     .state = AS_LABEL_REVIEWED,
     .by = "person:ANNA",
     .said_utc = 1700000000000000000,
     .findings = side_rings,
     .n_findings = 3,
     .split = AS_SPLIT_TRAIN,
     .part = "a part",
     .camera = "gige:left",
     .severity = 0.25},
    {.name = "a/second view.png", .label = "good", .split = AS_SPLIT_TRAIN, .part = "a part", .severity = NAN},
    {.name = "b/boxes.png",
     .label = "bad",
     .findings = side_boxes,
     .n_findings = 2,
     .split = AS_SPLIT_TEST,
     .severity = NAN},
    {.name = "b/mask.png",
     .label = "bad",
     .findings = &side_mask,
     .n_findings = 1,
     .split = AS_SPLIT_VALIDATION,
     .severity = NAN},
    {.name = "class only.png", .label = "bad", .by = "import:other", .split = AS_SPLIT_TRAIN, .severity = NAN},
    {.name = "gr\xc3\xb6\xc3\x9f"
             "e & <1> \"2\".png",
     .label = "good",
     .split = AS_SPLIT_TEST,
     .severity = NAN},
    {.name = "none.png", .label = "", .split = AS_SPLIT_NONE, .severity = NAN},
    {.name = "proposed.png",
     .label = "good",
     .state = AS_LABEL_PROPOSED,
     .by = "model:3-cnn",
     .findings = side_boxes,
     .n_findings = 1,
     .split = AS_SPLIT_NONE,
     .severity = NAN},
    {.name = "votes.png",
     .label = "bad",
     .by = "person:ANNA",
     .votes = side_votes,
     .n_votes = 1,
     .split = AS_SPLIT_TRAIN,
     .severity = NAN}};

static void make_mask(void)
{
    uint8_t pixels[64 * 48] = {0};
    as_err  err = AS_ERR_NONE;
    as_mask mask;
    as_str  text;
    for (int i = 0; i < 64 * 48; i++)
        pixels[i] = i % 64 > 10 && i % 64 < 20 && i / 64 > 5 && i / 64 < 40 && (i / 64 < 15 || i / 64 > 20);
    as_str_init(&text);
    assert_true(as_mask_from_pixels(pixels, 64, 64, 48, 1, &mask, &err) && as_mask_add_text(&mask, &text, &err));
    side_mask = (as_finding){.label = "bad", .outline = AS_OUTLINE_MASK, .score = NAN, .extra = ""};
    as_mask_bounds(&mask, side_mask.box);
    side_mask.geometry = as_str_take(&text);
    as_mask_done(&mask);
    as_str_done(&text);
}

static void make_version(fixture *f, as_commit *commit)
{
    as_manifest *manifest = as_manifest_new(&f->err);
    for (size_t i = 0; i < SIDE_N; i++) {
        as_sample s = side_samples[i];
        as_str    png;
        as_str_init(&png);
        test_png(100 + i, 64, 48, &png);
        assert_true(as_store_put(f->space.ws->store, png.s, png.len, &s.image, NULL, &f->err));
        s.part = s.part ? s.part : s.name;
        s.camera = s.camera ? s.camera : "";
        s.format = "png";
        s.width = 64;
        s.height = 48;
        s.n_bytes = png.len;
        s.utc = 1600000000000000000 + (as_ns)i * AS_NS_PER_S;
        s.sharpness = s.clipped_ratio = NAN;
        if (!as_manifest_add(manifest, &s, &f->err))
            fail_msg("%s", f->err.text);
        as_str_done(&png);
    }
    as_manifest_sort(manifest);
    *commit = (as_commit){.author = "test", .message = "all kinds"};
    assert_true(as_commit_write(f->space.ws, manifest, commit, &f->err));
    as_manifest_free(manifest);
}

static as_manifest *import_into(fixture *f, const char *folder, as_commit *commit)
{
    as_intake *intake = as_intake_open(f->space.ws, f->space.spec, &f->err);
    f->cfg.folder = folder;
    if (!as_import_folder(intake, f->space.spec, &f->cfg, NULL, &f->err) ||
        !as_intake_commit(intake, "in", commit, &f->err))
        fail_msg("%s: %s\n%s", folder, f->err.text, f->space.told);
    as_intake_close(intake);
    as_manifest *manifest = as_commit_manifest(f->space.ws, commit, &f->err);
    assert_non_null(manifest);
    return manifest;
}

static void expect_equal(const char *format, const as_manifest *have, const as_manifest *want)
{
    as_str a, b;
    as_err err = AS_ERR_NONE;
    as_str_init(&a);
    as_str_init(&b);
    assert_true(as_labels_write(want, &a, &err) && as_labels_write(have, &b, &err));
    if (strcmp(a.s, b.s) != 0)
        fail_msg("%s\n%s\nand not\n%s", format, b.s, a.s);
    as_str_done(&a);
    as_str_done(&b);
    assert_int_equal(as_manifest_count(have), as_manifest_count(want));
    for (size_t i = 0; i < as_manifest_count(want); i++) {
        const as_sample *x = as_manifest_at(have, i), *y = as_manifest_at(want, i);
        assert_string_equal(x->name, y->name);
        assert_string_equal(x->part, y->part);
        assert_string_equal(x->camera, y->camera);
        assert_int_equal(x->split, y->split);
        assert_int_equal(x->utc, y->utc);
        assert_true(as_digest_equal(&x->image, &y->image));
        assert_true(x->severity == y->severity || (isnan(x->severity) && isnan(y->severity)));
    }
}

/* A row of the table that writes: out, into another workspace, and the same again. */
static void test_no_format_loses_anything(void **state)
{
    (void)state;
    fixture   f;
    as_commit commit;
    char      out[AS_FS_PATH_BYTES], name[64];
    fixture_make(&f);
    make_mask();
    make_version(&f, &commit);
    as_manifest *want = as_commit_manifest(f.space.ws, &commit, &f.err);
    size_t       n = 0;
    for (size_t i = 0; as_format_at(i); i++) {
        const as_format *format = as_format_at(i);
        fixture          other;
        as_commit        again;
        as_export_lost   lost = {.n_who = 0};
        if (!format->write)
            continue;
        snprintf(name, sizeof name, "out-%s", format->name);
        assert_true(as_fs_join(out, f.space.dir, name, &f.err));
        if (!as_export_commit(f.space.ws, &commit,
                              &(as_export_cfg){.format = format->name, .dir = out, .ret_lost = &lost}, NULL, &f.err))
            fail_msg("%s: %s", format->name, f.err.text);
        if (lost.why[0])
            fail_msg("%s does not read again: %s", format->name, lost.why);
        assert_int_equal(lost.n_who,
                         strcmp(format->name, "labelstudio") == 0 ? 3 : 4); /* predictions have their own place */
        assert_int_equal(lost.n_parts, 2);
        assert_int_equal(lost.n_cameras, 1);
        fixture_make(&other);
        as_manifest *have = import_into(&other, out, &again);
        expect_equal(format->name, have, want);
        as_manifest_free(have);
        fixture_done(&other);
        n++;
    }
    assert_true(n >= 10);
    as_manifest_free(want);
    free((void *)(uintptr_t)side_mask.geometry);
    fixture_done(&f);
}

static void replace(const char *path, const char *from, const char *to)
{
    uint8_t *bytes;
    size_t   n;
    as_err   err = AS_ERR_NONE;
    as_str   text;
    assert_true(as_fs_read(path, 1 << 20, &bytes, &n, &err));
    char *at = strstr((char *)bytes, from);
    assert_non_null(at);
    as_str_init(&text);
    as_str_add_bytes(&text, (char *)bytes, (size_t)(at - (char *)bytes));
    as_str_add(&text, to);
    as_str_add(&text, at + strlen(from));
    assert_true(as_fs_write_fast(path, text.s, text.len, &err));
    as_str_done(&text);
    free(bytes);
}

static void test_what_another_program_changed_counts(void **state)
{
    (void)state;
    fixture   f, other;
    as_commit commit, again;
    char      out[AS_FS_PATH_BYTES], file[AS_FS_PATH_BYTES];
    fixture_make(&f);
    make_mask();
    make_version(&f, &commit);
    assert_true(as_fs_join(out, f.space.dir, "out", &f.err) && as_fs_join(file, out, "labels.csv", &f.err));
    assert_true(as_export_commit(f.space.ws, &commit, &(as_export_cfg){.format = "csv", .dir = out}, NULL, &f.err));
    replace(file, "class only.png,bad,,,,,train", "class only.png,good,,,,,test");
    fixture_make(&other);
    as_manifest     *have = import_into(&other, out, &again);
    const as_sample *s = as_manifest_find(have, "class only.png");
    assert_non_null(s);
    assert_string_equal(s->label, "good");
    assert_string_equal(s->by, "");
    assert_int_equal(s->split, AS_SPLIT_TEST);
    assert_int_equal(s->utc, 1600000004 * AS_NS_PER_S); /* that is still so */
    s = as_manifest_find(have, "a/rings.png");
    assert_int_equal(s->state, AS_LABEL_REVIEWED);
    assert_non_null(strstr(other.space.told, "the labels of 1 pictures were others"));
    as_manifest_free(have);
    fixture_done(&other);
    /* Below a name of one's own, and with classes renamed. */
    const char *renames[] = {"bad=good", NULL};
    fixture_make(&other);
    other.cfg.prefix = "p";
    other.cfg.renames = renames;
    have = import_into(&other, out, &again);
    s = as_manifest_find(have, "p/a/rings.png");
    assert_non_null(s);
    assert_string_equal(s->part, "p/a part");
    assert_string_equal(s->label, "good");
    assert_int_equal(s->n_findings, 3);
    assert_string_equal(s->findings[0].label, "good");
    assert_int_equal(s->state, AS_LABEL_REVIEWED);
    as_manifest_free(have);
    free((void *)(uintptr_t)side_mask.geometry);
    fixture_done(&other);
    fixture_done(&f);
}

static void test_a_broken_file_names_its_line(void **state)
{
    (void)state;
    static const char head[] = "{\"assay_extra\":1,\"format\":\"csv\",\"n_samples\":1}\n";
    static const char sample[] =
        "{\"name\":\"a.png\",\"image\":\"14e9abf91a3e978f0e83dfe581fb4b1c0de77a4df9f126725d2dd8ab09220848\","
        "\"format\":\"png\",\"width\":6,\"height\":8,\"n_bytes\":9,\"utc\":0}\n";
    static const struct {
        const char *rest, *why;
    } bad[] = {
        {"{\"path\":\"a.png\"}\n", NULL},
        {"{\"path\":\"a.png\",\"read\":\"0123456789abcdef\",\"labels\":[\"good\"]}\n", NULL},
        {"{\"path\":\"a.png\",\"read\":\"0123456789abcdef\"}\n", ":3: a key is missing"},
        {"{\"path\":\"a.png\",\"read\":\"012345678\",\"labels\":[\"\"]}\n", "16 hex digits"},
        {"{\"path\":\"a.png\",\"split\":\"other\"}\n", "none of train, validation and test"},
        {"{\"path\":\"a.png\",\"color\":\"other\"}\n", "a key that is not known"},
        {"{\"path\":\"a.png\"}", "cut off"},
        {"{\"path\":\"a.png\"}\n{\"name\":\"b.png\",\"label\":\"good\"}\n", "not in the manifest"},
    };
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        char     text[1024];
        as_err   err = AS_ERR_NONE;
        int      n = snprintf(text, sizeof text, "%s%s%s", head, sample, bad[i].rest);
        as_side *side = as_side_parse((const uint8_t *)text, (size_t)n, "x.jsonl", &err);
        assert_true((side != NULL) == (bad[i].why == NULL));
        if (!side && !strstr(err.text, bad[i].why))
            fail_msg("'%s' is not in '%s'", bad[i].why, err.text);
        as_side_free(side);
    }
    as_err err = AS_ERR_NONE;
    assert_null(as_side_parse((const uint8_t *)"", 0, "x.jsonl", &err));
    assert_null(as_side_parse((const uint8_t *)"{\"assay_extra\":2}\n", 18, "x.jsonl", &err));
    assert_non_null(strstr(err.text, "newer version"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_format_loses_anything),
        cmocka_unit_test(test_what_another_program_changed_counts),
        cmocka_unit_test(test_a_broken_file_names_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
