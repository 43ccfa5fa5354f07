/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/label_errors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "lab/test_pictures.h"

#define N_WRONG 9

static test_set set;
static char     wrong[N_WRONG][64], right[N_WRONG][64]; /* names, and the class each had */

static void commit_on(as_commit *commit, const as_manifest *manifest)
{
    as_err err = AS_ERR_NONE;
    commit->parents[0] = commit->id;
    commit->n_parents = 1;
    if (!as_commit_write(set.ws, manifest, commit, &err))
        fail_msg("%s", err.text);
}

/* Nine of 180 samples, of any split, get another class than they have. */
static int setup(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_commit commit;
    as_rng    rng = as_rng_new(3);
    test_set_make(&set, "label_errors", &(test_set_cfg){48, 48, {36, 6, 18}, -1, 11});
    assert_true(as_commit_find(set.ws, "", &commit, &err));
    as_manifest *manifest = as_commit_manifest(set.ws, &commit, &err);
    uint32_t     order[180];
    assert_int_equal(as_manifest_count(manifest), AS_COUNT(order));
    for (uint32_t i = 0; i < AS_COUNT(order); i++)
        order[i] = i;
    as_rng_shuffle_u32(&rng, order, AS_COUNT(order));
    for (size_t k = 0; k < N_WRONG; k++) {
        const as_sample *s = as_manifest_at(manifest, order[k]);
        int class = as_spec_class(set.spec, s->label);
        as_str_copy(wrong[k], sizeof wrong[k], s->name);
        as_str_copy(right[k], sizeof right[k], s->label);
        as_sample said = {.label = set.spec->classes[(class + 1) % 3].name, .state = AS_LABEL_GIVEN};
        assert_true(as_manifest_set_label(manifest, order[k], &said, &err));
    }
    commit_on(&commit, manifest);
    as_manifest_free(manifest);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_set_done(&set);
    return 0;
}

static as_label_errors find(as_dataset **ret_data, uint32_t threads)
{
    as_label_errors found = {0};
    as_err          err = AS_ERR_NONE;
    as_trainer_cfg  cfg = {.seed = 1, .threads = threads, .backend = "native"};
    *ret_data = as_dataset_open(set.ws, set.spec, NULL, &err);
    if (!*ret_data || !as_label_errors_find(*ret_data, set.spec, &cfg, NULL, &found, &err))
        fail_msg("%s", err.text);
    return found;
}

static void test_flipped_are_found(void **state)
{
    (void)state;
    as_dataset     *data;
    as_label_errors e = find(&data, 2);
    size_t          n_found = 0, n_right = 0;
    assert_int_equal(e.n, 180);
    for (size_t i = 0; i < e.confident.n_doubts; i++) {
        const as_doubt *doubt = &e.confident.doubts[i];
        const char     *name = as_dataset_sample(data, e.samples[doubt->row])->name;
        assert_true(i == 0 || doubt->p_label >= e.confident.doubts[i - 1].p_label);
        for (size_t k = 0; k < N_WRONG; k++) {
            n_found += strcmp(name, wrong[k]) == 0;
            n_right += strcmp(name, wrong[k]) == 0 && strcmp(set.spec->classes[doubt->likely].name, right[k]) == 0;
        }
    }
    if (n_found < N_WRONG - 2 || e.confident.n_doubts > N_WRONG + 3)
        fail_msg("%zu of %d found, among %zu", n_found, N_WRONG, e.confident.n_doubts);
    assert_true(n_right >= n_found - 1);
    as_label_errors_done(&e);
    as_dataset_close(data);
}

static void test_threads(void **state)
{
    (void)state;
    as_dataset     *data[2];
    as_label_errors e[2] = {find(&data[0], 1), find(&data[1], 3)};
    assert_int_equal(e[0].confident.n_doubts, e[1].confident.n_doubts);
    for (size_t i = 0; i < e[0].confident.n_doubts; i++)
        assert_true(e[0].confident.doubts[i].p_label == e[1].confident.doubts[i].p_label);
    for (size_t k = 0; k < 2; k++) {
        as_label_errors_done(&e[k]);
        as_dataset_close(data[k]);
    }
}

static void test_too_few(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_commit       commit;
    as_label_errors e;
    as_trainer_cfg  cfg = {.seed = 1};
    assert_true(as_commit_find(set.ws, "", &commit, &err));
    as_manifest *manifest = as_commit_manifest(set.ws, &commit, &err);
    as_manifest_drop(manifest, 6);
    commit_on(&commit, manifest);
    as_manifest_free(manifest);
    as_dataset *data = as_dataset_open(set.ws, set.spec, NULL, &err);
    assert_false(as_label_errors_find(data, set.spec, &cfg, NULL, &e, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_non_null(strstr(err.text, "5 labelled parts or more"));
    as_dataset_close(data);
}

/* Once somebody has confirmed them, they are not asked about again. */
static void test_reviewed(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_commit commit;
    assert_true(as_commit_find(set.ws, "", &commit, &err));
    as_manifest *manifest = as_commit_manifest(set.ws, &commit, &err);
    for (size_t i = 0; i < as_manifest_count(manifest); i++) {
        as_sample said = *as_manifest_at(manifest, i);
        said.state = AS_LABEL_REVIEWED;
        assert_true(as_manifest_set_label(manifest, i, &said, &err));
    }
    commit_on(&commit, manifest);
    as_manifest_free(manifest);
    as_dataset     *data;
    as_label_errors e = find(&data, 2);
    assert_int_equal(e.confident.n_doubts, 0);
    assert_true(e.n_reviewed >= N_WRONG - 2);
    as_label_errors_done(&e);
    as_dataset_close(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flipped_are_found),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_reviewed),
        cmocka_unit_test(test_too_few),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
