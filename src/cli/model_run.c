/* SPDX-License-Identifier: Apache-2.0 */
/* What a model of any known head finds in pictures. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "cli/action.h"
#include "cli/model_file.h"
#include "cli/output.h"
#include "cli/term.h"
#include "image/codec.h"
#include "image/draw.h"
#include "image/mask.h"
#include "task/finder.h"

#define RUN_MAX_BYTES  ((size_t)1 << 30) /* of a picture's file */
#define RUN_TOP        5
#define RUN_MAX_FLOATS 36

/* drawn: below the folder of --draw, for one that came from a folder its way there. */
typedef struct run_source {
    char       *path;
    const char *drawn; /* into path */
} run_source;

typedef AS_VEC(run_source) run_sources;

typedef struct model_run {
    as_cli       *cli;
    as_model_file file;
    as_str        bytes; /* the model, where open sizes of it are set */
    run_sources   pictures;
    const char   *folder; /* that is walked through */
    as_labels     labels;
    as_finder_cfg cfg;
    float         mean[3], scale[3], anchors[RUN_MAX_FLOATS];
    as_finder    *finder;
    json_t       *json; /* of the pictures */
    as_table     *table;
} model_run;

/* --- options --- */

/* "1,2,3" */
static bool run_floats(const char *name, const char *text, float *ret, size_t most, size_t *ret_n, as_err *err)
{
    size_t n = 0;
    for (const char *at = text; n < most; at++) {
        char *end;
        float value = strtof(at, &end);
        if (end == at || !isfinite(value) || (*end && *end != ','))
            break;
        ret[n++] = value;
        at = end;
        if (!*end) {
            *ret_n = n;
            return true;
        }
    }
    return AS_FAIL(err, AS_EINVAL, "--%s '%.60s' is not up to %zu numbers with commas between them", name, text, most);
}

/* One number for all three, or three. */
static bool run_three(const as_cli *cli, const char *name, float values[3], const float **ret, as_err *err)
{
    const char *text = as_cli_opt(cli, name);
    size_t      n = 0;
    if (!text)
        return true;
    if (!run_floats(name, text, values, 3, &n, err))
        return false;
    if (n == 2)
        return AS_FAIL(err, AS_EINVAL, "--%s '%s' has two numbers: one, or one for each channel", name, text);
    if (n == 1)
        values[1] = values[2] = values[0];
    *ret = values;
    return true;
}

static bool run_prepare(model_run *r, as_err *err)
{
    const char *name = as_cli_opt(r->cli, "prepare"), *resize = as_cli_opt(r->cli, "resize");
    const char *names[16];
    size_t      n = 0;
    for (; as_preset_at(n) && n < AS_COUNT(names); n++)
        names[n] = as_preset_at(n)->name;
    r->cfg.prepare = name ? as_preset_find(name) : NULL;
    if (name && !r->cfg.prepare) {
        const char *near = as_str_nearest(name, names, n);
        return AS_FAIL(err, AS_EINVAL, "--prepare '%.40s' is no way to prepare a picture%s%s%s", name,
                       near ? " (did you mean '" : "", near ? near : "",
                       near ? "'?)" : " (assay help model lists them)");
    }
    r->cfg.resize = resize ? as_resize_parse(resize) : AS_RESIZE_NONE;
    if (resize && r->cfg.resize == AS_RESIZE_NONE)
        return AS_FAIL(err, AS_EINVAL, "--resize '%.40s' is none of standard, fit_to_window_letterbox and crop",
                       resize);
    return run_three(r->cli, "mean", r->mean, &r->cfg.mean, err) &&
           run_three(r->cli, "scale", r->scale, &r->cfg.scale, err);
}

