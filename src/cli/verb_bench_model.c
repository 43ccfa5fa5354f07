/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "cli/backend_opt.h"
#include "cli/model_file.h"
#include "cli/output.h"
#include "cli/term.h"
#include "lab/bench.h"
#include "spec/unit.h"

#define BENCH_MAX_THREADS 256
#define BENCH_TOLD        0.001 /* of the time: what is off the fast path for less is in --json */
#define BENCH_SHOWN       20    /* layers, unless --all or --json */

static const char *const bench_precisions[] = {"f32", "bf16", NULL};

static const as_opt bench_opts[] = {
    {"backend", 'b', "NAMES", "one or two of native, ort, ort:PROVIDER and auto (default: native,ort)", NULL},
    {"threads", 'j', "N", "threads of each side (default: 1)", NULL},
    {"precision", 0, "NAME", "what native computes floats in, where that is faster: f32 (the default), bf16",
     bench_precisions},
    {"batch", 0, "N", "pictures at once, where the model leaves that open (default: 1)", NULL},
    {"input", 0, "NAME=SHAPE", "the size of an input, as data=1x3x224x224; may be repeated", NULL},
    {"images", 0, "FOLDER", "pictures to feed (default: random numbers from a fixed seed)", NULL},
    {"pairs", 0, "N", "pairs of blocks, 1 to 10000; a ratio of fewer than 20 is no evidence (default: 20)", NULL},
    {"seconds", 0, "S", "how long to measure, all pairs together (default: 8)", NULL},
    {"page", 0, "FILE", "write a page too: latency as a histogram, the layers under the roofs of the processor", NULL},
    {"all", 'a', NULL, "print every layer (default: the 20 that take longest)", NULL},
};

typedef struct bench_verb {
    as_cli       *cli;
    as_model_file file;
    as_str        model; /* with the sizes of --input */
    as_bench_cfg  cfg;
    as_bench      bench;
    char          backends[256];
} bench_verb;

/* "3.42 ms"; "-" for what is not known. */
static const char *bench_time(double seconds, char *text, size_t cap)
{
    const double scale = seconds >= 1 ? 1 : seconds >= 1e-3 ? 1e3 : 1e6;
    if (isnan(seconds))
        as_str_copy(text, cap, "-");
    else
        snprintf(text, cap, "%.3g %s", seconds * scale, seconds >= 1 ? "s" : seconds >= 1e-3 ? "ms" : "us");
    return text;
}

/* --- what is asked --- */

static bool bench_backends(bench_verb *v, as_err *err)
{
    const char *given = as_cli_opt(v->cli, "backend");
    char       *rest = v->backends, *word;
    size_t      n = 0;
    if (!as_str_copy(v->backends, sizeof v->backends, given ? given : "native,ort"))
        return AS_FAIL(err, AS_EINVAL, "--backend is too long");
    while ((word = as_cli_next_backend(&rest))) {
        if (n == AS_BENCH_SIDES)
            return AS_FAIL(err, AS_EINVAL, "--backend '%s' names more than two back ends", given);
        v->cfg.backends[n++] = word;
    }
    return n > 0 || AS_FAIL(err, AS_EINVAL, "--backend '%s' names no back end", given ? given : "");
}

static bool bench_options(bench_verb *v, as_err *err)
{
    uint64_t threads = 1, pairs = 0;
    v->cfg.images = as_cli_opt(v->cli, "images");
    v->cfg.progress = &v->cli->progress;
    if (!as_model_batch(v->cli, &v->cfg.batch, err) ||
        !as_cli_u64(v->cli, "threads", 1, BENCH_MAX_THREADS, &threads, err) ||
        !as_cli_u64(v->cli, "pairs", 1, AS_PAIRS_MAX, &pairs, err) ||
        !as_cli_f64(v->cli, "seconds", 0.01, 86400, &v->cfg.seconds, err))
        return false;
    const char *precision = as_cli_opt(v->cli, "precision");
    v->cfg.precision = precision && strcmp(precision, "bf16") == 0 ? AS_FLOATS_BF16 : AS_FLOATS_F32;
    v->cfg.threads = (uint32_t)threads;
    v->cfg.pairs = (size_t)pairs;
    return bench_backends(v, err);
}

