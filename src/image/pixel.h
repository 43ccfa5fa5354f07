/* SPDX-License-Identifier: Apache-2.0 */
/* pixel.h - the pixel formats of cameras, as one table of facts.
 *
 * Layer:   image.
 * Threads: immutable.
 * Memory:  none.
 *
 * All of Assay reads Mono8 and RGB8 (as_pixel_plain). The other formats are what a sensor or a bus delivers: they are read
 * by what makes a network's input of a picture (prepare.h), and by as_image_resize, which makes a plain picture of one.
 */
#ifndef AS_IMAGE_PIXEL_H
#define AS_IMAGE_PIXEL_H

#include "base/def.h"

typedef enum as_pixel {
    AS_PIXEL_NONE,
#define X(id, ...) AS_PIXEL_##id,
#include "image/pixel.def"
#undef X
    AS_PIXEL_COUNT
} as_pixel;

typedef enum as_pixel_kind {
    AS_PIXEL_KIND_NONE,
    AS_PIXEL_KIND_MONO,
    AS_PIXEL_KIND_RGB,    /* three samples a pixel */
    AS_PIXEL_KIND_BAYER,  /* one sample a pixel behind a red, green or blue filter; at least 2 x 2 pixels */
    AS_PIXEL_KIND_YUV422, /* four bytes for two pixels beside each other: two of luma, one U, one V */
    AS_PIXEL_KIND_NV12, /* rows of luma; right behind them, with the same stride, rows of U and V in turn, one pair for
                             2 x 2 pixels */
} as_pixel_kind;

/* What the numbers of Y, U and V mean: the matrix of ITU-R BT.601-7 (2.5.1) or BT.709-6 (3.2), and luma in 16..235 with
 * chroma in 16..240, or both in 0..255 (ISO/IEC 10918-5, JFIF). */
typedef enum as_yuv {
    AS_YUV_NONE,
    AS_YUV_BT601,
    AS_YUV_BT601_FULL,
    AS_YUV_BT709,
    AS_YUV_BT709_FULL,
} as_yuv;

typedef struct as_pixel_facts {
    const char   *name;
    uint32_t      code;
    as_pixel_kind kind;
    uint8_t       bits;
    bool          packed;
    uint8_t       first_x, first_y;
    as_yuv        yuv;
} as_pixel_facts;

const as_pixel_facts *as_pixel_facts_of(as_pixel pixel); /* of AS_PIXEL_NONE and beyond: named "none", all else 0 */
const char           *as_pixel_name(as_pixel pixel);     /* the GenICam PFNC name: "Mono8", "BayerRG12p" */
as_pixel              as_pixel_parse(const char *name);  /* AS_PIXEL_NONE if unknown */
as_pixel              as_pixel_of_code(uint32_t code);   /* the PFNC's; AS_PIXEL_NONE if unknown */
bool                  as_pixel_plain(as_pixel pixel);    /* Mono8 or RGB8 */

/* Bytes of a pixel, and channels, of formats whose samples are bytes beside each other: 1 of Mono8, 3 of RGB8 and BGR8; 0
 * of all others. */
uint32_t as_pixel_bytes(as_pixel pixel);

size_t   as_pixel_row_bytes(as_pixel pixel, uint32_t width); /* the least a row takes; 0 of AS_PIXEL_NONE */
uint32_t as_pixel_rows(as_pixel pixel, uint32_t height);     /* rows in memory, those of a second plane too */

/* The linear form of R, G, B (0..255) by Y, U, V bytes: rgb[i] = y * m[0] + u * m[1] + v * m[2] + m[3]. */
typedef struct as_yuv_matrix {
    float m[3][4];
} as_yuv_matrix;

as_yuv_matrix as_yuv_matrix_of(as_yuv yuv);

#endif
