/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "intake/test_format.h"

static void test_rows_are_whole(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    size_t n = 0;
    for (const as_format *row; (row = as_format_at(n)) != NULL; n++) {
        assert_true(row->name && *row->name && row->summary && *row->summary && row->recognise && row->read);
        assert_ptr_equal(as_format_find(row->name, &err), row);
    }
    assert_true(n >= 2);
    assert_null(as_format_find("cocoo", &err));
    assert_non_null(strstr(err.text, "did you mean 'coco'"));
}

static void test_an_empty_folder_is_no_format(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    expect_refusal(&f, "no picture");
    f.cfg.format = "nonsense";
    expect_refusal(&f, "there is no format 'nonsense'");
    fixture_done(&f);
}

#define COCO_HEAD               "{\"info\":{},\"categories\":[{\"id\":0,\"name\":\"all\"},{\"id\":7,\"name\":\"bad\"}],\n\"images\":["
#define IMAGE(id, name)         "{\"id\":" id ",\"file_name\":\"" name "\",\"width\":64,\"height\":48}"
#define ANNOTATION(image, more) "{\"id\":1,\"image_id\":" image ",\"category_id\":7" more "}"

static const char coco_text[] =
    COCO_HEAD     IMAGE("1", "a.png") "," IMAGE("2", "b.png") "," IMAGE("3", "gone.png") "," IMAGE(
            "4",
            "good.png") "],"
                    "\"annotations\":[" ANNOTATION(
                        "1",
                        ",\"bbox\":[1.5,2,3,4],\"score\":0."
                        "5,\"iscrowd\":0,\"note\":"
                        "\"x\\\"y\"") "," ANNOTATION("2",
                                                     ",\"bbox\":[4,4,10,10],\"segmentation\":[[4,4,14,4,14,14],[0,0,1,"
                                                     "0,"
                                                     "1,1]]") "," ANNOTATION("2",
                                                                             ",\"iscrowd\":1,\"segmentation\":{"
                                                                             "\"size\":[48,64],\"counts\":[5,3,3064]"
                                                                             "}") "," ANNOTATION("3", ",\"bbox\":[1,"
                                                                                                      "2,3,4]") "]}";

static void put_coco(const fixture *f)
{
    put_text(f, "train/_annotations.coco.json", coco_text);
    test_put_png(&f->space, "train/a.png", 1);
    test_put_png(&f->space, "train/b.png", 2);
    test_put_png(&f->space, "train/good.png", 3);
}

static void test_coco(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    put_coco(&f);
    if (!scan(&f))
        fail_msg("%s", f.err.text);
    assert_string_equal(f.scan.format, "coco");
    assert_int_equal(f.scan.files.n, 3);
    const as_scan_file *a = file_at(&f, "photos/train/a.png"), *b = file_at(&f, "photos/train/b.png"),
                       *good = file_at(&f, "photos/train/good.png");
    assert_string_equal(a->label, "bad");
    assert_string_equal(good->label, "good");  /* nothing was found in it */
    assert_int_equal(a->split, AS_SPLIT_NONE); /* a source without a test is split anew */
    assert_int_equal(a->n_findings, 1);
    assert_int_equal(a->findings[0].outline, AS_OUTLINE_BOX);
    assert_true(a->findings[0].box[0] == 1.5 && a->findings[0].box[3] == 4 && a->findings[0].score == 0.5);
    assert_non_null(strstr(a->findings[0].extra, "\"note\":\"x\\\"y\""));
    assert_int_equal(b->n_findings, 2);
    assert_string_equal(b->findings[0].geometry, "[[4,4,14,4,14,14],[0,0,1,0,1,1]]");
    assert_int_equal(b->findings[1].outline, AS_OUTLINE_MASK);
    assert_true(b->findings[1].box[0] == 0 && b->findings[1].box[1] == 5 && b->findings[1].box[3] == 3);
    assert_non_null(strstr(f.space.told, "WARN gone.png is not there"));
    assert_non_null(strstr(f.space.told, "is read as coco"));
    fixture_done(&f);
}

