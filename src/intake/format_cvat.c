/* SPDX-License-Identifier: Apache-2.0 */
/* CVAT for images 1.1: one XML file with an element a picture, and in it boxes, polygons, masks and tags; and CVAT for video
 * 1.1, with an element a thing and in it where it is in each frame (docs.cvat.ai, "XML annotation format"). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/text.h"
#include "base/xml.h"
#include "intake/gather.h"
#include "intake/lay.h"

#define CVAT_PI 3.14159265358979323846

/* A video's frames are pictures with the number at the end of their name: frame_000012.png. */
typedef struct cvat_frame {
    uint64_t     number;
    as_gathered *to;
} cvat_frame;

typedef struct cvat_file {
    as_gather         *gather;
    const char        *relative;
    const as_xml      *doc;
    const as_xml_node *image; /* NULL: a frame */
    as_gathered       *to;
    uint64_t           n_left;   /* shapes that findings cannot hold */
    uint64_t           n_frames; /* of which there is no picture */
    AS_VEC(cvat_frame) frames;
} cvat_file;

static bool cvat_is_xml(const as_fs_entry *entry)
{
    return entry->kind == AS_FS_FILE && as_str_ends(entry->relative, ".xml") && entry->relative[0] != '.';
}

/* NULL without an error: it is another kind of XML. */
static as_xml *cvat_load(const as_fs_entry *entry, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    if (!as_fs_read(entry->path, AS_GATHER_MAX_BYTES, &bytes, &n, err))
        return NULL;
    as_xml *doc = as_xml_parse(bytes, n, entry->relative, err);
    free(bytes);
    bool is = doc && strcmp(as_xml_root(doc)->name, "annotations") == 0 &&
              (as_xml_get(as_xml_root(doc), "image") || as_xml_get(as_xml_root(doc), "track"));
    return doc && !is ? as_xml_free(doc) : doc;
}

static bool cvat_label(cvat_file *file, const as_xml_node *node, const char **ret, as_err *err)
{
    const char *name = as_xml_attribute(node, "label");
    if (!name)
        return as_xml_fail(file->doc, node, err, "'%.40s' has no label", node->name);
    *ret = as_scan_class(file->gather->scan, name, strlen(name));
    return *ret || as_scan_unknown(file->gather->scan, "label", name, strlen(name), err);
}

/* Attributes that are no geometry, and the <attribute>s within. */
static json_t *cvat_extra(const as_xml_node *node)
{
    static const char *const known[] = {"label", "xtl",   "ytl",    "xbr",      "ybr",   "points",  "rle",     "left",
                                        "top",   "width", "height", "rotation", "frame", "outside", "keyframe"};
    json_t                  *extra = json_object(), *inner = json_object();
    for (size_t i = 0; node->attributes[i]; i += 2) {
        bool is_known = false;
        for (size_t k = 0; k < AS_COUNT(known) && !is_known; k++)
            is_known = strcmp(known[k], node->attributes[i]) == 0;
        if (!is_known)
            as_json_set(extra, node->attributes[i], json_string(node->attributes[i + 1]));
    }
    for (const as_xml_node *a = as_xml_get(node, "attribute"); a; a = as_xml_again(a))
        if (as_xml_attribute(a, "name"))
            as_json_set(inner, as_xml_attribute(a, "name"), json_string(a->text));
    if (json_object_size(inner))
        as_json_set(extra, "attributes", inner);
    else
        json_decref(inner);
    return extra;
}

