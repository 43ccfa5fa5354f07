/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/plan_optics.h"

#include <math.h>

#define PLANCK_J_S     6.62607015e-34 /* both exact, SI 2019 */
#define LIGHT_M_S      299792458.0
#define LUMEN_PER_WATT 683.0
#define WHITE_LM_W     300.0
#define VISION_FROM_NM 400.0
#define VISION_STEP_NM 10.0

double as_plan_pixel_mm(double defect_mm, double n_px)
{
    return defect_mm / n_px;
}

double as_plan_nyquist_lp_mm(double pixel_mm)
{
    return 1.0 / (2.0 * pixel_mm);
}

double as_plan_magnification(double focal_mm, double distance_mm)
{
    return distance_mm > focal_mm ? focal_mm / (distance_mm - focal_mm) : 0;
}

double as_plan_focal_mm(double magnification, double distance_mm)
{
    return distance_mm * magnification / (1.0 + magnification);
}

double as_plan_distance_mm(double focal_mm, double magnification)
{
    return focal_mm * (1.0 + 1.0 / magnification);
}

double as_plan_plane_mm(double pixel_mm, double distance_mm, double plane_mm)
{
    return pixel_mm * plane_mm / distance_mm;
}

as_plan_depth as_plan_depth_of_field(double focal_mm, double f_number, double circle_mm, double distance_mm)
{
    double        h = focal_mm * focal_mm / (f_number * circle_mm) + focal_mm;
    as_plan_depth depth = {.near_mm = distance_mm * (h - focal_mm) / (h + distance_mm - 2.0 * focal_mm),
                           .far_mm = distance_mm < h ? distance_mm * (h - focal_mm) / (h - distance_mm) : INFINITY};
    return depth;
}

double as_plan_working_number(double f_number, double magnification)
{
    return f_number * (1.0 + magnification);
}

double as_plan_airy_um(double wavelength_nm, double working_number)
{
    return 2.44 * wavelength_nm * 1e-3 * working_number;
}

double as_plan_blur_px(double speed_mm_s, double exposure_s, double pixel_mm)
{
    return speed_mm_s * exposure_s / pixel_mm;
}

double as_plan_exposure_s(double blur_px, double pixel_mm, double speed_mm_s)
{
    return speed_mm_s > 0 ? blur_px * pixel_mm / speed_mm_s : INFINITY;
}

double as_plan_vision(double wavelength_nm)
{
    static const double rows[] = {0.000396, 0.00121, 0.004, 0.0116, 0.023, 0.038,   0.06,    0.09098,
                                  0.13902,  0.20802, 0.323, 0.503,  0.71,  0.862,   0.954,   0.99495,
                                  0.995,    0.952,   0.87,  0.757,  0.631, 0.503,   0.381,   0.265,
                                  0.175,    0.107,   0.061, 0.032,  0.017, 0.00821, 0.004102};
    double              at = (wavelength_nm - VISION_FROM_NM) / VISION_STEP_NM;
    if (!(at >= 0) || at > (double)(AS_COUNT(rows) - 1))
        return 0;
    /* The curve's top, 1 at 555 nm, lies between two rows that a straight line would cut off. */
    if (fabs(wavelength_nm - 555.0) <= 5.0)
        return 1.0 - 0.0002 * (wavelength_nm - 555.0) * (wavelength_nm - 555.0);
    size_t i = AS_MIN((size_t)at, AS_COUNT(rows) - 2);
    double t = at - (double)i;
    return rows[i] * (1.0 - t) + rows[i + 1] * t;
}

double as_plan_lamp_share(double wavelength_nm)
{
    return fmin(LUMEN_PER_WATT * as_plan_vision(wavelength_nm) / WHITE_LM_W, 1.0);
}

double as_plan_image_lx(double lux, double reflectance, double transmission, double working_number)
{
    return lux * reflectance * transmission / (4.0 * working_number * working_number);
}

double as_plan_photons(double lux, double wavelength_nm, double area_um2, double exposure_s)
{
    double watt_m2 = lux / (LUMEN_PER_WATT * as_plan_vision(wavelength_nm));
    double joule = PLANCK_J_S * LIGHT_M_S / (wavelength_nm * 1e-9);
    return watt_m2 * area_um2 * 1e-12 * exposure_s / joule;
}

double as_plan_snr(double electrons, double dark_noise_e)
{
    return electrons > 0 ? electrons / sqrt(electrons + dark_noise_e * dark_noise_e) : 0;
}

double as_plan_electrons(double snr, double dark_noise_e)
{
    double s2 = snr * snr;
    return s2 / 2.0 * (1.0 + sqrt(1.0 + 4.0 * dark_noise_e * dark_noise_e / s2));
}

double as_plan_light_electrons(const as_plan_light *light, double lux)
{
    double image_lx = as_plan_image_lx(lux, light->reflectance, light->transmission, light->working_number);
    return light->quantum_efficiency *
           as_plan_photons(image_lx, light->wavelength_nm, light->pitch_um * light->pitch_um, light->exposure_s);
}

double as_plan_light_lx(const as_plan_light *light, double electrons)
{
    return electrons / as_plan_light_electrons(light, 1.0);
}
