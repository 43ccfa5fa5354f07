/* SPDX-License-Identifier: Apache-2.0 */
/* fault_kill TIMES SEED DIR: kill -9 of programs that write, before and in the middle of each of their calls that change a
 * file, and then at random ones and at random times. After each: what was promised is there, nothing half can be seen,
 * the next program starts within a second and finishes what was begun. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/rng.h"
#include "base/str.h"
#include "site.h"

#define RESTART_NS AS_NS_PER_S
#define RESET      40 /* rounds in one workspace */

typedef struct kill_tally {
    uint64_t n_killed, n_ended, n_calls, worst_ns;
    unsigned n_cases;
} kill_tally;

static kill_tally  tally;
static atomic_bool is_stopped; /* by Ctrl-C or SIGTERM: what was run until then is told */

static void kill_stop(int signal_number)
{
    (void)signal_number;
    atomic_store(&is_stopped, true);
}

static _Noreturn void kill_fail(const site_case *one, const char *how, const char *why)
{
    site_fail("%s, killed %s (%s): %s\n  stdout: %.400s\n  stderr: %.400s", one->name, how, site_plan->what, why,
              site_out(NULL), site_err());
}

/* What a program that was just killed left; and the next one. */
static void kill_judge(const site_case *one, const char *how, site_promises *promises)
{
    char        why[1200];
    uint64_t    ns;
    size_t      n;
    const char *out = site_out(&n);
    site_take(promises, out, n);
    if (!site_check(promises, why, sizeof why) || !site_restart(&ns, why, sizeof why) ||
        !site_check(promises, why, sizeof why))
        kill_fail(one, how, why);
    if (ns > (uint64_t)RESTART_NS) {
        snprintf(why, sizeof why, "it took %.2f s to start again", (double)ns / 1e9);
        kill_fail(one, how, why);
    }
    tally.worst_ns = AS_MAX(tally.worst_ns, ns);
}

static bool kill_once(const site_case *one, const char *command, unsigned round, fault_mode mode, uint64_t at,
                      uint64_t kill_ns, const char *how, site_promises *promises)
{
    site_set(mode, at, 1, 0);
    int  status = site_run(command, round, kill_ns);
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (!killed && !site_status_ok(status, true))
        kill_fail(one, how, "it did not end as it should");
    tally.n_killed += killed;
    tally.n_ended += !killed;
    kill_judge(one, how, promises);
    return killed;
}

/* Each call once before it and once in its middle, `step` apart. */
static void kill_each_call(const site_case *one, uint64_t step)
{
    site_promises begin = {0}, promises = {0};
    char          how[64], why[1200];
    site_prepare(one, &begin);
    begin.may_be_erased = one->erases;
    if (begin.commits.n + begin.objects.n || one->prepare[0])
        site_copy("ws", "kept");
    site_set(FAULT_COUNT, 0, 0, 0);
    if (!site_status_ok(site_run(one->command, 0, 0), false))
        kill_fail(one, "never", "it does not run at all");
    const uint64_t  n_calls = atomic_load(&site_plan->n_calls);
    const as_digest want = site_state();
    if (!site_check(&begin, why, sizeof why))
        kill_fail(one, "never", why);
    for (uint64_t k = 0; k < 2 * n_calls && !atomic_load(&is_stopped); k += step) {
        snprintf(how, sizeof how, "%s call %llu of %llu", k % 2 ? "in" : "before", (unsigned long long)k / 2 + 1,
                 (unsigned long long)n_calls);
        if (one->prepare[0])
            site_copy("kept", "ws");
        else
            site_remove(site_ws);
        site_promises_copy(&promises, &begin);
        if (kill_once(one, one->command, 0, k % 2 ? FAULT_KILL_MIDDLE : FAULT_KILL, k / 2 + 1, 0, how, &promises) &&
            !site_finish(one, &promises, &want, why, sizeof why))
            kill_fail(one, how, why);
    }
    site_promises_done(&begin);
    site_promises_done(&promises);
    printf("%-12s %4llu calls\n", one->name, (unsigned long long)n_calls);
    tally.n_calls += n_calls;
    tally.n_cases++;
}

