/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/backbone_opts.h"
#include "cli/backend_opt.h"
#include "cli/model_file.h"
#include "cli/output.h"
#include "cli/term.h"
#include "lab/parity.h"

#define PARITY_MAX_THREADS 256
#define PARITY_LIMIT       20

static const char *const parity_splits[] = {"test", "validation", "train", "all", NULL};
static const char *const parity_precisions[] = {"f32", "bf16", "int8", "all", NULL};

static const as_opt parity_opts[] = {
    {"data", 0, "COMMIT", "the pictures: a version, or its tag (default: what the run was trained on, else the newest)",
     NULL},
    {"split", 0, "SPLIT", "test, validation, train or all (default: all)", parity_splits},
    {"backend", 'b', "NAMES",
     "these of native, ort, ort:PROVIDER and auto; the first is the reference; may be repeated", NULL},
    {"precision", 0, "NAME", "also with these numbers: bf16, int8, or all that run here; may be repeated",
     parity_precisions},
    {"calibrate", 0, "N", "training pictures that int8 is calibrated with (default: 128)", NULL},
    {"run", 0, "RUN", "whose operating point judges a MODEL that is a file (default: the current run's)", NULL},
    {"input", 0, "NAME=SHAPE", "the size of an input that the file leaves open, as data=1x3x224x224", NULL},
    {"input-order", 0, "ORDER", "of a foreign file: rgb or bgr (default: what it says, else rgb)", as_cli_input_orders},
    {"input-mean", 0, "A,B,C", "of a foreign file: taken off each channel (default: what it says, else ImageNet's)",
     NULL},
    {"input-scale", 0, "A,B,C", "of a foreign file: divides each channel after that", NULL},
    {"limit", 'l', "N", "at most N flipped pictures of each row (default: 20)", NULL},
    {"html", 0, "FILE", "write a page: how the differences are spread, and the pictures that flipped", NULL},
    {"scores", 0, "FILE", "write every score of every picture as CSV", NULL},
    {"threads", 'j', "N", "pictures judged at a time; the result is the same (default: all cores)", NULL},
};

typedef struct parity_verb {
    as_cli                 *cli;
    as_model_file           file;
    as_str                  bytes; /* of the file with the sizes that --input gives; empty without */
    as_run                  run;
    char                    commit[AS_SHA256_HEX_BYTES];
    as_spec                *spec;
    as_trainer_cfg          input;
    as_cli_backbone_numbers numbers;
    as_parity_cfg           cfg;
    as_parity               parity;
    char                    backends[512];
} parity_verb;

/* --- what is asked --- */

static bool parity_is_file(const char *word)
{
    return word && (strchr(word, '/') || as_str_ends(word, ".onnx") || as_fs_is_file(word));
}

/* A file may be of other classes than the spec's, or there may be no run: then only the best class is compared. */
static bool parity_judge_of_file(parity_verb *v, as_workspace *ws, as_err *err)
{
    const char *given = as_cli_opt(v->cli, "run");
    as_err      why = AS_ERR_NONE;
    if (as_run_find(ws, given, &v->run, &why)) {
        if (given || isfinite(v->run.pass_below))
            v->cfg.run = &v->run;
        return true;
    }
    return !given || as_err_set(err, why.code, "%s", why.text);
}

static bool parity_read_model(parity_verb *v, as_workspace *ws, as_err *err)
{
    const char *word = as_cli_arg(v->cli, 0);
    if (!as_model_file_open(v->cli, word, &v->file, err))
        return false;
    v->cfg.name = v->file.name;
    v->cfg.model = v->file.bytes;
    v->cfg.n_model = v->file.n;
    if (parity_is_file(word))
        return parity_judge_of_file(v, ws, err);
    if (as_cli_opt(v->cli, "run"))
        return AS_FAIL(err, AS_EINVAL, "--run is for a model that is a file: '%s' is judged at its own point",
                       v->file.name);
    if (!as_run_find(ws, word, &v->run, err))
        return false;
    v->cfg.run = &v->run;
    as_str_copy(v->commit, sizeof v->commit, v->run.commit);
    return true;
}

/* Sizes that the file leaves open are written into it: every back end then reads the same model. */
static bool parity_set_inputs(parity_verb *v, as_err *err)
{
    if (!as_cli_opt(v->cli, "input"))
        return true;
    as_graph *graph = as_graph_parse(v->cfg.model, v->cfg.n_model, v->cfg.name, err);
    bool      ok = graph && as_model_set_inputs(v->cli, graph, err) && as_graph_write(graph, &v->bytes, err);
    as_graph_free(graph);
    v->cfg.model = (const uint8_t *)v->bytes.s;
    v->cfg.n_model = v->bytes.len;
    return ok;
}

