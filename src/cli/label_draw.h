/* SPDX-License-Identifier: Apache-2.0 */
/* label_draw.h - what box, polygon, mask and remove share.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  freed before return.
 */
#ifndef AS_CLI_LABEL_DRAW_H
#define AS_CLI_LABEL_DRAW_H

#include "cli/label_steps.h"

/* "3,4.5" into so many numbers. AS_EINVAL says what is wanted: "X,Y,W,H". */
AS_CHECK bool as_label_numbers(const char *text, const char *want, double *ret, size_t n, as_err *err);

/* Adds it to (NULL: removes the outline number `remove` from) the sample that is the second word; prints what came of it. */
AS_CHECK bool as_label_draw(as_cli *cli, as_workspace *ws, const as_finding *add, size_t remove, as_err *err);

#endif
