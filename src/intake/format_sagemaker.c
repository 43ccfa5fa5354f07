/* SPDX-License-Identifier: Apache-2.0 */
/* SageMaker Ground Truth: augmented manifests, a JSON object a line with source-ref and, for each job, what it found and its
 * metadata: a class, boxes, or a PNG of colours (docs.aws.amazon.com, SageMaker, "Augmented manifest files"). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/text.h"
#include "intake/gather.h"
#include "intake/lay.h"

#define SAGEMAKER_META       "-metadata"
#define SAGEMAKER_MASK_BYTES ((size_t)512 << 20)

typedef struct sagemaker_file {
    as_gather   *gather;
    const char  *relative;
    as_split     split;
    size_t       line;
    as_gathered *to;
    uint64_t     n_left; /* jobs of another type */
} sagemaker_file;

static bool sagemaker_is_manifest(const as_fs_entry *entry)
{
    return entry->kind == AS_FS_FILE && entry->relative[0] != '.' &&
           (as_str_ends(entry->relative, ".manifest") || as_str_ends(entry->relative, ".jsonl"));
}

static bool sagemaker_fail(const sagemaker_file *file, as_err *err, const char *what, const char *key)
{
    return AS_FAIL(err, AS_EFORMAT, "'%.300s' line %zu: %s '%.60s'", file->relative, file->line, what, key);
}

static const char *sagemaker_class(sagemaker_file *file, const char *name, as_err *err)
{
    const char *label = as_scan_class(file->gather->scan, name, strlen(name));
    if (label)
        return label;
    as_scan_unknown(file->gather->scan, "class", name, strlen(name), err);
    as_err_note(err, "'%.300s' line %zu", file->relative, file->line);
    return NULL;
}

static bool sagemaker_picture_class(sagemaker_file *file, const char *key, const json_t *meta, as_err *err)
{
    const char *name = json_string_value(json_object_get(meta, "class-name"));
    if (!name)
        return sagemaker_fail(file, err, "there is no class-name in the metadata of", key);
    const char *label = sagemaker_class(file, name, err);
    if (!label)
        return false;
    if (file->to->label && strcmp(file->to->label, label) != 0)
        return sagemaker_fail(file, err, "the picture has another class already than", label);
    file->to->label = label;
    return true;
}

static bool sagemaker_box(sagemaker_file *file, const json_t *box, const json_t *meta, const json_t *object,
                          as_err *err)
{
    static const char *const sides[] = {"left", "top", "width", "height"};
    char                     id[32];
    double                   v[4];
    const json_t            *number = json_object_get(box, "class_id"), *score = json_object_get(object, "confidence");
    snprintf(id, sizeof id, "%lld", (long long)json_integer_value(number));
    const char *name = json_string_value(json_object_get(json_object_get(meta, "class-map"), id));
    if (!json_is_integer(number) || !name)
        return sagemaker_fail(file, err, "class-map has no class for a class_id", id);
    for (size_t i = 0; i < 4; i++) {
        const json_t *side = json_object_get(box, sides[i]);
        if (!json_is_number(side))
            return sagemaker_fail(file, err, "a box has no number for", sides[i]);
        v[i] = json_number_value(side);
    }
    const char *label = sagemaker_class(file, name, err);
    if (!label)
        return false;
    json_t *extra = json_copy((json_t *)(uintptr_t)box);
    for (size_t i = 0; i < 4; i++)
        json_object_del(extra, sides[i]);
    json_object_del(extra, "class_id");
    return as_gathered_box(file->to, label, v, json_is_number(score) ? json_number_value(score) : NAN, extra, err) ||
           as_err_note(err, "'%.300s' line %zu", file->relative, file->line);
}

static bool sagemaker_boxes(sagemaker_file *file, const char *key, const json_t *value, const json_t *meta, as_err *err)
{
    const json_t *boxes = json_object_get(value, "annotations"), *objects = json_object_get(meta, "objects");
    if (!json_is_array(boxes))
        return sagemaker_fail(file, err, "there is no list of annotations in", key);
    for (size_t i = 0; i < json_array_size(boxes); i++)
        if (!sagemaker_box(file, json_array_get(boxes, i), meta, json_array_get(objects, i), err))
            return false;
    return true;
}

