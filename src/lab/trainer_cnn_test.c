/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/samples.h"
#include "lab/test_model.h"
#include "lab/test_pictures.h"

static test_set    set;
static as_dataset *data;

static int setup(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    test_set_make(&set, "cnn", &(test_set_cfg){64, 48, {12, 2, 6}, -1, 1});
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

static void test_learns(void **state)
{
    (void)state;
    as_trained trained = {0};
    as_str     bytes;
    as_str_init(&bytes);
    test_model_train(data, set.spec, as_trainer_find("cnn"),
                     &(as_trainer_cfg){.seed = 3, .epochs = 12, .threads = 1, .width = 32, .height = 32}, &trained,
                     &bytes);
    assert_true(trained.info.input.width == 32 && trained.info.input.height == 32);
    assert_int_equal(trained.curve.n, 12);
    as_features answers = test_model_answers(data, AS_SPLIT_TEST, &bytes, &trained, "native");
    assert_true(test_model_accuracy(data, AS_SPLIT_TEST, &answers) > 0.7);
    as_features_done(&answers);
    assert_true(test_model_parity(data, AS_SPLIT_TEST, &bytes, &trained) < 1e-4);
    as_trained_done(&trained);
    as_str_done(&bytes);
}

static void test_repeats(void **state)
{
    (void)state;
    as_trainer_cfg cfg = {.seed = 3, .epochs = 1, .threads = 1, .width = 32, .height = 32};
    assert_true(test_model_repeats(data, set.spec, as_trainer_find("cnn"), &cfg));
}

static void test_size(void **state)
{
    (void)state;
    as_trained trained = {0};
    as_err     err = AS_ERR_NONE;
    as_samples train = {0};
    uint32_t   width = 0, height = 0;
    assert_false(as_trainer_find("cnn")->train(data, set.spec, &(as_trainer_cfg){.width = 60, .height = 48}, NULL,
                                               &trained, &err));
    assert_non_null(strstr(err.text, "60x48"));
    assert_true(as_samples_open(data, set.spec, AS_SPLIT_TRAIN, &train, &err));
    as_samples_size(data, &train, 128, 16, 0, &width, &height); /* never enlarged */
    assert_true(width == 64 && height == 48);
    as_samples_size(data, &train, 32, 16, 0, &width, &height);
    assert_true(width == 32 && height == 32);
    as_samples_size(data, &train, 50, 3, 2, &width, &height);
    assert_true(width == 50 && height == 38);
    as_samples_done(&train);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns),
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_size),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
