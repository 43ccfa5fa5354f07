/* SPDX-License-Identifier: Apache-2.0 */
/* The operator cases of ONNX itself (Debian's libonnx-testdata): each either gives the published output, or is named in
 * the table with the reason why it was left out. */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/rng.h"
#include "base/str.h"
#include "base/vec.h"
#include "engine/plan.h"
#include "graph/widen.h"

#define CASES_DIR       "/usr/share/libonnx-testdata/data"
#define CASE_INPUTS_MAX 16
#define CASE_PATH_BYTES (AS_FS_PATH_BYTES + 64)

typedef struct tally {
    char     op[64];
    unsigned passed, failed, skipped;
} tally;

typedef struct left_out {
    char op[64], name[128];
    char why[200];
} left_out;

static AS_VEC(tally) tallies;
static AS_VEC(left_out) skips;
static as_str failures;

/* What is said of the node, without its name and the model's. */
static void leave_out(const char *op, const char *name, const char *text)
{
    left_out    l = {{0}, {0}, {0}};
    const char *node = strstr(text, "node '"), *said = node ? strstr(node, "): ") : NULL;
    const char *type = strstr(text, "': its element type"), *tensor = strstr(text, "': it is no tensor");
    said = said ? said + 3 : type ? type + 3 : tensor ? tensor + 3 : text;
    as_str_copy(l.op, sizeof l.op, op);
    as_str_copy(l.name, sizeof l.name, name);
    as_str_copy(l.why, sizeof l.why, said);
    assert_true(as_vec_push(&skips, l));
}

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

/* Copies a message without its fields of that number, which go to taken (NULL: nowhere). Returns how many they are. */
static size_t pb_take(const as_str *in, unsigned field, as_str *rest, as_str *taken)
{
    size_t found = 0;
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
        found += key >> 3 == field;
        if (key >> 3 != field)
            as_str_add_bytes(rest, in->s + begin, at + n - begin);
        else if (taken)
            as_str_add_bytes(taken, in->s + at, n);
        at += n;
    }
    return found;
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

static bool near_enough(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b);
    if (isinf(a) || isinf(b))
        return a == b;
    return fabs(a - b) <= 1e-5 + 1e-3 * fabs(b);
}

static bool compare(const as_tensor *got, const as_tensor *want, as_err *err)
{
    const size_t bytes = as_dtype_bytes(want->dtype);
    if (got->dtype != want->dtype || !as_shape_equal(&got->shape, &want->shape))
        return AS_FAIL(err, AS_EINTERNAL, "wrong type or shape");
    for (size_t i = 0; i < as_tensor_count(want); i++) {
        const bool real = want->dtype == AS_DTYPE_F32 || want->dtype == AS_DTYPE_F64;
        const bool same = real ? near_enough(as_tensor_number(got, i), as_tensor_number(want, i))
                               : memcmp((char *)got->data + i * bytes, (char *)want->data + i * bytes, bytes) == 0;
        if (!same)
            return AS_FAIL(err, AS_EINTERNAL, "element %zu is %g and not %g", i, as_tensor_number(got, i),
                           as_tensor_number(want, i));
    }
    return true;
}

typedef struct one_case {
    as_str     model;
    as_tensor  inputs[CASE_INPUTS_MAX];
    size_t     n_fed;
    as_graph  *graph;
    as_engine *engine;
} one_case;

/* What a case's inputs become. A network has most of them as constants (sizes, axes, limits), and an operator may need
 * that; as many as possible are tried as inputs. */
typedef enum feeding { FEED_ALL, FEED_FLOATS, FEED_FIRST, FEEDINGS } feeding;

static bool case_feeds(feeding how, size_t i, const as_tensor *t)
{
    return how == FEED_ALL || (how == FEED_FLOATS ? t->dtype == AS_DTYPE_F32 && t->shape.rank > 0 : i == 0);
}

static bool case_read_input(one_case *c, const char *dir, feeding how, size_t i, const char *name, as_err *err)
{
    char      path[CASE_PATH_BYTES];
    as_str    bytes;
    as_tensor t = {0};
    snprintf(path, sizeof path, "%s/test_data_set_0/input_%zu.pb", dir, i);
    bool ok = read_tensor(path, &t, &bytes, err);
    if (ok && case_feeds(how, i, &t)) {
        c->inputs[c->n_fed++] = t;
    } else if (ok) {
        pb_add_tensor_to_model(&c->model, &bytes, name);
        as_tensor_done(&t);
    }
    as_str_done(&bytes);
    return ok;
}

