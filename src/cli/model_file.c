/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/model_file.h"

#include <stdlib.h>
#include <string.h>

#include "graph/build.h"
#include "store/run.h"

static bool model_file_read(const char *path, as_model_file *ret, as_err *err)
{
    as_str_copy(ret->name, sizeof ret->name, path);
    return as_fs_read(path, AS_GRAPH_MAX_BYTES, &ret->bytes, &ret->n, err);
}

static bool model_file_of_run(as_cli *cli, const char *word, as_model_file *ret, as_err *err)
{
    as_run        run;
    as_workspace *ws = as_workspace_open(cli->dir, AS_WORKSPACE_READ, err);
    bool          ok = ws && as_run_find(ws, word, &run, err) && as_run_read_model(&run, &ret->bytes, &ret->n, err);
    if (ok)
        snprintf(ret->name, sizeof ret->name, "run %s", run.id);
    as_workspace_close(ws);
    return ok;
}

bool as_model_file_open(as_cli *cli, const char *word, as_model_file *ret, as_err *err)
{
    as_model_file file = {.n = 0};
    bool          is_path = word && (strchr(word, '/') || as_str_ends(word, ".onnx"));
    bool          ok = is_path || (word && as_fs_is_file(word)) ? model_file_read(word, &file, err)
                                                                : model_file_of_run(cli, word, &file, err);
    if (ok)
        *ret = file;
    else if (word && !is_path && !as_fs_is_file(word))
        as_err_note(err, "there is no file '%s', and no run", word);
    return ok;
}

void as_model_file_done(as_model_file *file)
{
    free(file->bytes);
    file->bytes = NULL;
}

bool as_model_batch(as_cli *cli, int64_t *ret, as_err *err)
{
    uint64_t batch = 1;
    if (!as_cli_u64(cli, "batch", 1, 65536, &batch, err))
        return false;
    *ret = (int64_t)batch;
    return true;
}

/* "1x3x224x224" */
static bool model_read_shape(const char *text, as_shape *ret)
{
    as_shape shape = {.rank = 0};
    char    *end;
    for (;; text = end + 1) {
        if (shape.rank == AS_TENSOR_MAX_RANK || *text < '0' || *text > '9')
            return false;
        long long dim = strtoll(text, &end, 10);
        if (dim < 1 || dim > INT32_MAX || (*end && *end != 'x'))
            return false;
        shape.dims[shape.rank++] = dim;
        if (!*end)
            break;
    }
    *ret = shape;
    return true;
}

static bool model_set_input(as_graph *graph, const char *given, as_err *err)
{
    const char *equals = strrchr(given, '='); /* a name may have one, a shape has none */
    char       *name = equals ? strndup(given, (size_t)(equals - given)) : NULL;
    as_shape    shape;
    if (equals && !name)
        return AS_FAIL(err, AS_ENOMEM, "out of memory");
    bool ok = equals && *name && model_read_shape(equals + 1, &shape)
                  ? as_graph_set_input_shape(graph, name, &shape, err)
                  : AS_FAIL(err, AS_EINVAL, "--input '%s' is no name with a shape, as data=1x3x224x224", given);
    free(name);
    return ok;
}

bool as_model_set_inputs(as_cli *cli, as_graph *graph, as_err *err)
{
    const char *given;
    for (size_t i = 0; (given = as_cli_opt_at(cli, "input", i)); i++)
        if (!model_set_input(graph, given, err))
            return false;
    return true;
}

const char *as_model_text(as_str *to, const char *text)
{
    as_str_clear(to);
    as_str_add_escaped(to, text, strlen(text));
    return as_str_ok(to) ? to->s : "";
}

json_t *as_model_json(const char *text)
{
    json_t *json = json_string(text);
    as_str  plain;
    if (json)
        return json;
    as_str_init(&plain); /* bytes that are no UTF-8 */
    json = json_string(as_model_text(&plain, text));
    as_str_done(&plain);
    return json;
}
