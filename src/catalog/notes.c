/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/notes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/vec.h"
#include "catalog/rewritten.h"

#define NOTES_VERSION     1
#define NOTES_LINE_BYTES  ((size_t)1 << 20)
#define NOTES_IMAGE_BYTES 8
#define NOTES_BLOCK_BYTES 65536

/* Four digits: what is measured has no more. */
static void notes_add_real(as_str *out, const char *key, double value)
{
    if (isfinite(value))
        as_str_addf(out, ",\"%s\":%.4g", key, value);
}

void as_note_add(as_str *out, const as_sample *sample, const as_note *note)
{
    char hex[AS_SHA256_HEX_BYTES];
    as_digest_hex(&sample->image, hex);
    hex[2 * NOTES_IMAGE_BYTES] = '\0';
    as_text_add_string(out, "{\"name\":\"", sample->name);
    as_text_add_string(out, ",\"image\":\"", hex);
    notes_add_real(out, "black", note->black_ratio);
    notes_add_real(out, "white", note->white_ratio);
    notes_add_real(out, "mean", note->mean);
    notes_add_real(out, "contrast", note->contrast);
    notes_add_real(out, "noise", note->noise);
    notes_add_real(out, "motion_px", note->motion_px);
    for (size_t i = 0; i < note->n_found && i < AS_NOTE_MAX_FOUND; i++) {
        const as_note_found *f = &note->found[i];
        as_text_add_string(out, i ? ",{\"check\":\"" : ",\"found\":[{\"check\":\"", f->check);
        as_text_add_string(out, ",\"text\":\"", f->text);
        if (f->by) {
            as_text_add_string(out, ",\"by\":\"", f->by);
            as_text_add_string(out, ",\"reason\":\"", f->reason ? f->reason : "");
            as_text_add_int(out, ",\"utc\":", f->utc);
        }
        as_str_add(out, "}");
    }
    as_str_add(out, note->n_found ? "]}\n" : "}\n");
}

const char as_notes_head[] = "{\"assay_notes\":1}\n";

bool as_notes_put(as_store *store, const as_str *lines, as_commit *commit, as_err *err)
{
    as_str text;
    if (lines->len == 0)
        return true;
    if (commit->n_notes == AS_COMMIT_MAX_NOTES)
        return AS_FAIL(err, AS_ELIMIT, "a version has at most %d objects of notes", AS_COMMIT_MAX_NOTES);
    as_str_init(&text);
    as_str_add(&text, as_notes_head);
    as_str_add_bytes(&text, lines->s, lines->len);
    bool ok = as_str_ok(&text) && as_str_ok(lines);
    ok = ok ? as_store_put(store, text.s, text.len, &commit->notes[commit->n_notes], NULL, err)
            : AS_FAIL(err, AS_ENOMEM, "cannot keep what was measured: not enough memory");
    as_str_done(&text);
    commit->n_notes += ok;
    return ok;
}

/* A line's strings lie in `text` one after the other, which may move while it grows: they are offsets until the end. */
typedef struct notes_reader {
    as_str        key, value, text;
    as_note       note;
    as_note_found found[AS_NOTE_MAX_FOUND];
    size_t        offsets[AS_NOTE_MAX_FOUND][4]; /* of check, text, by, reason; 0: not there */
    size_t        name;
    uint8_t       image[NOTES_IMAGE_BYTES];
} notes_reader;

static bool notes_keep(notes_reader *r, as_text_cursor *c, size_t *ret)
{
    if (!as_text_string(c, &r->value))
        return false;
    *ret = r->text.len;
    as_str_add_bytes(&r->text, r->value.s, r->value.len + 1);
    return as_str_ok(&r->text) || as_text_fail(c, "not enough memory");
}

static int notes_key(notes_reader *r, as_text_cursor *c, const char *const *keys, int n, unsigned *seen)
{
    int key = 0;
    if (!as_text_string(c, &r->key) || !as_text_expect(c, ':'))
        return -1;
    while (key < n && strcmp(r->key.s, keys[key]) != 0)
        key++;
    if (key == n || *seen & 1u << key) {
        as_text_fail(c, "it has a key that is not known (was it made by a newer version?), or twice");
        return -1;
    }
    *seen |= 1u << key;
    return key;
}

static bool notes_found_one(notes_reader *r, as_text_cursor *c)
{
    static const char *const keys[] = {"check", "text", "by", "reason", "utc"};
    unsigned                 seen = 0;
    size_t                  *at = r->offsets[r->note.n_found];
    if (r->note.n_found == AS_NOTE_MAX_FOUND)
        return as_text_fail(c, "it says too much");
    r->found[r->note.n_found] = (as_note_found){.utc = 0};
    memset(at, 0, sizeof r->offsets[0]);
    if (!as_text_expect(c, '{'))
        return false;
    do {
        int key = notes_key(r, c, keys, AS_COUNT(keys), &seen);
        if (key < 0)
            return false;
        if (key < 4 ? !notes_keep(r, c, &at[key])
                    : !as_text_int(c, INT64_MIN, INT64_MAX, &r->found[r->note.n_found].utc))
            return false;
    } while (as_text_have(c, ','));
    r->note.n_found++;
    /* by, reason and utc come together */
    return as_text_expect(c, '}') && ((seen == 3 || seen == 31) || as_text_fail(c, "a key is missing"));
}

