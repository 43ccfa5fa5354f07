/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fs.h"
#include "base/str.h"

#define PACK_VERSION      1
#define PACK_SLOT_BYTES   64
#define PACK_CRC_AT       60
#define PACK_WINDOW_BYTES 65536
#define PACK_STEP_BYTES   4096 /* read ahead while records follow each other */

static const uint8_t pack_zeros[4096];

uint64_t as_pack_room(uint64_t n_bytes)
{
    return PACK_SLOT_BYTES + (n_bytes + AS_PACK_ALIGN - 1) / AS_PACK_ALIGN * AS_PACK_ALIGN;
}

uint64_t as_pack_end(const as_pack_record *record)
{
    return record->offset + (record->kind == AS_PACK_GAP ? record->n_bytes : as_pack_room(record->n_bytes));
}

char *as_pack_path(const char *dir, uint64_t number, const char *ending, char *path)
{
    snprintf(path, AS_FS_PATH_BYTES, "%.*s/%06" PRIu64 "%.16s", AS_FS_PATH_BYTES - 48, dir, number, ending);
    return path;
}

bool as_pack_name_parse(const char *name, const char *ending, uint64_t *ret_number)
{
    char number[7];
    if (strlen(name) != 6 + strlen(ending) || strspn(name, "0123456789") != 6 || strcmp(name + 6, ending) != 0)
        return false;
    as_str_copy(number, sizeof number, name);
    return as_str_to_u64(number, ret_number) && *ret_number > 0;
}

void as_pack_head_write(const as_pack_id *id, as_ns utc, uint8_t *head)
{
    memset(head, 0, AS_PACK_HEAD_BYTES);
    memcpy(head, "ASPACK1\n", 8);
    as_bytes_put32(head + 8, PACK_VERSION);
    as_bytes_put64(head + 16, id->number);
    memcpy(head + 24, id->salt, sizeof id->salt);
    as_bytes_put64(head + 40, (uint64_t)utc);
    as_bytes_put32(head + PACK_CRC_AT, as_crc32c(0, head, PACK_CRC_AT));
    memcpy(head + PACK_SLOT_BYTES, head, PACK_SLOT_BYTES);
}

bool as_pack_head_parse(const uint8_t *head, uint64_t number, as_pack_id *ret, bool *ret_whole, as_err *err)
{
    const uint8_t *good = NULL;
    for (size_t i = 0; i < 2; i++) {
        const uint8_t *copy = head + i * PACK_SLOT_BYTES;
        if (memcmp(copy, "ASPACK", 6) == 0 && as_bytes_get32(copy + PACK_CRC_AT) == as_crc32c(0, copy, PACK_CRC_AT) &&
            !good)
            good = copy;
    }
    if (!good)
        return AS_FAIL(err, AS_ECORRUPT, "its head is damaged");
    if (memcmp(good, "ASPACK1\n", 8) != 0 || as_bytes_get32(good + 8) != PACK_VERSION)
        return AS_FAIL(err, AS_EUNSUPPORTED, "it was written by a newer version of this program");
    if (as_bytes_get64(good + 16) != number)
        return AS_FAIL(err, AS_ECORRUPT, "its head is that of pack %" PRIu64, as_bytes_get64(good + 16));
    ret->number = number;
    memcpy(ret->salt, good + 24, sizeof ret->salt);
    *ret_whole = memcmp(head, head + PACK_SLOT_BYTES, PACK_SLOT_BYTES) == 0;
    return true;
}

static uint32_t pack_record_crc(const as_pack_id *id, uint64_t offset, const uint8_t *slot)
{
    uint8_t at[8];
    as_bytes_put64(at, offset);
    return as_crc32c(as_crc32c(as_crc32c(0, id->salt, sizeof id->salt), at, sizeof at), slot, PACK_CRC_AT);
}

void as_pack_record_write(const as_pack_id *id, const as_pack_record *record, uint8_t *slot)
{
    memcpy(slot, "ASRC", 4);
    as_bytes_put32(slot + 4, record->kind);
    as_bytes_put64(slot + 8, record->n_bytes);
    memcpy(slot + 16, record->digest.b, sizeof record->digest.b);
    as_bytes_put64(slot + 48, record->value);
    as_bytes_put32(slot + 56, record->crc);
    as_bytes_put32(slot + PACK_CRC_AT, pack_record_crc(id, record->offset, slot));
}

