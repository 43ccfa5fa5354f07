/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks for everything again and again gets a bounded part of it, a little at a time, and never holds the lock. */
#include "wire/gige_priv.h"
#include "wire/net_rig.h"

#define PACKET 1036u /* with 1,000 bytes of pixels */

static void rig_open(as_gige *device)
{
    as_err err = AS_ERR_NONE;
    memset(device, 0, sizeof *device);
    net_clear();
    assert_int_equal(pthread_mutex_init(&device->lock, NULL), 0);
    device->stream = as_gvsp_open(0x7f000001, 0, &err);
    assert_non_null(device->stream);
    as_gv_put32(device->control.boot + 0x0d18, 0x7f000001); /* where pictures go, and to which port */
    as_gv_put32(device->control.boot + 0x0d00, 5000);
}

static void rig_keep(as_gige *device, as_frame_pool *pool, uint16_t block)
{
    as_gvsp_picture *kept = &device->kept[device->next_kept++ % AS_GIGE_KEPT];
    as_frame        *frame = as_frame_pool_get(pool);
    assert_non_null(frame);
    as_frame_unref(kept->frame);
    *kept = as_gvsp_picture_of(frame, block, PACKET);
    kept->n_again = as_gige_again_most(kept);
}

static void rig_close(as_gige *device, as_frame_pool *pool)
{
    for (size_t i = 0; i < AS_GIGE_KEPT; i++)
        as_frame_unref(device->kept[i].frame);
    as_frame_pool_free(pool);
    as_gvsp_close(device->stream);
    pthread_mutex_destroy(&device->lock);
}

/* Until nothing is left to send; how many calls that took. */
static size_t rig_drain(as_gige *device)
{
    size_t n = 0;
    as_ns  now = AS_NS_PER_S;
    for (as_ns wait = 0; wait != INT64_MAX; n++) {
        assert_true(n < 100000);
        now += wait;
        wait = as_gige_again_send(device, now);
    }
    return n;
}

static as_gige device;

static as_frame_pool *rig_pool(void)
{
    as_err         err = AS_ERR_NONE;
    as_frame_pool *pool = as_frame_pool_new(AS_PIXEL_MONO8, 1000, 300, AS_GIGE_KEPT + 1, &err);
    assert_non_null(pool);
    return pool;
}

static void test_what_is_asked_for_is_sent_in_that_order(void **state)
{
    as_frame_pool *pool = rig_pool();
    (void)state;
    rig_open(&device);
    rig_keep(&device, pool, 1);
    rig_keep(&device, pool, 2);
    assert_int_equal(as_gige_again_ask(&device, 1, 5, 5), AS_GV_OK);
    assert_int_equal(as_gige_again_ask(&device, 2, 300, 0xffffff), AS_GV_OK);
    assert_int_equal(net.n, 0); /* not under the lock */
    (void)rig_drain(&device);
    assert_int_equal(net.n, 3);
    assert_int_equal(as_gv_get16(net.packets[0].bytes + 2), 1);
    assert_int_equal(as_gv_get32(net.packets[0].bytes + 4), 3u << 24 | 5);
    assert_int_equal(as_gv_get16(net.packets[1].bytes + 2), 2);
    assert_int_equal(as_gv_get32(net.packets[1].bytes + 4), 3u << 24 | 300);
    assert_int_equal(as_gv_get32(net.packets[2].bytes + 4), 2u << 24 | 301);
    assert_int_equal(device.counts.n_again, 3);
    rig_close(&device, pool);
}

static void test_a_picture_is_sent_again_only_so_often(void **state)
{
    as_frame_pool *pool = rig_pool();
    size_t         n_refused = 0;
    (void)state;
    rig_open(&device);
    rig_keep(&device, pool, 7);
    for (int i = 0; i < 100; i++) {
        n_refused += as_gige_again_ask(&device, 7, 0, 0xffffff) == AS_GV_PACKET_UNAVAILABLE;
        net.n = 0;
        (void)rig_drain(&device);
    }
    assert_int_equal(device.counts.n_again, as_gige_again_most(&device.kept[0]));
    assert_int_equal(n_refused, 98);
    assert_int_equal(net.n, 1); /* of the last one: this packet is gone */
    assert_int_equal(as_gv_get16(net.packets[0].bytes), AS_GV_PACKET_UNAVAILABLE);
    rig_keep(&device, pool, 8); /* the next picture has its own share */
    assert_int_equal(as_gige_again_ask(&device, 8, 0, 0xffffff), AS_GV_OK);
    rig_close(&device, pool);
}

