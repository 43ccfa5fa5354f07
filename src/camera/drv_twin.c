/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/clock.h"
#include "camera/driver.h"
#include "camera/twin_settings.h"
#include "camera/twin_uri.h"

typedef struct twin_priv {
    as_twin_uri uri;
    as_twin    *twin;
    void       *scratch;
    uint64_t    first_part, n_parts; /* 0 parts: endless */
    uint32_t    n_views;
    uint64_t    at;       /* how many views have passed the camera, seen or not */
    uint64_t    sequence; /* how many frames it has sent, arrived or not */
    uint64_t    shown;    /* the part of the last picture; 0: none yet */
    bool        again;    /* the trigger came twice for this one */
    as_pace     pace;
} twin_priv;

static void twin_read_order(twin_priv *priv, const as_twin_uri *uri, const as_camera_cfg *cfg)
{
    uint64_t views = uri->views ? uri->views : cfg->frames_per_part;
    priv->first_part = uri->from ? uri->from : 1;
    priv->n_parts = uri->parts;
    priv->n_views = (uint32_t)views;
    priv->pace.behind = cfg->n_frames;
    priv->pace.period = uri->fps > 0 ? (as_ns)((double)AS_NS_PER_S / uri->fps) : cfg->period / (as_ns)views;
}

static bool twin_open(void *p, const char *rest, const as_camera_cfg *cfg, as_camera_geometry *ret, as_err *err)
{
    twin_priv   *priv = p;
    as_twin_uri *uri = &priv->uri;
    if (!as_twin_uri_parse(rest, uri, err) || !as_twin_uri_files(uri, cfg->dir, err))
        return false;
    uri->cfg.width = uri->cfg.width ? uri->cfg.width : cfg->width;
    uri->cfg.height = uri->cfg.height ? uri->cfg.height : cfg->height;
    twin_read_order(priv, uri, cfg);
    as_twin_uri_rate(uri, priv->pace.period > 0 ? (double)AS_NS_PER_S / (double)priv->pace.period : 0.0, priv->n_views);
    priv->twin = as_twin_open(uri->query.path, &uri->cfg, err);
    if (!priv->twin)
        return false;
    priv->scratch = malloc(as_twin_scratch_bytes(priv->twin));
    if (!priv->scratch)
        return AS_FAIL(err, AS_ENOMEM, "no memory to draw in");
    const as_twin_cfg *got = as_twin_cfg_of(priv->twin);
    ret->pixel = got->pixel;
    ret->width = got->width;
    ret->height = got->height;
    ret->n_parts = priv->n_parts;
    ret->can_wait = priv->pace.period == 0;
    return true;
}

/* A part is the same part whatever light, speed and noise it is seen with. A frame of a web is none of the scene's parts. */
static as_origin twin_part_origin(const char *scene, as_twin_scan scan, uint64_t seed, uint64_t part)
{
    char      text[1200];
    int       n = snprintf(text, sizeof text, "twin:%.1000s%s seed %llu part %llu", scene,
                     scan == AS_TWIN_SCAN_LINE ? " web" : "", (unsigned long long)seed, (unsigned long long)part);
    as_digest digest = as_sha256_of(text, (size_t)n);
    return as_origin_of(&digest);
}

static bool twin_origin(const char *rest, uint64_t part, as_origin *ret)
{
    as_twin_uri uri;
    as_err      ignored = AS_ERR_NONE;
    bool        ok = as_twin_uri_parse(rest, &uri, &ignored);
    if (ok)
        *ret = twin_part_origin(uri.query.path, uri.cfg.scan, uri.cfg.seed, part);
    as_twin_uri_done(&uri);
    return ok;
}

static bool twin_has(uint32_t faults, as_fault fault)
{
    return (faults >> fault) & 1u;
}

/* Waits for the next view whose frame arrives; what does not leaves a gap in the sequence, a trigger that was missed none. */
static bool twin_await(twin_priv *priv, as_ns deadline, as_ns *ret_due, uint32_t *ret_faults, as_err *err)
{
    double amounts[AS_FAULT_COUNT];
    for (;;) {
        uint64_t lost = 0;
        if (priv->n_parts && priv->at / priv->n_views >= priv->n_parts)
            return AS_FAIL(err, AS_EEND, "all %llu parts have passed", (unsigned long long)priv->n_parts);
        if (!as_pace_wait(&priv->pace, deadline, ret_due, &lost, err))
            return false;
        priv->at += lost;
        priv->sequence += lost;
        if (priv->n_parts && priv->at / priv->n_views >= priv->n_parts)
            continue;
        *ret_faults = as_twin_faults_at(priv->twin, priv->first_part + priv->at / priv->n_views, amounts);
        if (twin_has(*ret_faults, AS_FAULT_MISSING_TRIGGER)) {
            priv->at += priv->n_views - priv->at % priv->n_views;
        } else if (twin_has(*ret_faults, AS_FAULT_FRAME_LOSS) || twin_has(*ret_faults, AS_FAULT_DEAD)) {
            priv->at++;
            priv->sequence++;
        } else {
            return true;
        }
        if (as_clock_mono() >= deadline)
            return AS_FAIL(err, AS_ETIMEOUT, "no frame in time: the camera is out of order");
    }
}

/* From a third of the picture on, nothing has arrived. */
static void twin_cut(as_frame *frame)
{
    uint32_t from = frame->image.height / 3 + (uint32_t)(frame->part % (frame->image.height / 2 + 1));
    memset(frame->image.data + from * frame->image.stride_bytes, 0,
           (frame->image.height - from) * frame->image.stride_bytes);
    frame->status = AS_FRAME_INCOMPLETE;
}

