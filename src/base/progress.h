/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h - how a library tells how far it is, and learns that it should stop.
 *
 * Layer:   base.
 * Threads: step() may be called from the thread that was given the as_progress only; stop may be set by any.
 * Memory:  belongs to the caller.
 */
#ifndef AS_BASE_PROGRESS_H
#define AS_BASE_PROGRESS_H

#include <stdatomic.h>

#include "base/err.h"

typedef struct as_progress {
    /* what: "hashing", "epoch 3 loss 0.21"; total 0 when it is not known. NULL: nobody looks. */
    void (*step)(void *ctx, const char *what, uint64_t done, uint64_t total);
    void              *ctx;
    const atomic_bool *stop; /* true: end early, tidy, with AS_ECANCELLED. NULL: never. */
} as_progress;

/* Both accept a NULL progress. */
void          as_progress_step(const as_progress *progress, const char *what, uint64_t done, uint64_t total);
AS_CHECK bool as_progress_go_on(const as_progress *progress, as_err *err); /* false: AS_ECANCELLED */

#endif