/* Two files may speak of one picture: it is one sample, with what both say. */
static void test_coco_of_two_files(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    put_coco(&f);
    put_text(&f, "train/more.json",
             COCO_HEAD IMAGE("9", "a.png") "],\"annotations\":[" ANNOTATION("9", ",\"bbox\":[5,6,7,8]") "]}");
    if (!scan(&f))
        fail_msg("%s", f.err.text);
    assert_int_equal(f.scan.files.n, 3);
    assert_int_equal(file_at(&f, "photos/train/a.png")->n_findings, 2);
    fixture_done(&f);
}

static void test_coco_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } bad[] = {
        {COCO_HEAD IMAGE("1", "a.png") "," IMAGE("1", "b.png") "]}", "image 1 is there twice"},
        {COCO_HEAD "{\"id\":1,\"file_name\":\"a.png\",\"width\":64}]}", "height"},
        {COCO_HEAD "{\"id\":1,\"file_name\":\"a.png\",\"width\":64,\"height\":-1}]}", "its height is -1"},
        {COCO_HEAD "7]}", "images[0]"},
        {COCO_HEAD IMAGE("1", "a.png") "],\"annotations\":[" ANNOTATION("9", "") "]}", "image 9 is not in the file"},
        {COCO_HEAD IMAGE("1", "a.png") "],\"annotations\":[{\"id\":1,\"image_id\":1,\"category_id\":8}]}",
         "category 8 is not in the file"},
        {COCO_HEAD IMAGE("1", "a.png") "],\"annotations\":[{\"id\":1,\"image_id\":1,\"category_id\":0}]}",
         "category 'all' is no class"},
        {COCO_HEAD IMAGE("1", "a.png") "],\"annotations\":[" ANNOTATION("1", "") "]}", "bbox"},
        {COCO_HEAD IMAGE("1", "a.png") "],\"annotations\":[" ANNOTATION("1", ",\"bbox\":[1,2,3,\"4\"]") "]}", "number"},
        {COCO_HEAD IMAGE("1", "a.png") "],\"annotations\":[" ANNOTATION("1", ",\"segmentation\":[[1,2,3,4]]") "]}",
         "polygon of 4 numbers"},
        {COCO_HEAD IMAGE("1", "a.png") "],\"annotations\":[" ANNOTATION(
             "1", ",\"segmentation\":{\"size\":[48,64],\"counts\":[5]}") "]}",
         "5 pixels for a picture of 64 x 48"},
        {COCO_HEAD IMAGE("1", "a.png") "],\"annotations\":[" ANNOTATION(
             "1", ",\"segmentation\":{\"size\":[64,48],\"counts\":\"0\"}") "]}",
         "not of the picture's size"},
        {COCO_HEAD IMAGE("1", "../photos/train/b.png") "]}", "none of the pictures"},
    };
    fixture f;
    fixture_make(&f);
    f.cfg.format = "coco";
    expect_refusal(&f, "no COCO file");
    test_put_png(&f.space, "a.png", 1);
    test_put_png(&f.space, "deep/a.png", 1);
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        put_text(&f, "x.json", bad[i].text);
        expect_refusal(&f, bad[i].why);
    }
    fixture_done(&f);
}

static void test_coco_and_back(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    put_coco(&f);
    put_text(&f, "test/instances.json", COCO_HEAD IMAGE("1", "t.png") "]}");
    test_put_png(&f.space, "test/t.png", 5);
    put_text(&f, "valid/instances.json", COCO_HEAD IMAGE("1", "v.png") "]}");
    test_put_png(&f.space, "valid/v.png", 6);
    expect_round_trip(&f, "coco");
    fixture_done(&f);
}

static void test_folders_and_back(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    for (uint64_t i = 0; i < 12; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s/%llu.png", i % 2 ? "good" : "bad", (unsigned long long)i);
        test_put_png(&f.space, name, i);
    }
    expect_round_trip(&f, "folders");
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_whole),
        cmocka_unit_test(test_an_empty_folder_is_no_format),
        cmocka_unit_test(test_coco),
        cmocka_unit_test(test_coco_of_two_files),
        cmocka_unit_test(test_coco_refuses),
        cmocka_unit_test(test_coco_and_back),
        cmocka_unit_test(test_folders_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
