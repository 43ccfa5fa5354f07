/* SPDX-License-Identifier: Apache-2.0 */
/* Small models that ask for much, or for what cannot be: each is refused in words that name the node, or runs, within an
 * address space and a time that are set. Each is tried in a process of its own. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "graph/build.h"
#include "infer/infer.h"

#define SPACE_BYTES ((rlim_t)3 << 30) /* less than what any of them asks for */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SECONDS 200 /* a sanitizer makes all of it slower */
#define CHAIN   20000
#else
#define SECONDS 20
#define CHAIN   99000
#endif

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SHAPE(...) (&(as_shape){.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dims = {__VA_ARGS__}})
#define INTS(...)  ints(h, (const int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

typedef struct hostile {
    as_graph *graph;
    char      last[32], names[400][16]; /* names of what has been made */
    int       n;
    as_err    err;
} hostile;

static const char *name_next(hostile *h)
{
    char *name = h->names[h->n % 400];
    snprintf(name, sizeof h->names[0], "m%d", h->n++);
    return name;
}

static void keep(hostile *h, bool ok)
{
    if (!ok && h->err.code == AS_OK)
        as_err_set(&h->err, AS_EINTERNAL, "the test cannot build this");
}

static const char *constant(hostile *h, as_dtype dtype, const as_shape *shape, const void *data)
{
    as_tensor   t = as_tensor_view(dtype, shape, (void *)(uintptr_t)data);
    const char *name = name_next(h);
    keep(h, as_graph_add_constant(h->graph, name, &t, &h->err));
    return name;
}

static const char *ints(hostile *h, const int64_t *at, size_t n)
{
    return constant(h, AS_DTYPE_I64, SHAPE((int64_t)n), at);
}

static const char *number(hostile *h, as_dtype dtype, const void *value)
{
    return constant(h, dtype, &(as_shape){.rank = 0}, value);
}

static const char *node(hostile *h, const char *op, const char *const *inputs, const as_attr *attrs, size_t n)
{
    const char *name = name_next(h), *out = name_next(h);
    keep(h, as_graph_add_node(h->graph, op, name, inputs, NAMES(out), attrs, n, &h->err));
    return out;
}

static const as_attr *one_int(const char *name, int64_t i)
{
    static as_attr attr;
    attr = (as_attr){.name = name, .kind = AS_ATTR_INT, .i = i};
    return &attr;
}

/* --- those that ask for much --- */

static const char *ask_filled(hostile *h)
{
    return node(h, "ConstantOfShape", NAMES(INTS(65536, 65536)), NULL, 0);
}

/* Each fits, and is known before anything runs: all of them together do not. */
static const char *ask_folded(hostile *h)
{
    const char *sum = node(h, "ConstantOfShape", NAMES(INTS(8192, 8192)), NULL, 0);
    for (int i = 0; i < 60; i++)
        sum = node(h, "Concat", NAMES(sum, node(h, "ConstantOfShape", NAMES(INTS(8192, 8192)), NULL, 0)),
                   one_int("axis", 0), 1);
    return node(h, "ReduceMax", NAMES(sum), NULL, 0);
}

static const char *ask_folded_in_turn(hostile *h)
{
    const char *sum = "x";
    for (int i = 0; i < 40; i++)
        sum = node(h, "Add",
                   NAMES(sum, node(h, "ReduceMax", NAMES(node(h, "ConstantOfShape", NAMES(INTS(8192, 8192)), NULL, 0)),
                                   one_int("keepdims", 0), 1)),
                   NULL, 0);
    return sum;
}

/* Little memory, and much to do: minutes of it. */
static const char *ask_folded_product(hostile *h)
{
    const char *a = node(h, "ConstantOfShape", NAMES(INTS(8192, 8192)), NULL, 0);
    return node(
        h, "Add",
        NAMES("x", node(h, "ReduceMax", NAMES(node(h, "MatMul", NAMES(a, a), NULL, 0)), one_int("keepdims", 0), 1)),
        NULL, 0);
}

static const char *ask_folded_again(hostile *h)
{
    const char *a = node(h, "ConstantOfShape", NAMES(INTS(8192, 8192)), NULL, 0), *sum = "x";
    for (int i = 0; i < 99; i++)
        sum = node(h, "Add", NAMES(sum, node(h, "ReduceLogSumExp", NAMES(a), one_int("keepdims", 0), 1)), NULL, 0);
    return sum;
}

