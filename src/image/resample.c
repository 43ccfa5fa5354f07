/* SPDX-License-Identifier: Apache-2.0 */
#include "image/resample.h"

#include <math.h>

#include "base/isa.h"

/* The largest sum of a column that goes across, and what white is of those that were made of floats. */
#define RESAMPLE_MOST  32766.0f
#define RESAMPLE_WHITE 32640.0f
/* Of columns too high for 15 bits: rows that are added as whole numbers first, shifted so that white is RESAMPLE_WHITE. */
#define RESAMPLE_BAND  64u
#define RESAMPLE_LEVEL (RESAMPLE_WHITE / 255)

/* Which way a picture goes. */
enum {
    RESAMPLE_MONO,     /* bytes, one plane */
    RESAMPLE_RGB,      /* bytes, three interleaved */
    RESAMPLE_YUV422,   /* bytes, luma and chroma interleaved */
    RESAMPLE_NV12,     /* bytes, luma, then pairs of chroma */
    RESAMPLE_SQUARES,  /* a Bayer picture, by squares */
    RESAMPLE_DEMOSAIC, /* a Bayer picture, every pixel in colour */
    RESAMPLE_DEEP,     /* words, one plane */
};

static bool resample_deep(const as_resample *r)
{
    return as_pixel_facts_of(r->pixel)->bits > 8 || r->form == RESAMPLE_DEMOSAIC;
}

static int resample_form(const as_pixel_facts *facts, const as_placement *p, as_filter filter)
{
    bool half = p->from_width >= 2 * p->to_width && p->from_height >= 2 * p->to_height;
    switch (facts->kind) {
    case AS_PIXEL_KIND_RGB: return RESAMPLE_RGB;
    case AS_PIXEL_KIND_YUV422: return RESAMPLE_YUV422;
    case AS_PIXEL_KIND_NV12: return RESAMPLE_NV12;
    case AS_PIXEL_KIND_BAYER: return half && filter == AS_FILTER_AREA ? RESAMPLE_SQUARES : RESAMPLE_DEMOSAIC;
    default: return facts->bits > 8 ? RESAMPLE_DEEP : RESAMPLE_MONO;
    }
}

/* The axes over pixels, and over cells of two where the form has such. */
static bool resample_axes(as_resample *r, const as_placement *p, as_filter filter, as_err *err)
{
    bool     bayer = r->form == RESAMPLE_SQUARES, chroma = r->form == RESAMPLE_NV12;
    uint32_t wide = bayer ? r->width / 2 : (r->width + 1) / 2, high = bayer ? r->height / 2 : (r->height + 1) / 2;
    bool     ok = true;
    if (!bayer)
        ok = as_axis_init(&r->x[0], (as_span){p->from_x, p->from_width, r->width, 1}, p->to_width, filter, err) &&
             as_axis_init(&r->y[0], (as_span){p->from_y, p->from_height, r->height, 1}, p->to_height, filter, err);
    if (ok && (bayer || chroma || r->form == RESAMPLE_YUV422))
        ok = as_axis_init(&r->x[1], (as_span){p->from_x, p->from_width, wide, 2}, p->to_width, filter, err);
    if (ok && (bayer || chroma))
        ok = as_axis_init(&r->y[1], (as_span){p->from_y, p->from_height, high, 2}, p->to_height, filter, err);
    return ok;
}

/* Every row of sums has room for the widest one, and for what across reads behind it. */
static bool resample_rows(as_resample *r, uint32_t to_width)
{
    size_t wide = AS_MAX((size_t)r->x[0].n_cells * 3, ((size_t)r->x[1].n_cells + 1) * 4);
    size_t taps = AS_MAX(r->x[0].taps, r->x[1].taps), n = wide + 3 * taps + 2 * AS_ROW_MARGIN;
    bool   ok = (r->tall = calloc(3 * n, sizeof *r->tall)) != NULL;
    for (int i = 0; ok && i < 3; i++) {
        r->sums[i] = calloc(n, sizeof *r->sums[i]);
        r->rows[i] = calloc(to_width, sizeof *r->rows[i]);
        ok = r->sums[i] && r->rows[i];
    }
    return ok;
}

