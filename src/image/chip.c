/* SPDX-License-Identifier: Apache-2.0 */
#include "image/chip.h"

#include <ctype.h>
#include <strings.h>

#include "base/str.h"

#define SPREAD 0.983 /* of the converter's range that a full well fills where nothing else is known */

enum {
#define X(id, ...) PIXEL_##id,
#include "image/chip_pixel.def"
#undef X
    PIXEL_COUNT
};

static const as_chip_pixel chip_pixels[] = {
#define X(id, ...) [PIXEL_##id] = {__VA_ARGS__},
#include "image/chip_pixel.def"
#undef X
};

static const as_chip chips[] = {
#define X(id, name, maker, about, columns, rows, bits, shutter, fps, pixel, use) \
    [AS_CHIP_##id] = {name,                                                      \
                      maker,                                                     \
                      about,                                                     \
                      columns,                                                   \
                      rows,                                                      \
                      bits,                                                      \
                      AS_CHIP_SHUTTER_##shutter,                                 \
                      fps,                                                       \
                      &chip_pixels[PIXEL_##pixel],                               \
                      AS_CHIP_USE_##use},
#include "image/chip.def"
#undef X
};

const as_chip *as_chip_of(as_chip_id id)
{
    return id > AS_CHIP_NONE && id < AS_CHIP_COUNT ? &chips[id] : NULL;
}

/* Small letters and capitals are the same to a person, but not to the distance between words. */
static const char *chip_nearest(const char *name, const char *const *names, size_t n)
{
    char        capitals[32];
    const char *nearest = as_str_nearest(name, names, n);
    if (nearest)
        return nearest;
    as_str_copy(capitals, sizeof capitals, name);
    for (char *c = capitals; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return as_str_nearest(capitals, names, n);
}

const as_chip *as_chip_find(const char *name, as_err *err)
{
    const char *names[AS_CHIP_COUNT];
    size_t      n = 0;
    for (unsigned id = AS_CHIP_NONE + 1; id < AS_CHIP_COUNT; id++) {
        names[n++] = chips[id].name;
        if (strcasecmp(name, chips[id].name) == 0)
            return &chips[id];
    }
    const char *nearest = chip_nearest(name, names, n);
    if (nearest)
        AS_FAIL(err, AS_ENOTFOUND, "no sensor '%.60s' is known: did you mean '%s'?", name, nearest);
    else
        AS_FAIL(err, AS_ENOTFOUND, "no sensor '%.60s' is known: try IMX174, IMX250, ... (assay twin list)", name);
    return NULL;
}

bool as_chip_is_line(const as_chip *chip)
{
    return chip->height == 1;
}

double as_chip_line_us(const as_chip *chip)
{
    return chip->shutter == AS_CHIP_SHUTTER_ROLLING ? 1e6 / (chip->frames_per_s * chip->height) : 0.0;
}

double as_chip_gain(const as_chip *chip)
{
    const as_chip_pixel *pixel = chip->pixel;
    double               top = (double)((1u << chip->bits) - 1u);
    return pixel->gain_dn_per_e > 0 ? pixel->gain_dn_per_e : SPREAD * (top - pixel->black_dn) / pixel->full_well_e;
}

const char *as_chip_shutter_name(as_chip_shutter shutter)
{
    return shutter == AS_CHIP_SHUTTER_GLOBAL ? "global" : shutter == AS_CHIP_SHUTTER_ROLLING ? "rolling" : "none";
}
