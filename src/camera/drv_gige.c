/* SPDX-License-Identifier: Apache-2.0 */
#include <arv.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "build_config.h"
#include "camera/driver.h"
#include "camera/gige_config.h"
#include "camera/gige_device.h"
#include "camera/gige_features.h"
#include "camera/gige_owed.h"
#include "camera/gige_stream.h"
#include "camera/gige_trigger.h"
#include "camera/module.h"

#define GIGE_DEAF_NS    (1700 * AS_NS_PER_MS) /* the cause is told within 2 s */
#define GIGE_ANSWERS_NS (100 * AS_NS_PER_MS)
#define GIGE_TRIGGER_NS (2 * AS_NS_PER_S) /* and the exposure: until a frame is triggered again */

typedef struct gige_priv {
    ArvCamera         *camera;
    as_gige_stream    *stream;
    atomic_bool        lost;              /* set by Aravis' heartbeat thread */
    as_gige_watch      watch;             /* notices a loss sooner */
    bool               running, is_again; /* again: it came back */
    as_gige_config     config;
    as_pixel           pixel;
    as_camera_geometry geometry;
    uint32_t           frames_per_part;
    uint64_t           sequence;
    as_arrivals        arrivals;
    uint32_t           payload, n_held;            /* bytes of a picture; frames to receive into */
    as_gige_trigger    trigger;                    /* on with ?trigger=software */
    as_pace            pace;                       /* of it */
    as_ns              triggered;                  /* 0: no frame is on its way */
    as_ns              patience;                   /* so long a frame is waited for before it is triggered again */
    as_gige_owed       owed;                       /* of its triggers */
    as_ns              deaf;                       /* when it is looked why not one packet came; 0: never */
    as_ns              deaf_after;                 /* the first trigger; 0: that was sent, or there is none */
    bool               hurried;                    /* it was looked at once: a picture came without its pixels */
    char               why[AS_GIGE_SILENCE_BYTES]; /* "" before that */
} gige_priv;

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

static bool gige_connect(gige_priv *priv, const char *where, const as_camera_cfg *cfg, as_err *err)
{
    GError       *error = NULL;
    as_gige_owner owner;
    ArvDevice    *device = as_gige_device_open(where, cfg, err);
    if (!device)
        return false;
    priv->camera = arv_camera_new_with_device(device, &error);
    g_object_unref(device);
    if (!priv->camera)
        return gige_fail(err, AS_EIO, error, "the camera is of no kind that is known");
    g_signal_connect(device, "control-lost", G_CALLBACK(gige_control_lost), priv);
    if (as_gige_device_is_held(device, &owner))
        as_gige_owner_text(&owner, priv->geometry.held, sizeof priv->geometry.held);
    else
        as_gige_device_watch(device, where, &priv->watch, priv->geometry.where);
    return true;
}

static bool gige_measure(gige_priv *priv, as_err *err)
{
    GError        *error = NULL;
    gint           x = 0, y = 0, width = 0, height = 0;
    ArvPixelFormat got = arv_camera_get_pixel_format(priv->camera, &error);
    if (error)
        return gige_fail(err, AS_EIO, error, "cannot read the pixel format");
    priv->pixel = as_pixel_of_code((uint32_t)got);
    arv_camera_get_region(priv->camera, &x, &y, &width, &height, &error);
    if (error)
        return gige_fail(err, AS_EIO, error, "cannot read the region");
    if (width <= 0 || height <= 0 || width > (gint)AS_IMAGE_MAX_SIDE || height > (gint)AS_IMAGE_MAX_SIDE)
        return AS_FAIL(err, AS_EIO, "the camera says that its frames are %dx%d", width, height);
    priv->geometry.pixel = priv->pixel;
    priv->geometry.width = (uint32_t)width;
    priv->geometry.height = (uint32_t)height;
    priv->geometry.comes_back = !priv->geometry.held[0];
    return true;
}

