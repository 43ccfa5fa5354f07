/* SPDX-License-Identifier: Apache-2.0 */
/* Pascal VOC: Annotations/x.xml for JPEGImages/x.jpg, boxes from pixel 1 to the last one in it; ImageSets/Main/train.txt and
 * its like name the splits (host.robots.ox.ac.uk/pascal/VOC, development kit, "Annotation format"). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/text.h"
#include "base/xml.h"
#include "intake/gather.h"
#include "intake/lay.h"

#define VOC_MAX_BYTES ((size_t)64 << 20)
#define VOC_MAX_DEPTH 8 /* of what is kept beside name and box */

static bool voc_is_xml(const as_fs_entry *entry)
{
    return entry->kind == AS_FS_FILE && as_str_ends(entry->relative, ".xml") && entry->relative[0] != '.';
}

/* NULL without an error: it is another kind of XML. */
static as_xml *voc_load(const as_fs_entry *entry, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    if (!as_fs_read(entry->path, VOC_MAX_BYTES, &bytes, &n, err))
        return NULL;
    as_xml *doc = as_xml_parse(bytes, n, entry->relative, err);
    free(bytes);
    return doc && strcmp(as_xml_root(doc)->name, "annotation") != 0 ? as_xml_free(doc) : doc;
}

/* What an object says beside name and box: texts, objects of texts, and lists where a name comes twice. */
static json_t *voc_extra(const as_xml_node *object, int depth)
{
    json_t *extra = json_object();
    for (const as_xml_node *node = object->first; node && depth < VOC_MAX_DEPTH; node = node->next) {
        if (depth == 0 && (strcmp(node->name, "name") == 0 || strcmp(node->name, "bndbox") == 0 ||
                           strcmp(node->name, "polygon") == 0))
            continue;
        json_t *value = node->first ? voc_extra(node, depth + 1) : json_string(node->text);
        json_t *before = json_object_get(extra, node->name);
        if (json_is_array(before)) {
            json_array_append_new(before, value);
        } else if (before) {
            json_t *list = json_array();
            json_array_append(list, before);
            json_array_append_new(list, value);
            as_json_set(extra, node->name, list);
        } else {
            as_json_set(extra, node->name, value);
        }
    }
    return extra;
}

typedef AS_VEC(double) voc_points;

static bool voc_push(const as_xml *doc, const as_xml_node *node, const char *text, voc_points *points, as_err *err)
{
    double v;
    if (!text || !as_str_to_f64(text, &v) || !isfinite(v))
        return as_xml_fail(doc, node, err, "'%.40s' has no number", node->name);
    return as_vec_push(points, as_gather_px(v - 1)) || AS_FAIL(err, AS_ENOMEM, "not enough memory");
}

/* <x1>, <y1>, <x2>, ... or <pt> with <x> and <y>, counted from 1 as boxes are. */
static bool voc_ring(const as_xml *doc, const as_xml_node *polygon, voc_points *points, as_err *err)
{
    size_t before = points->n;
    for (const as_xml_node *node = polygon->first; node; node = node->next) {
        bool is_pt = strcmp(node->name, "pt") == 0, is_y = node->name[0] == 'y';
        bool is_side = (is_y || node->name[0] == 'x') && strspn(node->name + 1, "0123456789") > 0;
        if (!is_pt && !is_side)
            continue;
        if (is_side && (points->n - before) % 2 != is_y)
            return as_xml_fail(doc, node, err, "'%.40s' is not in its turn", node->name);
        if (is_side ? !voc_push(doc, node, node->text, points, err)
                    : !voc_push(doc, node, as_xml_text(node, "x"), points, err) ||
                          !voc_push(doc, node, as_xml_text(node, "y"), points, err))
            return false;
    }
    size_t n = points->n - before;
    return (n >= 6 && n % 2 == 0) || as_xml_fail(doc, polygon, err, "a polygon has %zu numbers", n);
}