/* Which of a PNG's codes have that colour, and are not see-through; where none has, the code of that number. */
static void sagemaker_codes(const as_codes *codes, const char *color, const char *number, bool ret[256])
{
    unsigned rgb[3];
    int64_t  code;
    bool     any = false;
    memset(ret, 0, 256 * sizeof *ret);
    if (color && sscanf(color, "#%2x%2x%2x", &rgb[0], &rgb[1], &rgb[2]) == 3)
        for (uint32_t i = 0; i < codes->n_colors; i++) {
            const uint8_t *c = codes->colors[i];
            bool           same = c[0] == rgb[0] && c[1] == rgb[1] && c[2] == rgb[2];
            any = any || same;
            ret[i] = same && c[3] >= 128;
        }
    if (!any && as_str_to_i64(number, &code) && code >= 0 && code < 256)
        ret[code] = true;
}

static bool sagemaker_add_class(sagemaker_file *file, const as_codes *codes, const char *number, const json_t *entry,
                                as_err *err)
{
    const char *name = json_string_value(json_object_get(entry, "class-name"));
    bool        wanted[256], any = false;
    size_t      n = (size_t)codes->width * codes->height;
    as_mask     mask;
    if (!name)
        return sagemaker_fail(file, err, "there is no class-name for colour", number);
    if (strcasecmp(name, "background") == 0)
        return true;
    sagemaker_codes(codes, json_string_value(json_object_get(entry, "hex-color")), number, wanted);
    uint8_t *inside = malloc(n);
    if (!inside)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory for a mask");
    for (size_t i = 0; i < n; i++)
        any |= inside[i] = wanted[codes->at[i]];
    const char *label = any ? sagemaker_class(file, name, err) : NULL;
    bool ok = !any || (label && as_mask_from_pixels(inside, codes->width, codes->width, codes->height, 1, &mask, err));
    free(inside);
    if (ok && any) {
        ok = as_gathered_mask(file->to, label, &mask, NAN, NULL, err);
        as_mask_done(&mask);
    }
    return ok;
}

static bool sagemaker_mask(sagemaker_file *file, const char *key, const json_t *value, const json_t *meta, as_err *err)
{
    const json_t *map = json_object_get(meta, "internal-color-map");
    as_codes      codes = {0};
    const char   *number;
    json_t       *entry;
    uint32_t      width, height;
    uint8_t      *bytes;
    size_t        n;
    if (!json_is_string(value) || !json_is_object(map))
        return sagemaker_fail(file, err, "there is no file or no internal-color-map for", key);
    as_gathered *mask = as_gather_find(file->gather, file->relative, json_string_value(value));
    if (!mask || !as_scan_size(file->gather->scan, file->to->entry, &width, &height))
        return true;
    if (!as_fs_read(mask->entry->path, SAGEMAKER_MASK_BYTES, &bytes, &n, err))
        return false;
    bool ok = as_codes_decode(bytes, n, &codes, err) || as_err_note(err, "mask '%.300s'", mask->entry->relative);
    free(bytes);
    if (ok && (codes.width != width || codes.height != height))
        ok = AS_FAIL(err, AS_EINVAL, "mask '%.300s' is %u x %u px, and its picture %u x %u", mask->entry->relative,
                     codes.width, codes.height, width, height);
    json_object_foreach ((json_t *)(uintptr_t)map, number, entry)
        ok = ok && sagemaker_add_class(file, &codes, number, entry, err);
    as_codes_done(&codes);
    return ok;
}