static bool gige_check_format(const gige_priv *priv, as_err *err)
{
    const as_pixel_facts *facts = as_pixel_facts_of(priv->pixel);
    if (priv->pixel == AS_PIXEL_NONE)
        return AS_FAIL(err, AS_EUNSUPPORTED,
                       "the camera is set to pixel format %s, which is not supported: choose another, such as "
                       "'?format=Mono8' or '?format=RGB8'",
                       arv_camera_get_pixel_format_as_string(priv->camera, NULL));
    if (facts->packed && (uint64_t)priv->geometry.width * facts->bits % 8 != 0)
        return AS_FAIL(err, AS_EUNSUPPORTED,
                       "rows of %u pixels of %s do not end at a byte: choose a width that is a multiple of 4",
                       priv->geometry.width, facts->name);
    return true;
}

/* Frames that the stream receives into: as many as the caller may hold, which come while he holds all of them. */
#define GIGE_LEAST_HELD  3u
#define GIGE_MOST_FRAMES 600
#define GIGE_MOST_BYTES  ((size_t)256 << 20)

static bool gige_measure_payload(gige_priv *priv, const as_camera_cfg *cfg, as_err *err)
{
    GError *error = NULL;
    guint   payload = arv_camera_get_payload(priv->camera, &error);
    if (error)
        return gige_fail(err, AS_EIO, error, "cannot read the payload's size");
    if (payload == 0 || payload > (size_t)AS_IMAGE_MAX_PIXELS * 4)
        return AS_FAIL(err, AS_ELIMIT, "the camera announces frames of %u bytes", payload);
    priv->n_held = AS_MAX(cfg->n_frames, GIGE_LEAST_HELD);
    priv->payload = payload;
    if (as_gige_stream_is_own(priv->camera)) {
        priv->geometry.n_held = priv->n_held;
        priv->geometry.memory_bytes = payload;
    }
    return true;
}

static double gige_patience(gige_priv *priv) /* returns the exposure, in us */
{
    const double exposure_us = arv_camera_get_exposure_time(priv->camera, NULL);
    priv->patience = GIGE_TRIGGER_NS + (exposure_us > 0 ? (as_ns)(AS_MIN(exposure_us, 1e9) * AS_NS_PER_US) : 0);
    return exposure_us;
}

/* By when the first packet should have come, whatever rate and exposure the camera has. One whose trigger is somebody else's may
 * have none; if it is ours that one is sent when a frame is asked for. */
static void gige_expect(gige_priv *priv)
{
    const char  *trigger = as_uri_query_get(&priv->config.query, "trigger");
    const double fps = arv_camera_get_frame_rate(priv->camera, NULL);
    const double exposure_us = gige_patience(priv);
    double       wait_s = (double)GIGE_DEAF_NS / (double)AS_NS_PER_S;
    if (!as_gige_stream_is_own(priv->camera) || priv->geometry.waits_for[0] ||
        (trigger && !priv->config.software && strcmp(trigger, "off") != 0))
        return;
    if (fps > 0 && !priv->config.software)
        wait_s = AS_MAX(wait_s, AS_MIN(2 / fps, 3600));
    if (exposure_us > 0)
        wait_s = AS_MAX(wait_s, AS_MIN(2e-6 * exposure_us, 3600));
    if (priv->config.software && priv->pace.period > 0)
        wait_s = AS_MAX(wait_s, AS_MIN(2 * (double)priv->pace.period / (double)AS_NS_PER_S, 3600));
    const as_ns wait = (as_ns)(wait_s * (double)AS_NS_PER_S);
    priv->deaf = priv->config.software ? 0 : as_clock_mono() + wait;
    priv->deaf_after = priv->config.software ? wait : 0;
}

/* The memory of frames is had from the system now, up to what few lines have, not when one falls behind for the first time. */
static void gige_touch(as_frame_pool *pool)
{
    as_frame *all[GIGE_MOST_FRAMES];
    size_t    n = 0, bytes = 0;
    while (n < AS_COUNT(all) && bytes < GIGE_MOST_BYTES && (all[n] = as_frame_pool_get(pool))) {
        bytes += as_frame_capacity_bytes(all[n]);
        memset(all[n]->image.data, 0, as_frame_capacity_bytes(all[n]));
        n++;
    }
    while (n-- > 0)
        as_frame_unref(all[n]);
}

