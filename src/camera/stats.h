/* SPDX-License-Identifier: Apache-2.0 */
/* stats.h - what a camera counts since it was opened: its frames, its outages, and the packets of its stream.
 *
 * Layer:   camera.
 * Threads: the camera's.
 * Memory:  none.
 */
#ifndef AS_CAMERA_STATS_H
#define AS_CAMERA_STATS_H

#include "base/clock.h"
#include "image/frame.h"

typedef struct as_camera as_camera;

/* Of the wire, as far as the driver knows it, else 0: stream.def says what each is. */
typedef struct as_camera_stream {
#define X(name, what) uint64_t name;
#include "camera/stream.def"
#undef X
} as_camera_stream;

/* What happened since the camera was opened. */
typedef struct as_camera_stats {
    uint64_t         n_frames[AS_FRAME_STATUS_COUNT]; /* handed out, by their status */
    uint64_t         n_lost;    /* gaps in the camera's count, and frames for which there was no memory */
    uint64_t         n_gaps;    /* how many gaps */
    uint64_t         n_returns; /* it was lost and came back */
    as_ns            away;      /* so long it was not there, all in all */
    as_camera_stream stream;
    uint32_t         packet_bytes, socket_bytes; /* of the wire */
    bool             is_urgent;                  /* the thread that takes packets is before all ordinary ones */
    double           temperature_c;              /* NAN: not told */
} as_camera_stats;

/* Asks the device, which may take a while: not for every frame. */
void as_camera_stats_of(as_camera *cam, as_camera_stats *ret);
/* All streams of the camera: each return begins a new one. Asks nobody. */
void as_camera_stream_of(as_camera *cam, as_camera_stream *ret);
/* How often it was lost, one that is still away too, and for how long all in all; asks nobody. */
uint64_t as_camera_outages(const as_camera *cam, as_ns *ret_away);

#endif
