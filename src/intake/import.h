/* SPDX-License-Identifier: Apache-2.0 */
/* import.h - a folder of pictures, one sub-folder a class, into the workspace.
 *
 * Layer:   intake.
 * Threads: one thread calls; all cores work.
 * Memory:  bounded by the pictures in flight.
 *
 * FOLDER/CLASS/PICTURE, or FOLDER/train/CLASS/..., likewise val and test. Names may hold any bytes. Of identical pictures
 * for two splits one is kept: the one that an earlier version has, else the test's, else validation's. A class that is
 * not in the spec is an error that names the nearest; symbolic links out of the folder and files that
 * are no pictures are told, one line each.
 */
#ifndef AS_INTAKE_IMPORT_H
#define AS_INTAKE_IMPORT_H

#include "intake/intake.h"

typedef struct as_import_cfg {
    const char *folder; /* or a recording, or a stream's address */
    const char *format; /* a row of intake/format.h; NULL or "auto": the one that is recognised */
    const char *prefix; /* put before the samples' names; NULL: the folder's own name */
    /* Folder name = class name unless renamed here: pairs "folder=class", NULL-ended; may be NULL. */
    const char *const *renames;
    /* Of recordings and streams (video.h). */
    const char *label;       /* class of frames that lie in no class folder; NULL: nobody said */
    double      fps;         /* frames taken a second of their own time; 0: all */
    uint64_t    n_frames;    /* at most, of each; 0: all, but of a stream it must be said */
    bool       *ret_stopped; /* a stream was stopped, and what came so far taken in; may be NULL */
    void (*told)(void *ctx, as_check_level level, const char *name, const char *text); /* may be NULL */
    void *ctx;
} as_import_cfg;

/* What a folder called folder[0..n) is for: train, training, val, valid, validation, test, testing, in any case. */
as_split as_import_split_of(const char *folder, size_t n);

AS_CHECK bool as_import_folder(as_intake *intake, const as_spec *spec, const as_import_cfg *cfg,
                               const as_progress *progress, as_err *err);

#endif
