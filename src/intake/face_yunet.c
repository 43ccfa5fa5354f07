/* SPDX-License-Identifier: Apache-2.0 */
/* YuNet as an ONNX file (task/head_yunet.c reads what it gives), from BGR 0..255. Its input has one size: the picture is looked
 * at whole, and in tiles that overlap, at double size and so on, until small faces are large enough. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "image/resample.h"
#include "infer/infer.h"
#include "intake/face.h"
#include "task/head.h"

#define YUNET_MAX_BYTES ((size_t)64 << 20)
#define YUNET_OVERLAP   0.25 /* of a tile: what is larger is found at half the size */

typedef struct face_yunet {
    as_session     *session;
    pthread_mutex_t lock;
    bool            has_lock;
    uint32_t        width, height; /* of the input */
    size_t          n_outputs;
    as_head        *head;
} face_yunet;

typedef struct yunet_view {
    face_yunet     *d;
    const as_image *image;
    double          factor; /* pixels of the picture in one of the input */
    double          at_x, at_y;
    double          least; /* score */
    float          *input;
    as_tensor      *outputs;
    as_faces       *ret;
} yunet_view;

static void yunet_close(void *priv)
{
    face_yunet *d = priv;
    d->session = as_session_close(d->session);
    d->head = as_head_free(d->head);
    if (d->has_lock)
        pthread_mutex_destroy(&d->lock);
}

static bool yunet_head(face_yunet *d, as_err *err)
{
    as_port    ports[AS_HEAD_MAX_OUTPUTS];
    as_head_io io = {
        .outputs = ports, .n_outputs = d->n_outputs, .width = d->width, .height = d->height, .word = "yunet"};
    for (size_t i = 0; i < AS_MIN(d->n_outputs, AS_COUNT(ports)); i++)
        ports[i] = *as_session_output(d->session, i);
    d->head = as_head_new(&io, NULL, err);
    return d->head || as_err_note(err, "is no YuNet model");
}

static bool yunet_shape(face_yunet *d, as_err *err)
{
    const as_port *in = as_session_n_inputs(d->session) == 1 ? as_session_input(d->session, 0) : NULL;
    if (!in || in->dtype != AS_DTYPE_F32 || in->shape.rank != 4 || in->shape.dims[0] != 1 || in->shape.dims[1] != 3 ||
        in->shape.dims[2] < 32 || in->shape.dims[3] < 32 || in->shape.dims[2] > 4096 || in->shape.dims[3] > 4096 ||
        in->shape.dims[2] % 32 || in->shape.dims[3] % 32)
        return AS_FAIL(err, AS_EFORMAT, "is no YuNet model: its input is not 1 x 3 x height x width, multiples of 32");
    d->height = (uint32_t)in->shape.dims[2];
    d->width = (uint32_t)in->shape.dims[3];
    d->n_outputs = as_session_n_outputs(d->session);
    return yunet_head(d, err);
}

static bool yunet_open(void *priv, const char *path, char *version, as_err *err)
{
    face_yunet    *d = priv;
    uint8_t       *bytes;
    size_t         n;
    char           hex[AS_SHA256_HEX_BYTES];
    as_err         why = AS_ERR_NONE;
    as_session_cfg cfg = {.batch = 1};
    if (!as_fs_read(path, YUNET_MAX_BYTES, &bytes, &n, err))
        return false;
    d->has_lock = pthread_mutex_init(&d->lock, NULL) == 0;
    as_digest digest = as_sha256_of(bytes, n);
    memcpy(version, as_digest_hex(&digest, hex), AS_FACE_VERSION_BYTES - 1);
    version[AS_FACE_VERSION_BYTES - 1] = '\0';
    /* Our own engine where it has every operator, else ONNX Runtime. */
    d->session = as_session_open(bytes, n, path, &cfg, &why);
    cfg.backend = "ort";
    if (!d->session)
        d->session = as_session_open(bytes, n, path, &cfg, err);
    free(bytes);
    return d->session && d->has_lock && yunet_shape(d, err);
}

/* One tile of the scaled picture, blue first; black where it ends. */
static void yunet_fill(const yunet_view *v, as_resample *scaled, float *const rows[3], uint32_t at_x, uint32_t at_y)
{
    static const as_row_affine levels[3] = {{1, 0}, {1, 0}, {1, 0}};
    const face_yunet          *d = v->d;
    size_t                     plane = (size_t)d->width * d->height;
    uint32_t                   n_x = AS_MIN(d->width, scaled->x[0].n_out - at_x);
    uint32_t                   n_y = AS_MIN(d->height, scaled->y[0].n_out - at_y);
    memset(v->input, 0, 3 * plane * sizeof *v->input);
    for (uint32_t y = 0; y < n_y; y++) {
        float *to = v->input + (size_t)y * d->width;
        as_resample_row(scaled, at_y + y, rows, levels);
        for (size_t c = 0; c < 3; c++)
            memcpy(to + (2 - c) * plane, rows[scaled->planes == 1 ? 0 : c] + at_x, n_x * sizeof *to);
    }
}