static bool run_limits(model_run *r, as_err *err)
{
    double      score = 0, overlap = 0, soft = 0;
    uint64_t    top = 0, threads = 1;
    as_cli     *cli = r->cli;
    const char *anchors = as_cli_opt(cli, "anchors"), *labels = as_cli_opt(cli, "labels");
    if (!as_cli_f64(cli, "score", 0.0001, 1, &score, err) || !as_cli_f64(cli, "overlap", 0.0001, 1, &overlap, err) ||
        !as_cli_f64(cli, "soft", 0.0001, 10, &soft, err) || !as_cli_u64(cli, "top", 1, AS_BOXES_MOST_KEPT, &top, err) ||
        !as_cli_u64(cli, "threads", 1, 1024, &threads, err))
        return false;
    r->cfg.backend = as_cli_opt(cli, "backend");
    r->cfg.head = as_cli_opt(cli, "head");
    r->cfg.threads = (uint32_t)threads;
    r->cfg.limits = (as_head_cfg){.score_min = (float)score,
                                  .iou_max = (float)overlap,
                                  .soft_sigma = (float)soft,
                                  .n_max = (uint32_t)top,
                                  .is_agnostic = as_cli_flag(cli, "any-class")};
    if (anchors && !run_floats("anchors", anchors, r->anchors, RUN_MAX_FLOATS, &r->cfg.n_anchors, err))
        return false;
    r->cfg.anchors = anchors ? r->anchors : NULL;
    if (labels && !as_labels_read(labels, &r->labels, err))
        return false;
    r->cfg.labels = labels ? &r->labels : NULL;
    return true;
}

/* --- pictures --- */

static bool run_add(model_run *r, const char *path, as_err *err)
{
    run_source source = {.path = strdup(path)};
    if (source.path) {
        const char *slash = strrchr(source.path, '/');
        source.drawn = slash ? slash + 1 : source.path;
        if (r->folder)
            source.drawn = source.path + strlen(r->folder) + strspn(source.path + strlen(r->folder), "/");
        if (as_vec_push(&r->pictures, source))
            return true;
    }
    free(source.path);
    return AS_FAIL(err, AS_ENOMEM, "out of memory");
}

static bool run_visit(void *ctx, const as_fs_entry *entry, as_err *err)
{
    return entry->kind != AS_FS_FILE || !as_codec_ending(entry->path, NULL) || run_add(ctx, entry->path, err);
}

/* A folder stands for the pictures in it. */
static bool run_pictures(model_run *r, as_err *err)
{
    for (size_t i = 2; i < as_cli_n_args(r->cli); i++) {
        const char *path = as_cli_arg(r->cli, i);
        size_t      before = r->pictures.n;
        if (!as_fs_is_dir(path)) {
            if (!run_add(r, path, err))
                return false;
            continue;
        }
        r->folder = path;
        bool ok = as_fs_walk(path, run_visit, r, err);
        r->folder = NULL;
        if (!ok)
            return false;
        if (r->pictures.n == before)
            return AS_FAIL(err, AS_ENOTFOUND, "no picture in folder '%s' (" AS_CODEC_ENDINGS ")", path);
    }
    return true;
}

/* FILE, or in a folder FILE's name with .png. */
static bool run_draw_path(const model_run *r, const run_source *picture, char path[AS_FS_PATH_BYTES], as_err *err)
{
    const char *draw = as_cli_opt(r->cli, "draw");
    char        file[AS_FS_PATH_BYTES];
    if (r->pictures.n == 1 && !as_fs_is_dir(draw))
        return as_str_copy(path, AS_FS_PATH_BYTES, draw) || AS_FAIL(err, AS_EINVAL, "--draw: the path is too long");
    if (!as_str_copy(file, sizeof file - sizeof ".png", picture->drawn))
        return AS_FAIL(err, AS_EINVAL, "--draw: the name of '%s' is too long", picture->path);
    memcpy(file + strlen(file), ".png", sizeof ".png");
    return as_fs_join(path, draw, file, err);
}

static int run_order_drawn(const void *a, const void *b)
{
    const run_source *const *x = a, *const *y = b;
    return strcmp((*x)->drawn, (*y)->drawn);
}

