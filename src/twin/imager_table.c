/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/imager_table.h"

#include "base/str.h"

#define AT_C       25.0 /* what the dark currents below are said for */
#define DOUBLING_C 6.5  /* silicon near room temperature: twice the dark current each 6 to 7 degrees */

/* Where a source does not say (dark current, non-uniformities, share of defect pixels), the value is what is usual for the
 * technology, and the row says "usual". The gain spreads the full well over the converter's range unless it is known. */
static const as_imager_info imagers[] = {
    {"imx174", "Sony IMX174, 2.3 Mpx, 5.86 um, global shutter: large wells",
     "EMVA 1288 figures published for cameras with it (77 % at 525 nm, 32,691 e-, 6.83 e-); the rest usual", 1936, 1216,
     12, 5.86, 0.77, 0.1212, 32691, 6.83, 4.0, 2.5, 0.008, 64, 2e-5, 2e-6, 0},
    {"imx250", "Sony IMX250, 5 Mpx, 3.45 um, global shutter: the usual one of its time",
     "Teledyne DALSA Genie Nano manual (10.7 ke-); 71.3 dB of the same pixel in the mvBlueFOX3 manual gives 2.9 e-; "
     "the rest usual",
     2448, 2048, 12, 3.45, 0.64, 0.3645, 10700, 2.9, 1.2, 0.8, 0.006, 64, 1e-5, 1e-6, 0},
    {"imx273", "Sony IMX273, 1.6 Mpx, 3.45 um, global shutter: the pixel of imx250 on a smaller sensor",
     "as imx250: the pixel is the same", 1440, 1080, 12, 3.45, 0.64, 0.3645, 10700, 2.9, 1.2, 0.8, 0.006, 64, 1e-5,
     1e-6, 0},
    {"icx625", "Sony ICX625, 5 Mpx, 3.45 um CCD: what older lines have",
     "EMVA 1288 data sheet of the Point Grey Grasshopper3 with it (57 %, 8.28 e-, 5,903 e-); the rest usual", 2448,
     2048, 12, 3.45, 0.57, 0.66, 5903, 8.28, 8.0, 1.5, 0.007, 64, 4e-5, 2e-6, 0},
    {"rolling", "5 Mpx, 2.2 um, rolling shutter: a low-cost camera", "no one sensor: usual values of its class", 2592,
     1944, 12, 2.2, 0.55, 0.62, 6200, 5.0, 12.0, 3.0, 0.012, 128, 2e-4, 2e-5, 35.0},
    {"worn", "a sensor that has aged: hot and dead pixels, uneven", "no one sensor: for trying out what copes with it",
     1280, 1024, 10, 4.8, 0.50, 0.098, 9600, 14.0, 80.0, 9.0, 0.025, 40, 2e-3, 3e-4, 0},
    {"ideal", "counts every photon: shot noise alone", "nature", 1280, 1024, 16, 5.0, 1.0, 0.64, 100000, 0.0, 0.0, 0.0,
     0.0, 0, 0.0, 0.0, 0},
};

const as_imager_info *as_imager_info_at(size_t i)
{
    return i < AS_COUNT(imagers) ? &imagers[i] : NULL;
}

const as_imager_info *as_imager_info_find(const char *name, as_err *err)
{
    const char *names[AS_COUNT(imagers)];
    for (size_t i = 0; i < AS_COUNT(imagers); i++) {
        names[i] = imagers[i].name;
        if (strcmp(name, names[i]) == 0)
            return &imagers[i];
    }
    const char *nearest = as_str_nearest(name, names, AS_COUNT(names));
    if (nearest)
        AS_FAIL(err, AS_ENOTFOUND, "the twin has no sensor '%s': did you mean '%s'?", name, nearest);
    else
        AS_FAIL(err, AS_ENOTFOUND, "the twin has no sensor '%s': try %s, %s, ... (assay twin list)", name, names[0],
                names[1]);
    return NULL;
}

as_imager_cfg as_imager_info_cfg(const as_imager_info *info, uint32_t width, uint32_t height)
{
    return (as_imager_cfg){.width = width,
                           .height = height,
                           .bits = info->bits,
                           .quantum_ratio = info->quantum_ratio,
                           .gain_dn_per_e = info->gain_dn_per_e,
                           .full_well_e = info->full_well_e,
                           .dark_noise_e = info->dark_noise_e,
                           .dark_e_per_s = info->dark_e_per_s,
                           .dark_at_c = AT_C,
                           .dark_doubling_c = DOUBLING_C,
                           .dsnu_e = info->dsnu_e,
                           .prnu_ratio = info->prnu_ratio,
                           .black_dn = info->black_dn,
                           .hot_ratio = info->hot_ratio,
                           .dead_ratio = info->dead_ratio,
                           .seed = 1288};
}
