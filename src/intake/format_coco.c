/* SPDX-License-Identifier: Apache-2.0 */
/* COCO: JSON files with images, annotations (boxes, polygons, run lengths) and categories. The format:
 * cocodataset.org, "Data format". A file is read an element at a time: a tree of a large one would not fit. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Out of memory is an error like any other. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "base/json.h"
#include "base/text.h"
#include "image/mask.h"
#include "intake/coco_plain.h"
#include "intake/gather.h"

typedef struct coco_category {
    UT_hash_handle hh;
    int64_t        id;
    const char    *label; /* the spec's; NULL when it has none */
    char          *name;
} coco_category;

typedef struct coco_image {
    UT_hash_handle hh;
    int64_t        id;
    as_gathered   *to; /* NULL: not there */
    uint32_t       width, height;
} coco_image;

typedef struct coco_file {
    as_gather     *gather;
    const char    *relative; /* of the JSON file */
    as_split       split;
    coco_category *categories;
    coco_image    *images;
    const char    *arrays[3];
    size_t         n_arrays[3]; /* bytes */
    as_coco_plain  plain;       /* the element that is read */
} coco_file;

enum { COCO_CATEGORIES, COCO_IMAGES, COCO_ANNOTATIONS };

static const char *const coco_keys[3] = {"categories", "images", "annotations"};

/* Where the three arrays are; false when it is another kind of file. */
static bool coco_find_arrays(const char *bytes, size_t n, coco_file *file)
{
    as_text_cursor c = {.p = bytes, .end = bytes + n};
    as_str         key;
    bool           ok = as_text_expect(&c, '{');
    as_str_init(&key);
    do {
        const char *value;
        size_t      n_value;
        ok = ok && as_text_string(&c, &key) && as_text_expect(&c, ':') && as_text_value(&c, &value, &n_value);
        for (int i = 0; ok && i < 3; i++) {
            if (strcmp(key.s, coco_keys[i]) != 0 || *value != '[')
                continue;
            file->arrays[i] = value;
            file->n_arrays[i] = n_value;
        }
    } while (ok && as_text_have(&c, ','));
    as_str_done(&key);
    return ok && file->arrays[COCO_CATEGORIES] && file->arrays[COCO_IMAGES];
}

/* How the elements of an array are taken: as plain ones where they are, else as trees. */
typedef struct coco_taker {
    int      which;
    unsigned needs, kept; /* keys of plain ones */
    bool (*plain)(coco_file *, as_err *);
    bool (*tree)(coco_file *, const json_t *, as_err *);
} coco_taker;

static bool coco_take(coco_file *file, const coco_taker *taker, const char *value, size_t n, as_err *err)
{
    if (taker->plain && as_coco_plain_read(&file->plain, value, n, taker->kept) &&
        (file->plain.has & taker->needs) == taker->needs)
        return taker->plain(file, err);
    json_t *element = json_loadb(value, n, 0, NULL);
    bool    ok = element ? taker->tree(file, element, err) : AS_FAIL(err, AS_EFORMAT, "it is no JSON object");
    json_decref(element);
    return ok;
}

static bool coco_each(coco_file *file, const coco_taker *taker, as_err *err)
{
    const int which = taker->which;
    if (!file->arrays[which])
        return true;
    as_text_cursor c = {.p = file->arrays[which], .end = file->arrays[which] + file->n_arrays[which]};
    if (!as_text_expect(&c, '[') || as_text_have(&c, ']'))
        return true;
    for (uint64_t n = 1;; n++) {
        const char *value;
        size_t      bytes;
        as_err      why = AS_ERR_NONE;
        if (!(as_text_value(&c, &value, &bytes) ? coco_take(file, taker, value, bytes, &why)
                                                : AS_FAIL(&why, AS_EFORMAT, "it is no JSON object")))
            return as_err_set(err, why.code == AS_ENOMEM ? AS_ENOMEM : AS_EINVAL, "%s[%llu] of '%s': %s",
                              coco_keys[which], (unsigned long long)(n - 1), file->relative, why.text);
        if (!as_text_have(&c, ','))
            return true;
    }
}

