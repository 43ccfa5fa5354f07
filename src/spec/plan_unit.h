/* SPDX-License-Identifier: Apache-2.0 */
/* plan_unit.h - values as people write them, "24 m/min" or "6 x 16 cm", to the unit that a key of assay.yaml has.
 *
 * Layer:   spec.
 * Threads: immutable; pure functions.
 * Memory:  the caller's text.
 */
#ifndef AS_SPEC_PLAN_UNIT_H
#define AS_SPEC_PLAN_UNIT_H

#include "base/err.h"

#define AS_PLAN_UNIT_BYTES 128

/* given, one value or two with an x between them, in the unit `base` ("mm", "mm/s", ...; "": it has none), as as_spec_set reads
 * it, into ret[AS_PLAN_UNIT_BYTES]. What begins with no number is left as it is: whoever reads it says so better. A unit of the
 * second value is the first one's too. AS_EINVAL names the units that can be written. */
AS_CHECK bool as_plan_unit_convert(const char *given, const char *base, char *ret, as_err *err);

/* The base unit of a key, "mm/s" of "station.belt_mm_per_s"; "" where it has none. */
const char *as_plan_unit_of(const char *path);

#endif
