/* SPDX-License-Identifier: Apache-2.0 */
/* Label Studio's JSON: a list of tasks, each with data, annotations and predictions; places in percent of the picture
 * (labelstud.io/guide/task_format, "Label Studio JSON format of annotated tasks"). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/text.h"
#include "intake/brush.h"
#include "intake/gather.h"
#include "intake/lay.h"

#define STUDIO_PI 3.14159265358979323846

typedef struct studio_file {
    as_gather   *gather;
    const char  *relative;
    as_split     split;
    as_gathered *to;
    uint32_t     width, height;
    double       score; /* of the whole prediction, where a thing has none of its own; NAN in annotations */
    uint64_t     n_predictions, n_others, n_left;
} studio_file;

static bool studio_is_json(const as_fs_entry *entry)
{
    return entry->kind == AS_FS_FILE && as_str_ends(entry->relative, ".json") && entry->relative[0] != '.';
}

static bool studio_is_task(const json_t *task)
{
    return json_is_object(json_object_get(task, "data")) &&
           (json_is_array(json_object_get(task, "annotations")) || json_is_array(json_object_get(task, "predictions")));
}

/* The picture's address: under "image", else whatever ends like one. */
static const char *studio_address(const json_t *task)
{
    const json_t *data = json_object_get(task, "data");
    const char   *found = json_string_value(json_object_get(data, "image")), *key;
    json_t       *value;
    json_object_foreach ((json_t *)(uintptr_t)data, key, value)
        if (!found && json_is_string(value) && as_scan_is_picture(json_string_value(value)))
            found = json_string_value(value);
    return found;
}

/* ".../?d=folder/a.png" is folder/a.png; an upload has 8 hex digits and a dash before its name, unless it is there so. */
static as_gathered *studio_picture(studio_file *file, const char *address)
{
    const char *query = strstr(address, "?d="), *slash;
    address = query ? query + 3 : address;
    slash = strrchr(address, '/');
    const char *base = slash ? slash + 1 : address;
    if (strspn(base, "0123456789abcdef") >= 8 && base[8] == '-' && strstr(address, "upload/")) {
        for (size_t i = 0; i < file->gather->scan->entries.n; i++)
            if (as_str_ends(file->gather->scan->entries.at[i].relative, base))
                return as_gather_find(file->gather, file->relative, address);
        return as_gather_find(file->gather, file->relative, base + 9);
    }
    return as_gather_find(file->gather, file->relative, address);
}

static bool studio_number(const json_t *value, const char *key, double *ret, as_err *err)
{
    const json_t *number = json_object_get(value, key);
    *ret = json_number_value(number);
    return (json_is_number(number) && isfinite(*ret)) || AS_FAIL(err, AS_EFORMAT, "a result has no number for %s", key);
}

/* What else the result says. */
static json_t *studio_extra(const json_t *result)
{
    static const char *const known[] = {"type",  "value",         "original_width", "original_height",
                                        "score", "image_rotation"};
    json_t                  *extra = json_copy((json_t *)(uintptr_t)result);
    for (size_t i = 0; i < AS_COUNT(known); i++)
        json_object_del(extra, known[i]);
    return extra;
}

static bool studio_box(studio_file *file, const json_t *result, const char *label, double score, as_err *err)
{
    static const char *const keys[] = {"x", "y", "width", "height"};
    const json_t            *value = json_object_get(result, "value");
    double                   v[4], turn = json_number_value(json_object_get(value, "rotation")), points[8];
    for (size_t i = 0; i < 4; i++) {
        if (!studio_number(value, keys[i], &v[i], err))
            return false;
        v[i] = as_gather_px(v[i] * (i % 2 ? file->height : file->width) / 100);
    }
    if (turn == 0)
        return as_gathered_box(file->to, label, v, score, studio_extra(result), err);
    /* Turned clockwise about its upper left corner: a polygon of its corners. */
    double c = cos(turn * STUDIO_PI / 180), s = sin(turn * STUDIO_PI / 180);
    for (size_t i = 0; i < 4; i++) {
        double dx = i == 1 || i == 2 ? v[2] : 0, dy = i >= 2 ? v[3] : 0;
        points[2 * i] = as_gather_px(v[0] + dx * c - dy * s);
        points[2 * i + 1] = as_gather_px(v[1] + dx * s + dy * c);
    }
    return as_gathered_rings(file->to, label, points, (size_t[]){4}, 1, score, studio_extra(result), err);
}

