/* SPDX-License-Identifier: Apache-2.0 */
#include "image/stats.h"

#include <math.h>

#include "base/isa.h"

#define STATS_HASH_ACROSS 9u
#define STATS_HASH_DOWN   8u
/* Columns at once, so that 2 * 1020^2 (the largest squared Sobel gradient) for each fits 31 bits. */
#define STATS_BLOCK       1024u
#define STATS_STEP        32u
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

/* The columns of a cell of the difference hash, and how many ninths of the outer two are not its own. */
typedef struct stats_cell {
    uint32_t first, end, cut_first, cut_last;
} stats_cell;

/* One picture on its way through. Rows of width values: three of luma (of RGB only), then the column sums. */
typedef struct stats_job {
    const as_image   *image;
    as_image_stats   *ret;
    uint32_t          width, height;
    uint8_t          *luma;                           /* NULL for Mono8: the picture's own rows do */
    uint32_t         *before;                         /* of width + 1: sum of the band's columns to the left */
    uint16_t         *band, *rough;                   /* column sums of luma, and of |Immerkaer's mask| */
    uint8_t          *low, *high;                     /* of each column */
    int32_t           row_cells[AS_IMAGE_MAP_ACROSS]; /* of one row of the map; a cell of the largest picture fits */
    uint32_t          map_from[AS_IMAGE_MAP_ACROSS + 1], sample_at[AS_IMAGE_MAP_SAMPLES]; /* columns */
    stats_cell        hash_cells[STATS_HASH_ACROSS];
    float            *noise;
    size_t            n_noise;
    uint32_t          band_from, band_end, map_row, n_sampled, sample_row, rough_rows, n_blank_top, n_blank_bottom;
    int               blank_bottom; /* level of the last blank rows */
    stats_sums        sums;
    as_motion_windows windows;
} stats_job;

/* ITU-R BT.601 in 1/256: 77 + 150 + 29 = 256, so that white stays 255. */
AS_ISA_CLONES(void, stats_luma_row, (uint8_t *restrict luma, const uint8_t *restrict rgb, size_t n), (luma, rgb, n))
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
AS_ISA_CLONES(bool, stats_add_columns,
              (uint16_t *restrict band, uint8_t *restrict low, uint8_t *restrict high, const uint8_t *restrict luma,
               size_t n),
              (band, low, high, luma, n))
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

/* 0 STATS_STEP times, then -1. */
static const int16_t stats_keep[2 * STATS_STEP] = {[STATS_STEP] = -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1,
                                                   -1};

typedef struct stats_edges {
    int32_t laplacian, laplacian_squared, gradient_squared;
} stats_edges;

/* n columns from i = 1 on of the middle row b, between its neighbours a and c. keep: -1 for those that count, 0 for others;
 * NULL: all do. */
__attribute__((always_inline)) static inline void stats_add_some(stats_edges *sums, const uint8_t *restrict a,
                                                                 const uint8_t *restrict b, const uint8_t *restrict c,
                                                                 uint16_t *restrict rough, size_t n,
                                                                 const int16_t *keep)
{
    int32_t sum = 0, squared = 0, gradient = 0;
    for (size_t i = 1; i <= n; i++) {
        int16_t sides = (int16_t)(a[i] + b[i - 1] + b[i + 1] + c[i]);
        int16_t corners = (int16_t)(a[i - 1] + a[i + 1] + c[i - 1] + c[i + 1]);
        int16_t laplacian = (int16_t)(sides - 4 * b[i]);
        int16_t mask = (int16_t)(corners - 2 * sides + 4 * b[i]);
        int16_t gx = (int16_t)(a[i + 1] - a[i - 1] + 2 * (b[i + 1] - b[i - 1]) + c[i + 1] - c[i - 1]);
        int16_t gy = (int16_t)(c[i - 1] - a[i - 1] + 2 * (c[i] - a[i]) + c[i + 1] - a[i + 1]);
        if (keep) {
            laplacian = (int16_t)(laplacian & keep[i - 1]);
            mask = (int16_t)(mask & keep[i - 1]);
            gx = (int16_t)(gx & keep[i - 1]);
            gy = (int16_t)(gy & keep[i - 1]);
        }
        rough[i] = (uint16_t)(rough[i] + (mask < 0 ? -mask : mask));
        sum += laplacian;
        squared += laplacian * laplacian;
        gradient += gx * gx + gy * gy;
    }
    sums->laplacian += sum;
    sums->laplacian_squared += squared;
    sums->gradient_squared += gradient;
}