static bool coco_take_category(coco_file *file, const json_t *element, as_err *err)
{
    coco_category *category, *before;
    const char    *name;
    int64_t        id;
    if (!as_json_get_i64(element, "id", &id, err) || !as_json_get_str(element, "name", &name, err))
        return false;
    HASH_FIND(hh, file->categories, &id, sizeof id, before);
    if (before)
        return AS_FAIL(err, AS_EINVAL, "category %lld is there twice", (long long)id);
    category = calloc(1, sizeof *category);
    if (category)
        category->name = strdup(name);
    if (!category || !category->name) {
        free(category);
        return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    }
    category->id = id;
    category->label = as_scan_class(file->gather->scan, name, strlen(name)); /* only one that is used must be known */
    HASH_ADD(hh, file->categories, id, sizeof id, category);
    return true;
}

static bool coco_size(const json_t *element, const char *key, uint32_t *ret, as_err *err)
{
    int64_t v;
    if (!as_json_get_i64(element, key, &v, err))
        return false;
    if (v < 1 || v >= AS_MASK_MAX_SIDE)
        return AS_FAIL(err, AS_EINVAL, "its %s is %lld", key, (long long)v);
    *ret = (uint32_t)v;
    return true;
}

/* text: its class beyond COCO, as it is written here: "" is a picture that nobody has labelled; NULL: not said. */
static bool coco_add_image(coco_file *file, int64_t id, const char *name, uint32_t width, uint32_t height,
                           const char *text, as_err *err)
{
    coco_image *image, *before;
    HASH_FIND(hh, file->images, &id, sizeof id, before);
    if (before)
        return AS_FAIL(err, AS_EINVAL, "image %lld is there twice", (long long)id);
    image = calloc(1, sizeof *image);
    if (!image)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    *image = (coco_image){
        .id = id, .to = as_gather_find(file->gather, file->relative, name), .width = width, .height = height};
    HASH_ADD(hh, file->images, id, sizeof id, image);
    if (image->to) {
        if (text && !image->to->label)
            image->to->label = *text ? as_scan_class(file->gather->scan, text, strlen(text)) : "";
        image->to->seen = true;
        image->to->split = image->to->split ? image->to->split : file->split;
    }
    return true;
}

static bool coco_take_image(coco_file *file, const json_t *element, as_err *err)
{
    const char *name;
    int64_t     id;
    uint32_t    width, height;
    return as_json_get_i64(element, "id", &id, err) && as_json_get_str(element, "file_name", &name, err) &&
           coco_size(element, "width", &width, err) && coco_size(element, "height", &height, err) &&
           coco_add_image(file, id, name, width, height, json_string_value(json_object_get(element, "class")), err);
}

#define COCO_BIT(key)    (1u << AS_COCO_##key)
#define COCO_IMAGE_NEEDS (COCO_BIT(ID) | COCO_BIT(FILE_NAME) | COCO_BIT(WIDTH) | COCO_BIT(HEIGHT))
#define COCO_SAID_NEEDS  (COCO_BIT(IMAGE_ID) | COCO_BIT(CATEGORY_ID))

static bool coco_plain_image(coco_file *file, as_err *err)
{
    const as_coco_plain     *p = &file->plain;
    static const char *const names[2] = {"width", "height"};
    for (int i = 0; i < 2; i++)
        if (p->has >> (AS_COCO_WIDTH + i) & 1 &&
            (p->whole[AS_COCO_WIDTH + i] < 1 || p->whole[AS_COCO_WIDTH + i] >= AS_MASK_MAX_SIDE))
            return AS_FAIL(err, AS_EINVAL, "its %s is %lld", names[i], (long long)p->whole[AS_COCO_WIDTH + i]);
    return coco_add_image(file, p->whole[AS_COCO_ID], p->file_name.s, (uint32_t)p->whole[AS_COCO_WIDTH],
                          (uint32_t)p->whole[AS_COCO_HEIGHT], p->has & COCO_BIT(CLASS) ? p->class_name.s : NULL, err);
}

