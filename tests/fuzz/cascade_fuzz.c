/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a cascade: what is accepted must be evaluated over a picture without reaching out of it. */
#include <stdio.h>
#include <stdlib.h>

#include "intake/cascade.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "cascade: %s\n", what);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t pixels[48 * 40];
    as_err         err = AS_ERR_NONE;
    as_image       grey = {.pixel = AS_PIXEL_MONO8, .width = 48, .height = 40, .stride_bytes = 48, .data = pixels};
    as_cascade_cfg cfg = {.enlarge = 1.5, .scale_step = 1.3, .min_windows = 1, .mirror = size & 1};
    as_faces       faces = {0};
    as_cascade    *cascade = as_cascade_parse(data, size, "fuzz", &err);
    must(cascade || err.code != AS_OK, "refused without an error");
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 131 % 251);
    if (cascade) {
        must(as_cascade_find(cascade, &grey, &cfg, &faces, &err), "it fails over a good picture");
        for (size_t i = 0; i < faces.n; i++)
            must(faces.at[i].x >= -1 && faces.at[i].x + faces.at[i].width <= 49, "a face is out of the picture");
    }
    as_vec_done(&faces);
    as_cascade_free(cascade);
    return 0;
}
