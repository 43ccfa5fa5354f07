/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/dataset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/test_pictures.h"

static test_set set;

static int setup(void **state)
{
    (void)state;
    test_set_make(&set, "dataset", &(test_set_cfg){64, 48, {4, 2, 2}, -1, 1});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_set_done(&set);
    return 0;
}

static void test_splits_and_classes(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    as_dataset *data = as_dataset_open(set.ws, set.spec, NULL, &err);
    size_t      n = 0, total = 0;
    assert_non_null(data);
    assert_int_equal(as_dataset_count(data), 24);
    assert_int_equal(as_dataset_commit(data)->n_samples, 24);
    static const size_t want[] = {[AS_SPLIT_TRAIN] = 12, [AS_SPLIT_VALIDATION] = 6, [AS_SPLIT_TEST] = 6};
    for (as_split s = AS_SPLIT_NONE; s < AS_SPLIT_COUNT; s++) {
        const uint32_t *at = as_dataset_split(data, s, &n);
        assert_int_equal(n, want[s]);
        total += n;
        for (size_t i = 0; i < n; i++) {
            const as_sample *sample = as_dataset_sample(data, at[i]);
            assert_int_equal(sample->split, s);
            assert_string_equal(set.spec->classes[as_dataset_class(data, at[i])].name, sample->label);
            assert_true(i == 0 || at[i - 1] < at[i]);
        }
    }
    assert_int_equal(total, 24);
    assert_null(as_dataset_close(data));
}

static void test_pixels(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_dataset     *data = as_dataset_open(set.ws, set.spec, "main", &err);
    size_t          n = 0;
    const uint32_t *at = as_dataset_split(data, AS_SPLIT_TEST, &n);
    uint8_t        *pixels = as_dataset_pixels(data, at, n, AS_RESIZE_STANDARD, 32, 24, 3, NULL, &err);
    assert_non_null(pixels);
    for (size_t i = 0; i < n; i++) {
        as_image whole = {0}, small = {0};
        assert_true(as_dataset_decode(data, at[i], &whole, &err));
        assert_int_equal(whole.width, 64);
        assert_true(as_image_new(&small, AS_PIXEL_RGB8, 32, 24, &err));
        assert_true(as_image_resize(&whole, AS_RESIZE_STANDARD, 0, &small, &err));
        assert_memory_equal(small.data, pixels + i * 32 * 24 * 3, 32 * 24 * 3);
        as_image_done(&whole);
        as_image_done(&small);
    }
    free(pixels);
    assert_null(as_dataset_pixels(data, at, n, AS_RESIZE_STANDARD, 32, 24, 2, NULL, &err));
    assert_int_equal(err.code, AS_EINVAL);
    as_dataset_close(data);
}

static void test_unknown_class(void **state)
{
    (void)state;
    static const char text[] =
        "assay: 1\nline: discs\ntask: classify\nclasses: {good: pass, reed: reject, small: reject}\n"
        "requirements:\n  - {id: R1, text: all is well, measure: accuracy, at_least: 0.5}\n";
    as_err   err = AS_ERR_NONE;
    as_spec *spec = as_spec_parse(text, sizeof text - 1, "other.yaml", &err);
    if (!spec)
        fail_msg("%s", err.text);
    assert_null(as_dataset_open(set.ws, spec, NULL, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_non_null(strstr(err.text, "'red'"));
    assert_non_null(strstr(err.text, "did you mean 'reed'"));
    as_spec_free(spec);
}

/* What nobody labelled, or a model only, is in no split; the pictures' manifest is the same object as before. */
static void test_labels_that_do_not_count(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    as_commit   before, after;
    as_dataset *data;
    size_t      n = 0, total = 0;
    as_sample   nothing = {.label = ""}, proposed = {.label = "red", .state = AS_LABEL_PROPOSED, .by = "model:1-cnn"};
    assert_true(as_commit_find(set.ws, "main", &before, &err));
    as_manifest *manifest = as_commit_manifest(set.ws, &before, &err);
    assert_non_null(manifest);
    assert_true(as_manifest_set_label(manifest, 0, &nothing, &err));
    assert_true(as_manifest_set_label(manifest, 1, &proposed, &err));
    after = before;
    after.parents[0] = before.id;
    after.n_parents = 1;
    assert_true(as_commit_write(set.ws, manifest, &after, &err));
    as_manifest_free(manifest);
    assert_true(as_digest_equal(&before.manifest, &after.manifest));
    assert_false(as_digest_equal(&before.labels, &after.labels));
    data = as_dataset_open(set.ws, set.spec, NULL, &err);
    assert_non_null(data);
    for (as_split s = AS_SPLIT_NONE; s < AS_SPLIT_COUNT; s++) {
        as_dataset_split(data, s, &n);
        total += n;
    }
    assert_int_equal(total, 22);
    assert_int_equal(as_dataset_class(data, 0), AS_DATASET_NO_CLASS);
    assert_int_equal(as_dataset_class(data, 1), AS_DATASET_NO_CLASS);
    as_dataset_close(data);
}

static void test_no_such_commit(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    assert_null(as_dataset_open(set.ws, set.spec, "0123456", &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_null(as_dataset_close(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_splits_and_classes),
        cmocka_unit_test(test_pixels),
        cmocka_unit_test(test_unknown_class),
        cmocka_unit_test(test_no_such_commit),
        cmocka_unit_test(test_labels_that_do_not_count),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
