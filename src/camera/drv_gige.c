/* SPDX-License-Identifier: Apache-2.0 */
#include <arv.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/str.h"
#include "camera/driver.h"
#include "camera/module.h"
#include "image/prepare.h"

/* One frame may take 2 s of packets; a device that is silent for longer is still waited for, in the core's short turns. */
#define GIGE_MAX_WAIT_US 1000000

typedef struct gige_priv {
    ArvCamera         *camera;
    ArvStream         *stream;
    atomic_bool        lost; /* set by Aravis' heartbeat thread */
    bool               running;
    as_pixel           pixel;    /* on the wire */
    as_camera_geometry geometry; /* of what is handed on: plain */
    as_prepare        *plain;    /* makes the one of the other; NULL: they are the same */
    uint32_t           frames_per_part;
    uint64_t           last_id, sequence;
} gige_priv;

static const char *const gige_keys[] = {"exposure_us", "gain", "fps", "format", NULL};

/* Takes over and frees the GLib error. */
static bool gige_fail(as_err *err, as_err_code code, GError *error, const char *what)
{
    AS_FAIL(err, code, "%s: %s", what, error ? error->message : "no reason given");
    g_clear_error(&error);
    return false;
}

static void gige_control_lost(ArvDevice *device, void *ctx)
{
    gige_priv *priv = ctx;
    (void)device;
    atomic_store(&priv->lost, true);
}

/* "fake" is Aravis' own camera inside this process, for trying things out without a network. */
static bool gige_connect(gige_priv *priv, const char *where, as_err *err)
{
    GError     *error = NULL;
    const char *name = where[0] ? where : NULL;
    if (strcmp(where, "fake") == 0) {
        arv_enable_interface("Fake");
        name = "Fake_1";
    }
    priv->camera = arv_camera_new(name, &error);
    if (!priv->camera) {
        if (name)
            AS_FAIL(err, AS_EMISSING, "no camera '%s' answers: %s (assay doctor lists those that do)", where,
                    error ? error->message : "not found");
        else
            AS_FAIL(err, AS_EMISSING,
                    "no camera answers on any network or USB port of this machine (is one attached and "
                    "powered, and in the same network?)");
        g_clear_error(&error);
        return false;
    }
    g_signal_connect(arv_camera_get_device(priv->camera), "control-lost", G_CALLBACK(gige_control_lost), priv);
    return true;
}

static bool gige_set_format(gige_priv *priv, const char *format, as_err *err)
{
    GError *error = NULL;
    if (format) {
        const as_pixel_facts *facts = as_pixel_facts_of(as_pixel_parse(format));
        if (facts->code == 0)
            return AS_FAIL(
                err, AS_EUNSUPPORTED,
                "'format=%s' is not supported: Mono8 to Mono16, BayerRG8 and its like, RGB8, BGR8 or YUV422_8", format);
        arv_camera_set_pixel_format(priv->camera, (ArvPixelFormat)facts->code, &error);
        if (error)
            return gige_fail(err, AS_EUNSUPPORTED, error, "the camera refuses this format");
    }
    ArvPixelFormat got = arv_camera_get_pixel_format(priv->camera, &error);
    if (error)
        return gige_fail(err, AS_EIO, error, "cannot read the pixel format");
    priv->pixel = as_pixel_of_code((uint32_t)got);
    if (priv->pixel == AS_PIXEL_NONE)
        return AS_FAIL(err, AS_EUNSUPPORTED,
                       "the camera is set to pixel format 0x%08x, which is not supported: choose another, such as "
                       "'?format=Mono8' or '?format=RGB8'",
                       (unsigned)got);
    bool mono = as_pixel_facts_of(priv->pixel)->kind == AS_PIXEL_KIND_MONO;
    priv->geometry.pixel = mono ? AS_PIXEL_MONO8 : AS_PIXEL_RGB8;
    return true;
}

/* What is not Mono8 or RGB8 on the wire becomes it here, rows at a time, in what is allocated now. */
static bool gige_make_plain(gige_priv *priv, as_err *err)
{
    const as_pixel_facts *facts = as_pixel_facts_of(priv->pixel);
    uint32_t              width = priv->geometry.width;
    if (as_pixel_plain(priv->pixel))
        return true;
    if (facts->packed && (uint64_t)width * facts->bits % 8 != 0)
        return AS_FAIL(err, AS_EUNSUPPORTED,
                       "rows of %u pixels of %s do not end at a byte: choose a width that is a multiple of 4", width,
                       facts->name);
    const as_input_spec spec = {.width = width,
                                .height = priv->geometry.height,
                                .channels = priv->geometry.pixel == AS_PIXEL_MONO8 ? 1 : 3,
                                .resize = AS_RESIZE_STANDARD,
                                .scale = {1, 1, 1}};
    const as_put_spec   bytes = {.layout = AS_PUT_LAST, .type = AS_PUT_U8, .scale = 1};
    priv->plain = as_prepare_new_as(&spec, &bytes, err);
    return priv->plain != NULL;
}

