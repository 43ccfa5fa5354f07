/* SPDX-License-Identifier: Apache-2.0 */
/* bench_receive ours|sockets|packets ADDRESS[+PID]...: takes pictures of cameras at these addresses, all at once, by our driver or by
 * Aravis alone: through ordinary sockets, or through packet sockets, which it prefers where it may have them. Says its name;
 * then, for each line "take N", opens the cameras, waits until each has sent some pictures, and answers once N more came
 * whole: "NS WHOLE OTHER SUM WRONG", the processor time this process spent on that, with that of processes PID, and how many came whole
 * and not. "check N [FRAMES]" is of cameras that send N pictures again and again (twin serve --replay N), and does not begin before
 * each was seen; SUM is of their CRC-32s. WRONG counts those called whole that are not as most of their number are, and where they
 * differ is told: a picture that is too late, or another one, is seen as well as one with a few bytes of another. */
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

enum { MAX_CAMERAS = 8, WARM_FRAMES = 10, CHECK_FRAMES = 24, N_BUFFERS = 8, MAX_DISTINCT = 16, MAX_LIKE = 4 };

typedef enum receive_by { BY_OURS, BY_SOCKETS, BY_PACKETS, BY_COUNT } receive_by;
static const char *const receive_words[BY_COUNT] = {"ours", "sockets", "packets"};

/* One of those that came under the number of a picture. */
typedef struct like {
    unsigned long      crc;
    unsigned long long n, first; /* how many were so, and the number of the first */
    uint8_t           *bytes;
    size_t             n_bytes;
} like;

typedef struct receiver {
    const char   *address;
    pid_t         camera; /* its process, whose time counts too; 0: it does not */
    receive_by    by;
    size_t        check; /* so many pictures, again and again; 0: they are not looked at */
    pthread_t     thread;
    atomic_bool   stop;
    atomic_ullong n_whole, n_other;
    like          seen[MAX_DISTINCT][MAX_LIKE];
    size_t        phase;   /* added to a picture's number, as the camera may count anew when it was lost */
    bool          is_lost; /* the next one tells */
    atomic_size_t n_seen;  /* of the pictures */
    char          problem[300];
} receiver;

/* The first after the camera was lost: one that is known tells with which the camera goes on. */
static void receiver_find_phase(receiver *r, unsigned long long number, unsigned long crc)
{
    for (size_t k = 0; k < r->check; k++) {
        if (r->seen[k][0].n == 0 || r->seen[k][0].crc != crc)
            continue;
        r->phase = (k + r->check - number % r->check) % r->check;
        r->is_lost = false;
    }
}

static void receiver_look(receiver *r, unsigned long long number, const void *data, size_t n)
{
    const unsigned long crc = crc32(0, data, (uInt)n);
    if (r->is_lost)
        receiver_find_phase(r, number, crc);
    like  *all = r->seen[(number + r->phase) % r->check];
    size_t i = 0;
    while (i < MAX_LIKE - 1 && all[i].n > 0 && all[i].crc != crc)
        i++;
    if (all[i].n++ > 0)
        return;
    all[i].crc = crc;
    all[i].first = number;
    all[i].bytes = malloc(n);
    all[i].n_bytes = all[i].bytes ? n : 0;
    if (all[i].bytes)
        memcpy(all[i].bytes, data, n);
    if (i == 0)
        atomic_fetch_add(&r->n_seen, 1);
}

static void receiver_count(receiver *r, bool whole, unsigned long long number, const void *data, size_t n)
{
    if (whole && r->check)
        receiver_look(r, number, data, n);
    atomic_fetch_add(whole ? &r->n_whole : &r->n_other, 1);
}

