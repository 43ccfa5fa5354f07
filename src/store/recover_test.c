/* SPDX-License-Identifier: Apache-2.0 */
/* What is there after a program was killed or the power was cut, at any moment. STORE_KILLS=N: so many rounds. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/rng.h"
#include "base/str.h"
#include "base/thread.h"
#include "store/append.h"
#include "store/test_fault.h"

#define SEAL_BYTES  100000
#define MAX_OBJECTS 60000
#define MAX_BYTES   6000

/* Seen by parent and child: objects 0..n_acked - 1 of each of two threads were promised to survive. */
typedef struct promises {
    atomic_uint n_acked[2];
} promises;

static char      dir[256];
static promises *told;

static uint64_t n_rounds(uint64_t few)
{
    const char *rounds = getenv("STORE_KILLS");
    if (rounds && !as_str_to_u64(rounds, &few))
        fail_msg("'STORE_KILLS' is '%s'", rounds);
    return few;
}

static int setup(void **state)
{
    (void)state;
    const char *made = support_temp_dir("recover");
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED)
        return -1;
    atomic_init(&told->n_acked[0], 0);
    atomic_init(&told->n_acked[1], 0);
    return made && as_str_copy(dir, sizeof dir, made) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    munmap(told, sizeof *told);
    support_remove_dir(dir);
    return 0;
}

/* The object is known by its number: a test can ask for it without having kept it. */
static size_t make(unsigned thread, unsigned i, uint8_t *bytes)
{
    as_rng rng = as_rng_stream(thread + 1, i);
    size_t n = (size_t)as_rng_below(&rng, i % 50 ? 300 : MAX_BYTES) + 8;
    for (size_t at = 0; at + 8 <= n; at += 8) {
        uint64_t word = as_rng_u64(&rng);
        memcpy(bytes + at, &word, 8);
    }
    memset(bytes + n / 8 * 8, 7, n % 8);
    return n;
}

static void must(bool ok, int line, const as_err *err)
{
    if (!ok)
        support_fail(__FILE__, line, err->text);
}

typedef struct put_job {
    as_store *store;
    unsigned  thread;
} put_job;

static void put_objects(void *ctx)
{
    const put_job *job = ctx;
    uint8_t        bytes[MAX_BYTES + 8];
    as_digest      digest;
    as_err         err = AS_ERR_NONE;
    for (unsigned i = atomic_load(&told->n_acked[job->thread]);; i++) {
        must(i < MAX_OBJECTS && as_store_put(job->store, bytes, make(job->thread, i, bytes), &digest, NULL, &err),
             __LINE__, &err);
        if (i % 7 == 3) {
            must(as_store_sync(job->store, &err), __LINE__, &err);
            atomic_store(&told->n_acked[job->thread], i + 1);
        }
        support_step();
    }
}

static void put_for_ever(void *ctx)
{
    as_err    err = AS_ERR_NONE;
    as_store *store = as_store_open(dir, &err);
    (void)ctx;
    must(store, __LINE__, &err);
    store->seal_bytes = SEAL_BYTES;
    put_job    jobs[2] = {{store, 0}, {store, 1}};
    as_thread *other = as_thread_start("put", put_objects, &jobs[1], &err);
    must(other, __LINE__, &err);
    put_objects(&jobs[0]);
}

static void check_promises(as_store *store, const unsigned *n_acked, unsigned step)
{
    uint8_t want[MAX_BYTES + 8], *bytes;
    size_t  n;
    for (unsigned thread = 0; thread < 2; thread++)
        for (unsigned i = n_acked[thread] % step; i < n_acked[thread]; i += step) {
            as_err    err = AS_ERR_NONE;
            size_t    n_want = make(thread, i, want);
            as_digest digest = as_sha256_of(want, n_want);
            if (!as_store_get(store, &digest, &bytes, &n, &err))
                fail_msg("object %u of thread %u: %s", i, thread, err.text);
            assert_int_equal(n, n_want);
            assert_memory_equal(bytes, want, n);
            free(bytes);
        }
}

