/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "cli/action.h"
#include "cli/term.h"
#include "cli/twin_pick.h"

#define LEAST_FRAMES 3

/* How a scene is seen while it is timed. */
typedef struct bench_setting {
    const char *name;
    const char *about;
    bool        mono, sensor, effects, person, faults;
} bench_setting;

static const bench_setting bench_settings[] = {
    {"own", "as the scene is set up", false, false, false, false, false},
    {"mono", "in grey", true, false, false, false, false},
    {"sensor", "in grey, with the sensor IMX273 (EMVA 1288)", true, true, false, false, false},
    {"person", "that, with somebody in the picture", true, true, false, true, false},
    {"effects", "without, but with dirt, finger and haze on a lens that distorts, daylight and a lamp that flickers",
     true, true, true, false, false},
    {"faults", "that, with every fault that changes a picture", true, true, true, false, true},
};

static const struct {
    const char *name;
    uint32_t    width, height;
} bench_sizes[] = {{"640x480", 640, 480}, {"1280x1024", 1280, 1024}};

/* Those that keep frames from coming, or repeat them, change no picture. */
static void bench_script(const bench_setting *setting, const as_twin_cfg *cfg, as_script *script)
{
    *script = (as_script){.n = 0};
    for (unsigned fault = 0; fault < AS_FAULT_DOUBLE_TRIGGER; fault++)
        if ((setting->faults || (setting->person && fault == AS_FAULT_PERSON)) &&
            (cfg->scan != AS_TWIN_SCAN_LINE || as_twin_web_knows((as_fault)fault)))
            script->steps[script->n++] = (as_script_step){.fault = (as_fault)fault,
                                                          .from = 1,
                                                          .full = 1,
                                                          .until = 1e15,
                                                          .amount = as_fault_info_of(fault)->usual};
}

static void bench_set(const bench_setting *setting, uint32_t width, uint32_t height, const as_script *script,
                      as_twin_cfg *cfg)
{
    cfg->width = width;
    cfg->height = height;
    if (setting->mono)
        cfg->pixel = AS_PIXEL_MONO8;
    if (setting->sensor)
        cfg->sensor = "IMX273";
    if (setting->effects) {
        cfg->dirt = cfg->print = 0.3;
        cfg->haze = 0.2;
        cfg->distortion = -0.05;
        cfg->ambient = 0.1;
        cfg->warmth = 0.2;
        cfg->flicker = 0.2;
    }
    if (script->n > 0)
        cfg->script = script;
}

static double bench_now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

/* By the time that this thread's processor worked for it: what else runs does not count. */
static bool twin_bench_time(const as_twin *twin, double seconds, double *ret_per_s, as_err *err)
{
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    as_image           image = {0};
    as_truth           truth;
    void              *scratch = malloc(as_twin_scratch_bytes(twin));
    bool               ok = (scratch || AS_FAIL(err, AS_ENOMEM, "no memory to draw in")) &&
              as_image_new(&image, cfg->pixel, cfg->width, cfg->height, err) &&
              as_twin_render(twin, 1, 0, scratch, &image, &truth, err);
    double   begun = bench_now(), took = 0;
    uint64_t n = 0;
    while (ok && (n < LEAST_FRAMES || took < seconds)) {
        n++;
        ok = as_twin_render(twin, n, 0, scratch, &image, &truth, err);
        took = bench_now() - begun;
    }
    as_image_done(&image);
    free(scratch);
    *ret_per_s = ok && took > 0 ? (double)n / took : 0;
    return ok;
}

static bool bench_row(as_cli *cli, const char *scene, const as_twin_cfg *asked, const bench_setting *setting,
                      double seconds, json_t *list, as_err *err)
{
    as_script script;
    bench_script(setting, asked, &script);
    if (setting->person && script.n == 0) /* nobody walks into a line */
        return true;
    json_t *json = json_pack("{s:s,s:s,s:s}", "scene", scene, "setting", setting->name, "about", setting->about);
    bool    ok = true;
    for (size_t i = 0; ok && i < AS_COUNT(bench_sizes); i++) {
        double      per_s = 0;
        as_twin_cfg cfg = *asked;
        bench_set(setting, bench_sizes[i].width, bench_sizes[i].height, &script, &cfg);
        as_twin *twin = as_twin_open(scene, &cfg, err);
        ok = twin && as_progress_go_on(&cli->progress, err) && twin_bench_time(twin, seconds, &per_s, err);
        as_twin_close(twin);
        as_json_set(json, bench_sizes[i].name, json_real(per_s));
    }
    json_array_append_new(list, json);
    return ok;
}

static bool bench_scenes(as_cli *cli, const as_twin_pick *pick, double seconds, json_t *list, as_err *err)
{
    const char  *only = as_cli_opt(cli, "scene") || as_cli_arg(cli, 1) ? pick->uri.query.path : NULL;
    const size_t all = AS_COUNT(bench_settings);
    size_t       n = 0, done = 0;
    while (!only && as_twin_scene_at(n))
        n++;
    for (size_t i = 0; i < AS_MAX(n, (size_t)1); i++)
        for (size_t k = 0; k < all; k++) {
            const char *scene = only ? only : as_twin_scene_at(i)->name;
            as_progress_step(&cli->progress, "timing", done++, AS_MAX(n, (size_t)1) * all);
            if (!bench_row(cli, scene, &pick->uri.cfg, &bench_settings[k], seconds, list, err))
                return false;
        }
    return true;
}

static bool bench_print(as_cli *cli, const json_t *list, as_err *err)
{
    static const char *const columns[] = {"scene", "setting", ">640x480", ">1280x1024", "frames a second a core", NULL};
    as_table                *table = as_table_new(columns);
    size_t                   row;
    json_t                  *one;
    json_array_foreach (list, row, one) {
        as_table_cell(table, AS_STYLE_BOLD, "%s", json_string_value(json_object_get(one, "scene")));
        as_table_cell(table, AS_STYLE_NONE, "%s", json_string_value(json_object_get(one, "setting")));
        for (size_t i = 0; i < AS_COUNT(bench_sizes); i++)
            as_table_cell(table, AS_STYLE_NONE, "%.1f", json_real_value(json_object_get(one, bench_sizes[i].name)));
        as_table_cell(table, AS_STYLE_DIM, "%s", json_string_value(json_object_get(one, "about")));
    }
    return as_table_print(table, cli, err);
}

static int twin_bench(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_twin_pick pick = {.twin = NULL};
    uint64_t     ms = 500;
    json_t      *list = json_array();
    (void)ws;
    bool ok = as_cli_u64(cli, "ms", 1, 60000, &ms, err) && as_twin_pick_open(cli, as_cli_arg(cli, 1), &pick, err) &&
              bench_scenes(cli, &pick, (double)ms / 1e3, list, err);
    as_term_progress_end(cli);
    ok = ok && (cli->json ? as_cli_print_json(cli, json_incref(list), err) : bench_print(cli, list, err));
    json_decref(list);
    as_twin_pick_done(&pick);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_action as_twin_action_bench = {
    .name = "bench",
    .usage = "[SCENE] [--ms N]",
    .about = "how many frames a second this machine makes with one core, of each scene, plain and with everything on",
    .max_args = 1,
    .mode = AS_WORKSPACE_NONE,
    .run = twin_bench,
};
