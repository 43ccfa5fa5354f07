/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/label_draw.h"

#include <math.h>
#include <string.h>

#include "base/str.h"
#include "intake/outline.h"

bool as_label_numbers(const char *text, const char *want, double *ret, size_t n, as_err *err)
{
    char        word[64];
    const char *p = text;
    for (size_t i = 0; i < n; i++) {
        size_t length = strcspn(p, ",");
        bool   last = p[length] == '\0';
        if (length >= sizeof word || last != (i + 1 == n))
            return AS_FAIL(err, AS_EINVAL, "'%.60s' is not %s: %zu numbers, pixels, with commas between them", text,
                           want, n);
        memcpy(word, p, length);
        word[length] = '\0';
        if (!as_str_to_f64(word, &ret[i]) || !isfinite(ret[i]))
            return AS_FAIL(err, AS_EINVAL, "'%.60s' in '%.60s' is no number (%s is wanted)", word, text, want);
        p += length + 1;
    }
    return true;
}

bool as_label_draw(as_cli *cli, as_workspace *ws, const as_finding *add, size_t remove, as_err *err)
{
    as_label_result result;
    as_spec        *spec = as_spec_load(ws->spec_path, err);
    as_outline_cfg  cfg = {.spec = spec,
                           .name = as_cli_arg(cli, 1),
                           .add = add,
                           .remove = remove,
                           .by = as_cli_opt(cli, "by"),
                           .is_vote = as_cli_flag(cli, "vote"),
                           .seed = 1};
    bool            ok = spec && as_outline_apply(ws, &cfg, &result, err) && as_label_print(cli, &result, err);
    as_spec_free(spec);
    return ok;
}
