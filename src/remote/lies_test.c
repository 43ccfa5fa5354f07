/* SPDX-License-Identifier: Apache-2.0 */
/* A remote that others can write to says what it likes: nothing here is read beyond its end, lost or named by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/rewritten.h"
#include "remote/test_remote.h"

/* In the pack the empty one is before the picture, at the same place; asked for, it comes after it. */
static void test_empty_beside_picture(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_workspace   *a = remote_workspace("a"), *b = remote_workspace("b");
    as_remote_moved moved = {0};
    as_digest       empty;
    const as_digest picture = remote_picture(a, 1);
    as_digests      sent = {.n_slots = 0}, wanted = {.n_slots = 0};
    remote_must(as_store_put(a->store, "", 0, &empty, NULL, &err), &err);
    assert_true(as_digests_add(&sent, &empty, NULL, NULL) && as_digests_add(&sent, &picture, NULL, NULL));
    assert_true(as_digests_add(&wanted, &picture, NULL, NULL) && as_digests_add(&wanted, &empty, NULL, NULL));
    as_remote *remote = remote_open(a);
    remote_must(as_remote_greet(remote, true, &err) && as_remote_look(remote, &err), &err);
    remote_must(as_remote_send(remote, &sent, 0, &moved, &err), &err);
    as_remote_close(remote);
    assert_int_equal(remote_find("/packs", NULL).n_files, 2);
    remote = remote_open(b);
    remote_must(as_remote_look(remote, &err), &err);
    remote_must(as_remote_fetch(remote, &wanted, &moved, &err), &err);
    as_remote_close(remote);
    assert_true(as_store_has(b->store, &picture) && as_store_has(b->store, &empty));
    as_digests_done(&sent);
    as_digests_done(&wanted);
    as_workspace_close(a);
    as_workspace_close(b);
}

/* A line in the remote that says that this was erased. */
static void say_erased(const as_digest *digest, const char *reason)
{
    as_err          err = AS_ERR_NONE;
    as_str          text;
    char            hex[AS_SHA256_HEX_BYTES], path[AS_FS_PATH_BYTES];
    as_remote_stone stone = {.digest = *digest, .stone = {.utc = 5}};
    as_str_copy(stone.stone.reason, sizeof stone.stone.reason, reason);
    as_str_init(&text);
    remote_must(as_stones_write(&stone, 1, &text, &err), &err);
    const as_digest name = as_sha256_of(text.s, text.len);
    snprintf(path, sizeof path, "%s/there/erased", remote_dir);
    remote_must(as_fs_make_dirs(path, &err), &err);
    snprintf(path, sizeof path, "%s/there/erased/%s", remote_dir, as_digest_hex(&name, hex));
    remote_must(as_fs_write(path, text.s, text.len, &err), &err);
    as_str_done(&text);
}

static void say_rewritten(const as_digest *was, const as_digest *now)
{
    as_err err = AS_ERR_NONE;
    char   reason[AS_STORE_REASON_BYTES];
    remote_must(as_commit_rewritten(now, "lie", reason, &err), &err);
    say_erased(was, reason);
}

static void test_versions_stay(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_workspace   *a = remote_workspace("a");
    as_commit       commit, fewer;
    const as_digest old = remote_version(a, 0, 4), version = remote_version(a, 0, 5), picture = remote_picture(a, 2);
    const as_digest nowhere = as_sha256_of("nowhere", 7);
    remote_push(a);
    remote_must(as_commit_read(a, &version, &commit, &err) && as_commit_read(a, &old, &fewer, &err), &err);
    say_erased(&old, "lie");
    say_rewritten(&version, &old);
    say_erased(&commit.labels, "lie");                /* nothing stands for it */
    say_rewritten(&fewer.labels, &picture);           /* another kind */
    say_rewritten(&commit.manifest, &fewer.manifest); /* other pictures */
    say_rewritten(&fewer.manifest, &nowhere);         /* what is not there */
    say_erased(&picture, "asked");
    as_remote_moved moved = remote_pull(a);
    assert_int_equal(moved.n_kept, 6);
    assert_int_equal(moved.n_erased, 1);
    assert_false(as_store_has(a->store, &picture));
    remote_check(a, &version, 0, 5);
    as_manifest *manifest = as_commit_manifest(a, &fewer, &err);
    remote_must(manifest != NULL, &err);
    assert_string_equal(as_manifest_at(manifest, 0)->label, "good");
    as_manifest_free(manifest);
    as_workspace_close(a);
}

/* What stands for a part is said to be erased as well, or stands for itself in a circle. */
static void test_chains_of_lies(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_workspace   *a = remote_workspace("a");
    as_commit       commit, fewer;
    const as_digest old = remote_version(a, 0, 4), version = remote_version(a, 0, 5);
    remote_push(a);
    remote_must(as_commit_read(a, &version, &commit, &err) && as_commit_read(a, &old, &fewer, &err), &err);
    say_rewritten(&commit.labels, &fewer.labels);
    say_erased(&fewer.labels, "lie");
    say_rewritten(&commit.manifest, &fewer.manifest);
    say_rewritten(&fewer.manifest, &commit.manifest);
    as_remote_moved moved = remote_pull(a);
    assert_int_equal(moved.n_kept, 4);
    assert_int_equal(moved.n_erased, 0);
    remote_check(a, &version, 0, 5);
    as_workspace_close(a);
}

static void say_tag(const char *name, const char *value)
{
    as_err err = AS_ERR_NONE;
    char   path[AS_FS_PATH_BYTES];
    snprintf(path, sizeof path, "%s/there/refs/data/tags", remote_dir);
    remote_must(as_fs_make_dirs(path, &err), &err);
    snprintf(path, sizeof path, "%s/there/refs/data/tags/%s", remote_dir, name);
    remote_must(as_fs_write(path, value, strlen(value), &err), &err);
}

static void test_tags_are_checked(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_workspace   *a = remote_workspace("a"), *b = remote_workspace("b");
    const as_digest version = remote_version(a, 0, 2);
    char            hex[AS_SHA256_HEX_BYTES], longer[AS_SHA256_HEX_BYTES + 8];
    as_ref         *refs;
    size_t          n;
    remote_push(a);
    as_digest_hex(&version, hex);
    snprintf(longer, sizeof longer, "%s and so", hex);
    say_tag("fine", hex);
    say_tag("longer", longer);
    say_tag("shorter", "abcd");
    say_tag("main", hex);
    say_tag("0123abcd", hex); /* as an id begins */
    as_remote_moved moved = remote_pull(b);
    assert_int_equal(moved.n_tags, 1);
    assert_int_equal(moved.n_tags_wrong, 4);
    remote_must(as_store_ref_list(b->store, "data/tags/", &refs, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_string_equal(refs[0].name, "data/tags/fine");
    assert_string_equal(refs[0].value, hex);
    free(refs);
    as_workspace_close(a);
    as_workspace_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty_beside_picture, remote_setup, remote_teardown),
        cmocka_unit_test_setup_teardown(test_versions_stay, remote_setup, remote_teardown),
        cmocka_unit_test_setup_teardown(test_chains_of_lies, remote_setup, remote_teardown),
        cmocka_unit_test_setup_teardown(test_tags_are_checked, remote_setup, remote_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
