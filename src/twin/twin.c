/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/twin_priv.h"

#include <math.h>

#include "base/str.h"
#include "twin/scene_dataset.h"

#define X(name) extern const as_twin_scene as_twin_##name;
#include "twin/twin_list.inc"
#undef X

static const as_twin_scene *const scenes[] = {
#define X(name) &as_twin_##name,
#include "twin/twin_list.inc"
#undef X
    NULL};

#define USUAL_F_NUMBER    5.6
#define USUAL_DISTANCE_MM 400.0
#define USUAL_PITCH_UM    3.45
#define ABERRATION_PX     0.35 /* of any lens; diffraction comes on top */
#define USUAL_VIGNETTE    0.22

as_twin_cfg as_twin_cfg_default(void)
{
    return (as_twin_cfg){.seed = 1,
                         .belt_mm_per_s = -1,
                         .exposure_us = -1,
                         .defect_share = -1,
                         .min_severity = -1,
                         .max_severity = 1,
                         .gain_e_per_dn = -1,
                         .read_noise_e = -1,
                         .parts_per_s = -1,
                         .line_rate = -1,
                         .temperature_c = 25,
                         .own = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1},
                         .focal_mm = -1,
                         .f_number = -1,
                         .distance_mm = -1,
                         .pitch_um = -1,
                         .vignette_ratio = -1,
                         .light = 1,
                         .mains_hz = 50,
                         .hour = 8};
}

const as_twin_scene *as_twin_scene_at(size_t i)
{
    return i < AS_COUNT(scenes) ? scenes[i] : NULL;
}

/* "a, b, c" of a list that ends with NULL. */
static const char *twin_words(const char *const *words, char *text, size_t cap)
{
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; words[i] && n < cap; i++)
        n += (size_t)snprintf(text + n, cap - n, "%s%s", i ? ", " : "", words[i]);
    return text;
}

static const as_twin_scene *twin_find(const char *name, as_err *err)
{
    const char *names[AS_COUNT(scenes)];
    char        text[256];
    size_t      n = 0;
    for (; scenes[n]; n++) {
        names[n] = scenes[n]->name;
        if (strcmp(name, names[n]) == 0)
            return scenes[n];
    }
    names[n] = NULL;
    const char *nearest = as_str_nearest(name, names, n);
    if (strcmp(name, "dataset") == 0)
        AS_FAIL(err, AS_EINVAL, "name the folder of pictures: dataset:DIR");
    else if (nearest)
        AS_FAIL(err, AS_ENOTFOUND, "the twin has no scene '%s': did you mean '%s'?", name, nearest);
    else
        AS_FAIL(err, AS_ENOTFOUND, "the twin has no scene '%.60s': it has %s, and dataset:DIR", name,
                twin_words(names, text, sizeof text));
    return NULL;
}

static void twin_resolve(double *value, double own)
{
    if (*value < 0.0)
        *value = own;
}

static bool twin_check(const as_twin_cfg *cfg, as_err *err)
{
    if (cfg->width < 16 || cfg->height < 16 || cfg->width > AS_IMAGE_MAX_SIDE || cfg->height > AS_IMAGE_MAX_SIDE ||
        (uint64_t)cfg->width * cfg->height > AS_IMAGE_MAX_PIXELS)
        return AS_FAIL(err, AS_ELIMIT, "the twin cannot draw %ux%u pixels (16x16 to %u pixels a side and %u in all)",
                       cfg->width, cfg->height, AS_IMAGE_MAX_SIDE, AS_IMAGE_MAX_PIXELS);
    if (!(cfg->defect_share <= 1.0))
        return AS_FAIL(err, AS_EINVAL, "a share of defects of '%g' is not within 0 to 1", cfg->defect_share);
    if (!(cfg->min_severity <= 1.0))
        return AS_FAIL(err, AS_EINVAL, "a least severity of '%g' is not within 0 to 1", cfg->min_severity);
    if (!(cfg->max_severity <= 1.0 && cfg->max_severity >= cfg->min_severity))
        return AS_FAIL(err, AS_EINVAL, "a worst severity of '%g' is not within the least, '%g', to 1",
                       cfg->max_severity, cfg->min_severity);
    if (!(cfg->belt_mm_per_s <= 1e6) || !(cfg->exposure_us <= 1e7))
        return AS_FAIL(err, AS_EINVAL, "a belt of '%g' mm/s or an exposure of '%g' us is beyond any camera",
                       cfg->belt_mm_per_s, cfg->exposure_us);
    return true;
}

