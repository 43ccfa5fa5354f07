/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/lay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "intake/gather.h"

static bool legend_add(as_legend *legend, const char *name, as_err *err)
{
    size_t at = 0;
    while (at < legend->n && strcmp(legend->names[at], name) < 0)
        at++;
    if (!*name || (at < legend->n && strcmp(legend->names[at], name) == 0))
        return true;
    if (legend->n == AS_COUNT(legend->names))
        return AS_FAIL(err, AS_ELIMIT, "more than %zu classes", AS_COUNT(legend->names));
    memmove(&legend->names[at + 1], &legend->names[at], (legend->n - at) * sizeof legend->names[0]);
    legend->names[at] = name;
    legend->n++;
    return true;
}

bool as_legend_of(const as_manifest *manifest, as_legend *ret, as_err *err)
{
    *ret = (as_legend){.n = 0};
    for (size_t i = 0; i < as_manifest_count(manifest); i++) {
        const as_sample *s = as_manifest_at(manifest, i);
        for (size_t k = 0; k < s->n_findings; k++)
            if (!legend_add(ret, s->findings[k].label, err))
                return false;
    }
    return true;
}

size_t as_legend_at(const as_legend *legend, const char *name)
{
    size_t at = 0;
    while (at < legend->n && strcmp(legend->names[at], name) != 0)
        at++;
    return at;
}

const char *as_lay_split(const as_sample *sample)
{
    return sample->split ? as_split_name(sample->split) : "unsplit";
}

bool as_lay_each(const as_export *out, void *ctx, bool (*lay)(void *ctx, const as_export *out, size_t i, as_err *err),
                 as_err *err)
{
    size_t n = as_manifest_count(out->manifest);
    for (size_t i = 0; i < n; i++) {
        if (!as_progress_go_on(out->progress, err) || !lay(ctx, out, i, err))
            return false;
        as_progress_step(out->progress, "writing", i + 1, n);
    }
    return true;
}

/* No part of a path that a manifest gave may lead out of the folder. */
static bool lay_stays(const char *relative)
{
    for (const char *word = relative;; word++) {
        size_t n = strcspn(word, "/");
        if (n == 0 || (n == 1 && word[0] == '.') || (n == 2 && word[0] == '.' && word[1] == '.'))
            return false;
        word += n;
        if (!*word)
            return true;
    }
}

bool as_lay_file(const as_export *out, const char *relative, const void *bytes, size_t n, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    if (!lay_stays(relative))
        return AS_FAIL(err, AS_EINVAL, "'%.200s' leads out of its folder", relative);
    if (!as_fs_join(path, out->dir, relative, err))
        return false;
    char *slash = strrchr(path, '/');
    *slash = '\0';
    bool ok = as_fs_make_dirs(path, err);
    *slash = '/';
    return ok && as_fs_write_fast(path, bytes, n, err);
}

static bool lay_is_taken(const as_export *out, const char *labels, const char *name, const char *ending)
{
    as_err why = AS_ERR_NONE;
    char   path[AS_FS_PATH_BYTES];
    char  *relative = as_strdupf("%s/%.*s%s", labels, (int)as_gather_stem(name), name, ending);
    bool   taken = relative && as_fs_join(path, out->dir, relative, &why) && as_fs_is_file(path);
    free(relative);
    return taken;
}

bool as_lay_picture(const as_export *out, size_t i, const char *pictures, const char *labels, const char *ending,
                    char **ret_name, as_err *err)
{
    const char *given = as_manifest_at(out->manifest, i)->name;
    char       *name = strdup(given);
    for (int k = 2; name && labels && lay_is_taken(out, labels, name, ending); k++) {
        free(name);
        name = as_strdupf("%d/%s", k, given);
    }
    char *relative = name ? as_strdupf("%s/%s", pictures, name) : NULL;
    bool  ok = relative ? out->put_picture(out, i, relative, err) : AS_FAIL(err, AS_ENOMEM, "not enough memory");
    free(relative);
    if (ok)
        *ret_name = name;
    else
        free(name);
    return ok;
}

static bool lay_box(const as_sample *s, const double box[4], as_mask *ret, as_err *err)
{
    double x0 = box[0], y0 = box[1], x1 = box[0] + box[2], y1 = box[1] + box[3];
    double points[8] = {x0, y0, x1, y0, x1, y1, x0, y1};
    return as_mask_from_rings(points, (size_t[]){4}, 1, s->width, s->height, ret, err);
}

bool as_lay_mask(const as_sample *sample, const as_finding *finding, as_mask *ret, as_err *err)
{
    double *points;
    size_t *ends, n_rings;
    if (finding->outline == AS_OUTLINE_MASK)
        return as_mask_from_text(finding->geometry, sample->width, sample->height, ret, err);
    if (finding->outline != AS_OUTLINE_POLYGON)
        return lay_box(sample, finding->box, ret, err);
    if (!as_finding_rings(finding->geometry, &points, &ends, &n_rings, err))
        return false;
    bool ok = as_mask_from_rings(points, ends, n_rings, sample->width, sample->height, ret, err);
    free(points);
    free(ends);
    return ok;
}

bool as_lay_code(const as_sample *sample, const as_finding *finding, uint8_t code, as_codes *codes, as_err *err)
{
    as_mask mask;
    if (!as_lay_mask(sample, finding, &mask, err))
        return false;
    uint32_t x = 0, y = 0;
    for (size_t i = 0; i < mask.n_runs; i++)
        for (uint32_t k = 0; k < mask.runs[i]; k++) {
            if (i % 2)
                codes->at[(size_t)y * codes->width + x] = code;
            if (++y == mask.height) {
                y = 0;
                x++;
            }
        }
    as_mask_done(&mask);
    return true;
}

bool as_lay_join(const double *points, const size_t *ends, size_t n_rings, double **ret_points, size_t *ret_n)
{
    size_t  n = 0;
    double *to = n_rings ? malloc((ends[n_rings - 1] + 2 * n_rings) * 2 * sizeof *to) : NULL;
    if (!to)
        return false;
    for (size_t i = 0, from = 0; i < n_rings; from = ends[i++]) {
        for (size_t k = from; k < ends[i] + (n_rings > 1); k++) /* closed, before the line to the next */
            memcpy(to + 2 * n++, points + 2 * (k < ends[i] ? k : from), 2 * sizeof *to);
        if (i > 0)
            memcpy(to + 2 * n++, points, 2 * sizeof *to);
    }
    *ret_points = to;
    *ret_n = n;
    return true;
}

bool as_lay_ring(const as_finding *finding, double **ret_points, size_t *ret_n, as_err *err)
{
    double *points;
    size_t *ends, n_rings;
    if (!as_finding_rings(finding->geometry, &points, &ends, &n_rings, err))
        return false;
    bool ok = as_lay_join(points, ends, n_rings, ret_points, ret_n);
    free(points);
    free(ends);
    return ok || AS_FAIL(err, AS_ENOMEM, "not enough memory");
}
