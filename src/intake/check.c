/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/state.h"

#define X(name) extern const as_check as_check_##name;
#include "intake/check_list.inc"
#undef X

static const as_check *const checks[] = {
#define X(name) &as_check_##name,
#include "intake/check_list.inc"
#undef X
};

const as_check *as_check_at(size_t i)
{
    return i < AS_COUNT(checks) ? checks[i] : NULL;
}

as_check_level as_check_run(const as_check_input *in, bool in_order, const char **ret_check, char *text)
{
    as_check_level worst = AS_CHECK_OK;
    text[0] = '\0';
    for (size_t i = 0; i < AS_COUNT(checks) && worst < AS_CHECK_QUARANTINE; i++) {
        char found[AS_CHECK_TEXT_BYTES] = "";
        if (checks[i]->in_order != in_order)
            continue;
        as_check_level level = checks[i]->run(in, found);
        if (level <= worst)
            continue;
        worst = level;
        *ret_check = checks[i]->name;
        as_str_copy(text, AS_CHECK_TEXT_BYTES, found);
    }
    return worst;
}