/* A ring a <polygon>. The box is the file's own. */
static bool voc_polygon(as_gathered *to, const as_xml *doc, const as_xml_node *object, const char *label,
                        const double box[4], as_err *err)
{
    voc_points points = {0};
    AS_VEC(size_t) ends = {0};
    bool ok = true;
    for (const as_xml_node *p = as_xml_get(object, "polygon"); ok && p; p = as_xml_again(p))
        ok = voc_ring(doc, p, &points, err) &&
             (as_vec_push(&ends, points.n / 2) || AS_FAIL(err, AS_ENOMEM, "not enough memory"));
    ok = ok && as_gathered_rings(to, label, points.at, ends.at, ends.n, NAN, voc_extra(object, 0), err);
    as_vec_done(&points);
    as_vec_done(&ends);
    if (ok)
        memcpy(to->findings.at[to->findings.n - 1].box, box, 4 * sizeof *box);
    return ok;
}

static bool voc_object(as_gather *gather, as_gathered *to, const as_xml *doc, const as_xml_node *object, as_err *err)
{
    static const char *const sides[] = {"xmin", "ymin", "xmax", "ymax"};
    const char              *name = as_xml_text(object, "name");
    const as_xml_node       *bounds = as_xml_get(object, "bndbox");
    double                   v[4];
    if (!name || !bounds)
        return as_xml_fail(doc, object, err, "an object has no %s", name ? "bndbox" : "name");
    const char *label = as_scan_class(gather->scan, name, strlen(name));
    if (!label)
        return as_scan_unknown(gather->scan, "object", name, strlen(name), err) ||
               as_err_note(err, "%.300s:%u", doc ? to->entry->relative : "", object->line);
    for (size_t i = 0; i < 4; i++)
        if (!as_xml_text_f64(doc, bounds, sides[i], &v[i], err))
            return false;
    if (v[2] < v[0] - 1 || v[3] < v[1] - 1)
        return as_xml_fail(doc, bounds, err, "the box ends before it begins");
    double box[4] = {v[0] - 1, v[1] - 1, as_gather_px(v[2] - v[0] + 1), as_gather_px(v[3] - v[1] + 1)};
    if (as_xml_get(object, "polygon"))
        return voc_polygon(to, doc, object, label, box, err);
    return as_gathered_box(to, label, box, NAN, voc_extra(object, 0), err);
}

static const as_fs_entry *voc_picture(const as_scan *scan, const char *folder, size_t n_folder, const char *stem,
                                      size_t n_stem)
{
    static const char *const endings[] = {".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG"};
    const as_fs_entry       *found = NULL;
    for (size_t i = 0; i < AS_COUNT(endings) && !found; i++) {
        char *path = as_strdupf("%.*sJPEGImages/%.*s%s", (int)n_folder, folder, (int)n_stem, stem, endings[i]);
        found = path ? as_scan_find(scan, path) : NULL;
        free(path);
    }
    return found;
}

/* Annotations/x.xml is of JPEGImages/x.*; elsewhere its filename says. */
static as_gathered *voc_picture_of(as_gather *gather, const as_fs_entry *entry, const as_xml *doc)
{
    static const char folder[] = "Annotations/";
    const char       *relative = entry->relative, *at = strstr(relative, folder);
    const char       *name = as_xml_text(as_xml_root(doc), "filename");
    if (at && (at == relative || at[-1] == '/')) {
        const char        *stem = at + sizeof folder - 1;
        const as_fs_entry *found = voc_picture(gather->scan, relative, (size_t)(at - relative), stem,
                                               as_gather_stem(relative) - (size_t)(stem - relative));
        if (found)
            return as_gather_of(gather, found);
    }
    return as_gather_find(gather, relative, name && *name ? name : relative);
}

static bool voc_take(as_gather *gather, const as_fs_entry *entry, bool *ret_is, as_err *err)
{
    as_err  why = AS_ERR_NONE;
    as_xml *doc = voc_load(entry, &why);
    *ret_is = doc != NULL;
    if (!doc)
        return why.code == AS_OK || as_err_set(err, why.code, "%s", why.text);
    as_gathered *to = voc_picture_of(gather, entry, doc);
    bool         ok = true;
    if (to && !to->seen) {
        to->seen = true;
        to->split = as_gather_split_of(to->entry->relative);
        for (const as_xml_node *object = as_xml_get(as_xml_root(doc), "object"); ok && object;
             object = as_xml_again(object))
            ok = voc_object(gather, to, doc, object, err);
    } else if (to) {
        as_scan_tell(gather->scan, AS_CHECK_WARN, entry->relative, "is a second file for one picture: left out");
    }
    as_xml_free(doc);
    return ok;
}

