/* SPDX-License-Identifier: Apache-2.0 */
#include "image/stats.h"

#include <math.h>

#include "image/kernel.h"

#define STATS_HASH_ACROSS 9u
#define STATS_HASH_DOWN   8u
/* Columns at once, so that 2 * 1020^2 (the largest squared Sobel gradient) for each fits 32 bits. */
#define STATS_BLOCK       1024u
#define STATS_BAND_ROWS   256u /* of columns summed in 16 bits */
/* Blocks whose noise is estimated: 32 rows of at most 8 * 255 in 16 bits. */
#define STATS_NOISE_SIDE  32u
#define STATS_NOISE_SHARE 0.25 /* of the blocks have so little texture that noise is all there is */
#define STATS_QUANTILE    0.01

typedef struct stats_sums {
    uint32_t levels[4][256]; /* four, so that equal neighbours do not wait for each other */
    int64_t  laplacian;
    uint64_t laplacian_squared, gradient_squared;
    uint64_t cells[STATS_HASH_DOWN][STATS_HASH_ACROSS];
} stats_sums;

/* One picture on its way through. Rows of width values: three of luma (of RGB only), then the column sums. */
typedef struct stats_job {
    const as_image   *image;
    as_image_stats   *ret;
    uint32_t          width, height;
    uint8_t          *luma;                           /* NULL for Mono8: the picture's own rows do */
    uint16_t         *band, *rough;                   /* column sums of luma, and of |Immerkaer's mask| */
    uint8_t          *low, *high;                     /* of each column */
    uint64_t          row_cells[AS_IMAGE_MAP_ACROSS]; /* of one row of the map */
    float            *noise;
    size_t            n_noise;
    uint32_t          band_from, rough_rows, n_blank_top, n_blank_bottom;
    int               blank_bottom; /* level of the last blank rows */
    stats_sums        sums;
    as_motion_windows windows;
} stats_job;

/* ITU-R BT.601 in 1/256: 77 + 150 + 29 = 256, so that white stays 255. */
AS_IMAGE_CLONES
static void stats_luma_row(uint8_t *restrict luma, const uint8_t *restrict rgb, size_t n)
{
    for (size_t i = 0; i < n; i++)
        luma[i] = (uint8_t)((77u * rgb[3 * i] + 150u * rgb[3 * i + 1] + 29u * rgb[3 * i + 2] + 128u) >> 8);
}

static void stats_add_levels(stats_sums *sums, const uint8_t *luma, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t eight;
        memcpy(&eight, luma + i, sizeof eight);
        for (int k = 0; k < 8; k++)
            sums->levels[k & 3][eight >> (8 * k) & 255]++;
    }
    for (; i < n; i++)
        sums->levels[0][luma[i]]++;
}

/* Adds the row to its columns' sums, lowest and highest levels. True: all of it is of one level. */
AS_IMAGE_CLONES
static bool stats_add_columns(uint16_t *restrict band, uint8_t *restrict low, uint8_t *restrict high,
                              const uint8_t *restrict luma, size_t n)
{
    uint8_t differ = 0, first = luma[0];
    for (size_t i = 0; i < n; i++) {
        band[i] = (uint16_t)(band[i] + luma[i]);
        low[i] = AS_MIN(low[i], luma[i]);
        high[i] = AS_MAX(high[i], luma[i]);
        differ = (uint8_t)(differ | (luma[i] ^ first));
    }
    return differ == 0;
}

/* Columns 1 to n - 2 of the middle row b, between its neighbours a and c. */
AS_IMAGE_CLONES
static void stats_add_edges(stats_sums *sums, const uint8_t *restrict a, const uint8_t *restrict b,
                            const uint8_t *restrict c, uint16_t *restrict rough, size_t n)
{
    for (size_t at = 1; at < n - 1; at += STATS_BLOCK) {
        int32_t  sum = 0;
        uint32_t squared = 0, gradient = 0;
        size_t   end = AS_MIN(n - 1, at + STATS_BLOCK);
        for (size_t i = at; i < end; i++) {
            int16_t sides = (int16_t)(a[i] + b[i - 1] + b[i + 1] + c[i]);
            int16_t corners = (int16_t)(a[i - 1] + a[i + 1] + c[i - 1] + c[i + 1]);
            int16_t laplacian = (int16_t)(sides - 4 * b[i]);
            int16_t mask = (int16_t)(corners - 2 * sides + 4 * b[i]);
            int16_t gx = (int16_t)(a[i + 1] - a[i - 1] + 2 * (b[i + 1] - b[i - 1]) + c[i + 1] - c[i - 1]);
            int16_t gy = (int16_t)(c[i - 1] - a[i - 1] + 2 * (c[i] - a[i]) + c[i + 1] - a[i + 1]);
            rough[i] = (uint16_t)(rough[i] + (mask < 0 ? -mask : mask));
            sum += laplacian;
            squared += (uint32_t)(laplacian * laplacian);
            gradient += (uint32_t)(gx * gx + gy * gy);
        }
        sums->laplacian += sum;
        sums->laplacian_squared += squared;
        sums->gradient_squared += gradient;
    }
}

