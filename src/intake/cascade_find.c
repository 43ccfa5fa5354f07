/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "intake/cascade_priv.h"

#define FIND_MAX_WINDOWS   ((size_t)20000)
/* A window with less contrast than this standard deviation of grey levels is a wall. */
#define FIND_MIN_DEVIATION 10.0f
#define FIND_ALIKE         0.2 /* of the mean side: windows nearer than this agree */

/* One size of the picture: sums of all pixels above and left of each, modulo 2^32 (a window's own sum fits). */
typedef struct find_level {
    uint32_t  width, height;
    size_t    stride; /* of the sums */
    uint8_t  *pixels;
    uint32_t *sums, *squares;
    double    scale; /* pixels of the picture in one of the level */
} find_level;

/* The corners of a feature's rectangles, as places in the sums. */
typedef struct find_feature {
    uint32_t n;
    uint32_t at[16]; /* Haar: 4 a rectangle; LBP: the 4 x 4 corners */
    float    weight[3];
} find_feature;

typedef struct find_group {
    double   x, y, width, height; /* sums over the windows */
    uint32_t n;
} find_group;

typedef struct finder {
    const as_cascade     *cascade;
    const as_cascade_cfg *cfg;
    const as_image       *grey;
    find_level            level;
    find_feature         *features;
    as_faces              windows;
    bool                  full;
} finder;

/* Linear between pixel centres of the picture; the border is repeated. */
static void find_scale(const as_image *grey, bool mirror, find_level *l)
{
    for (uint32_t y = 0; y < l->height; y++) {
        double         sy = AS_MAX(0.0, ((double)y + 0.5) * l->scale - 0.5);
        uint32_t       y0 = AS_MIN((uint32_t)sy, grey->height - 1), y1 = AS_MIN(y0 + 1, grey->height - 1);
        int32_t        fy = (int32_t)((sy - (double)y0) * 256.0);
        const uint8_t *a = grey->data + y0 * grey->stride_bytes, *b = grey->data + y1 * grey->stride_bytes;
        uint8_t       *row = l->pixels + (size_t)y * l->width;
        for (uint32_t x = 0; x < l->width; x++) {
            double   sx = AS_MAX(0.0, ((double)x + 0.5) * l->scale - 0.5);
            uint32_t x0 = AS_MIN((uint32_t)sx, grey->width - 1), x1 = AS_MIN(x0 + 1, grey->width - 1);
            int32_t  fx = (int32_t)((sx - (double)x0) * 256.0);
            int32_t  top = a[x0] * (256 - fx) + a[x1] * fx, low = b[x0] * (256 - fx) + b[x1] * fx;
            row[mirror ? l->width - 1 - x : x] = (uint8_t)((top * (256 - fy) + low * fy + 32768) >> 16);
        }
    }
}

static void find_sum(find_level *l, bool squares)
{
    memset(l->sums, 0, l->stride * sizeof *l->sums);
    memset(l->squares, 0, l->stride * sizeof *l->squares);
    for (uint32_t y = 0; y < l->height; y++) {
        const uint8_t *row = l->pixels + (size_t)y * l->width;
        uint32_t      *out = l->sums + (y + 1) * l->stride, *out2 = l->squares + (y + 1) * l->stride, sum = 0, sum2 = 0;
        const uint32_t *above = out - l->stride, *above2 = out2 - l->stride;
        out[0] = out2[0] = 0;
        for (uint32_t x = 0; x < l->width; x++) {
            sum += row[x];
            sum2 += (uint32_t)row[x] * row[x];
            out[x + 1] = above[x + 1] + sum;
            if (squares)
                out2[x + 1] = above2[x + 1] + sum2;
        }
    }
}

static void find_corners(const cascade_rect *r, size_t stride, uint32_t *at)
{
    at[0] = (uint32_t)(r->y * stride + r->x);
    at[1] = at[0] + r->width;
    at[2] = (uint32_t)((r->y + r->height) * stride + r->x);
    at[3] = at[2] + r->width;
}

