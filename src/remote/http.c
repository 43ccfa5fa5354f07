/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/http.h"

#include <ctype.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "base/str.h"

#define HTTP_MAX_KEPT    16
#define HTTP_SLOW_BYTES  1000L /* a second: less is silence */
#define HTTP_FIRST_BYTES ((size_t)4096)

/* What is called of it; opened, not linked: it brings two dozen libraries along. */
static struct {
    CURLcode (*global_init)(long flags);
    CURL *(*easy_init)(void);
    void (*easy_reset)(CURL *curl);
    CURLcode (*setopt)(CURL *curl, CURLoption option, ...);
    CURLcode (*perform)(CURL *curl);
    void (*cleanup)(CURL *curl);
    CURLcode (*getinfo)(CURL *curl, CURLINFO info, ...);
    const char *(*strerror)(CURLcode code);
    struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
    void (*slist_free)(struct curl_slist *list);
    char why[200]; /* "" or why it is not there */
} http_curl;

static pthread_once_t http_once = PTHREAD_ONCE_INIT;

static void http_load(void)
{
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
    struct {
        const char *name;
        void      **at;
    } symbols[] = {{"curl_global_init", (void **)&http_curl.global_init},
                   {"curl_easy_init", (void **)&http_curl.easy_init},
                   {"curl_easy_reset", (void **)&http_curl.easy_reset},
                   {"curl_easy_setopt", (void **)&http_curl.setopt},
                   {"curl_easy_perform", (void **)&http_curl.perform},
                   {"curl_easy_cleanup", (void **)&http_curl.cleanup},
                   {"curl_easy_getinfo", (void **)&http_curl.getinfo},
                   {"curl_easy_strerror", (void **)&http_curl.strerror},
                   {"curl_slist_append", (void **)&http_curl.slist_append},
                   {"curl_slist_free_all", (void **)&http_curl.slist_free}};
    void *library = NULL;
    for (size_t i = 0; !library && i < AS_COUNT(names); i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        snprintf(http_curl.why, sizeof http_curl.why, "%s", dlerror());
        return;
    }
    for (size_t i = 0; i < AS_COUNT(symbols); i++) {
        *symbols[i].at = dlsym(library, symbols[i].name);
        if (!*symbols[i].at)
            snprintf(http_curl.why, sizeof http_curl.why, "it has no '%s'", symbols[i].name);
    }
    if (!http_curl.why[0] && http_curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        snprintf(http_curl.why, sizeof http_curl.why, "it does not start");
}

struct as_http {
    double             timeout_s;
    const atomic_bool *stop;
    pthread_mutex_t    lock;
    CURL              *kept[HTTP_MAX_KEPT];
    size_t             n_kept;
};

as_http *as_http_open(double timeout_s, const atomic_bool *stop, as_err *err)
{
    pthread_once(&http_once, http_load);
    if (http_curl.why[0]) {
        AS_FAIL(err, AS_EMISSING, "buckets need libcurl (Debian: apt-get install libcurl4): %s", http_curl.why);
        return NULL;
    }
    as_http *http = calloc(1, sizeof *http);
    if (!http) {
        AS_FAIL(err, AS_ENOMEM, "not enough memory for a connection");
        return NULL;
    }
    http->timeout_s = timeout_s;
    http->stop = stop;
    pthread_mutex_init(&http->lock, NULL);
    return http;
}

as_http *as_http_close(as_http *http)
{
    if (!http)
        return NULL;
    for (size_t i = 0; i < http->n_kept; i++)
        http_curl.cleanup(http->kept[i]);
    pthread_mutex_destroy(&http->lock);
    free(http);
    return NULL;
}

static CURL *http_take(as_http *http)
{
    CURL *curl = NULL;
    pthread_mutex_lock(&http->lock);
    if (http->n_kept)
        curl = http->kept[--http->n_kept];
    pthread_mutex_unlock(&http->lock);
    if (curl)
        http_curl.easy_reset(curl); /* keeps its connections */
    return curl ? curl : http_curl.easy_init();
}

static void http_give(as_http *http, CURL *curl)
{
    pthread_mutex_lock(&http->lock);
    const bool fits = http->n_kept < HTTP_MAX_KEPT;
    if (fits)
        http->kept[http->n_kept++] = curl;
    pthread_mutex_unlock(&http->lock);
    if (!fits)
        http_curl.cleanup(curl);
}

typedef struct http_call {
    const as_http         *http;
    const as_http_request *request;
    as_http_answer         answer;
    size_t                 n_sent, cap;
    bool                   is_large, no_memory;
} http_call;

static size_t http_read(char *at, size_t size, size_t n, void *ctx)
{
    http_call   *call = ctx;
    const size_t want = AS_MIN(size * n, call->request->n_body - call->n_sent);
    if (want)
        memcpy(at, (const char *)call->request->body + call->n_sent, want);
    call->n_sent += want;
    return want;
}

/* A kept connection that the other side had closed: the body is sent again. */
static int http_seek(void *ctx, curl_off_t offset, int origin)
{
    http_call *call = ctx;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > call->request->n_body)
        return CURL_SEEKFUNC_FAIL;
    call->n_sent = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

static size_t http_write(char *bytes, size_t size, size_t n, void *ctx)
{
    http_call      *call = ctx;
    as_http_answer *answer = &call->answer;
    const size_t    length = size * n;
    /* What an error says may be longer than what was asked for. */
    if (length > AS_MAX(call->request->max_bytes, HTTP_FIRST_BYTES * 16) - answer->n) {
        call->is_large = true;
        return 0;
    }
    if (answer->n + length + 1 > call->cap) {
        const size_t cap = AS_MAX(AS_MAX(call->cap * 2, answer->n + length + 1), HTTP_FIRST_BYTES);
        uint8_t     *grown = realloc(answer->bytes, cap);
        call->no_memory = !grown;
        if (!grown)
            return 0;
        answer->bytes = grown;
        call->cap = cap;
    }
    memcpy(answer->bytes + answer->n, bytes, length);
    answer->n += length;
    answer->bytes[answer->n] = 0;
    return length;
}

static void http_take_header(const char *line, size_t n, const char *name, char *value, size_t value_bytes)
{
    const size_t n_name = strlen(name);
    if (n <= n_name || strncasecmp(line, name, n_name) != 0)
        return;
    while (n > n_name && isspace((unsigned char)line[n - 1]))
        n--;
    while (n > n_name && isspace((unsigned char)line[n_name])) {
        line++;
        n--;
    }
    n -= n_name;
    if (n >= value_bytes)
        return;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[n_name + i] < 0x20 || (unsigned char)line[n_name + i] >= 0x7f)
            return;
    memcpy(value, line + n_name, n);
    value[n] = '\0';
}

