/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/tensor.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_every_type_has_size_and_name(void **state)
{
    (void)state;
    static const struct {
        as_dtype    dtype;
        size_t      bytes;
        const char *name;
    } want[] = {{AS_DTYPE_F32, 4, "f32"}, {AS_DTYPE_U8, 1, "u8"},   {AS_DTYPE_I8, 1, "i8"},
                {AS_DTYPE_I32, 4, "i32"}, {AS_DTYPE_I64, 8, "i64"}, {AS_DTYPE_BOOL, 1, "bool"},
                {AS_DTYPE_F16, 2, "f16"}, {AS_DTYPE_F64, 8, "f64"}};
    for (size_t i = 0; i < AS_COUNT(want); i++) {
        assert_int_equal(as_dtype_bytes(want[i].dtype), want[i].bytes);
        assert_string_equal(as_dtype_name(want[i].dtype), want[i].name);
    }
    assert_int_equal(as_dtype_bytes(AS_DTYPE_NONE), 0);
    assert_int_equal(as_dtype_bytes((as_dtype)99), 0);
    assert_string_equal(as_dtype_name((as_dtype)99), "unknown");
}

static void test_shape_count_refuses_what_does_not_fit(void **state)
{
    (void)state;
    size_t n = 7;
    assert_true(as_shape_count(&(as_shape){.rank = 0}, &n));
    assert_int_equal(n, 1);
    assert_true(as_shape_count(&(as_shape){.rank = 4, .dims = {1, 3, 224, 224}}, &n));
    assert_int_equal(n, 3 * 224 * 224);
    assert_true(as_shape_count(&(as_shape){.rank = 2, .dims = {0, 5}}, &n));
    assert_int_equal(n, 0);
    n = 7;
    assert_false(as_shape_count(&(as_shape){.rank = 2, .dims = {-1, 5}}, &n));
    assert_false(as_shape_count(&(as_shape){.rank = 3, .dims = {INT64_MAX, INT64_MAX, 2}}, &n));
    assert_false(as_shape_count(&(as_shape){.rank = 3, .dims = {0, INT64_MAX, INT64_MAX}}, &n));
    assert_false(as_shape_count(&(as_shape){.rank = AS_TENSOR_MAX_RANK + 1}, &n));
    assert_false(as_shape_count(&(as_shape){.rank = -1}, &n));
    assert_int_equal(n, 7);
}

static void test_shape_text_and_equality(void **state)
{
    (void)state;
    char     text[64], small[6];
    as_shape a = {.rank = 4, .dims = {1, 3, 224, 224}}, b = a;
    assert_string_equal(as_shape_text(&a, text, sizeof text), "1x3x224x224");
    assert_string_equal(as_shape_text(&(as_shape){.rank = 2, .dims = {-1, 10}}, text, sizeof text), "?x10");
    assert_string_equal(as_shape_text(&(as_shape){.rank = 0}, text, sizeof text), "scalar");
    assert_true(strlen(as_shape_text(&a, small, sizeof small)) < sizeof small);
    assert_true(as_shape_equal(&a, &b));
    b.dims[7] = 9; /* past the rank: no part of the shape */
    assert_true(as_shape_equal(&a, &b));
    b.dims[3] = 225;
    assert_false(as_shape_equal(&a, &b));
    b = a;
    b.rank = 3;
    assert_false(as_shape_equal(&a, &b));
}

static void test_new_is_zeroed_and_aligned(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_tensor t;
    assert_true(as_tensor_new(&t, AS_DTYPE_F32, &(as_shape){.rank = 3, .dims = {3, 5, 7}}, &err));
    assert_int_equal(as_tensor_count(&t), 105);
    assert_int_equal((uintptr_t)t.data % 64, 0);
    for (size_t i = 0; i < 105; i++)
        assert_true(((float *)t.data)[i] == 0);
    as_tensor view = as_tensor_view(t.dtype, &t.shape, t.data);
    as_tensor_done(&view);
    assert_null(view.data);
    ((float *)t.data)[104] = 1; /* the view's end did not free it */
    as_tensor_done(&t);
    assert_null(t.data);
    assert_int_equal(as_tensor_count(&t), 0);
    as_tensor_done(&t);
    as_tensor_done(NULL);

    assert_true(as_tensor_new(&t, AS_DTYPE_U8, &(as_shape){.rank = 2, .dims = {0, 4}}, &err));
    assert_int_equal(as_tensor_count(&t), 0);
    as_tensor_done(&t);
    assert_int_equal(err.code, AS_OK);
}

