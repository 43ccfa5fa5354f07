/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/log.h"
#include "store/run.h"

typedef struct fixture {
    char          dir[256];
    as_workspace *ws;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    char     path[512];
    as_err   err = AS_ERR_NONE;
    snprintf(f->dir, sizeof f->dir, "/tmp/assay-run-test-%d", (int)getpid());
    snprintf(path, sizeof path, "%s/assay.yaml", f->dir);
    assert_true(as_fs_make_dirs(f->dir, &err) && as_fs_write(path, "assay: 1\n", 9, &err));
    f->ws = as_workspace_open(f->dir, AS_WORKSPACE_WRITE, &err);
    assert_non_null(f->ws);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    as_err   err = AS_ERR_NONE;
    as_workspace_close(f->ws);
    assert_true(as_fs_remove_tree(f->dir, &err));
    free(f);
    return 0;
}

static as_run make_run(fixture *f, const char *trainer, double cost)
{
    as_run run = {0};
    as_err err = AS_ERR_NONE;
    as_str_copy(run.trainer, sizeof run.trainer, trainer);
    assert_true(as_run_begin(f->ws, &run, &err));
    run.val_cost = cost;
    run.seed = 7;
    json_t *details = json_pack("{s:i}", "epochs", 3);
    assert_true(as_run_finish(f->ws, &run, (const uint8_t *)"model bytes", 11, details, &err));
    json_decref(details);
    return run;
}

