/* SPDX-License-Identifier: Apache-2.0 */
#include "task/finder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct as_finder {
    as_hints      hints;
    as_input_spec input;
    as_prepare   *prepare;
    as_session   *session;
    as_head      *head;
    const char   *head_from, *prepare_from;
    bool          is_guess;
    as_tensor     picture, outputs[AS_HEAD_MAX_OUTPUTS];
    as_mapping    map; /* of the last run */
    as_box        found[AS_BOXES_MOST_KEPT];
    char          label[32];
};

/* --- opening --- */

static bool finder_hints(as_finder *f, const uint8_t *model, size_t n, const char *name, const as_finder_cfg *cfg,
                         as_err *err)
{
    as_graph *graph = as_graph_borrow(model, n, AS_LENT_KEPT, name, err);
    bool      ok = graph && (as_hints_read(graph, &f->hints, err) || as_err_note(err, "model '%s'", name));
    as_graph_free(graph);
    if (!ok || !cfg->labels)
        return ok;
    as_labels_done(&f->hints.labels);
    for (size_t i = 0; i < cfg->labels->names.n; i++) {
        char *copy = strdup(cfg->labels->names.at[i]);
        if (!copy || !as_vec_push(&f->hints.labels.names, copy)) {
            free(copy);
            return AS_FAIL(err, AS_ENOMEM, "out of memory");
        }
    }
    return true;
}

/* Our own engine where it has every operator, else ONNX Runtime. */
static bool finder_session(as_finder *f, const uint8_t *model, size_t n, const char *name, const as_finder_cfg *cfg,
                           as_err *err)
{
    as_session_cfg one = {.backend = cfg->backend, .threads = cfg->threads, .batch = 1, .wide = true};
    as_err         why = AS_ERR_NONE;
    f->session = as_session_open(model, n, name, &one, &why);
    if (!f->session && !cfg->backend && why.code == AS_EUNSUPPORTED) {
        one.backend = "ort";
        f->session = as_session_open(model, n, name, &one, NULL);
    }
    return f->session || AS_FAIL(err, why.code, "%s", why.text);
}

static bool finder_input(as_finder *f, const char *name, as_err *err)
{
    const as_port *in = as_session_input(f->session, 0);
    const int64_t *dims = in ? in->shape.dims : NULL;
    char           shape[AS_TENSOR_MAX_RANK * 24];
    if (as_session_n_inputs(f->session) != 1)
        return AS_FAIL(err, AS_EUNSUPPORTED, "model '%s' has %zu inputs: a picture is one", name,
                       as_session_n_inputs(f->session));
    if (in->dtype != AS_DTYPE_F32 || in->shape.rank != 4 || dims[0] != 1 || (dims[1] != 1 && dims[1] != 3) ||
        dims[2] > AS_IMAGE_MAX_SIDE || dims[3] > AS_IMAGE_MAX_SIDE)
        return AS_FAIL(err, AS_EUNSUPPORTED,
                       "model '%s' takes %s %s: a picture is f32 or f16 of 1 x (1 or 3 channels) x height x width",
                       name, as_dtype_name(in->dtype), as_shape_text(&in->shape, shape, sizeof shape));
    f->input.channels = (uint32_t)dims[1];
    f->input.height = (uint32_t)dims[2];
    f->input.width = (uint32_t)dims[3];
    return true;
}

static bool finder_head(as_finder *f, const char *name, const as_finder_cfg *cfg, as_err *err)
{
    as_port     ports[AS_HEAD_MAX_OUTPUTS];
    size_t      n = as_session_n_outputs(f->session);
    as_head_cfg limits = cfg->limits;
    const char *word = cfg->head ? cfg->head : (*f->hints.word ? f->hints.word : NULL);
    for (size_t i = 0; i < AS_MIN(n, (size_t)AS_HEAD_MAX_OUTPUTS); i++)
        ports[i] = *as_session_output(f->session, i);
    as_head_io io = {.outputs = ports,
                     .n_outputs = n,
                     .width = f->input.width,
                     .height = f->input.height,
                     .n_labels = (uint32_t)f->hints.labels.names.n,
                     .word = word,
                     .anchors = cfg->anchors,
                     .n_anchors = cfg->n_anchors};
    limits.score_min = limits.score_min > 0 ? limits.score_min : f->hints.score_min;
    limits.iou_max = limits.iou_max > 0 ? limits.iou_max : f->hints.iou_max;
    f->head = as_head_new(&io, &limits, err);
    f->head_from = cfg->head ? "asked for" : (word ? "the model says so" : "by its shapes");
    return f->head || as_err_note(err, "model '%s'", name);
}

/* Asked for, else said by the model, else usual for its head: then it is a guess, unless every model of
 * that head wants them so. */
