/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/export.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/thread.h"
#include "image/codec.h"
#include "image/mask.h"

#define EXPORT_LOCK ".export.lock"

/* --- truth as JSON --- */

static json_t *export_box(const double box[4])
{
    return json_pack("[f,f,f,f]", box[0], box[1], box[2], box[3]);
}

static json_t *export_finding(const as_twin_finding *finding, const as_twin_on_web *on_web)
{
    const double box[4] = {(double)finding->box_px[0], (double)finding->box_px[1], (double)finding->box_px[2],
                           (double)finding->box_px[3]};
    const bool   more = finding->clipped || finding->area_px == 0;
    const double whole = (double)(more ? AS_MAX(finding->size_mm, finding->extent_mm) : finding->extent_mm);
    json_t      *json = json_pack("{s:s,s:f,s:f,s:f,s:f,s:f,s:b,s:I}", "class", finding->class, "severity",
                                  (double)finding->severity, "size_mm", (double)finding->size_mm, "extent_mm",
                                  (double)finding->extent_mm, "whole_mm", whole, "narrow_mm", (double)finding->narrow_mm,
                                  "clipped", finding->clipped, "area_px", (json_int_t)finding->area_px);
    as_json_set(json, "box_px", export_box(box));
    if (on_web->number > 0) {
        as_json_set(json, "number", json_integer((json_int_t)on_web->number));
        as_json_set(json, "web_mm", json_real(on_web->mm));
        as_json_set(json, "cut", json_boolean(on_web->cut));
    }
    return json;
}

/* What differs from the scene as it is set up. */
static json_t *export_station(const as_twin_station *station)
{
    json_t *json = json_object();
    for (size_t i = 0; i < AS_CONDITION_COUNT; i++)
        if ((station->differs >> i) & 1u)
            as_json_set(json, as_condition_info_of(i)->name, json_real(station->is[i]));
    return json;
}

json_t *as_twin_export_truth(const as_twin_truth *truth)
{
    json_t *findings = json_array(), *faults = json_object();
    for (size_t i = 0; i < truth->n_findings; i++)
        json_array_append_new(findings, export_finding(&truth->findings[i], &truth->on_web[i]));
    for (size_t f = 0; f < AS_FAULT_DOUBLE_TRIGGER;
         f++) /* those of single frames happen in a camera: here all are whole */
        if ((truth->frame.faults >> f) & 1u)
            as_json_set(faults, as_fault_info_of(f)->name, json_real(truth->amounts[f]));
    json_t *json = json_pack("{s:I,s:s,s:f,s:s,s:f,s:f}", "part", (json_int_t)truth->part, "class", truth->frame.label,
                             "severity", (double)truth->frame.severity, "recipe", truth->recipe, "seconds",
                             truth->seconds, "px_per_mm", truth->px_per_mm);
    as_json_set(json, "faults", faults);
    as_json_set(json, "conditions", export_station(&truth->station));
    as_json_set(json, "findings", findings);
    if (truth->web_mm[1] > truth->web_mm[0])
        as_json_set(json, "web_mm", json_pack("[f,f]", truth->web_mm[0], truth->web_mm[1]));
    const double face[4] = {(double)truth->face_px[0], (double)truth->face_px[1], (double)truth->face_px[2],
                            (double)truth->face_px[3]};
    if (face[2] > 0.0)
        as_json_set(json, "face_px", export_box(face));
    if (truth->right_recipe)
        as_json_set(json, "right_recipe", json_string(truth->right_recipe));
    if (truth->source)
        as_json_set(json, "source", json_string(truth->source));
    if (truth->defect_source)
        as_json_set(json, "defect_source", json_string(truth->defect_source));
    if (truth->measure.name)
        as_json_set(json, truth->measure.name, json_real(truth->measure.value));
    return json;
}

/* --- kinds --- */

static void export_path_coco(const as_twin_truth *truth, char *text, size_t cap)
{
    snprintf(text, cap, "images/%07llu.png", (unsigned long long)truth->part);
}

/* A defect of which the frame shows nothing would teach a class that is not there. */
static bool export_is_seen(const as_twin_truth *truth)
{
    bool any = truth->n_findings == 0;
    for (size_t i = 0; i < truth->n_findings; i++)
        any = any || truth->findings[i].area_px > 0;
    return any;
}

static void export_path_folders(const as_twin_truth *truth, char *text, size_t cap)
{
    snprintf(text, cap, "%s/%07llu.png", export_is_seen(truth) ? truth->frame.label : "unseen",
             (unsigned long long)truth->part);
}

