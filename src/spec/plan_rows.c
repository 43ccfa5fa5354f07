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

const as_plan_lens *as_plan_lens_at(size_t i)
{
    return i < AS_COUNT(lenses) ? &lenses[i] : NULL;
}

const as_plan_link *as_plan_link_at(size_t i)
{
    return i < AS_COUNT(links) ? &links[i] : NULL;
}
