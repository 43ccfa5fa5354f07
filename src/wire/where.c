/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/where.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

/* Clients that wait to be accepted. */
#define BACKLOG 16

static bool where_port(const char *text, uint16_t *ret, as_err *err)
{
    uint64_t port = 0;
    if (!as_str_to_u64(text, &port) || port > UINT16_MAX)
        return AS_FAIL(err, AS_EINVAL, "'%.20s' is no port: 0 to 65535 are", text);
    *ret = (uint16_t)port;
    return true;
}

bool as_where_parse(const char *text, uint16_t port, as_where *ret, as_err *err)
{
    as_where      where = {.port = port};
    const char   *colon = strrchr(text, ':'), *end = text + strlen(text), *begin = text;
    unsigned char bytes[16];
    if (text[0] == '[') {
        begin = text + 1;
        end = strchr(text, ']');
        if (!end)
            return AS_FAIL(err, AS_EINVAL, "'%.80s' begins an IPv6 address and does not end it with ']'", text);
        colon = end[1] == ':' ? end + 1 : NULL;
        if (!colon && end[1] != '\0')
            return AS_FAIL(err, AS_EINVAL, "'%.80s' goes on after its address: ADDRESS:PORT is possible", text);
    } else if (colon && strchr(text, ':') == colon) {
        end = colon;
    } else {
        colon = NULL; /* none, or an IPv6 address without brackets */
    }
    if ((size_t)(end - begin) >= sizeof where.host)
        return AS_FAIL(err, AS_EINVAL, "'%.80s...' is no address: 127.0.0.1:8080 and [::1]:8080 are", text);
    memcpy(where.host, begin, (size_t)(end - begin));
    if (colon && !where_port(colon + 1, &where.port, err))
        return false;
    where.is_v6 = inet_pton(AF_INET6, where.host, bytes) == 1;
    if (!where.is_v6 && inet_pton(AF_INET, where.host, bytes) != 1)
        return AS_FAIL(err, AS_EINVAL, "'%.80s' is no address: 127.0.0.1:8080 and [::1]:8080 are", text);
    *ret = where;
    return true;
}

static socklen_t where_socket(const as_where *where, struct sockaddr_storage *ret)
{
    memset(ret, 0, sizeof *ret);
    if (where->is_v6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)ret;
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(where->port);
        (void)inet_pton(AF_INET6, where->host, &in6->sin6_addr);
        return sizeof *in6;
    }
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)ret;
    in->sin_family = AF_INET;
    in->sin_port = htons(where->port);
    (void)inet_pton(AF_INET, where->host, &in->sin_addr);
    return sizeof *in;
}

static bool where_bind(int fd, as_where *where, as_err *err)
{
    struct sockaddr_storage at;
    char                    text[80];
    socklen_t               n = where_socket(where, &at), n_got = sizeof at;
    const int               on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&at, n) != 0 || listen(fd, BACKLOG) != 0) {
        const int why = errno;
        if (why == EADDRINUSE)
            return AS_FAIL(err, AS_EBUSY, "the port of %s is taken: name another one", as_where_text(where, text));
        if (why == EADDRNOTAVAIL)
            return AS_FAIL(err, AS_EINVAL, "'%s' is no address of this machine", where->host);
        return as_err_errno(err, why, "cannot listen at %s", as_where_text(where, text));
    }
    if (getsockname(fd, (struct sockaddr *)&at, &n_got) != 0)
        return as_err_errno(err, errno, "cannot listen at %s", as_where_text(where, text));
    where->port = where->is_v6 ? ntohs(((const struct sockaddr_in6 *)(const void *)&at)->sin6_port)
                               : ntohs(((const struct sockaddr_in *)(const void *)&at)->sin_port);
    return true;
}

int as_where_listen(as_where *where, as_err *err)
{
    int fd = socket(where->is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        as_err_errno(err, errno, "cannot open a socket");
        return -1;
    }
    if (!where_bind(fd, where, err)) {
        close(fd);
        return -1;
    }
    return fd;
}

bool as_where_is_local(const as_where *where)
{
    return where->is_v6 ? strcmp(where->host, "::1") == 0 : strncmp(where->host, "127.", 4) == 0;
}

char *as_where_text(const as_where *where, char *text)
{
    snprintf(text, 80, where->is_v6 ? "[%s]:%u" : "%s:%u", where->host, where->port);
    return text;
}
