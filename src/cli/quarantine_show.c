/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "cli/action.h"
#include "cli/quarantine_pick.h"
#include "spec/unit.h"

static void show_measures(as_cli *cli, const json_t *record)
{
    static const struct {
        const char *key, *name;
    } rows[] = {{"sharpness", "sharpness"}, {"clipped_ratio", "clipped"}, {"black_ratio", "black"},
                {"white_ratio", "white"},   {"mean", "mean level"},       {"contrast", "contrast"},
                {"noise", "noise"},         {"motion_px", "motion px"}};
    const json_t *measured = json_object_get(record, "measured");
    bool          any = false;
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        const json_t *value = json_object_get(measured, rows[i].key);
        if (json_is_number(value))
            fprintf(cli->out, "%s%s %.4g", any ? ", " : "measured ", rows[i].name, json_number_value(value));
        any = any || json_is_number(value);
    }
    if (any)
        fputc('\n', cli->out);
}

static void show_head(as_cli *cli, const as_workspace *ws, const json_t *record)
{
    char        bytes[AS_UNIT_TEXT_BYTES];
    const char *label = as_pick_text(record, "label"), *file = as_pick_text(record, "file");
    double      n_bytes = json_number_value(json_object_get(record, "n_bytes"));
    fprintf(cli->out, "%s%s%s  %s\n", as_term_style(cli, AS_STYLE_BOLD), as_pick_text(record, "name"),
            as_term_plain(cli), as_pick_text(record, "state"));
    fprintf(cli->out, "id       %.12s\nclass    %s\ntime     %s\nsize     %s", as_pick_text(record, "id"),
            *label ? label : "-", as_pick_text(record, "time"), as_unit_text(n_bytes, AS_UNIT_BYTES, bytes));
    if (json_object_get(record, "width"))
        fprintf(cli->out, ", %lld x %lld px, %s", (long long)json_integer_value(json_object_get(record, "width")),
                (long long)json_integer_value(json_object_get(record, "height")), as_pick_text(record, "format"));
    fprintf(cli->out, "\nsha256   %s\n", as_pick_text(record, "sha256"));
    if (*file)
        fprintf(cli->out, "file     %s/%s\n", ws->dir, file);
    if (*as_pick_text(record, "kept_as"))
        fprintf(cli->out, "kept as  %s\n", as_pick_text(record, "kept_as"));
    show_measures(cli, record);
}

static void show_found(as_cli *cli, const json_t *record)
{
    const json_t *found = json_object_get(record, "found");
    const char   *by = as_pick_text(record, "check");
    char          why[AS_DECIDE_TEXT_BYTES];
    fprintf(cli->out, "\n  %s%s%s: %s\n", as_term_style(cli, AS_STYLE_BAD), by, as_term_plain(cli),
            as_pick_text(record, "reason"));
    for (size_t i = 0; i < json_array_size(found); i++) {
        const json_t *one = json_array_get(found, i);
        if (strcmp(as_pick_text(one, "check"), by) != 0)
            fprintf(cli->out, "  %s%s%s: %s\n", as_term_style(cli, AS_STYLE_WARN), as_pick_text(one, "check"),
                    as_term_plain(cli), as_pick_text(one, "text"));
    }
    if (strcmp(as_pick_text(record, "state"), "waiting") == 0 && !as_decide_may_overrule(by, why))
        fprintf(cli->out, "  %s\n", why);
}

static bool show_decisions(as_cli *cli, const json_t *record, as_err *err)
{
    static const char *const columns[] = {"time", "who", "what", "commit", "reason", NULL};
    const json_t            *list = json_object_get(record, "decisions");
    if (json_array_size(list) == 0)
        return true;
    fputc('\n', cli->out);
    as_table *table = as_table_new(columns);
    for (size_t i = 0; i < json_array_size(list); i++)
        as_pick_decision_cells(table, json_array_get(list, i));
    return as_table_print(table, cli, err);
}

static bool show_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_pick pick;
    bool    ok = true;
    if (!as_pick_read(cli, ws, NULL, true, &pick, err))
        return false;
    if (cli->json) {
        json_t *list = json_array();
        for (size_t i = 0; i < pick.n; i++)
            json_array_append(list, pick.at[i]);
        ok = as_cli_print_json(cli, list, err);
    }
    for (size_t i = 0; ok && !cli->json && i < pick.n; i++) {
        if (i)
            fputc('\n', cli->out);
        show_head(cli, ws, pick.at[i]);
        show_found(cli, pick.at[i]);
        ok = show_decisions(cli, pick.at[i], err);
    }
    as_pick_done(&pick);
    return ok;
}

static int quarantine_show(as_cli *cli, as_workspace *ws, as_err *err)
{
    return show_run(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_quarantine_action_show = {
    .name = "show",
    .usage = "NAME",
    .about = "one of them: what was measured, what each check said, where the file is, what was decided",
    .min_args = 1,
    .max_args = 1,
    .mode = AS_WORKSPACE_READ,
    .run = quarantine_show,
};
