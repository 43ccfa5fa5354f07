/* SPDX-License-Identifier: Apache-2.0 */
/* bytes.h - little-endian numbers at any address, for file formats.
 *
 * Layer:   base.
 * Threads: any thread.
 * Memory:  the caller's: 4 or 8 bytes at `at`.
 */
#ifndef AS_BASE_BYTES_H
#define AS_BASE_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline void as_bytes_put32(uint8_t *at, uint32_t value)
{
    value = htole32(value);
    memcpy(at, &value, sizeof value);
}

static inline void as_bytes_put64(uint8_t *at, uint64_t value)
{
    value = htole64(value);
    memcpy(at, &value, sizeof value);
}

static inline uint32_t as_bytes_get32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return le32toh(value);
}

static inline uint64_t as_bytes_get64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

#endif
