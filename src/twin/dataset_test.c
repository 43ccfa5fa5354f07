/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of a folder under the emulated camera: what is found in it, what comes out, and what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/thread.h"
#include "image/codec.h"
#include "twin/dataset.h"
#include "twin/twin_rig.h"

static char root[64];

static void path_of(char path[AS_FS_PATH_BYTES], const char *name)
{
    snprintf(path, AS_FS_PATH_BYTES, "%s/%s", root, name);
}

static void put_bytes(const char *name, const void *bytes, size_t n)
{
    as_err err = AS_ERR_NONE;
    char   path[AS_FS_PATH_BYTES], dir[AS_FS_PATH_BYTES];
    path_of(path, name);
    snprintf(dir, sizeof dir, "%s", path);
    *strrchr(dir, '/') = '\0';
    assert_true(as_fs_make_dirs(dir, &err) && as_fs_write_fast(path, bytes, n, &err));
}

static void put_png(const char *name, const as_image *image)
{
    as_err err = AS_ERR_NONE;
    as_str png;
    as_str_init(&png);
    assert_true(as_codec_encode_png(image, 1, &png, &err));
    put_bytes(name, png.s, png.len);
    as_str_done(&png);
}

enum { SIDE = 120, BACK = 40, DISC = 170, SPOT = 60, SPOT_X = 70, SPOT_Y = 50 };

/* A disc on a dark ground; with a dark spot of 14 x 8 pixels in it, or the spot's mask alone. */
static void put_disc(const char *name, uint32_t width, uint32_t height, bool spot, bool mask)
{
    as_err   err = AS_ERR_NONE;
    as_image image;
    assert_true(as_image_new(&image, AS_PIXEL_MONO8, width, height, &err));
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++) {
            double dx = (x + 0.5) / width - 0.5, dy = (y + 0.5) / height - 0.5;
            bool   here = x >= SPOT_X && x < SPOT_X + 14 && y >= SPOT_Y && y < SPOT_Y + 8;
            int    level = dx * dx + dy * dy < 0.16 ? DISC : BACK;
            image.data[y * image.stride_bytes + x] = (uint8_t)(mask ? (here ? 255 : 0) : spot && here ? SPOT : level);
        }
    put_png(name, &image);
    as_image_done(&image);
}

static int make_folder(void **state)
{
    (void)state;
    as_str_copy(root, sizeof root, "/tmp/assay-dataset-XXXXXX");
    assert_non_null(mkdtemp(root));
    put_disc("train/good/000.png", SIDE, SIDE, false, false);
    put_disc("train/good/001.png", SIDE, SIDE, false, false);
    put_disc("train/good/002.png", 2 * SIDE, SIDE, false, false); /* of another size and shape */
    put_disc("test/good/000.png", SIDE, SIDE, false, false);
    put_disc("test/spot/000.png", SIDE, SIDE, true, false);
    put_disc("test/spot/001.png", SIDE, SIDE, true, false);
    put_disc("ground_truth/spot/000_mask.png", SIDE, SIDE, false, true);
    put_disc("ground_truth/spot/001_mask.png", SIDE, SIDE, false, true);
    put_disc("test/bent/000.png", SIDE, SIDE, true, false); /* nobody says where */
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    return as_fs_remove_tree(root, &err) ? 0 : -1;
}

static void a_folder_is_understood(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_twin_folder *d = as_twin_folder_open(root, &err);
    if (!d)
        fail_msg("%s", err.text);
    assert_int_equal(d->n_classes, 3);
    assert_string_equal(d->classes[0], "good");
    assert_string_equal(d->classes[1], "bent");
    assert_string_equal(d->classes[2], "spot");
    assert_null(d->classes[3]);
    assert_int_equal(d->n_files, 7);
    assert_int_equal(d->n_masked, 2);
    assert_int_equal(d->first[1], 4);
    assert_int_equal(d->first[3], 7);
    assert_true(d->width == SIDE && d->height == SIDE && !d->colour);
    assert_null(d->files[4].mask); /* a mask of the same name belongs to another class */
    assert_string_equal(d->files[6].relative, "test/spot/001.png");
    assert_true(as_str_ends(d->files[6].mask, "/ground_truth/spot/001_mask.png"));
    as_twin_folder_free(d);
}

static void mask_is(const as_twin_folder *d, size_t i, const char *relative, const char *mask)
{
    assert_string_equal(d->files[i].relative, relative);
    if (!mask)
        assert_null(d->files[i].mask);
    else
        assert_true(d->files[i].mask && as_str_ends(d->files[i].mask, mask));
}

