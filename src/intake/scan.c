/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/scan.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "image/codec.h"
#include "intake/gather.h"
#include "intake/pages.h"
#include "intake/side.h"
#include "intake/state.h"
#include "intake/video.h"

#define SCAN_MAX_FILE_BYTES ((size_t)512 << 20)

static bool scan_no_memory(const as_scan *scan, as_err *err)
{
    return AS_FAIL(err, AS_ENOMEM, "no memory for the names of %zu files", scan->entries.n);
}

static void scan_tell_bytes(const as_scan *scan, as_check_level level, const char *relative, size_t n, const char *text)
{
    as_str name;
    if (!scan->cfg->told)
        return;
    as_str_init(&name);
    as_str_add_escaped(&name, relative, n);
    scan->cfg->told(scan->cfg->ctx, level, name.s, text);
    as_str_done(&name);
}

void as_scan_tell(const as_scan *scan, as_check_level level, const char *relative, const char *text)
{
    scan_tell_bytes(scan, level, relative, strlen(relative), text);
}

/* The first n bytes of relative are a folder: its files come one after the other and it is told of once. */
void as_scan_tell_folder(as_scan *scan, const char *relative, size_t n, const char *text)
{
    if (scan->told && strlen(scan->told) == n && memcmp(scan->told, relative, n) == 0)
        return;
    free(scan->told);
    scan->told = as_strdupf("%.*s", (int)n, relative);
    scan_tell_bytes(scan, AS_CHECK_OK, relative, n, text);
}

static bool scan_visit(void *ctx, const as_fs_entry *entry, as_err *err)
{
    as_scan    *scan = ctx;
    as_fs_entry kept = *entry;
    if (scan->entries.n >= AS_SCAN_MAX_FILES)
        return AS_FAIL(err, AS_ELIMIT, "there are more than %zu files", AS_SCAN_MAX_FILES);
    char *path = strdup(entry->path), *relative = strdup(entry->relative);
    kept.path = path;
    kept.relative = relative;
    if (path && relative && as_vec_push(&scan->entries, kept))
        return true;
    free(path);
    free(relative);
    return scan_no_memory(scan, err);
}

static int scan_compare_entry(const void *key, const void *entry)
{
    return strcmp(key, ((const as_fs_entry *)entry)->relative);
}

