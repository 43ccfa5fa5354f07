/* SPDX-License-Identifier: Apache-2.0 */
/* Measures each sensor of the table as EMVA Standard 1288 (Release 4.0 Linear) measures a camera: from its pictures alone. */
#include "twin/imager_table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/hash.h"

enum { SIDE = 192, N_PIXELS = SIDE * SIDE, N_AVERAGED = 48 };

typedef struct rig {
    as_imager imager;
    float     light[3 * SIDE], floats[SIDE];
    uint16_t *a, *b;
    uint64_t  shots;
    double    exposure_s, temperature_c;
} rig;

static void rig_open(rig *r, const as_imager_cfg *cfg)
{
    as_err err = AS_ERR_NONE;
    *r = (rig){.exposure_s = 0.001, .temperature_c = 25};
    if (!as_imager_init(&r->imager, cfg, &err))
        fail_msg("%s", err.text);
    r->a = malloc(N_PIXELS * sizeof *r->a);
    r->b = malloc(N_PIXELS * sizeof *r->b);
    assert_true(r->a && r->b);
    for (size_t i = 0; i < AS_COUNT(r->light); i++)
        r->light[i] = 1.0f;
}

static void rig_close(rig *r)
{
    as_imager_done(&r->imager);
    free(r->a);
    free(r->b);
}

static void rig_shoot(rig *r, double photons, uint16_t *out)
{
    as_imager_shot shot = {photons, r->exposure_s, r->temperature_c, ++r->shots * 0x9e3779b97f4a7c15u};
    for (uint32_t y = 0; y < SIDE; y++)
        as_imager_row(&r->imager, &shot, y, r->light, r->floats, out + (size_t)y * SIDE);
}

/* Mean and temporal variance from two pictures: section 6.6 of the standard. */
static void rig_pair(rig *r, double photons, double *ret_mean, double *ret_variance)
{
    double sum = 0, difference = 0, squares = 0;
    rig_shoot(r, photons, r->a);
    rig_shoot(r, photons, r->b);
    for (size_t i = 0; i < N_PIXELS; i++) {
        double d = (double)r->a[i] - r->b[i];
        sum += (double)r->a[i] + r->b[i];
        difference += d;
        squares += d * d;
    }
    difference /= N_PIXELS;
    *ret_mean = sum / (2.0 * N_PIXELS);
    *ret_variance = 0.5 * squares / N_PIXELS - 0.5 * difference * difference;
}

/* Mean and spatial variance of the mean of many pictures, less what is left of the temporal noise in it: section 8.2. */
static void rig_average(rig *r, double photons, double *ret_mean, double *ret_variance)
{
    double *sums = calloc(N_PIXELS, sizeof *sums), *squares = calloc(N_PIXELS, sizeof *squares), n = N_AVERAGED;
    double  mean = 0, spatial = 0, temporal = 0;
    assert_true(sums && squares);
    for (int k = 0; k < N_AVERAGED; k++) {
        rig_shoot(r, photons, r->a);
        for (size_t i = 0; i < N_PIXELS; i++) {
            sums[i] += r->a[i];
            squares[i] += (double)r->a[i] * r->a[i];
        }
    }
    for (size_t i = 0; i < N_PIXELS; i++) {
        mean += sums[i] / n;
        spatial += sums[i] / n * (sums[i] / n);
        temporal += (squares[i] - sums[i] * sums[i] / n) / (n - 1.0);
    }
    mean /= N_PIXELS;
    *ret_mean = mean;
    *ret_variance = spatial / N_PIXELS - mean * mean - temporal / N_PIXELS / n;
    free(sums);
    free(squares);
}

/* Slope of the straight line through the points with the least squares. */
static double rig_slope(const double *x, const double *y, size_t n)
{
    double sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (size_t i = 0; i < n; i++) {
        sx += x[i];
        sy += y[i];
        sxx += x[i] * x[i];
        sxy += x[i] * y[i];
    }
    return ((double)n * sxy - sx * sy) / ((double)n * sxx - sx * sx);
}

