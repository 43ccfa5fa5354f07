/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/thread.h"
#include "engine/heap.h"
#include "engine/onednn.h"

enum { MOST = 4096, SMALL = 40, LARGE = 100000 };

/* As a library finds them: by the names of the C++ operators. */
static void *(*get)(size_t n);
static void (*drop)(void *block), (*drop_sized)(void *block, size_t n);
static void *blocks[MOST];

static bool find(void)
{
    static const char *const names[] = {"_Znwm", "_ZdlPv", "_ZdlPvm"};
    void                    *found[3];
    for (int i = 0; i < 3; i++)
        found[i] = dlsym(RTLD_DEFAULT, names[i]);
    memcpy(&get, &found[0], sizeof get);
    memcpy(&drop, &found[1], sizeof drop);
    memcpy(&drop_sized, &found[2], sizeof drop_sized);
    return get && drop && drop_sized;
}

static void test_libraries_find_our_operators(void **state)
{
    (void)state;
    assert_true(as_heap_serves());
}

static void test_blocks_come_from_the_store_between_enter_and_leave(void **state)
{
    (void)state;
    void *outside = get(SMALL);
    assert_int_equal(as_heap_taken(), 0);
    as_heap_enter(false);
    void *inside = get(SMALL), *large = get(LARGE), *none = get(0);
    assert_int_equal(as_heap_taken(), 2);
    assert_true((uintptr_t)inside % 16 == 0 && none != inside && none != NULL);
    drop(outside);
    drop(NULL);
    assert_int_equal(as_heap_taken(), 2);
    as_heap_leave();
    as_heap_leave();
    drop(large);
    drop_sized(inside, SMALL); /* later */
    assert_int_equal(as_heap_taken(), 1);
    drop(none);
    assert_int_equal(as_heap_taken(), 0);
}

/* More than it has: the rest comes from elsewhere, and all can be written to, and dropped. */
static void test_a_full_store_is_no_end(void **state)
{
    (void)state;
    size_t most = 0;
    as_heap_enter(false);
    for (size_t i = 0; i < MOST; i++) {
        blocks[i] = get(SMALL);
        memset(blocks[i], (int)i, SMALL);
        most = as_heap_taken();
    }
    as_heap_leave();
    assert_true(most > 0 && most < MOST);
    for (size_t i = 0; i < MOST; i++) {
        for (size_t k = 0; k < SMALL; k++)
            assert_int_equal(((uint8_t *)blocks[i])[k], (uint8_t)i);
        drop(blocks[i]);
    }
    assert_int_equal(as_heap_taken(), 0);
}

static void get_and_drop(void *ctx)
{
    (void)ctx;
    void *mine[8];
    as_heap_enter(false);
    for (int round = 0; round < 20000; round++) {
        for (size_t i = 0; i < 8; i++) {
            mine[i] = get(SMALL);
            memset(mine[i], (int)i, SMALL);
        }
        for (size_t i = 0; i < 8; i++)
            if (((uint8_t *)mine[i])[SMALL - 1] == i) /* else it stays, and is counted */
                drop(mine[i]);
    }
    as_heap_leave();
}

static void drop_all(void *ctx)
{
    (void)ctx;
    for (size_t i = 0; i < 64; i++)
        drop(blocks[i]);
}

static void test_threads_have_blocks_of_their_own(void **state)
{
    (void)state;
    as_err     err = AS_ERR_NONE;
    as_thread *threads[3];
    as_heap_enter(false);
    for (size_t i = 0; i < 64; i++)
        blocks[i] = get(SMALL);
    as_heap_leave();
    for (size_t i = 0; i < 3; i++)
        assert_non_null(threads[i] = as_thread_start("heap", i ? get_and_drop : drop_all, NULL, &err));
    for (size_t i = 0; i < 3; i++)
        as_thread_join(threads[i]);
    assert_int_equal(as_heap_taken(), 0);
}

static void get_in_a_team(void *ctx, int worker)
{
    void **made = ctx;
    made[worker] = get(SMALL);
}

static void get_outside(void *ctx)
{
    void **made = ctx;
    *made = get(SMALL);
}

/* What a thread of OpenMP asks for is served while somebody is inside with it, and nobody else's. */
static void test_a_team_is_served(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    void  *made[2], *other;
    as_onednn_share(2, get_in_a_team, made);
    assert_int_equal(as_heap_taken(), 0);
    drop(made[0]);
    drop(made[1]);
    as_heap_enter(true);
    as_onednn_share(2, get_in_a_team, made);
    assert_int_equal(as_heap_taken(), 2);
    as_thread *thread = as_thread_start("other", get_outside, &other, &err);
    assert_non_null(thread);
    as_thread_join(thread);
    assert_int_equal(as_heap_taken(), 2);
    as_heap_leave();
    drop(other);
    drop(made[0]);
    drop(made[1]);
    assert_int_equal(as_heap_taken(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_libraries_find_our_operators),
        cmocka_unit_test(test_blocks_come_from_the_store_between_enter_and_leave),
        cmocka_unit_test(test_a_full_store_is_no_end),
        cmocka_unit_test(test_threads_have_blocks_of_their_own),
        cmocka_unit_test(test_a_team_is_served),
    };
    if (!AS_HEAP_REPLACES || !find()) {
        puts("skipped: a sanitizer has operators of its own");
        return AS_HEAP_REPLACES;
    }
    return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
