/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "journal/folder.h"
#include "journal/segment.h"

/* A power cut tears what one page held. More than that is damage, and damage is left where it is. */
#define JOURNAL_MAX_TORN (4096 / AS_SLOT_BYTES)
#define JOURNAL_SPARE    "spare"
#define JOURNAL_HEAD_NEW "head.new"
#define JOURNAL_NOTED    4096 /* so many later the end is noted again */

struct as_journal {
    char       dir[AS_FS_PATH_BYTES];
    int        lock_fd;
    as_sha256 *sha;
    uint32_t   line_run;

    int      fd, old_fd; /* old_fd: full, and not on the disk yet */
    uint64_t number, next_sequence;
    uint32_t n_records, n_used; /* of this segment */
    as_chain chain;
    bool     dir_changed; /* since the last sync */
    bool     has_spare;   /* the next segment's file stands ready */

    uint8_t *unsynced; /* slots since the last sync that held, to be written again */
    uint32_t n_unsynced;
    as_chain synced_chain; /* before them */
    bool     is_suspect;   /* the disk failed: nobody knows which of them it has */
    uint64_t n_failed_syncs;
    as_err   trouble;
    uint64_t noted, note_tried; /* sequences */
};

static bool journal_write_at(int fd, const uint8_t *bytes, size_t n, uint64_t at)
{
    while (n) {
        ssize_t done = pwrite(fd, bytes, n, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            if (done == 0)
                errno = EIO;
            return false;
        }
        bytes += done;
        n -= (size_t)done;
        at += (uint64_t)done;
    }
    return true;
}

/* Takes the room, and then writes zeros: what is only reserved costs the file system a change of its maps, and with it a
 * slow flush, each time a page of it is written first. */
static bool journal_fill(int fd)
{
    static uint8_t zeros[65536];
    size_t         n = AS_SEGMENT_BYTES(AS_SEGMENT_RECORDS);
    int            e = posix_fallocate(fd, 0, (off_t)n);
    if (e != 0 && e != EOPNOTSUPP && e != EINVAL) {
        errno = e;
        return false;
    }
    for (size_t at = 0; at < n; at += sizeof zeros)
        if (!journal_write_at(fd, zeros, AS_MIN(n - at, sizeof zeros), at))
            return false;
    return fsync(fd) == 0;
}

static bool journal_make_spare(as_journal *journal, as_err *err)
{
    char        path[AS_FS_PATH_BYTES];
    struct stat st;
    if (!as_fs_join(path, journal->dir, JOURNAL_SPARE, err))
        return false;
    /* One that an earlier program left is as good: there is nothing but zeros behind its header. */
    journal->has_spare =
        stat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == AS_SEGMENT_BYTES(AS_SEGMENT_RECORDS);
    if (journal->has_spare)
        return true;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0)
        return as_err_errno(err, errno, "cannot make a new segment of the journal in '%s'", journal->dir);
    journal->has_spare = journal_fill(fd);
    int e = errno;
    close(fd);
    if (journal->has_spare)
        return true;
    unlink(path); /* leaves the disk its room */
    return as_err_errno(err, e, "cannot make a new segment of the journal in '%s'", journal->dir);
}

/* The header, and what is written again, is on the disk before the file has its name: a segment that can be seen can be
 * read. */
static bool journal_begin_spare(const as_journal *journal, const char *spare, const char *path, int *ret_fd)
{
    uint32_t          n = journal->is_suspect ? journal->n_unsynced : 0;
    uint8_t           slot[AS_SLOT_BYTES];
    as_segment_header header = {.number = journal->number + 1,
                                .first_sequence = journal->next_sequence - n,
                                .n_records = AS_SEGMENT_RECORDS,
                                .utc = as_clock_utc(),
                                .chain = n ? journal->synced_chain : journal->chain};
    as_segment_header_write(&header, slot);
    int fd = open(spare, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && journal_write_at(fd, slot, sizeof slot, 0) &&
        journal_write_at(fd, journal->unsynced, (size_t)n * AS_SLOT_BYTES, AS_SLOT_BYTES) && fdatasync(fd) == 0 &&
        rename(spare, path) == 0) {
        *ret_fd = fd;
        return true;
    }
    int e = errno;
    if (fd >= 0)
        close(fd);
    unlink(spare); /* what a disk failed to keep once is not used again */
    errno = e;
    return false;
}

