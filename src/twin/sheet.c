/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/sheet.h"

#include <math.h>

#include "base/str.h"
#include "base/thread.h"
#include "image/prepare.h"
#include "twin/letters.h"

enum { GAP = 8, CAPTION = 30 };

#define SHEET_GOOD 0x7fd68c
#define SHEET_BAD  0xff7a5c
#define SHEET_ILL  0xf2c14e

char *as_sheet_text(const as_twin_truth *truth, char *text)
{
    int n = snprintf(text, AS_SHEET_TEXT_BYTES, "#%llu %.24s", (unsigned long long)truth->part, truth->frame.label);
    if (truth->n_findings)
        n += snprintf(text + n, (size_t)(AS_SHEET_TEXT_BYTES - n), " %.2f", (double)truth->frame.severity);
    for (size_t f = 0; f < AS_FAULT_COUNT && n < AS_SHEET_TEXT_BYTES - 24; f++)
        if ((truth->frame.faults >> f) & 1u)
            n += snprintf(text + n, (size_t)(AS_SHEET_TEXT_BYTES - n), " %s", as_fault_info_of(f)->name);
    return text;
}

char *as_sheet_note(const as_twin_truth *truth, char *text)
{
    int                    n = snprintf(text, AS_SHEET_TEXT_BYTES, "%.30s", truth->recipe);
    const as_twin_finding *worst = &truth->findings[as_twin_worst(truth)]; /* which the first line names */
    if (truth->n_findings)
        snprintf(text + n, (size_t)(AS_SHEET_TEXT_BYTES - n), " %.1f mm",
                 (double)(worst->area_px > 0 ? worst->extent_mm : worst->size_mm));
    return text;
}

static void sheet_put(as_image *image, int32_t x, int32_t y)
{
    if (x < 0 || y < 0 || x >= (int32_t)image->width || y >= (int32_t)image->height)
        return;
    uint8_t *out = image->data + (size_t)y * image->stride_bytes + 3 * (size_t)x;
    out[0] = 255;
    out[1] = 64;
    out[2] = 48;
}

static void sheet_box(as_image *image, const float box[4], float scale)
{
    int32_t x0 = (int32_t)(box[0] * scale) - 2, y0 = (int32_t)(box[1] * scale) - 2;
    int32_t x1 = (int32_t)((box[0] + box[2]) * scale) + 2, y1 = (int32_t)((box[1] + box[3]) * scale) + 2;
    if (box[2] <= 0.0f)
        return;
    for (int32_t x = x0; x <= x1; x++) {
        sheet_put(image, x, y0);
        sheet_put(image, x, y1);
    }
    for (int32_t y = y0; y <= y1; y++) {
        sheet_put(image, x0, y);
        sheet_put(image, x1, y);
    }
}

/* Any plain picture as RGB8. */
static void sheet_colour(const as_image *in, as_image *out)
{
    for (uint32_t y = 0; y < in->height; y++) {
        const uint8_t *from = in->data + y * in->stride_bytes;
        uint8_t       *to = out->data + y * out->stride_bytes;
        if (in->pixel == AS_PIXEL_RGB8)
            memcpy(to, from, 3 * (size_t)in->width);
        for (uint32_t x = 0; in->pixel != AS_PIXEL_RGB8 && x < in->width; x++)
            to[3 * x] = to[3 * x + 1] = to[3 * x + 2] = from[x];
    }
}

static double sheet_scale(const as_twin_cfg *cfg, uint32_t side_px)
{
    return fmin(1.0, (double)side_px / AS_MAX(cfg->width, cfg->height));
}

static uint32_t sheet_side(uint32_t px, double scale)
{
    return AS_MAX((uint32_t)lround(px * scale), 1u);
}

bool as_sheet_frame(const as_twin *twin, uint64_t part, uint32_t view, uint32_t side_px, bool boxes, void *scratch,
                    as_image *ret, as_twin_truth *ret_truth, as_err *err)
{
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    double             scale = sheet_scale(cfg, side_px);
    as_image           full = {0}, small = {0}, made = {0};
    uint32_t           w = sheet_side(cfg->width, scale), h = sheet_side(cfg->height, scale);
    const uint16_t    *raw;
    bool               ok =
        as_image_new(&full, cfg->pixel, cfg->width, cfg->height, err) &&
        as_twin_look(twin, part, view, scratch, &full, ret_truth, &raw, err) &&
        as_image_new(&small, as_pixel_facts_of(cfg->pixel)->kind == AS_PIXEL_KIND_MONO ? AS_PIXEL_MONO8 : AS_PIXEL_RGB8,
                     w, h, err) &&
        as_image_resize(&full, AS_RESIZE_STANDARD, 0, &small, err) && as_image_new(&made, AS_PIXEL_RGB8, w, h, err);
    if (ok)
        sheet_colour(&small, &made);
    for (size_t i = 0; ok && boxes && i < ret_truth->n_findings; i++)
        sheet_box(&made, ret_truth->findings[i].box_px, (float)scale);
    as_image_done(&full);
    as_image_done(&small);
    if (ok)
        *ret = made;
    else
        as_image_done(&made);
    return ok;
}

