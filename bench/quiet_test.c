/* SPDX-License-Identifier: Apache-2.0 */
/* A run of each network that is measured allocates nothing, on one thread takes no lock and calls no system. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "bench/cnn.h"
#include "bench/net.h"
#include "infer/test_quiet.h"

#define MUST(x)                     \
    do {                            \
        if (!(x))                   \
            fail_msg("%s", e.text); \
    } while (0)

static void assert_net_is_quiet(const bench_net_kind *kind)
{
    as_err      e = AS_ERR_NONE;
    bench_model model;
    char        name[80];
    MUST(bench_model_make(&model, kind, kind->side / 2, true, &e)); /* a quarter of the time */
    snprintf(name, sizeof name, "%s of floats", kind->name);
    quiet_assert((const uint8_t *)model.floats.s, model.floats.len, name);
    snprintf(name, sizeof name, "%s of whole numbers", kind->name);
    quiet_assert((const uint8_t *)model.whole.s, model.whole.len, name);
    bench_model_done(&model);
}

static void test_networks_run_quietly(void **state)
{
    (void)state;
    static const bench_net_kind *const kinds[] = {&bench_net_resnet18, &bench_net_mobilenetv2, &bench_net_pdn_s};
    for (size_t i = 0; i < AS_COUNT(kinds); i++)
        assert_net_is_quiet(kinds[i]);
}

static void test_the_compact_network_runs_quietly(void **state)
{
    (void)state;
    as_err    e = AS_ERR_NONE;
    bench_cnn cnn = {0};
    as_str    bytes;
    as_str_init(&bytes);
    MUST(bench_cnn_write(&cnn, &bytes, &e));
    quiet_assert((const uint8_t *)bytes.s, bytes.len, "the compact network");
    as_str_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks_run_quietly),
        cmocka_unit_test(test_the_compact_network_runs_quietly),
    };
    if (!quiet_is_counted()) {
        puts("skipped: a sanitizer locks and allocates for itself");
        return 0;
    }
    return cmocka_run_group_tests_name("bench_quiet", tests, NULL, NULL);
}
