/* SPDX-License-Identifier: Apache-2.0 */
/* One folder a class, perhaps below train/, validation/ and test/. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intake/format.h"

typedef struct folders_job {
    as_scan *scan;
    bool     has_split[AS_SPLIT_COUNT], is_split; /* the folder has train/, test/ ... */
    size_t   n_loose;                             /* pictures outside any class folder */
} folders_job;

/* Bytes up to the next slash. */
static size_t folders_word(const char *path)
{
    return strcspn(path, "/");
}

/* Does the folder have splits of its own? */
static bool folders_find_splits(folders_job *job, as_err *err)
{
    const char *class_folder = NULL, *split_folder = NULL;
    for (size_t i = 0; i < job->scan->entries.n; i++) {
        const char *relative = job->scan->entries.at[i].relative;
        size_t      n = folders_word(relative);
        if (relative[n] != '/' || relative[0] == '.')
            continue;
        as_split split = as_import_split_of(relative, n);
        if (as_scan_class(job->scan, relative, n)) {
            class_folder = relative;
        } else if (split) {
            split_folder = relative;
            job->has_split[split] = job->is_split = true;
        }
    }
    if (!class_folder || !split_folder)
        return true;
    return AS_FAIL(
        err, AS_EINVAL,
        "there is a class folder '%.*s' beside '%.*s': put the classes into train/ and test/, or all side by side",
        (int)folders_word(class_folder), class_folder, (int)folders_word(split_folder), split_folder);
}

/* Where in relative its class folder begins; NULL, and told, when it lies in none. */
static const char *folders_class(folders_job *job, const char *relative, as_split *ret_split)
{
    size_t n = folders_word(relative);
    *ret_split = AS_SPLIT_NONE;
    if (job->is_split && relative[n] == '/') {
        *ret_split = as_import_split_of(relative, n);
        if (!*ret_split) {
            as_scan_tell_folder(job->scan, relative, n, "is a folder beside train/ and test/: left alone");
            return NULL;
        }
        relative += n + 1;
        n = folders_word(relative);
    }
    return relative[n] == '/' ? relative : NULL;
}

static bool folders_hidden(folders_job *job, const char *relative)
{
    for (const char *word = relative;; word += folders_word(word) + 1) {
        size_t n = folders_word(word);
        if (word[0] == '.') {
            as_scan_tell_folder(job->scan, relative, (size_t)(word - relative) + n, "is hidden: left alone");
            return true;
        }
        if (!word[n])
            return false;
    }
}

static bool folders_add(folders_job *job, const as_fs_entry *entry, const char *folder, as_split split, as_err *err)
{
    size_t      n = folders_word(folder);
    const char *label = as_scan_class(job->scan, folder, n);
    if (!label && n == 10 && memcmp(folder, "unlabelled", 10) == 0) /* as it is written */
        label = "";
    if (!label)
        return as_scan_unknown(job->scan, "folder", folder, n, err);
    /* Where the source has no test of its own, its train/ is split like any folder. */
    bool all = job->has_split[AS_SPLIT_VALIDATION] && job->has_split[AS_SPLIT_TEST];
    return as_scan_put(job->scan, entry, label, split == AS_SPLIT_TRAIN && !all ? AS_SPLIT_NONE : split, NULL, 0, err);
}

static bool folders_sort_in(folders_job *job, const as_fs_entry *entry, as_err *err)
{
    const char *relative = entry->relative, *why = NULL;
    as_split    split;
    if (folders_hidden(job, relative))
        return true;
    const char *folder = folders_class(job, relative, &split);
    if (!folder && job->is_split && strchr(relative, '/') && !split)
        return true;
    if (entry->kind == AS_FS_OTHER)
        why = "is a device or a pipe: left alone";
    else if (entry->kind == AS_FS_LINK && !as_scan_is_source(relative))
        return as_scan_resolves(job->scan, entry) || true;
    else if (!as_scan_is_source(relative))
        why = "is no picture by its name: left alone";
    else if (!folder && !as_scan_is_picture(relative)) /* of a recording there is another way to say it */
        return as_scan_put(job->scan, entry, "", split, NULL, 0, err);
    else if (!folder)
        why = "lies in no class folder: left alone";
    if (!why)
        return folders_add(job, entry, folder, split, err);
    job->n_loose += !folder && as_scan_is_picture(relative);
    as_scan_tell(job->scan, AS_CHECK_OK, relative, why);
    return true;
}

static bool folders_read(as_scan *scan, as_err *err)
{
    folders_job job = {.scan = scan};
    bool        ok = folders_find_splits(&job, err);
    for (size_t i = 0; ok && i < scan->entries.n; i++)
        ok = folders_sort_in(&job, &scan->entries.at[i], err);
    if (!ok || scan->files.n)
        return ok;
    if (job.n_loose)
        return AS_FAIL(err, AS_ENOTFOUND,
                       "the pictures in '%s' lie in no class folder: sort them into one folder a class",
                       scan->cfg->folder);
    return AS_FAIL(err, AS_ENOTFOUND, "no picture (" AS_CODEC_ENDINGS ") in the class folders of '%s'",
                   scan->cfg->folder);
}

static int folders_recognise(const as_scan *scan, char *why)
{
    for (size_t i = 0; i < scan->entries.n; i++) {
        const char *relative = scan->entries.at[i].relative;
        if (relative[0] != '.' && strchr(relative, '/') && as_scan_is_source(relative)) {
            snprintf(why, AS_FORMAT_WHY_BYTES, "pictures lie in folders");
            return 10;
        }
    }
    return 0;
}

/* train/CLASS/..., by the sample's own name below its class. */
static bool folders_write(const as_export *out, as_err *err)
{
    for (size_t i = 0; i < as_manifest_count(out->manifest); i++) {
        const as_sample *s = as_manifest_at(out->manifest, i);
        const char      *split = s->split ? as_split_name(s->split) : "unsplit";
        char            *relative = as_strdupf("%s/%s/%s", split, *s->label ? s->label : "unlabelled", s->name);
        bool ok = relative ? out->put_picture(out, i, relative, err) : AS_FAIL(err, AS_ENOMEM, "not enough memory");
        free(relative);
        if (!ok || !as_progress_go_on(out->progress, err))
            return false;
        as_progress_step(out->progress, "writing", i + 1, as_manifest_count(out->manifest));
    }
    return true;
}

const as_format as_format_folders = {.name = "folders",
                                     .summary = "one folder a class, perhaps below train/, validation/ and test/",
                                     .recognise = folders_recognise,
                                     .read = folders_read,
                                     .write = folders_write};
