/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool has_word(const char *words, const char *word)
{
    char *copy = strdup(words), *rest = copy, *one;
    bool  found = false;
    while (copy && (one = strsep(&rest, " ")))
        found = found || strcmp(one, word) == 0;
    free(copy);
    return found;
}

static void test_features(void **state)
{
    (void)state;
    const char *features = as_cpu_features();
    assert_true(strlen(as_cpu_model()) > 0);
    assert_ptr_equal(features, as_cpu_features());
    assert_null(strstr(features, "  "));
#if defined(__x86_64__)
    __builtin_cpu_init(); /* asks the processor, where as_cpu_features() asks the kernel */
    assert_int_equal(has_word(features, "sse4_2"), __builtin_cpu_supports("sse4.2") != 0);
    assert_int_equal(has_word(features, "avx2"), __builtin_cpu_supports("avx2") != 0);
    assert_int_equal(has_word(features, "avx512f"), __builtin_cpu_supports("avx512f") != 0);
    assert_int_equal(has_word(features, "avx512_vnni"), __builtin_cpu_supports("avx512vnni") != 0);
#endif
}

static void test_memory(void **state)
{
    (void)state;
    size_t   n = (size_t)32 << 20;
    uint64_t before = as_cpu_resident_bytes();
    assert_true(before > 100 * 1024 && before < as_cpu_memory_bytes());
    char *block = malloc(n);
    assert_non_null(block);
    memset(block, 1, n);
    assert_int_equal(block[n / 2], 1);
    uint64_t with = as_cpu_resident_bytes();
    assert_true(with >= before + n - n / 8);
    free(block);
    assert_true(as_cpu_peak_bytes() >= before + n - n / 8); /* the peak stays */
    assert_true(as_cpu_peak_bytes() < as_cpu_memory_bytes());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
