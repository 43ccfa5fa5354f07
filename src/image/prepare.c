/* SPDX-License-Identifier: Apache-2.0 */
#include "image/prepare.h"

#include <math.h>

#include "base/isa.h"
#include "image/resample.h"

/* ITU-R BT.601 luma. */
#define PREPARE_LUMA_R 0.299f
#define PREPARE_LUMA_G 0.587f
#define PREPARE_LUMA_B 0.114f

struct as_prepare {
    as_input_spec spec;
    as_row_affine affine[3];           /* of the output channels */
    uint32_t      in_width, in_height; /* what the tables below are for; 0: nothing yet */
    as_pixel      in_pixel;
    as_placement  place;
    as_resample   resample;
    as_put        put;
    float        *levels[3]; /* a row before its colours are mixed */
    float        *pad[3];    /* a row of nothing but padding */
};

static const char *const prepare_names[AS_RESIZE_COUNT] = {"none", "standard", "fit_to_window_letterbox", "crop"};

const char *as_resize_name(as_resize resize)
{
    return (unsigned)resize < AS_RESIZE_COUNT ? prepare_names[resize] : prepare_names[AS_RESIZE_NONE];
}

as_resize as_resize_parse(const char *name)
{
    for (int i = AS_RESIZE_STANDARD; i < AS_RESIZE_COUNT; i++)
        if (strcmp(name, prepare_names[i]) == 0)
            return (as_resize)i;
    return AS_RESIZE_NONE;
}

static bool prepare_fit(as_resize resize, as_fit *ret, as_err *err)
{
    switch (resize) {
    case AS_RESIZE_STANDARD: *ret = AS_FIT_STRETCH; return true;
    case AS_RESIZE_LETTERBOX: *ret = AS_FIT_INSIDE; return true;
    case AS_RESIZE_CROP: *ret = AS_FIT_COVER; return true;
    default: return AS_FAIL(err, AS_EINVAL, "no way to resize was chosen (standard, fit_to_window_letterbox, crop)");
    }
}

static bool prepare_check(const as_input_spec *spec, as_err *err)
{
    as_fit fit = AS_FIT_STRETCH;
    if (!as_image_check_size(spec->width, spec->height, err) || !prepare_fit(spec->resize, &fit, err))
        return as_err_note(err, "the network's input");
    if (spec->channels != 1 && spec->channels != 3)
        return AS_FAIL(err, AS_EINVAL, "the network's input has %u channels: 1 and 3 are possible", spec->channels);
    if ((unsigned)spec->filter >= AS_FILTER_COUNT)
        return AS_FAIL(err, AS_EINVAL, "the network's input is resized by filter %d, which is not known",
                       (int)spec->filter);
    for (uint32_t c = 0; c < spec->channels; c++)
        if (!isfinite(spec->mean[c]) || !isfinite(spec->scale[c]) || !isnormal(1 / spec->scale[c]))
            return AS_FAIL(err, AS_EINVAL,
                           "the network's input cannot be normalised with mean %g and scale %g (channel %u)",
                           (double)spec->mean[c], (double)spec->scale[c], c);
    return true;
}

static bool prepare_init(as_prepare *prepare, const as_put_spec *put, as_err *err)
{
    const as_input_spec *spec = &prepare->spec;
    if (!as_put_init(&prepare->put, put, spec->width, spec->height, spec->channels, err))
        return false;
    for (uint32_t c = 0; c < 3; c++) {
        prepare->levels[c] = calloc(spec->width, sizeof *prepare->levels[c]);
        prepare->pad[c] = calloc(spec->width, sizeof *prepare->pad[c]);
        if (!prepare->levels[c] || !prepare->pad[c])
            return AS_FAIL(err, AS_ENOMEM, "no memory for preparing pictures");
    }
    for (uint32_t c = 0; c < spec->channels; c++) {
        as_row_affine a = {1 / spec->scale[c], (float)(-(double)spec->mean[c] / (double)spec->scale[c])};
        prepare->affine[c] = a;
        for (uint32_t x = 0; x < spec->width; x++)
            prepare->pad[c][x] = (float)spec->pad_value * a.gain + a.offset;
    }
    return true;
}

as_prepare *as_prepare_new_as(const as_input_spec *spec, const as_put_spec *put, as_err *err)
{
    if (!prepare_check(spec, err))
        return NULL;
    as_prepare *prepare = calloc(1, sizeof *prepare);
    if (!prepare) {
        AS_FAIL(err, AS_ENOMEM, "no memory for preparing pictures");
        return NULL;
    }
    prepare->spec = *spec;
    return prepare_init(prepare, put, err) ? prepare : as_prepare_free(prepare);
}

as_prepare *as_prepare_new(const as_input_spec *spec, as_err *err)
{
    const as_put_spec plain = {.layout = AS_PUT_PLANAR, .type = AS_PUT_F32};
    return as_prepare_new_as(spec, &plain, err);
}

as_prepare *as_prepare_free(as_prepare *prepare)
{
    if (!prepare)
        return NULL;
    as_resample_done(&prepare->resample);
    as_put_done(&prepare->put);
    for (int c = 0; c < 3; c++) {
        free(prepare->levels[c]);
        free(prepare->pad[c]);
    }
    free(prepare);
    return NULL;
}

