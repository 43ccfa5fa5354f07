/* SPDX-License-Identifier: Apache-2.0 */
/* kernel.h - what the image kernels share: the choice of instructions.
 *
 * Layer:   image, for its own .c files.
 * Threads: immutable.
 * Memory:  none.
 *
 * AVX2 without FMA on purpose: a product that is rounded before it is added gives the same bits as the portable version,
 * on every x86-64 processor. clang's resolvers would be exported symbols, and run before a sanitizer is ready.
 */
#ifndef AS_IMAGE_KERNEL_H
#define AS_IMAGE_KERNEL_H

#if defined(__x86_64__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define AS_IMAGE_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define AS_IMAGE_CLONES
#endif

#endif
