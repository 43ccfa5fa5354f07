/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/pages.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "intake/format.h"
#include "intake/gather.h"

/* n bytes at that place of the file as a number; 0 when they are not there. */
static uint64_t pages_uint(int fd, bool little, uint64_t at, uint32_t n)
{
    uint8_t  bytes[8];
    uint64_t value = 0;
    if (at > INT64_MAX - 8 || pread(fd, bytes, n, (off_t)at) != (ssize_t)n)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        value = value << 8 | bytes[little ? n - 1 - i : i];
    return value;
}

uint32_t as_pages_count(const char *path)
{
    int      fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char     mark[2] = {0};
    uint32_t pages = 0;
    if (fd < 0)
        return 1;
    bool ok = pread(fd, mark, 2, 0) == 2 && mark[0] == mark[1] && (mark[0] == 'I' || mark[0] == 'M');
    bool little = mark[0] == 'I', big = ok && pages_uint(fd, little, 2, 2) == 43;
    ok = ok && (big || pages_uint(fd, little, 2, 2) == 42);
    uint32_t word = big ? 8 : 4;
    uint64_t at = ok ? pages_uint(fd, little, big ? 8 : 4, word) : 0;
    for (; at && pages <= AS_PAGES_MAX; pages++) {
        uint64_t entries = pages_uint(fd, little, at, big ? 8 : 2);
        if (entries == 0 || entries > 65535 || at > INT64_MAX / 2)
            break;
        at = pages_uint(fd, little, at + (big ? 8 + entries * 20 : 2 + entries * 12), word);
    }
    close(fd);
    return AS_MAX(pages, 1u);
}

static bool pages_is_tiff(const char *path)
{
    char ending[AS_CODEC_ENDING_BYTES];
    return as_codec_ending(path, ending) && strncmp(ending, "tif", 3) == 0;
}

/* Formats whose class is said of the file as a whole. */
static bool pages_share_label(const as_scan *scan, const as_scan_file *file)
{
    static const char *const formats[] = {"folders", "mvtec", "unlabelled", "csv"};
    bool                     shares = false;
    for (size_t i = 0; i < AS_COUNT(formats); i++)
        shares = shares || strcmp(scan->format, formats[i]) == 0;
    return shares && file->n_findings == 0;
}

static bool pages_add(as_scan *scan, size_t i, uint32_t n, as_err *err)
{
    for (uint32_t page = 2; page <= n; page++) {
        const as_scan_file *first = &scan->files.at[i];
        size_t              stem = as_gather_stem(first->name);
        as_scan_file        file = {.path = strdup(first->path),
                                    .name = as_strdupf("%.*s#%u%s", (int)stem, first->name, page, first->name + stem),
                                    .part = strdup(first->part ? first->part : first->name),
                                    .label = pages_share_label(scan, first) ? first->label : "",
                                    .split = first->split,
                                    .page = page,
                                    .utc = first->utc,
                                    .camera = first->camera,
                                    .severity = first->severity};
        if (!file.path || !file.name || !file.part || !as_vec_push(&scan->files, file)) {
            free(file.path);
            free(file.name);
            free(file.part);
            return AS_FAIL(err, AS_ENOMEM, "not enough memory for the pages of '%.200s'", scan->files.at[i].name);
        }
    }
    as_scan_file *first = &scan->files.at[i];
    first->page = 1;
    if (!first->part)
        first->part = strdup(first->name);
    return first->part || AS_FAIL(err, AS_ENOMEM, "not enough memory");
}

bool as_pages_expand(as_scan *scan, as_err *err)
{
    size_t n_files = scan->files.n;
    for (size_t i = 0; i < n_files; i++) {
        const as_scan_file *file = &scan->files.at[i];
        uint32_t            n = pages_is_tiff(file->path) ? as_pages_count(file->path) : 1;
        char                text[120];
        snprintf(text, sizeof text, "has more than %u pages: those behind are left out", AS_PAGES_MAX);
        if (n > AS_PAGES_MAX && scan->cfg->told)
            scan->cfg->told(scan->cfg->ctx, AS_CHECK_WARN, file->name, text);
        if (n > 1 && !pages_add(scan, i, AS_MIN(n, AS_PAGES_MAX), err))
            return false;
    }
    return true;
}
