/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "catalog/catalog.h"
#include "catalog/hold.h"
#include "intake/erase.h"
#include "intake/erase_loose.h"

#define FIND_RECORD_BYTES ((size_t)64 << 20)
#define FIND_PAGE_BYTES   ((size_t)256 << 20)
#define FIND_PAGE_HEAD    2048
#define FIND_PAGE_MARK    "<meta name=\"generator\" content=\"assay\"/>"

typedef struct find_job {
    as_workspace       *ws;
    const as_erase_cfg *cfg;
    const as_progress  *progress;
    as_erase           *erase;
    bool               *is_known; /* of each name: something has it */
    uint64_t            n_read;
    as_digest           newest; /* id of the newest version */
} find_job;

static bool find_no_memory(as_err *err)
{
    return AS_FAIL(err, AS_ENOMEM, "cannot list what is to be erased: not enough memory");
}

static void find_paths_done(as_erase_paths *paths)
{
    for (size_t i = 0; i < paths->n; i++)
        free(paths->at[i]);
    as_vec_done(paths);
}

void as_erase_done(as_erase *erase)
{
    for (size_t i = 0; i < erase->pictures.n; i++)
        free(erase->pictures.at[i].name);
    as_vec_done(&erase->pictures);
    as_vec_done(&erase->versions);
    as_vec_done(&erase->runs);
    as_vec_done(&erase->images);
    find_paths_done(&erase->quarantine);
    find_paths_done(&erase->pages);
    find_paths_done(&erase->copies);
    as_aliases_done(&erase->names);
    as_aliases_done(&erase->parts);
}

static bool find_add_path(as_erase_paths *paths, const char *path, as_err *err)
{
    char *copy = strdup(path);
    if (copy && as_vec_push(paths, copy))
        return true;
    free(copy);
    return find_no_memory(err);
}

/* --- which pictures --- */

static bool find_see(void *ctx, const as_sample *sample)
{
    find_job *job = ctx;
    return as_vec_push(&job->erase->images, sample->image);
}

static bool find_where(find_job *job, as_err *err)
{
    as_commit commit;
    if (!as_commit_find(job->ws, job->cfg->commit ? job->cfg->commit : "main", &commit, err))
        return false;
    as_catalog     *catalog = as_catalog_open(job->ws, err);
    as_sample_query query = {.commit = commit.id, .where = job->cfg->where};
    bool            ok = catalog && as_catalog_samples(catalog, &query, find_see, job, err);
    as_catalog_close(catalog);
    return ok && (job->erase->images.n || AS_FAIL(err, AS_ENOTFOUND, "no sample meets the query"));
}

static bool find_named_in(void *ctx, const as_commit *commit, as_err *err)
{
    find_job    *job = ctx;
    as_manifest *manifest = as_commit_manifest(job->ws, commit, err);
    bool         ok = manifest != NULL;
    as_progress_step(job->progress, "reading versions", job->n_read++, 0);
    for (size_t i = 0; ok && i < job->cfg->n_names; i++) {
        const as_sample *sample = as_manifest_find(manifest, job->cfg->names[i]);
        if (!sample)
            continue;
        job->is_known[i] = true;
        ok = as_vec_push(&job->erase->images, sample->image) || find_no_memory(err);
    }
    as_manifest_free(manifest);
    return ok && as_progress_go_on(job->progress, err);
}

static bool find_refused(void *ctx, const as_fs_entry *entry, as_err *err)
{
    find_job *job = ctx;
    as_err    why = AS_ERR_NONE;
    as_digest digest;
    if (entry->kind != AS_FS_FILE || !as_str_ends(entry->relative, ".json"))
        return true;
    json_t     *record = as_json_read(entry->path, FIND_RECORD_BYTES, &why);
    const char *name = json_string_value(json_object_get(record, "name"));
    const char *hex = json_string_value(json_object_get(record, "sha256"));
    bool        ok = true;
    for (size_t i = 0; ok && name && i < job->cfg->n_names; i++) {
        const bool by_hash = hex && *hex && strcasecmp(hex, job->cfg->names[i]) == 0;
        job->is_known[i] = job->is_known[i] || by_hash;
        if (by_hash || strcmp(name, job->cfg->names[i]) != 0)
            continue;
        job->is_known[i] = true;
        ok = as_aliases_add(&job->erase->names, name, err);
        if (ok && hex && as_digest_parse(hex, &digest))
            ok = as_vec_push(&job->erase->images, digest) || find_no_memory(err);
    }
    json_decref(record);
    return ok;
}

