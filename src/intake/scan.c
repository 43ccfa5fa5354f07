/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "intake/state.h"

typedef struct scan_item {
    as_fs_entry entry; /* path and relative on the heap */
} scan_item;

typedef struct scan_job {
    const as_spec       *spec;
    const as_import_cfg *cfg;
    char                 root[AS_FS_PATH_BYTES]; /* resolved */
    char                *prefix;                 /* escaped, "" or with its slash */
    AS_VEC(scan_item) items;
    char    *told; /* the folder told of last */
    as_scan *scan;
    bool     has_split[AS_SPLIT_COUNT], is_split; /* the folder has train/, test/ ... */
    bool     used[AS_SPEC_MAX_CLASSES * 4];       /* renames */
    size_t   n_loose;                             /* pictures outside any class folder */
} scan_job;

static bool scan_no_memory(const scan_job *job, as_err *err)
{
    return AS_FAIL(err, AS_ENOMEM, "no memory for the names of %zu files", job->items.n);
}

static void scan_tell(const scan_job *job, as_check_level level, const char *relative, size_t n, const char *text)
{
    as_str name;
    if (!job->cfg->told)
        return;
    as_str_init(&name);
    as_str_add_escaped(&name, relative, n);
    job->cfg->told(job->cfg->ctx, level, name.s, text);
    as_str_done(&name);
}

/* The first n bytes of relative are a folder: its files come one after the other and it is told of once. */
static void scan_tell_folder(scan_job *job, const char *relative, size_t n, const char *text)
{
    if (job->told && strlen(job->told) == n && memcmp(job->told, relative, n) == 0)
        return;
    free(job->told);
    job->told = as_strdupf("%.*s", (int)n, relative);
    scan_tell(job, AS_CHECK_OK, relative, n, text);
}

static bool scan_visit(void *ctx, const as_fs_entry *entry, as_err *err)
{
    scan_job *job = ctx;
    scan_item item = {*entry};
    if (job->items.n >= AS_SCAN_MAX_FILES)
        return AS_FAIL(err, AS_ELIMIT, "there are more than %zu files", AS_SCAN_MAX_FILES);
    char *path = strdup(entry->path), *relative = strdup(entry->relative);
    item.entry.path = path;
    item.entry.relative = relative;
    if (path && relative && as_vec_push(&job->items, item))
        return true;
    free(path);
    free(relative);
    return scan_no_memory(job, err);
}

/* Bytes up to the next slash. */
static size_t scan_word(const char *path)
{
    return strcspn(path, "/");
}

as_split as_import_split_of(const char *folder, size_t n)
{
    static const struct {
        const char *name;
        as_split    split;
    } names[] = {{"train", AS_SPLIT_TRAIN},      {"training", AS_SPLIT_TRAIN},        {"val", AS_SPLIT_VALIDATION},
                 {"valid", AS_SPLIT_VALIDATION}, {"validation", AS_SPLIT_VALIDATION}, {"test", AS_SPLIT_TEST},
                 {"testing", AS_SPLIT_TEST}};
    for (size_t i = 0; i < AS_COUNT(names); i++)
        if (strlen(names[i].name) == n && strncasecmp(names[i].name, folder, n) == 0)
            return names[i].split;
    return AS_SPLIT_NONE;
}

