/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "camera/camera.h"
#include "cli/import_report.h"
#include "intake/import.h"

static const char *const import_formats[] = {"auto",
#include "intake/format_names.inc"
                                             NULL};

static const as_opt import_opts[] = {
    {"format", 'f', "FORMAT", "how the labels are kept (default: auto, and it says what it recognised and why)",
     import_formats},
    {"split-seed", 0, "N", "which random split, where the folder has none of its own (default: 1)", NULL},
    {"rename", 0, "FOLDER=CLASS", "the class of a folder or category, where its name is another; may be repeated",
     NULL},
    {"prefix", 0, "NAME", "put before the samples' names (default: the folder's own name)", NULL},
    {"fps", 0, "N", "frames taken of each second of a recording or stream (default: 1; 0: all)", NULL},
    {"frames", 0, "N", "at most so many of each; a stream needs it", NULL},
    {"label", 0, "CLASS", "the class of a recording's or stream's frames (default: not labelled)", NULL},
    {"message", 'm', "TEXT", "what to say of this version", NULL},
};

static bool import_renames(as_cli *cli, const char ***ret, as_err *err)
{
    size_t n = 0;
    while (as_cli_opt_at(cli, "rename", n))
        n++;
    const char **renames = calloc(n + 1, sizeof *renames);
    for (size_t i = 0; renames && i < n; i++)
        renames[i] = as_cli_opt_at(cli, "rename", i);
    *ret = renames;
    return renames || AS_FAIL(err, AS_ENOMEM, "out of memory");
}

static bool import_folder(as_cli *cli, as_workspace *ws, as_intake_report *report, as_err *err)
{
    bool          stopped = false;
    as_import_cfg cfg = {.folder = as_cli_arg(cli, 0),
                         .format = as_cli_opt(cli, "format"),
                         .prefix = as_cli_opt(cli, "prefix"),
                         .label = as_cli_opt(cli, "label"),
                         .ret_stopped = &stopped,
                         .fps = 1,
                         .told = as_intake_report_tell,
                         .ctx = report};
    const char  **renames = NULL;
    if (!as_cli_f64(cli, "fps", 0, 10000, &cfg.fps, err) || !as_cli_u64(cli, "frames", 1, 1000000, &cfg.n_frames, err))
        return false;
    as_spec   *spec = as_spec_load(ws->spec_path, err);
    as_intake *intake = spec ? as_intake_open(ws, spec, err) : NULL;
    bool       ok = intake && import_renames(cli, &renames, err);
    cfg.renames = renames;
    ok = ok && as_import_folder(intake, spec, &cfg, &cli->progress, err) &&
         as_intake_report_finish(report, ws, intake, err);
    if (ok && stopped)
        ok = AS_FAIL(err, AS_ECANCELLED, "stopped before frame %llu: those that came are kept",
                     (unsigned long long)cfg.n_frames);
    free(renames);
    as_intake_close(intake);
    as_spec_free(spec);
    return ok;
}

static int import_run(as_cli *cli, as_err *err)
{
    uint64_t         seed = 0;
    as_str           source;
    as_intake_report report = {.cli = cli, .what = "import"};
    /* Before hours of work, not after them. */
    if (!as_cli_u64(cli, "split-seed", 0, UINT64_MAX, &seed, err))
        return AS_VERB_FAILED;
    char *said = as_uri_public(as_cli_arg(cli, 0)); /* a version's message is for everybody */
    as_str_init(&source);
    as_str_add_escaped(&source, said ? said : "", said ? strlen(said) : 0);
    free(said);
    report.source = source.s;
    as_workspace *ws = as_workspace_open(cli->dir, AS_WORKSPACE_WRITE, err);
    bool          ok = ws && import_folder(cli, ws, &report, err);
    as_workspace_close(ws);
    as_intake_report_done(&report);
    as_str_done(&source);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_verb as_verb_import = {
    .name = "import",
    .summary = "take in a folder of pictures with their labels",
    .usage = "FOLDER|VIDEO|rtsp://... [--rename FOLDER=CLASS]...",
    .about =
        "Every picture (JPEG, PNG, TIFF, BMP, PGM, PPM) below FOLDER/CLASS/, or named by a file of labels, is decoded\n"
        "to its last pixel and checked (size, exposure, sharpness, exact duplicates); what is refused goes into "
        "quarantine with the "
        "reason, the\n"
        "rest becomes a new version of the data.\n\n"
        "Where FOLDER has train/ and test/ (and perhaps validation/) with the class folders in them, that split "
        "is kept, and\n"
        "a validation part is drawn from train/. Otherwise pictures are split by data.split of assay.yaml, class "
        "by class,\n"
        "with identical pictures on one side. Pictures that this version has already are not taken again.\n\n"
        "Boxes, polygons and masks of other formats are kept with the picture, whose class is that of its worst "
        "finding\n"
        "(one that is rejected before one that is reviewed), or the first class that passes when it has none.\n\n"
        "Of a recording (MP4, AVI, Matroska, GIF, ...), by itself or among the pictures, and of an RTSP stream, for "
        "each k\n"
        "the first frame at or after k/fps seconds is stored as NAME/000123.png, by its number in the recording. All "
        "frames\n"
        "of one recording are one part, so that none is trained on and another tested on. This needs GStreamer.",
    .examples = "  assay import photos/\n  assay import photos/ --rename 'ok parts=good' --split-seed 3\n"
                "  assay import monday/photos --prefix monday --message 'first shift'\n"
                "  assay import belt.mp4 --fps 2 --label good\n"
                "  assay import rtsp://10.0.0.9/live --fps 1 --frames 600\n",
    .opts = import_opts,
    .n_opts = AS_COUNT(import_opts),
    .min_args = 1,
    .max_args = 1,
    .run = import_run,
};
