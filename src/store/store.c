/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "store/append.h"

#define STORE_COMPARE_BYTES 32768
#define STORE_READ_BYTES    ((size_t)1 << 20)
#define STORE_TRIES         4 /* a look at where an object lies now, while others move it */

as_store *as_store_open(const char *dir, as_err *err)
{
    char   path[AS_FS_PATH_BYTES];
    as_err why = AS_ERR_NONE;
    if (strlen(dir) > AS_STORE_DIR_MAX) {
        AS_FAIL(err, AS_ELIMIT, "cannot open store '%.100s...': the path is too long", dir);
        return NULL;
    }
    as_store *store = calloc(1, sizeof *store);
    if (!store) {
        AS_FAIL(err, AS_ENOMEM, "cannot open store '%s': not enough memory", dir);
        return NULL;
    }
    store->lock_fd = -1;
    store->seal_bytes = AS_PACK_SEAL_BYTES;
    pthread_rwlock_init(&store->lock, NULL);
    pthread_mutex_init(&store->write, NULL);
    pthread_mutex_init(&store->append, NULL);
    pthread_cond_init(&store->idle, NULL);
    as_str_copy(store->dir, sizeof store->dir, dir);
    snprintf(store->packs_dir, sizeof store->packs_dir, "%.*s/objects/packs", AS_STORE_DIR_MAX, dir);
    static const char *const folders[] = {"objects/packs", "refs"};
    for (size_t i = 0; i < AS_COUNT(folders); i++) {
        if (as_fs_join(path, dir, folders[i], &why) && (as_fs_is_dir(path) || as_fs_make_dirs(path, &why)))
            continue;
        /* What may only be read is still a store: put says what is wrong when it comes to that. */
        if (why.code == AS_EACCESS)
            continue;
        as_err_set(err, why.code, "cannot open store '%s': %s", dir, why.text);
        return as_store_close(store);
    }
    return store;
}

as_store *as_store_close(as_store *store)
{
    if (!store)
        return NULL;
    /* Gives back the room that was asked for ahead. */
    if (store->open && store->allocated > store->end)
        (void)!ftruncate(atomic_load(&store->open->fd), (off_t)store->end);
    as_pack_unref(store->open);
    as_set_done(&store->packs);
    as_fs_unlock(store->lock_fd);
    pthread_cond_destroy(&store->idle);
    pthread_mutex_destroy(&store->append);
    pthread_mutex_destroy(&store->write);
    pthread_rwlock_destroy(&store->lock);
    free(store);
    return NULL;
}

static bool store_fail_erased(const as_place *place, as_err *err)
{
    as_tombstone stone;
    char         hex[AS_SHA256_HEX_BYTES], when[AS_CLOCK_TEXT_BYTES];
    if (!as_store_tombstone_read(place->pack, &place->entry, &stone, err))
        return false;
    return AS_FAIL(err, AS_EGONE, "object '%s' was erased at %s: %s", as_digest_hex(&place->entry.digest, hex),
                   as_clock_text(stone.utc, when), stone.reason);
}

typedef enum store_look { STORE_WHOLE, STORE_MOVED, STORE_DAMAGED, STORE_FAILED } store_look;

/* The head of the object at the place. MOVED: it is not there any more. */
static store_look store_read_head(int fd, const as_place *place, as_pack_record *ret, as_err *err)
{
    uint8_t slot[64];
    size_t  n;
    int     e = as_pack_read(fd, slot, sizeof slot, as_index_offset(&place->entry), &n);
    if (e) {
        as_err_errno(err, e, "cannot read '%s'", place->pack->path);
        return STORE_FAILED;
    }
    if (n < sizeof slot || !as_pack_record_parse(&place->pack->id, as_index_offset(&place->entry), slot, ret) ||
        !as_digest_equal(&ret->digest, &place->entry.digest) || ret->n_bytes != as_index_bytes(&place->entry))
        return STORE_DAMAGED;
    return ret->kind == AS_PACK_OBJECT ? STORE_WHOLE : STORE_MOVED;
}

