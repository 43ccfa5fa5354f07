/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a script of faults: an error with a place, or amounts within their bounds at any time. */
#include "twin/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        __builtin_trap();
}

static void check_at(const as_script *script, uint64_t part, double seconds)
{
    double   amounts[AS_FAULT_COUNT];
    uint32_t found = as_script_at(script, part, seconds, amounts);
    for (size_t f = 0; f < AS_FAULT_COUNT; f++) {
        const as_fault_info *info = as_fault_info_of(f);
        must(!((found >> f) & 1u) || (amounts[f] >= info->low && amounts[f] <= info->high));
    }
    must(found >> AS_FAULT_COUNT == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err    err = AS_ERR_NONE;
    as_script script;
    if (as_script_parse((const char *)data, size, "fuzz", &script, &err)) {
        must(err.code == AS_OK && script.n <= AS_SCRIPT_MAX_STEPS);
        for (size_t i = 0; i < script.n; i++) {
            const as_script_step *step = &script.steps[i];
            const double          places[] = {step->from, step->full, (step->from + step->full) / 2, step->until};
            for (size_t k = 0; k < AS_COUNT(places); k++)
                check_at(&script, places[k] < 1e15 ? (uint64_t)places[k] : 1, places[k]);
        }
    } else {
        must(err.code != AS_OK && err.text[0] != '\0');
    }
    return 0;
}
