/* SPDX-License-Identifier: Apache-2.0 */
/* test_counts.h - counts the allocations of the test that includes it, in n_allocations.
 *
 * Layer:   infer, tests only.
 * Threads: any.
 * Memory:  glibc's.
 *
 * Of this program's code: hidden symbols, so that libraries keep glibc's. oneDNN 2.6 makes and frees a map of arguments in
 * each dnnl_primitive_execute(), about five small blocks; that is not counted. A sanitizer brings its own functions, and
 * there is no count then.
 */
#ifndef AS_INFER_TEST_COUNTS_H
#define AS_INFER_TEST_COUNTS_H

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(SANITIZED) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS_ALLOCATIONS 0
static _Atomic size_t n_allocations;
#else
#define COUNTS_ALLOCATIONS 1
static _Atomic size_t n_allocations;

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

void *malloc(size_t n)
{
    n_allocations++;
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    n_allocations++;
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    n_allocations++;
    return __libc_realloc(p, n);
}

int posix_memalign(void **ret, size_t align, size_t n)
{
    n_allocations++;
    *ret = __libc_memalign(align, n);
    return *ret ? 0 : 12; /* ENOMEM */
}

void *aligned_alloc(size_t align, size_t n)
{
    n_allocations++;
    return __libc_memalign(align, n);
}
#endif

#endif
