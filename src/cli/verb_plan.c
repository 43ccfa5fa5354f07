/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/fs.h"
#include "base/thread.h"
#include "cli/output.h"
#include "cli/plan_say.h"
#include "cli/term.h"
#include "spec/plan_unit.h"

static const as_opt plan_opts[] = {
    {"defect", 0, "MM", "smallest defect that must be seen (product.defect_mm)", NULL},
    {"size", 0, "LxW", "size of the part along and across the belt in mm, as 60x160 (product.size_mm)", NULL},
    {"height", 0, "MM", "height that must be sharp (product.height_mm)", NULL},
    {"field", 0, "LxW", "what must be seen at once in mm, as 200x150 (optics.field_mm)", NULL},
    {"distance", 0, "MM", "from lens to part (optics.distance_mm)", NULL},
    {"belt", 0, "MM/S", "speed of the belt (station.belt_mm_per_s)", NULL},
    {"pace", 0, "N", "parts a minute (station.parts_per_minute)", NULL},
    {"deadline", 0, "MS", "from trigger to verdict (station.deadline_ms)", NULL},
    {"scan", 0, "HOW", "area, or line: a web under line-scan cameras (station.scan)", NULL},
    {"defect-px", 0, "N", "pixels on the smallest defect (optics.defect_px)", NULL},
    {"blur", 0, "PX", "motion during exposure at most (optics.max_blur_px)", NULL},
    {"exposure", 0, "US", "exposure (optics.exposure_us)", NULL},
    {"light", 0, "LX", "light on the part (optics.light_lx)", NULL},
    {"reflectance", 0, "SHARE", "of it that comes back (optics.reflectance)", NULL},
    {"snr", 0, "N", "signal over noise wanted (optics.snr)", NULL},
    {"aperture", 0, "N", "F-number (optics.f_number)", NULL},
    {"focal", 0, "MM", "focal length of the lens that is there (optics.focal_mm)", NULL},
    {"sensor", 0, "NAME", "the sensor that is there (optics.sensor)", NULL},
    {"cameras", 0, "N", "most cameras (optics.max_cameras)", NULL},
    {"tdi", 0, "N", "stages of a line-scan sensor (optics.tdi_stages)", NULL},
    {"bad-share", 0, "SHARE", "of the parts that is bad, as far as one knows (product.bad_share)", NULL},
    {"set", 0, "KEY=VALUE", "any other number or word of assay.yaml, as station.hours_per_day=16; may be repeated",
     NULL},
    {"model", 0, "MODEL", "an ONNX file or a run: how long a frame takes (default: the current run, else a reference)",
     NULL},
    {"no-measure", 0, NULL, "do not run a network to see how fast this machine is", NULL},
    {"page", 0, "FILE", "write all of it as one HTML page with the drawing", NULL},
    {"svg", 0, "FILE", "write the drawing alone", NULL},
    {"twin", 0, "FILE", "write the emulated camera that comes nearest to the plan", NULL},
};

/* An option that stands for a key of assay.yaml. */
static const struct {
    const char *option, *path;
} plan_keys[] = {
    {"defect", "product.defect_mm"},       {"size", "product.size_mm"},
    {"height", "product.height_mm"},       {"field", "optics.field_mm"},
    {"distance", "optics.distance_mm"},    {"belt", "station.belt_mm_per_s"},
    {"pace", "station.parts_per_minute"},  {"deadline", "station.deadline_ms"},
    {"defect-px", "optics.defect_px"},     {"blur", "optics.max_blur_px"},
    {"exposure", "optics.exposure_us"},    {"light", "optics.light_lx"},
    {"reflectance", "optics.reflectance"}, {"snr", "optics.snr"},
    {"aperture", "optics.f_number"},       {"focal", "optics.focal_mm"},
    {"sensor", "optics.sensor"},           {"cameras", "optics.max_cameras"},
    {"bad-share", "product.bad_share"},    {"scan", "station.scan"},
    {"tdi", "optics.tdi_stages"},
};

