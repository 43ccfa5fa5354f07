/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "intake/state.h"

#define X(name) extern const as_check as_check_##name;
#include "intake/check_list.inc"
#undef X

static const as_check *const checks[] = {
#define X(name) &as_check_##name,
#include "intake/check_list.inc"
#undef X
};

_Static_assert(AS_COUNT(checks) < AS_CHECK_MOST, "findings are bits of 32");

const as_check *as_check_at(size_t i)
{
    return i < AS_COUNT(checks) ? checks[i] : NULL;
}

size_t as_check_row(const char *name)
{
    size_t i = 0;
    while (i < AS_COUNT(checks) && strcmp(checks[i]->name, name) != 0)
        i++;
    return i < AS_COUNT(checks) ? i : AS_CHECK_MOST - 1;
}

/* What the file says of it; where it says ok, nobody looks. */
static as_check_level check_one(const as_check *check, const as_check_input *in, char *text)
{
    as_check_level said = check->rule ? (as_check_level)in->spec->levels[check->rule] : AS_CHECK_NONE;
    if (said == AS_CHECK_OK)
        return AS_CHECK_OK;
    as_check_level level = check->run(in, text);
    return level > AS_CHECK_OK && said != AS_CHECK_NONE ? said : level;
}

as_check_level as_check_run(const as_check_input *in, bool in_order, as_look *look, const char **ret_check, char *text)
{
    as_check_level worst = AS_CHECK_OK;
    text[0] = '\0';
    for (size_t i = 0; i < AS_COUNT(checks) && worst < AS_CHECK_QUARANTINE; i++) {
        char said[AS_CHECK_TEXT_BYTES] = "";
        if (checks[i]->in_order != in_order)
            continue;
        as_check_level level = check_one(checks[i], in, said);
        if (level == AS_CHECK_QUARANTINE && in->overruled >> i & 1u)
            level = AS_CHECK_WARN;
        as_check_trim(said);
        if (level > AS_CHECK_OK)
            as_said_add(&look->said, checks[i]->name, said);
        if (level == AS_CHECK_WARN)
            look->found |= 1u << i;
        if (level <= worst)
            continue;
        worst = level;
        *ret_check = checks[i]->name;
        as_str_copy(text, AS_CHECK_TEXT_BYTES, said);
    }
    return worst;
}

void as_check_count(as_intake_counts *counts, uint32_t found, const char *quarantined, int step)
{
    uint64_t by = (uint64_t)(int64_t)step;
    for (size_t i = 0; i < AS_COUNT(checks); i++) {
        if (quarantined && strcmp(quarantined, checks[i]->name) == 0)
            counts->n_quarantined_by[i] += by;
        if (!quarantined && found >> i & 1u)
            counts->n_warned_by[i] += by;
    }
}
