/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/erase_loose.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/manifest.h"

#define LOOSE_NOTES "{\"assay_notes\":"
#define LOOSE_LINE  "{\"name\":\"" /* of a manifest and labels */

static bool loose_begins(const uint8_t *bytes, size_t n, const char *how)
{
    return n > strlen(how) && memcmp(bytes, how, strlen(how)) == 0;
}

bool as_loose_lines(const uint8_t *bytes, size_t n, bool (*line)(void *ctx, json_t *line, as_err *err), void *ctx,
                    as_err *err)
{
    const char *p = (const char *)bytes, *end = p + n;
    bool        ok = true;
    while (ok && p < end) {
        const char *line_end = memchr(p, '\n', (size_t)(end - p));
        if (!line_end)
            break;
        json_t *value = as_json_parse(p, (size_t)(line_end - p), "line", NULL);
        ok = !value || line(ctx, value, err);
        json_decref(value);
        p = line_end + 1;
    }
    return ok;
}

static bool loose_object(as_workspace *ws, const as_digest *object, as_loose_text *text, void *ctx, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    as_err   why = AS_ERR_NONE;
    /* A damaged one is told by verify, and goes with gc. */
    if (!as_store_get(ws->store, object, &bytes, &n, &why))
        return why.code == AS_ECORRUPT || why.code == AS_ENOTFOUND || why.code == AS_EGONE ||
               as_err_set(err, why.code, "%s", why.text);
    bool ok = (!loose_begins(bytes, n, LOOSE_NOTES) && !loose_begins(bytes, n, LOOSE_LINE)) ||
              text(ctx, object, bytes, n, err);
    free(bytes);
    return ok;
}

bool as_loose_walk(as_workspace *ws, as_loose_text *text, void *ctx, const as_progress *progress, as_err *err)
{
    as_reach   reach = {.n_commits = 0};
    as_digest *all = NULL;
    size_t     n = 0;
    bool       ok = as_reach_find(ws, progress, &reach, err) && as_store_list(ws->store, &all, &n, err);
    for (size_t i = 0; ok && i < n; i++) {
        if (as_digest_list_has(&reach.objects, &all[i]))
            continue;
        as_progress_step(progress, "looking through what no version has", i, n);
        ok = as_progress_go_on(progress, err) && loose_object(ws, &all[i], text, ctx, err);
    }
    free(all);
    as_reach_done(&reach);
    return ok;
}

/* The samples that labels speak of, as far as labels know them; those of these names have the picture `theirs`. */
typedef struct loose_labels {
    as_manifest *manifest;
    as_aliases  *names;
    as_digest    theirs;
} loose_labels;

static bool loose_label(void *ctx, json_t *line, as_err *err)
{
    loose_labels *labels = ctx;
    const char   *name = json_string_value(json_object_get(line, "name"));
    as_sample     sample = {.name = name ? name : "", .label = "", .part = name, .camera = "", .format = "-"};
    if (name && as_aliases_find(labels->names, name))
        sample.image = labels->theirs;
    return as_manifest_add(labels->manifest, &sample, err);
}

static bool loose_redact_labels(const uint8_t *bytes, size_t n, as_aliases *names, as_aliases *parts, as_str *out,
                                as_err *err)
{
    loose_labels   labels = {.manifest = as_manifest_new(err), .names = names, .theirs = {{1}}};
    as_digest_list images = {0};
    as_manifest   *redacted = NULL;
    uint64_t       n_changed;
    bool           ok = labels.manifest && as_loose_lines(bytes, n, loose_label, &labels, err) &&
              as_labels_parse(bytes, n, labels.manifest, err) &&
              (as_vec_push(&images, labels.theirs) || AS_FAIL(err, AS_ENOMEM, "not enough memory"));
    if (ok)
        redacted = as_manifest_redact(labels.manifest, names, parts, &images, &n_changed, err);
    ok = redacted && as_labels_write(redacted, out, err);
    as_manifest_free(redacted);
    as_manifest_free(labels.manifest);
    as_vec_done(&images);
    return ok;
}

bool as_loose_redact(const uint8_t *bytes, size_t n, as_aliases *names, as_aliases *parts, const as_digest_list *images,
                     as_str *out, as_err *err)
{
    uint64_t n_changed;
    as_err   why = AS_ERR_NONE;
    if (loose_begins(bytes, n, LOOSE_NOTES))
        return as_notes_redact(bytes, n, names, out, &n_changed, err);
    as_manifest *manifest = as_manifest_parse(bytes, n, &why);
    if (!manifest)
        return why.code == AS_ENOMEM ? as_err_set(err, why.code, "%s", why.text)
                                     : loose_redact_labels(bytes, n, names, parts, out, err);
    as_manifest *redacted = as_manifest_redact(manifest, names, parts, images, &n_changed, err);
    bool         ok = redacted && as_manifest_write(redacted, out, err);
    as_manifest_free(redacted);
    as_manifest_free(manifest);
    return ok;
}
