/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/action.h"
#include "cli/term.h"
#include "image/codec.h"
#include "intake/scan_faces.h"
#include "spec/stored.h"

#define PRIVACY_SENSITIVITY 1.0
#define PRIVACY_MAX_BYTES   ((size_t)512 << 20)

static const as_opt privacy_opts[] = {
    {"all", 'a', NULL, "scan: every picture that is stored, of any version or none, and the quarantine", NULL},
    {"detector", 0, "NAME", "cascade, or the path of a YuNet model (default: privacy.detector of assay.yaml)", NULL},
    {"sensitivity", 0, "S", "0 to 1 (default: 1, the most sensitive)", NULL},
    {"sheet", 0, "FILE", "show: write the picture with its findings framed, as PNG", NULL},
};

typedef struct privacy_scan {
    as_cli *cli;
    json_t *list; /* {"name","box_px","score"} */
} privacy_scan;

static void privacy_found(void *ctx, const char *name, const as_face *face)
{
    privacy_scan *scan = ctx;
    json_t       *row = json_object();
    as_json_set(row, "name", json_string(name));
    as_json_set(row, "box_px", json_pack("[f,f,f,f]", face->x, face->y, face->width, face->height));
    as_json_set(row, "score", as_json_number(face->score));
    json_array_append_new(scan->list, row);
}

static bool privacy_table(as_cli *cli, const json_t *list, as_err *err)
{
    static const char *const columns[] = {"name", ">at", ">px", ">score", NULL};
    as_table                *table = as_table_new(columns);
    size_t                   i;
    json_t                  *row;
    json_array_foreach (list, i, row) {
        double box[4];
        for (size_t k = 0; k < 4; k++)
            box[k] = json_number_value(json_array_get(json_object_get(row, "box_px"), k));
        as_table_cell(table, AS_STYLE_NONE, "%s", json_string_value(json_object_get(row, "name")));
        as_table_cell(table, AS_STYLE_NONE, "%.0f,%.0f", box[0], box[1]);
        as_table_cell(table, AS_STYLE_NONE, "%.0fx%.0f", box[2], box[3]);
        as_table_cell(table, AS_STYLE_NONE, "%.2f", json_number_value(json_object_get(row, "score")));
    }
    return as_table_print(table, cli, err);
}

static as_face_finder *privacy_finder(as_cli *cli, const as_spec *spec, const char *root, double *sensitivity,
                                      as_err *err)
{
    const char *detector = as_cli_opt(cli, "detector");
    *sensitivity = PRIVACY_SENSITIVITY;
    if (!as_cli_f64(cli, "sensitivity", 0, 1, sensitivity, err))
        return NULL;
    return as_face_finder_open(detector ? detector : spec->face_detector, detector ? "." : root, err);
}

static bool privacy_print(as_cli *cli, const privacy_scan *scan, const as_face_finder *finder, double sensitivity,
                          const as_scan_faces_counts *counts, as_err *err)
{
    if (cli->json) {
        json_t *json = json_object();
        as_json_set(json, "n_pictures", json_integer((json_int_t)counts->n_pictures));
        as_json_set(json, "n_faces", json_integer((json_int_t)counts->n_faces));
        as_json_set(json, "n_unreadable", json_integer((json_int_t)counts->n_unreadable));
        as_json_set(json, "detector", json_string(as_face_finder_name(finder)));
        as_json_set(json, "version", json_string(as_face_finder_version(finder)));
        as_json_set(json, "sensitivity", as_json_number(sensitivity));
        as_json_set(json, "findings", json_incref(scan->list));
        return as_cli_print_json(cli, json, err);
    }
    if (counts->n_faces && !privacy_table(cli, scan->list, err))
        return false;
    fprintf(cli->out, "%s%s%llu face%s%s in %llu picture%s", counts->n_faces ? "\n" : "",
            as_term_style(cli, counts->n_faces ? AS_STYLE_BAD : AS_STYLE_GOOD), (unsigned long long)counts->n_faces,
            counts->n_faces == 1 ? "" : "s", as_term_plain(cli), (unsigned long long)counts->n_pictures,
            counts->n_pictures == 1 ? "" : "s");
    if (counts->n_unreadable)
        fprintf(cli->out, ", %llu could not be looked at", (unsigned long long)counts->n_unreadable);
    fprintf(cli->out, " (%s %s at %.4g)\n", as_face_finder_name(finder), as_face_finder_version(finder), sensitivity);
    return true;
}

