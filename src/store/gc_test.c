/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/str.h"
#include "store/append.h"
#include "store/test_fault.h"

#define N_OBJECTS 200

static char      dir[256];
static as_store *store;
static as_digest digests[N_OBJECTS];

static size_t make(size_t i, char *text)
{
    memset(text, 'a' + (char)(i % 26), 1000);
    return (size_t)snprintf(text, 1000, "object %zu", i) + 200 + i;
}

static void put_all(as_store *into)
{
    as_err err = AS_ERR_NONE;
    char   text[1000];
    for (size_t i = 0; i < N_OBJECTS; i++)
        if (!as_store_put(into, text, make(i, text), &digests[i], NULL, &err))
            fail_msg("%s", err.text);
    assert_true(as_store_sync(into, &err));
}

static int setup(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    const char *made = support_temp_dir("gc");
    if (!made || !as_str_copy(dir, sizeof dir, made) || !(store = as_store_open(dir, &err)))
        return -1;
    store->seal_bytes = 16384;
    put_all(store);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store = as_store_close(store);
    support_remove_dir(dir);
    return 0;
}

/* Keeps those of which (*ctx)[i] is set. */
static bool keep(void *ctx, const as_digest *digest)
{
    const bool *wanted = ctx;
    for (size_t i = 0; i < N_OBJECTS; i++)
        if (as_digest_equal(digest, &digests[i]))
            return wanted[i];
    return false;
}

static size_t check_all(as_store *reader, const bool *wanted)
{
    size_t n_there = 0;
    for (size_t i = 0; i < N_OBJECTS; i++) {
        char     text[1000];
        as_err   err = AS_ERR_NONE;
        uint8_t *bytes;
        size_t   n;
        if (!as_store_get(reader, &digests[i], &bytes, &n, &err)) {
            if (wanted[i] || err.code != AS_ENOTFOUND)
                fail_msg("%s", err.text);
            continue;
        }
        assert_int_equal(n, make(i, text));
        assert_memory_equal(bytes, text, n);
        free(bytes);
        n_there++;
    }
    return n_there;
}

static bool sum_bytes(void *ctx, const as_fs_entry *entry, as_err *err)
{
    (void)err;
    *(uint64_t *)ctx += entry->bytes;
    return true;
}

static uint64_t bytes_on_disk(void)
{
    as_err   err = AS_ERR_NONE;
    uint64_t n = 0;
    assert_true(as_fs_walk(store->packs_dir, sum_bytes, &n, &err));
    return n;
}

static void test_drops_what_is_not_wanted(void **state)
{
    (void)state;
    as_err             err = AS_ERR_NONE;
    as_store_gc_result result;
    as_store_check     check;
    bool               wanted[N_OBJECTS];
    size_t             n_wanted = 0;
    for (size_t i = 0; i < N_OBJECTS; i++)
        n_wanted += wanted[i] = i < 80 || i % 5 == 0;
    const uint64_t before = bytes_on_disk();
    as_store      *old = as_store_open(dir, &err), *fresh;
    assert_int_equal(check_all(old, wanted), N_OBJECTS);
    as_store_gc_result would;
    assert_true(as_store_gc_look(store, keep, wanted, 0.5, NULL, &would, &err));
    assert_int_equal(bytes_on_disk(), before);
    assert_int_equal(check_all(store, wanted), N_OBJECTS);
    assert_true(as_store_gc(store, keep, wanted, 0.5, NULL, &result, &err));
    /* The last pack, which the others' objects move to, may come off better. */
    assert_true(would.n_packs >= result.n_packs && would.n_dropped >= result.n_dropped);
    assert_true(would.n_packs <= result.n_packs + 1);
    assert_true(result.n_packs > 2 && result.n_packs_left == 0);
    assert_true(result.n_dropped > 50 && result.n_dropped <= N_OBJECTS - n_wanted);
    assert_true(bytes_on_disk() < before && result.n_bytes_freed > 20000);
    assert_int_equal(check_all(store, wanted), N_OBJECTS - result.n_dropped);
    /* Who had them open goes on, also with what is gone. */
    assert_int_equal(check_all(old, wanted), N_OBJECTS);
    assert_non_null(fresh = as_store_open(dir, &err));
    assert_int_equal(check_all(fresh, wanted), N_OBJECTS - result.n_dropped);
    assert_true(as_store_verify(fresh, NULL, NULL, NULL, &check, &err));
    assert_int_equal(check.n_damaged, 0);
    assert_int_equal(check.n_objects, N_OBJECTS - result.n_dropped);
    as_store_close(fresh);
    as_store_close(old);
    const uint64_t n_packs = result.n_packs;
    assert_true(as_store_gc(store, keep, wanted, 0.5, NULL, &result, &err));
    assert_true(result.n_packs == 0 && n_packs > 0); /* once is enough */
    put_all(store);                                  /* what was dropped can be stored again */
    memset(wanted, true, sizeof wanted);
    assert_int_equal(check_all(store, wanted), N_OBJECTS);
}

