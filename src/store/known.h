/* SPDX-License-Identifier: Apache-2.0 */
/* known.h - which pictures and parts a run's model was made with: what shows them again proves nothing about it.
 *
 * Layer:   store (may use base/).
 * Threads: immutable once read.
 * Memory:  as_known_done frees.
 *
 * known.bin of a run: "ASKNOWN1", u32 count, u32 CRC-32C of what follows, both little-endian; then so many origins of 16
 * bytes, strictly ascending.
 */
#ifndef AS_STORE_KNOWN_H
#define AS_STORE_KNOWN_H

#include "base/hash.h"
#include "store/run.h"

#define AS_KNOWN_MAX ((size_t)20 * 1000 * 1000)

typedef struct as_known {
    as_origin *at;
    size_t     n;
} as_known;

/* Sorts origins in place; those that are zero or twice there are left out. AS_ELIMIT beyond AS_KNOWN_MAX. */
AS_CHECK bool as_known_write(const as_run *run, as_origin *origins, size_t n, as_err *err);

/* AS_ENOTFOUND for a run that has no such file, AS_ECORRUPT. */
AS_CHECK bool as_known_read(const as_run *run, as_known *ret, as_err *err);
AS_CHECK bool as_known_parse(const uint8_t *bytes, size_t n, as_known *ret, as_err *err);
bool          as_known_has(const as_known *known, const as_origin *origin);
void          as_known_done(as_known *known);

#endif