const as_fs_entry *as_scan_find(const as_scan *scan, const char *relative)
{
    return scan->entries.n
               ? bsearch(relative, scan->entries.at, scan->entries.n, sizeof *scan->entries.at, scan_compare_entry)
               : NULL;
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

bool as_scan_is_picture(const char *relative)
{
    return as_codec_ending(relative, NULL);
}

bool as_scan_is_source(const char *relative)
{
    return as_scan_is_picture(relative) || as_video_is_file(relative);
}

/* The class in a rename "word=class", or NULL when it is for another word. */
static const char *scan_rename(const char *pair, const char *word, size_t n)
{
    /* A '=' may be in either name: the class decides which one is meant. */
    for (const char *equals = strchr(pair, '='); equals; equals = strchr(equals + 1, '='))
        if ((size_t)(equals - pair) == n && memcmp(pair, word, n) == 0)
            return equals + 1;
    return NULL;
}

const char *as_scan_class(as_scan *scan, const char *word, size_t n)
{
    as_str name;
    const char *class = NULL;
    as_str_init(&name);
    as_str_add_escaped(&name, word, n);
    for (size_t i = 0; !class && scan->cfg->renames && scan->cfg->renames[i]; i++) {
        class = scan_rename(scan->cfg->renames[i], name.s, name.len);
        if (class && i < AS_COUNT(scan->used))
            scan->used[i] = true;
    }
    int at = as_str_ok(&name) ? as_spec_class(scan->spec, class ? class : name.s) : -1;
    as_str_done(&name);
    return at >= 0 ? scan->spec->classes[at].name : NULL;
}

const char *as_scan_keep(as_scan *scan, const char *text)
{
    as_str safe;
    as_str_init(&safe);
    as_str_add_escaped(&safe, text, strlen(text));
    char *kept = as_str_take(&safe);
    as_str_done(&safe);
    for (size_t i = scan->kept.n; kept && i-- > 0;)
        if (strcmp(scan->kept.at[i], kept) == 0) {
            free(kept);
            return scan->kept.at[i];
        }
    if (!kept || !as_vec_push(&scan->kept, kept)) {
        free(kept);
        return NULL;
    }
    return kept;
}

bool as_scan_unknown(const as_scan *scan, const char *what, const char *word, size_t n, as_err *err)
{
    const char *names[AS_SPEC_MAX_CLASSES];
    as_str      name;
    for (size_t i = 0; i < scan->spec->n_classes; i++)
        names[i] = scan->spec->classes[i].name;
    as_str_init(&name);
    as_str_add_escaped(&name, word, n);
    const char *near = as_str_nearest(name.s, names, scan->spec->n_classes);
    AS_FAIL(err, AS_EINVAL,
            "%s '%.200s' is no class of '%.200s'%s%s%s; either name its class with --rename '%.200s=%s', or add "
            "%.200s: reject to its classes",
            what, name.s, scan->spec->path, near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "", name.s,
            near ? near : "CLASS", name.s);
    as_str_done(&name);
    return false;
}

static bool scan_check_renames(const as_scan *scan, as_err *err)
{
    for (size_t i = 0; scan->cfg->renames && scan->cfg->renames[i]; i++) {
        const char *pair = scan->cfg->renames[i], *to = strchr(pair, '=');
        if (i >= AS_COUNT(scan->used))
            return AS_FAIL(err, AS_ELIMIT, "more than %zu renames", AS_COUNT(scan->used));
        if (!to || to == pair || !to[1])
            return AS_FAIL(err, AS_EINVAL, "'%s' is no rename: the form is FOLDER=CLASS", pair);
        for (const char *next = to; next && as_spec_class(scan->spec, to + 1) < 0; next = strchr(next + 1, '='))
            to = next;
        if (as_spec_class(scan->spec, to + 1) < 0 &&
            !as_intake_check_class(scan->spec, strchr(pair, '=') + 1, "rename to", "", err))
            return false;
    }
    return true;
}

static bool scan_check_renames_used(const as_scan *scan, as_err *err)
{
    for (size_t i = 0; scan->cfg->renames && scan->cfg->renames[i]; i++)
        if (!scan->used[i])
            return AS_FAIL(err, AS_EINVAL, "rename '%s' is for no folder or category that is there",
                           scan->cfg->renames[i]);
    return true;
}

/* The file behind a link, on the heap; NULL, and told, when it is not one in this folder. */
static char *scan_resolve(const as_scan *scan, const as_fs_entry *entry)
{
    const char *why;
    char       *path = realpath(entry->path, NULL);
    size_t      n = strlen(scan->root);
    if (!path)
        why = "is a symbolic link to nothing: left out";
    else if (strncmp(path, scan->root, n) != 0 || (path[n] != '/' && n > 1))
        why = "is a symbolic link out of the folder: refused";
    else if (as_fs_is_dir(path))
        why = "is a symbolic link to a folder: not followed";
    else if (!as_fs_is_file(path))
        why = "is a symbolic link to no regular file: left out";
    else
        return path;
    free(path);
    as_scan_tell(scan, AS_CHECK_WARN, entry->relative, why);
    return NULL;
}

bool as_scan_resolves(const as_scan *scan, const as_fs_entry *entry)
{
    char *path = scan_resolve(scan, entry);
    free(path);
    return path != NULL;
}

void as_scan_free_findings(as_finding *findings, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (findings[i].geometry && *findings[i].geometry)
            free((void *)(uintptr_t)findings[i].geometry);
        if (findings[i].extra && *findings[i].extra)
            free((void *)(uintptr_t)findings[i].extra);
    }
    free(findings);
}

/* How bad a class is: one that passes is least, then review, then reject. */
static int scan_badness(const as_spec *spec, const char *label)
{
    int at = as_spec_class(spec, label);
    return at < 0                                           ? 0
           : spec->classes[at].verdict == AS_VERDICT_PASS   ? 1
           : spec->classes[at].verdict == AS_VERDICT_REVIEW ? 2
                                                            : 3;
}

