/* SPDX-License-Identifier: Apache-2.0 */
/* CSV: a table with a header line, a row a picture or a finding: image, label, [x, y, width, height], [split], [score], and
 * of polygons their rings as JSON ([[x,y,...],...]), of masks their run lengths (image/mask.h). Also
 * with xmin, ymin, xmax, ymax, as the TensorFlow detection tools write it: width and height are then the picture's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/fs.h"
#include "base/text.h"
#include "intake/gather.h"
#include "intake/lay.h"

enum {
    CSV_IMAGE,
    CSV_LABEL,
    CSV_SPLIT,
    CSV_SCORE,
    CSV_X,
    CSV_Y,
    CSV_WIDTH,
    CSV_HEIGHT,
    CSV_X0,
    CSV_Y0,
    CSV_X1,
    CSV_Y1,
    CSV_RINGS,
    CSV_MASK,
    CSV_COUNT
};

static const char *const csv_words[CSV_COUNT][7] = {
    [CSV_IMAGE] = {"image", "path", "file", "filename", "image_path", "file_name"},
    [CSV_LABEL] = {"label", "class", "category", "class_name"},
    [CSV_SPLIT] = {"split", "set", "subset"},
    [CSV_SCORE] = {"score", "confidence"},
    [CSV_X] = {"x", "left"},
    [CSV_Y] = {"y", "top"},
    [CSV_WIDTH] = {"width", "w"},
    [CSV_HEIGHT] = {"height", "h"},
    [CSV_X0] = {"xmin", "x_min", "x0"},
    [CSV_Y0] = {"ymin", "y_min", "y0"},
    [CSV_X1] = {"xmax", "x_max", "x1"},
    [CSV_Y1] = {"ymax", "y_max", "y1"},
    [CSV_RINGS] = {"rings"},
    [CSV_MASK] = {"mask_rle"},
};

typedef struct csv_file {
    as_scan    *scan;
    as_gather  *gather;
    const char *relative;
    as_split    split; /* by the file's name */
    as_csv      csv;
    int         columns[CSV_COUNT];        /* -1: not there */
    char       *others[AS_CSV_MAX_FIELDS]; /* names of the columns that mean nothing here */
    size_t      n_columns;
} csv_file;

/* Which columns there are; false when it is another kind of table. */
static bool csv_header(csv_file *file)
{
    for (size_t k = 0; k < CSV_COUNT; k++)
        file->columns[k] = -1;
    file->n_columns = file->csv.n_fields;
    for (size_t i = 0; i < file->csv.n_fields; i++) {
        const char *field = file->csv.fields[i] + strspn(file->csv.fields[i], " ");
        bool        known = false;
        for (size_t k = 0; k < CSV_COUNT && !known; k++)
            for (size_t w = 0; csv_words[k][w] && !known; w++)
                if (file->columns[k] < 0 && strcasecmp(field, csv_words[k][w]) == 0) {
                    file->columns[k] = (int)i;
                    known = true;
                }
        file->others[i] = known || !*field ? NULL : strdup(field);
    }
    return file->columns[CSV_IMAGE] >= 0 && file->columns[CSV_LABEL] >= 0;
}

static const char *csv_field(const csv_file *file, int column)
{
    int at = file->columns[column];
    return at >= 0 && (size_t)at < file->csv.n_fields ? file->csv.fields[at] : "";
}

static bool csv_fail(const csv_file *file, as_err *err, const char *what, const char *field)
{
    return AS_FAIL(err, AS_EFORMAT, "%.300s:%zu: %s '%.60s'", file->relative, file->csv.line, what, field);
}

static bool csv_number(const csv_file *file, int column, double *ret, as_err *err)
{
    const char *field = csv_field(file, column);
    return (as_str_to_f64(field, ret) && isfinite(*ret)) ||
           csv_fail(file, err, "there is no number where one must be, but", field);
}

/* *ret_is: the row has a box. */
static bool csv_box(const csv_file *file, double box[4], bool *ret_is, as_err *err)
{
    bool corners = file->columns[CSV_X0] >= 0;
    int  first = corners ? CSV_X0 : CSV_X;
    *ret_is = false;
    for (int i = 0; i < 4; i++)
        *ret_is = *ret_is || *csv_field(file, first + i);
    for (int i = 0; *ret_is && i < 4; i++)
        if (!csv_number(file, first + i, &box[i], err))
            return false;
    for (int i = 2; corners && *ret_is && i < 4; i++)
        box[i] -= box[i - 2];
    return true;
}

static json_t *csv_extra(const csv_file *file)
{
    json_t *extra = json_object();
    for (size_t i = 0; i < file->n_columns && i < file->csv.n_fields; i++)
        if (file->others[i] && *file->csv.fields[i])
            as_json_set(extra, file->others[i], json_string(file->csv.fields[i]));
    return extra;
}

