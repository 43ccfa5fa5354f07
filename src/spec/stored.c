/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/stored.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "spec/ledger.h"

#define STORED_FILE      "evidence-data.json"
#define STORED_STAGE     "data"
#define STORED_MAX_BYTES ((size_t)1 << 20)

static void stored_question(const as_requirement *req, const as_digest *commit, char text[320])
{
    char words[160], hex[AS_SHA256_HEX_BYTES];
    snprintf(text, 320, "%s; %s", as_requirement_text(req, words), as_digest_hex(commit, hex));
}

static json_t *stored_row(const as_requirement *req, const as_stored_faces *found)
{
    char        question[320];
    as_evidence row = as_evidence_peak(req, (double)found->n_faces, found->n_pictures);
    as_str_copy(row.stage, sizeof row.stage, STORED_STAGE);
    as_str_copy(row.source, sizeof row.source, found->source);
    row.utc = as_clock_utc();
    stored_question(req, &found->commit, question);
    json_t *json = as_evidence_json(req, &row);
    if (as_json_set(json, "question", json_string(question)))
        return json;
    json_decref(json);
    return NULL;
}

bool as_stored_write(const as_workspace *ws, const as_spec *spec, const as_stored_faces *found, as_err *err)
{
    char    path[AS_FS_PATH_BYTES];
    json_t *list = json_array();
    bool    ok = list && as_workspace_path(ws, STORED_FILE, path, err);
    for (size_t i = 0; ok && i < spec->n_requirements; i++)
        if (spec->requirements[i].measure == AS_MEASURE_STORED_FACES)
            ok = json_array_append_new(list, stored_row(&spec->requirements[i], found)) == 0 ||
                 AS_FAIL(err, AS_ENOMEM, "out of memory");
    char *text = ok ? as_json_text(list) : NULL;
    ok = ok && (text || AS_FAIL(err, AS_ENOMEM, "out of memory")) && as_fs_write(path, text, strlen(text), err);
    free(text);
    json_decref(list);
    return ok;
}

static bool stored_take(const as_spec *spec, const as_digest *commit, const json_t *row, as_evidence **rows, size_t *n,
                        as_err *err)
{
    as_evidence evidence;
    char        question[320];
    if (!as_evidence_parse(row, &evidence, err))
        return false;
    const as_requirement *req = as_ledger_requirement(spec, evidence.id);
    const char           *then = json_string_value(json_object_get(row, "question"));
    if (!req || req->measure != AS_MEASURE_STORED_FACES || !then)
        return true;
    stored_question(req, commit, question);
    if (strcmp(then, question) != 0)
        return true;
    as_evidence *grown = realloc(*rows, (*n + 1) * sizeof *grown);
    if (!grown)
        return AS_FAIL(err, AS_ENOMEM, "out of memory");
    *rows = grown;
    grown[(*n)++] = evidence;
    return true;
}

bool as_stored_append(const as_workspace *ws, const as_spec *spec, const as_digest *commit, as_evidence **rows,
                      size_t *n, as_err *err)
{
    char   path[AS_FS_PATH_BYTES];
    as_err why = AS_ERR_NONE;
    if (!as_workspace_path(ws, STORED_FILE, path, err))
        return false;
    json_t *list = as_json_read(path, STORED_MAX_BYTES, &why);
    if (!list)
        return why.code == AS_ENOTFOUND || as_err_set(err, why.code, "%s", why.text);
    bool ok = json_is_array(list) || AS_FAIL(err, AS_EFORMAT, "is no list of evidence");
    for (size_t i = 0; ok && i < json_array_size(list); i++)
        ok = stored_take(spec, commit, json_array_get(list, i), rows, n, err);
    json_decref(list);
    return ok || as_err_note(err, "'%s'", path);
}
