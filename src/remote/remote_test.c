/* SPDX-License-Identifier: Apache-2.0 */
/* Push, pull and erase against a folder; and against one that fails, lies and is changed by others at the worst moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "catalog/manifest.h"
#include "catalog/notes.h"
#include "remote/state.h"
#include "store/test_fault.h"

static char dir[256];

static int setup(void **state)
{
    (void)state;
    const char *made = support_temp_dir("remote");
    return made && as_str_copy(dir, sizeof dir, made) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    support_remove_dir(dir);
    return 0;
}

static void must(bool ok, const as_err *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

static as_workspace *make_workspace(const char *name)
{
    char   path[AS_FS_PATH_BYTES];
    as_err err = AS_ERR_NONE;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    must(as_fs_make_dirs(path, &err), &err);
    snprintf(path, sizeof path, "%s/%s/assay.yaml", dir, name);
    must(as_fs_is_file(path) || as_fs_write(path, "assay: 1\n", 9, &err), &err);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    as_workspace *ws = as_workspace_open(path, AS_WORKSPACE_WRITE, &err);
    must(ws != NULL, &err);
    return ws;
}

static as_remote *open_remote(as_workspace *ws)
{
    as_err        err = AS_ERR_NONE;
    as_remote_cfg cfg = {.name = "origin", .timeout_s = 5};
    snprintf(cfg.url, sizeof cfg.url, "%s/there", dir);
    as_remote *remote = as_remote_open(ws, &cfg, NULL, &err);
    must(remote != NULL, &err);
    return remote;
}

/* The picture of number i: 8 KiB, its own. */
static as_digest put_picture(as_workspace *ws, unsigned i)
{
    as_err    err = AS_ERR_NONE;
    as_digest digest;
    char      bytes[8192];
    memset(bytes, 'a' + (int)(i % 26), sizeof bytes);
    snprintf(bytes, sizeof bytes, "picture %u of a face", i);
    must(as_store_put(ws->store, bytes, sizeof bytes, &digest, NULL, &err), &err);
    return digest;
}

static const char *label = "good";

/* A version with the pictures from..to. */
static as_digest make_version(as_workspace *ws, unsigned from, unsigned to)
{
    as_err       err = AS_ERR_NONE;
    as_manifest *manifest = as_manifest_new(&err);
    as_commit    commit = {.author = "tester", .message = "a version", .utc = 1000 + to}, parent;
    for (unsigned i = from; i < to; i++) {
        char      name[32];
        as_sample sample = {.name = name,
                            .label = label,
                            .part = name,
                            .camera = "",
                            .format = "png",
                            .width = 1,
                            .height = 1,
                            .n_bytes = 8192,
                            .image = put_picture(ws, i)};
        snprintf(name, sizeof name, "p%06u", i);
        must(as_manifest_add(manifest, &sample, &err), &err);
    }
    if (as_commit_find(ws, "main", &parent, NULL))
        commit.parents[commit.n_parents++] = parent.id;
    must(as_commit_write(ws, manifest, &commit, &err), &err);
    as_manifest_free(manifest);
    return commit.id;
}

static as_remote_moved push(as_workspace *ws)
{
    as_err          err = AS_ERR_NONE;
    as_remote_moved moved;
    as_remote      *remote = open_remote(ws);
    must(as_remote_push(remote, &(as_push_cfg){.commit = NULL}, &moved, &err), &err);
    as_remote_close(remote);
    return moved;
}

static as_remote_moved pull(as_workspace *ws)
{
    as_err          err = AS_ERR_NONE;
    as_remote_moved moved;
    as_remote      *remote = open_remote(ws);
    must(as_remote_pull(remote, &moved, &err), &err);
    as_remote_close(remote);
    return moved;
}