/* Two drawings of one name would be one. */
static bool run_check_names(const model_run *r, const run_source **sorted, as_err *err)
{
    const size_t n = r->pictures.n;
    for (size_t i = 0; i < n; i++)
        sorted[i] = &r->pictures.at[i];
    qsort(sorted, n, sizeof *sorted, run_order_drawn);
    for (size_t i = 1; i < n; i++)
        if (strcmp(sorted[i - 1]->drawn, sorted[i]->drawn) == 0)
            return AS_FAIL(err, AS_EINVAL,
                           "'%s' and '%s' would be drawn into one file '%s.png' (name the folder that both are in: "
                           "drawings keep the folders below it)",
                           sorted[i - 1]->path, sorted[i]->path, sorted[i]->drawn);
    return true;
}

/* A file, by whatever path or link. */
typedef struct run_file {
    dev_t device;
    ino_t inode;
} run_file;

static int run_order_files(const void *a, const void *b)
{
    const run_file *x = a, *y = b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    return x->inode < y->inode ? -1 : x->inode > y->inode;
}

/* A drawing over a picture would be the end of that. */
static bool run_check_files(const model_run *r, run_file *files, as_err *err)
{
    struct stat st;
    char        path[AS_FS_PATH_BYTES];
    size_t      n = 0;
    for (size_t i = 0; i < r->pictures.n; i++)
        if (stat(r->pictures.at[i].path, &st) == 0)
            files[n++] = (run_file){st.st_dev, st.st_ino};
    qsort(files, n, sizeof *files, run_order_files);
    for (size_t i = 0; i < r->pictures.n; i++) {
        if (!run_draw_path(r, &r->pictures.at[i], path, err))
            return false;
        const run_file file =
            stat(path, &st) == 0 ? (run_file){st.st_dev, st.st_ino} : (run_file){.inode = 0}; /* no file's */
        if (file.inode && bsearch(&file, files, n, sizeof *files, run_order_files))
            return AS_FAIL(err, AS_EEXIST, "--draw: '%s' is one of the pictures (name another folder)", path);
    }
    return true;
}

/* Before any is looked at. */
static bool run_check_drawings(const model_run *r, as_err *err)
{
    const run_source **sorted = malloc((r->pictures.n + 1) * sizeof *sorted);
    run_file          *files = malloc((r->pictures.n + 1) * sizeof *files);
    bool ok = ((sorted && files) || AS_FAIL(err, AS_ENOMEM, "out of memory")) && run_check_names(r, sorted, err) &&
              run_check_files(r, files, err);
    free(sorted);
    free(files);
    return ok;
}

/* --- opening --- */

/* Sizes that the model leaves open are those of --input. */
static bool run_model_bytes(model_run *r, as_err *err)
{
    if (!as_cli_opt(r->cli, "input"))
        return true;
    as_graph *graph = as_graph_parse(r->file.bytes, r->file.n, r->file.name, err);
    bool      ok = graph && as_model_set_inputs(r->cli, graph, err) && as_graph_write(graph, &r->bytes, err);
    as_graph_free(graph);
    return ok;
}

/* "yolov8 (by its shapes), pictures as 640x640 RGB, mean 0 0 0, scale 255 255 255, ... (usual for its head), by native" */
static void run_say(model_run *r)
{
    as_finder_about      about = as_finder_about_of(r->finder);
    const as_input_spec *in = about.input;
    as_str               how;
    as_str_init(&how);
    for (uint32_t i = 0; i < in->channels; i++)
        as_str_addf(&how, "%s(%c - %g) / %g", i ? ", " : "", in->channels == 1 ? 'L' : (in->bgr ? "BGR" : "RGB")[i],
                    (double)in->mean[i], (double)in->scale[i]);
    as_term_say(r->cli, "head %s (%s); pictures to %ux%u by %s: %s (%s); by %s", about.head->name, about.head_from,
                in->width, in->height, as_resize_name(in->resize), how.s, about.prepare_from, about.backend);
    as_str_done(&how);
    if (about.is_guess)
        as_term_say(
            r->cli,
            "'%s' does not say how it wants its pictures: this is a guess, and a wrong one makes findings wrong "
            "(set it with --prepare, or --mean, --scale and --resize; assay help model lists the ways)",
            r->file.name);
}

