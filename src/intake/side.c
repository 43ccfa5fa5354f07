/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/side.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "catalog/manifest.h"
#include "intake/gather.h"
#include "intake/lay.h"

#define SIDE_LINE_BYTES ((size_t)64 << 20)

typedef struct side_row {
    char    *path;
    bool     is_read; /* the format's files speak of it */
    uint64_t hash;
    as_split split;
    char    *labels; /* n_labels words, each with its zero */
    size_t   n_labels;
} side_row;

struct as_side {
    as_manifest *manifest;
    AS_VEC(side_row) rows; /* of its samples, in its order */
};

/* The scan's files by the path that is opened. */
typedef struct side_index {
    as_scan_file **at;
    size_t         n;
} side_index;

static int side_compare_files(const void *a, const void *b)
{
    return strcmp((*(as_scan_file *const *)a)->path, (*(as_scan_file *const *)b)->path);
}

static int side_compare_path(const void *path, const void *file)
{
    return strcmp(path, (*(as_scan_file *const *)file)->path);
}

static bool side_index_make(as_scan *scan, side_index *ret, as_err *err)
{
    ret->n = scan->files.n;
    ret->at = malloc((ret->n + 1) * sizeof(as_scan_file *));
    if (!ret->at)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    for (size_t i = 0; i < ret->n; i++)
        ret->at[i] = &scan->files.at[i];
    qsort(ret->at, ret->n, sizeof(as_scan_file *), side_compare_files);
    return true;
}

static as_scan_file *side_file(const side_index *index, const as_scan *scan, const char *relative)
{
    const as_fs_entry *entry = as_scan_find(scan, relative);
    as_scan_file     **found =
        entry ? bsearch(entry->path, index->at, index->n, sizeof(as_scan_file *), side_compare_path) : NULL;
    return found ? *found : NULL;
}

/* Of all that the format said but the classes, which may be renamed on the way. */
static bool side_hash(const as_scan_file *file, uint64_t *ret, as_err *err)
{
    as_str text;
    as_str_init(&text);
    for (size_t i = 0; i < file->n_findings; i++) {
        const as_finding *f = &file->findings[i];
        as_str_addf(&text, "%d %a %a %a %a %a\n", (int)f->outline, f->box[0], f->box[1], f->box[2], f->box[3],
                    isnan(f->score) ? -1.0 : f->score);
        as_str_add(&text, f->geometry);
        as_str_add_bytes(&text, "", 1);
        as_str_add(&text, f->extra);
        as_str_add_bytes(&text, "", 1);
    }
    if (file->state || file->by)
        as_str_addf(&text, "%d %s", (int)file->state, file->by ? file->by : "");
    as_digest digest = as_sha256_of(text.s, text.len);
    bool      ok = as_str_ok(&text);
    as_str_done(&text);
    memcpy(ret, digest.b, sizeof *ret);
    return ok || AS_FAIL(err, AS_ENOMEM, "not enough memory");
}

static bool side_add_row(as_str *text, const char *path, const as_scan_file *file, as_err *err)
{
    uint64_t hash;
    as_text_add_string(text, "{\"path\":\"", path);
    if (!file) {
        as_str_add(text, "}\n");
        return true;
    }
    if (!side_hash(file, &hash, err))
        return false;
    if (file->split)
        as_text_add_string(text, ",\"split\":\"", as_split_name(file->split));
    as_str_addf(text, ",\"read\":\"%016llx\"", (unsigned long long)hash);
    as_text_add_string(text, ",\"labels\":[\"", file->label);
    for (size_t i = 0; i < file->n_findings; i++)
        as_text_add_string(text, ",\"", file->findings[i].label);
    as_str_add(text, "]}\n");
    return true;
}

