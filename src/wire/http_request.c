/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http_request.h"

#include <string.h>

/* An empty line ends the head; some end lines with a line feed alone (RFC 9112, section 2.2). */
static bool request_is_whole(const char *bytes, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++)
        if (bytes[i] == '\n' && (bytes[i + 1] == '\n' || (bytes[i + 1] == '\r' && i + 2 < n && bytes[i + 2] == '\n')))
            return true;
    return false;
}

/* "GET /path?query HTTP/1.1" without its line end. */
static as_http_state request_line(const char *line, size_t n, as_http_request *ret)
{
    const char *first = memchr(line, ' ', n);
    if (!first)
        return AS_HTTP_BAD;
    const size_t n_method = (size_t)(first - line), rest = n - n_method - 1;
    const char  *target = first + 1, *second = memchr(target, ' ', rest);
    if (!second || second == target || target[0] != '/')
        return AS_HTTP_BAD;
    const size_t n_version = n - (size_t)(second + 1 - line);
    if (n_version != 8 || memcmp(second + 1, "HTTP/1.", 7) != 0)
        return AS_HTTP_BAD;
    size_t n_path = 0;
    for (; target + n_path < second && target[n_path] != '?'; n_path++)
        if (target[n_path] < 0x21 || target[n_path] > 0x7e)
            return AS_HTTP_BAD;
    if (n_path >= sizeof ret->path)
        return AS_HTTP_BAD;
    const bool is_get = n_method == 3 && memcmp(line, "GET", 3) == 0;
    const bool is_head = n_method == 4 && memcmp(line, "HEAD", 4) == 0;
    if (!is_get && !is_head)
        return AS_HTTP_OTHER;
    memcpy(ret->path, target, n_path);
    ret->path[n_path] = '\0';
    ret->head = is_head;
    return AS_HTTP_WHOLE;
}

as_http_state as_http_request_parse(const char *bytes, size_t n, as_http_request *ret)
{
    if (!request_is_whole(bytes, n))
        return n >= AS_HTTP_REQUEST_BYTES ? AS_HTTP_BAD : AS_HTTP_MORE;
    const char *end = memchr(bytes, '\n', n);
    size_t      n_line = (size_t)(end - bytes);
    if (n_line > 0 && bytes[n_line - 1] == '\r')
        n_line--;
    return request_line(bytes, n_line, ret);
}