static bool run_open(model_run *r, as_err *err)
{
    const char *draw = as_cli_opt(r->cli, "draw");
    as_str_init(&r->bytes);
    if (!run_prepare(r, err) || !run_limits(r, err) || !run_pictures(r, err) ||
        !as_model_file_open(r->cli, as_cli_arg(r->cli, 1), &r->file, err) || !run_model_bytes(r, err))
        return false;
    if (draw && r->pictures.n > 1 && as_fs_is_file(draw))
        return AS_FAIL(err, AS_EINVAL, "--draw '%s' is a file, and there are %zu pictures: name a folder", draw,
                       r->pictures.n);
    if (draw && !run_check_drawings(r, err))
        return false;
    const bool is_set = r->bytes.len > 0;
    r->finder = as_finder_open(is_set ? (const uint8_t *)r->bytes.s : r->file.bytes, is_set ? r->bytes.len : r->file.n,
                               r->file.name, &r->cfg, err);
    return r->finder != NULL;
}

/* --- telling --- */

static bool run_gives(const model_run *r, as_head_gives gives)
{
    return as_finder_about_of(r->finder).head->gives == gives;
}

/* The pixels of a finding's box that are its own, on the heap; NULL where out of memory. */
static uint8_t *run_mask(const model_run *r, const as_box *box, uint32_t *ret_width, uint32_t *ret_height)
{
    *ret_width = (uint32_t)ceilf(box->x1) - (uint32_t)box->x0;
    *ret_height = (uint32_t)ceilf(box->y1) - (uint32_t)box->y0;
    uint8_t *inside = calloc((size_t)*ret_width * *ret_height + 1, 1);
    if (inside)
        as_finder_mask(r->finder, box, inside, *ret_width);
    return inside;
}

/* As COCO has it: of the whole picture. */
static json_t *run_mask_json(const model_run *r, const as_image *image, const as_box *box, uint64_t *ret_area,
                             as_err *err)
{
    uint32_t width, height;
    uint8_t *inside = run_mask(r, box, &width, &height), *whole = calloc((size_t)image->width * image->height, 1);
    as_mask  mask = {.runs = NULL};
    as_str   text;
    json_t  *json = NULL;
    as_str_init(&text);
    for (uint32_t y = 0; inside && whole && y < height; y++)
        memcpy(whole + (y + (size_t)box->y0) * image->width + (size_t)box->x0, inside + (size_t)y * width, width);
    if (!inside || !whole)
        AS_FAIL(err, AS_ENOMEM, "no memory for a mask");
    else if (as_mask_from_pixels(whole, image->width, image->width, image->height, 1, &mask, err) &&
             as_mask_add_text(&mask, &text, err)) {
        *ret_area = as_mask_area(&mask);
        json = json_pack("{s:[ii], s:s}", "size", (int)image->height, (int)image->width, "counts", text.s);
    }
    as_mask_done(&mask);
    as_str_done(&text);
    free(inside);
    free(whole);
    return json;
}

static json_t *run_number(double value)
{
    return json_real(round(value * 1e4) / 1e4);
}