static bool journal_next_segment(as_journal *journal, as_err *err)
{
    char spare[AS_FS_PATH_BYTES], path[AS_FS_PATH_BYTES], name[AS_SEGMENT_NAME_BYTES];
    int  fd;
    if (journal->old_fd >= 0 && !journal->is_suspect && !as_journal_sync(journal, err))
        return false;
    if (!journal->has_spare && !journal_make_spare(journal, err))
        return false;
    if (!as_fs_join(spare, journal->dir, JOURNAL_SPARE, err) ||
        !as_fs_join(path, journal->dir, as_segment_name(journal->number + 1, name), err))
        return false;
    if (!journal_begin_spare(journal, spare, path, &fd)) {
        int e = errno;
        journal->has_spare = false; /* looked for again the next time */
        return as_err_errno(err, e, "cannot begin segment '%s' of the journal in '%s'", name, journal->dir);
    }
    if (journal->old_fd >= 0)
        close(journal->old_fd);
    journal->old_fd = journal->fd;
    journal->fd = fd;
    journal->number++;
    journal->n_records = AS_SEGMENT_RECORDS;
    journal->n_used = journal->is_suspect ? journal->n_unsynced : 0;
    journal->is_suspect = false;
    journal->has_spare = false;
    journal->dir_changed = true;
    return true;
}

/* Where appending goes on, found from the end: records that are damaged further in front are the reader's to tell. */
typedef struct journal_tail {
    uint64_t          n_bad; /* slots behind the last whole record that are neither that nor empty */
    uint64_t          n_used;
    bool              header_ok, has_record;
    as_segment_header header;
    as_record         record;
    as_chain          chain;
} journal_tail;

static void journal_read_tail(const uint8_t *bytes, size_t n, uint64_t number, journal_tail *ret)
{
    as_err why = AS_ERR_NONE;
    *ret = (journal_tail){.n_bad = 0};
    size_t end = n / AS_SLOT_BYTES, last_used = 0;
    ret->header_ok = end > 0 && as_segment_header_parse(bytes, &ret->header, &why) && ret->header.number == number &&
                     n == AS_SEGMENT_BYTES(ret->header.n_records);
    for (; end > 1 && !ret->has_record; end--) {
        const uint8_t *slot = bytes + (end - 1) * AS_SLOT_BYTES;
        if (as_segment_is_empty(slot))
            continue;
        last_used = AS_MAX(last_used, end - 1);
        ret->has_record = as_segment_record_parse(slot, &ret->record, &why);
        if (ret->has_record) {
            ret->n_used = end - 1;
            ret->chain = as_segment_chain_of(slot);
        }
    }
    ret->n_bad = last_used - ret->n_used;
}

/* The power went while the disk had later records and not yet this one: nobody was told of any of them. They stay where
 * they are, and a new segment takes their place. */
static bool journal_cut_hole(const as_journal *journal, const uint8_t *bytes, journal_tail *tail)
{
    as_journal_head head;
    as_record       record;
    size_t          hole = 0;
    if (!tail->header_ok || !as_journal_folder_head(journal->dir, &head, NULL))
        return false;
    for (size_t i = tail->n_used;
         i > 0 && tail->n_used - i < AS_SEGMENT_UNSYNCED && tail->header.first_sequence + i - 1 > head.sequence; i--)
        if (as_segment_is_empty(bytes + i * AS_SLOT_BYTES))
            hole = i;
    const uint8_t *before = hole > 1 ? bytes + (hole - 1) * AS_SLOT_BYTES : NULL;
    if (!hole || (before && !as_segment_record_parse(before, &record, NULL)))
        return false;
    tail->has_record = before != NULL;
    if (before) {
        tail->record = record;
        tail->chain = as_segment_chain_of(before);
    }
    tail->n_bad = 0;
    return true;
}

