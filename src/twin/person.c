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

typedef struct person_look {
    as_colour skin, hair, iris, coat;
    float     brow, lip, part; /* how strong, how red, where the hair is parted */
    float     px;              /* pixels of a unit */
} person_look;

/* A point of the head, and what the surface does there. */
typedef struct person_point {
    float x, y, soft; /* soft: a pixel */
} person_point;

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

static float person_bell(float dx, float dy)
{
    float left = 1.0f - dx * dx - dy * dy;
    return left > 0.0f ? left * left : 0.0f;
}

/* How much of a pixel an ellipse covers. */
static float person_ellipse(const person_point *p, float x, float y, float rx, float ry)
{
    float dx = (p->x - x) / rx, dy = (p->y - y) / ry, r = sqrtf(dx * dx + dy * dy);
    return as_paint_clamp(0.5f + (1.0f - r) * AS_MIN(rx, ry) / p->soft, 0.0f, 1.0f);
}

static float person_head_half(float y)
{
    return FACE_HALF * (1.0f - 0.16f * as_paint_step(0.05f, 1.0f, y));
}

/* Light on the skin, without eyes and mouth. */
static float person_relief(float x, float y)
{
    float half = person_head_half(y), nx = x / half, ny = y / 1.02f, nz2 = 1.0f - 0.86f * (nx * nx + ny * ny);
    float nz = sqrtf(nz2 > 0.02f ? nz2 : 0.02f), lit = 0.62f + 0.46f * (-0.34f * nx - 0.38f * ny + 0.62f * nz);
    float a = fabsf(x), ridge, side;
    lit -= 0.30f * person_bell((a - EYE_X) / 0.30f, (y - EYE_Y + 0.03f) / 0.19f); /* sockets */
    lit += 0.10f * person_bell(x / 0.42f, (y + 0.42f) / 0.30f);                   /* forehead */
    lit += 0.09f * person_bell((a - 0.40f) / 0.24f, (y - 0.24f) / 0.24f);         /* cheekbones */
    lit -= 0.10f * person_bell((a - 0.47f) / 0.20f, (y - 0.60f) / 0.32f);         /* below them */
    ridge = 0.055f + 0.09f * as_paint_step(-0.15f, 0.32f, y);                     /* the nose widens downwards */
    side = as_paint_step(-0.22f, 0.0f, y) * as_paint_step(0.44f, 0.30f, y);
    lit += 0.14f * side * person_bell(x / ridge, 0.0f);
    lit -= 0.20f * side * person_bell((x - 1.35f * ridge) / (0.9f * ridge), 0.0f); /* its shadow lies to the right */
    lit -= 0.09f * side * person_bell((x + 1.35f * ridge) / (0.9f * ridge), 0.0f);
    lit += 0.13f * person_bell(x / 0.11f, (y - 0.30f) / 0.10f); /* its tip */
    lit -= 0.26f * person_bell(x / 0.24f, (y - 0.42f) / 0.07f);
    lit -= 0.08f * person_bell(x / 0.07f, (y - 0.48f) / 0.09f);
    lit -= 0.17f * person_bell(x / 0.30f, (y - 0.72f) / 0.08f); /* below the lip */
    lit += 0.07f * person_bell(x / 0.26f, (y - 0.87f) / 0.13f); /* chin */
    return lit;
}

