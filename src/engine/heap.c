/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/heap.h"

#include <dlfcn.h>
#include <stdatomic.h>

#if AS_HEAP_REPLACES

enum { HEAP_SHELVES = 32, HEAP_SLOTS = 64, HEAP_SLOT_BYTES = 512 };

/* Threads start at shelves of their own, as far as there are enough: no two write to one line of the cache. */
typedef struct heap_shelf {
    _Alignas(64) _Atomic uint64_t taken; /* a bit a slot */
    _Alignas(64) unsigned char slots[HEAP_SLOTS][HEAP_SLOT_BYTES];
} heap_shelf;

/* Where a thread stands, as enter has left it. */
typedef enum heap_mark { HEAP_OUTSIDE = 0, HEAP_ALONE, HEAP_WITH_OTHERS } heap_mark;

static heap_shelf         heap_shelves[HEAP_SHELVES];
static atomic_uint        heap_threads; /* that were served */
static atomic_uint        heap_teams;   /* threads that are inside, with others */
static __thread heap_mark heap_here;
static __thread uint32_t  heap_home; /* 1 more than the shelf at which this thread starts; 0: has none yet */

int omp_in_parallel(void); /* libgomp's */

void as_heap_enter(bool with_others)
{
    heap_here = with_others ? HEAP_WITH_OTHERS : HEAP_ALONE;
    if (with_others)
        atomic_fetch_add_explicit(&heap_teams, 1, memory_order_relaxed);
}

void as_heap_leave(void)
{
    if (heap_here == HEAP_WITH_OTHERS)
        atomic_fetch_sub_explicit(&heap_teams, 1, memory_order_relaxed);
    heap_here = HEAP_OUTSIDE;
}

static bool heap_is_for_us(void)
{
    return heap_here != HEAP_OUTSIDE ||
           (atomic_load_explicit(&heap_teams, memory_order_relaxed) > 0 && omp_in_parallel());
}

static void *heap_slot(heap_shelf *shelf)
{
    uint64_t taken = atomic_load_explicit(&shelf->taken, memory_order_relaxed);
    while (~taken) {
        const int      slot = __builtin_ctzll(~taken);
        const uint64_t with = taken | UINT64_C(1) << slot;
        if (atomic_compare_exchange_weak_explicit(&shelf->taken, &taken, with, memory_order_acquire,
                                                  memory_order_relaxed))
            return shelf->slots[slot];
    }
    return NULL;
}

static void *heap_take(void)
{
    if (heap_home == 0)
        heap_home = atomic_fetch_add_explicit(&heap_threads, 1, memory_order_relaxed) % HEAP_SHELVES + 1;
    for (uint32_t i = 0; i < HEAP_SHELVES; i++) {
        void *slot = heap_slot(&heap_shelves[(heap_home - 1 + i) % HEAP_SHELVES]);
        if (slot)
            return slot;
    }
    return NULL;
}

/* False: it is none of ours. */
static bool heap_drop(const void *block)
{
    const uintptr_t at = (uintptr_t)block - (uintptr_t)heap_shelves;
    if (at >= sizeof heap_shelves)
        return false;
    heap_shelf  *shelf = &heap_shelves[at / sizeof *heap_shelves];
    const size_t slot = (size_t)((const unsigned char *)block - shelf->slots[0]) / HEAP_SLOT_BYTES;
    atomic_fetch_and_explicit(&shelf->taken, ~(UINT64_C(1) << slot), memory_order_release);
    return true;
}

size_t as_heap_taken(void)
{
    size_t n = 0;
    for (size_t i = 0; i < HEAP_SHELVES; i++)
        n += (size_t)__builtin_popcountll(atomic_load(&heap_shelves[i].taken));
    return n;
}

/* The operators by the names that the Itanium C++ ABI gives them: new(size_t), delete(void *), delete(void *, size_t). The
 * build exports them from programs (dnnl_dep in meson.build), else libraries would not see them. */
__attribute__((visibility("default"))) void *as_heap_new(size_t n) __asm__("_Znwm");
__attribute__((visibility("default"))) void  as_heap_delete(void *block) __asm__("_ZdlPv");
__attribute__((visibility("default"))) void  as_heap_delete_sized(void *block, size_t n) __asm__("_ZdlPvm");

/* The operator of the C++ library. It throws when memory runs out, as its callers expect. */
static void *heap_next(_Atomic(void *) *kept, const char *name)
{
    void *found = atomic_load_explicit(kept, memory_order_acquire);
    if (!found) {
        found = dlsym(RTLD_NEXT, name);
        atomic_store_explicit(kept, found, memory_order_release);
    }
    return found;
}

void *as_heap_new(size_t n)
{
    static _Atomic(void *) kept;
    void                  *block = n <= HEAP_SLOT_BYTES && heap_is_for_us() ? heap_take() : NULL;
    return block ? block : ((void *(*)(size_t))heap_next(&kept, "_Znwm"))(n);
}

void as_heap_delete(void *block)
{
    static _Atomic(void *) kept;
    if (!heap_drop(block))
        ((void (*)(void *))heap_next(&kept, "_ZdlPv"))(block);
}

void as_heap_delete_sized(void *block, size_t n)
{
    (void)n;
    as_heap_delete(block);
}

bool as_heap_serves(void)
{
    void *const found = dlsym(RTLD_DEFAULT, "_Znwm"), *const dropped = dlsym(RTLD_DEFAULT, "_ZdlPv");
    return found == (void *)as_heap_new && dropped == (void *)as_heap_delete;
}

#else

void as_heap_enter(bool with_others)
{
    (void)with_others;
}

void as_heap_leave(void)
{
}

bool as_heap_serves(void)
{
    return false;
}

size_t as_heap_taken(void)
{
    return 0;
}

#endif
