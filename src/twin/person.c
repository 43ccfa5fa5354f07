/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/person.h"

#include "twin/kernel.h"
#include "twin/noise_inline.h"
#include "twin/plates.h"

/* Lengths below are in units of half a head's height, x to the right and y downwards from its middle. */
#define FACE_TOP   -0.62f
#define FACE_CHIN  1.0f
#define FACE_HALF  0.74f
#define EYE_X      0.32f
#define EYE_Y      -0.08f
#define MOUTH_Y    0.57f
#define WALK_PARTS 9.0f /* about so many until a person is somewhere else */

/* What covers anything: the head with hair and neck, and below it the coat; it has none of the head from COAT_BELOW on. */
#define HEAD_HALF  0.97f
#define HEAD_TOP   -1.25f
#define COAT_HALF  2.05f
#define COAT_TOP   1.38f
#define COAT_BELOW 1.85f

#define PERSON_BLOCK 32u /* pixels of a row that are worked out at once */

typedef struct person_look {
    as_colour skin, hair, iris, coat;
    float     brow, lip, part; /* how strong, how red, where the hair is parted */
    float     soft;            /* a pixel, in units */
    uint32_t  seed;
} person_look;

/* A piece of a row: where each pixel is on the person, and what is seen there. Each step below works on all of them, and makes
 * vectors: no branches, no calls. */
typedef struct person_row {
    float x[PERSON_BLOCK], y[PERSON_BLOCK];
    float r[PERSON_BLOCK], g[PERSON_BLOCK], b[PERSON_BLOCK], cover[PERSON_BLOCK]; /* of coat, neck, hair and ears */
    float face_r[PERSON_BLOCK], face_g[PERSON_BLOCK], face_b[PERSON_BLOCK]; /* of the face, whether it is seen or not */
} person_row;

as_person as_person_at(const as_twin_cfg *cfg, uint64_t part, uint32_t view, double face_share)
{
    float    w = (float)cfg->width, h = (float)cfg->height, at = (float)(part % 1000000u) / WALK_PARTS;
    uint32_t seed = as_noise_mix((uint32_t)cfg->seed ^ as_noise_mix((uint32_t)(cfg->seed >> 32) + 71u));
    float    face = (float)face_share * h, s, c;
    at += 0.02f * (float)view;
    as_person person = {.unit_px = face / (FACE_CHIN - FACE_TOP),
                        .seed = as_noise_hash2((uint32_t)(part / 40u), 5, seed)};
    float     margin_x = AS_MIN((FACE_HALF + 0.1f) * person.unit_px, 0.5f * w);
    float     top = AS_MIN(0.9f * person.unit_px, 0.45f * h), low = AS_MIN(1.05f * person.unit_px, 0.55f * h);
    float     go_x = as_paint_clamp(0.5f + 0.62f * as_noise_line(at, seed), 0.0f, 1.0f);
    float     go_y = as_paint_clamp(0.4f + 0.5f * as_noise_line(0.7f * at, seed + 1u), 0.0f, 1.0f);
    person.x_px = as_paint_mix(margin_x, w - margin_x, go_x);
    person.y_px = as_paint_mix(top, h - low, go_y);
    as_noise_sincos(0.16 * (double)as_noise_line(1.3f * at, seed + 2u), &s, &c);
    person.sin = s;
    person.cos = c;
    return person;
}

/* Of the oval, however it is inclined. */
void as_person_box(const as_person *person, const as_canvas *canvas, float box_px[4])
{
    const float   a = FACE_HALF, b = 0.5f * (FACE_CHIN - FACE_TOP), s = person->sin, c = person->cos;
    const float   half_x = sqrtf(a * a * c * c + b * b * s * s), half_y = sqrtf(a * a * s * s + b * b * c * c);
    const as_pose head = {person->x_px, person->y_px, s, c, person->unit_px};
    as_pose       face = {.cos = 1.0f, .px_per_mm = person->unit_px};
    as_pose_to_px(&head, 0.0f, 0.5f * (FACE_CHIN + FACE_TOP), &face.x_px, &face.y_px);
    as_plates_box(&face, canvas, 0.0f, 0.0f, 0.0f, 1.0f, (float[4]){-half_x, -half_y, half_x, half_y}, box_px);
}

