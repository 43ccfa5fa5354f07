/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/action.h"
#include "spec/spec.h"

static bool spec_print(as_cli *cli, bool (*make)(const as_spec *spec, as_str *out, as_err *err), const as_spec *spec,
                       as_err *err)
{
    as_str text;
    as_str_init(&text);
    bool ok = make(spec, &text, err);
    if (ok)
        fputs(text.s, cli->out);
    as_str_done(&text);
    return ok;
}

static bool spec_reference(const as_spec *spec, as_str *out, as_err *err)
{
    (void)spec;
    return as_spec_reference(out, err);
}

/* One file, whether a person reads it or a program: always indented. */
static int spec_schema(as_cli *cli, as_workspace *ws, as_err *err)
{
    (void)ws;
    json_t *schema = as_spec_schema(err);
    if (!schema)
        return AS_VERB_FAILED;
    char *text = json_dumps(schema, JSON_INDENT(2));
    json_decref(schema);
    if (!text)
        return AS_FAIL(err, AS_ENOMEM, "out of memory") ? 0 : AS_VERB_FAILED;
    fprintf(cli->out, "%s\n", text);
    free(text);
    return 0;
}

static int spec_reference_page(as_cli *cli, as_workspace *ws, as_err *err)
{
    (void)ws;
    bool ok = cli->json ? AS_FAIL(err, AS_EINVAL,
                                  "the reference is a Markdown page, no JSON (the keys as JSON: assay spec schema)")
                        : spec_print(cli, spec_reference, NULL, err);
    return ok ? 0 : AS_VERB_FAILED;
}

/* FILE, or the workspace's own assay.yaml. */
static int spec_show(as_cli *cli, as_workspace *none, as_err *err)
{
    (void)none;
    const char   *path = as_cli_arg(cli, 1);
    as_workspace *ws = NULL;
    if (!path) {
        ws = as_workspace_open(cli->dir, AS_WORKSPACE_READ, err);
        if (!ws)
            return AS_VERB_FAILED;
        path = ws->spec_path;
    }
    as_spec *spec = as_spec_load(path, err);
    bool     ok = spec != NULL;
    if (ok && cli->json) {
        json_t *json = as_spec_json(spec, err);
        ok = json && as_cli_print_json(cli, json, err);
    } else if (ok) {
        ok = spec_print(cli, as_spec_text, spec, err);
    }
    as_spec_free(spec);
    as_workspace_close(ws);
    return ok ? 0 : AS_VERB_FAILED;
}

static const as_action spec_action_show = {.name = "show",
                                           .usage = "[FILE]",
                                           .about =
                                               "prints everything that was understood, with the defaults filled in",
                                           .max_args = 1,
                                           .mode = AS_WORKSPACE_NONE,
                                           .run = spec_show};
static const as_action spec_action_schema = {
    .name = "schema",
    .usage = "",
    .about = "prints the JSON Schema of assay.yaml: an editor completes and checks it",
    .mode = AS_WORKSPACE_NONE,
    .run = spec_schema};
static const as_action spec_action_reference = {.name = "reference",
                                                .usage = "",
                                                .about = "prints all keys as a Markdown page",
                                                .mode = AS_WORKSPACE_NONE,
                                                .run = spec_reference_page};

static const as_action *const spec_rows[] = {&spec_action_show, &spec_action_schema, &spec_action_reference, NULL};

const as_verb as_verb_spec = {
    .name = "spec",
    .summary = "show what assay.yaml says, or may say",
    .usage = "",
    .about = "",
    .examples = "  assay spec show\n  assay spec show --json\n  assay spec schema > assay.schema.json\n",
    .min_args = 1,
    .max_args = -1,
    .rows = spec_rows,
    .run = as_action_run,
};
