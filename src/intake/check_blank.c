/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "intake/intake.h"

#define BLANK_LEAST_LEVELS 3.0
#define BLANK_DARKEST      6.0 /* mean and contrast together: noise over black */

static as_check_level blank_run(const as_check_input *in, char *text)
{
    const as_image_stats *s = in->stats;
    if (s->contrast >= BLANK_LEAST_LEVELS && s->mean + s->contrast > BLANK_DARKEST)
        return AS_CHECK_OK;
    snprintf(
        text, AS_CHECK_TEXT_BYTES,
        "shows nothing: its mean level is %.1f of 255 and its contrast %.4g levels: look at the light, the lens cap "
        "and the trigger",
        s->mean, s->contrast);
    return AS_CHECK_WARN;
}

extern const as_check as_check_blank;
const as_check        as_check_blank = {
           .name = "blank",
           .summary = "the picture shows something: it is not black, white or of one level all over",
           .rule = AS_RULE_BLANK,
           .run = blank_run,
};
