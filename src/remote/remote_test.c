/* SPDX-License-Identifier: Apache-2.0 */
/* Push and pull against a folder; and against one that fails, lies and is changed by others at the worst moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "catalog/notes.h"
#include "remote/test_remote.h"
#include "store/test_fault.h"

static void test_push_and_pull(void **state)
{
    (void)state;
    as_workspace *a = remote_workspace("a"), *b = remote_workspace("b");
    remote_fail_pull(b, AS_EIO, "there is no folder");
    const as_digest first = remote_version(a, 0, 100);
    as_remote_moved moved = remote_push(a);
    assert_true(moved.is_moved && moved.is_swap_sure && moved.is_spec_sent);
    assert_int_equal(moved.n_objects, 103);
    moved = remote_push(a); /* nothing is missing */
    assert_false(moved.is_moved || moved.is_spec_sent);
    assert_int_equal(moved.n_objects + moved.n_bytes, 0);
    moved = remote_pull(b);
    assert_true(moved.is_moved);
    assert_false(moved.is_spec_other);
    assert_int_equal(moved.n_objects, 103);
    remote_check(b, &first, 0, 100);
    assert_int_equal(remote_pull(b).n_bytes, 0);
    /* Ten more pictures are ten pictures, a manifest, labels and a version. */
    const as_digest second = remote_version(b, 0, 110);
    moved = remote_push(b);
    assert_int_equal(moved.n_objects, 13);
    assert_true(moved.n_bytes >= 10 * 8192 && moved.n_bytes < 10 * 8192 + 40000);
    remote_fail_push(a, &(as_push_cfg){.commit = NULL}, AS_EEXIST, "which is not here: bring it with: assay data pull");
    moved = remote_pull(a);
    assert_int_equal(moved.n_objects, 13);
    remote_check(a, &second, 0, 110);
    remote_fail_push(a, &(as_push_cfg){.commit = "main~1"}, AS_EEXIST, "is newer than");
    as_workspace_close(a);
    as_workspace_close(b);
}

static void test_both_went_on(void **state)
{
    (void)state;
    as_workspace *a = remote_workspace("a"), *b = remote_workspace("b");
    remote_version(a, 0, 3);
    remote_push(a);
    remote_pull(b);
    const as_digest mine = remote_version(a, 0, 4), theirs = remote_version(b, 0, 5);
    remote_push(b);
    remote_fail_pull(a, AS_EEXIST, "both sides have gone on");
    remote_check(a, &mine, 0, 4); /* main stays, and the other one can be looked at */
    as_commit other;
    assert_true(as_commit_read(a, &theirs, &other, NULL));
    remote_fail_push(a, &(as_push_cfg){.commit = NULL}, AS_EEXIST, "both sides have gone on");
    as_err          err = AS_ERR_NONE;
    as_remote_moved moved;
    as_remote      *remote = remote_open(a);
    remote_must(as_remote_push(remote, &(as_push_cfg){.force = true}, &moved, &err), &err);
    as_remote_close(remote);
    assert_true(moved.is_moved);
    remote_fail_pull(b, AS_EEXIST, "both sides have gone on");
    as_workspace_close(a);
    as_workspace_close(b);
}

static void test_tags_and_spec(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    char            hex[AS_SHA256_HEX_BYTES], value[AS_REF_BYTES];
    as_workspace   *a = remote_workspace("a"), *b = remote_workspace("b");
    const as_digest first = remote_version(a, 0, 3);
    remote_must(as_store_ref_set(a->store, "data/tags/first", as_digest_hex(&first, hex), &err), &err);
    remote_version(a, 5, 9);
    assert_int_equal(remote_push(a).n_tags, 1);
    assert_int_equal(remote_push(a).n_tags, 0);
    remote_must(as_fs_write(b->spec_path, "assay: 1\n# other\n", 17, &err), &err);
    as_remote_moved moved = remote_pull(b);
    assert_int_equal(moved.n_tags, 1);
    assert_true(moved.is_spec_other);
    assert_true(as_fs_is_file(moved.spec_path));
    remote_must(as_store_ref_get(b->store, "data/tags/first", value, &err), &err);
    assert_string_equal(value, hex);
    /* The same tag for another version: neither side is changed. */
    as_commit newest;
    remote_must(as_commit_find(b, "main", &newest, &err), &err);
    remote_must(as_store_ref_set(b->store, "data/tags/first", as_digest_hex(&newest.id, hex), &err), &err);
    assert_int_equal(remote_push(b).n_tags_left, 1);
    assert_int_equal(remote_pull(b).n_tags_left, 1);
    remote_must(as_store_ref_get(b->store, "data/tags/first", value, &err), &err);
    assert_string_equal(value, hex);
    /* A password does not leave this machine. */
    static const char secret[] = "assay: 1\ncamera: rtsp://me:secret@camera/1\n";
    remote_must(as_fs_write(b->spec_path, secret, strlen(secret), &err), &err);
    remote_fail_push(b, &(as_push_cfg){.commit = NULL}, AS_EINVAL, "password");
    assert_int_equal(remote_find("", "secret").n_with, 0);
    as_remote *remote = remote_open(b);
    remote_must(as_remote_push(remote, &(as_push_cfg){.without_spec = true}, &moved, &err), &err);
    as_remote_close(remote);
    as_workspace_close(a);
    as_workspace_close(b);
}