static bool studio_polygon(studio_file *file, const json_t *result, const char *label, double score, as_err *err)
{
    const json_t *list = json_object_get(json_object_get(result, "value"), "points");
    size_t        n = json_array_size(list);
    double       *points = n >= 3 ? malloc(n * 2 * sizeof *points) : NULL;
    bool          ok = points || (n < 3 ? AS_FAIL(err, AS_EFORMAT, "a polygon has %zu points", n)
                                        : AS_FAIL(err, AS_ENOMEM, "not enough memory"));
    for (size_t i = 0; ok && i < 2 * n; i++) {
        const json_t *number = json_array_get(json_array_get(list, i / 2), i % 2);
        points[i] = as_gather_px(json_number_value(number) * (i % 2 ? file->height : file->width) / 100);
        ok = json_is_number(number) || AS_FAIL(err, AS_EFORMAT, "point %zu of a polygon has no number", i / 2);
    }
    ok = ok && as_gathered_rings(file->to, label, points, (size_t[]){n}, 1, score, studio_extra(result), err);
    free(points);
    return ok;
}

static bool studio_brush(studio_file *file, const json_t *result, const char *label, double score, as_err *err)
{
    const json_t *list = json_object_get(json_object_get(result, "value"), "rle");
    size_t        n = json_array_size(list);
    uint8_t      *bytes = malloc(n + 1);
    as_mask       mask;
    bool          ok = bytes || AS_FAIL(err, AS_ENOMEM, "not enough memory");
    for (size_t i = 0; ok && i < n; i++) {
        json_int_t v = json_integer_value(json_array_get(list, i));
        bytes[i] = (uint8_t)v;
        ok = (v >= 0 && v <= 255) || AS_FAIL(err, AS_EFORMAT, "a brush has a byte of %lld", (long long)v);
    }
    ok = ok && as_brush_decode(bytes, n, file->width, file->height, &mask, err);
    free(bytes);
    if (!ok)
        return false;
    ok = as_gathered_mask(file->to, label, &mask, score, studio_extra(result), err);
    as_mask_done(&mask);
    return ok;
}

static const char *studio_class(studio_file *file, const json_t *result, const char *type, as_err *err)
{
    const char *word = json_string_value(json_array_get(json_object_get(json_object_get(result, "value"), type), 0));
    const char *label = word ? as_scan_class(file->gather->scan, word, strlen(word)) : NULL;
    if (!word)
        AS_FAIL(err, AS_EFORMAT, "a result has no %s", type);
    else if (!label)
        as_scan_unknown(file->gather->scan, "label", word, strlen(word), err);
    return label;
}

static bool studio_size(studio_file *file, const json_t *result, as_err *err)
{
    json_int_t width = json_integer_value(json_object_get(result, "original_width")),
               height = json_integer_value(json_object_get(result, "original_height"));
    if (width < 1 || height < 1 || width > AS_IMAGE_MAX_SIDE || height > AS_IMAGE_MAX_SIDE)
        return AS_FAIL(err, AS_EFORMAT, "a result is of a picture of %lld x %lld", (long long)width, (long long)height);
    file->width = (uint32_t)width;
    file->height = (uint32_t)height;
    return true;
}

static bool studio_result(studio_file *file, const json_t *result, as_err *err)
{
    static const struct {
        const char *type;
        bool (*take)(studio_file *, const json_t *, const char *, double, as_err *);
    } rows[] = {{"rectanglelabels", studio_box}, {"polygonlabels", studio_polygon}, {"brushlabels", studio_brush}};
    const char   *type = json_string_value(json_object_get(result, "type")), *label;
    const json_t *score = json_object_get(result, "score");
    for (size_t i = 0; type && i < AS_COUNT(rows); i++)
        if (strcmp(rows[i].type, type) == 0)
            return studio_size(file, result, err) && (label = studio_class(file, result, type, err)) &&
                   rows[i].take(file, result, label, json_is_number(score) ? json_number_value(score) : file->score,
                                err);
    if (!type || strcmp(type, "choices") != 0) {
        file->n_left++;
        return true;
    }
    label = studio_class(file, result, type, err);
    if (label && file->to->label && strcmp(file->to->label, label) != 0)
        return AS_FAIL(err, AS_EFORMAT, "two choices of one picture: '%s' beside '%s'", label, file->to->label);
    file->to->label = label;
    return label != NULL;
}