/* Of a manifest or notes that no version has. */
static bool find_loose_line(void *ctx, json_t *line, as_err *err)
{
    find_job   *job = ctx;
    as_digest   image;
    const char *name = json_string_value(json_object_get(line, "name"));
    const char *hex = json_string_value(json_object_get(line, "image"));
    bool        ok = true;
    for (size_t i = 0; ok && name && i < job->cfg->n_names; i++) {
        if (strcmp(name, job->cfg->names[i]) != 0)
            continue;
        job->is_known[i] = true;
        ok = as_aliases_add(&job->erase->names, name, err);
        if (ok && hex && as_digest_parse(hex, &image))
            ok = as_vec_push(&job->erase->images, image) || find_no_memory(err);
    }
    return ok;
}

static bool find_loose(void *ctx, const as_digest *object, const uint8_t *bytes, size_t n, as_err *err)
{
    (void)object;
    return as_loose_lines(bytes, n, find_loose_line, ctx, err);
}

static bool find_names(find_job *job, const char *quarantine, as_err *err)
{
    as_digest digest;
    bool      ok = as_history_walk(job->ws, find_named_in, job, err) &&
              (!as_fs_is_dir(quarantine) || as_fs_walk(quarantine, find_refused, job, err)) &&
              as_loose_walk(job->ws, find_loose, job, job->progress, err);
    for (size_t i = 0; ok && i < job->cfg->n_names; i++) {
        const bool is_hash = as_digest_parse(job->cfg->names[i], &digest);
        if (is_hash &&
            (job->is_known[i] || as_store_has(job->ws->store, &digest) || as_image_is_erased(job->ws, &digest))) {
            ok = as_vec_push(&job->erase->images, digest) || find_no_memory(err);
        } else if (!job->is_known[i]) {
            ok = AS_FAIL(err, AS_ENOTFOUND,
                         "no version and no refused picture has the name '%.200s' (see: assay data ls)",
                         job->cfg->names[i]);
        }
    }
    return ok;
}

static bool find_given(find_job *job, as_err *err)
{
    for (size_t i = 0; i < job->cfg->images->n; i++)
        if (!as_vec_push(&job->erase->images, job->cfg->images->at[i]))
            return find_no_memory(err);
    return true;
}

static bool find_which(find_job *job, const char *quarantine, as_err *err)
{
    if (job->cfg->images)
        return find_given(job, err);
    return job->cfg->where ? find_where(job, err) : find_names(job, quarantine, err);
}

/* --- where they are --- */

