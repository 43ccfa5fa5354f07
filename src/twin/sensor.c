/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/sensor.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "twin/curve.h"
#include "twin/kernel.h"
#include "twin/noise.h"

static bool sensor_between(double value, double low, double high)
{
    return value >= low && value <= high;
}

static uint8_t        sensor_curve[AS_SENSOR_CODES]; /* the same for all of them */
static pthread_once_t sensor_once = PTHREAD_ONCE_INIT;

static void sensor_make_curve(void)
{
    as_curve_make(sensor_curve, AS_SENSOR_CODES, 0.0, AS_SENSOR_CODES - 1, false);
}

bool as_sensor_init(as_sensor *sensor, const as_sensor_cfg *cfg, as_err *err)
{
    if (!sensor_between(cfg->gain_e_per_dn, 0.01, 1e6))
        return AS_FAIL(err, AS_EINVAL, "gain '%g' is not within 0.01 to 1000000 electrons a grey level",
                       cfg->gain_e_per_dn);
    if (!sensor_between(cfg->read_noise_e, 0.0, 1e6))
        return AS_FAIL(err, AS_EINVAL, "read noise '%g' is not within 0 to 1000000 electrons", cfg->read_noise_e);
    sensor->cfg = *cfg;
    pthread_once(&sensor_once, sensor_make_curve);
    memcpy(sensor->curve, sensor_curve, sizeof sensor->curve);
    return true;
}

typedef struct sensor_row {
    float    scale, read2, to_code;
    uint32_t counter, seed;
} sensor_row;

/* Electrons with their noise as 12-bit codes. The noise is the sum of four uniform bytes: variance exact, no value beyond
 * 3.45 deviations. */
AS_TWIN_CLONES
static void sensor_convert(const sensor_row *row, const float *restrict light, size_t w, uint16_t *restrict codes)
{
    float    scale = row->scale, read2 = row->read2, to_code = row->to_code;
    uint32_t counter = row->counter, seed = row->seed;
    for (size_t x = 0; x < w; x++) {
        float    e = (light[x] > 0.0f ? light[x] : 0.0f) * scale;
        uint32_t bits = as_noise_mix((counter + (uint32_t)x) * 0x9e3779b1u + seed);
        int32_t  sum = (int32_t)((bits & 255u) + ((bits >> 8) & 255u) + ((bits >> 16) & 255u) + (bits >> 24));
        float    code = (e + sqrtf(e + read2) * ((float)(sum - 510) * (1.0f / 147.80167f))) * to_code + 0.5f;
        code = code > 0.0f ? code : 0.0f;
        code = code < (float)(AS_SENSOR_CODES - 1) ? code : (float)(AS_SENSOR_CODES - 1);
        codes[x] = (uint16_t)(int32_t)code;
    }
}

void as_sensor_row(const as_sensor *sensor, const float *light, double level, uint32_t y, uint32_t channel,
                   uint64_t seed, uint16_t *codes)
{
    const as_sensor_cfg *cfg = &sensor->cfg;
    float                full_e = (float)(255.0 * cfg->gain_e_per_dn);
    sensor_row           row = {.scale = full_e * (float)level,
                                .read2 = (float)(cfg->read_noise_e * cfg->read_noise_e),
                                .to_code = (float)(AS_SENSOR_CODES - 1) / full_e,
                                .counter = y * cfg->width,
                                .seed = as_noise_mix((uint32_t)seed + channel * 0x632be5abu) ^ (uint32_t)(seed >> 32)};
    sensor_convert(&row, light, cfg->width, codes);
}