static void find_place(finder *f)
{
    const as_cascade *c = f->cascade;
    size_t            stride = f->level.stride;
    for (size_t i = 0; i < c->features.n; i++) {
        const cascade_feature *from = &c->features.at[i];
        find_feature          *to = &f->features[i];
        to->n = from->n_rects;
        for (uint32_t k = 0; !c->is_lbp && k < from->n_rects; k++) {
            find_corners(&from->rects[k], stride, &to->at[4 * k]);
            to->weight[k] = from->rects[k].weight;
        }
        for (uint32_t k = 0; c->is_lbp && k < 16; k++)
            to->at[k] = (uint32_t)((from->rects[0].y + k / 4 * from->rects[0].height) * stride + from->rects[0].x +
                                   k % 4 * from->rects[0].width);
    }
}

static inline uint32_t find_rect(const uint32_t *p, const uint32_t *at)
{
    return p[at[0]] - p[at[1]] - p[at[2]] + p[at[3]];
}

static inline float find_haar(const find_feature *f, const uint32_t *p)
{
    float v =
        f->weight[0] * (float)(int32_t)find_rect(p, f->at) + f->weight[1] * (float)(int32_t)find_rect(p, f->at + 4);
    return f->n > 2 ? v + f->weight[2] * (float)(int32_t)find_rect(p, f->at + 8) : v;
}

/* The 8 neighbours clockwise from the upper left, highest bit first: 1 where they are not below the middle. */
static inline uint32_t find_lbp(const find_feature *f, const uint32_t *p)
{
    static const uint8_t around[8] = {0, 1, 2, 6, 10, 9, 8, 4};
    const uint32_t      *at = f->at;
    uint32_t             middle = p[at[5]] - p[at[6]] - p[at[9]] + p[at[10]], code = 0;
    for (uint32_t k = 0; k < 8; k++) {
        uint32_t a = around[k];
        code = code << 1 | (p[at[a]] - p[at[a + 1]] - p[at[a + 4]] + p[at[a + 5]] >= middle);
    }
    return code;
}

static inline float find_tree(const finder *f, const cascade_tree *tree, const uint32_t *p, float norm)
{
    const cascade_node *nodes = &f->cascade->nodes.at[tree->first_node];
    int32_t             at = 0;
    do {
        const cascade_node *node = &nodes[at];
        const find_feature *feature = &f->features[node->feature];
        bool                left;
        if (f->cascade->is_lbp) {
            uint32_t code = find_lbp(feature, p);
            left = node->subset[code >> 5] >> (code & 31) & 1;
        } else {
            left = find_haar(feature, p) * norm < node->threshold;
        }
        at = left ? node->left : node->right;
    } while (at > 0);
    return f->cascade->leaves.at[tree->first_leaf + (uint32_t)-at];
}

/* Stages that it passed; all: a hit. */
static size_t find_stages(const finder *f, const uint32_t *p, float norm)
{
    const as_cascade *c = f->cascade;
    for (size_t i = 0; i < c->stages.n; i++) {
        const cascade_stage *stage = &c->stages.at[i];
        float                sum = 0;
        for (uint32_t k = 0; k < stage->n_trees; k++)
            sum += find_tree(f, &c->trees.at[stage->first_tree + k], p, norm);
        if (sum < stage->threshold)
            return i;
    }
    return c->stages.n;
}

/* One over area times deviation of the window without its rim; 0: it is flat. */
static float find_norm(const find_level *l, size_t at, const uint32_t corners[4], float area)
{
    float sum = (float)find_rect(l->sums + at, corners), squares = (float)find_rect(l->squares + at, corners);
    float spread = area * squares - sum * sum;
    float floor = FIND_MIN_DEVIATION * area;
    return spread > floor * floor ? 1 / sqrtf(spread) : 0;
}

static bool find_hit(finder *f, uint32_t x, uint32_t y)
{
    const find_level *l = &f->level;
    as_face           hit = {.x = f->cfg->mirror ? l->width - x - f->cascade->width : x, .y = y};
    hit.x *= l->scale;
    hit.y *= l->scale;
    hit.width = f->cascade->width * l->scale;
    hit.height = f->cascade->height * l->scale;
    f->full = f->full || f->windows.n >= FIND_MAX_WINDOWS;
    return f->full || as_vec_push(&f->windows, hit);
}

