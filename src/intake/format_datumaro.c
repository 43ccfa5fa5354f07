/* SPDX-License-Identifier: Apache-2.0 */
/* Datumaro's JSON: annotations/SUBSET.json with categories and items, pictures in images/SUBSET/ (open-edge-platform's
 * Datumaro, "Datumaro format"). Only read. Items are read one at a time: a tree of a large file would not fit. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/text.h"
#include "image/mask.h"
#include "intake/gather.h"

#define DATUMARO_MAX_LABELS 100000

typedef struct datumaro_file {
    as_gather   *gather;
    const char  *relative, *subset;
    size_t       n_subset;
    const char  *items, *categories;
    size_t       n_items, n_categories;
    json_t      *labels; /* array of objects with a name */
    as_gathered *to;
    uint64_t     n_left;
} datumaro_file;

static bool datumaro_is_json(const as_fs_entry *entry)
{
    return entry->kind == AS_FS_FILE && as_str_ends(entry->relative, ".json") && entry->relative[0] != '.';
}

/* Where its two parts are; false when it is another kind of file. */
static bool datumaro_find(const char *bytes, size_t n, datumaro_file *file)
{
    as_text_cursor c = {.p = bytes, .end = bytes + n};
    as_str         key;
    bool           ok = as_text_expect(&c, '{');
    as_str_init(&key);
    do {
        const char *value;
        size_t      n_value;
        ok = ok && as_text_string(&c, &key) && as_text_expect(&c, ':') && as_text_value(&c, &value, &n_value);
        if (ok && strcmp(key.s, "items") == 0 && *value == '[') {
            file->items = value;
            file->n_items = n_value;
        } else if (ok && strcmp(key.s, "categories") == 0 && *value == '{') {
            file->categories = value;
            file->n_categories = n_value;
        }
    } while (ok && as_text_have(&c, ','));
    as_str_done(&key);
    return ok && file->items && file->categories;
}

static const char *datumaro_class(datumaro_file *file, const json_t *annotation, as_err *err)
{
    const json_t *id = json_object_get(annotation, "label_id");
    json_int_t    v = json_integer_value(id);
    const char   *name = json_is_integer(id) && v >= 0
                             ? json_string_value(json_object_get(json_array_get(file->labels, (size_t)v), "name"))
                             : NULL;
    const char   *label = name ? as_scan_class(file->gather->scan, name, strlen(name)) : NULL;
    if (!name)
        AS_FAIL(err, AS_EFORMAT, "an annotation's label_id is not among the labels");
    else if (!label)
        as_scan_unknown(file->gather->scan, "label", name, strlen(name), err);
    return label;
}

static bool datumaro_numbers(const json_t *list, double *ret, size_t n, as_err *err)
{
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        ret[i] = json_number_value(v);
        if (!json_is_number(v) || !isfinite(ret[i]))
            return AS_FAIL(err, AS_EFORMAT, "an annotation has a coordinate that is no number");
    }
    return true;
}

/* What a finding does not hold itself; attributes stay as they are. */
static json_t *datumaro_extra(const json_t *annotation)
{
    static const char *const known[] = {"type", "label_id", "bbox", "points", "rle"};
    json_t                  *extra = json_copy((json_t *)(uintptr_t)annotation);
    for (size_t i = 0; extra && i < AS_COUNT(known); i++)
        json_object_del(extra, known[i]);
    if (json_object_size(json_object_get(extra, "attributes")) == 0)
        json_object_del(extra, "attributes");
    return extra;
}

static bool datumaro_box(datumaro_file *file, const json_t *a, const char *label, double score, as_err *err)
{
    const json_t *list = json_object_get(a, "bbox");
    double        box[4];
    if (json_array_size(list) != 4)
        return AS_FAIL(err, AS_EFORMAT, "a bbox is not [x, y, width, height]");
    return datumaro_numbers(list, box, 4, err) && as_gathered_box(file->to, label, box, score, datumaro_extra(a), err);
}

static bool datumaro_polygon(datumaro_file *file, const json_t *a, const char *label, double score, as_err *err)
{
    const json_t *list = json_object_get(a, "points");
    size_t        n = json_array_size(list);
    if (n < 6 || n % 2)
        return AS_FAIL(err, AS_EFORMAT, "a polygon of %zu numbers", n);
    double *points = malloc(n * sizeof *points);
    bool    ok = points ? datumaro_numbers(list, points, n, err) : AS_FAIL(err, AS_ENOMEM, "not enough memory");
    ok = ok && as_gathered_rings(file->to, label, points, (size_t[]){n / 2}, 1, score, datumaro_extra(a), err);
    free(points);
    return ok;
}

