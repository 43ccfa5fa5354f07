/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/hash.h"
#include "base/thread.h"
#include "twin/twin_rig.h"

static const char *const webs[] = {"fabric", "film"};

static as_twin_cfg scan_cfg(uint32_t width, uint32_t height)
{
    as_twin_cfg cfg = as_twin_cfg_default();
    cfg.scan = AS_TWIN_SCAN_LINE;
    cfg.width = width;
    cfg.height = height;
    cfg.defect_share = 0.9;
    return cfg;
}

static as_script scan_script(const char *text)
{
    as_script script;
    as_err    err = AS_ERR_NONE;
    if (!as_script_parse(text, strlen(text), "test", &script, &err))
        fail_msg("%s", err.text);
    return script;
}

static uint8_t *scan_row(const twin_rig *rig, uint32_t y)
{
    return rig->image.data + (size_t)y * rig->image.stride_bytes;
}

/* One frame of twice the height is two frames, byte for byte, wherever on the web, whatever is set. */
static void no_seam(void **state)
{
    const as_script script = scan_script("faults: [{fault: belt_speed, from: 0.01s, full: 4s, amount: 0.3},"
                                         " {fault: haze, from: 0.02s, full: 3s, amount: 0.5},"
                                         " {fault: vibration, from: 0.02s, amount: 2}]");
    (void)state;
    for (int i = 0; i < 8; i++) {
        as_twin_cfg cfg = scan_cfg(160, 120);
        cfg.encoder = i == 4;
        cfg.flicker = 0.4;
        cfg.dirt = i > 1 ? 0.7 : 0.0;
        cfg.distortion = i == 3 ? 0.1 : 0.0;
        cfg.off_focus_mm = i == 5 ? 12.0 : 0.0;
        cfg.script = i > 3 ? &script : NULL;
        cfg.sensor = i == 2 || i == 6 ? "imx250" : NULL;
        twin_rig one = twin_rig_open(webs[i % 2], &cfg);
        cfg.height = 240;
        twin_rig two = twin_rig_open(webs[i % 2], &cfg);
        for (uint64_t part = 1; part < 2000000000u; part = part * 371 + 1) {
            twin_rig_look(&two, part, 0);
            for (uint32_t half = 0; half < 2; half++) {
                twin_rig_look(&one, 2 * part - 1 + half, 0);
                for (uint32_t y = 0; y < 120; y++)
                    assert_memory_equal(scan_row(&one, y), scan_row(&two, 120 * half + y), 160);
            }
        }
        twin_rig_close(&one);
        twin_rig_close(&two);
    }
}

static double scan_difference(const uint8_t *a, const uint8_t *b, uint32_t n)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < n; i++)
        sum += abs(a[i] - b[i]);
    return sum / n;
}

/* A kilometre on, the web is as fine as at its beginning: no float runs out of digits. */
static void as_fine_far_away(void **state)
{
    as_twin_cfg cfg = scan_cfg(320, 64);
    double      near = 0.0, far = 0.0;
    cfg.defect_share = 0.0;
    (void)state;
    twin_rig rig = twin_rig_open("fabric", &cfg);
    for (uint32_t i = 0; i < 4; i++) {
        twin_rig_look(&rig, 1 + i, 0);
        for (uint32_t y = 1; y < 64; y++)
            near += scan_difference(scan_row(&rig, y - 1), scan_row(&rig, y), 320);
        twin_rig_look(&rig, 100000000 + i, 0);
        for (uint32_t y = 1; y < 64; y++)
            far += scan_difference(scan_row(&rig, y - 1), scan_row(&rig, y), 320);
    }
    assert_true(near > 1.0 && far / near > 0.9 && far / near < 1.1);
    twin_rig_close(&rig);
}