bool as_resample_init(as_resample *r, as_pixel pixel, uint32_t width, uint32_t height, const as_placement *place,
                      as_filter filter, as_err *err)
{
    const as_pixel_facts *facts = as_pixel_facts_of(pixel);
    *r = (as_resample){.pixel = pixel, .width = width, .height = height};
    r->planes = facts->kind == AS_PIXEL_KIND_MONO ? 1 : 3;
    r->form = resample_form(facts, place, filter);
    r->kernels = as_row_kernels_best();
    r->matrix = as_yuv_matrix_of(facts->yuv);
    bool ok = resample_axes(r, place, filter, err);
    if (ok && resample_deep(r))
        ok = as_unpack_init(&r->unpack, pixel, width, r->form == RESAMPLE_DEMOSAIC, err);
    if (ok && !resample_rows(r, place->to_width))
        ok = AS_FAIL(err, AS_ENOMEM, "no memory for resizing pictures of %u x %u pixels", width, height);
    if (!ok)
        as_resample_done(r);
    return ok;
}

void as_resample_done(as_resample *r)
{
    for (int i = 0; i < 2; i++) {
        as_axis_done(&r->x[i]);
        as_axis_done(&r->y[i]);
    }
    for (int i = 0; i < 3; i++) {
        free(r->sums[i]);
        free(r->rows[i]);
    }
    free(r->tall);
    as_unpack_done(&r->unpack);
    *r = (as_resample){0};
}

void as_resample_begin(as_resample *r, const as_image *image)
{
    r->image = *image;
    as_unpack_begin(&r->unpack, &r->image);
}

AS_ISA_CLONES(void, resample_add_sums, (float *restrict tall, const int16_t *restrict sums, float share, size_t n),
              (tall, sums, share, n))
{
    for (size_t i = 0; i < n; i++)
        tall[i] += share * (float)sums[i];
}

AS_ISA_CLONES(void, resample_add_words, (float *restrict tall, const uint16_t *restrict row, float share, size_t n),
              (tall, row, share, n))
{
    for (size_t i = 0; i < n; i++)
        tall[i] += share * (float)row[i];
}

AS_ISA_CLONES(void, resample_set_words, (float *restrict tall, const uint16_t *restrict row, float share, size_t n),
              (tall, row, share, n))
{
    for (size_t i = 0; i < n; i++)
        tall[i] = share * (float)row[i];
}

AS_ISA_CLONES(void, resample_round, (int16_t *restrict out, const float *restrict tall, float gain, size_t n),
              (out, tall, gain, n))
{
    for (size_t i = 0; i < n; i++)
        out[i] = (int16_t)(int32_t)(tall[i] * gain + 0.5f);
}

/* Share of row k of output i. */
static float resample_share(const as_axis *y, uint32_t i, uint32_t k)
{
    return k == 0 ? y->first[i] : k + 1 == y->count[i] ? y->last[i] : 1;
}

/* Columns of more than 128 rows: bands of whole rows, added up in floats. */
static float resample_down_tall(as_resample *r, const as_axis *y, uint32_t i, const uint8_t *rows, size_t stride,
                                int16_t *out, size_t n)
{
    memset(r->tall, 0, n * sizeof *r->tall);
    for (uint32_t k = 0, band; k < y->count[i]; k += band) {
        band = k == 0 ? 1 : AS_MIN(AS_MAX(y->count[i] - 1 - k, 1u), RESAMPLE_BAND);
        const uint8_t    *mid = rows + k * stride;
        const as_row_down job = {.edge = {mid, mid}, .mid = mid, .stride_bytes = stride, .n_mid = band, .shift = 1};
        r->kernels->down(out, &job, n);
        resample_add_sums(r->tall, out, resample_share(y, i, k), n);
    }
    resample_round(out, r->tall, RESAMPLE_LEVEL / 2 / y->total, n);
    return RESAMPLE_LEVEL;
}

