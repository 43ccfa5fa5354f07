/* SPDX-License-Identifier: Apache-2.0 */
#include "line/recorder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/test_fault.h"

#define STEP_NS (300 * AS_NS_PER_MS) /* longer than a full disk is left alone */

/* Takes the place of the system's call in the journal, which is linked into this program. */
static atomic_int n_syncs_to_fail;

int fdatasync(int fd)
{
    if (atomic_load(&n_syncs_to_fail) == 0)
        return (int)syscall(SYS_fdatasync, fd);
    atomic_fetch_sub(&n_syncs_to_fail, 1);
    errno = EIO;
    return -1;
}

static as_record record_of(uint64_t part)
{
    return (as_record){.part = part, .verdict = AS_VERDICT_PASS, .reason = AS_REASON_MODEL, .n_frames = 1};
}

static as_recorder *recorder_in(const char *dir)
{
    as_err       err = AS_ERR_NONE;
    as_journal  *journal = as_journal_open(dir, &err);
    as_recorder *recorder = journal ? as_recorder_new(journal, &err) : NULL;
    if (!recorder)
        support_fail(__FILE__, __LINE__, err.text);
    return recorder;
}

typedef struct parts_seen {
    uint64_t n, last, n_wrong;
} parts_seen;

static bool see(void *ctx, const as_record *record)
{
    parts_seen *seen = ctx;
    seen->n_wrong += record->part <= seen->last;
    seen->last = record->part;
    seen->n++;
    return true;
}

static parts_seen read_all(const char *dir)
{
    parts_seen       seen = {0};
    as_journal_check check;
    as_err           err = AS_ERR_NONE;
    SUPPORT_CHECK(as_journal_read(dir, see, &seen, &check, &err));
    SUPPORT_CHECK(check.whole);
    return seen;
}

static void test_records_are_written_in_order(void **state)
{
    (void)state;
    const char  *dir = support_temp_dir("recorder");
    as_recorder *recorder = recorder_in(dir);
    assert_int_equal(as_recorder_line_run(recorder), 1);
    for (uint64_t i = 1; i <= 100; i++) {
        as_record record = record_of(i);
        as_recorder_put(recorder, &record, (as_ns)i);
        assert_int_equal(record.sequence, i);
        assert_int_equal(record.line_run, 1);
        as_recorder_rest(recorder, (as_ns)i);
    }
    as_recorder_finish(recorder);
    assert_int_equal(as_recorder_lost(recorder), 0);
    assert_int_equal(as_recorder_trouble(recorder)->code, AS_OK);
    as_recorder_free(recorder);
    parts_seen seen = read_all(dir);
    assert_int_equal(seen.n, 100);
    assert_int_equal(seen.n_wrong, 0);
    support_remove_dir(dir);
}

#define SEGMENT 16384u /* records */

/* The first segment fits on the disk, the second does not before room was made. */
static void full_disk(void *ctx)
{
    const char *dir = ctx;
    char        journal[512];
    uint64_t    n = 0;
    as_ns       now = 1;
    snprintf(journal, sizeof journal, "%s/journal", dir);
    as_recorder *recorder = recorder_in(journal);
    support_fill_disk(dir);
    for (; n < SEGMENT + 100; n++) {
        as_record record = record_of(n + 1);
        as_recorder_put(recorder, &record, now++);
        SUPPORT_CHECK((record.sequence != 0) == (n < SEGMENT));
    }
    SUPPORT_CHECK(as_recorder_waiting(recorder) == 100);
    SUPPORT_CHECK(as_recorder_trouble(recorder)->code == AS_ENOSPC);
    as_recorder_rest(recorder, now += STEP_NS);
    SUPPORT_CHECK(as_recorder_waiting(recorder) == 100);
    support_free_disk(dir);
    as_recorder_rest(recorder, now); /* too soon */
    SUPPORT_CHECK(as_recorder_waiting(recorder) == 100);
    as_record record = record_of(n + 1);
    as_recorder_put(recorder, &record, now += STEP_NS);
    SUPPORT_CHECK(record.sequence == SEGMENT + 101);
    as_recorder_finish(recorder);
    SUPPORT_CHECK(as_recorder_lost(recorder) == 0);
    as_recorder_free(recorder);
    parts_seen seen = read_all(journal);
    SUPPORT_CHECK(seen.n == SEGMENT + 101 && seen.n_wrong == 0);
}

