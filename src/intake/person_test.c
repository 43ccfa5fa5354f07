/* SPDX-License-Identifier: Apache-2.0 */
/* The twin's fault `person`, seen by what looks for faces: found where the truth says, and nowhere where there is nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "intake/face.h"
#include "twin/twin.h"

typedef struct rig {
    as_twin *twin;
    void    *scratch;
    as_image image;
    as_faces faces;
} rig;

static rig rig_open(const char *scene, double face_share)
{
    as_err      err = AS_ERR_NONE;
    as_twin_cfg cfg = as_twin_cfg_default();
    as_script   script = {
          .n = 1, .steps = {{.fault = AS_FAULT_PERSON, .from = 1, .full = 1, .until = 1e9, .amount = face_share}}};
    cfg.width = 320;
    cfg.height = 240;
    cfg.script = face_share > 0 ? &script : NULL;
    rig r = {.twin = as_twin_open(scene, &cfg, &err)};
    if (!r.twin)
        fail_msg("%s", err.text);
    const as_twin_cfg *got = as_twin_cfg_of(r.twin);
    r.scratch = malloc(as_twin_scratch_bytes(r.twin));
    assert_non_null(r.scratch);
    assert_true(as_image_new(&r.image, got->pixel, got->width, got->height, &err));
    return r;
}

static void rig_close(rig *r)
{
    as_vec_done(&r->faces);
    as_image_done(&r->image);
    free(r->scratch);
    as_twin_close(r->twin);
}

static double overlap(const as_face *a, const float box[4])
{
    double x0 = AS_MAX(a->x, (double)box[0]), x1 = AS_MIN(a->x + a->width, (double)(box[0] + box[2]));
    double y0 = AS_MAX(a->y, (double)box[1]), y1 = AS_MIN(a->y + a->height, (double)(box[1] + box[3]));
    double both = AS_MAX(x1 - x0, 0.0) * AS_MAX(y1 - y0, 0.0);
    return both / (a->width * a->height + (double)(box[2] * box[3]) - both);
}

enum { PARTS = 3 };

/* Of a few parts: in how many a face is found where the truth has one, and how many are found elsewhere. */
static void look(rig *r, as_face_finder *finder, double sensitivity, unsigned *ret_found, unsigned *ret_else)
{
    for (uint64_t i = 0; i < PARTS; i++) {
        as_err          err = AS_ERR_NONE;
        as_twin_truth   truth;
        const uint16_t *raw;
        unsigned        here = 0;
        if (!as_twin_look(r->twin, 1 + 17 * i, 0, r->scratch, &r->image, &truth, &raw, &err) ||
            !as_face_find(finder, &r->image, sensitivity, &r->faces, &err))
            fail_msg("%s", err.text);
        for (size_t k = 0; k < r->faces.n; k++)
            here += truth.face_px[2] > 0 && overlap(&r->faces.at[k], truth.face_px) > 0.3;
        *ret_found += here > 0;
        *ret_else += (unsigned)r->faces.n - here;
    }
}

static as_face_finder *finder_of(const char *detector)
{
    as_err          err = AS_ERR_NONE;
    as_face_finder *finder = as_face_finder_open(detector, ".", &err);
    if (!finder) {
        print_message("%s\n", err.text);
        skip();
    }
    return finder;
}

/* In every scene, from 26 pixels of 240 to as high as the picture; and nobody where nobody is. */
static void test_a_network_sees_the_person(void **state)
{
    (void)state;
    static const double shares[] = {0, 0.11, 0.35, 0.9};
    const char         *shared = getenv("ASSAY_SHARED");
    char                path[AS_FS_PATH_BYTES];
    snprintf(path, sizeof path, "%s/models/yunet_n_320_320.onnx", shared ? shared : "../shared");
    as_face_finder *finder = finder_of(path);
    for (size_t k = 0; as_twin_scene_at(k); k++)
        for (size_t i = 0; i < AS_COUNT(shares); i++) {
            unsigned found = 0, elsewhere = 0;
            rig      r = rig_open(as_twin_scene_at(k)->name, shares[i]);
            look(&r, finder, 0.3, &found, &elsewhere);
            if (found != (shares[i] > 0 ? PARTS : 0) || (shares[i] <= 0 && elsewhere > 0))
                fail_msg("%s, a face of %g of the height: found in %u of %d, %u elsewhere", as_twin_scene_at(k)->name,
                         shares[i], found, PARTS, elsewhere);
            rig_close(&r);
        }
    as_face_finder_close(finder);
}

/* What needs no file of the user's sees it too. */
static void test_cascades_see_the_person(void **state)
{
    (void)state;
    as_face_finder *finder = finder_of("cascade");
    for (int person = 0; person < 2; person++) {
        unsigned found = 0, elsewhere = 0;
        rig      r = rig_open("metal", person ? 0.3 : 0);
        look(&r, finder, 0, &found, &elsewhere);
        assert_int_equal(found, person ? PARTS : 0);
        assert_true(person || elsewhere == 0);
        rig_close(&r);
    }
    as_face_finder_close(finder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_network_sees_the_person),
        cmocka_unit_test(test_cascades_see_the_person),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