/* Names that several classes have: each class's own mask, and none of another's. */
static void masks_of_one_name_are_told_apart(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    char   path[AS_FS_PATH_BYTES];
    put_disc("apart/a/1.png", SIDE, SIDE, true, false);
    put_disc("apart/b/1.png", SIDE, SIDE, true, false);
    put_disc("apart/c/1.png", SIDE, SIDE, true, false);
    put_disc("apart/c/2.png", SIDE, SIDE, true, false);
    put_disc("apart/good/2.png", SIDE, SIDE, true, false);
    put_disc("apart/ground_truth/c/1_mask.png", SIDE, SIDE, false, true);
    put_disc("apart/ground_truth/a/1_mask.png", SIDE, SIDE, false, true);
    put_disc("apart/ground_truth/2_mask.png", SIDE, SIDE, false, true); /* of no class: the only one */
    path_of(path, "apart");
    as_twin_folder *d = as_twin_folder_open(path, &err);
    if (!d)
        fail_msg("%s", err.text);
    assert_int_equal(d->n_files, 5);
    assert_int_equal(d->n_masked, 4);
    mask_is(d, 0, "a/1.png", "/ground_truth/a/1_mask.png");
    mask_is(d, 1, "b/1.png", NULL);
    mask_is(d, 2, "c/1.png", "/ground_truth/c/1_mask.png");
    mask_is(d, 3, "c/2.png", "/ground_truth/2_mask.png");
    mask_is(d, 4, "good/2.png", "/ground_truth/2_mask.png");
    assert_string_equal(d->classes[d->files[4].class], "defect");
    as_twin_folder_free(d);
    assert_true(as_fs_remove_tree(path, &err));
}

static twin_rig rig_open(const char *dir, double defects, double least, double most)
{
    as_twin_cfg cfg = as_twin_cfg_default();
    char        scene[AS_FS_PATH_BYTES];
    cfg.defect_share = defects;
    cfg.min_severity = least;
    cfg.max_severity = most;
    cfg.read_noise_e = 0;
    cfg.gain_e_per_dn = 10000; /* hardly any noise */
    snprintf(scene, sizeof scene, "dataset:%s", dir);
    return twin_rig_open(scene, &cfg);
}

static as_twin_truth rig_look(twin_rig *r, uint64_t part)
{
    return *twin_rig_look(r, part, 0);
}

static uint8_t rig_at(const twin_rig *r, uint32_t x, uint32_t y)
{
    return r->image.data[y * r->image.stride_bytes + x];
}

/* A good picture comes through the camera as it is. */
static void pictures_come_through(void **state)
{
    (void)state;
    twin_rig r = rig_open(root, 0, 0, 1);
    for (uint64_t part = 1; part <= 12; part++) {
        as_twin_truth truth = rig_look(&r, part);
        assert_string_equal(truth.frame.label, "good");
        assert_true(truth.n_findings == 0 && strstr(truth.source, "good/") && !truth.defect_source);
        assert_in_range(rig_at(&r, SIDE / 2, SIDE / 2), DISC - 3, DISC + 3);
        assert_in_range(rig_at(&r, 3, 3), BACK - 3, BACK + 3);
    }
    twin_rig_close(&r);
}

/* A spot of one picture lies in another, on the disc, within its box, as dark as it was. */
static void defects_are_laid_in(void **state)
{
    (void)state;
    twin_rig r = rig_open(root, 1, 0.9, 1);
    uint8_t *inside = malloc((size_t)SIDE * SIDE);
    unsigned n_spots = 0, n_whole = 0;
    assert_non_null(inside);
    for (uint64_t part = 1; part <= 60; part++) {
        as_err        err = AS_ERR_NONE;
        size_t        n = 0;
        as_twin_truth truth = rig_look(&r, part);
        assert_int_equal(truth.n_findings, 1);
        const float *box = truth.findings[0].box_px;
        if (strcmp(truth.findings[0].class, "bent") == 0) {
            assert_true(!truth.defect_source && truth.findings[0].severity == 1.0f && box[2] == SIDE);
            n_whole++;
            continue;
        }
        n_spots++;
        assert_true(strstr(truth.source, "good/") && strstr(truth.defect_source, "test/spot/"));
        double dx = (double)(box[0] + box[2] / 2) - SIDE / 2.0, dy = (double)(box[1] + box[3] / 2) - SIDE / 2.0;
        assert_true(sqrt(dx * dx + dy * dy) < 0.4 * SIDE || as_str_ends(truth.source, "002.png"));
        assert_true(box[2] > 8 && box[3] > 5 && box[2] < 34 && box[3] < 34); /* 14 x 8, turned a little */
        assert_in_range(rig_at(&r, (uint32_t)(box[0] + box[2] / 2), (uint32_t)(box[1] + box[3] / 2)), SPOT - 12,
                        SPOT + 25);
        assert_true(as_twin_mask(r.twin, part, 0, 0, r.scratch, inside, &n, &err));
        assert_in_range(n, 50, 420); /* 14 x 8, 0.75 to 1.25 times as large, and a rim */
    }
    assert_true(n_spots > 15 && n_whole > 15);
    free(inside);
    twin_rig_close(&r);
}