static int export_class(const as_twin *twin, const char *name)
{
    const char *const *classes = as_twin_scene_of(twin)->classes;
    for (int i = 0; classes[i]; i++)
        if (strcmp(classes[i], name) == 0)
            return i;
    return 0;
}

static void export_annotate(const as_twin *twin, json_t *annotations, json_int_t image, json_t *findings)
{
    size_t  k;
    json_t *finding;
    json_array_foreach (findings, k, finding) {
        json_t *mask = json_object_get(finding, "mask"), *box = json_object_get(finding, "box_px");
        double  area = json_number_value(json_object_get(finding, "area_px"));
        if (area <= 0)
            continue;
        json_t *one = json_pack("{s:I,s:I,s:i,s:f,s:i,s:O,s:O,s:O}", "id", (json_int_t)json_array_size(annotations) + 1,
                                "image_id", image, "category_id",
                                export_class(twin, json_string_value(json_object_get(finding, "class"))), "area", area,
                                "iscrowd", 0, "bbox", box, "severity", json_object_get(finding, "severity"),
                                "extent_mm", json_object_get(finding, "extent_mm"));
        if (mask)
            as_json_set(one, "segmentation", json_incref(mask));
        json_array_append_new(annotations, one);
    }
}

/* The categories are the scene's classes but the good one, numbered as there: a picture without annotation is good. */
static bool export_finish_coco(const as_twin *twin, const as_twin_export_cfg *cfg, const json_t *truths, as_err *err)
{
    const as_twin_scene *scene = as_twin_scene_of(twin);
    const as_twin_cfg   *got = as_twin_cfg_of(twin);
    json_t              *images = json_array(), *annotations = json_array(), *categories = json_array(), *truth;
    size_t               i;
    char                 path[AS_FS_PATH_BYTES];
    for (int k = 1; scene->classes[k]; k++)
        json_array_append_new(
            categories, json_pack("{s:i,s:s,s:s}", "id", k, "name", scene->classes[k], "supercategory", "defect"));
    json_array_foreach (truths, i, truth) {
        json_array_append_new(images, json_pack("{s:I,s:O,s:i,s:i,s:O,s:O,s:O}", "id", (json_int_t)i + 1, "file_name",
                                                json_object_get(truth, "file"), "width", (int)got->width, "height",
                                                (int)got->height, "part", json_object_get(truth, "part"), "faults",
                                                json_object_get(truth, "faults"), "conditions",
                                                json_object_get(truth, "conditions")));
        export_annotate(twin, annotations, (json_int_t)i + 1, json_object_get(truth, "findings"));
    }
    json_t *info = json_pack("{s:s+,s:I}", "description", "assay twin: ", scene->name, "seed", (json_int_t)got->seed);
    json_t *all = json_pack("{s:o,s:o,s:o,s:o}", "info", info, "images", images, "annotations", annotations,
                            "categories", categories);
    bool    ok = all ? as_fs_join(path, cfg->dir, "annotations.json", err) && as_json_write(path, all, err)
                     : AS_FAIL(err, AS_ENOMEM, "no memory for the annotations");
    json_decref(all);
    return ok;
}

static const as_twin_export_kind kinds[] = {
    {"coco", "images/ and annotations.json: classes, boxes, masks (run lengths) as COCO has them", export_path_coco,
     export_finish_coco, true},
    {"folders", "a folder for each class; unseen/ where the defect lies outside the frame", export_path_folders, NULL,
     false},
};

const as_twin_export_kind *as_twin_export_kind_at(size_t i)
{
    return i < AS_COUNT(kinds) ? &kinds[i] : NULL;
}

/* --- the run --- */

typedef struct export_job {
    const as_twin            *twin;
    const as_twin_export_cfg *cfg;
    uint64_t                  begin;
    json_t                  **truths; /* of this batch; NULL: not made */
    const as_progress        *progress;
} export_job;

/* The runs of each finding's mask, while its part is drawn. */
typedef struct export_masks {
    uint32_t width, height;
    json_t  *masks[AS_TWIN_MAX_FINDINGS]; /* NULL: nothing is seen of it */
} export_masks;