/* Notes of pictures are objects too. */
static void test_notes_travel(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_workspace   *a = remote_workspace("a"), *b = remote_workspace("b");
    as_manifest    *manifest = as_manifest_new(&err);
    as_commit       commit = {.author = "tester", .message = "with notes", .utc = 9};
    const as_sample sample = {.name = "p",
                              .label = "good",
                              .part = "p",
                              .camera = "",
                              .format = "png",
                              .width = 1,
                              .height = 1,
                              .n_bytes = 8192,
                              .image = remote_picture(a, 1)};
    as_note note = {.black_ratio = 0.25, .white_ratio = 0.5, .mean = 9, .contrast = 1, .noise = 2, .motion_px = 3};
    remote_must(as_manifest_add(manifest, &sample, &err), &err);
    for (int i = 0; i < 3; i++) {
        as_str lines;
        as_str_init(&lines);
        note.mean = i;
        as_note_add(&lines, &sample, &note);
        remote_must(as_notes_put(a->store, &lines, &commit, &err), &err);
        as_str_done(&lines);
    }
    remote_must(as_commit_write(a, manifest, &commit, &err), &err);
    as_manifest_free(manifest);
    assert_int_equal(remote_push(a).n_objects, 4 + 3);
    assert_int_equal(remote_pull(b).n_objects, 4 + 3);
    remote_must(as_commit_find(b, "main", &commit, &err), &err);
    manifest = as_commit_manifest(b, &commit, &err);
    as_notes *notes = as_notes_read(b, &commit, manifest, &err);
    remote_must(notes != NULL, &err);
    assert_non_null(as_notes_of(notes, 0));
    assert_true(as_notes_of(notes, 0)->black_ratio == 0.25);
    as_notes_free(notes);
    as_manifest_free(manifest);
    as_workspace_close(a);
    as_workspace_close(b);
}

/* Objects of 1 MiB: packs of 32. */
static as_digest make_large_version(as_workspace *ws, unsigned n)
{
    as_err       err = AS_ERR_NONE;
    as_manifest *manifest = as_manifest_new(&err);
    as_commit    commit = {.author = "tester", .message = "large", .utc = 7};
    const size_t n_bytes = (size_t)1 << 20;
    char        *bytes = calloc(1, n_bytes);
    for (unsigned i = 0; i < n; i++) {
        char      name[32];
        as_sample sample = {.name = name,
                            .label = "good",
                            .part = name,
                            .camera = "",
                            .format = "png",
                            .width = 1,
                            .height = 1,
                            .n_bytes = n_bytes};
        snprintf(name, sizeof name, "p%06u", i);
        snprintf(bytes, n_bytes, "large %u", i);
        remote_must(as_store_put(ws->store, bytes, n_bytes, &sample.image, NULL, &err), &err);
        remote_must(as_manifest_add(manifest, &sample, &err), &err);
    }
    remote_must(as_commit_write(ws, manifest, &commit, &err), &err);
    as_manifest_free(manifest);
    free(bytes);
    return commit.id;
}

/* Cut after each put in turn: nothing is seen there before all is, and what came whole is not sent again. */
static void test_push_goes_on(void **state)
{
    (void)state;
    as_workspace   *a = remote_workspace("a"), *b = remote_workspace("b");
    const as_digest version = make_large_version(a, 100); /* 4 packs, and one of the version */
    uint64_t        n_sent = 0;
    unsigned        n_cut = 0;
    for (int n_puts = 1;; n_puts++) {
        as_err          err = AS_ERR_NONE;
        as_remote_kind  kind;
        as_remote_moved moved;
        as_remote      *remote = remote_faulty(a, &kind, 3);
        const bool      ok = as_remote_push(remote, &(as_push_cfg){.without_spec = true}, &moved, &err);
        n_sent += remote_fault.n_put_bytes;
        as_remote_close(remote);
        if (ok)
            break;
        n_cut++;
        assert_string_equal(err.text, "the cable is out");
        assert_true(n_puts < 20);
        assert_int_equal(remote_pull(b).n_objects, 0); /* and it says that there is no version */
    }
    assert_true(n_cut >= 3);
    const uint64_t large = (uint64_t)100 << 20;
    assert_true(n_sent >= large && n_sent < large + ((uint64_t)1 << 20));
    assert_int_equal(remote_find("/packs", NULL).n_files, 10); /* packs were finished under the names they had */
    remote_pull(b);
    remote_check(b, &version, 0, 100);
    as_workspace_close(a);
    as_workspace_close(b);
}

