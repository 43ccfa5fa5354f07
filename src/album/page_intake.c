/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "album/shots.h"
#include "page/html.h"
#include "page/page.h"
#include "page/text.h"

#define INTAKE_MOST_VERSIONS  12
#define INTAKE_MOST_DECISIONS 20

static void intake_verdict(const as_check_tally *tally, const as_set_report *set, as_str *out)
{
    size_t n_bad = as_set_report_count(set, AS_CHECK_QUARANTINE), n_warn = as_set_report_count(set, AS_CHECK_WARN);
    bool   bad = tally->n_refused > 0 || n_bad > 0, warn = tally->n_warned > 0 || n_warn > 0;
    char   pictures[80];
    as_html_addf(out, "<div class=\"verdict %s\">\n<p class=\"sign\" aria-hidden=\"true\">%s</p>\n<div>\n<h2>%s</h2>\n",
                 bad    ? "bad"
                 : warn ? "warn"
                        : "good",
                 bad    ? "!"
                 : warn ? "\xE2\x89\x88"
                        : "\xE2\x9C\x93",
                 bad    ? "Something waits for a decision"
                 : warn ? "Nothing waits, some is worth a look"
                        : "Nothing was found");
    if (tally->n_refused)
        as_html_addf(out, "<p>%s refused and in quarantine.</p>\n", as_album_pictures(tally->n_refused, pictures));
    if (tally->n_warned)
        as_html_addf(out, "<p>%s kept with a warning.</p>\n", as_album_pictures(tally->n_warned, pictures));
    if (n_bad + n_warn)
        as_html_addf(out, "<p>%zu finding%s on the version as a whole.</p>\n", n_bad + n_warn,
                     n_bad + n_warn == 1 ? "" : "s");
    if (!bad && !warn)
        as_str_add(out, "<p>Every picture was decoded whole and passed every check.</p>\n");
    as_str_add(out, "</div>\n</div>\n");
}

static void intake_tiles(const as_album *album, const as_check_tally *tally, as_str *out)
{
    char     n[AS_PAGE_TEXT_BYTES], bytes[AS_PAGE_TEXT_BYTES], note[120];
    uint64_t settled = album->n_refused - tally->n_refused;
    as_str_add(out, "<dl class=\"tiles\">\n");
    as_page_tile(out, "Pictures in this version", as_page_count(album->commit.n_samples, n),
                 as_page_bytes(album->commit.n_bytes, bytes));
    snprintf(note, sizeof note, "%llu settled (accepted, dropped or kept later)", (unsigned long long)settled);
    as_page_tile(out, "Waiting in quarantine", as_page_count(tally->n_refused, n),
                 settled ? note : "nothing settled yet");
    as_page_tile(out, "With a warning", as_page_count(tally->n_warned, n), "in this version");
    as_page_tile(out, "Overruled by a person", as_page_count(tally->n_overruled, n), "in this version, with a reason");
    as_str_add(out, "</dl>\n");
}

static void intake_head(const as_album *album, const as_check_tally *tally, const as_set_report *set, as_str *out)
{
    const as_page_link links[] = {{"versions", "What came in"},
                                  {"checks", "Checks"},
                                  {"refused", "Refused"},
                                  {"warned", tally->n_warned + tally->n_overruled ? "Warned" : NULL},
                                  {"alike", "Alike"},
                                  {"whole", "As a whole"},
                                  {"distributions", "Distributions"},
                                  {"classes", "Classes"},
                                  {"decisions", "Decisions"}};
    as_str_add(out, "<header>\n");
    as_album_head(album, "Intake report", out);
    intake_verdict(tally, set, out);
    intake_tiles(album, tally, out);
    as_page_nav(out, links, AS_COUNT(links));
    as_str_add(out, "</header>\n");
}

