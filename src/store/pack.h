/* SPDX-License-Identifier: Apache-2.0 */
/* pack.h - the bytes of one pack file: objects behind each other, only ever added to.
 *
 * Layer:   store.
 * Threads: pure, and positioned reads and writes on a descriptor that any number of threads may share.
 * Memory:  none is kept; as_pack_scan and as_pack_hash hold one buffer while they run.
 *
 * objects/packs/NNNNNN.pack (000001 on, never used twice), little-endian, everything on a multiple of 64 bytes:
 *   head    two times the same 64 bytes, at 0 and at 64: one bad place does not take the pack
 *           0 "ASPACK1\n"  8 version u32 = 1  12 zero u32  16 number u64  24 salt[16]  40 made utc i64  48 zeros
 *           60 CRC-32C u32 of bytes 0 to 59
 *   record  64 bytes, the object's bytes as they are, zeros up to a multiple of 64
 *           0 "ASRC"  4 kind u32  8 bytes u64 (at most AS_STORE_MAX_OBJECT_BYTES)  16 SHA-256[32]  48 value u64
 *           56 CRC-32C u32 of the bytes (TOMBSTONE; 0 in others, whose bytes the SHA-256 protects)
 *           60 CRC-32C u32 of salt, the record's offset as u64 and its bytes 0 to 59: what lies inside an object never
 *           looks like a record of the pack around it
 *   kinds   1 OBJECT     whole when it has this kind: the head gets it after the bytes are there
 *           2 PENDING    is being written, or its writer was killed
 *           3 VOID       nothing: a write that failed, or a second copy
 *           4 ERASED     an object whose bytes were overwritten with zeros; value: when (utc)
 *           5 TOMBSTONE  the object of this SHA-256 was erased; value: when (utc); bytes: why, one line
 *           6 MARK       no bytes; value: all before this offset was on the disk when it was written
 * At most 2^18 records and, but for the last, AS_PACK_SEAL_BYTES in a pack. A pack with an index (index.h) is sealed:
 * nothing is added to it. What a killed writer leaves after the last MARK is hashed by the next one, and cut off or made
 * VOID where it is not whole; readers pass over it.
 */
#ifndef AS_STORE_PACK_H
#define AS_STORE_PACK_H

#include "store/store.h"

#define AS_PACK_ALIGN       64
#define AS_PACK_HEAD_BYTES  128
#define AS_PACK_SEAL_BYTES  ((uint64_t)256 << 20)
#define AS_PACK_MAX_RECORDS (1u << 18)
#define AS_PACK_MAX_BYTES   ((uint64_t)2 << 30) /* what a file has beyond is not looked at */
#define AS_PACK_MAX_NUMBER  999999u

typedef enum as_pack_kind {
    AS_PACK_NONE,
    AS_PACK_OBJECT,
    AS_PACK_PENDING,
    AS_PACK_VOID,
    AS_PACK_ERASED,
    AS_PACK_TOMBSTONE,
    AS_PACK_MARK,
    AS_PACK_GAP /* never in a file: bytes that are no record */
} as_pack_kind;

typedef struct as_pack_id {
    uint64_t number;
    uint8_t  salt[16];
} as_pack_id;

typedef struct as_pack_record {
    as_pack_kind kind;
    uint64_t     offset, n_bytes; /* of its head; of what follows it */
    as_digest    digest;
    uint64_t     value;
    uint32_t     crc;
} as_pack_record;

uint64_t      as_pack_room(uint64_t n_bytes);            /* head, bytes and zeros of a record */
uint64_t      as_pack_end(const as_pack_record *record); /* where the next one begins */
char         *as_pack_path(const char *dir, uint64_t number, const char *ending, char *path); /* [AS_FS_PATH_BYTES] */
AS_CHECK bool as_pack_name_parse(const char *name, const char *ending, uint64_t *ret_number);

void as_pack_head_write(const as_pack_id *id, as_ns utc, uint8_t *head); /* head[AS_PACK_HEAD_BYTES] */
/* *ret_whole: both copies are. AS_ECORRUPT when none is, or they are of another number; AS_EUNSUPPORTED. */
AS_CHECK bool as_pack_head_parse(const uint8_t *head, uint64_t number, as_pack_id *ret, bool *ret_whole, as_err *err);

void          as_pack_record_write(const as_pack_id *id, const as_pack_record *record, uint8_t *slot); /* slot[64] */
AS_CHECK bool as_pack_record_parse(const as_pack_id *id, uint64_t offset, const uint8_t *slot, as_pack_record *ret);

/* These return 0 or an errno value. At the end of the file as_pack_read reads less than n. */
int as_pack_read(int fd, void *bytes, size_t n, uint64_t offset, size_t *ret_n);
int as_pack_write(int fd, const as_pack_id *id, const as_pack_record *record, const void *bytes); /* at its offset */
/* The same of bytes that come in pieces. What they say themselves, and AS_EINTERNAL when they are not the record's, is in err;
 * an errno value then, too. */
int as_pack_write_pieces(int fd, const as_pack_id *id, const as_pack_record *record, const as_store_pieces *pieces,
                         as_err *err);
int as_pack_rewrite(int fd, const as_pack_id *id, const as_pack_record *record, as_pack_kind kind, uint64_t value);
int as_pack_wipe(int fd, const as_pack_record *record); /* zeros over its bytes, on the disk, then a hole */
/* SHA-256 of the record's bytes, read in pieces. EBADMSG: the file ends before. */
int as_pack_hash(int fd, const as_pack_record *record, uint8_t *buffer, size_t buffer_bytes, as_sha256 *sha,
                 as_digest *ret);

typedef struct as_pack_span {
    uint64_t end;     /* of the last record */
    uint64_t durable; /* what the last MARK says */
    uint64_t size;    /* of the file */
} as_pack_span;

/* Any bytes: visits every record from `from` (AS_PACK_HEAD_BYTES, or the offset of a record) on, and what lies between as
 * GAP. visit returns false to stop. An OBJECT may be cut short: its as_pack_end() is behind ret->size then. */
AS_CHECK bool as_pack_scan(int fd, const as_pack_id *id, uint64_t from,
                           bool (*visit)(void *ctx, const as_pack_record *record), void *ctx, as_pack_span *ret,
                           as_err *err);

#endif
