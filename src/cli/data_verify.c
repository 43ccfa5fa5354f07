/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "catalog/catalog.h"
#include "catalog/history.h"
#include "cli/action.h"
#include "cli/term.h"
#include "journal/journal.h"
#include "spec/unit.h"
#include "store/erasure.h"

typedef struct verify_fault {
    char   hex[AS_SHA256_HEX_BYTES]; /* "" for a version that cannot be read */
    char  *why;
    char  *sample; /* the name of one that needs it; NULL: none of the newest version does */
    size_t n_samples;
    bool   is_unfinished; /* no fault unless something needs it */
} verify_fault;

typedef struct verify {
    as_cli *cli;
    AS_VEC(verify_fault) faults;
    bool             no_memory;
    as_store_check   check;
    uint64_t         n_commits;
    as_journal_check journal;
} verify;

static void verify_add(verify *v, const char *hex, const char *why)
{
    verify_fault fault = {.why = strdup(why)};
    as_str_copy(fault.hex, sizeof fault.hex, hex);
    if (fault.why && as_vec_push(&v->faults, fault))
        return;
    free(fault.why);
    v->no_memory = true;
}

static void verify_on_damaged(void *ctx, const char *hex, const as_err *why)
{
    verify *v = ctx;
    size_t  n = v->faults.n;
    verify_add(v, hex, why->text);
    if (v->faults.n > n)
        v->faults.at[n].is_unfinished = why->code == AS_ENOTFOUND;
}

/* Nobody was told of what a power cut left unfinished, unless a version has it. */
static void verify_drop_unfinished(verify *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->faults.n; i++) {
        if (!v->faults.at[i].is_unfinished || v->faults.at[i].n_samples)
            v->faults.at[n++] = v->faults.at[i];
        else
            free(v->faults.at[i].why);
    }
    v->faults.n = n;
}

static verify_fault *verify_find(verify *v, const as_digest *digest)
{
    char hex[AS_SHA256_HEX_BYTES];
    as_digest_hex(digest, hex);
    for (size_t i = 0; i < v->faults.n; i++)
        if (strcmp(v->faults.at[i].hex, hex) == 0)
            return &v->faults.at[i];
    return NULL;
}

/* Every picture of a version must be there; names one sample for each that is not whole. */
static void verify_samples(verify *v, as_workspace *ws, const as_manifest *manifest)
{
    for (size_t i = 0; i < as_manifest_count(manifest); i++) {
        const as_sample *sample = as_manifest_at(manifest, i);
        char             hex[AS_SHA256_HEX_BYTES];
        verify_fault    *fault = v->faults.n ? verify_find(v, &sample->image) : NULL;
        as_tombstone     stone;
        if (!fault && !as_store_has(ws->store, &sample->image) &&
            !as_store_erased(ws->store, &sample->image, &stone, NULL)) {
            verify_add(v, as_digest_hex(&sample->image, hex), "the object is missing");
            fault = verify_find(v, &sample->image);
        }
        if (!fault)
            continue;
        fault->n_samples++;
        if (!fault->sample)
            fault->sample = strdup(sample->name);
    }
}

/* The catalog is made from the versions, and whoever asks it believes it. */
static bool verify_catalog(verify *v, as_catalog *catalog, const as_commit *commit, const as_manifest *manifest,
                           as_err *err)
{
    char why[256], hex[AS_SHA256_HEX_BYTES];
    bool agrees = true;
    if (!as_catalog_agrees(catalog, commit, manifest, &agrees, err))
        return false;
    if (agrees)
        return true;
    snprintf(why, sizeof why,
             "the catalog '.assay/catalog.db' does not say what version %.12s does: remove it, and it is made anew",
             as_digest_hex(&commit->id, hex));
    verify_add(v, "", why);
    return true;
}

typedef struct verify_walk {
    verify       *v;
    as_workspace *ws;
    as_catalog   *catalog;
} verify_walk;

static bool verify_version(void *ctx, const as_commit *commit, as_err *err)
{
    verify_walk *walk = ctx;
    as_err       why = AS_ERR_NONE;
    if (!as_progress_go_on(&walk->v->cli->progress, err))
        return false;
    as_manifest *manifest = as_commit_manifest(walk->ws, commit, &why);
    walk->v->n_commits++;
    bool ok = !manifest || verify_catalog(walk->v, walk->catalog, commit, manifest, err);
    if (manifest)
        verify_samples(walk->v, walk->ws, manifest);
    else
        verify_add(walk->v, "", why.text);
    as_manifest_free(manifest);
    return ok;
}

/* All that refs and runs lead to; what a version needs and is damaged is known from the store's own check by then. */
static bool verify_history(verify *v, as_workspace *ws, as_catalog *catalog, as_err *err)
{
    verify_walk walk = {v, ws, catalog};
    as_err      why = AS_ERR_NONE;
    if (as_history_walk(ws, verify_version, &walk, &why))
        return true;
    if (why.code != AS_ECORRUPT)
        return as_err_set(err, why.code, "%s", why.text);
    verify_add(v, "", why.text);
    return true;
}

/* Of a journal that is written to this moment too: what stands there already is whole. */
static bool verify_journal(verify *v, as_workspace *ws, as_err *err)
{
    char dir[AS_FS_PATH_BYTES], why[AS_FS_PATH_BYTES];
    if (!as_workspace_path(ws, "journal", dir, err) || !as_journal_read(dir, NULL, NULL, &v->journal, err))
        return false;
    if (!v->journal.whole) {
        snprintf(why, sizeof why, "journal: %s", v->journal.text);
        verify_add(v, "", why);
    }
    return true;
}

