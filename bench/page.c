/* SPDX-License-Identifier: Apache-2.0 */
/* page.c: results/index.html, whole in itself: no script, no picture from elsewhere. */
#include <math.h>

#include "base/fs.h"
#include "base/json.h"
#include "bench/result.h"

enum { PLOT_WIDTH = 640, PLOT_HEIGHT = 96, PLOT_MARGIN = 24, MAX_RESULT_BYTES = 4 << 20 };

static const char page_head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Assay: speed beside its peers</title>\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<style>\n"
    ":root{color-scheme:light dark;--line:#8884;--ours:#1769aa;--soft:#8882}\n"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:760px;margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.5rem}h2{margin:2.5rem 0 0;font-size:1.1rem}.big{font-size:2.4rem;font-weight:650}\n"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;"
    "border-top:1px solid var(--line);font-weight:400}th{white-space:nowrap;opacity:.7}\n"
    "svg{width:100%;height:auto}.soft{opacity:.7}text{font:12px system-ui,sans-serif;fill:currentColor}\n"
    "</style></head><body>\n<h1>Assay: speed beside its peers</h1>\n"
    "<p>Each workload and its peer ran in turn on the same processor, on the same inputs, after their outputs had been "
    "compared. A ratio is the peer's time over ours: above 1, Assay is faster. The band holds the middle 80 % of the "
    "pairs. Times are of this machine at that moment; ratios are what carries over.</p>\n";

static void page_text(as_str *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&': as_str_add(out, "&amp;"); break;
        case '<': as_str_add(out, "&lt;"); break;
        case '>': as_str_add(out, "&gt;"); break;
        case '"': as_str_add(out, "&quot;"); break;
        default: as_str_add_bytes(out, text, 1);
        }
    }
}

static void page_row(as_str *out, const char *name, const char *text)
{
    as_str_addf(out, "<tr><th>%s</th><td>", name);
    page_text(out, text);
    as_str_add(out, "</td></tr>\n");
}

static const char *page_str(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static double page_number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static double page_at(double value, double low, double high)
{
    return PLOT_MARGIN + (value - low) / (high - low) * (PLOT_WIDTH - 2 * PLOT_MARGIN);
}

/* Every pair is a dot, in the order it was measured from top to bottom; the band lies behind. */
static void page_plot(as_str *out, const json_t *root)
{
    const json_t *ratios = json_object_get(root, "ratios"), *band = json_object_get(root, "ratio");
    const size_t  n = json_array_size(ratios);
    double        low = 1.0, high = 1.0;
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, json_number_value(json_array_get(ratios, i)));
        high = fmax(high, json_number_value(json_array_get(ratios, i)));
    }
    low -= 0.05 * (high - low) + 0.01;
    high += 0.05 * (high - low) + 0.01;
    const double from = page_at(page_number(band, "low"), low, high),
                 to = page_at(page_number(band, "high"), low, high);
    const double middle = page_at(page_number(band, "median"), low, high), one = page_at(1.0, low, high);
    as_str_addf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"ratio of each pair\">\n", PLOT_WIDTH,
                PLOT_HEIGHT);
    as_str_addf(out, "<rect x=\"%.1f\" y=\"4\" width=\"%.1f\" height=\"%d\" fill=\"var(--soft)\"/>\n", from, to - from,
                PLOT_HEIGHT - 28);
    as_str_addf(out, "<path d=\"M%.1f 4v%d\" stroke=\"var(--ours)\" stroke-width=\"2\"/>\n", middle, PLOT_HEIGHT - 28);
    as_str_addf(out, "<path d=\"M%.1f 4v%d\" stroke=\"currentColor\" stroke-dasharray=\"3 3\"/>\n", one,
                PLOT_HEIGHT - 28);
    for (size_t i = 0; i < n; i++)
        as_str_addf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\" fill=\"var(--ours)\"/>\n",
                    page_at(json_number_value(json_array_get(ratios, i)), low, high),
                    8.0 + (double)(PLOT_HEIGHT - 36) * ((double)i + 0.5) / (double)n);
    as_str_addf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">equal</text>\n", one, PLOT_HEIGHT - 8);
    if (fabs(middle - one) > 60.0)
        as_str_addf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.2f</text>\n", middle, PLOT_HEIGHT - 8,
                    page_number(band, "median"));
    as_str_add(out, "</svg>\n");
}

/* The limit that a workload is held against. */
static double page_peak(const json_t *root)
{
    return page_number(json_object_get(root, "machine"),
                       json_is_true(json_object_get(root, "int8")) ? "peak_int8" : "peak_flops");
}

static void page_side(as_str *out, const char *name, const json_t *root, const json_t *band)
{
    char         low[AS_CLOCK_TEXT_BYTES], median[AS_CLOCK_TEXT_BYTES], high[AS_CLOCK_TEXT_BYTES], text[256];
    const double ns = page_number(band, "median"), flop = page_number(root, "flop_per_call");
    const double peak = page_peak(root);
    int          at = snprintf(text, sizeof text, "%s a call [%s, %s]", bench_ns_text(ns, median),
                               bench_ns_text(page_number(band, "low"), low), bench_ns_text(page_number(band, "high"), high));
    if (flop > 0.0 && peak > 0.0 && ns > 0.0)
        snprintf(text + at, sizeof text - (size_t)at, ", %.1f GFLOP/s: %.0f %% of the limit", flop / ns,
                 100.0 * flop / ns * 1e9 / peak);
    page_row(out, name, text);
}

