/* SPDX-License-Identifier: Apache-2.0 */
#include "task/boxes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/isa.h"

#define NMS_BLOCK 16 /* kept boxes that are compared at once */
#define NMS_KEPT  (AS_BOXES_MOST_KEPT + NMS_BLOCK)
#define NMS_NONE  UINT32_MAX /* no class */
#define NMS_FEW   32         /* up to here, inserting is faster than counting */

typedef struct nms_key {
    uint32_t key, index; /* the smaller the key, the better the score */
} nms_key;

struct as_nms {
    size_t   n_boxes;
    nms_key *keys, *spare;
    as_box  *sorted;
    float   *soft; /* scores that fall */
    float    x0[NMS_KEPT], y0[NMS_KEPT], x1[NMS_KEPT], y1[NMS_KEPT], area[NMS_KEPT];
    uint32_t class[NMS_KEPT];
};

as_nms *as_nms_new(size_t n_boxes, as_err *err)
{
    as_nms *nms = aligned_alloc(64, (sizeof *nms + 63) / 64 * 64);
    if (nms) {
        memset(nms, 0, sizeof *nms);
        nms->n_boxes = n_boxes;
        nms->keys = calloc(n_boxes + 1, sizeof *nms->keys);
        nms->spare = calloc(n_boxes + 1, sizeof *nms->spare);
        nms->sorted = calloc(n_boxes + 1, sizeof *nms->sorted);
        nms->soft = calloc(n_boxes + 1, sizeof *nms->soft);
    }
    if (nms && nms->keys && nms->spare && nms->sorted && nms->soft)
        return nms;
    AS_FAIL(err, AS_ENOMEM, "no memory to compare %zu boxes", n_boxes);
    return as_nms_free(nms);
}

as_nms *as_nms_free(as_nms *nms)
{
    if (!nms)
        return NULL;
    free(nms->keys);
    free(nms->spare);
    free(nms->sorted);
    free(nms->soft);
    free(nms);
    return NULL;
}

/* --- sorting --- */

/* The bits of a float that is not negative rise as it does. */
static uint32_t nms_key_of(float score)
{
    uint32_t bits;
    score += 0.0f; /* -0 is 0 */
    memcpy(&bits, &score, sizeof bits);
    return ~bits;
}

static void nms_insert(nms_key *keys, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        nms_key one = keys[i];
        size_t  at = i;
        for (; at > 0 && keys[at - 1].key > one.key; at--)
            keys[at] = keys[at - 1];
        keys[at] = one;
    }
}

/* By bytes, the last first: stable, so that equal scores stay as they stand. */
static void nms_count(as_nms *nms, size_t n)
{
    uint32_t counts[4][256] = {{0}};
    for (size_t i = 0; i < n; i++)
        for (uint32_t byte = 0; byte < 4; byte++)
            counts[byte][nms->keys[i].key >> 8 * byte & 255]++;
    for (uint32_t byte = 0; byte < 4; byte++) {
        uint32_t *count = counts[byte], sum = 0;
        if (count[nms->keys[0].key >> 8 * byte & 255] == n)
            continue;
        for (size_t v = 0; v < 256; v++) {
            uint32_t here = count[v];
            count[v] = sum;
            sum += here;
        }
        for (size_t i = 0; i < n; i++)
            nms->spare[count[nms->keys[i].key >> 8 * byte & 255]++] = nms->keys[i];
        nms_key *swap = nms->keys;
        nms->keys = nms->spare;
        nms->spare = swap;
    }
}

/* The best ones, in order, into nms->sorted. */
static size_t nms_order(as_nms *nms, const as_box *boxes, size_t n, size_t most)
{
    n = AS_MIN(n, nms->n_boxes);
    for (size_t i = 0; i < n; i++)
        nms->keys[i] = (nms_key){nms_key_of(boxes[i].score), (uint32_t)i};
    if (n <= NMS_FEW)
        nms_insert(nms->keys, n);
    else
        nms_count(nms, n);
    n = AS_MIN(n, most);
    for (size_t i = 0; i < n; i++)
        nms->sorted[i] = boxes[nms->keys[i].index];
    return n;
}

size_t as_nms_sort(as_nms *nms, as_box *boxes, size_t n, size_t n_max)
{
    n = nms_order(nms, boxes, n, n_max);
    memcpy(boxes, nms->sorted, n * sizeof *boxes);
    return n;
}