/* A reader that has not yet opened a pack's file finds its objects where they are now. */
static void test_reader_follows(void **state)
{
    (void)state;
    as_err             err = AS_ERR_NONE;
    as_store_gc_result result;
    bool               wanted[N_OBJECTS];
    for (size_t i = 0; i < N_OBJECTS; i++)
        wanted[i] = i % 2;
    as_store *reader = as_store_open(dir, &err);
    assert_true(as_store_has(reader, &digests[1])); /* knows the indexes */
    assert_true(as_store_gc(store, keep, wanted, 0.1, NULL, &result, &err));
    assert_true(result.n_dropped > N_OBJECTS / 3);
    check_all(reader, wanted);
    as_store_close(reader);
    /* All of it, the newest pack too: numbers are not used again. */
    memset(wanted, false, sizeof wanted);
    const uint64_t last = store->packs.at[store->packs.n - 1]->number;
    assert_true(as_store_gc(store, keep, wanted, 0.0, NULL, &result, &err));
    assert_int_equal(check_all(store, wanted), 0);
    as_store_close(store);
    assert_non_null(store = as_store_open(dir, &err));
    put_all(store);
    assert_true(store->packs.at[0]->number > last);
}

static void test_damage_is_left_where_it_is(void **state)
{
    (void)state;
    as_err             err = AS_ERR_NONE;
    as_store_gc_result result;
    as_store_check     check;
    bool               wanted[N_OBJECTS];
    char               hex[AS_SHA256_HEX_BYTES];
    for (size_t i = 0; i < N_OBJECTS; i++)
        wanted[i] = i % 2;
    support_flip_object(dir, &digests[3], 50);
    assert_true(as_store_gc(store, keep, wanted, 0.1, NULL, &result, &err));
    assert_int_equal(result.n_packs_left, 1);
    assert_true(as_store_verify(store, NULL, NULL, NULL, &check, &err));
    assert_int_equal(check.n_damaged, 1);
    assert_string_equal(check.first_damaged, as_digest_hex(&digests[3], hex));
}

static void test_tombstones_stay(void **state)
{
    (void)state;
    as_err             err = AS_ERR_NONE;
    as_store_gc_result result;
    as_store_check     check;
    as_tombstone       stone;
    bool               wanted[N_OBJECTS] = {false};
    assert_true(as_store_erase(store, &digests[3], "why", &err));
    assert_true(as_store_gc(store, keep, wanted, 0.0, NULL, &result, &err));
    assert_int_equal(result.n_dropped, N_OBJECTS); /* the place of the erased one among them */
    assert_true(as_store_erased(store, &digests[3], &stone, &err));
    assert_string_equal(stone.reason, "why");
    as_store_close(store);
    assert_non_null(store = as_store_open(dir, &err));
    assert_true(as_store_erased(store, &digests[3], &stone, &err));
    assert_true(as_store_verify(store, NULL, NULL, NULL, &check, &err));
    assert_true(check.n_erased == 1 && check.n_objects == 0 && check.n_damaged == 0);
}

static void clean_for_ever(void *ctx)
{
    as_err err = AS_ERR_NONE;
    as_rng rng = as_rng_stream(5, *(const uint64_t *)ctx);
    bool   wanted[N_OBJECTS];
    store = as_store_open(dir, &err);
    store->seal_bytes = 16384;
    for (;;) {
        as_store_gc_result result;
        as_digest          extra;
        char               text[600];
        memset(text, 'e', sizeof text);
        for (size_t i = 0; i < N_OBJECTS; i++)
            wanted[i] = i % 3 != 0;
        for (size_t i = 0; i < 30; i++) { /* what is dropped again */
            snprintf(text, sizeof text, "%llu", (unsigned long long)as_rng_u64(&rng));
            if (!as_store_put(store, text, sizeof text, &extra, NULL, &err))
                support_fail(__FILE__, __LINE__, err.text);
        }
        if (!as_store_gc(store, keep, wanted, 0.2, NULL, &result, &err))
            support_fail(__FILE__, __LINE__, err.text);
        support_step();
    }
}

static void test_kills(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    as_rng rng = as_rng_new(8);
    bool   wanted[N_OBJECTS];
    for (size_t i = 0; i < N_OBJECTS; i++)
        wanted[i] = i % 3 != 0;
    store = as_store_close(store);
    const char *rounds = getenv("STORE_KILLS");
    uint64_t    n_rounds = 40;
    if (rounds && !as_str_to_u64(rounds, &n_rounds))
        fail_msg("'STORE_KILLS' is '%s'", rounds);
    for (uint64_t round = 0; round < n_rounds; round++) {
        as_store_check check;
        assert_true(support_kill_after(as_rng_below(&rng, 3), (as_ns)as_rng_below(&rng, 20 * AS_NS_PER_MS),
                                       clean_for_ever, &round));
        as_store *reader = as_store_open(dir, &err); /* before anything is put in order */
        check_all(reader, wanted);
        as_store_close(reader);
        assert_non_null(store = as_store_open(dir, &err));
        assert_true(as_store_begin(store, &err));
        check_all(store, wanted);
        assert_true(as_store_verify(store, NULL, NULL, NULL, &check, &err));
        assert_int_equal(check.n_damaged, 0);
        store = as_store_close(store);
    }
    assert_non_null(store = as_store_open(dir, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_drops_what_is_not_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reader_follows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_is_left_where_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tombstones_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kills, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
