/* SPDX-License-Identifier: Apache-2.0 */
/* camera_priv.h - what a camera is made of, for the files of this folder that are its core.
 *
 * Layer:   camera.
 * Threads: that of the camera, but for what again.c's own thread has while the camera is away.
 * Memory:  the camera's.
 */
#ifndef AS_CAMERA_CAMERA_PRIV_H
#define AS_CAMERA_CAMERA_PRIV_H

#include <stdatomic.h>

#include "camera/setting.h"

typedef struct as_again as_again;

struct as_camera {
    const as_camera_driver *driver;
    char                   *uri;  /* without a password */
    char                   *rest; /* of the URI, all of it */
    as_camera_cfg           cfg;
    as_camera_geometry      geometry;
    as_frame_pool          *pool;
    uint32_t          n_frames; /* the pool holds one more, to take what finds no free one: it is lost and counted */
    atomic_bool       stopped;
    as_camera_stats   stats;
    uint64_t          next_sequence, base_sequence; /* base: the driver counts from 0 again after a return */
    as_setting_wishes settings;                     /* made since it was opened, in their order */
    as_setting_wishes kept;                         /* of a device that comes back: what it had */
    as_again         *again;                        /* not NULL: the camera is away, and priv is again's */
    void             *priv;                         /* the driver's */
    as_ns             opened_at;
    bool              said_waits; /* that no frame came, and what the camera waits for */
};

/* Lets the driver begin, once it is open and there is a pool. */
AS_CHECK bool as_camera_start(as_camera *cam, as_err *err);

/* --- again.c: a camera that was lost and comes back --- */

/* The camera does not answer any more, for this reason: from now on a thread tries to open it. */
AS_CHECK bool as_again_start(as_camera *cam, const as_err *why, as_err *err);

/* Waits for its return. True: it is back, with its settings, and priv is the camera's again. AS_ETIMEOUT. */
AS_CHECK bool as_again_wait(as_camera *cam, as_ns deadline, as_err *err);

as_ns as_again_away(const as_camera *cam); /* so long by now; 0: it is there */

void as_again_stop(as_camera *cam); /* ends the thread; harmless without one */

/* --- adjust.c --- */

/* Checks and sets one feature of a driver, and reads it back (ret may be NULL). */
AS_CHECK bool as_driver_set(const as_camera_driver *driver, void *priv, const char *name, const char *value,
                            as_setting *ret, as_err *err);

#endif
