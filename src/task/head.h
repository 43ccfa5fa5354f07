/* SPDX-License-Identifier: Apache-2.0 */
/* head.h - from what a network gives to what it found: classes, boxes, masks, areas.
 *
 * Layer:   task (may use infer/, image/).
 * Threads: a head belongs to one thread at a time.
 * Memory:  allocated by as_head_new, all sizes bounded there; decoding allocates nothing. What it returns is the head's own,
 *          valid until the next decoding.
 *
 * A head is one row of a table, a family of them one file head_<family>.c. It is chosen by the word that the model's
 * metadata has for it (OpenVINO's model_type, ultralytics' task), or recognised by the shapes of the outputs. Boxes are in
 * pixels of the network's input here; as_head_map_box takes them back to the picture.
 */
#ifndef AS_TASK_HEAD_H
#define AS_TASK_HEAD_H

#include "image/prepare.h"
#include "infer/infer.h"
#include "task/boxes.h"

#define AS_HEAD_MAX_OUTPUTS 24
#define AS_HEAD_MAX_CLASSES 65536
#define AS_HEAD_MAX_ANCHORS ((size_t)1 << 20)

typedef enum as_head_gives {
    AS_HEAD_NONE,
    AS_HEAD_CLASSES, /* of the whole picture */
    AS_HEAD_BOXES,
    AS_HEAD_MASKS, /* boxes, each with a mask */
    AS_HEAD_AREAS, /* a class for each pixel; each connected area is one finding */
} as_head_gives;

typedef struct as_head as_head;

/* What a head is chosen by, and made for. */
typedef struct as_head_io {
    const as_port *outputs; /* shapes known but for rows (as_port); names and shapes are not kept */
    size_t         n_outputs;
    uint32_t       width, height; /* of the network's input, pixels */
    uint32_t       n_labels;      /* 0: not known */
    const char    *word;          /* what the model says it is, or the name of a row; NULL: by the shapes */
    const float   *anchors; /* width and height in pixels, 3 for each level, the finest first; NULL: COCO's of YOLOv5 */
    size_t         n_anchors; /* numbers of it */
} as_head_io;

/* 0 in a field: what is said behind it. */
typedef struct as_head_cfg {
    float    score_min;   /* 0.25 */
    float    iou_max;     /* 0.45 */
    float    soft_sigma;  /* hard suppression */
    uint32_t n_max;       /* 100 */
    uint32_t area_min;    /* pixels of the network's output: 8 */
    bool     is_agnostic; /* boxes of different classes leave each other alone */
} as_head_cfg;

typedef struct as_head_kind {
    const char   *name, *summary;
    const char   *words;  /* of model metadata, in lower case, by blanks */
    const char   *shapes; /* of its outputs, as people read them */
    const char   *input;  /* how it wants pictures, where the model does not say (as_preset) */
    as_head_gives gives;
    bool          by_word;  /* its shapes are also another's: never by shapes alone */
    bool          is_final; /* suppression is in the model */
    bool          is_sure;  /* every model of it wants pictures as `input` says */
    bool
        is_counted; /* decode goes by the rows that a run gives (as_head_rows); of others a run gives what the port said */
    /* Sets what the head keeps of the outputs; false: they are not its own. */
    bool (*fits)(as_head *head, const as_head_io *io);
    /* Adds every candidate from head->score_min on. */
    bool (*decode)(as_head *head, const as_tensor *outputs, as_err *err);
} as_head_kind;

const as_head_kind *as_head_kind_at(size_t i); /* NULL past the last row */

/* AS_EUNSUPPORTED names what was seen, and what there is. AS_ELIMIT beyond the maxima above, AS_ENOMEM. */
AS_CHECK as_head *as_head_new(const as_head_io *io, const as_head_cfg *cfg, as_err *err);
as_head          *as_head_free(as_head *head);

const as_head_kind *as_head_kind_of(const as_head *head);
uint32_t            as_head_n_classes(const as_head *head);

/* What was found, best first, after suppression. AS_ECORRUPT for scores that are NaN, infinite or no scores, and for outputs
 * of another shape than the head was made for; AS_ELIMIT for more rows than that has. */
AS_CHECK bool as_head_run(as_head *head, const as_tensor *outputs, const as_box **ret, size_t *ret_n, as_err *err);

/* The candidates from score_min on, in the network's order, before any suppression. */
AS_CHECK bool as_head_candidates(as_head *head, const as_tensor *outputs, float score_min, const as_box **ret,
                                 size_t *ret_n, as_err *err);

/* From pixels of the network's input to those of the picture, cut at its edges (as_prepare_to_source). */
void as_head_map_box(const as_mapping *map, as_box *box);

/* The mask of one of the last run's findings, 1 and 0, for the pixels of the picture that lie in its box (as map_box gives
 * it): columns floor(x0) up to ceil(x1), rows likewise, `stride` bytes a row. For heads that give masks or areas. */
void as_head_mask(as_head *head, const as_tensor *outputs, const as_box *found, const as_mapping *map, uint8_t *ret,
                  size_t stride);

/* Pixels of the network's output of each class at the last run of a head that gives areas; NULL for others. */
const uint32_t *as_head_areas(const as_head *head, size_t *ret_n, size_t *ret_n_pixels);

#endif
