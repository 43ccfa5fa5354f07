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

bool as_label_whose(as_cli *cli, const char ***ret, as_err *err)
{
    size_t       n = 0;
    const char **by = NULL;
    while (as_cli_opt_at(cli, "by", n))
        n++;
    if (n && !(by = calloc(n + 1, sizeof *by)))
        return AS_FAIL(err, AS_ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        by[i] = as_cli_opt_at(cli, "by", i);
    *ret = by;
    return true;
}

/* A method that needs no model does without where there is none. */
static bool label_find_runs(as_cli *cli, as_workspace *ws, const as_next_method *method, as_label_choice *c,
                            as_err *err)
{
    size_t n = 0;
    as_err why = AS_ERR_NONE;
    while (as_cli_opt_at(cli, "run", n))
        n++;
    c->runs = calloc(n + 1, sizeof *c->runs);
    if (!c->runs)
        return AS_FAIL(err, AS_ENOMEM, "out of memory");
    for (; c->n_runs < n; c->n_runs++)
        if (!as_run_find(ws, as_cli_opt_at(cli, "run", c->n_runs), &c->runs[c->n_runs], err))
            return false;
    if (n == 0 && as_run_find(ws, NULL, &c->runs[0], &why))
        c->n_runs = 1;
    return c->n_runs || method->n_runs == 0 || as_err_set(err, why.code, "%s", why.text);
}

bool as_label_choose(as_cli *cli, as_workspace *ws, as_next_cfg *cfg, as_label_choice *c, as_err *err)
{
    uint64_t seed = 1, limit = cfg->n;
    if (!as_cli_u64(cli, "limit", 1, UINT32_MAX, &limit, err) || !as_cli_u64(cli, "seed", 0, UINT64_MAX, &seed, err))
        return false;
    cfg->n = (size_t)limit;
    cfg->seed = seed;
    if (!(c->spec = as_spec_load(ws->spec_path, err)) || !label_find_runs(cli, ws, cfg->method, c, err) ||
        !(c->dataset = as_dataset_open(ws, c->spec, NULL, err)))
        return false;
    cfg->runs = c->runs;
    cfg->n_runs = c->n_runs;
    return as_next_choose(c->dataset, c->spec, cfg, &cli->progress, &c->at, &c->n, &c->n_candidates, err);
}

void as_label_choice_done(as_label_choice *c)
{
    as_dataset_close(c->dataset);
    as_spec_free(c->spec);
    free(c->runs);
    free(c->at);
}