static const char *ask_tiled(hostile *h)
{
    const char *x = "x";
    for (int i = 0; i < 4; i++)
        x = node(h, "Tile", NAMES(x, INTS(1, 1, 100, 100)), NULL, 0);
    return x;
}

static const char *ask_tiled_overflow(hostile *h)
{
    return node(h, "Tile", NAMES("x", INTS(1LL << 31, 1LL << 31, 1LL << 31, 1LL << 31)), NULL, 0);
}

static const char *ask_tiled_nothing(hostile *h)
{
    return node(h, "Tile", NAMES("x", INTS(1, 1, -4, 1)), NULL, 0);
}

static const char *ask_expanded(hostile *h)
{
    return node(h, "Expand", NAMES("x", INTS(4096, 4096, 8, 8)), NULL, 0);
}

static const char *ask_range(hostile *h)
{
    int64_t from = 0, to = INT64_MAX, step = 1;
    return node(h, "Range",
                NAMES(number(h, AS_DTYPE_I64, &from), number(h, AS_DTYPE_I64, &to), number(h, AS_DTYPE_I64, &step)),
                NULL, 0);
}

static const char *ask_range_float(hostile *h)
{
    float from = 0, to = INFINITY, step = 1e-30f;
    return node(h, "Range",
                NAMES(number(h, AS_DTYPE_F32, &from), number(h, AS_DTYPE_F32, &to), number(h, AS_DTYPE_F32, &step)),
                NULL, 0);
}

static const char *ask_padded(hostile *h)
{
    return node(h, "Pad", NAMES("x", INTS(0, 0, 0, 0, 0, 0, 1LL << 40, 1LL << 40)), NULL, 0);
}

static const char *ask_padded_overflow(hostile *h)
{
    return node(h, "Pad", NAMES("x", INTS(0, 0, INT64_MAX, 0, 0, 0, INT64_MAX, 0)), NULL, 0);
}

static const char *ask_resized(hostile *h)
{
    return node(h, "Resize", NAMES("x", "", "", INTS(1, 3, 100000, 100000)), NULL, 0);
}

static const char *ask_resized_nan(hostile *h)
{
    return node(h, "Resize", NAMES("x", "", constant(h, AS_DTYPE_F32, SHAPE(4), (float[]){1, 1, NAN, 1e30f})), NULL, 0);
}

static const char *ask_one_hot(hostile *h)
{
    int64_t depth = 1LL << 40;
    return node(
        h, "OneHot",
        NAMES(INTS(1, 2), number(h, AS_DTYPE_I64, &depth), constant(h, AS_DTYPE_F32, SHAPE(2), (float[]){0, 1})), NULL,
        0);
}

static const char *ask_product(hostile *h)
{
    const char *flat = node(h, "Reshape", NAMES("x", INTS(192, 1)), NULL, 0);
    const char *wide = node(h, "Expand", NAMES(flat, INTS(192, 60000)), NULL, 0);
    return node(h, "MatMul", NAMES(node(h, "Transpose", NAMES(wide), NULL, 0), wide), NULL, 0);
}

/* Every step doubles what stands there 4,096 times over. */
static const char *ask_joined(hostile *h)
{
    static const char *inputs[4097];
    const char        *x = "x";
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < 4096; i++)
            inputs[i] = x;
        x = node(h, "Concat", inputs, one_int("axis", 1), 1);
    }
    return x;
}

static const char *ask_depth(hostile *h)
{
    return node(h, "SpaceToDepth", NAMES("x"), one_int("blocksize", 1LL << 33), 1);
}

static const char *ask_top(hostile *h)
{
    int64_t k = 1LL << 62;
    return node(h, "TopK", NAMES("x", constant(h, AS_DTYPE_I64, SHAPE(1), &k)), NULL, 0);
}

static const char *ask_einsum(hostile *h)
{
    const as_attr equation = {.name = "equation", .kind = AS_ATTR_STR, .s = "abcd,efgh,ijkl,mnop->abcdefghijklmnop"};
    return node(h, "Einsum", NAMES("x", "x", "x", "x"), &equation, 1);
}

