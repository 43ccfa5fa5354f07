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
    uint32_t      in_width, in_height; /* what the tables below are for; 0: nothing yet */
    as_pixel      in_pixel;
    as_placement  place;
    as_resample   resample;
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

as_prepare *as_prepare_new(const as_input_spec *spec, as_err *err)
{
    as_fit fit = AS_FIT_STRETCH;
    if (!as_image_check_size(spec->width, spec->height, err) || !prepare_fit(spec->resize, &fit, err)) {
        as_err_note(err, "the network's input");
        return NULL;
    }
    if (spec->channels != 1 && spec->channels != 3) {
        AS_FAIL(err, AS_EINVAL, "the network's input has %u channels: 1 and 3 are possible", spec->channels);
        return NULL;
    }
    for (uint32_t c = 0; c < spec->channels; c++) {
        if (isfinite(spec->mean[c]) && isfinite(spec->scale[c]) && isnormal(1 / spec->scale[c]))
            continue;
        AS_FAIL(err, AS_EINVAL, "the network's input cannot be normalised with mean %g and scale %g (channel %u)",
                (double)spec->mean[c], (double)spec->scale[c], c);
        return NULL;
    }
    as_prepare *prepare = calloc(1, sizeof *prepare);
    if (!prepare) {
        AS_FAIL(err, AS_ENOMEM, "no memory for preparing pictures");
        return NULL;
    }
    prepare->spec = *spec;
    return prepare;
}

as_prepare *as_prepare_free(as_prepare *prepare)
{
    if (!prepare)
        return NULL;
    as_resample_done(&prepare->resample);
    free(prepare);
    return NULL;
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
    if (!as_resample_init(&prepare->resample, as_pixel_bytes(image->pixel), p.from_width, p.from_height, p.to_width,
                          p.to_height, err))
        return false;
    prepare->place = p;
    prepare->in_width = image->width;
    prepare->in_height = image->height;
    prepare->in_pixel = image->pixel;
    return true;
}

AS_ISA_CLONES(void, prepare_put_lane,
              (float *restrict out, const float *restrict row, uint32_t lane, float mean, float gain, size_t n),
              (out, row, lane, mean, gain, n))
{
    for (size_t i = 0; i < n; i++)
        out[i] = (row[4 * i + lane] - mean) * gain;
}

AS_ISA_CLONES(void, prepare_put_mono,
              (float *restrict out, const float *restrict row, float mean, float gain, size_t n),
              (out, row, mean, gain, n))
{
    for (size_t i = 0; i < n; i++)
        out[i] = (row[i] - mean) * gain;
}

AS_ISA_CLONES(void, prepare_put_luma,
              (float *restrict out, const float *restrict row, float mean, float gain, size_t n),
              (out, row, mean, gain, n))
{
    for (size_t i = 0; i < n; i++) {
        const float *p = row + 4 * i;
        out[i] = (PREPARE_LUMA_R * p[0] + PREPARE_LUMA_G * p[1] + PREPARE_LUMA_B * p[2] - mean) * gain;
    }
}

static void prepare_fill(float *out, float value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = value;
}

/* The padding of one channel around its placed rows. */
static void prepare_pad(float *plane, const as_input_spec *spec, const as_placement *p, float value)
{
    size_t width = spec->width, right = p->to_x + p->to_width;
    prepare_fill(plane, value, p->to_y * width);
    for (size_t y = p->to_y; right - p->to_x < width && y < p->to_y + p->to_height; y++) {
        prepare_fill(plane + y * width, value, p->to_x);
        prepare_fill(plane + y * width + right, value, width - right);
    }
    size_t below = p->to_y + p->to_height;
    prepare_fill(plane + below * width, value, (spec->height - below) * width);
}

