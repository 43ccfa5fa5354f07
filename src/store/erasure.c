/* SPDX-License-Identifier: Apache-2.0 */
#include "store/erasure.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#define ERASURE_FILE "erasing.json"

/* Relative, and no part of it leads upwards: a plan is a file, and a file can be damaged. */
static bool erasure_is_inside(const char *path)
{
    if (!path || path[0] == '/' || path[0] == '\0')
        return false;
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return false;
    }
    return true;
}

static bool erasure_check_paths(const json_t *plan, const char *key, as_err *err)
{
    const json_t *list = json_object_get(plan, key);
    if (!json_is_array(list))
        return AS_FAIL(err, AS_EFORMAT, "it has no list '%s'", key);
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!erasure_is_inside(json_string_value(json_array_get(list, i))))
            return AS_FAIL(err, AS_EFORMAT, "'%s' names what is no file of the project", key);
    return true;
}

static bool erasure_path(const as_workspace *ws, char *path, as_err *err)
{
    return as_fs_join(path, ws->dir, ERASURE_FILE, err);
}

bool as_erasure_check(const json_t *plan, as_err *err)
{
    const json_t *objects = json_object_get(plan, "objects");
    as_digest     digest;
    if (!json_is_array(objects))
        return AS_FAIL(err, AS_EFORMAT, "it has no list 'objects'");
    for (size_t i = 0; i < json_array_size(objects); i++) {
        const json_t *one = json_array_get(objects, i);
        const char   *hex = json_string_value(json_object_get(one, "sha256"));
        if (!hex || !as_digest_parse(hex, &digest) || !json_is_string(json_object_get(one, "reason")))
            return AS_FAIL(err, AS_EFORMAT, "its object %zu has no hash or no reason", i + 1);
    }
    return erasure_check_paths(plan, "wipe", err) && erasure_check_paths(plan, "remove", err);
}

bool as_erasure_is_pending(const as_workspace *ws)
{
    char path[AS_FS_PATH_BYTES];
    return erasure_path(ws, path, NULL) && as_fs_is_file(path);
}