static as_colour person_eye(const person_point *p, const person_look *look, as_colour c)
{
    float        x = fabsf(p->x) - EYE_X, y = p->y - EYE_Y, open = 0.075f * (1.0f - (x / 0.16f) * (x / 0.16f));
    person_point q = {x, y, p->soft};
    float        white = open > 0.0f ? as_paint_clamp(0.5f + (open - fabsf(y - 0.005f)) / p->soft, 0.0f, 1.0f) : 0.0f;
    as_colour ball = as_colour_scale((as_colour){0.72f, 0.69f, 0.66f}, 1.0f - 0.5f * as_paint_step(0.02f, -0.06f, y));
    ball = as_colour_mix(ball, look->iris, person_ellipse(&q, 0.0f, -0.004f, 0.068f, 0.068f));
    ball = as_colour_mix(ball, (as_colour){0.01f, 0.01f, 0.01f}, person_ellipse(&q, 0.0f, -0.004f, 0.034f, 0.034f));
    q.x = p->x < 0.0f ? -x : x; /* the lamp is mirrored on the same side of both */
    ball = as_colour_mix(ball, (as_colour){0.95f, 0.95f, 0.95f},
                         0.8f * person_ellipse(&q, -0.022f, -0.028f, 0.014f, 0.014f));
    c = as_colour_mix(c, ball, white);
    float lid = (y + 0.075f * (1.0f - (x / 0.17f) * (x / 0.17f)) - 0.002f) / 0.030f,
          crease = (lid * 0.030f + 0.055f) / 0.025f;
    float width = person_bell(x / 0.20f, 0.0f);
    c = as_colour_scale(c, 1.0f - 0.85f * AS_MIN(2.0f * width, 1.0f) * person_bell(lid, 0.0f));
    c = as_colour_scale(c, 1.0f - 0.28f * width * person_bell(crease, 0.0f));
    c = as_colour_scale(c, 1.0f - 0.22f * person_bell(x / 0.17f, (y - 0.088f) / 0.035f));
    float rise = p->y + 0.31f - 0.5f * (x - 0.08f) * (x - 0.08f); /* brows fall off outwards */
    float thick = 0.052f - 0.10f * AS_MAX(x, 0.0f),
          brow = x > -0.21f && x < 0.24f ? person_bell(rise / thick, 0.0f) : 0.0f;
    brow *= as_paint_step(-0.21f, -0.13f, x) * as_paint_step(0.24f, 0.12f, x);
    return as_colour_mix(c, look->hair, look->brow * AS_MIN(1.6f * brow, 1.0f));
}

static as_colour person_mouth(const person_point *p, const person_look *look, as_colour c)
{
    float t = p->x / 0.29f, in = 1.0f - t * t, y = p->y - MOUTH_Y + 0.055f * t * t; /* its corners go up a little */
    float nose = person_bell((fabsf(p->x) - 0.085f) / 0.055f, (p->y - 0.375f) / 0.040f);
    c = as_colour_scale(c, 1.0f - 0.75f * AS_MIN(1.5f * nose, 1.0f));
    float fold = person_bell((fabsf(p->x) - 0.27f - 0.16f * (p->y - 0.35f)) / 0.05f, (p->y - 0.46f) / 0.16f);
    c = as_colour_scale(c, 1.0f - 0.18f * fold);
    if (in <= 0.0f)
        return c;
    as_colour lip = {c.r * (0.95f - 0.1f * look->lip), c.g * (0.62f - 0.15f * look->lip),
                     c.b * (0.62f - 0.12f * look->lip)};
    float     upper = 0.075f * in * (1.0f - 0.25f * person_bell(p->x / 0.06f, 0.0f)), lower = 0.095f * in;
    float     soft = AS_MAX(p->soft, 0.02f);
    float     up = y <= 0.0f ? as_paint_clamp(0.5f + (upper + y) / soft, 0.0f, 1.0f) : 0.0f;
    float     low = y > 0.0f ? as_paint_clamp(0.5f + (lower - y) / soft, 0.0f, 1.0f) : 0.0f;
    c = as_colour_mix(c, as_colour_scale(lip, 0.78f), up);
    c = as_colour_mix(c, as_colour_scale(lip, 1.0f + 0.18f * person_bell(p->x / 0.15f, (y - 0.055f) / 0.035f)), low);
    return as_colour_scale(c, 1.0f - 0.72f * as_paint_step(0.0f, 0.25f, in) * person_bell(y / 0.022f, 0.0f));
}

static as_colour person_face(const person_point *p, const person_look *look)
{
    float lit = person_relief(p->x, p->y), blush = person_bell((fabsf(p->x) - 0.42f) / 0.26f, (p->y - 0.28f) / 0.24f);
    as_colour c = as_colour_scale(look->skin, lit);
    c.g *= 1.0f - 0.10f * blush;
    c.b *= 1.0f - 0.08f * blush;
    return person_mouth(p, look, person_eye(p, look, c));
}

/* Where the hair ends above the face. */
static float person_hairline(float x, const person_look *look, uint32_t seed)
{
    float off = x - look->part, down = -0.56f + 0.55f * off * off * off * off + 0.05f * as_noise_line(x * 9.0f, seed);
    return down + 0.30f * as_paint_step(0.58f, 0.70f, fabsf(x));
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
                         .px = person->unit_px};
}