/* Adds up the rows of output i, n bytes each, from `rows` (that of y->first_cell) on. Returns what a level is in the sums.
 * Rows that only share in it are cut off to whole numbers: half of what that takes from two of them is given back. */
static float resample_down(as_resample *r, const as_axis *y, uint32_t i, const uint8_t *rows, size_t stride,
                           int16_t *out, size_t n)
{
    int shift = 0;
    rows += y->start[i] * stride;
    if (255 * y->total > RESAMPLE_MOST)
        return resample_down_tall(r, y, i, rows, stride, out, n);
    while (shift < 7 && 255 * y->total * (float)(2 << shift) <= RESAMPLE_MOST)
        shift++;
    as_row_down job = {.edge = {rows, rows}, .mid = rows, .stride_bytes = stride, .n_mid = y->count[i], .shift = shift};
    const float unit = (float)(256 << shift);
    if (y->first[i] != 1) { /* exact: the shares of whole rows are added from whole numbers */
        job.weight[0] = (uint16_t)lrintf(y->first[i] * unit);
        job.mid += stride;
        job.n_mid--;
    }
    if (job.n_mid > 0 && y->count[i] > 1 && y->last[i] != 1) {
        job.edge[1] = rows + (y->count[i] - 1) * stride;
        job.weight[1] = (uint16_t)lrintf(y->last[i] * unit);
        job.n_mid--;
    }
    job.bias = job.weight[0] && job.weight[1];
    r->kernels->down(out, &job, n);
    return (float)(1 << shift) * y->total;
}

/* Words come by row, in one plane or three. Row numbers: step * cell + sub. */
static float resample_down_deep(as_resample *r, const as_axis *y, uint32_t i, uint32_t step, uint32_t sub,
                                uint32_t first, size_t n)
{
    bool     colour = r->form == RESAMPLE_DEMOSAIC;
    uint32_t planes = colour ? 3 : 1;
    float    most = (float)(colour ? r->unpack.colour_most : r->unpack.most);
    for (uint32_t k = 0; k < y->count[i]; k++) {
        uint32_t        row = step * (y->first_cell + y->start[i] + k) + sub;
        float           share = resample_share(y, i, k);
        const uint16_t *from[3] = {NULL};
        if (colour)
            as_unpack_colour(&r->unpack, row, from);
        else
            from[0] = as_unpack_row(&r->unpack, row);
        for (uint32_t c = 0; c < planes; c++)
            (k == 0 ? resample_set_words : resample_add_words)(r->tall + c * n, from[c] + first, share, n);
    }
    for (uint32_t c = 0; c < planes; c++)
        resample_round(r->sums[c], r->tall + c * n, RESAMPLE_WHITE / most / y->total, n);
    return RESAMPLE_LEVEL;
}

AS_ISA_CLONES(void, resample_copy1, (float *restrict out, const int16_t *restrict in, as_row_affine a, size_t n),
              (out, in, a, n))
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)in[i] * a.gain + a.offset;
}

AS_ISA_CLONES(void, resample_copy3,
              (float *restrict red, float *restrict green, float *restrict blue, const int16_t *restrict in,
               const as_row_affine *restrict a, size_t n),
              (red, green, blue, in, a, n))
{
    const as_row_affine r = a[0], g = a[1], b = a[2];
    for (size_t i = 0; i < n; i++) {
        red[i] = (float)in[3 * i] * r.gain + r.offset;
        green[i] = (float)in[3 * i + 1] * g.gain + g.offset;
        blue[i] = (float)in[3 * i + 2] * b.gain + b.offset;
    }
}

/* Sums, in which a level is `level`, to floats. */
static void resample_across(const as_resample *r, uint32_t channels, const int16_t *in, const as_axis *x, float level,
                            float *const *out, const as_row_affine *affine)
{
    as_row_affine a[3];
    float         unit = x->copy ? level : level * x->total * x->full;
    for (uint32_t c = 0; c < channels; c++)
        a[c] = (as_row_affine){affine[c].gain / unit, affine[c].offset};
    if (x->copy && channels == 1)
        resample_copy1(out[0], in, a[0], x->n_out);
    else if (x->copy && channels == 3)
        resample_copy3(out[0], out[1], out[2], in, a, x->n_out);
    else
        r->kernels->across[channels - 1](out, in, x, a);
}

