/* SPDX-License-Identifier: Apache-2.0 */
/* NonMaxSuppression: of boxes that overlap, the one with the highest score stays. How many stay is seen in each run: the
 * result has room for all that may, and says how many there are. */
#include <string.h>

#include "engine/op.h"

typedef struct nms {
    int64_t                  batches, classes, n;
    bool                     center;
    bool                     has_most, has_overlap, has_score; /* inputs 2 to 4 */
    int64_t                 *rows;                             /* of the last run: the plan's */
    const as_bounded_source *among;                            /* how many boxes there are; NULL: always n */
} nms;

typedef struct nms_box {
    float x1, y1, x2, y2;
} nms_box;

static nms_box nms_box_of(const nms *s, const float *b)
{
    if (s->center)
        return (nms_box){b[0] - b[2] / 2, b[1] - b[3] / 2, b[0] + b[2] / 2, b[1] + b[3] / 2};
    return (nms_box){AS_MIN(b[1], b[3]), AS_MIN(b[0], b[2]), AS_MAX(b[1], b[3]), AS_MAX(b[0], b[2])};
}

static bool nms_overlap(const nms *s, const float *a, const float *b, float limit)
{
    const nms_box p = nms_box_of(s, a), q = nms_box_of(s, b);
    const float   w = AS_MIN(p.x2, q.x2) - AS_MAX(p.x1, q.x1), h = AS_MIN(p.y2, q.y2) - AS_MAX(p.y1, q.y1);
    if (!(w > 0.0f && h > 0.0f))
        return false;
    const float both = w * h, either = (p.x2 - p.x1) * (p.y2 - p.y1) + (q.x2 - q.x1) * (q.y2 - q.y1) - both;
    return either > 0.0f && both / either > limit;
}

/* A heap with the highest score on top, of equal ones the first. */
static bool nms_before(const float *scores, int64_t a, int64_t b)
{
    return scores[a] > scores[b] || (scores[a] >= scores[b] && a < b);
}

static void nms_sink(const float *scores, int64_t *heap, int64_t n, int64_t i)
{
    for (int64_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && nms_before(scores, heap[child + 1], heap[child]))
            child++;
        if (!nms_before(scores, heap[child], heap[i]))
            return;
        const int64_t moved = heap[i];
        heap[i] = heap[child];
        heap[child] = moved;
    }
}

/* Of one class of one picture; rows of (batch, class, box) are written to out. Returns how many. */
static int64_t nms_one(const nms *s, const float *boxes, const float *scores, const as_step *step, int64_t most,
                       int64_t batch, int64_t class_, int64_t *out)
{
    int64_t      *heap = step->uses.at[3].buf->data, n = 0, kept = 0;
    const float   limit = s->has_overlap ? *(const float *)step->uses.at[5].buf->data : 0.0f;
    const float   least = s->has_score ? *(const float *)step->uses.at[6].buf->data : 0.0f;
    const int64_t n_boxes = s->among ? as_bounded_rows(s->among) : s->n;
    for (int64_t i = 0; i < n_boxes; i++)
        if (s->has_score ? scores[i] > least : scores[i] >= scores[i]) /* NaN is no score */
            heap[n++] = i;
    for (int64_t i = n / 2 - 1; i >= 0; i--)
        nms_sink(scores, heap, n, i);
    while (n > 0 && kept < most) {
        const int64_t best = heap[0];
        bool          free_ = true;
        heap[0] = heap[--n];
        nms_sink(scores, heap, n, 0);
        for (int64_t k = 0; k < kept && free_; k++)
            free_ = !nms_overlap(s, boxes + 4 * out[3 * k + 2], boxes + 4 * best, limit);
        if (!free_)
            continue;
        out[3 * kept] = batch;
        out[3 * kept + 1] = class_;
        out[3 * kept++ + 2] = best;
    }
    return kept;
}

static int64_t nms_most(const nms *s, const as_buf *buf)
{
    const int64_t most = s->has_most ? *(const int64_t *)buf->data : 0;
    return AS_MIN(AS_MAX(most, 0), s->n);
}

static void nms_run(const as_step *step)
{
    nms         *s = step->data;
    int64_t     *out = step->uses.at[0].buf->data;
    const float *boxes = step->uses.at[1].buf->data, *scores = step->uses.at[2].buf->data;
    int64_t      rows = 0;
    for (int64_t b = 0; b < s->batches; b++)
        for (int64_t c = 0; c < s->classes; c++)
            rows += nms_one(s, boxes + b * s->n * 4, scores + (b * s->classes + c) * s->n, step,
                            nms_most(s, step->uses.at[4].buf), b, c, out + 3 * rows);
    *s->rows = rows;
    memset(out + 3 * rows, 0,
           step->uses.at[0].buf->bytes - (size_t)rows * 3 * sizeof *out); /* indices that are none too */
}

static bool nms_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *ins[6]; /* boxes, scores, room for a heap, and the three limits; the boxes stand for what is not there */
    nms     s = {.center = as_plan_int_or(node, "center_point_box", 0) != 0};
    for (size_t i = 0; i < 2; i++) {
        ins[i] = as_plan_plain(plan, node->inputs[i], err);
        if (!ins[i] || ins[i]->dtype != AS_DTYPE_F32)
            return ins[i] ? AS_FAIL(err, AS_EUNSUPPORTED, "only f32") : false;
    }
    for (size_t i = 2; i < 5; i++) {
        const as_value *v = as_plan_in(plan, node, i);
        ins[i + 1] = v ? as_plan_plain(plan, node->inputs[i], err) : ins[0];
        if (!ins[i + 1])
            return false;
        if (v && (v->dtype != (i == 2 ? AS_DTYPE_I64 : AS_DTYPE_F32) || ins[i + 1]->bytes != as_dtype_bytes(v->dtype)))
            return AS_FAIL(err, AS_EFORMAT, "its input %zu is not one %s", i, i == 2 ? "i64" : "f32");
    }
    s.batches = ins[1]->shape.dims[0];
    s.classes = ins[1]->shape.dims[1];
    s.n = ins[1]->shape.dims[2];
    s.has_most = as_plan_in(plan, node, 2) != NULL;
    s.has_overlap = as_plan_in(plan, node, 3) != NULL;
    s.has_score = as_plan_in(plan, node, 4) != NULL;
    s.rows = as_bounded_count(plan, node->outputs[0]);
    s.among = plan->bounded.values[node->inputs[0]].source;
    const as_shape room = {.rank = 1, .dims = {s.n}};
    as_buf        *out = as_plan_out(plan, node, 0, NULL, err); /* as large as bounded.c made it */
    ins[2] = out ? as_plan_new(plan, AS_DTYPE_I64, &room, NULL, err) : NULL;
    return ins[2] && as_op_step(plan, nms_run, &s, sizeof s, out, ins, 6, err);
}

const as_op as_op_nonmaxsuppression = {"NonMaxSuppression", nms_plan};
