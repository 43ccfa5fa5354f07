/* SPDX-License-Identifier: Apache-2.0 */
/* outline.h - boxes, polygons and masks drawn one at a time: each a step of labelling, as in label.h.
 *
 * Layer:   intake (may use catalog/, image/, spec/).
 * Threads: one thread.
 * Memory:  the newest version's manifest while a call runs.
 */
#ifndef AS_INTAKE_OUTLINE_H
#define AS_INTAKE_OUTLINE_H

#include "intake/label.h"

typedef struct as_outline_cfg {
    const as_spec    *spec;
    const char       *name;    /* of the sample */
    const as_finding *add;     /* NULL: remove */
    size_t            remove;  /* which one, counted from 1 in the order of `assay label show` */
    const char       *by;      /* NULL: "person:" and the author */
    bool              is_vote; /* to or from what `by` himself drew, beside the label that somebody else gave */
    as_ns             utc;     /* when; 0: now */
    uint64_t          seed;    /* of the split */
} as_outline_cfg;

/* With an outline more the label is the worst of its class and theirs (reject before review before pass), and given by `by`;
 * with one less the class stays. AS_EINVAL when the outline leaves the picture, has no extent, crosses itself, is there
 * already, or is of no class of the spec; AS_ENOTFOUND for no such sample, or no such outline to remove. */
AS_CHECK bool as_outline_apply(as_workspace *ws, const as_outline_cfg *cfg, as_label_result *ret, as_err *err);

/* A mask out of a picture file of the sample's size: all that is not black. AS_EINVAL when it has another size, or is black. */
AS_CHECK bool as_outline_read_mask(const uint8_t *bytes, size_t n, uint32_t width, uint32_t height, as_str *geometry,
                                   double ret_box[4], as_err *err);

/* The size of a sample of the newest version. */
AS_CHECK bool as_outline_size(as_workspace *ws, const char *name, uint32_t *ret_width, uint32_t *ret_height,
                              as_err *err);

#endif
