/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/gather.h"

#include <math.h>
#include <string.h>

/* Out of memory is an error like any other. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

typedef struct as_gather_name {
    UT_hash_handle     hh;
    const as_fs_entry *entry;
    bool               twice;
} as_gather_name;

static const char *gather_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool gather_index(as_gather *gather, as_err *err)
{
    for (size_t i = 0; i < gather->scan->entries.n; i++) {
        const as_fs_entry *entry = &gather->scan->entries.at[i];
        const char        *base = gather_base(entry->relative);
        as_gather_name    *name;
        gather->at[i].entry = entry;
        if (!as_scan_is_picture(entry->relative))
            continue;
        HASH_FIND(hh, gather->names, base, strlen(base), name);
        if (name) {
            name->twice = true;
            continue;
        }
        name = calloc(1, sizeof *name);
        if (!name)
            return AS_FAIL(err, AS_ENOMEM, "not enough memory");
        name->entry = entry;
        HASH_ADD_KEYPTR(hh, gather->names, base, strlen(base), name);
    }
    return true;
}

bool as_gather_init(as_gather *gather, as_scan *scan, as_err *err)
{
    *gather = (as_gather){.scan = scan, .at = calloc(scan->entries.n + 1, sizeof *gather->at)};
    if (gather->at && gather_index(gather, err))
        return true;
    if (!gather->at)
        AS_FAIL(err, AS_ENOMEM, "no memory for %zu files", scan->entries.n);
    as_gather_done(gather);
    return false;
}

void as_gather_done(as_gather *gather)
{
    as_gather_name *name, *next;
    for (size_t i = 0; gather->at && i < gather->scan->entries.n; i++)
        as_scan_free_findings(gather->at[i].findings.at, gather->at[i].findings.n);
    HASH_ITER (hh, gather->names, name, next) {
        HASH_DEL(gather->names, name);
        free(name);
    }
    free(gather->at);
    *gather = (as_gather){0};
}

as_gathered *as_gather_of(as_gather *gather, const as_fs_entry *entry)
{
    return &gather->at[entry - gather->scan->entries.at];
}

/* "./" in front and "/./" within mean nothing. Names lead nowhere else: only what was listed is found. */
static const as_fs_entry *gather_at(const as_gather *gather, const char *folder, size_t n, const char *name)
{
    while (name[0] == '.' && name[1] == '/')
        name += 2;
    char              *path = as_strdupf("%.*s%s", (int)n, folder, name);
    const as_fs_entry *entry = path ? as_scan_find(gather->scan, path) : NULL;
    free(path);
    return entry && as_scan_is_picture(entry->relative) ? entry : NULL;
}

static const as_fs_entry *gather_by_base(const as_gather *gather, const char *name)
{
    const char     *base = gather_base(name);
    as_gather_name *found;
    HASH_FIND(hh, gather->names, base, strlen(base), found);
    return found && !found->twice ? found->entry : NULL;
}

as_gathered *as_gather_find(as_gather *gather, const char *beside, const char *name)
{
    size_t             folder = (size_t)(gather_base(beside) - beside);
    const as_fs_entry *entry = gather_at(gather, beside, folder, name);
    entry = entry ? entry : gather_at(gather, "", 0, name);
    entry = entry ? entry : gather_at(gather, "images/", 7, name);
    /* A longer path of another machine: its end may still be a path here. */
    for (const char *rest = strchr(name, '/'); rest && !entry; rest = strchr(rest + 1, '/'))
        entry = gather_at(gather, "", 0, rest + 1);
    entry = entry ? entry : gather_by_base(gather, name);
    if (entry)
        return as_gather_of(gather, entry);
    if (gather->n_missing++ < 1000)
        as_scan_tell(gather->scan, AS_CHECK_WARN, name, "is not there, or several pictures have that name: left out");
    return NULL;
}

bool as_gather_put(as_gather *gather, as_err *err)
{
    bool   has[AS_SPLIT_COUNT] = {false};
    size_t n = gather->scan->files.n;
    for (size_t i = 0; i < gather->scan->entries.n; i++)
        if (gather->at[i].seen)
            has[gather->at[i].split] = true;
    for (size_t i = 0; i < gather->scan->entries.n; i++) {
        as_gathered *g = &gather->at[i];
        as_finding  *findings = g->findings.at;
        size_t       n_findings = g->findings.n;
        as_split     split = g->split;
        if (!g->seen)
            continue;
        if (split == AS_SPLIT_TRAIN && !(has[AS_SPLIT_VALIDATION] && has[AS_SPLIT_TEST]))
            split = AS_SPLIT_NONE;
        g->findings.at = NULL;
        g->findings.n = g->findings.cap = 0;
        size_t before = gather->scan->files.n;
        if (!as_scan_put(gather->scan, g->entry, g->label, split, findings, n_findings, err))
            return false;
        if (gather->scan->files.n == before) /* a link out of the folder */
            continue;
        as_scan_file *file = &gather->scan->files.at[before];
        file->state = g->state;
        file->by = g->by;
        if (g->part && !(file->part = strdup(g->part)))
            return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    }
    return gather->scan->files.n > n ||
           AS_FAIL(err, AS_ENOTFOUND, "none of the pictures that the labels in '%s' speak of is there",
                   gather->scan->cfg->folder);
}

