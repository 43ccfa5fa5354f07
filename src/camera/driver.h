/* SPDX-License-Identifier: Apache-2.0 */
/* driver.h - what camera drivers share: typed query values, pacing, time stamps.
 *
 * Layer:   camera.
 * Threads: one thread (that of the camera).
 * Memory:  plain values.
 */
#ifndef AS_CAMERA_DRIVER_H
#define AS_CAMERA_DRIVER_H

#include "camera/camera.h"

/* Each leaves *ret as it is when the key is absent; AS_EINVAL names key, value and what is allowed. */
AS_CHECK bool as_uri_query_number(const as_uri_query *query, const char *key, double low, double high, double *ret,
                                  as_err *err);
AS_CHECK bool as_uri_query_count(const as_uri_query *query, const char *key, uint64_t low, uint64_t high, uint64_t *ret,
                                 as_err *err);
AS_CHECK bool as_uri_query_flag(const as_uri_query *query, const char *key, bool *ret, as_err *err); /* 0 or 1 */

/* Frames that fall due one period after the other, from the first that is asked for. */
typedef struct as_pace {
    as_ns    period; /* 0: always due */
    as_ns    next;   /* 0: not begun */
    uint32_t behind; /* so many may wait to be fetched, as in a camera's own buffers; older ones are lost */
} as_pace;

/* Waits until the next frame is due; *ret_due is when that was, *ret_lost how many fell due unseen before it.
 * AS_ETIMEOUT when the deadline comes first. */
AS_CHECK bool as_pace_wait(as_pace *pace, as_ns deadline, as_ns *ret_due, uint64_t *ret_lost, as_err *err);

/* What a device's own numbers and times say of the frames that come. Zeroed: none came yet. */
typedef struct as_arrivals {
    bool     any;
    uint64_t last_id;
    as_ns    last_device, last_arrival;
    double   least_lag; /* between the device's clock and the arrival, ns: the shortest lately */
} as_arrivals;

/* A frame with number `id` (0: the device has none) and time `device` (0: none) came at `arrival`. *ret_step is how many frames
 * further it is than the one before: 0 the first and one that is repeated, 2 when one is missing. AS_FRAME_REPEATED for a
 * number or a time that came already; AS_FRAME_LATE when it took `late` longer than others lately did (0: never). Numbers of
 * 16 bits begin again at 1. */
as_frame_status as_arrivals_take(as_arrivals *arrivals, uint64_t id, as_ns device, as_ns arrival, as_ns late,
                                 uint64_t *ret_step);

/* Sets both times of a frame whose trigger was at `mono`. */
void as_camera_stamp(as_frame *frame, as_ns mono);

#endif
