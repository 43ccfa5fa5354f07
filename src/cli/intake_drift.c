/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"
#include "cli/term.h"
#include "intake/drift.h"

static bool drift_print(as_cli *cli, const as_drift *drift, as_err *err)
{
    static const char *const columns[] = {"measure", ">statistic", ">p", ">psi", "", "what it is and was", NULL};
    as_table                *table = as_table_new(columns);
    char                     hex[2][AS_SHA256_HEX_BYTES];
    as_term_say(cli, "%zu pictures of %.12s that %.12s does not have, against its %zu", drift->n_after,
                as_digest_hex(&drift->commit.id, hex[0]), as_digest_hex(&drift->reference.id, hex[1]), drift->n_before);
    for (size_t i = 0; i < drift->n; i++) {
        const as_drift_row *row = &drift->at[i];
        as_table_cell(table, AS_STYLE_BOLD, "%s", row->name);
        as_table_cell(table, AS_STYLE_NONE, "%s %.3g", row->test, row->value);
        as_table_cell(table, AS_STYLE_NONE, "%.2g", row->p);
        as_table_cell(table, AS_STYLE_NONE, "%.2f", row->psi);
        as_table_cell(table, row->changed ? AS_STYLE_WARN : AS_STYLE_GOOD, "%s", row->changed ? "changed" : "ok");
        as_table_cell(table, AS_STYLE_NONE, "%s", row->text);
    }
    if (!as_table_print(table, cli, err))
        return false;
    for (size_t i = 0; i < drift->n; i++)
        if (drift->at[i].changed)
            as_term_say(cli, "%s: %s", drift->at[i].name, drift->at[i].remedy);
    return true;
}

static int drift_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char *commit = as_cli_arg(cli, 1), *given = as_cli_opt(cli, "reference");
    as_spec    *spec = as_spec_load(ws->spec_path, err);
    as_drift    drift;
    bool        ok = spec != NULL;
    const char *reference = given ? given : ok ? spec->reference : "";
    if (ok && !*reference)
        ok = AS_FAIL(err, AS_EINVAL,
                     "compare with which version? --reference COMMIT, or intake.reference in assay.yaml");
    ok = ok && as_drift_find(ws, spec, reference, commit ? commit : "", &drift, err) &&
         (cli->json ? as_cli_print_json(cli, as_drift_json(&drift), err) : drift_print(cli, &drift, err));
    as_spec_free(spec);
    return !ok ? AS_VERB_FAILED : drift.n_changed ? 1 : 0;
}

const as_action as_intake_action_drift = {
    .name = "drift",
    .usage = "[COMMIT] [--reference COMMIT]",
    .about = "whether the pictures that came since the reference are distributed as its own: each measure, and the "
             "shares of classes, formats and cameras; exit status 1 when something has changed",
    .max_args = 1,
    .mode = AS_WORKSPACE_READ,
    .run = drift_run,
};