/* --- shapes: 1 in the middle to 0 at the rim --- */

AS_NOISE_INLINE float person_bell(float dx, float dy)
{
    float left = 1.0f - dx * dx - dy * dy;
    left = left > 0.0f ? left : 0.0f;
    return left * left;
}

/* At x and y off its middle. Radii are constants: what they divide by is worked out beforehand. */
AS_NOISE_INLINE float person_spot(float x, float y, float rx, float ry)
{
    return person_bell(x * (1.0f / rx), y * (1.0f / ry));
}

AS_NOISE_INLINE float person_ridge(float x, float rx)
{
    return person_bell(x * (1.0f / rx), 0.0f);
}

/* Of 0 at low and 1 at high, a cubic between; low and high are constants. */
AS_NOISE_INLINE float person_step(float low, float high, float v)
{
    float t = (v - low) * (1.0f / (high - low));
    t = t > 0.0f ? t : 0.0f;
    t = t < 1.0f ? t : 1.0f;
    return t * t * (3.0f - 2.0f * t);
}

/* How much of a pixel is inside, by the distance from the rim in pixels. */
AS_NOISE_INLINE float person_inside(float distance)
{
    float t = 0.5f + distance;
    t = t > 0.0f ? t : 0.0f;
    return t < 1.0f ? t : 1.0f;
}

/* How much of a pixel an ellipse covers; x, y: off its middle; k: pixels of a unit. */
AS_NOISE_INLINE float person_ellipse(float x, float y, float rx, float ry, float k)
{
    float dx = x * (1.0f / rx), dy = y * (1.0f / ry);
    return person_inside((1.0f - sqrtf(dx * dx + dy * dy)) * AS_MIN(rx, ry) * k);
}

AS_NOISE_INLINE float person_head_half(float y)
{
    return FACE_HALF * (1.0f - 0.16f * person_step(0.05f, 1.0f, y));
}

AS_NOISE_INLINE float person_larger(float a, float b)
{
    return a > b ? a : b;
}

AS_NOISE_INLINE float person_smaller(float a, float b)
{
    return a < b ? a : b;
}

/* Both ways: left and right of the middle are alike. */
AS_NOISE_INLINE float person_aside(float x)
{
    return x < 0.0f ? -x : x;
}

/* --- a row's steps --- */

AS_TWIN_CLONES
static void person_place(const as_pose *pose, uint32_t px, uint32_t py, person_row *restrict row)
{
    const float dy = ((float)(int32_t)py - pose->y_px) / pose->px_per_mm, s = pose->sin, c = pose->cos;
    const float x0 = pose->x_px, per_px = 1.0f / pose->px_per_mm;
    for (uint32_t i = 0; i < PERSON_BLOCK; i++) {
        float dx = ((float)(int32_t)(px + i) - x0) * per_px, y = dy * c - dx * s;
        row->x[i] = dx * c + dy * s;
        row->y[i] = y > 3.0f ? 3.0f : y; /* a coat goes on */
    }
}

AS_TWIN_CLONES
static void person_coat(const person_look *look, person_row *restrict row)
{
    const float    r = look->coat.r, g = look->coat.g, b = look->coat.b, k = 1.0f / look->soft;
    const uint32_t seed = look->seed;
    for (uint32_t i = 0; i < PERSON_BLOCK; i++) {
        float x = row->x[i], y = row->y[i], fold = as_noise_value_inline(x * 1.3f, y * 0.8f, seed);
        float lit = 0.85f + 0.22f * fold - 0.18f * x;
        row->r[i] = r * lit;
        row->g[i] = g * lit;
        row->b[i] = b * lit;
        row->cover[i] = person_ellipse(x, y - 3.05f, 1.95f, 1.62f, k);
    }
}

