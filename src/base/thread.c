/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

#define THREAD_NAME_BYTES 16
#define THREAD_MAX        1024

struct as_thread {
    pthread_t id;
    void (*fn)(void *ctx);
    void *ctx;
    char  name[THREAD_NAME_BYTES];
};

static void *thread_main(void *arg)
{
    as_thread *thread = arg;
    pthread_setname_np(pthread_self(), thread->name);
    thread->fn(thread->ctx);
    return NULL;
}

as_thread *as_thread_start(const char *name, void (*fn)(void *ctx), void *ctx, as_err *err)
{
    as_thread *thread = calloc(1, sizeof *thread);
    if (!thread) {
        AS_FAIL(err, AS_ENOMEM, "cannot start thread '%s': not enough memory", name);
        return NULL;
    }
    thread->fn = fn;
    thread->ctx = ctx;
    as_str_copy(thread->name, sizeof thread->name, name);
    sigset_t all, old; /* signals are for the thread that main() runs in: no worker is interrupted */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int e = pthread_create(&thread->id, NULL, thread_main, thread);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (e) {
        as_err_errno(err, e, "cannot start thread '%s'", name);
        free(thread);
        return NULL;
    }
    return thread;
}

as_thread *as_thread_join(as_thread *thread)
{
    if (thread)
        pthread_join(thread->id, NULL);
    free(thread);
    return NULL;
}

bool as_thread_make_urgent(int level)
{
    struct sched_param param = {.sched_priority = sched_get_priority_min(SCHED_FIFO) + level - 1};
    return pthread_setschedparam(pthread_self(), SCHED_FIFO, &param) == 0;
}

void as_thread_make_ordinary(void)
{
    struct sched_param param = {.sched_priority = 0};
    (void)pthread_setschedparam(pthread_self(), SCHED_OTHER, &param);
}

int as_thread_urgency(void)
{
    struct sched_param param;
    int                policy = SCHED_OTHER;
    if (pthread_getschedparam(pthread_self(), &policy, &param) != 0 || policy != SCHED_FIFO)
        return 0;
    return param.sched_priority - sched_get_priority_min(SCHED_FIFO) + 1;
}

bool as_thread_lock_init(pthread_mutex_t *ret_lock)
{
    pthread_mutexattr_t attr;
    if (pthread_mutexattr_init(&attr))
        return false;
    bool ok = !pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT) && !pthread_mutex_init(ret_lock, &attr);
    pthread_mutexattr_destroy(&attr);
    return ok || !pthread_mutex_init(ret_lock, NULL);
}

uint32_t as_thread_cores(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (uint32_t)CPU_COUNT(&set);
    long n = sysconf(_SC_NPROCESSORS_ONLN); /* a machine with more processors than cpu_set_t has bits */
    return n > 0 ? (uint32_t)n : 1;
}

typedef struct thread_loop {
    bool (*fn)(void *ctx, size_t i, as_err *err);
    void           *ctx;
    size_t          n;
    atomic_size_t   next;
    atomic_size_t   first_failed; /* n: none; it only gets smaller */
    pthread_mutex_t lock;         /* for err and the writes to first_failed */
    as_err          err;
} thread_loop;

/* An item is given up only when an earlier one has failed. So the earliest item that fails always runs, whatever the
 * threads do, and its error is the one that is told. */
static void thread_loop_run(void *arg)
{
    thread_loop *loop = arg;
    for (;;) {
        size_t i = atomic_fetch_add(&loop->next, 1);
        if (i >= loop->n || i > atomic_load(&loop->first_failed))
            return;
        as_err err = AS_ERR_NONE;
        if (loop->fn(loop->ctx, i, &err))
            continue;
        pthread_mutex_lock(&loop->lock);
        if (i < atomic_load(&loop->first_failed)) {
            atomic_store(&loop->first_failed, i);
            loop->err = err;
        }
        pthread_mutex_unlock(&loop->lock);
        return;
    }
}

