/* SPDX-License-Identifier: Apache-2.0 */
/* make_pictures KIND SEED FILE [COUNT]: a small picture of random texture as `FILE`, for tests of what comes in. With COUNT
 * so many, seeds counting up, FILE being a folder. It writes by libpng and libjpeg alone, so that the tests do not stand on
 * the code they test. */
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

#define SIDE_X  96
#define SIDE_Y  64
#define LARGE   8 /* times, for the kind that takes its time */
#define SAMPLES (SIDE_X * LARGE * SIDE_Y * LARGE * 8)

static uint8_t pixels[SAMPLES];

/* Knuth's 64-bit linear congruential generator: any texture will do. */
static void fill(uint64_t seed)
{
    uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
    for (size_t i = 0; i < SAMPLES; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        pixels[i] = (uint8_t)(64 + (state >> 57));
    }
}

typedef struct png_kind {
    const char *name;
    int         color, depth, bytes; /* a pixel */
    bool        transparent, interlaced;
    uint32_t    scale;
} png_kind;

static const png_kind png_kinds[] = {
    {"grey.png", PNG_COLOR_TYPE_GRAY, 8, 1, false, false, 1},
    {"rgb.png", PNG_COLOR_TYPE_RGB, 8, 3, false, false, 1},
    {"large.png", PNG_COLOR_TYPE_RGB, 8, 3, false, false, LARGE},
    {"rgb16.png", PNG_COLOR_TYPE_RGB, 16, 6, false, false, 1},
    {"rgba.png", PNG_COLOR_TYPE_RGBA, 8, 4, false, true, 1},
    {"palette.png", PNG_COLOR_TYPE_PALETTE, 8, 1, true, false, 1},
    {"white.png", PNG_COLOR_TYPE_GRAY, 8, 1, false, false, 1},
};

static int write_png(const png_kind *kind, FILE *file)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop   info = png ? png_create_info_struct(png) : NULL;
    png_color   palette[256];
    png_byte    alpha[256];
    uint32_t    width = SIDE_X * kind->scale, height = SIDE_Y * kind->scale;
    if (!info || setjmp(png_jmpbuf(png)))
        return 1;
    for (int i = 0; i < 256; i++) {
        palette[i] = (png_color){(png_byte)i, (png_byte)(255 - i), (png_byte)(i / 2)};
        alpha[i] = (png_byte)(255 - i / 4);
    }
    if (strcmp(kind->name, "white.png") == 0)
        memset(pixels, 255, sizeof pixels);
    png_init_io(png, file);
    png_set_compression_level(png, 1);
    png_set_IHDR(png, info, width, height, kind->depth, kind->color,
                 kind->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (kind->color == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, palette, 256);
    if (kind->transparent)
        png_set_tRNS(png, info, alpha, 256, NULL);
    png_write_info(png, info);
    int passes = png_set_interlace_handling(png);
    for (int p = 0; p < passes; p++)
        for (uint32_t y = 0; y < height; y++)
            png_write_row(png, pixels + (size_t)y * width * (size_t)kind->bytes);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    return 0;
}

/* A signature, a header that claims 60,000 x 60,000 with a right checksum, and a few bytes of data. */
static int write_huge(FILE *file)
{
    static const uint8_t head[] = {0x89, 'P', 'N', 'G',  '\r', '\n', 0x1a, '\n', 0,    0, 0, 13, 'I', 'H', 'D',
                                   'R',  0,   0,   0xea, 0x60, 0,    0,    0xea, 0x60, 8, 2, 0,  0,   0};
    static const uint8_t data[] = {0, 0, 0, 4, 'I', 'D', 'A', 'T', 0x78, 0x01, 0x63, 0x00};
    uint8_t              sum[4];
    uint32_t             crc = 0xffffffffu; /* ISO 3309, as PNG has it: over type and content */
    for (size_t i = 12; i < sizeof head; i++) {
        crc ^= head[i];
        for (int b = 0; b < 8; b++)
            crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320u : 0);
    }
    for (int i = 0; i < 4; i++)
        sum[i] = (uint8_t)(~crc >> (24 - 8 * i));
    return fwrite(head, sizeof head, 1, file) == 1 && fwrite(sum, sizeof sum, 1, file) == 1 &&
                   fwrite(data, sizeof data, 1, file) == 1
               ? 0
               : 1;
}

typedef struct jpeg_kind {
    const char   *name;
    J_COLOR_SPACE color;
    int           components;
    bool          turned; /* says by EXIF that it lies on its side */
} jpeg_kind;

static const jpeg_kind jpeg_kinds[] = {
    {"rgb.jpg", JCS_RGB, 3, false}, {"cmyk.jpg", JCS_CMYK, 4, false}, {"turned.jpg", JCS_RGB, 3, true}};

static int write_jpeg(const jpeg_kind *kind, FILE *file)
{
    static const uint8_t        exif[] = {'E',  'x',  'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1,
                                          0x01, 0x12, 0,   3,   0, 0, 0,   1,   0, 6,  0, 0, 0, 0, 0, 0};
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr       on_error;
    jpeg.err = jpeg_std_error(&on_error);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = SIDE_X;
    jpeg.image_height = SIDE_Y;
    jpeg.input_components = kind->components;
    jpeg.in_color_space = kind->color;
    jpeg_set_defaults(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    if (kind->turned)
        jpeg_write_marker(&jpeg, JPEG_APP0 + 1, exif, sizeof exif);
    for (size_t y = 0; y < SIDE_Y; y++) {
        JSAMPROW row = pixels + y * SIDE_X * (size_t)kind->components;
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return 0;
}

static int write_picture(const char *kind, uint64_t seed, const char *path)
{
    int   status = 2;
    FILE *file = fopen(path, "wb");
    if (!file)
        return 3;
    fill(seed);
    if (strcmp(kind, "huge.png") == 0)
        status = write_huge(file);
    for (size_t i = 0; i < sizeof png_kinds / sizeof png_kinds[0]; i++)
        if (strcmp(kind, png_kinds[i].name) == 0)
            status = write_png(&png_kinds[i], file);
    for (size_t i = 0; i < sizeof jpeg_kinds / sizeof jpeg_kinds[0]; i++)
        if (strcmp(kind, jpeg_kinds[i].name) == 0)
            status = write_jpeg(&jpeg_kinds[i], file);
    return fclose(file) == 0 ? status : 3;
}

int main(int argc, char **argv)
{
    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: make_pictures KIND SEED FILE [COUNT]\n");
        return 2;
    }
    uint64_t seed = strtoull(argv[2], NULL, 10), count = argc == 5 ? strtoull(argv[4], NULL, 10) : 1;
    int      status = 0;
    for (uint64_t i = 0; i < count && status == 0; i++) {
        char path[4096];
        if (argc == 5)
            snprintf(path, sizeof path, "%s/%05llu%s", argv[3], (unsigned long long)i, strrchr(argv[1], '.'));
        else
            snprintf(path, sizeof path, "%s", argv[3]);
        status = write_picture(argv[1], seed + i, path);
    }
    if (status)
        fprintf(stderr, "make_pictures: cannot write '%s' as '%s'\n", argv[3], argv[1]);
    return status;
}