static bool coco_number(const json_t *list, size_t i, double *ret, as_err *err)
{
    const json_t *value = json_array_get(list, i);
    *ret = json_number_value(value);
    return (json_is_number(value) && isfinite(*ret)) ||
           AS_FAIL(err, AS_EINVAL, "it has a coordinate that is no number");
}

static bool coco_box(const json_t *element, double ret_box[4], as_err *err)
{
    const json_t *box = json_object_get(element, "bbox");
    if (json_array_size(box) != 4)
        return AS_FAIL(err, AS_EINVAL, "its bbox is not [x, y, width, height]");
    for (size_t i = 0; i < 4; i++)
        if (!coco_number(box, i, &ret_box[i], err))
            return false;
    return true;
}

/* What is said of one thing, on the way to its picture. extra is handed on. */
typedef struct coco_said {
    const coco_image *image;
    const char       *label;
    double            score;
    json_t           *extra;
} coco_said;

static bool coco_rings(const json_t *rings, coco_said *said, as_err *err)
{
    AS_VEC(double) points = {0};
    AS_VEC(size_t) ends = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < json_array_size(rings); i++) {
        const json_t *ring = json_array_get(rings, i);
        if (json_array_size(ring) < 6 || json_array_size(ring) % 2)
            ok = AS_FAIL(err, AS_EINVAL, "its segmentation has a polygon of %zu numbers", json_array_size(ring));
        for (size_t k = 0; ok && k < json_array_size(ring); k++) {
            double v;
            ok = coco_number(ring, k, &v, err) && (as_vec_push(&points, v) || AS_FAIL(err, AS_ENOMEM, "no memory"));
        }
        ok = ok && (as_vec_push(&ends, points.n / 2) || AS_FAIL(err, AS_ENOMEM, "not enough memory"));
    }
    if (ok) {
        ok = as_gathered_rings(said->image->to, said->label, points.at, ends.at, ends.n, said->score, said->extra, err);
        said->extra = NULL;
    }
    as_vec_done(&points);
    as_vec_done(&ends);
    return ok;
}

/* {"size": [height, width], "counts": "..." or [runs]} */
static bool coco_mask(const json_t *rle, coco_said *said, as_err *err)
{
    const json_t     *size = json_object_get(rle, "size"), *counts = json_object_get(rle, "counts");
    const coco_image *image = said->image;
    AS_VEC(uint32_t) runs = {0};
    as_mask mask = {0};
    if (json_integer_value(json_array_get(size, 0)) != image->height ||
        json_integer_value(json_array_get(size, 1)) != image->width)
        return AS_FAIL(err, AS_EINVAL, "its run lengths are not of the picture's size");
    bool ok = true;
    for (size_t i = 0; ok && i < json_array_size(counts); i++) {
        json_int_t v = json_integer_value(json_array_get(counts, i));
        ok = v >= 0 && v <= UINT32_MAX ? as_vec_push(&runs, (uint32_t)v) || AS_FAIL(err, AS_ENOMEM, "no memory")
                                       : AS_FAIL(err, AS_EINVAL, "it has a run of %lld pixels", (long long)v);
    }
    if (json_is_string(counts))
        ok = ok && as_mask_from_text(json_string_value(counts), image->width, image->height, &mask, err);
    else
        ok = ok && as_mask_from_runs(runs.at, runs.n, image->width, image->height, &mask, err);
    if (ok) {
        ok = as_gathered_mask(image->to, said->label, &mask, said->score, said->extra, err);
        said->extra = NULL;
    }
    as_mask_done(&mask);
    as_vec_done(&runs);
    return ok;
}

/* What a finding does not hold itself, for the way out. */
static json_t *coco_extra(const json_t *element)
{
    static const char *const known[] = {"image_id", "category_id", "bbox", "segmentation", "score"};
    json_t                  *rest = json_copy((json_t *)(uintptr_t)element);
    for (size_t i = 0; rest && i < AS_COUNT(known); i++)
        json_object_del(rest, known[i]);
    return rest;
}

