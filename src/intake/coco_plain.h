/* SPDX-License-Identifier: Apache-2.0 */
/* coco_plain.h - an element of a COCO file without a JSON tree, where it is as plain as nearly all are: numbers of few digits,
 * strings of printable ASCII without escapes, no key twice, no run lengths. What is not plain is told, and read as any JSON is.
 * For format_coco.c only.
 *
 * Layer:   intake.
 * Threads: one thread an element.
 * Memory:  an element keeps its room from one to the next; as_coco_plain_done frees.
 */
#ifndef AS_INTAKE_COCO_PLAIN_H
#define AS_INTAKE_COCO_PLAIN_H

#include "base/text.h"
#include "base/vec.h"

typedef enum as_coco_key {
    AS_COCO_ID, /* whole numbers */
    AS_COCO_IMAGE_ID,
    AS_COCO_CATEGORY_ID,
    AS_COCO_WIDTH,
    AS_COCO_HEIGHT,
    AS_COCO_WHOLE_KEYS,
    AS_COCO_SCORE = AS_COCO_WHOLE_KEYS,
    AS_COCO_BBOX,
    AS_COCO_SEGMENTATION,
    AS_COCO_FILE_NAME,
    AS_COCO_CLASS,
    AS_COCO_KEYS
} as_coco_key;

typedef struct as_coco_plain {
    unsigned has; /* a bit a key */
    int64_t  whole[AS_COCO_WHOLE_KEYS];
    double   score, box[4];
    as_str   file_name, class_name;
    AS_VEC(double) points; /* of the segmentation's rings, one after the other */
    AS_VEC(size_t) ends;   /* in points, of each ring */
    as_str extra;          /* what else an annotation says, as JSON of an object; "{}" for nothing */
} as_coco_plain;

void as_coco_plain_init(as_coco_plain *plain);
void as_coco_plain_done(as_coco_plain *plain);

/* bytes: one value. kept: those keys (a bit each) are not in `extra`. False: read it as JSON. */
bool as_coco_plain_read(as_coco_plain *plain, const char *bytes, size_t n, unsigned kept);

#endif
