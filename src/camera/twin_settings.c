/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/twin_settings.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

#define AT(field) offsetof(as_twin_cfg, field)

/* The bounds are those of the address' keys. */
static const struct {
    const char *name, *category, *unit, *about;
    double      low, high;
    size_t      at;
    bool        sensor; /* of a named sensor alone */
} twin_rows[] = {
    {"ExposureTime", "AcquisitionControl", "us", "longer is brighter, and blurs what moves", 1, 1e7, AT(exposure_us),
     false},
    {"Gain", "AnalogControl", "dB", "of the sensor's amplifier", 0, 48, AT(gain_db), true},
    {"DeviceTemperature", "DeviceControl", "C", "of the sensor: warm ones have more noise", -40, 90, AT(temperature_c),
     true},
    {"BeltSpeed", "Twin", "mm/s", "with the exposure it gives the motion blur", 0, 1e6, AT(belt_mm_per_s), false},
    {"LightLevel", "Twin", "", "of the lamp; 1 as the scene is lit", 0, 100, AT(light), false},
    {"LightWarmth", "Twin", "", "-1 cold to 1 warm", -1, 1, AT(warmth), false},
    {"LightAmbient", "Twin", "", "daylight beside the lamp's, of white", 0, 10, AT(ambient), false},
    {"LightFlicker", "Twin", "", "how deep the lamp follows the mains", 0, 1, AT(flicker), false},
    {"LensDirt", "Twin", "", "dust and splashes on the lens", 0, 1, AT(dirt), false},
    {"LensFingerprint", "Twin", "", "a finger's mark on the lens", 0, 1, AT(print), false},
    {"LensHaze", "Twin", "", "light scattered over the picture", 0, 1, AT(haze), false},
    {"FocusOffset", "Twin", "mm", "how far the part lies beyond the focus", -1000, 1000, AT(off_focus_mm), false},
    {"AcquisitionLineRate", "AcquisitionControl", "Hz", "lines a second; with an encoder the most there can be", 1, 1e6,
     AT(line_rate), false},
};

static void twin_text(as_setting *s, const char *name, const char *category, const char *about, as_setting_kind kind)
{
    memset(s, 0, sizeof *s);
    as_str_copy(s->name, sizeof s->name, name);
    as_str_copy(s->category, sizeof s->category, category);
    as_str_copy(s->about, sizeof s->about, about);
    s->kind = kind;
    s->readable = true;
    s->low = s->high = s->step = NAN;
}

/* What is decided when it is opened. */
static void twin_fixed(size_t i, const as_twin_cfg *cfg, as_setting *ret)
{
    static const char *const names[] = {"Width", "Height", "PixelFormat", "DeviceScanType"};
    twin_text(ret, names[i], i < 3 ? "ImageFormatControl" : "DeviceControl", "as the address says",
              i < 2 ? AS_SETTING_INT : AS_SETTING_ENUM);
    if (i == 3)
        as_str_copy(ret->value, sizeof ret->value, cfg->scan == AS_TWIN_SCAN_LINE ? "Linescan" : "Areascan");
    else if (i < 2)
        snprintf(ret->value, sizeof ret->value, "%u", i == 0 ? cfg->width : cfg->height);
    else
        as_str_copy(ret->value, sizeof ret->value, as_pixel_name(cfg->pixel));
}

bool as_twin_setting_at(size_t i, const as_twin_cfg *cfg, bool has_sensor, as_setting *ret)
{
    if (i < 4) {
        twin_fixed(i, cfg, ret);
        return true;
    }
    i -= 4;
    if (i >= AS_COUNT(twin_rows) - (cfg->scan != AS_TWIN_SCAN_LINE)) /* the last is of lines */
        return false;
    twin_text(ret, twin_rows[i].name, twin_rows[i].category, twin_rows[i].about, AS_SETTING_FLOAT);
    as_str_copy(ret->unit, sizeof ret->unit, twin_rows[i].unit);
    ret->low = twin_rows[i].low;
    ret->high = twin_rows[i].high;
    ret->writable = has_sensor || !twin_rows[i].sensor;
    snprintf(ret->value, sizeof ret->value, "%.10g",
             *(const double *)(const void *)((const char *)cfg + twin_rows[i].at));
    return true;
}

bool as_twin_setting_put(const char *name, const char *value, as_twin_cfg *cfg)
{
    for (size_t i = 0; i < AS_COUNT(twin_rows); i++)
        if (strcmp(twin_rows[i].name, name) == 0)
            return as_str_to_f64(value, (double *)(void *)((char *)cfg + twin_rows[i].at));
    return false;
}
