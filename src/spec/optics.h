/* SPDX-License-Identifier: Apache-2.0 */
/* optics.h - what assay.yaml says of camera, lens and light.
 *
 * Layer:   spec.
 * Threads: immutable.
 * Memory:  plain values.
 */
#ifndef AS_SPEC_OPTICS_H
#define AS_SPEC_OPTICS_H

#include "spec/plan_rows.h"

typedef enum as_spec_scan { AS_SPEC_SCAN_NONE, AS_SPEC_SCAN_AREA, AS_SPEC_SCAN_LINE } as_spec_scan;

/* What `assay plan` starts from; 0: not given. */
typedef struct as_spec_optics {
    double       height_mm, defect_mm;         /* of the product; a height of 0 is flat */
    double       bad_share;                    /* NAN: not given */
    double       belt_mm_per_s, hours_per_day; /* default 0, 24 */
    double       field_mm[2];                  /* along and across the belt */
    double       distance_mm;
    double       defect_px, max_blur_px; /* default 3, 1 */
    double       exposure_us, light_lx;
    double       reflectance, snr, wavelength_nm; /* default 0.18, 40, 555 */
    double       f_number, focal_mm;
    as_chip_id   sensor;
    uint32_t     max_cameras;    /* default 4 */
    as_spec_scan scan;           /* NONE: area */
    double       encoder_per_mm; /* pulses of web; default 20 */
    uint32_t     tdi_stages;     /* of a line sensor; default 1 */
} as_spec_optics;

#endif