/* A list of ImageSets/Main: a stem a line, perhaps with a 1 or -1 behind it. */
static bool voc_take_list(as_gather *gather, const as_fs_entry *list, as_err *err)
{
    static const char folder[] = "ImageSets/Main/";
    const char       *at = strstr(list->relative, folder);
    const char       *word = at ? at + sizeof folder - 1 : "";
    as_split          split = as_import_split_of(word, as_gather_stem(word));
    uint8_t          *bytes;
    size_t            n;
    if (!split || !as_str_ends(word, ".txt"))
        return true;
    if (!as_fs_read(list->path, VOC_MAX_BYTES, &bytes, &n, err))
        return false;
    for (char *line = (char *)bytes; *line;) {
        size_t             len = strcspn(line, "\r\n"), prefix = (size_t)(at - list->relative);
        const as_fs_entry *entry = len ? voc_picture(gather->scan, list->relative, prefix, line, len) : NULL;
        if (len && !entry)
            entry = voc_picture(gather->scan, list->relative, prefix, line, strcspn(line, " \t\r\n"));
        if (entry) {
            as_gather_of(gather, entry)->split = split;
            as_gather_of(gather, entry)->seen = true;
        }
        line += len + (line[len] != '\0');
    }
    free(bytes);
    return true;
}

static bool voc_read(as_scan *scan, as_err *err)
{
    as_gather gather;
    bool      ok = true, any = false, is;
    if (!as_gather_init(&gather, scan, err))
        return false;
    for (size_t i = 0; ok && i < scan->entries.n; i++) {
        if (!voc_is_xml(&scan->entries.at[i]))
            continue;
        ok = voc_take(&gather, &scan->entries.at[i], &is, err);
        if (ok && !is)
            as_scan_tell(scan, AS_CHECK_OK, scan->entries.at[i].relative, "is no Pascal VOC file: left alone");
        any = any || is;
    }
    for (size_t i = 0; ok && i < scan->entries.n; i++)
        ok = voc_take_list(&gather, &scan->entries.at[i], err);
    if (ok && !any)
        ok = AS_FAIL(err, AS_ENOTFOUND, "no Pascal VOC file (.xml with an annotation) in '%s'", scan->cfg->folder);
    ok = ok && as_gather_put(&gather, err);
    as_gather_done(&gather);
    return ok;
}

static int voc_recognise(const as_scan *scan, char *why)
{
    for (size_t i = 0; i < scan->entries.n; i++) {
        as_err err = AS_ERR_NONE;
        if (!voc_is_xml(&scan->entries.at[i]))
            continue;
        as_xml *doc = voc_load(&scan->entries.at[i], &err);
        if (!doc)
            continue;
        as_xml_free(doc);
        snprintf(why, AS_FORMAT_WHY_BYTES, "'%.100s' is an annotation", scan->entries.at[i].relative);
        return 75;
    }
    return 0;
}

static bool voc_is_name(const char *key)
{
    size_t n = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return n && !key[n] && !strchr("0123456789-", key[0]);
}

static void voc_add_extra(as_str *text, const char *key, const json_t *value, int depth)
{
    const char *inner;
    json_t     *v;
    if (!voc_is_name(key) || depth > VOC_MAX_DEPTH)
        return;
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++)
            voc_add_extra(text, key, json_array_get(value, i), depth + 1);
        return;
    }
    if (!json_is_object(value) && !json_is_string(value))
        return;
    as_str_addf(text, "<%s>", key);
    if (json_is_string(value))
        as_xml_add(text, json_string_value(value));
    json_object_foreach ((json_t *)(uintptr_t)value, inner, v)
        voc_add_extra(text, inner, v, depth + 1);
    as_str_addf(text, "</%s>", key);
}

static bool voc_add_polygons(as_str *text, const as_finding *f, as_err *err)
{
    double *points;
    size_t *ends, n_rings;
    if (!as_finding_rings(f->geometry, &points, &ends, &n_rings, err))
        return false;
    for (size_t i = 0, k = 0; i < n_rings; i++) {
        as_str_add(text, "<polygon>");
        for (size_t n = 1; k < ends[i]; k++, n++) {
            char key[24];
            snprintf(key, sizeof key, "<x%zu>", n);
            as_text_add_real(text, key, points[2 * k] + 1);
            snprintf(key, sizeof key, "</x%zu><y%zu>", n, n);
            as_text_add_real(text, key, points[2 * k + 1] + 1);
            as_str_addf(text, "</y%zu>", n);
        }
        as_str_add(text, "</polygon>");
    }
    free(points);
    free(ends);
    return true;
}

