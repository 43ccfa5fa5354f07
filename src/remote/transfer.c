/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/transfer.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "remote/digests.h"

#define TRANSFER_VERSION     1
#define TRANSFER_HEAD_BYTES  32
#define TRANSFER_ENTRY_BYTES 36
#define TRANSFER_PACK_MAX    (AS_REMOTE_PACK_BYTES + AS_STORE_MAX_OBJECT_BYTES) /* it is read whole to erase in it */
#define STONES_VERSION       1

static const char transfer_magic[8] = {'A', 'S', 'T', 'P', 'A', 'C', 'K', '1'};

bool as_transfer_write(as_transfer_entry *entries, size_t n, as_str *out, as_transfer *ret, as_err *err)
{
    uint8_t     head[TRANSFER_HEAD_BYTES] = {0}, entry[TRANSFER_ENTRY_BYTES];
    as_transfer made = {.n = n, .at = entries};
    if (n > AS_TRANSFER_MAX_OBJECTS)
        return AS_FAIL(err, AS_ELIMIT, "a transfer pack of %zu objects: at most %zu", n, AS_TRANSFER_MAX_OBJECTS);
    for (size_t i = 0; i < n; i++) {
        entries[i].offset = made.n_bytes;
        made.n_bytes += entries[i].n_bytes;
    }
    memcpy(head, transfer_magic, sizeof transfer_magic);
    as_bytes_put32(head + 8, TRANSFER_VERSION);
    as_bytes_put32(head + 12, (uint32_t)n);
    as_bytes_put64(head + 16, made.n_bytes);
    as_str_clear(out);
    as_str_add_bytes(out, head, sizeof head);
    for (size_t i = 0; i < n; i++) {
        memcpy(entry, entries[i].digest.b, AS_SHA256_BYTES);
        as_bytes_put32(entry + AS_SHA256_BYTES, entries[i].n_bytes);
        as_str_add_bytes(out, entry, sizeof entry);
    }
    if (!as_str_ok(out))
        return AS_FAIL(err, AS_ENOMEM, "not enough memory for the listing of %zu objects", n);
    made.name = as_sha256_of(out->s, out->len);
    if (as_digest_is_zero(&made.name))
        return AS_FAIL(err, AS_ENOMEM, "not enough memory for a hash");
    *ret = made;
    return true;
}

/* One that is there twice would have two places. */
static bool transfer_check_once(const as_transfer *t, as_err *err)
{
    as_digests seen = {.n_slots = 0};
    bool       is_new = true, ok = true;
    for (size_t i = 0; ok && is_new && i < t->n; i++)
        ok = as_digests_add(&seen, &t->at[i].digest, NULL, &is_new);
    as_digests_done(&seen);
    if (!ok)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory for the listing of %zu objects", t->n);
    return is_new || AS_FAIL(err, AS_EFORMAT, "a listing has an object twice");
}

static bool transfer_parse_entries(const uint8_t *bytes, as_transfer *t, as_err *err)
{
    uint64_t offset = 0;
    for (size_t i = 0; i < t->n; i++, bytes += TRANSFER_ENTRY_BYTES) {
        memcpy(t->at[i].digest.b, bytes, AS_SHA256_BYTES);
        t->at[i].n_bytes = as_bytes_get32(bytes + AS_SHA256_BYTES);
        t->at[i].offset = offset;
        offset += t->at[i].n_bytes;
        if (t->at[i].n_bytes > AS_STORE_MAX_OBJECT_BYTES)
            return AS_FAIL(err, AS_EFORMAT, "object %zu of a listing has %u bytes, more than any object", i,
                           t->at[i].n_bytes);
    }
    return offset == t->n_bytes || AS_FAIL(err, AS_EFORMAT, "the objects of a listing do not add up to its pack");
}

bool as_transfer_parse(const uint8_t *bytes, size_t n, as_transfer *ret, as_err *err)
{
    if (n < TRANSFER_HEAD_BYTES || memcmp(bytes, transfer_magic, sizeof transfer_magic) != 0)
        return AS_FAIL(err, AS_EFORMAT, "not a listing of a transfer pack");
    if (as_bytes_get32(bytes + 8) != TRANSFER_VERSION)
        return AS_FAIL(err, AS_EUNSUPPORTED, "a listing of version %u, and this program knows %d",
                       as_bytes_get32(bytes + 8), TRANSFER_VERSION);
    as_transfer t = {.n = as_bytes_get32(bytes + 12), .n_bytes = as_bytes_get64(bytes + 16)};
    if (t.n == 0 || t.n > AS_TRANSFER_MAX_OBJECTS || n != TRANSFER_HEAD_BYTES + t.n * TRANSFER_ENTRY_BYTES)
        return AS_FAIL(err, AS_EFORMAT, "a listing of %zu bytes says that it has %zu objects", n, t.n);
    if (t.n_bytes > TRANSFER_PACK_MAX)
        return AS_FAIL(err, AS_EFORMAT, "a listing says that its pack has %llu bytes, more than any pack",
                       (unsigned long long)t.n_bytes);
    t.at = calloc(t.n, sizeof *t.at);
    if (!t.at)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory for the listing of %zu objects", t.n);
    if (!transfer_parse_entries(bytes + TRANSFER_HEAD_BYTES, &t, err) || !transfer_check_once(&t, err)) {
        free(t.at);
        return false;
    }
    t.name = as_sha256_of(bytes, n);
    *ret = t;
    return true;
}