/* Over the coat: neck, hair and ears, which the face lies on. */
AS_TWIN_CLONES
static void person_behind(const person_look *look, person_row *restrict row)
{
    const as_colour skin = look->skin, of_hair = look->hair;
    const float     k = 1.0f / look->soft;
    const uint32_t  seed = look->seed + 7u;
    for (uint32_t i = 0; i < PERSON_BLOCK; i++) {
        float     x = row->x[i], y = row->y[i], a = person_aside(x);
        as_colour c = {row->r[i], row->g[i], row->b[i]};
        float     neck = person_inside((0.40f + 0.10f * person_step(1.2f, 1.6f, y) - a) * k) *
                     person_step(1.78f, 1.70f, y + 0.25f * x * x) * person_step(0.3f, 0.5f, y);
        float throat = 0.42f + 0.28f * person_step(0.95f, 1.55f, y) - 0.20f * x; /* in the shadow of the chin */
        c = as_colour_mix(c, as_colour_scale(skin, throat), neck);
        float hair = person_ellipse(x, y + 0.12f, FACE_HALF + 0.11f, 1.02f, k) * person_step(0.35f, 0.15f, y);
        float strand = as_noise_value_inline(x * 16.0f, y * 2.0f, seed);
        float shine = person_spot(x + 0.25f, y + 0.85f, 0.5f, 0.3f);
        c = as_colour_mix(c, as_colour_scale(of_hair, 0.9f + 0.30f * strand + 0.7f * shine), hair);
        float ear = person_ellipse(a - 0.76f, y - 0.02f, 0.10f, 0.19f, k);
        c = as_colour_mix(c, as_colour_scale(skin, 0.62f - 0.16f * x), ear);
        row->r[i] = c.r;
        row->g[i] = c.g;
        row->b[i] = c.b;
        row->cover[i] = person_larger(person_larger(row->cover[i], neck), person_larger(hair, ear));
    }
}

/* Light on the skin, without eyes and mouth. */
AS_TWIN_CLONES
static void person_relief(const person_look *look, person_row *restrict row)
{
    const as_colour skin = look->skin;
    for (uint32_t i = 0; i < PERSON_BLOCK; i++) {
        float x = row->x[i], y = row->y[i], a = person_aside(x);
        float nx = x / person_head_half(y), ny = y * (1.0f / 1.02f), nz2 = 1.0f - 0.86f * (nx * nx + ny * ny);
        float nz = sqrtf(nz2 > 0.02f ? nz2 : 0.02f), lit = 0.62f + 0.46f * (-0.34f * nx - 0.38f * ny + 0.62f * nz);
        lit -= 0.30f * person_spot(a - EYE_X, y - EYE_Y + 0.03f, 0.30f, 0.19f); /* sockets */
        lit += 0.10f * person_spot(x, y + 0.42f, 0.42f, 0.30f);                 /* forehead */
        lit += 0.09f * person_spot(a - 0.40f, y - 0.24f, 0.24f, 0.24f);         /* cheekbones */
        lit -= 0.10f * person_spot(a - 0.47f, y - 0.60f, 0.20f, 0.32f);         /* below them */
        float wide = 1.0f / (0.055f + 0.09f * person_step(-0.15f, 0.32f, y));   /* the nose widens downwards */
        float side = person_step(-0.22f, 0.0f, y) * person_step(0.44f, 0.30f, y), nose = x * wide;
        lit += 0.14f * side * person_bell(nose, 0.0f);
        lit -= 0.20f * side * person_ridge(nose - 1.35f, 0.9f); /* its shadow lies to the right */
        lit -= 0.09f * side * person_bell(nose + 1.35f, 0.0f);
        lit += 0.13f * person_spot(x, y - 0.30f, 0.11f, 0.10f); /* its tip */
        lit -= 0.26f * person_spot(x, y - 0.42f, 0.24f, 0.07f);
        lit -= 0.08f * person_spot(x, y - 0.48f, 0.07f, 0.09f);
        lit -= 0.17f * person_spot(x, y - 0.72f, 0.30f, 0.08f); /* below the lip */
        lit += 0.07f * person_spot(x, y - 0.87f, 0.26f, 0.13f); /* chin */
        float blush = person_spot(a - 0.42f, y - 0.28f, 0.26f, 0.24f);
        row->face_r[i] = skin.r * lit;
        row->face_g[i] = skin.g * lit * (1.0f - 0.10f * blush);
        row->face_b[i] = skin.b * lit * (1.0f - 0.08f * blush);
    }
}

