/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of a folder, decoded when they are needed, and what a mask cuts out of them. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/log.h"
#include "image/codec.h"
#include "image/resample.h"
#include "twin/dataset.h"

#define CACHE_LEAST    4u
#define CACHE_MOST     4096u
#define OBJECT_DIFFERS 26u /* levels from what the object lies on */
#define OBJECT_MANY    24u /* half of the border is further than so many levels from the rest: no background */

struct as_pictures {
    const as_twin_folder *dataset;
    uint32_t              width, height, planes;
    pthread_mutex_t       lock;
    bool                  has_lock;
    as_picture          **kept;
    size_t                n_kept, cap;
    uint64_t              clock;
    atomic_uchar         *bad; /* of each file: it was tried and is none */
    atomic_size_t         n_bad;
};

float as_picture_light(uint8_t level)
{
    float x = (float)level / 255.0f;
    return x * (x * (x * 0.305306011f + 0.682171111f) + 0.012522878f);
}

static as_picture *picture_free(as_picture *p)
{
    if (p) {
        as_cuts_free(p->cuts, p->n_cuts);
        free(p->pixels);
        free(p);
    }
    return NULL;
}

/* A file at the frame's size, as much of its middle as has the frame's shape. ret: planes of bytes. */
static bool picture_scale(const as_pictures *c, const as_image *in, uint32_t planes, uint8_t *ret, as_err *err)
{
    static const as_row_affine levels[3] = {{1, 0}, {1, 0}, {1, 0}};
    const as_placement         place = as_placement_of(AS_FIT_COVER, in->width, in->height, c->width, c->height);
    as_resample                scaled = {0};
    float                     *memory = malloc((size_t)3 * c->width * sizeof *memory);
    size_t                     plane = (size_t)c->width * c->height;
    if (!memory || !as_resample_init(&scaled, in->pixel, in->width, in->height, &place, AS_FILTER_AREA, err)) {
        free(memory);
        return AS_FAIL(err, AS_ENOMEM, "no memory to scale a picture");
    }
    float *const rows[3] = {memory, memory + c->width, memory + 2 * (size_t)c->width};
    as_resample_begin(&scaled, in);
    for (uint32_t y = 0; y < c->height; y++) {
        as_resample_row(&scaled, y, rows, levels);
        for (uint32_t k = 0; k < planes; k++)
            for (uint32_t x = 0; x < c->width; x++) {
                const float *row = rows[scaled.planes == 1 ? 0 : k];
                float        v = planes == 1 && scaled.planes == 3
                                     ? 0.299f * rows[0][x] + 0.587f * rows[1][x] + 0.114f * rows[2][x]
                                     : row[x];
                ret[k * plane + (size_t)y * c->width + x] = (uint8_t)AS_MIN(AS_MAX(v + 0.5f, 0.0f), 255.0f);
            }
    }
    as_resample_done(&scaled);
    free(memory);
    return true;
}

static bool picture_read(const char *path, as_image *ret, as_codec_info *ret_info, as_err *err)
{
    uint8_t *bytes = NULL;
    size_t   n;
    bool ok = as_fs_read(path, AS_DATASET_MAX_BYTES, &bytes, &n, err) && as_codec_decode(bytes, n, ret, ret_info, err);
    free(bytes);
    return ok;
}

/* Of levels that were counted: the one in the middle. */
static uint32_t picture_median(const uint32_t counts[256])
{
    uint32_t all = 0, sum = 0, at = 0;
    for (uint32_t i = 0; i < 256; i++)
        all += counts[i];
    for (; at < 255 && (sum += counts[at]) * 2 < all; at++)
        ;
    return at;
}

/* What the border of one plane mostly shows, and how far half of it is from that. */
static void picture_border(const uint8_t *plane, uint32_t w, uint32_t h, uint32_t *ret_level, uint32_t *ret_spread)
{
    uint32_t counts[256] = {0}, away[256] = {0}, rim = 1 + AS_MIN(w, h) / 40;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t y = 0; y < h; y++)
            for (uint32_t x = 0; x < w; x++) {
                if (x == rim && y >= rim && y + rim < h && w > 2 * rim)
                    x = w - rim;
                int32_t v = plane[(size_t)y * w + x];
                if (pass == 0)
                    counts[v]++;
                else
                    away[abs(v - (int32_t)*ret_level)]++;
            }
        if (pass == 0)
            *ret_level = picture_median(counts);
    }
    *ret_spread = picture_median(away);
}

