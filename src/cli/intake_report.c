/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"
#include "cli/page_out.h"
#include "cli/term.h"

static bool intake_report_write(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char *name = as_cli_arg(cli, 1);
    as_commit   commit;
    as_str      page;
    if (!as_commit_find(ws, name ? name : "", &commit, err))
        return false;
    as_str_init(&page);
    as_album *album = as_album_open(ws, &commit, true, &cli->progress, err);
    bool      ok = album && as_album_intake_page(album, &page, err);
    as_album_free(album);
    ok = ok && as_page_out(cli, ws, "intake.html", &page, &commit, err);
    as_term_progress_end(cli);
    as_str_done(&page);
    return ok;
}

static int intake_report(as_cli *cli, as_workspace *ws, as_err *err)
{
    return intake_report_write(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_intake_action_report = {
    .name = "report",
    .usage = "[COMMIT] [--output FILE]",
    .about = "one HTML page: what came in, what was refused and warned of, with small pictures and distributions",
    .min_args = 0,
    .max_args = 1,
    .mode = AS_WORKSPACE_READ,
    .run = intake_report,
};