static bool scan_is_picture(const char *relative)
{
    static const char *const endings[] = {".jpg", ".jpeg", ".png"};
    const char              *dot = strrchr(relative, '.');
    for (size_t i = 0; dot && i < AS_COUNT(endings); i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return false;
}

/* The class that a folder's name stands for, by --rename or by itself; heap. NULL when memory ran out. */
static char *scan_class_name(scan_job *job, const char *word, size_t n)
{
    as_str name;
    as_str_init(&name);
    as_str_add_escaped(&name, word, n);
    for (size_t i = 0; as_str_ok(&name) && job->cfg->renames && job->cfg->renames[i]; i++) {
        const char *pair = job->cfg->renames[i];
        /* A '=' may be in either name: the class decides which one is meant. */
        for (const char *equals = strchr(pair, '='); equals; equals = strchr(equals + 1, '=')) {
            if ((size_t)(equals - pair) != name.len || memcmp(pair, name.s, name.len) != 0)
                continue;
            if (i < AS_COUNT(job->used))
                job->used[i] = true;
            as_str_clear(&name);
            as_str_add(&name, equals + 1);
            return as_str_take(&name);
        }
    }
    return as_str_take(&name);
}

static bool scan_is_class(scan_job *job, const char *word, size_t n)
{
    char *name = scan_class_name(job, word, n);
    bool  is = name && as_spec_class(job->spec, name) >= 0;
    free(name);
    return is;
}

/* Does the folder have splits of its own? */
static bool scan_find_splits(scan_job *job, as_err *err)
{
    const char *class_folder = NULL, *split_folder = NULL;
    for (size_t i = 0; i < job->items.n; i++) {
        const char *relative = job->items.at[i].entry.relative;
        size_t      n = scan_word(relative);
        if (relative[n] != '/' || relative[0] == '.')
            continue;
        as_split split = as_import_split_of(relative, n);
        bool     is_class = scan_is_class(job, relative, n);
        if (is_class) {
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
        (int)scan_word(class_folder), class_folder, (int)scan_word(split_folder), split_folder);
}

static bool scan_check_renames(const scan_job *job, as_err *err)
{
    for (size_t i = 0; job->cfg->renames && job->cfg->renames[i]; i++) {
        const char *pair = job->cfg->renames[i], *to = strchr(pair, '=');
        if (i >= AS_COUNT(job->used))
            return AS_FAIL(err, AS_ELIMIT, "more than %zu renames", AS_COUNT(job->used));
        if (!to || to == pair || !to[1])
            return AS_FAIL(err, AS_EINVAL, "'%s' is no rename: the form is FOLDER=CLASS", pair);
        for (const char *next = to; next && as_spec_class(job->spec, to + 1) < 0; next = strchr(next + 1, '='))
            to = next;
        if (as_spec_class(job->spec, to + 1) < 0 &&
            !as_intake_check_class(job->spec, strchr(pair, '=') + 1, "rename to", "", err))
            return false;
    }
    return true;
}

static bool scan_check_renames_used(const scan_job *job, as_err *err)
{
    for (size_t i = 0; job->cfg->renames && job->cfg->renames[i]; i++)
        if (!job->used[i])
            return AS_FAIL(err, AS_EINVAL, "rename '%s' is for no folder that is there", job->cfg->renames[i]);
    return true;
}

/* The file behind a link, on the heap; NULL, and told, when it is not one in this folder. */
static char *scan_resolve(const scan_job *job, const as_fs_entry *entry)
{
    const char *relative = entry->relative, *why;
    char       *path = realpath(entry->path, NULL);
    size_t      n = strlen(job->root);
    if (!path)
        why = "is a symbolic link to nothing: left out";
    else if (strncmp(path, job->root, n) != 0 || (path[n] != '/' && n > 1))
        why = "is a symbolic link out of the folder: refused";
    else if (as_fs_is_dir(path))
        why = "is a symbolic link to a folder: not followed";
    else if (!as_fs_is_file(path))
        why = "is a symbolic link to no regular file: left out";
    else
        return path;
    free(path);
    scan_tell(job, AS_CHECK_WARN, relative, strlen(relative), why);
    return NULL;
}

/* Where in relative its class folder begins; NULL, and told, when it lies in none. */
static const char *scan_class_folder(scan_job *job, const char *relative, as_split *ret_split)
{
    size_t n = scan_word(relative);
    *ret_split = AS_SPLIT_NONE;
    if (job->is_split && relative[n] == '/') {
        *ret_split = as_import_split_of(relative, n);
        if (!*ret_split) {
            scan_tell_folder(job, relative, n, "is a folder beside train/ and test/: left alone");
            return NULL;
        }
        relative += n + 1;
        n = scan_word(relative);
    }
    return relative[n] == '/' ? relative : NULL;
}

static bool scan_hidden(scan_job *job, const char *relative)
{
    for (const char *word = relative;; word += scan_word(word) + 1) {
        size_t n = scan_word(word);
        if (word[0] == '.') {
            scan_tell_folder(job, relative, (size_t)(word - relative) + n, "is hidden: left alone");
            return true;
        }
        if (!word[n])
            return false;
    }
}

/* Which folder, what it may have meant, and the two ways out. */
static bool scan_unknown(const scan_job *job, const char *folder, const char *label, as_err *err)
{
    const char *names[AS_SPEC_MAX_CLASSES];
    as_str      path;
    for (size_t i = 0; i < job->spec->n_classes; i++)
        names[i] = job->spec->classes[i].name;
    const char *near = as_str_nearest(label, names, job->spec->n_classes);
    as_str_init(&path);
    as_str_add_escaped(&path, folder, scan_word(folder));
    AS_FAIL(err, AS_EINVAL,
            "folder '%.200s' is no class of '%.200s'%s%s%s; either name its class with --rename '%.200s=%s', or add "
            "%.200s: reject to its classes",
            path.s, job->spec->path, near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "", path.s,
            near ? near : "CLASS", label);
    as_str_done(&path);
    return false;
}

static bool scan_add(scan_job *job, const as_fs_entry *entry, const char *folder, as_split split, as_err *err)
{
    as_scan_file file = {.utc = entry->mtime_ns};
    as_str       name;
    size_t       n = scan_word(folder);
    char        *label = scan_class_name(job, folder, n);
    if (!label)
        return scan_no_memory(job, err);
    bool known = as_spec_class(job->spec, label) >= 0 || scan_unknown(job, folder, label, err);
    if (known)
        file.label = job->spec->classes[as_spec_class(job->spec, label)].name;
    free(label);
    if (!known)
        return false;
    /* Where the source has no test of its own, its train/ is split like any folder. */
    bool all = job->has_split[AS_SPLIT_VALIDATION] && job->has_split[AS_SPLIT_TEST];
    file.split = split == AS_SPLIT_TRAIN && !all ? AS_SPLIT_NONE : split;
    file.path = entry->kind == AS_FS_LINK ? scan_resolve(job, entry) : strdup(entry->path);
    if (!file.path && entry->kind == AS_FS_LINK)
        return true;
    as_str_init(&name);
    as_str_add(&name, job->prefix);
    as_str_add_escaped(&name, entry->relative, strlen(entry->relative));
    file.name = as_str_take(&name);
    if (file.path && file.name && as_vec_push(&job->scan->files, file))
        return true;
    free(file.path);
    free(file.name);
    return scan_no_memory(job, err);
}

static bool scan_sort_in(scan_job *job, const as_fs_entry *entry, as_err *err)
{
    const char *relative = entry->relative, *why = NULL;
    as_split    split;
    if (scan_hidden(job, relative))
        return true;
    const char *folder = scan_class_folder(job, relative, &split);
    if (!folder && job->is_split && strchr(relative, '/') && !split)
        return true;
    if (entry->kind == AS_FS_OTHER)
        why = "is a device or a pipe: left alone";
    else if (entry->kind == AS_FS_LINK && !scan_is_picture(relative)) {
        free(scan_resolve(job, entry));
        return true;
    } else if (!scan_is_picture(relative))
        why = "is no .jpg or .png file: left alone";
    else if (!folder)
        why = "lies in no class folder: left alone";
    if (!why)
        return scan_add(job, entry, folder, split, err);
    job->n_loose += !folder && scan_is_picture(relative);
    scan_tell(job, AS_CHECK_OK, relative, strlen(relative), why);
    return true;
}

static bool scan_begin(scan_job *job, as_err *err)
{
    char *root = realpath(job->cfg->folder, NULL);
    if (!root)
        return as_err_errno(err, errno, "cannot open folder '%s'", job->cfg->folder);
    bool fits = as_str_copy(job->root, sizeof job->root, root);
    free(root);
    if (!fits)
        return AS_FAIL(err, AS_ELIMIT, "the path '%.200s...' is too long", job->cfg->folder);
    if (!as_fs_is_dir(job->root))
        return AS_FAIL(err, AS_EINVAL, "'%s' is no folder", job->cfg->folder);
    const char *given = job->cfg->prefix ? job->cfg->prefix : strrchr(job->root, '/') + 1;
    as_str      prefix;
    as_str_init(&prefix);
    as_str_add_escaped(&prefix, given, strlen(given));
    if (*given)
        as_str_add(&prefix, "/");
    job->prefix = as_str_take(&prefix);
    return job->prefix || scan_no_memory(job, err);
}

static bool scan_end(const scan_job *job, as_err *err)
{
    if (job->scan->files.n)
        return true;
    if (job->n_loose)
        return AS_FAIL(err, AS_ENOTFOUND,
                       "the pictures in '%s' lie in no class folder: sort them into one folder a class",
                       job->cfg->folder);
    return AS_FAIL(err, AS_ENOTFOUND, "no picture (.jpg, .jpeg, .png) in the class folders of '%s'", job->cfg->folder);
}

/* Of two identical pictures the first is kept: the test's. */
static int scan_compare(const void *a, const void *b)
{
    const as_scan_file *x = a, *y = b;
    return x->split != y->split ? (x->split < y->split) - (x->split > y->split) : strcmp(x->name, y->name);
}

bool as_scan_folder(as_scan *scan, const as_spec *spec, const as_import_cfg *cfg, as_err *err)
{
    scan_job job = {.spec = spec, .cfg = cfg, .scan = scan};
    bool ok = scan_begin(&job, err) && scan_check_renames(&job, err) && as_fs_walk(job.root, scan_visit, &job, err) &&
              scan_find_splits(&job, err);
    for (size_t i = 0; ok && i < job.items.n; i++)
        ok = scan_sort_in(&job, &job.items.at[i].entry, err);
    ok = ok && scan_check_renames_used(&job, err) && scan_end(&job, err);
    if (ok) /* the escapes may have changed the order */
        qsort(scan->files.at, scan->files.n, sizeof *scan->files.at, scan_compare);
    for (size_t i = 0; i < job.items.n; i++) {
        free((void *)(uintptr_t)job.items.at[i].entry.path);
        free((void *)(uintptr_t)job.items.at[i].entry.relative);
    }
    as_vec_done(&job.items);
    free(job.prefix);
    free(job.told);
    return ok;
}

void as_scan_done(as_scan *scan)
{
    for (size_t i = 0; i < scan->files.n; i++) {
        free(scan->files.at[i].path);
        free(scan->files.at[i].name);
    }
    as_vec_done(&scan->files);
}
