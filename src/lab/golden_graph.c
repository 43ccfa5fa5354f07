/* SPDX-License-Identifier: Apache-2.0 */
/* The comparison as a graph: find the kind, lay the picture over its golden one, even out the light, look at what differs. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/golden.h"
#include "lab/golden_priv.h"

#define GRAPH_NAMES    1024
#define GRAPH_FURTHEST 0.3f /* of half a side: no part is looked for further away */
#define GRAPH_MARGIN   0.9f /* of the most that differs: places of so much are looked at */

static const int graph_steps[AS_GOLDEN_LEVELS] = {4, 3, 3}; /* of the registration, from coarse to fine */

typedef struct plan {
    const as_golden *golden;
    as_nodes         nodes;
    char             text[GRAPH_NAMES][48];
    size_t           n_text;
} plan;

AS_PRINTF(2, 3) static const char *graph_name(plan *g, const char *format, ...)
{
    char   *text = g->text[g->n_text];
    va_list args;
    if (g->n_text + 1 < GRAPH_NAMES)
        g->n_text++;
    else if (!g->nodes.failed)
        g->nodes.failed = !AS_FAIL(g->nodes.err, AS_EINTERNAL, "the golden picture's graph has too many names");
    va_start(args, format);
    vsnprintf(text, sizeof g->text[0], format, args);
    va_end(args);
    return text;
}

static void graph_pool(plan *g, const char *to, const char *from, int64_t size, int64_t stride, int64_t pad)
{
    const int64_t k[2] = {size, size}, s[2] = {stride, stride}, p[4] = {pad, pad, pad, pad};
    const as_attr attrs[] = {{.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = k, .n = 2},
                             {.name = "strides", .kind = AS_ATTR_INTS, .ints = s, .n = 2},
                             {.name = "pads", .kind = AS_ATTR_INTS, .ints = p, .n = 4}};
    as_nodes_add_attrs(&g->nodes, "AveragePool", to, from, NULL, NULL, attrs, 3);
}

/* Half the size, each pixel the mean of three by three: as a convolution, which is fast where three channels stand apart. */
static void graph_halve(plan *g, const char *to, const char *from)
{
    const int64_t k[2] = {3, 3}, s[2] = {2, 2}, p[4] = {1, 1, 1, 1};
    const as_attr attrs[] = {{.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = k, .n = 2},
                             {.name = "strides", .kind = AS_ATTR_INTS, .ints = s, .n = 2},
                             {.name = "pads", .kind = AS_ATTR_INTS, .ints = p, .n = 4}};
    const char   *mean = graph_name(g, "%s_mean", to);
    as_nodes_add_attrs(&g->nodes, "Conv", mean, from, "halve_w", NULL, attrs, 3);
    as_nodes_add(&g->nodes, "Relu", to, mean, NULL, NULL, NULL); /* what is no picture has a logarithm too */
}

static void graph_reshape(plan *g, const char *to, const char *from, const int64_t *dims, size_t n)
{
    const char *shape = graph_name(g, "%s_shape", to);
    as_nodes_ints(&g->nodes, shape, dims, n);
    as_nodes_add(&g->nodes, "Reshape", to, from, shape, NULL, NULL);
}

static void graph_floats(plan *g, const char *name, size_t rank, const int64_t *dims, const float *values)
{
    as_shape shape = {(int)rank, {0}};
    memcpy(shape.dims, dims, rank * sizeof *dims);
    as_nodes_floats(&g->nodes, name, &shape, values);
}

/* The golden picture's row of what is there for each. */
static void graph_pick(plan *g, const char *to, const char *from)
{
    const as_attr axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 0};
    if (g->golden->n > 1)
        as_nodes_add(&g->nodes, "Gather", to, from, "which", NULL, &axis);
    else
        as_nodes_add(&g->nodes, "Identity", to, from, NULL, NULL, NULL);
}

/* --- registration --- */

