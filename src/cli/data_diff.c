/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "album/diff.h"
#include "cli/action.h"
#include "cli/data_json.h"
#include "cli/page_out.h"
#include "cli/term.h"

#define DATA_DIFF_LINES 20 /* of a kind, as text; --json has them all */

static void data_diff_lines(as_cli *cli, const as_change *at, size_t n, char sign, as_style style)
{
    for (size_t i = 0; i < AS_MIN(n, (size_t)DATA_DIFF_LINES); i++) {
        const as_sample *s = sign == '-' ? at[i].before : at[i].after;
        fprintf(cli->out, "%s%c %s%s  %s, %s", as_term_style(cli, style), sign, s->name, as_term_plain(cli), s->label,
                as_split_name(s->split));
        if (sign == '~')
            fprintf(cli->out, " (was %s, %s%s)", at[i].before->label, as_split_name(at[i].before->split),
                    as_digest_equal(&at[i].before->image, &s->image) ? "" : ", another picture");
        fputc('\n', cli->out);
    }
    if (n > DATA_DIFF_LINES)
        fprintf(cli->out, "%c ... and %zu more (all of them with --json)\n", sign, n - DATA_DIFF_LINES);
}

static json_t *data_diff_json(const as_change *at, size_t n, char sign)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *one = as_data_sample_json(sign == '-' ? at[i].before : at[i].after);
        if (sign == '~')
            as_json_set(one, "before", as_data_sample_json(at[i].before));
        json_array_append_new(list, one);
    }
    return list;
}

static bool data_diff_print(as_cli *cli, const as_commit *from, const as_commit *to, const as_diff *diff, as_err *err)
{
    char a[AS_SHA256_HEX_BYTES], b[AS_SHA256_HEX_BYTES];
    as_digest_hex(&from->id, a);
    as_digest_hex(&to->id, b);
    if (cli->json) {
        json_t *json = json_object();
        as_json_set(json, "from", json_string(a));
        as_json_set(json, "to", json_string(b));
        as_json_set(json, "added", data_diff_json(diff->added.at, diff->added.n, '+'));
        as_json_set(json, "removed", data_diff_json(diff->removed.at, diff->removed.n, '-'));
        as_json_set(json, "changed", data_diff_json(diff->changed.at, diff->changed.n, '~'));
        return as_cli_print_json(cli, json, err);
    }
    fprintf(cli->out, "%.12s to %.12s: %zu added, %zu removed, %zu changed", a, b, diff->added.n, diff->removed.n,
            diff->changed.n);
    if (diff->changed.n)
        fprintf(cli->out, " (%zu relabelled, %zu moved between splits)", diff->n_relabelled, diff->n_moved);
    fputc('\n', cli->out);
    data_diff_lines(cli, diff->added.at, diff->added.n, '+', AS_STYLE_GOOD);
    data_diff_lines(cli, diff->removed.at, diff->removed.n, '-', AS_STYLE_BAD);
    data_diff_lines(cli, diff->changed.at, diff->changed.n, '~', AS_STYLE_WARN);
    return true;
}

static bool data_diff_page(as_cli *cli, as_workspace *ws, const as_commit *from, const as_commit *to, as_err *err)
{
    as_str page;
    as_str_init(&page);
    as_album *a = from ? as_album_open(ws, from, false, &cli->progress, err) : NULL;
    as_album *b = a || !from ? as_album_open(ws, to, false, &cli->progress, err) : NULL;
    bool      ok = b && as_album_diff_page(a, b, &page, err) && as_page_out(cli, ws, "diff.html", &page, to, err);
    as_album_free(a);
    as_album_free(b);
    as_str_done(&page);
    return ok;
}

static bool data_diff_commits(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char *a = as_cli_arg(cli, 1), *b = as_cli_arg(cli, 2);
    as_commit   from = {.utc = 0}, to;
    as_diff     diff = {0};
    if (!as_commit_find(ws, b ? b : "main", &to, err))
        return false;
    bool is_first = !a && to.n_parents == 0; /* then all of it is new */
    if (!is_first && !as_commit_find(ws, a ? a : "main~1", &from, err))
        return false;
    if (as_cli_opt(cli, "html"))
        return data_diff_page(cli, ws, is_first ? NULL : &from, &to, err);
    as_manifest *before = is_first ? as_manifest_new(err) : as_commit_manifest(ws, &from, err);
    as_manifest *after = before ? as_commit_manifest(ws, &to, err) : NULL;
    bool         ok = after && as_diff_make(before, after, &diff, err) && data_diff_print(cli, &from, &to, &diff, err);
    as_diff_done(&diff);
    as_manifest_free(before);
    as_manifest_free(after);
    return ok;
}

static int data_diff_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    return data_diff_commits(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_data_diff = {
    .name = "diff",
    .usage = "[A] [B] [--html FILE]",
    .about = "what B has that A has not, and the other way round (default: the last step); --html: with small "
             "pictures, as a "
             "page",
    .min_args = 0,
    .max_args = 2,
    .mode = AS_WORKSPACE_READ,
    .run = data_diff_run,
};