static size_t http_header(char *line, size_t size, size_t n, void *ctx)
{
    http_call *call = ctx;
    http_take_header(line, size * n, "etag:", call->answer.etag, sizeof call->answer.etag);
    http_take_header(line, size * n, "x-amz-bucket-region:", call->answer.region, sizeof call->answer.region);
    return size * n;
}

static int http_look(void *ctx, curl_off_t dl_total, curl_off_t dl_now, curl_off_t ul_total, curl_off_t ul_now)
{
    const http_call *call = ctx;
    (void)dl_total, (void)dl_now, (void)ul_total, (void)ul_now;
    return call->http->stop && atomic_load_explicit(call->http->stop, memory_order_relaxed) ? 1 : 0;
}

static void http_options(CURL *curl, http_call *call, struct curl_slist *headers)
{
    const as_http_request *r = call->request;
    const long             seconds = (long)AS_MAX(call->http->timeout_s + 0.999, 1.0);
    http_curl.setopt(curl, CURLOPT_URL, r->url);
    http_curl.setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    http_curl.setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
    http_curl.setopt(curl, CURLOPT_HTTPHEADER, headers);
    http_curl.setopt(curl, CURLOPT_PATH_AS_IS, 1L); /* as it was signed */
    http_curl.setopt(curl, CURLOPT_NOSIGNAL, 1L);
    http_curl.setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    http_curl.setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(call->http->timeout_s * 1000));
    http_curl.setopt(curl, CURLOPT_LOW_SPEED_LIMIT, HTTP_SLOW_BYTES);
    http_curl.setopt(curl, CURLOPT_LOW_SPEED_TIME, seconds);
    http_curl.setopt(curl, CURLOPT_NOPROGRESS, 0L);
    http_curl.setopt(curl, CURLOPT_XFERINFOFUNCTION, http_look);
    http_curl.setopt(curl, CURLOPT_XFERINFODATA, call);
    http_curl.setopt(curl, CURLOPT_WRITEFUNCTION, http_write);
    http_curl.setopt(curl, CURLOPT_WRITEDATA, call);
    http_curl.setopt(curl, CURLOPT_HEADERFUNCTION, http_header);
    http_curl.setopt(curl, CURLOPT_HEADERDATA, call);
    if (!r->body)
        return;
    http_curl.setopt(curl, CURLOPT_UPLOAD, 1L);
    http_curl.setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 1L << 20);
    http_curl.setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->n_body);
    http_curl.setopt(curl, CURLOPT_READFUNCTION, http_read);
    http_curl.setopt(curl, CURLOPT_READDATA, call);
    http_curl.setopt(curl, CURLOPT_SEEKFUNCTION, http_seek);
    http_curl.setopt(curl, CURLOPT_SEEKDATA, call);
}

