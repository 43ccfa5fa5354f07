/* SPDX-License-Identifier: Apache-2.0 */
/* golden.h - comparison with a golden picture: the picture of a good part is laid over the golden one of its kind, and what
 * differs by more than good parts do is seen. All of it is one ONNX graph.
 *
 * Layer:   lab.
 * Threads: one thread calls; as_golden_learn uses cfg.threads. What comes out does not depend on how many.
 * Memory:  as_golden_done frees. For each golden picture about 6 floats a pixel of the input; sums while learning as much again.
 *
 * Registration is the inverse compositional algorithm (Baker and Matthews, Int. J. Computer Vision 56, 2004) on the logarithm
 * of luma, coarse to fine, for shift, turn and scale; a smooth change of the light is solved for with them and left out, so
 * that each step is one product with a constant matrix. The tolerance is each pixel's own deviation among good parts.
 */
#ifndef AS_LAB_GOLDEN_H
#define AS_LAB_GOLDEN_H

#include "lab/dataset.h"
#include "lab/nodes.h"
#include "lab/samples.h"

#define AS_GOLDEN_MAX    8  /* golden pictures */
#define AS_GOLDEN_LEVELS 3  /* of the registration: 1/16, 1/8, 1/4 of the input's size */
#define AS_GOLDEN_SCALES 3  /* of the comparison: 1/2, 1/4, 1/8 */
#define AS_GOLDEN_MOVES  4  /* shift across and down, turn, scale */
#define AS_GOLDEN_LIGHTS 10 /* polynomials of third degree in place: how the light may differ */
#define AS_GOLDEN_PARTS  3  /* of the features */
#define AS_GOLDEN_SIDE   16 /* width and height are multiples of it */

typedef struct as_golden {
    uint32_t width, height, n;        /* of the input; golden pictures */
    float   *mean[AS_GOLDEN_SCALES];  /* n x 3 x h x w, in 0 to 1 */
    float   *sharp[AS_GOLDEN_SCALES]; /* 1 / tolerance, likewise; NULL: not learned yet */
    float   *level[AS_GOLDEN_LEVELS]; /* n x h x w: logarithm of luma */
    float   *step[AS_GOLDEN_LEVELS];  /* n x (h x w) x moves: from what differs to how to move */
    float   *kind, *low;              /* n x 3 x h x w at 1/8 and 1/16: logarithms */
    size_t   members[AS_GOLDEN_MAX];  /* good pictures each was learned from */
} as_golden;

typedef struct as_golden_cfg {
    as_input_spec input;
    uint32_t      threads;
    uint32_t      heads[AS_GOLDEN_MAX]; /* n_heads pictures that stand for the kinds there may be */
    uint32_t      n_heads;              /* 0: seen from the good pictures */
} as_golden_cfg;

static inline size_t as_golden_scale_width(const as_golden *golden, size_t s)
{
    return golden->width >> (s + 1);
}

static inline size_t as_golden_scale_height(const as_golden *golden, size_t s)
{
    return golden->height >> (s + 1);
}

static inline size_t as_golden_level_shift(size_t l)
{
    return AS_GOLDEN_LEVELS + 1 - l;
}

typedef struct as_golden_sides {
    uint32_t *good;          /* n_good, to learn golden pictures from */
    uint32_t *rest, *labels; /* n_rest, to fit the head on: defects, and good parts that golden pictures do not know */
    size_t    n_good, n_rest;
} as_golden_sides;

/* No part is on both sides, nor are copies of a picture; each class is in the rest. AS_EINVAL for too few good parts. */
AS_CHECK bool as_golden_deal(const as_dataset *dataset, const as_spec *spec, const as_samples *train,
                             as_golden_sides *ret, as_err *err);
void          as_golden_sides_done(as_golden_sides *sides);

/* Golden pictures from good[n], of which there is one at least. A kind that hardly any picture is of is none. */
AS_CHECK bool as_golden_learn(const as_dataset *dataset, const uint32_t *good, size_t n, const as_golden_cfg *cfg,
                              const as_progress *progress, as_golden *ret, as_err *err);
void          as_golden_done(as_golden *golden);

/* Which of the pictures stand for the kinds there are: ret_heads[*ret_n]. */
AS_CHECK bool as_golden_group(const as_dataset *dataset, const uint32_t *good, size_t n, const as_progress *progress,
                              uint32_t ret_heads[AS_GOLDEN_MAX], uint32_t *ret_n, as_err *err);

/* From mean[0] all that registration needs: level, step, kind, low. */
AS_CHECK bool as_golden_align(as_golden *golden, as_err *err);

/* The middle of pixel i of n, in -1 to 1. */
static inline double as_golden_place(size_t i, size_t n)
{
    return (2 * (double)i + 1) / (double)n - 1;
}

void as_golden_lights(double x, double y, double ret[AS_GOLDEN_LIGHTS]);

/* Input "picture" 1 x 3 x height x width of R, G, B in 0 to 1. "seen": the picture, laid over its golden one and in its light,
 * at all scales, then which one and how unlike; "features": as_golden_n_features numbers that say what differs. */
AS_CHECK as_graph *as_golden_graph(const as_golden *golden, const char *output, as_err *err);
size_t             as_golden_n_seen(const as_golden *golden);
size_t             as_golden_n_features(const as_golden *golden);
size_t as_golden_n_part(const as_golden *golden, uint32_t part); /* the most, in cells, at the worst places */

#endif
