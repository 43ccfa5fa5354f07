/* SPDX-License-Identifier: Apache-2.0 */
/* Formats that keep labels as lines of text: YOLO and tables. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "intake/lay.h"
#include "intake/test_format.h"

static void put_pictures(const fixture *f, const char *folder, uint64_t from, uint64_t n)
{
    char name[128];
    for (uint64_t i = from; i < from + n; i++) {
        snprintf(name, sizeof name, "%s%llu.png", folder, (unsigned long long)i);
        test_put_png(&f->space, name, i);
    }
}

static void put_yolo(const fixture *f)
{
    put_text(f, "data.yaml",
             "path: ../coco8 # root\ntrain: ../train/images\nval: valid/images\nnc: 2\nnames: ['good', 'bad']\n");
    put_pictures(f, "train/images/", 0, 4);
    put_pictures(f, "valid/images/", 10, 2);
    put_pictures(f, "test/images/", 20, 2);
    put_text(f, "train/labels/0.txt", "1 0.5 0.5 0.25 0.5\n1 0.1 0.2 0.1 0.1 0.75\r\n\n");
    put_text(f, "train/labels/1.txt", "1 0.333333 0.5 0.111111 0.1\n");
    put_text(f, "valid/labels/10.txt", "1 0.1 0.1 0.9 0.1 0.9 0.7");
    put_text(f, "test/labels/20.txt", "1 0 0 0.5 0 0.5 1 0.1 0.55\n0 0.5 0.5 1 1\n");
    put_text(f, "test/labels/21.txt", "");
}

static void test_yolo(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    put_yolo(&f);
    expect_scan(&f, "yolo", 8);
    assert_non_null(strstr(f.space.told, "is read as yolo: 'data.yaml' has names of classes"));
    const as_scan_file *a = file_at(&f, "photos/train/images/0.png"), *v = file_at(&f, "photos/valid/images/10.png"),
                       *t = file_at(&f, "photos/test/images/20.png");
    assert_string_equal(a->label, "bad");
    assert_int_equal(a->split, AS_SPLIT_TRAIN);
    assert_int_equal(a->n_findings, 2);
    assert_memory_equal(a->findings[0].box, ((double[]){24, 12, 16, 24}), sizeof a->findings[0].box);
    assert_true(isnan(a->findings[0].score) && a->findings[1].score == 0.75);
    assert_int_equal(v->split, AS_SPLIT_VALIDATION);
    assert_string_equal(v->findings[0].geometry, "[[6.4,4.8,57.6,4.8,57.6,33.6]]");
    assert_int_equal(t->split, AS_SPLIT_TEST);
    assert_int_equal(t->n_findings, 2);
    assert_string_equal(file_at(&f, "photos/test/images/21.png")->label, "good");
    fixture_done(&f);
}

static void test_yolo_names_and_lists(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    put_text(&f, "coco.yaml", "train: train.txt\nval: [images/a, images/b]\nnames:\n  0: good\n  7: bad\n");
    put_text(&f, "train.txt", "./images/c/0.png\nimages/c/1.png\n");
    put_pictures(&f, "images/c/", 0, 3);
    put_pictures(&f, "images/a/", 10, 1);
    put_pictures(&f, "images/b/", 11, 1);
    put_text(&f, "labels/c/0.txt", "7 0.5 0.5 1 1\n");
    expect_scan(&f, "yolo", 5);
    assert_string_equal(file_at(&f, "photos/images/c/0.png")->label, "bad");
    assert_int_equal(file_at(&f, "photos/images/b/11.png")->split, AS_SPLIT_VALIDATION);
    put_text(&f, "labels/c/0.txt", "3 0.5 0.5 1 1\n");
    expect_refusal(&f, "'labels/c/0.txt' line 1: its class has no name");
    fixture_done(&f);
}

static void test_yolo_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *line, *why;
    } bad[] = {{"1 0.5 0.5 0.1\n", "line 1: it is neither"},
               {"\n1 0.5 0.5 0.1 x\n", "line 2: there is something that is no number"},
               {"1 0.5 0.5 nan 0.1\n", "no number"},
               {"1 0.5 0.5 -0.1 0.1\n", "negative size"},
               {"-1 0.5 0.5 0.1 0.1\n", "class has no name"},
               {"1.5 0.5 0.5 0.1 0.1\n", "class has no name"},
               {"1e300 0.5 0.5 0.1 0.1\n", "class has no name"},
               {"1 1e308 1e308 1e308 1e308\n", "box is"},
               {"2 0.5 0.5 0.1 0.1\n", "class 'all' is no class"}};
    fixture f;
    fixture_make(&f);
    f.cfg.format = "yolo";
    expect_refusal(&f, "no data.yaml");
    put_text(&f, "data.yaml", "names: [good, bad, all]\n");
    put_pictures(&f, "images/", 1, 1);
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        put_text(&f, "labels/1.txt", bad[i].line);
        expect_refusal(&f, bad[i].why);
    }
    put_text(&f, "data.yaml", "names: {x: good}\n");
    expect_refusal(&f, "data.yaml:1:9: 'x' is no number");
    put_text(&f, "data.yaml", "names: good\n");
    expect_refusal(&f, "neither a list nor a map");
    put_text(&f, "data.yaml", "names: {99999999999: good}\n");
    expect_refusal(&f, "number 99999999999");
    fixture_done(&f);
}

static void test_yolo_and_back(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    put_yolo(&f);
    expect_round_trip(&f, "yolo");
    fixture_done(&f);
}

/* Masks and polygons of several rings become one ring that encloses the same pixels. */
static void test_outlines_of_masks(void **state)
{
    (void)state;
    uint8_t pixels[48 * 64] = {0};
    double *points;
    size_t *ends, n_rings;
    as_mask mask, back;
    as_err  err = AS_ERR_NONE;
    double *ring;
    size_t  n;
    for (size_t i = 0; i < sizeof pixels; i++) /* a frame with a hole, a lone pixel, and two that touch at a corner */
        pixels[i] = (i / 64 < 9 && i % 64 < 9 && !(i / 64 > 2 && i / 64 < 5 && i % 64 > 2 && i % 64 < 6)) ||
                    i == 64 * 47 + 63 || i == 64 * 20 + 30 || i == 64 * 21 + 31;
    assert_true(as_mask_from_pixels(pixels, 64, 64, 48, 1, &mask, &err));
    assert_true(as_mask_to_rings(&mask, &points, &ends, &n_rings, &err));
    assert_int_equal(n_rings, 5);
    assert_true(as_mask_from_rings(points, ends, n_rings, 64, 48, &back, &err));
    assert_true(as_mask_iou(&mask, &back) == 1);
    as_mask_done(&back);
    assert_true(as_lay_join(points, ends, n_rings, &ring, &n));
    assert_true(as_mask_from_rings(ring, (size_t[]){n}, 1, 64, 48, &back, &err));
    assert_true(as_mask_iou(&mask, &back) == 1);
    as_mask_done(&back);
    as_mask_done(&mask);
    free(ring);
    free(points);
    free(ends);
}