static bool finder_prepare(as_finder *f, const as_finder_cfg *cfg, as_err *err)
{
    const as_hints  *h = &f->hints;
    const as_preset *preset = cfg->prepare;
    bool             says = h->has_mean || h->has_scale || h->has_order || h->has_resize || h->is_ultralytics;
    const bool       is_asked = preset || (cfg->mean && cfg->scale);
    f->prepare_from = is_asked ? "asked for" : (says ? "the model says so" : "usual for its head");
    f->is_guess = !is_asked && !says && !as_head_kind_of(f->head)->is_sure;
    if (!preset)
        preset = as_preset_find(h->is_ultralytics ? "unit" : (says ? "plain" : as_head_kind_of(f->head)->input));
    if (!preset)
        return AS_FAIL(err, AS_EINTERNAL, "head '%s' wants pictures in no way that is known",
                       as_head_kind_of(f->head)->name);
    as_input_spec input = preset->input;
    input.width = f->input.width;
    input.height = f->input.height;
    input.channels = f->input.channels;
    if (!cfg->prepare) {
        input.bgr = h->has_order ? h->bgr : input.bgr;
        input.resize = h->has_resize ? h->resize : input.resize;
        input.pad_value = h->has_pad ? h->pad_value : input.pad_value;
        if (h->has_mean)
            memcpy(input.mean, h->mean, sizeof input.mean);
        if (h->has_scale)
            memcpy(input.scale, h->scale, sizeof input.scale);
    }
    if (cfg->mean)
        memcpy(input.mean, cfg->mean, sizeof input.mean);
    if (cfg->scale)
        memcpy(input.scale, cfg->scale, sizeof input.scale);
    input.resize = cfg->resize ? cfg->resize : input.resize;
    f->input = input;
    f->prepare = as_prepare_new(&f->input, err);
    return f->prepare != NULL;
}

as_finder *as_finder_open(const uint8_t *model, size_t n, const char *name, const as_finder_cfg *cfg, as_err *err)
{
    as_finder_cfg none = {.backend = NULL};
    as_finder    *f = calloc(1, sizeof *f);
    cfg = cfg ? cfg : &none;
    if (!f) {
        AS_FAIL(err, AS_ENOMEM, "cannot open model '%s': out of memory", name);
        return NULL;
    }
    if (!finder_hints(f, model, n, name, cfg, err) || !finder_session(f, model, n, name, cfg, err) ||
        !finder_input(f, name, err) || !finder_head(f, name, cfg, err) || !finder_prepare(f, cfg, err) ||
        !as_tensor_new(&f->picture, AS_DTYPE_F32, &as_session_input(f->session, 0)->shape, err))
        return as_finder_close(f);
    return f;
}

as_finder *as_finder_close(as_finder *f)
{
    if (!f)
        return NULL;
    as_hints_done(&f->hints);
    as_prepare_free(f->prepare);
    as_session_close(f->session);
    as_head_free(f->head);
    as_tensor_done(&f->picture);
    free(f);
    return NULL;
}

as_finder_about as_finder_about_of(const as_finder *f)
{
    return (as_finder_about){.head = as_head_kind_of(f->head),
                             .head_from = f->head_from,
                             .prepare_from = f->prepare_from,
                             .is_guess = f->is_guess,
                             .backend = as_session_backend(f->session),
                             .input = &f->input,
                             .n_classes = as_head_n_classes(f->head),
                             .n_labels = f->hints.labels.names.n};
}

const char *as_finder_label(as_finder *f, uint32_t class)
{
    if (class < f->hints.labels.names.n)
        return f->hints.labels.names.at[class];
    if (strcmp(as_head_kind_of(f->head)->name, "yunet") == 0)
        return "face";
    snprintf(f->label, sizeof f->label, "class %u", class);
    return f->label;
}

/* --- running --- */

/* What lies in the border alone is in no picture. */
static void finder_take(as_finder *f, const as_box *found, size_t n, as_findings *ret)
{
    size_t kept = 0;
    bool   is_whole = as_head_kind_of(f->head)->gives == AS_HEAD_CLASSES;
    for (size_t i = 0; i < AS_MIN(n, AS_COUNT(f->found)); i++) {
        as_box box = found[i];
        as_head_map_box(&f->map, &box);
        if (is_whole || (box.x1 > box.x0 && box.y1 > box.y0))
            f->found[kept++] = box;
    }
    ret->at = f->found;
    ret->n = kept;
}

bool as_finder_run(as_finder *f, const as_image *image, as_findings *ret, as_err *err)
{
    const as_box *found = NULL;
    size_t        n = 0;
    as_ns         began = as_clock_mono();
    if (!as_prepare_run(f->prepare, image, f->picture.data, err) ||
        !as_prepare_to_source(&f->input, image->width, image->height, &f->map, err))
        return false;
    as_ns prepared = as_clock_mono();
    memset(f->outputs, 0, sizeof f->outputs);
    if (!as_session_run(f->session, &f->picture, f->outputs, err))
        return false;
    as_ns inferred = as_clock_mono();
    if (!as_head_run(f->head, f->outputs, &found, &n, err))
        return false;
    finder_take(f, found, n, ret);
    ret->prepare_ns = prepared - began;
    ret->infer_ns = inferred - prepared;
    ret->decode_ns = as_clock_mono() - inferred;
    return true;
}

void as_finder_mask(as_finder *f, const as_box *found, uint8_t *ret, size_t stride)
{
    as_head_mask(f->head, f->outputs, found, &f->map, ret, stride);
}

const uint32_t *as_finder_areas(const as_finder *f, size_t *ret_n, size_t *ret_n_pixels)
{
    return as_head_areas(f->head, ret_n, ret_n_pixels);
}
