/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/camera.h"

#include "base/str.h"

static int uri_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes %XX (RFC 3986, section 2.1) from s[0..n) into out[cap]. */
static bool uri_decode(const char *s, size_t n, char *out, size_t cap, as_err *err)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (c == '%') {
            int high = i + 2 < n ? uri_hex(s[i + 1]) : -1, low = i + 2 < n ? uri_hex(s[i + 2]) : -1;
            if (high < 0 || low < 0 || (high | low) == 0)
                return AS_FAIL(err, AS_EINVAL, "'%.*s' holds a '%%' without two hex digits (write '%%25' for itself)",
                               (int)AS_MIN(n, 200), s);
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (used + 1 >= cap)
            return AS_FAIL(err, AS_ELIMIT, "'%.60s...' is longer than %zu bytes", s, cap - 1);
        out[used++] = c;
    }
    out[used] = 0;
    return true;
}

static bool uri_check_key(const as_uri_query *query, const char *key, const char *const *known, as_err *err)
{
    size_t n = 0;
    bool   found = false;
    for (; known[n]; n++)
        found = found || strcmp(known[n], key) == 0 ||
                (strcmp(known[n], AS_URI_FEATURES) == 0 && key[0] >= 'A' && key[0] <= 'Z');
    if (!found) {
        const char *nearest = as_str_nearest(key, known, n);
        if (nearest)
            return AS_FAIL(err, AS_EINVAL, "unknown key '%s': did you mean '%s'?", key, nearest);
        as_str list;
        as_str_init(&list);
        for (size_t i = 0; i < n; i++)
            as_str_addf(&list, "%s%s", i ? ", " : "", known[i]);
        AS_FAIL(err, AS_EINVAL, "unknown key '%s' (there are %s)", key, list.s);
        as_str_done(&list);
        return false;
    }
    if (as_uri_query_get(query, key))
        return AS_FAIL(err, AS_EINVAL, "the key '%s' is there twice", key);
    return true;
}

static bool uri_add_pair(as_uri_query *query, const char *s, size_t n, const char *const *known, as_err *err)
{
    const char *equals = memchr(s, '=', n);
    char        key[sizeof query->pairs[0].key];
    if (!equals || equals == s)
        return AS_FAIL(err, AS_EINVAL, "'%.*s' is not of the form key=value", (int)AS_MIN(n, 200), s);
    if (!uri_decode(s, (size_t)(equals - s), key, sizeof key, err) || !uri_check_key(query, key, known, err))
        return false;
    if (query->n == AS_COUNT(query->pairs))
        return AS_FAIL(err, AS_ELIMIT, "more than %zu keys", AS_COUNT(query->pairs));
    size_t skip = (size_t)(equals - s) + 1;
    if (!uri_decode(equals + 1, n - skip, query->pairs[query->n].value, sizeof query->pairs[0].value, err))
        return false;
    as_str_copy(query->pairs[query->n].key, sizeof key, key);
    query->n++;
    return true;
}

bool as_uri_query_parse(const char *rest, const char *const *known, as_uri_query *ret, as_err *err)
{
    as_uri_query query = {.n = 0};
    size_t       n_path = strcspn(rest, "?");
    if (!uri_decode(rest, n_path, query.path, sizeof query.path, err))
        return false;
    const char *s = rest + n_path;
    while (*s) {
        s++; /* the '?' or '&' */
        size_t n = strcspn(s, "&");
        if (n > 0 && !uri_add_pair(&query, s, n, known, err))
            return false;
        s += n;
    }
    *ret = query;
    return true;
}

char *as_uri_public(const char *uri)
{
    const char *host = strstr(uri, "://"), *at = NULL;
    size_t      n = host ? strcspn(host + 3, "/?#") : 0;
    for (size_t i = 0; i < n; i++)
        if (host[3 + i] == '@')
            at = host + 3 + i + 1;
    return at ? as_strdupf("%.*s%s", (int)(host + 3 - uri), uri, at) : strdup(uri);
}

const char *as_uri_query_get(const as_uri_query *query, const char *key)
{
    for (size_t i = 0; i < query->n; i++)
        if (strcmp(query->pairs[i].key, key) == 0)
            return query->pairs[i].value;
    return NULL;
}