/* Whether the object at the place has these bytes: what is known must not be believed because of its name alone. */
static store_look store_compare(const as_place *place, const uint8_t *bytes, size_t n, as_err *err)
{
    uint8_t        buffer[STORE_COMPARE_BYTES];
    bool           own;
    as_pack_record record;
    as_err         why = AS_ERR_NONE;
    int            fd = as_pack_fd(place->pack, &own, &why);
    if (fd < 0 && why.code != AS_ENOTFOUND)
        as_err_set(err, why.code, "%s", why.text);
    if (fd < 0)
        return why.code == AS_ENOTFOUND ? STORE_DAMAGED : STORE_FAILED;
    store_look look = store_read_head(fd, place, &record, err);
    if (look == STORE_WHOLE && record.n_bytes != n)
        look = STORE_DAMAGED;
    for (size_t done = 0, got; look == STORE_WHOLE && done < n; done += got) {
        size_t want = AS_MIN(n - done, sizeof buffer);
        int    e = as_pack_read(fd, buffer, want, record.offset + 64 + done, &got);
        if (e || got < want || memcmp(buffer, bytes + done, want) != 0)
            look = STORE_DAMAGED; /* also what the disk cannot read */
    }
    if (own)
        close(fd);
    return look == STORE_MOVED ? STORE_DAMAGED : look;
}

typedef struct store_taker {
    bool (*take)(void *ctx, const uint8_t *bytes, size_t n, as_err *err);
    void *ctx;
} store_taker;

/* The object's bytes in pieces; what is behind the last one is their hash. */
static store_look store_pass_bytes(int fd, const as_pack_record *record, as_sha256 *sha, uint8_t *buffer,
                                   const store_taker *taker, as_err *err)
{
    char hex[AS_SHA256_HEX_BYTES];
    for (uint64_t done = 0; done < record->n_bytes;) {
        size_t want = (size_t)AS_MIN(record->n_bytes - done, (uint64_t)STORE_READ_BYTES), got;
        int    e = as_pack_read(fd, buffer, want, record->offset + 64 + done, &got);
        if (e) {
            as_err_errno(err, e, "cannot read object '%s'", as_digest_hex(&record->digest, hex));
            return STORE_FAILED;
        }
        if (got < want)
            return STORE_DAMAGED;
        as_sha256_add(sha, buffer, got);
        if (taker && !taker->take(taker->ctx, buffer, got, err))
            return STORE_FAILED;
        done += got;
    }
    as_digest real = as_sha256_end(sha);
    return as_digest_equal(&real, &record->digest) ? STORE_WHOLE : STORE_DAMAGED;
}

/* Whether the object at the place is whole: all of it is read before the taker, which may be NULL, gets anything. */
static store_look store_pass(const as_place *place, const store_taker *taker, as_err *err)
{
    bool           own;
    as_pack_record record;
    as_err         why = AS_ERR_NONE;
    char           hex[AS_SHA256_HEX_BYTES];
    int            fd = as_pack_fd(place->pack, &own, &why);
    if (fd < 0) {
        as_err_set(err, why.code, "cannot read object '%s': %s", as_digest_hex(&place->entry.digest, hex), why.text);
        return why.code == AS_ENOTFOUND ? STORE_MOVED : STORE_FAILED;
    }
    uint8_t   *buffer = malloc(STORE_READ_BYTES);
    as_sha256 *sha = as_sha256_new(NULL);
    store_look look = store_read_head(fd, place, &record, err);
    if (!buffer || !sha) {
        AS_FAIL(err, AS_ENOMEM, "cannot read object '%s': not enough memory", as_digest_hex(&place->entry.digest, hex));
        look = STORE_FAILED;
    }
    if (look == STORE_WHOLE)
        look = store_pass_bytes(fd, &record, sha, buffer, NULL, err);
    if (look == STORE_WHOLE && taker) {
        look = store_pass_bytes(fd, &record, sha, buffer, taker, err);
        /* Overwritten between the two: what was taken cannot be taken back. */
        if (look == STORE_DAMAGED) {
            AS_FAIL(err, AS_ECORRUPT, "object '%s' changed while it was read", as_digest_hex(&record.digest, hex));
            look = STORE_FAILED;
        }
    }
    as_sha256_free(sha);
    free(buffer);
    if (own)
        close(fd);
    return look;
}

static bool store_check_size(size_t n, as_err *err)
{
    return n <= AS_STORE_MAX_OBJECT_BYTES ||
           AS_FAIL(err, AS_ELIMIT, "cannot store %zu bytes as one object: at most %zu", n, AS_STORE_MAX_OBJECT_BYTES);
}

