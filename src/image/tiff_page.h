/* SPDX-License-Identifier: Apache-2.0 */
/* tiff_page.h - one page of a TIFF as a TIFF of its own, its compressed data as it stands: depth, tiles and colours stay.
 *
 * Layer:   image.
 * Threads: any thread (no shared state).
 * Memory:  none kept.
 *
 * The layout: Adobe, TIFF 6.0, section 2; BigTIFF (libtiff's design document). Directories within directories (EXIF, GPS,
 * thumbnails) are left behind, and so is what numbers the page.
 */
#ifndef AS_IMAGE_TIFF_PAGE_H
#define AS_IMAGE_TIFF_PAGE_H

#include "base/err.h"
#include "base/str.h"

/* page counts from 1. Appends the file to out, in the byte order of the source. AS_ENOTFOUND: there are fewer; AS_ECORRUPT. */
AS_CHECK bool as_tiff_page(const uint8_t *bytes, size_t n, uint32_t page, as_str *out, as_err *err);

#endif