/* Single cells are specks, and holes of it are its own. */
static size_t picture_smooth(as_picture *p, uint8_t (*cells)[AS_PICTURE_CELLS])
{
    const int32_t n = AS_PICTURE_CELLS;
    size_t        marked = 0;
    for (int32_t y = 0; y < n; y++)
        for (int32_t x = 0; x < n; x++) {
            int sum = 0, all = 0;
            for (int32_t v = AS_MAX(y - 1, 0); v <= AS_MIN(y + 1, n - 1); v++)
                for (int32_t u = AS_MAX(x - 1, 0); u <= AS_MIN(x + 1, n - 1); u++, all++)
                    sum += cells[v][u];
            p->object[y][x] = 2 * sum > all;
            marked += p->object[y][x];
        }
    return marked;
}

/* What the object lies on is what most of the picture's border shows; a border of many things is the object itself. */
static void picture_find_object(const as_pictures *c, as_picture *p)
{
    size_t   plane = (size_t)c->width * c->height, all = (size_t)AS_PICTURE_CELLS * AS_PICTURE_CELLS;
    uint8_t  cells[AS_PICTURE_CELLS][AS_PICTURE_CELLS] = {0};
    uint32_t widest = 0;
    for (size_t k = 0; k < c->planes; k++) {
        const uint8_t *at = p->pixels + k * plane;
        uint32_t       level = 0, spread = 0;
        picture_border(at, c->width, c->height, &level, &spread);
        int32_t differs = (int32_t)AS_MAX(OBJECT_DIFFERS, 4 * spread);
        widest = AS_MAX(widest, spread);
        for (size_t y = 0; y < AS_PICTURE_CELLS; y++)
            for (size_t x = 0; x < AS_PICTURE_CELLS; x++) {
                size_t px = (2 * x + 1) * c->width / (2 * AS_PICTURE_CELLS),
                       py = (2 * y + 1) * c->height / (2 * AS_PICTURE_CELLS);
                cells[y][x] |= abs((int32_t)at[py * c->width + px] - (int32_t)level) > differs;
            }
    }
    if (picture_smooth(p, cells) * 25 < all || widest > OBJECT_MANY)
        memset(p->object, 1, all);
}

/* What is not black; a JPEG's black is not quite. */
static void mask_decide(as_image *mask, bool jpeg)
{
    size_t step = mask->pixel == AS_PIXEL_RGB8 ? 3 : 1;
    for (uint32_t y = 0; y < mask->height; y++) {
        uint8_t *row = mask->data + y * mask->stride_bytes;
        for (size_t x = 0; x < mask->width; x++) {
            uint8_t most = 0;
            for (size_t k = 0; k < step; k++)
                most = AS_MAX(most, row[step * x + k]);
            memset(row + step * x, most > (jpeg ? 127 : 0) ? 255 : 0, step);
        }
    }
}

static bool picture_read_mask(const as_pictures *c, as_picture *p, uint32_t width, uint32_t height, as_err *err)
{
    const char   *path = c->dataset->files[p->file].mask;
    as_image      mask = {0};
    as_codec_info info;
    if (!path)
        return true;
    if (!picture_read(path, &mask, &info, err))
        return false;
    uint8_t *scaled = malloc((size_t)c->width * c->height);
    bool     ok = mask.width == width && mask.height == height;
    if (!ok)
        AS_FAIL(err, AS_EFORMAT, "its mask is %ux%u, the picture %ux%u", mask.width, mask.height, width, height);
    else
        mask_decide(&mask, info.codec == AS_CODEC_JPEG);
    ok = ok && (scaled || AS_FAIL(err, AS_ENOMEM, "no memory for a mask")) && picture_scale(c, &mask, 1, scaled, err) &&
         (as_cuts_make(p->pixels, scaled, c->width, c->height, c->planes, &p->cuts, &p->n_cuts) ||
          AS_FAIL(err, AS_ENOMEM, "no memory for a mask"));
    free(scaled);
    as_image_done(&mask);
    return ok;
}

static as_picture *picture_load(const as_pictures *c, size_t file, as_err *err)
{
    as_image      image = {0};
    as_codec_info info;
    as_picture   *p = calloc(1, sizeof *p);
    if (!p || !(p->pixels = malloc((size_t)c->planes * c->width * c->height))) {
        AS_FAIL(err, AS_ENOMEM, "no memory for a picture");
        return picture_free(p);
    }
    p->file = file;
    bool ok = picture_read(c->dataset->files[file].path, &image, &info, err) &&
              picture_scale(c, &image, c->planes, p->pixels, err) &&
              picture_read_mask(c, p, image.width, image.height, err);
    as_image_done(&image);
    if (!ok)
        return picture_free(p);
    picture_find_object(c, p);
    return p;
}

/* --- the cache --- */

