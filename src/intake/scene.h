/* SPDX-License-Identifier: Apache-2.0 */
/* scene.h - what a camera's pictures have in common: what stays in place, and what does not change at all. For the files of
 * this folder only.
 *
 * Layer:   intake.
 * Threads: one thread.
 * Memory:  28 KiB a camera; as_scenes_done frees.
 */
#ifndef AS_INTAKE_SCENE_H
#define AS_INTAKE_SCENE_H

#include "base/vec.h"
#include "image/stats.h"

#define AS_SCENE_FRAMES     50 /* of one size make a mean, and the next begins */
#define AS_SCENE_MOST       64 /* cameras; pictures of more are not compared */
#define AS_SCENE_NAME_BYTES 256

typedef struct as_scene {
    char         camera[AS_SCENE_NAME_BYTES];
    uint32_t     width, height, n; /* of the pictures; n: in the sums */
    bool         has_last;
    as_image_map last;
    char         last_name[AS_SCENE_NAME_BYTES]; /* of the picture before, whether it was kept or refused; "": none */
    as_ns        last_utc;
    uint32_t     sums[AS_IMAGE_MAP_DOWN][AS_IMAGE_MAP_ACROSS];
} as_scene;

typedef struct as_scenes {
    AS_VEC(as_scene *) at;
} as_scenes;

/* That of the camera; NULL without a name (""), with too long a one, or beyond AS_SCENE_MOST. False without memory. */
AS_CHECK bool as_scenes_of(as_scenes *scenes, const char *camera, as_scene **ret, as_err *err);
void          as_scenes_done(as_scenes *scenes);

/* The picture was seen, whatever becomes of it. A name that is too long is none. */
void as_scene_saw(as_scene *scene, const char *name, as_ns utc);

/* Takes the picture in. True when it completes a mean, which is in *ret_mean then. */
bool as_scene_add(as_scene *scene, const as_image_map *map, uint32_t width, uint32_t height, as_image_map *ret_mean);

/* The largest difference of a cell, and the mean one of a sample, in grey levels; false where they are of different shape. */
bool as_scene_differ(const as_image_map *a, const as_image_map *b, double *ret_cell, double *ret_sample);

/* By how much the corners are darker than the centre, 0 to 1, as far as it falls off evenly from the centre: brightness as
 * exp(a + b r^2), r = 1 in the corners. 0 where r^2 explains less than half of what the cells differ by. The fall must be that
 * of most neighbours too (the median over pairs of cells; Sen, JASA 63, 1968): a bright part in the middle is no fall. */
double as_scene_vignetting(const as_image_map *mean);

typedef struct as_scene_spot {
    uint32_t n;           /* spots found */
    double   depth_ratio; /* of the deepest: by how much it is darker than what is around it */
    double   x, y;        /* its centre, as a share of width and height */
} as_scene_spot;

/* Single dark cells in even surroundings: the cells two away differ among themselves by less than half as much. */
as_scene_spot as_scene_dirt(const as_image_map *mean, double least_depth_ratio);

#endif
