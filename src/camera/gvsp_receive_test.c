/* SPDX-License-Identifier: Apache-2.0 */
/* The receiver's thread, fed by a pair of sockets within this process. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "camera/gvsp_receive.h"
#include "camera/test_gvsp.h"

enum { N_FRAMES = 4, WIDTH = 320, HEIGHT = 200, EACH = 1000 };

typedef struct rig {
    as_frame_pool   *pool;
    as_gvsp_receive *receive;
    int              far; /* the camera's end */
    as_test_gvsp     picture;
} rig;

static void rig_open_at(rig *r, as_ns wait, as_ns (*clock)(void))
{
    as_err err = AS_ERR_NONE;
    int    ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
    *r = (rig){.pool = as_frame_pool_new(AS_PIXEL_MONO8, WIDTH, HEIGHT, N_FRAMES + 3, &err),
               .far = ends[0],
               .picture = {.width = WIDTH, .height = HEIGHT, .packet_bytes = EACH}};
    const as_gvsp_receive_cfg cfg = {.fd = ends[1],
                                     .socket_bytes = 200000,
                                     .pool = r->pool,
                                     .n_frames = N_FRAMES,
                                     .expected_bytes = WIDTH * HEIGHT,
                                     .packet_bytes = EACH,
                                     .wait = wait,
                                     .asks = true,
                                     .clock = clock};
    r->receive = as_gvsp_receive_new(&cfg, &err);
    if (!r->receive)
        fail_msg("%s", err.text);
    assert_int_equal(as_frame_pool_in_use(r->pool), N_FRAMES);
}

static void rig_open(rig *r, as_ns wait)
{
    rig_open_at(r, wait, NULL);
}

static void rig_close(rig *r)
{
    as_gvsp_receive_free(r->receive);
    assert_int_equal(as_frame_pool_in_use(r->pool), 0);
    as_frame_pool_free(r->pool);
    close(r->far);
}

static void rig_send(rig *r, uint64_t block, uint32_t id)
{
    uint8_t bytes[AS_TEST_GVSP_BYTES];
    r->picture.block = block;
    size_t n = as_test_gvsp_make(bytes, &r->picture, id);
    assert_int_equal(send(r->far, bytes, n, 0), n); /* waits while the other end has no room */
}

static as_frame *rig_next(rig *r, as_gvsp_received *ret)
{
    as_frame *frame = as_frame_pool_get(r->pool);
    assert_non_null(frame);
    assert_true(as_gvsp_receive_next(r->receive, frame, as_clock_mono() + 20 * AS_NS_PER_S, ret));
    return frame;
}

static void pictures_come_one_by_one_into_the_frames_that_are_asked_with(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, 10 * AS_NS_PER_S);
    for (uint64_t block = 1; block <= 30; block++) {
        as_gvsp_received got;
        for (uint32_t id = 0; id <= as_test_gvsp_n(&r.picture) + 1; id++)
            rig_send(&r, block, id);
        as_frame *frame = rig_next(&r, &got);
        assert_true(got.id == block && got.end == AS_GVSP_WHOLE && got.image.width == WIDTH && got.opened > 0);
        assert_true(as_test_gvsp_is(frame->image.data, block, WIDTH * HEIGHT));
        as_frame_unref(frame);
    }
    as_gvsp_counts counts = as_gvsp_receive_counts(r.receive);
    assert_true(counts.n_underruns == 0 && counts.n_asked == 0 && counts.n_incomplete == 0);
    rig_close(&r);
}

/* What is asked for comes out at the camera's end. */
static void what_is_missing_is_asked_for_and_makes_it_whole(void **state)
{
    (void)state;
    rig              r;
    as_gvsp_received got;
    uint8_t          request[AS_GVSP_REQUEST_BYTES + 1];
    rig_open(&r, 10 * AS_NS_PER_S);
    for (uint32_t id = 0; id <= as_test_gvsp_n(&r.picture) + 1; id++)
        if (id != 5 && id != 6)
            rig_send(&r, 1, id);
    assert_int_equal(recv(r.far, request, sizeof request, 0), AS_GVCP_HEAD_BYTES + 12);
    assert_true(as_gv_get16(request + 2) == AS_GVCP_RESEND && as_gv_get32(request + 12) == 5 &&
                as_gv_get32(request + 16) == 6);
    rig_send(&r, 1, 6);
    rig_send(&r, 1, 5);
    as_frame *frame = rig_next(&r, &got);
    assert_int_equal(got.end, AS_GVSP_WHOLE);
    assert_true(as_test_gvsp_is(frame->image.data, 1, WIDTH * HEIGHT));
    assert_int_equal(as_gvsp_receive_counts(r.receive).n_resent, 2);
    as_frame_unref(frame);
    rig_close(&r);
}