static bool sagemaker_job(sagemaker_file *file, const char *key, const json_t *value, const json_t *meta, as_err *err)
{
    const char *type = json_string_value(json_object_get(meta, "type"));
    if (type && strcmp(type, "groundtruth/image-classification") == 0)
        return sagemaker_picture_class(file, key, meta, err);
    if (type && strcmp(type, "groundtruth/object-detection") == 0)
        return sagemaker_boxes(file, key, value, meta, err);
    if (type && strcmp(type, "groundtruth/semantic-segmentation") == 0)
        return sagemaker_mask(file, key, value, meta, err);
    file->n_left++;
    return true;
}

static bool sagemaker_line(sagemaker_file *file, const json_t *line, as_err *err)
{
    const char *source = json_string_value(json_object_get(line, "source-ref")), *key;
    json_t     *value;
    if (!source)
        return sagemaker_fail(file, err, "there is no name of a picture in", "source-ref");
    file->to = as_gather_find(file->gather, file->relative, source);
    if (!file->to)
        return true;
    file->to->seen = true;
    if (!file->to->split)
        file->to->split = file->split ? file->split : as_gather_split_of(file->to->entry->relative);
    json_object_foreach ((json_t *)(uintptr_t)line, key, value) {
        char         *name = as_strdupf("%s%s", key, SAGEMAKER_META);
        const json_t *meta = name ? json_object_get(line, name) : NULL;
        free(name);
        if (json_is_object(meta) && !sagemaker_job(file, key, value, meta, err))
            return false;
    }
    return true;
}

/* Each line that is not empty. */
static bool sagemaker_lines(sagemaker_file *file, char *bytes, size_t n, as_err *err)
{
    file->line = 1;
    for (char *line = bytes, *end = bytes + n; line < end; file->line++) {
        char  *stop = memchr(line, '\n', (size_t)(end - line));
        size_t len = (size_t)((stop ? stop : end) - line);
        while (len && (line[len - 1] == '\r' || line[len - 1] == ' '))
            len--;
        as_err  why = AS_ERR_NONE;
        json_t *value = len ? as_json_parse(line, len, file->relative, &why) : NULL;
        bool    ok = !len || (value && sagemaker_line(file, value, err));
        if (len && !value)
            AS_FAIL(err, why.code == AS_ENOMEM ? AS_ENOMEM : AS_EFORMAT, "'%.300s' line %zu is no JSON object: %.200s",
                    file->relative, file->line, why.text);
        json_decref(value);
        if (!ok)
            return false;
        line = stop ? stop + 1 : end;
    }
    return true;
}

static bool sagemaker_is(const uint8_t *bytes, size_t n)
{
    const uint8_t *stop = memchr(bytes, '\n', n);
    json_t        *value = json_loadb((const char *)bytes, stop ? (size_t)(stop - bytes) : n, 0, NULL);
    bool           is = json_is_string(json_object_get(value, "source-ref"));
    json_decref(value);
    return is;
}

static bool sagemaker_read_file(as_gather *gather, const as_fs_entry *entry, bool *ret_is, as_err *err)
{
    sagemaker_file file = {
        .gather = gather, .relative = entry->relative, .split = as_gather_split_named(entry->relative)};
    uint8_t *bytes;
    size_t   n;
    if (!as_fs_read(entry->path, AS_GATHER_MAX_BYTES, &bytes, &n, err))
        return false;
    *ret_is = sagemaker_is(bytes, n);
    bool ok = !*ret_is || sagemaker_lines(&file, (char *)bytes, n, err);
    free(bytes);
    if (file.n_left)
        as_scan_tell(gather->scan, AS_CHECK_WARN, entry->relative,
                     "has labels that are no class, boxes or segmentation: left alone");
    return ok;
}

static bool sagemaker_read(as_scan *scan, as_err *err)
{
    as_gather gather;
    bool      ok = true, any = false, is = false;
    if (!as_gather_init(&gather, scan, err))
        return false;
    for (size_t i = 0; ok && i < scan->entries.n; i++) {
        if (!sagemaker_is_manifest(&scan->entries.at[i]))
            continue;
        ok = sagemaker_read_file(&gather, &scan->entries.at[i], &is, err);
        if (ok && !is)
            as_scan_tell(scan, AS_CHECK_OK, scan->entries.at[i].relative, "is no augmented manifest: left alone");
        any = any || is;
    }
    if (ok && !any)
        ok = AS_FAIL(err, AS_ENOTFOUND, "no augmented manifest (.manifest or .jsonl with source-ref) in '%s'",
                     scan->cfg->folder);
    ok = ok && as_gather_put(&gather, err);
    as_gather_done(&gather);
    return ok;
}

