/* SPDX-License-Identifier: Apache-2.0 */
#include "batches.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCHES_EACH = 250 }; /* graphs a process: what one breaks, or leaks, ends with it */

void *batches_tally(size_t bytes)
{
    void *tally = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return tally == MAP_FAILED ? NULL : tally;
}

int64_t batches_run(const batches *b)
{
    int64_t n_dead = 0;
    for (uint64_t at = 0; at < b->times;) {
        uint64_t n = AS_MIN(b->times - at, (uint64_t)BATCHES_EACH);
        int      status = 0;
        fflush(stdout);
        pid_t child = fork();
        if (child == 0)
            exit(b->some(b, b->seed + at, n, b->times == 1));
        if (child < 0 || waitpid(child, &status, 0) != child)
            return -1;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
            at += n;
            continue;
        }
        if (WIFEXITED(status) && WEXITSTATUS(status) == BATCHES_MISSING) {
            printf("SKIPPED: %s\n", b->why);
            return -BATCHES_MISSING;
        }
        b->ended(b, status);
        n_dead++;
        at = *b->trying - b->seed + 1;
    }
    return n_dead;
}
