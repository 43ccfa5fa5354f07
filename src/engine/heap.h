/* SPDX-License-Identifier: Apache-2.0 */
/* heap.h - a fixed store of small blocks, from which the C++ library that a run calls is served. Private to engine.
 *
 * Layer:   engine.
 * Threads: any.
 * Memory:  static.
 *
 * oneDNN makes a map of its arguments in each execution of a primitive, and drops it: some hundred small blocks a run, from
 * operator new. C++ lets a program replace that operator (ISO/IEC 14882, [replacement.functions]), and heap.c does: what a
 * thread asks for between enter and leave comes from the store, without a lock. All else, what is larger, and what finds the
 * store full, comes from the C++ library's own operator. A block stays taken until it is deleted, by any thread at any time.
 *
 * The other forms need no replacement: those of arrays, and those that do not throw, call this one; what is aligned beyond 16
 * bytes has a pair of its own. With a sanitizer, which has its own operators, nothing is replaced.
 */
#ifndef AS_ENGINE_HEAP_H
#define AS_ENGINE_HEAP_H

#include "base/def.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define AS_HEAP_REPLACES 0
#elif defined(__has_feature)
#define AS_HEAP_REPLACES (!__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer))
#else
#define AS_HEAP_REPLACES 1
#endif

/* with_others: threads of OpenMP that work on what this one begins are served too. */
void as_heap_enter(bool with_others);
void as_heap_leave(void); /* also where there was no enter */

/* Does the store serve at all: are the operators that libraries find those of heap.c? */
bool as_heap_serves(void);

/* How many blocks are taken. */
size_t as_heap_taken(void);

#endif