static void must_fail_push(as_workspace *ws, const as_push_cfg *cfg, as_err_code code, const char *text)
{
    as_err          err = AS_ERR_NONE;
    as_remote_moved moved;
    as_remote      *remote = open_remote(ws);
    assert_false(as_remote_push(remote, cfg, &moved, &err));
    if (err.code != code || !strstr(err.text, text))
        fail_msg("%s: %s", as_err_name(err.code), err.text);
    as_remote_close(remote);
}

static void must_fail_pull(as_workspace *ws, as_err_code code, const char *text)
{
    as_err          err = AS_ERR_NONE;
    as_remote_moved moved;
    as_remote      *remote = open_remote(ws);
    assert_false(as_remote_pull(remote, &moved, &err));
    if (err.code != code || !strstr(err.text, text))
        fail_msg("%s: %s", as_err_name(err.code), err.text);
    as_remote_close(remote);
}

/* version: all zero for any. */
static void check_whole(as_workspace *ws, const as_digest *version, unsigned from, unsigned to)
{
    as_err         err = AS_ERR_NONE;
    as_commit      commit;
    as_store_check check;
    must(as_commit_find(ws, "main", &commit, &err), &err);
    assert_true(as_digest_is_zero(version) || as_digest_equal(&commit.id, version));
    as_manifest *manifest = as_commit_manifest(ws, &commit, &err);
    must(manifest != NULL, &err);
    assert_int_equal(as_manifest_count(manifest), to - from);
    for (size_t i = 0; i < as_manifest_count(manifest); i++) {
        as_tombstone stone;
        assert_true(as_store_has(ws->store, &as_manifest_at(manifest, i)->image) ||
                    as_store_erased(ws->store, &as_manifest_at(manifest, i)->image, &stone, &err));
    }
    as_manifest_free(manifest);
    must(as_store_verify(ws->store, NULL, NULL, NULL, &check, &err), &err);
    assert_int_equal(check.n_damaged, 0);
}

typedef struct found {
    const char *text;
    unsigned    n_files, n_with;
    char        path[AS_FS_PATH_BYTES];
} found;

static bool find_text(void *ctx, const as_fs_entry *entry, as_err *err)
{
    found   *f = ctx;
    uint8_t *bytes;
    size_t   n;
    if (!as_fs_read(entry->path, (size_t)1 << 28, &bytes, &n, err))
        return false;
    f->n_files++;
    if (f->text && memmem(bytes, n, f->text, strlen(f->text))) {
        f->n_with++;
        as_str_copy(f->path, sizeof f->path, entry->path);
    }
    free(bytes);
    return true;
}

/* In how many files of the remote the text is. */
static found find_there(const char *below, const char *text)
{
    char   path[AS_FS_PATH_BYTES];
    as_err err = AS_ERR_NONE;
    found  f = {.text = text};
    snprintf(path, sizeof path, "%s/there%s", dir, below);
    must(as_fs_walk(path, find_text, &f, &err), &err);
    return f;
}

static void test_push_and_pull(void **state)
{
    (void)state;
    as_workspace *a = make_workspace("a"), *b = make_workspace("b");
    must_fail_pull(b, AS_ENOTFOUND, "there is no folder");
    const as_digest first = make_version(a, 0, 100);
    as_remote_moved moved = push(a);
    assert_true(moved.is_moved && moved.is_swap_sure && moved.is_spec_sent);
    assert_int_equal(moved.n_objects, 103);
    moved = push(a); /* nothing is missing */
    assert_false(moved.is_moved || moved.is_spec_sent);
    assert_int_equal(moved.n_objects + moved.n_bytes, 0);
    moved = pull(b);
    assert_true(moved.is_moved);
    assert_false(moved.is_spec_other);
    assert_int_equal(moved.n_objects, 103);
    check_whole(b, &first, 0, 100);
    assert_int_equal(pull(b).n_bytes, 0);
    /* Ten more pictures are ten pictures, a manifest, labels and a version. */
    const as_digest second = make_version(b, 0, 110);
    moved = push(b);
    assert_int_equal(moved.n_objects, 13);
    assert_true(moved.n_bytes >= 10 * 8192 && moved.n_bytes < 10 * 8192 + 40000);
    must_fail_push(a, &(as_push_cfg){.commit = NULL}, AS_EEXIST, "which is not here: bring it with: assay data pull");
    moved = pull(a);
    assert_int_equal(moved.n_objects, 13);
    check_whole(a, &second, 0, 110);
    must_fail_push(a, &(as_push_cfg){.commit = "main~1"}, AS_EEXIST, "is newer than");
    as_workspace_close(a);
    as_workspace_close(b);
}

