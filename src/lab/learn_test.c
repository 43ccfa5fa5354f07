/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/learn.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lab/learn_record.h"
#include "lab/test_pictures.h"

static test_set set;

static int setup(void **state)
{
    (void)state;
    test_set_make(&set, "learn", &(test_set_cfg){64, 48, {12, 4, 4}, -1, 1});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_set_done(&set);
    return 0;
}

static bool has_file(const as_run *run, const char *name)
{
    char   path[AS_FS_PATH_BYTES];
    as_err err = AS_ERR_NONE;
    return as_fs_join(path, run->dir, name, &err) && as_fs_is_file(path);
}

/* Every picture of every split. */
static void check_known(const as_run *run)
{
    as_err      err = AS_ERR_NONE;
    as_known    known;
    as_dataset *dataset = as_dataset_open(set.ws, set.spec, run->commit, &err);
    assert_non_null(dataset);
    assert_true(as_known_read(run, &known, &err));
    assert_true(known.n > 0 && known.n <= as_dataset_count(dataset));
    for (size_t i = 0; i < as_dataset_count(dataset); i++) {
        as_origin origin = as_origin_of(&as_dataset_sample(dataset, i)->image);
        assert_true(as_known_has(&known, &origin));
    }
    as_known_done(&known);
    as_dataset_close(dataset);
}

/* Nothing of an unfinished run is left: neither a run nor a draft. */
static void assert_nothing_left(size_t n_runs)
{
    as_run *runs = NULL;
    size_t  n = 0;
    char    path[AS_FS_PATH_BYTES], draft[AS_FS_PATH_BYTES];
    as_err  err = AS_ERR_NONE;
    assert_true(as_run_list(set.ws, &runs, &n, &err));
    assert_int_equal(n, n_runs);
    free(runs);
    snprintf(draft, sizeof draft, "tmp/run-%d", (int)getpid());
    assert_true(as_workspace_path(set.ws, draft, path, &err));
    assert_false(as_fs_is_dir(path));
}

static void test_rule(void **state)
{
    (void)state;
    as_trainer_cfg cfg = {.seed = 5};
    as_run         first = {0}, again = {0}, found = {0};
    as_err         err = AS_ERR_NONE;
    json_t        *details = NULL, *scores = NULL;
    uint8_t       *model = NULL;
    size_t         n = 0;
    if (!as_learn(set.ws, set.spec, NULL, as_trainer_find("rule"), &cfg, NULL, &first, &err))
        fail_msg("%s", err.text);
    assert_string_equal(first.id, "1-rule");
    assert_int_equal(first.seed, 5);
    assert_int_equal(first.threads, 2);
    assert_true(isfinite(first.val_cost) && first.val_macro_f1 > 0.8 && first.seconds > 0);
    assert_true(first.pass_below <= first.reject_from && first.reject_from <= 1);
    assert_true(has_file(&first, "spec.yaml") && has_file(&first, "scores-validation.json") &&
                !has_file(&first, "curve.csv"));
    assert_true(as_run_read_json(&first, "scores-validation.json", &scores, &err));
    assert_int_equal(json_array_size(json_object_get(scores, "samples")), 12);
    assert_true(as_run_read_json(&first, "details.json", &details, &err));
    assert_true(json_array_size(json_object_get(json_object_get(details, "params"), "rules")) > 1);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(details, "data"), "train")), 36);
    assert_true(as_run_read_model(&first, &model, &n, &err));
    as_graph *graph = as_graph_parse(model, n, "model.onnx", &err);
    assert_non_null(graph);
    assert_string_equal(as_graph_meta(graph, "assay.commit"), first.commit);
    assert_string_equal(as_graph_meta(graph, "labels"), "good red small");
    as_graph_free(graph);
    free(model);
    check_known(&first);
    json_decref(details);
    json_decref(scores);
    assert_true(as_learn(set.ws, set.spec, "main", as_trainer_find("rule"), &cfg, NULL, &again, &err));
    assert_string_equal(again.id, "2-rule");
    assert_string_equal(again.model, first.model);
    assert_true(as_run_find(set.ws, NULL, &found, &err));
    assert_string_equal(found.model, first.model);
}

static void test_cnn_has_a_curve(void **state)
{
    (void)state;
    as_trainer_cfg cfg = {.seed = 5, .epochs = 2, .threads = 1, .width = 32, .height = 32};
    as_run         run = {0};
    as_err         err = AS_ERR_NONE;
    json_t        *details = NULL;
    uint8_t       *csv = NULL;
    size_t         n = 0;
    char           path[AS_FS_PATH_BYTES];
    if (!as_learn(set.ws, set.spec, NULL, as_trainer_find("cnn"), &cfg, NULL, &run, &err))
        fail_msg("%s", err.text);
    assert_true(as_run_read_json(&run, "details.json", &details, &err));
    assert_int_equal(json_array_size(json_object_get(details, "curve")), 2);
    assert_true(json_integer_value(json_object_get(details, "best_epoch")) >= 1);
    assert_true(as_fs_join(path, run.dir, "curve.csv", &err) && as_fs_read(path, 10000, &csv, &n, &err));
    assert_int_equal(strncmp((const char *)csv, "epoch,train_loss", 16), 0);
    free(csv);
    json_decref(details);
}

static void test_nothing_left_when_stopped(void **state)
{
    (void)state;
    atomic_bool stop = true;
    as_progress progress = {.stop = &stop};
    as_run      run = {0}, *runs = NULL;
    as_err      err = AS_ERR_NONE;
    size_t      n = 0;
    assert_true(as_run_list(set.ws, &runs, &n, &err));
    free(runs);
    for (size_t i = 0; as_trainer_at(i); i++) {
        if (strcmp(as_trainer_at(i)->name, "head") == 0) /* needs a backbone; its own test stops it */
            continue;
        assert_false(
            as_learn(set.ws, set.spec, NULL, as_trainer_at(i), &(as_trainer_cfg){.threads = 1}, &progress, &run, &err));
        assert_int_equal(err.code, AS_ECANCELLED);
        assert_nothing_left(n);
    }
    assert_false(as_learn(set.ws, set.spec, NULL, as_trainer_find("head"), &(as_trainer_cfg){0}, NULL, &run, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_nothing_left(n);
}

static void expect(const test_set_cfg *cfg, const char *text)
{
    test_set other;
    as_run   run = {0};
    as_err   err = AS_ERR_NONE;
    test_set_make(&other, "learn-bad", cfg);
    assert_false(as_learn(other.ws, other.spec, NULL, as_trainer_find("rule"), &(as_trainer_cfg){0}, NULL, &run, &err));
    if (!strstr(err.text, text))
        fail_msg("'%s' is not in '%s'", text, err.text);
    test_set_done(&other);
}

static void test_bad_data(void **state)
{
    (void)state;
    expect(&(test_set_cfg){32, 32, {2, 0, 1}, -1, 1}, "the validation split is empty");
    expect(&(test_set_cfg){32, 32, {0, 1, 1}, -1, 1}, "the training split is empty");
    expect(&(test_set_cfg){32, 32, {2, 1, 1}, 2, 1}, "class 'small' has no training picture");
    as_run run = {0};
    as_err err = AS_ERR_NONE;
    assert_false(as_learn(set.ws, set.spec, "abcd", as_trainer_find("rule"), &(as_trainer_cfg){0}, NULL, &run, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rule),
        cmocka_unit_test(test_cnn_has_a_curve),
        cmocka_unit_test(test_nothing_left_when_stopped),
        cmocka_unit_test(test_bad_data),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
