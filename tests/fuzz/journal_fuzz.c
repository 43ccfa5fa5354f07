/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a segment. When the first byte is odd the checksums are made right first: what is behind them must bear
 * any content too. What is accepted as a record must be written back as the same bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "journal: %s\n", what);
    abort();
}

static void put_crc(uint8_t *slot, size_t at)
{
    uint32_t crc = as_crc32c(0, slot, at);
    for (size_t i = 0; i < 4; i++)
        slot[at + i] = (uint8_t)(crc >> (8 * i));
}

static bool count(void *ctx, const as_record *record)
{
    must(record->label[31] == '\0' && record->truth[31] == '\0', "a text has no end");
    ++*(uint64_t *)ctx;
    return true;
}

static void check_record(const uint8_t *slot, as_sha256 *sha)
{
    uint8_t   again[AS_SLOT_BYTES];
    as_record record;
    as_chain  chain = {{0}};
    if (!as_segment_record_parse(slot, &record, NULL))
        return;
    as_segment_record_write(&record, &chain, sha, again);
    must(memcmp(slot, again, 240) == 0, "a record is not written back as it was read");
}

static void check_head(const uint8_t *bytes, size_t n)
{
    uint8_t         again[AS_SLOT_BYTES];
    as_journal_head head;
    if (!as_journal_head_parse(bytes, n, &head, NULL))
        return;
    as_journal_head_write(&head, again);
    must(memcmp(bytes, again, 48) == 0, "a note of the end is not written back as it was read");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static as_sha256 *sha;
    uint64_t          n_seen = 0;
    as_segment_scan   scan;
    if (size == 0 || size > 65536 || (!sha && !(sha = as_sha256_new(NULL))))
        return 0;
    size_t   n = size - 1;
    uint8_t *bytes = malloc(n + 1);
    if (!bytes)
        return 0;
    memcpy(bytes, data + 1, n);
    for (size_t at = 0; (data[0] & 1) && at + AS_SLOT_BYTES <= n; at += AS_SLOT_BYTES)
        put_crc(bytes + at, at == 0 ? 252 : 236);
    for (size_t at = 0; at + AS_SLOT_BYTES <= n; at += AS_SLOT_BYTES)
        check_record(bytes + at, sha);
    check_head(bytes, n);
    as_segment_scan_init(&scan, sha);
    scan.limit = data[0] & 2 ? UINT64_MAX : data[0] >> 2;
    scan.head.sequence = data[0] >> 3;
    scan.visit = count;
    scan.ctx = &n_seen;
    as_segment_scan_bytes(&scan, 1, bytes, n);
    as_segment_scan_finish(&scan);
    must(scan.n_records == n_seen, "records are counted wrong");
    must((scan.n_problems == 0) == (scan.text[0] == '\0'), "a problem without words, or words without a problem");
    free(bytes);
    return 0;
}
