/* SPDX-License-Identifier: Apache-2.0 */
/* gv_proxy LISTEN DEVICE [--loss P] [--duplicate P] [--reorder P] [--seed N] [--stall N --stall-ms MS] [--stuck N] [--long 1] [--stranger 1] [--leader N] [--payload T --bytes N]
 * [--deaf 1]: a bad network between a GigE Vision camera at
 * DEVICE and whoever asks for it at LISTEN. Control goes through as it is, but for where pictures are to be sent: that is the
 * proxy, which hands each packet on, or not, or twice, or after some that came later, as the seed has it. --stall N stands still
 * for --stall-ms MS before the N-th picture, as a network that is overrun does: what comes meanwhile comes late. --stuck N gives
 * the N-th picture the time stamp of the one before, as a camera that sends its last picture again. --long gives each packet the
 * head of GigE Vision 2, whose numbers have 64 and 32 bits, and understands requests for such; the number of a picture is beyond
 * 32 bits then. --stranger sends each packet from another address first, with other pixels. --leader holds the packet that begins a
 * picture until N packets behind it have passed. --payload makes pictures of N bytes (of which the
 * last packet is shorter) payloads of type T: of type 4 chunks alone, a small one behind that of the picture, and who asks how many
 * bytes there are is told so. --deaf 1 lets the camera send straight to
 * the client, which hears nobody but the proxy: no packet comes, as behind a firewall; --deaf 2 hands on none, and the camera tells
 * that it sends elsewhere. Prints "ready", and when
 * standard input is closed a line of JSON with what it did. --delay MS hands everything of a picture on so much later, and what is
 * of the N-th of --slow N after --slow-ms MS instead, unless what was before it is still held. */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LONG_FROM ((uint64_t)1 << 40) /* added to a picture's number where it has 64 bits */

enum {
    PORT = 3956,
    MAX_PACKET = 66000,
    MAX_HELD = 32,
    MAX_BACK = 16,
    CHUNKS_BYTES = 24,
    STREAM_ADDRESS = 0x0d18,
    STREAM_PORT = 0x0d00
};

typedef struct held {
    uint8_t *bytes;
    size_t   n;
    int      after; /* so many packets */
} held;

/* On its way for some time. */
typedef struct flying {
    struct flying *next;
    uint64_t       due_ms;
    size_t         n;
    uint8_t        bytes[];
} flying;

/* A port of the client, and the socket that stands for it: the camera sees as many ports as the client has. */
typedef struct way {
    struct sockaddr_in client;
    int                fd;
} way;

typedef struct proxy {
    double             loss, duplicate, reorder;
    uint64_t           stall, stall_ms, stuck, n_pictures; /* stall, stuck: which picture, from 1; 0: none */
    uint8_t            stamp[8];                           /* of the last one */
    uint64_t           random, is_long, has_stranger, n_strange, leader, is_deaf, payload, n_bytes, longest;
    int                front, in, out, stranger;
    way                back[MAX_BACK];
    size_t             n_back, next_back;
    struct sockaddr_in listen, device, stream; /* stream: where the client wants its pictures */
    held               held[MAX_HELD];
    uint64_t           delay_ms, slow, slow_ms;
    flying            *flying, **last; /* in the order in which they came */
    uint64_t           n_in, n_lost, n_twice, n_late, n_out;
    uint8_t            bytes[MAX_PACKET];
} proxy;

static double proxy_random(proxy *p)
{
    p->random ^= p->random << 13; /* xorshift64, Marsaglia 2003 */
    p->random ^= p->random >> 7;
    p->random ^= p->random << 17;
    return (double)(p->random >> 11) / 9007199254740992.0;
}

static uint32_t proxy_get32(const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return be32toh(v);
}

static void proxy_put32(uint8_t *at, uint32_t v)
{
    v = htobe32(v);
    memcpy(at, &v, sizeof v);
}

static int proxy_socket(const char *address, uint16_t port, struct sockaddr_in *ret)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = 4 << 20;
    *ret = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htobe16(port)};
    socklen_t n = sizeof *ret;
    if (fd < 0 || inet_pton(AF_INET, address, &ret->sin_addr) != 1 || bind(fd, (struct sockaddr *)ret, n) != 0 ||
        getsockname(fd, (struct sockaddr *)ret, &n) != 0) {
        fprintf(stderr, "gv_proxy: cannot listen on %s: %s\n", address, strerror(errno));
        exit(1);
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    return fd;
}

