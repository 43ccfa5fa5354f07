/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/sigv4.h"

#include <ctype.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"

#define SIGV4_MAX_PAIRS 64

char *as_sigv4_time(as_ns utc, char time[AS_SIGV4_TIME_BYTES])
{
    const time_t seconds = (time_t)(utc / AS_NS_PER_S);
    struct tm    tm;
    if (!gmtime_r(&seconds, &tm) || strftime(time, AS_SIGV4_TIME_BYTES, "%Y%m%dT%H%M%SZ", &tm) == 0)
        time[0] = '\0';
    return time;
}

void as_sigv4_encode(const char *text, bool keep_slash, as_str *out)
{
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '.' || c == '_' || c == '~' || (keep_slash && c == '/');
        if (plain)
            as_str_add_bytes(out, text, 1);
        else
            as_str_addf(out, "%%%02X", c);
    }
}

typedef struct sigv4_pair {
    as_str name, value;
} sigv4_pair;

static int sigv4_compare(const void *a, const void *b)
{
    const sigv4_pair *x = a, *y = b;
    const int         by_name = strcmp(x->name.s, y->name.s);
    return by_name ? by_name : strcmp(x->value.s, y->value.s);
}

static void sigv4_pairs_done(sigv4_pair *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        as_str_done(&pairs[i].name);
        as_str_done(&pairs[i].value);
    }
}

bool as_sigv4_query(const as_sigv4_pair *query, size_t n, as_str *out, as_err *err)
{
    sigv4_pair pairs[SIGV4_MAX_PAIRS];
    if (n > SIGV4_MAX_PAIRS)
        return AS_FAIL(err, AS_ELIMIT, "a request with %zu words in its query", n);
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        as_str_init(&pairs[i].name);
        as_str_init(&pairs[i].value);
        as_sigv4_encode(query[i].name, false, &pairs[i].name);
        as_sigv4_encode(query[i].value, false, &pairs[i].value);
        ok = ok && as_str_ok(&pairs[i].name) && as_str_ok(&pairs[i].value);
    }
    if (ok && n)
        qsort(pairs, n, sizeof pairs[0], sigv4_compare);
    for (size_t i = 0; ok && i < n; i++)
        as_str_addf(out, "%s%s=%s", i ? "&" : "", pairs[i].name.s, pairs[i].value.s);
    sigv4_pairs_done(pairs, n);
    return (ok && as_str_ok(out)) || AS_FAIL(err, AS_ENOMEM, "cannot sign a request: not enough memory");
}

/* Without blanks at both ends, and one for several within. */
static void sigv4_trim(const char *value, as_str *out)
{
    bool blank = false;
    for (; *value; value++) {
        if (*value == ' ' || *value == '\t') {
            blank = true;
            continue;
        }
        if (blank && out->len)
            as_str_add(out, " ");
        blank = false;
        as_str_add_bytes(out, value, 1);
    }
}

/* By name; those of one name stay in their order, and become one. */
static size_t sigv4_headers(const as_sigv4_request *r, sigv4_pair *pairs)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_headers; i++) {
        as_str name, value;
        as_str_init(&name);
        as_str_init(&value);
        for (const char *p = r->headers[i].name; *p; p++) {
            const char lower = (char)tolower((unsigned char)*p);
            as_str_add_bytes(&name, &lower, 1);
        }
        sigv4_trim(r->headers[i].value, &value);
        size_t at = 0;
        while (at < n && strcmp(pairs[at].name.s, name.s) < 0)
            at++;
        if (at < n && strcmp(pairs[at].name.s, name.s) == 0) {
            as_str_addf(&pairs[at].value, ",%s", value.s);
            as_str_done(&name);
            as_str_done(&value);
            continue;
        }
        memmove(&pairs[at + 1], &pairs[at], (n - at) * sizeof pairs[0]);
        pairs[at] = (sigv4_pair){.name = name, .value = value};
        n++;
    }
    return n;
}

