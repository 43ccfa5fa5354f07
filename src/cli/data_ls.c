/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "catalog/catalog.h"
#include "cli/action.h"
#include "cli/data_json.h"
#include "cli/term.h"
#include "spec/spec.h"
#include "spec/unit.h"

typedef struct data_list {
    as_table *table; /* or */
    json_t   *json;
} data_list;

static as_table *data_ls_table(void)
{
    static const char *const columns[] = {"name",   "class",      "split",    ">px", ">size",
                                          "format", ">sharpness", ">clipped", NULL};
    return as_table_new(columns);
}

static bool data_ls_row(void *ctx, const as_sample *s)
{
    data_list *list = ctx;
    char       bytes[AS_UNIT_TEXT_BYTES];
    if (list->json) {
        json_array_append_new(list->json, as_data_sample_json(s));
        return true;
    }
    if (!list->table) /* not before the first row: an error has no heading */
        list->table = data_ls_table();
    as_table_cell(list->table, AS_STYLE_NONE, "%s", s->name);
    as_table_cell(list->table, AS_STYLE_NONE, "%s", s->label);
    as_table_cell(list->table, AS_STYLE_NONE, "%s", as_split_name(s->split));
    as_table_cell(list->table, AS_STYLE_NONE, "%ux%u", s->width, s->height);
    as_table_cell(list->table, AS_STYLE_NONE, "%s", as_unit_text((double)s->n_bytes, AS_UNIT_BYTES, bytes));
    as_table_cell(list->table, AS_STYLE_NONE, "%s", s->format);
    as_table_cell(list->table, AS_STYLE_NONE, "%.4g", s->sharpness);
    as_table_cell(list->table, AS_STYLE_NONE, "%.3f", s->clipped_ratio);
    return true;
}

/* A class is one of assay.yaml or one that this version has; anything else is a slip of the pen. */
static bool data_ls_class(as_workspace *ws, const as_commit *commit, const char *label, as_err *err)
{
    const char  *names[AS_SPEC_MAX_CLASSES];
    as_err       why = AS_ERR_NONE;
    as_spec     *spec = as_spec_load(ws->spec_path, &why);
    size_t       n = 0;
    bool         found = spec && as_spec_class(spec, label) >= 0;
    as_manifest *manifest = found ? NULL : as_commit_manifest(ws, commit, err);
    bool         ok = found || manifest;
    for (size_t i = 0; ok && !found && i < as_manifest_count(manifest); i++)
        found = strcmp(as_manifest_at(manifest, i)->label, label) == 0;
    for (; spec && n < spec->n_classes; n++)
        names[n] = spec->classes[n].name;
    if (ok && !found) {
        const char *near = as_str_nearest(label, names, n);
        ok = AS_FAIL(err, AS_EINVAL, "'%.200s' is no class of this version%s%s%s", label,
                     near ? ", did you mean '" : "", near ? near : "", near ? "'?" : " (see: assay data show)");
    }
    as_manifest_free(manifest);
    as_spec_free(spec);
    return ok;
}

static bool data_ls_query(as_cli *cli, as_workspace *ws, as_sample_query *query, as_err *err)
{
    const char *split = as_cli_opt(cli, "split"), *sort = as_cli_opt(cli, "sort");
    as_commit   commit;
    if (!as_commit_find(ws, as_cli_arg(cli, 1) ? as_cli_arg(cli, 1) : "main", &commit, err) ||
        !as_cli_u64(cli, "limit", 1, INT64_MAX, &query->limit, err))
        return false;
    query->commit = commit.id;
    query->label = as_cli_opt(cli, "class");
    query->name_like = as_cli_opt(cli, "name");
    query->descending = sort && sort[0] == '-';
    query->sort = query->descending ? sort + 1 : sort;
    query->split = split ? as_split_parse(split) : AS_SPLIT_NONE;
    if (split && !query->split)
        return AS_FAIL(err, AS_EINVAL, "'%s' is no split: use train, validation or test", split);
    return !query->label || data_ls_class(ws, &commit, query->label, err);
}

static bool data_ls_samples(as_cli *cli, as_workspace *ws, const as_query *where, as_err *err)
{
    as_sample_query query = {.limit = 0, .where = where};
    data_list       list = {0};
    if (!data_ls_query(cli, ws, &query, err))
        return false;
    as_catalog *catalog = as_catalog_open(ws, err);
    if (!catalog)
        return false;
    if (cli->json)
        list.json = json_array();
    bool ok = as_catalog_samples(catalog, &query, data_ls_row, &list, err);
    as_catalog_close(catalog);
    if (!cli->json && (ok || list.table)) /* what could be read is shown */
        return as_table_print(list.table ? list.table : data_ls_table(), cli, ok ? err : NULL) && ok;
    if (ok)
        return as_cli_print_json(cli, list.json, err);
    json_decref(list.json);
    return false;
}

static bool data_ls_where(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char *where = as_cli_opt(cli, "where");
    as_query   *query = where ? as_query_parse(where, err) : NULL;
    bool        ok = (query || !where) && data_ls_samples(cli, ws, query, err);
    as_query_free(query);
    return ok;
}

static int data_ls(as_cli *cli, as_workspace *ws, as_err *err)
{
    return data_ls_where(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_data_ls = {
    .name = "ls",
    .usage = "[COMMIT] [--where QUERY] [--class CLASS] [--split SPLIT] [--name PATTERN] [--sort KEY] [--limit N]",
    .about = "its samples; --where, --class, --split, --name, --sort and --limit choose",
    .min_args = 0,
    .max_args = 1,
    .mode = AS_WORKSPACE_READ,
    .run = data_ls,
};
