/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests as bytes. Written and read by hand and not through a JSON tree: it is one flat object a line, a hundred
 * thousand times, each time a dataset is opened. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "catalog/manifest.h"

#define TEXT_LINE_BYTES (8 * AS_MANIFEST_NAME_BYTES)

static void text_add_sample(as_str *out, const as_sample *sample)
{
    char hex[AS_SHA256_HEX_BYTES], hash[17];
    as_text_add_string(out, "{\"name\":\"", sample->name);
    if (sample->split != AS_SPLIT_NONE)
        as_text_add_string(out, ",\"split\":\"", as_split_name(sample->split));
    if (sample->is_frozen)
        as_str_add(out, ",\"frozen\":1");
    if (sample->part != sample->name && strcmp(sample->part, sample->name) != 0)
        as_text_add_string(out, ",\"part\":\"", sample->part);
    if (*sample->camera)
        as_text_add_string(out, ",\"camera\":\"", sample->camera);
    as_text_add_string(out, ",\"image\":\"", as_digest_hex(&sample->image, hex));
    as_text_add_string(out, ",\"format\":\"", sample->format);
    as_text_add_int(out, ",\"width\":", sample->width);
    as_text_add_int(out, ",\"height\":", sample->height);
    as_text_add_int(out, ",\"n_bytes\":", (int64_t)sample->n_bytes);
    as_text_add_int(out, ",\"utc\":", sample->utc);
    as_text_add_real(out, ",\"sharpness\":", sample->sharpness);
    as_text_add_real(out, ",\"clipped_ratio\":", sample->clipped_ratio);
    if (sample->difference_hash) {
        snprintf(hash, sizeof hash, "%016llx", (unsigned long long)sample->difference_hash);
        as_text_add_string(out, ",\"difference_hash\":\"", hash);
    }
    as_text_add_real(out, ",\"severity\":", sample->severity);
    if (sample->privacy && *sample->privacy)
        as_text_add_string(out, ",\"privacy\":\"", sample->privacy);
    as_str_add(out, "}\n");
}

bool as_manifest_next(void *ctx, bool is_first, as_str *piece, as_err *err)
{
    as_manifest_walk *walk = ctx;
    const char       *name;
    as_str_clear(piece);
    if (is_first && !as_manifest_is_ordered(walk->manifest, &name))
        return AS_FAIL(err, AS_EINVAL, "cannot write the manifest: '%s' is in it twice or not in order", name);
    walk->at = is_first ? 0 : walk->at;
    while (walk->at < as_manifest_count(walk->manifest) && piece->len < AS_MANIFEST_PIECE_BYTES && as_str_ok(piece))
        text_add_sample(piece, as_manifest_at(walk->manifest, walk->at++));
    return as_str_ok(piece) || AS_FAIL(err, AS_ENOMEM, "cannot write a manifest of %zu samples: not enough memory",
                                       as_manifest_count(walk->manifest));
}

bool as_manifest_write(const as_manifest *manifest, as_str *out, as_err *err)
{
    return as_manifest_gather(manifest, as_manifest_next, out, err);
}

bool as_manifest_gather(const as_manifest *manifest, bool (*next)(void *, bool, as_str *, as_err *), as_str *out,
                        as_err *err)
{
    as_manifest_walk walk = {.manifest = manifest};
    as_str           piece;
    bool             ok = true;
    as_str_init(&piece);
    for (bool is_first = true; ok && (is_first || piece.len); is_first = false) {
        ok = next(&walk, is_first, &piece, err);
        if (ok)
            as_str_add_bytes(out, piece.s, piece.len);
    }
    as_str_done(&piece);
    return ok && (as_str_ok(out) ||
                  AS_FAIL(err, AS_ENOMEM, "cannot write %zu samples: not enough memory", as_manifest_count(manifest)));
}

typedef enum text_key {
    KEY_NAME,
    KEY_PART,
    KEY_CAMERA,
    KEY_FORMAT,
    KEY_SPLIT,
    KEY_IMAGE,
    KEY_DIFFERENCE_HASH,
    KEY_PRIVACY,
    N_KEY_STRINGS,
    KEY_WIDTH = N_KEY_STRINGS,
    KEY_HEIGHT,
    KEY_N_BYTES,
    KEY_UTC,
    KEY_SHARPNESS,
    KEY_CLIPPED_RATIO,
    KEY_SEVERITY,
    KEY_FROZEN,
    N_KEYS
} text_key;

static const char *const text_keys[N_KEYS] = {
    "name",  "part",   "camera",  "format", "split",     "image",         "difference_hash", "privacy",
    "width", "height", "n_bytes", "utc",    "sharpness", "clipped_ratio", "severity",        "frozen"};

#define KEYS_NEEDED                                                                                                 \
    (1u << KEY_NAME | 1u << KEY_FORMAT | 1u << KEY_IMAGE | 1u << KEY_WIDTH | 1u << KEY_HEIGHT | 1u << KEY_N_BYTES | \
     1u << KEY_UTC)

struct as_manifest_text {
    as_str   key, strings[N_KEY_STRINGS];
    unsigned seen; /* bit a key */
};

typedef struct as_manifest_text text_reader;

