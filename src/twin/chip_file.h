/* SPDX-License-Identifier: Apache-2.0 */
/* chip_file.h - a sensor of one's own, as a file says it: a row of the table with other numbers, in YAML.
 *
 * Layer:   twin.
 * Threads: immutable once read.
 * Memory:  a plain value whose texts point into itself: copy it with as_chip_file_copy().
 *
 *     name: our old line
 *     sensor: IMX264        # the nearest row of the table; left out: generic, with height 1: line4k
 *     full_well: 9800       # numbers of its data sheet: own.def, and the keys of chip_file.c
 *     bits: 10
 */
#ifndef AS_TWIN_CHIP_FILE_H
#define AS_TWIN_CHIP_FILE_H

#include "base/json.h"
#include "image/chip.h"
#include "twin/cfg.h"

#define AS_CHIP_FILE_MAX_BYTES 16384

typedef struct as_chip_file {
    as_chip       chip; /* with its pixel and texts below */
    as_chip_pixel pixel;
    as_twin_own   own; /* the numbers that the file has; the others are negative */
    char          name[48], about[96], source[160];
} as_chip_file;

/* AS_EFORMAT "NAME:LINE:COLUMN: ...", AS_ELIMIT; AS_ENOTFOUND where there is no such file. */
AS_CHECK bool as_chip_file_parse(const char *text, size_t n, const char *name, as_chip_file *ret, as_err *err);
AS_CHECK bool as_chip_file_read(const char *path, as_chip_file *ret, as_err *err);

void as_chip_file_copy(const as_chip_file *from, as_chip_file *to);

/* Numbers that are not said in own become the file's. */
void as_chip_file_fill(const as_chip_file *file, as_twin_own *own);

bool as_chip_file_is(const char *sensor); /* the name of a file, not of a row: it ends in .yaml or .yml */

json_t *as_chip_file_schema(void); /* JSON Schema of such a file; NULL without memory */

#endif
