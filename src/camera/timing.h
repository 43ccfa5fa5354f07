/* SPDX-License-Identifier: Apache-2.0 */
/* timing.h - what the times of frames say: their rate, its jitter, and whether the camera's clock runs as that of this computer.
 *
 * Layer:   camera.
 * Threads: any: nothing is kept.
 * Memory:  some for sorting, given back.
 */
#ifndef AS_CAMERA_TIMING_H
#define AS_CAMERA_TIMING_H

#include "camera/setting.h"

typedef struct as_timing_of {
    bool   known;      /* false: too few frames, or all of one time */
    double per_s;      /* frames, by their mean interval */
    double sd_ms;      /* standard deviation of the intervals */
    double p99_off_ms; /* 99 % of them lie within this of the mean */
} as_timing_of;

typedef struct as_timing {
    as_timing_of host, device; /* by the arrival here; by the camera's clock */
    /* How much faster (positive) or slower the camera's clock runs, of 1, as its times against those of the arrival fit a
     * line; NAN: it sends no time, or always the same. uncertain: how far off that may be (three standard errors). */
    double drift, uncertain;
} as_timing;

/* [n] ms of each frame, from the first; device NAN where it sends none. */
as_timing as_timing_measure(const double *host_ms, const double *device_ms, size_t n);

/* What a rate of frames is to be held against. */
typedef enum as_timing_by {
    AS_TIMING_BY_NOTHING,   /* the camera does not say */
    AS_TIMING_BY_SETTING,   /* AcquisitionFrameRate */
    AS_TIMING_BY_RESULTING, /* AcquisitionResultingFrameRate: its rate is not set, it sends as fast as it can */
    AS_TIMING_BY_TRIGGER,   /* each frame waits for a trigger, which may come at any time */
} as_timing_by;

typedef struct as_timing_limit {
    as_timing_by by;
    double       per_s;      /* NAN: none */
    char         source[64]; /* of the trigger */
} as_timing_limit;

/* Asks the camera. It may say another resulting rate while frames come than before. */
as_timing_limit as_timing_limit_of(as_camera *cam);

#endif