static bool gige_start(void *p, as_frame_pool *pool, as_err *err)
{
    gige_priv          *priv = p;
    GError             *error = NULL;
    const as_gige_shape shape = {priv->geometry.width, priv->geometry.height, priv->payload};
    if (!priv->is_again)
        gige_touch(pool);
    priv->stream = as_gige_stream_open(priv->camera, &priv->config, &shape, pool, priv->n_held, err);
    if (!priv->stream)
        return false;
    arv_camera_set_acquisition_mode(priv->camera, ARV_ACQUISITION_MODE_CONTINUOUS, &error);
    g_clear_error(&error); /* not every camera lets it be chosen */
    return !priv->config.software || as_gige_trigger_start(&priv->trigger, priv->camera, err);
}

/* One of what it had. False when it does not answer: what it refuses now is no reason to be blind. */
static bool gige_give_one(ArvDevice *device, const as_setting_wish *wish, size_t *written, as_err *err)
{
    as_setting now;
    as_err     why = AS_ERR_NONE;
    if (as_gige_get(device, wish->name, &now, &why) && now.writable && !as_setting_same(&now, now.value, wish->value))
        *written += as_setting_check(&now, wish->value, &why) && as_gige_set(device, wish->name, wish->value, &why);
    return why.code != AS_EIO || as_err_false(as_err_set(err, why.code, "%s", why.text));
}

/* What decides how a picture is taken. A camera that was without power has it as its maker left it. */
static const char *const gige_kept[] = {"PixelFormat",
                                        "BinningHorizontal",
                                        "BinningVertical",
                                        "DecimationHorizontal",
                                        "DecimationVertical",
                                        "Width",
                                        "Height",
                                        "OffsetX",
                                        "OffsetY",
                                        "ReverseX",
                                        "ReverseY",
                                        "ExposureMode",
                                        "ExposureAuto",
                                        "ExposureTime",
                                        "ExposureTimeAbs",
                                        "GainAuto",
                                        "Gain",
                                        "GainRaw",
                                        "BlackLevel",
                                        "Gamma",
                                        "GammaEnable",
                                        "BalanceWhiteAuto",
                                        "AcquisitionFrameRateEnable",
                                        "AcquisitionFrameRate",
                                        "AcquisitionFrameRateAbs",
                                        "TriggerSelector",
                                        "TriggerSource",
                                        "TriggerActivation",
                                        "TriggerDelay",
                                        "TriggerMode",
                                        "LineSelector",
                                        "LineMode",
                                        "LineSource",
                                        "GevSCPD"};

/* False: the camera does not answer. */
static bool gige_keep_one(gige_priv *priv, const char *name, as_setting_wishes *ret)
{
    as_setting one;
    as_err     why = AS_ERR_NONE;
    bool       there = as_gige_get(arv_camera_get_device(priv->camera), name, &one, &why) && one.readable;
    return why.code != AS_EIO && (!there || as_setting_wishes_put(ret, one.name, one.value, &why));
}

static void gige_keep(void *p, as_setting_wishes *ret)
{
    gige_priv *priv = p;
    for (size_t i = 0; i < AS_COUNT(gige_kept); i++)
        if (!gige_keep_one(priv, gige_kept[i], ret))
            return;
}

/* The features that the address names, too. */
static void gige_keep_named(gige_priv *priv, as_setting_wishes *ret)
{
    for (size_t i = 0; i < priv->config.query.n; i++) {
        const char *key = priv->config.query.pairs[i].key;
        if (key[0] >= 'A' && key[0] <= 'Z' && !gige_keep_one(priv, key, ret))
            return;
    }
}