static void test_both_went_on(void **state)
{
    (void)state;
    as_workspace *a = make_workspace("a"), *b = make_workspace("b");
    make_version(a, 0, 3);
    push(a);
    pull(b);
    const as_digest mine = make_version(a, 0, 4), theirs = make_version(b, 0, 5);
    push(b);
    must_fail_pull(a, AS_EEXIST, "both sides have gone on");
    check_whole(a, &mine, 0, 4); /* main stays, and the other one can be looked at */
    as_commit other;
    assert_true(as_commit_read(a, &theirs, &other, NULL));
    must_fail_push(a, &(as_push_cfg){.commit = NULL}, AS_EEXIST, "both sides have gone on");
    as_err          err = AS_ERR_NONE;
    as_remote_moved moved;
    as_remote      *remote = open_remote(a);
    must(as_remote_push(remote, &(as_push_cfg){.force = true}, &moved, &err), &err);
    as_remote_close(remote);
    assert_true(moved.is_moved);
    must_fail_pull(b, AS_EEXIST, "both sides have gone on");
    as_workspace_close(a);
    as_workspace_close(b);
}

static void test_tags_and_spec(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    char            hex[AS_SHA256_HEX_BYTES], value[AS_REF_BYTES];
    as_workspace   *a = make_workspace("a"), *b = make_workspace("b");
    const as_digest first = make_version(a, 0, 3);
    must(as_store_ref_set(a->store, "data/tags/first", as_digest_hex(&first, hex), &err), &err);
    make_version(a, 5, 9);
    assert_int_equal(push(a).n_tags, 1);
    assert_int_equal(push(a).n_tags, 0);
    must(as_fs_write(b->spec_path, "assay: 1\n# other\n", 17, &err), &err);
    as_remote_moved moved = pull(b);
    assert_int_equal(moved.n_tags, 1);
    assert_true(moved.is_spec_other);
    assert_true(as_fs_is_file(moved.spec_path));
    must(as_store_ref_get(b->store, "data/tags/first", value, &err), &err);
    assert_string_equal(value, hex);
    /* The same tag for another version: neither side is changed. */
    as_commit newest;
    must(as_commit_find(b, "main", &newest, &err), &err);
    must(as_store_ref_set(b->store, "data/tags/first", as_digest_hex(&newest.id, hex), &err), &err);
    assert_int_equal(push(b).n_tags_left, 1);
    assert_int_equal(pull(b).n_tags_left, 1);
    must(as_store_ref_get(b->store, "data/tags/first", value, &err), &err);
    assert_string_equal(value, hex);
    /* A password does not leave this machine. */
    static const char secret[] = "assay: 1\ncamera: rtsp://me:secret@camera/1\n";
    must(as_fs_write(b->spec_path, secret, strlen(secret), &err), &err);
    must_fail_push(b, &(as_push_cfg){.commit = NULL}, AS_EINVAL, "password");
    assert_int_equal(find_there("", "secret").n_with, 0);
    as_remote *remote = open_remote(b);
    must(as_remote_push(remote, &(as_push_cfg){.without_spec = true}, &moved, &err), &err);
    as_remote_close(remote);
    as_workspace_close(a);
    as_workspace_close(b);
}