AS_IMAGE_CLONES
static uint64_t stats_sum(const uint16_t *band, size_t n)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += band[i];
    return sum;
}

/* Adds the band of rows from y on to the 9 x 8 cells. A pixel is 9 units wide and 8 high, a cell as many units as the
 * picture has pixels: a pixel on a border goes to both sides by whole numbers, exactly. A band is of one row of cells, or
 * one row of pixels on a border. */
static void stats_add_hash(stats_job *job, uint32_t y)
{
    uint64_t across[STATS_HASH_ACROSS], height = job->height;
    for (uint32_t k = 0; k < STATS_HASH_ACROSS; k++) {
        uint64_t from = (uint64_t)k * job->width, to = from + job->width;
        uint32_t first = (uint32_t)(from / STATS_HASH_ACROSS), last = (uint32_t)((to - 1) / STATS_HASH_ACROSS);
        across[k] = STATS_HASH_ACROSS * stats_sum(job->band + first, last - first + 1);
        across[k] -= (from - (uint64_t)first * STATS_HASH_ACROSS) * job->band[first];
        across[k] -= ((uint64_t)(last + 1) * STATS_HASH_ACROSS - to) * job->band[last];
    }
    uint64_t from = (uint64_t)y * STATS_HASH_DOWN, to = from + STATS_HASH_DOWN;
    for (uint32_t r = (uint32_t)(from / height); r < STATS_HASH_DOWN && r * height < to; r++) {
        uint64_t low = AS_MAX(from, r * height), high = AS_MIN(to, (r + 1) * height);
        for (uint32_t k = 0; k < STATS_HASH_ACROSS; k++)
            job->sums.cells[r][k] += (high - low) * across[k];
    }
}

/* The first pixel of cell k of `cells` over `pixels`. */
static uint32_t stats_cell_from(uint32_t k, uint32_t cells, uint32_t pixels)
{
    return (uint32_t)((uint64_t)k * pixels / cells);
}

static uint32_t stats_cell_of(uint32_t pixel, uint32_t cells, uint32_t pixels)
{
    return (uint32_t)((((uint64_t)pixel + 1) * cells - 1) / pixels);
}

static void stats_add_map(stats_job *job)
{
    as_image_map *map = &job->ret->map;
    for (uint32_t k = 0; k < map->across; k++) {
        uint32_t from = stats_cell_from(k, map->across, job->width);
        job->row_cells[k] += stats_sum(job->band + from, stats_cell_from(k + 1, map->across, job->width) - from);
    }
}

static void stats_end_map_row(stats_job *job, uint32_t row)
{
    as_image_map *map = &job->ret->map;
    uint32_t rows = stats_cell_from(row + 1, map->down, job->height) - stats_cell_from(row, map->down, job->height);
    for (uint32_t k = 0; k < map->across; k++) {
        uint64_t n = (uint64_t)rows *
                     (stats_cell_from(k + 1, map->across, job->width) - stats_cell_from(k, map->across, job->width));
        map->cells[row][k] = (uint16_t)((job->row_cells[k] * AS_IMAGE_MAP_ONE + n / 2) / n);
        job->row_cells[k] = 0;
    }
}

static bool stats_is_border(uint64_t y, uint64_t height)
{
    return y * STATS_HASH_DOWN / height != (y * STATS_HASH_DOWN + STATS_HASH_DOWN - 1) / height;
}

/* After row y: what the next row does not belong to any more is added up. */
static void stats_end_band(stats_job *job, uint32_t y)
{
    uint64_t height = job->height, next = (uint64_t)y + 1;
    uint32_t row = stats_cell_of(y, job->ret->map.down, job->height);
    bool     last = next == height, row_ends = last || stats_cell_of(y + 1, job->ret->map.down, job->height) != row;
    bool     hash_ends = last || stats_is_border(y, height) || stats_is_border(next, height) ||
                     y * STATS_HASH_DOWN / height != next * STATS_HASH_DOWN / height;
    if (!row_ends && !hash_ends && next - job->band_from < STATS_BAND_ROWS)
        return;
    stats_add_hash(job, job->band_from);
    stats_add_map(job);
    if (row_ends)
        stats_end_map_row(job, row);
    memset(job->band, 0, job->width * sizeof *job->band);
    job->band_from = y + 1;
}

