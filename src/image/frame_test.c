/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

#include "base/thread.h"
#include "image/frame.h"

static void test_pixel_words(void **state)
{
    (void)state;
    assert_int_equal(as_pixel_bytes(AS_PIXEL_NONE), 0);
    assert_int_equal(as_pixel_bytes(AS_PIXEL_MONO8), 1);
    assert_int_equal(as_pixel_bytes(AS_PIXEL_RGB8), 3);
    assert_string_equal(as_pixel_name(AS_PIXEL_MONO8), "Mono8");
    assert_string_equal(as_pixel_name(AS_PIXEL_RGB8), "RGB8");
}

static void test_image_limits(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE;
    as_image image = {0};
    assert_true(as_image_new(&image, AS_PIXEL_RGB8, 7, 5, &err));
    assert_int_equal(image.stride_bytes, 21);
    assert_int_equal((uintptr_t)image.data % 64, 0);
    memset(image.data, 1, 21 * 5);
    as_image_done(&image);
    assert_null(image.data);
    as_image_done(&image);
    assert_int_equal(err.code, AS_OK);

    assert_false(as_image_new(&image, AS_PIXEL_MONO8, 60000, 60000, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    assert_non_null(strstr(err.text, "60000 x 60000"));
    assert_false(as_image_new(&image, AS_PIXEL_MONO8, 20000, 20000, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    assert_false(as_image_new(&image, AS_PIXEL_MONO8, 0, 5, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_false(as_image_new(&image, AS_PIXEL_NONE, 5, 5, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_null(image.data);
}

static void test_image_check(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE;
    uint8_t  pixels[64];
    as_image image = {AS_PIXEL_RGB8, 4, 4, 12, pixels};
    assert_true(as_image_check(&image, &err));
    image.stride_bytes = 11;
    assert_false(as_image_check(&image, &err));
    assert_int_equal(err.code, AS_EINVAL);
    image.stride_bytes = 12;
    image.data = NULL;
    assert_false(as_image_check(&image, &err));
    assert_false(as_image_check(NULL, &err));
}

static void test_pool_counts(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_frame_pool *pool = as_frame_pool_new(AS_PIXEL_RGB8, 8, 6, 2, &err);
    assert_non_null(pool);
    as_frame *a = as_frame_pool_get(pool), *b = as_frame_pool_get(pool);
    assert_non_null(a);
    assert_non_null(b);
    assert_ptr_not_equal(a->image.data, b->image.data);
    assert_null(as_frame_pool_get(pool));
    assert_int_equal(as_frame_pool_in_use(pool), 2);
    assert_int_equal(as_frame_capacity_bytes(a), 8 * 6 * 3);

    a->part = 7;
    a->truth.known = true;
    assert_true(as_frame_reshape(a, AS_PIXEL_MONO8, 16, 9, &err));
    assert_int_equal(a->image.stride_bytes, 16);
    assert_false(as_frame_reshape(a, AS_PIXEL_MONO8, 29, 5, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    assert_int_equal(a->image.width, 16);

    assert_ptr_equal(as_frame_ref(a), a);
    assert_null(as_frame_unref(a));
    assert_int_equal(as_frame_pool_in_use(pool), 2);
    assert_null(as_frame_unref(a));
    assert_int_equal(as_frame_pool_in_use(pool), 1);
    as_frame *c = as_frame_pool_get(pool);
    assert_ptr_equal(c, a);
    assert_int_equal(c->part, 0);
    assert_false(c->truth.known);
    assert_int_equal(c->image.width, 8);
    assert_int_equal(c->image.pixel, AS_PIXEL_RGB8);
    as_frame_unref(b);
    as_frame_unref(c);
    as_frame_unref(NULL);
    assert_int_equal(as_frame_pool_in_use(pool), 0);
    assert_null(as_frame_pool_free(pool));
    assert_null(as_frame_pool_free(NULL));
}

static void test_pool_refuses(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    assert_null(as_frame_pool_new(AS_PIXEL_RGB8, 8, 6, 0, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_null(as_frame_pool_new(AS_PIXEL_RGB8, 8, 6, 1u << 30, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    assert_null(as_frame_pool_new(AS_PIXEL_RGB8, 40000, 6, 1, &err));
    assert_int_equal(err.code, AS_ELIMIT);
}

static void test_pool_swap(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_frame_pool *pool = as_frame_pool_new_of(AS_PIXEL_MONO8, 8, 6, 100, 2, &err);
    assert_non_null(pool);
    as_frame *a = as_frame_pool_get(pool), *b = as_frame_pool_get(pool);
    uint8_t  *of_a = a->image.data, *of_b = b->image.data;
    assert_int_equal(as_frame_capacity_bytes(a), 100);
    a->part = 7;
    as_frame_swap(a, b);
    assert_true(a->image.data == of_b && b->image.data == of_a && a->part == 7 && b->part == 0);
    assert_true(as_frame_reshape(a, AS_PIXEL_MONO8, 10, 10, &err) && a->image.data == of_b);
    as_frame_unref(a);
    a = as_frame_pool_get(pool); /* it keeps what it was given */
    assert_ptr_equal(a->image.data, of_b);
    as_frame_unref(a);
    as_frame_unref(b);
    as_frame_pool_free(pool);
    pool = as_frame_pool_new_of(AS_PIXEL_MONO8, 8, 6, 10, 1, &err); /* never less than its picture */
    a = as_frame_pool_get(pool);
    assert_int_equal(as_frame_capacity_bytes(a), 48);
    as_frame_unref(a);
    as_frame_pool_free(pool);
}

/* Frames go from one thread to another by a queue; each says what was written into it, and none is lent twice. */
typedef struct relay {
    as_frame_pool *pool;
    as_queue      *queue;
    atomic_uint    wrong, seen;
} relay;

enum { RELAY_FRAMES = 5000, RELAY_READERS = 2 };

static void relay_read(void *ctx)
{
    relay *r = ctx;
    for (;;) {
        as_frame *frame = as_queue_pop(r->queue, INT64_MAX);
        if (!frame)
            return;
        for (size_t i = 0; i < 64; i++)
            if (frame->image.data[i] != (uint8_t)frame->sequence)
                atomic_fetch_add(&r->wrong, 1);
        atomic_fetch_add(&r->seen, 1);
        as_frame_unref(frame);
    }
}

static void test_pool_threads(void **state)
{
    (void)state;
    as_err     err = AS_ERR_NONE;
    relay      r = {.pool = as_frame_pool_new(AS_PIXEL_MONO8, 8, 8, 3, &err), .queue = as_queue_new(8, &err)};
    as_thread *readers[RELAY_READERS];
    assert_non_null(r.pool);
    assert_non_null(r.queue);
    for (int i = 0; i < RELAY_READERS; i++) {
        readers[i] = as_thread_start("reader", relay_read, &r, &err);
        assert_non_null(readers[i]);
    }
    for (uint64_t made = 0; made < RELAY_FRAMES;) {
        as_frame *frame = as_frame_pool_get(r.pool);
        if (!frame)
            continue;
        frame->sequence = made++;
        memset(frame->image.data, (int)(frame->sequence & 0xff), 64);
        assert_true(as_queue_push(r.queue, as_frame_ref(frame), INT64_MAX));
        as_frame_unref(frame);
    }
    as_queue_close(r.queue);
    for (int i = 0; i < RELAY_READERS; i++)
        as_thread_join(readers[i]);
    assert_int_equal(atomic_load(&r.wrong), 0);
    assert_int_equal(atomic_load(&r.seen), RELAY_FRAMES);
    assert_int_equal(as_frame_pool_in_use(r.pool), 0);
    as_queue_free(r.queue);
    as_frame_pool_free(r.pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pixel_words), cmocka_unit_test(test_image_limits), cmocka_unit_test(test_image_check),
        cmocka_unit_test(test_pool_counts), cmocka_unit_test(test_pool_refuses), cmocka_unit_test(test_pool_threads),
        cmocka_unit_test(test_pool_swap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
