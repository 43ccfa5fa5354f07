/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/gvsp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    FORMAT_LEADER = 1,
    FORMAT_TRAILER = 2,
    FORMAT_PAYLOAD = 3,
    PAYLOAD_IMAGE = 1,
    MAX_PACKETS = 512,    /* in one batch */
    MAX_SEGMENTS = 64,    /* that the kernel cuts one message into */
    MAX_MESSAGE = 65000,  /* bytes of one message before it is cut */
    BATCH_BYTES = 128000, /* at most between two looks at the clock */
    SEND_BUFFER = 4 << 20,
};

#define SLICE_NS (50 * AS_NS_PER_MS)
#define FULL_NS  AS_NS_PER_MS /* until the network may take more */

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

typedef union gvsp_control {
    struct cmsghdr align;
    uint8_t        bytes[CMSG_SPACE(sizeof(uint16_t))];
} gvsp_control;

/* What one thread builds messages in. */
typedef struct gvsp_batch {
    uint8_t        heads[MAX_PACKETS][AS_GVSP_HEAD_BYTES];
    struct iovec   parts[MAX_PACKETS][2];
    struct mmsghdr messages[MAX_PACKETS];
    gvsp_control   controls[MAX_PACKETS];
    size_t         n_packets, n_messages;
} gvsp_batch;

struct as_gvsp_stream {
    int                  fd, fd_test; /* the second sends from the same port, and never cuts a packet in pieces */
    atomic_bool          gso;
    atomic_uint_fast64_t under_way; /* block << 32 | its first packet that has not left; 0: none is being sent */
    double               link_mbit;
    uint32_t             address;
    uint16_t             port;
    gvsp_batch           first, again;
};

/* --- bytes -------------------------------------------------------------------------------------------------------------- */

void as_gvsp_head(uint8_t *out, as_gv_status status, uint16_t block, uint8_t format, uint32_t packet)
{
    as_gv_put16(out, (uint16_t)status);
    as_gv_put16(out + 2, block);
    as_gv_put32(out + 4, (uint32_t)format << 24 | (packet & 0xffffffu));
}

size_t as_gvsp_payload(const as_frame *frame)
{
    return frame->image.stride_bytes * as_pixel_rows(frame->image.pixel, frame->image.height);
}

as_gvsp_picture as_gvsp_picture_of(as_frame *frame, uint16_t block, uint32_t packet_size)
{
    as_gvsp_picture picture = {.frame = frame, .block = block, .packet_bytes = packet_size - AS_GVSP_OVERHEAD};
    picture.n_packets = (uint32_t)((as_gvsp_payload(frame) + picture.packet_bytes - 1) / picture.packet_bytes);
    picture.n_there = picture.n_packets;
    return picture;
}

size_t as_gvsp_leader(const as_gvsp_picture *picture, uint8_t *out)
{
    const as_image *image = &picture->frame->image;
    uint8_t        *at = out + AS_GVSP_HEAD_BYTES;
    as_gvsp_head(out, AS_GV_OK, picture->block, FORMAT_LEADER, 0);
    as_gv_put32(at, PAYLOAD_IMAGE);
    as_gv_put64(at + 4, (uint64_t)picture->timestamp);
    as_gv_put32(at + 12, as_pixel_facts_of(image->pixel)->code);
    as_gv_put32(at + 16, image->width);
    as_gv_put32(at + 20, image->height);
    as_gv_put32(at + 24, picture->x);
    as_gv_put32(at + 28, picture->y);
    as_gv_put32(at + 32, 0); /* no padding */
    return AS_GVSP_LEADER_BYTES;
}

size_t as_gvsp_trailer(const as_gvsp_picture *picture, uint8_t *out)
{
    as_gvsp_head(out, AS_GV_OK, picture->block, FORMAT_TRAILER, picture->n_packets + 1);
    as_gv_put32(out + AS_GVSP_HEAD_BYTES, PAYLOAD_IMAGE);
    as_gv_put32(out + AS_GVSP_HEAD_BYTES + 4, picture->frame->image.height);
    return AS_GVSP_TRAILER_BYTES;
}

