/* SPDX-License-Identifier: Apache-2.0 */
/* YOLO: data.yaml with the names of the classes, images/.../x.jpg with labels/.../x.txt, a line a thing: its class, then
 * centre and size of a box, or the points of a polygon, as shares of the picture (docs.ultralytics.com, datasets). Whole
 * pictures by class are class folders there too (format_folders.c). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/text.h"
#include "base/yaml.h"
#include "intake/gather.h"
#include "intake/lay.h"

#define YOLO_MAX_CLASSES 100000
#define YOLO_MAX_BYTES   ((size_t)64 << 20) /* of a file of labels, or of a list */
#define YOLO_MAX_VALUES  200000             /* of a line */

typedef struct yolo_set {
    as_scan           *scan;
    as_gather          gather;
    const as_fs_entry *file; /* data.yaml or classes.txt */
    as_yaml           *doc;
    char              *text;    /* of classes.txt */
    AS_VEC(const char *) names; /* by number; NULL: not named */
    as_gathered *to;            /* the picture being read */
    const char  *labels;        /* its file */
    size_t       line;
    AS_VEC(double) values;
} yolo_set;

static const char *yolo_base(const char *relative)
{
    const char *slash = strrchr(relative, '/');
    return slash ? slash + 1 : relative;
}

static bool yolo_is_yaml(const as_fs_entry *entry)
{
    return entry->kind == AS_FS_FILE && entry->relative[0] != '.' &&
           (as_str_ends(entry->relative, ".yaml") || as_str_ends(entry->relative, ".yml"));
}

static as_yaml *yolo_load(const as_fs_entry *entry, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    if (!as_fs_read(entry->path, (size_t)1 << 20, &bytes, &n, err))
        return NULL;
    as_yaml *doc = as_yaml_parse((const char *)bytes, n, entry->relative, err);
    free(bytes);
    if (doc && as_yaml_root(doc)->kind == AS_YAML_MAP && as_yaml_get(as_yaml_root(doc), "names"))
        return doc;
    if (doc)
        AS_FAIL(err, AS_EFORMAT, "'%.300s' has no names of classes", entry->relative);
    return as_yaml_free(doc);
}

/* Is there a file beside the pictures that says so, and are there labels? */
static const as_fs_entry *yolo_find(const as_scan *scan)
{
    const as_fs_entry *found = NULL, *classes = NULL;
    bool               labels = false;
    for (size_t i = 0; i < scan->entries.n; i++) {
        const as_fs_entry *entry = &scan->entries.at[i];
        const char        *relative = entry->relative;
        labels = labels || (as_str_ends(relative, ".txt") &&
                            (strstr(relative, "/labels/") || as_str_starts(relative, "labels/")));
        if (strcmp(yolo_base(relative), "classes.txt") == 0)
            classes = entry;
        if (found || !yolo_is_yaml(entry))
            continue;
        as_err   err = AS_ERR_NONE;
        as_yaml *doc = yolo_load(entry, &err);
        if (doc)
            found = entry;
        as_yaml_free(doc);
    }
    return found ? found : labels ? classes : NULL;
}

static bool yolo_name(yolo_set *set, int64_t id, const char *name, as_err *err)
{
    if (id < 0 || id >= YOLO_MAX_CLASSES)
        return AS_FAIL(err, AS_EFORMAT, "'%.300s': a class has number %lld", set->file->relative, (long long)id);
    while (set->names.n <= (size_t)id)
        if (!as_vec_push(&set->names, NULL))
            return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    set->names.at[id] = name;
    return true;
}

static bool yolo_names_of_yaml(yolo_set *set, as_err *err)
{
    const as_yaml_node *names = as_yaml_get(as_yaml_root(set->doc), "names");
    if (names->kind != AS_YAML_LIST && names->kind != AS_YAML_MAP)
        return as_yaml_fail(set->doc, names, err, "names is neither a list nor a map of numbers");
    for (size_t i = 0; i < names->n; i++) {
        int64_t             id = (int64_t)i;
        const as_yaml_node *name = names->items[i];
        if (names->kind == AS_YAML_MAP && !as_str_to_i64(names->keys[i]->text, &id))
            return as_yaml_fail(set->doc, names->keys[i], err, "'%.60s' is no number of a class", names->keys[i]->text);
        if (name->kind != AS_YAML_SCALAR)
            return as_yaml_fail(set->doc, name, err, "the name of class %lld is no text", (long long)id);
        if (!yolo_name(set, id, name->text, err))
            return false;
    }
    return true;
}

