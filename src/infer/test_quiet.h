/* SPDX-License-Identifier: Apache-2.0 */
/* test_quiet.h - does a run of the native engine take a lock, call the system or allocate? A process that may do nothing but
 * end, and with several threads but wait for each other, runs it.
 *
 * Layer:   infer, tests only.
 * Threads: one thread.
 * Memory:  none of its own.
 *
 * Counted are the allocations of all: of our code, of oneDNN, of the libraries of C++ and of OpenMP.
 */
#ifndef AS_INFER_TEST_QUIET_H
#define AS_INFER_TEST_QUIET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False: a sanitizer locks and allocates for itself, and there is nothing to be seen. */
bool quiet_is_counted(void);

/* Opens the model in a child, warmed, and fails unless its runs are quiet: on one thread they do nothing at all; two may sleep
 * until the other has done its part (futex). */
void quiet_assert(const uint8_t *model, size_t n, const char *name);

/* A test: that an allocation, a lock and a call are seen. */
void quiet_test_counts(void **state);

#endif