static bool find_level_windows(finder *f)
{
    const find_level *l = &f->level;
    const as_cascade *c = f->cascade;
    cascade_rect      inner = {.x = 1, .y = 1, .width = c->width - 2, .height = c->height - 2};
    uint32_t          corners[4], step = l->scale >= 2 ? 1 : 2;
    float             area = (float)inner.width * (float)inner.height;
    find_corners(&inner, l->stride, corners);
    for (uint32_t y = 0; y + c->height <= l->height && !f->full; y += step)
        for (uint32_t x = 0; x + c->width <= l->width; x += step) {
            size_t at = y * l->stride + x, passed;
            float  norm = c->is_lbp ? 1 : find_norm(l, at, corners, area);
            if (norm == 0)
                continue;
            passed = find_stages(f, l->sums + at, norm);
            if (passed == 0)
                x += step;
            else if (passed == c->stages.n && !find_hit(f, x, y))
                return false;
        }
    return true;
}

static bool find_group_has(const find_group *g, const as_face *w)
{
    double n = g->n, near = FIND_ALIKE * 0.5 * (AS_MIN(g->width / n, w->width) + AS_MIN(g->height / n, w->height));
    return fabs(g->x / n - w->x) <= near && fabs(g->y / n - w->y) <= near &&
           fabs((g->x + g->width) / n - w->x - w->width) <= near &&
           fabs((g->y + g->height) / n - w->y - w->height) <= near;
}

static bool find_groups(finder *f, as_faces *ret)
{
    AS_VEC(find_group) groups = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < f->windows.n; i++) {
        const as_face *w = &f->windows.at[i];
        size_t         at = 0;
        while (at < groups.n && !find_group_has(&groups.at[at], w))
            at++;
        ok = at < groups.n || as_vec_push(&groups, ((find_group){0}));
        if (ok) {
            find_group *g = &groups.at[at];
            g->x += w->x;
            g->y += w->y;
            g->width += w->width;
            g->height += w->height;
            g->n++;
        }
    }
    for (size_t i = 0; ok && i < groups.n; i++) {
        const find_group *g = &groups.at[i];
        double            n = g->n;
        as_face           face = {g->x / n, g->y / n, g->width / n, g->height / n, n / (n + 4)};
        if (g->n >= f->cfg->min_windows)
            ok = as_vec_push(ret, face);
    }
    as_vec_done(&groups);
    return ok;
}

static bool find_make(finder *f, size_t width, size_t height)
{
    size_t n = (width + 1) * (height + 1);
    f->level.pixels = malloc(width * height);
    f->level.sums = malloc(n * sizeof *f->level.sums);
    f->level.squares = malloc(n * sizeof *f->level.squares);
    f->features = malloc(f->cascade->features.n * sizeof *f->features);
    return f->level.pixels && f->level.sums && f->level.squares && f->features;
}

static bool find_all(finder *f)
{
    find_level *l = &f->level;
    for (l->scale = 1 / f->cfg->enlarge;; l->scale *= f->cfg->scale_step) {
        l->width = (uint32_t)((double)f->grey->width / l->scale);
        l->height = (uint32_t)((double)f->grey->height / l->scale);
        if (l->width < f->cascade->width || l->height < f->cascade->height || f->full)
            return true;
        l->stride = l->width + 1;
        find_scale(f->grey, f->cfg->mirror, l);
        find_sum(l, !f->cascade->is_lbp);
        find_place(f);
        if (!find_level_windows(f))
            return false;
    }
}

bool as_cascade_find(const as_cascade *cascade, const as_image *grey, const as_cascade_cfg *cfg, as_faces *ret,
                     as_err *err)
{
    finder f = {.cascade = cascade, .cfg = cfg, .grey = grey};
    double width = (double)grey->width * cfg->enlarge + 1, height = (double)grey->height * cfg->enlarge + 1;
    if (grey->pixel != AS_PIXEL_MONO8 || !(cfg->scale_step > 1.001) || !(cfg->enlarge >= 0.1 && cfg->enlarge <= 4) ||
        width * height > 2.0 * AS_IMAGE_MAX_PIXELS)
        return AS_FAIL(err, AS_EINVAL, "a cascade looks at grey pictures of at most %u pixels", AS_IMAGE_MAX_PIXELS);
    bool ok = find_make(&f, (size_t)width, (size_t)height) && find_all(&f);
    if (ok && f.full)
        ok = as_vec_push(ret, ((as_face){0, 0, grey->width, grey->height, 1}));
    else if (ok)
        ok = find_groups(&f, ret);
    free(f.level.pixels);
    free(f.level.sums);
    free(f.level.squares);
    free(f.features);
    as_vec_done(&f.windows);
    return ok || AS_FAIL(err, AS_ENOMEM, "cannot look for faces: not enough memory");
}
