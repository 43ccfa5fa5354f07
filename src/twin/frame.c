/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a scene beyond the camera's frame may come into it: a lens that distorts, a shutter that rolls over a moving belt,
 * a camera that is moved. What only comes up later, by features of a served camera, finds the frame that was opened. */
#include <math.h>

#include "twin/twin_priv.h"

#define FRAME_MOST_SHARE 0.5 /* of the frame's side, to each side */
#define FRAME_BLUR_PX    2.0
#define FRAME_DEVIATIONS 3.47 /* of what chance moves (conditions.c), the most */

typedef struct frame_reach {
    double left, top, right, bottom, turn, belt; /* pixels; radians; times its speed */
} frame_reach;

static void frame_step(const as_twin *twin, const as_script_step *step, frame_reach *r)
{
    const double px = step->amount * twin->px_per_mm, jitter = FRAME_DEVIATIONS * fabs(px);
    switch (step->fault) {
    case AS_FAULT_MOVED:
        r->left = AS_MAX(r->left, px);
        r->right = AS_MAX(r->right, -px);
        r->turn = AS_MAX(r->turn, fabs(step->amount) / 10.0 * 0.0174532925);
        break;
    case AS_FAULT_JITTER:
        r->left += jitter;
        r->right += jitter;
        break;
    case AS_FAULT_VIBRATION:
        r->left += step->amount;
        r->right += step->amount;
        r->top += step->amount;
        r->bottom += step->amount;
        break;
    case AS_FAULT_BELT: r->belt = AS_MAX(r->belt, step->amount); break;
    default: break;
    }
}

/* In whole pixels, with what the blur adds; 0 where nothing reaches beyond. */
static uint32_t frame_side(double reach, uint32_t side)
{
    const double most = FRAME_MOST_SHARE * side;
    return reach > 0.0 ? (uint32_t)AS_MIN(ceil(reach + FRAME_BLUR_PX), most) : 0u;
}

void as_twin_set_up_frame(as_twin *twin)
{
    const as_twin_cfg *cfg = &twin->cfg;
    const double       w = cfg->width, h = cfg->height, out = AS_MAX(-cfg->distortion, 0.0);
    frame_reach        r = {.belt = 1.0};
    twin->frame = (as_twin_frame){.width = cfg->width, .height = cfg->height};
    if (!twin->scene->margins || cfg->scan == AS_TWIN_SCAN_LINE)
        return;
    for (size_t i = 0; twin->script && i < twin->script->n; i++)
        frame_step(twin, &twin->script->steps[i], &r);
    const double skew =
        AS_MIN(cfg->belt_mm_per_s * r.belt * twin->line_s * twin->px_per_mm, AS_SKEW_MOST_PX) * (h - 1.0);
    const double x = 0.5 * (w * out + h * sin(r.turn) * (1.0 + out)),
                 y = 0.5 * (h * out + w * sin(r.turn) * (1.0 + out));
    twin->frame.left = frame_side(r.left + x, cfg->width);
    twin->frame.right = frame_side(r.right + x + skew, cfg->width);
    twin->frame.top = frame_side(r.top + y, cfg->height);
    twin->frame.bottom = frame_side(r.bottom + y, cfg->height);
    if ((uint64_t)(cfg->width + twin->frame.left + twin->frame.right) *
            (cfg->height + twin->frame.top + twin->frame.bottom) >
        AS_IMAGE_MAX_PIXELS)
        twin->frame = (as_twin_frame){.width = cfg->width, .height = cfg->height};
}