/* Logarithms of what the registration looks at. */
static void graph_pyramid(plan *g)
{
    static const float luma[3] = {GOLDEN_RED, GOLDEN_GREEN, GOLDEN_BLUE};
    const char        *from = "luma", *colour = "half";
    float              halve[81] = {0};
    as_nodes_floats(&g->nodes, "dark", &(as_shape){0}, &(float){GOLDEN_DARK});
    as_nodes_floats(&g->nodes, "luma_w", &(as_shape){4, {1, 3, 1, 1}}, luma);
    for (int i = 0; i < 27; i++)
        halve[4 * (i / 9) * 9 + i % 9] = 1.f / 9;
    as_nodes_floats(&g->nodes, "halve_w", &(as_shape){4, {3, 3, 3, 3}}, halve);
    graph_halve(g, "half", "picture");
    as_nodes_add(&g->nodes, "Conv", "luma", "half", "luma_w", NULL, NULL);
    for (size_t l = AS_GOLDEN_LEVELS; l-- > 0;) {
        const char *mean = graph_name(g, "luma_%zu", l), *lit = graph_name(g, "luma_lit_%zu", l);
        graph_pool(g, mean, from, 2, 2, 0);
        as_nodes_add(&g->nodes, "Add", lit, mean, "dark", NULL, NULL);
        as_nodes_add(&g->nodes, "Log", graph_name(g, "log_%zu", l), lit, NULL, NULL, NULL);
        from = mean;
    }
    graph_pool(g, "colour", colour, 4, 4, 0);
    as_nodes_add(&g->nodes, "Add", "colour_lit", "colour", "dark", NULL, NULL);
    as_nodes_add(&g->nodes, "Log", "colour_log", "colour_lit", NULL, NULL, NULL);
}

/* Where each pixel of a w x h picture is looked up: a row of the grid is `base` + y * `slope`, and both are linear in the
 * moves. */
static void graph_places(plan *g, const char *name, size_t w, size_t h)
{
    const double  aspect = (double)w / (double)h;
    const size_t  row = 4 * w; /* x and y of the base, then of the slope */
    const int64_t nw = (int64_t)w, nh = (int64_t)h;
    float        *by = calloc(AS_GOLDEN_MOVES * row, sizeof *by), *still = calloc(row, sizeof *still),
          *rows = calloc(2 * h, sizeof *rows);
    for (size_t i = 0; by && still && rows && i < w; i++) {
        const double u = as_golden_place(i, w);
        float       *base = by + 2 * i, *slope = base + 2 * w;
        still[2 * i] = (float)u;
        still[2 * w + 2 * i + 1] = 1;
        base[0] = base[row + 1] = 1;
        base[2 * row + 1] = (float)(u * aspect);
        slope[2 * row] = (float)(-1 / aspect);
        base[3 * row] = (float)u;
        slope[3 * row + 1] = 1;
    }
    for (size_t i = 0; rows && i < h; i++) {
        rows[2 * i] = 1;
        rows[2 * i + 1] = (float)as_golden_place(i, h);
    }
    if (by && still && rows) {
        graph_floats(g, graph_name(g, "%s_by", name), 2, (int64_t[]){AS_GOLDEN_MOVES, 4 * nw}, by);
        graph_floats(g, graph_name(g, "%s_still", name), 1, (int64_t[]){4 * nw}, still);
        graph_floats(g, graph_name(g, "%s_rows", name), 2, (int64_t[]){nh, 2}, rows);
        as_nodes_ints(&g->nodes, graph_name(g, "%s_two", name), (int64_t[]){-1, 2, 2 * nw}, 3);
        as_nodes_ints(&g->nodes, graph_name(g, "%s_grid", name), (int64_t[]){-1, nh, nw, 2}, 4);
    } else if (!g->nodes.failed)
        g->nodes.failed = !AS_FAIL(g->nodes.err, AS_ENOMEM, "cannot hold %zu places", w + h);
    free(by);
    free(still);
    free(rows);
}