static bool intake_versions(const as_album *album, as_str *out, as_err *err)
{
    as_commit at = album->commit;
    as_page_section(out, "versions", "What came in, and when", NULL);
    as_str_add(out,
               "<figure><div class=\"scroll\"><table>\n<thead><tr><th>Version</th><th>When</th><th>Who</th><th>What"
               "</th><th class=\"n\">Pictures</th><th class=\"n\">Refused</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0;; i++) {
        char hex[AS_SHA256_HEX_BYTES], day[AS_PAGE_TEXT_BYTES], n[AS_PAGE_TEXT_BYTES], refused[AS_PAGE_TEXT_BYTES];
        as_digest_hex(&at.id, hex);
        hex[12] = '\0';
        if (i == INTAKE_MOST_VERSIONS) {
            as_str_add(out, "<tr><td colspan=\"6\" class=\"soft\">and those before them (assay data log)</td></tr>\n");
            break;
        }
        as_html_addf(out,
                     "<tr><td class=\"file\">%s</td><td>%s</td><td>%s</td><td>%s</td><td class=\"n\">%s</td><td "
                     "class=\"n\">%s</td></tr>\n",
                     hex, as_page_day(at.utc, day), at.author, at.message, as_page_count(at.n_samples, n),
                     as_page_count(at.n_quarantined, refused));
        if (at.n_parents == 0)
            break;
        as_digest parent = at.parents[0];
        if (!as_commit_read(album->ws, &parent, &at, err))
            return false;
    }
    as_str_add(out, "</tbody></table></div></figure>\n</section>\n");
    return true;
}

static void intake_check_row(const as_album *album, size_t row, const as_check_tally *tally, double most, as_str *out)
{
    static const char *const levels[] = {"by case", "not looked for", "warns", "refuses"};
    const as_check          *check = row < AS_CHECK_MOST ? as_check_at(row) : NULL;
    char                     refused[AS_PAGE_TEXT_BYTES], warned[AS_PAGE_TEXT_BYTES];
    uint64_t                 n_warned = tally->warned[row] + tally->overruled[row];
    as_html_addf(out,
                 "<tr><th scope=\"row\"><b>%s</b><span class=\"between\">%s</span></th><td>%s</td><td "
                 "class=\"n\">%s</td><td class=\"bars\">",
                 check ? check->name : "privacy, names",
                 check ? check->summary : "what may show a person, and what names are taken",
                 check ? levels[check->rule ? album->spec->levels[check->rule] : 0] : "refuses",
                 as_page_count(tally->refused[row], refused));
    as_album_meter(out, "bad", (double)tally->refused[row] / most);
    as_html_addf(out, "</td><td class=\"n\">%s</td><td class=\"bars\">", as_page_count(n_warned, warned));
    as_album_meter(out, "warn", (double)n_warned / most);
    as_str_add(out, "</td></tr>\n");
}

static void intake_checks(const as_album *album, const as_check_tally *tally, as_str *out)
{
    double most = 1;
    for (size_t row = 0; row <= AS_CHECK_MOST; row++)
        most = AS_MAX(most, (double)AS_MAX(tally->refused[row], tally->warned[row] + tally->overruled[row]));
    as_page_section(out, "checks", "What the checks found",
                    "A picture is refused by one check, the first that does; it can have several warnings.");
    as_str_add(out,
               "<figure><div class=\"scroll\"><table class=\"checks\">\n<thead><tr><th>Check</th><th>Finding</th><th "
               "class=\"n\">Refused</th><th></th><th class=\"n\">Warned</th><th></th></tr></thead>\n<tbody>\n");
    for (size_t row = 0; as_check_at(row); row++)
        intake_check_row(album, row, tally, most, out);
    if (tally->refused[AS_CHECK_MOST])
        intake_check_row(album, AS_CHECK_MOST, tally, most, out);
    as_str_add(out, "</tbody></table></div></figure>\n</section>\n");
}

static void intake_whole(const as_set_report *set, as_str *out)
{
    static const struct {
        const char *css, *word;
    } levels[] = {{"soft", ""}, {"good", "fine"}, {"warn", "look"}, {"bad", "wrong"}};
    as_page_section(out, "whole", "The version as a whole", "What no single picture shows.");
    as_str_add(out, "<figure><div class=\"scroll\"><table>\n<tbody>\n");
    for (size_t i = 0; i < set->n; i++) {
        const as_set_finding *f = &set->at[i];
        as_html_addf(out, "<tr><th scope=\"row\">%s</th><td class=\"%s\"><span class=\"badge %s\">%s</span></td><td>%s",
                     f->check, levels[f->level].css, levels[f->level].css, levels[f->level].word, f->text);
        if (*f->remedy)
            as_html_addf(out, "<span class=\"between\">%s</span>", f->remedy);
        as_str_add(out, "</td></tr>\n");
    }
    as_str_add(out, "</tbody></table></div>");
    if (set->n_left_out)
        as_html_addf(out, "<p class=\"soft\">and %zu more</p>", set->n_left_out);
    as_str_add(out, "</figure>\n</section>\n");
}

