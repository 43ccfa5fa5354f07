/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/mjpeg.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/thread.h"
#include "image/codec.h"
#include "wire/cast.h"
#include "wire/http_request.h"
#include "wire/mjpeg_page.h"
#include "wire/where.h"

#define QUALITY    85
#define REQUEST_NS (5 * AS_NS_PER_S)  /* for a request to come whole */
#define STALLED_NS (10 * AS_NS_PER_S) /* a client that takes nothing for so long is gone */
#define SLICE_MS   100
#define MJPEG_PORT 8080
#define BOUNDARY   "assay-picture"

/* One picture as it is sent, counted. */
typedef struct mjpeg_shot {
    atomic_uint refs;
    uint64_t    number;
    as_str      jpeg, truth;
} mjpeg_shot;

typedef struct mjpeg_client {
    as_mjpeg   *server;
    as_thread  *thread;
    int         fd; /* -1: free */
    atomic_bool done;
} mjpeg_client;

struct as_mjpeg {
    as_cast        *cast;
    as_thread      *thread;
    int             fd;
    bool            local;
    char            address[80];
    atomic_bool     stop;
    atomic_uint     n_clients;
    atomic_ullong   n_bytes;
    pthread_mutex_t lock; /* of last */
    pthread_cond_t  came;
    mjpeg_shot     *last;
    mjpeg_client    clients[AS_MJPEG_CLIENTS];
};

/* --- pictures ------------------------------------------------------------------------------------------------------------ */

static void mjpeg_unref(mjpeg_shot *shot)
{
    if (!shot || atomic_fetch_sub(&shot->refs, 1) != 1)
        return;
    as_str_done(&shot->jpeg);
    as_str_done(&shot->truth);
    free(shot);
}

static bool mjpeg_fill(mjpeg_shot *shot, const as_cast_shot *from)
{
    as_err  ignored;
    json_t *json = json_pack("{s:I,s:i,s:i,s:o*}", "number", (json_int_t)from->number, "width", (int)from->image->width,
                             "height", (int)from->image->height, "truth", as_pump_item_json(from->item));
    char   *text = json ? as_json_text(json) : NULL;
    if (text)
        as_str_add(&shot->truth, text);
    free(text);
    json_decref(json);
    return text && as_codec_encode_jpeg(from->image, QUALITY, &shot->jpeg, &ignored) && as_str_ok(&shot->truth);
}

/* From the cast's thread. Without memory a picture is missing. */
static size_t mjpeg_take(void *ctx, const as_cast_shot *from)
{
    as_mjpeg   *server = ctx;
    mjpeg_shot *shot = atomic_load(&server->n_clients) > 0 ? calloc(1, sizeof *shot) : NULL, *before;
    if (!shot)
        return 0;
    atomic_init(&shot->refs, 1);
    shot->number = from->number;
    as_str_init(&shot->jpeg);
    as_str_init(&shot->truth);
    if (!mjpeg_fill(shot, from)) {
        mjpeg_unref(shot);
        return 0;
    }
    pthread_mutex_lock(&server->lock);
    before = server->last;
    server->last = shot;
    pthread_cond_broadcast(&server->came);
    pthread_mutex_unlock(&server->lock);
    mjpeg_unref(before);
    return 0; /* counted as it is sent */
}

/* The newest after `seen`; NULL: none within a while. */
static mjpeg_shot *mjpeg_wait(as_mjpeg *server, uint64_t seen)
{
    const as_ns     until = as_clock_mono() + SLICE_MS * AS_NS_PER_MS;
    struct timespec at = {.tv_sec = until / AS_NS_PER_S, .tv_nsec = until % AS_NS_PER_S};
    mjpeg_shot     *shot = NULL;
    pthread_mutex_lock(&server->lock);
    if (!atomic_load(&server->stop) && (!server->last || server->last->number <= seen))
        pthread_cond_timedwait(&server->came, &server->lock, &at);
    if (server->last && server->last->number > seen) {
        shot = server->last;
        atomic_fetch_add(&shot->refs, 1);
    }
    pthread_mutex_unlock(&server->lock);
    return shot;
}

/* --- a client ------------------------------------------------------------------------------------------------------------ */

