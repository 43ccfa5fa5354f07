/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"

static const char *const twin_kinds[] = {"coco", "folders", NULL};

static const as_opt twin_opts[] = {
    {"scene", 0, "SCENE", "which scene, and how it is seen: \"cones?sensor=imx250&dirt=0.3\" (default: the first)",
     NULL},
    {"frames", 0, "N", "render, play: how many parts (default: 16)", NULL},
    {"sheet", 0, "FILE", "render: where to write the picture (default: twin.png); its truth goes beside it", NULL},
    {"columns", 0, "N", "render: pictures in a row (default: as many as rows)", NULL},
    {"side", 0, "PX", "render, play: longer side of each picture (default: 320; play: 640)", NULL},
    {"boxes", 0, NULL, "render, play: a box around each defect", NULL},
    {"as", 0, "KIND", "export: coco or folders (default: coco)", twin_kinds},
    {"parts", 'n', "N", "export: how many parts (default: 100)", NULL},
    {"no-masks", 0, NULL, "export: boxes alone, in a third of the time", NULL},
    {"ms", 0, "N", "bench: milliseconds a figure takes (default: 500)", NULL},
    {"gige", 0, "ADDRESS", "serve: a GigE Vision camera on that address of this machine; again for more", NULL},
    {"mjpeg", 0, "ADDRESS[:PORT]", "serve: pictures for a browser, on port 8080 where none is named; again for more",
     NULL},
    {"rtsp", 0, "ADDRESS[:PORT]", "serve: an RTSP stream, H.264 and JPEG, on port 8554 where none is named", NULL},
    {"dataset", 0, "DIR", "serve: the scene dataset:DIR, made of the pictures of a folder", NULL},
    {"fps", 0, "F", "serve: frames a second (default: 10); a client may set it. play --terminal: parts (1.4)", NULL},
    {"replay", 0, "N", "serve: the first N parts again and again, each drawn once: for rates beyond drawing", NULL},
    {"truth", 0, "FILE", "serve: what really was in each frame, a JSON line each", NULL},
    {"seconds", 0, "S", "serve: end after so long (default: when interrupted)", NULL},
    {"packet-size", 0, "BYTES", "serve: of a packet (default: what the network carries, at most 9000)", NULL},
    {"link", 0, "MBIT", "serve: speed of the emulated wire in Mbit/s (default: 10000)", NULL},
    {"terminal", 0, NULL, "play: in this terminal, as large as it is, until q or Ctrl-C", NULL},
    {"output", 'o', "FILE", "play: where to write the page (default: twin.html); - prints it", NULL},
};

#define X(name) extern const as_action as_twin_action_##name;
#include "twin_list.inc"
#undef X
static const as_action *const twin_rows[] = {
#define X(name) &as_twin_action_##name,
#include "twin_list.inc"
#undef X
    NULL};

const as_verb as_verb_twin = {
    .name = "twin",
    .summary = "see and export what the emulated factory makes",
    .usage = "",
    .about =
        "SCENE is a scene's name, or dataset:DIR for a folder of your own pictures, and, behind a '?', what is set, "
        "KEY=VALUE joined by '&', as in the camera address "
        "twin:SCENE. The same seed gives the same bytes. The keys:\n\n"
        "seed, from, parts and views (of a camera: when it ends, frames of each part), fps, width, height, pixel "
        "(Mono8, RGB8, with a sensor Mono12, BayerRG8, ...), recipe, defects, "
        "severity and worst (0 to 1), belt (mm/s), exposure "
        "(us), sensor (a row of list, or a YAML file) with db, temperature and srgb, and over that row qe, k, "
        "full_well, dark_noise, "
        "dark_current, doubling, dsnu, prnu, hot and dead; or gain and noise for the plain camera; scan=line with "
        "line_rate and trigger=encoder for a web; focal, "
        "fnumber, distance, pitch, off, distortion and vignette for the lens; dirt, print and haze on it; light, "
        "warmth, "
        "ambient, flicker, mains, ageing, age, day and hour; script, a YAML file of faults, and rate, parts a second "
        "on its clock (from fps and views, or 10).\n\n"
        "A script is a list: 'faults:', and below it steps as '- {fault: dirty_lens, from: 200, full: 800, until: "
        "1000, "
        "amount: 0.7}'. Places are parts, from 1, or times as 40s, 5min, 2h. Of "
        "wrong_product the amount is a recipe's name.\n\n"
        "A sensor of your own is a map: 'sensor: IMX264' names the nearest row, and what else is said stands over it "
        "(schema has all keys): qe, full_well, dark_noise, dark_current, doubling, dsnu, prnu, hot, dead, k, bits, "
        "black, pitch, width, height, fps, shutter, name.",
    .examples = "  assay twin list\n  assay twin show --scene 'cones?sensor=imx250&focal=16&distance=500'\n"
                "  assay twin render --frames 16 --sheet out.png\n"
                "  assay twin render --scene 'cones?defects=1&severity=0.1' --boxes --sheet faint.png\n"
                "  assay twin export parts --as coco --parts 1000\n"
                "  assay twin play --frames 24 --output twin.html\n"
                "  assay twin play bottles --boxes --terminal\n"
                "  assay twin serve --gige 127.0.0.1 --scene 'cones?sensor=imx250&pixel=Mono8' --fps 20\n",
    .opts = twin_opts,
    .n_opts = AS_COUNT(twin_opts),
    .min_args = 1,
    .max_args = -1,
    .rows = twin_rows,
    .run = as_action_run,
};
