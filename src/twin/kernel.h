/* SPDX-License-Identifier: Apache-2.0 */
/* kernel.h - what the inner loops of the twin are compiled for.
 *
 * Layer:   twin, for its own .c files.
 * Threads: immutable.
 * Memory:  none.
 *
 * Without fused multiply-adds (-ffp-contract=off): each product is rounded before it is added, so that a picture has the same
 * bytes on every processor.
 * clang's resolvers would be exported symbols, and run before a sanitizer is ready.
 */
#ifndef AS_TWIN_KERNEL_H
#define AS_TWIN_KERNEL_H

#if defined(__x86_64__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define AS_TWIN_CLONES     __attribute__((target_clones("avx512f", "avx2", "default")))
#define AS_TWIN_FEW_CLONES __attribute__((target_clones("avx2", "default"))) /* of what is large, and quick enough so */
#else
#define AS_TWIN_CLONES
#define AS_TWIN_FEW_CLONES
#endif

#endif
