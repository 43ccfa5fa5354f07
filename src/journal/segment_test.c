/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/segment.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

#define N_FIT  16
#define N_USED 12

static uint8_t    bytes[AS_SEGMENT_BYTES(N_FIT)];
static as_sha256 *sha;

static bool has_origin = true;

static as_record record_of(uint64_t sequence)
{
    as_record r = {.sequence = sequence,
                   .trigger_utc = 1700000000000000000 + (as_ns)sequence,
                   .part = sequence * 3,
                   .verdict = (as_verdict)(1 + sequence % 4),
                   .reason = (as_reason)(sequence % AS_REASON_COUNT),
                   .score = sequence % 5 ? 0.25f : NAN,
                   .class_score = -1.5f,
                   .label = "missing_topping",
                   .latency_ns = INT64_MIN + 1,
                   .stage_ns = {1, -2, INT64_MAX, 4},
                   .n_frames = UINT32_MAX,
                   .model = {1, 2, 255},
                   .line_run = 7,
                   .origin = {{9, [15] = 8}}};
    memset(r.truth, 'x', sizeof r.truth - 1);
    if (!has_origin)
        r.origin = (as_origin){{0}};
    return r;
}

static void fill(void)
{
    as_chain          chain = {{0}};
    as_segment_header header = {.number = 1, .first_sequence = 1, .n_records = N_FIT, .utc = -1};
    memset(bytes, 0, sizeof bytes);
    as_segment_header_write(&header, bytes);
    for (uint64_t i = 1; i <= N_USED; i++) {
        as_record r = record_of(i);
        as_segment_record_write(&r, &chain, sha, bytes + i * AS_SLOT_BYTES);
    }
}

static void test_the_note_of_the_end_comes_back(void **state)
{
    (void)state;
    uint8_t         slot[AS_SLOT_BYTES];
    as_err          err = AS_ERR_NONE;
    as_journal_head got, head = {.sequence = 77, .line_run = 3, .utc = -5, .chain = {{1, 2, 255}}};
    as_journal_head_write(&head, slot);
    assert_true(as_journal_head_parse(slot, sizeof slot, &got, &err));
    assert_int_equal(got.sequence, 77);
    assert_int_equal(got.line_run, 3);
    assert_int_equal(got.utc, -5);
    assert_memory_equal(&got.chain, &head.chain, sizeof head.chain);
    assert_false(as_journal_head_parse(slot, sizeof slot - 1, &got, &err));
    for (size_t i = 0; i < sizeof slot; i++) {
        slot[i] ^= 16;
        assert_false(as_journal_head_parse(slot, sizeof slot, &got, &err));
        assert_int_equal(err.code, AS_ECORRUPT);
        slot[i] ^= 16;
    }
}

static int setup(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    sha = as_sha256_new(&err);
    if (!sha)
        return -1;
    fill();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sha = as_sha256_free(sha);
    return 0;
}

static as_segment_scan scan(const uint8_t *data, size_t n)
{
    as_segment_scan s;
    as_segment_scan_init(&s, sha);
    as_segment_scan_bytes(&s, 1, data, n);
    return s;
}

static void test_names(void **state)
{
    (void)state;
    char     name[AS_SEGMENT_NAME_BYTES];
    uint64_t number = 5;
    assert_string_equal(as_segment_name(1, name), "0000000001.asj");
    assert_true(as_segment_name_parse("0000000123.asj", &number));
    assert_int_equal(number, 123);
    assert_true(as_segment_name_parse(as_segment_name(UINT64_MAX, name), &number));
    assert_true(number == UINT64_MAX);
    static const char *const bad[] = {"",
                                      ".asj",
                                      "1.asj",
                                      "0000000000.asj",
                                      "0000000001.asj.tmp.1.1",
                                      "+000000001.asj",
                                      "00000000012.asj",
                                      "spare",
                                      "lock",
                                      "0000000001.ASJ"};
    for (size_t i = 0; i < AS_COUNT(bad); i++)
        assert_false(as_segment_name_parse(bad[i], &number));
}

static void test_skipped_numbers_come_back(void **state)
{
    (void)state;
    uint8_t   slot[AS_SLOT_BYTES];
    as_chain  chain = {{0}};
    as_record got, want = record_of(5);
    want.n_skipped = UINT64_MAX - 1;
    as_segment_record_write(&want, &chain, sha, slot);
    assert_true(as_segment_record_parse(slot, &got, NULL));
    assert_true(got.n_skipped == want.n_skipped);
}

