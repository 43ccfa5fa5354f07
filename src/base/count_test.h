/* SPDX-License-Identifier: Apache-2.0 */
/* count_test.h - counts the allocations of a test's process, those of oneDNN and the C++ library included.
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

/* Every allocation of the process, that of oneDNN and the C++ library included, comes through here. */
#if COUNTS_ALLOCATIONS
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t each);
void *__libc_realloc(void *block, size_t n);
void *__libc_memalign(size_t align, size_t n);

static atomic_bool counting;
static atomic_uint counted;

static void count(void)
{
    if (atomic_load(&counting))
        atomic_fetch_add(&counted, 1);
}

void *malloc(size_t n)
{
    count();
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t each)
{
    count();
    return __libc_calloc(n, each);
}

void *realloc(void *block, size_t n)
{
    count();
    return __libc_realloc(block, n);
}

void *aligned_alloc(size_t align, size_t n)
{
    count();
    return __libc_memalign(align, n);
}

int posix_memalign(void **ret, size_t align, size_t n)
{
    count();
    *ret = __libc_memalign(align, n);
    return *ret ? 0 : 12; /* ENOMEM */
}

static inline void count_begin(void)
{
    atomic_store(&counted, 0);
    atomic_store(&counting, true);
}

/* How many there were since. */
static inline unsigned count_end(void)
{
    atomic_store(&counting, false);
    return atomic_load(&counted);
}
#else /* a sanitizer brings its own functions, and there is no count */
static inline void count_begin(void)
{
}

static inline unsigned count_end(void)
{
    return 0;
}
#endif

#endif
