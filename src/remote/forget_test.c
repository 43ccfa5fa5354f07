/* SPDX-License-Identifier: Apache-2.0 */
/* What is erased on one side is erased on the other: in every order of steps, and whoever else is at work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/manifest.h"
#include "catalog/rewritten.h"
#include "remote/test_remote.h"

static void test_erasures_travel(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_workspace   *a = remote_workspace("a"), *b = remote_workspace("b"), *c = remote_workspace("c");
    const as_digest version = remote_version(a, 0, 30), person = remote_picture(a, 7), later = remote_picture(a, 8);
    as_tombstone    stone;
    remote_push(a);
    remote_pull(b);
    assert_int_equal(remote_find("/packs", "picture 7 of a face").n_with, 1);
    remote_must(as_store_erase(a->store, &person, "asked to be forgotten", &err), &err);
    as_remote_moved moved = remote_push(a);
    assert_int_equal(moved.n_erased, 1);
    assert_int_equal(remote_find("", "picture 7 of a face").n_with, 0);
    assert_int_equal(remote_find("/packs", "picture 6 of a face").n_with, 1);
    assert_int_equal(remote_find("/packs", NULL).n_files, 4);
    assert_int_equal(remote_push(a).n_erased, 0);
    /* Who has it learns it at the next pull, with the reason; who pushes first hears of it. */
    assert_int_equal(remote_push(b).n_known_erased, 1);
    assert_int_equal(remote_find("", "picture 7 of a face").n_with, 0);
    moved = remote_pull(b);
    assert_int_equal(moved.n_erased, 1);
    assert_int_equal(moved.n_objects, 0);
    assert_true(as_store_erased(b->store, &person, &stone, &err));
    assert_string_equal(stone.reason, "asked to be forgotten");
    /* And who never had it knows that it is not missing. */
    remote_pull(c);
    remote_check(c, &version, 0, 30);
    assert_true(as_store_erased(c->store, &person, &stone, &err));
    /* As the verb erase does it: in the remote alone, with what others have sent. */
    as_remote_erasure erased;
    as_remote_stone   stones[2] = {{.digest = later, .stone = {.utc = 5, .reason = "also"}},
                                   {.digest = person, .stone = {.utc = 6, .reason = "again"}}};
    as_remote        *remote = remote_open(b);
    remote_must(as_remote_erase(remote, stones, 2, &erased, &err), &err);
    assert_int_equal(erased.n_noted, 1);
    assert_int_equal(erased.n_packs, 1);
    assert_int_equal(erased.n_objects, 1);
    assert_int_equal(erased.n_bytes, 8192);
    as_remote_close(remote);
    assert_int_equal(remote_find("", "picture 8 of a face").n_with, 0);
    assert_int_equal(remote_pull(a).n_erased, 1);
    assert_false(as_store_has(a->store, &later));
    as_workspace_close(a);
    as_workspace_close(b);
    as_workspace_close(c);
}

/* Names go out of the version's manifest, as the verb erase does it. */
static void rewrite(as_workspace *a, const as_digest *version, int round)
{
    as_err       err = AS_ERR_NONE;
    as_commit    commit;
    as_digest    now;
    char         reason[AS_STORE_REASON_BYTES];
    as_str       text;
    as_manifest *manifest = as_manifest_new(&err);
    as_str_init(&text);
    for (unsigned i = 0; i < 3; i++) {
        char      name[32];
        as_sample sample = {.name = name,
                            .label = "",
                            .part = name,
                            .camera = "",
                            .format = "png",
                            .width = 1,
                            .height = 1,
                            .n_bytes = 8192,
                            .image = remote_picture(a, i)};
        snprintf(name, sizeof name, "erased-%d-%u", round, i);
        remote_must(as_manifest_add(manifest, &sample, &err), &err);
    }
    remote_must(as_manifest_write(manifest, &text, &err) && as_store_put(a->store, text.s, text.len, &now, NULL, &err),
                &err);
    as_manifest_free(manifest);
    as_str_done(&text);
    as_digest was;
    remote_must(as_commit_read(a, version, &commit, &err) && as_commit_now(a, &commit.manifest, &was, &err), &err);
    remote_must(as_commit_rewritten(&now, "asked", reason, &err) && as_store_erase(a->store, &was, reason, &err), &err);
}

/* A manifest that somebody's name was taken out of is erased, and another stands for it: that one travels too, also of a
 * version that both sides have had for long. */
static void test_rewritten_travel(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_workspace *a = remote_workspace("a"), *b = remote_workspace("b"), *c = remote_workspace("c");
    remote_label = ""; /* labels have names too, and are another object */
    const as_digest version = remote_version(a, 0, 3);
    remote_label = "good";
    as_commit commit;
    remote_push(a);
    remote_pull(b);
    assert_int_equal(remote_find("/packs", "p000001\",\"image\"").n_with, 1);
    for (int round = 0; round < 2; round++) /* the second takes out of what stands for the first */
        rewrite(a, &version, round);
    as_remote_moved moved = remote_push(a);
    assert_int_equal(moved.n_erased, 2);
    assert_int_equal(remote_find("/packs", "p000001\",\"image\"").n_with, 0);
    assert_int_equal(remote_find("/packs", "erased-0-1\",\"image\"").n_with, 0);
    assert_int_equal(remote_find("/packs", "erased-1-1\",\"image\"").n_with, 1);
    assert_int_equal(remote_push(a).n_bytes, 0);
    moved = remote_pull(b);
    assert_int_equal(moved.n_objects, 1);
    as_workspace *const all[] = {a, b, c};
    remote_pull(c);
    for (size_t i = 0; i < AS_COUNT(all); i++) {
        remote_must(as_commit_find(all[i], "main", &commit, &err), &err);
        as_manifest *manifest = as_commit_manifest(all[i], &commit, &err);
        remote_must(manifest != NULL, &err);
        assert_string_equal(as_manifest_at(manifest, 1)->name, "erased-1-1");
        as_manifest_free(manifest);
    }
    assert_int_equal(remote_pull(b).n_bytes, 0);
    as_workspace_close(a);
    as_workspace_close(b);
    as_workspace_close(c);
}

