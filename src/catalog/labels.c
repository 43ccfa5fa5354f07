/* SPDX-License-Identifier: Apache-2.0 */
/* What was said of the samples of a manifest, as bytes. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "base/vec.h"
#include "catalog/manifest.h"

#define LABELS_LINE_BYTES ((size_t)256 << 20)

static void labels_add_finding(as_str *out, const as_finding *f)
{
    as_text_add_string(out, "{\"label\":\"", f->label);
    as_text_add_real(out, ",\"box\":[", f->box[0]);
    for (int i = 1; i < 4; i++)
        as_text_add_real(out, ",", f->box[i]);
    as_str_add(out, "]");
    if (f->outline == AS_OUTLINE_POLYGON) {
        as_str_add(out, ",\"rings\":");
        as_str_add(out, f->geometry);
    } else if (f->outline == AS_OUTLINE_MASK) {
        as_text_add_string(out, ",\"mask\":\"", f->geometry);
    }
    as_text_add_real(out, ",\"score\":", f->score);
    if (*f->extra) {
        as_str_add(out, ",\"extra\":");
        as_str_add(out, f->extra);
    }
    as_str_add(out, "}");
}

static void labels_add_findings(as_str *out, const as_finding *findings, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        as_str_add(out, k ? "," : ",\"findings\":[");
        labels_add_finding(out, &findings[k]);
    }
    as_str_add(out, n ? "]" : "");
}

/* What label and vote have in common. */
static void labels_add_said(as_str *out, as_label_state state, as_ns said_utc)
{
    if (state != AS_LABEL_GIVEN)
        as_text_add_string(out, ",\"state\":\"", as_label_state_name(state));
    if (said_utc)
        as_text_add_int(out, ",\"said_utc\":", said_utc);
}

static void labels_add_vote(as_str *out, const as_vote *v)
{
    as_text_add_string(out, "{\"by\":\"", v->by);
    as_text_add_string(out, ",\"label\":\"", v->label);
    labels_add_said(out, v->state, v->said_utc);
    labels_add_findings(out, v->findings, v->n_findings);
    as_str_add(out, "}");
}

static void labels_add_sample(as_str *out, const as_sample *s)
{
    as_text_add_string(out, "{\"name\":\"", s->name);
    as_text_add_string(out, ",\"label\":\"", s->label);
    labels_add_said(out, s->state, s->said_utc);
    if (*s->by)
        as_text_add_string(out, ",\"by\":\"", s->by);
    labels_add_findings(out, s->findings, s->n_findings);
    for (size_t k = 0; k < s->n_votes; k++) {
        as_str_add(out, k ? "," : ",\"votes\":[");
        labels_add_vote(out, &s->votes[k]);
    }
    as_str_add(out, s->n_votes ? "]}\n" : "}\n");
}

bool as_labels_next(void *ctx, bool is_first, as_str *piece, as_err *err)
{
    as_manifest_walk *walk = ctx;
    const char       *name;
    as_str_clear(piece);
    if (is_first && !as_manifest_is_ordered(walk->manifest, &name))
        return AS_FAIL(err, AS_EINVAL, "cannot write the labels: '%s' is there twice or not in order", name);
    walk->at = is_first ? 0 : walk->at;
    while (walk->at < as_manifest_count(walk->manifest) && piece->len < AS_MANIFEST_PIECE_BYTES && as_str_ok(piece)) {
        const as_sample *s = as_manifest_at(walk->manifest, walk->at++);
        if (s->state != AS_LABEL_NONE)
            labels_add_sample(piece, s);
    }
    return as_str_ok(piece) || AS_FAIL(err, AS_ENOMEM, "cannot write the labels: not enough memory");
}

bool as_labels_write(const as_manifest *manifest, as_str *out, as_err *err)
{
    return as_manifest_gather(manifest, as_labels_next, out, err);
}

/* What one person said: offsets into the line's text, and the first of its findings. */
typedef struct labels_said {
    size_t         name, label, by, first, n;
    as_label_state state;
    as_ns          utc;
    unsigned       seen; /* keys */
} labels_said;

