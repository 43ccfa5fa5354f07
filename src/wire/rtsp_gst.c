/* SPDX-License-Identifier: Apache-2.0 */
/* as_wire_rtsp.so: pictures as an RTSP stream, through GStreamer's server. */
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/plugin.h"
#include "base/thread.h"
#include "build_config.h"
#include "wire/rtsp_module.h"

enum { RTSP_MEDIA = 2 };

#define JPEG_MOST 2040u /* pixels a side: what RFC 2435 can say */

typedef struct rtsp_server rtsp_server;

/* One of the two streams; all its clients share one encoder. */
typedef struct rtsp_media {
    rtsp_server *server;
    GstElement  *source; /* counted; NULL: nobody looks */
} rtsp_media;

struct rtsp_server {
    as_rtsp_cfg     cfg;
    uint32_t        width, height; /* even: chroma has half of each */
    GMainContext   *context;
    GMainLoop      *loop;
    GstRTSPServer  *server;
    as_thread      *thread;
    guint           attached;
    atomic_uint     n_clients;
    pthread_mutex_t lock; /* of the sources */
    rtsp_media      media[RTSP_MEDIA];
};

static const struct {
    const char *name, *launch;
} rtsp_encoders[] = {
    {"x264enc", "x264enc tune=zerolatency speed-preset=veryfast key-int-max=30 bitrate=4000"},
    {"openh264enc", "openh264enc complexity=low gop-size=30 bitrate=4000000 rate-control=off"},
};

static bool rtsp_has(const char *element)
{
    GstElementFactory *factory = gst_element_factory_find(element);
    if (factory)
        gst_object_unref(factory);
    return factory != NULL;
}

/* --- pictures ------------------------------------------------------------------------------------------------------------ */

/* Rows as GStreamer has them: each begins at a multiple of four bytes. */
static GstBuffer *rtsp_copy(const rtsp_server *server, const as_image *image)
{
    const size_t line = (size_t)server->width * (image->pixel == AS_PIXEL_RGB8 ? 3 : 1), stride = (line + 3) / 4 * 4;
    GstBuffer   *buffer = gst_buffer_new_allocate(NULL, stride * server->height, NULL);
    GstMapInfo   map;
    if (!buffer || !gst_buffer_map(buffer, &map, GST_MAP_WRITE)) {
        gst_clear_buffer(&buffer);
        return NULL;
    }
    for (uint32_t y = 0; y < server->height; y++) {
        memcpy(map.data + y * stride, image->data + y * image->stride_bytes, line);
        memset(map.data + y * stride + line, 0, stride - line);
    }
    gst_buffer_unmap(buffer, &map);
    return buffer;
}

static size_t rtsp_push(void *p, const as_image *image)
{
    rtsp_server *server = p;
    GstElement  *sources[RTSP_MEDIA] = {NULL};
    GstBuffer   *buffer = NULL;
    size_t       bytes = 0;
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < RTSP_MEDIA; i++)
        if (server->media[i].source)
            sources[i] = gst_object_ref(server->media[i].source);
    pthread_mutex_unlock(&server->lock);
    for (size_t i = 0; i < RTSP_MEDIA; i++) {
        if (!sources[i])
            continue;
        buffer = buffer ? buffer : rtsp_copy(server, image);
        if (buffer && gst_app_src_push_buffer(GST_APP_SRC(sources[i]), gst_buffer_copy(buffer)) == GST_FLOW_OK)
            bytes += gst_buffer_get_size(buffer);
        gst_object_unref(sources[i]);
    }
    gst_clear_buffer(&buffer);
    return bytes;
}

/* --- clients ------------------------------------------------------------------------------------------------------------- */

static void rtsp_set_source(rtsp_media *media, GstElement *source)
{
    pthread_mutex_lock(&media->server->lock);
    GstElement *before = media->source;
    media->source = source;
    pthread_mutex_unlock(&media->server->lock);
    if (before)
        gst_object_unref(before);
}

/* The signal of a media that has ended may come after the next one has begun: only its own source goes. */
static void rtsp_unprepared(GstRTSPMedia *stream, rtsp_media *media)
{
    GstElement *bin = gst_rtsp_media_get_element(stream), *ended = gst_bin_get_by_name(GST_BIN(bin), "pictures");
    pthread_mutex_lock(&media->server->lock);
    GstElement *source = media->source == ended ? media->source : NULL;
    if (source)
        media->source = NULL;
    pthread_mutex_unlock(&media->server->lock);
    if (source)
        gst_object_unref(source);
    gst_clear_object(&ended);
    gst_object_unref(bin);
}

