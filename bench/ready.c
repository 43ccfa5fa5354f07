/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/ready.h"

#include <math.h>

#include "bench/cnn.h"

enum { N_FRAMES = 4, READS = 40 };

static const float ready_mean[3] = {123.675f, 116.28f, 103.53f}, ready_scale[3] = {58.395f, 57.12f, 57.375f};

/* Of rgb, by the definition of limited BT.601; the mean of 2 x 2 pixels is their chroma. */
static double ready_yuv(const uint8_t *rgb, int c)
{
    static const double rows[3][4] = {
        {16, 65.481, 128.553, 24.966}, {128, -37.797, -74.203, 112.0}, {128, 112.0, -93.786, -18.214}};
    return rows[c][0] + (rows[c][1] * rgb[0] + rows[c][2] * rgb[1] + rows[c][3] * rgb[2]) / 255;
}

static uint8_t ready_chroma(const uint8_t *rgb, const bench_ready_kind *k, uint32_t x, uint32_t y, int c)
{
    double sum = 0;
    for (uint32_t i = 0; i < 4; i++)
        sum += ready_yuv(rgb + 3 * ((size_t)(y / 2 * 2 + i / 2) * k->width + x / 2 * 2 + i % 2), c);
    return (uint8_t)lrint(sum / 4);
}

/* A drawn picture as a camera of that format would send it. */
static void ready_frame(const bench_ready_kind *k, const uint8_t *rgb, uint8_t *to)
{
    const as_pixel_facts *f = as_pixel_facts_of(k->pixel);
    const size_t          plane = (size_t)k->width * k->height;
    for (uint32_t y = 0; y < k->height; y++)
        for (uint32_t x = 0; x < k->width; x++) {
            const size_t   at = (size_t)y * k->width + x;
            const uint8_t *p = rgb + 3 * at;
            const bool     red_x = x % 2 == f->first_x, red_y = y % 2 == f->first_y;
            if (f->kind == AS_PIXEL_KIND_RGB)
                memcpy(to + 3 * at, p, 3);
            else if (f->kind == AS_PIXEL_KIND_BAYER)
                to[at] = p[red_x && red_y ? 0 : red_x || red_y ? 1 : 2];
            else if (f->kind == AS_PIXEL_KIND_MONO)
                to[at] = p[1];
            else
                to[at] = (uint8_t)lrint(ready_yuv(p, 0));
            if (f->kind == AS_PIXEL_KIND_NV12 && y % 2 == 0)
                to[plane + (size_t)y / 2 * k->width + x] = ready_chroma(rgb, k, x, y, x % 2 ? 2 : 1);
        }
}

/* How long the frames take to be read and nothing else: what no way of preparing them can be faster than. */
static double ready_read_us(const bench_ready *p)
{
    uint64_t sum = 0;
    as_ns    best = INT64_MAX;
    for (size_t i = 0; i < READS; i++) {
        const uint8_t *frame = (const uint8_t *)p->child.memory + i % N_FRAMES * p->frame_bytes;
        const as_ns    began = as_clock_mono();
        for (size_t at = 0; at + 64 <= p->frame_bytes; at += 64) {
            uint64_t word;
            memcpy(&word, frame + at, sizeof word);
            sum += word;
        }
        best = AS_MIN(best, as_clock_mono() - began);
    }
    volatile uint64_t seen = sum;
    (void)seen;
    return (double)best / 1000;
}

static bool ready_frames(bench_ready *p, as_err *err)
{
    uint8_t *rgb = malloc((size_t)p->kind.width * p->kind.height * 3);
    for (uint32_t i = 0; rgb && i < N_FRAMES; i++) {
        bench_cnn_draw(3000 + i, i % CNN_CLASSES, p->kind.width, p->kind.height, rgb);
        ready_frame(&p->kind, rgb, (uint8_t *)p->child.memory + i * p->frame_bytes);
    }
    free(rgb);
    return rgb || AS_FAIL(err, AS_ENOMEM, "no memory for a frame");
}

