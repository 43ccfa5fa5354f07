/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"

static const as_pack_id id = {.number = 7, .salt = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

static void test_head(void **state)
{
    (void)state;
    uint8_t    head[AS_PACK_HEAD_BYTES], bad[AS_PACK_HEAD_BYTES];
    as_pack_id got;
    bool       whole = false;
    as_err     err = AS_ERR_NONE;
    as_pack_head_write(&id, 99, head);
    assert_true(as_pack_head_parse(head, 7, &got, &whole, &err));
    assert_true(whole);
    assert_memory_equal(got.salt, id.salt, sizeof id.salt);
    assert_false(as_pack_head_parse(head, 8, &got, &whole, &err));
    assert_int_equal(err.code, AS_ECORRUPT);
    for (size_t bit = 0; bit < sizeof head * 8; bit++) {
        memcpy(bad, head, sizeof bad);
        bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_true(as_pack_head_parse(bad, 7, &got, &whole, &err)); /* by the other copy */
        assert_false(whole);
        bad[(bit / 8 + 64) % 128] ^= 1;
        assert_false(as_pack_head_parse(bad, 7, &got, &whole, NULL));
    }
    memcpy(bad, head, sizeof bad);
    bad[6] = '2';
    uint32_t crc = as_crc32c(0, bad, 60);
    for (size_t i = 0; i < 4; i++)
        bad[60 + i] = (uint8_t)(crc >> (8 * i));
    memset(bad + 64, 0, 64);
    assert_false(as_pack_head_parse(bad, 7, &got, &whole, &err));
    assert_int_equal(err.code, AS_EUNSUPPORTED);
}

static void test_record(void **state)
{
    (void)state;
    uint8_t        slot[64];
    as_pack_record got, record = {.kind = AS_PACK_TOMBSTONE,
                                  .offset = 6400,
                                  .n_bytes = AS_STORE_MAX_OBJECT_BYTES,
                                  .digest = {{1, 2, 3}},
                                  .value = 0x1122334455667788,
                                  .crc = 0x99aabbcc};
    as_pack_record_write(&id, &record, slot);
    /* To the byte: the kind and the length, little-endian, and the name. */
    assert_memory_equal(slot, "ASRC\5\0\0\0\0\0\0\x40\0\0\0\0\1\2\3\0", 20);
    assert_memory_equal(slot + 48, "\x88\x77\x66\x55\x44\x33\x22\x11\xcc\xbb\xaa\x99", 12);
    assert_true(as_pack_record_parse(&id, 6400, slot, &got));
    assert_memory_equal(&got.digest, &record.digest, sizeof got.digest);
    assert_true(got.kind == record.kind && got.offset == 6400 && got.n_bytes == record.n_bytes &&
                got.value == record.value && got.crc == record.crc);
    for (size_t bit = 0; bit < sizeof slot * 8; bit++) {
        slot[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(as_pack_record_parse(&id, 6400, slot, &got));
        slot[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    /* The same bytes at another place, or in another pack, are no record. */
    as_pack_id other = id;
    other.salt[15]++;
    assert_false(as_pack_record_parse(&id, 6464, slot, &got));
    assert_false(as_pack_record_parse(&other, 6400, slot, &got));
    record.n_bytes++;
    as_pack_record_write(&id, &record, slot);
    assert_false(as_pack_record_parse(&id, 6400, slot, &got));
}

static void test_names(void **state)
{
    (void)state;
    char     path[AS_FS_PATH_BYTES];
    uint64_t number = 3;
    assert_string_equal(as_pack_path("/a/b", 12, ".pack", path), "/a/b/000012.pack");
    assert_true(as_pack_name_parse("000012.pack", ".pack", &number));
    assert_int_equal(number, 12);
    static const char *const bad[] = {"000012.idx",  "00012.pack",          "0000012.pack", "000000.pack",
                                      "+00012.pack", "000012.pack.tmp.1.2", "lock",         ""};
    for (size_t i = 0; i < AS_COUNT(bad); i++)
        assert_false(as_pack_name_parse(bad[i], ".pack", &number));
}

typedef struct seen {
    size_t         n;
    as_pack_record at[32];
} seen;

static bool see(void *ctx, const as_pack_record *record)
{
    seen *s = ctx;
    assert_true(s->n < AS_COUNT(s->at));
    s->at[s->n++] = *record;
    return true;
}

static seen scan(int fd, uint64_t from, as_pack_span *span)
{
    seen   s = {0};
    as_err err = AS_ERR_NONE;
    assert_true(as_pack_scan(fd, &id, from, see, &s, span, &err));
    return s;
}

static uint64_t put(int fd, uint64_t at, as_pack_kind kind, const void *bytes, size_t n, uint64_t value)
{
    as_pack_record record = {
        .kind = kind, .offset = at, .n_bytes = n, .digest = as_sha256_of(bytes, n), .value = value};
    assert_int_equal(as_pack_write(fd, &id, &record, bytes), 0);
    return as_pack_end(&record);
}

static void test_scan(void **state)
{
    (void)state;
    static uint8_t big[200000];
    uint8_t        head[AS_PACK_HEAD_BYTES];
    as_pack_span   span;
    int            fd = memfd_create("pack", MFD_CLOEXEC);
    as_pack_head_write(&id, 1, head);
    assert_int_equal(pwrite(fd, head, sizeof head, 0), sizeof head);
    assert_int_equal(scan(fd, 128, &span).n, 0);
    assert_int_equal(span.end, 128);
    const uint64_t a = 128, b = put(fd, a, AS_PACK_OBJECT, "abc", 3, 0), c = put(fd, b, AS_PACK_OBJECT, "", 0, 0);
    assert_int_equal(b, 256);
    assert_int_equal(c, 320);
    const uint64_t d = put(fd, c, AS_PACK_OBJECT, big, sizeof big, 0);
    const uint64_t e = put(fd, d, AS_PACK_MARK, "", 0, d), end = put(fd, e, AS_PACK_OBJECT, "last", 4, 0);
    seen           s = scan(fd, 128, &span);
    assert_int_equal(s.n, 5);
    assert_int_equal(span.end, end);
    assert_int_equal(span.size, end);
    assert_int_equal(span.durable, d);
    assert_int_equal(s.at[4].offset, e);
    assert_int_equal(scan(fd, d, &span).n, 2);

    /* A head that is lost is a gap up to the next one. */
    assert_int_equal(pwrite(fd, "x", 1, (off_t)c + 9), 1);
    s = scan(fd, 128, &span);
    assert_int_equal(s.n, 5);
    assert_int_equal(s.at[2].kind, AS_PACK_GAP);
    assert_int_equal(s.at[2].offset, c);
    assert_int_equal(as_pack_end(&s.at[2]), d);
    /* So is what is behind the last. */
    assert_int_equal(ftruncate(fd, (off_t)end + 1000), 0);
    s = scan(fd, 128, &span);
    assert_int_equal(s.at[5].kind, AS_PACK_GAP);
    assert_int_equal(s.at[5].n_bytes, 1000);
    assert_int_equal(span.end, end);
    /* And one that is cut short is told. */
    assert_int_equal(ftruncate(fd, (off_t)end - 64), 0);
    s = scan(fd, 128, &span);
    assert_int_equal(s.at[4].kind, AS_PACK_OBJECT);
    assert_true(as_pack_end(&s.at[4]) > span.size);
    close(fd);
}

/* A pack stored as an object: what is in it must not come to life when the record around it is damaged. */
static void test_pack_in_a_pack(void **state)
{
    (void)state;
    uint8_t      inner[640];
    as_pack_span span;
    int          fd = memfd_create("pack", MFD_CLOEXEC);
    memset(inner, 0, sizeof inner);
    for (size_t at = 0; at + 64 <= sizeof inner; at += 64) {
        as_pack_record record = {.kind = AS_PACK_OBJECT, .offset = at};
        as_pack_record_write(&id, &record, inner + at);
    }
    put(fd, 128, AS_PACK_OBJECT, inner, sizeof inner, 0);
    assert_int_equal(pwrite(fd, "x", 1, 128), 1);
    seen s = scan(fd, 128, &span);
    assert_int_equal(s.n, 1);
    assert_int_equal(s.at[0].kind, AS_PACK_GAP);
    close(fd);
}

static void test_hash_and_wipe(void **state)
{
    (void)state;
    static uint8_t bytes[100000];
    uint8_t        buffer[1000];
    as_err         err = AS_ERR_NONE;
    as_sha256     *sha = as_sha256_new(&err);
    int            fd = memfd_create("pack", MFD_CLOEXEC);
    memset(bytes, 'q', sizeof bytes);
    const uint64_t end = put(fd, 128, AS_PACK_OBJECT, bytes, sizeof bytes, 0);
    put(fd, end, AS_PACK_OBJECT, "next", 4, 0);
    as_pack_record record = {.offset = 128, .n_bytes = sizeof bytes};
    as_digest      digest, want = as_sha256_of(bytes, sizeof bytes);
    assert_int_equal(as_pack_hash(fd, &record, buffer, sizeof buffer, sha, &digest), 0);
    assert_true(as_digest_equal(&digest, &want));
    assert_int_equal(as_pack_wipe(fd, &record), 0);
    for (uint64_t at = 192; at < end; at += sizeof buffer) {
        size_t n;
        assert_int_equal(as_pack_read(fd, buffer, (size_t)AS_MIN(sizeof buffer, end - at), at, &n), 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(buffer[i], 0);
    }
    as_pack_span span;
    assert_int_equal(scan(fd, 128, &span).n, 2);
    record.n_bytes = 10 * sizeof bytes;
    assert_int_not_equal(as_pack_hash(fd, &record, buffer, sizeof buffer, sha, &digest), 0);
    as_sha256_free(sha);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head), cmocka_unit_test(test_record),         cmocka_unit_test(test_names),
        cmocka_unit_test(test_scan), cmocka_unit_test(test_pack_in_a_pack), cmocka_unit_test(test_hash_and_wipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
