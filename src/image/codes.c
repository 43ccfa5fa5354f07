/* SPDX-License-Identifier: Apache-2.0 */
#include "image/codes.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "image/codec_kind.h"

typedef struct codes_reader {
    png_structp    png;
    png_infop      info;
    jmp_buf        jump;
    const uint8_t *bytes;
    size_t         n, at;
    as_codes       out;
    uint8_t       *rows; /* of a picture in colour: RGBA */
    int            color;
    as_err        *err;
} codes_reader;

static void codes_fail(png_structp png, png_const_charp said)
{
    codes_reader *r = png_get_error_ptr(png);
    char          text[160];
    as_str_copy(text, sizeof text, said);
    as_codec_quote(text);
    AS_FAIL(r->err, AS_ECORRUPT, "the PNG data is damaged: %s", text);
    longjmp(r->jump, 1);
}

static void codes_warn(png_structp png, png_const_charp said)
{
    (void)png, (void)said;
}

static void codes_bytes(png_structp png, png_bytep to, size_t n)
{
    codes_reader *r = png_get_io_ptr(png);
    if (n > r->n - r->at)
        png_error(png, "it ends early");
    memcpy(to, r->bytes + r->at, n);
    r->at += n;
}

/* Colours of a palette, or of greys. */
static void codes_colors(codes_reader *r)
{
    png_colorp palette;
    png_bytep  alpha = NULL;
    int        n = 0, n_alpha = 0;
    if (r->color != PNG_COLOR_TYPE_PALETTE) {
        for (uint32_t i = 0; i < 256; i++)
            memcpy(r->out.colors[i], (uint8_t[]){(uint8_t)i, (uint8_t)i, (uint8_t)i, 255}, 4);
        r->out.n_colors = 256;
        return;
    }
    if (!png_get_PLTE(r->png, r->info, &palette, &n))
        png_error(r->png, "it has no palette");
    if (!png_get_tRNS(r->png, r->info, &alpha, &n_alpha, NULL))
        n_alpha = 0;
    for (int i = 0; i < n && i < 256; i++)
        memcpy(r->out.colors[i],
               (uint8_t[]){palette[i].red, palette[i].green, palette[i].blue, i < n_alpha && alpha ? alpha[i] : 255},
               4);
    r->out.n_colors = (uint32_t)AS_MIN(n, 256);
}

static bool codes_rows(codes_reader *r)
{
    bool     direct = r->color == PNG_COLOR_TYPE_PALETTE || r->color == PNG_COLOR_TYPE_GRAY;
    uint32_t width = png_get_image_width(r->png, r->info), height = png_get_image_height(r->png, r->info);
    if (png_get_bit_depth(r->png, r->info) > 8)
        return AS_FAIL(r->err, AS_EUNSUPPORTED, "it has 16 bits a pixel: label maps of up to 8 are read");
    if (!as_codes_new(&r->out, width, height, r->err))
        return false;
    if (direct) {
        codes_colors(r);
        png_set_packing(r->png);
    } else {
        png_set_gray_to_rgb(r->png);
        png_set_tRNS_to_alpha(r->png);
        png_set_add_alpha(r->png, 255, PNG_FILLER_AFTER);
        r->rows = malloc((size_t)width * height * 4);
        if (!r->rows)
            return AS_FAIL(r->err, AS_ENOMEM, "no memory for %u x %u pixels", width, height);
    }
    int passes = png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    if (png_get_rowbytes(r->png, r->info) != (size_t)width * (direct ? 1 : 4))
        return AS_FAIL(r->err, AS_EINTERNAL, "a PNG row of %u pixels has an odd size", width);
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < height; y++)
            png_read_row(r->png, direct ? r->out.at + (size_t)y * width : r->rows + (size_t)y * width * 4, NULL);
    png_read_end(r->png, NULL);
    r->out.are_given = direct;
    return true;
}

/* A code for each colour, in the order in which they come. */
static bool codes_of_colors(codes_reader *r)
{
    size_t n = (size_t)r->out.width * r->out.height;
    for (size_t i = 0; i < n; i++) {
        uint8_t *color = r->rows + 4 * i;
        if (color[3] < 128) /* soft edges would be a colour each */
            memset(color, 0, 4);
        else
            color[3] = 255;
        uint32_t code = i ? r->out.at[i - 1] : 0;
        if (r->out.n_colors == 0 || memcmp(r->out.colors[code], color, 4) != 0)
            for (code = 0; code < r->out.n_colors && memcmp(r->out.colors[code], color, 4) != 0;)
                code++;
        if (code == 256)
            return AS_FAIL(r->err, AS_ELIMIT, "it has more than 256 colours: it is no label map");
        if (code == r->out.n_colors)
            memcpy(r->out.colors[r->out.n_colors++], color, 4);
        r->out.at[i] = (uint8_t)code;
    }
    return true;
}

