/* SPDX-License-Identifier: Apache-2.0 */
/* A class for each pixel: pixels of one class that touch, at their corners too, are one finding. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "task/head_priv.h"

#define AREAS_NONE UINT32_MAX /* of parent: the pixel is background */

static bool areas_fits(as_head *head, const as_head_io *io)
{
    const as_port  *port = &io->outputs[0];
    const as_shape *shape = &port->shape;
    bool            is_f32 = port->dtype == AS_DTYPE_F32;
    if (io->n_outputs != 1 || shape->rank < 3 || shape->rank > 4 || shape->dims[0] != 1 ||
        (!is_f32 && port->dtype != AS_DTYPE_I64 && port->dtype != AS_DTYPE_I32 && port->dtype != AS_DTYPE_U8))
        return false;
    int64_t classes = shape->rank == 4 ? shape->dims[1] : 1, height = shape->dims[shape->rank - 2],
            width = shape->dims[shape->rank - 1];
    /* Of about the picture's form: numbers of something else seldom are. */
    if (height < 2 || width < 2 || height > AS_IMAGE_MAX_SIDE || width > AS_IMAGE_MAX_SIDE || classes < 1 ||
        classes > AS_HEAD_MAX_CLASSES || (!is_f32 && classes > 1) || (is_f32 && shape->rank == 3) ||
        llabs(width * (int64_t)io->height - height * (int64_t)io->width) > 2 * AS_MAX(io->width, io->height))
        return false;
    head->is_index = !is_f32;
    head->mask_width = (uint32_t)width;
    head->mask_height = (uint32_t)height;
    head->n_anchors = AS_MIN((size_t)(width * height), AS_HEAD_MAX_ANCHORS);
    /* One map of scores: there is one class, and where it is not, is background. Class 0 of several is. */
    head->background = classes == 1 && is_f32 ? 0 : 1;
    head->row = (uint32_t)classes;
    head->n_classes = is_f32 ? (uint32_t)classes : (io->n_labels ? io->n_labels : 256);
    return !is_f32 || io->n_labels == 0 || io->n_labels == head->n_classes;
}

static size_t areas_pixels(const as_head *head)
{
    return (size_t)head->mask_width * head->mask_height;
}

/* --- the class of each pixel, and how sure it is --- */

static bool areas_read_index(as_head *head, const as_tensor *t, as_err *err)
{
    for (size_t i = 0; i < areas_pixels(head); i++) {
        int64_t v = t->dtype == AS_DTYPE_I64   ? ((const int64_t *)t->data)[i]
                    : t->dtype == AS_DTYPE_I32 ? ((const int32_t *)t->data)[i]
                                               : ((const uint8_t *)t->data)[i];
        if (v < 0 || v >= head->n_classes)
            return AS_FAIL(err, AS_ECORRUPT, "the model's answer has class %lld, where there are %u (head '%s')",
                           (long long)v, head->n_classes, head->kind->name);
        head->map[i] = (uint32_t)v;
        head->mask[i] = 1;
    }
    return true;
}

/* The probability of the class that a pixel has. */
static float areas_score(const float *at, size_t n, size_t stride, uint32_t class)
{
    double sum = 0;
    if (as_scan_is_distribution(at, n, stride))
        return at[class * stride];
    for (size_t i = 0; i < n; i++)
        sum += exp((double)at[i * stride] - (double)at[class * stride]);
    return (float)(1 / sum);
}

static bool areas_read_scores(as_head *head, const float *scores, as_err *err)
{
    size_t n = areas_pixels(head);
    if (!as_scan_columns(scores, head->row, n, n, head->mask))
        return as_head_no_number(head, err);
    for (size_t i = 0; i < n; i++) {
        uint32_t class = 0;
        while (scores[class * n + i] < head->mask[i])
            class ++;
        head->map[i] = class;
        if (class != 0)
            head->mask[i] = areas_score(scores + i, head->row, n, class);
    }
    return true;
}

/* One map: class 0 where it is likely, and 1, which is no class, elsewhere. */
static bool areas_read_one(as_head *head, const float *scores, as_err *err)
{
    bool is_ok, is_logits = as_scan_is_logits(scores, areas_pixels(head), &is_ok);
    if (!is_ok)
        return as_head_no_number(head, err);
    for (size_t i = 0; i < areas_pixels(head); i++) {
        head->mask[i] = as_scan_score(scores[i], is_logits);
        head->map[i] = head->mask[i] < 0.5f;
    }
    return true;
}

