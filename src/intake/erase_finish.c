/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "intake/erase.h"
#include "intake/erase_remote.h"
#include "intake/erase_search.h"
#include "intake/state.h"
#include "release/sign.h"
#include "store/erasure.h"

typedef struct finish_job {
    as_workspace      *ws;
    const as_progress *progress;
    json_t            *plan, *receipt; /* the latter is part of the former */
    json_t            *remotes;
    as_digest_list     images;
    as_search_result   search;
    uint64_t           n_gone;
    as_commit          commit; /* on top; zero: the newest version had none of them */
    bool               has_commit;
} finish_job;

static bool finish_no_memory(as_err *err)
{
    return AS_FAIL(err, AS_ENOMEM, "cannot finish the erasure: not enough memory");
}

static bool finish_images(const json_t *receipt, as_digest_list *ret, as_err *err)
{
    const json_t *list = json_object_get(receipt, "pictures");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *hex = json_string_value(json_object_get(json_array_get(list, i), "sha256"));
        as_digest   digest;
        if (!hex || !as_digest_parse(hex, &digest))
            return AS_FAIL(err, AS_EFORMAT, "picture %zu has no hash", i + 1);
        if (!as_vec_push(ret, digest))
            return finish_no_memory(err);
    }
    as_digest_list_sort(ret);
    return json_is_array(list) || AS_FAIL(err, AS_EFORMAT, "there is no list of pictures");
}

/* A program that was killed may have made the version: then it is the newest, and the one before had them. */
static bool finish_commit_was_made(finish_job *job, const as_commit *newest, as_err *err)
{
    as_commit parent;
    if (newest->n_parents != 1)
        return true;
    if (!as_commit_read(job->ws, &newest->parents[0], &parent, err))
        return false;
    as_manifest *manifest = as_commit_manifest(job->ws, &parent, err);
    for (size_t i = 0; manifest && !job->has_commit && i < as_manifest_count(manifest); i++)
        job->has_commit = as_digest_list_has(&job->images, &as_manifest_at(manifest, i)->image);
    job->commit = *newest;
    as_manifest_free(manifest);
    return manifest != NULL;
}

/* The newest version without them: a version on top. */
static bool finish_commit(finish_job *job, as_err *err)
{
    as_commit newest;
    as_err    why = AS_ERR_NONE;
    uint64_t  n = 0;
    if (!as_commit_find(job->ws, "main", &newest, &why))
        return why.code == AS_ENOTFOUND || as_err_set(err, why.code, "%s", why.text);
    as_manifest *now = as_commit_manifest(job->ws, &newest, err), *made = now ? as_manifest_new(err) : NULL;
    bool         ok = made != NULL;
    for (size_t i = 0; ok && i < as_manifest_count(now); i++) {
        const as_sample *sample = as_manifest_at(now, i);
        if (as_digest_list_has(&job->images, &sample->image))
            n++;
        else
            ok = as_manifest_add(made, sample, err);
    }
    if (ok && n) {
        as_commit commit = {.utc = as_clock_utc(), .n_parents = 1, .parents = {newest.id}};
        snprintf(commit.message, sizeof commit.message, "erase %llu sample%s", (unsigned long long)n,
                 n == 1 ? "" : "s");
        as_intake_author(commit.author, sizeof commit.author);
        ok = as_commit_write(job->ws, made, &commit, err);
        job->commit = commit;
        job->has_commit = ok;
    } else if (ok) {
        ok = finish_commit_was_made(job, &newest, err);
    }
    as_manifest_free(now);
    as_manifest_free(made);
    return ok;
}

/* Each must be told as erased, and no file may have its bytes. */
static bool finish_verify(finish_job *job, as_err *err)
{
    as_probes probes = {0};
    for (size_t i = 0; i < job->images.n; i++) {
        uint8_t *bytes;
        size_t   n;
        as_err   why = AS_ERR_NONE;
        if (as_store_get(job->ws->store, &job->images.at[i], &bytes, &n, &why))
            free(bytes);
        else
            job->n_gone += why.code == AS_EGONE || why.code == AS_ENOTFOUND;
    }
    if (!as_probes_parse(json_object_get(job->plan, "probes"), &probes, err))
        return false;
    bool ok = as_probes_search(job->ws->dir, &probes, job->progress, &job->search, err);
    as_vec_done(&probes);
    return ok;
}

/* What this program cannot see to; a person must. */
static json_t *finish_out_of_reach(const finish_job *job)
{
    json_t *list = json_array();
    json_array_append_new(list,
                          json_string("what the disk keeps of overwritten blocks: worn-out cells of a flash drive, "
                                      "snapshots of the file system, backups"));
    json_array_append_new(list,
                          json_string("the files the pictures were imported from, folders made by checkout, pages "
                                      "written elsewhere, and other copies of this workspace"));
    json_array_append_new(list, json_string("models: what the runs named here have learnt from the pictures"));
    json_array_append_new(list,
                          json_string("the hash of each picture, which tells who has the picture that it was here; "
                                      "messages and authors of versions"));
    if (!json_is_true(json_object_get(job->receipt, "metadata_erased")))
        json_array_append_new(list,
                              json_string("names, measures and labels of the samples in earlier versions: they were "
                                          "to be kept"));
    return list;
}

