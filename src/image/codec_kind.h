/* SPDX-License-Identifier: Apache-2.0 */
/* codec_kind.h - what one kind of picture file provides: codec_<name>.c defines as_codec_kind_<name>.
 *
 * Layer:   image, for its codecs.
 * Threads: any thread (no shared state).
 * Memory:  a kind's functions free what they took before they return.
 */
#ifndef AS_IMAGE_CODEC_KIND_H
#define AS_IMAGE_CODEC_KIND_H

#include "image/codec.h"

/* Where the pixels go: asked once, when the header is read and before any pixel is. */
typedef struct as_codec_target {
    bool luma; /* brightness will do: as_codec_decode_luma */
    bool (*make)(void *ctx, as_pixel pixel, uint32_t width, uint32_t height, as_image *ret, as_err *err);
    void *ctx;
} as_codec_target;

#define AS_CODEC_MAGICS 5

typedef struct as_codec_kind {
    as_codec    codec;
    const char *name;                    /* lower case, for programs */
    const char *title;                   /* for people */
    const char *magics[AS_CODEC_MAGICS]; /* the bytes a file begins with, one of these; NULL past the last */
    size_t      magic_bytes;
    /* Reads the header; with a target, all pixels too. ret_info is written only on success. */
    bool (*read)(const uint8_t *bytes, size_t n, const as_codec_target *target, as_codec_info *ret_info, as_err *err);
} as_codec_kind;

extern const as_codec_kind as_codec_kind_jpeg, as_codec_kind_png, as_codec_kind_tiff, as_codec_kind_bmp,
    as_codec_kind_pnm;

/* Width and height of the upright picture from the stored ones. */
void as_codec_info_size(as_codec_info *info, uint32_t width, uint32_t height);

/* What a library says, made fit to stand inside a message: its first letter small. */
void as_codec_quote(char *text);

#endif