/* Class folders with manifests beside them are read as folders: the manifests speak of a part only. */
static void test_cookies_are_folders(void **state)
{
    (void)state;
    const char *shared = getenv("ASSAY_SHARED");
    fixture     f;
    char        folder[AS_FS_PATH_BYTES];
    fixture_make(&f);
    if (!shared || !as_fs_join(folder, shared, "data/cookie", &f.err) || !as_fs_is_dir(folder)) {
        fixture_done(&f);
        print_message("no shared data: ASSAY_SHARED names none\n");
        skip();
    }
    f.cfg.folder = folder;
    f.cfg.renames = (const char *const[]){"normal=good", "anomaly=bad", NULL};
    assert_true(scan(&f));
    assert_string_equal(f.scan.format, "folders");
    /* Their colours are those of a brush with soft edges: a colour map's hex-color tells them, not its number. */
    f.cfg.format = "sagemaker";
    f.cfg.renames = (const char *const[]){"cracked=bad", "anomaly=bad", "normal=good", NULL};
    if (!scan(&f))
        fail_msg("%s", f.err.text);
    size_t n_masks = 0, n_large = 0;
    for (size_t i = 0; i < f.scan.files.n; i++) {
        const as_scan_file *file = &f.scan.files.at[i];
        n_masks += file->n_findings;
        n_large += file->n_findings && file->findings[0].box[2] * file->findings[0].box[3] > 0.5 * 576 * 768;
    }
    assert_true(n_masks > 25 && n_large == 0);
    fixture_done(&f);
}