static void side_compare(const as_sample *s, const as_scan_file *file, as_export_lost *lost)
{
    bool places = !file || file->n_findings != s->n_findings, classes = !file || strcmp(file->label, s->label) != 0;
    bool scores = false;
    for (size_t i = 0; !places && i < s->n_findings; i++) {
        const as_finding *a = &s->findings[i], *b = &file->findings[i];
        places = a->outline != b->outline || strcmp(a->geometry, b->geometry) != 0;
        for (int k = 0; k < 4; k++)
            places = places || fabs(a->box[k] - b->box[k]) > 1e-6;
        classes = classes || strcmp(a->label, b->label) != 0;
        scores = scores || (isnan(a->score) != isnan(b->score)) || fabs(a->score - b->score) > 1e-9;
    }
    lost->n_places += places;
    lost->n_classes += classes;
    lost->n_scores += scores;
    lost->n_splits += !file || file->split != s->split;
    as_label_state state = s->state == AS_LABEL_PROPOSED || s->state == AS_LABEL_REVIEWED ? s->state : AS_LABEL_NONE;
    bool           named = s->by && *s->by;
    bool           said = file && file->state == state && (!named || (file->by && strcmp(file->by, s->by) == 0));
    lost->n_who += s->n_votes || s->said_utc || ((state || named) && !said);
    lost->n_parts += s->part && strcmp(s->part, s->name) != 0;
    lost->n_cameras += s->camera && *s->camera;
}

/* The folder as its own format reads it. False: it does not, and why->text says so. */
static bool side_read_back(const as_export *out, const as_format *format, as_scan *scan, as_import_cfg *cfg,
                           as_err *why)
{
    *cfg = (as_import_cfg){.folder = out->dir, .format = format->name, .prefix = ""};
    return as_scan_folder(scan, out->spec, cfg, why);
}

bool as_side_write(const as_export *out, const as_format *format, char *const *paths, as_export_lost *ret, as_err *err)
{
    as_scan        scan;
    as_import_cfg  cfg;
    as_err         why = AS_ERR_NONE;
    side_index     index = {NULL, 0};
    as_export_lost lost = {.n_places = 0};
    as_str         text;
    size_t         n = as_manifest_count(out->manifest);
    bool           is_read = side_read_back(out, format, &scan, &cfg, &why);
    if (!is_read && why.code == AS_ENOMEM)
        return as_err_set(err, why.code, "%s", why.text);
    if (!is_read)
        as_str_copy(lost.why, sizeof lost.why, why.text);
    as_str_init(&text);
    as_text_add_string(&text, "{\"assay_extra\":1,\"format\":\"", format->name);
    as_text_add_int(&text, ",\"n_samples\":", (int64_t)n);
    as_str_add(&text, "}\n");
    bool ok = as_manifest_write(out->manifest, &text, err) && (!is_read || side_index_make(&scan, &index, err));
    for (size_t i = 0; ok && i < n; i++) {
        const as_scan_file *file = is_read && paths[i] ? side_file(&index, &scan, paths[i]) : NULL;
        side_compare(as_manifest_at(out->manifest, i), file, &lost);
        ok = side_add_row(&text, paths[i] ? paths[i] : "", file, err);
    }
    ok = ok && as_labels_write(out->manifest, &text, err);
    if (ok && !as_str_ok(&text))
        ok = AS_FAIL(err, AS_ENOMEM, "not enough memory");
    ok = ok && as_lay_file(out, AS_SIDE_NAME, text.s, text.len, err);
    as_str_done(&text);
    free(index.at);
    as_scan_done(&scan);
    if (ok)
        *ret = lost;
    return ok;
}

as_side *as_side_free(as_side *side)
{
    for (size_t i = 0; side && i < side->rows.n; i++) {
        free(side->rows.at[i].path);
        free(side->rows.at[i].labels);
    }
    if (side) {
        as_vec_done(&side->rows);
        as_manifest_free(side->manifest);
    }
    free(side);
    return NULL;
}

static bool side_words(as_text_cursor *c, as_str *value, side_row *row)
{
    as_str all;
    bool   ok = as_text_expect(c, '[');
    as_str_init(&all);
    do {
        ok = ok && as_text_string(c, value);
        if (ok)
            as_str_add_bytes(&all, value->s, strlen(value->s) + 1);
        row->n_labels++;
    } while (ok && as_text_have(c, ','));
    ok = ok && as_text_expect(c, ']') && row->n_labels <= AS_FINDING_MAX + 1;
    if (ok && !(row->labels = as_str_take(&all)))
        ok = as_text_fail(c, "not enough memory");
    as_str_done(&all);
    return ok;
}

