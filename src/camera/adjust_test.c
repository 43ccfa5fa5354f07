/* SPDX-License-Identifier: Apache-2.0 */
/* Settings that depend on each other, on a camera of four of them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "camera/camera_priv.h"

/* OffsetX + Width <= 100; Rate is cut to 1000 / Width; Broken takes no value; Serial can only be read. */
typedef struct sensor {
    int64_t  width, offset, rate;
    unsigned n_writes;
} sensor;

static int64_t *sensor_field(sensor *s, const char *name)
{
    if (strcmp(name, "Width") == 0)
        return &s->width;
    if (strcmp(name, "OffsetX") == 0)
        return &s->offset;
    return strcmp(name, "Rate") == 0 ? &s->rate : NULL;
}

static bool sensor_get(void *priv, const char *name, as_setting *ret, as_err *err)
{
    sensor  *s = priv;
    int64_t *field = sensor_field(s, name);
    memset(ret, 0, sizeof *ret);
    ret->kind = AS_SETTING_INT;
    ret->readable = ret->writable = true;
    ret->low = 1;
    ret->step = 1;
    as_str_copy(ret->name, sizeof ret->name, name);
    if (strcmp(name, "Broken") == 0 || strcmp(name, "Serial") == 0) {
        ret->writable = strcmp(name, "Broken") == 0;
        ret->high = 9;
        as_str_copy(ret->value, sizeof ret->value, "5");
        return true;
    }
    if (!field)
        return AS_FAIL(err, AS_ENOTFOUND, "none");
    snprintf(ret->value, sizeof ret->value, "%lld", (long long)*field);
    ret->high = field == &s->width ? (double)(100 - s->offset) : field == &s->offset ? (double)(100 - s->width) : 1000;
    ret->low = field == &s->offset ? 0 : 1;
    return true;
}

static bool sensor_set(void *priv, const char *name, const char *value, as_err *err)
{
    sensor  *s = priv;
    int64_t *field = sensor_field(s, name), number;
    if (!field)
        return AS_FAIL(err, AS_EINVAL, "'%s' is broken", name);
    assert_true(as_str_to_i64(value, &number));
    *field = number;
    s->rate = AS_MIN(s->rate, 1000 / s->width);
    s->n_writes++;
    return true;
}

static bool sensor_features(void *priv, bool (*visit)(void *ctx, const as_setting *feature), void *ctx, as_err *err)
{
    static const char *const names[] = {"Width", "OffsetX", "Rate", "Broken", "Serial"};
    bool                     more = true;
    for (size_t i = 0; more && i < AS_COUNT(names); i++) {
        as_setting f;
        more = sensor_get(priv, names[i], &f, err) && visit(ctx, &f);
    }
    return true;
}

static const as_camera_driver sensor_driver = {
    .name = "sensor", .features = sensor_features, .get = sensor_get, .set = sensor_set};

static as_camera sensor_camera(sensor *s)
{
    return (as_camera){.driver = &sensor_driver, .priv = s, .uri = (char *)(uintptr_t) "sensor:1"};
}

static bool sensor_want(sensor *s, const char *const (*pairs)[2], size_t n, size_t *ret_changed, as_err *err)
{
    as_camera         cam = sensor_camera(s);
    as_setting_wishes wishes = {0};
    for (size_t i = 0; i < n; i++) {
        as_setting_wish wish;
        as_str_copy(wish.name, sizeof wish.name, pairs[i][0]);
        as_str_copy(wish.value, sizeof wish.value, pairs[i][1]);
        assert_true(as_vec_push(&wishes.all, wish));
    }
    bool ok = as_camera_set_all(&cam, &wishes, ret_changed, err);
    as_vec_done(&wishes.all);
    as_vec_done(&cam.settings.all);
    return ok;
}

static void test_an_order_is_found(void **state)
{
    (void)state;
    static const char *const shrink[][2] = {{"OffsetX", "60"}, {"Width", "40"}, {"Rate", "25"}};
    static const char *const grow[][2] = {{"Rate", "10"}, {"Width", "100"}, {"OffsetX", "0"}};
    as_err                   err = AS_ERR_NONE;
    sensor                   s = {.width = 90, .offset = 10, .rate = 5};
    size_t                   changed = 0;
    if (!sensor_want(&s, shrink, 3, &changed, &err))
        fail_msg("%s", err.text);
    assert_true(s.offset == 60 && s.width == 40 && s.rate == 25 && changed == 3);
    if (!sensor_want(&s, grow, 3, &changed, &err)) /* Rate 10 first, cut by nobody */
        fail_msg("%s", err.text);
    assert_true(s.offset == 0 && s.width == 100 && s.rate == 10 && changed == 3);
    s.n_writes = 0;
    assert_true(sensor_want(&s, grow, 3, &changed, &err));
    assert_true(s.n_writes == 0 && changed == 0); /* what is so already is left alone */
}

static void test_a_failed_restore_is_undone(void **state)
{
    (void)state;
    static const char *const broken[][2] = {{"OffsetX", "60"}, {"Width", "40"}, {"Broken", "6"}};
    static const char *const lost[][2] = {{"Width", "40"}, {"Rate", "900"}};
    static const char *const unknown[][2] = {{"Width", "40"}, {"Widht", "7"}};
    static const char *const locked[][2] = {{"Width", "40"}, {"Serial", "7"}};
    as_err                   err = AS_ERR_NONE;
    sensor                   s = {.width = 90, .offset = 10, .rate = 5};
    assert_false(sensor_want(&s, broken, 3, NULL, &err));
    assert_non_null(strstr(err.text, "'Broken' is broken"));
    assert_true(s.width == 90 && s.offset == 10 && s.rate == 5);
    assert_false(sensor_want(&s, lost, 2, NULL, &err));
    assert_non_null(strstr(err.text, "the camera made '25' of 'Rate=900'"));
    assert_true(s.width == 90 && s.offset == 10 && s.rate == 5);
    assert_false(sensor_want(&s, unknown, 2, NULL, &err));
    assert_non_null(strstr(err.text, "did you mean 'Width'?"));
    assert_false(sensor_want(&s, locked, 2, NULL, &err));
    assert_non_null(strstr(err.text, "'Serial' can only be read"));
    assert_true(s.width == 90 && s.offset == 10 && s.rate == 5);
}

static void test_one_setting(void **state)
{
    (void)state;
    as_err     err = AS_ERR_NONE;
    sensor     s = {.width = 90, .offset = 10, .rate = 5};
    as_camera  cam = sensor_camera(&s);
    as_setting f;
    assert_true(as_camera_set(&cam, "Width", "50", &f, &err));
    assert_string_equal(f.value, "50");
    assert_true(as_camera_set(&cam, "OffsetX", "5", &f, &err) && as_camera_set(&cam, "Width", "60", NULL, &err));
    assert_int_equal(cam.settings.all.n, 2); /* the last value of each, in the order of the last */
    assert_string_equal(cam.settings.all.at[1].name, "Width");
    assert_string_equal(cam.settings.all.at[1].value, "60");
    assert_false(as_camera_set(&cam, "Width", "96", &f, &err));
    assert_non_null(strstr(err.text, "1 to 95"));
    as_vec_done(&cam.settings.all);
    cam.driver = &(const as_camera_driver){.name = "none"};
    assert_false(as_camera_set(&cam, "Width", "50", &f, &err));
    assert_int_equal(err.code, AS_EUNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_an_order_is_found),
                                       cmocka_unit_test(test_a_failed_restore_is_undone),
                                       cmocka_unit_test(test_one_setting)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
