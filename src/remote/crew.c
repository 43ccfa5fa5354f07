/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/crew.h"

#include "base/clock.h"
#include "base/thread.h"

#define CREW_LOOK_NS (100 * AS_NS_PER_MS)

typedef struct crew_run {
    as_crew *crew;
    size_t   n;
    bool (*fn)(void *ctx, size_t i, as_err *err);
    void     *ctx;
    as_err    err;
    bool      ok;
    as_queue *ended; /* closed then */
} crew_run;

static bool crew_one(void *ctx, size_t i, as_err *err)
{
    crew_run *run = ctx;
    return as_progress_go_on(run->crew->progress, err) && run->fn(run->ctx, i, err);
}

static void crew_main(void *ctx)
{
    crew_run *run = ctx;
    run->ok = as_thread_for(run->n, run->crew->threads, crew_one, run, &run->err);
    as_queue_close(run->ended);
}

bool as_crew_run(as_crew *crew, size_t n, bool (*fn)(void *ctx, size_t i, as_err *err), void *ctx, as_err *err)
{
    crew_run run = {.crew = crew, .n = n, .fn = fn, .ctx = ctx, .err = AS_ERR_NONE};
    if (n == 0)
        return true;
    run.ended = as_queue_new(1, err);
    as_thread *thread = run.ended ? as_thread_start("transfers", crew_main, &run, err) : NULL;
    if (!thread) {
        as_queue_free(run.ended);
        return false;
    }
    while (!as_queue_is_closed(run.ended)) {
        (void)!as_queue_pop(run.ended, as_clock_mono() + CREW_LOOK_NS);
        as_progress_step(crew->progress, crew->what, atomic_load(&crew->done), crew->total);
    }
    as_thread_join(thread);
    as_queue_free(run.ended);
    if (!run.ok && err)
        *err = run.err;
    return run.ok;
}