/* `to`: the picture `from`, looked up where the moves say. */
static void graph_look(plan *g, const char *to, const char *from, const char *places, const char *moves)
{
    const as_attr attrs[] = {{.name = "mode", .kind = AS_ATTR_STR, .s = "bilinear"},
                             {.name = "padding_mode", .kind = AS_ATTR_STR, .s = "border"}};
    const char   *moved = graph_name(g, "%s_moved", to), *flat = graph_name(g, "%s_base", to),
               *two = graph_name(g, "%s_two", to), *lines = graph_name(g, "%s_lines", to),
               *grid = graph_name(g, "%s_grid", to);
    as_nodes_add(&g->nodes, "MatMul", moved, moves, graph_name(g, "%s_by", places), NULL, NULL);
    as_nodes_add(&g->nodes, "Add", flat, moved, graph_name(g, "%s_still", places), NULL, NULL);
    as_nodes_add(&g->nodes, "Reshape", two, flat, graph_name(g, "%s_two", places), NULL, NULL);
    as_nodes_add(&g->nodes, "MatMul", lines, graph_name(g, "%s_rows", places), two, NULL, NULL);
    as_nodes_add(&g->nodes, "Reshape", grid, lines, graph_name(g, "%s_grid", places), NULL, NULL);
    as_nodes_add_attrs(&g->nodes, "GridSample", to, from, grid, NULL, attrs, 2);
}

/* One step at a level for n golden pictures at once: returns the new moves' name. */
static const char *graph_step(plan *g, size_t l, int step, size_t n, const char *from, const char *moves)
{
    const int64_t pixels =
        (int64_t)((g->golden->width >> as_golden_level_shift(l)) * (g->golden->height >> as_golden_level_shift(l)));
    const char *seen = graph_name(g, "seen_%zu_%d", l, step), *flat = graph_name(g, "%s_flat", seen);
    const char *off = graph_name(g, "%s_off", seen), *by = graph_name(g, "%s_by", seen);
    const char *picked = n < g->golden->n ? "_picked" : "";
    const char *to = graph_name(g, "moves_%zu_%d", l, step);
    graph_look(g, seen, from, graph_name(g, "places_%zu", l), moves);
    graph_reshape(g, flat, seen, (int64_t[]){(int64_t)n, 1, pixels}, 3);
    as_nodes_add(&g->nodes, "Sub", off, flat, graph_name(g, "level_%zu%s", l, picked), NULL, NULL);
    as_nodes_add(&g->nodes, "MatMul", by, off, graph_name(g, "step_%zu%s", l, picked), NULL, NULL);
    as_nodes_add(&g->nodes, "Sub", to, moves, by, NULL, NULL);
    return to;
}

static void graph_level_constants(plan *g, size_t l)
{
    const as_golden *golden = g->golden;
    const size_t     w = golden->width >> as_golden_level_shift(l), h = golden->height >> as_golden_level_shift(l);
    const int64_t    n = golden->n, pixels = (int64_t)(w * h);
    const char      *level = graph_name(g, "level_%zu", l), *step = graph_name(g, "step_%zu", l);
    graph_floats(g, level, 3, (int64_t[]){n, 1, pixels}, golden->level[l]);
    graph_floats(g, step, 3, (int64_t[]){n, pixels, AS_GOLDEN_MOVES}, golden->step[l]);
    graph_places(g, graph_name(g, "places_%zu", l), w, h);
}

/* The picture once for each golden one. */
static const char *graph_repeat(plan *g, const char *from, size_t n)
{
    const char *to = graph_name(g, "%s_each", from);
    if (n == 1)
        return from;
    as_nodes_add(&g->nodes, "Mul", to, from, "one_each", NULL, NULL);
    return to;
}