static bool case_read_inputs(one_case *c, const char *dir, feeding how, as_err *err)
{
    as_str names[CASE_INPUTS_MAX];
    size_t n = as_graph_n_inputs(c->graph);
    if (n > CASE_INPUTS_MAX)
        return AS_FAIL(err, AS_EUNSUPPORTED, "more than %d inputs", CASE_INPUTS_MAX);
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        as_str_init(&names[i]);
        as_str_add(&names[i], as_graph_value(c->graph, as_graph_input(c->graph, i))->name);
    }
    for (size_t i = 0; i < n; i++) {
        ok = ok && case_read_input(c, dir, how, i, names[i].s, err);
        as_str_done(&names[i]);
    }
    if (!ok || c->n_fed == n)
        return ok;
    as_graph_free(c->graph);
    c->graph = as_graph_parse((const uint8_t *)c->model.s, c->model.len, "case", err);
    return c->graph != NULL;
}

static bool case_compare(one_case *c, const char *dir, const as_tensor *outputs, as_err *err)
{
    char path[CASE_PATH_BYTES];
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

/* False with AS_EINTERNAL: it runs, and is wrong. */
static bool case_run(one_case *c, const char *dir, feeding how, as_err *err)
{
    as_tensor     outputs[CASE_INPUTS_MAX] = {0};
    as_engine_cfg cfg = {0};
    if (!case_read_inputs(c, dir, how, err))
        return false;
    const as_value *first = as_graph_value(c->graph, as_graph_input(c->graph, 0));
    if (as_graph_n_inputs(c->graph) > 0 && first->shape.rank > 0)
        cfg.batch = c->inputs[0].shape.dims[0];
    c->engine = as_graph_widen(c->graph, err) ? as_engine_new(c->graph, &cfg, err) : NULL;
    if (!c->engine)
        return false;
    if (as_engine_n_outputs(c->engine) > CASE_INPUTS_MAX)
        return AS_FAIL(err, AS_EUNSUPPORTED, "too many outputs");
    for (size_t i = 0; i < c->n_fed; i++)
        if (!as_shape_equal(&c->inputs[i].shape, &as_engine_input(c->engine, i)->shape))
            return AS_FAIL(err, AS_EUNSUPPORTED, "an input without entries");
    if (!as_engine_run(c->engine, c->inputs, outputs, err)) {
        as_err_note(err, "run");
        err->code = AS_EINTERNAL;
        return false;
    }
    return case_compare(c, dir, outputs, err);
}

static void case_done(one_case *c)
{
    as_engine_free(c->engine);
    as_graph_free(c->graph);
    for (size_t i = 0; i < c->n_fed; i++)
        as_tensor_done(&c->inputs[i]);
    as_str_done(&c->model);
}

/* An operator's case names the operator set in which the operator last changed; the oldest that we read has the same
 * operator, or one whose attributes tell. */
static void case_raise_opset(as_str *model)
{
    as_str rest, set, version;
    size_t at = 0;
    as_str_init(&rest);
    as_str_init(&set);
    pb_take(model, 8, &rest, &set);
    as_str_init(&version);
    for (size_t i = 0; i < set.len;) { /* a domain or the version */
        const uint64_t key = pb_read_varint(&set, &i);
        if ((key & 7) == 0)
            at = (size_t)pb_read_varint(&set, &i);
        else
            i += (size_t)pb_read_varint(&set, &i);
    }
    if (at > 0 && at < 7) {
        as_str_add_bytes(&version, "\x10\x07", 2);
        pb_move(&rest, 8, &version);
        as_str_done(model);
        *model = rest;
    } else {
        as_str_done(&version);
        as_str_done(&rest);
    }
    as_str_done(&set);
}

/* The first node's operator, of a model that need not be one we can read. */
static void case_operator(const as_str *model, char *ret, size_t cap)
{
    as_str graph, rest, node, type;
    as_str_init(&graph);
    as_str_init(&rest);
    as_str_init(&node);
    as_str_init(&type);
    pb_take(model, 7, &rest, &graph);
    size_t n_nodes = pb_take(&graph, 1, &rest, &node);
    pb_take(&node, 4, &rest, &type);
    as_str_copy(ret, cap, n_nodes == 1 ? type.s : "several nodes");
    as_str_done(&graph);
    as_str_done(&rest);
    as_str_done(&node);
    as_str_done(&type);
}

static bool case_try(const as_str *model, const char *dir, const char *name, feeding how, as_err *err)
{
    one_case c = {.graph = NULL};
    as_str_init(&c.model);
    as_str_add_bytes(&c.model, model->s, model->len);
    c.graph = as_graph_parse((const uint8_t *)c.model.s, c.model.len, name, err);
    bool ok = c.graph && case_run(&c, dir, how, err);
    case_done(&c);
    return ok;
}

/* Published results that we do not give, and why. */
static const struct {
    const char *name, *why;
} differs[] = {
    {"test_resize_downsample_scales_cubic_align_corners",
     "published for a length of 2.4 where 2 numbers come out; we use 2, as ONNX Runtime and PyTorch do"},
    {"test_resize_downsample_scales_linear_align_corners",
     "published for a length of 2.4 where 2 numbers come out; we use 2, as ONNX Runtime and PyTorch do"},
    {"test_maxunpool_export_with_output_shape",
     "published with indices into a smaller result that is then padded, against what is written of MaxPool's indices "
     "(onnx/onnx#2398); ours are into the result, as ONNX Runtime's"},
};

static const char *case_differs(const char *name)
{
    for (size_t i = 0; i < AS_COUNT(differs); i++)
        if (strcmp(differs[i].name, name) == 0)
            return differs[i].why;
    return NULL;
}

/* It passes when it runs in one of the ways of feeding it, and is right in all in which it runs. */
static void run_case(const char *group, const char *name)
{
    char     dir[AS_FS_PATH_BYTES], path[CASE_PATH_BYTES], op[64];
    unsigned ran = 0, wrong = 0;
    as_err   err = AS_ERR_NONE;
    as_str   model;
    snprintf(dir, sizeof dir, "%s/%s/%s", CASES_DIR, group, name);
    snprintf(path, sizeof path, "%s/model.onnx", dir);
    as_str_init(&model);
    if (!read_file(path, &model, &err))
        fail_msg("%s", err.text);
    case_raise_opset(&model);
    case_operator(&model, op, sizeof op);
    for (feeding how = FEED_ALL; how < FEEDINGS; how++) {
        err = (as_err)AS_ERR_NONE;
        if (case_try(&model, dir, name, how, &err)) {
            ran++;
        } else if (err.code == AS_EINTERNAL) {
            wrong++;
            if (!case_differs(name))
                as_str_addf(&failures, "  %s (%d): %s\n", name, (int)how, err.text);
        }
    }
    tally      *t = tally_of(op);
    const char *why = case_differs(name);
    if (why && wrong > 0) {
        t->skipped++;
        leave_out(op, name, why);
    } else if (wrong > 0) {
        t->failed++;
    } else if (ran > 0) {
        t->passed++;
    } else {
        t->skipped++;
        leave_out(op, name, err.text);
    }
    as_str_done(&model);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void each_case(const char *group, void (*visit)(const char *group, const char *name))
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
        visit(group, names.at[i]);
        free(names.at[i]);
    }
    as_vec_done(&names);
}