static void a_defect_of_no_severity_is_not_there(void **state)
{
    (void)state;
    twin_rig r = rig_open(root, 1, 0, 0.001);
    uint8_t *inside = malloc((size_t)SIDE * SIDE);
    assert_non_null(inside);
    for (uint64_t part = 1; part <= 20; part++) {
        as_err        err = AS_ERR_NONE;
        size_t        n = 1;
        as_twin_truth truth = rig_look(&r, part);
        if (!truth.defect_source)
            continue;
        assert_true(as_twin_mask(r.twin, part, 0, 0, r.scratch, inside, &n, &err));
        assert_int_equal(n, 0);
    }
    free(inside);
    twin_rig_close(&r);
}

/* Pixels that masks mark in some parts, and in how many. */
static size_t rig_marked(double ambient, double light, double distortion)
{
    as_err      err = AS_ERR_NONE;
    size_t      n = 0;
    twin_rig    r = rig_open(root, 1, 0.8, 1);
    as_twin_cfg cfg = *as_twin_cfg_of(r.twin);
    cfg.ambient = ambient;
    cfg.light = light;
    cfg.distortion = distortion;
    as_twin *before = r.twin;
    r.twin = as_twin_retune(before, &cfg, &err);
    assert_non_null(r.twin);
    for (uint64_t part = 1; part <= 20; part++) {
        as_twin_truth truth = rig_look(&r, part);
        for (size_t k = 0; truth.defect_source && k < truth.n_findings; k++)
            n += truth.findings[k].area_px;
    }
    before = as_twin_close(before);
    twin_rig_close(&r);
    return n;
}

/* What was marked by hand is all of it, whatever light it is in, or none of it where no light shows it. */
static void a_mask_that_no_light_shows_is_none(void **state)
{
    (void)state;
    for (int moved = 0; moved < 2; moved++) {
        const double distortion = moved ? -0.05 : 0.0;
        const size_t n = rig_marked(0, 1, distortion);
        assert_true(n > 500);
        assert_int_equal(rig_marked(0, 0.6, distortion), n);
        assert_int_equal(rig_marked(2, 1, distortion), 0);
        assert_int_equal(rig_marked(0, 0, distortion), 0);
    }
}

typedef struct many {
    const as_twin *twin;
    as_digest      digests[24];
} many;

static bool shoot_one(void *ctx, size_t i, as_err *err)
{
    many    *m = ctx;
    as_image image;
    as_truth truth;
    void    *scratch = malloc(as_twin_scratch_bytes(m->twin));
    if (!scratch || !as_image_new(&image, AS_PIXEL_MONO8, SIDE, SIDE, err)) {
        free(scratch);
        return false;
    }
    bool ok = as_twin_render(m->twin, i + 1, 0, scratch, &image, &truth, err);
    m->digests[i] = as_sha256_of(image.data, image.stride_bytes * image.height);
    as_image_done(&image);
    free(scratch);
    return ok;
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE;
    twin_rig a = rig_open(root, 0.6, 0.1, 1), b = rig_open(root, 0.6, 0.1, 1);
    many     m = {.twin = a.twin};
    assert_true(as_thread_for(AS_COUNT(m.digests), 4, shoot_one, &m, &err));
    for (size_t i = AS_COUNT(m.digests); i-- > 0;) { /* and the other way round */
        rig_look(&b, i + 1);
        as_digest digest = as_sha256_of(b.image.data, b.image.stride_bytes * b.image.height);
        assert_true(as_digest_equal(&digest, &m.digests[i]));
    }
    twin_rig_close(&a);
    twin_rig_close(&b);
}