static bool yolo_names_of_text(yolo_set *set, as_err *err)
{
    char *line = set->text;
    for (int64_t id = 0; *line; id++) {
        size_t n = strcspn(line, "\r\n"), skip = n;
        skip += line[skip] == '\r';
        skip += line[skip] == '\n';
        line[n] = '\0';
        if (!yolo_name(set, id, line, err))
            return false;
        line += skip;
    }
    return true;
}

static bool yolo_open(yolo_set *set, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    set->file = yolo_find(set->scan);
    if (!set->file)
        return AS_FAIL(err, AS_ENOTFOUND, "no data.yaml with names, and no classes.txt beside labels/, in '%s'",
                       set->scan->cfg->folder);
    if (yolo_is_yaml(set->file))
        return (set->doc = yolo_load(set->file, err)) && yolo_names_of_yaml(set, err);
    if (!as_fs_read(set->file->path, (size_t)1 << 20, &bytes, &n, err))
        return false;
    set->text = (char *)bytes;
    return yolo_names_of_text(set, err);
}

/* a/./b/../c is a/c, without a slash at its end; what leads out of the folder is cut off in front. */
static void yolo_normalise(char *path)
{
    char *to = path;
    for (const char *word = path; *word;) {
        size_t n = strcspn(word, "/");
        bool   more = word[n] == '/';
        if (n == 2 && word[0] == '.' && word[1] == '.') {
            while (to > path && *--to != '/')
                continue;
        } else if (n > 0 && !(n == 1 && word[0] == '.')) {
            if (to > path)
                *to++ = '/';
            memmove(to, word, n);
            to += n;
        }
        word += n + more;
    }
    *to = '\0';
}

/* Sets the split of all pictures below that folder. */
static bool yolo_take_folder(yolo_set *set, const char *folder, as_split split)
{
    bool   any = false;
    size_t n = strlen(folder);
    for (size_t i = 0; i < set->scan->entries.n; i++) {
        const char *relative = set->scan->entries.at[i].relative;
        if (!as_scan_is_picture(relative) || (n && (strncmp(relative, folder, n) != 0 || relative[n] != '/')))
            continue;
        set->gather.at[i].split = split;
        set->gather.at[i].seen = any = true;
    }
    return any;
}

static bool yolo_take_list(yolo_set *set, const as_fs_entry *list, as_split split, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    if (!as_fs_read(list->path, YOLO_MAX_BYTES, &bytes, &n, err))
        return false;
    for (char *line = (char *)bytes; *line;) {
        size_t len = strcspn(line, "\r\n"), skip = len + (line[len] != '\0');
        line[len] = '\0';
        as_gathered *g = len ? as_gather_find(&set->gather, list->relative, line) : NULL;
        if (g) {
            g->seen = true;
            g->split = split;
        }
        line += skip;
    }
    free(bytes);
    return true;
}

/* A path of data.yaml, below `path` of it, beside it, or as Roboflow writes it, one folder too far up. */
static bool yolo_take_path(yolo_set *set, const char *value, as_split split, as_err *err)
{
    const as_yaml_node *path = as_yaml_get(as_yaml_root(set->doc), "path");
    int                 n_dir = (int)(yolo_base(set->file->relative) - set->file->relative);
    bool                found = false, ok = true;
    for (int k = 0; k < 2 && ok && !found; k++) {
        if (k == 0 && (!path || path->kind != AS_YAML_SCALAR))
            continue;
        char *at = as_strdupf("%.*s%s/%s", n_dir, set->file->relative, k == 0 ? path->text : "", value);
        if (!at)
            return AS_FAIL(err, AS_ENOMEM, "not enough memory");
        yolo_normalise(at);
        const as_fs_entry *list = as_str_ends(at, ".txt") ? as_scan_find(set->scan, at) : NULL;
        if (list)
            found = ok = yolo_take_list(set, list, split, err);
        else
            found = yolo_take_folder(set, at, split);
        free(at);
    }
    if (ok && !found)
        as_scan_tell(set->scan, AS_CHECK_WARN, value, "is named in data.yaml, and there are no pictures: left out");
    return ok;
}

