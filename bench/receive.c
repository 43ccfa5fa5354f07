/* SPDX-License-Identifier: Apache-2.0 */
/* bench_receive ours|peer ADDRESS...: takes pictures of cameras at these addresses, all at once, by our driver or by Aravis
 * alone. Says its name; then, for each line "take N" or "check N", opens the cameras, waits until each has sent some pictures,
 * and answers once N more came whole: "NS WHOLE OTHER DISTINCT", the processor time this process spent on that, how many came
 * whole and not, and (of check) the CRC-32s of different pictures, added up. */
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

enum { MAX_CAMERAS = 8, WARM_FRAMES = 5, N_BUFFERS = 16, MAX_DISTINCT = 64 };

typedef struct receiver {
    const char   *address;
    bool          ours, check;
    pthread_t     thread;
    atomic_bool   stop;
    atomic_ullong n_whole, n_other;
    unsigned long seen[MAX_DISTINCT];
    size_t        n_seen;
    char          problem[300];
} receiver;

static void receiver_count(receiver *r, bool whole, const void *data, size_t n)
{
    if (!whole) {
        atomic_fetch_add(&r->n_other, 1);
        return;
    }
    unsigned long crc = r->check ? crc32(0, data, (uInt)n) : 0;
    size_t        i = 0;
    while (i < r->n_seen && r->seen[i] != crc)
        i++;
    if (r->check && i == r->n_seen && i < MAX_DISTINCT)
        r->seen[r->n_seen++] = crc;
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

static ArvStream *receiver_start(ArvCamera *camera, GError **error)
{
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
    ArvStream *stream = camera ? receiver_start(camera, &error) : NULL;
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
    if (r->ours)
        receiver_ours(r);
    else
        receiver_peer(r);
    return NULL;
}

static unsigned long long receive_whole(receiver *all, size_t n, bool *ret_warm)
{
    unsigned long long sum = 0;
    *ret_warm = true;
    for (size_t i = 0; i < n; i++) {
        unsigned long long whole = atomic_load(&all[i].n_whole);
        *ret_warm = *ret_warm && whole >= WARM_FRAMES;
        sum += whole;
    }
    return sum;
}

static unsigned long long receive_other(receiver *all, size_t n)
{
    unsigned long long sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += atomic_load(&all[i].n_other);
    return sum;
}

static double receive_cpu(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

static void receive_take(receiver *all, size_t n, bool ours, bool check, unsigned long long frames)
{
    as_ns         until = as_clock_mono() + 50 * AS_NS_PER_S;
    bool          warm = false;
    unsigned long sum = 0;
    for (size_t i = 0; i < n; i++) {
        all[i] = (receiver){.address = all[i].address, .ours = ours, .check = check};
        pthread_create(&all[i].thread, NULL, receiver_run, &all[i]);
    }
    while (!warm && as_clock_mono() < until) {
        as_clock_sleep_until(as_clock_mono() + 5 * AS_NS_PER_MS);
        receive_whole(all, n, &warm);
    }
    double             cpu = receive_cpu();
    unsigned long long begin = receive_whole(all, n, &warm), other = receive_other(all, n), now = begin;
    while (now < begin + frames && as_clock_mono() < until) {
        as_clock_sleep_until(as_clock_mono() + 2 * AS_NS_PER_MS);
        now = receive_whole(all, n, &warm);
    }
    cpu = receive_cpu() - cpu;
    other = receive_other(all, n) - other;
    for (size_t i = 0; i < n; i++)
        atomic_store(&all[i].stop, true);
    for (size_t i = 0; i < n; i++) {
        pthread_join(all[i].thread, NULL);
        for (size_t k = 0; k < all[i].n_seen; k++)
            sum += all[i].seen[k] & 0xffffff;
        if (all[i].problem[0])
            fprintf(stderr, "bench_receive: %s: %s\n", all[i].address, all[i].problem);
    }
    printf("%.0f %llu %llu %lu\n", cpu, now - begin, other, sum);
}

int main(int argc, char **argv)
{
    static receiver    all[MAX_CAMERAS];
    char               line[100], word[16];
    unsigned long long frames;
    size_t             n = 0;
    if (argc < 3)
        return 2;
    for (int i = 2; i < argc && n < MAX_CAMERAS; i++)
        all[n++].address = argv[i];
    bool ours = strcmp(argv[1], "ours") == 0;
    printf(ours ? "gige\n" : "Aravis %u.%u.%u\n", arv_get_major_version(), arv_get_minor_version(),
           arv_get_micro_version());
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) && sscanf(line, "%15s %llu", word, &frames) == 2) {
        receive_take(all, n, ours, strcmp(word, "check") == 0, frames);
        fflush(stdout);
    }
    return 0;
}
