/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "album/stats.h"
#include "cli/action.h"
#include "cli/page_out.h"
#include "cli/term.h"
#include "spec/unit.h"

#define STATS_MOST_ROWS 12   /* of a kind; --json has them all */
#define STATS_NARROW    40u  /* columns: below it a line is broken by the terminal */
#define STATS_WIDE      100u /* beyond it a bar says no more */

static const char *const stats_eighths[] = {"",
                                            "\xE2\x96\x8F",
                                            "\xE2\x96\x8E",
                                            "\xE2\x96\x8D",
                                            "\xE2\x96\x8C",
                                            "\xE2\x96\x8B",
                                            "\xE2\x96\x8A",
                                            "\xE2\x96\x89",
                                            "\xE2\x96\x88"};
static const char *const stats_heights[] = {" ",
                                            "\xE2\x96\x81",
                                            "\xE2\x96\x82",
                                            "\xE2\x96\x83",
                                            "\xE2\x96\x84",
                                            "\xE2\x96\x85",
                                            "\xE2\x96\x86",
                                            "\xE2\x96\x87",
                                            "\xE2\x96\x88"};

/* So many columns that a bar may have when `taken` are taken. */
static unsigned stats_room(unsigned taken)
{
    unsigned width = AS_MIN(AS_MAX(as_term_out_width(), STATS_NARROW), STATS_WIDE);
    return width > taken + 8 ? width - taken : 8;
}

static void stats_bar(FILE *out, double share, unsigned room)
{
    unsigned eighths = (unsigned)lround(fmin(fmax(share, 0), 1) * room * 8);
    if (share > 0 && eighths == 0)
        eighths = 1;
    for (unsigned i = 0; i < eighths / 8; i++)
        fputs(stats_eighths[8], out);
    fputs(stats_eighths[eighths % 8], out);
}