void as_transfer_done(as_transfer *transfer)
{
    free(transfer->at);
    transfer->at = NULL;
    transfer->n = 0;
}

bool as_stones_write(const as_remote_stone *stones, size_t n, as_str *out, as_err *err)
{
    char    hex[AS_SHA256_HEX_BYTES];
    json_t *list = json_array(), *object = json_object();
    bool    ok = list && n <= AS_TRANSFER_MAX_STONES;
    for (size_t i = 0; ok && i < n; i++) {
        json_t *one = json_object();
        ok = as_json_set(one, "object", json_string(as_digest_hex(&stones[i].digest, hex))) &&
             as_json_set(one, "utc", json_integer(stones[i].stone.utc)) &&
             as_json_set(one, "reason", json_string(stones[i].stone.reason));
        ok = json_array_append_new(list, one) == 0 && ok;
    }
    ok = as_json_set(object, "erased", list) && ok && as_json_set(object, "assay_erased", json_integer(STONES_VERSION));
    char *text = ok ? as_json_text(object) : NULL;
    json_decref(object);
    as_str_clear(out);
    if (text)
        as_str_add(out, text);
    free(text);
    return (text && as_str_ok(out)) || AS_FAIL(err, AS_ENOMEM, "not enough memory to note %zu erasures", n);
}

static bool stones_reason_is_line(const char *reason)
{
    const size_t n = strlen(reason);
    for (size_t at = 0, step; at < n; at += step)
        if ((step = as_str_char_bytes(reason + at, n - at)) == 0)
            return false;
    return n > 0 && n < AS_STORE_REASON_BYTES;
}

static bool stones_parse_one(const json_t *value, as_remote_stone *ret, as_err *err)
{
    const char *object, *reason;
    int64_t     utc;
    if (!as_json_get_str(value, "object", &object, err) || !as_json_get_str(value, "reason", &reason, err) ||
        !as_json_get_i64(value, "utc", &utc, err))
        return false;
    if (!as_digest_parse(object, &ret->digest))
        return AS_FAIL(err, AS_EFORMAT, "'%.80s' is no SHA-256", object);
    if (utc < 0 || !stones_reason_is_line(reason))
        return AS_FAIL(err, AS_EFORMAT, "the reason must be a line of 1 to %d bytes, and the time positive",
                       AS_STORE_REASON_BYTES - 1);
    ret->stone.utc = utc;
    as_str_copy(ret->stone.reason, sizeof ret->stone.reason, reason);
    return true;
}

static bool stones_parse_list(const json_t *object, as_remote_stone **ret, size_t *ret_n, as_err *err)
{
    const json_t *list = json_object_get(object, "erased");
    int64_t       version;
    if (!as_json_get_i64(object, "assay_erased", &version, err))
        return false;
    if (version != STONES_VERSION)
        return AS_FAIL(err, AS_EUNSUPPORTED, "erasures of version %lld, and this program knows %d", (long long)version,
                       STONES_VERSION);
    const size_t n = json_array_size(list);
    if (!json_is_array(list) || n > AS_TRANSFER_MAX_STONES)
        return AS_FAIL(err, AS_EFORMAT, "key 'erased' must be a list of at most %zu", AS_TRANSFER_MAX_STONES);
    as_remote_stone *stones = calloc(n + 1, sizeof *stones);
    bool             ok = stones || AS_FAIL(err, AS_ENOMEM, "not enough memory for %zu erasures", n);
    for (size_t i = 0; ok && i < n; i++)
        ok = stones_parse_one(json_array_get(list, i), &stones[i], err);
    if (!ok) {
        free(stones);
        return false;
    }
    *ret = stones;
    *ret_n = n;
    return true;
}

bool as_stones_parse(const uint8_t *bytes, size_t n, as_remote_stone **ret, size_t *ret_n, as_err *err)
{
    if (n > AS_TRANSFER_STONES_MAX)
        return AS_FAIL(err, AS_ELIMIT, "a list of erasures has %zu bytes, at most %zu are allowed", n,
                       AS_TRANSFER_STONES_MAX);
    json_t *object = as_json_parse(bytes, n, "list of erasures", err);
    bool    ok = object && stones_parse_list(object, ret, ret_n, err);
    json_decref(object);
    return ok;
}

bool as_transfer_name_parse(const char *name, as_digest *ret, bool *ret_is_pack)
{
    char hex[AS_SHA256_HEX_BYTES];
    if (!as_str_starts(name, "packs/") || strlen(name) < 6 + AS_SHA256_HEX_BYTES - 1)
        return false;
    memcpy(hex, name + 6, sizeof hex - 1);
    hex[sizeof hex - 1] = '\0';
    const char *ending = name + 6 + sizeof hex - 1;
    *ret_is_pack = strcmp(ending, ".pack") == 0;
    return (*ret_is_pack || strcmp(ending, ".idx") == 0) && strspn(hex, "0123456789abcdef") == sizeof hex - 1 &&
           as_digest_parse(hex, ret);
}

char *as_transfer_name(const as_digest *digest, bool is_pack, char name[AS_REMOTE_NAME_BYTES * 2])
{
    char hex[AS_SHA256_HEX_BYTES];
    snprintf(name, AS_REMOTE_NAME_BYTES * 2, "packs/%s.%s", as_digest_hex(digest, hex), is_pack ? "pack" : "idx");
    return name;
}