static const char *kill_command(as_rng *rng)
{
    static const char *const lines[] = {"assay import p#",
                                        "assay label set bad --where name~*p#/*",
                                        "assay label set good --where name~*p#/*",
                                        "writer store #",
                                        "writer gc #",
                                        "writer erase #"};
    /* Half of them import, so that there is something to lose. */
    return lines[as_rng_below(rng, 2) ? (size_t)as_rng_below(rng, AS_COUNT(lines)) : 0];
}

/* One disturbed program after the other in the same workspace. */
static void kill_at_random(uint64_t times, uint64_t seed)
{
    static const site_case one = {.name = "random", .prepare = {"assay init ws --classes good,bad", "assay import p0"}};
    site_promises          promises = {0};
    as_rng                 rng = as_rng_new(seed);
    for (uint64_t i = 0; tally.n_killed < times && !atomic_load(&is_stopped); i++) {
        char how[320];
        if (i % RESET == 0) {
            site_prepare(&one, &promises);
            promises.may_be_erased = true;
        }
        const unsigned round = (unsigned)(i % RESET);
        const bool     by_time = as_rng_below(&rng, 2);
        const uint64_t ns = by_time ? 1 + as_rng_below(&rng, 30 * AS_NS_PER_MS) : 0;
        const uint64_t at = by_time ? 0 : 1 + as_rng_below(&rng, as_rng_below(&rng, 4) ? 40 : 150);
        const char    *command = kill_command(&rng);
        snprintf(how, sizeof how, "in '%s' of round %llu (seed %llu)", command, (unsigned long long)i,
                 (unsigned long long)seed);
        (void)kill_once(&one, command, round,
                        by_time                 ? FAULT_COUNT
                        : as_rng_below(&rng, 2) ? FAULT_KILL
                                                : FAULT_KILL_MIDDLE,
                        at, ns, how, &promises);
        if (i > 4 * times + 100)
            kill_fail(&one, how, "too few programs live long enough to be killed");
    }
    site_promises_done(&promises);
}

int main(int argc, char **argv)
{
    uint64_t times, seed;
    if (argc < 4 || !as_str_to_u64(argv[1], &times) || !as_str_to_u64(argv[2], &seed)) {
        fprintf(stderr, "fault_kill TIMES SEED DIR [CASE]\n");
        return 2;
    }
    site_begin(argv[3]);
    signal(SIGINT, kill_stop);
    signal(SIGTERM, kill_stop);
    setvbuf(stdout, NULL, _IOLBF, 0);
    const as_ns begin = as_clock_mono();
    const bool  is_full = times >= 3000;
    for (size_t i = 0; site_cases[i].name; i++)
        if (!site_cases[i].is_power_only && !atomic_load(&is_stopped) &&
            (argc > 4 ? strcmp(argv[4], site_cases[i].name) == 0 : is_full || !site_cases[i].is_slow))
            kill_each_call(&site_cases[i], is_full || argc > 4 ? 1 : 1 + 1400 / (times + 1));
    if (argc <= 4)
        kill_at_random(times, seed);
    printf("%llu programs killed (%llu ended first) at %s of %llu calls of %u kinds, and at random: 0 promises broken; "
           "at 95 %% confidence fewer than 1 in %llu does. The next one began within %.0f ms. %.0f s%s\n",
           (unsigned long long)tally.n_killed, (unsigned long long)tally.n_ended, is_full ? "all" : "some",
           (unsigned long long)tally.n_calls, tally.n_cases, (unsigned long long)tally.n_killed / 3,
           (double)tally.worst_ns / 1e6, (double)(as_clock_mono() - begin) / 1e9,
           atomic_load(&is_stopped) ? ", stopped early" : "");
    return 0;
}