/* Beside class folders in train/ and test/ a manifest seldom speaks of all pictures: then the folders are surer. */
static int sagemaker_recognise(const as_scan *scan, char *why)
{
    bool found = false, folders = false;
    for (size_t i = 0; i < scan->entries.n; i++) {
        const as_fs_entry *entry = &scan->entries.at[i];
        const char        *slash = strchr(entry->relative, '/');
        as_err             err = AS_ERR_NONE;
        uint8_t           *bytes;
        size_t             n;
        if (slash && as_scan_is_picture(entry->relative) && strchr(slash + 1, '/') &&
            as_import_split_of(entry->relative, (size_t)(slash - entry->relative)))
            folders = true;
        if (found || !sagemaker_is_manifest(entry) || !as_fs_read(entry->path, AS_GATHER_MAX_BYTES, &bytes, &n, &err))
            continue;
        found = sagemaker_is(bytes, n);
        free(bytes);
        if (found)
            snprintf(why, AS_FORMAT_WHY_BYTES, "'%.100s' has a source-ref a line", entry->relative);
    }
    return !found ? 0 : folders ? 5 : 86;
}

typedef struct sagemaker_writer {
    as_legend legend;
    as_str    lines[AS_SPLIT_COUNT];
} sagemaker_writer;

static void sagemaker_add_boxes(const sagemaker_writer *w, as_str *text, const as_sample *s)
{
    size_t n = 0;
    as_str objects;
    as_str_init(&objects);
    as_str_addf(text, ",\"boxes\":{\"image_size\":[{\"width\":%u,\"height\":%u,\"depth\":3}],\"annotations\":[",
                s->width, s->height);
    for (size_t k = 0; k < s->n_findings; k++) {
        const as_finding *f = &s->findings[k];
        if (f->outline != AS_OUTLINE_BOX)
            continue;
        as_str_addf(text, "%s{\"class_id\":%zu", n ? "," : "", as_legend_at(&w->legend, f->label));
        as_text_add_real(text, ",\"left\":", f->box[0]);
        as_text_add_real(text, ",\"top\":", f->box[1]);
        as_text_add_real(text, ",\"width\":", f->box[2]);
        as_text_add_real(text, ",\"height\":", f->box[3]);
        if (*f->extra && strlen(f->extra) > 2) { /* an object: what is within its braces */
            as_str_add(text, ",");
            as_str_add_bytes(text, f->extra + 1, strlen(f->extra) - 2);
        }
        as_str_add(text, "}");
        as_str_add(&objects, n++ ? ",{" : "{");
        as_text_add_real(&objects, "\"confidence\":", f->score);
        as_str_add(&objects, "}");
    }
    as_str_add(text, "]},\"boxes-metadata\":{\"type\":\"groundtruth/object-detection\",\"class-map\":{");
    for (size_t i = 0; i < w->legend.n; i++) {
        as_str_addf(text, "%s\"%zu", i ? "," : "", i);
        as_text_add_string(text, "\":\"", w->legend.names[i]);
    }
    as_str_add(text, "},\"objects\":[");
    as_str_add(text, objects.s);
    as_str_add(text, "]}");
    as_str_done(&objects);
}