static bool cvat_box(cvat_file *file, const as_xml_node *node, const char *label, as_err *err)
{
    static const char *const sides[] = {"xtl", "ytl", "xbr", "ybr"};
    double                   v[4], turn = 0;
    for (size_t i = 0; i < 4; i++)
        if (!as_xml_attribute_f64(file->doc, node, sides[i], &v[i], err))
            return false;
    if (as_xml_attribute(node, "rotation") && !as_xml_attribute_f64(file->doc, node, "rotation", &turn, err))
        return false;
    double box[4] = {v[0], v[1], as_gather_px(v[2] - v[0]), as_gather_px(v[3] - v[1])}, points[8];
    if (box[2] < 0 || box[3] < 0)
        return as_xml_fail(file->doc, node, err, "the box ends before it begins");
    if (turn == 0)
        return as_gathered_box(file->to, label, box, NAN, cvat_extra(node), err);
    /* Turned clockwise about its middle: a polygon of its corners. */
    double c = cos(turn * CVAT_PI / 180), s = sin(turn * CVAT_PI / 180);
    for (size_t i = 0; i < 4; i++) {
        double dx = (i == 1 || i == 2 ? box[2] : -box[2]) / 2, dy = (i >= 2 ? box[3] : -box[3]) / 2;
        points[2 * i] = as_gather_px((v[0] + v[2]) / 2 + dx * c - dy * s);
        points[2 * i + 1] = as_gather_px((v[1] + v[3]) / 2 + dx * s + dy * c);
    }
    return as_gathered_rings(file->to, label, points, (size_t[]){4}, 1, NAN, cvat_extra(node), err);
}

/* Numbers with one of `between` between each two, up to the end. False, and told, for anything else. */
static bool cvat_numbers(cvat_file *file, const as_xml_node *node, const char *name, const char *between, double **ret,
                         size_t *ret_n, as_err *err)
{
    const char *text = as_xml_attribute(node, name);
    AS_VEC(double) list = {0};
    bool ok = text != NULL;
    while (ok && *text) {
        char  *end;
        double v = strtod(text, &end);
        ok = end != text && isfinite(v) && as_vec_push(&list, v);
        text = end + strspn(end, between);
        ok = ok && (text != end || !*text);
    }
    *ret = list.at;
    *ret_n = list.n;
    if (ok)
        return true;
    as_vec_done(&list);
    return as_xml_fail(file->doc, node, err, "'%.40s' has no list of numbers in its %s", node->name, name);
}

static bool cvat_polygon(cvat_file *file, const as_xml_node *node, const char *label, as_err *err)
{
    double *points;
    size_t  n;
    if (!cvat_numbers(file, node, "points", ",; ", &points, &n, err))
        return false;
    bool ok = n >= 6 && n % 2 == 0
                  ? as_gathered_rings(file->to, label, points, (size_t[]){n / 2}, 1, NAN, cvat_extra(node), err)
                  : as_xml_fail(file->doc, node, err, "a polygon of %zu numbers", n);
    free(points);
    return ok;
}

/* Runs along the rows of a rectangle, first the pixels outside. */
static bool cvat_fill(const double *runs, size_t n, const uint32_t at[4], uint32_t width, uint8_t *inside)
{
    uint64_t room = (uint64_t)at[2] * at[3], done = 0;
    for (size_t i = 0; i < n; i++) {
        if (runs[i] < 0 || runs[i] != floor(runs[i]) || runs[i] > (double)(room - done))
            return false;
        for (uint64_t end = done + (uint64_t)runs[i]; done < end; done++)
            inside[(at[1] + done / at[2]) * width + at[0] + done % at[2]] = i % 2;
    }
    return done == room;
}

/* Of the picture, as the file says it, or as it is. */
static bool cvat_size(cvat_file *file, double *ret_width, double *ret_height, as_err *err)
{
    uint32_t width, height;
    if (file->image)
        return as_xml_attribute_f64(file->doc, file->image, "width", ret_width, err) &&
               as_xml_attribute_f64(file->doc, file->image, "height", ret_height, err);
    if (!as_scan_size(file->gather->scan, file->to->entry, &width, &height))
        return AS_FAIL(err, AS_EFORMAT, "'%.200s' has no size", file->to->entry->relative);
    *ret_width = width;
    *ret_height = height;
    return true;
}

