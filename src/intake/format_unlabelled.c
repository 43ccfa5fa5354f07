/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of which nothing is known yet, in any folders; only when asked for by name. */
#include <stdlib.h>
#include <string.h>

#include "intake/format.h"

static int unlabelled_recognise(const as_scan *scan, char *why)
{
    (void)scan;
    (void)why;
    return 0;
}

static bool unlabelled_read(as_scan *scan, as_err *err)
{
    for (size_t i = 0; i < scan->entries.n; i++) {
        const as_fs_entry *entry = &scan->entries.at[i];
        bool               hidden = entry->relative[0] == '.' || strstr(entry->relative, "/.");
        if (entry->kind == AS_FS_OTHER || hidden || !as_scan_is_source(entry->relative))
            as_scan_tell(scan, AS_CHECK_OK, entry->relative, "is no picture: left alone");
        else if (!as_scan_put(scan, entry, "", AS_SPLIT_NONE, NULL, 0, err))
            return false;
    }
    return scan->files.n > 0 || AS_FAIL(err, AS_ENOTFOUND, "no picture in '%s'", scan->cfg->folder);
}

const as_format as_format_unlabelled = {.name = "unlabelled",
                                        .summary = "pictures without labels, in any folders (only by name)",
                                        .recognise = unlabelled_recognise,
                                        .read = unlabelled_read};
