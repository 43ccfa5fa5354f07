/* SPDX-License-Identifier: Apache-2.0 */
/* twin_rig.h - for tests alone: a twin with what it draws in.
 *
 * Layer:   twin, tests.
 * Threads: one.
 * Memory:  twin_rig_close frees. What goes wrong fails the test.
 */
#ifndef AS_TWIN_TWIN_RIG_H
#define AS_TWIN_TWIN_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "twin/twin.h"

typedef struct twin_rig {
    as_twin        *twin;
    void           *scratch;
    as_image        image;
    as_twin_truth   truth; /* of the last look */
    const uint16_t *raw;   /* likewise: the sensor's own numbers; NULL with the plain camera */
} twin_rig;

static inline twin_rig twin_rig_open(const char *scene, const as_twin_cfg *cfg)
{
    as_err   err = AS_ERR_NONE;
    twin_rig rig = {.twin = as_twin_open(scene, cfg, &err)};
    if (!rig.twin)
        fail_msg("%s: %s", scene, err.text);
    const as_twin_cfg *got = as_twin_cfg_of(rig.twin);
    rig.scratch = malloc(as_twin_scratch_bytes(rig.twin));
    assert_non_null(rig.scratch);
    assert_true(as_image_new(&rig.image, got->pixel, got->width, got->height, &err));
    return rig;
}

static inline void twin_rig_close(twin_rig *rig)
{
    free(rig->scratch);
    as_image_done(&rig->image);
    rig->twin = as_twin_close(rig->twin);
}

/* Nothing may depend on what was in the memory that it draws in. */
static inline const as_twin_truth *twin_rig_look(twin_rig *rig, uint64_t part, uint32_t view)
{
    as_err err = AS_ERR_NONE;
    memset(rig->scratch, 0xa5, as_twin_scratch_bytes(rig->twin));
    if (!as_twin_look(rig->twin, part, view, rig->scratch, &rig->image, &rig->truth, &rig->raw, &err))
        fail_msg("part %d: %s", (int)part, err.text);
    return &rig->truth;
}

#endif