static bool coco_say(coco_said *said, const json_t *element, as_err *err)
{
    const json_t *segmentation = json_object_get(element, "segmentation");
    as_gathered  *to = said->image->to;
    double        box[4];
    bool          has_box = json_array_size(json_object_get(element, "bbox")) == 4;
    if (!json_is_object(segmentation) && json_array_size(segmentation) == 0) {
        json_t *extra = said->extra;
        if (!coco_box(element, box, err))
            return false;
        said->extra = NULL;
        return as_gathered_box(to, said->label, box, said->score, extra, err);
    }
    if (has_box && !coco_box(element, box, err))
        return false;
    if (!(json_is_object(segmentation) ? coco_mask(segmentation, said, err) : coco_rings(segmentation, said, err)))
        return false;
    if (has_box) /* the file's own bounds, to the last digit */
        memcpy(to->findings.at[to->findings.n - 1].box, box, sizeof box);
    return true;
}

static bool coco_find(const coco_file *file, int64_t image_id, int64_t category_id, coco_image **ret_image,
                      coco_category **ret_category, as_err *err)
{
    coco_image    *image;
    coco_category *category;
    HASH_FIND(hh, file->images, &image_id, sizeof image_id, image);
    HASH_FIND(hh, file->categories, &category_id, sizeof category_id, category);
    if (!image || !category)
        return AS_FAIL(err, AS_EINVAL, "%s %lld is not in the file", image ? "category" : "image",
                       (long long)(image ? category_id : image_id));
    if (!category->label)
        return as_scan_unknown(file->gather->scan, "category", category->name, strlen(category->name), err);
    *ret_image = image;
    *ret_category = category;
    return true;
}

static bool coco_plain_annotation(coco_file *file, as_err *err)
{
    as_coco_plain *p = &file->plain;
    coco_image    *image;
    coco_category *category;
    const double   score = p->has & COCO_BIT(SCORE) ? p->score : NAN;
    const bool     has_box = p->has & COCO_BIT(BBOX), has_rings = p->has & COCO_BIT(SEGMENTATION) && p->ends.n;
    if (!coco_find(file, p->whole[AS_COCO_IMAGE_ID], p->whole[AS_COCO_CATEGORY_ID], &image, &category, err))
        return false;
    if (!image->to)
        return true;
    if (!has_rings && !has_box)
        return AS_FAIL(err, AS_EINVAL, "its bbox is not [x, y, width, height]");
    for (size_t i = 0, at = 0; has_rings && i < p->ends.n; i++) {
        const size_t n = p->ends.at[i] - at;
        if (n < 6 || n % 2)
            return AS_FAIL(err, AS_EINVAL, "its segmentation has a polygon of %zu numbers", n);
        at = p->ends.at[i];
        p->ends.at[i] /= 2;
    }
    char *extra = p->extra.len > 2 ? strdup(p->extra.s) : NULL;
    if (p->extra.len > 2 && !extra)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    if (!has_rings)
        return as_gathered_box_text(image->to, category->label, p->box, score, extra, err);
    if (!as_gathered_rings_text(image->to, category->label, p->points.at, p->ends.at, p->ends.n, score, extra, err))
        return false;
    if (has_box)
        memcpy(image->to->findings.at[image->to->findings.n - 1].box, p->box, sizeof p->box);
    return true;
}

static bool coco_take_annotation(coco_file *file, const json_t *element, as_err *err)
{
    coco_image    *image;
    coco_category *category;
    const json_t  *score = json_object_get(element, "score");
    int64_t        image_id, category_id;
    if (!as_json_get_i64(element, "image_id", &image_id, err) ||
        !as_json_get_i64(element, "category_id", &category_id, err) ||
        !coco_find(file, image_id, category_id, &image, &category, err))
        return false;
    if (!image->to)
        return true;
    coco_said said = {.image = image,
                      .label = category->label,
                      .score = json_is_number(score) ? json_number_value(score) : NAN,
                      .extra = coco_extra(element)};
    bool      ok = said.extra ? coco_say(&said, element, err) : AS_FAIL(err, AS_ENOMEM, "not enough memory");
    json_decref(said.extra);
    return ok;
}

