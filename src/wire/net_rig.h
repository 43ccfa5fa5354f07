/* SPDX-License-Identifier: Apache-2.0 */
/* net_rig.h - for tests alone: a network that keeps what is sent instead of carrying it, in place of the system's.
 *
 * Layer:   wire, tests; included by one file of a program.
 * Threads: one. Memory: packets of fixed number and size.
 */
#ifndef AS_WIRE_NET_RIG_H
#define AS_WIRE_NET_RIG_H

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/def.h"

enum { NET_PACKETS = 2048, NET_BYTES = 65536 };

typedef struct net_packet {
    uint8_t bytes[NET_BYTES];
    size_t  n;
    int     fd, flags;
} net_packet;

static struct {
    net_packet packets[NET_PACKETS];
    size_t     n, n_messages, most_segments;
    size_t     room;    /* messages it takes from who does not wait; then they would have to */
    int        refusal; /* errno for messages that are to be cut in packets; 0: they are taken */
} net;

static inline void net_clear(void)
{
    net.n = net.n_messages = net.most_segments = 0;
    net.room = SIZE_MAX;
    net.refusal = 0;
}

/* -1 and errno, as of the system, where it is not taken. */
static int net_take(int flags)
{
    errno = EAGAIN;
    if ((flags & MSG_DONTWAIT) && net.room == 0)
        return -1;
    net.room -= (flags & MSG_DONTWAIT) && net.room != SIZE_MAX;
    net.n_messages++;
    return 0;
}

static net_packet *net_new(int fd, int flags)
{
    assert_true(net.n < NET_PACKETS);
    net_packet *packet = &net.packets[net.n++];
    packet->n = 0;
    packet->fd = fd;
    packet->flags = flags;
    return packet;
}

static void net_add(net_packet *packet, const void *bytes, size_t n)
{
    assert_true(packet->n + n <= NET_BYTES);
    memcpy(packet->bytes + packet->n, bytes, n);
    packet->n += n;
}

ssize_t sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to, socklen_t n_to)
{
    assert_true(to && n_to > 0);
    if (net_take(flags) != 0)
        return -1;
    net_add(net_new(fd, flags), bytes, n);
    return (ssize_t)n;
}

/* As the kernel does: each packet has that many bytes, the last one what is left. */
static void net_cut(int fd, int flags, const struct msghdr *message)
{
    uint16_t each = 0;
    if (message->msg_controllen > 0)
        memcpy(&each, CMSG_DATA(CMSG_FIRSTHDR(message)), sizeof each);
    size_t      n_segments = 1;
    net_packet *packet = net_new(fd, flags);
    for (size_t i = 0; i < message->msg_iovlen; i++) {
        const uint8_t *at = message->msg_iov[i].iov_base;
        for (size_t left = message->msg_iov[i].iov_len; left > 0;) {
            if (each > 0 && packet->n == each) {
                packet = net_new(fd, flags);
                n_segments++;
            }
            size_t n = each > 0 ? AS_MIN(left, each - packet->n) : left;
            net_add(packet, at, n);
            at += n;
            left -= n;
        }
    }
    net.most_segments = AS_MAX(net.most_segments, n_segments);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags)
{
    unsigned done = 0;
    for (; done < n; done++) {
        if (net.refusal && messages[done].msg_hdr.msg_controllen > 0) {
            errno = net.refusal;
            break;
        }
        if (net_take(flags) != 0)
            break;
        net_cut(fd, flags, &messages[done].msg_hdr);
    }
    return done > 0 ? (int)done : -1;
}

#endif