/* --- suppressing --- */

static float nms_area(const as_box *b)
{
    return AS_MAX(b->x1 - b->x0, 0.0f) * AS_MAX(b->y1 - b->y0, 0.0f);
}

/* Is the box more than allowed inside one of the n that are kept? Behind them stand boxes of no class. */
AS_ISA_CLONES(bool, nms_covered,
              (const as_nms *nms, size_t n, const as_box *box, float area, uint32_t class, float iou_max),
              (nms, n, box, area, class, iou_max))
{
    const float x0 = box->x0, y0 = box->y0, x1 = box->x1, y1 = box->y1;
    for (size_t i = 0; i < n; i += NMS_BLOCK) {
        uint32_t hit = 0;
        for (size_t k = i; k < i + NMS_BLOCK; k++) {
            float left = nms->x0[k] > x0 ? nms->x0[k] : x0, right = nms->x1[k] < x1 ? nms->x1[k] : x1;
            float top = nms->y0[k] > y0 ? nms->y0[k] : y0, bottom = nms->y1[k] < y1 ? nms->y1[k] : y1;
            float width = right - left, height = bottom - top;
            width = width > 0 ? width : 0;
            height = height > 0 ? height : 0;
            float shared = width * height;
            hit |= (uint32_t)(shared > iou_max * (nms->area[k] + area - shared)) & (uint32_t)(nms->class[k] == class);
        }
        if (hit)
            return true;
    }
    return false;
}

static size_t nms_greedy(as_nms *nms, const as_nms_cfg *cfg, as_box *boxes, size_t n, size_t n_max)
{
    size_t kept = 0;
    for (size_t k = 0; k < NMS_KEPT; k++)
        nms->class[k] = NMS_NONE;
    for (size_t i = 0; i < n && kept < n_max; i++) {
        const as_box *box = &nms->sorted[i];
        uint32_t class = cfg->is_agnostic ? 0 : box->class;
        float area = nms_area(box);
        if (nms_covered(nms, kept, box, area, class, cfg->iou_max))
            continue;
        nms->x0[kept] = box->x0;
        nms->y0[kept] = box->y0;
        nms->x1[kept] = box->x1;
        nms->y1[kept] = box->y1;
        nms->area[kept] = area;
        nms->class[kept] = class;
        boxes[kept++] = *box;
    }
    return kept;
}

static float nms_iou(const as_box *a, const as_box *b)
{
    float width = AS_MIN(a->x1, b->x1) - AS_MAX(a->x0, b->x0), height = AS_MIN(a->y1, b->y1) - AS_MAX(a->y0, b->y0);
    if (!(width > 0 && height > 0))
        return 0;
    float shared = width * height;
    return shared / (nms_area(a) + nms_area(b) - shared);
}

/* The best that is left is taken; the scores of the others fall by what they share with it. */
static size_t nms_soften(as_nms *nms, const as_nms_cfg *cfg, as_box *boxes, size_t n, size_t n_max)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        nms->soft[i] = nms->sorted[i].score;
    while (kept < n_max) {
        size_t best = 0;
        for (size_t i = 1; i < n; i++)
            best = nms->soft[i] > nms->soft[best] ? i : best;
        if (n == 0 || !(nms->soft[best] >= cfg->score_min) || !(nms->soft[best] > 0))
            break;
        const as_box *box = &nms->sorted[best];
        boxes[kept] = *box;
        boxes[kept++].score = nms->soft[best];
        nms->soft[best] = -1;
        for (size_t i = 0; i < n; i++) {
            float iou = 0;
            if (nms->soft[i] > 0 && (cfg->is_agnostic || nms->sorted[i].class == box->class))
                iou = nms_iou(box, &nms->sorted[i]);
            if (iou > 0)
                nms->soft[i] *= expf(-iou * iou / cfg->soft_sigma);
        }
    }
    return kept;
}

size_t as_nms_run(as_nms *nms, const as_nms_cfg *cfg, as_box *boxes, size_t n)
{
    size_t n_max = AS_MIN(AS_MAX(cfg->n_max, (size_t)1), (size_t)AS_BOXES_MOST_KEPT);
    n = nms_order(nms, boxes, n, AS_BOXES_MOST);
    return cfg->soft_sigma > 0 ? nms_soften(nms, cfg, boxes, n, n_max) : nms_greedy(nms, cfg, boxes, n, n_max);
}