/* Its number; -1: there is none of that name. */
static int32_t twin_recipe_of(const as_twin_scene *scene, const char *name)
{
    for (int32_t n = 0; scene->recipes[n]; n++)
        if (strcmp(name, scene->recipes[n]) == 0)
            return n;
    return -1;
}

static bool twin_find_recipe(as_twin *twin, const char *name, as_err *err)
{
    char text[256];
    twin->recipe = -1;
    if (!name || !*name)
        return true;
    twin->recipe = twin_recipe_of(twin->scene, name);
    return twin->recipe >= 0 || AS_FAIL(err, AS_ENOTFOUND, "scene '%s' has no recipe '%.40s': it has %s",
                                        twin->scene->name, name, twin_words(twin->scene->recipes, text, sizeof text));
}

/* A wrong product is one that the scene knows, by name or number, and not the one that is made. */
static bool twin_check_product(const as_twin *twin, as_script_step *step, as_err *err)
{
    char           text[256];
    int32_t        n = 0;
    const as_fault fault = step->fault;
    if (fault != AS_FAULT_PRODUCT)
        return true;
    while (twin->scene->recipes[n])
        n++;
    (void)twin_words(twin->scene->recipes, text, sizeof text);
    if (n < 2)
        return AS_FAIL(err, AS_EINVAL, "scene '%s' has one recipe (%s): no wrong_product can lie there",
                       twin->scene->name, text);
    if (step->recipe[0]) {
        int32_t found = twin_recipe_of(twin->scene, step->recipe);
        if (found < 0)
            return AS_FAIL(err, AS_ENOTFOUND, "wrong_product: scene '%s' has no recipe '%s': it has %s",
                           twin->scene->name, step->recipe, text);
        step->amount = found;
    }
    if (step->amount >= n || step->amount != (double)(int32_t)step->amount)
        return AS_FAIL(
            err, AS_EINVAL,
            "wrong_product: an amount of %g names no recipe of scene '%s': write a name, or a number from 0, of %s",
            step->amount, twin->scene->name, text);
    return step->amount < 0.0 || (int32_t)step->amount != twin->recipe ||
           AS_FAIL(err, AS_EINVAL, "wrong_product: '%s' is what the scene makes: name another one of %s",
                   twin->scene->recipes[twin->recipe], text);
}

/* What is not given of the lens follows from how the scene is set up. */
static bool twin_set_up_lens(as_twin *twin, as_err *err)
{
    as_twin_cfg *cfg = &twin->cfg;
    const bool   given = cfg->focal_mm > 0 || cfg->f_number > 0 || cfg->distance_mm > 0 || cfg->pitch_um > 0;
    const bool   seen = twin->scene->photographed && !given; /* through a lens before */
    const double wide = (double)cfg->width / twin->scene->width, high = (double)cfg->height / twin->scene->height;
    const double own = twin->scene->px_per_mm * (twin->scene->tall && high < wide ? high : wide);
    twin_resolve(&cfg->f_number, USUAL_F_NUMBER);
    twin_resolve(&cfg->distance_mm, USUAL_DISTANCE_MM);
    twin_resolve(&cfg->pitch_um, twin->info ? twin->info->pixel->pitch_um : USUAL_PITCH_UM);
    double m = own * cfg->pitch_um / 1000.0;
    twin_resolve(&cfg->focal_mm, cfg->distance_mm * m / (1.0 + m));
    as_optics usual = {USUAL_DISTANCE_MM * m / (1.0 + m), USUAL_F_NUMBER, USUAL_DISTANCE_MM, cfg->pitch_um};
    twin->optics = (as_optics){cfg->focal_mm, cfg->f_number, cfg->distance_mm, cfg->pitch_um};
    if (given && !as_optics_check(&twin->optics, err))
        return false;
    twin->px_per_mm = given ? as_optics_px_per_mm(&twin->optics) : own;
    twin->lens_light = given ? as_optics_light(&twin->optics) / as_optics_light(&usual) : 1.0;
    twin->light_ratio = cfg->exposure_us / twin->scene->defaults.exposure_us * twin->lens_light;
    twin->spread_px = seen ? 0.0 : ABERRATION_PX;
    twin->airy_px = seen ? 0.0 : as_optics_airy_px(&twin->optics);
    twin->disc_px = cfg->off_focus_mm != 0.0 ? as_optics_disc_px(&twin->optics, cfg->off_focus_mm) : 0.0;
    if (!(twin->px_per_mm >= 0.01 && twin->px_per_mm <= 1000.0))
        return AS_FAIL(err, AS_EINVAL, "this lens gives %g pixels a millimetre: 0.01 to 1000 can be drawn",
                       twin->px_per_mm);
    return true;
}

