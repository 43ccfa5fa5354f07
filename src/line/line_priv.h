/* SPDX-License-Identifier: Apache-2.0 */
/* line_priv.h - the two things a line stands on, a source of frames and a judge of pictures, so that tests can bring
 * some that misbehave. For the files of this folder only.
 *
 * Layer:   line.
 * Threads: next and lost are called from the camera's thread, judge from the judge's, stop from any.
 * Memory:  belongs to who makes it, and outlives the line.
 */
#ifndef AS_LINE_LINE_PRIV_H
#define AS_LINE_LINE_PRIV_H

#include "line/line.h"

typedef struct as_line_parts {
    /* As as_camera_next, as_camera_lost and as_camera_stop. */
    as_frame *(*next)(void *source, as_ns deadline, as_err *err);
    uint64_t (*lost)(void *source);
    void (*stop)(void *source);
    void *source;
    /* As as_classifier_run. */
    bool (*judge)(void *model, const as_image *image, as_scores *ret, as_err *err);
    void                *model;
    const as_model_info *info;
    as_camera_geometry   geometry;
} as_line_parts;

AS_CHECK as_line *as_line_new_of(const as_line_cfg *cfg, const as_line_parts *parts, as_err *err);

#endif
