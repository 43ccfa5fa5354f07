/* SPDX-License-Identifier: Apache-2.0 */
/* strip.h - a picture's file without anything but the picture.
 *
 * Layer:   intake.
 * Threads: pure.
 * Memory:  appends to the caller's string.
 */
#ifndef AS_INTAKE_STRIP_H
#define AS_INTAKE_STRIP_H

#include "base/str.h"

/* The same compressed pixels without EXIF (with its place and thumbnail), XMP, colour profiles, comments, texts, times,
 * further pictures, and whatever follows the end (ITU-T T.81 annex B; PNG, W3C 2003, clause 11). False, with out as it was,
 * when the bytes are neither JPEG nor PNG or their parts cannot be told apart: then encode the pixels anew. */
AS_CHECK bool as_strip(const uint8_t *bytes, size_t n, as_str *out);

/* Sampling of the chroma of a JPEG: horizontal times 16 plus vertical (0x22: 4:2:0); 0x11 when it cannot be told. */
uint32_t as_strip_jpeg_sampling(const uint8_t *bytes, size_t n);

#endif