static void run_all(void)
{
    as_str_init(&failures);
    each_case("node", run_case);
    each_case("pytorch-operator", run_case);
    each_case("pytorch-converted", run_case);
    each_case("simple", run_case);
}

static void forget_all(void)
{
    as_str_done(&failures);
    as_vec_done(&skips);
    as_vec_done(&tallies);
}

static bool skipped_here(void)
{
    if (as_fs_is_dir(CASES_DIR))
        return false;
    print_message("skipped: no '%s' (apt-get install libonnx-testdata)\n", CASES_DIR);
    return true;
}

static void test_published_cases(void **state)
{
    (void)state;
    if (skipped_here())
        skip();
    run_all();
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
    for (size_t i = 0; i < skips.n; i++)
        printf("  %s: %s\n", skips.at[i].name, skips.at[i].why);
    fputs("failed:\n", stdout);
    fputs(failures.s, stdout);
    fflush(stdout);
    forget_all();
    assert_int_equal(failed, 0);
    assert_true(passed >= 770);
}

/* --- changed models: an error or a run, no harm -------------------------------------------------------------------- */

static bool change_is_small(as_graph *graph)
{
    size_t all = 0;
    if (!as_graph_infer_shapes(graph, 1, NULL))
        return false;
    for (size_t i = 0; i < as_graph_n_values(graph); i++) {
        size_t count = 0;
        if (as_shape_count(&as_graph_value(graph, (int32_t)i)->shape, &count))
            all += AS_MIN(count, (size_t)1 << 20);
    }
    return all < (size_t)1 << 20;
}

