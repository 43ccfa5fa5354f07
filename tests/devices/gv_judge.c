/* SPDX-License-Identifier: Apache-2.0 */
/* gv_judge CAMERA SCENE PARTS FRAMES SECONDS: takes frames of a camera that shows the first PARTS parts of a twin's SCENE again
 * and again, and holds each frame whose status is ok against the same parts drawn here. Prints a line of JSON: how many came of
 * each status, how many ok ones are byte for byte a part of the scene, and how many are not, which must be none; and what the
 * stream counted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "camera/camera.h"
#include "camera/twin_uri.h"

typedef struct judge {
    as_digest *parts;
    uint64_t   n_parts, n_ok, n_other, n_wrong, n_repeats, last, n_status[8];
} judge;

static int judge_fail(const as_err *err)
{
    fprintf(stderr, "gv_judge: %s\n", err->text);
    return 3;
}

static bool judge_draw(judge *j, const char *scene, as_err *err)
{
    as_twin_uri uri;
    as_image    image = {0};
    as_truth    truth;
    if (!as_twin_uri_parse(scene, &uri, err))
        return false;
    as_twin *twin = as_twin_open(uri.query.path, &uri.cfg, err);
    void    *scratch = twin ? malloc(as_twin_scratch_bytes(twin)) : NULL;
    bool     ok = scratch != NULL;
    if (ok) {
        const as_twin_cfg *cfg = as_twin_cfg_of(twin);
        ok = as_image_new(&image, cfg->pixel, cfg->width, cfg->height, err);
        j->parts = calloc(j->n_parts, sizeof *j->parts);
    }
    for (uint64_t i = 0; ok && i < j->n_parts; i++) {
        ok = as_twin_render(twin, i + 1, 0, scratch, &image, &truth, err);
        j->parts[i] = as_sha256_of(image.data, image.stride_bytes * image.height);
    }
    as_image_done(&image);
    free(scratch);
    as_twin_close(twin);
    as_twin_uri_done(&uri);
    return ok;
}

static void judge_frame(judge *j, const as_frame *frame)
{
    j->n_status[frame->status & 7]++;
    if (frame->status != AS_FRAME_OK) {
        j->n_other++;
        return;
    }
    as_digest digest = as_sha256_of(frame->image.data, frame->image.stride_bytes * frame->image.height);
    j->n_ok++;
    for (uint64_t i = 0; i < j->n_parts; i++)
        if (memcmp(&j->parts[i], &digest, sizeof digest) == 0) {
            j->n_repeats += j->last == i + 1 && j->n_parts > 1;
            j->last = i + 1;
            return;
        }
    j->n_wrong++;
}

int main(int argc, char **argv)
{
    as_err        err = AS_ERR_NONE;
    judge         j = {.n_parts = argc > 3 ? strtoull(argv[3], NULL, 10) : 0};
    as_camera_cfg cfg = {.uri = argc > 1 ? argv[1] : NULL, .n_frames = 16};
    if (argc != 6 || j.n_parts == 0 || j.n_parts > 1000)
        return 2;
    if (!judge_draw(&j, argv[2], &err))
        return judge_fail(&err);
    as_camera *camera = as_camera_open(&cfg, &err);
    if (!camera)
        return judge_fail(&err);
    as_ns    began = as_clock_mono(), until = began + (as_ns)(strtod(argv[5], NULL) * 1e9);
    uint64_t frames = strtoull(argv[4], NULL, 10);
    while (j.n_ok + j.n_other < frames && as_clock_mono() < until) {
        as_frame *frame = as_camera_next(camera, until, &err);
        if (!frame)
            break;
        judge_frame(&j, frame);
        as_frame_unref(frame);
    }
    printf("{\"n_ok\":%llu,\"n_other\":%llu,\"n_wrong\":%llu,\"n_repeats\":%llu,\"n_lost\":%llu,\"seconds\":%.3f,\"by_"
           "status\":[",
           (unsigned long long)j.n_ok, (unsigned long long)j.n_other, (unsigned long long)j.n_wrong,
           (unsigned long long)j.n_repeats, (unsigned long long)as_camera_lost(camera),
           (double)(as_clock_mono() - began) * 1e-9);
    for (int i = 0; i < 8; i++)
        printf("%s%llu", i ? "," : "", (unsigned long long)j.n_status[i]);
    as_camera_stream stream;
    as_camera_stream_of(camera, &stream);
    printf("],\"stream\":{\"n_frames\":%llu", (unsigned long long)(j.n_ok + j.n_other));
#define X(name, what) printf(",\"" #name "\":%llu", (unsigned long long)stream.name);
#include "camera/stream.def"
#undef X
    puts("}}");
    as_camera_close(camera);
    free(j.parts);
    return j.n_wrong ? 1 : 0;
}