double as_twin_times_of_db(double db)
{
    double times = 1.0;
    for (; db > 0.0; db -= 0.1) /* 10^(0.1 / 20) each tenth of a decibel */
        times *= 1.0 + 0.011579454 * AS_MIN(db, 0.1) * 10.0;
    return times;
}

static bool twin_set_up_camera(as_twin *twin, as_err *err)
{
    const as_twin_cfg *cfg = &twin->cfg;
    as_sensor_cfg      plain = {cfg->width, cfg->gain_e_per_dn, cfg->read_noise_e};
    if (!twin->info)
        return as_sensor_init(&twin->sensor, &plain, err);
    as_imager_cfg imager = as_imager_cfg_own(twin->info, &cfg->own, cfg->width, cfg->height);
    if (cfg->scan == AS_TWIN_SCAN_LINE)
        imager.height = 1;
    imager.gain_dn_per_e *= as_twin_times_of_db(cfg->gain_db);
    imager.bayer = as_develop_is_colour(cfg->pixel);
    twin->line_s = as_chip_line_us(twin->info) * 1e-6;
    return as_imager_init(&twin->imager, &imager, err) &&
           as_develop_init(&twin->develop, imager.bits, imager.black_dn, as_imager_white_dn(&twin->imager),
                           !imager.bayer && !cfg->srgb, err);
}

static bool twin_check_light(const as_twin_cfg *cfg, bool has_sensor, as_err *err)
{
    const struct {
        const char *name;
        double      value, low, high;
    } rows[] = {{"gain in dB", cfg->gain_db, 0, 48},
                {"temperature", cfg->temperature_c, -40, 90},
                {"distortion", cfg->distortion, -0.3, 0.3},
                {"vignette", cfg->vignette_ratio, 0, 1},
                {"dirt", cfg->dirt, 0, 1},
                {"print", cfg->print, 0, 1},
                {"haze", cfg->haze, 0, 1},
                {"light", cfg->light, 0, 100},
                {"warmth", cfg->warmth, -1, 1},
                {"ambient", cfg->ambient, 0, 10},
                {"flicker", cfg->flicker, 0, 1},
                {"mains", cfg->mains_hz, 1, 1000},
                {"ageing", cfg->ageing, 0, 1},
                {"age", cfg->age_h, 0, 1e6},
                {"day", cfg->day, 0, 10},
                {"hour", cfg->hour, 0, 24},
                {"rate", cfg->parts_per_s, 1e-4, 1e4},
                {"off", cfg->off_focus_mm, -1000, 1000}};
    for (size_t i = 0; i < AS_COUNT(rows); i++)
        if (!(rows[i].value >= rows[i].low && rows[i].value <= rows[i].high))
            return AS_FAIL(err, AS_EINVAL, "a %s of '%g' is not within %g to %g", rows[i].name, rows[i].value,
                           rows[i].low, rows[i].high);
    if (!as_develop_can(cfg->pixel))
        return AS_FAIL(err, AS_EINVAL,
                       "the twin's cameras do not send %s: Mono8, Mono10, Mono12, Mono16, BayerRG8 to "
                       "BayerRG16 (packed with a p) and RGB8 are possible",
                       as_pixel_name(cfg->pixel));
    if (!has_sensor && cfg->pixel != AS_PIXEL_MONO8 && cfg->pixel != AS_PIXEL_RGB8)
        return AS_FAIL(err, AS_EINVAL, "the plain camera sends Mono8 or RGB8: for %s name a sensor (assay twin list)",
                       as_pixel_name(cfg->pixel));
    return true;
}

bool as_twin_check_cfg(const as_twin_cfg *cfg, bool has_sensor, as_err *err)
{
    return twin_check(cfg, err) && twin_check_light(cfg, has_sensor, err);
}