static bool sagemaker_add_mask(const sagemaker_writer *w, const as_export *out, as_str *text, const as_sample *s,
                               const char *name, as_err *err)
{
    as_codes codes;
    as_str   png;
    if (!as_codes_new(&codes, s->width, s->height, err))
        return false;
    as_str_init(&png);
    bool ok = true;
    for (size_t k = 0; ok && k < s->n_findings; k++)
        if (s->findings[k].outline != AS_OUTLINE_BOX)
            ok = as_lay_code(s, &s->findings[k], (uint8_t)(as_legend_at(&w->legend, s->findings[k].label) + 1), &codes,
                             err);
    char *relative = as_strdupf("masks/%.*s.png", (int)as_gather_stem(name), name);
    ok = ok && as_codes_encode(&codes, &png, err) &&
         (relative ? as_lay_file(out, relative, png.s, png.len, err) : AS_FAIL(err, AS_ENOMEM, "not enough memory"));
    as_text_add_string(text, ",\"mask-ref\":\"", ok ? relative : "");
    as_str_add(text, ",\"mask-ref-metadata\":{\"type\":\"groundtruth/semantic-segmentation\",\"internal-color-map\":{"
                     "\"0\":{\"class-name\":\"BACKGROUND\",\"hex-color\":\"#000000\"}");
    for (size_t i = 0; i < w->legend.n; i++) {
        uint8_t rgb[3];
        as_codes_color((uint8_t)(i + 1), rgb);
        as_str_addf(text, ",\"%zu\":{", i + 1);
        as_text_add_string(text, "\"class-name\":\"", w->legend.names[i]);
        as_str_addf(text, ",\"hex-color\":\"#%02x%02x%02x\"}", rgb[0], rgb[1], rgb[2]);
    }
    as_str_add(text, "}}");
    free(relative);
    as_str_done(&png);
    as_codes_done(&codes);
    return ok;
}

static bool sagemaker_lay(void *ctx, const as_export *out, size_t i, as_err *err)
{
    sagemaker_writer *w = ctx;
    const as_sample  *s = as_manifest_at(out->manifest, i);
    as_str           *text = &w->lines[s->split];
    bool              boxes = false, masks = false;
    char             *name;
    if (!as_lay_picture(out, i, "images", "masks", ".png", &name, err))
        return false;
    for (size_t k = 0; k < s->n_findings; k++) {
        boxes = boxes || s->findings[k].outline == AS_OUTLINE_BOX;
        masks = masks || s->findings[k].outline != AS_OUTLINE_BOX;
    }
    as_text_add_string(text, "{\"source-ref\":\"images/", name);
    if (*s->label) {
        as_str_add(text, ",\"class\":0,\"class-metadata\":{\"type\":\"groundtruth/image-classification\"");
        as_text_add_string(text, ",\"class-name\":\"", s->label);
        as_str_add(text, "}");
    }
    if (boxes)
        sagemaker_add_boxes(w, text, s);
    bool ok = !masks || sagemaker_add_mask(w, out, text, s, name, err);
    as_str_add(text, "}\n");
    free(name);
    return ok;
}

static bool sagemaker_write(const as_export *out, as_err *err)
{
    sagemaker_writer w;
    char             name[32];
    if (!as_legend_of(out->manifest, &w.legend, err))
        return false;
    if (w.legend.n > 254)
        return AS_FAIL(err, AS_ELIMIT, "%zu classes do not fit into masks of 8 bits", w.legend.n);
    for (size_t i = 0; i < AS_SPLIT_COUNT; i++)
        as_str_init(&w.lines[i]);
    bool ok = as_lay_each(out, &w, sagemaker_lay, err);
    for (size_t i = 0; i < AS_SPLIT_COUNT; i++) {
        snprintf(name, sizeof name, "%s.manifest", i ? as_split_name((as_split)i) : "unsplit");
        if (ok && !as_str_ok(&w.lines[i]))
            ok = AS_FAIL(err, AS_ENOMEM, "not enough memory");
        ok = ok && (w.lines[i].len == 0 || as_lay_file(out, name, w.lines[i].s, w.lines[i].len, err));
        as_str_done(&w.lines[i]);
    }
    return ok;
}

const as_format as_format_sagemaker = {.name = "sagemaker",
                                       .summary =
                                           "SageMaker Ground Truth: augmented manifests with classes, boxes and masks",
                                       .recognise = sagemaker_recognise,
                                       .read = sagemaker_read,
                                       .write = sagemaker_write};