/* Columns that printable UTF-8 takes, about: a character one. */
static unsigned stats_columns(const char *text)
{
    unsigned n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void stats_name(FILE *out, const char *name, unsigned columns)
{
    unsigned n = 0;
    for (const char *p = name; *p && n < columns; n++) {
        size_t step = as_str_char_bytes(p, strlen(p));
        step = step ? step : 1;
        if (n + 1 == columns && p[step])
            fputs("\xE2\x80\xA6", out);
        else
            fwrite(p, 1, step, out);
        p += step;
    }
    fprintf(out, "%*s", (int)(columns - n), "");
}

static bool stats_groups(as_cli *cli, const as_album *album, const as_grouping *by, as_err *err)
{
    as_groups groups;
    uint64_t  most = 1;
    unsigned  columns = 8;
    if (!as_groups_make(album, by, &groups, err))
        return false;
    for (size_t i = 0; i < groups.n && i < STATS_MOST_ROWS; i++) {
        const char *name = *groups.at[i].name ? groups.at[i].name : by->none;
        most = AS_MAX(most, groups.at[i].all);
        columns = AS_MAX(columns, AS_MIN(stats_columns(name), 28u));
    }
    fprintf(cli->out, "\n%s%s%s\n", as_term_style(cli, AS_STYLE_BOLD), by->title, as_term_plain(cli));
    for (size_t i = 0; i < groups.n && i < STATS_MOST_ROWS; i++) {
        const as_group *g = &groups.at[i];
        fputs("  ", cli->out);
        stats_name(cli->out, *g->name ? g->name : by->none, columns);
        fprintf(cli->out, " %8" PRIu64 " ", g->all);
        stats_bar(cli->out, (double)g->all / (double)most, stats_room(columns + 12));
        fputc('\n', cli->out);
    }
    if (groups.n > STATS_MOST_ROWS)
        fprintf(cli->out, "  ... and %zu more (--json has them all)\n", groups.n - STATS_MOST_ROWS);
    as_groups_done(&groups);
    return true;
}

static void stats_number(const as_quantity *q, double v, char text[AS_UNIT_TEXT_BYTES])
{
    if (q->unit == AS_PLOT_PERCENT)
        snprintf(text, AS_UNIT_TEXT_BYTES, "%.3g %%", 100 * v);
    else if (strcmp(q->key, "bytes") == 0)
        as_unit_text(v, AS_UNIT_BYTES, text);
    else
        snprintf(text, AS_UNIT_TEXT_BYTES, "%.4g", v);
}

/* Columns of a bin. */
static unsigned stats_step(const as_bins *bins)
{
    return AS_MAX(AS_MIN(stats_room(4) / (unsigned)bins->n, 4u), 1u);
}

/* A line of blocks, and below it where the limit of assay.yaml is. Heights are square roots: few are seen, too. */
static void stats_blocks(as_cli *cli, const as_distribution *d)
{
    uint64_t most = 1;
    unsigned step = stats_step(&d->bins);
    for (size_t b = 0; b < d->bins.n; b++)
        most = AS_MAX(most, d->counts[b]);
    fputs("  ", cli->out);
    for (size_t b = 0; b < d->bins.n; b++) {
        unsigned eighths = (unsigned)lround(8 * sqrt((double)d->counts[b] / (double)most));
        for (unsigned i = 0; i < step; i++)
            fputs(stats_heights[d->counts[b] && eighths == 0 ? 1 : eighths], cli->out);
    }
    fputc('\n', cli->out);
    if (!(d->limit >= d->bins.low && d->limit <= d->bins.high))
        return;
    double columns = (double)d->bins.n * step;
    int    at = (int)fmin((d->limit - d->bins.low) / (d->bins.high - d->bins.low) * columns, columns - 1);
    fprintf(cli->out, "  %*s%s\xE2\x96\xB2 limit%s\n", at, "", as_term_style(cli, AS_STYLE_BAD), as_term_plain(cli));
}

static bool stats_distribution(as_cli *cli, const as_album *album, const as_quantity *q, as_err *err)
{
    as_distribution d;
    char low[AS_UNIT_TEXT_BYTES], middle[AS_UNIT_TEXT_BYTES], high[AS_UNIT_TEXT_BYTES], from[AS_UNIT_TEXT_BYTES],
        to[AS_UNIT_TEXT_BYTES], limit[AS_UNIT_TEXT_BYTES];
    if (!as_distribution_make(album, q, &d, err))
        return false;
    if (d.spread.n) {
        stats_number(q, as_spread_quantile(&d.spread, 0), low);
        stats_number(q, as_spread_quantile(&d.spread, 0.5), middle);
        stats_number(q, as_spread_quantile(&d.spread, 1), high);
        stats_number(q, d.bins.low, from);
        stats_number(q, d.bins.high, to);
        fprintf(cli->out, "\n%s%s%s  %s (%s to %s)", as_term_style(cli, AS_STYLE_BOLD), q->title, as_term_plain(cli),
                middle, low, high);
        if (isfinite(d.limit)) {
            stats_number(q, d.limit, limit);
            fprintf(cli->out, ", %s %s", q->side == AS_SIDE_LEAST ? "at least" : "at most", limit);
        }
        if (d.n_unknown)
            fprintf(cli->out, ", of %" PRIu64 " not known", d.n_unknown);
        fputc('\n', cli->out);
        stats_blocks(cli, &d);
        int gap = (int)(d.bins.n * stats_step(&d.bins)) - (int)strlen(from) - (int)strlen(to);
        fprintf(cli->out, "  %s%s%*s%s%s%s\n", as_term_style(cli, AS_STYLE_DIM), from, AS_MAX(gap, 1), "", to,
                d.bins.open ? " and more" : "", as_term_plain(cli));
    }
    as_distribution_done(&d);
    return true;
}

static bool stats_text(as_cli *cli, const as_album *album, const as_commit *commit, as_err *err)
{
    char hex[AS_SHA256_HEX_BYTES], bytes[AS_UNIT_TEXT_BYTES];
    bool ok = true;
    fprintf(cli->out, "%.12s: %" PRIu64 " samples, %s\n", as_digest_hex(&commit->id, hex), commit->n_samples,
            as_unit_text((double)commit->n_bytes, AS_UNIT_BYTES, bytes));
    for (size_t i = 0; ok && as_grouping_at(i); i++)
        ok = stats_groups(cli, album, as_grouping_at(i), err);
    for (size_t i = 0; ok && as_quantity_at(i); i++)
        ok = stats_distribution(cli, album, as_quantity_at(i), err);
    return ok;
}

static bool stats_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char *name = as_cli_arg(cli, 1);
    as_commit   commit;
    as_str      page;
    if (!as_commit_find(ws, name ? name : "", &commit, err))
        return false;
    as_str_init(&page);
    as_album *album = as_album_open(ws, &commit, false, &cli->progress, err);
    bool      ok = album != NULL;
    if (ok && as_cli_opt(cli, "html"))
        ok = as_album_stats_page(album, &page, err) && as_page_out(cli, ws, "stats.html", &page, &commit, err);
    else if (ok && cli->json) {
        json_t *json = as_stats_json(album, err);
        ok = json && as_cli_print_json(cli, json, err);
    } else if (ok)
        ok = stats_text(cli, album, &commit, err);
    as_term_progress_end(cli);
    as_album_free(album);
    as_str_done(&page);
    return ok;
}

static int data_stats(as_cli *cli, as_workspace *ws, as_err *err)
{
    return stats_run(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_data_stats = {
    .name = "stats",
    .usage = "[COMMIT] [--html FILE]",
    .about = "a version in numbers: by class, camera, format, size and day, and how what was measured is spread; "
             "--html: as a "
             "page, with plots",
    .min_args = 0,
    .max_args = 1,
    .mode = AS_WORKSPACE_READ,
    .run = data_stats,
};