/* Opens the last segment to go on in it; cuts off what a power cut tore. */
static bool journal_resume(as_journal *journal, const char *path, const journal_tail *tail, as_err *err)
{
    static const uint8_t zeros[JOURNAL_MAX_TORN * AS_SLOT_BYTES];
    journal->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (journal->fd < 0)
        return as_err_errno(err, errno, "cannot open '%s'", path);
    journal->n_records = tail->header.n_records;
    journal->n_used = (uint32_t)tail->n_used;
    if (tail->n_bad == 0)
        return true;
    as_log_write(AS_LOG_WARN, "journal '%s': cut off %llu torn records at its end", path,
                 (unsigned long long)tail->n_bad);
    size_t n = AS_MIN((size_t)tail->n_bad * AS_SLOT_BYTES, sizeof zeros);
    return (journal_write_at(journal->fd, zeros, n, AS_SEGMENT_BYTES(tail->n_used)) && fdatasync(journal->fd) == 0) ||
           as_err_errno(err, errno, "cannot write '%s'", path);
}

/* Takes what is known of the end from a segment. True when nothing in front of it can tell more. */
static bool journal_take_tail(as_journal *journal, const journal_tail *tail, bool *has_place)
{
    if (!*has_place && tail->has_record) {
        journal->chain = tail->chain;
        journal->next_sequence = tail->record.sequence + 1;
        *has_place = true;
    } else if (!*has_place && tail->header_ok) {
        journal->chain = tail->header.chain;
        journal->next_sequence = tail->header.first_sequence;
        *has_place = true;
    }
    if (tail->has_record)
        journal->line_run = tail->record.line_run + 1;
    return tail->has_record;
}

static bool journal_find_end(as_journal *journal, const as_journal_folder *folder, as_err *err)
{
    bool has_place = false, is_done = false;
    journal->next_sequence = 1;
    journal->line_run = 1;
    for (size_t i = folder->n; i-- > 0 && !is_done;) {
        char         path[AS_FS_PATH_BYTES];
        uint8_t     *bytes;
        size_t       n;
        journal_tail tail;
        as_err       why = AS_ERR_NONE;
        if (!as_journal_folder_read(journal->dir, folder->numbers[i], path, &bytes, &n, &why)) {
            if (why.code == AS_ENOMEM)
                return as_err_set(err, why.code, "%s", why.text);
            as_log_write(AS_LOG_ERROR, "journal: %s", why.text);
            continue;
        }
        journal_read_tail(bytes, n, folder->numbers[i], &tail);
        const bool has_hole = i + 1 == folder->n && journal_cut_hole(journal, bytes, &tail);
        free(bytes);
        is_done = journal_take_tail(journal, &tail, &has_place);
        if (i + 1 < folder->n)
            continue;
        if (has_hole) {
            as_log_write(AS_LOG_WARN, "journal '%s': going on behind record %llu, the last the disk had kept", path,
                         (unsigned long long)journal->next_sequence - 1);
            continue;
        }
        if (tail.header_ok && tail.n_bad <= JOURNAL_MAX_TORN) {
            if (!journal_resume(journal, path, &tail, err))
                return false;
        } else {
            as_log_write(AS_LOG_ERROR, "journal '%s' is damaged: going on in a new segment", path);
            journal->next_sequence += tail.n_bad;
        }
    }
    journal->number = folder->n ? folder->numbers[folder->n - 1] : 0;
    return true;
}

/* Records that were cut off leave a gap: going on in their place would hide it. */
static bool journal_heed_head(as_journal *journal, as_err *err)
{
    as_journal_head head;
    as_err          why = AS_ERR_NONE;
    if (!as_journal_folder_head(journal->dir, &head, &why)) {
        as_log_write(AS_LOG_ERROR, "journal '%s': %s", journal->dir, why.text);
        return why.code == AS_ECORRUPT || as_err_set(err, why.code, "%s", why.text);
    }
    journal->noted = head.sequence;
    if (head.sequence < journal->next_sequence)
        return true;
    as_log_write(AS_LOG_ERROR, "journal '%s': records %llu to %llu were cut off: going on behind them", journal->dir,
                 (unsigned long long)journal->next_sequence, (unsigned long long)head.sequence);
    journal->next_sequence = head.sequence + 1;
    journal->chain = head.chain;
    journal->line_run = AS_MAX(journal->line_run, head.line_run + 1);
    if (journal->fd >= 0)
        close(journal->fd);
    journal->fd = -1;
    return true;
}

