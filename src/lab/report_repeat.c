/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "lab/report_page.h"
#include "page/html.h"

/* One word of a shell command. */
static void repeat_word(const char *word, as_str *out)
{
    as_str_add(out, "'");
    for (; *word; word++) {
        if (*word == '\'')
            as_str_add(out, "'\\''");
        else
            as_str_add_bytes(out, word, 1);
    }
    as_str_add(out, "'");
}

static void repeat_param(const json_t *params, const char *key, const char *option, as_str *out)
{
    const json_t *value = json_object_get(params, key);
    if (json_is_integer(value))
        as_str_addf(out, " %s %lld", option, (long long)json_integer_value(value));
    if (json_is_string(value)) {
        as_str_addf(out, " %s ", option);
        repeat_word(json_string_value(value), out);
    }
}

static void repeat_list(const json_t *params, const char *key, const char *option, as_str *out)
{
    const json_t *list = json_object_get(params, key);
    if (json_array_size(list))
        as_str_addf(out, " %s ", option);
    for (size_t i = 0; i < json_array_size(list); i++)
        as_str_addf(out, "%s%.9g", i ? "," : "", json_number_value(json_array_get(list, i)));
}

static void repeat_train(const as_report *report, as_str *out)
{
    const json_t *params = json_object_get(report->details, "params");
    const as_run *run = report->run;
    as_str_addf(out, "assay train --trainer %s --commit %.12s --seed %llu --threads %u", run->trainer, run->commit,
                (unsigned long long)run->seed, run->threads);
    repeat_param(params, "epochs", "--epochs", out);
    repeat_param(params, "backbone", "--backbone", out);
    repeat_param(params, "layer", "--layer", out);
    const char *from = json_string_value(json_object_get(params, "input_from"));
    if (from && strcmp(from, "options") == 0) {
        repeat_param(params, "input_order", "--input-order", out);
        repeat_list(params, "input_mean", "--input-mean", out);
        repeat_list(params, "input_scale", "--input-scale", out);
    }
    as_str_add(out, "\n");
}

static void repeat_hash(as_str *out, const char *name, const char *hex)
{
    as_html_addf(out, "<tr><th scope=\"row\">%s</th><td class=\"hash\">%s</td></tr>\n", name, hex);
}

void as_report_repeat(const as_report *report, as_str *out)
{
    as_str commands;
    as_str_init(&commands);
    as_str_addf(&commands, "assay data verify\nassay data show %.12s\n", report->run->commit);
    repeat_train(report, &commands);
    as_str_addf(&commands, "assay eval %s\nassay run --run %s\nassay check %s\nassay report %s\n", report->run->id,
                report->run->id, report->run->id, report->run->id);
    as_page_section(out, "repeat", "How to repeat it",
                    "In the project's folder. The same data version, seed, threads and kind of processor give the same "
                    "model, byte for byte.");
    as_str_add(out, "<pre>");
    for (const char *p = commands.s; *p;) { /* as_html_text would make blanks of the line breaks */
        const char *end = p;
        while (*end && *end != '\n')
            end++;
        char *line = as_strdupf("%.*s", (int)(end - p), p);
        if (line)
            as_html_text(out, line);
        else
            out->failed = true;
        free(line);
        as_str_add(out, "\n");
        p = *end ? end + 1 : end;
    }
    as_str_add(out, "</pre>\n<div class=\"scroll\"><table class=\"card\"><tbody>\n");
    out->failed = out->failed || !as_str_ok(&commands);
    as_str_done(&commands);
    repeat_hash(out, "data version", report->run->commit);
    repeat_hash(out, "assay.yaml it was trained with", report->run->spec);
    repeat_hash(out, "model.onnx", report->run->model);
    as_str_add(out, "</tbody></table></div>\n</section>\n");
}

void as_report_glossary(as_str *out)
{
    static const struct {
        const char *word, *text;
    } words[] = {
        {"part", "the physical thing; one or more pictures of it are judged together, and the worst speaks."},
        {"escape", "a bad part that was passed."},
        {"overkill", "a good part that was rejected."},
        {"recall of reject", "of the parts that had to be rejected, the share that was not passed."},
        {"precision of reject", "of the parts that were rejected, the share that had to be."},
        {"F1", "the harmonic mean of precision and recall; macro: the mean over the classes, each counted alike."},
        {"interval",
         "what the samples allow the true rate to be. Exact (Clopper-Pearson) for rates, DeLong's for AUROC, by "
         "bootstrap for macro F1, average precision and calibration."},
        {"proven", "the bound of the one-sided interval at the confidence asked for reaches the target."},
        {"score of reject", "the model's probabilities of all classes that must be rejected, summed."},
        {"operating point",
         "the score from which parts are rejected; solved on the validation split at the least cost."},
        {"AUROC", "the chance that a bad part gets a higher score than a good one."},
        {"calibration error", "the mean distance between confidence and accuracy over ten bins of equal count."},
        {"p99", "the time that 99 % of the parts did not exceed."},
    };
    as_str_add(out, "<section id=\"words\" class=\"words\">\n<h2>Words</h2>\n<dl>\n");
    for (size_t i = 0; i < AS_COUNT(words); i++)
        as_html_addf(out, "<div><dt>%s</dt><dd>%s</dd></div>\n", words[i].word, words[i].text);
    as_str_add(out, "</dl>\n</section>\n");
}
