/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/gvsp_receive.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "camera/gvsp_batch.h"

#ifndef UDP_GRO
#define UDP_GRO 104 /* linux/udp.h */
#endif

#define RECEIVE_NAP_NS   (1 * AS_NS_PER_MS)
#define RECEIVE_DOZE_NS  (50 * AS_NS_PER_US) /* a shorter nap is none */
#define RECEIVE_POLL_NS  (1 * AS_NS_PER_S)
#define RECEIVE_GREET_NS (10 * AS_NS_PER_S) /* firewalls forget in 30 s */
#define RECEIVE_PART     8 /* of the socket's buffer may fill meanwhile; the kernel counts twice what a packet has */
#define RECEIVE_CACHE    ((uint64_t)512 << 10) /* so much waits in a core's own cache */
#define RECEIVE_USELESS  8 /* looks at the socket that all gave nothing of use: then it sleeps between them */
#define RECEIVE_PAUSE_NS (10 * AS_NS_PER_MS)
#define RECEIVE_FLOODED  2000 /* so many, and it is told */
#define RECEIVE_IN_A_ROW 256  /* batches before time is looked at */
#define RECEIVE_LEVEL    1    /* of urgency, at least: it mostly waits */

struct as_gvsp_receive {
    int             fd, wake;
    uint32_t        camera;
    uint64_t        socket_bytes;
    as_gvsp_blocks *blocks;
    as_gvsp_batch  *batch;
    as_frame      **frames;
    uint32_t        n_frames, packet_bytes;
    as_ns           most_nap, wait;
    as_ns (*clock)(void);
    as_ns         seen; /* what came before that was read, all of it */
    as_thread    *thread;
    atomic_bool   stop;
    atomic_uint   greets;  /* the camera's port that pictures come from; 0: unknown */
    as_ns         greeted; /* when it was last; 0: never */
    atomic_int    urgency; /* that next() was called with */
    atomic_bool   is_urgent;
    uint16_t      number; /* of requests */
    as_ns         marked; /* when packets were last counted, of the picture that is under way; 0: none is */
    double        each_ns;
    uint64_t      n_messages, n_used; /* by the last look at the socket */
    uint32_t      n_useless;          /* looks in a row */
    as_ns         looked;
    bool          told;
    atomic_ullong n_dozed;

    pthread_mutex_t lock;
    pthread_cond_t  turn;
    bool            has_lock;
    as_gvsp_block **ready, **back; /* [n_frames]: whole or given up, from the oldest; and those to be used again */
    uint32_t        n_ready, n_back;
    as_gvsp_counts  counts;
};

/* --- the socket ----------------------------------------------------------------------------------------------------------- */

/* Others' packets are dropped before they take room: by the source in the header of IPv4 (RFC 791, 3.1). */
static bool receive_filter(int fd, uint32_t camera)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_NET_OFF + 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, camera, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {.len = AS_COUNT(code), .filter = code};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

static uint64_t receive_buffer(int fd, uint64_t bytes)
{
    int       size = (int)AS_MIN(bytes, (uint64_t)INT32_MAX / 2), got = 0;
    socklen_t n = sizeof got;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &n) != 0 || got < 0)
        return 0;
    return (uint64_t)got / 2; /* the kernel doubles what it is told, for its own needs */
}

int as_gvsp_socket(uint32_t own, uint32_t camera, uint64_t bytes, uint16_t *ret_port, uint64_t *ret_bytes, as_err *err)
{
    if (own == 0 || camera == 0) {
        AS_FAIL(
            err, AS_EIO,
            "no network of this machine leads to the camera's address %u.%u.%u.%u (is the network's card up, and has "
            "it an address in the camera's network? see ip addr)",
            camera >> 24, camera >> 16 & 0xffu, camera >> 8 & 0xffu, camera & 0xffu);
        return -1;
    }
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {.s_addr = htobe32(own)}};
    socklen_t          n = sizeof at;
    int                on = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && receive_filter(fd, camera) && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
        getsockname(fd, (struct sockaddr *)&at, &n) == 0) {
        *ret_bytes = receive_buffer(fd, bytes);
        (void)setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on); /* older kernels have none */
        *ret_port = be16toh(at.sin_port);
        return fd;
    }
    as_err_errno(err, errno, "cannot open a socket for the camera's pictures");
    if (fd >= 0)
        close(fd);
    return -1;
}

/* --- the thread ----------------------------------------------------------------------------------------------------------- */