/* A line's strings lie in `text` one after the other, which may move while it grows: they are offsets until the end. */
struct as_labels_text {
    as_str key, value, text;
    AS_VEC(as_finding) findings; /* of the label and of all votes */
    AS_VEC(size_t) offsets;      /* of label, geometry and extra of each finding */
    AS_VEC(labels_said) said;    /* votes */
    AS_VEC(as_vote) votes;
    labels_said line;
};

typedef struct as_labels_text labels_reader;

static bool labels_keep(labels_reader *r, as_text_cursor *c, const void *bytes, size_t n, size_t *ret)
{
    *ret = r->text.len;
    as_str_add_bytes(&r->text, bytes, n);
    as_str_add_bytes(&r->text, "", 1);
    return as_str_ok(&r->text) || as_text_fail(c, "not enough memory");
}

static bool labels_keep_string(labels_reader *r, as_text_cursor *c, size_t *ret)
{
    return as_text_string(c, &r->value) && labels_keep(r, c, r->value.s, r->value.len, ret);
}

static bool labels_keep_value(labels_reader *r, as_text_cursor *c, size_t *ret)
{
    const char *value;
    size_t      n;
    return as_text_value(c, &value, &n) && labels_keep(r, c, value, n, ret);
}

static bool labels_box(as_text_cursor *c, double box[4])
{
    if (!as_text_expect(c, '['))
        return false;
    for (int i = 0; i < 4; i++)
        if ((i && !as_text_expect(c, ',')) || !as_text_real(c, &box[i]))
            return false;
    return as_text_expect(c, ']');
}

static bool labels_finding_member(labels_reader *r, as_text_cursor *c, as_finding *f, size_t at[3], unsigned *seen)
{
    static const char *const keys[] = {"label", "box", "rings", "mask", "score", "extra"};
    unsigned                 key = 0;
    if (!as_text_string(c, &r->key) || !as_text_expect(c, ':'))
        return false;
    while (key < AS_COUNT(keys) && strcmp(r->key.s, keys[key]) != 0)
        key++;
    if (key == AS_COUNT(keys) || *seen & 1u << key)
        return as_text_fail(c, "a finding has a key that is not known, or twice");
    *seen |= 1u << key;
    switch (key) {
    case 0: return labels_keep_string(r, c, &at[0]);
    case 1: return labels_box(c, f->box);
    case 2: f->outline = AS_OUTLINE_POLYGON; return labels_keep_value(r, c, &at[1]);
    case 3: f->outline = AS_OUTLINE_MASK; return labels_keep_string(r, c, &at[1]);
    case 4: return as_text_real(c, &f->score);
    default: return labels_keep_value(r, c, &at[2]);
    }
}

static bool labels_finding(labels_reader *r, as_text_cursor *c, const labels_said *said)
{
    as_finding f = {.outline = AS_OUTLINE_BOX, .score = NAN};
    size_t     at[3];
    unsigned   seen = 0;
    at[0] = at[1] = at[2] = 0; /* text begins with an empty string */
    if (!as_text_expect(c, '{'))
        return false;
    do
        if (!labels_finding_member(r, c, &f, at, &seen))
            return false;
    while (as_text_have(c, ','));
    if (!as_text_expect(c, '}'))
        return false;
    if ((seen & 3) != 3 || (seen & 12) == 12)
        return as_text_fail(c, "a finding needs a label, a box, and one of rings and mask at most");
    if (r->findings.n - said->first == AS_FINDING_MAX)
        return as_text_fail(c, "it has too many findings");
    bool ok = as_vec_push(&r->findings, f);
    for (int i = 0; ok && i < 3; i++)
        ok = as_vec_push(&r->offsets, at[i]);
    return ok || as_text_fail(c, "not enough memory");
}

static bool labels_findings(labels_reader *r, as_text_cursor *c, labels_said *said)
{
    said->first = r->findings.n;
    if (!as_text_expect(c, '['))
        return false;
    do
        if (!labels_finding(r, c, said))
            return false;
    while (as_text_have(c, ','));
    said->n = r->findings.n - said->first;
    return as_text_expect(c, ']');
}

static bool labels_state(labels_reader *r, as_text_cursor *c, labels_said *said)
{
    if (!as_text_string(c, &r->value))
        return false;
    said->state = as_label_state_parse(r->value.s);
    return said->state != AS_LABEL_NONE || as_text_fail(c, "its state is not known");
}