/* Takes the outline where the row has one; the box stays the row's own. */
static bool csv_outline(csv_file *file, as_gathered *to, const char *label, const double box[4], double score,
                        as_err *err)
{
    const char *rings = csv_field(file, CSV_RINGS), *text = csv_field(file, CSV_MASK);
    double     *points;
    size_t     *ends, n_rings;
    uint32_t    width, height;
    as_mask     mask;
    bool        ok;
    if (*rings) {
        if (!as_finding_rings(rings, &points, &ends, &n_rings, err))
            return false;
        ok = as_gathered_rings(to, label, points, ends, n_rings, score, csv_extra(file), err);
        free(points);
        free(ends);
    } else if (*text) {
        if (!as_scan_size(file->scan, to->entry, &width, &height))
            return true; /* a picture whose header does not read is refused later, with its reason */
        if (!as_mask_from_text(text, width, height, &mask, err))
            return false;
        ok = as_gathered_mask(to, label, &mask, score, csv_extra(file), err);
        as_mask_done(&mask);
    } else {
        return as_gathered_box(to, label, box, score, csv_extra(file), err);
    }
    if (ok)
        memcpy(to->findings.at[to->findings.n - 1].box, box, 4 * sizeof *box);
    return ok;
}

static bool csv_row(csv_file *file, as_err *err)
{
    const char *image = csv_field(file, CSV_IMAGE), *word = csv_field(file, CSV_LABEL);
    const char *split = csv_field(file, CSV_SPLIT), *label = NULL;
    double      box[4], score = NAN;
    bool        is_box;
    if (file->csv.n_fields != file->n_columns)
        return AS_FAIL(err, AS_EFORMAT, "%.300s:%zu: there are %zu fields, and %zu in the header", file->relative,
                       file->csv.line, file->csv.n_fields, file->n_columns);
    if (!*image)
        return csv_fail(file, err, "there is no name of a picture, and its label is", word);
    if (!csv_box(file, box, &is_box, err) || (*csv_field(file, CSV_SCORE) && !csv_number(file, CSV_SCORE, &score, err)))
        return false;
    as_split given = as_import_split_of(split, strlen(split));
    if (*split && !given && strcmp(split, "unsplit") != 0)
        return csv_fail(file, err, "neither train nor validation nor test is", split);
    if (*word && !(label = as_scan_class(file->scan, word, strlen(word))))
        return as_scan_unknown(file->scan, "label", word, strlen(word), err) ||
               as_err_note(err, "%.300s:%zu", file->relative, file->csv.line);
    if (is_box && !label)
        return csv_fail(file, err, "its box has no label; its picture is", image);
    as_gathered *to = as_gather_find(file->gather, file->relative, image);
    if (!to)
        return true;
    if (to->seen && !is_box && to->label && label && strcmp(to->label, label) != 0)
        return csv_fail(file, err, "a second label of that picture is", label);
    to->seen = true;
    to->split = given ? given : to->split ? to->split : file->split;
    if (!is_box && label)
        to->label = label;
    return !is_box || csv_outline(file, to, label, box, score, err) ||
           as_err_note(err, "%.300s:%zu", file->relative, file->csv.line);
}

static bool csv_is_table(const as_fs_entry *entry)
{
    return entry->kind == AS_FS_FILE && entry->relative[0] != '.' &&
           (as_str_ends(entry->relative, ".csv") || as_str_ends(entry->relative, ".tsv"));
}

/* gather NULL: only whether it is one. */
static bool csv_read_file(as_scan *scan, as_gather *gather, const as_fs_entry *entry, bool *ret_is, as_err *err)
{
    uint8_t  *bytes;
    size_t    n;
    bool      end = false, ok;
    csv_file *file = calloc(1, sizeof *file);
    if (!file || !as_fs_read(entry->path, AS_GATHER_MAX_BYTES, &bytes, &n, err)) {
        ok = file || AS_FAIL(err, AS_ENOMEM, "not enough memory");
        free(file);
        return ok && false;
    }
    file->scan = scan;
    file->gather = gather;
    file->relative = entry->relative;
    as_csv_init(&file->csv, bytes, n, entry->relative);
    ok = as_csv_row(&file->csv, &end, err) || end;
    *ret_is = ok && !end && csv_header(file);
    file->split = as_gather_split_named(entry->relative);
    while (gather && *ret_is && ok && !end)
        ok = as_csv_row(&file->csv, &end, err) ? csv_row(file, err) : end;
    for (size_t i = 0; i < file->n_columns; i++)
        free(file->others[i]);
    as_csv_done(&file->csv);
    free(bytes);
    free(file);
    return ok;
}

static bool csv_read(as_scan *scan, as_err *err)
{
    as_gather gather;
    bool      ok = true, any = false, is;
    if (!as_gather_init(&gather, scan, err))
        return false;
    for (size_t i = 0; ok && i < scan->entries.n; i++) {
        if (!csv_is_table(&scan->entries.at[i]))
            continue;
        ok = csv_read_file(scan, &gather, &scan->entries.at[i], &is, err);
        if (ok && !is)
            as_scan_tell(scan, AS_CHECK_OK, scan->entries.at[i].relative, "has no columns image and label: left alone");
        any = any || (ok && is);
    }
    if (ok && !any)
        ok = AS_FAIL(err, AS_ENOTFOUND, "no table (.csv with the columns image and label in its first line) in '%s'",
                     scan->cfg->folder);
    ok = ok && as_gather_put(&gather, err);
    as_gather_done(&gather);
    return ok;
}