static bool gige_set_region(gige_priv *priv, const as_camera_cfg *cfg, as_err *err)
{
    GError *error = NULL;
    gint    x = 0, y = 0, width = 0, height = 0;
    arv_camera_get_region(priv->camera, &x, &y, &width, &height, &error);
    if (!error && cfg->width && cfg->height && cfg->width <= G_MAXINT && cfg->height <= G_MAXINT &&
        ((gint)cfg->width != width || (gint)cfg->height != height)) {
        arv_camera_set_region(priv->camera, -1, -1, (gint)cfg->width, (gint)cfg->height, &error);
        if (!error)
            arv_camera_get_region(priv->camera, &x, &y, &width, &height, &error);
    }
    if (error)
        return gige_fail(err, AS_EUNSUPPORTED, error, "the camera refuses this region");
    if (width <= 0 || height <= 0)
        return AS_FAIL(err, AS_EIO, "the camera says that its frames are %dx%d", width, height);
    priv->geometry.width = (uint32_t)width;
    priv->geometry.height = (uint32_t)height;
    return true;
}

typedef void (*gige_setter)(ArvCamera *camera, double value, GError **error);

static bool gige_set_number(gige_priv *priv, const as_uri_query *query, const char *key, double fallback,
                            gige_setter set, as_err *err)
{
    GError *error = NULL;
    double  value = fallback;
    if (!as_uri_query_number(query, key, 0, 1e9, &value, err))
        return false;
    if (value >= 0)
        set(priv->camera, value, &error);
    if (error)
        return gige_fail(err, AS_EUNSUPPORTED, error, key);
    return true;
}

static bool gige_start(gige_priv *priv, uint32_t n_frames, as_err *err)
{
    GError *error = NULL;
    priv->stream = arv_camera_create_stream(priv->camera, NULL, NULL, &error);
    if (!priv->stream)
        return gige_fail(err, AS_EIO, error, "cannot open the camera's stream");
    if (ARV_IS_GV_STREAM(priv->stream)) /* with the system's small default a large frame overflows it */
        g_object_set(priv->stream, "socket-buffer", ARV_GV_STREAM_SOCKET_BUFFER_FIXED, "socket-buffer-size", 4 << 20,
                     NULL);
    guint payload = arv_camera_get_payload(priv->camera, &error);
    if (error)
        return gige_fail(err, AS_EIO, error, "cannot read the payload's size");
    if (payload == 0 || payload > (size_t)AS_IMAGE_MAX_PIXELS * 4)
        return AS_FAIL(err, AS_ELIMIT, "the camera announces frames of %u bytes", payload);
    for (uint32_t i = 0; i < n_frames; i++)
        arv_stream_push_buffer(priv->stream, arv_buffer_new_allocate(payload));
    arv_camera_set_acquisition_mode(priv->camera, ARV_ACQUISITION_MODE_CONTINUOUS, &error);
    g_clear_error(&error); /* not every camera lets it be chosen */
    arv_camera_start_acquisition(priv->camera, &error);
    if (error)
        return gige_fail(err, AS_EIO, error, "the camera does not start");
    priv->running = true;
    return true;
}

static bool gige_open(void *p, const char *rest, const as_camera_cfg *cfg, as_camera_geometry *ret, as_err *err)
{
    gige_priv   *priv = p;
    as_uri_query query;
    double       fps = -1;
    if (cfg->period > 0)
        fps = (double)AS_NS_PER_S * cfg->frames_per_part / (double)cfg->period;
    atomic_init(&priv->lost, false);
    priv->frames_per_part = cfg->frames_per_part;
    if (!as_uri_query_parse(rest, gige_keys, &query, err) || !gige_connect(priv, query.path, err) ||
        !gige_set_format(priv, as_uri_query_get(&query, "format"), err) || !gige_set_region(priv, cfg, err) ||
        !gige_make_plain(priv, err) ||
        !gige_set_number(priv, &query, "exposure_us", -1, arv_camera_set_exposure_time, err) ||
        !gige_set_number(priv, &query, "gain", -1, arv_camera_set_gain, err) ||
        !gige_set_number(priv, &query, "fps", fps, arv_camera_set_frame_rate, err) ||
        !gige_start(priv, cfg->n_frames, err))
        return false;
    *ret = priv->geometry;
    return true;
}

/* Frame numbers of GigE Vision 1 run from 1 to 65535 and begin again at 1. */
static uint64_t gige_frames_since(uint64_t last, uint64_t id)
{
    if (last == 0 || id == last)
        return 1;
    if (id > last)
        return id - last;
    return last <= 65535 && last - id > 32768 ? id + 65535 - last : 1;
}