static bool export_mask(void *ctx, size_t finding, const uint8_t *inside, size_t n, as_err *err)
{
    export_masks *to = ctx;
    as_mask       mask = {0};
    as_str        text;
    if (n == 0)
        return true;
    if (!as_mask_from_pixels(inside, to->width, to->width, to->height, 1, &mask, err))
        return false;
    as_str_init(&text);
    bool ok = as_mask_add_text(&mask, &text, err);
    if (ok)
        to->masks[finding] = json_pack("{s:[i,i],s:s}", "size", (int)to->height, (int)to->width, "counts", text.s);
    as_str_done(&text);
    as_mask_done(&mask);
    return ok;
}

static bool export_write(const export_job *job, const as_twin_truth *truth, const as_image *image, json_t *json,
                         as_err *err)
{
    char   name[128], path[AS_FS_PATH_BYTES], folder[AS_FS_PATH_BYTES];
    as_str png;
    job->cfg->kind->path(truth, name, sizeof name);
    as_json_set(json, "file", json_string(name));
    char *slash = strchr(name, '/');
    as_str_init(&png);
    bool ok = as_codec_encode_png(image, 1, &png, err) && as_fs_join(path, job->cfg->dir, name, err);
    *slash = '\0';
    ok = ok && as_fs_join(folder, job->cfg->dir, name, err) && as_fs_make_dirs(folder, err) &&
         as_fs_write_fast(path, png.s, png.len, err);
    as_str_done(&png);
    return ok;
}

/* Not a step of progress, which is for one thread: whether to go on at all, so that an end waits for a part at most. */
static bool export_goes_on(const export_job *job, as_err *err)
{
    const as_progress look = {.stop = job->progress ? job->progress->stop : NULL};
    return as_progress_go_on(&look, err);
}

static bool export_one(void *ctx, size_t i, as_err *err)
{
    const export_job  *job = ctx;
    const as_twin_cfg *cfg = as_twin_cfg_of(job->twin);
    export_masks       masks = {.width = cfg->width, .height = cfg->height};
    const as_mask_sink sink = {export_mask, &masks};
    as_image           image = {0};
    as_twin_truth      truth;
    const uint16_t    *raw;
    if (!export_goes_on(job, err))
        return false;
    void *scratch = malloc(as_twin_scratch_bytes(job->twin));
    bool  ok = scratch || AS_FAIL(err, AS_ENOMEM, "no memory to draw in");
    ok = ok && as_image_new(&image, cfg->pixel, cfg->width, cfg->height, err) &&
         as_twin_look_at(job->twin, job->cfg->first + job->begin + i, 0, scratch, &image, &truth, &raw,
                         job->cfg->masks ? &sink : NULL, err);
    json_t *json = ok ? as_twin_export_truth(&truth) : NULL, *findings = json_object_get(json, "findings");
    for (size_t k = 0; k < AS_TWIN_MAX_FINDINGS; k++)
        if (masks.masks[k] && ok)
            as_json_set(json_array_get(findings, k), "mask", masks.masks[k]);
        else
            json_decref(masks.masks[k]);
    if (ok && export_write(job, &truth, &image, json, err))
        job->truths[i] = json;
    else {
        json_decref(json);
        ok = false;
    }
    as_image_done(&image);
    free(scratch);
    return ok;
}

/* Empty but for a lock. */
static bool export_is_fresh(const char *dir, as_err *err)
{
    DIR *open = opendir(dir);
    bool used = false;
    for (struct dirent *entry; open && (entry = readdir(open)) != NULL;)
        used = used || (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
                        strcmp(entry->d_name, EXPORT_LOCK) != 0);
    if (open)
        closedir(open);
    return !used || AS_FAIL(err, AS_EEXIST, "'%s' is not empty: name a new folder", dir);
}

/* A folder of our own: asked before the lock so that nobody else's folder gets one, and again behind it, since another may
 * have filled it meanwhile. */
static bool export_begin(const char *dir, char lock[AS_FS_PATH_BYTES], int *ret_fd, as_err *err)
{
    as_err why = AS_ERR_NONE;
    *ret_fd = -1;
    if (!export_is_fresh(dir, err) || !as_fs_make_dirs(dir, err) || !as_fs_join(lock, dir, EXPORT_LOCK, err))
        return false;
    if (!as_fs_lock(lock, ret_fd, &why)) {
        *err = why;
        return why.code == AS_EBUSY
                   ? AS_FAIL(err, AS_EBUSY, "another export writes into '%s' at this moment: name a new folder", dir)
                   : false;
    }
    return export_is_fresh(dir, err);
}

