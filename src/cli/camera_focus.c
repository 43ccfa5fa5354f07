/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "camera/acceptance.h"
#include "cli/action.h"
#include "cli/camera_pick.h"
#include "cli/term.h"

#define FOCUS_BINS 32
#define FOCUS_BAR  40

typedef struct focus {
    as_cli  *cli;
    as_image plain;
    double   best;
    uint64_t best_frame;
    bool     live; /* redrawn in place */
    bool     drawn;
} focus;

typedef struct focus_look {
    as_image_stats stats;
    double         bins[FOCUS_BINS]; /* shares */
    double         black, white;     /* clipped, shares */
} focus_look;

static bool focus_measure(focus *f, const as_frame *frame, focus_look *ret, as_err *err)
{
    uint64_t levels[256], all = 0;
    if (!as_camera_plain(&frame->image, &f->plain, err) || !as_image_stats_of(&f->plain, &ret->stats, err))
        return false;
    as_camera_levels(&f->plain, levels);
    memset(ret->bins, 0, sizeof ret->bins);
    for (int i = 0; i < 256; i++)
        all += levels[i];
    for (int i = 0; i < 256; i++)
        ret->bins[i * FOCUS_BINS / 256] += (double)levels[i] / (double)all;
    ret->black = ret->stats.clipped_low_ratio;
    ret->white = ret->stats.clipped_high_ratio;
    return true;
}

static json_t *focus_json(const focus *f, const as_frame *frame, const focus_look *look)
{
    json_t *bins = json_array();
    for (int i = 0; i < FOCUS_BINS; i++)
        json_array_append_new(bins, json_real(look->bins[i]));
    return json_pack("{s:I,s:s,s:f,s:f,s:I,s:f,s:f,s:f,s:o}", "frame", (json_int_t)frame->sequence, "status",
                     as_frame_status_name(frame->status), "sharpness", look->stats.laplacian_variance, "best", f->best,
                     "best_frame", (json_int_t)f->best_frame, "mean", look->stats.mean, "black", look->black, "white",
                     look->white, "histogram", bins);
}

/* Eighths of a block, on a root scale: a small peak at the edge is what one looks for. */
static void focus_histogram(const focus_look *look, char *text, size_t cap)
{
    static const char *const blocks[] = {" ",
                                         "\xE2\x96\x81",
                                         "\xE2\x96\x82",
                                         "\xE2\x96\x83",
                                         "\xE2\x96\x84",
                                         "\xE2\x96\x85",
                                         "\xE2\x96\x86",
                                         "\xE2\x96\x87",
                                         "\xE2\x96\x88"};
    double                   most = 0;
    size_t                   at = 0;
    for (int i = 0; i < FOCUS_BINS; i++)
        most = fmax(most, look->bins[i]);
    text[0] = '\0';
    for (int i = 0; i < FOCUS_BINS && at + 4 < cap; i++) {
        int level = most > 0 ? (int)ceil(8 * sqrt(look->bins[i] / most)) : 0;
        at += (size_t)snprintf(text + at, cap - at, "%s", blocks[level]);
    }
}

static void focus_draw(focus *f, const as_frame *frame, const focus_look *look)
{
    as_cli *cli = f->cli;
    char    bars[FOCUS_BINS * 3 + 1], level[FOCUS_BAR + 1];
    double  share = f->best > 0 ? look->stats.laplacian_variance / f->best : 0;
    int     n = (int)lround(share * FOCUS_BAR);
    bool    at_best = share > 0.98, clipped = look->white > 0.01;
    memset(level, '.', FOCUS_BAR);
    memset(level, '#', (size_t)AS_MIN(AS_MAX(n, 0), FOCUS_BAR));
    level[FOCUS_BAR] = '\0';
    focus_histogram(look, bars, sizeof bars);
    if (f->drawn)
        fputs("\x1b[3A", cli->out);
    f->drawn = true;
    fprintf(cli->out, "\x1b[2Ksharpness %s%9.1f%s [%s] %3.0f %% of the best, %.1f\n",
            as_term_style(cli, at_best ? AS_STYLE_GOOD : AS_STYLE_NONE), look->stats.laplacian_variance,
            as_term_plain(cli), level, 100 * share, f->best);
    fprintf(cli->out, "\x1b[2Kexposure  mean %5.1f |%s| %s%.2f %% white%s, %.2f %% black\n", look->stats.mean, bars,
            as_term_style(cli, clipped ? AS_STYLE_BAD : AS_STYLE_NONE), 100 * look->white, as_term_plain(cli),
            100 * look->black);
    fprintf(cli->out, "\x1b[2Kframe %llu (%s), Ctrl-C ends\n", (unsigned long long)frame->sequence,
            as_frame_status_name(frame->status));
    fflush(cli->out);
}

