/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/fs.h"
#include "base/isa.h"
#include "base/str.h"
#include "base/thread.h"
#include "build_config.h"
#include "camera/camera.h"
#include "cli/term.h"
#include "infer/infer.h"

static const as_opt doctor_opts[] = {
    {"no-cameras", 0, NULL, "do not look for cameras on the network", NULL},
};

typedef struct doctor {
    as_cli *cli;
    json_t *json; /* what was found, by section */
    json_t *libraries, *cameras, *missing;
} doctor;

static void doctor_line(doctor *d, const char *key, const char *text)
{
    as_json_set(d->json, key, json_string(text));
    if (!d->cli->json)
        fprintf(d->cli->out, "%-16s %s\n", key, text);
}

static void doctor_missing(doctor *d, const char *what, const char *remedy)
{
    json_array_append_new(d->missing, json_pack("{s:s, s:s}", "what", what, "remedy", remedy));
}

/* The version is in the name the library's file really has: libjansson.so.4.13.0. */
static int doctor_on_library(struct dl_phdr_info *info, size_t size, void *ctx)
{
    doctor     *d = ctx;
    char        real[PATH_MAX];
    const char *name = strrchr(info->dlpi_name, '/');
    (void)size;
    if (!name || !realpath(info->dlpi_name, real))
        return 0;
    const char *file = strrchr(real, '/') + 1;
    json_array_append_new(d->libraries, json_pack("{s:s, s:s}", "file", file, "path", real));
    return 0;
}

static void doctor_libraries(doctor *d)
{
    dl_iterate_phdr(doctor_on_library, d);
    if (d->cli->json)
        return;
    size_t column = 17;
    fprintf(d->cli->out, "%-16s", "libraries");
    for (size_t i = 0; i < json_array_size(d->libraries); i++) {
        const char *file = json_string_value(json_object_get(json_array_get(d->libraries, i), "file"));
        if (column + strlen(file) + 1 > 110)
            column = (size_t)fprintf(d->cli->out, "\n%-16s", "") - 1;
        column += (size_t)fprintf(d->cli->out, " %s", file);
    }
    fputc('\n', d->cli->out);
}

static void doctor_backends(doctor *d)
{
    for (size_t i = 0; as_backend_at(i); i++) {
        const as_backend *backend = as_backend_at(i);
        as_err            err = AS_ERR_NONE;
        as_str            about;
        char              key[48];
        as_str_init(&about);
        snprintf(key, sizeof key, "backend %s", backend->name);
        if (backend->about(&about, &err)) {
            doctor_line(d, key, about.s);
        } else {
            doctor_line(d, key, err.text);
            doctor_missing(d, backend->summary, "tools/setup");
        }
        as_str_done(&about);
    }
}

static void doctor_on_camera(void *ctx, const char *uri, const char *about)
{
    doctor *d = ctx;
    json_array_append_new(d->cameras, json_pack("{s:s, s:s}", "uri", uri, "about", about));
    if (!d->cli->json)
        fprintf(d->cli->out, "%-16s %s  (%s)\n", "camera", uri, about);
}

static void doctor_cameras(doctor *d)
{
    as_str drivers;
    as_str_init(&drivers);
    for (size_t i = 0; as_camera_driver_at(i); i++)
        as_str_addf(&drivers, "%s%s:", i ? " " : "", as_camera_driver_at(i)->name);
    doctor_line(d, "camera drivers", drivers.s);
    as_str_done(&drivers);
    if (!AS_HAVE_ARAVIS)
        doctor_missing(d, "GigE Vision and USB3 Vision cameras (gige:): built without Aravis", "tools/setup && make");
    if (!AS_HAVE_GST)
        doctor_missing(d, "RTSP, video and V4L2 cameras (gst:): built without GStreamer", "tools/setup && make");
    if (as_cli_flag(d->cli, "no-cameras"))
        return;
    for (size_t i = 0; as_camera_driver_at(i); i++)
        if (as_camera_driver_at(i)->list)
            as_camera_driver_at(i)->list(doctor_on_camera, d);
}

