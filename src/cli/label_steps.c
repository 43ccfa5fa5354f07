/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/label_steps.h"

#include <stdlib.h>

bool as_label_print(as_cli *cli, const as_label_result *result, as_err *err)
{
    char hex[AS_SHA256_HEX_BYTES];
    as_digest_hex(&result->commit.id, hex);
    if (!cli->json) {
        fprintf(cli->out, "%s\ncommit %.12s\n", result->commit.message, hex);
        return true;
    }
    json_t *json = json_object();
    if (as_json_set(json, "commit", json_string(hex)) &&
        as_json_set(json, "n_selected", json_integer((json_int_t)result->n_selected)) &&
        as_json_set(json, "n_changed", json_integer((json_int_t)result->n_changed)))
        return as_cli_print_json(cli, json, err);
    json_decref(json);
    return AS_FAIL(err, AS_ENOMEM, "out of memory");
}

bool as_label_step(as_cli *cli, as_workspace *ws, size_t first, const char *label, as_label_state state, bool is_vote,
                   as_err *err)
{
    const char     *where = as_cli_opt(cli, "where");
    size_t          n_args = as_cli_n_args(cli);
    as_label_result result;
    as_label_cfg    cfg = {.label = label, .state = state, .by = as_cli_opt(cli, "by"), .is_vote = is_vote, .seed = 1};
    if ((n_args > first) == (where != NULL))
        return AS_FAIL(err, AS_EINVAL, "name the samples, or say which with --where QUERY%s",
                       where ? ": not both" : "");
    const char **names = calloc(n_args + 1, sizeof *names);
    as_query    *query = where ? as_query_parse(where, err) : NULL;
    as_spec     *spec = names && (query || !where) ? as_spec_load(ws->spec_path, err) : NULL;
    for (size_t i = first; names && i < n_args; i++)
        names[cfg.n_names++] = as_cli_arg(cli, i);
    cfg.names = names;
    cfg.where = query;
    cfg.spec = spec;
    bool ok = names || AS_FAIL(err, AS_ENOMEM, "out of memory");
    ok = ok && spec && as_label_apply(ws, &cfg, &result, err) && as_label_print(cli, &result, err);
    as_spec_free(spec);
    as_query_free(query);
    free(names);
    return ok;
}

bool as_label_choose(as_cli *cli, as_workspace *ws, as_next_by by, uint64_t count, as_label_choice *c, as_err *err)
{
    uint64_t seed = 1;
    if (!as_cli_u64(cli, "limit", 1, UINT32_MAX, &count, err) || !as_cli_u64(cli, "seed", 0, UINT64_MAX, &seed, err))
        return false;
    return (c->spec = as_spec_load(ws->spec_path, err)) != NULL &&
           as_run_find(ws, as_cli_opt(cli, "run"), &c->run, err) &&
           (c->dataset = as_dataset_open(ws, c->spec, NULL, err)) != NULL &&
           as_next_choose(c->dataset, c->spec, &c->run, by, (size_t)count, seed, NULL, &cli->progress, &c->at, &c->n,
                          &c->n_candidates, err);
}

void as_label_choice_done(as_label_choice *c)
{
    as_dataset_close(c->dataset);
    as_spec_free(c->spec);
    free(c->at);
}
