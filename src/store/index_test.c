/* SPDX-License-Identifier: Apache-2.0 */
#include "store/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/rng.h"

static const as_pack_id id = {.number = 5, .salt = {9, 8, 7}};
static char             folder[] = "/tmp/assay-index-XXXXXX";
static char             path[64];

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/000005.idx", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

/* Even as hashes are, or all alike, or all in one bucket: the search must not depend on it. */
static as_index_entry *make_entries(size_t n, int kind)
{
    as_rng          rng = as_rng_stream(1, (uint64_t)kind);
    as_index_entry *entries = calloc(n + 1, sizeof *entries);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < AS_SHA256_BYTES; k++)
            entries[i].digest.b[k] = (uint8_t)as_rng_u64(&rng);
        if (kind == 1)
            memset(entries[i].digest.b, 0x42, 28);
        if (kind == 2)
            entries[i].digest.b[0] = 0xff;
        entries[i].slot = (uint32_t)i + 2;
        entries[i].n_bytes = (uint32_t)i * 3;
    }
    return entries;
}

static void test_find(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 300, 5000};
    for (size_t s = 0; s < AS_COUNT(sizes); s++)
        for (int kind = 0; kind < 3; kind++) {
            as_err          err = AS_ERR_NONE;
            const size_t    n = sizes[s];
            as_index_entry *entries = make_entries(n, kind), *sorted = make_entries(n, kind), got;
            assert_true(as_index_write(path, &id, 12345, sorted, n, &err));
            as_index *index = as_index_open(path, 5, &err);
            assert_non_null(index);
            assert_int_equal(as_index_count(index), n);
            assert_int_equal(as_index_pack_bytes(index), 12345);
            assert_memory_equal(as_index_id(index)->salt, id.salt, sizeof id.salt);
            assert_true(as_index_check(index));
            for (size_t i = 0; i < n; i++) {
                assert_int_equal(as_index_find(index, &entries[i].digest, &got), AS_INDEX_YES);
                assert_int_equal(got.slot, entries[i].slot);
                assert_int_equal(got.n_bytes, entries[i].n_bytes);
                assert_memory_equal(&sorted[as_index_lower(index, &got.digest)].digest, &got.digest, AS_SHA256_BYTES);
                as_digest other = entries[i].digest;
                other.b[31] ^= 0x80;
                other.b[30] ^= 0x55;
                assert_int_equal(as_index_find(index, &other, &got), AS_INDEX_NO);
            }
            as_index_close(index);
            free(sorted);
            free(entries);
        }
    assert_null(as_index_close(NULL));
}

static void test_damage(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    uint8_t        *bytes;
    size_t          n;
    as_index_entry *entries = make_entries(600, 0), got;
    assert_true(as_index_write(path, &id, 1, entries, 600, &err));
    assert_true(as_fs_read(path, 1 << 20, &bytes, &n, &err));
    assert_int_equal(n, 2112 + 600 * 40);
    assert_null(as_index_parse(bytes, n, 6, &err));
    assert_int_equal(err.code, AS_ECORRUPT);
    assert_null(as_index_parse(bytes, n - 1, 5, NULL));
    assert_null(as_index_parse(bytes, 0, 5, NULL));
    for (size_t at = 0; at < n; at++) {
        bytes[at] ^= 0x10;
        as_index *index = as_index_parse(bytes, n, 5, &err);
        if (at < 52 || at >= 60)
            assert_true(!index || !as_index_check(index));
        /* The damaged bucket says so, and the others answer. */
        for (size_t i = 0; index && at >= 2112 && i < 600; i += 31) {
            bool            same = (at - 2112) / 40 == i;
            as_index_answer answer = as_index_find(index, &entries[i].digest, &got);
            assert_true(answer == AS_INDEX_DAMAGED || (answer == AS_INDEX_YES && !same));
        }
        as_index_close(index);
        bytes[at] ^= 0x10;
    }
    err = (as_err)AS_ERR_NONE;
    assert_true(as_fs_remove(path, &err));
    assert_null(as_index_open(path, 5, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    free(bytes);
    free(entries);
}

static void test_table(void **state)
{
    (void)state;
    as_table        table = {.n_slots = 0};
    as_index_entry *entries = make_entries(3000, 0), got, lost;
    assert_false(as_table_find(&table, &entries[0].digest, &got));
    for (size_t i = 0; i < 3000; i++)
        assert_int_equal(as_table_add(&table, &entries[i], &lost), AS_TABLE_ADDED);
    for (size_t i = 0; i < 3000; i++) {
        assert_true(as_table_find(&table, &entries[i].digest, &got));
        assert_int_equal(got.slot, entries[i].slot);
        assert_int_equal(as_table_add(&table, &entries[i], &lost), AS_TABLE_SAME);
    }
    as_index_entry again = entries[7];
    again.slot = 100000;
    assert_int_equal(as_table_add(&table, &again, &lost), AS_TABLE_TOOK);
    assert_int_equal(lost.slot, entries[7].slot);
    assert_int_equal(as_table_add(&table, &entries[7], &lost), AS_TABLE_LEFT);
    as_index_entry stone = entries[7];
    stone.slot = 1;
    stone.n_bytes |= AS_INDEX_TOMBSTONE;
    assert_int_equal(as_table_add(&table, &stone, &lost), AS_TABLE_TOOK); /* wherever it lies */
    assert_int_equal(as_table_add(&table, &again, &lost), AS_TABLE_LEFT);
    as_table_forget(&table, as_index_offset(&entries[2000]));
    for (size_t i = 0; i < 3000; i++)
        assert_int_equal(as_table_find(&table, &entries[i].digest, &got), i < 2000);
    as_table_done(&table);
    free(entries);
}

/* Asked for thousands that it has not, an index gets a filter: it must not lose one that it has. */
static void test_many_misses(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    const size_t    n = 20000;
    as_rng          rng = as_rng_new(4);
    as_index_entry *entries = make_entries(n, 0), got;
    assert_true(as_index_write(path, &id, 1 << 20, entries, n, &err));
    as_index *index = as_index_open(path, id.number, &err);
    assert_non_null(index);
    for (size_t i = 0; i < 5 * n; i++) {
        as_digest absent;
        for (size_t k = 0; k < AS_SHA256_BYTES; k++)
            absent.b[k] = (uint8_t)as_rng_u64(&rng);
        assert_int_equal(as_index_find(index, &absent, &got), AS_INDEX_NO);
        assert_int_equal(as_index_find(index, &entries[i % n].digest, &got), AS_INDEX_YES);
        assert_int_equal(got.slot, entries[i % n].slot);
    }
    as_index_close(index);
    free(entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_many_misses),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