static void privacy_unreadable(void *ctx, const char *name, const as_err *why)
{
    privacy_scan *scan = ctx;
    as_term_say(scan->cli, "cannot look at '%s': %s", name, why->text);
}

/* The source of the evidence is what was asked. A less sensitive look proves nothing. */
static bool privacy_keep(as_workspace *ws, const as_spec *spec, const as_scan_faces_counts *counts,
                         const as_face_finder *finder, double sensitivity, as_err *err)
{
    char            source[128];
    as_stored_faces found = {.commit = counts->commit,
                             .n_faces = counts->n_faces + counts->n_unreadable,
                             .n_pictures = counts->n_pictures,
                             .source = source};
    snprintf(source, sizeof source, "assay privacy scan with %s %s at 1", as_face_finder_name(finder),
             as_face_finder_version(finder));
    return sensitivity < PRIVACY_SENSITIVITY || as_digest_is_zero(&counts->commit) ||
           as_stored_write(ws, spec, &found, err);
}

static int privacy_scan_all(as_cli *cli, as_workspace *ws, const as_spec *spec, as_err *err)
{
    double               sensitivity;
    as_scan_faces_counts counts = {0};
    privacy_scan         scan = {.cli = cli};
    as_face_finder      *finder = privacy_finder(cli, spec, ws->root, &sensitivity, err);
    as_scan_faces_cfg    cfg = {
           .all = as_cli_flag(cli, "all"), .found = privacy_found, .unreadable = privacy_unreadable, .ctx = &scan};
    if (!finder)
        return AS_VERB_FAILED;
    cfg.sensitivity = sensitivity;
    scan.list = json_array();
    bool ok = as_scan_faces(ws, finder, &cfg, &cli->progress, &counts, err) &&
              privacy_keep(ws, spec, &counts, finder, sensitivity, err) &&
              privacy_print(cli, &scan, finder, sensitivity, &counts, err);
    json_decref(scan.list);
    as_face_finder_close(finder);
    return ok ? (counts.n_faces || counts.n_unreadable ? 1 : 0) : AS_VERB_FAILED;
}

/* A frame of two pixels around each face, white within black. */
static void privacy_frame(const as_image *image, const as_face *face)
{
    size_t bytes = as_pixel_bytes(image->pixel);
    for (int ring = 0; ring < 2; ring++) {
        long x0 = (long)face->x - ring, y0 = (long)face->y - ring;
        long x1 = (long)(face->x + face->width) + ring, y1 = (long)(face->y + face->height) + ring;
        for (long y = AS_MAX(y0, 0L); y <= AS_MIN(y1, (long)image->height - 1); y++)
            for (long x = AS_MAX(x0, 0L); x <= AS_MIN(x1, (long)image->width - 1); x++)
                if (x == x0 || x == x1 || y == y0 || y == y1)
                    memset(image->data + (size_t)y * image->stride_bytes + (size_t)x * bytes, ring ? 0 : 255, bytes);
    }
}

static bool privacy_sheet(const as_image *image, const as_faces *faces, const char *path, as_err *err)
{
    as_str png;
    as_str_init(&png);
    for (size_t i = 0; i < faces->n; i++)
        privacy_frame(image, &faces->at[i]);
    bool ok = as_codec_encode_png(image, 6, &png, err) && as_fs_write_fast(path, png.s, png.len, err);
    as_str_done(&png);
    return ok;
}

