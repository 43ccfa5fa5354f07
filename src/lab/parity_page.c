/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "lab/parity.h"
#include "page/html.h"
#include "page/page.h"
#include "page/picture.h"
#include "page/plot.h"
#include "page/text.h"

#define PARITY_BINS       36
#define PARITY_LEAST      1e-9 /* smaller differences go into the first bar */
#define PARITY_PICTURE_PX 320u
#define PARITY_PICTURES   24 /* of a row; the others are in --json */

static void parity_row_name(const as_parity_row *row, char text[AS_PAGE_TEXT_BYTES])
{
    as_parity_row_name(row, text, AS_PAGE_TEXT_BYTES);
}

static bool parity_is_compared(const as_parity *parity, size_t i)
{
    return parity->rows[i].ran && i != parity->reference;
}

static void parity_distance_text(double difference, char text[AS_PAGE_TEXT_BYTES])
{
    if (isinf(difference))
        snprintf(text, AS_PAGE_TEXT_BYTES, "no answer");
    else
        snprintf(text, AS_PAGE_TEXT_BYTES, difference > 0 ? "%.2g" : "0", difference);
}

/* --- head --- */

static void parity_banner(const as_parity *parity, as_str *out)
{
    bool   holds = as_parity_holds(parity);
    size_t most = 0, n = 0;
    for (size_t i = 0; i < parity->n_rows; i++) {
        most = AS_MAX(most, parity->rows[i].n_flipped);
        n += parity_is_compared(parity, i);
    }
    as_html_addf(out, "<div class=\"verdict %s\">\n<p class=\"sign\" aria-hidden=\"true\">%s</p>\n<div>\n<h2>%s</h2>\n",
                 holds ? most ? "warn" : "good" : "bad", holds ? "\xE2\x9C\x93" : "\xE2\x9C\x95",
                 !holds ? "Verdicts flip"
                 : most ? "Verdicts flip, within what is allowed"
                        : "The same verdict everywhere");
    as_html_addf(out, "<p>%zu compared on %zu pictures; at most %zu of them judged otherwise, and %u allowed.</p>\n", n,
                 parity->n, most, parity->max_flips);
    as_str_add(out, "</div>\n</div>\n");
}

static void parity_head(const as_parity *parity, const as_spec *spec, const as_parity_cfg *cfg, as_str *out)
{
    char hex[AS_SHA256_HEX_BYTES], reference[AS_PAGE_TEXT_BYTES];
    as_digest_hex(&as_dataset_commit(parity->dataset)->id, hex);
    hex[12] = '\0';
    parity_row_name(&parity->rows[parity->reference], reference);
    as_str_add(out, "<header>\n<p class=\"kicker\">Parity</p>\n");
    as_html_addf(out, "<h1>%s</h1>\n<p class=\"meta\"><span>%s</span><span>version %s</span>", cfg->name, spec->line,
                 hex);
    as_html_addf(out, "<span>%s</span><span>reference: %s</span></p>\n",
                 cfg->split ? as_split_name(cfg->split) : "every split", reference);
    parity_banner(parity, out);
    as_str_add(out, "</header>\n");
}

/* --- table --- */

static void parity_table_row(const as_parity *parity, size_t i, as_str *out)
{
    const as_parity_row *row = &parity->rows[i];
    char                 worst[AS_PAGE_TEXT_BYTES], median[AS_PAGE_TEXT_BYTES], p99[AS_PAGE_TEXT_BYTES];
    char                 name[AS_PAGE_TEXT_BYTES];
    parity_row_name(row, name);
    as_html_addf(out, "<tr><th scope=\"row\">%s</th>", name);
    if (!row->ran) {
        as_html_addf(out, "<td colspan=\"6\" class=\"soft\">not run: %s</td></tr>\n", row->why.text);
        return;
    }
    if (i == parity->reference) {
        as_str_add(out, "<td colspan=\"6\" class=\"soft\">the reference</td></tr>\n");
        return;
    }
    parity_distance_text(row->worst, worst);
    parity_distance_text(row->median, median);
    parity_distance_text(row->p99, p99);
    as_page_share_cell(out, row->n_flipped_verdicts, parity->n);
    as_page_share_cell(out, row->n_flipped_classes, parity->n);
    as_html_addf(out, "<td class=\"n\">%zu</td><td class=\"n\">%s</td><td class=\"n\">%s</td>", row->n_flipped_parts,
                 median, p99);
    as_html_addf(out, "<td class=\"n\">%s<span class=\"between name\">%s</span></td></tr>\n", worst,
                 row->worst > 0 ? as_parity_name(parity, row->worst_at) : "");
}