static void flip_there(const char *text)
{
    remote_found f = remote_find("/packs", text);
    assert_int_equal(f.n_with, 1);
    as_err   err = AS_ERR_NONE;
    uint8_t *bytes;
    size_t   n;
    remote_must(as_fs_read(f.path, (size_t)1 << 28, &bytes, &n, &err), &err);
    const uint8_t *at = memmem(bytes, n, text, strlen(text));
    support_flip(f.path, (uint64_t)(at - bytes));
    free(bytes);
}

/* Other bytes: named, not taken; the rest is, and is not fetched again when it is mended. */
static void test_remote_lies(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_workspace   *a = remote_workspace("a"), *b = remote_workspace("b");
    const as_digest version = remote_version(a, 0, 50), victim = remote_picture(a, 17);
    char            hex[AS_SHA256_HEX_BYTES];
    remote_push(a);
    flip_there("picture 17 of");
    remote_fail_pull(b, AS_ECORRUPT, as_digest_hex(&victim, hex));
    remote_fail_pull(b, AS_ECORRUPT, "returns other bytes");
    assert_false(as_store_has(b->store, &victim));
    as_commit commit;
    assert_false(as_commit_find(b, "main", &commit, &err)); /* nothing half is to be seen */
    /* As the message says: */
    remote_found f = remote_find("/packs", "picture 18 of");
    remote_must(as_fs_remove(f.path, &err), &err);
    remote_fail_pull(b, AS_ECORRUPT, "lacks object");
    as_remote_moved moved;
    as_remote      *remote = remote_open(a);
    remote_must(as_remote_push(remote, &(as_push_cfg){.whole = true}, &moved, &err), &err);
    as_remote_close(remote);
    assert_int_equal(moved.n_objects, 50);
    assert_int_equal(remote_pull(b).n_objects, 1); /* the one */
    remote_check(b, &version, 0, 50);
    as_workspace_close(a);
    as_workspace_close(b);
}

static void test_remote_is_damaged(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_workspace *a = remote_workspace("a"), *b = remote_workspace("b");
    char          path[AS_FS_PATH_BYTES];
    remote_version(a, 0, 5);
    remote_push(a);
    remote_found f = remote_find("/packs", "picture 3 of"); /* a pack cut short */
    assert_int_equal(truncate(f.path, 100), 0);
    remote_fail_pull(b, AS_ECORRUPT, "cut short");
    as_remote_moved moved;
    as_remote      *remote = remote_open(a);
    remote_must(as_remote_push(remote, &(as_push_cfg){.whole = true}, &moved, &err), &err);
    as_remote_close(remote);
    assert_int_equal(moved.n_objects, 5);
    f = remote_find("/packs", "ASTPACK1"); /* a listing of other bytes */
    support_flip(f.path, 40);
    as_workspace *c = remote_workspace("c"); /* b has it already, and looked at it then */
    remote_fail_pull(c, AS_ECORRUPT, "does not have the bytes that its name promises");
    support_flip(f.path, 40);
    remote_pull(c);
    as_workspace_close(c);
    snprintf(path, sizeof path, "%s/there/refs/data/main", remote_dir); /* a ref of other bytes */
    remote_must(as_fs_write(path, "main\n", 5, &err), &err);
    remote_fail_pull(b, AS_ECORRUPT, "refs/data/main");
    remote_must(as_fs_write(path, "main", 4, &err), &err);
    remote_fail_pull(b, AS_ECORRUPT, "names no version");
    snprintf(path, sizeof path, "%s/there/assay-remote", remote_dir);
    remote_must(as_fs_write(path, "{\"assay_remote\":2}", 18, &err), &err);
    remote_fail_pull(b, AS_EUNSUPPORTED, "version 2");
    remote_must(as_fs_write(path, "else", 4, &err), &err);
    remote_fail_push(a, &(as_push_cfg){.commit = NULL}, AS_EFORMAT, "not that of a remote of Assay");
    as_workspace_close(a);
    as_workspace_close(b);
}

