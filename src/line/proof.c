/* SPDX-License-Identifier: Apache-2.0 */
#include "line/proof.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "line/tally.h"

#define PROOF_FILE     "lines.json"
#define PROOF_MAX_RUNS 4096 /* of the line; the oldest are forgotten */

typedef struct proof {
    const as_proof_cfg *cfg;
    as_proof           *ret;
    json_t             *lines; /* that count, oldest first; the last is this one */
    as_tally_pick       picks[PROOF_MAX_RUNS];
    size_t              n_picks;
    uint64_t            peak_bytes; /* of those whose times count */
    size_t              n_times;
    as_known            known;
    as_line_outcome     outcome;
} proof;

static void proof_why(as_proof *ret, const char *fmt, ...) AS_PRINTF(2, 3);

static void proof_why(as_proof *ret, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(ret->why, sizeof ret->why, fmt, ap);
    va_end(ap);
}

static bool proof_counts(const as_proof_cfg *cfg, as_proof *ret)
{
    const as_line_summary *s = cfg->summary;
    if (s->n_triggers == 0)
        proof_why(ret, "no part came");
    else if (s->trouble.code != AS_OK)
        proof_why(ret, "it ended in trouble");
    else if (s->n_lost_records > 0)
        proof_why(ret, "%" PRIu64 " of its records are lost", s->n_lost_records);
    else if (!s->journal_whole)
        proof_why(ret, "its journal is not whole");
    else if (s->deadline != cfg->spec->deadline_ns)
        proof_why(ret, "it kept a deadline of %.6g ms, and the line's is %.6g ms",
                  (double)s->deadline / (double)AS_NS_PER_MS, (double)cfg->spec->deadline_ns / (double)AS_NS_PER_MS);
    else
        return true;
    return false;
}

static bool proof_counts_truth(const proof *p)
{
    const as_line_summary *s = p->cfg->summary;
    as_proof              *ret = p->ret;
    if (s->n_truth == 0)
        return true; /* nothing to leave out */
    if (s->n_reason[AS_REASON_MODEL] + s->n_reason[AS_REASON_UNSURE] == 0)
        proof_why(ret, "every verdict was a safe one, and says nothing about the model");
    else if (!p->known.at)
        proof_why(ret, "nobody knows what run '%s' was trained on (assay eval %s writes it down)", p->cfg->run->id,
                  p->cfg->run->id);
    else
        return true;
    return false;
}

/* --- the list of runs of the line --- */

static const char *line_text(const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));
    return text ? text : "";
}

static uint64_t line_count(const json_t *line, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(line, key));
    return value > 0 ? (uint64_t)value : 0;
}

static bool line_is_same(const json_t *a, const json_t *b, const char *key)
{
    return strcmp(line_text(a, key), line_text(b, key)) == 0;
}

static json_t *proof_line(const proof *p, as_err *err)
{
    const as_proof_cfg    *cfg = p->cfg;
    const as_line_summary *s = cfg->summary;
    char                   station[320], point[64], setting[160];
    json_t                *line = json_object();
    snprintf(setting, sizeof setting, "%s, threads %u, %s", s->backend, (unsigned)cfg->threads, s->cpu);
    if (as_json_set(line, "line_run", json_integer(s->line_run)) &&
        as_json_set(line, "first_sequence", json_integer((json_int_t)s->first_sequence)) &&
        as_json_set(line, "last_sequence", json_integer((json_int_t)s->last_sequence)) &&
        as_json_set(line, "model", json_string(cfg->run->model)) &&
        as_json_set(line, "point", json_string(as_ledger_point(cfg->run, point))) &&
        as_json_set(line, "station", json_string(as_ledger_station(cfg->spec, "run", station))) &&
        as_json_set(line, "setting", json_string(setting)) && as_json_set(line, "camera", json_string(s->camera)) &&
        as_json_set(line, "truth", json_boolean(p->ret->counts_truth)) &&
        as_json_set(line, "peak_bytes", json_integer((json_int_t)s->peak_bytes)) &&
        as_json_set(line, "utc_ns", json_integer(as_clock_utc())))
        return line;
    json_decref(line);
    AS_FAIL(err, AS_ENOMEM, "out of memory");
    return NULL;
}

/* The list with this run at its end. A journal that began anew holds nothing of the runs before. */
static bool proof_list(proof *p, as_err *err)
{
    as_err  why = AS_ERR_NONE;
    json_t *line = proof_line(p, err);
    if (!line)
        return false;
    if (!as_run_read_json(p->cfg->run, PROOF_FILE, &p->lines, &why) && why.code != AS_ENOTFOUND)
        as_log_write(AS_LOG_WARN, "earlier runs of the line do not count any more: %s", why.text);
    size_t   n = json_array_size(p->lines);
    uint64_t first = p->cfg->summary->first_sequence;
    bool     anew = n > 0 && line_count(json_array_get(p->lines, n - 1), "last_sequence") >= first;
    if (anew || !json_is_array(p->lines)) {
        json_decref(p->lines);
        p->lines = json_array();
    }
    while (json_array_size(p->lines) >= PROOF_MAX_RUNS)
        json_array_remove(p->lines, 0);
    return json_array_append_new(p->lines, line) == 0 || AS_FAIL(err, AS_ENOMEM, "out of memory");
}