/* The line that becomes a strobe lies behind a selector, which is on another one maybe: what that line had. */
static void gige_keep_line(gige_priv *priv, as_setting_wishes *ret)
{
    static const char *const names[] = {"LineSelector", "LineSource", "LineMode"}; /* an input's source may be locked */
    ArvDevice               *device = arv_camera_get_device(priv->camera);
    const char              *line = as_uri_query_get(&priv->config.query, "strobe");
    as_setting               selector;
    as_err                   ignored = AS_ERR_NONE;
    if (!line || !as_gige_get(device, names[0], &selector, &ignored) || !as_setting_check(&selector, line, &ignored) ||
        !as_gige_set(device, names[0], line, &ignored))
        return;
    for (size_t i = 0; i < AS_COUNT(names); i++)
        if (!gige_keep_one(priv, names[i], ret))
            return;
}

/* Before frames are started. A wide picture may have to wait for its offset, and that for the width: more rounds than one. */
static bool gige_give_back(gige_priv *priv, const as_setting_wishes *kept, const atomic_bool *quit, as_err *err)
{
    ArvDevice *device = arv_camera_get_device(priv->camera);
    size_t     written = 1;
    for (int round = 0; round < 3 && written > 0; round++) {
        written = 0;
        for (size_t i = 0; i < kept->all.n; i++) {
            if (quit && atomic_load(quit))
                return AS_FAIL(err, AS_ECANCELLED, "the camera is not wanted any more");
            if (!gige_give_one(device, &kept->all.at[i], &written, err))
                return false;
        }
    }
    return true;
}

/* Adds what the camera does not have again of what it had. */
static void gige_tell_left(gige_priv *priv, const as_setting_wishes *kept, char *text, size_t n)
{
    as_setting now;
    as_err     ignored = AS_ERR_NONE;
    for (size_t i = 0; i < kept->all.n; i++) {
        const as_setting_wish *wish = &kept->all.at[i];
        const size_t           used = strlen(text);
        if (as_gige_get(arv_camera_get_device(priv->camera), wish->name, &now, &ignored) && now.readable &&
            !as_setting_same(&now, now.value, wish->value))
            snprintf(text + used, n - used, "%s%s=%.60s", used ? ", " : "", now.name, now.value);
    }
}

/* left: what the camera has of the address for all that. False: it does not answer. */
static bool gige_undo(gige_priv *priv, const as_setting_wishes *line, const as_setting_wishes *was,
                      const atomic_bool *quit, char *left, size_t n, as_err *err)
{
    if (!gige_give_back(priv, line, quit, err))
        return false;
    gige_tell_left(priv, line, left, n);
    if (!gige_give_back(priv, was, quit, err))
        return false;
    gige_tell_left(priv, was, left, n);
    return true;
}

/* All that the address asks for, or nothing of it. A camera that came back is given what it had instead. */
static bool gige_apply(gige_priv *priv, const as_camera_cfg *cfg, as_err *err)
{
    as_setting_wishes was = {0}, line = {0};
    as_err            why = AS_ERR_NONE;
    char              left[200] = "";
    if (priv->geometry.held[0]) /* only to look */
        return priv->config.query.n == 0 ||
               AS_FAIL(
                   err, AS_EBUSY,
                   "the camera is held by %s: it can be looked at, but nothing of '?%s=' be set; leave that out, or "
                   "end that program first",
                   priv->geometry.held, priv->config.query.pairs[0].key);
    if (cfg->kept)
        return gige_give_back(priv, cfg->kept, cfg->quit, err) &&
               as_gige_config_apply(&priv->config, priv->camera, err);
    gige_keep(priv, &was);
    gige_keep_named(priv, &was);
    gige_keep_line(priv, &line);
    bool ok = as_gige_config_apply(&priv->config, priv->camera, err);
    if (!ok && !gige_undo(priv, &line, &was, cfg->quit, left, sizeof left, &why))
        as_err_note(err, "the camera has part of what its address asks for (%.100s)", why.text);
    else if (left[0])
        as_err_note(err, "the camera keeps %s", left);
    as_vec_done(&was.all);
    as_vec_done(&line.all);
    return ok;
}

