/* SPDX-License-Identifier: Apache-2.0 */
/* gvsp_counts.h - what became of a camera's packets and pictures.
 *
 * Layer:   camera.
 * Threads: pure.
 * Memory:  none.
 */
#ifndef AS_CAMERA_GVSP_COUNTS_H
#define AS_CAMERA_GVSP_COUNTS_H

#include "base/def.h"

/* Each packet is one of used, over, twice, late, an error or ignored. */
typedef struct as_gvsp_counts {
    uint64_t n_packets;         /* that came, whatever they were */
    uint64_t n_used, n_pixels;  /* those that a picture lacked, and those of them that hold pixels */
    uint64_t n_over;            /* trailers, and what is behind the pixels */
    uint64_t n_twice;           /* that were there */
    uint64_t n_late_packets;    /* of pictures that were over, or seemed to be, and were not whole */
    uint64_t n_errors;          /* the camera's word that it has one no more, or not yet */
    uint64_t n_ignored;         /* of a picture without memory, no image, of a wrong length, or no packet at all */
    uint64_t n_whole;           /* pictures */
    uint64_t n_underruns;       /* pictures for which there was no memory */
    uint64_t n_incomplete;      /* given up */
    uint64_t n_asked, n_resent; /* packets, and those of them that came */
    uint64_t n_missing;         /* packets of what was given up */
    uint64_t n_pauses;          /* silences in the middle of a picture, a quarter of the wait long */
    uint64_t n_late;            /* leaders of pictures that were over, or seemed to be */
    uint64_t n_other;           /* payloads that are no image, or too large */
} as_gvsp_counts;

#endif