static void proof_pick(proof *p)
{
    const json_t *now = json_array_get(p->lines, json_array_size(p->lines) - 1), *line;
    size_t        i;
    json_array_foreach (p->lines, i, line) {
        as_tally_pick pick = {.line_run = (uint32_t)line_count(line, "line_run"),
                              .first_sequence = line_count(line, "first_sequence"),
                              .last_sequence = line_count(line, "last_sequence"),
                              .until_utc = (as_ns)line_count(line, "utc_ns"),
                              .rates = p->known.at && json_is_true(json_object_get(line, "truth")),
                              .times = line_is_same(line, now, "setting")};
        if (!line_is_same(line, now, "model") || !line_is_same(line, now, "point") ||
            !line_is_same(line, now, "station"))
            continue;
        p->picks[p->n_picks++] = pick;
        p->ret->n_runs += pick.rates;
        p->n_times += pick.times;
        if (pick.times)
            p->peak_bytes = AS_MAX(p->peak_bytes, line_count(line, "peak_bytes"));
    }
}

/* --- evidence --- */

static bool proof_is_of_time(const as_requirement *req)
{
    return req->measure == AS_MEASURE_LATENCY || req->measure == AS_MEASURE_MEMORY;
}

static void proof_source(const proof *p, as_evidence *row)
{
    const as_requirement *req = as_ledger_requirement(p->cfg->spec, row->id);
    bool                  of_time = req && proof_is_of_time(req);
    size_t                n = of_time ? p->n_times : p->ret->n_runs;
    snprintf(row->source, sizeof row->source, "%s, %zu run%s of the line%s, the last of '%.80s'", p->cfg->run->id, n,
             n == 1 ? "" : "s", !of_time && p->ret->n_untold ? " (nobody can tell whether its parts are new)" : "",
             p->cfg->summary->camera);
}

static bool proof_pool(proof *p, as_err *err)
{
    as_digest    model;
    as_tally_cfg cfg = {.journal_dir = p->cfg->journal_dir,
                        .spec = p->cfg->spec,
                        .picks = p->picks,
                        .n_picks = p->n_picks,
                        .model = as_digest_parse(p->cfg->run->model, &model) ? model.b : NULL,
                        .known = p->known.at ? &p->known : NULL};
    if (!as_tally_pool(&cfg, &p->outcome, err))
        return false;
    p->ret->n_known = p->outcome.n_known;
    p->ret->n_again = p->outcome.n_again;
    p->ret->n_untold = p->outcome.n_untold;
    p->ret->last_part = p->outcome.last_part;
    return true;
}

static bool proof_write(proof *p, as_err *err)
{
    as_evidence *rows = NULL;
    size_t       n = 0;
    bool         ok = as_tally_evidence(&p->outcome, p->cfg->spec, p->peak_bytes, &rows, &n, err);
    for (size_t i = 0; ok && i < n; i++)
        proof_source(p, &rows[i]);
    ok = ok && as_run_write_json(p->cfg->run, PROOF_FILE, p->lines, err) &&
         as_ledger_write(p->cfg->run, p->cfg->spec, "run", rows, n, err);
    free(rows);
    return ok;
}

/* A run of before there was such a list counts for times only. */
static bool proof_read_known(proof *p, as_err *err)
{
    as_err why = AS_ERR_NONE;
    return as_known_read(p->cfg->run, &p->known, &why) || why.code == AS_ENOTFOUND ||
           as_err_set(err, why.code, "%s", why.text);
}

bool as_proof_file(const as_proof_cfg *cfg, as_proof *ret, as_err *err)
{
    *ret = (as_proof){.counts = false};
    if (!proof_counts(cfg, ret))
        return true;
    proof *p = calloc(1, sizeof *p);
    if (!p)
        return AS_FAIL(err, AS_ENOMEM, "out of memory");
    p->cfg = cfg;
    p->ret = ret;
    ret->counts = true;
    bool ok = proof_read_known(p, err);
    if (ok) {
        ret->counts_truth = proof_counts_truth(p);
        ok = proof_list(p, err);
    }
    if (ok) {
        proof_pick(p);
        ok = proof_pool(p, err) && proof_write(p, err);
    }
    json_decref(p->lines);
    as_known_done(&p->known);
    as_tally_done(&p->outcome);
    free(p);
    return ok;
}