static void test_at_one_go_little_is_sent(void **state)
{
    as_frame_pool *pool = rig_pool();
    (void)state;
    rig_open(&device);
    rig_keep(&device, pool, 7);
    assert_int_equal(as_gige_again_ask(&device, 7, 0, 0xffffff), AS_GV_OK);
    for (as_ns wait = 0; wait != INT64_MAX;) {
        size_t before = net.n;
        wait = as_gige_again_send(&device, AS_NS_PER_S);
        assert_true(net.n - before <= 128);
    }
    assert_int_equal(net.n, 302);
    rig_close(&device, pool);
}

static void test_more_requests_than_fit_are_refused(void **state)
{
    as_frame_pool *pool = rig_pool();
    (void)state;
    rig_open(&device);
    rig_keep(&device, pool, 7);
    for (uint32_t i = 0; i < AS_GIGE_AGAIN; i++)
        assert_int_equal(as_gige_again_ask(&device, 7, i, i), AS_GV_OK);
    assert_int_equal(as_gige_again_ask(&device, 7, 1, 1), AS_GV_BUSY);
    (void)rig_drain(&device);
    assert_int_equal(net.n, AS_GIGE_AGAIN);
    assert_int_equal(as_gige_again_ask(&device, 7, 1, 1), AS_GV_OK);
    rig_close(&device, pool);
}

static void test_an_unknown_picture_is_gone(void **state)
{
    as_frame_pool *pool = rig_pool();
    (void)state;
    rig_open(&device);
    rig_keep(&device, pool, 7);
    assert_int_equal(as_gige_again_ask(&device, 6, 3, 200), AS_GV_PACKET_UNAVAILABLE);
    assert_int_equal(as_gige_again_ask(&device, 7, 302, 302), AS_GV_INVALID_PARAMETER); /* past the trailer */
    assert_int_equal(as_gige_again_ask(&device, 7, 9, 8), AS_GV_INVALID_PARAMETER);
    net.room = 0; /* the network is full: it is said later */
    assert_true(as_gige_again_send(&device, AS_NS_PER_S) > 0);
    assert_int_equal(net.n, 0);
    net.room = SIZE_MAX;
    (void)rig_drain(&device);
    assert_int_equal(net.n, 1);
    assert_int_equal(as_gv_get16(net.packets[0].bytes), AS_GV_PACKET_UNAVAILABLE);
    assert_int_equal(as_gv_get16(net.packets[0].bytes + 2), 6);
    assert_int_equal(as_gv_get32(net.packets[0].bytes + 4), 3u << 24 | 3);
    assert_int_equal(device.counts.n_again, 0);
    rig_close(&device, pool);
}

static void test_a_start_forgets_what_was_asked_for(void **state)
{
    as_frame_pool *pool = rig_pool();
    (void)state;
    rig_open(&device);
    rig_keep(&device, pool, 7);
    assert_int_equal(as_gige_again_ask(&device, 7, 0, 0xffffff), AS_GV_OK);
    as_gige_again_forget(&device);
    assert_int_equal(as_gige_again_send(&device, AS_NS_PER_S), INT64_MAX);
    assert_int_equal(net.n, 0);
    rig_close(&device, pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_asked_for_is_sent_in_that_order),
        cmocka_unit_test(test_a_picture_is_sent_again_only_so_often),
        cmocka_unit_test(test_at_one_go_little_is_sent),
        cmocka_unit_test(test_more_requests_than_fit_are_refused),
        cmocka_unit_test(test_an_unknown_picture_is_gone),
        cmocka_unit_test(test_a_start_forgets_what_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
