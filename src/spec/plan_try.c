/* SPDX-License-Identifier: Apache-2.0 */
/* One sensor behind one lens: how far it gets. */
#include <math.h>
#include <stdio.h>

#include "spec/plan_priv.h"

#define MOST_HALF_ANGLE 0.5235987755982988 /* 30 degrees: a lens that looks more aslant shows sides instead of tops */
#define SHARPEST_STOP   4.0                /* lenses are best some stops below wide open */
#define EPSILON         1e-9

#define DISTANCES 8 /* from the nearest that shows the field to the furthest that shows the defect */

static const double try_stops[] = {1.4, 2, 2.8, 4, 5.6, 8, 11, 16};

static const char *const try_texts[] = {
    [AS_PLAN_NONE] = "nothing",
    [AS_PLAN_SHUTTER] = "a rolling shutter bends what moves on the belt",
    [AS_PLAN_PIXELS] = "no sensor has so many pixels, and more cameras than optics.max_cameras would be needed",
    [AS_PLAN_LENS] = "no lens gives an image of the right size from that distance",
    [AS_PLAN_MOTION] = "the exposure that is set moves the part further than optics.max_blur_px",
    [AS_PLAN_DEPTH] = "no aperture keeps the whole height sharp before diffraction blurs the defect",
    [AS_PLAN_LIGHT] =
        "light, exposure and the pixels' room for electrons do not give the signal over noise that is wanted",
    [AS_PLAN_PACE] = "the sensor cannot take so many frames a second",
    [AS_PLAN_LINK] = "no link from camera to computer carries it",
    [AS_PLAN_COMPUTE] = "the network is too slow for the pace on this machine",
    [AS_PLAN_DEADLINE] = "exposure, transfer and network together are later than station.deadline_ms",
    [AS_PLAN_FITS] = "it fits",
};

const char *as_plan_stage_text(as_plan_stage stage)
{
    return try_texts[stage];
}

uint32_t as_plan_cameras(const as_plan_choice *choice)
{
    return choice->cameras[0] * choice->cameras[1];
}

/* So many pictures of n pixels, each overlapping its neighbour, that show `need` pixels. */
static uint32_t try_count(double need, uint32_t n)
{
    double count = ceil((need / n - AS_PLAN_OVERLAP) / (1.0 - AS_PLAN_OVERLAP) - EPSILON);
    return count < 1 ? 1 : count > 1e4 ? 10000 : (uint32_t)count;
}

static double try_share(double field, uint32_t count)
{
    return field / (count * (1.0 - AS_PLAN_OVERLAP) + AS_PLAN_OVERLAP);
}

static uint32_t try_side(const as_plan_choice *c, int axis)
{
    return (axis == 0) != c->turned ? c->sensor->width : c->sensor->height;
}

/* Columns along the belt or across it, whichever takes fewer cameras, then whichever shows the field larger. Returns the
 * largest magnification at which the field is still seen. */
static double try_place(const as_plan *plan, as_plan_choice *c)
{
    double   best = 0;
    uint32_t fewest = UINT32_MAX;
    bool     turned = false;
    for (int turn = 0; turn < 2; turn++) {
        c->turned = turn;
        uint32_t nx = try_count(plan->needs_px[0], try_side(c, 0)), ny = try_count(plan->needs_px[1], try_side(c, 1));
        double   pitch_mm = c->sensor->pixel->pitch_um * 1e-3;
        double   m = fmin(try_side(c, 0) * pitch_mm / try_share(plan->field_mm[0], nx),
                          try_side(c, 1) * pitch_mm / try_share(plan->field_mm[1], ny));
        if (nx * ny > fewest || (nx * ny == fewest && m <= best))
            continue;
        fewest = nx * ny;
        best = m;
        turned = turn;
        c->cameras[0] = nx;
        c->cameras[1] = ny;
    }
    c->turned = turned;
    return best;
}

/* What stands between lens and camera: an image lies f m behind where one of what is far would lie. */
static double try_extension(const as_plan_choice *c)
{
    const double f = c->lens.focal_mm;
    if (c->lens.kind == AS_PLAN_LENS_MACRO)
        return f * c->magnification;
    return c->needs_spacer ? f * c->magnification - f * f / (c->lens.nearest_mm - f) : 0;
}

char *as_plan_lens_text(const as_plan_choice *c, char *text)
{
    if (c->lens.kind == AS_PLAN_LENS_MACRO)
        snprintf(text, 80, "%g mm macro lens, in tubes of %.3g mm", c->lens.focal_mm, c->extension_mm);
    else if (c->needs_spacer)
        snprintf(text, 80, "%g mm with %.3g mm of spacer rings", c->lens.focal_mm, c->extension_mm);
    else
        snprintf(text, 80, "%g mm", c->lens.focal_mm);
    return text;
}

