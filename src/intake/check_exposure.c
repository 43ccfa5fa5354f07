/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "intake/intake.h"

static as_check_level exposure_run(const as_check_input *in, char *text)
{
    double low = in->stats->clipped_low_ratio, high = in->stats->clipped_high_ratio;
    if (low + high <= in->spec->max_clipped_ratio)
        return AS_CHECK_OK;
    snprintf(text, AS_CHECK_TEXT_BYTES,
             "%.1f %% of its pixels are black and %.1f %% white, and intake.max_clipped_ratio allows %.4g %%: mend the "
             "light, or raise it",
             low * 100, high * 100, in->spec->max_clipped_ratio * 100);
    return AS_CHECK_QUARANTINE;
}

extern const as_check as_check_exposure;
const as_check        as_check_exposure = {
           .name = "exposure",
           .summary = "no more pixels are black or white than intake.max_clipped_ratio allows",
           .rule = AS_RULE_EXPOSURE,
           .run = exposure_run,
};
