/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/report_page.h"
#include "page/html.h"
#include "page/plot.h"

#define MODEL_VALUE_BYTES 120 /* of a parameter that is shown */

static void model_curve(const as_report *report, bool is_loss, as_str *out)
{
    const as_curve *curve = &report->curve;
    double         *xy = calloc(3 * curve->n, sizeof *xy), *x = xy, high = 0, low = 1;
    if (!xy) {
        out->failed = true;
        return;
    }
    double *train = xy + curve->n, *val = train + curve->n;
    for (size_t i = 0; i < curve->n; i++) {
        const as_epoch *e = &curve->at[i];
        x[i] = (double)(i + 1);
        train[i] = is_loss ? e->train_loss : e->train_accuracy;
        val[i] = is_loss ? e->val_loss : e->val_accuracy;
        high = fmax(high, fmax(train[i], val[i]));
        low = fmin(low, fmin(train[i], val[i]));
    }
    as_plot plot = {.out = out,
                    .title = is_loss ? "loss by epoch" : "accuracy by epoch",
                    .x = {"epoch", 1, (double)AS_MAX(curve->n, (size_t)2), AS_PLOT_NUMBER, false, false},
                    .y = {is_loss ? "loss" : "right", 0, high * 1.05, AS_PLOT_NUMBER, false, false}};
    if (!is_loss)
        plot.y = (as_plot_axis){"right", low > 0.8 ? 0.8 : low > 0.5 ? 0.5 : 0, 1, AS_PLOT_PERCENT, false, false};
    as_page_figure(out, is_loss ? "Loss" : "Accuracy");
    as_str_add(out, "<p class=\"keys\">");
    as_page_key(out, "s2", "training");
    as_page_key(out, "s1", "validation");
    as_str_add(out, "</p>\n");
    as_plot_begin(&plot);
    as_plot_line(&plot, "s2", x, train, curve->n, false);
    as_plot_line(&plot, "s1", x, val, curve->n, false);
    as_plot_mark_x(&plot, "point", (double)curve->best + 1, "kept", 0);
    as_plot_end(&plot);
    as_page_figure_end(out, NULL);
    free(xy);
}

static void model_rules(const json_t *rules, as_str *out)
{
    as_page_figure(out, "The rules, found on the training split");
    as_str_add(out, "<ol class=\"rules\">\n");
    for (size_t i = 0; i < json_array_size(rules); i++)
        as_html_addf(out, "<li>%s</li>\n", json_string_value(json_array_get(rules, i)));
    as_str_add(out, "</ol>\n");
    as_page_figure_end(out, "Nothing was learned but the thresholds: a baseline that every other model must beat.");
}

static void model_peer_row(const as_report *report, const as_report_peer *peer, as_str *out)
{
    char size[AS_PAGE_TEXT_BYTES], seconds[AS_PAGE_TEXT_BYTES], cost[AS_PAGE_TEXT_BYTES];
    bool own = strcmp(peer->run.id, report->run->id) == 0;
    as_html_addf(out, "<tr class=\"%s\"><th scope=\"row\">%s%s</th><td>%s</td>", own ? "own" : "other", peer->run.id,
                 own ? " (this report)" : "", peer->run.trainer);
    if (peer->judged) {
        as_report_measured_cell(out, &peer->macro_f1);
        as_report_measured_cell(out, &peer->recall);
        as_report_measured_cell(out, &peer->precision);
        as_html_addf(out, "<td class=\"n\">%s</td>", as_page_money(peer->cost_per_1000, report->spec->currency, cost));
    } else {
        as_html_addf(out, "<td colspan=\"4\" class=\"soft\">not judged: %s</td>", peer->why_not);
    }
    as_html_addf(out, "<td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n", as_page_bytes(peer->model_bytes, size),
                 as_page_took(peer->run.seconds, seconds));
}

static const as_report_peer *model_find(const as_report *report, bool own)
{
    const as_report_peer *found = NULL;
    for (size_t i = 0; i < report->n_peers; i++) {
        const as_report_peer *p = &report->peers[i];
        bool fits = own ? strcmp(p->run.id, report->run->id) == 0 : strcmp(p->run.trainer, "rule") == 0;
        if (fits && p->judged && (!found || p->cost_per_1000 < found->cost_per_1000))
            found = p;
    }
    return found;
}

/* What learning bought. */
static void model_against_rule(const as_report *report, as_str *out)
{
    const as_report_peer *own = model_find(report, true), *rule = model_find(report, false);
    if (!own || !rule || own == rule)
        return;
    char   a[AS_PAGE_TEXT_BYTES], b[AS_PAGE_TEXT_BYTES];
    double saved = rule->cost_per_1000 - own->cost_per_1000;
    as_html_addf(out, "<p>The baseline without learning (run %s) reaches a macro F1 of %s, this model %s. ",
                 rule->run.id, as_page_percent(rule->macro_f1.value, a), as_page_percent(own->macro_f1.value, b));
    if (saved > 0)
        as_html_addf(out, "Its mistakes cost %.2f %s less for 1,000 parts.</p>\n", saved, report->spec->currency);
    else
        as_html_addf(
            out, "Its mistakes cost %.2f %s more for 1,000 parts of the test split: the baseline is not beaten.</p>\n",
            -saved, report->spec->currency);
}