/* The address says nothing of a trigger, and the camera is left with one, by whoever had it before. */
static void gige_note_trigger(gige_priv *priv)
{
    as_setting mode, source;
    as_err     ignored = AS_ERR_NONE;
    ArvDevice *device = arv_camera_get_device(priv->camera);
    if (as_uri_query_get(&priv->config.query, "trigger") || !as_gige_get(device, "TriggerMode", &mode, &ignored) ||
        strcmp(mode.value, "On") != 0)
        return;
    if (!as_gige_get(device, "TriggerSource", &source, &ignored))
        as_str_copy(source.value, sizeof source.value, "unknown");
    snprintf(priv->geometry.waits_for, sizeof priv->geometry.waits_for,
             "its trigger (TriggerMode is On, TriggerSource %.40s): trigger=off in its address lets it run freely",
             source.value);
}

static bool gige_open(void *p, const char *rest, const as_camera_cfg *cfg, as_camera_geometry *ret, as_err *err)
{
    gige_priv *priv = p;
    atomic_init(&priv->lost, false);
    priv->frames_per_part = cfg->frames_per_part;
    priv->is_again = cfg->kept != NULL;
    if (!as_gige_config_parse(rest, cfg, &priv->config, err) || !gige_connect(priv, priv->config.query.path, cfg, err))
        return false;
    if (!gige_apply(priv, cfg, err) || !gige_measure(priv, err))
        return false;
    gige_note_trigger(priv);
    priv->pace.period = priv->config.fps > 0 ? (as_ns)((double)AS_NS_PER_S / priv->config.fps) : 0;
    if (cfg->idle)
        priv->geometry.pixel = priv->pixel ? priv->pixel : AS_PIXEL_MONO8;
    else if (!gige_check_format(priv, err) || !gige_measure_payload(priv, cfg, err))
        return false;
    *ret = priv->geometry;
    return true;
}

static void gige_take(gige_priv *priv, const as_gige_came *came, as_frame *frame)
{
    const bool is_doubtful = as_gige_owed_take(&priv->owed, came->id, false);
    uint64_t   step;
    frame->time_device = came->device;
    frame->status =
        as_arrivals_take(&priv->arrivals, came->id, came->device, as_clock_mono(), priv->config.late, &step);
    priv->sequence += step;
    if (is_doubtful && frame->status == AS_FRAME_OK)
        frame->status = AS_FRAME_LATE;
    priv->triggered = 0;
    frame->sequence = priv->sequence;
    frame->part = priv->sequence / priv->frames_per_part + 1;
    as_camera_stamp(frame, came->began);
    if (came->status == AS_FRAME_OK)
        return;
    frame->status = came->status;
    memset(frame->image.data, 0, frame->image.stride_bytes * as_pixel_rows(frame->image.pixel, frame->image.height));
}

/* The pictures of triggers that were given up: their numbers are missing, and they count as lost. False: the deadline came first. */
static bool gige_drain(gige_priv *priv, as_frame *frame, as_ns deadline)
{
    as_gige_came came;
    while (as_gige_owed_waits(&priv->owed, as_clock_mono())) {
        if (as_gige_stream_next(priv->stream, priv->pixel, frame, AS_MIN(deadline, priv->owed.until), &came)) {
            (void)as_gige_owed_take(&priv->owed, came.id, false);
            as_gige_watch_came(&priv->watch);
        } else if (as_clock_mono() >= deadline) {
            return false;
        }
    }
    return true;
}

/* Asks for one frame, when it is its time and none is on its way. Whether the camera took it is seen by the next one. */
static bool gige_trigger(gige_priv *priv, as_ns deadline, as_err *err)
{
    as_ns    due, now = as_clock_mono();
    uint64_t passed;
    if (priv->triggered && now - priv->triggered < priv->patience)
        return true;
    if (!as_pace_wait(&priv->pace, deadline, &due, &passed, err))
        return false;
    if (!as_gige_trigger_fire(&priv->trigger, err))
        return false;
    priv->triggered = as_clock_mono();
    as_gige_owed_fire(&priv->owed, priv->triggered + priv->patience);
    if (priv->deaf_after)
        priv->deaf = priv->triggered + priv->deaf_after;
    priv->deaf_after = 0;
    return true;
}