/* One that is lost is sent again later, whatever it is. */
static void receive_send(as_gvsp_receive *r, uint16_t port, const uint8_t *bytes, size_t n)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htobe16(port), .sin_addr = {.s_addr = htobe32(r->camera)}};
    (void)!sendto(r->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL, r->camera ? (struct sockaddr *)&to : NULL,
                  r->camera ? sizeof to : 0);
}

static void receive_greet(as_gvsp_receive *r, as_ns now)
{
    static const uint8_t nothing[AS_GVSP_SHORT_BYTES];
    const unsigned       port = atomic_load(&r->greets);
    if (port == 0 || (r->greeted && now - r->greeted < RECEIVE_GREET_NS))
        return;
    r->greeted = now;
    receive_send(r, (uint16_t)port, nothing, sizeof nothing);
}

static void receive_ask(void *ctx, const as_gvsp_block *block, uint32_t first, uint32_t last)
{
    as_gvsp_receive *r = ctx;
    uint8_t          bytes[AS_GVSP_REQUEST_BYTES];
    r->number = r->number == UINT16_MAX ? 1 : (uint16_t)(r->number + 1);
    size_t n = as_gvsp_request(bytes, r->number, block->is_long, block->id, first, last);
    receive_send(r, AS_GVCP_PORT, bytes, n);
}

/* What has ended goes to who waits for it, and what he gave back comes. */
static void receive_exchange(as_gvsp_receive *r)
{
    uint32_t n_new = 0;
    pthread_mutex_lock(&r->lock);
    while (r->n_back > 0)
        as_gvsp_blocks_give(r->blocks, r->back[--r->n_back]);
    for (as_gvsp_block *block; (block = as_gvsp_blocks_done(r->blocks)); n_new++)
        r->ready[r->n_ready++] = block;
    r->counts = as_gvsp_blocks_counts(r->blocks);
    pthread_mutex_unlock(&r->lock);
    if (n_new > 0) /* not under the lock: who wakes would wait for it at once */
        pthread_cond_signal(&r->turn);
}

/* All that has come. Returns how many packets: the kernel may hand over several as one message. A look at the socket that finds no
 * more tells that what came before it was read, however late this thread is by then: what is missing is judged by that time. Where
 * more comes than can be read it is behind, by `wait` at most. */
static size_t receive_drain(as_gvsp_receive *r)
{
    size_t sum = 0;
    receive_exchange(r);
    for (int i = 0; i < RECEIVE_IN_A_ROW; i++) {
        unsigned        n_aimed = 0;
        struct mmsghdr *messages = as_gvsp_batch_aim(r->batch, r->blocks, &n_aimed);
        const as_ns     before = r->clock();
        int             n = recvmmsg(r->fd, messages, n_aimed, MSG_DONTWAIT, NULL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN)
            as_clock_sleep_until(as_clock_mono() + AS_NS_PER_MS); /* a network that is down, say */
        if (n > 0) {
            r->n_messages += (uint64_t)n;
            sum += as_gvsp_batch_land(r->batch, r->blocks, (unsigned)n, r->clock());
            receive_exchange(r);
        }
        if (n < (int)n_aimed) {
            r->seen = before;
            return sum;
        }
    }
    r->seen = AS_MAX(r->seen, r->clock() - r->wait);
    return sum;
}

/* How long no packet needs to be looked for: 0 where there is none to come, or the next is not soon. */
static as_ns receive_nap(as_gvsp_receive *r, size_t n, as_ns now)
{
    const uint32_t left = as_gvsp_blocks_left(r->blocks);
    const double   fill = (double)AS_MIN(r->socket_bytes / RECEIVE_PART, RECEIVE_CACHE) / r->packet_bytes;
    if (left == 0) {
        r->marked = 0;
        return 0;
    }
    if (r->marked != 0 && n > 0) {
        double each = (double)(now - r->marked) / (double)n;
        r->each_ns = r->each_ns > 0 ? r->each_ns + (each - r->each_ns) / 4 : each;
    }
    if (n > 0)
        r->marked = now;
    return (as_ns)AS_MIN(AS_MIN((double)left, fill) * r->each_ns, (double)r->most_nap);
}

static void receive_wait(as_gvsp_receive *r)
{
    as_ns           due = as_gvsp_blocks_due(r->blocks), now = r->clock();
    as_ns           left = AS_MIN(AS_MAX(due - now, 0), RECEIVE_POLL_NS);
    struct pollfd   polls[2] = {{.fd = r->fd, .events = POLLIN}, {.fd = r->wake, .events = POLLIN}};
    struct timespec timeout = {(time_t)(left / AS_NS_PER_S), (long)(left % AS_NS_PER_S)};
    uint64_t        n_woken;
    if (ppoll(polls, 2, &timeout, NULL) > 0 && polls[1].revents)
        (void)!read(r->wake, &n_woken, sizeof n_woken);
}

