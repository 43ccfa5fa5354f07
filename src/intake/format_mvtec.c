/* SPDX-License-Identifier: Apache-2.0 */
/* MVTec AD: train/good, test/<defect>, and ground_truth/<defect>/NNN_mask.png with the pixels of each defect; the folder
 * of one product, or one that holds several. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "intake/gather.h"
#include "intake/lay.h"

#define MVTEC_MASK_BYTES ((size_t)512 << 20)

/* PRODUCT/SPLIT/CLASS/REST, PRODUCT/ perhaps empty. */
typedef struct mvtec_path {
    size_t      n_product; /* bytes, with its slash */
    as_split    split;
    const char *label, *rest;
    size_t      n_label;
} mvtec_path;

static bool mvtec_split(const char *word, size_t n, as_split *ret)
{
    *ret = as_import_split_of(word, n);
    return *ret || (n == 7 && memcmp(word, "unsplit", 7) == 0);
}

static bool mvtec_parse(const char *relative, mvtec_path *ret)
{
    const char *word = relative;
    size_t      n = strcspn(word, "/");
    if (!mvtec_split(word, n, &ret->split)) {
        if (word[n] != '/')
            return false;
        word += n + 1;
        n = strcspn(word, "/");
        if (!mvtec_split(word, n, &ret->split))
            return false;
    }
    ret->n_product = (size_t)(word - relative);
    if (word[n] != '/')
        return false;
    ret->label = word + n + 1;
    ret->n_label = strcspn(ret->label, "/");
    ret->rest = ret->label + ret->n_label + 1;
    return ret->label[ret->n_label] == '/';
}

static bool mvtec_is_truth(const char *relative)
{
    static const char folder[] = "ground_truth/";
    size_t            n = strcspn(relative, "/");
    return strncmp(relative, folder, sizeof folder - 1) == 0 ||
           (relative[n] && strncmp(relative + n + 1, folder, sizeof folder - 1) == 0);
}

static const as_fs_entry *mvtec_mask(const as_scan *scan, const char *relative, const mvtec_path *path)
{
    static const char *const endings[] = {"_mask.png", ".png"};
    const as_fs_entry       *found = NULL;
    for (size_t i = 0; i < AS_COUNT(endings) && !found; i++) {
        char *name = as_strdupf("%.*sground_truth/%.*s/%.*s%s", (int)path->n_product, relative, (int)path->n_label,
                                path->label, (int)as_gather_stem(path->rest), path->rest, endings[i]);
        found = name ? as_scan_find(scan, name) : NULL;
        free(name);
    }
    return found && found->kind == AS_FS_FILE ? found : NULL;
}

/* White is the defect; so is any other colour but black. */
static bool mvtec_add_mask(as_gather *gather, as_gathered *to, const as_fs_entry *mask, const char *label, as_err *err)
{
    uint8_t *bytes = NULL;
    size_t   n;
    as_image image = {0};
    as_mask  runs = {0};
    uint32_t width, height;
    if (!as_scan_size(gather->scan, to->entry, &width, &height))
        return true;
    bool ok = as_fs_read(mask->path, MVTEC_MASK_BYTES, &bytes, &n, err) &&
              (as_codec_decode(bytes, n, &image, NULL, err) || as_err_note(err, "mask '%.300s'", mask->relative));
    free(bytes);
    if (ok && (image.width != width || image.height != height))
        ok = AS_FAIL(err, AS_EINVAL, "mask '%.300s' is %u x %u px, and its picture %u x %u", mask->relative,
                     image.width, image.height, width, height);
    uint32_t each = as_pixel_bytes(image.pixel);
    for (uint32_t y = 0; ok && y < height; y++) {
        uint8_t *row = image.data + y * image.stride_bytes;
        for (uint32_t x = 0; x < width; x++) {
            uint8_t any = 0;
            for (uint32_t c = 0; c < each; c++)
                any |= row[x * each + c];
            row[x] = any != 0;
        }
    }
    ok = ok && as_mask_from_pixels(image.data, image.stride_bytes, width, height, 1, &runs, err) &&
         as_gathered_mask(to, label, &runs, NAN, NULL, err);
    as_mask_done(&runs);
    as_image_done(&image);
    return ok;
}