/* The picture in a buffer: its rows may be padded. False when it is not what the camera was asked for. */
static bool gige_view(ArvBuffer *buffer, as_image *ret)
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

static bool gige_copy(gige_priv *priv, ArvBuffer *buffer, as_frame *frame)
{
    as_err   ignored;
    as_image from;
    if (!gige_view(buffer, &from) || from.pixel != priv->pixel ||
        !as_frame_reshape(frame, priv->geometry.pixel, from.width, from.height, &ignored))
        return false;
    if (priv->plain)
        return from.width == priv->geometry.width && from.height == priv->geometry.height &&
               as_prepare_run(priv->plain, &from, frame->image.data, &ignored);
    size_t row = frame->image.stride_bytes;
    for (size_t y = 0; y < from.height; y++)
        memcpy(frame->image.data + y * row, from.data + y * from.stride_bytes, row);
    return true;
}

static void gige_take(gige_priv *priv, ArvBuffer *buffer, as_frame *frame)
{
    uint64_t id = arv_buffer_get_frame_id(buffer), system_ns = arv_buffer_get_system_timestamp(buffer);
    if (priv->last_id != 0)
        priv->sequence += gige_frames_since(priv->last_id, id);
    priv->last_id = id ? id : 1;
    frame->sequence = priv->sequence;
    frame->part = priv->sequence / priv->frames_per_part + 1;
    as_ns now = as_clock_mono(), age = system_ns ? as_clock_utc() - (as_ns)system_ns : 0;
    as_camera_stamp(frame, now - (age > 0 && age < 10 * AS_NS_PER_S ? age : 0));
    bool whole = arv_buffer_get_status(buffer) == ARV_BUFFER_STATUS_SUCCESS;
    frame->status = whole && gige_copy(priv, buffer, frame) ? AS_FRAME_OK : AS_FRAME_INCOMPLETE;
    if (frame->status == AS_FRAME_INCOMPLETE)
        memset(frame->image.data, 0, frame->image.stride_bytes * frame->image.height);
}

static bool gige_fill(void *p, as_frame *frame, as_ns deadline, as_err *err)
{
    gige_priv *priv = p;
    for (;;) {
        as_ns      left_us = (deadline - as_clock_mono()) / AS_NS_PER_US;
        guint64    wait_us = left_us > 0 ? (guint64)AS_MIN(left_us, GIGE_MAX_WAIT_US) : 0;
        ArvBuffer *buffer =
            wait_us ? arv_stream_timeout_pop_buffer(priv->stream, wait_us) : arv_stream_try_pop_buffer(priv->stream);
        if (!buffer)
            return atomic_load(&priv->lost) ? AS_FAIL(err, AS_EIO, "the connection to the camera is lost")
                                            : AS_FAIL(err, AS_ETIMEOUT, "no frame came in time");
        ArvBufferStatus status = arv_buffer_get_status(buffer);
        bool            dropped = status == ARV_BUFFER_STATUS_CLEARED || status == ARV_BUFFER_STATUS_ABORTED;
        if (!dropped)
            gige_take(priv, buffer, frame);
        arv_stream_push_buffer(priv->stream, buffer);
        if (!dropped)
            return true;
    }
}

static void gige_close(void *p)
{
    gige_priv *priv = p;
    if (priv->running)
        arv_camera_stop_acquisition(priv->camera, NULL);
    if (priv->camera)
        g_signal_handlers_disconnect_by_data(arv_camera_get_device(priv->camera), priv);
    g_clear_object(&priv->stream);
    g_clear_object(&priv->camera);
    priv->plain = as_prepare_free(priv->plain);
}

static void gige_list(void (*found)(void *ctx, const char *uri, const char *about), void *ctx)
{
    arv_update_device_list();
    for (guint i = 0; i < arv_get_n_devices(); i++) {
        char        uri[300], about[300];
        const char *id = arv_get_device_id(i), *vendor = arv_get_device_vendor(i), *model = arv_get_device_model(i);
        const char *address = arv_get_device_address(i), *protocol = arv_get_device_protocol(i);
        snprintf(uri, sizeof uri, "gige:%s", id ? id : "");
        snprintf(about, sizeof about, "%s %s (%s, %s)", vendor ? vendor : "?", model ? model : "?",
                 protocol ? protocol : "?", address ? address : "?");
        found(ctx, uri, about);
    }
}

AS_CAMERA_MODULE_EXPORT const as_camera_driver as_camera_module = {
    .name = "gige",
    .priv_size = sizeof(gige_priv),
    .open = gige_open,
    .fill = gige_fill,
    .close = gige_close,
    .list = gige_list,
};