static void parity_table(const as_parity *parity, as_str *out)
{
    as_page_section(out, "rows", "Back ends and precisions",
                    parity->has_labels
                        ? "Each judged the same pictures; a difference is that of a probability, the largest of the "
                          "classes."
                        : "Each saw the same pictures; a difference is a share of the largest number of the output.");
    as_str_add(out, "<figure><div class=\"scroll\"><table>\n<thead><tr><th></th><th class=\"n\">verdicts flipped</th>"
                    "<th class=\"n\">classes flipped</th><th class=\"n\">parts flipped</th><th "
                    "class=\"n\">median difference</th><th class=\"n\">p99</th><th "
                    "class=\"n\">worst</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < parity->n_rows; i++)
        parity_table_row(parity, i, out);
    as_str_add(out, "</tbody></table></div></figure>\n");
    if (parity->n_erased)
        as_html_addf(out, "<p class=\"soft\">%lu pictures of this version were erased.</p>\n",
                     (unsigned long)parity->n_erased);
    as_str_add(out, "</section>\n");
}

/* --- how the differences are spread --- */

static bool parity_histogram(const as_parity *parity, const as_parity_row *row, as_str *out, as_err *err)
{
    uint64_t counts[PARITY_BINS] = {0}, most = 1;
    char     name[AS_PAGE_TEXT_BYTES], title[160], caption[200];
    double  *values = calloc(parity->n, sizeof *values), low = log10(PARITY_LEAST), high = 0;
    if (!values)
        return AS_FAIL(err, AS_ENOMEM, "cannot draw %zu differences", parity->n);
    for (size_t i = 0; i < parity->n; i++)
        values[i] = isinf(row->answers[i].difference) ? 0 : log10(fmax(row->answers[i].difference, PARITY_LEAST));
    as_plot_count(values, parity->n, low, high, counts, PARITY_BINS);
    free(values);
    for (size_t b = 0; b < PARITY_BINS; b++)
        most = AS_MAX(most, counts[b]);
    parity_row_name(row, name);
    snprintf(title, sizeof title, "Differences of %s, of %zu pictures", name, parity->n);
    as_plot plot = {.out = out,
                    .title = title,
                    .x = {.label = "difference", .low = PARITY_LEAST, .high = 1, .log = true},
                    .y = {.label = "pictures", .low = 0, .high = (double)most}};
    as_page_figure(out, name);
    as_plot_begin(&plot);
    for (size_t b = 0; b < PARITY_BINS; b++) {
        double from = pow(10, low + (high - low) * (double)b / PARITY_BINS);
        double to = pow(10, low + (high - low) * (double)(b + 1) / PARITY_BINS);
        char   one[96];
        snprintf(one, sizeof one, "%.2g to %.2g: %lu", from, to, (unsigned long)counts[b]);
        if (counts[b])
            as_plot_bar(&plot, "s1", from, to, 0, (double)counts[b], one);
    }
    as_plot_end(&plot);
    snprintf(caption, sizeof caption,
             "%zu of %zu are the same to the last bit; they, and all below %g, are in the "
             "first bar, and what gave no answer in the last.",
             row->n_same, parity->n, PARITY_LEAST);
    as_page_figure_end(out, caption);
    return true;
}

static bool parity_histograms(const as_parity *parity, as_str *out, as_err *err)
{
    as_page_section(out, "spread", "How the differences are spread", NULL);
    as_str_add(out, "<div class=\"pair\">\n");
    for (size_t i = 0; i < parity->n_rows; i++)
        if (parity_is_compared(parity, i) && !parity_histogram(parity, &parity->rows[i], out, err))
            return false;
    as_str_add(out, "</div>\n</section>\n");
    return true;
}

/* --- the pictures that flipped --- */

static void parity_said(const as_parity *parity, const as_parity_answer *a, const char *who, as_str *out)
{
    char text[16];
    as_html_addf(out, "<span class=\"facts\">%s: <b class=\"name\">%s</b>", who,
                 as_parity_class(parity, a->best, text));
    if (parity->has_point)
        as_html_addf(out, " <b>%s</b>", as_verdict_name(a->verdict));
    if (!isnan(a->reject_score))
        as_html_addf(out, " (%.4f)", a->reject_score);
    as_str_add(out, "</span>\n");
}

static bool parity_card(const as_parity *parity, const as_parity_row *row, size_t i, as_str *out, as_err *err)
{
    as_image                image = {0};
    as_page_picture         picture = {0};
    char                    here[AS_PAGE_TEXT_BYTES], there[AS_PAGE_TEXT_BYTES], apart[AS_PAGE_TEXT_BYTES];
    const as_parity_row    *reference = &parity->rows[parity->reference];
    const as_parity_answer *a = &row->answers[i];
    bool                    ok = as_dataset_decode(parity->dataset, parity->samples[i], &image, err) &&
              as_page_picture_make(&image, PARITY_PICTURE_PX, &picture, err);
    as_image_done(&image);
    if (!ok)
        return false;
    parity_row_name(row, here);
    parity_row_name(reference, there);
    parity_distance_text(a->difference, apart);
    as_str_add(out, "<figure class=\"mistake\">\n");
    as_page_picture_add(out, &picture, as_parity_name(parity, i));
    as_html_addf(out, "<figcaption><span class=\"badge %s\">%s</span>\n", a->flipped_verdict ? "bad" : "warn",
                 a->flipped_verdict ? "verdict flipped"
                 : a->flipped_class ? "another class"
                                    : "other numbers");
    parity_said(parity, &reference->answers[i], there, out);
    parity_said(parity, a, here, out);
    as_html_addf(out, "<span class=\"facts soft\">difference %s</span>", apart);
    as_html_addf(out, "<span class=\"file name\">%s</span></figcaption>\n</figure>\n", as_parity_name(parity, i));
    as_page_picture_done(&picture);
    return true;
}

static bool parity_flipped(const as_parity *parity, const as_parity_row *row, as_str *out, as_err *err)
{
    size_t n = 0;
    char   name[AS_PAGE_TEXT_BYTES];
    parity_row_name(row, name);
    as_html_addf(out, "<h3 class=\"group\"><span>%s</span> <span class=\"soft\">%zu</span></h3>\n", name,
                 row->n_flipped);
    as_str_add(out, "<div class=\"gallery\">\n");
    /* Verdicts first: they are what the line acts on. */
    for (int verdicts = 1; verdicts >= 0; verdicts--)
        for (size_t i = 0; i < parity->n && n < PARITY_PICTURES; i++) {
            const as_parity_answer *a = &row->answers[i];
            if (a->flipped_verdict != (verdicts == 1) || !as_parity_flipped(a))
                continue;
            if (!parity_card(parity, row, i, out, err))
                return false;
            n++;
        }
    as_str_add(out, "</div>\n");
    if (row->n_flipped > n)
        as_html_addf(out, "<p class=\"soft\">and %zu more (assay parity --json)</p>\n", row->n_flipped - n);
    return true;
}

static bool parity_gallery(const as_parity *parity, as_str *out, as_err *err)
{
    bool any = false;
    for (size_t i = 0; i < parity->n_rows; i++) {
        if (!parity_is_compared(parity, i) || parity->rows[i].n_flipped == 0)
            continue;
        if (!any)
            as_page_section(out, "flipped", "What is judged otherwise", NULL);
        any = true;
        if (!parity_flipped(parity, &parity->rows[i], out, err))
            return false;
    }
    as_str_add(out, any ? "</section>\n" : "");
    return true;
}

bool as_parity_html(const as_parity *parity, const as_spec *spec, const as_parity_cfg *cfg, as_str *out, as_err *err)
{
    char title[300];
    snprintf(title, sizeof title, "%.250s: parity", cfg->name);
    as_page_begin(out, title);
    parity_head(parity, spec, cfg, out);
    parity_table(parity, out);
    if (!parity_histograms(parity, out, err) || !parity_gallery(parity, out, err))
        return false;
    as_page_end(out);
    return as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "cannot hold the page");
}
