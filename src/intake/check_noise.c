/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "intake/intake.h"

static as_check_level noise_run(const as_check_input *in, char *text)
{
    if (in->spec->max_noise <= 0 || in->stats->noise <= in->spec->max_noise)
        return AS_CHECK_OK;
    snprintf(text, AS_CHECK_TEXT_BYTES,
             "its noise is %.2f levels, and intake.max_noise allows %.4g: more light, less gain, a cooler camera",
             in->stats->noise, in->spec->max_noise);
    return AS_CHECK_WARN;
}

extern const as_check as_check_noise;
const as_check        as_check_noise = {
           .name = "noise",
           .summary = "there is no more noise than intake.max_noise allows",
           .rule = AS_RULE_NOISE,
           .run = noise_run,
};