/* "24 m/min" in the unit that the key has; an F-number may be written as f/4. */
static bool plan_set(as_spec *spec, const char *path, const char *given, const char *by, as_err *err)
{
    char   text[AS_PLAN_UNIT_BYTES];
    as_err why = AS_ERR_NONE;
    if (strcmp(path, "optics.f_number") == 0 && (given[0] == 'f' || given[0] == 'F') && given[1] == '/')
        given += 2;
    if (!as_plan_unit_convert(given, as_plan_unit_of(path), text, &why))
        return AS_FAIL(err, why.code, "%s: %s", by, why.text);
    return as_spec_set(spec, path, text, by, err);
}

static bool plan_set_key(as_spec *spec, const char *given, as_err *err)
{
    const char *equals = strchr(given, '=');
    char        path[64];
    if (!equals || (size_t)(equals - given) >= sizeof path)
        return AS_FAIL(err, AS_EINVAL, "--set '%.80s' is no key of assay.yaml with a value, as optics.snr=20", given);
    memcpy(path, given, (size_t)(equals - given));
    path[equals - given] = '\0';
    return plan_set(spec, path, equals + 1, "--set", err);
}

static bool plan_override(const as_cli *cli, as_spec *spec, as_err *err)
{
    const char *given;
    char        by[32];
    for (size_t i = 0; (given = as_cli_opt_at(cli, "set", i)); i++)
        if (!plan_set_key(spec, given, err))
            return false;
    for (size_t i = 0; i < AS_COUNT(plan_keys); i++) {
        given = as_cli_opt(cli, plan_keys[i].option);
        snprintf(by, sizeof by, "--%s", plan_keys[i].option);
        if (given && !plan_set(spec, plan_keys[i].path, given, by, err))
            return false;
    }
    return true;
}

/* FILE, or the workspace's own assay.yaml. */
static as_spec *plan_spec(const as_cli *cli, as_err *err)
{
    const char *path = as_cli_arg(cli, 0);
    if (path)
        return as_spec_load(path, err);
    as_workspace *ws = as_workspace_open(cli->dir, AS_WORKSPACE_READ, err);
    as_spec      *spec = ws ? as_spec_load(ws->spec_path, err) : NULL;
    as_workspace_close(ws);
    return spec;
}

/* What one of the options is to hold, made and put into its file. */
static bool plan_write(const as_cli *cli, const char *option, const as_str *text, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    return as_fs_join(path, ".", as_cli_opt(cli, option), err) && as_output_write(path, text, NULL, err);
}

static bool plan_files(as_cli *cli, const as_plan *plan, const char *network, as_err *err)
{
    as_str text;
    bool   ok = true;
    as_str_init(&text);
    if (as_cli_opt(cli, "page"))
        ok = as_plan_page(plan, network, &text, err) && plan_write(cli, "page", &text, err);
    as_str_clear(&text);
    if (ok && as_cli_opt(cli, "svg"))
        ok = as_plan_svg(plan, &text, err) && plan_write(cli, "svg", &text, err);
    as_str_clear(&text);
    if (ok && as_cli_opt(cli, "twin"))
        ok = as_plan_twin(plan, &text, err) && plan_write(cli, "twin", &text, err);
    as_str_done(&text);
    return ok;
}

static bool plan_print(as_cli *cli, const as_plan *plan, const char *network, as_err *err)
{
    if (!cli->json)
        return as_plan_say(cli, plan, network, err);
    json_t *json = as_plan_json(plan);
    if (json)
        as_json_set(json, "network", network ? json_string(network) : json_null());
    return as_cli_print_json(cli, json, err);
}

static bool plan_line_files(as_cli *cli, const as_plan_line *plan, const char *network, as_err *err)
{
    as_str text;
    bool   ok = true;
    as_str_init(&text);
    if (as_cli_opt(cli, "page"))
        ok = as_plan_line_page(plan, network, &text, err) && plan_write(cli, "page", &text, err);
    as_str_clear(&text);
    if (ok && as_cli_opt(cli, "svg"))
        ok = as_plan_line_svg(plan, &text, err) && plan_write(cli, "svg", &text, err);
    as_str_clear(&text);
    if (ok && as_cli_opt(cli, "twin"))
        ok = as_plan_line_twin(plan, &text, err) && plan_write(cli, "twin", &text, err);
    as_str_done(&text);
    return ok;
}

