/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/verdict.h"

#include <string.h>

static const char *const verdict_names[AS_VERDICT_COUNT] = {"none", "pass", "reject", "review", "fault"};
static const char *const reason_names[AS_REASON_COUNT] = {"none", "model", "unsure", "late", "fault"};

const char *as_verdict_name(as_verdict verdict)
{
    return (unsigned)verdict < AS_VERDICT_COUNT ? verdict_names[verdict] : verdict_names[0];
}

as_verdict as_verdict_parse(const char *name)
{
    for (int i = AS_VERDICT_PASS; i < AS_VERDICT_COUNT; i++)
        if (strcmp(name, verdict_names[i]) == 0)
            return (as_verdict)i;
    return AS_VERDICT_NONE;
}

const char *as_reason_name(as_reason reason)
{
    return (unsigned)reason < AS_REASON_COUNT ? reason_names[reason] : reason_names[0];
}