typedef struct sheet_job {
    const as_twin      *twin;
    const as_sheet_cfg *cfg;
    as_image           *sheet;
    as_twin_truth      *truths;
    uint32_t            begin, columns, cell_w, cell_h;
} sheet_job;

static void sheet_place(const sheet_job *job, uint32_t i, const as_image *picture)
{
    uint32_t x = GAP + i % job->columns * (job->cell_w + GAP),
             y = GAP + i / job->columns * (job->cell_h + CAPTION + GAP);
    char text[AS_SHEET_TEXT_BYTES], below[AS_SHEET_TEXT_BYTES];
    for (uint32_t row = 0; row < picture->height; row++)
        memcpy(job->sheet->data + (y + row) * job->sheet->stride_bytes + 3 * (size_t)x,
               picture->data + row * picture->stride_bytes, 3 * (size_t)picture->width);
    const as_twin_truth *truth = &job->truths[i];
    as_sheet_text(truth, text);
    text[AS_MIN((size_t)job->cell_w / AS_LETTERS_WIDTH, sizeof text - 1)] = '\0';
    as_sheet_note(truth, below);
    as_letters_draw(job->sheet, x, y + job->cell_h + 3,
                    truth->frame.faults ? SHEET_ILL
                    : truth->n_findings ? SHEET_BAD
                                        : SHEET_GOOD,
                    text);
    as_letters_draw(job->sheet, x, y + job->cell_h + 16, 0x8a9096, below);
}

static bool sheet_one(void *ctx, size_t i, as_err *err)
{
    const sheet_job *job = ctx;
    uint32_t         at = job->begin + (uint32_t)i;
    as_image         picture = {0};
    void            *scratch = malloc(as_twin_scratch_bytes(job->twin));
    bool             ok = scratch || AS_FAIL(err, AS_ENOMEM, "no memory to draw in");
    ok = ok && as_sheet_frame(job->twin, job->cfg->first + at, 0, job->cfg->side_px, job->cfg->boxes, scratch, &picture,
                              &job->truths[at], err);
    if (ok)
        sheet_place(job, at, &picture);
    as_image_done(&picture);
    free(scratch);
    return ok;
}

bool as_sheet_make(const as_twin *twin, const as_sheet_cfg *cfg, const as_progress *progress, as_image *ret,
                   as_twin_truth *truths, as_err *err)
{
    if (cfg->n == 0 || cfg->n > AS_SHEET_MAX_FRAMES)
        return AS_FAIL(err, AS_ELIMIT, "a sheet of %u pictures cannot be: 1 to %d are possible", cfg->n,
                       AS_SHEET_MAX_FRAMES);
    double    scale = sheet_scale(as_twin_cfg_of(twin), cfg->side_px);
    as_image  sheet = {0};
    sheet_job job = {.twin = twin,
                     .cfg = cfg,
                     .sheet = &sheet,
                     .truths = truths,
                     .columns = AS_MIN(cfg->columns ? cfg->columns : (uint32_t)ceil(sqrt(cfg->n)), cfg->n),
                     .cell_w = sheet_side(as_twin_cfg_of(twin)->width, scale),
                     .cell_h = sheet_side(as_twin_cfg_of(twin)->height, scale)};
    uint32_t  rows = (cfg->n + job.columns - 1) / job.columns;
    if (!as_image_new(&sheet, AS_PIXEL_RGB8, GAP + job.columns * (job.cell_w + GAP),
                      GAP + rows * (job.cell_h + CAPTION + GAP), err))
        return false;
    memset(sheet.data, 24, sheet.stride_bytes * sheet.height);
    bool ok = true;
    for (uint32_t step = 2 * as_thread_cores(); ok && job.begin < cfg->n; job.begin += step) {
        ok = as_progress_go_on(progress, err) &&
             as_thread_for(AS_MIN(step, cfg->n - job.begin), 0, sheet_one, &job, err);
        as_progress_step(progress, "drawing parts", AS_MIN(job.begin + step, cfg->n), cfg->n);
    }
    if (ok)
        *ret = sheet;
    else
        as_image_done(&sheet);
    return ok;
}
