/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/rng.h"
#include "base/str.h"
#include "base/thread.h"
#include "store/test_fault.h"

static char dir[256];

static int setup(void **state)
{
    (void)state;
    const char *made = support_temp_dir("store");
    return made && as_str_copy(dir, sizeof dir, made) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    support_remove_dir(dir);
    return 0;
}

static as_store *must_open(void)
{
    as_err    err = AS_ERR_NONE;
    as_store *store = as_store_open(dir, &err);
    if (!store)
        fail_msg("%s", err.text);
    return store;
}

static void test_put_then_get(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_store *store = must_open();
    as_digest digest, again, want;
    bool      is_new = false;
    uint8_t  *bytes;
    size_t    n;
    assert_true(as_store_put(store, "abc", 3, &digest, &is_new, &err));
    assert_true(is_new);
    /* FIPS 180-4's example */
    assert_true(as_digest_parse("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", &want));
    assert_true(as_digest_equal(&digest, &want));
    assert_true(as_store_has(store, &digest));
    assert_true(as_store_put(store, "abc", 3, &again, &is_new, &err));
    assert_false(is_new);
    assert_true(as_store_put(store, "", 0, &again, NULL, &err));
    assert_true(as_store_sync(store, &err));
    assert_true(as_store_get(store, &digest, &bytes, &n, &err));
    assert_int_equal(n, 3);
    assert_memory_equal(bytes, "abc", 3);
    free(bytes);
    assert_true(as_store_get(store, &again, &bytes, &n, &err));
    assert_int_equal(n, 0);
    free(bytes);
    as_store_close(store);
    store = must_open(); /* another program finds it */
    assert_true(as_store_has(store, &digest));
    assert_true(as_store_get(store, &digest, &bytes, &n, &err));
    assert_memory_equal(bytes, "abc", 3);
    free(bytes);
    as_store_close(store);
    assert_null(as_store_close(NULL));
}

