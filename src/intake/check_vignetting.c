/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "intake/intake.h"
#include "intake/scene.h"

static as_check_level vignetting_run(const as_check_input *in, char *text)
{
    double fall = in->scene_mean ? as_scene_vignetting(in->scene_mean) : 0;
    if (fall <= in->spec->max_vignetting_ratio)
        return AS_CHECK_OK;
    snprintf(text, AS_CHECK_TEXT_BYTES,
             "ends %d pictures of its camera whose corners are %.0f %% darker than their centre "
             "(intake.max_vignetting_ratio: "
             "%.4g %%): look at aperture, lens and light",
             AS_SCENE_FRAMES, fall * 100, in->spec->max_vignetting_ratio * 100);
    return AS_CHECK_WARN;
}

extern const as_check as_check_vignetting;
const as_check        as_check_vignetting = {
           .name = "vignetting",
           .summary = "the corners of the camera's pictures are not darker than intake.max_vignetting_ratio allows",
           .rule = AS_RULE_VIGNETTING,
           .in_order = true,
           .run = vignetting_run,
};