/* Takes the reference; *ret is heap, or NULL for nothing. */
static bool gathered_text(json_t *extra, char **ret, as_err *err)
{
    *ret = json_object_size(extra) ? as_json_text(extra) : NULL;
    bool ok = *ret || json_object_size(extra) == 0;
    json_decref(extra);
    return ok || AS_FAIL(err, AS_ENOMEM, "not enough memory");
}

/* Takes geometry (heap, or "") and text (heap, or NULL), also on failure. */
static bool gathered_put(as_gathered *to, as_finding f, char *text, as_err *err)
{
    bool ok = true;
    f.extra = text ? text : "";
    if (to->findings.n >= AS_FINDING_MAX)
        ok = AS_FAIL(err, AS_ELIMIT, "more than %d things are said of '%.200s'", AS_FINDING_MAX, to->entry->relative);
    else
        ok = as_vec_push(&to->findings, f) || AS_FAIL(err, AS_ENOMEM, "not enough memory");
    to->seen = true;
    if (ok)
        return true;
    free(text);
    if (*f.geometry)
        free((void *)(uintptr_t)f.geometry);
    return false;
}

/* The same with a tree. */
static bool gathered_add(as_gathered *to, as_finding f, json_t *extra, as_err *err)
{
    char *text;
    if (gathered_text(extra, &text, err))
        return gathered_put(to, f, text, err);
    if (*f.geometry)
        free((void *)(uintptr_t)f.geometry);
    return false;
}

bool as_gathered_box_text(as_gathered *to, const char *label, const double box[4], double score, char *extra,
                          as_err *err)
{
    as_finding f = {.label = label, .outline = AS_OUTLINE_BOX, .geometry = "", .score = score};
    memcpy(f.box, box, sizeof f.box);
    if (isfinite(box[0]) && isfinite(box[1]) && box[2] >= 0 && box[3] >= 0 && isfinite(box[2]) && isfinite(box[3]))
        return gathered_put(to, f, extra, err);
    free(extra);
    return AS_FAIL(err, AS_EINVAL, "its box is %g x %g at (%g, %g)", box[2], box[3], box[0], box[1]);
}

bool as_gathered_box(as_gathered *to, const char *label, const double box[4], double score, json_t *extra, as_err *err)
{
    char *text;
    return gathered_text(extra, &text, err) && as_gathered_box_text(to, label, box, score, text, err);
}

bool as_gathered_rings_text(as_gathered *to, const char *label, const double *points, const size_t *ends,
                            size_t n_rings, double score, char *extra, as_err *err)
{
    as_finding f = {.label = label, .outline = AS_OUTLINE_POLYGON, .score = score};
    as_str     text;
    as_str_init(&text);
    bool ok = n_rings > 0 && as_finding_add_rings(&text, points, ends, n_rings, err);
    if (n_rings == 0)
        AS_FAIL(err, AS_EINVAL, "its polygon has no points");
    if (ok && !(f.geometry = as_str_take(&text)))
        ok = AS_FAIL(err, AS_ENOMEM, "not enough memory");
    as_str_done(&text);
    if (ok) {
        as_finding_bounds(points, ends[n_rings - 1], f.box);
        return gathered_put(to, f, extra, err);
    }
    free(extra);
    return false;
}

bool as_gathered_rings(as_gathered *to, const char *label, const double *points, const size_t *ends, size_t n_rings,
                       double score, json_t *extra, as_err *err)
{
    char *text;
    return gathered_text(extra, &text, err) &&
           as_gathered_rings_text(to, label, points, ends, n_rings, score, text, err);
}

bool as_gathered_mask(as_gathered *to, const char *label, const as_mask *mask, double score, json_t *extra, as_err *err)
{
    as_finding f = {.label = label, .outline = AS_OUTLINE_MASK, .score = score};
    as_str     text;
    as_str_init(&text);
    bool ok = as_mask_add_text(mask, &text, err);
    if (ok && !(f.geometry = as_str_take(&text)))
        ok = AS_FAIL(err, AS_ENOMEM, "not enough memory");
    as_str_done(&text);
    if (ok) {
        as_mask_bounds(mask, f.box);
        return gathered_add(to, f, extra, err);
    }
    json_decref(extra);
    return false;
}

double as_gather_px(double v)
{
    return fabs(v) < 1e6 ? round(v * 1e6) / 1e6 + 0.0 : v;
}

as_split as_gather_split_of(const char *relative)
{
    for (const char *word = relative, *slash; (slash = strchr(word, '/')) != NULL; word = slash + 1) {
        size_t n = (size_t)(slash - word);
        while (n > 0 && word[n - 1] >= '0' && word[n - 1] <= '9')
            n--;
        as_split split = as_import_split_of(word, n);
        if (split)
            return split;
    }
    return AS_SPLIT_NONE;
}

as_split as_gather_split_named(const char *relative)
{
    as_split found = AS_SPLIT_NONE;
    for (const char *word = relative; *word && !found;) {
        size_t n = strcspn(word, "/_.-0123456789");
        found = as_import_split_of(word, n);
        word += n + (word[n] != '\0');
    }
    return found;
}

size_t as_gather_stem(const char *relative)
{
    const char *base = gather_base(relative), *dot = strrchr(base, '.');
    return dot && dot > base ? (size_t)(dot - relative) : strlen(relative);
}
