/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a pack, or as its index. When the first byte is odd the checksums are made right first: what is behind them
 * must bear any content too. Records lie behind each other and inside the file; what an index holds is found again. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "pack: %s\n", what);
    abort();
}

static void put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

typedef struct seen {
    uint64_t at, size;
    bool     stopped;
} seen;

static bool visit(void *ctx, const as_pack_record *record)
{
    seen *s = ctx;
    must(!s->stopped, "a visit after the end");
    must(record->offset == s->at, "records do not follow each other");
    must(record->offset < s->size, "a record behind the end");
    must(record->n_bytes <= AS_STORE_MAX_OBJECT_BYTES || record->kind == AS_PACK_GAP, "a record that is too long");
    s->at = as_pack_end(record);
    s->stopped = s->at >= s->size;
    return true;
}

static void check_pack(uint8_t *bytes, size_t n, bool mend)
{
    as_pack_id   id = {.number = 1};
    as_pack_span span;
    bool         whole;
    if (mend && n >= AS_PACK_HEAD_BYTES)
        put_u32(bytes + 60, as_crc32c(0, bytes, 60));
    if (n >= AS_PACK_HEAD_BYTES)
        (void)!as_pack_head_parse(bytes, 1, &id, &whole, NULL);
    for (size_t at = AS_PACK_HEAD_BYTES; mend && at + 64 <= n; at += 64) {
        as_pack_record record = {.kind = (as_pack_kind)(1 + bytes[at + 4] % 6), .offset = at, .n_bytes = bytes[at + 8]};
        if (bytes[at] != 'A')
            continue;
        if (bytes[at + 9] & 1)
            record.n_bytes <<= bytes[at + 10] % 32;
        memcpy(&record.value, bytes + at + 48, sizeof record.value);
        as_pack_record_write(&id, &record, bytes + at);
    }
    int fd = memfd_create("pack", MFD_CLOEXEC);
    must(fd >= 0 && write(fd, bytes, n) == (ssize_t)n, "no file");
    seen s = {.at = AS_PACK_HEAD_BYTES, .size = n};
    must(as_pack_scan(fd, &id, AS_PACK_HEAD_BYTES, visit, &s, &span, NULL), "a file in memory cannot be read");
    must(n <= AS_PACK_HEAD_BYTES || s.stopped, "the end was not reached");
    must(span.size == n && span.end <= AS_MAX(n, (size_t)AS_PACK_HEAD_BYTES), "an end behind the end");
    must(span.durable <= span.size, "more on the disk than there is");
    close(fd);
}

static void mend_index(uint8_t *bytes, size_t n)
{
    const uint32_t entries = (uint32_t)((n - 2112) / 40);
    memcpy(bytes, "ASINDEX\n\1\0\0\0", 12);
    put_u32(bytes + 12, entries);
    memcpy(bytes + 16, "\1\0\0\0\0\0\0\0", 8);
    uint32_t at = 0;
    for (uint32_t first = 0; first < 256; first++) {
        uint32_t from = at;
        while (at < entries && (bytes[2112 + at * 40] <= first || (bytes[at % n] & 0x80)))
            at++;
        at = first == 255 ? entries : at;
        put_u32(bytes + 64 + first * 4, at);
        put_u32(bytes + 1088 + first * 4, as_crc32c(0, bytes + 2112 + (size_t)from * 40, (size_t)(at - from) * 40));
    }
    put_u32(bytes + 48, as_crc32c(0, bytes + 64, 2048));
    put_u32(bytes + 60, as_crc32c(0, bytes, 60));
}

static void check_index(uint8_t *bytes, size_t n, bool mend)
{
    as_index_entry found;
    if (mend && n >= 2112) {
        n = 2112 + (n - 2112) / 40 * 40;
        mend_index(bytes, n);
    }
    as_index *index = as_index_parse(bytes, n, 1, NULL);
    if (!index)
        return;
    const bool whole = as_index_check(index);
    for (size_t i = 0; i < as_index_count(index); i++) {
        as_index_entry  entry = as_index_at(index, i);
        as_index_answer answer = as_index_find(index, &entry.digest, &found);
        must(!whole || (answer == AS_INDEX_YES && memcmp(&found, &entry, sizeof found) == 0), "an entry is not found");
        must(as_index_lower(index, &entry.digest) <= as_index_count(index), "a place behind the end");
    }
    as_index_close(index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 1 << 20)
        return 0;
    const size_t n = size - 1;
    uint8_t     *bytes = malloc(n + 1);
    if (!bytes)
        return 0;
    memcpy(bytes, data + 1, n);
    if (data[0] & 2)
        check_index(bytes, n, data[0] & 1);
    else
        check_pack(bytes, n, data[0] & 1);
    free(bytes);
    return 0;
}
