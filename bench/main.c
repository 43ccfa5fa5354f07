/* SPDX-License-Identifier: Apache-2.0 */
/* main.c: what bench/run calls. bench list · bench run RESULTS [ID]; BENCH_PAIRS and BENCH_CPU from the environment. */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/harness.h"
#include "bench/opening.h"
#include "bench/result.h"
#include "engine/peak.h"

typedef struct bench_counts {
    int measured, skipped, failed;
} bench_counts;

static int main_fail(const as_err *err)
{
    fprintf(stderr, "bench: %s\n", err->text);
    return as_err_exit_status(err->code);
}

static int main_list(void)
{
    for (size_t i = 0; bench_workload_at(i); i++)
        printf("%-17s %s\n", bench_workload_at(i)->id, bench_workload_at(i)->summary);
    return 0;
}

static bool main_env(const char *name, uint64_t max, uint64_t *ret, as_err *err)
{
    const char *text = getenv(name);
    uint64_t    value;
    if (!text || !*text)
        return true;
    if (!as_str_to_u64(text, &value) || value > max)
        return AS_FAIL(err, AS_EINVAL, "'%s' is '%s': a number up to %" PRIu64 " was expected", name, text, max);
    *ret = value;
    return true;
}

static bool main_measure(const bench_workload *workload, const bench_cfg *cfg, const bench_machine *machine,
                         const char *dir, as_err *err)
{
    bench_result result;
    int          pinned_to; /* the workload before may have let go */
    if (!bench_machine_pin(machine->pinned_to, &pinned_to, err) || !bench_measure(workload, cfg, &result, err))
        return false;
    /* What a workload with other work beside it met is part of its result. */
    bench_machine after = *machine;
    bench_machine_look(&after, machine->pinned_to);
    after.load = machine->load;
    bool ok = bench_result_write(dir, &result, &after, err) && bench_page_write(dir, err);
    if (ok)
        bench_result_print(stdout, &result, &after);
    fflush(stdout);
    bench_result_done(&result);
    return ok;
}

static int main_all(const bench_cfg *cfg, const bench_machine *machine, const char *dir)
{
    bench_counts counts = {0};
    for (size_t i = 0; bench_workload_at(i); i++) {
        as_err err = AS_ERR_NONE;
        if (main_measure(bench_workload_at(i), cfg, machine, dir, &err)) {
            counts.measured++;
        } else {
            const bool missing = err.code == AS_EMISSING;
            printf("%s: %s\n", missing ? "skipped" : "FAILED", err.text);
            *(missing ? &counts.skipped : &counts.failed) += 1;
        }
    }
    printf("%d measured, %d skipped, %d failed; %s/index.html\n", counts.measured, counts.skipped, counts.failed, dir);
    return counts.failed ? 1 : 0;
}

static int main_run(const char *dir, const char *id)
{
    as_err                err = AS_ERR_NONE;
    bench_cfg             cfg = bench_cfg_default();
    bench_machine         machine = {0};
    const bench_workload *workload = id ? bench_workload_find(id, &err) : NULL;
    uint64_t              pairs = cfg.pairs, cpu = UINT64_MAX;
    int                   pinned_to;
    if ((id && !workload) || !main_env("BENCH_PAIRS", BENCH_MAX_PAIRS, &pairs, &err) ||
        !main_env("BENCH_CPU", INT32_MAX, &cpu, &err) ||
        !bench_machine_pin(cpu == UINT64_MAX ? -1 : (int)cpu, &pinned_to, &err))
        return main_fail(&err);
    cfg.pairs = (size_t)pairs;
    bench_machine_look(&machine, pinned_to);
    machine.peak_flops = as_peak_flops();
    machine.peak_int8 = as_peak_int8();
    if (!workload)
        return main_all(&cfg, &machine, dir);
    return main_measure(workload, &cfg, &machine, dir, &err) ? 0 : main_fail(&err);
}

/* Threads of a network wait for each other as they do in the program that is measured (src/cli/program.c), which is told when
 * this one is loaded: it begins once more. Peers of their own process are not told. */
static void main_spin_briefly(char **argv)
{
    if (getenv("BENCH_SPINS")) {
        unsetenv("BENCH_SPINS");
        unsetenv("GOMP_SPINCOUNT");
    } else if (!getenv("GOMP_SPINCOUNT") && !getenv("OMP_WAIT_POLICY") && setenv("GOMP_SPINCOUNT", "1000", 1) == 0 &&
               setenv("BENCH_SPINS", "", 1) == 0)
        execv("/proc/self/exe", argv); /* where it cannot it goes on as it is */
}

int main(int argc, char **argv)
{
    /* Line by line into a pipe too: what a forked child inherits unwritten it would write again. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 4 && strcmp(argv[1], "load") == 0) /* what the workloads `load` start */
        return bench_opening_child(argv[2], argv[3]);
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        return main_list();
    if ((argc == 3 || argc == 4) && strcmp(argv[1], "run") == 0) {
        main_spin_briefly(argv);
        return main_run(argv[2], argv[3]);
    }
    fputs("usage: bench list\n       bench run RESULTS [ID]\n", stderr);
    return 2;
}