bool as_pack_record_parse(const as_pack_id *id, uint64_t offset, const uint8_t *slot, as_pack_record *ret)
{
    uint32_t kind = as_bytes_get32(slot + 4);
    uint64_t n_bytes = as_bytes_get64(slot + 8);
    if (memcmp(slot, "ASRC", 4) != 0 || kind < AS_PACK_OBJECT || kind > AS_PACK_MARK ||
        n_bytes > AS_STORE_MAX_OBJECT_BYTES || as_bytes_get32(slot + PACK_CRC_AT) != pack_record_crc(id, offset, slot))
        return false;
    ret->kind = (as_pack_kind)kind;
    ret->offset = offset;
    ret->n_bytes = n_bytes;
    memcpy(ret->digest.b, slot + 16, sizeof ret->digest.b);
    ret->value = as_bytes_get64(slot + 48);
    ret->crc = as_bytes_get32(slot + 56);
    return true;
}

int as_pack_read(int fd, void *bytes, size_t n, uint64_t offset, size_t *ret_n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(fd, (uint8_t *)bytes + done, n - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *ret_n = done;
    return 0;
}

static int pack_write_all(int fd, struct iovec *part, int n_parts, uint64_t offset)
{
    while (n_parts) {
        ssize_t done = pwritev(fd, part, n_parts, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? errno : EIO;
        offset += (uint64_t)done;
        for (; n_parts && (size_t)done >= part->iov_len; part++, n_parts--)
            done -= (ssize_t)part->iov_len;
        if (n_parts) {
            part->iov_base = (uint8_t *)part->iov_base + done;
            part->iov_len -= (size_t)done;
        }
    }
    return 0;
}

static int pack_write_slot(int fd, const as_pack_id *id, const as_pack_record *record)
{
    uint8_t      slot[PACK_SLOT_BYTES];
    struct iovec part = {slot, sizeof slot};
    as_pack_record_write(id, record, slot);
    return pack_write_all(fd, &part, 1, record->offset);
}

int as_pack_write(int fd, const as_pack_id *id, const as_pack_record *record, const void *bytes)
{
    uint8_t        slot[PACK_SLOT_BYTES];
    as_pack_record pending = *record;
    const uint64_t n_zeros = as_pack_room(record->n_bytes) - PACK_SLOT_BYTES - record->n_bytes;
    if (record->n_bytes == 0)
        return pack_write_slot(fd, id, record);
    /* A reader knows by it how far the next record is, and believes the bytes only once the kind says that they are there. */
    pending.kind = AS_PACK_PENDING;
    as_pack_record_write(id, &pending, slot);
    struct iovec part[3] = {{slot, sizeof slot},
                            {(void *)(uintptr_t)bytes, (size_t)record->n_bytes},
                            {(void *)(uintptr_t)pack_zeros, (size_t)n_zeros}};
    int          e = pack_write_all(fd, part, n_zeros ? 3 : 2, record->offset);
    return e ? e : pack_write_slot(fd, id, record);
}

/* Behind the record's head. */
static int pack_write_bytes(int fd, const as_pack_record *record, const as_store_pieces *pieces, as_sha256 *sha,
                            as_str *piece, as_err *err)
{
    uint64_t done = 0;
    for (bool is_first = true; is_first || piece->len; is_first = false) {
        if (!pieces->next(pieces->ctx, is_first, piece, err))
            return EIO;
        if (!as_str_ok(piece))
            return ENOMEM;
        struct iovec part = {piece->s, piece->len};
        int          e = 0;
        if (piece->len > record->n_bytes - done)
            e = EBADMSG;
        else if (piece->len)
            e = pack_write_all(fd, &part, 1, record->offset + PACK_SLOT_BYTES + done);
        if (e)
            return e;
        as_sha256_add(sha, piece->s, piece->len);
        done += piece->len;
    }
    as_digest real = as_sha256_end(sha);
    return done == record->n_bytes && as_digest_equal(&real, &record->digest) ? 0 : EBADMSG;
}

int as_pack_write_pieces(int fd, const as_pack_id *id, const as_pack_record *record, const as_store_pieces *pieces,
                         as_err *err)
{
    as_pack_record pending = *record;
    const uint64_t end = record->offset + PACK_SLOT_BYTES + record->n_bytes;
    struct iovec   zeros = {(void *)(uintptr_t)pack_zeros, (size_t)(as_pack_end(record) - end)};
    as_str         piece;
    as_sha256     *sha = as_sha256_new(err);
    if (!sha)
        return ENOMEM;
    as_str_init(&piece);
    pending.kind = AS_PACK_PENDING;
    int e = pack_write_slot(fd, id, &pending);
    e = e ? e : pack_write_bytes(fd, record, pieces, sha, &piece, err);
    if (e == EBADMSG)
        AS_FAIL(err, AS_EINTERNAL, "cannot store an object: its bytes changed while they were stored");
    if (e == 0 && zeros.iov_len)
        e = pack_write_all(fd, &zeros, 1, end);
    as_str_done(&piece);
    as_sha256_free(sha);
    return e ? e : pack_write_slot(fd, id, record);
}

int as_pack_rewrite(int fd, const as_pack_id *id, const as_pack_record *record, as_pack_kind kind, uint64_t value)
{
    as_pack_record changed = *record;
    changed.kind = kind;
    changed.value = value;
    return pack_write_slot(fd, id, &changed);
}

int as_pack_wipe(int fd, const as_pack_record *record)
{
    const uint64_t from = record->offset + PACK_SLOT_BYTES;
    for (uint64_t done = 0; done < record->n_bytes;) {
        uint64_t     n = AS_MIN(record->n_bytes - done, (uint64_t)sizeof pack_zeros);
        struct iovec part = {(void *)(uintptr_t)pack_zeros, (size_t)n};
        int          e = pack_write_all(fd, &part, 1, from + done);
        if (e)
            return e;
        done += n;
    }
    if (fdatasync(fd) != 0)
        return errno;
    /* The zeros are what counts; where there are no holes, the room is given back with the pack. */
    if (record->n_bytes &&
        fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)record->n_bytes) != 0 &&
        errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL)
        return errno;
    return 0;
}