AS_ISA_CLONES(void, resample_sum, (float *restrict out, const float *restrict more, size_t n), (out, more, n))
{
    for (size_t i = 0; i < n; i++)
        out[i] += more[i];
}

/* One output row of y, u and v levels to one colour. */
AS_ISA_CLONES(void, resample_colour,
              (float *restrict out, const float *restrict y, const float *restrict u, const float *restrict v,
               const float *restrict m, as_row_affine a, size_t n),
              (out, y, u, v, m, a, n))
{
    const float m0 = m[0], m1 = m[1], m2 = m[2], m3 = m[3];
    for (size_t i = 0; i < n; i++) {
        float level = y[i] * m0 + u[i] * m1 + v[i] * m2 + m3;
        level = level < 0 ? 0 : level;
        level = level > 255 ? 255 : level;
        out[i] = level * a.gain + a.offset;
    }
}

/* Luma and chroma of pairs of pixels, by their sums. */
AS_ISA_CLONES(void, resample_split,
              (int16_t *restrict even, int16_t *restrict odd, const int16_t *restrict in, size_t n), (even, odd, in, n))
{
    for (size_t i = 0; i < n; i++) {
        even[i] = in[2 * i];
        odd[i] = in[2 * i + 1];
    }
}

static const as_row_affine resample_levels[3] = {{1, 0}, {1, 0}, {1, 0}};

static void resample_row_yuv(as_resample *r, uint32_t i, float *const *out, const as_row_affine *affine)
{
    const as_image *image = &r->image;
    const as_axis  *x = &r->x[0], *pairs = &r->x[1], *y = &r->y[0];
    float           level;
    int16_t        *luma = r->sums[0], *chroma = r->sums[1];
    if (r->form == RESAMPLE_NV12) {
        const uint8_t *rows = image->data + y->first_cell * image->stride_bytes + x->first_cell;
        level = resample_down(r, y, i, rows, image->stride_bytes, luma, x->n_cells);
        resample_across(r, 1, luma, x, level, r->rows, resample_levels);
        rows = image->data + ((size_t)image->height + r->y[1].first_cell) * image->stride_bytes +
               (size_t)2 * pairs->first_cell;
        level = resample_down(r, &r->y[1], i, rows, image->stride_bytes, chroma, (size_t)2 * pairs->n_cells);
    } else {
        bool           u_first = as_pixel_facts_of(r->pixel)->first_x == 1;
        size_t         n = (size_t)2 * pairs->n_cells;
        const uint8_t *rows = image->data + y->first_cell * image->stride_bytes + (size_t)4 * pairs->first_cell;
        level = resample_down(r, y, i, rows, image->stride_bytes, r->sums[2], 2 * n);
        resample_split(u_first ? chroma : luma, u_first ? luma : chroma, r->sums[2], n);
        resample_across(r, 1, luma + (x->first_cell - 2 * pairs->first_cell), x, level, r->rows, resample_levels);
    }
    resample_across(r, 2, chroma, pairs, level, r->rows + 1, resample_levels);
    for (int c = 0; c < 3; c++)
        resample_colour(out[c], r->rows[0], r->rows[1], r->rows[2], r->matrix.m[c], affine[c], x->n_out);
}

