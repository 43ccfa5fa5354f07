/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/quarantine.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/log.h"
#include "catalog/manifest.h"
#include "image/codec.h"
#include "intake/state.h"

#define QUARANTINE_ID_DIGITS  32
#define QUARANTINE_MAX_FILE   ((size_t)512 << 20)
#define QUARANTINE_MAX_RECORD ((size_t)64 << 20) /* masks are long */

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

/* What belongs to one call of the file system only is not written. */
static const char *const quarantine_made[] = {"id", "state", "kept_as"};

static bool quarantine_write(const as_workspace *ws, const char *id, const json_t *record, as_err *err)
{
    char    path[AS_FS_PATH_BYTES], rest[96];
    json_t *copy = json_copy((json_t *)(uintptr_t)record);
    for (size_t i = 0; copy && i < AS_COUNT(quarantine_made); i++)
        json_object_del(copy, quarantine_made[i]);
    char *text = copy ? as_json_text(copy) : NULL;
    snprintf(rest, sizeof rest, "quarantine/%s.json", id);
    bool ok = text ? as_workspace_path(ws, rest, path, err) && as_fs_write_fast(path, text, strlen(text), err)
                   : AS_FAIL(err, AS_ENOMEM, "not enough memory");
    free(text);
    json_decref(copy);
    return ok;
}

static bool quarantine_set_number(json_t *object, const char *key, double value)
{
    return !isfinite(value) || as_json_set(object, key, json_real(value));
}

static bool quarantine_add_look(json_t *record, const as_look *look)
{
    as_note_found  found[AS_NOTE_MAX_FOUND];
    const as_note *m = &look->measured;
    json_t        *measured = json_object(), *list = json_array();
    size_t         n = as_said_found(&look->said, found);
    bool           ok = list && quarantine_set_number(measured, "sharpness", look->sharpness);
    ok = ok && quarantine_set_number(measured, "clipped_ratio", look->clipped_ratio) &&
         quarantine_set_number(measured, "black_ratio", m->black_ratio) &&
         quarantine_set_number(measured, "white_ratio", m->white_ratio) &&
         quarantine_set_number(measured, "mean", m->mean) && quarantine_set_number(measured, "contrast", m->contrast) &&
         quarantine_set_number(measured, "noise", m->noise) &&
         quarantine_set_number(measured, "motion_px", m->motion_px);
    for (size_t i = 0; ok && i < n; i++) {
        json_t *one = json_object();
        ok = as_json_set(one, "check", json_string(found[i].check));
        ok = as_json_set(one, "text", quarantine_text(found[i].text)) && ok;
        ok = json_array_append_new(list, one) == 0 && ok;
    }
    ok = as_json_set(record, "measured", measured) && ok;
    ok = as_json_set(record, "found", list) && ok;
    if (look->width)
        ok = ok && as_json_set(record, "width", json_integer(look->width)) &&
             as_json_set(record, "height", json_integer(look->height)) &&
             as_json_set(record, "format", json_string(as_codec_name(look->codec)));
    return ok;
}

/* What was said of it, as a version would keep it. Nothing where a version would not take it. */
static bool quarantine_add_labels(json_t *record, const as_sample *sample)
{
    as_err    err = AS_ERR_NONE;
    as_str    line;
    as_sample copy = *sample;
    copy.part = copy.name;
    copy.camera = "";
    copy.format = "unknown";
    copy.privacy = "";
    as_str_init(&line);
    as_manifest *one = as_manifest_new(&err);
    bool         ok = one != NULL;
    if (ok && copy.label && as_manifest_add(one, &copy, &err) && as_labels_write(one, &line, &err) && line.len) {
        json_t *labels = as_json_parse(line.s, line.len, "labels", &err);
        ok = labels && as_json_set(record, "labels", labels);
    }
    ok = ok && err.code != AS_ENOMEM;
    as_manifest_free(one);
    as_str_done(&line);
    return ok;
}

static bool quarantine_add_sample(json_t *record, const as_sample *sample)
{
    bool ok = true;
    if (sample->split != AS_SPLIT_NONE)
        ok = as_json_set(record, "split", json_string(as_split_name(sample->split)));
    if (sample->part && *sample->part)
        ok = as_json_set(record, "part", quarantine_text(sample->part)) && ok;
    if (sample->camera && *sample->camera)
        ok = as_json_set(record, "camera", quarantine_text(sample->camera)) && ok;
    if (sample->utc)
        ok = as_json_set(record, "utc", json_integer(sample->utc)) && ok;
    if (sample->severity != 0)
        ok = quarantine_set_number(record, "severity", sample->severity) && ok;
    return ok && quarantine_add_labels(record, sample);
}

