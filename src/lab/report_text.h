/* SPDX-License-Identifier: Apache-2.0 */
/* report_text.h - what has been measured, as a cell of a report. Private to report*.c.
 *
 * Layer:   lab.
 * Threads: pure but for the caller's string.
 * Memory:  appends to the caller's string.
 */
#ifndef AS_LAB_REPORT_TEXT_H
#define AS_LAB_REPORT_TEXT_H

#include "lab/measures.h"
#include "page/text.h"

void as_report_measured_cell(as_str *out, const as_measured *measured); /* <td>: value and interval */

#endif
