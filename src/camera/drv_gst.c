/* SPDX-License-Identifier: Apache-2.0 */
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <gst/video/video.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "build_config.h"
#include "camera/driver.h"
#include "camera/gif.h"
#include "camera/module.h"

#define VIDEO_OPEN_NS (15 * AS_NS_PER_S) /* a stream that gives no first frame by then does not open */
#define VIDEO_POLL_NS (20 * AS_NS_PER_MS)
#define VIDEO_SILENT_NS \
    (3 * AS_NS_PER_S) /* a live stream that began and then says nothing for so long has broken off */
#define VIDEO_QUEUE   4u
#define VIDEO_MAX_GIF ((size_t)512 << 20)

typedef enum video_kind { VIDEO_NONE, VIDEO_FILE, VIDEO_RTSP, VIDEO_V4L2, VIDEO_PIPELINE } video_kind;

typedef struct video_priv {
    video_kind  kind;
    GstElement *pipeline;
    GstAppSink *sink;
    GstBus     *bus;
    GstSample  *first;      /* pulled at open, to know the geometry */
    bool        loop, ends; /* ends: what breaks off is over */
    uint32_t    frames_per_part;
    uint64_t    sequence;
    as_ns       begin; /* stamp of a live stream's first frame */
    as_ns       heard; /* when it gave its last frame; 0: none yet */
    as_ns       last_device;
    GstPad     *pad;       /* whose probe counts what comes in */
    guint64     n_arrived; /* of a live stream, what is dropped because nobody took it in time too */
    as_ns      *stamps;    /* of a GIF's frames; NULL: the stream says */
    size_t      n_stamps, n_shown;
    as_pace     pace;
} video_priv;

static const char *const video_keys[] = {"fps", "loop", NULL};

static bool video_is_live(const video_priv *priv)
{
    return priv->kind == VIDEO_RTSP || priv->kind == VIDEO_V4L2;
}

/* The pipeline's own words when it has failed; false then. */
static bool video_healthy(video_priv *priv, as_err *err)
{
    GstMessage *message = gst_bus_pop_filtered(priv->bus, GST_MESSAGE_ERROR);
    if (!message)
        return true;
    GError *error = NULL;
    gst_message_parse_error(message, &error, NULL);
    bool absent = g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND);
    AS_FAIL(err, absent ? AS_EMISSING : AS_EIO, "%s", error ? error->message : "the stream failed");
    g_clear_error(&error);
    gst_message_unref(message);
    return false;
}

/* Waits in short turns, so that a failure is seen at once. */
static GstSample *video_pull(video_priv *priv, as_ns deadline, as_err *err)
{
    for (;;) {
        as_ns      left = AS_MIN(deadline - as_clock_mono(), VIDEO_POLL_NS);
        GstSample *sample = gst_app_sink_try_pull_sample(priv->sink, left > 0 ? (GstClockTime)left : 0);
        if (sample)
            return sample;
        if (!video_healthy(priv, err))
            return NULL;
        if (gst_app_sink_is_eos(priv->sink)) {
            /* A camera has no end: its server was stopped. */
            AS_FAIL(err, video_is_live(priv) && !priv->ends ? AS_EIO : AS_EEND, "the stream has ended");
            return NULL;
        }
        if (video_is_live(priv) && !priv->ends && priv->heard && as_clock_mono() - priv->heard > VIDEO_SILENT_NS) {
            AS_FAIL(err, AS_EIO, "no frame has come for 3 s");
            return NULL;
        }
        if (as_clock_mono() >= deadline) {
            AS_FAIL(err, AS_ETIMEOUT, "no frame came in time");
            return NULL;
        }
    }
}

/* What a file holds is decoded; a list of addresses that only looks like one would have other places opened, also on the
 * network. 2 is "skip" (GstAutoplugSelectResult, which has no public header). */
static int video_select(GstElement *bin, GstPad *pad, GstCaps *caps, GstElementFactory *factory, void *ctx)
{
    const char *klass = gst_element_factory_get_metadata(factory, GST_ELEMENT_METADATA_KLASS);
    (void)pad;
    (void)caps;
    (void)ctx;
    if (!klass || !(strstr(klass, "Adaptive") || strstr(klass, "Network")))
        return 0;
    GST_ELEMENT_ERROR(bin, STREAM, WRONG_TYPE, ("it is a list of addresses and no recording"), (NULL));
    return 2;
}

