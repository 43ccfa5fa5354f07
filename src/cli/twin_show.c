/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "cli/action.h"
#include "cli/twin_pick.h"
#include "twin/imager_table.h"

/* What the numbers of a pixel are, by pixel format. */
static const char *show_levels(const as_twin *twin)
{
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    if (cfg->pixel == AS_PIXEL_RGB8)
        return "developed: black level taken off, white at saturation, curve of sRGB";
    if (cfg->pixel == AS_PIXEL_MONO8 && cfg->srgb)
        return "black level taken off, white at saturation, curve of sRGB (srgb=1)";
    return "the converter's, its upper bits where the format has fewer; linear, black level kept";
}

/* Where the numbers are from: of a row, whose own they are; of a file, which one it is. */
static const char *show_source(const as_chip *info, const as_twin_own *own)
{
    for (unsigned id = AS_CHIP_NONE + 1; id < AS_CHIP_COUNT; id++)
        if (as_chip_of((as_chip_id)id) == info && as_twin_own_any(own))
            return "the row of the table with numbers of your own";
    return info->pixel->source;
}

/* The spec sheet of an emulated camera: what a person would ask its maker, and what follows for the scene. */
static json_t *show_sensor(const as_twin *twin)
{
    const as_imager_cfg *c = as_twin_imager_of(twin);
    const as_chip       *info = as_twin_sensor_of(twin);
    const as_twin_cfg   *cfg = as_twin_cfg_of(twin);
    if (!c)
        return json_pack("{s:s,s:f,s:f}", "sensor", "plain", "gain_e_per_dn", cfg->gain_e_per_dn, "read_noise_e",
                         cfg->read_noise_e);
    json_t *json = json_pack("{s:s,s:s,s:s,s:i,s:f,s:f,s:f,s:f}", "sensor", info->name, "about", info->about, "source",
                             show_source(info, &cfg->own), "bits", (int)c->bits, "quantum_efficiency", c->quantum_ratio,
                             "gain_dn_per_e", c->gain_dn_per_e, "full_well_e", c->full_well_e, "temporal_dark_noise_e",
                             c->dark_noise_e);
    as_json_set(json, "dark_signal_e", json_real(as_imager_dark_e(c, cfg->exposure_us * 1e-6, cfg->temperature_c)));
    as_json_set(json, "dark_current_e_per_s", json_real(as_imager_dark_e(c, 1.0, cfg->temperature_c)));
    as_json_set(json, "temperature_c", json_real(cfg->temperature_c));
    as_json_set(json, "dsnu_e", json_real(c->dsnu_e));
    as_json_set(json, "prnu", json_real(c->prnu_ratio));
    as_json_set(json, "black_level_dn", json_real(c->black_dn));
    const double most = as_imager_saturation_photons(c), least = as_imager_threshold_photons(c);
    as_json_set(json, "snr_max_db", json_real(10.0 * log10(most * c->quantum_ratio)));
    as_json_set(json, "dynamic_range_db", json_real(20.0 * log10(most / least)));
    as_json_set(json, "absolute_threshold_photons", json_real(least));
    as_json_set(json, "saturation_photons", json_real(most));
    as_json_set(json, "dark_current_doubles_each_c", json_real(c->dark_doubling_c));
    as_json_set(json, "hot_pixels", json_integer(as_twin_spots_of(twin, true)));
    as_json_set(json, "dead_pixels", json_integer(as_twin_spots_of(twin, false)));
    as_json_set(json, "levels", json_string(show_levels(twin)));
    if (as_chip_is_line(info))
        as_json_set(json, "most_lines_per_s", json_real(info->frames_per_s));
    as_json_set(json, "shutter", json_string(as_chip_line_us(info) > 0 ? "rolling" : "global"));
    as_json_set(json, "line_us", json_real(as_chip_line_us(info)));
    return json;
}

