/* SPDX-License-Identifier: Apache-2.0 */
/* twin_uri.h - an emulated camera in words: "cones?sensor=imx250&dirt=0.3".
 *
 * Layer:   devices.
 * Threads: pure.
 * Memory:  cfg points into the value itself and into its script: done() after the last twin was opened from it.
 */
#ifndef AS_CAMERA_TWIN_URI_H
#define AS_CAMERA_TWIN_URI_H

#include "camera/camera.h"
#include "twin/chip_file.h"
#include "twin/twin.h"

typedef struct as_twin_uri {
    as_uri_query  query; /* path: the scene */
    as_twin_cfg   cfg;
    as_script    *script;             /* heap; NULL: none */
    as_chip_file *chip_file;          /* likewise */
    double        fps;                /* 0: not given */
    uint64_t      parts, from, views; /* 0: not given */
} as_twin_uri;

/* Without "twin:". Whether there is such a scene is found out by as_twin_open. AS_EINVAL names the key. */
AS_CHECK bool as_twin_uri_parse(const char *rest, as_twin_uri *ret, as_err *err);

/* Reads its script, and its sensor where that is a file: a relative path from dir (NULL: the caller's own). AS_EFORMAT. */
AS_CHECK bool as_twin_uri_files(as_twin_uri *uri, const char *dir, as_err *err);

/* One second of the clock of lamps and scripts is one of the camera: parts a second from its frames, unless "rate" is given.
 * The address's own fps counts before the one named here; 0: unknown, and nothing changes. */
void as_twin_uri_rate(as_twin_uri *uri, double fps, uint64_t views);

/* The sensor of a camera that goes where a real one would: the usual one, unless the address says what the camera is. */
void as_twin_uri_usual_sensor(as_twin_uri *uri);

void as_twin_uri_done(as_twin_uri *uri);

/* The keys, a line each. */
#define AS_TWIN_URI_HELP                                                                                         \
    "  seed         which world; the same seed gives the same bytes (1)\n"                                       \
    "  parts from   end after so many (endless); number of the first part (1)\n"                                 \
    "  views        frames of each part (as the station says, or 1)\n"                                           \
    "  fps          frames a second (as the station says, or as fast as they are asked for)\n"                   \
    "  rate         parts a second on the clock of lamps and scripts (from fps and views, or 10)\n"              \
    "  width height in pixels (as the station says, or the scene's own)\n"                                       \
    "  pixel        Mono8, RGB8, or of a named sensor Mono10p, Mono12, BayerRG8, ... (the scene's own)\n"        \
    "  recipe       one product of the scene (all of them)\n"                                                    \
    "  defects      share of the parts that have one, 0 to 1\n"                                                  \
    "  severity     the least: 0 barely visible, to 1 obvious\n"                                                 \
    "  worst        and the most; what is simply missing is obvious: it happens where this is 1\n"               \
    "  belt         mm/s; with exposure it gives the motion blur\n"                                              \
    "  exposure     microseconds\n"                                                                              \
    "  gain noise   plain camera: electrons a grey level (shot noise); read noise in electrons\n"                \
    "  sensor       one of the table, with all that EMVA 1288 says of it; plain: shot and read noise (plain;\n"  \
    "               generic with --gige, or where any of the next two lines is given; line4k of lines);\n"       \
    "               or a YAML file with the keys of those lines, and name, sensor (the nearest row), bits,\n"    \
    "               black, pitch, width, height, fps and shutter\n"                                              \
    "  db           its gain in decibels (0)      temperature  degrees Celsius (25)\n"                           \
    "  qe full_well dark_noise dark_current   over that row: electrons a photon, e-, e-, e-/s at 25 C\n"         \
    "  dsnu prnu hot dead doubling k   e-, ratio, shares of the pixels, C that double the current, DN an e-\n"   \
    "  srgb         1: Mono8 with the curve of a screen (0: the upper bits of the converter)\n"                  \
    "  focal fnumber distance pitch  the lens in mm, its stop, mm to the part, um a pixel: px/mm follows\n"      \
    "  off          mm that the part lies out of focus (0)\n"                                                    \
    "  distortion   at the corners, -0.3 barrel to 0.3 (0)    vignette  light lost there, 0 to 1 (0.22)\n"       \
    "  dirt print haze   on the lens, 0 to 1 (0)\n"                                                              \
    "  light warmth ambient   of the lamp (1), -1 cold to 1 warm (0), daylight of white (0)\n"                   \
    "  flicker mains     how deep, 0 to 1 (0); 50 or 60 Hz (50)\n"                                               \
    "  ageing age   light lost in 1,000 h, 0 to 1; hours that the lamp burned\n"                                 \
    "  day hour     daylight at noon, of white (0); time of day of the first part (8)\n"                         \
    "  scan         area, or line: frames are lines of an endless web, without a seam (fabric, film) (area)\n"   \
    "  line_rate    lines a second (so that pixels are square at belt)\n"                                        \
    "  trigger      free, or encoder: the web's way gives the lines, so that its speed does not matter (free)\n" \
    "  script       a YAML file of what goes wrong and when (assay twin list names the faults)\n"

#endif
