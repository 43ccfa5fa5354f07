/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "store/append.h"
#include "store/test_fault.h"

static char      dir[256];
static as_store *store;

static int setup(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    const char *made = support_temp_dir("erase");
    if (!made || !as_str_copy(dir, sizeof dir, made) || !(store = as_store_open(dir, &err)))
        return -1;
    store->seal_bytes = 4096;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store = as_store_close(store);
    support_remove_dir(dir);
    return 0;
}

static bool find_text(void *ctx, const as_fs_entry *entry, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    if (!as_fs_read(entry->path, 1 << 24, &bytes, &n, err))
        return false;
    const char *text = *(const char **)ctx;
    bool        found = memmem(bytes, n, text, strlen(text)) != NULL;
    free(bytes);
    return !found;
}

/* Whether the text is in any file of the store. */
static bool is_anywhere(const char *text)
{
    as_err err = AS_ERR_NONE;
    return !as_fs_walk(dir, find_text, &text, &err);
}

static as_digest must_put(const char *text)
{
    as_err    err = AS_ERR_NONE;
    as_digest digest;
    if (!as_store_put(store, text, strlen(text), &digest, NULL, &err))
        fail_msg("%s", err.text);
    return digest;
}

static void check_gone(as_store *reader, const as_digest *digest)
{
    as_err       err = AS_ERR_NONE;
    uint8_t     *bytes = NULL;
    size_t       n;
    as_tombstone stone;
    assert_false(as_store_get(reader, digest, &bytes, &n, &err));
    assert_int_equal(err.code, AS_EGONE);
    assert_non_null(strstr(err.text, "was erased at 20"));
    assert_non_null(strstr(err.text, ": asked to be forgotten"));
    assert_false(as_store_has(reader, digest));
    assert_true(as_store_erased(reader, digest, &stone, &err));
    assert_string_equal(stone.reason, "asked to be forgotten");
    assert_true(stone.utc > 0);
}

static void check_there(as_store *reader, const as_digest *digest, const char *want)
{
    as_err   err = AS_ERR_NONE;
    uint8_t *bytes = NULL;
    size_t   n;
    if (!as_store_get(reader, digest, &bytes, &n, &err))
        fail_msg("%s", err.text);
    assert_int_equal(n, strlen(want));
    assert_memory_equal(bytes, want, n);
    free(bytes);
}

static void test_erase(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_store_check check;
    as_digest      person[2] = {must_put("a face that must go, 1"), {{0}}}, first = must_put("stays 1"), other;
    as_tombstone   stone;
    char           filler[3000];
    memset(filler, 'f', sizeof filler - 1);
    filler[sizeof filler - 1] = '\0';
    for (char c = 'a'; c < 'e'; c++) { /* the first pack is sealed meanwhile */
        filler[0] = c;
        other = must_put(filler);
    }
    person[1] = must_put("a face that must go, 2");
    assert_true(as_store_sync(store, &err));
    as_store *reader = as_store_open(dir, &err);
    check_there(reader, &person[0], "a face that must go, 1");
    check_there(reader, &person[1], "a face that must go, 2");
    assert_true(is_anywhere("a face that must go"));
    assert_false(as_store_erased(store, &person[0], &stone, &err));
    assert_int_equal(err.code, AS_EEXIST);
    for (size_t i = 0; i < 2; i++) {
        assert_true(as_store_erase(store, &person[i], "asked to be forgotten", &err));
        assert_true(as_store_erase(store, &person[i], "twice", &err));
    }
    assert_false(is_anywhere("a face that must go"));
    for (size_t i = 0; i < 2; i++) {
        check_gone(store, &person[i]);
        check_gone(reader, &person[i]); /* which knew where it was */
    }
    as_store_close(reader);
    err = (as_err)AS_ERR_NONE;
    bool is_new = true;
    assert_false(as_store_put(store, "a face that must go, 1", 22, &other, &is_new, &err)); /* does not come back */
    assert_int_equal(err.code, AS_EGONE);
    for (int round = 0; round < 2; round++) {
        check_there(store, &first, "stays 1");
        assert_true(as_store_verify(store, NULL, NULL, NULL, &check, &err));
        assert_int_equal(check.n_damaged, 0);
        assert_int_equal(check.n_erased, 2);
        assert_int_equal(check.n_objects, 5 + round);
        as_store_close(store);
        assert_non_null(store = as_store_open(dir, &err));
        must_put(round ? "new" : "newer");
        check_gone(store, &person[0]);
        check_gone(store, &person[1]);
    }
    assert_false(is_anywhere("a face that must go"));
}