static bool cvat_mask(cvat_file *file, const as_xml_node *node, const char *label, as_err *err)
{
    static const char *const names[] = {"left", "top", "width", "height"};
    double                   v[4], width, height, *runs;
    uint32_t                 at[4];
    size_t                   n;
    as_mask                  mask;
    if (!cvat_size(file, &width, &height, err))
        return false;
    for (size_t i = 0; i < 4; i++) {
        if (!as_xml_attribute_f64(file->doc, node, names[i], &v[i], err))
            return false;
        if (v[i] < 0 || v[i] > AS_IMAGE_MAX_SIDE || v[i] != floor(v[i]))
            return as_xml_fail(file->doc, node, err, "a mask whose %s is %g", names[i], v[i]);
        at[i] = (uint32_t)v[i];
    }
    if (!(width >= 1 && height >= 1 && width <= AS_IMAGE_MAX_SIDE && height <= AS_IMAGE_MAX_SIDE) ||
        width * height > AS_IMAGE_MAX_PIXELS || v[0] + v[2] > width || v[1] + v[3] > height)
        return as_xml_fail(file->doc, node, err, "the mask lies outside of its picture of %g x %g", width, height);
    if (!cvat_numbers(file, node, "rle", ", ", &runs, &n, err))
        return false;
    uint8_t *inside = calloc((size_t)height, (size_t)width);
    bool     ok = inside
                      ? cvat_fill(runs, n, at, (uint32_t)width, inside) ||
                        as_xml_fail(file->doc, node, err, "the runs of the mask do not fill its %u x %u", at[2], at[3])
                      : AS_FAIL(err, AS_ENOMEM, "not enough memory for a mask");
    free(runs);
    ok = ok && as_mask_from_pixels(inside, (size_t)width, (uint32_t)width, (uint32_t)height, 1, &mask, err);
    free(inside);
    if (!ok)
        return false;
    ok = as_gathered_mask(file->to, label, &mask, NAN, cvat_extra(node), err);
    as_mask_done(&mask);
    return ok;
}

static bool cvat_tag(cvat_file *file, const as_xml_node *node, const char *label, as_err *err)
{
    if (file->to->label && strcmp(file->to->label, label) != 0)
        return as_xml_fail(file->doc, node, err, "a second tag of one picture: '%s' beside '%s'", label,
                           file->to->label);
    file->to->label = label;
    return true;
}

/* label: of its track; NULL: its own. */
static bool cvat_shape(cvat_file *file, const as_xml_node *node, const char *label, as_err *err)
{
    static const struct {
        const char *name;
        bool (*take)(cvat_file *, const as_xml_node *, const char *, as_err *);
    } shapes[] = {{"box", cvat_box}, {"polygon", cvat_polygon}, {"mask", cvat_mask}, {"tag", cvat_tag}};
    for (size_t i = 0; i < AS_COUNT(shapes); i++)
        if (strcmp(shapes[i].name, node->name) == 0)
            return (label || cvat_label(file, node, &label, err)) && shapes[i].take(file, node, label, err);
    file->n_left++;
    return true;
}