static int csv_recognise(const as_scan *scan, char *why)
{
    for (size_t i = 0; i < scan->entries.n; i++) {
        bool   is = false;
        as_err err = AS_ERR_NONE;
        if (!csv_is_table(&scan->entries.at[i]) ||
            !csv_read_file((as_scan *)(uintptr_t)scan, NULL, &scan->entries.at[i], &is, &err) || !is)
            continue;
        snprintf(why, AS_FORMAT_WHY_BYTES, "'%.100s' has columns for image and label", scan->entries.at[i].relative);
        return 60;
    }
    return 0;
}

/* All keys of extra whose values are texts: columns of their own. */
typedef struct csv_writer {
    as_str  text;
    json_t *columns; /* key -> true */
    bool    has_outlines;
} csv_writer;

static json_t *csv_extra_of(const as_finding *f)
{
    return *f->extra ? json_loads(f->extra, 0, NULL) : NULL;
}

static bool csv_columns(csv_writer *w, const as_export *out, as_err *err)
{
    w->columns = json_object();
    for (size_t i = 0; i < as_manifest_count(out->manifest); i++) {
        const as_sample *s = as_manifest_at(out->manifest, i);
        for (size_t k = 0; k < s->n_findings; k++) {
            const char *key;
            json_t     *value, *extra = csv_extra_of(&s->findings[k]);
            w->has_outlines = w->has_outlines || s->findings[k].outline != AS_OUTLINE_BOX;
            json_object_foreach (extra, key, value)
                if (json_is_string(value) && json_object_size(w->columns) < 100)
                    as_json_set(w->columns, key, json_true());
            json_decref(extra);
        }
    }
    return w->columns || AS_FAIL(err, AS_ENOMEM, "not enough memory");
}

static void csv_add_row(csv_writer *w, const as_sample *s, const char *name, const as_finding *f)
{
    as_csv_add(&w->text, name);
    as_str_add(&w->text, ",");
    as_csv_add(&w->text, f ? f->label : s->label);
    for (int i = 0; i < 4; i++) {
        as_str_add(&w->text, ",");
        if (f)
            as_text_add_real(&w->text, "", f->box[i]);
    }
    as_str_addf(&w->text, ",%s,", as_lay_split(s));
    if (f)
        as_text_add_real(&w->text, "", f->score);
    for (int k = 0; k < 2 && w->has_outlines; k++) {
        as_str_add(&w->text, ",");
        if (f && f->outline == (k == 0 ? AS_OUTLINE_POLYGON : AS_OUTLINE_MASK))
            as_csv_add(&w->text, f->geometry);
    }
    json_t     *extra = f ? csv_extra_of(f) : NULL, *value;
    const char *key;
    json_object_foreach (w->columns, key, value) {
        const char *text = json_string_value(json_object_get(extra, key));
        as_str_add(&w->text, ",");
        as_csv_add(&w->text, text ? text : "");
    }
    json_decref(extra);
    as_str_add(&w->text, "\n");
}

static bool csv_lay(void *ctx, const as_export *out, size_t i, as_err *err)
{
    csv_writer      *w = ctx;
    const as_sample *s = as_manifest_at(out->manifest, i);
    char            *name = as_strdupf("images/%s", s->name);
    bool             ok = name ? out->put_picture(out, i, name, err) : AS_FAIL(err, AS_ENOMEM, "not enough memory");
    /* The picture's own class only where its findings do not say it. */
    if (ok && (s->n_findings == 0 || strcmp(s->label, as_scan_label_of(out->spec, s->findings, s->n_findings)) != 0))
        csv_add_row(w, s, name, NULL);
    for (size_t k = 0; ok && k < s->n_findings; k++)
        csv_add_row(w, s, name, &s->findings[k]);
    free(name);
    return ok;
}

static bool csv_write(const as_export *out, as_err *err)
{
    csv_writer  w = {.columns = NULL};
    const char *key;
    json_t     *value;
    as_str_init(&w.text);
    as_str_add(&w.text, "image,label,x,y,width,height,split,score");
    bool ok = csv_columns(&w, out, err);
    if (w.has_outlines)
        as_str_add(&w.text, ",rings,mask_rle");
    json_object_foreach (w.columns, key, value) {
        as_str_add(&w.text, ",");
        as_csv_add(&w.text, key);
    }
    as_str_add(&w.text, "\n");
    ok = ok && as_lay_each(out, &w, csv_lay, err);
    if (ok && !as_str_ok(&w.text))
        ok = AS_FAIL(err, AS_ENOMEM, "not enough memory");
    ok = ok && as_lay_file(out, "labels.csv", w.text.s, w.text.len, err);
    as_str_done(&w.text);
    json_decref(w.columns);
    return ok;
}

const as_format as_format_csv = {.name = "csv",
                                 .summary = "a table: image, label, perhaps x, y, width, height and split",
                                 .recognise = csv_recognise,
                                 .read = csv_read,
                                 .write = csv_write};