static bool focus_say(focus *f, const as_frame *frame, const focus_look *look, as_err *err)
{
    as_cli *cli = f->cli;
    if (cli->json) {
        json_t *json = focus_json(f, frame, look);
        char   *text = as_json_text(json);
        if (text)
            fprintf(cli->out, "%s\n", text);
        free(text);
        json_decref(json);
        fflush(cli->out);
        return text || AS_FAIL(err, AS_ENOMEM, "no memory for a line");
    }
    if (f->live) {
        focus_draw(f, frame, look);
        return true;
    }
    fprintf(cli->out, "frame %llu  sharpness %.1f  best %.1f  mean %.1f  white %.2f %%  black %.2f %%\n",
            (unsigned long long)frame->sequence, look->stats.laplacian_variance, f->best, look->stats.mean,
            100 * look->white, 100 * look->black);
    fflush(cli->out);
    return true;
}

static bool focus_frame(focus *f, const as_frame *frame, as_err *err)
{
    focus_look look;
    if (frame->status != AS_FRAME_OK) {
        if (!f->cli->json && !f->live)
            fprintf(f->cli->out, "frame %llu  %s\n", (unsigned long long)frame->sequence,
                    as_frame_status_name(frame->status));
        return true;
    }
    if (!focus_measure(f, frame, &look, err))
        return false;
    if (look.stats.laplacian_variance > f->best) {
        f->best = look.stats.laplacian_variance;
        f->best_frame = frame->sequence;
    }
    return focus_say(f, frame, &look, err);
}

/* Until n frames, the camera's end, or Ctrl-C, which is how one ends it. */
static bool focus_run(focus *f, as_camera *cam, uint64_t n, double wait_s, as_err *err)
{
    for (uint64_t i = 0; (n == 0 || i < n) && !as_term_out_is_gone(f->cli); i++) {
        as_err    why = AS_ERR_NONE;
        as_frame *frame = as_camera_pick_frame(f->cli, cam, (as_ns)(wait_s * (double)AS_NS_PER_S), &why);
        if (!frame && ((why.code == AS_ECANCELLED && n == 0) || (why.code == AS_EEND && i > 0)))
            return true;
        if (!frame)
            return as_err_set(err, why.code, "%s", why.text);
        bool ok = focus_frame(f, frame, err);
        as_frame_unref(frame);
        if (!ok)
            return false;
    }
    return true;
}

static int camera_focus(as_cli *cli, as_workspace *ws, as_err *err)
{
    focus    f = {.cli = cli, .live = !cli->json && isatty(fileno(cli->out))};
    uint64_t n = 0;
    double   wait_s = 5;
    (void)ws;
    bool ok = as_cli_u64(cli, "frames", 1, UINT64_MAX, &n, err) && as_cli_f64(cli, "wait", 0.001, 1e6, &wait_s, err);
    as_camera *cam = ok ? as_camera_pick(cli, false, err) : NULL;
    ok = cam && focus_run(&f, cam, n, wait_s, err);
    as_image_done(&f.plain);
    as_camera_close(cam);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_action as_camera_action_focus = {
    .name = "focus",
    .usage = "URI [--frames N] [--wait SECONDS]",
    .about = "for the person at the lens: sharpness now and the best so far, and how the exposure lies, of frame after "
             "frame; --json: a line each",
    .min_args = 1,
    .max_args = 1,
    .mode = AS_WORKSPACE_NONE,
    .run = camera_focus,
};