/* The model's bytes, with sizes that were given put in. */
static bool bench_load(bench_verb *v, as_err *err)
{
    if (!as_model_file_open(v->cli, as_cli_arg(v->cli, 0), &v->file, err))
        return false;
    as_graph *graph = as_graph_parse(v->file.bytes, v->file.n, v->file.name, err);
    bool      ok = graph && as_model_set_inputs(v->cli, graph, err) && as_graph_write(graph, &v->model, err);
    as_graph_free(graph);
    return ok && (as_str_ok(&v->model) || AS_FAIL(err, AS_ENOMEM, "out of memory"));
}

/* --- telling --- */

static bool bench_latency(bench_verb *v, as_err *err)
{
    static const char *const columns[] = {"back end", ">p50",      ">p90",          ">p99",    ">p99.9",
                                          ">runs",    ">a second", ">first result", ">memory", NULL};
    as_table                *table = as_table_new(columns);
    char                     text[AS_UNIT_TEXT_BYTES];
    for (size_t i = 0; i < v->bench.n_sides; i++) {
        const as_bench_side *s = &v->bench.sides[i];
        const double         values[] = {s->p50, s->p90, s->p99, s->p999};
        if (!s->runs)
            continue;
        as_table_cell(table, AS_STYLE_BOLD, "%s", s->backend);
        for (size_t k = 0; k < AS_COUNT(values); k++)
            as_table_cell(table, AS_STYLE_NONE, "%s", bench_time(values[k], text, sizeof text));
        as_table_cell(table, AS_STYLE_NONE, "%zu", s->n_runs);
        as_table_cell(table, AS_STYLE_NONE, "%.4g", s->per_second);
        as_table_cell(table, AS_STYLE_NONE, "%s", bench_time(s->has_start ? s->start_seconds : NAN, text, sizeof text));
        as_table_cell(table, AS_STYLE_NONE, "%s",
                      s->has_start ? as_unit_text((double)s->start_bytes, AS_UNIT_BYTES, text) : "-");
    }
    return as_table_print(table, v->cli, err);
}

static void bench_ratio(const bench_verb *v)
{
    const as_bench *b = &v->bench;
    const as_band  *r = &b->pairs.ratio;
    as_str          text;
    as_str_init(&text);
    for (size_t i = 0; i < b->n_sides; i++)
        if (!b->sides[i].runs)
            fprintf(v->cli->out, "%s does not run here, the other was measured alone: %s\n", b->sides[i].backend,
                    as_model_text(&text, b->sides[i].why.text));
    if (!isnan(r->median))
        fprintf(v->cli->out, "%sratio %.2f [%.2f %.2f]%s: %s against %s, 80 %% of %zu pairs of %zu runs a side\n",
                as_term_style(v->cli, r->median >= 1 ? AS_STYLE_GOOD : AS_STYLE_WARN), r->median, r->low, r->high,
                as_term_plain(v->cli), b->sides[0].backend, b->sides[1].backend, b->pairs.n, b->pairs.calls);
    if (b->pairs.n < AS_PAIRS_MIN_SOUND)
        fprintf(v->cli->out, "%zu pairs are no evidence: %d are needed (--pairs)\n", b->pairs.n, AS_PAIRS_MIN_SOUND);
    for (size_t i = 0; i < b->n_outputs; i++) {
        const as_bench_output *o = &b->outputs[i];
        fprintf(v->cli->out, "output '%s' differs by at most %.2g of its largest number", as_model_text(&text, o->name),
                o->difference);
        if (o->n_rows)
            fprintf(v->cli->out, "; same top class in %zu of %zu", o->n_same_top, o->n_rows);
        fputc('\n', v->cli->out);
    }
    if (b->n_more_outputs)
        fprintf(v->cli->out, "... and %zu more outputs\n", b->n_more_outputs);
    as_str_done(&text);
}

static int bench_by_time(const void *a, const void *b)
{
    const as_bench_step *x = *(const as_bench_step *const *)a, *y = *(const as_bench_step *const *)b;
    if (x->seconds > y->seconds || x->seconds < y->seconds)
        return x->seconds < y->seconds ? 1 : -1;
    return (x > y) - (x < y);
}

static void bench_number(as_table *table, bool has, double number)
{
    if (has)
        as_table_cell(table, AS_STYLE_NONE, "%.1f", number);
    else
        as_table_cell(table, AS_STYLE_NONE, "%s", "");
}

