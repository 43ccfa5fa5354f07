/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "album/gather.h"
#include "album/stats.h"
#include "page/html.h"
#include "page/page.h"
#include "page/text.h"

#define STATS_MOST_ROWS     20
#define STATS_EXAMPLES_MOST 12

static void stats_row(const as_grouping *by, const as_group *g, double most, as_str *out)
{
    static const char *const tones[] = {"open", "s1", "s2", "good"};
    char                     n[AS_PAGE_TEXT_BYTES];
    as_html_addf(out, "<tr><th scope=\"row\" class=\"name\">%s</th><td class=\"bars\"><span class=\"meter parts\">",
                 *g->name ? g->name : by->none);
    for (int s = 0; s < AS_SPLIT_COUNT; s++)
        if (g->n[s])
            as_html_addf(out, "<i class=\"%s\" style=\"width:%.2f%%\" title=\"%s: %lu\"></i>", tones[s],
                         100 * (double)g->n[s] / most, as_split_name((as_split)s), (unsigned long)g->n[s]);
    as_str_add(out, "</span></td>");
    for (int s = AS_SPLIT_TRAIN; s < AS_SPLIT_COUNT; s++)
        as_html_addf(out, "<td class=\"n\">%s</td>", as_page_count(g->n[s], n));
    as_html_addf(out, "<td class=\"n\">%s</td></tr>\n", as_page_count(g->all, n));
}

static bool stats_table(const as_album *album, const as_grouping *by, as_str *out)
{
    as_groups groups;
    as_err    err = AS_ERR_NONE;
    double    most = 1;
    if (!as_groups_make(album, by, &groups, &err)) {
        out->failed = out->failed || err.code == AS_ENOMEM;
        return false;
    }
    for (size_t i = 0; i < groups.n; i++)
        most = AS_MAX(most, (double)groups.at[i].all);
    as_html_addf(out, "<figure>\n<h3>By %s</h3>\n", by->key);
    as_html_addf(out,
                 "<div class=\"scroll\"><table class=\"groups\">\n<thead><tr><th>%s</th><th></th><th "
                 "class=\"n\">train</th><th class=\"n\">val.</th><th class=\"n\">test</th><th "
                 "class=\"n\">all</th></tr></thead>\n<tbody>\n",
                 by->title);
    for (size_t i = 0; i < groups.n && i < STATS_MOST_ROWS; i++)
        stats_row(by, &groups.at[i], most, out);
    as_str_add(out, "</tbody></table></div>");
    if (groups.n > STATS_MOST_ROWS)
        as_html_addf(out, "<p class=\"soft\">and %zu more (assay data stats --json)</p>", groups.n - STATS_MOST_ROWS);
    as_str_add(out, "</figure>\n");
    as_groups_done(&groups);
    return true;
}

void as_album_classes(const as_album *album, as_str *out)
{
    as_page_section(out, "classes", "What there is of each", NULL);
    as_str_add(out, "<p class=\"keys\">");
    as_page_key(out, "s1", "train");
    as_page_key(out, "s2", "validation");
    as_page_key(out, "good", "test");
    as_page_key(out, "open", "no split");
    as_str_add(out, "</p>\n<div class=\"pair\">\n");
    for (size_t i = 0; as_grouping_at(i); i++)
        stats_table(album, as_grouping_at(i), out);
    as_str_add(out, "</div>\n</section>\n");
}

/* The first of each class, of what is trained on where there is any. */
static bool stats_examples(as_album *album, as_str *out, as_err *err)
{
    as_groups groups;
    bool      ok = as_groups_make(album, as_grouping_at(0), &groups, err);
    as_page_section(out, "examples", "One of each class", NULL);
    as_str_add(out, "<div class=\"gallery\">\n");
    for (size_t i = 0; ok && i < groups.n && i < STATS_EXAMPLES_MOST; i++) {
        const as_sample *found = NULL;
        char             pictures[80];
        for (size_t k = 0; k < as_manifest_count(album->manifest) && (!found || found->split != AS_SPLIT_TRAIN); k++) {
            const as_sample *s = as_manifest_at(album->manifest, k);
            if (strcmp(s->label, groups.at[i].name) == 0 && (!found || s->split == AS_SPLIT_TRAIN))
                found = s;
        }
        if (!found)
            continue;
        as_card card = {.fact = *found->label ? found->label : "no class",
                        .soft = as_album_pictures(groups.at[i].all, pictures),
                        .name = found->name};
        ok = as_album_card(album, found, &card, out, err);
    }
    as_str_add(out, "</div>\n</section>\n");
    as_groups_done(&groups);
    return ok;
}

bool as_album_stats_page(as_album *album, as_str *out, as_err *err)
{
    static const as_page_link links[] = {
        {"examples", "One of each"}, {"classes", "What there is"}, {"distributions", "Distributions"}};
    char title[300];
    snprintf(title, sizeof title, "%.250s: data", album->spec->line);
    as_page_begin(out, title);
    as_str_add(out, "<header>\n");
    as_album_head(album, "The data in numbers", out);
    as_page_nav(out, links, AS_COUNT(links));
    as_str_add(out, "</header>\n");
    bool ok = stats_examples(album, out, err);
    if (ok)
        as_album_classes(album, out);
    ok = ok && as_album_distributions(album, out, err);
    as_page_end(out);
    return ok && (as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "cannot hold the page"));
}
