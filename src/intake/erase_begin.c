/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "catalog/manifest.h"
#include "catalog/notes.h"
#include "catalog/rewritten.h"
#include "intake/erase.h"
#include "intake/erase_loose.h"
#include "intake/erase_search.h"
#include "intake/state.h"
#include "store/erasure.h"

#define BEGIN_FILE_BYTES ((size_t)512 << 20)

typedef struct begin_pair {
    as_digest was, now;
} begin_pair;

typedef struct begin_job {
    as_workspace       *ws;
    const as_erase_cfg *cfg;
    const as_progress  *progress;
    as_erase           *erase;
    json_t             *objects; /* of the plan */
    AS_VEC(begin_pair) rewritten;
    as_probes probes;
    bool      is_named; /* the loose text that is looked at names one of them */
} begin_job;

static bool begin_no_memory(as_err *err)
{
    return AS_FAIL(err, AS_ENOMEM, "cannot plan the erasure: not enough memory");
}

static bool begin_add_object(begin_job *job, const as_digest *object, const char *reason, as_err *err)
{
    char hex[AS_SHA256_HEX_BYTES];
    return json_array_append_new(
               job->objects, json_pack("{s:s, s:s}", "sha256", as_digest_hex(object, hex), "reason", reason)) == 0 ||
           begin_no_memory(err);
}

/* A refused one's bytes are in the quarantine alone; it gets its note all the same, or it would come back. */
static bool begin_picture(begin_job *job, const as_erase_picture *picture, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    as_err   why = AS_ERR_NONE;
    if (picture->was_erased)
        return true;
    if (as_store_get(job->ws->store, &picture->image, &bytes, &n, &why)) {
        bool ok = as_probes_of(&picture->image, bytes, n, &job->probes, err);
        free(bytes);
        return ok && begin_add_object(job, &picture->image, job->cfg->reason, err);
    }
    /* Damaged: what is left of it goes all the same. */
    return why.code == AS_ENOTFOUND || why.code == AS_ECORRUPT
               ? begin_add_object(job, &picture->image, job->cfg->reason, err)
               : as_err_set(err, why.code, "%s", why.text);
}

/* --- versions without what names somebody --- */

static bool begin_rewrite(begin_job *job, const as_digest *was, const as_str *text, as_err *err)
{
    char       reason[AS_STORE_REASON_BYTES];
    begin_pair pair = {.was = *was};
    if (!as_store_put(job->ws->store, text->s, text->len, &pair.now, NULL, err))
        return false;
    if (as_digest_equal(&pair.now, was))
        return true;
    for (size_t i = 0; i < job->rewritten.n; i++)
        if (as_digest_equal(&job->rewritten.at[i].was, was))
            return true; /* several versions have this object, and it comes out the same for each */
    return (as_vec_push(&job->rewritten, pair) || begin_no_memory(err)) &&
           as_commit_rewritten(&pair.now, job->cfg->reason, reason, err) && begin_add_object(job, was, reason, err);
}

static bool begin_notes(begin_job *job, const as_digest *notes, as_err *err)
{
    as_digest now;
    uint8_t  *bytes;
    size_t    n;
    uint64_t  n_changed = 0;
    as_str    text;
    if (!as_commit_now(job->ws, notes, &now, err) || !as_commit_object(job->ws, &now, &bytes, &n, err))
        return false;
    as_str_init(&text);
    bool ok = as_notes_redact(bytes, n, &job->erase->names, &text, &n_changed, err) &&
              (n_changed == 0 || begin_rewrite(job, &now, &text, err));
    as_str_done(&text);
    free(bytes);
    return ok;
}

static bool begin_version(void *ctx, const as_commit *commit, as_err *err)
{
    begin_job *job = ctx;
    as_digest  was_manifest, was_labels;
    as_str     text;
    uint64_t   n = 0;
    if (!as_progress_go_on(job->progress, err) || !as_commit_now(job->ws, &commit->manifest, &was_manifest, err) ||
        !as_commit_now(job->ws, &commit->labels, &was_labels, err))
        return false;
    as_manifest *manifest = as_commit_manifest(job->ws, commit, err);
    as_manifest *redacted =
        manifest ? as_manifest_redact(manifest, &job->erase->names, &job->erase->parts, &job->erase->images, &n, err)
                 : NULL;
    as_progress_step(job->progress, "taking names out of versions", job->rewritten.n, 0);
    as_str_init(&text);
    bool ok = redacted &&
              (n == 0 || (as_manifest_write(redacted, &text, err) && begin_rewrite(job, &was_manifest, &text, err)));
    as_str_clear(&text);
    ok = ok && (n == 0 || (as_labels_write(redacted, &text, err) && begin_rewrite(job, &was_labels, &text, err)));
    for (size_t i = 0; ok && i < commit->n_notes; i++)
        ok = begin_notes(job, &commit->notes[i], err);
    as_str_done(&text);
    as_manifest_free(redacted);
    as_manifest_free(manifest);
    return ok;
}