/* Once: not one packet came in all the time that the first should have taken. */
static void gige_wonder(gige_priv *priv)
{
    const as_ns now = as_clock_mono();
    if (priv->deaf == 0 || now < priv->deaf)
        return;
    priv->deaf = now + GIGE_DEAF_NS; /* again, if it does not answer now */
    if (!as_gige_stream_why_deaf(priv->stream, now + GIGE_ANSWERS_NS, priv->why))
        return;
    priv->deaf = 0;
    as_log_write(AS_LOG_WARN, "camera '%s': %s", priv->config.query.path, priv->why);
}

/* It began to come before it was triggered: of an older trigger, or of somebody else's. Its number is missing then, and counts as
 * lost. */
static bool gige_is_stale(gige_priv *priv, const as_gige_came *came)
{
    const as_ns sent = priv->trigger.is_on ? as_gige_trigger_sent(&priv->trigger) : INT64_MIN;
    const bool  is_stale = sent == 0 || came->began < sent;
    as_gige_watch_came(&priv->watch);
    if (is_stale)
        (void)as_gige_owed_take(&priv->owed, came->id, true);
    return is_stale;
}

/* Nothing came. A camera that was without power is there again before Aravis misses it. */
static bool gige_silent(gige_priv *priv, as_err *err)
{
    if (as_gige_watch_is_lost(&priv->watch, as_clock_mono()))
        atomic_store(&priv->lost, true);
    if (atomic_load(&priv->lost))
        return AS_FAIL(err, AS_EIO, "the connection to the camera is lost");
    if (!as_gige_stream_is_deaf(priv->stream))
        return AS_FAIL(err, AS_ETIMEOUT, "no frame came in time");
    gige_wonder(priv);
    if (priv->why[0])
        return AS_FAIL(err, AS_ETIMEOUT, "no frame came in time: %s", priv->why);
    if (priv->geometry.waits_for[0])
        return AS_FAIL(err, AS_ETIMEOUT, "no frame came in time: the camera waits for %s", priv->geometry.waits_for);
    return AS_FAIL(err, AS_ETIMEOUT,
                   "no frame came in time, nor a single packet of one ever (does it wait for a trigger, or does a "
                   "firewall of this machine drop what it sends by UDP?)");
}

/* When the first frame is asked for: those that came before, while whoever wants them was not ready, would be late or lost. */
static bool gige_begin(gige_priv *priv, as_err *err)
{
    GError *error = NULL;
    if (priv->running)
        return true;
    as_gige_trigger_lock(&priv->trigger);
    arv_camera_start_acquisition(priv->camera, &error);
    priv->running = !error;
    if (!error)
        gige_expect(priv);
    as_gige_trigger_unlock(&priv->trigger);
    const bool is_refused = error && error->domain == ARV_DEVICE_ERROR &&
                            (error->code == ARV_DEVICE_ERROR_FEATURE_NOT_FOUND ||
                             (error->code >= ARV_DEVICE_ERROR_PROTOCOL_ERROR_NOT_IMPLEMENTED &&
                              error->code <= ARV_DEVICE_ERROR_PROTOCOL_ERROR_BAD_ALIGNMENT));
    return !error || gige_fail(err, is_refused ? AS_EUNSUPPORTED : AS_EIO, error, "the camera does not start");
}

static bool gige_fill(void *p, as_frame *frame, as_ns deadline, as_err *err)
{
    gige_priv   *priv = p;
    as_gige_came came;
    if (!priv->stream)
        return AS_FAIL(err, AS_EINVAL, "the camera was opened for its settings alone");
    if (!gige_begin(priv, err))
        return false;
    if (priv->trigger.is_on && !priv->triggered && !gige_drain(priv, frame, deadline))
        return gige_silent(priv, err);
    if (priv->trigger.is_on && !gige_trigger(priv, deadline, err))
        return false;
    do
        if (!as_gige_stream_next(priv->stream, priv->pixel, frame, deadline, &came))
            return gige_silent(priv, err);
    while (gige_is_stale(priv, &came));
    gige_take(priv, &came, frame);
    if (came.status != AS_FRAME_OK && priv->deaf && !priv->hurried && as_gige_stream_is_deaf(priv->stream)) {
        priv->hurried = true;
        priv->deaf = as_clock_mono(); /* a whole picture without a packet of pixels: no need to wait */
        gige_wonder(priv);
    }
    return true;
}

