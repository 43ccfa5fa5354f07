/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/gige_stream.h"

#include "base/clock.h"
#include "base/log.h"
#include "camera/gige_seek.h"

#define STREAM_LEAST_SOCKET ((uint64_t)4 << 20) /* with the system's small default a large frame overflows it */
#define STREAM_MOST_SOCKET  ((uint64_t)64 << 20)
#define STREAM_WALL_MOVED   (50 * AS_NS_PER_MS) /* more than it is slewed from frame to frame */
#define STREAM_MAX_WAIT_US  1000000
#define STREAM_REG_SOURCE   0x0d1c /* the camera's port that its pictures come from; 0 where it does not tell */

struct as_gige_stream {
    ArvCamera       *camera; /* borrowed */
    as_gvsp_receive *own;    /* NULL: Aravis' */
    ArvStream       *arv;
    uint64_t         socket_bytes, tick_hz;
    as_gige_silence  silence; /* of what is told when nothing comes: the addresses, the port and the size of packets */
    as_ns            wall_ahead; /* this computer's wall clock against the monotonic one, at the last frame */
    as_ns            wall_since; /* wall time when it was last set: what is stamped before is not to be compared */
    as_gige_shape    shape;
    bool             told; /* that what comes is no image */
};

/* Takes over and frees the GLib error; true when there is none. */
static bool stream_ok(GError *error, as_err_code code, const char *what, as_err *err)
{
    if (!error)
        return true;
    AS_FAIL(err, code, "%s: %s", what, error->message);
    g_clear_error(&error);
    return false;
}

bool as_gige_stream_is_own(ArvCamera *camera)
{
    return ARV_IS_GV_DEVICE(arv_camera_get_device(camera));
}

/* --- our own -------------------------------------------------------------------------------------------------------------- */

static uint32_t stream_address(GSocketAddress *at)
{
    return G_IS_INET_SOCKET_ADDRESS(at)
               ? as_gv_get32(g_inet_address_to_bytes(g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(at))))
               : 0;
}

/* The largest packets that come through, unless the address names their size. *ret: bytes of pixels in one. */
static bool stream_packets(ArvCamera *camera, const as_gige_config *config, uint32_t *ret, as_err *err)
{
    GError *error = NULL;
    if (config->packet)
        arv_camera_gv_set_packet_size(camera, (gint)config->packet, &error);
    else
        (void)arv_gv_device_auto_packet_size(ARV_GV_DEVICE(arv_camera_get_device(camera)), &error);
    if (!stream_ok(error, config->packet ? AS_EUNSUPPORTED : AS_EIO, config->packet ? "packet" : "the size of packets",
                   err))
        return false;
    error = NULL;
    guint size = arv_camera_gv_get_packet_size(camera, &error);
    if (!stream_ok(error, AS_EIO, "cannot read the size of packets", err))
        return false;
    size = AS_MIN(size, (guint)UINT16_MAX);
    *ret = AS_MAX(size, AS_GVSP_ABOVE_BYTES + AS_GVSP_SHORT_BYTES + AS_GVSP_LEAST_BYTES) -
           (AS_GVSP_ABOVE_BYTES + AS_GVSP_SHORT_BYTES);
    return true;
}

/* Where the camera sends to. port 0: nowhere. */
static bool stream_direct(ArvCamera *camera, uint32_t address, uint16_t port, as_err *err)
{
    GError    *error = NULL;
    ArvDevice *device = arv_camera_get_device(camera);
    if (port)
        arv_device_write_register(device, AS_GV_REG_STREAM_ADDRESS, address, &error);
    if (!error)
        arv_device_write_register(device, AS_GV_REG_STREAM_PORT, port, &error);
    return stream_ok(error, AS_EIO, "the camera does not take where its pictures are to go", err);
}

/* The camera's port that it sends from, once it is told where to: a firewall of this machine lets in what answers. */
static void stream_greet(as_gige_stream *s)
{
    GError *error = NULL;
    guint32 port = 0;
    arv_device_read_register(arv_camera_get_device(s->camera), STREAM_REG_SOURCE, &port, &error);
    if (!error && port > 0 && port <= UINT16_MAX)
        as_gvsp_receive_greet(s->own, (uint16_t)port);
    g_clear_error(&error); /* not every camera has that register */
}