static void what_does_not_come_is_given_up_and_nothing_is_waited_for_for_ever(void **state)
{
    (void)state;
    rig              r;
    as_gvsp_received got;
    rig_open(&r, 20 * AS_NS_PER_MS);
    as_frame *frame = as_frame_pool_get(r.pool);
    assert_false(as_gvsp_receive_next(r.receive, frame, as_clock_mono() + AS_NS_PER_MS, &got));
    as_frame_unref(frame);
    rig_send(&r, 1, 0);
    rig_send(&r, 1, 1);
    frame = rig_next(&r, &got);
    assert_true(got.id == 1 && got.end == AS_GVSP_INCOMPLETE);
    as_frame_unref(frame);
    rig_close(&r);
}

static void more_than_there_is_room_for_is_counted(void **state)
{
    (void)state;
    rig              r;
    as_gvsp_received got;
    rig_open(&r, 10 * AS_NS_PER_S);
    for (uint64_t block = 1; block <= N_FRAMES + 2; block++)
        for (uint32_t id = 0; id <= as_test_gvsp_n(&r.picture); id++)
            rig_send(&r, block, id);
    as_ns until = as_clock_mono() + 20 * AS_NS_PER_S;
    while (as_gvsp_receive_counts(r.receive).n_underruns < 2 && as_clock_mono() < until)
        as_clock_sleep_until(as_clock_mono() + AS_NS_PER_MS);
    for (uint64_t block = 1; block <= N_FRAMES; block++) {
        as_frame *frame = rig_next(&r, &got);
        assert_true(got.id == block && got.end == AS_GVSP_WHOLE);
        as_frame_unref(frame);
    }
    assert_int_equal(as_gvsp_receive_counts(r.receive).n_underruns, 2);
    rig_close(&r);
}

/* So that a firewall on the way lets the pictures in, as an answer. */
static void the_port_that_pictures_come_from_is_greeted(void **state)
{
    (void)state;
    rig              r;
    as_gvsp_received got;
    uint8_t          bytes[100];
    rig_open(&r, 10 * AS_NS_PER_S);
    as_gvsp_receive_greet(r.receive, 4000);
    struct timeval most = {.tv_sec = 20};
    assert_int_equal(setsockopt(r.far, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most), 0);
    assert_int_equal(recv(r.far, bytes, sizeof bytes, 0), AS_GVSP_SHORT_BYTES);
    for (uint32_t id = 0; id <= as_test_gvsp_n(&r.picture) + 1; id++)
        rig_send(&r, 1, id);
    as_frame_unref(rig_next(&r, &got));
    assert_int_equal(got.end, AS_GVSP_WHOLE);
    assert_int_equal(recv(r.far, bytes, sizeof bytes, MSG_DONTWAIT), -1); /* once, for now */
    rig_close(&r);
}

/* What belongs to no picture, faster than it is fetched, must not keep the thread from ever sleeping. */
static void a_flood_of_packets_of_no_use_does_not_hold_the_core(void **state)
{
    (void)state;
    rig              r;
    as_gvsp_received got;
    const as_ns      until = as_clock_mono() + 20 * AS_NS_PER_S;
    rig_open(&r, 10 * AS_NS_PER_S);
    for (uint32_t id = 0; id <= as_test_gvsp_n(&r.picture) + 1; id++)
        rig_send(&r, 7, id);
    as_frame_unref(rig_next(&r, &got));
    assert_int_equal(as_gvsp_receive_n_dozed(r.receive), 0);
    while (as_gvsp_receive_n_dozed(r.receive) == 0 && as_clock_mono() < until)
        rig_send(&r, 5, 3);
    assert_true(as_gvsp_receive_n_dozed(r.receive) > 0);
    for (uint32_t id = 0; id <= as_test_gvsp_n(&r.picture) + 1; id++) {
        rig_send(&r, 5, 3);
        rig_send(&r, 8, id);
    }
    as_frame_unref(rig_next(&r, &got));
    assert_true(got.id == 8 && got.end == AS_GVSP_WHOLE);
    rig_close(&r);
}

/* A receiver that is kept from running whenever it looks at the clock; what the camera sent in that time has come by then. */
enum { LATE_MS = 60, LATE_PICTURES = 10, LATE_PACKETS = 5 };

static struct {
    rig        *r;
    as_ns       now;
    uint64_t    block;
    uint32_t    id;
    atomic_bool is_sending;
} late;

