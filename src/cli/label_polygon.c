/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/vec.h"
#include "cli/label_draw.h"

/* Corners, and "/" between two rings. */
static bool label_polygon_read(as_cli *cli, as_finding *polygon, as_str *geometry, as_err *err)
{
    AS_VEC(double) points = {0};
    AS_VEC(size_t) ends = {0};
    double at[2];
    bool   ok = true;
    for (size_t i = 3; ok && i < as_cli_n_args(cli); i++) {
        if (strcmp(as_cli_arg(cli, i), "/") == 0)
            ok = as_vec_push(&ends, points.n / 2) || AS_FAIL(err, AS_ENOMEM, "out of memory");
        else
            ok = as_label_numbers(as_cli_arg(cli, i), "X,Y", at, 2, err) &&
                 ((as_vec_push(&points, at[0]) && as_vec_push(&points, at[1])) ||
                  AS_FAIL(err, AS_ENOMEM, "out of memory"));
    }
    ok = ok && (as_vec_push(&ends, points.n / 2) || AS_FAIL(err, AS_ENOMEM, "out of memory")) &&
         as_finding_add_rings(geometry, points.at, ends.at, ends.n, err);
    if (ok) {
        as_finding_bounds(points.at, points.n / 2, polygon->box);
        polygon->geometry = geometry->s;
    }
    as_vec_done(&points);
    as_vec_done(&ends);
    return ok;
}

static bool label_polygon(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_finding polygon = {.label = as_cli_arg(cli, 2), .outline = AS_OUTLINE_POLYGON, .score = NAN, .extra = ""};
    as_str     geometry;
    as_str_init(&geometry);
    bool ok = label_polygon_read(cli, &polygon, &geometry, err) && as_label_draw(cli, ws, &polygon, 0, err);
    as_str_done(&geometry);
    return ok;
}

static int label_polygon_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    return label_polygon(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_label_action_polygon = {
    .name = "polygon",
    .usage = "NAME CLASS X,Y X,Y X,Y... [/ X,Y...]",
    .about = "the same within a polygon; / begins another ring, a hole",
    .min_args = 5,
    .max_args = -1,
    .mode = AS_WORKSPACE_WRITE,
    .run = label_polygon_run,
};
