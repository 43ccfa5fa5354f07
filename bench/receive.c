/* SPDX-License-Identifier: Apache-2.0 */
/* bench_receive ours|sockets|packets ADDRESS[+PID]...: takes pictures of cameras at these addresses, all at once, by our driver or by
 * Aravis alone: through ordinary sockets, or through packet sockets, which it prefers where it may have them. Says its name;
 * then, for each line "take N", opens the cameras, waits until each has sent some pictures, and answers once N more came
 * whole: "NS WHOLE OTHER SUM", the processor time this process spent on that, with that of processes PID, and how many came whole and not. "check N" does
 * not begin before N different pictures of each camera were seen; SUM is of their CRC-32s. */
#include <arv.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "base/clock.h"
#include "camera/camera.h"

enum { MAX_CAMERAS = 8, WARM_FRAMES = 10, CHECK_FRAMES = 24, N_BUFFERS = 8, MAX_DISTINCT = 64 };

typedef enum receive_by { BY_OURS, BY_SOCKETS, BY_PACKETS, BY_COUNT } receive_by;
static const char *const receive_words[BY_COUNT] = {"ours", "sockets", "packets"};

typedef struct receiver {
    const char   *address;
    pid_t         camera; /* its process, whose time counts too; 0: it does not */
    receive_by    by;
    bool          check;
    pthread_t     thread;
    atomic_bool   stop;
    atomic_ullong n_whole, n_other;
    unsigned long seen[MAX_DISTINCT];
    atomic_size_t n_seen;
    char          problem[300];
} receiver;

static void receiver_count(receiver *r, bool whole, const void *data, size_t n)
{
    if (!whole) {
        atomic_fetch_add(&r->n_other, 1);
        return;
    }
    unsigned long crc = r->check ? crc32(0, data, (uInt)n) : 0;
    size_t        i = 0, n_seen = atomic_load(&r->n_seen);
    while (i < n_seen && r->seen[i] != crc)
        i++;
    if (r->check && i == n_seen && i < MAX_DISTINCT) {
        r->seen[i] = crc;
        atomic_store(&r->n_seen, i + 1);
    }
    atomic_fetch_add(&r->n_whole, 1);
}

static void receiver_ours(receiver *r)
{
    char          uri[100];
    as_err        err = AS_ERR_NONE;
    as_camera_cfg cfg = {.uri = uri, .n_frames = N_BUFFERS};
    snprintf(uri, sizeof uri, "gige:%s", r->address);
    as_camera *camera = as_camera_open(&cfg, &err);
    while (camera && !atomic_load(&r->stop)) {
        as_frame *frame = as_camera_next(camera, as_clock_mono() + AS_NS_PER_S / 5, &err);
        if (frame)
            receiver_count(r, frame->status == AS_FRAME_OK, frame->image.data,
                           frame->image.stride_bytes * frame->image.height);
        as_frame_unref(frame);
    }
    if (!camera)
        snprintf(r->problem, sizeof r->problem, "%.280s", err.text);
    as_camera_close(camera);
}

static ArvStream *receiver_start(ArvCamera *camera, bool packets, GError **error)
{
    ArvDevice *device = arv_camera_get_device(camera);
    if (ARV_IS_GV_DEVICE(device) && !packets)
        arv_gv_device_set_stream_options(ARV_GV_DEVICE(device), ARV_GV_STREAM_OPTION_PACKET_SOCKET_DISABLED);
    ArvStream *stream = arv_camera_create_stream(camera, NULL, NULL, error);
    guint      payload = stream ? arv_camera_get_payload(camera, error) : 0;
    if (!stream || *error)
        return stream;
    g_object_set(stream, "socket-buffer", ARV_GV_STREAM_SOCKET_BUFFER_FIXED, "socket-buffer-size", 4 << 20, NULL);
    for (int i = 0; i < N_BUFFERS; i++)
        arv_stream_push_buffer(stream, arv_buffer_new_allocate(payload));
    arv_camera_start_acquisition(camera, error);
    return stream;
}

static void receiver_peer(receiver *r)
{
    GError    *error = NULL;
    ArvCamera *camera = arv_camera_new(r->address, &error);
    ArvStream *stream = camera ? receiver_start(camera, r->by == BY_PACKETS, &error) : NULL;
    while (stream && !error && !atomic_load(&r->stop)) {
        ArvBuffer  *buffer = arv_stream_timeout_pop_buffer(stream, 200000);
        size_t      n = 0;
        const void *data = buffer ? arv_buffer_get_data(buffer, &n) : NULL;
        if (!buffer)
            continue;
        receiver_count(r, arv_buffer_get_status(buffer) == ARV_BUFFER_STATUS_SUCCESS, data, n);
        arv_stream_push_buffer(stream, buffer);
    }
    if (error)
        snprintf(r->problem, sizeof r->problem, "%.280s", error->message);
    if (stream)
        arv_camera_stop_acquisition(camera, NULL);
    g_clear_error(&error);
    g_clear_object(&stream);
    g_clear_object(&camera);
}

