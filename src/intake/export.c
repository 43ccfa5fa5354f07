/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/export.h"

#include <stdlib.h>
#include <string.h>

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

static bool export_make_parent(char *path, as_err *err)
{
    char *slash = strrchr(path, '/');
    *slash = '\0';
    bool ok = as_fs_make_dirs(path, err);
    *slash = '/';
    return ok;
}

static bool export_picture(const as_export *out, size_t i, const char *relative, as_err *err)
{
    const as_sample *sample = as_manifest_at(out->manifest, i);
    char             path[AS_FS_PATH_BYTES];
    uint8_t         *bytes;
    size_t           n;
    if (!export_check_name(relative, err) || !as_fs_join(path, out->dir, relative, err) ||
        !export_make_parent(path, err))
        return false;
    if (!as_store_get(out->ws->store, &sample->image, &bytes, &n, err)) {
        as_err_note(err, "cannot write sample '%.200s'", sample->name);
        return false;
    }
    bool ok = as_fs_write_fast(path, bytes, n, err);
    free(bytes);
    free(out->paths[i]);
    out->paths[i] = strdup(relative);
    return ok && (out->paths[i] || AS_FAIL(err, AS_ENOMEM, "not enough memory"));
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

bool as_export_commit(as_workspace *ws, const as_commit *commit, const as_export_cfg *cfg, const as_progress *progress,
                      as_err *err)
{
    const as_format *format = as_format_find(cfg->format, err);
    if (!format)
        return false;
    if (!format->write)
        return AS_FAIL(err, AS_EUNSUPPORTED, "format '%s' is read, not written", format->name);
    if (!export_check_dir(cfg->dir, err))
        return false;
    as_spec       *spec = as_spec_load(ws->spec_path, err);
    uint64_t       n_erased = 0;
    as_manifest   *whole = spec ? as_commit_manifest(ws, commit, err) : NULL;
    as_manifest   *manifest = whole ? as_manifest_present(ws, whole, &n_erased, err) : NULL;
    size_t         n = manifest ? as_manifest_count(manifest) : 0;
    as_export_lost lost = {.n_places = 0};
    as_export      out = {.ws = ws,
                          .spec = spec,
                          .manifest = manifest,
                          .dir = cfg->dir,
                          .progress = progress,
                          .paths = calloc(n + 1, sizeof *out.paths),
                          .put_picture = export_picture};
    bool ok = manifest && (out.paths || AS_FAIL(err, AS_ENOMEM, "not enough memory")) && format->write(&out, err) &&
              as_side_write(&out, format, out.paths, &lost, err);
    for (size_t i = 0; out.paths && i < n; i++)
        free(out.paths[i]);
    free(out.paths);
    if (ok && cfg->n_erased)
        *cfg->n_erased = n_erased;
    if (ok && cfg->ret_lost)
        *cfg->ret_lost = lost;
    /* The folder was empty: what is in it now is half a version, and would stand in the way of the next try. */
    if (!ok && !as_fs_walk(cfg->dir, export_remove, NULL, NULL))
        as_err_note(err, "what was written to '%s' stays there", cfg->dir);
    as_manifest_free(manifest);
    as_manifest_free(whole);
    as_spec_free(spec);
    return ok;
}