static bool finish_receipt(finish_job *job, as_err *err)
{
    char    hex[AS_SHA256_HEX_BYTES], when[AS_CLOCK_TEXT_BYTES];
    json_t *receipt = job->receipt;
    bool clean = job->n_gone == job->images.n && job->search.n_copies == 0 && !json_object_get(receipt, "not_looked");
    json_t *verified = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "time", as_clock_text(as_clock_utc(), when),
                                 "n_gone", (json_int_t)job->n_gone, "n_files_read", (json_int_t)job->search.n_files,
                                 "n_bytes_read", (json_int_t)job->search.n_bytes, "n_probes",
                                 (json_int_t)json_array_size(json_object_get(job->plan, "probes")), "n_copies_found",
                                 (json_int_t)job->search.n_copies, "n_alike_found", (json_int_t)job->search.n_alike);
    bool    ok = as_json_set(receipt, "verified", verified) &&
              as_json_set(receipt, "remotes", json_incref(job->remotes)) &&
              as_json_set(receipt, "clean", json_boolean(clean)) &&
              as_json_set(receipt, "out_of_reach", finish_out_of_reach(job)) &&
              as_json_set(receipt, "releases", json_array()) &&
              as_json_set(receipt, "commit",
                          job->has_commit ? json_string(as_digest_hex(&job->commit.id, hex)) : json_null());
    if (ok && *job->search.first)
        ok = as_json_set(receipt, "first_found_in", json_string(job->search.first));
    return ok || finish_no_memory(err);
}

static bool finish_write(finish_job *job, char *path, as_err *err)
{
    as_key  key;
    char    name[64];
    int64_t id;
    if (!as_json_get_i64(job->receipt, "id", &id, err) || !as_key_open(job->ws, &key, err))
        return false;
    snprintf(name, sizeof name, "receipts/%lld.json", (long long)id);
    bool ok = as_json_sign(job->receipt, &key, err) && as_workspace_path(job->ws, name, path, err) &&
              as_json_write(path, job->receipt, err);
    as_key_done(&key);
    return ok;
}

bool as_erase_finish(as_workspace *ws, const as_progress *progress, json_t **ret, char *path, as_err *err)
{
    finish_job job = {.ws = ws, .progress = progress};
    if (!as_erasure_is_pending(ws))
        return AS_FAIL(err, AS_ENOTFOUND, "no erasure was begun that has not ended");
    bool ok = as_erasure_apply(ws, progress, err) && as_erasure_read(ws, &job.plan, err);
    job.receipt = ok ? json_object_get(job.plan, "receipt") : NULL;
    ok = ok && (json_is_object(job.receipt) || AS_FAIL(err, AS_EFORMAT, "the plan of the erasure has no receipt")) &&
         finish_images(job.receipt, &job.images, err) && finish_commit(&job, err) && finish_verify(&job, err) &&
         as_erase_in_remotes(ws, json_object_get(job.plan, "objects"), progress, &job.remotes, err) &&
         finish_receipt(&job, err) && finish_write(&job, path, err) && as_erasure_end(ws, err);
    as_vec_done(&job.images);
    json_decref(job.remotes);
    if (ok)
        *ret = json_incref(job.receipt);
    json_decref(job.plan);
    return ok;
}

void as_erase_author(char *author, size_t cap)
{
    as_intake_author(author, cap);
}

/* --- a receipt, later --- */

static bool check_record(void *ctx, const as_fs_entry *entry, as_err *err)
{
    const as_digest_list *images = ((void **)ctx)[0];
    as_erase_check       *check = ((void **)ctx)[1];
    as_digest             digest;
    (void)err;
    if (entry->kind != AS_FS_FILE || !as_str_ends(entry->relative, ".json"))
        return true;
    json_t     *record = as_json_read(entry->path, (size_t)64 << 20, NULL);
    const char *hex = json_string_value(json_object_get(record, "sha256"));
    const char *file = json_string_value(json_object_get(record, "file"));
    check->n_quarantined +=
        hex && file && *file && as_digest_parse(hex, &digest) && as_digest_list_has(images, &digest);
    json_decref(record);
    return true;
}

static bool check_pictures(as_workspace *ws, const as_digest_list *images, as_erase_check *check, as_err *err)
{
    as_commit newest;
    char      path[AS_FS_PATH_BYTES];
    void     *ctx[] = {(void *)(uintptr_t)images, check};
    check->n_pictures = images->n;
    for (size_t i = 0; i < images->n; i++) {
        check->n_there += as_store_has(ws->store, &images->at[i]);
        check->n_without_note += !as_store_has(ws->store, &images->at[i]) && !as_image_is_erased(ws, &images->at[i]);
    }
    if (as_commit_find(ws, "main", &newest, NULL)) {
        as_manifest *manifest = as_commit_manifest(ws, &newest, err);
        if (!manifest)
            return false;
        for (size_t i = 0; i < as_manifest_count(manifest); i++)
            check->n_in_newest += as_digest_list_has(images, &as_manifest_at(manifest, i)->image);
        as_manifest_free(manifest);
    }
    return as_fs_join(path, ws->dir, "quarantine", err) &&
           (!as_fs_is_dir(path) || as_fs_walk(path, check_record, ctx, err));
}

bool as_erase_check_receipt(as_workspace *ws, const json_t *receipt, as_erase_check *ret, as_err *err)
{
    as_erase_check check = {.is_signed = false};
    as_digest_list images = {0};
    uint8_t        signer[AS_KEY_BYTES], own[AS_KEY_BYTES];
    int64_t        version;
    as_err         why = AS_ERR_NONE;
    if (!as_json_get_i64(receipt, "assay_receipt", &version, err))
        return false;
    if (version != 1)
        return AS_FAIL(err, AS_EUNSUPPORTED, "the receipt has version %lld, and this program knows 1",
                       (long long)version);
    check.is_signed = as_json_sign_check(receipt, signer, &why);
    as_str_copy(check.why, sizeof check.why, why.text);
    check.is_own_key = check.is_signed && as_key_public(ws, own, NULL) && memcmp(signer, own, sizeof own) == 0;
    bool ok = finish_images(receipt, &images, err) && check_pictures(ws, &images, &check, err);
    as_vec_done(&images);
    if (ok)
        *ret = check;
    return ok;
}
