/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/lanes.h"

#include <pthread.h>

#include "base/thread.h"

typedef struct lanes_run {
    const as_lanes    *lanes;
    const as_progress *progress;
    pthread_t          caller;
    atomic_size_t      next, done;
    atomic_bool        failed;
} lanes_run;

static bool lanes_work(lanes_run *run, void *tools, as_err *err)
{
    const as_lanes *lanes = run->lanes;
    bool            ok = true, reports = pthread_equal(pthread_self(), run->caller);
    while (ok && !atomic_load(&run->failed)) {
        size_t i = atomic_fetch_add(&run->next, 1);
        if (i >= lanes->n)
            break;
        ok = as_progress_go_on(run->progress, err) && lanes->item(lanes->ctx, tools, i, err);
        if (!ok)
            atomic_store(&run->failed, true);
        size_t done = atomic_fetch_add(&run->done, 1) + 1;
        if (ok && reports)
            as_progress_step(run->progress, lanes->what, done, lanes->n);
    }
    return ok;
}

static bool lanes_one(void *ctx, size_t lane, as_err *err)
{
    (void)lane;
    lanes_run      *run = ctx;
    const as_lanes *lanes = run->lanes;
    void           *tools = NULL;
    if (atomic_load(&run->next) >= lanes->n) /* a lane before this one did all the work */
        return true;
    bool ok = !lanes->open || (tools = lanes->open(lanes->ctx, err)) != NULL;
    ok = ok && lanes_work(run, tools, err);
    if (lanes->close)
        lanes->close(lanes->ctx, tools);
    if (!ok)
        atomic_store(&run->failed, true);
    return ok;
}

bool as_lanes_run(const as_lanes *lanes, const as_progress *progress, as_err *err)
{
    lanes_run run = {.lanes = lanes, .progress = progress, .caller = pthread_self()};
    uint32_t  threads = lanes->threads ? lanes->threads : as_thread_cores();
    size_t    n_lanes = AS_MIN((size_t)threads, lanes->n);
    atomic_init(&run.next, 0);
    atomic_init(&run.done, 0);
    atomic_init(&run.failed, false);
    as_progress_step(progress, lanes->what, 0, lanes->n);
    if (!as_thread_for(n_lanes, threads, lanes_one, &run, err))
        return false;
    as_progress_step(progress, lanes->what, lanes->n, lanes->n);
    return true;
}
