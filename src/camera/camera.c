/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/camera_priv.h"

#include <arpa/inet.h>
#include <math.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "build_config.h"
#include "camera/module.h"

#define DEFAULT_FRAMES 8u
#define MAX_FRAMES     1024u
#define SLICE_NS       (50 * AS_NS_PER_MS) /* so soon is a stop seen */
#define SILENT_NS      (3 * AS_NS_PER_S)   /* until is said what a camera waits for */
#define FREE_FRAME_NS  (1 * AS_NS_PER_MS)  /* between looks for a free frame */

#define X(name) extern const as_camera_driver as_camera_##name;
#include "camera/camera_list.inc"
#undef X
#define X(name, summary, help) extern const as_camera_driver as_camera_##name;
#include "camera/module.def"
#undef X

static const as_camera_driver *const drivers[] = {
#define X(name) &as_camera_##name,
#include "camera/camera_list.inc"
#undef X
#define X(name, summary, help) &as_camera_##name,
#include "camera/module.def"
#undef X
    NULL};

const as_camera_driver *as_camera_driver_at(size_t i)
{
    return i < AS_COUNT(drivers) ? drivers[i] : NULL;
}

/* "folder, twin and gige; not in this build: gst (needs GStreamer, ...)" */
static void camera_list(char *text, size_t n)
{
    static const char *const optional[] = {"gige", "gst"};
    size_t                   at = 0;
    const char              *between = "";
    for (size_t i = 0; drivers[i] && at < n; i++, between = ", ")
        at += (size_t)snprintf(text + at, n - at, "%s%s", between, drivers[i]->name);
    between = "; not in this build: ";
    for (size_t i = 0; i < AS_COUNT(optional) && at < n; i++) {
        const char *without = as_camera_module_left_out(optional[i]);
        if (!without)
            continue;
        at += (size_t)snprintf(text + at, n - at, "%s%s, for want of %s", between, optional[i], without);
        between = ", ";
    }
}

static const as_camera_driver *camera_find(const char *uri, const char **ret_rest, as_err *err)
{
    const char *names[AS_COUNT(drivers)];
    char        scheme[32], there[400];
    size_t      n = 0, length = strcspn(uri, ":");
    if (uri[length] != ':' || length == 0 || length >= sizeof scheme) {
        unsigned char address[4];
        if (inet_pton(AF_INET, uri, address) == 1)
            AS_FAIL(err, AS_EINVAL, "'%s' is an address without a driver: gige:%s for a GigE Vision camera there", uri,
                    uri);
        else
            AS_FAIL(err, AS_EINVAL, "'%s' is no camera: the form is DRIVER:WHERE, for example twin:cones", uri);
        return NULL;
    }
    memcpy(scheme, uri, length);
    scheme[length] = 0;
    for (; drivers[n]; n++) {
        names[n] = drivers[n]->name;
        if (strcmp(scheme, names[n]) == 0) {
            *ret_rest = uri + length + 1;
            return drivers[n];
        }
    }
    const char *without = as_camera_module_left_out(scheme), *nearest = as_str_nearest(scheme, names, n);
    camera_list(there, sizeof there);
    if (without)
        AS_FAIL(err, AS_EMISSING, "this build has no camera driver '%s': it was built without %s", scheme, without);
    else if (nearest)
        AS_FAIL(err, AS_ENOTFOUND, "no camera driver '%s' for '%s': did you mean '%s'? (there are %s)", scheme, uri,
                nearest, there);
    else
        AS_FAIL(err, AS_ENOTFOUND, "no camera driver '%s' for '%s' (there are %s)", scheme, uri, there);
    return NULL;
}

bool as_camera_origin(const char *uri, uint64_t part, as_origin *ret)
{
    as_err                  ignored = AS_ERR_NONE;
    const char             *rest;
    const as_camera_driver *driver = camera_find(uri, &rest, &ignored);
    return driver && driver->origin && driver->origin(rest, part, ret);
}