static void rtsp_configure(GstRTSPMediaFactory *factory, GstRTSPMedia *stream, rtsp_media *media)
{
    const rtsp_server *server = media->server;
    GstElement        *bin = gst_rtsp_media_get_element(stream);
    GstElement        *source = gst_bin_get_by_name(GST_BIN(bin), "pictures");
    GstCaps           *caps = gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING,
                                        server->cfg.pixel == AS_PIXEL_RGB8 ? "RGB" : "GRAY8", "width", G_TYPE_INT,
                                                  (gint)server->width, "height", G_TYPE_INT, (gint)server->height, "framerate",
                                                  GST_TYPE_FRACTION, (gint)(server->cfg.fps * 1000.0 + 0.5), 1000, NULL);
    (void)factory;
    g_object_set(source, "caps", caps, NULL);
    gst_caps_unref(caps);
    gst_object_unref(bin);
    g_signal_connect(stream, "unprepared", G_CALLBACK(rtsp_unprepared), media);
    rtsp_set_source(media, source);
}

static void rtsp_closed(GstRTSPClient *client, rtsp_server *server)
{
    (void)client;
    atomic_fetch_sub(&server->n_clients, 1);
}

static void rtsp_connected(GstRTSPServer *of, GstRTSPClient *client, rtsp_server *server)
{
    (void)of;
    atomic_fetch_add(&server->n_clients, 1);
    g_signal_connect(client, "closed", G_CALLBACK(rtsp_closed), server);
}

static unsigned rtsp_clients(void *p)
{
    return atomic_load(&((rtsp_server *)p)->n_clients);
}

/* --- the server ---------------------------------------------------------------------------------------------------------- */

static void rtsp_mount(rtsp_server *server, size_t i, const char *path, const char *encoder, const char *payload)
{
    char                 launch[400];
    GstRTSPMountPoints  *mounts = gst_rtsp_server_get_mount_points(server->server);
    GstRTSPMediaFactory *factory = gst_rtsp_media_factory_new();
    /* Where the encoder cannot keep up the oldest picture gives way, and the belt runs on. */
    snprintf(launch, sizeof launch,
             "( appsrc name=pictures is-live=true format=time do-timestamp=true max-buffers=2 leaky-type=downstream ! "
             "videoconvert ! %s ! %s )",
             encoder, payload);
    server->media[i].server = server;
    gst_rtsp_media_factory_set_launch(factory, launch);
    gst_rtsp_media_factory_set_shared(factory, TRUE);
    g_signal_connect(factory, "media-configure", G_CALLBACK(rtsp_configure), &server->media[i]);
    gst_rtsp_mount_points_add_factory(mounts, path, factory);
    g_object_unref(mounts);
}

static bool rtsp_mount_all(rtsp_server *server, as_rtsp_facts *ret, as_err *err)
{
    const bool jpeg =
        rtsp_has("jpegenc") && rtsp_has("rtpjpegpay") && server->width <= JPEG_MOST && server->height <= JPEG_MOST;
    for (size_t i = 0; i < AS_COUNT(rtsp_encoders) && !ret->has_h264; i++) {
        char encoder[200];
        if (!rtsp_has(rtsp_encoders[i].name) || !rtsp_has("rtph264pay"))
            continue;
        snprintf(encoder, sizeof encoder, "video/x-raw,format=I420 ! %s", rtsp_encoders[i].launch);
        snprintf(ret->encoder, sizeof ret->encoder, "%s", rtsp_encoders[i].name);
        rtsp_mount(server, 0, "/live", encoder, "rtph264pay name=pay0 pt=96 config-interval=1");
        ret->has_h264 = true;
    }
    if (jpeg)
        rtsp_mount(server, 1, "/jpeg", "video/x-raw,format=I420 ! jpegenc quality=85", "rtpjpegpay name=pay0 pt=26");
    ret->has_jpeg = jpeg;
    return ret->has_h264 || jpeg ||
           AS_FAIL(
               err, AS_EMISSING,
               "GStreamer has no encoder here for these pictures: tools/setup installs gstreamer1.0-plugins-good and "
               "-bad");
}

/* Sessions of clients that went without a word end after their time-out. */
static gboolean rtsp_look_after(gpointer ctx)
{
    const rtsp_server  *server = ctx;
    GstRTSPSessionPool *sessions = gst_rtsp_server_get_session_pool(server->server);
    gst_rtsp_session_pool_cleanup(sessions);
    g_object_unref(sessions);
    return G_SOURCE_CONTINUE;
}