/* What the folder holds more than the cache may keep is decoded again, and held pictures are never taken away. */
static void memory_is_bounded(void **state)
{
    (void)state;
    as_err            err = AS_ERR_NONE;
    as_twin_folder   *d = as_twin_folder_open(root, &err);
    const as_picture *held[6];
    assert_non_null(d);
    as_pictures *c = as_pictures_new(d, SIDE, SIDE, 1, 1, &err); /* so little room: the four that it keeps always */
    assert_non_null(c);
    for (size_t i = 0; i < 6; i++) {
        held[i] = as_pictures_hold(c, i, 0, d->n_files);
        assert_true(held[i] && held[i]->file == i);
    }
    assert_true(as_pictures_kept_bytes(c) < 4u * (SIDE * SIDE + 8192));
    for (size_t i = 0; i < 6; i++) {
        assert_in_range(held[i]->pixels[SIDE / 2 * SIDE + SIDE / 2], SPOT, DISC);
        as_pictures_release(c, held[i]);
    }
    for (size_t i = 0; i < 40; i++)
        as_pictures_release(c, as_pictures_hold(c, i % d->n_files, 0, d->n_files));
    assert_true(as_pictures_kept_bytes(c) < 4u * (SIDE * SIDE + 8192));
    assert_int_equal(as_pictures_skipped(c), 0);
    as_pictures_free(c);
    as_twin_folder_free(d);
}

/* A mask that covers its picture is as large again. */
static void masks_are_counted_too(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE;
    as_image white = {0};
    char     name[64], path[AS_FS_PATH_BYTES];
    assert_true(as_image_new(&white, AS_PIXEL_MONO8, SIDE, SIDE, &err));
    for (uint32_t y = 0; y < SIDE; y++)
        memset(white.data + y * white.stride_bytes, 255, SIDE);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "covered/spot/%03d.png", i);
        put_disc(name, SIDE, SIDE, true, false);
        snprintf(name, sizeof name, "covered/ground_truth/spot/%03d_mask.png", i);
        put_png(name, &white);
    }
    as_image_done(&white);
    path_of(path, "covered");
    as_twin_folder *d = as_twin_folder_open(path, &err);
    assert_non_null(d);
    assert_int_equal(d->n_masked, 20);
    const size_t most = (size_t)16 * (SIDE * SIDE + sizeof(as_picture));
    as_pictures *c = as_pictures_new(d, SIDE, SIDE, 1, most, &err);
    assert_non_null(c);
    for (size_t i = 0; i < 40; i++)
        as_pictures_release(c, as_pictures_hold(c, i % d->n_files, 0, d->n_files));
    assert_in_range(as_pictures_kept_bytes(c), most / 2, most);
    as_pictures_free(c);
    as_twin_folder_free(d);
    assert_true(as_fs_remove_tree(path, &err));
}

/* How much of a spot is there at a place of the disc: 0 none, 1 all of it. */
static double spot_at(const twin_rig *r, const float box[4])
{
    double disc = (double)as_picture_light(DISC), spot = (double)as_picture_light(SPOT);
    double here = (double)as_picture_light(rig_at(r, (uint32_t)(box[0] + box[2] / 2), (uint32_t)(box[1] + box[3] / 2)));
    return (disc - here) / (disc - spot);
}

/* Of two defects that one mask marks either is as strong as the truth says, from not to be seen to obvious, whatever the other
 * one is. */