static void no_run_says_how_to_make_one(void **state)
{
    fixture *f = *state;
    as_run   run;
    as_err   err = AS_ERR_NONE;
    assert_false(as_run_find(f->ws, NULL, &run, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_non_null(strstr(err.text, "assay train"));
}

static void runs_are_numbered_and_found(void **state)
{
    fixture *f = *state;
    as_run   found;
    as_err   err = AS_ERR_NONE;
    as_run   rule = make_run(f, "rule", 0.5), cnn = make_run(f, "cnn", 0.1);
    assert_string_equal(rule.id, "1-rule");
    assert_string_equal(cnn.id, "2-cnn");
    assert_true(as_run_find(f->ws, "1", &found, &err));
    assert_string_equal(found.id, "1-rule");
    assert_int_equal(found.seed, 7);
    assert_true(isnan(found.pass_below));
    assert_true(as_run_find(f->ws, "last", &found, &err));
    assert_string_equal(found.id, "2-cnn");
    assert_false(as_run_find(f->ws, "3-head", &found, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
}

static void the_cheapest_run_is_current_unless_one_is_chosen(void **state)
{
    fixture *f = *state;
    as_run   found;
    as_err   err = AS_ERR_NONE;
    make_run(f, "rule", NAN);
    make_run(f, "cnn", 0.1);
    make_run(f, "head", 0.2);
    assert_true(as_run_find(f->ws, NULL, &found, &err));
    assert_string_equal(found.id, "2-cnn");
    assert_true(as_run_use(f->ws, "3", &err));
    assert_true(as_run_find(f->ws, NULL, &found, &err));
    assert_string_equal(found.id, "3-head");
    assert_true(as_run_use(f->ws, NULL, &err));
    assert_true(as_run_find(f->ws, NULL, &found, &err));
    assert_string_equal(found.id, "2-cnn");
}

/* Rejecting everything may be cheap: what meets the requirements goes before it. */
static void a_run_that_meets_the_requirements_is_better(void **state)
{
    fixture *f = *state;
    as_run   found;
    as_err   err = AS_ERR_NONE;
    as_run   cheap = make_run(f, "rule", 0.1), good = make_run(f, "cnn", 0.3), unknown = make_run(f, "head", NAN);
    good.val_feasible = unknown.val_feasible = true;
    assert_true(as_run_update(&good, &err) && as_run_update(&unknown, &err));
    assert_true(as_run_find(f->ws, NULL, &found, &err));
    assert_string_equal(found.id, "2-cnn");
    assert_true(found.val_feasible);
    assert_true(as_run_better(&good, &cheap) && !as_run_better(&cheap, &good));
    assert_true(as_run_better(&cheap, &unknown) && !as_run_better(&unknown, &cheap));
    as_run same = cheap;
    assert_false(as_run_better(&same, &cheap));
    cheap.val_macro_f1 = 0.5;
    same.val_macro_f1 = 0.6;
    assert_true(as_run_better(&same, &cheap));
}

static as_run make_run_on(fixture *f, const char *commit, as_ns commit_utc, uint32_t classes, double cost)
{
    as_run run = make_run(f, "cnn", cost);
    as_err err = AS_ERR_NONE;
    as_str_copy(run.commit, sizeof run.commit, commit);
    run.commit_utc = commit_utc;
    run.classes = classes;
    assert_true(as_run_update(&run, &err));
    return run;
}

static void expect_current(fixture *f, const char *id, bool is_chosen, size_t n_peers, size_t n_others)
{
    as_run     run;
    as_run_why why;
    as_err     err = AS_ERR_NONE;
    assert_true(as_run_current(f->ws, &run, &why, &err));
    assert_string_equal(run.id, id);
    assert_true(why.is_chosen == is_chosen && why.n_peers == n_peers && why.n_others == n_others);
    assert_true(as_run_find(f->ws, NULL, &run, &err));
    assert_string_equal(run.id, id);
}

/* Costs on an easier validation split, or of fewer classes, are lower and mean nothing. */
static void only_runs_on_the_newest_data_and_classes_compete(void **state)
{
    fixture *f = *state;
    as_err   err = AS_ERR_NONE;
    make_run_on(f, "aa", 100, 1, 0.01);
    make_run_on(f, "bb", 200, 1, 0.2);
    make_run_on(f, "bb", 200, 1, 0.3);
    expect_current(f, "2-cnn", false, 2, 1);
    make_run_on(f, "aa", 100, 1, 0.005); /* trained later, on older data */
    expect_current(f, "2-cnn", false, 2, 2);
    make_run_on(f, "bb", 200, 9, 0.5); /* the same data for other classes */
    expect_current(f, "5-cnn", false, 1, 4);
    assert_true(as_run_use(f->ws, "1", &err));
    expect_current(f, "1-cnn", true, 0, 0);
}

static size_t warnings;

static void count_warning(void *ctx, as_log_level level, const char *line)
{
    (void)ctx;
    warnings += level == AS_LOG_WARN && strstr(line, "left out") != NULL;
}

static void what_is_no_run_is_left_out_with_a_warning(void **state)
{
    static const char *const strays[] = {"7-copy", "8", "notes", "18446744073709551615-x"};
    fixture                 *f = *state;
    as_run                   run, *list;
    size_t                   n;
    as_err                   err = AS_ERR_NONE;
    char                     path[512];
    make_run(f, "cnn", 0.1);
    make_run(f, "cnn", 0.2);
    for (size_t i = 0; i < AS_COUNT(strays); i++) {
        snprintf(path, sizeof path, "%s/.assay/runs/%s", f->dir, strays[i]);
        assert_true(as_fs_make_dirs(path, &err));
    }
    snprintf(path, sizeof path, "%s/.assay/runs/2-cnn/run.json", f->dir);
    assert_true(as_fs_write(path, "{\"id\": 2}", 9, &err));
    warnings = 0;
    as_log_set_sink(count_warning, NULL);
    assert_true(as_run_list(f->ws, &list, &n, &err));
    as_log_set_sink(NULL, NULL);
    assert_int_equal(n, 1);
    assert_int_equal(warnings, 2); /* 7-copy and 2-cnn; the others have no name of a run */
    free(list);
    assert_true(as_run_find(f->ws, NULL, &run, &err));
    assert_string_equal(run.id, "1-cnn");
    assert_false(as_run_find(f->ws, "2", &run, &err));
    run = make_run(f, "cnn", 0.1);
    assert_string_equal(run.id, "8-cnn");
}

static void a_changed_model_is_refused(void **state)
{
    fixture *f = *state;
    as_run   run = make_run(f, "cnn", 0.1);
    as_err   err = AS_ERR_NONE;
    uint8_t *bytes = NULL;
    size_t   n;
    assert_true(as_run_read_model(&run, &bytes, &n, &err));
    assert_int_equal(n, 11);
    free(bytes);
    assert_true(as_run_write_file(&run, "model.onnx", "model bytez", 11, &err));
    assert_false(as_run_read_model(&run, &bytes, &n, &err));
    assert_int_equal(err.code, AS_ECORRUPT);
}

static void a_dropped_or_killed_draft_is_no_run(void **state)
{
    fixture *f = *state;
    as_run   run = {0}, *list;
    as_err   err = AS_ERR_NONE;
    size_t   n;
    assert_true(as_run_begin(f->ws, &run, &err));
    assert_true(as_run_write_file(&run, "curve.csv", "a", 1, &err));
    assert_true(as_run_list(f->ws, &list, &n, &err));
    assert_int_equal(n, 0);
    free(list);
    char dir[AS_FS_PATH_BYTES];
    as_str_copy(dir, sizeof dir, run.dir);
    as_run_drop(&run);
    assert_false(as_fs_is_dir(dir));
}

static void the_next_writer_removes_what_a_killed_one_left(void **state)
{
    fixture *f = *state;
    as_run   run = {0};
    as_err   err = AS_ERR_NONE;
    assert_true(as_run_begin(f->ws, &run, &err));
    assert_true(as_run_write_file(&run, "curve.csv", "a", 1, &err));
    as_workspace_close(f->ws);
    f->ws = as_workspace_open(f->dir, AS_WORKSPACE_WRITE, &err);
    assert_non_null(f->ws);
    assert_false(as_fs_is_dir(run.dir));
}

static void the_operating_point_is_kept(void **state)
{
    fixture *f = *state;
    as_run   run = make_run(f, "cnn", 0.1), found;
    as_err   err = AS_ERR_NONE;
    run.pass_below = 0.25;
    run.reject_from = 0.5;
    assert_true(as_run_update(&run, &err));
    assert_true(as_run_find(f->ws, run.id, &found, &err));
    assert_true(found.pass_below == 0.25 && found.reject_from == 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_run_says_how_to_make_one, setup, teardown),
        cmocka_unit_test_setup_teardown(runs_are_numbered_and_found, setup, teardown),
        cmocka_unit_test_setup_teardown(the_cheapest_run_is_current_unless_one_is_chosen, setup, teardown),
        cmocka_unit_test_setup_teardown(a_run_that_meets_the_requirements_is_better, setup, teardown),
        cmocka_unit_test_setup_teardown(only_runs_on_the_newest_data_and_classes_compete, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_run_is_left_out_with_a_warning, setup, teardown),
        cmocka_unit_test_setup_teardown(a_changed_model_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dropped_or_killed_draft_is_no_run, setup, teardown),
        cmocka_unit_test_setup_teardown(the_next_writer_removes_what_a_killed_one_left, setup, teardown),
        cmocka_unit_test_setup_teardown(the_operating_point_is_kept, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
