/* SPDX-License-Identifier: Apache-2.0 */
#include "image/codes.h"

#include <stdlib.h>
#include <string.h>

#include "image/codec_kind.h"
#include "image/png_io.h"

typedef struct codes_reader {
    as_png_io io;
    as_codes  out;
    uint8_t  *rows; /* of a picture in colour: RGBA */
    int       color;
} codes_reader;

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
    if (!png_get_PLTE(r->io.png, r->io.info, &palette, &n))
        png_error(r->io.png, "it has no palette");
    if (!png_get_tRNS(r->io.png, r->io.info, &alpha, &n_alpha, NULL))
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
    uint32_t width = png_get_image_width(r->io.png, r->io.info), height = png_get_image_height(r->io.png, r->io.info);
    if (png_get_bit_depth(r->io.png, r->io.info) > 8)
        return AS_FAIL(r->io.err, AS_EUNSUPPORTED, "it has 16 bits a pixel: label maps of up to 8 are read");
    if (!as_codes_new(&r->out, width, height, r->io.err))
        return false;
    if (direct) {
        codes_colors(r);
        png_set_packing(r->io.png);
    } else {
        png_set_gray_to_rgb(r->io.png);
        png_set_tRNS_to_alpha(r->io.png);
        png_set_add_alpha(r->io.png, 255, PNG_FILLER_AFTER);
        r->rows = malloc((size_t)width * height * 4);
        if (!r->rows)
            return AS_FAIL(r->io.err, AS_ENOMEM, "no memory for %u x %u pixels", width, height);
    }
    int passes = png_set_interlace_handling(r->io.png);
    png_read_update_info(r->io.png, r->io.info);
    if (png_get_rowbytes(r->io.png, r->io.info) != (size_t)width * (direct ? 1 : 4))
        return AS_FAIL(r->io.err, AS_EINTERNAL, "a PNG row of %u pixels has an odd size", width);
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < height; y++)
            png_read_row(r->io.png, direct ? r->out.at + (size_t)y * width : r->rows + (size_t)y * width * 4, NULL);
    png_read_end(r->io.png, NULL);
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
            return AS_FAIL(r->io.err, AS_ELIMIT, "it has more than 256 colours: it is no label map");
        if (code == r->out.n_colors)
            memcpy(r->out.colors[r->out.n_colors++], color, 4);
        r->out.at[i] = (uint8_t)code;
    }
    return true;
}

static bool codes_guarded(codes_reader *r)
{
    if (setjmp(r->io.jump))
        return false;
    png_set_user_limits(r->io.png, AS_IMAGE_MAX_SIDE, AS_IMAGE_MAX_SIDE);
    png_read_info(r->io.png, r->io.info);
    r->color = png_get_color_type(r->io.png, r->io.info);
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
    bool ok = as_png_io_read(&r->io, bytes, n, err) && codes_guarded(r) && (!r->rows || codes_of_colors(r));
    as_png_io_close(&r->io);
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

static bool codes_write(const as_codes *codes, as_png_io *io)
{
    png_color palette[256];
    if (setjmp(io->jump))
        return false;
    for (uint32_t i = 0; i < 256; i++) {
        uint8_t rgb[3];
        as_codes_color((uint8_t)i, rgb);
        palette[i] = (png_color){rgb[0], rgb[1], rgb[2]};
    }
    png_set_IHDR(io->png, io->info, codes->width, codes->height, 8, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_PLTE(io->png, io->info, palette, 256);
    png_write_info(io->png, io->info);
    for (uint32_t y = 0; y < codes->height; y++)
        png_write_row(io->png, codes->at + (size_t)y * codes->width);
    png_write_end(io->png, NULL);
    return true;
}

bool as_codes_encode(const as_codes *codes, as_str *out, as_err *err)
{
    as_png_io io = {0};
    bool      ok = as_png_io_write(&io, out, err) && codes_write(codes, &io);
    as_png_io_close(&io);
    return ok && (as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "no memory for writing a PNG picture"));
}