static json_t *show_lens(const as_twin *twin)
{
    as_optics          o = as_twin_optics_of(twin);
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    double             px = as_twin_px_per_mm(twin);
    json_t            *json =
        json_pack("{s:f,s:f,s:f,s:f,s:f,s:f}", "focal_mm", o.focal_mm, "f_number", o.f_number, "distance_mm",
                  o.distance_mm, "pitch_um", o.pitch_um, "magnification", as_optics_magnification(&o), "px_per_mm", px);
    as_json_set(json, "field_of_view_mm", json_pack("[f,f]", cfg->width / px, cfg->height / px));
    as_json_set(json, "depth_of_field_mm", as_json_number(as_optics_depth_mm(&o)));
    as_json_set(json, "diffraction_px", json_real(AS_OPTICS_AIRY_SIGMA * as_optics_airy_px(&o)));
    as_json_set(json, "motion_blur_px", json_real(cfg->belt_mm_per_s * cfg->exposure_us * 1e-6 * px));
    return json;
}

static json_t *show_words(const char *const *words)
{
    json_t *list = json_array();
    for (size_t i = 0; words[i]; i++)
        json_array_append_new(list, json_string(words[i]));
    return list;
}

static json_t *show_json(const as_twin *twin)
{
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    json_t *json = json_pack("{s:s,s:s,s:i,s:i,s:s,s:f,s:f,s:f,s:f}", "scene", as_twin_scene_of(twin)->name, "summary",
                             as_twin_scene_of(twin)->summary, "width", (int)cfg->width, "height", (int)cfg->height,
                             "pixel", as_pixel_name(cfg->pixel), "exposure_us", cfg->exposure_us, "belt_mm_per_s",
                             cfg->belt_mm_per_s, "defect_share", cfg->defect_share, "min_severity", cfg->min_severity);
    as_json_set(json, "parts_per_s", json_real(cfg->parts_per_s));
    as_json_set(json, "classes", show_words(as_twin_scene_of(twin)->classes));
    as_json_set(json, "recipes", show_words(as_twin_scene_of(twin)->recipes));
    if (cfg->scan == AS_TWIN_SCAN_LINE) {
        as_json_set(json, "scan", json_string("line"));
        as_json_set(json, "trigger", json_string(cfg->encoder ? "encoder" : "free"));
        as_json_set(json, cfg->encoder ? "most_lines_per_s" : "line_rate", json_real(cfg->line_rate));
        as_json_set(json, "frames_per_s", json_real(cfg->parts_per_s));
    }
    as_json_set(json, "camera", show_sensor(twin));
    as_json_set(json, "lens", show_lens(twin));
    return json;
}

static void show_list(FILE *out, const char *name, const json_t *words)
{
    size_t  i;
    json_t *word;
    fprintf(out, "  %-28s", name);
    json_array_foreach (words, i, word)
        fprintf(out, "%s%s", i ? ", " : " ", json_string_value(word));
    fputc('\n', out);
}

/* "quantum_efficiency" as words, and its value. */
static void show_pair(FILE *out, const char *key, const json_t *value)
{
    char name[64];
    snprintf(name, sizeof name, "%s", key);
    for (char *c = name; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    if (json_is_string(value))
        fprintf(out, "  %-28s %s\n", name, json_string_value(value));
    else if (json_is_number(value))
        fprintf(out, "  %-28s %.6g\n", name, json_number_value(value));
    else if (json_is_string(json_array_get(value, 0)))
        show_list(out, name, value);
    else if (json_is_array(value))
        fprintf(out, "  %-28s %.4g x %.4g\n", name, json_number_value(json_array_get(value, 0)),
                json_number_value(json_array_get(value, 1)));
}

static void show_part(FILE *out, const char *title, json_t *object)
{
    const char *key;
    json_t     *value;
    fprintf(out, "%s\n", title);
    json_object_foreach (object, key, value)
        show_pair(out, key, value);
}

static int twin_show(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_twin_pick pick;
    (void)ws;
    bool    ok = as_twin_pick_open(cli, as_cli_arg(cli, 1), &pick, err);
    json_t *json = ok ? show_json(pick.twin) : NULL;
    if (ok && cli->json) {
        ok = as_cli_print_json(cli, json_incref(json), err);
    } else if (ok) {
        show_part(cli->out, "scene", json);
        show_part(cli->out, "camera (EMVA 1288)", json_object_get(json, "camera"));
        show_part(cli->out, "lens", json_object_get(json, "lens"));
    }
    json_decref(json);
    as_twin_pick_done(&pick);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_action as_twin_action_show = {
    .name = "show",
    .usage = "[SCENE]",
    .about = "the spec sheet of the emulated camera, and what its lens makes of the scene",
    .max_args = 1,
    .mode = AS_WORKSPACE_NONE,
    .run = twin_show,
};