static void resample_row_squares(as_resample *r, uint32_t i, float *const *out, const as_row_affine *affine)
{
    const as_image       *image = &r->image;
    const as_pixel_facts *facts = as_pixel_facts_of(r->pixel);
    const as_axis        *x = &r->x[1], *y = &r->y[1];
    size_t                n = (size_t)2 * x->n_cells, stride = image->stride_bytes;
    for (uint32_t sub = 0; sub < 2; sub++) {
        float level;
        if (facts->bits > 8) {
            level = resample_down_deep(r, y, i, 2, sub, 2 * x->first_cell, n);
        } else {
            const uint8_t *rows = image->data + (2 * y->first_cell + sub) * stride + (size_t)2 * x->first_cell;
            level = resample_down(r, y, i, rows, 2 * stride, r->sums[0], n);
        }
        /* A square has two greens: each gives half, and the first brings the offset. */
        bool          red = sub == facts->first_y;
        uint32_t      own = red ? facts->first_x : 1 - facts->first_x;
        as_row_affine a[2];
        float        *to[2];
        a[own] = affine[red ? 0 : 2];
        to[own] = out[red ? 0 : 2];
        a[1 - own] = (as_row_affine){affine[1].gain / 2, sub == 0 ? affine[1].offset : 0};
        to[1 - own] = sub == 0 ? out[1] : r->rows[0];
        resample_across(r, 2, r->sums[0], x, level, to, a);
    }
    resample_sum(out[1], r->rows[0], x->n_out);
}

void as_resample_row(as_resample *r, uint32_t i, float *const *out, const as_row_affine *affine)
{
    const as_image *image = &r->image;
    const as_axis  *x = &r->x[0], *y = &r->y[0];
    size_t          bytes = as_pixel_bytes(r->pixel);
    if (r->form == RESAMPLE_YUV422 || r->form == RESAMPLE_NV12) {
        resample_row_yuv(r, i, out, affine);
    } else if (r->form == RESAMPLE_SQUARES) {
        resample_row_squares(r, i, out, affine);
    } else if (resample_deep(r)) {
        float level = resample_down_deep(r, y, i, 1, 0, x->first_cell, x->n_cells);
        for (uint32_t c = 0; c < r->planes; c++)
            resample_across(r, 1, r->sums[c], x, level, out + c, affine + c);
    } else {
        const uint8_t *rows = image->data + y->first_cell * image->stride_bytes + x->first_cell * bytes;
        float          level = resample_down(r, y, i, rows, image->stride_bytes, r->sums[0], x->n_cells * bytes);
        if (r->form == RESAMPLE_MONO) {
            resample_across(r, 1, r->sums[0], x, level, out, affine);
            return;
        }
        const uint32_t      red = as_pixel_facts_of(r->pixel)->first_x == 1 ? 2 : 0, blue = 2 - red;
        float *const        to[3] = {out[red], out[1], out[blue]};
        const as_row_affine a[3] = {affine[red], affine[1], affine[blue]};
        resample_across(r, 3, r->sums[0], x, level, to, a);
    }
}

/* a * b / c to the nearest whole number, at least 1 and at most `most`. */
static uint32_t placement_scale(uint32_t a, uint32_t b, uint32_t c, uint32_t most)
{
    uint64_t scaled = ((uint64_t)a * b + c / 2) / c;
    return (uint32_t)AS_MIN(AS_MAX(scaled, 1u), most);
}

as_placement as_placement_of(as_fit fit, uint32_t in_width, uint32_t in_height, uint32_t out_width, uint32_t out_height)
{
    as_placement p = {0, 0, in_width, in_height, 0, 0, out_width, out_height};
    bool         wider = (uint64_t)in_width * out_height > (uint64_t)in_height * out_width;
    if (fit == AS_FIT_INSIDE && wider)
        p.to_height = placement_scale(in_height, out_width, in_width, out_height);
    else if (fit == AS_FIT_INSIDE)
        p.to_width = placement_scale(in_width, out_height, in_height, out_width);
    else if (fit == AS_FIT_COVER && wider)
        p.from_width = placement_scale(in_height, out_width, out_height, in_width);
    else if (fit == AS_FIT_COVER)
        p.from_height = placement_scale(in_width, out_height, out_width, in_height);
    p.from_x = (in_width - p.from_width) / 2;
    p.from_y = (in_height - p.from_height) / 2;
    p.to_x = (out_width - p.to_width) / 2;
    p.to_y = (out_height - p.to_height) / 2;
    return p;
}