static const coco_taker coco_takers[] = {
    {.which = COCO_CATEGORIES, .tree = coco_take_category},
    {.which = COCO_IMAGES,
     .needs = COCO_IMAGE_NEEDS,
     .kept = COCO_IMAGE_NEEDS | COCO_BIT(CLASS),
     .plain = coco_plain_image,
     .tree = coco_take_image},
    {.which = COCO_ANNOTATIONS,
     .needs = COCO_SAID_NEEDS,
     .kept = COCO_SAID_NEEDS | COCO_BIT(BBOX) | COCO_BIT(SEGMENTATION) | COCO_BIT(SCORE),
     .plain = coco_plain_annotation,
     .tree = coco_take_annotation},
};

static void coco_done(coco_file *file)
{
    as_coco_plain_done(&file->plain);
    coco_category *category, *next_category;
    coco_image    *image, *next_image;
    HASH_ITER (hh, file->categories, category, next_category) {
        HASH_DEL(file->categories, category);
        free(category->name);
        free(category);
    }
    HASH_ITER (hh, file->images, image, next_image) {
        HASH_DEL(file->images, image);
        free(image);
    }
}

static bool coco_is_json(const as_fs_entry *entry)
{
    return entry->kind == AS_FS_FILE && as_str_ends(entry->relative, ".json") && entry->relative[0] != '.';
}

static bool coco_read_file(as_gather *gather, const as_fs_entry *entry, bool *ret_is, as_err *err)
{
    coco_file file = {.gather = gather, .relative = entry->relative, .split = as_gather_split_named(entry->relative)};
    uint8_t  *bytes;
    size_t    n;
    if (!as_fs_read(entry->path, AS_GATHER_MAX_BYTES, &bytes, &n, err))
        return false;
    bool ok = true;
    as_coco_plain_init(&file.plain);
    *ret_is = coco_find_arrays((const char *)bytes, n, &file);
    if (*ret_is)
        for (size_t i = 0; ok && i < AS_COUNT(coco_takers); i++)
            ok = coco_each(&file, &coco_takers[i], err);
    coco_done(&file);
    free(bytes);
    return ok;
}

static bool coco_read(as_scan *scan, as_err *err)
{
    as_gather gather;
    bool      any = false, is = false, ok = as_gather_init(&gather, scan, err);
    if (!ok)
        return false;
    for (size_t i = 0; ok && i < scan->entries.n; i++) {
        const as_fs_entry *entry = &scan->entries.at[i];
        if (!coco_is_json(entry))
            continue;
        ok = coco_read_file(&gather, entry, &is, err);
        if (ok && !is)
            as_scan_tell(scan, AS_CHECK_OK, entry->relative, "is no COCO file: left alone");
        any = any || is;
    }
    if (ok && !any)
        ok = AS_FAIL(err, AS_ENOTFOUND, "no COCO file (.json with images, annotations and categories) in '%s'",
                     scan->cfg->folder);
    ok = ok && as_gather_put(&gather, err);
    as_gather_done(&gather);
    return ok;
}

static int coco_recognise(const as_scan *scan, char *why)
{
    for (size_t i = 0; i < scan->entries.n; i++) {
        coco_file file = {0};
        uint8_t  *bytes;
        size_t    n;
        as_err    err = AS_ERR_NONE;
        if (!coco_is_json(&scan->entries.at[i]) ||
            !as_fs_read(scan->entries.at[i].path, AS_GATHER_MAX_BYTES, &bytes, &n, &err))
            continue;
        bool is = coco_find_arrays((const char *)bytes, n, &file);
        free(bytes);
        if (!is)
            continue;
        snprintf(why, AS_FORMAT_WHY_BYTES, "'%.100s' has images and categories", scan->entries.at[i].relative);
        return 90;
    }
    return 0;
}

/* One file a split, pictures beside it, as Roboflow and others lay them out. */
typedef struct coco_writer {
    const as_export *out;
    as_split         split;
    as_str           text, images, annotations;
    const char      *labels[AS_SPEC_MAX_CLASSES];
    size_t           n_labels;
    uint64_t         n_images, n_annotations;
} coco_writer;