/* Of several annotations the one that is said to be the truth counts, else the first that was not cancelled. */
static const json_t *studio_annotation(studio_file *file, const json_t *task)
{
    const json_t *list = json_object_get(task, "annotations"), *found = NULL;
    size_t        n = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *a = json_array_get(list, i);
        if (json_is_true(json_object_get(a, "was_cancelled")))
            continue;
        n++;
        if (!found ||
            (json_is_true(json_object_get(a, "ground_truth")) && !json_is_true(json_object_get(found, "ground_truth"))))
            found = a;
    }
    file->n_others += n > 1 ? n - 1 : 0;
    file->n_predictions += found ? json_array_size(json_object_get(task, "predictions")) : 0;
    return found;
}

/* Where nobody has looked yet, what the surest model says, or of equals the last: *ret_by names it, for a proposal. */
static const json_t *studio_prediction(studio_file *file, const json_t *task, const char **ret_by, as_err *err)
{
    const json_t *list = json_object_get(task, "predictions"), *found = NULL;
    double        best = -INFINITY;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *p = json_array_get(list, i), *score = json_object_get(p, "score");
        double        v = json_is_number(score) ? json_number_value(score) : -INFINITY;
        if (!json_is_object(p) || json_array_size(json_object_get(p, "result")) == 0 || v < best)
            continue;
        best = v;
        found = p;
    }
    if (!found)
        return NULL;
    const char *version = json_string_value(json_object_get(found, "model_version"));
    char       *by = as_strdupf("model:%.200s", version && *version ? version : "unknown");
    *ret_by = by ? as_scan_keep(file->gather->scan, by) : NULL;
    free(by);
    file->score = isfinite(best) ? best : NAN;
    if (!*ret_by)
        AS_FAIL(err, AS_ENOMEM, "not enough memory");
    return *ret_by ? found : NULL;
}

static bool studio_task(studio_file *file, const json_t *task, as_err *err)
{
    const char *address = studio_address(task),
               *split = json_string_value(json_object_get(json_object_get(task, "data"), "split"));
    const json_t *annotation, *results;
    const char   *by = NULL;
    as_err        why = AS_ERR_NONE;
    if (!studio_is_task(task) || !address)
        return AS_FAIL(err, AS_EFORMAT, "it is no task with the address of a picture");
    file->score = NAN;
    annotation = studio_annotation(file, task);
    if (!annotation)
        annotation = studio_prediction(file, task, &by, &why);
    if (!annotation) /* nobody has looked at it */
        return why.code == AS_OK || as_err_set(err, why.code, "%s", why.text);
    file->to = studio_picture(file, address);
    if (!file->to)
        return true;
    if (file->to->seen)
        return AS_FAIL(err, AS_EFORMAT, "its picture '%.200s' is another task's already", address);
    file->to->seen = true;
    file->to->by = by;
    file->to->state = by ? AS_LABEL_PROPOSED : AS_LABEL_NONE;
    file->to->split = split ? as_import_split_of(split, strlen(split)) : file->split;
    if (!split && !file->split)
        file->to->split = as_gather_split_of(file->to->entry->relative);
    results = json_object_get(annotation, "result");
    for (size_t i = 0; i < json_array_size(results); i++)
        if (!studio_result(file, json_array_get(results, i), err))
            return false;
    return true;
}

/* The list is read an element at a time: a tree of a large one would not fit. only_first: nothing is taken. */
static bool studio_each(studio_file *file, const char *bytes, size_t n, bool only_first, bool *ret_is, as_err *err)
{
    as_text_cursor c = {.p = bytes, .end = bytes + n};
    *ret_is = false;
    if (!as_text_expect(&c, '[') || as_text_have(&c, ']'))
        return true;
    for (uint64_t i = 0;; i++) {
        const char *value;
        size_t      n_value;
        as_err      why = AS_ERR_NONE;
        json_t     *task = as_text_value(&c, &value, &n_value) ? json_loadb(value, n_value, 0, NULL) : NULL;
        if (i == 0)
            *ret_is = studio_is_task(task);
        bool ok = !*ret_is || only_first ||
                  (task ? studio_task(file, task, &why) : AS_FAIL(&why, AS_EFORMAT, "it is no JSON object"));
        json_decref(task);
        if (!ok)
            return as_err_set(err, why.code, "task %llu of '%.300s': %s", (unsigned long long)i, file->relative,
                              why.text);
        if (!*ret_is || only_first || !as_text_have(&c, ','))
            break;
    }
    return true;
}