/* A defect that the border cuts is in both frames by one number, and the parts that are seen are the whole. */
static void cut_defects(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(webs); i++) {
        as_twin_cfg   cfg = scan_cfg(640, 480);
        as_twin_truth last = {.n_findings = 0};
        twin_rig      rig = twin_rig_open(webs[i], &cfg);
        uint32_t      n_cut = 0, n_whole = 0;
        for (uint64_t part = 1; part <= 40; part++) {
            const as_twin_truth *now = twin_rig_look(&rig, part, 0);
            assert_true(fabs(now->web_mm[1] - now->web_mm[0] - 480 / now->px_per_mm) < 1e-6);
            for (size_t k = 0; k < last.n_findings; k++) {
                const float *above = last.findings[k].box_px;
                if (above[1] + above[3] < 480.0f)
                    continue;
                assert_true(last.on_web[k].cut);
                for (size_t m = 0; m < now->n_findings; m++) {
                    const float *below = now->findings[m].box_px;
                    if (now->on_web[m].number != last.on_web[k].number)
                        continue;
                    n_cut++;
                    assert_true(below[1] <= 0.0f && now->on_web[m].cut);
                    assert_true(now->on_web[m].mm >= last.on_web[k].mm && now->on_web[m].mm <= last.on_web[k].mm);
                    assert_string_equal(now->findings[m].class, last.findings[k].class);
                }
            }
            for (size_t k = 0; k < now->n_findings; k++)
                n_whole += !now->on_web[k].cut;
            last = *now;
        }
        assert_true(n_cut >= 3 && n_whole >= 10);
        twin_rig_close(&rig);
    }
}

/* Boxes are as tight as masks are. */
static void tight_boxes(void **state)
{
    uint8_t *inside = malloc(640 * 480);
    (void)state;
    for (size_t i = 0; i < AS_COUNT(webs); i++) {
        as_twin_cfg cfg = scan_cfg(640, 480);
        cfg.min_severity = 0.5;
        twin_rig rig = twin_rig_open(webs[i], &cfg);
        uint32_t n_seen = 0;
        for (uint64_t part = 1; part <= 8; part++) {
            const as_twin_truth truth = *twin_rig_look(&rig, part, 0);
            for (size_t k = 0; k < truth.n_findings; k++) {
                const float *box = truth.findings[k].box_px;
                as_err       err = AS_ERR_NONE;
                size_t       n;
                float        x0 = 640, y0 = 480, x1 = 0, y1 = 0;
                assert_true(as_twin_mask(rig.twin, part, 0, k, rig.scratch, inside, &n, &err));
                for (size_t at = 0; at < 640 * 480; at++) {
                    float x = (float)(at % 640), y = (float)(at / 640);
                    if (!inside[at])
                        continue;
                    x0 = AS_MIN(x0, x);
                    y0 = AS_MIN(y0, y);
                    x1 = AS_MAX(x1, x + 1);
                    y1 = AS_MAX(y1, y + 1);
                }
                n_seen += n > 0;
                if (n > 0 && (box[0] > x0 || box[1] > y0 || fabsf(box[0] - x0) > 3 || fabsf(box[1] - y0) > 3 ||
                              fabsf(box[0] + box[2] - x1) > 3 || fabsf(box[1] + box[3] - y1) > 3))
                    fail_msg("%s part %d: box %g %g %g %g, mask from %g %g to %g %g", webs[i], (int)part,
                             (double)box[0], (double)box[1], (double)box[2], (double)box[3], (double)x0, (double)y0,
                             (double)x1, (double)y1);
            }
        }
        assert_true(n_seen >= 6);
        twin_rig_close(&rig);
    }
    free(inside);
}

/* How far the rows below must be looked for until they are unlike the first: the length of what is seen along the web. */
static double scan_grain(const twin_rig *rig)
{
    double near = scan_difference(scan_row(rig, 100), scan_row(rig, 101), rig->image.width);
    double far = scan_difference(scan_row(rig, 100), scan_row(rig, 108), rig->image.width);
    return far / near;
}

