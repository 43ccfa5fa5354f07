/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/choice.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/isa.h"
#include "base/json.h"
#include "base/thread.h"
#include "build_config.h"
#include "engine/onednn.h"
#include "infer/ort_api.h"
#include "infer/provider.h"

bool as_choice_dir(const char *name, char *dir, as_err *err)
{
    char        base[AS_FS_PATH_BYTES], ours[AS_FS_PATH_BYTES];
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && *cache == '/') /* the standard says to ignore a path that is not absolute */
        as_str_copy(base, sizeof base, cache);
    else if (!home || !*home)
        return AS_FAIL(err, AS_EMISSING, "no folder to remember in: neither XDG_CACHE_HOME nor HOME is set");
    else if (!as_fs_join(base, home, ".cache", err))
        return false;
    return as_fs_join(ours, base, "assay", err) && as_fs_join(dir, ours, name, err);
}

/* What an accelerator's driver brings: a provider that could not run may with it. */
static const char *const devices[] = {"/dev/nvidiactl", "/dev/dri/renderD128", "/dev/kfd", "/dev/accel/accel0"};

void as_choice_key(const uint8_t *model, size_t n, int64_t batch, uint32_t threads, char key[AS_CHOICE_KEY_BYTES])
{
    const as_digest digest = as_sha256_of(model, n);
    char            hex[AS_SHA256_HEX_BYTES];
    as_str          ort;
    const char     *limit = as_isa_limit() == AS_ISA_NONE ? "" : as_isa_name(as_isa_limit());
    as_str_init(&ort);
    as_ort_api_where(&ort);
    for (size_t i = 0; i < AS_COUNT(devices); i++)
        if (access(devices[i], F_OK) == 0)
            as_str_addf(&ort, "; %s", devices[i]);
    /* A long path may not push out what stands behind it. */
    const as_digest where = as_sha256_of(as_str_ok(&ort) ? ort.s : "", as_str_ok(&ort) ? ort.len : 0);
    char            where_hex[AS_SHA256_HEX_BYTES];
    snprintf(key, AS_CHOICE_KEY_BYTES,
             "model %s, batch %lld, %u threads; %.200s (%.300s) %u cores, at most '%s'; assay %.100s, oneDNN %.20s; "
             "ONNX Runtime %.16s %.300s",
             as_digest_hex(&digest, hex), (long long)batch, threads, as_cpu_model(), as_cpu_features(),
             as_thread_cores(), limit, AS_BUILD_ID, as_onednn_version(), as_digest_hex(&where, where_hex),
             as_str_ok(&ort) ? ort.s : "");
    as_str_done(&ort);
}

static bool choice_path(const char *key, char *path, as_err *err)
{
    const as_digest digest = as_sha256_of(key, strlen(key));
    char            dir[AS_FS_PATH_BYTES], hex[AS_SHA256_HEX_BYTES], name[AS_SHA256_HEX_BYTES + 8];
    snprintf(name, sizeof name, "%s.json", as_digest_hex(&digest, hex));
    return as_choice_dir("backends", dir, err) && as_fs_join(path, dir, name, err);
}

/* What `auto` may choose, without options: a file in a cache that others may write must not lead to a library of theirs. */
static bool choice_is_one(const char *backend)
{
    if (strcmp(backend, "native") == 0 || strcmp(backend, "ort") == 0)
        return true;
    for (size_t i = 0; strncmp(backend, "ort:", 4) == 0 && as_provider_at(i); i++)
        if (as_provider_at(i)->races && strcmp(backend + 4, as_provider_at(i)->name) == 0)
            return true;
    return false;
}

static bool choice_is_text(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 127)
            return false;
    return true;
}

static bool choice_read(const json_t *json, const char *key, as_choice *ret, as_err *err)
{
    const char *of, *backend, *reason;
    int64_t     when;
    if (!as_json_get_str(json, "key", &of, err) || !as_json_get_str(json, "backend", &backend, err) ||
        !as_json_get_str(json, "reason", &reason, err) || !as_json_get_i64(json, "when_utc_ns", &when, err))
        return false;
    if (strcmp(of, key) != 0)
        return AS_FAIL(err, AS_EFORMAT, "it is of something else");
    if (!as_str_copy(ret->backend, sizeof ret->backend, backend) || !choice_is_one(backend) ||
        !choice_is_text(reason) || !as_str_copy(ret->reason, sizeof ret->reason, reason))
        return AS_FAIL(err, AS_EFORMAT, "a member is none that is written there");
    ret->when_utc = when;
    return true;
}

bool as_choice_parse(const uint8_t *bytes, size_t n, const char *key, as_choice *ret, as_err *err)
{
    as_choice choice;
    json_t   *json = n <= AS_CHOICE_MAX_FILE ? as_json_parse(bytes, n, "choice", err) : NULL;
    if (n > AS_CHOICE_MAX_FILE)
        return AS_FAIL(err, AS_ELIMIT, "%zu bytes are no choice", n);
    bool ok = json && choice_read(json, key, &choice, err);
    json_decref(json);
    if (ok)
        *ret = choice;
    return ok;
}

bool as_choice_load(const char *key, as_choice *ret, as_err *err)
{
    char     path[AS_FS_PATH_BYTES];
    uint8_t *bytes = NULL;
    size_t   n = 0;
    bool     ok = choice_path(key, path, err) && as_fs_read(path, AS_CHOICE_MAX_FILE, &bytes, &n, err) &&
              (as_choice_parse(bytes, n, key, ret, err) || as_err_note(err, "'%s'", path));
    free(bytes);
    return ok;
}

/* --- keeping no more than so many --- */

typedef struct choice_files {
    size_t  n;
    int64_t oldest_ns;
    char    oldest[AS_FS_PATH_BYTES];
} choice_files;

static bool choice_on_file(void *ctx, const as_fs_entry *entry, as_err *err)
{
    choice_files *files = ctx;
    (void)err;
    if (entry->kind != AS_FS_FILE || !as_str_ends(entry->path, ".json"))
        return true;
    if (files->n++ == 0 || entry->mtime_ns < files->oldest_ns) {
        files->oldest_ns = entry->mtime_ns;
        as_str_copy(files->oldest, sizeof files->oldest, entry->path);
    }
    return true;
}

static bool choice_look(choice_files *files)
{
    char dir[AS_FS_PATH_BYTES];
    files->n = 0;
    return as_choice_dir("backends", dir, NULL) && as_fs_is_dir(dir) && as_fs_walk(dir, choice_on_file, files, NULL);
}

size_t as_choice_count(void)
{
    choice_files files;
    return choice_look(&files) ? files.n : 0;
}

bool as_choice_save(const char *key, const as_choice *choice, as_err *err)
{
    char         path[AS_FS_PATH_BYTES], dir[AS_FS_PATH_BYTES];
    choice_files files;
    if (!as_choice_dir("backends", dir, err) || !as_fs_make_dirs(dir, err) || !choice_path(key, path, err))
        return false;
    json_t *json = json_object();
    as_json_set(json, "key", json_string(key));
    as_json_set(json, "backend", json_string(choice->backend));
    as_json_set(json, "reason", json_string(choice->reason));
    as_json_set(json, "when_utc_ns", json_integer(choice->when_utc));
    bool ok = json_object_size(json) == 4 ? as_json_write(path, json, err)
                                          : AS_FAIL(err, AS_ENOMEM, "out of memory for a choice");
    json_decref(json);
    if (ok && choice_look(&files) && files.n > AS_CHOICE_MOST && !as_fs_remove(files.oldest, err))
        return false;
    return ok;
}
