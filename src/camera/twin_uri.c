/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/twin_uri.h"

#include <stddef.h>

#include "base/fs.h"
#include "camera/driver.h"
#include "twin/imager_table.h"

/* KEY, least, most, field of as_twin_cfg. */
static const struct {
    const char *key;
    double      low, high;
    size_t      at;
} uri_numbers[] = {
    {"belt", 0, 1e6, offsetof(as_twin_cfg, belt_mm_per_s)},
    {"exposure", 0, 1e7, offsetof(as_twin_cfg, exposure_us)},
    {"defects", 0, 1, offsetof(as_twin_cfg, defect_share)},
    {"severity", 0, 1, offsetof(as_twin_cfg, min_severity)},
    {"worst", 0, 1, offsetof(as_twin_cfg, max_severity)},
    {"gain", 0.01, 1e6, offsetof(as_twin_cfg, gain_e_per_dn)},
    {"noise", 0, 1e6, offsetof(as_twin_cfg, read_noise_e)},
    {"rate", 1e-4, 1e4, offsetof(as_twin_cfg, parts_per_s)},
    {"db", 0, 48, offsetof(as_twin_cfg, gain_db)},
    {"temperature", -40, 90, offsetof(as_twin_cfg, temperature_c)},
#define X(key, low, high, field, about) {key, low, high, offsetof(as_twin_cfg, own.field)},
#include "twin/own.def"
#undef X
    {"focal", 1, 1000, offsetof(as_twin_cfg, focal_mm)},
    {"fnumber", 0.7, 64, offsetof(as_twin_cfg, f_number)},
    {"distance", 5, 100000, offsetof(as_twin_cfg, distance_mm)},
    {"pitch", 0.5, 50, offsetof(as_twin_cfg, pitch_um)},
    {"off", -1000, 1000, offsetof(as_twin_cfg, off_focus_mm)},
    {"distortion", -0.3, 0.3, offsetof(as_twin_cfg, distortion)},
    {"vignette", 0, 1, offsetof(as_twin_cfg, vignette_ratio)},
    {"dirt", 0, 1, offsetof(as_twin_cfg, dirt)},
    {"print", 0, 1, offsetof(as_twin_cfg, print)},
    {"haze", 0, 1, offsetof(as_twin_cfg, haze)},
    {"light", 0, 100, offsetof(as_twin_cfg, light)},
    {"warmth", -1, 1, offsetof(as_twin_cfg, warmth)},
    {"ambient", 0, 10, offsetof(as_twin_cfg, ambient)},
    {"flicker", 0, 1, offsetof(as_twin_cfg, flicker)},
    {"mains", 1, 1000, offsetof(as_twin_cfg, mains_hz)},
    {"ageing", 0, 1, offsetof(as_twin_cfg, ageing)},
    {"age", 0, 1e6, offsetof(as_twin_cfg, age_h)},
    {"day", 0, 10, offsetof(as_twin_cfg, day)},
    {"hour", 0, 24, offsetof(as_twin_cfg, hour)},
    {"line_rate", 1, 1e6, offsetof(as_twin_cfg, line_rate)},
};

static const char *const uri_texts[] = {"seed",  "fps",    "parts",  "from", "views",  "width", "height",
                                        "pixel", "sensor", "recipe", "srgb", "script", "scan",  "trigger"};

static bool uri_known(const char **keys, size_t cap)
{
    size_t n = 0;
    if (cap < AS_COUNT(uri_numbers) + AS_COUNT(uri_texts) + 1)
        return false;
    for (size_t i = 0; i < AS_COUNT(uri_texts); i++)
        keys[n++] = uri_texts[i];
    for (size_t i = 0; i < AS_COUNT(uri_numbers); i++)
        keys[n++] = uri_numbers[i].key;
    keys[n] = NULL;
    return true;
}

static bool uri_size(const as_uri_query *query, const char *key, uint32_t *ret, as_err *err)
{
    uint64_t size = *ret;
    if (!as_uri_query_count(query, key, 16, AS_IMAGE_MAX_SIDE, &size, err))
        return false;
    *ret = (uint32_t)size;
    return true;
}

static bool uri_pixel(const as_uri_query *query, as_pixel *ret, as_err *err)
{
    const char *text = as_uri_query_get(query, "pixel");
    if (!text)
        return true;
    *ret = as_pixel_parse(text);
    return *ret != AS_PIXEL_NONE ||
           AS_FAIL(err, AS_EINVAL, "there is no pixel format '%.40s': Mono8, Mono12, BayerRG8, RGB8, ... are", text);
}

