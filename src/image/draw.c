/* SPDX-License-Identifier: Apache-2.0 */
#include "image/draw.h"

#include <string.h>

#define DRAW_COLUMNS 5
#define DRAW_ROWS    8

/* From ' ' to '~': bit 5 y + x is the dot in column x of row y. */
static const uint64_t draw_glyphs[] = {
    0,
    0x0100421084u,
    0x000000294au,
    0x0295f57d4au,
    0x011f4717c4u,
    0x0632222263u,
    0x0593511526u,
    0x0000000884u,
    0x0208210888u,
    0x0088842082u,
    0x0009575480u,
    0x00084f9080u,
    0x0088600000u,
    0x00000f8000u,
    0x018c000000u,
    0x0002222200u,
    0x03a33ae62eu,
    0x03884210c4u,
    0x07c444422eu,
    0x03a304111fu,
    0x0211f4a988u,
    0x03a3083c3fu,
    0x03a317844cu,
    0x008422221fu,
    0x03a317462eu,
    0x01910f462eu,
    0x000c6018c0u,
    0x00886018c0u,
    0x0208208888u,
    0x0001f07c00u,
    0x0088882082u,
    0x010044422eu,
    0x03ab5b422eu,
    0x04631fc62eu,
    0x03e317c62fu,
    0x03a210862eu,
    0x01d318c527u,
    0x07c217843fu,
    0x004217843fu,
    0x07a31e862eu,
    0x04631fc631u,
    0x038842108eu,
    0x019284211cu,
    0x0452519531u,
    0x07c2108421u,
    0x04631ad771u,
    0x04639ace31u,
    0x03a318c62eu,
    0x004217c62fu,
    0x059358c62eu,
    0x045257c62fu,
    0x03e107043eu,
    0x010842109fu,
    0x03a318c631u,
    0x011518c631u,
    0x02ab5ac631u,
    0x0462a22a31u,
    0x0108454631u,
    0x07c222221fu,
    0x038421084eu,
    0x0020820820u,
    0x039084210eu,
    0x0000004544u,
    0x07c0000000u,
    0x0000000082u,
    0x07a3e83800u,
    0x03e319b421u,
    0x03a210b800u,
    0x07a31cda10u,
    0x0383f8b800u,
    0x0084238a4cu,
    0x743d18f800u,
    0x046319b421u,
    0x0388421804u,
    0x3250843008u,
    0x024a32a421u,
    0x0388421086u,
    0x056b5aac00u,
    0x046319b400u,
    0x03a318b800u,
    0x085f18bc00u,
    0x843d18f800u,
    0x004219b400u,
    0x03e0e0f800u,
    0x0324211c42u,
    0x05b318c400u,
    0x011518c400u,
    0x02ab58c400u,
    0x0454454400u,
    0x742d98c400u,
    0x07c4447c00u,
    0x0208411088u,
    0x0108421084u,
    0x0088441082u,
    0x00008a8800u,
};

static const as_rgb draw_colours[] = {{230, 60, 50},  {40, 140, 230}, {60, 180, 70},  {245, 170, 20},  {160, 80, 200},
                                      {20, 185, 185}, {240, 90, 170}, {150, 190, 30}, {110, 110, 240}, {190, 120, 60}};

as_rgb as_draw_colour(uint32_t i)
{
    return draw_colours[i % AS_COUNT(draw_colours)];
}

static uint8_t draw_luma(as_rgb colour)
{
    return (uint8_t)((299u * colour.r + 587u * colour.g + 114u * colour.b + 500) / 1000);
}

static int64_t draw_clamp(int64_t value, uint32_t most)
{
    return AS_MIN(AS_MAX(value, 0), (int64_t)most);
}

void as_draw_fill(as_image *image, int64_t x, int64_t y, int64_t width, int64_t height, as_rgb colour)
{
    int64_t x1 = draw_clamp(x + width, image->width), y1 = draw_clamp(y + height, image->height);
    bool    is_rgb = image->pixel == AS_PIXEL_RGB8;
    x = draw_clamp(x, image->width);
    for (y = draw_clamp(y, image->height); y < y1; y++) {
        uint8_t *row = image->data + (size_t)y * image->stride_bytes;
        if (!is_rgb && x1 > x)
            memset(row + x, draw_luma(colour), (size_t)(x1 - x));
        for (int64_t u = x; is_rgb && u < x1; u++)
            memcpy(row + 3 * u, &colour, 3);
    }
}

void as_draw_frame(as_image *image, int64_t x, int64_t y, int64_t width, int64_t height, uint32_t thick, as_rgb colour)
{
    as_draw_fill(image, x, y, width, thick, colour);
    as_draw_fill(image, x, y + height - thick, width, thick, colour);
    as_draw_fill(image, x, y, thick, height, colour);
    as_draw_fill(image, x + width - thick, y, thick, height, colour);
}

void as_draw_text(as_image *image, int64_t x, int64_t y, uint32_t scale, const char *text, as_rgb colour)
{
    /* A frame around nothing, for what is not drawn. */
    const uint64_t other = 0x7e318c63fu;
    for (; *text; text++, x += AS_DRAW_GLYPH_WIDTH * (int64_t)scale) {
        unsigned char c = (unsigned char)*text;
        if ((c & 0xc0) == 0x80) { /* the rest of a character of several bytes */
            x -= AS_DRAW_GLYPH_WIDTH * (int64_t)scale;
            continue;
        }
        uint64_t dots = c >= ' ' && c - ' ' < (int)AS_COUNT(draw_glyphs) ? draw_glyphs[c - ' '] : other;
        for (uint32_t i = 0; i < DRAW_ROWS * DRAW_COLUMNS; i++)
            if (dots >> i & 1)
                as_draw_fill(image, x + i % DRAW_COLUMNS * (int64_t)scale, y + i / DRAW_COLUMNS * (int64_t)scale, scale,
                             scale, colour);
    }
}

uint32_t as_draw_text_width(const char *text, uint32_t scale)
{
    uint32_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n * AS_DRAW_GLYPH_WIDTH * scale;
}

void as_draw_tint(as_image *image, uint32_t x, uint32_t y, uint32_t width, uint32_t height, const uint8_t *inside,
                  size_t stride, as_rgb colour)
{
    uint8_t lanes[3] = {colour.r, colour.g, colour.b};
    size_t  bytes = as_pixel_bytes(image->pixel);
    if (bytes == 1)
        lanes[0] = draw_luma(colour);
    for (uint32_t v = 0; v < height && y + v < image->height; v++)
        for (uint32_t u = 0; u < width && x + u < image->width; u++) {
            uint8_t *p = image->data + (y + v) * image->stride_bytes + (x + u) * bytes;
            for (size_t c = 0; inside[v * stride + u] && c < bytes; c++)
                p[c] = (uint8_t)((p[c] + lanes[c] + 1) / 2);
        }
}