/* Blocks that begin one pixel inside. Those that the picture's end cuts are left out, unless there are no others. */
static void stats_end_noise(stats_job *job, bool last)
{
    uint32_t inner = job->width - 2;
    bool     cut = job->rough_rows < STATS_NOISE_SIDE;
    if ((cut && !last) || job->rough_rows == 0)
        return;
    uint32_t side = AS_MIN(inner, STATS_NOISE_SIDE);
    for (uint32_t x = 0; x + side <= inner && !(cut && job->n_noise); x += side) {
        uint64_t sum = stats_sum(job->rough + 1 + x, side);
        /* Nothing at all is no noise-free camera but a clipped or drawn area. */
        if (sum > 0)
            job->noise[job->n_noise++] = (float)sum / (float)(side * job->rough_rows);
    }
    memset(job->rough, 0, job->width * sizeof *job->rough);
    job->rough_rows = 0;
}

static void stats_add_blank(stats_job *job, bool blank, int level)
{
    if (blank && job->n_blank_bottom > 0 && level == job->blank_bottom) {
        job->n_blank_bottom++;
    } else {
        job->n_blank_bottom = blank;
        job->blank_bottom = level;
    }
}

static void stats_add_row(stats_job *job, uint32_t y, const uint8_t *const rows[3])
{
    const uint8_t *luma = rows[2];
    stats_add_levels(&job->sums, luma, job->width);
    bool blank = stats_add_columns(job->band, job->low, job->high, luma, job->width);
    stats_add_blank(job, blank, luma[0]);
    if (job->n_blank_bottom == y + 1)
        job->n_blank_top = y + 1;
    stats_end_band(job, y);
    as_motion_row(&job->windows, y, luma);
    if (y >= 2) {
        stats_add_edges(&job->sums, rows[0], rows[1], luma, job->rough, job->width);
        if (++job->rough_rows == STATS_NOISE_SIDE)
            stats_end_noise(job, false);
    }
    for (uint32_t k = 0; k < AS_IMAGE_MAP_SAMPLES; k++)
        if ((uint64_t)job->height * (2 * k + 1) / (2 * AS_IMAGE_MAP_SAMPLES) == y)
            for (uint32_t i = 0; i < AS_IMAGE_MAP_SAMPLES; i++)
                job->ret->map.samples[k * AS_IMAGE_MAP_SAMPLES + i] =
                    luma[(uint64_t)job->width * (2 * i + 1) / (2 * AS_IMAGE_MAP_SAMPLES)];
}

static int stats_compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* sqrt(pi / 2) / 6 times the mean of |mask| is the deviation of noise without a picture. */
static double stats_noise(stats_job *job)
{
    stats_end_noise(job, true);
    if (job->n_noise == 0)
        return 0;
    qsort(job->noise, job->n_noise, sizeof *job->noise, stats_compare);
    return sqrt(M_PI / 2) / 6 * (double)job->noise[(size_t)(STATS_NOISE_SHARE * (double)(job->n_noise - 1))];
}

static void stats_finish_levels(stats_job *job, double n)
{
    uint64_t sum = 0, squared = 0, low = 0, high = 0, levels[256], seen = 0;
    int      from = -1, to = 255;
    for (unsigned v = 0; v < 256; v++) {
        levels[v] = 0;
        for (int k = 0; k < 4; k++)
            levels[v] += job->sums.levels[k][v];
        sum += levels[v] * v;
        squared += levels[v] * v * v;
        low += v <= 1 ? levels[v] : 0;
        high += v >= 254 ? levels[v] : 0;
    }
    for (int v = 0; v < 256; v++) {
        seen += levels[v];
        if (from < 0 && (double)seen > STATS_QUANTILE * n)
            from = v;
        if ((double)seen >= (1 - STATS_QUANTILE) * n) {
            to = v;
            break;
        }
    }
    as_image_stats *ret = job->ret;
    ret->mean = (double)sum / n;
    ret->deviation = sqrt(AS_MAX((double)squared / n - ret->mean * ret->mean, 0));
    ret->clipped_low_ratio = (double)low / n;
    ret->clipped_high_ratio = (double)high / n;
    ret->contrast = AS_MAX(to - from, 0);
}

