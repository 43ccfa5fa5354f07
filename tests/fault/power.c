/* SPDX-License-Identifier: Apache-2.0 */
/* fault_power TIMES SEED DIR: what a disk may hold after a power cut. Each program's calls are written down (shim.c); from
 * them, for moments between any two, folders are built that a disk may then have: disk.c says which. In each: what was
 * promised until then is there, nothing half can be seen, the next program starts and finishes. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "disk.h"
#include "site.h"

#define FINISH 8 /* each so many-th image is gone on with */

typedef struct power_log {
    uint8_t *bytes;
    size_t   n, at;
    char    *said;
    size_t   n_said;
} power_log;

static uint64_t n_images, n_moments, n_finished, worst_ns;

/* False at the end. */
static bool power_next(power_log *log, disk_step *ret)
{
    fault_entry entry;
    if (log->n - log->at < sizeof entry)
        return false;
    memcpy(&entry, log->bytes + log->at, sizeof entry);
    log->at += sizeof entry;
    if (entry.n_path >= sizeof ret->path || entry.n_other >= sizeof ret->other || entry.n_bytes > log->n ||
        log->n - log->at < entry.n_path + entry.n_other + entry.n_bytes)
        site_fail("the log of calls is cut off");
    *ret = (disk_step){.entry = entry, .bytes = log->bytes + log->at + entry.n_path + entry.n_other};
    memcpy(ret->path, log->bytes + log->at, entry.n_path);
    memcpy(ret->other, log->bytes + log->at + entry.n_path, entry.n_other);
    log->at += entry.n_path + entry.n_other + entry.n_bytes;
    return true;
}

static void power_record(const site_case *one, power_log *ret)
{
    char   path[600];
    as_err err = AS_ERR_NONE;
    snprintf(path, sizeof path, "%s/log", site_work);
    site_remove(path);
    site_set(FAULT_RECORD, 0, 0, 0);
    snprintf(site_plan->root, sizeof site_plan->root, "%s", site_work);
    memcpy(site_plan->log, path, sizeof path);
    for (size_t i = 0; one->is_power_only && i < AS_COUNT(one->prepare) && one->prepare[i]; i++)
        if (!site_status_ok(site_run(one->prepare[i], 0, 0), false))
            site_fail("%s: '%s' fails: %.400s", one->name, one->prepare[i], site_err());
    if (!site_status_ok(site_run(one->command, 0, 0), false))
        site_fail("%s: '%s' fails: %.400s", one->name, one->command, site_err());
    *ret = (power_log){0};
    if (!as_fs_read(path, (size_t)1 << 30, &ret->bytes, &ret->n, &err))
        site_fail("%s", err.text);
    ret->said = strdup(site_out(&ret->n_said));
    if (!ret->said)
        site_fail("not enough memory");
}

static void power_judge(const site_case *one, const site_promises *promises, const as_digest *want, const char *how)
{
    char     why[1200];
    uint64_t ns;
    if (!site_check(promises, why, sizeof why) || !site_restart(&ns, why, sizeof why) ||
        !site_check(promises, why, sizeof why))
        site_fail("%s, power cut %s: %s", one->name, how, why);
    worst_ns = AS_MAX(worst_ns, ns);
    n_images++;
    if (!one->repeats || n_images % FINISH)
        return;
    site_promises after = {0};
    site_promises_copy(&after, promises);
    if (!site_finish(one, &after, want, why, sizeof why))
        site_fail("%s, power cut %s: %s", one->name, how, why);
    site_promises_done(&after);
    n_finished++;
}

/* `per` images of the moment after step `at`. */
static void power_cut(const site_case *one, const disk *was, uint64_t at, uint64_t per, as_rng *rng,
                      const site_promises *promises, const as_digest *want)
{
    char how[200], what[80];
    n_moments++;
    for (uint64_t k = 0; k < per; k++) {
        site_remove(site_ws);
        disk_build(was, rng, site_work, "ws", what, sizeof what);
        snprintf(how, sizeof how, "after step %llu, image %llu (%s)", (unsigned long long)at, (unsigned long long)k,
                 what);
        power_judge(one, promises, want, how);
    }
}

static bool power_changes(const disk_step *step)
{
    return step->entry.op != FAULT_OP_START &&
           (step->entry.op != FAULT_OP_OPEN || (step->entry.value & (O_CREAT | O_TRUNC)));
}

static void power_case(const site_case *one, uint64_t images, as_rng *rng)
{
    site_promises promises = {0};
    power_log     log;
    disk_step     step;
    uint64_t      n_steps = 0, at = 0, before = n_images;
    if (one->is_power_only)
        site_remove(site_ws);
    else
        site_prepare(one, &promises);
    promises.may_be_erased = one->erases;
    disk *was = disk_load(site_work, "ws");
    power_record(one, &log);
    const as_digest want = site_state();
    while (power_next(&log, &step))
        n_steps += power_changes(&step);
    const uint64_t per = AS_MAX(images / (n_steps + 1), (uint64_t)1),
                   skip = AS_MAX((n_steps + 1) / (images + 1), (uint64_t)1);
    log.at = 0;
    while (power_next(&log, &step)) {
        if (step.entry.op == FAULT_OP_SAY)
            site_take(&promises, (const char *)step.bytes, (size_t)step.entry.n_bytes);
        else
            disk_do(was, &step);
        if (power_changes(&step) && at++ % skip == 0)
            power_cut(one, was, at, per, rng, &promises, &want);
    }
    /* What stdio printed did not come through the shim: it is promised at the end, as all else is. */
    site_take(&promises, log.said, log.n_said);
    power_cut(one, was, at, AS_MAX(per * 4, (uint64_t)20), rng, &promises, &want);
    printf("%-12s %4llu steps, %llu images\n", one->name, (unsigned long long)n_steps,
           (unsigned long long)(n_images - before));
    disk_free(was);
    free(log.bytes);
    free(log.said);
    site_promises_done(&promises);
}

int main(int argc, char **argv)
{
    uint64_t times, seed, n_cases = 0;
    if (argc < 4 || !as_str_to_u64(argv[1], &times) || !as_str_to_u64(argv[2], &seed)) {
        fprintf(stderr, "fault_power TIMES SEED DIR [CASE]\n");
        return 2;
    }
    site_begin(argv[3]);
    const as_ns begin = as_clock_mono();
    as_rng      rng = as_rng_new(seed);
    for (size_t i = 0; site_cases[i].name; i++)
        n_cases += argc > 4 ? strcmp(argv[4], site_cases[i].name) == 0 : times >= 3000 || !site_cases[i].is_slow;
    for (size_t i = 0; site_cases[i].name; i++)
        if (argc > 4 ? strcmp(argv[4], site_cases[i].name) == 0 : times >= 3000 || !site_cases[i].is_slow)
            power_case(&site_cases[i], times / AS_MAX(n_cases, (uint64_t)1), &rng);
    printf("%llu disks after power cuts at %llu moments, %llu of them gone on with: 0 promises broken; at 95 %% "
           "confidence "
           "fewer than 1 in %llu is. The next one began within %.0f ms. %.0f s\n",
           (unsigned long long)n_images, (unsigned long long)n_moments, (unsigned long long)n_finished,
           (unsigned long long)n_images / 3, (double)worst_ns / 1e6, (double)(as_clock_mono() - begin) / 1e9);
    return 0;
}