static void doctor_disk(doctor *d)
{
    uint64_t bytes;
    char     text[128];
    as_err   err = AS_ERR_NONE;
    if (!as_fs_free_bytes(d->cli->dir, &bytes, &err)) {
        doctor_line(d, "free disk", err.text);
        return;
    }
    snprintf(text, sizeof text, "%.1f GB at '%s'", (double)bytes / 1e9, d->cli->dir);
    doctor_line(d, "free disk", text);
    if (bytes < (uint64_t)1 << 30)
        doctor_missing(d, "disk space: less than 1 GiB is free", "free some, or use another folder");
}

/* What ASSAY_ISA leaves of the instructions. */
static void doctor_limit(doctor *d)
{
    char   text[128];
    as_isa widest = AS_ISA_NONE, limit = as_isa_limit();
    for (size_t i = 1; as_isa_name((as_isa)i); i++)
        if (as_isa_has((as_isa)i))
            widest = (as_isa)i;
    if (limit == AS_ISA_NONE)
        snprintf(text, sizeof text, "%s (ASSAY_ISA would limit it)", as_isa_name(widest));
    else if (as_isa_has(limit))
        snprintf(text, sizeof text, "%s by ASSAY_ISA, of %s", as_isa_name(as_isa_top()), as_isa_name(widest));
    else
        snprintf(text, sizeof text, "%s: ASSAY_ISA is %s, which this processor lacks", as_isa_name(as_isa_top()),
                 as_isa_name(limit));
    doctor_line(d, "used up to", text);
}

static void doctor_machine(doctor *d)
{
    char           text[512];
    struct utsname name;
    snprintf(text, sizeof text, "%s (%s, %s, %s)", AS_VERSION, AS_BUILD_ID, AS_COMPILER, AS_BUILD_TYPE);
    doctor_line(d, as_program_name(), text);
    snprintf(text, sizeof text, "%s, %u core%s", as_cpu_model(), as_thread_cores(), as_thread_cores() == 1 ? "" : "s");
    doctor_line(d, "processor", text);
    doctor_line(d, "instructions", as_cpu_features());
    doctor_limit(d);
    snprintf(text, sizeof text, "%.1f GB", (double)as_cpu_memory_bytes() / 1e9);
    doctor_line(d, "memory", text);
    if (uname(&name) == 0) {
        snprintf(text, sizeof text, "%s %s %s", name.sysname, name.release, name.machine);
        doctor_line(d, "system", text);
    }
}

static int doctor_run(as_cli *cli, as_err *err)
{
    doctor d = {
        .cli = cli, .json = json_object(), .libraries = json_array(), .cameras = json_array(), .missing = json_array()};
    doctor_machine(&d);
    doctor_backends(&d);
    doctor_libraries(&d);
    doctor_cameras(&d);
    doctor_disk(&d);
    size_t n_missing = json_array_size(d.missing);
    as_json_set(d.json, "libraries", d.libraries);
    as_json_set(d.json, "cameras", d.cameras);
    if (cli->json) {
        as_json_set(d.json, "missing", d.missing);
        return as_cli_print_json(cli, d.json, err) ? (n_missing ? 1 : 0) : AS_VERB_FAILED;
    }
    for (size_t i = 0; i < n_missing; i++) {
        const json_t *one = json_array_get(d.missing, i);
        fprintf(cli->out, "%smissing%s          %s; mend it with: %s\n", as_term_style(cli, AS_STYLE_WARN),
                as_term_plain(cli), json_string_value(json_object_get(one, "what")),
                json_string_value(json_object_get(one, "remedy")));
    }
    if (n_missing == 0)
        fprintf(cli->out, "%snothing is missing%s\n", as_term_style(cli, AS_STYLE_GOOD), as_term_plain(cli));
    json_decref(d.missing);
    json_decref(d.json);
    return n_missing ? 1 : 0;
}

const as_verb as_verb_doctor = {
    .name = "doctor",
    .summary = "look at this machine: what is there, what is missing, what mends it",
    .usage = "",
    .about =
        "Prints the processor and its instructions, the libraries that were found with their versions, what can run\n"
        "models, the cameras that answer, and the free disk. Ends with what is missing and the command that mends "
        "it.\n\n"
        "Exit status: 0 nothing is missing, 1 something is.",
    .examples = "  assay doctor\n  assay doctor --json --no-cameras\n",
    .opts = doctor_opts,
    .n_opts = AS_COUNT(doctor_opts),
    .run = doctor_run,
};
