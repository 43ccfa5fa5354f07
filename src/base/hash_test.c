/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MILLION ((size_t)1000000)

static void check_sha(const void *bytes, size_t n, const char *want)
{
    char      hex[AS_SHA256_HEX_BYTES];
    as_digest digest = as_sha256_of(bytes, n);
    assert_string_equal(as_digest_hex(&digest, hex), want);
}

/* FIPS 180-4 examples (csrc.nist.gov, SHA256.pdf) */
static void test_sha_vectors(void **state)
{
    (void)state;
    check_sha("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_sha("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_sha(NULL, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_sha("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    char *a = malloc(MILLION);
    assert_non_null(a);
    memset(a, 'a', MILLION);
    check_sha(a, MILLION, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(a);
}

static void test_sha_in_pieces(void **state)
{
    (void)state;
    uint8_t bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    as_digest  whole = as_sha256_of(bytes, sizeof bytes);
    as_err     err = AS_ERR_NONE;
    as_sha256 *sha = as_sha256_new(&err);
    assert_non_null(sha);
    for (size_t piece = 1; piece < 200; piece += 13) { /* the object is ready again after each end */
        for (size_t at = 0; at < sizeof bytes; at += piece)
            as_sha256_add(sha, bytes + at, AS_MIN(piece, sizeof bytes - at));
        as_digest digest = as_sha256_end(sha);
        assert_true(as_digest_equal(&digest, &whole));
    }
    assert_null(as_sha256_free(sha));
    assert_null(as_sha256_free(NULL));
}

static void test_digest_text(void **state)
{
    (void)state;
    as_digest   digest = as_sha256_of("x", 1), back = {0};
    char        hex[AS_SHA256_HEX_BYTES];
    const char *upper = "2D711642B726B04401627CA9FBAC32F5C8530FB1903CC4DB02258717921A4881";
    assert_true(as_digest_is_zero(&back));
    assert_true(as_digest_parse(as_digest_hex(&digest, hex), &back));
    assert_true(as_digest_equal(&digest, &back));
    assert_true(as_digest_parse(upper, &back));
    assert_true(as_digest_equal(&digest, &back));
    as_digest kept = back;
    hex[63] = '\0';
    assert_false(as_digest_parse(hex, &back));
    hex[63] = 'g';
    assert_false(as_digest_parse(hex, &back));
    assert_false(as_digest_parse("", &back));
    assert_false(as_digest_parse("2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a48810", &back));
    assert_true(as_digest_equal(&kept, &back));
    assert_false(as_digest_is_zero(&back));
    back.b[31] ^= 1;
    assert_false(as_digest_equal(&kept, &back));
}

/* RFC 3720, appendix B.4 */
static void test_crc_vectors(void **state)
{
    (void)state;
    uint8_t b[32] = {0};
    assert_int_equal(as_crc32c(0, b, 32), 0x8a9136aa);
    memset(b, 0xff, 32);
    assert_int_equal(as_crc32c(0, b, 32), 0x62a8ab43);
    for (size_t i = 0; i < 32; i++)
        b[i] = (uint8_t)i;
    assert_int_equal(as_crc32c(0, b, 32), 0x46dd794e);
    for (size_t i = 0; i < 32; i++)
        b[i] = (uint8_t)(31 - i);
    assert_int_equal(as_crc32c(0, b, 32), 0x113fdb5c);
    assert_int_equal(as_crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(as_crc32c(0, NULL, 0), 0);
}

/* Bit by bit, by long division: what both fast forms must agree with at every length and alignment. */
static uint32_t slow_crc(const uint8_t *b, size_t n)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < 8 * n; i++) {
        uint32_t bit = (crc ^ ((uint32_t)b[i / 8] >> (i % 8))) & 1;
        crc = (crc >> 1) ^ (bit ? 0x82f63b78 : 0);
    }
    return ~crc;
}

static void test_crc_lengths(void **state)
{
    (void)state;
    uint8_t b[80];
    for (size_t i = 0; i < sizeof b; i++)
        b[i] = (uint8_t)(i * i + 3);
    for (size_t from = 0; from < 8; from++)
        for (size_t n = 0; from + n <= sizeof b; n++) {
            uint32_t want = slow_crc(b + from, n);
            assert_int_equal(as_crc32c(0, b + from, n), want);
            assert_int_equal(as_crc32c_plain(0, b + from, n), want);
            assert_int_equal(as_crc32c(as_crc32c(0, b + from, n / 3), b + from + n / 3, n - n / 3), want);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha_vectors), cmocka_unit_test(test_sha_in_pieces), cmocka_unit_test(test_digest_text),
        cmocka_unit_test(test_crc_vectors), cmocka_unit_test(test_crc_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
