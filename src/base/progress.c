/* SPDX-License-Identifier: Apache-2.0 */
#include "base/progress.h"

void as_progress_step(const as_progress *progress, const char *what, uint64_t done, uint64_t total)
{
    if (progress && progress->step)
        progress->step(progress->ctx, what, done, total);
}

bool as_progress_go_on(const as_progress *progress, as_err *err)
{
    if (!progress || !progress->stop || !atomic_load_explicit(progress->stop, memory_order_relaxed))
        return true;
    return AS_FAIL(err, AS_ECANCELLED, "stopped before the end, as asked");
}
