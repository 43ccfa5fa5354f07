/* SPDX-License-Identifier: Apache-2.0 */
/* scan_faces.h - looks for faces in what is stored.
 *
 * Layer:   intake.
 * Threads: one thread; pictures are searched on all cores inside. found is called from the caller's thread, in order.
 * Memory:  a few pictures a core.
 */
#ifndef AS_INTAKE_SCAN_FACES_H
#define AS_INTAKE_SCAN_FACES_H

#include "base/progress.h"
#include "catalog/commit.h"
#include "intake/face.h"

typedef struct as_scan_faces_cfg {
    bool   all; /* every object of the store and all of the quarantine; else the newest version's pictures */
    double sensitivity;
    /* name: of the sample, "object 0123456789ab" or "quarantine/ID.EXT". */
    void (*found)(void *ctx, const char *name, const as_face *face);
    /* A picture that is there and cannot be searched: nobody knows what it shows. */
    void (*unreadable)(void *ctx, const char *name, const as_err *why);
    void *ctx;
} as_scan_faces_cfg;

typedef struct as_scan_faces_counts {
    uint64_t  n_pictures, n_faces, n_unreadable;
    as_digest commit; /* the newest version; zero: there is none */
} as_scan_faces_counts;

/* Objects that are no pictures (manifests, labels) are passed over. AS_ENOTFOUND when there is no version and not all. */
AS_CHECK bool as_scan_faces(as_workspace *ws, as_face_finder *finder, const as_scan_faces_cfg *cfg,
                            const as_progress *progress, as_scan_faces_counts *ret, as_err *err);

#endif