static uint32_t stats_blank_columns(const stats_job *job)
{
    uint32_t left = 0, right = 0, w = job->width;
    while (left < w && job->low[left] == job->high[left] && job->low[left] == job->low[0])
        left++;
    while (right < w && job->low[w - 1 - right] == job->high[w - 1 - right] &&
           job->low[w - 1 - right] == job->low[w - 1])
        right++;
    return AS_MAX(left, right);
}

static bool stats_finish(stats_job *job, as_err *err)
{
    const stats_sums *sums = &job->sums;
    as_image_stats   *ret = job->ret;
    double            inner = (double)(job->width - 2) * (job->height - 2), edge = (double)sums->laplacian / inner;
    double            edge_variance = (double)sums->laplacian_squared / inner - edge * edge;
    stats_finish_levels(job, (double)job->width * job->height);
    ret->laplacian_variance = AS_MAX(edge_variance, 0);
    ret->tenengrad = (double)sums->gradient_squared / inner;
    ret->noise = stats_noise(job);
    ret->blank_rows_ratio = (double)AS_MAX(job->n_blank_top, job->n_blank_bottom) / job->height;
    ret->blank_columns_ratio = (double)stats_blank_columns(job) / job->width;
    for (uint32_t r = 0; r < STATS_HASH_DOWN; r++)
        for (uint32_t k = 0; k + 1 < STATS_HASH_ACROSS; k++)
            ret->difference_hash = ret->difference_hash << 1 | (sums->cells[r][k + 1] > sums->cells[r][k]);
    return as_motion_find(&job->windows, ret->noise, &ret->motion, err);
}

/* One block for all rows, widest values first. */
static bool stats_make(stats_job *job, as_err *err)
{
    size_t   width = job->width, across = AS_MAX(job->width / STATS_NOISE_SIDE, 1u);
    size_t   n_noise = across * (AS_MAX(job->height / STATS_NOISE_SIDE, 1u) + 1);
    bool     rgb = job->image->pixel == AS_PIXEL_RGB8;
    uint8_t *memory = calloc(1, n_noise * sizeof(float) + width * (2 * sizeof(uint16_t) + 2 + (rgb ? 3 : 0)));
    if (!memory)
        return AS_FAIL(err, AS_ENOMEM, "no memory for measuring a picture %u pixels wide", job->width);
    job->noise = (float *)(void *)memory;
    job->band = (uint16_t *)(void *)(memory + n_noise * sizeof(float));
    job->rough = job->band + width;
    job->low = (uint8_t *)(job->rough + width);
    job->high = job->low + width;
    job->luma = rgb ? job->high + width : NULL;
    memset(job->low, 255, width);
    job->ret->map.across = AS_MIN(job->width, AS_IMAGE_MAP_ACROSS);
    job->ret->map.down = AS_MIN(job->height, AS_IMAGE_MAP_DOWN);
    as_motion_place(&job->windows, job->width, job->height);
    return true;
}

static bool stats_run(stats_job *job, as_err *err)
{
    const uint8_t *rows[3] = {NULL, NULL, NULL};
    if (!stats_make(job, err))
        return false;
    for (uint32_t y = 0; y < job->height; y++) {
        const uint8_t *from = job->image->data + y * job->image->stride_bytes;
        rows[0] = rows[1];
        rows[1] = rows[2];
        rows[2] = from;
        if (job->luma) {
            uint8_t *luma = job->luma + (size_t)(y % 3) * job->width;
            stats_luma_row(luma, from, job->width);
            rows[2] = luma;
        }
        stats_add_row(job, y, rows);
    }
    bool ok = stats_finish(job, err);
    free(job->noise);
    return ok;
}

bool as_image_stats_of(const as_image *image, as_image_stats *ret, as_err *err)
{
    if (!as_image_check(image, err))
        return false;
    if (image->width < 3 || image->height < 3)
        return AS_FAIL(err, AS_EINVAL, "a picture of %u x %u pixels is too small to be measured (3 x 3 is the least)",
                       image->width, image->height);
    as_image_stats found = {0};
    stats_job     *job = calloc(1, sizeof *job);
    if (!job)
        return AS_FAIL(err, AS_ENOMEM, "no memory for measuring a picture");
    job->image = image;
    job->ret = &found;
    job->width = image->width;
    job->height = image->height;
    bool ok = stats_run(job, err);
    free(job);
    if (ok)
        *ret = found;
    return ok;
}
