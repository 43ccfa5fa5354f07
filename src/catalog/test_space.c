/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/test_space.h"

#include <stdio.h>

#include "base/str.h"
#include "store/test_fault.h"

as_workspace *as_test_space_open(const char *name, char *dir)
{
    as_err      err = AS_ERR_NONE;
    char        path[AS_FS_PATH_BYTES];
    const char *made = support_temp_dir(name);
    if (!made || !as_str_copy(dir, AS_TEST_SPACE_DIR_BYTES, made))
        return NULL;
    snprintf(path, sizeof path, "%s/assay.yaml", dir);
    return as_fs_write(path, "assay: 1\n", 9, &err) ? as_workspace_open(dir, AS_WORKSPACE_WRITE, &err) : NULL;
}

as_workspace *as_test_space_close(as_workspace *ws, const char *dir)
{
    as_workspace_close(ws);
    support_remove_dir(dir);
    return NULL;
}
