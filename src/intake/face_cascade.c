/* SPDX-License-Identifier: Apache-2.0 */
/* Debian's opencv-data: Haar and LBP cascades of the frontal face, and of the profile where much is to be found. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "intake/cascade.h"

#define CASCADE_FOLDER "/usr/share/opencv4"

static const struct {
    const char *file;
    double      from; /* the least sensitivity at which it is asked */
    bool        sides;
} cascade_rows[] = {
    {"haarcascades/haarcascade_frontalface_alt2.xml", 0, false},
    {"lbpcascades/lbpcascade_frontalface_improved.xml", 0.25, false},
    {"haarcascades/haarcascade_profileface.xml", 0.75, true},
};

typedef struct face_cascade {
    as_cascade *cascades[AS_COUNT(cascade_rows)];
} face_cascade;

static void cascade_done(void *priv)
{
    face_cascade *d = priv;
    for (size_t i = 0; i < AS_COUNT(cascade_rows); i++)
        d->cascades[i] = as_cascade_free(d->cascades[i]);
}

static bool cascade_load(face_cascade *d, size_t i, as_digest *digest, as_err *err)
{
    const char *folder = getenv("ASSAY_CASCADES");
    char        path[AS_FS_PATH_BYTES];
    uint8_t    *bytes;
    size_t      n;
    as_err      why = AS_ERR_NONE;
    if (!as_fs_join(path, folder && *folder ? folder : CASCADE_FOLDER, cascade_rows[i].file, err))
        return false;
    if (!as_fs_read(path, AS_CASCADE_MAX_BYTES, &bytes, &n, &why))
        return AS_FAIL(err, AS_EMISSING,
                       "%s (install Debian's opencv-data, or name the folder with haarcascades/ and lbpcascades/ in "
                       "ASSAY_CASCADES)",
                       why.text);
    d->cascades[i] = as_cascade_parse(bytes, n, path, err);
    *digest = as_sha256_of(bytes, n);
    free(bytes);
    return d->cascades[i] != NULL;
}

static bool cascade_open(void *priv, const char *path, char *version, as_err *err)
{
    as_digest all[AS_COUNT(cascade_rows)];
    char      hex[AS_SHA256_HEX_BYTES];
    (void)path;
    for (size_t i = 0; i < AS_COUNT(cascade_rows); i++)
        if (!cascade_load(priv, i, &all[i], err))
            return false;
    as_digest of = as_sha256_of(all, sizeof all);
    memcpy(version, as_digest_hex(&of, hex), AS_FACE_VERSION_BYTES - 1);
    version[AS_FACE_VERSION_BYTES - 1] = '\0';
    return true;
}

/* ITU-R BT.601 luma. */
static bool cascade_grey(const as_image *image, as_image *grey, as_err *err)
{
    if (!as_image_new(grey, AS_PIXEL_MONO8, image->width, image->height, err))
        return false;
    for (uint32_t y = 0; y < image->height; y++) {
        const uint8_t *from = image->data + y * image->stride_bytes;
        uint8_t       *to = grey->data + y * grey->stride_bytes;
        if (image->pixel == AS_PIXEL_MONO8)
            memcpy(to, from, image->width);
        else
            for (uint32_t x = 0; x < image->width; x++)
                to[x] = (uint8_t)((from[3 * x] * 77 + from[3 * x + 1] * 150 + from[3 * x + 2] * 29 + 128) >> 8);
    }
    return true;
}

static bool cascade_find(void *priv, const as_image *image, double sensitivity, as_faces *ret, as_err *err)
{
    const face_cascade *d = priv;
    as_image            grey = {0};
    as_cascade_cfg      cfg = {.enlarge = sensitivity >= 0.5 ? 1.5 : 1,
                               .scale_step = sensitivity > 0.9 ? 1.05 : 1.1,
                               .min_windows = (uint32_t)(5.5 - 3.5 * sensitivity)};
    bool                ok = cascade_grey(image, &grey, err);
    if ((double)image->width * image->height * cfg.enlarge * cfg.enlarge > AS_IMAGE_MAX_PIXELS)
        cfg.enlarge = 1;
    for (size_t i = 0; ok && i < AS_COUNT(cascade_rows); i++) {
        if (sensitivity < cascade_rows[i].from)
            continue;
        cfg.mirror = false;
        ok = as_cascade_find(d->cascades[i], &grey, &cfg, ret, err);
        cfg.mirror = true;
        if (ok && cascade_rows[i].sides)
            ok = as_cascade_find(d->cascades[i], &grey, &cfg, ret, err);
    }
    as_image_done(&grey);
    return ok;
}

const as_face_detector as_face_detector_cascade = {
    .name = "cascade",
    .summary = "boosted cascades of Debian's opencv-data: frontal faces from 14 px, profiles at a high sensitivity",
    .priv_size = sizeof(face_cascade),
    .open = cascade_open,
    .find = cascade_find,
    .close = cascade_done,
};