static bool twin_fill(void *p, as_frame *frame, as_ns deadline, as_err *err)
{
    twin_priv *priv = p;
    as_ns      due;
    uint32_t   faults;
    if (!twin_await(priv, deadline, &due, &faults, err))
        return false;
    as_ns    begun = as_clock_mono();
    uint32_t view = (uint32_t)(priv->at % priv->n_views);
    as_truth of_frozen;
    frame->sequence = priv->sequence;
    frame->part = priv->first_part + priv->at / priv->n_views;
    frame->status = AS_FRAME_OK;
    if (!as_twin_render(priv->twin, frame->part, view, priv->scratch, &frame->image, &frame->truth, err))
        return false;
    if (!twin_has(faults, AS_FAULT_FROZEN) || priv->shown == 0)
        priv->shown = frame->part;
    else if (!as_twin_render(priv->twin, priv->shown, view, priv->scratch, &frame->image, &of_frozen, err))
        return false;
    if (twin_has(faults, AS_FAULT_HALF_FRAME))
        twin_cut(frame);
    priv->again = twin_has(faults, AS_FAULT_DOUBLE_TRIGGER) && !priv->again;
    priv->at += !priv->again;
    priv->sequence++;
    const as_twin_cfg *got = as_twin_cfg_of(priv->twin);
    frame->origin = twin_part_origin(as_twin_scene_of(priv->twin)->name, got->scan, got->seed, frame->part);
    /* The world's clock stands still while it is drawn: drawing is no part of the way from trigger to verdict. */
    as_camera_stamp(frame, due + (as_clock_mono() - begun));
    return true;
}

static void twin_close(void *p)
{
    twin_priv *priv = p;
    free(priv->scratch);
    as_twin_close(priv->twin);
    as_twin_uri_done(&priv->uri);
}

#define TWIN_RATE "AcquisitionFrameRate"

static void twin_rate(const twin_priv *priv, as_setting *ret)
{
    memset(ret, 0, sizeof *ret);
    as_str_copy(ret->name, sizeof ret->name, TWIN_RATE);
    as_str_copy(ret->category, sizeof ret->category, "AcquisitionControl");
    as_str_copy(ret->unit, sizeof ret->unit, "Hz");
    ret->kind = AS_SETTING_FLOAT;
    ret->readable = ret->writable = priv->pace.period > 0; /* else it waits for who looks, and goes on doing so */
    ret->low = 1e-3;
    ret->high = 1e5;
    ret->step = NAN;
    if (ret->readable)
        snprintf(ret->value, sizeof ret->value, "%.10g", (double)AS_NS_PER_S / (double)priv->pace.period);
}

static bool twin_settings(void *p, bool (*visit)(void *ctx, const as_setting *setting), void *ctx, as_err *err)
{
    twin_priv *priv = p;
    as_setting s;
    (void)err;
    for (size_t i = 0; as_twin_setting_at(i, as_twin_cfg_of(priv->twin), as_twin_sensor_of(priv->twin) != NULL, &s);
         i++)
        if (!visit(ctx, &s))
            return true;
    twin_rate(priv, &s);
    visit(ctx, &s);
    return true;
}

static bool twin_get(void *p, const char *name, as_setting *ret, as_err *err)
{
    twin_priv *priv = p;
    twin_rate(priv, ret);
    if (strcmp(name, TWIN_RATE) == 0)
        return true;
    for (size_t i = 0; as_twin_setting_at(i, as_twin_cfg_of(priv->twin), as_twin_sensor_of(priv->twin) != NULL, ret);
         i++)
        if (strcmp(ret->name, name) == 0)
            return true;
    return AS_FAIL(err, AS_ENOTFOUND, "the twin has no feature '%.64s'", name);
}

/* The world is a function of its settings: the part that comes next is the same one, seen otherwise. */
static bool twin_set(void *p, const char *name, const char *value, as_err *err)
{
    twin_priv  *priv = p;
    as_twin_cfg cfg = priv->uri.cfg;
    double      fps;
    if (strcmp(name, TWIN_RATE) == 0 && as_str_to_f64(value, &fps)) {
        priv->pace.period = (as_ns)((double)AS_NS_PER_S / fps);
        return true;
    }
    if (!as_twin_setting_put(name, value, &cfg))
        return AS_FAIL(err, AS_EINVAL, "'%.64s=%.100s' cannot be set on a twin", name, value);
    as_twin *twin = as_twin_open(priv->uri.query.path, &cfg, err);
    void    *scratch = twin ? malloc(as_twin_scratch_bytes(twin)) : NULL;
    if (!scratch) {
        as_twin_close(twin);
        return twin ? AS_FAIL(err, AS_ENOMEM, "no memory to draw in") : false;
    }
    free(priv->scratch);
    as_twin_close(priv->twin);
    priv->scratch = scratch;
    priv->twin = twin;
    priv->uri.cfg = cfg;
    return true;
}

static void twin_list(void (*found)(void *ctx, const char *uri, const char *about), void *ctx)
{
    const as_twin_scene *scene;
    for (size_t i = 0; (scene = as_twin_scene_at(i)) != NULL; i++) {
        char uri[64];
        snprintf(uri, sizeof uri, "twin:%s", scene->name);
        found(ctx, uri, scene->summary);
    }
}

extern const as_camera_driver as_camera_twin;
const as_camera_driver        as_camera_twin = {
           .name = "twin",
           .summary = "the emulated factory: parts and defects drawn from a seed, each frame with its truth",
           .help = "twin:SCENE?KEY=VALUE&... (assay twin list: the scenes, sensors and faults)\n" AS_TWIN_URI_HELP,
           .priv_size = sizeof(twin_priv),
           .open = twin_open,
           .fill = twin_fill,
           .close = twin_close,
           .origin = twin_origin,
           .list = twin_list,
           .features = twin_settings,
           .get = twin_get,
           .set = twin_set,
};
