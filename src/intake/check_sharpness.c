/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "intake/intake.h"

static as_check_level sharpness_run(const as_check_input *in, char *text)
{
    if (in->stats->laplacian_variance >= in->spec->min_sharpness)
        return AS_CHECK_OK;
    snprintf(text, AS_CHECK_TEXT_BYTES,
             "its sharpness is %.4g, and intake.min_sharpness asks for %.4g: look at focus, motion and the lens",
             in->stats->laplacian_variance, in->spec->min_sharpness);
    return AS_CHECK_QUARANTINE;
}

extern const as_check as_check_sharpness;
const as_check        as_check_sharpness = {
           .name = "sharpness",
           .summary = "the variance of the Laplacian is at least intake.min_sharpness",
           .rule = AS_RULE_SHARPNESS,
           .run = sharpness_run,
};
