/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "image/codec.h"
#include "lab/backbone.h"
#include "lab/bench_part.h"
#include "task/model.h"

#define BENCH_MAX_FILE ((size_t)256 << 20)

typedef struct bench_files {
    char  *paths[AS_BENCH_MAX_IMAGES];
    size_t n;
} bench_files;

void as_bench_inputs_done(as_bench_inputs *inputs)
{
    for (size_t k = 0; k < AS_BENCH_INPUTS; k++) {
        for (size_t i = 0; inputs->sets[k] && i < inputs->n; i++)
            as_tensor_done(&inputs->sets[k][i]);
        free(inputs->sets[k]);
    }
    *inputs = (as_bench_inputs){.n = 0};
}

/* f32 of mean 0 and deviation 1, bytes over their whole range; other integers may be places in a table, and are 0. */
static void bench_random(as_tensor *t, as_rng *rng)
{
    const size_t n = as_tensor_count(t);
    uint8_t     *bytes = t->data;
    float       *floats = t->data;
    if (t->dtype == AS_DTYPE_F32)
        for (size_t i = 0; i < n; i++)
            floats[i] = (float)as_rng_normal(rng);
    if (t->dtype == AS_DTYPE_U8 || t->dtype == AS_DTYPE_I8)
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)as_rng_below(rng, 256);
    if (t->dtype == AS_DTYPE_BOOL)
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)as_rng_below(rng, 2);
}

static bool bench_make_sets(const as_graph *graph, as_bench_inputs *inputs, as_err *err)
{
    inputs->n = as_graph_n_inputs(graph);
    for (size_t k = 0; k < AS_BENCH_INPUTS; k++) {
        as_rng rng = as_rng_stream(1, k);
        inputs->sets[k] = calloc(inputs->n + 1, sizeof *inputs->sets[k]);
        if (!inputs->sets[k])
            return AS_FAIL(err, AS_ENOMEM, "no memory for inputs");
        for (size_t i = 0; i < inputs->n; i++) {
            const as_value *value = as_graph_value(graph, as_graph_input(graph, i));
            size_t          count;
            if (!value->has_shape || !as_shape_count(&value->shape, &count))
                return AS_FAIL(err, AS_EINVAL,
                               "the size of input '%.200s' is open (say which, as: --input NAME=1x3x224x224)",
                               value->name);
            if (!as_tensor_new(&inputs->sets[k][i], value->dtype, &value->shape, err))
                return as_err_note(err, "input '%.200s'", value->name);
            bench_random(&inputs->sets[k][i], &rng);
        }
    }
    return true;
}

static bool bench_on_file(void *ctx, const as_fs_entry *entry, as_err *err)
{
    bench_files *files = ctx;
    if (entry->kind != AS_FS_FILE || !as_codec_ending(entry->path, NULL) || files->n == AS_BENCH_MAX_IMAGES)
        return true;
    files->paths[files->n] = strdup(entry->path);
    return files->paths[files->n++] || AS_FAIL(err, AS_ENOMEM, "no memory for a path");
}

/* How a picture becomes the input: as the model says itself, else as for any network that takes pictures. */
static bool bench_spec(const as_graph *graph, const as_tensor *input, as_input_spec *ret, as_err *err)
{
    as_model_info        info;
    const as_trainer_cfg none = {.backbone = NULL};
    const char          *from;
    if (input->dtype != AS_DTYPE_F32 || input->shape.rank != 4 ||
        (input->shape.dims[1] != 1 && input->shape.dims[1] != 3) || input->shape.dims[2] > UINT16_MAX ||
        input->shape.dims[3] > UINT16_MAX)
        return AS_FAIL(err, AS_EINVAL,
                       "the model's first input is no picture (f32, N x 1 or 3 x H x W): leave --images out");
    *ret = (as_input_spec){.width = (uint32_t)input->shape.dims[3],
                           .height = (uint32_t)input->shape.dims[2],
                           .channels = (uint32_t)input->shape.dims[1]};
    if (as_model_info_read(graph, &info, NULL) && info.input.channels == ret->channels &&
        info.input.width == ret->width && info.input.height == ret->height) {
        *ret = info.input;
        return true;
    }
    return as_backbone_input(&none, graph, ret, &from, err);
}