static bool labels_votes(labels_reader *r, as_text_cursor *c);

static bool labels_member(labels_reader *r, as_text_cursor *c, labels_said *said)
{
    enum { NAME, LABEL, STATE, BY, UTC, FINDINGS, VOTES };
    static const char *const keys[] = {"name", "label", "state", "by", "said_utc", "findings", "votes"};
    unsigned                 key = 0;
    if (!as_text_string(c, &r->key) || !as_text_expect(c, ':'))
        return false;
    while (key < AS_COUNT(keys) && strcmp(r->key.s, keys[key]) != 0)
        key++;
    if (key == AS_COUNT(keys) || (said != &r->line && (key == NAME || key == VOTES)))
        return as_text_fail(c, "it has a key that is not known (was it made by a newer version?)");
    if (said->seen & 1u << key)
        return as_text_fail(c, "it has a key twice");
    said->seen |= 1u << key;
    switch (key) {
    case NAME: return labels_keep_string(r, c, &said->name);
    case LABEL: return labels_keep_string(r, c, &said->label);
    case STATE: return labels_state(r, c, said);
    case BY: return labels_keep_string(r, c, &said->by);
    case UTC: return as_text_int(c, INT64_MIN, INT64_MAX, &said->utc);
    case FINDINGS: return labels_findings(r, c, said);
    default: return labels_votes(r, c);
    }
}

static bool labels_members(labels_reader *r, as_text_cursor *c, labels_said *said)
{
    *said = (labels_said){.state = AS_LABEL_GIVEN};
    if (!as_text_expect(c, '{'))
        return false;
    do
        if (!labels_member(r, c, said))
            return false;
    while (as_text_have(c, ','));
    return as_text_expect(c, '}');
}

static bool labels_votes(labels_reader *r, as_text_cursor *c)
{
    if (!as_text_expect(c, '['))
        return false;
    do {
        labels_said vote;
        if (r->said.n == AS_VOTE_MAX)
            return as_text_fail(c, "it has too many votes");
        if (!labels_members(r, c, &vote))
            return false;
        if (!as_vec_push(&r->said, vote))
            return as_text_fail(c, "not enough memory");
    } while (as_text_have(c, ','));
    return as_text_expect(c, ']');
}

static bool labels_line(labels_reader *r, as_text_cursor *c)
{
    as_str_clear(&r->text);
    as_str_add_bytes(&r->text, "", 1);
    r->findings.n = r->offsets.n = r->said.n = r->votes.n = 0;
    if (!labels_members(r, c, &r->line) || !as_text_end(c))
        return false;
    return (r->line.seen & 3) == 3 || as_text_fail(c, "a key is missing");
}

static bool labels_put(labels_reader *r, as_manifest *manifest, size_t i, as_err *err)
{
    const char *text = r->text.s;
    as_sample   from = {.label = text + r->line.label,
                        .by = text + r->line.by,
                        .state = r->line.state,
                        .said_utc = r->line.utc,
                        .findings = r->line.n ? r->findings.at + r->line.first : NULL,
                        .n_findings = (uint32_t)r->line.n};
    for (size_t k = 0; k < r->findings.n; k++) {
        as_finding *f = &r->findings.at[k];
        f->label = text + r->offsets.at[3 * k];
        f->geometry = text + r->offsets.at[3 * k + 1];
        f->extra = text + r->offsets.at[3 * k + 2];
    }
    for (size_t k = 0; k < r->said.n; k++) {
        const labels_said *said = &r->said.at[k];
        as_vote            vote = {.by = text + said->by,
                                   .label = text + said->label,
                                   .state = said->state,
                                   .said_utc = said->utc,
                                   .findings = said->n ? r->findings.at + said->first : NULL,
                                   .n_findings = (uint32_t)said->n};
        if (!as_vec_push(&r->votes, vote))
            return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    }
    from.votes = r->votes.at;
    from.n_votes = (uint8_t)r->votes.n; /* AS_VOTE_MAX: see labels_votes */
    if (!*from.label && from.n_findings == 0)
        return AS_FAIL(err, AS_EFORMAT, "it says nothing");
    return as_manifest_set_label(manifest, i, &from, err);
}

