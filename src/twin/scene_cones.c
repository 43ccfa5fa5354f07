/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/cone.h"
#include "twin/noise.h"

#define BELT_SPAN_PX 1024u /* a part lies anywhere on this much more belt than a frame shows */

/* The belt's look, made once: how bright each place is and how dirty. */
typedef struct cones_state {
    uint32_t  width, height; /* pixels */
    as_colour belt, dirt;
    float    *shade, *dirty; /* one block, owned by shade */
} cones_state;

static void cones_draw_belt_texture(cones_state *state, const as_twin_frame *f, uint32_t seed, float mm_per_px)
{
    for (uint32_t py = 0; py < state->height; py++) {
        float y = ((float)py - (float)f->top) * mm_per_px;
        float lane = 0.10f * as_noise_line(y * 0.11f, seed + 1u) + 0.05f * as_noise_line(y * 0.9f, seed + 2u);
        for (uint32_t px = 0; px < state->width; px++) {
            float  x = ((float)px - (float)f->left) * mm_per_px;
            size_t i = (size_t)py * state->width + px;
            /* Woven cloth under the coating: threads 1.6 mm apart, over and under in turn. */
            float tx = x * 0.625f, ty = y * 0.625f;
            float fx = tx - (float)as_noise_floor(tx) - 0.5f, fy = ty - (float)as_noise_floor(ty) - 0.5f;
            bool  over = ((as_noise_floor(tx) + as_noise_floor(ty)) & 1) != 0;
            float weave = 0.05f * (over ? 1.0f - 8.0f * fx * fx : 1.0f - 8.0f * fy * fy);
            float streak = 0.09f * as_noise_value(x * 0.010f, y * 0.8f, seed + 3u);
            float scratch = as_noise_value(x * 0.006f, y * 3.1f, seed + 4u);
            state->shade[i] = 1.0f + lane + weave + streak + 0.35f * as_paint_step(0.80f, 0.95f, scratch);
            float warp = 9.0f * as_noise_value(x * 0.03f, y * 0.05f, seed + 9u);
            float cloud = as_noise_fractal((x + warp) * 0.018f, (y + warp) * 0.04f, seed + 5u, 3);
            state->dirty[i] = 0.42f * as_paint_step(-0.15f, 1.0f, cloud);
        }
    }
}

static bool cones_prepare(const as_twin *twin, void *priv, as_err *err)
{
    cones_state        *state = priv;
    const as_twin_cfg  *cfg = as_twin_cfg_of(twin);
    uint32_t            seed = as_noise_mix((uint32_t)cfg->seed ^ as_noise_mix((uint32_t)(cfg->seed >> 32)));
    const as_twin_frame frame = as_twin_frame_of(twin);
    state->width = cfg->width + BELT_SPAN_PX;
    state->height = cfg->height;
    size_t plane = (size_t)state->width * state->height;
    state->shade = malloc(2 * plane * sizeof *state->shade);
    if (!state->shade)
        return AS_FAIL(err, AS_ENOMEM, "no memory for a belt of %ux%u pixels", state->width, state->height);
    state->dirty = state->shade + plane;
    state->belt = as_colour_mix(as_colour_screen(0x3f6f8c), as_colour_screen(0x47707a), as_noise_unit(seed));
    state->dirt = as_colour_screen(0x2c3a3c);
    cones_draw_belt_texture(state, &frame, seed, (float)(1.0 / as_twin_px_per_mm(twin)));
    return true;
}

static void cones_release(void *priv)
{
    cones_state *state = priv;
    free(state->shade);
}

