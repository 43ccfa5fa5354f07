/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/segment.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define SEGMENT_VERSION   1
#define SEGMENT_CRC_AT    252
#define RECORD_TEXT_BYTES 32
#define RECORD_END        188 /* zeros from here to the CRC */
#define RECORD_CRC_AT     236
#define RECORD_CHAIN_AT   240

static const uint8_t segment_magic[8] = "ASJOURN\n", head_magic[8] = "ASJHEAD\n";

static void segment_put(uint8_t *at, uint64_t value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t segment_get(const uint8_t *at, size_t n)
{
    uint64_t value = 0;
    for (size_t i = n; i-- > 0;)
        value = value << 8 | at[i];
    return value;
}

static void segment_put_f32(uint8_t *at, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    segment_put(at, bits, 4);
}

static float segment_get_f32(const uint8_t *at)
{
    uint32_t bits = (uint32_t)segment_get(at, 4);
    float    value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

char *as_segment_name(uint64_t number, char *name)
{
    snprintf(name, AS_SEGMENT_NAME_BYTES, "%010llu.asj", (unsigned long long)number);
    return name;
}

bool as_segment_name_parse(const char *name, uint64_t *ret_number)
{
    char     digits[AS_SEGMENT_NAME_BYTES], again[AS_SEGMENT_NAME_BYTES];
    uint64_t number;
    if (!as_str_ends(name, ".asj") || !as_str_copy(digits, sizeof digits, name))
        return false;
    digits[strlen(digits) - 4] = '\0';
    if (!as_str_to_u64(digits, &number) || number == 0 || strcmp(as_segment_name(number, again), name) != 0)
        return false;
    *ret_number = number;
    return true;
}

void as_segment_header_write(const as_segment_header *header, uint8_t *slot)
{
    memset(slot, 0, AS_SLOT_BYTES);
    memcpy(slot, segment_magic, sizeof segment_magic);
    segment_put(slot + 8, SEGMENT_VERSION, 4);
    segment_put(slot + 12, header->n_records, 4);
    segment_put(slot + 16, header->number, 8);
    segment_put(slot + 24, header->first_sequence, 8);
    segment_put(slot + 32, (uint64_t)header->utc, 8);
    memcpy(slot + 40, header->chain.b, sizeof header->chain.b);
    segment_put(slot + SEGMENT_CRC_AT, as_crc32c(0, slot, SEGMENT_CRC_AT), 4);
}

bool as_segment_header_parse(const uint8_t *slot, as_segment_header *ret, as_err *err)
{
    if (segment_get(slot + SEGMENT_CRC_AT, 4) != as_crc32c(0, slot, SEGMENT_CRC_AT) ||
        memcmp(slot, segment_magic, sizeof segment_magic) != 0)
        return AS_FAIL(err, AS_ECORRUPT, "the header is damaged");
    if (segment_get(slot + 8, 4) != SEGMENT_VERSION)
        return AS_FAIL(err, AS_EUNSUPPORTED, "the header has version %u, and this program knows %d",
                       (unsigned)segment_get(slot + 8, 4), SEGMENT_VERSION);
    as_segment_header header = {.n_records = (uint32_t)segment_get(slot + 12, 4),
                                .number = segment_get(slot + 16, 8),
                                .first_sequence = segment_get(slot + 24, 8),
                                .utc = (as_ns)segment_get(slot + 32, 8)};
    memcpy(header.chain.b, slot + 40, sizeof header.chain.b);
    if (header.n_records == 0 || header.n_records > AS_SEGMENT_MAX_RECORDS || header.first_sequence == 0)
        return AS_FAIL(err, AS_ECORRUPT, "the header makes no sense");
    *ret = header;
    return true;
}

void as_journal_head_write(const as_journal_head *head, uint8_t *slot)
{
    memset(slot, 0, AS_SLOT_BYTES);
    memcpy(slot, head_magic, sizeof head_magic);
    segment_put(slot + 8, SEGMENT_VERSION, 4);
    segment_put(slot + 12, head->line_run, 4);
    segment_put(slot + 16, head->sequence, 8);
    segment_put(slot + 24, (uint64_t)head->utc, 8);
    memcpy(slot + 32, head->chain.b, sizeof head->chain.b);
    segment_put(slot + SEGMENT_CRC_AT, as_crc32c(0, slot, SEGMENT_CRC_AT), 4);
}

bool as_journal_head_parse(const uint8_t *bytes, size_t n, as_journal_head *ret, as_err *err)
{
    if (n != AS_SLOT_BYTES || memcmp(bytes, head_magic, sizeof head_magic) != 0 ||
        segment_get(bytes + SEGMENT_CRC_AT, 4) != as_crc32c(0, bytes, SEGMENT_CRC_AT))
        return AS_FAIL(err, AS_ECORRUPT, "the note of its end is damaged");
    if (segment_get(bytes + 8, 4) != SEGMENT_VERSION)
        return AS_FAIL(err, AS_EUNSUPPORTED, "the note of its end has version %u, and this program knows %d",
                       (unsigned)segment_get(bytes + 8, 4), SEGMENT_VERSION);
    as_journal_head head = {.sequence = segment_get(bytes + 16, 8),
                            .line_run = (uint32_t)segment_get(bytes + 12, 4),
                            .utc = (as_ns)segment_get(bytes + 24, 8)};
    memcpy(head.chain.b, bytes + 32, sizeof head.chain.b);
    if (head.sequence == 0 || head.sequence == UINT64_MAX)
        return AS_FAIL(err, AS_ECORRUPT, "the note of its end makes no sense");
    *ret = head;
    return true;
}

static as_chain segment_next_chain(const uint8_t *slot, const as_chain *before, as_sha256 *sha)
{
    as_chain chain;
    as_sha256_add(sha, before->b, sizeof before->b);
    as_sha256_add(sha, slot, RECORD_CHAIN_AT);
    as_digest digest = as_sha256_end(sha);
    memcpy(chain.b, digest.b, sizeof chain.b);
    return chain;
}

/* The text, cut to fit, and zeros behind it. */
static void segment_put_text(uint8_t *at, const char *text)
{
    memcpy(at, text, strnlen(text, RECORD_TEXT_BYTES - 1));
}

void as_segment_record_write(const as_record *record, as_chain *chain, as_sha256 *sha, uint8_t *slot)
{
    memset(slot, 0, AS_SLOT_BYTES);
    segment_put(slot, record->sequence, 8);
    segment_put(slot + 8, (uint64_t)record->trigger_utc, 8);
    segment_put(slot + 16, record->part, 8);
    slot[24] = (uint8_t)record->verdict;
    slot[25] = (uint8_t)record->reason;
    segment_put(slot + 28, record->n_frames, 4);
    segment_put_f32(slot + 32, record->score);
    segment_put_f32(slot + 36, record->class_score);
    segment_put_text(slot + 40, record->label);
    segment_put_text(slot + 72, record->truth);
    segment_put(slot + 104, (uint64_t)record->latency_ns, 8);
    for (size_t i = 0; i < AS_JOURNAL_STAGES; i++)
        segment_put(slot + 112 + 8 * i, (uint64_t)record->stage_ns[i], 8);
    memcpy(slot + 144, record->model, sizeof record->model);
    segment_put(slot + 160, record->line_run, 4);
    segment_put(slot + 164, record->n_skipped, 8);
    memcpy(slot + 172, record->origin.b, sizeof record->origin.b);
    segment_put(slot + RECORD_CRC_AT, as_crc32c(0, slot, RECORD_CRC_AT), 4);
    *chain = segment_next_chain(slot, chain, sha);
    memcpy(slot + RECORD_CHAIN_AT, chain->b, sizeof chain->b);
}

static bool segment_is_zero(const uint8_t *at, size_t n)
{
    return at[0] == 0 && memcmp(at, at + 1, n - 1) == 0;
}

/* Bytes, and zeros to the end of its field: a text is written one way only. */
static bool segment_is_text(const uint8_t *at)
{
    size_t n = strnlen((const char *)at, RECORD_TEXT_BYTES);
    return n < RECORD_TEXT_BYTES && segment_is_zero(at + n, RECORD_TEXT_BYTES - n);
}

bool as_segment_record_parse(const uint8_t *slot, as_record *ret, as_err *err)
{
    if (segment_get(slot + RECORD_CRC_AT, 4) != as_crc32c(0, slot, RECORD_CRC_AT))
        return AS_FAIL(err, AS_ECORRUPT, "its checksum is wrong");
    as_record record = {.sequence = segment_get(slot, 8),
                        .trigger_utc = (as_ns)segment_get(slot + 8, 8),
                        .part = segment_get(slot + 16, 8),
                        .verdict = (as_verdict)slot[24],
                        .reason = (as_reason)slot[25],
                        .score = segment_get_f32(slot + 32),
                        .class_score = segment_get_f32(slot + 36),
                        .latency_ns = (int64_t)segment_get(slot + 104, 8),
                        .n_frames = (uint32_t)segment_get(slot + 28, 4),
                        .line_run = (uint32_t)segment_get(slot + 160, 4),
                        .n_skipped = segment_get(slot + 164, 8)};
    if (record.sequence == 0 || slot[24] == AS_VERDICT_NONE || slot[24] >= AS_VERDICT_COUNT ||
        slot[25] >= AS_REASON_COUNT || segment_get(slot + 26, 2) != 0 || !segment_is_text(slot + 40) ||
        !segment_is_text(slot + 72) || !segment_is_zero(slot + RECORD_END, RECORD_CRC_AT - RECORD_END))
        return AS_FAIL(err, AS_ECORRUPT, "it makes no sense");
    memcpy(record.label, slot + 40, sizeof record.label);
    memcpy(record.truth, slot + 72, sizeof record.truth);
    for (size_t i = 0; i < AS_JOURNAL_STAGES; i++)
        record.stage_ns[i] = (int64_t)segment_get(slot + 112 + 8 * i, 8);
    memcpy(record.model, slot + 144, sizeof record.model);
    memcpy(record.origin.b, slot + 172, sizeof record.origin.b);
    *ret = record;
    return true;
}

as_chain as_segment_chain_of(const uint8_t *slot)
{
    as_chain chain;
    memcpy(chain.b, slot + RECORD_CHAIN_AT, sizeof chain.b);
    return chain;
}

bool as_segment_chain_holds(const uint8_t *slot, const as_chain *before, as_sha256 *sha)
{
    as_chain want = segment_next_chain(slot, before, sha);
    return memcmp(want.b, slot + RECORD_CHAIN_AT, sizeof want.b) == 0;
}

bool as_segment_is_empty(const uint8_t *slot)
{
    return segment_is_zero(slot, AS_SLOT_BYTES);
}

void as_segment_scan_init(as_segment_scan *scan, as_sha256 *sha)
{
    *scan = (as_segment_scan){.next_sequence = 1, .next_number = 1, .sha = sha, .limit = UINT64_MAX};
}

void as_segment_scan_problem(as_segment_scan *scan, const char *fmt, ...)
{
    if (scan->n_problems++ > 0)
        return;
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(scan->text, sizeof scan->text, fmt, ap) < 0)
        scan->text[0] = '\0';
    va_end(ap);
}

/* One slot that is not past the end. */
static void segment_scan_slot(as_segment_scan *scan, const char *name, const uint8_t *slot, uint64_t expected)
{
    as_record record;
    as_err    why = AS_ERR_NONE;
    if (as_segment_is_empty(slot)) {
        as_segment_scan_problem(scan, "segment %s, record %llu: it is missing", name, (unsigned long long)expected);
        return;
    }
    if (!as_segment_record_parse(slot, &record, &why)) {
        as_segment_scan_problem(scan, "segment %s, record %llu: %s", name, (unsigned long long)expected, why.text);
        return;
    }
    if (record.sequence != expected)
        as_segment_scan_problem(scan, "segment %s, record %llu: record %llu stands in its place", name,
                                (unsigned long long)expected, (unsigned long long)record.sequence);
    else if (!as_segment_chain_holds(slot, &scan->chain, scan->sha))
        as_segment_scan_problem(scan, "segment %s, record %llu: the chain is broken, here or just before", name,
                                (unsigned long long)expected);
    scan->chain = as_segment_chain_of(slot);
    if (record.sequence == scan->head.sequence && memcmp(scan->chain.b, scan->head.chain.b, sizeof scan->chain.b) != 0)
        as_segment_scan_problem(scan, "segment %s, record %llu: it is not the one the journal was closed with", name,
                                (unsigned long long)expected);
    scan->n_records++;
    if (scan->visit && !scan->visit(scan->ctx, &record))
        scan->stopped = true;
}

/* A slot that a writer may be filling this moment is read again before it is called damaged. */
static const uint8_t *segment_scan_again(as_segment_scan *scan, size_t index, bool is_last, const uint8_t *slot,
                                         uint8_t *fresh)
{
    as_record record;
    if (!scan->again || as_segment_record_parse(slot, &record, NULL))
        return slot;
    memcpy(fresh, slot, AS_SLOT_BYTES);
    scan->again(scan->again_ctx, index, is_last, fresh);
    return fresh;
}

static void segment_scan_header(as_segment_scan *scan, const char *name, uint64_t number, const uint8_t *slot,
                                uint64_t *ret_first)
{
    as_segment_header header;
    as_err            why = AS_ERR_NONE;
    *ret_first = scan->next_sequence;
    if (!as_segment_header_parse(slot, &header, &why)) {
        as_segment_scan_problem(scan, "segment %s: %s", name, why.text);
        return;
    }
    if (header.number != number)
        as_segment_scan_problem(scan, "segment %s: its header is that of segment %llu", name,
                                (unsigned long long)header.number);
    else if (header.first_sequence != scan->next_sequence)
        as_segment_scan_problem(scan, "segment %s: it begins with record %llu, and record %llu comes next", name,
                                (unsigned long long)header.first_sequence, (unsigned long long)scan->next_sequence);
    else if (memcmp(header.chain.b, scan->chain.b, sizeof header.chain.b) != 0)
        as_segment_scan_problem(scan, "segment %s: the chain is broken at its beginning", name);
    scan->chain = header.chain;
    *ret_first = header.first_sequence;
}

/* One past the last whole record; *ret_torn is the first slot behind it that is not empty, or 0. */
static size_t segment_scan_end(as_segment_scan *scan, const uint8_t *bytes, size_t n_slots, size_t *ret_torn)
{
    as_record record;
    uint8_t   fresh[AS_SLOT_BYTES];
    size_t    end = n_slots;
    *ret_torn = 0;
    for (; end > 1; end--) {
        const uint8_t *slot = bytes + (end - 1) * AS_SLOT_BYTES;
        if (as_segment_is_empty(slot))
            continue;
        slot = segment_scan_again(scan, end - 1, true, slot, fresh);
        if (as_segment_record_parse(slot, &record, NULL))
            break;
        *ret_torn = end - 1;
    }
    return end;
}

/* Where the power went while the disk had later records and not yet this one: nobody was told of any of them. */
static size_t segment_scan_hole(as_segment_scan *scan, const uint8_t *bytes, uint64_t first, size_t end)
{
    uint8_t fresh[AS_SLOT_BYTES];
    size_t  hole = end;
    for (size_t i = end; i-- > 1 && end - i <= AS_SEGMENT_UNSYNCED && first + i - 1 > scan->head.sequence;) {
        const uint8_t *slot = bytes + i * AS_SLOT_BYTES;
        if (as_segment_is_empty(slot) && as_segment_is_empty(segment_scan_again(scan, i, false, slot, fresh)))
            hole = i;
    }
    return hole;
}

void as_segment_scan_bytes(as_segment_scan *scan, uint64_t number, const uint8_t *bytes, size_t n)
{
    char              name[AS_SEGMENT_NAME_BYTES];
    uint8_t           fresh[AS_SLOT_BYTES];
    uint64_t          first;
    size_t            torn;
    as_segment_header header;
    as_segment_name(number, name);
    scan->next_number = number + 1;
    if (n < AS_SLOT_BYTES) {
        as_segment_scan_problem(scan, "segment %s: it is cut off", name);
        return;
    }
    segment_scan_header(scan, name, number, bytes, &first);
    size_t n_slots = n / AS_SLOT_BYTES;
    if (scan->limit <= first + n_slots - 1)
        n_slots = scan->limit > first ? (size_t)(scan->limit - first) + 1 : 1;
    size_t end = segment_scan_end(scan, bytes, n_slots, &torn);
    size_t hole = scan->is_last ? segment_scan_hole(scan, bytes, first, end) : end;
    if (hole < end) {
        end = hole;
        torn = 0;
    }
    for (size_t i = 1; i < end && !scan->stopped; i++) {
        const uint8_t *slot = segment_scan_again(scan, i, false, bytes + i * AS_SLOT_BYTES, fresh);
        segment_scan_slot(scan, name, slot, first + i - 1);
    }
    scan->next_sequence = first + end - 1;
    if (torn)
        as_segment_scan_problem(scan, "segment %s, record %llu: it is torn or damaged", name,
                                (unsigned long long)(first + torn - 1));
    if (as_segment_header_parse(bytes, &header, NULL) && n != AS_SEGMENT_BYTES(header.n_records))
        as_segment_scan_problem(scan, "segment %s: it has %zu bytes, not %zu", name, n,
                                AS_SEGMENT_BYTES(header.n_records));
}

void as_segment_scan_finish(as_segment_scan *scan)
{
    uint64_t n = scan->next_sequence - 1;
    if (!scan->stopped && n < scan->head.sequence)
        as_segment_scan_problem(scan, "records %llu to %llu were cut off: the journal was closed with %llu",
                                (unsigned long long)n + 1, (unsigned long long)scan->head.sequence,
                                (unsigned long long)scan->head.sequence);
}