static bool run_finding_json(const model_run *r, const as_image *image, const as_box *box, json_t *list, as_err *err)
{
    json_t  *json = json_object();
    uint64_t area = 0;
    as_json_set(json, "class", as_model_json(as_finder_label(r->finder, box->class)));
    as_json_set(json, "class_id", json_integer(box->class));
    as_json_set(json, "score", run_number((double)box->score));
    if (!run_gives(r, AS_HEAD_CLASSES)) {
        json_t *corner = json_array();
        json_array_append_new(corner, run_number((double)box->x0));
        json_array_append_new(corner, run_number((double)box->y0));
        json_array_append_new(corner, run_number((double)(box->x1 - box->x0)));
        json_array_append_new(corner, run_number((double)(box->y1 - box->y0)));
        as_json_set(json, "box", corner);
    }
    bool ok = true;
    if (run_gives(r, AS_HEAD_MASKS) || run_gives(r, AS_HEAD_AREAS)) {
        json_t *mask = run_mask_json(r, image, box, &area, err);
        ok = mask != NULL;
        as_json_set(json, "mask", mask);
        as_json_set(json, "area", json_integer((json_int_t)area));
    }
    json_array_append_new(list, json);
    return ok;
}

static bool run_tell_json(model_run *r, const char *path, const as_image *image, const as_findings *found, as_err *err)
{
    json_t *json = json_object(), *list = json_array(), *times = json_object();
    bool    ok = true;
    for (size_t i = 0; ok && i < found->n; i++)
        ok = run_finding_json(r, image, &found->at[i], list, err);
    as_json_set(times, "prepare", run_number((double)found->prepare_ns / 1e6));
    as_json_set(times, "infer", run_number((double)found->infer_ns / 1e6));
    as_json_set(times, "decode", run_number((double)found->decode_ns / 1e6));
    as_json_set(json, "picture", as_model_json(path));
    as_json_set(json, "width", json_integer(image->width));
    as_json_set(json, "height", json_integer(image->height));
    as_json_set(json, "findings", list);
    as_json_set(json, "ms", times);
    json_array_append_new(r->json, json);
    return ok;
}

static void run_tell_text(model_run *r, const char *path, const as_findings *found)
{
    as_str text;
    as_str_init(&text);
    for (size_t i = 0; i < found->n; i++) {
        const as_box *box = &found->at[i];
        as_table_cell(r->table, AS_STYLE_NONE, "%s", i ? "" : as_model_text(&text, path));
        as_table_cell(r->table, AS_STYLE_BOLD, "%s", as_model_text(&text, as_finder_label(r->finder, box->class)));
        as_table_cell(r->table, AS_STYLE_NONE, "%.3f", (double)box->score);
        if (run_gives(r, AS_HEAD_CLASSES))
            continue;
        as_table_cell(r->table, AS_STYLE_NONE, "%.1f", (double)box->x0);
        as_table_cell(r->table, AS_STYLE_NONE, "%.1f", (double)box->y0);
        as_table_cell(r->table, AS_STYLE_NONE, "%.1f", (double)(box->x1 - box->x0));
        as_table_cell(r->table, AS_STYLE_NONE, "%.1f", (double)(box->y1 - box->y0));
    }
    if (found->n == 0) {
        as_table_cell(r->table, AS_STYLE_NONE, "%s", as_model_text(&text, path));
        as_table_cell(r->table, AS_STYLE_DIM, "%s", "(nothing)");
        for (int i = 0; i < (run_gives(r, AS_HEAD_CLASSES) ? 1 : 5); i++)
            as_table_cell(r->table, AS_STYLE_NONE, "%s", "");
    }
    as_str_done(&text);
}

/* --- drawing --- */

