/* SPDX-License-Identifier: Apache-2.0 */
/* thread.h - threads, events and bounded queues; every wait has a deadline and a stop.
 *
 * Layer:   base.
 * Threads: each object says who may call; queues are many-to-many.
 * Memory:  made by new, freed by free; push and pop allocate nothing.
 */
#ifndef AS_BASE_THREAD_H
#define AS_BASE_THREAD_H

#include <pthread.h>

#include "base/err.h"

typedef struct as_thread as_thread;

/* Starts fn(ctx) in a thread called name (at most 15 bytes, seen in ps and gdb). Signals are blocked in it:
 * they reach the thread of main(). */
AS_CHECK as_thread *as_thread_start(const char *name, void (*fn)(void *ctx), void *ctx, as_err *err);
as_thread          *as_thread_join(as_thread *thread); /* waits and frees; NULL is fine; returns NULL */

/* Puts the calling thread before all ordinary ones (SCHED_FIFO at `level`, 1 the lowest). False where the system does not
 * allow it (CAP_SYS_NICE, or a limit `ulimit -r`). Only for threads that mostly wait: the others starve meanwhile. */
bool as_thread_make_urgent(int level);
void as_thread_make_ordinary(void);
int  as_thread_urgency(void); /* the calling thread's level; 0: it is an ordinary one */

/* A lock for urgent threads and ordinary ones: who finds it taken lends his urgency to the thread that holds it, which would
 * else have to wait for its turn on a busy machine. Where the system has no such lock it is a plain one. */
AS_CHECK bool as_thread_lock_init(pthread_mutex_t *ret_lock);

uint32_t as_thread_cores(void); /* processors this process may run on, at least 1 */

/* Runs fn(ctx, i) for i in [0, n) on `threads` threads (0: all cores), the caller's among them. Items are handed out in
 * order. Stops early and returns false, with the first item's error, when one fails. */
AS_CHECK bool as_thread_for(size_t n, uint32_t threads, bool (*fn)(void *ctx, size_t i, as_err *err), void *ctx,
                            as_err *err);

/* A bounded queue of pointers. */
typedef struct as_queue as_queue;

AS_CHECK as_queue *as_queue_new(size_t capacity, as_err *err);
as_queue          *as_queue_free(as_queue *queue); /* what is still inside is the caller's to have taken out */

/* True when the item was put in before the deadline (monotonic; 0: do not wait; INT64_MAX: for ever) and the queue was
 * not closed. */
AS_CHECK bool  as_queue_push(as_queue *queue, void *item, as_ns deadline);
AS_CHECK void *as_queue_pop(as_queue *queue, as_ns deadline); /* NULL: nothing in time, or closed and empty */
void           as_queue_close(as_queue *queue);               /* wakes all; push fails from now on */
bool           as_queue_is_closed(as_queue *queue);
size_t         as_queue_length(as_queue *queue);

#endif
