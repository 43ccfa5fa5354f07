/* SPDX-License-Identifier: Apache-2.0 */
/* Rate and jitter of known times; a clock that runs with this computer's, one that does not, and one that stands. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "camera/timing.h"

enum { N = 200 };

static double host[N], device[N];

/* Device times a period apart; each frame arrives a little later, now more and now less. */
static void make(size_t n, double device_ms, double host_ms, double jitter_ms)
{
    uint32_t state = 7;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        device[i] = (double)i * device_ms;
        host[i] = (double)i * host_ms + (i > 0 ? jitter_ms * (double)(state >> 16) / 65536.0 : 0);
    }
}

static void assert_near(double value, double wanted, double within)
{
    if (!(fabs(value - wanted) <= within))
        fail_msg("%g is not within %g of %g", value, within, wanted);
}

static void a_rate_is_what_comes(void **state)
{
    (void)state;
    make(N, 20, 20, 3);
    as_timing t = as_timing_measure(host, device, N);
    assert_true(t.host.known && t.device.known);
    assert_near(t.device.per_s, 50, 1e-9);
    assert_near(t.device.p99_off_ms, 0, 1e-9);
    assert_near(t.host.per_s, 50, 0.1);
    assert_true(t.host.sd_ms > 0.5 && t.host.sd_ms < 2);
    assert_near(t.drift, 0, 0.001);
    assert_true(t.uncertain < 0.001);
}

static void a_clock_that_claims_more_than_comes_is_seen(void **state)
{
    (void)state;
    make(30, 0.3, 3.6, 2); /* says 3333 a second, and sends 280 */
    as_timing t = as_timing_measure(host, device, 30);
    assert_near(t.drift, 0.3 / 3.6 - 1, 0.02);
    assert_true(-t.drift > 0.02 + t.uncertain);
    make(N, 100.0 / 6, 17.5, 1); /* by a twentieth */
    t = as_timing_measure(host, device, N);
    assert_near(t.drift, 100.0 / 6 / 17.5 - 1, 0.001);
    assert_true(-t.drift > 0.02 + t.uncertain);
}

static void a_way_that_is_not_even_is_no_drift(void **state)
{
    (void)state;
    make(30, 2, 2, 40); /* 500 a second, in heaps of 20 */
    as_timing t = as_timing_measure(host, device, 30);
    assert_true(fabs(t.drift) <= 0.02 + t.uncertain);
    make(N, 10, 10, 3);
    for (size_t i = 100; i < 110; i++) /* the computer was busy for a moment */
        host[i] = fmax(host[i], host[110]);
    t = as_timing_measure(host, device, N);
    assert_true(fabs(t.drift) <= 0.02);
}

static void what_says_nothing_is_not_known(void **state)
{
    (void)state;
    make(N, 0, 20, 1); /* the clock stands */
    as_timing t = as_timing_measure(host, device, N);
    assert_true(isnan(t.drift) && !t.device.known && t.host.known);
    for (size_t i = 0; i < N; i++)
        device[i] = NAN; /* there is none */
    t = as_timing_measure(host, device, N);
    assert_true(isnan(t.drift) && !t.device.known && t.host.known);
    t = as_timing_measure(host, device, 2);
    assert_true(isnan(t.drift) && !t.host.known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_is_what_comes),
        cmocka_unit_test(a_clock_that_claims_more_than_comes_is_seen),
        cmocka_unit_test(a_way_that_is_not_even_is_no_drift),
        cmocka_unit_test(what_says_nothing_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
