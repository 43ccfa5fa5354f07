/* SPDX-License-Identifier: Apache-2.0 */
/* fault_calls KIND STEP SEED DIR: the n-th system call fails, or the n-th allocation, for n = 1, 1 + STEP, ... to the last.
 * The program ends by itself, with a status it is documented to have and a word about it; nothing that was told before is
 * lost, nothing half can be seen, and undisturbed the same command goes through.
 * KIND: io (EIO), full (ENOSPC from there on), files (EMFILE, of what opens) or memory. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/str.h"
#include "site.h"

typedef struct calls_kind {
    const char *name;
    fault_mode  mode;
    int         error;
    uint64_t    n_times;
    bool        with_reads;
} calls_kind;

static const calls_kind kinds[] = {
    {"io", FAULT_FAIL, EIO, 1, true},
    {"full", FAULT_FAIL, ENOSPC, UINT64_MAX, false},
    {"files", FAULT_FAIL, EMFILE, 1, true},
    {"memory", FAULT_NO_MEMORY, 0, 1, false},
};

static const char *const names[] = {"import", "import more",    "label", "gc", "clean",
                                    "erase",  "erase pictures", "push",  NULL};

static uint64_t n_failed, n_unharmed, n_runs;

static _Noreturn void calls_fail(const site_case *one, const calls_kind *kind, uint64_t n, const char *why)
{
    site_fail("%s, %s fails at %llu (%s): %s\n  stdout: %.300s\n  stderr: %.500s", one->name, kind->name,
              (unsigned long long)n, site_plan->what, why, site_out(NULL), site_err());
}

/* What it said, and how it ended. False: it went through. */
static bool calls_judge_end(const site_case *one, const calls_kind *kind, uint64_t n, int status)
{
    char why[120];
    if (WIFSIGNALED(status)) {
        snprintf(why, sizeof why, "it was ended by signal %d", WTERMSIG(status));
        calls_fail(one, kind, n, why);
    }
    const int code = WEXITSTATUS(status);
    if (code == 0) {
        n_unharmed++;
        return false;
    }
    n_failed++;
    if (code != 2 && code != 3) {
        snprintf(why, sizeof why, "its exit status is %d", code);
        calls_fail(one, kind, n, why);
    }
    if (!strchr(site_err(), '\n'))
        calls_fail(one, kind, n, "it failed without a word");
    return true;
}

static void calls_one(const site_case *one, const calls_kind *kind, uint64_t n, const site_promises *begin,
                      const as_digest *want)
{
    char          why[1200];
    size_t        n_out;
    uint64_t      ns;
    site_promises promises = {0};
    /* A picture that could not be read is refused, and that is told: the others are kept, and shared out another way. */
    site_copy("kept", "ws");
    site_promises_copy(&promises, begin);
    site_set(kind->mode, n, kind->n_times, kind->error);
    const bool  failed = calls_judge_end(one, kind, n, site_run(one->command, 0, 0));
    const char *out = site_out(&n_out);
    site_take(&promises, out, n_out);
    if (!site_check(&promises, why, sizeof why) || !site_restart(&ns, why, sizeof why))
        calls_fail(one, kind, n, why);
    if (!site_finish(one, &promises, failed ? want : NULL, why, sizeof why))
        calls_fail(one, kind, n, why);
    site_promises_done(&promises);
    n_runs++;
}

static void calls_case(const site_case *one, const calls_kind *kind, uint64_t step, uint64_t seed)
{
    site_promises begin = {0};
    site_prepare(one, &begin);
    begin.may_be_erased = one->erases;
    site_copy("ws", "kept");
    site_set(FAULT_COUNT, 0, 0, 0);
    atomic_store(&site_plan->with_reads, kind->with_reads);
    if (!site_status_ok(site_run(one->command, 0, 0), false))
        calls_fail(one, kind, 0, "it does not run at all");
    const uint64_t n =
        kind->mode == FAULT_NO_MEMORY ? atomic_load(&site_plan->n_allocs) : atomic_load(&site_plan->n_calls);
    const as_digest want = site_state();
    for (uint64_t at = 1 + seed % step; at <= n; at += step)
        calls_one(one, kind, at, &begin, &want);
    atomic_store(&site_plan->with_reads, 0);
    printf("%-6s %-12s %6llu to fail\n", kind->name, one->name, (unsigned long long)n);
    site_promises_done(&begin);
}

int main(int argc, char **argv)
{
    uint64_t step, seed;
    if (argc < 5 || !as_str_to_u64(argv[2], &step) || step == 0 || !as_str_to_u64(argv[3], &seed)) {
        fprintf(stderr, "fault_calls io|full|files|memory STEP SEED DIR\n");
        return 2;
    }
    site_begin(argv[4]);
    const as_ns begin = as_clock_mono();
    for (size_t k = 0; k < AS_COUNT(kinds); k++)
        for (size_t i = 0; strcmp(argv[1], kinds[k].name) == 0 && names[i]; i++)
            for (size_t c = 0; site_cases[c].name; c++)
                if (strcmp(site_cases[c].name, names[i]) == 0)
                    calls_case(&site_cases[c], &kinds[k], step, seed);
    printf(
        "%s: %llu failed in %llu runs, %llu of which ended with a clear word and %llu did not mind: 0 crashes, 0 lost. "
        "%.0f s\n",
        argv[1], (unsigned long long)n_runs, (unsigned long long)n_runs, (unsigned long long)n_failed,
        (unsigned long long)n_unharmed, (double)(as_clock_mono() - begin) / 1e9);
    return 0;
}