/* The engine runs a new model over zeros. */
static void change_case(const char *group, const char *name)
{
    char   path[CASE_PATH_BYTES];
    as_str model;
    as_err err = AS_ERR_NONE;
    snprintf(path, sizeof path, "%s/%s/%s/model.onnx", CASES_DIR, group, name);
    as_str_init(&model);
    assert_true(read_file(path, &model, &err));
    case_raise_opset(&model);
    for (uint64_t seed = 0; seed < 12; seed++) {
        as_rng rng = as_rng_new(seed * 7919 + model.len);
        as_str changed;
        as_str_init(&changed);
        as_str_add_bytes(&changed, model.s, model.len);
        for (uint64_t i = 0; i < 1 + seed % 3; i++)
            changed.s[as_rng_below(&rng, changed.len)] = (char)as_rng_below(&rng, 256);
        as_graph *graph = as_graph_parse((const uint8_t *)changed.s, changed.len, name, NULL);
        if (graph && change_is_small(graph))
            as_engine_free(as_engine_new(graph, &(as_engine_cfg){0}, NULL));
        as_graph_free(graph);
        as_str_done(&changed);
    }
    as_str_done(&model);
}

static void test_changed_cases_do_no_harm(void **state)
{
    (void)state;
    if (skipped_here())
        skip();
    each_case("node", change_case);
    each_case("pytorch-operator", change_case);
}

/* --- docs/reference/operators.md ------------------------------------------------------------------------------------- */

static int tallies_by_name(const void *a, const void *b)
{
    return strcmp(((const tally *)a)->op, ((const tally *)b)->op);
}

/* Each reason once, with how many cases it is of. */
static void table_reasons(const char *op)
{
    bool first = true;
    for (size_t i = 0; i < skips.n; i++) {
        unsigned n = 0;
        bool     told = false;
        for (size_t k = 0; k < skips.n; k++) {
            const bool same = strcmp(skips.at[k].op, op) == 0 && strcmp(skips.at[k].why, skips.at[i].why) == 0;
            told = told || (same && k < i);
            n += same;
        }
        if (n == 0 || told || strcmp(skips.at[i].op, op) != 0)
            continue;
        printf("%s%u: %s", first ? "" : "<br>", n, skips.at[i].why);
        first = false;
    }
}

static bool table_on_list(const char *op)
{
    for (size_t i = 0; as_graph_op_name(i); i++)
        if (strcmp(as_graph_op_name(i), op) == 0)
            return true;
    return false;
}

static void table_rows(bool on_list)
{
    bool first = true;
    for (size_t i = 0; i < tallies.n; i++) {
        const tally *t = &tallies.at[i];
        if (table_on_list(t->op) != on_list || strcmp(t->op, "several nodes") == 0)
            continue;
        if (on_list) {
            printf("| %s | %u | %u | ", t->op, t->passed, t->skipped);
            table_reasons(t->op);
            printf(" |\n");
        } else {
            printf("%s%s (%u)", first ? "" : ", ", t->op, t->skipped);
            first = false;
        }
    }
}

static int print_table(void)
{
    if (skipped_here())
        return 77;
    run_all();
    for (size_t i = 0; as_op_at(i); i++)
        tally_of(as_op_at(i)->name);
    qsort(tallies.at, tallies.n, sizeof *tallies.at, tallies_by_name);
    printf("# Operators of the native engine\n\n"
           "Every operator that a model may hold, with the published cases of ONNX 1.12 (Debian's libonnx-testdata) "
           "that the\n"
           "engine gives the published result for, and those it leaves out with the reason. Operators without a case "
           "are newer\n"
           "than these; they, and all others in the order of data in which a convolution leaves it, are compared with "
           "ONNX\n"
           "Runtime (src/infer/ops_test.c). A case names the operator set in which its operator last changed; those of "
           "a set below 7\n"
           "(of Softsign, for one), which no model may name, are read as ones of set 7, whose operator is the same.\n\n"
           "| operator | cases that pass | left out | why |\n| --- | --- | --- | --- |\n");
    table_rows(true);
    const tally *several = tally_of("several nodes");
    printf("\nCases of several nodes: %u pass, %u are left out, most for an operator below.\n\n"
           "Not on the list, and refused by name (cases): ",
           several->passed, several->skipped);
    table_rows(false);
    printf(".\n");
    const bool failed = failures.len > 0;
    forget_all();
    return failed;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_cases),
        cmocka_unit_test(test_changed_cases_do_no_harm),
    };
    if (argc == 2 && strcmp(argv[1], "--markdown") == 0)
        return print_table();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