static bool parity_backends(parity_verb *v, as_err *err)
{
    const char *given;
    char       *word;
    size_t      len = 0;
    for (size_t i = 0; (given = as_cli_opt_at(v->cli, "backend", i)); i++) {
        char *rest = v->backends + len;
        if (!as_str_copy(rest, sizeof v->backends - len, given))
            return AS_FAIL(err, AS_EINVAL, "--backend '%.60s...' is too long", given);
        len += strlen(given) + 1;
        while ((word = as_cli_next_backend(&rest))) {
            if (v->cfg.n_backends == AS_PARITY_MAX_BACKENDS)
                return AS_FAIL(err, AS_EINVAL, "--backend names more than %d back ends", AS_PARITY_MAX_BACKENDS);
            v->cfg.backends[v->cfg.n_backends++] = word;
            if (!*word)
                break;
        }
        if (rest || word)
            return AS_FAIL(err, AS_EINVAL, "--backend '%.100s' has a name missing", given);
    }
    return true;
}

static bool parity_read_opts(parity_verb *v, as_err *err)
{
    uint64_t    threads = 0, calibrate = 0;
    const char *given, *split = as_cli_opt(v->cli, "split");
    if (!as_cli_u64(v->cli, "threads", 1, PARITY_MAX_THREADS, &threads, err) ||
        !as_cli_u64(v->cli, "calibrate", 1, 100000, &calibrate, err) ||
        !as_cli_backbone(v->cli, &v->numbers, &v->input, err) || !parity_backends(v, err))
        return false;
    for (size_t i = 0; (given = as_cli_opt_at(v->cli, "precision", i)); i++) {
        const bool all = strcmp(given, "all") == 0;
        v->cfg.lenient = v->cfg.lenient || all;
        v->cfg.int8 = v->cfg.int8 || all || strcmp(given, "int8") == 0;
        v->cfg.bf16 = v->cfg.bf16 || all || strcmp(given, "bf16") == 0;
    }
    v->cfg.threads = (uint32_t)threads;
    v->cfg.calibrate = calibrate;
    v->cfg.split = split && strcmp(split, "all") != 0 ? as_split_parse(split) : AS_SPLIT_NONE;
    v->cfg.input = &v->input;
    return true;
}

static bool parity_compare(parity_verb *v, as_workspace *ws, as_err *err)
{
    const char *data = as_cli_opt(v->cli, "data");
    if (!parity_read_opts(v, err) || !(v->spec = as_spec_load(ws->spec_path, err)) || !parity_read_model(v, ws, err) ||
        !parity_set_inputs(v, err))
        return false;
    v->cfg.commit = data ? data : v->commit;
    bool ok = as_parity_run(ws, v->spec, &v->cfg, &v->cli->progress, &v->parity, err);
    as_term_progress_end(v->cli);
    return ok;
}

/* --- what is told --- */

static void parity_number_cell(as_table *table, double value)
{
    if (isinf(value))
        as_table_cell(table, AS_STYLE_BAD, "no answer");
    else
        as_table_cell(table, AS_STYLE_NONE, value > 0 ? "%.2g" : "0", value);
}

static void parity_table_row(as_table *table, const as_parity *parity, size_t i)
{
    const as_parity_row *row = &parity->rows[i];
    const bool           chose = row->ran && strcmp(row->backend, "auto") == 0;
    as_table_cell(table, AS_STYLE_BOLD, "%s%s%s%s", row->backend, chose ? " (" : "", chose ? row->runs_on : "",
                  chose ? ")" : "");
    as_table_cell(table, AS_STYLE_BOLD, "%s", row->precision->name);
    if (!row->ran || i == parity->reference) {
        for (int k = 0; k < (parity->has_classes ? 6 : 4); k++)
            as_table_cell(table, AS_STYLE_DIM, "-");
        as_table_cell(table, AS_STYLE_DIM, "%s", row->ran ? "the reference" : row->why.text);
        return;
    }
    const size_t judged[] = {row->n_flipped_verdicts, row->n_flipped_classes, row->n_flipped_parts};
    const size_t numbers[] = {row->n_flipped};
    for (size_t k = 0; k < (parity->has_classes ? AS_COUNT(judged) : AS_COUNT(numbers)); k++) {
        const size_t n = (parity->has_classes ? judged : numbers)[k];
        as_table_cell(table, n ? AS_STYLE_BAD : AS_STYLE_GOOD, "%zu", n);
    }
    parity_number_cell(table, row->median);
    parity_number_cell(table, row->p99);
    parity_number_cell(table, row->worst);
    as_table_cell(table, AS_STYLE_NONE, "%s", row->worst > 0 ? as_parity_name(parity, row->worst_at) : "");
}