/* Those of one tile; the lock is held. */
static bool yunet_take(const yunet_view *v, as_err *err)
{
    const as_box *found = NULL;
    size_t        n = 0;
    if (!as_head_candidates(v->d->head, v->outputs, (float)v->least, &found, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const as_box *b = &found[i];
        as_face       face = {(v->at_x + (double)b->x0) * v->factor, (v->at_y + (double)b->y0) * v->factor,
                              (double)(b->x1 - b->x0) * v->factor, (double)(b->y1 - b->y0) * v->factor, (double)b->score};
        if (!as_vec_push(v->ret, face))
            return AS_FAIL(err, AS_ENOMEM, "cannot look for faces: not enough memory");
    }
    return true;
}

static bool yunet_tile(yunet_view *v, as_err *err)
{
    face_yunet *d = v->d;
    as_tensor   input = as_tensor_view(AS_DTYPE_F32, &as_session_input(d->session, 0)->shape, v->input);
    pthread_mutex_lock(&d->lock); /* a session belongs to one thread at a time */
    memset(v->outputs, 0, d->n_outputs * sizeof *v->outputs);
    bool ok = as_session_run(d->session, &input, v->outputs, err) && yunet_take(v, err);
    pthread_mutex_unlock(&d->lock);
    return ok;
}

static bool yunet_level(yunet_view *v, as_err *err)
{
    const face_yunet *d = v->d;
    as_resample       scaled = {0};
    uint32_t          width = (uint32_t)AS_MAX(1.0, (double)v->image->width / v->factor);
    uint32_t          height = (uint32_t)AS_MAX(1.0, (double)v->image->height / v->factor);
    uint32_t step_x = (uint32_t)(d->width * (1 - YUNET_OVERLAP)), step_y = (uint32_t)(d->height * (1 - YUNET_OVERLAP));
    const as_placement all = {0, 0, v->image->width, v->image->height, 0, 0, width, height};
    float             *memory = calloc((size_t)3 * width, sizeof *memory);
    float *const       rows[3] = {memory, memory + width, memory + (size_t)2 * width};
    bool               ok = memory ? as_resample_init(&scaled, v->image->pixel, v->image->width, v->image->height, &all,
                                                      AS_FILTER_AREA, err)
                                   : AS_FAIL(err, AS_ENOMEM, "cannot look for faces: not enough memory");
    if (ok)
        as_resample_begin(&scaled, v->image);
    for (uint32_t y = 0; ok && (y == 0 || y + d->height - step_y < height); y += step_y)
        for (uint32_t x = 0; ok && (x == 0 || x + d->width - step_x < width); x += step_x) {
            yunet_fill(v, &scaled, rows, x, y);
            v->at_x = x;
            v->at_y = y;
            ok = yunet_tile(v, err);
        }
    as_resample_done(&scaled);
    free(memory);
    return ok;
}

static bool yunet_find(void *priv, const as_image *image, double sensitivity, as_faces *ret, as_err *err)
{
    face_yunet *d = priv;
    size_t      n = (size_t)3 * d->width * d->height;
    yunet_view  v = {.d = d, .image = image, .ret = ret, .least = 0.9 - 0.6 * sensitivity};
    v.input = malloc(n * sizeof *v.input);
    v.outputs = calloc(d->n_outputs, sizeof *v.outputs);
    bool   ok = (v.input && v.outputs) || AS_FAIL(err, AS_ENOMEM, "cannot look for faces: not enough memory");
    double least = sensitivity >= 0.5 ? 0.5 : 1; /* enlarging finds smaller ones */
    v.factor = AS_MAX((double)image->width / d->width, (double)image->height / d->height);
    for (bool first = true; ok && (first || v.factor >= least); v.factor /= 2, first = false)
        if ((double)image->width / v.factor <= AS_IMAGE_MAX_SIDE &&
            (double)image->height / v.factor <= AS_IMAGE_MAX_SIDE)
            ok = yunet_level(&v, err);
    free(v.input);
    free(v.outputs);
    return ok;
}

const as_face_detector as_face_detector_yunet = {
    .name = "yunet",
    .summary = "a YuNet network in an ONNX file of yours: faces from about 10 px, turned and half covered ones too",
    .ends = ".onnx",
    .priv_size = sizeof(face_yunet),
    .open = yunet_open,
    .find = yunet_find,
    .close = yunet_close,
};
