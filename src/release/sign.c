/* SPDX-License-Identifier: Apache-2.0 */
#include "release/sign.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_FILE        "key"
#define KEY_FILE_PUBLIC "key.pub"
#define KEY_SECRET      "assay-ed25519-secret "
#define KEY_PUBLIC      "assay-ed25519-public "
#define KEY_MAX_BYTES   256

_Static_assert(AS_KEY_BYTES == crypto_sign_PUBLICKEYBYTES && AS_SIGNATURE_BYTES == crypto_sign_BYTES &&
                   sizeof((as_key *)0)->secret == crypto_sign_SECRETKEYBYTES && AS_KEY_BYTES == crypto_sign_SEEDBYTES,
               "the sizes of Ed25519");

static bool key_begin(as_err *err)
{
    return sodium_init() >= 0 || AS_FAIL(err, AS_EINTERNAL, "cannot sign: libsodium does not start");
}

void as_key_done(as_key *key)
{
    if (key)
        sodium_memzero(key, sizeof *key);
}

char *as_key_hex(const uint8_t open[AS_KEY_BYTES], char *hex)
{
    return sodium_bin2hex(hex, AS_KEY_HEX_BYTES, open, AS_KEY_BYTES);
}

static bool key_from_hex(const char *hex, size_t n_hex, uint8_t *ret, size_t n)
{
    size_t      got = 0;
    const char *end = NULL;
    return n_hex == 2 * n && sodium_hex2bin(ret, n, hex, n_hex, NULL, &got, &end) == 0 && got == n &&
           end == hex + n_hex;
}

/* The one line of a key file. */
static bool key_parse(const uint8_t *bytes, size_t n, const char *prefix, uint8_t ret[AS_KEY_BYTES])
{
    const size_t n_prefix = strlen(prefix);
    return n == n_prefix + 2 * AS_KEY_BYTES + 1 && memcmp(bytes, prefix, n_prefix) == 0 && bytes[n - 1] == '\n' &&
           key_from_hex((const char *)bytes + n_prefix, 2 * AS_KEY_BYTES, ret, AS_KEY_BYTES);
}

static bool key_read(const char *path, const char *prefix, uint8_t ret[AS_KEY_BYTES], as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    if (!as_fs_read(path, KEY_MAX_BYTES, &bytes, &n, err))
        return false;
    bool ok = key_parse(bytes, n, prefix, ret);
    sodium_memzero(bytes, n);
    free(bytes);
    return ok ||
           AS_FAIL(err, AS_ECORRUPT, "'%s' is damaged: it is not one line of '%s' and 64 hex digits", path, prefix);
}

static bool key_write(const char *path, const char *prefix, const uint8_t key[AS_KEY_BYTES], bool is_secret,
                      as_err *err)
{
    char line[KEY_MAX_BYTES], hex[AS_KEY_HEX_BYTES];
    int  n = snprintf(line, sizeof line, "%s%s\n", prefix, as_key_hex(key, hex));
    bool ok = is_secret ? as_fs_write_secret(path, line, (size_t)n, err) : as_fs_write(path, line, (size_t)n, err);
    sodium_memzero(line, sizeof line);
    sodium_memzero(hex, sizeof hex);
    return ok;
}

static bool key_check_mode(const char *path, as_err *err)
{
    struct stat st;
    return stat(path, &st) != 0 || (st.st_mode & 077) == 0 ||
           AS_FAIL(err, AS_EACCESS,
                   "others may read the key '%s': whoever did can sign in your place (chmod 600 '%s', or "
                   "move it away for a new one)",
                   path, path);
}

