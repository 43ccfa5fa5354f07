/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/face.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/str.h"

#define X(name) extern const as_face_detector as_face_detector_##name;
#include "intake/face_list.inc"
#undef X

static const as_face_detector *const detectors[] = {
#define X(name) &as_face_detector_##name,
#include "intake/face_list.inc"
#undef X
};

struct as_face_finder {
    const as_face_detector *detector;
    char                    version[AS_FACE_VERSION_BYTES];
    void                   *priv;
};

const as_face_detector *as_face_detector_at(size_t i)
{
    return i < AS_COUNT(detectors) ? detectors[i] : NULL;
}

static const as_face_detector *face_choose(const char *name, as_err *err)
{
    for (size_t i = 0; i < AS_COUNT(detectors); i++)
        if (detectors[i]->ends ? as_str_ends(name, detectors[i]->ends) : strcmp(name, detectors[i]->name) == 0)
            return detectors[i];
    AS_FAIL(err, AS_EINVAL,
            "there is no face detector '%.200s': write cascade, or the path of a YuNet model, FILE.onnx", name);
    return NULL;
}

as_face_finder *as_face_finder_open(const char *detector, const char *root, as_err *err)
{
    char                    path[AS_FS_PATH_BYTES] = "";
    const as_face_detector *row = face_choose(detector, err);
    if (!row || (row->ends && !as_fs_join(path, root, detector, err)))
        return NULL;
    as_face_finder *finder = calloc(1, sizeof *finder);
    if (finder)
        finder->priv = calloc(1, row->priv_size);
    if (!finder || !finder->priv) {
        AS_FAIL(err, AS_ENOMEM, "cannot look for faces: not enough memory");
        free(finder);
        return NULL;
    }
    finder->detector = row;
    if (row->open(finder->priv, path, finder->version, err))
        return finder;
    as_err_note(err, "cannot look for faces with '%.200s'", detector);
    return as_face_finder_close(finder);
}

as_face_finder *as_face_finder_close(as_face_finder *finder)
{
    if (finder) {
        finder->detector->close(finder->priv);
        free(finder->priv);
    }
    free(finder);
    return NULL;
}

const char *as_face_finder_name(const as_face_finder *finder)
{
    return finder->detector->name;
}

const char *as_face_finder_version(const as_face_finder *finder)
{
    return finder->version;
}

/* Much of both, or all of one inside the other. */
static bool face_is_same(const as_face *a, const as_face *b)
{
    double w = AS_MIN(a->x + a->width, b->x + b->width) - AS_MAX(a->x, b->x);
    double h = AS_MIN(a->y + a->height, b->y + b->height) - AS_MAX(a->y, b->y);
    double of_a = a->width * a->height, of_b = b->width * b->height;
    return w > 0 && h > 0 && (w * h > 0.3 * (of_a + of_b - w * h) || w * h > 0.9 * AS_MIN(of_a, of_b));
}

static void face_join(as_face *a, const as_face *b)
{
    double right = AS_MAX(a->x + a->width, b->x + b->width), bottom = AS_MAX(a->y + a->height, b->y + b->height);
    a->x = AS_MIN(a->x, b->x);
    a->y = AS_MIN(a->y, b->y);
    a->width = right - a->x;
    a->height = bottom - a->y;
    a->score = AS_MAX(a->score, b->score);
}

static int face_compare(const void *a, const void *b)
{
    const as_face *x = a, *y = b;
    return x->x != y->x ? (x->x > y->x) - (x->x < y->x) : (x->y > y->y) - (x->y < y->y);
}

void as_faces_merge(as_faces *faces)
{
    for (bool again = true; again;) {
        again = false;
        for (size_t i = 0; i < faces->n; i++)
            for (size_t k = i + 1; k < faces->n;) {
                if (!face_is_same(&faces->at[i], &faces->at[k])) {
                    k++;
                    continue;
                }
                face_join(&faces->at[i], &faces->at[k]);
                faces->at[k] = faces->at[--faces->n];
                again = true;
            }
    }
    if (faces->n)
        qsort(faces->at, faces->n, sizeof faces->at[0], face_compare);
}

bool as_face_find(as_face_finder *finder, const as_image *image, double sensitivity, as_faces *ret, as_err *err)
{
    ret->n = 0;
    if (!as_image_check(image, err) || !finder->detector->find(finder->priv, image, sensitivity, ret, err))
        return false;
    as_faces_merge(ret);
    return true;
}