AS_TWIN_CLONES
static void person_eyes(const person_look *look, person_row *restrict row)
{
    const as_colour black = {0.01f, 0.01f, 0.01f}, lamp = {0.95f, 0.95f, 0.95f}, iris = look->iris;
    const float     k = 1.0f / look->soft;
    for (uint32_t i = 0; i < PERSON_BLOCK; i++) {
        float     x = person_aside(row->x[i]) - EYE_X, y = row->y[i] - EYE_Y;
        as_colour c = {row->face_r[i], row->face_g[i], row->face_b[i]};
        float     open = 0.075f * (1.0f - x * x * (1.0f / (0.16f * 0.16f)));
        float     white = open > 0.0f ? person_inside((open - fabsf(y - 0.005f)) * k) : 0.0f;
        as_colour ball = as_colour_scale((as_colour){0.72f, 0.69f, 0.66f}, 1.0f - 0.5f * person_step(0.02f, -0.06f, y));
        ball = as_colour_mix(ball, iris, person_ellipse(x, y + 0.004f, 0.068f, 0.068f, k));
        ball = as_colour_mix(ball, black, person_ellipse(x, y + 0.004f, 0.034f, 0.034f, k));
        float mirrored = row->x[i] < 0.0f ? -x : x; /* the lamp is on the same side of both */
        ball = as_colour_mix(ball, lamp, 0.8f * person_ellipse(mirrored + 0.022f, y + 0.028f, 0.014f, 0.014f, k));
        c = as_colour_mix(c, ball, white);
        float lid = y + 0.075f * (1.0f - x * x * (1.0f / (0.17f * 0.17f))) - 0.002f;
        float width = person_ridge(x, 0.20f);
        c = as_colour_scale(c, 1.0f - 0.85f * person_smaller(2.0f * width, 1.0f) * person_ridge(lid, 0.030f));
        c = as_colour_scale(c, 1.0f - 0.28f * width * person_ridge(lid + 0.055f, 0.025f)); /* the crease above */
        c = as_colour_scale(c, 1.0f - 0.22f * person_spot(x, y - 0.088f, 0.17f, 0.035f));
        row->face_r[i] = c.r;
        row->face_g[i] = c.g;
        row->face_b[i] = c.b;
    }
}

AS_TWIN_CLONES
static void person_brows(const person_look *look, person_row *restrict row)
{
    const as_colour hair = look->hair;
    const float     strong = look->brow;
    for (uint32_t i = 0; i < PERSON_BLOCK; i++) {
        float     x = person_aside(row->x[i]) - EYE_X;
        as_colour c = {row->face_r[i], row->face_g[i], row->face_b[i]};
        float     rise = row->y[i] + 0.31f - 0.5f * (x - 0.08f) * (x - 0.08f); /* they fall off outwards */
        float     thick = person_larger(0.052f - 0.10f * person_larger(x, 0.0f), 0.02f);
        float brow = person_bell(rise / thick, 0.0f) * person_step(-0.21f, -0.13f, x) * person_step(0.24f, 0.12f, x);
        c = as_colour_mix(c, hair, strong * person_smaller(1.6f * brow, 1.0f));
        row->face_r[i] = c.r;
        row->face_g[i] = c.g;
        row->face_b[i] = c.b;
    }
}