bool as_key_open(const as_workspace *ws, as_key *ret, as_err *err)
{
    char    path[AS_FS_PATH_BYTES], public_path[AS_FS_PATH_BYTES];
    uint8_t seed[AS_KEY_BYTES], known[AS_KEY_BYTES];
    as_key  key;
    if (!key_begin(err) || !as_workspace_path(ws, KEY_FILE, path, err) ||
        !as_workspace_path(ws, KEY_FILE_PUBLIC, public_path, err))
        return false;
    bool is_new = !as_fs_is_file(path), ok;
    if (is_new)
        randombytes_buf(seed, sizeof seed);
    ok = is_new ? key_write(path, KEY_SECRET, seed, true, err)
                : key_check_mode(path, err) && key_read(path, KEY_SECRET, seed, err);
    if (ok)
        crypto_sign_seed_keypair(key.open, key.secret, seed);
    sodium_memzero(seed, sizeof seed);
    if (ok && (is_new || !key_read(public_path, KEY_PUBLIC, known, NULL) || memcmp(known, key.open, sizeof known) != 0))
        ok = key_write(public_path, KEY_PUBLIC, key.open, false, err);
    if (ok)
        *ret = key;
    as_key_done(&key);
    return ok;
}

bool as_key_public(const as_workspace *ws, uint8_t ret[AS_KEY_BYTES], as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    return key_begin(err) && as_fs_join(path, ws->dir, KEY_FILE_PUBLIC, err) && key_read(path, KEY_PUBLIC, ret, err);
}

bool as_sign(const as_key *key, const void *bytes, size_t n, uint8_t ret[AS_SIGNATURE_BYTES], as_err *err)
{
    return (key_begin(err) && crypto_sign_detached(ret, NULL, bytes, n, key->secret) == 0) ||
           AS_FAIL(err, AS_EINTERNAL, "cannot sign %zu bytes", n);
}

bool as_sign_check(const uint8_t open[AS_KEY_BYTES], const void *bytes, size_t n,
                   const uint8_t signature[AS_SIGNATURE_BYTES])
{
    return sodium_init() >= 0 && crypto_sign_verify_detached(signature, bytes, n, open) == 0;
}

/* What is signed; heap. */
static char *key_signed_text(const json_t *object)
{
    json_t *copy = json_copy((json_t *)(uintptr_t)object);
    char   *text = NULL;
    if (copy) {
        json_object_del(copy, "signature");
        text = as_json_text(copy);
    }
    json_decref(copy);
    return text;
}

bool as_json_sign(json_t *object, const as_key *key, as_err *err)
{
    char    open[AS_KEY_HEX_BYTES], hex[2 * AS_SIGNATURE_BYTES + 1];
    uint8_t signature[AS_SIGNATURE_BYTES];
    char   *text =
        as_json_set(object, "public_key", json_string(as_key_hex(key->open, open))) ? key_signed_text(object) : NULL;
    if (!text)
        return AS_FAIL(err, AS_ENOMEM, "cannot sign: not enough memory");
    bool ok = as_sign(key, text, strlen(text), signature, err);
    free(text);
    if (ok)
        sodium_bin2hex(hex, sizeof hex, signature, sizeof signature);
    return ok && (as_json_set(object, "signature", json_string(hex)) ||
                  AS_FAIL(err, AS_ENOMEM, "cannot sign: not enough memory"));
}

bool as_json_sign_check(const json_t *object, uint8_t ret[AS_KEY_BYTES], as_err *err)
{
    uint8_t     open[AS_KEY_BYTES], signature[AS_SIGNATURE_BYTES];
    const char *open_hex = json_string_value(json_object_get(object, "public_key"));
    const char *hex = json_string_value(json_object_get(object, "signature"));
    if (!key_begin(err))
        return false;
    if (!open_hex || !hex || !key_from_hex(open_hex, strlen(open_hex), open, sizeof open) ||
        !key_from_hex(hex, strlen(hex), signature, sizeof signature))
        return AS_FAIL(err, AS_EFORMAT, "it is not signed: public_key and signature are not there, or no keys");
    char *text = key_signed_text(object);
    if (!text)
        return AS_FAIL(err, AS_ENOMEM, "cannot check the signature: not enough memory");
    bool ok = as_sign_check(open, text, strlen(text), signature);
    free(text);
    if (!ok)
        return AS_FAIL(err, AS_ECORRUPT, "the signature does not fit: it was changed after it was signed");
    memcpy(ret, open, sizeof open);
    return true;
}
