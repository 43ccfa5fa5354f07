/* SPDX-License-Identifier: Apache-2.0 */
/* imager.h - an image sensor with its converter, after the linear model of EMVA Standard 1288, Release 4.0 Linear.
 *
 * Layer:   twin.
 * Threads: immutable after init; shots from any thread.
 * Memory:  init makes the maps of what differs from pixel to pixel; done frees them. Shots allocate nothing.
 *
 * Photons become electrons (quantum efficiency), which arrive at random (variance = mean); the dark current adds some,
 * doubling each few degrees; reading adds noise; the well and the converter saturate; the gain K makes digital numbers of
 * them, rounded. Each pixel has its own offset (DSNU) and slope (PRNU); a few are hot, or dead. Noise is a function of
 * (seed, pixel), the maps of (cfg.seed, pixel): the same numbers at any number of threads.
 *
 * Noise is the sum of four bytes from a hash: its variance is exact, and no value lies beyond 3.45 deviations. It stands for
 * Poisson's distribution below some ten electrons too, where that one is skew.
 */
#ifndef AS_TWIN_IMAGER_H
#define AS_TWIN_IMAGER_H

#include "base/err.h"

typedef struct as_imager_cfg {
    uint32_t width, height; /* pixels */
    uint32_t bits;          /* of the converter, 8 to 16 */
    bool     bayer;         /* red, green / green, blue before the pixels; else every pixel sees all light */
    double   quantum_ratio; /* electrons a photon */
    double   gain_dn_per_e; /* K */
    double   full_well_e;
    double   dark_noise_e;    /* temporal, at no exposure */
    double   dark_e_per_s;    /* dark current at dark_at_c */
    double   dark_at_c;       /* degrees Celsius */
    double   dark_doubling_c; /* more by so many degrees: twice the dark current */
    double   dsnu_e, prnu_ratio;
    double   black_dn;              /* black level */
    double   hot_ratio, dead_ratio; /* of the pixels */
    uint64_t seed;                  /* of the maps: which one of all sensors of its kind */
} as_imager_cfg;

typedef struct as_imager_spot as_imager_spot;

typedef struct as_imager {
    as_imager_cfg   cfg;
    float          *offset_e, *slope; /* of each pixel; one block, owned by offset_e */
    as_imager_spot *spots;            /* hot and dead pixels, by place */
    size_t          n_spots;
    size_t         *row_spots; /* height + 1 */
    uint32_t        n_hot, n_dead;
} as_imager;

/* AS_EINVAL names what is out of range; AS_ENOMEM. done() accepts what init left half made, and zeros. */
AS_CHECK bool as_imager_init(as_imager *imager, const as_imager_cfg *cfg, as_err *err);
void          as_imager_done(as_imager *imager);

/* One exposure. */
typedef struct as_imager_shot {
    double   photons; /* that reach a pixel where the light is 1 */
    double   exposure_s, temperature_c;
    uint64_t seed;
} as_imager_shot;

/* Row y: light of each pixel (1 plane of width values; with bayer three, one after the other) to digital numbers. */
void   as_imager_row(const as_imager *imager, const as_imager_shot *shot, uint32_t y, const float *light, float *floats,
                     uint16_t *out);
size_t as_imager_floats(const as_imager *imager); /* what as_imager_row works in */

uint32_t as_imager_white_dn(const as_imager *imager); /* where it saturates: full well, or the converter's end */

/* Photons a pixel at saturation, and those whose signal is as large as its noise, (sqrt(sigma_d^2 + sigma_q^2 / K^2) + 1/2) / eta;
 * the first over the second is the dynamic range (standard, section 2.5). */
double as_imager_saturation_photons(const as_imager_cfg *cfg);
double as_imager_threshold_photons(const as_imager_cfg *cfg);

/* Dark signal in electrons, without the noise: standard, section 2.2 and 2.3. */
double as_imager_dark_e(const as_imager_cfg *cfg, double exposure_s, double temperature_c);

#endif
