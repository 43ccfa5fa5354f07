/* SPDX-License-Identifier: Apache-2.0 */
/* gv_trigger CAMERA FRAMES: takes frames of a camera that is triggered from here, before each of which it is triggered once more by
 * the way: its picture lies there when the frame is asked for. Prints a line of JSON: how many frames began to come before they were
 * asked for, which must be none, and how many were lost. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "camera/setting.h"

int main(int argc, char **argv)
{
    as_err              err = AS_ERR_NONE;
    const as_camera_cfg cfg = {.uri = argc > 1 ? argv[1] : NULL};
    if (argc != 3)
        return 2;
    as_camera *camera = as_camera_open(&cfg, &err);
    unsigned   n = (unsigned)strtoul(argv[2], NULL, 10), n_ok = 0, n_old = 0;
    for (unsigned i = 0; camera && i < n; i++) {
        if (!as_camera_set(camera, "TriggerSoftware", "", NULL, &err))
            break;
        as_clock_sleep_until(as_clock_mono() + 100 * AS_NS_PER_MS);
        const as_ns asked = as_clock_mono();
        as_frame   *frame = as_camera_next(camera, asked + 5 * AS_NS_PER_S, &err);
        n_ok += frame && frame->status == AS_FRAME_OK;
        n_old += frame && frame->time_mono < asked;
        as_frame_unref(frame);
    }
    if (!camera || err.code != AS_OK)
        fprintf(stderr, "gv_trigger: %s\n", err.text);
    printf("{\"n_ok\":%u,\"n_old\":%u,\"n_lost\":%llu}\n", n_ok, n_old,
           camera ? (unsigned long long)as_camera_lost(camera) : 0);
    as_camera_close(camera);
    return n_ok == n && n_old == 0 ? 0 : 1;
}
