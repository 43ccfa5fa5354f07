/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/backend_opt.h"
#include "cli/run_text.h"
#include "cli/term.h"
#include "line/proof.h"

static const as_opt run_opts[] = {
    {"run", 'r', "RUN", "whose model: an id, its number or \"last\" (default: the current one, see assay runs)", NULL},
    {"camera", 0, "URI", "which camera, \"driver:rest\" (default: station.camera of assay.yaml)", NULL},
    {"parts", 'n', "N", "end after N parts (default: when the camera ends, or Ctrl-C)", NULL},
    AS_CLI_BACKEND_OPT("what runs the model (default: native)"),
    {"threads", 'j', "N", "threads of the model (default: 1)", NULL},
    {"deadline", 0, "MS", "milliseconds from trigger to verdict (default: station.deadline_ms)", NULL},
    {"fast", 0, NULL, "as fast as it goes: station.parts_per_minute is ignored", NULL},
};

typedef struct run_job {
    as_cli          *cli;
    as_workspace    *ws;
    as_spec         *spec;
    as_run           run;
    as_line_cfg      cfg;
    as_line_summary *summary;
    char             journal[AS_FS_PATH_BYTES];
    char             model_path[AS_FS_PATH_BYTES];
    bool             is_deaf; /* nobody takes the verdicts any more: told once */
} run_job;

/* On the recorder's thread. */
static void run_tell(void *ctx, const as_record *record)
{
    run_job *job = ctx;
    if (job->is_deaf || as_run_text_line(job->cli, as_run_text_record(record)))
        return;
    job->is_deaf = true;
    as_term_log(job->cli, "%s: the line goes on, and its journal has every verdict",
                as_term_out_is_gone(job->cli) ? "nobody reads the output any more" : "cannot write the output");
}

static bool run_options(run_job *job, as_err *err)
{
    as_cli  *cli = job->cli;
    uint64_t threads = 1;
    double   deadline_ms = 0;
    if (!as_cli_u64(cli, "parts", 1, UINT64_MAX, &job->cfg.n_parts, err) ||
        !as_cli_u64(cli, "threads", 1, 256, &threads, err) ||
        !as_cli_f64(cli, "deadline", 0.001, 6e5, &deadline_ms, err))
        return false;
    job->cfg.session = (as_session_cfg){.backend = as_cli_opt(cli, "backend"), .threads = (uint32_t)threads};
    job->cfg.deadline = (as_ns)(deadline_ms * (double)AS_NS_PER_MS);
    job->cfg.camera = as_cli_opt(cli, "camera");
    job->cfg.unpaced = as_cli_flag(cli, "fast");
    if (cli->json) {
        job->cfg.told = run_tell;
        job->cfg.ctx = job;
    }
    return true;
}

static as_line *run_make_line(run_job *job, as_err *err)
{
    const uint8_t *model = NULL;
    size_t         n = 0;
    if (!as_run_find(job->ws, as_cli_opt(job->cli, "run"), &job->run, err))
        return NULL;
    if (isnan(job->run.pass_below) || isnan(job->run.reject_from)) {
        AS_FAIL(err, AS_EINVAL, "run '%s' was not judged yet: nobody knows where to draw its line (assay eval %s)",
                job->run.id, job->run.id);
        return NULL;
    }
    if (!as_run_read_model_pages(&job->run, &model, &n, err) ||
        !as_fs_join(job->model_path, job->run.dir, "model.onnx", err) ||
        !as_workspace_path(job->ws, "journal", job->journal, err)) {
        as_fs_unmap(model, n);
        return NULL;
    }
    job->cfg.session.spent = true;
    job->cfg.spec = job->spec;
    job->cfg.dir = job->ws->root;
    job->cfg.model = model;
    job->cfg.n_model = n;
    job->cfg.model_name = job->model_path;
    job->cfg.point = (as_operating_point){job->run.pass_below, job->run.reject_from};
    job->cfg.journal_dir = job->journal;
    as_line *line = as_line_new(&job->cfg, err);
    as_fs_unmap(model, n);
    return line;
}