const char *as_scan_label_of(const as_spec *spec, const as_finding *findings, size_t n)
{
    const char *worst = NULL;
    for (size_t i = 0; i < n; i++)
        if (!worst || scan_badness(spec, findings[i].label) > scan_badness(spec, worst))
            worst = findings[i].label;
    for (size_t i = 0; !worst && i < spec->n_classes; i++)
        if (spec->classes[i].verdict == AS_VERDICT_PASS)
            worst = spec->classes[i].name;
    return worst ? worst : "";
}

bool as_scan_put(as_scan *scan, const as_fs_entry *entry, const char *label, as_split split, as_finding *findings,
                 size_t n_findings, as_err *err)
{
    as_scan_file file = {.label = label ? label : as_scan_label_of(scan->spec, findings, n_findings),
                         .utc = entry->mtime_ns,
                         .split = split,
                         .is_video = as_video_is_file(entry->relative),
                         .findings = findings,
                         .n_findings = n_findings,
                         .severity = NAN};
    as_str       name;
    file.path = entry->kind == AS_FS_LINK ? scan_resolve(scan, entry) : strdup(entry->path);
    if (!file.path && entry->kind == AS_FS_LINK) {
        as_scan_free_findings(findings, n_findings);
        return true;
    }
    as_str_init(&name);
    as_str_add(&name, scan->prefix);
    as_str_add_escaped(&name, entry->relative,
                       file.is_video ? as_gather_stem(entry->relative) : strlen(entry->relative));
    file.name = as_str_take(&name);
    if (file.path && file.name && as_vec_push(&scan->files, file))
        return true;
    free(file.path);
    free(file.name);
    as_scan_free_findings(findings, n_findings);
    return scan_no_memory(scan, err);
}

bool as_scan_size(const as_scan *scan, const as_fs_entry *entry, uint32_t *ret_width, uint32_t *ret_height)
{
    as_codec_info info;
    as_err        why = AS_ERR_NONE;
    uint8_t      *bytes = NULL;
    size_t        n = 0;
    bool ok = as_fs_read(entry->path, SCAN_MAX_FILE_BYTES, &bytes, &n, &why) && as_codec_probe(bytes, n, &info, &why);
    free(bytes);
    if (!ok) {
        as_scan_tell(scan, AS_CHECK_WARN, entry->relative, why.text);
        return false;
    }
    *ret_width = info.width;
    *ret_height = info.height;
    return true;
}

static bool scan_begin(as_scan *scan, as_err *err)
{
    char *root = realpath(scan->cfg->folder, NULL);
    if (!root)
        return as_err_errno(err, errno, "cannot open folder '%s'", scan->cfg->folder);
    bool fits = as_str_copy(scan->root, sizeof scan->root, root);
    free(root);
    if (!fits)
        return AS_FAIL(err, AS_ELIMIT, "the path '%.200s...' is too long", scan->cfg->folder);
    if (!as_fs_is_dir(scan->root))
        return AS_FAIL(err, AS_EINVAL, "'%s' is no folder", scan->cfg->folder);
    const char *given = scan->cfg->prefix ? scan->cfg->prefix : strrchr(scan->root, '/') + 1;
    as_str      prefix;
    as_str_init(&prefix);
    as_str_add_escaped(&prefix, given, strlen(given));
    if (*given)
        as_str_add(&prefix, "/");
    scan->prefix = as_str_take(&prefix);
    return scan->prefix || scan_no_memory(scan, err);
}

static const as_format *scan_format(const as_scan *scan, as_err *err)
{
    char             why[AS_FORMAT_WHY_BYTES] = "", text[AS_FORMAT_WHY_BYTES + 80];
    const char      *name = scan->cfg->format;
    const as_format *format;
    if (name && strcmp(name, "auto") != 0)
        return as_format_find(name, err);
    format = as_format_recognise(scan, why);
    if (!format)
        format = as_format_at(0); /* one folder a class: it says best what is missing */
    else if (format != as_format_at(0)) {
        snprintf(text, sizeof text, "is read as %s: %s (--format says otherwise)", format->name, why);
        if (scan->cfg->told)
            scan->cfg->told(scan->cfg->ctx, AS_CHECK_NONE, scan->cfg->folder, text);
    }
    return format;
}

