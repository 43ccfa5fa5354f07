/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/plates.h"

#include "twin/noise.h"

float as_plates_severity(const as_twin_cfg *cfg, as_rng *rng)
{
    float least = (float)cfg->min_severity;
    return least + ((float)cfg->max_severity - least) * as_plates_pick(rng, 0.0f, 1.0f);
}

void as_plates_pose(const as_twin *twin, const as_twin_shot *shot, as_rng *rng, float max_turn, as_pose *ret)
{
    const as_twin_cfg  *cfg = as_twin_cfg_of(twin);
    const as_twin_frame f = as_twin_frame_of(twin);
    float               w = (float)f.width, h = (float)f.height, angle = as_plates_pick(rng, -max_turn, max_turn);
    ret->x_px = w * (0.5f + as_plates_pick(rng, -0.03f, 0.03f));
    ret->y_px = h * (0.5f + as_plates_pick(rng, -0.03f, 0.03f));
    ret->x_px += (float)f.left;
    ret->y_px += (float)f.top;
    ret->px_per_mm = (float)as_twin_px_per_mm(twin);
    if (shot->view > 0) {
        as_rng again = as_rng_stream(cfg->seed * 31u + shot->view, shot->part);
        angle += as_plates_pick(&again, -0.01f, 0.01f);
        ret->x_px += w * as_plates_pick(&again, -0.03f, 0.03f);
        ret->y_px += h * as_plates_pick(&again, -0.01f, 0.01f);
    }
    as_noise_sincos((double)angle, &ret->sin, &ret->cos);
}

void as_plates_box(const as_pose *pose, const as_canvas *canvas, float x, float y, float sin, float cos,
                   const float rect[4], float box_px[4])
{
    float w = (float)canvas->width, h = (float)canvas->height, x0 = w, y0 = h, x1 = 0.0f, y1 = 0.0f;
    for (int i = 0; i < 4; i++) {
        float u = rect[i % 2 ? 2 : 0], v = rect[i / 2 ? 3 : 1], px, py;
        as_pose_to_px(pose, x + u * cos - v * sin, y + u * sin + v * cos, &px, &py);
        x0 = AS_MIN(x0, px);
        y0 = AS_MIN(y0, py);
        x1 = AS_MAX(x1, px + 1.0f);
        y1 = AS_MAX(y1, py + 1.0f);
    }
    x0 = AS_MAX(x0, 0.0f);
    y0 = AS_MAX(y0, 0.0f);
    x1 = AS_MIN(x1, w);
    y1 = AS_MIN(y1, h);
    const float box[4] = {x0, y0, x1 - x0, y1 - y0};
    for (int i = 0; i < 4; i++)
        box_px[i] = x1 > x0 && y1 > y0 ? box[i] : 0.0f;
}

void as_plates_cut(float box_px[4], const float to_px[4])
{
    for (int i = 0; i < 2; i++) {
        float low = AS_MAX(box_px[i], to_px[i]), high = AS_MIN(box_px[i] + box_px[i + 2], to_px[i] + to_px[i + 2]);
        box_px[i] = low;
        box_px[i + 2] = AS_MAX(high - low, 0.0f);
    }
}

void as_plates_tell(as_twin_truth *truth, const as_twin_finding *finding)
{
    if (truth->n_findings < AS_TWIN_MAX_FINDINGS)
        truth->findings[truth->n_findings++] = *finding;
}

void as_plates_sum_up(as_twin_truth *truth, const char *good)
{
    const as_twin_finding *worst = NULL;
    for (size_t i = 0; i < truth->n_findings; i++)
        if (!worst || truth->findings[i].severity > worst->severity)
            worst = &truth->findings[i];
    snprintf(truth->frame.label, sizeof truth->frame.label, "%s", worst ? worst->class : good);
    truth->frame.severity = worst ? worst->severity : 0.0f;
    for (int i = 0; worst && i < 4; i++)
        truth->frame.box_px[i] = worst->box_px[i];
}