static void defects_of_one_picture_differ_in_severity(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE;
    as_image disc, mask;
    char     path[AS_FS_PATH_BYTES];
    size_t   n_apart = 0, n_stronger = 0, n_seen = 0;
    float    least = 1, most = 0;
    assert_true(as_image_new(&disc, AS_PIXEL_MONO8, SIDE, SIDE, &err) &&
                as_image_new(&mask, AS_PIXEL_MONO8, SIDE, SIDE, &err));
    for (uint32_t y = 0; y < SIDE; y++)
        for (uint32_t x = 0; x < SIDE; x++) {
            double dx = (x + 0.5) / SIDE - 0.5, dy = (y + 0.5) / SIDE - 0.5;
            bool   here = (y >= 50 && y < 64) && ((x >= 30 && x < 44) || (x >= 76 && x < 90));
            mask.data[y * mask.stride_bytes + x] = here ? 255 : 0;
            disc.data[y * disc.stride_bytes + x] = (uint8_t)(here ? SPOT : dx * dx + dy * dy < 0.16 ? DISC : BACK);
        }
    put_png("own/spot/1.png", &disc);
    put_png("own/ground_truth/spot/1_mask.png", &mask);
    put_disc("own/good/1.png", SIDE, SIDE, false, false);
    as_image_done(&disc);
    as_image_done(&mask);
    path_of(path, "own");
    twin_rig r = rig_open(path, 1, 0, 1);
    for (uint64_t part = 1; part <= 40; part++) {
        as_twin_truth truth = rig_look(&r, part);
        assert_int_equal(truth.n_findings, 2);
        float a = truth.findings[0].severity, b = truth.findings[1].severity;
        n_apart += fabsf(a - b) > 0.1f;
        n_stronger += b > a;
        assert_true(truth.frame.severity == AS_MAX(a, b));
        for (size_t k = 0; k < 2; k++) {
            const as_twin_finding *f = &truth.findings[k];
            least = AS_MIN(least, f->severity);
            most = AS_MAX(most, f->severity);
            if (f->box_px[2] < 8) /* hardly to be seen, or not */
                continue;
            n_seen++;
            assert_true(fabs(spot_at(&r, f->box_px) - (double)f->severity) < 0.06);
        }
    }
    assert_true(n_apart > 25 && n_stronger > 10 && n_stronger < 30 && n_seen > 60);
    assert_true(least < 0.1f && most > 0.9f);
    twin_rig_close(&r);
    assert_true(as_fs_remove_tree(path, &err));
}

/* Two spots of one mask, far apart: two defects, each with its own box and the mask as it was drawn, near where each was. */
static void what_lies_apart_is_two_defects(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE;
    as_image disc, mask;
    char     path[AS_FS_PATH_BYTES];
    uint8_t *inside = malloc((size_t)SIDE * SIDE);
    assert_true(inside && as_image_new(&disc, AS_PIXEL_MONO8, SIDE, SIDE, &err) &&
                as_image_new(&mask, AS_PIXEL_MONO8, SIDE, SIDE, &err));
    for (uint32_t y = 0; y < SIDE; y++)
        for (uint32_t x = 0; x < SIDE; x++) {
            double dx = (x + 0.5) / SIDE - 0.5, dy = (y + 0.5) / SIDE - 0.5;
            bool   here = (y >= 50 && y < 62) && ((x >= 30 && x < 42) || (x >= 80 && x < 90));
            /* Grained: every second pixel of a defect is as the disc is. */
            bool grain = (x + y) % 2 == 1;
            mask.data[y * mask.stride_bytes + x] = here ? 255 : 0;
            disc.data[y * disc.stride_bytes + x] = (uint8_t)(here && grain              ? SPOT
                                                             : dx * dx + dy * dy < 0.16 ? DISC
                                                                                        : BACK);
        }
    put_png("two/spot/1.png", &disc);
    put_png("two/ground_truth/spot/1_mask.png", &mask);
    put_disc("two/good/1.png", SIDE, SIDE, false, false);
    as_image_done(&disc);
    as_image_done(&mask);
    path_of(path, "two");
    twin_rig r = rig_open(path, 1, 0.9, 1);
    for (uint64_t part = 1; part <= 8; part++) {
        as_twin_truth truth = rig_look(&r, part);
        assert_int_equal(truth.n_findings, 2);
        for (size_t k = 0; k < 2; k++) {
            const float *box = truth.findings[k].box_px;
            size_t       n = 0;
            double       x = (double)(box[0] + box[2] / 2), y = (double)(box[1] + box[3] / 2);
            assert_true(fabs(x - (k ? 85 : 36)) < 10 && fabs(y - 56) < 10);
            assert_true(box[2] < 22 && box[3] < 22);
            assert_true(as_twin_mask(r.twin, part, 0, k, r.scratch, inside, &n, &err));
            assert_true((double)n > 0.6 * (double)(box[2] * box[3])); /* whole, not every second pixel */
        }
    }
    free(inside);
    twin_rig_close(&r);
    assert_true(as_fs_remove_tree(path, &err));
}

