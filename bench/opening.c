/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/opening.h"

#include <math.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/fs.h"
#include "bench/cnn.h"
#include "infer/ort_api.h"

enum { MEMORY_FD = 3, N_BEFORE = 3 };

/* --- in the new process ------------------------------------------------------------------------------------------- */

/* What both processes see: the input, and behind it room for the output. */
typedef struct load_memory {
    float *input, *output;
    size_t n_output; /* of room; then of the output */
} load_memory;

static size_t load_input_values(uint32_t side)
{
    return (size_t)3 * side * side;
}

static bool child_ours(const char *path, load_memory *memory, as_ns *ret_ns, as_err *err)
{
    const as_session_cfg cfg = {.backend = "native", .threads = 1, .batch = 1};
    const as_ns          start = as_clock_mono();
    as_session          *session = as_session_open_file(path, &cfg, err);
    as_tensor            out = {.dtype = AS_DTYPE_NONE};
    if (!session)
        return false;
    const as_tensor in = as_tensor_view(AS_DTYPE_F32, &as_session_input(session, 0)->shape, memory->input);
    if (!as_session_run(session, &in, &out, err))
        return false;
    *ret_ns = as_clock_mono() - start;
    memory->n_output = AS_MIN(memory->n_output, as_tensor_count(&out));
    memcpy(memory->output, out.data, memory->n_output * sizeof(float));
    return true; /* the session stays open: its memory is looked at next */
}

/* As a program in C does it, from the file; our own reader is not in its way. The library is loaded before. */
static bool child_peer(const char *path, const as_shape *in, const as_shape *out, load_memory *memory, as_ns *ret_ns,
                       as_err *err)
{
    static const char *const inputs[] = {"input"};
    static const char *const outputs[] = {"scores"};
    const ort_api           *api;
    ort_options             *options = NULL;
    ort_session             *session = NULL;
    ort_memory              *cpu = NULL;
    ort_value               *values[2] = {NULL};
    const size_t             n = load_input_values((uint32_t)in->dims[2]);
    if (!as_ort_api_get(&api, err))
        return false;
    const as_ns start = as_clock_mono();
    if (!as_ort_api_ok(api, api->create_options(&options), err) ||
        !as_ort_api_ok(api, api->set_intra_threads(options, 1), err) ||
        !as_ort_api_ok(api, api->set_inter_threads(options, 1), err) ||
        !as_ort_api_ok(api, api->set_optimisation(options, ORT_OPTIMISE_ALL), err) ||
        !as_ort_api_ok(api, api->create_session_of_file(api->env, path, options, &session), err) ||
        !as_ort_api_ok(api, api->create_cpu_memory(ORT_ARENA_ALLOCATOR, ORT_MEM_DEFAULT, &cpu), err) ||
        !as_ort_api_ok(api,
                       api->create_tensor(cpu, memory->input, n * sizeof(float), in->dims, 4, AS_DTYPE_F32, &values[0]),
                       err) ||
        !as_ort_api_ok(api,
                       api->create_tensor(cpu, memory->output, memory->n_output * sizeof(float), out->dims,
                                          (size_t)out->rank, AS_DTYPE_F32, &values[1]),
                       err) ||
        !as_ort_api_ok(
            api, api->run(session, NULL, inputs, (const ort_value *const *)values, 1, outputs, 1, &values[1]), err))
        return false;
    *ret_ns = as_clock_mono() - start;
    return true;
}

static double child_own_bytes(void)
{
    unsigned long size, resident, shared;
    FILE         *f = fopen("/proc/self/statm", "re");
    const bool    ok = f && fscanf(f, "%lu %lu %lu", &size, &resident, &shared) == 3;
    if (f)
        fclose(f);
    return ok ? (double)(resident - shared) * (double)sysconf(_SC_PAGESIZE) : 0.0;
}

int bench_opening_child(const char *side, const char *path)
{
    as_err      err = AS_ERR_NONE;
    struct stat st;
    as_ns       ns = 0;
    if (fstat(MEMORY_FD, &st) != 0 || st.st_size < (off_t)sizeof(float))
        return 2;
    float *all = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, MEMORY_FD, 0);
    if (all == MAP_FAILED)
        return 2;
    const uint32_t pixels = (uint32_t)all[0];
    const as_shape in = {.rank = 4, .dims = {1, 3, pixels, pixels}}, out = {.rank = 2, .dims = {1, NET_CLASSES}};
    load_memory    memory = {.input = all + 1, .output = all + 1 + load_input_values(pixels), .n_output = NET_CLASSES};
    const bool     ok = strcmp(side, "ours") == 0 ? child_ours(path, &memory, &ns, &err)
                                                  : child_peer(path, &in, &out, &memory, &ns, &err);
    if (ok)
        printf("%lld %.0f %.0f %.0f\n", (long long)ns, (double)as_cpu_peak_bytes(), (double)as_cpu_resident_bytes(),
               child_own_bytes());
    else
        printf("failed: %s\n", err.text);
    fflush(stdout);
    return ok ? 0 : 1;
}

/* --- in this one -------------------------------------------------------------------------------------------------- */