/* "which": the golden picture that is least unlike, in colour; "unlike": by how much. */
static void graph_choose(plan *g, const char *moves)
{
    const int64_t n = g->golden->n, w = g->golden->width / 8, h = g->golden->height / 8, all = 3 * w * h;
    const as_attr axes = {.name = "axes", .kind = AS_ATTR_INTS, .ints = (int64_t[]){1}, .n = 1},
                  axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 0};
    const as_attr flat[] = {axes, {.name = "keepdims", .kind = AS_ATTR_INT, .i = 0}},
                  least[] = {{.name = "axes", .kind = AS_ATTR_INTS, .ints = (int64_t[]){0}, .n = 1}};
    graph_floats(g, "kind", 2, (int64_t[]){n, all}, g->golden->kind);
    graph_look(g, "kind_seen", graph_repeat(g, "colour_log", (size_t)n), "places_1", moves);
    graph_reshape(g, "kind_flat", "kind_seen", (int64_t[]){n, all}, 2);
    as_nodes_add(&g->nodes, "Sub", "kind_off", "kind_flat", "kind", NULL, NULL);
    as_nodes_add(&g->nodes, "ReduceMean", "kind_light", "kind_off", NULL, NULL, &axes);
    as_nodes_add(&g->nodes, "Sub", "kind_even", "kind_off", "kind_light", NULL, NULL);
    as_nodes_add(&g->nodes, "Abs", "kind_size", "kind_even", NULL, NULL, NULL);
    as_nodes_add_attrs(&g->nodes, "ReduceMean", "kind_unlike", "kind_size", NULL, NULL, flat, 2);
    as_nodes_add(&g->nodes, "ArgMin", "which", "kind_unlike", NULL, NULL, &axis);
    as_nodes_add_attrs(&g->nodes, "ReduceMin", "unlike", "kind_unlike", NULL, NULL, least, 1);
}

/* Returns where the picture lies on its golden one: 1 x 1 x moves. */
static const char *graph_register(plan *g)
{
    const size_t  n = g->golden->n, last = AS_GOLDEN_LEVELS - 1;
    const int64_t each[3] = {(int64_t)n, 1, AS_GOLDEN_MOVES};
    float         none[AS_GOLDEN_MAX * AS_GOLDEN_MOVES] = {0}, ones[AS_GOLDEN_MAX];
    const char   *moves = "moves_none";
    for (size_t i = 0; i < AS_GOLDEN_MAX; i++)
        ones[i] = 1;
    graph_floats(g, moves, 3, each, none);
    graph_floats(g, "one_each", 4, (int64_t[]){(int64_t)n, 1, 1, 1}, ones);
    as_nodes_floats(&g->nodes, "nearest", &(as_shape){0}, &(float){-GRAPH_FURTHEST});
    as_nodes_floats(&g->nodes, "furthest", &(as_shape){0}, &(float){GRAPH_FURTHEST});
    for (size_t l = 0; l < last; l++) {
        const char *from = graph_repeat(g, graph_name(g, "log_%zu", l), n), *held = graph_name(g, "moves_%zu", l);
        graph_level_constants(g, l);
        for (int s = 0; s < graph_steps[l]; s++)
            moves = graph_step(g, l, s, n, from, moves);
        as_nodes_add(&g->nodes, "Clip", held, moves, "nearest", "furthest", NULL);
        moves = held;
    }
    graph_choose(g, moves);
    graph_level_constants(g, last);
    graph_pick(g, "moves_picked", moves);
    if (n > 1) {
        graph_pick(g, graph_name(g, "level_%zu_picked", last), graph_name(g, "level_%zu", last));
        graph_pick(g, graph_name(g, "step_%zu_picked", last), graph_name(g, "step_%zu", last));
    }
    moves = "moves_picked";
    for (int s = 0; s < graph_steps[last]; s++)
        moves = graph_step(g, last, s, 1, graph_name(g, "log_%zu", last), moves);
    as_nodes_add(&g->nodes, "Clip", "moves", moves, "nearest", "furthest", NULL);
    return "moves";
}

/* --- the light --- */

/* Orthonormal over the pixels (Gram and Schmidt), lights x pixels, and transposed. */
static bool graph_light_basis(size_t w, size_t h, float *across, float *down)
{
    size_t  n = w * h;
    double *q = calloc(AS_GOLDEN_LIGHTS * n + 1, sizeof *q), all[AS_GOLDEN_LIGHTS];
    if (!q)
        return false;
    for (size_t i = 0; i < n; i++) {
        as_golden_lights(as_golden_place(i % w, w), as_golden_place(i / w, h), all);
        for (size_t k = 0; k < AS_GOLDEN_LIGHTS; k++)
            q[k * n + i] = all[k];
    }
    for (size_t k = 0; k < AS_GOLDEN_LIGHTS; k++) {
        double norm = 0;
        for (size_t j = 0; j < k; j++) {
            double dot = 0;
            for (size_t i = 0; i < n; i++)
                dot += q[k * n + i] * q[j * n + i];
            for (size_t i = 0; i < n; i++)
                q[k * n + i] -= dot * q[j * n + i];
        }
        for (size_t i = 0; i < n; i++)
            norm += q[k * n + i] * q[k * n + i];
        norm = norm > 1e-12 ? 1 / sqrt(norm) : 0;
        for (size_t i = 0; i < n; i++) {
            q[k * n + i] *= norm;
            across[k * n + i] = down[i * AS_GOLDEN_LIGHTS + k] = (float)q[k * n + i];
        }
    }
    free(q);
    return true;
}

