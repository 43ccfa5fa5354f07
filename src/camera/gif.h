/* SPDX-License-Identifier: Apache-2.0 */
/* gif.h - how many frames a GIF has, and when each is shown.
 *
 * Layer:   camera.
 * Threads: any thread (no shared state).
 * Memory:  the stamps are the caller's to free.
 *
 * GStreamer's GIF demuxer (libav 1.22) gives all frames the stamp 0 and never says that the last one came, so both are read
 * off the file: the blocks of the GIF89a specification (CompuServe 1990, sections 17 to 27), pixels left alone.
 */
#ifndef AS_CAMERA_GIF_H
#define AS_CAMERA_GIF_H

#include "base/clock.h"
#include "base/err.h"

#define AS_GIF_MAX_FRAMES ((size_t)1000 * 1000)

bool as_gif_is(const uint8_t *bytes, size_t n);

/* Stamps of the frames that are whole, the first 0. A delay of under 2/100 s is 1/10 s, as browsers have it. AS_EFORMAT when
 * there is none, AS_ELIMIT beyond the maximum. */
AS_CHECK bool as_gif_stamps(const uint8_t *bytes, size_t n, as_ns **ret_stamps, size_t *ret_n, as_err *err);

#endif