static bool load_call(bench_opening *load, int side, double *ret_ns, as_err *err)
{
    static const char *const names[] = {[BENCH_OURS] = "ours", [BENCH_PEER] = "peer"};
    const char *const        argv[] = {"/proc/self/exe", "load", names[side], load->path, NULL};
    const size_t             n = load_input_values(load->model.side);
    bench_child              child = {.pid = 0};
    bench_memory            *memory = &load->memory[side];
    bool                     ok = bench_child_init(&child, (1 + n + NET_CLASSES) * sizeof(float), err);
    if (ok) {
        ((float *)child.memory)[0] = (float)load->model.side;
        bench_net_draw(7000, 3, load->model.side, (float *)child.memory + 1);
    }
    ok = ok && bench_child_start(&child, argv, err);
    if (ok && sscanf(child.line.s, "%lf %lf %lf %lf", ret_ns, &memory->peak, &memory->resident, &memory->own) != 4)
        ok = AS_FAIL(err, AS_EINTERNAL, "the new process says: %.300s", child.line.s);
    if (ok)
        memcpy(load->outputs[side].data, (float *)child.memory + 1 + n, NET_CLASSES * sizeof(float));
    bench_child_stop(&child);
    return ok;
}

static bool load_write(bench_opening *load, bench_form form, as_err *err)
{
    const char   *base = getenv("TMPDIR");
    const as_str *bytes = form == BENCH_FORM_INT8 ? &load->model.whole : &load->model.floats;
    snprintf(load->dir, sizeof load->dir, "%.40s/assay-bench-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(load->dir)) {
        load->dir[0] = '\0';
        return AS_FAIL(err, AS_EIO, "cannot make a temporary folder");
    }
    snprintf(load->path, sizeof load->path, "%s/model.onnx", load->dir);
    return as_fs_write_fast(load->path, bytes->s, bytes->len, err);
}

static void load_say_memory(const bench_opening *load, uint32_t side, const char *form, char *note, size_t n)
{
    const bench_memory *a = &load->memory[BENCH_OURS], *b = &load->memory[BENCH_PEER];
    const double        mib = 1024.0 * 1024.0;
    snprintf(
        note, n,
        "3x%ux%u %s, new process, file in the page cache; resident at most ours %.0f MiB, peer %.0f (%.2f of it); then "
        "%.0f and %.0f (%.2f), without pages of files %.0f and %.0f (%.2f)",
        side, side, form, a->peak / mib, b->peak / mib, a->peak / b->peak, a->resident / mib, b->resident / mib,
        a->resident / b->resident, a->own / mib, b->own / mib, a->own / b->own);
}

bool bench_opening_open(bench_opening *load, const bench_net_kind *kind, bench_form form, bench_about *about,
                        as_err *err)
{
    const as_shape shape = {.rank = 1, .dims = {NET_CLASSES}};
    double         ns;
    if (!bench_ort_peer(about, err) || !bench_model_make(&load->model, kind, 0, form == BENCH_FORM_INT8, err) ||
        !load_write(load, form, err))
        return false;
    for (int side = 0; side < BENCH_SIDES; side++) {
        if (!as_tensor_new(&load->outputs[side], AS_DTYPE_F32, &shape, err))
            return false;
        for (int i = 0; i < N_BEFORE; i++)
            if (!load_call(load, side, &ns, err))
                return false;
    }
    load_say_memory(load, load->model.side, form == BENCH_FORM_INT8 ? "int8" : "f32", about->note, sizeof about->note);
    about->n_inputs = 1;
    about->calls = 1;
    about->tolerance = form == BENCH_FORM_INT8 ? 0.05 : 1e-4;
    return true;
}

bool bench_opening_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    bench_opening *load = priv;
    double         ns, worst = 0.0, largest = 1e-30;
    (void)input;
    if (!load_call(load, BENCH_OURS, &ns, err) || !load_call(load, BENCH_PEER, &ns, err))
        return false;
    for (size_t i = 0; i < NET_CLASSES; i++) {
        const double a = (double)((float *)load->outputs[BENCH_OURS].data)[i],
                     b = (double)((float *)load->outputs[BENCH_PEER].data)[i];
        largest = fmax(largest, fabs(b));
        if (!(fabs(a - b) <= worst)) /* keeps a NaN */
            worst = fabs(a - b);
    }
    *ret_difference = worst / largest;
    return true;
}

static bool load_block(bench_opening *load, int side, size_t n, double *ret_ns, as_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!load_call(load, side, &ret_ns[i], err))
            return false;
    return true;
}

bool bench_opening_ours(void *priv, size_t first, size_t n, double *ret_ns, as_err *err)
{
    (void)first;
    return load_block(priv, BENCH_OURS, n, ret_ns, err);
}

bool bench_opening_peer(void *priv, size_t first, size_t n, double *ret_ns, as_err *err)
{
    (void)first;
    return load_block(priv, BENCH_PEER, n, ret_ns, err);
}

void bench_opening_close(void *priv)
{
    bench_opening *load = priv;
    if (*load->dir && !as_fs_remove_tree(load->dir, NULL))
        fprintf(stderr, "bench: cannot remove '%s'\n", load->dir);
    for (int side = 0; side < BENCH_SIDES; side++)
        as_tensor_done(&load->outputs[side]);
    bench_model_done(&load->model);
}
