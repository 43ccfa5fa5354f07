/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/term.h"
#include "intake/erase.h"
#include "spec/unit.h"
#include "store/erasure.h"

#define ERASE_RECEIPT_BYTES ((size_t)1 << 30)
#define ERASE_LINES         20 /* of a kind, as text; --json has them all */

static const as_opt erase_opts[] = {
    {"where", 'w', "QUERY", "samples that meet it, as for assay data ls", NULL},
    {"commit", 0, "COMMIT", "the version --where asks (default: the newest); they go from all versions", NULL},
    {"reason", 0, "TEXT", "why, without a name: it stays", NULL},
    {"dry-run", 0, NULL, "say what would go, and change nothing", NULL},
    {"yes", 'y', NULL, "do not ask", NULL},
    {"keep-metadata", 0, NULL, "only pixels go: names, measures and labels stay in earlier versions", NULL},
    {"resume", 0, NULL, "end an erasure that was begun and interrupted", NULL},
    {"check", 0, "RECEIPT", "is the receipt unchanged, and are its pictures still gone? A file, or its number", NULL},
};

/* --- what would go --- */

static uint64_t erase_sum(const uint64_t n[AS_SPLIT_COUNT])
{
    uint64_t sum = 0;
    for (int s = 0; s < AS_SPLIT_COUNT; s++)
        sum += n[s];
    return sum;
}

static void erase_paths(as_cli *cli, const char *what, const as_erase_paths *paths)
{
    for (size_t i = 0; i < AS_MIN(paths->n, (size_t)ERASE_LINES); i++)
        fprintf(cli->out, "  %s %s\n", what, paths->at[i]);
    if (paths->n > ERASE_LINES)
        fprintf(cli->out, "  ... and %zu more\n", paths->n - ERASE_LINES);
}

static void erase_show(as_cli *cli, const as_erase *erase)
{
    char bytes[AS_UNIT_TEXT_BYTES];
    as_term_progress_end(cli);
    fprintf(cli->out, "%zu picture%s (%s), in %zu version%s; %llu sample%s of the newest\n", erase->pictures.n,
            erase->pictures.n == 1 ? "" : "s", as_unit_text((double)erase->n_bytes, AS_UNIT_BYTES, bytes),
            erase->versions.n, erase->versions.n == 1 ? "" : "s", (unsigned long long)erase->n_in_newest,
            erase->n_in_newest == 1 ? "" : "s");
    for (size_t i = 0; i < AS_MIN(erase->pictures.n, (size_t)ERASE_LINES); i++) {
        const as_erase_picture *p = &erase->pictures.at[i];
        char                    hex[AS_SHA256_HEX_BYTES];
        fprintf(cli->out, "  %.12s %s%s", as_digest_hex(&p->image, hex), p->name ? p->name : "(in quarantine only)",
                p->hold ? "" : "\n");
        if (p->hold)
            fprintf(cli->out, " %s(legal hold %llu)%s\n", as_term_style(cli, AS_STYLE_WARN),
                    (unsigned long long)p->hold, as_term_plain(cli));
    }
    if (erase->pictures.n > ERASE_LINES)
        fprintf(cli->out, "  ... and %zu more (all of them with --json)\n", erase->pictures.n - ERASE_LINES);
    erase_paths(cli, "goes from quarantine:", &erase->quarantine);
    erase_paths(cli, "goes, a page with pictures:", &erase->pages);
    for (size_t i = 0; i < erase->runs.n; i++)
        fprintf(cli->out, "  run %s has learnt from %llu of them, was tuned on %llu and judged on %llu\n",
                erase->runs.at[i].run.id, (unsigned long long)erase->runs.at[i].n[AS_SPLIT_TRAIN],
                (unsigned long long)erase->runs.at[i].n[AS_SPLIT_VALIDATION],
                (unsigned long long)erase->runs.at[i].n[AS_SPLIT_TEST]);
    erase_paths(cli, "the same picture, to be removed by hand:", &erase->copies);
    if (*erase->not_looked)
        as_term_say(cli, "not all of the project's folder was looked through for copies: %s", erase->not_looked);
}