static bool text_value(text_reader *r, as_text_cursor *c, unsigned key, as_sample *sample)
{
    int64_t v;
    switch (key) {
    case KEY_WIDTH:
    case KEY_HEIGHT:
        if (!as_text_int(c, 0, UINT32_MAX, &v))
            return false;
        *(key == KEY_WIDTH ? &sample->width : &sample->height) = (uint32_t)v;
        return true;
    case KEY_N_BYTES:
        if (!as_text_int(c, 0, INT64_MAX, &v))
            return false;
        sample->n_bytes = (uint64_t)v;
        return true;
    case KEY_FROZEN: sample->is_frozen = true; return as_text_int(c, 1, 1, &v);
    case KEY_UTC: return as_text_int(c, INT64_MIN, INT64_MAX, &sample->utc);
    case KEY_SHARPNESS: return as_text_real(c, &sample->sharpness);
    case KEY_CLIPPED_RATIO: return as_text_real(c, &sample->clipped_ratio);
    case KEY_SEVERITY: return as_text_real(c, &sample->severity);
    default: return as_text_string(c, &r->strings[key]);
    }
}

static bool text_member(text_reader *r, as_text_cursor *c, as_sample *sample)
{
    unsigned key = 0;
    if (!as_text_string(c, &r->key) || !as_text_expect(c, ':'))
        return false;
    while (key < N_KEYS && strcmp(r->key.s, text_keys[key]) != 0)
        key++;
    if (key == N_KEYS)
        return as_text_fail(c, "it has a key that is not known (was it made by a newer version?)");
    if (r->seen & 1u << key)
        return as_text_fail(c, "it has a key twice");
    r->seen |= 1u << key;
    return text_value(r, c, key, sample);
}

/* As it is written, so that the same samples give the same bytes. */
static bool text_hash(const char *text, uint64_t *ret)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t          v = 0;
    size_t            n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        const char *digit = strchr(digits, text[i]);
        if (!digit)
            return false;
        v = v << 4 | (uint64_t)(digit - digits);
    }
    *ret = v;
    return n == 16 && v != 0;
}

static bool text_line(text_reader *r, as_text_cursor *c, as_sample *sample)
{
    r->seen = 0;
    *sample = (as_sample){.sharpness = NAN, .clipped_ratio = NAN, .severity = NAN};
    if (!as_text_expect(c, '{'))
        return false;
    do
        if (!text_member(r, c, sample))
            return false;
    while (as_text_have(c, ','));
    if (!as_text_expect(c, '}') || !as_text_end(c))
        return false;
    if ((r->seen & KEYS_NEEDED) != KEYS_NEEDED)
        return as_text_fail(c, "a key is missing");
    sample->name = r->strings[KEY_NAME].s;
    sample->label = "";
    sample->part = r->seen & 1u << KEY_PART ? r->strings[KEY_PART].s : sample->name;
    sample->camera = r->seen & 1u << KEY_CAMERA ? r->strings[KEY_CAMERA].s : "";
    sample->format = r->strings[KEY_FORMAT].s;
    sample->privacy = r->seen & 1u << KEY_PRIVACY ? r->strings[KEY_PRIVACY].s : "";
    if (r->seen & 1u << KEY_DIFFERENCE_HASH && !text_hash(r->strings[KEY_DIFFERENCE_HASH].s, &sample->difference_hash))
        return as_text_fail(c, "its difference_hash is not 16 hex digits");
    if (r->seen & 1u << KEY_SPLIT) {
        sample->split = as_split_parse(r->strings[KEY_SPLIT].s);
        if (sample->split == AS_SPLIT_NONE)
            return as_text_fail(c, "its split is none of train, validation and test");
    }
    return as_digest_parse(r->strings[KEY_IMAGE].s, &sample->image) || as_text_fail(c, "its image is no SHA-256");
}

static bool text_take(void *ctx, as_text_cursor *c, size_t number, as_err *why)
{
    as_manifest_reader *r = ctx;
    as_sample           sample;
    (void)number;
    if (!text_line(r->text, c, &sample))
        return false;
    const size_t n = as_manifest_count(r->manifest);
    if (n && strcmp(as_manifest_at(r->manifest, n - 1)->name, sample.name) >= 0)
        return AS_FAIL(why, AS_EFORMAT, "'%s' is there twice or not in order", sample.name);
    return as_manifest_add(r->manifest, &sample, why);
}

bool as_manifest_read_begin(as_manifest_reader *r, as_err *err)
{
    *r = (as_manifest_reader){.lines = {.what = "manifest", .n_most = TEXT_LINE_BYTES, .line = text_take, .ctx = r}};
    as_lines_init(&r->lines);
    r->text = calloc(1, sizeof *r->text);
    if (!r->text)
        return AS_FAIL(err, AS_ENOMEM, "cannot read a manifest: not enough memory");
    as_str_init(&r->text->key);
    for (size_t i = 0; i < N_KEY_STRINGS; i++)
        as_str_init(&r->text->strings[i]);
    return (r->manifest = as_manifest_new(err)) != NULL;
}

as_manifest *as_manifest_read_end(as_manifest_reader *r, bool ok, as_err *err)
{
    if (!ok || !as_lines_end(&r->lines, err))
        r->manifest = as_manifest_free(r->manifest);
    if (r->text) {
        as_str_done(&r->text->key);
        for (size_t i = 0; i < N_KEY_STRINGS; i++)
            as_str_done(&r->text->strings[i]);
    }
    free(r->text);
    as_lines_done(&r->lines);
    return r->manifest;
}

as_manifest *as_manifest_parse(const uint8_t *bytes, size_t n, as_err *err)
{
    as_manifest_reader r;
    bool               ok = as_manifest_read_begin(&r, err) && as_lines_take(&r.lines, bytes, n, err);
    return as_manifest_read_end(&r, ok, err);
}
