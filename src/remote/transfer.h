/* SPDX-License-Identifier: Apache-2.0 */
/* transfer.h - the bytes of a remote's listings: what a transfer pack holds, and what was erased.
 *
 * Layer:   remote.
 * Threads: pure.
 * Memory:  as_transfer_done and free() of what is returned.
 *
 * packs/HEX.idx, little-endian:
 *   head     0 "ASTPACK1"  8 version u32 = 1  12 objects u32  16 bytes of the pack u64  24 zeros[8]
 *   objects  32: SHA-256[32], bytes u32; so many, each once; together at most AS_REMOTE_PACK_BYTES and one object more
 * packs/HEX.pack: the objects' bytes as they are, in that order, with nothing between. HEX, the SHA-256 of the listing,
 * therefore stands for both: a listing that has this hash says of each byte range which hash it must have.
 * erased/HEX: {"assay_erased":1,"erased":[{"object":SHA-256,"reason":TEXT,"utc":NS},...]}, keys sorted, no blanks.
 */
#ifndef AS_REMOTE_TRANSFER_H
#define AS_REMOTE_TRANSFER_H

#include "base/str.h"
#include "remote/remote.h"

#define AS_TRANSFER_MAX_OBJECTS ((size_t)1 << 18)
#define AS_TRANSFER_MAX_BYTES   ((size_t)32 + AS_TRANSFER_MAX_OBJECTS * 36) /* of a listing */
#define AS_TRANSFER_MAX_STONES  ((size_t)100000)                            /* in one file of erasures */
#define AS_TRANSFER_STONES_MAX  ((size_t)64 << 20)                          /* its bytes */

typedef struct as_transfer_entry {
    as_digest digest;
    uint32_t  n_bytes;
    uint64_t  offset; /* in the pack */
} as_transfer_entry;

typedef struct as_transfer {
    as_digest          name;
    uint64_t           n_bytes; /* of the pack */
    size_t             n;
    as_transfer_entry *at;
} as_transfer;

/* The listing of these objects (offsets are filled in) into out; ret takes over the entries and gets the name. */
AS_CHECK bool as_transfer_write(as_transfer_entry *entries, size_t n, as_str *out, as_transfer *ret, as_err *err);
/* Any bytes; AS_EFORMAT, AS_EUNSUPPORTED. */
AS_CHECK bool as_transfer_parse(const uint8_t *bytes, size_t n, as_transfer *ret, as_err *err);
void          as_transfer_done(as_transfer *transfer);

AS_CHECK bool as_stones_write(const as_remote_stone *stones, size_t n, as_str *out, as_err *err);
/* Any bytes; AS_EFORMAT, AS_EUNSUPPORTED, AS_ELIMIT. */
AS_CHECK bool as_stones_parse(const uint8_t *bytes, size_t n, as_remote_stone **ret, size_t *ret_n, as_err *err);

/* "packs/HEX.idx" and the like: true with the hash, and whether it is the pack. */
AS_CHECK bool as_transfer_name_parse(const char *name, as_digest *ret, bool *ret_is_pack);
char *as_transfer_name(const as_digest *digest, bool is_pack, char name[AS_REMOTE_NAME_BYTES * 2]); /* returns name */

#endif