/* One of two words, the first of which is what it is without. */
static bool uri_word(const as_uri_query *query, const char *key, const char *usual, const char *other, bool *ret,
                     as_err *err)
{
    const char *text = as_uri_query_get(query, key);
    *ret = text && strcmp(text, other) == 0;
    return !text || *ret || strcmp(text, usual) == 0 ||
           AS_FAIL(err, AS_EINVAL, "%s='%.40s' is neither %s nor %s", key, text, usual, other);
}

static bool uri_fill(as_twin_uri *uri, as_err *err)
{
    const as_uri_query *query = &uri->query;
    as_twin_cfg        *cfg = &uri->cfg;
    uint64_t            srgb = 0;
    for (size_t i = 0; i < AS_COUNT(uri_numbers); i++) {
        double *at = (double *)(void *)((char *)cfg + uri_numbers[i].at);
        if (!as_uri_query_number(query, uri_numbers[i].key, uri_numbers[i].low, uri_numbers[i].high, at, err))
            return false;
    }
    cfg->sensor = as_uri_query_get(query, "sensor");
    cfg->recipe = as_uri_query_get(query, "recipe");
    if (!as_uri_query_count(query, "seed", 0, UINT64_MAX, &cfg->seed, err) ||
        !as_uri_query_count(query, "srgb", 0, 1, &srgb, err) || !uri_size(query, "width", &cfg->width, err) ||
        !uri_size(query, "height", &cfg->height, err) || !uri_pixel(query, &cfg->pixel, err))
        return false;
    cfg->srgb = srgb == 1;
    bool line;
    if (!uri_word(query, "scan", "area", "line", &line, err) ||
        !uri_word(query, "trigger", "free", "encoder", &cfg->encoder, err))
        return false;
    cfg->scan = line ? AS_TWIN_SCAN_LINE : AS_TWIN_SCAN_NONE;
    return as_uri_query_number(query, "fps", 1e-3, 1e5, &uri->fps, err) &&
           as_uri_query_count(query, "views", 1, 64, &uri->views, err) &&
           as_uri_query_count(query, "from", 1, UINT64_MAX / 128, &uri->from, err) &&
           as_uri_query_count(query, "parts", 1, UINT64_MAX / 128, &uri->parts, err);
}

bool as_twin_uri_parse(const char *rest, as_twin_uri *ret, as_err *err)
{
    const char *known[64];
    memset(ret, 0, sizeof *ret);
    ret->cfg = as_twin_cfg_default();
    if (!uri_known(known, AS_COUNT(known)) || !as_uri_query_parse(rest, known, &ret->query, err) || !uri_fill(ret, err))
        return false;
    as_twin_uri_rate(ret, 0, ret->views);
    return true;
}

void as_twin_uri_rate(as_twin_uri *uri, double fps, uint64_t views)
{
    double frames = uri->fps > 0 ? uri->fps : fps;
    if (frames > 0 && !as_uri_query_get(&uri->query, "rate"))
        uri->cfg.parts_per_s = AS_MIN(AS_MAX(frames / (double)AS_MAX(views, 1u), 1e-4), 1e4);
}

void as_twin_uri_usual_sensor(as_twin_uri *uri)
{
    const bool plain = uri->cfg.gain_e_per_dn >= 0 || uri->cfg.read_noise_e >= 0; /* numbers of the plain camera */
    if (!uri->cfg.sensor && !plain)
        uri->cfg.sensor = as_twin_usual_sensor(&uri->cfg);
}

static bool uri_sensor(as_twin_uri *uri, const char *dir, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    if (!as_chip_file_is(uri->cfg.sensor))
        return true;
    uri->chip_file = malloc(sizeof *uri->chip_file);
    if (!uri->chip_file)
        return AS_FAIL(err, AS_ENOMEM, "no memory for a sensor");
    uri->cfg.chip_file = uri->chip_file;
    return as_fs_join(path, dir ? dir : "", uri->cfg.sensor, err) && as_chip_file_read(path, uri->chip_file, err);
}

bool as_twin_uri_files(as_twin_uri *uri, const char *dir, as_err *err)
{
    const char *name = as_uri_query_get(&uri->query, "script");
    char        path[AS_FS_PATH_BYTES];
    if (!uri_sensor(uri, dir, err))
        return false;
    if (!name)
        return true;
    uri->script = malloc(sizeof *uri->script);
    if (!uri->script)
        return AS_FAIL(err, AS_ENOMEM, "no memory for a script");
    uri->cfg.script = uri->script;
    return as_fs_join(path, dir ? dir : "", name, err) && as_script_read(path, uri->script, err);
}

void as_twin_uri_done(as_twin_uri *uri)
{
    free(uri->script);
    free(uri->chip_file);
    uri->script = NULL;
    uri->cfg.script = NULL;
    uri->chip_file = NULL;
    uri->cfg.chip_file = NULL;
}
