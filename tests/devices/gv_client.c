/* SPDX-License-Identifier: Apache-2.0 */
/* gv_client ADDRESS [--seconds S] [--frames N] [--fps F] [--packet-size P] [--set NAME=VALUE ...] [--dump FILE]
 *
 * A client of Aravis alone, as other programs are: takes pictures for some seconds, and prints one line of JSON: how many came
 * whole and how many not, frames and MB a second, packets that were asked for again, and the processor time that took. --dump:
 * a line for each picture: its number, status and the CRC-32 of its bytes. */
#include <arv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <zlib.h>

typedef struct client {
    const char *address;
    double      seconds, fps;
    long        frames, packet_size;
    FILE       *dump;
    ArvCamera  *camera;
    ArvStream  *stream;
    guint64     n_ok, n_bad, n_bytes, n_gaps, last_id;
    int         statuses[16];
} client;

static double client_now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

static double client_cpu(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

static int client_fail(GError *error, const char *what)
{
    fprintf(stderr, "gv_client: %s: %s\n", what, error ? error->message : "failed");
    g_clear_error(&error);
    return 3;
}

/* --set NAME=VALUE: by what kind of feature it is. */
static int client_set(client *c, const char *text)
{
    GError     *error = NULL;
    char        name[64];
    char       *end = NULL;
    ArvDevice  *device = arv_camera_get_device(c->camera);
    const char *equals = strchr(text, '=');
    if (!equals || (size_t)(equals - text) >= sizeof name)
        return client_fail(NULL, text);
    snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
    ArvGcNode *node = arv_device_get_feature(device, name);
    double     value = strtod(equals + 1, &end);
    if (ARV_IS_GC_COMMAND(node))
        arv_device_execute_command(device, name, &error);
    else if (ARV_IS_GC_FLOAT(node))
        arv_device_set_float_feature_value(device, name, value, &error);
    else if (ARV_IS_GC_BOOLEAN(node))
        arv_device_set_boolean_feature_value(device, name, value > 0, &error);
    else if (ARV_IS_GC_INTEGER(node) && *end == '\0')
        arv_device_set_integer_feature_value(device, name, (gint64)value, &error);
    else
        arv_device_set_string_feature_value(device, name, equals + 1, &error);
    return error ? client_fail(error, text) : 0;
}

static int client_option(client *c, const char *name, const char *value)
{
    if (strcmp(name, "--seconds") == 0)
        c->seconds = strtod(value, NULL);
    else if (strcmp(name, "--frames") == 0)
        c->frames = strtol(value, NULL, 10);
    else if (strcmp(name, "--fps") == 0)
        c->fps = strtod(value, NULL);
    else if (strcmp(name, "--packet-size") == 0)
        c->packet_size = strtol(value, NULL, 10);
    else if (strcmp(name, "--dump") == 0)
        c->dump = fopen(value, "w");
    else if (strcmp(name, "--set") != 0)
        return client_fail(NULL, name);
    return 0;
}

static void client_take(client *c, ArvBuffer *buffer)
{
    size_t          n = 0;
    const void     *data = arv_buffer_get_data(buffer, &n);
    ArvBufferStatus status = arv_buffer_get_status(buffer);
    guint64         id = arv_buffer_get_frame_id(buffer);
    if (status == ARV_BUFFER_STATUS_SUCCESS) {
        c->n_ok++;
        c->n_bytes += n;
    } else {
        c->n_bad++;
    }
    c->statuses[(int)status & 15]++;
    if (c->last_id != 0 && id > c->last_id + 1)
        c->n_gaps += id - c->last_id - 1;
    c->last_id = id;
    if (c->dump)
        fprintf(c->dump, "%llu %d %08lx %llu\n", (unsigned long long)id, (int)status, crc32(0, data, (uInt)n),
                (unsigned long long)arv_buffer_get_timestamp(buffer));
}

static int client_start(client *c)
{
    GError *error = NULL;
    if (c->packet_size)
        arv_camera_gv_set_packet_size(c->camera, (gint)c->packet_size, &error);
    if (!error && c->fps > 0)
        arv_camera_set_frame_rate(c->camera, c->fps, &error);
    c->stream = error ? NULL : arv_camera_create_stream(c->camera, NULL, NULL, &error);
    if (!c->stream)
        return client_fail(error, "no stream");
    if (ARV_IS_GV_STREAM(c->stream))
        g_object_set(c->stream, "socket-buffer", ARV_GV_STREAM_SOCKET_BUFFER_FIXED, "socket-buffer-size", 4 << 20,
                     NULL);
    guint payload = arv_camera_get_payload(c->camera, &error);
    for (int i = 0; i < 20 && !error; i++)
        arv_stream_push_buffer(c->stream, arv_buffer_new_allocate(payload));
    if (!error)
        arv_camera_start_acquisition(c->camera, &error);
    return error ? client_fail(error, "does not start") : 0;
}

static void client_report(const client *c, double seconds, double cpu)
{
    guint64 resent = 0, missing = 0;
    if (ARV_IS_GV_STREAM(c->stream))
        arv_gv_stream_get_statistics(ARV_GV_STREAM(c->stream), &resent, &missing);
    printf("{\"n_ok\":%llu,\"n_bad\":%llu,\"n_gaps\":%llu,\"frames_per_s\":%.2f,\"mb_per_s\":%.1f,\"cpu_s\":%.3f,"
           "\"seconds\":%.3f,\"n_resent\":%llu,\"n_missing\":%llu,\"statuses\":[",
           (unsigned long long)c->n_ok, (unsigned long long)c->n_bad, (unsigned long long)c->n_gaps,
           (double)c->n_ok / seconds, (double)c->n_bytes * 1e-6 / seconds, cpu, seconds, (unsigned long long)resent,
           (unsigned long long)missing);
    for (int i = 0; i < 10; i++)
        printf("%s%d", i ? "," : "", c->statuses[i]);
    printf("]}\n");
}

int main(int argc, char **argv)
{
    client  c = {.address = argc > 1 ? argv[1] : "127.0.0.1", .seconds = 3};
    GError *error = NULL;
    int     status = 0;
    for (int i = 2; i + 1 < argc && status == 0; i += 2)
        status = client_option(&c, argv[i], argv[i + 1]);
    c.camera = status ? NULL : arv_camera_new(c.address, &error);
    if (!c.camera)
        return status ? status : client_fail(error, c.address);
    for (int i = 2; i + 1 < argc && status == 0; i += 2)
        if (strcmp(argv[i], "--set") == 0)
            status = client_set(&c, argv[i + 1]);
    if (status == 0)
        status = client_start(&c);
    double began = client_now(), cpu = client_cpu(), until = began + c.seconds;
    while (status == 0 && client_now() < until && (c.frames == 0 || (long)(c.n_ok + c.n_bad) < c.frames)) {
        ArvBuffer *buffer = arv_stream_timeout_pop_buffer(c.stream, 100000);
        if (!buffer)
            continue;
        client_take(&c, buffer);
        arv_stream_push_buffer(c.stream, buffer);
    }
    if (status == 0) {
        client_report(&c, client_now() - began, client_cpu() - cpu);
        arv_camera_stop_acquisition(c.camera, NULL);
    }
    if (c.dump)
        fclose(c.dump);
    g_clear_object(&c.stream);
    g_clear_object(&c.camera);
    return status;
}