static void studio_tell(const studio_file *file, uint64_t n, const char *what)
{
    char text[200];
    snprintf(text, sizeof text, "has %llu %s: left alone", (unsigned long long)n, what);
    if (n)
        as_scan_tell(file->gather->scan, AS_CHECK_WARN, file->relative, text);
}

static bool studio_read_file(as_gather *gather, const as_fs_entry *entry, bool *ret_is, as_err *err)
{
    studio_file file = {.gather = gather, .relative = entry->relative, .split = as_gather_split_named(entry->relative)};
    uint8_t    *bytes;
    size_t      n;
    if (!as_fs_read(entry->path, AS_GATHER_MAX_BYTES, &bytes, &n, err))
        return false;
    bool ok = studio_each(&file, (const char *)bytes, n, false, ret_is, err);
    free(bytes);
    studio_tell(&file, file.n_predictions, "predictions beside annotations");
    studio_tell(&file, file.n_others, "further annotations of pictures that have one");
    studio_tell(&file, file.n_left, "results that are no choice, rectangle, polygon or brush");
    return ok;
}

static bool studio_read(as_scan *scan, as_err *err)
{
    as_gather gather;
    bool      ok = true, any = false, is = false;
    if (!as_gather_init(&gather, scan, err))
        return false;
    for (size_t i = 0; ok && i < scan->entries.n; i++) {
        if (!studio_is_json(&scan->entries.at[i]))
            continue;
        ok = studio_read_file(&gather, &scan->entries.at[i], &is, err);
        if (ok && !is)
            as_scan_tell(scan, AS_CHECK_OK, scan->entries.at[i].relative, "has no tasks of Label Studio: left alone");
        any = any || is;
    }
    if (ok && !any)
        ok = AS_FAIL(err, AS_ENOTFOUND, "no tasks of Label Studio (.json, a list with data and annotations) in '%s'",
                     scan->cfg->folder);
    ok = ok && as_gather_put(&gather, err);
    as_gather_done(&gather);
    return ok;
}

static int studio_recognise(const as_scan *scan, char *why)
{
    for (size_t i = 0; i < scan->entries.n; i++) {
        as_err   err = AS_ERR_NONE;
        uint8_t *bytes;
        size_t   n;
        bool     is = false;
        if (!studio_is_json(&scan->entries.at[i]) ||
            !as_fs_read(scan->entries.at[i].path, AS_GATHER_MAX_BYTES, &bytes, &n, &err))
            continue;
        is = studio_each(NULL, (const char *)bytes, n, true, &is, &err) && is;
        free(bytes);
        if (!is)
            continue;
        snprintf(why, AS_FORMAT_WHY_BYTES, "'%.100s' is a list of tasks with data and annotations",
                 scan->entries.at[i].relative);
        return 88;
    }
    return 0;
}

static void studio_add_percent(as_str *text, const char *key, double px, uint32_t side)
{
    as_text_add_real(text, key, px * 100 / side);
}

static bool studio_add_brush(as_str *text, const as_sample *s, const as_finding *f, as_err *err)
{
    as_mask mask;
    as_str  bytes;
    if (!as_mask_from_text(f->geometry, s->width, s->height, &mask, err))
        return false;
    as_str_init(&bytes);
    bool ok = as_brush_encode(&mask, &bytes, err);
    as_str_add(text, "\"format\":\"rle\",\"rle\":[");
    for (size_t i = 0; i < bytes.len; i++)
        as_str_addf(text, "%s%u", i ? "," : "", (uint8_t)bytes.s[i]);
    as_str_add(text, "],");
    as_str_done(&bytes);
    as_mask_done(&mask);
    return ok;
}

