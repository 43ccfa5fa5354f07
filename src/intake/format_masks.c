/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures in one folder, and in another, called masks, PNG files of the same stem whose pixels are numbers of classes: 0
 * is the background, the rest are named by classes.txt (a name a line, from 0), classes.json (a list, or numbers and names)
 * or --rename NUMBER=CLASS. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Out of memory is an error like any other. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "base/fs.h"
#include "intake/gather.h"
#include "intake/lay.h"

#define MASKS_MAX_BYTES ((size_t)512 << 20)

typedef struct masks_pair {
    UT_hash_handle     hh;
    char              *key; /* path without images/, masks/ and ending */
    const as_fs_entry *mask;
    bool               used;
} masks_pair;

typedef struct masks_set {
    as_scan    *scan;
    as_gather   gather;
    masks_pair *pairs;
    char       *names[256];
    bool        has_names;
} masks_set;

/* Is it in a folder of masks? *ret_key: what picture and mask have in common. Heap; NULL without memory. */
static bool masks_is_mask(const char *relative, char **ret_key)
{
    static const char *const folders[] = {"masks", "mask", "SegmentationClass", "images",
                                          "image", "imgs", "JPEGImages"};
    size_t                   n_masks = 3, stem = as_gather_stem(relative);
    for (const char *word = relative, *slash; (slash = strchr(word, '/')) != NULL; word = slash + 1)
        for (size_t i = 0; i < AS_COUNT(folders); i++) {
            if (strlen(folders[i]) != (size_t)(slash - word) || strncmp(folders[i], word, strlen(folders[i])) != 0)
                continue;
            bool is_mask = i < n_masks;
            if (is_mask && stem > 5 && strncmp(relative + stem - 5, "_mask", 5) == 0)
                stem -= 5;
            *ret_key = as_strdupf("%.*s%.*s", (int)(word - relative), relative,
                                  (int)((size_t)(relative + stem - slash) - 1), slash + 1);
            return is_mask;
        }
    *ret_key = as_strdupf("%.*s", (int)stem, relative);
    return false;
}

static bool masks_is_png(const as_fs_entry *entry)
{
    return entry->kind == AS_FS_FILE && (as_str_ends(entry->relative, ".png") || as_str_ends(entry->relative, ".PNG"));
}

static bool masks_index(masks_set *set, as_err *err)
{
    for (size_t i = 0; i < set->scan->entries.n; i++) {
        const as_fs_entry *entry = &set->scan->entries.at[i];
        char              *key = NULL;
        if (!masks_is_png(entry) || !masks_is_mask(entry->relative, &key)) {
            free(key);
            continue;
        }
        masks_pair *pair = key ? calloc(1, sizeof *pair) : NULL;
        if (!pair) {
            free(key);
            return AS_FAIL(err, AS_ENOMEM, "not enough memory");
        }
        *pair = (masks_pair){.key = key, .mask = entry};
        HASH_ADD_KEYPTR(hh, set->pairs, pair->key, strlen(pair->key), pair);
    }
    return true;
}

static masks_pair *masks_pair_of(masks_set *set, const char *relative, bool *ret_is_mask)
{
    char       *key = NULL;
    masks_pair *pair = NULL;
    *ret_is_mask = masks_is_mask(relative, &key);
    if (key && !*ret_is_mask)
        HASH_FIND_STR(set->pairs, key, pair);
    free(key);
    return pair;
}

static bool masks_name(masks_set *set, const char *file, int64_t code, const char *name, size_t n, as_err *err)
{
    if (code < 0 || code > 255 || set->names[code])
        return AS_FAIL(err, AS_EFORMAT, "'%.300s': number %lld is %s", file, (long long)code,
                       code < 0 || code > 255 ? "not between 0 and 255" : "there twice");
    set->names[code] = as_strdupf("%.*s", (int)n, name);
    set->has_names = true;
    return set->names[code] || AS_FAIL(err, AS_ENOMEM, "not enough memory");
}

static bool masks_names_of_json(masks_set *set, const as_fs_entry *entry, const char *bytes, size_t n, as_err *err)
{
    json_t     *root = as_json_parse(bytes, n, entry->relative, err), *value;
    const char *key;
    size_t      i;
    bool        ok = root != NULL;
    if (ok && !json_is_array(root) && !json_is_object(root))
        ok = AS_FAIL(err, AS_EFORMAT, "'%.300s' is neither a list of names nor numbers and names", entry->relative);
    json_array_foreach (root, i, value) {
        ok = ok &&
             (json_is_string(value) || AS_FAIL(err, AS_EFORMAT, "'%.300s': a name is no text", entry->relative)) &&
             masks_name(set, entry->relative, (int64_t)i, json_string_value(value), json_string_length(value), err);
    }
    json_object_foreach (root, key, value) {
        int64_t code;
        ok = ok &&
             ((json_is_string(value) && as_str_to_i64(key, &code)) ||
              AS_FAIL(err, AS_EFORMAT, "'%.300s': '%.60s' is no number with a name", entry->relative, key)) &&
             masks_name(set, entry->relative, code, json_string_value(value), json_string_length(value), err);
    }
    json_decref(root);
    return ok;
}