/* Distances between which the nearest plane still shows the field and the furthest still resolves the defect. With
 * m = f / (d - f) the pixel there is pitch / m * (d -+ half) / d, which makes a quadratic equation of d. */
static double try_nearest(double focal, double half, double largest)
{
    double b = largest * (focal + half) + focal;
    return (b + sqrt(fmax(b * b - 4.0 * largest * largest * focal * half, 0))) / (2.0 * largest);
}

static double try_furthest(double focal, double half, double smallest)
{
    double b = smallest * (half - focal) - focal;
    return (-b + sqrt(b * b + 4.0 * smallest * smallest * focal * half)) / (2.0 * smallest);
}

/* Geometric steps of magnification from the nearest distance, share 0, to the furthest, 1. */
static double try_distance(double focal, double half, double largest, double smallest, double share)
{
    double m_near = as_plan_magnification(focal, try_nearest(focal, half, largest));
    double m_far = as_plan_magnification(focal, try_furthest(focal, half, smallest));
    return as_plan_distance_mm(focal, m_near * pow(fmin(m_far / m_near, 1), share));
}

/* share: of the way from the largest magnification, 0, to the smallest, 1. */
static bool try_lens(const as_plan *plan, as_plan_choice *c, double largest, double share)
{
    const as_spec_optics *o = &plan->spec->optics;
    double                pitch_mm = c->sensor->pixel->pitch_um * 1e-3, smallest = pitch_mm / plan->pixel_mm;
    double                focal = c->lens.focal_mm;
    double                half = o->height_mm / 2.0;
    c->distance_mm = o->distance_mm > 0 ? o->distance_mm : try_distance(focal, half, largest, smallest, share);
    c->magnification = as_plan_magnification(focal, c->distance_mm);
    c->pixel_mm = c->magnification > 0 ? pitch_mm / c->magnification : INFINITY;
    if (half >= c->distance_mm) /* it would touch the lens: said of the depth */
        half = 0;
    c->pixel_near_mm = as_plan_plane_mm(c->pixel_mm, c->distance_mm, c->distance_mm - half);
    c->pixel_far_mm = as_plan_plane_mm(c->pixel_mm, c->distance_mm, c->distance_mm + half);
    c->defect_px = plan->spec->optics.defect_mm / c->pixel_far_mm;
    c->nyquist_lp_mm = as_plan_nyquist_lp_mm(c->pixel_mm);
    c->needs_spacer = c->distance_mm < c->lens.nearest_mm;
    c->extension_mm = try_extension(c);
    for (int axis = 0; axis < 2; axis++)
        c->seen_mm[axis] = try_side(c, axis) * c->pixel_near_mm;
    if (c->pixel_far_mm * (1 - EPSILON) > plan->pixel_mm || c->pixel_near_mm * (1 + EPSILON) < pitch_mm / largest)
        return false;
    if (!(o->distance_mm > 0) && c->distance_mm > AS_PLAN_MOST_MM)
        return false;
    if (c->lens.kind == AS_PLAN_LENS_MACRO && c->magnification < AS_PLAN_LEAST_MACRO)
        return false;
    double diagonal = hypot(c->sensor->width, c->sensor->height) * pitch_mm;
    bool   is_steep = atan(diagonal / 2.0 / (focal * (1.0 + c->magnification))) > MOST_HALF_ANGLE;
    return !is_steep && (!(c->extension_mm > 0) || c->magnification <= c->lens.most * (1 + EPSILON));
}

static void try_time(const as_plan *plan, as_plan_choice *c)
{
    const as_spec *spec = plan->spec;
    double         longest = as_plan_exposure_s(spec->optics.max_blur_px, c->pixel_near_mm, spec->optics.belt_mm_per_s);
    longest = fmin(longest, (double)spec->deadline_ns / (double)AS_NS_PER_S / 4.0);
    if (plan->frames_per_s > 0)
        longest = fmin(longest, 0.5 / plan->frames_per_s);
    c->longest_s = fmin(longest, AS_PLAN_REST_S);
    c->exposure_s = spec->optics.exposure_us > 0 ? spec->optics.exposure_us * 1e-6 : c->longest_s;
    c->blur_px = as_plan_blur_px(spec->optics.belt_mm_per_s, c->exposure_s, c->pixel_near_mm);
}

