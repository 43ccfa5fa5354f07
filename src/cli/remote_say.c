/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/remote_say.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/term.h"
#include "spec/spec.h"
#include "spec/unit.h"

static bool say_timeout(const as_cli *cli, as_remote_cfg *cfg, as_err *err)
{
    return as_cli_f64(cli, "timeout", 0.1, 3600, &cfg->timeout_s, err);
}

bool as_remote_say_cfg(const as_cli *cli, const char *url, as_remote_cfg *cfg, as_err *err)
{
    char        here[AS_FS_PATH_BYTES];
    const char *endpoint = as_cli_opt(cli, "endpoint"), *region = as_cli_opt(cli, "region");
    const bool  is_relative = !strstr(url, "://") && url[0] != '/';
    if (is_relative && !getcwd(here, sizeof here))
        return as_err_errno(err, errno, "cannot tell the folder this runs in");
    for (; is_relative && as_str_starts(url, "./"); url += 2)
        continue;
    for (; is_relative && as_str_starts(url, "../") && strrchr(here, '/') != here; url += 3)
        *strrchr(here, '/') = '\0';
    const int n = is_relative ? snprintf(cfg->url, sizeof cfg->url, "%s/%s", here, url)
                              : snprintf(cfg->url, sizeof cfg->url, "%s", url);
    if (n < 0 || (size_t)n >= sizeof cfg->url ||
        !as_str_copy(cfg->endpoint, sizeof cfg->endpoint, endpoint ? endpoint : "") ||
        !as_str_copy(cfg->region, sizeof cfg->region, region ? region : ""))
        return AS_FAIL(err, AS_ELIMIT, "the address of the remote is too long");
    return say_timeout(cli, cfg, err);
}

as_remote *as_remote_say_open(as_cli *cli, as_workspace *ws, const char *name, as_remote_cfg *cfg, as_err *err)
{
    if (!as_remote_find(ws, name, cfg, err) || !say_timeout(cli, cfg, err))
        return NULL;
    return as_remote_open(ws, cfg, &cli->progress, err);
}

static json_t *say_json(const as_remote_cfg *cfg, const as_remote_moved *moved)
{
    json_t *json = json_object();
    as_json_set(json, "remote", json_string(cfg->name));
    as_json_set(json, "url", json_string(cfg->url));
    as_json_set(json, "commit", moved->commit[0] ? json_string(moved->commit) : json_null());
    as_json_set(json, "before", moved->before[0] ? json_string(moved->before) : json_null());
    as_json_set(json, "moved", json_boolean(moved->is_moved));
    as_json_set(json, "n_objects", json_integer((json_int_t)moved->n_objects));
    as_json_set(json, "n_bytes", json_integer((json_int_t)moved->n_bytes));
    as_json_set(json, "n_erased", json_integer((json_int_t)moved->n_erased));
    as_json_set(json, "n_held", json_integer((json_int_t)moved->n_held));
    as_json_set(json, "n_kept", json_integer((json_int_t)moved->n_kept));
    as_json_set(json, "n_tags", json_integer((json_int_t)moved->n_tags));
    as_json_set(json, "n_tags_left", json_integer((json_int_t)moved->n_tags_left));
    as_json_set(json, "n_tags_wrong", json_integer((json_int_t)moved->n_tags_wrong));
    as_json_set(json, "n_tried_again", json_integer((json_int_t)moved->n_requests_again));
    as_json_set(json, "n_erased_there", json_integer((json_int_t)moved->n_known_erased));
    as_json_set(json, "swap_is_sure", json_boolean(moved->is_swap_sure));
    as_json_set(json, "spec_sent", json_boolean(moved->is_spec_sent));
    as_json_set(json, "spec_differs", json_boolean(moved->is_spec_other));
    return json;
}