/* --- names in what runs have written --- */

static bool begin_alias_set(json_t *object, const char *key, const char *now, bool *changed)
{
    const char *was = json_string_value(json_object_get(object, key));
    if (strcmp(was, now) == 0)
        return true;
    *changed = true;
    return as_json_set(object, key, json_string(now));
}

/* {"name": ..., "part": ...} of a sample. A part alone, or of a sample that stays, is what others have as well. */
static bool begin_alias_sample(as_erase *erase, json_t *object, bool *changed)
{
    const char *name = json_string_value(json_object_get(object, "name"));
    const char *part = json_string_value(json_object_get(object, "part"));
    const char *word = name ? as_aliases_find(&erase->names, name) : NULL;
    return !word ||
           ((!part || begin_alias_set(object, "part", as_aliases_part(&erase->parts, name, word, part), changed)) &&
            begin_alias_set(object, "name", word, changed));
}

/* Other texts may name a sample between ''. */
static bool begin_alias_text(as_erase *erase, json_t *text, bool *changed)
{
    bool  ok;
    char *now = as_aliases_replace(&erase->names, json_string_value(text), &ok);
    if (now)
        ok = json_string_set(text, now) == 0;
    *changed = *changed || now;
    free(now);
    return ok;
}

static bool begin_alias_json(as_erase *erase, json_t *value, bool *changed)
{
    const char *key;
    json_t     *item;
    size_t      i;
    bool        ok = true;
    if (json_is_string(value))
        return begin_alias_text(erase, value, changed);
    json_array_foreach (value, i, item)
        ok = ok && begin_alias_json(erase, item, changed);
    json_object_foreach (value, key, item) {
        const bool is_name = json_is_string(item) && (strcmp(key, "name") == 0 || strcmp(key, "part") == 0);
        ok = ok && (is_name || begin_alias_json(erase, item, changed));
    }
    return ok && (!json_is_object(value) || begin_alias_sample(erase, value, changed));
}

static bool begin_file(void *ctx, const as_fs_entry *entry, as_err *err)
{
    begin_job *job = ctx;
    as_err     why = AS_ERR_NONE;
    bool       changed = false, ok = true;
    if (entry->kind != AS_FS_FILE || !as_str_ends(entry->relative, ".json"))
        return true;
    json_t *value = as_json_read(entry->path, BEGIN_FILE_BYTES, &why);
    if (value)
        ok = begin_alias_json(job->erase, value, &changed) || begin_no_memory(err);
    if (ok && changed) {
        char *text = as_json_pretty(value);
        ok = text ? as_fs_write_over(entry->path, text, strlen(text), err) : begin_no_memory(err);
        free(text);
    }
    json_decref(value);
    return ok;
}

static bool begin_loose_line(void *ctx, json_t *line, as_err *err)
{
    begin_job *job = ctx;
    return begin_alias_json(job->erase, line, &job->is_named) || begin_no_memory(err);
}

/* A text that no version here has is written anew like one of a version: it may be part of one elsewhere. */
static bool begin_loose(void *ctx, const as_digest *object, const uint8_t *bytes, size_t n, as_err *err)
{
    begin_job *job = ctx;
    as_erase  *erase = job->erase;
    as_str     text;
    as_err     why = AS_ERR_NONE;
    job->is_named = false;
    if (!as_loose_lines(bytes, n, begin_loose_line, job, err))
        return false;
    if (!job->is_named)
        return true;
    as_str_init(&text);
    bool ok = as_loose_redact(bytes, n, &erase->names, &erase->parts, &erase->images, &text, &why);
    if (ok)
        ok = begin_rewrite(job, object, &text, err);
    else if (why.code == AS_ENOMEM)
        as_err_set(err, why.code, "%s", why.text);
    else /* half of one, or another program's: nobody reads it */
        ok = begin_add_object(job, object, job->cfg->reason, err);
    as_str_done(&text);
    return ok;
}