/* --- connected pixels --- */

static uint32_t areas_root(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

/* The one that comes first stands for both. */
static void areas_join(uint32_t *parent, uint32_t a, uint32_t b)
{
    a = areas_root(parent, a);
    b = areas_root(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

static void areas_connect(as_head *head)
{
    uint32_t width = head->mask_width, *parent = head->parent, nothing = head->background ? 0 : 1;
    for (uint32_t y = 0; y < head->mask_height; y++)
        for (uint32_t x = 0; x < width; x++) {
            uint32_t i = y * width + x, class = head->map[i];
            parent[i] = class == nothing ? AREAS_NONE : i;
            if (class == nothing)
                continue;
            if (x > 0 && head->map[i - 1] == class)
                areas_join(parent, i, i - 1);
            for (uint32_t u = x ? x - 1 : 0; y > 0 && u <= AS_MIN(x + 1, width - 1); u++)
                if (head->map[i - width - x + u] == class)
                    areas_join(parent, i, i - width - x + u);
        }
}

/* Bounds, pixels and the sum of what is likely, of each. */
static bool areas_gather(as_head *head, as_err *err)
{
    uint32_t width = head->mask_width;
    for (uint32_t i = 0; i < areas_pixels(head); i++) {
        if (head->parent[i] == AREAS_NONE)
            continue;
        uint32_t root = areas_root(head->parent, i);
        float    x = (float)(i % width), y = (float)(i / width);
        head->parent[i] = root;
        if (root == i && head->n_found == head->n_anchors)
            return AS_FAIL(err, AS_ELIMIT, "the model's answer has more than %zu areas", head->n_anchors);
        if (root == i) {
            head->slot[i] = (uint32_t)head->n_found;
            head->parts[head->n_found] = (as_head_part){0, 0};
            head->found[head->n_found++] = (as_box){x, y, x, y, 0, head->map[i], i};
        }
        as_box       *box = &head->found[head->slot[root]];
        as_head_part *part = &head->parts[head->slot[root]];
        box->x0 = AS_MIN(box->x0, x);
        box->x1 = AS_MAX(box->x1, x);
        box->y1 = y;
        part->sum += (double)head->mask[i];
        part->n++;
    }
    return true;
}

/* Keeps what is large and sure enough, in pixels of the input. */
static void areas_keep(as_head *head)
{
    float  gain_x = (float)head->width / (float)head->mask_width;
    float  gain_y = (float)head->height / (float)head->mask_height;
    size_t kept = 0;
    for (size_t k = 0; k < head->n_found; k++) {
        as_box box = head->found[k];
        box.score = (float)AS_MIN(head->parts[k].sum / head->parts[k].n, 1.0);
        if (head->parts[k].n < head->cfg.area_min || box.score < head->score_min)
            continue;
        head->found[kept++] =
            (as_box){box.x0 * gain_x, box.y0 * gain_y, (box.x1 + 1) * gain_x, (box.y1 + 1) * gain_y, box.score,
                     box.class,       box.anchor};
    }
    head->n_found = kept;
}

static bool areas_decode(as_head *head, const as_tensor *outputs, as_err *err)
{
    if (!(head->is_index   ? areas_read_index(head, &outputs[0], err)
          : head->row == 1 ? areas_read_one(head, outputs[0].data, err)
                           : areas_read_scores(head, outputs[0].data, err)))
        return false;
    memset(head->area, 0, head->n_classes * sizeof *head->area);
    for (size_t i = 0; i < areas_pixels(head); i++)
        if (head->map[i] < head->n_classes)
            head->area[head->map[i]]++;
    areas_connect(head);
    if (!areas_gather(head, err))
        return false;
    areas_keep(head);
    return true;
}

const as_head_kind as_head_kind_areas = {
    .name = "areas",
    .summary = "a class for each pixel: class 0 is background, each connected area of another is one finding",
    .words = "segmentation semantic semanticsegmentation",
    .shapes = "[1, classes, height, width], or classes as whole numbers [1, height, width]",
    .input = "imagenet",
    .gives = AS_HEAD_AREAS,
    .fits = areas_fits,
    .decode = areas_decode,
};