static void test_new_is_bounded(void **state)
{
    (void)state;
    as_tensor t = {.dtype = AS_DTYPE_I8};
    as_err    err = AS_ERR_NONE;
    assert_false(as_tensor_new(&t, AS_DTYPE_F32, &(as_shape){.rank = 2, .dims = {1 << 16, (1 << 14) + 1}}, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    assert_non_null(strstr(err.text, "65536x16385"));
    assert_false(as_tensor_new(&t, AS_DTYPE_F64, &(as_shape){.rank = 2, .dims = {INT64_MAX, 2}}, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    assert_false(as_tensor_new(&t, AS_DTYPE_F32, &(as_shape){.rank = 9}, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    assert_false(as_tensor_new(&t, AS_DTYPE_F32, &(as_shape){.rank = 1, .dims = {-1}}, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_false(as_tensor_new(&t, AS_DTYPE_NONE, &(as_shape){.rank = 1, .dims = {1}}, &err));
    assert_int_equal(err.code, AS_EUNSUPPORTED);
    assert_int_equal(t.dtype, AS_DTYPE_I8); /* untouched */
}

static void test_numbers_of_every_type(void **state)
{
    (void)state;
    uint8_t bytes[9 + sizeof(double)] = {0}; /* at an odd address */
    static const struct {
        as_dtype dtype;
        union {
            float    f32;
            double   f64;
            int32_t  i32;
            int64_t  i64;
            uint16_t f16;
            int8_t   i8;
            uint8_t  u8;
        } value;
        double want;
    } rows[] = {{AS_DTYPE_F32, {.f32 = -1.5f}, -1.5}, {AS_DTYPE_F64, {.f64 = 1e300}, 1e300},
                {AS_DTYPE_I32, {.i32 = -7}, -7},      {AS_DTYPE_I64, {.i64 = -1}, -1},
                {AS_DTYPE_F16, {.f16 = 0xc000}, -2},  {AS_DTYPE_I8, {.i8 = -128}, -128},
                {AS_DTYPE_U8, {.u8 = 255}, 255},      {AS_DTYPE_BOOL, {.u8 = 1}, 1}};
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        const size_t n = as_dtype_bytes(rows[i].dtype);
        as_tensor    t = as_tensor_view(rows[i].dtype, &(as_shape){.rank = 0}, bytes + 1);
        memcpy(bytes + 1, &rows[i].value, n);
        assert_true(as_tensor_number(&t, 0) == rows[i].want);
    }
}

static void test_how_far_two_are_apart(void **state)
{
    (void)state;
    static const struct {
        float  a[2], b[2];
        double want;
    } rows[] = {
        {{1, -3}, {1.5f, -3}, 0.5},
        {{NAN, 1}, {NAN, 1}, 0},
        {{NAN, 1}, {0, 1}, (double)INFINITY}, /* wherever it stands */
        {{1, 0}, {1, NAN}, (double)INFINITY},
        {{INFINITY, 1}, {INFINITY, 2}, 1},
        {{INFINITY, 1}, {INFINITY, 1}, 0},
        {{INFINITY, 1}, {-INFINITY, 1}, (double)INFINITY},
        {{INFINITY, 1}, {5, 1}, (double)INFINITY},
    };
    const as_shape pair = {.rank = 1, .dims = {2}}, square = {.rank = 2, .dims = {1, 2}};
    double         largest;
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        float     a[2], b[2];
        as_tensor x = as_tensor_view(AS_DTYPE_F32, &pair, a), y = as_tensor_view(AS_DTYPE_F32, &pair, b);
        memcpy(a, rows[i].a, sizeof a);
        memcpy(b, rows[i].b, sizeof b);
        assert_true(as_tensor_apart(&x, &y, &largest) == rows[i].want);
        assert_true(largest == (i == 0 ? 3 : 1));
        y.shape = square;
        assert_true(isinf(as_tensor_apart(&x, &y, NULL)));
        y = as_tensor_view(AS_DTYPE_I32, &pair, b);
        assert_true(isinf(as_tensor_apart(&x, &y, NULL)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_has_size_and_name),
        cmocka_unit_test(test_shape_count_refuses_what_does_not_fit),
        cmocka_unit_test(test_shape_text_and_equality),
        cmocka_unit_test(test_new_is_zeroed_and_aligned),
        cmocka_unit_test(test_new_is_bounded),
        cmocka_unit_test(test_numbers_of_every_type),
        cmocka_unit_test(test_how_far_two_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