static void full_for_ever(void *ctx)
{
    const char *dir = ctx;
    char        journal[512];
    snprintf(journal, sizeof journal, "%s/journal", dir);
    as_recorder *recorder = recorder_in(journal);
    support_fill_disk(dir);
    for (uint64_t n = 0; n < SEGMENT + AS_RECORDER_WAITING + 7; n++) {
        as_record record = record_of(n + 1);
        as_recorder_put(recorder, &record, 1);
    }
    SUPPORT_CHECK(as_recorder_waiting(recorder) == AS_RECORDER_WAITING);
    SUPPORT_CHECK(as_recorder_lost(recorder) == 7);
    as_recorder_finish(recorder);
    SUPPORT_CHECK(as_recorder_lost(recorder) == AS_RECORDER_WAITING + 7);
    as_recorder_free(recorder);
    SUPPORT_CHECK(read_all(journal).n == SEGMENT);
}

static void test_a_sync_that_fails_is_told_and_made_good(void **state)
{
    (void)state;
    const char  *dir = support_temp_dir("recorder");
    as_recorder *recorder = recorder_in(dir);
    as_ns        now = STEP_NS;
    for (uint64_t i = 1; i <= 30; i++) {
        as_record record = record_of(i);
        as_recorder_put(recorder, &record, now);
        if (i == 10)
            atomic_store(&n_syncs_to_fail, 1);
        if (i == 20)
            atomic_store(&n_syncs_to_fail, 2); /* of the flush, and of what is written again */
        as_recorder_rest(recorder, now += STEP_NS);
        assert_int_equal(as_recorder_failed_syncs(recorder), i < 10 ? 0 : i < 20 ? 1 : 2);
        assert_int_equal(as_recorder_unsafe(recorder), i == 20);
        assert_int_equal(as_recorder_trouble(recorder)->code, i < 10 ? AS_OK : AS_EIO);
    }
    as_recorder_finish(recorder);
    assert_int_equal(as_recorder_lost(recorder), 0);
    assert_int_equal(as_recorder_unsafe(recorder), 0);
    as_recorder_free(recorder);
    parts_seen seen = read_all(dir);
    assert_int_equal(seen.n, 30);
    assert_int_equal(seen.n_wrong, 0);
    support_remove_dir(dir);
}

static void test_what_is_not_kept_at_the_end_is_counted(void **state)
{
    (void)state;
    const char  *dir = support_temp_dir("recorder");
    as_recorder *recorder = recorder_in(dir);
    for (uint64_t i = 1; i <= 12; i++) {
        as_record record = record_of(i);
        as_recorder_put(recorder, &record, 1);
    }
    atomic_store(&n_syncs_to_fail, 1000);
    as_recorder_finish(recorder);
    assert_int_equal(as_recorder_unsafe(recorder), 12);
    assert_int_equal(as_recorder_trouble(recorder)->code, AS_EIO);
    atomic_store(&n_syncs_to_fail, 0);
    as_recorder_free(recorder);
    support_remove_dir(dir);
}

static void on_small_disk(void (*fn)(void *ctx))
{
    char        own[512];
    const char *dir = support_temp_dir("recorder");
    snprintf(own, sizeof own, "%s", dir);
    int status = support_on_disk(own, 9u << 20, fn, own);
    support_remove_dir(own);
    if (status == -1) {
        print_message("no file system can be mounted here\n");
        skip();
    }
    assert_int_equal(status, 0);
}

static void test_a_full_disk_makes_records_wait(void **state)
{
    (void)state;
    on_small_disk(full_disk);
}

static void test_no_more_wait_than_there_is_room_for(void **state)
{
    (void)state;
    on_small_disk(full_for_ever);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_are_written_in_order),
        cmocka_unit_test(test_a_sync_that_fails_is_told_and_made_good),
        cmocka_unit_test(test_what_is_not_kept_at_the_end_is_counted),
        cmocka_unit_test(test_a_full_disk_makes_records_wait),
        cmocka_unit_test(test_no_more_wait_than_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
