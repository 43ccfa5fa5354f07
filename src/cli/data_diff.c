/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/vec.h"
#include "cli/action.h"
#include "cli/data_json.h"
#include "cli/term.h"

#define DATA_DIFF_LINES 20 /* of a kind, as text; --json has them all */

typedef struct data_change {
    const as_sample *before, *after; /* one of them may be NULL */
} data_change;

typedef struct data_diff {
    AS_VEC(data_change) added, removed, changed;
} data_diff;

static bool data_same(const as_sample *a, const as_sample *b)
{
    return as_digest_equal(&a->image, &b->image) && strcmp(a->label, b->label) == 0 && a->split == b->split &&
           strcmp(a->part, b->part) == 0;
}

/* Both are sorted by name. */
static bool data_diff_of(const as_manifest *a, const as_manifest *b, data_diff *diff, as_err *err)
{
    size_t i = 0, k = 0;
    bool   ok = true;
    while (ok && (i < as_manifest_count(a) || k < as_manifest_count(b))) {
        data_change change = {as_manifest_at(a, i), as_manifest_at(b, k)};
        int         order = !change.before ? 1 : !change.after ? -1 : strcmp(change.before->name, change.after->name);
        i += order <= 0;
        k += order >= 0;
        if (order < 0)
            ok = as_vec_push(&diff->removed, change);
        else if (order > 0)
            ok = as_vec_push(&diff->added, change);
        else if (!data_same(change.before, change.after))
            ok = as_vec_push(&diff->changed, change);
    }
    return ok || AS_FAIL(err, AS_ENOMEM, "out of memory");
}

static void data_diff_lines(as_cli *cli, const data_change *at, size_t n, char sign, as_style style)
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

static json_t *data_diff_json(const data_change *at, size_t n, char sign)
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

static bool data_diff_print(as_cli *cli, const as_commit *from, const as_commit *to, const data_diff *diff, as_err *err)
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
    fprintf(cli->out, "%.12s to %.12s: %zu added, %zu removed, %zu changed\n", a, b, diff->added.n, diff->removed.n,
            diff->changed.n);
    data_diff_lines(cli, diff->added.at, diff->added.n, '+', AS_STYLE_GOOD);
    data_diff_lines(cli, diff->removed.at, diff->removed.n, '-', AS_STYLE_BAD);
    data_diff_lines(cli, diff->changed.at, diff->changed.n, '~', AS_STYLE_WARN);
    return true;
}

static bool data_diff_commits(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char *a = as_cli_arg(cli, 1), *b = as_cli_arg(cli, 2);
    as_commit   from = {.utc = 0}, to;
    data_diff   diff = {0};
    if (!as_commit_find(ws, b ? b : "main", &to, err))
        return false;
    bool is_first = !a && to.n_parents == 0; /* then all of it is new */
    if (!is_first && !as_commit_find(ws, a ? a : "main~1", &from, err))
        return false;
    as_manifest *before = is_first ? as_manifest_new(err) : as_commit_manifest(ws, &from, err);
    as_manifest *after = before ? as_commit_manifest(ws, &to, err) : NULL;
    bool         ok = after && data_diff_of(before, after, &diff, err) && data_diff_print(cli, &from, &to, &diff, err);
    as_vec_done(&diff.added);
    as_vec_done(&diff.removed);
    as_vec_done(&diff.changed);
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
    .usage = "[A] [B]",
    .about = "what B has that A has not, and the other way round (default: the last step)",
    .min_args = 0,
    .max_args = 2,
    .mode = AS_WORKSPACE_READ,
    .run = data_diff_run,
};
