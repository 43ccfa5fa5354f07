/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/machine.h"

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/str.h"
#include "build_config.h"

static cpu_set_t machine_allowed; /* before the first bench_machine_pin */

bool bench_machine_unpin(as_err *err)
{
    return CPU_COUNT(&machine_allowed) == 0 || sched_setaffinity(0, sizeof machine_allowed, &machine_allowed) == 0 ||
           as_err_errno(err, errno, "cannot go back to all processors");
}

bool bench_machine_pin(int cpu, int *ret_cpu, as_err *err)
{
    if (CPU_COUNT(&machine_allowed) == 0 && sched_getaffinity(0, sizeof machine_allowed, &machine_allowed) != 0)
        return as_err_errno(err, errno, "cannot learn which processors there are");
    cpu_set_t set = machine_allowed;
    for (int i = CPU_SETSIZE - 1; cpu < 0 && i >= 0; i--)
        cpu = CPU_ISSET((size_t)i, &set) ? i : cpu;
    if (cpu < 0 || cpu >= CPU_SETSIZE || !CPU_ISSET((size_t)cpu, &set))
        return AS_FAIL(err, AS_EINVAL, "this process may not run on processor %d", cpu);
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        return as_err_errno(err, errno, "cannot stay on processor %d", cpu);
    *ret_cpu = cpu;
    return true;
}

void bench_machine_look(bench_machine *machine, int pinned_to)
{
    struct utsname name;
    struct rusage  usage;
    as_str_copy(machine->model, sizeof machine->model, as_cpu_model());
    as_str_copy(machine->features, sizeof machine->features, as_cpu_features());
    as_str_copy(machine->compiler, sizeof machine->compiler, AS_COMPILER);
    as_str_copy(machine->build_type, sizeof machine->build_type, AS_BUILD_TYPE);
    as_clock_text(as_clock_utc(), machine->when);
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    machine->processors = processors > 0 ? (unsigned)processors : 1;
    machine->pinned_to = pinned_to;
    if (getloadavg(&machine->load, 1) != 1)
        machine->load = -1.0;
    if (uname(&name) == 0)
        snprintf(machine->system, sizeof machine->system, "%.60s %.100s %.60s", name.sysname, name.release,
                 name.machine);
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        machine->preemptions = (uint64_t)usage.ru_nivcsw;
}