AS_TWIN_CLONES
static void person_mouth(const person_look *look, person_row *restrict row)
{
    const float red = 0.95f - 0.1f * look->lip, green = 0.62f - 0.15f * look->lip, blue = 0.62f - 0.12f * look->lip;
    const float k = 1.0f / person_larger(look->soft, 0.02f);
    for (uint32_t i = 0; i < PERSON_BLOCK; i++) {
        float     x = row->x[i], a = person_aside(x), t = x * (1.0f / 0.29f), in = 1.0f - t * t;
        float     y = row->y[i] - MOUTH_Y + 0.055f * t * t; /* its corners go up a little */
        as_colour c = {row->face_r[i], row->face_g[i], row->face_b[i]};
        float     nose = person_spot(a - 0.085f, row->y[i] - 0.375f, 0.055f, 0.040f);
        c = as_colour_scale(c, 1.0f - 0.75f * person_smaller(1.5f * nose, 1.0f));
        float fold = person_spot(a - 0.27f - 0.16f * (row->y[i] - 0.35f), row->y[i] - 0.46f, 0.05f, 0.16f);
        c = as_colour_scale(c, 1.0f - 0.18f * fold);
        as_colour lip = {c.r * red, c.g * green, c.b * blue};
        float     upper = 0.075f * in * (1.0f - 0.25f * person_ridge(x, 0.06f)), lower = 0.095f * in;
        float     up = (in > 0.0f ? 1.0f : 0.0f) * (y <= 0.0f ? person_inside((upper + y) * k) : 0.0f);
        float     low = (in > 0.0f ? 1.0f : 0.0f) * (y > 0.0f ? person_inside((lower - y) * k) : 0.0f);
        c = as_colour_mix(c, as_colour_scale(lip, 0.78f), up);
        c = as_colour_mix(c, as_colour_scale(lip, 1.0f + 0.18f * person_spot(x, y - 0.055f, 0.15f, 0.035f)), low);
        c = as_colour_scale(c, 1.0f - 0.72f * person_step(0.0f, 0.25f, in) * person_ridge(y, 0.022f));
        row->face_r[i] = c.r;
        row->face_g[i] = c.g;
        row->face_b[i] = c.b;
    }
}

/* The face over what is behind it, below the hairline. */
AS_TWIN_CLONES
static void person_front(const person_look *look, person_row *restrict row)
{
    const float    k = 1.0f / look->soft, k_hair = 1.0f / person_larger(look->soft, 0.05f), part = look->part;
    const uint32_t seed = look->seed;
    for (uint32_t i = 0; i < PERSON_BLOCK; i++) {
        float x = row->x[i], y = row->y[i], half = person_head_half(y), across = x / half, off = x - part;
        float head = person_inside((1.0f - sqrtf(across * across + y * y)) * half * k);
        float line = -0.56f + 0.55f * off * off * off * off + 0.05f * as_noise_line_inline(x * 9.0f, seed) +
                     0.30f * person_step(0.58f, 0.70f, person_aside(x));
        float seen = head * person_inside((y - line) * k_hair),
              shade = 1.0f - 0.35f * person_step(0.14f, 0.0f, y - line);
        row->r[i] += (row->face_r[i] * shade - row->r[i]) * seen;
        row->g[i] += (row->face_g[i] * shade - row->g[i]) * seen;
        row->b[i] += (row->face_b[i] * shade - row->b[i]) * seen;
        row->cover[i] = person_larger(row->cover[i], seen);
    }
}

/* --- onto the canvas --- */