/* Numbers what arrives, so that what the sink drops is a gap. */
static GstPadProbeReturn video_number(GstPad *pad, GstPadProbeInfo *info, gpointer ctx)
{
    video_priv *priv = ctx;
    GstBuffer  *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
    (void)pad;
    GST_BUFFER_OFFSET(buffer) = priv->n_arrived++;
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
    return GST_PAD_PROBE_OK;
}

#define VIDEO_SINK " ! videoconvert ! appsink name=assay_sink sync=false caps=video/x-raw,format=RGB"

/* Names from outside are set as properties and never become part of the description; but for a pipeline, which is one. */
static GstElement *video_launch(video_kind kind, const char *where, GError **error)
{
    switch (kind) {
    case VIDEO_V4L2: return gst_parse_launch("v4l2src name=src ! decodebin" VIDEO_SINK, error);
    case VIDEO_PIPELINE: {
        char       *text = g_strconcat(where, VIDEO_SINK, NULL);
        GstElement *pipeline = gst_parse_launch_full(text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
        g_free(text);
        return pipeline;
    }
    case VIDEO_NONE:
    case VIDEO_FILE:
    case VIDEO_RTSP: break;
    }
    return gst_parse_launch("uridecodebin name=src" VIDEO_SINK, error);
}

static void video_set_source(video_priv *priv, const char *where)
{
    char       *uri = priv->kind == VIDEO_FILE ? gst_filename_to_uri(where, NULL) : g_strdup(where);
    GstElement *source = gst_bin_get_by_name(GST_BIN(priv->pipeline), "src");
    g_object_set(source, priv->kind == VIDEO_V4L2 ? "device" : "uri", uri, NULL);
    if (priv->kind == VIDEO_FILE)
        g_signal_connect(source, "autoplug-select", G_CALLBACK(video_select), NULL);
    gst_object_unref(source);
    g_free(uri);
}

static bool video_make_source(video_priv *priv, const char *where, as_err *err)
{
    GError *error = NULL;
    priv->pipeline = video_launch(priv->kind, where, &error);
    if (!priv->pipeline || error) {
        bool typed = priv->kind == VIDEO_PIPELINE;
        AS_FAIL(err, typed ? AS_EINVAL : AS_EMISSING, "%s%s", error ? error->message : "cannot make a pipeline",
                typed ? "" : " (gstreamer1.0-plugins-base and -good are needed)");
        g_clear_error(&error);
        return false;
    }
    GstElement *sink = GST_IS_BIN(priv->pipeline) ? gst_bin_get_by_name(GST_BIN(priv->pipeline), "assay_sink") : NULL;
    if (!sink)
        return AS_FAIL(err, AS_EINVAL, "the pipeline has no end to take frames from");
    if (priv->kind != VIDEO_PIPELINE)
        video_set_source(priv, where);
    priv->sink = GST_APP_SINK(sink);
    priv->bus = gst_element_get_bus(priv->pipeline);
    gst_app_sink_set_max_buffers(priv->sink, VIDEO_QUEUE);
    gst_app_sink_set_drop(priv->sink, video_is_live(priv)); /* a live picture must not grow old */
    if (!video_is_live(priv))
        return true;
    priv->pad = gst_element_get_static_pad(sink, "sink");
    gst_pad_add_probe(priv->pad, GST_PAD_PROBE_TYPE_BUFFER, video_number, priv, NULL);
    return true;
}

static bool video_read_where(video_priv *priv, const char *path, bool typed, const char **ret_where, as_err *err)
{
    static const struct {
        const char *prefix;
        video_kind  kind;
    } kinds[] = {{"file=", VIDEO_FILE}, {"rtsp=", VIDEO_RTSP}, {"v4l2=", VIDEO_V4L2}, {"pipeline=", VIDEO_PIPELINE}};
    for (size_t i = 0; i < AS_COUNT(kinds); i++)
        if (as_str_starts(path, kinds[i].prefix)) {
            priv->kind = kinds[i].kind;
            *ret_where = path + strlen(kinds[i].prefix);
        }
    if (priv->kind == VIDEO_NONE)
        return AS_FAIL(err, AS_EINVAL, "'%s' is not of the form file=PATH, rtsp=URL, v4l2=DEVICE or pipeline=TEXT",
                       path);
    if (priv->kind == VIDEO_PIPELINE && !typed)
        return AS_FAIL(err, AS_EACCESS,
                       "a pipeline can read and write anything this program may, so that no file may hold one: give it "
                       "on the command line (--camera)");
    if (priv->kind == VIDEO_RTSP && !as_str_starts(*ret_where, "rtsp://") && !as_str_starts(*ret_where, "rtsps://"))
        return AS_FAIL(err, AS_EINVAL, "'%s' is no rtsp:// address", *ret_where);
    return true;
}

static bool video_read_geometry(const video_priv *priv, as_camera_geometry *ret, as_err *err)
{
    GstVideoInfo info;
    GstCaps     *caps = gst_sample_get_caps(priv->first);
    if (!caps || !gst_video_info_from_caps(&info, caps) || info.width <= 0 || info.height <= 0)
        return AS_FAIL(err, AS_EFORMAT, "the stream holds no picture");
    ret->pixel = AS_PIXEL_RGB8;
    ret->width = (uint32_t)info.width;
    ret->height = (uint32_t)info.height;
    ret->can_wait = priv->kind == VIDEO_FILE && priv->pace.period == 0;
    ret->comes_back = video_is_live(priv) && !priv->ends;
    return true;
}

/* A GIF's own stamps. What does not read as one is left to GStreamer's judgement. */
static bool video_read_gif(video_priv *priv, const char *path, as_err *err)
{
    uint8_t head[16], *bytes;
    size_t  n_head = 0, n;
    as_err  why = AS_ERR_NONE;
    FILE   *file = fopen(path, "rbe");
    if (file) {
        n_head = fread(head, 1, sizeof head, file);
        fclose(file);
    }
    if (!as_gif_is(head, n_head))
        return true;
    if (!as_fs_read(path, VIDEO_MAX_GIF, &bytes, &n, err))
        return false;
    bool ok = as_gif_stamps(bytes, n, &priv->stamps, &priv->n_stamps, &why);
    free(bytes);
    return ok || as_err_set(err, why.code, "'%.300s': %s", path, why.text);
}

/* Who opens it again and again must be able to stop. */
static GstSample *video_pull_first(video_priv *priv, const as_camera_cfg *cfg, as_err *err)
{
    as_ns end = as_clock_mono() + VIDEO_OPEN_NS;
    for (;;) {
        as_err     why = AS_ERR_NONE;
        as_ns      now = as_clock_mono();
        GstSample *sample = video_pull(priv, AS_MIN(end, now + VIDEO_POLL_NS), &why);
        bool       quit = cfg->quit && atomic_load(cfg->quit);
        if (sample || why.code != AS_ETIMEOUT || quit || now >= end) {
            if (!sample && err)
                *err = why;
            return sample;
        }
    }
}

/* Of a file, its path: a relative one of the project's is below the project's folder. */
static bool video_file_path(const char *dir, const char *where, char *path, as_err *err)
{
    return as_fs_join(path, dir ? dir : "", where, err) &&
           (as_fs_is_file(path) || AS_FAIL(err, AS_EMISSING, "no file '%s'", path));
}

/* GStreamer's own words say neither what was looked for nor what to do. */
static bool video_tell_absent(const video_priv *priv, const as_err *why, as_err *err)
{
    if (priv->kind == VIDEO_FILE && why->code == AS_ETIMEOUT)
        return AS_FAIL(err, AS_EFORMAT,
                       "it gave no frame in 15 s: is the file whole, and is gstreamer1.0-libav there?");
    if (priv->kind == VIDEO_FILE && why->code != AS_ECANCELLED && why->code != AS_EEND)
        return AS_FAIL(err, AS_EFORMAT,
                       "it is no video that GStreamer can play here (%s): if it is one, gstreamer1.0-libav or "
                       "gstreamer1.0-plugins-bad may be missing",
                       why->text);
    if (priv->kind == VIDEO_RTSP && why->code != AS_ECANCELLED)
        return AS_FAIL(err, AS_EMISSING,
                       "no stream comes from there (%s): is the camera or server on and in the same network, and are "
                       "its port, path and password right?",
                       why->text);
    if (priv->kind == VIDEO_V4L2 && why->code != AS_ECANCELLED)
        return AS_FAIL(
            err, AS_EMISSING,
            "no stream comes from it (%s): is the device plugged in (v4l2-ctl --list-devices shows those that "
            "are), and does no other program hold it?",
            why->text);
    return as_err_set(err, why->code, "%s", why->text);
}

static bool video_open(void *p, const char *rest, const as_camera_cfg *cfg, as_camera_geometry *ret, as_err *err)
{
    video_priv  *priv = p;
    as_uri_query query;
    double       fps = 0;
    const char  *where = "";
    char         path[AS_FS_PATH_BYTES];
    if (!as_uri_query_parse(rest, video_keys, &query, err) ||
        !as_uri_query_number(&query, "fps", 1e-3, 1e5, &fps, err) ||
        !as_uri_query_flag(&query, "loop", &priv->loop, err) ||
        !video_read_where(priv, query.path, cfg->typed, &where, err))
        return false;
    if (priv->kind == VIDEO_FILE && !video_file_path(cfg->dir, where, path, err))
        return false;
    where = priv->kind == VIDEO_FILE ? path : where;
    if (priv->kind == VIDEO_FILE)
        priv->pace.period = fps > 0 ? (as_ns)((double)AS_NS_PER_S / fps) : cfg->period / (as_ns)cfg->frames_per_part;
    priv->pace.behind = UINT32_MAX;
    priv->frames_per_part = cfg->frames_per_part;
    priv->ends = cfg->ends;
    GError *error = NULL;
    if (!gst_init_check(NULL, NULL, &error)) {
        AS_FAIL(err, AS_EMISSING, "GStreamer does not start: %s", error ? error->message : "no reason given");
        g_clear_error(&error);
        return false;
    }
    if ((priv->kind == VIDEO_FILE && !video_read_gif(priv, where, err)) || !video_make_source(priv, where, err))
        return false;
    gst_element_set_state(priv->pipeline, GST_STATE_PLAYING);
    as_err why = AS_ERR_NONE;
    priv->first = video_pull_first(priv, cfg, &why);
    return priv->first ? video_read_geometry(priv, ret, err) : video_tell_absent(priv, &why, err);
}

static bool video_copy(GstSample *sample, as_frame *frame, as_err *err)
{
    GstVideoInfo  info;
    GstVideoFrame video;
    if (!gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) || info.width <= 0 || info.height <= 0 ||
        !as_frame_reshape(frame, AS_PIXEL_RGB8, (uint32_t)info.width, (uint32_t)info.height, err))
        return false;
    if (!gst_video_frame_map(&video, &info, gst_sample_get_buffer(sample), GST_MAP_READ))
        return AS_FAIL(err, AS_EIO, "cannot read the frame's memory");
    const uint8_t *data = GST_VIDEO_FRAME_PLANE_DATA(&video, 0);
    size_t         step = (size_t)GST_VIDEO_FRAME_PLANE_STRIDE(&video, 0), row = frame->image.stride_bytes;
    for (size_t y = 0; y < frame->image.height; y++)
        memcpy(frame->image.data + y * row, data + y * step, row);
    gst_video_frame_unmap(&video);
    return true;
}

