/* SPDX-License-Identifier: Apache-2.0 */
#include "store/workspace.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "store/erasure.h"
#include "store/test_fault.h"

static char dir[256];

static int setup(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    char        path[AS_FS_PATH_BYTES];
    const char *made = support_temp_dir("workspace");
    if (!made || !realpath(made, path) || !as_str_copy(dir, sizeof dir, path))
        return -1;
    snprintf(path, sizeof path, "%s/ws/deep/er", dir);
    if (!as_fs_make_dirs(path, &err))
        return -1;
    snprintf(path, sizeof path, "%s/ws/assay.yaml", dir);
    return as_fs_write(path, "assay: 1\n", 9, &err) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    support_remove_dir(dir);
    return 0;
}

static const char *at(const char *name)
{
    static char paths[4][AS_FS_PATH_BYTES];
    static int  next;
    char       *path = paths[next++ % 4];
    snprintf(path, AS_FS_PATH_BYTES, "%s/%s", dir, name);
    return path;
}

static void test_found_from_below(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_workspace *ws = as_workspace_open(at("ws/deep/er"), AS_WORKSPACE_WRITE, &err);
    assert_non_null(ws);
    assert_string_equal(ws->root, at("ws"));
    assert_string_equal(ws->spec_path, at("ws/assay.yaml"));
    assert_string_equal(ws->dir, at("ws/.assay"));
    assert_true(ws->lock_fd >= 0);
    assert_true(as_fs_is_dir(at("ws/.assay/objects")));
    assert_true(as_fs_is_dir(at("ws/.assay/refs")));
    assert_null(as_workspace_close(ws));
    assert_null(as_workspace_close(NULL));
    ws = as_workspace_open(at("ws"), AS_WORKSPACE_READ, &err);
    assert_non_null(ws);
    assert_int_equal(ws->lock_fd, -1);
    as_workspace_close(ws);
}

