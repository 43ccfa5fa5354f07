/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/export.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "base/vec.h"
#include "catalog/catalog.h"
#include "catalog/erased.h"
#include "intake/format.h"
#include "intake/side.h"

/* A manifest may come from anywhere: no part of a name may lead out of the folder. */
static bool export_check_name(const char *relative, as_err *err)
{
    for (const char *word = relative;; word++) {
        size_t n = strcspn(word, "/");
        if (n == 0 || (n == 1 && word[0] == '.') || (n == 2 && word[0] == '.' && word[1] == '.'))
            return AS_FAIL(err, AS_EINVAL, "sample '%.200s' has a name that leads out of its folder", relative);
        word += n;
        if (!*word)
            return true;
    }
}

typedef struct export_file {
    size_t sample;
    char  *relative; /* heap */
    size_t first;    /* of the files with this picture, which the others are made from */
} export_file;

/* Around what a format's writer gets. */
typedef struct export_job {
    as_export            out; /* first */
    const as_export_cfg *cfg;
    const as_progress   *progress;
    pthread_t            caller;
    AS_VEC(export_file) files;
    char                 parent[AS_FS_PATH_BYTES]; /* made last */
    atomic_uint_fast64_t n_done, n_shared, n_reused, n_bytes;
    bool                 is_second; /* those that are made from others, once these are there */
} export_job;

/* Noted only; the folder is made. */
static bool export_picture(const as_export *out, size_t i, const char *relative, as_err *err)
{
    export_job *job = (export_job *)(uintptr_t)out;
    char        path[AS_FS_PATH_BYTES];
    if (!export_check_name(relative, err) || !as_fs_join(path, out->dir, relative, err))
        return false;
    *strrchr(path, '/') = '\0';
    if (strcmp(path, job->parent) != 0 && !as_fs_make_dirs(path, err))
        return false;
    as_str_copy(job->parent, sizeof job->parent, path);
    free(out->paths[i]);
    out->paths[i] = strdup(relative);
    export_file file = {.sample = i, .relative = strdup(relative)};
    if (out->paths[i] && file.relative && as_vec_push(&job->files, file))
        return true;
    free(file.relative);
    return AS_FAIL(err, AS_ENOMEM, "cannot list the files: not enough memory");
}

static const as_sample *export_sample(const export_job *job, const export_file *file)
{
    return as_manifest_at(job->out.manifest, file->sample);
}

/* The file of that name in the earlier checkout, if its bytes are this picture's. */
static bool export_reuse(export_job *job, const export_file *file, const char *path, bool *ret_done, as_err *err)
{
    const as_sample *sample = export_sample(job, file);
    char             old[AS_FS_PATH_BYTES];
    uint8_t         *bytes;
    size_t           n;
    *ret_done = false;
    if (!job->cfg->reuse || job->cfg->share == AS_SHARE_COPY ||
        !as_fs_join(old, job->cfg->reuse, file->relative, NULL) || !as_fs_is_file(old) ||
        !as_fs_read(old, (size_t)sample->n_bytes, &bytes, &n, NULL))
        return true;
    as_digest digest = as_sha256_of(bytes, n);
    free(bytes);
    if (!as_digest_equal(&digest, &sample->image))
        return true;
    if (!as_share_file(old, path, job->cfg->share, ret_done, err))
        return false;
    atomic_fetch_add(&job->n_reused, *ret_done);
    return true;
}

static bool export_copy(export_job *job, const export_file *file, const char *path, as_err *err)
{
    const as_sample *sample = export_sample(job, file);
    uint8_t         *bytes;
    size_t           n;
    if (!as_store_get(job->out.ws->store, &sample->image, &bytes, &n, err))
        return as_err_note(err, "cannot write sample '%.200s'", sample->name);
    bool ok = as_fs_write_fast(path, bytes, n, err);
    free(bytes);
    atomic_fetch_add(&job->n_bytes, n);
    return ok;
}

static bool export_one(void *ctx, size_t i, as_err *err)
{
    export_job        *job = ctx;
    const export_file *file = &job->files.at[i];
    char               path[AS_FS_PATH_BYTES], from[AS_FS_PATH_BYTES];
    bool               done = false;
    if ((file->first != i) != job->is_second)
        return true;
    if (!as_progress_go_on(job->progress, err) || !as_fs_join(path, job->out.dir, file->relative, err) ||
        !export_reuse(job, file, path, &done, err))
        return false;
    if (!done && job->is_second) {
        if (!as_fs_join(from, job->out.dir, job->files.at[file->first].relative, err) ||
            !as_share_file(from, path, job->cfg->share, &done, err))
            return false;
        atomic_fetch_add(&job->n_shared, done);
    }
    if (!done && !export_copy(job, file, path, err))
        return false;
    uint64_t n = atomic_fetch_add(&job->n_done, 1) + 1;
    if (pthread_equal(pthread_self(), job->caller))
        as_progress_step(job->progress, "writing pictures", n, job->files.n);
    return true;
}

