/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/imager_table.h"

#include <strings.h>

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

static double table_own(double own, double row)
{
    return own >= 0.0 ? own : row;
}

as_imager_cfg as_imager_cfg_own(const as_chip *chip, const as_twin_own *own, uint32_t width, uint32_t height)
{
    as_imager_cfg cfg = as_imager_cfg_of(chip, width, height);
    if (own->full_well_e > 0.0)
        cfg.gain_dn_per_e *= cfg.full_well_e / own->full_well_e;
    cfg.gain_dn_per_e = table_own(own->gain_dn_per_e, cfg.gain_dn_per_e);
    cfg.full_well_e = table_own(own->full_well_e, cfg.full_well_e);
    cfg.quantum_ratio = table_own(own->quantum_ratio, cfg.quantum_ratio);
    cfg.dark_noise_e = table_own(own->dark_noise_e, cfg.dark_noise_e);
    cfg.dark_e_per_s = table_own(own->dark_e_per_s, cfg.dark_e_per_s);
    cfg.dark_doubling_c = table_own(own->dark_doubling_c, cfg.dark_doubling_c);
    cfg.dsnu_e = table_own(own->dsnu_e, cfg.dsnu_e);
    cfg.prnu_ratio = table_own(own->prnu_ratio, cfg.prnu_ratio);
    cfg.hot_ratio = table_own(own->hot_ratio, cfg.hot_ratio);
    cfg.dead_ratio = table_own(own->dead_ratio, cfg.dead_ratio);
    return cfg;
}

bool as_twin_own_any(const as_twin_own *own)
{
    return own->quantum_ratio >= 0 || own->gain_dn_per_e >= 0 || own->full_well_e >= 0 || own->dark_noise_e >= 0 ||
           own->dark_e_per_s >= 0 || own->dark_doubling_c >= 0 || own->dsnu_e >= 0 || own->prnu_ratio >= 0 ||
           own->hot_ratio >= 0 || own->dead_ratio >= 0;
}

const char *as_twin_usual_sensor(const as_twin_cfg *cfg)
{
    return cfg->scan == AS_TWIN_SCAN_LINE ? AS_TWIN_USUAL_LINE : AS_TWIN_USUAL_SENSOR;
}

bool as_twin_chip(const as_twin_cfg *cfg, const as_chip **ret, as_err *err)
{
    const char    *sensor = cfg->sensor && *cfg->sensor ? cfg->sensor : NULL;
    const bool     any = as_twin_own_any(&cfg->own), plain = sensor && strcasecmp(sensor, AS_TWIN_PLAIN_SENSOR) == 0;
    const as_chip *chip = NULL;
    if (plain && any)
        return AS_FAIL(err, AS_EINVAL,
                       "numbers of a sensor (qe, full_well, ...) stand in place of those of one of the table, and the "
                       "plain camera has none: name the nearest (assay twin list), or none");
    if (cfg->chip_file)
        chip = &cfg->chip_file->chip;
    else if (!plain && (sensor || any) && !(chip = as_chip_find(sensor ? sensor : as_twin_usual_sensor(cfg), err)))
        return false;
    if (chip && as_chip_is_line(chip) && cfg->scan != AS_TWIN_SCAN_LINE)
        return AS_FAIL(err, AS_EINVAL, "'%s' is one line of pixels: add scan=line (fabric and film), or name another",
                       chip->name);
    *ret = chip;
    return true;
}