static bool studio_add_place(as_str *text, const as_sample *s, const as_finding *f, as_err *err)
{
    double *points;
    size_t  n;
    if (f->outline == AS_OUTLINE_MASK)
        return studio_add_brush(text, s, f, err);
    if (f->outline == AS_OUTLINE_BOX) {
        studio_add_percent(text, "\"x\":", f->box[0], s->width);
        studio_add_percent(text, ",\"y\":", f->box[1], s->height);
        studio_add_percent(text, ",\"width\":", f->box[2], s->width);
        studio_add_percent(text, ",\"height\":", f->box[3], s->height);
        as_str_add(text, ",\"rotation\":0,");
        return true;
    }
    if (!as_lay_ring(f, &points, &n, err))
        return false;
    as_str_add(text, "\"points\":[");
    for (size_t i = 0; i < n; i++) {
        studio_add_percent(text, i ? ",[" : "[", points[2 * i], s->width);
        studio_add_percent(text, ",", points[2 * i + 1], s->height);
        as_str_add(text, "]");
    }
    as_str_add(text, "],\"closed\":true,");
    free(points);
    return true;
}

static bool studio_add_finding(as_str *text, const as_sample *s, const as_finding *f, as_err *err)
{
    const char *type = f->outline == AS_OUTLINE_MASK      ? "brushlabels"
                       : f->outline == AS_OUTLINE_POLYGON ? "polygonlabels"
                                                          : "rectanglelabels";
    as_str_addf(text, "{\"type\":\"%s\",\"original_width\":%u,\"original_height\":%u,\"value\":{", type, s->width,
                s->height);
    if (!studio_add_place(text, s, f, err))
        return false;
    as_str_addf(text, "\"%s\":[", type);
    as_text_add_string(text, "\"", f->label);
    as_str_add(text, "]}");
    as_text_add_real(text, ",\"score\":", f->score);
    if (*f->extra && strlen(f->extra) > 2) { /* an object: what is within its braces */
        as_str_add(text, ",");
        as_str_add_bytes(text, f->extra + 1, strlen(f->extra) - 2);
    }
    as_str_add(text, "}");
    return true;
}

/* What a model proposed is a prediction of its version, else it is an annotation. */
static void studio_add_who(as_str *text, const as_sample *s)
{
    const char *by = s->by && as_str_starts(s->by, "model:") ? s->by + 6 : s->by;
    if (s->state != AS_LABEL_PROPOSED) {
        as_str_add(text, "\"annotations\":[{\"was_cancelled\":false,");
        return;
    }
    as_text_add_string(text, "\"annotations\":[],\"predictions\":[{\"model_version\":\"", by ? by : "");
    as_str_add(text, ",");
}

static bool studio_lay(void *ctx, const as_export *out, size_t i, as_err *err)
{
    as_str          *text = ctx;
    const as_sample *s = as_manifest_at(out->manifest, i);
    char            *name;
    if (!as_lay_picture(out, i, "images", NULL, NULL, &name, err))
        return false;
    as_str_addf(text, "%s{\"id\":%zu,", i ? ",\n" : "\n", i + 1);
    as_text_add_string(text, "\"data\":{\"image\":\"images/", name);
    as_str_addf(text, ",\"split\":\"%s\"},", as_lay_split(s));
    studio_add_who(text, s);
    as_str_add(text, "\"result\":[");
    if (*s->label) {
        as_str_add(text,
                   "{\"type\":\"choices\",\"from_name\":\"class\",\"to_name\":\"image\",\"value\":{\"choices\":[");
        as_text_add_string(text, "\"", s->label);
        as_str_add(text, "]}}");
    }
    bool ok = true;
    for (size_t k = 0; ok && k < s->n_findings; k++) {
        as_str_add(text, k || *s->label ? ",\n" : "");
        ok = studio_add_finding(text, s, &s->findings[k], err);
    }
    as_str_add(text, "]}]}");
    free(name);
    return ok;
}

static bool studio_write(const as_export *out, as_err *err)
{
    as_str text;
    as_str_init(&text);
    as_str_add(&text, "[");
    bool ok = as_lay_each(out, &text, studio_lay, err);
    as_str_add(&text, "\n]\n");
    if (ok && !as_str_ok(&text))
        ok = AS_FAIL(err, AS_ENOMEM, "not enough memory");
    ok = ok && as_lay_file(out, "tasks.json", text.s, text.len, err);
    as_str_done(&text);
    return ok;
}

const as_format as_format_labelstudio = {.name = "labelstudio",
                                         .summary = "Label Studio JSON: choices, rectangles, polygons and brushes",
                                         .recognise = studio_recognise,
                                         .read = studio_read,
                                         .write = studio_write};