/* --- a folder with faults -------------------------------------------------------------------------------------------- */

static struct {
    const as_remote_kind *real;
    int                   n_puts_left; /* then every put fails; -1: none does */
    uint64_t              n_put_bytes, n_got_bytes;
    void (*before_swap)(void);
} faulty;

static bool faulty_put(void *self, const char *name, const void *bytes, size_t n, as_err *err)
{
    if (faulty.n_puts_left == 0)
        return AS_FAIL(err, AS_EIO, "the cable is out");
    faulty.n_puts_left -= faulty.n_puts_left > 0;
    faulty.n_put_bytes += n;
    return faulty.real->put(self, name, bytes, n, err);
}

static bool faulty_range(void *self, const char *name, uint64_t offset, size_t n, uint8_t **ret, as_err *err)
{
    faulty.n_got_bytes += n;
    return faulty.real->range(self, name, offset, n, ret, err);
}

static bool faulty_swap(void *self, const char *name, const char *expected, const char *value, bool *ret_swapped,
                        bool *ret_sure, as_err *err)
{
    if (faulty.before_swap)
        faulty.before_swap();
    faulty.before_swap = NULL;
    return faulty.real->swap(self, name, expected, value, ret_swapped, ret_sure, err);
}

static as_remote *open_faulty(as_workspace *ws, as_remote_kind *kind, int n_puts)
{
    as_remote *remote = open_remote(ws);
    faulty.real = remote->kind;
    faulty.n_puts_left = n_puts;
    faulty.n_put_bytes = faulty.n_got_bytes = 0;
    *kind = *remote->kind;
    kind->put = faulty_put;
    kind->range = faulty_range;
    kind->swap = faulty_swap;
    remote->kind = kind;
    return remote;
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
        must(as_store_put(ws->store, bytes, n_bytes, &sample.image, NULL, &err), &err);
        must(as_manifest_add(manifest, &sample, &err), &err);
    }
    must(as_commit_write(ws, manifest, &commit, &err), &err);
    as_manifest_free(manifest);
    free(bytes);
    return commit.id;
}

/* Cut after each put in turn: nothing is seen there before all is, and what came whole is not sent again. */
static void test_push_goes_on(void **state)
{
    (void)state;
    as_workspace   *a = make_workspace("a"), *b = make_workspace("b");
    const as_digest version = make_large_version(a, 100); /* 4 packs, and one of the version */
    uint64_t        n_sent = 0;
    unsigned        n_cut = 0;
    for (int n_puts = 1;; n_puts++) {
        as_err          err = AS_ERR_NONE;
        as_remote_kind  kind;
        as_remote_moved moved;
        as_remote      *remote = open_faulty(a, &kind, 3);
        const bool      ok = as_remote_push(remote, &(as_push_cfg){.without_spec = true}, &moved, &err);
        n_sent += faulty.n_put_bytes;
        as_remote_close(remote);
        if (ok)
            break;
        n_cut++;
        assert_string_equal(err.text, "the cable is out");
        assert_true(n_puts < 20);
        assert_int_equal(pull(b).n_objects, 0); /* and it says that there is no version */
    }
    assert_true(n_cut >= 3);
    const uint64_t large = (uint64_t)100 << 20;
    assert_true(n_sent >= large && n_sent < large + ((uint64_t)1 << 20));
    assert_int_equal(find_there("/packs", NULL).n_files, 10); /* packs were finished under the names they had */
    pull(b);
    check_whole(b, &version, 0, 100);
    as_workspace_close(a);
    as_workspace_close(b);
}

static void flip_there(const char *text)
{
    found f = find_there("/packs", text);
    assert_int_equal(f.n_with, 1);
    as_err   err = AS_ERR_NONE;
    uint8_t *bytes;
    size_t   n;
    must(as_fs_read(f.path, (size_t)1 << 28, &bytes, &n, &err), &err);
    const uint8_t *at = memmem(bytes, n, text, strlen(text));
    support_flip(f.path, (uint64_t)(at - bytes));
    free(bytes);
}