static bool video_rewind(video_priv *priv, as_err *err)
{
    if (gst_element_seek_simple(priv->pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_KEY_UNIT, 0))
        return true;
    return AS_FAIL(err, AS_EEND, "the stream has ended and cannot be started again");
}

static GstSample *video_next(video_priv *priv, as_ns deadline, as_err *err)
{
    if (priv->first) {
        GstSample *sample = priv->first;
        priv->first = NULL;
        return sample;
    }
    as_err     why = AS_ERR_NONE;
    GstSample *sample = NULL;
    if (priv->stamps && priv->n_shown == priv->n_stamps)
        AS_FAIL(&why, AS_EEND, "the GIF has ended");
    else
        sample = video_pull(priv, deadline, &why);
    if (!sample && why.code == AS_EEND && priv->loop) {
        if (!video_rewind(priv, err))
            return NULL;
        priv->n_shown = 0;
        return video_pull(priv, deadline, err);
    }
    if (!sample && err)
        *err = why;
    return sample;
}

/* Where the frame stands in the recording, or in what was seen of a live stream. Containers without stamps have a rate. */
static as_ns video_stamp(video_priv *priv, GstSample *sample)
{
    const GstSegment *segment = gst_sample_get_segment(sample);
    GstClockTime      stamp = GST_BUFFER_PTS(gst_sample_get_buffer(sample));
    GstVideoInfo      info;
    if (priv->stamps)
        return priv->stamps[priv->n_shown - 1];
    if (GST_CLOCK_TIME_IS_VALID(stamp)) {
        GstClockTime in_stream = gst_segment_to_stream_time(segment, GST_FORMAT_TIME, stamp);
        stamp = GST_CLOCK_TIME_IS_VALID(in_stream) ? in_stream : stamp;
    } else if (gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) && info.fps_n > 0 && info.fps_d > 0) {
        stamp = gst_util_uint64_scale(priv->sequence, GST_SECOND * (guint64)info.fps_d, (guint64)info.fps_n);
    } else {
        stamp = priv->sequence * (GST_SECOND / 25);
    }
    if (stamp > INT64_MAX)
        stamp = INT64_MAX;
    if (priv->kind != VIDEO_FILE && priv->sequence == 0)
        priv->begin = (as_ns)stamp;
    return (as_ns)stamp - priv->begin;
}