static const char table[] = "\xef\xbb\xbfimage,label,x,y,width,height,split,note\n"
                            "pictures/0.png,bad,1.5,2,3,4,train,\"a \"\"b\"\", c\"\n"
                            "pictures/0.png,bad,10,20,30,8,train,\n"
                            "pictures/1.png,good,,,,,train,\n"
                            "pictures/2.png,bad,,,,,val,\n"
                            "pictures/3.png,good,,,,,test,\n"
                            "pictures/4.png,bad,,,,,train,\n"
                            "pictures/gone.png,bad,,,,,train,\n";

static void test_csv(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    put_text(&f, "labels.csv", table);
    put_pictures(&f, "pictures/", 0, 6);
    expect_scan(&f, "csv", 5);
    const as_scan_file *a = file_at(&f, "photos/pictures/0.png");
    assert_int_equal(a->n_findings, 2);
    assert_memory_equal(a->findings[0].box, ((double[]){1.5, 2, 3, 4}), sizeof a->findings[0].box);
    assert_string_equal(a->findings[0].extra, "{\"note\":\"a \\\"b\\\", c\"}");
    assert_string_equal(a->findings[1].extra, "");
    assert_int_equal(file_at(&f, "photos/pictures/2.png")->split, AS_SPLIT_VALIDATION);
    assert_string_equal(file_at(&f, "photos/pictures/2.png")->label, "bad");
    assert_non_null(strstr(f.space.told, "pictures/gone.png is not there"));
    put_text(&f, "labels.csv", "filename;width;height;class;xmin;ymin;xmax;ymax\n0.png;64;48;bad;1;2;11;22\n");
    expect_scan(&f, "csv", 1);
    assert_memory_equal(f.scan.files.at[0].findings[0].box, ((double[]){1, 2, 10, 20}), 4 * sizeof(double));
    fixture_done(&f);
}

static void test_csv_refuses(void **state)
{
    (void)state;
#define HEAD "image,label,x,y,width,height,split\n"
    static const struct {
        const char *text, *why;
    } bad[] = {{HEAD "0.png,bad\n", "labels.csv:2: there are 2 fields, and 7 in the header"},
               {HEAD "0.png,bad,1,2,3,,\n", "labels.csv:2: there is no number"},
               {HEAD "0.png,bad,1,2,3,inf,\n", "there is no number"},
               {HEAD "0.png,bad,1,2,3,-4,\n", "labels.csv:2: its box is 3 x -4"},
               {HEAD "0.png,all,,,,,\n", "label 'all' is no class"},
               {HEAD "0.png,,1,2,3,4,\n", "its box has no label"},
               {HEAD ",bad,,,,,\n", "there is no name of a picture"},
               {HEAD "0.png,bad,,,,,dev\n", "neither train nor validation nor test is 'dev'"},
               {HEAD "0.png,bad,,,,,\n0.png,good,,,,,\n", "labels.csv:3: a second label"},
               {HEAD "x.png,bad,,,,,\n", "none of the pictures"},
               {HEAD "\"0.png", "labels.csv:2: a quoted field does not end"},
               {"what,ever\n", "no table"}};
    fixture f;
    fixture_make(&f);
    f.cfg.format = "csv";
    put_pictures(&f, "", 0, 2);
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        put_text(&f, "labels.csv", bad[i].text);
        expect_refusal(&f, bad[i].why);
    }
    fixture_done(&f);
}

static void test_csv_and_back(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    put_text(&f, "labels.csv", table);
    put_pictures(&f, "pictures/", 0, 6);
    expect_round_trip(&f, "csv");
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_yolo),
        cmocka_unit_test(test_yolo_names_and_lists),
        cmocka_unit_test(test_yolo_refuses),
        cmocka_unit_test(test_yolo_and_back),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_csv_refuses),
        cmocka_unit_test(test_csv_and_back),
        cmocka_unit_test(test_outlines_of_masks),
        cmocka_unit_test(test_cookies_are_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