/* With lines by the camera's clock a slow belt stretches the picture; with an encoder it is the same one. */
static void belt_and_encoder(void **state)
{
    const as_script slow = scan_script("faults: [{fault: belt_speed, from: 1, amount: 0.25}]");
    as_twin_cfg     cfg = scan_cfg(640, 240);
    cfg.defect_share = 0.0;
    cfg.exposure_us = 100;
    (void)state;
    twin_rig clocked = twin_rig_open("fabric", &cfg);
    cfg.script = &slow;
    twin_rig stretched = twin_rig_open("fabric", &cfg);
    cfg.encoder = true;
    twin_rig steady = twin_rig_open("fabric", &cfg);
    twin_rig_look(&clocked, 1, 0);
    twin_rig_look(&stretched, 1, 0);
    twin_rig_look(&steady, 1, 0);
    assert_true(fabs(clocked.truth.web_mm[1] - 4.0 * stretched.truth.web_mm[1]) < 1e-9);
    assert_true(fabs(clocked.truth.web_mm[1] - steady.truth.web_mm[1]) < 1e-9);
    /* Line 4 n of the slow one is where line n of the other is; noise and the finer blur are what is left. */
    double same = 0.0, steadied = 0.0, other = 0.0;
    for (uint32_t y = 10; y < 50; y++) {
        same += scan_difference(scan_row(&clocked, y), scan_row(&stretched, 4 * y), 640) / 40;
        steadied += scan_difference(scan_row(&clocked, y), scan_row(&steady, y), 640) / 40;
        other += scan_difference(scan_row(&clocked, y), scan_row(&stretched, y), 640) / 40;
    }
    assert_true(same < 6.0 && steadied < 4.0 && other > 2.0 * same);
    assert_true(scan_grain(&stretched) > scan_grain(&clocked));
    twin_rig_close(&clocked);
    twin_rig_close(&stretched);
    twin_rig_close(&steady);
}

/* 100 times a second at 5,000 lines a second: a band each 50 lines, on from one frame to the next. */
static void flicker_is_bands(void **state)
{
    as_twin_cfg cfg = scan_cfg(64, 100);
    double      level[300];
    cfg.defect_share = 0.0;
    cfg.flicker = 0.5;
    cfg.belt_mm_per_s = 5000;
    cfg.line_rate = 5000;
    (void)state;
    twin_rig rig = twin_rig_open("film", &cfg);
    for (uint32_t i = 0; i < 300; i++) {
        if (i % 100 == 0)
            twin_rig_look(&rig, 1 + i / 100, 0);
        level[i] = 0.0;
        for (uint32_t x = 0; x < 64; x++)
            level[i] += scan_row(&rig, i % 100)[x] / 64.0;
    }
    for (uint32_t i = 0; i < 200; i++) {
        assert_true(fabs(level[i] - level[i + 50]) < 6.0);
        assert_true(fabs(level[i] - level[i + 25]) > 8.0 || fabs(level[i + 12] - level[i + 37]) > 8.0);
    }
    twin_rig_close(&rig);
}