static int proxy_back(proxy *p, const struct sockaddr_in *client)
{
    struct sockaddr_in ignored;
    for (size_t i = 0; i < p->n_back; i++)
        if (p->back[i].client.sin_port == client->sin_port &&
            p->back[i].client.sin_addr.s_addr == client->sin_addr.s_addr)
            return p->back[i].fd;
    way *to = &p->back[p->next_back++ % MAX_BACK]; /* the oldest makes room */
    if (p->n_back == MAX_BACK)
        close(to->fd);
    else
        p->n_back++;
    *to = (way){*client, proxy_socket("127.0.0.1", 0, &ignored)};
    return to->fd;
}

/* A request for packets of a picture with a long number: as the camera knows it. Returns its length. */
static ssize_t proxy_request_short(proxy *p, ssize_t n)
{
    uint8_t *at = p->bytes + 8;
    if (!p->is_long || n != 28 || p->bytes[3] != 0x40 || !(p->bytes[1] & 0x10))
        return n;
    p->bytes[1] &= 0xef;
    p->bytes[5] = 12;
    at[2] = at[18];
    at[3] = at[19];
    return 20;
}

/* Where pictures go is written into two registers, by WRITEREG: the proxy's own stand there instead. */
static void proxy_request(proxy *p)
{
    struct sockaddr_in own, client;
    socklen_t          n_from = sizeof client;
    ssize_t            n = recvfrom(p->front, p->bytes, sizeof p->bytes, 0, (struct sockaddr *)&client, &n_from);
    socklen_t          n_own = sizeof own;
    if (n < 8 || getsockname(p->in, (struct sockaddr *)&own, &n_own) != 0)
        return;
    bool registers = p->bytes[2] == 0 && p->bytes[3] == 0x82, memory = p->bytes[2] == 0 && p->bytes[3] == 0x86;
    for (ssize_t at = 8; (registers || memory) && p->is_deaf != 1 && at + 8 <= n; at += registers ? 8 : n) {
        uint32_t address = proxy_get32(p->bytes + at), value = proxy_get32(p->bytes + at + 4);
        if (address == STREAM_ADDRESS) {
            p->stream.sin_addr.s_addr = htobe32(value);
            proxy_put32(p->bytes + at + 4, be32toh(own.sin_addr.s_addr));
        } else if (address == STREAM_PORT) {
            p->stream.sin_port = htobe16((uint16_t)value);
            proxy_put32(p->bytes + at + 4, value ? be16toh(own.sin_port) : 0);
        }
    }
    n = proxy_request_short(p, n);
    (void)!sendto(proxy_back(p, &client), p->bytes, (size_t)n, 0, (struct sockaddr *)&p->device, sizeof p->device);
}

/* Answers go back as they are; in that of a discovery stands the proxy's own address. */
static void proxy_answer(proxy *p, const way *from)
{
    ssize_t n = recv(from->fd, p->bytes, sizeof p->bytes, 0);
    if (n < 8)
        return;
    if (n == 8 + 0xf8 && p->bytes[3] == 3)
        memcpy(p->bytes + 8 + 0x24, &p->listen.sin_addr.s_addr, 4);
    if (p->payload == 4 && n == 16 && proxy_get32(p->bytes + 12) == p->n_bytes) /* of READMEM: address and value */
        proxy_put32(p->bytes + 12, (uint32_t)p->n_bytes + CHUNKS_BYTES);
    (void)!sendto(p->front, p->bytes, (size_t)n, 0, (const struct sockaddr *)&from->client, sizeof from->client);
}

/* The head of GigE Vision 2 instead of that of 1. Returns the length. */
static size_t proxy_long(const uint8_t *bytes, size_t n, uint8_t *out)
{
    const uint64_t block = LONG_FROM + (uint64_t)(bytes[2] << 8 | bytes[3]);
    memset(out, 0, 20);
    memcpy(out, bytes, 2);
    out[4] = (uint8_t)(0x80 | bytes[4]);
    proxy_put32(out + 8, (uint32_t)(block >> 32));
    proxy_put32(out + 12, (uint32_t)block);
    proxy_put32(out + 16, proxy_get32(bytes + 4) & 0xffffffu);
    memcpy(out + 20, bytes + 8, n - 8);
    return n + 12;
}