static bool voc_add_object(as_str *text, const as_finding *f, as_err *err)
{
    const char *key;
    json_t     *value, *extra = *f->extra ? json_loads(f->extra, 0, NULL) : NULL;
    as_str_add(text, "  <object><name>");
    as_xml_add(text, f->label);
    as_str_add(text, "</name>");
    json_object_foreach (extra, key, value)
        voc_add_extra(text, key, value, 0);
    as_text_add_real(text, "<bndbox><xmin>", f->box[0] + 1);
    as_text_add_real(text, "</xmin><ymin>", f->box[1] + 1);
    as_text_add_real(text, "</ymin><xmax>", f->box[0] + f->box[2]);
    as_text_add_real(text, "</xmax><ymax>", f->box[1] + f->box[3]);
    as_str_add(text, "</ymax></bndbox>");
    json_decref(extra);
    if (f->outline == AS_OUTLINE_POLYGON && !voc_add_polygons(text, f, err))
        return false;
    as_str_add(text, "</object>\n");
    return true;
}

typedef struct voc_writer {
    as_str lists[AS_SPLIT_COUNT];
} voc_writer;

static bool voc_lay(void *ctx, const as_export *out, size_t i, as_err *err)
{
    voc_writer      *w = ctx;
    const as_sample *s = as_manifest_at(out->manifest, i);
    char            *name;
    as_str           text;
    if (!as_lay_picture(out, i, "JPEGImages", "Annotations", ".xml", &name, err))
        return false;
    as_str_init(&text);
    as_str_add(&text, "<annotation>\n  <folder>JPEGImages</folder><filename>");
    as_xml_add(&text, name);
    as_str_addf(&text, "</filename>\n  <size><width>%u</width><height>%u</height></size><segmented>0</segmented>\n",
                s->width, s->height);
    bool ok = true;
    for (size_t k = 0; ok && k < s->n_findings; k++)
        ok = voc_add_object(&text, &s->findings[k], err);
    as_str_add(&text, "</annotation>\n");
    char *relative = as_strdupf("Annotations/%.*s.xml", (int)as_gather_stem(name), name);
    ok = ok && (relative && as_str_ok(&text) ? as_lay_file(out, relative, text.s, text.len, err)
                                             : AS_FAIL(err, AS_ENOMEM, "not enough memory"));
    as_str_add_bytes(&w->lists[s->split], name, as_gather_stem(name));
    as_str_add(&w->lists[s->split], "\n");
    free(relative);
    free(name);
    as_str_done(&text);
    return ok;
}

static bool voc_write(const as_export *out, as_err *err)
{
    static const char *const files[AS_SPLIT_COUNT] = {[AS_SPLIT_TRAIN] = "ImageSets/Main/train.txt",
                                                      [AS_SPLIT_VALIDATION] = "ImageSets/Main/val.txt",
                                                      [AS_SPLIT_TEST] = "ImageSets/Main/test.txt"};
    voc_writer               w;
    for (size_t i = 0; i < AS_SPLIT_COUNT; i++)
        as_str_init(&w.lists[i]);
    bool ok = as_lay_each(out, &w, voc_lay, err);
    for (size_t i = 0; i < AS_SPLIT_COUNT; i++) {
        if (ok && !as_str_ok(&w.lists[i]))
            ok = AS_FAIL(err, AS_ENOMEM, "not enough memory");
        ok = ok && (!files[i] || w.lists[i].len == 0 || as_lay_file(out, files[i], w.lists[i].s, w.lists[i].len, err));
        as_str_done(&w.lists[i]);
    }
    return ok;
}

const as_format as_format_voc = {.name = "voc",
                                 .summary = "Pascal VOC: Annotations/, JPEGImages/ and ImageSets/Main/",
                                 .recognise = voc_recognise,
                                 .read = voc_read,
                                 .write = voc_write};
