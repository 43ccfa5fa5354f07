/* SPDX-License-Identifier: Apache-2.0 */
/* gv_proxy LISTEN DEVICE [--loss P] [--duplicate P] [--reorder P] [--seed N]: a bad network between a GigE Vision camera at
 * DEVICE and whoever asks for it at LISTEN. Control goes through as it is, but for where pictures are to be sent: that is the
 * proxy, which hands each packet on, or not, or twice, or after some that came later, as the seed has it. Prints "ready", and
 * when standard input is closed a line of JSON with what it did. */
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

enum { PORT = 3956, MAX_PACKET = 66000, MAX_HELD = 32, STREAM_ADDRESS = 0x0d18, STREAM_PORT = 0x0d00 };

typedef struct held {
    uint8_t *bytes;
    size_t   n;
    int      after; /* so many packets */
} held;

typedef struct proxy {
    double             loss, duplicate, reorder;
    uint64_t           random;
    int                front, back, in, out;
    struct sockaddr_in listen, device, client, stream; /* stream: where the client wants its pictures */
    held               held[MAX_HELD];
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

/* Where pictures go is written into two registers, by WRITEREG: the proxy's own stand there instead. */
static void proxy_request(proxy *p)
{
    socklen_t          n_from = sizeof p->client;
    ssize_t            n = recvfrom(p->front, p->bytes, sizeof p->bytes, 0, (struct sockaddr *)&p->client, &n_from);
    struct sockaddr_in own;
    socklen_t          n_own = sizeof own;
    if (n < 8 || getsockname(p->in, (struct sockaddr *)&own, &n_own) != 0)
        return;
    bool registers = p->bytes[2] == 0 && p->bytes[3] == 0x82, memory = p->bytes[2] == 0 && p->bytes[3] == 0x86;
    for (ssize_t at = 8; (registers || memory) && at + 8 <= n; at += registers ? 8 : n) {
        uint32_t address = proxy_get32(p->bytes + at), value = proxy_get32(p->bytes + at + 4);
        if (address == STREAM_ADDRESS) {
            p->stream.sin_addr.s_addr = htobe32(value);
            proxy_put32(p->bytes + at + 4, be32toh(own.sin_addr.s_addr));
        } else if (address == STREAM_PORT) {
            p->stream.sin_port = htobe16((uint16_t)value);
            proxy_put32(p->bytes + at + 4, value ? be16toh(own.sin_port) : 0);
        }
    }
    (void)!sendto(p->back, p->bytes, (size_t)n, 0, (struct sockaddr *)&p->device, sizeof p->device);
}

/* Answers go back as they are; in that of a discovery stands the proxy's own address. */
static void proxy_answer(proxy *p)
{
    ssize_t n = recv(p->back, p->bytes, sizeof p->bytes, 0);
    if (n < 8)
        return;
    if (n == 8 + 0xf8 && p->bytes[3] == 3)
        memcpy(p->bytes + 8 + 0x24, &p->listen.sin_addr.s_addr, 4);
    (void)!sendto(p->front, p->bytes, (size_t)n, 0, (struct sockaddr *)&p->client, sizeof p->client);
}

static void proxy_hand_on(proxy *p, const uint8_t *bytes, size_t n)
{
    p->n_out++;
    if (p->stream.sin_port != 0)
        (void)!sendto(p->out, bytes, n, 0, (struct sockaddr *)&p->stream, sizeof p->stream);
}

static bool proxy_hold(proxy *p, size_t n)
{
    for (int i = 0; i < MAX_HELD; i++) {
        if (p->held[i].bytes)
            continue;
        p->held[i] = (held){malloc(n), n, 1 + (int)(proxy_random(p) * 12)};
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

static void proxy_packet(proxy *p)
{
    ssize_t n = recv(p->in, p->bytes, sizeof p->bytes, 0);
    if (n <= 0)
        return;
    p->n_in++;
    double fate = proxy_random(p), twice = proxy_random(p), late = proxy_random(p);
    if (fate < p->loss) {
        p->n_lost++;
    } else if (late < p->reorder && proxy_hold(p, (size_t)n)) {
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
    struct pollfd polls[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                             {.fd = p->front, .events = POLLIN},
                             {.fd = p->back, .events = POLLIN},
                             {.fd = p->in, .events = POLLIN}};
    char          byte;
    for (;;) {
        if (poll(polls, 4, 5) == 0)
            proxy_let_go(p, true);
        if ((polls[0].revents & (POLLIN | POLLHUP)) && read(STDIN_FILENO, &byte, 1) <= 0)
            return;
        if (polls[1].revents & POLLIN)
            proxy_request(p);
        if (polls[2].revents & POLLIN)
            proxy_answer(p);
        for (int i = 0; i < 64 && (polls[3].revents & POLLIN); i++) {
            proxy_packet(p);
            if (poll(polls + 3, 1, 0) <= 0)
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
    for (int i = 3; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--loss") == 0)
            p.loss = strtod(argv[i + 1], NULL);
        else if (strcmp(argv[i], "--duplicate") == 0)
            p.duplicate = strtod(argv[i + 1], NULL);
        else if (strcmp(argv[i], "--reorder") == 0)
            p.reorder = strtod(argv[i + 1], NULL);
        else if (strcmp(argv[i], "--seed") == 0)
            p.random ^= strtoull(argv[i + 1], NULL, 10) * 0x9e3779b97f4a7c15u;
        else
            return 2;
    }
    p.front = proxy_socket(argv[1], PORT, &p.listen);
    p.back = proxy_socket("127.0.0.1", 0, &ignored);
    p.in = proxy_socket("127.0.0.1", 0, &ignored);
    p.out = proxy_socket(argv[1], 0, &ignored);
    p.stream.sin_family = AF_INET;
    p.device = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htobe16(PORT)};
    if (inet_pton(AF_INET, argv[2], &p.device.sin_addr) != 1)
        return 2;
    puts("ready");
    fflush(stdout);
    proxy_run(&p);
    printf("{\"n_in\":%llu,\"n_lost\":%llu,\"n_twice\":%llu,\"n_late\":%llu,\"n_out\":%llu}\n",
           (unsigned long long)p.n_in, (unsigned long long)p.n_lost, (unsigned long long)p.n_twice,
           (unsigned long long)p.n_late, (unsigned long long)p.n_out);
    return 0;
}
