/* SPDX-License-Identifier: Apache-2.0 */
/* privacy.h - between a picture and the first write: what is passed on shows no face and carries no metadata.
 *
 * Layer:   intake (may use spec/, image/).
 * Threads: as_privacy_clean from any thread at once; open and close from one.
 * Memory:  bounded by three pictures in flight a thread. What was not cleaned is never written, logged or quoted.
 */
#ifndef AS_INTAKE_PRIVACY_H
#define AS_INTAKE_PRIVACY_H

#include "base/str.h"
#include "intake/face.h"
#include "spec/spec.h"

#define AS_PRIVACY_RECORD_BYTES 512
#define AS_PRIVACY_WHY_BYTES    200

typedef struct as_privacy as_privacy;

/* *ret is NULL where the spec keeps faces. root: the folder of assay.yaml. Fails, and so nothing is taken in, when the
 * detector cannot be had. */
AS_CHECK bool as_privacy_open(const as_spec *spec, const char *root, as_privacy **ret, as_err *err);
as_privacy   *as_privacy_close(as_privacy *privacy);

typedef struct as_privacy_found {
    size_t n_faces;
    char record[AS_PRIVACY_RECORD_BYTES]; /* for the manifest: "faces 2 (24x24 31x31), cascade 0123456789abcdef at 0.8,
                                               fill" */
    char why[AS_PRIVACY_WHY_BYTES];       /* not "": it must not be written, for this reason */
} as_privacy_found;

/* Appends to out what may be written: the picture upright, with every face that was found covered, looked at again until
 * none is found, without metadata. Where found.why says something out is empty. False only when memory ran out or the
 * detector failed. */
AS_CHECK bool as_privacy_clean(as_privacy *privacy, const uint8_t *bytes, size_t n, as_str *out, as_privacy_found *ret,
                               as_err *err);

#endif
