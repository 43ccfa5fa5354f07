/* SPDX-License-Identifier: Apache-2.0 */
/* The operator cases of ONNX itself (Debian's libonnx-testdata): each either gives the published output, or is named in
 * the table with the reason why it was left out. */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/str.h"
#include "base/vec.h"
#include "engine/plan.h"

#define CASES_DIR       "/usr/share/libonnx-testdata/data"
#define CASE_INPUTS_MAX 16
#define CASE_PATH_BYTES (AS_FS_PATH_BYTES + 64)

typedef struct tally {
    char     op[64];
    unsigned passed, failed, skipped;
} tally;

static AS_VEC(tally) tallies;
static as_str skips, failures;

static tally *tally_of(const char *op)
{
    for (size_t i = 0; i < tallies.n; i++)
        if (strcmp(tallies.at[i].op, op) == 0)
            return &tallies.at[i];
    tally t = {{0}, 0, 0, 0};
    as_str_copy(t.op, sizeof t.op, op);
    assert_true(as_vec_push(&tallies, t));
    return &tallies.at[tallies.n - 1];
}

/* --- protobuf by hand: a TensorProto becomes the initialiser of a model, whose reader then reads it ------------------- */

static void pb_varint(as_str *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        as_str_add_bytes(out, (const char[]){(char)(v | 0x80)}, 1);
    as_str_add_bytes(out, (const char[]){(char)v}, 1);
}

static void pb_bytes(as_str *out, unsigned field, const char *bytes, size_t n)
{
    pb_varint(out, field << 3 | 2);
    pb_varint(out, n);
    as_str_add_bytes(out, bytes, n);
}

static void pb_text(as_str *out, unsigned field, const char *text)
{
    pb_bytes(out, field, text, strlen(text));
}

static void pb_move(as_str *out, unsigned field, as_str *part)
{
    pb_bytes(out, field, part->s, part->len);
    as_str_done(part);
}

static uint64_t pb_read_varint(const as_str *in, size_t *at)
{
    uint64_t v = 0;
    for (unsigned shift = 0; *at < in->len && shift < 64; shift += 7) {
        uint8_t byte = (uint8_t)in->s[(*at)++];
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    return v;
}

/* Copies a message without its fields of that number, which go to taken (NULL: nowhere). */
static void pb_take(const as_str *in, unsigned field, as_str *rest, as_str *taken)
{
    for (size_t at = 0; at < in->len;) {
        size_t   begin = at;
        uint64_t key = pb_read_varint(in, &at), n = 0;
        if ((key & 7) == 0)
            pb_read_varint(in, &at);
        if ((key & 7) == 1)
            at += 8;
        if ((key & 7) == 5)
            at += 4;
        if ((key & 7) == 2)
            n = pb_read_varint(in, &at);
        assert_true(at + n <= in->len);
        if (key >> 3 != field)
            as_str_add_bytes(rest, in->s + begin, at + n - begin);
        else if (taken)
            as_str_add_bytes(taken, in->s + at, n);
        at += n;
    }
}

/* Adds the tensor to a GraphProto as initialiser `name`. */
static void pb_add_tensor(as_str *graph, const as_str *tensor, const char *name)
{
    as_str named;
    as_str_init(&named);
    pb_take(tensor, 8, &named, NULL);
    pb_text(&named, 8, name);
    pb_move(graph, 5, &named);
}

static void pb_add_tensor_to_model(as_str *model, const as_str *tensor, const char *name)
{
    as_str rest, graph;
    as_str_init(&rest);
    as_str_init(&graph);
    pb_take(model, 7, &rest, &graph);
    pb_add_tensor(&graph, tensor, name);
    pb_move(&rest, 7, &graph);
    as_str_done(model);
    *model = rest;
}

static as_graph *tensor_graph(const as_str *tensor, as_err *err)
{
    as_str model, graph, part, type;
    as_str_init(&model);
    as_str_init(&graph);
    as_str_init(&part);
    as_str_init(&type);
    as_str_add_bytes(&model, "\x08\x08", 2); /* IR version 8 */
    as_str_add_bytes(&part, "\x10\x11", 2);  /* opset 17 */
    pb_move(&model, 8, &part);
    as_str_init(&part);
    pb_text(&part, 1, "t");
    pb_text(&part, 2, "y");
    pb_text(&part, 4, "Identity");
    pb_move(&graph, 1, &part);
    pb_text(&graph, 2, "g");
    pb_add_tensor(&graph, tensor, "t");
    as_str_init(&part);
    pb_text(&part, 1, "y");
    as_str_add_bytes(&type, "\x0a\x02\x08\x01", 4);
    pb_move(&part, 2, &type);
    pb_move(&graph, 12, &part);
    pb_move(&model, 7, &graph);
    as_graph *g = as_graph_parse((const uint8_t *)model.s, model.len, "tensor", err);
    as_str_done(&model);
    return g;
}

static bool read_file(const char *path, as_str *ret, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    if (!as_fs_read(path, (size_t)1 << 28, &bytes, &n, err))
        return false;
    as_str_add_bytes(ret, bytes, n);
    free(bytes);
    return true;
}

static bool read_tensor(const char *path, as_tensor *ret, as_str *ret_bytes, as_err *err)
{
    as_str_init(ret_bytes);
    if (!read_file(path, ret_bytes, err))
        return false;
    as_graph *graph = tensor_graph(ret_bytes, err);
    if (!graph)
        return false;
    const as_value *value = as_graph_value(graph, as_graph_find(graph, "t"));
    bool            ok = value->constant && as_tensor_new(ret, value->constant->dtype, &value->constant->shape, err);
    if (ok)
        memcpy(ret->data, value->constant->data, as_tensor_count(ret) * as_dtype_bytes(ret->dtype));
    as_graph_free(graph);
    return ok ? true : AS_FAIL(err, AS_EFORMAT, "no tensor in '%s'", path);
}

/* --- one case ----------------------------------------------------------------------------------------------------- */

static bool near_enough(float a, float b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b);
    if (isinf(a) || isinf(b))
        return a == b;
    return fabsf(a - b) <= 1e-5f + 1e-3f * fabsf(b);
}

