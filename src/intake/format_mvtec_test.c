/* SPDX-License-Identifier: Apache-2.0 */
/* Formats that keep where as pictures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "intake/test_format.h"

static void put_mvtec(const fixture *f, const char *product)
{
    char name[128];
    for (uint64_t i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%strain/good/%03llu.png", product, (unsigned long long)i);
        test_put_png(&f->space, name, i);
        snprintf(name, sizeof name, "%stest/good/%03llu.png", product, (unsigned long long)i);
        test_put_png(&f->space, name, 10 + i);
        snprintf(name, sizeof name, "%stest/bad/%03llu.png", product, (unsigned long long)i);
        test_put_png(&f->space, name, 20 + i);
        snprintf(name, sizeof name, "%sground_truth/bad/%03llu_mask.png", product, (unsigned long long)i);
        put_mask(f, name, 255, 5, 6, 10, (uint32_t)i + 1);
    }
}

static void test_mvtec(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    put_mvtec(&f, "");
    expect_scan(&f, "mvtec", 12);
    assert_non_null(strstr(f.space.told, "ground_truth/ lies beside train/ or test/"));
    const as_scan_file *bad = file_at(&f, "photos/test/bad/002.png"), *good = file_at(&f, "photos/train/good/000.png");
    assert_string_equal(bad->label, "bad");
    assert_int_equal(bad->split, AS_SPLIT_TEST);
    assert_int_equal(bad->n_findings, 1);
    assert_int_equal(bad->findings[0].outline, AS_OUTLINE_MASK);
    assert_memory_equal(bad->findings[0].box, ((double[]){5, 6, 10, 3}), sizeof bad->findings[0].box);
    assert_string_equal(good->label, "good");
    assert_int_equal(good->split, AS_SPLIT_NONE); /* there is no validation: it is drawn from these */
    fixture_done(&f);
}

static void test_mvtec_of_several_products(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    put_mvtec(&f, "bottle/");
    expect_scan(&f, "mvtec", 12);
    assert_int_equal(file_at(&f, "photos/bottle/test/bad/001.png")->n_findings, 1);
    fixture_done(&f);
}

static void test_mvtec_refuses(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    put_mvtec(&f, "");
    test_put_png(&f.space, "test/scratch/000.png", 40);
    expect_refusal(&f, "folder 'scratch' is no class");
    f.cfg.renames = (const char *const[]){"scratch=bad", NULL};
    expect_scan(&f, "mvtec", 13);
    as_str small;
    as_str_init(&small);
    test_png(3, 32, 48, &small);
    test_put(&f.space, "ground_truth/scratch/000_mask.png", small.s, small.len);
    as_str_done(&small);
    expect_refusal(&f, "mask 'ground_truth/scratch/000_mask.png' is 32 x 48 px, and its picture 64 x 48");
    put_text(&f, "ground_truth/scratch/000_mask.png", "no picture");
    expect_refusal(&f, "ground_truth/scratch/000_mask.png");
    fixture_done(&f);
}

static void test_mvtec_and_back(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f);
    put_mvtec(&f, "");
    expect_round_trip(&f, "mvtec");
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mvtec),
        cmocka_unit_test(test_mvtec_of_several_products),
        cmocka_unit_test(test_mvtec_refuses),
        cmocka_unit_test(test_mvtec_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