as_journal *as_journal_open(const char *dir, as_err *err)
{
    char              path[AS_FS_PATH_BYTES];
    as_journal_folder folder = {0};
    as_journal       *journal = calloc(1, sizeof *journal);
    if (!journal) {
        AS_FAIL(err, AS_ENOMEM, "cannot open the journal in '%s': not enough memory", dir);
        return NULL;
    }
    journal->fd = journal->old_fd = journal->lock_fd = -1;
    as_err why = AS_ERR_NONE;
    bool   ok = as_str_copy(journal->dir, sizeof journal->dir, dir) || AS_FAIL(&why, AS_ELIMIT, "the path is too long");
    ok = ok && as_fs_make_dirs(dir, &why) && as_fs_join(path, dir, "lock", &why) &&
         as_fs_lock(path, &journal->lock_fd, &why);
    journal->sha = ok ? as_sha256_new(&why) : NULL;
    journal->unsynced = malloc((size_t)AS_SEGMENT_UNSYNCED * AS_SLOT_BYTES);
    if (ok && !journal->unsynced)
        ok = AS_FAIL(&why, AS_ENOMEM, "not enough memory");
    ok = ok && journal->sha && as_journal_folder_list(dir, &folder, &why) && journal_find_end(journal, &folder, &why) &&
         journal_heed_head(journal, &why) && (journal->fd >= 0 || journal_next_segment(journal, &why));
    as_journal_folder_done(&folder);
    journal->synced_chain = journal->chain;
    if (ok)
        return journal;
    as_err_set(err, why.code, "cannot open the journal in '%s': %s", dir, why.text);
    return as_journal_close(journal);
}

