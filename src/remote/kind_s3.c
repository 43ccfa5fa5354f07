/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket of S3, or of a server that speaks like it: signed requests, tried again when they may go through. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/hash.h"
#include "remote/credentials.h"
#include "remote/http.h"
#include "remote/kind.h"
#include "remote/s3_list.h"
#include "remote/sigv4.h"

#define S3_TRIES       6
#define S3_FIRST_WAIT  (200 * AS_NS_PER_MS) /* twice as long each time */
#define S3_PART_BYTES  ((size_t)16384)      /* so much of an answer that was cut counts as going on */
#define S3_LOOK_NS     (50 * AS_NS_PER_MS)
#define S3_MAX_PAGES   100000
#define S3_BUCKET_MAX  63
#define S3_MAX_HEADERS 8
#define S3_REGION      "us-east-1"
#define S3_MARK        "assay-remote"

typedef struct s3 {
    char                  host[512], base[700];        /* "127.0.0.1:9000", "http://127.0.0.1:9000" */
    char                  path[300];                   /* "/bucket" with path style, else "" */
    char                  prefix[AS_REMOTE_URL_BYTES]; /* "" or "a/b/" */
    char                  bucket[S3_BUCKET_MAX + 1], region[64];
    as_credentials        key;
    as_http              *http;
    const atomic_bool    *stop;
    atomic_uint_least64_t n_again;
    enum { S3_SWAP_UNKNOWN, S3_SWAP_SURE, S3_SWAP_UNSURE } swap;
} s3;

static bool s3_takes(const char *url)
{
    return as_str_starts(url, "s3://");
}

static bool s3_is_made_of(const char *text, size_t n, const char *letters)
{
    for (size_t i = 0; i < n; i++)
        if (!strchr(letters, text[i]))
            return false;
    return true;
}

