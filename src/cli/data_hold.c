/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "catalog/hold.h"
#include "cli/action.h"
#include "cli/term.h"
#include "intake/erase.h"

static json_t *hold_json(const as_hold *hold)
{
    char    when[AS_CLOCK_TEXT_BYTES];
    json_t *json = json_pack("{s:I, s:s, s:s, s:s, s:I, s:b}", "id", (json_int_t)hold->id, "reason", hold->reason,
                             "who", hold->who, "time", as_clock_text(hold->utc, when), "n_images",
                             (json_int_t)hold->images.n, "released", hold->released_utc != 0);
    if (hold->released_utc) {
        as_json_set(json, "released_time", json_string(as_clock_text(hold->released_utc, when)));
        as_json_set(json, "released_by", json_string(hold->released_by));
    }
    return json;
}

static bool hold_list(as_cli *cli, as_workspace *ws, as_err *err)
{
    static const char *const columns[] = {">hold", "since", "who", ">pictures", "reason", "released", NULL};
    as_hold                 *holds;
    size_t                   n;
    char                     when[AS_CLOCK_TEXT_BYTES];
    if (!as_hold_list(ws, &holds, &n, err))
        return false;
    as_table *table = cli->json || n == 0 ? NULL : as_table_new(columns);
    json_t   *list = cli->json ? json_array() : NULL;
    for (size_t i = 0; i < n; i++) {
        if (cli->json) {
            json_array_append_new(list, hold_json(&holds[i]));
            continue;
        }
        as_table_cell(table, AS_STYLE_BOLD, "%llu", (unsigned long long)holds[i].id);
        as_table_cell(table, AS_STYLE_NONE, "%.16s", as_clock_text(holds[i].utc, when));
        as_table_cell(table, AS_STYLE_NONE, "%s", holds[i].who);
        as_table_cell(table, AS_STYLE_NONE, "%zu", holds[i].images.n);
        as_table_cell(table, AS_STYLE_NONE, "%s", holds[i].reason);
        as_table_cell(table, AS_STYLE_DIM, "%.16s%s%s",
                      holds[i].released_utc ? as_clock_text(holds[i].released_utc, when) : "-",
                      holds[i].released_utc ? " by " : "", holds[i].released_by);
    }
    as_holds_free(holds, n);
    if (cli->json)
        return as_cli_print_json(cli, list, err);
    if (table)
        return as_table_print(table, cli, err);
    fprintf(cli->out, "there is no legal hold\n");
    return true;
}

static bool hold_fill(as_cli *cli, as_workspace *ws, as_hold *hold, as_err *err)
{
    const char *where = as_cli_opt(cli, "where");
    const char *names[] = {NULL};
    as_query   *query = as_query_parse(where, err);
    as_erase    found;
    if (!query)
        return false;
    as_erase_cfg cfg = {.where = query, .names = names, .reason = hold->reason};
    bool         ok = as_erase_find(ws, &cfg, &cli->progress, &found, err);
    if (ok) {
        hold->images = found.images;
        memset(&found.images, 0, sizeof found.images);
        as_erase_done(&found);
    }
    as_query_free(query);
    return ok;
}

static bool hold_add(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char *reason = as_cli_opt(cli, "reason");
    as_hold     hold = {.id = 0};
    if (!as_cli_opt(cli, "where") || !reason || !*reason)
        return AS_FAIL(err, AS_EINVAL, "say which and why: data hold add --where QUERY --reason TEXT");
    if (!as_str_copy(hold.reason, sizeof hold.reason, reason))
        return AS_FAIL(err, AS_ELIMIT, "the reason is longer than %zu bytes", sizeof hold.reason - 1);
    as_erase_author(hold.who, sizeof hold.who);
    bool ok = hold_fill(cli, ws, &hold, err) && as_hold_add(ws, &hold, err);
    as_term_progress_end(cli);
    if (ok && cli->json)
        ok = as_cli_print_json(cli, hold_json(&hold), err);
    else if (ok)
        fprintf(cli->out,
                "legal hold %llu keeps %zu picture%s, in every version: neither erased nor dropped until it is "
                "released\n",
                (unsigned long long)hold.id, hold.images.n, hold.images.n == 1 ? "" : "s");
    as_vec_done(&hold.images);
    return ok;
}

static bool hold_release(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char *word = as_cli_arg(cli, 2);
    uint64_t    id;
    char        who[AS_HOLD_TEXT_BYTES];
    if (!word || !as_str_to_u64(word, &id))
        return AS_FAIL(err, AS_EINVAL, "say which by its number: data hold release N (see: assay data hold list)");
    as_erase_author(who, sizeof who);
    if (!as_hold_release(ws, id, who, err))
        return false;
    if (cli->json)
        return as_cli_print_json(cli, json_pack("{s:I, s:b}", "id", (json_int_t)id, "released", true), err);
    as_term_say(cli, "legal hold %llu is released; it stays on record", (unsigned long long)id);
    return true;
}

static bool hold_do(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char *word = as_cli_arg(cli, 1);
    if (strcmp(word, "list") == 0)
        return hold_list(cli, ws, err);
    if (strcmp(word, "add") == 0)
        return hold_add(cli, ws, err);
    return strcmp(word, "release") == 0 ? hold_release(cli, ws, err)
                                        : AS_FAIL(err, AS_EINVAL, "'%.100s' is none of add, list and release", word);
}

static int data_hold(as_cli *cli, as_workspace *ws, as_err *err)
{
    return hold_do(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_data_hold = {
    .name = "hold",
    .usage = "add --where QUERY --reason TEXT | list | release N",
    .about = "legal holds: pictures that may neither be erased nor dropped; one that was released stays on record",
    .min_args = 1,
    .max_args = 2,
    .mode = AS_WORKSPACE_WRITE,
    .run = data_hold,
};
