/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/action.h"
#include "cli/camera_pick.h"
#include "cli/output.h"
#include "cli/stream_say.h"
#include "cli/term.h"
#include "image/codec.h"

#define GRAB_PNG_EFFORT 2
#define GRAB_KIND       "assay pictures of a camera"

/* "part.png" of one picture; of several "part-001.png"; what is not whole says so in its name. */
static bool grab_name(const char *path, uint64_t i, uint64_t n, as_frame_status status, char *ret, size_t cap,
                      as_err *err)
{
    const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
    int         stem = dot && (!slash || dot > slash) ? (int)(dot - path) : (int)strlen(path);
    char        number[32] = "";
    if (n > 1)
        snprintf(number, sizeof number, "-%03llu", (unsigned long long)i + 1);
    int used = snprintf(ret, cap, "%.*s%s%s%s.png", stem, path, number, status == AS_FRAME_OK ? "" : ".",
                        status == AS_FRAME_OK ? "" : as_frame_status_name(status));
    return (used > 0 && (size_t)used < cap) || AS_FAIL(err, AS_ELIMIT, "the path '%.100s...' is too long", path);
}

static json_t *grab_json(const char *path, const as_frame *frame)
{
    char    text[AS_CLOCK_TEXT_BYTES];
    json_t *json = json_pack("{s:s,s:s,s:I,s:I,s:s,s:i,s:i,s:s,s:I}", "file", path, "status",
                             as_frame_status_name(frame->status), "sequence", (json_int_t)frame->sequence, "part",
                             (json_int_t)frame->part, "pixel", as_pixel_name(frame->image.pixel), "width",
                             (int)frame->image.width, "height", (int)frame->image.height, "utc",
                             as_clock_text(frame->time_utc, text), "monotonic_ns", (json_int_t)frame->time_mono);
    as_json_set(json, "device_ns", frame->time_device ? json_integer(frame->time_device) : json_null());
    if (frame->name[0])
        as_json_set(json, "source", json_string(frame->name));
    return json;
}

static bool grab_one(as_cli *cli, const as_frame *frame, const char *path, uint64_t i, uint64_t n, json_t *list,
                     as_err *err)
{
    char   name[4096];
    as_str png;
    as_str_init(&png);
    bool ok = grab_name(path, i, n, frame->status, name, sizeof name, err) &&
              as_codec_encode_png_any(&frame->image, GRAB_PNG_EFFORT, &png, err) &&
              as_output_write(name, &png, NULL, err);
    as_str_done(&png);
    if (!ok)
        return false;
    json_array_append_new(list, grab_json(name, frame));
    if (!cli->json) {
        as_term_progress_end(cli);
        fprintf(cli->out, "%s  %s%s%s\n", name,
                as_term_style(cli, frame->status == AS_FRAME_OK ? AS_STYLE_GOOD : AS_STYLE_BAD),
                as_frame_status_name(frame->status), as_term_plain(cli));
    }
    return true;
}

static bool grab_all(as_cli *cli, as_camera *cam, const char *path, uint64_t n, double wait_s, json_t *list,
                     as_err *err)
{
    for (uint64_t i = 0; i < n; i++) {
        as_err    why = AS_ERR_NONE;
        as_frame *frame = as_camera_pick_frame(cli, cam, (as_ns)(wait_s * (double)AS_NS_PER_S), &why);
        if (!frame && why.code == AS_EEND && i > 0) {
            as_term_say(cli, "the camera ended after %llu of %llu pictures", (unsigned long long)i,
                        (unsigned long long)n);
            return true;
        }
        if (!frame)
            return as_err_set(err, why.code, "%s", why.text);
        bool ok = grab_one(cli, frame, path, i, n, list, err);
        as_frame_unref(frame);
        if (!ok)
            return false;
        as_progress_step(&cli->progress, "taking pictures", i + 1, n);
    }
    return true;
}

/* Beside the pictures, what is known of them. */
static bool grab_list_path(const char *path, char *ret, size_t cap, as_err *err)
{
    const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
    int         stem = dot && (!slash || dot > slash) ? (int)(dot - path) : (int)strlen(path);
    int         used = snprintf(ret, cap, "%.*s.json", stem, path);
    return (used > 0 && (size_t)used < cap) || AS_FAIL(err, AS_ELIMIT, "'%.200s...' is too long a name", path);
}