AS_TWIN_CLONES
static void person_put_grey(const person_row *restrict row, uint32_t n, float *restrict to)
{
    for (uint32_t i = 0; i < n; i++)
        to[i] += (1.05f * (0.30f * row->r[i] + 0.45f * row->g[i] + 0.25f * row->b[i]) - to[i]) * row->cover[i];
}

AS_TWIN_CLONES
static void person_put(const float *restrict from, const float *restrict cover, uint32_t n, float *restrict to)
{
    for (uint32_t i = 0; i < n; i++)
        to[i] += (1.05f * from[i] - to[i]) * cover[i];
}

static person_look person_looks(const as_person *person)
{
    static const uint32_t skins[] = {0xe8bfa2, 0xd9a884, 0xc08a63, 0xf0cdb6},
                          hairs[] = {0x2a1c13, 0x15110f, 0x4a3220, 0x3b2a1e};
    static const uint32_t coats[] = {0x2b3f66, 0xc8641e, 0x3a4046, 0x70777d};
    uint32_t              h = person->seed;
    float                 brow = 0.80f + 0.18f * as_noise_unit(as_noise_mix(h + 1u));
    return (person_look){.skin = as_colour_screen(skins[h % 4u]),
                         .hair = as_colour_screen(hairs[(h >> 4) % 4u]),
                         .iris = as_colour_screen((h >> 8) & 1u ? 0x3d2a1a : 0x41555e),
                         .coat = as_colour_screen(coats[(h >> 12) % 4u]),
                         .brow = brow,
                         .lip = as_noise_unit(as_noise_mix(h + 2u)),
                         .part = 0.25f * (as_noise_unit(as_noise_mix(h + 3u)) - 0.5f),
                         .soft = 1.2f / person->unit_px,
                         .seed = h};
}

/* Whether the row's piece from x0 to x1, all of it beyond low and high of y, has something within half of the middle. */
static bool person_touches(const person_row *row, float half, float low, float high)
{
    const uint32_t last = PERSON_BLOCK - 1u;
    return AS_MIN(row->x[0], row->x[last]) <= half && AS_MAX(row->x[0], row->x[last]) >= -half &&
           AS_MIN(row->y[0], row->y[last]) <= high && AS_MAX(row->y[0], row->y[last]) >= low;
}

static void person_draw_piece(const person_look *look, const as_canvas *canvas, uint32_t n, size_t at, person_row *row)
{
    const bool head = person_touches(row, HEAD_HALF, HEAD_TOP, COAT_BELOW);
    if (!head && !person_touches(row, COAT_HALF, COAT_TOP, INFINITY))
        return;
    person_coat(look, row);
    if (head)
        person_behind(look, row);
    if (head && person_touches(row, FACE_HALF + 0.05f, FACE_TOP - 0.15f, FACE_CHIN + 0.1f)) {
        person_relief(look, row);
        person_eyes(look, row);
        person_brows(look, row);
        person_mouth(look, row);
        person_front(look, row);
    }
    if (!canvas->g) {
        person_put_grey(row, n, canvas->r + at);
        return;
    }
    person_put(row->r, row->cover, n, canvas->r + at);
    person_put(row->g, row->cover, n, canvas->g + at);
    person_put(row->b, row->cover, n, canvas->b + at);
}

void as_person_draw(const as_person *person, const as_canvas *canvas)
{
    person_look   look = person_looks(person);
    const as_pose pose = {person->x_px, person->y_px, person->sin, person->cos, person->unit_px};
    person_row    row;
    /* Down to the picture's lower edge, as wide as shoulders are. */
    as_paint_area area = as_paint_around(canvas, person->x_px, person->y_px, 2.6f * person->unit_px);
    for (uint32_t y = area.y0; y < canvas->height; y++)
        for (uint32_t x = area.x0; x < area.x1; x += PERSON_BLOCK) {
            person_place(&pose, x, y, &row);
            person_draw_piece(&look, canvas, AS_MIN(PERSON_BLOCK, area.x1 - x), (size_t)y * canvas->width + x, &row);
        }
}
