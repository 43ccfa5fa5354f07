/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "base/fs.h"
#include "cli/action.h"
#include "cli/output.h"
#include "cli/term.h"
#include "cli/twin_pick.h"
#include "image/codec.h"
#include "twin/export.h"
#include "twin/sheet.h"

#define RENDER_KIND "assay twin truth"

/* "out.png" to "out.json". */
static bool render_truth_path(const char *sheet, char path[AS_FS_PATH_BYTES], as_err *err)
{
    const char *dot = strrchr(sheet, '.'), *slash = strrchr(sheet, '/');
    size_t      n = dot && (!slash || dot > slash) ? (size_t)(dot - sheet) : strlen(sheet);
    if (dot && n < strlen(sheet) && strcasecmp(dot, ".png") != 0)
        return AS_FAIL(err, AS_EINVAL, "a sheet is a PNG: '%s' should end in .png", sheet);
    if (n + sizeof ".json" > AS_FS_PATH_BYTES)
        return AS_FAIL(err, AS_ELIMIT, "the path '%.60s...' is too long", sheet);
    snprintf(path, AS_FS_PATH_BYTES, "%.*s.json", (int)n, sheet);
    return true;
}

static bool render_write(const char *path, const as_image *image, as_err *err)
{
    as_str png;
    as_str_init(&png);
    bool ok = as_codec_encode_png(image, 6, &png, err) && as_output_write(path, &png, NULL, err);
    as_str_done(&png);
    return ok;
}

static bool render_sheet(as_cli *cli, const as_twin_pick *pick, const as_sheet_cfg *cfg, const char *path, as_err *err)
{
    char           beside[AS_FS_PATH_BYTES];
    as_image       sheet = {0};
    as_twin_truth *truths = calloc(cfg->n, sizeof *truths);
    json_t        *list = json_array();
    bool           ok = truths || AS_FAIL(err, AS_ENOMEM, "no memory for the truth of %u parts", cfg->n);
    ok = ok && as_output_name_may(path, err) && render_truth_path(path, beside, err) &&
         as_output_json_may(beside, RENDER_KIND, err) &&
         as_sheet_make(pick->twin, cfg, &cli->progress, &sheet, truths, err) && render_write(path, &sheet, err);
    as_term_progress_end(cli);
    for (uint32_t i = 0; ok && i < cfg->n; i++)
        json_array_append_new(list, as_twin_export_truth(&truths[i]));
    json_t *truth = json_pack("{s:s,s:O}", AS_OUTPUT_KIND_KEY, RENDER_KIND, "parts", list);
    ok = ok && (truth || AS_FAIL(err, AS_ENOMEM, "no memory for the truth of %u parts", cfg->n)) &&
         as_output_write_json(beside, truth, err);
    json_decref(truth);
    if (ok && cli->json)
        ok = as_cli_print_json(cli, json_pack("{s:s,s:s,s:O}", "sheet", path, "truth", beside, "parts", list), err);
    else if (ok)
        fprintf(cli->out, "%s: %u parts, %u x %u pixels; truth in %s\n", path, cfg->n, sheet.width, sheet.height,
                beside);
    json_decref(list);
    free(truths);
    as_image_done(&sheet);
    return ok;
}

static int twin_render(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_twin_pick pick = {.twin = NULL};
    uint64_t     frames = 16, columns = 0, side = 320;
    const char  *path = as_cli_opt(cli, "sheet");
    (void)ws;
    bool ok = as_cli_u64(cli, "frames", 1, AS_SHEET_MAX_FRAMES, &frames, err) &&
              as_cli_u64(cli, "columns", 1, AS_SHEET_MAX_FRAMES, &columns, err) &&
              as_cli_u64(cli, "side", 16, 8192, &side, err) && as_twin_pick_open(cli, as_cli_arg(cli, 1), &pick, err);
    as_sheet_cfg cfg = {.first = pick.first,
                        .n = (uint32_t)frames,
                        .columns = (uint32_t)columns,
                        .side_px = (uint32_t)side,
                        .boxes = as_cli_flag(cli, "boxes")};
    ok = ok && render_sheet(cli, &pick, &cfg, path ? path : "twin.png", err);
    as_twin_pick_done(&pick);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_action as_twin_action_render = {
    .name = "render",
    .usage = "[SCENE] [--frames N] [--sheet FILE] [--columns N] [--side PX] [--boxes]",
    .about = "a contact sheet of the first parts as PNG, each with its class, severity and faults below it",
    .max_args = 1,
    .mode = AS_WORKSPACE_NONE,
    .run = twin_render,
};