/* Other bytes: named, not taken; the rest is, and is not fetched again when it is mended. */
static void test_remote_lies(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_workspace   *a = make_workspace("a"), *b = make_workspace("b");
    const as_digest version = make_version(a, 0, 50), victim = put_picture(a, 17);
    char            hex[AS_SHA256_HEX_BYTES];
    push(a);
    flip_there("picture 17 of");
    must_fail_pull(b, AS_ECORRUPT, as_digest_hex(&victim, hex));
    must_fail_pull(b, AS_ECORRUPT, "returns other bytes");
    assert_false(as_store_has(b->store, &victim));
    as_commit commit;
    assert_false(as_commit_find(b, "main", &commit, &err)); /* nothing half is to be seen */
    /* As the message says: */
    found f = find_there("/packs", "picture 18 of");
    must(as_fs_remove(f.path, &err), &err);
    must_fail_pull(b, AS_ECORRUPT, "lacks object");
    as_remote_moved moved;
    as_remote      *remote = open_remote(a);
    must(as_remote_push(remote, &(as_push_cfg){.whole = true}, &moved, &err), &err);
    as_remote_close(remote);
    assert_int_equal(moved.n_objects, 50);
    assert_int_equal(pull(b).n_objects, 1); /* the one */
    check_whole(b, &version, 0, 50);
    as_workspace_close(a);
    as_workspace_close(b);
}

static void test_remote_is_damaged(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_workspace *a = make_workspace("a"), *b = make_workspace("b");
    char          path[AS_FS_PATH_BYTES];
    make_version(a, 0, 5);
    push(a);
    found f = find_there("/packs", "picture 3 of"); /* a pack cut short */
    assert_int_equal(truncate(f.path, 100), 0);
    must_fail_pull(b, AS_ECORRUPT, "cut short");
    as_remote_moved moved;
    as_remote      *remote = open_remote(a);
    must(as_remote_push(remote, &(as_push_cfg){.whole = true}, &moved, &err), &err);
    as_remote_close(remote);
    assert_int_equal(moved.n_objects, 5);
    f = find_there("/packs", "ASTPACK1"); /* a listing of other bytes */
    support_flip(f.path, 40);
    as_workspace *c = make_workspace("c"); /* b has it already, and looked at it then */
    must_fail_pull(c, AS_ECORRUPT, "does not have the bytes that its name promises");
    support_flip(f.path, 40);
    pull(c);
    as_workspace_close(c);
    snprintf(path, sizeof path, "%s/there/refs/data/main", dir); /* a ref of other bytes */
    must(as_fs_write(path, "main\n", 5, &err), &err);
    must_fail_pull(b, AS_ECORRUPT, "refs/data/main");
    must(as_fs_write(path, "main", 4, &err), &err);
    must_fail_pull(b, AS_ECORRUPT, "names no version");
    snprintf(path, sizeof path, "%s/there/assay-remote", dir);
    must(as_fs_write(path, "{\"assay_remote\":2}", 18, &err), &err);
    must_fail_pull(b, AS_EUNSUPPORTED, "version 2");
    must(as_fs_write(path, "else", 4, &err), &err);
    must_fail_push(a, &(as_push_cfg){.commit = NULL}, AS_EFORMAT, "not that of a remote of Assay");
    as_workspace_close(a);
    as_workspace_close(b);
}

/* --- erasure --------------------------------------------------------------------------------------------------------- */

