/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/plan_rows.h"

static const as_plan_sensor sensors[] = {
#define X(id, name, maker, columns, rows, pitch, shutter, fps, qe, well, dark) \
    [AS_PLAN_SENSOR_##id] = {name, maker, columns, rows, pitch, AS_PLAN_SHUTTER_##shutter, fps, qe, well, dark},
#include "spec/plan_sensor.def"
#undef X
};

static const as_plan_lens lenses[] = {
#define X(...) {__VA_ARGS__},
#include "spec/plan_lens.def"
#undef X
};

static const as_plan_link links[] = {
#define X(name, mega, cable, grabber, basis) {name, (mega)*1e6, cable, grabber, basis},
#include "spec/plan_link.def"
#undef X
};

const as_plan_sensor *as_plan_sensor_of(as_plan_sensor_id id)
{
    return id > AS_PLAN_SENSOR_NONE && id < AS_PLAN_SENSOR_COUNT ? &sensors[id] : NULL;
}

const as_plan_lens *as_plan_lens_at(size_t i)
{
    return i < AS_COUNT(lenses) ? &lenses[i] : NULL;
}

const as_plan_link *as_plan_link_at(size_t i)
{
    return i < AS_COUNT(links) ? &links[i] : NULL;
}

const char *as_plan_shutter_name(as_plan_shutter shutter)
{
    return shutter == AS_PLAN_SHUTTER_GLOBAL ? "global" : shutter == AS_PLAN_SHUTTER_ROLLING ? "rolling" : "none";
}
