/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/verb.h"
#include "spec/spec.h"

static const char *const spec_actions[] = {"show", "schema", "reference", NULL};

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
static bool spec_schema(as_cli *cli, as_err *err)
{
    json_t *schema = as_spec_schema(err);
    if (!schema)
        return false;
    char *text = json_dumps(schema, JSON_INDENT(2));
    json_decref(schema);
    if (!text)
        return AS_FAIL(err, AS_ENOMEM, "out of memory");
    fprintf(cli->out, "%s\n", text);
    free(text);
    return true;
}

/* FILE, or the workspace's own assay.yaml. */
static bool spec_show(as_cli *cli, const char *path, as_err *err)
{
    as_workspace *ws = NULL;
    if (!path) {
        ws = as_workspace_open(cli->dir, AS_WORKSPACE_READ, err);
        if (!ws)
            return false;
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
    return ok;
}

static int spec_run(as_cli *cli, as_err *err)
{
    const char *action = as_cli_arg(cli, 0);
    bool        ok;
    if (as_cli_arg(cli, 1) && strcmp(action, "show") != 0)
        ok = AS_FAIL(err, AS_EINVAL, "'%s' is one word too many: spec %s looks at no file", as_cli_arg(cli, 1), action);
    else if (strcmp(action, "schema") == 0)
        ok = spec_schema(cli, err);
    else if (strcmp(action, "reference") == 0 && cli->json)
        ok = AS_FAIL(err, AS_EINVAL, "the reference is a Markdown page, no JSON (the keys as JSON: assay spec schema)");
    else if (strcmp(action, "reference") == 0)
        ok = spec_print(cli, spec_reference, NULL, err);
    else
        ok = spec_show(cli, as_cli_arg(cli, 1), err);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_verb as_verb_spec = {
    .name = "spec",
    .summary = "show what assay.yaml says, or may say",
    .usage = "show [FILE] | schema | reference",
    .about = "show        prints everything that was understood, with the defaults filled in\n"
             "schema      prints the JSON Schema of assay.yaml: an editor completes and checks it\n"
             "reference   prints all keys as a Markdown page",
    .examples = "  assay spec show\n  assay spec show --json\n  assay spec schema > assay.schema.json\n",
    .min_args = 1,
    .max_args = 2,
    .actions = spec_actions,
    .run = spec_run,
};
