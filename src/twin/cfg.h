/* SPDX-License-Identifier: Apache-2.0 */
/* cfg.h - how an emulated camera is set up: world, belt, sensor, lens, light, and what goes wrong.
 *
 * Layer:   twin (may use base/ and image/).
 * Threads: a plain value.
 * Memory:  texts and script are the caller's, and read while a twin is opened.
 */
#ifndef AS_TWIN_CFG_H
#define AS_TWIN_CFG_H

#include "image/frame.h"
#include "twin/script.h"

/* A sensor of one's own: numbers of its data sheet in place of those of the table's row. Negative: the row's. */
typedef struct as_twin_own {
    double quantum_ratio, gain_dn_per_e, full_well_e, dark_noise_e; /* as as_imager_cfg has them */
    double dark_e_per_s, dark_doubling_c, dsnu_e, prnu_ratio, hot_ratio, dead_ratio;
} as_twin_own;

typedef enum as_twin_scan { AS_TWIN_SCAN_NONE, AS_TWIN_SCAN_AREA, AS_TWIN_SCAN_LINE } as_twin_scan;

typedef struct as_twin_cfg {
    uint64_t    seed;
    uint32_t    width, height; /* pixels; 0: the scene's own */
    as_pixel    pixel;         /* Mono8 or RGB8; AS_PIXEL_NONE: the scene's own */
    double      belt_mm_per_s; /* motion blur = belt * exposure; negative: the scene's own */
    double      exposure_us;   /* negative: the scene's own */
    double      defect_share;  /* of the parts; negative: the scene's own */
    double      min_severity;  /* 0 barely visible .. 1 obvious; negative: the scene's own */
    double      max_severity;  /* what is simply missing is obvious: it happens where this is 1 */
    double      gain_e_per_dn; /* plain camera: electrons a grey level: shot noise; negative: the scene's own */
    double      read_noise_e;  /* plain camera: electrons; negative: the scene's own */
    double      parts_per_s;   /* how fast the clock of lamps and scripts goes; negative: 10 */
    const char *recipe;        /* which product; NULL or "": all of the scene's. Read by open alone */
    /* A sensor of image/chip.h and what is set on it. NULL or "": the usual one where any of own is given, else the plain
     * camera, as "plain" is always. Read by open alone. */
    const char *sensor;
    as_twin_own own;
    const struct as_chip_file
          *chip_file;              /* a sensor of one's own, in place of a name. Read by open alone; NULL: none */
    double gain_db, temperature_c; /* of its amplifier, 0 to 48; of the sensor */
    bool   srgb;                   /* Mono8 with the curve of a screen; RGB8 always has it */
    /* The lens; negative: as the scene is set up. Any of the first four given, pixels a millimetre follow from them. */
    double focal_mm, f_number, distance_mm, pitch_um;
    double off_focus_mm;               /* how far the part lies beyond the focus */
    double distortion, vignette_ratio; /* at the corners: -0.3..0.3; 0..1, negative: the scene's own */
    double dirt, print, haze;          /* on the lens, 0..1 */
    double light, warmth, ambient;     /* 1 as the scene is lit; -1 cold .. 1 warm; daylight, of white */
    double flicker, mains_hz;          /* how deep 0..1; 50 or 60 */
    /* LINE: the frame is height lines of an endless web, one after the other (scan.h); NONE: AREA. */
    as_twin_scan scan;
    double line_rate; /* lines a second, with an encoder the most there can be; negative: so that pixels are square */
    bool   encoder;   /* the web's way gives the lines, not the camera's clock */
    double ageing, age_h, day, hour; /* light lost in 1,000 h; hours; daylight at noon, of white; when it begins */
    const as_script *script;         /* what goes wrong, and when; NULL: nothing. Read by open alone */
} as_twin_cfg;

as_twin_cfg as_twin_cfg_default(void);

#endif
