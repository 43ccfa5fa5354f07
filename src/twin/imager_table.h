/* SPDX-License-Identifier: Apache-2.0 */
/* imager_table.h - sensors by name, a row each: what a data sheet says of them.
 *
 * Layer:   twin.
 * Threads: immutable.
 * Memory:  static.
 */
#ifndef AS_TWIN_IMAGER_TABLE_H
#define AS_TWIN_IMAGER_TABLE_H

#include "twin/imager.h"

typedef struct as_imager_info {
    const char *name, *about, *source;
    uint32_t    width, height, bits; /* of the whole sensor, pixels */
    double      pitch_um;            /* side of a pixel */
    double      quantum_ratio, gain_dn_per_e, full_well_e, dark_noise_e, dark_e_per_s, dsnu_e, prnu_ratio;
    double      black_dn, hot_ratio, dead_ratio;
    double      line_us; /* from one row's exposure to the next's; 0: a global shutter */
} as_imager_info;

const as_imager_info *as_imager_info_at(size_t i); /* NULL past the last row */

/* AS_ENOTFOUND names the nearest there is. */
AS_CHECK const as_imager_info *as_imager_info_find(const char *name, as_err *err);

/* Its row as a configuration for so many pixels. */
as_imager_cfg as_imager_info_cfg(const as_imager_info *info, uint32_t width, uint32_t height);

#endif