static int export_compare(const void *a, const void *b, void *ctx)
{
    const export_job *job = ctx;
    const size_t     *x = a, *y = b;
    int               by_image = memcmp(export_sample(job, &job->files.at[*x])->image.b,
                                        export_sample(job, &job->files.at[*y])->image.b, AS_SHA256_BYTES);
    return by_image ? by_image : *x < *y ? -1 : *x > *y;
}

/* Which files have the same picture. */
static bool export_find_first(export_job *job, as_err *err)
{
    size_t *order = calloc(job->files.n + 1, sizeof *order);
    if (!order)
        return AS_FAIL(err, AS_ENOMEM, "cannot sort the files: not enough memory");
    for (size_t i = 0; i < job->files.n; i++)
        order[i] = i;
    if (job->files.n)
        qsort_r(order, job->files.n, sizeof *order, export_compare, job);
    for (size_t k = 0; k < job->files.n; k++) {
        const as_sample *before = k ? export_sample(job, &job->files.at[order[k - 1]]) : NULL;
        bool same = before && as_digest_equal(&before->image, &export_sample(job, &job->files.at[order[k]])->image);
        job->files.at[order[k]].first = same ? job->files.at[order[k - 1]].first : order[k];
    }
    free(order);
    return true;
}

static bool export_files(export_job *job, as_err *err)
{
    bool ok = export_find_first(job, err) && as_thread_for(job->files.n, 0, export_one, job, err);
    job->is_second = true;
    return ok && as_thread_for(job->files.n, 0, export_one, job, err);
}

void as_export_lost_say(const as_export_lost *lost, as_str *text)
{
    const struct {
        uint64_t    n;
        const char *what;
    } kinds[] = {{lost->n_places, "places"},     {lost->n_classes, "classes"}, {lost->n_scores, "scores"},
                 {lost->n_splits, "the split"},  {lost->n_who, "who said it"}, {lost->n_parts, "the part"},
                 {lost->n_cameras, "the camera"}};
    for (size_t i = 0; i < AS_COUNT(kinds); i++)
        if (kinds[i].n)
            as_str_addf(text, "%s%s of %llu samples", text->len ? ", " : "", kinds[i].what,
                        (unsigned long long)kinds[i].n);
}

static bool export_count(void *ctx, const as_fs_entry *entry, as_err *err)
{
    (void)entry;
    *(size_t *)ctx += 1;
    return AS_FAIL(err, AS_EEXIST, "the folder is not empty");
}

static bool export_check_dir(const char *dir, as_err *err)
{
    size_t n = 0;
    as_err why = AS_ERR_NONE;
    if (!as_fs_is_dir(dir))
        return as_fs_make_dirs(dir, err);
    if (as_fs_walk(dir, export_count, &n, &why))
        return true;
    return n ? AS_FAIL(err, AS_EEXIST, "folder '%s' is not empty: name a new one", dir)
             : as_err_set(err, why.code, "%s", why.text);
}

static bool export_remove(void *ctx, const as_fs_entry *entry, as_err *err)
{
    (void)ctx;
    return as_fs_remove(entry->path, err);
}

typedef struct export_choice {
    const as_manifest *all;
    as_manifest       *chosen;
    as_err             err;
} export_choice;

static bool export_choose(void *ctx, const as_sample *sample)
{
    export_choice   *choice = ctx;
    const as_sample *found = as_manifest_find(choice->all, sample->name); /* with its findings */
    return found && as_manifest_add(choice->chosen, found, &choice->err);
}

/* Those that meet the query, in order. Steals all. */
static as_manifest *export_where(as_workspace *ws, const as_commit *commit, as_manifest *all, const as_query *where,
                                 as_err *err)
{
    export_choice   choice = {.all = all, .err = AS_ERR_NONE};
    as_sample_query query = {.commit = commit->id, .where = where};
    as_catalog     *catalog = all && where ? as_catalog_open(ws, err) : NULL;
    if (!all || !where)
        return all;
    bool ok = catalog && (choice.chosen = as_manifest_new(err)) &&
              as_catalog_samples(catalog, &query, export_choose, &choice, err);
    if (ok && choice.err.code != AS_OK)
        ok = as_err_set(err, choice.err.code, "%s", choice.err.text);
    if (ok && as_manifest_count(choice.chosen) == 0)
        ok = AS_FAIL(err, AS_ENOTFOUND, "no sample meets the query");
    as_catalog_close(catalog);
    as_manifest_free(all);
    if (!ok)
        return as_manifest_free(choice.chosen);
    as_manifest_sort(choice.chosen);
    return choice.chosen;
}

