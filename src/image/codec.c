/* SPDX-License-Identifier: Apache-2.0 */
#include "image/codec.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "image/codec_kind.h"
#include "image/exif.h"

static const as_codec_kind *const codec_kinds[] = {&as_codec_kind_jpeg, &as_codec_kind_png, &as_codec_kind_tiff,
                                                   &as_codec_kind_bmp, &as_codec_kind_pnm};

const char *as_codec_name(as_codec codec)
{
    for (size_t i = 0; i < AS_COUNT(codec_kinds); i++)
        if (codec_kinds[i]->codec == codec)
            return codec_kinds[i]->name;
    return "none";
}

bool as_codec_ending(const char *name, char ret[AS_CODEC_ENDING_BYTES])
{
    const char *dot = strrchr(name, '.');
    size_t      n = dot ? strlen(dot) : 0;
    for (const char *at = AS_CODEC_ENDINGS; n > 1 && *at; at += strspn(at, ", ")) {
        size_t known = strcspn(at, ",");
        if (known == n && strncasecmp(at, dot, n) == 0) {
            if (ret)
                snprintf(ret, AS_CODEC_ENDING_BYTES, "%.*s", (int)(n - 1), at + 1);
            return true;
        }
        at += known;
    }
    return false;
}

void as_codec_info_size(as_codec_info *info, uint32_t width, uint32_t height)
{
    bool swap = as_exif_swaps(info->orientation);
    info->width = swap ? height : width;
    info->height = swap ? width : height;
}

void as_codec_quote(char *text)
{
    if (text[0] && !isupper((unsigned char)text[1]))
        text[0] = (char)tolower((unsigned char)text[0]);
}

/* What people really have under a picture's name. */
typedef struct codec_stranger {
    size_t      offset, n;
    const char *magic, *title;
} codec_stranger;

static const codec_stranger codec_strangers[] = {
    {0, 4, "PK\x03\x04", "a ZIP archive"},
    {0, 4, "GIF8", "a GIF picture"},
    {8, 4, "WEBP", "a WebP picture"},
    {4, 8, "ftypavif", "an AVIF picture"},
    {4, 8, "ftypheic", "a HEIC picture"},
    {4, 8, "ftypmif1", "a HEIF picture"},
    {4, 4, "ftyp", "an MP4 video"},
    {0, 4, "\x1a\x45\xdf\xa3", "a Matroska video"},
    {0, 4, "RIFF", "a RIFF file, perhaps AVI video"},
    {0, 12, "\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"},
    {0, 12, "\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"},
    {0, 2, "\xff\x0a", "a JPEG XL picture"},
    {0, 5, "%PDF-", "a PDF document"},
    {0, 2, "\x1f\x8b", "a gzip archive"},
    {0, 4, "\x7f\x45LF", "a program"},
    {0, 5, "<?xml", "an XML document"},
    {0, 4, "<svg", "an SVG drawing"},
    {0, 9, "<!DOCTYPE", "a web page"},
    {0, 5, "<html", "a web page"},
    {0, 4, "\x89PNG", "a PNG picture that was changed as if it were text"},
    {0, 2, "\xff\xd8", "a JPEG picture that ends at once"},
};

static const char *codec_stranger_title(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < AS_COUNT(codec_strangers); i++) {
        const codec_stranger *s = &codec_strangers[i];
        if (n >= s->offset + s->n && memcmp(bytes + s->offset, s->magic, s->n) == 0)
            return s->title;
    }
    size_t zeros = 0, printable = 0, seen = AS_MIN(n, 64u);
    for (size_t i = 0; i < seen; i++) {
        zeros += bytes[i] == 0;
        printable += isprint(bytes[i]) || isspace(bytes[i]) || bytes[i] >= 0x80;
    }
    return zeros == seen ? "a file of zeros" : printable == seen ? "a text" : NULL;
}

static bool codec_begins(const as_codec_kind *kind, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < AS_CODEC_MAGICS && kind->magics[i]; i++)
        if (n >= kind->magic_bytes && memcmp(bytes, kind->magics[i], kind->magic_bytes) == 0)
            return true;
    return false;
}

static const as_codec_kind *codec_find(const uint8_t *bytes, size_t n, as_err *err)
{
    for (size_t i = 0; i < AS_COUNT(codec_kinds); i++)
        if (codec_begins(codec_kinds[i], bytes, n))
            return codec_kinds[i];
    if (n == 0) {
        AS_FAIL(err, AS_EFORMAT, "is no " AS_CODEC_TITLES " picture (it is empty)");
        return NULL;
    }
    const char *title = codec_stranger_title(bytes, n);
    if (title)
        AS_FAIL(err, AS_EFORMAT, "is no " AS_CODEC_TITLES " picture (it begins like %s)", title);
    else
        AS_FAIL(err, AS_EFORMAT, "is no " AS_CODEC_TITLES " picture (it begins with the bytes %02x %02x %02x %02x)",
                bytes[0], n > 1 ? bytes[1] : 0, n > 2 ? bytes[2] : 0, n > 3 ? bytes[3] : 0);
    return NULL;
}

static bool codec_read(const uint8_t *bytes, size_t n, const as_codec_target *target, as_codec_info *ret_info,
                       as_err *err)
{
    const as_codec_kind *kind = codec_find(bytes, n, err);
    if (!kind)
        return false;
    as_codec_info info = {.codec = kind->codec, .orientation = 1, .n_pages = 1};
    if (!kind->read(bytes, n, target, &info, err))
        return false;
    if (ret_info)
        *ret_info = info;
    return true;
}

bool as_codec_probe(const uint8_t *bytes, size_t n, as_codec_info *ret, as_err *err)
{
    return codec_read(bytes, n, NULL, ret, err);
}

static bool codec_make_image(void *ctx, as_pixel pixel, uint32_t width, uint32_t height, as_image *ret, as_err *err)
{
    as_image *image = ctx;
    if (!as_image_new(image, pixel, width, height, err))
        return false;
    *ret = *image;
    return true;
}

static bool codec_decode(const uint8_t *bytes, size_t n, bool luma, as_image *ret, as_codec_info *ret_info, as_err *err)
{
    as_image        image = {0};
    as_codec_target target = {luma, codec_make_image, &image};
    if (!codec_read(bytes, n, &target, ret_info, err)) {
        as_image_done(&image);
        return false;
    }
    *ret = image;
    return true;
}

bool as_codec_decode(const uint8_t *bytes, size_t n, as_image *ret, as_codec_info *ret_info, as_err *err)
{
    return codec_decode(bytes, n, false, ret, ret_info, err);
}

bool as_codec_decode_luma(const uint8_t *bytes, size_t n, as_image *ret, as_codec_info *ret_info, as_err *err)
{
    return codec_decode(bytes, n, true, ret, ret_info, err);
}

static bool codec_make_frame(void *ctx, as_pixel pixel, uint32_t width, uint32_t height, as_image *ret, as_err *err)
{
    as_frame *frame = ctx;
    if (!as_frame_reshape(frame, pixel, width, height, err))
        return false;
    *ret = frame->image;
    return true;
}

bool as_codec_decode_frame(const uint8_t *bytes, size_t n, as_frame *frame, as_err *err)
{
    as_codec_target target = {false, codec_make_frame, frame};
    return codec_read(bytes, n, &target, NULL, err);
}
