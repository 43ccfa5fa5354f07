/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/imager_table.h"

#define AT_C       25.0 /* what the dark currents of the table are said for */
#define DOUBLING_C 6.5  /* silicon near room temperature: twice the dark current each 6 to 7 degrees */

as_imager_cfg as_imager_cfg_of(const as_chip *chip, uint32_t width, uint32_t height)
{
    const as_chip_pixel *pixel = chip->pixel;
    return (as_imager_cfg){.width = width,
                           .height = height,
                           .bits = chip->bits,
                           .quantum_ratio = pixel->quantum_ratio,
                           .gain_dn_per_e = as_chip_gain(chip),
                           .full_well_e = pixel->full_well_e,
                           .dark_noise_e = pixel->dark_noise_e,
                           .dark_e_per_s = pixel->dark_e_per_s,
                           .dark_at_c = AT_C,
                           .dark_doubling_c = DOUBLING_C,
                           .dsnu_e = pixel->dsnu_e,
                           .prnu_ratio = pixel->prnu_ratio,
                           .black_dn = pixel->black_dn,
                           .hot_ratio = pixel->hot_ratio,
                           .dead_ratio = pixel->dead_ratio,
                           .seed = 1288};
}
