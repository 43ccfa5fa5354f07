/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "album/diff.h"
#include "album/gather.h"
#include "page/html.h"
#include "page/page.h"
#include "page/text.h"

#define DIFF_MOST_OF_GROUP 12
#define DIFF_MOST_GROUPS   12
#define DIFF_TITLE_BYTES   600

/* What a section shows: the changes that `of` names a group for; each group is a gallery. */
typedef struct diff_section {
    const char *id, *title, *lead, *css;
    void (*group)(const as_change *change, char text[DIFF_TITLE_BYTES]);
    unsigned what; /* only changes with one of these bits; 0: all */
} diff_section;

typedef struct diff_row {
    const as_change *change;
    char            *group; /* heap */
} diff_row;

static const char *diff_class(const as_sample *s)
{
    return *s->label ? s->label : "no class";
}

static void diff_by_class(const as_change *c, char text[DIFF_TITLE_BYTES])
{
    snprintf(text, DIFF_TITLE_BYTES, "%s", diff_class(c->after ? c->after : c->before));
}

static void diff_by_label(const as_change *c, char text[DIFF_TITLE_BYTES])
{
    if (c->what & AS_CHANGE_CLASS)
        snprintf(text, DIFF_TITLE_BYTES, "%s \xE2\x86\x92 %s", diff_class(c->before), diff_class(c->after));
    else
        snprintf(text, DIFF_TITLE_BYTES, "%s, said otherwise", diff_class(c->after));
}

static void diff_by_split(const as_change *c, char text[DIFF_TITLE_BYTES])
{
    snprintf(text, DIFF_TITLE_BYTES, "%s \xE2\x86\x92 %s", as_split_name(c->before->split),
             as_split_name(c->after->split));
}

static int diff_compare(const void *a, const void *b)
{
    const diff_row  *x = a, *y = b;
    const as_sample *s = x->change->after ? x->change->after : x->change->before;
    const as_sample *t = y->change->after ? y->change->after : y->change->before;
    int              by_group = strcmp(x->group, y->group);
    return by_group ? by_group : strcmp(s->name, t->name);
}

static bool diff_card(as_album *album, const as_change *c, const char *css, as_str *out, as_err *err)
{
    const as_sample *s = c->after ? c->after : c->before;
    char             soft[400], fact[600];
    snprintf(fact, sizeof fact, "%.250s, %s", diff_class(s), as_split_name(s->split));
    if (c->before && c->after)
        snprintf(soft, sizeof soft, "was %.250s, %s%s%s", diff_class(c->before), as_split_name(c->before->split),
                 c->before->state != c->after->state ? ", " : "",
                 c->before->state != c->after->state ? as_label_state_name(c->before->state) : "");
    else
        snprintf(soft, sizeof soft, "%ux%u px, %.40s", s->width, s->height, s->format);
    as_card card = {.css = css,
                    .badge = c->before && c->after ? "changed"
                             : c->after            ? "added"
                                                   : "removed",
                    .fact = fact,
                    .soft = soft,
                    .name = s->name};
    return as_album_card(album, s, &card, out, err);
}

/* Other bytes under the same name: both, side by side. */
static bool diff_two(as_album *album, const as_change *c, as_str *out, as_err *err)
{
    char before[600], after[600];
    snprintf(before, sizeof before, "%.250s, %s", diff_class(c->before), as_split_name(c->before->split));
    snprintf(after, sizeof after, "%.250s, %s", diff_class(c->after), as_split_name(c->after->split));
    as_card was = {.css = "bad", .badge = "before", .fact = before, .name = c->before->name};
    as_card is = {.css = "good", .badge = "after", .fact = after, .name = c->after->name};
    as_str_add(out, "<div class=\"two\">\n");
    bool ok = as_album_card(album, c->before, &was, out, err) && as_album_card(album, c->after, &is, out, err);
    as_str_add(out, "</div>\n");
    return ok;
}

static bool diff_group(as_album *album, const diff_section *section, const diff_row *rows, size_t n, as_str *out,
                       as_err *err)
{
    char pictures[80];
    bool pairs = section->what & AS_CHANGE_PICTURE, ok = true;
    as_html_addf(out, "<h3 class=\"group\"><span>%s</span> <span class=\"soft\">%s", rows[0].group,
                 as_album_pictures(n, pictures));
    if (n > DIFF_MOST_OF_GROUP)
        as_html_addf(out, ", the first %d are shown", DIFF_MOST_OF_GROUP);
    as_html_addf(out, "</span></h3>\n<div class=\"%s\">\n", pairs ? "pairs" : "gallery");
    for (size_t i = 0; ok && i < n && i < DIFF_MOST_OF_GROUP; i++)
        ok = pairs ? diff_two(album, rows[i].change, out, err)
                   : diff_card(album, rows[i].change, section->css, out, err);
    as_str_add(out, "</div>\n");
    return ok;
}

static bool diff_groups(as_album *album, const diff_section *section, const diff_row *rows, size_t n, as_str *out,
                        as_err *err)
{
    size_t n_groups = 0, n_left = 0;
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && strcmp(rows[end].group, rows[i].group) == 0; end++) {
        }
        if (++n_groups > DIFF_MOST_GROUPS)
            n_left += end - i;
        else if (!diff_group(album, section, rows + i, end - i, out, err))
            return false;
    }
    if (n_left)
        as_html_addf(out, "<p class=\"soft\">and %zu more in %zu groups (assay data diff --json)</p>\n", n_left,
                     n_groups - DIFF_MOST_GROUPS);
    return true;
}

