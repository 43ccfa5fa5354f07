/* SPDX-License-Identifier: Apache-2.0 */
/* segment.h - the bytes of a journal's segment, without files; for this folder and its tests.
 *
 * Layer:   journal.
 * Threads: pure, but for the as_sha256 that is passed in.
 * Memory:  none.
 *
 * A segment is slots of 256 bytes, little-endian. Slot 0 is the header, the others hold one record each or zeros.
 *   header  0 "ASJOURN\n"   8 version u32  12 records u32  16 number u64  24 first sequence u64  32 made utc i64
 *           40 chain[16] before the first record   56 zeros   252 CRC-32C u32 of bytes 0 to 251
 *   record  0 sequence u64  8 trigger utc i64  16 part u64  24 verdict u8  25 reason u8  26 zero u16  28 frames u32
 *           32 score f32  36 class score f32  40 label[32]  72 truth[32]  104 latency i64  112 stages i64[4]
 *           144 model[16]  160 line run u32  164 skipped u64  172 origin[16]  188 zeros
 *           236 CRC-32C u32 of bytes 0 to 235
 *           240 chain[16]: the first bytes of SHA-256(chain before, bytes 0 to 239)
 * A segment that begins with a sequence an earlier one has already takes its place from there on: the disk had failed to
 * keep what was written to the earlier one. An empty slot among the last AS_SEGMENT_UNSYNCED, behind what `head` notes, is
 * the end: the power went before the disk had it, though it had some of what came after. Beside the segments, one slot in a file of its own says how far they go:
 *   head    0 "ASJHEAD\n"   8 version u32  12 line run u32  16 sequence of the last record u64  24 written utc i64
 *           32 chain[16] of that record   48 zeros   252 CRC-32C u32 of bytes 0 to 251
 */
#ifndef AS_JOURNAL_SEGMENT_H
#define AS_JOURNAL_SEGMENT_H

#include "journal/journal.h"

#define AS_SLOT_BYTES             256
#define AS_SEGMENT_RECORDS        16384
#define AS_SEGMENT_UNSYNCED       1024       /* records that may wait to be kept by the disk: 256 KiB */
#define AS_SEGMENT_MAX_RECORDS    (1u << 20) /* a header that claims more is not one */
#define AS_SEGMENT_BYTES(records) (((size_t)(records) + 1) * AS_SLOT_BYTES)
#define AS_SEGMENT_NAME_BYTES     32

typedef struct as_chain {
    uint8_t b[16];
} as_chain;

typedef struct as_segment_header {
    uint64_t number, first_sequence;
    uint32_t n_records; /* that fit */
    as_ns    utc;
    as_chain chain;
} as_segment_header;

/* There were records to this one at least: what is cut off at the end of the last segment shows. */
typedef struct as_journal_head {
    uint64_t sequence; /* 0: nothing is known */
    uint32_t line_run;
    as_ns    utc;
    as_chain chain;
} as_journal_head;

char         *as_segment_name(uint64_t number, char *name); /* "0000000001.asj" into name[AS_SEGMENT_NAME_BYTES] */
AS_CHECK bool as_segment_name_parse(const char *name, uint64_t *ret_number);

void          as_segment_header_write(const as_segment_header *header, uint8_t *slot);
AS_CHECK bool as_segment_header_parse(const uint8_t *slot, as_segment_header *ret, as_err *err); /* AS_ECORRUPT */

void          as_journal_head_write(const as_journal_head *head, uint8_t *slot);
AS_CHECK bool as_journal_head_parse(const uint8_t *bytes, size_t n, as_journal_head *ret,
                                    as_err *err); /* AS_ECORRUPT */

/* *chain is that before the record, and then that after it. */
void          as_segment_record_write(const as_record *record, as_chain *chain, as_sha256 *sha, uint8_t *slot);
AS_CHECK bool as_segment_record_parse(const uint8_t *slot, as_record *ret, as_err *err); /* AS_ECORRUPT */
bool          as_segment_chain_holds(const uint8_t *slot, const as_chain *before, as_sha256 *sha);
as_chain      as_segment_chain_of(const uint8_t *slot); /* as it stands there */
bool          as_segment_is_empty(const uint8_t *slot);

/* What a reader carries from segment to segment. */
typedef struct as_segment_scan {
    as_chain   chain;
    uint64_t   next_sequence, next_number;
    uint64_t   n_records, n_problems;
    as_sha256 *sha;
    bool (*visit)(void *ctx, const as_record *record); /* may be NULL; false stops */
    void           *ctx;
    bool            stopped;
    uint64_t        limit;     /* sequence from which on another segment holds this one's records; UINT64_MAX: none */
    as_journal_head head;      /* what is said of the end */
    bool            is_last;   /* nothing comes after this segment */
    char            text[200]; /* of the first problem */
    /* Reads a slot again: a writer may have been at it, or be at it still where is_last. May be NULL. */
    void (*again)(void *ctx, size_t slot_index, bool is_last, uint8_t *slot);
    void *again_ctx;
} as_segment_scan;

void as_segment_scan_init(as_segment_scan *scan, as_sha256 *sha);
/* Any bytes. Goes on after damage, with the records that are whole. */
void as_segment_scan_bytes(as_segment_scan *scan, uint64_t number, const uint8_t *bytes, size_t n);
/* After the last segment. */
void as_segment_scan_finish(as_segment_scan *scan);
void as_segment_scan_problem(as_segment_scan *scan, const char *fmt, ...) AS_PRINTF(2, 3);

#endif