/* A copy that nothing leads to any more has the same bytes. */
/* Notes of many in one batch, objects in many packs. */
static void test_erase_many(void **state)
{
    (void)state;
    enum { N = 60 };
    as_err      err = AS_ERR_NONE;
    as_digest   all[2 * N], gone[N];
    const char *reasons[N];
    char        text[400];
    for (size_t i = 0; i < 2 * N; i++) {
        memset(text, 'x', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        int n = snprintf(text, sizeof text, "%s %zu", i % 2 ? "stays" : "a face that must go", i);
        text[n] = 'y';
        all[i] = must_put(text);
        if (i % 2 == 0) {
            gone[i / 2] = all[i];
            reasons[i / 2] = "asked to be forgotten";
        }
    }
    assert_true(as_store_erase_all(store, gone, reasons, N, NULL, &err));
    assert_false(is_anywhere("a face that must go"));
    for (size_t i = 0; i < N; i++) {
        check_gone(store, &gone[i]);
        assert_true(as_store_has(store, &all[2 * i + 1]));
    }
    store = as_store_close(store);
    store = as_store_open(dir, &err);
    as_store_check check;
    assert_true(as_store_verify(store, NULL, NULL, NULL, &check, &err));
    assert_int_equal(check.n_damaged, 0);
    assert_int_equal(check.n_erased, N);
    assert_int_equal(check.n_objects, N);
    reasons[1] = "two\nlines"; /* none of them, then */
    assert_false(as_store_erase_all(store, &all[1], reasons, 2, NULL, &err));
    assert_true(as_store_has(store, &all[1]));
}

static void test_second_copies_go_too(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_digest person = must_put("a face that must go and is long enough to be damaged");
    support_flip_object(dir, &person, 51);
    must_put("a face that must go and is long enough to be damaged");
    assert_true(as_store_sync(store, &err));
    assert_true(as_store_erase(store, &person, "asked to be forgotten", &err));
    assert_false(is_anywhere("a face that must go"));
}

static void test_refuses(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_digest none = {{1}}, there = must_put("there");
    char      longest[AS_STORE_REASON_BYTES + 1];
    memset(longest, 'r', sizeof longest);
    longest[AS_STORE_REASON_BYTES] = '\0';
    assert_false(as_store_erase(store, &none, "why", &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    const char *const bad[] = {"", "two\nlines", "\xff", longest};
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        err = (as_err)AS_ERR_NONE;
        assert_false(as_store_erase(store, &there, bad[i], &err));
        assert_int_equal(err.code, AS_EINVAL);
    }
    check_there(store, &there, "there");
    longest[AS_STORE_REASON_BYTES - 1] = '\0';
    assert_true(as_store_erase(store, &there, longest, &err));
    as_tombstone stone;
    assert_true(as_store_erased(store, &there, &stone, &err));
    assert_string_equal(stone.reason, longest);
}

/* Killed after the note and before the bytes were gone: the next program that writes finishes it. */
static void test_is_finished_later(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    bool           is_new;
    as_digest      person = must_put("a face that must go");
    const char    *why = "asked to be forgotten";
    as_pack_record stone = {.kind = AS_PACK_TOMBSTONE,
                            .n_bytes = strlen(why),
                            .digest = person,
                            .value = 1700000000000000000,
                            .crc = as_crc32c(0, why, strlen(why))};
    assert_true(as_store_append(store, &stone, why, NULL, &is_new, &err) && as_store_sync(store, &err));
    as_store_close(store);
    assert_non_null(store = as_store_open(dir, &err));
    check_gone(store, &person);
    assert_true(is_anywhere("a face that must go"));
    must_put("anything");
    assert_false(is_anywhere("a face that must go"));
    check_gone(store, &person);
}

static void erase_for_ever(void *ctx)
{
    as_err    err = AS_ERR_NONE;
    as_store *own = as_store_open(dir, &err);
    own->seal_bytes = 4096;
    for (unsigned i = *(const unsigned *)ctx * 1000;; i++) {
        char      text[64];
        as_digest digest, last = {{0}};
        for (unsigned k = 0; k < 3; k++, last = digest) {
            snprintf(text, sizeof text, "face %u.%u %s", i, k, k == 1 ? "goes" : "stays");
            if (!as_store_put(own, text, strlen(text), &digest, NULL, &err) ||
                (k == 2 && !as_store_erase(own, &last, "asked to be forgotten", &err)))
                support_fail(__FILE__, __LINE__, err.text);
        }
        support_step();
    }
}

static void test_kills(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    store = as_store_close(store);
    for (unsigned round = 0; round < 40; round++) {
        as_store_check check;
        assert_true(
            support_kill_after(round % 4, (as_ns)(round * 37 % 50) * 20 * AS_NS_PER_US, erase_for_ever, &round));
        assert_non_null(store = as_store_open(dir, &err));
        must_put("next");
        assert_true(as_store_verify(store, NULL, NULL, NULL, &check, &err));
        assert_int_equal(check.n_damaged, 0);
        /* Of each round at most the last was put and not yet asked to go. */
        assert_true(check.n_objects <= 2 * check.n_erased + 1 + 3 * (round + 1u));
        as_store_close(store);
    }
    assert_non_null(store = as_store_open(dir, &err));
}

/* What was erased elsewhere: with its time, here or never here; an erasure of its own stays as it is. */
static void test_bury(void **state)
{
    (void)state;
    as_err             err = AS_ERR_NONE;
    uint64_t           n = 0;
    as_tombstone       stone;
    as_digest          all[3] = {must_put("a face that must go, 1"), as_sha256_of("never here", 10), must_put("mine")};
    as_tombstone       stones[3] = {{.utc = 1000000007, .reason = "asked there"},
                                    {.utc = 5, .reason = "asked there"},
                                    {.utc = 6, .reason = "asked there"}};
    const as_tombstone broken = {.utc = 7, .reason = "two\nlines"};
    assert_true(as_store_size(store, &all[0], &n, &err));
    assert_int_equal(n, 22);
    assert_false(as_store_size(store, &all[1], &n, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_true(as_store_erase(store, &all[2], "asked here", &err));
    for (int round = 0; round < 2; round++)
        assert_true(as_store_bury(store, all, stones, 3, NULL, &err));
    assert_false(is_anywhere("a face that must go"));
    for (size_t i = 0; i < 3; i++) {
        assert_false(as_store_has(store, &all[i]));
        assert_false(as_store_size(store, &all[i], &n, &err));
        assert_int_equal(err.code, AS_EGONE);
        assert_true(as_store_erased(store, &all[i], &stone, &err));
        assert_string_equal(stone.reason, i == 2 ? "asked here" : "asked there");
        assert_true(i == 2 || stone.utc == stones[i].utc);
    }
    assert_false(as_store_bury(store, all, &broken, 1, NULL, &err));
    store = as_store_close(store);
    assert_non_null(store = as_store_open(dir, &err));
    assert_false(as_store_put(store, "never here", 10, &all[0], NULL, &err));
    assert_int_equal(err.code, AS_EGONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_erase, setup, teardown),
        cmocka_unit_test_setup_teardown(test_erase_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_copies_go_too, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_is_finished_later, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bury, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kills, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