static void bench_layer(const as_bench_step *s, as_table *table)
{
    char   text[64];
    as_str name;
    as_str_init(&name);
    as_table_cell(table, AS_STYLE_BOLD, "%.40s", as_model_text(&name, s->step.name));
    as_table_cell(table, AS_STYLE_NONE, "%.30s%s%.30s", s->step.op, *s->step.fused ? " + " : "", s->step.fused);
    as_table_cell(table, AS_STYLE_NONE, "%.34s", s->step.how);
    as_table_cell(table, AS_STYLE_NONE, "%s", bench_time(s->seconds, text, sizeof text));
    as_table_cell(table, AS_STYLE_NONE, "%.1f %%", 100 * s->share);
    bench_number(table, s->n_ops > 0, s->ops_per_s / 1e9);
    bench_number(table, s->n_ops > 0, s->intensity);
    as_table_cell(table, AS_STYLE_NONE, "%.1f", s->bytes_per_s / 1e9);
    as_table_cell(table, AS_STYLE_NONE, "%.0f %%", 100 * s->of_roof);
    as_table_cell(table, AS_STYLE_WARN, "%s", as_slow_name(s->step.slow));
    as_str_done(&name);
}

static bool bench_layers(bench_verb *v, as_err *err)
{
    static const char *const columns[] = {"layer",    "operator", "by",       ">time", ">share", ">GFLOP/s",
                                          ">op/byte", ">GB/s",    ">of roof", "slow",  NULL};
    const as_bench          *b = &v->bench;
    const bool               all = as_cli_flag(v->cli, "all");
    const as_bench_step    **order = calloc(b->n_steps + 1, sizeof *order);
    if (!order)
        return AS_FAIL(err, AS_ENOMEM, "out of memory");
    for (size_t i = 0; i < b->n_steps; i++)
        order[i] = &b->steps[i];
    if (!all)
        qsort(order, b->n_steps, sizeof *order, bench_by_time);
    as_table    *table = as_table_new(columns);
    const size_t n = all ? b->n_steps : AS_MIN(b->n_steps, (size_t)BENCH_SHOWN);
    for (size_t i = 0; i < n; i++)
        bench_layer(order[i], table);
    free(order);
    if (!as_table_print(table, v->cli, err))
        return false;
    if (n < b->n_steps)
        fprintf(v->cli->out, "... and %zu more that take less (--all)\n", b->n_steps - n);
    return true;
}

static void bench_fast_path(const bench_verb *v)
{
    const as_bench *b = &v->bench;
    FILE           *out = v->cli->out;
    as_str          text;
    as_str_init(&text);
    fprintf(out, "roofs on %u thread%s: %.1f GFLOP/s, %.1f GOP/s of whole numbers, %.1f GB/s from memory\n",
            b->peak.threads, b->peak.threads == 1 ? "" : "s", b->peak.flops / 1e9, b->peak.int8_ops / 1e9,
            as_peak_memory(&b->peak) / 1e9);
    fprintf(out, "%s%.1f %% of the time is on the fast path%s\n",
            as_term_style(v->cli, b->fast_share > 0.9 ? AS_STYLE_GOOD : AS_STYLE_WARN), 100 * b->fast_share,
            as_term_plain(v->cli));
    for (size_t i = 0; i < b->n_slow; i++) {
        const as_bench_slow *slow = &b->slow[i];
        if (slow->share < BENCH_TOLD)
            continue;
        fprintf(out, "%s: %.1f %% in %zu step%s, most of it in '%s' (%s): %s; to change: %s\n",
                as_slow_name(slow->slow), 100 * slow->share, slow->n_steps, slow->n_steps == 1 ? "" : "s",
                as_model_text(&text, slow->worst), slow->op, as_slow_reason(slow->slow), as_slow_advice(slow->slow));
    }
    as_str_done(&text);
}