/* An erasure that is cut after each of its steps is finished by the next push of anybody. */
static void test_erasure_goes_on(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_workspace *a = remote_workspace("a"), *b = remote_workspace("b");
    remote_version(a, 0, 30);
    remote_push(a);
    remote_pull(b);
    for (int n_puts = 0; n_puts < 4; n_puts++) {
        as_remote_kind    kind;
        as_remote_erasure erased;
        char              text[40];
        as_remote_stone   stone = {.digest = remote_picture(a, (unsigned)n_puts), .stone = {.utc = 5, .reason = "cut"}};
        as_remote        *remote = remote_faulty(a, &kind, n_puts);
        const bool        ok = as_remote_erase(remote, &stone, 1, &erased, &err);
        assert_int_equal(ok, n_puts == 3); /* note, listing, pack */
        as_remote_close(remote);
        snprintf(text, sizeof text, "picture %d of a face", n_puts);
        remote_push(b);
        assert_int_equal(remote_find("", text).n_with, n_puts == 0); /* without the note nobody knows of it */
        remote_pull(b);
        remote_pull(a);
        assert_int_equal(remote_find("/packs", NULL).n_files % 2, 0);
    }
    as_workspace_close(a);
    as_workspace_close(b);
}

/* A pack without listing is what is left of a race: nobody can tell what is in it. */
static void test_orphans_go(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    char          path[AS_FS_PATH_BYTES];
    as_workspace *a = remote_workspace("a");
    remote_version(a, 0, 3);
    remote_push(a);
    snprintf(path, sizeof path, "%s/there/packs/%064d.pack", remote_dir, 7);
    remote_must(as_fs_write(path, "a face", 6, &err), &err);
    remote_push(a);
    assert_false(as_fs_is_file(path));
    as_workspace_close(a);
}

static as_workspace *other_ws;

static void other_erases(void)
{
    as_err            err = AS_ERR_NONE;
    as_remote_erasure erased;
    as_remote_stone   stone = {.digest = remote_picture(other_ws, 3), .stone = {.utc = 5, .reason = "meanwhile"}};
    as_remote        *remote = remote_open(other_ws);
    remote_must(as_remote_erase(remote, &stone, 1, &erased, &err), &err);
    as_remote_close(remote);
}

static atomic_int n_puts_before_erase;

static bool erasing_put(void *self, const char *name, const void *bytes, size_t n, as_err *err)
{
    if (atomic_fetch_sub(&n_puts_before_erase, 1) == 0)
        other_erases();
    return remote_fault.real->put(self, name, bytes, n, err);
}

/* Somebody erases a picture there between any two steps of a push that brings it: it is not there afterwards. */
static void test_erased_while_pushing(void **state)
{
    (void)state;
    for (int n = 0; n < 6; n++) {
        as_err          err = AS_ERR_NONE;
        char            name[2][16];
        as_remote_kind  kind;
        as_remote_moved moved;
        snprintf(name[0], sizeof name[0], "a%d", n);
        snprintf(name[1], sizeof name[1], "b%d", n);
        as_workspace *a = remote_workspace(name[0]);
        other_ws = remote_workspace(name[1]);
        remote_version(a, 10, 12);
        remote_push(a);
        remote_version(a, 0, 12);
        as_remote *remote = remote_faulty(a, &kind, -1);
        kind.put = erasing_put;
        n_puts_before_erase = n;
        remote_must(as_remote_push(remote, &(as_push_cfg){.commit = NULL}, &moved, &err), &err);
        as_remote_close(remote);
        assert_true(n_puts_before_erase < 0 || n >= 4);
        if (n_puts_before_erase < 0) {
            assert_int_equal(remote_find("", "picture 3 of a face").n_with, 0);
            assert_int_equal(remote_find("/packs", "picture 4 of a face").n_with, 1);
            remote_pull(other_ws);
            remote_check(other_ws, &(as_digest){0}, 0, 12);
        }
        as_workspace_close(a);
        as_workspace_close(other_ws);
        char path[AS_FS_PATH_BYTES];
        snprintf(path, sizeof path, "%s/there", remote_dir);
        remote_must(as_fs_remove_tree(path, &err), &err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_erasures_travel, remote_setup, remote_teardown),
        cmocka_unit_test_setup_teardown(test_rewritten_travel, remote_setup, remote_teardown),
        cmocka_unit_test_setup_teardown(test_erasure_goes_on, remote_setup, remote_teardown),
        cmocka_unit_test_setup_teardown(test_orphans_go, remote_setup, remote_teardown),
        cmocka_unit_test_setup_teardown(test_erased_while_pushing, remote_setup, remote_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