static void prepare_put_row(const as_prepare *prepare, const float *row, float *out, uint32_t y)
{
    const as_input_spec *spec = &prepare->spec;
    const as_placement  *p = &prepare->place;
    bool                 mono_in = prepare->resample.channels == 1;
    for (uint32_t c = 0; c < spec->channels; c++) {
        float *to = out + ((size_t)c * spec->height + p->to_y + y) * spec->width + p->to_x;
        float  mean = spec->mean[c], gain = 1 / spec->scale[c];
        if (mono_in)
            prepare_put_mono(to, row, mean, gain, p->to_width);
        else if (spec->channels == 1)
            prepare_put_luma(to, row, mean, gain, p->to_width);
        else
            prepare_put_lane(to, row, spec->bgr ? 2 - c : c, mean, gain, p->to_width);
    }
}

bool as_prepare_run(as_prepare *prepare, const as_image *image, float *out, as_err *err)
{
    if (!as_image_check(image, err) || !prepare_geometry(prepare, image, err))
        return false;
    const as_input_spec *spec = &prepare->spec;
    const as_placement  *p = &prepare->place;
    for (uint32_t c = 0; c < spec->channels; c++)
        prepare_pad(out + (size_t)c * spec->height * spec->width, spec, p,
                    ((float)spec->pad_value - spec->mean[c]) * (1 / spec->scale[c]));
    const uint8_t *pixels =
        image->data + p->from_y * image->stride_bytes + (size_t)p->from_x * as_pixel_bytes(image->pixel);
    for (uint32_t y = 0; y < p->to_height; y++)
        prepare_put_row(prepare, as_resample_row(&prepare->resample, pixels, image->stride_bytes, y), out, y);
    return true;
}

/* Values are never below 0, nor above 255 by more than rounding, so that half up is enough. */
static uint8_t prepare_round(float value)
{
    return (uint8_t)(int32_t)(value + 0.5f);
}

static void prepare_round_row(uint8_t *to, as_pixel pixel, const float *row, uint32_t lanes, uint32_t n)
{
    bool rgb = pixel == AS_PIXEL_RGB8;
    for (uint32_t i = 0; i < n; i++) {
        const float *p = row + (size_t)lanes * i;
        if (rgb && lanes == 4) {
            to[3 * i] = prepare_round(p[0]);
            to[3 * i + 1] = prepare_round(p[1]);
            to[3 * i + 2] = prepare_round(p[2]);
        } else if (rgb) {
            to[3 * i] = to[3 * i + 1] = to[3 * i + 2] = prepare_round(p[0]);
        } else if (lanes == 4) {
            to[i] = prepare_round(PREPARE_LUMA_R * p[0] + PREPARE_LUMA_G * p[1] + PREPARE_LUMA_B * p[2]);
        } else {
            to[i] = prepare_round(p[0]);
        }
    }
}

bool as_image_resize(const as_image *image, as_resize resize, uint8_t pad_value, as_image *out, as_err *err)
{
    as_fit fit = AS_FIT_STRETCH;
    if (!as_image_check(image, err) || !as_image_check(out, err) || !prepare_fit(resize, &fit, err))
        return false;
    as_placement p = as_placement_of(fit, image->width, image->height, out->width, out->height);
    as_resample  resample = {0};
    if (!as_resample_init(&resample, as_pixel_bytes(image->pixel), p.from_width, p.from_height, p.to_width, p.to_height,
                          err))
        return false;
    size_t         in_bytes = as_pixel_bytes(image->pixel), out_bytes = as_pixel_bytes(out->pixel);
    const uint8_t *pixels = image->data + p.from_y * image->stride_bytes + p.from_x * in_bytes;
    if (p.to_width < out->width || p.to_height < out->height)
        for (uint32_t y = 0; y < out->height; y++)
            memset(out->data + y * out->stride_bytes, pad_value, out->width * out_bytes);
    for (uint32_t y = 0; y < p.to_height; y++) {
        const float *row = as_resample_row(&resample, pixels, image->stride_bytes, y);
        uint8_t     *to = out->data + (p.to_y + y) * out->stride_bytes + p.to_x * out_bytes;
        prepare_round_row(to, out->pixel, row, resample.lanes, p.to_width);
    }
    as_resample_done(&resample);
    return true;
}
