/* SPDX-License-Identifier: Apache-2.0 */
/* gige_parse.h - cameras' descriptions of themselves, read one at a time. For the gige driver.
 *
 * Layer:   camera (the gige module alone).
 * Threads: any thread.
 * Memory:  none.
 *
 * Aravis 0.8 reads them into one place that all threads share (a static of arv_dom_document_new_from_memory() and its like), in the
 * middle of opening a camera, which takes seconds of one that does not answer any more. This module stands between Aravis and its
 * own two functions, as the dynamic linker lets it, so that nothing but the reading itself excludes another.
 */
#ifndef AS_CAMERA_GIGE_PARSE_H
#define AS_CAMERA_GIGE_PARSE_H

#include <stdbool.h>

/* Whether that is so here: tried once. False where the program itself is linked with Aravis, whose functions then call each other
 * directly: cameras must be opened one at a time. */
bool as_gige_parse_is_guarded(void);

#endif