static bool yolo_take_splits(yolo_set *set, as_err *err)
{
    static const char *const keys[] = {"train", "val", "test"};
    for (size_t k = 0; set->doc && k < AS_COUNT(keys); k++) {
        const as_yaml_node *node = as_yaml_get(as_yaml_root(set->doc), keys[k]);
        as_split            split = as_import_split_of(keys[k], strlen(keys[k]));
        if (!node)
            continue;
        if (node->kind == AS_YAML_SCALAR && *node->text && !yolo_take_path(set, node->text, split, err))
            return false;
        for (size_t i = 0; node->kind == AS_YAML_LIST && i < node->n; i++)
            if (node->items[i]->kind == AS_YAML_SCALAR && !yolo_take_path(set, node->items[i]->text, split, err))
                return false;
    }
    return true;
}

/* images/.../x.jpg gives labels/.../x.txt: the last images of the path. Heap. */
static char *yolo_labels_of(const char *relative)
{
    const char *at = NULL;
    for (const char *word = relative, *slash; (slash = strchr(word, '/')) != NULL; word = slash + 1)
        if (slash - word == 6 && memcmp(word, "images", 6) == 0)
            at = word;
    int stem = (int)as_gather_stem(relative);
    return at ? as_strdupf("%.*slabels%.*s.txt", (int)(at - relative), relative, stem - (int)(at - relative) - 6,
                           at + 6)
              : as_strdupf("%.*s.txt", stem, relative);
}

static bool yolo_fail(const yolo_set *set, as_err *err, const char *what)
{
    return AS_FAIL(err, AS_EFORMAT, "'%.400s' line %zu: %s", set->labels, set->line, what);
}

static bool yolo_numbers(yolo_set *set, const char *line, as_err *err)
{
    set->values.n = 0;
    for (;;) {
        line += strspn(line, " \t");
        if (!*line)
            return true;
        char  *end;
        double v = strtod(line, &end);
        if (end == line || (*end && *end != ' ' && *end != '\t') || !isfinite(v))
            return yolo_fail(set, err, "there is something that is no number");
        if (set->values.n >= YOLO_MAX_VALUES)
            return yolo_fail(set, err, "it has too many numbers");
        if (!as_vec_push(&set->values, v))
            return AS_FAIL(err, AS_ENOMEM, "not enough memory");
        line = end;
    }
}

static bool yolo_line(yolo_set *set, const char *line, uint32_t width, uint32_t height, as_err *err)
{
    if (!yolo_numbers(set, line, err))
        return false;
    double *v = set->values.at;
    size_t  n = set->values.n;
    if (n == 0)
        return true;
    if (n < 5 || (n > 6 && n % 2 == 0))
        return yolo_fail(set, err, "it is neither a class and 4 numbers nor a class and points");
    if (v[0] < 0 || v[0] != floor(v[0]) || v[0] >= (double)set->names.n || !set->names.at[(size_t)v[0]])
        return yolo_fail(set, err, "its class has no name in the file of names");
    const char *name = set->names.at[(size_t)v[0]], *label = as_scan_class(set->scan, name, strlen(name));
    if (!label)
        return as_scan_unknown(set->scan, "class", name, strlen(name), err);
    if (n <= 6) {
        double w = v[3] * width, h = v[4] * height;
        double box[4] = {as_gather_px(v[1] * width - w / 2), as_gather_px(v[2] * height - h / 2), as_gather_px(w),
                         as_gather_px(h)};
        if (w < 0 || h < 0)
            return yolo_fail(set, err, "its box has a negative size");
        return as_gathered_box(set->to, label, box, n == 6 ? v[5] : NAN, NULL, err) ||
               as_err_note(err, "'%.400s' line %zu", set->labels, set->line);
    }
    for (size_t i = 1; i < n; i++)
        v[i] = as_gather_px(v[i] * (i % 2 ? width : height));
    return as_gathered_rings(set->to, label, v + 1, (size_t[]){n / 2}, 1, NAN, NULL, err) ||
           as_err_note(err, "'%.400s' line %zu", set->labels, set->line);
}

