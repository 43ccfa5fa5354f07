/* SPDX-License-Identifier: Apache-2.0 */
/* Any shapes and numbers as a model's outputs. First byte: which head is asked for (past the last: by the shapes); then the
 * input's width and height in units of 32, the number of labels, the number of outputs; for each of them its type, its rank
 * and its dimensions; the rest is repeated as the numbers. What is found lies in the picture, with a score from 0 to 1. */
#include <stdlib.h>
#include <string.h>

#include "task/head.h"

#define FUZZ_MOST_BYTES ((size_t)1 << 22)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct fuzz_bytes {
    const uint8_t *at;
    size_t         n, i;
} fuzz_bytes;

static uint8_t fuzz_next(fuzz_bytes *b)
{
    return b->i < b->n ? b->at[b->i++] : 0;
}

/* Small numbers as they are, some that detectors have, and one that is too large. */
static int64_t fuzz_dim(fuzz_bytes *b)
{
    static const int64_t usual[] = {84, 85, 116, 144, 255, 300,  1,    20,
                                    40, 80, 160, 336, 525, 2100, 6300, (int64_t)1 << 33};
    uint8_t              v = fuzz_next(b);
    return v < 240 ? v : usual[v - 240];
}

static void fuzz_run(as_head *head, const as_tensor *outputs)
{
    const as_box       *found;
    size_t              n;
    const as_input_spec input = {.width = 64, .height = 64, .resize = AS_RESIZE_LETTERBOX};
    as_mapping          map;
    as_head_gives       gives = as_head_kind_of(head)->gives;
    static uint8_t      mask[101 * 71];
    if (!as_prepare_to_source(&input, 100, 70, &map, NULL) || !as_head_run(head, outputs, &found, &n, NULL))
        return;
    for (size_t i = 0; i < n; i++) {
        as_box box = found[i];
        as_head_map_box(&map, &box);
        if (!(box.score >= 0 && box.score <= 1) || !(box.x0 >= 0 && box.x1 <= 100 && box.y0 >= 0 && box.y1 <= 70))
            abort();
        if ((gives == AS_HEAD_MASKS || gives == AS_HEAD_AREAS) && box.x1 > box.x0 && box.y1 > box.y0)
            as_head_mask(head, outputs, &box, &map, mask, 101);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const as_dtype types[] = {AS_DTYPE_F32, AS_DTYPE_F32, AS_DTYPE_F32, AS_DTYPE_I64, AS_DTYPE_I32, AS_DTYPE_U8};
    fuzz_bytes            b = {data, size, 0};
    as_port               ports[8];
    as_tensor             tensors[8];
    as_head_io            io = {.outputs = ports};
    const as_head_kind   *kind = as_head_kind_at(fuzz_next(&b) % 32);
    io.word = kind ? kind->name : NULL;
    io.width = fuzz_next(&b) * 32u;
    io.height = fuzz_next(&b) * 32u;
    io.n_labels = fuzz_next(&b);
    io.n_outputs = fuzz_next(&b) % 8;
    memset(tensors, 0, sizeof tensors);
    size_t total = 0;
    bool   ok = true;
    for (size_t i = 0; i < io.n_outputs; i++) {
        as_shape shape = {.rank = 0};
        as_dtype type = types[fuzz_next(&b) % AS_COUNT(types)];
        int      rank = fuzz_next(&b) % 6;
        for (int k = 0; k < rank; k++)
            shape.dims[shape.rank++] = fuzz_dim(&b);
        size_t n = 0;
        ok = ok && as_shape_count(&shape, &n) && n < FUZZ_MOST_BYTES && (total += n * 8) < FUZZ_MOST_BYTES &&
             as_tensor_new(&tensors[i], type, &shape, NULL);
        ports[i] = (as_port){.name = "cls_8", .dtype = type, .shape = shape};
    }
    as_head *head = as_head_new(&io, NULL, NULL);
    for (size_t i = 0; ok && head && i < io.n_outputs; i++) {
        uint8_t *bytes = tensors[i].data;
        size_t   n = as_tensor_count(&tensors[i]) * as_dtype_bytes(tensors[i].dtype), rest = size - b.i;
        for (size_t k = 0; rest && k < n; k++)
            bytes[k] = data[b.i + k % rest];
    }
    if (ok && head)
        fuzz_run(head, tensors);
    as_head_free(head);
    for (size_t i = 0; i < io.n_outputs; i++)
        as_tensor_done(&tensors[i]);
    return 0;
}