static void test_kills(void **state)
{
    (void)state;
    as_rng         rng = as_rng_new(3);
    const uint64_t n = n_rounds(150);
    for (uint64_t round = 0; round < n; round++) {
        as_err         err = AS_ERR_NONE;
        as_store_check check;
        assert_true(support_kill_after(as_rng_below(&rng, 30), (as_ns)as_rng_below(&rng, 2 * AS_NS_PER_MS),
                                       put_for_ever, NULL));
        unsigned  n_acked[2] = {atomic_load(&told->n_acked[0]), atomic_load(&told->n_acked[1])};
        as_store *store = as_store_open(dir, &err);
        check_promises(store, n_acked, round + 1 < n ? 1 + (unsigned)round / 4 : 1); /* as a reader */
        assert_true(as_store_verify(store, NULL, NULL, NULL, &check, &err));
        assert_int_equal(check.n_damaged, 0);
        if (round % 2) {
            assert_true(as_store_begin(store, &err)); /* puts in order */
            check_promises(store, n_acked, 1 + (unsigned)round / 4);
            assert_true(as_store_verify(store, NULL, NULL, NULL, &check, &err));
            assert_int_equal(check.n_damaged, 0);
        }
        as_store_close(store);
    }
    assert_true(atomic_load(&told->n_acked[0]) > n / 2); /* the children did work */
}

/* What the disk has after a power cut: of the pages written since the last sync some, and of them some with zeros. */
static void cut_power(const char *path, uint64_t synced, as_rng *rng)
{
    uint8_t zeros[4096] = {0};
    int     fd = open(path, O_RDWR);
    off_t   size = lseek(fd, 0, SEEK_END);
    for (off_t at = (off_t)synced; at < size; at = at / 4096 * 4096 + 4096)
        if (as_rng_below(rng, 2)) {
            size_t n = (size_t)AS_MIN(at / 4096 * 4096 + 4096, size) - (size_t)at;
            assert_int_equal(pwrite(fd, zeros, n, at), n);
        }
    if (as_rng_below(rng, 2) && size > (off_t)synced)
        assert_int_equal(ftruncate(fd, (off_t)(synced + as_rng_below(rng, (uint64_t)size - synced + 1))), 0);
    close(fd);
}

static void test_power_cuts(void **state)
{
    (void)state;
    as_rng   rng = as_rng_new(4);
    unsigned n_acked[2] = {0, 0};
    uint64_t n_unfinished = 0;
    for (uint64_t round = 0; round < n_rounds(200); round++) {
        as_err         err = AS_ERR_NONE;
        as_digest      digest;
        uint8_t        bytes[MAX_BYTES + 8];
        char           path[AS_FS_PATH_BYTES];
        as_store_check check;
        as_store      *store = as_store_open(dir, &err);
        store->seal_bytes = SEAL_BYTES * 4;
        unsigned i = n_acked[0], n_sync = (unsigned)as_rng_below(&rng, 20), n_more = (unsigned)as_rng_below(&rng, 40);
        for (; i < n_acked[0] + n_sync; i++)
            assert_true(as_store_put(store, bytes, make(0, i, bytes), &digest, NULL, &err));
        assert_true(as_store_sync(store, &err));
        n_acked[0] = i;
        /* The mark that the sync leaves is not on the disk yet. */
        const uint64_t number = store->open ? store->open->number : 0;
        const uint64_t synced = store->open ? store->open->durable : 0;
        for (; i < n_acked[0] + n_more; i++)
            assert_true(as_store_put(store, bytes, make(0, i, bytes), &digest, NULL, &err));
        bool is_same = store->open && store->open->number == number;
        as_pack_path(store->packs_dir, number, ".pack", path);
        as_store_close(store);
        if (is_same)
            cut_power(path, synced, &rng);
        assert_non_null(store = as_store_open(dir, &err));
        check_promises(store, n_acked, 1 + (unsigned)round / 10);
        assert_true(as_store_verify(store, NULL, NULL, NULL, &check, &err)); /* before anything was put in order */
        assert_int_equal(check.n_damaged, 0);
        n_unfinished += check.n_unfinished;
        assert_true(as_store_begin(store, &err));
        check_promises(store, n_acked, 1 + (unsigned)round / 10);
        assert_true(as_store_verify(store, NULL, NULL, NULL, &check, &err));
        assert_int_equal(check.n_damaged, 0);
        assert_true(as_store_put(store, bytes, make(1, (unsigned)round, bytes), &digest, NULL, &err));
        assert_true(as_store_sync(store, &err));
        n_acked[1] = (unsigned)round + 1;
        as_store_close(store);
    }
    assert_true(n_unfinished > 0);
}

/* gc writes an object anew, and the power goes before that is on the disk: the old one is what is read. */
static void test_written_anew(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_digest      digest;
    as_store_check check;
    uint8_t        bytes[MAX_BYTES + 8], *got;
    bool           is_new;
    size_t         n = make(0, 1, bytes), n_got;
    as_store      *store = as_store_open(dir, &err);
    assert_true(as_store_put(store, bytes, n, &digest, NULL, &err) && as_store_sync(store, &err));
    assert_true(as_store_seal(store, &err));
    as_pack_record again = {.kind = AS_PACK_OBJECT, .n_bytes = n, .digest = digest};
    assert_true(as_store_append(store, &again, bytes, NULL, &is_new, &err) && is_new);
    as_store_close(store);
    support_flip_object(dir, &digest, 3);
    assert_non_null(store = as_store_open(dir, &err));
    assert_true(as_store_get(store, &digest, &got, &n_got, &err));
    assert_int_equal(n_got, n);
    assert_memory_equal(got, bytes, n);
    free(got);
    assert_true(as_store_verify(store, NULL, NULL, NULL, &check, &err));
    assert_int_equal(check.n_damaged + check.n_unfinished, 0);
    assert_int_equal(check.n_objects, 1);
    as_store_close(store);
}