static void twin_resolve_all(as_twin *twin)
{
    const as_twin_cfg *own = &twin->scene->defaults;
    as_twin_cfg       *cfg = &twin->cfg;
    cfg->width = cfg->width ? cfg->width : twin->scene->width;
    cfg->height = cfg->height ? cfg->height : twin->scene->height;
    cfg->pixel = cfg->pixel ? cfg->pixel : twin->scene->pixel;
    twin_resolve(&cfg->belt_mm_per_s, own->belt_mm_per_s);
    twin_resolve(&cfg->exposure_us, own->exposure_us);
    twin_resolve(&cfg->defect_share, own->defect_share);
    twin_resolve(&cfg->min_severity, AS_MIN(own->min_severity, cfg->max_severity));
    twin_resolve(&cfg->gain_e_per_dn, own->gain_e_per_dn);
    twin_resolve(&cfg->read_noise_e, own->read_noise_e);
    twin->usual_exposure_us = own->exposure_us;
    twin->usual_vignette = twin->scene->photographed ? 0.0 : USUAL_VIGNETTE;
    twin_resolve(&cfg->vignette_ratio, twin->usual_vignette);
    twin_resolve(&cfg->parts_per_s, 10.0);
}

bool as_twin_may_be_dirty(const as_twin *twin)
{
    bool may = twin->cfg.dirt > 0 || twin->cfg.print > 0 || twin->cfg.haze > 0;
    for (size_t i = 0; twin->script && i < twin->script->n; i++)
        may = may || twin->script->steps[i].fault <= AS_FAULT_HAZE;
    return may;
}

/* A lens and a belt that can be shown at all are found out here, not while frames are made. */
bool as_twin_check_blur(const as_twin *twin, as_err *err)
{
    const as_twin_cfg *cfg = &twin->cfg;
    const bool         line = cfg->scan == AS_TWIN_SCAN_LINE;
    as_lens            lens;
    as_lens_cfg        blur = {.width = cfg->width,
                               .height = cfg->height,
                               .motion_px = line ? 0.0 : cfg->belt_mm_per_s * cfg->exposure_us * 1e-6 * twin->px_per_mm,
                               .spread_px = twin->spread_px,
                               .airy_px = twin->airy_px,
                               .disc_px = twin->disc_px,
                               .vignette_ratio = cfg->vignette_ratio};
    return as_lens_init(&lens, &blur, err);
}

/* A line-scan camera sees the row in the lens's middle, however many lines make a frame. */
bool as_twin_set_up_veil(as_twin *twin, as_err *err)
{
    const as_twin_cfg *cfg = &twin->cfg;
    uint32_t           height = cfg->scan == AS_TWIN_SCAN_LINE ? AS_MAX(cfg->width / 4 * 3, 16u) : cfg->height;
    return !as_twin_may_be_dirty(twin) || as_veil_init(&twin->veil, cfg->width, height, cfg->seed, err);
}

bool as_twin_keep_script(as_twin *twin, const as_script *script, as_err *err)
{
    twin->script = NULL;
    if (!script)
        return true;
    twin->script = malloc(sizeof *twin->script);
    if (!twin->script)
        return AS_FAIL(err, AS_ENOMEM, "no memory for a script");
    *twin->script = *script;
    for (size_t i = 0; i < twin->script->n; i++)
        if (!twin_check_product(twin, &twin->script->steps[i], err))
            return false;
    return true;
}

/* The chip of a file is kept, with the numbers that nothing else was said of. */
static bool twin_set_up_sensor(as_twin *twin, const as_twin_cfg *asked, as_err *err)
{
    if (!as_twin_chip(asked, &twin->info, err))
        return false;
    if (asked->chip_file) {
        as_chip_file_copy(asked->chip_file, &twin->chip);
        as_chip_file_fill(&twin->chip, &twin->cfg.own);
        twin->info = &twin->chip.chip;
    }
    return true;
}

static bool twin_prepare(as_twin *twin, as_err *err)
{
    const as_twin_scene *scene = twin->scene;
    twin->state = calloc(1, scene->state_bytes ? scene->state_bytes : 1);
    if (!twin->state)
        return AS_FAIL(err, AS_ENOMEM, "no memory for scene '%s'", scene->name);
    return !scene->prepare || scene->prepare(twin, twin->state, err);
}

/* The same twin with a larger frame, for the scene alone. */
static bool twin_make_world(as_twin *twin, as_err *err)
{
    as_twin_set_up_frame(twin);
    const as_twin_frame *f = &twin->frame;
    if (f->left + f->top + f->right + f->bottom == 0)
        return true;
    const size_t from = offsetof(as_twin, scene);
    twin->world = calloc(1, sizeof *twin);
    if (!twin->world)
        return AS_FAIL(err, AS_ENOMEM, "no memory for scene '%s'", twin->scene->name);
    memcpy((char *)twin->world + from, (const char *)twin + from, sizeof *twin - from);
    twin->world->world = NULL;
    twin->world->cfg.width += f->left + f->right;
    twin->world->cfg.height += f->top + f->bottom;
    return true;
}

