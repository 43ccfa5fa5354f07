/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/plan_rows.h"

static const as_plan_lens lenses[] = {
#define X(kind, ...) {AS_PLAN_LENS_##kind, __VA_ARGS__},
#include "spec/plan_lens.def"
#undef X
};

static const as_plan_link links[] = {
#define X(name, mega, cable, grabber, basis) {name, (mega)*1e6, cable, grabber, basis},
#include "spec/plan_link.def"
#undef X
};

static const as_plan_lamp lamps[] = {
#define X(...) {__VA_ARGS__},
#include "spec/plan_light.def"
#undef X
};

const as_plan_lens *as_plan_lens_at(size_t i)
{
    return i < AS_COUNT(lenses) ? &lenses[i] : NULL;
}

const as_plan_link *as_plan_link_at(size_t i)
{
    return i < AS_COUNT(links) ? &links[i] : NULL;
}

const as_plan_lamp *as_plan_lamp_at(size_t i)
{
    return i < AS_COUNT(lamps) ? &lamps[i] : NULL;
}

static bool lamp_suits(const as_plan_lamp *lamp, bool line, double duty)
{
    return (line ? lamp->line : lamp->area) && (!lamp->is_pulsed || duty <= AS_PLAN_PULSED);
}

const as_plan_lamp *as_plan_lamp_for(double lux, bool line, double duty)
{
    const as_plan_lamp *best = NULL;
    for (size_t i = 0; i < AS_COUNT(lamps); i++)
        if (lamp_suits(&lamps[i], line, duty) && lux <= lamps[i].most_lx && (!best || lamps[i].most_lx < best->most_lx))
            best = &lamps[i];
    return best;
}

double as_plan_lamp_most(bool line, double duty)
{
    double most = 0;
    for (size_t i = 0; i < AS_COUNT(lamps); i++)
        if (lamp_suits(&lamps[i], line, duty) && lamps[i].most_lx > most)
            most = lamps[i].most_lx;
    return most;
}