static bool coco_category_of(coco_writer *w, const char *label, size_t *ret, as_err *err)
{
    for (size_t i = 0; i < w->n_labels; i++) {
        if (strcmp(w->labels[i], label) == 0) {
            *ret = i + 1;
            return true;
        }
    }
    if (w->n_labels == AS_SPEC_MAX_CLASSES)
        return AS_FAIL(err, AS_ELIMIT, "more than %d classes", AS_SPEC_MAX_CLASSES);
    w->labels[w->n_labels++] = label;
    *ret = w->n_labels;
    return true;
}

/* Of the file it came from where it said so; else the box's, the rings' (shoelace formula) or the mask's. */
static bool coco_area(const as_sample *s, const as_finding *f, const json_t *extra, double *ret, as_err *err)
{
    const json_t *said = json_object_get(extra, "area");
    double       *points, area = 0;
    size_t       *ends, n_rings;
    as_mask       mask;
    *ret = json_is_number(said) ? json_number_value(said) : f->box[2] * f->box[3];
    if (json_is_number(said) || f->outline == AS_OUTLINE_BOX)
        return true;
    if (f->outline == AS_OUTLINE_MASK) {
        if (!as_mask_from_text(f->geometry, s->width, s->height, &mask, err))
            return false;
        *ret = (double)as_mask_area(&mask);
        as_mask_done(&mask);
        return true;
    }
    if (!as_finding_rings(f->geometry, &points, &ends, &n_rings, err))
        return false;
    for (size_t i = 0, from = 0; i < n_rings; from = ends[i++]) {
        double twice = 0;
        for (size_t k = from, before = ends[i] - 1; k < ends[i]; before = k++)
            twice += points[2 * before] * points[2 * k + 1] - points[2 * k] * points[2 * before + 1];
        area += fabs(twice) / 2;
    }
    *ret = area;
    free(points);
    free(ends);
    return true;
}

static void coco_add_geometry(coco_writer *w, const as_sample *s, const as_finding *f)
{
    as_str_add(&w->annotations, ",\"segmentation\":");
    if (f->outline == AS_OUTLINE_MASK) {
        as_text_add_int(&w->annotations, "{\"size\":[", s->height);
        as_text_add_int(&w->annotations, ",", s->width);
        as_text_add_string(&w->annotations, "],\"counts\":\"", f->geometry);
        as_str_add(&w->annotations, "}");
    } else {
        as_str_add(&w->annotations, f->outline == AS_OUTLINE_POLYGON ? f->geometry : "[]");
    }
}

/* What else was said: its own number is given anew. */
static void coco_add_extra(coco_writer *w, const as_finding *f, const json_t *extra)
{
    const char *key;
    json_t     *value;
    if (!json_object_get(extra, "iscrowd"))
        as_str_add(&w->annotations, f->outline == AS_OUTLINE_MASK ? ",\"iscrowd\":1" : ",\"iscrowd\":0");
    json_object_foreach ((json_t *)(uintptr_t)extra, key, value) {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        if (text && strcmp(key, "id") != 0 && strcmp(key, "area") != 0) {
            as_text_add_string(&w->annotations, ",\"", key);
            as_str_addf(&w->annotations, ":%s", text);
        }
        free(text);
    }
}

static bool coco_add_finding(coco_writer *w, const as_sample *s, const as_finding *f, as_err *err)
{
    size_t  category;
    double  area;
    json_t *extra = *f->extra ? json_loads(f->extra, 0, NULL) : NULL;
    bool    ok = coco_category_of(w, f->label, &category, err) && coco_area(s, f, extra, &area, err);
    if (ok) {
        as_text_add_int(&w->annotations,
                        w->n_annotations ? ",\n{\"id\":" : "\n{\"id\":", (int64_t)w->n_annotations + 1);
        w->n_annotations++;
        as_text_add_int(&w->annotations, ",\"image_id\":", (int64_t)w->n_images);
        as_text_add_int(&w->annotations, ",\"category_id\":", (int64_t)category);
        as_text_add_real(&w->annotations, ",\"bbox\":[", f->box[0]);
        for (int i = 1; i < 4; i++)
            as_text_add_real(&w->annotations, ",", f->box[i]);
        as_str_add(&w->annotations, "]");
        coco_add_geometry(w, s, f);
        as_text_add_real(&w->annotations, ",\"area\":", area);
        as_text_add_real(&w->annotations, ",\"score\":", f->score);
        coco_add_extra(w, f, extra);
        as_str_add(&w->annotations, "}");
    }
    json_decref(extra);
    return ok;
}