static bool http_fail(const http_call *call, CURLcode code, as_err *err)
{
    const char *url = call->request->url;
    const int   n = (int)strcspn(url, "?");
    if (call->no_memory)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory for what '%.*s' answers", n, url);
    if (call->is_large)
        return AS_FAIL(err, AS_ELIMIT, "'%.*s' answers with more than the %zu bytes it should", n, url,
                       call->request->max_bytes);
    switch (code) {
    case CURLE_ABORTED_BY_CALLBACK: return AS_FAIL(err, AS_ECANCELLED, "stopped before the end, as asked");
    case CURLE_OPERATION_TIMEDOUT:
        return AS_FAIL(err, AS_ETIMEOUT, "'%.*s' was silent for %.3g s (is there a network? or a longer --timeout)", n,
                       url, call->http->timeout_s);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return AS_FAIL(err, AS_EINVAL, "'%.*s': %s", n, url, http_curl.strerror(code));
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return AS_FAIL(err, AS_EACCESS, "'%.*s' cannot prove who it is: %s", n, url, http_curl.strerror(code));
    default: return AS_FAIL(err, AS_EIO, "'%.*s': %s", n, url, http_curl.strerror(code));
    }
}

bool as_http_do(as_http *http, const as_http_request *request, as_http_answer *ret, as_err *err)
{
    http_call          call = {.http = http, .request = request};
    struct curl_slist *headers = NULL;
    CURL              *curl = http_take(http);
    bool               ok = curl != NULL;
    for (size_t i = 0; ok && request->headers[i]; i++) {
        struct curl_slist *grown = http_curl.slist_append(headers, request->headers[i]);
        ok = grown != NULL;
        headers = grown ? grown : headers;
    }
    if (!ok) {
        AS_FAIL(err, AS_ENOMEM, "not enough memory for a request");
    } else {
        http_options(curl, &call, headers);
        const CURLcode code = http_curl.perform(curl);
        ok = http_curl.getinfo(curl, CURLINFO_RESPONSE_CODE, &call.answer.status) == CURLE_OK && code == CURLE_OK;
        if (!ok)
            http_fail(&call, code, err);
    }
    http_curl.slist_free(headers);
    if (curl)
        http_give(http, curl);
    if (ok || request->keep_part)
        *ret = call.answer;
    else
        free(call.answer.bytes);
    return ok;
}

void as_http_answer_done(as_http_answer *answer)
{
    free(answer->bytes);
    answer->bytes = NULL;
    answer->n = 0;
}