static int cvat_compare_frames(const void *a, const void *b)
{
    const cvat_frame *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

/* The pictures beside the file and below, by their numbers. They are one part: frames of one video must not be parted. */
static bool cvat_find_frames(cvat_file *file, as_err *err)
{
    const as_scan *scan = file->gather->scan;
    const char    *slash = strrchr(file->relative, '/');
    size_t         n_folder = slash ? (size_t)(slash - file->relative) + 1 : 0;
    char          *name = as_strdupf("%s%.*s", scan->prefix, (int)as_gather_stem(file->relative), file->relative);
    const char    *part = name ? as_scan_keep(file->gather->scan, name) : NULL;
    free(name);
    for (size_t i = 0; part && i < scan->entries.n; i++) {
        const char *relative = scan->entries.at[i].relative, *end = relative + as_gather_stem(relative), *digits = end;
        char        text[20];
        cvat_frame  frame = {.to = &file->gather->at[i]};
        while (digits > relative && digits[-1] >= '0' && digits[-1] <= '9')
            digits--;
        if (!as_scan_is_picture(relative) || strncmp(relative, file->relative, n_folder) != 0 || digits == end ||
            (size_t)(end - digits) >= sizeof text)
            continue;
        memcpy(text, digits, (size_t)(end - digits));
        text[end - digits] = '\0';
        frame.to->part = part;
        frame.to->seen = true;
        if (!as_str_to_u64(text, &frame.number) || !as_vec_push(&file->frames, frame))
            return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    }
    if (file->frames.n)
        qsort(file->frames.at, file->frames.n, sizeof *file->frames.at, cvat_compare_frames);
    for (size_t i = 1; i < file->frames.n; i++)
        if (file->frames.at[i].number == file->frames.at[i - 1].number)
            return AS_FAIL(err, AS_EINVAL,
                           "'%.200s' has tracks of a video, and two pictures could be its frame %llu: '%.200s' and "
                           "'%.200s'; give each video a folder of its own",
                           file->relative, (unsigned long long)file->frames.at[i].number,
                           file->frames.at[i - 1].to->entry->relative, file->frames.at[i].to->entry->relative);
    return part || AS_FAIL(err, AS_ENOMEM, "not enough memory");
}

static bool cvat_track_shape(cvat_file *file, const as_xml_node *node, const char *label, as_err *err)
{
    const char *outside = as_xml_attribute(node, "outside");
    double      number;
    if (!as_xml_attribute_f64(file->doc, node, "frame", &number, err))
        return false;
    if (!(number >= 0 && number < 1e15))
        return as_xml_fail(file->doc, node, err, "its frame is %g", number);
    if (outside && strcmp(outside, "1") == 0) /* not to be seen */
        return true;
    cvat_frame  key = {.number = (uint64_t)number};
    cvat_frame *frame =
        file->frames.n ? bsearch(&key, file->frames.at, file->frames.n, sizeof key, cvat_compare_frames) : NULL;
    if (!frame) {
        file->n_frames++;
        return true;
    }
    file->to = frame->to;
    return cvat_shape(file, node, label, err);
}

/* A thing through the frames of a video. CVAT writes its place in each frame, also between those that a person drew. */
static bool cvat_tracks(cvat_file *file, as_err *err)
{
    const as_xml_node *track = as_xml_get(as_xml_root(file->doc), "track");
    const char        *label;
    file->image = NULL;
    if (track && !cvat_find_frames(file, err))
        return false;
    for (; track; track = as_xml_again(track)) {
        if (!cvat_label(file, track, &label, err))
            return false;
        for (const as_xml_node *node = track->first; node; node = node->next)
            if (!cvat_track_shape(file, node, label, err))
                return false;
    }
    return true;
}

static bool cvat_image(cvat_file *file, const char *relative, as_err *err)
{
    const char *name = as_xml_attribute(file->image, "name"), *subset = as_xml_attribute(file->image, "subset");
    if (!name)
        return as_xml_fail(file->doc, file->image, err, "an image has no name");
    file->to = as_gather_find(file->gather, relative, name);
    if (!file->to)
        return true;
    if (file->to->seen)
        return as_xml_fail(file->doc, file->image, err, "image '%.200s' is there twice", name);
    file->to->seen = true;
    file->to->split = subset ? as_import_split_of(subset, strlen(subset)) : AS_SPLIT_NONE;
    if (!file->to->split && !subset)
        file->to->split = as_gather_split_of(file->to->entry->relative);
    for (const as_xml_node *node = file->image->first; node; node = node->next)
        if (!cvat_shape(file, node, NULL, err))
            return false;
    return true;
}

static bool cvat_read_file(as_gather *gather, const as_fs_entry *entry, bool *ret_is, as_err *err)
{
    as_err  why = AS_ERR_NONE;
    as_xml *doc = cvat_load(entry, &why);
    *ret_is = doc != NULL;
    if (!doc)
        return why.code == AS_OK || as_err_set(err, why.code, "%s", why.text);
    cvat_file file = {.gather = gather, .relative = entry->relative, .doc = doc};
    bool      ok = true;
    for (file.image = as_xml_get(as_xml_root(doc), "image"); ok && file.image; file.image = as_xml_again(file.image))
        ok = cvat_image(&file, entry->relative, err);
    ok = ok && cvat_tracks(&file, err);
    if (ok && file.n_left) {
        char text[120];
        snprintf(text, sizeof text, "has %llu shapes that are no box, polygon, mask or tag: left alone",
                 (unsigned long long)file.n_left);
        as_scan_tell(gather->scan, AS_CHECK_WARN, entry->relative, text);
    }
    if (ok && file.n_frames) {
        char text[160];
        snprintf(text, sizeof text, "speaks of %llu places in frames of which there is no picture: left out",
                 (unsigned long long)file.n_frames);
        as_scan_tell(gather->scan, AS_CHECK_WARN, entry->relative, text);
    }
    as_vec_done(&file.frames);
    as_xml_free(doc);
    return ok;
}

static bool cvat_read(as_scan *scan, as_err *err)
{
    as_gather gather;
    bool      ok = true, any = false, is;
    if (!as_gather_init(&gather, scan, err))
        return false;
    for (size_t i = 0; ok && i < scan->entries.n; i++) {
        if (!cvat_is_xml(&scan->entries.at[i]))
            continue;
        ok = cvat_read_file(&gather, &scan->entries.at[i], &is, err);
        if (ok && !is)
            as_scan_tell(scan, AS_CHECK_OK, scan->entries.at[i].relative, "is no CVAT file: left alone");
        any = any || is;
    }
    if (ok && !any)
        ok = AS_FAIL(err, AS_ENOTFOUND, "no CVAT file (.xml with annotations of images or tracks) in '%s'",
                     scan->cfg->folder);
    ok = ok && as_gather_put(&gather, err);
    as_gather_done(&gather);
    return ok;
}

static int cvat_recognise(const as_scan *scan, char *why)
{
    for (size_t i = 0; i < scan->entries.n; i++) {
        as_err err = AS_ERR_NONE;
        if (!cvat_is_xml(&scan->entries.at[i]))
            continue;
        as_xml *doc = cvat_load(&scan->entries.at[i], &err);
        if (!doc)
            continue;
        as_xml_free(doc);
        snprintf(why, AS_FORMAT_WHY_BYTES, "'%.100s' has annotations of images", scan->entries.at[i].relative);
        return 87;
    }
    return 0;
}

/* Closes the tag that was begun: what else was said, as attributes and elements. */
static void cvat_add_extra(as_str *text, const char *tag, const as_finding *f)
{
    const char *key;
    json_t     *value, *extra = *f->extra ? json_loads(f->extra, 0, NULL) : NULL;
    json_object_foreach (extra, key, value)
        if (json_is_string(value) && !key[strcspn(key, " <>&\"'=/")] && *key) {
            as_str_addf(text, " %s=\"", key);
            as_xml_add(text, json_string_value(value));
            as_str_add(text, "\"");
        }
    as_str_add(text, json_object_get(extra, "occluded") ? ">" : " occluded=\"0\">");
    json_object_foreach (json_object_get(extra, "attributes"), key, value) {
        as_str_add(text, "<attribute name=\"");
        as_xml_add(text, key);
        as_str_add(text, "\">");
        as_xml_add(text, json_is_string(value) ? json_string_value(value) : "");
        as_str_add(text, "</attribute>");
    }
    as_str_addf(text, "</%s>\n", tag);
    json_decref(extra);
}

static bool cvat_add_mask(as_str *text, const as_sample *s, const as_finding *f, as_err *err)
{
    as_mask  mask;
    uint32_t left = (uint32_t)f->box[0], top = (uint32_t)f->box[1];
    double   box[4];
    if (!as_mask_from_text(f->geometry, s->width, s->height, &mask, err))
        return false;
    as_mask_bounds(&mask, box);
    left = (uint32_t)box[0];
    top = (uint32_t)box[1];
    uint32_t width = (uint32_t)box[2], height = (uint32_t)box[3], run = 0;
    uint8_t *inside = malloc((size_t)s->width * s->height), last = 0;
    if (inside)
        as_mask_to_pixels(&mask, inside, s->width);
    as_mask_done(&mask);
    as_str_add(text, " rle=\"");
    const char *comma = "";
    for (uint64_t i = 0; inside && i < (uint64_t)width * height; i++) {
        uint8_t v = inside[(top + i / width) * s->width + left + i % width];
        if (v != last) {
            as_str_addf(text, "%s%u", comma, run);
            comma = ", ";
            run = 0;
            last = v;
        }
        run++;
    }
    if (run)
        as_str_addf(text, "%s%u", comma, run);
    as_str_addf(text, "\" left=\"%u\" top=\"%u\" width=\"%u\" height=\"%u\"", left, top, width, height);
    bool ok = inside != NULL;
    free(inside);
    return ok || AS_FAIL(err, AS_ENOMEM, "not enough memory for a mask");
}

static bool cvat_add_polygon(as_str *text, const as_finding *f, as_err *err)
{
    double *points;
    size_t  n;
    if (!as_lay_ring(f, &points, &n, err))
        return false;
    as_str_add(text, " points=\"");
    for (size_t i = 0; i < n; i++) {
        as_text_add_real(text, i ? ";" : "", points[2 * i]);
        as_text_add_real(text, ",", points[2 * i + 1]);
    }
    as_str_add(text, "\"");
    free(points);
    return true;
}

static bool cvat_add_finding(as_str *text, const as_sample *s, const as_finding *f, as_err *err)
{
    const char *tag = as_outline_name(f->outline);
    bool        ok = true;
    as_str_addf(text, "    <%s label=\"", tag);
    as_xml_add(text, f->label);
    as_str_add(text, "\"");
    if (f->outline == AS_OUTLINE_MASK) {
        ok = cvat_add_mask(text, s, f, err);
    } else if (f->outline == AS_OUTLINE_POLYGON) {
        ok = cvat_add_polygon(text, f, err);
    } else {
        as_text_add_real(text, " xtl=\"", f->box[0]);
        as_text_add_real(text, "\" ytl=\"", f->box[1]);
        as_text_add_real(text, "\" xbr=\"", f->box[0] + f->box[2]);
        as_text_add_real(text, "\" ybr=\"", f->box[1] + f->box[3]);
        as_str_add(text, "\"");
    }
    cvat_add_extra(text, tag, f);
    return ok;
}

static bool cvat_lay(void *ctx, const as_export *out, size_t i, as_err *err)
{
    as_str          *text = ctx;
    const as_sample *s = as_manifest_at(out->manifest, i);
    char            *name;
    if (!as_lay_picture(out, i, "images", NULL, NULL, &name, err))
        return false;
    as_str_addf(text, "  <image id=\"%zu\" name=\"", i);
    as_xml_add(text, name);
    as_str_add(text, "\"");
    if (s->split)
        as_str_addf(text, " subset=\"%s\"", as_split_name(s->split));
    as_str_addf(text, " width=\"%u\" height=\"%u\">\n", s->width, s->height);
    if (*s->label) {
        as_str_add(text, "    <tag label=\"");
        as_xml_add(text, s->label);
        as_str_add(text, "\"></tag>\n");
    }
    bool ok = true;
    for (size_t k = 0; ok && k < s->n_findings; k++)
        ok = cvat_add_finding(text, s, &s->findings[k], err);
    as_str_add(text, "  </image>\n");
    free(name);
    return ok;
}

static bool cvat_write(const as_export *out, as_err *err)
{
    as_str text;
    as_str_init(&text);
    as_str_add(&text, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotations>\n  <version>1.1</version>\n");
    bool ok = as_lay_each(out, &text, cvat_lay, err);
    as_str_add(&text, "</annotations>\n");
    if (ok && !as_str_ok(&text))
        ok = AS_FAIL(err, AS_ENOMEM, "not enough memory");
    ok = ok && as_lay_file(out, "annotations.xml", text.s, text.len, err);
    as_str_done(&text);
    return ok;
}

const as_format as_format_cvat = {
    .name = "cvat",
    .summary = "CVAT for images and video 1.1: boxes, polygons, masks, tags and tracks in one XML file",
    .recognise = cvat_recognise,
    .read = cvat_read,
    .write = cvat_write};