static bool yolo_read_labels(yolo_set *set, const as_fs_entry *labels, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    uint32_t width, height;
    set->labels = labels->relative;
    if (!as_fs_read(labels->path, YOLO_MAX_BYTES, &bytes, &n, err))
        return false;
    /* Without labels the size is not asked for; a picture whose header does not read is refused later, with its reason. */
    char *line = (char *)bytes;
    bool  ok = true;
    if (line[strspn(line, " \t\r\n")] && as_scan_size(set->scan, set->to->entry, &width, &height)) {
        for (set->line = 1; ok && *line; set->line++) {
            size_t len = strcspn(line, "\n"), skip = len + (line[len] != '\0');
            line[len] = '\0';
            line[strcspn(line, "\r")] = '\0';
            ok = yolo_line(set, line, width, height, err);
            line += skip;
        }
        if (ok && line != (char *)bytes + n)
            ok = yolo_fail(set, err, "there is a zero byte: is it a text file?");
    }
    free(bytes);
    return ok;
}

static bool yolo_take(yolo_set *set, const as_fs_entry *entry, as_err *err)
{
    char *path = yolo_labels_of(entry->relative);
    if (!path)
        return AS_FAIL(err, AS_ENOMEM, "not enough memory");
    const as_fs_entry *labels = as_scan_find(set->scan, path);
    bool               images = as_str_starts(entry->relative, "images/") || strstr(entry->relative, "/images/");
    free(path);
    set->to = as_gather_of(&set->gather, entry);
    if (!set->to->seen)
        set->to->split = as_gather_split_of(entry->relative);
    set->to->seen = set->to->seen || images || labels;
    if (!set->to->seen)
        as_scan_tell(set->scan, AS_CHECK_OK, entry->relative, "has no labels and is not in data.yaml: left alone");
    return !labels || yolo_read_labels(set, labels, err);
}

static bool yolo_read(as_scan *scan, as_err *err)
{
    yolo_set set = {.scan = scan};
    if (!as_gather_init(&set.gather, scan, err))
        return false;
    bool ok = yolo_open(&set, err) && yolo_take_splits(&set, err);
    for (size_t i = 0; ok && i < scan->entries.n; i++)
        if (as_scan_is_picture(scan->entries.at[i].relative) && scan->entries.at[i].relative[0] != '.')
            ok = yolo_take(&set, &scan->entries.at[i], err);
    ok = ok && as_gather_put(&set.gather, err);
    as_yaml_free(set.doc);
    free(set.text);
    as_vec_done(&set.names);
    as_vec_done(&set.values);
    as_gather_done(&set.gather);
    return ok;
}

static int yolo_recognise(const as_scan *scan, char *why)
{
    const as_fs_entry *file = yolo_find(scan);
    if (!file)
        return 0;
    snprintf(why, AS_FORMAT_WHY_BYTES, "'%.100s' has names of classes", file->relative);
    return yolo_is_yaml(file) ? 85 : 75;
}

static void yolo_add_share(as_str *text, double px, uint32_t side)
{
    as_text_add_real(text, " ", px / side);
}

static bool yolo_add_rings(as_str *text, const as_sample *s, const as_finding *f, as_err *err)
{
    double *points;
    size_t *ends, n_rings;
    as_mask mask;
    bool    ok;
    if (f->outline == AS_OUTLINE_MASK) {
        if (!as_mask_from_text(f->geometry, s->width, s->height, &mask, err))
            return false;
        ok = as_mask_to_rings(&mask, &points, &ends, &n_rings, err);
        as_mask_done(&mask);
    } else {
        ok = as_finding_rings(f->geometry, &points, &ends, &n_rings, err);
    }
    if (!ok)
        return false;
    double *ring = NULL;
    size_t  n = 0;
    ok = as_lay_join(points, ends, n_rings, &ring, &n);
    for (size_t i = 0; ok && i < n; i++) {
        yolo_add_share(text, ring[2 * i], s->width);
        yolo_add_share(text, ring[2 * i + 1], s->height);
    }
    free(ring);
    free(points);
    free(ends);
    return ok || AS_FAIL(err, AS_ENOMEM, "not enough memory");
}