/* Columns 1 to n - 2 of the middle row b, between its neighbours a and c. */
AS_ISA_CLONES(void, stats_add_edges,
              (stats_sums * sums, const uint8_t *a, const uint8_t *b, const uint8_t *c, uint16_t *rough, size_t n),
              (sums, a, b, c, rough, n))
{
    for (size_t at = 0; at < n - 2; at += STATS_BLOCK) {
        stats_edges edges = {0};
        size_t      i = at, end = AS_MIN(n - 2, at + STATS_BLOCK);
        for (; i + STATS_STEP <= end; i += STATS_STEP)
            stats_add_some(&edges, a + i, b + i, c + i, rough + i, STATS_STEP, NULL);
        /* The rest as a whole step that began earlier: vectors have no remainder to walk through. */
        if (i < end && end >= STATS_STEP)
            stats_add_some(&edges, a + end - STATS_STEP, b + end - STATS_STEP, c + end - STATS_STEP,
                           rough + end - STATS_STEP, STATS_STEP, stats_keep + end - i);
        else
            stats_add_some(&edges, a + i, b + i, c + i, rough + i, end - i, NULL);
        sums->laplacian += edges.laplacian;
        sums->laplacian_squared += (uint32_t)edges.laplacian_squared;
        sums->gradient_squared += (uint32_t)edges.gradient_squared;
    }
}

AS_ISA_CLONES(uint64_t, stats_sum, (const uint16_t *band, size_t n), (band, n))
{
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += band[i];
    return sum;
}

/* The first pixel of cell k of `cells` over `pixels`. */
static uint32_t stats_cell_from(uint32_t k, uint32_t cells, uint32_t pixels)
{
    return (uint32_t)((uint64_t)k * pixels / cells);
}

/* Where the next samples are; past the picture when there are no more. */
static uint32_t stats_sample_row(const stats_job *job)
{
    return stats_cell_from(2 * job->n_sampled + 1, 2 * AS_IMAGE_MAP_SAMPLES, job->height);
}

/* A pixel is 9 units wide and 8 high, a cell of the hash as many units as the picture has pixels: a pixel on a border goes
 * to both sides by whole numbers, exactly. */
static void stats_make_cells(stats_job *job)
{
    const as_image_map *map = &job->ret->map;
    for (uint32_t k = 0; k < STATS_HASH_ACROSS; k++) {
        uint64_t from = (uint64_t)k * job->width, to = from + job->width;
        uint32_t first = (uint32_t)(from / STATS_HASH_ACROSS), last = (uint32_t)((to - 1) / STATS_HASH_ACROSS);
        job->hash_cells[k] = (stats_cell){first, last + 1, (uint32_t)(from - (uint64_t)first * STATS_HASH_ACROSS),
                                          (uint32_t)((uint64_t)(last + 1) * STATS_HASH_ACROSS - to)};
    }
    for (uint32_t k = 0; k <= map->across; k++)
        job->map_from[k] = stats_cell_from(k, map->across, job->width);
    for (uint32_t k = 0; k < AS_IMAGE_MAP_SAMPLES; k++)
        job->sample_at[k] = stats_cell_from(2 * k + 1, 2 * AS_IMAGE_MAP_SAMPLES, job->width);
}

/* Adds the band to the 9 x 8 cells. It is of one row of cells, or one row of pixels on a border. */
static void stats_add_hash(stats_job *job)
{
    uint64_t height = job->height, from = (uint64_t)job->band_from * STATS_HASH_DOWN, to = from + STATS_HASH_DOWN;
    for (uint32_t r = (uint32_t)(from / height); r < STATS_HASH_DOWN && r * height < to; r++) {
        uint64_t low = AS_MAX(from, r * height), high = AS_MIN(to, (r + 1) * height);
        for (uint32_t k = 0; k < STATS_HASH_ACROSS; k++) {
            const stats_cell *cell = &job->hash_cells[k];
            uint64_t          sum = STATS_HASH_ACROSS * ((uint64_t)job->before[cell->end] - job->before[cell->first]);
            sum -= (uint64_t)cell->cut_first * job->band[cell->first] + cell->cut_last * job->band[cell->end - 1];
            job->sums.cells[r][k] += (high - low) * sum;
        }
    }
}

static void stats_end_map_row(stats_job *job)
{
    as_image_map *map = &job->ret->map;
    uint32_t      row = job->map_row++,
             rows = stats_cell_from(row + 1, map->down, job->height) - stats_cell_from(row, map->down, job->height);
    for (uint32_t k = 0; k < map->across; k++) {
        /* In doubles, whose quotient is exact enough to be rounded down: division of whole numbers takes ten times as long. */
        int32_t n = (int32_t)(rows * (job->map_from[k + 1] - job->map_from[k]));
        double  sum = (double)job->row_cells[k] * AS_IMAGE_MAP_ONE + n / 2;
        map->cells[row][k] = (uint16_t)(int32_t)(sum / n);
        job->row_cells[k] = 0;
    }
}