/* Told before the first part: a line that rejects whatever comes need not be watched to be known. */
static void run_warn(const run_job *job)
{
    char text[AS_POINT_WARNING_BYTES];
    if (*as_point_warning(&job->run.val_counts, job->run.val_feasible, text))
        as_term_say(job->cli, "warning: run '%s': %s", job->run.id, text);
}

static bool run_print(const run_job *job, as_err *err)
{
    as_cli *cli = job->cli;
    if (!cli->json)
        return as_run_text_print(cli, job->summary, err);
    json_t *json = as_run_text_summary(job->summary, job->run.id);
    as_json_set(json_object_get(json, "summary"), "warning",
                as_point_warning_json(&job->run.val_counts, job->run.val_feasible));
    if (job->is_deaf) {
        json_decref(json);
        return true;
    }
    return as_run_text_line(cli, json) || ferror(cli->out) || AS_FAIL(err, AS_ENOMEM, "out of memory");
}

/* A run is good when every trigger is in the journal, and the camera ended as cameras do. */
static bool run_judge(const run_job *job, as_err *err)
{
    const as_line_summary *s = job->summary;
    if (s->trouble.code != AS_OK) {
        *err = s->trouble;
        return false;
    }
    if (s->n_triggers == 0)
        return AS_FAIL(err, AS_ENOTFOUND, "no part came from camera '%s'", s->camera);
    return s->journal_whole ||
           AS_FAIL(err, AS_ECORRUPT, "the journal in '%s' is not whole: %s", job->journal, s->journal_text);
}

/* "twin:cones?from=7&seed=2" with another beginning into uri[512]. */
static void run_new_camera(const char *camera, uint64_t from, char *uri)
{
    size_t      n = strcspn(camera, "?");
    const char *at = camera[n] ? camera + n + 1 : "";
    int len = snprintf(uri, 512, "%.*s?from=%llu", (int)AS_MIN(n, (size_t)300), camera, (unsigned long long)from);
    while (*at) {
        size_t one = strcspn(at, "&");
        if (strncmp(at, "from=", 5) != 0 && len > 0 && (size_t)len + one + 2 < 512)
            len += snprintf(uri + len, 512 - (size_t)len, "&%.*s", (int)one, at);
        at += one + (at[one] == '&');
    }
}

/* What would do instead. */
static void run_say_new_parts(const run_job *job, const as_proof *proof)
{
    char     uri[512];
    uint64_t from = proof->last_part < 100000 ? 100001 : proof->last_part + 1;
    if (strncmp(job->summary->camera, "twin:", 5) == 0) {
        run_new_camera(job->summary->camera, from, uri);
        as_term_say(job->cli, "for new ones say --camera '%s'", uri);
    } else {
        as_term_say(job->cli, "show the line parts that it has not seen, and that are in no data of the model");
    }
}

/* Also where nobody watches: what was not counted must not be looked for in vain. */
static void run_say_proof(const run_job *job, const as_proof *proof)
{
    const as_line_summary *s = job->summary;
    unsigned long long     known = proof->n_known, again = proof->n_again, parts = s->n_truth;
    if (!proof->counts) {
        as_term_say(job->cli, "this run is no evidence for assay check: %s", proof->why);
        return;
    }
    if (!proof->counts_truth)
        as_term_say(job->cli, "its verdicts are no evidence for assay check, only its times: %s", proof->why);
    if (known)
        as_term_say(job->cli, "%llu of %llu parts are no evidence: they are in the data that model '%s' was made with",
                    known, parts, job->run.id);
    if (again)
        as_term_say(job->cli, "%llu of %llu parts are no new evidence: they were seen before, and each counts once",
                    again, parts);
    if (known || again)
        run_say_new_parts(job, proof);
    if (proof->n_untold)
        as_term_say(job->cli,
                    "nobody can tell whether the parts of '%s' are new: they count, on the word of whom shows them",
                    s->camera);
}

/* What the line showed goes beside the run: assay check puts it next to the requirements. */
static bool run_leave_evidence(const run_job *job, as_err *err)
{
    as_proof     proof;
    as_proof_cfg cfg = {.run = &job->run,
                        .spec = job->spec,
                        .journal_dir = job->journal,
                        .summary = job->summary,
                        .threads = job->cfg.session.threads};
    if (!as_proof_file(&cfg, &proof, err))
        return false;
    run_say_proof(job, &proof);
    return true;
}

