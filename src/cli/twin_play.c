/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fs.h"
#include "cli/action.h"
#include "cli/output.h"
#include "cli/term.h"
#include "cli/twin_pick.h"
#include "cli/twin_terminal.h"
#include "page/html.h"
#include "page/page.h"
#include "page/picture.h"
#include "page/text.h"
#include "twin/sheet.h"

enum { PLAY_MAX = 120, FRAME_MS = 700 };

/* The frames lie on each other in one drawing, and each is seen in its turn: no script is needed for that. */
static bool play_frame(const as_twin_pick *pick, uint32_t i, uint32_t n, uint32_t side, bool boxes, void *scratch,
                       as_str *out, as_err *err)
{
    as_image        image = {0};
    as_page_picture picture = {0};
    as_twin_truth   truth;
    char            text[AS_SHEET_TEXT_BYTES];
    bool            ok = as_sheet_frame(pick->twin, pick->first + i, 0, side, boxes, scratch, &image, &truth, err) &&
              as_page_picture_make(&image, side, &picture, err);
    if (ok) {
        as_html_addf(out, "<g visibility=\"%s\">", i == 0 ? "visible" : "hidden");
        as_str_add(out, "<image width=\"");
        as_html_addf(out, "%u\" height=\"%u\" href=\"", picture.width, picture.height);
        as_html_data_uri(out, "image/jpeg", picture.jpeg, picture.n);
        as_html_addf(out, "\"/><text x=\"6\" y=\"%u\" class=\"%s\">%s</text>", picture.height + 20,
                     truth.n_findings ? "bad" : "good", as_sheet_text(&truth, text));
        as_html_addf(
            out,
            "<animate attributeName=\"visibility\" calcMode=\"discrete\" dur=\"%.1fs\" repeatCount=\"indefinite\" "
            "values=\"hidden;visible;hidden\" keyTimes=\"0;%.5f;%.5f\"/></g>\n",
            n * FRAME_MS / 1000.0, i == 0 ? 0.00001 : (double)i / n, i + 1 == n ? 0.99999 : (i + 1.0) / n);
    }
    as_page_picture_done(&picture);
    as_image_done(&image);
    return ok;
}

static void play_head(const as_twin *twin, as_str *out)
{
    const as_twin_cfg   *cfg = as_twin_cfg_of(twin);
    const as_twin_scene *scene = as_twin_scene_of(twin);
    char                 value[64], note[96];
    as_html_addf(out, "<h1>%s</h1>\n<p>%s</p>\n<dl class=\"tiles\">", scene->name, scene->summary);
    snprintf(value, sizeof value, "%u x %u", cfg->width, cfg->height);
    as_page_tile(out, "Picture", value, as_pixel_name(cfg->pixel));
    snprintf(value, sizeof value, "%.2f px/mm", as_twin_px_per_mm(twin));
    snprintf(note, sizeof note, "%.0f x %.0f mm", cfg->width / as_twin_px_per_mm(twin),
             cfg->height / as_twin_px_per_mm(twin));
    as_page_tile(out, "Scale", value, note);
    as_page_tile(out, "Camera", as_twin_sensor_of(twin) ? as_twin_sensor_of(twin)->name : "plain",
                 as_twin_sensor_of(twin) ? as_twin_sensor_of(twin)->about : "shot and read noise");
    snprintf(value, sizeof value, "%.0f us", cfg->exposure_us);
    snprintf(note, sizeof note, "belt %.0f mm/s", cfg->belt_mm_per_s);
    as_page_tile(out, "Exposure", value, note);
    snprintf(value, sizeof value, "%.0f %%", 100.0 * cfg->defect_share);
    as_page_tile(out, "Defects", value, "of the parts");
    as_str_add(out, "</dl>\n");
}