/* The first row that may not be added to a band from band_from on. */
static uint32_t stats_band_end(const stats_job *job)
{
    uint32_t from = job->band_from, end = AS_MIN(job->height, from + STATS_BAND_ROWS);
    uint32_t map_end = stats_cell_from(job->map_row + 1, job->ret->map.down, job->height);
    uint32_t hash_row = (uint32_t)((uint64_t)from * STATS_HASH_DOWN / job->height);
    uint32_t hash_end = stats_cell_from(hash_row + 1, STATS_HASH_DOWN, job->height); /* or within this row */
    return AS_MIN(AS_MIN(end, map_end), AS_MAX(hash_end, from + 1));
}

/* After the last row of a band: it is added up. */
static void stats_end_band(stats_job *job)
{
    const as_image_map *map = &job->ret->map;
    const uint16_t     *band = job->band;
    uint32_t            sum = 0, *before = job->before;
    for (size_t i = 0, n = job->width; i < n; i++)
        before[i + 1] = sum += band[i];
    stats_add_hash(job);
    for (uint32_t k = 0; k < map->across; k++)
        job->row_cells[k] += (int32_t)(job->before[job->map_from[k + 1]] - job->before[job->map_from[k]]);
    if (job->band_end == stats_cell_from(job->map_row + 1, map->down, job->height))
        stats_end_map_row(job);
    memset(job->band, 0, job->width * sizeof *job->band);
    job->band_from = job->band_end;
    job->band_end = stats_band_end(job);
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
    if (y + 1 == job->band_end)
        stats_end_band(job);
    as_motion_row(&job->windows, y, luma);
    if (y >= 2) {
        stats_add_edges(&job->sums, rows[0], rows[1], luma, job->rough, job->width);
        if (++job->rough_rows == STATS_NOISE_SIDE)
            stats_end_noise(job, false);
    }
    while (job->sample_row == y) {
        uint8_t *to = job->ret->map.samples + (size_t)job->n_sampled++ * AS_IMAGE_MAP_SAMPLES;
        for (uint32_t i = 0; i < AS_IMAGE_MAP_SAMPLES; i++)
            to[i] = luma[job->sample_at[i]];
        job->sample_row = stats_sample_row(job);
    }
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

/* One block for all rows, widest values first, those that begin as zero next to each other. */
static bool stats_make(stats_job *job, as_err *err)
{
    as_motion_place(&job->windows, job->width, job->height);
    size_t   width = job->width, across = AS_MAX(job->width / STATS_NOISE_SIDE, 1u);
    size_t   n_noise = across * (AS_MAX(job->height / STATS_NOISE_SIDE, 1u) + 1);
    size_t   luma_bytes = job->image->pixel == AS_PIXEL_RGB8 ? 3 * width : 0;
    size_t   wide_bytes = n_noise * sizeof *job->noise + (width + 1) * sizeof *job->before;
    size_t   zero_bytes = width * (2 * sizeof *job->band + 1);
    uint8_t *memory = malloc(wide_bytes + zero_bytes + width + luma_bytes + job->windows.n * AS_MOTION_BYTES);
    if (!memory)
        return AS_FAIL(err, AS_ENOMEM, "no memory for measuring a picture %u pixels wide", job->width);
    job->noise = (float *)(void *)memory;
    job->before = (uint32_t *)(void *)(job->noise + n_noise);
    job->band = (uint16_t *)(void *)(memory + wide_bytes);
    job->rough = job->band + width;
    job->high = (uint8_t *)(job->rough + width);
    job->low = job->high + width;
    job->luma = luma_bytes ? job->low + width : NULL;
    job->windows.pixels = job->low + width + luma_bytes;
    job->before[0] = 0;
    memset(job->band, 0, zero_bytes);
    memset(job->low, 255, width);
    job->ret->map.across = AS_MIN(job->width, AS_IMAGE_MAP_ACROSS);
    job->ret->map.down = AS_MIN(job->height, AS_IMAGE_MAP_DOWN);
    stats_make_cells(job);
    job->band_end = stats_band_end(job);
    job->sample_row = stats_sample_row(job);
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
    stats_job      job = {.image = image, .ret = &found, .width = image->width, .height = image->height};
    bool           ok = stats_run(&job, err);
    if (ok)
        *ret = found;
    return ok;
}
