/* SPDX-License-Identifier: Apache-2.0 */
/* lanes.h - many pictures through a few workers that each keep tools of their own (a session, a buffer).
 *
 * Layer:   lab.
 * Threads: the caller's thread is one of the lanes, and the only one that reports progress.
 * Memory:  what open makes, close frees.
 */
#ifndef AS_LAB_LANES_H
#define AS_LAB_LANES_H

#include "base/progress.h"

typedef struct as_lanes {
    size_t      n;       /* items */
    uint32_t    threads; /* lanes; 0: all cores */
    const char *what;    /* for progress: "decoding" */
    void       *ctx;
    void *(*open)(void *ctx, as_err *err); /* tools of one lane; NULL fails. May be NULL when none are needed */
    bool (*item)(void *ctx, void *tools, size_t i, as_err *err);
    void (*close)(void *ctx, void *tools); /* NULL tools are fine */
} as_lanes;

/* Every item once, on whichever lane is free. Ends early with the first error seen, or AS_ECANCELLED. */
AS_CHECK bool as_lanes_run(const as_lanes *lanes, const as_progress *progress, as_err *err);

#endif
