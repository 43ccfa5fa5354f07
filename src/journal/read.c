/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/vec.h"
#include "journal/folder.h"

#define READ_MAX_AGAIN 16 /* looks at slots that a writer may be at, a millisecond apart */

static int read_compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

bool as_journal_folder_list(const char *dir, as_journal_folder *ret, as_err *err)
{
    AS_VEC(uint64_t) numbers = {0};
    bool ok = true;
    DIR *handle = opendir(dir);
    *ret = (as_journal_folder){.n = 0};
    if (!handle)
        return errno == ENOENT || as_err_errno(err, errno, "cannot read '%s'", dir);
    for (const struct dirent *entry; ok && (entry = readdir(handle));) {
        uint64_t number;
        if (as_segment_name_parse(entry->d_name, &number) && !as_vec_push(&numbers, number))
            ok = AS_FAIL(err, AS_ENOMEM, "cannot list '%s': not enough memory", dir);
    }
    closedir(handle);
    if (!ok) {
        as_vec_done(&numbers);
        return false;
    }
    if (numbers.n)
        qsort(numbers.at, numbers.n, sizeof numbers.at[0], read_compare);
    *ret = (as_journal_folder){.numbers = numbers.at, .n = numbers.n};
    return true;
}

void as_journal_folder_done(as_journal_folder *folder)
{
    free(folder->numbers);
    *folder = (as_journal_folder){.n = 0};
}

bool as_journal_folder_read(const char *dir, uint64_t number, char *path, uint8_t **ret_bytes, size_t *ret_n,
                            as_err *err)
{
    char name[AS_SEGMENT_NAME_BYTES];
    return as_fs_join(path, dir, as_segment_name(number, name), err) &&
           as_fs_read(path, AS_SEGMENT_BYTES(AS_SEGMENT_MAX_RECORDS), ret_bytes, ret_n, err);
}

bool as_journal_folder_head(const char *dir, as_journal_head *ret, as_err *err)
{
    char     path[AS_FS_PATH_BYTES];
    uint8_t *bytes;
    size_t   n;
    as_err   why = AS_ERR_NONE;
    *ret = (as_journal_head){.sequence = 0};
    if (!as_fs_join(path, dir, AS_JOURNAL_HEAD, err))
        return false;
    if (!as_fs_read(path, AS_SLOT_BYTES, &bytes, &n, &why))
        return why.code == AS_ENOTFOUND || as_err_set(err, why.code, "%s", why.text);
    bool ok = as_journal_head_parse(bytes, n, ret, err);
    free(bytes);
    return ok;
}

typedef struct read_again {
    char path[AS_FS_PATH_BYTES];
    int  n_left; /* waits */
} read_again;

/* Until it is whole or nobody seems to be at it. */
static void read_slot_again(void *ctx, size_t slot_index, bool is_last, uint8_t *slot)
{
    read_again *again = ctx;
    as_record   record;
    int         fd = open(again->path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0) {
        uint8_t fresh[AS_SLOT_BYTES];
        if (pread(fd, fresh, sizeof fresh, (off_t)(slot_index * AS_SLOT_BYTES)) != (ssize_t)sizeof fresh)
            break;
        memcpy(slot, fresh, sizeof fresh);
        if (!is_last || as_segment_record_parse(slot, &record, NULL) || again->n_left-- <= 0)
            break;
        as_clock_sleep_until(as_clock_mono() + AS_NS_PER_MS);
    }
    if (fd >= 0)
        close(fd);
}

/* Where the records of segment i are those of a later one: the least sequence that one of these begins with. */
static bool read_limits(const char *dir, const as_journal_folder *folder, uint64_t **ret, as_err *err)
{
    uint64_t *limits = calloc(folder->n + 1, sizeof *limits), limit = UINT64_MAX;
    if (!limits)
        return AS_FAIL(err, AS_ENOMEM, "cannot read '%s': not enough memory", dir);
    for (size_t i = folder->n; i-- > 0;) {
        char              path[AS_FS_PATH_BYTES], name[AS_SEGMENT_NAME_BYTES];
        uint8_t           slot[AS_SLOT_BYTES];
        as_segment_header header;
        limits[i] = limit;
        if (!as_fs_join(path, dir, as_segment_name(folder->numbers[i], name), NULL))
            continue;
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd >= 0 && pread(fd, slot, sizeof slot, 0) == (ssize_t)sizeof slot &&
            as_segment_header_parse(slot, &header, NULL) && header.number == folder->numbers[i])
            limit = AS_MIN(limit, header.first_sequence);
        if (fd >= 0)
            close(fd);
    }
    *ret = limits;
    return true;
}

/* No record of this segment is its own any more. */
static bool read_is_replaced(const uint8_t *bytes, size_t n, uint64_t limit)
{
    as_segment_header header;
    return n >= AS_SLOT_BYTES && as_segment_header_parse(bytes, &header, NULL) && header.first_sequence > limit;
}

static bool read_segment(const char *dir, const as_journal_folder *folder, size_t i, as_segment_scan *scan, as_err *err)
{
    read_again again = {.n_left = READ_MAX_AGAIN};
    uint64_t   number = folder->numbers[i];
    uint8_t   *bytes;
    size_t     n;
    char       name[AS_SEGMENT_NAME_BYTES];
    as_err     why = AS_ERR_NONE;
    if (number != scan->next_number)
        as_segment_scan_problem(scan, "segment %s is missing", as_segment_name(scan->next_number, name));
    if (!as_journal_folder_read(dir, number, again.path, &bytes, &n, &why)) {
        if (why.code == AS_ENOMEM)
            return as_err_set(err, why.code, "%s", why.text);
        as_segment_scan_problem(scan, "segment %s: %s", as_segment_name(number, name), why.text);
        scan->next_number = number + 1;
        return true;
    }
    bool is_last = i + 1 == folder->n;
    scan->is_last = is_last;
    scan->again = is_last ? read_slot_again : NULL; /* a writer is at no other */
    scan->again_ctx = &again;
    if (read_is_replaced(bytes, n, scan->limit))
        scan->next_number = number + 1;
    else
        as_segment_scan_bytes(scan, number, bytes, n);
    free(bytes);
    return true;
}

bool as_journal_read(const char *dir, bool (*visit)(void *ctx, const as_record *record), void *ctx,
                     as_journal_check *ret, as_err *err)
{
    as_journal_folder folder;
    as_segment_scan   scan;
    as_sha256        *sha = as_sha256_new(err);
    if (!sha)
        return false;
    as_err    why = AS_ERR_NONE;
    uint64_t *limits = NULL;
    as_segment_scan_init(&scan, sha);
    /* Before the list: a writer goes on beyond it, never back. */
    if (!as_journal_folder_head(dir, &scan.head, &why))
        as_segment_scan_problem(&scan, "%s", why.text);
    uint64_t head = scan.head.sequence;
    bool     ok = as_journal_folder_list(dir, &folder, err) && read_limits(dir, &folder, &limits, err);
    scan.visit = visit;
    scan.ctx = ctx;
    for (size_t i = 0; ok && i < folder.n && !scan.stopped; i++) {
        scan.limit = limits[i];
        ok = read_segment(dir, &folder, i, &scan, err);
    }
    as_segment_scan_finish(&scan);
    if (ok) {
        *ret = (as_journal_check){
            .n_records = scan.n_records, .n_segments = folder.n, .n_noted = head, .whole = scan.n_problems == 0};
        as_str_copy(ret->text, sizeof ret->text, scan.text);
    }
    free(limits);
    as_journal_folder_done(&folder);
    as_sha256_free(sha);
    return ok;
}