static void export_end(const char *lock, int fd)
{
    if (fd >= 0)
        (void)unlink(lock);
    as_fs_unlock(fd);
}

static void export_count(const json_t *truth, as_twin_export_counts *counts)
{
    counts->n_pictures++;
    counts->n_findings += json_array_size(json_object_get(truth, "findings"));
    counts->n_faulty += json_object_size(json_object_get(truth, "faults")) > 0;
}

/* A part is a line at once: whatever ends the program, what was drawn has its truth. */
static bool export_line(FILE *file, const char *path, const json_t *truth, as_err *err)
{
    char *text = as_json_text(truth);
    if (!text)
        return AS_FAIL(err, AS_ENOMEM, "no memory for the truth of a part");
    errno = 0;
    bool ok = fputs(text, file) >= 0 && fputc('\n', file) >= 0 && fflush(file) == 0;
    free(text);
    return ok || as_err_errno(err, errno ? errno : EIO, "cannot write '%s'", path);
}

/* All batches; on an error too, truths and the file hold every part that was made. */
static bool export_parts(export_job *job, FILE *lines, const char *path, json_t *truths, as_twin_export_counts *counts,
                         as_err *err)
{
    enum { BATCH = 32 };
    json_t  *batch[BATCH];
    uint64_t all = job->cfg->n;
    bool     ok = true;
    job->truths = batch;
    for (; ok && job->begin < all; job->begin += BATCH) {
        size_t n = (size_t)AS_MIN(all - job->begin, (uint64_t)BATCH);
        bool   told = true;
        as_err why = AS_ERR_NONE;
        memset(batch, 0, sizeof batch);
        ok = as_progress_go_on(job->progress, err) && as_thread_for(n, 0, export_one, job, err);
        for (size_t i = 0; i < n; i++) {
            if (!batch[i])
                continue;
            export_count(batch[i], counts);
            told = told && export_line(lines, path, batch[i], &why);
            json_array_append_new(truths, batch[i]);
        }
        if (ok && !told) {
            *err = why;
            ok = false;
        }
        as_progress_step(job->progress, "drawing parts", AS_MIN(job->begin + n, all), all);
    }
    return ok;
}

static bool export_all(const as_twin *twin, const as_twin_export_cfg *cfg, const as_progress *progress,
                       as_twin_export_counts *counts, as_err *err)
{
    char       path[AS_FS_PATH_BYTES];
    json_t    *truths = json_array();
    FILE      *lines = NULL;
    as_err     why = AS_ERR_NONE;
    export_job job = {.twin = twin, .cfg = cfg, .progress = progress};
    bool       ok = (truths || AS_FAIL(err, AS_ENOMEM, "no memory for the truth of all parts")) &&
              as_fs_join(path, cfg->dir, "truth.jsonl", err);
    if (ok && !(lines = fopen(path, "wxe")))
        ok = as_err_errno(err, errno, "cannot write '%s'", path);
    ok = ok && export_parts(&job, lines, path, truths, counts, err);
    if (lines && fclose(lines) != 0 && ok)
        ok = as_err_errno(err, errno, "cannot write '%s'", path);
    bool finished = !cfg->kind->finish || (lines && cfg->kind->finish(twin, cfg, truths, &why));
    json_decref(truths);
    if (ok && !finished) {
        *err = why;
        ok = false;
    }
    if (!ok && err->code == AS_ECANCELLED)
        AS_FAIL(err, AS_ECANCELLED, "stopped: '%s' holds %llu of %llu parts, with their truth%s", cfg->dir,
                (unsigned long long)counts->n_pictures, (unsigned long long)cfg->n,
                finished ? "" : ", but not their annotations");
    return ok;
}

bool as_twin_export_run(const as_twin *twin, const as_twin_export_cfg *cfg, const as_progress *progress,
                        as_twin_export_counts *ret, as_err *err)
{
    as_twin_export_counts counts = {0};
    char                  lock[AS_FS_PATH_BYTES];
    int                   fd;
    if (cfg->n == 0 || cfg->n > AS_EXPORT_MAX_PARTS)
        return AS_FAIL(err, AS_ELIMIT, "%llu parts cannot be written: 1 to %d are possible", (unsigned long long)cfg->n,
                       AS_EXPORT_MAX_PARTS);
    bool ok = export_begin(cfg->dir, lock, &fd, err) && export_all(twin, cfg, progress, &counts, err);
    export_end(lock, fd);
    if (ok)
        *ret = counts;
    return ok;
}
