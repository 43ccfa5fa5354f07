/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/measure.h"

#include <string.h>

#define UNIT_RATE     AS_UNIT_RATIO
#define UNIT_SCORE    AS_UNIT_RATIO
#define UNIT_QUANTILE AS_UNIT_TIME
#define UNIT_PEAK     AS_UNIT_BYTES
#define UNIT_COUNT    AS_UNIT_COUNT

static const as_measure_info measure_rows[AS_MEASURE_COUNT] = {
#define X(id, yaml_name, kind_, of, line, better_, people) \
    [AS_MEASURE_##id] = {.name = (yaml_name),              \
                         .title = (people),                \
                         .doc = (line),                    \
                         .kind = AS_MEASURE_KIND_##kind_,  \
                         .better = AS_BETTER_##better_,    \
                         .unit = UNIT_##kind_,             \
                         .takes_of = (of)},
#include "spec/measure.def"
#undef X
};

const as_measure_info *as_measure_info_of(as_measure measure)
{
    unsigned i = (unsigned)measure;
    return i > AS_MEASURE_NONE && i < AS_MEASURE_COUNT ? &measure_rows[i] : NULL;
}

const char *as_measure_name(as_measure measure)
{
    const as_measure_info *info = as_measure_info_of(measure);
    return info ? info->name : "none";
}

as_measure as_measure_parse(const char *name)
{
    for (unsigned i = AS_MEASURE_NONE + 1; i < AS_MEASURE_COUNT; i++)
        if (strcmp(measure_rows[i].name, name) == 0)
            return (as_measure)i;
    return AS_MEASURE_NONE;
}