/* "gain": what the picture's light is to be multiplied with, at half the size. */
static void graph_light(plan *g)
{
    const size_t  w = g->golden->width / 16, h = g->golden->height / 16, n = w * h;
    const int64_t iw = (int64_t)w, ih = (int64_t)h;
    float        *basis = calloc(2 * AS_GOLDEN_LIGHTS * n + 1, sizeof *basis);
    const char   *in[] = {"gain_low", "", "gain_scales", NULL}, *out[] = {"gain", NULL};
    const as_attr mode = {.name = "mode", .kind = AS_ATTR_STR, .s = "linear"};
    if (!basis || !graph_light_basis(w, h, basis, basis + AS_GOLDEN_LIGHTS * n)) {
        free(basis);
        if (!g->nodes.failed)
            g->nodes.failed = !AS_FAIL(g->nodes.err, AS_ENOMEM, "cannot hold %zu places", n);
        return;
    }
    graph_floats(g, "lights_back", 2, (int64_t[]){AS_GOLDEN_LIGHTS, iw * ih}, basis);
    graph_floats(g, "lights", 2, (int64_t[]){iw * ih, AS_GOLDEN_LIGHTS}, basis + AS_GOLDEN_LIGHTS * n);
    free(basis);
    graph_floats(g, "low", 4, (int64_t[]){g->golden->n, 3, ih, iw}, g->golden->low);
    graph_pick(g, "low_picked", "low");
    graph_pool(g, "low_mean", "laid", 8, 8, 0);
    as_nodes_add(&g->nodes, "Add", "low_lit", "low_mean", "dark", NULL, NULL);
    as_nodes_add(&g->nodes, "Log", "low_log", "low_lit", NULL, NULL, NULL);
    as_nodes_add(&g->nodes, "Sub", "low_off", "low_picked", "low_log", NULL, NULL);
    graph_reshape(g, "low_flat", "low_off", (int64_t[]){3, iw * ih}, 2);
    as_nodes_add(&g->nodes, "MatMul", "light", "low_flat", "lights", NULL, NULL);
    as_nodes_add(&g->nodes, "MatMul", "light_back", "light", "lights_back", NULL, NULL);
    as_nodes_add(&g->nodes, "Exp", "light_gain", "light_back", NULL, NULL, NULL);
    graph_reshape(g, "gain_low", "light_gain", (int64_t[]){1, 3, ih, iw}, 4);
    graph_floats(g, "gain_scales", 1, (int64_t[]){4}, (float[]){1, 1, 8, 8});
    if (!g->nodes.failed)
        g->nodes.failed = !as_graph_add_node(g->nodes.graph, "Resize", "gain", in, out, &mode, 1, g->nodes.err);
}

/* "scale_0" to "scale_2": the picture laid over its golden one and in its light. */
static void graph_lay(plan *g, const char *moves)
{
    graph_places(g, "places", g->golden->width, g->golden->height);
    graph_look(g, "laid_whole", "picture", "places", moves);
    graph_halve(g, "laid", "laid_whole");
    graph_light(g);
    as_nodes_add(&g->nodes, "Mul", "scale_0", "laid", "gain", NULL, NULL);
    for (size_t s = 1; s < AS_GOLDEN_SCALES; s++)
        graph_pool(g, graph_name(g, "scale_%zu", s), graph_name(g, "scale_%zu", s - 1), 4, 2, 1);
}

/* --- what comes out --- */