static void run_draw_one(model_run *r, as_image *image, const as_box *box, size_t i)
{
    uint32_t scale = AS_MAX(1u, AS_MIN(image->width, image->height) / 400), width, height;
    bool     is_class = run_gives(r, AS_HEAD_CLASSES);
    as_rgb   colour = as_draw_colour(box->class), white = {255, 255, 255};
    as_str   text, label;
    as_str_init(&text);
    as_str_init(&label);
    as_str_addf(&text, "%s %.2f", as_model_text(&label, as_finder_label(r->finder, box->class)), (double)box->score);
    if (run_gives(r, AS_HEAD_MASKS) || run_gives(r, AS_HEAD_AREAS)) {
        uint8_t *inside = run_mask(r, box, &width, &height);
        if (inside)
            as_draw_tint(image, (uint32_t)box->x0, (uint32_t)box->y0, width, height, inside, width, colour);
        free(inside);
    }
    int64_t x = llroundf(box->x0), y = llroundf(box->y0), line = (int64_t)AS_DRAW_GLYPH_HEIGHT * scale + scale;
    if (!is_class)
        as_draw_frame(image, x, y, llroundf(box->x1) - x, llroundf(box->y1) - y, scale + 1, colour);
    /* Above the box where there is room, else inside. */
    int64_t at_y = is_class ? (int64_t)i * line : (y >= line ? y - line : y), at_x = is_class ? 0 : x;
    as_draw_fill(image, at_x, at_y, as_draw_text_width(text.s, scale) + 2 * scale, line, colour);
    as_draw_text(image, at_x + scale, at_y + scale, scale, text.s, white);
    as_str_done(&text);
    as_str_done(&label);
}

/* The folders above a drawing, where it stands in any of its own. */
static bool run_draw_folder(const model_run *r, char *path, as_err *err)
{
    char *slash = strrchr(path, '/');
    if (!slash || (r->pictures.n == 1 && !as_fs_is_dir(as_cli_opt(r->cli, "draw"))))
        return true;
    *slash = '\0';
    bool ok = as_fs_make_dirs(path, err);
    *slash = '/';
    return ok;
}

static bool run_draw(model_run *r, const run_source *picture, as_image *image, const as_findings *found, as_err *err)
{
    char     path[AS_FS_PATH_BYTES];
    as_image canvas;
    as_str   png;
    if (!run_draw_path(r, picture, path, err) || !run_draw_folder(r, path, err) ||
        !as_image_new(&canvas, AS_PIXEL_RGB8, image->width, image->height, err))
        return false;
    as_str_init(&png);
    bool ok = as_image_resize(image, AS_RESIZE_STANDARD, 0, &canvas, err); /* grey becomes RGB */
    for (size_t i = found->n; ok && i-- > 0;)                              /* the best on top */
        run_draw_one(r, &canvas, &found->at[i], i);
    ok = ok && as_codec_encode_png(&canvas, 6, &png, err) && as_output_write(path, &png, picture->path, err);
    as_str_done(&png);
    as_image_done(&canvas);
    return ok || as_err_note(err, "--draw");
}

/* --- all of it --- */

static bool run_picture(model_run *r, const run_source *source, as_err *err)
{
    const char *path = source->path;
    uint8_t    *bytes = NULL;
    size_t      n;
    as_image    image = {.data = NULL};
    as_findings found = {.n = 0};
    bool        ok = as_fs_read(path, RUN_MAX_BYTES, &bytes, &n, err) &&
              (as_codec_decode(bytes, n, &image, NULL, err) || as_err_note(err, "'%s'", path)) &&
              (as_finder_run(r->finder, &image, &found, err) || as_err_note(err, "'%s'", path));
    free(bytes);
    if (ok && run_gives(r, AS_HEAD_CLASSES) && !as_cli_opt(r->cli, "top"))
        found.n = AS_MIN(found.n, (size_t)RUN_TOP);
    if (ok && r->json)
        ok = run_tell_json(r, path, &image, &found, err);
    else if (ok)
        run_tell_text(r, path, &found);
    ok = ok && (!as_cli_opt(r->cli, "draw") || run_draw(r, source, &image, &found, err));
    as_image_done(&image);
    return ok;
}

/* A picture that failed among others: they are looked at all the same. */
static void run_tell_failed(model_run *r, const char *path, const as_err *why)
{
    as_term_progress_end(r->cli);
    fprintf(stderr, "assay model: %s\n", why->text);
    if (!r->json)
        return;
    json_t *json = json_object();
    as_json_set(json, "picture", as_model_json(path));
    as_json_set(json, "error", as_model_json(why->text));
    json_array_append_new(r->json, json);
}