static json_t *erase_paths_json(const as_erase_paths *paths)
{
    json_t *list = json_array();
    for (size_t i = 0; i < paths->n; i++)
        json_array_append_new(list, json_string(paths->at[i]));
    return list;
}

static json_t *erase_json(const as_erase *erase)
{
    json_t *pictures = json_array(), *runs = json_array(), *versions = json_array();
    char    hex[AS_SHA256_HEX_BYTES];
    for (size_t i = 0; i < erase->pictures.n; i++) {
        const as_erase_picture *p = &erase->pictures.at[i];
        json_array_append_new(pictures, json_pack("{s:s, s:s*, s:I, s:I, s:I}", "sha256", as_digest_hex(&p->image, hex),
                                                  "name", p->name, "n_bytes", (json_int_t)p->n_bytes, "n_versions",
                                                  (json_int_t)p->n_versions, "hold", (json_int_t)p->hold));
    }
    for (size_t i = 0; i < erase->runs.n; i++)
        json_array_append_new(runs, json_pack("{s:s, s:I, s:I, s:I}", "run", erase->runs.at[i].run.id, "n_train",
                                              (json_int_t)erase->runs.at[i].n[AS_SPLIT_TRAIN], "n_validation",
                                              (json_int_t)erase->runs.at[i].n[AS_SPLIT_VALIDATION], "n_test",
                                              (json_int_t)erase->runs.at[i].n[AS_SPLIT_TEST]));
    for (size_t i = 0; i < erase->versions.n; i++)
        json_array_append_new(versions,
                              json_pack("{s:s, s:I}", "commit", as_digest_hex(&erase->versions.at[i].commit.id, hex),
                                        "n_erased", (json_int_t)erase_sum(erase->versions.at[i].n)));
    json_t *json = json_object();
    as_json_set(json, "dry_run", json_true());
    as_json_set(json, "n_bytes", json_integer((json_int_t)erase->n_bytes));
    as_json_set(json, "n_in_newest", json_integer((json_int_t)erase->n_in_newest));
    as_json_set(json, "n_held", json_integer((json_int_t)erase->n_held));
    as_json_set(json, "pictures", pictures);
    as_json_set(json, "versions", versions);
    as_json_set(json, "runs", runs);
    as_json_set(json, "quarantine", erase_paths_json(&erase->quarantine));
    as_json_set(json, "pages", erase_paths_json(&erase->pages));
    as_json_set(json, "copies", erase_paths_json(&erase->copies));
    return json;
}

/* --- doing it --- */

static bool erase_ask(as_cli *cli, const as_erase *erase, as_err *err)
{
    char line[64], want[32];
    if (as_cli_flag(cli, "yes"))
        return true;
    if (!isatty(STDIN_FILENO) || !cli->tty)
        return AS_FAIL(err, AS_EINVAL, "nobody is there to be asked: say --yes (or --dry-run to see what would go)");
    snprintf(want, sizeof want, "%zu\n", erase->pictures.n);
    fflush(cli->out);
    fprintf(stderr, "There is no way back. To erase %zu picture%s type their number: ", erase->pictures.n,
            erase->pictures.n == 1 ? "" : "s");
    return (fgets(line, sizeof line, stdin) && strcmp(line, want) == 0) ||
           AS_FAIL(err, AS_ECANCELLED, "nothing was erased");
}

