/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/intake.h"

static as_check_level whole_run(const as_check_input *in, char *text)
{
    if (!in->undecodable)
        return AS_CHECK_OK;
    as_str_copy(text, AS_CHECK_TEXT_BYTES, in->undecodable->text);
    return AS_CHECK_QUARANTINE;
}

extern const as_check as_check_whole;
const as_check        as_check_whole = {
           .name = "whole",
           .summary = "the picture decodes to its last pixel",
           .is_final = "what cannot be decoded cannot be looked at: mend the file and import it again",
           .run = whole_run,
};