static bool compare(const as_tensor *got, const as_tensor *want, as_err *err)
{
    if (got->dtype != want->dtype || !as_shape_equal(&got->shape, &want->shape))
        return AS_FAIL(err, AS_EINTERNAL, "wrong type or shape");
    for (size_t i = 0; i < as_tensor_count(want); i++) {
        bool same = want->dtype == AS_DTYPE_F32 ? near_enough(((float *)got->data)[i], ((float *)want->data)[i])
                                                : memcmp((char *)got->data + i * as_dtype_bytes(want->dtype),
                                                         (char *)want->data + i * as_dtype_bytes(want->dtype),
                                                         as_dtype_bytes(want->dtype)) == 0;
        if (!same)
            return AS_FAIL(err, AS_EINTERNAL, "element %zu is %g and not %g", i, (double)((float *)got->data)[i],
                           (double)((float *)want->data)[i]);
    }
    return true;
}

typedef struct one_case {
    as_str     model;
    as_tensor  inputs[CASE_INPUTS_MAX];
    as_graph  *graph;
    as_engine *engine;
} one_case;

static bool is_fed(const as_tensor *t, size_t i)
{
    const bool bytes = t->dtype == AS_DTYPE_U8 || t->dtype == AS_DTYPE_I8;
    return t->shape.rank > 0 && (t->dtype == AS_DTYPE_F32 || (bytes && i == 0 && t->shape.rank > 1));
}

/* Inputs that are not numbers or a picture's bytes, or scalars, are sizes, axes, indices, limits, zero points: they are made
 * constants of the model. */
static bool case_read_inputs(one_case *c, const char *dir, as_err *err)
{
    char   path[CASE_PATH_BYTES];
    as_str names[CASE_INPUTS_MAX];
    size_t n = as_graph_n_inputs(c->graph), fed = 0;
    if (n > CASE_INPUTS_MAX)
        return AS_FAIL(err, AS_EUNSUPPORTED, "more than %d inputs", CASE_INPUTS_MAX);
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        as_str_init(&names[i]);
        as_str_add(&names[i], as_graph_value(c->graph, as_graph_input(c->graph, i))->name);
    }
    for (size_t i = 0; ok && i < n; i++) {
        as_str    bytes;
        as_tensor t = {0};
        snprintf(path, sizeof path, "%s/test_data_set_0/input_%zu.pb", dir, i);
        ok = read_tensor(path, &t, &bytes, err);
        if (ok && !is_fed(&t, i)) {
            pb_add_tensor_to_model(&c->model, &bytes, names[i].s);
            as_tensor_done(&t);
        } else if (ok) {
            c->inputs[fed++] = t;
        }
        as_str_done(&bytes);
    }
    for (size_t i = 0; i < n; i++)
        as_str_done(&names[i]);
    if (!ok || fed == n)
        return ok;
    as_graph_free(c->graph);
    c->graph = as_graph_parse((const uint8_t *)c->model.s, c->model.len, "case", err);
    return c->graph != NULL;
}