static bool plan_line_show(as_cli *cli, const as_plan_line *plan, const char *network, as_err *err)
{
    if (!plan_line_files(cli, plan, network, err))
        return false;
    if (!cli->json)
        return as_plan_line_say(cli, plan, network, err);
    json_t *json = as_plan_line_json(plan);
    if (json)
        as_json_set(json, "network", network ? json_string(network) : json_null());
    return as_cli_print_json(cli, json, err);
}

static bool plan_line_make(as_cli *cli, const as_spec *spec, const as_plan_machine *machine, const char *network,
                           bool *ret_feasible, as_err *err)
{
    as_plan_line *plan = calloc(1, sizeof *plan);
    bool          ok = plan ? as_plan_line_make(spec, machine, plan, err) && plan_line_show(cli, plan, network, err)
                            : AS_FAIL(err, AS_ENOMEM, "out of memory");
    *ret_feasible = ok && plan->plan.feasible;
    free(plan);
    return ok;
}

static bool plan_make(as_cli *cli, as_spec *spec, as_plan *plan, as_err *err)
{
    char            network[256];
    as_plan_machine machine = {.compute_s = NAN, .cores = as_thread_cores()};
    bool            measures = !as_cli_flag(cli, "no-measure");
    if (!plan_override(cli, spec, err) ||
        (measures && !as_plan_compute(cli, as_cli_opt(cli, "model"), &machine, network, err)))
        return false;
    if (spec->optics.scan == AS_SPEC_SCAN_LINE)
        return plan_line_make(cli, spec, &machine, measures ? network : NULL, &plan->feasible, err);
    return as_plan_make(spec, &machine, plan, err) && plan_files(cli, plan, measures ? network : NULL, err) &&
           plan_print(cli, plan, measures ? network : NULL, err);
}

static int plan_run(as_cli *cli, as_err *err)
{
    as_plan *plan = calloc(1, sizeof *plan);
    as_spec *spec = plan ? plan_spec(cli, err) : NULL;
    bool     ok = plan ? spec && plan_make(cli, spec, plan, err) : AS_FAIL(err, AS_ENOMEM, "out of memory");
    int      status = !ok ? AS_VERB_FAILED : plan->feasible ? 0 : 1;
    as_spec_free(spec);
    free(plan);
    return status;
}

const as_verb as_verb_plan = {
    .name = "plan",
    .summary = "find camera, lens, light and numbers of parts before anything is bought",
    .usage = "[FILE]",
    .about =
        "From what assay.yaml (or FILE) says of the part, its smallest defect, the belt and the pace, it finds which\n"
        "sensors and lenses show the defect, how far away, at which aperture it is sharp over the whole height, how "
        "long\n"
        "it may be exposed before it blurs, how much light that takes, which link carries the frames, how much a day "
        "of\n"
        "them is, and whether this machine keeps up, by running a network for half a second. And how many parts, good "
        "and\n"
        "bad, prove each requirement. Where it cannot be done, it says what fails and which single number, changed to "
        "what,\n"
        "would mend it.\n\n"
        "Each option tries another value than the file's. Units may be written: --belt 24m/min, --size '6 x 16 cm'.\n\n"
        "Exit status: 0 feasible, 1 not, 2 wrong use or bad input, 3 the outside failed.",
    .examples = "  assay plan\n  assay plan --defect 0.5 --belt '24 m/min'\n  assay plan --set optics.snr=20 --json\n"
                "  assay plan --page plan.html --twin twin.yaml\n"
                "  assay plan --scan line --size 1000x1600 --belt 60m/min --defect 0.6\n",
    .opts = plan_opts,
    .n_opts = AS_COUNT(plan_opts),
    .max_args = 1,
    .run = plan_run,
};