size_t as_golden_n_seen(const as_golden *golden)
{
    size_t n = 2;
    for (size_t s = 0; s < AS_GOLDEN_SCALES; s++)
        n += 3 * as_golden_scale_width(golden, s) * as_golden_scale_height(golden, s);
    return n;
}

static void graph_seen(plan *g)
{
    const as_attr to = {.name = "to", .kind = AS_ATTR_INT, .i = AS_DTYPE_F32};
    const char   *all[AS_GOLDEN_SCALES + 3] = {NULL};
    for (size_t s = 0; s < AS_GOLDEN_SCALES; s++) {
        all[s] = graph_name(g, "flat_%zu", s);
        graph_reshape(g, all[s], graph_name(g, "scale_%zu", s), (int64_t[]){1, -1}, 2);
    }
    as_nodes_add(&g->nodes, "Cast", "which_float", "which", NULL, NULL, &to);
    graph_reshape(g, "which_flat", "which_float", (int64_t[]){1, 1}, 2);
    graph_reshape(g, "unlike_flat", "unlike", (int64_t[]){1, 1}, 2);
    all[AS_GOLDEN_SCALES] = "which_flat";
    all[AS_GOLDEN_SCALES + 1] = "unlike_flat";
    as_nodes_concat(&g->nodes, "seen", all);
}

/* What differs, in words of the features' order: of each scale; in cells; at the worst place. */
enum { GRAPH_PER_SCALE = 4, GRAPH_CELLS = 4, GRAPH_NEAR = 9, GRAPH_PLACE = 11 };

/* Cells of the coarsest scale along a side of n pixels. */
static size_t graph_cells(size_t n)
{
    return n / AS_MAX(n / GRAPH_CELLS, (size_t)1);
}

size_t as_golden_n_part(const as_golden *golden, uint32_t part)
{
    const size_t s = AS_GOLDEN_SCALES - 1;
    if (part == 1)
        return 2 * graph_cells(as_golden_scale_height(golden, s)) * graph_cells(as_golden_scale_width(golden, s));
    return part == 0 ? (size_t)AS_GOLDEN_SCALES * GRAPH_PER_SCALE : GRAPH_PLACE;
}

size_t as_golden_n_features(const as_golden *golden)
{
    size_t n = 0;
    for (uint32_t part = 0; part < AS_GOLDEN_PARTS; part++)
        n += as_golden_n_part(golden, part);
    return n;
}

static void graph_reduce(plan *g, const char *op, const char *to, const char *from, int64_t first, size_t n)
{
    const int64_t axes[3] = {first, first + 1, first + 2};
    const as_attr attr = {.name = "axes", .kind = AS_ATTR_INTS, .ints = axes, .n = n};
    as_nodes_add(&g->nodes, op, to, from, NULL, NULL, &attr);
}

/* What differs, in parts of the tolerance: "z_S" in colour, and "sides_S" by how much it is brighter and darker in the mean of
 * the colours. */
static void graph_differences(plan *g, size_t s)
{
    const int64_t dims[4] = {g->golden->n, 3, (int64_t)as_golden_scale_height(g->golden, s),
                             (int64_t)as_golden_scale_width(g->golden, s)};
    const char   *mean = graph_name(g, "mean_%zu", s), *sharp = graph_name(g, "sharp_%zu", s);
    const char   *mean_picked = graph_name(g, "mean_%zu_picked", s);
    const char   *sharp_picked = graph_name(g, "sharp_%zu_picked", s);
    const char   *off = graph_name(g, "off_%zu", s), *z = graph_name(g, "z_%zu", s);
    graph_floats(g, mean, 4, dims, g->golden->mean[s]);
    graph_floats(g, sharp, 4, dims, g->golden->sharp[s]);
    graph_pick(g, mean_picked, mean);
    graph_pick(g, sharp_picked, sharp);
    as_nodes_add(&g->nodes, "Sub", off, graph_name(g, "scale_%zu", s), mean_picked, NULL, NULL);
    as_nodes_add(&g->nodes, "Mul", z, off, sharp_picked, NULL, NULL);
    as_nodes_add(&g->nodes, "Conv", graph_name(g, "sides_%zu", s), z, "sides_w", NULL, NULL);
}

