/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/quarantine.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/log.h"
#include "catalog/commit.h"
#include "image/codec.h"

#define QUARANTINE_ID_DIGITS  32
#define QUARANTINE_MAX_RECORD ((size_t)64 << 10)

/* The name's own ending where it is a harmless one: what opens the file is chosen by it. */
static void quarantine_ext(const char *name, char *ext)
{
    if (!as_codec_ending(name, ext))
        as_str_copy(ext, AS_CODEC_ENDING_BYTES, "bin");
}

/* Of name and bytes, so that equal files of two names stay two. */
static void quarantine_id(const char *name, const as_digest *digest, char id[QUARANTINE_ID_DIGITS + 1])
{
    char   hex[AS_SHA256_HEX_BYTES];
    as_str text;
    as_str_init(&text);
    as_str_add_bytes(&text, digest->b, sizeof digest->b);
    as_str_add(&text, name);
    as_digest of = as_sha256_of(text.s, text.len);
    as_str_done(&text);
    as_digest_hex(&of, hex);
    memcpy(id, hex, QUARANTINE_ID_DIGITS);
    id[QUARANTINE_ID_DIGITS] = '\0';
}

/* What comes from outside may not be UTF-8 where it was cut. */
static json_t *quarantine_text(const char *text)
{
    as_str safe;
    as_str_init(&safe);
    for (size_t i = 0, n = strlen(text), step; i < n; i += step ? step : 1) {
        step = as_str_char_bytes(text + i, n - i);
        as_str_add_bytes(&safe, step ? text + i : "?", step ? step : 1);
    }
    json_t *value = as_str_ok(&safe) ? json_string(safe.s) : NULL;
    as_str_done(&safe);
    return value;
}

static char *quarantine_record(const as_refusal *refusal, const as_digest *digest, size_t n, const char *file)
{
    char    hex[AS_SHA256_HEX_BYTES], when[AS_CLOCK_TEXT_BYTES];
    json_t *object = json_object();
    bool    ok = as_json_set(object, "name", quarantine_text(refusal->name));
    ok = as_json_set(object, "label", quarantine_text(refusal->label ? refusal->label : "")) && ok;
    ok = as_json_set(object, "check", quarantine_text(refusal->check)) && ok;
    ok = as_json_set(object, "reason", quarantine_text(refusal->why)) && ok;
    ok = as_json_set(object, "time", json_string(as_clock_text(as_clock_utc(), when))) && ok;
    ok = as_json_set(object, "sha256", json_string(!as_digest_is_zero(digest) ? as_digest_hex(digest, hex) : "")) && ok;
    ok = as_json_set(object, "n_bytes", json_integer((json_int_t)n)) && ok;
    ok = as_json_set(object, "file", json_string(file)) && ok;
    char *text = ok ? as_json_text(object) : NULL;
    json_decref(object);
    return text;
}

bool as_quarantine_put(const as_workspace *ws, const as_refusal *refusal, const uint8_t *bytes, size_t n, as_err *err)
{
    char      id[QUARANTINE_ID_DIGITS + 1], ext[AS_CODEC_ENDING_BYTES], rest[96], path[AS_FS_PATH_BYTES];
    as_digest digest = {{0}};
    if (bytes)
        digest = as_sha256_of(bytes, n);
    quarantine_id(refusal->name, &digest, id);
    quarantine_ext(refusal->name, ext);
    snprintf(rest, sizeof rest, "quarantine/%s.%s", id, ext);
    /* The record comes last: where it is, the bytes are. */
    bool ok = as_workspace_path(ws, rest, path, err) &&
              (!bytes || refusal->withhold || as_fs_write_fast(path, bytes, n, err));
    if (ok) {
        char *text = quarantine_record(refusal, &digest, n, bytes && !refusal->withhold ? rest : "");
        snprintf(rest, sizeof rest, "quarantine/%s.json", id);
        ok = text ? as_workspace_path(ws, rest, path, err) && as_fs_write_fast(path, text, strlen(text), err)
                  : AS_FAIL(err, AS_ENOMEM, "not enough memory");
        free(text);
    }
    return ok || as_err_note(err, "cannot quarantine '%.200s'", refusal->name);
}

