/* SPDX-License-Identifier: Apache-2.0 */
/* gang.h - threads that help one caller, unit by unit. Private to engine.
 *
 * Layer:   engine (may use base/).
 * Threads: one thread calls; it works too.
 * Memory:  as_gang_new allocates; as_gang_run does not.
 *
 * Whoever is free takes the next unit: a helper that the system has put aside holds nobody up, since the caller takes what is
 * left. Where another job follows at once, helpers look for it some 10 microseconds before they sleep; else they sleep at once,
 * and leave the processors to whatever comes then. The caller looks as long for the end of what helpers are still at, then it
 * sleeps until that is done: as long as the system takes to run them. A caller that must not wait for threads of ordinary
 * priority (SCHED_FIFO among others that are busy) has no gang: an engine of one thread.
 */
#ifndef AS_ENGINE_CREW_H
#define AS_ENGINE_CREW_H

#include "base/err.h"

typedef struct as_gang as_gang;

AS_CHECK as_gang *as_gang_new(uint32_t helpers, as_err *err); /* 1 to 1024 */
as_gang          *as_gang_free(as_gang *gang);

/* work(ctx, unit) for each unit of [0, n), each once; returns when all are done. more: another call follows at once. gang NULL:
 * on this thread. */
void as_gang_run(as_gang *gang, uint32_t n, bool more, void (*work)(void *ctx, int unit), void *ctx);

#endif