static void proxy_hand_on(proxy *p, const uint8_t *bytes, size_t n)
{
    static uint8_t out[MAX_PACKET + 16];
    p->n_out++;
    if (p->stream.sin_port == 0 || n < 8)
        return;
    if (p->is_long)
        n = proxy_long(bytes, n, out);
    else
        memcpy(out, bytes, n);
    if (p->has_stranger) {
        out[n - 1] ^= 0xff;
        p->n_strange += sendto(p->stranger, out, n, 0, (struct sockaddr *)&p->stream, sizeof p->stream) > 0;
        out[n - 1] ^= 0xff;
    }
    (void)!sendto(p->out, out, n, 0, (struct sockaddr *)&p->stream, sizeof p->stream);
}

static bool proxy_hold(proxy *p, size_t n, int after)
{
    for (int i = 0; i < MAX_HELD; i++) {
        if (p->held[i].bytes)
            continue;
        p->held[i] = (held){malloc(n), n, after};
        if (p->held[i].bytes)
            memcpy(p->held[i].bytes, p->bytes, n);
        return p->held[i].bytes != NULL;
    }
    return false;
}

/* Those whose time has come; all of them where nothing comes any more. */
static void proxy_let_go(proxy *p, bool all)
{
    for (int i = 0; i < MAX_HELD; i++) {
        held *h = &p->held[i];
        if (!h->bytes || (--h->after > 0 && !all))
            continue;
        proxy_hand_on(p, h->bytes, h->n);
        free(h->bytes);
        h->bytes = NULL;
    }
}

static uint64_t proxy_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void proxy_fly(proxy *p, size_t n)
{
    flying *f = malloc(sizeof *f + n);
    if (!f)
        return;
    *f = (flying){.due_ms = proxy_now_ms() + (p->n_pictures == p->slow ? p->slow_ms : p->delay_ms), .n = n};
    memcpy(f->bytes, p->bytes, n);
    *p->last = f;
    p->last = &f->next;
}

static void proxy_arrive(proxy *p)
{
    while (p->flying && p->flying->due_ms <= proxy_now_ms()) {
        flying *f = p->flying;
        proxy_hand_on(p, f->bytes, f->n);
        p->flying = f->next;
        p->last = p->flying ? p->last : &p->flying;
        free(f);
    }
}

/* The packet that begins a picture, of GigE Vision 1 and its numbers of 16 bits: its time stamp is behind 12 bytes. */
static void proxy_picture(proxy *p)
{
    p->n_pictures++;
    if (p->n_pictures == p->stuck)
        memcpy(p->bytes + 12, p->stamp, sizeof p->stamp);
    memcpy(p->stamp, p->bytes + 12, sizeof p->stamp);
    const struct timespec pause = {(time_t)(p->stall_ms / 1000), (long)(p->stall_ms % 1000) * 1000000};
    if (p->n_pictures == p->stall)
        nanosleep(&pause, NULL);
}

/* A packet of a picture as one of another payload. Returns its length. */
static ssize_t proxy_payload(proxy *p, ssize_t n)
{
    uint8_t *tail = p->bytes + n;
    if (p->payload == 0 || n < 20)
        return n;
    if (p->bytes[4] == 1) {
        p->bytes[11] = (uint8_t)p->payload;
        return p->payload == 4 ? 20 : n;
    }
    p->longest = p->bytes[4] == 3 && (uint64_t)n > p->longest ? (uint64_t)n : p->longest;
    if (p->payload != 4 || p->bytes[4] != 3 || (uint64_t)n == p->longest)
        return n;
    memset(tail, 0xcc, CHUNKS_BYTES);
    proxy_put32(tail, 1);
    proxy_put32(tail + 4, (uint32_t)p->n_bytes);
    proxy_put32(tail + 16, 2);
    proxy_put32(tail + 20, 8);
    return n + CHUNKS_BYTES;
}