static as_erase_picture *find_picture(as_erase *erase, const as_digest *image)
{
    size_t low = 0, high = erase->pictures.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int    order = memcmp(erase->pictures.at[middle].image.b, image->b, sizeof image->b);
        if (order == 0)
            return &erase->pictures.at[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool find_names_in(void *ctx, const as_commit *commit, as_err *err)
{
    find_job    *job = ctx;
    as_manifest *manifest = as_commit_manifest(job->ws, commit, err);
    for (size_t i = 0; manifest && i < as_manifest_count(manifest); i++) {
        const as_sample  *sample = as_manifest_at(manifest, i);
        as_erase_picture *picture = find_picture(job->erase, &sample->image);
        if (picture && !as_alias_is_word(sample->name))
            picture->is_named = true;
    }
    as_manifest_free(manifest);
    return manifest && as_progress_go_on(job->progress, err);
}

/* Those that were erased already, unless their names stayed and are to go now. */
static bool find_drop_erased(find_job *job, as_err *err)
{
    as_erase *erase = job->erase;
    size_t    n = 0, n_erased = 0;
    for (size_t i = 0; i < erase->pictures.n; i++)
        n_erased += erase->pictures.at[i].was_erased = as_image_is_erased(job->ws, &erase->pictures.at[i].image);
    if (n_erased && !job->cfg->keep_metadata && !as_history_walk(job->ws, find_names_in, job, err))
        return false;
    for (size_t i = 0; i < erase->pictures.n; i++) {
        const as_erase_picture *picture = &erase->pictures.at[i];
        if (picture->was_erased && !picture->is_named)
            continue;
        erase->images.at[n] = picture->image;
        erase->pictures.at[n++] = *picture;
    }
    if (n == 0 && erase->images.n)
        return AS_FAIL(err, AS_ENOTFOUND, "%s erased already",
                       erase->images.n == 1 ? "this picture was" : "all of these pictures were");
    erase->images.n = erase->pictures.n = n;
    return true;
}

/* The images, each once; those whose bytes are not in the store (a refused picture's) count too. */
static bool find_list(find_job *job, as_err *err)
{
    as_erase *erase = job->erase;
    as_digest_list_sort(&erase->images);
    for (size_t i = 0; i < erase->images.n; i++)
        if (!as_vec_push(&erase->pictures, ((as_erase_picture){.image = erase->images.at[i]})))
            return find_no_memory(err);
    return find_drop_erased(job, err);
}

static bool find_sample(find_job *job, as_erase_version *version, const as_sample *sample, as_err *err)
{
    as_erase         *erase = job->erase;
    as_erase_picture *picture = find_picture(erase, &sample->image);
    if (!picture)
        return true;
    version->n[sample->split]++;
    picture->n_versions++;
    if (!picture->name) {
        picture->n_bytes = sample->n_bytes;
        picture->name = strdup(sample->name);
        if (!picture->name)
            return find_no_memory(err);
    }
    return as_aliases_add(&erase->names, sample->name, err) &&
           (strcmp(sample->part, sample->name) == 0 || as_aliases_add(&erase->parts, sample->part, err));
}

static bool find_in_version(void *ctx, const as_commit *commit, as_err *err)
{
    find_job        *job = ctx;
    as_erase_version version = {.commit = *commit};
    uint64_t         n = 0;
    as_manifest     *manifest = as_commit_manifest(job->ws, commit, err);
    bool             ok = manifest != NULL;
    as_progress_step(job->progress, "looking through versions", job->n_read++, 0);
    for (size_t i = 0; ok && i < as_manifest_count(manifest); i++)
        ok = find_sample(job, &version, as_manifest_at(manifest, i), err);
    as_manifest_free(manifest);
    for (int s = 0; s < AS_SPLIT_COUNT; s++)
        n += version.n[s];
    if (ok && as_digest_equal(&commit->id, &job->newest))
        job->erase->n_in_newest = n;
    if (ok && n)
        ok = as_vec_push(&job->erase->versions, version) || find_no_memory(err);
    return ok && as_progress_go_on(job->progress, err);
}

static bool find_runs(find_job *job, as_err *err)
{
    as_run *runs;
    size_t  n;
    bool    ok = as_run_list(job->ws, &runs, &n, err);
    if (!ok)
        return false;
    for (size_t i = 0; ok && i < n; i++) {
        for (size_t k = 0; ok && k < job->erase->versions.n; k++) {
            const as_erase_version *version = &job->erase->versions.at[k];
            char                    hex[AS_SHA256_HEX_BYTES];
            as_erase_run_hit        hit = {.run = runs[i]};
            if (strcmp(as_digest_hex(&version->commit.id, hex), runs[i].commit) != 0)
                continue;
            memcpy(hit.n, version->n, sizeof hit.n);
            ok = as_vec_push(&job->erase->runs, hit) || find_no_memory(err);
        }
    }
    free(runs);
    return ok;
}

static bool find_holds(find_job *job, as_err *err)
{
    as_hold *holds;
    size_t   n;
    if (!as_hold_list(job->ws, &holds, &n, err))
        return false;
    for (size_t i = 0; i < job->erase->pictures.n; i++) {
        as_erase_picture *picture = &job->erase->pictures.at[i];
        for (size_t k = 0; k < n && !picture->hold; k++)
            if (!holds[k].released_utc && as_digest_list_has(&holds[k].images, &picture->image))
                picture->hold = holds[k].id;
        job->erase->n_held += picture->hold != 0;
        job->erase->n_bytes += picture->n_bytes;
    }
    as_holds_free(holds, n);
    return true;
}

/* --- beside the store --- */

static bool find_quarantined(void *ctx, const as_fs_entry *entry, as_err *err)
{
    find_job *job = ctx;
    as_err    why = AS_ERR_NONE;
    as_digest digest;
    if (entry->kind != AS_FS_FILE || !as_str_ends(entry->relative, ".json"))
        return true;
    json_t     *record = as_json_read(entry->path, FIND_RECORD_BYTES, &why);
    const char *name = json_string_value(json_object_get(record, "name"));
    const char *hex = json_string_value(json_object_get(record, "sha256"));
    const char *file = json_string_value(json_object_get(record, "file"));
    bool        is = hex && as_digest_parse(hex, &digest) && find_picture(job->erase, &digest), ok = true;
    is = is || (name && as_aliases_find(&job->erase->names, name));
    char path[AS_FS_PATH_BYTES];
    if (is && file && as_str_starts(file, "quarantine/"))
        ok = as_fs_join(path, ".assay", file, err) && find_add_path(&job->erase->quarantine, path, err);
    if (is && ok)
        ok = as_fs_join(path, ".assay/quarantine", entry->relative, err) &&
             find_add_path(&job->erase->quarantine, path, err);
    json_decref(record);
    return ok;
}

static bool find_is_page(const as_fs_entry *entry)
{
    uint8_t *bytes;
    size_t   n;
    if (!as_str_ends(entry->relative, ".html") || !as_fs_read(entry->path, FIND_PAGE_BYTES, &bytes, &n, NULL))
        return false;
    bool is = memmem(bytes, AS_MIN(n, (size_t)FIND_PAGE_HEAD), FIND_PAGE_MARK, strlen(FIND_PAGE_MARK)) != NULL;
    free(bytes);
    return is;
}

/* A file of as many bytes as one of the pictures has, and the same hash. */
static bool find_is_copy(const find_job *job, const as_fs_entry *entry)
{
    const as_erase *erase = job->erase;
    uint8_t        *bytes;
    size_t          n, i = 0;
    while (i < erase->pictures.n && erase->pictures.at[i].n_bytes != entry->bytes)
        i++;
    if (i == erase->pictures.n || !as_fs_read(entry->path, AS_STORE_MAX_OBJECT_BYTES, &bytes, &n, NULL))
        return false;
    as_digest digest = as_sha256_of(bytes, n);
    free(bytes);
    return as_digest_list_has(&erase->images, &digest);
}

static bool find_in_folder(void *ctx, const as_fs_entry *entry, as_err *err)
{
    find_job *job = ctx;
    if (!as_progress_go_on(job->progress, err))
        return false;
    if (entry->kind != AS_FS_FILE || as_str_starts(entry->relative, ".assay/objects/") ||
        as_str_starts(entry->relative, ".assay/quarantine/"))
        return true;
    if (find_is_page(entry))
        return find_add_path(&job->erase->pages, entry->relative, err);
    return !find_is_copy(job, entry) || find_add_path(&job->erase->copies, entry->relative, err);
}

static bool find_beside(find_job *job, const char *quarantine, as_err *err)
{
    as_err why = AS_ERR_NONE;
    if (as_fs_is_dir(quarantine) && !as_fs_walk(quarantine, find_quarantined, job, err))
        return false;
    if (!as_fs_walk(job->ws->root, find_in_folder, job, &why)) {
        if (why.code == AS_ECANCELLED || why.code == AS_ENOMEM)
            return as_err_set(err, why.code, "%s", why.text);
        as_str_copy(job->erase->not_looked, sizeof job->erase->not_looked, why.text);
        job->erase->not_looked_code = why.code;
    }
    return true;
}

bool as_erase_find(as_workspace *ws, const as_erase_cfg *cfg, const as_progress *progress, as_erase *ret, as_err *err)
{
    as_erase  erase = {.n_bytes = 0};
    find_job  job = {.ws = ws, .cfg = cfg, .progress = progress, .erase = &erase};
    as_commit newest;
    char      quarantine[AS_FS_PATH_BYTES];
    if (as_commit_find(ws, "main", &newest, NULL))
        job.newest = newest.id;
    job.is_known = calloc(cfg->n_names + 1, sizeof *job.is_known);
    bool ok = (job.is_known || find_no_memory(err)) && as_aliases_begin(&erase.names, err);
    if (ok)
        as_aliases_begin_like(&erase.parts, &erase.names);
    ok = ok && as_fs_join(quarantine, ws->dir, "quarantine", err) && find_which(&job, quarantine, err) &&
         find_list(&job, err) && as_history_walk(ws, find_in_version, &job, err) && find_runs(&job, err) &&
         find_holds(&job, err) && find_beside(&job, quarantine, err);
    free(job.is_known);
    if (ok)
        *ret = erase;
    else
        as_erase_done(&erase);
    return ok;
}