/* Colour and cover of one place, from behind: coat, neck, hair, ears, head. */
static float person_at(const person_point *p, float fold, const person_look *look, uint32_t seed, as_colour *ret)
{
    float     cover = person_ellipse(p, 0.0f, 3.05f, 1.95f, 1.62f);
    as_colour c = as_colour_scale(look->coat, 0.85f + 0.22f * fold - 0.18f * p->x);
    *ret = c;
    if (p->y > 1.8f) /* below the neck there is the coat alone */
        return cover;
    float neck =
        as_paint_clamp(0.5f + (0.40f + 0.10f * as_paint_step(1.2f, 1.6f, p->y) - fabsf(p->x)) / p->soft, 0.0f, 1.0f) *
        as_paint_step(1.78f, 1.70f, p->y + 0.25f * p->x * p->x) * as_paint_step(0.3f, 0.5f, p->y);
    float throat = 0.42f + 0.28f * as_paint_step(0.95f, 1.55f, p->y) - 0.20f * p->x; /* in the shadow of the chin */
    c = as_colour_mix(c, as_colour_scale(look->skin, throat), neck);
    cover = AS_MAX(cover, neck);
    float hair = person_ellipse(p, 0.0f, -0.12f, FACE_HALF + 0.11f, 1.02f) * as_paint_step(0.35f, 0.15f, p->y);
    if (hair > 0.0f) {
        float strand = as_noise_value(p->x * 16.0f, p->y * 2.0f, seed + 7u), dx = (p->x + 0.25f) / 0.5f,
              dy = (p->y + 0.85f) / 0.3f;
        c = as_colour_mix(c, as_colour_scale(look->hair, 0.9f + 0.30f * strand + 0.7f * person_bell(dx, dy)), hair);
    }
    cover = AS_MAX(cover, hair);
    float ear = person_ellipse(p, p->x < 0.0f ? -0.76f : 0.76f, 0.02f, 0.10f, 0.19f);
    c = as_colour_mix(c, as_colour_scale(look->skin, 0.62f - 0.16f * p->x), ear);
    cover = AS_MAX(cover, ear);
    *ret = c;
    if (p->y > 1.5f) /* the head ends above */
        return cover;
    float half = person_head_half(p->y), r = sqrtf((p->x / half) * (p->x / half) + p->y * p->y);
    float head = as_paint_clamp(0.5f + (1.0f - r) * half / p->soft, 0.0f, 1.0f),
          line = head > 0.0f ? person_hairline(p->x, look, seed) : 0.0f;
    float bare = as_paint_clamp(0.5f + (p->y - line) / AS_MAX(p->soft, 0.05f), 0.0f, 1.0f);
    if (head * bare > 0.0f) {
        as_colour face = person_face(p, look);
        c = as_colour_mix(c, as_colour_scale(face, 1.0f - 0.35f * as_paint_step(0.14f, 0.0f, p->y - line)),
                          head * bare);
        cover = AS_MAX(cover, head * bare);
    }
    *ret = c;
    return cover;
}

#define PERSON_BLOCK 64u /* pixels of a row whose places and folds are worked out at once */

typedef struct person_row {
    float x[PERSON_BLOCK], y[PERSON_BLOCK], fold[PERSON_BLOCK]; /* of the coat */
} person_row;

AS_TWIN_CLONES
static void person_place(const as_pose *pose, uint32_t px, uint32_t py, uint32_t seed, person_row *restrict row)
{
    const float dy = ((float)(int32_t)py - pose->y_px) / pose->px_per_mm, s = pose->sin, c = pose->cos;
    const float x0 = pose->x_px, unit = pose->px_per_mm;
    for (uint32_t i = 0; i < PERSON_BLOCK; i++) {
        float dx = ((float)(int32_t)(px + i) - x0) / unit, x = dx * c + dy * s, y = dy * c - dx * s;
        y = y > 3.0f ? 3.0f : y; /* a coat goes on */
        row->x[i] = x;
        row->y[i] = y;
        row->fold[i] = as_noise_value_inline(x * 1.3f, y * 0.8f, seed);
    }
}

static void person_put(const as_person *person, const person_look *look, const as_canvas *canvas, const person_row *row,
                       uint32_t n, size_t at)
{
    for (uint32_t k = 0; k < n; k++) {
        person_point p = {row->x[k], row->y[k], 1.2f / person->unit_px};
        as_colour    c;
        float        cover = person_at(&p, row->fold[k], look, person->seed, &c);
        size_t       i = at + k;
        c = as_colour_scale(c, 1.05f);
        if (cover > 0.0f && canvas->g)
            as_paint_blend(canvas, i, c, cover);
        else if (cover > 0.0f)
            canvas->r[i] += (0.30f * c.r + 0.45f * c.g + 0.25f * c.b - canvas->r[i]) * cover;
    }
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
            person_place(&pose, x, y, person->seed, &row);
            person_put(person, &look, canvas, &row, AS_MIN(PERSON_BLOCK, area.x1 - x), (size_t)y * canvas->width + x);
        }
}