/* --- two at once ----------------------------------------------------------------------------------------------------- */

static as_workspace *other_ws;

static void other_pushes(void)
{
    remote_push(other_ws);
}

static void test_another_push_is_faster(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_workspace *a = remote_workspace("a");
    other_ws = remote_workspace("b");
    remote_version(a, 0, 3);
    remote_push(a);
    remote_pull(other_ws);
    remote_version(a, 0, 4);
    const as_digest theirs = remote_version(other_ws, 0, 5);
    as_remote_kind  kind;
    as_remote_moved moved;
    as_remote      *remote = remote_faulty(a, &kind, -1);
    remote_fault.before_swap = other_pushes;
    assert_false(as_remote_push(remote, &(as_push_cfg){.commit = NULL}, &moved, &err));
    assert_int_equal(err.code, AS_EEXIST);
    assert_non_null(strstr(err.text, "another push moved"));
    as_remote_close(remote);
    as_workspace *c = remote_workspace("c");
    remote_pull(c);
    remote_check(c, &theirs, 0, 5);
    as_workspace_close(a);
    as_workspace_close(other_ws);
    as_workspace_close(c);
}

/* Six programs push the same version and others of their own at the same time: one history comes out whole. */
static void test_many_at_once(void **state)
{
    (void)state;
    pid_t pids[6];
    for (unsigned i = 0; i < AS_COUNT(pids); i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] > 0)
            continue;
        char            name[16];
        as_err          err = AS_ERR_NONE;
        as_remote_moved moved;
        snprintf(name, sizeof name, "w%u", i);
        as_workspace *ws = remote_workspace(name);
        remote_version(ws, 0, 20 + i / 2);
        as_remote *remote = remote_open(ws);
        const bool ok = as_remote_push(remote, &(as_push_cfg){.commit = NULL}, &moved, &err);
        as_remote_close(remote);
        as_workspace_close(ws);
        _exit(ok ? 0 : err.code == AS_EEXIST ? 1 : 2);
    }
    unsigned n[3] = {0};
    for (unsigned i = 0; i < AS_COUNT(pids); i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 3);
        n[WEXITSTATUS(status)]++;
    }
    assert_int_equal(n[2], 0);
    assert_int_equal(n[0], 2); /* those of the version that won */
    as_workspace *ws = remote_workspace("reader");
    as_commit     commit;
    as_err        err = AS_ERR_NONE;
    remote_pull(ws);
    remote_must(as_commit_find(ws, "main", &commit, &err), &err);
    remote_check(ws, &commit.id, 0, (unsigned)commit.n_samples);
    as_workspace_close(ws);
}

/* A folder without its file, as a killed `remote add` leaves it. */
static void test_half_a_remote(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_workspace *ws = remote_workspace("a");
    char          path[AS_FS_PATH_BYTES];
    as_remote_cfg cfg = {.name = "whole"}, *all;
    size_t        n;
    snprintf(cfg.url, sizeof cfg.url, "%s/there", remote_dir);
    remote_must(as_remote_add(ws, &cfg, &err), &err);
    snprintf(path, sizeof path, "%s/a/.assay/remotes/half/seen", remote_dir);
    remote_must(as_fs_make_dirs(path, &err), &err);
    remote_must(as_remote_list(ws, &all, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_string_equal(all[0].name, "whole");
    free(all);
    as_str_copy(cfg.name, sizeof cfg.name, "half"); /* and it can be added still */
    remote_must(as_remote_add(ws, &cfg, &err) && as_remote_list(ws, &all, &n, &err), &err);
    assert_int_equal(n, 2);
    free(all);
    as_workspace_close(ws);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_push_and_pull, remote_setup, remote_teardown),
        cmocka_unit_test_setup_teardown(test_both_went_on, remote_setup, remote_teardown),
        cmocka_unit_test_setup_teardown(test_tags_and_spec, remote_setup, remote_teardown),
        cmocka_unit_test_setup_teardown(test_push_goes_on, remote_setup, remote_teardown),
        cmocka_unit_test_setup_teardown(test_remote_lies, remote_setup, remote_teardown),
        cmocka_unit_test_setup_teardown(test_remote_is_damaged, remote_setup, remote_teardown),
        cmocka_unit_test_setup_teardown(test_notes_travel, remote_setup, remote_teardown),
        cmocka_unit_test_setup_teardown(test_half_a_remote, remote_setup, remote_teardown),
        cmocka_unit_test_setup_teardown(test_another_push_is_faster, remote_setup, remote_teardown),
        cmocka_unit_test_setup_teardown(test_many_at_once, remote_setup, remote_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