static bool camera_init(as_camera *cam, const as_camera_cfg *asked, const char *rest, as_err *err)
{
    as_camera_cfg cfg = *asked;
    cam->rest = strdup(rest);
    cfg.n_frames = cfg.n_frames ? cfg.n_frames : DEFAULT_FRAMES;
    cfg.frames_per_part = cfg.frames_per_part ? cfg.frames_per_part : 1;
    cfg.period = AS_MAX(cfg.period, 0);
    if (cfg.n_frames > MAX_FRAMES)
        return AS_FAIL(err, AS_ELIMIT, "%u frames are more than the %u a pool may hold", cfg.n_frames, MAX_FRAMES);
    cam->uri = as_uri_public(asked->uri);
    if (!cam->uri || !cam->rest)
        return AS_FAIL(err, AS_ENOMEM, "no memory");
    cfg.uri = cam->uri; /* the caller's may be gone when it is opened again */
    cam->cfg = cfg;
    if (!cam->driver->open(cam->priv, rest, &cfg, &cam->geometry, err))
        return false;
    if (cam->geometry.comes_back && cam->driver->keep)
        cam->driver->keep(cam->priv, &cam->kept);
    cam->cfg.dir = NULL; /* of files alone, and those do not come back; it is the caller's */
    const as_camera_geometry *g = &cam->geometry;
    cam->pool = as_frame_pool_new_of(g->pixel, g->width, g->height, g->memory_bytes, cfg.n_frames + 1 + g->n_held, err);
    if (!cam->pool)
        return false;
    cam->n_frames = cfg.n_frames;
    return as_camera_start(cam, err);
}

bool as_camera_start(as_camera *cam, as_err *err)
{
    return cam->cfg.idle || !cam->driver->start || cam->driver->start(cam->priv, cam->pool, err);
}

/* Frames that were handed out and did not come back. */
static uint32_t camera_in_use(const as_camera *cam)
{
    uint32_t all = as_frame_pool_in_use(cam->pool);
    return all - AS_MIN(all, cam->geometry.n_held);
}

as_camera *as_camera_open(const as_camera_cfg *cfg, as_err *err)
{
    const char             *rest;
    const as_camera_driver *driver = camera_find(cfg->uri, &rest, err);
    if (!driver)
        return NULL;
    as_camera *cam = calloc(1, sizeof *cam);
    void      *priv = cam ? calloc(1, driver->priv_size) : NULL;
    if (!priv) {
        AS_FAIL(err, AS_ENOMEM, "no memory for camera '%s'", cfg->uri);
        free(cam);
        return NULL;
    }
    cam->driver = driver;
    cam->priv = priv;
    cam->opened_at = as_clock_mono();
    atomic_init(&cam->stopped, false);
    if (!camera_init(cam, cfg, rest, err)) {
        as_err_note(err, "cannot open camera '%s'", cam->uri ? cam->uri : driver->name);
        return as_camera_close(cam);
    }
    return cam;
}

as_camera_geometry as_camera_geometry_of(const as_camera *cam)
{
    return cam->geometry;
}

const char *as_camera_uri(const as_camera *cam)
{
    return cam->uri;
}

/* Nothing is lost while the camera waits for a frame to come back. */
static bool camera_wait_free(as_camera *cam, as_ns deadline, as_err *err)
{
    while (camera_in_use(cam) >= cam->n_frames) {
        as_ns now = as_clock_mono();
        if (atomic_load(&cam->stopped))
            return AS_FAIL(err, AS_ECANCELLED, "camera '%s' was stopped", cam->uri);
        if (now >= deadline)
            return AS_FAIL(err, AS_EBUSY, "all %u frames of camera '%s' are in use", cam->n_frames, cam->uri);
        as_clock_sleep_until(AS_MIN(deadline, now + FREE_FRAME_NS));
    }
    return true;
}

/* A frame came: its number, and what it says about those before it. */
static void camera_count(as_camera *cam, as_frame *frame)
{
    frame->sequence += cam->base_sequence;
    frame->part += cam->base_sequence / cam->cfg.frames_per_part;
    if (frame->sequence > cam->next_sequence) {
        cam->stats.n_lost += frame->sequence - cam->next_sequence;
        cam->stats.n_gaps++;
    }
    if (frame->sequence >= cam->next_sequence)
        cam->next_sequence = frame->sequence + 1;
}