static void test_erasures_travel(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_workspace   *a = make_workspace("a"), *b = make_workspace("b"), *c = make_workspace("c");
    const as_digest version = make_version(a, 0, 30), person = put_picture(a, 7), later = put_picture(a, 8);
    as_tombstone    stone;
    push(a);
    pull(b);
    assert_int_equal(find_there("/packs", "picture 7 of a face").n_with, 1);
    must(as_store_erase(a->store, &person, "asked to be forgotten", &err), &err);
    as_remote_moved moved = push(a);
    assert_int_equal(moved.n_erased, 1);
    assert_int_equal(find_there("", "picture 7 of a face").n_with, 0);
    assert_int_equal(find_there("/packs", "picture 6 of a face").n_with, 1);
    assert_int_equal(find_there("/packs", NULL).n_files, 4);
    assert_int_equal(push(a).n_erased, 0);
    /* Who has it learns it at the next pull, with the reason; who pushes first hears of it. */
    assert_int_equal(push(b).n_known_erased, 1);
    assert_int_equal(find_there("", "picture 7 of a face").n_with, 0);
    moved = pull(b);
    assert_int_equal(moved.n_erased, 1);
    assert_int_equal(moved.n_objects, 0);
    assert_true(as_store_erased(b->store, &person, &stone, &err));
    assert_string_equal(stone.reason, "asked to be forgotten");
    /* And who never had it knows that it is not missing. */
    pull(c);
    check_whole(c, &version, 0, 30);
    assert_true(as_store_erased(c->store, &person, &stone, &err));
    /* As the verb erase does it: in the remote alone, with what others have sent. */
    as_remote_erasure erased;
    as_remote_stone   stones[2] = {{.digest = later, .stone = {.utc = 5, .reason = "also"}},
                                   {.digest = person, .stone = {.utc = 6, .reason = "again"}}};
    as_remote        *remote = open_remote(b);
    must(as_remote_erase(remote, stones, 2, &erased, &err), &err);
    assert_int_equal(erased.n_noted, 1);
    assert_int_equal(erased.n_packs, 1);
    assert_int_equal(erased.n_objects, 1);
    assert_int_equal(erased.n_bytes, 8192);
    as_remote_close(remote);
    assert_int_equal(find_there("", "picture 8 of a face").n_with, 0);
    assert_int_equal(pull(a).n_erased, 1);
    assert_false(as_store_has(a->store, &later));
    as_workspace_close(a);
    as_workspace_close(b);
    as_workspace_close(c);
}

/* A manifest that somebody's name was taken out of is erased, and another stands for it: that one travels too, also of a
 * version that both sides have had for long. */
static void test_rewritten_travel(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_workspace *a = make_workspace("a"), *b = make_workspace("b"), *c = make_workspace("c");
    label = ""; /* labels have names too, and are another object */
    const as_digest version = make_version(a, 0, 3);
    label = "good";
    as_commit commit;
    as_digest now;
    char      reason[AS_STORE_REASON_BYTES];
    as_str    text;
    push(a);
    pull(b);
    assert_int_equal(find_there("/packs", "p000001\",\"image\"").n_with, 1);
    for (int round = 0; round < 2; round++) { /* the second takes out of what stands for the first */
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
                                .image = put_picture(a, i)};
            snprintf(name, sizeof name, "erased-%d-%u", round, i);
            must(as_manifest_add(manifest, &sample, &err), &err);
        }
        must(as_manifest_write(manifest, &text, &err) && as_store_put(a->store, text.s, text.len, &now, NULL, &err),
             &err);
        as_manifest_free(manifest);
        as_str_done(&text);
        as_digest was;
        must(as_commit_read(a, &version, &commit, &err) && as_commit_now(a, &commit.manifest, &was, &err), &err);
        must(as_commit_rewritten(&now, "asked", reason, &err) && as_store_erase(a->store, &was, reason, &err), &err);
    }
    as_remote_moved moved = push(a);
    assert_int_equal(moved.n_erased, 2);
    assert_int_equal(find_there("/packs", "p000001\",\"image\"").n_with, 0);
    assert_int_equal(find_there("/packs", "erased-0-1\",\"image\"").n_with, 0);
    assert_int_equal(find_there("/packs", "erased-1-1\",\"image\"").n_with, 1);
    assert_int_equal(push(a).n_bytes, 0);
    moved = pull(b);
    assert_int_equal(moved.n_objects, 1);
    as_workspace *const all[] = {a, b, c};
    pull(c);
    for (size_t i = 0; i < AS_COUNT(all); i++) {
        must(as_commit_find(all[i], "main", &commit, &err), &err);
        as_manifest *manifest = as_commit_manifest(all[i], &commit, &err);
        must(manifest != NULL, &err);
        assert_string_equal(as_manifest_at(manifest, 1)->name, "erased-1-1");
        as_manifest_free(manifest);
    }
    assert_int_equal(pull(b).n_bytes, 0);
    as_workspace_close(a);
    as_workspace_close(b);
    as_workspace_close(c);
}

