/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/outliers.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lab/test_pictures.h"

static test_set set;

/* On top of 90 pictures of class good and small, 4 more of those and 3 of class red, of other bytes and one of another size. */
static void add(as_manifest *manifest, const char *name, uint32_t side, uint32_t class_index, uint64_t seed)
{
    as_err   err = AS_ERR_NONE;
    as_image image;
    as_str   png;
    as_str_init(&png);
    test_picture(&image, side, side, class_index, seed);
    assert_true(as_codec_encode_png(&image, 1, &png, &err));
    as_sample s = {.name = name,
                   .part = name,
                   .label = "",
                   .camera = "",
                   .format = "png",
                   .width = side,
                   .height = side,
                   .n_bytes = png.len,
                   .utc = 1,
                   .sharpness = NAN,
                   .clipped_ratio = NAN,
                   .severity = NAN};
    assert_true(as_store_put(set.ws->store, png.s, png.len, &s.image, NULL, &err));
    assert_true(as_manifest_add(manifest, &s, &err));
    as_str_done(&png);
    as_image_done(&image);
}

static int setup(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_commit commit;
    test_set_make(&set, "outliers", &(test_set_cfg){48, 48, {45, 0, 0}, 1, 11});
    assert_true(as_commit_find(set.ws, "", &commit, &err));
    as_manifest *manifest = as_commit_manifest(set.ws, &commit, &err);
    for (uint32_t i = 0; i < 7; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s/%u.png", i < 4 ? "like" : "other", i);
        add(manifest, name, i == 6 ? 96 : 48, i >= 4 ? 1 : i % 2 ? 2 : 0, 900 + i);
    }
    as_manifest_sort(manifest);
    commit.parents[0] = commit.id;
    commit.n_parents = 1;
    assert_true(as_commit_write(set.ws, manifest, &commit, &err));
    as_manifest_free(manifest);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_set_done(&set);
    return 0;
}

static as_outliers find(as_dataset **data, const char *reference, as_dataset **ret_reference)
{
    as_err         err = AS_ERR_NONE;
    as_outliers    found;
    as_trainer_cfg cfg = {.backend = "native"};
    *data = as_dataset_open(set.ws, set.spec, "main", &err);
    *ret_reference = reference ? as_dataset_open(set.ws, set.spec, reference, &err) : NULL;
    if (!as_outliers_find(*data, *ret_reference, 0.99, &cfg, NULL, &found, &err))
        fail_msg("%s", err.text);
    return found;
}

static void test_against_a_reference(void **state)
{
    (void)state;
    as_dataset *data, *reference;
    as_outliers o = find(&data, "main~1", &reference);
    assert_int_equal(o.n, 7); /* what the reference has is not looked at */
    assert_int_equal(o.n_reference, 90);
    assert_int_equal(o.n_unlike, 3);
    for (size_t i = 0; i < o.n; i++) {
        bool unlike = strncmp(as_dataset_sample(data, o.at[i].sample)->name, "other/", 6) == 0;
        assert_int_equal(unlike, i < 3);
        assert_int_equal(unlike, o.at[i].distance > o.limit);
    }
    as_outliers_done(&o);
    as_dataset_close(data);
    as_dataset_close(reference);
}

static void test_among_themselves(void **state)
{
    (void)state;
    as_dataset *data, *reference;
    as_outliers o = find(&data, NULL, &reference);
    size_t      n_first = 0;
    assert_int_equal(o.n, 97);
    for (size_t i = 0; i < 5; i++)
        n_first += strncmp(as_dataset_sample(data, o.at[i].sample)->name, "other/", 6) == 0;
    assert_int_equal(n_first, 3);
    as_outliers_done(&o);
    as_dataset_close(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_a_reference),
        cmocka_unit_test(test_among_themselves),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
