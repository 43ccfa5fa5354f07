/* SPDX-License-Identifier: Apache-2.0 */
#include "image/stats.h"

#include "image/kernel.h"

#define STATS_HASH_ACROSS 9u
#define STATS_HASH_DOWN   8u
/* Columns at once, so that 2 * 1020^2 (the largest squared Sobel gradient) for each fits 32 bits. */
#define STATS_BLOCK       1024u

typedef struct stats_sums {
    uint64_t luma, luma_squared, low, high;
    int64_t  laplacian;
    uint64_t laplacian_squared, gradient_squared;
    uint64_t cells[STATS_HASH_DOWN][STATS_HASH_ACROSS];
} stats_sums;

/* ITU-R BT.601 in 1/256: 77 + 150 + 29 = 256, so that white stays 255. */
AS_IMAGE_CLONES
static void stats_luma_row(uint8_t *restrict luma, const uint8_t *restrict rgb, size_t n)
{
    for (size_t i = 0; i < n; i++)
        luma[i] = (uint8_t)((77u * rgb[3 * i] + 150u * rgb[3 * i + 1] + 29u * rgb[3 * i + 2] + 128u) >> 8);
}

AS_IMAGE_CLONES
static uint32_t stats_sum(const uint8_t *luma, size_t n)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += luma[i];
    return sum;
}

AS_IMAGE_CLONES
static void stats_add_levels(stats_sums *sums, const uint8_t *luma, size_t n)
{
    for (size_t at = 0; at < n; at += STATS_BLOCK) {
        uint32_t sum = 0, squared = 0, low = 0, high = 0;
        size_t   end = AS_MIN(n, at + STATS_BLOCK);
        for (size_t i = at; i < end; i++) {
            uint32_t v = luma[i];
            sum += v;
            squared += v * v;
            low += v <= 1;
            high += v >= 254;
        }
        sums->luma += sum;
        sums->luma_squared += squared;
        sums->low += low;
        sums->high += high;
    }
}

/* Columns 1 to n - 2 of the middle row b, between its neighbours a and c. */
AS_IMAGE_CLONES
static void stats_add_edges(stats_sums *sums, const uint8_t *a, const uint8_t *b, const uint8_t *c, size_t n)
{
    for (size_t at = 1; at < n - 1; at += STATS_BLOCK) {
        int32_t  sum = 0;
        uint32_t squared = 0, gradient = 0;
        size_t   end = AS_MIN(n - 1, at + STATS_BLOCK);
        for (size_t i = at; i < end; i++) {
            int16_t laplacian = (int16_t)(a[i] + b[i - 1] + b[i + 1] + c[i] - 4 * b[i]);
            int16_t gx = (int16_t)(a[i + 1] - a[i - 1] + 2 * (b[i + 1] - b[i - 1]) + c[i + 1] - c[i - 1]);
            int16_t gy = (int16_t)(c[i - 1] - a[i - 1] + 2 * (c[i] - a[i]) + c[i + 1] - a[i + 1]);
            sum += laplacian;
            squared += (uint32_t)(laplacian * laplacian);
            gradient += (uint32_t)(gx * gx + gy * gy);
        }
        sums->laplacian += sum;
        sums->laplacian_squared += squared;
        sums->gradient_squared += gradient;
    }
}

/* Adds one row to the 9 x 8 cells. A pixel is 9 units wide and 8 high, a cell as many units as the picture has pixels:
 * a pixel on a border goes to both sides by whole numbers, exactly. */
static void stats_add_cells(stats_sums *sums, const uint8_t *luma, uint32_t width, uint32_t y, uint32_t height)
{
    uint64_t across[STATS_HASH_ACROSS];
    for (uint32_t k = 0; k < STATS_HASH_ACROSS; k++) {
        uint64_t from = (uint64_t)k * width, to = from + width;
        uint32_t first = (uint32_t)(from / STATS_HASH_ACROSS), last = (uint32_t)((to - 1) / STATS_HASH_ACROSS);
        across[k] = (uint64_t)STATS_HASH_ACROSS * stats_sum(luma + first, last - first + 1);
        across[k] -= (from - (uint64_t)first * STATS_HASH_ACROSS) * luma[first];
        across[k] -= ((uint64_t)(last + 1) * STATS_HASH_ACROSS - to) * luma[last];
    }
    uint64_t from = (uint64_t)y * STATS_HASH_DOWN, to = from + STATS_HASH_DOWN;
    for (uint32_t r = (uint32_t)(from / height); r < STATS_HASH_DOWN && (uint64_t)r * height < to; r++) {
        uint64_t low = AS_MAX(from, (uint64_t)r * height), high = AS_MIN(to, (uint64_t)(r + 1) * height);
        for (uint32_t k = 0; k < STATS_HASH_ACROSS; k++)
            sums->cells[r][k] += (high - low) * across[k];
    }
}

static void stats_finish(const stats_sums *sums, const as_image *image, as_image_stats *ret)
{
    double n = (double)image->width * image->height;
    double inner = (double)(image->width - 2) * (image->height - 2);
    double mean = (double)sums->luma / n;
    double variance = (double)sums->luma_squared / n - mean * mean;
    double edge = (double)sums->laplacian / inner;
    double edge_variance = (double)sums->laplacian_squared / inner - edge * edge;
    *ret = (as_image_stats){
        .mean = mean,
        .deviation = __builtin_sqrt(AS_MAX(variance, 0)),
        .clipped_low_ratio = (double)sums->low / n,
        .clipped_high_ratio = (double)sums->high / n,
        .laplacian_variance = AS_MAX(edge_variance, 0),
        .tenengrad = (double)sums->gradient_squared / inner,
    };
    for (uint32_t r = 0; r < STATS_HASH_DOWN; r++)
        for (uint32_t k = 0; k + 1 < STATS_HASH_ACROSS; k++)
            ret->difference_hash = ret->difference_hash << 1 | (sums->cells[r][k + 1] > sums->cells[r][k]);
}

bool as_image_stats_of(const as_image *image, as_image_stats *ret, as_err *err)
{
    if (!as_image_check(image, err))
        return false;
    uint32_t width = image->width, height = image->height;
    if (width < 3 || height < 3)
        return AS_FAIL(err, AS_EINVAL, "a picture of %u x %u pixels is too small to be measured (3 x 3 is the least)",
                       width, height);
    bool     rgb = image->pixel == AS_PIXEL_RGB8;
    uint8_t *rows = rgb ? malloc((size_t)width * 3) : NULL;
    if (rgb && !rows)
        return AS_FAIL(err, AS_ENOMEM, "no memory for measuring a picture %u pixels wide", width);
    stats_sums     sums = {0};
    const uint8_t *last[3] = {NULL, NULL, NULL};
    for (uint32_t y = 0; y < height; y++) {
        const uint8_t *from = image->data + y * image->stride_bytes;
        last[0] = last[1];
        last[1] = last[2];
        last[2] = from;
        if (rgb) {
            uint8_t *luma = rows + (size_t)(y % 3) * width;
            stats_luma_row(luma, from, width);
            last[2] = luma;
        }
        stats_add_levels(&sums, last[2], width);
        stats_add_cells(&sums, last[2], width, y, height);
        if (y >= 2)
            stats_add_edges(&sums, last[0], last[1], last[2], width);
    }
    free(rows);
    stats_finish(&sums, image, ret);
    return true;
}