as_pictures *as_pictures_new(const as_twin_folder *dataset, uint32_t width, uint32_t height, uint32_t planes,
                             size_t most_bytes, as_err *err)
{
    as_pictures *c = calloc(1, sizeof *c);
    size_t       masks = dataset->n_masked ? 2 : 0; /* twice as large as the picture, at most but for their rims */
    size_t       each = (planes + masks) * width * height + sizeof(as_picture) + masks * sizeof(as_cut);
    size_t       room = most_bytes / each;
    if (c) {
        *c = (as_pictures){.dataset = dataset, .width = width, .height = height, .planes = planes};
        c->cap = AS_MIN(AS_MAX(room, (size_t)CACHE_LEAST), (size_t)CACHE_MOST);
        c->kept = calloc(c->cap, sizeof *c->kept);
        c->bad = calloc(dataset->n_files, sizeof *c->bad);
        c->has_lock = pthread_mutex_init(&c->lock, NULL) == 0;
    }
    if (c && c->kept && c->bad && c->has_lock)
        return c;
    AS_FAIL(err, AS_ENOMEM, "no memory for %zu pictures", dataset->n_files);
    return as_pictures_free(c);
}

as_pictures *as_pictures_free(as_pictures *c)
{
    if (c) {
        for (size_t i = 0; i < c->n_kept; i++)
            picture_free(c->kept[i]);
        if (c->has_lock)
            pthread_mutex_destroy(&c->lock);
        free(c->kept);
        free(c->bad);
        free(c);
    }
    return NULL;
}

/* The lock is held. */
static as_picture *pictures_find(as_pictures *c, size_t file)
{
    for (size_t i = 0; i < c->n_kept; i++)
        if (c->kept[i]->file == file) {
            c->kept[i]->n_held++;
            c->kept[i]->used = ++c->clock;
            return c->kept[i];
        }
    return NULL;
}

/* The lock is held. Puts it in the place of what nobody holds and was not looked at for longest. */
static as_picture *pictures_keep(as_pictures *c, as_picture *p)
{
    as_picture *old = NULL;
    p->n_held = 1;
    p->used = ++c->clock;
    if (c->n_kept < c->cap) {
        c->kept[c->n_kept++] = p;
        p->kept = true;
        return NULL;
    }
    size_t at = c->n_kept;
    for (size_t i = 0; i < c->n_kept; i++)
        if (c->kept[i]->n_held == 0 && (at == c->n_kept || c->kept[i]->used < c->kept[at]->used))
            at = i;
    if (at < c->n_kept) {
        old = c->kept[at];
        c->kept[at] = p;
        p->kept = true;
    }
    return old;
}

static void pictures_say(as_pictures *c, size_t file, const as_err *why)
{
    if (atomic_exchange(&c->bad[file], 1))
        return;
    atomic_fetch_add(&c->n_bad, 1);
    as_log_write(AS_LOG_WARN, "skipped '%s': %s", c->dataset->files[file].relative, why->text);
}

static const as_picture *pictures_hold_one(as_pictures *c, size_t file)
{
    as_err      err = AS_ERR_NONE;
    as_picture *found, *mine, *old = NULL;
    if (atomic_load(&c->bad[file]))
        return NULL;
    pthread_mutex_lock(&c->lock);
    found = pictures_find(c, file);
    pthread_mutex_unlock(&c->lock);
    if (found)
        return found;
    mine = picture_load(c, file, &err); /* two threads may: one of them was in vain */
    if (!mine) {
        if (err.code != AS_ENOMEM)
            pictures_say(c, file, &err);
        return NULL;
    }
    pthread_mutex_lock(&c->lock);
    found = pictures_find(c, file);
    if (found)
        old = mine;
    else
        old = pictures_keep(c, mine);
    pthread_mutex_unlock(&c->lock);
    picture_free(old);
    return found ? found : mine;
}

const as_picture *as_pictures_hold(as_pictures *c, size_t i, size_t first, size_t end)
{
    for (size_t k = first; k < end; k++) {
        const as_picture *p = pictures_hold_one(c, i);
        if (p)
            return p;
        i = i + 1 < end ? i + 1 : first;
    }
    return NULL;
}

void as_pictures_release(as_pictures *c, const as_picture *picture)
{
    as_picture *p = (as_picture *)(uintptr_t)picture;
    if (!p)
        return;
    pthread_mutex_lock(&c->lock);
    p->n_held--;
    bool gone = !p->kept;
    pthread_mutex_unlock(&c->lock);
    if (gone)
        picture_free(p);
}

size_t as_pictures_skipped(as_pictures *c)
{
    return atomic_load(&c->n_bad);
}

size_t as_pictures_kept_bytes(as_pictures *c)
{
    size_t sum = 0;
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->n_kept; i++)
        sum += sizeof *c->kept[i] + (size_t)c->planes * c->width * c->height +
               as_cuts_bytes(c->kept[i]->cuts, c->kept[i]->n_cuts);
    pthread_mutex_unlock(&c->lock);
    return sum;
}