static uint64_t erase_count(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static void erase_say_remotes(as_cli *cli, const json_t *receipt)
{
    const json_t *list = json_object_get(receipt, "remotes"), *remote;
    size_t        i;
    json_array_foreach (list, i, remote) {
        const char *name = json_string_value(json_object_get(remote, "remote"));
        const char *error = json_string_value(json_object_get(remote, "error"));
        if (error)
            as_term_say(cli, "remote '%s' still has them: %s (the next push to it erases them: assay data push %s)",
                        name, error, name);
        else
            fprintf(cli->out, "remote '%s': %llu object%s erased there\n", name,
                    (unsigned long long)erase_count(remote, "n_objects"),
                    erase_count(remote, "n_objects") == 1 ? "" : "s");
    }
}

static void erase_say_unlooked(as_cli *cli, const json_t *receipt)
{
    const char *why = json_string_value(json_object_get(receipt, "not_looked"));
    if (why)
        as_term_say(cli,
                    "not all of the project's folder was looked through for pages and copies (%s): look there by hand",
                    why);
}

/* 0, or 1 when bytes of a picture were still found, or may be where nobody looked. */
static int erase_say(as_cli *cli, json_t *receipt, const char *path, as_err *err)
{
    const json_t *verified = json_object_get(receipt, "verified"), *commit = json_object_get(receipt, "commit");
    const bool    clean = json_is_true(json_object_get(receipt, "clean"));
    const size_t  n = json_array_size(json_object_get(receipt, "pictures"));
    char          bytes[AS_UNIT_TEXT_BYTES];
    as_term_progress_end(cli);
    if (cli->json)
        return as_cli_print_json(cli, json_incref(receipt), err) ? (clean ? 0 : 1) : AS_VERB_FAILED;
    fprintf(cli->out, "%zu picture%s erased, from %zu version%s; each of them still verifies\n", n,
            n == 1 ? " is" : "s are", json_array_size(json_object_get(receipt, "versions")),
            json_array_size(json_object_get(receipt, "versions")) == 1 ? "" : "s");
    if (json_is_string(commit))
        fprintf(cli->out, "commit %.12s is the newest without %s\n", json_string_value(commit), n == 1 ? "it" : "them");
    fprintf(cli->out, "read again: %s in %llu files, %s%llu cop%s found%s\n",
            as_unit_text((double)erase_count(verified, "n_bytes_read"), AS_UNIT_BYTES, bytes),
            (unsigned long long)erase_count(verified, "n_files_read"),
            as_term_style(cli, clean ? AS_STYLE_GOOD : AS_STYLE_BAD),
            (unsigned long long)erase_count(verified, "n_copies_found"),
            erase_count(verified, "n_copies_found") == 1 ? "y" : "ies", as_term_plain(cli));
    if (!clean && json_object_get(receipt, "first_found_in"))
        fprintf(cli->out, "a copy is in %s\n", json_string_value(json_object_get(receipt, "first_found_in")));
    erase_say_unlooked(cli, receipt);
    erase_say_remotes(cli, receipt);
    fprintf(cli->out, "receipt %s\n", path);
    if (json_array_size(json_object_get(receipt, "runs")))
        as_term_say(cli, "%zu run%s made with them: train again where a model must not have learnt from them",
                    json_array_size(json_object_get(receipt, "runs")),
                    json_array_size(json_object_get(receipt, "runs")) == 1 ? " was" : "s were");
    as_term_say(cli,
                "out of reach: the disk's own copies, backups, checkouts, the folders they came from (the receipt has "
                "the list)");
    return clean ? 0 : 1;
}

static int erase_finish(as_cli *cli, as_workspace *ws, as_err *err)
{
    json_t *receipt;
    char    path[AS_FS_PATH_BYTES];
    if (!as_erase_finish(ws, &cli->progress, &receipt, path, err))
        return AS_VERB_FAILED;
    int status = erase_say(cli, receipt, path, err);
    json_decref(receipt);
    return status;
}

static int erase_found(as_cli *cli, as_workspace *ws, const as_erase_cfg *cfg, as_err *err)
{
    const bool dry = as_cli_flag(cli, "dry-run");
    as_erase   erase;
    int        status = AS_VERB_FAILED;
    if (!as_erase_find(ws, cfg, &cli->progress, &erase, err))
        return AS_VERB_FAILED;
    if (!cli->json)
        erase_show(cli, &erase);
    if (dry)
        status = !cli->json || as_cli_print_json(cli, erase_json(&erase), err) ? 0 : AS_VERB_FAILED;
    else if ((erase.n_held || erase_ask(cli, &erase, err)) && as_erase_begin(ws, cfg, &erase, &cli->progress, err))
        status = erase_finish(cli, ws, err);
    as_erase_done(&erase);
    return status;
}

static int erase_go(as_cli *cli, as_workspace *ws, as_err *err)
{
    const size_t n = as_cli_n_args(cli);
    const char  *where = as_cli_opt(cli, "where"), *reason = as_cli_opt(cli, "reason"), **names;
    as_query    *query = where ? as_query_parse(where, err) : NULL;
    if (where && !query)
        return AS_VERB_FAILED;
    names = calloc(n + 1, sizeof *names);
    for (size_t i = 0; names && i < n; i++)
        names[i] = as_cli_arg(cli, i);
    as_erase_cfg cfg = {.where = query,
                        .commit = as_cli_opt(cli, "commit"),
                        .names = names,
                        .n_names = n,
                        .reason = reason ? reason : "",
                        .keep_metadata = as_cli_flag(cli, "keep-metadata")};
    int          status =
        names ? erase_found(cli, ws, &cfg, err) : (AS_FAIL(err, AS_ENOMEM, "out of memory") ? 0 : AS_VERB_FAILED);
    free(names);
    as_query_free(query);
    return status;
}

/* --- a receipt --- */

static bool erase_receipt_path(as_workspace *ws, const char *given, char *path, as_err *err)
{
    uint64_t number;
    char     name[64];
    if (!as_str_to_u64(given, &number))
        return as_fs_join(path, ".", given, err);
    snprintf(name, sizeof name, "receipts/%llu.json", (unsigned long long)number);
    return as_fs_join(path, ws->dir, name, err);
}

static bool erase_check_say(as_cli *cli, const as_erase_check *c, bool ok, as_err *err)
{
    if (cli->json)
        return as_cli_print_json(cli,
                                 json_pack("{s:b, s:b, s:b, s:I, s:I, s:I, s:I, s:I}", "ok", ok, "signed", c->is_signed,
                                           "own_key", c->is_own_key, "n_pictures", (json_int_t)c->n_pictures, "n_there",
                                           (json_int_t)c->n_there, "n_without_note", (json_int_t)c->n_without_note,
                                           "n_in_newest", (json_int_t)c->n_in_newest, "n_quarantined",
                                           (json_int_t)c->n_quarantined),
                                 err);
    if (!c->is_signed)
        fprintf(cli->out, "%sthe receipt is not to be trusted%s: %s\n", as_term_style(cli, AS_STYLE_BAD),
                as_term_plain(cli), c->why);
    else
        fprintf(cli->out, "the receipt is unchanged since it was signed by %s\n",
                c->is_own_key ? "this workspace" : "another workspace: compare its public_key with that one's key.pub");
    fprintf(cli->out, "%llu picture%s: %s%llu in the store%s, %llu in the newest version, %llu in quarantine\n",
            (unsigned long long)c->n_pictures, c->n_pictures == 1 ? "" : "s",
            as_term_style(cli, c->n_there ? AS_STYLE_BAD : AS_STYLE_GOOD), (unsigned long long)c->n_there,
            as_term_plain(cli), (unsigned long long)c->n_in_newest, (unsigned long long)c->n_quarantined);
    if (c->n_without_note)
        as_term_say(cli, "%llu of them %s no note in this store: %s never in it, or only refused",
                    (unsigned long long)c->n_without_note, c->n_without_note == 1 ? "has" : "have",
                    c->n_without_note == 1 ? "it was" : "they were");
    return true;
}

static int erase_check(as_cli *cli, as_workspace *ws, as_err *err)
{
    char           path[AS_FS_PATH_BYTES];
    as_erase_check check;
    if (!erase_receipt_path(ws, as_cli_opt(cli, "check"), path, err))
        return AS_VERB_FAILED;
    json_t *receipt = as_json_read(path, ERASE_RECEIPT_BYTES, err);
    bool    read = receipt && (as_erase_check_receipt(ws, receipt, &check, err) ||
                            as_err_note(err, "'%s' is no receipt that can be checked", path));
    json_decref(receipt);
    if (!read)
        return AS_VERB_FAILED;
    bool ok = check.is_signed && !check.n_there && !check.n_in_newest && !check.n_quarantined;
    return erase_check_say(cli, &check, ok, err) ? (ok ? 0 : 1) : AS_VERB_FAILED;
}

/* --- the verb --- */

static bool erase_usage(const as_cli *cli, as_err *err)
{
    const bool   where = as_cli_opt(cli, "where") != NULL, check = as_cli_opt(cli, "check") != NULL;
    const bool   resume = as_cli_flag(cli, "resume"), dry = as_cli_flag(cli, "dry-run");
    const size_t n_ways = (size_t)where + (as_cli_n_args(cli) > 0) + check + resume;
    if (n_ways != 1)
        return AS_FAIL(err, AS_EINVAL, "say %s: --where QUERY, or names of samples, or --resume, or --check RECEIPT",
                       n_ways ? "one of these" : "what to erase");
    return check || resume || dry || as_cli_opt(cli, "reason") ||
           AS_FAIL(err, AS_EINVAL, "say why, without a name: --reason TEXT (it stays, in place of the pictures)");
}

static int erase_run(as_cli *cli, as_err *err)
{
    const bool check = as_cli_opt(cli, "check") != NULL;
    if (!erase_usage(cli, err))
        return AS_VERB_FAILED;
    as_workspace *ws =
        as_workspace_open(cli->dir, check || as_cli_flag(cli, "dry-run") ? AS_WORKSPACE_READ : AS_WORKSPACE_WRITE, err);
    int status = AS_VERB_FAILED;
    if (ws && check)
        status = erase_check(cli, ws, err);
    else if (ws && as_cli_flag(cli, "resume"))
        status = erase_finish(cli, ws, err);
    else if (ws)
        status = erase_go(cli, ws, err);
    as_term_progress_end(cli);
    as_workspace_close(ws);
    return status;
}

const as_verb as_verb_erase = {
    .name = "erase",
    .summary = "forget pictures, and whose they were, out of every version",
    .usage =
        "[--where QUERY | NAME ...] --reason TEXT [--dry-run] [--yes] [--keep-metadata]\n--check RECEIPT\n--resume",
    .about = "Overwrites the pictures in the store, the quarantine and Assay's own pages, and leaves a note with the "
             "hash, the\n"
             "time and the reason in place of each: every version still verifies. Names, camera, time, measures, boxes "
             "and who\n"
             "labelled go from all versions too, and from what runs have written; class and split stay. The newest "
             "version gets\n"
             "one on top without the samples. A receipt, signed with the workspace's key, says what was erased, when, "
             "why, by\n"
             "whom, which runs had learnt from it, that it is gone, and what no program can reach.\n\n"
             "A NAME may be a sample of any version, a refused picture, or the SHA-256 of a picture. What is under a "
             "legal hold\n"
             "(assay data hold) is not erased. A picture that was erased does not come back by import.",
    .examples = "  assay erase --where \"part=P-1017\" --reason 'request 2026-44' --dry-run\n"
                "  assay erase photos/hall/0007.jpg --reason 'a person in the picture' --yes\n"
                "  assay erase --check 1\n",
    .opts = erase_opts,
    .n_opts = AS_COUNT(erase_opts),
    .max_args = -1,
    .run = erase_run,
};