static bool diff_section_add(as_album *album, const diff_section *section, const as_change *changes, size_t n_changes,
                             as_str *out, as_err *err)
{
    diff_row *rows = calloc(n_changes + 1, sizeof *rows);
    size_t    n = 0;
    bool      ok = rows || AS_FAIL(err, AS_ENOMEM, "cannot sort the changes");
    for (size_t i = 0; ok && i < n_changes; i++) {
        char text[DIFF_TITLE_BYTES];
        if (section->what && !(changes[i].what & section->what))
            continue;
        section->group(&changes[i], text);
        rows[n] = (diff_row){&changes[i], strdup(text)};
        ok = rows[n++].group || AS_FAIL(err, AS_ENOMEM, "cannot sort the changes");
    }
    if (ok && n) {
        qsort(rows, n, sizeof *rows, diff_compare);
        as_page_section(out, section->id, section->title, section->lead);
        ok = diff_groups(album, section, rows, n, out, err);
        as_str_add(out, "</section>\n");
    }
    for (size_t i = 0; i < n; i++)
        free(rows[i].group);
    free(rows);
    return ok;
}

static void diff_head(const as_album *from, const as_album *to, const as_diff *diff, as_str *out)
{
    char               hex[AS_SHA256_HEX_BYTES], n[AS_PAGE_TEXT_BYTES], day[AS_PAGE_TEXT_BYTES];
    const as_page_link links[] = {{"added", diff->added.n ? "Added" : NULL},
                                  {"removed", diff->removed.n ? "Removed" : NULL},
                                  {"relabelled", diff->n_relabelled ? "Relabelled" : NULL},
                                  {"moved", diff->n_moved ? "Moved" : NULL},
                                  {"pictures", diff->n_pictures ? "Other pictures" : NULL}};
    as_str_add(out, "<header>\n");
    as_album_head(to, "From one version to another", out);
    if (from) {
        as_digest_hex(&from->commit.id, hex);
        hex[12] = '\0';
        as_html_addf(out,
                     "<p class=\"meta\"><span>compared with version %s</span> <span>%s</span> <span>%s</span></p>\n",
                     hex, as_page_day(from->commit.utc, day), from->commit.message);
    } else {
        as_str_add(out, "<p class=\"meta\"><span>the first version: all of it is new</span></p>\n");
    }
    as_html_addf(out, "<p>%s</p>\n", to->commit.message);
    as_str_add(out, "<dl class=\"tiles\">\n");
    as_page_tile(out, "Added", as_page_count(diff->added.n, n), "pictures");
    as_page_tile(out, "Removed", as_page_count(diff->removed.n, n), "pictures");
    as_page_tile(out, "Relabelled", as_page_count(diff->n_relabelled, n), "pictures, whose bytes are as before");
    as_page_tile(out, "Moved between splits", as_page_count(diff->n_moved, n), "pictures");
    as_str_add(out, "</dl>\n");
    as_page_nav(out, links, AS_COUNT(links));
    if (diff->added.n + diff->removed.n + diff->changed.n == 0)
        as_str_add(out, "<p class=\"note good\">The two versions are the same.</p>\n");
    as_str_add(out, "</header>\n");
}

static bool diff_sections(as_album *album, const as_diff *diff, as_str *out, as_err *err)
{
    static const diff_section added = {"added", "Added", NULL, "good", diff_by_class, 0};
    static const diff_section removed = {"removed", "Removed",     "They stay in the versions before.",
                                         "bad",     diff_by_class, 0};
    static const diff_section changed[] = {
        {"relabelled", "Relabelled", NULL, "warn", diff_by_label, AS_CHANGE_CLASS | AS_CHANGE_LABEL},
        {"moved", "Moved between splits", NULL, "s2", diff_by_split, AS_CHANGE_SPLIT},
        {"pictures", "Other pictures", "Other bytes under the same name.", "warn", diff_by_class, AS_CHANGE_PICTURE}};
    bool ok = diff_section_add(album, &added, diff->added.at, diff->added.n, out, err) &&
              diff_section_add(album, &removed, diff->removed.at, diff->removed.n, out, err);
    for (size_t i = 0; ok && i < AS_COUNT(changed); i++)
        ok = diff_section_add(album, &changed[i], diff->changed.at, diff->changed.n, out, err);
    return ok;
}

bool as_album_diff_page(as_album *from, as_album *to, as_str *out, as_err *err)
{
    as_diff      diff;
    char         title[300];
    as_manifest *none = from ? NULL : as_manifest_new(err);
    if ((!from && !none) || !as_diff_make(from ? from->manifest : none, to->manifest, &diff, err)) {
        as_manifest_free(none);
        return false;
    }
    snprintf(title, sizeof title, "%.250s: what changed", to->spec->line);
    as_page_begin(out, title);
    diff_head(from, to, &diff, out);
    bool ok = diff_sections(to, &diff, out, err);
    as_page_end(out);
    as_diff_done(&diff);
    as_manifest_free(none);
    return ok && (as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "cannot hold the page"));
}