size_t as_prepare_bytes(const as_prepare *prepare)
{
    return as_put_bytes(&prepare->put);
}

/* What of a picture is taken, and where it goes. */
static bool prepare_place(const as_input_spec *spec, uint32_t width, uint32_t height, as_placement *ret, as_err *err)
{
    as_roi roi = spec->roi;
    as_fit fit = AS_FIT_STRETCH;
    if (!prepare_fit(spec->resize, &fit, err))
        return false;
    if (roi.width == 0)
        roi = (as_roi){0, 0, width, height};
    if (roi.height == 0 || roi.x >= width || roi.width > width - roi.x || roi.y >= height ||
        roi.height > height - roi.y)
        return AS_FAIL(err, AS_EINVAL, "the region of %u x %u pixels at %u, %u does not lie in a picture of %u x %u",
                       roi.width, roi.height, roi.x, roi.y, width, height);
    *ret = as_placement_of(fit, roi.width, roi.height, spec->width, spec->height);
    ret->from_x += roi.x;
    ret->from_y += roi.y;
    return true;
}

bool as_prepare_to_source(const as_input_spec *spec, uint32_t width, uint32_t height, as_mapping *ret, as_err *err)
{
    as_placement p;
    if (!as_image_check_size(width, height, err) || !as_image_check_size(spec->width, spec->height, err) ||
        !prepare_place(spec, width, height, &p, err))
        return false;
    double scale_x = (double)p.from_width / p.to_width, scale_y = (double)p.from_height / p.to_height;
    *ret = (as_mapping){scale_x, scale_y, p.from_x - p.to_x * scale_x, p.from_y - p.to_y * scale_y, width, height};
    return true;
}

as_mapping as_mapping_invert(const as_mapping *m, uint32_t width, uint32_t height)
{
    return (as_mapping){1 / m->scale_x,           1 / m->scale_y, -m->shift_x / m->scale_x,
                        -m->shift_y / m->scale_y, width,          height};
}

void as_mapping_point(const as_mapping *m, double *x, double *y)
{
    *x = *x * m->scale_x + m->shift_x;
    *y = *y * m->scale_y + m->shift_y;
}

void as_mapping_box(const as_mapping *m, float box[4])
{
    for (int i = 0; i < 4; i += 2) {
        double x = (double)box[i], y = (double)box[i + 1];
        as_mapping_point(m, &x, &y);
        box[i] = (float)fmin(fmax(x, 0), m->width);
        box[i + 1] = (float)fmin(fmax(y, 0), m->height);
    }
}

static bool prepare_geometry(as_prepare *prepare, const as_image *image, as_err *err)
{
    if (prepare->in_width == image->width && prepare->in_height == image->height && prepare->in_pixel == image->pixel)
        return true;
    as_placement p;
    as_resample_done(&prepare->resample);
    prepare->in_width = 0;
    if (!prepare_place(&prepare->spec, image->width, image->height, &p, err))
        return false;
    if (!as_resample_init(&prepare->resample, image->pixel, image->width, image->height, &p, prepare->spec.filter, err))
        return false;
    prepare->place = p;
    prepare->in_width = image->width;
    prepare->in_height = image->height;
    prepare->in_pixel = image->pixel;
    return true;
}

AS_ISA_CLONES(void, prepare_affine, (float *restrict out, const float *restrict row, as_row_affine a, size_t n),
              (out, row, a, n))
{
    for (size_t i = 0; i < n; i++)
        out[i] = row[i] * a.gain + a.offset;
}

AS_ISA_CLONES(void, prepare_luma,
              (float *restrict out, const float *restrict r, const float *restrict g, const float *restrict b,
               as_row_affine a, size_t n),
              (out, r, g, b, a, n))
{
    for (size_t i = 0; i < n; i++)
        out[i] = (PREPARE_LUMA_R * r[i] + PREPARE_LUMA_G * g[i] + PREPARE_LUMA_B * b[i]) * a.gain + a.offset;
}

static const as_row_affine prepare_levels[3] = {{1, 0}, {1, 0}, {1, 0}};

/* Row y of what is placed, to one row of each channel. */
static void prepare_row(as_prepare *prepare, uint32_t y, float *const *to)
{
    const as_input_spec *spec = &prepare->spec;
    as_resample         *resample = &prepare->resample;
    uint32_t             n = prepare->place.to_width;
    if (resample->planes == 1 && spec->channels == 1) {
        as_resample_row(resample, y, to, prepare->affine);
    } else if (resample->planes == spec->channels) {
        const uint32_t      red = spec->bgr ? 2 : 0, blue = 2 - red;
        float *const        rgb[3] = {to[red], to[1], to[blue]};
        const as_row_affine a[3] = {prepare->affine[red], prepare->affine[1], prepare->affine[blue]};
        as_resample_row(resample, y, rgb, a);
    } else {
        float *const *levels = prepare->levels;
        as_resample_row(resample, y, levels, prepare_levels);
        for (uint32_t c = 0; c < spec->channels && resample->planes == 1; c++)
            prepare_affine(to[c], levels[0], prepare->affine[c], n);
        if (resample->planes == 3)
            prepare_luma(to[0], levels[0], levels[1], levels[2], prepare->affine[0], n);
    }
}