static void model_peers(const as_report *report, as_str *out)
{
    if (report->n_peers < 2)
        return;
    as_page_figure(out, "All runs on these data");
    model_against_rule(report, out);
    as_str_add(out,
               "<div class=\"scroll\"><table>\n<thead><tr><th>Run</th><th>Trainer</th><th class=\"n\">macro F1</th><th "
               "class=\"n\">recall of reject</th><th class=\"n\">precision of reject</th><th class=\"n\">cost of "
               "1,000</th><th class=\"n\">model</th><th class=\"n\">training</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < report->n_peers; i++)
        model_peer_row(report, &report->peers[i], out);
    as_str_add(out, "</tbody></table></div>\n");
    as_page_figure_end(out, "Each at its own operating point, on the same test split.");
}

void as_report_learning(const as_report *report, as_str *out)
{
    const json_t *rules = json_object_get(json_object_get(report->details, "params"), "rules");
    char          lead[200], seconds[AS_PAGE_TEXT_BYTES], day[AS_PAGE_TEXT_BYTES];
    snprintf(lead, sizeof lead, "Trained %s in %s with seed %llu.", as_page_day(report->run->utc, day),
             as_page_took(report->run->seconds, seconds), (unsigned long long)report->run->seed);
    as_page_section(out, "learning", "How it was learned", lead);
    if (report->curve.n) {
        as_str_add(out, "<div class=\"pair\">\n");
        model_curve(report, true, out);
        model_curve(report, false, out);
        as_str_add(out, "</div>\n");
    }
    if (json_array_size(rules))
        model_rules(rules, out);
    model_peers(report, out);
    as_str_add(out, "</section>\n");
}

static void model_row(as_str *out, const char *name, const char *value)
{
    if (value && *value)
        as_html_addf(out, "<tr><th scope=\"row\">%s</th><td class=\"value\">%s</td></tr>\n", name, value);
}

static void model_params(const json_t *params, as_str *out)
{
    const char *key;
    json_t     *value;
    json_object_foreach ((json_t *)params, key, value) {
        char text[MODEL_VALUE_BYTES];
        if (json_is_string(value))
            snprintf(text, sizeof text, "%.*s", (int)sizeof text - 1, json_string_value(value));
        else if (json_is_integer(value))
            snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
        else if (json_is_real(value))
            snprintf(text, sizeof text, "%.6g", json_real_value(value));
        else if (json_is_boolean(value))
            snprintf(text, sizeof text, "%s", json_is_true(value) ? "yes" : "no");
        else
            continue;
        model_row(out, key, text);
    }
}

static void model_input(const as_report *report, as_str *out)
{
    const as_input_spec *in = &report->info.input;
    char                 text[200];
    snprintf(text, sizeof text, "%u x %u, %s", in->width, in->height,
             in->channels == 1 ? "grey"
             : in->bgr         ? "blue, green, red"
                               : "red, green, blue");
    model_row(out, "input", text);
    snprintf(text, sizeof text, "%s, averaged over the exact source area", as_resize_name(in->resize));
    model_row(out, "resized", text);
    if (in->channels == 3)
        snprintf(text, sizeof text, "(v - (%.4g, %.4g, %.4g)) / (%.4g, %.4g, %.4g), v in 0 to 255", (double)in->mean[0],
                 (double)in->mean[1], (double)in->mean[2], (double)in->scale[0], (double)in->scale[1],
                 (double)in->scale[2]);
    else
        snprintf(text, sizeof text, "(v - %.4g) / %.4g, v in 0 to 255", (double)in->mean[0], (double)in->scale[0]);
    model_row(out, "normalised", text);
}

static const char *model_detail(const as_report *report, const char *object, const char *key)
{
    return json_string_value(json_object_get(json_object_get(report->details, object), key));
}

static void model_card(const as_report *report, as_str *out)
{
    char text[200], number[AS_PAGE_TEXT_BYTES];
    model_row(out, "run", report->run->id);
    model_row(out, "trainer", report->run->trainer);
    snprintf(text, sizeof text, "%llu", (unsigned long long)report->run->seed);
    model_row(out, "seed", text);
    model_row(out, "file", as_page_bytes(report->model_bytes, number));
    model_row(out, "constants (weights and others)", as_page_count(report->n_parameters, number));
    model_input(report, out);
    snprintf(text, sizeof text, "reject from %.4f on, pass below %.4f", report->eval.point.reject_from,
             report->eval.point.pass_below);
    model_row(out, "operating point", text);
    model_row(out, "build", model_detail(report, "build", "id"));
    model_row(out, "compiler", model_detail(report, "build", "compiler"));
    model_row(out, "processor", model_detail(report, "machine", "cpu"));
    snprintf(text, sizeof text, "%u", report->run->threads);
    model_row(out, "threads", text);
}

void as_report_model(const as_report *report, as_str *out)
{
    const json_t *params = json_object_get(report->details, "params");
    as_page_section(out, "model", "The model",
                    "One ONNX file, with its pre-processing described in its metadata. Training, "
                    "evaluation and the line run it through the same code.");
    as_str_add(out, "<div class=\"pair\">\n");
    as_page_figure(out, "Card");
    as_str_add(out, "<table class=\"card\"><tbody>\n");
    model_card(report, out);
    as_str_add(out, "</tbody></table>\n");
    as_page_figure_end(out, NULL);
    if (params) {
        as_page_figure(out, "What was chosen for the training");
        as_str_add(out, "<table class=\"card\"><tbody>\n");
        model_params(params, out);
        as_str_add(out, "</tbody></table>\n");
        as_page_figure_end(out, NULL);
    }
    as_str_add(out, "</div>\n</section>\n");
}