/* One program writes, another reads what it is told of. */
static void test_two_programs(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    int    status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        as_store *store = as_store_open(dir, &err);
        uint8_t   bytes[MAX_BYTES + 8];
        as_digest digest;
        store->seal_bytes = SEAL_BYTES;
        for (unsigned i = 0; i < 3000; i++) {
            must(as_store_put(store, bytes, make(0, i, bytes), &digest, NULL, &err), __LINE__, &err);
            atomic_store(&told->n_acked[0], i + 1); /* readers see what was put, synced or not */
        }
        as_store_close(store);
        _exit(0);
    }
    as_store *store = as_store_open(dir, &err);
    unsigned  n_seen = 0, n_looks = 0;
    as_ns     deadline = as_clock_mono() + 60 * AS_NS_PER_S;
    while (n_seen < 3000 && as_clock_mono() < deadline) {
        unsigned n_acked[2] = {atomic_load(&told->n_acked[0]), 0};
        uint8_t  want[MAX_BYTES + 8], *bytes;
        size_t   n;
        n_looks += n_acked[0] > n_seen;
        for (; n_seen < n_acked[0]; n_seen++) {
            as_digest digest = as_sha256_of(want, make(0, n_seen, want));
            if (!as_store_get(store, &digest, &bytes, &n, &err))
                fail_msg("object %u: %s", n_seen, err.text);
            free(bytes);
        }
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(n_seen, 3000);
    assert_true(n_looks > 1);
    as_store_close(store);
}

static void test_two_writers(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_digest digest;
    as_store *one = as_store_open(dir, &err), *two = as_store_open(dir, &err);
    assert_true(as_store_put(one, "x", 1, &digest, NULL, &err));
    assert_false(as_store_put(two, "y", 1, &digest, NULL, &err));
    assert_int_equal(err.code, AS_EBUSY);
    assert_true(as_store_has(two, &digest)); /* it reads */
    as_store_close(one);
    assert_true(as_store_put(two, "y", 1, &digest, NULL, &err));
    as_store_close(two);
}

static void full_disk(void *ctx)
{
    (void)ctx;
    as_err    err = AS_ERR_NONE;
    uint8_t   bytes[MAX_BYTES + 8];
    unsigned  n_acked[2] = {0, 0}, n_full = 0;
    as_digest digest;
    as_store *store = as_store_open(dir, &err);
    store->seal_bytes = SEAL_BYTES; /* so that it is full in all states, also while a pack is sealed */
    for (unsigned i = 0; i < 4000 && n_full < 3; i++) {
        as_store_check check;
        size_t         n = make(0, i, bytes);
        if (as_store_put(store, bytes, n, &digest, NULL, &err) && as_store_sync(store, &err)) {
            n_acked[0] = i + 1;
            continue;
        }
        SUPPORT_CHECK(err.code == AS_ENOSPC);
        n_full++;
        check_promises(store, n_acked, 1);
        SUPPORT_CHECK(as_store_verify(store, NULL, NULL, NULL, &check, &err) && check.n_damaged == 0);
        as_store_close(store);
        SUPPORT_CHECK((store = as_store_open(dir, &err)));
        store->seal_bytes = SEAL_BYTES;
        check_promises(store, n_acked, 1);
        bool may_fail = as_store_put(store, bytes, n, &digest, NULL, &err) && as_store_sync(store, &err);
        if (n_full == 1)
            support_fill_disk(dir);
        if (n_full == 2)
            support_free_disk(dir);
        if (may_fail)
            n_acked[0] = i + 1;
        else
            i--;
    }
    SUPPORT_CHECK(n_acked[0] > 20 && n_full == 3);
    as_store_close(store);
}

static void test_full_disk(void **state)
{
    (void)state;
    int status = support_on_disk(dir, 512 << 10, full_disk, NULL);
    if (status < 0) {
        print_message("skipped: no file system can be mounted here (not root)\n");
        skip();
    }
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kills, setup, teardown),
        cmocka_unit_test_setup_teardown(test_power_cuts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_written_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_programs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_writers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