/* bucket, prefix and region of the address. */
static bool s3_parse(const as_remote_cfg *cfg, s3 *ret, as_err *err)
{
    const char  *rest = cfg->url + strlen("s3://");
    const size_t n = strcspn(rest, "/");
    if (n < 3 || n > S3_BUCKET_MAX || !s3_is_made_of(rest, n, "abcdefghijklmnopqrstuvwxyz0123456789.-"))
        return AS_FAIL(
            err, AS_EINVAL,
            "'%s' names no bucket: it is s3://BUCKET/PREFIX, and a bucket has 3 to %d of a-z, 0-9, '.' and '-'",
            cfg->url, S3_BUCKET_MAX);
    snprintf(ret->bucket, sizeof ret->bucket, "%.*s", (int)n, rest);
    const char *prefix = rest + n + (rest[n] == '/');
    size_t      n_prefix = strlen(prefix);
    while (n_prefix && prefix[n_prefix - 1] == '/')
        n_prefix--;
    if (!s3_is_made_of(prefix, n_prefix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/") ||
        strstr(prefix, "//") || strstr(prefix, "..") || n_prefix > 512)
        return AS_FAIL(err, AS_EINVAL, "the prefix in '%s' must be of letters, digits, '.', '_', '-' and '/'",
                       cfg->url);
    snprintf(ret->prefix, sizeof ret->prefix, "%.*s%s", (int)n_prefix, prefix, n_prefix ? "/" : "");
    const char *env = getenv("AWS_REGION");
    env = env && *env ? env : getenv("AWS_DEFAULT_REGION");
    const char *region = cfg->region[0] ? cfg->region : env && *env ? env : S3_REGION;
    if (strlen(region) >= sizeof ret->region ||
        !s3_is_made_of(region, strlen(region), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"))
        return AS_FAIL(err, AS_EINVAL, "'%.80s' is no region", region);
    as_str_copy(ret->region, sizeof ret->region, region);
    return true;
}

/* base, host and path: the bucket is part of the name of AWS' own servers, and of the path with others. */
static bool s3_parse_endpoint(const as_remote_cfg *cfg, s3 *ret, as_err *err)
{
    const char *endpoint = cfg->endpoint;
    if (!endpoint[0]) {
        const bool is_path = strchr(ret->bucket, '.') != NULL; /* no certificate is for such a name */
        snprintf(ret->host, sizeof ret->host, "%s%ss3.%s.amazonaws.com", is_path ? "" : ret->bucket, is_path ? "" : ".",
                 ret->region);
        snprintf(ret->base, sizeof ret->base, "https://%s", ret->host);
        snprintf(ret->path, sizeof ret->path, "%s%s", is_path ? "/" : "", is_path ? ret->bucket : "");
        return true;
    }
    const bool   is_https = as_str_starts(endpoint, "https://"), is_http = as_str_starts(endpoint, "http://");
    const char  *host = endpoint + (is_https ? 8 : 7);
    const size_t n = is_https || is_http ? strcspn(host, "/?#") : 0;
    if (n == 0 || n >= sizeof ret->host || host[n - 1] == ':' || (host[n] && strcmp(host + n, "/") != 0) ||
        !s3_is_made_of(host, n, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]"))
        return AS_FAIL(err, AS_EINVAL,
                       "'%s' is no endpoint: it is http://HOST:PORT or https://HOST, and nothing behind", endpoint);
    snprintf(ret->host, sizeof ret->host, "%.*s", (int)n, host);
    const char *usual = is_https ? ":443" : ":80"; /* is not said in the header, and so not signed */
    if (as_str_ends(ret->host, usual))
        ret->host[n - strlen(usual)] = '\0';
    snprintf(ret->base, sizeof ret->base, "%s://%s", is_https ? "https" : "http", ret->host);
    snprintf(ret->path, sizeof ret->path, "/%s", ret->bucket);
    return true;
}

static bool s3_check(const as_remote_cfg *cfg, as_err *err)
{
    s3 *parsed = calloc(1, sizeof *parsed);
    if (!parsed)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory to read '%s'", cfg->url);
    bool ok = s3_parse(cfg, parsed, err) && s3_parse_endpoint(cfg, parsed, err);
    free(parsed);
    return ok;
}

static bool s3_access(const as_remote_cfg *cfg, char *text, size_t n, as_err *err)
{
    as_credentials key;
    as_err         why = AS_ERR_NONE;
    (void)cfg, (void)err;
    text[0] = '\0';
    if (as_credentials_find(&key, text, n, &why))
        as_credentials_done(&key);
    else
        as_str_copy(text, n, why.text);
    return true;
}

static void s3_close(void *self)
{
    s3 *s = self;
    if (!s)
        return;
    as_http_close(s->http);
    as_credentials_done(&s->key);
    free(s);
}

static void *s3_open(const as_remote_cfg *cfg, const atomic_bool *stop, as_err *err)
{
    char where[1000];
    s3  *s = calloc(1, sizeof *s);
    if (!s) {
        AS_FAIL(err, AS_ENOMEM, "cannot open '%s': not enough memory", cfg->url);
        return NULL;
    }
    s->stop = stop;
    bool ok = s3_parse(cfg, s, err) && s3_parse_endpoint(cfg, s, err) &&
              as_credentials_find(&s->key, where, sizeof where, err);
    s->http = ok ? as_http_open(cfg->timeout_s > 0 ? cfg->timeout_s : 30, stop, err) : NULL;
    if (s->http)
        return s;
    s3_close(s);
    return NULL;
}

typedef struct s3_request {
    const char          *method, *name; /* name: below the prefix; NULL: the bucket */
    const as_sigv4_pair *query;
    size_t               n_query;
    const char          *range, *if_match, *if_none_match; /* NULL: not sent */
    const void          *body;                             /* NULL: none */
    bool                 keep_part;
    size_t               n_body, max_bytes;
} s3_request;

typedef struct s3_call {
    as_sigv4_pair headers[S3_MAX_HEADERS + 1];
    size_t        n;
    as_str        url, authorization, lines[S3_MAX_HEADERS + 1];
} s3_call;

static void s3_call_add(s3_call *call, const char *name, const char *value)
{
    if (value && *value)
        call->headers[call->n++] = (as_sigv4_pair){name, value};
}

static bool s3_sign(const s3 *s, const s3_request *r, s3_call *call, as_err *err)
{
    char            time[AS_SIGV4_TIME_BYTES], hex[AS_SHA256_HEX_BYTES];
    const as_digest digest = as_sha256_of(r->body ? r->body : "", r->body ? r->n_body : 0);
    as_str          path;
    as_str_init(&path);
    as_str_addf(&path, "%s/", s->path);
    if (r->name)
        as_str_addf(&path, "%s%s", s->prefix, r->name);
    s3_call_add(call, "Host", s->host);
    s3_call_add(call, "x-amz-content-sha256", as_digest_hex(&digest, hex));
    s3_call_add(call, "x-amz-date", as_sigv4_time(as_clock_utc(), time));
    s3_call_add(call, "x-amz-security-token", s->key.token);
    s3_call_add(call, "Range", r->range);
    s3_call_add(call, "If-Match", r->if_match);
    s3_call_add(call, "If-None-Match", r->if_none_match);
    const as_sigv4_request request = {.method = r->method,
                                      .path = path.s,
                                      .query = r->query,
                                      .n_query = r->n_query,
                                      .headers = call->headers,
                                      .n_headers = call->n,
                                      .payload = hex,
                                      .time = time,
                                      .region = s->region,
                                      .service = "s3"};
    const as_sigv4_key     key = {s->key.id, s->key.secret};
    as_str_add(&call->url, s->base);
    as_sigv4_encode(path.s, true, &call->url);
    as_str_add(&call->url, r->n_query ? "?" : "");
    bool ok = as_sigv4_query(r->query, r->n_query, &call->url, err) &&
              as_sigv4_sign(&request, &key, &call->authorization, NULL, err);
    s3_call_add(call, "Authorization", call->authorization.s);
    for (size_t i = 0; i < call->n; i++)
        as_str_addf(&call->lines[i], "%s: %s", call->headers[i].name, call->headers[i].value);
    ok = ok && (as_str_ok(&path) || AS_FAIL(err, AS_ENOMEM, "cannot sign a request: not enough memory"));
    as_str_done(&path);
    return ok;
}

static bool s3_try(s3 *s, const s3_request *r, as_http_answer *ret, as_err *err)
{
    s3_call     call = {.n = 0};
    const char *headers[S3_MAX_HEADERS + 3] = {0};
    as_str_init(&call.url);
    as_str_init(&call.authorization);
    for (size_t i = 0; i < AS_COUNT(call.lines); i++)
        as_str_init(&call.lines[i]);
    bool ok = s3_sign(s, r, &call, err);
    for (size_t i = 0; ok && i < call.n; i++) {
        headers[i] = call.lines[i].s;
        ok = as_str_ok(&call.lines[i]) || AS_FAIL(err, AS_ENOMEM, "cannot sign a request: not enough memory");
    }
    headers[call.n] = "Expect:"; /* do not ask whether the body may come */
    const as_http_request request = {.method = r->method,
                                     .url = call.url.s,
                                     .headers = headers,
                                     .body = r->body,
                                     .n_body = r->n_body,
                                     .max_bytes = r->max_bytes,
                                     .keep_part = r->keep_part};
    ok = ok && as_http_do(s->http, &request, ret, err);
    as_str_done(&call.url);
    as_str_done(&call.authorization);
    for (size_t i = 0; i < AS_COUNT(call.lines); i++)
        as_str_done(&call.lines[i]);
    return ok;
}

static bool s3_may_pass(const as_http_answer *answer)
{
    char code[64], message[256];
    switch (answer->status) {
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504: return true;
    case 400: as_s3_error_parse(answer->bytes, answer->n, code, message); return strcmp(code, "RequestTimeout") == 0;
    default: return false;
    }
}

/* Twice as long each time, and not all at the same moment. */
static bool s3_wait(s3 *s, int n_tried, as_err *err)
{
    const as_progress progress = {.stop = s->stop};
    uint16_t          dice = 0;
    if (getrandom(&dice, sizeof dice, GRND_NONBLOCK) != sizeof dice)
        dice = 0;
    const as_ns wait = (S3_FIRST_WAIT << n_tried) * (1000 + dice % 500) / 1000, until = as_clock_mono() + wait;
    for (as_ns now = as_clock_mono(); now < until; now = as_clock_mono()) {
        if (!as_progress_go_on(&progress, err))
            return false;
        as_clock_sleep_until(AS_MIN(until, now + S3_LOOK_NS));
    }
    return true;
}

/* After a try that gave no answer to keep: false when it was the last. */
static bool s3_again(s3 *s, int n_tried, const as_err *why, as_err *err)
{
    if (n_tried + 1 >= S3_TRIES || (why->code != AS_EIO && why->code != AS_ETIMEOUT && why->code != AS_OK))
        return n_tried ? as_err_set(err, why->code, "%s (tried %d times)", why->text, n_tried + 1)
                       : as_err_set(err, why->code, "%s", why->text);
    if (!s3_wait(s, n_tried, err))
        return false;
    atomic_fetch_add(&s->n_again, 1);
    return true;
}

/* An answer of any status; as_http_answer_done() it. */
static bool s3_do(s3 *s, const s3_request *r, as_http_answer *ret, as_err *err)
{
    for (int n_tried = 0;; n_tried++) {
        as_err     why = AS_ERR_NONE;
        const bool ok = s3_try(s, r, ret, &why);
        if (ok && (n_tried + 1 >= S3_TRIES || !s3_may_pass(ret)))
            return true;
        if (ok)
            as_http_answer_done(ret);
        if (!s3_again(s, n_tried, &why, err))
            return false;
    }
}

/* What the answer says that is none of the statuses asked for. */
static bool s3_fail(const s3 *s, const s3_request *r, const as_http_answer *answer, as_err *err)
{
    char        code[64], message[256], hint[200] = "";
    const char *name = r->name ? r->name : "";
    as_err_code kind = AS_EIO;
    as_s3_error_parse(answer->bytes, answer->n, code, message);
    if (answer->region[0] && strcmp(answer->region, s->region) != 0) {
        snprintf(hint, sizeof hint, " (the bucket is in another region: add the remote with --region %s)",
                 answer->region);
        kind = AS_EINVAL;
    } else if (strcmp(code, "NoSuchBucket") == 0) {
        snprintf(hint, sizeof hint, " (there is no bucket '%s': make it first)", s->bucket);
        kind = AS_EINVAL;
    } else if (strcmp(code, "SignatureDoesNotMatch") == 0 || strcmp(code, "InvalidAccessKeyId") == 0) {
        snprintf(hint, sizeof hint, " (are the key and its secret right?)");
        kind = AS_EACCESS;
    } else if (strcmp(code, "RequestTimeTooSkewed") == 0) {
        snprintf(hint, sizeof hint, " (is the clock of this machine right?)");
    } else if (answer->status == 401 || answer->status == 403) {
        kind = AS_EACCESS;
    } else if (answer->status == 404) {
        kind = AS_ENOTFOUND;
    }
    return AS_FAIL(err, kind, "bucket '%s' answers %s '%s%s' with %ld%s%s%s%s%s", s->bucket, r->method, s->prefix, name,
                   answer->status, code[0] ? " " : "", code, message[0] ? ": " : "", message, hint);
}

/* True with the answer when it has this status (or 2xx for 0); else *err tells. */
static bool s3_want(s3 *s, const s3_request *r, long status, as_http_answer *ret, as_err *err)
{
    if (!s3_do(s, r, ret, err))
        return false;
    if (status ? ret->status == status : ret->status / 100 == 2)
        return true;
    s3_fail(s, r, ret, err);
    as_http_answer_done(ret);
    return false;
}

static bool s3_check_name(const char *name, as_err *err)
{
    return as_remote_name_is_fine(name) || AS_FAIL(err, AS_EINVAL, "'%.100s' is no name in a remote", name);
}

static bool s3_visit_page(const s3 *s, const as_s3_page *page, as_remote_visit *visit, void *ctx, as_err *err)
{
    const size_t n = strlen(s->prefix);
    for (size_t i = 0; i < page->entries.n; i++) {
        const as_s3_entry *entry = &page->entries.at[i];
        if (strncmp(entry->name, s->prefix, n) != 0 || !as_remote_name_is_fine(entry->name + n))
            continue;
        if (!visit(ctx, entry->name + n, entry->n_bytes, err))
            return false;
    }
    return true;
}

static bool s3_get_page(s3 *s, const char *prefix, const char *token, as_s3_page *ret, as_err *err)
{
    const as_sigv4_pair query[] = {{"list-type", "2"}, {"prefix", prefix}, {"continuation-token", token}};
    const s3_request r = {.method = "GET", .query = query, .n_query = token ? 3 : 2, .max_bytes = AS_S3_PAGE_MAX_BYTES};
    as_http_answer   answer;
    if (!s3_want(s, &r, 200, &answer, err))
        return false;
    bool ok = as_s3_page_parse(answer.bytes ? answer.bytes : (const uint8_t *)"", answer.n, ret, err) ||
              as_err_note(err, "bucket '%s'", s->bucket);
    as_http_answer_done(&answer);
    return ok;
}

static bool s3_list(void *self, const char *prefix, as_remote_visit *visit, void *ctx, as_err *err)
{
    s3    *s = self;
    char  *token = NULL;
    as_str whole;
    bool   ok = true, more = true;
    as_str_init(&whole);
    as_str_addf(&whole, "%s%s", s->prefix, prefix);
    for (int n = 0; ok && more; n++) {
        as_s3_page page = {.token = NULL};
        ok = n < S3_MAX_PAGES || AS_FAIL(err, AS_ELIMIT, "bucket '%s' lists names without end", s->bucket);
        ok = ok && s3_get_page(s, whole.s, token, &page, err) && s3_visit_page(s, &page, visit, ctx, err);
        free(token);
        token = page.token;
        page.token = NULL;
        more = token != NULL;
        as_s3_page_done(&page);
    }
    free(token);
    as_str_done(&whole);
    return ok;
}

static bool s3_get_tagged(s3 *s, const char *name, size_t max_bytes, as_http_answer *ret, as_err *err)
{
    const s3_request r = {.method = "GET", .name = name, .max_bytes = max_bytes};
    if (!s3_check_name(name, err) || !s3_want(s, &r, 200, ret, err))
        return false;
    if (ret->n <= max_bytes)
        return true;
    as_http_answer_done(ret);
    return AS_FAIL(err, AS_ELIMIT, "'%s' in bucket '%s' has more than the %zu bytes that are allowed", name, s->bucket,
                   max_bytes);
}

static uint8_t *s3_bytes(as_http_answer *answer, as_err *err)
{
    if (!answer->bytes && !(answer->bytes = calloc(1, 1)))
        AS_FAIL(err, AS_ENOMEM, "not enough memory for an answer");
    return answer->bytes;
}

static bool s3_get(void *self, const char *name, size_t max_bytes, uint8_t **ret, size_t *ret_n, as_err *err)
{
    as_http_answer answer;
    if (!s3_get_tagged(self, name, max_bytes, &answer, err) || !s3_bytes(&answer, err))
        return false;
    *ret = answer.bytes;
    *ret_n = answer.n;
    return true;
}

/* The rest of the bytes behind those that came already; *ret_n grows also when it is cut. True with an answer. */
static bool s3_range_rest(s3 *s, const char *name, uint64_t offset, size_t n, uint8_t *bytes, size_t *ret_n,
                          as_http_answer *ret, as_err *err)
{
    char range[80];
    snprintf(range, sizeof range, "bytes=%llu-%llu", (unsigned long long)(offset + *ret_n),
             (unsigned long long)(offset + n - 1));
    const s3_request r = {.method = "GET", .name = name, .range = range, .max_bytes = n - *ret_n, .keep_part = true};
    *ret = (as_http_answer){.status = 0};
    const bool ok = s3_try(s, &r, ret, err);
    const bool is_part = ret->status == 206 || (ret->status == 200 && offset + *ret_n == 0);
    if (is_part && ret->n <= n - *ret_n && ret->n) {
        memcpy(bytes + *ret_n, ret->bytes, ret->n);
        *ret_n += ret->n;
    }
    if (!ok)
        as_http_answer_done(ret);
    return ok;
}

/* What is left of a range is asked for, until all of it is here: a connection that never lasts long does too. */
static bool s3_range_all(s3 *s, const char *name, uint64_t offset, size_t n, uint8_t *bytes, as_err *err)
{
    size_t got = 0;
    for (int n_tried = 0;; n_tried++) {
        as_err         why = AS_ERR_NONE;
        as_http_answer answer;
        const size_t   before = got;
        const bool     ok = s3_range_rest(s, name, offset, n, bytes, &got, &answer, &why);
        const bool     is_final = ok && (n_tried + 1 >= S3_TRIES || !s3_may_pass(&answer));
        if (is_final) {
            const s3_request r = {.method = "GET", .name = name};
            bool             done = got == n;
            if (!done && (answer.status / 100 == 2 || answer.status == 416))
                AS_FAIL(err, AS_ECORRUPT, "'%s' in bucket '%s' is cut short, or another part came: %zu bytes for %zu",
                        name, s->bucket, got, n);
            else if (!done)
                s3_fail(s, &r, &answer, err);
            as_http_answer_done(&answer);
            return done;
        }
        if (ok)
            as_http_answer_done(&answer);
        if (got - before >= S3_PART_BYTES)
            n_tried = 0;
        if (!s3_again(s, n_tried, &why, err))
            return false;
    }
}

static bool s3_range(void *self, const char *name, uint64_t offset, size_t n, uint8_t **ret, as_err *err)
{
    s3      *s = self;
    uint8_t *bytes = malloc(n + 1);
    if (!bytes)
        return AS_FAIL(err, AS_ENOMEM, "cannot read '%s' in bucket '%s': not enough memory", name, s->bucket);
    if (!s3_check_name(name, err) || !s3_range_all(s, name, offset, n, bytes, err)) {
        free(bytes);
        return false;
    }
    *ret = bytes;
    return true;
}

static bool s3_put(void *self, const char *name, const void *bytes, size_t n, as_err *err)
{
    const s3_request r = {.method = "PUT", .name = name, .body = bytes ? bytes : "", .n_body = n};
    as_http_answer   answer;
    if (!s3_check_name(name, err) || !s3_want(self, &r, 0, &answer, err))
        return false;
    as_http_answer_done(&answer);
    return true;
}

static bool s3_remove(void *self, const char *name, as_err *err)
{
    const s3_request r = {.method = "DELETE", .name = name};
    as_http_answer   answer;
    as_err           why = AS_ERR_NONE;
    if (!s3_check_name(name, err))
        return false;
    if (!s3_want(self, &r, 0, &answer, &why))
        return why.code == AS_ENOTFOUND || as_err_set(err, why.code, "%s", why.text);
    as_http_answer_done(&answer);
    return true;
}

/* Whether the server keeps the conditions of a PUT: the mark is there already, so it must refuse to make it. */
static bool s3_probe(s3 *s, as_err *err)
{
    uint8_t       *bytes;
    size_t         n;
    as_http_answer answer;
    if (s->swap != S3_SWAP_UNKNOWN)
        return true;
    if (!s3_get(s, S3_MARK, 4096, &bytes, &n, err))
        return false;
    const s3_request r = {.method = "PUT", .name = S3_MARK, .if_none_match = "*", .body = bytes, .n_body = n};
    bool             ok = s3_do(s, &r, &answer, err);
    free(bytes);
    if (!ok)
        return false;
    s->swap = answer.status == 412 || answer.status == 409 ? S3_SWAP_SURE : S3_SWAP_UNSURE;
    as_http_answer_done(&answer);
    return true;
}

/* *ret: "" when it is not there. */
static bool s3_read_ref(s3 *s, const char *name, char value[2 * AS_REF_BYTES], char etag[160], bool *ret_there,
                        as_err *err)
{
    as_http_answer answer;
    as_err         why = AS_ERR_NONE;
    value[0] = etag[0] = '\0';
    *ret_there = s3_get_tagged(s, name, 2 * AS_REF_BYTES - 1, &answer, &why);
    if (!*ret_there)
        return why.code == AS_ENOTFOUND || as_err_set(err, why.code, "%s", why.text);
    if (answer.n)
        memcpy(value, answer.bytes, answer.n);
    value[answer.n] = '\0';
    as_str_copy(etag, 160, answer.etag);
    as_http_answer_done(&answer);
    return true;
}

static bool s3_swap_put(s3 *s, const char *name, const char *value, const char *etag, bool is_there, bool *ret_swapped,
                        as_err *err)
{
    s3_request     r = {.method = "PUT", .name = name, .body = value, .n_body = strlen(value)};
    as_http_answer answer;
    if (s->swap == S3_SWAP_SURE && is_there)
        r.if_match = etag;
    else if (s->swap == S3_SWAP_SURE)
        r.if_none_match = "*";
    if (!s3_do(s, &r, &answer, err))
        return false;
    *ret_swapped = answer.status / 100 == 2;
    bool ok = *ret_swapped || answer.status == 412 || answer.status == 409 || s3_fail(s, &r, &answer, err);
    as_http_answer_done(&answer);
    return ok;
}

static bool s3_swap(void *self, const char *name, const char *expected, const char *value, bool *ret_swapped,
                    bool *ret_sure, as_err *err)
{
    s3  *s = self;
    char now[2 * AS_REF_BYTES], etag[160];
    bool is_there;
    if (!s3_probe(s, err) || !s3_read_ref(s, name, now, etag, &is_there, err))
        return false;
    *ret_sure = s->swap == S3_SWAP_SURE;
    *ret_swapped = false;
    if (is_there != (expected != NULL) || (expected && strcmp(now, expected) != 0))
        return true;
    if (!s3_swap_put(s, name, value, etag, is_there, ret_swapped, err))
        return false;
    if (*ret_swapped && *ret_sure)
        return true;
    /* Refused: an answer that was lost and tried again looks like it. Not refused by a server that never does: somebody may
     * have been faster. What is there now tells. */
    if (!s3_read_ref(s, name, now, etag, &is_there, err))
        return false;
    *ret_swapped = is_there && strcmp(now, value) == 0;
    return true;
}

static uint64_t s3_n_again(void *self)
{
    return atomic_load(&((s3 *)self)->n_again);
}

const as_remote_kind as_remote_kind_s3 = {
    .name = "s3",
    .about = "a bucket (s3://BUCKET/PREFIX)",
    .takes = s3_takes,
    .check = s3_check,
    .access = s3_access,
    .open = s3_open,
    .close = s3_close,
    .list = s3_list,
    .get = s3_get,
    .range = s3_range,
    .put = s3_put,
    .remove = s3_remove,
    .swap = s3_swap,
    .n_again = s3_n_again,
};
