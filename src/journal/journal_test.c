/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/rng.h"
#include "base/str.h"
#include "base/thread.h"
#include "journal/segment.h"
#include "store/test_fault.h"

/* The disk of this program: takes the place of the system's call in the journal, which is linked into it. */
static atomic_int n_syncs_to_fail;

int fdatasync(int fd)
{
    if (atomic_load(&n_syncs_to_fail) > 0) {
        atomic_fetch_sub(&n_syncs_to_fail, 1);
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

static char dir[256], journal_dir[300];

static int setup(void **state)
{
    (void)state;
    atomic_store(&n_syncs_to_fail, 0);
    const char *made = support_temp_dir("journal");
    if (!made || !as_str_copy(dir, sizeof dir, made))
        return -1;
    snprintf(journal_dir, sizeof journal_dir, "%s/journal", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    support_remove_dir(dir);
    return 0;
}

static as_journal *must_open(void)
{
    as_err      err = AS_ERR_NONE;
    as_journal *journal = as_journal_open(journal_dir, &err);
    if (!journal)
        fail_msg("%s", err.text);
    return journal;
}

static bool append(as_journal *journal, uint64_t part, as_err *err)
{
    as_record r = {.part = part, .verdict = AS_VERDICT_PASS, .reason = AS_REASON_MODEL, .score = 0.5f, .label = "good"};
    return as_journal_append(journal, &r, err);
}

static void append_many(as_journal *journal, uint64_t n)
{
    as_err err = AS_ERR_NONE;
    for (uint64_t i = 0; i < n; i++)
        if (!append(journal, i, &err))
            fail_msg("%s", err.text);
}

static as_journal_check must_read(bool (*visit)(void *ctx, const as_record *record), void *ctx)
{
    as_err           err = AS_ERR_NONE;
    as_journal_check check;
    if (!as_journal_read(journal_dir, visit, ctx, &check, &err))
        fail_msg("%s", err.text);
    return check;
}

static void check_whole(uint64_t n_records, uint64_t n_segments)
{
    as_journal_check check = must_read(NULL, NULL);
    if (!check.whole)
        fail_msg("%s", check.text);
    assert_int_equal(check.n_records, n_records);
    assert_int_equal(check.n_segments, n_segments);
    assert_string_equal(check.text, "");
}

static const char *segment_path(unsigned number)
{
    static char path[400];
    snprintf(path, sizeof path, "%s/%010u.asj", journal_dir, number);
    return path;
}

static void overwrite(unsigned number, uint64_t slot, size_t at, const void *data, size_t n)
{
    int fd = open(segment_path(number), O_WRONLY);
    assert_int_equal(pwrite(fd, data, n, (off_t)(slot * AS_SLOT_BYTES + at)), n);
    close(fd);
}

static bool is_ascending(void *ctx, const as_record *record)
{
    uint64_t *last = ctx;
    assert_int_equal(record->sequence, *last + 1);
    *last = record->sequence;
    return true;
}

static bool stop_at_ten(void *ctx, const as_record *record)
{
    *(uint64_t *)ctx = record->sequence;
    return record->sequence < 10;
}

static void test_append_then_read(void **state)
{
    (void)state;
    as_err           err = AS_ERR_NONE;
    uint64_t         last = 0;
    as_journal_check check = must_read(NULL, NULL); /* no folder yet */
    assert_true(check.whole && check.n_records == 0 && check.n_segments == 0);
    as_journal *journal = must_open();
    assert_int_equal(as_journal_line_run(journal), 1);
    check_whole(0, 1);
    as_record r = {.part = 4, .verdict = AS_VERDICT_REJECT, .reason = AS_REASON_LATE, .score = NAN, .label = "broken"};
    assert_true(as_journal_append(journal, &r, &err));
    assert_int_equal(r.sequence, 1);
    assert_int_equal(r.line_run, 1);
    append_many(journal, 99);
    assert_true(as_journal_sync(journal, &err));
    check_whole(100, 1);
    assert_null(as_journal_close(journal));
    assert_null(as_journal_close(NULL));
    assert_int_equal(must_read(is_ascending, &last).n_records, 100);
    assert_int_equal(last, 100);
    assert_true(must_read(stop_at_ten, &last).whole);
    assert_int_equal(last, 10);
}

static void test_refuses_what_is_no_verdict(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    as_journal *journal = must_open();
    as_record   bad[] = {{.verdict = AS_VERDICT_NONE},
                         {.verdict = AS_VERDICT_COUNT},
                         {.verdict = AS_VERDICT_PASS, .reason = AS_REASON_COUNT}};
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        assert_false(as_journal_append(journal, &bad[i], &err));
        assert_int_equal(err.code, AS_EINVAL);
        assert_int_equal(bad[i].sequence, 0);
    }
    as_journal_close(journal);
    check_whole(0, 1);
}

static void test_goes_on_over_segments_and_starts(void **state)
{
    (void)state;
    uint64_t last = 0;
    for (uint32_t run = 1; run <= 4; run++) {
        as_journal *journal = must_open();
        assert_int_equal(as_journal_line_run(journal), run);
        append_many(journal, 15000);
        as_err err = AS_ERR_NONE;
        assert_true(as_journal_sync(journal, &err));
        append_many(journal, 1);
        as_journal_close(journal);
    }
    check_whole(60004, 4);
    assert_true(must_read(is_ascending, &last).whole);
    struct stat st;
    assert_int_equal(stat(segment_path(4), &st), 0);
    assert_int_equal(st.st_size, AS_SEGMENT_BYTES(AS_SEGMENT_RECORDS));
    assert_true((uint64_t)st.st_blocks * 512 >= (uint64_t)st.st_size); /* no holes */
}

static void test_exactly_full(void **state)
{
    (void)state;
    as_journal *journal = must_open();
    append_many(journal, AS_SEGMENT_RECORDS);
    as_journal_close(journal);
    check_whole(AS_SEGMENT_RECORDS, 1);
    journal = must_open();
    append_many(journal, 1);
    as_journal_close(journal);
    check_whole(AS_SEGMENT_RECORDS + 1, 2);
}

static void test_two_writers(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    as_journal *journal = must_open();
    char        pid[40];
    assert_null(as_journal_open(journal_dir, &err));
    assert_int_equal(err.code, AS_EBUSY);
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_non_null(strstr(err.text, pid));
    as_journal_close(journal);
}

static void test_torn_end_is_cut_off(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    uint64_t    last = 0;
    as_journal *journal = must_open();
    append_many(journal, 50);
    as_journal_close(journal);
    overwrite(1, 51, 0, "\x33\0\0\0\0\0\0\0half of a record", 24);
    as_journal_check check = must_read(NULL, NULL);
    assert_false(check.whole);
    assert_string_equal(check.text, "segment 0000000001.asj, record 51: it is torn or damaged");
    assert_int_equal(check.n_records, 50);
    journal = must_open();
    check_whole(50, 1);
    append_many(journal, 1);
    as_journal_close(journal);
    check_whole(51, 1);
    assert_true(must_read(is_ascending, &last).whole);
    (void)err;
}

static void test_damage_is_named_and_left_alone(void **state)
{
    (void)state;
    as_journal *journal = must_open();
    append_many(journal, 200);
    as_journal_close(journal);
    overwrite(1, 123, 40, "G", 1); /* "good" */
    as_journal_check check = must_read(NULL, NULL);
    assert_false(check.whole);
    assert_string_equal(check.text, "segment 0000000001.asj, record 123: its checksum is wrong");
    assert_int_equal(check.n_records, 199);
    journal = must_open(); /* the line must run all the same */
    assert_int_equal(as_journal_line_run(journal), 2);
    append_many(journal, 10);
    as_journal_close(journal);
    check = must_read(NULL, NULL);
    assert_string_equal(check.text, "segment 0000000001.asj, record 123: its checksum is wrong");
    assert_int_equal(check.n_records, 209);
    overwrite(1, 123, 40, "g", 1);
    check_whole(210, 1);
}

static void test_damaged_header_and_missing_segment(void **state)
{
    (void)state;
    as_journal *journal = must_open();
    append_many(journal, 20);
    as_journal_close(journal);
    overwrite(1, 0, 16, "\x07", 1);
    journal = must_open();
    append_many(journal, 5);
    as_journal_close(journal);
    as_journal_check check = must_read(NULL, NULL);
    assert_string_equal(check.text, "segment 0000000001.asj: the header is damaged");
    assert_int_equal(check.n_records, 25);
    overwrite(1, 0, 16, "\x01", 1);
    check_whole(25, 2);
    assert_int_equal(unlink(segment_path(1)), 0);
    check = must_read(NULL, NULL);
    assert_false(check.whole);
    assert_string_equal(check.text, "segment 0000000001.asj is missing");
    assert_int_equal(check.n_records, 5);
}

static void test_cut_segment_is_not_written_to(void **state)
{
    (void)state;
    as_journal *journal = must_open();
    append_many(journal, 20);
    as_journal_close(journal);
    assert_int_equal(truncate(segment_path(1), 10 * AS_SLOT_BYTES + 100), 0);
    journal = must_open();
    append_many(journal, 3);
    as_journal_close(journal);
    as_journal_check check = must_read(NULL, NULL);
    assert_false(check.whole);
    assert_int_equal(check.n_records, 12);
    assert_int_equal(check.n_segments, 2);
    assert_int_equal(truncate(segment_path(1), 0), 0);
    journal = must_open();
    append_many(journal, 1);
    as_journal_close(journal);
    check = must_read(NULL, NULL);
    assert_string_equal(check.text, "segment 0000000001.asj: it is cut off");
    assert_int_equal(check.n_records, 4);
}

static void test_random_flips_are_found(void **state)
{
    (void)state;
    as_rng      rng = as_rng_new(21);
    as_journal *journal = must_open();
    append_many(journal, 2000);
    as_journal_close(journal);
    for (int round = 0; round < 100; round++) {
        uint64_t slot = as_rng_below(&rng, 2001);
        size_t   at = (size_t)as_rng_below(&rng, AS_SLOT_BYTES);
        uint8_t  old, flipped;
        char     where[64];
        int      fd = open(segment_path(1), O_RDONLY);
        assert_int_equal(pread(fd, &old, 1, (off_t)(slot * AS_SLOT_BYTES + at)), 1);
        close(fd);
        flipped = (uint8_t)(old ^ (1u << as_rng_below(&rng, 8)));
        overwrite(1, slot, at, &flipped, 1);
        as_journal_check check = must_read(NULL, NULL);
        snprintf(where, sizeof where, "segment 0000000001.asj, record %llu: ", (unsigned long long)slot);
        assert_false(check.whole);
        assert_true(as_str_starts(check.text, slot ? where : "segment 0000000001.asj: "));
        assert_true(check.n_records >= 1999);
        overwrite(1, slot, at, &old, 1);
    }
    check_whole(2000, 1);
}

/* What the kernel does with pages that it could not write: they are gone, and the next sync is content. */
static void drop_slots(unsigned number, uint64_t first, uint64_t last)
{
    static const uint8_t rubbish[AS_SLOT_BYTES] = {7};
    for (uint64_t slot = first; slot <= last; slot++)
        overwrite(number, slot, 0, slot % 2 ? (const uint8_t[AS_SLOT_BYTES]){0} : rubbish, AS_SLOT_BYTES);
}

static void test_what_a_sync_failed_to_keep_is_written_again(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    uint64_t    last = 0;
    as_journal *journal = must_open();
    append_many(journal, 100);
    assert_true(as_journal_sync(journal, &err));
    assert_int_equal(as_journal_unsynced(journal), 0);
    append_many(journal, 50);
    assert_int_equal(as_journal_unsynced(journal), 50);
    atomic_store(&n_syncs_to_fail, 1);
    assert_true(as_journal_sync(journal, &err));
    assert_int_equal(as_journal_failed_syncs(journal), 1);
    assert_int_equal(as_journal_trouble(journal)->code, AS_EIO);
    assert_int_equal(as_journal_unsynced(journal), 0);
    check_whole(150, 2); /* no record twice */
    drop_slots(1, 101, 150);
    check_whole(150, 2);
    append_many(journal, 7);
    as_journal_close(journal);
    journal = must_open();
    append_many(journal, 1);
    as_journal_close(journal);
    check_whole(158, 2);
    assert_true(must_read(is_ascending, &last).whole);
    drop_slots(1, 99, 100); /* these are in no other */
    assert_false(must_read(NULL, NULL).whole);
}

static void test_a_sync_that_fails_over_two_segments(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    as_journal *journal = must_open();
    append_many(journal, AS_SEGMENT_RECORDS - 20);
    assert_true(as_journal_sync(journal, &err));
    append_many(journal, 50);
    atomic_store(&n_syncs_to_fail, 1);
    assert_true(as_journal_sync(journal, &err));
    check_whole(AS_SEGMENT_RECORDS + 30, 3);
    drop_slots(1, AS_SEGMENT_RECORDS - 19, AS_SEGMENT_RECORDS);
    drop_slots(2, 1, 30);
    check_whole(AS_SEGMENT_RECORDS + 30, 3);
    append_many(journal, 1);
    as_journal_close(journal);
    check_whole(AS_SEGMENT_RECORDS + 31, 3);
}

static void test_a_disk_that_keeps_nothing(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    uint64_t    n = 0;
    as_journal *journal = must_open();
    append_many(journal, 10);
    assert_true(as_journal_sync(journal, &err));
    append_many(journal, ++n);
    atomic_store(&n_syncs_to_fail, 1000000);
    assert_false(as_journal_sync(journal, &err));
    assert_int_equal(err.code, AS_EIO);
    while (n < 5000 && append(journal, n, &err))
        n++;
    assert_in_range(n, 1, 4999); /* more than it can write again it does not take */
    assert_int_equal(as_journal_unsynced(journal), n);
    assert_false(append(journal, n, &err));
    assert_int_equal(as_journal_failed_syncs(journal), 1); /* it is one trouble */
    atomic_store(&n_syncs_to_fail, 0);
    append_many(journal, 1);
    assert_true(as_journal_sync(journal, &err));
    as_journal_close(journal);
    drop_slots(1, 11, 10 + n);
    check_whole(10 + n + 1, 2);
    /* And at the close: nothing is noted that the disk may not have. */
    journal = must_open();
    append_many(journal, 5);
    atomic_store(&n_syncs_to_fail, 1000000);
    as_journal_close(journal);
    atomic_store(&n_syncs_to_fail, 0);
    assert_int_equal(must_read(NULL, NULL).n_noted, 10 + n + 1);
}

static void test_records_cut_off_at_the_end_show(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    uint8_t     zeros[AS_SLOT_BYTES] = {0};
    as_journal *journal = must_open();
    append_many(journal, 100);
    as_journal_close(journal);
    assert_int_equal(must_read(NULL, NULL).n_noted, 100);
    for (uint64_t slot = 91; slot <= 100; slot++)
        overwrite(1, slot, 0, zeros, sizeof zeros);
    as_journal_check check = must_read(NULL, NULL);
    assert_false(check.whole);
    assert_string_equal(check.text, "records 91 to 100 were cut off: the journal was closed with 100");
    assert_int_equal(check.n_records, 90);
    /* A writer that goes on does not hide it. */
    journal = must_open();
    assert_int_equal(as_journal_line_run(journal), 2);
    append_many(journal, 20);
    as_journal_close(journal);
    check = must_read(NULL, NULL);
    assert_false(check.whole);
    assert_string_equal(check.text, "segment 0000000002.asj: it begins with record 101, and record 91 comes next");
    assert_int_equal(check.n_records, 110);
    assert_int_equal(unlink(segment_path(2)), 0); /* nor does the whole segment's end */
    assert_false(must_read(NULL, NULL).whole);
    (void)err;
}

static void test_the_note_of_the_end_may_lag(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    as_journal *journal = must_open();
    assert_int_equal(must_read(NULL, NULL).n_noted, 0);
    append_many(journal, 50);
    as_journal_close(journal);
    journal = must_open();
    append_many(journal, 10);
    assert_true(as_journal_sync(journal, &err));
    as_journal_check check = must_read(NULL, NULL); /* as after a kill */
    assert_true(check.whole && check.n_records == 60 && check.n_noted == 50);
    append_many(journal, 5000);
    assert_true(as_journal_sync(journal, &err));
    assert_true(must_read(NULL, NULL).n_noted > 4096); /* not for ever */
    as_journal_close(journal);
    check_whole(5060, 1);
}

static void append_and_die(void *ctx)
{
    as_err      err = AS_ERR_NONE;
    as_journal *journal = as_journal_open(journal_dir, &err);
    (void)ctx;
    SUPPORT_CHECK(journal);
    for (unsigned i = 0; i < 40; i++)
        SUPPORT_CHECK(append(journal, i, &err));
    support_step();
    pause();
}

/* A disk keeps pages in any order: some of the records before the power went are there, and not those before them. */
static void test_a_hole_before_the_end(void **state)
{
    (void)state;
    static const uint8_t zeros[6 * AS_SLOT_BYTES];
    assert_true(support_kill_after(1, 0, append_and_die, NULL));
    overwrite(1, 25, 0, zeros, sizeof zeros); /* records 25 to 30 */
    check_whole(24, 1);
    for (unsigned i = 1; i <= 2; i++) {
        as_journal *journal = must_open();
        append_many(journal, 3);
        as_journal_close(journal);
        check_whole(24 + 3 * i, 2);
    }
    as_err err = AS_ERR_NONE;
    assert_true(support_kill_after(1, 0, append_and_die, NULL)); /* 31 to 70, in slots 7 to 46 */
    overwrite(2, 3, 0, zeros, AS_SLOT_BYTES);                    /* before the noted end, though: that is damage */
    as_journal_check check = must_read(NULL, NULL);
    assert_false(check.whole);
    assert_non_null(strstr(check.text, "record 27: it is missing"));
    assert_int_equal(check.n_records, 69);
    assert_true(as_fs_remove_tree(journal_dir, &err));
}

static void test_another_end_than_the_noted_one(void **state)
{
    (void)state;
    uint8_t     was[AS_SLOT_BYTES], slot[AS_SLOT_BYTES];
    as_err      err = AS_ERR_NONE;
    as_record   record;
    as_sha256  *sha = as_sha256_new(&err);
    as_journal *journal = must_open();
    append_many(journal, 9);
    as_journal_close(journal);
    int fd = open(segment_path(1), O_RDONLY);
    assert_int_equal(pread(fd, was, sizeof was, 8 * AS_SLOT_BYTES), sizeof was);
    as_chain chain = as_segment_chain_of(was);
    assert_int_equal(pread(fd, was, sizeof was, 9 * AS_SLOT_BYTES), sizeof was);
    close(fd);
    assert_true(as_segment_record_parse(was, &record, &err));
    record.verdict = AS_VERDICT_REJECT;
    as_segment_record_write(&record, &chain, sha, slot);
    as_sha256_free(sha);
    overwrite(1, 9, 0, slot, sizeof slot);
    as_journal_check check = must_read(NULL, NULL);
    assert_string_equal(check.text, "segment 0000000001.asj, record 9: it is not the one the journal was closed with");
    overwrite(1, 9, 0, was, sizeof was);
    check_whole(9, 1);
    char head[400];
    snprintf(head, sizeof head, "%s/head", journal_dir);
    assert_int_equal(truncate(head, 100), 0);
    check = must_read(NULL, NULL);
    assert_false(check.whole);
    assert_string_equal(check.text, "the note of its end is damaged");
    journal = must_open(); /* the line must run all the same */
    append_many(journal, 1);
    as_journal_close(journal);
    check_whole(10, 1);
}

static void append_for_ever(void *ctx)
{
    atomic_ullong *n_acknowledged = ctx;
    as_err         err = AS_ERR_NONE;
    as_journal    *journal = as_journal_open(journal_dir, &err);
    for (uint64_t i = 0;; i++) {
        if (!journal || !append(journal, i, &err))
            support_fail(__FILE__, __LINE__, err.text);
        atomic_fetch_add(n_acknowledged, 1);
        support_step();
    }
}

static void test_kill_loses_nothing_acknowledged(void **state)
{
    (void)state;
    as_rng         rng = as_rng_new(31);
    uint64_t       last = 0;
    atomic_ullong *n_acknowledged =
        mmap(NULL, sizeof *n_acknowledged, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(n_acknowledged != MAP_FAILED);
    atomic_init(n_acknowledged, 0);
    for (uint64_t round = 0; round < 50; round++) {
        assert_true(support_kill_after(as_rng_below(&rng, 2000), (as_ns)as_rng_below(&rng, AS_NS_PER_MS),
                                       append_for_ever, n_acknowledged));
        as_journal_check check = must_read(NULL, NULL);
        if (!check.whole)
            fail_msg("%s", check.text);
        assert_true(check.n_records >= atomic_load(n_acknowledged));
        assert_true(check.n_records <= atomic_load(n_acknowledged) + round + 1);
    }
    assert_true(must_read(is_ascending, &last).whole);
    assert_true(last > 50); /* the children did work */
    munmap(n_acknowledged, sizeof *n_acknowledged);
}

static void write_in_thread(void *ctx)
{
    as_journal *journal = must_open();
    append_many(journal, 3 * AS_SEGMENT_RECORDS + 7);
    as_journal_close(journal);
    atomic_store((atomic_bool *)ctx, true);
}

static void test_readers_beside_the_writer(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    uint64_t    n_before = 0;
    atomic_bool done;
    atomic_init(&done, false);
    as_thread *writer = as_thread_start("writer", write_in_thread, &done, &err);
    assert_non_null(writer);
    do {
        as_journal_check check = must_read(NULL, NULL);
        if (!check.whole)
            fail_msg("%s", check.text);
        assert_true(check.n_records >= n_before);
        n_before = check.n_records;
    } while (!atomic_load(&done));
    as_thread_join(writer);
    check_whole(3 * AS_SEGMENT_RECORDS + 7, 4);
}

#define SEGMENT_ROOM (AS_SEGMENT_BYTES(AS_SEGMENT_RECORDS) + (64 << 10))

static void full_disk(void *ctx)
{
    (void)ctx;
    as_err           err = AS_ERR_NONE;
    as_journal_check check;
    as_journal      *journal = as_journal_open(journal_dir, &err);
    SUPPORT_CHECK(journal);
    support_fill_disk(dir);
    for (uint64_t i = 0; i < AS_SEGMENT_RECORDS; i++) /* their room is taken already */
        SUPPORT_CHECK(append(journal, i, &err));
    SUPPORT_CHECK(!append(journal, 0, &err) && err.code == AS_ENOSPC && strstr(err.text, journal_dir));
    SUPPORT_CHECK(!append(journal, 0, &err) && err.code == AS_ENOSPC);
    SUPPORT_CHECK(as_journal_sync(journal, &err));
    SUPPORT_CHECK(as_journal_read(journal_dir, NULL, NULL, &check, &err));
    SUPPORT_CHECK(check.whole && check.n_records == AS_SEGMENT_RECORDS);
    support_free_disk(dir);
    SUPPORT_CHECK(append(journal, 0, &err));
    SUPPORT_CHECK(as_journal_sync(journal, &err));
    as_journal_close(journal);
    SUPPORT_CHECK(as_journal_read(journal_dir, NULL, NULL, &check, &err));
    SUPPORT_CHECK(check.whole && check.n_records == AS_SEGMENT_RECORDS + 1);
}

static void full_before_the_first(void *ctx)
{
    (void)ctx;
    as_err           err = AS_ERR_NONE;
    as_journal_check check;
    SUPPORT_CHECK(!as_journal_open(journal_dir, &err) && err.code == AS_ENOSPC);
    SUPPORT_CHECK(as_journal_read(journal_dir, NULL, NULL, &check, &err));
    SUPPORT_CHECK(check.whole && check.n_segments == 0);
    SUPPORT_CHECK(support_make_read_only(dir));
    SUPPORT_CHECK(!as_journal_open(journal_dir, &err) && err.code == AS_EACCESS && strstr(err.text, journal_dir));
}

static void test_full_disk_and_read_only(void **state)
{
    (void)state;
    int status = support_on_disk(dir, 2 * SEGMENT_ROOM, full_disk, NULL);
    if (status < 0) {
        print_message("skipped: no file system can be mounted here (not root)\n");
        skip();
    }
    assert_int_equal(status, 0);
    assert_int_equal(support_on_disk(dir, 1 << 20, full_before_the_first, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_append_then_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuses_what_is_no_verdict, setup, teardown),
        cmocka_unit_test_setup_teardown(test_goes_on_over_segments_and_starts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exactly_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_writers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_torn_end_is_cut_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_is_named_and_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_header_and_missing_segment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_segment_is_not_written_to, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_flips_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_a_sync_failed_to_keep_is_written_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_sync_that_fails_over_two_segments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_disk_that_keeps_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_records_cut_off_at_the_end_show, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_note_of_the_end_may_lag, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_hole_before_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_end_than_the_noted_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kill_loses_nothing_acknowledged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_readers_beside_the_writer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk_and_read_only, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