/* Notes of pictures are objects too. */
static void test_notes_travel(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_workspace   *a = make_workspace("a"), *b = make_workspace("b");
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
                              .image = put_picture(a, 1)};
    as_note note = {.black_ratio = 0.25, .white_ratio = 0.5, .mean = 9, .contrast = 1, .noise = 2, .motion_px = 3};
    must(as_manifest_add(manifest, &sample, &err), &err);
    for (int i = 0; i < 3; i++) {
        as_str lines;
        as_str_init(&lines);
        note.mean = i;
        as_note_add(&lines, &sample, &note);
        must(as_notes_put(a->store, &lines, &commit, &err), &err);
        as_str_done(&lines);
    }
    must(as_commit_write(a, manifest, &commit, &err), &err);
    as_manifest_free(manifest);
    assert_int_equal(push(a).n_objects, 4 + 3);
    assert_int_equal(pull(b).n_objects, 4 + 3);
    must(as_commit_find(b, "main", &commit, &err), &err);
    manifest = as_commit_manifest(b, &commit, &err);
    as_notes *notes = as_notes_read(b, &commit, manifest, &err);
    must(notes != NULL, &err);
    assert_non_null(as_notes_of(notes, 0));
    assert_true(as_notes_of(notes, 0)->black_ratio == 0.25);
    as_notes_free(notes);
    as_manifest_free(manifest);
    as_workspace_close(a);
    as_workspace_close(b);
}

