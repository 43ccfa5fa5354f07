/* SPDX-License-Identifier: Apache-2.0 */
/* What opening a model takes, seen in a process that does nothing else. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "lab/bench_part.h"

#define START_MOST_NS (120 * AS_NS_PER_S)

typedef struct start_result {
    double   seconds;
    uint64_t bytes;
} start_result;

static bool start_once(const uint8_t *model, size_t n, const char *name, const as_session_cfg *cfg,
                       const as_bench_inputs *inputs)
{
    as_session *session = as_session_open(model, n, name, cfg, NULL);
    as_tensor  *outputs = session ? calloc(as_session_n_outputs(session) + 1, sizeof *outputs) : NULL;
    return outputs && as_session_run(session, inputs->sets[0], outputs, NULL);
}

/* Never returns. Nothing is freed: what it holds at the end is what is measured. */
static void start_child(int to, const uint8_t *model, size_t n, const char *name, const as_session_cfg *cfg,
                        const as_bench_inputs *inputs)
{
    const uint64_t before = as_cpu_resident_bytes();
    const as_ns    start = as_clock_mono();
    bool           ok = start_once(model, n, name, cfg, inputs);
    start_result   result = {.seconds = (double)(as_clock_mono() - start) / (double)AS_NS_PER_S};
    const uint64_t after = as_cpu_resident_bytes();
    result.bytes = after > before ? after - before : 0;
    if (ok && write(to, &result, sizeof result) != (ssize_t)sizeof result)
        close(to);
    raise(SIGKILL); /* ends it without what the program has to do at its end: that is its parent's */
}

static bool start_wait(int from, const as_progress *progress, start_result *ret)
{
    const as_ns until = as_clock_mono() + START_MOST_NS;
    while (as_clock_mono() < until && as_progress_go_on(progress, NULL)) {
        struct pollfd fd = {.fd = from, .events = POLLIN};
        if (poll(&fd, 1, 200) > 0)
            return read(from, ret, sizeof *ret) == (ssize_t)sizeof *ret;
    }
    return false;
}

void as_bench_start(const uint8_t *model, size_t n, const char *name, const as_session_cfg *cfg,
                    const as_bench_inputs *inputs, const as_progress *progress, as_bench_side *side)
{
    int          ends[2];
    start_result result = {0};
    if (pipe(ends) != 0)
        return;
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        start_child(ends[1], model, n, name, cfg, inputs);
    }
    close(ends[1]);
    if (pid > 0) {
        side->has_start = start_wait(ends[0], progress, &result);
        if (!side->has_start)
            kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    close(ends[0]);
    side->start_seconds = result.seconds;
    side->start_bytes = result.bytes;
}
