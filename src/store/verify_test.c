/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
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

static void object_path(const as_digest *digest, char *path)
{
    char hex[AS_SHA256_HEX_BYTES];
    as_digest_hex(digest, hex);
    snprintf(path, AS_FS_PATH_BYTES, "%s/objects/%.2s/%s", dir, hex, hex + 2);
}

static void flip_bit(const char *path, size_t at, unsigned bit)
{
    uint8_t byte;
    chmod(path, 0644);
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte = (uint8_t)(byte ^ (1u << bit));
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    close(fd);
}

typedef struct told {
    size_t n;
    char   last[AS_SHA256_HEX_BYTES];
    bool   in_order;
} told;

static void tell(void *ctx, const char *hex, const as_err *why)
{
    told *t = ctx;
    t->in_order = (t->n == 0 || strcmp(t->last, hex) < 0) && why->code != AS_OK && strstr(why->text, hex) != NULL;
    t->n++;
    as_str_copy(t->last, sizeof t->last, hex);
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
        unsigned       bit = (unsigned)as_rng_below(&rng, 8);
        as_store_check check;
        char           path[AS_FS_PATH_BYTES], hex[AS_SHA256_HEX_BYTES];
        object_path(&digests[i], path);
        flip_bit(path, at, bit);
        assert_true(as_store_verify(store, NULL, NULL, NULL, &check, &err));
        assert_int_equal(check.n_damaged, 1);
        assert_string_equal(check.first_damaged, as_digest_hex(&digests[i], hex));
        flip_bit(path, at, bit);
    }
}

static void test_all_kinds_of_damage_are_told_in_order(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_store_check check;
    told           t = {0};
    char           path[AS_FS_PATH_BYTES];
    object_path(&digests[0], path);
    assert_int_equal(truncate(path, 0), 0);
    object_path(&digests[1], path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0777), 0);
    object_path(&digests[2], path);
    char elsewhere[AS_FS_PATH_BYTES];
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", dir);
    assert_int_equal(rename(path, elsewhere), 0);
    assert_int_equal(symlink(elsewhere, path), 0); /* the right bytes, where anybody may change them */
    object_path(&digests[3], path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* must not be waited for */
    assert_true(as_store_verify(store, tell, &t, NULL, &check, &err));
    assert_int_equal(check.n_objects, N_OBJECTS);
    assert_int_equal(check.n_damaged, 4);
    assert_int_equal(t.n, 4);
    assert_true(t.in_order);
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
        cmocka_unit_test_setup_teardown(test_every_flip_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_kinds_of_damage_are_told_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
