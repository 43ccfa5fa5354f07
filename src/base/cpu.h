/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.h - which instructions this processor has, and how this program was limited.
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
uint64_t as_cpu_memory_bytes(void);   /* of the machine */
uint64_t as_cpu_resident_bytes(void); /* of this process now (VmRSS) */
uint64_t as_cpu_peak_bytes(void);     /* of this process at most so far (VmHWM) */

#endif
