/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures as packets, byte by byte as GigE Vision 1.2 lays them out (chapter on GVSP: leader, payload, trailer), and what is
 * sent again. No network: what leaves is kept by net_rig.h. */
#include <time.h>

#include "wire/gvsp.h"
#include "wire/net_rig.h"

#define LOCAL 0x7f000001u /* where messages leave packet by packet */
#define ANY   0x00000000u /* where the kernel may cut them */

static const as_gv_peer client = {0x7f000001, 5000};
static atomic_bool      go_on;

typedef struct rig {
    as_gvsp_stream *stream;
    as_frame        frame;
    as_gvsp_picture picture;
} rig;

static rig *paused; /* whose sending the next pause is of; NULL: nothing happens in it */

/* 10 x 7 grey pixels of 0, 1, 2 ..., each packet with so many of them. */
static void rig_open(rig *r, uint32_t address, uint32_t packet_bytes)
{
    as_err err = AS_ERR_NONE;
    *r = (rig){.stream = NULL};
    net_clear();
    assert_true(as_image_new(&r->frame.image, AS_PIXEL_MONO8, 10, 7, &err));
    for (size_t i = 0; i < as_gvsp_payload(&r->frame); i++)
        r->frame.image.data[i] = (uint8_t)i;
    r->picture = as_gvsp_picture_of(&r->frame, 0x1234, packet_bytes + AS_GVSP_OVERHEAD);
    r->picture.timestamp = 0x0102030405060708;
    r->picture.x = 0x11;
    r->picture.y = 0x2233;
    r->stream = as_gvsp_open(address, 0, &err);
    assert_non_null(r->stream);
}

static void rig_close(rig *r)
{
    as_gvsp_close(r->stream);
    as_image_done(&r->frame.image);
}

