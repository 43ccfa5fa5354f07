/* SPDX-License-Identifier: Apache-2.0 */
/* capture.h - parts from a camera into the workspace.
 *
 * Layer:   intake.
 * Threads: one thread calls; encoding uses all cores.
 * Memory:  the camera's pool.
 */
#ifndef AS_INTAKE_CAPTURE_H
#define AS_INTAKE_CAPTURE_H

#include "camera/camera.h"
#include "intake/intake.h"

struct as_video_pick;

/* One recording instead of parts: its frames are NAME/000123.png, all of one part NAME. */
typedef struct as_capture_recording {
    const char           *name, *camera; /* what samples say they came from: an address may hold a password */
    struct as_video_pick *pick;
    uint64_t              n_frames; /* at most */
    as_split              split;
    as_ns                 utc; /* of its beginning; 0: the frames' own */
} as_capture_recording;

typedef struct as_capture_cfg {
    const char *camera;  /* URI */
    const char *dir;     /* of relative paths in it; NULL: the caller's own */
    bool        typed;   /* as as_camera_cfg.typed */
    uint64_t    n_parts; /* 0: until the camera ends */
    const char *label; /* for frames whose class the camera does not know (told, when it does); NULL: needed from it */
    const as_capture_recording *recording; /* NULL: parts; else a label may be missing, and n_parts is not used */
    void (*told)(void *ctx, as_check_level level, const char *name, const char *text); /* may be NULL */
    void *ctx;
} as_capture_cfg;

typedef struct as_capture_end {
    uint64_t n_parts; /* taken in, each with all its frames; of a recording: frames */
    bool     stopped; /* by progress, before the camera's or the parts' end */
    as_err   broke;   /* a recording that could not be read to its end, after its first frame; else AS_OK */
} as_capture_end;

/* When progress says stop, what came so far has been taken in, but for a part whose frames are not known to be complete:
 * true, and *ret says so. */
AS_CHECK bool as_capture_run(as_intake *intake, const as_spec *spec, const as_capture_cfg *cfg,
                             const as_progress *progress, as_capture_end *ret, as_err *err);

#endif