static void gige_close(void *p)
{
    gige_priv *priv = p;
    as_gige_trigger_stop(&priv->trigger);
    GError *error = NULL;
    bool    answers = !atomic_load(&priv->lost); /* who is gone cannot be asked to stop */
    if (priv->running && answers)
        arv_camera_stop_acquisition(priv->camera, &error);
    answers = answers && !error;
    g_clear_error(&error);
    if (priv->camera)
        g_signal_handlers_disconnect_by_data(arv_camera_get_device(priv->camera), priv);
    as_gige_stream_close(priv->stream, answers);
    g_clear_object(&priv->camera);
    as_gige_watch_stop(&priv->watch);
}

static bool gige_find(const char *rest, const as_camera_cfg *cfg, as_ns deadline, as_err *err)
{
    (void)rest;
    return as_gige_device_find(cfg, deadline, err);
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

static bool gige_features(void *p, bool (*visit)(void *ctx, const as_setting *feature), void *ctx, as_err *err)
{
    gige_priv *priv = p;
    as_gige_trigger_lock(&priv->trigger);
    bool ok = as_gige_features(arv_camera_get_device(priv->camera), visit, ctx, err);
    as_gige_trigger_unlock(&priv->trigger);
    return ok;
}

static bool gige_get(void *p, const char *name, as_setting *ret, as_err *err)
{
    gige_priv *priv = p;
    as_gige_trigger_lock(&priv->trigger);
    bool ok = as_gige_get(arv_camera_get_device(priv->camera), name, ret, err);
    as_gige_trigger_unlock(&priv->trigger);
    return ok;
}

static bool gige_set(void *p, const char *name, const char *value, as_err *err)
{
    gige_priv *priv = p;
    as_gige_trigger_lock(&priv->trigger);
    bool ok = as_gige_set(arv_camera_get_device(priv->camera), name, value, err);
    if (ok && strncmp(name, "Exposure", strlen("Exposure")) == 0)
        (void)gige_patience(priv);
    as_gige_trigger_unlock(&priv->trigger);
    return ok;
}

static void gige_stats(void *p, as_camera_stats *stats)
{
    gige_priv *priv = p;
    GError    *error = NULL;
    if (priv->stream) {
        stats->socket_bytes = (uint32_t)as_gige_stream_socket_bytes(priv->stream);
        stats->is_urgent = as_gige_stream_is_urgent(priv->stream);
    }
    as_gige_trigger_lock(&priv->trigger);
    if (arv_camera_is_gv_device(priv->camera))
        stats->packet_bytes = arv_camera_gv_get_packet_size(priv->camera, NULL);
    if (arv_camera_is_feature_available(priv->camera, "DeviceTemperature", NULL)) {
        double temperature = arv_camera_get_float(priv->camera, "DeviceTemperature", &error);
        if (!error)
            stats->temperature_c = temperature;
        g_clear_error(&error);
    }
    as_gige_trigger_unlock(&priv->trigger);
}

static void gige_count(void *p, as_camera_stream *ret)
{
    gige_priv *priv = p;
    if (priv->stream)
        as_gige_stream_count(priv->stream, ret);
}

AS_PLUGIN_STAMP(as_camera_driver);

AS_CAMERA_MODULE_EXPORT const as_camera_driver as_camera_module = {
    .name = "gige",
    .priv_size = sizeof(gige_priv),
    .open = gige_open,
    .start = gige_start,
    .find = gige_find,
    .fill = gige_fill,
    .close = gige_close,
    .list = gige_list,
    .features = gige_features,
    .get = gige_get,
    .set = gige_set,
    .keep = gige_keep,
    .stats = gige_stats,
    .count = gige_count,
};
