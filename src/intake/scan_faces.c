/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/scan_faces.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/thread.h"
#include "image/codec.h"

#define SCAN_BATCH     64
#define SCAN_MAX_BYTES ((size_t)512 << 20)

/* One thing to look at: an object, or a file of the quarantine. */
typedef struct scan_item {
    as_digest digest;
    char     *name;
    bool      is_file, must_be_picture;
} scan_item;

typedef struct scan_result {
    as_faces faces;
    bool     is_picture;
    as_err   why; /* AS_OK: it was searched, or is no picture */
} scan_result;

typedef struct scan_job {
    as_workspace            *ws;
    as_face_finder          *finder;
    const as_scan_faces_cfg *cfg;
    const as_progress       *progress;
    AS_VEC(scan_item) items;
    size_t                first;
    scan_result           results[SCAN_BATCH];
    as_scan_faces_counts *ret;
} scan_job;

static bool scan_add(scan_job *job, scan_item item, char *name, as_err *err)
{
    item.name = name;
    if (name && as_vec_push(&job->items, item))
        return true;
    free(name);
    return AS_FAIL(err, AS_ENOMEM, "cannot list what is stored: not enough memory");
}

static bool scan_list_commit(scan_job *job, as_err *err)
{
    as_commit    commit;
    as_err       why = AS_ERR_NONE;
    as_manifest *manifest = NULL;
    if (!as_commit_find(job->ws, "main", &commit, &why))
        return (job->cfg->all && why.code == AS_ENOTFOUND) || as_err_set(err, why.code, "%s", why.text);
    job->ret->commit = commit.id;
    manifest = as_commit_manifest(job->ws, &commit, err);
    bool ok = manifest != NULL;
    for (size_t i = 0; ok && i < as_manifest_count(manifest); i++) {
        const as_sample *s = as_manifest_at(manifest, i);
        ok = scan_add(job, (scan_item){.digest = s->image, .must_be_picture = true}, as_strdupf("%s", s->name), err);
    }
    as_manifest_free(manifest);
    return ok;
}

static int scan_faces_compare(const void *a, const void *b)
{
    return memcmp(((const as_digest *)a)->b, ((const as_digest *)b)->b, sizeof(as_digest));
}

/* Objects that the newest version does not name. */
static bool scan_list_objects(scan_job *job, as_err *err)
{
    as_digest *all = NULL, *known;
    size_t     n = 0, n_known = job->items.n;
    known = malloc((n_known + 1) * sizeof *known);
    bool ok = known ? as_store_list(job->ws->store, &all, &n, err)
                    : AS_FAIL(err, AS_ENOMEM, "cannot list what is stored: not enough memory");
    for (size_t i = 0; ok && i < n_known; i++)
        known[i] = job->items.at[i].digest;
    if (ok)
        qsort(known, n_known, sizeof *known, scan_faces_compare);
    for (size_t i = 0; ok && i < n; i++) {
        char hex[AS_SHA256_HEX_BYTES];
        if (!bsearch(&all[i], known, n_known, sizeof *known, scan_faces_compare))
            ok = scan_add(job, (scan_item){.digest = all[i]}, as_strdupf("object %.12s", as_digest_hex(&all[i], hex)),
                          err);
    }
    free(all);
    free(known);
    return ok;
}

static bool scan_list_file(void *ctx, const as_fs_entry *entry, as_err *err)
{
    scan_item item = {.is_file = true, .must_be_picture = true};
    if (as_str_ends(entry->relative, ".json"))
        return true;
    return scan_add(ctx, item, as_strdupf("quarantine/%s", entry->relative), err);
}

static bool scan_list_quarantine(scan_job *job, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    return as_fs_join(path, job->ws->dir, "quarantine", err) &&
           (!as_fs_is_dir(path) || as_fs_walk(path, scan_list_file, job, err));
}

static bool scan_read(const scan_job *job, const scan_item *item, uint8_t **bytes, size_t *n, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    if (!item->is_file)
        return as_store_get(job->ws->store, &item->digest, bytes, n, err);
    return as_fs_join(path, job->ws->dir, item->name, err) && as_fs_read(path, SCAN_MAX_BYTES, bytes, n, err);
}

static bool scan_one(void *ctx, size_t i, as_err *err)
{
    scan_job        *job = ctx;
    const scan_item *item = &job->items.at[job->first + i];
    scan_result     *result = &job->results[i];
    uint8_t         *bytes;
    size_t           n;
    as_image         image = {0};
    as_codec_info    info;
    if (!as_progress_go_on(job->progress, err))
        return false;
    if (!scan_read(job, item, &bytes, &n, &result->why))
        return result->why.code != AS_ENOMEM || as_err_set(err, AS_ENOMEM, "%s", result->why.text);
    result->is_picture = item->must_be_picture || as_codec_probe(bytes, n, &info, &result->why);
    if (!result->is_picture)
        result->why = (as_err)AS_ERR_NONE;
    else if (!as_codec_decode(bytes, n, &image, NULL, &result->why) ||
             !as_face_find(job->finder, &image, job->cfg->sensitivity, &result->faces, &result->why))
        result->faces.n = 0;
    as_image_done(&image);
    free(bytes);
    return true;
}

static void scan_tell(scan_job *job, const scan_item *item, const scan_result *result)
{
    if (result->why.code != AS_OK) {
        job->ret->n_unreadable++;
        if (job->cfg->unreadable)
            job->cfg->unreadable(job->cfg->ctx, item->name, &result->why);
        return;
    }
    job->ret->n_pictures += result->is_picture;
    job->ret->n_faces += result->faces.n;
    for (size_t i = 0; i < result->faces.n; i++)
        job->cfg->found(job->cfg->ctx, item->name, &result->faces.at[i]);
}

static bool scan_batch(scan_job *job, as_err *err)
{
    size_t n = AS_MIN(job->items.n - job->first, (size_t)SCAN_BATCH);
    memset(job->results, 0, sizeof job->results);
    bool ok = as_thread_for(n, 0, scan_one, job, err);
    for (size_t i = 0; i < n; i++) {
        if (ok)
            scan_tell(job, &job->items.at[job->first + i], &job->results[i]);
        as_vec_done(&job->results[i].faces);
    }
    as_progress_step(job->progress, "looking for faces", job->first + n, job->items.n);
    return ok;
}

bool as_scan_faces(as_workspace *ws, as_face_finder *finder, const as_scan_faces_cfg *cfg, const as_progress *progress,
                   as_scan_faces_counts *ret, as_err *err)
{
    as_scan_faces_counts counts = {0};
    scan_job            *job = calloc(1, sizeof *job);
    if (!job)
        return AS_FAIL(err, AS_ENOMEM, "cannot look for faces: not enough memory");
    job->ws = ws;
    job->finder = finder;
    job->cfg = cfg;
    job->progress = progress;
    job->ret = &counts;
    bool ok =
        scan_list_commit(job, err) && (!cfg->all || (scan_list_objects(job, err) && scan_list_quarantine(job, err)));
    for (; ok && job->first < job->items.n; job->first += SCAN_BATCH)
        ok = scan_batch(job, err);
    for (size_t i = 0; i < job->items.n; i++)
        free(job->items.at[i].name);
    as_vec_done(&job->items);
    free(job);
    if (ok)
        *ret = counts;
    return ok;
}
