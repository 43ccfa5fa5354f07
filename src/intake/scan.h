/* SPDX-License-Identifier: Apache-2.0 */
/* scan.h - what lies in a folder of pictures, before any of them is opened. For the files of this folder only.
 *
 * Layer:   intake.
 * Threads: one thread.
 * Memory:  as_scan_done frees what a scan holds.
 */
#ifndef AS_INTAKE_SCAN_H
#define AS_INTAKE_SCAN_H

#include "base/vec.h"
#include "intake/import.h"

#define AS_SCAN_MAX_FILES ((size_t)10 * 1000 * 1000)

typedef struct as_scan_file {
    char       *path;  /* what is opened: the file itself, or what a link in the folder means */
    char       *name;  /* of the sample */
    const char *label; /* the spec's */
    as_split    split;
    as_ns       utc;
} as_scan_file;

typedef struct as_scan {
    AS_VEC(as_scan_file) files; /* test first, then validation, then the rest; by name */
} as_scan;

/* Tells of everything that is left out. Also on failure there is something to free. */
AS_CHECK bool as_scan_folder(as_scan *scan, const as_spec *spec, const as_import_cfg *cfg, as_err *err);
void          as_scan_done(as_scan *scan);

#endif
