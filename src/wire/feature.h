/* SPDX-License-Identifier: Apache-2.0 */
/* feature.h - what can be set and read on the emulated camera: one table, from which registers and XML follow.
 *
 * Layer:   wire.
 * Threads: rows are immutable; values belong to whoever holds the device's lock.
 * Memory:  plain values of fixed size.
 */
#ifndef AS_WIRE_FEATURE_H
#define AS_WIRE_FEATURE_H

#include "base/str.h"
#include "image/pixel.h"

typedef enum as_feature {
#define X(id, ...) AS_FEATURE_##id,
#include "wire/feature.def"
#undef X
    AS_FEATURE_COUNT
} as_feature;

typedef enum as_feature_kind {
    AS_FEATURE_INT,
    AS_FEATURE_FLOAT,
    AS_FEATURE_ENUM,
    AS_FEATURE_BOOL,
    AS_FEATURE_COMMAND,
    AS_FEATURE_TEXT
} as_feature_kind;

typedef enum as_feature_access { AS_FEATURE_RO, AS_FEATURE_RW, AS_FEATURE_RWL, AS_FEATURE_WO } as_feature_access;
typedef enum as_feature_needs { AS_FEATURE_ANY, AS_FEATURE_TWIN, AS_FEATURE_SENSOR, AS_FEATURE_LINE } as_feature_needs;

typedef struct as_feature_info {
    const char       *name;
    as_feature_kind   kind;
    const char       *category;
    as_feature_access access;
    as_feature_needs  needs;
    double            low, high, step, usual;
    const char       *unit, *choices, *selector, *about;
} as_feature_info;

const as_feature_info *as_feature_info_of(size_t feature); /* NULL past the last row */

/* Numbers lie at this address, big-endian: 4 bytes, or 8 of a FLOAT (IEEE 754) and of an INT that needs them. A TEXT lies there with its zero. */
uint32_t as_feature_address(size_t feature);
uint32_t as_feature_bytes(size_t feature);
/* The feature whose bytes begin at, or hold, that address; AS_FEATURE_COUNT: none. */
size_t as_feature_at(uint32_t address);

/* What a device is set to. */
typedef struct as_features {
    as_feature_needs has;  /* what its source is capable of */
    bool             line; /* and whether it is a line-scan camera */
    double           value[AS_FEATURE_COUNT], low[AS_FEATURE_COUNT], high[AS_FEATURE_COUNT], usual[AS_FEATURE_COUNT];
    bool             can[AS_PIXEL_COUNT]; /* choices of PixelFormat */
} as_features;

/* All as in the table. */
void as_features_init(as_features *features, as_feature_needs has);
bool as_features_has(const as_features *features, size_t feature);
/* Within its range, at its step, or one of its choices. */
bool as_features_may(const as_features *features, size_t feature, double value);

/* The i-th choice of an ENUM that this device has; false past the last. name: at least 64 bytes. */
bool as_features_choice(const as_features *features, size_t feature, size_t i, char *name, double *ret_value);

/* The GenICam description (GenApi schema 1.1) of a device with these features. */
void as_genicam_xml(const as_features *features, const char *model, as_str *out);

#endif