static void *receiver_run(void *ctx)
{
    receiver *r = ctx;
    if (r->by == BY_OURS)
        receiver_ours(r);
    else
        receiver_peer(r);
    return NULL;
}

/* Whether each camera is there and has filled all memory once, and showed so many different pictures; which one did not is told. */
static bool receive_ready(receiver *all, size_t n, size_t distinct, const char **ret_waits_for)
{
    for (size_t i = 0; i < n; i++) {
        *ret_waits_for = all[i].address;
        if (atomic_load(&all[i].n_whole) < WARM_FRAMES || atomic_load(&all[i].n_seen) < distinct)
            return false;
    }
    return true;
}

static unsigned long long receive_whole(receiver *all, size_t n)
{
    unsigned long long sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += atomic_load(&all[i].n_whole);
    return sum;
}

static unsigned long long receive_other(receiver *all, size_t n)
{
    unsigned long long sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += atomic_load(&all[i].n_other);
    return sum;
}

static double receive_clock(clockid_t clock)
{
    struct timespec at = {0};
    clock_gettime(clock, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

static double receive_cpu(const receiver *all, size_t n)
{
    double    sum = receive_clock(CLOCK_PROCESS_CPUTIME_ID);
    clockid_t clock;
    for (size_t i = 0; i < n; i++)
        if (all[i].camera > 0 && clock_getcpuclockid(all[i].camera, &clock) == 0)
            sum += receive_clock(clock);
    return sum;
}

static unsigned long receive_finish(receiver *all, size_t n)
{
    unsigned long sum = 0;
    for (size_t i = 0; i < n; i++)
        atomic_store(&all[i].stop, true);
    for (size_t i = 0; i < n; i++) {
        pthread_join(all[i].thread, NULL);
        for (size_t k = 0; k < all[i].n_seen; k++)
            sum += all[i].seen[k] & 0xffffff;
        if (all[i].problem[0])
            fprintf(stderr, "bench_receive: %s: %s\n", all[i].address, all[i].problem);
    }
    return sum;
}

/* Until so many different pictures of each camera were seen (0: none is looked at), and so many frames more came whole. */
static void receive_take(receiver *all, size_t n, receive_by by, size_t distinct, unsigned long long frames)
{
    as_ns       until = as_clock_mono() + 50 * AS_NS_PER_S;
    const char *waits_for = "";
    for (size_t i = 0; i < n; i++) {
        all[i] = (receiver){.address = all[i].address, .camera = all[i].camera, .by = by, .check = distinct > 0};
        pthread_create(&all[i].thread, NULL, receiver_run, &all[i]);
    }
    while (!receive_ready(all, n, distinct, &waits_for) && as_clock_mono() < until)
        as_clock_sleep_until(as_clock_mono() + 5 * AS_NS_PER_MS);
    if (!receive_ready(all, n, distinct, &waits_for))
        fprintf(stderr, "bench_receive: %s sent less than was waited for\n", waits_for);
    double             cpu = receive_cpu(all, n);
    unsigned long long begin = receive_whole(all, n), other = receive_other(all, n), now = begin;
    while (now < begin + frames && as_clock_mono() < until) {
        as_clock_sleep_until(as_clock_mono() + 2 * AS_NS_PER_MS);
        now = receive_whole(all, n);
    }
    cpu = receive_cpu(all, n) - cpu;
    other = receive_other(all, n) - other;
    printf("%.0f %llu %llu %lu\n", cpu, now - begin, other, receive_finish(all, n));
}

static void receive_name(receive_by by)
{
    static const char *const how[BY_COUNT] = {"", "by ordinary sockets", "by packet sockets"};
    if (by == BY_OURS)
        printf("gige\n");
    else
        printf("Aravis %s %u.%u.%u\n", how[by], arv_get_major_version(), arv_get_minor_version(),
               arv_get_micro_version());
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static receiver    all[MAX_CAMERAS];
    char               line[100], word[16];
    unsigned long long number;
    size_t             n = 0;
    receive_by         by = BY_OURS;
    while (argc > 1 && by < BY_COUNT && strcmp(argv[1], receive_words[by]) != 0)
        by++;
    if (argc < 3 || by == BY_COUNT)
        return 2;
    for (int i = 2; i < argc && n < MAX_CAMERAS; i++) {
        char *pid = strchr(argv[i], '+');
        if (pid)
            *pid = '\0';
        all[n].camera = pid ? (pid_t)strtol(pid + 1, NULL, 10) : 0;
        all[n++].address = argv[i];
    }
    receive_name(by);
    while (fgets(line, sizeof line, stdin) && sscanf(line, "%15s %llu", word, &number) == 2) {
        if (strcmp(word, "check") == 0)
            receive_take(all, n, by, (size_t)number, CHECK_FRAMES * n);
        else
            receive_take(all, n, by, 0, number);
        fflush(stdout);
    }
    return 0;
}