static bool datumaro_mask(datumaro_file *file, const json_t *a, const char *label, double score, as_err *err)
{
    const json_t *rle = json_object_get(a, "rle"), *size = json_object_get(rle, "size");
    const char   *counts = json_string_value(json_object_get(rle, "counts"));
    json_int_t    height = json_integer_value(json_array_get(size, 0)),
               width = json_integer_value(json_array_get(size, 1));
    as_mask mask;
    if (!counts || width < 1 || height < 1 || width >= AS_MASK_MAX_SIDE || height >= AS_MASK_MAX_SIDE)
        return AS_FAIL(err, AS_EFORMAT, "a mask has no counts and size");
    if (!as_mask_from_text(counts, (uint32_t)width, (uint32_t)height, &mask, err))
        return false;
    bool ok = as_gathered_mask(file->to, label, &mask, score, datumaro_extra(a), err);
    as_mask_done(&mask);
    return ok;
}

static bool datumaro_label(datumaro_file *file, const json_t *a, const char *label, double score, as_err *err)
{
    (void)a;
    (void)score;
    if (file->to->label && strcmp(file->to->label, label) != 0)
        return AS_FAIL(err, AS_EFORMAT, "two labels of one picture: '%s' beside '%s'", label, file->to->label);
    file->to->label = label;
    return true;
}

static bool datumaro_annotation(datumaro_file *file, const json_t *a, as_err *err)
{
    static const struct {
        const char *type;
        bool (*take)(datumaro_file *, const json_t *, const char *, double, as_err *);
    } rows[] = {
        {"bbox", datumaro_box}, {"polygon", datumaro_polygon}, {"mask", datumaro_mask}, {"label", datumaro_label}};
    const char   *type = json_string_value(json_object_get(a, "type")), *label;
    const json_t *score = json_object_get(json_object_get(a, "attributes"), "score");
    for (size_t i = 0; type && i < AS_COUNT(rows); i++)
        if (strcmp(rows[i].type, type) == 0)
            return (label = datumaro_class(file, a, err)) &&
                   rows[i].take(file, a, label, json_is_number(score) ? json_number_value(score) : NAN, err);
    file->n_left++;
    return true;
}

/* folder/name + ending where it is a picture that is there. */
static as_gathered *datumaro_at(const datumaro_file *file, const char *folder, const char *name, const char *ending)
{
    char              *at = as_strdupf("%s%s%s", folder, name, ending);
    const as_fs_entry *entry = at ? as_scan_find(file->gather->scan, at) : NULL;
    free(at);
    return entry && as_scan_is_picture(entry->relative) ? as_gather_of(file->gather, entry) : NULL;
}

/* images/SUBSET/PATH, else as any file of labels has it; without a path the id and any ending. */
static as_gathered *datumaro_picture(datumaro_file *file, const json_t *item)
{
    static const char *const endings[] = {".jpg", ".png", ".jpeg", ".bmp", ".tif", ".tiff", ".JPG", ".PNG"};
    const json_t            *media = json_object_get(item, "media");
    const char  *path = json_string_value(json_object_get(media ? media : json_object_get(item, "image"), "path"));
    const char  *id = json_string_value(json_object_get(item, "id"));
    char        *folder = as_strdupf("images/%.*s/", (int)file->n_subset, file->subset);
    as_gathered *found = folder && path && *path ? datumaro_at(file, folder, path, "") : NULL;
    for (size_t i = 0; folder && id && !(path && *path) && !found && i < AS_COUNT(endings); i++) {
        found = datumaro_at(file, folder, id, endings[i]);
        found = found ? found : datumaro_at(file, "images/", id, endings[i]);
        found = found ? found : datumaro_at(file, "", id, endings[i]);
    }
    free(folder);
    if (found)
        return found;
    return as_gather_find(file->gather, file->relative, path && *path ? path : id ? id : "an item without a name");
}

static bool datumaro_item(datumaro_file *file, const json_t *item, as_err *err)
{
    const json_t *list = json_object_get(item, "annotations");
    if (!json_is_object(item))
        return AS_FAIL(err, AS_EFORMAT, "it is no JSON object");
    file->to = datumaro_picture(file, item);
    if (!file->to)
        return true;
    if (file->to->seen)
        return AS_FAIL(err, AS_EFORMAT, "its picture '%.200s' is another item's already", file->to->entry->relative);
    file->to->seen = true;
    file->to->split = as_import_split_of(file->subset, file->n_subset);
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!datumaro_annotation(file, json_array_get(list, i), err))
            return false;
    return true;
}

