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

#include "twin/cfg.h"
#include "twin/imager_table.h"
#include "twin/optics.h"
#include "twin/truth.h"
#include "twin/web_scene.h"

typedef struct as_twin as_twin;

#define AS_TWIN_WHITE_RATIO 0.95 /* whoever set up the lamp let white fill so much of the sensor's well */

/* What a scene is asked to draw. */
typedef struct as_twin_frame {
    uint32_t left, top, right, bottom; /* pixels that are drawn beyond it */
    uint32_t width, height;
} as_twin_frame;

typedef struct as_twin_shot {
    uint64_t part;
    uint32_t view;
    int32_t  recipe; /* index; -1: whichever the part has of them all */
    uint32_t shown;  /* bit i: its defect i is drawn */
} as_twin_shot;

/* What a scene provides: scene_<name>.c defines `const as_twin_scene as_twin_<name>`. */
typedef struct as_twin_scene {
    const char        *name, *summary;
    const char *const *classes; /* NULL-ended; the first is the good one */
    const char *const *recipes; /* NULL-ended */
    as_pixel           pixel;
    uint32_t           width, height; /* default, pixels */
    double             px_per_mm;     /* at the default width */
    bool               tall;          /* a picture of another shape shows the part whole: by its height too */
    bool
        margins; /* it can be drawn beyond its frame (as_twin_frame_of), the frame itself staying as it is but for roundings */
    bool        photographed; /* what it shows went through a lens before: it is not blurred and darkened twice */
    as_twin_cfg defaults;
    size_t      state_bytes; /* allocated and zeroed at open; see as_twin_state */
    /* Prepares state (textures, tables) once cfg is resolved. May be NULL. */
    bool (*prepare)(const as_twin *twin, void *state, as_err *err);
    void (*release)(void *state); /* must accept a half-prepared state; may be NULL */
    /* plane: width * height floats, 1 where somebody said that finding i is as it was drawn, 0 elsewhere. NULL: nobody did, and
     * it is what differs. */
    void (*mark)(const as_twin *twin, const as_twin_shot *shot, size_t finding, float *plane);
    /* Draws the part's light as the sensor sees it (linear, 0..1, planar floats: red, green and blue, or one plane where
     * pixel is Mono8), and fills in findings, severity, label and box (what a defect can touch, as drawn). Findings are told
     * whether shown or not. */
    void (*draw)(const as_twin *twin, const as_twin_shot *shot, float *linear, as_twin_truth *ret_truth);
    const as_twin_web_scene *web; /* NULL: it is none */
} as_twin_scene;

const as_twin_scene *as_twin_scene_at(size_t i); /* NULL past the last row */

/* scene: a name of the table, or dataset:DIR. */
AS_CHECK as_twin    *as_twin_open(const char *scene, const as_twin_cfg *cfg, as_err *err);
as_twin             *as_twin_ref(as_twin *twin);   /* one more to close it */
as_twin             *as_twin_close(as_twin *twin); /* freed with the last reference; NULL is fine; returns NULL */
const as_twin_scene *as_twin_scene_of(const as_twin *twin);
const as_twin_cfg   *as_twin_cfg_of(const as_twin *twin);             /* with every field resolved; texts are gone */
const as_script     *as_twin_script_of(const as_twin *twin);          /* NULL: none */
const as_chip       *as_twin_sensor_of(const as_twin *twin);          /* NULL: the plain camera */
const as_imager_cfg *as_twin_imager_of(const as_twin *twin);          /* likewise */
uint32_t             as_twin_spots_of(const as_twin *twin, bool hot); /* pixels of the sensor that are hot, or dead */
as_optics            as_twin_optics_of(const as_twin *twin);
const void          *as_twin_state(const as_twin *twin); /* what the scene prepared */
double               as_twin_px_per_mm(const as_twin *twin);

/* Where, in what a scene draws (its cfg's width x height), the camera's frame lies: it shows more where the lens distorts or a
 * shutter shears. */
as_twin_frame as_twin_frame_of(const as_twin *twin);

/* The same world seen and lit otherwise, as a twin of its own: what both hold is shared, so that it costs little, and draws
 * what one opened with that cfg would. cfg: as_twin_cfg_of() with changes to light, lamp, belt, exposure, gain, noise,
 * temperature, distortion, vignette, what lies on the lens, off_focus_mm or parts_per_s, and what goes wrong from now on
 * (script, NULL: nothing). AS_EINVAL for what needs opening anew: size, pixel, seed, lens, defects. */
AS_CHECK as_twin *as_twin_retune(as_twin *twin, const as_twin_cfg *cfg, as_err *err);

size_t as_twin_scratch_bytes(const as_twin *twin);

/* part from 1, view from 0 (frames of the same part). image must be of the twin's geometry and pixel format. */
AS_CHECK bool as_twin_render(const as_twin *twin, uint64_t part, uint32_t view, void *scratch, as_image *image,
                             as_truth *ret_truth, as_err *err);

/* The same with all that is known, and, where ret_raw is not NULL, the sensor's own numbers (width * height, in scratch;
 * NULL with the plain camera). */
AS_CHECK bool as_twin_look(const as_twin *twin, uint64_t part, uint32_t view, void *scratch, as_image *image,
                           as_twin_truth *ret_truth, const uint16_t **ret_raw, as_err *err);

/* The same, and the pixels of each finding, from which its box follows. A defect is what differs, as the lens and the shutter
 * leave it, between the part with it alone and the part without any; closed and without holes (twin/extent.h). */
AS_CHECK bool as_twin_look_at(const as_twin *twin, uint64_t part, uint32_t view, void *scratch, as_image *image,
                              as_twin_truth *ret_truth, const uint16_t **ret_raw, const as_mask_sink *sink,
                              as_err *err);

/* Those of finding i alone, without a picture. */
AS_CHECK bool as_twin_mask(const as_twin *twin, uint64_t part, uint32_t view, size_t finding, void *scratch,
                           uint8_t *inside, size_t *ret_n, as_err *err);

/* The faults of that part's frame, as bits of as_fault. */
uint32_t as_twin_faults_at(const as_twin *twin, uint64_t part, double amounts[AS_FAULT_COUNT]);

#endif
