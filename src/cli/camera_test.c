/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "cli/action.h"
#include "cli/camera_pick.h"
#include "cli/camera_report.h"
#include "cli/output.h"
#include "cli/term.h"

static bool test_options(const as_cli *cli, as_acceptance_cfg *cfg, as_err *err)
{
    uint64_t n = cfg->n_frames;
    double   wait_s = (double)cfg->wait / (double)AS_NS_PER_S;
    if (!as_cli_u64(cli, "frames", 3, 100000, &n, err) || !as_cli_f64(cli, "wait", 0.001, 1e6, &wait_s, err) ||
        !as_cli_f64(cli, "min-fps", 0, 1e6, &cfg->min_fps, err) ||
        !as_cli_f64(cli, "max-jitter", 0, 1e6, &cfg->max_jitter_ms, err) ||
        !as_cli_f64(cli, "max-lost", 0, 1e6, &cfg->max_lost, err) ||
        !as_cli_f64(cli, "max-noise", 0, 255, &cfg->max_noise, err) ||
        !as_cli_f64(cli, "min-linearity", 0, 1, &cfg->min_linearity, err) ||
        !as_cli_f64(cli, "min-focus", 0, 1e9, &cfg->min_focus, err))
        return false;
    cfg->n_frames = (uint32_t)n;
    cfg->wait = (as_ns)(wait_s * (double)AS_NS_PER_S);
    return true;
}

/* Which limits were missed; only where none was, that one was not judged. */
static void test_why(as_cli *cli, const as_acceptance *a)
{
    const char *between = ": ";
    for (int i = 0; i < AS_ACCEPTANCE_ROWS; i++)
        if (a->rows[i].state == AS_ACCEPTANCE_FAIL) {
            fprintf(cli->out, "%s%s", between, a->rows[i].name);
            between = ", ";
        }
    if (!a->failed && a->incomplete)
        fputs(": a limit was not judged, since this source cannot be measured so (0 as the least: no limit)", cli->out);
}

static bool test_text(as_cli *cli, const as_acceptance *a, as_err *err)
{
    static const char *const columns[] = {"what", ">value", ">limit", "result", ">frames", "how", NULL};
    static const as_style    styles[] = {AS_STYLE_DIM, AS_STYLE_GOOD, AS_STYLE_BAD};
    as_table                *table = as_table_new(columns);
    for (int i = 0; i < AS_ACCEPTANCE_ROWS; i++) {
        const as_acceptance_row *row = &a->rows[i];
        char                     value[48], limit[48];
        as_table_cell(table, AS_STYLE_BOLD, "%s", row->name);
        as_table_cell(table, AS_STYLE_NONE, "%s", as_camera_report_value(row->value, row->unit, value, sizeof value));
        as_table_cell(table, AS_STYLE_NONE, "%s%s",
                      isnan(row->limit) ? ""
                      : row->at_least   ? ">= "
                                        : "<= ",
                      isnan(row->limit) ? "" : as_camera_report_value(row->limit, "", limit, sizeof limit));
        as_table_cell(table, styles[row->state], "%s", as_camera_report_state(row->state));
        as_table_cell(table, AS_STYLE_NONE, "%llu", (unsigned long long)row->n);
        as_table_cell(table, AS_STYLE_NONE, "%s", row->note);
    }
    if (!as_table_print(table, cli, err))
        return false;
    fprintf(cli->out, "%s%s%s", as_term_style(cli, a->failed || a->incomplete ? AS_STYLE_BAD : AS_STYLE_GOOD),
            as_camera_report_result(a), as_term_plain(cli));
    test_why(cli, a);
    fputc('\n', cli->out);
    return true;
}

static bool test_page(as_cli *cli, const as_camera *cam, const as_acceptance *a, as_err *err)
{
    const char *path = as_cli_opt(cli, "html");
    as_str      page;
    if (!path)
        return true;
    as_str_init(&page);
    bool ok = as_camera_report_page(cam, a, &page, err) && as_output_write(path, &page, NULL, err);
    as_str_done(&page);
    if (ok)
        as_term_say(cli, "wrote %s", path);
    return ok;
}

static int camera_test(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_acceptance_cfg cfg = as_acceptance_cfg_default();
    as_acceptance     a = {.n = 0};
    (void)ws;
    as_camera *cam = test_options(cli, &cfg, err) ? as_camera_pick(cli, false, err) : NULL;
    bool       ok = cam && as_acceptance_run(cam, &cfg, &cli->progress, &a, err);
    as_term_progress_end(cli);
    ok = ok && test_page(cli, cam, &a, err) &&
         (cli->json ? as_cli_print_json(cli, as_camera_report_json(cam, &a), err) : test_text(cli, &a, err));
    bool failed = a.failed || a.incomplete;
    as_acceptance_done(&a);
    as_camera_close(cam);
    return !ok ? AS_VERB_FAILED : failed ? 1 : 0;
}

const as_action as_camera_action_test = {
    .name = "test",
    .usage = "URI [--frames N] [--wait SECONDS] [--html FILE] [--min-fps HZ] [--max-jitter MS] [--max-lost N] "
             "[--max-noise LEVELS] [--min-linearity R2] [--min-focus VALUE]",
    .about =
        "an acceptance test on site: frame rate, jitter, losses, noise, linearity of the exposure and focus against "
        "limits; what has a limit and cannot be measured is no pass; point it at something that does not move and is "
        "lit "
        "evenly",
    .min_args = 1,
    .max_args = 1,
    .mode = AS_WORKSPACE_NONE,
    .run = camera_test,
};