/* Scores and mistakes of runs, and reasons why others were refused. */
static bool begin_files(begin_job *job, as_err *err)
{
    static const char *const folders[] = {"runs", "quarantine"};
    bool                     ok = true;
    for (size_t i = 0; ok && i < AS_COUNT(folders); i++) {
        char path[AS_FS_PATH_BYTES];
        ok = as_fs_join(path, job->ws->dir, folders[i], err) &&
             (!as_fs_is_dir(path) || as_fs_walk(path, begin_file, job, err));
    }
    return ok;
}

/* --- the plan --- */

static json_t *begin_paths_json(const as_erase_paths *paths)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < paths->n; i++)
        json_array_append_new(list, json_string(paths->at[i]));
    return list;
}

static json_t *begin_pictures_json(const as_erase *erase)
{
    json_t *list = json_array();
    char    hex[AS_SHA256_HEX_BYTES];
    for (size_t i = 0; list && i < erase->pictures.n; i++) {
        const as_erase_picture *picture = &erase->pictures.at[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:I, s:I}", "sha256", as_digest_hex(&picture->image, hex), "n_bytes",
                                        (json_int_t)picture->n_bytes, "n_versions", (json_int_t)picture->n_versions));
    }
    return list;
}

static json_t *begin_versions_json(const as_erase *erase)
{
    json_t *list = json_array();
    char    hex[AS_SHA256_HEX_BYTES];
    for (size_t i = 0; list && i < erase->versions.n; i++) {
        const as_erase_version *version = &erase->versions.at[i];
        uint64_t                n = 0;
        for (int s = 0; s < AS_SPLIT_COUNT; s++)
            n += version->n[s];
        json_array_append_new(list, json_pack("{s:s, s:I}", "commit", as_digest_hex(&version->commit.id, hex),
                                              "n_erased", (json_int_t)n));
    }
    return list;
}

static json_t *begin_runs_json(const as_erase *erase)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < erase->runs.n; i++) {
        const as_erase_run_hit *hit = &erase->runs.at[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I, s:I}", "run", hit->run.id, "commit",
                                              hit->run.commit, "n_train", (json_int_t)hit->n[AS_SPLIT_TRAIN],
                                              "n_validation", (json_int_t)hit->n[AS_SPLIT_VALIDATION], "n_test",
                                              (json_int_t)hit->n[AS_SPLIT_TEST]));
    }
    return list;
}

static json_t *begin_rewritten_json(const begin_job *job)
{
    json_t *list = json_array();
    char    was[AS_SHA256_HEX_BYTES], now[AS_SHA256_HEX_BYTES];
    for (size_t i = 0; list && i < job->rewritten.n; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "was", as_digest_hex(&job->rewritten.at[i].was, was), "now",
                                              as_digest_hex(&job->rewritten.at[i].now, now)));
    return list;
}

static bool begin_receipt_number(const as_workspace *ws, uint64_t *ret, as_err *err)
{
    char name[64], path[AS_FS_PATH_BYTES];
    for (uint64_t n = 1;; n++) {
        snprintf(name, sizeof name, "receipts/%llu.json", (unsigned long long)n);
        if (!as_fs_join(path, ws->dir, name, err))
            return false;
        if (!as_fs_is_file(path)) {
            *ret = n;
            return true;
        }
    }
}

/* What the receipt says of what was there before. Names are not in it, nor is the query, which may have one. */
static json_t *begin_receipt(const begin_job *job, as_err *err)
{
    char     who[128], when[AS_CLOCK_TEXT_BYTES];
    uint64_t number;
    as_ns    now = as_clock_utc();
    if (!begin_receipt_number(job->ws, &number, err))
        return NULL;
    as_intake_author(who, sizeof who);
    json_t *receipt = json_pack("{s:i, s:I, s:I, s:s, s:s, s:s, s:b}", "assay_receipt", 1, "id", (json_int_t)number,
                                "utc", (json_int_t)now, "time", as_clock_text(now, when), "who", who, "reason",
                                job->cfg->reason, "metadata_erased", !job->cfg->keep_metadata);
    bool    ok = as_json_set(receipt, "pictures", begin_pictures_json(job->erase)) &&
              as_json_set(receipt, "versions", begin_versions_json(job->erase)) &&
              as_json_set(receipt, "runs", begin_runs_json(job->erase)) &&
              as_json_set(receipt, "rewritten", begin_rewritten_json(job)) &&
              as_json_set(receipt, "n_quarantine_files", json_integer((json_int_t)job->erase->quarantine.n)) &&
              as_json_set(receipt, "n_pages", json_integer((json_int_t)job->erase->pages.n)) &&
              as_json_set(receipt, "n_copies_not_ours", json_integer((json_int_t)job->erase->copies.n));
    if (ok && *job->erase->not_looked)
        ok = as_json_set(receipt, "not_looked", json_string(as_err_default_text(job->erase->not_looked_code)));
    if (ok)
        return receipt;
    json_decref(receipt);
    AS_FAIL(err, AS_EINVAL, "cannot plan the erasure: the reason is not UTF-8, or memory ran out");
    return NULL;
}

