/* SPDX-License-Identifier: Apache-2.0 */
/* frame.h - pictures as views of pixels, and frames: one picture with what is known about it, counted and pooled.
 *
 * Layer:   image (may use base/).
 * Threads: a frame may pass between threads; its pixels are written by its camera only, before it is handed on.
 *          ref and unref from any thread.
 * Memory:  as_image_new/done own pixels on the heap; a pool's frames are made once and go back to it at the last unref.
 */
#ifndef AS_IMAGE_FRAME_H
#define AS_IMAGE_FRAME_H

#include "base/hash.h"
#include "image/pixel.h"

/* Rows from top to bottom, channels interleaved, row r at data + r * stride_bytes; pixel.h says how other formats lie. */
typedef struct as_image {
    as_pixel pixel;
    uint32_t width, height; /* pixels */
    size_t   stride_bytes;
    uint8_t *data;
} as_image;

#define AS_IMAGE_MAX_PIXELS (100u * 1000u * 1000u)
#define AS_IMAGE_MAX_SIDE   32768u

/* A picture on the heap, rows packed, not cleared. AS_ELIMIT beyond the two maxima above, AS_ENOMEM. */
AS_CHECK bool as_image_new(as_image *image, as_pixel pixel, uint32_t width, uint32_t height, as_err *err);
void          as_image_done(as_image *image); /* of as_image_new only; a zeroed image is fine */

/* False for a size no picture may have: AS_EINVAL for 0, AS_ELIMIT beyond the maxima. */
AS_CHECK bool as_image_check_size(uint32_t width, uint32_t height, as_err *err);

/* False when the view cannot be read as it says: no pixels, no format, a size or stride that does not fit. Of plain
 * formats only: AS_EUNSUPPORTED for the others, which as_image_check_any takes too. */
AS_CHECK bool as_image_check(const as_image *image, as_err *err);
AS_CHECK bool as_image_check_any(const as_image *image, as_err *err);

typedef enum as_frame_status {
    AS_FRAME_NONE,
    AS_FRAME_OK,
    AS_FRAME_INCOMPLETE, /* pixels are missing: never judged */
    AS_FRAME_CORRUPT,    /* could not be decoded: never judged */
    AS_FRAME_LATE,       /* whole, but it came so long after its exposure that its part has gone by: never judged */
    AS_FRAME_REPEATED,   /* sent a second time under the same number or time: never judged again */
    AS_FRAME_MISFIT,     /* whole, but not of the size that the station names: never judged; the line's finding */
    AS_FRAME_STATUS_COUNT
} as_frame_status;

const char *as_frame_status_name(as_frame_status status); /* "ok", "incomplete", ... */

#define AS_LABEL_BYTES      64
#define AS_FRAME_NAME_BYTES 512

/* What is really in the picture, when the source knows: the twin, or a folder sorted by class. */
typedef struct as_truth {
    bool     known;
    char     label[AS_LABEL_BYTES]; /* class name */
    float    severity;              /* of the defect: 0 none, to 1 obvious; NAN when not known */
    float    box_px[4];             /* x, y, width, height of the defect; all 0: none or not known */
    uint32_t faults;                /* of the station, as bits of the twin's as_fault; 0: none, or not known */
} as_truth;

typedef struct as_frame as_frame;
struct as_frame {
    as_image        image;
    as_frame_status status;
    uint64_t        sequence;                  /* counts the camera's frames from 0, gaps are lost frames */
    uint64_t        part;                      /* counts the parts from 1 */
    as_ns           time_mono, time_utc;       /* of the trigger */
    as_ns           time_stream;               /* in a recording or a stream, from its beginning; 0 elsewhere */
    as_ns           time_device;               /* of the camera's own clock, whose zero is its own; 0: it sends none */
    char            name[AS_FRAME_NAME_BYTES]; /* where it came from: a file's name (escaped), else "" */
    as_truth        truth;
    as_origin       origin; /* of the part, or of the picture's bytes */
};

typedef struct as_frame_pool as_frame_pool;

/* n_frames of at most width x height of that pixel format. AS_ELIMIT, AS_ENOMEM. */
AS_CHECK as_frame_pool *as_frame_pool_new(as_pixel pixel, uint32_t width, uint32_t height, uint32_t n_frames,
                                          as_err *err);
/* The same, with at least so many bytes for each, which a frame may hold before it is reshaped. */
AS_CHECK as_frame_pool *as_frame_pool_new_of(as_pixel pixel, uint32_t width, uint32_t height, size_t least_bytes,
                                             uint32_t n_frames, as_err *err);
as_frame_pool          *as_frame_pool_free(as_frame_pool *pool); /* after every frame came back; NULL is fine */

/* A frame with one reference, the pool's full size and every other field zero; NULL when all are in use. No wait. */
AS_CHECK as_frame *as_frame_pool_get(as_frame_pool *pool);
uint32_t           as_frame_pool_in_use(const as_frame_pool *pool);
size_t             as_frame_capacity_bytes(const as_frame *frame);

/* Gives the frame another geometry within its memory (rows packed); AS_ELIMIT if it does not fit. */
AS_CHECK bool as_frame_reshape(as_frame *frame, as_pixel pixel, uint32_t width, uint32_t height, as_err *err);

/* Exchanges the memory of two frames of one pool, pixels and all; what else they say stays. Both are the caller's alone. */
void as_frame_swap(as_frame *a, as_frame *b);

as_frame *as_frame_ref(as_frame *frame);
as_frame *as_frame_unref(as_frame *frame); /* NULL is fine; returns NULL */

#endif
