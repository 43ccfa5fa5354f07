/* SPDX-License-Identifier: Apache-2.0 */
/* sensor.h - the plain camera: shot and read noise, a 12-bit converter and the sRGB curve; no pixel differs from another.
 *
 * Layer:   twin.
 * Threads: an as_sensor is immutable after init; rows from any thread.
 * Memory:  no heap.
 *
 * Light becomes electrons (EMVA Standard 1288 R4.0, section 2: mean mu, variance mu + read^2), is converted to 12 bits and
 * put through the sRGB curve (IEC 61966-2-1) to 8. Noise is a function of (seed, pixel, channel). A named sensor (imager.h)
 * has all that the standard knows beyond that.
 */
#ifndef AS_TWIN_SENSOR_H
#define AS_TWIN_SENSOR_H

#include "base/err.h"

#define AS_SENSOR_CODES 4096

typedef struct as_sensor_cfg {
    uint32_t width;         /* pixels */
    double   gain_e_per_dn; /* electrons a grey level of 255, > 0 */
    double   read_noise_e;  /* electrons, >= 0 */
} as_sensor_cfg;

typedef struct as_sensor {
    as_sensor_cfg cfg;
    uint8_t       curve[AS_SENSOR_CODES];
} as_sensor;

/* AS_EINVAL when a value is outside its range. */
AS_CHECK bool as_sensor_init(as_sensor *sensor, const as_sensor_cfg *cfg, as_err *err);

/* Row y of channel c: light (1 is full scale) times level to 12-bit codes. */
void as_sensor_row(const as_sensor *sensor, const float *light, double level, uint32_t y, uint32_t channel,
                   uint64_t seed, uint16_t *codes);

#endif