static bool twin_init(as_twin *twin, const as_twin_cfg *asked, as_err *err)
{
    as_twin_cfg *cfg = &twin->cfg;
    twin_resolve_all(twin);
    if (!twin_set_up_sensor(twin, asked, err))
        return false;
    if (!twin_find_recipe(twin, asked->recipe, err) || !as_twin_check_cfg(cfg, twin->info != NULL, err) ||
        !twin_set_up_lens(twin, err) || !as_twin_keep_script(twin, asked->script, err) ||
        !as_twin_set_up_scan(twin, asked->exposure_us < 0, err) || !as_twin_check_blur(twin, err) ||
        !twin_set_up_camera(twin, err) || !as_twin_set_up_veil(twin, err))
        return false;
    return twin_make_world(twin, err) && twin_prepare(twin->world ? twin->world : twin, err);
}

as_twin *as_twin_open(const char *scene, const as_twin_cfg *cfg, as_err *err)
{
    const bool           folder = as_str_starts(scene, AS_DATASET_PREFIX);
    const as_twin_scene *found =
        folder ? as_dataset_scene_new(scene + strlen(AS_DATASET_PREFIX), err) : twin_find(scene, err);
    if (!found)
        return NULL;
    as_twin *twin = calloc(1, sizeof *twin);
    if (!twin) {
        AS_FAIL(err, AS_ENOMEM, "no memory for scene '%s'", scene);
        if (folder)
            as_dataset_scene_free(found);
        return NULL;
    }
    atomic_init(&twin->refs, 1);
    twin->scene = found;
    twin->own = folder ? found : NULL;
    twin->cfg = *cfg;
    twin->cfg.recipe = twin->cfg.sensor = NULL;
    twin->cfg.script = NULL;
    twin->cfg.chip_file = NULL;
    return twin_init(twin, cfg, err) ? twin : as_twin_close(twin);
}

as_twin *as_twin_ref(as_twin *twin)
{
    atomic_fetch_add_explicit(&twin->refs, 1, memory_order_relaxed);
    return twin;
}

static void twin_free_state(as_twin *twin)
{
    if (twin->state && twin->scene->release)
        twin->scene->release(twin->state);
    free(twin->state);
}

static void twin_free_own(as_twin *twin)
{
    if (twin->world)
        twin_free_state(twin->world);
    free(twin->world);
    twin_free_state(twin);
    as_imager_done(&twin->imager);
    as_dataset_scene_free(twin->own);
}

as_twin *as_twin_close(as_twin *twin)
{
    if (!twin || atomic_fetch_sub_explicit(&twin->refs, 1, memory_order_acq_rel) > 1)
        return NULL;
    as_twin *root = twin->root;
    if (!root)
        twin_free_own(twin);
    if (!root || twin->veil.dirt != root->veil.dirt)
        as_veil_done(&twin->veil);
    as_develop_done(&twin->develop);
    as_web_done(&twin->web);
    free(twin->script);
    free(twin);
    return as_twin_close(root);
}

const as_twin_scene *as_twin_scene_of(const as_twin *twin)
{
    return twin->scene;
}

const as_twin_cfg *as_twin_cfg_of(const as_twin *twin)
{
    return &twin->cfg;
}

const as_script *as_twin_script_of(const as_twin *twin)
{
    return twin->script;
}

const as_chip *as_twin_sensor_of(const as_twin *twin)
{
    return twin->info;
}

const as_imager_cfg *as_twin_imager_of(const as_twin *twin)
{
    return twin->info ? &twin->imager.cfg : NULL;
}

uint32_t as_twin_spots_of(const as_twin *twin, bool hot)
{
    return hot ? twin->imager.n_hot : twin->imager.n_dead;
}

as_optics as_twin_optics_of(const as_twin *twin)
{
    return twin->optics;
}

const void *as_twin_state(const as_twin *twin)
{
    return twin->state;
}

as_twin_frame as_twin_frame_of(const as_twin *twin)
{
    return twin->frame;
}

double as_twin_px_per_mm(const as_twin *twin)
{
    return twin->px_per_mm;
}