/* Packets that no picture lacks, as fast as they can come, must not keep all else from a core that is this thread's alone. */
static void receive_doze(as_gvsp_receive *r, uint64_t n_messages, as_ns now)
{
    const uint64_t n_used = as_gvsp_blocks_counts(r->blocks).n_used;
    const bool     is_useless = n_used == r->n_used && r->n_messages != n_messages;
    r->n_useless = !is_useless ? 0 : now - r->looked < RECEIVE_PAUSE_NS ? r->n_useless + 1 : 1;
    r->n_used = n_used;
    r->looked = now;
    if (r->n_useless == RECEIVE_FLOODED && !r->told)
        as_log_write(AS_LOG_WARN,
                     "packets that belong to no picture come from the camera's address without a pause (do two "
                     "programs use this camera, or has another device its address?)");
    r->told |= r->n_useless == RECEIVE_FLOODED;
    if (r->n_useless < RECEIVE_USELESS)
        return;
    atomic_fetch_add(&r->n_dozed, 1);
    as_clock_sleep_until(as_clock_mono() + RECEIVE_DOZE_NS);
}

static void receive_run(void *ctx)
{
    as_gvsp_receive *r = ctx;
    int              level = 0;
    while (!atomic_load(&r->stop)) {
        const int wanted = AS_MAX(atomic_load(&r->urgency), RECEIVE_LEVEL);
        if (wanted > level)
            atomic_store(&r->is_urgent, as_thread_make_urgent(wanted) || level > 0); /* refused: it stays what it was */
        level = AS_MAX(level, wanted);
        const uint64_t n_before = r->n_messages;
        size_t         n = receive_drain(r);
        as_ns          now = r->clock();
        receive_doze(r, n_before, now);
        receive_greet(r, now);
        if (r->seen >= as_gvsp_blocks_due(r->blocks)) {
            as_gvsp_blocks_tick(r->blocks, r->seen, receive_ask, r);
            receive_exchange(r);
        }
        as_ns nap = receive_nap(r, n, now);
        if (nap >= RECEIVE_DOZE_NS)
            as_clock_sleep_until(as_clock_mono() + nap);
        else
            receive_wait(r);
    }
}

/* --- memory --------------------------------------------------------------------------------------------------------------- */

static bool receive_lock(as_gvsp_receive *r)
{
    pthread_condattr_t attr;
    if (!as_thread_lock_init(&r->lock))
        return false;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    r->has_lock = pthread_cond_init(&r->turn, &attr) == 0;
    pthread_condattr_destroy(&attr);
    if (!r->has_lock)
        pthread_mutex_destroy(&r->lock);
    return r->has_lock;
}

static bool receive_frames(as_gvsp_receive *r, const as_gvsp_receive_cfg *cfg, as_err *err)
{
    r->frames = calloc(cfg->n_frames, sizeof(as_frame *));
    r->ready = calloc(cfg->n_frames, sizeof(as_gvsp_block *));
    r->back = calloc(cfg->n_frames, sizeof(as_gvsp_block *));
    if (!r->frames || !r->ready || !r->back)
        return AS_FAIL(err, AS_ENOMEM, "no memory to receive pictures");
    for (; r->n_frames < cfg->n_frames; r->n_frames++) {
        r->frames[r->n_frames] = as_frame_pool_get(cfg->pool);
        if (!r->frames[r->n_frames])
            return AS_FAIL(err, AS_EINTERNAL, "the pool has no %u frames to receive into", cfg->n_frames);
    }
    const as_gvsp_blocks_cfg blocks = {.n_blocks = cfg->n_frames,
                                       .capacity_bytes = as_frame_capacity_bytes(r->frames[0]),
                                       .expected_bytes = cfg->expected_bytes,
                                       .packet_bytes = cfg->packet_bytes,
                                       .wait = cfg->wait,
                                       .most = cfg->most,
                                       .asks = cfg->asks};
    r->blocks = as_gvsp_blocks_new(&blocks, err);
    for (uint32_t i = 0; r->blocks && i < r->n_frames; i++) {
        as_gvsp_block *block = as_gvsp_blocks_at(r->blocks, i);
        block->ctx = r->frames[i];
        block->data = r->frames[i]->image.data;
        as_gvsp_blocks_give(r->blocks, block);
    }
    return r->blocks != NULL;
}

