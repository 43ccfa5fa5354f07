/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/import_report.h"
#include "intake/capture.h"

static const as_opt capture_opts[] = {
    {"camera", 0, "URI", "which camera, \"driver:rest\" (default: station.camera of assay.yaml)", NULL},
    {"parts", 'n', "N", "end after N parts; 0: when the camera ends", NULL},
    {"label", 0, "CLASS", "the class of all parts, for cameras that do not know it", NULL},
    {"split-seed", 0, "N", "which random split (default: 1)", NULL},
    {"message", 'm', "TEXT", "what to say of this version", NULL},
};

static bool capture_parts(as_cli *cli, as_workspace *ws, as_capture_cfg *cfg, as_intake_report *report, as_err *err)
{
    as_spec *spec = as_spec_load(ws->spec_path, err);
    if (!spec)
        return false;
    bool ok = true;
    cfg->typed = cfg->camera != NULL;
    if (!cfg->camera) {
        cfg->camera = spec->camera;
        cfg->dir = ws->root;
    }
    if (!*cfg->camera)
        ok = AS_FAIL(err, AS_EINVAL, "no camera: name one with --camera URI, or as station.camera in '%s'", spec->path);
    char *said = as_uri_public(cfg->camera); /* a version's message is for everybody */
    report->source = said ? said : "";
    as_capture_end end = {.stopped = false};
    as_intake     *intake = ok ? as_intake_open(ws, spec, err) : NULL;
    ok = intake && as_capture_run(intake, spec, cfg, &cli->progress, &end, err);
    if (ok && end.stopped && end.n_parts == 0)
        ok = AS_FAIL(err, AS_ECANCELLED, "stopped before the first part was whole: there is no new version");
    if (ok && as_intake_counts_of(intake).n_seen == 0)
        ok = AS_FAIL(err, AS_ENOTFOUND, "camera '%s' ended before its first frame", cfg->camera);
    ok = ok && as_intake_report_finish(report, ws, intake, err);
    /* Without a number of parts this is how one ends it. */
    if (ok && end.stopped && cfg->n_parts)
        ok = AS_FAIL(err, AS_ECANCELLED, "stopped after %llu of %llu parts: these are kept",
                     (unsigned long long)end.n_parts, (unsigned long long)cfg->n_parts);
    as_intake_close(intake);
    as_spec_free(spec);
    free(said);
    return ok;
}

static int capture_run(as_cli *cli, as_err *err)
{
    uint64_t         seed = 0;
    as_intake_report report = {.cli = cli, .what = "capture"};
    as_capture_cfg   cfg = {.camera = as_cli_opt(cli, "camera"),
                            .label = as_cli_opt(cli, "label"),
                            .told = as_intake_report_tell,
                            .ctx = &report};
    if (!as_cli_opt(cli, "parts")) {
        AS_FAIL(err, AS_EINVAL, "say how many parts: --parts N (0: until the camera ends)");
        return AS_VERB_FAILED;
    }
    if (!as_cli_u64(cli, "parts", 0, UINT64_MAX, &cfg.n_parts, err) ||
        !as_cli_u64(cli, "split-seed", 0, UINT64_MAX, &seed, err))
        return AS_VERB_FAILED;
    as_workspace *ws = as_workspace_open(cli->dir, AS_WORKSPACE_WRITE, err);
    bool          ok = ws && capture_parts(cli, ws, &cfg, &report, err);
    as_workspace_close(ws);
    as_intake_report_done(&report);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_verb as_verb_capture = {
    .name = "capture",
    .summary = "take in parts from a camera",
    .usage = "--parts N",
    .about =
        "Frames come from the camera that assay.yaml names, or from URI: twin:cones, folder:PATH, gige:NAME, ... Each "
        "is\n"
        "stored as a PNG (of 16 bits where the sensor has more than 8; Bayer developed to RGB), checked as an "
        "imported\n"
        "picture is, and all together become a new version of the data. The\n"
        "class comes from a camera that knows it (the twin, a folder sorted by class), else from --label; where both "
        "are\n"
        "there the camera is believed, and a warning says so. Frames of one part always fall into the same split.\n\n"
        "Ctrl-C ends the capture: the parts that came whole become a version. The exit status is then 0 with --parts "
        "0,\n"
        "where that is the way to end, and 3 where fewer parts came than were asked for.",
    .examples = "  assay capture --parts 600\n  assay capture --camera 'twin:cones?from=5001&defects=0.5' --parts 100\n"
                "  assay capture --camera gige: --parts 50 --label good\n",
    .opts = capture_opts,
    .n_opts = AS_COUNT(capture_opts),
    .run = capture_run,
};
