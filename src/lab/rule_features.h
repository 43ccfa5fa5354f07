/* SPDX-License-Identifier: Apache-2.0 */
/* rule_features.h - statistics of colour and shape that need no learning, as an ONNX graph.
 *
 * Layer:   lab.
 * Threads: pure functions.
 * Memory:  graphs are the caller's.
 *
 * Each map (a row of rule_map.def) is averaged over regions: the whole picture, the nine cells of a 3x3 grid, three bands
 * across, three columns, and the object (what is unlike the picture's rim). Two more say how high and how wide the object
 * is. A layout says which of these a graph computes; the rest is left out of it.
 */
#ifndef AS_LAB_RULE_FEATURES_H
#define AS_LAB_RULE_FEATURES_H

#include "graph/graph.h"

enum {
    AS_RULE_MAP_COUNT = 0
#define X(...) +1
#include "lab/rule_map.def"
#undef X
};

typedef enum as_rule_region {
    AS_RULE_WHOLE,
    AS_RULE_CELL,
    AS_RULE_BAND,
    AS_RULE_COLUMN,
    AS_RULE_OBJECT,
    AS_RULE_EXTENT,
    AS_RULE_REGION_COUNT
} as_rule_region;

typedef struct as_rule_layout {
    bool maps[AS_RULE_MAP_COUNT], regions[AS_RULE_REGION_COUNT];
} as_rule_layout;

typedef struct as_rule_feature {
    uint32_t       map; /* not for AS_RULE_EXTENT */
    as_rule_region region;
    uint32_t       cell; /* within the region: 0 to 8, 0 to 2; of the extent 0 is height and 1 width */
} as_rule_feature;

as_rule_layout  as_rule_layout_all(void);
as_rule_layout  as_rule_layout_of(const as_rule_feature *features, size_t n); /* the smallest that has them */
uint32_t        as_rule_width(const as_rule_layout *layout);                  /* features in all */
as_rule_feature as_rule_at(const as_rule_layout *layout, uint32_t index);
uint32_t        as_rule_index(const as_rule_layout *layout, const as_rule_feature *feature);

/* "share of red pixels in the middle" into text[128]; returns text. */
char *as_rule_text(const as_rule_feature *feature, char *text);

/* Input "picture" N x 3 x height x width of R, G, B in 0 to 1, output "features" N x as_rule_width. Width and height are
 * two more than a multiple of three, at least 14. */
AS_CHECK as_graph *as_rule_graph(const as_rule_layout *layout, uint32_t width, uint32_t height, as_err *err);

#endif