static bool side_member(as_text_cursor *c, as_str *key, as_str *value, side_row *row)
{
    char *end;
    if (!as_text_string(c, key) || !as_text_expect(c, ':'))
        return false;
    if (strcmp(key->s, "labels") == 0 && !row->labels)
        return side_words(c, value, row);
    if (!as_text_string(c, value))
        return false;
    if (strcmp(key->s, "path") == 0 && !row->path) {
        row->path = strdup(value->s);
        return row->path || as_text_fail(c, "not enough memory");
    }
    if (strcmp(key->s, "split") == 0) {
        row->split = as_split_parse(value->s);
        return row->split != AS_SPLIT_NONE || as_text_fail(c, "its split is none of train, validation and test");
    }
    if (strcmp(key->s, "read") != 0)
        return as_text_fail(c, "it has a key that is not known (was it made by a newer version?)");
    row->is_read = true;
    row->hash = strtoull(value->s, &end, 16);
    return (value->len == 16 && !*end) || as_text_fail(c, "its hash is not 16 hex digits");
}

static bool side_line(as_text_cursor *c, as_str *key, as_str *value, side_row *row)
{
    if (!as_text_expect(c, '{'))
        return false;
    do
        if (!side_member(c, key, value, row))
            return false;
    while (as_text_have(c, ','));
    if (!as_text_expect(c, '}') || !as_text_end(c))
        return false;
    return (row->path && row->is_read == (row->labels != NULL)) || as_text_fail(c, "a key is missing");
}

static bool side_head(as_text_cursor *c, as_str *value, uint64_t *ret_n)
{
    int64_t version, n;
    bool    ok = as_text_expect(c, '{') && as_text_string(c, value) && strcmp(value->s, "assay_extra") == 0 &&
              as_text_expect(c, ':') && as_text_int(c, 1, INT64_MAX, &version);
    if (ok && version != 1)
        return as_text_fail(c, "it was made by a newer version");
    ok = ok && as_text_expect(c, ',') && as_text_string(c, value) && strcmp(value->s, "format") == 0 &&
         as_text_expect(c, ':') && as_text_string(c, value) && as_text_expect(c, ',') && as_text_string(c, value) &&
         strcmp(value->s, "n_samples") == 0 && as_text_expect(c, ':') &&
         as_text_int(c, 0, (int64_t)AS_SCAN_MAX_FILES, &n) && as_text_expect(c, '}') && as_text_end(c);
    if (ok)
        *ret_n = (uint64_t)n;
    return ok || as_text_fail(c, "it does not begin as one");
}

/* The end of that many lines; NULL when there are fewer. */
static const char *side_skip(const char *p, const char *end, uint64_t n)
{
    for (uint64_t i = 0; p && i < n; i++) {
        p = memchr(p, '\n', (size_t)(end - p));
        p = p ? p + 1 : NULL;
    }
    return p;
}

static bool side_rows(as_side *side, const char *p, const char *end, uint64_t n_before, const char *relative,
                      as_err *err)
{
    as_str key, value;
    bool   ok = true;
    as_str_init(&key);
    as_str_init(&value);
    for (uint64_t i = 1; ok && p < end; i++) {
        const char    *line_end = memchr(p, '\n', (size_t)(end - p));
        as_text_cursor c = {.p = p, .end = line_end, .why = "it is too long"};
        side_row       row = {.path = NULL};
        ok = (size_t)(line_end - p) <= SIDE_LINE_BYTES && side_line(&c, &key, &value, &row) &&
             (as_vec_push(&side->rows, row) || as_text_fail(&c, "not enough memory"));
        if (!ok) {
            free(row.path);
            free(row.labels);
            AS_FAIL(err, AS_EFORMAT, "%.300s:%llu: %s; without this file the folder is read as any other", relative,
                    (unsigned long long)(n_before + i), c.why);
        }
        p = line_end + 1;
    }
    as_str_done(&key);
    as_str_done(&value);
    return ok;
}

static bool side_read(as_side *side, const char *p, const char *end, const char *relative, as_err *err)
{
    const char    *line_end = side_skip(p, end, 1);
    as_text_cursor c = {.p = p, .end = line_end ? line_end - 1 : p, .why = "it is empty"};
    uint64_t       n = 0;
    as_str         value;
    as_err         why = AS_ERR_NONE;
    as_str_init(&value);
    bool head = line_end && side_head(&c, &value, &n);
    as_str_done(&value);
    if (!head)
        return AS_FAIL(err, AS_EFORMAT, "%.300s:1: %s; without this file the folder is read as any other", relative,
                       c.why);
    const char *rows = side_skip(line_end, end, n), *labels = rows ? side_skip(rows, end, n) : NULL;
    if (!labels)
        return AS_FAIL(err, AS_EFORMAT, "%.300s: it is cut off; without this file the folder is read as any other",
                       relative);
    side->manifest = as_manifest_parse((const uint8_t *)line_end, (size_t)(rows - line_end), &why);
    if (!side->manifest || !as_labels_parse((const uint8_t *)labels, (size_t)(end - labels), side->manifest, &why))
        return as_err_set(err, why.code, "%.300s: %s", relative, why.text);
    return side_rows(side, rows, labels, n + 1, relative, err);
}