/* A row of the input beside what is placed, or all of it. */
static void prepare_pad(const as_prepare *prepare, void *out, uint32_t y, bool beside)
{
    const as_placement *p = &prepare->place;
    uint32_t            width = prepare->spec.width, right = p->to_x + p->to_width;
    if (!beside)
        as_put_row(&prepare->put, out, prepare->pad, 0, y, width);
    if (beside && p->to_x > 0)
        as_put_row(&prepare->put, out, prepare->pad, 0, y, p->to_x);
    if (beside && right < width)
        as_put_row(&prepare->put, out, prepare->pad, right, y, width - right);
}

bool as_prepare_run(as_prepare *prepare, const as_image *image, void *out, as_err *err)
{
    if (!as_image_check_any(image, err) || !prepare_geometry(prepare, image, err))
        return false;
    const as_placement *p = &prepare->place;
    const as_put       *put = &prepare->put;
    as_resample_begin(&prepare->resample, image);
    for (uint32_t y = 0; y < prepare->spec.height; y++) {
        bool placed = y >= p->to_y && y < p->to_y + p->to_height;
        prepare_pad(prepare, out, y, placed);
        if (!placed)
            continue;
        float *to[3] = {NULL};
        for (uint32_t c = 0; c < prepare->spec.channels; c++)
            to[c] = as_put_direct(put, out, c, p->to_x, y);
        bool direct = to[0] != NULL;
        prepare_row(prepare, y - p->to_y, direct ? to : put->rows);
        if (!direct)
            as_put_row(put, out, put->rows, p->to_x, y, p->to_width);
    }
    return true;
}

/* Values are never below 0, nor above 255 by more than rounding, so that half up is enough. */
static uint8_t prepare_round(float value)
{
    return (uint8_t)(int32_t)(value + 0.5f);
}

AS_ISA_CLONES(void, prepare_round_mono, (uint8_t *restrict to, const float *restrict row, size_t n), (to, row, n))
{
    for (size_t i = 0; i < n; i++)
        to[i] = prepare_round(row[i]);
}

AS_ISA_CLONES(void, prepare_round_rgb,
              (uint8_t *restrict to, const float *restrict r, const float *restrict g, const float *restrict b,
               size_t n),
              (to, r, g, b, n))
{
    for (size_t i = 0; i < n; i++) {
        to[3 * i] = prepare_round(r[i]);
        to[3 * i + 1] = prepare_round(g[i]);
        to[3 * i + 2] = prepare_round(b[i]);
    }
}

static void prepare_round_row(uint8_t *to, as_pixel pixel, float *const *rows, uint32_t planes, uint32_t n)
{
    if (pixel == AS_PIXEL_RGB8) {
        prepare_round_rgb(to, rows[0], rows[planes == 3 ? 1 : 0], rows[planes == 3 ? 2 : 0], n);
        return;
    }
    if (planes == 3)
        prepare_luma(rows[3], rows[0], rows[1], rows[2], prepare_levels[0], n);
    prepare_round_mono(to, rows[planes == 3 ? 3 : 0], n);
}

static bool prepare_resize(as_resample *resample, const as_image *image, const as_placement *p, as_image *out,
                           as_err *err)
{
    size_t out_bytes = as_pixel_bytes(out->pixel);
    float *memory = calloc((size_t)4 * p->to_width, sizeof *memory), *rows[4];
    if (!memory)
        return AS_FAIL(err, AS_ENOMEM, "no memory for resizing to %u x %u pixels", out->width, out->height);
    for (size_t c = 0; c < 4; c++)
        rows[c] = memory + c * p->to_width;
    as_resample_begin(resample, image);
    for (uint32_t y = 0; y < p->to_height; y++) {
        as_resample_row(resample, y, rows, prepare_levels);
        prepare_round_row(out->data + (p->to_y + y) * out->stride_bytes + p->to_x * out_bytes, out->pixel, rows,
                          resample->planes, p->to_width);
    }
    free(memory);
    return true;
}

bool as_image_resize(const as_image *image, as_resize resize, uint8_t pad_value, as_image *out, as_err *err)
{
    as_fit fit = AS_FIT_STRETCH;
    if (!as_image_check_any(image, err) || !as_image_check(out, err) || !prepare_fit(resize, &fit, err))
        return false;
    as_placement p = as_placement_of(fit, image->width, image->height, out->width, out->height);
    as_resample  resample = {0};
    if (!as_resample_init(&resample, image->pixel, image->width, image->height, &p, AS_FILTER_AREA, err))
        return false;
    if (p.to_width < out->width || p.to_height < out->height)
        for (uint32_t y = 0; y < out->height; y++)
            memset(out->data + y * out->stride_bytes, pad_value, out->width * as_pixel_bytes(out->pixel));
    bool ok = prepare_resize(&resample, image, &p, out, err);
    as_resample_done(&resample);
    return ok;
}