/* What is of a column is a streak along the web: no column of dirt or of the sensor changes from line to line. */
static void columns_are_streaks(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        as_twin_cfg cfg = scan_cfg(256, 200);
        double      means[2][256] = {{0}}, same = 0.0, spread = 0.0;
        cfg.defect_share = 0.0;
        cfg.dirt = i ? 0.9 : 0.0;
        cfg.sensor = i ? NULL : "worn";
        cfg.light = i ? 1.0 : 0.6;
        cfg.recipe = "clear";
        cfg.vignette_ratio = 0.0;
        twin_rig rig = twin_rig_open("film", &cfg);
        for (int k = 0; k < 2; k++) { /* far apart, so that film and flow are other ones */
            twin_rig_look(&rig, k ? 5000 : 1, 0);
            for (uint32_t y = 0; y < 200; y++)
                for (uint32_t x = 0; x < 256; x++)
                    means[k][x] += scan_row(&rig, y)[x] / 200.0;
        }
        for (uint32_t x = 2; x < 254; x++) { /* against their neighbours: what is slow is the film's own */
            double a = means[0][x] - (means[0][x - 2] + means[0][x + 2]) / 2;
            double b = means[1][x] - (means[1][x - 2] + means[1][x + 2]) / 2;
            same += a * b;
            spread += (a * a + b * b) / 2;
        }
        assert_true(i || same / spread > 0.5);
        cfg.dirt = 0.0;
        cfg.sensor = NULL;
        twin_rig clean = twin_rig_open("film", &cfg);
        twin_rig_look(&clean, 5000, 0);
        double streak = 0.0, wander = 0.0;
        for (uint32_t x = 0; i && x < 256; x++) {
            double top = scan_row(&rig, 10)[x] - scan_row(&clean, 10)[x],
                   low = scan_row(&rig, 190)[x] - scan_row(&clean, 190)[x];
            streak += fabs(top) / 256;
            wander += fabs(top - low) / 256;
        }
        assert_true(!i || (streak > 15.0 && wander < 0.4 * streak));
        twin_rig_close(&clean);
        twin_rig_close(&rig);
    }
}

static void scan_refuses(const char *scene, const as_twin_cfg *cfg, const char *says)
{
    as_err   err = AS_ERR_NONE;
    as_twin *twin = as_twin_open(scene, cfg, &err);
    if (twin || !strstr(err.text, says))
        fail_msg("'%s' has no '%s'", err.text, says);
}

static void refusals(void **state)
{
    const as_script moved = scan_script("faults: [{fault: camera_moved, from: 1}]");
    as_twin_cfg     cfg = scan_cfg(640, 480);
    (void)state;
    scan_refuses("cones", &cfg, "'cones' is no web");
    cfg.line_rate = 10000;
    cfg.exposure_us = 150;
    scan_refuses("fabric", &cfg, "at most exposure=100, or line_rate=6667");
    cfg.exposure_us = -1; /* as long as the scene is exposed, or as a line lasts */
    twin_rig rig = twin_rig_open("fabric", &cfg);
    assert_true(fabs(as_twin_cfg_of(rig.twin)->exposure_us - 100.0) < 1e-9);
    twin_rig_close(&rig);
    cfg = scan_cfg(640, 480);
    cfg.belt_mm_per_s = 0;
    scan_refuses("fabric", &cfg, "set belt");
    cfg = scan_cfg(640, 480);
    cfg.script = &moved;
    scan_refuses("film", &cfg, "'camera_moved'");
    cfg = scan_cfg(640, 480);
    cfg.sensor = "imx250";
    cfg.pixel = AS_PIXEL_RGB8;
    scan_refuses("film", &cfg, "no colours");
    cfg = scan_cfg(640, 480);
    cfg.scan = AS_TWIN_SCAN_NONE;
    cfg.line_rate = 1000;
    scan_refuses("film", &cfg, "add scan=line");
}

/* On the wire the rate is set while it runs: a twin tuned is the one that would be opened so. */
static void retuned(void **state)
{
    as_twin_cfg cfg = scan_cfg(128, 64);
    as_err      err = AS_ERR_NONE;
    (void)state;
    twin_rig    rig = twin_rig_open("fabric", &cfg);
    as_twin_cfg tuned = *as_twin_cfg_of(rig.twin);
    tuned.line_rate /= 2;
    cfg.line_rate = tuned.line_rate;
    twin_rig other = twin_rig_open("fabric", &cfg);
    as_twin *changed = as_twin_retune(rig.twin, &tuned, &err), *first = rig.twin;
    assert_non_null(changed);
    rig.twin = changed;
    twin_rig_look(&rig, 9, 0);
    twin_rig_look(&other, 9, 0);
    assert_memory_equal(rig.image.data, other.image.data, 128 * 64);
    tuned.exposure_us = 1e6;
    assert_null(as_twin_retune(first, &tuned, &err));
    as_twin_close(first);
    twin_rig_close(&rig);
    twin_rig_close(&other);
}

