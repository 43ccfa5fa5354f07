/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "intake/intake.h"
#include "intake/state.h"

static as_check_level motion_run(const as_check_input *in, char *text)
{
    const as_motion *m = &in->stats->motion;
    double           most = in->spec->max_motion_px;
    if (most <= 0 || m->length_px <= most || m->certainty < AS_MOTION_CERTAIN)
        return AS_CHECK_OK;
    snprintf(text, AS_CHECK_TEXT_BYTES,
             "moved by %.0f px at %.0f degrees (certainty %.2f), and intake.max_motion_px allows %.4g: expose for %.0f "
             "%% of "
             "the time, or flash",
             m->length_px, m->direction_deg, m->certainty, most, 100 * most / m->length_px);
    return AS_CHECK_WARN;
}

extern const as_check as_check_motion;
const as_check        as_check_motion = {
           .name = "motion",
           .summary = "nothing moved further than intake.max_motion_px while the picture was exposed",
           .rule = AS_RULE_MOTION,
           .run = motion_run,
};
