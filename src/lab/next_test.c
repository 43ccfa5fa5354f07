/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/next.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/test_eval.h"
#include "lab/test_pictures.h"

static test_set set;
static as_run   run = {.trainer = "test", .spec = "", .seed = 1, .threads = 1};

/* Half of the training samples lose their label. */
static int setup(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_str    model;
    as_commit commit;
    test_set_make(&set, "next", &(test_set_cfg){32, 32, {8, 4, 4}, -1, 5});
    as_str_init(&model);
    test_eval_model(&model, 0);
    assert_true(as_commit_find(set.ws, "", &commit, &err));
    as_digest_hex(&commit.id, run.commit);
    assert_true(as_run_begin(set.ws, &run, &err));
    assert_true(as_run_finish(set.ws, &run, (const uint8_t *)model.s, model.len, NULL, &err));
    as_str_done(&model);
    as_manifest *manifest = as_commit_manifest(set.ws, &commit, &err);
    for (size_t i = 0; i < as_manifest_count(manifest); i++)
        if (i % 2)
            assert_true(as_manifest_set_label(manifest, i, &(as_sample){.label = ""}, &err));
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

static size_t choose(as_next_by by, size_t want, uint64_t seed, as_next **ret, size_t *ret_candidates)
{
    as_err      err = AS_ERR_NONE;
    size_t      n = 0;
    as_dataset *data = as_dataset_open(set.ws, set.spec, NULL, &err);
    if (!as_next_choose(data, set.spec, &run, by, want, seed, NULL, NULL, ret, &n, ret_candidates, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < n; i++) {
        const as_sample *s = as_dataset_sample(data, (*ret)[i].sample);
        assert_int_equal(s->split, AS_SPLIT_TRAIN); /* never out of what judges */
        assert_int_equal(s->state, AS_LABEL_NONE);
        assert_true((*ret)[i].margin >= 0 && (*ret)[i].margin <= (*ret)[i].p && (*ret)[i].p <= 1.000001);
        for (size_t k = 0; k < i; k++)
            assert_true((*ret)[k].sample != (*ret)[i].sample);
    }
    as_dataset_close(data);
    return n;
}

static void test_least_sure_first(void **state)
{
    (void)state;
    as_next *all, *few;
    size_t   n_candidates, n = choose(AS_NEXT_UNCERTAIN, 1000, 1, &all, &n_candidates);
    assert_true(n == n_candidates && n > 6);
    double least = 2;
    for (size_t i = 0; i < n; i++)
        least = all[i].margin < least ? all[i].margin : least;
    assert_true(all[0].margin == least);
    assert_int_equal(choose(AS_NEXT_UNCERTAIN, 3, 1, &few, &n_candidates), 3);
    assert_int_equal(n_candidates, n);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(few[i].sample, all[i].sample);
    free(all);
    free(few);
}

static void test_random_is_repeatable(void **state)
{
    (void)state;
    as_next *a, *b, *c;
    size_t   n_candidates, n = choose(AS_NEXT_RANDOM, 6, 1, &a, &n_candidates), differ = 0;
    assert_int_equal(choose(AS_NEXT_RANDOM, 6, 1, &b, &n_candidates), n);
    assert_int_equal(choose(AS_NEXT_RANDOM, 6, 2, &c, &n_candidates), n);
    assert_true(n_candidates > 6);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(a[i].sample, b[i].sample);
        differ += a[i].sample != c[i].sample;
    }
    assert_true(differ > 0);
    free(a);
    free(b);
    free(c);
}

static void test_names(void **state)
{
    (void)state;
    for (as_next_by by = AS_NEXT_UNCERTAIN; by < AS_NEXT_COUNT; by++)
        assert_int_equal(as_next_parse(as_next_name(by)), by);
    assert_int_equal(as_next_parse("best"), AS_NEXT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least_sure_first),
        cmocka_unit_test(test_random_is_repeatable),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