/* "found_S": the most that is brighter, darker and of another colour, and how much differs in all. */
static void graph_most(plan *g, size_t s)
{
    const char *most[] = {graph_name(g, "side_most_%zu", s), graph_name(g, "other_%zu", s),
                          graph_name(g, "whole_%zu", s), NULL};
    const char *size = graph_name(g, "z_size_%zu", s);
    as_nodes_add(&g->nodes, "Abs", size, graph_name(g, "z_%zu", s), NULL, NULL, NULL);
    graph_reduce(g, "ReduceMax", most[0], graph_name(g, "sides_%zu", s), 2, 2);
    graph_reduce(g, "ReduceMax", most[1], size, 1, 3);
    graph_reduce(g, "ReduceMean", most[2], size, 1, 3);
    as_nodes_concat(&g->nodes, graph_name(g, "found_%zu", s), most);
}

static void graph_max_pool(plan *g, const char *to, const char *from, const int64_t size[2], const int64_t stride[2],
                           int64_t pad)
{
    const int64_t p[4] = {pad, pad, pad, pad};
    const as_attr attrs[] = {{.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = size, .n = 2},
                             {.name = "strides", .kind = AS_ATTR_INTS, .ints = stride, .n = 2},
                             {.name = "pads", .kind = AS_ATTR_INTS, .ints = p, .n = 4}};
    as_nodes_add_attrs(&g->nodes, "MaxPool", to, from, NULL, NULL, attrs, 3);
}

/* "cells": where in the picture it is brighter and darker. */
static void graph_in_cells(plan *g)
{
    const size_t  s = AS_GOLDEN_SCALES - 1;
    const int64_t size[2] = {AS_MAX((int64_t)as_golden_scale_height(g->golden, s) / GRAPH_CELLS, 1),
                             AS_MAX((int64_t)as_golden_scale_width(g->golden, s) / GRAPH_CELLS, 1)};
    graph_max_pool(g, "cells", graph_name(g, "sides_%zu", s), size, size, 0);
}

/* "place": at the places that differ most, at the middle scale: by how much, in each colour; the most that is brighter and
 * darker right there and around; and what is there on the golden picture. It is a mean of all places within a margin of the
 * most, which count by how far they are within: of one place alone rounding would say which, where two differ by as much. */
static void graph_worst_place(plan *g)
{
    const size_t  n = as_golden_scale_height(g->golden, 1) * as_golden_scale_width(g->golden, 1);
    const int64_t two[2] = {2, 2}, one[2] = {1, 1}, four[2] = {4, 4}, near[2] = {GRAPH_NEAR, GRAPH_NEAR};
    const char   *all[] = {"z_1", "sides_there", "sides_near", "size_near", "mean_1_picked", NULL};
    graph_max_pool(g, "sides_there", "sides_0", four, two, 1);
    graph_max_pool(g, "sides_near", "sides_there", near, one, GRAPH_NEAR / 2);
    as_nodes_add(&g->nodes, "Conv", "size_there", "z_size_1", "size_w", NULL, NULL);
    graph_pool(g, "size_near", "size_there", GRAPH_NEAR, 1, GRAPH_NEAR / 2);
    as_nodes_concat(&g->nodes, "places", all);
    graph_reduce(g, "ReduceMax", "most_there", "sides_there", 1, 1);
    as_nodes_add(&g->nodes, "Add", "worst_there", "most_there", "size_there", NULL, NULL);
    as_nodes_floats(&g->nodes, "worst_margin", &(as_shape){0}, &(float){GRAPH_MARGIN});
    as_nodes_floats(&g->nodes, "worst_none", &(as_shape){0}, &(float){1e-9f}); /* where nothing differs */
    as_nodes_floats(&g->nodes, "worst_each", &(as_shape){0}, &(float){1 / (float)n});
    graph_reduce(g, "ReduceMax", "worst_most", "worst_there", 1, 3);
    as_nodes_add(&g->nodes, "Mul", "worst_least", "worst_most", "worst_margin", NULL, NULL);
    as_nodes_add(&g->nodes, "Sub", "worst_off", "worst_there", "worst_least", NULL, NULL);
    as_nodes_add(&g->nodes, "Relu", "worst_within", "worst_off", NULL, NULL, NULL);
    graph_reduce(g, "ReduceMean", "worst_mean", "worst_within", 1, 3);
    as_nodes_add(&g->nodes, "Add", "worst_sum", "worst_mean", "worst_none", NULL, NULL);
    as_nodes_add(&g->nodes, "Div", "worst_counts", "worst_within", "worst_sum", NULL, NULL);
    graph_reshape(g, "worst_flat", "worst_counts", (int64_t[]){(int64_t)n, 1}, 2);
    graph_reshape(g, "places_flat", "places", (int64_t[]){GRAPH_PLACE, (int64_t)n}, 2);
    as_nodes_add(&g->nodes, "MatMul", "place_all", "places_flat", "worst_flat", NULL, NULL);
    as_nodes_add(&g->nodes, "Mul", "place", "place_all", "worst_each", NULL, NULL);
}

