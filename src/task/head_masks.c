/* SPDX-License-Identifier: Apache-2.0 */
/* The mask of one finding, for the pixels of the picture in its box. */
#include <math.h>
#include <string.h>

#include "task/head_priv.h"

/* Which numbers of the network's map a box of the picture needs: those around it, and one more for what lies between. */
typedef struct masks_part {
    uint32_t x0, y0, x1, y1; /* inclusive */
} masks_part;

/* Pixel of the picture to number of the map, along one axis: map = picture * scale + offset. */
typedef struct masks_axis {
    double scale, offset;
} masks_axis;

static masks_axis masks_axis_of(double scale, double offset, uint32_t input, uint32_t map)
{
    double of_input = (double)map / input;
    /* Middles of pixels: 0.5 of the picture is 0.5 of the map. */
    return (masks_axis){of_input / scale, (0.5 - offset) / scale * of_input - 0.5};
}

static double masks_at(masks_axis axis, uint32_t pixel, uint32_t n)
{
    double at = axis.scale * pixel + axis.offset;
    return AS_MIN(AS_MAX(at, 0.0), (double)(n - 1));
}

static float masks_coeff(const as_head *head, const float *data, uint32_t anchor, uint32_t k)
{
    uint32_t at = head->row - head->n_coeffs + k;
    return head->is_columns ? data[at * head->n_rows + anchor] : data[(size_t)anchor * head->row + at];
}

/* Coefficients times prototypes, where they are needed. */
static void masks_combine(as_head *head, const as_tensor *outputs, uint32_t anchor, const masks_part *part)
{
    const float *coeffs = outputs[head->out[0]].data, *prototypes = outputs[head->out[1]].data;
    size_t       plane = (size_t)head->mask_width * head->mask_height, n = part->x1 - part->x0 + 1;
    for (uint32_t y = part->y0; y <= part->y1; y++) {
        size_t at = (size_t)y * head->mask_width + part->x0;
        memset(head->mask + at, 0, n * sizeof *head->mask);
        for (uint32_t k = 0; k < head->n_coeffs; k++)
            as_scan_add(head->mask + at, prototypes + k * plane + at, masks_coeff(head, coeffs, anchor, k), n);
    }
}

static double masks_between(const float *map, uint32_t width, uint32_t height, double x, double y)
{
    uint32_t     u = (uint32_t)x, v = (uint32_t)y, right = u + 1 < width ? 1 : 0, below = v + 1 < height ? width : 0;
    const float *p = map + (size_t)v * width + u;
    double       fx = x - u, fy = y - v;
    double       above = (double)p[0] * (1 - fx) + (double)p[right] * fx;
    return above * (1 - fy) + ((double)p[below] * (1 - fx) + (double)p[below + right] * fx) * fy;
}

void as_head_mask(as_head *head, const as_tensor *outputs, const as_box *found, const as_mapping *map, uint8_t *ret,
                  size_t stride)
{
    uint32_t   x0 = (uint32_t)found->x0, y0 = (uint32_t)found->y0;
    uint32_t   width = (uint32_t)ceilf(found->x1) - x0, height = (uint32_t)ceilf(found->y1) - y0;
    uint32_t   columns = head->mask_width, rows = head->mask_height;
    masks_axis across = masks_axis_of(map->scale_x, map->shift_x, head->width, columns);
    masks_axis down = masks_axis_of(map->scale_y, map->shift_y, head->height, rows);
    bool       is_area = head->kind->gives == AS_HEAD_AREAS;
    if (width == 0 || height == 0 || columns == 0 || rows == 0)
        return;
    if (!is_area) {
        masks_part part = {(uint32_t)masks_at(across, x0, columns), (uint32_t)masks_at(down, y0, rows),
                           AS_MIN((uint32_t)masks_at(across, x0 + width, columns) + 1, columns - 1),
                           AS_MIN((uint32_t)masks_at(down, y0 + height, rows) + 1, rows - 1)};
        masks_combine(head, outputs, found->anchor, &part);
    }
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++) {
            double at_x = masks_at(across, x0 + x, columns), at_y = masks_at(down, y0 + y, rows);
            bool is_in = is_area ? head->parent[(size_t)(at_y + 0.5) * columns + (size_t)(at_x + 0.5)] == found->anchor
                                 : masks_between(head->mask, columns, rows, at_x, at_y) > 0;
            ret[y * stride + x] = is_in;
        }
}

const uint32_t *as_head_areas(const as_head *head, size_t *ret_n, size_t *ret_n_pixels)
{
    *ret_n = head->n_classes;
    *ret_n_pixels = (size_t)head->mask_width * head->mask_height;
    return head->area;
}