/* from: where its bytes are. */
static bool store_put(as_store *store, as_pack_record record, const as_append_from *from, bool *ret_new, as_err *err)
{
    as_place place = {0};
    bool     is_new = false, ok = true;
    if (!as_store_begin(store, err))
        return false;
    if (atomic_load(&store->is_collecting))
        return AS_FAIL(err, AS_EBUSY, "cannot store an object in '%s': it is being cleaned", store->dir);
    bool       is_known = as_set_find(store, &record.digest, &place);
    store_look look = STORE_DAMAGED;
    if (is_known && as_index_is_tombstone(&place.entry)) {
        ok = store_fail_erased(&place, err);
    } else if (is_known) {
        look = from->bytes ? store_compare(&place, from->bytes, (size_t)record.n_bytes, err)
                           : store_pass(&place, NULL, err);
        look = look == STORE_MOVED ? STORE_DAMAGED : look; /* it is not where it was: once more does no harm */
        ok = look != STORE_FAILED;
    }
    if (ok && look == STORE_DAMAGED)
        ok = as_store_append_from(store, &record, from, is_known ? &place : NULL, &is_new, err);
    as_pack_unref(place.pack);
    if (!ok)
        return false;
    if (ret_new)
        *ret_new = is_new;
    return true;
}

bool as_store_put_hashed(as_store *store, const void *bytes, size_t n, const as_digest *digest, bool *ret_new,
                         as_err *err)
{
    as_pack_record record = {.kind = AS_PACK_OBJECT, .n_bytes = n, .digest = *digest};
    return store_check_size(n, err) && store_put(store, record, &(as_append_from){.bytes = bytes}, ret_new, err);
}

static bool store_hash_pieces(const as_store_pieces *pieces, as_pack_record *record, as_err *err)
{
    as_str     piece;
    as_sha256 *sha = as_sha256_new(err);
    bool       ok = sha != NULL;
    as_str_init(&piece);
    for (bool is_first = true; ok && (is_first || piece.len); is_first = false) {
        ok = pieces->next(pieces->ctx, is_first, &piece, err);
        if (ok && !as_str_ok(&piece))
            ok = AS_FAIL(err, AS_ENOMEM, "cannot store an object: not enough memory");
        record->n_bytes += ok ? piece.len : 0;
        ok = ok && store_check_size(record->n_bytes, err);
        if (ok)
            as_sha256_add(sha, piece.s, piece.len);
    }
    if (sha)
        record->digest = as_sha256_end(sha);
    if (ok && as_digest_is_zero(&record->digest))
        ok = AS_FAIL(err, AS_ENOMEM, "cannot hash an object: not enough memory");
    as_sha256_free(sha);
    as_str_done(&piece);
    return ok;
}

bool as_store_put_pieces(as_store *store, const as_store_pieces *pieces, as_digest *ret, bool *ret_new, as_err *err)
{
    as_pack_record record = {.kind = AS_PACK_OBJECT};
    if (!store_hash_pieces(pieces, &record, err) ||
        !store_put(store, record, &(as_append_from){.pieces = pieces}, ret_new, err))
        return false;
    *ret = record.digest;
    return true;
}

bool as_store_put(as_store *store, const void *bytes, size_t n, as_digest *ret, bool *ret_new, as_err *err)
{
    if (!store_check_size(n, err))
        return false;
    as_digest digest = as_sha256_of(bytes, n);
    if (as_digest_is_zero(&digest))
        return AS_FAIL(err, AS_ENOMEM, "cannot hash %zu bytes: not enough memory", n);
    if (!as_store_put_hashed(store, bytes, n, &digest, ret_new, err))
        return false;
    *ret = digest;
    return true;
}

bool as_store_has(as_store *store, const as_digest *digest)
{
    as_place place;
    if (!as_set_locate(store, digest, &place, NULL))
        return false;
    as_pack_unref(place.pack);
    return !as_index_is_tombstone(&place.entry);
}

bool as_store_size(as_store *store, const as_digest *digest, uint64_t *ret, as_err *err)
{
    as_place place;
    if (!as_set_locate(store, digest, &place, err))
        return false;
    const bool is_erased = as_index_is_tombstone(&place.entry);
    if (is_erased)
        store_fail_erased(&place, err);
    else
        *ret = as_index_bytes(&place.entry);
    as_pack_unref(place.pack);
    return !is_erased;
}

