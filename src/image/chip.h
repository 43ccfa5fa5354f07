/* SPDX-License-Identifier: Apache-2.0 */
/* chip.h - image sensors by name, a row each in chip.def and chip_pixel.def: what is planned with and what is emulated.
 *
 * Layer:   image.
 * Threads: immutable.
 * Memory:  static.
 */
#ifndef AS_IMAGE_CHIP_H
#define AS_IMAGE_CHIP_H

#include "base/err.h"

typedef enum as_chip_id {
    AS_CHIP_NONE,
#define X(id, ...) AS_CHIP_##id,
#include "image/chip.def"
#undef X
    AS_CHIP_COUNT
} as_chip_id;

typedef enum as_chip_shutter { AS_CHIP_SHUTTER_NONE, AS_CHIP_SHUTTER_GLOBAL, AS_CHIP_SHUTTER_ROLLING } as_chip_shutter;
typedef enum as_chip_use { AS_CHIP_USE_NONE, AS_CHIP_USE_SOLD, AS_CHIP_USE_DRAWN } as_chip_use;

typedef struct as_chip_pixel {
    double      pitch_um, quantum_ratio; /* electrons a photon */
    double      gain_dn_per_e;           /* 0: full wells fill the converter */
    double      full_well_e, dark_noise_e, dark_e_per_s, dsnu_e, prnu_ratio;
    double      black_dn, hot_ratio, dead_ratio;
    const char *source;
} as_chip_pixel;

typedef struct as_chip {
    const char          *name, *maker, *about;
    uint32_t             width, height, bits; /* of the whole sensor, pixels */
    as_chip_shutter      shutter;
    double               frames_per_s; /* of the whole sensor */
    const as_chip_pixel *pixel;
    as_chip_use          use;
} as_chip;

const as_chip *as_chip_of(as_chip_id id); /* NULL for none and what is out of range */

/* By name, in small or capital letters; AS_ENOTFOUND names the nearest there is. */
AS_CHECK const as_chip *as_chip_find(const char *name, as_err *err);

bool        as_chip_is_line(const as_chip *chip); /* one row of pixels; its frames_per_s are lines */
double      as_chip_line_us(const as_chip *chip); /* from one row's exposure to the next's; 0: a global shutter */
double      as_chip_gain(const as_chip *chip);    /* digital numbers an electron */
const char *as_chip_shutter_name(as_chip_shutter shutter);

#endif