/* Where one that is not as the others differs from them, and whether it is another picture of that camera. */
static void receiver_tell(const receiver *r, const like *wrong, const like *right)
{
    const size_t n = wrong->n_bytes < right->n_bytes ? wrong->n_bytes : right->n_bytes;
    size_t       n_differ = 0, first = n, last = 0;
    for (size_t i = 0; i < n; i++)
        if (wrong->bytes[i] != right->bytes[i]) {
            n_differ++;
            first = i < first ? i : first;
            last = i;
        }
    fprintf(
        stderr,
        "bench_receive: %s, %s: picture %llu was called whole, and %zu bytes of it from %zu to %zu are not those of "
        "picture %llu (%zu and %zu bytes; %llu and %llu were so)\n",
        receive_words[r->by], r->address, wrong->first, n_differ, first, last, right->first, wrong->n_bytes,
        right->n_bytes, wrong->n, right->n);
    for (size_t k = 0; k < r->check; k++)
        for (size_t i = 0; i < MAX_LIKE; i++)
            if (&r->seen[k][i] != wrong && r->seen[k][i].n > 0 && r->seen[k][i].crc == wrong->crc)
                fprintf(stderr, "bench_receive: it is picture %llu\n", r->seen[k][i].first);
}

/* Of one number: what most of them were is what the camera sent. Adds its CRC; returns how many were not so. */
static unsigned long long receiver_judge(const receiver *r, const like *all, unsigned long *sum)
{
    const like        *right = all;
    unsigned long long n_wrong = 0;
    for (size_t i = 1; i < MAX_LIKE; i++)
        right = all[i].n > right->n ? &all[i] : right;
    *sum += right->crc & 0xffffff;
    for (size_t i = 0; i < MAX_LIKE; i++) {
        if (&all[i] == right || all[i].n == 0)
            continue;
        n_wrong += all[i].n;
        receiver_tell(r, &all[i], right);
    }
    return n_wrong;
}

static void receiver_ours(receiver *r)
{
    char          uri[100];
    as_err        err = AS_ERR_NONE;
    as_camera_cfg cfg = {.uri = uri, .n_frames = N_BUFFERS};
    snprintf(uri, sizeof uri, "gige:%s", r->address);
    as_camera *camera = as_camera_open(&cfg, &err);
    uint64_t   n_outages = 0;
    as_ns      away;
    while (camera && !atomic_load(&r->stop)) {
        as_frame *frame = as_camera_next(camera, as_clock_mono() + AS_NS_PER_S / 5, &err);
        r->is_lost |= as_camera_outages(camera, &away) != n_outages;
        n_outages = as_camera_outages(camera, &away);
        if (frame)
            receiver_count(r, frame->status == AS_FRAME_OK, frame->sequence, frame->image.data,
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
        receiver_count(r, arv_buffer_get_status(buffer) == ARV_BUFFER_STATUS_SUCCESS, arv_buffer_get_frame_id(buffer),
                       data, n);
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

static unsigned long receive_finish(receiver *all, size_t n, unsigned long long *ret_wrong)
{
    unsigned long sum = 0;
    *ret_wrong = 0;
    for (size_t i = 0; i < n; i++)
        atomic_store(&all[i].stop, true);
    for (size_t i = 0; i < n; i++) {
        pthread_join(all[i].thread, NULL);
        for (size_t k = 0; k < all[i].check; k++)
            *ret_wrong += receiver_judge(&all[i], all[i].seen[k], &sum);
        for (size_t k = 0; k < MAX_DISTINCT * MAX_LIKE; k++)
            free(all[i].seen[k / MAX_LIKE][k % MAX_LIKE].bytes);
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
        all[i] = (receiver){.address = all[i].address, .camera = all[i].camera, .by = by, .check = distinct};
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
    unsigned long long wrong = 0;
    unsigned long      sum = receive_finish(all, n, &wrong);
    printf("%.0f %llu %llu %lu %llu\n", cpu, now - begin, other, sum, wrong);
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
    unsigned long long number, frames;
    size_t             n = 0;
    int                n_words;
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
    while (fgets(line, sizeof line, stdin) && (n_words = sscanf(line, "%15s %llu %llu", word, &number, &frames)) >= 2) {
        if (strcmp(word, "check") == 0 && number <= MAX_DISTINCT)
            receive_take(all, n, by, (size_t)number, n_words == 3 ? frames : CHECK_FRAMES * n);
        else
            receive_take(all, n, by, 0, number);
        fflush(stdout);
    }
    return 0;
}