bool as_quarantine_sync(const as_workspace *ws, as_err *err)
{
    int fd = open(ws->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return as_err_errno(err, errno, "cannot open '%s'", ws->dir);
    int e = syncfs(fd) == 0 ? 0 : errno;
    close(fd);
    return e == 0 || as_err_errno(err, e, "cannot write '%s' to the disk", ws->dir);
}

static bool quarantine_visit(void *ctx, const as_fs_entry *entry, as_err *err)
{
    as_err      why = AS_ERR_NONE;
    const char *name, *check, *reason, *file, *when;
    if (entry->kind != AS_FS_FILE || !as_str_ends(entry->relative, ".json"))
        return true;
    json_t *record = as_json_read(entry->path, QUARANTINE_MAX_RECORD, &why);
    bool    whole = record && as_json_get_str(record, "name", &name, &why) &&
                 as_json_get_str(record, "check", &check, &why) && as_json_get_str(record, "reason", &reason, &why) &&
                 as_json_get_str(record, "file", &file, &why) && as_json_get_str(record, "time", &when, &why);
    if (whole)
        return json_array_append_new(ctx, record) == 0 || AS_FAIL(err, AS_ENOMEM, "not enough memory");
    as_log_write(AS_LOG_WARN, "quarantine record '%s' cannot be read: %s", entry->relative, why.text);
    json_decref(record);
    return true;
}

static int quarantine_compare(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    int by_name = strcmp(json_string_value(json_object_get(x, "name")), json_string_value(json_object_get(y, "name")));
    return by_name
               ? by_name
               : strcmp(json_string_value(json_object_get(x, "time")), json_string_value(json_object_get(y, "time")));
}

/* jansson's arrays cannot be sorted in place. */
static json_t *quarantine_sort(const json_t *list)
{
    size_t   n = json_array_size(list);
    json_t  *sorted = json_array();
    json_t **at = calloc(n + 1, sizeof *at);
    bool     ok = at && sorted;
    for (size_t i = 0; ok && i < n; i++)
        at[i] = json_array_get(list, i);
    if (ok)
        qsort(at, n, sizeof(json_t *), quarantine_compare);
    for (size_t i = 0; ok && i < n; i++)
        ok = json_array_append(sorted, at[i]) == 0;
    free(at);
    if (!ok)
        json_decref(sorted);
    return ok ? sorted : NULL;
}

static int quarantine_by_image(const void *a, const void *b)
{
    const as_sample *x = *(const as_sample *const *)a, *y = *(const as_sample *const *)b;
    return memcmp(x->image.b, y->image.b, sizeof x->image.b);
}

/* The sample that a refused picture became; NULL: none. by_image: n samples. */
static const as_sample *quarantine_kept(const json_t *record, const as_manifest *manifest,
                                        const as_sample *const *by_image, size_t n)
{
    const char      *hex = json_string_value(json_object_get(record, "sha256"));
    const char      *name = json_string_value(json_object_get(record, "name"));
    as_sample        key = {.name = ""};
    const as_sample *at = &key;
    if (!hex || !as_digest_parse(hex, &key.image))
        return NULL;
    const as_sample *named = as_manifest_find(manifest, name);
    if (named && as_digest_equal(&named->image, &key.image))
        return named;
    if (strcmp(json_string_value(json_object_get(record, "check")), "duplicate") == 0)
        return NULL; /* that the other is there is why this one is not */
    const as_sample *const *found = bsearch(&at, by_image, n, sizeof *by_image, quarantine_by_image);
    return found ? *found : NULL;
}

static bool quarantine_mark_kept(as_workspace *ws, json_t *list, bool with_kept, as_err *err)
{
    as_commit commit;
    as_err    why = AS_ERR_NONE;
    if (json_array_size(list) == 0)
        return true;
    if (!as_commit_find(ws, "main", &commit, &why))
        return why.code == AS_ENOTFOUND || as_err_set(err, why.code, "%s", why.text);
    as_manifest *manifest = as_commit_manifest(ws, &commit, err);
    if (!manifest)
        return false;
    size_t            n = as_manifest_count(manifest);
    const as_sample **by_image = calloc(n + 1, sizeof *by_image);
    bool              ok = by_image || AS_FAIL(err, AS_ENOMEM, "not enough memory");
    for (size_t i = 0; ok && i < n; i++)
        by_image[i] = as_manifest_at(manifest, i);
    if (ok)
        qsort(by_image, n, sizeof *by_image, quarantine_by_image);
    for (size_t i = json_array_size(list); ok && i-- > 0;) {
        json_t          *record = json_array_get(list, i);
        const as_sample *kept = quarantine_kept(record, manifest, by_image, n);
        if (kept && with_kept)
            ok =
                as_json_set(record, "kept_as", json_string(kept->name)) || AS_FAIL(err, AS_ENOMEM, "not enough memory");
        else if (kept)
            json_array_remove(list, i);
    }
    free(by_image);
    as_manifest_free(manifest);
    return ok;
}

bool as_quarantine_list(as_workspace *ws, bool with_kept, json_t **ret, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    if (!as_fs_join(path, ws->dir, "quarantine", err))
        return false;
    json_t *found = json_array(), *sorted = NULL;
    bool    ok = found && (!as_fs_is_dir(path) || as_fs_walk(path, quarantine_visit, found, err));
    if (ok) {
        sorted = quarantine_sort(found);
        ok = sorted ? quarantine_mark_kept(ws, sorted, with_kept, err) : AS_FAIL(err, AS_ENOMEM, "not enough memory");
    }
    json_decref(found);
    if (ok)
        *ret = sorted;
    else
        json_decref(sorted);
    return ok;
}
