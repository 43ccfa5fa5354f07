/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define SCENE_LEAST_CELLS 8    /* a side, for anything to be said about places */
#define SCENE_RING        16   /* cells two away from one */
#define SCENE_EXPLAINED   0.5  /* of what the cells differ by */
#define SCENE_STEP        4    /* cells between two that are compared */
#define SCENE_LEAST_RISE  0.04 /* of r^2 between them: below it a slope is the noise of the cells */

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

static double scene_radius(const as_image_map *mean, uint32_t row, uint32_t column)
{
    double u = (2 * column + 1.0) / mean->across - 1, v = (2 * row + 1.0) / mean->down - 1;
    return (u * u + v * v) / 2;
}

static double scene_cell(const as_image_map *mean, uint32_t row, uint32_t column)
{
    return fmax(mean->cells[row][column], AS_IMAGE_MAP_ONE);
}

typedef struct scene_falls {
    float  at[2 * AS_IMAGE_MAP_DOWN * AS_IMAGE_MAP_ACROSS];
    size_t n;
} scene_falls;

/* By how much the corners would be darker if all fell as these two cells do: brightness as 1 - fall r^2. */
static void scene_fall(const as_image_map *mean, uint32_t row, uint32_t column, uint32_t to_row, uint32_t to_column,
                       scene_falls *falls)
{
    if (to_row >= mean->down || to_column >= mean->across)
        return;
    double a = scene_radius(mean, row, column), b = scene_radius(mean, to_row, to_column);
    double ratio = scene_cell(mean, to_row, to_column) / scene_cell(mean, row, column);
    if (fabs(b - a) < SCENE_LEAST_RISE)
        return;
    double inner = fmin(a, b), outer = fmax(a, b), q = b > a ? ratio : 1 / ratio;
    falls->at[falls->n++] = outer > q * inner ? (float)((1 - q) / (outer - q * inner)) : -1.0f;
}

static int scene_float_order(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The fall between neighbours that most of the picture has. A bright part before a dark ground makes the corners darker too,
 * but at its edge alone: there are few pairs across it. */
static double scene_usual_fall(const as_image_map *mean)
{
    scene_falls falls;
    falls.n = 0;
    for (uint32_t r = 0; r < mean->down; r++)
        for (uint32_t k = 0; k < mean->across; k++) {
            scene_fall(mean, r, k, r, k + SCENE_STEP, &falls);
            scene_fall(mean, r, k, r + SCENE_STEP, k, &falls);
        }
    if (falls.n == 0)
        return 0;
    qsort(falls.at, falls.n, sizeof *falls.at, scene_float_order);
    return (double)falls.at[falls.n / 2];
}

double as_scene_vignetting(const as_image_map *mean)
{
    double n = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;
    if (mean->across < SCENE_LEAST_CELLS || mean->down < SCENE_LEAST_CELLS)
        return 0;
    for (uint32_t r = 0; r < mean->down; r++)
        for (uint32_t k = 0; k < mean->across; k++) {
            double radius = scene_radius(mean, r, k), level = log(scene_cell(mean, r, k));
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
    return fmax(fmin(1 - exp(sxy / sxx), scene_usual_fall(mean)), 0);
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
