/* SPDX-License-Identifier: Apache-2.0 */
/* acceptance.h - does a camera on site do what it is set to: rate, jitter, losses, linearity, noise, focus.
 *
 * Layer:   camera.
 * Threads: one thread, that of the camera.
 * Memory:  as_acceptance_done() frees.
 *
 * What is looked at should not move, and be lit evenly: noise is the difference of frames that follow each other (EMVA
 * 1288, release 4.0, section 6.3), linearity the straight line of mean grey over exposure time (section 6.7).
 */
#ifndef AS_CAMERA_ACCEPTANCE_H
#define AS_CAMERA_ACCEPTANCE_H

#include "base/progress.h"
#include "base/str.h"
#include "camera/camera.h"
#include "image/stats.h"

#define AS_ACCEPTANCE_STEPS 7 /* of exposure */

typedef struct as_acceptance_cfg {
    uint32_t n_frames; /* timed; at most 100,000 */
    as_ns    wait;     /* for one frame */
    /* NAN: not judged, but for those that have a default of their own. */
    double
        min_fps; /* default: 98 % of what the camera is set to, or says that results where its rate is not set; none of one
                           * that waits for triggers */
    double max_jitter_ms; /* default: a quarter of an interval, at least 2; none of triggers */
    double max_lost;      /* lost, and not whole */
    double max_noise;     /* levels of 255 */
    double min_linearity; /* coefficient of determination */
    double min_focus;     /* variance of the Laplacian */
} as_acceptance_cfg;

as_acceptance_cfg as_acceptance_cfg_default(void); /* 200 frames, 5 s; 0 lost, 4 levels, 0.99 */

typedef enum as_acceptance_state { AS_ACCEPTANCE_OPEN, AS_ACCEPTANCE_PASS, AS_ACCEPTANCE_FAIL } as_acceptance_state;

typedef struct as_acceptance_row {
    const char         *name, *unit;
    double              value, limit; /* NAN: not measured; no limit */
    bool                at_least;
    as_acceptance_state state;
    uint64_t            n;         /* frames it rests on */
    char                note[200]; /* how it was measured, or why not */
    bool                never;     /* such a source cannot be measured so: a recording has no exposure to be set */
} as_acceptance_row;

enum {
    AS_ACCEPTANCE_FPS,
    AS_ACCEPTANCE_JITTER,
    AS_ACCEPTANCE_CLOCK,
    AS_ACCEPTANCE_LOST,
    AS_ACCEPTANCE_OUTAGES,
    AS_ACCEPTANCE_NOISE,
    AS_ACCEPTANCE_LINEARITY,
    AS_ACCEPTANCE_FOCUS,
    AS_ACCEPTANCE_ROWS
};

typedef struct as_acceptance {
    as_acceptance_row rows[AS_ACCEPTANCE_ROWS];
    bool              failed;              /* one of them; what has a limit and could not be measured, too */
    bool              incomplete;          /* one has a limit and never can be measured here: it is not judged */
    size_t            n;                   /* frames that were timed */
    double           *host_ms, *device_ms; /* [n] of each frame, from the first; device NAN where it sends none */
    as_frame_status  *status;              /* [n] */
    double            set_fps;             /* or what it says that results; NAN: neither, or it waits for triggers */
    double            host_jitter_ms, device_jitter_ms; /* standard deviation of the intervals; NAN */
    uint32_t          n_alike;                          /* frames of a device that are the one before to the last bit */
    as_image_stats    look;                             /* of the last frame */
    uint64_t          levels[256];                      /* of its luma */
    as_image          image;                            /* the last frame, plain */
    struct {
        double exposure_us, grey;
    } steps[AS_ACCEPTANCE_STEPS];
    size_t          n_steps;
    double          slope, offset; /* grey = offset + slope * exposure */
    as_camera_stats stats;
} as_acceptance;

/* Takes a few seconds to minutes. Exposure is put back to what it was. False when the camera gives no frames, and when
 * the exposure could not be put back: what is missed is no error. A limit that all keep (0, noise of 255) is off. A camera
 * that was lost and came back meanwhile began anew, maybe with other settings: it has failed, and nothing else is measured. */
AS_CHECK bool as_acceptance_run(as_camera *cam, const as_acceptance_cfg *cfg, const as_progress *progress,
                                as_acceptance *ret, as_err *err);
void          as_acceptance_done(as_acceptance *acceptance); /* a zeroed one is fine */

/* As Mono8 or RGB8, for who looks at it. ret is made at the first call and taken again at the next; done() it. */
AS_CHECK bool as_camera_plain(const as_image *image, as_image *ret, as_err *err);

/* Counts of luma (BT.601) 0..255 of a plain picture. */
void as_camera_levels(const as_image *plain, uint64_t ret[256]);

#endif
