/* SPDX-License-Identifier: Apache-2.0 */
/* finder.h - a model file of any known head, and what it finds in a picture, in pixels of that picture.
 *
 * Layer:   task.
 * Threads: a finder belongs to one thread at a time.
 * Memory:  allocated at open; running allocates nothing (backend native) while picture sizes stay the same.
 */
#ifndef AS_TASK_FINDER_H
#define AS_TASK_FINDER_H

#include "task/head.h"
#include "task/hints.h"

typedef struct as_finder as_finder;

/* What is NULL, 0 or NONE is what the model says, else what is usual for its head. */
typedef struct as_finder_cfg {
    const char      *backend; /* NULL: native, and ort for what native cannot run */
    uint32_t         threads;
    const char      *head;         /* a row of the heads, or one of their words */
    const as_preset *prepare;      /* how pictures are prepared */
    const float     *mean, *scale; /* three each, in the order of the network's channels */
    as_resize        resize;
    const as_labels *labels; /* not kept */
    const float     *anchors;
    size_t           n_anchors;
    as_head_cfg      limits; /* what is left 0 is the model's own */
} as_finder_cfg;

/* model: an ONNX file's bytes (not kept); name: what errors call it. */
AS_CHECK as_finder *as_finder_open(const uint8_t *model, size_t n, const char *name, const as_finder_cfg *cfg,
                                   as_err *err);
as_finder          *as_finder_close(as_finder *finder);

typedef struct as_finder_about {
    const as_head_kind  *head;
    const char          *head_from, *prepare_from; /* "asked for", "the model", "its shapes", "its head" */
    bool                 is_guess;                 /* how pictures are prepared: nobody said it */
    const char          *backend;
    const as_input_spec *input;
    uint32_t             n_classes; /* 0: not known */
    size_t               n_labels;
} as_finder_about;

as_finder_about as_finder_about_of(const as_finder *finder);

/* The label of a class, or its number where it has none; valid until the next call. */
const char *as_finder_label(as_finder *finder, uint32_t class);

typedef struct as_findings {
    const as_box *at; /* best first, in pixels of the picture; the finder's, until the next run */
    size_t        n;
    as_ns         prepare_ns, infer_ns, decode_ns;
} as_findings;

AS_CHECK bool as_finder_run(as_finder *finder, const as_image *image, as_findings *ret, as_err *err);

/* The mask of a finding of the last run: as_head_mask. */
void as_finder_mask(as_finder *finder, const as_box *found, uint8_t *ret, size_t stride);

/* as_head_areas of the last run. */
const uint32_t *as_finder_areas(const as_finder *finder, size_t *ret_n, size_t *ret_n_pixels);

#endif
