/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/gang.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/thread.h"

/* How long one looks before one sleeps: about what it takes to be woken. LOOKS between two looks at the clock. */
enum { CREW_MOST = 1024, CREW_SPIN_NS = 10000, CREW_LOOKS = 16, CREW_BITS = 20 };

#define CREW_UNITS ((UINT64_C(1) << CREW_BITS) - 1) /* of one job, at most */

typedef void (*gang_work)(void *ctx, int unit);

struct as_gang {
    /* Which job, how many units it has, and the next of them. A unit is taken by adding one to what was read: that fails
     * where the job has ended, so that what was read of it before is never used. */
    _Atomic uint64_t   next;
    _Atomic uint32_t   done;
    _Atomic(gang_work) work;
    _Atomic(void *)    ctx;
    atomic_bool        stop, more; /* more: another job follows at once */
    atomic_bool        waits;      /* the caller, asleep */
    atomic_uint        asleep;
    pthread_mutex_t    mutex; /* of sleeping */
    pthread_cond_t     wake, ended;
    uint32_t           n_helpers;
    as_thread         *helpers[];
};

static inline void gang_pause(void)
{
#ifdef __x86_64__
    __builtin_ia32_pause();
#endif
}

static uint64_t gang_job(uint64_t next)
{
    return next >> (2 * CREW_BITS);
}

/* All that is left of the job that is there. */
static void gang_take(as_gang *gang)
{
    uint64_t next = atomic_load(&gang->next);
    while ((next & CREW_UNITS) < (next >> CREW_BITS & CREW_UNITS)) {
        const gang_work work = atomic_load(&gang->work);
        void           *ctx = atomic_load(&gang->ctx);
        if (!atomic_compare_exchange_weak(&gang->next, &next, next + 1))
            continue;
        work(ctx, (int)(next & CREW_UNITS));
        atomic_fetch_add(&gang->done, 1);
        if (atomic_load(&gang->waits)) {
            pthread_mutex_lock(&gang->mutex);
            pthread_cond_signal(&gang->ended);
            pthread_mutex_unlock(&gang->mutex);
        }
        next = atomic_load(&gang->next);
    }
}

static bool gang_sees(as_gang *gang, uint64_t job)
{
    return gang_job(atomic_load(&gang->next)) != job || atomic_load(&gang->stop);
}

/* A second at most: no wait is for ever. */
static void gang_nap(as_gang *gang, pthread_cond_t *until)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec++;
    pthread_cond_timedwait(until, &gang->mutex, &at);
}

static void gang_sleep(as_gang *gang, uint64_t job)
{
    pthread_mutex_lock(&gang->mutex);
    atomic_fetch_add(&gang->asleep, 1);
    while (!gang_sees(gang, job))
        gang_nap(gang, &gang->wake);
    atomic_fetch_sub(&gang->asleep, 1);
    pthread_mutex_unlock(&gang->mutex);
}

static bool gang_is_done(as_gang *gang, uint64_t n)
{
    return atomic_load(&gang->done) >= n;
}

/* Looks for a short time; false where it did not come. */
static bool gang_look(as_gang *gang, bool (*sees)(as_gang *gang, uint64_t what), uint64_t what)
{
    const int64_t until = as_clock_mono() + CREW_SPIN_NS;
    do {
        for (int i = 0; i < CREW_LOOKS; i++) {
            if (sees(gang, what))
                return true;
            gang_pause();
        }
    } while (as_clock_mono() < until);
    return false;
}

static void gang_help(void *ctx)
{
    as_gang *gang = ctx;
    uint64_t job = 0;
    while (!atomic_load(&gang->stop)) {
        if (!atomic_load(&gang->more) || !gang_look(gang, gang_sees, job))
            gang_sleep(gang, job);
        job = gang_job(atomic_load(&gang->next));
        gang_take(gang);
    }
}

static void gang_wake(as_gang *gang)
{
    if (atomic_load(&gang->asleep) == 0)
        return;
    pthread_mutex_lock(&gang->mutex);
    pthread_cond_broadcast(&gang->wake);
    pthread_mutex_unlock(&gang->mutex);
}

as_gang *as_gang_new(uint32_t helpers, as_err *err)
{
    as_gang *gang = NULL;
    if (helpers < 1 || helpers > CREW_MOST)
        AS_FAIL(err, AS_EINVAL, "%u helping threads: 1 to %d are possible", helpers, CREW_MOST);
    else if (!(gang = calloc(1, sizeof *gang + helpers * sizeof(as_thread *))))
        AS_FAIL(err, AS_ENOMEM, "out of memory for %u threads", helpers);
    if (!gang)
        return NULL;
    pthread_mutex_init(&gang->mutex, NULL);
    pthread_cond_init(&gang->wake, NULL);
    pthread_cond_init(&gang->ended, NULL);
    for (; gang->n_helpers < helpers; gang->n_helpers++)
        if (!(gang->helpers[gang->n_helpers] = as_thread_start("engine", gang_help, gang, err)))
            return as_gang_free(gang);
    return gang;
}

as_gang *as_gang_free(as_gang *gang)
{
    if (!gang)
        return NULL;
    atomic_store(&gang->stop, true);
    gang_wake(gang);
    for (uint32_t i = 0; i < gang->n_helpers; i++)
        as_thread_join(gang->helpers[i]);
    pthread_cond_destroy(&gang->wake);
    pthread_cond_destroy(&gang->ended);
    pthread_mutex_destroy(&gang->mutex);
    free(gang);
    return NULL;
}

/* A helper is at its last unit. */
static void gang_wait(as_gang *gang, uint32_t n)
{
    if (gang_look(gang, gang_is_done, n))
        return;
    pthread_mutex_lock(&gang->mutex);
    atomic_store(&gang->waits, true);
    while (!gang_is_done(gang, n))
        gang_nap(gang, &gang->ended);
    atomic_store(&gang->waits, false);
    pthread_mutex_unlock(&gang->mutex);
}

void as_gang_run(as_gang *gang, uint32_t n, bool more, gang_work work, void *ctx)
{
    if (!gang || n <= 1 || n > CREW_UNITS) {
        for (uint32_t i = 0; i < n; i++)
            work(ctx, (int)i);
        return;
    }
    const uint64_t job = gang_job(atomic_load(&gang->next)) + 1;
    atomic_store(&gang->done, 0);
    atomic_store(&gang->more, more);
    atomic_store(&gang->work, work);
    atomic_store(&gang->ctx, ctx);
    atomic_store(&gang->next, job << (2 * CREW_BITS) | (uint64_t)n << CREW_BITS);
    gang_wake(gang);
    gang_take(gang);
    if (!gang_is_done(gang, n))
        gang_wait(gang, n);
}
