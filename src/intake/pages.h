/* SPDX-License-Identifier: Apache-2.0 */
/* pages.h - a TIFF of several pages is a sample a page. For the files of this folder only.
 *
 * Layer:   intake.
 * Threads: one thread.
 * Memory:  scan files as any other.
 *
 * The first page keeps the file's name, the others are x#2.tiff, x#3.tiff, ...; all are one part: what one file holds, one
 * thing from several sides or at several times, must not be parted. Each is stored as a TIFF of its own, its compressed
 * data as it stands. A class folder's class is that of all pages; other labels are of the first, the rest is not labelled.
 */
#ifndef AS_INTAKE_PAGES_H
#define AS_INTAKE_PAGES_H

#include "intake/scan.h"

#define AS_PAGES_MAX 1000u /* of one file; told when there are more */

AS_CHECK bool as_pages_expand(as_scan *scan, as_err *err);

/* Pages of the file, up to AS_PAGES_MAX + 1; 1 when it is no TIFF. Reads no pixels. */
uint32_t as_pages_count(const char *path);

#endif