/* The same bytes on every machine: vectors of any width, with and without the clones of kernel.h. */
static void golden_lines(void **state)
{
    static const struct {
        const char *scene, *recipe;
        uint64_t    part;
        const char *sha256;
    } rows[] = {
        {"fabric", "plain", 1, "2c5b3745a876e9cd4d6d120c3a79d4529a0894017e37003aabe8f123d6fb4b62"},
        {"fabric", "twill", 77, "61e6cc08b7d15ef18e4778cb48547f945a267f5031881b4a52da3be74bb3ae06"},
        {"fabric", "basket", 1000000, "d4df1e7801c5f8a22f5f476496005a9ddf11970c67ef1630b51d9915c76aef51"},
        {"film", "milky", 1, "3689b7456b15bf2bbb0ef866bdb3a57916e4b19efe0acdab3c214b1c31c2fa8a"},
        {"film", "embossed", 4000000000u, "938d71f0ca9da26bc837747ef7ab5d6468d8efa3766654ce9689d973f282f03d"},
    };
    (void)state;
    size_t n_other = 0;
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        char        text[AS_SHA256_HEX_BYTES];
        as_twin_cfg cfg = scan_cfg(200, 300);
        cfg.recipe = rows[i].recipe;
        cfg.dirt = 0.3;
        cfg.distortion = 0.05;
        twin_rig rig = twin_rig_open(rows[i].scene, &cfg);
        twin_rig_look(&rig, rows[i].part, 0);
        as_digest digest = as_sha256_of(rig.image.data, rig.image.stride_bytes * rig.image.height);
        as_digest_hex(&digest, text);
        if (strcmp(text, rows[i].sha256) != 0) {
            print_error("{\"%s\", \"%s\", %llu, \"%s\"},\n", rows[i].scene, rows[i].recipe,
                        (unsigned long long)rows[i].part, text);
            n_other++;
        }
        twin_rig_close(&rig);
    }
    assert_int_equal(n_other, 0);
}

typedef struct scan_many {
    const as_twin *twin;
    as_digest      digests[8];
} scan_many;

static bool scan_one_of_many(void *ctx, size_t i, as_err *err)
{
    scan_many *many = ctx;
    as_image   image = {0};
    as_truth   truth;
    void      *scratch = malloc(as_twin_scratch_bytes(many->twin));
    bool       ok = scratch && as_image_new(&image, AS_PIXEL_MONO8, 320, 96, err) &&
              as_twin_render(many->twin, i + 1, 0, scratch, &image, &truth, err);
    if (ok)
        many->digests[i] = as_sha256_of(image.data, image.stride_bytes * image.height);
    as_image_done(&image);
    free(scratch);
    return ok;
}

static void any_number_of_threads(void **state)
{
    as_twin_cfg cfg = scan_cfg(320, 96);
    as_err      err = AS_ERR_NONE;
    (void)state;
    twin_rig  rig = twin_rig_open("fabric", &cfg);
    scan_many many = {.twin = rig.twin};
    assert_true(as_thread_for(AS_COUNT(many.digests), 4, scan_one_of_many, &many, &err));
    for (size_t i = AS_COUNT(many.digests); i-- > 0;) {
        twin_rig_look(&rig, i + 1, 0);
        as_digest digest = as_sha256_of(rig.image.data, rig.image.stride_bytes * rig.image.height);
        assert_true(as_digest_equal(&digest, &many.digests[i]));
    }
    twin_rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_lines),
        cmocka_unit_test(any_number_of_threads),
        cmocka_unit_test(no_seam),
        cmocka_unit_test(as_fine_far_away),
        cmocka_unit_test(cut_defects),
        cmocka_unit_test(tight_boxes),
        cmocka_unit_test(belt_and_encoder),
        cmocka_unit_test(flicker_is_bands),
        cmocka_unit_test(columns_are_streaks),
        cmocka_unit_test(refusals),
        cmocka_unit_test(retuned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
