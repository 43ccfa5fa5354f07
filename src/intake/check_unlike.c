/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "intake/intake.h"
#include "intake/reference.h"

static as_check_level unlike_run(const as_check_input *in, char *text)
{
    if (!in->reference)
        return AS_CHECK_OK;
    as_reference_said said = as_reference_judge(in->reference, in->info, in->stats, in->n_bytes);
    if (!(said.distance > said.limit))
        return AS_CHECK_OK;
    snprintf(text, AS_CHECK_TEXT_BYTES,
             "is unlike the reference: distance %.3g, usual to %.3g; most by %s: %.4g, there %.4g to %.4g: is it of "
             "this product and station?",
             said.distance, said.limit, as_trait_info_of(said.measured)->name, said.value, said.low, said.high);
    return AS_CHECK_WARN;
}

extern const as_check as_check_unlike;
const as_check        as_check_unlike = {
           .name = "unlike",
           .summary = "the picture is no further from those of intake.reference than intake.unlike_share of its own",
           .rule = AS_RULE_UNLIKE,
           .run = unlike_run,
};