typedef struct intake_decision {
    const json_t *record, *decision;
} intake_decision;

static const char *intake_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* Their times are written so that they sort as text. */
static int intake_compare(const void *a, const void *b)
{
    const intake_decision *x = a, *y = b;
    return strcmp(intake_text(y->decision, "time"), intake_text(x->decision, "time"));
}

static void intake_decision_rows(const intake_decision *all, size_t n, as_str *out)
{
    as_str_add(
        out, "<figure><div class=\"scroll\"><table>\n<thead><tr><th>When</th><th>Who</th><th>What</th><th>Picture</th>"
             "<th>Why</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < n && i < INTAKE_MOST_DECISIONS; i++)
        as_html_addf(out, "<tr><td>%s</td><td>%s</td><td>%s</td><td class=\"file name\">%s</td><td>%s</td></tr>\n",
                     intake_text(all[i].decision, "time"), intake_text(all[i].decision, "by"),
                     intake_text(all[i].decision, "action"), intake_text(all[i].record, "name"),
                     intake_text(all[i].decision, "reason"));
    as_str_add(out, "</tbody></table></div>");
    if (n > INTAKE_MOST_DECISIONS)
        as_html_addf(out, "<p class=\"soft\">and %zu more (assay quarantine log)</p>", n - INTAKE_MOST_DECISIONS);
    as_str_add(out, "</figure>\n");
}

static bool intake_decisions(const as_album *album, as_str *out, as_err *err)
{
    size_t n = 0, at = 0;
    for (size_t i = 0; i < album->n_refused; i++)
        n += json_array_size(json_object_get(album->refused[i].record, "decisions"));
    intake_decision *all = calloc(n + 1, sizeof *all);
    if (!all)
        return AS_FAIL(err, AS_ENOMEM, "cannot sort the decisions");
    for (size_t i = 0; i < album->n_refused; i++) {
        const json_t *list = json_object_get(album->refused[i].record, "decisions");
        for (size_t k = 0; k < json_array_size(list); k++)
            all[at++] = (intake_decision){album->refused[i].record, json_array_get(list, k)};
    }
    qsort(all, n, sizeof *all, intake_compare);
    as_page_section(out, "decisions", "What people decided", NULL);
    if (n == 0)
        as_str_add(out, "<p class=\"soft\">Nothing was accepted or dropped yet.</p>\n");
    else
        intake_decision_rows(all, n, out);
    as_str_add(out, "</section>\n");
    free(all);
    return true;
}

bool as_album_intake_page(as_album *album, as_str *out, as_err *err)
{
    as_check_tally tally;
    char           title[300];
    as_set_report *set = calloc(1, sizeof *set);
    bool           ok = set || AS_FAIL(err, AS_ENOMEM, "cannot hold the page");
    ok = ok && as_set_run(album->spec, album->manifest, set, err);
    if (ok) {
        as_shots_count(album, &tally);
        snprintf(title, sizeof title, "%.250s: intake report", album->spec->line);
        as_page_begin(out, title);
        intake_head(album, &tally, set, out);
        ok = intake_versions(album, out, err);
    }
    if (ok)
        intake_checks(album, &tally, out);
    ok = ok && as_shots_refused(album, &tally, out, err) && as_shots_warned(album, &tally, out, err) &&
         as_shots_alike(album, out, err);
    if (ok)
        intake_whole(set, out);
    ok = ok && as_album_distributions(album, out, err);
    if (ok)
        as_album_classes(album, out);
    ok = ok && intake_decisions(album, out, err);
    as_page_end(out);
    free(set);
    return ok && (as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "cannot hold the page"));
}
