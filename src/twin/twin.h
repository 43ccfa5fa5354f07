/* SPDX-License-Identifier: Apache-2.0 */
/* twin.h - the emulated factory: parts and defects under a camera, each frame with its ground truth.
 *
 * Layer:   twin (may use base/ and image/).
 * Threads: an as_twin is immutable after opening; as_twin_render() from any thread, each frame on its own.
 * Memory:  as_twin_open allocates the scene; rendering uses the caller's frame and scratch (as_twin_scratch_bytes).
 *
 * The same scene, seed, geometry and part number give the same bytes on every machine and at any number of threads.
 */
#ifndef AS_TWIN_TWIN_H
#define AS_TWIN_TWIN_H

#include "image/frame.h"

typedef struct as_twin_cfg {
    uint64_t seed;
    uint32_t width, height; /* pixels; 0: the scene's own */
    double   belt_mm_per_s; /* motion blur = belt * exposure; negative: the scene's own */
    double   exposure_us;   /* negative: the scene's own */
    double   defect_share;  /* of the parts; negative: the scene's own */
    double   min_severity;  /* 0 barely visible .. 1 obvious; negative: the scene's own */
    double   gain_e_per_dn; /* electrons a grey level: shot noise; negative: the scene's own */
    double   read_noise_e;  /* electrons; negative: the scene's own */
} as_twin_cfg;

as_twin_cfg as_twin_cfg_default(void);

typedef struct as_twin as_twin;

/* What a scene provides: scene_<name>.c defines `const as_twin_scene as_twin_<name>`. */
typedef struct as_twin_scene {
    const char        *name, *summary;
    const char *const *classes; /* NULL-ended; the first is the good one */
    as_pixel           pixel;
    uint32_t           width, height; /* default, pixels */
    double             px_per_mm;     /* at the default width */
    as_twin_cfg        defaults;
    size_t             state_bytes; /* allocated and zeroed at open; see as_twin_state */
    /* Prepares state (textures, tables) once cfg is resolved. May be NULL. */
    bool (*prepare)(const as_twin *twin, void *state, as_err *err);
    void (*release)(void *state); /* must accept a half-prepared state; may be NULL */
    /* Draws the part's light as the sensor sees it (RGB, linear, 0..1, planar floats) and fills truth. */
    void (*draw)(const as_twin *twin, uint64_t part, uint32_t view, float *linear_rgb, as_truth *ret_truth);
} as_twin_scene;

const as_twin_scene *as_twin_scene_at(size_t i); /* NULL past the last row */

AS_CHECK as_twin    *as_twin_open(const char *scene, const as_twin_cfg *cfg, as_err *err);
as_twin             *as_twin_close(as_twin *twin);
const as_twin_scene *as_twin_scene_of(const as_twin *twin);
const as_twin_cfg   *as_twin_cfg_of(const as_twin *twin); /* with every field resolved */
const void          *as_twin_state(const as_twin *twin);  /* what the scene prepared */
double               as_twin_px_per_mm(const as_twin *twin);

size_t as_twin_scratch_bytes(const as_twin *twin);

/* part from 1, view from 0 (frames of the same part). image must be of the twin's geometry and pixel format. */
AS_CHECK bool as_twin_render(const as_twin *twin, uint64_t part, uint32_t view, void *scratch, as_image *image,
                             as_truth *ret_truth, as_err *err);

#endif