/* Both are in order: the sample of a line comes after that of the line before. */
static bool labels_take(void *ctx, as_text_cursor *c, size_t number, as_err *why)
{
    as_labels_reader *reader = ctx;
    labels_reader    *r = reader->text;
    const size_t      n = as_manifest_count(reader->manifest);
    (void)number;
    if (!labels_line(r, c))
        return false;
    const char *name = r->text.s + r->line.name;
    while (reader->at < n && strcmp(as_manifest_at(reader->manifest, reader->at)->name, name) < 0)
        reader->at++;
    const bool is_there = reader->at < n && strcmp(as_manifest_at(reader->manifest, reader->at)->name, name) == 0;
    if (!is_there)
        return reader->passes_over ||
               AS_FAIL(why, AS_EFORMAT, "'%s' is not in the manifest, twice or not in order", name);
    return labels_put(r, reader->manifest, reader->at++, why);
}

bool as_labels_read_begin(as_labels_reader *reader, as_manifest *manifest, bool passes_over, as_err *err)
{
    *reader =
        (as_labels_reader){.lines = {.what = "labels", .n_most = LABELS_LINE_BYTES, .line = labels_take, .ctx = reader},
                           .text = calloc(1, sizeof *reader->text),
                           .manifest = manifest,
                           .passes_over = passes_over};
    as_lines_init(&reader->lines);
    if (!reader->text)
        return AS_FAIL(err, AS_ENOMEM, "cannot read labels: not enough memory");
    as_str_init(&reader->text->key);
    as_str_init(&reader->text->value);
    as_str_init(&reader->text->text);
    return true;
}

bool as_labels_read_end(as_labels_reader *reader, bool ok, as_err *err)
{
    labels_reader *r = reader->text;
    ok = ok && as_lines_end(&reader->lines, err);
    if (r) {
        as_str_done(&r->key);
        as_str_done(&r->value);
        as_str_done(&r->text);
        as_vec_done(&r->findings);
        as_vec_done(&r->offsets);
        as_vec_done(&r->said);
        as_vec_done(&r->votes);
    }
    free(r);
    as_lines_done(&reader->lines);
    return ok;
}

bool as_labels_parse(const uint8_t *bytes, size_t n, as_manifest *manifest, as_err *err)
{
    return as_labels_parse_known(bytes, n, manifest, false, err);
}

bool as_labels_parse_known(const uint8_t *bytes, size_t n, as_manifest *manifest, bool passes_over, as_err *err)
{
    as_labels_reader reader;
    bool ok = as_labels_read_begin(&reader, manifest, passes_over, err) && as_lines_take(&reader.lines, bytes, n, err);
    return as_labels_read_end(&reader, ok, err);
}

static bool labels_same_findings(const as_finding *a, size_t n_a, const as_finding *b, size_t n_b)
{
    bool same = n_a == n_b;
    for (size_t i = 0; same && i < n_a; i++)
        same = strcmp(a[i].label, b[i].label) == 0 && a[i].outline == b[i].outline &&
               memcmp(a[i].box, b[i].box, sizeof a[i].box) == 0 && strcmp(a[i].geometry, b[i].geometry) == 0 &&
               (a[i].score == b[i].score || (isnan(a[i].score) && isnan(b[i].score))) &&
               strcmp(a[i].extra, b[i].extra) == 0;
    return same;
}

bool as_labels_equal(const as_sample *a, const as_sample *b)
{
    bool same = strcmp(a->label, b->label) == 0 && a->state == b->state && a->said_utc == b->said_utc &&
                strcmp(a->by ? a->by : "", b->by ? b->by : "") == 0 && a->n_votes == b->n_votes &&
                labels_same_findings(a->findings, a->n_findings, b->findings, b->n_findings);
    for (size_t i = 0; same && i < a->n_votes; i++) {
        const as_vote *x = &a->votes[i], *y = &b->votes[i];
        same = strcmp(x->by, y->by) == 0 && strcmp(x->label, y->label) == 0 && x->state == y->state &&
               x->said_utc == y->said_utc &&
               labels_same_findings(x->findings, x->n_findings, y->findings, y->n_findings);
    }
    return same;
}
