/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/next.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/test_eval.h"
#include "lab/test_pictures.h"

static test_set set;
static as_run   run = {.trainer = "test", .spec = "", .seed = 1, .threads = 1};

static void review(as_manifest *manifest, size_t i, const char *by)
{
    as_err    err = AS_ERR_NONE;
    as_sample s = *as_manifest_at(manifest, i);
    s.state = AS_LABEL_REVIEWED;
    s.by = by;
    assert_true(as_manifest_set_label(manifest, i, &s, &err));
}

/* Half of the training samples lose their label. */
static int setup(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_str    model;
    as_commit commit;
    size_t    n_reviewed = 0;
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
        else if (as_manifest_at(manifest, i)->split == AS_SPLIT_TEST)
            review(manifest, i, n_reviewed++ % 2 ? "person:anna" : "person:bo");
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

static as_next_cfg how_of(const char *method, size_t want, uint64_t seed)
{
    return (as_next_cfg){.method = as_next_method_find(method), .runs = &run, .n_runs = 1, .n = want, .seed = seed};
}

static size_t choose_how(const as_next_cfg *how, as_next **ret, size_t *ret_candidates)
{
    as_err      err = AS_ERR_NONE;
    size_t      n = 0;
    as_dataset *data = as_dataset_open(set.ws, set.spec, NULL, &err);
    if (!as_next_choose(data, set.spec, how, NULL, ret, &n, ret_candidates, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < n; i++) {
        const as_sample *s = as_dataset_sample(data, (*ret)[i].sample);
        bool             mixed = (*ret)[i].is_known || (*ret)[i].is_again;
        assert_true(mixed || s->split == AS_SPLIT_TRAIN); /* never out of what judges */
        assert_int_equal(s->state, (*ret)[i].is_known ? AS_LABEL_REVIEWED : mixed ? AS_LABEL_GIVEN : AS_LABEL_NONE);
        if (how->n_runs)
            assert_true((*ret)[i].margin >= 0 && (*ret)[i].margin <= (*ret)[i].p && (*ret)[i].p <= 1.000001);
        for (size_t k = 0; k < i; k++)
            assert_true((*ret)[k].sample != (*ret)[i].sample);
    }
    as_dataset_close(data);
    return n;
}

static size_t choose(const char *by, size_t want, uint64_t seed, as_next **ret, size_t *ret_candidates)
{
    as_next_cfg how = how_of(by, want, seed);
    return choose_how(&how, ret, ret_candidates);
}

static void test_least_sure_first(void **state)
{
    (void)state;
    as_next *all, *few;
    size_t   n_candidates, n = choose("uncertain", 1000, 1, &all, &n_candidates);
    assert_true(n == n_candidates && n > 6);
    double least = 2;
    for (size_t i = 0; i < n; i++)
        least = all[i].margin < least ? all[i].margin : least;
    assert_true(all[0].margin == least);
    assert_int_equal(choose("uncertain", 3, 1, &few, &n_candidates), 3);
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
    size_t   n_candidates, n = choose("random", 6, 1, &a, &n_candidates), differ = 0;
    assert_int_equal(choose("random", 6, 1, &b, &n_candidates), n);
    assert_int_equal(choose("random", 6, 2, &c, &n_candidates), n);
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

/* The farthest from what is labelled comes first, then the farthest from that too: each nearer than the one before. */
static void test_far_apart(void **state)
{
    (void)state;
    as_next *all, *few;
    size_t   n_candidates, n = choose("diverse", 1000, 1, &all, &n_candidates);
    assert_true(n == n_candidates && n > 6);
    for (size_t i = 1; i < n; i++)
        assert_true(all[i].value <= all[i - 1].value + 1e-12 && all[i].value >= 0);
    assert_true(all[0].value > all[n - 1].value);
    assert_int_equal(choose("diverse", 3, 2, &few, &n_candidates), 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(few[i].sample, all[i].sample);
    free(all);
    free(few);
}

static void test_where_the_committee_disagrees(void **state)
{
    (void)state;
    as_next *all, *again;
    size_t   n_candidates, n = choose("disagreement", 1000, 1, &all, &n_candidates);
    assert_true(n == n_candidates);
    assert_int_equal(choose("disagreement", 1000, 1, &again, &n_candidates), n);
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(all[i].sample, again[i].sample);
        assert_true(all[i].value >= 0 && all[i].value <= log(8) + 1e-9);
        most = fmax(most, all[i].value);
    }
    assert_true(all[0].value == most && most > 0);
    free(all);
    free(again);
    /* Two runs that say the same of all. */
    as_run      runs[] = {run, run};
    as_next_cfg how = how_of("disagreement", 1000, 1);
    how.runs = runs;
    how.n_runs = 2;
    n = choose_how(&how, &all, &n_candidates);
    for (size_t i = 0; i < n; i++)
        assert_true(all[i].value < 1e-12);
    free(all);
}

static void test_random_needs_no_model(void **state)
{
    (void)state;
    as_next    *all;
    size_t      n_candidates;
    as_err      err = AS_ERR_NONE;
    as_next_cfg how = how_of("random", 4, 1);
    how.n_runs = 0;
    assert_int_equal(choose_how(&how, &all, &n_candidates), 4);
    assert_true(isnan(all[0].p));
    free(all);
    how.method = as_next_method_find("uncertain");
    as_dataset *data = as_dataset_open(set.ws, set.spec, NULL, &err);
    size_t      n;
    assert_false(as_next_choose(data, set.spec, &how, NULL, &all, &n, &n_candidates, &err));
    assert_non_null(strstr(err.text, "needs a run"));
    as_dataset_close(data);
}

/* Known answers and others' labels are mixed in where a seed says, never what the person labelled himself. */
static void test_mixed_in(void **state)
{
    (void)state;
    as_next    *all, *again;
    size_t      n_candidates, n_known = 0, n_again = 0;
    as_err      err = AS_ERR_NONE, none = AS_ERR_NONE;
    as_next_cfg how = how_of("uncertain", 5, 3);
    how.who = "person:bo";
    how.n_known = 2;
    how.n_again = 1;
    assert_int_equal(choose_how(&how, &all, &n_candidates), 8);
    assert_int_equal(choose_how(&how, &again, &n_candidates), 8);
    as_dataset *data = as_dataset_open(set.ws, set.spec, NULL, &err);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(all[i].sample, again[i].sample);
        n_known += all[i].is_known;
        n_again += all[i].is_again;
        if (all[i].is_known) /* test samples that bo reviewed himself are not among them */
            assert_string_equal(as_dataset_sample(data, all[i].sample)->by, "person:anna");
    }
    assert_true(n_known == 2 && n_again == 1);
    assert_true(all[7].is_known + all[6].is_known + all[5].is_known < 3); /* not all at the end */
    free(all);
    free(again);
    size_t n;
    how.n_known = 1000;
    assert_false(as_next_choose(data, set.spec, &how, NULL, &all, &n, &n_candidates, &err));
    assert_non_null(strstr(err.text, "reviewed by somebody else than 'person:bo'"));
    how.who = NULL;
    assert_false(as_next_choose(data, set.spec, &how, NULL, &all, &n, &n_candidates, &none));
    assert_non_null(strstr(none.text, "--by WHO"));
    as_dataset_close(data);
}

static void test_names(void **state)
{
    (void)state;
    size_t n = 0;
    for (const as_next_method *m; (m = as_next_method_at(n)); n++) {
        assert_true(as_next_method_find(m->name) == m);
        assert_true(*m->summary && m->choose);
    }
    assert_int_equal(n, 4);
    assert_null(as_next_method_find("best"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least_sure_first),
        cmocka_unit_test(test_random_is_repeatable),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_far_apart),
        cmocka_unit_test(test_where_the_committee_disagrees),
        cmocka_unit_test(test_random_needs_no_model),
        cmocka_unit_test(test_mixed_in),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