/* --- windows that cannot be --- */

static const char *conv_with(hostile *h, const char *op, const char *name, const int64_t *at, size_t n)
{
    static float  weights[3 * 3 * 3 * 3];
    const as_attr attr = {.name = name, .kind = AS_ATTR_INTS, .ints = at, .n = n};
    return node(h, op, NAMES("x", constant(h, AS_DTYPE_F32, SHAPE(3, 3, 3, 3), weights)), &attr, 1);
}
#define CONV_WITH(op, name, ...) \
    conv_with(h, op, name, (const int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static const char *ask_conv_pads(hostile *h)
{
    return CONV_WITH("Conv", "pads", INT64_MAX, 1, INT64_MAX, 1);
}
static const char *ask_conv_large_pads(hostile *h)
{
    return CONV_WITH("Conv", "pads", 60000, 60000, 60000, 60000);
}
static const char *ask_conv_strides(hostile *h)
{
    return CONV_WITH("Conv", "strides", 0, 1);
}
static const char *ask_conv_dilations(hostile *h)
{
    return CONV_WITH("Conv", "dilations", INT64_MAX, INT64_MIN);
}
static const char *ask_transposed(hostile *h)
{
    return CONV_WITH("ConvTranspose", "strides", 1LL << 31, 1LL << 31);
}
static const char *ask_transposed_pads(hostile *h)
{
    return CONV_WITH("ConvTranspose", "output_padding", INT64_MAX, INT64_MAX);
}
static const char *ask_groups(hostile *h)
{
    static float weights[3 * 3 * 3 * 3];
    return node(h, "Conv", NAMES("x", constant(h, AS_DTYPE_F32, SHAPE(3, 3, 3, 3), weights)),
                one_int("group", INT64_MIN), 1);
}
static const char *ask_lrn(hostile *h)
{
    return node(h, "LRN", NAMES("x"), one_int("size", 1LL << 62), 1);
}

static const char *ask_pool(hostile *h)
{
    static const int64_t kernel[] = {1LL << 62, 1LL << 62}, pads[] = {1LL << 62, 1LL << 62, 1LL << 62, 1LL << 62};
    const as_attr        attrs[] = {{.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = kernel, .n = 2},
                                    {.name = "pads", .kind = AS_ATTR_INTS, .ints = pads, .n = 4}};
    return node(h, "MaxPool", NAMES("x"), attrs, 2);
}

/* --- shapes that cannot be --- */

static const char *ask_reshape(hostile *h)
{
    return node(h, "Reshape", NAMES("x", INTS(-5, 3)), NULL, 0);
}
static const char *ask_reshape_overflow(hostile *h)
{
    return node(h, "Reshape", NAMES("x", INTS(1LL << 62, 4, -1)), NULL, 0);
}
static const char *ask_split(hostile *h)
{
    return node(h, "Split", NAMES("x", INTS(INT64_MAX)), one_int("axis", 1), 1);
}
static const char *ask_gather(hostile *h)
{
    return node(h, "Gather", NAMES("x", INTS(INT64_MIN)), one_int("axis", 3), 1);
}
static const char *ask_transpose(hostile *h)
{
    static const int64_t perm[] = {0, 1, INT64_MAX, 1};
    const as_attr        attr = {.name = "perm", .kind = AS_ATTR_INTS, .ints = perm, .n = 4};
    return node(h, "Transpose", NAMES("x"), &attr, 1);
}
static const char *ask_axis(hostile *h)
{
    return node(h, "Softmax", NAMES("x"), one_int("axis", INT64_MIN), 1);
}

/* --- those that may run --- */

static const char *ask_slice(hostile *h)
{
    return node(h, "Slice", NAMES("x", INTS(INT64_MIN), INTS(INT64_MAX), INTS(2), INTS(INT64_MAX)), NULL, 0);
}
static const char *ask_slice_back(hostile *h)
{
    return node(h, "Slice", NAMES("x", INTS(INT64_MAX), INTS(INT64_MIN), INTS(3), INTS(-1)), NULL, 0);
}

static const char *ask_nan_weights(hostile *h)
{
    static float weights[3 * 3 * 3 * 3];
    for (size_t i = 0; i < AS_COUNT(weights); i++)
        weights[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : -INFINITY;
    const char *y = node(h, "Conv", NAMES("x", constant(h, AS_DTYPE_F32, SHAPE(3, 3, 3, 3), weights)), NULL, 0);
    const char *row = constant(h, AS_DTYPE_F32, SHAPE(3), (float[]){NAN, -1, INFINITY});
    y = node(h, "BatchNormalization", NAMES(y, row, row, row, row), NULL, 0);
    y = node(h, "Softmax", NAMES(y), one_int("axis", 1), 1);
    y = node(h, "ArgMax", NAMES(y), one_int("axis", 1), 1);
    return node(h, "Cast", NAMES(y), one_int("to", AS_DTYPE_F32), 1);
}

static const char *ask_nan_steps(hostile *h)
{
    float   scale = NAN;
    uint8_t zero = 255;
    return node(h, "QuantizeLinear", NAMES("x", number(h, AS_DTYPE_F32, &scale), number(h, AS_DTYPE_U8, &zero)), NULL,
                0);
}

/* Places that are none, and as far away as numbers go. */
static const char *ask_grid(hostile *h)
{
    static float grid[2 * 2 * 2];
    for (size_t i = 0; i < AS_COUNT(grid); i++)
        grid[i] = (float[]){NAN, INFINITY, -INFINITY, 3e38f}[i % 4];
    return node(h, "GridSample", NAMES("x", constant(h, AS_DTYPE_F32, SHAPE(1, 2, 2, 2), grid)), NULL, 0);
}

/* Pads that are computed beside an attribute of that name, from before they were an input, with more than there are axes; and axes
 * that are none. */
static const char *ask_old_pads(hostile *h)
{
    static int64_t many[4000];
    static float   data[4];
    for (size_t i = 0; i < AS_COUNT(many); i++)
        many[i] = 1;
    const as_attr attr = {.name = "pads", .kind = AS_ATTR_INTS, .ints = many, .n = AS_COUNT(many)};
    const char   *pads = node(h, "Cast", NAMES("x"), one_int("to", AS_DTYPE_I64), 1);
    return node(h, "Pad", NAMES(constant(h, AS_DTYPE_F32, SHAPE(2, 2), data), pads), &attr, 1);
}

static const char *ask_far_axes(hostile *h)
{
    static const int64_t two[2] = {1, 1};
    static float         data[4];
    const as_attr        attr = {.name = "pads", .kind = AS_ATTR_INTS, .ints = two, .n = 2};
    const char          *pads = node(h, "Cast", NAMES("x"), one_int("to", AS_DTYPE_I64), 1);
    return node(h, "Pad", NAMES(constant(h, AS_DTYPE_F32, SHAPE(2, 2), data), pads, "", INTS(1000000000)), &attr, 1);
}

/* Its updates would have nine dimensions, of which eight were compared. */
static const char *ask_deep_updates(hostile *h)
{
    static int64_t where[1];
    static float   data[2 * 16 * 32], updates[16];
    return node(h, "ScatterND",
                NAMES(constant(h, AS_DTYPE_F32, SHAPE(2, 16, 32), data),
                      constant(h, AS_DTYPE_I64, SHAPE(1, 1, 1, 1, 1, 1, 1, 1), where),
                      constant(h, AS_DTYPE_F32, SHAPE(1, 1, 1, 1, 1, 1, 1, 16), updates)),
                NULL, 0);
}

/* A Slice leaves no row of it. */
static const char *ask_pooled_nothing(hostile *h)
{
    return node(h, "GlobalAveragePool", NAMES(node(h, "Slice", NAMES("x", INTS(0), INTS(0), INTS(2)), NULL, 0)), NULL,
                0);
}

/* Boxes as large and as small as numbers go; each of them one at the end of the first. */
static const char *ask_boxes(hostile *h)
{
    static float   boxes[25 * 4];
    static int64_t of[25];
    const as_attr  attrs[] = {{.name = "output_height", .kind = AS_ATTR_INT, .i = 9},
                              {.name = "mode", .kind = AS_ATTR_STR, .s = "max"}};
    for (size_t i = 0; i < AS_COUNT(boxes); i++)
        boxes[i] = (float[]){NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e9f, -1e9f}[i * i % 7];
    const char *rois = constant(h, AS_DTYPE_F32, SHAPE(25, 4), boxes),
               *which = constant(h, AS_DTYPE_I64, SHAPE(25), of);
    return node(h, "Add",
                NAMES(node(h, "RoiAlign", NAMES("x", rois, which), attrs, 1),
                      node(h, "RoiAlign", NAMES("x", rois, which), attrs, 2)),
                NULL, 0);
}

static const char *ask_boxes_of_nothing(hostile *h)
{
    static float boxes[4] = {1, 1, 3, 3};
    return node(h, "RoiAlign", NAMES("x", constant(h, AS_DTYPE_F32, SHAPE(1, 4), boxes), INTS(1LL << 40)), NULL, 0);
}

/* As many boxes as pictures: x as rows of four, and which picture is what x says times much. */
static const char *ask_boxes_computed(hostile *h)
{
    static float far = 1e15f;
    const char  *rois = node(h, "Reshape", NAMES("x", INTS(48, 4)), NULL, 0);
    const char  *column = node(
         h, "Mul", NAMES(node(h, "Gather", NAMES(rois, INTS(3)), one_int("axis", 1), 1), number(h, AS_DTYPE_F32, &far)),
         NULL, 0);
    const char *flat = node(h, "Reshape", NAMES(column, INTS(48)), NULL, 0);
    return node(h, "RoiAlign", NAMES("x", rois, node(h, "Cast", NAMES(flat), one_int("to", AS_DTYPE_I64), 1)), NULL, 0);
}

static const char *ask_unpooled(hostile *h)
{
    static int64_t       where[3 * 8 * 8] = {INT64_MAX, -1};
    static const int64_t kernel[] = {2, 2};
    const as_attr        attr = {.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = kernel, .n = 2};
    return node(h, "MaxUnpool", NAMES("x", constant(h, AS_DTYPE_I64, SHAPE(1, 3, 8, 8), where)), &attr, 1);
}

/* Its indices are computed: seen when it runs. */
static const char *ask_unpooled_computed(hostile *h)
{
    static const int64_t kernel[] = {2, 2};
    static float         far = 1e15f;
    const as_attr        attr = {.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = kernel, .n = 2};
    const char          *where = node(h, "Mul", NAMES("x", number(h, AS_DTYPE_F32, &far)), NULL, 0);
    return node(h, "MaxUnpool", NAMES("x", node(h, "Cast", NAMES(where), one_int("to", AS_DTYPE_I64), 1)), &attr, 1);
}

static const char *ask_chain(hostile *h)
{
    static char names[2][16];
    const char *x = "x";
    for (int i = 0; i < CHAIN; i++) {
        char *out = names[i % 2];
        snprintf(out, sizeof names[0], "c%d", i);
        keep(h, as_graph_add_node(h->graph, i % 3 ? "Relu" : "Neg", "", NAMES(x), NAMES(out), NULL, 0, &h->err));
        x = out;
    }
    return x;
}

/* Sums of sums: as many paths to the end as there are numbers of 64 bits, and more. */
static const char *ask_ladder(hostile *h)
{
    const char *x = "x";
    for (int i = 0; i < 190; i++)
        x = node(h, "Add", NAMES(x, x), NULL, 0);
    return x;
}

/* They are counted while shapes are inferred: an old exporter's Range. */
static const char *ask_places(hostile *h)
{
    static float ones[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    const char  *places = node(h, "NonZero", NAMES(constant(h, AS_DTYPE_F32, SHAPE(8), ones)), NULL, 0);
    return node(h, "Add", NAMES("x", node(h, "Cast", NAMES(places), one_int("to", AS_DTYPE_F32), 1)), NULL, 0);
}

static const char *ask_long_name(hostile *h)
{
    static char name[4 << 20];
    memset(name, 'n', sizeof name - 1);
    keep(h, as_graph_add_node(h->graph, "Relu", name, NAMES("x"), NAMES(name), NULL, 0, &h->err));
    return node(h, "Reshape", NAMES(name, INTS(7, 7)), NULL, 0);
}

/* says: what the error has in it; NULL: the model runs. */
static const struct {
    const char *name;
    const char *(*ask)(hostile *h);
    const char *says;
} cases[] = {
    {"filled", ask_filled, "(ConstantOfShape)"},
    {"folded", ask_folded, "(Concat)"},
    {"folded in turn", ask_folded_in_turn, "(ConstantOfShape)"},
    {"a folded product", ask_folded_product, "(MatMul)"},
    {"folded again and again", ask_folded_again, "(ReduceLogSumExp)"},
    {"tiled", ask_tiled, "(Tile)"},
    {"tiled beyond 64 bits", ask_tiled_overflow, "(Tile)"},
    {"tiled less than never", ask_tiled_nothing, "(Tile)"},
    {"expanded", ask_expanded, "(Expand)"},
    {"range", ask_range, "(Range)"},
    {"range of floats", ask_range_float, "(Range)"},
    {"padded", ask_padded, "(Pad)"},
    {"padded beyond 64 bits", ask_padded_overflow, "(Pad)"},
    {"resized", ask_resized, "(Resize)"},
    {"resized by nothing", ask_resized_nan, "(Resize)"},
    {"one-hot", ask_one_hot, "(OneHot)"},
    {"product", ask_product, "(MatMul)"},
    {"joined", ask_joined, "(Concat)"},
    {"depth", ask_depth, "(SpaceToDepth)"},
    {"top", ask_top, "(TopK)"},
    {"einsum", ask_einsum, "(Einsum)"},
    {"pads of a convolution", ask_conv_pads, "(Conv)"},
    {"large pads", ask_conv_large_pads, "(Conv)"},
    {"steps of nothing", ask_conv_strides, "(Conv)"},
    {"dilations", ask_conv_dilations, "(Conv)"},
    {"steps of a transposed convolution", ask_transposed, "(ConvTranspose)"},
    {"its pads", ask_transposed_pads, "(ConvTranspose)"},
    {"groups", ask_groups, "(Conv)"},
    {"local response", ask_lrn, "(LRN)"},
    {"pool", ask_pool, "(MaxPool)"},
    {"pool of nothing", ask_pooled_nothing, "(GlobalAveragePool)"},
    {"reshape", ask_reshape, "(Reshape)"},
    {"reshape beyond 64 bits", ask_reshape_overflow, "(Reshape)"},
    {"split", ask_split, "(Split)"},
    {"gather", ask_gather, "(Gather)"},
    {"transpose", ask_transpose, "(Transpose)"},
    {"axis", ask_axis, "(Softmax)"},
    {"slice", ask_slice, "(Slice)"},
    {"slice backwards", ask_slice_back, NULL},
    {"weights that are no numbers", ask_nan_weights, NULL},
    {"steps that are no numbers", ask_nan_steps, NULL},
    {"places that are none", ask_grid, NULL},
    {"pads of an older form", ask_old_pads, "(Pad)"},
    {"pads of axes that are none", ask_far_axes, "(Pad)"},
    {"updates of nine dimensions", ask_deep_updates, "(ScatterND)"},
    {"boxes of any size", ask_boxes, NULL},
    {"a box of no picture", ask_boxes_of_nothing, "(RoiAlign)"},
    {"a box of no picture, as it turns out", ask_boxes_computed, "(RoiAlign)"},
    {"unpooled to nowhere", ask_unpooled, "(MaxUnpool)"},
    {"unpooled to nowhere, as it turns out", ask_unpooled_computed, "(MaxUnpool)"},
    {"a long chain", ask_chain, NULL},
    {"a ladder", ask_ladder, NULL},
    {"places of a constant", ask_places, NULL},
    {"a long name", ask_long_name, "(Reshape)"},
};

/* --- trying --- */

/* The model's file. Its output is named; type and shape are told by inference where the file cannot. */
static bool build(size_t i, as_str *ret, as_err *err)
{
    static hostile h;
    h.graph = as_graph_new("hostile", err);
    if (!h.graph || !as_graph_add_input(h.graph, "x", AS_DTYPE_F32, SHAPE(1, 3, 8, 8), err))
        return false;
    const char *out = cases[i].ask(&h);
    bool        ok = h.err.code == AS_OK || as_err_set(err, h.err.code, "%s", h.err.text);
    as_dtype    dtype = cases[i].ask == ask_nan_steps ? AS_DTYPE_U8
                        : cases[i].ask == ask_range   ? AS_DTYPE_I64
                                                      : AS_DTYPE_F32;
    ok = ok && as_graph_add_output(h.graph, out, dtype, SHAPE(-1), err) && as_graph_finish(h.graph, err) &&
         as_graph_write(h.graph, ret, err);
    as_graph_free(h.graph);
    return ok;
}

static bool run_once(as_session *session, as_err *err)
{
    static float x[3 * 8 * 8];
    as_tensor    in = as_tensor_view(AS_DTYPE_F32, SHAPE(1, 3, 8, 8), x), out = {0};
    for (size_t i = 0; i < AS_COUNT(x); i++)
        x[i] = (float)i / 100;
    return as_session_run(session, &in, &out, err);
}

/* In a child: exit status 0 it runs, 1 refused and the reason into the pipe, 2 the test itself failed. */
static int try_one(size_t i, const char *backend, int to)
{
    as_err        err = AS_ERR_NONE;
    as_str        model;
    struct rlimit space = {SPACE_BYTES, SPACE_BYTES};
    as_str_init(&model);
    if (!build(i, &model, &err)) {
        if (write(to, err.text, strlen(err.text)) < 0)
            return 3;
        return strstr(err.text, "the test cannot") ? 2 : 1;
    }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    setrlimit(RLIMIT_AS, &space);
#endif
    (void)space;
    setrlimit(RLIMIT_CPU, &(struct rlimit){SECONDS, SECONDS});
    alarm(6 * SECONDS); /* others work on this machine too */
    as_session *session = as_session_open((const uint8_t *)model.s, model.len, "hostile",
                                          &(as_session_cfg){.backend = backend, .threads = 1}, &err);
    bool        ok = session && run_once(session, &err);
    if (!ok && write(to, err.text, strlen(err.text)) < 0)
        return 3;
    return ok ? 0 : err.code == AS_EMISSING ? 4 : err.code == AS_ENOMEM ? 5 : 1;
}

static int tried(size_t i, const char *backend, char text[1200])
{
    int     ends[2], status = 0;
    ssize_t n = 0, got;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        _exit(try_one(i, backend, ends[1]));
    }
    close(ends[1]);
    while ((got = read(ends[0], text + n, (size_t)(1199 - n))) > 0)
        n += got;
    text[n] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void test_each_is_refused_or_runs(void **state)
{
    char text[1200];
    int  n_bad = 0;
    (void)state;
#if defined(__SANITIZE_THREAD__)
    print_message("skipped: no thread is in it, and the thread sanitizer makes it slow\n");
    skip();
#endif
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        int  status = tried(i, "native", text);
        bool good =
            cases[i].says ? status == 1 && strstr(text, cases[i].says) && !strstr(text, "node ''") : status == 0;
        if (!good)
            print_message("%s: status %d, %s\n", cases[i].name, status, text);
        n_bad += !good;
    }
    assert_int_equal(n_bad, 0);
}

/* What our own check does not pass is not shown to it: the words are ours. */
static void test_ort_sees_what_was_checked(void **state)
{
    char text[1200];
    int  n_bad = 0;
    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        if (!cases[i].says || cases[i].ask == ask_lrn || cases[i].ask == ask_gather ||
            cases[i].ask == ask_folded_in_turn || cases[i].ask == ask_folded_product ||
            cases[i].ask == ask_folded_again || cases[i].ask == ask_unpooled_computed ||
            cases[i].ask == ask_boxes_computed || cases[i].ask == ask_old_pads || cases[i].ask == ask_far_axes)
            continue; /* these fit, and each back end sees for itself */
        int status = tried(i, "ort", text);
        if (status == 4) {
            print_message("without ort: %s\n", text);
            skip();
        }
        bool good = status == 1 && strstr(text, cases[i].says) && !strstr(text, "ONNX Runtime says");
        if (!good)
            print_message("%s: status %d, %s\n", cases[i].name, status, text);
        n_bad += !good;
    }
    assert_int_equal(n_bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_is_refused_or_runs),
        cmocka_unit_test(test_ort_sees_what_was_checked),
    };
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
