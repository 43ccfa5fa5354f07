/* SPDX-License-Identifier: Apache-2.0 */
/* plan_optics.h - the optics of a camera over a belt: pixels on a defect, lens, depth of field, diffraction, motion, light.
 *
 * Layer:   spec.
 * Threads: immutable; pure functions.
 * Memory:  none.
 *
 * Lenses are thin: a distance is counted from the principal plane, some millimetres behind the front of a real lens.
 * Sources: Hecht, Optics, 5th ed., 2017; Ray, Applied Photographic Optics, 3rd ed., 2002; Holst and Lomheim, CMOS/CCD Sensors
 * and Camera Systems, 2nd ed., 2011; EMVA Standard 1288, Release 4.0 Linear, 2021.
 */
#ifndef AS_SPEC_PLAN_OPTICS_H
#define AS_SPEC_PLAN_OPTICS_H

#include "base/def.h"

/* --- sampling --- */

/* Size of a pixel on the object that puts n_px of them on a defect. Two is the sampling theorem's limit (Shannon, Proc. IRE
 * 37, 1949): with fewer, a defect between two pixels halves its contrast or more. */
double as_plan_pixel_mm(double defect_mm, double n_px);

/* The finest pattern that pixels of that size can carry, in line pairs a millimetre: 1 / (2 pixel). */
double as_plan_nyquist_lp_mm(double pixel_mm);

/* --- the lens (Hecht, section 5.2.3: 1/f = 1/object + 1/image, m = image/object) --- */

double as_plan_magnification(double focal_mm,
                             double distance_mm); /* f / (distance - f); 0 where there is no real image */
double as_plan_focal_mm(double magnification, double distance_mm); /* distance m / (1 + m) */
double as_plan_distance_mm(double focal_mm, double magnification); /* f (1 + 1/m) */

/* Size of a pixel in a plane at another distance than the one in focus: an image stays where the sensor is, so that what is
 * seen grows with the distance (similar triangles through the lens's middle). */
double as_plan_plane_mm(double pixel_mm, double distance_mm, double plane_mm);

/* --- depth of field (Ray, section 22.2): where the blur of a point stays within `circle_mm` on the sensor --- */

typedef struct as_plan_depth {
    double near_mm, far_mm; /* from the lens; far is INFINITY from the hyperfocal distance on */
} as_plan_depth;

/* With H = f^2 / (N c) + f: near = s (H - f) / (H + s - 2 f), far = s (H - f) / (H - s). */
as_plan_depth as_plan_depth_of_field(double focal_mm, double f_number, double circle_mm, double distance_mm);

/* --- diffraction --- */

double as_plan_working_number(double f_number, double magnification); /* N (1 + m), pupils alike (Ray, section 5.4) */

/* Diameter of Airy's disc to its first dark ring: 2.44 wavelength N (Hecht, section 10.2.5). */
double as_plan_airy_um(double wavelength_nm, double working_number);

/* --- motion --- */

double as_plan_blur_px(double speed_mm_s, double exposure_s, double pixel_mm); /* speed t / pixel */
double as_plan_exposure_s(double blur_px, double pixel_mm, double speed_mm_s); /* INFINITY at rest */

/* --- light --- */

/* Sensitivity of the eye at a wavelength, V(lambda), CIE 1924 (CIE 018:2019, table 1), between its rows of 10 nm; 0 outside
 * 400 to 700 nm. */
double as_plan_vision(double wavelength_nm);

/* Of the lux that a lamp gives in white, those that it gives in one colour with as many watts: 683 V over the 300 lm/W of white
 * LED light (SI; 280 to 330 are usual of their spectra), and no more than all of them. */
double as_plan_lamp_share(double wavelength_nm);

/* On the sensor, of a matt surface: E R T / (4 N_w^2), without the fall towards the corners (Holst and Lomheim, section
 * 3.2). E in lux on the part, R its reflectance, T the lens's transmission, N_w the working F-number. */
double as_plan_image_lx(double lux, double reflectance, double transmission, double working_number);

/* Photons on an area: E_v / (683 V) is W/m^2 (SI, definition of the candela), times area and time, over h c / wavelength
 * (EMVA 1288, equation 2). White light is counted as light of this one wavelength; it has more photons a lux, which sensors
 * see less well. */
double as_plan_photons(double lux, double wavelength_nm, double area_um2, double exposure_s);

/* Signal over temporal noise of that many electrons: mu / sqrt(mu + dark^2) (EMVA 1288, section 2.3, without quantisation);
 * and the electrons that give a wanted one. */
double as_plan_snr(double electrons, double dark_noise_e);
double as_plan_electrons(double snr, double dark_noise_e);

/* Light on the part that makes so many electrons: the two formulas above, turned round. */
typedef struct as_plan_light {
    double reflectance, transmission, working_number;
    double wavelength_nm, pitch_um, exposure_s, quantum_efficiency;
} as_plan_light;

double as_plan_light_electrons(const as_plan_light *light, double lux);
double as_plan_light_lx(const as_plan_light *light, double electrons);

#endif