/* The program's own file under a fixed name: one writer only has the lock, and a killed one leaves nothing behind. */
static bool journal_note_end(as_journal *journal, as_err *err)
{
    char            now[AS_FS_PATH_BYTES], path[AS_FS_PATH_BYTES];
    uint8_t         slot[AS_SLOT_BYTES];
    as_journal_head head = {.sequence = journal->next_sequence - 1,
                            .line_run = journal->line_run,
                            .utc = as_clock_utc(),
                            .chain = journal->chain};
    if (head.sequence == journal->noted)
        return true;
    journal->note_tried = head.sequence;
    if (!as_fs_join(now, journal->dir, JOURNAL_HEAD_NEW, err) || !as_fs_join(path, journal->dir, AS_JOURNAL_HEAD, err))
        return false;
    as_journal_head_write(&head, slot);
    int  fd = open(now, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    bool ok = fd >= 0 && journal_write_at(fd, slot, sizeof slot, 0) && fdatasync(fd) == 0 && rename(now, path) == 0;
    int  e = errno;
    if (fd >= 0)
        close(fd);
    if (!ok) {
        unlink(now);
        return as_err_errno(err, e, "cannot note the end of the journal in '%s'", journal->dir);
    }
    journal->noted = head.sequence;
    return as_fs_sync_dir(journal->dir, err);
}

as_journal *as_journal_close(as_journal *journal)
{
    if (!journal)
        return NULL;
    as_err why = AS_ERR_NONE;
    if (journal->fd >= 0 && (!as_journal_sync(journal, &why) || !journal_note_end(journal, &why)))
        as_log_write(AS_LOG_ERROR, "journal: %s", why.text);
    if (journal->fd >= 0)
        close(journal->fd);
    if (journal->old_fd >= 0)
        close(journal->old_fd);
    as_fs_unlock(journal->lock_fd);
    as_sha256_free(journal->sha);
    free(journal->unsynced);
    free(journal);
    return NULL;
}

uint32_t as_journal_line_run(const as_journal *journal)
{
    return journal->line_run;
}

bool as_journal_append(as_journal *journal, as_record *record, as_err *err)
{
    uint8_t   slot[AS_SLOT_BYTES];
    as_record own = *record;
    as_chain  chain = journal->chain;
    if (own.verdict <= AS_VERDICT_NONE || own.verdict >= AS_VERDICT_COUNT || own.reason < AS_REASON_NONE ||
        own.reason >= AS_REASON_COUNT)
        return AS_FAIL(err, AS_EINVAL, "cannot record part %llu: its verdict is none of the four",
                       (unsigned long long)own.part);
    if (journal->n_unsynced >= AS_SEGMENT_UNSYNCED && !as_journal_sync(journal, err))
        return false;
    if (journal->n_used >= journal->n_records && !journal_next_segment(journal, err))
        return false;
    own.sequence = journal->next_sequence;
    if (own.line_run == 0)
        own.line_run = journal->line_run;
    as_segment_record_write(&own, &chain, journal->sha, slot);
    if (!journal_write_at(journal->fd, slot, sizeof slot, AS_SEGMENT_BYTES(journal->n_used)))
        return as_err_errno(err, errno, "cannot write the journal in '%s'", journal->dir);
    memcpy(journal->unsynced + (size_t)journal->n_unsynced++ * AS_SLOT_BYTES, slot, sizeof slot);
    journal->chain = chain;
    journal->next_sequence++;
    journal->n_used++;
    record->sequence = own.sequence;
    record->line_run = own.line_run;
    return true;
}

static bool journal_flush(as_journal *journal, as_err *err)
{
    if (journal->old_fd >= 0) {
        if (fdatasync(journal->old_fd) != 0)
            return as_err_errno(err, errno, "cannot write the journal in '%s' to the disk", journal->dir);
        close(journal->old_fd);
        journal->old_fd = -1;
    }
    if (fdatasync(journal->fd) != 0)
        return as_err_errno(err, errno, "cannot write the journal in '%s' to the disk", journal->dir);
    return true;
}

/* After a flush that failed the kernel may have dropped the pages, and says that all is well the next time. */
static bool journal_rewrite(as_journal *journal, as_err *err)
{
    if (journal->old_fd >= 0)
        close(journal->old_fd);
    journal->old_fd = -1;
    if (journal->n_unsynced > 0 && !journal_next_segment(journal, err))
        return false;
    if (journal->old_fd >= 0) /* replaced as far as it was not kept */
        close(journal->old_fd);
    journal->old_fd = -1;
    journal->is_suspect = false;
    return true;
}

/* True when the segments are on the disk. */
static bool journal_keep(as_journal *journal, as_err *err)
{
    as_err why = AS_ERR_NONE;
    if (!journal->is_suspect && journal_flush(journal, &why))
        return true;
    if (!journal->is_suspect) {
        as_log_write(AS_LOG_ERROR, "%s: what it may not have is written again", why.text);
        if (journal->n_failed_syncs++ == 0)
            journal->trouble = why;
        journal->is_suspect = true;
    }
    return journal_rewrite(journal, err);
}

bool as_journal_sync(as_journal *journal, as_err *err)
{
    if (!journal_keep(journal, err) || (journal->dir_changed && !as_fs_sync_dir(journal->dir, err)))
        return false;
    journal->dir_changed = false;
    journal->n_unsynced = 0;
    journal->synced_chain = journal->chain;
    as_err why = AS_ERR_NONE;
    if (journal->next_sequence > AS_MAX(journal->noted, journal->note_tried) + JOURNAL_NOTED &&
        !journal_note_end(journal, &why))
        as_log_write(AS_LOG_WARN, "%s", why.text);
    /* Made ahead, where waiting is expected, so that no append has to. If there is no room yet, the append tells. */
    if (!journal->has_spare && journal->n_used > journal->n_records / 2 && !journal_make_spare(journal, NULL))
        as_log_write(AS_LOG_WARN, "journal in '%s': no room for the next segment yet", journal->dir);
    return true;
}

uint64_t as_journal_failed_syncs(const as_journal *journal)
{
    return journal->n_failed_syncs;
}

const as_err *as_journal_trouble(const as_journal *journal)
{
    return &journal->trouble;
}

uint32_t as_journal_unsynced(const as_journal *journal)
{
    return journal->n_unsynced;
}
