/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/optics.h"

#include <math.h>

#define WAVELENGTH_UM 0.55

bool as_optics_check(const as_optics *optics, as_err *err)
{
    const struct {
        const char *name;
        double      value, low, high;
    } rows[] = {{"focal length in mm", optics->focal_mm, 1, 1000},
                {"f-number", optics->f_number, 0.7, 64},
                {"working distance in mm", optics->distance_mm, 5, 100000},
                {"pixel pitch in um", optics->pitch_um, 0.5, 50}};
    for (size_t i = 0; i < AS_COUNT(rows); i++)
        if (!(rows[i].value >= rows[i].low && rows[i].value <= rows[i].high))
            return AS_FAIL(err, AS_EINVAL, "a lens with a %s of '%g' cannot be: %g to %g is possible", rows[i].name,
                           rows[i].value, rows[i].low, rows[i].high);
    if (optics->distance_mm <= 1.05 * optics->focal_mm)
        return AS_FAIL(err, AS_EINVAL, "a lens of %g mm makes no picture of what is %g mm away: move it further off",
                       optics->focal_mm, optics->distance_mm);
    return true;
}

double as_optics_magnification(const as_optics *optics)
{
    return optics->focal_mm / (optics->distance_mm - optics->focal_mm);
}

double as_optics_px_per_mm(const as_optics *optics)
{
    return as_optics_magnification(optics) * 1000.0 / optics->pitch_um;
}

double as_optics_disc_px(const as_optics *optics, double off_mm)
{
    double aperture_mm = optics->focal_mm / optics->f_number;
    double disc_mm = aperture_mm * as_optics_magnification(optics) * fabs(off_mm) / (optics->distance_mm + off_mm);
    return disc_mm * 1000.0 / optics->pitch_um;
}

double as_optics_airy_px(const as_optics *optics)
{
    return WAVELENGTH_UM * optics->f_number * (1.0 + as_optics_magnification(optics)) / optics->pitch_um;
}

double as_optics_depth_mm(const as_optics *optics)
{
    /* k = pitch / (aperture * m): a disc of one pixel at dz = s k / (1 -+ k) before and behind. */
    double k = optics->pitch_um / 1000.0 * optics->f_number / (optics->focal_mm * as_optics_magnification(optics));
    if (k >= 1.0)
        return INFINITY;
    return optics->distance_mm * (k / (1.0 - k) + k / (1.0 + k));
}

double as_optics_light(const as_optics *optics)
{
    double n = optics->f_number * (1.0 + as_optics_magnification(optics));
    return 1.0 / (n * n);
}