/* All of it, as fast as the client takes it; false: it is gone, or takes nothing. */
static bool mjpeg_send(mjpeg_client *client, const char *bytes, size_t n)
{
    as_ns until = as_clock_mono() + STALLED_NS;
    while (n > 0) {
        if (atomic_load(&client->server->stop) || as_clock_mono() > until)
            return false;
        ssize_t sent = send(client->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            return false;
        if (sent > 0) {
            bytes += sent;
            n -= (size_t)sent;
            atomic_fetch_add(&client->server->n_bytes, (unsigned long long)sent);
            until = as_clock_mono() + STALLED_NS;
            continue;
        }
        struct pollfd wait = {.fd = client->fd, .events = POLLOUT};
        (void)poll(&wait, 1, SLICE_MS);
    }
    return true;
}

static bool mjpeg_send_text(mjpeg_client *client, const char *text)
{
    return mjpeg_send(client, text, strlen(text));
}

/* type NULL: no body but the text that says what is wrong. */
static bool mjpeg_answer(mjpeg_client *client, const char *status, const char *type, const char *body, size_t n,
                         bool head)
{
    char text[400];
    snprintf(text, sizeof text,
             "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
             "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
             status, type, n);
    return mjpeg_send_text(client, text) && (head || mjpeg_send(client, body, n));
}

static bool mjpeg_refuse(mjpeg_client *client, const char *status)
{
    char text[120];
    int  n = snprintf(text, sizeof text, "%s\n", status);
    return mjpeg_answer(client, status, "text/plain; charset=utf-8", text, (size_t)n, false);
}

/* Whether it has gone meanwhile: what it still says is not read. */
static bool mjpeg_is_gone(mjpeg_client *client)
{
    struct pollfd look = {.fd = client->fd, .events = POLLIN | POLLRDHUP};
    return poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static bool mjpeg_send_picture(mjpeg_client *client, const mjpeg_shot *shot)
{
    char text[200];
    snprintf(text, sizeof text,
             "--" BOUNDARY "\r\nContent-Type: image/jpeg\r\nContent-Length: %zu\r\nX-Number: %llu\r\n\r\n",
             shot->jpeg.len, (unsigned long long)shot->number);
    return mjpeg_send_text(client, text) && mjpeg_send(client, shot->jpeg.s, shot->jpeg.len) &&
           mjpeg_send_text(client, "\r\n");
}

static bool mjpeg_send_truth(mjpeg_client *client, const mjpeg_shot *shot)
{
    return mjpeg_send_text(client, "data: ") && mjpeg_send(client, shot->truth.s, shot->truth.len) &&
           mjpeg_send_text(client, "\n\n");
}

/* The newest picture again and again, sent by `put`, until the client or the server goes. */
static void mjpeg_stream(mjpeg_client *client, const char *type, bool (*put)(mjpeg_client *, const mjpeg_shot *))
{
    char     text[300];
    uint64_t seen = 0;
    bool     go_on;
    snprintf(text, sizeof text,
             "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n", type);
    for (go_on = mjpeg_send_text(client, text); go_on && !atomic_load(&client->server->stop);) {
        mjpeg_shot *shot = mjpeg_wait(client->server, seen);
        if (shot) {
            seen = shot->number;
            go_on = put(client, shot);
        } else {
            go_on = !mjpeg_is_gone(client);
        }
        mjpeg_unref(shot);
    }
}

static void mjpeg_snapshot(mjpeg_client *client, bool head)
{
    mjpeg_shot *shot = NULL;
    uint64_t    seen = 0;
    as_ns       until = as_clock_mono() + REQUEST_NS;
    pthread_mutex_lock(&client->server->lock); /* what was made before anybody was there may be old */
    seen = client->server->last ? client->server->last->number : 0;
    pthread_mutex_unlock(&client->server->lock);
    while (!shot && !atomic_load(&client->server->stop) && as_clock_mono() < until && !mjpeg_is_gone(client))
        shot = mjpeg_wait(client->server, seen);
    if (shot)
        (void)mjpeg_answer(client, "200 OK", "image/jpeg", shot->jpeg.s, shot->jpeg.len, head);
    else
        (void)mjpeg_refuse(client, "503 No picture yet");
    mjpeg_unref(shot);
}

static as_http_state mjpeg_listen(mjpeg_client *client, as_http_request *ret)
{
    char          bytes[AS_HTTP_REQUEST_BYTES];
    size_t        n = 0;
    as_http_state state = AS_HTTP_MORE;
    const as_ns   until = as_clock_mono() + REQUEST_NS;
    while (state == AS_HTTP_MORE && !atomic_load(&client->server->stop) && as_clock_mono() < until) {
        struct pollfd wait = {.fd = client->fd, .events = POLLIN};
        if (poll(&wait, 1, SLICE_MS) <= 0)
            continue;
        ssize_t got = recv(client->fd, bytes + n, sizeof bytes - n, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return AS_HTTP_MORE;
        n += got > 0 ? (size_t)got : 0;
        state = as_http_request_parse(bytes, n, ret);
    }
    return state;
}

static void mjpeg_serve(mjpeg_client *client, const as_http_request *request)
{
    if (strcmp(request->path, "/") == 0)
        (void)mjpeg_answer(client, "200 OK", "text/html; charset=utf-8", as_mjpeg_page, strlen(as_mjpeg_page),
                           request->head);
    else if (strcmp(request->path, "/stream") == 0 && !request->head)
        mjpeg_stream(client, "multipart/x-mixed-replace; boundary=" BOUNDARY, mjpeg_send_picture);
    else if (strcmp(request->path, "/truth") == 0 && !request->head)
        mjpeg_stream(client, "text/event-stream", mjpeg_send_truth);
    else if (strcmp(request->path, "/snapshot.jpg") == 0)
        mjpeg_snapshot(client, request->head);
    else
        (void)mjpeg_refuse(client, "404 Not found: /, /stream, /snapshot.jpg and /truth are here");
}

static void mjpeg_run_client(void *ctx)
{
    mjpeg_client   *client = ctx;
    as_http_request request;
    switch (mjpeg_listen(client, &request)) {
    case AS_HTTP_WHOLE: mjpeg_serve(client, &request); break;
    case AS_HTTP_OTHER: (void)mjpeg_refuse(client, "405 Only GET and HEAD"); break;
    case AS_HTTP_BAD: (void)mjpeg_refuse(client, "400 Bad request"); break;
    case AS_HTTP_MORE: break;
    }
    (void)shutdown(client->fd, SHUT_WR);
    atomic_fetch_sub(&client->server->n_clients, 1);
    atomic_store(&client->done, true);
}

/* --- the server ---------------------------------------------------------------------------------------------------------- */

static void mjpeg_reap(as_mjpeg *server, bool all)
{
    for (size_t i = 0; i < AS_MJPEG_CLIENTS; i++) {
        mjpeg_client *client = &server->clients[i];
        if (client->fd < 0 || (!all && !atomic_load(&client->done)))
            continue;
        client->thread = as_thread_join(client->thread);
        close(client->fd);
        client->fd = -1;
    }
}

static void mjpeg_welcome(as_mjpeg *server, int fd)
{
    static const char full[] = "HTTP/1.1 503 Too many clients\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    as_err            ignored;
    mjpeg_client     *client = NULL;
    for (size_t i = 0; i < AS_MJPEG_CLIENTS && !client; i++)
        client = server->clients[i].fd < 0 ? &server->clients[i] : NULL;
    if (client) {
        client->server = server;
        client->fd = fd;
        atomic_store(&client->done, false);
        atomic_fetch_add(&server->n_clients, 1);
        client->thread = as_thread_start("mjpeg-client", mjpeg_run_client, client, &ignored);
        if (client->thread)
            return;
        atomic_fetch_sub(&server->n_clients, 1);
        client->fd = -1;
    }
    (void)send(fd, full, sizeof full - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

static void mjpeg_run(void *ctx)
{
    as_mjpeg *server = ctx;
    while (!atomic_load(&server->stop)) {
        struct pollfd wait = {.fd = server->fd, .events = POLLIN};
        const int     n = poll(&wait, 1, SLICE_MS);
        mjpeg_reap(server, false);
        if (n <= 0)
            continue;
        const int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0)
            mjpeg_welcome(server, fd);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
            as_clock_sleep_until(as_clock_mono() + SLICE_MS * AS_NS_PER_MS); /* it still waits: do not spin */
    }
    mjpeg_reap(server, true);
}

static bool mjpeg_start(as_mjpeg *server, const as_serve_cfg *cfg, const char *text, as_err *err)
{
    as_where where;
    char     device[96];
    if (!as_where_parse(text, MJPEG_PORT, &where, err))
        return false;
    server->fd = as_where_listen(&where, err);
    if (server->fd < 0)
        return false;
    as_where_text(&where, server->address);
    server->local = as_where_is_local(&where);
    snprintf(device, sizeof device, "mjpeg %s", server->address);
    server->cast = as_cast_open(cfg, device, mjpeg_take, server, err);
    server->thread = server->cast ? as_thread_start("mjpeg", mjpeg_run, server, err) : NULL;
    return server->thread != NULL;
}

as_mjpeg *as_mjpeg_open(const as_serve_cfg *cfg, const char *where, as_err *err)
{
    as_mjpeg          *server = calloc(1, sizeof *server);
    pthread_condattr_t monotonic;
    if (!server) {
        AS_FAIL(err, AS_ENOMEM, "no memory for a server");
        return NULL;
    }
    server->fd = -1;
    for (size_t i = 0; i < AS_MJPEG_CLIENTS; i++)
        server->clients[i].fd = -1;
    pthread_mutex_init(&server->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&server->came, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return mjpeg_start(server, cfg, where, err) ? server : as_mjpeg_close(server);
}

as_mjpeg *as_mjpeg_close(as_mjpeg *server)
{
    if (!server)
        return NULL;
    atomic_store(&server->stop, true);
    pthread_mutex_lock(&server->lock);
    pthread_cond_broadcast(&server->came);
    pthread_mutex_unlock(&server->lock);
    as_thread_join(server->thread); /* and its clients' */
    as_cast_close(server->cast);
    mjpeg_unref(server->last);
    if (server->fd >= 0)
        close(server->fd);
    pthread_cond_destroy(&server->came);
    pthread_mutex_destroy(&server->lock);
    free(server);
    return NULL;
}

void as_mjpeg_state(as_mjpeg *server, as_serve_state *ret)
{
    const unsigned n = atomic_load(&server->n_clients);
    as_cast_state(server->cast, ret);
    ret->n_bytes = atomic_load(&server->n_bytes);
    if (n > 0)
        snprintf(ret->client, sizeof ret->client, "%u %s", n, n == 1 ? "client" : "clients");
}

const char *as_mjpeg_address(const as_mjpeg *server)
{
    return server->address;
}

bool as_mjpeg_is_local(const as_mjpeg *server)
{
    return server->local;
}