static void page_beside(as_str *out, const json_t *rows)
{
    char          text[256], ours[AS_CLOCK_TEXT_BYTES], peer[AS_CLOCK_TEXT_BYTES];
    size_t        i;
    const json_t *row;
    json_array_foreach (rows, i, row) {
        const json_t *band = json_object_get(row, "ratio");
        snprintf(text, sizeof text, "%s: %.2f [%.2f, %.2f], ours %s, peer %s a call, over %.0f pairs",
                 page_str(row, "name"), page_number(band, "median"), page_number(band, "low"),
                 page_number(band, "high"), bench_ns_text(page_number(json_object_get(row, "ours_ns"), "median"), ours),
                 bench_ns_text(page_number(json_object_get(row, "peer_ns"), "median"), peer),
                 page_number(row, "pairs"));
        page_row(out, "beside", text);
    }
}

static void page_machine(as_str *out, const json_t *machine, bool all_processors)
{
    char text[1024], where[32] = "all processors";
    if (!all_processors)
        snprintf(where, sizeof where, "processor %.0f", page_number(machine, "pinned_to"));
    snprintf(text, sizeof text, "%s (%s), %s", page_str(machine, "model"), page_str(machine, "features"),
             page_str(machine, "system"));
    page_row(out, "machine", text);
    snprintf(text, sizeof text, "both sides on %s of %.0f, load %.1f, interrupted %.0f times", where,
             page_number(machine, "processors"), page_number(machine, "load"), page_number(machine, "preemptions"));
    page_row(out, "held", text);
    snprintf(text, sizeof text, "%s, by %s, %s", page_str(machine, "when"), page_str(machine, "compiler"),
             page_str(machine, "build"));
    page_row(out, "built, run", text);
}

static void page_workload(as_str *out, const json_t *root)
{
    char          text[256];
    const json_t *band = json_object_get(root, "ratio"), *machine = json_object_get(root, "machine");
    const double  flop = page_number(root, "flop_per_call"), peak = page_peak(root);
    as_str_add(out, "<h2>");
    page_text(out, page_str(root, "id"));
    as_str_add(out, ": ");
    page_text(out, page_str(root, "summary"));
    as_str_addf(out, "</h2>\n<p><span class=\"big\">%.2f</span> [%.2f, %.2f] against ", page_number(band, "median"),
                page_number(band, "low"), page_number(band, "high"));
    page_text(out, page_str(root, "peer"));
    as_str_addf(out, " <span class=\"soft\">over %zu pairs</span></p>\n",
                json_array_size(json_object_get(root, "ratios")));
    page_plot(out, root);
    as_str_add(out, "<table>\n");
    page_row(out, "setting", page_str(root, "note"));
    snprintf(text, sizeof text, "of %.0f inputs compared first: they differ by at most %.2g (allowed %.2g)",
             page_number(root, "inputs"), page_number(root, "difference"), page_number(root, "tolerance"));
    page_row(out, "outputs", text);
    page_side(out, "ours", root, json_object_get(root, "ours_ns"));
    page_side(out, "peer", root, json_object_get(root, "peer_ns"));
    if (flop > 0.0 && peak > 0.0) {
        snprintf(text, sizeof text,
                 "%.0f %s of multiply-adds on one processor, measured here: %.3g us for the %.1f MFLOP of the "
                 "definition, padding left out (Winograd's algorithm needs fewer)",
                 peak / 1e9, json_is_true(json_object_get(root, "int8")) ? "GOP/s (u8 by i8)" : "GFLOP/s",
                 flop / peak * 1e6, flop / 1e6);
        page_row(out, "physical limit", text);
    }
    page_beside(out, json_object_get(root, "beside"));
    page_machine(out, machine, json_is_true(json_object_get(root, "all_processors")));
    as_str_addf(out, "<tr><th>all pairs</th><td><a href=\"%s.csv\">%s.csv</a></td></tr>\n</table>\n",
                page_str(root, "id"), page_str(root, "id"));
}

bool bench_page_write(const char *dir, as_err *err)
{
    char   path[AS_FS_PATH_BYTES], name[64];
    as_str page;
    as_str_init(&page);
    as_str_add(&page, page_head);
    for (size_t i = 0; bench_workload_at(i); i++) {
        snprintf(name, sizeof name, "%s.json", bench_workload_at(i)->id);
        if (!as_fs_join(path, dir, name, NULL) || !as_fs_is_file(path))
            continue;
        json_t *root = as_json_read(path, MAX_RESULT_BYTES, err);
        if (!root) {
            as_str_done(&page);
            return false;
        }
        page_workload(&page, root);
        json_decref(root);
    }
    as_str_add(&page, "</body></html>\n");
    bool ok = as_str_ok(&page) || AS_FAIL(err, AS_ENOMEM, "no memory for the page");
    ok = ok && as_fs_join(path, dir, "index.html", err) && as_fs_write_fast(path, page.s, page.len, err);
    as_str_done(&page);
    return ok;
}
