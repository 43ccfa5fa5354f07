/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/rule_features.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/nodes.h"

#define RULE_COLOURS   5 /* brightness, red, green, blue, yellow */
#define RULE_CHANGES   5 /* R - G, G - B, B - R, across, down */
#define RULE_RIM       8 /* the rim is an eighth of the picture wide */
#define RULE_MASK_FROM 0.12f
#define RULE_MASK_SOFT 0.04f

typedef enum rule_kind { RULE_MEAN, RULE_COLOUR, RULE_CHANGE, RULE_OBJECT, RULE_KIND_COUNT } rule_kind;

static const struct {
    rule_kind   kind;
    int         channel;
    float       threshold, softness;
    const char *words;
} rule_maps[] = {
#define X(kind, channel, threshold, softness, words) \
    {RULE_##kind, channel, (float)(threshold), (float)(softness), words},
#include "lab/rule_map.def"
#undef X
};

static const uint32_t rule_cells[] = {[AS_RULE_WHOLE] = 1,  [AS_RULE_CELL] = 9,   [AS_RULE_BAND] = 3,
                                      [AS_RULE_COLUMN] = 3, [AS_RULE_OBJECT] = 1, [AS_RULE_EXTENT] = 2};

/* --- layouts --- */

as_rule_layout as_rule_layout_all(void)
{
    as_rule_layout layout;
    memset(&layout, true, sizeof layout);
    return layout;
}

as_rule_layout as_rule_layout_of(const as_rule_feature *features, size_t n)
{
    as_rule_layout layout = {0};
    for (size_t i = 0; i < n; i++) {
        layout.regions[features[i].region] = true;
        if (features[i].region != AS_RULE_EXTENT)
            layout.maps[features[i].map] = true;
    }
    return layout;
}

static uint32_t rule_n_maps(const as_rule_layout *layout)
{
    uint32_t n = 0;
    for (size_t m = 0; m < AS_RULE_MAP_COUNT; m++)
        n += layout->maps[m];
    return n;
}

/* Features of one region: each map's cells stand together. */
static uint32_t rule_region_width(const as_rule_layout *layout, as_rule_region region)
{
    if (!layout->regions[region])
        return 0;
    return rule_cells[region] * (region == AS_RULE_EXTENT ? 1 : rule_n_maps(layout));
}

uint32_t as_rule_width(const as_rule_layout *layout)
{
    uint32_t width = 0;
    for (as_rule_region r = 0; r < AS_RULE_REGION_COUNT; r++)
        width += rule_region_width(layout, r);
    return width;
}

as_rule_feature as_rule_at(const as_rule_layout *layout, uint32_t index)
{
    as_rule_feature feature = {0};
    while (feature.region + 1 < AS_RULE_REGION_COUNT && index >= rule_region_width(layout, feature.region))
        index -= rule_region_width(layout, feature.region++);
    uint32_t nth = index / rule_cells[feature.region];
    feature.cell = index % rule_cells[feature.region];
    if (feature.region != AS_RULE_EXTENT)
        for (; !layout->maps[feature.map] || nth-- > 0; feature.map++)
            ;
    return feature;
}

uint32_t as_rule_index(const as_rule_layout *layout, const as_rule_feature *feature)
{
    uint32_t index = 0, nth = 0;
    for (as_rule_region r = 0; r < feature->region; r++)
        index += rule_region_width(layout, r);
    if (feature->region != AS_RULE_EXTENT)
        for (uint32_t m = 0; m < feature->map; m++)
            nth += layout->maps[m];
    return index + nth * rule_cells[feature->region] + feature->cell;
}

char *as_rule_text(const as_rule_feature *feature, char *text)
{
    static const char *const cells[] = {" at the top left",    " at the top",    " at the top right",
                                        " at the left",        " in the middle", " at the right",
                                        " at the bottom left", " at the bottom", " at the bottom right"};
    static const char *const bands[] = {" in the upper third", " in the middle third across", " in the lower third"};
    static const char *const columns[] = {" in the left third", " in the middle third down", " in the right third"};
    static const char *const extents[] = {"height of the object", "width of the object"};
    static const char *const *const words[] = {
        [AS_RULE_CELL] = cells, [AS_RULE_BAND] = bands, [AS_RULE_COLUMN] = columns};
    const char *where = "";
    if (feature->region == AS_RULE_EXTENT) {
        snprintf(text, 128, "%s", extents[feature->cell]);
        return text;
    }
    if (feature->region == AS_RULE_OBJECT)
        where = " on the object";
    else if (feature->region != AS_RULE_WHOLE)
        where = words[feature->region][feature->cell];
    snprintf(text, 128, "%s%s", rule_maps[feature->map].words, where);
    return text;
}

/* --- the graph --- */

#define RULE_AT(row, column) (3 * (row) + (column))

/* Three 3x3 convolutions without padding: all maps are then two pixels smaller, edges and colours alike. */
static void rule_channels(as_nodes *nodes)
{
    static const float luma[3] = {0.299f, 0.587f, 0.114f};
    static const float colour[RULE_COLOURS][3] = {
        {0.299f, 0.587f, 0.114f}, {1, -0.5f, -0.5f}, {-0.5f, 1, -0.5f}, {-0.5f, -0.5f, 1}, {0.5f, 0.5f, -1}};
    static const float change[3][3] = {{1, -1, 0}, {0, 1, -1}, {-1, 0, 1}};
    float              a[RULE_COLOURS][3][9] = {0}, b[RULE_CHANGES][3][9] = {0}, c[3][3][9] = {0};
    for (int in = 0; in < 3; in++) {
        for (int out = 0; out < RULE_COLOURS; out++)
            a[out][in][RULE_AT(1, 1)] = colour[out][in];
        for (int out = 0; out < 3; out++)
            b[out][in][RULE_AT(1, 1)] = change[out][in];
        b[3][in][RULE_AT(1, 2)] = b[4][in][RULE_AT(2, 1)] = luma[in] / 2;
        b[3][in][RULE_AT(1, 0)] = b[4][in][RULE_AT(0, 1)] = -luma[in] / 2;
        c[in][in][RULE_AT(1, 1)] = 1;
    }
    as_nodes_floats(nodes, "colour_w", &(as_shape){4, {RULE_COLOURS, 3, 3, 3}}, &a[0][0][0]);
    as_nodes_floats(nodes, "change_w", &(as_shape){4, {RULE_CHANGES, 3, 3, 3}}, &b[0][0][0]);
    as_nodes_floats(nodes, "inner_w", &(as_shape){4, {3, 3, 3, 3}}, &c[0][0][0]);
    as_nodes_add(nodes, "Conv", "colour", "picture", "colour_w", NULL, NULL);
    as_nodes_add(nodes, "Conv", "change_signed", "picture", "change_w", NULL, NULL);
    as_nodes_add(nodes, "Abs", "change", "change_signed", NULL, NULL, NULL);
    as_nodes_add(nodes, "Conv", "inner", "picture", "inner_w", NULL, NULL);
    as_nodes_floats(nodes, "zero", &(as_shape){0}, &(float){0});
    as_nodes_floats(nodes, "one", &(as_shape){0}, &(float){1});
}

/* How far each pixel's R, G, B are from those of the rim: its mean is that of the whole without that of the inside. */
static void rule_unlike(as_nodes *nodes, uint32_t width, uint32_t height)
{
    int64_t top = height / RULE_RIM, left = width / RULE_RIM;
    int64_t starts[] = {top, left}, ends[] = {height - top, width - left}, axes[] = {2, 3};
    double  whole = (double)width * height, inside = (double)(ends[0] - top) * (double)(ends[1] - left);
    float   of_whole = (float)(whole / (whole - inside)), of_inside = (float)(inside / (whole - inside));
    as_nodes_ints(nodes, "inside_from", starts, 2);
    as_nodes_ints(nodes, "inside_to", ends, 2);
    as_nodes_ints(nodes, "inside_axes", axes, 2);
    as_nodes_floats(nodes, "of_whole", &(as_shape){0}, &of_whole);
    as_nodes_floats(nodes, "of_inside", &(as_shape){0}, &of_inside);
    if (!nodes->failed) {
        const char *in[] = {"inner", "inside_from", "inside_to", "inside_axes", NULL}, *out[] = {"inside", NULL};
        nodes->failed = !as_graph_add_node(nodes->graph, "Slice", "inside", in, out, NULL, 0, nodes->err);
    }
    as_nodes_add(nodes, "GlobalAveragePool", "whole_mean", "inner", NULL, NULL, NULL);
    as_nodes_add(nodes, "GlobalAveragePool", "inside_mean", "inside", NULL, NULL, NULL);
    as_nodes_add(nodes, "Mul", "whole_part", "whole_mean", "of_whole", NULL, NULL);
    as_nodes_add(nodes, "Mul", "inside_part", "inside_mean", "of_inside", NULL, NULL);
    as_nodes_add(nodes, "Sub", "rim", "whole_part", "inside_part", NULL, NULL);
    as_nodes_add(nodes, "Sub", "unlike_signed", "inner", "rim", NULL, NULL);
    as_nodes_add(nodes, "Abs", "unlike", "unlike_signed", NULL, NULL, NULL);
}

/* What of the kind's channels makes the map's value. */
static void rule_mix(size_t map, float *ret)
{
    int channel = rule_maps[map].channel;
    memset(ret, 0, RULE_COLOURS * sizeof *ret);
    switch (rule_maps[map].kind) {
    case RULE_OBJECT: ret[0] = ret[1] = ret[2] = 1.f / 3; break;
    case RULE_CHANGE:
        for (int i = channel == 3 ? 0 : 3; i < (channel == 3 ? 3 : 5); i++)
            ret[i] = 0.5f;
        break;
    default: ret[channel] = 1; break;
    }
}

/* The kind's maps as one node; false when the layout has none of them. */
static bool rule_maps_of(as_nodes *nodes, const as_rule_layout *layout, rule_kind kind, const char *name)
{
    static const char *const from[] = {"colour", "colour", "change", "unlike"};
    float                    weights[AS_RULE_MAP_COUNT * RULE_COLOURS], bias[AS_RULE_MAP_COUNT], mix[RULE_COLOURS];
    char                     w[32], b[32], raw[32];
    int64_t                  n = 0, in = kind == RULE_OBJECT ? 3 : RULE_COLOURS;
    for (size_t m = 0; m < AS_RULE_MAP_COUNT; m++) {
        if (rule_maps[m].kind != kind || !layout->maps[m])
            continue;
        float gain = kind == RULE_MEAN ? 1 : 1 / rule_maps[m].softness;
        rule_mix(m, mix);
        for (int64_t i = 0; i < in; i++)
            weights[n * in + i] = gain * mix[i];
        bias[n++] = kind == RULE_MEAN ? 0 : 0.5f - gain * rule_maps[m].threshold;
    }
    if (n == 0)
        return false;
    snprintf(w, sizeof w, "%s_w", name);
    snprintf(b, sizeof b, "%s_b", name);
    snprintf(raw, sizeof raw, "%s_raw", name);
    as_nodes_floats(nodes, w, &(as_shape){4, {n, in, 1, 1}}, weights);
    as_nodes_floats(nodes, b, &(as_shape){1, {n}}, bias);
    as_nodes_add(nodes, "Conv", kind == RULE_MEAN ? name : raw, from[kind], w, b, NULL);
    if (kind != RULE_MEAN)
        as_nodes_add(nodes, "Clip", name, raw, "zero", "one", NULL);
    return true;
}

/* "maps" N x maps x height x width */
static void rule_all_maps(as_nodes *nodes, const as_rule_layout *layout)
{
    static const char *const names[] = {"map_mean", "map_colour", "map_change", "map_object"};
    const char              *made[RULE_KIND_COUNT + 1] = {NULL};
    size_t                   n = 0;
    for (rule_kind k = 0; k < RULE_KIND_COUNT; k++)
        if (rule_maps_of(nodes, layout, k, names[k]))
            made[n++] = names[k];
    as_nodes_concat(nodes, "maps", made);
}

static void rule_pool(as_nodes *nodes, const char *to, const char *from, int64_t height, int64_t width)
{
    int64_t       size[2] = {height, width};
    const as_attr attrs[] = {{.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = size, .n = 2},
                             {.name = "strides", .kind = AS_ATTR_INTS, .ints = size, .n = 2}};
    as_nodes_add_attrs(nodes, "AveragePool", to, from, NULL, NULL, attrs, 2);
}

/* "mask": what is unlike the rim. */
static void rule_mask(as_nodes *nodes)
{
    float gain = 1 / RULE_MASK_SOFT, third = gain / 3, bias = 0.5f - gain * RULE_MASK_FROM,
          w[3] = {third, third, third};
    as_nodes_floats(nodes, "mask_w", &(as_shape){4, {1, 3, 1, 1}}, w);
    as_nodes_floats(nodes, "mask_b", &(as_shape){1, {1}}, &bias);
    as_nodes_add(nodes, "Conv", "mask_raw", "unlike", "mask_w", "mask_b", NULL);
    as_nodes_add(nodes, "Clip", "mask", "mask_raw", "zero", "one", NULL);
}

/* The maps' averages over the object alone: weighted by the mask, over the mask's own average. */
static void rule_on_object(as_nodes *nodes, int64_t n_maps, int64_t pixels)
{
    const int64_t rows[] = {-1, n_maps, pixels}, column[] = {-1, pixels, 1}, back[] = {-1, n_maps, 1, 1};
    float         each = 1 / (float)pixels, some = 0.02f; /* so that no object divides by next to nothing */
    as_nodes_ints(nodes, "maps_shape", rows, 3);
    as_nodes_ints(nodes, "mask_shape", column, 3);
    as_nodes_ints(nodes, "object_shape", back, 4);
    as_nodes_floats(nodes, "each", &(as_shape){0}, &each);
    as_nodes_floats(nodes, "some", &(as_shape){0}, &some);
    as_nodes_add(nodes, "Reshape", "maps_rows", "maps", "maps_shape", NULL, NULL);
    as_nodes_add(nodes, "Reshape", "mask_column", "mask", "mask_shape", NULL, NULL);
    as_nodes_add(nodes, "MatMul", "maps_masked", "maps_rows", "mask_column", NULL, NULL);
    as_nodes_add(nodes, "Mul", "maps_masked_mean", "maps_masked", "each", NULL, NULL);
    as_nodes_add(nodes, "Reshape", "maps_on_mask", "maps_masked_mean", "object_shape", NULL, NULL);
    as_nodes_add(nodes, "GlobalAveragePool", "mask_mean", "mask", NULL, NULL, NULL);
    as_nodes_add(nodes, "Add", "mask_mean_some", "mask_mean", "some", NULL, NULL);
    as_nodes_add(nodes, "Div", "on_object", "maps_on_mask", "mask_mean_some", NULL, NULL);
}

/* Share of the rows, and of the columns, in which there is some of the object. */
static void rule_extent(as_nodes *nodes)
{
    static const char *const names[2][4] = {{"rows", "rows_raw", "rows_some", "extent_height"},
                                            {"columns", "columns_raw", "columns_some", "extent_width"}};
    const char              *both[] = {"extent_height", "extent_width", NULL};
    as_nodes_floats(nodes, "extent_w", &(as_shape){4, {1, 1, 1, 1}}, &(float){20});
    as_nodes_floats(nodes, "extent_b", &(as_shape){1, {1}}, &(float){-0.5f});
    for (int i = 0; i < 2; i++) {
        const as_attr axes = {.name = "axes", .kind = AS_ATTR_INTS, .ints = (int64_t[]){i == 0 ? 3 : 2}, .n = 1};
        as_nodes_add(nodes, "ReduceMean", names[i][0], "mask", NULL, NULL, &axes);
        as_nodes_add(nodes, "Conv", names[i][1], names[i][0], "extent_w", "extent_b", NULL);
        as_nodes_add(nodes, "Clip", names[i][2], names[i][1], "zero", "one", NULL);
        as_nodes_add(nodes, "GlobalAveragePool", names[i][3], names[i][2], NULL, NULL, NULL);
    }
    as_nodes_concat(nodes, "extent", both);
}

static void rule_regions(as_nodes *nodes, const as_rule_layout *layout, uint32_t width, uint32_t height)
{
    static const char *const names[] = {"whole", "cells", "bands", "columns_of_cells", "on_object", "extent"};
    static const char *const flat[] = {"f_whole", "f_cells", "f_bands", "f_columns", "f_object", "f_extent"};
    const char              *made[AS_RULE_REGION_COUNT + 1] = {NULL};
    const as_attr            axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 1};
    size_t                   n = 0;
    if (rule_n_maps(layout)) {
        rule_pool(nodes, "cells", "maps", height / 3, width / 3);
        rule_pool(nodes, "bands", "cells", 1, 3);
        rule_pool(nodes, "columns_of_cells", "cells", 3, 1);
        as_nodes_add(nodes, "GlobalAveragePool", "whole", "cells", NULL, NULL, NULL);
    }
    if (layout->regions[AS_RULE_OBJECT])
        rule_on_object(nodes, rule_n_maps(layout), (int64_t)width * height);
    if (layout->regions[AS_RULE_EXTENT])
        rule_extent(nodes);
    for (as_rule_region r = 0; r < AS_RULE_REGION_COUNT; r++)
        if (rule_region_width(layout, r)) {
            as_nodes_add(nodes, "Flatten", flat[r], names[r], NULL, NULL, &axis);
            made[n++] = flat[r];
        }
    as_nodes_concat(nodes, "features", made);
}

as_graph *as_rule_graph(const as_rule_layout *layout, uint32_t width, uint32_t height, as_err *err)
{
    as_graph *graph = NULL;
    if (width < 14 || height < 14 || width % 3 != 2 || height % 3 != 2 || as_rule_width(layout) == 0)
        AS_FAIL(err, AS_EINVAL, "rules cannot look at pictures of %ux%u", width, height);
    else
        graph = as_graph_new("rule", err);
    if (!graph)
        return NULL;
    as_nodes nodes = as_nodes_begin(graph, err);
    nodes.failed = !as_graph_add_input(graph, "picture", AS_DTYPE_F32, &(as_shape){4, {-1, 3, height, width}}, err);
    rule_channels(&nodes);
    rule_unlike(&nodes, width - 2, height - 2);
    rule_mask(&nodes);
    if (rule_n_maps(layout))
        rule_all_maps(&nodes, layout);
    rule_regions(&nodes, layout, width - 2, height - 2);
    if (as_nodes_finish(&nodes, "features", &(as_shape){2, {-1, as_rule_width(layout)}}) &&
        as_graph_cut(graph, "features", err)) /* the nodes nobody reads go */
        return graph;
    return as_graph_free(graph);
}
