/* SPDX-License-Identifier: Apache-2.0 */
/* count_test.h - counts the allocations of a test's process: those of our own code, and beside them those of libraries.
 *
 * Layer:   base, for tests: one file of a program includes it.
 * Threads: any.
 * Memory:  none of its own.
 */
#ifndef AS_BASE_COUNT_TEST_H
#define AS_BASE_COUNT_TEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#define COUNTS_ALLOCATIONS (!__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer))
#else
#define COUNTS_ALLOCATIONS 1
#endif

/* Every allocation of the process comes through here. Seen by all libraries, oneDNN and that of C++ among them. */
#if COUNTS_ALLOCATIONS
#define COUNT_SEEN __attribute__((visibility("default")))

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t each);
void *__libc_realloc(void *block, size_t n);
void *__libc_memalign(size_t align, size_t n);

extern const char __executable_start[], etext[]; /* from the linker: where the program's own code lies */

static atomic_bool counting;
static atomic_uint counted, counted_others;

static void count(const void *caller)
{
    if (atomic_load(&counting))
        atomic_fetch_add(
            (const char *)caller >= __executable_start && (const char *)caller < etext ? &counted : &counted_others, 1);
}

COUNT_SEEN void *malloc(size_t n)
{
    count(__builtin_return_address(0));
    return __libc_malloc(n);
}

COUNT_SEEN void *calloc(size_t n, size_t each)
{
    count(__builtin_return_address(0));
    return __libc_calloc(n, each);
}

COUNT_SEEN void *realloc(void *block, size_t n)
{
    count(__builtin_return_address(0));
    return __libc_realloc(block, n);
}

COUNT_SEEN void *aligned_alloc(size_t align, size_t n)
{
    count(__builtin_return_address(0));
    return __libc_memalign(align, n);
}

COUNT_SEEN int posix_memalign(void **ret, size_t align, size_t n)
{
    count(__builtin_return_address(0));
    *ret = __libc_memalign(align, n);
    return *ret ? 0 : 12; /* ENOMEM */
}

static inline void count_begin(void)
{
    atomic_store(&counted, 0);
    atomic_store(&counted_others, 0);
    atomic_store(&counting, true);
}

/* How many of our own there were since. */
static inline unsigned count_end(void)
{
    atomic_store(&counting, false);
    return atomic_load(&counted);
}

/* And of libraries. */
static inline unsigned count_others(void)
{
    return atomic_load(&counted_others);
}
#else /* a sanitizer brings its own functions, and there is no count */
static inline void count_begin(void)
{
}

static inline unsigned count_end(void)
{
    return 0;
}

static inline unsigned count_others(void)
{
    return 0;
}
#endif

#endif