static void parity_print_answer(FILE *out, const as_parity *parity, const as_parity_answer *a)
{
    char text[16];
    fputs(as_parity_class(parity, a->best, text), out);
    if (parity->has_point && isnan(a->reject_score))
        fputs(as_verdict_name(a->verdict), out);
    else if (parity->has_point)
        fprintf(out, " (%s, %.4f)", as_verdict_name(a->verdict), a->reject_score);
}

static void parity_print_flips(const parity_verb *v, const as_parity_row *row, uint64_t limit)
{
    const as_parity *parity = &v->parity;
    FILE            *out = v->cli->out;
    uint64_t         n = 0;
    char             name[600];
    as_parity_row_name(row, name, sizeof name);
    fprintf(out, "\n%s%s%s judges otherwise:\n", as_term_style(v->cli, AS_STYLE_BOLD), name, as_term_plain(v->cli));
    for (size_t i = 0; i < parity->n && n < limit; i++) {
        const as_parity_answer *a = &row->answers[i];
        if (!as_parity_flipped(a))
            continue;
        fprintf(out, "  %s: ", as_parity_name(parity, i));
        if (a->flipped_verdict || a->flipped_class) {
            parity_print_answer(out, parity, &parity->rows[parity->reference].answers[i]);
            fputs(" -> ", out);
            parity_print_answer(out, parity, a);
            fputc('\n', out);
        } else if (isinf(a->difference))
            fputs("no answer, or one of another shape\n", out);
        else
            fprintf(out, "a number is %.2g of the largest off\n", a->difference);
        n++;
    }
    if (row->n_flipped > n)
        fprintf(out, "  ... and %llu more (--json has them all)\n", (unsigned long long)(row->n_flipped - n));
}

static void parity_print_head(const parity_verb *v)
{
    const as_parity *parity = &v->parity;
    char             hex[AS_SHA256_HEX_BYTES];
    fprintf(v->cli->out, "%s on %s%s of commit %.12s: %zu pictures, %zu parts\n", v->file.name,
            v->cfg.split ? "the split " : "every split", v->cfg.split ? as_split_name(v->cfg.split) : "",
            as_digest_hex(&as_dataset_commit(parity->dataset)->id, hex), parity->n, parity->n_parts);
    if (parity->has_point)
        fprintf(v->cli->out, "operating point of run %s: passes below %.4f, rejects from %.4f\n", v->cfg.run->id,
                parity->policy.point.pass_below, parity->policy.point.reject_from);
    else
        fprintf(v->cli->out,
                parity->has_classes
                    ? "no operating point: the best class is compared, no verdict\n"
                    : "no class: numbers are compared, within %g of the largest that their output has\n",
                AS_PARITY_APART);
    if (!parity->has_labels)
        fprintf(v->cli->out, "input %ux%u, mean and scale from: %s\n", parity->info.input.width,
                parity->info.input.height, parity->input_from);
}

static bool parity_print(const parity_verb *v, as_err *err)
{
    static const char *const classes[] = {
        "back end", "precision", ">verdicts flipped", ">classes", ">parts", ">median difference", ">p99", ">worst",
        "at",       NULL};
    static const char *const numbers[] = {
        "back end", "precision", ">pictures flipped", ">median difference", ">p99", ">worst", "at", NULL};
    const as_parity *parity = &v->parity;
    uint64_t         limit = PARITY_LIMIT;
    bool             holds = as_parity_holds(parity);
    if (!as_cli_u64(v->cli, "limit", 0, UINT32_MAX, &limit, err))
        return false;
    parity_print_head(v);
    fputc('\n', v->cli->out);
    as_table *table = as_table_new(parity->has_classes ? classes : numbers);
    for (size_t i = 0; i < parity->n_rows; i++)
        parity_table_row(table, parity, i);
    if (!as_table_print(table, v->cli, err))
        return false;
    for (size_t i = 0; i < parity->n_rows; i++)
        if (parity->rows[i].ran && i != parity->reference && parity->rows[i].n_flipped)
            parity_print_flips(v, &parity->rows[i], limit);
    fprintf(v->cli->out, "\n%s%s%s (%u flipped allowed: parity.max_flips)\n",
            as_term_style(v->cli, holds ? AS_STYLE_GOOD : AS_STYLE_BAD),
            holds ? "parity holds" : "parity does not hold", as_term_plain(v->cli), parity->max_flips);
    if (parity->n_erased)
        as_term_say(v->cli, "%llu samples of this version were erased: compared without them",
                    (unsigned long long)parity->n_erased);
    return true;
}