static bool notes_found(notes_reader *r, as_text_cursor *c)
{
    if (!as_text_expect(c, '['))
        return false;
    do
        if (!notes_found_one(r, c))
            return false;
    while (as_text_have(c, ','));
    return as_text_expect(c, ']');
}

static bool notes_hex(const char *text, uint8_t *ret, size_t n_bytes)
{
    static const char digits[] = "0123456789abcdef";
    if (strlen(text) != 2 * n_bytes || strspn(text, digits) != 2 * n_bytes)
        return false;
    for (size_t i = 0; i < n_bytes; i++)
        ret[i] = (uint8_t)((strchr(digits, text[2 * i]) - digits) << 4 | (strchr(digits, text[2 * i + 1]) - digits));
    return true;
}

static bool notes_member(notes_reader *r, as_text_cursor *c, unsigned *seen)
{
    static const char *const keys[] = {"name",     "image", "black",     "white", "mean",
                                       "contrast", "noise", "motion_px", "found"};
    switch (notes_key(r, c, keys, AS_COUNT(keys), seen)) {
    case 0: return notes_keep(r, c, &r->name);
    case 1:
        return as_text_string(c, &r->value) && (notes_hex(r->value.s, r->image, NOTES_IMAGE_BYTES) ||
                                                as_text_fail(c, "its image is not 16 hex digits"));
    case 2: return as_text_real(c, &r->note.black_ratio);
    case 3: return as_text_real(c, &r->note.white_ratio);
    case 4: return as_text_real(c, &r->note.mean);
    case 5: return as_text_real(c, &r->note.contrast);
    case 6: return as_text_real(c, &r->note.noise);
    case 7: return as_text_real(c, &r->note.motion_px);
    case 8: return notes_found(r, c);
    default: return false;
    }
}

static bool notes_line(notes_reader *r, as_text_cursor *c)
{
    unsigned seen = 0;
    as_str_clear(&r->text);
    as_str_add_bytes(&r->text, "", 1);
    r->note =
        (as_note){.black_ratio = NAN, .white_ratio = NAN, .mean = NAN, .contrast = NAN, .noise = NAN, .motion_px = NAN};
    if (!as_text_expect(c, '{'))
        return false;
    do
        if (!notes_member(r, c, &seen))
            return false;
    while (as_text_have(c, ','));
    if (!as_text_expect(c, '}') || !as_text_end(c))
        return false;
    if ((seen & 3) != 3)
        return as_text_fail(c, "a key is missing");
    for (size_t i = 0; i < r->note.n_found; i++) {
        const size_t *at = r->offsets[i];
        r->found[i].check = r->text.s + at[0];
        r->found[i].text = r->text.s + at[1];
        r->found[i].by = at[2] ? r->text.s + at[2] : NULL;
        r->found[i].reason = at[3] ? r->text.s + at[3] : NULL;
    }
    r->note.found = r->note.n_found ? r->found : NULL;
    return true;
}

static bool notes_head(notes_reader *r, as_text_cursor *c)
{
    static const char *const keys[] = {"assay_notes"};
    unsigned                 seen = 0;
    int64_t                  version;
    return as_text_expect(c, '{') && notes_key(r, c, keys, AS_COUNT(keys), &seen) == 0 &&
           as_text_int(c, NOTES_VERSION, NOTES_VERSION, &version) && as_text_expect(c, '}') && as_text_end(c);
}

static bool notes_lines(notes_reader *r, const char *p, const char *end, as_note_visit visit, void *ctx, as_err *err)
{
    for (size_t n_line = 1; p < end || n_line == 1; n_line++) {
        const char    *line_end = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
        as_text_cursor c = {.p = p, .end = line_end, .why = "it is too long"};
        if (!line_end)
            return AS_FAIL(err, AS_EFORMAT, "notes line %zu is cut off", n_line);
        if ((size_t)(line_end - p) > NOTES_LINE_BYTES || !(n_line == 1 ? notes_head(r, &c) : notes_line(r, &c)))
            return AS_FAIL(err, AS_EFORMAT, "notes line %zu: %s", n_line, c.why);
        if (n_line > 1 && visit && !visit(ctx, r->text.s + r->name, r->image, &r->note, err))
            return false;
        p = line_end + 1;
    }
    return true;
}

