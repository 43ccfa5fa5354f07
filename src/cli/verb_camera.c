/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"

static const as_opt camera_opts[] = {
    {"output", 'o', "FILE", "dump, grab: where to write; grab --frames N: FILE-001.png and so on", NULL},
    {"frames", 0, "N", "grab, focus, test: how many frames (default: 1; focus: until Ctrl-C; test: 200)", NULL},
    {"category", 0, "NAME", "show: features of this category alone", NULL},
    {"no-features", 0, NULL, "show: only what the camera is", NULL},
    {"wait", 0, "SECONDS", "grab, focus, test: how long a frame is waited for (default: 5)", NULL},
    {"html", 0, "FILE", "test: write the report as a page", NULL},
    {"min-fps", 0, "HZ", "test: least frame rate (default: 98 % of what the camera is set to)", NULL},
    {"max-jitter", 0, "MS",
     "test: most deviation of one interval from the mean, at the 99 % quantile (default: 25 % of "
     "the interval, at least 2)",
     NULL},
    {"max-lost", 0, "N", "test: frames that may be lost or not whole (default: 0)", NULL},
    {"max-noise", 0, "LEVELS", "test: most temporal noise, in levels of 255 (default: 4)", NULL},
    {"min-linearity", 0, "R2", "test: least coefficient of determination of grey by exposure (default: 0.99)", NULL},
    {"min-focus", 0, "VALUE", "test: least sharpness as focus shows it (default: not judged)", NULL},
};

#define X(name) extern const as_action as_camera_action_##name;
#include "camera_list.inc"
#undef X
static const as_action *const camera_rows[] = {
#define X(name) &as_camera_action_##name,
#include "camera_list.inc"
#undef X
    NULL};

const as_verb as_verb_camera = {
    .name = "camera",
    .summary = "find, set, look through and test real cameras",
    .usage = "",
    .about =
        "URI is an address as in station.camera: gige:NAME for GigE Vision and USB3 Vision, gst:rtsp=URL, "
        "gst:v4l2=/dev/video0 and gst:file=PATH, folder:PATH, twin:SCENE; gige: alone is the first camera that "
        "answers. "
        "Features have the names of the GenICam SFNC (ExposureTime, Gain, AcquisitionFrameRate, ...); what a camera "
        "calls otherwise is what show lists. An address may set them too: gige:?ExposureTime=5000&TriggerMode=On.\n\n"
        "test says with exit status 1 that a limit is missed.",
    .examples = "  assay camera list\n  assay camera show gige:\n"
                "  assay camera set gige:10.0.0.7 ExposureTime=2500 Gain=3\n"
                "  assay camera dump gige: -o station3.yaml\n  assay camera restore gige: station3.yaml\n"
                "  assay camera grab 'gst:rtsp=rtsp://10.0.0.9/live' --frames 5 -o live.png\n"
                "  assay camera focus gige:\n  assay camera test gige: --html acceptance.html\n",
    .opts = camera_opts,
    .n_opts = AS_COUNT(camera_opts),
    .min_args = 1,
    .max_args = -1,
    .rows = camera_rows,
    .run = as_action_run,
};
