/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "catalog/commit.h"
#include "catalog/tag.h"
#include "cli/action.h"
#include "cli/data_json.h"
#include "cli/term.h"

static bool tag_list(as_cli *cli, as_workspace *ws, as_err *err)
{
    static const char *const columns[] = {"tag", "commit", "time", ">samples", "message", NULL};
    as_ref                  *refs;
    size_t                   n;
    char                     when[AS_CLOCK_TEXT_BYTES];
    if (!as_store_ref_list(ws->store, AS_TAG_REF, &refs, &n, err))
        return false;
    as_table *table = cli->json || n == 0 ? NULL : as_table_new(columns);
    json_t   *list = cli->json ? json_array() : NULL;
    bool      ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        const char *name = refs[i].name + strlen(AS_TAG_REF);
        as_commit   commit;
        ok = as_commit_find(ws, name, &commit, err);
        if (ok && cli->json) {
            json_t *one = as_data_commit_json(&commit);
            as_json_set(one, "tag", json_string(name));
            json_array_append_new(list, one);
        } else if (ok) {
            as_table_cell(table, AS_STYLE_BOLD, "%s", name);
            as_table_cell(table, AS_STYLE_NONE, "%.12s", refs[i].value);
            as_table_cell(table, AS_STYLE_NONE, "%.16s", as_clock_text(commit.utc, when));
            as_table_cell(table, AS_STYLE_NONE, "%llu", (unsigned long long)commit.n_samples);
            as_table_cell(table, AS_STYLE_NONE, "%.*s", (int)strcspn(commit.message, "\n"), commit.message);
        }
    }
    free(refs);
    if (cli->json && ok)
        return as_cli_print_json(cli, list, err);
    json_decref(list);
    if (table)
        return as_table_print(table, cli, ok ? err : NULL) && ok;
    if (ok && !cli->json)
        fprintf(cli->out, "no version has a tag yet\n");
    return ok;
}

static bool tag_said(as_cli *cli, const char *name, const char *commit, const char *what, as_err *err)
{
    if (cli->json)
        return as_cli_print_json(cli, json_pack("{s:s, s:s*}", "tag", name, "commit", commit), err);
    as_term_say(cli, "%s", what);
    return true;
}

static bool tag_set(as_cli *cli, as_workspace *ws, const char *name, as_err *err)
{
    as_commit commit;
    char      hex[AS_SHA256_HEX_BYTES], what[256];
    if (!as_commit_find(ws, as_cli_arg(cli, 2) ? as_cli_arg(cli, 2) : "main", &commit, err) ||
        !as_tag_set(ws, name, &commit.id, err))
        return false;
    as_digest_hex(&commit.id, hex);
    snprintf(what, sizeof what, "'%.100s' is version %.12s from now on", name, hex);
    return tag_said(cli, name, hex, what, err);
}

static bool tag_remove(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char *name = as_cli_arg(cli, 2);
    char        what[256];
    if (!name)
        return AS_FAIL(err, AS_EINVAL, "a word is missing: data tag remove NAME");
    if (!as_tag_remove(ws, name, err))
        return false;
    snprintf(what, sizeof what, "tag '%.100s' is gone; its version stays as long as something else leads to it", name);
    return tag_said(cli, name, NULL, what, err);
}

static bool tag_do(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char *word = as_cli_arg(cli, 1);
    if (!word || strcmp(word, "list") == 0)
        return tag_list(cli, ws, err);
    return strcmp(word, "remove") == 0 ? tag_remove(cli, ws, err) : tag_set(cli, ws, word, err);
}

static int data_tag(as_cli *cli, as_workspace *ws, as_err *err)
{
    return tag_do(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_data_tag = {
    .name = "tag",
    .usage = "[NAME [COMMIT] | list | remove NAME]",
    .about = "gives a version a name, which works wherever COMMIT stands and never moves; lists and removes them",
    .min_args = 0,
    .max_args = 2,
    .mode = AS_WORKSPACE_WRITE,
    .run = data_tag,
};