static bool mvtec_take(as_gather *gather, const as_fs_entry *entry, as_err *err)
{
    mvtec_path         path;
    const as_fs_entry *mask;
    if (!mvtec_parse(entry->relative, &path) || entry->relative[0] == '.') {
        as_scan_tell(gather->scan, AS_CHECK_OK, entry->relative, "lies in no train/CLASS or test/CLASS: left alone");
        return true;
    }
    bool        good = path.n_label == 4 && memcmp(path.label, "good", 4) == 0;
    const char *label = as_scan_class(gather->scan, path.label, path.n_label);
    if (!label && path.n_label == 10 && memcmp(path.label, "unlabelled", 10) == 0) /* as it is written */
        label = "";
    if (!label && !good)
        return as_scan_unknown(gather->scan, "folder", path.label, path.n_label, err);
    as_gathered *to = as_gather_of(gather, entry);
    to->seen = true;
    to->split = path.split;
    to->label = label;
    mask = mvtec_mask(gather->scan, entry->relative, &path);
    return !mask || !label || !*label || mvtec_add_mask(gather, to, mask, label, err);
}

static bool mvtec_read(as_scan *scan, as_err *err)
{
    as_gather gather;
    if (!as_gather_init(&gather, scan, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < scan->entries.n; i++) {
        const as_fs_entry *entry = &scan->entries.at[i];
        if (mvtec_is_truth(entry->relative))
            continue;
        if (as_scan_is_picture(entry->relative))
            ok = mvtec_take(&gather, entry, err);
        else
            as_scan_tell(scan, AS_CHECK_OK, entry->relative, "is no picture: left alone");
    }
    ok = ok && as_gather_put(&gather, err);
    as_gather_done(&gather);
    return ok;
}

static int mvtec_recognise(const as_scan *scan, char *why)
{
    bool       truth = false, picture = false;
    mvtec_path path;
    for (size_t i = 0; i < scan->entries.n && !(truth && picture); i++) {
        const char *relative = scan->entries.at[i].relative;
        if (mvtec_is_truth(relative))
            truth = true;
        else
            picture = picture || (as_scan_is_picture(relative) && mvtec_parse(relative, &path));
    }
    if (!truth || !picture)
        return 0;
    snprintf(why, AS_FORMAT_WHY_BYTES, "ground_truth/ lies beside train/ or test/");
    return 80;
}

/* The class that passes is called good: the spec's own good, or else its first. */
static const char *mvtec_folder(const as_export *out, const as_sample *s)
{
    const char *first = as_scan_label_of(out->spec, NULL, 0);
    bool        has_good = as_spec_class(out->spec, "good") >= 0;
    if (!*s->label)
        return "unlabelled";
    return !has_good && strcmp(s->label, first) == 0 ? "good" : s->label;
}

static bool mvtec_write_mask(const as_export *out, const as_sample *s, const char *folder, as_err *err)
{
    as_codes codes;
    as_str   png;
    if (!as_codes_new(&codes, s->width, s->height, err))
        return false;
    as_str_init(&png);
    bool ok = true;
    for (size_t k = 0; ok && k < s->n_findings; k++)
        ok = as_lay_code(s, &s->findings[k], 255, &codes, err);
    as_image image = {AS_PIXEL_MONO8, s->width, s->height, s->width, codes.at};
    char    *name = as_strdupf("ground_truth/%s/%.*s_mask.png", folder, (int)as_gather_stem(s->name), s->name);
    ok = ok && as_codec_encode_png(&image, 6, &png, err) &&
         (name ? as_lay_file(out, name, png.s, png.len, err) : AS_FAIL(err, AS_ENOMEM, "not enough memory"));
    free(name);
    as_str_done(&png);
    as_codes_done(&codes);
    return ok;
}

static bool mvtec_lay(void *ctx, const as_export *out, size_t i, as_err *err)
{
    (void)ctx;
    const as_sample *s = as_manifest_at(out->manifest, i);
    const char      *folder = mvtec_folder(out, s);
    char            *relative = as_strdupf("%s/%s/%s", as_lay_split(s), folder, s->name);
    bool ok = relative ? out->put_picture(out, i, relative, err) : AS_FAIL(err, AS_ENOMEM, "not enough memory");
    free(relative);
    return ok && (s->n_findings == 0 || mvtec_write_mask(out, s, folder, err));
}

static bool mvtec_write(const as_export *out, as_err *err)
{
    return as_lay_each(out, NULL, mvtec_lay, err);
}

const as_format as_format_mvtec = {.name = "mvtec",
                                   .summary = "MVTec AD: train/good, test/<defect> and masks in ground_truth/",
                                   .recognise = mvtec_recognise,
                                   .read = mvtec_read,
                                   .write = mvtec_write};
