/* SPDX-License-Identifier: Apache-2.0 */
/* camera_report.h - an acceptance test of a camera, said as JSON and as a page.
 *
 * Layer:   cli.
 * Threads: pure.
 * Memory:  appends to the caller's string; JSON values are new references.
 */
#ifndef AS_CLI_CAMERA_REPORT_H
#define AS_CLI_CAMERA_REPORT_H

#include "base/json.h"
#include "camera/acceptance.h"

const char *as_camera_report_result(const as_acceptance *a);   /* "PASS", "FAIL", "INCOMPLETE" */
const char *as_camera_report_state(as_acceptance_state state); /* "not judged", "pass", "FAIL" */
const char *as_camera_report_value(double value, const char *unit, char *text, size_t cap); /* "-" for NAN */

json_t       *as_camera_report_json(const as_camera *cam, const as_acceptance *a);
AS_CHECK bool as_camera_report_page(const as_camera *cam, const as_acceptance *a, as_str *out, as_err *err);

#endif
