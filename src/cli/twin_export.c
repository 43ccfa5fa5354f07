/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/action.h"
#include "cli/term.h"
#include "cli/twin_pick.h"
#include "twin/export.h"

static const as_twin_export_kind *export_kind(const char *name)
{
    for (size_t i = 0; name && as_twin_export_kind_at(i); i++)
        if (strcmp(as_twin_export_kind_at(i)->name, name) == 0)
            return as_twin_export_kind_at(i);
    return as_twin_export_kind_at(0); /* other names were refused with the command line */
}

static bool export_say(as_cli *cli, const as_twin_export_cfg *cfg, const as_twin_export_counts *counts, as_err *err)
{
    if (cli->json)
        return as_cli_print_json(cli,
                                 json_pack("{s:s,s:s,s:I,s:I,s:I}", "dir", cfg->dir, "as", cfg->kind->name,
                                           "n_pictures", (json_int_t)counts->n_pictures, "n_findings",
                                           (json_int_t)counts->n_findings, "n_with_faults",
                                           (json_int_t)counts->n_faulty),
                                 err);
    fprintf(cli->out, "%s: %llu pictures as %s, %llu defects", cfg->dir, (unsigned long long)counts->n_pictures,
            cfg->kind->name, (unsigned long long)counts->n_findings);
    if (counts->n_faulty)
        fprintf(cli->out, ", %llu pictures with a fault of the station", (unsigned long long)counts->n_faulty);
    fputs("; all truth in truth.jsonl\n", cli->out);
    return true;
}

static int twin_export(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_twin_pick          pick = {.twin = NULL};
    as_twin_export_counts counts;
    uint64_t              parts = 100;
    (void)ws;
    bool ok = as_cli_u64(cli, "parts", 1, AS_EXPORT_MAX_PARTS, &parts, err) && as_twin_pick_open(cli, NULL, &pick, err);
    as_twin_export_cfg cfg = {
        .kind = export_kind(as_cli_opt(cli, "as")), .dir = as_cli_arg(cli, 1), .first = pick.first, .n = parts};
    cfg.masks = cfg.kind->annotates && !as_cli_flag(cli, "no-masks");
    ok = ok && as_twin_export_run(pick.twin, &cfg, &cli->progress, &counts, err);
    as_term_progress_end(cli);
    ok = ok && export_say(cli, &cfg, &counts, err);
    as_twin_pick_done(&pick);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_action as_twin_action_export = {
    .name = "export",
    .usage = "DIR [--scene SCENE] [--as coco|folders] [--parts N] [--no-masks]",
    .about = "pictures and their truth into a new folder: as COCO with boxes and masks, or a folder for each class",
    .min_args = 1,
    .max_args = 1,
    .mode = AS_WORKSPACE_NONE,
    .run = twin_export,
};