static bool stream_open_own(as_gige_stream *s, const as_gige_config *config, uint32_t payload, as_frame_pool *pool,
                            uint32_t n_held, as_err *err)
{
    ArvGvDevice   *device = ARV_GV_DEVICE(arv_camera_get_device(s->camera));
    uint32_t       own = stream_address(arv_gv_device_get_interface_address(device)), packet_bytes = 0;
    uint32_t       camera = stream_address(arv_gv_device_get_device_address(device));
    uint16_t       port = 0;
    const uint64_t least = AS_MIN(AS_MAX(STREAM_LEAST_SOCKET, (uint64_t)payload * 2), STREAM_MOST_SOCKET);
    const uint64_t bytes = config->socket_mb ? config->socket_mb << 20
                                             : AS_MIN(AS_MAX(least, (uint64_t)payload * n_held), STREAM_MOST_SOCKET);
    if (!stream_packets(s->camera, config, &packet_bytes, err))
        return false;
    s->tick_hz = arv_gv_device_get_timestamp_tick_frequency(device, NULL);
    int fd = as_gvsp_socket(own, camera, bytes, &port, &s->socket_bytes, err);
    if (fd < 0)
        return false;
    if (s->socket_bytes < (config->socket_mb ? bytes : least) / 2)
        as_log_write(
            AS_LOG_WARN,
            "the socket for the camera's pictures has room for %llu kB, and %llu kB are asked for: packets may be "
            "lost (sysctl -w net.core.rmem_max=%llu)",
            (unsigned long long)s->socket_bytes >> 10, (unsigned long long)bytes >> 10, (unsigned long long)bytes);
    const as_gvsp_receive_cfg cfg = {.fd = fd,
                                     .camera = camera,
                                     .socket_bytes = s->socket_bytes,
                                     .pool = pool,
                                     .n_frames = n_held,
                                     .expected_bytes = payload,
                                     .packet_bytes = packet_bytes,
                                     .wait = config->wait,
                                     .most = config->most,
                                     .asks = config->resend};
    s->own = as_gvsp_receive_new(&cfg, err);
    if (!s->own || !stream_direct(s->camera, own, port, err))
        return false;
    s->silence = (as_gige_silence){.own = own,
                                   .camera = camera,
                                   .port = port,
                                   .packet_bytes = packet_bytes + AS_GVSP_ABOVE_BYTES + AS_GVSP_SHORT_BYTES};
    stream_greet(s);
    return true;
}

/* The camera's ticks as ns; one that does not tell how long they are counts ns. */
static as_ns stream_time(const as_gige_stream *s, uint64_t ticks)
{
    uint64_t hz = s->tick_hz > 0 ? s->tick_hz : AS_NS_PER_S;
    double   ns = (double)(ticks % hz) * ((double)AS_NS_PER_S / (double)hz);
    uint64_t seconds = ticks / hz;
    return seconds < (uint64_t)(INT64_MAX / AS_NS_PER_S) ? (as_ns)seconds * AS_NS_PER_S + (as_ns)ns : INT64_MAX;
}

/* Chunks alone: the one that is as long as the picture which the camera was asked for is it, wherever it lies. */
static bool stream_chunks(const as_gige_stream *s, as_pixel pixel, as_gvsp_received *got, as_frame *frame)
{
    size_t       at;
    const size_t want = as_pixel_row_bytes(pixel, s->shape.width) * as_pixel_rows(pixel, s->shape.height);
    if (want == 0 || !as_gvsp_chunk_find(frame->image.data, got->bytes, want, &at))
        return false;
    memmove(frame->image.data, frame->image.data + at, want);
    got->image.code = as_pixel_facts_of(pixel)->code;
    got->image.width = s->shape.width;
    got->image.height = s->shape.height;
    got->bytes = want;
    return true;
}

/* Rows that are padded are moved together. False: the picture is not what the camera was asked for. */
static bool stream_shape(const as_gvsp_received *got, as_pixel pixel, as_frame *frame)
{
    as_err               ignored = AS_ERR_NONE;
    const as_gvsp_image *image = &got->image;
    if (pixel != as_pixel_of_code(image->code) ||
        !as_frame_reshape(frame, pixel, image->width, image->height, &ignored))
        return false;
    const size_t row = frame->image.stride_bytes, step = row + image->pad_x;
    const size_t rows = as_pixel_rows(pixel, image->height);
    if (!as_image_check_any(&frame->image, &ignored) || step * (rows - 1) + row > got->bytes)
        return false;
    for (size_t y = 1; y < rows && step > row; y++)
        memmove(frame->image.data + y * row, frame->image.data + y * step, row);
    return true;
}

static void stream_tell(as_gige_stream *s, const as_gvsp_received *got)
{
    if (s->told)
        return;
    s->told = true;
    if (got->end == AS_GVSP_TOO_LARGE) {
        as_log_write(
            AS_LOG_WARN,
            "the camera sends pictures of %u x %u pixels (format %#x), more than it announced: they are corrupt",
            got->image.width, got->image.height, got->image.code);
        return;
    }
    const as_gvsp_payload *payload = as_gvsp_payload_of(got->image.payload);
    as_log_write(AS_LOG_WARN,
                 "the camera sends %s (payload %#x), and only images can be used, alone or with chunks: each frame is "
                 "corrupt until that is changed: %s (assay camera set)",
                 payload->name, got->image.payload, payload->remedy);
}