static bool try_depth(const as_plan *plan, as_plan_choice *c, double stop)
{
    double half = plan->spec->optics.height_mm / 2.0, working = as_plan_working_number(stop, c->magnification);
    c->f_number = stop;
    c->depth = as_plan_depth_of_field(c->lens.focal_mm, stop, c->sensor->pixel->pitch_um * 1e-3, c->distance_mm);
    c->airy_um = as_plan_airy_um(plan->spec->optics.wavelength_nm, working);
    c->airy_px = c->airy_um / c->sensor->pixel->pitch_um;
    /* A disc as large as the defect's image would hide it. */
    return c->depth.near_mm <= c->distance_mm - half && c->depth.far_mm >= c->distance_mm + half &&
           c->airy_px <= c->defect_px * (1 + EPSILON);
}

/* Light of no more than can be had. */
static void try_lamp(const as_plan *plan, const as_plan_light *light, as_plan_choice *c)
{
    const double duty = fmin(c->exposure_s * plan->frames_per_s, 1);
    const double share = as_plan_lamp_share(plan->spec->optics.wavelength_nm);
    c->most_lx = share * as_plan_lamp_most(false, duty);
    c->lamp = as_plan_lamp_for(c->light_lx / share, false, duty);
    c->lamp_lx = c->lamp ? share * c->lamp->most_lx : 0;
    if (!c->lamp && !(plan->spec->optics.light_lx > 0))
        c->snr = fmin(c->snr, as_plan_snr(as_plan_light_electrons(light, c->most_lx), c->sensor->pixel->dark_noise_e));
}

/* Signal over noise, or the light it takes; nothing white may saturate. */
static bool try_light(const as_plan *plan, as_plan_choice *c)
{
    const as_spec_optics *o = &plan->spec->optics;
    as_plan_light         light = {.reflectance = o->reflectance,
                                   .transmission = AS_PLAN_TRANSMISSION * as_plan_filter(plan->spec),
                                   .working_number = as_plan_working_number(c->f_number, c->magnification),
                                   .wavelength_nm = o->wavelength_nm,
                                   .pitch_um = c->sensor->pixel->pitch_um,
                                   .exposure_s = c->exposure_s,
                                   .quantum_efficiency = c->sensor->pixel->quantum_ratio};
    double                most_e = c->sensor->pixel->full_well_e * fmin(o->reflectance / AS_PLAN_WHITE, 1.0);
    if (o->light_lx > 0) {
        c->light_lx = o->light_lx;
        c->electrons = as_plan_light_electrons(&light, o->light_lx);
        if (c->electrons > most_e && !(o->exposure_us > 0)) { /* so bright that a shorter exposure does */
            c->exposure_s *= most_e / c->electrons;
            c->blur_px *= most_e / c->electrons;
            c->electrons = most_e;
        }
        c->snr = as_plan_snr(c->electrons, c->sensor->pixel->dark_noise_e);
    } else {
        c->electrons = as_plan_electrons(o->snr, c->sensor->pixel->dark_noise_e);
        c->light_lx = as_plan_light_lx(&light, c->electrons);
        c->snr = fmin(o->snr, as_plan_snr(most_e, c->sensor->pixel->dark_noise_e));
    }
    try_lamp(plan, &light, c);
    return c->electrons <= most_e * (1 + EPSILON) && c->snr >= o->snr * (1 - EPSILON);
}

/* Of two stops that get equally far: the sharper lens; where it fails, the one that comes nearer. */
static bool try_nearer(const as_plan_choice *a, const as_plan_choice *b, as_plan_stage stage)
{
    if (stage == AS_PLAN_DEPTH)
        return a->airy_px <= a->defect_px && a->f_number > b->f_number;
    if (stage == AS_PLAN_LIGHT)
        return a->snr > b->snr;
    return fabs(log(a->f_number / SHARPEST_STOP)) < fabs(log(b->f_number / SHARPEST_STOP)) - EPSILON;
}

/* The stop nearest to the sharpest one that keeps it sharp, and bright where the light is given. Else the stage that fails,
 * with that stop. */
static as_plan_stage try_aperture(const as_plan *plan, as_plan_choice *c)
{
    double         given = plan->spec->optics.f_number;
    as_plan_choice best = *c;
    as_plan_stage  reached = AS_PLAN_NONE;
    for (size_t i = 0; i < (given > 0 ? 1 : AS_COUNT(try_stops)); i++) {
        as_plan_choice one = *c;
        double         stop = given > 0 ? given : try_stops[i];
        if (!(given > 0) && stop < c->lens.f_number * (1 - EPSILON))
            continue;
        as_plan_stage stage = !try_depth(plan, &one, stop) ? AS_PLAN_DEPTH
                              : !try_light(plan, &one)     ? AS_PLAN_LIGHT
                                                           : AS_PLAN_FITS;
        if (stage > reached || (stage == reached && try_nearer(&one, &best, stage))) {
            reached = stage;
            best = one;
        }
    }
    *c = best;
    return reached == AS_PLAN_NONE ? AS_PLAN_DEPTH : reached;
}