static void test_get_names_what_is_missing_or_damaged(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_store *store = must_open();
    as_digest digest, zero = {{0}};
    uint8_t  *bytes = NULL;
    size_t    n = 5;
    char      hex[AS_SHA256_HEX_BYTES];
    assert_false(as_store_get(store, &zero, &bytes, &n, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_non_null(strstr(err.text, as_digest_hex(&zero, hex)));
    assert_false(as_store_has(store, &zero));

    assert_true(as_store_put(store, "0123456789", 10, &digest, NULL, &err));
    support_flip_object(dir, &digest, 4);
    err = (as_err)AS_ERR_NONE;
    assert_false(as_store_get(store, &digest, &bytes, &n, &err));
    assert_int_equal(err.code, AS_ECORRUPT);
    assert_non_null(strstr(err.text, as_digest_hex(&digest, hex)));
    assert_non_null(strstr(err.text, "/objects/packs/000001.pack"));
    assert_null(bytes);
    assert_int_equal(n, 5);
    as_store_close(store);
}

static void check_get(as_store *store, const as_digest *digest, const char *want)
{
    as_err   err = AS_ERR_NONE;
    uint8_t *bytes;
    size_t   n;
    if (!as_store_get(store, digest, &bytes, &n, &err))
        fail_msg("%s", err.text);
    assert_int_equal(n, strlen(want));
    assert_memory_equal(bytes, want, n);
    free(bytes);
}

/* A name alone proves nothing: put looks at the bytes. */
static void test_put_heals(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        as_err    err = AS_ERR_NONE;
        as_store *store = must_open();
        as_digest digest, other;
        bool      is_new = false;
        char      text[32], path[AS_FS_PATH_BYTES];
        snprintf(text, sizeof text, "0123456789 %d", kind);
        assert_true(as_store_put(store, text, strlen(text), &digest, NULL, &err));
        assert_true(as_store_put(store, "other", 5, &other, NULL, &err));
        assert_true(as_store_sync(store, &err));
        static const uint64_t at[] = {64 + 4, 5, 20};
        support_flip(path, support_find_object(dir, &digest, path) + at[kind]);
        assert_true(as_store_put(store, text, strlen(text), &digest, &is_new, &err));
        assert_true(is_new);
        check_get(store, &digest, text);
        assert_true(as_store_put(store, text, strlen(text), &digest, &is_new, &err));
        assert_false(is_new);
        assert_true(as_store_sync(store, &err));
        as_store_close(store);
        store = must_open();
        check_get(store, &digest, text);
        check_get(store, &other, "other");
        as_store_close(store);
    }
}

static void test_put_is_bounded(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_store *store = must_open();
    as_digest digest;
    assert_false(as_store_put(store, "", AS_STORE_MAX_OBJECT_BYTES + 1, &digest, NULL, &err)); /* not read */
    assert_int_equal(err.code, AS_ELIMIT);
    as_store_close(store);

    char path[AS_FS_PATH_BYTES];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_null(as_store_open(path, &err));
    assert_int_equal(err.code, AS_ELIMIT);
}

static void test_find_by_prefix(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_store *store = must_open();
    as_digest digest, found;
    /* The SHA-256 of "abc" begins with ba7816bf; the second object's name is made up. */
    assert_true(as_store_put(store, "abc", 3, &digest, NULL, &err));
    assert_true(as_store_find(store, "ba78", &found, &err));
    assert_true(as_digest_equal(&found, &digest));
    assert_true(as_store_find(store, "BA7816BF", &found, &err));
    assert_true(as_store_find(store, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", &found, &err));
    assert_false(as_store_find(store, "ba79", &found, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_false(as_store_find(store, "0000", &found, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);

    as_digest twin = digest;
    twin.b[31] ^= 1;
    support_forge_object(store, &twin);
    assert_false(as_store_find(store, "ba78", &found, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_non_null(strstr(err.text, "2 objects"));

    static const char *const bad[] = {
        "", "ba7", "xyzw", "ba78/", "../ba", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0"};
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        err = (as_err)AS_ERR_NONE;
        assert_false(as_store_find(store, bad[i], &found, &err));
        assert_int_equal(err.code, AS_EINVAL);
    }
    as_store_close(store);
}

static void test_refs(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_store *store = must_open();
    char      value[AS_REF_BYTES] = "untouched", longest[AS_REF_BYTES + 1];
    assert_false(as_store_ref_get(store, "data/main", value, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_non_null(strstr(err.text, "data/main"));
    assert_string_equal(value, "untouched");
    assert_true(as_store_ref_set(store, "data/main", "first", &err));
    assert_true(as_store_ref_set(store, "data/main", "second", &err));
    assert_true(as_store_ref_set(store, "a", "1", &err));
    assert_true(as_store_ref_get(store, "data/main", value, &err));
    assert_string_equal(value, "second");
    as_ref *refs;
    size_t  n_refs;
    assert_true(as_store_ref_set(store, "data/tags/v1", "third", &err));
    assert_true(as_store_ref_list(store, "", &refs, &n_refs, &err));
    assert_int_equal(n_refs, 3);
    assert_string_equal(refs[0].name, "a");
    assert_string_equal(refs[2].name, "data/tags/v1");
    assert_string_equal(refs[2].value, "third");
    free(refs);
    assert_true(as_store_ref_list(store, "data/tags/", &refs, &n_refs, &err));
    assert_int_equal(n_refs, 1);
    free(refs);
    assert_true(as_store_ref_remove(store, "data/tags/v1", &err));
    assert_false(as_store_ref_remove(store, "data/tags/v1", &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    err = (as_err)AS_ERR_NONE;
    memset(longest, 'v', sizeof longest);
    longest[AS_REF_BYTES] = '\0';
    assert_false(as_store_ref_set(store, "data/main", longest, &err));
    assert_int_equal(err.code, AS_EINVAL);
    longest[AS_REF_BYTES - 1] = '\0';
    assert_true(as_store_ref_set(store, "data/main", longest, &err));
    assert_true(as_store_ref_get(store, "data/main", value, &err));
    assert_string_equal(value, longest);

    static const char *const bad_names[] = {"",  "/a",  "a/",  "a//b",      "../objects/x", "a/../b", ".hidden",
                                            "A", "a b", "a\n", "x.tmp.1.2", "a/.b",         "\xff"};
    for (size_t i = 0; i < AS_COUNT(bad_names); i++) {
        err = (as_err)AS_ERR_NONE;
        assert_false(as_store_ref_set(store, bad_names[i], "v", &err));
        assert_int_equal(err.code, AS_EINVAL);
        assert_false(as_store_ref_get(store, bad_names[i], value, NULL));
    }
    assert_false(as_store_ref_set(store, "a", "", &err));
    assert_false(as_store_ref_set(store, "a", "two\nlines", &err));

    char                     path[AS_FS_PATH_BYTES];
    static const char *const damage[] = {"", "\n", "no line end", "two\nlines\n", "nul\x01\n"};
    snprintf(path, sizeof path, "%s/refs/a", dir);
    for (size_t i = 0; i < AS_COUNT(damage); i++) {
        err = (as_err)AS_ERR_NONE;
        assert_true(as_fs_write(path, damage[i], strlen(damage[i]), &err));
        assert_false(as_store_ref_get(store, "a", value, &err));
        assert_int_equal(err.code, AS_ECORRUPT);
        assert_non_null(strstr(err.text, "ref 'a'"));
    }
    as_store_close(store);
}

static bool put_same(void *ctx, size_t i, as_err *err)
{
    char      text[32];
    as_digest digest;
    snprintf(text, sizeof text, "object %zu", i % 20);
    return as_store_put(ctx, text, strlen(text), &digest, NULL, err);
}

static void test_many_threads_put_the_same(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_store *store = must_open();
    assert_true(as_thread_for(400, 4, put_same, store, &err));
    assert_true(as_store_sync(store, &err));
    as_store_check check;
    assert_true(as_store_verify(store, NULL, NULL, NULL, &check, &err));
    assert_int_equal(check.n_objects, 20);
    assert_int_equal(check.n_damaged, 0);
    as_store_close(store);
}

static void put_for_ever(void *ctx)
{
    as_err    err = AS_ERR_NONE;
    as_rng    rng = as_rng_stream(1, *(const uint64_t *)ctx);
    uint8_t   bytes[20000];
    as_store *store = as_store_open(dir, &err);
    for (unsigned step = 0;; step++) {
        as_digest digest;
        char      hex[AS_SHA256_HEX_BYTES];
        size_t    n = (size_t)as_rng_below(&rng, sizeof bytes);
        for (size_t i = 0; i + 8 <= n; i += 8) {
            uint64_t v = as_rng_u64(&rng);
            memcpy(bytes + i, &v, 8);
        }
        if (!store || !as_store_put(store, bytes, n, &digest, NULL, &err) ||
            (step % 8 == 7 && !as_store_ref_set(store, "data/main", as_digest_hex(&digest, hex), &err)))
            support_fail(__FILE__, __LINE__, err.text);
        support_step();
    }
}

static void test_kill_leaves_the_store_whole(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    as_rng rng = as_rng_new(7);
    size_t n_seen = 0;
    for (uint64_t round = 0; round < 50; round++) {
        as_store_check check;
        char           value[AS_REF_BYTES];
        as_digest      digest;
        assert_true(
            support_kill_after(as_rng_below(&rng, 40), (as_ns)as_rng_below(&rng, AS_NS_PER_MS), put_for_ever, &round));
        as_store *store = must_open();
        assert_true(as_store_verify(store, NULL, NULL, NULL, &check, &err));
        assert_int_equal(check.n_damaged, 0);
        assert_true(check.n_objects >= n_seen); /* what another process could see stays when no power was cut */
        n_seen = (size_t)check.n_objects;
        if (as_store_ref_get(store, "data/main", value, &err)) {
            assert_true(as_digest_parse(value, &digest));
            assert_true(as_store_has(store, &digest));
        } else {
            assert_int_equal(err.code, AS_ENOTFOUND);
        }
        as_store_close(store);
    }
    assert_true(n_seen > 50); /* the children did work */
}

static void full_disk(void *ctx)
{
    (void)ctx;
    as_err         err = AS_ERR_NONE;
    as_store      *store = as_store_open(dir, &err);
    as_digest      first, digest;
    as_store_check check;
    char           value[AS_REF_BYTES];
    uint8_t        big[65536];
    memset(big, 7, sizeof big);
    SUPPORT_CHECK(store);
    SUPPORT_CHECK(as_store_put(store, "first", 5, &first, NULL, &err));
    SUPPORT_CHECK(as_store_ref_set(store, "data/main", "first", &err));
    support_fill_disk(dir);
    SUPPORT_CHECK(!as_store_put(store, big, sizeof big, &digest, NULL, &err));
    SUPPORT_CHECK(err.code == AS_ENOSPC && strstr(err.text, dir));
    SUPPORT_CHECK(!as_store_ref_set(store, "data/main", "second", &err));
    SUPPORT_CHECK(err.code == AS_ENOSPC && strstr(err.text, "data/main"));
    SUPPORT_CHECK(as_store_ref_get(store, "data/main", value, &err) && strcmp(value, "first") == 0);
    SUPPORT_CHECK(as_store_put(store, "first", 5, &digest, NULL, &err)); /* known: nothing to write */
    SUPPORT_CHECK(as_store_verify(store, NULL, NULL, NULL, &check, &err));
    SUPPORT_CHECK(check.n_objects == 1 && check.n_damaged == 0);
    support_free_disk(dir);
    SUPPORT_CHECK(as_store_put(store, big, sizeof big, &digest, NULL, &err));
    SUPPORT_CHECK(as_store_sync(store, &err));
    as_store_close(store);
}

static void test_full_disk(void **state)
{
    (void)state;
    int status = support_on_disk(dir, 256 << 10, full_disk, NULL);
    if (status < 0) {
        print_message("skipped: no file system can be mounted here (not root)\n");
        skip();
    }
    assert_int_equal(status, 0);
}

static void read_only(void *ctx)
{
    (void)ctx;
    as_err    err = AS_ERR_NONE;
    as_store *store = as_store_open(dir, &err);
    as_digest first, digest;
    uint8_t  *bytes;
    size_t    n;
    SUPPORT_CHECK(store && as_store_put(store, "first", 5, &first, NULL, &err));
    as_store_close(store);
    SUPPORT_CHECK(support_make_read_only(dir));
    SUPPORT_CHECK((store = as_store_open(dir, &err)));
    SUPPORT_CHECK(as_store_get(store, &first, &bytes, &n, &err) && n == 5);
    free(bytes);
    SUPPORT_CHECK(!as_store_put(store, "second", 6, &digest, NULL, &err));
    SUPPORT_CHECK(err.code == AS_EACCESS && strstr(err.text, dir));
    SUPPORT_CHECK(!as_store_ref_set(store, "data/main", "first", &err) && err.code == AS_EACCESS);
    as_store_close(store);
}

static void read_only_and_empty(void *ctx)
{
    (void)ctx;
    as_err    err = AS_ERR_NONE;
    as_digest digest;
    char      value[AS_REF_BYTES];
    SUPPORT_CHECK(support_make_read_only(dir));
    as_store *store = as_store_open(dir, &err);
    SUPPORT_CHECK(store);
    SUPPORT_CHECK(!as_store_ref_get(store, "data/main", value, &err) && err.code == AS_ENOTFOUND);
    SUPPORT_CHECK(!as_store_find(store, "abcd", &digest, &err) && err.code == AS_ENOTFOUND);
    SUPPORT_CHECK(!as_store_put(store, "x", 1, &digest, NULL, &err));
    as_store_close(store);
}

static void test_read_only_folder(void **state)
{
    (void)state;
    int status = support_on_disk(dir, 256 << 10, read_only, NULL);
    if (status < 0) {
        print_message("skipped: no file system can be mounted here (not root)\n");
        skip();
    }
    assert_int_equal(status, 0);
    assert_int_equal(support_on_disk(dir, 256 << 10, read_only_and_empty, NULL), 0);
}

/* What comes in pieces: `n` bytes that begin with `seed`, or others the second time. */
typedef struct pieces {
    size_t  n, at;
    uint8_t seed;
    bool    changes, shrinks, fails;
    int     n_passes;
} pieces;

static bool pieces_next(void *ctx, bool is_first, as_str *piece, as_err *err)
{
    pieces *p = ctx;
    as_str_clear(piece);
    p->at = is_first ? 0 : p->at;
    p->n_passes += is_first;
    if (p->fails && p->n_passes == 2)
        return AS_FAIL(err, AS_EACCESS, "no more of it");
    const size_t end = p->shrinks && p->n_passes == 2 ? p->n / 2 : p->n;
    for (; p->at < end && piece->len < 1000; p->at++) {
        char byte = (char)(p->seed + p->at % 251 + (p->changes && p->n_passes == 2));
        as_str_add_bytes(piece, &byte, 1);
    }
    return true;
}

static bool take_all(void *ctx, const uint8_t *bytes, size_t n, as_err *err)
{
    as_str_add_bytes(ctx, bytes, n);
    return as_str_ok(ctx) || AS_FAIL(err, AS_ENOMEM, "no memory");
}

static bool take_nothing(void *ctx, const uint8_t *bytes, size_t n, as_err *err)
{
    (void)bytes;
    *(size_t *)ctx += n;
    return AS_FAIL(err, AS_ECANCELLED, "enough");
}

static void test_pieces(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 999, 1000, 1001, 64, 3000000};
    as_store           *store = must_open();
    for (size_t i = 0; i < AS_COUNT(sizes); i++) {
        as_err                err = AS_ERR_NONE;
        pieces                p = {.n = sizes[i], .seed = (uint8_t)i};
        const as_store_pieces from = {pieces_next, &p};
        as_digest             digest, whole;
        bool                  is_new = false;
        as_str                got;
        size_t                n_taken = 0;
        as_str_init(&got);
        assert_true(as_store_put_pieces(store, &from, &digest, &is_new, &err));
        assert_true(is_new);
        assert_true(as_store_read(store, &digest, take_all, &got, &err));
        assert_int_equal(got.len, p.n);
        whole = as_sha256_of(got.s, got.len);
        assert_true(as_digest_equal(&whole, &digest));
        for (size_t k = 0; k < got.len; k += 997)
            assert_int_equal((uint8_t)got.s[k], (uint8_t)(i + k % 251));
        /* Known, in pieces and whole. */
        assert_true(as_store_put_pieces(store, &from, &whole, &is_new, &err) && !is_new);
        assert_true(as_store_put(store, got.s, got.len, &whole, &is_new, &err) && !is_new);
        if (p.n) {
            assert_false(as_store_read(store, &digest, take_nothing, &n_taken, &err));
            assert_int_equal(err.code, AS_ECANCELLED);
            assert_true(n_taken > 0);
        }
        as_str_done(&got);
    }
    as_store_close(store);
}

static void test_pieces_that_change(void **state)
{
    (void)state;
    as_store      *store = must_open();
    as_store_check check;
    as_err         err = AS_ERR_NONE;
    pieces         all[] = {{.n = 5000, .changes = true}, {.n = 5000, .shrinks = true}, {.n = 5000, .fails = true}};
    for (size_t i = 0; i < AS_COUNT(all); i++) {
        as_digest digest;
        assert_false(as_store_put_pieces(store, &(as_store_pieces){pieces_next, &all[i]}, &digest, NULL, &err));
        assert_int_equal(err.code, all[i].fails ? AS_EACCESS : AS_EINTERNAL);
    }
    as_digest fine;
    assert_true(as_store_put(store, "abc", 3, &fine, NULL, &err) && as_store_sync(store, &err));
    assert_true(as_store_verify(store, NULL, NULL, NULL, &check, &err));
    assert_int_equal(check.n_objects, 1);
    assert_int_equal(check.n_damaged, 0);
    as_store_close(store);
}

/* Nothing of a damaged object is given out. */
static void test_read_damaged(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_store *store = must_open();
    pieces    p = {.n = 4000000};
    as_digest digest;
    char      path[AS_FS_PATH_BYTES];
    as_str    got;
    as_str_init(&got);
    assert_true(as_store_put_pieces(store, &(as_store_pieces){pieces_next, &p}, &digest, NULL, &err));
    assert_true(as_store_sync(store, &err));
    snprintf(path, sizeof path, "%s/objects/packs/000001.pack", dir);
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, 3900000, SEEK_SET), 0);
    fputc('!', f);
    fclose(f);
    assert_false(as_store_read(store, &digest, take_all, &got, &err));
    assert_int_equal(err.code, AS_ECORRUPT);
    assert_int_equal(got.len, 0);
    /* Stored again, it is whole. */
    p.n_passes = 0;
    assert_true(as_store_put_pieces(store, &(as_store_pieces){pieces_next, &p}, &digest, NULL, &err));
    assert_true(as_store_read(store, &digest, take_all, &got, &err));
    assert_int_equal(got.len, p.n);
    as_str_done(&got);
    as_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_put_then_get, setup, teardown),
        cmocka_unit_test_setup_teardown(test_get_names_what_is_missing_or_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_put_heals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pieces_that_change, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_put_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_find_by_prefix, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_threads_put_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kill_leaves_the_store_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_only_folder, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
