/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "intake/intake.h"
#include "intake/scene.h"

static as_check_level dirt_run(const as_check_input *in, char *text)
{
    as_scene_spot spot = {0};
    if (in->scene_mean)
        spot = as_scene_dirt(in->scene_mean, in->spec->max_dirt_ratio);
    if (spot.n == 0)
        return AS_CHECK_OK;
    snprintf(text, AS_CHECK_TEXT_BYTES,
             "ends %d pictures of its camera with a spot %.0f %% darker than around it at %.0f,%.0f px%s: clean lens, "
             "window "
             "and mirror",
             AS_SCENE_FRAMES, spot.depth_ratio * 100, spot.x * in->info->width, spot.y * in->info->height,
             spot.n > 1 ? " (and others)" : "");
    return AS_CHECK_WARN;
}

extern const as_check as_check_dirt;
const as_check        as_check_dirt = {
           .name = "dirt",
           .summary = "no spot stays in place that is darker than intake.max_dirt_ratio allows",
           .rule = AS_RULE_DIRT,
           .in_order = true,
           .run = dirt_run,
};