static void expect_near(const char *sensor, const char *what, double measured, double set, double least)
{
    if (!(fabs(measured - set) <= 0.03 * fabs(set) + least))
        fail_msg("%s: %s measured as %g, set to %g", sensor, what, measured, set);
}

typedef struct measured {
    double gain, quantum, dark_noise, dark_mean, dark_variance;
} measured;

/* Sections 6.6 and 6.7: responsivity and photon transfer up to 70 % of saturation. */
static measured measure_transfer(rig *r, const as_imager_cfg *cfg)
{
    enum { STEPS = 16 };
    double   photons[STEPS], signal[STEPS], noise[STEPS], saturated = cfg->full_well_e / cfg->quantum_ratio;
    measured m;
    rig_pair(r, 0, &m.dark_mean, &m.dark_variance);
    for (int i = 0; i < STEPS; i++) {
        double mean, variance;
        photons[i] = 0.7 * saturated * (i + 1) / STEPS;
        rig_pair(r, photons[i], &mean, &variance);
        signal[i] = mean - m.dark_mean;
        noise[i] = variance - m.dark_variance;
    }
    m.gain = rig_slope(signal, noise, STEPS);
    m.quantum = rig_slope(photons, signal, STEPS) / m.gain;
    m.dark_noise = sqrt(AS_MAX(m.dark_variance - 1.0 / 12.0, 0.0)) / m.gain;
    return m;
}

/* How far the mean rises when more light changes nothing. (The standard takes the peak of the variance, which lies lower by
 * some deviations of PRNU and shot noise: what it finds is not what was set.) */
static double measure_saturation(rig *r, const as_imager_cfg *cfg, const measured *m)
{
    double mean, variance;
    rig_pair(r, 1.5 * cfg->full_well_e / cfg->quantum_ratio, &mean, &variance);
    return (mean - m->dark_mean) / m->gain;
}

static void emva_gives_back_what_was_set(void **state)
{
    (void)state;
    const as_chip *info;
    for (unsigned id = AS_CHIP_NONE + 1; (info = as_chip_of((as_chip_id)id)) != NULL; id++) {
        as_imager_cfg cfg = as_imager_cfg_of(info, SIDE, SIDE);
        rig           r;
        double        dark, dark_spatial, grey, grey_spatial;
        cfg.hot_ratio = cfg.dead_ratio = 0; /* they are counted elsewhere */
        rig_open(&r, &cfg);
        measured m = measure_transfer(&r, &cfg);
        expect_near(info->name, "gain K", m.gain, cfg.gain_dn_per_e, 0);
        expect_near(info->name, "quantum efficiency", m.quantum, cfg.quantum_ratio, 0);
        expect_near(info->name, "temporal dark noise", m.dark_noise, cfg.dark_noise_e, 0.05);
        expect_near(info->name, "black level", m.dark_mean, cfg.black_dn, 0.1);
        expect_near(info->name, "saturation", measure_saturation(&r, &cfg, &m), cfg.full_well_e, 0);
        rig_average(&r, 0, &dark, &dark_spatial);
        rig_average(&r, 0.5 * cfg.full_well_e / cfg.quantum_ratio, &grey, &grey_spatial);
        expect_near(info->name, "DSNU", sqrt(AS_MAX(dark_spatial, 0.0)) / m.gain, cfg.dsnu_e, 0.01);
        expect_near(info->name, "PRNU", sqrt(AS_MAX(grey_spatial - dark_spatial, 0.0)) / (grey - dark), cfg.prnu_ratio,
                    2e-4);
        rig_close(&r);
    }
}

/* Section 7.1: the dark signal against exposure time gives the current; 7.2: at another temperature, what it doubles by. */
static double measure_dark_current(rig *r, double gain, double temperature_c)
{
    enum { STEPS = 6 };
    double seconds[STEPS], means[STEPS], variance;
    r->temperature_c = temperature_c;
    for (int i = 0; i < STEPS; i++) {
        r->exposure_s = seconds[i] = 4.0 * (i + 1);
        rig_pair(r, 0, &means[i], &variance);
    }
    return rig_slope(seconds, means, STEPS) / gain;
}

