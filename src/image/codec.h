/* SPDX-License-Identifier: Apache-2.0 */
/* codec.h - picture files to pictures, and JPEG and PNG back, whatever bytes come.
 *
 * Layer:   image.
 * Threads: any thread (no shared state).
 * Memory:  ret pictures are as_image_new'ed: as_image_done() them. Decoding takes at most the picture, one row of 16-bit
 *          RGBA (for TIFF in planes or turned, the picture once more) and the library's own state; sizes are checked against AS_IMAGE_MAX_* before any allocation.
 *
 * What comes out is Mono8 or RGB8, upright: EXIF orientation is applied; palettes are expanded; 16-bit samples are
 * rounded to 8; transparency is laid over black; CMYK and YCCK (with Adobe's inversion in JPEG) become RGB. Of a file with
 * several pages the first is decoded. The info tells what the file really held.
 */
#ifndef AS_IMAGE_CODEC_H
#define AS_IMAGE_CODEC_H

#include "base/str.h"
#include "image/frame.h"

typedef enum as_codec {
    AS_CODEC_NONE,
    AS_CODEC_JPEG,
    AS_CODEC_PNG,
    AS_CODEC_TIFF,
    AS_CODEC_BMP,
    AS_CODEC_PNM,
    AS_CODEC_COUNT
} as_codec;

#define AS_CODEC_TITLES  "JPEG, PNG, TIFF, BMP or PNM"
#define AS_CODEC_ENDINGS ".jpg, .jpeg, .png, .tif, .tiff, .bmp, .pgm, .ppm, .pnm"

const char *as_codec_name(as_codec codec); /* "jpeg", "png", "tiff", "bmp", "pnm" */

#define AS_CODEC_ENDING_BYTES 8

/* True when a file of this name may be a picture; ret (or NULL) then gets its ending as in AS_CODEC_ENDINGS, with no dot. */
bool as_codec_ending(const char *name, char ret[AS_CODEC_ENDING_BYTES]);

#define AS_CODEC_MAX_PAGES 10000

typedef struct as_codec_info {
    as_codec codec;
    uint32_t width, height; /* upright, pixels */
    uint32_t channels;      /* in the file: 1, 2 (grey + alpha), 3, 4 */
    uint32_t bit_depth;     /* per channel: 1, 2, 4, 5 (a BMP of 16 bits), 8, 16 */
    bool     has_alpha, has_palette, is_cmyk;
    uint32_t orientation; /* EXIF, 1 to 8 */
    uint32_t n_pages;     /* 1; more in a TIFF of several pages, counted up to AS_CODEC_MAX_PAGES */
} as_codec_info;

/* Reads the header only. AS_EFORMAT ("is no ... picture (it begins like a ZIP archive)"), AS_ELIMIT. */
AS_CHECK bool as_codec_probe(const uint8_t *bytes, size_t n, as_codec_info *ret, as_err *err);

/* Decodes every pixel. A picture that ends early or whose data is damaged is AS_ECORRUPT, never half a picture. ret_info
 * may be NULL. */
AS_CHECK bool as_codec_decode(const uint8_t *bytes, size_t n, as_image *ret, as_codec_info *ret_info, as_err *err);

/* As as_codec_decode, for who measures brightness alone. A JPEG picture in YCbCr comes as its Y in Mono8: all of its data is
 * read, and found damaged, as ever, but no colour is made of it. Others come as they do there. */
AS_CHECK bool as_codec_decode_luma(const uint8_t *bytes, size_t n, as_image *ret, as_codec_info *ret_info, as_err *err);

/* As as_codec_decode, into a frame's memory (as_frame_reshape). */
AS_CHECK bool as_codec_decode_frame(const uint8_t *bytes, size_t n, as_frame *frame, as_err *err);

/* Appends the file to out. effort: zlib level 0 to 9; 1 is fast. */
AS_CHECK bool as_codec_encode_png(const as_image *image, int effort, as_str *out, as_err *err);
/* Of any pixel format: Mono of more than 8 bits becomes grey of 16, of which black and white are the sensor's; Bayer is
 * developed (unpack.h), of more than 8 bits to RGB of 16, in the same way; YUV becomes RGB of 8. */
AS_CHECK bool as_codec_encode_png_any(const as_image *image, int effort, as_str *out, as_err *err);
AS_CHECK bool as_codec_encode_jpeg(const as_image *image, int quality, as_str *out, as_err *err); /* 1 to 100, 4:2:0 */
/* sampling: brightness samples for one of colour, across times 16 plus down (0x11: 4:4:4, 0x22: 4:2:0); each 1, 2 or 4. */
AS_CHECK bool as_codec_encode_jpeg_sampled(const as_image *image, int quality, uint32_t sampling, as_str *out,
                                           as_err *err);

#endif