static bool sigv4_canonical(const as_sigv4_request *r, as_str *out, as_str *signed_names, as_err *err)
{
    sigv4_pair pairs[SIGV4_MAX_PAIRS + 1];
    if (r->n_headers > SIGV4_MAX_PAIRS)
        return AS_FAIL(err, AS_ELIMIT, "a request with %zu headers", r->n_headers);
    as_str_addf(out, "%s\n", r->method);
    as_sigv4_encode(r->path, true, out);
    as_str_add(out, "\n");
    if (!as_sigv4_query(r->query, r->n_query, out, err))
        return false;
    as_str_add(out, "\n");
    const size_t n = sigv4_headers(r, pairs);
    bool         ok = true;
    for (size_t i = 0; i < n; i++) {
        as_str_addf(out, "%s:%s\n", pairs[i].name.s, pairs[i].value.s);
        as_str_addf(signed_names, "%s%s", i ? ";" : "", pairs[i].name.s);
        ok = ok && as_str_ok(&pairs[i].name) && as_str_ok(&pairs[i].value);
    }
    sigv4_pairs_done(pairs, n);
    as_str_addf(out, "\n%s\n%s", signed_names->s, r->payload);
    return (ok && as_str_ok(out) && as_str_ok(signed_names)) ||
           AS_FAIL(err, AS_ENOMEM, "cannot sign a request: not enough memory");
}

static bool sigv4_hmac(const uint8_t *key, size_t n, const char *text, uint8_t mac[AS_SHA256_BYTES])
{
    unsigned length = 0;
    return HMAC(EVP_sha256(), key, (int)n, (const unsigned char *)text, strlen(text), mac, &length) != NULL &&
           length == AS_SHA256_BYTES;
}

/* HMAC(HMAC(HMAC(HMAC("AWS4" + secret, day), region), service), "aws4_request") */
static bool sigv4_signature(const as_sigv4_request *r, const as_sigv4_key *key, const char *to_sign, char *hex)
{
    as_digest mac;
    char      day[9] = {0};
    as_str    first;
    as_str_init(&first);
    memcpy(day, r->time, AS_MIN(strlen(r->time), sizeof day - 1));
    as_str_addf(&first, "AWS4%s", key->secret);
    bool ok = as_str_ok(&first) && sigv4_hmac((const uint8_t *)first.s, first.len, day, mac.b);
    explicit_bzero(first.s, first.len);
    as_str_done(&first);
    ok = ok && sigv4_hmac(mac.b, sizeof mac.b, r->region, mac.b) &&
         sigv4_hmac(mac.b, sizeof mac.b, r->service, mac.b) && sigv4_hmac(mac.b, sizeof mac.b, "aws4_request", mac.b) &&
         sigv4_hmac(mac.b, sizeof mac.b, to_sign, mac.b);
    as_digest_hex(&mac, hex);
    return ok;
}

bool as_sigv4_sign(const as_sigv4_request *r, const as_sigv4_key *key, as_str *out, as_str *canonical, as_err *err)
{
    as_str request, names, to_sign;
    char   hex[AS_SHA256_HEX_BYTES], signature[AS_SHA256_HEX_BYTES];
    as_str_init(&request);
    as_str_init(&names);
    as_str_init(&to_sign);
    bool ok = sigv4_canonical(r, &request, &names, err);
    if (ok) {
        const as_digest digest = as_sha256_of(request.s, request.len);
        as_str_addf(&to_sign, "AWS4-HMAC-SHA256\n%s\n%.8s/%s/%s/aws4_request\n%s", r->time, r->time, r->region,
                    r->service, as_digest_hex(&digest, hex));
        ok = (as_str_ok(&to_sign) && sigv4_signature(r, key, to_sign.s, signature)) ||
             AS_FAIL(err, AS_ENOMEM, "cannot sign a request: not enough memory");
    }
    if (ok)
        as_str_addf(out, "AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/%s/aws4_request, SignedHeaders=%s, Signature=%s",
                    key->id, r->time, r->region, r->service, names.s, signature);
    if (canonical)
        as_str_add(canonical, request.s);
    as_str_done(&request);
    as_str_done(&names);
    as_str_done(&to_sign);
    return ok && (as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "cannot sign a request: not enough memory"));
}