as_side *as_side_parse(const uint8_t *bytes, size_t n, const char *relative, as_err *err)
{
    as_side *side = calloc(1, sizeof *side);
    if (!side) {
        AS_FAIL(err, AS_ENOMEM, "not enough memory");
        return NULL;
    }
    return side_read(side, (const char *)bytes, (const char *)bytes + n, relative, err) ? side : as_side_free(side);
}

bool as_side_load(as_scan *scan, as_err *err)
{
    const as_fs_entry *entry = as_scan_find(scan, AS_SIDE_NAME);
    uint8_t           *bytes;
    size_t             n, at = entry ? (size_t)(entry - scan->entries.at) : 0;
    if (!entry || entry->kind != AS_FS_FILE)
        return true;
    if (!as_fs_read(entry->path, AS_GATHER_MAX_BYTES, &bytes, &n, err))
        return false;
    scan->side = as_side_parse(bytes, n, entry->relative, err);
    free(bytes);
    free((void *)(uintptr_t)entry->path);
    free((void *)(uintptr_t)entry->relative);
    memmove(&scan->entries.at[at], &scan->entries.at[at + 1], (--scan->entries.n - at) * sizeof *scan->entries.at);
    return scan->side != NULL;
}

/* The class of a word of the version that was written; "" of "". NULL, and told, when there is none. */
static const char *side_class(as_scan *scan, const char *word, as_err *err)
{
    const char *label = *word ? as_scan_class(scan, word, strlen(word)) : "";
    if (!label) {
        as_scan_unknown(scan, "label", word, strlen(word), err);
        as_err_note(err, AS_SIDE_NAME);
    }
    return label;
}

/* Do the format's files still say what they said when they were written? */
static bool side_is_same(as_scan *scan, const side_row *row, const as_scan_file *file, bool *ret, as_err *err)
{
    uint64_t    hash;
    const char *word = row->labels;
    if (!side_hash(file, &hash, err))
        return false;
    *ret = row->is_read && row->n_labels == file->n_findings + 1 && row->hash == hash;
    for (size_t i = 0; *ret && i < row->n_labels; i++, word += strlen(word) + 1) {
        const char *label = *word ? as_scan_class(scan, word, strlen(word)) : "";
        *ret = label && strcmp(label, i ? file->findings[i - 1].label : file->label) == 0;
    }
    return true;
}

/* Findings of the scan's own, their classes the spec's; a class that is none stays as it is where `any`. */
static bool side_findings(as_scan *scan, const as_finding *from, size_t n, bool any, as_finding **ret, as_err *err)
{
    as_finding *copy = n ? calloc(n, sizeof *copy) : NULL;
    bool        ok = copy || n == 0 || AS_FAIL(err, AS_ENOMEM, "not enough memory");
    for (size_t i = 0; ok && i < n; i++) {
        const char *label = as_scan_class(scan, from[i].label, strlen(from[i].label));
        copy[i] = from[i];
        copy[i].geometry = *from[i].geometry ? strdup(from[i].geometry) : "";
        copy[i].extra = *from[i].extra ? strdup(from[i].extra) : "";
        copy[i].label = label ? label : any ? from[i].label : side_class(scan, from[i].label, err);
        ok = copy[i].label && ((copy[i].geometry && copy[i].extra) || AS_FAIL(err, AS_ENOMEM, "not enough memory"));
    }
    if (!ok) {
        as_scan_free_findings(copy, n);
        return false;
    }
    *ret = copy;
    return true;
}

