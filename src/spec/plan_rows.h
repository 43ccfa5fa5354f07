/* SPDX-License-Identifier: Apache-2.0 */
/* plan_rows.h - what can be bought: sensors, lenses and links, a row each in plan_sensor.def, plan_lens.def, plan_link.def.
 *
 * Layer:   spec.
 * Threads: immutable.
 * Memory:  static.
 */
#ifndef AS_SPEC_PLAN_ROWS_H
#define AS_SPEC_PLAN_ROWS_H

#include "base/def.h"

typedef enum as_plan_sensor_id {
    AS_PLAN_SENSOR_NONE,
#define X(id, ...) AS_PLAN_SENSOR_##id,
#include "spec/plan_sensor.def"
#undef X
    AS_PLAN_SENSOR_COUNT
} as_plan_sensor_id;

typedef enum as_plan_shutter { AS_PLAN_SHUTTER_NONE, AS_PLAN_SHUTTER_GLOBAL, AS_PLAN_SHUTTER_ROLLING } as_plan_shutter;

typedef struct as_plan_sensor {
    const char     *name, *maker;
    uint32_t        width, height; /* pixels */
    double          pitch_um;
    as_plan_shutter shutter;
    double          frames_per_s; /* of the whole sensor, at 8 or 10 bits */
    double          quantum_efficiency;
    double          saturation_e, dark_noise_e;
} as_plan_sensor;

typedef struct as_plan_lens {
    double focal_mm, f_number; /* F-number wide open */
    double nearest_mm;         /* object; nearer with a spacer ring */
} as_plan_lens;

typedef struct as_plan_link {
    const char *name;
    double      bytes_per_s; /* usable for pictures */
    double      cable_m;
    bool        needs_grabber;
    const char *basis; /* what the figure rests on */
} as_plan_link;

const as_plan_sensor *as_plan_sensor_of(as_plan_sensor_id id); /* NULL for none and what is out of range */
const as_plan_lens   *as_plan_lens_at(size_t i);               /* NULL past the last row, here and below */
const as_plan_link   *as_plan_link_at(size_t i);

const char *as_plan_shutter_name(as_plan_shutter shutter);

#endif