static void cones_lay_belt(const cones_state *state, const as_canvas *canvas, uint32_t offset)
{
    as_colour belt = state->belt, dirt = state->dirt;
    for (uint32_t y = 0; y < canvas->height; y++) {
        const float *shade = state->shade + (size_t)y * state->width + offset;
        const float *dirty = state->dirty + (size_t)y * state->width + offset;
        size_t       row = (size_t)y * canvas->width;
        float *restrict r = canvas->r + row, *restrict g = canvas->g + row, *restrict b = canvas->b + row;
        for (uint32_t x = 0; x < canvas->width; x++) {
            float k = shade[x], t = dirty[x];
            r[x] = (belt.r + (dirt.r - belt.r) * t) * k;
            g[x] = (belt.g + (dirt.g - belt.g) * t) * k;
            b[x] = (belt.b + (dirt.b - belt.b) * t) * k;
        }
    }
}

/* One lamp for all: its level, colour and fall across the picture. */
static void cones_light(const as_cone *cone, const as_twin_frame *f, const as_canvas *canvas)
{
    float x_scale = 2.0f / (float)f->width, y_scale = 2.0f / (float)f->height, left = (float)f->left,
          top = (float)f->top;
    float tint_r = cone->tint.r, tint_g = cone->tint.g, tint_b = cone->tint.b;
    for (uint32_t y = 0; y < canvas->height; y++) {
        size_t row = (size_t)y * canvas->width;
        float *restrict r = canvas->r + row, *restrict g = canvas->g + row, *restrict b = canvas->b + row;
        float level_y = cone->light * (1.0f + cone->slope_y * (((float)y - top) * y_scale - 1.0f));
        float slope = cone->light * cone->slope_x;
        for (uint32_t x = 0; x < canvas->width; x++) {
            float level = level_y + slope * (((float)(int32_t)x - left) * x_scale - 1.0f);
            r[x] *= level * tint_r;
            g[x] *= level * tint_g;
            b[x] *= level * tint_b;
        }
    }
}

static void cones_tell(const as_cone *cone, const as_canvas *canvas, as_twin_truth *truth)
{
    as_truth *frame = &truth->frame;
    snprintf(frame->label, sizeof frame->label, "%s", as_cone_names[cone->class]);
    frame->severity = cone->severity;
    as_cone_defect_box(cone, canvas, frame->box_px);
    truth->recipe = as_cone_recipes[cone->flavour];
    truth->n_findings = cone->class != AS_CONE_GOOD;
    if (truth->n_findings == 0)
        return;
    as_twin_finding *finding = &truth->findings[0];
    *finding = (as_twin_finding){.class = as_cone_names[cone->class], .severity = cone->severity};
    memcpy(finding->box_px, frame->box_px, sizeof finding->box_px);
    finding->size_mm = as_cone_defect_mm(cone);
}

static void cones_draw(const as_twin *twin, const as_twin_shot *shot, float *light, as_twin_truth *ret_truth)
{
    const as_twin_cfg  *cfg = as_twin_cfg_of(twin);
    size_t              plane = (size_t)cfg->width * cfg->height;
    as_canvas           canvas = {light, light + plane, light + 2 * plane, cfg->width, cfg->height};
    const as_twin_frame frame = as_twin_frame_of(twin);
    as_cone             cone;
    as_cone_plan(twin, shot, &cone);
    cones_lay_belt(as_twin_state(twin), &canvas, as_noise_hash2(cone.seed, shot->view, 91) % BELT_SPAN_PX);
    as_cone_draw(&cone, &canvas);
    cones_light(&cone, &frame, &canvas);
    cones_tell(&cone, &canvas, ret_truth);
}

const as_twin_scene as_twin_cones = {
    .name = "cones",
    .summary = "ice-cream cones on a belt: topping missing, ice cream spilled, wafer broken",
    .classes = as_cone_names,
    .recipes = as_cone_recipes,
    .pixel = AS_PIXEL_RGB8,
    .width = 640,
    .height = 480,
    .px_per_mm = 3.1,
    .margins = true,
    .defaults = {.belt_mm_per_s = 400,
                 .exposure_us = 400,
                 .defect_share = 0.45,
                 .min_severity = 0.35,
                 .gain_e_per_dn = 40,
                 .read_noise_e = 12},
    .state_bytes = sizeof(cones_state),
    .prepare = cones_prepare,
    .release = cones_release,
    .draw = cones_draw,
};