static json_t *quarantine_record(const as_refusal *refusal, const as_digest *digest, size_t n, const char *file)
{
    char             hex[AS_SHA256_HEX_BYTES], when[AS_CLOCK_TEXT_BYTES];
    const as_sample *sample = refusal->sample;
    json_t          *object = json_object();
    bool             ok = as_json_set(object, "name", quarantine_text(sample->name));
    ok = as_json_set(object, "label", quarantine_text(sample->label ? sample->label : "")) && ok;
    ok = as_json_set(object, "check", quarantine_text(refusal->check)) && ok;
    ok = as_json_set(object, "reason", quarantine_text(refusal->why)) && ok;
    ok = as_json_set(object, "time", json_string(as_clock_text(as_clock_utc(), when))) && ok;
    ok = as_json_set(object, "sha256", json_string(!as_digest_is_zero(digest) ? as_digest_hex(digest, hex) : "")) && ok;
    ok = as_json_set(object, "n_bytes", json_integer((json_int_t)n)) && ok;
    ok = as_json_set(object, "file", json_string(file)) && ok;
    ok = ok && quarantine_add_sample(object, sample) && (!refusal->look || quarantine_add_look(object, refusal->look));
    if (ok)
        return object;
    json_decref(object);
    return NULL;
}

/* The record that is there already, or NULL. */
static json_t *quarantine_before(const as_workspace *ws, const char *id)
{
    char   path[AS_FS_PATH_BYTES], rest[96];
    as_err err = AS_ERR_NONE;
    snprintf(rest, sizeof rest, "quarantine/%s.json", id);
    if (!as_workspace_path(ws, rest, path, &err) || !as_fs_is_file(path))
        return NULL;
    return as_json_read(path, QUARANTINE_MAX_RECORD, &err);
}

static const char *quarantine_last_action(const json_t *record)
{
    const json_t *list = json_object_get(record, "decisions");
    size_t        n = json_array_size(list);
    const char   *action = n ? json_string_value(json_object_get(json_array_get(list, n - 1), "action")) : NULL;
    return action ? action : "";
}

static bool quarantine_add_decision(json_t *record, const as_decision *decision)
{
    char    when[AS_CLOCK_TEXT_BYTES], hex[AS_SHA256_HEX_BYTES];
    json_t *one = json_object(), *list = json_object_get(record, "decisions");
    bool    ok = as_json_set(one, "action", json_string(decision->action));
    ok = as_json_set(one, "by", quarantine_text(decision->by)) && ok;
    ok = as_json_set(one, "reason", quarantine_text(decision->reason)) && ok;
    ok = as_json_set(one, "time", json_string(as_clock_text(as_clock_utc(), when))) && ok;
    if (decision->commit)
        ok = as_json_set(one, "commit", json_string(as_digest_hex(decision->commit, hex))) && ok;
    if (decision->checks)
        ok = as_json_set(one, "checks", decision->checks) && ok;
    if (!json_is_array(list)) {
        list = json_array();
        ok = as_json_set(record, "decisions", list) && ok;
    }
    return json_array_append_new(list, one) == 0 && ok;
}

bool as_quarantine_bytes(const as_workspace *ws, const json_t *record, uint8_t **ret_bytes, size_t *ret_n, as_err *err)
{
    const char *file = json_string_value(json_object_get(record, "file"));
    char        path[AS_FS_PATH_BYTES];
    if (!file || !*file)
        return AS_FAIL(err, AS_ENOTFOUND, "its bytes are not kept: import the file again");
    /* A record may have been written by anybody: it names a file beside it, and no other. */
    if (!as_str_starts(file, "quarantine/") || strchr(file + strlen("quarantine/"), '/'))
        return AS_FAIL(err, AS_ECORRUPT, "its record names '%.100s', which is not in quarantine", file);
    return as_workspace_path(ws, file, path, err) && as_fs_read(path, QUARANTINE_MAX_FILE, ret_bytes, ret_n, err);
}

