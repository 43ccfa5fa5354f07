/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "remote/digests.h"
#include "remote/transfer.h"

static as_digest number(unsigned i)
{
    return as_sha256_of(&i, sizeof i);
}

static void test_listing(void **state)
{
    (void)state;
    as_err            err = AS_ERR_NONE;
    as_str            out;
    as_transfer       made, read;
    as_transfer_entry entries[3] = {
        {.digest = number(1), .n_bytes = 5}, {.digest = number(2)}, {.digest = number(3), .n_bytes = 1u << 30}};
    char      name[AS_REMOTE_NAME_BYTES * 2];
    bool      is_pack;
    as_digest digest;
    as_str_init(&out);
    assert_true(as_transfer_write(entries, 3, &out, &made, &err));
    assert_int_equal(made.n_bytes, (1ull << 30) + 5);
    assert_true(as_transfer_parse((const uint8_t *)out.s, out.len, &read, &err));
    assert_true(as_digest_equal(&made.name, &read.name));
    assert_int_equal(read.n, 3);
    assert_int_equal(read.at[2].offset, 5);
    assert_true(as_digest_equal(&read.at[2].digest, &entries[2].digest));
    as_transfer_done(&read);
    /* Any bit of it gives another name, or none. */
    for (size_t i = 0; i < out.len * 8; i++) {
        out.s[i / 8] = (char)(out.s[i / 8] ^ (1 << i % 8));
        if (as_transfer_parse((const uint8_t *)out.s, out.len, &read, &err)) {
            assert_false(as_digest_equal(&made.name, &read.name));
            as_transfer_done(&read);
        }
        out.s[i / 8] = (char)(out.s[i / 8] ^ (1 << i % 8));
    }
    for (size_t n = 0; n < out.len; n++)
        assert_false(as_transfer_parse((const uint8_t *)out.s, n, &read, &err));
    as_str_done(&out);
    assert_true(as_transfer_name_parse(as_transfer_name(&made.name, true, name), &digest, &is_pack));
    assert_true(is_pack && as_digest_equal(&digest, &made.name));
    assert_true(as_transfer_name_parse(as_transfer_name(&made.name, false, name), &digest, &is_pack));
    assert_false(is_pack);
    static const char *const wrong[] = {"packs/", "packs/abc.pack", "refs/data/main", "packs/..idx"};
    for (size_t i = 0; i < AS_COUNT(wrong); i++)
        assert_false(as_transfer_name_parse(wrong[i], &digest, &is_pack));
}

/* Packs are read whole when something is erased in them: what no push makes is refused before. */
static void test_listing_bounds(void **state)
{
    (void)state;
    as_err            err = AS_ERR_NONE;
    as_str            out;
    as_transfer       made, read;
    as_transfer_entry entries[3] = {{.digest = number(1), .n_bytes = 1u << 30}, {.digest = number(2), .n_bytes = 9}};
    as_str_init(&out);
    assert_true(as_transfer_write(entries, 2, &out, &made, &err));
    assert_true(as_transfer_parse((const uint8_t *)out.s, out.len, &read, &err));
    as_transfer_done(&read);
    entries[2] = (as_transfer_entry){.digest = number(1), .n_bytes = 5}; /* twice */
    assert_true(as_transfer_write(entries, 3, &out, &made, &err));
    assert_false(as_transfer_parse((const uint8_t *)out.s, out.len, &read, &err));
    assert_int_equal(err.code, AS_EFORMAT);
    assert_non_null(strstr(err.text, "twice"));
    entries[2] = (as_transfer_entry){.digest = number(3), .n_bytes = 1u << 30};
    assert_true(as_transfer_write(entries, 3, &out, &made, &err));
    assert_false(as_transfer_parse((const uint8_t *)out.s, out.len, &read, &err));
    assert_int_equal(err.code, AS_EFORMAT);
    assert_non_null(strstr(err.text, "more than any"));
    as_str_done(&out);
}

static void test_stones(void **state)
{
    (void)state;
    as_err           err = AS_ERR_NONE;
    as_str           out;
    as_remote_stone  stones[2] = {{.digest = number(1), .stone = {.utc = 1700000000123456789, .reason = "asked"}},
                                  {.digest = number(2), .stone = {.utc = 0, .reason = "\xc3\xa4 \"quoted\""}}};
    as_remote_stone *read;
    size_t           n;
    as_str_init(&out);
    assert_true(as_stones_write(stones, 2, &out, &err));
    assert_true(as_stones_parse((const uint8_t *)out.s, out.len, &read, &n, &err));
    assert_int_equal(n, 2);
    assert_memory_equal(read, stones, sizeof stones);
    free(read);
    as_str_done(&out);
    static const char *const wrong[] = {
        "",
        "[]",
        "{}",
        "{\"assay_erased\":2,\"erased\":[]}",
        "{\"assay_erased\":1}",
        "{\"assay_erased\":1,\"erased\":[{\"object\":\"ab\",\"reason\":\"x\",\"utc\":1}]}",
        "{\"assay_erased\":1,\"erased\":[{\"object\":"
        "\"0000000000000000000000000000000000000000000000000000000000000000\",\"reason\":\"\",\"utc\":1}]}",
        "{\"assay_erased\":1,\"erased\":[{\"object\":"
        "\"0000000000000000000000000000000000000000000000000000000000000000\",\"reason\":\"a\\nb\",\"utc\":1}]}",
        "{\"assay_erased\":1,\"erased\":[{\"object\":"
        "\"0000000000000000000000000000000000000000000000000000000000000000\",\"reason\":\"a\",\"utc\":-1}]}"};
    for (size_t i = 0; i < AS_COUNT(wrong); i++)
        assert_false(as_stones_parse((const uint8_t *)wrong[i], strlen(wrong[i]), &read, &n, &err));
}

static void test_digests(void **state)
{
    (void)state;
    as_digests set = {.n_slots = 0};
    as_digest  digest = number(0);
    size_t     at;
    bool       is_new;
    assert_false(as_digests_find(&set, &digest, NULL));
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 100000; i++) {
            digest = number(i);
            assert_true(as_digests_add(&set, &digest, &at, &is_new));
            assert_int_equal(at, i);
            assert_int_equal(is_new, round == 0);
        }
    }
    assert_int_equal(set.all.n, 100000);
    for (unsigned i = 0; i < 200000; i++) {
        digest = number(i);
        assert_int_equal(as_digests_find(&set, &digest, &at), i < 100000);
        assert_true(i >= 100000 || at == i);
    }
    as_digests_done(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listing),
        cmocka_unit_test(test_listing_bounds),
        cmocka_unit_test(test_stones),
        cmocka_unit_test(test_digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