static bool yolo_add_finding(as_str *text, const as_legend *legend, const as_sample *s, const as_finding *f,
                             as_err *err)
{
    bool empty = f->outline == AS_OUTLINE_MASK && f->box[2] * f->box[3] <= 0;
    as_str_addf(text, "%zu", as_legend_at(legend, f->label));
    if (f->outline != AS_OUTLINE_BOX && !empty) {
        if (!yolo_add_rings(text, s, f, err))
            return false;
    } else {
        yolo_add_share(text, f->box[0] + f->box[2] / 2, s->width);
        yolo_add_share(text, f->box[1] + f->box[3] / 2, s->height);
        yolo_add_share(text, f->box[2], s->width);
        yolo_add_share(text, f->box[3], s->height);
        as_text_add_real(text, isnan(f->score) ? "" : " ", f->score);
    }
    as_str_add(text, "\n");
    return true;
}

static bool yolo_lay(void *ctx, const as_export *out, size_t i, as_err *err)
{
    const as_sample *s = as_manifest_at(out->manifest, i);
    char             pictures[32], labels[32], *name = NULL, *from, *to = NULL;
    as_str           text;
    snprintf(pictures, sizeof pictures, "images/%s", as_lay_split(s));
    snprintf(labels, sizeof labels, "labels/%s", as_lay_split(s));
    if (!as_lay_picture(out, i, pictures, labels, ".txt", &name, err))
        return false;
    as_str_init(&text);
    bool ok = true;
    for (size_t k = 0; ok && k < s->n_findings; k++)
        ok = yolo_add_finding(&text, ctx, s, &s->findings[k], err);
    from = as_strdupf("%s/%s", pictures, name);
    to = from ? yolo_labels_of(from) : NULL;
    if (ok && (!to || !as_str_ok(&text)))
        ok = AS_FAIL(err, AS_ENOMEM, "not enough memory");
    ok = ok && as_lay_file(out, to, text.s, text.len, err);
    free(name);
    free(from);
    free(to);
    as_str_done(&text);
    return ok;
}

/* A double-quoted JSON string is one of YAML too (YAML 1.2, 1.3). */
static bool yolo_write(const as_export *out, as_err *err)
{
    as_legend legend;
    as_str    text;
    bool      has[AS_SPLIT_COUNT] = {false};
    if (!as_legend_of(out->manifest, &legend, err) || !as_lay_each(out, &legend, yolo_lay, err))
        return false;
    for (size_t i = 0; i < as_manifest_count(out->manifest); i++)
        has[as_manifest_at(out->manifest, i)->split] = true;
    as_str_init(&text);
    as_str_add(&text, "path: .\n");
    if (has[AS_SPLIT_TRAIN] || has[AS_SPLIT_NONE])
        as_str_add(&text, has[AS_SPLIT_TRAIN] ? "train: images/train\n" : "train: images/unsplit\n");
    if (has[AS_SPLIT_VALIDATION])
        as_str_add(&text, "val: images/validation\n");
    if (has[AS_SPLIT_TEST])
        as_str_add(&text, "test: images/test\n");
    as_str_addf(&text, "nc: %zu\nnames:%s\n", legend.n, legend.n ? "" : " []");
    for (size_t i = 0; i < legend.n; i++) {
        as_str_addf(&text, "  %zu:", i);
        as_text_add_string(&text, " \"", legend.names[i]);
        as_str_add(&text, "\n");
    }
    bool ok = as_str_ok(&text) ? as_lay_file(out, "data.yaml", text.s, text.len, err)
                               : AS_FAIL(err, AS_ENOMEM, "not enough memory");
    as_str_done(&text);
    return ok;
}

const as_format as_format_yolo = {.name = "yolo",
                                  .summary = "YOLO: data.yaml, images/ and labels/ with boxes or polygons",
                                  .recognise = yolo_recognise,
                                  .read = yolo_read,
                                  .write = yolo_write};