static bool play_page(as_cli *cli, const as_twin_pick *pick, uint32_t n, uint32_t side, as_str *out, as_err *err)
{
    const as_twin_cfg *cfg = as_twin_cfg_of(pick->twin);
    double             scale = AS_MIN(1.0, (double)side / AS_MAX(cfg->width, cfg->height));
    void              *scratch = malloc(as_twin_scratch_bytes(pick->twin));
    bool               ok = scratch || AS_FAIL(err, AS_ENOMEM, "no memory to draw in");
    as_page_begin(out, "Assay twin");
    play_head(pick->twin, out);
    as_html_addf(out,
                 "<svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" role=\"img\" xmlns=\"http://www.w3.org/2000/svg\">",
                 cfg->width * scale, cfg->height * scale + 28, cfg->width * scale);
    as_html_addf(out, "<title>%u parts, one after the other</title>\n", n);
    for (uint32_t i = 0; ok && i < n; i++) {
        ok = as_progress_go_on(&cli->progress, err) &&
             play_frame(pick, i, n, side, as_cli_flag(cli, "boxes"), scratch, out, err);
        as_progress_step(&cli->progress, "drawing parts", i + 1, n);
    }
    as_str_add(out, "</svg>\n");
    as_page_end(out);
    free(scratch);
    return ok && (as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "no memory for the page"));
}

/* "-": to where other programs read it. */
static bool play_write(as_cli *cli, const char *path, uint64_t frames, const as_str *page, as_err *err)
{
    if (strcmp(path, "-") == 0)
        return (fwrite(page->s, 1, page->len, cli->out) == page->len && fflush(cli->out) == 0) ||
               AS_FAIL(err, AS_EIO, "cannot print the page");
    if (!as_output_write(path, page, NULL, err))
        return false;
    if (cli->json)
        return as_cli_print_json(
            cli,
            json_pack("{s:s,s:I,s:I}", "page", path, "n_frames", (json_int_t)frames, "n_bytes", (json_int_t)page->len),
            err);
    fprintf(cli->out, "%s\n", path);
    return true;
}

/* Before work is done. */
static bool play_may(const as_cli *cli, const char *path, as_err *err)
{
    if (strcmp(path, "-") != 0)
        return as_output_name_may(path, err);
    return !cli->json || AS_FAIL(err, AS_EINVAL, "a page and JSON cannot both be printed: name a file with --output");
}

/* In the terminal, where the parts pass by for as long as somebody looks. */
static bool play_terminal(as_cli *cli, as_err *err)
{
    as_twin_pick         pick = {.twin = NULL};
    as_twin_terminal_cfg cfg = {.fps = 0, .boxes = as_cli_flag(cli, "boxes")};
    if (cli->json || as_cli_opt(cli, "output"))
        return AS_FAIL(err, AS_EINVAL, "--terminal is no page: %s goes without it", cli->json ? "--json" : "--output");
    bool ok = as_cli_u64(cli, "frames", 1, UINT32_MAX, &cfg.frames, err) &&
              as_cli_f64(cli, "fps", 0.01, 1000, &cfg.fps, err) &&
              as_twin_pick_open(cli, as_cli_arg(cli, 1), &pick, err);
    if (cfg.fps <= 0)
        cfg.fps = pick.uri.fps > 0 ? pick.uri.fps : 1000.0 / FRAME_MS;
    ok = ok && as_twin_terminal_play(cli, &pick, &cfg, err);
    as_twin_pick_done(&pick);
    return ok;
}

static int twin_play(as_cli *cli, as_workspace *ws, as_err *err)
{
    if (as_cli_flag(cli, "terminal"))
        return play_terminal(cli, err) ? 0 : AS_VERB_FAILED;

    as_twin_pick pick = {.twin = NULL};
    uint64_t     frames = 16, side = 640;
    const char  *path = as_cli_opt(cli, "output");
    as_str       page;
    (void)ws;
    path = path ? path : "twin.html";
    as_str_init(&page);
    bool ok = as_cli_u64(cli, "frames", 1, PLAY_MAX, &frames, err) && as_cli_u64(cli, "side", 16, 4096, &side, err) &&
              play_may(cli, path, err) && as_twin_pick_open(cli, as_cli_arg(cli, 1), &pick, err) &&
              play_page(cli, &pick, (uint32_t)frames, (uint32_t)side, &page, err);
    as_term_progress_end(cli);
    ok = ok && play_write(cli, path, frames, &page, err);
    as_str_done(&page);
    as_twin_pick_done(&pick);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_action as_twin_action_play = {
    .name = "play",
    .usage = "[SCENE] [--frames N] [--side PX] [--boxes] [--output FILE | --terminal [--fps F]]",
    .about =
        "a page on which the parts pass by, to be opened in a browser; nothing is fetched and no script runs. With "
        "--terminal they pass by in this terminal (24-bit colours), until q or Ctrl-C or after --frames",
    .max_args = 1,
    .mode = AS_WORKSPACE_NONE,
    .run = twin_play,
};