typedef struct store_bytes {
    uint8_t *bytes;
    size_t   n;
} store_bytes;

static store_look store_read_bytes(const as_place *place, void *ctx, as_err *err)
{
    store_bytes   *ret = ctx;
    bool           own;
    as_pack_record record;
    as_err         why = AS_ERR_NONE;
    char           hex[AS_SHA256_HEX_BYTES];
    size_t         got = 0;
    int            fd = as_pack_fd(place->pack, &own, &why);
    if (fd < 0) {
        as_err_set(err, why.code, "cannot read object '%s': %s", as_digest_hex(&place->entry.digest, hex), why.text);
        return why.code == AS_ENOTFOUND ? STORE_MOVED : STORE_FAILED;
    }
    uint8_t   *bytes = NULL;
    store_look look = store_read_head(fd, place, &record, err);
    if (look == STORE_WHOLE) {
        const size_t n = (size_t)record.n_bytes;
        bytes = malloc(n + 1);
        int e = bytes ? as_pack_read(fd, bytes, n, record.offset + 64, &got) : ENOMEM;
        if (e)
            as_err_errno(err, e, "cannot read object '%s' in '%s'", as_digest_hex(&record.digest, hex),
                         place->pack->path);
        as_digest real = e == 0 ? as_sha256_of(bytes, got) : (as_digest){0};
        look = e ? STORE_FAILED : got == n && as_digest_equal(&real, &record.digest) ? STORE_WHOLE : STORE_DAMAGED;
    }
    if (own)
        close(fd);
    if (look == STORE_WHOLE) {
        bytes[got] = 0;
        *ret = (store_bytes){bytes, got};
    } else {
        free(bytes);
    }
    return look;
}

static store_look store_read_pieces(const as_place *place, void *ctx, as_err *err)
{
    return store_pass(place, ctx, err);
}

typedef store_look store_reader(const as_place *place, void *ctx, as_err *err);

/* A copy in a pack before that one: gc may have been writing the object anew when the power went. */
static bool store_read_older(as_store *store, const as_digest *digest, uint64_t number, store_reader *read, void *ctx,
                             as_err *err)
{
    as_place   place;
    store_look look = STORE_DAMAGED;
    while (look != STORE_WHOLE && look != STORE_FAILED && as_set_find_below(store, digest, number, &place)) {
        look = as_index_is_tombstone(&place.entry) ? STORE_DAMAGED : read(&place, ctx, err);
        number = as_index_is_tombstone(&place.entry) ? 0 : place.pack->number;
        as_pack_unref(place.pack);
    }
    return look == STORE_WHOLE;
}

static bool store_read(as_store *store, const as_digest *digest, store_reader *read, void *ctx, as_err *err)
{
    char       hex[AS_SHA256_HEX_BYTES];
    as_place   place;
    as_err     why = AS_ERR_NONE;
    uint64_t   number = 0;
    store_look look = STORE_MOVED;
    for (int i = 0; i < STORE_TRIES && look != STORE_FAILED; i++) {
        if (!as_set_locate(store, digest, &place, err))
            return false;
        look = STORE_FAILED;
        if (as_index_is_tombstone(&place.entry))
            store_fail_erased(&place, &why);
        else
            look = read(&place, ctx, &why);
        if (look == STORE_MOVED || look == STORE_DAMAGED)
            AS_FAIL(&why, AS_ECORRUPT, "object '%s' is damaged: its bytes in '%s' do not have this hash",
                    as_digest_hex(digest, hex), place.pack->path);
        number = place.pack->number;
        as_pack_unref(place.pack);
        if (look == STORE_WHOLE)
            return true;
        /* It may have been erased, or moved to another pack, since the place was found. */
        if (look != STORE_FAILED && !atomic_load(&store->is_writer) && !as_set_refresh(store, true, err))
            return false;
    }
    if (look != STORE_FAILED && store_read_older(store, digest, number, read, ctx, &why))
        return true;
    /* Who asks next sees whether it was erased meanwhile. */
    if (look == STORE_FAILED && why.code != AS_EGONE && !atomic_load(&store->is_writer))
        (void)!as_set_refresh(store, true, NULL);
    return as_err_set(err, why.code, "%s", why.text);
}