static bool coco_add_sample(coco_writer *w, size_t i, as_err *err)
{
    const as_sample *s = as_manifest_at(w->out->manifest, i);
    char            *relative = as_strdupf("%s/%s", s->split ? as_split_name(s->split) : "unsplit", s->name);
    if (!relative)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    bool ok = w->out->put_picture(w->out, i, relative, err);
    free(relative);
    as_text_add_int(&w->images, w->n_images ? ",\n{\"id\":" : "\n{\"id\":", (int64_t)w->n_images + 1);
    w->n_images++;
    as_text_add_string(&w->images, ",\"file_name\":\"", s->name);
    as_text_add_int(&w->images, ",\"width\":", s->width);
    as_text_add_int(&w->images, ",\"height\":", s->height);
    as_text_add_string(&w->images, ",\"class\":\"", s->label);
    as_str_add(&w->images, "}");
    for (size_t k = 0; ok && k < s->n_findings; k++)
        ok = coco_add_finding(w, s, &s->findings[k], err);
    return ok;
}

static bool coco_finish(coco_writer *w, as_err *err)
{
    char path[AS_FS_PATH_BYTES], name[64];
    snprintf(name, sizeof name, "%s/_annotations.coco.json", w->split ? as_split_name(w->split) : "unsplit");
    as_str_add(&w->text, "{\"info\":{\"description\":\"written by assay\"},\"licenses\":[],\n\"categories\":[");
    for (size_t i = 0; i < w->n_labels; i++) {
        as_text_add_int(&w->text, i ? ",\n{\"id\":" : "\n{\"id\":", (int64_t)i + 1);
        as_text_add_string(&w->text, ",\"name\":\"", w->labels[i]);
        as_str_add(&w->text, "}");
    }
    as_str_add(&w->text, "],\n\"images\":[");
    as_str_add_bytes(&w->text, w->images.s, w->images.len);
    as_str_add(&w->text, "],\n\"annotations\":[");
    as_str_add_bytes(&w->text, w->annotations.s, w->annotations.len);
    as_str_add(&w->text, "]}\n");
    if (!as_str_ok(&w->text) || !as_str_ok(&w->images) || !as_str_ok(&w->annotations))
        return AS_FAIL(err, AS_ENOMEM, "not enough memory for '%s'", name);
    return as_fs_join(path, w->out->dir, name, err) && as_fs_write(path, w->text.s, w->text.len, err);
}

static bool coco_write(const as_export *out, as_err *err)
{
    size_t n = as_manifest_count(out->manifest), done = 0;
    bool   ok = true;
    for (as_split split = AS_SPLIT_NONE; ok && split < AS_SPLIT_COUNT; split++) {
        coco_writer w = {.out = out, .split = split};
        as_str_init(&w.text);
        as_str_init(&w.images);
        as_str_init(&w.annotations);
        for (size_t i = 0; ok && i < n; i++) {
            if (as_manifest_at(out->manifest, i)->split != split)
                continue;
            ok = as_progress_go_on(out->progress, err) && coco_add_sample(&w, i, err);
            as_progress_step(out->progress, "writing", ++done, n);
        }
        ok = ok && (w.n_images == 0 || coco_finish(&w, err));
        as_str_done(&w.text);
        as_str_done(&w.images);
        as_str_done(&w.annotations);
    }
    return ok;
}

const as_format as_format_coco = {.name = "coco",
                                  .summary = "COCO JSON: boxes, polygons and run lengths, one file a split",
                                  .recognise = coco_recognise,
                                  .read = coco_read,
                                  .write = coco_write};
