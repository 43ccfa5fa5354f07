/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/backbone_opts.h"

#include <string.h>

const char *const as_cli_input_orders[] = {"rgb", "bgr", NULL};

static bool backbone_triple(const as_cli *cli, const char *name, double *values, const double **ret, as_err *err)
{
    const char *text = as_cli_opt(cli, name);
    char        copy[128], *rest = NULL;
    size_t      n = 0;
    if (!text)
        return true;
    bool ok = as_str_copy(copy, sizeof copy, text);
    for (char *word = ok ? strtok_r(copy, ",", &rest) : NULL; word && ok; word = strtok_r(NULL, ",", &rest))
        ok = n < 3 && as_str_to_f64(word, &values[n++]);
    if (!ok || n != 3)
        return AS_FAIL(err, AS_EINVAL, "--%s '%s' is not three numbers parted by commas (104,117,123)", name, text);
    *ret = values;
    return true;
}

bool as_cli_backbone(const as_cli *cli, as_cli_backbone_numbers *numbers, as_trainer_cfg *cfg, as_err *err)
{
    cfg->backbone = as_cli_opt(cli, "backbone");
    cfg->layer = as_cli_opt(cli, "layer");
    cfg->input_order = as_cli_opt(cli, "input-order");
    cfg->backend = as_cli_opt(cli, "backend");
    return backbone_triple(cli, "input-mean", numbers->mean, &cfg->input_mean, err) &&
           backbone_triple(cli, "input-scale", numbers->scale, &cfg->input_scale, err);
}