/* The i-th packet that left is one of pixels, with that number and those bytes. */
static void expect_pixels(size_t i, const rig *r, uint32_t id)
{
    const size_t   each = r->picture.packet_bytes, at = (id - 1) * each, all = as_gvsp_payload(&r->frame);
    const uint8_t  head[] = {0, 0, 0x12, 0x34, 3, (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
    const uint8_t *bytes = net.packets[i].bytes;
    assert_true(i < net.n);
    assert_memory_equal(bytes, head, sizeof head);
    assert_int_equal(net.packets[i].n, sizeof head + AS_MIN(each, all - at));
    assert_memory_equal(bytes + sizeof head, r->frame.image.data + at, net.packets[i].n - sizeof head);
}

static const uint8_t leader[] = {0x00, 0x00, 0x12, 0x34, 0x01, 0x00, 0x00, 0x00, /* status, block, format, packet */
                                 0x00, 0x00, 0x00, 0x01,                         /* of an image */
                                 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, /* time stamp */
                                 0x01, 0x08, 0x00, 0x01,                         /* Mono8 */
                                 0x00, 0x00, 0x00, 0x0a, 0x00, 0x00, 0x00, 0x07, /* width, height */
                                 0x00, 0x00, 0x00, 0x11, 0x00, 0x00, 0x22, 0x33, /* window's place */
                                 0x00, 0x00, 0x00, 0x00};                        /* padding */

static void expect_leader(size_t i)
{
    assert_true(i < net.n);
    assert_int_equal(net.packets[i].n, sizeof leader);
    assert_memory_equal(net.packets[i].bytes, leader, sizeof leader);
}

static void expect_trailer(size_t i, uint8_t id)
{
    const uint8_t trailer[] = {0, 0, 0x12, 0x34, 2, 0, 0, id, 0, 0, 0, 1, 0, 0, 0, 7};
    assert_true(i < net.n);
    assert_int_equal(net.packets[i].n, sizeof trailer);
    assert_memory_equal(net.packets[i].bytes, trailer, sizeof trailer);
}

static void expect_gone(size_t i, uint16_t block, uint8_t id)
{
    const uint8_t head[] = {0x80, 0x0c, (uint8_t)(block >> 8), (uint8_t)block, 3, 0, 0, id};
    assert_true(i < net.n);
    assert_int_equal(net.packets[i].n, sizeof head);
    assert_memory_equal(net.packets[i].bytes, head, sizeof head);
}

static void test_a_picture_is_leader_pixels_and_trailer(void **state)
{
    rig r;
    (void)state;
    rig_open(&r, LOCAL, 16);
    assert_int_equal(r.picture.n_packets, 5);
    assert_int_equal(as_gvsp_send(r.stream, &client, &r.picture, 0, &go_on), 44 + 16 + 5 * 24);
    assert_int_equal(net.n, 7);
    expect_leader(0);
    for (uint32_t id = 1; id <= 5; id++)
        expect_pixels(id, &r, id);
    assert_int_equal(net.packets[5].n, 8 + 6); /* the last one is as long as what is left */
    expect_trailer(6, 6);
    rig_close(&r);
}

static void test_a_last_packet_may_be_full(void **state)
{
    rig r;
    (void)state;
    rig_open(&r, LOCAL, 14);
    assert_int_equal(r.picture.n_packets, 5);
    (void)as_gvsp_send(r.stream, &client, &r.picture, 0, &go_on);
    assert_int_equal(net.n, 7);
    expect_pixels(5, &r, 5);
    assert_int_equal(net.packets[5].n, 8 + 14);
    expect_trailer(6, 6);
    rig_close(&r);
}

static void test_packets_may_be_of_one_byte_or_hold_it_all(void **state)
{
    rig r;
    (void)state;
    rig_open(&r, LOCAL, 1);
    assert_int_equal(r.picture.n_packets, 70);
    (void)as_gvsp_send(r.stream, &client, &r.picture, 0, &go_on);
    assert_int_equal(net.n, 72);
    for (uint32_t id = 1; id <= 70; id++)
        expect_pixels(id, &r, id);
    expect_trailer(71, 71);
    rig_close(&r);
    rig_open(&r, LOCAL, 65532 - AS_GVSP_OVERHEAD);
    assert_int_equal(r.picture.n_packets, 1);
    (void)as_gvsp_send(r.stream, &client, &r.picture, 0, &go_on);
    assert_int_equal(net.n, 3);
    expect_pixels(1, &r, 1);
    expect_trailer(2, 2);
    rig_close(&r);
}

static void test_numbers_of_packets_have_three_bytes(void **state)
{
    const uint8_t wanted[] = {0x80, 0x0c, 0xff, 0xff, 0x03, 0xab, 0xcd, 0xef};
    uint8_t       head[AS_GVSP_HEAD_BYTES];
    (void)state;
    as_gvsp_head(head, AS_GV_PACKET_UNAVAILABLE, 0xffff, 3, 0x55abcdef);
    assert_memory_equal(head, wanted, sizeof wanted);
}

static void test_messages_that_the_kernel_cuts_are_the_same_packets(void **state)
{
    rig r;
    (void)state;
    rig_open(&r, ANY, 4);
    if (!as_gvsp_uses_gso(r.stream)) {
        rig_close(&r);
        skip();
    }
    (void)as_gvsp_send(r.stream, &client, &r.picture, 0, &go_on);
    assert_int_equal(net.n, 20);
    assert_int_equal(net.most_segments, 18);
    assert_int_equal(net.n_messages, 3);
    for (uint32_t id = 1; id <= 18; id++)
        expect_pixels(id, &r, id);
    /* A network that is down for a while loses packets, and cuts them again later. */
    static const int down[] = {ENETDOWN, ENETUNREACH, EHOSTUNREACH, ECONNREFUSED, ENOBUFS, EPERM};
    for (size_t i = 0; i < AS_COUNT(down); i++) {
        net_clear();
        net.refusal = down[i];
        (void)as_gvsp_send(r.stream, &client, &r.picture, 0, &go_on);
        assert_true(as_gvsp_uses_gso(r.stream));
    }
    net_clear();
    net.refusal = EIO; /* then packet by packet, from now on */
    (void)as_gvsp_send(r.stream, &client, &r.picture, 0, &go_on);
    assert_false(as_gvsp_uses_gso(r.stream));
    assert_int_equal(net.n, 20);
    assert_int_equal(net.n_messages, 20);
    for (uint32_t id = 1; id <= 18; id++)
        expect_pixels(id, &r, id);
    rig_close(&r);
}

static void test_one_packet_is_sent_again(void **state)
{
    rig r;
    (void)state;
    rig_open(&r, LOCAL, 16);
    as_gvsp_again again = as_gvsp_send_again(r.stream, &client, &r.picture, 3, 3, 0);
    assert_int_equal(again.n_done, 1);
    assert_int_equal(again.n_sent, 1);
    assert_int_equal(net.n, 1);
    expect_pixels(0, &r, 3);
    assert_true(net.packets[0].flags & MSG_DONTWAIT);
    rig_close(&r);
}

static void test_a_range_is_sent_again_with_its_ends(void **state)
{
    rig r;
    (void)state;
    rig_open(&r, LOCAL, 16);
    as_gvsp_again again = as_gvsp_send_again(r.stream, &client, &r.picture, 0, 0xffffff, 0);
    assert_int_equal(again.n_done, 7);
    assert_int_equal(again.n_sent, 7);
    assert_int_equal(net.n, 7);
    expect_leader(0);
    for (uint32_t id = 1; id <= 5; id++)
        expect_pixels(id, &r, id);
    expect_trailer(6, 6);
    net_clear();
    again = as_gvsp_send_again(r.stream, &client, &r.picture, 2, 4, 0);
    assert_int_equal(again.n_sent, 3);
    assert_int_equal(net.n, 3);
    for (uint32_t id = 2; id <= 4; id++)
        expect_pixels(id - 2, &r, id);
    rig_close(&r);
}

static void test_what_does_not_exist_is_answered_as_gone(void **state)
{
    rig r;
    (void)state;
    rig_open(&r, LOCAL, 16);
    assert_true(as_gvsp_send_gone(r.stream, &client, 0x0777, 9));
    expect_gone(0, 0x0777, 9);
    net_clear();
    r.picture.n_there = 2; /* half a picture */
    as_gvsp_again again = as_gvsp_send_again(r.stream, &client, &r.picture, 2, 6, 0);
    assert_int_equal(again.n_done, 5);
    assert_int_equal(again.n_sent, 2);
    assert_int_equal(net.n, 5);
    expect_pixels(0, &r, 2);
    for (uint8_t id = 3; id <= 5; id++)
        expect_gone(id - 2u, 0x1234, id);
    expect_trailer(4, 6);
    net_clear();
    again = as_gvsp_send_again(r.stream, &client, &r.picture, 7, 9, 0); /* past the trailer */
    assert_int_equal(again.n_done, 0);
    assert_int_equal(net.n, 0);
    rig_close(&r);
}

static void test_sending_again_never_waits(void **state)
{
    rig r;
    (void)state;
    for (size_t room = 0; room <= 7; room++) {
        rig_open(&r, LOCAL, 16);
        net.room = room;
        as_gvsp_again again = as_gvsp_send_again(r.stream, &client, &r.picture, 0, 6, 0);
        assert_int_equal(again.n_done, room);
        assert_int_equal(net.n, room);
        assert_true((again.pause > 0) == (room < 7));
        net.room = SIZE_MAX; /* the rest follows where it ended */
        again = as_gvsp_send_again(r.stream, &client, &r.picture, (uint32_t)room, 6, 0);
        assert_int_equal(net.n, 7);
        expect_trailer(6, 6);
        rig_close(&r);
    }
}

/* The thread that sends is held up before packets 3 and 4, and the client asks for all that it lacks. */
static void ask_for_the_rest(void)
{
    const size_t  n = net.n;
    as_gvsp_again again = as_gvsp_send_again(paused->stream, &client, &paused->picture, 2, 5, 0);
    assert_true(again.n_done == 1 && again.n_sent == 1 && net.n == n + 1);
    expect_pixels(n, paused, 2);
    again = as_gvsp_send_again(paused->stream, &client, &paused->picture, 3, 5, 0);
    assert_true(again.n_done == 3 && again.n_sent == 0 && net.n == n + 2);
    const uint8_t not_yet[] = {0x80, 0x10, 0x12, 0x34, 3, 0, 0, 3};
    assert_int_equal(net.packets[n + 1].n, sizeof not_yet);
    assert_memory_equal(net.packets[n + 1].bytes, not_yet, sizeof not_yet);
    net.room = 0;
    again = as_gvsp_send_again(paused->stream, &client, &paused->picture, 3, 5, 0);
    assert_true(again.n_done == 0 && again.pause > 0);
    net.room = SIZE_MAX;
    as_gvsp_picture other = paused->picture; /* one before it has left as a whole */
    other.block--;
    assert_int_equal(as_gvsp_send_again(paused->stream, &client, &other, 5, 5, 0).n_sent, 1);
}

/* In place of the system's: once what happens in a pause between packets. */
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left)
{
    (void)clock;
    (void)flags;
    (void)until;
    (void)left;
    if (paused)
        ask_for_the_rest();
    paused = NULL;
    return 0;
}

static void test_what_has_not_left_is_not_sent_again(void **state)
{
    rig r;
    (void)state;
    rig_open(&r, LOCAL, 16);
    paused = &r;
    (void)as_gvsp_send(r.stream, &client, &r.picture, 150 * AS_NS_PER_US, &go_on); /* two at a time */
    assert_null(paused);
    assert_int_equal(net.n, 7 + 3);
    assert_int_equal(as_gvsp_send_again(r.stream, &client, &r.picture, 5, 5, 0).n_sent, 1);
    rig_close(&r);
}

static void test_sending_again_leaves_half_of_the_wire(void **state)
{
    as_err err = AS_ERR_NONE;
    rig    r;
    (void)state;
    rig_open(&r, LOCAL, 1000 - AS_GVSP_OVERHEAD);
    as_gvsp_close(r.stream);
    r.stream = as_gvsp_open(LOCAL, 8, &err); /* 1,000 bytes a millisecond */
    assert_non_null(r.stream);
    assert_int_equal(as_gvsp_send_again(r.stream, &client, &r.picture, 1, 1, 0).pause, 2 * AS_NS_PER_MS);
    assert_int_equal(as_gvsp_send_again(r.stream, &client, &r.picture, 1, 1, 3 * AS_NS_PER_MS).pause, 3 * AS_NS_PER_MS);
    rig_close(&r);
}

static void test_at_one_go_only_so_much_is_sent_again(void **state)
{
    as_err err = AS_ERR_NONE;
    rig    r;
    (void)state;
    rig_open(&r, LOCAL, 16);
    as_image_done(&r.frame.image);
    assert_true(as_image_new(&r.frame.image, AS_PIXEL_MONO8, 1000, 1000, &err));
    r.picture = as_gvsp_picture_of(&r.frame, 0x1234, 1036);
    as_gvsp_again again = as_gvsp_send_again(r.stream, &client, &r.picture, 1, 1000, 0);
    assert_in_range(again.n_done, 1, 128);
    assert_int_equal(net.n, again.n_done);
    net_clear(); /* and packet by packet where they are told to be apart */
    assert_int_equal(as_gvsp_send_again(r.stream, &client, &r.picture, 1, 1000, AS_NS_PER_MS).n_done, 1);
    rig_close(&r);
}

static void test_a_test_packet_has_a_socket_of_its_own(void **state)
{
    rig r;
    (void)state;
    rig_open(&r, LOCAL, 16);
    (void)as_gvsp_send(r.stream, &client, &r.picture, 0, &go_on);
    const int fd = net.packets[0].fd;
    net_clear();
    as_gvsp_send_test(r.stream, &client, 1500);
    assert_int_equal(net.n, 1);
    assert_int_equal(net.packets[0].n, 1500 - 28); /* the headers of IP and UDP are part of a packet's size */
    assert_int_not_equal(net.packets[0].fd, fd);
    assert_true(net.packets[0].flags & MSG_DONTWAIT);
    struct sockaddr_in from = {.sin_port = 0};
    socklen_t          n = sizeof from;
    int                pieces = -1;
    assert_int_equal(getsockname(net.packets[0].fd, (struct sockaddr *)&from, &n), 0);
    assert_int_equal(be16toh(from.sin_port), as_gvsp_port(r.stream));
    n = sizeof pieces;
    assert_int_equal(getsockopt(net.packets[0].fd, IPPROTO_IP, IP_MTU_DISCOVER, &pieces, &n), 0);
    assert_int_equal(pieces, IP_PMTUDISC_DO);
    assert_int_equal(getsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &pieces, &n), 0);
    assert_int_not_equal(pieces, IP_PMTUDISC_DO);
    net_clear();
    as_gvsp_send_test(r.stream, &client, AS_GVSP_OVERHEAD); /* no packet is as small */
    assert_int_equal(net.n, 0);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_picture_is_leader_pixels_and_trailer),
        cmocka_unit_test(test_a_last_packet_may_be_full),
        cmocka_unit_test(test_packets_may_be_of_one_byte_or_hold_it_all),
        cmocka_unit_test(test_numbers_of_packets_have_three_bytes),
        cmocka_unit_test(test_messages_that_the_kernel_cuts_are_the_same_packets),
        cmocka_unit_test(test_one_packet_is_sent_again),
        cmocka_unit_test(test_a_range_is_sent_again_with_its_ends),
        cmocka_unit_test(test_what_does_not_exist_is_answered_as_gone),
        cmocka_unit_test(test_sending_again_never_waits),
        cmocka_unit_test(test_what_has_not_left_is_not_sent_again),
        cmocka_unit_test(test_sending_again_leaves_half_of_the_wire),
        cmocka_unit_test(test_at_one_go_only_so_much_is_sent_again),
        cmocka_unit_test(test_a_test_packet_has_a_socket_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
