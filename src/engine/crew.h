/* SPDX-License-Identifier: Apache-2.0 */
/* crew.h - threads that help one caller, unit by unit. Private to engine.
 *
 * Layer:   engine (may use base/).
 * Threads: one thread calls; it works too.
 * Memory:  as_crew_new allocates; as_crew_run does not.
 *
 * Whoever is free takes the next unit: a helper that the system has put aside holds nobody up, since the caller takes what is
 * left. Helpers look for work for some microseconds after the last, then they sleep.
 */
#ifndef AS_ENGINE_CREW_H
#define AS_ENGINE_CREW_H

#include "base/err.h"

typedef struct as_crew as_crew;

AS_CHECK as_crew *as_crew_new(uint32_t helpers, as_err *err); /* 1 to 1024 */
as_crew          *as_crew_free(as_crew *crew);

/* work(ctx, unit) for each unit of [0, n), each once; returns when all are done. crew NULL: on this thread. */
void as_crew_run(as_crew *crew, uint32_t n, void (*work)(void *ctx, int unit), void *ctx);

#endif
