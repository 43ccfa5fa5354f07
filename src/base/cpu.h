/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.h - which processor this is, and how much memory. What of its instructions may be used: isa.h.
 *
 * Layer:   base.
 * Threads: any thread.
 * Memory:  static.
 */
#ifndef AS_BASE_CPU_H
#define AS_BASE_CPU_H

#include "base/def.h"

const char *as_cpu_model(void); /* "AMD EPYC 9R14", or "unknown" */
const char *as_cpu_features(
    void); /* those that matter here, by blanks: "sse4_2 avx2 fma avx512f avx512_vnni amx_int8" */
bool     as_cpu_has(const char *flag); /* one of the kernel's words: "avx512bw" */
uint64_t as_cpu_memory_bytes(void);    /* of the machine */
uint64_t as_cpu_resident_bytes(void);  /* of this process now (VmRSS) */
uint64_t as_cpu_peak_bytes(void);      /* of this process at most so far (VmHWM) */

#endif