static bool codes_guarded(codes_reader *r)
{
    if (setjmp(r->jump))
        return false;
    png_set_user_limits(r->png, AS_IMAGE_MAX_SIDE, AS_IMAGE_MAX_SIDE);
    png_set_read_fn(r->png, r, codes_bytes);
    png_read_info(r->png, r->info);
    r->color = png_get_color_type(r->png, r->info);
    return codes_rows(r);
}

bool as_codes_decode(const uint8_t *bytes, size_t n, as_codes *ret, as_err *err)
{
    as_codec_info info; /* the header is checked against the size of the file before anything is allocated */
    if (!as_codec_probe(bytes, n, &info, err))
        return false;
    if (info.codec != AS_CODEC_PNG)
        return AS_FAIL(err, AS_EFORMAT, "it is no PNG picture: label maps in another form lose their numbers");
    codes_reader *r = calloc(1, sizeof *r);
    if (!r)
        return AS_FAIL(err, AS_ENOMEM, "no memory for reading a PNG picture");
    r->bytes = bytes;
    r->n = n;
    r->err = err;
    r->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, r, codes_fail, codes_warn);
    r->info = r->png ? png_create_info_struct(r->png) : NULL;
    bool ok = r->info ? codes_guarded(r) && (!r->rows || codes_of_colors(r))
                      : AS_FAIL(err, AS_ENOMEM, "no memory for reading a PNG picture");
    png_destroy_read_struct(&r->png, &r->info, NULL);
    free(r->rows);
    if (ok)
        *ret = r->out;
    else
        as_codes_done(&r->out);
    free(r);
    return ok;
}

void as_codes_done(as_codes *codes)
{
    free(codes->at);
    codes->at = NULL;
}

bool as_codes_new(as_codes *codes, uint32_t width, uint32_t height, as_err *err)
{
    if (!as_image_check_size(width, height, err))
        return false;
    *codes = (as_codes){.width = width, .height = height, .at = calloc(height, width), .are_given = true};
    return codes->at || AS_FAIL(err, AS_ENOMEM, "no memory for a label map of %u x %u pixels", width, height);
}

/* The bits of the code dealt out over red, green and blue from the highest down, as in the maps of Pascal VOC. */
void as_codes_color(uint8_t code, uint8_t ret_rgb[3])
{
    memset(ret_rgb, 0, 3);
    for (int bit = 0; bit < 8; bit++)
        ret_rgb[bit % 3] |= (uint8_t)((code >> bit & 1) << (7 - bit / 3));
}

typedef struct codes_writer {
    jmp_buf         jump;
    const as_codes *codes;
    as_str         *out;
    as_err         *err;
} codes_writer;

static void codes_write_fail(png_structp png, png_const_charp said)
{
    codes_writer *w = png_get_error_ptr(png);
    AS_FAIL(w->err, AS_EIO, "cannot write a PNG picture: %s", said);
    longjmp(w->jump, 1);
}

static void codes_write_bytes(png_structp png, png_bytep from, size_t n)
{
    as_str_add_bytes(((codes_writer *)png_get_io_ptr(png))->out, from, n);
}

static void codes_flush(png_structp png)
{
    (void)png;
}

static bool codes_write(codes_writer *w, png_structp png, png_infop info)
{
    png_color palette[256];
    if (setjmp(w->jump))
        return false;
    for (uint32_t i = 0; i < 256; i++) {
        uint8_t rgb[3];
        as_codes_color((uint8_t)i, rgb);
        palette[i] = (png_color){rgb[0], rgb[1], rgb[2]};
    }
    png_set_write_fn(png, w, codes_write_bytes, codes_flush);
    png_set_IHDR(png, info, w->codes->width, w->codes->height, 8, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_PLTE(png, info, palette, 256);
    png_write_info(png, info);
    for (uint32_t y = 0; y < w->codes->height; y++)
        png_write_row(png, w->codes->at + (size_t)y * w->codes->width);
    png_write_end(png, NULL);
    return true;
}

bool as_codes_encode(const as_codes *codes, as_str *out, as_err *err)
{
    codes_writer w = {.codes = codes, .out = out, .err = err};
    png_structp  png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &w, codes_write_fail, codes_warn);
    png_infop    info = png ? png_create_info_struct(png) : NULL;
    bool ok = info ? codes_write(&w, png, info) : AS_FAIL(err, AS_ENOMEM, "no memory for writing a PNG picture");
    png_destroy_write_struct(&png, &info);
    return ok && (as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "no memory for writing a PNG picture"));
}
