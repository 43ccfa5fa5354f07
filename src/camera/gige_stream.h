/* SPDX-License-Identifier: Apache-2.0 */
/* gige_stream.h - pictures of a GenICam camera: of GigE Vision by a receiver of our own, of USB3 Vision by Aravis'.
 *
 * Layer:   camera (the gige module alone).
 * Threads: that of the camera; the receiver has one of its own.
 * Memory:  the stream's, and of our own kind n_held frames of the pool until close().
 */
#ifndef AS_CAMERA_GIGE_STREAM_H
#define AS_CAMERA_GIGE_STREAM_H

#include <arv.h>

#include "camera/gige_config.h"
#include "camera/gige_silence.h"
#include "camera/gvsp_receive.h"

typedef struct as_gige_stream as_gige_stream;

bool as_gige_stream_is_own(ArvCamera *camera);

/* What the camera was asked for: its region in pixels, and the bytes of a picture with all that comes with it. */
typedef struct as_gige_shape {
    uint32_t width, height, payload;
} as_gige_shape;

/* Agrees about packets and where they go; the camera does not send yet. */
AS_CHECK as_gige_stream *as_gige_stream_open(ArvCamera *camera, const as_gige_config *config,
                                             const as_gige_shape *shape, as_frame_pool *pool, uint32_t n_held,
                                             as_err *err);
/* NULL is fine. answers: whether the camera can be told. */
as_gige_stream *as_gige_stream_close(as_gige_stream *stream, bool answers);

typedef struct as_gige_came {
    uint64_t        id;
    as_ns           device, began; /* by the camera's clock (0: it has none), and by the monotonic one */
    as_frame_status status;        /* ok, incomplete, or corrupt: not the `pixel` that was asked for, or no image */
} as_gige_came;

/* Waits for the next one and puts its picture, when it is whole, into the frame. False: none by the deadline. */
AS_CHECK bool as_gige_stream_next(as_gige_stream *stream, as_pixel pixel, as_frame *frame, as_ns deadline,
                                  as_gige_came *ret);

bool as_gige_stream_is_deaf(const as_gige_stream *stream); /* no packet of pixels ever came, nor of what is no image */
/* What may be the matter, of one that is deaf. Asks the camera; false: it does not answer by the deadline. */
AS_CHECK bool as_gige_stream_why_deaf(const as_gige_stream *stream, as_ns deadline, char text[AS_GIGE_SILENCE_BYTES]);

void     as_gige_stream_count(as_gige_stream *stream, as_camera_stream *ret);
bool     as_gige_stream_is_urgent(const as_gige_stream *stream); /* its thread is before all ordinary ones */
uint64_t as_gige_stream_socket_bytes(const as_gige_stream *stream);

#endif
