/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "intake/intake.h"
#include "intake/scene.h"

/* Grey levels. Noise alone, of a camera that looks at nothing that moves, makes more. */
#define FROZEN_MOST_CELL   0.25
#define FROZEN_MOST_SAMPLE 0.25

static as_check_level frozen_run(const as_check_input *in, char *text)
{
    double cell, sample;
    if (!in->map || !in->previous || !as_scene_differ(in->map, in->previous, &cell, &sample) ||
        cell > FROZEN_MOST_CELL || sample > FROZEN_MOST_SAMPLE)
        return AS_CHECK_OK;
    snprintf(
        text, AS_CHECK_TEXT_BYTES,
        "is the same as the camera's picture before it (single pixels differ by %.2f levels): is the camera, or the "
        "line, standing still?",
        sample);
    return AS_CHECK_WARN;
}

extern const as_check as_check_frozen;
const as_check        as_check_frozen = {
           .name = "frozen",
           .summary = "the picture is not the same as the camera's picture before it",
           .rule = AS_RULE_FROZEN,
           .in_order = true,
           .run = frozen_run,
};
