/* SPDX-License-Identifier: Apache-2.0 */
#include "base/isa.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"

static void limit(const char *text)
{
    if (text)
        setenv("ASSAY_ISA", text, 1);
    else
        unsetenv("ASSAY_ISA");
    as_isa_find();
}

static void test_no_limit(void **state)
{
    (void)state;
    bool   lacks = true;
    as_err err = AS_ERR_NONE;
    limit(NULL);
    assert_true(as_isa_may(AS_ISA_NONE));
    assert_int_equal(as_isa_limit(), AS_ISA_NONE);
    assert_true(as_isa_check(&lacks, &err));
    assert_false(lacks);
    for (size_t i = 0; as_isa_name((as_isa)i); i++)
        assert_int_equal(as_isa_may((as_isa)i), as_isa_has((as_isa)i));
#ifdef __x86_64__
    __builtin_cpu_init(); /* asks the processor, where isa.c asks the kernel */
    assert_int_equal(as_isa_has(AS_ISA_SSE42), __builtin_cpu_supports("sse4.2") != 0);
    assert_int_equal(as_isa_has(AS_ISA_AVX2), __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
    assert_int_equal(as_isa_has(AS_ISA_AVX512),
                     __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"));
    assert_int_equal(as_isa_has(AS_ISA_AVX512_BF16), __builtin_cpu_supports("avx512bf16") != 0);
#endif
}

/* A limit leaves what it holds, and takes all else. */
static void test_limits(void **state)
{
    static const struct {
        const char *text;
        as_isa      keeps, drops;
    } rows[] = {
        {"sse41", AS_ISA_SSE41, AS_ISA_SSE42},
        {"sse42", AS_ISA_SSE41, AS_ISA_AVX},
        {"avx", AS_ISA_SSE42, AS_ISA_AVX2},
        {"avx2", AS_ISA_AVX2, AS_ISA_AVX2_VNNI},
        {"avx2_vnni", AS_ISA_AVX2, AS_ISA_AVX512},
        {"avx512", AS_ISA_AVX512, AS_ISA_AVX2_VNNI},
        {"avx512_vnni", AS_ISA_AVX512, AS_ISA_AMX},
        {"avx512_bf16", AS_ISA_AVX512_BF16, AS_ISA_AMX},
        {"amx", AS_ISA_AVX512_BF16, AS_ISA_AVX2_VNNI},
    };
    (void)state;
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        bool   lacks;
        as_err err = AS_ERR_NONE;
        limit(rows[i].text);
        assert_string_equal(as_isa_name(as_isa_limit()), rows[i].text);
        assert_int_equal(as_isa_may(rows[i].keeps), as_isa_has(rows[i].keeps));
        assert_false(as_isa_may(rows[i].drops));
        assert_true(as_isa_check(&lacks, &err));
        assert_int_equal(lacks, !as_isa_has(as_isa_limit()));
        assert_int_equal(as_isa_top() == as_isa_limit(), !lacks);
    }
    limit(NULL);
}

static void test_a_wrong_name_lists_the_right_ones(void **state)
{
    (void)state;
    bool lacks;
    for (size_t i = 0; i < 3; i++) {
        as_err err = AS_ERR_NONE;
        limit(((const char *[]){"avx3", "AVX2", "none"})[i]);
        assert_false(as_isa_check(&lacks, &err));
        assert_int_equal(err.code, AS_EINVAL);
        assert_non_null(strstr(err.text, "ASSAY_ISA"));
        for (size_t k = 1; as_isa_name((as_isa)k); k++)
            assert_non_null(strstr(err.text, as_isa_name((as_isa)k)));
    }
    as_err err = AS_ERR_NONE;
    limit("");
    assert_true(as_isa_check(&lacks, &err));
    limit(NULL);
}

AS_ISA_CLONES(float, sum_of, (const float *x, size_t n), (x, n))
{
    float sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i] + 0.1f;
    return sum;
}

static void test_clones_give_the_same_bits(void **state)
{
    (void)state;
    float x[77], with, without;
    for (size_t i = 0; i < AS_COUNT(x); i++)
        x[i] = 1.0f / (float)(i + 3);
    limit(NULL);
    with = sum_of(x, AS_COUNT(x));
    limit("sse41");
    without = sum_of(x, AS_COUNT(x));
    limit(NULL);
    assert_memory_equal(&with, &without, sizeof with);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_a_wrong_name_lists_the_right_ones),
        cmocka_unit_test(test_clones_give_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
