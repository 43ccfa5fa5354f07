/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/vec.h"

/* In the order a part's life takes. */
static const char *const ledger_stages[] = {"eval", "run"};

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

/* What was asked, in words: evidence counts only for the same question. */
static void ledger_question(const as_spec *spec, const as_requirement *req, char text[256])
{
    char     words[160];
    uint32_t classes = 0;
    for (size_t i = 0; i < spec->n_classes; i++) {
        classes = as_crc32c(classes, spec->classes[i].name, strlen(spec->classes[i].name) + 1);
        classes = as_crc32c(classes, &spec->classes[i].verdict, sizeof spec->classes[i].verdict);
    }
    snprintf(text, 256, "%s per %d at %.17g, classes %08x", as_requirement_text(req, words), (int)req->per,
             req->confidence, (unsigned)classes);
}

bool as_ledger_write(const as_run *run, const as_spec *spec, const char *stage, as_evidence *evidence, size_t n,
                     as_err *err)
{
    json_t *list = json_array();
    char    name[64], question[256];
    bool    ok = list != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        const as_requirement *req = as_ledger_requirement(spec, evidence[i].id);
        if (!req)
            continue;
        as_str_copy(evidence[i].stage, sizeof evidence[i].stage, stage);
        as_str_copy(evidence[i].source, sizeof evidence[i].source, run->id);
        evidence[i].utc = as_clock_utc();
        json_t *row = as_evidence_json(req, &evidence[i]);
        ledger_question(spec, req, question);
        ok = as_json_set(row, "question", json_string(question)) && json_array_append_new(list, row) == 0;
    }
    if (!ok)
        AS_FAIL(err, AS_ENOMEM, "out of memory");
    ledger_file(stage, name);
    ok = ok && as_run_write_json(run, name, list, err);
    json_decref(list);
    return ok;
}

bool as_ledger_drop(const as_run *run, const char *stage, as_err *err)
{
    char name[64], path[AS_FS_PATH_BYTES];
    ledger_file(stage, name);
    return as_fs_join(path, run->dir, name, err) && as_fs_remove(path, err);
}

typedef AS_VEC(as_evidence) ledger_rows;

static bool ledger_take(const as_spec *spec, const json_t *row, ledger_rows *rows, as_err *err)
{
    as_evidence evidence;
    const char *asked;
    char        question[256];
    if (!as_evidence_parse(row, &evidence, err) || !as_json_get_str(row, "question", &asked, err))
        return false;
    const as_requirement *req = as_ledger_requirement(spec, evidence.id);
    if (!req)
        return true;
    ledger_question(spec, req, question);
    if (strcmp(question, asked) != 0)
        return true;
    return as_vec_push(rows, evidence) || AS_FAIL(err, AS_ENOMEM, "out of memory");
}

static bool ledger_read_stage(const as_run *run, const as_spec *spec, const char *stage, ledger_rows *rows, as_err *err)
{
    char    name[64];
    json_t *list = NULL;
    as_err  why = AS_ERR_NONE;
    ledger_file(stage, name);
    if (!as_run_read_json(run, name, &list, &why)) {
        if (why.code == AS_ENOTFOUND)
            return true;
        *err = why;
        return false;
    }
    bool ok = json_is_array(list) || AS_FAIL(err, AS_EFORMAT, "is no list of evidence");
    for (size_t i = 0; ok && i < json_array_size(list); i++)
        ok = ledger_take(spec, json_array_get(list, i), rows, err);
    json_decref(list);
    return ok || as_err_note(err, "'%s/%s'", run->dir, name);
}

bool as_ledger_read(const as_run *run, const as_spec *spec, as_evidence **ret, size_t *ret_n, as_err *err)
{
    ledger_rows rows = {0};
    for (size_t i = 0; i < AS_COUNT(ledger_stages); i++) {
        if (ledger_read_stage(run, spec, ledger_stages[i], &rows, err))
            continue;
        as_vec_done(&rows);
        return false;
    }
    *ret = rows.at;
    *ret_n = rows.n;
    return true;
}