bool as_store_get(as_store *store, const as_digest *digest, uint8_t **ret_bytes, size_t *ret_n, as_err *err)
{
    store_bytes got;
    if (!store_read(store, digest, store_read_bytes, &got, err))
        return false;
    *ret_bytes = got.bytes;
    *ret_n = got.n;
    return true;
}

bool as_store_read(as_store *store, const as_digest                                           *digest,
                   bool (*take)(void *ctx, const uint8_t *bytes, size_t n, as_err *err), void *ctx, as_err *err)
{
    store_taker taker = {take, ctx};
    return store_read(store, digest, store_read_pieces, &taker, err);
}

typedef struct store_matches {
    AS_VEC(as_digest) found;
    bool no_memory;
} store_matches;

/* Whether the name of the object begins with the first n digits of hex. */
static bool store_begins(const as_digest *digest, const char *lower, size_t n)
{
    char hex[AS_SHA256_HEX_BYTES];
    return strncmp(as_digest_hex(digest, hex), lower, n) == 0;
}

static void store_match_entry(store_matches *matches, const as_digest *digest)
{
    for (size_t i = 0; i < matches->found.n; i++)
        if (as_digest_equal(&matches->found.at[i], digest))
            return;
    if (!as_vec_push(&matches->found, *digest))
        matches->no_memory = true;
}

static void store_match_pack(const as_pack *pack, const as_digest *first, const char *lower, size_t n,
                             store_matches *matches)
{
    for (size_t i = 0; !pack->index && i < pack->table.entries.n; i++)
        if (store_begins(&pack->table.entries.at[i].digest, lower, n))
            store_match_entry(matches, &pack->table.entries.at[i].digest);
    for (size_t i = pack->index ? as_index_lower(pack->index, first) : 0;
         pack->index && i < as_index_count(pack->index); i++) {
        as_index_entry entry = as_index_at(pack->index, i);
        if (!store_begins(&entry.digest, lower, n))
            break;
        store_match_entry(matches, &entry.digest);
    }
}

static bool store_match(as_store *store, const char *lower, size_t n, store_matches *matches, as_err *err)
{
    char      whole[AS_SHA256_HEX_BYTES];
    as_digest first;
    if (!atomic_load(&store->is_writer) && !as_set_refresh(store, false, err))
        return false;
    memset(whole, '0', sizeof whole - 1);
    whole[sizeof whole - 1] = '\0';
    memcpy(whole, lower, n);
    if (!as_digest_parse(whole, &first))
        return false;
    pthread_rwlock_rdlock(&store->lock);
    for (size_t i = 0; i < store->packs.n; i++)
        store_match_pack(store->packs.at[i], &first, lower, n, matches);
    pthread_rwlock_unlock(&store->lock);
    return !matches->no_memory || AS_FAIL(err, AS_ENOMEM, "cannot look for '%s': not enough memory", lower);
}

bool as_store_find(as_store *store, const char *prefix, as_digest *ret, as_err *err)
{
    char          lower[AS_SHA256_HEX_BYTES], hex[2][AS_SHA256_HEX_BYTES];
    store_matches matches = {.no_memory = false};
    size_t        n = strlen(prefix);
    if (n < 4 || n >= sizeof lower || strspn(prefix, "0123456789abcdefABCDEF") != n)
        return AS_FAIL(err, AS_EINVAL, "'%s' is not the beginning of a hash: give 4 to 64 hexadecimal digits", prefix);
    for (size_t i = 0; i <= n; i++)
        lower[i] = (char)tolower((unsigned char)prefix[i]);
    bool ok = store_match(store, lower, n, &matches, err);
    if (ok && matches.found.n == 0)
        ok = AS_FAIL(err, AS_ENOTFOUND, "no object begins with '%s'", prefix);
    else if (ok && matches.found.n > 1)
        ok = AS_FAIL(err, AS_EINVAL, "%zu objects begin with '%s' (%.12s, %.12s, ...): give more digits",
                     matches.found.n, prefix, as_digest_hex(&matches.found.at[0], hex[0]),
                     as_digest_hex(&matches.found.at[1], hex[1]));
    if (ok)
        *ret = matches.found.at[0];
    as_vec_done(&matches.found);
    return ok;
}