/* A live stream's own stamps are its camera's clock, as far as the wire tells it. */
static as_frame_status video_status(video_priv *priv, GstSample *sample, as_frame *frame, as_err *err)
{
    GstBuffer   *buffer = gst_sample_get_buffer(sample);
    GstClockTime stamp = GST_BUFFER_PTS(buffer);
    bool         stamped = video_is_live(priv) && GST_CLOCK_TIME_IS_VALID(stamp) && stamp < INT64_MAX;
    as_ns        device = stamped ? (as_ns)stamp + 1 : 0; /* 0 is none */
    bool         again = device && device == priv->last_device;
    priv->last_device = device;
    frame->time_device = device;
    if (!video_copy(sample, frame, err) || GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_CORRUPTED))
        return AS_FRAME_CORRUPT;
    return again ? AS_FRAME_REPEATED : AS_FRAME_OK;
}

static bool video_fill(void *p, as_frame *frame, as_ns deadline, as_err *err)
{
    video_priv *priv = p;
    as_ns       due;
    uint64_t    lost;
    if (!as_pace_wait(&priv->pace, deadline, &due, &lost, err))
        return false;
    GstSample *sample = video_next(priv, deadline, err);
    if (!sample)
        return false;
    as_err why = AS_ERR_NONE;
    priv->n_shown++;
    frame->time_stream = video_stamp(priv, sample);
    if (video_is_live(priv))
        priv->sequence = GST_BUFFER_OFFSET(gst_sample_get_buffer(sample));
    frame->sequence = priv->sequence;
    frame->part = priv->sequence / priv->frames_per_part + 1;
    priv->sequence++;
    frame->status = video_status(priv, sample, frame, &why);
    gst_sample_unref(sample);
    priv->heard = as_clock_mono();
    as_camera_stamp(frame, as_clock_mono());
    return true;
}

