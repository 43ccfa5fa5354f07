/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "base/fs.h"
#include "cli/label_draw.h"
#include "intake/outline.h"

#define MASK_MAX_BYTES ((size_t)256 << 20)

static bool label_mask(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_finding  mask = {.label = as_cli_arg(cli, 2), .outline = AS_OUTLINE_MASK, .score = NAN, .extra = ""};
    const char *path = as_cli_arg(cli, 3);
    uint32_t    width, height;
    uint8_t    *bytes = NULL;
    size_t      n;
    as_str      geometry;
    as_err      why = AS_ERR_NONE;
    as_str_init(&geometry);
    bool ok = as_outline_size(ws, as_cli_arg(cli, 1), &width, &height, err) &&
              as_fs_read(path, MASK_MAX_BYTES, &bytes, &n, err);
    if (ok && !as_outline_read_mask(bytes, n, width, height, &geometry, mask.box, &why))
        ok = as_err_set(err, why.code == AS_ECORRUPT ? AS_EFORMAT : why.code, "file '%s': %s", path, why.text);
    mask.geometry = geometry.s;
    ok = ok && as_label_draw(cli, ws, &mask, 0, err);
    as_str_done(&geometry);
    free(bytes);
    return ok;
}

static int label_mask_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    return label_mask(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_label_action_mask = {
    .name = "mask",
    .usage = "NAME CLASS FILE",
    .about = "the same where FILE, a picture of that size, is not black",
    .min_args = 3,
    .max_args = 3,
    .mode = AS_WORKSPACE_WRITE,
    .run = label_mask_run,
};
