/* SPDX-License-Identifier: Apache-2.0 */
/* Any JSON as the plan of an erasure, as a legal hold and as probes; any bytes as notes that names are taken out of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/erased.h"
#include "catalog/hold.h"
#include "intake/erase_search.h"
#include "store/erasure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "erasure: %s\n", what);
    abort();
}

static void try_json(const json_t *json)
{
    as_err    err = AS_ERR_NONE;
    as_hold   hold = {.id = 0};
    as_probes probes = {0};
    if (as_erasure_check(json, &err)) {
        const json_t *paths = json_object_get(json, "wipe");
        for (size_t i = 0; i < json_array_size(paths); i++) {
            const char *path = json_string_value(json_array_get(paths, i));
            must(path && path[0] != '/' && strcmp(path, "..") != 0 && strncmp(path, "../", 3) != 0 &&
                     !strstr(path, "/../"),
                 "a path leads out of the project");
        }
    }
    if (as_hold_parse(json, &hold, &err)) {
        must(hold.id > 0, "a hold without a number");
        as_vec_done(&hold.images);
    }
    if (as_probes_parse(json, &probes, &err)) {
        for (size_t i = 0; i < probes.n; i++)
            must(probes.at[i].offset + 64 <= probes.at[i].n_bytes, "a probe outside its picture");
        as_vec_done(&probes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err     err = AS_ERR_NONE;
    as_aliases names;
    as_str     out;
    uint64_t   n;
    json_t    *json = as_json_parse(data, size, "fuzz", &err);
    if (json)
        try_json(json);
    json_decref(json);
    as_str_init(&out);
    if (as_aliases_begin(&names, &err) && as_aliases_add(&names, "anna.png", &err) &&
        as_notes_redact(data, size, &names, &out, &n, &err))
        must(n || (out.len == size && memcmp(out.s, data, size) == 0), "notes changed without a name in them");
    as_str_done(&out);
    as_aliases_done(&names);
    return 0;
}
