/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/test_model.h"
#include "lab/test_pictures.h"

static test_set    set;
static as_dataset *data;

static int setup(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    test_set_make(&set, "rule", &(test_set_cfg){96, 72, {12, 2, 8}, -1, 1});
    data = as_dataset_open(set.ws, set.spec, NULL, &err);
    return data ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    data = as_dataset_close(data);
    test_set_done(&set);
    return 0;
}

static void test_learns_and_repeats(void **state)
{
    (void)state;
    const as_trainer *rule = as_trainer_find("rule");
    as_trainer_cfg    cfg = {.seed = 3};
    as_trained        trained = {0};
    as_str            bytes;
    as_str_init(&bytes);
    test_model_train(data, set.spec, rule, &cfg, &trained, &bytes);
    as_features answers = test_model_answers(data, AS_SPLIT_TEST, &bytes, &trained, "native");
    assert_true(test_model_accuracy(data, AS_SPLIT_TEST, &answers) > 0.9);
    as_features_done(&answers);
    assert_true(test_model_parity(data, AS_SPLIT_TEST, &bytes, &trained) < 1e-4);
    assert_true(test_model_repeats(data, set.spec, rule, &cfg));
    as_trained_done(&trained);
    as_str_done(&bytes);
}

static void test_says_its_rules(void **state)
{
    (void)state;
    as_trained trained = {0};
    as_str     bytes;
    bool       red = false, small = false;
    as_str_init(&bytes);
    test_model_train(data, set.spec, as_trainer_find("rule"), &(as_trainer_cfg){.seed = 1, .width = 60, .height = 45},
                     &trained, &bytes);
    json_t *rules = json_object_get(trained.params, "rules");
    assert_true(json_array_size(rules) >= 3);
    for (size_t i = 0; i < json_array_size(rules); i++) {
        const char *text = json_string_value(json_array_get(rules, i));
        red = red || strstr(text, "-> red (");
        small = small || strstr(text, "-> small (");
        assert_non_null(strstr(text, " > ") ? strstr(text, " > ") : strstr(text, " <= "));
    }
    assert_true(red && small);
    assert_true(trained.info.input.width == 59 && trained.info.input.height == 44);
    as_trained_done(&trained);
    as_str_done(&bytes);
}

/* Pictures that are all alike: no threshold helps, and the answer is one distribution for all. */
static void test_nothing_to_find(void **state)
{
    (void)state;
    test_set   same;
    as_trained trained = {0};
    as_err     err = AS_ERR_NONE;
    as_str     bytes;
    as_image   grey = {0};
    as_str_init(&bytes);
    test_set_make(&same, "same", &(test_set_cfg){32, 32, {1, 1, 1}, -1, 1});
    as_manifest *manifest = as_manifest_new(&err);
    as_commit    commit = {.author = "test", .utc = 2};
    assert_true(as_image_new(&grey, AS_PIXEL_MONO8, 32, 32, &err));
    memset(grey.data, 99, grey.stride_bytes * 32);
    assert_true(as_codec_encode_png(&grey, 1, &bytes, &err));
    for (uint32_t i = 0; i < 9; i++) {
        char      name[32];
        as_sample sample = {.name = name,
                            .part = name,
                            .label = same.spec->classes[i % 3].name,
                            .split = AS_SPLIT_TRAIN,
                            .camera = "",
                            .width = 32,
                            .height = 32,
                            .format = "png",
                            .n_bytes = bytes.len,
                            .utc = 1,
                            .sharpness = NAN,
                            .clipped_ratio = NAN,
                            .severity = NAN};
        snprintf(name, sizeof name, "%u.png", i);
        assert_true(as_store_put(same.ws->store, bytes.s, bytes.len, &sample.image, NULL, &err));
        assert_true(as_manifest_add(manifest, &sample, &err));
    }
    as_manifest_sort(manifest);
    assert_true(as_commit_write(same.ws, manifest, &commit, &err));
    as_manifest_free(manifest);
    as_image_done(&grey);
    as_str_clear(&bytes);
    as_dataset *some = as_dataset_open(same.ws, same.spec, NULL, &err);
    assert_non_null(some);
    test_model_train(some, same.spec, as_trainer_find("rule"), &(as_trainer_cfg){.seed = 1}, &trained, &bytes);
    as_features answers = test_model_answers(some, AS_SPLIT_TRAIN, &bytes, &trained, "native");
    for (size_t i = 0; i < 27; i++)
        assert_true(fabsf(answers.at[i] - 1.f / 3) < 1e-5f);
    as_features_done(&answers);
    as_trained_done(&trained);
    as_dataset_close(some);
    as_str_done(&bytes);
    test_set_done(&same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns_and_repeats),
        cmocka_unit_test(test_says_its_rules),
        cmocka_unit_test(test_nothing_to_find),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