/* Another program may have left the camera such that it sends nothing: that looks like a dead one. */
static void camera_say_waits(as_camera *cam)
{
    if (cam->said_waits || !cam->geometry.waits_for[0] || cam->next_sequence > 0 ||
        as_clock_mono() < cam->opened_at + SILENT_NS)
        return;
    as_log_write(AS_LOG_WARN, "camera '%s' has sent nothing for %d s: it waits for %s", cam->uri,
                 (int)(SILENT_NS / AS_NS_PER_S), cam->geometry.waits_for);
    cam->said_waits = true;
}

/* One short try; *ret_again when only time ran out. */
static as_frame *camera_try(as_camera *cam, as_ns deadline, bool *ret_again, as_err *err)
{
    as_err why = AS_ERR_NONE;
    bool   spare = camera_in_use(cam) >= cam->n_frames;
    *ret_again = false;
    as_frame *frame = as_frame_pool_get(cam->pool);
    if (!frame) {
        AS_FAIL(err, AS_EINTERNAL, "the pool of camera '%s' lost its spare frame", cam->uri);
        return NULL;
    }
    if (!cam->driver->fill(cam->priv, frame, deadline, &why)) {
        *ret_again = why.code == AS_ETIMEOUT;
        if (*ret_again)
            camera_say_waits(cam);
        if (why.code == AS_EIO && cam->geometry.comes_back)
            *ret_again = as_again_start(cam, &why, &why);
        if (err)
            *err = why;
        as_err_note(err, "camera '%s'", cam->uri);
        return as_frame_unref(frame);
    }
    camera_count(cam, frame);
    if (!spare) {
        cam->stats.n_frames[frame->status]++;
        return frame;
    }
    cam->stats.n_lost++;
    AS_FAIL(err, AS_EBUSY, "all %u frames of camera '%s' are in use: a frame is lost", cam->n_frames, cam->uri);
    return as_frame_unref(frame);
}

as_frame *as_camera_next(as_camera *cam, as_ns deadline, as_err *err)
{
    for (;;) {
        as_err why = AS_ERR_NONE;
        bool   again = false;
        if (atomic_load(&cam->stopped)) {
            AS_FAIL(err, AS_ECANCELLED, "camera '%s' was stopped", cam->uri);
            return NULL;
        }
        if (cam->geometry.can_wait && !camera_wait_free(cam, deadline, err))
            return NULL;
        as_ns     now = as_clock_mono(), slice = AS_MIN(now + SLICE_NS, deadline);
        as_frame *frame = NULL;
        if (cam->again && !as_again_wait(cam, slice, &why))
            again = true;
        else
            frame = camera_try(cam, slice, &again, &why);
        if (frame)
            return frame;
        if (!again || as_clock_mono() >= deadline) {
            if (why.code == AS_EIO && cam->again)
                why.code = AS_ETIMEOUT; /* the deadline met the loss itself */
            if (err)
                *err = why;
            return NULL;
        }
    }
}

uint64_t as_camera_lost(const as_camera *cam)
{
    return cam->stats.n_lost;
}

void as_camera_stats_of(as_camera *cam, as_camera_stats *ret)
{
    *ret = cam->stats;
    as_camera_stream_of(cam, &ret->stream);
    ret->temperature_c = NAN;
    if (cam->driver->stats && !cam->again)
        cam->driver->stats(cam->priv, ret);
}

/* A stream counts from 0 again after each return. */
void as_camera_stream_of(as_camera *cam, as_camera_stream *ret)
{
    as_camera_stream now = {0};
    if (cam->driver->count && !cam->again)
        cam->driver->count(cam->priv, &now);
    *ret = cam->stats.stream;
#define X(name, what) ret->name += now.name;
#include "camera/stream.def"
#undef X
}

uint64_t as_camera_outages(const as_camera *cam, as_ns *ret_away)
{
    const as_ns now = as_again_away(cam);
    *ret_away = cam->stats.away + now;
    return cam->stats.n_returns + (now > 0);
}

void as_camera_stop(as_camera *cam)
{
    atomic_store(&cam->stopped, true);
}

as_camera *as_camera_close(as_camera *cam)
{
    if (cam) {
        as_again_stop(cam);
        cam->driver->close(cam->priv);
        as_frame_pool_free(cam->pool);
        as_vec_done(&cam->settings.all);
        as_vec_done(&cam->kept.all);
        free(cam->priv);
        free(cam->rest);
        free(cam->uri);
        free(cam);
    }
    return NULL;
}