static bool side_votes(as_scan *scan, const as_sample *from, as_scan_file *file, as_err *err)
{
    as_vote *votes = from->n_votes ? calloc(from->n_votes, sizeof *votes) : NULL;
    if (from->n_votes && !votes)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    file->votes = votes;
    for (size_t i = 0; i < from->n_votes; i++) {
        const as_vote *vote = &from->votes[i];
        const char    *label = as_scan_class(scan, vote->label, strlen(vote->label));
        as_finding    *findings = NULL;
        if (!side_findings(scan, vote->findings, vote->n_findings, true, &findings, err))
            return false;
        votes[i] = *vote;
        votes[i].label = label ? label : vote->label;
        votes[i].findings = findings;
        file->n_votes++;
    }
    return true;
}

/* What the version said in place of what the format could hold of it. */
static bool side_say(as_scan *scan, const as_sample *s, as_scan_file *file, as_err *err)
{
    const char *label = side_class(scan, s->label, err);
    as_finding *findings = NULL;
    if (!label || !side_findings(scan, s->findings, s->n_findings, false, &findings, err))
        return false;
    as_scan_free_findings(file->findings, file->n_findings);
    file->findings = findings;
    file->n_findings = s->n_findings;
    file->label = label;
    file->state = s->state;
    file->by = s->by;
    file->said_utc = s->said_utc;
    return side_votes(scan, s, file, err);
}

/* Its own name again, below --prefix where one was given; likewise its part. */
static bool side_name(const as_scan *scan, const as_sample *s, as_scan_file *file, as_err *err)
{
    const char *prefix = scan->cfg->prefix ? scan->prefix : "";
    char       *name = as_strdupf("%s%s", prefix, s->name);
    file->part = strcmp(s->part, s->name) != 0 ? as_strdupf("%s%s", prefix, s->part) : NULL;
    if (!name || (!file->part && strcmp(s->part, s->name) != 0)) {
        free(name);
        return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    }
    free(file->name);
    file->name = name;
    return true;
}

/* *ret_changed: its labels are no more what was written. */
static bool side_give(as_scan *scan, const side_row *row, const as_sample *s, as_scan_file *file, bool *ret_changed,
                      as_err *err)
{
    bool same = !row->is_read;
    if ((row->is_read && !side_is_same(scan, row, file, &same, err)) || !side_name(scan, s, file, err))
        return false;
    file->split = file->split == row->split ? s->split : file->split;
    file->camera = s->camera;
    file->utc = s->utc;
    file->severity = s->severity;
    *ret_changed = !same;
    return !same || side_say(scan, s, file, err);
}

/* Pictures that the format has no place for lie in the folder all the same. */
static bool side_put_unread(as_scan *scan, as_err *err)
{
    side_index index;
    size_t     n = scan->side->rows.n;
    bool      *put = calloc(n + 1, sizeof *put), ok = put || AS_FAIL(err, AS_ENOMEM, "not enough memory");
    ok = ok && side_index_make(scan, &index, err);
    for (size_t i = 0; ok && i < n; i++) { /* all of them before the files move */
        const side_row *row = &scan->side->rows.at[i];
        put[i] = !row->is_read && as_scan_is_picture(row->path) && !side_file(&index, scan, row->path);
    }
    if (ok)
        free(index.at);
    for (size_t i = 0; ok && i < n; i++) {
        const as_fs_entry *entry = put[i] ? as_scan_find(scan, scan->side->rows.at[i].path) : NULL;
        ok = !entry || entry->kind != AS_FS_FILE || as_scan_put(scan, entry, "", AS_SPLIT_NONE, NULL, 0, err);
    }
    free(put);
    return ok;
}

bool as_side_apply(as_scan *scan, as_err *err)
{
    side_index index = {NULL, 0};
    size_t     n_changed = 0;
    char       text[160];
    if (!scan->side)
        return true;
    bool ok = side_put_unread(scan, err) && side_index_make(scan, &index, err);
    for (size_t i = 0; ok && i < scan->side->rows.n && i < as_manifest_count(scan->side->manifest); i++) {
        const side_row *row = &scan->side->rows.at[i];
        as_scan_file   *file = side_file(&index, scan, row->path);
        bool            changed = false;
        if (!file || file->camera)
            continue;
        ok = side_give(scan, row, as_manifest_at(scan->side->manifest, i), file, &changed, err);
        n_changed += changed;
    }
    free(index.at);
    if (ok && n_changed) {
        snprintf(text, sizeof text, "was written when the labels of %zu pictures were others: theirs count now",
                 n_changed);
        as_scan_tell(scan, AS_CHECK_OK, AS_SIDE_NAME, text);
    }
    return ok;
}
