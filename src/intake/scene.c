/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define SCENE_LEAST_CELLS 8   /* a side, for anything to be said about places */
#define SCENE_RING        16  /* cells two away from one */
#define SCENE_EXPLAINED   0.5 /* of what the cells differ by */

bool as_scenes_of(as_scenes *scenes, const char *camera, as_scene **ret, as_err *err)
{
    *ret = NULL;
    if (!camera || !*camera || strlen(camera) >= AS_SCENE_NAME_BYTES)
        return true;
    for (size_t i = 0; i < scenes->at.n; i++)
        if (strcmp(scenes->at.at[i]->camera, camera) == 0) {
            *ret = scenes->at.at[i];
            return true;
        }
    if (scenes->at.n == AS_SCENE_MOST)
        return true;
    as_scene *scene = calloc(1, sizeof *scene);
    if (!scene || !as_vec_push(&scenes->at, scene)) {
        free(scene);
        return AS_FAIL(err, AS_ENOMEM, "not enough memory to compare the pictures of camera '%s'", camera);
    }
    as_str_copy(scene->camera, sizeof scene->camera, camera);
    *ret = scene;
    return true;
}

void as_scenes_done(as_scenes *scenes)
{
    for (size_t i = 0; i < scenes->at.n; i++)
        free(scenes->at.at[i]);
    as_vec_done(&scenes->at);
}

void as_scene_saw(as_scene *scene, const char *name, as_ns utc)
{
    if (!as_str_copy(scene->last_name, sizeof scene->last_name, name))
        scene->last_name[0] = '\0';
    scene->last_utc = utc;
}

bool as_scene_add(as_scene *scene, const as_image_map *map, uint32_t width, uint32_t height, as_image_map *ret_mean)
{
    if (scene->width != width || scene->height != height) {
        memset(scene->sums, 0, sizeof scene->sums);
        scene->n = 0;
        scene->width = width;
        scene->height = height;
    }
    scene->last = *map;
    scene->has_last = true;
    for (uint32_t r = 0; r < map->down; r++)
        for (uint32_t k = 0; k < map->across; k++)
            scene->sums[r][k] += map->cells[r][k];
    if (++scene->n < AS_SCENE_FRAMES)
        return false;
    *ret_mean = (as_image_map){.across = map->across, .down = map->down};
    for (uint32_t r = 0; r < map->down; r++)
        for (uint32_t k = 0; k < map->across; k++)
            ret_mean->cells[r][k] = (uint16_t)((scene->sums[r][k] + scene->n / 2) / scene->n);
    memset(scene->sums, 0, sizeof scene->sums);
    scene->n = 0;
    return true;
}

bool as_scene_differ(const as_image_map *a, const as_image_map *b, double *ret_cell, double *ret_sample)
{
    int      most = 0;
    uint32_t sum = 0;
    if (a->across != b->across || a->down != b->down)
        return false;
    for (uint32_t r = 0; r < a->down; r++)
        for (uint32_t k = 0; k < a->across; k++)
            most = AS_MAX(most, abs(a->cells[r][k] - b->cells[r][k]));
    for (size_t i = 0; i < AS_COUNT(a->samples); i++)
        sum += (uint32_t)abs(a->samples[i] - b->samples[i]);
    *ret_cell = (double)most / AS_IMAGE_MAP_ONE;
    *ret_sample = (double)sum / (double)AS_COUNT(a->samples);
    return true;
}

double as_scene_vignetting(const as_image_map *mean)
{
    double n = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;
    if (mean->across < SCENE_LEAST_CELLS || mean->down < SCENE_LEAST_CELLS)
        return 0;
    for (uint32_t r = 0; r < mean->down; r++)
        for (uint32_t k = 0; k < mean->across; k++) {
            double u = (2 * k + 1.0) / mean->across - 1, v = (2 * r + 1.0) / mean->down - 1;
            double radius = (u * u + v * v) / 2, level = log(fmax(mean->cells[r][k], AS_IMAGE_MAP_ONE));
            n++;
            x += radius;
            y += level;
            xx += radius * radius;
            xy += radius * level;
            yy += level * level;
        }
    double sxx = xx - x * x / n, sxy = xy - x * y / n, syy = yy - y * y / n;
    if (sxy >= 0 || sxx <= 0 || syy <= 0 || sxy * sxy / (sxx * syy) < SCENE_EXPLAINED)
        return 0;
    return 1 - exp(sxy / sxx);
}

/* Median and spread of the cells two away. */
static void scene_ring(const as_image_map *mean, uint32_t row, uint32_t column, double *ret_median, double *ret_spread)
{
    int ring[SCENE_RING], n = 0;
    for (int dr = -2; dr <= 2; dr++)
        for (int dk = -2; dk <= 2; dk++) {
            if (abs(dr) != 2 && abs(dk) != 2)
                continue;
            int value = mean->cells[(int)row + dr][(int)column + dk], at = n++;
            for (; at > 0 && ring[at - 1] > value; at--)
                ring[at] = ring[at - 1];
            ring[at] = value;
        }
    *ret_median = (ring[SCENE_RING / 2 - 1] + ring[SCENE_RING / 2]) / 2.0;
    *ret_spread = ring[SCENE_RING - 1] - ring[0];
}

as_scene_spot as_scene_dirt(const as_image_map *mean, double least_depth_ratio)
{
    as_scene_spot found = {0};
    if (mean->across < SCENE_LEAST_CELLS || mean->down < SCENE_LEAST_CELLS)
        return found;
    for (uint32_t r = 2; r + 2 < mean->down; r++)
        for (uint32_t k = 2; k + 2 < mean->across; k++) {
            double median, spread;
            scene_ring(mean, r, k, &median, &spread);
            double depth = median - mean->cells[r][k];
            if (median <= 0 || depth / median <= least_depth_ratio || spread > depth / 2)
                continue;
            found.n++;
            if (depth / median <= found.depth_ratio)
                continue;
            found.depth_ratio = depth / median;
            found.x = (k + 0.5) / mean->across;
            found.y = (r + 0.5) / mean->down;
        }
    return found;
}