static gboolean rtsp_quit(gpointer ctx)
{
    g_main_loop_quit(ctx);
    return G_SOURCE_REMOVE;
}

static void rtsp_attach(const rtsp_server *server, GSource *source, GSourceFunc call, gpointer ctx)
{
    g_source_set_callback(source, call, ctx, NULL);
    g_source_attach(source, server->context);
    g_source_unref(source);
}

static void rtsp_run(void *ctx)
{
    rtsp_server *server = ctx;
    g_main_context_push_thread_default(server->context);
    g_main_loop_run(server->loop);
    g_main_context_pop_thread_default(server->context);
}

static bool rtsp_listen(rtsp_server *server, as_rtsp_facts *ret, as_err *err)
{
    char    service[8];
    GError *error = NULL;
    snprintf(service, sizeof service, "%u", server->cfg.port);
    gst_rtsp_server_set_address(server->server, server->cfg.host);
    gst_rtsp_server_set_service(server->server, service);
    g_signal_connect(server->server, "client-connected", G_CALLBACK(rtsp_connected), server);
    GSource *source = gst_rtsp_server_create_source(server->server, NULL, &error);
    if (!source) {
        AS_FAIL(err, AS_EBUSY, "cannot listen at port %s of '%s': %s", service, server->cfg.host,
                error ? error->message : "unknown reason");
        g_clear_error(&error);
        return false;
    }
    server->attached = g_source_attach(source, server->context);
    g_source_unref(source);
    ret->port = (uint16_t)gst_rtsp_server_get_bound_port(server->server);
    return true;
}

static GstRTSPFilterResult rtsp_remove(GstRTSPServer *of, GstRTSPClient *client, gpointer ctx)
{
    (void)of;
    (void)client;
    (void)ctx;
    return GST_RTSP_FILTER_REMOVE;
}

static void rtsp_close(void *p)
{
    rtsp_server *server = p;
    if (server->attached) {
        GSource *source = g_main_context_find_source_by_id(server->context, server->attached);
        if (source)
            g_source_destroy(source);
        gst_rtsp_server_client_filter(server->server, rtsp_remove, NULL);
    }
    /* From within the loop: one that is told before it runs would not hear it. */
    if (server->thread)
        rtsp_attach(server, g_idle_source_new(), rtsp_quit, server->loop);
    as_thread_join(server->thread);
    for (size_t i = 0; i < RTSP_MEDIA; i++)
        if (server->media[i].server)
            rtsp_set_source(&server->media[i], NULL);
    g_clear_object(&server->server);
    if (server->loop)
        g_main_loop_unref(server->loop);
    if (server->context)
        g_main_context_unref(server->context);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

static void *rtsp_open(const as_rtsp_cfg *cfg, as_rtsp_facts *ret, as_err *err)
{
    GError      *error = NULL;
    rtsp_server *server = calloc(1, sizeof *server);
    *ret = (as_rtsp_facts){.port = cfg->port};
    if (!server) {
        AS_FAIL(err, AS_ENOMEM, "no memory for a server");
        return NULL;
    }
    pthread_mutex_init(&server->lock, NULL);
    server->cfg = *cfg;
    server->width = cfg->width & ~1u;
    server->height = cfg->height & ~1u;
    if (!gst_init_check(NULL, NULL, &error)) {
        AS_FAIL(err, AS_EMISSING, "GStreamer does not start: %s", error ? error->message : "unknown reason");
        g_clear_error(&error);
        rtsp_close(server);
        return NULL;
    }
    server->context = g_main_context_new();
    server->loop = g_main_loop_new(server->context, FALSE);
    server->server = gst_rtsp_server_new();
    rtsp_attach(server, g_timeout_source_new_seconds(2), rtsp_look_after, server);
    if (!rtsp_mount_all(server, ret, err) || !rtsp_listen(server, ret, err) ||
        !(server->thread = as_thread_start("rtsp", rtsp_run, server, err))) {
        rtsp_close(server);
        return NULL;
    }
    return server;
}

AS_PLUGIN_STAMP(as_rtsp_module);

AS_PLUGIN_EXPORT extern const as_rtsp_module as_wire_rtsp_module;
const as_rtsp_module                         as_wire_rtsp_module = {
                            .open = rtsp_open, .push = rtsp_push, .clients = rtsp_clients, .close = rtsp_close};
