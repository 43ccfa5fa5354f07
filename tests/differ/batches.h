/* SPDX-License-Identifier: Apache-2.0 */
/* batches.h - graphs tried in processes of their own, many in each: one that ends its process is told, and the next goes on.
 *
 * Layer:   tests.
 * Threads: one thread.
 * Memory:  the tally is shared with the processes.
 */
#ifndef TESTS_DIFFER_BATCHES_H
#define TESTS_DIFFER_BATCHES_H

#include "base/def.h"

enum { BATCHES_MISSING = 77 };

typedef struct batches {
    uint64_t        times, seed; /* seeds from seed on */
    void           *tally;       /* of batches_tally() */
    const uint64_t *trying;      /* in it: the seed that is being tried */
    const char     *why;         /* in it: what is missing */
    void           *ctx;
    /* Tries n seeds in the process; returns its status: 0, or BATCHES_MISSING. show: it is the only one. */
    int (*some)(const struct batches *b, uint64_t from, uint64_t n, bool show);
    void (*ended)(const struct batches *b, int status); /* what waitpid() says, of *trying */
} batches;

void *batches_tally(size_t bytes); /* zeros; NULL: there is no memory */
/* How many ended their process; -1: none could be begun; -BATCHES_MISSING, which has been told. */
int64_t batches_run(const batches *b);

#endif