/* An erasure that is cut after each of its steps is finished by the next push of anybody. */
static void test_erasure_goes_on(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_workspace *a = make_workspace("a"), *b = make_workspace("b");
    make_version(a, 0, 30);
    push(a);
    pull(b);
    for (int n_puts = 0; n_puts < 4; n_puts++) {
        as_remote_kind    kind;
        as_remote_erasure erased;
        char              text[40];
        as_remote_stone   stone = {.digest = put_picture(a, (unsigned)n_puts), .stone = {.utc = 5, .reason = "cut"}};
        as_remote        *remote = open_faulty(a, &kind, n_puts);
        const bool        ok = as_remote_erase(remote, &stone, 1, &erased, &err);
        assert_int_equal(ok, n_puts == 3); /* note, listing, pack */
        as_remote_close(remote);
        snprintf(text, sizeof text, "picture %d of a face", n_puts);
        push(b);
        assert_int_equal(find_there("", text).n_with, n_puts == 0); /* without the note nobody knows of it */
        pull(b);
        pull(a);
        assert_int_equal(find_there("/packs", NULL).n_files % 2, 0);
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
    as_workspace *a = make_workspace("a");
    make_version(a, 0, 3);
    push(a);
    snprintf(path, sizeof path, "%s/there/packs/%064d.pack", dir, 7);
    must(as_fs_write(path, "a face", 6, &err), &err);
    push(a);
    assert_false(as_fs_is_file(path));
    as_workspace_close(a);
}

/* --- two at once ----------------------------------------------------------------------------------------------------- */

static as_workspace *other_ws;

static void other_pushes(void)
{
    push(other_ws);
}

static void test_another_push_is_faster(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_workspace *a = make_workspace("a");
    other_ws = make_workspace("b");
    make_version(a, 0, 3);
    push(a);
    pull(other_ws);
    make_version(a, 0, 4);
    const as_digest theirs = make_version(other_ws, 0, 5);
    as_remote_kind  kind;
    as_remote_moved moved;
    as_remote      *remote = open_faulty(a, &kind, -1);
    faulty.before_swap = other_pushes;
    assert_false(as_remote_push(remote, &(as_push_cfg){.commit = NULL}, &moved, &err));
    assert_int_equal(err.code, AS_EEXIST);
    assert_non_null(strstr(err.text, "another push moved"));
    as_remote_close(remote);
    as_workspace *c = make_workspace("c");
    pull(c);
    check_whole(c, &theirs, 0, 5);
    as_workspace_close(a);
    as_workspace_close(other_ws);
    as_workspace_close(c);
}

static void other_erases(void)
{
    as_err            err = AS_ERR_NONE;
    as_remote_erasure erased;
    as_remote_stone   stone = {.digest = put_picture(other_ws, 3), .stone = {.utc = 5, .reason = "meanwhile"}};
    as_remote        *remote = open_remote(other_ws);
    must(as_remote_erase(remote, &stone, 1, &erased, &err), &err);
    as_remote_close(remote);
}

static atomic_int n_puts_before_erase;

static bool erasing_put(void *self, const char *name, const void *bytes, size_t n, as_err *err)
{
    if (atomic_fetch_sub(&n_puts_before_erase, 1) == 0)
        other_erases();
    return faulty.real->put(self, name, bytes, n, err);
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
        as_workspace *a = make_workspace(name[0]);
        other_ws = make_workspace(name[1]);
        make_version(a, 10, 12);
        push(a);
        make_version(a, 0, 12);
        as_remote *remote = open_faulty(a, &kind, -1);
        kind.put = erasing_put;
        n_puts_before_erase = n;
        must(as_remote_push(remote, &(as_push_cfg){.commit = NULL}, &moved, &err), &err);
        as_remote_close(remote);
        assert_true(n_puts_before_erase < 0 || n >= 4);
        if (n_puts_before_erase < 0) {
            assert_int_equal(find_there("", "picture 3 of a face").n_with, 0);
            assert_int_equal(find_there("/packs", "picture 4 of a face").n_with, 1);
            pull(other_ws);
            check_whole(other_ws, &(as_digest){0}, 0, 12);
        }
        as_workspace_close(a);
        as_workspace_close(other_ws);
        char path[AS_FS_PATH_BYTES];
        snprintf(path, sizeof path, "%s/there", dir);
        must(as_fs_remove_tree(path, &err), &err);
    }
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
        as_workspace *ws = make_workspace(name);
        make_version(ws, 0, 20 + i / 2);
        as_remote *remote = open_remote(ws);
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
    as_workspace *ws = make_workspace("reader");
    as_commit     commit;
    as_err        err = AS_ERR_NONE;
    pull(ws);
    must(as_commit_find(ws, "main", &commit, &err), &err);
    check_whole(ws, &commit.id, 0, (unsigned)commit.n_samples);
    as_workspace_close(ws);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_push_and_pull, setup, teardown),
        cmocka_unit_test_setup_teardown(test_both_went_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tags_and_spec, setup, teardown),
        cmocka_unit_test_setup_teardown(test_push_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remote_lies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remote_is_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_erasures_travel, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rewritten_travel, setup, teardown),
        cmocka_unit_test_setup_teardown(test_notes_travel, setup, teardown),
        cmocka_unit_test_setup_teardown(test_erasure_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_orphans_go, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_push_is_faster, setup, teardown),
        cmocka_unit_test_setup_teardown(test_erased_while_pushing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_at_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