int as_pack_hash(int fd, const as_pack_record *record, uint8_t *buffer, size_t buffer_bytes, as_sha256 *sha,
                 as_digest *ret)
{
    for (uint64_t done = 0; done < record->n_bytes;) {
        size_t want = (size_t)AS_MIN(record->n_bytes - done, (uint64_t)buffer_bytes), n;
        int    e = as_pack_read(fd, buffer, want, record->offset + PACK_SLOT_BYTES + done, &n);
        if (e == 0 && n < want)
            e = EBADMSG;
        if (e) {
            as_sha256_end(sha);
            return e;
        }
        as_sha256_add(sha, buffer, n);
        done += n;
    }
    *ret = as_sha256_end(sha);
    return 0;
}

typedef struct pack_window {
    int      fd;
    uint8_t *at;
    uint64_t from;
    size_t   n;
    int      e;
} pack_window;

/* The 64 bytes at offset, and `ahead` more for the next calls; NULL at the end of the file and when e is set. */
static const uint8_t *pack_look(pack_window *window, uint64_t offset, size_t ahead)
{
    if (offset < window->from || offset + PACK_SLOT_BYTES > window->from + window->n) {
        window->from = offset;
        window->n = 0;
        window->e = as_pack_read(window->fd, window->at, ahead, offset, &window->n);
        if (window->e || window->n < PACK_SLOT_BYTES)
            return NULL;
    }
    return window->at + (offset - window->from);
}

/* The first record from `at` on that is one. */
static bool pack_next(pack_window *window, const as_pack_id *id, uint64_t at, as_pack_record *ret)
{
    const uint8_t *slot = pack_look(window, at, PACK_STEP_BYTES);
    for (; slot; slot = pack_look(window, at, PACK_WINDOW_BYTES)) {
        if (as_pack_record_parse(id, at, slot, ret))
            return true;
        at += AS_PACK_ALIGN;
    }
    return false;
}

static bool pack_scan_all(pack_window *window, const as_pack_id *id, uint64_t from,
                          bool (*visit)(void *ctx, const as_pack_record *record), void *ctx, as_pack_span *span)
{
    as_pack_record record;
    for (uint64_t at = from; at < span->size;) {
        const bool     found = pack_next(window, id, at, &record);
        const uint64_t next = found ? record.offset : span->size;
        as_pack_record gap = {.kind = AS_PACK_GAP, .offset = at, .n_bytes = next - at};
        if (window->e)
            return false;
        if (next > at && !visit(ctx, &gap))
            return true;
        if (!found)
            return true;
        if (record.kind == AS_PACK_MARK && record.value <= record.offset)
            span->durable = AS_MAX(span->durable, record.value);
        if (!visit(ctx, &record))
            return true;
        at = as_pack_end(&record);
        span->end = AS_MIN(at, span->size);
    }
    return true;
}

bool as_pack_scan(int fd, const as_pack_id *id, uint64_t from, bool (*visit)(void *ctx, const as_pack_record *record),
                  void *ctx, as_pack_span *ret, as_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return as_err_errno(err, errno, "cannot read pack %" PRIu64, id->number);
    pack_window  window = {.fd = fd, .at = malloc(PACK_WINDOW_BYTES)};
    as_pack_span span = {.end = from, .size = AS_MIN((uint64_t)st.st_size, AS_PACK_MAX_BYTES)};
    if (!window.at)
        return AS_FAIL(err, AS_ENOMEM, "cannot read pack %" PRIu64 ": not enough memory", id->number);
    bool ok = pack_scan_all(&window, id, from, visit, ctx, &span);
    free(window.at);
    if (!ok)
        return as_err_errno(err, window.e, "cannot read pack %" PRIu64, id->number);
    *ret = span;
    return true;
}
