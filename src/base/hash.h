/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h - SHA-256 (FIPS 180-4, by libcrypto) and CRC-32C (RFC 3720, appendix B.4).
 *
 * Layer:   base.
 * Threads: an as_sha256 belongs to one thread; the rest is pure.
 * Memory:  as_sha256_new/free. Should libcrypto ever refuse (no memory), the digest is all zero: as_digest_is_zero().
 */
#ifndef AS_BASE_HASH_H
#define AS_BASE_HASH_H

#include "base/err.h"

#define AS_SHA256_BYTES     32
#define AS_SHA256_HEX_BYTES 65 /* with the zero byte */

typedef struct as_digest {
    uint8_t b[AS_SHA256_BYTES];
} as_digest;

/* What names a picture, or a part of an emulated camera, wherever it is seen again: the first bytes of a SHA-256. All zero
 * where this cannot be told. */
typedef struct as_origin {
    uint8_t b[16];
} as_origin;

as_origin as_origin_of(const as_digest *digest);
bool      as_origin_is_zero(const as_origin *origin);

typedef struct as_sha256 as_sha256;

AS_CHECK as_sha256 *as_sha256_new(as_err *err);
void                as_sha256_add(as_sha256 *sha, const void *bytes, size_t n);
as_digest           as_sha256_end(as_sha256 *sha); /* and is ready for the next message */
as_sha256          *as_sha256_free(as_sha256 *sha);

as_digest     as_sha256_of(const void *bytes, size_t n);
char         *as_digest_hex(const as_digest *digest, char *hex); /* hex[AS_SHA256_HEX_BYTES], lower case; returns hex */
AS_CHECK bool as_digest_parse(const char *hex, as_digest *ret);  /* exactly 64 hex digits */
bool          as_digest_equal(const as_digest *a, const as_digest *b);
bool          as_digest_is_zero(const as_digest *a);

uint32_t as_crc32c(uint32_t crc, const void *bytes, size_t n);       /* start with 0; SSE 4.2 where there is */
uint32_t as_crc32c_plain(uint32_t crc, const void *bytes, size_t n); /* the same by table, on any processor */

#endif
