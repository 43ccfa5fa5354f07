/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/gige_owed.h"

#define OWED_GAP 1000 /* numbers further on, or back: a count that began anew */

void as_gige_owed_fire(as_gige_owed *owed, as_ns until)
{
    owed->n++;
    owed->until = until;
}

bool as_gige_owed_take(as_gige_owed *owed, uint64_t id, bool is_old)
{
    const bool     counts = owed->seen != 0 && id > owed->seen && id - owed->seen < OWED_GAP;
    const uint64_t taken = counts ? id - owed->seen : 1, least = is_old ? AS_MIN(owed->n, 1u) : 0;
    const bool     is_doubtful = owed->n > taken;
    owed->seen = id;
    owed->n = owed->n > taken + least ? owed->n - taken : least;
    return is_doubtful;
}

bool as_gige_owed_waits(as_gige_owed *owed, as_ns now)
{
    if (now >= owed->until)
        owed->n = 0;
    return owed->n > 0;
}