static void proxy_packet(proxy *p)
{
    ssize_t n = recv(p->in, p->bytes, MAX_PACKET - CHUNKS_BYTES, 0);
    if (n <= 0)
        return;
    p->n_in++;
    n = proxy_payload(p, n);
    if (n >= 20 && p->bytes[4] == 1)
        proxy_picture(p);
    double fate = proxy_random(p), twice = proxy_random(p), late = proxy_random(p);
    if (fate < p->loss || p->is_deaf) {
        p->n_lost++;
    } else if (p->delay_ms) {
        proxy_fly(p, (size_t)n);
    } else if (p->leader && n >= 20 && p->bytes[4] == 1 && proxy_hold(p, (size_t)n, (int)p->leader + 1)) {
        p->n_late++;
    } else if (late < p->reorder && proxy_hold(p, (size_t)n, 1 + (int)(proxy_random(p) * 12))) {
        p->n_late++;
    } else {
        proxy_hand_on(p, p->bytes, (size_t)n);
        if (twice < p->duplicate) {
            p->n_twice++;
            proxy_hand_on(p, p->bytes, (size_t)n);
        }
    }
    proxy_let_go(p, false);
}

static void proxy_run(proxy *p)
{
    struct pollfd polls[3 + MAX_BACK] = {
        {.fd = STDIN_FILENO, .events = POLLIN}, {.fd = p->front, .events = POLLIN}, {.fd = p->in, .events = POLLIN}};
    char byte;
    for (;;) {
        const size_t n_back = p->n_back;
        for (size_t i = 0; i < n_back; i++)
            polls[3 + i] = (struct pollfd){.fd = p->back[i].fd, .events = POLLIN};
        if (poll(polls, 3 + n_back, p->flying ? 1 : 5) == 0)
            proxy_let_go(p, true);
        proxy_arrive(p);
        if ((polls[0].revents & (POLLIN | POLLHUP)) && read(STDIN_FILENO, &byte, 1) <= 0)
            return;
        for (size_t i = 0; i < n_back; i++)
            if (polls[3 + i].revents & POLLIN)
                proxy_answer(p, &p->back[i]);
        if (polls[1].revents & POLLIN)
            proxy_request(p);
        for (int i = 0; i < 64 && (polls[2].revents & POLLIN); i++) {
            proxy_packet(p);
            if (poll(polls + 2, 1, 0) <= 0)
                break;
        }
    }
}

int main(int argc, char **argv)
{
    static proxy       p;
    struct sockaddr_in ignored;
    if (argc < 3)
        return 2;
    p.random = 88172645463325252u;
    p.last = &p.flying;
    for (int i = 3; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--loss") == 0)
            p.loss = strtod(argv[i + 1], NULL);
        else if (strcmp(argv[i], "--duplicate") == 0)
            p.duplicate = strtod(argv[i + 1], NULL);
        else if (strcmp(argv[i], "--reorder") == 0)
            p.reorder = strtod(argv[i + 1], NULL);
        else if (strcmp(argv[i], "--stall") == 0)
            p.stall = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--stall-ms") == 0)
            p.stall_ms = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--stuck") == 0)
            p.stuck = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--long") == 0)
            p.is_long = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--stranger") == 0)
            p.has_stranger = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--leader") == 0)
            p.leader = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--payload") == 0)
            p.payload = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--bytes") == 0)
            p.n_bytes = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--deaf") == 0)
            p.is_deaf = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--delay") == 0)
            p.delay_ms = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--slow") == 0)
            p.slow = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--slow-ms") == 0)
            p.slow_ms = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            p.random ^= strtoull(argv[i + 1], NULL, 10) * 0x9e3779b97f4a7c15u;
        else
            return 2;
    }
    p.front = proxy_socket(argv[1], PORT, &p.listen);
    p.in = proxy_socket("127.0.0.1", 0, &ignored);
    p.out = proxy_socket(argv[1], 0, &ignored);
    p.stranger = proxy_socket("127.0.0.1", 0, &ignored);
    p.stream.sin_family = AF_INET;
    p.device = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htobe16(PORT)};
    if (inet_pton(AF_INET, argv[2], &p.device.sin_addr) != 1)
        return 2;
    puts("ready");
    fflush(stdout);
    proxy_run(&p);
    printf("{\"n_in\":%llu,\"n_lost\":%llu,\"n_twice\":%llu,\"n_late\":%llu,\"n_out\":%llu,\"n_strange\":%llu}\n",
           (unsigned long long)p.n_in, (unsigned long long)p.n_lost, (unsigned long long)p.n_twice,
           (unsigned long long)p.n_late, (unsigned long long)p.n_out, (unsigned long long)p.n_strange);
    return 0;
}
