/* SPDX-License-Identifier: Apache-2.0 */
/* test_eval.h - a model that tests of scoring and judging need no training for.
 *
 * Layer:   lab; linked into tests only.
 * Threads: one thread.
 * Memory:  bytes belong to the caller's string.
 */
#ifndef AS_LAB_TEST_EVAL_H
#define AS_LAB_TEST_EVAL_H

#include "base/str.h"
#include "task/model.h"

/* Labels good, red, small; 16 x 16 pixels of RGB. */
as_model_info test_eval_info(void);

/* Appends the file of a model that finds the red discs of test_pictures.h, and calls the others good. bias is added to the
 * logit of good: NAN breaks it. Ends the test when something fails. */
void test_eval_model(as_str *out, float bias);

#endif
