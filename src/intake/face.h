/* SPDX-License-Identifier: Apache-2.0 */
/* face.h - where faces are in a picture, whatever looks for them.
 *
 * Layer:   intake (may use image/, infer/).
 * Threads: find from any thread at once; open and close from one.
 * Memory:  as_face_finder_close frees; faces are the caller's vector.
 *
 * A detector is one file, face_<name>.c, and one word in this folder's meson.build. None finds every face: a face in
 * profile, covered, blurred or smaller than the detector's least size is missed (docs/guide/privacy.md has the figures).
 */
#ifndef AS_INTAKE_FACE_H
#define AS_INTAKE_FACE_H

#include "base/vec.h"
#include "image/frame.h"

typedef struct as_face {
    double x, y, width, height; /* pixels of the upright picture */
    double score;               /* 0..1; of one detector, comparable only with its own */
} as_face;

typedef AS_VEC(as_face) as_faces;

#define AS_FACE_VERSION_BYTES 17 /* the first 16 hex digits of the hash of what it was read from */

typedef struct as_face_detector {
    const char *name, *summary;
    const char *ends; /* how the name of its file ends; NULL: it has no file and is called by its name */
    size_t      priv_size;
    bool (*open)(void *priv, const char *path, char *version, as_err *err); /* path: "" where it has no file */
    /* Appends what it finds. sensitivity: 0 (only what is sure) to 1 (whatever might be one). Any thread. */
    bool (*find)(void *priv, const as_image *image, double sensitivity, as_faces *ret, as_err *err);
    void (*close)(void *priv); /* must accept a half-opened priv */
} as_face_detector;

const as_face_detector *as_face_detector_at(size_t i); /* NULL past the last row */

typedef struct as_face_finder as_face_finder;

/* detector: a name of the table, or the path of a file, relative to root. AS_EINVAL, AS_EMISSING with the remedy. */
AS_CHECK as_face_finder *as_face_finder_open(const char *detector, const char *root, as_err *err);
as_face_finder          *as_face_finder_close(as_face_finder *finder);
const char              *as_face_finder_name(const as_face_finder *finder);    /* "cascade", "yunet" */
const char              *as_face_finder_version(const as_face_finder *finder); /* the same files: the same version */

/* Faces from left to right; one found twice is one. *ret is emptied first. Any thread. */
AS_CHECK bool as_face_find(as_face_finder *finder, const as_image *image, double sensitivity, as_faces *ret,
                           as_err *err);

/* Boxes that share a third of what they cover, or lie in one another, become their common bounds, with the best score. */
void as_faces_merge(as_faces *faces);

#endif
