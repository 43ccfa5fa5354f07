/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/str.h"
#include "camera/driver.h"
#include "twin/twin.h"

typedef struct twin_priv {
    as_twin *twin;
    void    *scratch;
    uint64_t first_part, n_parts; /* 0 parts: endless */
    uint32_t n_views;
    uint64_t sequence;
    as_pace  pace;
} twin_priv;

static const char *const twin_keys[] = {"seed",     "fps",     "parts",    "from", "views", "belt",
                                        "exposure", "defects", "severity", "gain", "noise", NULL};

static bool twin_read_cfg(const as_uri_query *query, as_twin_cfg *cfg, as_err *err)
{
    return as_uri_query_count(query, "seed", 0, UINT64_MAX, &cfg->seed, err) &&
           as_uri_query_number(query, "belt", 0, 1e6, &cfg->belt_mm_per_s, err) &&
           as_uri_query_number(query, "exposure", 0, 1e7, &cfg->exposure_us, err) &&
           as_uri_query_number(query, "defects", 0, 1, &cfg->defect_share, err) &&
           as_uri_query_number(query, "severity", 0, 1, &cfg->min_severity, err) &&
           as_uri_query_number(query, "gain", 0.01, 1e6, &cfg->gain_e_per_dn, err) &&
           as_uri_query_number(query, "noise", 0, 1e6, &cfg->read_noise_e, err);
}

static bool twin_read_order(twin_priv *priv, const as_uri_query *query, const as_camera_cfg *cfg, as_err *err)
{
    double   fps = 0;
    uint64_t views = cfg->frames_per_part;
    priv->first_part = 1;
    if (!as_uri_query_number(query, "fps", 1e-3, 1e5, &fps, err) ||
        !as_uri_query_count(query, "views", 1, 64, &views, err) ||
        !as_uri_query_count(query, "from", 1, UINT64_MAX / 128, &priv->first_part, err) ||
        !as_uri_query_count(query, "parts", 1, UINT64_MAX / 128, &priv->n_parts, err))
        return false;
    priv->n_views = (uint32_t)views;
    priv->pace.behind = cfg->n_frames;
    priv->pace.period = fps > 0 ? (as_ns)((double)AS_NS_PER_S / fps) : cfg->period / (as_ns)views;
    return true;
}

static bool twin_open(void *p, const char *rest, const as_camera_cfg *cfg, as_camera_geometry *ret, as_err *err)
{
    twin_priv   *priv = p;
    as_twin_cfg  twin_cfg = as_twin_cfg_default();
    as_uri_query query;
    twin_cfg.width = cfg->width;
    twin_cfg.height = cfg->height;
    if (!as_uri_query_parse(rest, twin_keys, &query, err) || !twin_read_cfg(&query, &twin_cfg, err) ||
        !twin_read_order(priv, &query, cfg, err))
        return false;
    priv->twin = as_twin_open(query.path, &twin_cfg, err);
    if (!priv->twin)
        return false;
    priv->scratch = malloc(as_twin_scratch_bytes(priv->twin));
    if (!priv->scratch)
        return AS_FAIL(err, AS_ENOMEM, "no memory to draw in");
    const as_twin_cfg *got = as_twin_cfg_of(priv->twin);
    ret->pixel = as_twin_scene_of(priv->twin)->pixel;
    ret->width = got->width;
    ret->height = got->height;
    ret->n_parts = priv->n_parts;
    ret->can_wait = priv->pace.period == 0;
    return true;
}

/* A part is the same part whatever light, speed and noise it is seen with. */
static as_origin twin_part_origin(const char *scene, uint64_t seed, uint64_t part)
{
    char      text[128];
    int       n = snprintf(text, sizeof text, "twin:%.64s seed %llu part %llu", scene, (unsigned long long)seed,
                           (unsigned long long)part);
    as_digest digest = as_sha256_of(text, (size_t)n);
    return as_origin_of(&digest);
}

static bool twin_origin(const char *rest, uint64_t part, as_origin *ret)
{
    as_twin_cfg  cfg = as_twin_cfg_default();
    as_uri_query query;
    as_err       ignored = AS_ERR_NONE;
    if (!as_uri_query_parse(rest, twin_keys, &query, &ignored) || !twin_read_cfg(&query, &cfg, &ignored))
        return false;
    *ret = twin_part_origin(query.path, cfg.seed, part);
    return true;
}

static bool twin_fill(void *p, as_frame *frame, as_ns deadline, as_err *err)
{
    twin_priv *priv = p;
    as_ns      due;
    uint64_t   lost;
    if (priv->n_parts && priv->sequence / priv->n_views >= priv->n_parts)
        return AS_FAIL(err, AS_EEND, "all %llu parts have passed", (unsigned long long)priv->n_parts);
    if (!as_pace_wait(&priv->pace, deadline, &due, &lost, err))
        return false;
    priv->sequence += lost;
    if (priv->n_parts && priv->sequence / priv->n_views >= priv->n_parts)
        return AS_FAIL(err, AS_EEND, "all %llu parts have passed", (unsigned long long)priv->n_parts);
    as_ns begun = as_clock_mono();
    frame->sequence = priv->sequence;
    frame->part = priv->first_part + priv->sequence / priv->n_views;
    if (!as_twin_render(priv->twin, frame->part, (uint32_t)(priv->sequence % priv->n_views), priv->scratch,
                        &frame->image, &frame->truth, err))
        return false;
    priv->sequence++;
    frame->status = AS_FRAME_OK;
    frame->origin = twin_part_origin(as_twin_scene_of(priv->twin)->name, as_twin_cfg_of(priv->twin)->seed, frame->part);
    /* The world's clock stands still while it is drawn: drawing is no part of the way from trigger to verdict. */
    as_camera_stamp(frame, due + (as_clock_mono() - begun));
    return true;
}

static void twin_close(void *p)
{
    twin_priv *priv = p;
    free(priv->scratch);
    as_twin_close(priv->twin);
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
           .help = "twin:SCENE?seed=&parts=&from=&views=&fps=&defects=&severity=&belt=&exposure=&gain=&noise=\n"
                          "  SCENE     cones\n"
                          "  seed      which world; the same seed gives the same bytes (1)\n"
                          "  parts     end after so many (endless)\n"
                          "  from      number of the first part (1)\n"
                          "  views     frames of each part (as the station says, or 1)\n"
                          "  fps       frames a second (as the station says, or as fast as they are asked for)\n"
                          "  defects   share of the parts that have one, 0 to 1\n"
                          "  severity  the least: 0 barely visible, to 1 obvious\n"
                          "  belt      mm/s; with exposure it gives the motion blur\n"
                          "  exposure  microseconds\n"
                          "  gain      electrons a grey level (shot noise)\n"
                          "  noise     read noise in electrons\n",
           .priv_size = sizeof(twin_priv),
           .open = twin_open,
           .fill = twin_fill,
           .close = twin_close,
           .origin = twin_origin,
           .list = twin_list,
};
