/* SPDX-License-Identifier: Apache-2.0 */
/* heap.h - small fixed pools from which a run serves the C++ library it calls. Private to engine.
 *
 * Layer:   engine.
 * Threads: any; a pool belongs to one thread at a time.
 * Memory:  static.
 *
 * oneDNN makes and drops a map of arguments in each execution of a primitive: some hundred blocks a run, from operator
 * new. C++ lets a program replace that operator (ISO/IEC 14882, [replacement.functions]); heap.c does, and serves blocks
 * from the pool that its thread has entered. Outside, and when the pool is used up, the library's own operator serves.
 */
#ifndef AS_ENGINE_HEAP_H
#define AS_ENGINE_HEAP_H

#include "base/def.h"

typedef struct as_heap as_heap;

as_heap *as_heap_take(void);          /* NULL when all are taken: everything below accepts that */
void     as_heap_give(as_heap *heap); /* back */
void     as_heap_enter(as_heap *heap);
void     as_heap_leave(as_heap *heap);

#endif
