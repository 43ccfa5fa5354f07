/* SPDX-License-Identifier: Apache-2.0 */
/* exposure.h - one picture taken: light through the lens and what lies on it, under the lamp, onto the sensor, to pixels.
 *
 * Layer:   twin.
 * Threads: pure but for the caller's memory.
 * Memory:  works in the caller's scratch (as_exposure_bytes).
 */
#ifndef AS_TWIN_EXPOSURE_H
#define AS_TWIN_EXPOSURE_H

#include "twin/develop.h"
#include "twin/imager.h"
#include "twin/lens.h"
#include "twin/sensor.h"
#include "twin/veil.h"

/* A lamp on the mains: its light follows twice their frequency. */
typedef struct as_flicker {
    double depth;  /* 0 steady .. 1 */
    double per_s;  /* times a second: 100 or 120 */
    double turn;   /* where in its period the first row begins, 0..1 */
    double line_s; /* from one row's exposure to the next's */
    double open_s; /* exposure */
} as_flicker;

double as_flicker_level(const as_flicker *flicker, uint32_t row); /* mean over the row's exposure, about 1 */

typedef struct as_exposure {
    uint32_t          width, height;
    uint32_t          light_width, light_height; /* of the light's planes, with what lies beyond the picture */
    uint32_t          n_planes;                  /* of the light: 3 (red, green, blue) or 1 */
    const as_lens    *lens;
    const as_veil    *veil; /* NULL: the lens is clear */
    as_veil_amount    veil_amount;
    uint32_t          veil_row; /* of the veil, where the first row lies */
    as_flicker        flicker;
    float             level[3], add[3]; /* the lamp on each plane, and light from elsewhere */
    const as_sensor  *sensor;           /* the plain camera, or NULL: */
    double            exposure_ratio;   /* for the plain camera: light against the scene's own exposure */
    const as_imager  *imager;
    const as_develop *develop;
    as_imager_shot    shot; /* with its seed, which the plain camera takes too */
} as_exposure;

/* What the sensor makes of light, without its noise: how much of white, which is where it saturates. */
typedef struct as_signal {
    float mean[3]; /* of each plane's light, which dirt scatters */
    float scale, most;
    bool  usual; /* the station is about as bright as it should be, and clear: what could be seen, is */
} as_signal;

/* light: planes of width x height. */
as_signal as_exposure_signal(const as_exposure *exposure, const float *light);

/* n_planes * width floats of row y, as the lens makes them, become their signal. */
void as_exposure_signal_row(const as_exposure *exposure, const as_signal *signal, uint32_t y, float *row);

size_t as_exposure_bytes(uint32_t width, uint32_t height);

/* image: of that size; with the plain camera Mono8 or RGB8, else whatever as_develop_can. ret_raw: the sensor's digital numbers, width * height, where there is an imager; may be
 * NULL. */
void as_exposure_take(const as_exposure *exposure, const float *light, void *scratch, as_image *image,
                      const uint16_t **ret_raw);

#endif