bool as_erasure_begin(const as_workspace *ws, const json_t *plan, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    if (as_erasure_is_pending(ws))
        return AS_FAIL(err, AS_EBUSY,
                       "an erasure that was begun has not ended yet (finish it with: assay erase --resume)");
    if (!as_erasure_check(plan, err) || !erasure_path(ws, path, err))
        return false;
    /* What cannot be read again would keep everybody out. */
    const size_t n = json_dumpb(plan, NULL, 0, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    return n <= AS_ERASURE_MAX_BYTES
               ? as_json_write(path, plan, err)
               : AS_FAIL(err, AS_ELIMIT, "the plan of this erasure would have %zu bytes, at most %zu: erase in parts",
                         n, AS_ERASURE_MAX_BYTES);
}

bool as_erasure_read(const as_workspace *ws, json_t **ret, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    if (!erasure_path(ws, path, err))
        return false;
    json_t *plan = as_json_read(path, AS_ERASURE_MAX_BYTES, err);
    if (!plan || !as_erasure_check(plan, err)) {
        json_decref(plan);
        return as_err_note(err, "the plan '%s' of an erasure cannot be read", path);
    }
    *ret = plan;
    return true;
}

/* All that can be; what could not stays in the list. err is about the first of those. */
static bool erasure_files(const as_workspace *ws, json_t *list, bool (*go)(const char *path, as_err *err), as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    bool ok = true;
    for (size_t i = 0; i < json_array_size(list);) {
        if (as_fs_join(path, ws->root, json_string_value(json_array_get(list, i)), ok ? err : NULL) &&
            go(path, ok ? err : NULL)) {
            json_array_remove(list, i);
        } else {
            ok = false;
            i++;
        }
    }
    return ok;
}

/* The files of the plan. What is done is taken out of it where something is left: a name may be somebody's again. */
static bool erasure_all_files(const as_workspace *ws, json_t *plan, as_err *err)
{
    char    path[AS_FS_PATH_BYTES];
    json_t *wipe = json_object_get(plan, "wipe"), *remove = json_object_get(plan, "remove");
    size_t  n = json_array_size(wipe) + json_array_size(remove);
    bool    ok = erasure_files(ws, wipe, as_fs_wipe, err);
    ok = erasure_files(ws, remove, as_fs_remove, ok ? err : NULL) && ok;
    if (!ok && json_array_size(wipe) + json_array_size(remove) < n) {
        char *text = as_json_pretty(plan);
        if (text && erasure_path(ws, path, NULL))
            (void)!as_fs_write_over(path, text, strlen(text), NULL); /* else they are tried again */
        free(text);
    }
    return ok;
}

/* A note also of what never was here, or gc dropped meanwhile: a refused picture must not come back either. */
static bool erasure_objects(as_workspace *ws, const json_t *list, const as_progress *progress, as_err *err)
{
    const size_t  n = json_array_size(list);
    const as_ns   now = as_clock_utc();
    as_digest    *digests = calloc(n + 1, sizeof *digests);
    as_tombstone *stones = calloc(n + 1, sizeof *stones);
    bool          ok = (digests && stones) || AS_FAIL(err, AS_ENOMEM, "cannot erase: not enough memory");
    for (size_t i = 0; ok && i < n; i++) {
        const json_t *one = json_array_get(list, i);
        stones[i].utc = now;
        ok = (as_digest_parse(json_string_value(json_object_get(one, "sha256")), &digests[i]) &&
              as_str_copy(stones[i].reason, sizeof stones[i].reason,
                          json_string_value(json_object_get(one, "reason")))) ||
             AS_FAIL(err, AS_EFORMAT, "its object %zu has a reason that is too long", i + 1);
    }
    ok = ok && as_store_bury(ws->store, digests, stones, n, progress, err);
    free(digests);
    free(stones);
    return ok;
}

/* files: about the first file that could not be overwritten. */
static bool erasure_do(as_workspace *ws, const as_progress *progress, as_err *files, as_err *err)
{
    json_t *plan;
    if (!as_erasure_read(ws, &plan, err))
        return false;
    bool ok = erasure_objects(ws, json_object_get(plan, "objects"), progress, err);
    if (ok)
        (void)!erasure_all_files(ws, plan, files);
    json_decref(plan);
    return ok || as_err_note(err, "an erasure that was begun cannot go on");
}

bool as_erasure_apply(as_workspace *ws, const as_progress *progress, as_err *err)
{
    as_err files = AS_ERR_NONE;
    if (!erasure_do(ws, progress, &files, err))
        return false;
    return files.code == AS_OK || as_err_set(err, files.code,
                                             "an erasure that was begun cannot end: %s (see to that file, then: assay "
                                             "erase --resume)",
                                             files.text);
}

bool as_erasure_apply_objects(as_workspace *ws, as_err *err)
{
    as_err files = AS_ERR_NONE;
    if (!erasure_do(ws, NULL, &files, err))
        return false;
    if (files.code != AS_OK)
        as_log_write(AS_LOG_WARN, "an erasure has not ended: %s (see to that file, then: assay erase --resume)",
                     files.text);
    return true;
}

/* A plan half overwritten is none, and would keep everybody out: it loses its name first. What a killed program then leaves
 * is a temporary file like any other. */
bool as_erasure_end(const as_workspace *ws, as_err *err)
{
    char path[AS_FS_PATH_BYTES], old[AS_FS_PATH_BYTES];
    if (!erasure_path(ws, path, err) || !as_fs_join(old, ws->dir, ERASURE_FILE ".tmp.0.0", err))
        return false;
    return (!as_fs_is_file(path) || (as_fs_rename(path, old, err) && as_fs_sync_dir(ws->dir, err))) &&
           as_fs_wipe(old, err) && as_fs_sync_dir(ws->dir, err);
}