as_gvsp_receive *as_gvsp_receive_new(const as_gvsp_receive_cfg *cfg, as_err *err)
{
    as_gvsp_receive *r = calloc(1, sizeof *r);
    if (!r) {
        close(cfg->fd);
        AS_FAIL(err, AS_ENOMEM, "no memory to receive pictures");
        return NULL;
    }
    r->fd = cfg->fd;
    r->camera = cfg->camera;
    r->socket_bytes = cfg->socket_bytes;
    r->wait = cfg->wait;
    r->clock = cfg->clock ? cfg->clock : as_clock_mono;
    r->most_nap = AS_MIN(RECEIVE_NAP_NS, cfg->wait / RECEIVE_PART);
    r->packet_bytes = AS_MAX(cfg->packet_bytes, AS_GVSP_LEAST_BYTES);
    atomic_init(&r->stop, false);
    atomic_init(&r->greets, 0);
    atomic_init(&r->n_dozed, 0);
    atomic_init(&r->urgency, 0);
    atomic_init(&r->is_urgent, false);
    r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r->wake < 0 || !receive_lock(r))
        AS_FAIL(err, AS_ENOMEM, "cannot make what ends the wait for pictures");
    else if (receive_frames(r, cfg, err) && (r->batch = as_gvsp_batch_new(err)) &&
             (r->thread = as_thread_start("gige-receive", receive_run, r, err)))
        return r;
    return as_gvsp_receive_free(r);
}

static void receive_wake(as_gvsp_receive *r)
{
    const uint64_t one = 1;
    if (r->wake >= 0)
        (void)!write(r->wake, &one, sizeof one);
}

as_gvsp_receive *as_gvsp_receive_free(as_gvsp_receive *r)
{
    if (!r)
        return NULL;
    atomic_store(&r->stop, true);
    receive_wake(r);
    as_thread_join(r->thread);
    for (uint32_t i = 0; i < r->n_frames; i++)
        as_frame_unref(r->frames[i]);
    if (r->has_lock) {
        pthread_cond_destroy(&r->turn);
        pthread_mutex_destroy(&r->lock);
    }
    as_gvsp_batch_free(r->batch);
    as_gvsp_blocks_free(r->blocks);
    if (r->wake >= 0)
        close(r->wake);
    close(r->fd);
    free(r->frames);
    free(r->ready);
    free(r->back);
    free(r);
    return NULL;
}

/* --- the other side ------------------------------------------------------------------------------------------------------- */

bool as_gvsp_receive_next(as_gvsp_receive *r, as_frame *frame, as_ns deadline, as_gvsp_received *ret)
{
    const struct timespec until = {(time_t)(deadline / AS_NS_PER_S), (long)(deadline % AS_NS_PER_S)};
    atomic_store(&r->urgency, as_thread_urgency());
    pthread_mutex_lock(&r->lock);
    while (r->n_ready == 0)
        if (pthread_cond_timedwait(&r->turn, &r->lock, &until) != 0)
            break;
    as_gvsp_block *block = r->n_ready > 0 ? r->ready[0] : NULL;
    if (block) {
        r->n_ready--;
        memmove(r->ready, r->ready + 1, r->n_ready * sizeof(as_gvsp_block *));
    }
    pthread_mutex_unlock(&r->lock);
    if (!block)
        return false;
    *ret = (as_gvsp_received){
        .id = block->id, .end = block->end, .image = block->image, .bytes = block->bytes, .opened = block->opened};
    if (block->end == AS_GVSP_WHOLE) {
        as_frame_swap(frame, block->ctx);
        block->data = ((as_frame *)block->ctx)->image.data;
    }
    pthread_mutex_lock(&r->lock);
    r->back[r->n_back++] = block;
    pthread_mutex_unlock(&r->lock);
    return true;
}

void as_gvsp_receive_greet(as_gvsp_receive *r, uint16_t port)
{
    atomic_store(&r->greets, port);
    receive_wake(r);
}

uint64_t as_gvsp_receive_n_dozed(as_gvsp_receive *r)
{
    return atomic_load(&r->n_dozed);
}

bool as_gvsp_receive_is_urgent(as_gvsp_receive *r)
{
    return atomic_load(&r->is_urgent);
}

uint64_t as_gvsp_receive_n_dropped(const as_gvsp_receive *r)
{
    uint32_t  info[SK_MEMINFO_VARS] = {0};
    socklen_t n = sizeof info;
    return getsockopt(r->fd, SOL_SOCKET, SO_MEMINFO, info, &n) == 0 ? info[SK_MEMINFO_DROPS] : 0;
}

as_gvsp_counts as_gvsp_receive_counts(as_gvsp_receive *r)
{
    pthread_mutex_lock(&r->lock);
    as_gvsp_counts counts = r->counts;
    pthread_mutex_unlock(&r->lock);
    return counts;
}
