/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "intake/intake.h"
#include "intake/sequence.h"

static as_check_level missing_run(const as_check_input *in, char *text)
{
    as_sequence now, before;
    if (!in->previous_name || !as_sequence_of(in->name, &now) || !as_sequence_of(in->previous_name, &before) ||
        as_sequence_compare_stem(&now, &before) != 0 || now.number <= before.number + 1)
        return AS_CHECK_OK;
    uint64_t n = now.number - before.number - 1;
    snprintf(text, AS_CHECK_TEXT_BYTES,
             "%s left out before it: %" PRIu64 " to %" PRIu64 " of its camera; were frames lost on the way?",
             n == 1 ? "one number is" : "numbers are", before.number + 1, now.number - 1);
    return AS_CHECK_WARN;
}

extern const as_check as_check_missing;
const as_check        as_check_missing = {
           .name = "missing",
           .summary = "no number is left out between the picture and the camera's picture before it",
           .rule = AS_RULE_MISSING,
           .in_order = true,
           .run = missing_run,
};