static bool run_all(model_run *r, as_err *err)
{
    static const char *const boxes[] = {"picture", "class", ">score", ">x", ">y", ">width", ">height", NULL};
    static const char *const classes[] = {"picture", "class", ">score", NULL};
    size_t                   n_failed = 0;
    as_err_code              last = AS_OK;
    run_say(r);
    r->json = r->cli->json ? json_array() : NULL;
    r->table = r->cli->json ? NULL : as_table_new(run_gives(r, AS_HEAD_CLASSES) ? classes : boxes);
    for (size_t i = 0; i < r->pictures.n; i++) {
        as_progress_step(&r->cli->progress, "looking", i, r->pictures.n);
        if (!as_progress_go_on(&r->cli->progress, err))
            return false;
        as_err why = AS_ERR_NONE;
        if (run_picture(r, &r->pictures.at[i], &why))
            continue;
        if (r->pictures.n == 1)
            return as_err_set(err, why.code, "%s", why.text);
        n_failed++;
        run_tell_failed(r, r->pictures.at[i].path, &why);
        last = why.code;
    }
    return n_failed == 0 || AS_FAIL(err, last, "%zu of %zu pictures could not be looked at", n_failed, r->pictures.n);
}

/* failed: why not all of it went well; NULL: it did. */
static bool model_run_print(model_run *r, const as_err *failed, as_err *err)
{
    as_term_progress_end(r->cli);
    if (!r->json)
        return as_table_print(r->table, r->cli, err);
    as_finder_about about = as_finder_about_of(r->finder);
    json_t         *json = json_object();
    as_json_set(json, "model", as_model_json(r->file.name));
    as_json_set(json, "head", json_string(about.head->name));
    as_json_set(json, "head_from", json_string(about.head_from));
    as_json_set(json, "prepare_from", json_string(about.prepare_from));
    as_json_set(json, "prepare_is_guess", json_boolean(about.is_guess));
    as_json_set(json, "backend", json_string(about.backend));
    as_json_set(json, "pictures", r->json);
    return failed ? as_cli_print_failed_json(r->cli, json, failed) : as_cli_print_json(r->cli, json, err);
}

static void run_done(model_run *r)
{
    as_finder_close(r->finder);
    as_model_file_done(&r->file);
    as_str_done(&r->bytes);
    as_labels_done(&r->labels);
    for (size_t i = 0; i < r->pictures.n; i++)
        free(r->pictures.at[i].path);
    as_vec_done(&r->pictures);
    free(r);
}

static int model_run_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    model_run *r = calloc(1, sizeof *r);
    (void)ws;
    if (!r)
        return AS_FAIL(err, AS_ENOMEM, "out of memory") ? 0 : AS_VERB_FAILED;
    r->cli = cli;
    bool ok = run_open(r, err);
    if (ok) {
        as_err why = AS_ERR_NONE;
        ok = run_all(r, &why);
        if (!ok)
            as_err_set(err, why.code, "%s", why.text);
        ok = model_run_print(r, ok ? NULL : &why, ok ? err : NULL) && ok;
    }
    run_done(r);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_action as_model_action_run = {
    .name = "run",
    .usage = "MODEL PICTURE... [--head HEAD] [--labels FILE] [--prepare WAY] [--mean A,B,C] "
             "[--scale A,B,C] [--resize HOW] [--score S] [--overlap S] [--any-class] [--soft SIGMA] [--top N] "
             "[--anchors W,H,...] [--backend NAME] [--threads N] [--draw PATH]",
    .about =
        "what the model finds in pictures, or in those of a folder: classes, boxes, masks, areas; in pixels of the "
        "picture",
    .min_args = 2,
    .max_args = -1,
    .mode = AS_WORKSPACE_NONE,
    .run = model_run_run,
};