static bool masks_names(masks_set *set, as_err *err)
{
    for (size_t i = 0; i < set->scan->entries.n; i++) {
        const as_fs_entry *entry = &set->scan->entries.at[i];
        const char        *slash = strrchr(entry->relative, '/'), *base = slash ? slash + 1 : entry->relative;
        bool               json = strcmp(base, "classes.json") == 0;
        uint8_t           *bytes;
        size_t             n;
        if (set->has_names || (!json && strcmp(base, "classes.txt") != 0))
            continue;
        if (!as_fs_read(entry->path, (size_t)1 << 20, &bytes, &n, err))
            return false;
        const char *line = (const char *)bytes;
        bool        ok = !json || masks_names_of_json(set, entry, line, n, err);
        for (int64_t code = 0; ok && !json && *line; code++) {
            size_t len = strcspn(line, "\r\n");
            ok = masks_name(set, entry->relative, code, line, len, err);
            line += len;
            line += *line == '\r';
            line += *line == '\n';
        }
        free(bytes);
        if (!ok)
            return false;
    }
    return true;
}

/* The class of a number; NULL with *ret_skip: it means nothing. */
static const char *masks_label(masks_set *set, uint8_t code, const char *file, as_err *err)
{
    char        digits[8];
    const char *name = set->names[code];
    snprintf(digits, sizeof digits, "%u", code);
    name = name ? name : digits;
    const char *label = as_scan_class(set->scan, name, strlen(name));
    if (label)
        return label;
    as_scan_unknown(set->scan, "number", name, strlen(name), err);
    as_err_note(err, "'%.300s'", file);
    return NULL;
}

static bool masks_add(masks_set *set, as_gathered *to, const as_codes *codes, const char *file, as_err *err)
{
    bool   has[256] = {false};
    size_t n = (size_t)codes->width * codes->height;
    for (size_t i = 0; i < n; i++)
        has[codes->at[i]] = true;
    for (unsigned code = 1; code < 256; code++) {
        as_mask mask;
        /* 255 without a name, where others have theirs, is what nobody decided. */
        if (!has[code] || (code == 255 && set->has_names && !set->names[255] && !as_scan_class(set->scan, "255", 3)))
            continue;
        const char *label = masks_label(set, (uint8_t)code, file, err);
        if (!label ||
            !as_mask_from_pixels(codes->at, codes->width, codes->width, codes->height, (uint8_t)code, &mask, err))
            return false;
        bool ok = as_gathered_mask(to, label, &mask, NAN, NULL, err);
        as_mask_done(&mask);
        if (!ok)
            return false;
    }
    return true;
}

static bool masks_read_mask(masks_set *set, as_gathered *to, const as_fs_entry *mask, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    as_codes codes = {0};
    uint32_t width, height;
    if (!as_scan_size(set->scan, to->entry, &width, &height))
        return true;
    if (!as_fs_read(mask->path, MASKS_MAX_BYTES, &bytes, &n, err))
        return false;
    bool ok = as_codes_decode(bytes, n, &codes, err) || as_err_note(err, "mask '%.300s'", mask->relative);
    free(bytes);
    if (ok && !codes.are_given)
        ok = AS_FAIL(err, AS_EUNSUPPORTED,
                     "mask '%.300s' is in colour: a palette or grey values must number its classes", mask->relative);
    if (ok && (codes.width != width || codes.height != height))
        ok = AS_FAIL(err, AS_EINVAL, "mask '%.300s' is %u x %u px, and its picture %u x %u", mask->relative,
                     codes.width, codes.height, width, height);
    ok = ok && masks_add(set, to, &codes, mask->relative, err);
    as_codes_done(&codes);
    return ok;
}

static void masks_done(masks_set *set)
{
    masks_pair *pair, *next;
    HASH_ITER (hh, set->pairs, pair, next) {
        HASH_DEL(set->pairs, pair);
        free(pair->key);
        free(pair);
    }
    for (size_t i = 0; i < AS_COUNT(set->names); i++)
        free(set->names[i]);
    as_gather_done(&set->gather);
}