bool as_notes_parse(const uint8_t *bytes, size_t n, as_note_visit visit, void *ctx, as_err *err)
{
    notes_reader *r = calloc(1, sizeof *r);
    if (!r)
        return AS_FAIL(err, AS_ENOMEM, "cannot read notes: not enough memory");
    as_str_init(&r->key);
    as_str_init(&r->value);
    as_str_init(&r->text);
    bool ok = notes_lines(r, (const char *)bytes, (const char *)bytes + n, visit, ctx, err);
    as_str_done(&r->key);
    as_str_done(&r->value);
    as_str_done(&r->text);
    free(r);
    return ok;
}

typedef struct notes_block {
    struct notes_block *next;
    size_t              n, cap;
    _Alignas(max_align_t) char bytes[];
} notes_block;

struct as_notes {
    const as_manifest *manifest;
    size_t             n, n_known;
    as_note          **at; /* NULL: nothing is known */
    notes_block       *blocks;
};

static void *notes_room(as_notes *notes, size_t n)
{
    const size_t align = _Alignof(max_align_t);
    n = (n + align - 1) & ~(align - 1);
    if (!notes->blocks || notes->blocks->cap - notes->blocks->n < n) {
        size_t       cap = AS_MAX(n, (size_t)NOTES_BLOCK_BYTES);
        notes_block *block = malloc(sizeof *block + cap);
        if (!block)
            return NULL;
        *block = (notes_block){.next = notes->blocks, .cap = cap};
        notes->blocks = block;
    }
    void *at = notes->blocks->bytes + notes->blocks->n;
    notes->blocks->n += n;
    return at;
}

static const char *notes_copy(as_notes *notes, const char *text, bool *ok)
{
    size_t n = text ? strlen(text) + 1 : 0;
    char  *copy = n ? notes_room(notes, n) : NULL;
    *ok = *ok && (copy || !text);
    return copy ? memcpy(copy, text, n) : NULL;
}

static bool notes_take(void *ctx, const char *name, const uint8_t image[NOTES_IMAGE_BYTES], const as_note *note,
                       as_err *err)
{
    as_notes        *notes = ctx;
    const as_sample *sample = as_manifest_find(notes->manifest, name);
    size_t           i = sample ? (size_t)(sample - as_manifest_at(notes->manifest, 0)) : 0;
    if (!sample || memcmp(sample->image.b, image, NOTES_IMAGE_BYTES) != 0 || notes->at[i])
        return true;
    as_note       *copy = notes_room(notes, sizeof *copy);
    as_note_found *found = note->n_found ? notes_room(notes, note->n_found * sizeof *found) : NULL;
    bool           ok = copy && (found || note->n_found == 0);
    for (size_t k = 0; ok && k < note->n_found; k++)
        found[k] = (as_note_found){.check = notes_copy(notes, note->found[k].check, &ok),
                                   .text = notes_copy(notes, note->found[k].text, &ok),
                                   .by = notes_copy(notes, note->found[k].by, &ok),
                                   .reason = notes_copy(notes, note->found[k].reason, &ok),
                                   .utc = note->found[k].utc};
    if (!ok)
        return AS_FAIL(err, AS_ENOMEM, "cannot read notes: not enough memory");
    *copy = *note;
    copy->found = found;
    notes->at[i] = copy;
    notes->n_known++;
    return true;
}

static bool notes_of_commit(as_workspace *ws, const as_commit *commit, as_notes *notes, as_err *err)
{
    for (size_t i = 0; i < commit->n_notes; i++) {
        uint8_t *bytes;
        size_t   n;
        char     hex[AS_SHA256_HEX_BYTES];
        if (!as_commit_object(ws, &commit->notes[i], &bytes, &n, err))
            return false;
        bool ok = as_notes_parse(bytes, n, notes_take, notes, err) ||
                  as_err_note(err, "object '%.12s'", as_digest_hex(&commit->notes[i], hex));
        free(bytes);
        if (!ok)
            return false;
    }
    return true;
}

as_notes *as_notes_read(as_workspace *ws, const as_commit *commit, const as_manifest *manifest, as_err *err)
{
    as_notes *notes = calloc(1, sizeof *notes);
    as_commit at = *commit;
    if (notes)
        *notes = (as_notes){.manifest = manifest, .n = as_manifest_count(manifest)};
    if (notes)
        notes->at = calloc(notes->n + 1, sizeof(as_note *));
    bool ok = (notes && notes->at) || AS_FAIL(err, AS_ENOMEM, "cannot read notes: not enough memory");
    while (ok && notes->n_known < notes->n) {
        ok = notes_of_commit(ws, &at, notes, err);
        if (!ok || at.n_parents == 0)
            break;
        as_digest parent = at.parents[0];
        ok = as_commit_read(ws, &parent, &at, err);
    }
    return ok ? notes : as_notes_free(notes);
}

as_notes *as_notes_free(as_notes *notes)
{
    if (notes) {
        for (notes_block *block = notes->blocks, *next; block; block = next) {
            next = block->next;
            free(block);
        }
        free(notes->at);
    }
    free(notes);
    return NULL;
}

const as_note *as_notes_of(const as_notes *notes, size_t i)
{
    return i < notes->n ? notes->at[i] : NULL;
}
