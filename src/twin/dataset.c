/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/dataset.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "base/vec.h"
#include "image/codec.h"

#define DATASET_TRIES 200 /* pictures that are looked at until one can be read */

/* A file before it is known what it is. */
typedef struct dataset_found {
    char *path, *relative;
    char class[AS_LABEL_BYTES];
    size_t stem, n_stem; /* where in relative */
    bool   is_mask;
} dataset_found;

typedef struct dataset_scan {
    AS_VEC(dataset_found) files;
} dataset_scan;

static const char *const dataset_good[] = {"good", "normal", "ok", "pass", "defect_free", "no_defect", "good_parts"};
static const char *const dataset_splits[] = {"train", "test", "val",  "valid",    "validation", "images",
                                             "image", "img",  "imgs", "pictures", "data"};
static const char *const dataset_masks[] = {"ground_truth", "groundtruth", "mask",        "masks",
                                            "train_masks",  "test_masks",  "annotations", "gt"};

static bool dataset_is_one_of(const char *word, size_t n, const char *const *words, size_t n_words)
{
    for (size_t i = 0; i < n_words; i++)
        if (strlen(words[i]) == n && strncasecmp(word, words[i], n) == 0)
            return true;
    return false;
}

/* Takes a last word such as "_mask" off a name of n bytes. */
static bool dataset_strip(const char *name, size_t *n)
{
    static const char *const ends[] = {"_mask", "-mask", "_gt", "_label"};
    for (size_t i = 0; i < AS_COUNT(ends); i++) {
        size_t k = strlen(ends[i]);
        if (*n > k && strncasecmp(name + *n - k, ends[i], k) == 0) {
            *n -= k;
            return true;
        }
    }
    return false;
}

/* What the folders and the name of a file say: the last folder that is neither of masks nor of a split is its class. */
static void dataset_read_name(dataset_found *f)
{
    const char *at = f->relative, *slash;
    f->is_mask = false;
    as_str_copy(f->class, sizeof f->class, dataset_good[0]);
    for (; (slash = strchr(at, '/')) != NULL; at = slash + 1) {
        size_t n = (size_t)(slash - at);
        if (dataset_is_one_of(at, n, dataset_masks, AS_COUNT(dataset_masks)))
            f->is_mask = true;
        else if (dataset_is_one_of(at, n, dataset_good, AS_COUNT(dataset_good)))
            as_str_copy(f->class, sizeof f->class, dataset_good[0]);
        else if (!dataset_is_one_of(at, n, dataset_splits, AS_COUNT(dataset_splits)))
            snprintf(f->class, sizeof f->class, "%.*s", (int)n, at);
    }
    const char *dot = strrchr(at, '.');
    f->stem = (size_t)(at - f->relative);
    f->n_stem = dot ? (size_t)(dot - at) : strlen(at);
    if (dataset_strip(at, &f->n_stem))
        f->is_mask = true;
}

static bool dataset_visit(void *ctx, const as_fs_entry *entry, as_err *err)
{
    dataset_scan *scan = ctx;
    const char   *slash = strrchr(entry->relative, '/'), *name = slash ? slash + 1 : entry->relative;
    if (entry->kind != AS_FS_FILE || name[0] == '.' || !as_codec_ending(name, NULL))
        return true;
    if (scan->files.n >= AS_DATASET_MAX_FILES)
        return AS_FAIL(err, AS_ELIMIT, "more than %u pictures: name a folder with fewer", AS_DATASET_MAX_FILES);
    as_str escaped; /* what is told is text, whatever bytes a name has */
    as_str_init(&escaped);
    as_str_add_escaped(&escaped, entry->relative, strlen(entry->relative));
    dataset_found f = {.path = strdup(entry->path), .relative = as_str_take(&escaped)};
    if (f.relative)
        dataset_read_name(&f);
    if (f.path && f.relative && as_vec_push(&scan->files, f))
        return true;
    free(f.path);
    free(f.relative);
    return AS_FAIL(err, AS_ENOMEM, "no memory for the names of %zu pictures", scan->files.n);
}