static void what_is_no_picture_is_skipped_and_counted(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    char   path[AS_FS_PATH_BYTES];
    put_bytes("train/good/0000.png", "this is no picture", 18);
    put_bytes("test/spot/001.png", "\x89PNG\r\n\x1a\n", 8); /* cut short */
    as_twin_folder *d = as_twin_folder_open(root, &err);
    assert_non_null(d);
    as_pictures *c = as_pictures_new(d, SIDE, SIDE, 1, 1 << 20, &err);
    assert_non_null(c);
    for (int again = 0; again < 2; again++)
        for (uint32_t class = 0; class < d->n_classes; class ++)
            for (size_t i = d->first[class]; i < d->first[class + 1]; i++) {
                const as_picture *p = as_pictures_hold(c, i, d->first[class], d->first[class + 1]);
                assert_true(p && d->files[p->file].class == class);
                as_pictures_release(c, p);
            }
    assert_int_equal(as_pictures_skipped(c), 2);
    as_pictures_free(c);
    as_twin_folder_free(d);
    path_of(path, "train/good/0000.png");
    assert_true(as_fs_remove(path, &err));
    put_disc("test/spot/001.png", SIDE, SIDE, true, false);
}

static void refuses(const char *dir, const char *text)
{
    as_err      err = AS_ERR_NONE;
    as_twin_cfg cfg = as_twin_cfg_default();
    char        scene[AS_FS_PATH_BYTES];
    snprintf(scene, sizeof scene, "dataset:%s", dir);
    assert_null(as_twin_open(scene, &cfg, &err));
    if (!strstr(err.text, text))
        fail_msg("'%s' does not say '%s'", err.text, text);
}

static void refuses_what_is_no_dataset(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    as_twin_cfg cfg = as_twin_cfg_default();
    char        path[AS_FS_PATH_BYTES];
    refuses("/nonexistent/folder", "no folder '/nonexistent/folder'");
    path_of(path, "empty/here");
    assert_true(as_fs_make_dirs(path, &err));
    refuses(path, "no picture in");
    put_bytes("broken/a.png", "no", 2);
    path_of(path, "broken");
    refuses(path, "'a.png'");
    put_bytes("dark/good/a.png", "\x89PNG\r\n\x1a\n", 8); /* a class of which nothing can be read */
    put_disc("dark/spot/a.png", SIDE, SIDE, true, false);
    path_of(path, "dark");
    refuses(path, "/dark/good'");
    put_disc("pale/good/a.png", SIDE, SIDE, false, false);
    put_bytes("pale/spot/a.png", "\x89PNG\r\n\x1a\n", 8);
    path_of(path, "pale");
    refuses(path, "/pale/spot'");
    put_bytes("only/masks/a.png", "no", 2);
    path_of(path, "only");
    refuses(path, "masks and no picture");
    assert_null(as_twin_open("dataset", &cfg, &err));
    assert_non_null(strstr(err.text, "dataset:DIR"));
}

/* Photographs that nobody here made: 32 masks of cookies, laid into whole ones. */
static void real_pictures_are_understood(void **state)
{
    (void)state;
    const char *shared = getenv("ASSAY_SHARED");
    char        path[AS_FS_PATH_BYTES];
    snprintf(path, sizeof path, "%s/data/cookie", shared ? shared : "../shared");
    if (!as_fs_is_dir(path)) {
        print_message("skipped: no '%s'\n", path);
        skip();
    }
    as_err          err = AS_ERR_NONE;
    as_twin_folder *d = as_twin_folder_open(path, &err);
    assert_true(d && d->n_files == 85 && d->n_masked == 32 && d->n_classes == 2 && d->colour);
    assert_int_equal(d->first[1], 45);
    as_twin_folder_free(d);
    twin_rig r = rig_open(path, 1, 0.8, 1);
    unsigned laid = 0;
    for (uint64_t part = 1; part <= 8; part++) {
        as_twin_truth truth = rig_look(&r, part);
        assert_string_equal(truth.frame.label, "anomaly");
        laid += truth.defect_source != NULL;
    }
    assert_true(laid >= 4);
    twin_rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_understood),
        cmocka_unit_test(masks_of_one_name_are_told_apart),
        cmocka_unit_test(pictures_come_through),
        cmocka_unit_test(defects_are_laid_in),
        cmocka_unit_test(a_defect_of_no_severity_is_not_there),
        cmocka_unit_test(a_mask_that_no_light_shows_is_none),
        cmocka_unit_test(defects_of_one_picture_differ_in_severity),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(masks_are_counted_too),
        cmocka_unit_test(what_lies_apart_is_two_defects),
        cmocka_unit_test(what_is_no_picture_is_skipped_and_counted),
        cmocka_unit_test(real_pictures_are_understood),
        cmocka_unit_test(refuses_what_is_no_dataset),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