/* What is not in the line of the result, for the person at the terminal. */
static void say_notes(as_cli *cli, const as_remote_cfg *cfg, const as_remote_moved *moved)
{
    if (moved->n_requests_again)
        as_term_say(cli, "%llu request%s failed and went through when tried again",
                    (unsigned long long)moved->n_requests_again, moved->n_requests_again == 1 ? "" : "s");
    if (moved->n_erased)
        as_term_say(cli, "%llu object%s erased on one side %s erased on the other too",
                    (unsigned long long)moved->n_erased, moved->n_erased == 1 ? "" : "s",
                    moved->n_erased == 1 ? "is" : "are");
    if (moved->n_held)
        as_term_say(cli, "%llu object%s erased in '%s', and kept here by a legal hold",
                    (unsigned long long)moved->n_held, moved->n_held == 1 ? " was" : "s were", cfg->name);
    if (moved->n_kept)
        as_term_say(
            cli,
            "%llu object%s of versions here %s said to be erased in '%s' with nothing that stands for %s, and %s "
            "kept (who can write there?)",
            (unsigned long long)moved->n_kept, moved->n_kept == 1 ? "" : "s", moved->n_kept == 1 ? "is" : "are",
            cfg->name, moved->n_kept == 1 ? "it" : "them", moved->n_kept == 1 ? "is" : "are");
    if (moved->n_known_erased)
        as_term_say(
            cli,
            "%llu object%s here %s erased in '%s': to erase %s here too: assay data pull %s (a legal hold keeps "
            "what it is about)",
            (unsigned long long)moved->n_known_erased, moved->n_known_erased == 1 ? "" : "s",
            moved->n_known_erased == 1 ? "was" : "were", cfg->name, moved->n_known_erased == 1 ? "it" : "them",
            cfg->name);
    if (moved->n_tags_left)
        as_term_say(cli, "%llu tag%s another version on the other side, and %s left as %s",
                    (unsigned long long)moved->n_tags_left, moved->n_tags_left == 1 ? " is" : "s are",
                    moved->n_tags_left == 1 ? "was" : "were", moved->n_tags_left == 1 ? "it is" : "they are");
    if (moved->n_tags_wrong)
        as_term_say(cli, "%llu tag%s of '%s' %s no version, or %s no name for a tag, and %s passed over",
                    (unsigned long long)moved->n_tags_wrong, moved->n_tags_wrong == 1 ? "" : "s", cfg->name,
                    moved->n_tags_wrong == 1 ? "names" : "name", moved->n_tags_wrong == 1 ? "has" : "have",
                    moved->n_tags_wrong == 1 ? "was" : "were");
    if (!moved->is_swap_sure)
        as_term_say(cli,
                    "this server cannot compare and swap: main was read again after it was moved, and is right now; "
                    "let one push at a time go there");
    if (moved->is_spec_other)
        as_term_say(cli, "the assay.yaml of '%s' is not the one here; it lies in %s", cfg->name, moved->spec_path);
}

bool as_remote_say_moved(as_cli *cli, const as_remote_cfg *cfg, const char *verb, double seconds,
                         const as_remote_moved *moved, as_err *err)
{
    char bytes[AS_UNIT_TEXT_BYTES], rate[AS_UNIT_TEXT_BYTES];
    as_term_progress_end(cli);
    say_notes(cli, cfg, moved);
    if (cli->json)
        return as_cli_print_json(cli, say_json(cfg, moved), err);
    if (moved->n_objects)
        fprintf(cli->out, "%llu object%s %s, %s (%s a second); ", (unsigned long long)moved->n_objects,
                moved->n_objects == 1 ? "" : "s", verb, as_unit_text((double)moved->n_bytes, AS_UNIT_BYTES, bytes),
                as_unit_text((double)moved->n_bytes / (seconds > 1e-3 ? seconds : 1e-3), AS_UNIT_BYTES, rate));
    else
        fprintf(cli->out, "nothing was missing; ");
    if (!moved->commit[0])
        fprintf(cli->out, "'%s' has no version yet\n", cfg->name);
    else
        fprintf(cli->out, "main is %.12s on both sides%s\n", moved->commit, moved->is_moved ? " now" : "");
    return true;
}

as_pull_cfg as_remote_say_pull(const as_cli *cli, const as_workspace *ws)
{
    as_spec *spec = as_cli_flag(cli, "unlooked") ? NULL : as_spec_load(ws->spec_path, NULL);
    /* One that cannot be read may ask for it. */
    as_pull_cfg cfg = {.looked_only = !as_cli_flag(cli, "unlooked") &&
                                      (!spec || spec->faces == AS_FACES_REDACT || spec->faces == AS_FACES_REFUSE)};
    as_spec_free(spec);
    return cfg;
}