static void graph_features(plan *g)
{
    const float third = 1.f / 3, sides[6] = {third, third, third, -third, -third, -third};
    const char *all[AS_GOLDEN_SCALES + 3] = {NULL};
    size_t      n = 0;
    as_nodes_floats(&g->nodes, "sides_w", &(as_shape){4, {2, 3, 1, 1}}, sides);
    as_nodes_floats(&g->nodes, "size_w", &(as_shape){4, {1, 3, 1, 1}}, sides);
    for (size_t s = 0; s < AS_GOLDEN_SCALES; s++) {
        graph_differences(g, s);
        graph_most(g, s);
        all[n++] = graph_name(g, "found_flat_%zu", s);
        graph_reshape(g, all[n - 1], graph_name(g, "found_%zu", s), (int64_t[]){1, -1}, 2);
    }
    graph_in_cells(g);
    graph_worst_place(g);
    graph_reshape(g, all[n++] = "cells_flat", "cells", (int64_t[]){1, -1}, 2);
    graph_reshape(g, all[n++] = "place_flat", "place", (int64_t[]){1, -1}, 2);
    as_nodes_concat(&g->nodes, "found", all);
    /* by their order of magnitude: sign(x) log(1 + |x|) */
    as_nodes_floats(&g->nodes, "unit", &(as_shape){0}, &(float){1});
    as_nodes_add(&g->nodes, "Sign", "found_sign", "found", NULL, NULL, NULL);
    as_nodes_add(&g->nodes, "Abs", "found_size", "found", NULL, NULL, NULL);
    as_nodes_add(&g->nodes, "Add", "found_one", "found_size", "unit", NULL, NULL);
    as_nodes_add(&g->nodes, "Log", "found_log", "found_one", NULL, NULL, NULL);
    as_nodes_add(&g->nodes, "Mul", "features", "found_log", "found_sign", NULL, NULL);
}

as_graph *as_golden_graph(const as_golden *golden, const char *output, as_err *err)
{
    const bool features = strcmp(output, "features") == 0;
    plan      *g = calloc(1, sizeof *g);
    as_graph  *graph = g ? as_graph_new("golden", err) : NULL;
    if (!g) {
        AS_FAIL(err, AS_ENOMEM, "cannot hold a graph");
        return NULL;
    }
    g->golden = golden;
    g->nodes = as_nodes_begin(graph, err);
    if (graph)
        g->nodes.failed = !as_graph_add_input(graph, "picture", AS_DTYPE_F32,
                                              &(as_shape){4, {1, 3, golden->height, golden->width}}, err);
    graph_pyramid(g);
    graph_lay(g, graph_register(g));
    if (features)
        graph_features(g);
    else
        graph_seen(g);
    const int64_t width = (int64_t)(features ? as_golden_n_features(golden) : as_golden_n_seen(golden));
    const bool ok = as_nodes_finish(&g->nodes, output, &(as_shape){2, {1, width}}) && as_graph_cut(graph, output, err);
    free(g);
    return ok ? graph : as_graph_free(graph);
}