static void test_record_comes_back(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= N_USED; i++) {
        as_record want = record_of(i), got;
        as_err    err = AS_ERR_NONE;
        assert_true(as_segment_record_parse(bytes + i * AS_SLOT_BYTES, &got, &err));
        assert_int_equal(got.sequence, want.sequence);
        assert_int_equal(got.trigger_utc, want.trigger_utc);
        assert_int_equal(got.part, want.part);
        assert_int_equal(got.verdict, want.verdict);
        assert_int_equal(got.reason, want.reason);
        assert_memory_equal(&got.score, &want.score, sizeof got.score);
        assert_true(got.class_score == want.class_score);
        assert_string_equal(got.label, want.label);
        assert_string_equal(got.truth, want.truth);
        assert_int_equal(got.latency_ns, want.latency_ns);
        assert_memory_equal(got.stage_ns, want.stage_ns, sizeof got.stage_ns);
        assert_int_equal(got.n_frames, want.n_frames);
        assert_memory_equal(got.model, want.model, sizeof got.model);
        assert_int_equal(got.line_run, want.line_run);
        assert_true(got.n_skipped == want.n_skipped);
        assert_memory_equal(&got.origin, &want.origin, sizeof got.origin);
    }
}

static void test_whole_segment(void **state)
{
    (void)state;
    as_segment_scan s = scan(bytes, sizeof bytes);
    assert_int_equal(s.n_problems, 0);
    assert_int_equal(s.n_records, N_USED);
    assert_int_equal(s.next_sequence, N_USED + 1);
    assert_int_equal(s.next_number, 2);
    as_chain last = as_segment_chain_of(bytes + N_USED * AS_SLOT_BYTES);
    assert_memory_equal(&s.chain, &last, sizeof last);
}

/* The text must name the segment and the record that was hit. */
static void check_place(const as_segment_scan *s, size_t slot)
{
    char here[80];
    snprintf(here, sizeof here, "segment 0000000001.asj, record %zu: ", slot);
    if (slot == 0 ? !as_str_starts(s->text, "segment 0000000001.asj: ") : !as_str_starts(s->text, here))
        fail_msg("slot %zu: '%s'", slot, s->text);
}

static void test_every_flip_is_found(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < sizeof bytes * 8; bit++) {
        size_t slot = bit / 8 / AS_SLOT_BYTES;
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ (1u << bit % 8));
        as_segment_scan s = scan(bytes, sizeof bytes);
        if (s.n_problems == 0)
            fail_msg("a flip of bit %zu of slot %zu is not found", bit % (AS_SLOT_BYTES * 8), slot);
        check_place(&s, slot);
        /* What is not hit is still read; what is hit is not, but for a flip in the chain. */
        bool hits_record = slot >= 1 && slot <= N_USED && bit / 8 % AS_SLOT_BYTES < 240;
        assert_int_equal(s.n_records, hits_record ? N_USED - 1 : N_USED);
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ (1u << bit % 8));
    }
}

static void swap_slots(size_t a, size_t b)
{
    uint8_t keep[AS_SLOT_BYTES];
    memcpy(keep, bytes + a * AS_SLOT_BYTES, sizeof keep);
    memcpy(bytes + a * AS_SLOT_BYTES, bytes + b * AS_SLOT_BYTES, sizeof keep);
    memcpy(bytes + b * AS_SLOT_BYTES, keep, sizeof keep);
}

static void test_reordered_removed_repeated_replaced(void **state)
{
    (void)state;
    swap_slots(4, 5);
    as_segment_scan s = scan(bytes, sizeof bytes);
    assert_string_equal(s.text, "segment 0000000001.asj, record 4: record 5 stands in its place");
    swap_slots(4, 5);

    memset(bytes + 6 * AS_SLOT_BYTES, 0, AS_SLOT_BYTES);
    s = scan(bytes, sizeof bytes);
    assert_string_equal(s.text, "segment 0000000001.asj, record 6: it is missing");
    assert_int_equal(s.n_records, N_USED - 1);
    fill();

    memcpy(bytes + 8 * AS_SLOT_BYTES, bytes + 7 * AS_SLOT_BYTES, AS_SLOT_BYTES);
    s = scan(bytes, sizeof bytes);
    check_place(&s, 8);
    fill();

    /* Another record with a right checksum, made by one who does not renew the chain behind it. */
    as_chain  chain = as_segment_chain_of(bytes + 2 * AS_SLOT_BYTES);
    as_record forged = record_of(3);
    forged.verdict = AS_VERDICT_PASS;
    as_segment_record_write(&forged, &chain, sha, bytes + 3 * AS_SLOT_BYTES);
    s = scan(bytes, sizeof bytes);
    assert_int_equal(s.n_problems, 1);
    check_place(&s, 4);
}