/* What was to go is gone by now or not: nobody can say before it has ended. */
static void verify_erasure(verify *v, const as_workspace *ws)
{
    if (as_erasure_is_pending(ws))
        verify_add(v, "",
                   "an erasure that was begun has not ended (another program is at it, or was killed: then assay "
                   "erase --resume ends it)");
}

static bool verify_json(verify *v, as_err *err)
{
    json_t *json = json_object(), *list = json_array();
    for (size_t i = 0; i < v->faults.n; i++) {
        json_t *one = json_object();
        as_json_set(one, "object", json_string(v->faults.at[i].hex));
        as_json_set(one, "text", json_string(v->faults.at[i].why));
        as_json_set(one, "sample", v->faults.at[i].sample ? json_string(v->faults.at[i].sample) : json_null());
        as_json_set(one, "n_samples", json_integer((json_int_t)v->faults.at[i].n_samples));
        json_array_append_new(list, one);
    }
    as_json_set(json, "whole", json_boolean(v->faults.n == 0));
    as_json_set(json, "n_objects", json_integer((json_int_t)v->check.n_objects));
    as_json_set(json, "n_bytes", json_integer((json_int_t)v->check.n_bytes));
    as_json_set(json, "n_erased", json_integer((json_int_t)v->check.n_erased));
    as_json_set(json, "n_unfinished", json_integer((json_int_t)v->check.n_unfinished));
    as_json_set(json, "n_commits", json_integer((json_int_t)v->n_commits));
    as_json_set(json, "n_records", json_integer((json_int_t)v->journal.n_records));
    as_json_set(json, "n_records_noted", json_integer((json_int_t)v->journal.n_noted));
    as_json_set(json, "damaged", list);
    return as_cli_print_json(v->cli, json, err);
}

static void verify_text(verify *v)
{
    as_cli *cli = v->cli;
    char    bytes[AS_UNIT_TEXT_BYTES];
    as_term_progress_end(cli);
    for (size_t i = 0; i < v->faults.n; i++) {
        const verify_fault *fault = &v->faults.at[i];
        fprintf(cli->out, "%sdamaged%s %s%s%s", as_term_style(cli, AS_STYLE_BAD), as_term_plain(cli), fault->hex,
                *fault->hex ? ": " : "", fault->why);
        if (fault->sample)
            fprintf(cli->out, " (needed by '%s'%s)", fault->sample, fault->n_samples > 1 ? " and others" : "");
        fputc('\n', cli->out);
    }
    if (v->check.n_erased)
        fprintf(cli->out, "%llu object%s erased: a note says when and why, the bytes are gone\n",
                (unsigned long long)v->check.n_erased, v->check.n_erased == 1 ? " was" : "s were");
    if (v->check.n_unfinished)
        fprintf(cli->out, "%llu object%s not finished when the power went: the next command that writes drops them\n",
                (unsigned long long)v->check.n_unfinished, v->check.n_unfinished == 1 ? " was" : "s were");
    fprintf(cli->out, "%llu object%s (%s), %llu version%s and %llu record%s of the line read: ",
            (unsigned long long)v->check.n_objects, v->check.n_objects == 1 ? "" : "s",
            as_unit_text((double)v->check.n_bytes, AS_UNIT_BYTES, bytes), (unsigned long long)v->n_commits,
            v->n_commits == 1 ? "" : "s", (unsigned long long)v->journal.n_records,
            v->journal.n_records == 1 ? "" : "s");
    if (v->faults.n)
        fprintf(cli->out, "%s%zu damaged%s (bring objects back from a copy, or import the pictures again)\n",
                as_term_style(cli, AS_STYLE_BAD), v->faults.n, as_term_plain(cli));
    else
        fprintf(cli->out, "%sall whole%s\n", as_term_style(cli, AS_STYLE_GOOD), as_term_plain(cli));
}

static int data_verify(as_cli *cli, as_workspace *ws, as_err *err)
{
    verify      v = {.cli = cli};
    as_catalog *catalog = as_catalog_open(ws, err);
    bool        ok = catalog && as_store_verify(ws->store, verify_on_damaged, &v, &cli->progress, &v.check, err) &&
              verify_history(&v, ws, catalog, err) && verify_journal(&v, ws, err);
    as_catalog_close(catalog);
    verify_drop_unfinished(&v);
    verify_erasure(&v, ws);
    if (ok && v.no_memory)
        ok = AS_FAIL(err, AS_ENOMEM, "out of memory");
    if (ok && cli->json)
        ok = verify_json(&v, err);
    else if (ok)
        verify_text(&v);
    int status = !ok ? AS_VERB_FAILED : v.faults.n ? 1 : 0;
    for (size_t i = 0; i < v.faults.n; i++) {
        free(v.faults.at[i].why);
        free(v.faults.at[i].sample);
    }
    as_vec_done(&v.faults);
    return status;
}

const as_action as_data_verify = {
    .name = "verify",
    .usage = "",
    .about = "reads every object, every version and the journal of the line again; exit status 1 when something is "
             "damaged. Whole records cut off the journal's end show by its file head, written when a line ends and "
             "every 4,096 records: keep a copy of that file elsewhere if somebody might change the folder",
    .min_args = 0,
    .max_args = 0,
    .mode = AS_WORKSPACE_READ,
    .run = data_verify,
};
