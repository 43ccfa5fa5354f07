/* SPDX-License-Identifier: Apache-2.0 */
/* crew.h - transfers beside each other, while the calling thread tells how far they are.
 *
 * Layer:   remote.
 * Threads: one thread calls; fn runs on others.
 * Memory:  none is kept.
 */
#ifndef AS_REMOTE_CREW_H
#define AS_REMOTE_CREW_H

#include "base/progress.h"

typedef struct as_crew {
    const char           *what;     /* for progress */
    const as_progress    *progress; /* may be NULL */
    uint32_t              threads;
    uint64_t              total; /* of *done */
    atomic_uint_least64_t done;  /* added to by fn */
} as_crew;

/* fn(ctx, i) for i in [0, n), in this order. False with the error of the first item that failed; then no more begin. */
AS_CHECK bool as_crew_run(as_crew *crew, size_t n, bool (*fn)(void *ctx, size_t i, as_err *err), void *ctx,
                          as_err *err);

#endif