/* Labels come before pictures: until all are there, a file says that they are not. */
static bool export_mark(const char *dir, bool set, as_err *err)
{
    static const char text[] = "This checkout was begun, and has not ended: remove the folder, and make it anew.\n";
    char              path[AS_FS_PATH_BYTES];
    return as_fs_join(path, dir, AS_EXPORT_MARK, err) &&
           (set ? as_fs_write_fast(path, text, sizeof text - 1, err) : as_fs_remove(path, err));
}

static bool export_check(const as_export_cfg *cfg, const as_format **ret, as_err *err)
{
    *ret = as_format_find(cfg->format, err);
    if (!*ret)
        return false;
    if (!(*ret)->write)
        return AS_FAIL(err, AS_EUNSUPPORTED, "format '%s' is read, not written", (*ret)->name);
    if (cfg->reuse && !as_fs_is_dir(cfg->reuse))
        return AS_FAIL(err, AS_ENOTFOUND, "there is no folder '%.200s' to reuse", cfg->reuse);
    return export_check_dir(cfg->dir, err);
}

/* The samples to write: those whose pictures are there, and that were asked for. */
static as_manifest *export_manifest(as_workspace *ws, const as_commit *commit, const as_export_cfg *cfg,
                                    uint64_t *ret_n_erased, as_err *err)
{
    as_manifest *whole = as_commit_manifest(ws, commit, err);
    as_manifest *present = whole ? as_manifest_present(ws, whole, ret_n_erased, err) : NULL;
    as_manifest_free(whole);
    return export_where(ws, commit, present, cfg->where, err);
}

static bool export_write(export_job *job, const as_format *format, as_export_lost *lost, as_err *err)
{
    const char *dir = job->out.dir;
    return export_mark(dir, true, err) && format->write(&job->out, err) && export_files(job, err) &&
           as_side_write(&job->out, format, job->out.paths, lost, err) && export_mark(dir, false, err);
}

static void export_job_done(export_job *job)
{
    for (size_t i = 0; i < job->files.n; i++)
        free(job->files.at[i].relative);
    as_vec_done(&job->files);
    for (size_t i = 0; job->out.paths && job->out.manifest && i < as_manifest_count(job->out.manifest); i++)
        free(job->out.paths[i]);
    free(job->out.paths);
    free(job);
}

static void export_result(const export_job *job, const as_export_cfg *cfg, uint64_t n_erased,
                          const as_export_lost *lost)
{
    if (cfg->n_erased)
        *cfg->n_erased = n_erased;
    if (cfg->ret_lost)
        *cfg->ret_lost = *lost;
    if (cfg->ret_written)
        *cfg->ret_written = (as_export_written){.n_samples = as_manifest_count(job->out.manifest),
                                                .n_shared = atomic_load(&job->n_shared),
                                                .n_reused = atomic_load(&job->n_reused),
                                                .n_bytes = atomic_load(&job->n_bytes)};
}

bool as_export_commit(as_workspace *ws, const as_commit *commit, const as_export_cfg *cfg, const as_progress *progress,
                      as_err *err)
{
    const as_format  *format;
    const as_progress quiet = {.stop = progress ? progress->stop : NULL}; /* pictures are counted as they are written */
    as_export_lost    lost = {.n_places = 0};
    uint64_t          n_erased = 0;
    if (!export_check(cfg, &format, err))
        return false;
    as_spec     *spec = as_spec_load(ws->spec_path, err);
    as_manifest *manifest = spec ? export_manifest(ws, commit, cfg, &n_erased, err) : NULL;
    export_job  *job = manifest ? calloc(1, sizeof *job) : NULL;
    bool         ok = manifest && (job || AS_FAIL(err, AS_ENOMEM, "not enough memory"));
    if (ok) {
        *job = (export_job){.cfg = cfg, .progress = progress, .caller = pthread_self()};
        job->out = (as_export){.ws = ws,
                               .spec = spec,
                               .manifest = manifest,
                               .dir = cfg->dir,
                               .progress = &quiet,
                               .paths = calloc(as_manifest_count(manifest) + 1, sizeof *job->out.paths),
                               .put_picture = export_picture};
        ok = (job->out.paths || AS_FAIL(err, AS_ENOMEM, "not enough memory")) && export_write(job, format, &lost, err);
    }
    if (ok)
        export_result(job, cfg, n_erased, &lost);
    /* The folder was empty: what is in it now is half a version, and would stand in the way of the next try. */
    if (!ok && !as_fs_walk(cfg->dir, export_remove, NULL, NULL))
        as_err_note(err, "what was written to '%s' stays there", cfg->dir);
    if (job)
        export_job_done(job);
    as_manifest_free(manifest);
    as_spec_free(spec);
    return ok;
}
