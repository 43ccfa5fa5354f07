/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/intake_report.h"
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
    as_import_cfg cfg = {.folder = as_cli_arg(cli, 0),
                         .format = as_cli_opt(cli, "format"),
                         .prefix = as_cli_opt(cli, "prefix"),
                         .told = as_intake_report_tell,
                         .ctx = report};
    const char  **renames = NULL;
    as_spec      *spec = as_spec_load(ws->spec_path, err);
    as_intake    *intake = spec ? as_intake_open(ws, spec, err) : NULL;
    bool          ok = intake && import_renames(cli, &renames, err);
    cfg.renames = renames;
    ok = ok && as_import_folder(intake, spec, &cfg, &cli->progress, err) &&
         as_intake_report_finish(report, ws, intake, err);
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
    as_str_init(&source);
    as_str_add_escaped(&source, as_cli_arg(cli, 0), strlen(as_cli_arg(cli, 0)));
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
    .usage = "FOLDER [--rename FOLDER=CLASS]...",
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
        "(one that is rejected before one that is reviewed), or the first class that passes when it has none.",
    .examples = "  assay import photos/\n  assay import photos/ --rename 'ok parts=good' --split-seed 3\n"
                "  assay import monday/photos --prefix monday --message 'first shift'\n",
    .opts = import_opts,
    .n_opts = AS_COUNT(import_opts),
    .min_args = 1,
    .max_args = 1,
    .run = import_run,
};
