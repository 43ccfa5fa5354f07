/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "intake/intake.h"

static as_check_level contrast_run(const as_check_input *in, char *text)
{
    if (in->stats->contrast >= in->spec->min_contrast)
        return AS_CHECK_OK;
    snprintf(
        text, AS_CHECK_TEXT_BYTES,
        "its contrast is %.4g levels, and intake.min_contrast asks for %.4g: look at light, gain and fog on the lens",
        in->stats->contrast, in->spec->min_contrast);
    return AS_CHECK_WARN;
}

extern const as_check as_check_contrast;
const as_check        as_check_contrast = {
           .name = "contrast",
           .summary = "there are at least intake.min_contrast levels between dark and bright",
           .rule = AS_RULE_CONTRAST,
           .run = contrast_run,
};