static void emva_dark_current_doubles(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_imager_cfg cfg = as_imager_cfg_of(as_chip_find("rolling", &err), SIDE, SIDE);
    rig           r;
    cfg.hot_ratio = cfg.dead_ratio = 0;
    rig_open(&r, &cfg);
    double cold = measure_dark_current(&r, cfg.gain_dn_per_e, 25),
           warm = measure_dark_current(&r, cfg.gain_dn_per_e, 45);
    expect_near("rolling", "dark current", cold, cfg.dark_e_per_s, 0);
    expect_near("rolling", "doubling temperature", 20.0 / log2(warm / cold), cfg.dark_doubling_c, 0);
    rig_close(&r);
}

/* In the dark and warm: those that glow, and those that say nothing or always the same. */
static void imager_hot_and_dead_pixels_are_found(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_imager_cfg cfg = as_imager_cfg_of(as_chip_find("worn", &err), SIDE, SIDE);
    rig           r;
    uint32_t      found = 0;
    rig_open(&r, &cfg);
    r.exposure_s = 0.02;
    r.temperature_c = 50;
    rig_shoot(&r, 0, r.a);
    for (size_t i = 0; i < N_PIXELS; i++)
        found += r.a[i] > 85 || r.a[i] == 0;  /* the others: 42, deviation 2 */
    assert_in_range(r.imager.n_hot, 40, 120); /* 74 expected */
    assert_in_range(r.imager.n_dead, 3, 25);  /* 11 expected */
    assert_int_equal(found, r.imager.n_hot + r.imager.n_dead);
    rig_close(&r);
}

/* Red, green / green, blue: each pixel sees its own plane alone. */
static void imager_mosaic_lies_right(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_imager_cfg cfg = as_imager_cfg_of(as_chip_find("ideal", &err), SIDE, SIDE);
    rig           r;
    cfg.bayer = true;
    rig_open(&r, &cfg);
    for (size_t i = 0; i < SIDE; i++) {
        r.light[SIDE + i] = 0.5f;
        r.light[2 * SIDE + i] = 0.25f;
    }
    rig_shoot(&r, 50000, r.a);
    for (size_t i = 0; i < N_PIXELS; i++) {
        size_t odd_x = i % SIDE % 2, odd_y = i / SIDE % 2;
        double want = 32000.0 * (odd_x && odd_y ? 0.25 : odd_x || odd_y ? 0.5 : 1.0);
        assert_true(fabs(r.a[i] - want) < 5.0 * sqrt(want));
    }
    rig_close(&r);
}

static void imager_refuses_nonsense(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_imager     imager;
    as_imager_cfg good = as_imager_cfg_of(as_chip_of(AS_CHIP_IMX174), 8, 8);
    for (int i = 0; i < 6; i++) {
        as_imager_cfg cfg = good;
        double *const values[] = {&cfg.quantum_ratio, &cfg.gain_dn_per_e, &cfg.full_well_e,
                                  &cfg.dark_noise_e,  &cfg.prnu_ratio,    &cfg.dark_doubling_c};
        *values[i] = i % 2 ? NAN : -1.0;
        assert_false(as_imager_init(&imager, &cfg, &err));
        assert_int_equal(err.code, AS_EINVAL);
        as_imager_done(&imager);
    }
    good.bits = 7;
    assert_false(as_imager_init(&imager, &good, &err));
    as_imager_done(&imager);
    assert_null(as_chip_find("imx174x", &err));
    assert_non_null(strstr(err.text, "did you mean 'IMX174'?"));
}

