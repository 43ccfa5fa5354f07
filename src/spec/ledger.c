/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/vec.h"

const as_requirement *as_ledger_requirement(const as_spec *spec, const char *id)
{
    for (size_t i = 0; i < spec->n_requirements; i++)
        if (strcmp(spec->requirements[i].id, id) == 0)
            return &spec->requirements[i];
    return NULL;
}

static void ledger_file(const char *stage, char name[64])
{
    snprintf(name, 64, "evidence-%s.json", stage);
}

char *as_ledger_station(const as_spec *spec, const char *stage, char *text)
{
    int n = snprintf(text, 320, "classes %08x, %u frames a part, unsure %s", (unsigned)as_spec_classes_crc(spec),
                     (unsigned)spec->frames_per_part, as_verdict_name(spec->failsafe_unsure));
    if (strcmp(stage, "run") == 0 && n > 0 && n < 320)
        snprintf(text + n, 320 - (size_t)n, ", late %s, fault %s, deadline %lld ns, %u x %u px",
                 as_verdict_name(spec->failsafe_late), as_verdict_name(spec->failsafe_fault),
                 (long long)spec->deadline_ns, (unsigned)spec->frame_px[0], (unsigned)spec->frame_px[1]);
    return text;
}

char *as_ledger_point(const as_run *run, char *text)
{
    snprintf(text, 64, "%.17g %.17g", run->pass_below, run->reject_from);
    return text;
}

/* What was asked, in words: evidence counts only for the same question. */
static void ledger_question(const as_spec *spec, const as_requirement *req, const char *stage, char text[640])
{
    char words[160], station[320], cost[96] = "";
    /* Costs draw the line between pass and reject: with others, this is not the line that is wanted. */
    if (req->measure != AS_MEASURE_LATENCY && req->measure != AS_MEASURE_MEMORY)
        snprintf(cost, sizeof cost, ", cost %.17g %.17g %.17g", spec->cost_escape, spec->cost_overkill,
                 spec->cost_review);
    snprintf(text, 640, "%s of %s per %d at %.17g, quantile %.17g; %.17g %.17g; %s%s", as_requirement_text(req, words),
             req->of ? req->of : "-", (int)req->per, req->confidence, req->quantile, req->at_least, req->at_most,
             as_ledger_station(spec, stage, station), cost);
}

bool as_ledger_write(const as_run *run, const as_spec *spec, const char *stage, as_evidence *evidence, size_t n,
                     as_err *err)
{
    json_t *list = json_array();
    char    name[64], question[640], point[64];
    bool    ok = list != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        const as_requirement *req = as_ledger_requirement(spec, evidence[i].id);
        if (!req)
            continue;
        as_str_copy(evidence[i].stage, sizeof evidence[i].stage, stage);
        if (!evidence[i].source[0])
            as_str_copy(evidence[i].source, sizeof evidence[i].source, run->id);
        evidence[i].utc = as_clock_utc();
        json_t *row = as_evidence_json(req, &evidence[i]);
        ledger_question(spec, req, stage, question);
        ok = as_json_set(row, "question", json_string(question)) &&
             as_json_set(row, "model", json_string(run->model)) &&
             as_json_set(row, "point", json_string(as_ledger_point(run, point))) &&
             json_array_append_new(list, row) == 0;
    }
    if (!ok)
        AS_FAIL(err, AS_ENOMEM, "out of memory");
    ledger_file(stage, name);
    ok = ok && as_run_write_json(run, name, list, err);
    json_decref(list);
    return ok;
}

typedef AS_VEC(as_evidence) ledger_rows;

/* Rows of before there was such a key are old. */
static bool ledger_is(const json_t *row, const char *key, const char *now)
{
    const char *then = json_string_value(json_object_get(row, key));
    return then && strcmp(then, now) == 0;
}

typedef struct ledger_reader {
    const as_run  *run;
    const as_spec *spec;
    ledger_rows    rows;
    as_ledger_old  old;
} ledger_reader;

static bool ledger_take(ledger_reader *reader, const char *stage, const json_t *row, size_t *n_old, as_err *err)
{
    as_evidence evidence;
    char        question[640] = "", point[64];
    if (!as_evidence_parse(row, &evidence, err))
        return false;
    const as_requirement *req = as_ledger_requirement(reader->spec, evidence.id);
    if (req)
        ledger_question(reader->spec, req, stage, question);
    if (!req || !ledger_is(row, "question", question) || !ledger_is(row, "model", reader->run->model) ||
        !ledger_is(row, "point", as_ledger_point(reader->run, point))) {
        ++*n_old;
        return true;
    }
    return as_vec_push(&reader->rows, evidence) || AS_FAIL(err, AS_ENOMEM, "out of memory");
}

static bool ledger_read_stage(ledger_reader *reader, const char *stage, size_t *n_old, as_err *err)
{
    char    name[64];
    json_t *list = NULL;
    as_err  why = AS_ERR_NONE;
    ledger_file(stage, name);
    if (!as_run_read_json(reader->run, name, &list, &why)) {
        if (why.code == AS_ENOTFOUND)
            return true;
        *err = why;
        return false;
    }
    bool ok = json_is_array(list) || AS_FAIL(err, AS_EFORMAT, "is no list of evidence");
    for (size_t i = 0; ok && i < json_array_size(list); i++)
        ok = ledger_take(reader, stage, json_array_get(list, i), n_old, err);
    json_decref(list);
    return ok || as_err_note(err, "'%s/%s'", reader->run->dir, name);
}

/* Stages in the order a part's life takes. */
bool as_ledger_read(const as_run *run, const as_spec *spec, as_evidence **ret, size_t *ret_n, as_ledger_old *ret_old,
                    as_err *err)
{
    ledger_reader reader = {.run = run, .spec = spec};
    if (!ledger_read_stage(&reader, "eval", &reader.old.n_eval, err) ||
        !ledger_read_stage(&reader, "run", &reader.old.n_run, err)) {
        as_vec_done(&reader.rows);
        return false;
    }
    *ret = reader.rows.at;
    *ret_n = reader.rows.n;
    if (ret_old)
        *ret_old = reader.old;
    return true;
}