/* By stem; pictures before masks, and these by the class of their folder. */
static int dataset_by_stem(const void *a, const void *b)
{
    const dataset_found *x = a, *y = b;
    size_t               n = AS_MIN(x->n_stem, y->n_stem);
    int                  order = memcmp(x->relative + x->stem, y->relative + y->stem, n);
    if (order)
        return order;
    if (x->n_stem != y->n_stem)
        return x->n_stem < y->n_stem ? -1 : 1;
    if (x->is_mask != y->is_mask)
        return y->is_mask ? -1 : 1;
    order = x->is_mask ? strcmp(x->class, y->class) : 0;
    return order ? order : strcmp(x->relative, y->relative);
}

static bool dataset_same_stem(const dataset_found *a, const dataset_found *b)
{
    return a->n_stem == b->n_stem && memcmp(a->relative + a->stem, b->relative + b->stem, a->n_stem) == 0;
}

/* Of the masks of that name, files [low, high) after sorting, the first in a folder of the picture's class; or the only one,
 * where masks are not in folders of classes. */
static const dataset_found *dataset_mask_of(const dataset_found *f, const dataset_found *low, const dataset_found *high)
{
    const dataset_found *from = low, *to = high;
    while (from < to) {
        const dataset_found *mid = from + (to - from) / 2;
        if (strcmp(mid->class, f->class) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    if (from < high && strcmp(from->class, f->class) == 0)
        return from;
    return high - low == 1 && strcmp(low->class, dataset_good[0]) == 0 ? low : NULL;
}

static bool dataset_pair(dataset_scan *scan, as_twin_folder *d)
{
    dataset_found *at = scan->files.at, *end = at + scan->files.n;
    qsort(at, scan->files.n, sizeof *at, dataset_by_stem);
    while (at < end) {
        dataset_found *high = at, *masks;
        while (high < end && dataset_same_stem(at, high) && !high->is_mask)
            high++;
        masks = high;
        while (high < end && dataset_same_stem(at, high))
            high++;
        for (dataset_found *f = at; f < masks; f++) {
            const dataset_found *mask = dataset_mask_of(f, masks, high);
            as_twin_folder_file *to = &d->files[d->n_files++];
            /* A picture with a mask has a defect, whatever folder it lies in. */
            if (mask && strcmp(f->class, dataset_good[0]) == 0)
                as_str_copy(f->class, sizeof f->class, strcmp(mask->class, f->class) == 0 ? "defect" : mask->class);
            *to = (as_twin_folder_file){.path = strdup(f->path), .relative = strdup(f->relative)};
            to->mask = mask ? strdup(mask->path) : NULL;
            if (!to->path || !to->relative || (mask && !to->mask))
                return false;
            d->n_masked += mask != NULL;
            for (to->class = 0; to->class < d->n_classes && strcmp(d->classes[to->class], f->class) != 0;)
                to->class ++;
            if (to->class == d->n_classes && d->n_classes < AS_DATASET_MAX_CLASSES)
                d->classes[d->n_classes++] = strdup(f->class);
            if (to->class < d->n_classes && !d->classes[to->class])
                return false;
        }
        at = high;
    }
    return true;
}

static int dataset_by_class(const void *a, const void *b)
{
    const as_twin_folder_file *x = a, *y = b;
    if (x->class != y->class)
        return x->class < y->class ? -1 : 1;
    return strcmp(x->relative, y->relative);
}

/* Classes came in the order of names of pictures: a listing has them by their own. */
static void dataset_sort(as_twin_folder *d)
{
    uint32_t order[AS_DATASET_MAX_CLASSES], to[AS_DATASET_MAX_CLASSES] = {0};
    char    *names[AS_DATASET_MAX_CLASSES];
    for (uint32_t i = 0; i < d->n_classes; i++) { /* insertion, the good one stays first */
        uint32_t k = i;
        for (; k > 1 && strcmp(d->classes[order[k - 1]], d->classes[i]) > 0; k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
    for (uint32_t i = 0; i < d->n_classes; i++) {
        to[order[i]] = i;
        names[i] = d->classes[order[i]];
    }
    memcpy(d->classes, names, d->n_classes * sizeof *names);
    for (size_t i = 0; i < d->n_files; i++)
        d->files[i].class = to[d->files[i].class];
    qsort(d->files, d->n_files, sizeof *d->files, dataset_by_class);
    for (size_t i = 0, c = 0; c <= d->n_classes; c++) {
        while (i < d->n_files && d->files[i].class < c)
            i++;
        d->first[c] = i;
    }
}

/* The first picture that can be read says how large frames are, and whether they have colours. */
static bool dataset_measure(as_twin_folder *d, as_err *err)
{
    as_err why = AS_ERR_NONE;
    for (size_t i = 0; i < d->n_files && i < DATASET_TRIES; i++) {
        uint8_t      *bytes = NULL;
        size_t        n;
        as_codec_info info;
        bool          ok = as_fs_read(d->files[i].path, AS_DATASET_MAX_BYTES, &bytes, &n, &why) &&
                  as_codec_probe(bytes, n, &info, &why);
        free(bytes);
        if (!ok || info.width < 16 || info.height < 16)
            continue;
        uint32_t times = (AS_MAX(info.width, info.height) + AS_DATASET_MAX_SIDE - 1) / AS_DATASET_MAX_SIDE;
        d->width = AS_MAX(info.width / times, 16u);
        d->height = AS_MAX(info.height / times, 16u);
        d->colour = info.channels > 2 || info.has_palette;
        return true;
    }
    return AS_FAIL(err, AS_ENOTFOUND, "none of the first pictures of '%s' can be read: '%s' %s", d->dir,
                   d->files[0].relative, why.text[0] ? why.text : "is smaller than 16 pixels");
}

static void dataset_scan_done(dataset_scan *scan)
{
    for (size_t i = 0; i < scan->files.n; i++) {
        free(scan->files.at[i].path);
        free(scan->files.at[i].relative);
    }
    as_vec_done(&scan->files);
}

static bool dataset_take(as_twin_folder *d, dataset_scan *scan, as_err *err)
{
    if (scan->files.n == 0)
        return AS_FAIL(err, AS_ENOTFOUND, "there is no picture in '%s' (" AS_CODEC_ENDINGS ")", d->dir);
    d->files = calloc(scan->files.n, sizeof *d->files);
    d->classes[0] = strdup(dataset_good[0]);
    d->n_classes = 1;
    if (!d->files || !d->classes[0] || !dataset_pair(scan, d))
        return AS_FAIL(err, AS_ENOMEM, "no memory for the names of %zu pictures", scan->files.n);
    for (size_t i = 0; i < d->n_files; i++)
        if (d->files[i].class >= AS_DATASET_MAX_CLASSES)
            return AS_FAIL(err, AS_ELIMIT, "'%s' has more than %u folders of pictures: each would be a class", d->dir,
                           AS_DATASET_MAX_CLASSES - 1);
    if (d->n_files == 0)
        return AS_FAIL(err, AS_ENOTFOUND, "'%s' holds masks and no picture: name the folder above", d->dir);
    dataset_sort(d);
    return dataset_measure(d, err);
}

as_twin_folder *as_twin_folder_open(const char *dir, as_err *err)
{
    dataset_scan    scan = {0};
    as_twin_folder *d = calloc(1, sizeof *d);
    if (!d || !(d->dir = strdup(dir))) {
        AS_FAIL(err, AS_ENOMEM, "no memory for '%s'", dir);
        return as_twin_folder_free(d);
    }
    bool ok = as_fs_is_dir(dir) || AS_FAIL(err, AS_ENOTFOUND, "there is no folder '%s' (dataset:DIR)", dir);
    ok = ok && as_fs_walk(dir, dataset_visit, &scan, err) && dataset_take(d, &scan, err);
    dataset_scan_done(&scan);
    return ok ? d : as_twin_folder_free(d);
}

as_twin_folder *as_twin_folder_free(as_twin_folder *d)
{
    if (d) {
        for (size_t i = 0; i < d->n_files; i++) {
            free(d->files[i].path);
            free(d->files[i].relative);
            free(d->files[i].mask);
        }
        for (size_t i = 0; i < d->n_classes; i++)
            free(d->classes[i]);
        free(d->files);
        free(d->dir);
        free(d);
    }
    return NULL;
}
