/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/import.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/thread.h"
#include "image/tiff_page.h"
#include "intake/scan.h"
#include "intake/state.h"
#include "intake/video.h"

#define IMPORT_BATCH          64 /* of any size the result is the same */
#define IMPORT_MAX_FILE_BYTES ((size_t)512 << 20)

typedef struct import_job {
    as_intake           *intake;
    const as_import_cfg *cfg;
    const as_progress   *progress;
    pthread_t            caller;
    as_scan              scan;
    size_t               first; /* of the batch */
    atomic_size_t        n_done;
    as_look              looks[IMPORT_BATCH];
} import_job;

static as_sample import_sample(const as_scan_file *file)
{
    return (as_sample){.name = file->name,
                       .label = file->label,
                       .state = file->state,
                       .by = file->by,
                       .said_utc = file->said_utc,
                       .split = file->split,
                       .part = file->part,
                       .camera = file->camera ? file->camera : "",
                       .findings = file->findings,
                       .n_findings = (uint32_t)file->n_findings,
                       .votes = file->votes,
                       .n_votes = (uint8_t)file->n_votes,
                       .utc = file->utc,
                       .severity = file->severity};
}

/* One page of several as a file of its own. The first is looked at as it is where it cannot be had: why is found there. */
static bool import_look_page(import_job *job, const as_scan_file *file, const uint8_t *bytes, size_t n,
                             const as_sample *sample, as_look *look, as_err *err)
{
    as_str one;
    as_err why = AS_ERR_NONE;
    bool   ok;
    as_str_init(&one);
    if (as_tiff_page(bytes, n, file->page, &one, &why))
        ok = as_look_at(job->intake, (const uint8_t *)one.s, one.len, sample, look, err);
    else if (why.code == AS_ENOMEM)
        ok = as_err_set(err, why.code, "%s", why.text);
    else if (file->page == 1)
        ok = as_look_at(job->intake, bytes, n, sample, look, err);
    else
        ok = as_look_refuse(job->intake, NULL, 0, sample, "whole", why.text, look, err);
    as_str_done(&one);
    return ok;
}

static bool import_look(void *ctx, size_t i, as_err *err)
{
    import_job         *job = ctx;
    const as_scan_file *file = &job->scan.files.at[job->first + i];
    as_sample           sample = import_sample(file);
    uint8_t            *bytes;
    size_t              n;
    as_err              why = AS_ERR_NONE;
    bool                ok;
    if (!as_progress_go_on(job->progress, err))
        return false;
    if (as_fs_read(file->path, IMPORT_MAX_FILE_BYTES, &bytes, &n, &why)) {
        ok = file->page ? import_look_page(job, file, bytes, n, &sample, &job->looks[i], err)
                        : as_look_at(job->intake, bytes, n, &sample, &job->looks[i], err);
        free(bytes);
    } else if (why.code == AS_ENOMEM) {
        ok = as_err_set(err, why.code, "%s", why.text);
    } else {
        char text[AS_CHECK_TEXT_BYTES];
        snprintf(text, sizeof text, "cannot be read: %s", as_err_default_text(why.code));
        ok = as_look_refuse(job->intake, NULL, 0, &sample, "whole", text, &job->looks[i], err);
    }
    size_t done = atomic_fetch_add(&job->n_done, 1) + 1;
    if (pthread_equal(pthread_self(), job->caller)) /* progress belongs to one thread */
        as_progress_step(job->progress, "importing", done, job->scan.n_pictures);
    return ok;
}

static bool import_batch(import_job *job, size_t n, as_err *err)
{
    if (!as_thread_for(n, 0, import_look, job, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const as_scan_file *file = &job->scan.files.at[job->first + i];
        as_sample           sample = import_sample(file);
        if (!as_look_take(job->intake, &job->looks[i], &sample, err))
            return false;
        if (job->looks[i].level > AS_CHECK_OK && job->cfg->told)
            job->cfg->told(job->cfg->ctx, job->looks[i].level, file->name, job->looks[i].text);
    }
    return true;
}

static bool import_videos(import_job *job, const as_spec *spec, as_err *err)
{
    for (size_t i = job->scan.n_pictures; i < job->scan.files.n; i++) {
        const as_scan_file *file = &job->scan.files.at[i];
        as_video            video = {
                       .path = file->path, .name = file->name, .label = file->label, .split = file->split, .utc = file->utc};
        if (!as_video_take(job->intake, spec, &video, job->cfg, job->progress, err))
            return false;
    }
    return true;
}

bool as_import_folder(as_intake *intake, const as_spec *spec, const as_import_cfg *cfg, const as_progress *progress,
                      as_err *err)
{
    if (as_video_is_stream(cfg->folder) || as_fs_is_file(cfg->folder))
        return as_video_import(intake, spec, cfg, progress, err);
    import_job *job = calloc(1, sizeof *job);
    if (!job)
        return AS_FAIL(err, AS_ENOMEM, "cannot import '%s': not enough memory", cfg->folder);
    job->intake = intake;
    job->cfg = cfg;
    job->progress = progress;
    job->caller = pthread_self();
    atomic_init(&job->n_done, 0);
    bool ok = as_scan_folder(&job->scan, spec, cfg, err);
    for (; ok && job->first < job->scan.n_pictures; job->first += IMPORT_BATCH)
        ok = import_batch(job, AS_MIN(job->scan.n_pictures - job->first, (size_t)IMPORT_BATCH), err);
    ok = ok && import_videos(job, spec, err);
    as_scan_done(&job->scan);
    free(job);
    return ok;
}