bool as_quarantine_set_bytes(const as_workspace *ws, json_t *record, const uint8_t *bytes, size_t n, as_err *err)
{
    const char *id = json_string_value(json_object_get(record, "id"));
    const char *name = json_string_value(json_object_get(record, "name"));
    char        ext[AS_CODEC_ENDING_BYTES], rest[96], path[AS_FS_PATH_BYTES];
    if (!id || !name || strlen(id) > QUARANTINE_ID_DIGITS)
        return AS_FAIL(err, AS_EINVAL, "the bytes need a record of the list");
    quarantine_ext(name, ext);
    snprintf(rest, sizeof rest, "quarantine/%s.%s", id, ext);
    if (!as_workspace_path(ws, rest, path, err) || !(bytes ? as_fs_write(path, bytes, n, err) : as_fs_wipe(path, err)))
        return false;
    return as_json_set(record, "file", json_string(bytes ? rest : "")) || AS_FAIL(err, AS_ENOMEM, "not enough memory");
}

bool as_quarantine_set_labels(json_t *record, const as_sample *sample, as_err *err)
{
    json_object_del(record, "labels");
    return (as_json_set(record, "label", quarantine_text(sample->label)) && quarantine_add_labels(record, sample)) ||
           AS_FAIL(err, AS_ENOMEM, "not enough memory");
}

bool as_quarantine_decide(const as_workspace *ws, json_t *record, const as_decision *decision, as_err *err)
{
    const char *id = json_string_value(json_object_get(record, "id"));
    if (!id)
        return AS_FAIL(err, AS_EINVAL, "a decision needs a record of the list");
    if (!quarantine_add_decision(record, decision))
        return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    return quarantine_write(ws, id, record, err);
}

/* Decisions of people outlive the record that they were made on. *ret_dropped: it is to stay as it is. */
static bool quarantine_carry_on(const as_workspace *ws, const char *id, const as_refusal *refusal, json_t *record,
                                bool *ret_dropped)
{
    json_t     *before = quarantine_before(ws, id), *list = json_object_get(before, "decisions");
    const char *last = quarantine_last_action(before);
    bool        ok = !json_is_array(list) || json_object_set(record, "decisions", list) == 0;
    *ret_dropped = strcmp(last, "drop") == 0;
    if (ok && strcmp(last, "accept") == 0) /* the version has it no more, or it would not be refused */
        ok = quarantine_add_decision(record, &(as_decision){.action = "again", .by = "", .reason = refusal->why});
    json_decref(before);
    return ok;
}

bool as_quarantine_put(const as_workspace *ws, const as_refusal *refusal, const uint8_t *bytes, size_t n, as_err *err)
{
    char      id[QUARANTINE_ID_DIGITS + 1], ext[AS_CODEC_ENDING_BYTES], rest[96], path[AS_FS_PATH_BYTES];
    as_digest digest = {{0}};
    bool      dropped = false;
    if (bytes)
        digest = as_sha256_of(bytes, n);
    quarantine_id(refusal->sample->name, &digest, id);
    quarantine_ext(refusal->sample->name, ext);
    snprintf(rest, sizeof rest, "quarantine/%s.%s", id, ext);
    json_t *record = quarantine_record(refusal, &digest, n, bytes && !refusal->withhold ? rest : "");
    bool    ok = (record && quarantine_carry_on(ws, id, refusal, record, &dropped)) ||
              AS_FAIL(err, AS_ENOMEM, "not enough memory");
    /* The record comes last: where it is, the bytes are; and those of an earlier refusal are not where they are withheld. */
    if (ok && !dropped)
        ok = as_workspace_path(ws, rest, path, err) &&
             (!bytes || (refusal->withhold ? as_fs_wipe(path, err) : as_fs_write_fast(path, bytes, n, err))) &&
             quarantine_write(ws, id, record, err);
    json_decref(record);
    return ok || as_err_note(err, "cannot quarantine '%.200s'", refusal->sample->name);
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
    if (whole) {
        size_t n = strlen(entry->relative) - strlen(".json");
        bool   ok = as_json_set(record, "id", json_stringn(entry->relative, n));
        return (json_array_append_new(ctx, record) == 0 && ok) || AS_FAIL(err, AS_ENOMEM, "not enough memory");
    }
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

static bool quarantine_is_waiting(const json_t *record)
{
    return strcmp(json_string_value(json_object_get(record, "state")), "waiting") == 0;
}

/* As the last decision has it. */
static bool quarantine_mark_state(json_t *list)
{
    bool ok = true;
    for (size_t i = 0; ok && i < json_array_size(list); i++) {
        json_t     *record = json_array_get(list, i);
        const char *last = quarantine_last_action(record);
        ok = as_json_set(record, "state",
                         json_string(strcmp(last, "accept") == 0 ? "accepted"
                                     : strcmp(last, "drop") == 0 ? "dropped"
                                                                 : "waiting"));
    }
    return ok;
}

static bool quarantine_mark_kept(as_workspace *ws, json_t *list, as_err *err)
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
    for (size_t i = 0; ok && i < json_array_size(list); i++) {
        json_t          *record = json_array_get(list, i);
        const as_sample *kept = quarantine_is_waiting(record) ? quarantine_kept(record, manifest, by_image, n) : NULL;
        if (kept)
            ok = (as_json_set(record, "kept_as", json_string(kept->name)) &&
                  as_json_set(record, "state", json_string("kept"))) ||
                 AS_FAIL(err, AS_ENOMEM, "not enough memory");
    }
    free(by_image);
    as_manifest_free(manifest);
    return ok;
}