/* --- the socket --------------------------------------------------------------------------------------------------------- */

static struct sockaddr_in gvsp_address(uint32_t address, uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htobe16(port), .sin_addr = {.s_addr = htobe32(address)}};
}

/* Of its own, as what is told to a socket about pieces would hold for the pictures under way too; and it never waits. */
static void gvsp_open_test(as_gvsp_stream *stream, struct sockaddr_in *own)
{
    int on = 1, whole = IP_PMTUDISC_DO;
    stream->fd_test = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (stream->fd_test < 0)
        return;
    /* Only now: a port that others may share is not to be chosen for the pictures. */
    setsockopt(stream->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(stream->fd_test, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(stream->fd_test, IPPROTO_IP, IP_MTU_DISCOVER, &whole, sizeof whole);
    if (bind(stream->fd_test, (struct sockaddr *)own, sizeof *own) != 0) { /* from any port is better than not at all */
        own->sin_port = 0;
        (void)!bind(stream->fd_test, (struct sockaddr *)own, sizeof *own);
    }
}

as_gvsp_stream *as_gvsp_open(uint32_t address, double link_mbit, as_err *err)
{
    as_gvsp_stream    *stream = calloc(1, sizeof *stream);
    struct sockaddr_in own = gvsp_address(address, 0);
    socklen_t          n = sizeof own;
    int                size = SEND_BUFFER, segment = 0;
    if (!stream) {
        AS_FAIL(err, AS_ENOMEM, "no memory for a stream");
        return NULL;
    }
    stream->link_mbit = link_mbit;
    stream->fd_test = -1;
    stream->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (stream->fd < 0 || bind(stream->fd, (struct sockaddr *)&own, sizeof own) != 0 ||
        getsockname(stream->fd, (struct sockaddr *)&own, &n) != 0) {
        as_err_errno(err, errno, "cannot open a socket for pictures");
        return as_gvsp_close(stream);
    }
    stream->port = be16toh(own.sin_port);
    setsockopt(stream->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    n = sizeof segment;
    /* Within one machine nothing cuts a message before a packet socket sees it, and clients may listen by one (Aravis does). */
    bool local = address >> 24 == IN_LOOPBACKNET;
    atomic_init(&stream->under_way, 0);
    atomic_init(&stream->gso, !local && getsockopt(stream->fd, IPPROTO_UDP, UDP_SEGMENT, &segment, &n) == 0);
    stream->address = address;
    gvsp_open_test(stream, &own);
    return stream;
}

as_gvsp_stream *as_gvsp_close(as_gvsp_stream *stream)
{
    if (stream && stream->fd >= 0)
        close(stream->fd);
    if (stream && stream->fd_test >= 0)
        close(stream->fd_test);
    free(stream);
    return NULL;
}

uint16_t as_gvsp_port(const as_gvsp_stream *stream)
{
    return stream->port;
}

bool as_gvsp_uses_gso(const as_gvsp_stream *stream)
{
    return atomic_load(&stream->gso);
}

/* One message of a batch: `n` packets whose parts follow each other; `each` bytes a packet where the kernel cuts it. */
static void gvsp_message(gvsp_batch *batch, struct sockaddr_in *to, struct iovec *parts, size_t n_parts, size_t each)
{
    struct msghdr *message = &batch->messages[batch->n_messages].msg_hdr;
    gvsp_control  *control = &batch->controls[batch->n_messages++];
    *message = (struct msghdr){.msg_name = to, .msg_namelen = sizeof *to, .msg_iov = parts, .msg_iovlen = n_parts};
    if (each == 0)
        return;
    message->msg_control = control;
    message->msg_controllen = sizeof *control;
    struct cmsghdr *head = CMSG_FIRSTHDR(message);
    head->cmsg_level = IPPROTO_UDP;
    head->cmsg_type = UDP_SEGMENT;
    head->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    uint16_t bytes = (uint16_t)each;
    memcpy(CMSG_DATA(head), &bytes, sizeof bytes);
}

/* Packets first to last of pixels, as few messages as can be. */
static void gvsp_build(gvsp_batch *batch, struct sockaddr_in *to, const as_gvsp_picture *picture, uint32_t first,
                       uint32_t last, bool gso)
{
    const size_t payload = as_gvsp_payload(picture->frame), each = picture->packet_bytes + AS_GVSP_HEAD_BYTES;
    const size_t group = gso ? AS_MAX(AS_MIN((size_t)MAX_SEGMENTS, MAX_MESSAGE / each), (size_t)1) : 1;
    batch->n_packets = batch->n_messages = 0;
    for (uint32_t id = first; id <= last; id++) {
        size_t i = batch->n_packets++, at = (size_t)(id - 1) * picture->packet_bytes;
        as_gvsp_head(batch->heads[i], AS_GV_OK, picture->block, FORMAT_PAYLOAD, id);
        batch->parts[i][0] = (struct iovec){batch->heads[i], AS_GVSP_HEAD_BYTES};
        batch->parts[i][1] =
            (struct iovec){picture->frame->image.data + at, AS_MIN((size_t)picture->packet_bytes, payload - at)};
    }
    for (size_t i = 0; i < batch->n_packets; i += group) {
        size_t n = AS_MIN(group, batch->n_packets - i);
        gvsp_message(batch, to, batch->parts[i], 2 * n, n > 1 ? each : 0);
    }
}

typedef enum gvsp_left { GVSP_ALL, GVSP_UNCUT, GVSP_FULL } gvsp_left;

/* What is said where messages cannot be cut; all else passes, as a network does that is down. */
static bool gvsp_is_uncut(int error)
{
    return error == EIO || error == EINVAL || error == EOPNOTSUPP || error == EMSGSIZE;
}

/* ALL: it left, or was dropped by the network as packets are. UNCUT: the kernel does not cut messages. FULL: not without
 * waiting, where flags forbid that. *ret_done: messages before that. */
static gvsp_left gvsp_flush(int fd, gvsp_batch *batch, int flags, size_t *ret_done)
{
    size_t    done = 0;
    gvsp_left left = GVSP_ALL;
    while (done < batch->n_messages && left == GVSP_ALL) {
        int n = sendmmsg(fd, batch->messages + done, (unsigned)(batch->n_messages - done), flags);
        if (n > 0)
            done += (size_t)n;
        else if (errno == EINTR)
            continue;
        else if ((flags & MSG_DONTWAIT) && (errno == EAGAIN || errno == EWOULDBLOCK))
            left = GVSP_FULL;
        else if (batch->messages[done].msg_hdr.msg_controllen > 0 && gvsp_is_uncut(errno))
            left = GVSP_UNCUT;
        else
            done++; /* a packet that the network does not take is a packet lost */
    }
    *ret_done = done;
    return left;
}

/* Packets within the first so many messages. */
static uint32_t gvsp_count(const gvsp_batch *batch, size_t n_messages)
{
    size_t n = 0;
    for (size_t i = 0; i < n_messages; i++)
        n += batch->messages[i].msg_hdr.msg_iovlen / 2;
    return (uint32_t)n;
}

/* Sends packets of pixels, and returns how many; without the kernel's help from the first time on that it does not give it. */
static uint32_t gvsp_put(as_gvsp_stream *stream, gvsp_batch *batch, struct sockaddr_in *to,
                         const as_gvsp_picture *picture, uint32_t first, uint32_t last, int flags)
{
    bool     gso = atomic_load(&stream->gso) && be32toh(to->sin_addr.s_addr) != stream->address;
    uint32_t n = 0;
    size_t   done;
    gvsp_build(batch, to, picture, first, last, gso);
    if (gvsp_flush(stream->fd, batch, flags, &done) == GVSP_UNCUT) {
        atomic_store(&stream->gso, false);
        n = gvsp_count(batch, done);
        gvsp_build(batch, to, picture, first + n, last, false);
        (void)gvsp_flush(stream->fd, batch, flags, &done);
    }
    return n + gvsp_count(batch, done);
}

/* False: not without waiting, where flags forbid that. */
static bool gvsp_put_bytes(int fd, const struct sockaddr_in *to, const uint8_t *bytes, size_t n, int flags)
{
    ssize_t sent;
    do
        sent = sendto(fd, bytes, n, flags, (const struct sockaddr *)to, sizeof *to);
    while (sent < 0 && errno == EINTR);
    return sent >= 0 || !(flags & MSG_DONTWAIT) || (errno != EAGAIN && errno != EWOULDBLOCK);
}

/* How many packets may leave before the clock is looked at. */
static uint32_t gvsp_step(const as_gvsp_picture *picture, as_ns delay)
{
    size_t n = BATCH_BYTES / (picture->packet_bytes + AS_GVSP_OVERHEAD);
    if (delay > 0)
        n = AS_MIN(n, (size_t)(200 * AS_NS_PER_US / delay + 1));
    return (uint32_t)AS_MIN(AS_MAX(n, (size_t)1), (size_t)MAX_PACKETS);
}

/* In slices: packets may be told to be a second apart. */
static void gvsp_wait(as_ns until, const atomic_bool *stop)
{
    for (as_ns now = as_clock_mono(); now < until && !atomic_load(stop); now = as_clock_mono())
        as_clock_sleep_until(AS_MIN(until, now + SLICE_NS));
}

/* Of the picture that is being sent, packets before that one have left, or are on their way out: who has one may ask for it again
 * before the call that sent it is back. */
static void gvsp_at(as_gvsp_stream *stream, const as_gvsp_picture *picture, uint32_t packet)
{
    atomic_store(&stream->under_way, (uint64_t)picture->block << 32 | packet);
}

uint64_t as_gvsp_send(as_gvsp_stream *stream, const as_gv_peer *to, const as_gvsp_picture *picture, as_ns delay,
                      const atomic_bool *stop)
{
    struct sockaddr_in where = gvsp_address(to->address, to->port);
    uint8_t            ends[AS_GVSP_LEADER_BYTES];
    const uint32_t     step = gvsp_step(picture, delay);
    const double       each_ns =
        (stream->link_mbit > 0 ? (picture->packet_bytes + AS_GVSP_OVERHEAD) * 8e3 / stream->link_mbit : 0);
    as_ns    due = as_clock_mono();
    uint64_t n = AS_GVSP_LEADER_BYTES + AS_GVSP_TRAILER_BYTES;
    gvsp_at(stream, picture, 1);
    (void)gvsp_put_bytes(stream->fd, &where, ends, as_gvsp_leader(picture, ends), 0);
    for (uint32_t id = 1; id <= picture->n_there && !atomic_load(stop); id += step) {
        uint32_t last = AS_MIN(id + step - 1, picture->n_there);
        gvsp_at(stream, picture, last + 1);
        (void)gvsp_put(stream, &stream->first, &where, picture, id, last, 0);
        n += (uint64_t)(last - id + 1) * (picture->packet_bytes + AS_GVSP_HEAD_BYTES);
        due += (as_ns)((double)(last - id + 1) * AS_MAX(each_ns, (double)delay));
        gvsp_wait(due, stop);
    }
    atomic_store(&stream->under_way, 0);
    (void)gvsp_put_bytes(stream->fd, &where, ends, as_gvsp_trailer(picture, ends), 0);
    return n;
}

static bool gvsp_put_status(as_gvsp_stream *stream, const as_gv_peer *to, as_gv_status status, uint16_t block,
                            uint32_t packet)
{
    struct sockaddr_in where = gvsp_address(to->address, to->port);
    uint8_t            head[AS_GVSP_HEAD_BYTES];
    as_gvsp_head(head, status, block, FORMAT_PAYLOAD, packet);
    return gvsp_put_bytes(stream->fd, &where, head, sizeof head, MSG_DONTWAIT);
}

bool as_gvsp_send_gone(as_gvsp_stream *stream, const as_gv_peer *to, uint16_t block, uint32_t packet)
{
    return gvsp_put_status(stream, to, AS_GV_PACKET_UNAVAILABLE, block, packet);
}

/* The first packet of it that has not left; far behind its last where all have. */
static uint32_t gvsp_unsent(const as_gvsp_stream *stream, const as_gvsp_picture *picture)
{
    const uint64_t at = atomic_load(&stream->under_way);
    return at > 0 && at >> 32 == picture->block ? (uint32_t)at : UINT32_MAX;
}

/* One of the ends, or one that half a picture does not have. */
static bool gvsp_put_other(as_gvsp_stream *stream, const as_gv_peer *to, const as_gvsp_picture *picture, uint32_t id)
{
    struct sockaddr_in where = gvsp_address(to->address, to->port);
    uint8_t            ends[AS_GVSP_LEADER_BYTES];
    if (id != 0 && id <= picture->n_packets)
        return as_gvsp_send_gone(stream, to, picture->block, id);
    size_t n = id == 0 ? as_gvsp_leader(picture, ends) : as_gvsp_trailer(picture, ends);
    return gvsp_put_bytes(stream->fd, &where, ends, n, MSG_DONTWAIT);
}

/* Half of the wire is left to the pictures that are new. */
static as_ns gvsp_pause(const as_gvsp_stream *stream, const as_gvsp_picture *picture, as_ns delay, uint32_t n)
{
    double each_ns =
        stream->link_mbit > 0 ? 2.0 * (picture->packet_bytes + AS_GVSP_OVERHEAD) * 8e3 / stream->link_mbit : 0.0;
    return (as_ns)(n * AS_MAX(each_ns, (double)delay));
}

as_gvsp_again as_gvsp_send_again(as_gvsp_stream *stream, const as_gv_peer *to, const as_gvsp_picture *picture,
                                 uint32_t first, uint32_t last, as_ns delay)
{
    struct sockaddr_in where = gvsp_address(to->address, to->port);
    as_gvsp_again      again = {.n_done = 0};
    const uint32_t     step = gvsp_step(picture, delay), left = gvsp_unsent(stream, picture);
    const uint32_t     end = AS_MIN(AS_MIN(last, picture->n_packets + 1), left > 0 ? left - 1 : 0);
    bool               full = false;
    if (first >= left) { /* all of it comes by itself */
        if (gvsp_put_status(stream, to, AS_GV_PACKET_NOT_YET, picture->block, first))
            again.n_done = last - first + 1;
        else
            again.pause = FULL_NS;
        return again;
    }
    for (uint32_t id = first; id <= end && !full && again.n_done < step; id = first + again.n_done) {
        uint32_t n = 1, until = AS_MIN(AS_MIN(end, picture->n_there), id + (step - again.n_done) - 1);
        if (id == 0 || id > picture->n_there) {
            full = !gvsp_put_other(stream, to, picture, id);
            n = full ? 0 : 1;
            again.n_sent += id == 0 || id > picture->n_packets ? n : 0;
        } else {
            n = gvsp_put(stream, &stream->again, &where, picture, id, until, MSG_DONTWAIT);
            full = n < until - id + 1;
            again.n_sent += n;
        }
        again.n_done += n;
    }
    again.pause = gvsp_pause(stream, picture, delay, again.n_done);
    if (full)
        again.pause = AS_MAX(again.pause, FULL_NS);
    return again;
}

void as_gvsp_send_test(as_gvsp_stream *stream, const as_gv_peer *to, uint32_t packet_size)
{
    struct sockaddr_in where = gvsp_address(to->address, to->port);
    uint8_t           *bytes = packet_size > AS_GVSP_OVERHEAD ? calloc(1, packet_size) : NULL;
    if (bytes && stream->fd_test >= 0)
        (void)gvsp_put_bytes(stream->fd_test, &where, bytes, packet_size - (AS_GVSP_OVERHEAD - AS_GVSP_HEAD_BYTES),
                             MSG_DONTWAIT);
    free(bytes);
}
