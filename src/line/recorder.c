/* SPDX-License-Identifier: Apache-2.0 */
#include "line/recorder.h"

#include <stdlib.h>

#include "base/log.h"

#define RECORDER_RETRY_NS (250 * AS_NS_PER_MS) /* a full disk is not asked at every part */
#define RECORDER_SYNC_NS  (200 * AS_NS_PER_MS) /* a power cut takes no more than this */

struct as_recorder {
    as_journal *journal;
    as_record  *waiting; /* a ring */
    size_t      first, n;
    uint64_t    n_lost;
    as_ns       retry_at, synced_at;
    bool        is_dirty;
    as_err      trouble;
};

as_recorder *as_recorder_new(as_journal *journal, as_err *err)
{
    as_recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder) {
        recorder->journal = journal;
        recorder->waiting = calloc(AS_RECORDER_WAITING, sizeof *recorder->waiting);
        if (recorder->waiting)
            return recorder;
    }
    AS_FAIL(err, AS_ENOMEM, "cannot keep records: not enough memory");
    if (!recorder)
        as_journal_close(journal);
    return as_recorder_free(recorder);
}

as_recorder *as_recorder_free(as_recorder *recorder)
{
    if (!recorder)
        return NULL;
    as_journal_close(recorder->journal);
    free(recorder->waiting);
    free(recorder);
    return NULL;
}

static bool recorder_append(as_recorder *recorder, as_record *record, as_ns now)
{
    as_err why = AS_ERR_NONE;
    if (as_journal_append(recorder->journal, record, &why)) {
        recorder->is_dirty = true;
        return true;
    }
    recorder->retry_at = now + RECORDER_RETRY_NS;
    if (recorder->trouble.code == AS_OK) {
        as_log_write(AS_LOG_ERROR, "%s: verdicts go on, records wait", why.text);
        recorder->trouble = why;
    }
    return false;
}

static void recorder_drain(as_recorder *recorder, as_ns now)
{
    while (recorder->n && recorder_append(recorder, &recorder->waiting[recorder->first], now)) {
        recorder->first = (recorder->first + 1) % AS_RECORDER_WAITING;
        recorder->n--;
    }
}

void as_recorder_put(as_recorder *recorder, as_record *record, as_ns now)
{
    record->sequence = 0;
    record->line_run = as_journal_line_run(recorder->journal);
    if (recorder->n && now >= recorder->retry_at)
        recorder_drain(recorder, now);
    if (recorder->n == 0 && recorder_append(recorder, record, now))
        return;
    if (recorder->n == AS_RECORDER_WAITING) {
        recorder->first = (recorder->first + 1) % AS_RECORDER_WAITING;
        recorder->n--;
        recorder->n_lost++;
    }
    recorder->waiting[(recorder->first + recorder->n) % AS_RECORDER_WAITING] = *record;
    recorder->n++;
}

static void recorder_sync(as_recorder *recorder, as_ns now)
{
    as_err why = AS_ERR_NONE;
    recorder->synced_at = now;
    recorder->is_dirty = !as_journal_sync(recorder->journal, &why);
    if (!recorder->is_dirty)
        why = *as_journal_trouble(recorder->journal); /* written again: the disk is not to be trusted all the same */
    if (why.code == AS_OK || recorder->trouble.code != AS_OK)
        return;
    as_log_write(AS_LOG_ERROR, "%s", why.text);
    recorder->trouble = why;
}

void as_recorder_rest(as_recorder *recorder, as_ns now)
{
    if (recorder->n && now >= recorder->retry_at)
        recorder_drain(recorder, now);
    if (recorder->is_dirty && now - recorder->synced_at >= RECORDER_SYNC_NS)
        recorder_sync(recorder, now);
}

void as_recorder_finish(as_recorder *recorder)
{
    recorder_drain(recorder, recorder->retry_at);
    recorder->n_lost += recorder->n;
    recorder->n = 0;
    if (recorder->is_dirty)
        recorder_sync(recorder, recorder->synced_at);
}

uint64_t as_recorder_lost(const as_recorder *recorder)
{
    return recorder->n_lost;
}

uint64_t as_recorder_waiting(const as_recorder *recorder)
{
    return recorder->n;
}

uint64_t as_recorder_failed_syncs(const as_recorder *recorder)
{
    return as_journal_failed_syncs(recorder->journal);
}

uint64_t as_recorder_unsafe(const as_recorder *recorder)
{
    return as_journal_unsynced(recorder->journal);
}

const as_err *as_recorder_trouble(const as_recorder *recorder)
{
    return &recorder->trouble;
}

uint32_t as_recorder_line_run(const as_recorder *recorder)
{
    return as_journal_line_run(recorder->journal);
}
