/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/crew.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/thread.h"

/* How long one looks before one sleeps: about what it takes to be woken. LOOKS between two looks at the clock. */
enum { CREW_MOST = 1024, CREW_SPIN_NS = 10000, CREW_LOOKS = 16, CREW_BITS = 20 };

#define CREW_UNITS ((UINT64_C(1) << CREW_BITS) - 1) /* of one job, at most */

typedef void (*crew_work)(void *ctx, int unit);

struct as_crew {
    /* Which job, how many units it has, and the next of them. A unit is taken by adding one to what was read: that fails
     * where the job has ended, so that what was read of it before is never used. */
    _Atomic uint64_t   next;
    _Atomic uint32_t   done;
    _Atomic(crew_work) work;
    _Atomic(void *)    ctx;
    atomic_bool        stop, more; /* more: another job follows at once */
    atomic_bool        waits;      /* the caller, asleep */
    atomic_uint        asleep;
    pthread_mutex_t    mutex; /* of sleeping */
    pthread_cond_t     wake, ended;
    uint32_t           n_helpers;
    as_thread         *helpers[];
};

static inline void crew_pause(void)
{
#ifdef __x86_64__
    __builtin_ia32_pause();
#endif
}

static uint64_t crew_job(uint64_t next)
{
    return next >> (2 * CREW_BITS);
}

/* All that is left of the job that is there. */
static void crew_take(as_crew *crew)
{
    uint64_t next = atomic_load(&crew->next);
    while ((next & CREW_UNITS) < (next >> CREW_BITS & CREW_UNITS)) {
        const crew_work work = atomic_load(&crew->work);
        void           *ctx = atomic_load(&crew->ctx);
        if (!atomic_compare_exchange_weak(&crew->next, &next, next + 1))
            continue;
        work(ctx, (int)(next & CREW_UNITS));
        atomic_fetch_add(&crew->done, 1);
        if (atomic_load(&crew->waits)) {
            pthread_mutex_lock(&crew->mutex);
            pthread_cond_signal(&crew->ended);
            pthread_mutex_unlock(&crew->mutex);
        }
        next = atomic_load(&crew->next);
    }
}

static bool crew_sees(as_crew *crew, uint64_t job)
{
    return crew_job(atomic_load(&crew->next)) != job || atomic_load(&crew->stop);
}

/* A second at most: no wait is for ever. */
static void crew_nap(as_crew *crew, pthread_cond_t *until)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec++;
    pthread_cond_timedwait(until, &crew->mutex, &at);
}

static void crew_sleep(as_crew *crew, uint64_t job)
{
    pthread_mutex_lock(&crew->mutex);
    atomic_fetch_add(&crew->asleep, 1);
    while (!crew_sees(crew, job))
        crew_nap(crew, &crew->wake);
    atomic_fetch_sub(&crew->asleep, 1);
    pthread_mutex_unlock(&crew->mutex);
}

static bool crew_is_done(as_crew *crew, uint64_t n)
{
    return atomic_load(&crew->done) >= n;
}

/* Looks for a short time; false where it did not come. */
static bool crew_look(as_crew *crew, bool (*sees)(as_crew *crew, uint64_t what), uint64_t what)
{
    const int64_t until = as_clock_mono() + CREW_SPIN_NS;
    do {
        for (int i = 0; i < CREW_LOOKS; i++) {
            if (sees(crew, what))
                return true;
            crew_pause();
        }
    } while (as_clock_mono() < until);
    return false;
}

static void crew_help(void *ctx)
{
    as_crew *crew = ctx;
    uint64_t job = 0;
    while (!atomic_load(&crew->stop)) {
        if (!atomic_load(&crew->more) || !crew_look(crew, crew_sees, job))
            crew_sleep(crew, job);
        job = crew_job(atomic_load(&crew->next));
        crew_take(crew);
    }
}

static void crew_wake(as_crew *crew)
{
    if (atomic_load(&crew->asleep) == 0)
        return;
    pthread_mutex_lock(&crew->mutex);
    pthread_cond_broadcast(&crew->wake);
    pthread_mutex_unlock(&crew->mutex);
}

as_crew *as_crew_new(uint32_t helpers, as_err *err)
{
    as_crew *crew = NULL;
    if (helpers < 1 || helpers > CREW_MOST)
        AS_FAIL(err, AS_EINVAL, "%u helping threads: 1 to %d are possible", helpers, CREW_MOST);
    else if (!(crew = calloc(1, sizeof *crew + helpers * sizeof(as_thread *))))
        AS_FAIL(err, AS_ENOMEM, "out of memory for %u threads", helpers);
    if (!crew)
        return NULL;
    pthread_mutex_init(&crew->mutex, NULL);
    pthread_cond_init(&crew->wake, NULL);
    pthread_cond_init(&crew->ended, NULL);
    for (; crew->n_helpers < helpers; crew->n_helpers++)
        if (!(crew->helpers[crew->n_helpers] = as_thread_start("engine", crew_help, crew, err)))
            return as_crew_free(crew);
    return crew;
}

as_crew *as_crew_free(as_crew *crew)
{
    if (!crew)
        return NULL;
    atomic_store(&crew->stop, true);
    crew_wake(crew);
    for (uint32_t i = 0; i < crew->n_helpers; i++)
        as_thread_join(crew->helpers[i]);
    pthread_cond_destroy(&crew->wake);
    pthread_cond_destroy(&crew->ended);
    pthread_mutex_destroy(&crew->mutex);
    free(crew);
    return NULL;
}

/* A helper is at its last unit. */
static void crew_wait(as_crew *crew, uint32_t n)
{
    if (crew_look(crew, crew_is_done, n))
        return;
    pthread_mutex_lock(&crew->mutex);
    atomic_store(&crew->waits, true);
    while (!crew_is_done(crew, n))
        crew_nap(crew, &crew->ended);
    atomic_store(&crew->waits, false);
    pthread_mutex_unlock(&crew->mutex);
}

void as_crew_run(as_crew *crew, uint32_t n, bool more, crew_work work, void *ctx)
{
    if (!crew || n <= 1 || n > CREW_UNITS) {
        for (uint32_t i = 0; i < n; i++)
            work(ctx, (int)i);
        return;
    }
    const uint64_t job = crew_job(atomic_load(&crew->next)) + 1;
    atomic_store(&crew->done, 0);
    atomic_store(&crew->more, more);
    atomic_store(&crew->work, work);
    atomic_store(&crew->ctx, ctx);
    atomic_store(&crew->next, job << (2 * CREW_BITS) | (uint64_t)n << CREW_BITS);
    crew_wake(crew);
    crew_take(crew);
    if (!crew_is_done(crew, n))
        crew_wait(crew, n);
}