static int privacy_show_file(as_cli *cli, as_workspace *ws, const as_spec *spec, as_err *err)
{
    const char          *path = as_cli_arg(cli, 1), *sheet = as_cli_opt(cli, "sheet");
    double               sensitivity;
    uint8_t             *bytes = NULL;
    size_t               n;
    as_image             image = {0};
    as_faces             faces = {0};
    as_scan_faces_counts counts = {.n_pictures = 1};
    privacy_scan         scan = {.cli = cli};
    as_face_finder      *finder = privacy_finder(cli, spec, ws->root, &sensitivity, err);
    bool                 ok = finder && as_fs_read(path, PRIVACY_MAX_BYTES, &bytes, &n, err);
    ok = ok && (as_codec_decode(bytes, n, &image, NULL, err) || as_err_note(err, "'%s'", path)) &&
         as_face_find(finder, &image, sensitivity, &faces, err);
    counts.n_faces = faces.n;
    if (ok) {
        scan.list = json_array();
        for (size_t i = 0; i < faces.n; i++)
            privacy_found(&scan, path, &faces.at[i]);
        ok = privacy_print(cli, &scan, finder, sensitivity, &counts, err) &&
             (!sheet || privacy_sheet(&image, &faces, sheet, err));
    }
    json_decref(scan.list);
    as_vec_done(&faces);
    as_image_done(&image);
    free(bytes);
    as_face_finder_close(finder);
    return ok ? (counts.n_faces ? 1 : 0) : AS_VERB_FAILED;
}

static int privacy_with_spec(as_cli *cli, as_workspace                                                           *ws,
                             int (*run)(as_cli *cli, as_workspace *ws, const as_spec *spec, as_err *err), as_err *err)
{
    as_spec *spec = as_spec_load(ws->spec_path, err);
    int      status = spec ? run(cli, ws, spec, err) : AS_VERB_FAILED;
    as_spec_free(spec);
    return status;
}

static int privacy_scan_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    return privacy_with_spec(cli, ws, privacy_scan_all, err);
}

static int privacy_show(as_cli *cli, as_workspace *ws, as_err *err)
{
    return privacy_with_spec(cli, ws, privacy_show_file, err);
}

static const as_action privacy_action_scan = {
    .name = "scan",
    .usage = "[--all] [--detector NAME] [--sensitivity S]",
    .about = "looks for faces in the newest version's pictures (--all: in every object of the store and in the "
             "quarantine), as sensitively as can be: what only resembles a face is found too. At full sensitivity the "
             "result is the evidence for a requirement on stored_faces",
    .mode = AS_WORKSPACE_WRITE,
    .run = privacy_scan_run};
static const as_action privacy_action_show = {
    .name = "show",
    .usage = "FILE [--sheet FILE] [--detector NAME] [--sensitivity S]",
    .about = "the same for one picture of yours; --sheet writes it with what was found framed",
    .min_args = 1,
    .max_args = 1,
    .mode = AS_WORKSPACE_READ,
    .run = privacy_show};

static const as_action *const privacy_rows[] = {&privacy_action_scan, &privacy_action_show, NULL};

const as_verb as_verb_privacy = {
    .name = "privacy",
    .summary = "look for faces in what is stored",
    .usage = "",
    .about = "What is found and what is not: docs/guide/privacy.md. With privacy.faces of assay.yaml, import and\n"
             "capture cover faces before anything is written.\n\n"
             "Exit status: 0 no face, 1 faces (or pictures that cannot be looked at), 2 wrong use, 3 the outside "
             "failed.",
    .examples = "  assay privacy scan\n  assay privacy scan --all --detector cascade\n"
                "  assay privacy show photo.jpg --sheet found.png\n",
    .opts = privacy_opts,
    .n_opts = AS_COUNT(privacy_opts),
    .min_args = 1,
    .max_args = -1,
    .rows = privacy_rows,
    .run = as_action_run,
};