static bool bench_text(bench_verb *v, as_err *err)
{
    const as_bench *b = &v->bench;
    FILE           *out = v->cli->out;
    char            bytes[AS_UNIT_TEXT_BYTES], input[64] = "random numbers";
    as_str          text;
    as_str_init(&text);
    if (b->n_images)
        snprintf(input, sizeof input, "%zu pictures", b->n_images);
    fprintf(out, "%s%s%s  %s, batch %lld, %u thread%s, fed with %s\n", as_term_style(v->cli, AS_STYLE_BOLD),
            as_model_text(&text, v->file.name), as_term_plain(v->cli),
            as_unit_text((double)v->file.n, AS_UNIT_BYTES, bytes), (long long)b->cfg.batch, b->cfg.threads,
            b->cfg.threads == 1 ? "" : "s", input);
    fprintf(out, "on %s (%s), load %.1f\n", as_cpu_model(), as_cpu_features(), b->load);
    for (size_t i = 0; i < b->n_sides; i++)
        if (b->sides[i].runs)
            fprintf(out, "%-8s %s\n", b->sides[i].backend, b->sides[i].about);
    as_str_done(&text);
    fputc('\n', out);
    if (!bench_latency(v, err))
        return false;
    bench_ratio(v);
    if (!b->engine) {
        fprintf(out, "the native engine does not run it: see assay model check\n");
        return true;
    }
    fputc('\n', out);
    if (!bench_layers(v, err))
        return false;
    bench_fast_path(v);
    return true;
}

static bool bench_page(bench_verb *v, as_err *err)
{
    const char *path = as_cli_opt(v->cli, "page");
    as_str      page;
    if (!path)
        return true;
    as_str_init(&page);
    as_bench_page(&v->bench, v->file.name, v->file.n, &page);
    bool ok = (as_str_ok(&page) || AS_FAIL(err, AS_ENOMEM, "cannot hold the page")) &&
              as_output_write(path, &page, NULL, err);
    as_str_done(&page);
    if (ok)
        as_term_say(v->cli, "page     %s", path);
    return ok;
}

static int bench_model_run(as_cli *cli, as_err *err)
{
    bench_verb *v = calloc(1, sizeof *v);
    if (!v)
        return AS_FAIL(err, AS_ENOMEM, "out of memory") ? 0 : AS_VERB_FAILED;
    v->cli = cli;
    as_str_init(&v->model);
    bool ok = bench_options(v, err) && bench_load(v, err) &&
              as_bench_run((const uint8_t *)v->model.s, v->model.len, v->file.name, &v->cfg, &v->bench, err);
    as_term_progress_end(cli);
    ok = ok && bench_page(v, err) &&
         (cli->json ? as_cli_print_json(cli, as_bench_json(&v->bench, v->file.name, v->file.n), err)
                    : bench_text(v, err));
    as_bench_done(&v->bench);
    as_model_file_done(&v->file);
    as_str_done(&v->model);
    free(v);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_verb as_verb_bench_model = {
    .name = "bench-model",
    .summary = "measure how fast a model runs here, and what its layers take",
    .usage = "[MODEL]",
    .about =
        "MODEL is an ONNX file, or a run: its id, its number, or last. Without one it is the current run.\n\n"
        "Runs the model in the native engine and in ONNX Runtime in turn, in one process, on the same inputs: pairs "
        "of\n"
        "blocks, whose order alternates, after the outputs have been compared. Prints latencies, the ratio's median\n"
        "with the band that holds 80 % of the pairs, the time from the file to the first result and the memory that\n"
        "takes, each in a process of its own.\n\n"
        "Then each layer of the native engine is timed and held against what this processor was seen to do: the lower\n"
        "of its arithmetic and of the memory that the layer moves is the roof. What is off the fast path is told, "
        "with\n"
        "the reason and what to change. Operations are those of the definition: Winograd's algorithm does fewer, so "
        "that\n"
        "such a layer may stand above its roof.\n\n"
        "A back end that is missing, or refuses the model, is told, and the other measured alone: exit status 0. It is "
        "2\n"
        "for wrong use or when none runs the model, 3 when the outside failed.\n\n" AS_CLI_BACKEND_ABOUT,
    .examples = "  assay bench-model squeezenet1.1.onnx\n  assay bench-model last --images photos/ --page speed.html\n"
                "  assay bench-model detector.onnx --input images=1x3x640x640 --threads 2 --json\n"
                "  assay bench-model last --backend native --seconds 2\n"
                "  assay bench-model big.onnx --backend ort:cpu,ort:cuda\n",
    .opts = bench_opts,
    .n_opts = AS_COUNT(bench_opts),
    .max_args = 1,
    .run = bench_model_run,
};
