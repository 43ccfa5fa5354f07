/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "catalog/catalog.h"
#include "cli/action.h"
#include "cli/data_json.h"
#include "cli/term.h"
#include "spec/spec.h"
#include "spec/unit.h"

#define LS_PAGE_ROWS 50

typedef struct data_list {
    as_table *table; /* or */
    json_t   *json;
    uint64_t  n, most; /* rows: seen, and to be shown; 0: all */
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
    if (list->n++ == list->most && list->most)
        return true; /* it is only asked for to know that there is more */
    if (list->json) {
        json_array_append_new(list->json, as_data_sample_json(s));
        return true;
    }
    if (!list->table) /* not before the first row: an error has no heading */
        list->table = data_ls_table();
    as_table_cell(list->table, AS_STYLE_NONE, "%s", s->name);
    as_table_cell(list->table, *s->label ? AS_STYLE_NONE : AS_STYLE_DIM, "%s", *s->label ? s->label : "-");
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

/* --limit, --offset and --page, which counts pages of --limit rows from 1. */
static bool data_ls_rows(as_cli *cli, as_sample_query *query, as_err *err)
{
    uint64_t page = 0;
    if (!as_cli_u64(cli, "limit", 1, INT64_MAX, &query->limit, err) ||
        !as_cli_u64(cli, "offset", 0, INT64_MAX, &query->offset, err) ||
        !as_cli_u64(cli, "page", 1, INT32_MAX, &page, err))
        return false;
    if (page && as_cli_opt(cli, "offset"))
        return AS_FAIL(err, AS_EINVAL, "--page and --offset both say where to begin: give one");
    if (page && !query->limit)
        query->limit = LS_PAGE_ROWS;
    if (page && query->limit > (uint64_t)INT64_MAX / page)
        return AS_FAIL(err, AS_ELIMIT, "page %llu is beyond all pages", (unsigned long long)page);
    if (page)
        query->offset = (page - 1) * query->limit;
    return true;
}

static bool data_ls_query(as_cli *cli, as_workspace *ws, const char *name, as_sample_query *query, as_err *err)
{
    const char *split = as_cli_opt(cli, "split"), *sort = as_cli_opt(cli, "sort");
    as_commit   commit;
    if (!as_commit_find(ws, name, &commit, err) || !data_ls_rows(cli, query, err))
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

/* Said on stderr: it is no row. */
static void data_ls_say_more(as_cli *cli, const as_sample_query *query, const data_list *list)
{
    uint64_t page = 0;
    as_err   err = AS_ERR_NONE;
    if (!list->most || list->n <= list->most)
        return;
    if (as_cli_u64(cli, "page", 1, INT32_MAX, &page, &err) && page)
        as_term_say(cli, "there are more: --page %llu", (unsigned long long)page + 1);
    else
        as_term_say(cli, "there are more: --offset %llu", (unsigned long long)(query->offset + list->most));
}

static bool data_ls_samples(as_cli *cli, as_workspace *ws, const char *name, const as_query *where, as_err *err)
{
    as_sample_query query = {.limit = 0, .where = where};
    data_list       list = {0};
    if (!data_ls_query(cli, ws, name, &query, err))
        return false;
    list.most = query.limit;
    query.limit += query.limit > 0;
    as_catalog *catalog = as_catalog_open(ws, err);
    if (!catalog)
        return false;
    if (cli->json)
        list.json = json_array();
    bool ok = as_catalog_samples(catalog, &query, data_ls_row, &list, err);
    as_catalog_close(catalog);
    if (ok)
        data_ls_say_more(cli, &query, &list);
    if (!cli->json && (ok || list.table)) /* what could be read is shown */
        return as_table_print(list.table ? list.table : data_ls_table(), cli, ok ? err : NULL) && ok;
    if (ok)
        return as_cli_print_json(cli, list.json, err);
    json_decref(list.json);
    return false;
}

/* Versions are main, main~2, digits and tags; what compares, or stands alone in queries, is none of them. */
static bool data_ls_is_query(const char *word)
{
    static const char *const flags[] = {"labelled", "proposed", "reviewed"};
    for (size_t i = 0; i < AS_COUNT(flags); i++)
        if (strcasecmp(word, flags[i]) == 0)
            return true;
    const char *tilde = strchr(word, '~');
    return strpbrk(word, "=<>!() \t'\"") || (tilde && tilde[1] && !(tilde[1] >= '0' && tilde[1] <= '9'));
}

/* A word that asks is a query, given as such or with --where. */
static bool data_ls_where(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char *where = as_cli_opt(cli, "where"), *name = NULL;
    for (size_t i = 1; i < as_cli_n_args(cli); i++) {
        const char  *word = as_cli_arg(cli, i);
        const char **to = data_ls_is_query(word) ? &where : &name;
        if (*to)
            return AS_FAIL(err, AS_EINVAL,
                           to == &where ? "'%.200s' and '%.200s' both say which samples: join them with and"
                                        : "'%.200s' and '%.200s' both name a version: give one",
                           *to, word);
        *to = word;
    }
    as_query *query = where ? as_query_parse(where, err) : NULL;
    bool      ok = (query || !where) && data_ls_samples(cli, ws, name ? name : "main", query, err);
    as_query_free(query);
    return ok;
}

static int data_ls(as_cli *cli, as_workspace *ws, as_err *err)
{
    return data_ls_where(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_data_ls = {
    .name = "ls",
    .usage = "[COMMIT] [QUERY] [--class CLASS] [--split SPLIT] [--name PATTERN] [--sort KEY] [--limit N] [--page N | "
             "--offset "
             "N]",
    .about =
        "its samples: those that meet QUERY (also --where QUERY), --class, --split and --name, a page of --limit rows",
    .min_args = 0,
    .max_args = 2,
    .mode = AS_WORKSPACE_READ,
    .run = data_ls,
};
