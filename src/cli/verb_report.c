/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/output.h"
#include "cli/term.h"
#include "lab/report.h"

static const as_opt report_opts[] = {
    {"output", 'o', "FILE", "where to write the page (default: report.html in the project's folder)", NULL},
};

/* A relative FILE is one of the folder the program was started in, as for every other program. */
static bool report_path(const as_cli *cli, const as_workspace *ws, char *path, as_err *err)
{
    const char *given = as_cli_opt(cli, "output");
    return given ? as_fs_join(path, ".", given, err) : as_fs_join(path, ws->root, "report.html", err);
}

static bool report_write(as_cli *cli, as_workspace *ws, const char *path, as_run *run, as_err *err)
{
    as_str   page;
    as_spec *spec = as_spec_load(ws->spec_path, err);
    as_str_init(&page);
    bool ok = spec && as_run_find(ws, as_cli_arg(cli, 0), run, err) &&
              as_report_html(ws, spec, run, &cli->progress, &page, err) && as_output_write(path, &page, NULL, err);
    as_str_done(&page);
    as_spec_free(spec);
    return ok;
}

static int report_run(as_cli *cli, as_err *err)
{
    char          path[AS_FS_PATH_BYTES], warning[AS_POINT_WARNING_BYTES];
    as_run        run;
    as_workspace *ws = as_workspace_open(cli->dir, AS_WORKSPACE_WRITE, err);
    bool          ok = ws && report_path(cli, ws, path, err) && report_write(cli, ws, path, &run, err);
    as_term_progress_end(cli);
    as_workspace_close(ws);
    if (ok && cli->json)
        ok = as_cli_print_json(cli,
                               json_pack("{s:s, s:s, s:o}", "report", path, "run", run.id, "warning",
                                         as_point_warning_json(&run.val_counts, run.val_feasible)),
                               err);
    else if (ok)
        fprintf(cli->out, "%s\n", path);
    if (ok && *as_point_warning(&run.val_counts, run.val_feasible, warning))
        as_term_say(cli, "warning: %s", warning);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_verb as_verb_report = {
    .name = "report",
    .summary = "write one HTML page about a run, to show to others",
    .usage = "[RUN]",
    .about =
        "The page holds everything it shows, pictures included: it can be mailed, printed or kept. It says which\n"
        "requirement is met by which evidence, how good the model is on parts it has never seen, what its mistakes "
        "cost,\n"
        "the worst of them as pictures, how fast the line was when it last ran with this model, which data it was\n"
        "trained on, and how to repeat it. The run, and the others on the same data, are judged anew on the test "
        "split.\n"
        "Without RUN it is about the current one (assay runs).",
    .examples = "  assay report\n  assay report 2-cnn -o cnn.html\n",
    .opts = report_opts,
    .n_opts = AS_COUNT(report_opts),
    .max_args = 1,
    .run = report_run,
};