bool as_quarantine_list(as_workspace *ws, bool with_settled, json_t **ret, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    if (!as_fs_join(path, ws->dir, "quarantine", err))
        return false;
    json_t *found = json_array(), *sorted = NULL;
    bool    ok = found && (!as_fs_is_dir(path) || as_fs_walk(path, quarantine_visit, found, err));
    if (ok) {
        sorted = quarantine_sort(found);
        ok = sorted && quarantine_mark_state(sorted) ? quarantine_mark_kept(ws, sorted, err)
                                                     : AS_FAIL(err, AS_ENOMEM, "not enough memory");
    }
    json_decref(found);
    for (size_t i = json_array_size(sorted); ok && !with_settled && i-- > 0;)
        if (!quarantine_is_waiting(json_array_get(sorted, i)))
            json_array_remove(sorted, i);
    if (ok)
        *ret = sorted;
    else
        json_decref(sorted);
    return ok;
}

static double quarantine_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static const char *quarantine_string(const json_t *object, const char *key, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text && *text ? text : otherwise;
}

static uint64_t quarantine_count(const json_t *object, const char *key)
{
    json_int_t v = json_integer_value(json_object_get(object, key));
    return v > 0 ? (uint64_t)v : 0;
}

/* The other way of quarantine_add_labels. */
static bool quarantine_read_labels(const json_t *labels, as_manifest *one, as_err *err)
{
    as_str line;
    char  *text = as_json_text(labels);
    as_str_init(&line);
    as_str_add(&line, text ? text : "");
    as_str_add(&line, "\n");
    bool ok = (text && as_str_ok(&line)) || AS_FAIL(err, AS_ENOMEM, "not enough memory");
    ok = ok && as_labels_parse((const uint8_t *)line.s, line.len, one, err);
    as_str_done(&line);
    free(text);
    return ok;
}

as_manifest *as_quarantine_sample(const json_t *record, as_err *err)
{
    const json_t *measured = json_object_get(record, "measured"), *labels = json_object_get(record, "labels");
    const char   *hex = quarantine_string(record, "sha256", NULL);
    uint64_t      width = quarantine_count(record, "width"), height = quarantine_count(record, "height");
    as_sample     sample = {.name = quarantine_string(record, "name", "?"),
                            .label = labels ? "" : quarantine_string(record, "label", ""),
                            .split = as_split_parse(quarantine_string(record, "split", "")),
                            .camera = quarantine_string(record, "camera", ""),
                            .format = quarantine_string(record, "format", "unknown"),
                            .width = (uint32_t)AS_MIN(width, (uint64_t)UINT32_MAX),
                            .height = (uint32_t)AS_MIN(height, (uint64_t)UINT32_MAX),
                            .n_bytes = quarantine_count(record, "n_bytes"),
                            .utc = json_integer_value(json_object_get(record, "utc")),
                            .sharpness = quarantine_number(measured, "sharpness"),
                            .clipped_ratio = quarantine_number(measured, "clipped_ratio"),
                            .severity = quarantine_number(record, "severity")};
    sample.part = quarantine_string(record, "part", sample.name);
    if (hex)
        (void)!as_digest_parse(hex, &sample.image);
    as_manifest *one = as_manifest_new(err);
    bool         ok = one && as_manifest_add(one, &sample, err);
    return (ok && (!labels || quarantine_read_labels(labels, one, err))) ? one : as_manifest_free(one);
}