/* Of two identical pictures the first is kept: the test's. */
static int scan_compare(const void *a, const void *b)
{
    const as_scan_file *x = a, *y = b;
    if (x->is_video != y->is_video)
        return x->is_video - y->is_video;
    return x->split != y->split ? (x->split < y->split) - (x->split > y->split) : strcmp(x->name, y->name);
}

/* Two recordings of one name but for their ending keep it: no two frames may have one name. */
static bool scan_part_videos(as_scan *scan, as_err *err)
{
    bool twice = false;
    for (scan->n_pictures = 0; scan->n_pictures < scan->files.n; scan->n_pictures++)
        if (scan->files.at[scan->n_pictures].is_video)
            break;
    for (size_t i = scan->n_pictures; i < scan->files.n; i++) {
        as_scan_file *file = &scan->files.at[i];
        bool          again = i + 1 < scan->files.n && strcmp(file->name, file[1].name) == 0;
        if (again || twice) {
            char *name = as_strdupf("%s%s", file->name, file->path + as_gather_stem(file->path));
            if (!name)
                return scan_no_memory(scan, err);
            free(file->name);
            file->name = name;
        }
        twice = again;
    }
    return true;
}

/* Formats whose labels are of pictures leave them alone, and it is said. */
static void scan_tell_videos(const as_scan *scan)
{
    for (size_t i = 0; i < scan->entries.n; i++)
        if (as_video_is_file(scan->entries.at[i].relative) && scan->n_pictures == scan->files.n)
            as_scan_tell(scan, AS_CHECK_WARN, scan->entries.at[i].relative,
                         "is a recording beside labels of pictures: left alone; import it by itself");
}

bool as_scan_folder(as_scan *scan, const as_spec *spec, const as_import_cfg *cfg, as_err *err)
{
    const as_format *format = NULL;
    *scan = (as_scan){.spec = spec, .cfg = cfg};
    bool ok = scan_begin(scan, err) && scan_check_renames(scan, err) && as_fs_walk(scan->root, scan_visit, scan, err) &&
              as_side_load(scan, err) && (format = scan_format(scan, err)) != NULL;
    scan->format = format ? format->name : NULL;
    ok = ok && format->read(scan, err) && as_side_apply(scan, err) && as_pages_expand(scan, err) &&
         scan_check_renames_used(scan, err);
    if (ok) /* the escapes may have changed the order */
        qsort(scan->files.at, scan->files.n, sizeof *scan->files.at, scan_compare);
    ok = ok && scan_part_videos(scan, err);
    if (ok)
        scan_tell_videos(scan);
    return ok;
}

void as_scan_done(as_scan *scan)
{
    for (size_t i = 0; i < scan->files.n; i++) {
        free(scan->files.at[i].path);
        free(scan->files.at[i].name);
        as_scan_free_findings(scan->files.at[i].findings, scan->files.at[i].n_findings);
        for (size_t k = 0; k < scan->files.at[i].n_votes; k++)
            as_scan_free_findings((as_finding *)(uintptr_t)scan->files.at[i].votes[k].findings,
                                  scan->files.at[i].votes[k].n_findings);
        free(scan->files.at[i].votes);
        free(scan->files.at[i].part);
    }
    for (size_t i = 0; i < scan->entries.n; i++) {
        free((void *)(uintptr_t)scan->entries.at[i].path);
        free((void *)(uintptr_t)scan->entries.at[i].relative);
    }
    for (size_t i = 0; i < scan->kept.n; i++)
        free(scan->kept.at[i]);
    as_vec_done(&scan->kept);
    as_vec_done(&scan->files);
    as_vec_done(&scan->entries);
    as_side_free(scan->side);
    free(scan->prefix);
    free(scan->told);
    *scan = (as_scan){0};
}
