/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/rng.h"
#include "base/str.h"
#include "store/store.h"
#include "store/test_fault.h"

#define N_OBJECTS 60

static char      dir[256];
static as_store *store;
static as_digest digests[N_OBJECTS];
static size_t    n_bytes[N_OBJECTS];
static uint64_t  n_total;

static int setup(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    as_rng      rng = as_rng_new(3);
    static char bytes[100000];
    const char *made = support_temp_dir("verify");
    if (!made || !as_str_copy(dir, sizeof dir, made) || !(store = as_store_open(dir, &err)))
        return -1;
    n_total = 0;
    for (size_t i = 0; i < N_OBJECTS; i++) {
        n_bytes[i] = 1 + (size_t)as_rng_below(&rng, i % 10 ? 3000 : sizeof bytes - 1);
        for (size_t k = 0; k < n_bytes[i]; k++)
            bytes[k] = (char)as_rng_u64(&rng);
        n_total += n_bytes[i];
        if (!as_store_put(store, bytes, n_bytes[i], &digests[i], NULL, &err))
            return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store = as_store_close(store);
    support_remove_dir(dir);
    return 0;
}

typedef struct told {
    size_t n;
    char   last[AS_SHA256_HEX_BYTES];
    char   text[1000]; /* the last */
    bool   in_order;
} told;

static void tell(void *ctx, const char *hex, const as_err *why)
{
    told *t = ctx;
    t->in_order = (t->n == 0 || (t->in_order && strcmp(t->last, hex) <= 0)) && why->code != AS_OK &&
                  strstr(why->text, hex) != NULL;
    t->n++;
    as_str_copy(t->last, sizeof t->last, hex);
    as_str_copy(t->text, sizeof t->text, why->text);
}

typedef struct steps {
    uint64_t n, last, total;
    bool     rising;
} steps;

static void step(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    steps *s = ctx;
    s->rising = (s->n == 0 || done >= s->last) && strcmp(what, "hashing") == 0;
    s->n++;
    s->last = done;
    s->total = total;
}

static void test_whole_store(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_store_check check;
    steps          s = {0};
    as_progress    progress = {.step = step, .ctx = &s};
    told           t = {0};
    assert_true(as_store_verify(store, tell, &t, &progress, &check, &err));
    assert_int_equal(check.n_objects, N_OBJECTS);
    assert_int_equal(check.n_bytes, n_total);
    assert_int_equal(check.n_damaged, 0);
    assert_string_equal(check.first_damaged, "");
    assert_int_equal(t.n, 0);
    assert_true(s.n >= 1 && s.rising);
    assert_int_equal(s.last, N_OBJECTS);
    assert_int_equal(s.total, N_OBJECTS);
}

static void test_every_flip_is_found(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    as_rng rng = as_rng_new(11);
    for (size_t round = 0; round < 100; round++) {
        size_t         i = (size_t)as_rng_below(&rng, N_OBJECTS), at = (size_t)as_rng_below(&rng, n_bytes[i]);
        as_store_check check;
        char           hex[AS_SHA256_HEX_BYTES];
        support_flip_object(dir, &digests[i], at);
        assert_true(as_store_verify(store, NULL, NULL, NULL, &check, &err));
        assert_int_equal(check.n_objects, N_OBJECTS);
        assert_int_equal(check.n_damaged, 1);
        assert_string_equal(check.first_damaged, as_digest_hex(&digests[i], hex));
        support_flip_object(dir, &digests[i], at);
    }
}

/* How many of the objects can be read and are right. */
static size_t n_readable(void)
{
    as_err    err = AS_ERR_NONE;
    as_store *reader = as_store_open(dir, &err);
    size_t    n_good = 0;
    assert_non_null(reader);
    for (size_t i = 0; i < N_OBJECTS; i++) {
        uint8_t *bytes;
        size_t   n;
        if (!as_store_get(reader, &digests[i], &bytes, &n, &err))
            continue;
        n_good += n == n_bytes[i];
        free(bytes);
    }
    as_store_close(reader);
    return n_good;
}

static as_store_check verify_anew(told *t)
{
    as_err         err = AS_ERR_NONE;
    as_store_check check = {0};
    as_store      *reader = as_store_open(dir, &err);
    *t = (told){0};
    if (!reader || !as_store_verify(reader, tell, t, NULL, &check, &err))
        fail_msg("%s", err.text);
    as_store_close(reader);
    return check;
}

/* Wherever the bit is, also in what holds the pack together. */
static void test_the_rest_stays_readable(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    as_rng rng = as_rng_new(12);
    told   t;
    char   path[AS_FS_PATH_BYTES];
    assert_true(as_store_sync(store, &err));
    for (size_t round = 0; round < 100; round++) {
        size_t   i = (size_t)as_rng_below(&rng, N_OBJECTS);
        uint64_t at = support_find_object(dir, &digests[i], path) + as_rng_below(&rng, 64);
        support_flip(path, at);
        assert_int_equal(n_readable(), N_OBJECTS - 1);
        assert_int_equal(verify_anew(&t).n_damaged, 1);
        assert_non_null(strstr(t.text, path));
        support_flip(path, at);
    }
    for (uint64_t at = 0; at < 128; at += 7) {
        support_flip(path, at);
        assert_int_equal(n_readable(), N_OBJECTS);
        assert_int_equal(verify_anew(&t).n_damaged, 1);
        assert_non_null(strstr(t.text, path));
        support_flip(path, at);
    }
    assert_int_equal(verify_anew(&t).n_damaged, 0);
    assert_int_equal(n_readable(), N_OBJECTS);
}

static void test_all_kinds_of_damage_are_told_in_order(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_store_check check;
    told           t = {0};
    char           path[AS_FS_PATH_BYTES];
    assert_true(as_store_sync(store, &err));
    support_flip_object(dir, &digests[0], 0);
    support_flip(path, support_find_object(dir, &digests[1], path) + 8);
    assert_true(as_store_verify(store, tell, &t, NULL, &check, &err));
    assert_int_equal(check.n_objects, N_OBJECTS);
    assert_int_equal(check.n_damaged, 3); /* and a place in the pack */
    assert_int_equal(t.n, 3);
    assert_true(t.in_order);
    assert_int_equal(truncate(path, 5000), 0);
    assert_true(as_store_verify(store, tell, &t, NULL, &check, &err));
    assert_int_equal(check.n_objects, N_OBJECTS);
    assert_true(check.n_damaged > N_OBJECTS / 2 && check.n_damaged < N_OBJECTS + 2);
    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(verify_anew(&t).n_damaged, 1);
    assert_non_null(strstr(t.text, "its head is cut short"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* must not be waited for */
    assert_int_equal(verify_anew(&t).n_damaged, 1);
    char elsewhere[AS_FS_PATH_BYTES];
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", dir);
    assert_true(as_fs_write(elsewhere, "x", 1, &err));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(elsewhere, path), 0); /* where anybody may change them */
    assert_int_equal(verify_anew(&t).n_damaged, 1);
    assert_string_equal(t.last, "");
    assert_non_null(strstr(t.text, path));
}

static void test_stop(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_store_check check = {.n_objects = 99};
    atomic_bool    stop;
    atomic_init(&stop, true);
    as_progress progress = {.stop = &stop};
    assert_false(as_store_verify(store, NULL, NULL, &progress, &check, &err));
    assert_int_equal(err.code, AS_ECANCELLED);
    assert_int_equal(check.n_objects, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole_store, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_rest_stays_readable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_flip_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_kinds_of_damage_are_told_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