static bool stream_next_own(as_gige_stream *s, as_pixel pixel, as_frame *frame, as_ns deadline, as_gige_came *ret)
{
    as_gvsp_received got;
    if (!as_gvsp_receive_next(s->own, frame, deadline, &got))
        return false;
    *ret = (as_gige_came){.id = got.id,
                          .device = stream_time(s, got.image.timestamp),
                          .began = got.opened,
                          .status = AS_FRAME_INCOMPLETE};
    if (got.end == AS_GVSP_INCOMPLETE)
        return true;
    bool       ok = got.end == AS_GVSP_WHOLE;
    const bool is_image = ok && (!as_gvsp_image_is_chunks(&got.image) || stream_chunks(s, pixel, &got, frame));
    ok = is_image && stream_shape(&got, pixel, frame);
    ret->status = ok ? AS_FRAME_OK : AS_FRAME_CORRUPT;
    if (!is_image)
        stream_tell(s, &got);
    return true;
}

/* --- Aravis' -------------------------------------------------------------------------------------------------------------- */

static bool stream_open_arv(as_gige_stream *s, uint32_t payload, uint32_t n_held, as_err *err)
{
    GError *error = NULL;
    s->wall_ahead = as_clock_utc() - as_clock_mono();
    s->arv = arv_camera_create_stream(s->camera, NULL, NULL, &error);
    if (!stream_ok(error, AS_EIO, "cannot open the camera's stream", err))
        return false;
    for (uint32_t i = 0; s->arv && i < n_held; i++)
        arv_stream_push_buffer(s->arv, arv_buffer_new_allocate(payload));
    return s->arv || AS_FAIL(err, AS_EIO, "cannot open the camera's stream");
}

/* The picture in a buffer: its rows may be padded. False when it is not what the camera was asked for. */
static bool stream_view(ArvBuffer *buffer, as_image *ret)
{
    as_err   ignored;
    size_t   size = 0;
    gint     pad_x = 0, pad_y = 0, width = arv_buffer_get_image_width(buffer);
    gint     height = arv_buffer_get_image_height(buffer);
    as_pixel pixel = as_pixel_of_code((uint32_t)arv_buffer_get_image_pixel_format(buffer));
    /* Not to be written: a camera's buffer is Aravis'. */
    const void *data = arv_buffer_get_image_data(buffer, &size);
    arv_buffer_get_image_padding(buffer, &pad_x, &pad_y);
    if (!data || width <= 0 || height <= 0 || pad_x < 0)
        return false;
    size_t row = as_pixel_row_bytes(pixel, (uint32_t)width), step = row + (size_t)pad_x;
    *ret = (as_image){pixel, (uint32_t)width, (uint32_t)height, step, NULL};
    memcpy(&ret->data, &data, sizeof data);
    return as_image_check_any(ret, &ignored) && size >= step * (as_pixel_rows(pixel, (uint32_t)height) - 1) + row;
}

static bool stream_copy(ArvBuffer *buffer, as_pixel pixel, as_frame *frame)
{
    as_err   ignored;
    as_image from;
    if (!stream_view(buffer, &from) || from.pixel != pixel ||
        !as_frame_reshape(frame, pixel, from.width, from.height, &ignored))
        return false;
    size_t row = frame->image.stride_bytes, rows = as_pixel_rows(from.pixel, from.height);
    for (size_t y = 0; y < rows; y++)
        memcpy(frame->image.data + y * row, from.data + y * from.stride_bytes, row);
    return true;
}

/* So long ago the buffer was filled; Aravis stamps it by the wall clock, which may be set meanwhile: then 0. */
static as_ns stream_age(as_gige_stream *s, as_ns now, as_ns filled)
{
    as_ns wall = as_clock_utc(), ahead = wall - now, moved = ahead - s->wall_ahead;
    if (moved > STREAM_WALL_MOVED || moved < -STREAM_WALL_MOVED)
        s->wall_since = wall;
    s->wall_ahead = ahead;
    as_ns age = wall - filled;
    return filled >= s->wall_since && age > 0 && age < 10 * AS_NS_PER_S ? age : 0;
}

