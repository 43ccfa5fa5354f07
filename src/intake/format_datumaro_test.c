/* SPDX-License-Identifier: Apache-2.0 */
/* Datumaro's JSON: what it says, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "image/mask.h"
#include "intake/test_format.h"

#define LABELS "\"categories\":{\"label\":{\"labels\":[{\"name\":\"good\",\"parent\":\"\"},{\"name\":\"bad\"}]}}"

static void put_pictures(const fixture *f, const char *folder, uint64_t from, uint64_t n)
{
    char name[128];
    for (uint64_t i = from; i < from + n; i++) {
        snprintf(name, sizeof name, "%s%llu.png", folder, (unsigned long long)i);
        test_put_png(&f->space, name, i);
    }
}

static void test_all_kinds(void **state)
{
    (void)state;
    fixture f;
    char    text[1024];
    as_str  counts;
    as_mask mask;
    fixture_make(&f);
    as_str_init(&counts);
    assert_true(as_mask_from_runs((uint32_t[]){100, 20, 64 * 48 - 120}, 3, 64, 48, &mask, &f.err) &&
                as_mask_add_text(&mask, &counts, &f.err));
    put_pictures(&f, "images/train/", 0, 2);
    put_pictures(&f, "images/val/", 0, 1);
    put_pictures(&f, "images/test/", 3, 1);
    put_text(&f, "annotations/train.json",
             "{\"info\":{}," LABELS ",\"items\":[{\"id\":\"0\",\"annotations\":["
             "{\"id\":3,\"type\":\"bbox\",\"attributes\":{\"occluded\":true,\"score\":0.5},\"group\":1,\"label_id\":1,"
             "\"z_order\":0,\"bbox\":[1.5,2,3,4]},"
             "{\"type\":\"polygon\",\"attributes\":{},\"label_id\":0,\"points\":[0,0,10,0,10,10.5]},"
             "{\"type\":\"caption\",\"caption\":\"nice\"}],\"image\":{\"path\":\"0.png\",\"size\":[48,64]}},"
             "{\"id\":\"1\",\"annotations\":[{\"type\":\"label\",\"label_id\":1}]}]}");
    snprintf(text, sizeof text,
             "{" LABELS ",\"items\":[{\"id\":\"0\",\"annotations\":[{\"type\":\"mask\",\"label_id\":1,"
             "\"rle\":{\"counts\":\"%s\",\"size\":[48,64]}}],\"media\":{\"path\":\"0.png\"}}]}",
             counts.s);
    as_str_done(&counts);
    as_mask_done(&mask);
    put_text(&f, "annotations/val.json", text);
    put_text(&f, "annotations/test.json", "{" LABELS ",\"items\":[{\"id\":\"3\",\"annotations\":[]}]}");
    expect_scan(&f, "datumaro", 4);
    const as_scan_file *a = file_at(&f, "photos/images/train/0.png"), *b = file_at(&f, "photos/images/train/1.png"),
                       *c = file_at(&f, "photos/images/val/0.png"), *d = file_at(&f, "photos/images/test/3.png");
    assert_int_equal(a->n_findings, 2);
    assert_int_equal(a->split, AS_SPLIT_TRAIN);
    assert_string_equal(a->label, "bad");
    assert_memory_equal(a->findings[0].box, ((double[]){1.5, 2, 3, 4}), sizeof a->findings[0].box);
    assert_true(a->findings[0].score == 0.5);
    assert_string_equal(a->findings[1].geometry, "[[0,0,10,0,10,10.5]]");
    assert_string_equal(b->label, "bad");
    assert_int_equal(c->split, AS_SPLIT_VALIDATION);
    assert_int_equal(c->n_findings, 1);
    assert_int_equal(c->findings[0].outline, AS_OUTLINE_MASK);
    assert_string_equal(d->label, "good");
    assert_non_null(strstr(f.space.told, "1 annotations that are no label"));
    fixture_done(&f);
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *items, *why;
    } bad[] = {
        {"7", "items[0] of 'x.json': it is no JSON object"},
        {"{\"id\":\"0\",\"annotations\":[{\"type\":\"label\",\"label_id\":2}]}", "not among the labels"},
        {"{\"id\":\"0\",\"annotations\":[{\"type\":\"label\",\"label_id\":-1}]}", "not among the labels"},
        {"{\"id\":\"0\",\"annotations\":[{\"type\":\"bbox\",\"label_id\":1,\"bbox\":[1,2,3]}]}", "is not [x, y"},
        {"{\"id\":\"0\",\"annotations\":[{\"type\":\"bbox\",\"label_id\":1,\"bbox\":[1,2,3,\"4\"]}]}", "is no number"},
        {"{\"id\":\"0\",\"annotations\":[{\"type\":\"bbox\",\"label_id\":1,\"bbox\":[1,2,-3,4]}]}", "its box is"},
        {"{\"id\":\"0\",\"annotations\":[{\"type\":\"polygon\",\"label_id\":1,\"points\":[1,2,3,4]}]}",
         "a polygon of 4 numbers"},
        {"{\"id\":\"0\",\"annotations\":[{\"type\":\"mask\",\"label_id\":1,\"rle\":{\"size\":[48,64]}}]}",
         "no counts and size"},
        {"{\"id\":\"0\",\"annotations\":[{\"type\":\"label\",\"label_id\":0},{\"type\":\"label\",\"label_id\":1}]}",
         "two labels of one picture"},
        {"{\"id\":\"0\"},{\"id\":\"0\"}", "is another item's already"},
        {"{\"id\":\"9\"}", "none of the pictures"},
    };
    fixture f;
    fixture_make(&f);
    f.cfg.format = "datumaro";
    put_pictures(&f, "", 0, 1);
    expect_refusal(&f, "no file of Datumaro");
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        char text[1024];
        snprintf(text, sizeof text, "{" LABELS ",\"items\":[%s]}", bad[i].items);
        put_text(&f, "x.json", text);
        expect_refusal(&f, bad[i].why);
    }
    put_text(&f, "x.json",
             "{\"categories\":{\"label\":{\"labels\":[{\"name\":\"crack\"}]}},\"items\":[{\"id\":\"0\","
             "\"annotations\":[{\"type\":\"label\",\"label_id\":0}]}]}");
    expect_refusal(&f, "label 'crack' is no class");
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_kinds),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
