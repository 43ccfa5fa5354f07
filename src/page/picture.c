/* SPDX-License-Identifier: Apache-2.0 */
#include "page/picture.h"

#include <math.h>
#include <stdlib.h>

#include "image/codec.h"
#include "image/prepare.h"
#include "page/html.h"

#define PICTURE_QUALITY 82

bool as_page_picture_make(const as_image *image, uint32_t side_px, as_page_picture *ret, as_err *err)
{
    as_image        small = {0};
    as_page_picture made;
    as_str          jpeg;
    as_str_init(&jpeg);
    double   scale = fmin(1, (double)side_px / AS_MAX(image->width, image->height));
    uint32_t width = AS_MAX((uint32_t)lround(image->width * scale), 1u);
    uint32_t height = AS_MAX((uint32_t)lround(image->height * scale), 1u);
    bool     ok = as_image_new(&small, image->pixel, width, height, err) &&
              as_image_resize(image, AS_RESIZE_STANDARD, 0, &small, err) &&
              as_codec_encode_jpeg(&small, PICTURE_QUALITY, &jpeg, err);
    if (ok) {
        made = (as_page_picture){.n = jpeg.len, .width = width, .height = height};
        made.jpeg = (uint8_t *)as_str_take(&jpeg);
        ok = made.jpeg || AS_FAIL(err, AS_ENOMEM, "cannot hold a small picture");
    }
    as_str_done(&jpeg);
    as_image_done(&small);
    if (ok)
        *ret = made;
    return ok;
}

void as_page_picture_done(as_page_picture *picture)
{
    free(picture->jpeg);
    *picture = (as_page_picture){0};
}

void as_page_picture_add(as_str *out, const as_page_picture *picture, const char *alt)
{
    if (!picture->jpeg)
        return;
    as_str_add(out, "<img src=\"");
    as_html_data_uri(out, "image/jpeg", picture->jpeg, picture->n);
    as_html_addf(out, "\" width=\"%u\" height=\"%u\" alt=\"%s\"/>", picture->width, picture->height, alt);
}