static bool stream_next_arv(as_gige_stream *s, as_pixel pixel, as_frame *frame, as_ns deadline, as_gige_came *ret)
{
    for (;;) {
        as_ns      left_us = (deadline - as_clock_mono()) / AS_NS_PER_US;
        guint64    wait_us = left_us > 0 ? (guint64)AS_MIN(left_us, STREAM_MAX_WAIT_US) : 0;
        ArvBuffer *buffer =
            wait_us ? arv_stream_timeout_pop_buffer(s->arv, wait_us) : arv_stream_try_pop_buffer(s->arv);
        if (!buffer)
            return false;
        ArvBufferStatus status = arv_buffer_get_status(buffer);
        as_ns           now = as_clock_mono();
        if (status == ARV_BUFFER_STATUS_CLEARED || status == ARV_BUFFER_STATUS_ABORTED) {
            arv_stream_push_buffer(s->arv, buffer);
            continue;
        }
        *ret = (as_gige_came){.id = arv_buffer_get_frame_id(buffer),
                              .device = (as_ns)AS_MIN(arv_buffer_get_timestamp(buffer), (uint64_t)INT64_MAX),
                              .began = now - stream_age(s, now, (as_ns)arv_buffer_get_system_timestamp(buffer)),
                              .status = AS_FRAME_INCOMPLETE};
        if (status == ARV_BUFFER_STATUS_SUCCESS)
            ret->status = stream_copy(buffer, pixel, frame) ? AS_FRAME_OK : AS_FRAME_CORRUPT;
        arv_stream_push_buffer(s->arv, buffer);
        return true;
    }
}

/* --- either --------------------------------------------------------------------------------------------------------------- */

as_gige_stream *as_gige_stream_open(ArvCamera *camera, const as_gige_config *config, const as_gige_shape *shape,
                                    as_frame_pool *pool, uint32_t n_held, as_err *err)
{
    as_gige_stream *s = calloc(1, sizeof *s);
    if (!s) {
        AS_FAIL(err, AS_ENOMEM, "no memory for the camera's stream");
        return NULL;
    }
    s->camera = camera;
    s->shape = *shape;
    if (as_gige_stream_is_own(camera) ? stream_open_own(s, config, shape->payload, pool, n_held, err)
                                      : stream_open_arv(s, shape->payload, n_held, err))
        return s;
    return as_gige_stream_close(s, false);
}

as_gige_stream *as_gige_stream_close(as_gige_stream *s, bool answers)
{
    as_err ignored = AS_ERR_NONE;
    if (!s)
        return NULL;
    if (s->own && answers)
        (void)!stream_direct(s->camera, 0, 0, &ignored);
    as_gvsp_receive_free(s->own);
    g_clear_object(&s->arv);
    free(s);
    return NULL;
}

bool as_gige_stream_next(as_gige_stream *s, as_pixel pixel, as_frame *frame, as_ns deadline, as_gige_came *ret)
{
    return s->own ? stream_next_own(s, pixel, frame, deadline, ret) : stream_next_arv(s, pixel, frame, deadline, ret);
}

bool as_gige_stream_is_deaf(const as_gige_stream *s)
{
    if (!s->own)
        return false;
    const as_gvsp_counts counts = as_gvsp_receive_counts(s->own);
    return counts.n_pixels == 0 && counts.n_other == 0;
}

bool as_gige_stream_why_deaf(const as_gige_stream *s, as_ns deadline, char text[AS_GIGE_SILENCE_BYTES])
{
    as_gige_silence      silence = s->silence;
    const as_gvsp_counts counts = as_gvsp_receive_counts(s->own);
    silence.n_packets = counts.n_packets;
    silence.n_pixels = counts.n_pixels;
    silence.knows_target = as_gige_target_of(silence.camera, deadline, &silence.target, &silence.target_port);
    if (!silence.knows_target)
        return false;
    as_gige_silence_look(&silence);
    as_gige_silence_text(&silence, text);
    return true;
}

void as_gige_stream_count(as_gige_stream *s, as_camera_stream *ret)
{
    guint64 completed = 0, failures = 0, underruns = 0;
    if (!s->own) {
        arv_stream_get_statistics(s->arv, &completed, &failures, &underruns);
        *ret = (as_camera_stream){.n_completed_buffers = completed, .n_failures = failures, .n_underruns = underruns};
        return;
    }
    const as_gvsp_counts c = as_gvsp_receive_counts(s->own);
    *ret = (as_camera_stream){.n_completed_buffers = c.n_whole,
                              .n_failures = c.n_incomplete,
                              .n_underruns = c.n_underruns,
                              .n_late = c.n_late,
                              .n_others = c.n_other,
                              .n_received_packets = c.n_packets,
                              .n_resend_requests = c.n_asked,
                              .n_resent_packets = c.n_resent,
                              .n_missing_packets = c.n_missing,
                              .n_pauses = c.n_pauses,
                              .n_dropped_packets = as_gvsp_receive_n_dropped(s->own),
                              .n_duplicated_packets = c.n_twice,
                              .n_late_packets = c.n_late_packets,
                              .n_error_packets = c.n_errors,
                              .n_ignored_packets = c.n_ignored};
}

bool as_gige_stream_is_urgent(const as_gige_stream *s)
{
    return s->own && as_gvsp_receive_is_urgent(s->own);
}

uint64_t as_gige_stream_socket_bytes(const as_gige_stream *s)
{
    return s->socket_bytes;
}
