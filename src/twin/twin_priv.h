/* SPDX-License-Identifier: Apache-2.0 */
/* twin_priv.h - an open twin from the inside. For twin.c, take.c, scan.c, condition.c and retune.c only.
 *
 * Layer:   twin.
 * Threads: immutable after opening.
 * Memory:  as_twin_close frees.
 */
#ifndef AS_TWIN_TWIN_PRIV_H
#define AS_TWIN_TWIN_PRIV_H

#include <stdatomic.h>

#include "twin/chip_file.h"
#include "twin/conditions.h"
#include "twin/web.h"

struct as_twin {
    atomic_uint          refs;
    as_twin             *root; /* of a retuned one: whose state and imager these are; NULL: they are its own */
    const as_twin_scene *scene;
    const as_twin_scene *own; /* the same, where it was made for this twin and its like */
    as_twin_cfg          cfg; /* its texts and its script are NULL: they were the caller's */
    as_optics            optics;
    double               px_per_mm, spread_px, airy_px, disc_px, line_s;
    double         lens_light, light_ratio; /* of the lens that the scene is set up with: 1; with its exposure: 1 */
    double         usual_exposure_us, usual_vignette; /* of the scene as it is set up */
    int32_t        recipe;                            /* -1: all */
    as_script     *script;                            /* NULL: none */
    const as_chip *info;                              /* NULL: the plain camera */
    as_chip_file   chip;                              /* of a sensor that is no row of the table */
    as_sensor      sensor;
    as_imager      imager;
    as_develop     develop;
    as_web         web;  /* of scan=line; else zeros */
    as_veil        veil; /* zeros where nothing ever lies on the lens */
    void          *state;
    as_twin *world; /* what the scene draws, where that is more than the frame: with a state of its own; NULL: this */
    as_twin_frame frame;
};

/* How much beyond the frame may be seen, in frame. */
void as_twin_set_up_frame(as_twin *twin);

/* What twin.c does at opening and retune.c again. */
AS_CHECK bool as_twin_check_cfg(const as_twin_cfg *cfg, bool has_sensor, as_err *err);
AS_CHECK bool as_twin_check_blur(const as_twin *twin, as_err *err);
AS_CHECK bool as_twin_keep_script(as_twin *twin, const as_script *script, as_err *err);
AS_CHECK bool as_twin_set_up_scan(as_twin *twin, bool own_exposure, as_err *err);
AS_CHECK bool as_twin_set_up_veil(as_twin *twin, as_err *err);
double        as_twin_times_of_db(double db);
bool          as_twin_may_be_dirty(const as_twin *twin);

/* What a frame's truth says of the station. mm_per_line: of a web. */
void as_twin_tell_station(const as_twin *twin, const as_conditions *now, double mm_per_line, as_twin_station *ret);

#endif