static bool datumaro_items(datumaro_file *file, as_err *err)
{
    as_text_cursor c = {.p = file->items, .end = file->items + file->n_items};
    json_t        *categories = json_loadb(file->categories, file->n_categories, 0, NULL);
    file->labels = json_object_get(json_object_get(categories, "label"), "labels");
    bool ok = json_array_size(file->labels) <= DATUMARO_MAX_LABELS ||
              AS_FAIL(err, AS_ELIMIT, "'%.300s' has too many labels", file->relative);
    bool more = ok && as_text_expect(&c, '[') && !as_text_have(&c, ']');
    for (uint64_t i = 0; ok && more; i++) {
        const char *value;
        size_t      n;
        as_err      why = AS_ERR_NONE;
        json_t     *item = as_text_value(&c, &value, &n) ? json_loadb(value, n, 0, NULL) : NULL;
        ok = item ? datumaro_item(file, item, &why) : AS_FAIL(&why, AS_EFORMAT, "it is no JSON object");
        json_decref(item);
        if (!ok)
            as_err_set(err, why.code, "items[%llu] of '%.300s': %s", (unsigned long long)i, file->relative, why.text);
        more = ok && as_text_have(&c, ',');
    }
    json_decref(categories);
    return ok;
}

static bool datumaro_read_file(as_gather *gather, const as_fs_entry *entry, bool *ret_is, as_err *err)
{
    const char   *slash = strrchr(entry->relative, '/');
    datumaro_file file = {.gather = gather, .relative = entry->relative, .subset = slash ? slash + 1 : entry->relative};
    uint8_t      *bytes;
    size_t        n;
    file.n_subset = as_gather_stem(entry->relative) - (size_t)(file.subset - entry->relative);
    if (!as_fs_read(entry->path, AS_GATHER_MAX_BYTES, &bytes, &n, err))
        return false;
    *ret_is = datumaro_find((const char *)bytes, n, &file);
    bool ok = !*ret_is || datumaro_items(&file, err);
    free(bytes);
    if (ok && file.n_left) {
        char text[120];
        snprintf(text, sizeof text, "has %llu annotations that are no label, bbox, polygon or mask: left alone",
                 (unsigned long long)file.n_left);
        as_scan_tell(gather->scan, AS_CHECK_WARN, entry->relative, text);
    }
    return ok;
}

static bool datumaro_read(as_scan *scan, as_err *err)
{
    as_gather gather;
    bool      ok = true, any = false, is = false;
    if (!as_gather_init(&gather, scan, err))
        return false;
    for (size_t i = 0; ok && i < scan->entries.n; i++) {
        if (!datumaro_is_json(&scan->entries.at[i]))
            continue;
        ok = datumaro_read_file(&gather, &scan->entries.at[i], &is, err);
        any = any || (ok && is);
    }
    if (ok && !any)
        ok = AS_FAIL(err, AS_ENOTFOUND, "no file of Datumaro (.json with items and categories) in '%s'",
                     scan->cfg->folder);
    ok = ok && as_gather_put(&gather, err);
    as_gather_done(&gather);
    return ok;
}

static int datumaro_recognise(const as_scan *scan, char *why)
{
    for (size_t i = 0; i < scan->entries.n; i++) {
        datumaro_file file = {.gather = NULL};
        as_err        err = AS_ERR_NONE;
        uint8_t      *bytes;
        size_t        n;
        if (!datumaro_is_json(&scan->entries.at[i]) ||
            !as_fs_read(scan->entries.at[i].path, AS_GATHER_MAX_BYTES, &bytes, &n, &err))
            continue;
        bool is = datumaro_find((const char *)bytes, n, &file);
        free(bytes);
        if (!is)
            continue;
        snprintf(why, AS_FORMAT_WHY_BYTES, "'%.100s' has items and categories", scan->entries.at[i].relative);
        return 89;
    }
    return 0;
}

const as_format as_format_datumaro = {.name = "datumaro",
                                      .summary = "Datumaro JSON: labels, boxes, polygons and masks (only read)",
                                      .recognise = datumaro_recognise,
                                      .read = datumaro_read};