static void test_no_workspace(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    char   want[1000];
    assert_null(as_workspace_open(dir, AS_WORKSPACE_READ, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    snprintf(want, sizeof want, "no assay.yaml in '%s' or above it (make one with: assay init DIR)", dir);
    assert_string_equal(err.text, want);
    assert_null(as_workspace_open("/", AS_WORKSPACE_WRITE, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_null(as_workspace_open(at("nowhere"), AS_WORKSPACE_READ, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_non_null(strstr(err.text, "nowhere"));
    assert_null(as_workspace_open(at("ws"), AS_WORKSPACE_NONE, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_false(as_fs_is_dir(at("ws/.assay")));
}

static void test_two_writers(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    int    ready[2], status;
    char   byte, pid_text[32];
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* should the test fail */
        as_workspace *ws = as_workspace_open(at("ws"), AS_WORKSPACE_WRITE, &err);
        if (ws && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    assert_null(as_workspace_open(at("ws"), AS_WORKSPACE_WRITE, &err));
    assert_int_equal(err.code, AS_EBUSY);
    snprintf(pid_text, sizeof pid_text, "process %ld", (long)pid);
    assert_non_null(strstr(err.text, pid_text));
    assert_non_null(strstr(err.text, at("ws")));
    as_workspace *reader = as_workspace_open(at("ws"), AS_WORKSPACE_READ, &err); /* readers are never in the way */
    assert_non_null(reader);
    as_workspace_close(reader);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    as_workspace *ws = as_workspace_open(at("ws"), AS_WORKSPACE_WRITE, &err); /* a killed program holds nothing */
    assert_non_null(ws);
    as_workspace_close(ws);
}

static void test_leftovers_are_removed_by_the_next_writer(void **state)
{
    (void)state;
    static const char *const gone[] = {"ws/.assay/refs/data/main.tmp.123.0", "ws/.assay/catalog.db.tmp.1.1",
                                       "ws/.assay/runs/r1/model.onnx.tmp.9.22", "ws/assay.yaml.tmp.7.7",
                                       "ws/.assay/tmp/anything"};
    static const char *const kept[] = {"ws/.assay/objects/packs/000001.idx.tmp.1.2",
                                       "ws/.assay/refs/data/main",
                                       "ws/.assay/runs/r1/a.tmp.x.1",
                                       "ws/.assay/runs/r1/a.tmp.1.",
                                       "ws/.assay/runs/r1/tmp.1.2",
                                       "ws/other.tmp.1.2",
                                       "ws/.assay/runs/r1/1.2",
                                       "ws/deep/assay.yaml.tmp.1.2"};
    as_err                   err = AS_ERR_NONE;
    for (size_t i = 0; i < AS_COUNT(gone) + AS_COUNT(kept); i++) {
        char path[AS_FS_PATH_BYTES];
        as_str_copy(path, sizeof path, at(i < AS_COUNT(gone) ? gone[i] : kept[i - AS_COUNT(gone)]));
        char *slash = strrchr(path, '/');
        *slash = '\0';
        assert_true(as_fs_make_dirs(path, &err));
        *slash = '/';
        assert_true(as_fs_write(path, "x\n", 2, &err));
    }
    assert_int_equal(symlink(at("ws/deep"), at("ws/.assay/runs/link.tmp.1.1")), 0);
    as_workspace *ws = as_workspace_open(at("ws"), AS_WORKSPACE_READ, &err);
    assert_non_null(ws);
    for (size_t i = 0; i < AS_COUNT(gone); i++)
        assert_true(as_fs_is_file(at(gone[i])));
    as_workspace_close(ws);
    ws = as_workspace_open(at("ws"), AS_WORKSPACE_WRITE, &err);
    assert_non_null(ws);
    for (size_t i = 0; i < AS_COUNT(gone); i++)
        assert_false(as_fs_is_file(at(gone[i])));
    for (size_t i = 0; i < AS_COUNT(kept); i++)
        assert_true(as_fs_is_file(at(kept[i])));
    as_workspace_close(ws);
}

static void test_paths(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    char          path[AS_FS_PATH_BYTES] = "untouched";
    as_workspace *ws = as_workspace_open(at("ws"), AS_WORKSPACE_READ, &err);
    assert_non_null(ws);
    assert_true(as_workspace_path(ws, "runs/r1/model.onnx", path, &err));
    assert_string_equal(path, at("ws/.assay/runs/r1/model.onnx"));
    assert_false(as_fs_is_dir(at("ws/.assay/runs")));
    as_workspace_close(ws);
    ws = as_workspace_open(at("ws"), AS_WORKSPACE_WRITE, &err);
    assert_true(as_workspace_path(ws, "runs/r1/model.onnx", path, &err));
    assert_true(as_fs_is_dir(at("ws/.assay/runs/r1")));
    assert_true(as_workspace_path(ws, "catalog..db", path, &err));
    static const char *const bad[] = {"", "/etc/passwd", "..", "../x", "a/../../x", "a/.."};
    as_str_copy(path, sizeof path, "untouched");
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        err = (as_err)AS_ERR_NONE;
        assert_false(as_workspace_path(ws, bad[i], path, &err));
        assert_int_equal(err.code, AS_EINVAL);
    }
    assert_string_equal(path, "untouched");
    as_workspace_close(ws);
}

static void read_only(void *ctx)
{
    (void)ctx;
    as_err        err = AS_ERR_NONE;
    as_digest     digest;
    as_workspace *ws;
    SUPPORT_CHECK(as_fs_write(at("assay.yaml"), "assay: 1\n", 9, &err));
    SUPPORT_CHECK(support_make_read_only(dir));
    SUPPORT_CHECK(!as_workspace_open(dir, AS_WORKSPACE_WRITE, &err));
    SUPPORT_CHECK(err.code == AS_EACCESS && strstr(err.text, dir));
    SUPPORT_CHECK((ws = as_workspace_open(dir, AS_WORKSPACE_READ, &err))); /* an empty one */
    SUPPORT_CHECK(!as_store_put(ws->store, "x", 1, &digest, NULL, &err));
    SUPPORT_CHECK(err.code == AS_EACCESS && strstr(err.text, dir));
    as_workspace_close(ws);
}

/* A page that was replaced by a folder, say. */
static void test_a_file_that_stays_keeps_nobody_out(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    assert_true(as_fs_write(at("assay.yaml"), "assay: 1\n", 9, &err));
    assert_true(as_fs_make_dirs(at("page.html/folder"), &err) && as_fs_write(at("other.html"), "x", 1, &err));
    as_workspace *ws = as_workspace_open(dir, AS_WORKSPACE_WRITE, &err);
    assert_non_null(ws);
    json_t *plan = json_pack("{s:[], s:[s, s], s:[]}", "objects", "wipe", "page.html", "other.html", "remove");
    assert_true(as_erasure_begin(ws, plan, &err));
    json_decref(plan);
    as_workspace_close(ws);
    assert_non_null(ws = as_workspace_open(dir, AS_WORKSPACE_WRITE, &err));
    assert_false(as_fs_is_file(at("other.html")));
    assert_true(as_erasure_is_pending(ws));
    assert_false(as_erasure_apply(ws, NULL, &err));
    assert_non_null(strstr(err.text, "page.html"));
    assert_true(as_fs_remove_tree(at("page.html"), &err));
    assert_true(as_erasure_apply(ws, NULL, &err) && as_erasure_end(ws, &err));
    assert_false(as_erasure_is_pending(ws));
    as_workspace_close(ws);
}

static void full_disk(void *ctx)
{
    (void)ctx;
    as_err err = AS_ERR_NONE;
    SUPPORT_CHECK(as_fs_write(at("assay.yaml"), "assay: 1\n", 9, &err));
    as_workspace *ws = as_workspace_open(dir, AS_WORKSPACE_WRITE, &err);
    SUPPORT_CHECK(ws);
    as_workspace_close(ws);
    support_fill_disk(dir);
    SUPPORT_CHECK((ws = as_workspace_open(dir, AS_WORKSPACE_WRITE, &err))); /* opening needs no room */
    as_workspace_close(ws);
}

static void test_read_only_and_full_disk(void **state)
{
    (void)state;
    int status = support_on_disk(dir, 256 << 10, read_only, NULL);
    if (status < 0) {
        print_message("skipped: no file system can be mounted here (not root)\n");
        skip();
    }
    assert_int_equal(status, 0);
    assert_int_equal(support_on_disk(dir, 256 << 10, full_disk, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_found_from_below, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_workspace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_writers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_leftovers_are_removed_by_the_next_writer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_file_that_stays_keeps_nobody_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_only_and_full_disk, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
