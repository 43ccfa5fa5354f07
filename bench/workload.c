/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "bench/harness.h"

#define X(name) extern const bench_workload bench_##name;
#include "bench/workload_list.inc"
#undef X

static const bench_workload *const workloads[] = {
#define X(name) &bench_##name,
#include "bench/workload_list.inc"
#undef X
};

const bench_workload *bench_workload_at(size_t i)
{
    return i < AS_COUNT(workloads) ? workloads[i] : NULL;
}

const bench_workload *bench_workload_find(const char *id, as_err *err)
{
    const char *ids[AS_COUNT(workloads)];
    for (size_t i = 0; i < AS_COUNT(workloads); i++) {
        ids[i] = workloads[i]->id;
        if (strcmp(ids[i], id) == 0)
            return workloads[i];
    }
    const char *near = as_str_nearest(id, ids, AS_COUNT(workloads));
    AS_FAIL(err, AS_ENOTFOUND, "no workload '%s'%s%s%s", id, near ? " (did you mean '" : "", near ? near : "",
            near ? "'?)" : " (bench/run list shows them)");
    return NULL;
}
