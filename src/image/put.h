/* SPDX-License-Identifier: Apache-2.0 */
/* put.h - rows of floats as the layout and the numbers a network's first operation reads.
 *
 * Layer:   image, for prepare.c.
 * Threads: an as_put belongs to one thread.
 * Memory:  as_put_init allocates a few rows; putting allocates nothing.
 */
#ifndef AS_IMAGE_PUT_H
#define AS_IMAGE_PUT_H

#include "base/err.h"

typedef enum as_put_layout {
    AS_PUT_PLANAR,  /* NCHW */
    AS_PUT_LAST,    /* NHWC */
    AS_PUT_BLOCK8,  /* nChw8c: of 8 channels beside each other, those that are not there are 0 */
    AS_PUT_BLOCK16, /* nChw16c */
    AS_PUT_LAYOUT_COUNT
} as_put_layout;

typedef enum as_put_type {
    AS_PUT_F32,
    AS_PUT_BF16, /* the nearest, halves to even */
    AS_PUT_U8, /* round(x / scale) + zero, halves to even, within 0..255: as ONNX' QuantizeLinear of what F32 would hold */
    AS_PUT_TYPE_COUNT
} as_put_type;

typedef struct as_put_spec {
    as_put_layout layout;
    as_put_type   type;
    float         scale; /* of U8; elsewhere not looked at */
    int32_t       zero;
} as_put_spec;

typedef struct as_put {
    as_put_spec spec;
    uint32_t    width, height, channels;
    float      *rows[3]; /* where a row's values are written before as_put_row */
    void       *typed[3];
    size_t      each; /* bytes of a value */
} as_put;

/* 1 or 3 channels. AS_EINVAL: a scale or zero that no u8 can have. *put must be zeroed or done. */
AS_CHECK bool as_put_init(as_put *put, const as_put_spec *spec, uint32_t width, uint32_t height, uint32_t channels,
                          as_err *err);
void          as_put_done(as_put *put); /* a zeroed one is fine */
size_t        as_put_bytes(const as_put *put);

/* Where values of row y from column x on may be written as they are, when F32 and PLANAR; NULL otherwise. */
float *as_put_direct(const as_put *put, void *out, uint32_t channel, uint32_t x, uint32_t y);

/* rows[c][0..n) to columns x.. of row y. */
void as_put_row(const as_put *put, void *out, float *const *rows, uint32_t x, uint32_t y, uint32_t n);

#endif
