/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/erase_loose.h"

#include <stdlib.h>
#include <string.h>

/* How a manifest and labels begin, and notes. */
static const char *const loose_begins[] = {"{\"name\":\"", "{\"assay_notes\":"};

static bool loose_is_text(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < AS_COUNT(loose_begins); i++)
        if (n > strlen(loose_begins[i]) && memcmp(bytes, loose_begins[i], strlen(loose_begins[i])) == 0)
            return true;
    return false;
}

/* What is no text of lines is passed over: it names nobody in a way that we write. */
static bool loose_lines(const as_loose *loose, const as_digest *object, const char *p, const char *end, as_err *err)
{
    bool ok = true;
    while (ok && p < end) {
        const char *line_end = memchr(p, '\n', (size_t)(end - p));
        if (!line_end)
            break;
        json_t *line = as_json_parse((const uint8_t *)p, (size_t)(line_end - p), "line", NULL);
        ok = !line || loose->line(loose->ctx, object, line, err);
        json_decref(line);
        p = line_end + 1;
    }
    return ok;
}

static bool loose_object(as_workspace *ws, const as_loose *loose, const as_digest *object, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    as_err   why = AS_ERR_NONE;
    /* A damaged one is told by verify, and goes with gc. */
    if (!as_store_get(ws->store, object, &bytes, &n, &why))
        return why.code == AS_ECORRUPT || why.code == AS_ENOTFOUND || why.code == AS_EGONE ||
               as_err_set(err, why.code, "%s", why.text);
    bool ok = !loose_is_text(bytes, n) || loose_lines(loose, object, (const char *)bytes, (const char *)bytes + n, err);
    free(bytes);
    return ok;
}

bool as_loose_walk(as_workspace *ws, const as_loose *loose, const as_progress *progress, as_err *err)
{
    as_reach   reach = {.n_commits = 0};
    as_digest *all = NULL;
    size_t     n = 0;
    bool       ok = as_reach_find(ws, progress, &reach, err) && as_store_list(ws->store, &all, &n, err);
    for (size_t i = 0; ok && i < n; i++) {
        if (as_digest_list_has(&reach.objects, &all[i]))
            continue;
        as_progress_step(progress, "looking through what no version has", i, n);
        ok = as_progress_go_on(progress, err) && loose_object(ws, loose, &all[i], err);
    }
    free(all);
    as_reach_done(&reach);
    return ok;
}