static as_ns late_clock(void)
{
    uint8_t bytes[AS_TEST_GVSP_BYTES];
    if (!atomic_load(&late.is_sending))
        return late.now;
    for (int i = 0; i < LATE_PACKETS && late.block <= LATE_PICTURES; i++) {
        late.r->picture.block = late.block;
        const size_t n = as_test_gvsp_make(bytes, &late.r->picture, late.id);
        if (send(late.r->far, bytes, n, MSG_DONTWAIT) != (ssize_t)n)
            break; /* no room: later */
        const bool is_last = late.id == as_test_gvsp_n(&late.r->picture) + 1;
        late.block += is_last;
        late.id = is_last ? 0 : late.id + 1;
    }
    late.now += LATE_MS * AS_NS_PER_MS;
    return late.now;
}

static void a_thread_that_is_late_reads_what_waits_before_it_judges(void **state)
{
    (void)state;
    rig              r;
    as_gvsp_received got;
    late.now = AS_NS_PER_S;
    late.block = 1;
    late.id = 0;
    late.r = &r;
    atomic_store(&late.is_sending, false);
    rig_open_at(&r, 2 * LATE_MS * AS_NS_PER_MS, late_clock);
    atomic_store(&late.is_sending, true);
    as_gvsp_receive_greet(r.receive, 1); /* wakes it */
    for (uint64_t block = 1; block <= LATE_PICTURES; block++) {
        as_frame *frame = rig_next(&r, &got);
        assert_true(got.id == block && got.end == AS_GVSP_WHOLE);
        as_frame_unref(frame);
    }
    const as_gvsp_counts counts = as_gvsp_receive_counts(r.receive);
    assert_true(counts.n_incomplete == 0 && counts.n_asked == 0 && counts.n_pauses == 0 && counts.n_twice == 0);
    assert_int_equal(as_gvsp_receive_n_dropped(r.receive), 0);
    rig_close(&r);
}

/* Whoever has a picture has it for himself: what comes late, twice and out of order meanwhile is written elsewhere. */
static void what_was_handed_on_stays_as_it_is(void **state)
{
    enum { PICTURES = 60, KEPT = 2 };
    (void)state;
    rig       r;
    as_frame *kept[KEPT] = {NULL};
    rig_open(&r, 10 * AS_NS_PER_S);
    const uint32_t n = as_test_gvsp_n(&r.picture);
    for (uint64_t block = 1; block <= PICTURES; block++) {
        as_gvsp_received got;
        for (uint32_t id = 0; id <= n + 1; id++) {
            const uint32_t other = (uint32_t)(id * 31 + block * 17) % (n + 1);
            for (uint64_t old = block - AS_MIN(block - 1, (uint64_t)3); old < block && id % 4 == 0; old++)
                rig_send(&r, old, other);
            rig_send(&r, block, id ^ (id < n && n % 2 == 1)); /* each two exchanged */
            if (id % 8 == 0)
                rig_send(&r, block, id);
        }
        as_frame *frame = rig_next(&r, &got);
        assert_true(got.id == block && got.end == AS_GVSP_WHOLE);
        as_frame **place = &kept[block % KEPT];
        if (*place)
            assert_true(as_test_gvsp_is((*place)->image.data, block - KEPT, WIDTH * HEIGHT));
        as_frame_unref(*place);
        *place = frame;
    }
    for (int i = 0; i < KEPT; i++)
        as_frame_unref(kept[i]);
    rig_close(&r);
}

/* Bound to any address, the camera would be told to send to 0.0.0.0. */
static void without_an_address_there_is_no_socket(void **state)
{
    (void)state;
    uint16_t port = 0;
    uint64_t bytes = 0;
    as_err   err = AS_ERR_NONE;
    assert_int_equal(as_gvsp_socket(0, 0xc0a80105, 1 << 20, &port, &bytes, &err), -1);
    assert_int_equal(err.code, AS_EIO);
    assert_non_null(strstr(err.text, "192.168.1.5"));
    err = (as_err)AS_ERR_NONE;
    assert_int_equal(as_gvsp_socket(0x7f000001, 0, 1 << 20, &port, &bytes, &err), -1);
    assert_int_equal(err.code, AS_EIO);
    int fd = as_gvsp_socket(0x7f000001, 0x7f000001, 1 << 20, &port, &bytes, &err);
    assert_true(fd >= 0 && port != 0 && bytes > 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_come_one_by_one_into_the_frames_that_are_asked_with),
        cmocka_unit_test(what_is_missing_is_asked_for_and_makes_it_whole),
        cmocka_unit_test(what_does_not_come_is_given_up_and_nothing_is_waited_for_for_ever),
        cmocka_unit_test(a_thread_that_is_late_reads_what_waits_before_it_judges),
        cmocka_unit_test(what_was_handed_on_stays_as_it_is),
        cmocka_unit_test(without_an_address_there_is_no_socket),
        cmocka_unit_test(the_port_that_pictures_come_from_is_greeted),
        cmocka_unit_test(a_flood_of_packets_of_no_use_does_not_hold_the_core),
        cmocka_unit_test(more_than_there_is_room_for_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