static bool bench_put_picture(as_prepare *prepare, const char *path, float *out, as_err *err)
{
    uint8_t *bytes = NULL;
    size_t   n = 0;
    as_image image = {0};
    bool     ok = as_fs_read(path, BENCH_MAX_FILE, &bytes, &n, err) &&
              (as_codec_decode(bytes, n, &image, NULL, err) || as_err_note(err, "'%s'", path)) &&
              as_prepare_run(prepare, &image, out, err);
    as_image_done(&image);
    free(bytes);
    return ok;
}

static bool bench_put_pictures(const as_graph *graph, const bench_files *files, as_bench_inputs *inputs, as_err *err)
{
    as_input_spec spec;
    if (inputs->n == 0 || !bench_spec(graph, &inputs->sets[0][0], &spec, err))
        return inputs->n > 0 || AS_FAIL(err, AS_EINVAL, "the model has no input");
    as_prepare  *prepare = as_prepare_new(&spec, err);
    const size_t batch = (size_t)inputs->sets[0][0].shape.dims[0], each = as_tensor_count(&inputs->sets[0][0]) / batch;
    bool         ok = prepare != NULL;
    for (size_t k = 0; k < AS_BENCH_INPUTS; k++)
        for (size_t i = 0; ok && i < batch; i++)
            ok = bench_put_picture(prepare, files->paths[(k * batch + i) % files->n],
                                   (float *)inputs->sets[k][0].data + i * each, err);
    inputs->n_images = AS_MIN(files->n, batch * AS_BENCH_INPUTS);
    as_prepare_free(prepare);
    return ok;
}

static bool bench_add_pictures(const as_graph *graph, const char *folder, as_bench_inputs *inputs, as_err *err)
{
    bench_files files = {.n = 0};
    bool        ok =
        (as_fs_is_dir(folder) || AS_FAIL(err, AS_ENOTFOUND, "there is no folder '%s'", folder)) &&
        as_fs_walk(folder, bench_on_file, &files, err) &&
        (files.n > 0 || AS_FAIL(err, AS_ENOTFOUND, "no picture in '%s' (" AS_CODEC_TITLES " are read)", folder)) &&
        bench_put_pictures(graph, &files, inputs, err);
    for (size_t i = 0; i < files.n; i++)
        free(files.paths[i]);
    return ok;
}

/* What follows from a size that is open is not what is wrong: `err` then tells of that. */
static bool bench_infer(as_graph *graph, int64_t batch, as_err *err)
{
    char   shape[AS_TENSOR_MAX_RANK * 24];
    size_t count;
    if (as_graph_infer_shapes(graph, batch, err))
        return true;
    for (size_t i = 0; i < as_graph_n_inputs(graph); i++) {
        const as_value *value = as_graph_value(graph, as_graph_input(graph, i));
        if (value->has_shape && !as_shape_count(&value->shape, &count))
            return as_err_set(err, AS_EUNSUPPORTED,
                              "input '%.200s': its size %s is open (say which, as: --input NAME=1x3x224x224)",
                              value->name, as_shape_text(&value->shape, shape, sizeof shape));
    }
    return false;
}

bool as_bench_inputs_make(const uint8_t *model, size_t n, const char *name, const as_bench_cfg *cfg,
                          as_bench_inputs *ret, as_err *err)
{
    as_bench_inputs inputs = {.n = 0};
    as_graph       *graph = as_graph_parse(model, n, name, err);
    bool            ok = graph && bench_infer(graph, cfg->batch, err) && bench_make_sets(graph, &inputs, err) &&
              (!cfg->images || bench_add_pictures(graph, cfg->images, &inputs, err));
    as_graph_free(graph);
    if (ok)
        *ret = inputs;
    else
        as_bench_inputs_done(&inputs);
    return ok;
}
