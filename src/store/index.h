/* SPDX-License-Identifier: Apache-2.0 */
/* index.h - where the objects of a pack lie: a sorted file for a sealed pack, a table in memory for the open one.
 *
 * Layer:   store.
 * Threads: an as_index may be read by any; an as_table belongs to who holds the store's lock.
 * Memory:  an as_index is a mapping of its file, and 2 bytes an entry once it was asked for what it has not; a table has at most AS_PACK_MAX_RECORDS entries.
 *
 * objects/packs/NNNNNN.idx, little-endian:
 *   head     0 "ASINDEX\n"  8 version u32 = 1  12 entries u32  16 number u64  24 salt[16] of the pack  40 bytes of the pack
 *            u64  48 CRC-32C u32 of fan-out and sums  52 zeros  60 CRC-32C u32 of bytes 0 to 59
 *   fan-out  64: u32[256], entries whose first byte is at most i    sums  1088: u32[256], CRC-32C of the entries whose
 *            first byte is i
 *   entries  2112: SHA-256[32], offset of the record in the pack / 64 u32, bytes u32 (bit 31: a tombstone); strictly
 *            ascending by SHA-256, one for each
 * It says nothing that the pack does not: without it, or when it is damaged, the pack is read instead.
 */
#ifndef AS_STORE_INDEX_H
#define AS_STORE_INDEX_H

#include "base/vec.h"
#include "store/pack.h"

#define AS_INDEX_TOMBSTONE 0x80000000u

typedef struct as_index_entry {
    as_digest digest;
    uint32_t  slot;    /* offset / AS_PACK_ALIGN */
    uint32_t  n_bytes; /* and AS_INDEX_TOMBSTONE */
} as_index_entry;

uint64_t as_index_offset(const as_index_entry *entry);
uint64_t as_index_bytes(const as_index_entry *entry);
bool     as_index_is_tombstone(const as_index_entry *entry);

typedef enum as_index_answer { AS_INDEX_NO, AS_INDEX_YES, AS_INDEX_DAMAGED } as_index_answer;

typedef struct as_index as_index;

/* Sorts entries in place. Whole or absent, and durable. */
AS_CHECK bool as_index_write(const char *path, const as_pack_id *id, uint64_t pack_bytes, as_index_entry *entries,
                             size_t n, as_err *err);

/* NULL: AS_ENOTFOUND, AS_ECORRUPT, AS_EUNSUPPORTED. */
AS_CHECK as_index *as_index_open(const char *path, uint64_t number, as_err *err);
AS_CHECK as_index *as_index_parse(const uint8_t *bytes, size_t n, uint64_t number, as_err *err); /* borrows bytes */
as_index          *as_index_close(as_index *index);

const as_pack_id *as_index_id(const as_index *index);
uint64_t          as_index_pack_bytes(const as_index *index);
size_t            as_index_count(const as_index *index);
as_index_entry    as_index_at(const as_index *index, size_t i);
size_t            as_index_lower(const as_index *index, const as_digest *digest); /* the first that is not before it */
as_index_answer   as_index_find(as_index *index, const as_digest *digest, as_index_entry *ret);
bool              as_index_check(as_index *index); /* every sum, and the order */

typedef struct as_table {
    AS_VEC(as_index_entry) entries;
    uint32_t *slots; /* 0, or 1 + the number of an entry */
    size_t    n_slots;
} as_table;

/* Of two with the same SHA-256 the tombstone stays, else the one that lies further back; *ret_lost is the other one. */
typedef enum as_table_answer {
    AS_TABLE_FULL,
    AS_TABLE_ADDED,
    AS_TABLE_SAME,
    AS_TABLE_TOOK,
    AS_TABLE_LEFT
} as_table_answer;

/* AS_TABLE_FULL: no memory. TOOK: the place of *ret_lost; LEFT: *entry is the one that lost. */
as_table_answer as_table_add(as_table *table, const as_index_entry *entry, as_index_entry *ret_lost);
bool            as_table_find(const as_table *table, const as_digest *digest, as_index_entry *ret);
void            as_table_forget(as_table *table, uint64_t from); /* what lies from this offset on */
void            as_table_done(as_table *table);

#endif
