/* SPDX-License-Identifier: Apache-2.0 */
#define OPENSSL_SUPPRESS_DEPRECATED /* EVP allocates at each start of a message; these do not */
#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#include "base/isa.h"

struct as_sha256 {
    SHA256_CTX ctx;
};

static pthread_once_t hash_once = PTHREAD_ONCE_INIT;
static EVP_MD        *hash_sha256; /* fetched once: looking it up costs more than hashing a few hundred bytes */
static uint32_t       hash_crc_table[256];
static bool           hash_has_crc;

static void hash_init(void)
{
    hash_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? (c >> 1) ^ 0x82f63b78U : c >> 1; /* the polynomial, bits reversed */
        hash_crc_table[i] = c;
    }
#if defined(__x86_64__)
    hash_has_crc = as_isa_may(AS_ISA_SSE42);
#endif
}

as_sha256 *as_sha256_new(as_err *err)
{
    as_sha256 *sha = calloc(1, sizeof *sha);
    if (sha && SHA256_Init(&sha->ctx) == 1)
        return sha;
    AS_FAIL(err, AS_ENOMEM, "cannot start a SHA-256: not enough memory");
    return as_sha256_free(sha);
}

void as_sha256_add(as_sha256 *sha, const void *bytes, size_t n)
{
    if (n)
        SHA256_Update(&sha->ctx, bytes, n);
}

as_digest as_sha256_end(as_sha256 *sha)
{
    as_digest digest = {0};
    SHA256_Final(digest.b, &sha->ctx);
    SHA256_Init(&sha->ctx);
    return digest;
}

as_sha256 *as_sha256_free(as_sha256 *sha)
{
    free(sha);
    return NULL;
}

as_digest as_sha256_of(const void *bytes, size_t n)
{
    as_digest digest = {0};
    pthread_once(&hash_once, hash_init);
    if (!hash_sha256 || EVP_Digest(n ? bytes : "", n, digest.b, NULL, hash_sha256, NULL) != 1)
        return (as_digest){0};
    return digest;
}

char *as_digest_hex(const as_digest *digest, char *hex)
{
    for (size_t i = 0; i < sizeof digest->b; i++) {
        hex[2 * i] = "0123456789abcdef"[digest->b[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[digest->b[i] & 15];
    }
    hex[AS_SHA256_HEX_BYTES - 1] = '\0';
    return hex;
}

static int hash_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool as_digest_parse(const char *hex, as_digest *ret)
{
    as_digest digest;
    if (strnlen(hex, AS_SHA256_HEX_BYTES) != AS_SHA256_HEX_BYTES - 1)
        return false;
    for (size_t i = 0; i < sizeof digest.b; i++) {
        int high = hash_hex_digit(hex[2 * i]), low = hash_hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        digest.b[i] = (uint8_t)(high * 16 + low);
    }
    *ret = digest;
    return true;
}

bool as_digest_equal(const as_digest *a, const as_digest *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

bool as_digest_is_zero(const as_digest *a)
{
    static const as_digest zero;
    return as_digest_equal(a, &zero);
}

static uint32_t hash_crc_by_table(uint32_t crc, const uint8_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        crc = hash_crc_table[(crc ^ b[i]) & 0xff] ^ (crc >> 8);
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t hash_crc_by_sse(uint32_t crc, const uint8_t *b, size_t n)
{
    uint64_t wide = crc;
    for (; n >= 8; b += 8, n -= 8) {
        uint64_t word;
        memcpy(&word, b, sizeof word);
        wide = _mm_crc32_u64(wide, word);
    }
    crc = (uint32_t)wide;
    for (; n; b++, n--)
        crc = _mm_crc32_u8(crc, *b);
    return crc;
}
#else
static uint32_t hash_crc_by_sse(uint32_t crc, const uint8_t *b, size_t n)
{
    return hash_crc_by_table(crc, b, n);
}
#endif

uint32_t as_crc32c(uint32_t crc, const void *bytes, size_t n)
{
    pthread_once(&hash_once, hash_init);
    return ~(hash_has_crc ? hash_crc_by_sse : hash_crc_by_table)(~crc, bytes, n);
}

uint32_t as_crc32c_plain(uint32_t crc, const void *bytes, size_t n)
{
    pthread_once(&hash_once, hash_init);
    return ~hash_crc_by_table(~crc, bytes, n);
}

as_origin as_origin_of(const as_digest *digest)
{
    as_origin origin;
    memcpy(origin.b, digest->b, sizeof origin.b);
    return origin;
}

bool as_origin_is_zero(const as_origin *origin)
{
    return origin->b[0] == 0 && memcmp(origin->b, origin->b + 1, sizeof origin->b - 1) == 0;
}