static bool run_line(run_job *job, as_err *err)
{
    as_cli     *cli = job->cli;
    as_progress progress = cli->progress;
    if (cli->json || !cli->tty || cli->quiet)
        progress.step = NULL;
    job->spec = as_spec_load(job->ws->spec_path, err);
    job->summary = calloc(1, sizeof *job->summary);
    if (!job->spec || !job->summary)
        return job->spec ? AS_FAIL(err, AS_ENOMEM, "out of memory") : false;
    as_line *line = run_make_line(job, err);
    if (line)
        run_warn(job);
    bool ok = line && as_line_run(line, &progress, job->summary, err);
    as_line_free(line); /* nothing of the camera outlives the line */
    if (!ok || !run_print(job, err))
        return false;
    if (!run_judge(job, err) || !run_leave_evidence(job, err))
        return false;
    if (!cli->json)
        as_term_say(cli, "next: assay check%s%s", as_cli_opt(cli, "run") ? " " : "",
                    as_cli_opt(cli, "run") ? job->run.id : "");
    return true;
}

static int run_run(as_cli *cli, as_err *err)
{
    run_job job = {.cli = cli};
    if (!run_options(&job, err))
        return AS_VERB_FAILED;
    job.ws = as_workspace_open(cli->dir, AS_WORKSPACE_WRITE, err);
    bool ok = job.ws && run_line(&job, err);
    free(job.summary);
    as_spec_free(job.spec);
    as_workspace_close(job.ws);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_verb as_verb_run = {
    .name = "run",
    .summary = "run the line: one verdict a part, by its deadline",
    .usage = "",
    .about =
        "Every part that the camera sees gets exactly one verdict: from the model, or the safe one that failsafe names "
        "in\n"
        "assay.yaml when the answer is late, unsure or does not come. A late verdict is given at the deadline, not "
        "when\n"
        "the model returns. Each verdict is a record of the journal, checked at the end: triggers == pass + reject +\n"
        "review + fault. What was measured is left as evidence for assay check.\n\n"
        "The model is that of the current run, with the operating point that assay eval solved. Without --fast parts\n"
        "come at station.parts_per_minute. Ctrl-C ends the line: parts already seen get their "
        "verdict.\n\n" AS_CLI_BACKEND_ABOUT "\n\n"
        "Evidence of right and wrong are only parts that are new, each once: none in the data the model was made "
        "with,\n"
        "which parts of an emulated camera and files of a folder tell. The emulated camera begins with part 1, as\n"
        "capture did: give it another beginning (twin:cones?from=100001) or another world (twin:cones?seed=2). Runs "
        "of\n"
        "the same model, operating point and station add up; one with another --deadline is no evidence.\n\n"
        "With --json each part is a line {\"sequence\", \"part\", \"verdict\", \"reason\", \"label\", \"score\", "
        "\"truth\" where it\n"
        "is known, \"latency_ms\", \"stages_ms\"}, and the last line is {\"summary\": {...}}.\n\n"
        "A line does not stop because nobody reads its output any more (--json | head): it says so once, goes on, and\n"
        "the journal has every verdict. With --fast, or a camera that can wait, the parts a second in the summary are\n"
        "what this machine does, with the time to make or read the pictures: no speed of a belt.\n\n"
        "Parts that the camera's numbers show to be missing get their verdict (fault) too. A count that jumps by more\n"
        "than 10,000, or back, tells nothing of parts: the line goes on, one record stands for the numbers left out\n"
        "(\"skipped\"), and the status at the end is 3.\n\n"
        "Exit status: 0 it ran well, 2 wrong use or bad input, 3 the outside failed (camera, disk).",
    .examples = "  assay run --camera 'twin:cones?from=100001' --parts 1000 --fast\n"
                "  assay run --camera folder:/data/parts --backend ort\n"
                "  assay run --parts 100 --json | jq -c 'select(.verdict == \"reject\")'\n",
    .opts = run_opts,
    .n_opts = AS_COUNT(run_opts),
    .run = run_run,
};