static bool parity_write(const parity_verb *v, const char *option, as_err *err,
                         bool (*make)(const parity_verb *v, as_str *out, as_err *err))
{
    const char *given = as_cli_opt(v->cli, option);
    char        path[AS_FS_PATH_BYTES];
    as_str      text;
    if (!given)
        return true;
    as_str_init(&text);
    bool ok = as_fs_join(path, ".", given, err) && make(v, &text, err) && as_output_write(path, &text, NULL, err);
    as_str_done(&text);
    return ok;
}

static bool parity_make_html(const parity_verb *v, as_str *out, as_err *err)
{
    return as_parity_html(&v->parity, v->spec, &v->cfg, out, err);
}

static bool parity_make_csv(const parity_verb *v, as_str *out, as_err *err)
{
    return as_parity_csv(&v->parity, out, err);
}

static bool parity_tell(const parity_verb *v, as_err *err)
{
    json_t *json;
    if (!parity_write(v, "html", err, parity_make_html) || !parity_write(v, "scores", err, parity_make_csv))
        return false;
    if (!v->cli->json)
        return parity_print(v, err);
    json = as_parity_json(&v->parity, &v->cfg, err);
    return json && as_cli_print_json(v->cli, json, err);
}

static int parity_run(as_cli *cli, as_err *err)
{
    int          status = AS_VERB_FAILED;
    parity_verb *v = calloc(1, sizeof *v);
    if (!v)
        return AS_FAIL(err, AS_ENOMEM, "out of memory") ? 0 : AS_VERB_FAILED;
    v->cli = cli;
    as_str_init(&v->bytes);
    as_workspace *ws = as_workspace_open(cli->dir, AS_WORKSPACE_READ, err);
    if (ws && parity_compare(v, ws, err)) {
        if (parity_tell(v, err))
            status = as_parity_holds(&v->parity) ? 0 : 1;
        as_parity_done(&v->parity);
    }
    as_workspace_close(ws);
    as_spec_free(v->spec);
    as_str_done(&v->bytes);
    as_model_file_done(&v->file);
    free(v);
    return status;
}

const as_verb as_verb_parity = {
    .name = "parity",
    .summary = "compare a model's verdicts in every back end and precision",
    .usage = "[MODEL]",
    .about =
        "MODEL is a run (its id, its number, or last; without one the current run) or an ONNX file. Every back end "
        "that\n"
        "is here judges every picture of the data: native (the engine of this program) with floats is the reference,\n"
        "the others are compared with it, score by score and verdict by verdict, at the run's operating point. With\n"
        "--precision int8 the model is also made one of whole numbers, calibrated with training pictures alone, and\n"
        "compared likewise; a model that is of whole numbers already stays as it is in every back end. --precision "
        "bf16\n"
        "has native compute in bfloat16, and needs a processor with AMX, or AMD's with AVX512_BF16; --precision all "
        "takes whatever runs here, and "
        "says\n"
        "of the others why they do not. --backend says which to compare: the first named is the reference, one alone "
        "is\n"
        "compared with native.\n\n" AS_CLI_BACKEND_ABOUT "\n\n"
        "A picture flips when its verdict or its best class is another one. Any file that takes one picture can be\n"
        "compared; of one that Assay did not train the best class alone, and the numbers as shares of the largest; of "
        "one that\n"
        "names no class, as a detector, the numbers: it flips where one is further off than 0.01.\n\n"
        "Exit status: 0 no more pictures flip than parity.max_flips of assay.yaml allows (default: none), 1 more do;\n"
        "2 wrong use or bad input, 3 the outside failed, as where there is only one back end to run the model.",
    .examples = "  assay parity\n  assay parity last --data main --precision int8\n"
                "  assay parity 2-cnn --split test --html parity.html --scores scores.csv\n"
                "  assay parity last --backend native,ort,ort:cuda --precision all\n"
                "  assay parity squeezenet1.1.onnx --data main --input-mean 0,0,0 --json\n",
    .opts = parity_opts,
    .n_opts = AS_COUNT(parity_opts),
    .max_args = 1,
    .run = parity_run,
};