static bool grab_is_in(json_t *list, const char *file)
{
    size_t  i;
    json_t *one;
    json_array_foreach (list, i, one)
        if (strcmp(json_string_value(json_object_get(one, "file")), file) == 0)
            return true;
    return false;
}

/* Pictures of an earlier, longer run of the same name, which its list has and this one has not: they would be taken for this
 * one's. Only what grab's own list names and grab itself would have called so. */
static void grab_remove_old(const char *beside, json_t *list)
{
    json_error_t ignored;
    size_t       i, n = strlen(beside) - strlen(".json");
    json_t      *old = json_load_file(beside, 0, &ignored), *one;
    const char  *kind = json_string_value(json_object_get(old, AS_OUTPUT_KIND_KEY));
    json_array_foreach (kind &&strcmp(kind, GRAB_KIND) == 0 ? json_object_get(old, "pictures") : NULL, i, one) {
        const char *file = json_string_value(json_object_get(one, "file"));
        if (file && strncmp(file, beside, n) == 0 && (file[n] == '-' || file[n] == '.') && !strchr(file + n, '/') &&
            as_str_ends(file, ".png") && !grab_is_in(list, file))
            unlink(file);
    }
    json_decref(old);
}

static bool grab_write_list(const char *path, json_t *list, as_err *err)
{
    json_t *json = json_pack("{s:s,s:O}", AS_OUTPUT_KIND_KEY, GRAB_KIND, "pictures", list);
    bool    ok = json ? as_output_write_json(path, json, err) : AS_FAIL(err, AS_ENOMEM, "no memory for '%s'", path);
    json_decref(json);
    return ok;
}

/* Who names a JPEG would not look for a PNG. */
static bool grab_is_png(const char *path, as_err *err)
{
    static const char *const others[] = {".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".raw", ".JPG", ".JPEG", ".TIF"};
    for (size_t i = 0; i < AS_COUNT(others); i++)
        if (as_str_ends(path, others[i]))
            return AS_FAIL(err, AS_EINVAL,
                           "'%.300s': pictures are written as PNG, which loses nothing and holds 16 bits: name it .png",
                           path);
    return true;
}

static int camera_grab(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char *path = as_cli_opt(cli, "output");
    uint64_t    n = 1;
    double      wait_s = 5;
    json_t     *list = json_array();
    char        beside[4096], trouble[400];
    (void)ws;
    as_camera_stream stream = {0};
    bool ok = as_cli_u64(cli, "frames", 1, 100000, &n, err) && as_cli_f64(cli, "wait", 0.001, 1e6, &wait_s, err) &&
              (path || AS_FAIL(err, AS_EINVAL, "say where to: --output FILE.png")) && grab_is_png(path, err) &&
              grab_list_path(path, beside, sizeof beside, err) && as_output_json_may(beside, GRAB_KIND, err);
    as_camera *cam = ok ? as_camera_pick(cli, false, err) : NULL;
    ok = cam && grab_all(cli, cam, path, n, wait_s, list, err);
    as_term_progress_end(cli);
    if (ok)
        grab_remove_old(beside, list);
    if (json_array_size(list) > 0)
        ok = grab_write_list(beside, list, ok ? err : NULL) && ok;
    if (cam)
        as_camera_stream_of(cam, &stream);
    const bool fewer = ok && json_array_size(list) < n;
    if (ok && cli->json)
        ok = as_cli_print_json(cli,
                               json_pack("{s:O,s:I,s:o}", "pictures", list, "n_lost", (json_int_t)as_camera_lost(cam),
                                         "stream", as_stream_json(&stream)),
                               err);
    else if (ok && as_camera_lost(cam))
        as_term_say(cli, "%llu frames were lost between them", (unsigned long long)as_camera_lost(cam));
    if (!cli->json && as_stream_trouble(&stream, trouble, sizeof trouble))
        as_term_say(cli, "%s", trouble);
    as_camera_close(cam);
    json_decref(list);
    return !ok ? AS_VERB_FAILED : fewer ? 3 : 0;
}

const as_action as_camera_action_grab = {
    .name = "grab",
    .usage = "URI --output FILE [--frames N] [--wait SECONDS]",
    .about =
        "pictures as PNG (of 16 bits where the sensor has more than 8), and FILE.json with the status and the times "
        "of each; exit status 3 where the camera ended before so many came",
    .min_args = 1,
    .max_args = 1,
    .mode = AS_WORKSPACE_NONE,
    .run = camera_grab,
};
