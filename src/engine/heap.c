/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/heap.h"

#include <dlfcn.h>
#include <stdatomic.h>

enum { HEAPS = 64, HEAP_BYTES = 8192, HEAP_ALIGN = 16 };

struct as_heap {
    _Alignas(64) unsigned char bytes[HEAP_BYTES];
    size_t        used; /* by the thread that is in it */
    atomic_size_t live; /* blocks; any thread may drop one */
    atomic_bool   taken;
};

static as_heap           heaps[HEAPS];
static __thread as_heap *heap_now;

as_heap *as_heap_take(void)
{
    for (size_t i = 0; i < HEAPS; i++)
        if (!atomic_exchange(&heaps[i].taken, true))
            return &heaps[i];
    return NULL;
}

void as_heap_give(as_heap *heap)
{
    if (heap)
        atomic_store(&heap->taken, false);
}

void as_heap_enter(as_heap *heap)
{
    heap_now = heap;
}

void as_heap_leave(as_heap *heap)
{
    heap_now = NULL;
    if (heap && atomic_load(&heap->live) == 0)
        heap->used = 0;
}

/* The operators by the names that the Itanium C++ ABI gives them: new(size_t), delete(void *), delete(void *, size_t). */
__attribute__((visibility("default"))) void *as_heap_new(size_t n) __asm__("_Znwm");
__attribute__((visibility("default"))) void  as_heap_delete(void *block) __asm__("_ZdlPv");
__attribute__((visibility("default"))) void  as_heap_delete_sized(void *block, size_t n) __asm__("_ZdlPvm");

/* The operator of the C++ library. It throws when memory runs out, as its callers expect. */
static void *heap_next(_Atomic(void *) *kept, const char *name)
{
    void *found = atomic_load(kept);
    if (!found) {
        found = dlsym(RTLD_NEXT, name);
        atomic_store(kept, found);
    }
    return found;
}

void *as_heap_new(size_t n)
{
    static _Atomic(void *) kept;
    as_heap               *heap = heap_now;
    if (heap && n <= HEAP_BYTES) {
        const size_t size = (AS_MAX(n, 1u) + HEAP_ALIGN - 1) / HEAP_ALIGN * HEAP_ALIGN;
        if (heap->used + size <= HEAP_BYTES) {
            void *block = heap->bytes + heap->used;
            heap->used += size;
            atomic_fetch_add(&heap->live, 1);
            return block;
        }
    }
    return ((void *(*)(size_t))heap_next(&kept, "_Znwm"))(n);
}

void as_heap_delete(void *block)
{
    static _Atomic(void *) kept;
    const uintptr_t        at = (uintptr_t)block, first = (uintptr_t)heaps;
    if (at >= first && at < first + sizeof heaps)
        atomic_fetch_sub(&heaps[(at - first) / sizeof heaps[0]].live, 1);
    else
        ((void (*)(void *))heap_next(&kept, "_ZdlPv"))(block);
}

void as_heap_delete_sized(void *block, size_t n)
{
    (void)n;
    as_heap_delete(block);
}
