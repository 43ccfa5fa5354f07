/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "intake/intake.h"

#define NEAR_NAME_BYTES 90u

/* The end of a long name tells more than its beginning; not from within a character. */
static const char *near_tail(const char *name, size_t n)
{
    const char *end = name + n - NEAR_NAME_BYTES;
    while (((unsigned char)*end & 0xc0) == 0x80)
        end++;
    return end;
}

static as_check_level near_run(const as_check_input *in, char *text)
{
    if (!in->near_of)
        return AS_CHECK_OK;
    const char *name = in->near_of;
    size_t      n = strlen(name);
    snprintf(text, AS_CHECK_TEXT_BYTES,
             "looks like '%s%s' (%u of 64 bits differ, intake.near_bits: %u): is it another part?",
             n > NEAR_NAME_BYTES ? "..." : "", n > NEAR_NAME_BYTES ? near_tail(name, n) : name, in->near_bits,
             in->spec->near_bits);
    return AS_CHECK_WARN;
}

extern const as_check as_check_near;
const as_check        as_check_near = {
           .name = "near",
           .summary = "no picture that is there differs in at most intake.near_bits of its difference hash",
           .rule = AS_RULE_NEAR,
           .in_order = true,
           .run = near_run,
};
