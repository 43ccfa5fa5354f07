/* SPDX-License-Identifier: Apache-2.0 */
/* prepare.h - from camera pixels to a network's input in one pass: crop, resize, colour, normalise, quantise, lay out.
 *
 * Layer:   image.
 * Threads: an as_prepare belongs to one thread.
 * Memory:  as_prepare_new allocates tables and row buffers for one source geometry; running allocates nothing while the
 *          geometry stays the same.
 *
 * Shrinking averages over the exact source area of each pixel (a box filter, as OpenCV's INTER_AREA); enlarging is
 * bilinear with pixel centres at .5. The value of channel c is (v - mean[c]) / scale[c], v in 0..255 whatever the bits of
 * the pixel format. No picture stands between the camera's and the input: rows are gone through once, a few at a time. The
 * same code serves training, evaluation and the line.
 */
#ifndef AS_IMAGE_PREPARE_H
#define AS_IMAGE_PREPARE_H

#include "image/axis.h"
#include "image/frame.h"
#include "image/put.h"

typedef enum as_resize {
    AS_RESIZE_NONE,
    AS_RESIZE_STANDARD,
    AS_RESIZE_LETTERBOX,
    AS_RESIZE_CROP,
    AS_RESIZE_COUNT
} as_resize;

/* OpenVINO's words for the same: "standard", "fit_to_window_letterbox", "crop" (the middle, aspect kept). */
const char *as_resize_name(as_resize resize);
as_resize   as_resize_parse(const char *name); /* AS_RESIZE_NONE if unknown */

/* A part of a picture, in its pixels; width 0: all of it. */
typedef struct as_roi {
    uint32_t x, y, width, height;
} as_roi;

typedef struct as_input_spec {
    uint32_t  width, height; /* of the network's input, pixels */
    uint32_t  channels;      /* 1 or 3 */
    as_resize resize;
    uint8_t   pad_value;         /* for letterbox */
    bool      bgr;               /* channel 0 is blue */
    float     mean[3], scale[3]; /* in the order of the output channels */
    as_roi    roi;               /* what of the picture is looked at; the rest is as if it were not there */
    as_filter filter;            /* AS_FILTER_AREA (0) unless the network was trained with another */
} as_input_spec;

typedef struct as_prepare as_prepare;

AS_CHECK as_prepare *as_prepare_new(const as_input_spec *spec, as_err *err);
as_prepare          *as_prepare_free(as_prepare *prepare);

/* The same in another layout or other numbers, made in the same pass. as_prepare_new gives planar f32 (NCHW with N = 1). */
AS_CHECK as_prepare *as_prepare_new_as(const as_input_spec *spec, const as_put_spec *put, as_err *err);
size_t               as_prepare_bytes(const as_prepare *prepare); /* of what a run writes */

/* Of a picture in any pixel format. Mono sources fill all channels; colour becomes one channel by ITU-R BT.601 luma
 * (0.299, 0.587, 0.114). Where the picture's mean values lie is said in resample.h. */
AS_CHECK bool as_prepare_run(as_prepare *prepare, const as_image *image, void *out, as_err *err);

/* From places in the network's input to places in the picture: x * scale_x + shift_x. Places are continuous: pixel i
 * covers [i, i + 1), its centre is at i + 0.5. */
typedef struct as_mapping {
    double   scale_x, scale_y, shift_x, shift_y;
    uint32_t width, height; /* of what is mapped to: the picture */
} as_mapping;

/* Of a picture of width x height pixels that goes through as_prepare_run with this spec. AS_EINVAL when the spec's region
 * does not lie in such a picture, or no way to resize was chosen. */
AS_CHECK bool as_prepare_to_source(const as_input_spec *spec, uint32_t width, uint32_t height, as_mapping *ret,
                                   as_err *err);
/* The way back: from the picture to the network's input of spec->width x spec->height. */
as_mapping as_mapping_invert(const as_mapping *mapping, uint32_t width, uint32_t height);

void as_mapping_point(const as_mapping *mapping, double *x, double *y);
/* Corners x0, y0, x1, y1, cut to what lies within the picture (0..width, 0..height). */
void as_mapping_box(const as_mapping *mapping, float box[4]);

/* The same resize to 8-bit RGB or Mono (rounded), for training sets held in memory and for thumbnails; at the same size, from
 * any pixel format to a plain one. out must have pixel (a plain one), width, height and memory set. */
AS_CHECK bool as_image_resize(const as_image *image, as_resize resize, uint8_t pad_value, as_image *out, as_err *err);

#endif
