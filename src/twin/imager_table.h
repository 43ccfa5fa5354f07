/* SPDX-License-Identifier: Apache-2.0 */
/* imager_table.h - a sensor of the table (image/chip.h) as what the emulated camera has.
 *
 * Layer:   twin.
 * Threads: immutable.
 * Memory:  static.
 */
#ifndef AS_TWIN_IMAGER_TABLE_H
#define AS_TWIN_IMAGER_TABLE_H

#include "image/chip.h"
#include "twin/cfg.h"
#include "twin/chip_file.h"
#include "twin/imager.h"

/* Of a camera of which nothing else is said, and of one that sees lines. */
#define AS_TWIN_USUAL_SENSOR "generic"
#define AS_TWIN_USUAL_LINE   "line4k"
#define AS_TWIN_PLAIN_SENSOR "plain"

/* Its row as a configuration for so many pixels. */
as_imager_cfg as_imager_cfg_of(const as_chip *chip, uint32_t width, uint32_t height);

/* Its row with what is own in place of it. A full well of one's own fills the converter as far as the row's does, unless the
 * gain is given too. */
as_imager_cfg as_imager_cfg_own(const as_chip *chip, const as_twin_own *own, uint32_t width, uint32_t height);

/* The row that such a camera has; *ret NULL: the plain one. AS_ENOTFOUND, AS_EINVAL. */
AS_CHECK bool as_twin_chip(const as_twin_cfg *cfg, const as_chip **ret, as_err *err);

const char *as_twin_usual_sensor(const as_twin_cfg *cfg);

bool as_twin_own_any(const as_twin_own *own);

#endif
