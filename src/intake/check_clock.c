/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "intake/intake.h"
#include "intake/sequence.h"

static as_check_level clock_run(const as_check_input *in, char *text)
{
    char now[AS_CLOCK_TEXT_BYTES], before[AS_CLOCK_TEXT_BYTES];
    if (!in->previous_name || in->utc >= in->previous_utc - AS_SEQUENCE_SLACK_NS)
        return AS_CHECK_OK;
    as_clock_text(in->utc, now);
    as_clock_text(in->previous_utc, before);
    snprintf(text, AS_CHECK_TEXT_BYTES,
             "was taken at %.23s, and the camera's picture before it at %.23s: the clock went back; set it by NTP", now,
             before);
    return AS_CHECK_WARN;
}

extern const as_check as_check_clock;
const as_check        as_check_clock = {
           .name = "clock",
           .summary = "the picture is not earlier than the camera's picture before it",
           .rule = AS_RULE_CLOCK,
           .in_order = true,
           .run = clock_run,
};