/* The format on the disk does not change unseen: these are the bytes of version 1. */
static void test_bytes_are_those_of_version_1(void **state)
{
    (void)state;
    char      hex[AS_SHA256_HEX_BYTES];
    as_digest digest = as_sha256_of(bytes, sizeof bytes);
    assert_string_equal(as_digest_hex(&digest, hex),
                        "95868668e9f1346603d8bb68b9f1520df8b82c297a9863c597439bab4a96f43e");
    /* Journals of before records had an origin. */
    has_origin = false;
    fill();
    digest = as_sha256_of(bytes, sizeof bytes);
    assert_string_equal(as_digest_hex(&digest, hex),
                        "7c5e8de7f1aa94870cc25b34d84daed014e55b95c8617ee5e3abc6d6f1513162");
    has_origin = true;
    fill();
}

static uint8_t complete[sizeof bytes];

static void read_complete(void *ctx, size_t slot_index, bool is_last, uint8_t *slot)
{
    (void)is_last;
    ++*(int *)ctx;
    memcpy(slot, complete + slot_index * AS_SLOT_BYTES, AS_SLOT_BYTES);
}

/* A reader that looks while a writer is at it: a slot half written at the end, and one that came after its successor. */
static void test_slots_in_the_making_are_read_again(void **state)
{
    (void)state;
    static const size_t slots[] = {N_USED, 5};
    for (size_t i = 0; i < AS_COUNT(slots); i++) {
        int             n_again = 0;
        as_segment_scan s;
        memcpy(complete, bytes, sizeof bytes);
        memset(bytes + slots[i] * AS_SLOT_BYTES + 100, 0, AS_SLOT_BYTES - 100);
        as_segment_scan_init(&s, sha);
        s.again = read_complete;
        s.again_ctx = &n_again;
        as_segment_scan_bytes(&s, 1, bytes, sizeof bytes);
        assert_true(n_again > 0);
        assert_int_equal(s.n_problems, 0);
        assert_int_equal(s.n_records, N_USED);
        assert_true(scan(bytes, sizeof bytes).n_problems > 0);
        fill();
    }
}

static void test_cut_off(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof bytes; n += 61) {
        as_segment_scan s = scan(bytes, n);
        assert_true(s.n_problems > 0);
        assert_true(as_str_starts(s.text, "segment 0000000001.asj"));
    }
}

static void test_wrong_number_sequence_and_version(void **state)
{
    (void)state;
    as_err            err = AS_ERR_NONE;
    as_segment_header header;
    as_segment_scan   s;
    as_segment_scan_init(&s, sha);
    as_segment_scan_bytes(&s, 2, bytes, sizeof bytes);
    assert_string_equal(s.text, "segment 0000000002.asj: its header is that of segment 1");
    assert_true(as_segment_header_parse(bytes, &header, &err));
    assert_int_equal(header.utc, -1);
    header.first_sequence = 5;
    as_segment_header_write(&header, bytes);
    s = scan(bytes, sizeof bytes);
    assert_string_equal(s.text, "segment 0000000001.asj: it begins with record 5, and record 1 comes next");
    bytes[8] = 9;
    uint32_t crc = as_crc32c(0, bytes, 252);
    for (size_t i = 0; i < 4; i++)
        bytes[252 + i] = (uint8_t)(crc >> (8 * i));
    assert_false(as_segment_header_parse(bytes, &header, &err));
    assert_int_equal(err.code, AS_EUNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_record_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_skipped_numbers_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_whole_segment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_flip_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reordered_removed_repeated_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bytes_are_those_of_version_1, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slots_in_the_making_are_read_again, setup, teardown),
        cmocka_unit_test(test_the_note_of_the_end_comes_back),
        cmocka_unit_test_setup_teardown(test_cut_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_number_sequence_and_version, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
