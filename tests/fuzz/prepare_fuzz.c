/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of any format, size, stride and region, made a network's input: nothing is read or written beside them, and what
 * comes out lies where levels can lie. The first bytes choose, the others are pixels. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/prepare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "prepare: %s\n", what);
    abort();
}

enum { CHOICES = 16, MOST_OUT = 64 };

/* Exactly as many bytes as the format and the stride need, and one more in front, so that rows are not aligned. */
static uint8_t *picture(as_image *image, const uint8_t *data, size_t size, size_t extra)
{
    image->stride_bytes = as_pixel_row_bytes(image->pixel, image->width) + extra;
    size_t   n = image->stride_bytes * as_pixel_rows(image->pixel, image->height) - extra;
    uint8_t *memory = malloc(n + 1);
    must(memory != NULL, "no memory");
    for (size_t i = 0; i <= n; i++)
        memory[i] = size ? data[i % size] : (uint8_t)i;
    image->data = memory + 1;
    return memory;
}

static void run(const as_image *image, const as_input_spec *spec, const as_put_spec *put)
{
    as_err      err = AS_ERR_NONE;
    as_prepare *prepare = as_prepare_new_as(spec, put, &err);
    must(prepare != NULL, "a good spec is refused");
    size_t n = as_prepare_bytes(prepare);
    float *out = malloc(n);
    must(out != NULL, "no memory");
    for (int round = 0; round < 2; round++)
        if (!as_prepare_run(prepare, image, out, &err))
            must(err.code == AS_EINVAL, "refused for another reason than the region or the pattern");
        else
            for (size_t i = 0; put->type == AS_PUT_F32 && i < n / sizeof *out; i++)
                must(out[i] >= -0.1f && out[i] <= 255.1f, "not a level");
    free(out);
    as_prepare_free(prepare);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < CHOICES)
        return 0;
    const uint8_t      *d = data;
    as_image            image = {.pixel = (as_pixel)(1 + d[0] % (AS_PIXEL_COUNT - 1)),
                                 .width = 1 + d[1] + (d[15] & 1 ? 200u : 0),
                                 .height = 1 + d[2] + (d[15] & 2 ? 200u : 0)};
    const as_input_spec spec = {.width = 1 + d[3] % MOST_OUT,
                                .height = 1 + d[4] % MOST_OUT,
                                .channels = d[5] & 1 ? 1 : 3,
                                .resize = (as_resize)(AS_RESIZE_STANDARD + d[6] % (AS_RESIZE_COUNT - 1)),
                                .filter = (as_filter)(d[7] % AS_FILTER_COUNT),
                                .bgr = d[5] & 2,
                                .pad_value = d[8],
                                .scale = {1, 1, 1},
                                .roi = {d[9], d[10], d[11], d[12]}};
    const as_put_spec   put = {.layout = (as_put_layout)(d[13] % AS_PUT_LAYOUT_COUNT),
                               .type = (as_put_type)(d[13] / 4 % AS_PUT_TYPE_COUNT),
                               .scale = 1,
                               .zero = d[14]};
    uint8_t            *memory = picture(&image, data + CHOICES, size - CHOICES, d[14] % 9);
    run(&image, &spec, &put);
    free(memory);
    return 0;
}