double as_plan_wire_bytes(uint32_t bit_depth)
{
    uint32_t bits = bit_depth <= 8 ? 8 : bit_depth <= 10 ? 10 : bit_depth <= 12 ? 12 : 16;
    return bits / 8.0;
}

double as_plan_filter(const as_spec *spec)
{
    return spec->channels >= 3 ? AS_PLAN_FILTER : 1.0;
}

double as_plan_inputs(const as_plan_machine *machine, double pixels)
{
    return machine->input_px > 0 ? fmax(pixels / machine->input_px, 1.0) : 1.0;
}

static as_plan_stage try_flow(const as_plan *plan, as_plan_choice *c)
{
    const as_spec *spec = plan->spec;
    double         pixels = (double)c->sensor->width * c->sensor->height, deadline = (double)spec->deadline_ns * 1e-9;
    double         frames = plan->frames_per_s * as_plan_cameras(c);
    uint32_t       channels = spec->channels ? spec->channels : 1;
    c->judged_px = plan->needs_px[0] * plan->needs_px[1] * try_share(1, c->cameras[0]) * try_share(1, c->cameras[1]);
    c->compute_s = plan->machine.compute_s * as_plan_inputs(&plan->machine, c->judged_px);
    double compute = isnan(c->compute_s) ? 0 : c->compute_s;
    c->frame_bytes = pixels * as_plan_wire_bytes(spec->bit_depth);
    c->bytes_per_s = c->frame_bytes * plan->frames_per_s;
    c->stored_bytes_per_day =
        pixels * channels * (spec->bit_depth > 8 ? 2 : 1) * frames * 3600.0 * spec->optics.hours_per_day;
    c->busy_cores = frames * c->compute_s;
    c->readout_s = 1.0 / c->sensor->frames_per_s;
    if (plan->frames_per_s > c->sensor->frames_per_s || c->exposure_s * plan->frames_per_s > 1)
        return AS_PLAN_PACE;
    /* Every camera's frame of a part is judged by one core. */
    double judged = compute * ceil((double)as_plan_cameras(c) / AS_MAX(plan->machine.cores, 1U));
    for (size_t i = 0; as_plan_link_at(i); i++) {
        const as_plan_link *link = as_plan_link_at(i);
        if (c->bytes_per_s > link->bytes_per_s)
            continue;
        c->transfer_s = c->frame_bytes / link->bytes_per_s;
        c->latency_s = c->exposure_s + fmax(c->readout_s, c->transfer_s) + judged;
        c->link = link;
        if (c->latency_s <= deadline)
            break;
    }
    if (!c->link)
        return AS_PLAN_LINK;
    if (!isnan(c->busy_cores) && c->busy_cores > AS_PLAN_LOAD * AS_MAX(plan->machine.cores, 1U))
        return AS_PLAN_COMPUTE;
    return c->latency_s <= deadline ? AS_PLAN_FITS : AS_PLAN_DEADLINE;
}

static as_plan_stage try_all(const as_plan *plan, as_plan_choice *c, double share)
{
    if (plan->spec->optics.belt_mm_per_s > 0 && c->sensor->shutter == AS_CHIP_SHUTTER_ROLLING)
        return AS_PLAN_SHUTTER;
    double largest = try_place(plan, c);
    if (as_plan_cameras(c) > plan->spec->optics.max_cameras)
        return AS_PLAN_PIXELS;
    if (!try_lens(plan, c, largest, share))
        return AS_PLAN_LENS;
    try_time(plan, c);
    if (c->blur_px > plan->spec->optics.max_blur_px * (1 + EPSILON))
        return AS_PLAN_MOTION;
    as_plan_stage stage = try_aperture(plan, c);
    return stage == AS_PLAN_FITS ? try_flow(plan, c) : stage;
}

as_plan_choice as_plan_try(const as_plan *plan, const as_chip *sensor, const as_plan_lens *lens)
{
    as_plan_choice best = {.stage = AS_PLAN_NONE};
    const int      n = plan->spec->optics.distance_mm > 0 ? 1 : DISTANCES;
    for (int i = 0; i < n && best.stage != AS_PLAN_FITS; i++) {
        as_plan_choice c = {.sensor = sensor, .lens = *lens, .cameras = {1, 1}, .f_number = 1e3, .busy_cores = NAN};
        c.stage = try_all(plan, &c, (double)i / (DISTANCES - 1));
        if (i == 0 || as_plan_better(&c, &best))
            best = c;
        if (c.stage < AS_PLAN_LENS)
            break; /* no distance changes that */
    }
    return best;
}