static void video_close(void *p)
{
    video_priv *priv = p;
    if (priv->first)
        gst_sample_unref(priv->first);
    free(priv->stamps);
    if (priv->pipeline)
        gst_element_set_state(priv->pipeline, GST_STATE_NULL);
    if (priv->pad)
        gst_object_unref(priv->pad);
    if (priv->bus)
        gst_object_unref(priv->bus);
    if (priv->sink)
        gst_object_unref(priv->sink);
    if (priv->pipeline)
        gst_object_unref(priv->pipeline);
}

static void video_list(void (*found)(void *ctx, const char *uri, const char *about), void *ctx)
{
    for (int i = 0; i < 64; i++) {
        char device[32], uri[64];
        snprintf(device, sizeof device, "/dev/video%d", i);
        if (!g_file_test(device, G_FILE_TEST_EXISTS))
            continue;
        snprintf(uri, sizeof uri, "gst:v4l2=%s", device);
        found(ctx, uri, "a video device of this machine");
    }
}

AS_PLUGIN_STAMP(as_camera_driver);

AS_CAMERA_MODULE_EXPORT const as_camera_driver as_camera_module = {
    .name = "gst",
    .priv_size = sizeof(video_priv),
    .open = video_open,
    .fill = video_fill,
    .close = video_close,
    .list = video_list,
};