static bool masks_read(as_scan *scan, as_err *err)
{
    masks_set set = {.scan = scan};
    size_t    n_masks = 0;
    if (!as_gather_init(&set.gather, scan, err))
        return false;
    bool ok = masks_names(&set, err) && masks_index(&set, err);
    for (size_t i = 0; ok && i < scan->entries.n; i++) {
        const as_fs_entry *entry = &scan->entries.at[i];
        bool               is_mask;
        if (!as_scan_is_picture(entry->relative) || entry->relative[0] == '.')
            continue;
        masks_pair *pair = masks_pair_of(&set, entry->relative, &is_mask);
        if (is_mask)
            continue;
        set.gather.at[i].seen = true;
        set.gather.at[i].split = as_gather_split_of(entry->relative);
        if (pair) {
            pair->used = true;
            n_masks++;
            ok = masks_read_mask(&set, &set.gather.at[i], pair->mask, err);
        }
    }
    for (masks_pair *pair = set.pairs; ok && pair; pair = pair->hh.next)
        if (!pair->used)
            as_scan_tell(scan, AS_CHECK_WARN, pair->mask->relative, "is a mask of no picture: left alone");
    if (ok && n_masks == 0)
        ok = AS_FAIL(err, AS_ENOTFOUND, "no picture in '%s' has a mask (a .png of the same name in a folder masks)",
                     scan->cfg->folder);
    ok = ok && as_gather_put(&set.gather, err);
    masks_done(&set);
    return ok;
}

static int masks_recognise(const as_scan *scan, char *why)
{
    masks_set set = {.scan = (as_scan *)(uintptr_t)scan};
    as_err    err = AS_ERR_NONE;
    bool      found = false, is_mask, ok = masks_index(&set, &err) && set.pairs;
    for (size_t i = 0; ok && i < scan->entries.n && !found; i++) {
        const char *relative = scan->entries.at[i].relative;
        masks_pair *pair = as_scan_is_picture(relative) ? masks_pair_of(&set, relative, &is_mask) : NULL;
        found = pair != NULL;
        if (found)
            snprintf(why, AS_FORMAT_WHY_BYTES, "'%.80s' is the mask of '%.80s'", pair->mask->relative, relative);
    }
    masks_done(&set);
    return found ? 50 : 0;
}

static bool masks_lay(void *ctx, const as_export *out, size_t i, as_err *err)
{
    const as_legend *legend = ctx;
    const as_sample *s = as_manifest_at(out->manifest, i);
    char             pictures[32], masks[32], *name;
    as_codes         codes;
    as_str           png;
    snprintf(pictures, sizeof pictures, "images/%s", as_lay_split(s));
    snprintf(masks, sizeof masks, "masks/%s", as_lay_split(s));
    if (!as_lay_picture(out, i, pictures, masks, ".png", &name, err))
        return false;
    if (!as_codes_new(&codes, s->width, s->height, err)) {
        free(name);
        return false;
    }
    as_str_init(&png);
    bool ok = true;
    for (size_t k = 0; ok && k < s->n_findings; k++)
        ok = as_lay_code(s, &s->findings[k], (uint8_t)(as_legend_at(legend, s->findings[k].label) + 1), &codes, err);
    char *relative = as_strdupf("%s/%.*s.png", masks, (int)as_gather_stem(name), name);
    ok = ok && as_codes_encode(&codes, &png, err) &&
         (relative ? as_lay_file(out, relative, png.s, png.len, err) : AS_FAIL(err, AS_ENOMEM, "not enough memory"));
    free(relative);
    free(name);
    as_str_done(&png);
    as_codes_done(&codes);
    return ok;
}

static bool masks_write(const as_export *out, as_err *err)
{
    as_legend legend;
    as_str    text;
    if (!as_legend_of(out->manifest, &legend, err))
        return false;
    if (legend.n > 254)
        return AS_FAIL(err, AS_ELIMIT, "%zu classes do not fit into masks of 8 bits", legend.n);
    as_str_init(&text);
    as_str_add(&text, "background\n");
    for (size_t i = 0; i < legend.n; i++)
        as_str_addf(&text, "%s\n", legend.names[i]);
    bool ok = as_lay_each(out, &legend, masks_lay, err);
    if (ok && !as_str_ok(&text))
        ok = AS_FAIL(err, AS_ENOMEM, "not enough memory");
    ok = ok && as_lay_file(out, "classes.txt", text.s, text.len, err);
    as_str_done(&text);
    return ok;
}

const as_format as_format_masks = {.name = "masks",
                                   .summary = "pictures, and masks/ with a PNG of class numbers for each",
                                   .recognise = masks_recognise,
                                   .read = masks_read,
                                   .write = masks_write};