/* False with AS_EINTERNAL: it runs, and is wrong. */
static bool case_run(one_case *c, const char *dir, as_err *err)
{
    as_tensor     outputs[CASE_INPUTS_MAX] = {0};
    as_engine_cfg cfg = {0};
    char          path[CASE_PATH_BYTES];
    if (!case_read_inputs(c, dir, err))
        return false;
    const as_value *first = as_graph_value(c->graph, as_graph_input(c->graph, 0));
    if (as_graph_n_inputs(c->graph) > 0 && first->shape.rank > 0)
        cfg.batch = c->inputs[0].shape.dims[0];
    c->engine = as_engine_new(c->graph, &cfg, err);
    if (!c->engine)
        return false;
    if (as_engine_n_outputs(c->engine) > CASE_INPUTS_MAX)
        return AS_FAIL(err, AS_EUNSUPPORTED, "too many outputs");
    if (!as_engine_run(c->engine, c->inputs, outputs, err)) {
        as_err_note(err, "run");
        err->code = AS_EINTERNAL;
        return false;
    }
    for (size_t i = 0; i < as_engine_n_outputs(c->engine); i++) {
        as_tensor want = {0};
        as_str    bytes;
        snprintf(path, sizeof path, "%s/test_data_set_0/output_%zu.pb", dir, i);
        bool ok = read_tensor(path, &want, &bytes, err) && compare(&outputs[i], &want, err);
        as_str_done(&bytes);
        as_tensor_done(&want);
        if (!ok)
            return false;
    }
    return true;
}

static void case_done(one_case *c)
{
    as_engine_free(c->engine);
    as_graph_free(c->graph);
    for (size_t i = 0; i < CASE_INPUTS_MAX; i++)
        as_tensor_done(&c->inputs[i]);
    as_str_done(&c->model);
}

static void run_case(const char *group, const char *name)
{
    char     dir[AS_FS_PATH_BYTES], path[CASE_PATH_BYTES];
    as_err   err = AS_ERR_NONE;
    one_case c = {.graph = NULL};
    snprintf(dir, sizeof dir, "%s/%s/%s", CASES_DIR, group, name);
    snprintf(path, sizeof path, "%s/model.onnx", dir);
    as_str_init(&c.model);
    if (!read_file(path, &c.model, &err)) {
        as_str_done(&c.model);
        return;
    }
    c.graph = as_graph_parse((const uint8_t *)c.model.s, c.model.len, name, &err);
    if (!c.graph) { /* what graph/ refuses is graph/'s to test */
        as_str_done(&c.model);
        return;
    }
    tally *t = tally_of(as_graph_n_nodes(c.graph) == 1 ? as_graph_node(c.graph, 0)->op : "several nodes");
    if (case_run(&c, dir, &err)) {
        t->passed++;
    } else if (err.code == AS_EINTERNAL) {
        t->failed++;
        as_str_addf(&failures, "  %s: %s\n", name, err.text);
    } else {
        t->skipped++;
        as_str_addf(&skips, "  %s: %s\n", name, err.text);
    }
    case_done(&c);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void run_group(const char *group)
{
    char path[CASE_PATH_BYTES];
    AS_VEC(char *) names = {0};
    snprintf(path, sizeof path, "%s/%s", CASES_DIR, group);
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        char *name = e->d_name[0] == '.' ? NULL : strdup(e->d_name);
        if (name)
            assert_true(as_vec_push(&names, name));
    }
    if (dir)
        closedir(dir);
    if (names.n > 0)
        qsort(names.at, names.n, sizeof *names.at, by_name);
    for (size_t i = 0; i < names.n; i++) {
        run_case(group, names.at[i]);
        free(names.at[i]);
    }
    as_vec_done(&names);
}

static void test_published_cases(void **state)
{
    (void)state;
    if (!as_fs_is_dir(CASES_DIR)) {
        print_message("skipped: no '%s' (apt-get install libonnx-testdata)\n", CASES_DIR);
        skip();
    }
    as_str_init(&skips);
    as_str_init(&failures);
    run_group("node");
    run_group("pytorch-operator");
    run_group("pytorch-converted");
    run_group("simple");
    unsigned passed = 0, failed = 0, skipped = 0;
    print_message("%-24s passed skipped failed\n", "operator");
    for (size_t i = 0; i < tallies.n; i++) {
        const tally *t = &tallies.at[i];
        print_message("%-24s %6u %7u %6u\n", t->op, t->passed, t->skipped, t->failed);
        passed += t->passed;
        failed += t->failed;
        skipped += t->skipped;
    }
    print_message("%-24s %6u %7u %6u\nskipped:\n", "all", passed, skipped, failed);
    fputs(skips.s, stdout);
    fputs("failed:\n", stdout);
    fputs(failures.s, stdout);
    fflush(stdout);
    as_str_done(&skips);
    as_str_done(&failures);
    as_vec_done(&tallies);
    assert_int_equal(failed, 0);
    assert_true(passed > 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