bool as_thread_for(size_t n, uint32_t threads, bool (*fn)(void *ctx, size_t i, as_err *err), void *ctx, as_err *err)
{
    as_thread  *workers[THREAD_MAX];
    thread_loop loop = {.fn = fn, .ctx = ctx, .n = n, .lock = PTHREAD_MUTEX_INITIALIZER};
    atomic_init(&loop.next, 0);
    atomic_init(&loop.first_failed, n);
    if (threads == 0)
        threads = as_thread_cores();
    size_t want = AS_MIN(AS_MIN((size_t)threads, n), (size_t)THREAD_MAX), n_workers = 0;
    while (n_workers + 1 < want) { /* without its helpers the caller does all the work: slower, not wrong */
        workers[n_workers] = as_thread_start("for", thread_loop_run, &loop, NULL);
        if (!workers[n_workers])
            break;
        n_workers++;
    }
    thread_loop_run(&loop);
    while (n_workers)
        as_thread_join(workers[--n_workers]);
    pthread_mutex_destroy(&loop.lock);
    if (atomic_load(&loop.first_failed) == n)
        return true;
    if (err)
        *err = loop.err;
    return false;
}

struct as_queue {
    pthread_mutex_t lock;
    pthread_cond_t  not_empty, not_full;
    bool            closed;
    size_t          first, n, cap;
    void           *items[];
};

static bool queue_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr))
        return false;
    bool ok = !pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) && !pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
    return ok;
}

as_queue *as_queue_new(size_t capacity, as_err *err)
{
    size_t bytes;
    if (capacity == 0) {
        AS_FAIL(err, AS_EINVAL, "a queue cannot have room for no item");
        return NULL;
    }
    as_queue *queue = NULL;
    if (as_size_mul(capacity, sizeof(void *), &bytes) && as_size_add(bytes, sizeof *queue, &bytes))
        queue = calloc(1, bytes);
    if (!queue) {
        AS_FAIL(err, AS_ENOMEM, "cannot make a queue of %zu items: not enough memory", capacity);
        return NULL;
    }
    queue->cap = capacity;
    if (!as_thread_lock_init(&queue->lock))
        goto no_lock;
    if (!queue_cond_init(&queue->not_empty))
        goto no_not_empty;
    if (!queue_cond_init(&queue->not_full))
        goto no_not_full;
    return queue;
no_not_full:
    pthread_cond_destroy(&queue->not_empty);
no_not_empty:
    pthread_mutex_destroy(&queue->lock);
no_lock:
    free(queue);
    AS_FAIL(err, AS_ENOMEM, "cannot make a queue: the system gives no lock");
    return NULL;
}

as_queue *as_queue_free(as_queue *queue)
{
    if (!queue)
        return NULL;
    pthread_cond_destroy(&queue->not_full);
    pthread_cond_destroy(&queue->not_empty);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
    return NULL;
}

/* False when the deadline has passed; true otherwise, woken for a reason or without one. */
static bool queue_wait(pthread_cond_t *cond, pthread_mutex_t *lock, as_ns deadline)
{
    if (deadline <= 0)
        return false;
    if (deadline == INT64_MAX)
        return pthread_cond_wait(cond, lock) == 0;
    struct timespec t = {.tv_sec = (time_t)(deadline / AS_NS_PER_S), .tv_nsec = (long)(deadline % AS_NS_PER_S)};
    return pthread_cond_timedwait(cond, lock, &t) == 0;
}

bool as_queue_push(as_queue *queue, void *item, as_ns deadline)
{
    bool in_time = true;
    pthread_mutex_lock(&queue->lock);
    while (queue->n == queue->cap && !queue->closed && in_time)
        in_time = queue_wait(&queue->not_full, &queue->lock, deadline);
    bool ok = queue->n < queue->cap && !queue->closed;
    if (ok) {
        queue->items[(queue->first + queue->n) % queue->cap] = item;
        queue->n++;
        pthread_cond_signal(&queue->not_empty);
    }
    pthread_mutex_unlock(&queue->lock);
    return ok;
}

void *as_queue_pop(as_queue *queue, as_ns deadline)
{
    void *item = NULL;
    bool  in_time = true;
    pthread_mutex_lock(&queue->lock);
    while (queue->n == 0 && !queue->closed && in_time)
        in_time = queue_wait(&queue->not_empty, &queue->lock, deadline);
    if (queue->n) {
        item = queue->items[queue->first];
        queue->first = (queue->first + 1) % queue->cap;
        queue->n--;
        pthread_cond_signal(&queue->not_full);
    }
    pthread_mutex_unlock(&queue->lock);
    return item;
}

void as_queue_close(as_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->not_empty);
    pthread_cond_broadcast(&queue->not_full);
    pthread_mutex_unlock(&queue->lock);
}

bool as_queue_is_closed(as_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool closed = queue->closed;
    pthread_mutex_unlock(&queue->lock);
    return closed;
}

size_t as_queue_length(as_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    size_t n = queue->n;
    pthread_mutex_unlock(&queue->lock);
    return n;
}