static bool begin_plan(begin_job *job, as_err *err)
{
    json_t *plan = json_object(), *wipe = begin_paths_json(&job->erase->quarantine);
    json_t *pages = begin_paths_json(&job->erase->pages), *receipt = begin_receipt(job, err);
    bool    ok = receipt != NULL;
    json_array_extend(wipe, pages);
    json_decref(pages);
    /* It has names; what the folder's other files of it have are numbers of blocks, and others may have them mapped. */
    json_array_append_new(wipe, json_string(".assay/catalog.db-wal"));
    json_array_append_new(wipe, json_string(".assay/catalog.db"));
    ok = ok && (as_json_set(plan, "objects", json_incref(job->objects)) &&
                as_json_set(plan, "remove", json_pack("[s]", ".assay/catalog.db-shm")) &&
                as_json_set(plan, "probes", as_probes_json(&job->probes)));
    bool set = as_json_set(plan, "wipe", wipe) && as_json_set(plan, "receipt", receipt);
    ok = ok && (set || begin_no_memory(err)) && as_erasure_begin(job->ws, plan, err);
    json_decref(plan);
    return ok;
}

static bool begin_check(const as_workspace *ws, const as_erase_cfg *cfg, const as_erase *erase, as_err *err)
{
    const size_t n = strlen(cfg->reason);
    if (n == 0 || n >= AS_ERASE_REASON_BYTES)
        return AS_FAIL(err, AS_EINVAL, "the reason must have 1 to %d bytes", AS_ERASE_REASON_BYTES - 1);
    for (size_t at = 0, step; at < n; at += step)
        if ((step = as_str_char_bytes(cfg->reason + at, n - at)) == 0)
            return AS_FAIL(err, AS_EINVAL, "the reason is not one line of text");
    if (as_erasure_is_pending(ws))
        return AS_FAIL(err, AS_EBUSY,
                       "an erasure that was begun has not ended yet (finish it with: assay erase --resume)");
    for (size_t i = 0; i < erase->pictures.n; i++)
        if (erase->pictures.at[i].hold)
            return AS_FAIL(err, AS_EACCESS,
                           "%llu of the %zu pictures %s under legal hold %llu: nothing is erased (see: assay data hold "
                           "list)",
                           (unsigned long long)erase->n_held, erase->pictures.n, erase->n_held == 1 ? "is" : "are",
                           (unsigned long long)erase->pictures.at[i].hold);
    return true;
}

bool as_erase_begin(as_workspace *ws, const as_erase_cfg *cfg, as_erase *erase, const as_progress *progress,
                    as_err *err)
{
    begin_job job = {.ws = ws, .cfg = cfg, .progress = progress, .erase = erase, .objects = json_array()};
    bool      ok = begin_check(ws, cfg, erase, err) && (job.objects || begin_no_memory(err));
    for (size_t i = 0; ok && i < erase->pictures.n; i++) {
        as_progress_step(progress, "reading pictures", i, erase->pictures.n);
        ok = as_progress_go_on(progress, err) && begin_picture(&job, &erase->pictures.at[i], err);
    }
    if (ok && !cfg->keep_metadata)
        ok = as_loose_walk(ws, begin_loose, &job, progress, err) && as_history_walk(ws, begin_version, &job, err) &&
             as_store_sync(ws->store, err) && begin_files(&job, err);
    ok = ok && begin_plan(&job, err);
    json_decref(job.objects);
    as_vec_done(&job.rewritten);
    as_vec_done(&job.probes);
    return ok;
}