static bool ready_start(bench_ready *p, bench_about *about, as_err *err)
{
    const bench_ready_kind *k = &p->kind;
    const float            *mean = ready_mean, *scale = ready_scale;
    const double            numbers[] = {N_FRAMES,
                                         k->width,
                                         k->height,
                                         k->out_width,
                                         k->out_height,
                                         as_pixel_bytes(k->pixel),
                                         (double)p->frame_bytes,
                                         (double)mean[0],
                                         mean[1],
                                         mean[2],
                                         scale[0],
                                         scale[1],
                                         scale[2]};
    const bench_python      python = {.script = "prep_opencv.py",
                                      .needs = "OpenCV",
                                      .package = "python3-opencv",
                                      .text = k->code[0] ? k->code : "none",
                                      .numbers = numbers,
                                      .n_numbers = AS_COUNT(numbers)};
    const char             *more;
    if (!bench_child_python(&p->child, &python, about, &more, err))
        return false;
    snprintf(
        about->note, sizeof about->note,
        "%ux%u %.24s to 3x%ux%u f32, area-averaged and normalised, one thread; allowed are %.2g grey levels: %.60s; "
        "reading the frame alone takes %.0f us here%.30s",
        k->width, k->height, as_pixel_name(k->pixel), k->out_height, k->out_width, k->levels, k->why, ready_read_us(p),
        more);
    return true;
}

bool bench_ready_open(bench_ready *p, const bench_ready_kind *kind, bench_about *about, as_err *err)
{
    as_input_spec spec = {
        .width = kind->out_width, .height = kind->out_height, .channels = 3, .resize = AS_RESIZE_STANDARD};
    memcpy(spec.mean, ready_mean, sizeof spec.mean);
    memcpy(spec.scale, ready_scale, sizeof spec.scale);
    p->kind = *kind;
    p->frame_bytes = as_pixel_row_bytes(kind->pixel, kind->width) * as_pixel_rows(kind->pixel, kind->height);
    p->n_out = (size_t)3 * kind->out_width * kind->out_height;
    if (!bench_child_init(&p->child, N_FRAMES * p->frame_bytes + p->n_out * sizeof(float), err) ||
        !ready_frames(p, err) || !ready_start(p, about, err))
        return false;
    p->prepare = as_prepare_new(&spec, err);
    p->out = malloc(p->n_out * sizeof *p->out);
    if (!p->out)
        return AS_FAIL(err, AS_ENOMEM, "no memory for an output");
    about->n_inputs = N_FRAMES;
    about->tolerance = kind->levels / (double)ready_scale[1];
    return p->prepare != NULL;
}

bool bench_ready_ours(void *priv, size_t input, as_err *err)
{
    bench_ready            *p = priv;
    const bench_ready_kind *k = &p->kind;
    const as_image          image = {k->pixel, k->width, k->height, as_pixel_row_bytes(k->pixel, k->width),
                                     (uint8_t *)p->child.memory + input * p->frame_bytes};
    return as_prepare_run(p->prepare, &image, p->out, err);
}

bool bench_ready_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    bench_ready *p = priv;
    if (!bench_ready_ours(p, input, err) || !bench_child_ask(&p->child, err, "run %zu", input))
        return false;
    const uint8_t *memory = p->child.memory;
    double         worst = 0.0;
    for (size_t i = 0; i < p->n_out; i++) {
        float peer;
        memcpy(&peer, memory + N_FRAMES * p->frame_bytes + i * sizeof peer, sizeof peer);
        const double difference = fabs((double)p->out[i] - (double)peer);
        if (!(difference <= worst)) /* keeps a NaN */
            worst = difference;
    }
    *ret_difference = worst;
    return true;
}

bool bench_ready_peer_block(void *priv, size_t first, size_t n, double *ret_ns, as_err *err)
{
    bench_ready *p = priv;
    return bench_child_time(&p->child, first, n, ret_ns, err);
}

void bench_ready_close(void *priv)
{
    bench_ready *p = priv;
    bench_child_stop(&p->child);
    as_prepare_free(p->prepare);
    free(p->out);
}
