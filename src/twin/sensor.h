/* SPDX-License-Identifier: Apache-2.0 */
/* sensor.h - from light to pixels: lens, motion and an EMVA 1288 camera (linear sensor, 12-bit converter, sRGB curve).
 *
 * Layer:   twin.
 * Threads: an as_sensor is immutable after init; expose from any thread.
 * Memory:  no heap; expose works in the caller's rows (as_sensor_row_floats).
 *
 * Light passes a lens (a small symmetric blur, less light towards the corners), is smeared along x while the shutter is
 * open, becomes electrons (EMVA Standard 1288 R4.0, section 2: mean mu, variance mu + read^2), is converted to 12 bits
 * and put through the sRGB curve (IEC 61966-2-1) to 8. Noise is a function of (seed, pixel, channel).
 */
#ifndef AS_TWIN_SENSOR_H
#define AS_TWIN_SENSOR_H

#include "image/frame.h"

#define AS_SENSOR_MAX_BLUR_PX 500.0
#define AS_SENSOR_MAX_TAPS    513
#define AS_SENSOR_CODES       4096

typedef struct as_sensor_cfg {
    uint32_t width, height;  /* pixels */
    double   motion_px;      /* way of a point along x during the exposure */
    double   lens_px;        /* standard deviation of the lens blur, 0..0.7 */
    double   vignette_ratio; /* light lost in the corners, 0..1 */
    double   exposure_ratio; /* light against the scene's own exposure */
    double   gain_e_per_dn;  /* electrons a grey level of 255, > 0 */
    double   read_noise_e;   /* electrons, >= 0 */
} as_sensor_cfg;

typedef struct as_sensor {
    as_sensor_cfg cfg;
    int           n_taps;                   /* along x, odd */
    float         taps[AS_SENSOR_MAX_TAPS]; /* motion and lens together */
    float         side;                     /* outer tap along y */
    uint8_t       curve[AS_SENSOR_CODES];
} as_sensor;

/* AS_EINVAL when a value is outside its range. */
AS_CHECK bool as_sensor_init(as_sensor *sensor, const as_sensor_cfg *cfg, as_err *err);

size_t as_sensor_row_floats(const as_sensor *sensor);

/* light: three planes of width x height linear values (1 is full scale). rows: as_sensor_row_floats() floats.
 * image: RGB8 or Mono8 (the green plane) of the sensor's geometry. */
void as_sensor_expose(const as_sensor *sensor, const float *light, float *rows, uint64_t seed, as_image *image);

#endif