static void imager_rows_are_filled_in(void **state)
{
    (void)state;
    const as_chip *info;
    unsigned       id = AS_CHIP_NONE + 1;
    for (; (info = as_chip_of((as_chip_id)id)) != NULL; id++) {
        as_imager_cfg cfg = as_imager_cfg_of(info, 16, 16);
        as_imager     imager;
        as_err        err = AS_ERR_NONE;
        assert_true(info->name[0] && info->about[0] && info->pixel->source[0] && info->width && info->height);
        assert_true(info->pixel->pitch_um > 0);
        assert_true(as_imager_init(&imager, &cfg, &err));
        uint32_t top = (1u << cfg.bits) - 1u; /* the gain uses nearly all of the converter */
        assert_in_range(as_imager_white_dn(&imager), top * 9 / 10, top);
        as_imager_done(&imager);
    }
    assert_int_equal(id, AS_CHIP_COUNT);
}

/* Dynamic range is saturation over threshold, and at the threshold the signal is as large as its noise. */
static void imager_dynamic_range_is_the_standards(void **state)
{
    (void)state;
    rig            r;
    double         dark, mean, variance;
    as_err         err = AS_ERR_NONE;
    const as_chip *chip = as_chip_find("IMX250", &err);
    assert_non_null(chip);
    as_imager_cfg cfg = as_imager_cfg_of(chip, SIDE, SIDE);
    double        most = as_imager_saturation_photons(&cfg), least = as_imager_threshold_photons(&cfg);
    assert_true(fabs(most - 10700 / 0.64) < 1e-6);
    assert_true(fabs(20.0 * log10(most / least) - 69.69) < 0.01); /* 10,700 e-, sqrt(2.9^2 + 0.627) + 0.5 = 3.506 e- */
    cfg.gain_dn_per_e *= 4;                                       /* the converter ends first */
    assert_true(fabs(as_imager_saturation_photons(&cfg) - (4095 - 64) / (4 * 0.3645) / 0.64) < 1e-6);
    cfg.gain_dn_per_e /= 4;
    rig_open(&r, &cfg);
    rig_pair(&r, 0, &dark, &variance);
    rig_pair(&r, least, &mean, &variance);
    assert_true(fabs((mean - dark) / sqrt(variance) - 1.0) < 0.05);
    rig_close(&r);
}

/* What is own stands in place of the row, the rest is the row's. */
static void imager_takes_numbers_of_its_own(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    const as_chip *chip = as_chip_find("IMX250", &err);
    as_twin_own    own = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    assert_non_null(chip);
    assert_false(as_twin_own_any(&own));
    as_imager_cfg row = as_imager_cfg_of(chip, SIDE, SIDE), mine = as_imager_cfg_own(chip, &own, SIDE, SIDE);
    assert_memory_equal(&row, &mine, sizeof row);
    own.full_well_e = 2 * row.full_well_e;
    own.hot_ratio = 0.01;
    own.dark_noise_e = 0;
    mine = as_imager_cfg_own(chip, &own, SIDE, SIDE);
    assert_true(as_twin_own_any(&own));
    assert_true(fabs(mine.full_well_e * mine.gain_dn_per_e - row.full_well_e * row.gain_dn_per_e) < 1e-6);
    assert_true(mine.dark_noise_e <= 0 && mine.hot_ratio >= 0.01);
    assert_true(fabs(mine.quantum_ratio - row.quantum_ratio) < 1e-12);
    rig r;
    rig_open(&r, &mine);
    assert_true(fabs(r.imager.n_hot - 0.01 * N_PIXELS) < 80); /* four deviations of a share of 369 */
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imager_dynamic_range_is_the_standards),
        cmocka_unit_test(imager_takes_numbers_of_its_own),
        cmocka_unit_test(emva_gives_back_what_was_set),
        cmocka_unit_test(emva_dark_current_doubles),
        cmocka_unit_test(imager_hot_and_dead_pixels_are_found),
        cmocka_unit_test(imager_mosaic_lies_right),
        cmocka_unit_test(imager_refuses_nonsense),
        cmocka_unit_test(imager_rows_are_filled_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
